"""Wall-clock times to instants, in every zone of the world, through gaps and doubled hours."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from temporalio.testing import ActivityEnvironment

from mentoring_lifecycle.activities.schedule import ScheduleActivities, first_slot, valid_instant
from mentoring_lifecycle.contracts.deliveries import Slot, SlotOrder
from mentoring_lifecycle.domain.effects import FindSlot

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
WEEK = timedelta(weeks=1)

instants = st.datetimes(datetime(2024, 1, 1), datetime(2032, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone
wall_times = st.times().map(lambda at: f"{at:%H:%M}")


@st.composite
def wishes(draw: st.DrawFn) -> FindSlot:
    """Any weekday and time in any zone."""
    return _wish(
        draw(instants),
        draw(st.integers(0, 6)),
        draw(wall_times),
        draw(st.sampled_from(ZONES)),
        draw(st.integers(1, 13)),
    )


def _wish(not_before: datetime, weekday: int, wall_time: str, zone: str, session: int = 1) -> FindSlot:
    return FindSlot("r-1/s1/slot/-/0", session, not_before, weekday, wall_time, zone)


def _wall(wish: FindSlot) -> str:
    return f"{first_slot(wish).astimezone(ZoneInfo(wish.zone)):%a %H:%M}"


@given(wishes())
@example(_wish(datetime(2027, 3, 23, tzinfo=UTC), 6, "02:30", "Europe/Rome"))
@example(_wish(datetime(2027, 10, 30, 12, tzinfo=UTC), 6, "02:30", "Europe/Rome"))
@example(_wish(datetime(2030, 12, 31, 23, 59, tzinfo=UTC), 1, "00:00", "Pacific/Apia"))
def test_a_slot_is_the_first_of_its_kind(wish: FindSlot) -> None:
    """In UTC, soon after the wish; on the wished weekday at the wished time, unless a clock never showed that."""
    found = first_slot(wish)
    assert found.utcoffset() == timedelta()
    assert wish.not_before <= found < wish.not_before + WEEK + timedelta(days=1)
    local = found.astimezone(ZoneInfo(wish.zone))
    asked = datetime.strptime(wish.wall_time, "%H:%M").replace(tzinfo=UTC).time()
    if local.time() != asked:
        assert local.replace(tzinfo=None) > datetime.combine(local.date(), asked)
        before = (found - timedelta(seconds=1)).astimezone(local.tzinfo)
        assert before.utcoffset() != local.utcoffset()
    else:
        assert local.weekday() == wish.weekday
        assert local.fold == 0


@given(wishes())
def test_a_slot_is_its_own_first(wish: FindSlot) -> None:
    """Asked again from the instant that was found, the answer is the same one."""
    found = first_slot(wish)
    again = FindSlot(wish.key, wish.session, found, wish.weekday, wish.wall_time, wish.zone)
    assert first_slot(again) == found


@pytest.mark.parametrize(
    ("zone", "not_before", "weekday", "wall_time", "expected"),
    [
        ("Europe/Rome", "2027-03-27T00:00Z", 6, "02:30", "2027-03-28T01:00Z"),
        ("Europe/Rome", "2027-10-30T00:00Z", 6, "02:30", "2027-10-31T00:30Z"),
        ("America/New_York", "2027-03-13T12:00Z", 6, "02:30", "2027-03-14T07:00Z"),
        ("Australia/Lord_Howe", "2027-10-02T00:00Z", 6, "02:15", "2027-10-02T15:30Z"),
        ("Asia/Kathmandu", "2027-01-04T00:00Z", 1, "10:00", "2027-01-05T04:15Z"),
        ("Asia/Kolkata", "2027-01-04T00:00Z", 1, "10:00", "2027-01-05T04:30Z"),
        ("Pacific/Kiritimati", "2026-12-28T12:00Z", 4, "10:00", "2026-12-31T20:00Z"),
        ("Etc/GMT+12", "2026-12-31T12:00Z", 4, "10:00", "2027-01-01T22:00Z"),
        ("Europe/Rome", "2028-02-28T00:00Z", 1, "10:00", "2028-02-29T09:00Z"),
        ("UTC", "2027-01-05T10:00Z", 1, "10:00", "2027-01-05T10:00Z"),
        ("UTC", "2027-01-05T10:01Z", 1, "10:00", "2027-01-12T10:00Z"),
    ],
    ids=lambda value: str(value),
)
def test_known_corners(zone: str, not_before: str, weekday: int, wall_time: str, expected: str) -> None:
    """A skipped hour is the moment after the gap, a doubled one its first; odd offsets, a leap day, the date line."""
    wish = _wish(datetime.fromisoformat(not_before), weekday, wall_time, zone)
    assert first_slot(wish) == datetime.fromisoformat(expected)


def test_a_gap_of_a_whole_day_is_the_first_moment_after_it() -> None:
    """Samoa had no 30 December 2011."""
    local = datetime(2011, 12, 30, 10, tzinfo=ZoneInfo("Pacific/Apia"))
    assert valid_instant(local) == datetime(2011, 12, 30, 10, tzinfo=UTC)
    assert valid_instant(local).astimezone(local.tzinfo).day == 31


@pytest.mark.parametrize("zone", ZONES[:: max(1, len(ZONES) // 60)])
def test_a_year_of_sessions_keeps_its_wall_time(zone: str) -> None:
    """Week after week the same time on the clock, in every zone, and never twice the same instant."""
    found, at = [], datetime(2027, 1, 1, tzinfo=UTC)
    for _ in range(52):
        wish = _wish(at, 1, "10:00", zone)
        assert _wall(wish) == "Tue 10:00"
        found.append(first_slot(wish))
        at = found[-1] + WEEK - timedelta(days=1)
    assert len(set(found)) == 52


@pytest.fixture(params=["Pacific/Apia", "America/St_Johns", "UTC"])
def elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A worker whose own clock hangs in another zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    os.environ.setdefault("TZ", "")
    del os.environ["TZ"]
    time.tzset()


def test_the_zone_of_the_worker_does_not_matter(elsewhere: str) -> None:
    """Two workers in different places find the same instant."""
    wish = _wish(datetime(2027, 3, 27, tzinfo=UTC), 6, "02:30", "Europe/Rome")
    assert first_slot(wish) == datetime(2027, 3, 28, 1, tzinfo=UTC), elsewhere


async def test_every_wish_of_an_order_gets_its_slot() -> None:
    """One slot per wish, in its order, under the session's number."""
    wishes = tuple(_wish(datetime(2027, 1, day, tzinfo=UTC), 1, "10:00", "UTC", day) for day in (4, 11, 6))
    found = await ActivityEnvironment().run(ScheduleActivities().find_slots, SlotOrder(wishes))
    assert found.slots == tuple(Slot(wish.session, first_slot(wish)) for wish in wishes)
