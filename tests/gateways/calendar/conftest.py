"""Two real CalDAV servers on loopback, and a way to lose their answers."""

import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from mentoring_lifecycle.activities.ports import Attendee, SessionEntry
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar
from tests.peers import xandikos

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
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()
            process.wait(10)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("Radicale did not start; its log is in the temporary folder of this test run.")


class Losses(httpx2.AsyncBaseTransport):
    """The way to a server, on which answers can be lost or requests preceded by somebody else's."""

    def __init__(self) -> None:
        self._way = httpx2.AsyncHTTPTransport()
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


@pytest.fixture(scope="session")
def xandikos_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The calendar home of a Xandikos of our own, which knows one principal and no passwords."""
    with xandikos(tmp_path_factory.mktemp("xandikos")) as server:
        yield server.home


@dataclass(frozen=True)
class Server:
    """A calendar server as one test sees it, with a home that is empty."""

    url: str
    account: str
    home: str

    def gateway(self, **options: Any) -> CalDavCalendar:
        """Our way to it."""
        return CalDavCalendar(self.url, self.account, "secret", organizer=ORGANIZER, **options)

    def by_hand(self) -> httpx2.AsyncClient:
        """The same account in the hands of a person with another calendar program."""
        return httpx2.AsyncClient(base_url=self.home, auth=(self.account, "secret"), trust_env=False)


OpenServer = Callable[[str], AbstractAsyncContextManager[Server]]


@pytest.fixture
def open_server(request: pytest.FixtureRequest) -> OpenServer:
    """Opens a server by its name."""

    @asynccontextmanager
    async def opened(name: str) -> AsyncIterator[Server]:
        if name == "radicale":
            url, account = request.getfixturevalue("radicale"), f"u{uuid4().hex}"
            yield Server(url, account, f"{url}{account}/")
            return
        home = request.getfixturevalue("xandikos_home")
        yield (server := Server(f"{httpx2.URL(home).join('/')}", "user", home))
        async with server.by_hand() as client:
            for person in ("p1", "p2", "p9"):
                await client.delete(f"mentoring-{person}/")

    return opened


@pytest.fixture(params=["radicale", "xandikos"])
async def server(request: pytest.FixtureRequest, open_server: OpenServer) -> AsyncIterator[Server]:
    """Each of both servers."""
    async with open_server(request.param) as server:
        yield server


@pytest.fixture
async def caldav(server: Server, losses: Losses) -> AsyncIterator[CalDavCalendar]:
    """The gateway, talking to the server."""
    calendar = server.gateway(transport=losses)
    yield calendar
    await calendar.aclose()


@pytest.fixture
async def by_hand(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    """The same account in the hands of a person with another calendar program."""
    async with server.by_hand() as client:
        yield client
