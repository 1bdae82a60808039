"""Act three: one to three goals, something for each side, and a rhythm."""

from dataclasses import replace

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from tests.builders import ACTIVE, COORDINATOR, DAY, GOALS, MENTEE, MENTOR, SIGNED, WEEK, life


def test_an_agreed_proposal_begins_the_sessions() -> None:
    """Agreement opens the active phase and the first session is planned at once."""
    lived = life().after(*ACTIVE)
    assert lived.state.phase is e.Phase.ACTIVE
    assert lived.session.number == 1


def test_the_partner_is_asked_to_agree() -> None:
    """A proposal is put to the other with the titles of its goals; its author is no longer asked."""
    lived = life().after(*SIGNED, c.ProposeGoals(MENTOR, GOALS))
    (letter,) = lived.letters(LetterKind.GOALS_TO_AGREE)
    assert (letter.party, letter.facts.occurrence) == (Party.MENTEE, "goals-1")
    assert letter.facts.goals == tuple(goal.title for goal in GOALS)
    assert [(ask.of, ask.number) for ask in lived.state.asks] == [(Party.MENTEE, 1)]


def test_a_newer_proposal_replaces_the_older_one() -> None:
    """Only the newest counts, whoever made it."""
    lived = life().after(*SIGNED, c.ProposeGoals(MENTOR, GOALS), DAY, c.ProposeGoals(MENTEE, GOALS[:1] + GOALS[1:]))
    assert (lived.state.proposal, lived.state.proposed_by) == (2, Party.MENTEE)
    assert [(ask.of, ask.number) for ask in lived.state.asks] == [(Party.MENTOR, 2)]
    assert lived.after(c.AgreeGoals(MENTOR, 2, (1, 1))).state.phase is e.Phase.ACTIVE


@pytest.mark.parametrize("owners", [[c.GoalOwner.PAIR], [c.GoalOwner.MENTOR, c.GoalOwner.MENTEE], [*c.GoalOwner]])
def test_each_side_has_a_goal(owners: list[c.GoalOwner]) -> None:
    """One of both, or one for each, is enough."""
    goals = tuple(replace(GOALS[0], owner=owner) for owner in owners)
    assert life().after(*SIGNED, c.ProposeGoals(MENTOR, goals)).state.goals == goals


@pytest.mark.parametrize("weeks", [1, 2, 8])
def test_a_pair_has_its_own_rhythm(weeks: int) -> None:
    """The cadence that both agree on replaces the programme's."""
    lived = life().after(*SIGNED, c.ProposeGoals(MENTOR, GOALS, every_weeks=weeks), c.AgreeGoals(MENTEE, 1, (3, 4)))
    first, second = lived.session.starts_at, lived.state.pencilled
    assert second is not None
    assert second - first == weeks * WEEK


def test_unset_goals_become_a_decision() -> None:
    """After the whole ladder the coordinator is asked once; more time asks both again."""
    lived = life().after(*SIGNED, 21 * DAY)
    (letter,) = lived.letters(LetterKind.DECISION_WANTED)
    assert letter.facts.topic == "goals_unset"
    lived.after(DAY, c.Decide(COORDINATOR, c.Choice.MORE_TIME))
    assert [(ask.subject, ask.of) for ask in lived.state.asks] == [(e.Subject.GOALS, party) for party in PAIR]


def test_more_time_after_a_proposal_asks_only_the_partner() -> None:
    """Who has proposed is not asked again."""
    lived = life().after(*SIGNED, c.ProposeGoals(MENTOR, GOALS), 22 * DAY, c.Decide(COORDINATOR, c.Choice.MORE_TIME))
    assert [(ask.subject, ask.of, ask.number) for ask in lived.state.asks] == [(e.Subject.GOALS, Party.MENTEE, 1)]


def test_a_late_agreement_still_counts() -> None:
    """Agreement while the coordinator is being asked goes on, and withdraws the question."""
    lived = life().after(*SIGNED, c.ProposeGoals(MENTOR, GOALS), 22 * DAY, c.AgreeGoals(MENTEE, 1, (3, 4)))
    assert lived.state.phase is e.Phase.ACTIVE
    assert lived.state.asks == ()


def test_goals_that_nobody_sets_end_as_expired() -> None:
    """Where neither the pair nor the coordinator moves, time ends it without a session."""
    lived = life().after(*SIGNED)
    lived.lives_on()
    assert lived.state.outcome is e.RelationshipOutcome.EXPIRED
    assert lived.happened(e.SessionPlanned) == []
