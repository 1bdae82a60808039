"""When two people can meet, and when they may be written to: judged by looking at their clocks and calendars."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mentoring_lifecycle.activities.clocks import NO_PLACES, at_local_time, zone_at
from mentoring_lifecycle.activities.working_time import (
    FARTHEST_DAYS,
    OTHER_DAY,
    OTHER_HOUR,
    OUTSIDE_HOURS,
    Finding,
    Habits,
    PairClock,
    Span,
    clashes,
    find_time,
    next_time_to_write,
    proposals,
    reminder_time,
)
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.domain.effects import FindSlot

ZONES = sorted(available_timezones() - NO_PLACES)
MONDAY = datetime(2027, 3, 1, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


@dataclass(frozen=True)
class Off:
    """Days off of everybody here."""

    days: frozenset[date] = frozenset()

    def is_free(self, person: Person, day: date) -> bool:
        """Whether it is one."""
        return day in self.days


MIA = Person("one", "Mia", "mia@pair.example", "it", "Europe/Rome", 2)
ED = Person("other", "Ed", "ed@pair.example", "en", "Europe/London", 6)


@dataclass
class Two:
    """Two people, as they are at work unless said otherwise."""

    one: Person = MIA
    other: Person = ED
    off: dict[str, frozenset[date]] = field(default_factory=dict)

    def habits(self) -> list[Habits]:
        return [Habits(each, Off(self.off.get(each.id, frozenset()))) for each in (self.one, self.other)]

    def find(self, wish: FindSlot, taken: Sequence[Span] = ()) -> Finding:
        return find_time(wish, PairClock.of(wish, [self.one, self.other]), self.habits(), taken)


def wish(not_before: datetime = MONDAY, zone: str = "Europe/Rome", **more: object) -> FindSlot:
    """Tuesdays at ten in Rome, for three quarters of an hour."""
    asked = FindSlot("r/s1/slot/-/9", 1, not_before, 1, "10:00", zone, ("one", "other"), 45)
    return replace(asked, **more)  # type: ignore[arg-type]  # keywords are fields


def at(text: str, zone: str = "Europe/Rome") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def works(person: Person, off: frozenset[date], start: datetime, minutes: int) -> bool:
    """Whether somebody is at work from start to end, by their own clock."""
    zone = zone_at(person, start)
    begins, ends = start.astimezone(zone), (start + timedelta(minutes=minutes)).astimezone(zone)
    day = begins.date()
    return (
        day.weekday() not in person.rest_days
        and day not in off
        and at_local_time(day, person.works_from, zone) <= start
        and ends.astimezone(UTC) <= at_local_time(day, person.works_until, zone)
    )


# --- the rules one by one ---------------------------------------------------------------------------------------


def test_an_ordinary_week_brings_the_wished_time() -> None:
    """Nothing is said about it."""
    assert Two().find(wish()) == Finding(at("2027-03-02T10:00"))


def test_a_day_off_of_either_moves_the_session_to_the_next_common_working_day() -> None:
    """At the same wall time; a weekend on the way is no working day."""
    two = Two(off={"one": frozenset({date(2027, 3, 2)}), "other": frozenset({date(2027, 3, 3)})})
    assert two.find(wish()) == Finding(at("2027-03-04T10:00"), (OTHER_DAY,))
    friday = wish(weekday=4)
    two = Two(off={"other": frozenset({date(2027, 3, 5)})})
    assert two.find(friday) == Finding(at("2027-03-08T10:00"), (OTHER_DAY,))


@pytest.mark.parametrize(("closed", "weeks"), [("2027-08-02", 3), ("2027-12-20", 2), ("2027-03-01", 7)])
def test_august_and_christmas_are_waited_for(closed: str, weeks: int) -> None:
    """A closure of weeks moves a session to the first day after it, and no further."""
    first = date.fromisoformat(closed)
    days = frozenset(first + timedelta(days=number) for number in range(7 * weeks))
    found = Two(off={"one": days}).find(wish(datetime.combine(first, time(), UTC)))
    assert found == Finding(at(f"{first + weeks * WEEK}T10:00"), (OTHER_DAY,))


def test_two_kinds_of_weekend_leave_the_days_between() -> None:
    """Friday and Saturday off there, Saturday and Sunday here: a Friday becomes a Monday."""
    two = Two(other=replace(Two().other, zone="Asia/Dubai", rest_days=(4, 5), works_from=time(8)))
    assert two.find(wish(weekday=4)) == Finding(at("2027-03-08T10:00"), (OTHER_DAY,))


@pytest.mark.parametrize(
    ("zone", "expected", "notes"),
    [
        ("America/New_York", "2027-03-02T15:00", (OTHER_HOUR,)),
        ("Asia/Kolkata", "2027-03-02T10:00", ()),
        ("Asia/Tokyo", "2027-03-02T09:15", (OTHER_HOUR,)),
        ("Pacific/Auckland", "2027-03-02T10:00", (OUTSIDE_HOURS,)),
        ("America/Los_Angeles", "2027-03-02T10:00", (OUTSIDE_HOURS,)),
    ],
)
def test_the_nearest_hour_inside_both_working_days_is_taken(zone: str, expected: str, notes: tuple[str, ...]) -> None:
    """Where there is none the wished time stays, and both are warned."""
    two = Two(other=replace(Two().other, zone=zone))
    assert two.find(wish()) == Finding(at(expected), notes)


def test_a_move_of_a_person_is_heeded_from_its_day_on() -> None:
    """From that local day on the working hours of the new zone count."""
    moving = replace(Two().other, next_zone="America/New_York", next_zone_from=date(2027, 3, 9))
    two = Two(other=moving)
    assert two.find(wish()) == Finding(at("2027-03-02T10:00"))
    assert two.find(wish(MONDAY + WEEK)) == Finding(at("2027-03-09T15:00"), (OTHER_HOUR,))


def test_a_change_of_the_pairs_zone_is_heeded_from_its_instant_on() -> None:
    """The wall time is that of the zone that holds by then."""
    change = at("2027-03-08T00:00")
    asked = wish(next_zone="Europe/London", next_zone_at=change)
    assert Two().find(asked) == Finding(at("2027-03-02T10:00"))
    later = replace(asked, not_before=MONDAY + WEEK)
    assert Two().find(later) == Finding(at("2027-03-09T10:00", "Europe/London"))


def test_gap_and_overlap_are_told() -> None:
    """Sunday at half past two, the night in which clocks change."""
    nobody_rests = {"rest_days": (), "works_from": time(), "works_until": time(), "zone": "Europe/Rome"}
    two = Two(replace(Two().one, **nobody_rests), replace(Two().other, **nobody_rests))  # type: ignore[arg-type]
    spring = wish(at("2027-03-22T00:00"), weekday=6, wall_time="02:30")
    assert two.find(spring) == Finding(datetime(2027, 3, 28, 1, tzinfo=UTC), ("gap",))
    autumn = wish(at("2027-10-25T00:00"), weekday=6, wall_time="02:30")
    assert two.find(autumn) == Finding(datetime(2027, 10, 31, 0, 30, tzinfo=UTC), ("overlap",))


def test_a_promised_hour_gives_way_to_the_next_that_fits_and_a_promised_day_to_the_next() -> None:
    """Whichever of the two has promised it."""
    ten = at("2027-03-02T10:00")
    assert Two().find(wish(), [(ten + HOUR / 2, ten + HOUR)]) == Finding(ten + HOUR, (OTHER_HOUR,))
    all_day = [(at("2027-03-02T00:00"), at("2027-03-03T00:00"))]
    assert Two().find(wish(), all_day) == Finding(ten + DAY, (OTHER_DAY,))
    touching = [(ten - HOUR, ten), (ten + 3 * HOUR / 4, ten + HOUR)]
    assert Two().find(wish(), touching) == Finding(ten)


def test_the_end_of_a_relationship_is_not_passed_to_get_out_of_the_way() -> None:
    """Where no common day is left before it, the wished time stays, with a warning."""
    off = {"one": frozenset({date(2027, 3, 2), date(2027, 3, 3)})}
    assert Two(off=off).find(wish(latest=at("2027-03-04T11:00"))) == Finding(at("2027-03-04T10:00"), (OTHER_DAY,))
    assert Two(off=off).find(wish(latest=at("2027-03-04T10:30"))) == Finding(at("2027-03-02T10:00"), (OUTSIDE_HOURS,))


def test_a_zone_that_is_none_is_read_as_somebodys() -> None:
    """No relationship hangs for a name: the first of the two whose zone is known is asked, else UTC."""
    assert Two().find(wish(zone="Nowhere/Else")) == Finding(at("2027-03-02T10:00"))
    two = Two(replace(Two().one, zone="No"), replace(Two().other, zone="Nor"))
    assert two.find(wish(zone="Nowhere/Else")) == Finding(datetime(2027, 3, 2, 10, tzinfo=UTC))
    assert two.find(wish(next_zone="Nowhere/Else", next_zone_at=MONDAY)).starts_at == at("2027-03-02T10:00")


def test_nobody_known_means_nothing_to_heed() -> None:
    """People may have been erased; the time is found all the same."""
    assert find_time(wish(people=()), PairClock(ZoneInfo("Europe/Rome")), []) == Finding(at("2027-03-02T10:00"))


# --- any two people ---------------------------------------------------------------------------------------------

minutes_of_day = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))


@st.composite
def people(draw: st.DrawFn, who: str) -> Person:
    """Somebody anywhere, with any working day of at least an hour and any quiet hours."""
    first = draw(st.integers(0, 88))
    last = draw(st.integers(first + 4, 95))
    return Person(
        who,
        "N",
        f"{who}@pair.example",
        "en",
        draw(st.sampled_from(ZONES)),
        3,
        works_from=time(first // 4, first % 4 * 15),
        works_until=time(last // 4, last % 4 * 15),
        rest_days=tuple(sorted(draw(st.sets(st.integers(0, 6), max_size=4)))),
        quiet_from=draw(minutes_of_day),
        quiet_until=draw(minutes_of_day),
    )


instants = st.datetimes(datetime(2024, 1, 1), datetime(2031, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 -- Hypothesis adds the zone


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Two, FindSlot, list[Span]]:
    """Two people, what they wish for, days off, and what they have promised."""
    not_before = draw(instants)
    first = not_before.date()
    two = Two(draw(people("one")), draw(people("other")))
    for who in ("one", "other"):
        closed, length = draw(st.integers(-3, 20)), draw(st.sampled_from([0, 0, 1, 2, 14, 21]))
        two.off[who] = frozenset(first + timedelta(days=closed + number) for number in range(length))
    asked = wish(
        not_before,
        draw(st.sampled_from([two.one.zone, two.other.zone, *ZONES[::40]])),
        weekday=draw(st.integers(0, 6)),
        wall_time=f"{draw(minutes_of_day):%H:%M}",
        minutes=draw(st.sampled_from([30, 45, 60])),
        latest=draw(st.none() | st.integers(1, 90).map(lambda days: not_before + timedelta(days=days))),
    )
    starts = draw(st.lists(st.integers(0, 40 * 48), max_size=6))
    taken = [(not_before + number * HOUR / 2, not_before + number * HOUR / 2 + HOUR) for number in starts]
    return two, asked, taken


@given(pairs())
def test_a_time_keeps_every_promise_or_says_that_it_cannot(given_: tuple[Two, FindSlot, list[Span]]) -> None:
    """Invariants 27 and 28: on a working day of both, inside the hours of both unless both are warned, the agreed wall
    time unless both are told, and never when one of them is taken."""
    two, asked, taken = given_
    found = two.find(asked, taken)
    clock = PairClock.of(asked, [two.one, two.other])
    first_day, wished = clock.first(asked)
    assert found.starts_at.utcoffset() == timedelta()
    assert found.starts_at >= asked.not_before
    assert not clashes(found.starts_at, timedelta(minutes=asked.minutes), taken)
    at_work = all(works(each.person, two.off[each.person.id], found.starts_at, asked.minutes) for each in two.habits())
    assert at_work or OUTSIDE_HOURS in found.notes
    if not {OTHER_DAY, OTHER_HOUR, OUTSIDE_HOURS} & set(found.notes):
        assert found.starts_at == wished
    if OTHER_HOUR not in found.notes and OUTSIDE_HOURS not in found.notes and "gap" not in found.notes:
        assert f"{found.starts_at.astimezone(clock.zone):%H:%M}" == asked.wall_time
    if asked.latest and OUTSIDE_HOURS not in found.notes:
        assert found.starts_at + timedelta(minutes=asked.minutes) <= asked.latest
    assert found.starts_at.astimezone(clock.zone).date() - first_day <= timedelta(days=FARTHEST_DAYS + 41)


@given(pairs())
def test_no_common_working_day_before_the_one_found_was_passed_over(given_: tuple[Two, FindSlot, list[Span]]) -> None:
    """Where the wished day, or any day before the one found, would have done, it is the one found."""
    two, asked, _ = given_
    found = two.find(asked)
    clock = PairClock.of(asked, [two.one, two.other])
    first_day, _ = clock.first(asked)
    assume(OTHER_DAY in found.notes)
    day = first_day
    while day < found.starts_at.astimezone(clock.zone).date():
        instant, _ = clock.on(day, time.fromisoformat(asked.wall_time))
        assert not all(works(each.person, two.off[each.person.id], instant, asked.minutes) for each in two.habits())
        day += DAY


@given(pairs())
def test_asked_again_from_what_was_found_it_is_the_same(given_: tuple[Two, FindSlot, list[Span]]) -> None:
    """Finding is a pure function: a retry finds what the first attempt found."""
    two, asked, taken = given_
    assert two.find(asked, taken) == two.find(asked, list(reversed(taken)))


@pytest.mark.parametrize("zone", ZONES)
def test_years_of_sessions_keep_their_wall_time(zone: str) -> None:
    """Invariant 28, in every zone, through every change of clocks from 2024 to 2031: every four weeks the same time on
    the same weekday, and never twice the same instant."""
    place = ZoneInfo(zone)
    two = Two(replace(Two().one, zone=zone), replace(Two().other, zone=zone))
    at, found = datetime(2024, 1, 1, tzinfo=UTC), []
    while at.year < 2032:
        slot = two.find(wish(at, zone))
        assert slot.notes == ()
        assert f"{slot.starts_at.astimezone(place):%a %H:%M}" == "Tue 10:00"
        found.append(slot.starts_at)
        at = slot.starts_at + 4 * WEEK - timedelta(days=3, hours=12)
    assert len(set(found)) == len(found) > 100


@given(pairs(), st.integers(1, 5))
def test_proposals_suit_both(given_: tuple[Two, FindSlot, list[Span]], count: int) -> None:
    """Inside both working days, free for both, in order, and on different days where there are enough of them."""
    two, asked, taken = given_
    clock = PairClock.of(asked, [two.one, two.other])
    proposed = proposals(asked, clock, two.habits(), taken, count)
    assert len(proposed) <= count
    assert list(proposed) == sorted(set(proposed))
    for start in proposed:
        assert start >= asked.not_before
        assert not clashes(start, timedelta(minutes=asked.minutes), taken)
        assert all(works(each.person, two.off[each.person.id], start, asked.minutes) for each in two.habits())
        others = [other for other in proposed if other != start]
        assert not clashes(start, timedelta(minutes=asked.minutes), [(each, each + HOUR / 2) for each in others])


def test_proposals_lie_on_different_days_around_the_wished_one() -> None:
    """The wished time first, where it is free; then its neighbours."""
    clock = PairClock(ZoneInfo("Europe/Rome"))
    ten = at("2027-03-09T10:00")
    asked = wish(ten - timedelta(days=3, hours=12))
    assert proposals(asked, clock, Two().habits(), [], 3) == (ten - DAY, ten, ten + DAY)
    assert proposals(asked, clock, Two().habits(), [(ten, ten + HOUR)], 1) == (ten + HOUR,)
    assert proposals(asked, clock, Two().habits(), [(MONDAY, MONDAY + 60 * DAY)], 3) == ()


# --- when people may be written to ------------------------------------------------------------------------------


def may_be_written_to(person: Person, off: frozenset[date], instant: datetime) -> bool:
    """By their own clock: a working day, and not a quiet hour."""
    local = instant.astimezone(zone_at(person, instant))
    quiet_from, quiet_until = person.quiet_from, person.quiet_until
    if quiet_from <= quiet_until:
        is_quiet = quiet_from <= local.time() < quiet_until
    else:
        is_quiet = local.time() >= quiet_from or local.time() < quiet_until
    return local.date().weekday() not in person.rest_days and local.date() not in off and not is_quiet


def test_a_monday_is_reminded_of_on_friday() -> None:
    """Not on Sunday, and not in the quiet hours of the one who goes to bed first."""
    monday = at("2027-03-08T10:00")
    assert reminder_time(monday, 24, Two().habits()) == at("2027-03-05T19:45")
    tuesday = monday + DAY
    assert reminder_time(tuesday, 24, Two().habits()) == tuesday - DAY
    assert reminder_time(at("2027-03-09T07:00"), 24, Two().habits()) == at("2027-03-05T19:45")
    early_to_bed = Two(other=replace(Two().other, quiet_from=time(17)))
    assert reminder_time(monday, 24, early_to_bed.habits()) == at("2027-03-05T17:45")


@given(pairs(), st.integers(1, 72))
def test_a_reminder_comes_when_both_may_be_written_to(given_: tuple[Two, FindSlot, list[Span]], hours: int) -> None:
    """Early enough, and in nobody's quiet hours or day off, where there is such a time at all."""
    two, asked, _ = given_
    starts_at = asked.not_before + 5 * DAY
    found = reminder_time(starts_at, hours, two.habits())
    if found is None:
        limit = starts_at - hours * HOUR
        quarters = [limit - number * HOUR / 4 for number in range(4 * 24 * 7)]
        assert not any(all(_writable(two, each, quarter) for each in two.habits()) for quarter in quarters)
    else:
        assert found <= starts_at - hours * HOUR
        assert all(_writable(two, each, found) for each in two.habits())


def _writable(two: Two, habits: Habits, instant: datetime) -> bool:
    return may_be_written_to(habits.person, two.off[habits.person.id], instant)


@given(pairs(), st.integers(0, 200))
def test_a_letter_that_waits_goes_at_the_first_hour_that_will_do(
    given_: tuple[Two, FindSlot, list[Span]], hours: int
) -> None:
    """The reader's next working day outside the quiet hours; failing that, any day; never after its last moment."""
    two, asked, _ = given_
    habits, now = two.habits()[0], asked.not_before
    not_after = now + hours * HOUR
    found = next_time_to_write(habits, now, not_after)
    quarters = [now + number * HOUR / 4 for number in range(4 * hours + 1)]
    allowed = [quarter for quarter in quarters if _writable(two, habits, quarter)]
    if found is None:
        assert allowed == []
        return
    assert now <= found <= not_after
    if allowed:
        assert _writable(two, habits, found)
        assert found <= allowed[0]


# --- where the worker stands ------------------------------------------------------------------------------------

ELSEWHERE = """
import json, sys, time
from tests.activities.test_working_time import sampled
time.tzset()
json.dump(sampled(), sys.stdout)
"""


def sampled() -> list[str]:
    """Many times found, as text."""
    found = []
    for number, zone in enumerate(ZONES[::9]):
        other = replace(Two().other, zone=ZONES[-1 - number])
        two = Two(replace(Two().one, zone=zone), other, {"one": frozenset({date(2027, 3, 30)})})
        asked = wish(datetime(2027, 3, 1, tzinfo=UTC) + number * DAY, zone, weekday=number % 7, wall_time="02:30")
        slot = two.find(asked)
        clock = PairClock.of(asked, [two.one, two.other])
        others = proposals(asked, clock, two.habits(), [], 3)
        reminder = reminder_time(slot.starts_at, 24, two.habits())
        found.append(f"{slot} {others} {reminder}")
    return found


@pytest.mark.parametrize(("zone", "seed"), [("Pacific/Apia", "0"), ("America/St_Johns", "1"), ("Asia/Kathmandu", "7")])
def test_neither_the_workers_zone_nor_its_hash_seed_matters(zone: str, seed: str) -> None:
    """A worker in another place, started with another seed, finds the same times."""
    environment = os.environ | {"TZ": zone, "PYTHONHASHSEED": seed}
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n{ELSEWHERE}"
    done = subprocess.run([sys.executable, "-P", "-c", code], env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout) == sampled()
