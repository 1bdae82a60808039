"""How a receipt code comes in at the command line: never as an argument, which lists of processes and shells show."""

import sys
from pathlib import Path
from typing import Annotated

import typer

ReceiptFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="A file with the receipt code. By default it is asked for, or read from the first line of standard input.",
    ),
]

_LONGEST_LINE = 200


def receipt_given(file: Path | None) -> str:
    """The code, checked for typos before anything travels. Raises CommandRejected."""
    from mentoring_lifecycle.contracts.receipts import read_receipt
    from mentoring_lifecycle.domain.rejections import Rejection
    from mentoring_lifecycle.starter.answers import CommandRejected

    known = read_receipt(_read(file))
    if isinstance(known, Rejection):
        raise CommandRejected(known)
    return known.code


def _read(file: Path | None) -> str:
    try:
        if file is not None:
            with file.open(encoding="utf-8") as opened:
                return opened.read(_LONGEST_LINE)
        if sys.stdin.isatty():
            return str(typer.prompt("Receipt code", hide_input=True, err=True))
        return sys.stdin.readline(_LONGEST_LINE)
    except UnicodeDecodeError:
        return ""  # told as a typo: no code is anything but letters and digits
