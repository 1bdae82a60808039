"""Real CalDAV servers on loopback, two that know nothing of each other, and a way to lose their answers."""

import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from mentoring_lifecycle.activities.ports import Attendee, SessionEntry
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar
from tests.faults import NO_AUTHORITIES
from tests.peers import listens, poll, running_xandikos

ORGANIZER = Attendee("Mentoring", "mentoring@programme.example")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def entry() -> Callable[..., SessionEntry]:
    """Builds a session next week, as its calendar entry."""

    def build(**changes: Any) -> SessionEntry:
        given: dict[str, Any] = {
            "uid": "r1-s01@programme.example",
            "revision": 0,
            "stamped_at": NOON,
            "starts_at": NOON + timedelta(days=7),
            "ends_at": NOON + timedelta(days=7, hours=1),
            "title": "Mentoring",
            "description": "Monday 9 March 2026, 13:00\nhttps://tool.example.org/prepare",
            "attendees": (
                Attendee('Anna "Nina" Rossi, Dott.ssa', "anna@example.org"),
                Attendee("Bo Öst", "bo@example.org"),
            ),
        }
        return SessionEntry(**given | changes)

    return build


@pytest.fixture(scope="session")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Radicale of our own, which takes every user name."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("radicale")
    options = ["--config", "", "--server-hosts", f"127.0.0.1:{port}", "--auth-type", "none"]
    options += ["--storage-filesystem-folder", str(folder / "collections")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-P", "-m", "radicale", *options], stdout=log, stderr=log)
        try:
            poll(lambda: listens(port), process)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()
            process.wait(10)


class Losses(httpx2.AsyncBaseTransport):
    """The way to a server, on which answers can be lost or requests preceded by somebody else's."""

    def __init__(self) -> None:
        self._way = httpx2.AsyncHTTPTransport(verify=NO_AUTHORITIES)
        self.requests: list[str] = []
        self.lose_answer_to: list[str] = []
        """Methods whose next answer is lost after the server gave it."""
        self.before: dict[str, list[Callable[[], Any]]] = {}
        """What happens just before the next request of a method."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request.method)
        if self.before.get(request.method):
            await self.before[request.method].pop(0)()
        response = await self._way.handle_async_request(request)
        if request.method in self.lose_answer_to:
            self.lose_answer_to.remove(request.method)
            await response.aclose()
            raise httpx2.ReadError("the answer was lost")
        return response

    async def aclose(self) -> None:
        await self._way.aclose()


@pytest.fixture
def losses() -> Losses:
    return Losses()


@pytest.fixture
def account() -> str:
    """A user name of this test alone, and so a calendar home of its own."""
    return f"u{uuid4().hex}"


@dataclass(frozen=True)
class CalendarPeer:
    """A real calendar server as our account reaches it."""

    name: str
    url: str
    home: str
    """Where the account's collections lie, with a slash at its end."""


@pytest.fixture(scope="session")
def xandikos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Xandikos of our own, whose one user owns every calendar."""
    with running_xandikos(tmp_path_factory.mktemp("xandikos"), ORGANIZER.email) as url:
        yield url


@pytest.fixture(params=["radicale", "xandikos"])
def peer(request: Any, account: str) -> Iterator[CalendarPeer]:
    """Each of the two servers in turn, with nothing of ours in it."""
    url: str = request.getfixturevalue(request.param)
    home = url + ("user/calendars/" if request.param == "xandikos" else f"{account}/")
    yield CalendarPeer(request.param, url, home)
    if request.param == "xandikos":  # one user for all tests
        with httpx2.Client(base_url=home, trust_env=False, verify=NO_AUTHORITIES) as hand:
            for calendar in ("mentoring-p1", "mentoring-p2", "mentoring-p9", "own"):
                hand.delete(f"{calendar}/")


@pytest.fixture
async def caldav(peer: CalendarPeer, account: str, losses: Losses) -> AsyncIterator[CalDavCalendar]:
    """The gateway, talking to a real server."""
    calendar = CalDavCalendar(
        peer.url, account, "secret", organizer=ORGANIZER, tls_context=NO_AUTHORITIES, transport=losses
    )
    yield calendar
    await calendar.aclose()


@pytest.fixture
async def by_hand(peer: CalendarPeer, account: str) -> AsyncIterator[httpx2.AsyncClient]:
    """The same account in the hands of a person with another calendar program."""
    async with httpx2.AsyncClient(
        base_url=peer.home, auth=(account, "secret"), trust_env=False, verify=NO_AUTHORITIES
    ) as client:
        yield client
