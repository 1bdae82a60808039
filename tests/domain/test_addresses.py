"""Mail that comes back: whom it does not reach has not been asked, and everybody else goes on (edge case 15)."""

from datetime import timedelta

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.consequences import session_of, session_uid, still_wanted
from mentoring_lifecycle.domain.events import (
    AddressFailed,
    AddressTrusted,
    AskLapsed,
    LettersRepeated,
    Phase,
    RelationshipOutcome,
    Reminded,
    SessionResult,
    Subject,
)
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from tests.builders import ACTIVE, DAY, MENTEE, MENTOR, ONBOARDED, WEEK, Life, accepts, life

HOUR = timedelta(hours=1)


def news(of: c.AddressNews, person: str = MENTEE) -> c.NoteAddress:
    return c.NoteAddress(PROGRAMME_OFFICE, person, of)


FAILED, SOFT, WORKS = (news(each) for each in c.AddressNews)


def questions(lived: Life, to: Party) -> list[str]:
    """Keys of the letters to one party that are wanted still."""
    return [letter.key for letter in lived.letters(to=to) if still_wanted(letter, lived.state)]


def test_a_bounce_is_told_to_the_coordinator_and_to_the_owner_by_another_way() -> None:
    """Each once, and the partner is told nothing."""
    lived = life().after(*ACTIVE)
    before = len(lived.letters(to=Party.MENTOR))
    lived.after(FAILED)
    assert len(lived.letters(LetterKind.ADDRESS_FAILED, Party.COORDINATOR)) == 1
    assert len(lived.letters(LetterKind.ADDRESS_FAILED_OWNER, Party.MENTEE)) == 1
    assert len(lived.letters(to=Party.MENTOR)) == before


def test_the_engine_and_the_mail_server_tell_the_same_thing() -> None:
    """A refusal at the door and a bounce hours later become one fact, whichever comes first."""
    lived = life().after(*ACTIVE, c.RecordAddressFailed(Party.MENTEE))
    lived.tries(FAILED)
    assert len(lived.happened(AddressFailed)) == 1
    other = life().after(*ACTIVE, FAILED, c.RecordAddressFailed(Party.MENTEE))
    assert other.state.failed_addresses == lived.state.failed_addresses == (Party.MENTEE,)


def test_edge_case_15_a_bounced_person_is_never_no_answer() -> None:
    """The question stands still for as long as mail fails: no reminder, no lapse, no end."""
    lived = life().after(accepts(MENTOR), FAILED, 10 * WEEK)
    assert lived.state.phase is Phase.ONBOARDING
    assert not lived.happened(AskLapsed)
    assert not [each for each in lived.happened(Reminded) if each.of is Party.MENTEE]
    lived.after(WORKS, accepts(MENTEE))
    assert lived.state.phase is Phase.GROUND_RULES


def test_the_partners_clock_runs_on() -> None:
    """Whoever is reached and stays silent has not answered."""
    lived = life().after(accepts(MENTEE), FAILED, 15 * DAY)
    assert [each.of for each in lived.happened(AskLapsed)] == [Party.MENTOR]
    assert lived.state.ending is RelationshipOutcome.EXPIRED or lived.state.outcome is RelationshipOutcome.EXPIRED


def test_a_corrected_address_gets_the_rest_of_its_time() -> None:
    """Two days were gone when mail failed; the end is as far away as it was, and the question is put again."""
    lived = life().after(2 * DAY)
    ask = lived.state.ask(Subject.INVITATION, Party.MENTEE)
    assert ask
    left = ask.expires_at - lived.now
    lived.after(accepts(MENTOR), FAILED, 3 * WEEK, WORKS)
    again = lived.state.ask(Subject.INVITATION, Party.MENTEE)
    assert again
    assert again.expires_at - lived.now == left
    assert len(lived.letters(LetterKind.INVITATION, Party.MENTEE)) == 2
    assert len(questions(lived, Party.MENTEE)) == 1, "the first letter is overtaken"


def test_the_next_session_is_told_again_to_a_corrected_address() -> None:
    """Under the same number and revision, so that a calendar that has it changes nothing."""
    lived = life().after(*ACTIVE, FAILED, HOUR, WORKS)
    first, again = lived.letters(LetterKind.SESSION_INVITATION, Party.MENTEE)
    assert first.key != again.key
    assert (first.facts.session, first.facts.revision) == (again.facts.session, again.facts.revision)
    assert len(lived.letters(LetterKind.SESSION_INVITATION, Party.MENTOR)) == 1


def test_silence_of_a_bounced_witness_is_held_against_nobody() -> None:
    """The one who was there confirms; the one whom mail does not reach is no second witness, and no denier."""
    lived = life().after(*ACTIVE, FAILED).until(lambda state: not state.sessions[0].lies_ahead)
    lived.after(c.ConfirmSession(MENTOR, 1, held=True), 3 * WEEK)
    assert lived.state.results[0] == (1, SessionResult.HELD_UNCONFIRMED)


def test_an_address_that_fails_for_ever_ends_with_the_programme() -> None:
    """Nothing waits for ever: an onboarding that mail never reached expires on the agreed last day."""
    lived = life().after(accepts(MENTOR), FAILED)
    ends_at = lived.state.ends_at
    lived.lives_on()
    assert lived.now == ends_at
    assert lived.state.outcome is RelationshipOutcome.EXPIRED


def test_the_last_questions_do_not_wait_for_an_address() -> None:
    """Looking back is closed after its ladder, whoever is silent and why."""
    lived = life().after(*ACTIVE, FAILED)
    lived.lives_on()
    assert lived.state.is_closed


def test_a_soft_bounce_is_tried_once_a_day_and_then_given_up() -> None:
    """As long as mail keeps coming back: two tries, and after 72 hours the address has failed."""
    lived = life().after(*ONBOARDED, SOFT, DAY + HOUR, SOFT, DAY, SOFT, 22 * HOUR)
    assert len(lived.happened(LettersRepeated)) == 2
    assert len(lived.letters(LetterKind.RULES_TO_SIGN, Party.MENTEE)) == 3
    assert len(questions(lived, Party.MENTEE)) == 1, "a later letter overtakes the earlier ones"
    assert not lived.happened(AddressFailed)
    lived.after(HOUR)
    assert [each.at - lived.happened(LettersRepeated)[0].at for each in lived.happened(AddressFailed)] == [2 * DAY]


def test_a_mailbox_that_is_emptied_is_trusted_again() -> None:
    """Nothing came back within a day after the try."""
    lived = life().after(*ONBOARDED, SOFT, 3 * DAY)
    assert len(lived.happened(LettersRepeated)) == len(lived.happened(AddressTrusted)) == 1
    assert not lived.state.doubts
    assert not lived.happened(AddressFailed)


def test_a_doubted_person_is_still_asked() -> None:
    """For now mail is late, not lost: clocks run, and answers count."""
    lived = life().after(*ONBOARDED, SOFT, c.SignRules(MENTEE, 1), c.SignRules(MENTOR, 1))
    assert lived.state.phase is Phase.GOALS


def test_a_pause_is_not_written_into() -> None:
    """While nothing moves, nothing is repeated; afterwards the try is made up for before anybody is given up."""
    lived = life().after(*ACTIVE, SOFT, c.Pause(MENTOR), 10 * DAY)
    assert not lived.happened(LettersRepeated)
    lived.after(c.Resume(MENTOR))
    assert len(lived.happened(LettersRepeated)) == 1
    assert not lived.happened(AddressFailed)


@pytest.mark.parametrize("relationship", ["r-1", "a~s", "x_y.z", "r~s01"])
def test_a_uid_is_read_as_it_is_written(relationship: str) -> None:
    """The session of a UID is the one the UID was made for."""
    assert session_of(session_uid(relationship, 7)) == (relationship, 7)
    assert session_of(session_uid(relationship, 112)) == (relationship, 112)


@pytest.mark.parametrize(
    "uid",
    ["", "r-1", "r-1~s01", "r-1~s1@mentoring-lifecycle", "~s01@mentoring-lifecycle", "r-1~s01@elsewhere",
     "r-1~s٣٤@mentoring-lifecycle", "r-1~s-1@mentoring-lifecycle", "r-1~s99999999@mentoring-lifecycle"],
)  # fmt: skip
def test_a_uid_of_somebody_else_is_none_of_ours(uid: str) -> None:
    """Almost right is wrong."""
    assert session_of(uid) is None
