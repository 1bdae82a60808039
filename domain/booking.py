"""Who fixes the time of a session, and how it is changed: book, move, call off, propose other times.

The rhythm books by itself, so that no session waits for somebody to remember it. A person books where a programme
wants it so, and wherever a session was called off: then whoever of the pair books (R11) is asked, and when they stay
silent the time that was found is booked all the same.
"""

from datetime import datetime, timedelta

from mentoring_lifecycle.domain.asking import ask
from mentoring_lifecycle.domain.commands import AnswerTimes, BookSession, CancelSession, MoveSession, ProposeTimes
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import (
    MEETING,
    AskLapsed,
    CancelReason,
    ChangesNoted,
    SessionCancelled,
    SessionMoved,
    SessionPlanned,
    Subject,
    TalkReason,
    TalkSuggested,
    TimesAnswered,
    TimesProposed,
)
from mentoring_lifecycle.domain.ground_rules import number_agreed
from mentoring_lifecycle.domain.people import PAIR, Party, Power, partner_of
from mentoring_lifecycle.domain.policy import Ladder
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import Relationship, Session

FARTHEST = timedelta(days=3 * 365)
MOST_TIMES = 3
CANCELLATIONS_BEFORE_TALK = 2
"""R12: two in a row called off means we talk about it."""


# --- who books, and how much notice ------------------------------------------------------------------------------


def booker(state: Relationship) -> Party:
    """Whoever of the pair books, by ground rule R11: the senior unless the pair agreed otherwise."""
    wanted = Power.JUNIOR if dict(state.rules_values).get("R11") == "junior_books" else Power.SENIOR
    return next((party for party in PAIR if state.participant(party).power is wanted), Party.MENTEE)


def is_booked_by_hand(state: Relationship) -> bool:
    """Somebody is asked before the next session is booked."""
    return state.to_book or state.policy.sessions.booking == "by_hand"


def comes_late(state: Relationship, starts_at: datetime, now: datetime) -> bool:
    """With less notice before a start than the pair agreed on (R12, in hours)."""
    return starts_at - now < timedelta(hours=number_agreed(state.rules_values, "R12"))


def has_no_zone(at: datetime) -> bool:
    """It is no instant: nobody could say when it is."""
    return at.tzinfo is None or at.utcoffset() is None


def moment_problem(at: datetime, now: datetime) -> Rejection | None:
    """Why an instant cannot be planned for, or None."""
    if has_no_zone(at):
        return Rejection(Refusal.NOT_A_DATE)
    if at <= now:
        return Rejection(Refusal.IN_THE_PAST)
    return Rejection(Refusal.TOO_FAR_AHEAD) if at - now > FARTHEST else None


def not_ahead(session: Session | None, number: int) -> Rejection | None:
    """Why a session cannot be prepared or changed any more, or None."""
    if session is None:
        return Rejection(Refusal.UNKNOWN_SESSION, str(number))
    return None if session.lies_ahead else Rejection(Refusal.SESSION_OVER, str(number))


# --- booking ----------------------------------------------------------------------------------------------------


def may_plan(state: Relationship) -> bool:
    """Sessions are planned while the pair is under way and the agreed number is not reached."""
    under_way = state.phase in MEETING and state.goals_agreed
    under_way = under_way and state.moves and not state.end_reached and not state.rematching
    return under_way and not state.help_holds_sessions and state.planned_so_far < state.sessions_planned


def plan(draft: Draft, starts_at: datetime, now: datetime, by: Party | None = None) -> None:
    """Book the next session; after the last day there is none."""
    state = draft.state
    ends_at = starts_at + timedelta(minutes=state.next_minutes)
    if ends_at > state.ends_at:
        return
    final = state.planned_so_far + 1 == state.sessions_planned
    remind_at, ask_at, notes = _found_with(state, starts_at, now)
    draft.add(SessionPlanned(now, state.next_session, starts_at, ends_at, final, remind_at, notes, by, ask_at))


def _found_with(
    state: Relationship, starts_at: datetime, now: datetime
) -> tuple[datetime | None, datetime | None, tuple[str, ...]]:
    """What is known about a time because it was found, and not chosen by somebody."""
    if starts_at != state.pencilled:
        return None, None, ()
    remind_at = state.pencilled_remind_at
    # It is told only now: a reminder in the same minute would be noise.
    remind_at = remind_at if remind_at and remind_at > now else None
    return remind_at, state.pencilled_ask_at, state.pencilled_notes


def book_pencilled(draft: Draft, now: datetime) -> None:
    """The time that was found is booked, or whoever books is asked about it first."""
    state = draft.state
    if state.pencilled is None or state.pencilled <= now:
        return
    if is_booked_by_hand(state) and _there_is_time_to_ask(state, state.pencilled, now):
        _ask_to_book(draft, state.pencilled, now)
    else:
        plan(draft, state.pencilled, now)


def _latest_answer(state: Relationship, pencilled: datetime) -> datetime:
    """So that the invitation still comes before the reminder."""
    return pencilled - timedelta(hours=state.policy.sessions.remind_before_hours)


def _there_is_time_to_ask(state: Relationship, pencilled: datetime, now: datetime) -> bool:
    return _latest_answer(state, pencilled) - now >= timedelta(days=1)


def _ask_to_book(draft: Draft, pencilled: datetime, now: datetime) -> None:
    state = draft.state
    if state.ask(Subject.BOOKING, booker(state)):
        return
    ladder = _within(state.policy.sessions.booking_question, (_latest_answer(state, pencilled) - now).days)
    ask(draft, now, Subject.BOOKING, booker(state), ladder, state.next_session)


def book_session(draft: Draft, command: BookSession, by: Party, now: datetime) -> Rejection | None:
    """Either may book; whoever books by R11 is the one who is asked. The first valid time wins."""
    state = draft.state
    waits = state.ask(Subject.BOOKING, booker(state), command.session)
    if waits is None or not may_plan(state):
        return Rejection(Refusal.NOTHING_TO_BOOK, str(command.session))
    if problem := moment_problem(command.starts_at, now):
        return problem
    if command.starts_at + timedelta(minutes=state.next_minutes) > state.ends_at:
        return Rejection(Refusal.AFTER_THE_END)
    plan(draft, command.starts_at, now, by)
    return None


def lapse_booking(draft: Draft, lapsed: AskLapsed, now: datetime) -> None:
    """Nobody has chosen: the time that was found is booked."""
    state = draft.state
    if may_plan(state) and state.planned_session is None and state.pencilled and state.pencilled > now:
        plan(draft, state.pencilled, now)


# --- changing ---------------------------------------------------------------------------------------------------


def move_session(draft: Draft, command: MoveSession, by: Party, now: datetime) -> Rejection | None:
    """Move a session that lies ahead; same identity, revision one higher."""
    session = draft.state.session(command.session)
    if problem := not_ahead(session, command.session) or moment_problem(command.starts_at, now):
        return problem
    assert session
    if problem := after_the_end(draft.state, session, command.starts_at):
        return problem
    late = comes_late(draft.state, session.starts_at, now)
    move(draft, session, command.starts_at, by, now, late=late)
    return None


def after_the_end(state: Relationship, session: Session, starts_at: datetime) -> Rejection | None:
    """Why a session cannot move so far, or None."""
    ends_at = starts_at + (session.ends_at - session.starts_at)
    return Rejection(Refusal.AFTER_THE_END) if ends_at > state.ends_at else None


def move(draft: Draft, session: Session, starts_at: datetime, by: Party, now: datetime, *, late: bool) -> None:
    """Move it, count it, and invite both to a talk when one session moves again and again."""
    ends_at = starts_at + (session.ends_at - session.starts_at)
    draft.add(SessionMoved(now, by, session.number, starts_at, ends_at, late))
    moved = draft.state.session(session.number)
    if moved and moved.moves == draft.state.policy.sessions.moves_before_talk + 1:
        draft.add(TalkSuggested(now, session.number, TalkReason.MOVES))
    if late:
        _note_changes(draft, by, now)


def cancel_session(draft: Draft, command: CancelSession, by: Party, now: datetime) -> Rejection | None:
    """Call off a session that lies ahead; it counts for nobody, and another time is looked for."""
    session = draft.state.session(command.session)
    if problem := not_ahead(session, command.session):
        return problem
    assert session
    if session.ends_at <= now:
        return Rejection(Refusal.SESSION_OVER, str(command.session))
    call_off(draft, session, by, now)
    return None


def call_off(draft: Draft, session: Session, by: Party, now: datetime) -> None:
    """Call it off in the name of one of the pair, count it, and invite both to a talk after two in a row."""
    late = comes_late(draft.state, session.starts_at, now)
    draft.add(
        SessionCancelled(
            now,
            session.number,
            CancelReason.CANCELLED,
            session.starts_at,
            session.ends_at,
            session.next_revision,
            by,
            late,
        )
    )
    if draft.state.cancelled_in_a_row == CANCELLATIONS_BEFORE_TALK:
        draft.add(TalkSuggested(now, session.number, TalkReason.CANCELLATIONS))
    _note_changes(draft, by, now)


def _note_changes(draft: Draft, by: Party, now: datetime) -> None:
    """A senior who keeps cancelling ends more reverse mentoring than anything else, so the coordinator hears early."""
    if draft.state.participant(by).power is not Power.SENIOR:
        return
    changes = draft.state.changes_of(by)
    times = changes.cancelled + changes.late_moves
    if times % draft.state.policy.sessions.changes_before_note == 0:
        draft.add(ChangesNoted(now, by, times))


# --- proposing --------------------------------------------------------------------------------------------------


def propose_times(draft: Draft, command: ProposeTimes, by: Party, now: datetime) -> Rejection | None:
    """Ask the partner for another time; a counter-proposal replaces what is open. The session stands meanwhile."""
    session = draft.state.session(command.session)
    if problem := not_ahead(session, command.session) or _times_problem(command.times, now):
        return problem
    assert session
    if problem := next((found for at in command.times if (found := after_the_end(draft.state, session, at))), None):
        return problem
    draft.add(TimesProposed(now, by, command.session, command.times))
    ladder = until_the_start(draft.state.policy.sessions.times_question, session, now)
    ask(draft, now, Subject.TIMES, partner_of(by), ladder, command.session)
    return None


def _times_problem(times: tuple[datetime, ...], now: datetime) -> Rejection | None:
    if not 1 <= len(times) <= MOST_TIMES or len(set(times)) < len(times):
        return Rejection(Refusal.TIMES_ONE_TO_THREE)
    return next((problem for at in times if (problem := moment_problem(at, now))), None)


def until_the_start(wished: Ladder, session: Session, now: datetime) -> Ladder:
    """Nobody is asked about another time once the session has begun; a question lives a day at least."""
    return _within(wished, max(1, (session.starts_at - now).days))


def _within(wished: Ladder, most_days: int) -> Ladder:
    days = min(wished.expires_after_days, most_days)
    return Ladder(tuple(day for day in wished.remind_after_days if day < days), days)


def answer_times(draft: Draft, command: AnswerTimes, by: Party, now: datetime) -> Rejection | None:
    """Choose a time, which moves the session for both; or none, and it stays."""
    session = draft.state.session(command.session)
    if problem := not_ahead(session, command.session):
        return problem
    assert session
    if session.times_by is not partner_of(by) or not 0 <= command.chosen <= len(session.times):
        return Rejection(Refusal.NO_TIMES_TO_ANSWER, str(command.session))
    if command.chosen == 0:
        draft.add(TimesAnswered(now, by, command.session))
        return None
    starts_at = session.times[command.chosen - 1]
    if problem := moment_problem(starts_at, now) or after_the_end(draft.state, session, starts_at):
        return problem
    # Both have agreed, so it is nobody's late change.
    move(draft, session, starts_at, partner_of(by), now, late=False)
    return None


def lapse_times(draft: Draft, lapsed: AskLapsed, now: datetime) -> None:
    """Silence is no consent: the session stays where it is, and the proposer hears that."""
    draft.add(TimesAnswered(now, lapsed.of, lapsed.number))
