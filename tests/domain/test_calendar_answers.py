"""Calendars answer back: edge cases 12, 13 and 14, as questions to one person and never as a silent change."""

from datetime import datetime, timedelta

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.calendar_answers import MOST_QUESTIONS, REVISION_NOT_TOLD
from mentoring_lifecycle.domain.consequences import still_wanted
from mentoring_lifecycle.domain.effects import KeepEntry, RemoveEntry
from mentoring_lifecycle.domain.letters import MANNERS, CalendarMethod, LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.builders import ACTIVE, COORDINATOR, DAY, MENTEE, MENTOR, Life, life

HOUR = timedelta(hours=1)
Answer = c.CalendarAnswer
QUESTIONS = (LetterKind.CALENDAR_QUESTION, LetterKind.CALENDAR_QUESTION_REMINDER)


def booked() -> Life:
    """Session 1 lies ahead, in nine days."""
    lived = life().after(*ACTIVE)
    return lived.after(c.MoveSession(MENTOR, 1, lived.now + 9 * DAY))


def says(answer: Answer, at: datetime | None = None, *, by: str = MENTEE, revision: int = 1) -> c.NoteCalendar:
    """The mentee's calendar, about session 1 as it was told last."""
    return c.NoteCalendar(by, 1, revision, answer, at)


def explains(meant: bool, by: str = MENTEE) -> c.AnswerCalendarQuestion:
    return c.AnswerCalendarQuestion(by, 1, meant)


def asked() -> Life:
    """The mentee's entry is gone, and the mentee was asked."""
    return booked().after(says(Answer.DELETED))


def is_asked(lived: Life, party: Party = Party.MENTEE) -> bool:
    return lived.state.ask(e.Subject.CALENDAR, party, 1) is not None


# --- what a calendar says ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [Answer.ACCEPTED, Answer.TENTATIVE])
def test_a_yes_is_remembered_and_nobody_is_written_to(answer: Answer) -> None:
    """Per participant, as evidence."""
    lived = booked()
    effects = len(lived.effects)
    lived.after(says(answer))
    assert lived.session.replies == ((Party.MENTEE, answer),)
    assert len(lived.effects) == effects


@pytest.mark.parametrize("answer", [Answer.DECLINED, Answer.DELETED, Answer.MOVED, Answer.COUNTERED])
def test_case_12_what_differs_is_asked_of_that_person_alone(answer: Answer) -> None:
    """The session stays as it is, the partner hears nothing, and the letter says which difference it is about."""
    lived = booked()
    before, effects = lived.session, len(lived.effects)
    other = before.starts_at + DAY
    lived.after(says(answer, other))
    (letter,) = lived.effects[effects:]
    assert letter in lived.letters(LetterKind.CALENDAR_QUESTION, Party.MENTEE)
    (question,) = lived.letters(LetterKind.CALENDAR_QUESTION)
    assert question.facts.topic == answer
    assert question.facts.other_start == (other if answer in (Answer.MOVED, Answer.COUNTERED) else None)
    assert (lived.session.starts_at, lived.session.revision) == (before.starts_at, before.revision)


@pytest.mark.parametrize("answer", list(Answer))
def test_the_same_news_twice_changes_nothing(answer: Answer) -> None:
    """It is answered, with no new fact."""
    news = says(answer, booked().session.starts_at + DAY)
    lived = booked().after(news)
    assert lived.does(news) == ()


def test_an_entry_where_it_belongs_is_no_difference() -> None:
    """A calendar that says MOVED to the very time that is planned."""
    lived = booked()
    assert lived.does(says(Answer.MOVED, lived.session.starts_at)) == ()


def test_old_news_is_refused() -> None:
    """What a calendar says of an earlier version is about a session that is no more; a later or untold one counts."""
    lived = booked()
    assert lived.tries(says(Answer.DELETED, revision=0)) == Rejection(Refusal.STALE_REVISION, "1")
    for revision in (REVISION_NOT_TOLD, 1, 7):
        assert is_asked(booked().after(says(Answer.DELETED, revision=revision)))


def test_what_a_calendar_program_counts_by_itself_makes_old_news_no_newer() -> None:
    """The same deletion under another SEQUENCE is asked about once."""
    lived = asked().after(5 * DAY)
    lived.after(says(Answer.DELETED, revision=2), explains(meant=False))
    questions = len(lived.letters(LetterKind.CALENDAR_QUESTION))
    assert questions == 2
    stale = lived.tries(says(Answer.DELETED, revision=2))
    assert stale == Rejection(Refusal.STALE_REVISION, "1")


def test_a_session_that_began_is_no_longer_asked_about() -> None:
    """Whether it takes place is another question."""
    lived = booked()
    lived.after(lived.session.starts_at)
    assert lived.tries(says(Answer.DELETED)) == Rejection(Refusal.SESSION_OVER, "1")
    assert lived.tries(c.NoteCalendar(MENTEE, 9, 0, Answer.DELETED)) == Rejection(Refusal.UNKNOWN_SESSION, "9")


@pytest.mark.parametrize("at", [None, datetime(2027, 2, 1, 10)])  # noqa: DTZ001  # the very mistake that is refused
@pytest.mark.parametrize("answer", [Answer.MOVED, Answer.COUNTERED])
def test_another_time_must_be_an_instant(answer: Answer, at: datetime | None) -> None:
    """Nobody is asked about a time that cannot be said."""
    assert booked().tries(says(answer, at)) == Rejection(Refusal.NOT_A_DATE)


def test_a_yes_takes_back_what_the_calendar_said_before() -> None:
    """The question is withdrawn; a later no is news again."""
    lived = asked().after(says(Answer.ACCEPTED))
    assert not is_asked(lived)
    assert is_asked(lived.after(says(Answer.DELETED)))


def test_nobody_is_asked_for_ever() -> None:
    """A calendar that changes its mind all the time is left in peace after a few questions."""
    lived = booked()
    for _ in range(2 * MOST_QUESTIONS):
        lived.after(says(Answer.DECLINED), says(Answer.ACCEPTED))
    assert len(lived.letters(LetterKind.CALENDAR_QUESTION)) == MOST_QUESTIONS


def test_both_may_be_asked_about_the_same_session() -> None:
    """Each about their own calendar, each with an answer of their own."""
    lived = asked().after(says(Answer.DECLINED, by=MENTOR))
    assert is_asked(lived)
    assert is_asked(lived, Party.MENTOR)
    lived.after(explains(meant=False, by=MENTOR))
    assert is_asked(lived)
    assert not is_asked(lived, Party.MENTOR)


# --- what the person says ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [Answer.DELETED, Answer.DECLINED])
def test_a_deletion_that_was_meant_cancels_for_both(answer: Answer) -> None:
    """Neutrally to both, out of both calendars, and another time is looked for at once."""
    lived = booked().after(says(answer), explains(meant=True))
    (cancelled,) = lived.happened(e.SessionCancelled)
    assert (cancelled.why, cancelled.by) == (e.CancelReason.CANCELLED, Party.MENTEE)
    assert {effect.person for effect in lived.told(RemoveEntry)} == {MENTOR, MENTEE}
    one, other = lived.letters(LetterKind.SESSION_CANCELLED)
    assert one.facts.topic == other.facts.topic == "cancelled"
    assert not is_asked(lived)
    assert lived.state.next_session == 3, "the next one is booked already"


@pytest.mark.parametrize("answer", [Answer.MOVED, Answer.COUNTERED])
def test_a_move_that_was_meant_moves_for_both(answer: Answer) -> None:
    """To the time that the calendar showed; what was said of the old time is forgotten."""
    lived = booked()
    other = lived.session.starts_at + DAY
    lived.after(says(answer, other), explains(meant=True))
    assert lived.session.starts_at == other
    assert {entry.person for entry in lived.told(KeepEntry) if entry.starts_at == other} == {MENTOR, MENTEE}
    assert lived.session.differences == lived.session.replies == ()
    assert not is_asked(lived)


@pytest.mark.parametrize("notice", ["24", "48"])
def test_a_move_with_too_little_notice_is_for_a_human_hand(notice: str) -> None:
    """Less than the hours of rule R12 away, or past: the refusal says what to do, and the question stays open."""
    past = (*ACTIVE[:2], c.ProposeRules(MENTOR, (("R12", notice),)), c.SignRules(MENTEE, 2), *ACTIVE[-2:])
    lived = life().after(*past)
    near = lived.now + int(notice) * HOUR
    lived.after(says(Answer.MOVED, near, revision=0))
    assert lived.tries(explains(meant=True)) == Rejection(Refusal.TOO_LATE_TO_MOVE, notice)
    assert is_asked(lived)
    far = life().after(*past, says(Answer.MOVED, near + HOUR, revision=0))
    far.after(explains(meant=True))
    assert far.session.starts_at == near + HOUR


def test_what_was_not_meant_is_put_right_in_that_calendar_alone() -> None:
    """One entry and one letter, to that person, under a SEQUENCE of their own; the partner is invited to nothing."""
    lived = asked()
    effects = len(lived.effects)
    lived.after(explains(meant=False))
    letter, entry = lived.effects[effects:]
    assert isinstance(entry, KeepEntry)
    assert (entry.person, entry.revision, entry.starts_at) == (MENTEE, 2, lived.session.starts_at)
    assert letter in lived.letters(LetterKind.ENTRY_RESTORED, Party.MENTEE)
    assert (lived.session.sequence_of(Party.MENTEE), lived.session.sequence_of(Party.MENTOR)) == (2, 1)
    assert all(still_wanted(effect, lived.state) for effect in (letter, entry))


def test_after_a_repair_every_calendar_still_sees_sequences_rise() -> None:
    """A move, and the removal of everything, are newer than what either calendar was told."""
    lived = asked().after(explains(meant=False))
    lived.after(c.MoveSession(MENTOR, 1, lived.now + 12 * DAY), c.Pause(MENTOR))
    for person in (MENTOR, MENTEE):
        told = [x.revision for x in lived.effects if isinstance(x, KeepEntry | RemoveEntry) and x.person == person]
        assert told == sorted(set(told))
    mailed = [
        each for each in lived.letters(to=Party.MENTEE) if MANNERS[each.purpose].calendar is not CalendarMethod.NONE
    ]
    invited = [letter.facts.revision for letter in mailed if letter.facts.session == 1]
    assert invited == sorted(set(invited))


def test_silence_changes_nothing_and_puts_right_once() -> None:
    """Reminded once, then the session stands; whoever differs again in silence is not fought with."""
    lived = booked().after(says(Answer.DELETED))
    lived.after(2 * DAY)
    assert len(lived.letters(LetterKind.CALENDAR_QUESTION_REMINDER, Party.MENTEE)) == 1
    lived.after(3 * DAY)
    assert not is_asked(lived)
    assert len(lived.happened(e.EntryRestored)) == 1
    lived.after(says(Answer.DELETED, revision=2), lived.session.starts_at)
    assert len(lived.happened(e.EntryRestored)) == 1
    assert lived.session.repairs == (Party.MENTEE,)


def test_the_question_ends_when_the_session_begins() -> None:
    """No ladder outlives what it asks about, and nothing is put right for a session under way."""
    lived = life().after(*ACTIVE)
    lived.after(lived.session.starts_at - DAY, says(Answer.DELETED, revision=0))
    (ask,) = lived.state.asks
    assert (ask.expires_at, ask.remind_at) == (lived.session.starts_at, ())
    lived.after(lived.session.starts_at)
    assert not is_asked(lived)
    assert lived.happened(e.EntryRestored) == []


@pytest.mark.parametrize(
    "stop", [c.Pause(MENTOR), c.Hold(COORDINATOR), c.MoveSession(MENTOR, 1, life().now + 20 * DAY)]
)
def test_a_session_that_falls_or_moves_takes_its_question_along(stop: c.Command) -> None:
    """What is asked about a time that no longer applies is not answered any more, and its letters are dropped."""
    lived = asked()
    (question,) = lived.letters(LetterKind.CALENDAR_QUESTION)
    assert still_wanted(question, lived.state)
    lived.after(stop)
    assert not is_asked(lived)
    assert not still_wanted(question, lived.state)
    assert isinstance(lived.tries(explains(meant=True)), Rejection)


def test_an_answer_needs_a_question() -> None:
    """Nobody cancels by answering what was not asked, or twice."""
    assert booked().tries(explains(meant=True)) == Rejection(Refusal.NOTHING_ASKED, "1")
    assert asked().tries(explains(meant=True, by=MENTOR)) == Rejection(Refusal.NOTHING_ASKED, "1")
    assert asked().after(explains(meant=False)).tries(explains(meant=True)) == Rejection(Refusal.NOTHING_ASKED, "1")


def test_the_partner_never_learns_of_a_question() -> None:
    """Whatever the calendar said and whatever came of it."""
    for answer in (Answer.DELETED, Answer.DECLINED, Answer.MOVED, Answer.COUNTERED):
        for meant in (True, False):
            lived = booked()
            lived.after(says(answer, lived.session.starts_at + DAY), explains(meant=meant))
            assert not [letter for letter in lived.letters(to=Party.MENTOR) if letter.purpose in QUESTIONS]
            assert all(letter.facts.topic != answer for letter in lived.letters(to=Party.MENTOR))


def test_case_14_a_repair_is_one_effect_however_often_it_is_asked_for() -> None:
    """Keys and UID are made of business identity, so a retry or a replay finds its own entry."""
    one, two = (asked().after(explains(meant=False)) for _ in range(2))
    keys = [[effect.key for effect in lived.effects if isinstance(effect, KeepEntry)] for lived in (one, two)]
    assert keys[0] == keys[1]
    assert len(set(keys[0])) == len(keys[0])
    assert len({effect.uid for effect in one.told(KeepEntry)}) == 1


def test_a_standing_session_is_reminded_of_under_the_sequence_of_each_reader() -> None:
    """The letter of the one whose calendar was put right is not taken for an old one."""
    lived = asked().after(explains(meant=False))
    lived.after(lived.session.starts_at - HOUR)
    reminders = lived.letters(LetterKind.SESSION_REMINDER)
    assert [letter.party for letter in reminders] == list(PAIR)
    assert all(still_wanted(letter, lived.state) for letter in reminders)
