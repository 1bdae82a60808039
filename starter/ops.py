"""Acts of operators at the command line: why nothing happens, and what can be done about it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from mentoring_lifecycle.starter.acts import RelationshipArgument
from mentoring_lifecycle.starter.display import Output, OutputOption, show

if TYPE_CHECKING:
    from mentoring_lifecycle.starter.examination import Examiner, Explanation

app = typer.Typer(no_args_is_help=True)

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
