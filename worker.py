"""The composition root: introduces gateways to activities and activities to workflows, and runs a worker of our own."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, NamedTuple

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.plugin import SimplePlugin
from temporalio.runtime import Runtime
from temporalio.worker import Worker, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from mentoring_lifecycle.activities.calendar import CalendarActivities
from mentoring_lifecycle.activities.case_audit import CaseAuditActivities
from mentoring_lifecycle.activities.journal import JournalActivities
from mentoring_lifecycle.activities.legal_clocks import LegalClockActivities
from mentoring_lifecycle.activities.letters import LetterActivities
from mentoring_lifecycle.activities.measures import MeasureActivities
from mentoring_lifecycle.activities.ports import (
    BookingsGateway,
    CalendarGateway,
    CaseAuditGateway,
    FreeBusyGateway,
    FreeDaysGateway,
    JournalGateway,
    LedgerGateway,
    LetterWriter,
    MailGateway,
    PairingsGateway,
    PeopleGateway,
    ReplyAddresses,
)
from mentoring_lifecycle.activities.schedule import ScheduleActivities
from mentoring_lifecycle.activities.timetable import NoFreeDays, Timetable
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.claims import ClaimKeys
from mentoring_lifecycle.contracts.codec import EncryptionCodec
from mentoring_lifecycle.contracts.seals import Seals
from mentoring_lifecycle.gateways.bookings_sql import SqlBookings
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar
from mentoring_lifecycle.gateways.case_audit_sql import SqlCaseAudit
from mentoring_lifecycle.gateways.database import (
    CASES_SCHEMA,
    RELATIONSHIPS_SCHEMA,
    UnsupportedDatabase,
    case_effects,
    migrate,
    open_database,
)
from mentoring_lifecycle.gateways.free_busy_caldav import CalDavFreeBusy
from mentoring_lifecycle.gateways.free_days import FreeDays
from mentoring_lifecycle.gateways.journal_sql import SqlJournal
from mentoring_lifecycle.gateways.ledger_sql import SqlLedger
from mentoring_lifecycle.gateways.pairings_sql import SqlPairings
from mentoring_lifecycle.gateways.people_sql import SqlPeople
from mentoring_lifecycle.gateways.relationships_temporal import TemporalRelationships
from mentoring_lifecycle.gateways.reply_addresses_sql import SqlReplyAddresses
from mentoring_lifecycle.settings import Settings, SettingsError, read_settings
from mentoring_lifecycle.starter.connection import (
    calendar_from,
    connect,
    connect_cases,
    free_busy_from,
    free_days_from,
    mail_from,
    writer_from,
)
from mentoring_lifecycle.starter.endpoints import serve
from mentoring_lifecycle.starter.exit_codes import foreseen
from mentoring_lifecycle.starter.health import ACTS, STORIES_AND_ACTS, Health, checks_of_a_worker, checks_of_peers
from mentoring_lifecycle.starter.stopping import on_stop
from mentoring_lifecycle.telemetry import start_telemetry
from mentoring_lifecycle.workflows.case import Case
from mentoring_lifecycle.workflows.doorkeeper import Doorkeeper
from mentoring_lifecycle.workflows.relationship import MentoringRelationship

log = structlog.stdlib.get_logger()

WORKFLOWS: tuple[type, ...] = (MentoringRelationship,)
CASE_WORKFLOWS: tuple[type, ...] = (Case,)

GRACE = timedelta(seconds=60)
"""Longer than the slowest mail: a letter under way is finished, not left unknown."""

MAILS_OF_A_CALL = 2
"""What one call hands to a relay with a quota at most: a letter to each of the pair, which cost one Action together."""

PASSED_THROUGH = (
    "mentoring_lifecycle.domain",  # pure by lint and by its import contract; one identity per class on both sides
    "mentoring_lifecycle.contracts",  # models only; loading them anew for every run costs 3 MiB and three times the CPU
    "mentoring_lifecycle.activities",  # definitions only; their bodies never run in a workflow
    "structlog",  # needs a lock that the sandbox forbids; used through the replay-safe workflow logger alone
)


@dataclass(frozen=True)
class Gateways:
    """The ways to the world that the activities act through; a host may bring its own for any of them."""

    people: PeopleGateway
    ledger: LedgerGateway
    journal: JournalGateway
    mail: MailGateway
    calendar: CalendarGateway | None
    writer: LetterWriter
    free_days: FreeDaysGateway = field(default_factory=NoFreeDays)
    bookings: BookingsGateway | None = None
    free_busy: FreeBusyGateway | None = None

    pairings: PairingsGateway | None = None
    """For the client that opens relationships, and for cases that keep two people apart."""
    replies: ReplyAddresses | None = None
    """Where answers come back to; None: nothing that comes back is read."""
    window: timedelta = timedelta()
    """Over how long what is due to many at the same hour is spread; nothing: everything comes at its hour."""

    @property
    def timetable(self) -> Timetable:
        """What finds times by means of these."""
        return Timetable(self.people, self.free_days, self.bookings, self.free_busy, self.window)


@asynccontextmanager
async def opened_gateways(settings: Settings, engine: AsyncEngine, gateways: Gateways) -> AsyncIterator[None]:
    """The database migrated before, connections closed after."""
    await migrate(settings.database_url)
    if isinstance(gateways.free_days, FreeDays):
        gateways.free_days.load()
    try:
        yield
    finally:
        for network in (gateways.calendar, gateways.free_busy):
            if isinstance(network, CalDavCalendar | CalDavFreeBusy):
                await network.aclose()
        await engine.dispose()


def gateways_from(settings: Settings, engine: AsyncEngine) -> Gateways:
    """The gateways that the settings name. Nothing is connected yet. Raises SettingsError."""
    template = settings.reply_template()
    return Gateways(
        people=SqlPeople(engine),
        ledger=SqlLedger(engine),
        journal=SqlJournal(engine),
        mail=mail_from(settings),
        calendar=calendar_from(settings),
        writer=writer_from(settings),
        free_days=free_days_from(settings),
        bookings=SqlBookings(engine),
        free_busy=free_busy_from(settings),
        pairings=SqlPairings(engine),
        replies=SqlReplyAddresses(engine, template) if template else None,
        window=timedelta(minutes=settings.spread_minutes),
    )


def opened_database(settings: Settings) -> AsyncEngine:
    """The engine of the settings' database. Raises SettingsError where it is none that keeps its promises."""
    return _opened("MENTORING_DATABASE_URL", settings.database_url)


def opened_cases_database(settings: Settings) -> AsyncEngine:
    """The engine of the database of the cases. Raises SettingsError as well."""
    return _opened("MENTORING_CASES_DATABASE_URL", settings.cases_database())


def _opened(variable: str, url: str) -> AsyncEngine:
    try:
        return open_database(url)
    except UnsupportedDatabase as error:
        raise SettingsError([f"{variable}: {error}"]) from None


def activities_over(gateways: Gateways) -> list[Callable[..., Any]]:
    """Every activity of a relationship, acting through these gateways."""
    g, schedule = gateways, ScheduleActivities(gateways.timetable)
    return [
        _letters_over(g).deliver,
        CalendarActivities(g.people, g.ledger, g.writer, g.calendar).apply,
        schedule.find_slots,
        schedule.propose_slots,
        JournalActivities(g.journal).append,
    ]


def _letters_over(g: Gateways, *, at_once: int | None = None) -> LetterActivities:
    return LetterActivities(
        g.people, g.ledger, g.journal, g.writer, g.mail, g.free_days, g.replies, at_once=at_once, window=g.window
    )


class MailQueue(SimplePlugin):
    """Beside a worker of relationships serves the queue of their letters, for as long as that worker runs.

    With a quota the server hands out to all workers together no more than so many mails a minute; every worker must
    ask for the same, because the last who asks is believed. What waits there keeps nothing else waiting.
    """

    def __init__(self, gateways: Gateways, mails_per_minute: int | None = None) -> None:
        super().__init__("mentoring_lifecycle.MailQueue")
        self._deliver = _letters_over(gateways, at_once=MAILS_OF_A_CALL if mails_per_minute else None).deliver
        self._calls_per_second = mails_per_minute / 60 / MAILS_OF_A_CALL if mails_per_minute else None

    async def run_worker(self, worker: Worker, next: Callable[[Worker], Awaitable[None]]) -> None:  # noqa: A002 -- the SDK's name
        """Whichever of the two fails ends both, and its error is raised."""
        letters, stories = self._mail_worker(worker), asyncio.ensure_future(super().run_worker(worker, next))
        serving = [asyncio.ensure_future(letters.run()), stories]
        try:
            await asyncio.wait(serving, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stories.cancel()  # as politely as `shutdown`, which never returns where a host's plugin did not begin it
            await letters.shutdown()
            await asyncio.wait(serving)
            await asyncio.gather(*serving)

    def _mail_worker(self, worker: Worker) -> Worker:
        """Like its neighbour, but for what it serves; without the client's plugins, which would add the rest again."""
        connection = worker.client.config(active_config=True)
        connection["plugins"] = []
        like: dict[str, Any] = {
            key: value for key, value in worker.config(active_config=True).items() if key in _TAKEN_OVER
        }
        return Worker(
            Client(**connection),
            task_queue=names.mail_queue_of(worker.task_queue),
            activities=[self._deliver],
            max_task_queue_activities_per_second=self._calls_per_second,
            **like,
        )


_TAKEN_OVER = (
    *("identity", "interceptors", "graceful_shutdown_timeout", "on_fatal_error", "debug_mode"),
    *("build_id", "use_worker_versioning", "deployment_config"),
    *("max_heartbeat_throttle_interval", "default_heartbeat_throttle_interval", "disable_payload_error_limit"),
)
"""By the worker of the letters from the one beside it; slots and pollers are its own."""


def sandbox(runner: WorkflowRunner | None = None) -> WorkflowRunner:
    """A workflow runner that knows our models; a host's own runner keeps its restrictions."""
    runner = runner or SandboxedWorkflowRunner()
    if not isinstance(runner, SandboxedWorkflowRunner):
        return runner
    return replace(runner, restrictions=runner.restrictions.with_passthrough_modules(*PASSED_THROUGH))


def build_worker(
    client: Client,
    gateways: Gateways,
    *,
    task_queue: str,
    claims: ClaimKeys | None = None,
    mails_per_minute: int | None = None,
    identity: str | None = None,
) -> Worker:
    """A worker for relationships and their letters, over any gateways.

    With `claims` it asks everybody to prove who they are; `mails_per_minute` is the relay's quota, see MailQueue.
    It polls under its own `identity`, or that of the client.
    """
    return Worker(
        client,
        task_queue=task_queue,
        workflows=WORKFLOWS,
        activities=activities_over(gateways),
        interceptors=[Doorkeeper(claims)],
        workflow_runner=sandbox(),
        graceful_shutdown_timeout=GRACE,
        identity=identity,
        plugins=[MailQueue(gateways, mails_per_minute)],
        plugin_shutdown_timeout=2 * GRACE,
    )


def build_cases_worker(
    cases: Client,
    relationships: Client,
    gateways: Gateways,
    *,
    audit: CaseAuditGateway,
    task_queue: str,
    claims: ClaimKeys | None = None,
    seals: Seals | None = None,
    identity: str | None = None,
) -> Worker:
    """A worker for cases: it writes to handlers, finds due instants, and may hold relationships like anybody.

    The ledger of `gateways` is that of the cases, kept with `audit` apart from what the relationships keep. `seals` are
    those of the clients; see `Settings.seals()`.
    """
    g = gateways
    return Worker(
        cases,
        task_queue=task_queue,
        workflows=CASE_WORKFLOWS,
        activities=[
            LetterActivities(g.people, g.ledger, None, g.writer, g.mail).deliver,
            CaseAuditActivities(audit).append,
            MeasureActivities(TemporalRelationships(relationships, claims), g.pairings, seals).apply,
            LegalClockActivities().resolve,
        ],
        interceptors=[Doorkeeper(claims)],
        workflow_runner=sandbox(),
        graceful_shutdown_timeout=GRACE,
        identity=identity,
    )


# --- our own processes ------------------------------------------------------------------------------------------


async def run(settings: Settings, runtime: Runtime, stop: asyncio.Event, health: Health) -> None:
    """Serve relationships until told to stop; what is under way is finished first."""
    _warn_without(settings.codec(), "MENTORING_ENCRYPTION_KEYS")
    _warn_of_what_is_believed(settings)
    engine = opened_database(settings)
    gateways = gateways_from(settings, engine)
    async with opened_gateways(settings, engine, gateways):
        relationships, queue = await connect(settings, runtime), settings.task_queue
        served = {queue: STORIES_AND_ACTS, names.mail_queue_of(queue): ACTS}
        checks = checks_of_a_worker(health, relationships, served, {engine: RELATIONSHIPS_SCHEMA})
        async with (
            build_worker(
                relationships,
                gateways,
                task_queue=queue,
                claims=settings.claims(),
                mails_per_minute=settings.relay_mails_per_minute,
                identity=health.identity,
            ),
            health.watching([*checks, *checks_of_peers(gateways.mail, gateways.calendar)]),
        ):
            await _until(stop, queue)
    log.info("worker_stopped")


async def run_cases(settings: Settings, runtime: Runtime, stop: asyncio.Event, health: Health) -> None:
    """The same for cases, in a process of its own: its figures, log lines and rows tell of reports."""
    _warn_without(settings.cases_codec(), "MENTORING_CASES_ENCRYPTION_KEYS")
    _warn_of_what_is_believed(settings)
    if settings.cases_share_a_database:
        _warn_of_sharing()
    engine, own = opened_database(settings), opened_cases_database(settings)
    gateways = replace(gateways_from(settings, engine), ledger=SqlLedger(own, table=case_effects))
    async with opened_gateways(settings, engine, gateways), opened_case_store(settings, own):
        cases, relationships = await connect_cases(settings, runtime), await connect(settings, runtime)
        audit, queue = SqlCaseAudit(own), settings.cases_task_queue
        databases = {engine: RELATIONSHIPS_SCHEMA, own: CASES_SCHEMA}
        checks = checks_of_a_worker(health, cases, {queue: STORIES_AND_ACTS}, databases)
        async with (
            build_cases_worker(
                cases,
                relationships,
                gateways,
                audit=audit,
                task_queue=queue,
                claims=settings.claims(),
                seals=settings.seals(),
                identity=health.identity,
            ),
            health.watching([*checks, *checks_of_peers(gateways.mail, None)]),
        ):
            await _until(stop, queue)
    log.info("worker_stopped")


@asynccontextmanager
async def opened_case_store(settings: Settings, engine: AsyncEngine) -> AsyncIterator[None]:
    """The database of the cases migrated before, its connections closed after."""
    await migrate(settings.cases_database(), CASES_SCHEMA)
    try:
        yield
    finally:
        await engine.dispose()


async def _until(stop: asyncio.Event, task_queue: str) -> None:
    log.info("worker_started", task_queue=task_queue)
    await stop.wait()
    log.info("worker_stopping")


def _warn_without(codec: EncryptionCodec | None, variable: str) -> None:
    if codec is None:
        log.warning(
            "payloads_not_encrypted",
            consequence="what people write can be read by everybody with access to the Temporal server",
            remedy=f"set {variable}; MENTORING_REQUIRE_ENCRYPTION=1 makes it a condition",
        )


def _warn_of_what_is_believed(settings: Settings) -> None:
    if settings.claims() is None:
        log.warning(
            "actors_not_authenticated",
            consequence="every client of the Temporal namespaces can act in anybody's name",
            remedy="set MENTORING_CLAIM_KEYS; MENTORING_REQUIRE_CLAIMS=1 makes it a condition",
        )
    if not settings.seals().are_used:
        log.warning(
            "holds_not_sealed",
            consequence="anybody of the programme team lifts any hold, also one that protects somebody",
            remedy="set MENTORING_SEAL_KEY, the same at workers, clients and the command line",
        )


def _warn_of_sharing() -> None:
    log.warning(
        "cases_share_a_database",
        consequence="whoever reads the relationships' database reads there that there are cases, and who handles them",
        remedy="set MENTORING_CASES_DATABASE_URL to a database of its own",
    )


class _Process(NamedTuple):
    """What one process serves, its name, and the settings with the addresses of its metrics and its health."""

    run: Callable[[Settings, Runtime, asyncio.Event, Health], Coroutine[Any, Any, None]]
    name: str
    metrics: str
    health: str


_PROCESSES = {
    "relationships": _Process(run, "worker", "metrics_address", "health_address"),
    "cases": _Process(run_cases, "cases-worker", "cases_metrics_address", "cases_health_address"),
}


async def _serve(process: _Process, settings: Settings, runtime: Runtime) -> None:
    stop, health = asyncio.Event(), Health(process.name)
    on_stop(stop.set)
    async with serve(settings, process.health, health):
        await process.run(settings, runtime, stop, health)
    # The SDK's core may hold the interpreter a moment longer; leaving at once can abort the process (sdk-python 300).
    await asyncio.sleep(1)


def main(serves: str = "relationships") -> int:
    """Run a worker for `relationships` or for `cases`, until SIGINT or SIGTERM.

    Exit codes: 1 something that it needs is not there, 2 the settings or the word cannot be used.
    """
    if serves not in _PROCESSES:
        sys.stderr.write(f"There is no worker for {serves!r}: say one of {', '.join(_PROCESSES)}.\n")
        return 2
    process = _PROCESSES[serves]
    try:
        settings = read_settings()
        asyncio.run(_serve(process, settings, start_telemetry(settings, process.metrics)))
    except Exception as error:
        if not (ending := foreseen(error)):
            raise
        sentence, code = ending
        sys.stderr.write(f"{sentence}\n")
        return code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
