"""Which counts may be told so that nobody can be found: not those about too few, nor any that would tell one of these.

A reader may add and subtract whatever is told. So a small group is hidden only if no combination of told counts counts
it and nobody else, which is a question of linear algebra and is answered as one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
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
    for whole, parts in sums:
        rest = frozenset[str]().union(*(tallies[part].about for part in parts if verdict[part]))
        if 0 < len(rest) < threshold and verdict[whole] is None and not tallies[whole].is_of_relationships:
            return [part for part in parts if verdict[part] is None] or [whole]
    told = {key: tally.about for key, tally in tallies.items() if tally.is_of_relationships and verdict[key] is None}
    return _combined(told, threshold)


def _combined(told: Mapping[str, frozenset[str]], threshold: int) -> list[str]:
    """Keys of told groups that, added and subtracted, leave exactly some people who are too few; or nothing.

    Whoever is in the same groups counts alike in every sum. So a sum is fixed by what it is for one kind of people per
    row of the echelon form, and the larger kinds, which lead, are in no group of too few: what is left can be tried.
    """
    sizes = Counter(tuple(person in group for group in told.values()) for person in frozenset().union(*told.values()))
    kinds = sorted(sizes, key=lambda kind: (-sizes[kind], kind))
    rows = [
        [Fraction(kind[at]) for kind in kinds] + [Fraction(at == other) for other in range(len(told))]
        for at in range(len(told))
    ]
    led = zip(rows, _eliminate(rows, len(kinds)), strict=False)
    small = [row for row, column in led if sizes[kinds[column]] < threshold]
    for many in range(1, threshold):
        for chosen in combinations(small, many):
            combined = [sum(values) for values in zip(*chosen, strict=True)]
            if _is_of_few(combined[: len(kinds)], [sizes[kind] for kind in kinds], threshold):
                return [key for key, factor in zip(told, combined[len(kinds) :], strict=True) if factor]
    return []


def _is_of_few(counted: Sequence[Fraction | int], sizes: Sequence[int], threshold: int) -> bool:
    """Each of these is counted once or not at all, and too few are."""
    return set(counted) <= {0, 1} and sum(size for size, times in zip(sizes, counted, strict=True) if times) < threshold


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
