"""What a command shows, as a table for people or as JSON for programs.

JSON keys are the fields of the views and never change their meaning; instants are ISO 8601 with their zone.
"""

import sys
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

_AS_WIDE_AS_NEEDED = 10_000


class Output(StrEnum):
    """How a command answers."""

    TABLE = "table"
    JSON = "json"


class CopyFormat(StrEnum):
    """For whom a copy is written."""

    JSON = "json"
    MARKDOWN = "markdown"


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="A table for people, or JSON with stable keys for programs.")
]


def show(thing: object, output: Output, *, table: object = None) -> None:
    """Print dataclasses or dictionaries, one or several; `table` is what people see instead, where that differs."""
    if output is Output.JSON:
        from pydantic_core import to_json

        typer.echo(to_json(thing, indent=2))
    else:
        _print_for_people(thing if table is None else table)


def tell(message: str) -> None:
    """Say something to the person at the terminal; standard output stays free."""
    typer.echo(message, err=True)


def _print_for_people(thing: object) -> None:
    if isinstance(thing, str):
        typer.echo(thing)
    elif not thing and isinstance(thing, Sequence):
        typer.echo("None.")
    else:
        from rich.console import Console

        # Into a pipe or a file each row goes whole: a line cut at some width is no line to search in.
        width = None if sys.stdout.isatty() else _AS_WIDE_AS_NEEDED
        Console(width=width, highlight=False).print(_rows(thing) if isinstance(thing, Sequence) else _details(thing))


def _rows(things: Sequence[object]) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in _named(things[0]):
        table.add_column(_words(name), overflow="fold")
    for thing in things:
        table.add_row(*(_cell(value) for value in _named(thing).values()))
    return table


def _details(thing: object) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _named(thing).items():
        table.add_row(_words(name), _cell(value))
    return table


def shown(thing: Any) -> dict[str, Any]:
    """What a table shows of a thing, by name."""
    return _named(thing)


def span_to(at: datetime, now: datetime) -> str:
    """How long until an instant, or since: `in 3 h 20 min`, `2 days overdue`."""
    minutes = abs(int((at - now).total_seconds())) // 60
    days, hours = minutes // 1440, minutes // 60
    span = f"{days} days" if days >= 2 else f"{hours} h {minutes % 60} min"
    return f"{span} overdue" if at < now else f"in {span}"


def _named(thing: Any) -> dict[str, Any]:
    if is_dataclass(thing):
        return {each.name: getattr(thing, each.name) for each in fields(thing)}
    return dict(thing)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _cell(value: object) -> Any:
    from rich.text import Text

    return Text(text_of(value))  # as it is: what people wrote may look like markup


def text_of(value: object) -> str:
    """One value as people read it."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Enum():
            return str(value.value)
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        case tuple() | list():
            return "\n".join(_line(each) for each in value)
    return ", ".join(_pairs(value)) if is_dataclass(value) else str(value)


def _line(value: object) -> str:
    return "  ".join(text_of(each) for each in value) if isinstance(value, tuple) else text_of(value)


def _pairs(thing: object) -> list[str]:
    return [f"{_words(name)} {text_of(value)}" for name, value in _named(thing).items() if value not in (None, "", ())]
