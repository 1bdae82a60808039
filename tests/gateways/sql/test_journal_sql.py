"""The journal: every event once, in order, for good."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from mentoring_lifecycle.contracts.deliveries import JournalEntry, JournalTail
from mentoring_lifecycle.gateways.journal_sql import JournalGap, RelationshipSummary, SqlJournal

BEGUN = datetime(2027, 1, 4, 9, tzinfo=UTC)


@pytest.fixture
def journal(engine: AsyncEngine) -> SqlJournal:
    return SqlJournal(engine)


def entry(sequence: int) -> JournalEntry:
    return JournalEntry(sequence, "session_booked", BEGUN + timedelta(days=sequence), f'{{"session": {sequence}}}')


def tail(first: int, last: int, *, standing: str = "normal", relationship: str = "r-1") -> JournalTail:
    entries = tuple(entry(number) for number in range(first, last + 1))
    return JournalTail(relationship, "reverse-2027", "active", standing, "", entries)


async def test_entries_come_back_as_they_were(journal: SqlJournal) -> None:
    """What is appended is read in order, equal in every field."""
    assert await journal.append(tail(1, 3)) == 3
    assert await journal.append(tail(4, 5)) == 5
    assert await journal.read("r-1") == [entry(number) for number in range(1, 6)]


async def test_appending_again_changes_nothing(journal: SqlJournal) -> None:
    """A repeated tail, whole or overlapping, adds only what is new."""
    await journal.append(tail(1, 3))
    assert await journal.append(tail(1, 3)) == 3
    assert await journal.append(tail(2, 4)) == 4
    assert await journal.read("r-1") == [entry(number) for number in range(1, 5)]


async def test_relationships_have_journals_of_their_own(journal: SqlJournal) -> None:
    """The same sequence numbers in two relationships do not meet."""
    await journal.append(tail(1, 2))
    await journal.append(tail(1, 1, relationship="r-2"))
    assert await journal.read("r-2") == [entry(1)]
    assert await journal.read("nobody") == []


@pytest.mark.parametrize(("kept", "first"), [(0, 2), (3, 5)])
async def test_a_gap_is_refused_whole(journal: SqlJournal, kept: int, first: int) -> None:
    """Events that do not follow what is kept are refused, and neither entries nor summary change."""
    await journal.append(tail(1, kept))
    before = await journal.relationships()
    with pytest.raises(JournalGap) as refusal:
        await journal.append(tail(first, first + 1, standing="on_hold"))
    assert (refusal.value.kept, refusal.value.offered) == (kept, first)
    assert await journal.read("r-1") == [entry(number) for number in range(1, kept + 1)]
    assert await journal.relationships() == before


async def test_a_gap_inside_a_tail_is_refused(journal: SqlJournal) -> None:
    """The entries of one tail must follow each other too."""
    torn = JournalTail("r-1", "reverse-2027", "active", "normal", "", (entry(1), entry(3)))
    with pytest.raises(JournalGap, match="after event 1 the journal was given event 3"):
        await journal.append(torn)
    assert await journal.read("r-1") == []


async def test_an_empty_tail_changes_nothing(journal: SqlJournal) -> None:
    """Without events there is no news, so not even the summary moves."""
    assert await journal.append(tail(1, 0)) == 0
    await journal.append(tail(1, 2))
    assert await journal.append(tail(1, 0, standing="on_hold")) == 2
    assert not await journal.is_on_hold("r-1")


async def test_the_summary_tells_the_last_event(journal: SqlJournal) -> None:
    """Each relationship has one summary, as of its last event."""
    await journal.append(tail(1, 2))
    await journal.append(tail(3, 4, standing="paused"))
    await journal.append(tail(1, 1, relationship="a-0"))
    assert await journal.relationships() == [
        RelationshipSummary("a-0", "reverse-2027", "active", "normal", "", 1, entry(1).happened_at),
        RelationshipSummary("r-1", "reverse-2027", "active", "paused", "", 4, entry(4).happened_at),
    ]


async def test_the_summary_never_moves_back(journal: SqlJournal) -> None:
    """A late repetition of an older tail does not lift a hold that came after it."""
    await journal.append(tail(1, 2))
    await journal.append(tail(3, 3, standing="on_hold"))
    assert await journal.append(tail(1, 2)) == 3
    assert await journal.is_on_hold("r-1")


async def test_a_hold_is_seen_and_lifted(journal: SqlJournal) -> None:
    """The hold flag follows the standing; a relationship nobody has heard of is not on hold."""
    assert not await journal.is_on_hold("r-1")
    await journal.append(tail(1, 1, standing="on_hold"))
    assert await journal.is_on_hold("r-1")
    await journal.append(tail(2, 2))
    assert not await journal.is_on_hold("r-1")


async def test_appends_at_once_end_as_one_journal(journal: SqlJournal) -> None:
    """Attempts that overlap in time keep every event once and the newest summary."""
    tails = [tail(1, last, standing="on_hold" if last == 10 else "normal") for last in range(1, 11)]
    await asyncio.gather(*(journal.append(one) for one in tails + tails[::-1]))
    assert await journal.read("r-1") == [entry(number) for number in range(1, 11)]
    assert await journal.is_on_hold("r-1")
