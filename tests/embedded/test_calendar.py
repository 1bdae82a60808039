import importlib.util
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from mentoring_lifecycle.embedded.calendar import CalendarServer, CalendarServerMissing

from .conftest import listens, processes_naming

EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//test//EN\r
BEGIN:VEVENT\r
UID:session-1\r
DTSTAMP:20300101T000000Z\r
DTSTART:20300102T100000Z\r
SUMMARY:Session\r
END:VEVENT\r
END:VCALENDAR\r
"""


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CalendarServer]:
    async with CalendarServer(tmp_path_factory.mktemp("calendar")) as server:
        yield server


def _http(server: CalendarServer, *, password: str | None = None) -> httpx2.AsyncClient:
    login = (server.username, server.password if password is None else password)
    return httpx2.AsyncClient(base_url=server.url, auth=login, trust_env=False)


async def test_a_calendar_can_be_made_and_filled(server: CalendarServer) -> None:
    """Its user makes a calendar, writes an event and reads it back."""
    home = f"{server.username}/sessions"
    async with _http(server) as http:
        assert (await http.request("MKCALENDAR", f"{home}/")).status_code == 201
        written = await http.put(f"{home}/1.ics", content=EVENT, headers={"Content-Type": "text/calendar"})
        assert written.status_code == 201
        assert "UID:session-1" in (await http.get(f"{home}/1.ics")).text


async def test_nobody_else_gets_in(server: CalendarServer) -> None:
    """Without the password, with a wrong one, or in somebody else's home nothing is given."""
    async with httpx2.AsyncClient(base_url=server.url, trust_env=False) as http:
        assert (await http.request("PROPFIND", f"{server.username}/")).status_code == 401
    async with _http(server, password="guessed") as http:
        assert (await http.request("PROPFIND", f"{server.username}/")).status_code == 401
    async with _http(server) as http:
        assert (await http.request("MKCALENDAR", "somebody-else/sessions/")).status_code == 403


async def test_stop_leaves_no_process_and_start_brings_it_back(tmp_path: Path) -> None:
    """Address, password and collections survive a stop; the process and its port do not."""
    async with CalendarServer(tmp_path) as server:
        url = server.url
        async with _http(server) as http:
            await http.request("MKCALENDAR", f"{server.username}/kept/")
        await server.stop()
        assert processes_naming(tmp_path) == []
        assert not listens(int(url.rstrip("/").split(":")[-1]))
        await server.start()
        assert server.url == url
        async with _http(server) as http:
            assert (await http.request("PROPFIND", f"{server.username}/kept/")).status_code == 207
    assert processes_naming(tmp_path) == []


async def test_passwords_are_for_the_owner_of_the_files_only(server: CalendarServer) -> None:
    """No other user of the computer reads the password, and no two servers share one."""
    assert (server.folder / "users").stat().st_mode & 0o077 == 0
    assert CalendarServer(server.folder).password != server.password


async def test_without_radicale_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's extra is named."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(CalendarServerMissing, match=r"pip install 'mentoring-lifecycle\[demo\]'"):
        await CalendarServer(tmp_path).start()
