"""What is due to many at the same hour comes to each pair at its own moment, in hours that suit its people."""

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mentoring_lifecycle.activities.letters import QUIET
from mentoring_lifecycle.activities.spread import Spread
from mentoring_lifecycle.activities.timetable import Timetable
from mentoring_lifecycle.activities.working_time import next_time_to_write, question_time, reminder_time
from mentoring_lifecycle.contracts.deliveries import Delivery, Outcome
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.domain.effects import FindSlot
from mentoring_lifecycle.domain.letters import MANNERS, LetterKind
from mentoring_lifecycle.gateways.memory import MemoryFreeDays, MemoryPeople

from .conftest import Desk, letter
from .test_working_time import DAY, HOUR, Span, Two, at, may_be_written_to, pairs

MINUTE = timedelta(minutes=1)
WINDOW = 30 * MINUTE
MANY = [f"r-{number}" for number in range(2_000)]
TUESDAY = at("2027-03-02T10:00")
EIGHT = datetime(2027, 3, 3, 7, tzinfo=UTC)
"""Of the next morning in Rome."""


def whole(window: timedelta = WINDOW) -> st.SearchStrategy[Spread]:
    """Any place in a window."""
    return st.builds(Spread, st.just(window), st.floats(0, 1, exclude_max=True))


# --- a place of its own -----------------------------------------------------------------------------------------


def test_a_place_is_the_same_for_ever() -> None:
    """Written down: another way of drawing it would move everybody's letters on the day of a release."""
    assert [Spread.of(each, WINDOW).part_of(DAY) for each in MANY[:3]] == [
        timedelta(minutes=14, seconds=53),
        timedelta(minutes=25, seconds=42),
        timedelta(minutes=26, seconds=47),
    ]


def test_it_does_not_depend_on_the_process() -> None:
    """As `hash()` does, whose seed every process draws anew."""
    code = (
        "from mentoring_lifecycle.activities.spread import Spread as S; from datetime import timedelta as t; "
        "print([S.of(f'r-{n}', t(1)).part_of(t(1)).total_seconds() for n in range(50)])"
    )
    told = [
        subprocess.run(
            [sys.executable, "-P", "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]


def test_a_herd_is_spread_evenly() -> None:
    """Two thousand pairs in half an hour are 67 a minute; no minute has more than half as many again."""
    minutes = Counter(Spread.of(each, WINDOW).part_of(DAY) // MINUTE for each in MANY)
    assert set(minutes) == set(range(30))
    assert max(minutes.values()) <= 1.5 * len(MANY) / 30


@given(whole(), st.timedeltas(-HOUR, DAY))
def test_less_room_squeezes_the_window_and_nobody_out_of_it(spread: Spread, room: timedelta) -> None:
    """Never beyond the room, nor beyond the window; where there is no room, at the hour itself."""
    part = spread.part_of(room)
    assert timedelta() <= part <= max(timedelta(), min(room, WINDOW))
    assert part < room or part == timedelta()


# --- in hours that suit -----------------------------------------------------------------------------------------


@given(pairs(), st.integers(1, 72), whole())
def test_a_reminder_stays_in_the_hours_that_were_found_for_it(
    given_: tuple[Two, FindSlot, list[Span]], hours: int, spread: Spread
) -> None:
    """Earlier by the window at most, and when both may be written to."""
    two, asked, _ = given_
    starts_at = asked.not_before + 5 * DAY
    at_its_hour = reminder_time(starts_at, hours, two.habits())
    found = reminder_time(starts_at, hours, two.habits(), spread)
    assert (found is None) == (at_its_hour is None)
    if found and at_its_hour:
        assert at_its_hour - WINDOW <= found <= at_its_hour
        assert all(may_be_written_to(each.person, two.off[each.person.id], found) for each in two.habits())


@given(pairs(), st.integers(0, 72), whole())
def test_a_question_is_put_later_and_never_at_night(
    given_: tuple[Two, FindSlot, list[Span]], hours: int, spread: Spread
) -> None:
    """Where its hour suits both; else it is left to each one's own morning."""
    two, asked, _ = given_
    wished = asked.not_before + hours * HOUR
    found = question_time(wished, two.habits(), spread)
    if found:
        assert wished < found <= wished + WINDOW
        for instant in (wished, found):
            assert all(may_be_written_to(each.person, two.off[each.person.id], instant) for each in two.habits())


@given(pairs(), st.integers(0, 200), st.integers(0, 200), whole())
def test_a_letter_that_waits_leaves_in_the_course_of_its_first_hours(
    given_: tuple[Two, FindSlot, list[Span]], hours: int, promised_in: int, spread: Spread
) -> None:
    """Never before they begin, never after they end, never after the moment that it promises, where it can be kept."""
    two, asked, _ = given_
    habits, now = two.habits()[0], asked.not_before
    not_after, promised = now + hours * HOUR, now + promised_in * HOUR
    begins = next_time_to_write(habits, now, not_after)
    found = next_time_to_write(habits, now, not_after, spread, promised)
    assert (found is None) == (begins is None)
    if found and begins:
        assert begins <= found <= begins + WINDOW
        assert found <= not_after
        assert found == begins or found <= promised
        assert found == now or begins > now
        if may_be_written_to(habits.person, two.off[habits.person.id], begins):
            assert may_be_written_to(habits.person, two.off[habits.person.id], found)


async def test_a_morning_is_shared_by_all_pairs_and_kept_by_each(desk: Desk) -> None:
    """What waited overnight leaves between eight and half past, and on the way there no sooner and no later."""
    desk.window = WINDOW
    desk.now = EIGHT - 8 * HOUR
    (waits,) = await desk.deliver(letter(LetterKind.INVITATION))
    own = Spread.of("r-1", WINDOW).part_of(DAY)
    assert waits == Delivery(waits.key, Outcome.DELAYED, QUIET, int((8 * HOUR + own).total_seconds()))
    assert timedelta() < own < WINDOW
    desk.now = EIGHT + own
    assert [each.outcome for each in await desk.deliver(letter(LetterKind.INVITATION))] == [Outcome.ACCEPTED]


async def test_by_day_and_in_a_hurry_nothing_is_spread(desk: Desk) -> None:
    """Whoever acts is answered at once, and what must be known at once does not wait for a morning."""
    desk.window = WINDOW
    assert [each.outcome for each in await desk.deliver(letter(LetterKind.INVITATION))] == [Outcome.ACCEPTED]
    desk.now = EIGHT - 8 * HOUR
    at_once = [letter(kind) for kind in LetterKind if not MANNERS[kind].waits_for_day]
    results = [result for each in at_once for result in await desk.deliver(each)]
    assert len(results) == len(at_once) > 0
    assert Outcome.DELAYED not in {each.outcome for each in results}


async def test_a_promise_is_older_than_the_spread(desk: Desk) -> None:
    """“Please answer by five past eight” arrives before that."""
    desk.window, desk.now = WINDOW, EIGHT - 8 * HOUR
    asked = letter(LetterKind.RULES_TO_SIGN)
    soon = replace(asked, facts=replace(asked.facts, deadline=EIGHT + 5 * MINUTE))
    (waits,) = await desk.deliver(soon)
    assert EIGHT <= desk.now + timedelta(seconds=waits.retry_after_seconds) < EIGHT + 5 * MINUTE


async def test_those_who_meet_at_the_same_hour_are_reminded_and_asked_at_hours_of_their_own() -> None:
    """Of two thousand Tuesdays at ten: reminded in the half hour before Monday's ten, asked in the one after noon."""
    people = [Person(name, name, f"{name}@pair.example", "en", "Europe/Rome", 2) for name in ("mia", "ed")]
    timetable = Timetable(MemoryPeople(people), MemoryFreeDays(), window=WINDOW)
    wish = FindSlot("k", 1, TUESDAY - 5 * DAY, 1, "10:00", "Europe/Rome", ("mia", "ed"), 60)
    wish = replace(wish, remind_before_hours=24, ask_after_minutes=60)
    slots = [await timetable.find(each, wish) for each in MANY]
    assert {slot.starts_at for slot in slots} == {TUESDAY}
    reminded = Counter((TUESDAY - DAY - slot.remind_at) // MINUTE for slot in slots if slot.remind_at)
    asked = Counter(((slot.ask_at or TUESDAY + 2 * HOUR) - TUESDAY - 2 * HOUR) // MINUTE for slot in slots)
    for herd in (reminded, asked):
        assert herd.total() == len(MANY)
        assert min(herd) >= 0
        assert max(herd) <= 30
        assert max(herd.values()) <= 1.5 * len(MANY) / 30
