"""How a relationship looks to an operator: who is awaited, since when, what comes next, and whether it is well.

Everybody with access to the operator's pages reads these words, so none of them tells about trouble between people.
"""

from datetime import datetime
from enum import StrEnum

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
    """Since when it is somebody's turn: the hold, or the longest open question."""
    if state.held or state.is_paused:
        return state.frozen_since
    return min((ask.asked_at for ask in state.asks), default=None)


def next_due(state: Relationship) -> datetime | None:
    """The next instant that concerns people: a session, the end of somebody's time to answer, a clock of the team."""
    if state.is_closed or state.is_ending:
        return None if state.is_closed else state.close_by
    dues = [ask.expires_at for ask in state.asks if state.clock_runs(ask.of)]
    dues += [at for request in state.help if (at := request.late_at)]
    dues += [at for at in (state.hold_asked_at, state.paused_until) if at]
    if state.moves:
        dues += [session.starts_at for session in state.sessions if session.lies_ahead]
    return min(dues, default=state.ends_at if state.moves else None)
