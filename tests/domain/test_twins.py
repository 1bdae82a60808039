"""Twins: the same relationship with and without a report. Nobody outside the case can tell which is which.

Up to the handler's first act where the reporter chose to wait; and a hold out of a case equals an ordinary one placed
at the same instant. One seed is one pair: `TWINS=1017 pytest tests/domain/test_twins.py -k one_pair`.
"""

import os
from collections import Counter

import pytest

from .twins import MUTANTS, STEPS, Fate, Seen, World, fate

PAIRS = 1_000
FEW = 40
"""So many pairs, and every leak that we know of has shown itself."""


@pytest.mark.parametrize("first", range(0, PAIRS, 250))
def test_a_thousand_pairs_of_twins_cannot_be_told_apart(first: int) -> None:
    """Neither by a mail, a calendar, a row of the journal, an attribute nor any view."""
    for seed in range(first, first + 250):
        assert_twins_are_equal(fate(seed))


def test_all_that_matters_is_among_the_pairs() -> None:
    """Phases, standings, each who may report or be accused, waiting and pausing."""
    _assert_wide([fate(seed) for seed in range(PAIRS)])


def test_one_pair() -> None:
    """The one that a failure names."""
    assert_twins_are_equal(fate(int(os.environ.get("TWINS", "1"))))


@pytest.mark.parametrize("leaky", MUTANTS)
def test_a_leak_would_be_seen(leaky: type[World]) -> None:
    """Each of these worlds is told from its twin within a few pairs."""
    with pytest.raises(AssertionError, match="TWINS="):
        _assert_few_are_equal(leaky)


def _assert_few_are_equal(kind: type[World]) -> None:
    for seed in range(FEW):
        assert_twins_are_equal(fate(seed), kind)


def assert_twins_are_equal(drawn: Fate, kind: type[World] = World) -> None:
    """By everything that can be observed, with one command that repeats it where they are not."""
    how = f"TWINS={drawn.seed} pytest tests/domain/test_twins.py -k one_pair"
    if drawn.opened.pause_now:
        with_report = kind(drawn, reports=True).live()
        by_hand = World(drawn, reports=False, office_holds_at=drawn.reported_at).live()
        assert with_report == by_hand, how
        return
    with_report = kind(drawn, reports=True).live(handler_holds=True)
    without = World(drawn, reports=False).live()
    assert with_report.until(drawn.held_at - 1) == without.until(drawn.held_at - 1), how
    assert with_report == World(drawn, reports=False, office_holds_at=drawn.held_at).live(), how


def _assert_wide(drawn: list[Fate]) -> None:
    reports = [each.opened.report for each in drawn]
    for column in (
        Counter(each.past for each in drawn),
        Counter(each.about for each in reports),
        Counter(each.by for each in reports),
        Counter(each.matter for each in reports),
        Counter(each.pause_now for each in reports),
        Counter(each.opened.severity for each in drawn),
        Counter(each.reported_at for each in drawn),
    ):
        assert min(column.values()) >= 20, column
    assert len({each.reported_at for each in drawn}) == STEPS - 1


def test_a_twin_sees_something() -> None:
    """Equality of what nobody looked at would be no promise: letters, entries, rows and attributes are all there."""
    seen: list[Seen] = [World(fate(seed), reports=True).live() for seed in range(FEW)]
    shown = [moment for each in seen for moment in each.shown]
    assert len(shown) == FEW * STEPS
    assert sum(len(moment.mails) for moment in shown) > 10 * FEW
    assert sum(len(moment.calendars) for moment in shown) > FEW
    assert sum(len(moment.journal) for moment in shown) > 20 * FEW
    assert {moment.attributes["MentoringStanding"] for moment in shown} == {"normal", "paused", "on_hold"}
