"""Act six: the end comes by itself, is announced, looks back, and leaves nothing behind."""

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.close_out import earned_outcome
from mentoring_lifecycle.domain.effects import KeepEntry, RemoveEntry, VerifyCalendar
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.lifecycle import report
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.relationship import Relationship
from tests.builders import (
    ACTIVE,
    COORDINATOR,
    DAY,
    GOALS,
    MENTEE,
    MENTOR,
    ONBOARDED,
    SIGNED,
    WEEK,
    Life,
    Step,
    at_the_end,
    feedback,
    life,
    patient,
    whole_life,
)


def closing(past: tuple[Step, ...] = ACTIVE) -> Life:
    return life(patient()).after(*past).until(lambda state: state.phase is e.Phase.CLOSING)


def rarely_meeting() -> Life:
    """A pair that meets every eight weeks: the fourth session falls into the last two weeks."""
    slow = c.ProposeGoals(MENTOR, GOALS, every_weeks=8)
    return life(patient()).after(*SIGNED, slow, c.AgreeGoals(MENTEE, 1, (3, 4)))


def left_with_calendars_unproven() -> Life:
    """Somebody has left, and no calendar answers."""
    silent = life(silent=True).after(*ACTIVE)
    return silent.after(c.RecordSlot(1, silent.now + WEEK), c.Exit(MENTEE))


def test_the_end_is_announced_two_weeks_ahead_by_itself() -> None:
    """At T-14, to the second, both are told, and sessions go on until the last day."""
    lived = closing()
    assert lived.now == lived.state.ends_at - 14 * DAY
    assert [letter.party for letter in lived.letters(LetterKind.CLOSING_NOTICE)] == list(PAIR)
    assert {letter.facts.deadline for letter in lived.letters(LetterKind.CLOSING_NOTICE)} == {lived.state.ends_at}


def decides_or_closes(state: Relationship) -> bool:
    """The coordinator is asked, or the end is announced."""
    return state.phase is e.Phase.CLOSING or bool(state.ask(e.Subject.DECISION, Party.COORDINATOR))


@pytest.mark.parametrize("past", [ONBOARDED, SIGNED])
def test_the_end_comes_to_who_never_got_further(past: tuple[Step, ...]) -> None:
    """Patient coordinators cannot keep a relationship open beyond its last day."""
    lived = life().after(*past)
    while lived.until(decides_or_closes).state.asks:
        lived.after(c.Decide(COORDINATOR, c.Choice.MORE_TIME))
    lived.lives_on()
    assert lived.state.outcome is e.RelationshipOutcome.INACTIVE


def test_the_last_day_asks_both_to_look_back() -> None:
    """On the last day, to the second, both are asked for final feedback and nothing planned is left."""
    lived = at_the_end()
    assert lived.now == lived.state.ends_at
    assert [letter.party for letter in lived.letters(LetterKind.FINAL_FEEDBACK)] == list(PAIR)
    assert lived.state.planned_session is None


def test_a_session_that_ends_with_the_last_day_still_counts() -> None:
    """It is asked about together with the look back, and one confirmation of each holds it."""
    lived = rarely_meeting().until(lambda state: state.phase is e.Phase.CLOSING)
    number, length = lived.session.number, lived.session.ends_at - lived.session.starts_at
    lived.after(c.MoveSession(MENTOR, number, lived.state.ends_at - length)).until(lambda state: state.end_reached)
    assert lived.happened(e.SessionCancelled) == []
    lived.after(c.ConfirmSession(MENTOR, number, held=True), c.ConfirmSession(MENTEE, number, held=True))
    assert (number, e.SessionResult.HELD) in lived.state.results


def test_two_answers_close_it() -> None:
    """The second feedback closes the relationship at once, as completed when it was earned."""
    lived = whole_life()
    assert lived.state.outcome is e.RelationshipOutcome.COMPLETED
    assert lived.now == lived.state.ends_at
    assert [letter.party for letter in lived.letters(LetterKind.FAREWELL)] == list(PAIR)


def test_who_stays_silent_does_not_keep_the_other_waiting() -> None:
    """Reminded after one and two weeks, and closed after three with one answer."""
    lived = at_the_end().after(feedback(MENTOR))
    end = lived.now
    lived.lives_on()
    reminders = lived.letters(LetterKind.FINAL_FEEDBACK_REMINDER)
    assert [(letter.party, letter.decided_at - end) for letter in reminders] == [
        (Party.MENTEE, 7 * DAY),
        (Party.MENTEE, 14 * DAY),
    ]
    assert lived.happened(e.Closed)[0].at - end == 21 * DAY


@pytest.mark.parametrize(
    ("mentor", "mentee", "shown"), [(True, True, True), (True, False, False), (False, False, False)]
)
def test_staying_in_touch_is_shown_only_when_both_wish_it(mentor: bool, mentee: bool, shown: bool) -> None:
    """A one-sided wish stays private."""
    lived = at_the_end().after(feedback(MENTOR, keep_in_touch=mentor), feedback(MENTEE, keep_in_touch=mentee))
    assert {letter.facts.keep_in_touch for letter in lived.letters(LetterKind.FAREWELL)} == {shown}
    assert lived.letters(LetterKind.CLOSED_NOTE)[0].facts.keep_in_touch is False


def test_completed_is_earned_and_not_dated() -> None:
    """Without sessions that took place the last day brings no completion."""
    lived = at_the_end().after(feedback(MENTOR), feedback(MENTEE))
    assert lived.state.outcome is e.RelationshipOutcome.INACTIVE


def test_closing_settles_what_was_still_open() -> None:
    """A last session that nobody has answered about yet is among the results when it closes."""
    lived = rarely_meeting().until(lambda state: state.end_reached)
    assert [session.number for session in lived.state.sessions] == [4]
    lived.after(feedback(MENTOR), feedback(MENTEE))
    assert lived.state.results[-1] == (4, e.SessionResult.UNKNOWN)


# --- the clean-up -----------------------------------------------------------------------------------------------


def test_it_closes_only_when_both_calendars_are_proven_clean() -> None:
    """The last proof closes it; one alone does not."""
    lived = left_with_calendars_unproven()
    checks = [wish for wish in lived.unanswered if isinstance(wish, VerifyCalendar)]
    assert [check.person for check in checks] == [MENTOR, MENTEE]
    lived.answer(checks[0])
    assert lived.state.is_ending
    assert not lived.state.is_closed
    lived.answer(checks[1])
    assert lived.happened(e.Closed)[0].calendars_clean


@pytest.mark.parametrize("clean", [True, False])
def test_a_calendar_that_is_not_clean_is_said_so(clean: bool) -> None:
    """It closes all the same, and the last fact tells the truth."""
    lived = left_with_calendars_unproven()
    for check in [wish for wish in lived.unanswered if isinstance(wish, VerifyCalendar)]:
        lived.answer(check, clean=clean)
    assert lived.happened(e.Closed)[0].calendars_clean is clean


def test_a_calendar_that_never_answers_delays_the_close_a_week_and_no_longer() -> None:
    """After seven days it closes without the proof."""
    lived = left_with_calendars_unproven()
    left_at = lived.now
    lived.lives_on()
    (closed,) = lived.happened(e.Closed)
    assert closed.at - left_at == 7 * DAY
    assert not closed.calendars_clean


def test_where_no_calendar_was_touched_it_closes_at_once() -> None:
    """Before the first session there is nothing to prove."""
    lived = life(silent=True).after(*SIGNED, c.Exit(MENTOR))
    assert lived.state.is_closed
    assert lived.told(VerifyCalendar) == []
    assert lived.happened(e.Closed)[0].calendars_clean


def test_nothing_planned_survives_in_a_calendar() -> None:
    """Every entry ahead of the close has its removal, with a higher revision."""
    lived = life().after(*ACTIVE, DAY, c.Exit(MENTOR))
    kept = {(entry.person, entry.uid): entry.revision for entry in lived.told(KeepEntry)}
    removed = {(entry.person, entry.uid): entry.revision for entry in lived.told(RemoveEntry)}
    assert kept.keys() == removed.keys()
    assert all(removed[entry] > kept[entry] for entry in kept)


# --- afterwards -------------------------------------------------------------------------------------------------

LATE = [
    c.RecordSlot(2, life().now + WEEK),
    c.RecordCalendarVerified(Party.MENTOR, clean=False),
    c.RecordAddressFailed(Party.MENTOR),
]


@pytest.mark.parametrize("found", LATE, ids=lambda found: found.kind)
def test_closed_is_final(found: c.Report) -> None:
    """No late news changes a closed relationship."""
    lived = whole_life()
    assert report(lived.state, found, lived.now + DAY) == ()


def test_the_coordinator_gets_a_note_without_goals_or_wishes() -> None:
    """How it ended and how many sessions took place; nothing the pair wrote."""
    (note,) = whole_life().letters(LetterKind.CLOSED_NOTE)
    assert (note.party, note.facts.topic, note.facts.sessions_held, note.facts.goals) == (
        Party.COORDINATOR,
        "completed",
        6,
        (),
    )


def test_a_failed_address_is_told_to_the_coordinator_once() -> None:
    """The second bounce of the same person is no news; one of the team is nobody's letter."""
    failed = c.RecordAddressFailed(Party.MENTEE)
    lived = life().after(*ACTIVE, failed, failed, c.RecordAddressFailed(Party.BACKUP))
    (letter,) = lived.letters(LetterKind.ADDRESS_FAILED)
    assert (letter.party, letter.facts.concerned) == (Party.COORDINATOR, MENTEE)
    assert lived.state.failed_addresses == (Party.MENTEE, Party.BACKUP)


def test_an_outcome_is_earned_by_halves() -> None:
    """The claim that the close is judged by, on its own."""
    assert earned_outcome(whole_life().state) is e.RelationshipOutcome.COMPLETED
    assert earned_outcome(life().state) is e.RelationshipOutcome.INACTIVE
