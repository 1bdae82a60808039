"""The people directory at the command line."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mentoring_lifecycle.starter.access import with_database
from mentoring_lifecycle.starter.display import Output, OutputOption, show, tell
from mentoring_lifecycle.starter.exit_codes import ExitCode, Failed

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from mentoring_lifecycle.activities.ports import Pairing
    from mentoring_lifecycle.contracts.export import PersonExport
    from mentoring_lifecycle.contracts.people import Person
    from mentoring_lifecycle.gateways.roster_csv import Problem

app = typer.Typer()
people = typer.Typer(no_args_is_help=True)
app.add_typer(people, name="people", help="The people directory.", rich_help_panel="Programme")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do; with problems it does nothing."""

    file: str
    dry_run: bool
    added: int
    changed: int
    unchanged: int
    problems: "tuple[Problem, ...]"


@people.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a header; see examples/people.csv.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count; change nothing.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Add or replace people from a CSV file: all of them, or nobody while any row has a problem."""
    done = with_database(lambda engine: _imported(engine, file, dry_run))
    show(done, output, table=done.problems or _counted(done))
    if done.problems:
        tell(f"Nobody was imported: {file.name} has {len(done.problems)} problem(s).")
        raise typer.Exit(ExitCode.FAILED)


async def _imported(engine: "AsyncEngine", file: Path, dry_run: bool) -> Imported:
    from mentoring_lifecycle.gateways.people_sql import SqlPeople
    from mentoring_lifecycle.gateways.roster_csv import read_roster

    directory = SqlPeople(engine)
    known = await directory.all()
    roster = read_roster(file, known)
    if roster.problems:
        return Imported(file.name, dry_run, 0, 0, 0, roster.problems)
    if not dry_run:
        await directory.save(roster.persons)
    before = {person.id: person for person in known}
    news = Counter(_news(person, before.get(person.id)) for person in roster.persons)
    return Imported(file.name, dry_run, news["added"], news["changed"], news["unchanged"], ())


def _news(person: "Person", before: "Person | None") -> str:
    if before is None:
        return "added"
    return "unchanged" if replace(person, address=before.address) == before else "changed"


def _counted(done: Imported) -> str:
    would_be = "would be " if done.dry_run else ""
    return f"{done.added} people {would_be}added, {done.changed} changed, {done.unchanged} as they were."


@people.command("list")
def list_(output: OutputOption = Output.TABLE) -> None:
    """Show everybody the directory knows."""
    show(with_database(_everybody), output)


async def _everybody(engine: "AsyncEngine") -> "Sequence[Person]":
    from mentoring_lifecycle.gateways.people_sql import SqlPeople

    return await SqlPeople(engine).all()


@people.command()
def erase(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The person's id.")],
    even_if_open: Annotated[
        bool, typer.Option("--even-if-open", help="Though a relationship is open, and the other is left waiting.")
    ] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Forget a person. Histories keep an id that then names nobody; nothing more can be sent to them."""
    pairings = [] if even_if_open else with_database(lambda engine: _pairings(engine, person))
    if still_open := [pairing.relationship for pairing in pairings if pairing.is_open]:
        raise Failed(
            f"{person} still has an open relationship: {', '.join(still_open)}. Nobody was erased. "
            f"End it first (mentoring exit {still_open[0]} --by {person}), or the other is left waiting."
        )
    if not with_database(lambda engine: _erased(engine, person)):
        raise Failed(f"The people directory knows nobody by the id {person}.")
    show({"person": person, "erased": True}, output)


async def _erased(engine: "AsyncEngine", person: str) -> bool:
    from mentoring_lifecycle.gateways.people_sql import SqlPeople

    return await SqlPeople(engine).erase(person)


# --- what is known of one person --------------------------------------------------------------------------------


@people.command("relationships")
def relationships_(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The person's id.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Show every relationship that a person has or had, in either role."""
    show(with_database(lambda engine: _pairings(engine, person)), output)


async def _pairings(engine: "AsyncEngine", person: str) -> "Sequence[Pairing]":
    from mentoring_lifecycle.gateways.pairings_sql import SqlPairings

    return await SqlPairings(engine).of(person)


@people.command()
def export(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The person's id.")],
    output: OutputOption = Output.JSON,
) -> None:
    """Hand out what is kept about a person: their row, their part in each relationship, what was sent to them.

    Nobody else is named in it, and nothing of any case is in it.
    """
    export = with_database(lambda engine: _exported(engine, person))
    if export.person is None and not export.relationships:
        raise Failed(f"Neither the people directory nor the journal knows anybody by the id {person}.")
    show(export, output)


async def _exported(engine: "AsyncEngine", person: str) -> "PersonExport":
    from mentoring_lifecycle.contracts.export import PersonExport, Sent, part_of
    from mentoring_lifecycle.gateways.journal_sql import SqlJournal
    from mentoring_lifecycle.gateways.ledger_sql import SqlLedger
    from mentoring_lifecycle.gateways.people_sql import SqlPeople

    journal, ledger = SqlJournal(engine), SqlLedger(engine)
    parts = []
    for relationship in await journal.naming(person):
        sent = [Sent(row.key, row.purpose, row.state, row.changed_at) for row in await ledger.rows(relationship)]
        parts.append(part_of(person, relationship, await journal.read(relationship), sent))
    return PersonExport(await SqlPeople(engine).find(person), tuple(parts))
