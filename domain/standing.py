"""Beside the acts, at any moment: pause, resume, hold, lift, leave, and what the programme team decides."""

from collections.abc import Iterator
from datetime import datetime

from mentoring_lifecycle.domain.asking import ask, ask_for_decision
from mentoring_lifecycle.domain.booking import moment_problem
from mentoring_lifecycle.domain.commands import Choice, Decide, Exit, Hold, Lift, Pause, Resume
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.ending import cancel_planned, end
from mentoring_lifecycle.domain.events import (
    LASTING_TOPICS,
    AskLapsed,
    CancelReason,
    DecisionMade,
    DecisionTopic,
    HoldJoined,
    HoldLeft,
    HoldLifted,
    HoldPlaced,
    HoldRemembered,
    Left,
    Paused,
    RelationshipOutcome,
    Resumed,
    Subject,
    party_in_question,
)
from mentoring_lifecycle.domain.hours import Coming, Hour
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import Ask, Relationship


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
        # Somebody may have left the organisation: that looks like a pause, and is none that the pair could end.
        return Rejection(Refusal.ON_HOLD if draft.state.is_paused else Refusal.NOT_PAUSED)
    draft.add(Resumed(now, by))
    return None


def hold(draft: Draft, command: Hold, by: Party, now: datetime) -> Rejection | None:
    """Freeze the relationship. One way, one wording, whatever the reason.

    Whoever else holds it already, a further one joins without a word: a refusal would say that somebody does.
    """
    if draft.state.held:
        if command.seal in _seals(draft.state):
            return Rejection(Refusal.ON_HOLD)
        draft.add(HoldJoined(now, command.seal))
        return None
    cancel_planned(draft, now, CancelReason.ON_HOLD)
    draft.add(HoldPlaced(now, command.seal))
    return None


def _seals(state: Relationship) -> tuple[str, ...]:
    """Of a hold that an earlier version placed nothing is known, so anybody of the team may lift it."""
    return state.seals or ("",)


def lift(draft: Draft, command: Lift, by: Party, now: datetime) -> Rejection | None:
    """Take back one's own hold; with the last one it ends, and a pause below it goes on.

    The safeguarding contact ends it for everybody, so that no pair is stuck because somebody is away.
    """
    state = draft.state
    if not state.held:
        return Rejection(Refusal.NOT_ON_HOLD)
    seals = _seals(state)
    own = next((seal for seal in (command.seal, "") if seal in seals), None)
    ends_all = bool(state.contact) and command.by == state.contact
    if own is None and not ends_all:
        return Rejection(Refusal.NOT_THE_PLACER)
    draft.add(HoldLifted(now) if ends_all or seals == (own,) else HoldLeft(now, own or ""))
    return None


def leave(draft: Draft, command: Exit, by: Party, now: datetime) -> Rejection | None:
    """Leave. No reason, no approval, at any moment, through any pause or hold."""
    draft.add(Left(now, by))
    end(draft, now, RelationshipOutcome.NO_FAULT_EXIT)
    return None


def decide_open_question(draft: Draft, command: Decide, by: Party, now: datetime) -> Rejection | None:
    """The programme team ends the relationship, or gives a stuck step a fresh ladder."""
    if command.choice is Choice.END:
        outcome = _outcome_of_ending(draft.state)
        draft.add(DecisionMade(now, by, command.choice))
        end(draft, now, outcome)
        return None
    questions = [question for question in draft.state.decisions if _may_be_given_time(draft.state, question)]
    if not questions:
        return _no_time_to_give(draft.state)
    draft.add(DecisionMade(now, by, command.choice))
    for question in questions:
        _ask_afresh(draft, question, now)
    return None


def _outcome_of_ending(state: Relationship) -> RelationshipOutcome:
    """Where somebody could not come, it ends without anybody's fault."""
    no_fault = any(question.topic in _ABOUT_ABSENCE for question in state.decisions)
    return RelationshipOutcome.NO_FAULT_EXIT if no_fault else RelationshipOutcome.ENDED_BY_PROGRAMME


_ABOUT_ABSENCE = (DecisionTopic.ABSENT_IN_A_ROW, DecisionTopic.ABSENT_TOO_OFTEN)


def _may_be_given_time(state: Relationship, question: Ask) -> bool:
    """A pair that is stopped cannot answer, so nothing is asked of it afresh; its pause may go on."""
    return state.moves or (question.topic is DecisionTopic.PAUSE_TOO_LONG and not state.held)


def _no_time_to_give(state: Relationship) -> Rejection:
    if not state.decisions:
        return Rejection(Refusal.NOTHING_TO_DECIDE)
    return Rejection(Refusal.ON_HOLD if state.held else Refusal.PAUSED)


def _ask_afresh(draft: Draft, question: Ask, now: datetime) -> None:
    state = draft.state
    if question.topic is DecisionTopic.RULES_UNSIGNED:
        for party in PAIR:
            if party not in state.signed:
                ask(draft, now, Subject.RULES, party, state.policy.rules, state.rules_version)
    elif question.topic is DecisionTopic.GOALS_UNSET:
        for party in PAIR:
            if party is not state.proposed_by:
                ask(draft, now, Subject.GOALS, party, state.policy.goals, state.proposal)
    elif question.topic is DecisionTopic.COMFORT:
        ask(draft, now, Subject.INDUCTION, party_in_question(question.number), state.policy.induction)


def decision_hours(state: Relationship) -> Iterator[Hour]:
    """A decision that nobody takes is taken by time: the end, or where it would be held against somebody, more time."""
    for question in state.decisions:
        if not state.clock_runs(question.of):
            continue
        if question.topic in LASTING_TOPICS:
            yield Hour(question.expires_at, Coming.TEAM, _LetItRest(question))
        else:
            about_pause = question.topic is DecisionTopic.PAUSE_TOO_LONG
            outcome = RelationshipOutcome.INACTIVE if about_pause else RelationshipOutcome.EXPIRED
            yield Hour(question.expires_at, Coming.TEAM, _EndAs(outcome))


class _LetItRest:
    """Asks no longer, and changes nothing."""

    def __init__(self, question: Ask) -> None:
        self._question = question

    def __call__(self, draft: Draft, now: datetime) -> None:
        draft.add(AskLapsed(now, self._question.subject, self._question.of, self._question.number))


class _EndAs:
    """Ends the relationship under one name."""

    def __init__(self, outcome: RelationshipOutcome) -> None:
        self._outcome = outcome

    def __call__(self, draft: Draft, now: datetime) -> None:
        end(draft, now, self._outcome)


def hours(state: Relationship) -> Iterator[Hour]:
    """A pause ends at its agreed date, and a long pause or hold is asked about."""
    if state.is_ending:
        return
    yield from decision_hours(state)
    if state.held and state.hold_asked_at:
        yield Hour(state.hold_asked_at, Coming.HOLD, lambda draft, now: draft.add(HoldRemembered(now)))
    if not state.paused or state.held:
        return
    if state.paused_until:
        yield Hour(state.paused_until, Coming.PAUSE, _resume_by_date)
    if state.pause_limit_at:
        yield Hour(state.pause_limit_at, Coming.PAUSE, _ask_about_pause)


def _resume_by_date(draft: Draft, now: datetime) -> None:
    draft.add(Resumed(now, None))


def _ask_about_pause(draft: Draft, now: datetime) -> None:
    ask_for_decision(draft, now, DecisionTopic.PAUSE_TOO_LONG)
