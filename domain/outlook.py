"""How a relationship looks to an operator: who is awaited, since when, what comes next, and whether it is well.

Everybody with access to the operator's pages reads these words, so none of them tells about trouble between people.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mentoring_lifecycle.domain.events import Subject
from mentoring_lifecycle.domain.hours import Coming
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.relationship import Relationship


class Awaiting(StrEnum):
    """Whose turn it is."""

    NOBODY = "nobody"
    MENTOR = "mentor"
    MENTEE = "mentee"
    BOTH = "both"
    COORDINATOR = "coordinator"


class Health(StrEnum):
    """Whether somebody should look. `attention` may mean a call for material, a friction or a bounced address."""

    OK = "ok"
    WAITING = "waiting"
    OVERDUE = "overdue"
    ATTENTION = "attention"


PRIVATE = (
    *(Subject.HELP_RATING, Subject.ABSENCE, Subject.DISPUTE, Subject.SETTLEMENT),
    *(Subject.DECISION, Subject.EARLY_END, Subject.CARRY_GOALS, Subject.GOING_ON),
)
"""What such a question is about is between those it was put to and the programme team."""


def awaiting(state: Relationship) -> Awaiting:
    """Whose turn it is; the programme team's turn wins."""
    if state.is_closed:
        return Awaiting.NOBODY
    if state.held or _concerns_the_team(state):
        return Awaiting.COORDINATOR
    if not state.moves:
        return Awaiting.NOBODY
    asked = [party for party in PAIR if any(ask.of is party for ask in state.asks)]
    if len(asked) == len(PAIR):
        return Awaiting.BOTH
    return Awaiting(asked[0]) if asked else Awaiting.NOBODY


def _concerns_the_team(state: Relationship) -> bool:
    asked = any(ask.of is Party.COORDINATOR for ask in state.asks)
    return asked or bool(state.help) or state.coordinator_lost


def health(state: Relationship) -> Health:
    """The worst thing that is true."""
    if state.is_closed:
        return Health.OK
    if state.failed_addresses or _concerns_the_team(state):
        return Health.ATTENTION
    if not state.moves:
        return Health.OK
    if any(ask.reminded and not ask.remind_at for ask in state.asks):
        return Health.OVERDUE
    return Health.WAITING if state.asks else Health.OK


def awaited_since(state: Relationship) -> datetime | None:
    """Since when it is somebody's turn: the hold or pause, else the oldest question of whose turn it is."""
    if state.held or state.is_paused:
        return state.frozen_since
    of_team = [ask.asked_at for ask in state.asks if ask.of is Party.COORDINATOR]
    of_team += [request.asked_at for request in state.help if request.asked_at]
    return min(of_team or [ask.asked_at for ask in state.asks], default=None)


@dataclass(frozen=True, slots=True)
class Due:
    """An instant that concerns people, and what it is."""

    at: datetime
    what: Coming
    subject: Subject | None = None
    """Of the question whose time is over then."""
    session: int = 0


def next_due(state: Relationship) -> datetime | None:
    """The next instant that concerns people: a session, the end of somebody's time to answer, a clock of the team."""
    due = what_is_due(state)
    return due.at if due else None


def what_is_due(state: Relationship) -> Due | None:
    """The same with what it brings."""
    if state.is_closed:
        return None
    if state.is_ending:
        return Due(state.close_by, Coming.CLOSE) if state.close_by else None
    last_day = Due(state.ends_at, Coming.END) if state.moves else None
    return min(_dues(state), key=lambda due: due.at, default=last_day)


def _dues(state: Relationship) -> Iterator[Due]:
    for ask in state.asks:
        if state.clock_runs(ask.of):
            of_pair = ask.of in PAIR
            yield Due(ask.expires_at, Coming.ANSWER if of_pair else Coming.TEAM, ask.subject if of_pair else None)
    for request in state.help:
        if request.late_at:
            yield Due(request.late_at, Coming.TEAM)
    if state.hold_asked_at:
        yield Due(state.hold_asked_at, Coming.HOLD)
    if state.paused_until:
        yield Due(state.paused_until, Coming.PAUSE)
    if state.moves:
        for session in state.sessions:
            if session.lies_ahead:
                yield Due(session.starts_at, Coming.SESSION, session=session.number)
