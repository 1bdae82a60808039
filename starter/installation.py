"""Setting up, running and looking after an installation."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mentoring_lifecycle.activities.ports import LedgerState
from mentoring_lifecycle.starter.access import with_database
from mentoring_lifecycle.starter.display import Output, OutputOption, show, tell
from mentoring_lifecycle.starter.exit_codes import ExitCode, Failed

if TYPE_CHECKING:
    from temporalio.client import Client

    from mentoring_lifecycle.gateways.database import Schema
    from mentoring_lifecycle.gateways.ledger_sql import LedgerRow
    from mentoring_lifecycle.settings import Settings
    from mentoring_lifecycle.starter.health import Health
    from mentoring_lifecycle.starter.reconcile import Pass, Reconciler

app = typer.Typer()

_PANEL = "Installation"


# --- setup ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prepared:
    """One thing an installation needs."""

    what: str
    name: str
    found: bool
    """It was there already; else it has just been made."""


@app.command(rich_help_panel=_PANEL)
def setup(output: OutputOption = Output.TABLE) -> None:
    """Prepare the databases, both namespaces and the search attributes; done twice it changes nothing."""
    prepared = asyncio.run(_prepared())
    lines = [f"{each.what} {each.name}: {'found' if each.found else 'made'}" for each in prepared]
    show(prepared, output, table="\n".join(lines))


async def _prepared() -> list[Prepared]:
    from mentoring_lifecycle.contracts import names
    from mentoring_lifecycle.gateways.database import CASES_SCHEMA, RELATIONSHIPS_SCHEMA
    from mentoring_lifecycle.settings import read_settings
    from mentoring_lifecycle.starter.connection import connect

    settings = read_settings()
    attributes = {key.name: int(key.indexed_value_type) for key in names.SEARCH_ATTRIBUTES}
    return [
        await _prepared_database(settings.database_url, RELATIONSHIPS_SCHEMA),
        await _prepared_database(settings.cases_database(), CASES_SCHEMA),
        await _prepared_namespace(await connect(settings), attributes),
        # Registering a namespace reads and writes nothing in it, so the key of the cases need not be here.
        await _prepared_namespace(await _client_without_keys(settings.cases_namespace), {}),
    ]


async def _client_without_keys(namespace: str) -> "Client":
    from temporalio.client import Client

    from mentoring_lifecycle.settings import temporal_connection

    connection = temporal_connection()
    connection["namespace"] = namespace
    return await Client.connect(**connection)


async def _prepared_database(url: str, schema: "Schema") -> Prepared:
    from sqlalchemy import make_url
    from sqlalchemy.exc import DBAPIError

    from mentoring_lifecycle.gateways.database import migrate, open_database, schema_is_current

    engine = open_database(url)
    try:
        found = await schema_is_current(engine, schema)
    except DBAPIError:  # a database that is not there yet; one that cannot be had is told by the migration
        found = False
    finally:
        await engine.dispose()
    await migrate(url, schema)
    return Prepared("database", make_url(url).render_as_string(hide_password=True), found)


async def _prepared_namespace(client: "Client", attributes: Mapping[str, Any]) -> Prepared:
    from temporalio.service import RPCError

    from mentoring_lifecycle.embedded.namespaces import set_up_namespace

    try:
        await client.count_workflows(" AND ".join(f"{name} IS NULL" for name in attributes))
        found = True
    except RPCError:  # no such namespace or attribute yet; any other reason is told by the setup itself
        found = False
    await set_up_namespace(client, attributes)
    return Prepared("namespace", client.namespace, found)


@app.command(rich_help_panel=_PANEL)
def provision(output: OutputOption = Output.TABLE) -> None:
    """Get the programs of a Temporal server for this computer; the first time may take minutes."""
    from mentoring_lifecycle.embedded.provision import provide_server

    tell("Looking for the programs of a Temporal server ...")
    show(asdict(provide_server()), output)


# --- processes --------------------------------------------------------------------------------------------------


@app.command(rich_help_panel=_PANEL)
def worker() -> None:
    """Run a worker for relationships until SIGTERM or Ctrl-C; what is under way is finished first."""
    _become_worker("relationships")


@app.command(rich_help_panel=_PANEL)
def cases_worker() -> None:
    """Run a worker for cases, in a process of its own, until SIGTERM or Ctrl-C."""
    _become_worker("cases")


def _become_worker(serves: str) -> None:
    # The composition root lies above this layer, so it is run and not imported.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "mentoring_lifecycle.worker", serves])  # noqa: S606 -- no shell


@app.command(rich_help_panel=_PANEL)
def exporter() -> None:
    """Serve figures about all relationships to Prometheus until SIGTERM or Ctrl-C."""
    from mentoring_lifecycle.settings import read_settings
    from mentoring_lifecycle.telemetry import configure_logging

    settings = read_settings()
    configure_logging(settings)
    asyncio.run(_exporting(settings))


async def _exporting(settings: "Settings") -> None:
    from mentoring_lifecycle.gateways.database import open_database
    from mentoring_lifecycle.gateways.journal_sql import SqlJournal
    from mentoring_lifecycle.gateways.ledger_sql import SqlLedger
    from mentoring_lifecycle.starter.connection import connect
    from mentoring_lifecycle.starter.endpoints import serve
    from mentoring_lifecycle.starter.exporter import Figures, Sources, export
    from mentoring_lifecycle.starter.health import Health, checks_of_a_client
    from mentoring_lifecycle.starter.stopping import until_stopped

    engine, health, figures = open_database(settings.database_url), Health("exporter"), Figures()
    journal, ledger, queue = SqlJournal(engine), SqlLedger(engine), settings.task_queue

    async def programmes() -> list[str]:
        return sorted({summary.programme for summary in await journal.relationships()})

    try:
        async with serve(settings, "exporter_address", health, figures) as port:
            client = await connect(settings)
            sources = Sources(ledger.counts, ledger.troubles, programmes, queue)
            async with health.watching(checks_of_a_client(client, queue, engine)):
                await until_stopped(export(figures, client, sources, port))
    finally:
        await engine.dispose()


@app.command(rich_help_panel=_PANEL)
def inbound() -> None:
    """Take the mail that comes back from calendars and mail servers, until SIGTERM or Ctrl-C."""
    from mentoring_lifecycle.settings import read_settings
    from mentoring_lifecycle.telemetry import configure_logging

    settings = read_settings()
    if not settings.reply_address:
        raise Failed("MENTORING_REPLY_ADDRESS is empty, so no mail asks for answers to come back.", ExitCode.USAGE)
    configure_logging(settings)
    asyncio.run(_taking_mail(settings))


async def _taking_mail(settings: "Settings") -> None:
    from mentoring_lifecycle.domain.authorisation import Channel
    from mentoring_lifecycle.gateways.database import open_database
    from mentoring_lifecycle.gateways.people_sql import SqlPeople
    from mentoring_lifecycle.gateways.reply_addresses_sql import SqlReplyAddresses
    from mentoring_lifecycle.starter.client import MentoringClient
    from mentoring_lifecycle.starter.connection import connect
    from mentoring_lifecycle.starter.endpoints import serve
    from mentoring_lifecycle.starter.health import Health, checks_of_a_client
    from mentoring_lifecycle.starter.inbound import InboundFigures, Inbox, run_inbound
    from mentoring_lifecycle.starter.stopping import until_stopped

    template, health = settings.reply_template(), Health("inbound")
    assert template
    engine = open_database(settings.database_url)
    try:
        people, client = SqlPeople(engine), await connect(settings)
        mentoring = MentoringClient(
            client,
            people=people,
            task_queue=settings.task_queue,
            claims=settings.claims(),
            channel=Channel.MAIL,
        )
        inbox = Inbox(mentoring.relationship, people, SqlReplyAddresses(engine, template), template)
        checks = checks_of_a_client(client, settings.task_queue, engine)
        async with (
            serve(settings, "inbound_metrics_address", health, InboundFigures(inbox)),
            health.watching(checks),
        ):
            await until_stopped(run_inbound(inbox, settings.inbound_address, settings.inbound_protocol))
    except OSError as error:
        message = f"MENTORING_INBOUND_ADDRESS: no mail can be taken there: {error.strerror}."
        raise Failed(message, ExitCode.USAGE) from None
    finally:
        await engine.dispose()


_TOLD_EVERY = 100
"""Relationships from one word about progress to the next."""


@app.command(rich_help_panel=_PANEL)
def reconcile(
    once: Annotated[
        bool, typer.Option("--once", help="Look once and end; exit code 1 where something kept silent.")
    ] = False,
    every: Annotated[
        int | None,
        typer.Option(metavar="MINUTES", min=1, help="Rest so long between two looks, whatever the settings say."),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Compare every relationship with calendars and people, again and again until SIGTERM or Ctrl-C."""
    from mentoring_lifecycle.settings import read_settings
    from mentoring_lifecycle.telemetry import configure_logging

    settings = read_settings()
    configure_logging(settings)
    rest = None if once else timedelta(minutes=every or settings.reconcile_minutes)
    looked = asyncio.run(_reconciling(settings, rest, output))
    if once and looked is None:
        raise typer.Exit(_INTERRUPTED)
    if looked and not looked.saw_everything and once:
        raise typer.Exit(ExitCode.FAILED)


_INTERRUPTED = 130
"""As a shell says it of whatever Ctrl-C has stopped."""


async def _reconciling(settings: "Settings", every: timedelta | None, output: Output) -> "Pass | None":
    """The last look, if there was time for one; only one where nothing says when the next is due."""
    from mentoring_lifecycle.starter.endpoints import serve
    from mentoring_lifecycle.starter.health import Health
    from mentoring_lifecycle.starter.reconcile import ReconcileFigures, reconcile_forever
    from mentoring_lifecycle.starter.stopping import until_stopped

    last: Pass | None = None

    async def look() -> None:
        nonlocal last
        tell("Looking at every relationship ...")
        last = await reconciler.look_over(tell_progress)
        tell(f"Relationships looked at: {last.relationships}. Findings: {len(last.rows)}.")
        show(last.rows, output)

    async with opened_reconciler(settings) as reconciler:
        if every is None:
            await until_stopped(look())
            return last
        health, figures = Health("reconcile"), ReconcileFigures(every)
        async with serve(settings, "reconcile_metrics_address", health, figures), _watched(settings, health):
            await until_stopped(reconcile_forever(figures.counting(look, lambda: last), every))
    return last


@asynccontextmanager
async def _watched(settings: "Settings", health: "Health") -> "AsyncIterator[None]":
    """What this process needs, over connections of its own: a look at everything must not keep a look at health."""
    from mentoring_lifecycle.gateways.database import open_database
    from mentoring_lifecycle.starter.connection import calendar_from, connect
    from mentoring_lifecycle.starter.health import checks_of_a_client, checks_of_peers

    calendar, engine = calendar_from(settings), open_database(settings.database_url)
    try:
        checks = checks_of_a_client(await connect(settings), settings.task_queue, engine)
        async with health.watching([*checks, *checks_of_peers(None, calendar)]):
            yield
    finally:
        if calendar:
            await calendar.aclose()
        await engine.dispose()


def tell_progress(looked_at: int) -> None:
    """Now and then, how many relationships have been looked at."""
    if looked_at % _TOLD_EVERY == 0:
        tell(f"{looked_at} looked at so far ...")


@asynccontextmanager
async def opened_reconciler(settings: "Settings") -> "AsyncIterator[Reconciler]":
    """A reconciler over everything that the settings name."""
    from mentoring_lifecycle.activities.calendar import CalendarActivities
    from mentoring_lifecycle.domain.authorisation import Channel
    from mentoring_lifecycle.gateways.database import open_database
    from mentoring_lifecycle.gateways.ledger_sql import SqlLedger
    from mentoring_lifecycle.gateways.people_sql import SqlPeople
    from mentoring_lifecycle.starter.connection import calendar_from, opened_client, writer_from
    from mentoring_lifecycle.starter.reconcile import Reconciler, ThroughClient

    calendar, engine = calendar_from(settings), open_database(settings.database_url)
    people, ledger = SqlPeople(engine), SqlLedger(engine)
    changes = CalendarActivities(people, ledger, writer_from(settings), calendar)
    try:
        async with opened_client(settings, Channel.LOOKOUT) as client:
            relationships = ThroughClient(client)
            yield Reconciler(relationships, people=people, ledger=ledger, calendar=calendar, changes=changes)
    finally:
        if calendar:
            await calendar.aclose()
        await engine.dispose()


@app.command(rich_help_panel=_PANEL)
def demo(
    exit_when_done: Annotated[bool, typer.Option("--exit", help="End when the lives are over.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Keep servers' data here; by default nowhere.")] = None,
) -> None:
    """Watch whole relationships on this computer, with a real server, real mail and a real calendar."""
    from mentoring_lifecycle.starter.demo import play

    raise typer.Exit(asyncio.run(play(exit_when_done=exit_when_done, keep=data_dir)))


# --- looking ----------------------------------------------------------------------------------------------------


@app.command(rich_help_panel=_PANEL)
def effects(
    relationship: Annotated[str | None, typer.Option(metavar="RELATIONSHIP", help="Only of this one.")] = None,
    state: Annotated[LedgerState | None, typer.Option(help="Only in this state.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show the effect ledger: what was done to the world, and what became of it."""
    from mentoring_lifecycle.gateways.ledger_sql import SqlLedger

    rows: list[LedgerRow] = list(with_database(lambda engine: SqlLedger(engine).rows(relationship, state)))
    show(rows, output)


@app.command(rich_help_panel=_PANEL)
def version(output: OutputOption = Output.TABLE) -> None:
    """Show the version."""
    from importlib.metadata import version as version_of

    number = version_of("mentoring-lifecycle")
    show({"version": number, "temporal_sdk": version_of("temporalio")}, output, table=f"mentoring-lifecycle {number}")
