"""A backup of an embedded data directory while everything runs, and its way back.

What must not happen is that something is sent twice by whoever goes on from the copy. So both databases are copied
while nothing is under way: our own is locked for writing, which lets no effect begin and no answer be written down, and
only once no claim in it is alive. Whatever was sent by then stands in the copied ledger, and nothing is sent until both
are copied; what Temporal had not heard of yet is asked for again, and the ledger says that it was done.
"""

import asyncio
import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import file_digest
from pathlib import Path
from typing import Any

TEMPORAL, OURS, CALENDARS = Path("temporal/temporal.sqlite"), Path("mentoring.db"), Path("calendars")
"""Where things lie in a data directory, as `mentoring demo --data-dir` makes it."""
MANIFEST = "backup.json"
QUIET_WITHIN = timedelta(minutes=4)
"""Longer than a claim lives, so that even one that somebody has left behind is over by then."""

_PASSING = {".Radicale.cache", ".Radicale.lock"}
"""What the calendar server makes anew. Not so `.Radicale.props`: a folder without it is no calendar."""
_LOOK_AGAIN = 0.05
_TELL_AGAIN = 5.0
_LOCK_WITHIN = 30.0


class BackupFailed(Exception):
    """A backup could not be made or used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds."""

    folder: str
    at: datetime
    """The moment it shows (UTC)."""
    files: dict[str, str]
    """SHA-256 of each, by its path in the folder."""
    relationships: int
    """That were open in the journal."""
    locked_seconds: float
    """For how long nothing could be written."""


async def back_up(data_dir: Path, target: Path, told: Callable[[str], None] = lambda _: None) -> Backup:
    """Copy a data directory in which everything may be running into a folder that is not there yet.

    The folder appears when it is complete. Raises BackupFailed: nothing to copy, something in the way, or effects that
    stayed under way for too long.
    """
    return await asyncio.to_thread(_back_up, data_dir, target, told)


def restore(backup: Path, data_dir: Path) -> Backup:
    """Put a backup into a data directory that is empty or not there yet.

    Raises BackupFailed where it is none, was damaged, or where something is in the way.
    """
    made = read_manifest(backup)
    for name, digest in made.files.items():
        file = backup / name
        if not file.is_file() or _digest(file) != digest:
            raise BackupFailed(f"{backup}: {name} is missing or is not what was backed up. Take another backup.")
    _require_free(data_dir)
    with _appearing(data_dir) as folder:
        for name in made.files:
            _copy(backup / name, folder / name)
    return made


def read_manifest(backup: Path) -> Backup:
    """What a backup says of itself. Raises BackupFailed where there is none."""
    try:
        told: dict[str, Any] = json.loads((backup / MANIFEST).read_text(encoding="utf-8"))
        return Backup(**{**told, "at": datetime.fromisoformat(told["at"]), "folder": str(backup)})
    except (OSError, ValueError, KeyError, TypeError):
        raise BackupFailed(f"{backup} holds no backup: its {MANIFEST} is missing or unreadable.") from None


# --- one moment -------------------------------------------------------------------------------------------------


def _back_up(data_dir: Path, target: Path, told: Callable[[str], None]) -> Backup:
    for needed in (TEMPORAL, OURS):
        if not (data_dir / needed).is_file():
            raise BackupFailed(f"{data_dir} is no data directory of an embedded server: {needed} is missing.")
    _require_free(target)
    with _appearing(target) as folder, _quiet(data_dir / OURS, told):
        begun, at = time.monotonic(), datetime.now(UTC)
        _copy_database(data_dir / TEMPORAL, folder / TEMPORAL)
        _copy_database(data_dir / OURS, folder / OURS)
        _copy_calendars(data_dir / CALENDARS, folder / CALENDARS)
        locked = time.monotonic() - begun
        files = {str(file.relative_to(folder)): _digest(file) for file in sorted(folder.rglob("*")) if file.is_file()}
        made = Backup(str(target), at, files, _open_relationships(folder / OURS), round(locked, 3))
        (folder / MANIFEST).write_text(json.dumps({**asdict(made), "at": at.isoformat()}, indent=2), encoding="utf-8")
    return made


@contextmanager
def _quiet(database: Path, told: Callable[[str], None]) -> Iterator[None]:
    """A moment in which no effect is under way, held still: whoever wants to write waits, readers do not."""
    deadline, tell_at = time.monotonic() + QUIET_WITHIN.total_seconds(), 0.0
    with closing(sqlite3.connect(database, timeout=_LOCK_WITHIN, isolation_level=None)) as lock:
        while True:
            lock.execute("BEGIN IMMEDIATE")
            if not (under_way := _under_way(lock)):
                break
            lock.execute("ROLLBACK")
            if time.monotonic() > deadline:
                raise BackupFailed(f"{under_way} effects stayed under way for {QUIET_WITHIN}; try again.")
            if time.monotonic() >= tell_at:
                told(f"Waiting for {under_way} effects that are under way ...")
                tell_at = time.monotonic() + _TELL_AGAIN
            time.sleep(_LOOK_AGAIN)
        try:
            yield
        finally:
            lock.execute("ROLLBACK")


def _under_way(connection: sqlite3.Connection) -> int:
    """Effects in somebody's hands. One whose lease ran out is UNKNOWN, and is so in the copy as well."""
    claimed = "SELECT lease_until FROM mentoring_effects WHERE state = 'claimed' AND lease_until IS NOT NULL"
    now = datetime.now(UTC)
    return sum(datetime.fromisoformat(until) > now for (until,) in connection.execute(claimed))


def _copy_database(source: Path, target: Path) -> None:
    """In one read transaction, with what stands in the write-ahead log; and whole, or it is no backup."""
    target.parent.mkdir(parents=True, exist_ok=True)
    uri = f"{source.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(uri, uri=True, timeout=_LOCK_WITHIN)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        verdict = _verdict(copy)
    if verdict != "ok":
        raise BackupFailed(f"{source} is damaged: {verdict}")


def _verdict(copy: sqlite3.Connection) -> str:
    try:
        # Not integrity_check: the server's own SQLite has computed what some of its indexes hold (dates, rounded), and
        # where another version rounds otherwise, a whole database would be called damaged.
        (verdict,) = copy.execute("PRAGMA quick_check").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return str(verdict)


def _copy_calendars(source: Path, target: Path) -> None:
    """The calendar server's files: each is written whole and renamed, so each can be read at any moment."""
    for file in sorted(source.rglob("*")) if source.is_dir() else ():
        if file.is_file() and not _PASSING & {*file.parts}:
            _copy(file, target / file.relative_to(source))


def _open_relationships(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM mentoring_relationships WHERE phase != 'closed'").fetchone()
    return int(count)


# --- files ------------------------------------------------------------------------------------------------------


def _require_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupFailed(f"{folder} is there already and not empty. Nothing is overwritten: choose another folder.")


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A folder that is there when it is complete, and not before."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    if folder.exists():
        folder.rmdir()
    partial.rename(folder)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()
