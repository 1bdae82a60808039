"""The journal's one activity, and the one measure that leaves a case."""

import pytest
from temporalio.testing import ActivityEnvironment

from mentoring_lifecycle.activities.journal import JournalActivities
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
