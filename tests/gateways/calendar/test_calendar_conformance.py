"""What every calendar gateway promises, asked of the one in memory and, on two servers, of the real one alike."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from mentoring_lifecycle.activities.ports import CalendarGateway, CalendarRefused
from mentoring_lifecycle.gateways.memory import MemoryCalendar

PREFIX = "r1-"


@pytest.fixture(params=["memory", "radicale", "xandikos"])
async def calendar(request: pytest.FixtureRequest, open_server: Any) -> AsyncIterator[CalendarGateway]:
    if request.param == "memory":
        yield MemoryCalendar()
        return
    async with open_server(request.param) as server:
        gateway = server.gateway()
        yield gateway
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


async def test_entries_tell_what_is_shown(calendar: CalendarGateway, entry: Any) -> None:
    """Time, revision and that nobody has answered, for those entries that upcoming lists."""
    await calendar.keep("p1", entry(revision=2))
    await calendar.keep("p1", entry(uid="r2-s01@x.example"))
    (seen,) = await calendar.entries("p1", PREFIX, entry().stamped_at)
    assert (seen.uid, seen.revision, seen.cancelled) == (entry().uid, 2, False)
    assert (seen.starts_at, seen.ends_at) == (entry().starts_at, entry().ends_at)
    assert seen.answers == (("anna@example.org", "needs-action"), ("bo@example.org", "needs-action"))
    assert seen.answer_of("Anna@example.org") == "needs-action"
    assert seen.answer_of("somebody@else.example") == ""
    assert list(await calendar.entries("p1", PREFIX, entry().ends_at)) == []
    assert list(await calendar.entries("p2", PREFIX, entry().stamped_at)) == []


async def test_an_entry_that_ends_before_it_begins_is_refused(calendar: CalendarGateway, entry: Any) -> None:
    """Some servers take anything, and then choke on it for ever."""
    with pytest.raises(CalendarRefused) as caught:
        await calendar.keep("p1", entry(ends_at=entry().starts_at - timedelta(hours=1)))
    assert caught.value.reason == "malformed"
    assert await shown(calendar, entry) == []
