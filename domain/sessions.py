"""Act four: sessions that recur, move and are prepared. What became of them is told by two witnesses (`attendance`).

The time of the session after next is found while the next one is awaited, so that the day a session ends the following
one can be booked and both are written to once.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mentoring_lifecycle.domain.attendance import end_session, settle_as_it_stands
from mentoring_lifecycle.domain.booking import book_pencilled, is_booked_by_hand, may_plan, not_ahead
from mentoring_lifecycle.domain.commands import RecordSlot, SetAgenda
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import (
    AgendaSet,
    SessionReminded,
    SlotFound,
    SlotWanted,
)
from mentoring_lifecycle.domain.hours import Coming, Hour
from mentoring_lifecycle.domain.people import Party, Power
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import Relationship, Session
from mentoring_lifecycle.domain.wording import TITLE_LIMIT, first_problem

MOST_POINTS = 10
HALF_A_WEEK = timedelta(days=3, hours=12)


# --- planning ---------------------------------------------------------------------------------------------------


def keep_planning(draft: Draft, now: datetime) -> None:
    """Whatever has happened: book the time that was found, and have the next one found when it is wanted."""
    if not may_plan(draft.state):
        return
    if draft.state.planned_session is None:
        book_pencilled(draft, now)
    if may_plan(draft.state) and _next_time_is_wanted(draft.state, now):
        draft.add(SlotWanted(now, draft.state.next_session, not_before(draft.state, now)))


def _next_time_is_wanted(state: Relationship, now: datetime) -> bool:
    """Not while it is known or being found, nor while both answer for the last session and the next is booked."""
    if state.slot_wanted or (state.pencilled and state.pencilled > now):
        return False
    return state.planned_session is None or not any(session.awaits_witnesses for session in state.sessions)


def not_before(state: Relationship, now: datetime) -> datetime:
    """The earliest next session, never so soon that its reminder comes before the invitation or in the same minute."""
    soonest = now + timedelta(hours=state.policy.sessions.remind_before_hours, minutes=1)
    if is_booked_by_hand(state):
        soonest += timedelta(days=state.policy.sessions.booking_question.expires_after_days)
    if state.last_slot is None:
        return max(soonest, _from_rules(state, now))
    if not _rhythm_goes_on(state):
        return max(soonest, now + timedelta(days=state.policy.sessions.first_after_days))
    # Half a week of slack: of two wished weekdays the one nearer to the rhythm is taken, though a holiday had moved the
    # last session to another day, or a change of clocks its time to another hour in UTC.
    return max(soonest, state.last_slot + timedelta(weeks=state.cadence_weeks) - HALF_A_WEEK)


def _from_rules(state: Relationship, now: datetime) -> datetime:
    """The first session counts from the signed rules."""
    return (state.signed_at or now) + timedelta(days=state.policy.sessions.first_after_days)


def _rhythm_goes_on(state: Relationship) -> bool:
    """The last slot belongs to a session that was not cancelled."""
    numbers = {number for number, _ in state.results} | {session.number for session in state.sessions}
    return state.last_planned in numbers


def record_slot(draft: Draft, report: RecordSlot, now: datetime) -> None:
    """Pencil the time in; one that is no longer asked for is dropped."""
    if draft.state.slot_wanted == report.session:
        draft.add(
            SlotFound(
                now,
                report.session,
                report.starts_at,
                report.remind_at,
                report.notes,
                report.proposals,
                report.ask_at,
            )
        )


# --- what people do ---------------------------------------------------------------------------------------------


def set_agenda(draft: Draft, command: SetAgenda, by: Party, now: datetime) -> Rejection | None:
    """Write the points of a session that lies ahead; the junior's are not overwritten by the senior."""
    session = draft.state.session(command.session)
    if problem := not_ahead(session, command.session):
        return problem
    if problem := first_problem(command.points, TITLE_LIMIT, "points", at_most=MOST_POINTS):
        return problem
    if session and session.agenda and draft.state.participant(by).power is not Power.JUNIOR:
        return Rejection(Refusal.NOT_YOURS_TO_DO, "junior")
    draft.add(AgendaSet(now, by, command.session, command.points))
    return None


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
            at = session.remind_at or session.starts_at - timedelta(hours=sessions.remind_before_hours)
            yield Hour(at, Coming.SESSION_REMINDER, lambda draft, now: draft.add(SessionReminded(now, number)))
        # Never sooner than so long after the end, whatever became of its length since the time was found.
        soonest = session.ends_at + timedelta(minutes=sessions.ask_after_minutes)
        at = max(session.ask_at or soonest, soonest)
        yield Hour(at, Coming.SESSION_QUESTION, lambda draft, now: end_session(draft, number, now))
    elif not session.missed and not session.is_disputed:  # for these, questions of their own have their own end
        days = sessions.settle_after_days if session.answers else sessions.question.expires_after_days
        at = session.asked_at + timedelta(days=days)
        yield Hour(at, Coming.ANSWER, lambda draft, now: settle_as_it_stands(draft, session, now))
