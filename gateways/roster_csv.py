"""A roster of people as a programme coordinator keeps it: one CSV file, one person per row.

Nothing here raises: whatever is wrong with a file becomes a problem with its line and column, in words for the
person who will correct it. No sentence repeats what stands in a cell.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from mentoring_lifecycle.activities.clocks import is_zone_name
from mentoring_lifecycle.contracts.addresses import TextRefused, checked_address, checked_name
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.gateways.free_days import is_country, is_region
from mentoring_lifecycle.gateways.loopback import is_loopback

REQUIRED: Final = ("id", "name", "email", "locale", "zone", "level", "manager")
OPTIONAL: Final = (
    "works_from",
    "works_until",
    "active",
    "country",
    "region",
    "rest_days",
    "quiet_from",
    "quiet_until",
    "next_zone",
    "next_zone_from",
    "other_email",
    "capacity",
    "busy_url",
)

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_ROWS: Final = 100_000
MAX_CELL: Final = 1_000

_LINE_END = re.compile(r"\r\n|\r|\n")


class Code(StrEnum):
    """What can be wrong with a roster, in one word; names and addresses bring the words of TextFault."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NUL = "nul"
    EMPTY = "empty"
    SEPARATOR = "separator"
    COLUMN_MISSING = "column_missing"
    COLUMN_UNKNOWN = "column_unknown"
    """The column is ignored; a caller may go on in spite of it."""
    COLUMN_TWICE = "column_twice"
    QUOTES = "quotes"
    CELL_COUNT = "cell_count"
    CELL_TOO_LONG = "cell_too_long"
    TOO_MANY_ROWS = "too_many_rows"
    ID = "id"
    ID_TWICE = "id_twice"
    EMAIL_TWICE = "email_twice"
    EMAIL_TAKEN = "email_taken"
    LOCALE = "locale"
    ZONE = "zone"
    LEVEL = "level"
    MANAGER_UNKNOWN = "manager_unknown"
    MANAGER_CYCLE = "manager_cycle"
    TIME = "time"
    WORKING_HOURS = "working_hours"
    ACTIVE = "active"
    COUNTRY = "country"
    REGION = "region"
    REST_DAYS = "rest_days"
    DATE = "date"
    NEXT_ZONE = "next_zone"
    OTHER_EMAIL = "other_email"
    CAPACITY = "capacity"
    BUSY_URL = "busy_url"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct."""

    file: str
    """The file's name without its folder."""
    line: int
    """Physical line in the file, counted from 1; of a row with line breaks inside cells, its first."""
    field: str
    """The column, or empty when the whole row or file is meant."""
    message: str
    code: str
    """A word of Code or of TextFault."""

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}"
        return f"{where}, column {self.field}: {self.message}" if self.field else f"{where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Roster:
    """What a file says; whoever imports it imports nothing while there is a problem."""

    persons: tuple[Person, ...]
    """Those rows that are right in themselves, in the order of the file."""
    problems: tuple[Problem, ...]
    """In the order of lines."""


class _Wrong(Exception):
    """Why a cell, a row or the whole file cannot be taken."""

    def __init__(self, code: str, message: str, *, line: int = 1, field: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.line, self.field = code, message, line, field


class _Entry(NamedTuple):
    """One row: the cells that are right as values of a person, and what is wrong with the others."""

    line: int
    values: dict[str, Any]
    faults: list[_Wrong]


def read_roster(path: Path, known: Iterable[Person] = ()) -> Roster:
    """Read a roster and check it against itself and against the people the directory knows already.

    An optional column that the file has not leaves what is known of a person; an empty cell means the default.
    Never raises, whatever the file holds and even where it cannot be opened.
    """
    directory = {person.id: person for person in known}
    try:
        entries, problems = _entries(_text(path), directory)
    except _Wrong as wrong:
        entries, problems = [], [wrong]
    problems += [fault for entry in entries for fault in entry.faults]
    problems += [*_twice(entries), *_taken(entries, directory), *_misled(entries, directory)]
    return Roster(
        persons=tuple(_person(entry, directory) for entry in entries if not entry.faults),
        problems=tuple(
            Problem(path.name, wrong.line, wrong.field, wrong.message, str(wrong.code))
            for wrong in sorted(problems, key=lambda wrong: wrong.line)
        ),
    )


# --- from bytes to text -----------------------------------------------------------------------------------------


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError):  # ValueError: a path that holds a NUL
        raise _Wrong(Code.UNREADABLE, "The file cannot be opened. Does it exist, and may you read it?") from None
    if len(data) > MAX_BYTES:
        raise _Wrong(Code.TOO_LARGE, f"The file is larger than {MAX_BYTES // 1024**2} MiB; split it into several.")
    text = _decoded(data)
    if "\0" in text:
        message = "The file holds NUL characters, so it is not plain text; save it as CSV again."
        raise _Wrong(Code.NUL, message, line=_line_after(text[: text.index("\0")]))
    if not text.strip():
        raise _Wrong(Code.EMPTY, "The file is empty.")
    return text


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode()  # the decoder counts from behind a byte-order mark
        message = "The file is not encoded in UTF-8; in a spreadsheet program, save it as “CSV UTF-8”."
        raise _Wrong(Code.NOT_UTF8, message, line=_line_after(before)) from None


def _line_after(text: str) -> int:
    return len(_LINE_END.findall(text)) + 1


# --- from text to entries ---------------------------------------------------------------------------------------


def _entries(text: str, directory: Mapping[str, Person]) -> tuple[list[_Entry], list[_Wrong]]:
    """Every row of the file, and what is wrong with its header.

    Raises _Wrong where rows cannot be told apart: whatever else could be said would be guessed.
    """
    _check_separator(text)
    rows = _rows(text)
    line, header = next(rows, (1, []))
    columns = [column.lower() for column in header]
    problems = _header_problems(line, columns)
    entries: list[_Entry] = []
    for line, cells in rows:
        if len(entries) == MAX_ROWS:
            raise _Wrong(Code.TOO_MANY_ROWS, f"The file has more than {MAX_ROWS:,} rows; split it.", line=line)
        entries.append(_entry(line, columns, cells, directory))
    if not entries:
        problems.append(_Wrong(Code.EMPTY, "The file has a header but nobody below it.", line=line))
    return entries, problems


def _check_separator(text: str) -> None:
    blank = text[: len(text) - len(text.lstrip())]
    header = _LINE_END.split(text[len(blank) :], maxsplit=1)[0]
    for sign, name in ((";", "semicolons (;)"), ("\t", "tabs")):
        if sign in header and "," not in header:
            message = f"The columns are separated by {name}; save the file with commas (,) between them."
            raise _Wrong(Code.SEPARATOR, message, line=_line_after(blank))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The first physical line and the cells of every row that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip(" ") for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise _unreadable_row(error, line) from None
        if any(cells):
            yield line, cells


def _unreadable_row(error: csv.Error, line: int) -> _Wrong:
    if "field larger" in str(error):
        message = f'A cell is longer than {MAX_CELL:,} characters. Is a closing quotation mark (") missing?'
        return _Wrong(Code.CELL_TOO_LONG, message, line=line)
    message = 'A quotation mark (") in the row that begins here is never closed, or stands in the wrong place.'
    return _Wrong(Code.QUOTES, message, line=line)


def _header_problems(line: int, columns: Sequence[str]) -> list[_Wrong]:
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        message = f"The header lacks the column {missing[0]}; it must name {', '.join(REQUIRED)}."
        raise _Wrong(Code.COLUMN_MISSING, message, line=line, field=missing[0])
    twice = [name for name in (*REQUIRED, *OPTIONAL) if columns.count(name) > 1]
    if twice:
        raise _Wrong(Code.COLUMN_TWICE, "The header names this column twice.", line=line, field=twice[0])
    return [
        _Wrong(Code.COLUMN_UNKNOWN, f"Column {position} is not one this file can have; it is ignored.", line=line)
        for position, name in enumerate(columns, start=1)
        if name not in (*REQUIRED, *OPTIONAL)
    ]


def _entry(line: int, columns: Sequence[str], cells: Sequence[str], directory: Mapping[str, Person]) -> _Entry:
    entry = _Entry(line, {}, [])
    for column, cell in zip(columns, cells, strict=False):  # a row of the wrong length is told of below
        if column in REQUIRED or (column in OPTIONAL and cell):
            _take(entry, column, cell)
        elif column in OPTIONAL:
            entry.values[column] = _DEFAULTS[column]
    if len(cells) != len(columns):
        # The cells may stand under the wrong columns; the id alone is kept, so that others may name it as a manager.
        known = {"id": entry.values["id"]} if "id" in entry.values else {}
        return _Entry(line, known, [_cell_count(line, len(columns), len(cells))])
    if not entry.faults:
        entry.faults.extend(_misfits(line, _person(entry, directory)))
    return entry


def _person(entry: _Entry, directory: Mapping[str, Person]) -> Person:
    known = directory.get(entry.values["id"])
    return replace(known, **entry.values) if known else Person(**entry.values)


def _take(entry: _Entry, column: str, cell: str) -> None:
    try:
        entry.values[column] = _CELLS[column](_short(cell))
    except TextRefused as refused:
        entry.faults.append(_Wrong(refused.code, str(refused), line=entry.line, field=column))
    except _Wrong as wrong:
        entry.faults.append(_Wrong(wrong.code, wrong.message, line=entry.line, field=column))


def _cell_count(line: int, wanted: int, found: int) -> _Wrong:
    message = (
        f"The row has {found} cells where the header has {wanted}. Is a comma missing, or does a cell hold one? "
        'Put such a cell in quotation marks (").'
    )
    return _Wrong(Code.CELL_COUNT, message, line=line)


def _misfits(line: int, person: Person) -> Iterator[_Wrong]:
    """Cells that are right one by one and do not go together."""
    if person.works_from >= person.works_until:
        message = "The working day must end later than it begins (an empty cell means 09:00 or 18:00)."
        yield _Wrong(Code.WORKING_HOURS, message, line=line, field="works_until")
    if person.region and not is_region(person.country, person.region):
        message = "The country knows no region of this code with holidays of its own; write it like MI for Milan in IT."
        yield _Wrong(Code.REGION, message, line=line, field="region")
    if bool(person.next_zone) != bool(person.next_zone_from):
        message = "A move needs both the zone and the day: fill next_zone and next_zone_from, or leave both empty."
        yield _Wrong(Code.NEXT_ZONE, message, line=line, field="next_zone_from" if person.next_zone else "next_zone")
    if person.other_email and person.other_email.casefold() == person.email.casefold():
        message = "The other address is the same as the first; leave it empty where there is no other."
        yield _Wrong(Code.OTHER_EMAIL, message, line=line, field="other_email")


# --- one cell ---------------------------------------------------------------------------------------------------


def _short(cell: str) -> str:
    if len(cell) > MAX_CELL:
        raise _Wrong(Code.CELL_TOO_LONG, f"The cell is longer than {MAX_CELL:,} characters.")
    return cell


def _matching(pattern: str, code: Code, message: str) -> Callable[[str], str]:
    def matching(cell: str) -> str:
        if not re.fullmatch(pattern, cell):
            raise _Wrong(code, message)
        return cell

    return matching


_id = _matching(
    r"[A-Za-z0-9._-]{1,64}", Code.ID, "An id has 1 to 64 plain letters, digits, dots, dashes and underscores."
)
_locale = _matching(r"en|it", Code.LOCALE, "The language must be en or it.")
_level = _matching(r"0?[1-9]|1[0-9]|20", Code.LEVEL, "The level must be a whole number from 1 to 20.")
_hour = _matching(r"([01][0-9]|2[0-3]):[0-5][0-9]", Code.TIME, "The time must look like 09:00 or 17:30.")
_yes_or_no = _matching(r"(?i:yes|no)", Code.ACTIVE, "Write yes or no, or leave the cell empty for yes.")


_capacity = _matching(r"[0-9]{1,2}", Code.CAPACITY, "The capacity must be a whole number from 0 (any) to 99.")
_region = _matching(r"[A-Za-z0-9-]{1,6}", Code.REGION, "A region is a short code of letters and digits, such as MI.")


def _country(cell: str) -> str:
    if not is_country(cell):
        raise _Wrong(Code.COUNTRY, "The country must be a code of two capital letters, such as IT.")
    return cell


_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _rest_days(cell: str) -> tuple[int, ...]:
    words = [] if cell.lower() == "none" else re.split(r"[,; ]+", cell.lower())
    if not all(word in _WEEKDAYS for word in words) or set(words) == set(_WEEKDAYS):
        message = (
            'Rest days are written "sat,sun", of mon, tue, wed, thu, fri, sat, sun, with a day left to work; or none.'
        )
        raise _Wrong(Code.REST_DAYS, message)
    return tuple(sorted({_WEEKDAYS.index(word) for word in words}))


def _day(cell: str) -> date:
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell):
            return date.fromisoformat(cell)
    except ValueError:
        pass
    raise _Wrong(Code.DATE, "The day must look like 2027-09-01.")


def _busy_url(cell: str) -> str:
    message = (
        "The address must begin with https:// and hold neither a name nor a password (http on this computer only)."
    )
    try:
        parts = urlsplit(cell)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise _Wrong(Code.BUSY_URL, message) from None
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    is_plain = cell.isascii() and cell.isprintable() and " " not in cell
    if not (host and is_safe and is_plain) or "@" in parts.netloc:
        raise _Wrong(Code.BUSY_URL, message)
    return cell


def _zone(cell: str) -> str:
    if not is_zone_name(cell):
        raise _Wrong(Code.ZONE, "This is not the name of a time zone; write it like Europe/Rome.")
    return cell


_CELLS: Final[Mapping[str, Callable[[str], Any]]] = {
    "id": _id,
    "name": checked_name,
    "email": checked_address,
    "locale": _locale,
    "zone": _zone,
    "level": lambda cell: int(_level(cell)),
    "manager": lambda cell: cell and _id(cell),
    "works_from": lambda cell: time.fromisoformat(_hour(cell)),
    "works_until": lambda cell: time.fromisoformat(_hour(cell)),
    "active": lambda cell: _yes_or_no(cell).lower() == "yes",
    "country": _country,
    "region": _region,
    "rest_days": _rest_days,
    "quiet_from": lambda cell: time.fromisoformat(_hour(cell)),
    "quiet_until": lambda cell: time.fromisoformat(_hour(cell)),
    "next_zone": _zone,
    "next_zone_from": _day,
    "other_email": checked_address,
    "capacity": lambda cell: int(_capacity(cell)),
    "busy_url": _busy_url,
}
_DEFAULTS: Final[Mapping[str, Any]] = {field.name: field.default for field in fields(Person)}


# --- between rows -----------------------------------------------------------------------------------------------


def _twice(entries: Iterable[_Entry]) -> Iterator[_Wrong]:
    first: dict[tuple[str, str], int] = {}
    for entry in entries:
        for field, code in (("id", Code.ID_TWICE), ("email", Code.EMAIL_TWICE)):
            if field not in entry.values:
                continue
            line = first.setdefault((field, _sameness(entry, field)), entry.line)
            if line != entry.line:
                yield _Wrong(code, f"The same {field} stands on line {line} already.", line=entry.line, field=field)


def _sameness(entry: _Entry, field: str) -> str:
    """What makes two cells the same: in an address, capitals tell nobody apart."""
    value = str(entry.values[field])
    return value.casefold() if field == "email" else value


def _taken(entries: Sequence[_Entry], directory: Mapping[str, Person]) -> Iterator[_Wrong]:
    replaced = {entry.values.get("id") for entry in entries}
    taken = {person.email.casefold() for person in directory.values() if person.id not in replaced}
    for entry in entries:
        if "email" in entry.values and _sameness(entry, "email") in taken:
            message = "The directory has this address under another id already."
            yield _Wrong(Code.EMAIL_TAKEN, message, line=entry.line, field="email")


def _misled(entries: Sequence[_Entry], directory: Mapping[str, Person]) -> Iterator[_Wrong]:
    """Managers nobody knows, and chains of managers that lead back to where they began."""
    managers = {person.id: person.manager for person in directory.values()}
    managers |= {entry.values["id"]: entry.values.get("manager", "") for entry in entries if "id" in entry.values}
    for entry in entries:
        manager = entry.values.get("manager")
        if manager and manager not in managers:
            message = "No person with this id stands in the file or in the directory."
            yield _Wrong(Code.MANAGER_UNKNOWN, message, line=entry.line, field="manager")
    lines = {entry.values["id"]: entry.line for entry in entries if "id" in entry.values}
    for circle in _circles(managers):
        found = sorted(lines[person] for person in circle if person in lines)
        if found:
            yield _circle_found(found)


def _circles(managers: Mapping[str, str]) -> Iterator[list[str]]:
    seen: set[str] = set()
    for person in managers:
        way: dict[str, None] = {}
        step = person
        while step in managers and step not in seen and step not in way:
            way[step] = None
            step = managers[step]
        if step in way:
            yield list(way)[list(way).index(step) :]
        seen.update(way)


def _circle_found(lines: Sequence[int]) -> _Wrong:
    named = ", ".join(map(str, lines[:10])) + (" …" if len(lines) > 10 else "")
    message = f"The managers lead round in a circle (line {named}); one of them must be another or empty."
    return _Wrong(Code.MANAGER_CYCLE, message, line=lines[0], field="manager")
