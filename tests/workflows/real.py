"""A rig of real parts: a worker in a process of its own, SQLite, an SMTP server and a CalDAV server on loopback."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetStickyTaskQueueRequest
from temporalio.client import Client

from mentoring_lifecycle.activities.ports import Attendee
from mentoring_lifecycle.contracts.codec import data_converter
from mentoring_lifecycle.embedded.calendar import CalendarServer
from mentoring_lifecycle.embedded.mail import MailServer
from mentoring_lifecycle.embedded.processes import ChildProcess
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.embedded.virtual_time import VirtualClock
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar
from mentoring_lifecycle.gateways.database import migrate, open_database
from mentoring_lifecycle.gateways.people_sql import SqlPeople
from mentoring_lifecycle.starter.client import IDENTITY, MentoringClient

from .life import COORDINATOR, MENTEE, MENTOR, PEOPLE, SHORT, Life

SENDER = Attendee("Mentoring", "mentoring@mentoring.example")


class MailInHand:
    """The next message stays in the mail server's hands, complete and unanswered, until somebody has done their worst.

    Then it gets its answer: one of the mail server's, given by whoever releases it.
    """

    def __init__(self, mail: MailServer) -> None:
        self._mail = mail
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._released = threading.Event()
        self._answer: str | None = None
        mail.on_message = self._hold

    def _hold(self, _recipients: tuple[str, ...], _content: bytes) -> str | None:
        self._mail.on_message = lambda _recipients, _content: None
        self._loop.call_soon_threadsafe(self._arrived.set)
        self._released.wait(60)
        return self._answer

    async def arrived(self) -> None:
        """The whole message is there, and its sender waits."""
        await asyncio.wait_for(self._arrived.wait(), 30)

    def release(self, answer: str | None = None) -> None:
        """Answer it; None accepts."""
        self._answer = answer
        self._released.set()


@dataclass
class RealRig:
    """Everything that a relationship touches, on this computer."""

    folder: Path
    temporal: EmbeddedTemporal
    mail: MailServer
    calendar_server: CalendarServer
    calendar: CalDavCalendar
    engine: AsyncEngine
    clock: VirtualClock
    mentoring: MentoringClient
    metrics_address: str = "127.0.0.1:0"
    health_address: str = "127.0.0.1:0"
    worker: ChildProcess | None = None
    _workers: int = 0

    async def life(self, programme: str = "both-ways") -> Life:
        """A relationship just opened, its invitations out. All are of the same two people."""
        relationship = await self.mentoring.open(
            mentor=MENTOR,
            mentee=MENTEE,
            coordinator=COORDINATOR,
            programme=programme,
            policy=SHORT,
            relationship=f"r-{uuid4().hex[:12]}",
        )
        life = Life(relationship, self.clock)
        await life.rest()
        return life

    async def start_worker(self) -> None:
        """As an operator does: `python -m mentoring_lifecycle.worker`, settings in its environment."""
        self._workers += 1
        log = self.folder / f"worker-{self._workers}.log"
        self.worker = await ChildProcess.start("worker", self._python("mentoring_lifecycle.worker"), log=log)

        async def serves() -> bool:
            return "worker_started" in log.read_text()

        await self.worker.until_ready(serves)

    async def kill_worker(self) -> None:
        """SIGKILL, as when a machine runs out of memory."""
        assert self.worker
        await self.worker.kill()

    async def reconcile(self) -> list[tuple[str, str, str]]:
        """One look at everything, as an operator takes it: party, finding, what was done."""
        command = self._python("mentoring_lifecycle.starter", "reconcile", "--once", "--output", "json")
        looking = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        shown, _ = await looking.communicate()
        assert looking.returncode == 0
        return [(row["party"], row["finding"], row["done"]) for row in json.loads(shown)]

    async def forget_worker(self, life: Life) -> None:
        """What the server does by itself ten seconds later: no longer wait for the worker that knew this workflow."""
        await forget_worker_of(self.clock.client, life.workflow_id)

    async def restart_server(self) -> None:
        """SIGKILL to the Temporal server, and up again on the same files."""
        await self.temporal.kill()
        await self.temporal.start()

    def python(self, module: str, *arguments: str, **changed: str) -> list[str]:
        """A command of ours in this rig's environment, but for what is said otherwise."""
        return self._python(module, *arguments, environment=self._environment() | changed)

    def _python(self, module: str, *arguments: str, environment: dict[str, str] | None = None) -> list[str]:
        variables = environment or self._environment()
        clean = ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in variables.items())]
        return [*clean, sys.executable, "-P", "-m", module, *arguments]

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TEMPORAL_ADDRESS": self.temporal.address,
            "MENTORING_DATABASE_URL": f"sqlite:///{self.folder / 'mentoring.db'}",
            "MENTORING_SMTP_HOST": self.mail.host,
            "MENTORING_SMTP_PORT": str(self.mail.port),
            "MENTORING_SENDER_ADDRESS": SENDER.email,
            "MENTORING_CALDAV_URL": self.calendar_server.url,
            "MENTORING_CALDAV_USERNAME": self.calendar_server.username,
            "MENTORING_CALDAV_PASSWORD": self.calendar_server.password,
            "MENTORING_METRICS_ADDRESS": self.metrics_address,
            "MENTORING_HEALTH_ADDRESS": self.health_address,
            "MENTORING_SPREAD_MINUTES": "0",  # lives here are told by the hour
        }


@asynccontextmanager
async def real_rig(
    temporal: EmbeddedTemporal, folder: Path, metrics_address: str = "127.0.0.1:0"
) -> AsyncIterator[RealRig]:
    """Everything up, people in the directory, one worker serving."""
    url = f"sqlite:///{folder / 'mentoring.db'}"
    await migrate(url)
    engine = open_database(url)
    people = SqlPeople(engine)
    await people.save(PEOPLE)
    clock = VirtualClock(await _connected(temporal))
    async with CalendarServer(folder / "calendars") as server:
        calendar = CalDavCalendar(server.url, server.username, server.password, organizer=SENDER)
        with MailServer(folder / "mail") as mail:
            mentoring = MentoringClient(clock.client, people=people)
            rig = RealRig(folder, temporal, mail, server, calendar, engine, clock, mentoring, metrics_address)
            try:
                await rig.start_worker()
                yield rig
            finally:
                if rig.worker:
                    await rig.worker.kill()
                await calendar.aclose()
                await engine.dispose()


async def _connected(temporal: EmbeddedTemporal) -> Client:
    converter: dict[str, Any] = {"data_converter": data_converter(None), "identity": IDENTITY}
    return await Client.connect(temporal.address, namespace="mentoring", **converter)


async def forget_worker_of(client: Client, workflow_id: str) -> None:
    """No longer wait for the worker that knew this workflow; the same for any of them."""
    request = ResetStickyTaskQueueRequest(
        namespace=client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
    )
    await client.workflow_service.reset_sticky_task_queue(request)


def message_id(key: str) -> str:
    """Under which the letter of an effect key is known to every mail program."""
    return f"<{sha256(key.encode()).hexdigest()[:40]}@{SENDER.email.rpartition('@')[2]}>"
