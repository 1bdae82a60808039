"""Whether a process is ready: what it looks at again and again, and what it tells whoever asks.

A check is told by a word of a closed set, never by what a peer or a database said: no address, no password and nobody's
name can be in it. What is not needed is told and does not make a process unready: while a mail server is away letters
wait in the outbox, and a worker that were taken away for that could not answer people either.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.client import Client
from temporalio.service import RPCError

from mentoring_lifecycle.activities.ports import CalendarGateway, GatewayError, MailGateway
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar
from mentoring_lifecycle.gateways.database import RELATIONSHIPS_SCHEMA, Schema, schema_is_current
from mentoring_lifecycle.gateways.mail_smtp import SmtpMail
from mentoring_lifecycle.gateways.pollers_temporal import POLLED_WITHIN, pollers_of

log = structlog.stdlib.get_logger()

LOOK_EVERY = timedelta(seconds=30)
LOOK_SOON = timedelta(seconds=2)
"""While something that is needed is missing; nobody else is asked more often for that."""
LOOK_WITHIN = timedelta(seconds=15)
OLD_AFTER = 2 * LOOK_EVERY + LOOK_WITHIN
"""A word that is older than this is none."""

Look = Callable[[], Awaitable[str]]
"""Looks once. The word when all is well; raises NotWell or whatever went wrong."""


class NotWell(Exception):
    """Something was looked at and is not as it must be; the word says how."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at."""

    name: str
    look: Look
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """What the last look at one thing found."""

    ok: bool
    said: str
    needed: bool
    at: float
    """By the monotonic clock."""


class Stage(StrEnum):
    """Where a process is in its life."""

    STARTING = "starting"
    SERVING = "serving"
    STOPPING = "stopping"


class Health:
    """The health of this process; written by its event loop, read from any thread."""

    def __init__(self, process: str) -> None:
        self.process = process
        self.identity = f"mentoring-{process}-{uuid4().hex[:8]}"
        """Under which a worker polls, so that its own polls can be told from those of others."""
        self._stage = Stage.STARTING
        self._seen: Mapping[str, Seen] = {}
        self._was_ready: bool | None = None

    @asynccontextmanager
    async def watching(self, checks: Sequence[Check]) -> AsyncIterator[None]:
        """Look at these while the block runs; when it ends the process is stopping, and no longer ready."""
        watch = asyncio.create_task(self._watch(checks))
        self._stage = Stage.SERVING
        try:
            yield
        finally:
            self._stage = Stage.STOPPING
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    async def look(self, checks: Sequence[Check]) -> None:
        """Look at all of these at once."""
        seen = await asyncio.gather(*(_looked(check) for check in checks))
        self._seen = {**self._seen, **{check.name: found for check, found in zip(checks, seen, strict=True)}}
        self._tell_a_change()

    @property
    def ready(self) -> bool:
        """Whether work may be given to this process."""
        return self._stage is Stage.SERVING and bool(self._seen) and not self._missing()

    def page(self) -> dict[str, Any]:
        """What whoever asks is told."""
        now = time.monotonic()
        checks = {
            name: {
                "ok": seen.ok,
                "said": seen.said,
                "needed": seen.needed,
                "seconds_ago": round(now - seen.at, 1),
            }
            for name, seen in self._seen.items()
        }
        return {"process": self.process, "stage": self._stage.value, "ready": self.ready, "checks": checks}

    def _missing(self) -> list[str]:
        oldest = time.monotonic() - OLD_AFTER.total_seconds()
        return [name for name, seen in self._seen.items() if seen.needed and not (seen.ok and seen.at > oldest)]

    async def _watch(self, checks: Sequence[Check]) -> None:
        needed = [check for check in checks if check.needed]
        await self.look(checks)
        while True:
            rest = LOOK_EVERY if self.ready else LOOK_SOON
            await asyncio.sleep(rest.total_seconds())
            await self.look(checks if rest is LOOK_EVERY else needed)

    def _tell_a_change(self) -> None:
        if (ready := not self._missing()) == self._was_ready:
            return
        self._was_ready = ready
        if ready:
            log.info("health_ready", process=self.process)
        else:
            log.warning("health_not_ready", process=self.process, missing=self._missing())


async def _looked(check: Check) -> Seen:
    try:
        async with asyncio.timeout(LOOK_WITHIN.total_seconds()):
            ok, said = True, await check.look()
    except Exception as error:
        ok, said = False, _word(error)
    return Seen(ok, said, check.needed, time.monotonic())


def _word(error: Exception) -> str:
    match error:
        case NotWell():
            return error.word
        case GatewayError():
            return error.reason
        case RPCError():
            return error.status.name.lower()
        case TimeoutError():
            return "timeout"
        case OSError() | DBAPIError():
            return "connect"
    return type(error).__name__


# --- what is looked at ------------------------------------------------------------------------------------------

Served = Mapping[str, Sequence[TaskQueueType.ValueType]]
"""The task queues of a worker, each with the kinds of tasks that it takes from there."""

ACTS = (TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,)
STORIES_AND_ACTS = (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, *ACTS)


def checks_of_a_worker(
    health: Health, client: Client, queues: Served, databases: Mapping[AsyncEngine, Schema], *peers: Check
) -> list[Check]:
    """A worker is needed where it polls all its queues and where its databases are at its own version."""
    return [
        Check("temporal", lambda: _polls(client, queues, health.identity)),
        *(_database(engine, schema) for engine, schema in databases.items()),
        *peers,
    ]


def checks_of_a_client(client: Client, task_queue: str, engine: AsyncEngine, *peers: Check) -> list[Check]:
    """For a process that asks relationships and serves no task."""
    return [
        Check("temporal", lambda: _answers(client, task_queue)),
        _database(engine, RELATIONSHIPS_SCHEMA),
        *peers,
    ]


def checks_of_peers(mail: MailGateway | None, calendar: CalendarGateway | None) -> list[Check]:
    """Servers that may be away for a while; those that are not used, or a host's own, are not looked at."""
    checks = []
    if isinstance(mail, SmtpMail):
        checks.append(Check("smtp", _reached(mail.greets), needed=False))
    if isinstance(calendar, CalDavCalendar):
        checks.append(Check("caldav", _reached(calendar.greets), needed=False))
    return checks


def _reached(greets: Callable[[], Awaitable[None]]) -> Look:
    async def look() -> str:
        await greets()
        return "reached"

    return look


def _database(engine: AsyncEngine, schema: Schema) -> Check:
    async def look() -> str:
        if not await schema_is_current(engine, schema):
            raise NotWell("other_schema")
        return "migrated"

    return Check("database" if schema is RELATIONSHIPS_SCHEMA else "cases_database", look)


async def _polls(client: Client, queues: Served, identity: str) -> str:
    """The server has heard of this very worker lately, for all that it serves."""
    since = datetime.now(UTC) - POLLED_WITHIN
    for queue, kind in ((queue, kind) for queue, kinds in queues.items() for kind in kinds):
        pollers = await pollers_of(client, queue, kind, within=LOOK_WITHIN)
        if not any(each.identity == identity and each.asked_at > since for each in pollers):
            raise NotWell("not_polling")
    return "polling"


async def _answers(client: Client, task_queue: str) -> str:
    await pollers_of(client, task_queue, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, within=LOOK_WITHIN)
    return "answers"
