"""A case to be taken elsewhere: everything that is known of it, for programs or for people."""

import os
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from mentoring_lifecycle.contracts.cases import CaseView
from mentoring_lifecycle.domain.cases.audit import AuditRow, Finding
from mentoring_lifecycle.starter.display import CopyFormat, text_of


@dataclass(frozen=True, slots=True)
class CaseCopy:
    """All of a case at one moment."""

    case: CaseView
    timeline: tuple[str, ...]
    audit: tuple[AuditRow, ...]
    findings: tuple[Finding, ...]
    """What is wrong with the audit chain; empty: it is whole, as far as it is kept."""


def write_copy(copy: CaseCopy, file: Path, wanted: CopyFormat) -> None:
    """Into a new file that only its owner may read. Raises FileExistsError rather than write over one."""
    text = as_json(copy) if wanted is CopyFormat.JSON else as_markdown(copy)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as new:
        new.write(text)


def as_json(copy: CaseCopy) -> str:
    """Every field of everything, with the names of the views."""
    from pydantic_core import to_json

    return to_json(copy, indent=2).decode() + "\n"


def as_markdown(copy: CaseCopy) -> str:
    """The same for people: every field of the view, then what happened, then the chain and whether it is whole."""
    lines = [f"# Case {copy.case.case}", "", *_section(copy.case), "", "## Timeline", ""]
    lines += [f"- {line}" for line in copy.timeline]
    lines += ["", "## Audit chain", "", _verdict(copy), ""]
    lines += ["| number | at | actor | action | codes | hash |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row.sequence} | {text_of(row.at)} | {row.actor} | {row.action} | {row.codes} | `{row.hash}` |"
        for row in copy.audit
    ]
    return "\n".join([*lines, ""])


def _verdict(copy: CaseCopy) -> str:
    if not copy.audit:
        return "No rows are at hand, so nothing was verified."
    wrong = "; ".join(f"row {each.sequence} is {each.problem.value}" for each in copy.findings)
    return f"**Not whole**: {wrong}." if wrong else f"Whole: {len(copy.audit)} rows, each linked to the one before."


def _section(thing: Any, depth: int = 2) -> list[str]:
    """A line per field; what people wrote stands as a quotation, and what has fields of its own follows below."""
    lines: list[str] = []
    below: list[str] = []
    for field in fields(thing):
        name, value = field.name.replace("_", " "), getattr(thing, field.name)
        parts = value if isinstance(value, tuple) else (value,)
        if any(is_dataclass(part) for part in parts):
            for part in parts:
                below += ["", f"{'#' * depth} {name.capitalize()}", "", *_section(part, depth + 1)]
        elif isinstance(value, str) and not isinstance(value, Enum) and (" " in value or "\n" in value):
            lines += [f"- {name}:", "", *(f"  > {line}" for line in value.splitlines()), ""]
        else:
            lines.append(f"- {name}: {text_of(value)}")
    return lines + below
