"""Real databases, one fresh schema per test: an SQLite file and, unless left out with -m "not postgres", PostgreSQL."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mentoring_lifecycle.gateways.database import metadata, migrate, open_database

DATABASES = ("sqlite", "postgres")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker by which tests on PostgreSQL are left out."""
    config.addinivalue_line("markers", 'postgres: needs a PostgreSQL server program; leave out with -m "not postgres"')


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark every test that runs on PostgreSQL, before anything is left out."""
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            chosen = {item.callspec.params.get(fixture) for fixture in ("url", "empty_url")}
            if "postgres" in chosen:
                item.add_marker("postgres")


# --- a PostgreSQL server of our own -----------------------------------------------------------------------------


@dataclass
class Cluster:
    """A throw-away PostgreSQL server on loopback."""

    port: int
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    migrated: str | None = None

    def url(self, database: str) -> str:
        """The address of a database as an operator would write it."""
        return f"postgresql://mentoring@127.0.0.1:{self.port}/{database}"

    async def create(self) -> str:
        """A new database; its URL."""
        name = f"test_{next(self.numbers)}"
        server = open_database(self.url("postgres")).execution_options(isolation_level="AUTOCOMMIT")
        async with server.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {name}"))
        await server.dispose()
        return self.url(name)

    async def emptied(self) -> str:
        """The database that holds the schema, with nothing in it; its URL."""
        if self.migrated is None:
            self.migrated = await self.create()
            await migrate(self.migrated)
        engine = open_database(self.migrated)
        async with engine.begin() as connection:
            await connection.execute(text(f"TRUNCATE {', '.join(metadata.tables)}"))
        await engine.dispose()
        return self.migrated


def _programs() -> Path:
    found = [Path(path).resolve().parent for path in (shutil.which("initdb"),) if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if all((folder / program).exists() for program in ("initdb", "postgres", "pg_isready")):
            return folder
    pytest.fail('no PostgreSQL server programs found; install postgresql, or leave these tests out: -m "not postgres"')


def _somebody_else() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


@contextmanager
def _running(programs: Path, folder: Path, port: int) -> Iterator[None]:
    options: dict[str, object] = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
        "max_connections": 200,
    }
    settings: list[str | Path] = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", folder / "cluster", *settings],
            stdout=log,
            stderr=log,
            cwd=folder,
            **_somebody_else(),
        )
        try:
            _wait_until_ready(programs, port, server, folder / "log")
            yield
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing in it is needed any more
            server.wait(30)


def _wait_until_ready(programs: Path, port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    ready: list[str | Path] = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    deadline = datetime.now(UTC) + timedelta(seconds=30)
    while subprocess.run(ready, check=False).returncode:
        if server.poll() is not None or datetime.now(UTC) > deadline:
            pytest.fail(f"PostgreSQL did not start:\n{log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One server for all tests, gone with them."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="mentoring-postgres-"))
    try:
        if who := _somebody_else():
            shutil.chown(folder, str(who["user"]), str(who["group"]))
        options = ["--username=mentoring", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        initdb: list[str | Path] = [programs / "initdb", "-D", folder / "cluster", *options]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **_somebody_else())
        port = _free_port()
        with _running(programs, folder, port):
            yield Cluster(port)
    finally:
        shutil.rmtree(folder)


# --- databases --------------------------------------------------------------------------------------------------


@pytest.fixture(params=DATABASES)
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    cluster: Cluster = request.getfixturevalue("cluster")
    return await cluster.create()


@pytest.fixture(params=DATABASES)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the present schema and nothing in it."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path}/mentoring.db"
        await migrate(address)
        return address
    cluster: Cluster = request.getfixturevalue("cluster")
    return await cluster.emptied()


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    """An open database."""
    opened = open_database(url)
    yield opened
    await opened.dispose()
