"""The programme report at the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mentoring_lifecycle.starter.access import with_database
from mentoring_lifecycle.starter.display import Output, OutputOption, show, tell
from mentoring_lifecycle.starter.exit_codes import ExitCode, Failed

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from mentoring_lifecycle.contracts.figures import ProgrammeReport
    from mentoring_lifecycle.contracts.record import Record

app = typer.Typer()

Month = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m"], metavar="YYYY-MM", help="Whole months only, so that nobody is found between two."),
]


@dataclass(frozen=True, slots=True)
class Line:
    """One figure in words."""

    figure: str
    value: str
    to_compare: str


@app.command(rich_help_panel="Outcome")
def report(
    context: typer.Context,
    programme: Annotated[str, typer.Argument(metavar="PROGRAMME", help="The programme's code.")],
    since: Month = None,
    until: Month = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with plots as well.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Report on a programme: figures from the journal alone, about nobody in particular.

    To report something severe in confidence, use `mentoring report-concern`.
    """
    from mentoring_lifecycle.contracts.figures import report_on
    from mentoring_lifecycle.settings import read_settings

    threshold = read_settings().report_threshold
    records = with_database(lambda engine: _records(engine, programme))
    if not records:
        raise Failed(f"The journal holds nothing about the programme {programme}.")
    first, end = _begin(since), _begin(until)
    figures = report_on(records, programme=programme, threshold=threshold, since=first, until=end)
    locale = str(context.find_root().params["locale"])
    if html:
        _write_page(figures, programme, locale, html)
    show(figures, output, table=_lines(figures, locale))


async def _records(engine: "AsyncEngine", programme: str) -> "list[Record]":
    from mentoring_lifecycle.contracts.record import read_record
    from mentoring_lifecycle.gateways.journal_sql import SqlJournal

    lives = SqlJournal(engine).lives(programme)
    return [record async for life in lives if (record := read_record(*life))]


def _begin(month: datetime | None) -> datetime | None:
    return month.replace(tzinfo=UTC) if month else None


def _lines(figures: "ProgrammeReport", locale: str) -> Sequence[Line]:
    from mentoring_lifecycle.letters.report_words import ReportWords

    words = ReportWords(locale)
    return [
        Line(words.label(each.key), words.value(each, figures.threshold), words.benchmark(each))
        for each in figures.figures
    ]


def _write_page(figures: "ProgrammeReport", programme: str, locale: str, file: Path) -> None:
    from mentoring_lifecycle.letters.report_page import report_page

    try:
        page = report_page(figures, programme, locale)
    except ImportError:
        message = "The page needs the extra `report`: pip install 'mentoring-lifecycle[report]'."
        raise Failed(message, ExitCode.USAGE) from None
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page, encoding="utf-8")
    tell(f"The page is in {file}.")
