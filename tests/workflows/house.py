"""A house that is watched: every process that an operator runs, and whoever scrapes them and types commands."""

import asyncio
import shlex
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import update
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client

from mentoring_lifecycle.contracts.cases import Handling
from mentoring_lifecycle.contracts.codec import EncryptionCodec, data_converter
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.embedded.calendar import CalendarServer
from mentoring_lifecycle.embedded.mail import MailServer
from mentoring_lifecycle.embedded.processes import LOOPBACK, ChildProcess, answers_http, free_ports
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.embedded.virtual_time import VirtualClock
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar
from mentoring_lifecycle.gateways.database import effects, migrate, open_database
from mentoring_lifecycle.gateways.ledger_sql import SqlLedger
from mentoring_lifecycle.gateways.people_sql import SqlPeople
from mentoring_lifecycle.settings import read_settings
from mentoring_lifecycle.starter.client import IDENTITY, MentoringClient
from mentoring_lifecycle.starter.endpoints import serve
from mentoring_lifecycle.starter.exporter import Figures, Sources, read_figures
from mentoring_lifecycle.starter.installation import opened_reconciler
from mentoring_lifecycle.starter.reconcile import Pass, ReconcileFigures
from tests.deploy.timeline import Scrape, scrape

from .life import BACKUP, CONTACT, COORDINATOR, PEOPLE, SHORT, Life
from .real import SENDER, RealRig

KEY, OTHER_KEY = (b64encode(bytes([number]) * 32).decode() for number in (1, 2))
CODEC = EncryptionCodec({"k": bytes([1]) * 32}, "k", accept_plaintext=True)

JOBS = {
    "mentoring-worker": "METRICS_ADDRESS",
    "mentoring-exporter": "EXPORTER_ADDRESS",
    "mentoring-reconcile": "RECONCILE_METRICS_ADDRESS",
    "mentoring-cases": "CASES_METRICS_ADDRESS",
}
"""By the names of deploy/prometheus, where each serves its figures."""

STANDING = ("worker", "cases-worker")
"""What always runs in a process of its own."""

SERVING = {
    "worker": "worker_started",
    "cases-worker": "worker_started",
    "exporter": "exporter_started",
}
"""What stands in the log of a process that serves."""

HOST = Path(__file__).with_name("host_worker.py")


async def _nobody() -> None:
    """Whoever looks or reads is gone."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command came to."""

    code: int
    output: str
    told: str


@dataclass
class House(RealRig):
    """Everything of the rig, and the exporter, the reconciler and the worker of the cases."""

    cases_client: Client = field(kw_only=True)
    settings: dict[str, str] = field(default_factory=dict)
    """What the processes are told beside where everything is."""
    processes: dict[str, ChildProcess] = field(default_factory=dict)
    """What runs, by the name of its command."""
    look: Callable[[], Awaitable[None]] = _nobody
    """One look of the process that reconciles again and again."""
    read: Callable[[], Awaitable[None]] = _nobody
    """One refresh of the process that exports figures."""
    quiet: Scrape | None = None
    """The last scrape, where it is known that nothing fired."""
    _reconciling: AsyncExitStack = field(default_factory=AsyncExitStack)
    _exporting: AsyncExitStack = field(default_factory=AsyncExitStack)
    _started: int = 0

    @cached_property
    def cases(self) -> VirtualClock:
        """The clocks of cases."""
        return VirtualClock(self.cases_client)

    @cached_property
    def reporting(self) -> MentoringClient:
        """A tool that may report."""
        people, handling = SqlPeople(self.engine), Handling(CONTACT, (BACKUP, COORDINATOR), zone="Europe/Rome")
        return MentoringClient(self.clock.client, people=people, cases=self.cases.client, handling=handling)

    # --- who lives here -----------------------------------------------------------------------------------------

    async def pair(self, number: int = 0, **opening: Any) -> Life:
        """A relationship just opened, its invitations out, as far as mail goes out; each number has two of its own."""
        mentor, mentee = (f"p-{role}-{number}" for role in ("mentor", "mentee"))
        given = {"mentor": mentor, "mentee": mentee, "coordinator": COORDINATOR, "backup": BACKUP, "policy": SHORT}
        client = opening.pop("client", self.mentoring)
        relationship = await client.open(**given | opening, programme="both-ways", relationship=f"r-{uuid4().hex[:12]}")
        return Life(relationship, self.clock)

    async def clear(self) -> None:
        """Whole again, and nobody lives here any more; what was counted stays counted."""
        self.mail.on_recipient, self.mail.on_message = lambda _: None, lambda _recipients, _content: None
        if not await answers_http(f"{self.calendar_server.url}.web/"):
            await self.calendar_server.start()
        for name in [each for each in self.processes if each not in STANDING]:
            await self.kill(name)
        await asyncio.gather(*(self.start(f"mentoring {name}") for name in STANDING if name not in self.processes))
        if self.look is _nobody:
            await self.reconcile_here()
        if self.read is _nobody:
            await self.export_here()
        for client in (self.clock.client, self.cases_client):
            async for each in client.list_workflows():
                run = WorkflowExecution(workflow_id=each.id, run_id=each.run_id)
                request = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=run)
                await client.workflow_service.delete_workflow_execution(request)
        await SqlPeople(self.engine).save(_people())
        async with self.engine.begin() as connection:
            await connection.execute(effects.delete())

    async def age(self, state: str, by: timedelta) -> None:
        """Rows of the ledger in this state are older than they were."""
        async with self.engine.begin() as connection:
            rows = (await connection.execute(effects.select().where(effects.c.state == state))).all()
            for row in rows:
                change = update(effects).where(effects.c.key == row.key)
                await connection.execute(change.values(changed_at=row.changed_at - by))

    # --- processes ----------------------------------------------------------------------------------------------

    async def start(self, command: str) -> None:
        """As an operator does: `mentoring worker` and the like; returns when it serves."""
        variables, arguments = _read(command)
        name = " ".join([*variables.values(), arguments[0]])
        self._started += 1
        log = self.folder / f"{arguments[0]}-{self._started}.log"
        process = await ChildProcess.start(name, self._typed(arguments, variables), log=log)
        url = f"http://{self._environment()['MENTORING_RECONCILE_METRICS_ADDRESS']}/metrics"

        async def serves() -> bool:
            word = SERVING.get(arguments[0])
            return word in log.read_text() if word else await answers_http(url)

        await process.until_ready(serves)
        self.processes[name] = process

    async def start_host(self) -> None:
        """A host's worker, which serves a workflow of the host's own as well."""
        log = self.folder / "host.log"
        command = self._python("mentoring_lifecycle.worker")
        command[command.index("-m") :] = [str(HOST)]
        self.processes["host"] = await ChildProcess.start("host", command, log=log)

        async def serves() -> bool:
            return "worker_started" in log.read_text()

        await self.processes["host"].until_ready(serves)

    async def kill(self, name: str) -> None:
        """SIGKILL."""
        await self.processes.pop(name).kill()

    async def run(self, command: str) -> Ended:
        """A command that ends."""
        variables, arguments = _read(command)
        typed = self._typed(arguments, variables)
        ended = await asyncio.to_thread(
            subprocess.run, typed, capture_output=True, text=True, check=False, cwd=self.folder
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    async def reconcile_here(self) -> None:
        """The process that reconciles, in this one, so that its next look need not be waited for."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self._environment().items():
                patch.setenv(name, value)
            reconciler = await self._reconciling.enter_async_context(opened_reconciler(read_settings()))
        figures, last = ReconcileFigures(timedelta(hours=1)), [Pass(0, ())]

        async def look() -> None:
            last[0] = await reconciler.look_over()

        self.look = figures.counting(look, lambda: last[0])
        await self._reconciling.enter_async_context(self._served("reconcile_metrics_address", figures))
        await self.look()

    async def stop_reconciling(self) -> None:
        """It is gone, as any process may be."""
        await self._reconciling.aclose()
        self.look = _nobody

    async def export_here(self) -> None:
        """The process that exports, in this one, so that its next refresh need not be waited for."""
        figures = Figures()

        async def read() -> None:
            now = datetime.now(UTC)
            figures.show(await self._figures(now), now)

        self.read = read
        await self._exporting.enter_async_context(self._served("exporter_address", figures))

    async def stop_exporting(self) -> None:
        """It is gone as well."""
        await self._exporting.aclose()
        self.read = _nobody

    def _served(self, at: str, figures: Collector) -> AbstractAsyncContextManager[int]:
        address = self.settings[f"MENTORING_{at.upper()}"]
        return serve(read_settings().model_copy(update={at: address}), at, figures=figures)

    async def end(self) -> None:
        """Everything that was started here."""
        await self.stop_reconciling()
        await self.stop_exporting()
        await asyncio.gather(*(process.kill() for process in self.processes.values()))

    def _typed(self, arguments: list[str], variables: Mapping[str, str]) -> list[str]:
        command = self._python("mentoring_lifecycle.starter", *arguments)
        at = command.index(sys.executable)  # the last word about a variable counts
        return [*command[:at], *(f"{name}={value}" for name, value in variables.items()), *command[at:]]

    def _environment(self) -> dict[str, str]:
        return super()._environment() | self.settings

    # --- figures ------------------------------------------------------------------------------------------------

    async def scrape(self) -> Scrape:
        """What Prometheus would see now."""
        endpoints = {job: f"http://{self.settings[f'MENTORING_{name}']}/metrics" for job, name in JOBS.items()}
        return await asyncio.to_thread(scrape, endpoints)

    async def seen(self, claim: Callable[[Scrape], bool], *, late_at: datetime | None = None) -> Scrape:
        """The first scrape of which the claim is true; how late anything is, as a clock of this instant tells it."""
        async with asyncio.timeout(40):
            while True:
                await self.read()
                found = await self.scrape()
                if late_at:
                    found = await self._late(found, late_at)
                if claim(found):
                    return found
                await asyncio.sleep(0.1)

    async def _late(self, found: Scrape, at: datetime) -> Scrape:
        job, late = "mentoring-exporter", {"mentoring_oldest_due_seconds", "mentoring_relationships_overdue"}
        read = [each for each in await self._figures(at) if each.name in late]
        figures = {f'{each.name}{{job="{job}"}}': each.samples[0].value for each in read}
        return replace(found, samples={**found.samples, job: {**found.samples[job], **figures}})

    async def _figures(self, at: datetime) -> list[Metric]:
        ledger = SqlLedger(self.engine)
        sources = Sources(ledger.counts, ledger.troubles, _no_programmes, "mentoring")
        return await read_figures(self.clock.client, sources, at)


async def _no_programmes() -> list[str]:
    return []


def _read(command: str) -> tuple[dict[str, str], list[str]]:
    """Variables that are set for this command alone, and what follows `mentoring`."""
    words = shlex.split(command, comments=True)
    at = words.index("mentoring")
    return dict(word.split("=", 1) for word in words[:at]), words[at + 1 :]


PAIRS = 4
"""So many pairs may live here at the same time."""


def _people() -> tuple[Person, ...]:
    model = PEOPLE[0]
    pairs = [
        replace(model, id=f"p-{role}-{number}", email=f"{role}{number}@pair.example", level=level)
        for number in range(PAIRS)
        for role, level in (("mentor", 2), ("mentee", 6))
    ]
    return (*PEOPLE, *pairs)


@asynccontextmanager
async def watched_house(temporal: EmbeddedTemporal, folder: Path) -> AsyncIterator[House]:
    """Servers and databases; `clear` starts what is watched."""
    addresses = [f"{LOOPBACK}:{port}" for port in free_ports(len(JOBS))]
    settings = {
        "MENTORING_ENCRYPTION_KEYS": f"k:{KEY}",
        "MENTORING_CASES_ENCRYPTION_KEYS": f"k:{KEY}",
        "MENTORING_CASES_HEALTH_ADDRESS": f"{LOOPBACK}:0",
        "MENTORING_CASE_HANDLERS": f"{BACKUP},{COORDINATOR}",
        "MENTORING_SAFEGUARDING_CONTACT": CONTACT,
        **{f"MENTORING_{name}": address for name, address in zip(JOBS.values(), addresses, strict=True)},
    }
    url = f"sqlite:///{folder / 'mentoring.db'}"
    await migrate(url)
    engine = open_database(url)
    people = SqlPeople(engine)
    relationships, cases = [await _connected(temporal, each) for each in ("mentoring", "mentoring-cases")]
    clock = VirtualClock(relationships)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(CalendarServer(folder / "calendar"))
        calendar = CalDavCalendar(server.url, server.username, server.password, organizer=SENDER)
        stack.push_async_callback(engine.dispose)
        stack.push_async_callback(calendar.aclose)
        mail = stack.enter_context(MailServer(folder / "mail"))
        mentoring, own = MentoringClient(clock.client, people=people), {"settings": settings, "cases_client": cases}
        house = House(folder, temporal, mail, server, calendar, engine, clock, mentoring, **own)
        stack.push_async_callback(house.end)
        yield house


async def _connected(temporal: EmbeddedTemporal, namespace: str) -> Client:
    converter: dict[str, Any] = {"data_converter": data_converter(CODEC), "identity": IDENTITY}
    return await Client.connect(temporal.address, namespace=namespace, **converter)
