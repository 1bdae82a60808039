"""The pure verbs of a case: receive, decide, strike the hour, and take note of what the engine found out.

None of them raises, looks at a clock or draws a number; a refusal is a value.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from mentoring_lifecycle.domain.cases import assignment, measures
from mentoring_lifecycle.domain.cases import commands as c
from mentoring_lifecycle.domain.cases import events as e
from mentoring_lifecycle.domain.cases.authorisation import refused_at_the_gate
from mentoring_lifecycle.domain.cases.correspondence import note_messages, write_as_handler, write_as_reporter
from mentoring_lifecycle.domain.cases.draft import CaseDraft
from mentoring_lifecycle.domain.cases.evolution import received
from mentoring_lifecycle.domain.cases.hours import close_when_watched, hours
from mentoring_lifecycle.domain.cases.state import CONCLUDED, CaseState, Stage
from mentoring_lifecycle.domain.help_requests import SEVERE
from mentoring_lifecycle.domain.rejections import Refusal, Rejection

CaseEvents = tuple[e.CaseEvent, ...]


def receive(event: e.CaseReceived) -> tuple[CaseState, CaseEvents] | Rejection:
    """The first state and what follows at once: somebody has it. Refused only where nobody could."""
    draft = CaseDraft(received(event))
    people = assignment.line(draft.state)
    if not people:
        return Rejection(Refusal.NOBODY_ELIGIBLE)
    draft.add(e.HandlerAssigned(event.at, people[0]))
    measures.wanted_by_the_report(draft, event.at)
    return draft.state, tuple(draft.events)


# --- people -----------------------------------------------------------------------------------------------------


def decide(state: CaseState, command: c.CaseCommand, now: datetime) -> CaseEvents | Rejection:
    """What follows from a person's command."""
    if refused := refused_at_the_gate(state, command):
        return refused
    draft = CaseDraft(state)
    if rejection := _DECISIONS[type(command)](draft, command, now):
        return rejection
    return tuple(draft.events)


def _not_now(state: CaseState) -> Rejection:
    return Rejection(Refusal.CASE_STAGE, state.stage)


def _acknowledge(draft: CaseDraft, command: c.Acknowledge, now: datetime) -> Rejection | None:
    if not draft.state.awaits_note:
        return _not_now(draft.state)
    _take(draft, command.by, now)
    draft.add(e.Acknowledged(now, command.by))
    return None


def _take(draft: CaseDraft, person: str, now: datetime) -> None:
    if draft.state.handler != person:
        draft.add(e.HandlerAssigned(now, person, by_own_act=True))


def _triage(draft: CaseDraft, command: c.Triage, now: datetime) -> Rejection | None:
    state = draft.state
    if state.reached not in (Stage.ACKNOWLEDGED, Stage.TRIAGED):
        return _not_now(state)
    severity = command.severity or state.severity
    if severity < state.severity and command.reason is None:
        return Rejection(Refusal.REASON_NEEDED)
    draft.add(
        e.Triaged(now, command.by, command.track, severity, command.reason if severity < state.severity else None)
    )
    return None


def _start_investigation(draft: CaseDraft, command: c.StartInvestigation, now: datetime) -> Rejection | None:
    if draft.state.reached not in (Stage.TRIAGED, Stage.REFERRED):
        return _not_now(draft.state)
    if refused := _withdrawn_for_good(draft.state):
        return refused
    draft.add(e.InvestigationStarted(now, command.by))
    return None


def _refer(draft: CaseDraft, command: c.Refer, now: datetime) -> Rejection | None:
    if draft.state.reached not in (Stage.TRIAGED, Stage.INVESTIGATION):
        return _not_now(draft.state)
    if refused := _withdrawn_for_good(draft.state):
        return refused
    draft.add(e.Referred(now, command.by, command.to))
    return None


def _withdrawn_for_good(state: CaseState) -> Rejection | None:
    """What is grave may be looked into against the reporter's wish; anything else may only be concluded."""
    is_light = state.severity not in SEVERE
    return Rejection(Refusal.CASE_WITHDRAWN) if state.withdrawn and is_light else None


def _decide_outcome(draft: CaseDraft, command: c.DecideOutcome, now: datetime) -> Rejection | None:
    state = draft.state
    if state.reached not in (Stage.INVESTIGATION, Stage.REFERRED) and not _may_be_concluded_early(state):
        return _not_now(state)
    if command.outcome is c.CaseOutcome.FACILITATED and state.severity in SEVERE:
        return Rejection(Refusal.NO_JOINT_TALK)
    does_nothing = command.outcome is c.CaseOutcome.NO_ACTION
    if does_nothing and command.reason is None:
        return Rejection(Refusal.REASON_NEEDED)
    draft.add(e.OutcomeDecided(now, command.by, command.outcome, command.reason if does_nothing else None))
    return None


def _may_be_concluded_early(state: CaseState) -> bool:
    """Without looking further into it: what is not grave after all, or was withdrawn."""
    return state.reached is Stage.TRIAGED and (state.withdrawn or state.severity not in SEVERE)


def _give_feedback(draft: CaseDraft, command: c.GiveFeedback, now: datetime) -> Rejection | None:
    if draft.state.reached is not Stage.OUTCOME:
        return _not_now(draft.state)
    draft.add(e.FeedbackGiven(now, command.by))
    return None


def _withdraw(draft: CaseDraft, command: c.Withdraw, now: datetime) -> Rejection | None:
    if draft.state.withdrawn or draft.state.reached in CONCLUDED:
        return _not_now(draft.state)
    draft.add(e.CaseWithdrawn(now, command.by))
    return None


def _reopen(draft: CaseDraft, command: c.Reopen, now: datetime) -> Rejection | None:
    if draft.state.reached not in CONCLUDED:
        return _not_now(draft.state)
    _take(draft, command.by, now)
    draft.add(e.CaseReopened(now, command.by))
    return None


def _reassign(draft: CaseDraft, command: c.Reassign, now: datetime) -> Rejection | None:
    state = draft.state
    to = command.to or assignment.successor(state)
    if not to:
        return Rejection(Refusal.NOBODY_ELIGIBLE)
    if to == state.handler or not assignment.is_eligible(state, to):
        return Rejection(Refusal.NOT_ELIGIBLE)
    draft.add(e.CaseReassigned(now, command.by, state.handler, command.reason))
    draft.add(e.HandlerAssigned(now, to, by_own_act=to == command.by))
    return None


def _read(draft: CaseDraft, command: c.Read, now: datetime) -> Rejection | None:
    draft.add(e.ReportRead(now, command.by))
    return None


def _take_copy(draft: CaseDraft, command: c.TakeCopy, now: datetime) -> Rejection | None:
    draft.add(e.CopyTaken(now, command.by))
    return None


_DECISIONS: dict[type[c.CaseCommand], Callable[[CaseDraft, Any, datetime], Rejection | None]] = {
    c.Acknowledge: _acknowledge,
    c.Triage: _triage,
    c.StartInvestigation: _start_investigation,
    c.Refer: _refer,
    c.DecideOutcome: _decide_outcome,
    c.GiveFeedback: _give_feedback,
    c.Withdraw: _withdraw,
    c.Reopen: _reopen,
    c.Reassign: _reassign,
    c.WriteAsReporter: write_as_reporter,
    c.WriteAsHandler: write_as_handler,
    c.NoteMessages: note_messages,
    c.PlaceHold: measures.place_hold,
    c.LiftHold: measures.lift_hold,
    c.BlockPair: measures.block_pair,
    c.UnblockPair: measures.unblock_pair,
    c.Read: _read,
    c.TakeCopy: _take_copy,
}


# --- what the engine found out ----------------------------------------------------------------------------------


def instants_found(state: CaseState, anchors: e.Anchors, instants: e.Instants, now: datetime) -> CaseEvents:
    """The due instants, from outside; those of anchors that have moved meanwhile change nothing."""
    if anchors != state.anchors or not state.wants_instants:
        return ()
    draft = CaseDraft(state)
    draft.add(e.InstantsResolved(now, anchors, instants))
    if draft.state.reached is Stage.FEEDBACK_GIVEN:
        draft.add(e.WatchBegun(now))
        close_when_watched(draft, now)
    return tuple(draft.events)


def measure_applied(
    state: CaseState, number: int, result: e.MeasureResult, others: tuple[str, ...], now: datetime
) -> CaseEvents:
    """What became of a measure, and what follows from it."""
    draft = CaseDraft(state)
    measures.applied(draft, number, result, others, now)
    return tuple(draft.events)


def mail_accepted(state: CaseState, now: datetime) -> CaseEvents:
    """Somebody has been written to."""
    return () if state.told else (e.HandlerTold(now),)


def mail_refused(state: CaseState, person: str, now: datetime) -> CaseEvents:
    """Somebody cannot be written to, so the first one of the line who can is told, once."""
    is_wanted = state.awaits_note or (state.unread and person == state.handler)
    if person in state.unreached or not is_wanted:
        return ()
    told = assignment.another_than(state, (*state.unreached, person))
    return (e.HandlerUnreached(now, person, told),)


# --- what time brings -------------------------------------------------------------------------------------------


def next_hour(state: CaseState) -> datetime | None:
    """When time brings something next; None when nothing will move by itself."""
    return next((hour.at for hour in hours(state)), None)


def strike(state: CaseState, now: datetime) -> CaseEvents:
    """Everything that has become true by `now`, in the order of its hours."""
    draft = CaseDraft(state)
    while (due := hours(draft.state)) and due[0].at <= now:
        due[0].strike(draft, now)
    return tuple(draft.events)
