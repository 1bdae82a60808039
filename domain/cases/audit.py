"""The audit chain: one row for everything that happened to a case, each sealed over the one before.

Holds no word of anybody and no id of whoever reported or is reported about: it may be kept longer than the case. Rows
are made of events as they are, so that a new event needs nothing here.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import Enum, StrEnum
from hashlib import sha256
from itertools import pairwise
from typing import Any

from mentoring_lifecycle.domain.cases.events import CaseEvent, CaseWithdrawn, ReporterWrote

THE_REPORTER = "@reporter"
"""Stands for whoever reported, by an act of theirs; no person's id looks like this."""

_PEOPLE = ("handler", "told")
"""Fields with the ids of those who handle a case. Any other text may be somebody's words, and is left out."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One thing that happened to a case, sealed."""

    case: str
    sequence: int
    """From 1, without gaps."""
    at: datetime
    actor: str
    """Person id, THE_REPORTER, or empty where time or the machinery did it."""
    action: str
    codes: str
    """What else is known, such as `clock=triage percent=50 told=h-1`: ids, numbers, instants and words of ours."""
    previous: str
    """Hash of the row before; of the first row, the case's own beginning."""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class AuditMark:
    """How far the chain of a case has come, as the case itself knows it."""

    case: str
    sequence: int
    hash: str
    waiting: tuple[str, ...] = ()
    """Hashes of the last rows, which are not known to be kept yet."""
    kept: str = ""
    """Hash of the row before these."""


class Problem(StrEnum):
    """What is wrong with a row."""

    ALTERED = "altered"
    """It does not say what it said when it was sealed."""
    UNLINKED = "unlinked"
    """It does not follow the row before it."""
    MISSING = "missing"
    """There is no such row."""
    FOREIGN = "foreign"
    """It is not the row that the case itself has written."""
    MISPLACED = "misplaced"
    """It stands where its number does not belong."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was done to a chain."""

    case: str
    sequence: int
    problem: Problem


def beginning(case: str) -> str:
    """What the first row of a case is linked to."""
    return sha256(f"mentoring-lifecycle case audit 1 {case}".encode()).hexdigest()


def hash_of(row: AuditRow) -> str:
    """SHA-256 over everything that a row says, the hash of the one before included."""
    at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    said = [row.case, row.sequence, at, row.actor, row.action, row.codes, row.previous]
    return sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


def sealed(row: AuditRow) -> AuditRow:
    """The row with its hash."""
    return replace(row, hash=hash_of(row))


def audit_row(before: AuditMark, event: CaseEvent, reporter: str) -> AuditRow:
    """The row for the next event of a case."""
    return sealed(
        AuditRow(
            case=before.case,
            sequence=before.sequence + 1,
            at=event.at,
            actor=_actor(event, reporter),
            action=event.kind,
            codes=" ".join(_codes(event)),
            previous=before.hash,
        )
    )


def _actor(event: CaseEvent, reporter: str) -> str:
    by = getattr(event, "by", "")
    # Only whoever reported withdraws without a name, and only they write as themselves.
    is_theirs = (isinstance(event, CaseWithdrawn) and not by) or isinstance(event, ReporterWrote)
    return THE_REPORTER if is_theirs or (by and by == reporter) else by


def _codes(thing: Any) -> Iterator[str]:
    for field in fields(thing):
        value = getattr(thing, field.name)
        if field.name in ("at", "by", "kind"):
            continue
        if is_dataclass(value):
            yield from _codes(value)
        elif code := _code(field.name, value):
            yield f"{field.name}={code}"


def _code(name: str, value: Any) -> str:
    """Empty for what says nothing, and for any text that is not known to be an id of a handler."""
    match value:
        case Enum():
            return str(value.value)
        case bool():
            return "yes" if value else ""
        case int():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case str():
            return value if name in _PEOPLE else ""
        case tuple():
            return ",".join(filter(None, (_code(name, each) for each in value)))
    return ""


# --- verification -----------------------------------------------------------------------------------------------


def findings(case: str, rows: Sequence[AuditRow], mark: AuditMark | None = None) -> tuple[Finding, ...]:
    """What is wrong with a chain as it is kept; `mark`, where there is one, is how far it must have come.

    Without a mark nobody can tell that the last rows are gone, nor that all were written anew. Rows after the mark are
    judged by themselves: the case has gone on since.
    """
    found = [*_in_themselves(case, rows)]
    if mark is not None:
        found += _against(mark, {row.sequence: row for row in rows})
    return tuple(dict.fromkeys(found))


def _in_themselves(case: str, rows: Sequence[AuditRow]) -> Iterator[Finding]:
    start = AuditRow(case, 0, datetime.min.replace(tzinfo=UTC), "", "", "", "", beginning(case))
    for before, row in pairwise((start, *rows)):
        if row.case != case or row.sequence <= before.sequence:
            yield Finding(case, row.sequence, Problem.MISPLACED)
        yield from (Finding(case, gone, Problem.MISSING) for gone in range(before.sequence + 1, row.sequence))
        if row.hash != hash_of(row):
            yield Finding(case, row.sequence, Problem.ALTERED)
        if row.sequence == before.sequence + 1 and row.previous != before.hash:
            yield Finding(case, row.sequence, Problem.UNLINKED)


def _against(mark: AuditMark, rows: dict[int, AuditRow]) -> Iterator[Finding]:
    kept = mark.sequence - len(mark.waiting)
    last = max(rows, default=0)
    yield from (Finding(mark.case, gone, Problem.MISSING) for gone in range(last + 1, kept + 1))
    for sequence, expected in _known(mark, kept):
        if sequence in rows and rows[sequence].hash != expected:
            yield Finding(mark.case, sequence, Problem.FOREIGN)


def _known(mark: AuditMark, kept: int) -> Iterable[tuple[int, str]]:
    return [(kept, mark.kept), *enumerate(mark.waiting, start=kept + 1)]
