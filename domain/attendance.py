"""Did it happen? Two witnesses, each asked apart; and one of them may have waited for the other.

What somebody says counts the same whenever it comes: before or after the other's word, and before or after the
question. A session is evidence, so nothing here is decided by a calendar.
"""

from datetime import datetime, timedelta

from mentoring_lifecycle.domain.absences import settle
from mentoring_lifecycle.domain.asking import ask, ask_within
from mentoring_lifecycle.domain.booking import has_no_zone
from mentoring_lifecycle.domain.commands import AbsenceAnswer, ConfirmSession, ExplainAbsence, LogSession, ReportNoShow
from mentoring_lifecycle.domain.disputes import dispute, nothing_asked
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import (
    AbsenceExplained,
    AbsenceReported,
    AskLapsed,
    PulseAt,
    SessionConfirmed,
    SessionEnded,
    SessionLogged,
    SessionResult,
    Subject,
)
from mentoring_lifecycle.domain.goal_setting import rating_problem
from mentoring_lifecycle.domain.people import PAIR, Party, partner_of
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import Relationship, Session
from mentoring_lifecycle.domain.reviews import take_review

LEAST_MINUTES, MOST_MINUTES = 10, 480
"""What can be noted as one session."""

# --- its time is over -------------------------------------------------------------------------------------------


def end_session(draft: Draft, number: int, now: datetime) -> None:
    """Whoever has said nothing yet is asked, and the next session is booked at once. Nothing waits for an answer."""
    draft.add(SessionEnded(now, number))
    session = draft.state.session(number)
    assert session
    for party in PAIR:
        if not session.missed:
            ask(draft, now, Subject.SESSION, party, draft.state.policy.sessions.question, number)
    _judge(draft, number, now)


def _judge(draft: Draft, number: int, now: datetime) -> None:
    """What follows from all that has been said about a session whose time is over."""
    session = draft.state.session(number)
    if session is None or session.lies_ahead or session.is_disputed:
        return
    if len(session.missed) == len(PAIR):
        # Each waited for the other, so they were in two places: no talk, and nobody who did not come.
        settle(draft, session, now, SessionResult.NOT_HELD)
    elif session.missed:
        _judge_absence(draft, session, session.missed[0], now)
    elif len(session.answers) == len(PAIR):
        _judge_answers(draft, session, now)


def _judge_absence(draft: Draft, session: Session, missed: Party, now: datetime) -> None:
    if dict(session.answers).get(missed):
        dispute(draft, session.number, now)
    elif draft.state.ask(Subject.ABSENCE, missed, session.number) is None:
        until = now + timedelta(hours=draft.state.policy.sessions.explain_within_hours)
        ask_within(draft, now, Subject.ABSENCE, missed, until, session.number)


def _judge_answers(draft: Draft, session: Session, now: datetime) -> None:
    result = result_of(session.answers)
    if result is SessionResult.DISPUTED:
        dispute(draft, session.number, now)
    else:
        settle(draft, session, now, result)


def settle_as_it_stands(draft: Draft, session: Session, now: datetime) -> None:
    """No more is waited for. What is disputed, or could not be explained in time, is held against nobody."""
    is_open = session.is_disputed or session.missed
    settle(draft, session, now, SessionResult.UNKNOWN if is_open else result_of(session.answers))


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


# --- what people say --------------------------------------------------------------------------------------------


def confirm_session(draft: Draft, command: ConfirmSession, by: Party, now: datetime) -> Rejection | None:
    """Say whether a session took place, and how it was; two answers settle it."""
    session = draft.state.session(command.session)
    if session is None:
        return nothing_asked(draft.state, command.session)
    if session.ends_at > now:
        return Rejection(Refusal.SESSION_NOT_OVER, str(command.session))
    if by in dict(session.answers):
        return Rejection(Refusal.ALREADY_ANSWERED)
    if problem := _pulse_problem(command):
        return problem
    if session.lies_ahead:
        end_session(draft, session.number, now)
    if command.review and command.session != draft.state.review_session:
        return Rejection(Refusal.REVIEW_NOT_DUE)
    measured = _pulse_at(draft.state, command.session)
    draft.add(SessionConfirmed(now, by, command.session, command.held, command.pulse, measured))
    problem = take_review(draft, command.review, by, now) if command.review else None
    _judge(draft, command.session, now)
    return problem


def _pulse_problem(command: ConfirmSession) -> Rejection | None:
    pulse = command.pulse
    if pulse is None:
        return None
    return rating_problem((pulse.useful, pulse.heard, *(() if pulse.safe is None else (pulse.safe,))))


def _pulse_at(state: Relationship, number: int) -> PulseAt:
    if number == state.review_session:
        return PulseAt.MID
    return PulseAt.DAY_30 if number == state.pulse_session else PulseAt.SESSION


def report_no_show(draft: Draft, command: ReportNoShow, by: Party, now: datetime) -> Rejection | None:
    """I was there, the other was not. The other is asked once the session's own time is over, and may still come."""
    session = draft.state.session(command.session)
    if session is None:
        return nothing_asked(draft.state, command.session)
    wait = draft.state.policy.sessions.no_show_after_minutes
    if now < session.starts_at + timedelta(minutes=wait):
        return Rejection(Refusal.STILL_TIME_TO_COME, str(wait))
    if by in dict(session.answers):
        return Rejection(Refusal.ALREADY_ANSWERED)
    draft.add(AbsenceReported(now, by, command.session))
    if session.lies_ahead and session.ends_at <= now:
        end_session(draft, command.session, now)
    _judge(draft, command.session, now)
    return None


def explain_absence(draft: Draft, command: ExplainAbsence, by: Party, now: datetime) -> Rejection | None:
    """What the one says who was missed: an emergency is excused, and a contested absence is a difference."""
    if draft.state.ask(Subject.ABSENCE, by, command.session) is None:
        return nothing_asked(draft.state, command.session)
    draft.add(AbsenceExplained(now, by, command.session, command.answer))
    session = draft.state.session(command.session)
    assert session
    if command.answer is AbsenceAnswer.WAS_HELD:
        dispute(draft, command.session, now)
    else:
        excused = command.answer is AbsenceAnswer.EMERGENCY
        settle(draft, session, now, SessionResult.EXCUSED if excused else SessionResult.NO_SHOW)
    return None


def lapse(draft: Draft, lapsed: AskLapsed, now: datetime) -> None:
    """Who was missed and says nothing did not come."""
    session = draft.state.session(lapsed.number)
    if session:
        settle(draft, session, now, SessionResult.NO_SHOW)


# --- outside of the plan ----------------------------------------------------------------------------------------


def log_session(draft: Draft, command: LogSession, by: Party, now: datetime) -> Rejection | None:
    """Note a session that nobody planned; the partner is asked. The one that lies ahead is not touched by it."""
    state = draft.state
    if len(state.logged) >= state.sessions_planned:
        return Rejection(Refusal.TOO_MANY, str(state.sessions_planned))
    if not LEAST_MINUTES <= command.minutes <= MOST_MINUTES:
        return Rejection(Refusal.MINUTES_OUT_OF_RANGE)
    if has_no_zone(command.starts_at):
        return Rejection(Refusal.NOT_A_DATE)
    if problem := _past_problem(state, command.starts_at, now):
        return problem
    ends_at = command.starts_at + timedelta(minutes=command.minutes)
    if ends_at > now:
        return Rejection(Refusal.NOT_IN_THE_PAST)
    if ends_at > state.ends_at:
        return Rejection(Refusal.AFTER_THE_END)
    if _is_known(state, command.starts_at, ends_at):
        return Rejection(Refusal.ALREADY_KNOWN)
    number = state.next_session
    draft.add(SessionLogged(now, by, number, command.starts_at, ends_at))
    ask(draft, now, Subject.SESSION, partner_of(by), state.policy.sessions.question, number)
    return None


def _past_problem(state: Relationship, starts_at: datetime, now: datetime) -> Rejection | None:
    days = state.policy.sessions.logged_within_days
    if starts_at >= now:
        return Rejection(Refusal.NOT_IN_THE_PAST)
    too_long_ago = now - starts_at > timedelta(days=days) or starts_at < (state.signed_at or state.opened_at)
    return Rejection(Refusal.TOO_LONG_AGO, str(days)) if too_long_ago else None


def _is_known(state: Relationship, starts_at: datetime, ends_at: datetime) -> bool:
    times = (*state.times, *((session.starts_at, session.ends_at) for session in state.sessions))
    return any(starts_at < end and start < ends_at for start, end in times)
