"""How every relationship ends: nothing planned stays, calendars are proven clean, then it is closed."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import (
    CancelReason,
    Closed,
    EndDecided,
    Phase,
    PhaseEntered,
    RelationshipOutcome,
    SessionCancelled,
)
from mentoring_lifecycle.domain.hours import Coming, Hour
from mentoring_lifecycle.domain.relationship import Relationship


def end(draft: Draft, now: datetime, outcome: RelationshipOutcome) -> None:
    """Decide the outcome; close at once where no calendar was ever touched."""
    cancel_planned(draft, now, CancelReason.ENDED)
    draft.add(EndDecided(now, outcome, now + timedelta(days=draft.state.policy.calendar_clean_up_days)))
    if draft.state.next_session == 1:
        _close(draft, now)
    elif draft.state.phase is not Phase.CLOSING:
        draft.add(PhaseEntered(now, Phase.CLOSING))


def cancel_planned(draft: Draft, now: datetime, why: CancelReason, *, after: datetime | None = None) -> None:
    """Nothing that lies ahead takes place; a session whose time is over is not called off any more.

    With `after`, only what would end later than that is called off.
    """
    for session in draft.state.sessions:
        if session.lies_ahead and session.ends_at > max(now, after or now):
            starts_at, ends_at, revision = session.starts_at, session.ends_at, session.next_revision
            draft.add(SessionCancelled(now, session.number, why, starts_at, ends_at, revision))


def close_when_clean(draft: Draft, now: datetime) -> None:
    """Close once every calendar has been looked at."""
    if draft.state.is_ending and not draft.state.is_closed and not draft.state.to_verify:
        _close(draft, now)


def hours(state: Relationship) -> Iterator[Hour]:
    """A calendar that cannot be asked delays the close, but not for ever."""
    if state.close_by and not state.is_closed:
        yield Hour(state.close_by, Coming.CLOSE, _close)


def _close(draft: Draft, now: datetime) -> None:
    state = draft.state
    touched = state.next_session > 1
    clean = not touched or not (state.to_verify or state.unclean)
    draft.add(Closed(now, state.ending or RelationshipOutcome.EXPIRED, clean))
