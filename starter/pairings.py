"""Who may be paired at the command line: the block list, and a new beginning after an end."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mentoring_lifecycle.starter.access import with_client, with_database
from mentoring_lifecycle.starter.acts import Placer, RelationshipArgument
from mentoring_lifecycle.starter.display import Output, OutputOption, show, tell

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from structlog.stdlib import BoundLogger

    from mentoring_lifecycle.activities.ports import Block
    from mentoring_lifecycle.domain.commands import Goal
    from mentoring_lifecycle.domain.policy import ProgrammePolicy
    from mentoring_lifecycle.starter.client import Continued, MentoringClient

app = typer.Typer()
blocks = typer.Typer(no_args_is_help=True)
app.add_typer(blocks, name="blocks", help="People who are never paired again, anywhere.", rich_help_panel="Programme")

One = Annotated[str, typer.Argument(metavar="PERSON", help="Id of one of the two.")]
Other = Annotated[str, typer.Argument(metavar="PERSON", help="Id of the other; the order does not matter.")]


# --- the block list ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Blocked:
    """What became of a change of the block list."""

    one: str
    other: str
    blocked: bool
    changed: bool
    """It was not so before."""
    open_relationships: tuple[str, ...] = ()
    """Of the two with each other; a block ends none of them."""


@blocks.command()
def add(one: One, other: Other, by: Placer = "", output: OutputOption = Output.TABLE) -> None:
    """Never pair these two again, in any programme. No reason is asked or kept."""
    done = with_database(lambda engine: _blocked(engine, one, other, by))
    show(done, output)
    if done.open_relationships:
        tell(f"Still open between the two: {', '.join(done.open_relationships)}. A block ends nothing by itself.")


@blocks.command()
def remove(one: One, other: Other, by: Placer = "", output: OutputOption = Output.TABLE) -> None:
    """Take back what one said oneself; they stay blocked where somebody else says so, too. The contact ends it."""
    show(with_database(lambda engine: _unblocked(engine, one, other, by)), output)


@blocks.command("list")
def list_(output: OutputOption = Output.TABLE) -> None:
    """Show the block list."""
    show(with_database(_block_list), output)


async def _blocked(engine: "AsyncEngine", one: str, other: str, by: str) -> Blocked:
    from mentoring_lifecycle.gateways.pairings_sql import SqlPairings

    _require_two(one, other)
    pairings = SqlPairings(engine)
    changed = await pairings.block(one, other, seal=_seal(one, other, by))
    log = _audit_trail()
    log.info("pair_blocked", one=one, other=other, changed=changed)
    between = [each for each in await pairings.of(one) if each.is_open and other in (each.mentor, each.mentee)]
    return Blocked(one, other, True, changed, tuple(each.relationship for each in between))


async def _unblocked(engine: "AsyncEngine", one: str, other: str, by: str) -> Blocked:
    from mentoring_lifecycle.domain.rejections import Refusal, Rejection
    from mentoring_lifecycle.gateways.pairings_sql import SqlPairings
    from mentoring_lifecycle.settings import read_settings
    from mentoring_lifecycle.starter.answers import CommandRejected

    _require_two(one, other)
    pairings = SqlPairings(engine)
    is_contact = bool(by) and by == read_settings().safeguarding_contact
    changed = await pairings.unblock(one, other, seal=_seal(one, other, by), of_all=is_contact)
    stays = await pairings.is_blocked(one, other)
    if stays and not changed:
        raise CommandRejected(Rejection(Refusal.NOT_THE_PLACER))
    log = _audit_trail()
    log.info("pair_unblocked", one=one, other=other, changed=changed)
    return Blocked(one, other, stays, changed)


def _seal(one: str, other: str, by: str) -> str:
    """Whose entry it is, told as for a hold."""
    from mentoring_lifecycle.domain.rejections import Refusal, Rejection
    from mentoring_lifecycle.settings import read_settings
    from mentoring_lifecycle.starter.answers import CommandRejected

    seals = read_settings().seals()
    if seals.are_used and not by:
        raise CommandRejected(Rejection(Refusal.SAY_WHO_HOLDS))
    return seals.of_block(one, other, by)


async def _block_list(engine: "AsyncEngine") -> "Sequence[Block]":
    from mentoring_lifecycle.gateways.pairings_sql import SqlPairings

    return await SqlPairings(engine).blocks()


def _require_two(one: str, other: str) -> None:
    """Only ids get into the audit trail. Nobody need be in the directory: a block outlives a person's row there."""
    from mentoring_lifecycle.contracts.names import is_identifier
    from mentoring_lifecycle.domain.rejections import Refusal, Rejection
    from mentoring_lifecycle.starter.answers import CommandRejected

    if not (is_identifier(one) and is_identifier(other)):
        raise CommandRejected(Rejection(Refusal.BAD_IDENTIFIER, "PERSON"))
    if one == other:
        raise CommandRejected(Rejection(Refusal.SAME_PERSON))


def _audit_trail() -> "BoundLogger":
    import structlog

    from mentoring_lifecycle.settings import read_settings
    from mentoring_lifecycle.telemetry import configure_logging

    configure_logging(read_settings())
    logger: BoundLogger = structlog.stdlib.get_logger()
    return logger


# --- a new beginning --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Begun:
    """A new relationship that follows an ended one."""

    relationship: str
    follows: str
    goals: "tuple[Goal, ...]"
    """What its owners agreed to take along. Always empty so far: nothing asks."""


NewId = Annotated[
    str, typer.Option("--id", metavar="ID", help="By default one made from the old id; repeated, it opens nothing.")
]
PolicyFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Other numbers than the old relationship had.")]


@app.command(rich_help_panel="Relationships")
def reopen(
    relationship: RelationshipArgument,
    new_id: NewId = "",
    policy: PolicyFile = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Begin anew with the same two after an end; what has ended stays as it was."""
    numbers = _numbers(policy)
    begun = with_client(lambda client: client.reopen(relationship, relationship=new_id, policy=numbers))
    show(_begun(begun, relationship), output)


@app.command(rich_help_panel="Relationships")
def rematch(
    relationship: RelationshipArgument,
    mentor: Annotated[str, typer.Option(metavar="PERSON", help="The new mentor; the mentee stays.")] = "",
    mentee: Annotated[str, typer.Option(metavar="PERSON", help="The new mentee; the mentor stays.")] = "",
    new_id: NewId = "",
    policy: PolicyFile = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Begin anew with one new person after an end; nobody is ever exchanged inside a relationship."""
    numbers = _numbers(policy)

    async def rematched(client: "MentoringClient") -> "Continued":
        return await client.rematch(relationship, mentor=mentor, mentee=mentee, relationship=new_id, policy=numbers)

    show(_begun(with_client(rematched), relationship), output)


def _numbers(policy: Path | None) -> "ProgrammePolicy | None":
    from mentoring_lifecycle.gateways.programme_toml import read_programme

    return read_programme(policy) if policy else None


def _begun(continued: "Continued", old: str) -> Begun:
    return Begun(continued.relationship.id, old, continued.goals)
