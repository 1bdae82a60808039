"""Faults of a calendar server, each in front of both real servers: told as what it is, and mended by one more call."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest

from mentoring_lifecycle.activities.ports import CalendarDelayed, CalendarRefused, GatewayError
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar

Forward = Callable[[httpx2.Request], Awaitable[httpx2.Response]]
Trouble = Callable[[httpx2.Request, Forward], Awaitable[httpx2.Response]]


class Troubled(httpx2.AsyncBaseTransport):
    """The way to a real server; while `trouble` is set it meets every request of the given methods."""

    def __init__(self) -> None:
        self._way = httpx2.AsyncHTTPTransport()
        self.trouble: Trouble | None = None
        self.methods: tuple[str, ...] = ()
        self.hosts: set[str] = set()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.hosts.add(request.url.host)
        if self.trouble and request.method in self.methods:
            return await self.trouble(request, self._way.handle_async_request)
        return await self._way.handle_async_request(request)

    async def aclose(self) -> None:
        await self._way.aclose()


def answering(status: int, text: str = "", **headers: str) -> Trouble:
    """The server does nothing and answers so."""

    async def trouble(request: httpx2.Request, forward: Forward) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx2.Response(status, headers=named, stream=httpx2.ByteStream(text.encode()))

    return trouble


async def cut_before(request: httpx2.Request, forward: Forward) -> httpx2.Response:
    """The connection is cut when the body was sent, and nothing came of it."""
    raise httpx2.ReadError("cut")


async def cut_after(request: httpx2.Request, forward: Forward) -> httpx2.Response:
    """The connection is cut when the body was sent, and the server did as it was asked."""
    await (await forward(request)).aclose()
    raise httpx2.ReadError("cut")


async def never_answered(request: httpx2.Request, forward: Forward) -> httpx2.Response:
    """The server did as it was asked and says nothing."""
    await (await forward(request)).aclose()
    raise httpx2.ReadTimeout("silence")


def tagged(etag: str) -> Trouble:
    """The server tells another ETag than its own."""

    async def trouble(request: httpx2.Request, forward: Forward) -> httpx2.Response:
        answer = await forward(request)
        if answer.status_code == 200:
            answer.headers["ETag"] = etag
        return answer

    return trouble


SOON = format_datetime(datetime.now(UTC) + timedelta(minutes=30), usegmt=True)
PORTAL = "<html><p>Please log in<br>to the network</html>"
DONE = None


@dataclass(frozen=True)
class Fault:
    """One row of the table: what the server does, and what the gateway makes of it."""

    trouble: Trouble
    error: type[GatewayError] | None
    reason: str = ""
    waits: timedelta | None = None


FAULTS = {
    "401": Fault(answering(401), CalendarDelayed, "auth"),
    "403": Fault(answering(403), CalendarDelayed, "auth"),
    "409": Fault(answering(409), CalendarDelayed, "conflict"),
    "412": Fault(answering(412), CalendarDelayed, "conflict"),
    "413": Fault(answering(413), CalendarRefused, "413"),
    "423": Fault(answering(423), CalendarDelayed, "423"),
    "429 in seconds": Fault(answering(429, Retry_After="120"), CalendarDelayed, "429", timedelta(minutes=2)),
    "429 as a date": Fault(answering(429, Retry_After=SOON), CalendarDelayed, "429", timedelta(minutes=30)),
    "500": Fault(answering(500), CalendarDelayed, "500"),
    "503": Fault(answering(503, Retry_After="60"), CalendarDelayed, "503", timedelta(minutes=1)),
    "507": Fault(answering(507), CalendarDelayed, "507"),
    "HTML": Fault(answering(200, PORTAL, Content_Type="text/html"), CalendarDelayed, "conflict"),
    "redirect to another host": Fault(answering(302, Location="https://evil.example/"), CalendarDelayed, "protocol"),
    "cut, not done": Fault(cut_before, CalendarDelayed, "connect"),
    "cut, done": Fault(cut_after, DONE),
    "silent, done": Fault(never_answered, DONE),
    "taken, then lost": Fault(answering(201), DONE),
}


@pytest.fixture
async def way() -> AsyncIterator[Troubled]:
    yield Troubled()


@pytest.fixture
async def calendar(server: Any, way: Troubled, entry: Any) -> AsyncIterator[CalDavCalendar]:
    """The gateway on that way; its calendar is there already, with somebody else's entry."""
    calendar = server.gateway(transport=way)
    await calendar.keep("p1", entry(uid="r9-s01@programme.example"))
    yield calendar
    await calendar.aclose()


async def meet(call: Callable[[], Awaitable[None]], fault: Fault) -> None:
    if fault.error is None:
        await call()
        return
    with pytest.raises(GatewayError) as caught:
        await call()
    assert (type(caught.value), caught.value.reason) == (fault.error, fault.reason)
    waits = caught.value.retry_after
    assert waits is None if fault.waits is None else waits and abs(waits - fault.waits) < timedelta(minutes=1)


async def shown(calendar: CalDavCalendar, entry: Any) -> list[tuple[int, datetime | None]]:
    seen = await calendar.entries("p1", "r1-", entry().stamped_at)
    return [(each.revision, each.starts_at) for each in seen]


async def objects(server: Any) -> int:
    """How many objects the collection holds."""
    query = '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>'
    headers = {"Depth": "1", "Content-Type": "application/xml"}
    async with server.by_hand() as client:
        answer = await client.request("PROPFIND", "mentoring-p1/", content=query, headers=headers)
    return int(answer.text.count(".ics<"))


@pytest.mark.parametrize("name", FAULTS)
async def test_a_write_that_met_a_fault_is_mended_by_one_more(
    name: str, calendar: CalDavCalendar, way: Troubled, server: Any, entry: Any
) -> None:
    """Created under the fault, then changed under it: afterwards one more call each, and one object says it all."""
    fault, later = FAULTS[name], entry().starts_at + timedelta(days=1)
    moved = entry(revision=1, starts_at=later, ends_at=later + timedelta(hours=1))
    for wanted in (entry(), moved):
        way.trouble, way.methods = fault.trouble, ("PUT",)
        await meet(lambda wanted=wanted: calendar.keep("p1", wanted), fault)
        way.trouble = None
        await calendar.keep("p1", wanted)
        assert await shown(calendar, entry) == [(wanted.revision, wanted.starts_at)]
        assert await objects(server) == 2
    assert way.hosts == {"127.0.0.1"}


REMOVALS = {
    **{name: fault for name, fault in FAULTS.items() if fault.error is not DONE},
    "409": Fault(answering(409), CalendarDelayed, "conflict"),
    "cut, done": Fault(cut_after, CalendarDelayed, "connect"),
    "silent, done": Fault(never_answered, CalendarDelayed, "timeout"),
    "taken, then lost": Fault(answering(204), DONE),
}


@pytest.mark.parametrize("name", REMOVALS)
async def test_a_removal_that_met_a_fault_is_mended_by_one_more(
    name: str, calendar: CalDavCalendar, way: Troubled, server: Any, entry: Any
) -> None:
    """Whatever was answered, one more call leaves nothing of ours, and everything of others."""
    await calendar.keep("p1", entry())
    way.trouble, way.methods = REMOVALS[name].trouble, ("DELETE",)
    await meet(lambda: calendar.remove("p1", entry().uid), REMOVALS[name])
    way.trouble = None
    await calendar.remove("p1", entry().uid)
    assert await shown(calendar, entry) == []
    assert await objects(server) == 1


@pytest.mark.parametrize(
    ("etag", "fault"),
    [('"of another day"', Fault(answering(412), CalendarDelayed, "conflict")), ('W/"weak"', Fault(answering(412), DONE))],
    ids=["wrong", "weak"],
)
async def test_an_etag_that_is_wrong_or_weak(
    etag: str, fault: Fault, calendar: CalDavCalendar, way: Troubled, server: Any, entry: Any
) -> None:
    """A wrong one lets nothing be overwritten; a weak one is no condition, so existence alone is."""
    await calendar.keep("p1", entry())
    way.trouble, way.methods = tagged(etag), ("GET",)
    await meet(lambda: calendar.keep("p1", entry(revision=1)), fault)
    way.trouble = None
    await calendar.keep("p1", entry(revision=1))
    assert await shown(calendar, entry) == [(1, entry().starts_at)]
    assert await objects(server) == 2


@pytest.mark.parametrize("methods", [("PROPFIND",), ("GET", "REPORT"), ("PROPFIND", "PUT", "GET", "REPORT", "DELETE")])
async def test_a_server_that_is_gone_altogether_is_a_delay_for_all_it_is_asked(
    methods: tuple[str, ...], server: Any, way: Troubled, entry: Any
) -> None:
    """Reading, writing and removing are delayed alike, and all of them work once it is back."""
    calendar = server.gateway(transport=way)
    way.trouble, way.methods = cut_before, methods
    with pytest.raises(CalendarDelayed):
        await calendar.entries("p1", "r1-", entry().stamped_at)
    with pytest.raises(CalendarDelayed):
        await calendar.remove("p1", entry().uid)
    way.trouble = None
    await calendar.keep("p1", entry())
    assert await shown(calendar, entry) == [(0, entry().starts_at)]
    await calendar.aclose()
