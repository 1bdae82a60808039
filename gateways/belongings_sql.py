"""What one relationship has in the SQL database, taken along when it moves, and put down where it goes on."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, case, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mentoring_lifecycle.activities.ports import LedgerState, Pairing
from mentoring_lifecycle.contracts.deliveries import JournalEntry, JournalTail
from mentoring_lifecycle.contracts.moves import Belongings, KeptBlock, KeptEffect, KeptReplyAddress, KeptTime
from mentoring_lifecycle.gateways.database import (
    blocks,
    bookings,
    effects,
    insert_into,
    journal,
    pairings,
    relationships,
    reply_addresses,
)
from mentoring_lifecycle.gateways.journal_sql import SqlJournal, pairing_of
from mentoring_lifecycle.gateways.ledger_sql import utc_now
from mentoring_lifecycle.gateways.pairings_sql import close_pairing

MOVED = "moved"
"""The standing, in the summary, of a relationship that has left, and why the ledger here lets nobody do what is left
to do: that has gone along."""
MOVED_UNKNOWN = "moved_unknown"
"""The same of an effect of which nobody could tell."""
_LEFT = {
    MOVED: {"state": LedgerState.CLAIMED.value, "reason": ""},
    MOVED_UNKNOWN: {"state": LedgerState.UNKNOWN.value, "reason": MOVED},
}
"""What such an effect was, and is again where it goes on."""


_TO_DO = (LedgerState.CLAIMED, LedgerState.UNKNOWN)
_ONE_MOMENT = {"sqlite": "BEGIN", "postgresql": "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"}
"""Several reads see the same moment only where they are asked to."""


class EffectsUnderWay(Exception):
    """Somebody is at effects of a relationship that is to move; they are over when the last lease is."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"effects are under way, at most until {until:%Y-%m-%d %H:%M:%S} UTC")
        self.until = until


class SqlBelongings:
    """Reads them where a relationship leaves, and keeps them where it arrives."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock
        self._journal = SqlJournal(engine)

    async def read(self, relationship: str, pair: tuple[str, str]) -> Belongings:
        """Everything of one moment. Raises EffectsUnderWay: what becomes of a claimed effect nobody could tell."""
        one, other = sorted(pair)
        async with self._engine.connect() as connection:
            await connection.exec_driver_sql(_ONE_MOMENT[self._engine.dialect.name])
            found = await _rows(connection, select(effects).where(effects.c.relationship == relationship))
            kept = tuple([self._at_rest(row) for row in found])
            entries = select(*_columns(journal, JournalEntry)).where(journal.c.relationship == relationship)
            replies = select(*_columns(reply_addresses, KeptReplyAddress)).where(
                reply_addresses.c.relationship == relationship
            )
            times = select(*_columns(bookings, KeptTime)).where(bookings.c.relationship == relationship)
            block = select(*_columns(blocks, KeptBlock)).where(blocks.c.one == one, blocks.c.other == other)
            return Belongings(
                entries=await _read(connection, entries.order_by(journal.c.sequence), JournalEntry),
                effects=kept,
                reply_addresses=await _read(connection, replies.order_by(reply_addresses.c.person), KeptReplyAddress),
                times=await _read(connection, times.order_by(bookings.c.session), KeptTime),
                blocks=await _read(connection, block.order_by(blocks.c.seal), KeptBlock),
            )

    def _at_rest(self, row: dict[str, Any]) -> KeptEffect:
        """A lease that has run out is UNKNOWN, as for whoever would claim it; one that runs is in somebody's hands."""
        is_claimed = row["state"] == LedgerState.CLAIMED and row["lease_until"] is not None
        if is_claimed and row["lease_until"] > self._clock():
            raise EffectsUnderWay(row["lease_until"])
        ran_out = {"state": LedgerState.UNKNOWN.value, "reason": "lease"} if is_claimed else {}
        seen = _LEFT.get(row["reason"], ran_out)
        return KeptEffect(**{name: (row | seen)[name] for name in KeptEffect.__dataclass_fields__})

    async def open_elsewhere(self, relationship: str, programme: str, pair: tuple[str, str]) -> str:
        """The id of another open relationship of these two in this programme, or an empty text."""
        among = [and_(pairings.c.mentor == one, pairings.c.mentee == other) for one, other in (pair, pair[::-1])]
        others = select(pairings.c.relationship).where(
            pairings.c.is_open, pairings.c.programme == programme, pairings.c.relationship != relationship, or_(*among)
        )
        async with self._engine.connect() as connection:
            return str(await connection.scalar(others.limit(1)) or "")

    async def keep(self, summary: JournalTail, pair: tuple[str, str], belongings: Belongings) -> None:
        """Put them down, before anything of the relationship goes on here; done twice, they are there once.

        `summary` is the relationship as it arrives, with its last entries. The ledger comes first, for it keeps things
        from being done again. What is known here already stays, unless nobody here could tell what became of it.
        """
        relationship, (mentor, mentee) = summary.relationship, pair
        one, other = sorted(pair)
        async with self._engine.begin() as connection:
            for effect in belongings.effects:
                await self._keep_effect(connection, relationship, effect)
            await self._add(connection, reply_addresses, belongings.reply_addresses, relationship=relationship)
            await self._add(connection, blocks, belongings.blocks, one=one, other=other)
        await self._journal.append(summary)
        async with self._engine.begin() as connection:
            owners = {"relationship": relationship, "mentor": mentor, "mentee": mentee}
            await self._add(connection, bookings, belongings.times, **owners)
            await self._open(connection, pairing_of(relationship, summary.entries[0]))
            await self._stand(connection, relationship, summary.standing)

    async def leave(self, relationship: str) -> None:
        """What stays behind says that it has left: places are given back, and nothing is left to do here."""
        mine, is_unknown = effects.c.relationship == relationship, effects.c.state == LedgerState.UNKNOWN
        reason = case((is_unknown | effects.c.lease_until.is_not(None), MOVED_UNKNOWN), else_=MOVED)
        to_do = effects.update().where(mine, effects.c.state.in_(_TO_DO))
        async with self._engine.begin() as connection:
            gone = to_do.values(
                state=LedgerState.SUPPRESSED, reason=reason, token=effects.c.token + 1, lease_until=None
            )
            await connection.execute(gone)
            await close_pairing(connection, relationship)
            await self._stand(connection, relationship, MOVED)

    async def has_left(self, relationship: str) -> bool:
        """Whether it went elsewhere from here and has not come back; known for longer than any history is kept."""
        standing = select(relationships.c.standing).where(relationships.c.relationship == relationship)
        async with self._engine.connect() as connection:
            return await connection.scalar(standing) == MOVED

    async def _keep_effect(self, connection: AsyncConnection, relationship: str, effect: KeptEffect) -> None:
        values = _values(effect) | {"relationship": relationship, "lease_until": None}
        add = insert_into(effects, self._engine).values(values)
        # A higher token, so that whoever still believes to have claimed it here settles nothing.
        verdict = {name: add.excluded[name] for name in ("state", "reason", "remote_id", "was_unknown", "changed_at")}
        changes = verdict | {"token": effects.c.token + 1, "lease_until": None}
        await connection.execute(
            add.on_conflict_do_update(index_elements=["key"], set_=changes, where=_tells_more(add.excluded))
        )

    async def _add(self, connection: AsyncConnection, table: Table, kept: Sequence[Any], **owner: str) -> None:
        if kept:
            rows = [_values(each) | owner for each in kept]
            await connection.execute(insert_into(table, self._engine).on_conflict_do_nothing(), rows)

    async def _open(self, connection: AsyncConnection, pairing: Pairing) -> None:
        add = insert_into(pairings, self._engine).values(_values(pairing))
        await connection.execute(add.on_conflict_do_update(index_elements=["relationship"], set_={"is_open": True}))

    async def _stand(self, connection: AsyncConnection, relationship: str, standing: str) -> None:
        mine = relationships.c.relationship == relationship
        await connection.execute(relationships.update().where(mine).values(standing=standing))


def _tells_more(given: Any) -> ColumnElement[bool]:
    """What is settled stays settled, what had left comes back, and no doubt is taken for a certain failure."""
    had_left = (effects.c.state == LedgerState.SUPPRESSED) & effects.c.reason.in_(_LEFT)
    settles = given.state.not_in(_TO_DO)
    doubts = and_(given.state == LedgerState.UNKNOWN, effects.c.changed_at < given.changed_at)
    return or_(had_left, and_(effects.c.state.in_(_TO_DO), or_(settles, doubts)))


def _columns(table: Table, kind: type[Any]) -> list[Any]:
    return [table.c[name] for name in kind.__dataclass_fields__]


def _values(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


async def _rows(connection: AsyncConnection, wanted: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(wanted)).mappings()]


async def _read(connection: AsyncConnection, wanted: Select[Any], kind: type[Any]) -> tuple[Any, ...]:
    return tuple([kind(**row) for row in await _rows(connection, wanted)])
