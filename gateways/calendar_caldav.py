"""Calendars on a CalDAV server (RFC 4791): below the home of our own account, one collection per person.

Asking again is always safe: an entry has one address per UID, every write carries a precondition, and whatever the
server does not confirm is read back and compared.
"""

import asyncio
import ssl
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any, NoReturn
from urllib.parse import quote
from xml.sax.saxutils import escape

import httpx2
from icalendar import Calendar, Event

from mentoring_lifecycle.activities.ports import Attendee, CalendarDelayed, CalendarRefused, SeenEntry, SessionEntry
from mentoring_lifecycle.gateways.imip import calendar_object, checked_organizer
from mentoring_lifecycle.gateways.loopback import UnprotectedConnection, is_loopback

_LARGEST_ANSWER = 1024 * 1024
_ROUNDS = 6
_HOPS = 3
_LONGEST_WAIT = timedelta(days=1)
_PERHAPS_DONE = frozenset({"timeout", "connect", "502", "504"})
_ANSWERS = frozenset({200, 201, 204, 207, 404, 405, 409, 410, 412})
_MISSING = frozenset({404, 410})

_NAMES = {"D": "DAV:", "C": "urn:ietf:params:xml:ns:caldav"}
_DECLARED = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
_FIND_HOME = f"<D:propfind {_DECLARED}><D:prop><D:current-user-principal/><C:calendar-home-set/></D:prop></D:propfind>"
_NEW_CALENDAR = (
    f"<C:mkcalendar {_DECLARED}><D:set><D:prop><D:displayname>Mentoring</D:displayname>"
    '<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>'
    "</D:prop></D:set></C:mkcalendar>"
)
_QUERY = (
    f"<C:calendar-query {_DECLARED}><D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter>"
    '<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">{condition}</C:comp-filter></C:comp-filter>'
    "</C:filter></C:calendar-query>"
)
_BY_UID = '<C:prop-filter name="UID"><C:text-match collation="i;octet">{uid}</C:text-match></C:prop-filter>'
_FROM = '<C:time-range start="{start:%Y%m%dT%H%M%SZ}"/>'


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: httpx2.Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class _Stored:
    """A calendar object as the server shows it."""

    url: httpx2.URL
    etag: str
    body: bytes


class CalDavCalendar:
    """Calendars of people on one CalDAV server, reached with one account.

    `timeout` bounds every wait for the network and `deadline` a whole operation, in seconds. Plain http towards
    another host raises UnprotectedConnection, unless the operator vouches for a closed network.

    Reasons of CalendarDelayed: `auth` (401, 403: heals when the operator corrects the account), `connect`, `timeout`,
    `protocol` (an answer that no CalDAV server gives), `conflict` (others kept changing it), or the status code.
    Of CalendarRefused: the status code, or `malformed`.
    """

    def __init__(
        self,
        url: str,
        username: str = "",
        password: str = "",
        *,
        organizer: Attendee,
        timeout: float = 10.0,
        deadline: float = 30.0,
        tls_context: ssl.SSLContext | None = None,
        closed_network: bool = False,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._root = httpx2.URL(url)
        at_home = is_loopback(self._root.host)
        if self._root.scheme != "https" and not (self._root.scheme == "http" and (at_home or closed_network)):
            raise UnprotectedConnection(
                "A calendar server on another host needs an https URL: correct it, or vouch for a closed network."
            )
        self._organizer = checked_organizer(organizer)
        self._deadline = deadline
        self._home: httpx2.URL | None = None
        self._client = httpx2.AsyncClient(
            auth=httpx2.BasicAuth(username, password) if username else None,
            timeout=timeout,
            verify=tls_context or True,
            trust_env=not at_home,
            transport=transport,
            headers={"Accept-Encoding": "identity"},
        )

    async def aclose(self) -> None:
        """End all connections."""
        await self._client.aclose()

    async def greets(self) -> None:
        """Reach the server, as nobody in particular: a wrong password that is tried often locks accounts.

        Raises CalendarDelayed where nobody answers, or a server that is not itself.
        """
        async with self._in_time():
            try:
                async with self._client.stream("OPTIONS", self._root, auth=None) as answer:
                    status = answer.status_code
            except httpx2.TimeoutException:
                raise CalendarDelayed("timeout") from None
            except httpx2.TransportError:
                raise CalendarDelayed("connect") from None
        if status >= 500:
            raise CalendarDelayed(str(status))

    async def keep(self, owner: str, entry: SessionEntry) -> None:
        """Make the owner's calendar show the entry; a newer revision already there is left alone.

        Raises CalendarRefused (final) or CalendarDelayed (try later; asking again is always safe).
        """
        try:
            body = calendar_object(entry, self._organizer)
        except ValueError:
            raise CalendarRefused("malformed") from None
        async with self._in_time():
            await self._keep(await self._collection(owner), entry.uid, body)

    async def remove(self, owner: str, uid: str) -> None:
        """Make the owner's calendar show the entry no longer; already gone is success."""
        async with self._in_time():
            collection = await self._collection(owner)
            for _ in range(_ROUNDS):
                stored = await self._find(collection, uid)
                if stored is None:
                    return
                answer = await self._ask("DELETE", stored.url, headers={"If-Match": _strong(stored.etag)})
                # Radicale says 200, and so does a log-in page in front of it: then the next look tells.
                if answer.status == 204 or answer.status in _MISSING:
                    return
        raise CalendarDelayed("conflict")

    async def upcoming(self, owner: str, uid_prefix: str, after: datetime) -> Sequence[str]:
        """UIDs starting with the prefix of entries that end after the instant, sorted."""
        return [seen.uid for seen in await self.entries(owner, uid_prefix, after) or ()]

    async def entries(self, owner: str, uid_prefix: str, after: datetime) -> Sequence[SeenEntry] | None:
        """The same entries as the owner's calendar shows them, in the order of UIDs; None without a calendar here."""
        async with self._in_time():
            collection = await self._collection(owner)
            # A day earlier, for times without a zone, which the server and we may place differently.
            condition = _FROM.format(start=after.astimezone(UTC) - timedelta(days=1))
            stored = await self._query(collection, condition)
        if stored is None:
            return None
        seen = {entry.uid: entry for found in stored for entry in _upcoming(found.body, uid_prefix, after)}
        return [seen[uid] for uid in sorted(seen)]

    async def _keep(self, collection: httpx2.URL, uid: str, body: bytes) -> None:
        stored: _Stored | None = None
        for _ in range(_ROUNDS):
            lost = None
            try:
                if await self._put(collection, uid, body, stored):
                    return
            except CalendarDelayed as delay:
                if delay.reason not in _PERHAPS_DONE:
                    raise
                lost = delay
            stored = await self._find(collection, uid)
            if stored is not None and _is_settled(stored.body, body, uid):
                return
            if lost is not None:
                raise lost
        raise CalendarDelayed("conflict")

    async def _put(self, collection: httpx2.URL, uid: str, body: bytes, stored: _Stored | None) -> bool:
        """Write over what was seen, or create; False where the server shows something else by now."""
        url = stored.url if stored else _address_of(collection, uid)
        condition = {"If-Match": _strong(stored.etag)} if stored else {"If-None-Match": "*"}
        headers = {"Content-Type": "text/calendar; charset=utf-8"} | condition
        answer = await self._ask("PUT", url, body, headers)
        if answer.status in {404, 409} and b"no-uid-conflict" not in answer.body:
            await self._make(collection)
        return answer.status in {201, 204}

    async def _make(self, collection: httpx2.URL) -> None:
        """Make the collection; that somebody else was faster is as good."""
        answer = await self._send("MKCALENDAR", collection, _NEW_CALENDAR.encode(), {})
        # RFC 4791, 5.3.1.1: the refusal of what is there already may come as 403, which says nothing about our account.
        if b"resource-must-be-null" not in answer.body:
            _judge(answer)

    async def _find(self, collection: httpx2.URL, uid: str) -> _Stored | None:
        """Where the server shows the UID: at its own address, or wherever a person's calendar program put it."""
        url = _address_of(collection, uid)
        answer = await self._ask("GET", url)
        if answer.status == 200:
            _events(answer.body)
            return _Stored(url, answer.headers.get("ETag", ""), answer.body)
        found = await self._query(collection, _BY_UID.format(uid=escape(uid))) or ()
        return next((stored for stored in found if uid in _uids(stored.body)), None)

    async def _query(self, collection: httpx2.URL, condition: str) -> list[_Stored] | None:
        """What fits the condition; None where there is no such collection."""
        query = _QUERY.format(condition=condition).encode()
        answer = await self._ask("REPORT", collection, query, {"Depth": "1"})
        if answer.status in _MISSING:
            return None
        return [
            _Stored(self._below(collection, href), _text(response, ".//D:getetag"), data.encode())
            for response in _multistatus(answer).iterfind("D:response", _NAMES)
            if (href := _text(response, "D:href")) and (data := _text(response, ".//C:calendar-data"))
        ]

    async def _collection(self, owner: str) -> httpx2.URL:
        if self._home is None:
            self._home = await self._discover()
        return self._home.join(f"mentoring-{quote(owner, safe='')}/")

    async def _discover(self) -> httpx2.URL:
        for start in (self._root, self._root.join("/.well-known/caldav")):
            url, properties = await self._properties(start)
            principal = _href(properties, "D:current-user-principal")
            if principal and not _href(properties, "C:calendar-home-set"):
                url, properties = await self._properties(self._below(url, principal))
            if home := _href(properties, "C:calendar-home-set"):
                return self._below(url, home.rstrip("/") + "/")
        raise CalendarDelayed("protocol")

    async def _properties(self, url: httpx2.URL) -> tuple[httpx2.URL, ET.Element | None]:
        """Who we are and where our calendars live, as the resource tells; redirects stay on the same server."""
        for _ in range(_HOPS):
            answer = await self._send("PROPFIND", url, _FIND_HOME.encode(), {"Depth": "0"})
            if answer.status not in {301, 302, 307, 308}:
                _judge(answer)
                return url, _multistatus(answer) if answer.status == 207 else None
            url = self._below(url, answer.headers.get("Location", ""))
        raise CalendarDelayed("protocol")

    def _below(self, base: httpx2.URL, href: str) -> httpx2.URL:
        """The address that a server names; our password goes to the configured server and nowhere else."""
        try:
            url = base.join(href)
        except httpx2.InvalidURL:
            raise CalendarDelayed("protocol") from None
        if (url.scheme, url.host, url.port) != (self._root.scheme, self._root.host, self._root.port):
            raise CalendarDelayed("protocol")
        return url

    async def _ask(
        self, method: str, url: httpx2.URL, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> _Answer:
        answer = await self._send(method, url, body, headers or {})
        _judge(answer)
        return answer

    async def _send(self, method: str, url: httpx2.URL, body: bytes, headers: dict[str, str]) -> _Answer:
        if body and "Content-Type" not in headers:
            headers = headers | {"Content-Type": "application/xml; charset=utf-8"}
        try:
            async with self._client.stream(method, url, content=body, headers=headers) as response:
                content = await capped(response, _LARGEST_ANSWER, "protocol")
                return _Answer(response.status_code, response.headers, content)
        except httpx2.TimeoutException:
            raise CalendarDelayed("timeout") from None
        except httpx2.TransportError:
            raise CalendarDelayed("connect") from None

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._deadline):
                yield
        except TimeoutError:
            raise CalendarDelayed("timeout") from None


def _judge(answer: _Answer) -> None:
    status = answer.status
    if status in _ANSWERS:
        return
    if status in {401, 403}:
        raise CalendarDelayed("auth")
    if status in {408, 423, 425, 429} or status >= 500:
        raise CalendarDelayed(str(status), retry_after=_retry_after(answer.headers))
    if status >= 400:
        raise CalendarRefused(str(status))
    raise CalendarDelayed("protocol")


def _retry_after(headers: httpx2.Headers) -> timedelta | None:
    value = headers.get("Retry-After", "").strip()
    try:
        if value.isdecimal():
            asked = timedelta(seconds=int(value))
        else:
            asked = max(parsedate_to_datetime(value).astimezone(UTC) - datetime.now(UTC), timedelta())
        return min(asked, _LONGEST_WAIT)  # or whoever asks for a month loses what is wanted today
    except (ValueError, OverflowError):
        return None


async def capped(response: httpx2.Response, largest: int, why: str) -> bytes:
    """The body as it travels: nothing was asked for compressed, so nothing can swell while it is unpacked.

    Raises CalendarDelayed with the reason `why` where it has more bytes than `largest`.
    """
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > largest:
            raise CalendarDelayed(why)
    return bytes(body)


class _NoDoctype(ET.TreeBuilder):
    """Refuses documents that declare a type, before any entity in it is expanded."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        raise ValueError("A CalDAV answer declares no document type.")


def _multistatus(answer: _Answer) -> ET.Element:
    parser = ET.XMLParser(target=_NoDoctype())  # noqa: S314 -- entities need a DOCTYPE, which the target refuses
    try:
        parser.feed(answer.body)
        root: ET.Element = parser.close()
    except (ET.ParseError, ValueError, LookupError):
        raise CalendarDelayed("protocol") from None
    if root.tag != "{DAV:}multistatus":
        raise CalendarDelayed("protocol")
    return root


def _text(element: ET.Element, path: str) -> str:
    return (element.findtext(path, "", _NAMES) or "").strip()


def _href(properties: ET.Element | None, name: str) -> str:
    return "" if properties is None else _text(properties, f".//{name}/D:href")


def _address_of(collection: httpx2.URL, uid: str) -> httpx2.URL:
    return collection.join(f"{sha256(uid.encode()).hexdigest()[:40]}.ics")


def _strong(etag: str) -> str:
    """What If-Match can compare: weak tags never match, so then only existence is asked for."""
    return "*" if not etag or etag.startswith("W/") else etag


def _events(body: bytes) -> list[Event]:
    try:
        calendar = Calendar.from_ical(body)
    except ValueError:
        raise CalendarDelayed("protocol") from None
    if not isinstance(calendar, Calendar):
        raise CalendarDelayed("protocol")
    return calendar.events


def _uids(body: bytes) -> set[str]:
    return {str(event.get("UID", "")) for event in _events(body)}


def _is_settled(stored: bytes, wanted: bytes, uid: str) -> bool:
    """Whether the server shows what is wanted, or something newer."""
    (ours,) = _events(wanted)
    theirs = next((event for event in _events(stored) if event.get("UID") == uid), None)
    if theirs is None:
        return False
    newer, same = _revision(theirs) > _revision(ours), _revision(theirs) == _revision(ours)
    return newer or (same and _shown(theirs) == _shown(ours))


def _revision(event: Event) -> int:
    try:
        return int(event.get("SEQUENCE", 0))
    except (TypeError, ValueError):
        return 0


def _shown(event: Event) -> tuple[Any, ...]:
    """What a person sees of an entry. Servers rewrite the text of what they store, so bytes tell nothing."""
    try:
        return event.start, event.end, str(event.get("SUMMARY", "")), str(event.get("STATUS", ""))
    except ValueError:
        return ()


def _upcoming(body: bytes, uid_prefix: str, after: datetime) -> Iterator[SeenEntry]:
    try:
        events = _events(body)
    except CalendarDelayed:
        if uid_prefix.encode() in body:
            raise
        return  # somebody else's, and not readable
    for event in events:
        uid = str(event.get("UID", ""))
        if uid.startswith(uid_prefix) and ("RRULE" in event or _end(event) > after):
            yield _seen(uid, event)


def _seen(uid: str, event: Event) -> SeenEntry:
    try:
        starts_at, ends_at = _instant(event.start), _instant(event.end)
    except ValueError:
        starts_at = ends_at = None
    cancelled = str(event.get("STATUS", "")).upper() == "CANCELLED"
    return SeenEntry(uid, _revision(event), starts_at, ends_at, cancelled, tuple(_answers(event)))


def _instant(at: date | datetime) -> datetime | None:
    return at.astimezone(UTC) if isinstance(at, datetime) and at.tzinfo else None


def _answers(event: Event) -> Iterator[tuple[str, str]]:
    attendees = event.get("ATTENDEE", [])
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        answer = getattr(attendee, "params", {}).get("PARTSTAT", "NEEDS-ACTION")
        yield str(attendee).lower().removeprefix("mailto:"), str(answer).lower()


def _end(event: Event) -> datetime:
    """When an entry is over everywhere on earth; far in the future where it cannot be read."""
    try:
        end: date | datetime = event.end
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
    if not isinstance(end, datetime):
        end = datetime.combine(end, time())  # a whole day
    return end if end.tzinfo else end.replace(tzinfo=UTC) + timedelta(hours=12)
