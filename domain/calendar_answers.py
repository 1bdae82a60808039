"""Calendars answer back: a yes is remembered, and whatever differs becomes a question to that person alone.

The schedule is true and a calendar is evidence, so nothing here changes a session without somebody's own word, the
partner learns nothing of a question, and a calendar is put right once and not fought over.
"""

from datetime import datetime, timedelta

from mentoring_lifecycle.domain.commands import AnswerCalendarQuestion, CalendarAnswer, MoveSession, NoteCalendar
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import (
    Asked,
    AskLapsed,
    CalendarAnswered,
    CalendarDiffers,
    CalendarExplained,
    EntryRestored,
    Subject,
)
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import Difference, Relationship, Session
from mentoring_lifecycle.domain.sessions import cancel_session, moment_problem, move_session, not_ahead

MOST_QUESTIONS = 3
"""About one session, to one person; afterwards their calendar is their own."""
REVISION_NOT_TOLD = -1

_CONSENT = (CalendarAnswer.ACCEPTED, CalendarAnswer.TENTATIVE)
_WITH_A_TIME = (CalendarAnswer.MOVED, CalendarAnswer.COUNTERED)


# --- what a calendar says ---------------------------------------------------------------------------------------


def note_calendar(draft: Draft, command: NoteCalendar, by: Party, now: datetime) -> Rejection | None:
    """Take note of what a calendar says about a session that lies ahead; the same news twice changes nothing."""
    session = draft.state.session(command.session)
    if problem := _not_to_come(session, command.session, now) or _without_its_time(command):
        return problem
    assert session
    if command.revision != REVISION_NOT_TOLD and command.revision < session.sequence_of(by):
        return Rejection(Refusal.STALE_REVISION, str(command.session))
    if command.answer in _CONSENT:
        _note_consent(draft, session, command.answer, by, now)
    else:
        _note_difference(draft, session, command, by, now)
    return None


def _not_to_come(session: Session | None, number: int, now: datetime) -> Rejection | None:
    if session and session.starts_at <= now:
        return Rejection(Refusal.SESSION_OVER, str(number))
    return not_ahead(session, number)


def _without_its_time(command: NoteCalendar) -> Rejection | None:
    at = command.starts_at
    if command.answer in _WITH_A_TIME and (at is None or at.tzinfo is None or at.utcoffset() is None):
        return Rejection(Refusal.NOT_A_DATE)
    return None


def _note_consent(draft: Draft, session: Session, answer: CalendarAnswer, by: Party, now: datetime) -> None:
    is_known = (by, answer) in session.replies and session.difference_of(by) is None
    if not is_known:
        draft.add(CalendarAnswered(now, by, session.number, answer))


def _note_difference(draft: Draft, session: Session, command: NoteCalendar, by: Party, now: datetime) -> None:
    starts_at = command.starts_at if command.answer in _WITH_A_TIME else None
    if starts_at == session.starts_at or draft.state.ask(Subject.CALENDAR, by, session.number):
        return
    # Under the revision that we told: what a calendar program counts by itself must not make old news look new.
    revision = session.sequence_of(by)
    if Difference(by, command.answer, starts_at, revision) in session.differences:
        return
    if session.calendar_questions.count(by) >= MOST_QUESTIONS:
        return
    draft.add(CalendarDiffers(now, by, session.number, command.answer, starts_at, revision))
    _ask(draft, session, by, now)


def _ask(draft: Draft, session: Session, of: Party, now: datetime) -> None:
    """The question ends before the session begins: then it stands."""
    ladder = draft.state.policy.sessions.calendar_question
    expires_at = min(now + timedelta(days=ladder.expires_after_days), session.starts_at)
    reminders = tuple(now + timedelta(days=days) for days in ladder.remind_after_days)
    remind_at = tuple(at for at in reminders if at < expires_at)
    draft.add(Asked(now, Subject.CALENDAR, of, session.number, remind_at, expires_at))


# --- what the person says ---------------------------------------------------------------------------------------


def answer_calendar_question(
    draft: Draft, command: AnswerCalendarQuestion, by: Party, now: datetime
) -> Rejection | None:
    """It was meant so: the session is called off or moved for both. It was not: the session stands."""
    session = draft.state.session(command.session)
    if problem := not_ahead(session, command.session):
        return problem
    assert session
    difference = session.difference_of(by)
    if difference is None or draft.state.ask(Subject.CALENDAR, by, session.number) is None:
        return Rejection(Refusal.NOTHING_ASKED, str(command.session))
    draft.add(CalendarExplained(now, by, session.number, command.meant))
    if not command.meant:
        _let_stand(draft, session, by, now)
    elif difference.starts_at is None:
        cancel_session(draft, session, by, now)
    else:
        return _move(draft, session, by, difference.starts_at, now)
    return None


def _move(draft: Draft, session: Session, by: Party, to: datetime, now: datetime) -> Rejection | None:
    hours = hours_of_notice(draft.state)
    if moment_problem(to, now + timedelta(hours=hours)):
        return Rejection(Refusal.TOO_LATE_TO_MOVE, str(hours))
    return move_session(draft, MoveSession(draft.state.person(by), session.number, to), by, now)


def hours_of_notice(state: Relationship) -> int:
    """How long before a session the pair wants to hear of a change: ground rule R12."""
    agreed = dict(state.rules_values).get("R12", "")
    return int(agreed) if agreed.isdecimal() else 24


def lapse(draft: Draft, lapsed: AskLapsed, now: datetime) -> None:
    """Silence changes nothing: the session stands. A calendar that differs again after that is left in peace."""
    session = draft.state.session(lapsed.number)
    if session and lapsed.of not in session.repairs:
        _let_stand(draft, session, lapsed.of, now)


def _let_stand(draft: Draft, session: Session, of: Party, now: datetime) -> None:
    if session.lies_ahead and session.starts_at > now:
        draft.add(EntryRestored(now, of, session.number))
