"""Local times to instants, in every zone of the world, through gaps, doubled hours and a day that never was."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring_lifecycle.activities.clocks import (
    GAP,
    NO_PLACES,
    OVERLAP,
    at_local_time,
    clock_note,
    valid_instant,
    zone_at,
    zone_named,
)
from mentoring_lifecycle.contracts.people import Person

ZONES = sorted(available_timezones() - NO_PLACES)
ROME = ZoneInfo("Europe/Rome")

days = st.dates(date(2024, 1, 1), date(2031, 12, 31))
wall_times = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def changes_of_clocks(zone: ZoneInfo, year: int) -> list[date]:
    """The local days of a year on which noon is not twenty-four hours after noon."""
    first = date(year, 1, 1)
    every = [first + timedelta(days=number) for number in range(366)]
    noon = [datetime.combine(day, time(12), zone).astimezone(UTC) for day in every]
    return [
        day for day, before, after in zip(every[1:], noon, noon[1:], strict=False) if after - before != timedelta(1)
    ]


@pytest.mark.parametrize("zone", ZONES)
def test_every_half_hour_of_every_change_of_clocks_obeys_the_rule(zone: str) -> None:
    """Springs and autumns of 2024 to 2031: the wall time is kept, a gap ends at its first instant, an overlap begins
    with its first."""
    place = ZoneInfo(zone)
    for year in range(2024, 2032):
        for changed in changes_of_clocks(place, year):
            for half_hour in range(-4, 14):
                day, minutes = changed + timedelta(days=half_hour // 48), half_hour % 48 * 30
                wall_time = time(minutes // 60, minutes % 60)
                _obeys_the_rule(day, wall_time, place)


@given(days, wall_times, st.sampled_from(ZONES))
def test_any_minute_of_any_day_obeys_the_rule(day: date, wall_time: time, zone: str) -> None:
    """Not only near the changes that we know of."""
    _obeys_the_rule(day, wall_time, ZoneInfo(zone))


def _obeys_the_rule(day: date, wall_time: time, zone: ZoneInfo) -> None:
    """Judged by looking at clocks alone: those shown by the instants just before and after."""
    instant, wished = at_local_time(day, wall_time, zone), datetime.combine(day, wall_time)
    shown = _shown(instant, zone)
    note = clock_note(day, wall_time, zone)
    if note == GAP:
        assert shown > wished > _shown(instant - timedelta(seconds=1), zone), (zone.key, wished)
    else:
        assert shown == wished, (zone.key, wished)
        again = [hours for hours in range(-6, 7) if _shown(instant + timedelta(minutes=30 * hours), zone) == wished]
        assert min(again) == 0
        assert (note == OVERLAP) == (len(again) > 1), (zone.key, wished)


def _shown(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


@pytest.mark.parametrize(
    ("zone", "local", "expected", "note"),
    [
        ("Europe/Rome", "2027-03-28T02:30", "2027-03-28T01:00Z", GAP),
        ("Europe/Rome", "2027-03-28T03:00", "2027-03-28T01:00Z", ""),
        ("Europe/Rome", "2027-10-31T02:30", "2027-10-31T00:30Z", OVERLAP),
        ("America/New_York", "2027-03-14T02:30", "2027-03-14T07:00Z", GAP),
        ("Australia/Lord_Howe", "2027-10-03T02:15", "2027-10-02T15:30Z", GAP),
        ("Asia/Kathmandu", "2027-01-05T10:00", "2027-01-05T04:15Z", ""),
        ("Asia/Kolkata", "2027-01-05T10:00", "2027-01-05T04:30Z", ""),
        ("Pacific/Kiritimati", "2027-01-01T10:00", "2026-12-31T20:00Z", ""),
        ("Etc/GMT+12", "2027-01-01T10:00", "2027-01-01T22:00Z", ""),
        ("Europe/Rome", "2028-02-29T10:00", "2028-02-29T09:00Z", ""),
        ("Pacific/Apia", "2011-12-30T10:00", "2011-12-30T10:00Z", GAP),
        ("Pacific/Apia", "2011-12-31T00:00", "2011-12-30T10:00Z", ""),
    ],
)
def test_known_corners(zone: str, local: str, expected: str, note: str) -> None:
    """A skipped hour, a doubled one, odd offsets, a leap day, the date line, and Samoa's day that never was."""
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone))
    assert valid_instant(at) == datetime.fromisoformat(expected)
    assert clock_note(at.date(), at.time(), ZoneInfo(zone)) == note


@pytest.mark.parametrize(
    "name", ["", "Nowhere/Else", "localtime", "Factory", "../../etc/passwd", "/etc/localtime", "\0"]
)
def test_what_is_no_zone_opens_none(name: str) -> None:
    """Nor does what means another place on every computer."""
    assert zone_named(name) is None


def test_a_person_lives_where_the_directory_says_they_do_by_then() -> None:
    """The day of a move begins in the new place, and a name that is no zone leads to UTC and not to an error."""
    mia = Person("p", "Mia", "mia@pair.example", "it", "Europe/Rome", 2, next_zone="Asia/Tokyo")
    mia = Person(**{name: getattr(mia, name) for name in mia.__slots__} | {"next_zone_from": date(2027, 9, 1)})
    assert zone_at(mia, datetime(2027, 8, 31, 14, 59, tzinfo=UTC)).key == "Europe/Rome"
    assert zone_at(mia, datetime(2027, 8, 31, 15, 0, tzinfo=UTC)).key == "Asia/Tokyo"
    nobody = Person("p", "N", "n@pair.example", "it", "Nowhere/Else", 2)
    assert zone_at(nobody, datetime(2027, 8, 31, tzinfo=UTC)).key == "UTC"
