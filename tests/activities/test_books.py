"""The journal's one activity, and the one measure that leaves a case."""

import pytest
from temporalio.testing import ActivityEnvironment

from mentoring_lifecycle.activities.journal import JournalActivities
from mentoring_lifecycle.activities.measures import MeasureActivities
from mentoring_lifecycle.contracts.cases import Measure
from mentoring_lifecycle.contracts.deliveries import JournalEntry, JournalKept, JournalTail
from mentoring_lifecycle.gateways.journal_sql import JournalGap
from mentoring_lifecycle.gateways.memory import MemoryJournal

from .conftest import NOON, RELATIONSHIP


def _tail(first: int, last: int, standing: str = "normal") -> JournalTail:
    entries = tuple(JournalEntry(number, "asked", NOON, "{}") for number in range(first, last + 1))
    return JournalTail(RELATIONSHIP, "both-ways", "active", standing, "", entries)


async def _append(journal: MemoryJournal, tail: JournalTail) -> JournalKept:
    return await ActivityEnvironment().run(JournalActivities(journal).append, tail)


async def test_the_journal_tells_how_far_it_goes() -> None:
    """Entries that are there already are skipped, so an append that was repeated is harmless."""
    journal = MemoryJournal()
    assert await _append(journal, _tail(1, 3)) == JournalKept(3)
    assert await _append(journal, _tail(1, 3)) == JournalKept(3)
    assert await _append(journal, _tail(2, 5)) == JournalKept(5)
    assert [entry.sequence for entry in await journal.read(RELATIONSHIP)] == [1, 2, 3, 4, 5]


async def test_a_gap_is_refused() -> None:
    """Better a failed attempt than a journal that leaves something out."""
    journal = MemoryJournal()
    await _append(journal, _tail(1, 2))
    with pytest.raises(JournalGap):
        await _append(journal, _tail(4, 5))
    assert len(await journal.read(RELATIONSHIP)) == 2


async def test_the_summary_of_the_newest_entries_stands() -> None:
    """A repeated older tail does not bring an older standing back."""
    journal = MemoryJournal()
    await _append(journal, _tail(1, 2))
    await _append(journal, _tail(3, 3, standing="on_hold"))
    await _append(journal, _tail(1, 2))
    assert await journal.is_on_hold(RELATIONSHIP)


class Relationships:
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.held: list[tuple[str, str]] = []

    async def hold(self, relationship: str, *, command_id: str) -> None:
        """Note it."""
        self.held.append((relationship, command_id))


async def test_a_measure_is_a_hold_under_the_id_it_was_given() -> None:
    """Tried again, it is the same command, which the relationship knows already."""
    relationships = Relationships()
    for _ in range(2):
        await ActivityEnvironment().run(MeasureActivities(relationships).apply, Measure(RELATIONSHIP, "id-1"))
    assert relationships.held == [(RELATIONSHIP, "id-1")] * 2
