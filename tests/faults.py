"""Faults of a calendar server, put on the way to a real one: each answers in its place, or loses what it answered."""

import ssl
from collections.abc import Awaitable, Callable

import httpx2

Way = Callable[[httpx2.Request], Awaitable[httpx2.Response]]
Fault = Callable[[httpx2.Request, Way], Awaitable[httpx2.Response]]

READS = ("PROPFIND", "GET", "REPORT")
WRITES = ("PUT", "DELETE", "MKCALENDAR")
EVERYTHING = READS + WRITES

NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For ways without TLS: reading the usual authorities costs more than a test."""


class FaultyWay(httpx2.AsyncBaseTransport):
    """The way to a server. Between `break_with` and `heal`, requests of the given methods meet the fault."""

    def __init__(self) -> None:
        self._way = httpx2.AsyncHTTPTransport(verify=NO_AUTHORITIES)
        self._fault: Fault | None = None
        self._methods: tuple[str, ...] = ()
        self.met = 0
        """How many requests have met the present fault, or the last one."""

    def break_with(self, fault: Fault, *methods: str) -> None:
        """From now on it is so."""
        self._fault, self._methods, self.met = fault, methods, 0

    def heal(self) -> None:
        """The server itself answers again."""
        self._fault = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._fault is None or request.method not in self._methods:
            return await self._way.handle_async_request(request)
        self.met += 1
        return await self._fault(request, self._way.handle_async_request)

    async def aclose(self) -> None:
        await self._way.aclose()


def answering(status: int, text: str = "", **headers: str) -> Fault:
    """Nothing is done, and this is answered."""

    async def fault(_request: httpx2.Request, _way: Way) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx2.Response(status, headers=named, stream=httpx2.ByteStream(text.encode()))

    return fault


async def refused(_request: httpx2.Request, _way: Way) -> httpx2.Response:
    """Nobody listens."""
    raise httpx2.ConnectError("refused")


async def lost(_request: httpx2.Request, _way: Way) -> httpx2.Response:
    """Nothing is done and nothing answered."""
    raise httpx2.ReadError("cut")


def done_but(fault: Fault) -> Fault:
    """It is done, and only then it goes wrong; what the server itself refuses passes."""

    async def after(request: httpx2.Request, way: Way) -> httpx2.Response:
        answer = await way(request)
        if not answer.is_success:
            return answer
        await answer.aclose()
        return await fault(request, way)

    return after


async def silent(_request: httpx2.Request, _way: Way) -> httpx2.Response:
    """Nothing is answered for as long as anybody waits."""
    raise httpx2.ReadTimeout("silence")


def tagged(etag: str) -> Fault:
    """What is read comes with an ETag that is not the server's own."""

    async def fault(request: httpx2.Request, way: Way) -> httpx2.Response:
        answer = await way(request)
        if answer.is_success:
            answer.headers["ETag"] = etag
        return answer

    return fault
