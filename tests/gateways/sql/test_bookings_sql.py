"""Times that sessions have taken, in real databases: nobody is booked twice, and the table follows the journal."""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from mentoring_lifecycle.contracts.deliveries import JournalEntry, JournalTail
from mentoring_lifecycle.contracts.journal import journal_entry
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.people import PAIR
from mentoring_lifecycle.gateways.bookings_sql import SqlBookings
from mentoring_lifecycle.gateways.database import bookings, open_database
from mentoring_lifecycle.gateways.journal_sql import SqlJournal
from mentoring_lifecycle.gateways.memory import MemoryBookings, MemoryJournal
from tests.builders import ACTIVE, COORDINATOR, DAY, MENTEE, MENTOR, PERSON_OF, WEEK, Life, life, patient

NOON = datetime(2027, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
Span = tuple[datetime, datetime]


def first_free_hour(taken: Sequence[Span]) -> Span:
    """The first whole hour from noon on in which nothing else is."""
    at = NOON
    while any(begins < at + HOUR and at < ends for begins, ends in taken):
        at += HOUR
    return at, at + HOUR


async def kept(engine: AsyncEngine) -> dict[tuple[str, int], Span]:
    """Every row."""
    async with engine.connect() as connection:
        rows = await connection.execute(select(bookings))
        return {(row.relationship, row.session): (row.starts_at, row.ends_at) for row in rows}


async def test_a_session_takes_one_time(engine: AsyncEngine) -> None:
    """Asked again the same session finds the same; finding nothing gives back what it had."""
    gateway = SqlBookings(engine)
    for _ in range(2):
        await gateway.reserve("r-1", 1, ("mia", "ed"), first_free_hour)
    assert await kept(engine) == {("r-1", 1): (NOON, NOON + HOUR)}
    assert await gateway.taken(("ed",), leaving_out=("r-1", 2)) == [(NOON, NOON + HOUR)]
    assert await gateway.taken(("ed",), leaving_out=("r-1", 1)) == []
    await gateway.reserve("r-1", 1, ("mia", "ed"), lambda taken: None)
    assert await kept(engine) == {}


async def test_workers_that_race_for_one_person_never_both_get_the_hour(url: str) -> None:
    """Invariant 27: twelve relationships that share a mentor or a mentee, on connections of their own, all at once."""
    engines = [open_database(url) for _ in range(4)]
    pairs = [("mia", "ed"), ("ed", "mia"), ("ana", "mia"), ("ed", "ana")] * 3
    await asyncio.gather(
        *(
            SqlBookings(engines[number % 4]).reserve(f"r-{number}", 1, pair, first_free_hour)
            for number, pair in enumerate(pairs)
        )
    )
    spans = await kept(engines[0])
    for engine in engines:
        await engine.dispose()
    for person in ("mia", "ed", "ana"):
        of_person = [spans[f"r-{number}", 1] for number, pair in enumerate(pairs) if person in pair]
        assert len(of_person) == len(set(of_person))


# --- following the journal --------------------------------------------------------------------------------------


def entries_of(lived: Life) -> list[JournalEntry]:
    return [journal_entry(number, event) for number, event in enumerate(lived.events, start=1)]


def tail_of(entries: Sequence[JournalEntry]) -> JournalTail:
    return JournalTail("r-1", "ponte", "active", "normal", "", tuple(entries))


def under_way() -> Life:
    return life().after(*ACTIVE)


def _settled() -> Life:
    lived = under_way()
    lived.passes(lived.session.ends_at + 2 * HOUR)
    return lived.after(*(c.ConfirmSession(PERSON_OF[party], 1, held=True) for party in PAIR))


def _moved() -> Life:
    lived = under_way()
    return lived.after(c.MoveSession(MENTOR, 1, lived.session.starts_at + DAY))


LIVES: dict[str, Callable[[], Life]] = {
    "planned": under_way,
    "moved": _moved,
    "settled, and the next one planned": _settled,
    "on hold": lambda: under_way().after(c.Hold(COORDINATOR)),
    "lifted": lambda: under_way().after(c.Hold(COORDINATOR), 2 * DAY, c.Lift(COORDINATOR)),
    "left": lambda: under_way().after(c.Exit(MENTEE)),
    "late in life": lambda: life(patient()).after(*ACTIVE, 20 * WEEK),
}


@pytest.mark.parametrize("name", LIVES)
@pytest.mark.parametrize("size", [1, 3, 1000])
async def test_the_table_is_a_projection_of_the_journal(engine: AsyncEngine, name: str, size: int) -> None:
    """However the entries are cut into tails: exactly the sessions ahead have their time taken, where they are now."""
    lived = LIVES[name]()
    entries, journal, memory = entries_of(lived), SqlJournal(engine), MemoryJournal()
    for first in range(0, len(entries), size):
        for each in (journal, memory):
            await each.append(tail_of(entries[first : first + size]))
            await each.append(tail_of(entries[: first + size]))
    open_sessions = {("r-1", each.number): (each.starts_at, each.ends_at) for each in lived.state.sessions}
    assert await kept(engine) == open_sessions
    assert {key: (row.starts_at, row.ends_at) for key, row in memory.bookings.rows.items()} == open_sessions
    assert all(row.people == (MENTOR, MENTEE) for row in memory.bookings.rows.values())


@pytest.mark.parametrize("where", ["sql", "memory"])
async def test_a_time_found_after_a_stop_survives_the_stop_being_written_down_late(
    engine: AsyncEngine, where: str
) -> None:
    """The hold, its end and the new time come into the journal in one tail; the reservation was made before."""
    entries = entries_of(under_way().after(c.Hold(COORDINATOR), c.Lift(COORDINATOR)))
    lifted = next(entry.sequence for entry in entries if entry.kind == "hold_lifted")
    found = next(entry.sequence for entry in entries[lifted:] if entry.kind == "slot_found")
    memory = MemoryBookings()
    gateway: Any = SqlBookings(engine) if where == "sql" else memory
    journal: Any = SqlJournal(engine) if where == "sql" else MemoryJournal(memory)
    session = json.loads(entries[found - 1].body)["session"]
    await gateway.reserve("r-1", session, (MENTOR, MENTEE), first_free_hour)
    await journal.append(tail_of(entries[:found]))
    assert list(await gateway.taken((MENTOR,), leaving_out=("r-0", 0))) == [(NOON, NOON + HOUR)]
