"""Sessions are booked by the rhythm or by hand, moved, called off, and other times are proposed for them."""

from datetime import timedelta

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.booking import booker
from mentoring_lifecycle.domain.effects import FindSlot, KeepEntry, RemoveEntry
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.policy import ProgrammePolicy, Sessions
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.builders import (
    ACTIVE,
    DAY,
    GOALS,
    MENTEE,
    MENTOR,
    ONBOARDED,
    WEEK,
    Life,
    asks_for_help,
    life,
)

HOUR = timedelta(hours=1)
BY_HAND = ProgrammePolicy(sessions=Sessions(booking="by_hand"))


def asked_to_book(lived: Life) -> list[Party]:
    return [ask.of for ask in lived.state.asks if ask.subject is e.Subject.BOOKING]


def late_in(lived: Life, before_start: timedelta = HOUR) -> Life:
    """So shortly before the session that lies ahead."""
    return lived.after(lived.session.starts_at - before_start)


# --- who books ----------------------------------------------------------------------------------------------------


def test_the_rhythm_books_by_itself() -> None:
    """No session waits for somebody to remember it."""
    lived = life().after(*ACTIVE)
    assert lived.session.number == 1
    assert asked_to_book(lived) == []


def test_where_a_programme_wants_it_the_senior_is_asked_for_a_time() -> None:
    """With times that would suit both, and a day after which the first of them is booked."""
    lived = life(BY_HAND).after(*ACTIVE)
    assert lived.state.planned_session is None
    assert asked_to_book(lived) == [Party.MENTEE]
    letter = lived.letters(LetterKind.BOOK_SESSION, Party.MENTEE)[-1]
    assert lived.state.pencilled in letter.facts.times
    assert letter.facts.deadline
    assert letter.facts.deadline < lived.state.pencilled
    assert lived.told(FindSlot)[-1].proposals == 3


def test_the_junior_books_where_the_pair_agreed_so() -> None:
    """R11 is the pair's own."""
    signed = (*ONBOARDED, c.ProposeRules(MENTOR, (("R11", "junior_books"),)), c.SignRules(MENTEE, 2))
    lived = life(BY_HAND).after(*signed, c.ProposeGoals(MENTOR, GOALS), c.AgreeGoals(MENTEE, 1, (3, 4)))
    assert booker(lived.state) is Party.MENTOR
    assert asked_to_book(lived) == [Party.MENTOR]


@pytest.mark.parametrize("by", [MENTEE, MENTOR])
def test_a_time_that_is_chosen_is_booked_for_both(by: str) -> None:
    """Either may choose; both are invited, and nobody is asked any more."""
    lived = life(BY_HAND).after(*ACTIVE)
    wished = lived.now + 10 * DAY
    lived.does(c.BookSession(by, 1, wished))
    assert lived.session.starts_at == wished
    assert len(lived.letters(LetterKind.SESSION_INVITATION)) == 2
    assert asked_to_book(lived) == []


def test_silence_books_the_time_that_was_found() -> None:
    """Whoever books is reminded once; then nothing depends on them any more."""
    lived = life(BY_HAND).after(*ACTIVE)
    pencilled = lived.state.pencilled
    lived.after(8 * DAY)
    assert lived.session.starts_at == pencilled
    assert len(lived.letters(LetterKind.BOOK_SESSION_REMINDER)) == 1


def test_there_is_nothing_to_book_where_a_session_is_booked() -> None:
    """The refusal says how a booked session is changed."""
    lived = life().after(*ACTIVE)
    assert lived.tries(c.BookSession(MENTEE, 1, lived.now + DAY)) == Rejection(Refusal.NOTHING_TO_BOOK, "1")


def test_nothing_is_booked_while_a_call_for_help_holds_the_sessions() -> None:
    """Neither by choice nor by silence."""
    lived = life(BY_HAND).after(*ACTIVE, asks_for_help(MENTOR, hold=True))
    assert lived.tries(c.BookSession(MENTEE, 1, lived.now + 10 * DAY)) == Rejection(Refusal.NOTHING_TO_BOOK, "1")
    lived.after(13 * DAY)
    assert lived.state.planned_session is None


# --- calling off --------------------------------------------------------------------------------------------------


def test_a_session_that_is_called_off_leaves_both_calendars_and_another_time_is_looked_for() -> None:
    """The one who books is asked; the number of sessions stays as agreed."""
    lived = life().after(*ACTIVE, c.CancelSession(MENTOR, 1))
    assert len(lived.letters(LetterKind.SESSION_CANCELLED)) == len(lived.told(RemoveEntry)) == 2
    assert asked_to_book(lived) == [Party.MENTEE]
    lived.after(10 * DAY)
    assert lived.session.number == 2
    assert lived.state.results == ()


def test_after_that_the_rhythm_books_again() -> None:
    """One session called off does not make a programme of booking by hand."""
    lived = life().after(*ACTIVE, c.CancelSession(MENTOR, 1), 12 * DAY)
    lived.until(lambda state: any(session.number == 3 for session in state.sessions))
    assert [event.number for event in lived.happened(e.Asked) if event.subject is e.Subject.BOOKING] == [2]


def test_two_in_a_row_called_off_suggest_a_talk_to_both() -> None:
    """R12; whoever called them off, the letter is the same to both and names nobody."""
    lived = life().after(*ACTIVE, c.CancelSession(MENTOR, 1), 10 * DAY, c.CancelSession(MENTEE, 2))
    assert [event.why for event in lived.happened(e.TalkSuggested)] == [e.TalkReason.CANCELLATIONS]
    assert [letter.facts.topic for letter in lived.letters(LetterKind.TALK_SUGGESTED)] == ["cancellations"] * 2


def test_a_session_that_took_place_ends_the_row() -> None:
    """Two cancellations with a session between them are no row."""
    lived = life().after(*ACTIVE, c.CancelSession(MENTOR, 1))
    lived.until(lambda state: any(not session.lies_ahead for session in state.sessions))
    lived.after(*(c.ConfirmSession(by, 2, held=True) for by in (MENTOR, MENTEE)), 6 * WEEK)
    lived.after(c.CancelSession(MENTEE, lived.session.number))
    assert lived.happened(e.TalkSuggested) == []


# --- notice, counted by side and by power -------------------------------------------------------------------------


@pytest.mark.parametrize(("before_start", "late"), [(23 * HOUR, 1), (25 * HOUR, 0)])
def test_a_move_with_less_notice_than_agreed_is_a_late_one(before_start: timedelta, late: int) -> None:
    """24 hours unless the pair agreed otherwise; counted for the side that moved."""
    lived = late_in(life().after(*ACTIVE), before_start)
    lived.does(c.MoveSession(MENTOR, 1, lived.now + WEEK))
    assert lived.state.changes_of(Party.MENTOR).late_moves == late
    assert lived.state.changes_of(Party.MENTEE).late_moves == 0


def test_the_notice_is_the_pairs_own() -> None:
    """R12 with 48 hours makes 30 hours late."""
    signed = (*ONBOARDED, c.ProposeRules(MENTOR, (("R12", "48"),)), c.SignRules(MENTEE, 2))
    lived = life().after(*signed, c.ProposeGoals(MENTOR, GOALS), c.AgreeGoals(MENTEE, 1, (3, 4)))
    late_in(lived, 30 * HOUR).does(c.CancelSession(MENTOR, 1))
    assert lived.state.changes_of(Party.MENTOR).late_cancelled == 1


def test_a_session_that_moves_again_and_again_suggests_a_talk_once() -> None:
    """More than two moves of one session, and both are invited to talk."""
    lived = life().after(*ACTIVE)
    for weeks in (2, 3, 4, 5):
        lived.does(c.MoveSession(MENTOR, 1, lived.now + weeks * WEEK))
    assert [event.why for event in lived.happened(e.TalkSuggested)] == [e.TalkReason.MOVES]


def test_a_senior_who_keeps_cancelling_is_raised_early_and_silently() -> None:
    """The coordinator hears of the second time; the pair hears nothing of it."""
    lived = life().after(*ACTIVE, c.CancelSession(MENTEE, 1))
    assert lived.letters(LetterKind.CHANGES_NOTED) == []
    lived.after(10 * DAY, c.CancelSession(MENTEE, 2))
    (letter,) = lived.letters(LetterKind.CHANGES_NOTED)
    assert (letter.party, letter.facts.concerned) == (Party.COORDINATOR, MENTEE)


def test_the_same_from_a_junior_is_not_raised() -> None:
    """Protection follows power: the junior's changes stay between the two."""
    lived = life().after(*ACTIVE, c.CancelSession(MENTOR, 1), 10 * DAY, c.CancelSession(MENTOR, 2))
    assert lived.letters(LetterKind.CHANGES_NOTED) == []


def test_power_and_not_the_role_decides_who_is_raised() -> None:
    """In traditional mentoring the senior is the mentor."""
    lived = life(reverse=False).after(*ACTIVE, c.CancelSession(MENTOR, 1), 10 * DAY, c.CancelSession(MENTOR, 2))
    assert [event.of for event in lived.happened(e.ChangesNoted)] == [Party.MENTOR]


# --- other times --------------------------------------------------------------------------------------------------


def proposed(by: str = MENTOR) -> Life:
    lived = life().after(*ACTIVE)
    return lived.after(c.ProposeTimes(by, 1, (lived.now + 9 * DAY, lived.now + 10 * DAY)))


def test_a_proposal_leaves_the_session_where_it_is_until_the_partner_chooses() -> None:
    """The partner alone is asked, with the times in their order."""
    lived = proposed()
    assert [letter.party for letter in lived.letters(LetterKind.TIMES_PROPOSED)] == [Party.MENTEE]
    assert lived.letters(LetterKind.TIMES_PROPOSED)[0].facts.times == lived.session.times
    assert lived.happened(e.SessionMoved) == []


def test_the_time_that_is_chosen_moves_the_session_for_both_and_is_nobodys_late_change() -> None:
    """Same identity, next revision, both calendars."""
    lived = late_in(life().after(*ACTIVE))
    second = lived.now + 10 * DAY
    lived.after(c.ProposeTimes(MENTOR, 1, (lived.now + 9 * DAY, second)), c.AnswerTimes(MENTEE, 1, 2))
    assert (lived.session.starts_at, lived.session.revision, lived.session.times) == (second, 1, ())
    assert [entry.revision for entry in lived.told(KeepEntry)] == [0, 0, 1, 1]
    assert lived.state.changes == ()


@pytest.mark.parametrize("answer", [c.AnswerTimes(MENTEE, 1, 0), 6 * DAY])
def test_no_or_silence_leaves_the_session_and_tells_the_proposer_alone(answer: c.AnswerTimes | timedelta) -> None:
    """Silence is no consent, and it is told like a no."""
    lived = proposed().after(answer)
    assert [letter.party for letter in lived.letters(LetterKind.TIMES_ANSWERED)] == [Party.MENTOR]
    assert lived.happened(e.SessionMoved) == []
    assert not any(ask.subject is e.Subject.TIMES for ask in lived.state.asks)


def test_a_counter_proposal_replaces_what_was_open() -> None:
    """Now the first proposer is asked, and nobody else."""
    lived = proposed()
    lived.does(c.ProposeTimes(MENTEE, 1, (lived.now + 12 * DAY,)))
    assert [(ask.of, ask.number) for ask in lived.state.asks if ask.subject is e.Subject.TIMES] == [(Party.MENTOR, 1)]
    assert lived.tries(c.AnswerTimes(MENTEE, 1, 1)) == Rejection(Refusal.NO_TIMES_TO_ANSWER, "1")
    lived.does(c.AnswerTimes(MENTOR, 1, 1))
    assert lived.session.revision == 1


def test_a_move_or_an_end_takes_the_question_back() -> None:
    """Nobody is asked about times of a session that has moved, been called off, or is over."""
    for end in (c.MoveSession(MENTEE, 1, proposed().now + 9 * DAY), c.CancelSession(MENTOR, 1), c.Exit(MENTOR)):
        lived = proposed().after(end)
        assert not any(ask.subject is e.Subject.TIMES for ask in lived.state.asks)
        assert lived.letters(LetterKind.TIMES_ANSWERED) == []
