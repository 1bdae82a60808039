"""When a session is: what was found is kept, told and reminded of; the pair's zone may change on the way."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.booking import FARTHEST
from mentoring_lifecycle.domain.consequences import still_wanted, wish_to_look
from mentoring_lifecycle.domain.effects import FindSlot, KeepEntry
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.builders import ACTIVE, COORDINATOR, DAY, MENTEE, MENTOR, START, WEEK, Life, life, whole_life

HOUR = timedelta(hours=1)


def wished() -> Life:
    """The first time has been asked for and not been found."""
    return life(silent=True).after(*ACTIVE)


def wish_of(lived: Life) -> FindSlot:
    wish = lived.unanswered[-1]
    assert isinstance(wish, FindSlot)
    return wish


# --- what is asked and what is found ----------------------------------------------------------------------------


def test_a_wish_says_all_that_is_to_be_heeded() -> None:
    """Both people, how long, until when, and how early both are reminded."""
    lived = wished()
    wish = wish_of(lived)
    assert wish.people == (MENTOR, MENTEE)
    assert (wish.minutes, wish.latest, wish.remind_before_hours) == (60, lived.state.ends_at, 24)
    assert wish.ask_after_minutes == 60
    assert (wish.proposals, wish.next_zone) == (0, "")
    later = life().after(*ACTIVE).until(lambda state: len(state.sessions) > 1).told(FindSlot)
    assert [each.minutes for each in later] == [60, 45]


def test_what_is_found_reaches_the_session_and_its_invitation() -> None:
    """The words about the time, and when both are reminded of it."""
    lived = wished()
    starts_at = lived.now + WEEK
    lived.after(c.RecordSlot(1, starts_at, starts_at - 3 * DAY, ("other_day",), (starts_at + DAY,)))
    assert (lived.session.remind_at, lived.session.notes) == (starts_at - 3 * DAY, ("other_day",))
    assert {letter.facts.notes for letter in lived.letters(LetterKind.SESSION_INVITATION)} == {("other_day",)}
    assert lived.happened(e.SlotFound)[0].proposals == (starts_at + DAY,)
    lived.passes(starts_at - 3 * DAY - HOUR)
    assert lived.letters(LetterKind.SESSION_REMINDER) == []
    lived.passes(starts_at - 3 * DAY)
    assert len(lived.letters(LetterKind.SESSION_REMINDER)) == 2


def test_a_reminder_that_would_come_with_the_invitation_comes_later() -> None:
    """Its hour had passed when the session was planned: a fixed time before the start is kept then."""
    lived = wished()
    starts_at = lived.now + 2 * DAY
    lived.after(c.RecordSlot(1, starts_at, lived.now - HOUR))
    assert lived.letters(LetterKind.SESSION_REMINDER) == []
    lived.passes(starts_at - DAY)
    assert len(lived.letters(LetterKind.SESSION_REMINDER)) == 2


def test_both_are_asked_at_the_hour_that_was_found_and_never_sooner_than_promised() -> None:
    """A worker of before finds none: then it is a fixed time after the end. An hour before that is none, either."""
    for found_after, asked_after in ((80, 80), (None, 60), (10, 60)):
        lived = wished()
        starts_at = lived.now + WEEK
        ends_at = starts_at + HOUR
        found = None if found_after is None else ends_at + timedelta(minutes=found_after)
        lived.after(c.RecordSlot(1, starts_at, starts_at - DAY, ask_at=found))
        asked_at = ends_at + timedelta(minutes=asked_after)
        lived.passes(asked_at - timedelta(seconds=1))
        assert lived.letters(LetterKind.SESSION_QUESTION) == []
        lived.passes(asked_at)
        assert len(lived.letters(LetterKind.SESSION_QUESTION)) == 2


def test_a_moved_session_is_asked_about_a_fixed_time_after_its_end() -> None:
    """As with the reminder: what was found belongs to the old time."""
    lived = wished()
    starts_at = lived.now + WEEK
    slot = c.RecordSlot(1, starts_at, None, ask_at=starts_at + 5 * HOUR)
    lived.after(slot, c.MoveSession(MENTOR, 1, starts_at + HOUR))
    lived.passes(starts_at + 3 * HOUR)
    assert len(lived.letters(LetterKind.SESSION_QUESTION)) == 2


def test_a_moved_session_is_reminded_of_a_fixed_time_before_its_start() -> None:
    """What was found about the old time says nothing about the new one."""
    lived = wished()
    starts_at = lived.now + WEEK
    lived.after(c.RecordSlot(1, starts_at, starts_at - 3 * DAY, ("gap",)), c.MoveSession(MENTOR, 1, starts_at + DAY))
    assert (lived.session.remind_at, lived.session.notes) == (None, ())
    lived.passes(starts_at)
    assert len(lived.letters(LetterKind.SESSION_REMINDER)) == 2


@pytest.mark.parametrize("days_late", [-3, -1, 1, 2, 3])
def test_the_rhythm_returns_after_a_session_on_another_day(days_late: int) -> None:
    """A holiday moves one session by days, and not every one after it: the nearer wished weekday is taken."""
    lived = wished()
    (wish,) = (each for each in lived.unanswered if isinstance(each, FindSlot))
    tuesday = datetime(2027, 1, 19, 9, tzinfo=UTC)
    assert wish.not_before <= tuesday
    lived.after(c.RecordSlot(1, tuesday + days_late * DAY))
    asked = wish_of(lived)
    assert asked.session == 2
    assert asked.not_before <= tuesday + 4 * WEEK < asked.not_before + WEEK


def test_gaps_stay_within_a_day_of_the_rhythm() -> None:
    """Invariant 7, through the change of clocks in March."""
    starts = [event.starts_at for event in whole_life().happened(e.SessionPlanned)]
    for before, after in pairwise(starts):
        assert abs(after - before - 4 * WEEK) <= DAY


# --- another zone -----------------------------------------------------------------------------------------------


def test_what_is_booked_stays_and_both_are_told_in_both_zones() -> None:
    """One letter each; nothing moves in any calendar."""
    lived = life().after(*ACTIVE)
    session, entries = lived.session, len(lived.told(KeepEntry))
    lived.after(c.ChangeZone(MENTEE, "America/New_York", lived.now))
    assert lived.session == session
    assert len(lived.told(KeepEntry)) == entries
    letters = lived.letters(LetterKind.ZONE_CHANGED)
    assert {letter.to for letter in letters} == {MENTOR, MENTEE}
    for letter in letters:
        assert (letter.facts.starts_at, letter.facts.session) == (session.starts_at, 1)
        assert (letter.facts.zone, letter.facts.old_zone) == ("America/New_York", "Europe/Rome")


def test_what_is_only_pencilled_is_found_again() -> None:
    """In the new zone, at the same wall time; and the earlier answer no longer counts."""
    lived = life().after(*ACTIVE)
    pencilled = lived.state.pencilled
    assert pencilled
    lived.after(c.ChangeZone(COORDINATOR, "America/New_York", lived.now))
    assert lived.state.pencilled == pencilled + 6 * HOUR
    assert [wish.zone for wish in lived.told(FindSlot)] == ["Europe/Rome", "Europe/Rome", "America/New_York"]
    lived.until(lambda state: len(state.sessions) > 1)
    assert lived.session.starts_at.astimezone(ZoneInfo("America/New_York")).hour == 10


def test_what_lies_before_the_change_is_left_alone() -> None:
    """A change in the summer moves nothing in the spring; from then on the new zone holds."""
    lived = life().after(*ACTIVE)
    pencilled, change = lived.state.pencilled, START + 12 * WEEK
    lived.after(c.ChangeZone(MENTEE, "Asia/Tokyo", change))
    assert lived.state.pencilled == pencilled
    assert lived.letters(LetterKind.ZONE_CHANGED)[0].facts.starts_at is None
    lived.lives_on()
    for event in lived.happened(e.SessionPlanned):
        zone = ZoneInfo("Asia/Tokyo" if event.starts_at >= change else "Europe/Rome")
        assert event.starts_at.astimezone(zone).hour == 10
    for entry in lived.told(KeepEntry):
        assert entry.zone == ("Asia/Tokyo" if entry.starts_at >= change else "Europe/Rome")


def test_a_time_found_for_the_old_zone_is_no_answer_to_the_new_question() -> None:
    """The first search is overtaken; only the newest one is still wanted."""
    lived = wished()
    old = wish_of(lived)
    lived.after(c.ChangeZone(MENTOR, "Asia/Tokyo", lived.now))
    new = wish_of(lived)
    assert not still_wanted(old, lived.state)
    assert still_wanted(new, lived.state)
    assert new.zone == "Asia/Tokyo"


def test_zones_may_change_again_and_back() -> None:
    """The last word counts, and saying what holds already changes nothing."""
    lived = life().after(*ACTIVE)
    lived.after(c.ChangeZone(MENTOR, "Asia/Tokyo", lived.now + WEEK), 2 * WEEK)
    assert lived.state.zone_at(lived.now) == "Asia/Tokyo"
    assert lived.does(c.ChangeZone(MENTEE, "Asia/Tokyo", lived.now)) == ()
    lived.after(c.ChangeZone(MENTEE, "Europe/Rome", lived.now - WEEK))
    assert (lived.state.zone, lived.state.next_zone, lived.state.next_zone_at) == ("Europe/Rome", "", None)
    assert lived.happened(e.ZoneChanged)[-1].starting == lived.now


@pytest.mark.parametrize(
    ("zone", "offset", "refusal"),
    [
        ("", 0, Refusal.UNKNOWN_ZONE),
        ("../etc/passwd", 0, Refusal.UNKNOWN_ZONE),
        ("Europe/Rome\n", 0, Refusal.UNKNOWN_ZONE),
        ("Città/Roma", 0, Refusal.UNKNOWN_ZONE),
        ("x" * 65, 0, Refusal.UNKNOWN_ZONE),
        ("Europe/London", FARTHEST.days + 1, Refusal.TOO_FAR_AHEAD),
    ],
)
def test_what_is_no_zone_or_no_date_is_refused(zone: str, offset: int, refusal: Refusal) -> None:
    """By shape alone: which zones there are is known at the edges. Nothing a person wrote is repeated."""
    lived = life().after(*ACTIVE)
    judged = lived.tries(c.ChangeZone(MENTOR, zone, lived.now + offset * DAY))
    assert isinstance(judged, Rejection)
    assert judged.code is refusal
    assert zone not in judged.detail or not zone


def test_an_instant_needs_its_zone() -> None:
    """A time on a clock somewhere is no instant."""
    naive = datetime(2027, 3, 1, 10)  # noqa: DTZ001 -- that is the point
    judged = life().tries(c.ChangeZone(MENTOR, "Europe/London", naive))
    assert judged == Rejection(Refusal.NOT_A_DATE)


def test_in_a_pause_the_team_may_and_in_a_hold_nobody_is_written_to() -> None:
    """The pair is stopped; the programme team is not."""
    lived = life().after(*ACTIVE, c.Pause(MENTOR))
    assert lived.tries(c.ChangeZone(MENTOR, "Asia/Tokyo", lived.now)) == Rejection(Refusal.PAUSED)
    lived.after(c.ChangeZone(COORDINATOR, "Asia/Tokyo", lived.now), c.Hold(COORDINATOR))
    written = len(lived.letters(LetterKind.ZONE_CHANGED))
    lived.after(c.ChangeZone(COORDINATOR, "Europe/London", lived.now), c.Lift(COORDINATOR), c.Resume(MENTOR))
    assert len(lived.letters(LetterKind.ZONE_CHANGED)) == written == 2
    assert wish_zone(lived) == "Europe/London"


def wish_zone(lived: Life) -> str:
    return lived.told(FindSlot)[-1].zone


# --- looking ----------------------------------------------------------------------------------------------------


def test_looking_asks_around_the_session_that_is_planned() -> None:
    """By number, or for the next one; never sooner than it could be reminded of."""
    lived = life().after(*ACTIVE)
    look = wish_to_look(lived.state, 0, lived.now, 3)
    assert look
    assert look == wish_to_look(lived.state, 1, lived.now, 3)
    assert look.session == 1
    assert (look.proposals, look.minutes) == (3, 60)
    assert look.not_before <= lived.session.starts_at < look.not_before + WEEK
    late = wish_to_look(lived.state, 1, lived.session.starts_at - HOUR, 3)
    assert late
    assert late.not_before == lived.session.starts_at + 23 * HOUR


@pytest.mark.parametrize("past", [(), (*ACTIVE, c.Exit(MENTOR)), (*ACTIVE, 60 * WEEK)])
def test_where_no_session_can_be_there_is_nothing_to_look_for(past: tuple[c.Command | timedelta, ...]) -> None:
    """Before the sessions begin, and once it ends."""
    lived = life().after(*past)
    assert wish_to_look(lived.state, 0, lived.now, 3) is None
    assert wish_to_look(lived.state, 7, lived.now, 3) is None
