"""The audit chains in SQL: every row once, in order, and the database itself refuses to change or remove any."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mentoring_lifecycle.activities.ports import AuditConflict, LedgerState
from mentoring_lifecycle.domain.cases.audit import AuditRow, Problem, beginning, findings, sealed
from mentoring_lifecycle.gateways.case_audit_sql import SqlCaseAudit
from mentoring_lifecycle.gateways.database import (
    CASES_SCHEMA,
    CASES_VERSION_TABLE,
    VERSION_TABLE,
    case_effects,
    cases_metadata,
    metadata,
    migrate,
    open_database,
    schema_is_current,
)
from mentoring_lifecycle.gateways.ledger_sql import SqlLedger

BEGUN = datetime(2027, 1, 12, 9, 0, 0, 123456, tzinfo=UTC)


def chain(last: int, case: str = "c-1") -> tuple[AuditRow, ...]:
    """So many rows of a case, from its first."""
    rows, previous = [], beginning(case)
    for number in range(1, last + 1):
        at = BEGUN + timedelta(hours=number)
        rows.append(sealed(AuditRow(case, number, at, "h-1", "report_read", "clock=triage", previous)))
        previous = rows[-1].hash
    return tuple(rows)


@pytest.fixture
async def store(empty_url: str) -> AsyncIterator[AsyncEngine]:
    """The database of the cases, and nothing else in it."""
    await migrate(empty_url, CASES_SCHEMA)
    engine = open_database(empty_url)
    yield engine
    await engine.dispose()


@pytest.fixture
def audit(store: AsyncEngine) -> SqlCaseAudit:
    return SqlCaseAudit(store)


async def test_rows_come_back_as_they_were(audit: SqlCaseAudit) -> None:
    """Equal in every field, the microsecond included: their hashes still fit."""
    assert await audit.append(chain(3)) == 3
    assert await audit.append(chain(5)[3:]) == 5
    assert await audit.append(chain(2, "c-2")) == 2
    assert await audit.read("c-1") == [*chain(5)]
    assert findings("c-1", await audit.read("c-1")) == ()
    assert await audit.cases() == ["c-1", "c-2"]
    assert await audit.read("c-3") == []


async def test_appending_again_changes_nothing(audit: SqlCaseAudit) -> None:
    """A repeated tail, whole, overlapping or older, adds only what is new."""
    await audit.append(chain(4))
    for tail in (chain(4), chain(4)[1:], chain(3)[2:]):
        await audit.append(tail)
    assert await audit.append(chain(6)[2:]) == 6
    assert await audit.read("c-1") == [*chain(6)]


@pytest.mark.parametrize("what", ["other", "gap", "unlinked", "lost"])
async def test_what_does_not_follow_is_refused_whole(audit: SqlCaseAudit, what: str) -> None:
    """Another row under a number that is taken, a gap, a wrong link, and rows that follow ones that are gone."""
    await audit.append(chain(3))
    fourth, fifth = chain(5)[3:]
    conflicting = {
        "other": (sealed(replace(chain(3)[2], actor="h-2")), fourth),
        "gap": (fifth,),
        "unlinked": (fourth, sealed(replace(fifth, previous="0" * 64))),
        "lost": tuple(replace(row, case="c-2") for row in (fourth, fifth)),
    }[what]
    with pytest.raises(AuditConflict) as refused:
        await audit.append(conflicting)
    assert refused.value.sequence in (3, 4, 5)
    assert await audit.read("c-1") == [*chain(3)]
    assert await audit.cases() == ["c-1"]


async def test_many_who_append_the_same_at_once_keep_it_once(audit: SqlCaseAudit) -> None:
    """As when a worker is slow and another one takes over."""
    kept = await asyncio.gather(*(audit.append(chain(5)) for _ in range(8)), return_exceptions=True)
    assert 5 in kept
    assert await audit.append(chain(5)) == 5
    assert await audit.read("c-1") == [*chain(5)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE mentoring_case_audit SET actor = 'h-nobody' WHERE sequence = 2",
        "UPDATE mentoring_case_audit SET hash = hash",
        "DELETE FROM mentoring_case_audit WHERE sequence = 3",
        "DELETE FROM mentoring_case_audit",
        "INSERT INTO mentoring_case_audit SELECT * FROM mentoring_case_audit WHERE sequence = 2",
        "REPLACE INTO mentoring_case_audit SELECT * FROM mentoring_case_audit WHERE sequence = 2",
        "TRUNCATE mentoring_case_audit",
    ],
)
async def test_the_database_refuses_to_change_or_remove_a_row(store: AsyncEngine, statement: str) -> None:
    """With plain SQL, past our own code; what only one of the two systems knows is an error in the other anyway."""
    audit = SqlCaseAudit(store)
    await audit.append(chain(3))
    with pytest.raises(DBAPIError):
        async with store.begin() as connection:
            await connection.execute(text(statement))
    assert await audit.read("c-1") == [*chain(3)]


async def test_who_drops_the_trigger_and_tampers_is_found(store: AsyncEngine) -> None:
    """The trigger keeps accidents out; the chain tells of everybody else."""
    audit = SqlCaseAudit(store)
    await audit.append(chain(5))
    await drop_triggers(store)
    async with store.begin() as connection:
        await connection.execute(text("UPDATE mentoring_case_audit SET actor = 'h-nobody' WHERE sequence = 2"))
        await connection.execute(text("DELETE FROM mentoring_case_audit WHERE sequence = 4"))
    found = findings("c-1", await audit.read("c-1"))
    assert [(each.sequence, each.problem) for each in found] == [(2, Problem.ALTERED), (4, Problem.MISSING)]


async def drop_triggers(engine: AsyncEngine) -> None:
    """As somebody does who may do everything in the database."""
    async with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            names = await connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
            for name in names.all():
                await connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            await connection.execute(text("ALTER TABLE mentoring_case_audit DISABLE TRIGGER ALL"))


# --- a schema of its own ----------------------------------------------------------------------------------------


async def test_the_schema_is_the_one_the_code_expects(store: AsyncEngine) -> None:
    """Tables and migrations say the same, and there is no table of the relationships."""
    assert await schema_is_current(store, CASES_SCHEMA)
    async with store.connect() as connection:
        assert await connection.run_sync(_differences) == []
        assert await connection.run_sync(_tables) == {*cases_metadata.tables, CASES_VERSION_TABLE}


async def test_the_relationships_have_no_table_of_the_cases(url: str) -> None:
    """What one keeps the other cannot show."""
    engine = open_database(url)
    try:
        async with engine.connect() as connection:
            assert await connection.run_sync(_tables) == {*metadata.tables, VERSION_TABLE}
        assert not {*metadata.tables} & {*cases_metadata.tables}
    finally:
        await engine.dispose()


async def test_both_schemas_may_live_in_one_database(empty_url: str) -> None:
    """Whichever comes first, again and again, each with a ledger of its own."""
    for _ in range(2):
        await migrate(empty_url, CASES_SCHEMA)
        await migrate(empty_url)
    engine = open_database(empty_url)
    try:
        ours, theirs = SqlLedger(engine), SqlLedger(engine, table=case_effects)
        claim = await theirs.claim(
            "k", relationship="case-c-1", purpose="x", lease=timedelta(minutes=1), again_if_unknown=False
        )
        await theirs.settle("k", claim.token, LedgerState.ACCEPTED)
        assert (await ours.rows(), [row.key for row in await theirs.rows()]) == ([], ["k"])
        assert await schema_is_current(engine)
        assert await schema_is_current(engine, CASES_SCHEMA)
    finally:
        await engine.dispose()


async def test_what_was_appended_survives_the_process(tmp_path: Path) -> None:
    """Committed when `append` returns."""
    url = f"sqlite:///{tmp_path}/cases.db"
    await migrate(url, CASES_SCHEMA)
    for last in (2, 4):
        engine = open_database(url)
        await SqlCaseAudit(engine).append(chain(last))
        await engine.dispose()
    engine = open_database(url)
    assert await SqlCaseAudit(engine).read("c-1") == [*chain(4)]
    await engine.dispose()


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"version_table": CASES_VERSION_TABLE})
    return list(compare_metadata(context, cases_metadata))


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())
