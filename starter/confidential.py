"""The confidential channel: a severe report, and what its one reader does with it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from mentoring_lifecycle.domain.commands import Severity
from mentoring_lifecycle.starter.access import with_client
from mentoring_lifecycle.starter.acts import MatterOption, Words, words_given
from mentoring_lifecycle.starter.display import Output, OutputOption, show
from mentoring_lifecycle.starter.exit_codes import NOBODY_ANSWERED, ExitCode, Failed

if TYPE_CHECKING:
    from mentoring_lifecycle.contracts.cases import CaseView, SevereReport
    from mentoring_lifecycle.starter.client import MentoringClient

app = typer.Typer()
cases = typer.Typer(no_args_is_help=True)
app.add_typer(cases, name="case", help="For the safeguarding contact alone.", rich_help_panel="Confidential channel")

CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="The case's id.")]

_Answer = TypeVar("_Answer")


@app.command(rich_help_panel="Confidential channel")
def report_concern(
    matter: MatterOption,
    words: Words,
    by: Annotated[str, typer.Option(metavar="PERSON", help="Who reports; left out: anonymous.")] = "",
    about: Annotated[str, typer.Option(metavar="PERSON", help="Whom it is about.")] = "",
    relationship: Annotated[str, typer.Option(metavar="RELATIONSHIP", help="The relationship it concerns.")] = "",
    severity: Annotated[Severity | None, typer.Option(help="To raise it; by default the matter's own.")] = None,
    pause_now: Annotated[
        bool | None,
        typer.Option("--pause-now/--wait", help="Pause the pairing at once, which both will see, or wait."),
    ] = None,
    case: Annotated[
        str, typer.Option(metavar="ID", help="By default a new one; repeated, it is the same report.")
    ] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Report something severe to the safeguarding contact, and to nobody else."""
    from mentoring_lifecycle.contracts.cases import SevereReport

    case = case or str(uuid.uuid4())
    what = SevereReport(case, matter, words_given(words), by, about, relationship, severity, pause_now)
    with_client(lambda client: _reported(client, what))
    show({"case": case, "received": True}, output)


async def _reported(client: "MentoringClient", what: "SevereReport") -> None:
    from temporalio.service import RPCError

    try:
        await client.report(what)
    except RPCError as error:
        raise Failed(
            f"It is not known whether the report was received ({error.status.name}). "
            f"Repeat it with --case {what.case}: it will not be made twice.",
            ExitCode.UNKNOWN,
        ) from None


@cases.command()
def read(case: CaseArgument, output: OutputOption = Output.TABLE) -> None:
    """Show what was reported."""
    view: CaseView = with_client(lambda client: _answered(case, client.read_case))
    show(view, output)


@cases.command()
def acknowledge(case: CaseArgument, output: OutputOption = Output.TABLE) -> None:
    """Take note of a case; the daily letters end."""
    with_client(lambda client: _answered(case, client.acknowledge_case))
    show({"case": case, "acknowledged": True}, output)


async def _answered(case: str, question: Callable[[str], Awaitable[_Answer]]) -> _Answer:
    from temporalio.service import RPCError, RPCStatusCode

    from mentoring_lifecycle.starter.client import ANSWER_WITHIN

    try:
        async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
            return await question(case)
    except TimeoutError:
        raise Failed(NOBODY_ANSWERED) from None
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND and "amespace" not in error.message:
            raise Failed(f"There is no open case {case}.") from None
        raise
