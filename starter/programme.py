"""A programme's numbers at the command line."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from mentoring_lifecycle.starter.display import Output, OutputOption, show, tell
from mentoring_lifecycle.starter.exit_codes import ExitCode

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
