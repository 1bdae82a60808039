"""What a process serves over HTTP: its figures for Prometheus, and whether it lives and is ready.

`/health/live` is 200 while the event loop turns, `/health/ready` 200 while work may be given to the process, else 503.
Asking is free: what is told was looked at before, so that nobody can make a process knock at its peers.
"""

import asyncio
import ipaddress
import json
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import structlog
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.registry import Collector

from mentoring_lifecycle.settings import PREFIX, Settings, SettingsError
from mentoring_lifecycle.starter.health import Health

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.stdlib.get_logger()

LIVE, READY, METRICS = "/health/live", "/health/ready", "/metrics"

TURNS_WITHIN = 5.0
"""Seconds: an event loop that has not turned by then is stuck."""
_ASKS_WITHIN = 10.0


@asynccontextmanager
async def serve(
    settings: Settings, served_at: str, health: Health | None = None, figures: Collector | None = None
) -> AsyncIterator[int]:
    """Serve what there is until the block ends; gives the port. `served_at` names the setting with the address.

    Raises SettingsError where nobody can listen there.
    """
    address = getattr(settings, served_at)
    try:
        server = _server(address)
    except OSError as error:
        raise SettingsError(
            [f"{PREFIX}{served_at.upper()}: nothing can be served at {address}: {error.strerror}."]
        ) from None
    server.set_app(_app(asyncio.get_running_loop(), health, figures))
    thread = threading.Thread(target=server.serve_forever, name="endpoints", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        await asyncio.to_thread(thread.join)


class _Asked(WSGIRequestHandler):
    """One question, soon over and not written down."""

    timeout = _ASKS_WITHIN

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the library's name
        """Nothing: whoever asks every few seconds would fill a log."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
        super().__init__((host, port), _Asked)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """One line, and no traceback: whoever hangs up is no fault of ours."""
        log.info("endpoint_request_failed", error=type(sys.exception()).__name__)


def _server(address: str) -> _Server:
    host, _, port = address.rpartition(":")
    return _Server(host.strip("[]"), int(port))


def _app(loop: asyncio.AbstractEventLoop, health: Health | None, figures: Collector | None) -> "WSGIApplication":
    registry = CollectorRegistry()
    if figures:
        registry.register(figures)
    metrics = make_wsgi_app(registry)

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if figures and path == METRICS:
            served: Iterable[bytes] = metrics(environ, start_response)
            return served
        if health is None or path not in (LIVE, READY):
            return _answer(environ, start_response, HTTPStatus.NOT_FOUND, {})
        if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            return _answer(environ, start_response, HTTPStatus.METHOD_NOT_ALLOWED, {})
        page = health.page() if path == READY else {"process": health.process, "live": _turns(loop)}
        is_well = page["ready" if path == READY else "live"]
        return _answer(environ, start_response, HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE, page)

    return app


def _answer(
    environ: "WSGIEnvironment", start_response: "StartResponse", status: HTTPStatus, page: dict[str, Any]
) -> list[bytes]:
    body = json.dumps(page).encode() + b"\n" if page else b""
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    start_response(f"{status.value} {status.phrase}", headers)
    return [b"" if environ.get("REQUEST_METHOD") == "HEAD" else body]


def _turns(loop: asyncio.AbstractEventLoop) -> bool:
    turned = threading.Event()
    try:
        loop.call_soon_threadsafe(turned.set)
    except RuntimeError:  # closed
        return False
    return turned.wait(TURNS_WITHIN)
