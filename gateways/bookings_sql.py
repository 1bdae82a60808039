"""The times that sessions have taken, in SQL: nobody is booked twice, however many workers look for times at once."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mentoring_lifecycle.activities.ports import Span
from mentoring_lifecycle.contracts.deliveries import JournalEntry
from mentoring_lifecycle.gateways.booked_times import TimeTaken, changes_in, pair_in
from mentoring_lifecycle.gateways.database import bookings, insert_into, journal

_LOCK_SPACE: Final = "mentoring_bookings"


class SqlBookings:
    """One row per session that has a time; satisfies BookingsGateway."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def reserve(
        self, relationship: str, session: int, people: Sequence[str], find: Callable[[Sequence[Span]], Span | None]
    ) -> None:
        """Give the session the time that `find` chooses among what its two people have promised others.

        One transaction, in which nobody else can promise anything for either of the two.
        """
        mentor, mentee = people
        async with self._engine.begin() as connection:
            await _alone_with(connection, people)
            span = find(await _taken(connection, people, (relationship, session)))
            if span is None:
                await connection.execute(delete(bookings).where(_is_of(relationship, session)))
            else:
                await _take(connection, self._engine, relationship, TimeTaken(session, *span), (mentor, mentee))

    async def taken(self, people: Sequence[str], *, leaving_out: tuple[str, int]) -> Sequence[Span]:
        """What these people have promised, but for one session of one relationship."""
        async with self._engine.connect() as connection:
            return await _taken(connection, people, leaving_out)


async def follow_journal(
    connection: AsyncConnection, engine: AsyncEngine, relationship: str, new: Sequence[JournalEntry]
) -> None:
    """Keep the table true to what has just been written into the journal, in the journal's own transaction."""
    changes = changes_in(new)
    pair = pair_in(new) or (await _pair_of(connection, relationship) if changes else None)
    for change in changes:
        if isinstance(change, TimeTaken):
            if pair:
                await _take(connection, engine, relationship, change, pair)
        elif change.session is not None:
            await connection.execute(delete(bookings).where(_is_of(relationship, change.session)))
        else:
            others = (bookings.c.relationship == relationship) & bookings.c.session.not_in(change.but)
            await connection.execute(delete(bookings).where(others))


async def _alone_with(connection: AsyncConnection, people: Sequence[str]) -> None:
    """Until the transaction ends, nobody else gets here with one of these people."""
    if connection.dialect.name == "sqlite":
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    # In one order everywhere, so that two who want the same two people wait for each other and never both.
    for number in sorted({_number_of(person) for person in people}):
        await connection.execute(select(func.pg_advisory_xact_lock(number)))


def _number_of(person: str) -> int:
    return int.from_bytes(sha256(f"{_LOCK_SPACE}/{person}".encode()).digest()[:8], signed=True)


async def _taken(connection: AsyncConnection, people: Sequence[str], leaving_out: tuple[str, int]) -> list[Span]:
    concerns = or_(bookings.c.mentor.in_(people), bookings.c.mentee.in_(people))
    spans = select(bookings.c.starts_at, bookings.c.ends_at).where(concerns & ~_is_of(*leaving_out))
    return [(row.starts_at, row.ends_at) for row in await connection.execute(spans.order_by(bookings.c.starts_at))]


def _is_of(relationship: str, session: int) -> ColumnElement[bool]:
    return (bookings.c.relationship == relationship) & (bookings.c.session == session)


async def _take(
    connection: AsyncConnection, engine: AsyncEngine, relationship: str, taken: TimeTaken, pair: tuple[str, str]
) -> None:
    add = insert_into(bookings, engine).values(
        relationship=relationship,
        session=taken.session,
        mentor=pair[0],
        mentee=pair[1],
        starts_at=taken.starts_at,
        ends_at=taken.ends_at,
    )
    changes = {"starts_at": add.excluded.starts_at, "ends_at": add.excluded.ends_at}
    await connection.execute(add.on_conflict_do_update(index_elements=["relationship", "session"], set_=changes))


async def _pair_of(connection: AsyncConnection, relationship: str) -> tuple[str, str] | None:
    first = select(journal.c.sequence, journal.c.kind, journal.c.happened_at, journal.c.body).where(
        (journal.c.relationship == relationship) & (journal.c.sequence == 1)
    )
    return pair_in([JournalEntry(**row._asdict()) for row in await connection.execute(first)])
