"""A programme at the command line: its numbers, and its end."""

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mentoring_lifecycle.starter.access import with_client
from mentoring_lifecycle.starter.display import Output, OutputOption, show, tell
from mentoring_lifecycle.starter.exit_codes import ExitCode

if TYPE_CHECKING:
    from mentoring_lifecycle.starter.client import MentoringClient, ProgrammeEnd

app = typer.Typer()
policy = typer.Typer(no_args_is_help=True)
app.add_typer(policy, name="policy", help="The numbers of a programme.", rich_help_panel="Programme")


@policy.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A programme as TOML; see `mentoring policy show`.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Check a programme: what is wrong is named with its line."""
    from mentoring_lifecycle.gateways.programme_toml import UnusableProgramme, read_programme

    try:
        read_programme(file)
    except UnusableProgramme as error:
        show({"file": file.name, "problems": error.problems}, output, table=error.problems)
        tell(f"{file.name} has {len(error.problems)} problem(s).")
        raise typer.Exit(ExitCode.FAILED) from None
    show({"file": file.name, "problems": ()}, output, table=f"{file.name} can be lived by.")


@policy.command("show")
def show_(output: OutputOption = Output.TABLE) -> None:
    """Show every number with its default and where it comes from, as a file to begin with."""
    from mentoring_lifecycle.domain.policy import ProgrammePolicy

    explained = files("mentoring_lifecycle.examples").joinpath("programme.toml").read_text(encoding="utf-8")
    show(ProgrammePolicy(), output, table=explained.rstrip("\n"))


@app.command(rich_help_panel="Programme")
def end_programme(
    query: Annotated[
        str, typer.Option(help="Visibility query, such as \"MentoringProgramme = 'reverse-2027'\"; empty means nobody.")
    ],
    notice_days: Annotated[int, typer.Option(min=1, help="The last day of each is so many days ahead at most.")] = 30,
    rate: Annotated[float, typer.Option(min=0.1, help="So many relationships a minute, two letters each.")] = 30,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which would end.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """End a whole programme, slowly. Ctrl-C stops it; the same command again goes on where it stopped."""
    if not query.strip():
        raise typer.BadParameter(
            "Say which relationships; an empty query would mean all of them.", param_hint="--query"
        )
    ended: list[ProgrammeEnd] = []

    async def end_all(client: "MentoringClient") -> None:
        async for each in client.end_programme(query, notice_days=notice_days, per_minute=rate, dry_run=dry_run):
            ended.append(each)
            tell(f"{each.relationship}: {each.result}")

    try:
        with_client(end_all)
    finally:
        show(ended, output)
    if any(each.result == "unknown" for each in ended):
        raise typer.Exit(ExitCode.UNKNOWN)
