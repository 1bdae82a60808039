"""The effect ledger in SQL: every step is one guarded statement, so no two workers can both believe they were first."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, Update, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mentoring_lifecycle.activities.ports import GIVEN_UP, Claim, LedgerState, LedgerTroubles, RefusedFor
from mentoring_lifecycle.gateways.database import effects, insert_into

_REMOTE_ID_LENGTH: Final = 200
_LEASE_RAN_OUT: Final = "lease"
_CALENDAR: Final = ("keep_entry", "remove_entry", "verify_calendar")
"""Purposes of what is no letter."""


def utc_now() -> datetime:
    """The real clock of this process."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One effect as operators see it."""

    key: str
    relationship: str
    purpose: str
    state: LedgerState
    reason: str
    remote_id: str
    token: int
    lease_until: datetime | None
    """End of the last lease (UTC); None with CLAIMED means given back and waiting to be tried again."""
    changed_at: datetime
    """UTC."""


class SqlLedger:
    """One row per effect key; satisfies LedgerGateway. Leases are measured on `clock`, which is real time.

    `table` is that of the relationships, or that of the cases: neither shows what the other has sent.
    """

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime] = utc_now, *, table: Table = effects) -> None:
        self._engine = engine
        self._clock = clock
        self._table = table
        self._state = table.c.state
        self._lease = table.c.lease_until
        # Given back: the row stays, because a token that started again at 1 would let a forgotten worker settle.
        self._is_free = (self._state == LedgerState.CLAIMED) & self._lease.is_(None)
        self._is_open = self._state.in_([LedgerState.CLAIMED, LedgerState.UNKNOWN])

    async def claim(
        self,
        key: str,
        *,
        relationship: str,
        purpose: str,
        lease: timedelta,
        again_if_unknown: bool,
        now: datetime | None = None,
    ) -> Claim:
        """Claim an effect before doing it; committed when this returns.

        A live lease of somebody else, or a final state, is not granted. An expired lease becomes UNKNOWN first;
        UNKNOWN is granted again only with `again_if_unknown`. Leases are judged at `now`, by default by our own clock.
        """
        now = now or self._clock()
        first = _row(key, relationship, purpose, now) | {"token": 1, "lease_until": now + lease}
        add = insert_into(self._table, self._engine).values(first).on_conflict_do_nothing(index_elements=["key"])
        async with self._engine.begin() as connection:
            if (await connection.execute(add)).rowcount:
                return Claim(granted=True, state=LedgerState.CLAIMED, token=1)
            return await self._claim_again(connection, key, now, now + lease, again_if_unknown)

    async def settle(self, key: str, token: int, state: LedgerState, *, reason: str = "", remote_id: str = "") -> bool:
        """Record what became of a claimed effect; False when the claim was lost to somebody else meanwhile.

        The last holder may still settle after the lease ran out, as long as nobody claimed the effect again: what it
        knows is better than UNKNOWN. Settling twice alike is True twice.
        """
        if state is LedgerState.CLAIMED:
            raise ValueError(f"effect {key}: an effect is settled as something other than claimed")
        settled = self._change(
            key, self._clock(), self._is_held_by(token), or_(self._is_open, self._state == state)
        ).values(state=state, reason=reason, remote_id=_printable(remote_id))
        return await self._carry_out(settled)

    async def release(self, key: str, token: int) -> None:
        """Give a claim back: the effect certainly did not happen and may be claimed again at once.

        An effect that was UNKNOWN before this claim is UNKNOWN again: only the last attempt certainly failed.
        """
        before = case((self._table.c.was_unknown, LedgerState.UNKNOWN), else_=LedgerState.CLAIMED)
        given_back = self._change(key, self._clock(), self._is_held_by(token), self._is_open)
        await self._carry_out(given_back.values(state=before, reason="", lease_until=None))

    async def record(self, key: str, *, relationship: str, purpose: str, state: LedgerState, reason: str) -> None:
        """Record an effect that was decided against before any claim (suppressed, expired).

        A claim that was given back is overwritten; whatever else the ledger knows already stays as it is.
        """
        now = self._clock()
        verdict = {"state": state, "reason": reason, "changed_at": now}
        add = insert_into(self._table, self._engine).values(_row(key, relationship, purpose, now) | verdict)
        async with self._engine.begin() as connection:
            await connection.execute(
                add.on_conflict_do_update(index_elements=["key"], set_=verdict, where=self._is_free)
            )

    async def resolve(self, key: str, state: LedgerState, *, reason: str) -> bool:
        """Say by hand what became of an effect that is UNKNOWN; False where it is not, any more."""
        unknown = or_(self._state == LedgerState.UNKNOWN, self._ran_out(self._clock()))
        # A higher token, so that a worker which comes back late settles nothing.
        told = self._change(key, self._clock(), unknown).values(
            state=state, reason=reason, token=self._table.c.token + 1
        )
        return await self._carry_out(told)

    async def find(self, key: str) -> LedgerRow | None:
        """One effect, or None; a lease that has run out shows as UNKNOWN."""
        async with self._engine.connect() as connection:
            row = (
                (await connection.execute(self._shown(self._clock()).where(self._table.c.key == key)))
                .mappings()
                .one_or_none()
            )
        return _ledger_row(row) if row else None

    async def rows(self, relationship: str | None = None, state: LedgerState | None = None) -> Sequence[LedgerRow]:
        """The effects of one relationship or of all, in one state or in any, oldest change first.

        A lease that has run out shows as UNKNOWN.
        """
        now = self._clock()
        wanted = self._shown(now).order_by(self._table.c.changed_at, self._table.c.key)
        if relationship is not None:
            wanted = wanted.where(self._table.c.relationship == relationship)
        if state is not None:
            wanted = wanted.where(self._seen(now)["state"] == state)
        async with self._engine.connect() as connection:
            return [_ledger_row(row) for row in (await connection.execute(wanted)).mappings()]

    async def states(self, relationship: str) -> Mapping[str, LedgerState]:
        """Where each effect of a relationship stands, by key."""
        return {row.key: row.state for row in await self.rows(relationship)}

    async def troubled(self) -> Sequence[str]:
        """Relationships of effects that are neither done nor in anybody's hands, in the order of ids."""
        loose = or_(self._state == LedgerState.UNKNOWN, self._is_free, self._ran_out(self._clock()))
        wanted = select(self._table.c.relationship).where(loose).distinct().order_by(self._table.c.relationship)
        async with self._engine.connect() as connection:
            return list((await connection.scalars(wanted)).all())

    async def counts(self) -> Mapping[LedgerState, int]:
        """How many effects stand in each state; a lease that has run out counts as UNKNOWN."""
        counted = select(self._seen(self._clock())["state"].label("seen"), func.count()).group_by("seen")
        async with self._engine.connect() as connection:
            found = {LedgerState(state): count for state, count in await connection.execute(counted)}
        return {state: found.get(state, 0) for state in LedgerState}

    async def troubles(self, within: timedelta = timedelta(hours=1)) -> LedgerTroubles:
        """How old the oldest unknown effect is, and which letters were refused for good within a span."""
        now = self._clock()
        unknown_since = case((self._ran_out(now), self._lease), else_=self._table.c.changed_at)
        oldest = select(func.min(unknown_since)).where(self._seen(now)["state"] == LedgerState.UNKNOWN)
        refused = select(self._table.c.reason, func.count()).where(
            self._state == LedgerState.FAILED,
            self._table.c.changed_at > now - within,
            self._table.c.purpose.not_in(_CALENDAR),
            self._table.c.reason != GIVEN_UP,
        )
        counts: Counter[RefusedFor] = Counter()
        async with self._engine.connect() as connection:
            since = (await connection.execute(oldest)).scalar_one()
            for reason, count in await connection.execute(refused.group_by(self._table.c.reason)):
                counts[RefusedFor.of(reason)] += count
        return LedgerTroubles(now - since if since else timedelta(), {about: counts[about] for about in RefusedFor})

    async def _carry_out(self, change: Update) -> bool:
        async with self._engine.begin() as connection:
            return (await connection.execute(change)).rowcount > 0

    async def _claim_again(
        self, connection: AsyncConnection, key: str, now: datetime, until: datetime, again_if_unknown: bool
    ) -> Claim:
        await connection.execute(self._expire(key, now))
        is_unknown = self._state == LedgerState.UNKNOWN
        grant = self._change(key, now, or_(self._is_free, is_unknown) if again_if_unknown else self._is_free).values(
            state=LedgerState.CLAIMED,
            reason="",
            token=self._table.c.token + 1,
            lease_until=until,
            was_unknown=is_unknown,  # the right-hand side is the row as it was
        )
        granted = (
            await connection.execute(grant.returning(self._table.c.token, self._table.c.was_unknown))
        ).one_or_none()
        if granted:
            return Claim(granted=True, state=LedgerState.CLAIMED, token=granted.token, was_unknown=granted.was_unknown)
        stands = (
            await connection.execute(select(self._state, self._table.c.reason).where(self._table.c.key == key))
        ).one()
        return Claim(granted=False, state=LedgerState(stands.state), reason=stands.reason)

    def _change(self, key: str, now: datetime, *guards: ColumnElement[bool]) -> Update:
        return update(self._table).where(self._table.c.key == key, *guards).values(changed_at=now)

    def _seen(self, now: datetime) -> dict[str, ColumnElement[str]]:
        """State and reason as they are at this instant, whether or not a claimer has come by to write them down."""
        return {
            "state": case((self._ran_out(now), LedgerState.UNKNOWN), else_=self._state),
            "reason": case((self._ran_out(now), _LEASE_RAN_OUT), else_=self._table.c.reason),
        }

    def _expire(self, key: str, now: datetime) -> Update:
        return self._change(key, now, self._ran_out(now)).values(state=LedgerState.UNKNOWN, reason=_LEASE_RAN_OUT)

    def _ran_out(self, now: datetime) -> ColumnElement[bool]:
        return (self._state == LedgerState.CLAIMED) & (self._lease <= now)

    def _shown(self, now: datetime) -> Select[Any]:
        seen = self._seen(now)
        return select(*(seen.get(name, self._table.c[name]).label(name) for name in LedgerRow.__dataclass_fields__))

    def _is_held_by(self, token: int) -> ColumnElement[bool]:
        return (self._table.c.token == token) & self._lease.is_not(None)


def _row(key: str, relationship: str, purpose: str, now: datetime) -> dict[str, Any]:
    return {
        "key": key,
        "relationship": relationship,
        "purpose": purpose,
        "state": LedgerState.CLAIMED,
        "reason": "",
        "remote_id": "",
        "token": 0,
        "lease_until": None,
        "was_unknown": False,
        "changed_at": now,
    }


def _ledger_row(row: Mapping[Any, Any]) -> LedgerRow:
    return LedgerRow(**{**row, "state": LedgerState(row["state"])})


def _printable(words: str) -> str:
    # A mail server may answer with anything; a NUL or a lone surrogate would make the acceptance itself unstorable.
    return "".join(char if char.isprintable() else "?" for char in words[:_REMOTE_ID_LENGTH])
