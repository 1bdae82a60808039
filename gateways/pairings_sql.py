"""Who is paired with whom, and who never again, in SQL: places are taken one at a time, so nobody is promised twice."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Insert, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mentoring_lifecycle.activities.ports import Block, Pairing
from mentoring_lifecycle.domain.people import PAIR
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.gateways.database import blocks, insert_into, pairings
from mentoring_lifecycle.gateways.ledger_sql import utc_now

_LOCK: Final = 0x7061697273


class SqlPairings:
    """Satisfies PairingsGateway."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    async def reserve(
        self, relationship: str, *, programme: str, mentor: str, mentee: str, capacities: Mapping[str, int]
    ) -> Rejection | None:
        """Take the two places of a relationship, or say why not."""
        wanted = Pairing(relationship, programme, mentor, mentee, True, self._clock())
        async with self._engine.begin() as connection:
            # Before anything is read: two openers who both saw the last place free would both take it.
            await connection.exec_driver_sql(_one_at_a_time(self._engine.dialect.name))
            if await connection.scalar(select(exists().where(_blocked(mentor, mentee)))):
                return Rejection(Refusal.BLOCKED_PAIR)
            known = await _find(connection, relationship)
            if known:
                return taken_by(known, wanted)
            if refused := await _refusal(connection, wanted, capacities):
                return refused
            await connection.execute(opening_row(wanted, self._engine))
        return None

    async def release(self, relationship: str) -> None:
        """Forget an open reservation; what has ended is kept."""
        gone = delete(pairings).where(pairings.c.relationship == relationship, pairings.c.is_open)
        async with self._engine.begin() as connection:
            await connection.execute(gone)

    async def close(self, relationship: str) -> None:
        """Give the places back."""
        async with self._engine.begin() as connection:
            await close_pairing(connection, relationship)

    async def is_blocked(self, one: str, other: str) -> bool:
        """Whether these two are never paired again."""
        async with self._engine.connect() as connection:
            return bool(await connection.scalar(select(exists().where(_blocked(one, other)))))

    async def block(self, one: str, other: str, *, seal: str = "") -> bool:
        """Never pair these two again; False where the same seal said so already."""
        first, second = sorted((one, other))
        add = insert_into(blocks, self._engine).values(one=first, other=second, seal=seal, since=self._clock())
        async with self._engine.begin() as connection:
            # Like an opening: who reserved before is seen by whoever looks next, and who comes after sees the block.
            await connection.exec_driver_sql(_one_at_a_time(self._engine.dialect.name))
            return (await connection.execute(add.on_conflict_do_nothing())).rowcount > 0

    async def unblock(self, one: str, other: str, *, seal: str = "", of_all: bool = False) -> bool:
        """Take back what was said with this seal, else with none; False where there is neither."""
        said = [()] if of_all else [(blocks.c.seal == each,) for each in dict.fromkeys((seal, ""))]
        async with self._engine.begin() as connection:
            for which in said:
                gone = await connection.execute(delete(blocks).where(_blocked(one, other), *which))
                if gone.rowcount > 0:
                    return True
        return False

    async def blocks(self) -> Sequence[Block]:
        """The block list, in the order of ids; every pair once."""
        pair = (blocks.c.one, blocks.c.other)
        wanted = select(*pair, func.min(blocks.c.since).label("since")).group_by(*pair).order_by(*pair)
        async with self._engine.connect() as connection:
            return [Block(**row._asdict()) for row in await connection.execute(wanted)]

    async def of(self, person: str) -> Sequence[Pairing]:
        """Every pairing of a person, the oldest first."""
        wanted = select(pairings).where(_has(person)).order_by(pairings.c.since, pairings.c.relationship)
        async with self._engine.connect() as connection:
            return [Pairing(**row._asdict()) for row in await connection.execute(wanted)]

    async def find(self, relationship: str) -> Pairing | None:
        """The two of a relationship."""
        async with self._engine.connect() as connection:
            return await _find(connection, relationship)


def taken_by(known: Pairing, wanted: Pairing) -> Rejection | None:
    """What it means that an id is known: the same relationship asks again, it has ended, or others have the id."""
    if (known.programme, known.mentor, known.mentee) != (wanted.programme, wanted.mentor, wanted.mentee):
        return Rejection(Refusal.ID_TAKEN, wanted.relationship)
    return None if known.is_open else Rejection(Refusal.CLOSED)


def opening_row(pairing: Pairing, engine: AsyncEngine) -> Insert:
    """Adds the row of a pairing, unless it is there already; shared with the journal, whose projection this is."""
    values = {name: getattr(pairing, name) for name in Pairing.__dataclass_fields__}
    return insert_into(pairings, engine).values(values).on_conflict_do_nothing()


async def close_pairing(connection: AsyncConnection, relationship: str) -> None:
    """Give the places back, within a transaction of somebody else's."""
    await connection.execute(update(pairings).where(pairings.c.relationship == relationship).values(is_open=False))


async def _refusal(connection: AsyncConnection, wanted: Pairing, capacities: Mapping[str, int]) -> Rejection | None:
    same_pair = and_(_has(wanted.mentor), _has(wanted.mentee), pairings.c.programme == wanted.programme)
    if await connection.scalar(select(exists().where(pairings.c.is_open, same_pair))):
        return Rejection(Refusal.ALREADY_PAIRED)
    for party, person in zip(PAIR, (wanted.mentor, wanted.mentee), strict=True):
        capacity = capacities.get(person, 0)
        if capacity and await _open_relationships(connection, person) >= capacity:
            return Rejection(Refusal.NO_CAPACITY, party)
    return None


async def _open_relationships(connection: AsyncConnection, person: str) -> int:
    counted = select(func.count()).select_from(pairings).where(pairings.c.is_open, _has(person))
    return await connection.scalar(counted) or 0


async def _find(connection: AsyncConnection, relationship: str) -> Pairing | None:
    found = await connection.execute(select(pairings).where(pairings.c.relationship == relationship))
    row = found.one_or_none()
    return Pairing(**row._asdict()) if row else None


def _has(person: str) -> ColumnElement[bool]:
    return or_(pairings.c.mentor == person, pairings.c.mentee == person)


def _blocked(one: str, other: str) -> ColumnElement[bool]:
    first, second = sorted((one, other))
    return and_(blocks.c.one == first, blocks.c.other == second)


def _one_at_a_time(dialect: str) -> str:
    # Openings are rare; one lock for all of them has no order in which two could wait for each other.
    return "BEGIN IMMEDIATE" if dialect == "sqlite" else f"SELECT pg_advisory_xact_lock({_LOCK})"
