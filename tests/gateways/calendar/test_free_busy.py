"""Free/busy from a real calendar server, from feeds, and from whatever a stranger's address may answer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring_lifecycle.activities.ports import CalendarDelayed, CalendarRefused, GatewayError
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.gateways.free_busy_caldav import CalDavFreeBusy
from tests.gateways.calendar.conftest import CalendarPeer

MIA = Person("mia", "Mia", "mia@pair.example", "it", "Europe/Rome", 2)
MONDAY = datetime(2027, 3, 1, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
FEED = "https://calendar.example/mia.ics"

Answer = Callable[[httpx2.Request], httpx2.Response]


def response(status: int, content: bytes = b"", headers: dict[str, str] | None = None) -> httpx2.Response:
    """An answer that is read from the wire, as real ones are."""
    return httpx2.Response(status, stream=httpx2.ByteStream(content), headers=headers)


def with_url(url: str) -> Person:
    return replace(MIA, busy_url=url)


def event(uid: str, *lines: str) -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20270101T000000Z", *lines, "END:VEVENT"])


def calendar(*components: str) -> bytes:
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    return "\r\n".join([*head, *components, "END:VCALENDAR", ""]).encode()


def hours(*numbers: int) -> list[tuple[datetime, datetime]]:
    """Spans of an hour on that Monday."""
    return [(MONDAY + number * HOUR, MONDAY + (number + 1) * HOUR) for number in numbers]


# --- a real server ----------------------------------------------------------------------------------------------

EVENTS = {
    "busy": event("busy", "DTSTART:20270301T080000Z", "DTEND:20270301T090000Z"),
    "tentative": event("tentative", "DTSTART:20270301T100000Z", "DTEND:20270301T110000Z", "STATUS:TENTATIVE"),
    "free": event("free", "DTSTART:20270301T120000Z", "DTEND:20270301T130000Z", "TRANSP:TRANSPARENT"),
    "off": event("off", "DTSTART:20270301T140000Z", "DTEND:20270301T150000Z", "STATUS:CANCELLED"),
    "later": event("later", "DTSTART:20270501T140000Z", "DTEND:20270501T150000Z"),
}


async def _fill(by_hand: httpx2.AsyncClient, events: Iterable[str]) -> str:
    """A calendar of that account with these events; its address."""
    (await by_hand.request("MKCALENDAR", "own/")).raise_for_status()
    for uid in events:
        headers = {"Content-Type": "text/calendar"}
        (await by_hand.put(f"own/{uid}.ics", content=calendar(EVENTS[uid]), headers=headers)).raise_for_status()
    return str(by_hand.base_url.join("own/"))


async def test_a_real_server_tells_when_somebody_is_busy(
    peer: CalendarPeer, account: str, by_hand: httpx2.AsyncClient
) -> None:
    """Busy and tentative count; free, cancelled and what lies outside do not."""
    url = await _fill(by_hand, EVENTS)
    gateway = CalDavFreeBusy(peer.url, account, "secret")
    assert list(await gateway.busy(with_url(url), MONDAY, MONDAY + WEEK)) == hours(8, 10)
    assert list(await gateway.busy(with_url(url), MONDAY + 8.5 * HOUR, MONDAY + 9 * HOUR)) == [
        (MONDAY + 8.5 * HOUR, MONDAY + 9 * HOUR)
    ]
    await gateway.aclose()


async def test_a_real_server_that_only_shows_its_objects_is_read(
    peer: CalendarPeer, account: str, by_hand: httpx2.AsyncClient
) -> None:
    """A plain GET of a calendar answers with all its events; an address of a single object cannot be queried at all."""
    url = await _fill(by_hand, ["busy", "free"])

    class NoReport(httpx2.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            return response(405) if request.method == "REPORT" else await super().handle_async_request(request)

    gateway = CalDavFreeBusy(peer.url, account, "secret", transport=NoReport())
    assert list(await gateway.busy(with_url(url), MONDAY, MONDAY + WEEK)) == hours(8)
    await gateway.aclose()


# --- answers of all kinds ---------------------------------------------------------------------------------------


@pytest.fixture
async def answered() -> AsyncIterator[Callable[[Answer], CalDavFreeBusy]]:
    """A gateway whose every request is answered so; names are resolved to a public address."""
    made: list[CalDavFreeBusy] = []

    def build(answer: Answer) -> CalDavFreeBusy:
        made.append(
            CalDavFreeBusy(
                "https://caldav.example/", "account", "secret", transport=httpx2.MockTransport(answer), deadline=2
            )
        )
        return made[-1]

    yield build
    for gateway in made:
        await gateway.aclose()


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names are resolved to; 93.184.216.34 unless said otherwise."""
    known: dict[str, list[str]] = {}

    async def getaddrinfo(_loop: object, host: str, port: int, **_more: object) -> Sequence[tuple[object, ...]]:
        if host == "nowhere.example":
            raise socket.gaierror
        return [(0, 0, 0, "", (address, port)) for address in known.get(host, ["93.184.216.34"])]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return known


def feed(*components: str) -> Answer:
    """A feed that knows GET alone."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method != "GET":
            return response(405)
        return response(200, content=calendar(*components), headers={"Content-Type": "text/calendar"})

    return answer


async def test_a_feed_is_read_with_all_its_ways_to_be_busy(answered: Callable[[Answer], CalDavFreeBusy]) -> None:
    """Periods, whole days and times without a zone, which are meant where the person lives; free ones are none."""
    periods = "\r\n".join(
        [
            "BEGIN:VFREEBUSY",
            "UID:1",
            "DTSTAMP:20270101T000000Z",
            "FREEBUSY;FBTYPE=BUSY:20270301T080000Z/PT1H,20270301T100000Z/20270301T110000Z",
            "FREEBUSY;FBTYPE=FREE:20270301T120000Z/PT1H",
            "END:VFREEBUSY",
        ]
    )
    floating = event("floating", "DTSTART:20270301T150000", "DURATION:PT1H")
    whole_day = event("day", "DTSTART;VALUE=DATE:20270302", "DTEND;VALUE=DATE:20270303")
    gateway = answered(feed(periods, floating, whole_day))
    found = await gateway.busy(with_url(FEED), MONDAY, MONDAY + WEEK)
    assert list(found) == [*hours(8, 10, 14), (MONDAY + 23 * HOUR, MONDAY + 47 * HOUR)]


async def test_rules_of_strangers_are_never_expanded(
    answered: Callable[[Answer], CalDavFreeBusy], capsys: pytest.CaptureFixture[str]
) -> None:
    """What recurs is left out, and said so; the rest still counts."""
    endless = event("endless", "DTSTART:20270301T080000Z", "DURATION:PT1H", "RRULE:FREQ=SECONDLY;BYMONTHDAY=30")
    gateway = answered(feed(endless, EVENTS["tentative"]))
    assert list(await gateway.busy(with_url(FEED), MONDAY, MONDAY + WEEK)) == hours(10)
    assert "free_busy_incomplete" in capsys.readouterr().out


async def test_nobody_is_asked_where_no_address_is_known(answered: Callable[[Answer], CalDavFreeBusy]) -> None:
    """Working hours alone count then."""

    def never(request: httpx2.Request) -> httpx2.Response:
        raise AssertionError(request.url)

    assert list(await answered(never).busy(MIA, MONDAY, MONDAY + WEEK)) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://calendar.example/",
        "ftp://calendar.example/",
        "https://someone:secret@calendar.example/",
        "https://",
        "mailto:mia@pair.example",
        "https://inner.example/",
        "https://mixed.example/",
        "https://10.0.0.1/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://100.64.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://224.0.0.1/",
        "https://0.0.0.0/",
    ],
)
async def test_no_address_leads_into_the_inner_network(
    answered: Callable[[Answer], CalDavFreeBusy], names: dict[str, list[str]], url: str
) -> None:
    """https alone, nobody's password, and every machine that a name leads to must be a public one."""
    names |= {"inner.example": ["10.1.2.3"], "mixed.example": ["93.184.216.34", "192.168.0.1"]}
    for literal in ("10.0.0.1", "127.0.0.1", "::1", "169.254.169.254", "fe80::1", "fd00::1", "100.64.0.1"):
        names[literal] = [literal]
    names |= {each: [each] for each in ("::ffff:10.0.0.1", "::ffff:a00:1", "64:ff9b::a00:1", "224.0.0.1", "0.0.0.0")}

    def never(request: httpx2.Request) -> httpx2.Response:
        raise AssertionError(request.url)

    with pytest.raises(CalendarRefused, match="address"):
        await answered(never).busy(with_url(url), MONDAY, MONDAY + WEEK)


async def test_a_name_is_resolved_once_and_our_account_stays_at_home(
    answered: Callable[[Answer], CalDavFreeBusy], names: dict[str, list[str]]
) -> None:
    """The machine that was looked at is the one that is asked; only our own server sees who we are."""
    names["caldav.example"] = ["10.9.9.9"]
    seen: list[tuple[str, str, bool]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append((request.url.host, request.headers["Host"], "Authorization" in request.headers))
        return response(200, content=calendar(EVENTS["busy"]), headers={"Content-Type": "text/calendar"})

    gateway = answered(answer)
    for url in (FEED, "https://caldav.example/mia/", "https://caldav.example:8443/mia/"):
        assert list(await gateway.busy(with_url(url), MONDAY, MONDAY + WEEK)) == hours(8)
    assert seen == [
        ("93.184.216.34", "calendar.example", False),
        ("caldav.example", "caldav.example", True),
        ("10.9.9.9", "caldav.example:8443", False),
    ]


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (302, CalendarRefused, "redirect"),
        (401, CalendarDelayed, "auth"),
        (403, CalendarDelayed, "auth"),
        (404, CalendarRefused, "404"),
        (429, CalendarDelayed, "429"),
        (503, CalendarDelayed, "503"),
        (507, CalendarDelayed, "507"),
    ],
)
async def test_a_status_says_whether_to_ask_again(
    answered: Callable[[Answer], CalDavFreeBusy], status: int, error: type[GatewayError], reason: str
) -> None:
    """No redirect is followed."""
    gateway = answered(lambda _request: response(status, headers={"Location": "http://127.0.0.1/"}))
    with pytest.raises(error) as raised:
        await gateway.busy(with_url(FEED), MONDAY, MONDAY + WEEK)
    assert raised.value.reason == reason


async def test_what_is_too_large_or_away_is_told(answered: Callable[[Answer], CalDavFreeBusy]) -> None:
    """An answer without an end, a connection lost, a name that nobody knows."""

    def lost(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("lost")

    with pytest.raises(CalendarDelayed, match="too_large"):
        await answered(lambda _: response(200, content=b" " * 2_000_000)).busy(with_url(FEED), MONDAY, MONDAY)
    with pytest.raises(CalendarDelayed, match="connect"):
        await answered(lost).busy(with_url(FEED), MONDAY, MONDAY + WEEK)
    with pytest.raises(CalendarDelayed, match="connect"):
        await answered(lost).busy(with_url("https://nowhere.example/"), MONDAY, MONDAY + WEEK)


LINES = st.sampled_from(
    [
        *calendar(*EVENTS.values()).decode().splitlines(),
        "DTSTART:20270301T250000Z",
        "DTSTART;TZID=Nowhere/Else:20270301T100000",
        "DTEND:99991231T235959Z",
        "DURATION:-P9999999D",
        "BEGIN:VFREEBUSY",
        "FREEBUSY:20270301T080000Z",
        "FREEBUSY:rubbish/PT1H",
        "END:VFREEBUSY",
        "\x00",
        "",
    ]
)


@settings(max_examples=150)
@given(st.lists(LINES, max_size=25) | st.binary(max_size=200))
def test_no_body_breaks_its_reader(lines: list[str] | bytes) -> None:
    """Whatever stands there: spans in order inside what was asked for, or one of the two errors."""
    body = lines if isinstance(lines, bytes) else "\r\n".join(lines).encode()

    async def asked() -> Sequence[tuple[datetime, datetime]]:
        transport = httpx2.MockTransport(lambda _: response(200, content=body))
        gateway = CalDavFreeBusy("https://93.184.216.34/", transport=transport)
        try:
            return await gateway.busy(with_url("https://93.184.216.34/mia"), MONDAY, MONDAY + WEEK)
        finally:
            await gateway.aclose()

    try:
        spans = asyncio.run(asked())
    except CalendarRefused:
        return
    assert list(spans) == sorted(spans)
    assert all(MONDAY <= begins < ends <= MONDAY + WEEK for begins, ends in spans)
