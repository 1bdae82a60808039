"""How each fact changes a case: one small function per event, no decisions, no clock."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mentoring_lifecycle.domain.cases import events as e
from mentoring_lifecycle.domain.cases.assignment import stand_in
from mentoring_lifecycle.domain.cases.commands import ReassignReason
from mentoring_lifecycle.domain.cases.state import CaseState, Measure, Stage, Written


def received(event: e.CaseReceived) -> CaseState:
    """The first state of all."""
    return CaseState(
        id=event.case,
        received_at=event.at,
        severity=event.severity,
        reporter=event.reporter,
        about=event.about,
        relationship=event.relationship,
        holds=event.holds,
        handlers=event.handlers,
        conflicted=event.conflicted,
        contact=event.contact,
        profile=event.profile,
        zone=event.zone,
        anchors=e.Anchors(event.at, event.severity),
        lock=event.lock,
        pair=event.pair,
        lot=event.lot,
    )


def evolve(state: CaseState, event: e.CaseEvent) -> CaseState:
    """The state after one more event."""
    return replace(_EVOLUTIONS[type(event)](state, event), sequence=state.sequence + 1)


def _knowing(state: CaseState, *people: str) -> CaseState:
    return replace(state, knows=tuple(dict.fromkeys((*state.knows, *(person for person in people if person)))))


def _assigned(state: CaseState, event: e.HandlerAssigned) -> CaseState:
    again_at = None if event.by_own_act else event.at + timedelta(hours=state.profile.tell_again_hours)
    assigned = replace(
        state,
        handler=event.handler,
        awaits_note=not event.by_own_act,
        tell_again_at=again_at,
        away=tuple(person for person in state.away if person != event.handler),
    )
    return _knowing(assigned, event.handler, "" if event.by_own_act else stand_in(assigned))


def _resolved(state: CaseState, event: e.InstantsResolved) -> CaseState:
    return replace(state, instants=event.instants, resolved_for=event.anchors)


def _measure_wanted(state: CaseState, event: e.MeasureWanted) -> CaseState:
    number = len(state.measures) + 1
    measure = Measure(number, event.measure, event.relationship, event.due_at, event.by, event.urgent)
    return replace(state, measures=(*state.measures, measure))


def _measure_begun(state: CaseState, event: e.MeasureBegun) -> CaseState:
    return _with_measure(state, event.number, has_begun=True)


def _measure_applied(state: CaseState, event: e.MeasureApplied) -> CaseState:
    found = tuple(each for each in event.others if each != state.relationship)
    others = tuple(dict.fromkeys((*state.others, *found)))
    return replace(_with_measure(state, event.number, result=event.result), others=others)


def _with_measure(state: CaseState, number: int, **changes: Any) -> CaseState:
    measures = tuple(replace(each, **changes) if each.number == number else each for each in state.measures)
    return replace(state, measures=measures)


def _told(state: CaseState, event: e.HandlerTold) -> CaseState:
    return replace(state, told=True)


def _unreached(state: CaseState, event: e.HandlerUnreached) -> CaseState:
    return replace(_knowing(state, event.told), unreached=(*state.unreached, event.handler))


def _told_again(state: CaseState, event: e.ToldAgain) -> CaseState:
    again_at = event.at + timedelta(hours=state.profile.tell_again_hours)
    return _knowing(replace(state, tell_again_at=again_at), stand_in(state))


def _mark_passed(state: CaseState, event: e.MarkPassed) -> CaseState:
    return replace(_knowing(state, *event.told), passed=(*state.passed, (event.clock, event.percent)))


def _onward(state: CaseState, stage: Stage) -> CaseState:
    """One step on the way; whoever takes it has taken note."""
    return replace(state, reached=stage, aside=None, awaits_note=False, tell_again_at=None)


def _acknowledged(state: CaseState, event: e.Acknowledged) -> CaseState:
    if state.reached is not Stage.RECEIVED:
        return _onward(state, state.reached)
    return _onward(replace(state, anchors=replace(state.anchors, acknowledged_at=event.at)), Stage.ACKNOWLEDGED)


def _triaged(state: CaseState, event: e.Triaged) -> CaseState:
    triaged = _onward(replace(state, severity=event.severity, track=event.track), Stage.TRIAGED)
    return triaged if state.severity is triaged.severity else _status_told(triaged, event.at)


def _investigated(state: CaseState, event: e.InvestigationStarted) -> CaseState:
    return _onward(state, Stage.INVESTIGATION)


def _referred(state: CaseState, event: e.Referred) -> CaseState:
    return _onward(replace(state, referred_to=event.to), Stage.REFERRED)


def _outcome_decided(state: CaseState, event: e.OutcomeDecided) -> CaseState:
    return _onward(replace(state, outcome=event.outcome), Stage.OUTCOME)


def _feedback_given(state: CaseState, event: e.FeedbackGiven) -> CaseState:
    return _onward(replace(state, anchors=replace(state.anchors, concluded_at=event.at)), Stage.FEEDBACK_GIVEN)


def _watch_begun(state: CaseState, event: e.WatchBegun) -> CaseState:
    return replace(state, reached=Stage.WATCH)


def _watch_due(state: CaseState, event: e.WatchDue) -> CaseState:
    return replace(state, watched=event.number)


def _closed(state: CaseState, event: e.CaseClosed) -> CaseState:
    return replace(state, reached=Stage.CLOSED, aside=None, anchors=replace(state.anchors, closed_at=event.at))


def _withdrawn(state: CaseState, event: e.CaseWithdrawn) -> CaseState:
    return replace(state, aside=Stage.WITHDRAWN, withdrawn=True)


def _reopened(state: CaseState, event: e.CaseReopened) -> CaseState:
    """As if it came in anew, into the hands of somebody who has read it; all clocks but that of the note run again."""
    begun = replace(
        state,
        anchors=e.Anchors(event.at, state.severity, event.at),
        instants=None,
        passed=(),
        watched=0,
        withdrawn=False,
        outcome=None,
        reporter_access_ended=False,
    )
    return replace(_onward(begun, Stage.ACKNOWLEDGED), aside=Stage.REOPENED)


def _reassigned(state: CaseState, event: e.CaseReassigned) -> CaseState:
    if event.reason is not ReassignReason.CONFLICT:
        return replace(state, away=(*state.away, event.handler))
    return replace(state, aside=Stage.CONFLICT_REASSIGNED, excluded=(*state.excluded, event.handler))


def _shown(state: CaseState, event: e.ReportRead | e.CopyTaken) -> CaseState:
    """To be remembered, and nothing else."""
    return state


def _ended(state: CaseState, event: e.CaseEnded) -> CaseState:
    return replace(state, has_ended=True)


def _access_ended(state: CaseState, event: e.ReporterAccessEnded) -> CaseState:
    return replace(state, reporter_access_ended=True)


def _reporter_wrote(state: CaseState, event: e.ReporterWrote) -> CaseState:
    written = _more(state.from_reporter, event.size)
    return replace(_knowing(state, event.told), from_reporter=written, unread=state.unread + 1)


def _handler_wrote(state: CaseState, event: e.HandlerWrote) -> CaseState:
    """Whoever answers has read."""
    return _status_told(replace(state, from_handlers=_more(state.from_handlers, event.size), unread=0), event.at)


def _status_told(state: CaseState, at: datetime) -> CaseState:
    """The time until whoever reported a danger must hear more begins anew."""
    if not state.owes_status:
        return state
    passed = tuple((clock, percent) for clock, percent in state.passed if clock is not e.Clock.STATUS)
    return replace(state, anchors=replace(state.anchors, status_at=at), passed=passed)


def _more(written: Written, size: int) -> Written:
    return Written(written.messages + 1, written.size + size)


def _messages_noted(state: CaseState, event: e.MessagesNoted) -> CaseState:
    return replace(state, unread=0)


_EVOLUTIONS: dict[type[e.CaseEvent], Callable[[CaseState, Any], CaseState]] = {
    e.HandlerAssigned: _assigned,
    e.InstantsResolved: _resolved,
    e.MeasureWanted: _measure_wanted,
    e.MeasureBegun: _measure_begun,
    e.MeasureApplied: _measure_applied,
    e.HandlerTold: _told,
    e.HandlerUnreached: _unreached,
    e.ToldAgain: _told_again,
    e.MarkPassed: _mark_passed,
    e.Acknowledged: _acknowledged,
    e.Triaged: _triaged,
    e.InvestigationStarted: _investigated,
    e.Referred: _referred,
    e.OutcomeDecided: _outcome_decided,
    e.FeedbackGiven: _feedback_given,
    e.WatchBegun: _watch_begun,
    e.WatchDue: _watch_due,
    e.CaseClosed: _closed,
    e.CaseWithdrawn: _withdrawn,
    e.CaseReopened: _reopened,
    e.CaseReassigned: _reassigned,
    e.ReportRead: _shown,
    e.CopyTaken: _shown,
    e.CaseEnded: _ended,
    e.ReporterAccessEnded: _access_ended,
    e.ReporterWrote: _reporter_wrote,
    e.HandlerWrote: _handler_wrote,
    e.MessagesNoted: _messages_noted,
}
