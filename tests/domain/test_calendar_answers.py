"""What people's own calendars say: an answer is remembered, a difference becomes a question to one person."""

from datetime import timedelta

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.effects import KeepEntry
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.builders import ACTIVE, DAY, MENTEE, MENTOR, START, Life, life

SAYS = c.CalendarAnswer


def shown(answer: SAYS, days: int | None = None, *, by: str = MENTEE, revision: int = 0) -> c.NoteCalendar:
    """What somebody's calendar shows of session 1."""
    return c.NoteCalendar(by, 1, revision, answer, None if days is None else START + days * DAY)


def questions(lived: Life) -> list[tuple[Party, str]]:
    return [(letter.party, letter.facts.topic) for letter in lived.letters(LetterKind.CALENDAR_QUESTION)]


@pytest.mark.parametrize("answer", [SAYS.ACCEPTED, SAYS.TENTATIVE])
def test_an_answer_is_remembered_and_writes_to_nobody(answer: SAYS) -> None:
    """Twice is once."""
    lived = life().after(*ACTIVE)
    before = len(lived.effects)
    lived.after(shown(answer))
    assert lived.tries(shown(answer)) == Rejection(Refusal.NOTHING_NEW)
    assert lived.session.replies == ((Party.MENTEE, answer),)
    assert len(lived.happened(e.CalendarAnswered)) == 1
    assert len(lived.effects) == before


@pytest.mark.parametrize(
    ("news", "topic"),
    [
        (shown(SAYS.DELETED), "deleted"),
        (shown(SAYS.DECLINED), "declined"),
        (shown(SAYS.MOVED, 8), "moved"),
        (shown(SAYS.COUNTERED, 9), "countered"),
        (shown(SAYS.COUNTERED), "declined"),
    ],
)
def test_a_difference_is_a_question_to_that_person_alone(news: c.NoteCalendar, topic: str) -> None:
    """Nothing changes, the partner hears nothing, and nobody writes into that calendar while it is open."""
    lived = life().after(*ACTIVE)
    session, entries = lived.session, len(lived.told(KeepEntry))
    lived.after(news)
    assert questions(lived) == [(Party.MENTEE, topic)]
    assert (lived.session.starts_at, lived.session.revision) == (session.starts_at, session.revision)
    assert len(lived.told(KeepEntry)) == entries


def test_the_same_difference_is_asked_about_once_and_another_one_instead() -> None:
    """A second pass over the calendars brings nothing new."""
    lived = life().after(*ACTIVE, shown(SAYS.MOVED, 8))
    assert lived.tries(shown(SAYS.MOVED, 8)) == Rejection(Refusal.NOTHING_NEW)
    assert len(questions(lived)) == 1
    lived.after(shown(SAYS.MOVED, 9))
    assert len([ask for ask in lived.state.asks if ask.subject is e.Subject.CALENDAR]) == 1
    assert lived.letters(LetterKind.CALENDAR_QUESTION)[-1].facts.times == (START + 9 * DAY,)


def test_nobody_is_asked_a_third_time_about_one_session() -> None:
    """A calendar that keeps changing is left alone: nobody fights."""
    lived = life().after(*ACTIVE)
    for days in (8, 9, 10, 11):
        lived.tries(shown(SAYS.MOVED, days))
    assert len(questions(lived)) == 2


@pytest.mark.parametrize("answer", [SAYS.DELETED, SAYS.DECLINED])
def test_what_was_meant_calls_the_session_off_for_both(answer: SAYS) -> None:
    """In the name of that person, with another time to be looked for."""
    lived = life().after(*ACTIVE, shown(answer), c.AnswerCalendarQuestion(MENTEE, 1, meant=True))
    (cancelled,) = lived.happened(e.SessionCancelled)
    assert (cancelled.by, cancelled.why) == (Party.MENTEE, e.CancelReason.CANCELLED)
    assert len(lived.letters(LetterKind.SESSION_CANCELLED)) == 2


def test_a_move_that_was_meant_moves_the_session_for_both() -> None:
    """With a revision above any that a calendar has shown."""
    lived = life().after(*ACTIVE, shown(SAYS.MOVED, 8, revision=3))
    lived.after(c.AnswerCalendarQuestion(MENTEE, 1, meant=True))
    assert (lived.session.starts_at, lived.session.revision) == (START + 8 * DAY, 4)
    assert len(lived.letters(LetterKind.SESSION_MOVED)) == 2


def test_a_change_that_was_not_meant_is_put_right_and_told_to_nobody() -> None:
    """Both calendars get the same higher revision; no mail asks anybody to come once more."""
    lived = life().after(*ACTIVE, shown(SAYS.MOVED, 8, revision=5))
    letters = len(lived.letters())
    lived.after(c.AnswerCalendarQuestion(MENTEE, 1, meant=False))
    restored = lived.told(KeepEntry)[-2:]
    assert [(entry.revision, entry.starts_at) for entry in restored] == [(6, lived.session.starts_at)] * 2
    assert len(lived.letters()) == letters
    assert lived.tries(shown(SAYS.ACCEPTED, revision=0)) != Rejection(Refusal.STALE_REVISION, "6")


def test_silence_leaves_the_session_and_the_calendar_as_they_are() -> None:
    """The session stands, and what a person did in their own calendar is theirs."""
    lived = life().after(*ACTIVE, shown(SAYS.DELETED), 4 * DAY)
    assert lived.session.number == 1
    assert lived.happened(e.CalendarRestored) == []
    assert not any(ask.subject is e.Subject.CALENDAR for ask in lived.state.asks)


def test_an_answer_to_an_earlier_time_is_stale() -> None:
    """Whoever accepted Tuesday has not accepted Thursday."""
    lived = life().after(*ACTIVE, shown(SAYS.ACCEPTED), c.MoveSession(MENTOR, 1, START + 9 * DAY))
    assert lived.session.replies == ()
    assert lived.tries(shown(SAYS.ACCEPTED, revision=0)) == Rejection(Refusal.STALE_REVISION, "1")
    lived.after(shown(SAYS.ACCEPTED, revision=1), shown(SAYS.ACCEPTED, revision=-1, by=MENTOR))
    assert {party for party, _ in lived.session.replies} == set(PAIR)


def test_a_move_or_an_end_takes_the_question_back() -> None:
    """Nobody is asked about a calendar that has been overtaken."""
    for end in (c.MoveSession(MENTOR, 1, START + 9 * DAY), c.CancelSession(MENTOR, 1), c.Exit(MENTOR), 8 * DAY):
        lived = life().after(*ACTIVE, 5 * DAY, shown(SAYS.DELETED), end)
        assert not any(ask.subject is e.Subject.CALENDAR for ask in lived.state.asks)


@pytest.mark.parametrize("stops", [c.CancelSession(MENTOR, 1), c.Exit(MENTOR)])
def test_a_cancellation_is_above_any_revision_that_a_calendar_has_shown(stops: c.Command) -> None:
    """A calendar that is ahead would not heed a lower one, and the session would stay in it."""
    lived = life().after(*ACTIVE, shown(SAYS.MOVED, 8, revision=5), stops)
    assert [event.revision for event in lived.happened(e.SessionCancelled)] == [6]


def test_a_wild_revision_is_not_followed() -> None:
    """A calendar that shows SEQUENCE two thousand million does not drag ours along."""
    lived = life().after(*ACTIVE, shown(SAYS.MOVED, 8, revision=2_000_000_000))
    lived.after(c.AnswerCalendarQuestion(MENTEE, 1, meant=False))
    assert lived.session.revision <= 101


def test_the_hour_of_a_reminder_comes_in_spite_of_a_question() -> None:
    """An open question about a calendar keeps nobody from being reminded."""
    lived = life().after(*ACTIVE, 4 * DAY, shown(SAYS.DELETED), timedelta(days=2, hours=1))
    assert len(lived.letters(LetterKind.SESSION_REMINDER)) == 2
