"""What one participant's calendar says about a session, and the question to that person where it says something else.

A calendar is evidence, never a command: an entry that was deleted, moved or declined becomes a question to whoever did
it, and to nobody else. While it is open nobody writes into that calendar; whoever stays silent keeps their calendar as
it is, and the session stands.
"""

from datetime import datetime

from mentoring_lifecycle.domain.asking import ask
from mentoring_lifecycle.domain.booking import (
    after_the_end,
    call_off,
    comes_late,
    moment_problem,
    move,
    not_ahead,
    until_the_start,
)
from mentoring_lifecycle.domain.commands import AnswerCalendarQuestion, CalendarAnswer, NoteCalendar
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import (
    AskLapsed,
    CalendarAnswered,
    CalendarDiffers,
    CalendarRestored,
    Subject,
)
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import Difference, Session

MOST_QUESTIONS = 2
"""About one session to one person. Whoever changes it once more after that is not asked again: nobody fights."""

_COMING = (CalendarAnswer.ACCEPTED, CalendarAnswer.TENTATIVE)
_TO_ANOTHER_TIME = (CalendarAnswer.MOVED, CalendarAnswer.COUNTERED)


def note_calendar(draft: Draft, command: NoteCalendar, by: Party, now: datetime) -> Rejection | None:
    """Take note of an answer, or ask about a difference. What is known already is refused and leaves no trace."""
    session = draft.state.session(command.session)
    if problem := not_ahead(session, command.session):
        return problem
    assert session
    if 0 <= command.revision < session.time_since:
        return Rejection(Refusal.STALE_REVISION, str(session.revision))
    if command.answer in _COMING:
        if (by, command.answer) in session.replies:
            return Rejection(Refusal.NOTHING_NEW)
        draft.add(CalendarAnswered(now, by, session.number, command.answer))
        return None
    found = _difference(command, by)
    if isinstance(found, Rejection):
        return found
    if problem := _not_a_time(found, now):
        return problem
    if _is_known(found, session):
        return Rejection(Refusal.NOTHING_NEW)
    _ask_about(draft, session, found, command.revision, now)
    return None


def _difference(command: NoteCalendar, by: Party) -> Difference | Rejection:
    if command.answer is CalendarAnswer.COUNTERED and command.starts_at is None:
        return Difference(by, CalendarAnswer.DECLINED)
    if command.answer in _TO_ANOTHER_TIME and command.starts_at is None:
        return Rejection(Refusal.NOT_A_DATE)
    return Difference(by, command.answer, command.starts_at if command.answer in _TO_ANOTHER_TIME else None)


def _not_a_time(found: Difference, now: datetime) -> Rejection | None:
    return moment_problem(found.starts_at, now) if found.starts_at else None


def _is_known(found: Difference, session: Session) -> bool:
    """It is being asked about, was asked about often enough, or is no difference at all."""
    asked = sum(difference.of is found.of for difference in session.differences)
    latest = next((each for each in reversed(session.differences) if each.of is found.of), None)
    still_open = latest is not None and latest.is_open and latest.says_the_same(found)
    return still_open or asked >= MOST_QUESTIONS or found.starts_at == session.starts_at


def _ask_about(draft: Draft, session: Session, found: Difference, revision: int, now: datetime) -> None:
    draft.add(CalendarDiffers(now, found.of, session.number, found.answer, found.starts_at, revision))
    ladder = until_the_start(draft.state.policy.sessions.calendar_question, session, now)
    ask(draft, now, Subject.CALENDAR, found.of, ladder, session.number)


def answer_calendar_question(
    draft: Draft, command: AnswerCalendarQuestion, by: Party, now: datetime
) -> Rejection | None:
    """It was meant: call the session off, or move it. It was not: the calendar is put right."""
    session = draft.state.session(command.session)
    if problem := not_ahead(session, command.session):
        return problem
    assert session
    found = session.open_difference(by)
    if found is None:
        return Rejection(Refusal.NO_CALENDAR_QUESTION, str(command.session))
    if not command.meant:
        draft.add(CalendarRestored(now, by, session.number))
        return None
    if found.starts_at is None:
        call_off(draft, session, by, now)
        return None
    if problem := _too_late(draft, session, found.starts_at, now):
        return problem
    move(draft, session, found.starts_at, by, now, late=False)
    return None


def _too_late(draft: Draft, session: Session, starts_at: datetime, now: datetime) -> Rejection | None:
    """With less notice than agreed a calendar moves nothing: that takes a word to the partner."""
    if problem := moment_problem(starts_at, now) or after_the_end(draft.state, session, starts_at):
        return problem
    is_late = comes_late(draft.state, min(session.starts_at, starts_at), now)
    return Rejection(Refusal.TOO_LATE_TO_MOVE, str(session.number)) if is_late else None


def lapse(draft: Draft, lapsed: AskLapsed, now: datetime) -> None:
    """Silence changes nothing: the session stands, and the calendar is left as its owner wanted it."""
