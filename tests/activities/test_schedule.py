"""The schedule's activities: what is known of two people goes in, a reserved time comes out."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from mentoring_lifecycle.activities.ports import CalendarDelayed
from mentoring_lifecycle.activities.schedule import ScheduleActivities
from mentoring_lifecycle.activities.timetable import NoFreeDays, Timetable
from mentoring_lifecycle.contracts.deliveries import Slot, SlotOrder
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.domain.effects import FindSlot
from mentoring_lifecycle.gateways.memory import MemoryBookings, MemoryFreeBusy, MemoryFreeDays, MemoryPeople

MIA = Person("mia", "Mia", "mia@pair.example", "it", "Europe/Rome", 2)
ED = Person("ed", "Ed", "ed@pair.example", "en", "Europe/London", 6)
ANA = Person("ana", "Ana", "ana@pair.example", "en", "Europe/Rome", 6)
TEN = datetime(2027, 3, 2, 9, tzinfo=UTC)
"""Tuesday, ten o'clock in Rome."""
DAY, LENGTH = timedelta(days=1), timedelta(minutes=45)


@dataclass
class Office:
    """One worker's schedule over memory gateways."""

    people: MemoryPeople = field(default_factory=lambda: MemoryPeople([MIA, ED, ANA]))
    free_days: MemoryFreeDays = field(default_factory=MemoryFreeDays)
    bookings: MemoryBookings = field(default_factory=MemoryBookings)
    free_busy: MemoryFreeBusy = field(default_factory=MemoryFreeBusy)

    @property
    def timetable(self) -> Timetable:
        return Timetable(self.people, self.free_days, self.bookings, self.free_busy)

    async def find(self, *wishes: FindSlot, relationship: str = "r-1") -> tuple[Slot, ...]:
        order = SlotOrder(wishes, relationship)
        return (await ActivityEnvironment().run(ScheduleActivities(self.timetable).find_slots, order)).slots

    async def propose(self, *wishes: FindSlot, relationship: str = "r-1") -> tuple[Slot, ...]:
        order = SlotOrder(wishes, relationship)
        return (await ActivityEnvironment().run(ScheduleActivities(self.timetable).propose_slots, order)).slots


@pytest.fixture
def office() -> Office:
    return Office()


def wish(session: int = 1, people: tuple[str, ...] = ("mia", "ed"), **more: object) -> FindSlot:
    asked = FindSlot("r-1/s1/slot/-/9", session, TEN - timedelta(hours=2), 1, "10:00", "Europe/Rome", people, 45)
    return replace(asked, remind_before_hours=24, **more)  # type: ignore[arg-type]  # keywords are fields


async def test_every_wish_gets_its_slot_and_its_reminder(office: Office) -> None:
    """One slot per wish, in its order, under the session's number; a Monday is reminded of on Friday."""
    monday = wish(2, weekday=0, not_before=TEN)
    assert await office.find(wish(), monday) == (
        Slot(1, TEN, TEN - DAY),
        Slot(2, TEN + 6 * DAY, datetime(2027, 3, 5, 18, 45, tzinfo=UTC)),
    )


async def test_what_is_found_is_reserved_for_both(office: Office) -> None:
    """Whoever of the two has another relationship gets another hour in it."""
    await office.find(wish())
    (other,) = await office.find(wish(people=("ana", "ed")), relationship="r-2")
    assert other == Slot(1, TEN + LENGTH, TEN + LENGTH - DAY, ("other_hour",))
    (free,) = await office.find(wish(people=("ana", "nobody")), relationship="r-3")
    assert free.starts_at == TEN  # only Ana is known, and she is taken later
    assert [(row.starts_at, row.ends_at) for row in office.bookings.rows.values()] == [
        (TEN, TEN + LENGTH),
        (TEN + LENGTH, TEN + 2 * LENGTH),
        (TEN, TEN + LENGTH),
    ]


async def test_asked_again_the_same_time_is_found(office: Office) -> None:
    """What a session has reserved does not stand in its own way, and a retry takes no second time."""
    assert await office.find(wish()) == await office.find(wish())
    assert list(office.bookings.rows) == [("r-1", 1)]


async def test_what_can_never_be_planned_takes_nobodys_time(office: Office) -> None:
    """A time after the end of the relationship is told and not reserved."""
    (slot,) = await office.find(wish(latest=TEN))
    assert slot.starts_at == TEN
    assert office.bookings.rows == {}


async def test_a_day_off_is_told(office: Office) -> None:
    """A holiday or closure of either of them."""
    office.free_days.days["ed"] = {date(2027, 3, 2)}
    (slot,) = await office.find(wish())
    assert slot == Slot(1, TEN + DAY, TEN - timedelta(hours=14.25), ("other_day",))


async def test_without_people_or_bookings_a_time_is_found_all_the_same() -> None:
    """People may have been erased; a host may keep no bookings."""
    timetable = Timetable(MemoryPeople(), NoFreeDays())
    assert await timetable.find("r-1", wish()) == Slot(1, TEN, TEN - DAY)


async def test_a_bad_zone_never_makes_a_relationship_wait(office: Office) -> None:
    """A name that got past the client is read as the zone of one of the two, and said aloud."""
    (slot,) = await office.find(wish(zone="Nowhere/Else"))
    assert slot.starts_at == TEN


async def test_finding_asks_nobodys_calendar(office: Office) -> None:
    """It is a local activity: no network in it."""
    office.free_busy.troubles.append(CalendarDelayed("connect"))
    await office.find(wish())
    assert len(office.free_busy.troubles) == 1


async def test_proposals_keep_clear_of_calendars_and_of_what_is_promised(office: Office) -> None:
    """Both people's own calendars are asked; the time for the session itself gets out of the way as well."""
    office.free_busy.spans["ed"] = [(TEN, TEN + timedelta(hours=1))]
    await office.find(wish(people=("mia", "ana")), relationship="r-2")
    (slot,) = await office.propose(wish(proposals=3))
    assert slot.starts_at == TEN + timedelta(hours=1)
    assert slot.proposals == (TEN + timedelta(hours=1), TEN + DAY, TEN + 2 * DAY)


async def test_a_calendar_that_does_not_answer_delays_nothing(office: Office) -> None:
    """Working hours alone count then."""
    office.free_busy.troubles.extend([CalendarDelayed("connect"), CalendarDelayed("auth")])
    (slot,) = await office.propose(wish(proposals=2))
    assert slot.proposals == (TEN, TEN + DAY)
    assert slot.starts_at == TEN


async def test_looking_reserves_nothing(office: Office) -> None:
    """What a page shows is a proposal; only finding takes somebody's time."""
    assert await office.timetable.proposals("r-1", wish(proposals=2)) == (TEN, TEN + DAY)
    assert office.bookings.rows == {}
