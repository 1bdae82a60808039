"""Faults in front of two real servers: each is told as what it is, does nothing twice, and asking again mends it."""

import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from mentoring_lifecycle.activities.ports import Attendee, CalendarDelayed, CalendarRefused, GatewayError, SessionEntry
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar
from tests.faults import (
    EVERYTHING,
    NO_AUTHORITIES,
    Fault,
    FaultyWay,
    answering,
    done_but,
    lost,
    refused,
    silent,
    tagged,
)

ORGANIZER = Attendee("Mentoring", "mentoring@programme.example")
COLLECTION = "mentoring-p1/"
READ = (
    '<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><C:calendar-data/></prop>'
    '<C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>'
)
DATA = "{urn:ietf:params:xml:ns:caldav}calendar-data"
BOOKED, MOVED = "0 20260309T120000Z", "1 20260310T120000Z"
"""Revision and start."""

Build = Callable[..., SessionEntry]
Act = Callable[[CalDavCalendar, Build], Awaitable[None]]


@pytest.fixture
def way() -> FaultyWay:
    return FaultyWay()


@pytest.fixture
async def calendar(peer: Any, account: str, way: FaultyWay) -> AsyncIterator[CalDavCalendar]:
    """The gateway, which has not yet asked the server anything."""
    calendar = CalDavCalendar(
        peer.url, account, "secret", organizer=ORGANIZER, tls_context=NO_AUTHORITIES, transport=way
    )
    yield calendar
    await calendar.aclose()


async def shown(by_hand: httpx2.AsyncClient) -> tuple[str, ...]:
    """Every entry of the calendar as another program reads it; () also where there is no calendar yet."""
    headers = {"Depth": "1", "Content-Type": "application/xml"}
    answer = await by_hand.request("REPORT", COLLECTION, content=READ, headers=headers)
    if answer.status_code == 404:
        return ()
    return tuple(_line(element.text or "") for element in ET.fromstring(answer.text).iter(DATA))


def _line(body: str) -> str:
    event = body.split("BEGIN:VEVENT")[1]
    lines = dict(line.split(":", 1) for line in event.splitlines() if ":" in line)
    return f"{lines['SEQUENCE']} {lines['DTSTART']}"


# --- what is asked of a calendar --------------------------------------------------------------------------------


async def create(calendar: CalDavCalendar, entry: Build) -> None:
    """A session is booked."""
    await calendar.keep("p1", entry())


async def move(calendar: CalDavCalendar, entry: Build) -> None:
    """It moves by a day."""
    day = timedelta(days=1)
    moved = entry(revision=1, starts_at=entry().starts_at + day, ends_at=entry().ends_at + day)
    await calendar.keep("p1", moved)


async def look(calendar: CalDavCalendar, entry: Build) -> None:
    """Somebody wants to know what is shown."""
    seen = await calendar.entries("p1", "r1-", entry().stamped_at)
    assert [each.uid for each in seen] == [entry().uid]


async def remove(calendar: CalDavCalendar, entry: Build) -> None:
    """It is called off."""
    await calendar.remove("p1", entry().uid)


STORY: tuple[tuple[tuple[str, ...], Act, tuple[str, ...]], ...] = (
    (("PROPFIND", "MKCALENDAR", "PUT"), create, (BOOKED,)),
    (("REPORT",), look, (BOOKED,)),
    (("PUT", "GET"), move, (MOVED,)),
    (("DELETE",), remove, ()),
)
"""The requests at which an act meets the fault, one after the other; the act; and what is shown once it is done."""


async def meets(
    fault: Fault, method: str, act: Act, expected: str | None, calendar: Any, way: FaultyWay, entry: Build
) -> None:
    """The act is delayed for this reason; None: it succeeds all the same."""
    way.break_with(fault, method)
    with pytest.raises(GatewayError) if expected else nullcontext() as caught:
        await act(calendar, entry)
    way.heal()
    assert way.met, f"no {method} on the way"
    if expected:
        assert (type(caught.value), caught.value.reason) == (CalendarDelayed, expected), method


# --- the table --------------------------------------------------------------------------------------------------

Reasons = dict[str, str | None]


def whatever(reason: str, **otherwise: str | None) -> Reasons:
    """One reason at every request, but for those that are named."""
    return dict.fromkeys(EVERYTHING, reason) | otherwise


NEVER_AGREES = whatever("conflict", PROPFIND="protocol", REPORT="protocol", GET=None)
"""Where an entry cannot be read at its own address, it is looked for by its UID."""

FAULTS: dict[str, tuple[Fault, Reasons]] = {
    "401": (answering(401), whatever("auth")),
    "403": (answering(403), whatever("auth")),
    "409": (answering(409), NEVER_AGREES),
    "412": (answering(412), NEVER_AGREES),
    "423": (answering(423), whatever("423")),
    "429": (answering(429, Retry_After="60"), whatever("429")),
    "500": (answering(500), whatever("500")),
    "503": (answering(503), whatever("503")),
    "507": (answering(507), whatever("507")),
    "refused": (refused, whatever("connect")),
    "lost": (lost, whatever("connect")),
    "done, then lost": (done_but(lost), whatever("connect", PUT=None)),
    "done, then silence": (done_but(silent), whatever("timeout", PUT=None)),
    "done, then 500": (done_but(answering(500)), whatever("500")),
    "done, then 503": (done_but(answering(503)), whatever("503")),
    "done, then 504": (done_but(answering(504)), whatever("504", PUT=None)),
    "log-in page": (
        answering(200, "<html><p>Please log in<br>to the network</html>", Content_Type="text/html"),
        whatever("conflict", PROPFIND="protocol", REPORT="protocol", GET="protocol"),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_at_any_request_is_a_delay_and_heals(
    name: str, calendar: CalDavCalendar, way: FaultyWay, by_hand: Any, entry: Build
) -> None:
    """Booked, looked at, moved and called off, each under the fault at each request: later, never twice, and then so.

    Where a write was done, though nothing or nonsense was answered, that is found out and it is not done again.
    """
    fault, reasons = FAULTS[name]
    before: tuple[str, ...] = ()
    for methods, act, wanted in STORY:
        for method in methods:
            await meets(fault, method, act, reasons[method], calendar, way, entry)
            assert await shown(by_hand) in (before, wanted)
        await act(calendar, entry)
        assert await shown(by_hand) == wanted
        before = wanted


async def test_a_server_that_is_gone_altogether_is_a_delay_for_all_that_is_asked_of_it(
    calendar: CalDavCalendar, way: FaultyWay, by_hand: Any, entry: Build
) -> None:
    """Silence is never taken for an empty calendar, and what was asked meanwhile can be done once it is back."""
    await create(calendar, entry)
    way.break_with(refused, *EVERYTHING)
    for act in (look, move, remove):
        with pytest.raises(CalendarDelayed) as caught:
            await act(calendar, entry)
        assert caught.value.reason == "connect"
    way.heal()
    assert await shown(by_hand) == (BOOKED,)
    await move(calendar, entry)
    assert await shown(by_hand) == (MOVED,)


@pytest.mark.parametrize(
    ("etag", "expected"),
    [('"of another day"', "conflict"), ('W/"weak"', None), ("", None)],
    ids=["wrong", "weak", "none"],
)
async def test_an_etag_that_is_wrong_weak_or_missing(
    etag: str, expected: str | None, calendar: CalDavCalendar, way: FaultyWay, by_hand: Any, entry: Build
) -> None:
    """A wrong one lets nothing be written over or removed; where there is no strong one, existence is the condition."""
    await create(calendar, entry)
    before = (BOOKED,)
    for _, act, wanted in STORY[2:]:
        await meets(tagged(etag), "GET", act, expected, calendar, way, entry)
        assert await shown(by_hand) == (before if expected else wanted)
        await act(calendar, entry)
        assert await shown(by_hand) == wanted
        before = wanted


async def test_an_entry_that_is_too_large_for_the_server_is_refused(
    calendar: CalDavCalendar, way: FaultyWay, by_hand: Any, entry: Build
) -> None:
    """That is about the entry and not about the server, so nobody waits for it; a smaller one is taken."""
    way.break_with(answering(413), "PUT")
    with pytest.raises(CalendarRefused) as caught:
        await create(calendar, entry)
    assert caught.value.reason == "413"
    way.heal()
    await create(calendar, entry)
    assert await shown(by_hand) == (BOOKED,)
