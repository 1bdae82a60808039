"""One pairing ends in favour of another, and goals go along only with their owner's word (edge case 19)."""

import pytest

from mentoring_lifecycle.contracts.views import AgreementView, RelationshipView
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.effects import KeepEntry, RemoveEntry
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import Standing
from tests.builders import (
    ACTIVE,
    COORDINATOR,
    DAY,
    GOALS,
    MENTEE,
    MENTOR,
    ONBOARDED,
    SIGNED,
    Life,
    Step,
    asks_for_help,
    at_the_end,
    life,
)

OF_MENTEE, OF_MENTOR = GOALS
OF_BOTH = c.Goal(c.GoalOwner.PAIR, "Read each other's world", "Three habits", c.Measure.SCALE, 2, 8)
WITH_THREE: tuple[Step, ...] = (
    *SIGNED,
    c.ProposeGoals(MENTOR, (OF_MENTEE, OF_MENTOR, OF_BOTH)),
    c.AgreeGoals(MENTEE, 1, (1, 1, 1)),
)
REMATCH = c.EndForRematch(COORDINATOR)


def says(by: str, *, yes: bool) -> c.CarryGoals:
    return c.CarryGoals(by, yes)


def test_case_19_both_are_asked_and_it_closes_when_both_have_answered() -> None:
    """Sessions are called off at once; the close waits for two words and not longer."""
    lived = life().after(*WITH_THREE, REMATCH)
    assert [letter.party for letter in lived.letters(LetterKind.REMATCH)] == list(PAIR)
    assert len(lived.told(RemoveEntry)) == len(lived.told(KeepEntry)) == 2
    assert lived.after(says(MENTOR, yes=True)).state.outcome is None
    lived.after(says(MENTEE, yes=True))
    assert lived.state.outcome is e.RelationshipOutcome.REMATCHED
    assert lived.letters(LetterKind.RELATIONSHIP_ENDED) == []
    assert len(lived.letters(LetterKind.CLOSED_NOTE)) == 1


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_whom_mail_does_not_reach_does_not_keep_it_open(when: str) -> None:
    """They have not been asked, so their goals stay; and the other, who is to have another pairing, is not kept."""
    fails = c.RecordAddressFailed(Party.MENTOR)
    steps = (fails, REMATCH) if when == "before" else (REMATCH, fails)
    lived = life().after(*WITH_THREE, *steps, says(MENTEE, yes=True), 7 * DAY)
    assert lived.state.outcome is e.RelationshipOutcome.REMATCHED
    assert AgreementView.of(lived.state).carried_goals == (OF_MENTEE,)


@pytest.mark.parametrize(
    ("answers", "carried"),
    [
        ({MENTOR: True, MENTEE: True}, (OF_MENTEE, OF_MENTOR, OF_BOTH)),
        ({MENTOR: True, MENTEE: False}, (OF_MENTOR,)),
        ({MENTEE: True}, (OF_MENTEE,)),
        ({}, ()),
    ],
    ids=["both", "one", "one and silence", "silence"],
)
def test_case_19_a_goal_goes_along_only_with_its_owners_word(
    answers: dict[str, bool], carried: tuple[c.Goal, ...]
) -> None:
    """One of both needs both words; silence is none, and after a week it closes without."""
    lived = life().after(*WITH_THREE, REMATCH, *(says(by, yes=yes) for by, yes in answers.items()))
    begun = lived.now
    lived.lives_on()
    assert lived.happened(e.EndDecided)[0].at - begun in (0 * DAY, 7 * DAY)
    assert AgreementView.of(lived.state).carried_goals == carried


def test_nobody_sees_who_consented_while_the_pair_still_meets() -> None:
    """A word given beforehand is private, and the last one counts."""
    lived = life().after(*WITH_THREE, says(MENTEE, yes=True), says(MENTEE, yes=False), says(MENTEE, yes=True))
    assert AgreementView.of(lived.state).carried_goals == ()
    lived.after(REMATCH)
    assert [letter.party for letter in lived.letters(LetterKind.REMATCH)] == [Party.MENTOR]
    assert [letter.party for letter in lived.letters(LetterKind.RELATIONSHIP_ENDED)] == [Party.MENTEE]
    assert lived.after(says(MENTOR, yes=False)).state.carried_goals == (OF_MENTEE,)


@pytest.mark.parametrize("past", [(), ONBOARDED, SIGNED, (*ACTIVE, c.Hold(COORDINATOR))])
def test_where_nobody_can_be_asked_it_ends_at_once(past: tuple[Step, ...]) -> None:
    """Without goals, or under a hold that asks for nothing: one neutral letter each, and no goal goes along."""
    lived = life().after(*past, c.EndForRematch(COORDINATOR, (Party.MENTEE,)))
    assert lived.state.outcome is e.RelationshipOutcome.REMATCHED
    ended = {letter.party: letter.facts.topic for letter in lived.letters(LetterKind.RELATIONSHIP_ENDED)}
    assert ended == {Party.MENTOR: "", Party.MENTEE: "another_pairing"}
    assert lived.letters(LetterKind.REMATCH) == []
    assert lived.state.carried_goals == ()


def test_a_pause_ends_with_it() -> None:
    """A paused pair can be asked about its goals."""
    lived = life().after(*ACTIVE, c.Pause(MENTOR), DAY, REMATCH)
    assert lived.state.standing is Standing.NORMAL
    lived.lives_on()
    assert lived.state.outcome is e.RelationshipOutcome.REMATCHED


def test_nothing_new_begins_while_it_makes_room() -> None:
    """No session, no pause, no goals; but help, holding and leaving stay in place."""
    lived = life().after(*ACTIVE, REMATCH)
    assert lived.state.planned_session is None
    for command in (c.Pause(MENTOR), c.ProposeRules(MENTOR, ()), REMATCH):
        assert lived.tries(command) == Rejection(Refusal.CLOSED)
    lived.after(asks_for_help(MENTEE), c.Hold(COORDINATOR), 10 * DAY)
    assert not lived.state.is_closed
    lived.after(c.Lift(COORDINATOR))
    assert not lived.state.is_closed
    assert lived.after(c.Exit(MENTEE)).state.outcome is e.RelationshipOutcome.NO_FAULT_EXIT


@pytest.mark.parametrize("staying", [(), (Party.BACKUP,), (Party.MENTOR, Party.MENTOR)])
def test_only_the_pair_can_stay(staying: tuple[Party, ...]) -> None:
    """Nobody, somebody else or one person twice is no answer."""
    assert life().after(*ACTIVE).tries(c.EndForRematch(COORDINATOR, staying)) == Rejection(Refusal.PERSON_NOT_PART)


def test_after_the_last_day_there_is_nothing_to_rematch() -> None:
    """The look back is not taken from anybody."""
    assert at_the_end().tries(REMATCH) == Rejection(Refusal.END_REACHED)


# --- the next one -----------------------------------------------------------------------------------------------


def continued() -> Life:
    return life(follows="r-0", carried=(OF_MENTEE,))


def test_carried_goals_are_a_suggestion_and_no_proposal() -> None:
    """They stand in the first question about goals and on the pair's page; nobody has agreed to anything."""
    lived = continued().after(*SIGNED)
    assert {letter.facts.goals for letter in lived.letters(LetterKind.GOALS_TO_SET)} == {(OF_MENTEE.title,)}
    view = AgreementView.of(lived.state)
    assert (view.suggested_goals, view.goals, view.proposal) == ((OF_MENTEE,), (), 0)
    assert RelationshipView.of(lived.state).follows == "r-0"


def test_a_suggestion_ends_with_goals_of_their_own() -> None:
    """Once both have agreed it is gone."""
    lived = continued().after(*SIGNED, c.ProposeGoals(MENTOR, GOALS), c.AgreeGoals(MENTEE, 1, (1, 1)))
    assert AgreementView.of(lived.state).suggested_goals == ()
