"""Which counts may be told so that nobody can be found: not those about too few, nor any that would tell one of these.

A reader may add and subtract whatever is told. So a small group is hidden only if its count is no combination of told
counts, which is a question of linear algebra and is answered as one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import combinations


class Withheld(StrEnum):
    """Why a figure is not given."""

    FEW = "few"
    """It is about fewer relationships than the threshold."""
    BY_DIFFERENCE = "by_difference"
    """With it, a figure about too few could be computed from the others."""


@dataclass(frozen=True, slots=True)
class Tally:
    """A count, and the relationships it is about."""

    count: int
    about: frozenset[str]
    is_of_relationships: bool = True
    """It counts them, and not something of theirs."""


Sums = Sequence[tuple[str, tuple[str, ...]]]
"""A whole, and the parts that it is the sum of."""

Verdict = Mapping[str, Withheld | None]


def given(tallies: Mapping[str, Tally], sums: Sums, threshold: int) -> Verdict:
    """Which counts may be told: None for those, a reason for the others.

    First goes what is about too few; then, one by one, the smallest count of those that tell something about too few.
    At last whatever need not have gone comes back.
    """
    verdict: dict[str, Withheld | None] = {
        key: Withheld.FEW if len(tally.about) < threshold else None for key, tally in tallies.items()
    }
    while telling := _telling(tallies, sums, verdict, threshold):
        verdict[min(telling, key=lambda key: tallies[key].count)] = Withheld.BY_DIFFERENCE
    for key in [key for key, why in verdict.items() if why is Withheld.BY_DIFFERENCE]:
        with_it = verdict | {key: None}
        if not _telling(tallies, sums, with_it, threshold):
            verdict = with_it
    return verdict


def _telling(tallies: Mapping[str, Tally], sums: Sums, verdict: Verdict, threshold: int) -> list[str]:
    """Counts that must not all be told, or nothing."""
    rests = []
    for whole, parts in sums:
        rest = frozenset[str]().union(*(tallies[part].about for part in parts if verdict[part]))
        if 0 < len(rest) < threshold and verdict[whole] is None:
            if not tallies[whole].is_of_relationships:
                return [part for part in parts if verdict[part] is None] or [whole]
            rests.append(rest)
    people = {key: tally.about for key, tally in tallies.items() if tally.is_of_relationships}
    told = {key: group for key, group in people.items() if verdict[key] is None}
    return _combined(told, [*rests, *_small(list(people.values()), threshold)])


def _small(groups: Sequence[frozenset[str]], threshold: int) -> Iterator[frozenset[str]]:
    """Groups about too few: by themselves, what two have in common, and what one has beside another."""
    found = dict.fromkeys(groups)
    for one, other in combinations(dict.fromkeys(groups), 2):
        found |= dict.fromkeys((one & other, one - other, other - one))
    return (group for group in found if 0 < len(group) < threshold)


def _combined(told: Mapping[str, frozenset[str]], hidden: Sequence[frozenset[str]]) -> list[str]:
    """Keys of told groups of which one of the hidden ones is a sum or difference, or nothing."""
    keys, columns = list(told), [*told.values(), *hidden]
    # Whoever is in the same groups is the same for every sum, so one of them stands for all.
    kinds = {tuple(person in group for group in columns) for group in columns for person in group}
    rows = [[Fraction(is_in) for is_in in kind] for kind in sorted(kinds)]
    pivots = _eliminate(rows, len(keys))
    for wanted in range(len(keys), len(columns)):
        if not any(row[wanted] for row in rows[len(pivots) :]):
            return [keys[column] for row, column in enumerate(pivots) if rows[row][wanted]]
    return []


def _eliminate(rows: list[list[Fraction]], unknowns: int) -> list[int]:
    """Bring the first columns to reduced echelon form, in place; the column of each row's pivot."""
    pivots: list[int] = []
    for column in range(unknowns):
        at = next((at for at in range(len(pivots), len(rows)) if rows[at][column]), None)
        if at is None:
            continue
        top = len(pivots)
        rows[top], rows[at] = rows[at], rows[top]
        rows[top] = [value / rows[top][column] for value in rows[top]]
        for other, row in enumerate(rows):
            if other != top and row[column]:
                factor = row[column]
                rows[other] = [value - factor * pivot for value, pivot in zip(row, rows[top], strict=True)]
        pivots.append(column)
    return pivots
