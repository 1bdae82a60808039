"""Where the database is and how its schema comes to be."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine

from mentoring_lifecycle.gateways.database import (
    VERSION_TABLE,
    UnsupportedDatabase,
    journal,
    metadata,
    migrate,
    open_database,
    relationships,
    schema_is_current,
)

MIGRATE_WHEN_TOLD = """
import asyncio, sys
from mentoring_lifecycle.gateways.database import migrate
print("ready", flush=True)
sys.stdin.readline()
asyncio.run(migrate(sys.argv[1]))
"""


# --- addresses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "driver"),
    [
        ("sqlite:///some/file.db", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:///some/file.db", "sqlite+aiosqlite"),
        ("postgresql://someone@db.example/mentoring", "postgresql+asyncpg"),
        ("postgres://someone@db.example/mentoring", "postgresql+asyncpg"),
        ("postgresql+asyncpg://someone@db.example/mentoring", "postgresql+asyncpg"),
    ],
)
def test_plain_and_explicit_urls_lead_to_the_async_driver(written: str, driver: str) -> None:
    """A URL works with and without the name of a driver."""
    assert open_database(written).url.drivername == driver


def test_libpq_sslmode_is_understood() -> None:
    """A URL copied from a PostgreSQL console keeps its demand for TLS."""
    query = open_database("postgresql://db.example/mentoring?sslmode=require").url.query
    assert dict(query) == {"ssl": "require"}


@pytest.mark.parametrize("written", ["sqlite://", "sqlite:///:memory:", "mysql://u:secret@db.example/x"])
def test_a_database_that_cannot_keep_promises_is_refused(written: str) -> None:
    """Memory and unknown systems are refused, and the refusal does not repeat the password."""
    with pytest.raises(UnsupportedDatabase, match="database URL") as refusal:
        open_database(written)
    assert "secret" not in str(refusal.value)


# --- SQLite settings --------------------------------------------------------------------------------------------


async def test_every_sqlite_connection_is_durable_and_strict(tmp_path: Path) -> None:
    """WAL, full synchronisation, foreign keys, a long patience and secure deletion hold on each connection."""
    engine = open_database(f"sqlite:///{tmp_path}/mentoring.db")
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30000, "secure_delete": 1}
    try:
        async with engine.connect() as first, engine.connect() as second:
            for connection in (first, second):
                found = {name: await connection.scalar(text(f"PRAGMA {name}")) for name in wanted}
                assert found == wanted
    finally:
        await engine.dispose()


# --- schema -----------------------------------------------------------------------------------------------------


async def test_migrate_makes_the_schema_the_code_expects(empty_url: str) -> None:
    """After migrating, tables and migrations say the same, and only our own names were added."""
    engine = open_database(empty_url)
    try:
        assert not await schema_is_current(engine)
        await migrate(empty_url)
        assert await schema_is_current(engine)
        async with engine.connect() as connection:
            assert await connection.run_sync(_differences) == []
            assert await connection.run_sync(_table_names) == {*metadata.tables, VERSION_TABLE}
    finally:
        await engine.dispose()


async def test_migrate_again_keeps_everything(url: str, engine: AsyncEngine) -> None:
    """Migrating a database that is current changes nothing in it."""
    async with engine.begin() as connection:
        await connection.execute(insert(relationships).values(SUMMARY))
    await migrate(url)
    async with engine.connect() as connection:
        assert await connection.scalar(select(relationships.c.relationship)) == "r-1"


async def test_processes_that_migrate_at_once_all_succeed(empty_url: str) -> None:
    """Two workers started together find or make the schema, and none fails."""
    assert _migrated_at_once(empty_url, workers=2) == [("", 0)] * 2
    engine = open_database(empty_url)
    try:
        assert await schema_is_current(engine)
    finally:
        await engine.dispose()


async def test_many_who_open_a_new_file_at_once_all_succeed(tmp_path: Path) -> None:
    """SQLite refuses one of two changes to WAL at once, and does not wait for it; nobody hears of that."""
    for number in range(40):
        engines = [open_database(f"sqlite:///{tmp_path}/{number}.db") for _ in range(8)]
        try:
            assert await asyncio.gather(*map(_journal_mode, engines)) == ["wal"] * 8
        finally:
            await asyncio.gather(*(engine.dispose() for engine in engines))


async def _journal_mode(engine: AsyncEngine) -> str:
    async with engine.connect() as connection:
        return str(await connection.scalar(text("PRAGMA journal_mode")))


async def test_a_migration_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    """A table in the way stops the migration, and none of the tables made before it stays."""
    engine = open_database(empty_url)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE mentoring_journal (mine INTEGER)"))
        with pytest.raises(DBAPIError):
            await migrate(empty_url)
        async with engine.connect() as connection:
            assert await connection.run_sync(_table_names) == {"mentoring_journal"}
    finally:
        await engine.dispose()


def _migrated_at_once(url: str, *, workers: int) -> list[tuple[str, int]]:
    """What each process said on stderr, and how it ended; all are loaded before the first begins."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-P", "-c", MIGRATE_WHEN_TOLD, url]
    started = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(workers)]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [(process.communicate(timeout=60)[1], process.returncode) for process in started]


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return list(compare_metadata(context, metadata))


def _table_names(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


# --- values -----------------------------------------------------------------------------------------------------

SUMMARY = {
    "relationship": "r-1",
    "programme": "",
    "phase": "",
    "standing": "",
    "outcome": "",
    "sequence": 1,
    "updated_at": datetime(2027, 1, 4, tzinfo=UTC),
}


async def test_an_instant_comes_back_in_utc(engine: AsyncEngine) -> None:
    """An instant given in any zone is read back as the same instant in UTC, to the microsecond."""
    given = datetime(2027, 3, 28, 3, 30, 0, 7, tzinfo=timezone(timedelta(hours=2)))
    async with engine.begin() as connection:
        await connection.execute(insert(relationships).values(SUMMARY | {"updated_at": given}))
        found = await connection.scalar(select(relationships.c.updated_at))
    assert found == given
    assert found is not None
    assert found.tzinfo is UTC


async def test_a_naive_instant_is_refused(engine: AsyncEngine) -> None:
    """No local time without a zone ever reaches the database."""
    naive = datetime(2027, 1, 4)  # noqa: DTZ001 - naive on purpose
    with pytest.raises(StatementError, match="without a time zone"):
        async with engine.begin() as connection:
            await connection.execute(insert(relationships).values(SUMMARY | {"updated_at": naive}))


async def test_entries_of_an_unknown_relationship_are_refused(engine: AsyncEngine) -> None:
    """Foreign keys are enforced on both databases."""
    stray = {"relationship": "nobody", "sequence": 1, "kind": "", "happened_at": SUMMARY["updated_at"], "body": ""}
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"):
        async with engine.begin() as connection:
            await connection.execute(insert(journal).values(stray))
