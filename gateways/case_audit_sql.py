"""The audit chains of the cases in SQL. Rows are added; the database itself refuses to change or remove any."""

from collections.abc import Sequence

from sqlalchemy import Row, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mentoring_lifecycle.activities.ports import AuditConflict
from mentoring_lifecycle.domain.cases.audit import AuditRow, beginning
from mentoring_lifecycle.gateways.database import case_audit


class SqlCaseAudit:
    """Append-only, without gaps, each row linked to the one before; satisfies CaseAuditGateway."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def append(self, rows: Sequence[AuditRow]) -> int:
        """Keep rows of one case (those already there are skipped); return the last sequence kept.

        All or nothing. Raises AuditConflict where they do not follow what is kept.
        """
        try:
            return await self._append(rows)
        except IntegrityError:  # somebody else was appending the same rows: they are there now, and looked at again
            return await self._append(rows)

    async def _append(self, rows: Sequence[AuditRow]) -> int:
        async with self._engine.begin() as connection:
            kept = await _kept_since(connection, rows[0].case, rows[0].sequence - 1)
            if new := following(kept, rows):
                await connection.execute(insert(case_audit), [_columns(row) for row in new])
        return max(row.sequence for row in (*kept, *new))

    async def read(self, case: str) -> Sequence[AuditRow]:
        """All rows of a case as they are, in order of their numbers."""
        async with self._engine.connect() as connection:
            return await _kept_since(connection, case, None)

    async def cases(self) -> Sequence[str]:
        """Every case that has rows, in the order of ids."""
        async with self._engine.connect() as connection:
            found = await connection.scalars(select(case_audit.c.case_id).distinct().order_by(case_audit.c.case_id))
            return found.all()


def following(kept: Sequence[AuditRow], rows: Sequence[AuditRow]) -> Sequence[AuditRow]:
    """Those of the rows that are new and follow what is kept, one by one. Raises AuditConflict.

    `kept` holds at least what is kept from the row before the first of them on.
    """
    known, last, new = {row.sequence: row.hash for row in kept}, kept[-1] if kept else None, list[AuditRow]()
    for row in rows:
        if known.get(row.sequence) == row.hash:
            continue
        follows = (last.sequence + 1, last.hash) if last else (1, beginning(row.case))
        if (row.sequence, row.previous) != follows:
            raise AuditConflict(row.case, row.sequence)
        new.append(row)
        last = row
    return new


async def _kept_since(connection: AsyncConnection, case: str, sequence: int | None) -> Sequence[AuditRow]:
    wanted = select(case_audit).where(case_audit.c.case_id == case).order_by(case_audit.c.sequence)
    if sequence is not None:
        wanted = wanted.where(case_audit.c.sequence >= sequence)
    return [_row(found) for found in await connection.execute(wanted)]


def _row(found: Row[tuple[object, ...]]) -> AuditRow:
    values = found._asdict()
    return AuditRow(case=values.pop("case_id"), **values)


def _columns(row: AuditRow) -> dict[str, object]:
    return {
        "case_id": row.case,
        "sequence": row.sequence,
        "at": row.at,
        "actor": row.actor,
        "action": row.action,
        "codes": row.codes,
        "previous": row.previous,
        "hash": row.hash,
    }
