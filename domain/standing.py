"""Beside the acts, at any moment: pause, resume, hold, lift, leave, and what the programme team decides."""

from collections.abc import Iterator
from datetime import datetime

from mentoring_lifecycle.domain.asking import ask, ask_for_decision, clock_runs
from mentoring_lifecycle.domain.commands import Choice, Comfort, Decide, Exit, Hold, Lift, Pause, Resume
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.ending import cancel_planned, end
from mentoring_lifecycle.domain.events import (
    CancelReason,
    DecisionMade,
    DecisionTopic,
    HoldLifted,
    HoldPlaced,
    Left,
    Paused,
    RelationshipOutcome,
    Resumed,
    Subject,
)
from mentoring_lifecycle.domain.hours import Hour
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import Relationship
from mentoring_lifecycle.domain.sessions import go_on_planning, moment_problem


def pause(draft: Draft, command: Pause, by: Party, now: datetime) -> Rejection | None:
    """Stop for a while; nothing planned stays, and every clock of the pair stands still."""
    if draft.state.paused:
        return Rejection(Refusal.PAUSED)
    if command.until and (problem := moment_problem(command.until, now)):
        return problem
    cancel_planned(draft, now, CancelReason.PAUSED)
    draft.add(Paused(now, by, command.until))
    return None


def resume(draft: Draft, command: Resume, by: Party, now: datetime) -> Rejection | None:
    """Go on."""
    if not draft.state.paused:
        return Rejection(Refusal.NOT_PAUSED)
    draft.add(Resumed(now, by))
    go_on_planning(draft, now)
    return None


def hold(draft: Draft, command: Hold, by: Party, now: datetime) -> Rejection | None:
    """Freeze the relationship. One way, one wording, whatever the reason."""
    if draft.state.held:
        return Rejection(Refusal.ON_HOLD)
    cancel_planned(draft, now, CancelReason.ON_HOLD)
    draft.add(HoldPlaced(now))
    return None


def lift(draft: Draft, command: Lift, by: Party, now: datetime) -> Rejection | None:
    """End a hold; a pause below it goes on."""
    if not draft.state.held:
        return Rejection(Refusal.NOT_ON_HOLD)
    draft.add(HoldLifted(now))
    go_on_planning(draft, now)
    return None


def leave(draft: Draft, command: Exit, by: Party, now: datetime) -> Rejection | None:
    """Leave. No reason, no approval, at any moment, through any pause or hold."""
    draft.add(Left(now, by))
    end(draft, now, RelationshipOutcome.NO_FAULT_EXIT)
    return None


def decide_open_question(draft: Draft, command: Decide, by: Party, now: datetime) -> Rejection | None:
    """The programme team ends the relationship, or gives a stuck step a fresh ladder."""
    question = draft.state.ask(Subject.DECISION, Party.COORDINATOR)
    if command.choice is Choice.END:
        draft.add(DecisionMade(now, by, command.choice))
        end(draft, now, RelationshipOutcome.ENDED_BY_PROGRAMME)
        return None
    if question is None:
        return Rejection(Refusal.NOTHING_TO_DECIDE)
    draft.add(DecisionMade(now, by, command.choice))
    _ask_afresh(draft, question.topic, now)
    return None


def _ask_afresh(draft: Draft, topic: DecisionTopic | None, now: datetime) -> None:
    state = draft.state
    if topic is DecisionTopic.RULES_UNSIGNED:
        for party in PAIR:
            if party not in state.signed:
                ask(draft, now, Subject.RULES, party, state.policy.rules, state.rules_version)
    elif topic is DecisionTopic.GOALS_UNSET:
        for party in PAIR:
            if party is not state.proposed_by:
                ask(draft, now, Subject.GOALS, party, state.policy.goals, state.proposal)
    elif topic is DecisionTopic.COMFORT:
        for party, answer in state.comfort:
            if answer is not Comfort.YES:
                ask(draft, now, Subject.INDUCTION, party, state.policy.induction)


def decision_hours(state: Relationship) -> Iterator[Hour]:
    """A decision that nobody takes is taken by time."""
    question = state.ask(Subject.DECISION, Party.COORDINATOR)
    if question and clock_runs(state, question):
        outcome = RelationshipOutcome.INACTIVE if state.paused else RelationshipOutcome.EXPIRED
        yield Hour(question.expires_at, lambda draft, now: end(draft, now, outcome))


def hours(state: Relationship) -> Iterator[Hour]:
    """A pause ends at its agreed date, and a long one is asked about."""
    yield from decision_hours(state)
    if not state.paused or state.held or state.is_ending:
        return
    if state.paused_until:
        yield Hour(state.paused_until, _resume_by_date)
    if state.pause_limit_at:
        yield Hour(state.pause_limit_at, _ask_about_pause)


def _resume_by_date(draft: Draft, now: datetime) -> None:
    draft.add(Resumed(now, None))
    go_on_planning(draft, now)


def _ask_about_pause(draft: Draft, now: datetime) -> None:
    ask_for_decision(draft, now, DecisionTopic.PAUSE_TOO_LONG)
