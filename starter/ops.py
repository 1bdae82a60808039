"""Acts of operators at the command line: why nothing happens, and what can be done about it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from mentoring_lifecycle.starter.access import with_database
from mentoring_lifecycle.starter.acts import RelationshipArgument
from mentoring_lifecycle.starter.display import Output, OutputOption, show, tell
from mentoring_lifecycle.starter.exit_codes import ExitCode, Failed
from mentoring_lifecycle.starter.why_codes import Why

if TYPE_CHECKING:
    from mentoring_lifecycle.gateways.operator_acts_sql import OperatorAct
    from mentoring_lifecycle.starter.audit import Audit
    from mentoring_lifecycle.starter.backup import Backup
    from mentoring_lifecycle.starter.bulk import BulkHolds, BulkRow
    from mentoring_lifecycle.starter.examination import Examiner, Explanation
    from mentoring_lifecycle.starter.moving import Moved, Mover
    from mentoring_lifecycle.starter.reconcile import Pass
    from mentoring_lifecycle.starter.unknown_effects import Settled, UnknownEffects

app = typer.Typer(no_args_is_help=True)
effects = typer.Typer(no_args_is_help=True)
app.add_typer(effects, name="effects", help="Settle an effect of which nobody can tell.")

By = Annotated[str, typer.Option("--by", metavar="PERSON", help="Id of the operator who does this.")]
WhyOption = Annotated[Why, typer.Option("--why", help="Why, for the audit.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="The effect's key, as in `mentoring effects`.")]

_Answer = TypeVar("_Answer")


# --- looking ----------------------------------------------------------------------------------------------------


@app.command()
def explain(relationship: RelationshipArgument, output: OutputOption = Output.TABLE) -> None:
    """Say why nothing is happening in a relationship, the worst cause first, and what to type next."""
    told = _examined(lambda examiner: examiner.explain(relationship))
    show(told, output, table=_in_words(told))


@app.command()
def stuck(
    limit: Annotated[int, typer.Option(min=1, help="Look at so many at most; each costs a query.")] = 200,
    output: OutputOption = Output.TABLE,
) -> None:
    """List what does not move, the worst first."""
    show(_examined(lambda examiner: examiner.stuck(limit=limit)), output)


@app.command()
def verify_calendars(output: OutputOption = Output.TABLE) -> None:
    """Compare calendars with schedules, and change nothing; exit code 1 where they differ or one kept silent."""
    from mentoring_lifecycle.settings import read_settings
    from mentoring_lifecycle.starter.installation import opened_reconciler, tell_progress

    settings = read_settings()
    if not settings.caldav_url:
        raise Failed("MENTORING_CALDAV_URL is empty, so there are no calendars to compare with.", ExitCode.USAGE)

    async def verified() -> "Pass":
        async with opened_reconciler(settings) as reconciler:
            return await reconciler.verify_calendars(tell_progress)

    looked = asyncio.run(verified())
    tell(f"Relationships compared: {looked.relationships}. Differences: {len(looked.rows)}.")
    show(looked.rows, output)
    if looked.rows:
        raise typer.Exit(ExitCode.FAILED)


def _in_words(told: "Explanation") -> str:
    due = f", next due {told.next_due_at:%Y-%m-%d %H:%M} UTC" if told.next_due_at else ""
    lines = [f"{told.relationship}: {told.phase}, {told.standing}, {told.health}, awaiting {told.awaiting}{due}"]
    for cause in told.causes:
        lines += [f"- {cause.sentence} [{cause.code}]", f"  {cause.evidence}", f"  $ {cause.command}"]
    return "\n".join(lines)


def _examined(look: "Callable[[Examiner], Awaitable[_Answer]]") -> _Answer:
    async def looked() -> _Answer:
        async with _opened_examiner() as examiner:
            return await look(examiner)

    return asyncio.run(looked())


@asynccontextmanager
async def _opened_examiner() -> "AsyncIterator[Examiner]":
    from mentoring_lifecycle.gateways.database import open_database
    from mentoring_lifecycle.gateways.journal_sql import SqlJournal
    from mentoring_lifecycle.gateways.ledger_sql import SqlLedger
    from mentoring_lifecycle.gateways.people_sql import SqlPeople
    from mentoring_lifecycle.settings import read_settings
    from mentoring_lifecycle.starter.connection import connect
    from mentoring_lifecycle.starter.examination import Examiner

    settings = read_settings()
    engine = open_database(settings.database_url)
    try:
        yield Examiner(
            await connect(settings),
            ledger=SqlLedger(engine),
            people=SqlPeople(engine),
            journal=SqlJournal(engine),
            task_queue=settings.task_queue,
        )
    finally:
        await engine.dispose()


# --- effects ----------------------------------------------------------------------------------------------------


@effects.command()
def retry(key: Key, by: By, why: WhyOption, output: OutputOption = Output.TABLE) -> None:
    """Do it again now, under the same Message-ID; needs the mail server of the worker's settings."""
    show(_settled(lambda unknown: unknown.retry(key, by=by, why=why)), output)


@effects.command()
def give_up(key: Key, by: By, why: WhyOption, output: OutputOption = Output.TABLE) -> None:
    """Let nobody try it again."""
    show(_settled(lambda unknown: unknown.give_up(key, by=by, why=why)), output)


@effects.command()
def mark_delivered(key: Key, by: By, why: WhyOption, output: OutputOption = Output.TABLE) -> None:
    """Say that it has arrived, because somebody has seen it there."""
    show(_settled(lambda unknown: unknown.mark_delivered(key, by=by, why=why)), output)


def _settled(act: "Callable[[UnknownEffects], Awaitable[Settled]]") -> "Settled":
    async def settled() -> "Settled":
        async with _opened_effects() as unknown:
            return await act(unknown)

    return asyncio.run(settled())


@asynccontextmanager
async def _opened_effects() -> "AsyncIterator[UnknownEffects]":
    from mentoring_lifecycle.activities.calendar import CalendarActivities
    from mentoring_lifecycle.activities.letters import LetterActivities
    from mentoring_lifecycle.gateways.database import open_database
    from mentoring_lifecycle.gateways.journal_sql import SqlJournal
    from mentoring_lifecycle.gateways.ledger_sql import SqlLedger
    from mentoring_lifecycle.gateways.operator_acts_sql import SqlOperatorActs
    from mentoring_lifecycle.gateways.people_sql import SqlPeople
    from mentoring_lifecycle.gateways.reply_addresses_sql import SqlReplyAddresses
    from mentoring_lifecycle.settings import read_settings
    from mentoring_lifecycle.starter.audit import Audit
    from mentoring_lifecycle.starter.connection import calendar_from, connect, free_days_from, mail_from, writer_from
    from mentoring_lifecycle.starter.unknown_effects import UnknownEffects

    settings = read_settings()
    calendar, engine, template = (
        calendar_from(settings),
        open_database(settings.database_url),
        settings.reply_template(),
    )
    people, ledger, writer = SqlPeople(engine), SqlLedger(engine), writer_from(settings)
    replies = SqlReplyAddresses(engine, template) if template else None
    mail, days = mail_from(settings), free_days_from(settings)
    try:
        yield UnknownEffects(
            await connect(settings),
            ledger,
            Audit(SqlOperatorActs(engine)),
            LetterActivities(people, ledger, SqlJournal(engine), writer, mail, days, replies),
            CalendarActivities(people, ledger, writer, calendar),
        )
    finally:
        if calendar:
            await calendar.aclose()
        await engine.dispose()


# --- many at once -----------------------------------------------------------------------------------------------

QueryOption = Annotated[
    str, typer.Option(help="Visibility query, such as \"MentoringProgramme = 'reverse-2027'\"; empty means nobody.")
]
Rate = Annotated[float, typer.Option(min=0.1, help="So many relationships a minute, two letters each.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say which it would be.")]


@app.command()
def hold(
    query: QueryOption,
    by: By,
    why: WhyOption,
    batch: Annotated[
        str, typer.Option("--id", help="Of a batch to go on with; by default a new one, which is told.")
    ] = "",
    rate: Rate = 30,
    dry_run: DryRun = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Hold many relationships, slowly. Ctrl-C stops it; the same command with its --id goes on where it stopped."""
    from mentoring_lifecycle.starter.bulk import Batch, new_batch_id

    wanted = Batch(_given(query), by, why, batch or new_batch_id(), rate, dry_run)
    if not dry_run:
        tell(f"Batch {wanted.id}: keep it, to go on with --id and to lift these holds again.")
    _show_bulk(lambda holds: holds.hold(wanted), output)


@app.command()
def lift(
    query: QueryOption,
    by: By,
    why: WhyOption,
    batch: Annotated[str, typer.Option("--id", help="Of the batch that placed the holds; no other hold is lifted.")],
    rate: Rate = 30,
    dry_run: DryRun = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Lift the holds of a batch, slowly, and no others. May be stopped and begun again."""
    from mentoring_lifecycle.starter.bulk import Batch

    wanted = Batch(_given(query), by, why, batch, rate, dry_run)
    _show_bulk(lambda holds: holds.lift(wanted), output)


def _given(query: str) -> str:
    if not query.strip():
        message = "Say which relationships; an empty query would mean all of them."
        raise typer.BadParameter(message, param_hint="--query")
    return query


def _show_bulk(act: "Callable[[BulkHolds], AsyncIterator[BulkRow]]", output: Output) -> None:
    rows: list[BulkRow] = []

    async def acted() -> None:
        async with _opened_bulk() as holds:
            async for row in act(holds):
                rows.append(row)
                tell(f"{row.relationship}: {row.result}")

    try:
        asyncio.run(acted())
    finally:
        show(rows, output)
    if any(row.result == "unknown" for row in rows):
        raise typer.Exit(ExitCode.UNKNOWN)


@asynccontextmanager
async def _opened_bulk() -> "AsyncIterator[BulkHolds]":
    from mentoring_lifecycle.domain.authorisation import Channel
    from mentoring_lifecycle.gateways.database import open_database
    from mentoring_lifecycle.gateways.operator_acts_sql import SqlOperatorActs
    from mentoring_lifecycle.settings import read_settings
    from mentoring_lifecycle.starter.audit import Audit
    from mentoring_lifecycle.starter.bulk import BulkHolds
    from mentoring_lifecycle.starter.connection import connect, opened_client

    settings = read_settings()
    engine = open_database(settings.database_url)
    try:
        async with opened_client(settings, Channel.COMMAND_LINE) as mentoring:
            yield BulkHolds(await connect(settings), mentoring, Audit(SqlOperatorActs(engine)))
    finally:
        await engine.dispose()


# --- backup ----------------------------------------------------------------------------------------------------

DataDir = Annotated[Path, typer.Option(metavar="FOLDER", help="As given to `mentoring demo --data-dir`.")]


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to; it must not be there yet.")],
    data_dir: DataDir,
    by: By,
    why: WhyOption = Why.MAINTENANCE,
    output: OutputOption = Output.TABLE,
) -> None:
    """Back up the data directory of an embedded server while everything runs."""
    from mentoring_lifecycle.starter.backup import OURS, back_up

    if not (data_dir / OURS).is_file():
        raise Failed(f"{data_dir} is no data directory of an embedded server: {OURS} is missing.")

    async def backed_up() -> "Backup":
        async with _opened_audit(data_dir / OURS) as book, book.of("backup", folder.name, by=by, why=why) as act:
            made = await back_up(data_dir, folder, tell)
            act.result = "done"
            return made

    _show_backup(asyncio.run(backed_up()), output)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A backup.")],
    data_dir: DataDir,
    by: By,
    why: WhyOption = Why.OUTAGE,
    output: OutputOption = Output.TABLE,
) -> None:
    """Put a backup into an empty data directory. End whoever goes on from the original first: two would write twice."""
    from mentoring_lifecycle.gateways.database import migrate
    from mentoring_lifecycle.starter.backup import OURS
    from mentoring_lifecycle.starter.backup import restore as restored_from

    async def restored() -> "Backup":
        made = restored_from(folder, data_dir)
        await migrate(f"sqlite:///{data_dir / OURS}")
        async with _opened_audit(data_dir / OURS) as book, book.of("restore", folder.name, by=by, why=why) as act:
            act.result = "done"
        return made

    _show_backup(asyncio.run(restored()), output)


def _show_backup(made: "Backup", output: Output) -> None:
    """Programs read a checksum for each file, people how many files there are."""
    show(made, output, table={**asdict(made), "files": len(made.files)})


@asynccontextmanager
async def _opened_audit(database: Path) -> "AsyncIterator[Audit]":
    from mentoring_lifecycle.gateways.database import open_database
    from mentoring_lifecycle.gateways.operator_acts_sql import SqlOperatorActs
    from mentoring_lifecycle.starter.audit import Audit

    engine = open_database(f"sqlite:///{database}")
    try:
        yield Audit(SqlOperatorActs(engine))
    finally:
        await engine.dispose()


# --- moving -----------------------------------------------------------------------------------------------------


@app.command("export")
def export_(
    relationship: RelationshipArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; a new file, for its owner alone.")],
    by: By,
    why: WhyOption,
    output: OutputOption = Output.TABLE,
) -> None:
    """Let a relationship leave this installation: it ends here, and goes on where the file is imported.

    Cut off, it goes on with the same command. The file holds people's words: move it as you would move the database.
    """
    moved = _moved(lambda mover: mover.export(relationship, file, by=by, why=why))
    if not moved.encrypted:
        tell(f"{file} is in clear text, with people's words in it: there is no MENTORING_ENCRYPTION_KEYS here.")
    tell(f"It runs nowhere now. Next, over there: mentoring ops import {file.name} --by {by} --why {why}")
    show(moved, output)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="As `mentoring ops export` has written it.")],
    by: By,
    why: WhyOption,
    back: Annotated[
        bool, typer.Option("--back", help="Take it back to where it left from; it was imported nowhere else.")
    ] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Let a relationship go on here, where it was. Done twice, it is done once. Delete the file afterwards."""
    moved = _moved(lambda mover: mover.bring_in(file, by=by, why=why, back=back))
    tell("It goes on here." if moved.news else "It came by this file before; nothing was changed.")
    tell(f"Delete {file} and every copy: what is imported twice, in two places, runs twice.")
    show(moved, output)


def _moved(act: "Callable[[Mover], Awaitable[Moved]]") -> "Moved":
    async def moved() -> "Moved":
        async with _opened_mover() as mover:
            return await act(mover)

    return asyncio.run(moved())


@asynccontextmanager
async def _opened_mover() -> "AsyncIterator[Mover]":
    from mentoring_lifecycle.contracts.claims import Signer
    from mentoring_lifecycle.domain.authorisation import Channel
    from mentoring_lifecycle.gateways.belongings_sql import SqlBelongings
    from mentoring_lifecycle.gateways.database import open_database
    from mentoring_lifecycle.gateways.journal_sql import SqlJournal
    from mentoring_lifecycle.gateways.operator_acts_sql import SqlOperatorActs
    from mentoring_lifecycle.gateways.people_sql import SqlPeople
    from mentoring_lifecycle.settings import read_settings
    from mentoring_lifecycle.starter.audit import Audit
    from mentoring_lifecycle.starter.connection import connect
    from mentoring_lifecycle.starter.moving import Mover

    settings = read_settings()
    engine = open_database(settings.database_url)
    try:
        yield Mover(
            await connect(settings),
            SqlBelongings(engine),
            SqlJournal(engine),
            SqlPeople(engine),
            Audit(SqlOperatorActs(engine)),
            task_queue=settings.task_queue,
            own_mail_queue=settings.mail_queue == "own",
            codec=settings.codec(),
            signer=Signer(settings.claims(), Channel.COMMAND_LINE),
            told=tell,
        )
    finally:
        await engine.dispose()


# --- audit ------------------------------------------------------------------------------------------------------


@app.command()
def audit(
    limit: Annotated[int, typer.Option(min=1, help="So many rows, the last ones.")] = 1000,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show who did what as an operator, when and why: a row when it was begun and one for what came of it."""
    from mentoring_lifecycle.gateways.operator_acts_sql import SqlOperatorActs

    rows: list[OperatorAct] = list(with_database(lambda engine: SqlOperatorActs(engine).rows(limit)))
    show(rows, output)
