"""When somebody's own calendar says that they are busy: a free-busy query (RFC 4791 7.10), else a feed to be read.

The address comes from the people directory and not from the operator, so it is treated as a stranger's: https alone, no
redirects, a small answer, and never a machine of the inner network. Titles are neither asked for nor kept.
"""

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from ipaddress import ip_address
from typing import Final
from zoneinfo import ZoneInfo

import httpx2
import structlog
from icalendar import Calendar, Component

from mentoring_lifecycle.activities.clocks import at_local_time, zone_at
from mentoring_lifecycle.activities.ports import CalendarDelayed, CalendarRefused, Span
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.gateways.calendar_caldav import capped
from mentoring_lifecycle.gateways.loopback import is_loopback

log = structlog.stdlib.get_logger()

_LARGEST_ANSWER: Final = 1024 * 1024
_QUERY: Final = (
    '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">'
    '<C:time-range start="{start:%Y%m%dT%H%M%SZ}" end="{end:%Y%m%dT%H%M%SZ}"/></C:free-busy-query>'
)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    is_calendar: bool
    body: bytes


class CalDavFreeBusy:
    """Free/busy by people's own addresses; satisfies FreeBusyGateway.

    `calendar_url` is the calendar server of the installation: its host may lie in the inner network, and our account is
    shown to it and to nobody else.

    Reasons of CalendarRefused: `address` (one that may not be asked), `redirect`, `malformed`, or the status code; of
    CalendarDelayed: `auth`, `connect`, `timeout`, `too_large`, or the status code.
    """

    def __init__(
        self,
        calendar_url: str = "",
        username: str = "",
        password: str = "",
        *,
        timeout: float = 5.0,
        deadline: float = 15.0,
        tls_context: ssl.SSLContext | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._ours = httpx2.URL(calendar_url) if calendar_url else None
        self._account = httpx2.BasicAuth(username, password) if username else None
        self._deadline = deadline
        self._client = httpx2.AsyncClient(
            timeout=timeout,
            verify=tls_context or True,
            trust_env=False,
            follow_redirects=False,
            transport=transport,
            headers={"Accept-Encoding": "identity"},
        )

    async def aclose(self) -> None:
        """End all connections."""
        await self._client.aclose()

    async def busy(self, person: Person, start: datetime, end: datetime) -> Sequence[Span]:
        """Spans in which the person is busy, in order; none where no address is known.

        Raises CalendarRefused or CalendarDelayed.
        """
        if not person.busy_url:
            return ()
        try:
            async with asyncio.timeout(self._deadline):
                body = await self._body(httpx2.URL(person.busy_url), start, end)
        except httpx2.InvalidURL:
            raise CalendarRefused("address") from None
        except TimeoutError:
            raise CalendarDelayed("timeout") from None
        spans = _busy_spans(body, person, (start, end))
        return sorted((max(a, start), min(b, end)) for a, b in spans if a < end and start < b and a < b)

    async def _body(self, url: httpx2.URL, start: datetime, end: datetime) -> bytes:
        pinned = await self._pinned(url)
        query = _QUERY.format(start=start.astimezone(UTC), end=end.astimezone(UTC)).encode()
        asked = await self._send("REPORT", url, pinned, query)
        if asked.status == 200 and asked.is_calendar:
            return asked.body
        read = await self._send("GET", url, pinned)
        if read.status == 200:
            return read.body
        if read.status in {401, 403}:
            raise CalendarDelayed("auth")
        if read.status in {408, 423, 425, 429} or read.status >= 500:
            raise CalendarDelayed(str(read.status))
        raise CalendarRefused("redirect" if 300 <= read.status < 400 else str(read.status))

    async def _send(self, method: str, url: httpx2.URL, pinned: httpx2.URL, body: bytes = b"") -> _Answer:
        headers = {"Host": url.netloc.decode("ascii"), "Accept": "text/calendar"}
        if body:
            headers |= {"Content-Type": "application/xml; charset=utf-8", "Depth": "1"}
        request = self._client.build_request(
            method, pinned, content=body, headers=headers, extensions={"sni_hostname": url.host}
        )
        try:
            response = await self._client.send(request, auth=self._account if self._is_ours(url) else None, stream=True)
            try:
                content = await capped(response, _LARGEST_ANSWER, "too_large")
            finally:
                await response.aclose()
        except httpx2.TimeoutException:
            raise CalendarDelayed("timeout") from None
        except httpx2.TransportError:
            raise CalendarDelayed("connect") from None
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return _Answer(response.status_code, kind == "text/calendar", content)

    def _is_ours(self, url: httpx2.URL) -> bool:
        """Whether it is the very server to which our account belongs."""
        ours = self._ours
        return ours is not None and _origin(url) == _origin(ours)

    async def _pinned(self, url: httpx2.URL) -> httpx2.URL:
        """The same address with the machine that was looked at in the place of its name.

        A name is resolved once: a second answer of the name server could lead anywhere.
        """
        if url.userinfo or not url.host:
            raise CalendarRefused("address")
        if self._is_ours(url) or (url.scheme == "http" and is_loopback(url.host)):
            return url
        if url.scheme != "https":
            raise CalendarRefused("address")
        addresses = await _resolved(url)
        is_our_host = self._ours is not None and url.host == self._ours.host
        if not is_our_host and not all(map(_is_public, addresses)):
            raise CalendarRefused("address")
        return url.copy_with(host=addresses[0])


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


async def _resolved(url: httpx2.URL) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.raw_host.decode("ascii"), url.port or 443)
    except (OSError, UnicodeError):
        raise CalendarDelayed("connect") from None
    return [str(address[0]) for *_, address in found]


def _is_public(address: str) -> bool:
    """Neither the inner network nor a way around into it: mapped, translated and multicast addresses are refused."""
    number = ip_address(address.partition("%")[0])
    mapped = getattr(number, "ipv4_mapped", None) or getattr(number, "sixtofour", None)
    is_translated = number.version == 6 and number.packed.startswith(bytes.fromhex("0064ff9b"))
    return number.is_global and not number.is_multicast and mapped is None and not is_translated


# --- what a calendar says ---------------------------------------------------------------------------------------


def _busy_spans(body: bytes, person: Person, within: Span) -> list[Span]:
    try:
        calendar = Calendar.from_ical(body)
        if isinstance(calendar, Calendar):
            return list(_spans_in(calendar, person, within))
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, OverflowError, RecursionError):
        pass  # whatever a stranger's calendar does to its reader
    raise CalendarRefused("malformed")


def _spans_in(calendar: Calendar, person: Person, within: Span) -> Iterator[Span]:
    zone = zone_at(person, within[0])
    for told in calendar.walk("VFREEBUSY"):
        yield from _told(told, zone)
    unread = 0
    for event in calendar.events:
        if str(event.get("TRANSP", "")).upper() == "TRANSPARENT" or str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        if "RRULE" in event or "RDATE" in event:
            unread += 1  # rules that strangers write are never expanded: one of them can take for ever
        else:
            yield _instant(event.start, zone), _instant(event.end, zone)
    if unread:
        log.warning("free_busy_incomplete", person=person.id, recurring=unread)


def _told(component: Component, zone: ZoneInfo) -> Iterator[Span]:
    given = component.get("FREEBUSY", [])
    for period in given if isinstance(given, list) else [given]:
        if str(period.params.get("FBTYPE", "BUSY")).upper() != "FREE":
            yield _instant(period.start, zone), _instant(period.end, zone)


def _instant(at: date | datetime, zone: ZoneInfo) -> datetime:
    """A whole day, or a time without a zone, is meant where the person lives."""
    if not isinstance(at, datetime):
        return at_local_time(at, time(), zone)
    return at.astimezone(UTC) if at.tzinfo else at_local_time(at.date(), at.time(), zone)
