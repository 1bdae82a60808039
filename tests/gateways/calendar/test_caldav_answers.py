"""What every answer of a calendar server means, also those that no good server gives."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest

from mentoring_lifecycle.activities.ports import Attendee, CalendarDelayed, CalendarRefused, GatewayError
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar
from mentoring_lifecycle.gateways.imip import calendar_object
from mentoring_lifecycle.gateways.loopback import UnprotectedConnection

ORGANIZER = Attendee("Mentoring", "mentoring@programme.example")
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading the usual ones costs more than all of these tests
DELAYS = (423, 429, 500, 502, 503, 504, 507)
HOME = (
    '<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><response><href>/</href><propstat><prop>'
    "<current-user-principal><href>/me/</href></current-user-principal>"
    "<C:calendar-home-set><href>{home}</href></C:calendar-home-set>"
    "</prop></propstat></response></multistatus>"
)
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<multistatus xmlns="DAV:">&b;</multistatus>'
)
FLOOD = f'<multistatus xmlns="DAV:">{" " * 1024 * 1024}</multistatus>'
Answers = dict[str, httpx2.Response | Callable[[httpx2.Request], httpx2.Response]]


@asynccontextmanager
async def server(answers: Answers, **options: Any) -> AsyncIterator[tuple[CalDavCalendar, list[httpx2.Request]]]:
    """A gateway whose server gives one fixed answer per method; its home is found unless said otherwise."""
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        usual = {"PROPFIND": 207, "PUT": 201, "MKCALENDAR": 201, "DELETE": 204}.get(request.method, 404)
        text = HOME.format(home="/me/") if usual == 207 else ""
        given = answers.get(request.method, httpx2.Response(usual, text=text))
        return as_it_travels(given(request) if callable(given) else given)

    calendar = CalDavCalendar(
        "https://calendar.example.org/",
        "me",
        "secret",
        organizer=ORGANIZER,
        tls_context=NO_AUTHORITIES,
        transport=httpx2.MockTransport(answer),
        **options,
    )
    yield calendar, seen
    await calendar.aclose()


def as_it_travels(given: httpx2.Response) -> httpx2.Response:
    """The answer as a network hands it over, not yet read."""
    if not given.is_closed:
        return given
    return httpx2.Response(given.status_code, headers=given.headers, stream=httpx2.ByteStream(given.content))


async def keeping(answers: Answers, entry: Any) -> GatewayError:
    async with server(answers) as (calendar, _):
        with pytest.raises(GatewayError) as caught:
            await calendar.keep("p1", entry())
    return caught.value


async def removing(answers: Answers, entry: Any) -> GatewayError:
    stored = httpx2.Response(200, content=calendar_object(entry(), ORGANIZER), headers={"ETag": '"1"'})
    async with server({"GET": stored, **answers}) as (calendar, _):
        with pytest.raises(GatewayError) as caught:
            await calendar.remove("p1", entry().uid)
    return caught.value


async def asking(answers: Answers, entry: Any) -> GatewayError:
    async with server(answers) as (calendar, _):
        with pytest.raises(GatewayError) as caught:
            await calendar.upcoming("p1", "r1-", entry().stamped_at)
    return caught.value


STEPS = [
    ("PROPFIND", keeping),
    ("PUT", keeping),
    ("GET", removing),
    ("DELETE", removing),
    ("REPORT", asking),
]


@pytest.mark.parametrize("status", DELAYS)
@pytest.mark.parametrize(("method", "step"), STEPS)
async def test_a_server_in_trouble_delays(method: str, step: Any, status: int, entry: Any) -> None:
    """Locked, too many requests and every 5xx mean to ask again later."""
    error = await step({method: httpx2.Response(status)}, entry)
    assert (type(error), error.reason) == (CalendarDelayed, str(status))


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(("method", "step"), STEPS)
async def test_a_refused_account_delays(method: str, step: Any, status: int, entry: Any) -> None:
    """Our own account is the operator's matter and heals."""
    error = await step({method: httpx2.Response(status)}, entry)
    assert (type(error), error.reason) == (CalendarDelayed, "auth")


@pytest.mark.parametrize("status", [400, 413, 415, 422])
async def test_an_entry_that_the_server_will_never_take_is_refused(status: int, entry: Any) -> None:
    """What is wrong with the request itself is final."""
    error = await keeping({"PUT": httpx2.Response(status)}, entry)
    assert (type(error), error.reason) == (CalendarRefused, str(status))


async def test_the_server_says_when_to_ask_again(entry: Any) -> None:
    """Retry-After is handed on, in seconds or as a date, up to a day; nonsense in it is ignored."""

    async def waits(value: str) -> timedelta | None:
        error = await keeping({"PUT": httpx2.Response(429, headers={"Retry-After": value})}, entry)
        return error.retry_after

    assert await waits("120") == timedelta(minutes=2)
    soon = await waits(format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True))
    assert soon is not None
    assert timedelta(minutes=4) < soon <= timedelta(minutes=5)
    assert await waits("Mon, 02 Mar 2020 12:00:00 GMT") == timedelta()
    for month in ("2592000", "Mon, 02 Mar 2099 12:00:00 GMT"):
        assert await waits(month) == timedelta(days=1)
    for nonsense in ("", "soon", "-5", "9" * 30):
        assert await waits(nonsense) is None


@pytest.mark.parametrize("status", [409, 412])
async def test_a_server_that_never_agrees_delays(status: int, entry: Any) -> None:
    """A precondition that fails again and again ends as a conflict, not in a loop."""
    error = await keeping({"PUT": httpx2.Response(status)}, entry)
    assert (type(error), error.reason) == (CalendarDelayed, "conflict")
    error = await removing({"DELETE": httpx2.Response(412)}, entry)
    assert (type(error), error.reason) == (CalendarDelayed, "conflict")


async def test_a_refused_create_that_shows_the_entry_is_success(entry: Any) -> None:
    """412 with what was wanted already there was our own earlier attempt."""
    stored = httpx2.Response(200, content=calendar_object(entry(), ORGANIZER), headers={"ETag": '"1"'})
    async with server({"PUT": httpx2.Response(412), "GET": stored}) as (calendar, seen):
        await calendar.keep("p1", entry())
    assert [request.method for request in seen].count("PUT") == 1


@pytest.mark.parametrize(("etag", "sent"), [('"1"', '"1"'), ('W/"1"', "*"), (None, "*")])
async def test_only_a_strong_etag_can_be_a_condition(etag: str | None, sent: str, entry: Any) -> None:
    """Weak tags never match, so with one of those, or none, only existence is asked for."""
    older = calendar_object(entry(), ORGANIZER)
    stored = httpx2.Response(200, content=older, headers={"ETag": etag} if etag else {})

    def put(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(204 if request.headers.get("If-Match") == sent else 412)

    async with server({"PUT": put, "GET": stored}) as (calendar, _):
        await calendar.keep("p1", entry(revision=1))


@pytest.mark.parametrize("status", [404, 410])
async def test_what_is_gone_is_removed(status: int, entry: Any) -> None:
    """404 and 410 are success, whether they answer the look or the removal."""
    stored = httpx2.Response(200, content=calendar_object(entry(), ORGANIZER), headers={"ETag": '"1"'})
    async with server({"GET": stored, "DELETE": httpx2.Response(status)}) as (calendar, _):
        await calendar.remove("p1", entry().uid)
    async with server({"GET": httpx2.Response(status), "REPORT": httpx2.Response(status)}) as (calendar, _):
        await calendar.remove("p1", entry().uid)


@pytest.mark.parametrize("status", [405, 409])
async def test_a_calendar_that_somebody_else_made_is_used(status: int, entry: Any) -> None:
    """A collection that exists by now is what was wanted."""
    puts = iter([409, 201])
    answers: Answers = {
        "PUT": lambda _: httpx2.Response(next(puts)),
        "MKCALENDAR": httpx2.Response(status),
    }
    async with server(answers) as (calendar, _):
        await calendar.keep("p1", entry())
    assert next(puts, None) is None


async def test_a_calendar_that_is_there_already_may_be_refused_as_forbidden(entry: Any) -> None:
    """Xandikos says so with 403, which is then no matter of the account; any other 403 is."""
    there = '<error xmlns="DAV:"><resource-must-be-null/></error>'
    puts = iter([409, 201])
    answers: Answers = {
        "PUT": lambda _: httpx2.Response(next(puts)),
        "MKCALENDAR": httpx2.Response(403, text=there),
    }
    async with server(answers) as (calendar, _):
        await calendar.keep("p1", entry())
    error = await keeping({"PUT": httpx2.Response(409), "MKCALENDAR": httpx2.Response(403)}, entry)
    assert (type(error), error.reason) == (CalendarDelayed, "auth")


PORTAL = httpx2.Response(200, html="<html><p>Please log in<br>to the network</html>")


@pytest.mark.parametrize(
    ("method", "step", "answer"),
    [
        ("PROPFIND", keeping, PORTAL),
        ("PROPFIND", keeping, httpx2.Response(207, text="no XML")),
        ("PROPFIND", keeping, httpx2.Response(207, text=BOMB)),
        ("PROPFIND", keeping, httpx2.Response(207, text=HOME.format(home=""))),
        ("PROPFIND", keeping, httpx2.Response(207, text=HOME.format(home="https://evil.example/me/"))),
        ("PROPFIND", keeping, httpx2.Response(207, text=HOME.format(home="http://calendar.example.org/me/"))),
        ("PROPFIND", keeping, httpx2.Response(207, text=HOME.format(home="https://calendar.example.org:8443/"))),
        ("PROPFIND", keeping, httpx2.Response(302, headers={"Location": "https://evil.example/"})),
        ("PROPFIND", keeping, httpx2.Response(302, headers={"Location": "/"})),
        ("PROPFIND", keeping, httpx2.Response(404)),
        ("PUT", keeping, httpx2.Response(302, headers={"Location": "https://evil.example/"})),
        ("GET", removing, PORTAL),
        ("GET", removing, httpx2.Response(200, text="")),
        ("GET", removing, httpx2.Response(200, text="BEGIN:VTODO\r\nEND:VTODO\r\n")),
        ("GET", removing, httpx2.Response(302, headers={"Location": "/elsewhere"})),
        ("REPORT", asking, PORTAL),
        ("REPORT", asking, httpx2.Response(207, text=BOMB)),
        ("REPORT", asking, httpx2.Response(207, text=FLOOD)),
        ("REPORT", asking, httpx2.Response(207, text='<html xmlns="DAV:"/>')),
    ],
)
async def test_an_answer_that_no_calendar_server_gives_delays(
    method: str, step: Any, answer: httpx2.Response, entry: Any
) -> None:
    """Log-in pages, bombs, floods and redirects to elsewhere are neither success nor final."""
    error = await step({method: answer}, entry)
    assert (type(error), error.reason) == (CalendarDelayed, "protocol")


async def test_the_password_goes_to_the_configured_server_only(entry: Any) -> None:
    """Whatever the server names, no request leaves for another host, port or scheme."""
    async with server({"PROPFIND": httpx2.Response(301, headers={"Location": "https://evil.example/"})}) as given:
        calendar, seen = given
        with pytest.raises(CalendarDelayed):
            await calendar.keep("p1", entry())
    assert {str(request.url.host) for request in seen} == {"calendar.example.org"}


async def test_the_home_is_found_behind_the_well_known_address(entry: Any) -> None:
    """A server whose root says nothing is asked at /.well-known/caldav, through a redirect on the same host."""

    def discover(request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path == "/.well-known/caldav":
            return httpx2.Response(308, headers={"Location": "/dav/"})
        if path == "/dav/":
            return httpx2.Response(207, text=HOME.format(home=""))
        return httpx2.Response(207, text=HOME.format(home="/homes/me")) if path == "/me/" else httpx2.Response(404)

    async with server({"PROPFIND": discover}) as (calendar, seen):
        await calendar.keep("p 1/../x", entry())
    assert seen[-1].url.raw_path.startswith(b"/homes/me/mentoring-p%201%2F..%2Fx/")


async def test_an_unreadable_entry_of_somebody_else_hides_none_of_ours(entry: Any) -> None:
    """Rubbish in the calendar is passed over, unless it could be an entry that is looked for."""

    def report(*bodies: str) -> httpx2.Response:
        rows = "".join(
            f"<response><href>/me/{number}.ics</href><propstat><prop><C:calendar-data>{body}</C:calendar-data></prop>"
            "</propstat></response>"
            for number, body in enumerate(bodies)
        )
        names = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
        return httpx2.Response(207, text=f"<multistatus {names}>{rows}</multistatus>")

    ours = calendar_object(entry(), ORGANIZER).decode().replace("&", "&amp;")
    async with server({"REPORT": report("rubbish", ours)}) as (calendar, _):
        assert list(await calendar.upcoming("p1", "r1-", entry().stamped_at)) == [entry().uid]
    error = await asking({"REPORT": report("rubbish with r1-s01 in it", ours)}, entry)
    assert error.reason == "protocol"


@pytest.mark.parametrize("trouble", [httpx2.ReadTimeout, httpx2.ConnectTimeout, httpx2.WriteTimeout])
@pytest.mark.parametrize(("method", "step"), STEPS)
async def test_a_server_that_is_silent_delays(method: str, step: Any, trouble: Any, entry: Any) -> None:
    """Every wait has an end."""

    def silent(request: httpx2.Request) -> httpx2.Response:
        raise trouble("silence")

    error = await step({method: silent}, entry)
    assert (type(error), error.reason) == (CalendarDelayed, "timeout")


async def test_a_server_that_dribbles_does_not_hold_us(entry: Any) -> None:
    """The whole operation has an end, however busy the server looks."""

    class Dribble(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b" "
                await asyncio.sleep(0.01)

    dribble: Answers = {"PROPFIND": lambda _: httpx2.Response(207, stream=Dribble())}
    async with server(dribble, deadline=0.2) as (calendar, _):
        with pytest.raises(CalendarDelayed) as caught:
            await calendar.keep("p1", entry())
    assert caught.value.reason == "timeout"


async def test_an_entry_with_an_unusable_address_is_refused(entry: Any) -> None:
    """A name or an address that must not be written out stops before the network."""
    async with server({}) as (calendar, seen):
        with pytest.raises(CalendarRefused) as caught:
            await calendar.keep("p1", entry(attendees=(Attendee("Anna", "anna@example.org\r\nX: y"),)))
    assert caught.value.reason == "malformed"
    assert caught.value.__cause__ is None
    assert seen == []


@pytest.mark.parametrize("url", ["http://calendar.example.org/", "ftp://127.0.0.1/", "calendar.example.org", ""])
def test_clear_text_off_this_computer_is_refused(url: str) -> None:
    """A password never crosses a network in clear text by a slip of configuration."""
    with pytest.raises(UnprotectedConnection, match="https"):
        CalDavCalendar(url, "me", "secret", organizer=ORGANIZER)


# --- what the matrix of a real outage holds ---------------------------------------------------------------------

OUTAGE = (401, 403, 409, 412, 423, 429, 500, 502, 503, 504, 507)


@pytest.mark.parametrize("status", OUTAGE)
async def test_whatever_an_outage_answers_to_a_write_heals(status: int, entry: Any) -> None:
    """No code of a server in trouble is final, and the next attempt does what the first was to do, once."""
    kept: list[bytes] = []
    ill = True

    def put(request: httpx2.Request) -> httpx2.Response:
        if ill:
            return httpx2.Response(status)
        kept.append(request.content)
        return httpx2.Response(201)

    async with server({"PUT": put}) as (calendar, _):
        with pytest.raises(CalendarDelayed):
            await calendar.keep("p1", entry())
        ill = False
        await calendar.keep("p1", entry())
    assert kept == [calendar_object(entry(), ORGANIZER)]


@pytest.mark.parametrize("status", OUTAGE)
async def test_whatever_an_outage_answers_to_a_look_is_no_empty_calendar(status: int, entry: Any) -> None:
    """A calendar that cannot be read is never taken for one in which everything was deleted."""
    reason = {401: "auth", 403: "auth", 409: "protocol", 412: "protocol"}.get(status, str(status))
    async with server({"REPORT": httpx2.Response(status)}) as (calendar, _):
        with pytest.raises(CalendarDelayed) as caught:
            await calendar.entries("p1", "r1-", entry().stamped_at)
    assert caught.value.reason == reason


async def test_an_etag_that_lies_leads_to_a_delay_and_to_no_second_entry(entry: Any) -> None:
    """The server names one ETag and compares with another: it is read and asked for again, never created anew."""
    older = calendar_object(entry(), ORGANIZER)
    stored = httpx2.Response(200, content=older, headers={"ETag": '"wrong"'})
    async with server({"GET": stored, "PUT": httpx2.Response(412)}) as (calendar, seen):
        with pytest.raises(CalendarDelayed) as caught:
            await calendar.keep("p1", entry(revision=1))
    assert caught.value.reason == "conflict"
    writes = [request for request in seen if request.method == "PUT"]
    assert len({str(request.url) for request in writes}) == 1
    assert "If-None-Match" in writes[0].headers
    assert all(request.headers.get("If-Match") == '"wrong"' for request in writes[1:])


async def test_a_write_that_answered_nothing_is_looked_for_before_it_is_repeated(entry: Any) -> None:
    """The connection broke after the entry was taken: found by reading back, so it is done."""
    taken: list[bytes] = []

    def put(request: httpx2.Request) -> httpx2.Response:
        taken.append(request.content)
        raise httpx2.ReadError("nothing came back")

    def get(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=taken[0], headers={"ETag": '"1"'}) if taken else httpx2.Response(404)

    async with server({"PUT": put, "GET": get}) as (calendar, _):
        await calendar.keep("p1", entry())
    assert len(taken) == 1
