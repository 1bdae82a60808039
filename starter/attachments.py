"""How attachments come in at the command line: as a file of references, since nothing is ever fetched or uploaded."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mentoring_lifecycle.domain.cases.attachments import Attachment

AttachmentsFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="A JSON list of references: reference, media_type, size_bytes and sha256 of each. Nothing is fetched.",
    ),
]


def attachments_given(file: Path | None) -> "tuple[Attachment, ...]":
    """What the file lists; what may stand in it is judged with the report or message."""
    from pydantic import TypeAdapter, ValidationError

    from mentoring_lifecycle.domain.cases.attachments import Attachment

    if file is None:
        return ()
    try:
        return TypeAdapter(tuple[Attachment, ...]).validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise typer.BadParameter(f"{where or 'the file'}: {first['msg']}", param_hint="--attachments") from None
