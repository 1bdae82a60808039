"""Somebody has left the organisation, or has not after all (edge cases 1, 2 and 29)."""

from datetime import timedelta

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.consequences import still_wanted
from mentoring_lifecycle.domain.effects import Letter, RemoveEntry
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.outlook import Awaiting, Health, awaiting, health
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE, Standing
from tests.builders import (
    ACTIVE,
    BACKUP,
    COORDINATOR,
    DAY,
    MENTEE,
    MENTOR,
    ONBOARDED,
    STRANGER,
    WEEK,
    Life,
    Step,
    at_phase,
    life,
)

HOUR = timedelta(hours=1)
OPEN = [phase for phase in e.Phase if phase is not e.Phase.CLOSED]


def leaves(person: str) -> c.NoteLeaver:
    return c.NoteLeaver(PROGRAMME_OFFICE, person, left=True)


def returns(person: str) -> c.NoteLeaver:
    return c.NoteLeaver(PROGRAMME_OFFICE, person, left=False)


def written_since(lived: Life, effects: int) -> list[tuple[LetterKind, Party]]:
    return [(each.purpose, each.party) for each in lived.effects[effects:] if isinstance(each, Letter)]


def test_case_1_whoever_left_gets_nothing_more_and_the_other_learns_of_a_pause() -> None:
    """Sessions are called off in both calendars; the other reads what everybody reads whose partner has paused."""
    lived = life().after(*ACTIVE)
    told = len(lived.effects)
    lived.after(leaves(MENTOR))
    assert written_since(lived, told) == [
        (LetterKind.PAUSED, Party.MENTEE),
        (LetterKind.SESSION_CANCELLED, Party.MENTEE),
    ]
    (letter,) = lived.letters(LetterKind.PAUSED)
    (paused,) = life().after(*ACTIVE, c.Pause(MENTOR)).letters(LetterKind.PAUSED, Party.MENTEE)
    assert (letter.key, letter.facts) == (paused.key, paused.facts)
    assert {removal.person for removal in lived.told(RemoveEntry)} == {MENTOR, MENTEE}
    assert lived.state.standing is Standing.PAUSED


@pytest.mark.parametrize("phase", OPEN)
@pytest.mark.parametrize(("gone", "stays"), [(MENTOR, Party.MENTEE), (MENTEE, Party.MENTOR)])
def test_case_1_after_the_grace_it_ends_and_who_stays_is_offered_another(
    phase: e.Phase, gone: str, stays: Party
) -> None:
    """In every phase, exactly when the 72 hours are over, with one neutral letter and a note to the coordinator."""
    lived = at_phase(phase).after(leaves(gone))
    told, noted_at = len(lived.effects), lived.now
    lived.after(72 * HOUR - timedelta(seconds=1))
    assert not lived.state.is_closed
    lived.lives_on()
    assert lived.state.outcome is e.RelationshipOutcome.LEFT_ORG
    assert lived.happened(e.EndDecided)[0].at - noted_at == 72 * HOUR
    assert written_since(lived, told) == [
        (LetterKind.RELATIONSHIP_ENDED, stays),
        (LetterKind.CLOSED_NOTE, Party.COORDINATOR),
    ]
    assert lived.letters(LetterKind.RELATIONSHIP_ENDED)[0].facts.topic == "another_pairing"


def test_case_2_a_signal_that_was_wrong_is_taken_back() -> None:
    """Everything goes on: the end has moved by the standstill, and a session is planned."""
    lived = life().after(*ACTIVE)
    ends_at = lived.state.ends_at
    lived.after(leaves(MENTEE), 2 * DAY, returns(MENTEE))
    assert lived.state.standing is Standing.NORMAL
    assert lived.state.ends_at == ends_at + 2 * DAY
    assert lived.session.starts_at > lived.now
    assert [letter.party for letter in lived.letters(LetterKind.RESUMED)] == list(PAIR)
    lived.after(2 * DAY)
    assert not lived.state.is_closed


def test_case_2_after_the_end_nothing_is_taken_back() -> None:
    """What has closed stays closed; going on is a new relationship that says which one it follows."""
    lived = life().after(*ACTIVE, leaves(MENTOR), 4 * DAY)
    assert lived.tries(returns(MENTOR)) == Rejection(Refusal.CLOSED)
    assert life(follows="r-0").state.follows == "r-0"


def test_a_hold_wins_over_the_grace() -> None:
    """Nothing final happens under a hold; once it is lifted the signal counts."""
    lived = life().after(*ACTIVE, leaves(MENTOR), c.Hold(COORDINATOR), 4 * WEEK)
    assert lived.state.standing is Standing.ON_HOLD
    told = len(lived.effects)
    lived.after(c.Lift(COORDINATOR))
    assert lived.state.outcome is e.RelationshipOutcome.LEFT_ORG
    assert (LetterKind.HOLD_LIFTED, Party.MENTEE) not in written_since(lived, told)


def test_a_signal_under_a_hold_tells_the_other_nothing() -> None:
    """The fixed sentence has been said, and nothing is added to it."""
    lived = life().after(*ACTIVE, c.Hold(COORDINATOR))
    told = len(lived.effects)
    lived.after(leaves(MENTOR), 3 * WEEK, returns(MENTOR))
    assert {party for _, party in written_since(lived, told)} <= {Party.COORDINATOR}


def test_when_both_leave_nobody_of_the_pair_is_written_to() -> None:
    """It ends with the first grace, and only the coordinator hears of it."""
    lived = life().after(*ACTIVE, leaves(MENTOR), DAY, leaves(MENTEE))
    told = len(lived.effects)
    lived.lives_on()
    assert lived.state.outcome is e.RelationshipOutcome.LEFT_ORG
    assert written_since(lived, told) == [(LetterKind.CLOSED_NOTE, Party.COORDINATOR)]


def test_letters_that_still_wait_are_not_sent_to_whoever_left() -> None:
    """A mail server that was away does not write to a mailbox that is somebody else's by now."""
    lived = life()
    waiting = lived.letters(LetterKind.INVITATION)
    lived.after(leaves(MENTOR))
    assert [still_wanted(letter, lived.state) for letter in waiting] == [False, True]


def test_the_clocks_of_the_pair_stand_still_and_the_pause_cannot_be_ended_by_it() -> None:
    """Asked to resume or to act, the other reads the sentence that asks for nothing."""
    lived = life().after(*ONBOARDED, c.SignRules(MENTEE, 1), leaves(MENTOR))
    for command in (c.Resume(MENTEE), c.ProposeRules(MENTEE, ())):
        assert lived.tries(command) == Rejection(Refusal.ON_HOLD)
    before = lived.state.asks[0].expires_at
    lived.after(DAY, returns(MENTOR))
    assert lived.state.asks[0].expires_at == before + DAY


def test_a_pause_of_the_other_outlives_a_mistake() -> None:
    """Whoever paused meanwhile is not resumed by a signal that is taken back."""
    lived = life().after(*ACTIVE, leaves(MENTOR), c.Pause(MENTEE), DAY, returns(MENTOR))
    assert lived.state.standing is Standing.PAUSED
    assert lived.letters(LetterKind.RESUMED) == []
    assert lived.after(c.Resume(MENTEE)).state.standing is Standing.NORMAL


@pytest.mark.parametrize("stop", [(), (c.Hold(COORDINATOR),)])
def test_leaving_the_pairing_works_in_the_grace_too(stop: tuple[Step, ...]) -> None:
    """Whoever stays need not wait for anything."""
    lived = life().after(*ACTIVE, leaves(MENTOR), *stop, c.Exit(MENTEE))
    assert lived.state.outcome is e.RelationshipOutcome.NO_FAULT_EXIT
    assert [letter.to for letter in lived.letters(LetterKind.EXIT_CONFIRMED)] == [MENTEE]
    assert lived.letters(LetterKind.RELATIONSHIP_ENDED) == []


# --- the programme team -----------------------------------------------------------------------------------------


def test_case_29_the_backup_takes_over_from_a_coordinator_who_left() -> None:
    """At once, and is told; letters that wait for the predecessor are not sent any more."""
    lived = life().after(*ONBOARDED, 21 * DAY)
    (waiting,) = lived.letters(LetterKind.DECISION_WANTED)
    lived.after(leaves(COORDINATOR))
    assert (lived.state.coordinator, lived.state.backup) == (BACKUP, "")
    (letter,) = lived.letters(LetterKind.TEAM_CHANGED)
    assert (letter.to, letter.facts.topic) == (BACKUP, "alone")
    assert not still_wanted(waiting, lived.state)
    assert not lived.state.is_paused


def test_case_29_without_a_backup_somebody_has_to_be_named() -> None:
    """Operators see it at once; naming somebody mends it, also under a hold."""
    lived = life(backup="").after(*ACTIVE, leaves(COORDINATOR))
    assert (awaiting(lived.state), health(lived.state)) == (Awaiting.COORDINATOR, Health.ATTENTION)
    lived.after(c.Hold(PROGRAMME_OFFICE), c.ChangeCoordinator(PROGRAMME_OFFICE, "p-new", BACKUP))
    assert health(lived.state) is Health.OK
    assert lived.letters(LetterKind.TEAM_CHANGED)[0].to == "p-new"
    assert lived.tries(c.Lift(COORDINATOR)) == Rejection(Refusal.NOT_PART_OF_THIS)
    assert lived.after(c.Lift("p-new")).state.standing is Standing.NORMAL


def test_a_coordinator_who_is_still_there_comes_back() -> None:
    """A mistake about the only coordinator is mended by taking it back."""
    lived = life(backup="").after(*ACTIVE, leaves(COORDINATOR), returns(COORDINATOR))
    assert health(lived.state) is Health.OK
    assert lived.state.coordinator == COORDINATOR


def test_a_backup_who_left_stands_in_no_longer() -> None:
    """The coordinator is told that nobody does."""
    lived = life().after(*ACTIVE, leaves(BACKUP))
    assert (lived.state.coordinator, lived.state.backup) == (COORDINATOR, "")
    assert [letter.to for letter in lived.letters(LetterKind.TEAM_CHANGED)] == [COORDINATOR]


@pytest.mark.parametrize("person", [STRANGER, "", PROGRAMME_OFFICE])
def test_nobody_else_can_leave(person: str) -> None:
    """A signal about somebody who takes no part changes nothing."""
    assert life().tries(leaves(person)) == Rejection(Refusal.PERSON_NOT_PART)
