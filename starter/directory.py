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
    output: OutputOption = Output.TABLE,
) -> None:
    """Forget a person. Histories keep an id that then names nobody; nothing more can be sent to them."""
    if not with_database(lambda engine: _erased(engine, person)):
        raise Failed(f"The people directory knows nobody by the id {person}.")
    show({"person": person, "erased": True}, output)


async def _erased(engine: "AsyncEngine", person: str) -> bool:
    from mentoring_lifecycle.gateways.people_sql import SqlPeople

    return await SqlPeople(engine).erase(person)
