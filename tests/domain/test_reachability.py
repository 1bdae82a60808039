"""Addresses that fail, bounce for now, and work again: a bounced letter is never "no answer"."""

from datetime import timedelta

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.outlook import Health, health
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.policy import ProgrammePolicy
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from tests.builders import ACTIVE, COORDINATOR, DAY, MENTEE, MENTOR, STRANGER, Life, accepts, life

NEWS = c.AddressNews


def news(what: NEWS, person: str = MENTEE) -> c.NoteAddress:
    return c.NoteAddress(PROGRAMME_OFFICE, person, what)


def letters_to(lived: Life, party: Party) -> list[LetterKind]:
    return [letter.purpose for letter in lived.letters(to=party)]


def test_a_failure_is_told_to_the_coordinator_and_to_the_person_by_another_way() -> None:
    """Once, whoever reports it how often."""
    lived = life().after(news(NEWS.FAILED), news(NEWS.FAILED), c.RecordAddressFailed(Party.MENTEE))
    assert len(lived.letters(LetterKind.ADDRESS_FAILED, Party.COORDINATOR)) == 1
    assert len(lived.letters(LetterKind.ADDRESS_FAILED_OWNER, Party.MENTEE)) == 1
    assert health(lived.state) is Health.ATTENTION


def test_whoever_cannot_be_reached_does_not_run_out_of_time() -> None:
    """The invitation of the one stands still; the partner's runs on, and so does the story when mail works again."""
    lived = life().after(accepts(MENTOR), news(NEWS.FAILED), 20 * DAY)
    assert not lived.state.is_closed
    assert lived.letters(LetterKind.INVITATION_REMINDER, Party.MENTEE) == []
    lived.after(news(NEWS.WORKS), accepts(MENTEE))
    assert lived.state.phase is e.Phase.GROUND_RULES


def test_when_mail_works_again_what_is_open_is_put_once_more() -> None:
    """The question itself, with the time to answer that was left."""
    lived = life().after(2 * DAY, news(NEWS.FAILED), 10 * DAY)
    lived.after(news(NEWS.WORKS))
    assert letters_to(lived, Party.MENTEE).count(LetterKind.INVITATION) == 2
    (ask,) = [ask for ask in lived.state.asks if ask.of is Party.MENTEE]
    assert ask.expires_at == lived.now + 12 * DAY
    assert lived.state.failed_addresses == ()


def test_nobody_waits_for_a_dead_address_for_ever() -> None:
    """A pair that has not begun ends after the patience of the programme, under its own name."""
    lived = life().after(accepts(MENTOR), news(NEWS.FAILED), 31 * DAY)
    assert lived.state.outcome is e.RelationshipOutcome.EXPIRED
    assert life().after(*ACTIVE, news(NEWS.FAILED), 31 * DAY).state.is_closed is False


def test_mail_that_bounces_for_now_goes_out_once_more_each_day() -> None:
    """What is still asked, and the invitation to the session that lies ahead; never twice on one day."""
    lived = life().after(*ACTIVE)
    lived.after(news(NEWS.SOFT), timedelta(hours=3), news(NEWS.SOFT), DAY, news(NEWS.SOFT))
    invitations = lived.letters(LetterKind.SESSION_INVITATION, Party.MENTEE)
    assert len(invitations) == 3
    assert len({letter.key for letter in invitations}) == 3
    assert {letter.facts.revision for letter in invitations} == {0}
    assert lived.state.failed_addresses == ()


def test_bounces_that_do_not_end_are_a_failure_after_three_days() -> None:
    """Seventy-two hours, or what the programme says."""
    lived = life().after(*(step for _ in range(4) for step in (news(NEWS.SOFT), DAY)))
    assert lived.state.failed_addresses == (Party.MENTEE,)
    patient = life(ProgrammePolicy(soft_bounce_hours=168))
    assert patient.after(*(step for _ in range(4) for step in (news(NEWS.SOFT), DAY))).state.failed_addresses == ()


def test_a_bounce_much_later_begins_a_new_row() -> None:
    """Two bad days in a month are no dead address."""
    lived = life().after(*ACTIVE, news(NEWS.SOFT), 10 * DAY, news(NEWS.SOFT))
    assert lived.state.failed_addresses == ()
    assert [event.begins for event in lived.happened(e.AddressDoubtful)] == [True, True]


def test_good_news_about_a_good_address_changes_nothing() -> None:
    """Nothing happened, so nothing follows."""
    assert life().does(news(NEWS.WORKS)) == ()


@pytest.mark.parametrize("person", [STRANGER, "programme", ""])
def test_news_about_somebody_else_is_refused(person: str) -> None:
    """Not everybody's address is this relationship's business."""
    assert life().tries(news(NEWS.FAILED, person)) == Rejection(Refusal.NOT_PART_OF_THIS)


def test_a_coordinators_dead_address_stands_on_no_clock() -> None:
    """The backup is there for that; the pair's story does not stop."""
    lived = life().after(news(NEWS.FAILED, COORDINATOR), 15 * DAY)
    assert lived.state.outcome is e.RelationshipOutcome.EXPIRED
