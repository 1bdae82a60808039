"""What time brings to a case: nobody's silence stops a clock."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from mentoring_lifecycle.domain.cases import assignment, measures
from mentoring_lifecycle.domain.cases import events as e
from mentoring_lifecycle.domain.cases.draft import CaseDraft
from mentoring_lifecycle.domain.cases.state import CONCLUDED, CaseState, Stage

WHOLE = 100


@dataclass(frozen=True, slots=True)
class RunningClock:
    """Something that is owed."""

    clock: e.Clock
    started_at: datetime
    due_at: datetime

    def mark(self, percent: int) -> datetime:
        """The instant at which so much of it has gone by."""
        return self.started_at + (self.due_at - self.started_at) * percent / WHOLE


@dataclass(frozen=True, slots=True)
class CaseHour:
    """An instant (UTC) and what is to be decided when it strikes. Striking always removes the hour from the state."""

    at: datetime
    strike: Callable[[CaseDraft, datetime], None]


def running_clocks(state: CaseState) -> tuple[RunningClock, ...]:
    """Everything that is owed and not done."""
    if state.instants is None:
        return ()
    due, since = state.instants, state.anchors.received_at
    clocks = [
        (e.Clock.ACKNOWLEDGEMENT, since, due.acknowledge_by, state.anchors.acknowledged_at is None),
        (e.Clock.LEGAL_ACKNOWLEDGEMENT, since, due.acknowledge_at_most_by, state.anchors.acknowledged_at is None),
        (e.Clock.TRIAGE, since, due.triage_by, state.reached in (Stage.RECEIVED, Stage.ACKNOWLEDGED)),
        (e.Clock.STATUS, state.anchors.status_at or since, due.status_by, state.owes_status),
        (e.Clock.FEEDBACK, since, due.feedback_by, state.reached not in CONCLUDED),
    ]
    return tuple(RunningClock(clock, began, by) for clock, began, by, runs in clocks if runs and by)


def hours(state: CaseState) -> tuple[CaseHour, ...]:
    """Every hour that lies in this state, the earliest first; of equal ones the order here decides."""
    if state.has_ended:
        return ()
    sources = (_measures, _tellings, _marks, _watches, _ways_back, _ends)
    return tuple(sorted((hour for source in sources for hour in source(state)), key=lambda hour: hour.at))


def _measures(state: CaseState) -> Iterator[CaseHour]:
    for measure in measures.waiting(state):
        yield CaseHour(measure.due_at, _Begin(measure.number))


class _Begin:
    """From now on it is done, whatever is wished later."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __call__(self, draft: CaseDraft, now: datetime) -> None:
        draft.add(e.MeasureBegun(now, self._number))


def _tellings(state: CaseState) -> Iterator[CaseHour]:
    if state.awaits_note and state.tell_again_at:
        yield CaseHour(state.tell_again_at, lambda draft, now: draft.add(e.ToldAgain(now)))


def _marks(state: CaseState) -> Iterator[CaseHour]:
    for clock in running_clocks(state):
        for percent in state.profile.mark_percents:
            if (clock.clock, percent) not in state.passed:
                yield CaseHour(clock.mark(percent), _Mark(clock.clock, percent))


class _Mark:
    """The next handler hears of it; when the whole time has gone by, the external contact does, too."""

    def __init__(self, clock: e.Clock, percent: int) -> None:
        self._clock = clock
        self._percent = percent

    def __call__(self, draft: CaseDraft, now: datetime) -> None:
        told = [assignment.next_in_line(draft.state)]
        contact = draft.state.contact
        if self._percent >= WHOLE and assignment.is_eligible(draft.state, contact):
            told.append(contact)
        draft.add(e.MarkPassed(now, self._clock, self._percent, tuple(dict.fromkeys(told))))


def _watches(state: CaseState) -> Iterator[CaseHour]:
    if state.reached is Stage.WATCH and state.instants:
        for at in state.instants.watch_at[state.watched : state.watched + 1]:
            yield CaseHour(at, _watch)


def _watch(draft: CaseDraft, now: datetime) -> None:
    draft.add(e.WatchDue(now, draft.state.watched + 1))
    close_when_watched(draft, now)


def close_when_watched(draft: CaseDraft, now: datetime) -> None:
    """After the last look it is closed."""
    instants = draft.state.instants
    if instants and draft.state.watched >= len(instants.watch_at):
        draft.add(e.CaseClosed(now))


def _ways_back(state: CaseState) -> Iterator[CaseHour]:
    until = state.instants.access_until if state.instants else None
    if state.reached is Stage.CLOSED and until and not state.reporter_access_ended:
        yield CaseHour(until, lambda draft, now: draft.add(e.ReporterAccessEnded(now)))


def _ends(state: CaseState) -> Iterator[CaseHour]:
    if any(measures.waiting(state)):
        return
    if state.reached is Stage.CLOSED and state.instants and state.instants.kept_until:
        yield CaseHour(state.instants.kept_until, lambda draft, now: draft.add(e.CaseEnded(now)))
