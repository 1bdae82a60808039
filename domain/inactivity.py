"""When both fall silent: the coordinator is told, both are asked, and then it closes under its own name.

Whoever shows a sign of life is never punished for the other's silence.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mentoring_lifecycle.domain.asking import ask_both
from mentoring_lifecycle.domain.commands import GoOn
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.ending import end
from mentoring_lifecycle.domain.events import (
    AskLapsed,
    GoingOn,
    OneGoesOn,
    Phase,
    RelationshipOutcome,
    SilenceNoticed,
    Subject,
)
from mentoring_lifecycle.domain.hours import Coming, Hour
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.policy import Ladder
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import Relationship


def go_on(draft: Draft, command: GoOn, by: Party, now: datetime) -> Rejection | None:
    """Want to go on."""
    if draft.state.ask(Subject.GOING_ON, by) is None:
        return Rejection(Refusal.NOTHING_ASKED)
    draft.add(GoingOn(now, by))
    return None


def keep_watch(draft: Draft, now: datetime) -> None:
    """Several sessions in a row that nobody said anything about lead straight to the question."""
    state = draft.state
    unheeded = len(state.results) > state.unknown_heeded
    if _is_watched(state) and unheeded and state.unknown_in_a_row >= state.policy.inactivity.unknown_in_a_row:
        _ask_whether_to_go_on(draft, now)


def hours(state: Relationship) -> Iterator[Hour]:
    """Alert, then the question. Not while nothing is expected of the pair: stopped, closing, or all sessions over."""
    seen_at = state.last_sign_at
    if seen_at is None or not _is_watched(state) or not _meets(state):
        return
    alert_after = _alert_after(state)
    if not state.silence_noticed:
        yield Hour(seen_at + alert_after, Coming.SILENCE, lambda draft, now: draft.add(SilenceNoticed(now)))
    yield Hour(seen_at + alert_after + _between(state, "ask_days"), Coming.SILENCE, _ask_whether_to_go_on)


def _is_watched(state: Relationship) -> bool:
    """Under way, and nobody is being asked already."""
    asked = any(ask.subject is Subject.GOING_ON for ask in state.asks)
    return state.phase is Phase.ACTIVE and state.moves and not state.rematching and not asked


def _meets(state: Relationship) -> bool:
    """There are sessions to come or to answer for."""
    return bool(state.sessions) or state.planned_so_far < state.sessions_planned


def _alert_after(state: Relationship) -> timedelta:
    rhythm = timedelta(weeks=state.cadence_weeks) * 3 / 2
    return max(timedelta(days=state.policy.inactivity.alert_days), rhythm)


def _between(state: Relationship, step: str) -> timedelta:
    """From the alert to a later step: it moves along when the alert waits for a slow rhythm."""
    inactivity = state.policy.inactivity
    return timedelta(days=getattr(inactivity, step) - inactivity.alert_days)


def _ask_whether_to_go_on(draft: Draft, now: datetime) -> None:
    inactivity = draft.state.policy.inactivity
    ask_both(draft, now, Subject.GOING_ON, Ladder((), inactivity.close_days - inactivity.ask_days))


def lapse(draft: Draft, lapsed: AskLapsed, now: datetime) -> None:
    """Neither has shown a sign of life: it closes. One has: the team is told, and the pair goes on."""
    state = draft.state
    if any(state.ask(Subject.GOING_ON, party) for party in PAIR):
        return
    if state.going_on:
        draft.add(OneGoesOn(now, lapsed.of))
    else:
        end(draft, now, RelationshipOutcome.INACTIVE)
