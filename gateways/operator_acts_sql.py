"""The audit of operators in SQL: who did what, when and why, and what came of it. Rows are only ever added."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from mentoring_lifecycle.gateways.database import operator_acts
from mentoring_lifecycle.gateways.ledger_sql import utc_now

BEGUN = "begun"
"""Result of the first of an act's two rows; where there is no second, it was cut off."""


@dataclass(frozen=True, slots=True)
class OperatorAct:
    """One row of the audit."""

    act_id: str
    at: datetime
    """UTC."""
    person: str
    act: str
    target: str
    """An effect key, a query or a folder."""
    why: str
    result: str


class SqlOperatorActs:
    """Append-only, which the database itself sees to."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    async def note(self, act_id: str, *, person: str, act: str, target: str, why: str, result: str = BEGUN) -> None:
        """Add one row; committed when this returns."""
        row = OperatorAct(act_id, self._clock(), person, act, target, why, result)
        values = {name: getattr(row, name) for name in OperatorAct.__dataclass_fields__}
        async with self._engine.begin() as connection:
            await connection.execute(insert(operator_acts).values(values))

    async def rows(self, limit: int = 1000) -> Sequence[OperatorAct]:
        """The last rows, oldest first."""
        columns = (operator_acts.c[name] for name in OperatorAct.__dataclass_fields__)
        last = select(*columns).order_by(operator_acts.c.number.desc()).limit(limit)
        async with self._engine.connect() as connection:
            found = [OperatorAct(**row._asdict()) for row in await connection.execute(last)]
        return found[::-1]
