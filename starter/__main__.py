"""The `mentoring` command line.

Exit codes: 0 done, 1 failed or not found, 2 usage or settings, 3 refused by the domain, 4 outcome unknown, 130 Ctrl-C.
What a command loads it loads when it runs, so that help is there at once.
"""

import os
import sys
from contextlib import suppress
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mentoring_lifecycle.starter import (
    acts,
    certificates,
    confidential,
    directory,
    installation,
    ops,
    pairings,
    probe,
    programme,
    relationships,
    reporters,
    reports,
)
from mentoring_lifecycle.starter.display import tell
from mentoring_lifecycle.starter.exit_codes import ending_of

_LOCALE_VARIABLES = ["LC_ALL", "LC_MESSAGES", "LANG"]


class _TellingGroup(TyperGroup):
    """Commands whose errors end in a sentence and an exit code, never in a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError):
            raise
        except Exception as error:
            if ctx.params["debug"]:
                raise
            sentence, code = ending_of(error, ctx.params["locale"])
            tell(sentence)
            raise typer.Exit(code) from None


app = typer.Typer(cls=_TellingGroup, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def _mentoring(
    locale: Annotated[
        str, typer.Option(envvar=_LOCALE_VARIABLES, show_envvar=False, help="Language of refusals: en or it.")
    ] = "en",
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
) -> None:
    """Mentoring relationships as durable workflows: open them, act in them, look at them."""


for part in (
    relationships,
    acts,
    reporters,
    confidential,
    pairings,
    directory,
    programme,
    reports,
    certificates,
    installation,
    probe,
):
    app.add_typer(part.app)
app.add_typer(ops.app, name="ops", help="Acts of operators.", rich_help_panel="Installation")


def main() -> None:
    """The entry point `mentoring`; ends the process with one of the exit codes."""
    try:
        app(prog_name="mentoring")
    except SystemExit as ended:
        if isinstance(ended.code, str):
            tell(ended.code)
        _leave(ended.code if isinstance(ended.code, int) else int(ended.code is not None))


def _leave(code: int) -> None:
    """End at once: the SDK's core may abort a process that takes its interpreter down (sdk-python 300)."""
    with suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
