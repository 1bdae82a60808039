"""What every calendar gateway promises, asked of the one in memory and of two real servers alike."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mentoring_lifecycle.activities.ports import Attendee, CalendarGateway, SeenEntry
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar
from mentoring_lifecycle.gateways.memory import MemoryCalendar

PREFIX = "r1-"


@pytest.fixture(params=["memory", "radicale", "xandikos"])
async def calendar(request: Any, account: str) -> AsyncIterator[CalendarGateway]:
    if request.param == "memory":
        yield MemoryCalendar()
        return
    url = request.getfixturevalue(request.param)
    gateway = CalDavCalendar(url, account, "secret", organizer=Attendee("Mentoring", "mentoring@programme.example"))
    yield gateway
    for owner in ("p1", "p2", "p9"):
        for uid in await gateway.upcoming(owner, "", datetime(2000, 1, 1, tzinfo=UTC)):
            await gateway.remove(owner, uid)
    await gateway.aclose()


async def shown(calendar: CalendarGateway, entry: Any, owner: str = "p1") -> list[str]:
    """UIDs shown from a day before the usual session on."""
    return list(await calendar.upcoming(owner, PREFIX, entry().starts_at - timedelta(days=1)))


async def test_an_entry_that_is_kept_is_shown(calendar: CalendarGateway, entry: Any) -> None:
    """What was kept is upcoming, in its owner's calendar alone."""
    await calendar.keep("p1", entry())
    assert await shown(calendar, entry) == [entry().uid]
    assert await shown(calendar, entry, "p2") == []


async def test_keeping_twice_shows_one_entry(calendar: CalendarGateway, entry: Any) -> None:
    """A retry changes nothing."""
    await calendar.keep("p1", entry())
    await calendar.keep("p1", entry())
    assert await shown(calendar, entry) == [entry().uid]


async def test_a_newer_revision_replaces_an_older_one(calendar: CalendarGateway, entry: Any) -> None:
    """A session that moved is shown at its new time only."""
    await calendar.keep("p1", entry())
    later = entry().starts_at + timedelta(days=30)
    await calendar.keep("p1", entry(revision=1, starts_at=later, ends_at=later + timedelta(hours=1)))
    assert list(await calendar.upcoming("p1", PREFIX, entry().ends_at)) == [entry().uid]
    assert list(await calendar.upcoming("p1", PREFIX, later + timedelta(hours=1))) == []


async def test_an_older_revision_replaces_nothing(calendar: CalendarGateway, entry: Any) -> None:
    """A message that was overtaken does not undo the newer one."""
    later = entry().starts_at + timedelta(days=30)
    await calendar.keep("p1", entry(revision=2, starts_at=later, ends_at=later + timedelta(hours=1)))
    await calendar.keep("p1", entry(revision=1))
    assert list(await calendar.upcoming("p1", PREFIX, entry().ends_at)) == [entry().uid]


async def test_removing_is_done_once_it_is_gone(calendar: CalendarGateway, entry: Any) -> None:
    """Removing again, or what never was, is success."""
    await calendar.keep("p1", entry())
    await calendar.remove("p1", entry().uid)
    await calendar.remove("p1", entry().uid)
    await calendar.remove("p2", "r1-never@programme.example")
    assert await shown(calendar, entry) == []


async def test_a_removed_entry_can_be_kept_again(calendar: CalendarGateway, entry: Any) -> None:
    """Removing leaves nothing behind that would stop a later entry."""
    await calendar.keep("p1", entry())
    await calendar.remove("p1", entry().uid)
    await calendar.keep("p1", entry())
    assert await shown(calendar, entry) == [entry().uid]


async def test_upcoming_means_ending_after_the_instant(calendar: CalendarGateway, entry: Any) -> None:
    """An entry is upcoming while it lasts and no more when it ends."""
    await calendar.keep("p1", entry())
    last_second = entry().ends_at - timedelta(seconds=1)
    assert list(await calendar.upcoming("p1", PREFIX, last_second)) == [entry().uid]
    assert list(await calendar.upcoming("p1", PREFIX, entry().ends_at)) == []


async def test_upcoming_tells_relationships_apart(calendar: CalendarGateway, entry: Any) -> None:
    """Only entries whose UID starts with the prefix count, in a stable order."""
    for uid in ("r1-s02@x.example", "r2-s01@x.example", "r1-s01@x.example", "not-r1-s01@x.example"):
        await calendar.keep("p1", entry(uid=uid))
    assert await shown(calendar, entry) == ["r1-s01@x.example", "r1-s02@x.example"]


async def test_nothing_is_upcoming_in_a_calendar_that_was_never_used(calendar: CalendarGateway, entry: Any) -> None:
    """A person without a calendar has no entries; asking makes no trouble."""
    assert await shown(calendar, entry, "p9") == []


async def test_entries_are_seen_as_they_are_shown(calendar: CalendarGateway, entry: Any) -> None:
    """Identity, revision, times and everybody's answer, of the entries that `upcoming` lists, in its order."""
    later = entry(uid="r1-s02@programme.example", revision=3)
    for each in (later, entry(), entry(uid="r2-s01@programme.example")):
        await calendar.keep("p1", each)
    nobody_answered = (("anna@example.org", "needs-action"), ("bo@example.org", "needs-action"))
    day_before = entry().starts_at - timedelta(days=1)
    assert await calendar.entries("p1", PREFIX, day_before) == [
        SeenEntry(each.uid, each.revision, each.starts_at, each.ends_at, False, nobody_answered)
        for each in (entry(), later)
    ]
    assert await calendar.entries("p1", PREFIX, entry().ends_at) == []


async def test_no_calendar_is_told_from_an_empty_one(calendar: CalendarGateway, entry: Any) -> None:
    """Somebody whom nothing was ever written for has none; what was taken out again leaves an empty one."""
    day_before = entry().starts_at - timedelta(days=1)
    assert await calendar.entries("p9", PREFIX, day_before) is None
    await calendar.keep("p1", entry())
    await calendar.remove("p1", entry().uid)
    assert await calendar.entries("p1", PREFIX, day_before) == []
