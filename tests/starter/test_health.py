"""Health: what was looked at is told in closed words, to whoever asks, and asking costs the peers nothing."""

import asyncio
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse
from typer.testing import CliRunner

from mentoring_lifecycle.activities.ports import Attendee
from mentoring_lifecycle.embedded.calendar import CalendarServer
from mentoring_lifecycle.embedded.mail import MailServer
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar
from mentoring_lifecycle.gateways.database import (
    CASES_SCHEMA,
    RELATIONSHIPS_SCHEMA,
    migrate,
    open_database,
)
from mentoring_lifecycle.gateways.mail_smtp import SmtpMail
from mentoring_lifecycle.settings import Settings, SettingsError
from mentoring_lifecycle.starter import endpoints, health
from mentoring_lifecycle.starter.__main__ import app
from mentoring_lifecycle.starter.endpoints import serve
from mentoring_lifecycle.starter.health import (
    ACTS,
    STORIES_AND_ACTS,
    Check,
    Health,
    NotWell,
    checks_of_a_worker,
    checks_of_peers,
)

SENDER = Attendee("Mentoring", "mentoring@mentoring.example")
ANYWHERE = Settings(health_address="127.0.0.1:0")


def saying(word: str = "fine", error: Exception | None = None) -> Callable[[], Awaitable[str]]:
    async def look() -> str:
        if error:
            raise error
        return word

    return look


WELL = Check("temporal", saying("polling"))


async def asked(port: int, path: str, method: str = "GET") -> tuple[int, Any]:
    """Status and page, as any prober sees them."""

    def ask() -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, json.loads(body) if body else None

    return await asyncio.to_thread(ask)


async def until_ready(state: Health) -> None:
    async with asyncio.timeout(10):
        while not state.ready:
            await asyncio.sleep(0.01)


async def test_a_process_is_ready_while_it_serves_and_at_no_other_time() -> None:
    """Not while it starts, not once it was told to stop; it lives all the while."""
    state = Health("worker")
    async with serve(ANYWHERE, "health_address", state) as port:
        assert await asked(port, "/health/ready") == (
            503,
            {"process": "worker", "stage": "starting", "ready": False, "checks": {}},
        )
        async with state.watching([WELL]):
            await until_ready(state)
            status, page = await asked(port, "/health/ready")
        assert (status, page["stage"], page["checks"]["temporal"]["said"]) == (200, "serving", "polling")
        assert page["checks"]["temporal"]["seconds_ago"] < 10
        status, page = await asked(port, "/health/ready")
        assert (status, page["stage"]) == (503, "stopping")
        assert await asked(port, "/health/live") == (200, {"process": "worker", "live": True})


@pytest.mark.parametrize(("needed", "status"), [(True, 503), (False, 200)])
async def test_only_what_is_needed_makes_a_process_unready(needed: bool, status: int) -> None:
    """A mail server that is away is told, and the worker goes on answering people."""
    state = Health("worker")
    checks = [WELL, Check("smtp", saying(error=NotWell("connect")), needed)]
    async with serve(ANYWHERE, "health_address", state) as port, state.watching(checks):
        async with asyncio.timeout(10):
            while len(state.page()["checks"]) < 2:
                await asyncio.sleep(0.01)
        answered, page = await asked(port, "/health/ready")
    assert answered == status
    told = page["checks"]["smtp"]
    assert (told["ok"], told["said"], told["needed"]) == (False, "connect", needed)


async def test_an_error_is_told_by_its_kind_alone() -> None:
    """What a driver or a server says may hold a password or an address."""
    state = Health("worker")
    await state.look([Check("database", saying(error=RuntimeError("postgresql://me:hunter2@host")))])
    assert "hunter2" not in json.dumps(state.page())
    assert state.page()["checks"]["database"]["said"] == "RuntimeError"


async def test_a_look_that_never_ends_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """And does not keep the others from being seen."""
    monkeypatch.setattr(health, "LOOK_WITHIN", timedelta(seconds=0.05))
    state = Health("worker")

    async def never() -> str:
        await asyncio.Event().wait()
        raise AssertionError

    await state.look([WELL, Check("smtp", never, needed=False)])
    assert {name: each["said"] for name, each in state.page()["checks"].items()} == {
        "temporal": "polling",
        "smtp": "timeout",
    }


async def test_an_old_word_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody has looked for long, nobody knows."""
    state = Health("worker")
    async with state.watching([WELL]):
        await until_ready(state)
        monkeypatch.setattr(health, "OLD_AFTER", timedelta(0))
        assert not state.ready


async def test_peers_are_not_asked_more_often_because_something_else_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An outage of ours must not knock at somebody's mail server every other second."""
    monkeypatch.setattr(health, "LOOK_SOON", timedelta(0))
    looks = {"database": 0, "smtp": 0}

    def counted(name: str) -> Callable[[], Awaitable[str]]:
        async def look() -> str:
            looks[name] += 1
            raise NotWell("connect")

        return look

    state = Health("worker")
    checks = [Check("database", counted("database")), Check("smtp", counted("smtp"), needed=False)]
    async with state.watching(checks), asyncio.timeout(10):
        while looks["database"] < 5:
            await asyncio.sleep(0)
    assert looks["smtp"] == 1


async def test_a_stuck_event_loop_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a thread that does not depend on it."""
    monkeypatch.setattr(endpoints, "TURNS_WITHIN", 0.05)
    seen: list[int] = []
    state = Health("worker")
    async with serve(ANYWHERE, "health_address", state) as port:

        def ask() -> None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=20) as answer:
                    seen.append(answer.status)
            except urllib.error.HTTPError as refused:
                seen.append(refused.code)

        asking = threading.Thread(target=ask)
        asking.start()
        asking.join()  # the loop stands still meanwhile
    assert seen == [503]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/metrics", 404),
        ("GET", "/health", 404),
        ("POST", "/health/live", 405),
        ("HEAD", "/health/live", 200),
    ],
)
async def test_nothing_else_is_served(method: str, path: str, status: int) -> None:
    """Two pages to look at, and figures only where there are any."""
    async with serve(ANYWHERE, "health_address", Health("worker")) as port:
        assert await asked(port, path, method) == (status, None)


async def test_an_address_that_is_taken_is_a_sentence() -> None:
    """With the setting, as at the start of a process."""
    async with serve(ANYWHERE, "health_address", Health("worker")) as port:
        with pytest.raises(SettingsError, match=f"MENTORING_HEALTH_ADDRESS: nothing can be served at .*:{port}"):
            async with serve(Settings(health_address=f"127.0.0.1:{port}"), "health_address"):
                pass


async def test_it_is_served_over_ipv6_as_well() -> None:
    """Where an address says so."""
    async with serve(Settings(health_address="[::1]:0"), "health_address", Health("worker")) as port:
        connection = HTTPConnection("::1", port, timeout=20)
        await asyncio.to_thread(connection.request, "GET", "/health/live")
        assert (await asyncio.to_thread(connection.getresponse)).status == 200
        connection.close()


# --- what is looked at ------------------------------------------------------------------------------------------


async def test_a_mail_server_is_reached_without_a_login(tmp_path: Path) -> None:
    """This one knows no logins at all, so that one would fail; once it is gone, that is told."""
    with MailServer(tmp_path) as server:
        mail = SmtpMail(server.host, server.port, sender=SENDER, username="u", password="hunter2")
        state = Health("worker")
        checks = checks_of_peers(mail, None)
        await state.look(checks)
        assert state.page()["checks"]["smtp"]["said"] == "reached"
    await state.look(checks)
    assert state.page()["checks"]["smtp"]["said"] == "connect"
    assert list(tmp_path.glob("*.eml")) == []


async def test_a_mail_server_without_the_protection_that_was_asked_for_is_not_reached(tmp_path: Path) -> None:
    """Nothing would be sent either."""
    with MailServer(tmp_path) as server:
        mail = SmtpMail(server.host, server.port, sender=SENDER, tls="starttls")
        state = Health("worker")
        await state.look(checks_of_peers(mail, None))
    assert state.page()["checks"]["smtp"]["said"] == "tls"


async def test_a_calendar_server_is_reached_without_a_login(tmp_path: Path) -> None:
    """Whatever the password is; once it is gone, that is told."""
    state = Health("worker")
    async with CalendarServer(tmp_path) as server:
        calendar = CalDavCalendar(server.url, server.username, "wrong", organizer=SENDER)
        checks = checks_of_peers(None, calendar)
        await state.look(checks)
        assert state.page()["checks"]["caldav"]["said"] == "reached"
    await state.look(checks)
    assert state.page()["checks"]["caldav"]["said"] == "connect"
    await calendar.aclose()


@dataclass
class Server:
    """Has heard of workers: who asked which queue for which kind of task, and when."""

    heard: dict[tuple[str, int], list[tuple[str, datetime]]]
    namespace: str = "mentoring"

    @property
    def workflow_service(self) -> "Server":
        return self

    async def describe_task_queue(
        self, request: DescribeTaskQueueRequest, *, timeout: timedelta | None = None
    ) -> DescribeTaskQueueResponse:
        answer = DescribeTaskQueueResponse()
        for identity, at in self.heard.get((request.task_queue.name, request.task_queue_type), []):
            answer.pollers.add(identity=identity).last_access_time.FromDatetime(at)
        return answer


SERVED = {"mentoring": STORIES_AND_ACTS, "mentoring-mail": ACTS}
ASKED = [(queue, kind) for queue, kinds in SERVED.items() for kind in kinds]


@pytest.mark.parametrize("missing", [None, *ASKED])
@pytest.mark.parametrize("instead", ["nobody", "another", "long ago"])
async def test_a_worker_is_ready_when_it_was_heard_of_on_all_its_queues(
    missing: tuple[str, int] | None, instead: str
) -> None:
    """That of its letters included; another worker's asking is not its own, nor is its own of long ago."""
    state, now = Health("worker"), datetime.now(UTC)
    away = {"nobody": [], "another": [("other", now)], "long ago": [(state.identity, now - timedelta(minutes=4))]}
    server: Any = Server({each: away[instead] if each == missing else [(state.identity, now)] for each in ASKED})
    await state.look(checks_of_a_worker(state, server, SERVED, {}))
    seen = state.page()["checks"]["temporal"]
    assert (seen["ok"], seen["said"]) == ((False, "not_polling") if missing else (True, "polling"))


async def test_a_database_of_another_version_is_told(tmp_path: Path) -> None:
    """An old schema under a new worker, or a new one under an old worker after a rollback."""
    url = f"sqlite:///{tmp_path / 'mentoring.db'}"
    engine, state = open_database(url), Health("worker")
    checks = [health._database(engine, RELATIONSHIPS_SCHEMA), health._database(engine, CASES_SCHEMA)]
    await state.look(checks)
    assert {name: each["said"] for name, each in state.page()["checks"].items()} == {
        "database": "other_schema",
        "cases_database": "other_schema",
    }
    await migrate(url)
    await state.look(checks)
    assert state.page()["checks"]["database"]["said"] == "migrated"
    assert state.page()["checks"]["cases_database"]["said"] == "other_schema"
    await engine.dispose()


# --- `mentoring health` -----------------------------------------------------------------------------------------


async def command(*arguments: str) -> Any:
    return await asyncio.to_thread(CliRunner().invoke, app, ["health", *arguments])


async def test_the_command_line_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """0 where it is ready, 1 where it is not; the page for programs, lines for people."""
    state = Health("exporter")
    async with serve(Settings(exporter_address="127.0.0.1:0"), "exporter_address", state) as port:
        monkeypatch.setenv("MENTORING_EXPORTER_ADDRESS", f"0.0.0.0:{port}")
        async with state.watching([WELL, Check("smtp", saying(error=NotWell("tls")), needed=False)]):
            await until_ready(state)
            ready = await command("exporter")
        assert ready.exit_code == 0
        assert ready.stdout.splitlines()[0] == "exporter: serving, ready"
        assert "- smtp: NOT WELL, tls" in ready.stdout
        stopped = await command("exporter", "--output", "json")
        assert (stopped.exit_code, json.loads(stopped.stdout)["stage"]) == (1, "stopping")
        assert (await command("exporter", "--live")).stdout == "exporter: lives\n"


async def test_nobody_or_somebody_else_is_not_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process at that address, a server of another kind, and silence: one sentence, exit code 1."""
    state = Health("exporter")
    async with serve(Settings(exporter_address="127.0.0.1:0"), "exporter_address", state) as port:
        for taken in (port, 1):
            monkeypatch.setenv("MENTORING_HEALTH_ADDRESS", f"127.0.0.1:{taken}")
            answer = await command("worker")
            assert (answer.exit_code, answer.stdout) == (1, "")
            assert answer.stderr == f"No worker tells of its health at 127.0.0.1:{taken}.\n"
