"""The effect ledger in SQL: every step is one guarded statement, so no two workers can both believe they were first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Update, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mentoring_lifecycle.activities.ports import Claim, LedgerState
from mentoring_lifecycle.gateways.database import effects, insert_into

_REMOTE_ID_LENGTH: Final = 200
_LEASE_RAN_OUT: Final = "lease"

_state = effects.c.state
_lease = effects.c.lease_until
# Given back: the row stays, because a token that started again at 1 would let a forgotten worker settle.
_is_free: Final = (_state == LedgerState.CLAIMED) & _lease.is_(None)
_is_open: Final = _state.in_([LedgerState.CLAIMED, LedgerState.UNKNOWN])


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
    """One row per effect key; satisfies LedgerGateway. Leases are measured on `clock`, which is real time."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock

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
        add = insert_into(effects, self._engine).values(first).on_conflict_do_nothing(index_elements=["key"])
        async with self._engine.begin() as connection:
            if (await connection.execute(add)).rowcount:
                return Claim(granted=True, state=LedgerState.CLAIMED, token=1)
            return await _claim_again(connection, key, now, now + lease, again_if_unknown)

    async def settle(self, key: str, token: int, state: LedgerState, *, reason: str = "", remote_id: str = "") -> bool:
        """Record what became of a claimed effect; False when the claim was lost to somebody else meanwhile.

        The last holder may still settle after the lease ran out, as long as nobody claimed the effect again: what it
        knows is better than UNKNOWN. Settling twice alike is True twice.
        """
        if state is LedgerState.CLAIMED:
            raise ValueError(f"effect {key}: an effect is settled as something other than claimed")
        settled = _change(key, self._clock(), _is_held_by(token), or_(_is_open, _state == state)).values(
            state=state, reason=reason, remote_id=_printable(remote_id)
        )
        return await self._carry_out(settled)

    async def release(self, key: str, token: int) -> None:
        """Give a claim back: the effect certainly did not happen and may be claimed again at once.

        An effect that was UNKNOWN before this claim is UNKNOWN again: only the last attempt certainly failed.
        """
        before = case((effects.c.was_unknown, LedgerState.UNKNOWN), else_=LedgerState.CLAIMED)
        given_back = _change(key, self._clock(), _is_held_by(token), _is_open)
        await self._carry_out(given_back.values(state=before, reason="", lease_until=None))

    async def record(self, key: str, *, relationship: str, purpose: str, state: LedgerState, reason: str) -> None:
        """Record an effect that was decided against before any claim (suppressed, expired).

        A claim that was given back is overwritten; whatever else the ledger knows already stays as it is.
        """
        now = self._clock()
        verdict = {"state": state, "reason": reason, "changed_at": now}
        add = insert_into(effects, self._engine).values(_row(key, relationship, purpose, now) | verdict)
        async with self._engine.begin() as connection:
            await connection.execute(add.on_conflict_do_update(index_elements=["key"], set_=verdict, where=_is_free))

    async def resolve(self, key: str, state: LedgerState, *, reason: str) -> bool:
        """Say by hand what became of an effect that is UNKNOWN; False where it is not, any more."""
        unknown = or_(_state == LedgerState.UNKNOWN, _ran_out(self._clock()))
        # A higher token, so that a worker which comes back late settles nothing.
        told = _change(key, self._clock(), unknown).values(state=state, reason=reason, token=effects.c.token + 1)
        return await self._carry_out(told)

    async def find(self, key: str) -> LedgerRow | None:
        """One effect, or None; a lease that has run out shows as UNKNOWN."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(_shown(self._clock()).where(effects.c.key == key))).mappings().one_or_none()
        return _ledger_row(row) if row else None

    async def rows(self, relationship: str | None = None, state: LedgerState | None = None) -> Sequence[LedgerRow]:
        """The effects of one relationship or of all, in one state or in any, oldest change first.

        A lease that has run out shows as UNKNOWN.
        """
        now = self._clock()
        wanted = _shown(now).order_by(effects.c.changed_at, effects.c.key)
        if relationship is not None:
            wanted = wanted.where(effects.c.relationship == relationship)
        if state is not None:
            wanted = wanted.where(_seen(now)["state"] == state)
        async with self._engine.connect() as connection:
            return [_ledger_row(row) for row in (await connection.execute(wanted)).mappings()]

    async def states(self, relationship: str) -> Mapping[str, LedgerState]:
        """Where each effect of a relationship stands, by key."""
        return {row.key: row.state for row in await self.rows(relationship)}

    async def troubled(self) -> Sequence[str]:
        """Relationships of effects that are neither done nor in anybody's hands, in the order of ids."""
        loose = or_(_state == LedgerState.UNKNOWN, _is_free, _ran_out(self._clock()))
        wanted = select(effects.c.relationship).where(loose).distinct().order_by(effects.c.relationship)
        async with self._engine.connect() as connection:
            return list((await connection.scalars(wanted)).all())

    async def counts(self) -> Mapping[LedgerState, int]:
        """How many effects stand in each state; a lease that has run out counts as UNKNOWN."""
        counted = select(_seen(self._clock())["state"].label("seen"), func.count()).group_by("seen")
        async with self._engine.connect() as connection:
            found = {LedgerState(state): count for state, count in await connection.execute(counted)}
        return {state: found.get(state, 0) for state in LedgerState}

    async def _carry_out(self, change: Update) -> bool:
        async with self._engine.begin() as connection:
            return (await connection.execute(change)).rowcount > 0


async def _claim_again(
    connection: AsyncConnection, key: str, now: datetime, until: datetime, again_if_unknown: bool
) -> Claim:
    await connection.execute(_expire(key, now))
    is_unknown = _state == LedgerState.UNKNOWN
    grant = _change(key, now, or_(_is_free, is_unknown) if again_if_unknown else _is_free).values(
        state=LedgerState.CLAIMED,
        reason="",
        token=effects.c.token + 1,
        lease_until=until,
        was_unknown=is_unknown,  # the right-hand side is the row as it was
    )
    granted = (await connection.execute(grant.returning(effects.c.token, effects.c.was_unknown))).one_or_none()
    if granted:
        return Claim(granted=True, state=LedgerState.CLAIMED, token=granted.token, was_unknown=granted.was_unknown)
    stands = (await connection.execute(select(_state, effects.c.reason).where(effects.c.key == key))).one()
    return Claim(granted=False, state=LedgerState(stands.state), reason=stands.reason)


def _change(key: str, now: datetime, *guards: ColumnElement[bool]) -> Update:
    return update(effects).where(effects.c.key == key, *guards).values(changed_at=now)


def _seen(now: datetime) -> dict[str, ColumnElement[str]]:
    """State and reason as they are at this instant, whether or not a claimer has come by to write them down."""
    return {
        "state": case((_ran_out(now), LedgerState.UNKNOWN), else_=_state),
        "reason": case((_ran_out(now), _LEASE_RAN_OUT), else_=effects.c.reason),
    }


def _shown(now: datetime) -> Select[Any]:
    seen = _seen(now)
    return select(*(seen.get(name, effects.c[name]).label(name) for name in LedgerRow.__dataclass_fields__))


def _expire(key: str, now: datetime) -> Update:
    return _change(key, now, _ran_out(now)).values(state=LedgerState.UNKNOWN, reason=_LEASE_RAN_OUT)


def _ran_out(now: datetime) -> ColumnElement[bool]:
    return (_state == LedgerState.CLAIMED) & (_lease <= now)


def _is_held_by(token: int) -> ColumnElement[bool]:
    return (effects.c.token == token) & _lease.is_not(None)


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
