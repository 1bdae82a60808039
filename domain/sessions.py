"""Act four: sessions that recur, are prepared, and have two witnesses.

The time of the session after next is found while the next one is awaited, so that the day a session ends the following
one can be booked and both are written to once.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mentoring_lifecycle.domain.asking import ask_both
from mentoring_lifecycle.domain.commands import ConfirmSession, MoveSession, RecordSlot, SetAgenda
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import (
    AgendaSet,
    Phase,
    SessionConfirmed,
    SessionEnded,
    SessionMoved,
    SessionPlanned,
    SessionReminded,
    SessionResult,
    SessionSettled,
    SlotFound,
    SlotWanted,
    Subject,
)
from mentoring_lifecycle.domain.hours import Hour
from mentoring_lifecycle.domain.people import PAIR, Party, Power
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import Relationship, Session
from mentoring_lifecycle.domain.wording import TITLE_LIMIT, first_problem

MOST_POINTS = 10
FARTHEST = timedelta(days=3 * 365)


# --- planning ---------------------------------------------------------------------------------------------------


def may_plan(state: Relationship) -> bool:
    """Sessions are planned while the pair is under way and the agreed number is not reached."""
    under_way = state.phase in (Phase.ACTIVE, Phase.CLOSING) and state.goals_agreed
    under_way = under_way and state.moves and not state.end_reached and not state.rematching
    return under_way and not state.help_holds_sessions and _planned_so_far(state) < state.sessions_planned


def _planned_so_far(state: Relationship) -> int:
    return len(state.results) + len(state.sessions)


def keep_planning(draft: Draft, now: datetime) -> None:
    """Whatever has happened: book the time that was found, and have the next one found when it is wanted."""
    if not may_plan(draft.state):
        return
    if draft.state.planned_session is None:
        _plan_pencilled(draft, now)
    if may_plan(draft.state) and _next_time_is_wanted(draft.state, now):
        draft.add(SlotWanted(now, draft.state.next_session, _not_before(draft.state, now)))


def _plan_pencilled(draft: Draft, now: datetime) -> None:
    state = draft.state
    starts_at = state.pencilled
    if starts_at is None or starts_at <= now:
        return
    ends_at = starts_at + _length(state)
    if ends_at <= state.ends_at:
        final = _planned_so_far(state) + 1 == state.sessions_planned
        draft.add(SessionPlanned(now, state.next_session, starts_at, ends_at, final))


def _next_time_is_wanted(state: Relationship, now: datetime) -> bool:
    """Not while it is known or being found, nor while people answer for the last session and the next is booked."""
    if state.slot_wanted or (state.pencilled and state.pencilled > now):
        return False
    return state.planned_session is None or all(session.lies_ahead for session in state.sessions)


def _not_before(state: Relationship, now: datetime) -> datetime:
    """Never so soon that the reminder would come before the invitation."""
    soonest = now + timedelta(hours=state.policy.sessions.remind_before_hours)
    if state.last_slot is None:
        return max(soonest, _from_rules(state, now))
    if not _rhythm_goes_on(state):
        return max(soonest, now + timedelta(days=state.policy.sessions.first_after_days))
    # A day of slack, because the wall-clock time may lie an hour earlier in UTC after a change of clocks.
    return max(soonest, state.last_slot + timedelta(weeks=state.cadence_weeks, days=-1))


def _from_rules(state: Relationship, now: datetime) -> datetime:
    """The first session counts from the signed rules."""
    return (state.signed_at or now) + timedelta(days=state.policy.sessions.first_after_days)


def _rhythm_goes_on(state: Relationship) -> bool:
    """The last slot belongs to a session that was not cancelled."""
    numbers = {number for number, _ in state.results} | {session.number for session in state.sessions}
    return state.next_session - 1 in numbers


def record_slot(draft: Draft, report: RecordSlot, now: datetime) -> None:
    """Pencil the time in; one that is no longer asked for is dropped."""
    if draft.state.slot_wanted == report.session:
        draft.add(SlotFound(now, report.session, report.starts_at))


def _length(state: Relationship) -> timedelta:
    sessions = state.policy.sessions
    first = not state.results and not state.sessions
    return timedelta(minutes=sessions.first_minutes if first else sessions.later_minutes)


# --- what people do ---------------------------------------------------------------------------------------------


def set_agenda(draft: Draft, command: SetAgenda, by: Party, now: datetime) -> Rejection | None:
    """Write the points of a session that lies ahead; the junior's are not overwritten by the senior."""
    session = draft.state.session(command.session)
    if problem := _not_ahead(session, command.session):
        return problem
    if problem := first_problem(command.points, TITLE_LIMIT, "points", at_most=MOST_POINTS):
        return problem
    if session and session.agenda and draft.state.participant(by).power is not Power.JUNIOR:
        return Rejection(Refusal.NOT_YOURS_TO_DO, "junior")
    draft.add(AgendaSet(now, by, command.session, command.points))
    return None


def move_session(draft: Draft, command: MoveSession, by: Party, now: datetime) -> Rejection | None:
    """Move a session that lies ahead; same identity, revision one higher."""
    session = draft.state.session(command.session)
    if problem := _not_ahead(session, command.session) or moment_problem(command.starts_at, now):
        return problem
    assert session
    ends_at = command.starts_at + (session.ends_at - session.starts_at)
    if ends_at > draft.state.ends_at:
        return Rejection(Refusal.AFTER_THE_END)
    draft.add(SessionMoved(now, by, command.session, command.starts_at, ends_at))
    return None


def moment_problem(at: datetime, now: datetime) -> Rejection | None:
    """Why an instant cannot be planned for, or None."""
    if at.tzinfo is None or at.utcoffset() is None:
        return Rejection(Refusal.NOT_A_DATE)
    if at <= now:
        return Rejection(Refusal.IN_THE_PAST)
    return Rejection(Refusal.TOO_FAR_AHEAD) if at - now > FARTHEST else None


def _not_ahead(session: Session | None, number: int) -> Rejection | None:
    if session is None:
        return Rejection(Refusal.UNKNOWN_SESSION, str(number))
    return None if session.lies_ahead else Rejection(Refusal.SESSION_OVER, str(number))


def confirm_session(draft: Draft, command: ConfirmSession, by: Party, now: datetime) -> Rejection | None:
    """Say whether a session took place; two answers settle it."""
    session = draft.state.session(command.session)
    if session is None:
        return _no_such_session(draft.state, command.session)
    if session.ends_at > now:
        return Rejection(Refusal.SESSION_NOT_OVER, str(command.session))
    if by in {party for party, _ in session.answers}:
        return Rejection(Refusal.ALREADY_ANSWERED)
    if session.lies_ahead:
        end_session(draft, session.number, now)
    draft.add(SessionConfirmed(now, by, command.session, command.held))
    settled = draft.state.session(command.session)
    if settled and len(settled.answers) == len(PAIR):
        settle(draft, settled, now)
    return None


def _no_such_session(state: Relationship, number: int) -> Rejection:
    is_settled = number in {settled for settled, _ in state.results}
    return Rejection(Refusal.SESSION_OVER if is_settled else Refusal.UNKNOWN_SESSION, str(number))


# --- what the hours do ------------------------------------------------------------------------------------------


def hours(state: Relationship) -> Iterator[Hour]:
    """Reminder, end and settlement of every open session."""
    if not state.moves:
        return
    for session in state.sessions:
        yield from _hours_of(state, session)


def _hours_of(state: Relationship, session: Session) -> Iterator[Hour]:
    sessions = state.policy.sessions
    number = session.number
    if session.asked_at is None:
        if not session.reminded:
            at = session.starts_at - timedelta(hours=sessions.remind_before_hours)
            yield Hour(at, lambda draft, now: draft.add(SessionReminded(now, number)))
        at = session.ends_at + timedelta(minutes=sessions.ask_after_minutes)
        yield Hour(at, lambda draft, now: end_session(draft, number, now))
    else:
        days = sessions.settle_after_days if session.answers else sessions.question.expires_after_days
        yield Hour(session.asked_at + timedelta(days=days), lambda draft, now: settle(draft, session, now))


def end_session(draft: Draft, number: int, now: datetime) -> None:
    """Its time is over: both are asked, and the next session is booked at once. Nothing waits for an answer."""
    draft.add(SessionEnded(now, number))
    ask_both(draft, now, Subject.SESSION, draft.state.policy.sessions.question, number)


def settle(draft: Draft, session: Session, now: datetime) -> None:
    """What the witnesses said becomes a result."""
    draft.add(SessionSettled(now, session.number, result_of(session.answers)))


def result_of(answers: tuple[tuple[Party, bool], ...]) -> SessionResult:
    """Two witnesses. Silence says nothing, and a session that one denies counts for nobody."""
    said = [held for _, held in answers]
    if not said:
        return SessionResult.UNKNOWN
    if len(said) == len(PAIR) and len(set(said)) > 1:
        return SessionResult.DISPUTED
    if not said[0]:
        return SessionResult.NOT_HELD
    return SessionResult.HELD if len(said) == len(PAIR) else SessionResult.HELD_UNCONFIRMED
