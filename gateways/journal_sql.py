"""The journal in SQL: every domain event for good, one summary row per relationship, and who is paired with whom."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mentoring_lifecycle.activities.ports import Pairing
from mentoring_lifecycle.contracts.deliveries import JournalEntry, JournalTail
from mentoring_lifecycle.gateways.bookings_sql import follow_journal
from mentoring_lifecycle.gateways.database import insert_into, journal, relationships
from mentoring_lifecycle.gateways.pairings_sql import close_pairing, opening_row


class JournalGap(Exception):
    """Events are missing between what the journal holds and what it is given; asking again changes nothing."""

    def __init__(self, relationship: str, kept: int, offered: int) -> None:
        super().__init__(
            f"relationship {relationship}: after event {kept} the journal was given event {offered}; "
            "events between them are missing. If the database was restored from a backup, restore a newer one."
        )
        self.relationship = relationship
        self.kept = kept
        self.offered = offered


@dataclass(frozen=True, slots=True)
class RelationshipSummary:
    """Where a relationship stood after the last event the journal holds."""

    relationship: str
    programme: str
    phase: str
    standing: str
    outcome: str
    sequence: int
    """Of the last event kept."""
    updated_at: datetime
    """When that event happened (UTC)."""


class SqlJournal:
    """Append-only, without gaps; satisfies JournalGateway."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def append(self, tail: JournalTail) -> int:
        """Keep the entries (those already there are skipped) and the summary; return the last sequence kept.

        All or nothing, and what sessions have taken of people's time with it. A tail that ends before what
        is kept leaves the summary as it is. Raises JournalGap.
        """
        async with self._engine.begin() as connection:
            if tail.entries:
                await self._keep_summary(connection, tail)
            kept = await _last_sequence(connection, tail.relationship)
            new = _next_entries(tail, kept)
            if new:
                rows = [_columns(tail.relationship, entry) for entry in new]
                await connection.execute(insert_into(journal, self._engine).on_conflict_do_nothing(), rows)
                await follow_journal(connection, self._engine, tail.relationship, new)
                await self._keep_pairing(connection, tail.relationship, new)
            return new[-1].sequence if new else kept

    async def _keep_summary(self, connection: AsyncConnection, tail: JournalTail) -> None:
        # Comes first: the lock on this row makes appends to one relationship wait for each other.
        last = tail.entries[-1]
        add = insert_into(relationships, self._engine).values(
            relationship=tail.relationship,
            programme=tail.programme,
            phase=tail.phase,
            standing=tail.standing,
            outcome=tail.outcome,
            sequence=last.sequence,
            updated_at=last.happened_at,
        )
        changes = {column.name: add.excluded[column.name] for column in relationships.c if not column.primary_key}
        is_newer = add.excluded.sequence > relationships.c.sequence
        await connection.execute(
            add.on_conflict_do_update(index_elements=["relationship"], set_=changes, where=is_newer)
        )

    async def _keep_pairing(self, connection: AsyncConnection, relationship: str, new: Sequence[JournalEntry]) -> None:
        """Whoever opened it, an open relationship takes its places; one that has closed gives them back."""
        for entry in new:
            if entry.kind == _OPENED:
                await connection.execute(opening_row(pairing_of(relationship, entry), self._engine))
            elif entry.kind == _CLOSED:
                await close_pairing(connection, relationship)

    async def read(self, relationship: str) -> Sequence[JournalEntry]:
        """All entries of a relationship in order."""
        columns = (journal.c[name] for name in JournalEntry.__dataclass_fields__)
        entries = select(*columns).where(journal.c.relationship == relationship).order_by(journal.c.sequence)
        async with self._engine.connect() as connection:
            return [JournalEntry(**row._asdict()) for row in await connection.execute(entries)]

    async def is_on_hold(self, relationship: str) -> bool:
        """Whether the last kept summary says the relationship is on hold; an unknown relationship is not."""
        standing = select(relationships.c.standing).where(relationships.c.relationship == relationship)
        async with self._engine.connect() as connection:
            return await connection.scalar(standing) == "on_hold"

    async def relationships(self) -> Sequence[RelationshipSummary]:
        """The summary of every relationship, in the order of ids."""
        summaries = select(relationships).order_by(relationships.c.relationship)
        async with self._engine.connect() as connection:
            return [RelationshipSummary(**row._asdict()) for row in await connection.execute(summaries)]

    async def lives(self, programme: str) -> AsyncIterator[tuple[str, Sequence[JournalEntry]]]:
        """Every relationship of a programme with all its entries in order, one after the other."""
        columns = (journal.c[name] for name in JournalEntry.__dataclass_fields__)
        entries = (
            select(journal.c.relationship, *columns)
            .join(relationships, relationships.c.relationship == journal.c.relationship)
            .where(relationships.c.programme == programme)
            .order_by(journal.c.relationship, journal.c.sequence)
        )
        async with self._engine.connect() as connection:
            current, life = "", list[JournalEntry]()
            async for relationship, *entry in await connection.stream(entries):
                if relationship != current and life:
                    yield current, life
                    life = []
                current = relationship
                life.append(JournalEntry(*entry))
            if life:
                yield current, life

    async def naming(self, person: str) -> Sequence[str]:
        """Relationships whose first entry names a person, in whatever part; in the order of ids."""
        named = select(journal.c.relationship, journal.c.body).where(
            journal.c.kind == _OPENED, journal.c.body.contains(json.dumps(person), autoescape=True)
        )
        async with self._engine.connect() as connection:
            found = await connection.execute(named.order_by(journal.c.relationship))
            return [row.relationship for row in found if person in _people_in(row.body)]


_OPENED, _CLOSED = "relationship_opened", "closed"


def pairing_of(relationship: str, opened: JournalEntry) -> Pairing:
    """The pairing that the first entry of a journal tells of."""
    first = json.loads(opened.body)
    mentor, mentee = first["mentor"]["person"], first["mentee"]["person"]
    return Pairing(relationship, first["programme"], mentor, mentee, True, opened.happened_at)


def _people_in(body: str) -> set[str]:
    first = json.loads(body)
    return {first["mentor"]["person"], first["mentee"]["person"], first["coordinator"], first["backup"]}


async def _last_sequence(connection: AsyncConnection, relationship: str) -> int:
    last = select(func.max(journal.c.sequence)).where(journal.c.relationship == relationship)
    return await connection.scalar(last) or 0


def _next_entries(tail: JournalTail, kept: int) -> Sequence[JournalEntry]:
    """The entries after the last one kept, which must follow it one by one."""
    new = [entry for entry in tail.entries if entry.sequence > kept]
    for expected, entry in enumerate(new, start=kept + 1):
        if entry.sequence != expected:
            raise JournalGap(tail.relationship, expected - 1, entry.sequence)
    return new


def _columns(relationship: str, entry: JournalEntry) -> dict[str, object]:
    return {
        "relationship": relationship,
        "sequence": entry.sequence,
        "kind": entry.kind,
        "happened_at": entry.happened_at,
        "body": entry.body,
    }
