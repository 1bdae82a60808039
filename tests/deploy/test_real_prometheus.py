"""Prometheus and Alertmanager themselves: they scrape our endpoint, fire, deliver to a receiver and resolve."""

import asyncio
import json
import socket
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from prometheus_client.core import GaugeMetricFamily, Metric

from mentoring_lifecycle.embedded.processes import ChildProcess
from mentoring_lifecycle.settings import Settings
from mentoring_lifecycle.starter.endpoints import serve
from mentoring_lifecycle.starter.exporter import Figures

from .prometheus import RULES, needs_prometheus, program, promtool

pytestmark = needs_prometheus


@dataclass
class Receiver:
    """Whom Alertmanager tells; `heard` are pairs of alert and status, in the order in which they came."""

    heard: list[tuple[str, str]] = field(default_factory=list)

    def hear(self, body: bytes) -> None:
        """One delivery may tell of several."""
        self.heard += [(alert["labels"]["alertname"], alert["status"]) for alert in json.loads(body)["alerts"]]


@dataclass
class Watch:
    """The exporter's endpoint, watched over."""

    figures: Figures
    receiver: Receiver
    exporter: str
    prometheus: str

    def show(self, pollers: int) -> None:
        """So many workers ask for tasks."""
        self.figures.show(_figures(pollers), datetime.now(UTC))


def _figures(pollers: int) -> list[Metric]:
    gauge = GaugeMetricFamily("mentoring_pollers", "Workers that asked for tasks lately.", labels=["task"])
    gauge.add_metric(["workflow"], pollers)
    return [gauge]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def hastened() -> dict[str, Any]:
    """The real rules, but nothing has to last before it fires."""
    rules: dict[str, Any] = yaml.safe_load((RULES / "relationships.rules.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("for", None)
    return rules


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(look):
            await asyncio.sleep(0.1)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    """Both servers on loopback, in a folder of their own; ended afterwards."""
    figures, receiver = Figures(), Receiver()
    figures.show(_figures(2), datetime.now(UTC))
    prometheus, alertmanager = free_port(), free_port()
    async with AsyncExitStack() as stack:
        scraped = await stack.enter_async_context(
            serve(Settings(exporter_address="127.0.0.1:0"), "exporter_address", figures=figures)
        )
        told = stack.enter_context(_listening(receiver))
        _write_alertmanager(tmp_path, told.server_address[1])
        _write_prometheus(tmp_path, scraped, alertmanager)
        stack.push_async_callback(_stop, await _start_alertmanager(tmp_path, alertmanager))
        stack.push_async_callback(_stop, await _start_prometheus(tmp_path, prometheus))
        yield Watch(figures, receiver, f"http://127.0.0.1:{scraped}", f"http://127.0.0.1:{prometheus}")


async def _stop(process: ChildProcess) -> None:
    await process.stop()


class _listening:
    """A receiver of webhooks on loopback."""

    def __init__(self, receiver: Receiver) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.hear(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever)

    def __enter__(self) -> ThreadingHTTPServer:
        self._thread.start()
        return self._server

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _write_alertmanager(folder: Path, receiver_port: int) -> None:
    hook = {"url": f"http://127.0.0.1:{receiver_port}/", "send_resolved": True}
    route = {"receiver": "us", "group_by": ["alertname"], "group_wait": "100ms", "group_interval": "1s"}
    config = {"route": route, "receivers": [{"name": "us", "webhook_configs": [hook]}]}
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))


def _write_prometheus(folder: Path, scraped: int, alertmanager: int) -> None:
    (folder / "rules.yml").write_text(yaml.safe_dump(hastened()))
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
        "scrape_configs": [
            {"job_name": "mentoring-exporter", "static_configs": [{"targets": [f"127.0.0.1:{scraped}"]}]}
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    promtool("check", "config", folder / "prometheus.yml")


async def _start_alertmanager(folder: Path, port: int) -> ChildProcess:
    command = [
        program("prometheus-alertmanager"),
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    return await _started("alertmanager", command, folder, port)


async def _start_prometheus(folder: Path, port: int) -> ChildProcess:
    command = [
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    return await _started("prometheus", command, folder, port)


async def _started(name: str, command: list[str], folder: Path, port: int) -> ChildProcess:
    process = await ChildProcess.start(name, command, log=folder / f"{name}.log")

    async def is_ready() -> bool:
        return await asyncio.to_thread(answers, f"http://127.0.0.1:{port}/-/ready")

    await process.until_ready(is_ready)
    return process


async def test_a_fault_is_told_and_taken_back(watch: Watch) -> None:
    """No worker polls: the receiver hears of that and of nothing else, and of its end once one polls again."""
    await until(lambda: value(watch, 'mentoring_pollers{task="workflow"}') == 2)
    watch.show(pollers=0)
    await until(lambda: ("MentoringNoPollers", "firing") in watch.receiver.heard)
    watch.show(pollers=2)
    await until(lambda: ("MentoringNoPollers", "resolved") in watch.receiver.heard)
    assert {name for name, _ in watch.receiver.heard} == {"MentoringNoPollers"}


async def test_what_the_exporter_serves_passes(watch: Watch) -> None:
    """promtool has nothing to say about the exposition, names and help included."""
    with urllib.request.urlopen(f"{watch.exporter}/metrics") as answer:
        exposition = answer.read().decode()
    assert promtool("check", "metrics", words=exposition) == ""


def value(watch: Watch, query: str) -> float | None:
    """What Prometheus has scraped, or None."""
    url = f"{watch.prometheus}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    with urllib.request.urlopen(url, timeout=5) as answer:
        found = json.load(answer)["data"]["result"]
    return float(found[0]["value"][1]) if found else None
