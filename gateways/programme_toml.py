"""A programme's numbers as its owner writes them: one TOML file, in which every number may be left out.

What is wrong with a file is told all at once (up to MAX_PROBLEMS), each problem with its line and field, in words for
the person who will correct it.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeVar

from mentoring_lifecycle.domain.policy import PolicyProblem, ProgrammePolicy, problems_of

MAX_BYTES: Final = 256 * 1024
MAX_PROBLEMS: Final = 50

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_TABLE = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?")
_NO_KEY = re.compile(r"[#\[\]{},]")
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,40}")

_Section = TypeVar("_Section")


@dataclass(frozen=True, slots=True)
class ProgrammeProblem:
    """One thing to correct."""

    file: str
    """The file's name without its folder."""
    line: int
    """Counted from 1."""
    field: str
    """Dotted path, for example `sessions.planned`; empty when the whole file is meant."""
    message: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}"
        return f"{where}, {self.field}: {self.message}" if self.field else f"{where}: {self.message}"


class UnusableProgramme(Exception):
    """A file that is no programme. `problems` says what to correct, in the order of lines."""

    def __init__(self, problems: tuple[ProgrammeProblem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class _Unreadable(Exception):
    """Why nothing of a file can be read."""

    def __init__(self, message: str, *, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


def read_programme(path: Path) -> ProgrammePolicy:
    """The policy that a file describes; what it leaves out keeps its default. Raises UnusableProgramme."""
    try:
        text = _text(path)
        given = _parsed(text)
    except _Unreadable as why:
        raise UnusableProgramme((ProgrammeProblem(path.name, why.line, "", str(why)),)) from None
    problems: list[PolicyProblem] = []
    policy = _filled(ProgrammePolicy(), given, "", problems)
    problems = problems or list(problems_of(policy))  # numbers are compared once all of them are known
    if problems:
        raise UnusableProgramme(_with_lines(path.name, text, problems))
    return policy


# --- from bytes to tables ---------------------------------------------------------------------------------------


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError):  # ValueError: a path that holds a NUL
        raise _Unreadable("The file cannot be opened. Does it exist, and may you read it?") from None
    if len(data) > MAX_BYTES:
        raise _Unreadable(f"The file is larger than {MAX_BYTES // 1024} KiB, so it is no programme.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _Unreadable("The file is not encoded in UTF-8; save it as UTF-8.", line=line) from None


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _PLACE.search(str(error))
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        raise _Unreadable(f"This is not TOML: {_PLACE.sub('', str(error))}.", line=line) from None
    except ValueError:
        raise _Unreadable("A number in it has thousands of digits.") from None
    except RecursionError:
        raise _Unreadable("Its brackets are nested too deeply to be TOML.") from None


# --- from tables to a policy ------------------------------------------------------------------------------------


def _filled(section: _Section, given: Mapping[str, Any], prefix: str, problems: list[PolicyProblem]) -> _Section:
    """The section with what is given in the place of its defaults; what cannot stand goes to `problems`."""
    defaults = {each.name: getattr(section, each.name) for each in fields(section)}  # type: ignore[arg-type]  # a policy or a part of one
    values: dict[str, Any] = {}
    for key, value in given.items():
        if len(problems) >= MAX_PROBLEMS:
            break
        path = prefix + _shown(key)
        default = defaults.get(key)
        if key not in defaults:
            problems.append(PolicyProblem(path, f"is not known{_instead(prefix, key)}"))
        elif is_dataclass(default) and isinstance(value, dict):
            values[key] = _filled(default, value, f"{path}.", problems)
        elif wanted := _wanted(default, value):
            problems.append(PolicyProblem(path, f"must be {wanted}"))
        else:
            values[key] = tuple(value) if isinstance(value, list) else value
    return replace(section, **values)  # type: ignore[type-var]  # as above


def _wanted(default: object, value: object) -> str:
    """What should stand where this value stands; empty where the value may stay."""
    if is_dataclass(default):
        return "a section with keys of its own"
    if isinstance(default, tuple):
        is_right = isinstance(value, list) and all(type(each) is int for each in value)
        return "" if is_right else "a list of whole numbers, such as [3, 7]"
    if type(value) is type(default):  # not isinstance: true and false are no numbers
        return ""
    return "a whole number" if isinstance(default, int) else "a text in quotation marks"


def _instead(prefix: str, key: str) -> str:
    """The nearest known key: of the same section, else by its last word anywhere."""
    known = list(_paths(ProgrammePolicy()))
    here = [path for path in known if path.startswith(prefix) and "." not in path.removeprefix(prefix)]
    near = get_close_matches(prefix + key, here, n=1, cutoff=0.7)
    last_words = {path.rpartition(".")[2]: path for path in reversed(known)}
    near = near or [last_words[word] for word in get_close_matches(key, last_words, n=1, cutoff=0.7)]
    return f"; did you mean {near[0]}?" if near else f"; known here: {', '.join(here)}"


def _paths(section: Any, prefix: str = "") -> Iterator[str]:
    for each in fields(section):
        yield prefix + each.name
        value = getattr(section, each.name)
        if is_dataclass(value):
            yield from _paths(value, f"{prefix}{each.name}.")


def _shown(key: str) -> str:
    return key if _PLAIN.fullmatch(key) else repr(key[:40])


# --- lines ------------------------------------------------------------------------------------------------------


def _with_lines(file: str, text: str, problems: list[PolicyProblem]) -> tuple[ProgrammeProblem, ...]:
    lines = _lines_of_fields(text)
    found = [ProgrammeProblem(file, _line_of(each.field, lines), each.field, each.message) for each in problems]
    return tuple(sorted(found, key=lambda problem: problem.line))


def _line_of(field: str, lines: Mapping[str, int]) -> int:
    """The field's own line, else that of the section it belongs to (an inline table, or a number left out)."""
    while field and field not in lines:
        field = field.rpartition(".")[0]
    return lines.get(field, 1)


def _lines_of_fields(text: str) -> dict[str, int]:
    """Where each section and key is first written, for every way of writing them but inside inline tables."""
    lines: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if table := _TABLE.fullmatch(line):
            section = _dotted(table[1])
            lines.setdefault(section, number)
        elif "=" in line and not _NO_KEY.search(key := line.partition("=")[0]):
            path = _dotted(key)
            lines.setdefault(f"{section}.{path}" if section else path, number)
    return lines


def _dotted(key: str) -> str:
    return ".".join(_shown(part.strip().strip("\"'")) for part in key.split("."))
