"""Days on which nobody works: public holidays by country and region, and the organisation's own closures.

Holidays come from the library `holidays`, whose data change nearly weekly; closures from one TOML file. What is wrong
with that file is told all at once, each problem in a sentence for the person who will correct it.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mentoring_lifecycle.contracts.people import Person

if TYPE_CHECKING:
    from holidays import HolidayBase

MAX_BYTES: Final = 256 * 1024
MAX_PROBLEMS: Final = 50
LONGEST_NOTE: Final = 200
_KEYS: Final = ("from", "until", "country", "note")


@dataclass(frozen=True, slots=True)
class Closure:
    """The organisation is closed from one day to another, both included."""

    first: date
    last: date
    country: str = ""
    """Only for people of this country; empty: for everybody."""


class UnusableClosures(Exception):
    """A file of closures that cannot be used; one sentence per problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class FreeDays:
    """Holidays and closures; satisfies FreeDaysGateway. Where a country is not known, no holidays are kept."""

    def __init__(self, closures: Sequence[Closure] = ()) -> None:
        self._closures = tuple(closures)

    def load(self) -> None:
        """Load the library now, which takes a moment, so that no session has to wait for it."""
        _holidays("IT", "")

    def is_free(self, person: Person, day: date) -> bool:
        """Whether it is a holiday where the person lives, or a closure that holds for them."""
        return day in _holidays(person.country, person.region) or any(
            closure.first <= day <= closure.last and closure.country in ("", person.country)
            for closure in self._closures
        )


@cache
def _holidays(country: str, region: str) -> "HolidayBase | frozenset[date]":
    """Years are added when they are first asked for. An unknown region has the holidays of its country."""
    from holidays import country_holidays

    for subdivision in (region or None, None):
        try:
            return country_holidays(country, subdiv=subdivision) if country else frozenset()
        except NotImplementedError:
            continue
    return frozenset()


@cache
def is_country(code: str) -> bool:
    """Whether the holidays of this country (ISO 3166-1, two letters) are known."""
    return len(code) == len("IT") and code in _regions()


@cache
def is_region(country: str, code: str) -> bool:
    """Whether a region of the country is known to have holidays of its own."""
    return code in _regions().get(country, ())


@cache
def _regions() -> dict[str, list[str]]:
    """Regions with holidays of their own, by country."""
    # Three hundred modules: whoever only wants to sign the ground rules need not wait for them.
    from holidays import list_supported_countries

    return dict(list_supported_countries())


# --- closures ---------------------------------------------------------------------------------------------------


def read_closures(path: Path) -> tuple[Closure, ...]:
    """The closures that a file names, `[[closure]]` by `[[closure]]`. Raises UnusableClosures."""
    given = _parsed(path)
    problems = [
        f"{path.name}: {key[:40]!r} is not known; a closure begins with [[closure]]."
        for key in given
        if key != "closure"
    ]
    rows = given.get("closure", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        problems.append(f"{path.name}: a closure begins with [[closure]], in two pairs of brackets.")
        rows = []
    closures: list[Closure] = []
    for number, row in enumerate(rows, start=1):
        found = [f"{path.name}, closure {number}: {problem}" for problem in _problems(row)]
        problems += found
        if not found:
            closures.append(Closure(row["from"], row["until"], row.get("country", "")))
    if problems:
        raise UnusableClosures(problems[:MAX_PROBLEMS])
    return tuple(closures)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise UnusableClosures([f"{path.name}: the file is larger than {MAX_BYTES // 1024} KiB."])
        return tomllib.loads(data.decode("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise UnusableClosures([f"{path.name}: this is not TOML: {error}."]) from None
    except UnicodeDecodeError:
        raise UnusableClosures([f"{path.name}: the file is not encoded in UTF-8; save it as UTF-8."]) from None
    except OSError:
        raise UnusableClosures(
            [f"{path.name}: the file cannot be opened. Does it exist, and may you read it?"]
        ) from None
    except (ValueError, RecursionError):
        raise UnusableClosures([f"{path.name}: the file cannot be read as TOML."]) from None


def _problems(row: dict[str, Any]) -> Iterator[str]:
    for key in row:
        if key not in _KEYS:
            yield f"{key[:40]!r} is not known; known here: {', '.join(_KEYS)}."
    first, last = row.get("from"), row.get("until")
    for key, value in (("from", first), ("until", last)):
        if isinstance(value, datetime) or not isinstance(value, date):
            yield f"{key!r} must be a day without quotation marks, such as 2027-08-09."
    if isinstance(first, date) and isinstance(last, date) and _both_days(first, last) and last < first:
        yield "'until' must not be earlier than 'from'; both days belong to the closure."
    country = row.get("country", "")
    if not isinstance(country, str) or (country and not is_country(country)):
        yield "'country' must be a code of two capital letters, such as \"IT\"."
    note = row.get("note", "")
    if not isinstance(note, str) or len(note) > LONGEST_NOTE:
        yield f"'note' must be a text of at most {LONGEST_NOTE} characters."


def _both_days(first: date, last: date) -> bool:
    """An instant is a day as well, for Python."""
    return not isinstance(first, datetime) and not isinstance(last, datetime)
