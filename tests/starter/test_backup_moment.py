"""The moment that a backup shows: nothing is under way in it, and nobody writes while it is copied."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from mentoring_lifecycle.activities.ports import LedgerState
from mentoring_lifecycle.gateways.database import migrate, open_database
from mentoring_lifecycle.gateways.ledger_sql import SqlLedger
from mentoring_lifecycle.starter import backup
from mentoring_lifecycle.starter.backup import OURS, TEMPORAL, BackupFailed, back_up, restore

CLAIM = {"relationship": "r", "purpose": "invitation", "again_if_unknown": False}


@pytest.fixture
async def house(tmp_path: Path) -> Path:
    """A data directory, as far as a backup looks into it."""
    folder = tmp_path / "house"
    (folder / TEMPORAL.parent).mkdir(parents=True)
    with closing(sqlite3.connect(folder / TEMPORAL)) as temporal:
        temporal.execute("CREATE TABLE anything (id)")
    await migrate(f"sqlite:///{folder / OURS}")
    return folder


def state_of(database: Path, key: str) -> str:
    with closing(sqlite3.connect(database)) as connection:
        (state,) = connection.execute("SELECT state FROM mentoring_effects WHERE key = ?", [key]).fetchone()
    return str(state)


async def test_it_waits_until_nothing_is_under_way(house: Path, tmp_path: Path) -> None:
    """A letter in somebody's hands is finished first, and stands in the copy as it ended."""
    engine = open_database(f"sqlite:///{house / OURS}")
    await SqlLedger(engine).claim("k", lease=timedelta(minutes=3), **CLAIM)
    told: list[str] = []

    def finish(words: str) -> None:
        told.append(words)
        with closing(sqlite3.connect(house / OURS)) as connection, connection:
            connection.execute("UPDATE mentoring_effects SET state = 'accepted'")

    await back_up(house, tmp_path / "backup", finish)
    await engine.dispose()
    assert told == ["Waiting for 1 effects that are under way ..."]
    assert state_of(tmp_path / "backup" / OURS, "k") == LedgerState.ACCEPTED


async def test_waiting_is_told_now_and_then(house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not at every look: there are twenty in a second."""
    under_way = iter([2, 3, 1, 2, 0])
    monkeypatch.setattr(backup, "_under_way", lambda _: next(under_way))
    told: list[str] = []
    await back_up(house, tmp_path / "backup", told.append)
    assert told == ["Waiting for 2 effects that are under way ..."]


async def test_what_never_ends_is_no_backup(house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives up, says so, and leaves nothing behind."""
    monkeypatch.setattr(backup, "QUIET_WITHIN", timedelta())
    engine = open_database(f"sqlite:///{house / OURS}")
    await SqlLedger(engine).claim("k", lease=timedelta(minutes=3), **CLAIM)
    await engine.dispose()
    with pytest.raises(BackupFailed, match="stayed under way"):
        await back_up(house, tmp_path / "backup")
    assert [path.name for path in tmp_path.iterdir()] == ["house"]


async def test_nobody_writes_while_it_is_copied(house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither before the first database nor before the second could an effect begin; afterwards it can."""
    copy, tried = backup._copy_database, []

    def begin() -> None:
        with closing(sqlite3.connect(house / OURS, timeout=0)) as connection:
            connection.execute("BEGIN IMMEDIATE")

    def copied(source: Path, target: Path) -> None:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            begin()
        tried.append(source.name)
        copy(source, target)

    monkeypatch.setattr(backup, "_copy_database", copied)
    await back_up(house, tmp_path / "backup")
    assert tried == [TEMPORAL.name, OURS.name]
    begin()


async def test_a_calendar_comes_back_as_a_calendar(house: Path, tmp_path: Path) -> None:
    """With its entries and with what makes a folder one; what the calendar server makes anew stays behind."""
    calendar = Path("calendars/collections/collection-root/mentoring/p-1")
    for name in ("session.ics", ".Radicale.props", ".Radicale.cache/item/x"):
        (house / calendar / name).parent.mkdir(parents=True, exist_ok=True)
        (house / calendar / name).write_text("{}")
    await back_up(house, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "elsewhere")
    kept = {path.name for path in (tmp_path / "elsewhere" / calendar).iterdir()}
    assert kept == {"session.ics", ".Radicale.props"}


def changed_at_the_schema(database: Path, old: str, new: str) -> None:
    """As if another SQLite had filled the indexes, by rules of its own."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?)", [old, new])


async def test_an_index_that_was_computed_otherwise_is_no_damage(house: Path, tmp_path: Path) -> None:
    """The server's SQLite is another than ours, and rounds the dates of search attributes in its own way."""
    with closing(sqlite3.connect(house / TEMPORAL)) as temporal, temporal:
        temporal.execute("CREATE TABLE dates (given REAL, shown REAL GENERATED ALWAYS AS (round(given, 1)) VIRTUAL)")
        temporal.execute("CREATE INDEX by_shown ON dates (shown)")
        temporal.execute("INSERT INTO dates (given) VALUES (0.25)")
    changed_at_the_schema(house / TEMPORAL, "round(given, 1)", "round(given, 2)")
    with closing(sqlite3.connect(house / TEMPORAL)) as temporal:
        assert temporal.execute("PRAGMA integrity_check").fetchone() != ("ok",)
    await back_up(house, tmp_path / "backup")
    with closing(sqlite3.connect(tmp_path / "backup" / TEMPORAL)) as copy:
        assert copy.execute("SELECT given FROM dates").fetchall() == [(0.25,)]


async def test_a_damaged_database_is_no_backup(house: Path, tmp_path: Path) -> None:
    """It is told, and nothing is left behind that looks like one."""
    with closing(sqlite3.connect(house / TEMPORAL)) as temporal, temporal:
        temporal.executemany("INSERT INTO anything VALUES (?)", [(f"row {number}" * 100,) for number in range(200)])
    content = bytearray((house / TEMPORAL).read_bytes())
    content[3 * 4096 : 4 * 4096] = bytes(range(256)) * 16
    (house / TEMPORAL).write_bytes(content)
    with pytest.raises(BackupFailed, match="is damaged"):
        await back_up(house, tmp_path / "backup")
    assert not [*tmp_path.glob("backup*")]
