"""Opening a relationship and looking at it."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mentoring_lifecycle.domain.events import Phase
from mentoring_lifecycle.domain.outlook import Health
from mentoring_lifecycle.starter.access import with_client, with_database
from mentoring_lifecycle.starter.acts import RelationshipArgument
from mentoring_lifecycle.starter.display import Output, OutputOption, show
from mentoring_lifecycle.starter.exit_codes import Failed

if TYPE_CHECKING:
    from mentoring_lifecycle.starter.client import MentoringClient, RelationshipRow
    from mentoring_lifecycle.starter.relationship_handle import RelationshipHandle

app = typer.Typer()

_PANEL = "Relationships"
Reader = Annotated[str, typer.Option("--by", metavar="PERSON", help="Id of who looks at it.")]


# --- opening ----------------------------------------------------------------------------------------------------


def _person(who: str) -> Any:
    return typer.Option(metavar="PERSON", help=f"Person id of the {who}.")


@app.command("open", rich_help_panel=_PANEL)
def open_(
    mentor: Annotated[str, _person("mentor")],
    mentee: Annotated[str, _person("mentee")],
    coordinator: Annotated[str, _person("coordinator")],
    programme: Annotated[str, typer.Option(metavar="CODE", help="The programme's code, seen by operators.")],
    backup: Annotated[str, _person("coordinator's stand-in")] = "",
    zone: Annotated[str, typer.Option(help="The pair's time zone, by default the mentee's.")] = "",
    policy: Annotated[Path | None, typer.Option(metavar="FILE", help="The programme's numbers; see `policy`.")] = None,
    relationship: Annotated[str, typer.Option("--id", help="By default a new one; repeated, it opens nothing.")] = "",
    search_attributes: Annotated[
        bool, typer.Option(help="Leave them out where the cluster cannot register them.")
    ] = True,
    output: OutputOption = Output.TABLE,
) -> None:
    """Open a relationship; both are invited at once."""
    from mentoring_lifecycle.gateways.programme_toml import read_programme

    numbers = read_programme(policy) if policy else None

    async def opened(client: "MentoringClient") -> str:
        handle = await client.open(
            mentor=mentor,
            mentee=mentee,
            coordinator=coordinator,
            programme=programme,
            backup=backup,
            zone=zone,
            policy=numbers,
            relationship=relationship,
            shows_search_attributes=search_attributes,
        )
        return handle.id

    show({"relationship": with_client(opened)}, output)


# --- looking ----------------------------------------------------------------------------------------------------


@app.command(rich_help_panel=_PANEL)
def status(relationship: RelationshipArgument, by: Reader = "", output: OutputOption = Output.TABLE) -> None:
    """Show where a relationship stands, as operators see it, or as somebody of it may."""
    show(_asked(relationship, lambda handle: handle.status(by=by)), output)


@app.command("list", rich_help_panel=_PANEL)
def list_(
    query: Annotated[str, typer.Option(help="Visibility query, such as \"MentoringProgramme = 'reverse-2027'\".")] = "",
    phase: Annotated[Phase | None, typer.Option(help="Only this phase.")] = None,
    health: Annotated[Health | None, typer.Option(help="Only this health.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 1000,
    output: OutputOption = Output.TABLE,
) -> None:
    """List relationships, the newest first."""
    from mentoring_lifecycle.contracts import names

    asked = [f"({query})"] if query else []
    asked += [f"{names.PHASE.name} = '{phase}'"] if phase else []
    asked += [f"{names.HEALTH.name} = '{health}'"] if health else []

    async def found(client: "MentoringClient") -> "list[RelationshipRow]":
        return [row async for row in client.list(" AND ".join(asked), limit=limit)]

    show(with_client(found), output)


@dataclass(frozen=True, slots=True)
class Milestone:
    """One line of a relationship's own timeline."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A time that would suit both."""

    starts_at: datetime


@app.command(rich_help_panel=_PANEL)
def timeline(
    relationship: RelationshipArgument,
    journal: Annotated[bool, typer.Option("--journal", help="Every event, from the SQL journal.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what happened, oldest first: milestones, or every event."""
    show(_journaled(relationship) if journal else _milestones(relationship), output)


@app.command(rich_help_panel=_PANEL)
def agreement(relationship: RelationshipArgument, output: OutputOption = Output.TABLE) -> None:
    """Show ground rules and goals, agreed or proposed."""
    show(_asked(relationship, lambda handle: handle.agreement()), output)


@app.command(rich_help_panel=_PANEL)
def changes(relationship: RelationshipArgument, output: OutputOption = Output.TABLE) -> None:
    """Show how often each side has changed sessions: for the programme team alone."""
    show(_asked(relationship, lambda handle: handle.changes()), output)


@app.command(rich_help_panel=_PANEL)
def help_requests(relationship: RelationshipArgument, by: Reader = "", output: OutputOption = Output.TABLE) -> None:
    """Show open calls for help, with the words of those who asked: for the programme team alone.

    Without --by, those are left out that must not reach all of the team.
    """
    show(_asked(relationship, lambda handle: handle.help_requests(by=by)), output)


@app.command(rich_help_panel=_PANEL)
def disputes(relationship: RelationshipArgument, output: OutputOption = Output.TABLE) -> None:
    """Show sessions about which the two differ, with what each has said: for the programme team alone."""
    show(_asked(relationship, lambda handle: handle.disputes()), output)


@app.command(rich_help_panel=_PANEL)
def slots(
    relationship: RelationshipArgument,
    session: Annotated[int, typer.Option(help="The session's number; 0 is the next one.")] = 0,
    count: Annotated[int, typer.Option(min=1, max=20, help="At most so many.")] = 3,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show times that would suit both for a session, from working hours and calendars; nothing is booked."""
    found = with_client(lambda client: client.proposed_slots(relationship, session=session, count=count))
    show([Proposal(at) for at in found], output)


def _asked(relationship: str, question: "Callable[[RelationshipHandle], Awaitable[Any]]") -> Any:
    return with_client(lambda client: question(client.relationship(relationship)))


def _milestones(relationship: str) -> list[Milestone]:
    lines = [line.partition(" ") for line in _asked(relationship, lambda handle: handle.timeline())]
    return [Milestone(datetime.fromisoformat(at), what) for at, _, what in lines]


def _journaled(relationship: str) -> list[dict[str, Any]]:
    from mentoring_lifecycle.gateways.journal_sql import SqlJournal

    entries = with_database(lambda engine: SqlJournal(engine).read(relationship))
    if not entries:
        raise Failed(f"The journal holds nothing about {relationship}.")
    return [{**asdict(entry), "body": json.loads(entry.body)} for entry in entries]
