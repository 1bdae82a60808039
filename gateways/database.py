"""The SQL database: where it is, what its tables are, and how they come to be.

The promises of the ledger rest on a commit being on disk: SQLite is told so here, PostgreSQL keeps its own default
(`synchronous_commit = on`).
"""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    URL,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Time,
    UniqueConstraint,
    event,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.types import TypeDecorator, TypeEngine

# The host's own tables and its own Alembic may live in the same database: every name of ours is prefixed.
VERSION_TABLE: Final = "mentoring_schema_version"
CASES_VERSION_TABLE: Final = "mentoring_cases_schema_version"
_MIGRATION_LOCK: Final = 0x6D656E746F72

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}

# Two who change a new file to WAL at once may wait for each other, or be refused without any wait. So the change is
# asked for again and again with short waits, half a minute in all; what follows waits as long in one go.
_TO_WAL: Final = ("PRAGMA busy_timeout = 50", "PRAGMA journal_mode = WAL")
_TRIES: Final = 600
_PRAGMAS: Final = (
    "PRAGMA busy_timeout = 30000",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
)


class UnsupportedDatabase(ValueError):
    """The database URL names something this software cannot keep its promises on."""


# --- tables -----------------------------------------------------------------------------------------------------


class Instant(TypeDecorator[datetime]):
    """An aware instant, always read back in UTC; a naive one is refused before it reaches the database.

    SQLite keeps ISO text of fixed width, so that the order of texts is the order of instants.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kept_as = String(32) if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(kept_as)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError("an instant without a time zone was about to be stored; give it one")
        instant = value.astimezone(UTC)
        return instant.isoformat(timespec="microseconds") if dialect.name == "sqlite" else instant

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        return None if value is None else value.astimezone(UTC)


metadata = MetaData()

people = Table(
    "mentoring_people",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("email", String, nullable=False),
    Column("locale", String, nullable=False),
    Column("zone", String, nullable=False),
    Column("level", Integer, nullable=False),
    Column("manager", String, nullable=False),
    Column("works_from", Time, nullable=False),
    Column("works_until", Time, nullable=False),
    Column("address", String, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("country", String, nullable=False, server_default=""),
    Column("region", String, nullable=False, server_default=""),
    Column("rest_days", String, nullable=False, server_default="5,6"),
    Column("quiet_from", Time, nullable=False, server_default="20:00:00.000000"),
    Column("quiet_until", Time, nullable=False, server_default="08:00:00.000000"),
    Column("next_zone", String, nullable=False, server_default=""),
    Column("next_zone_from", Date),
    Column("other_email", String, nullable=False, server_default=""),
    Column("capacity", Integer, nullable=False, server_default="0"),
    Column("busy_url", String, nullable=False, server_default=""),
)


def _effects_in(tables: MetaData, name: str) -> Table:
    return Table(
        name,
        tables,
        Column("key", String, primary_key=True),
        Column("relationship", String, nullable=False),
        Column("purpose", String, nullable=False),
        Column("state", String, nullable=False),
        Column("reason", String, nullable=False),
        Column("remote_id", String, nullable=False),
        Column("token", Integer, nullable=False),
        Column("lease_until", Instant),
        Column("was_unknown", Boolean, nullable=False),
        Column("changed_at", Instant, nullable=False),
        Index(f"{name}_relationship", "relationship"),
        Index(f"{name}_state", "state"),
    )


effects = _effects_in(metadata, "mentoring_effects")

relationships = Table(
    "mentoring_relationships",
    metadata,
    Column("relationship", String, primary_key=True),
    Column("programme", String, nullable=False),
    Column("phase", String, nullable=False),
    Column("standing", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

journal = Table(
    "mentoring_journal",
    metadata,
    Column("relationship", String, ForeignKey(relationships.c.relationship), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("happened_at", Instant, nullable=False),
    Column("body", String, nullable=False),
)

reply_addresses = Table(
    "mentoring_reply_addresses",
    metadata,
    Column("token", String, primary_key=True),
    Column("relationship", String, nullable=False),
    Column("person", String, nullable=False),
    UniqueConstraint("relationship", "person", name="mentoring_reply_addresses_once"),
)
"""The secret part of the address at which one person answers about one relationship."""

pairings = Table(
    "mentoring_pairings",
    metadata,
    Column("relationship", String, primary_key=True),
    Column("programme", String, nullable=False),
    Column("mentor", String, nullable=False),
    Column("mentee", String, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("since", Instant, nullable=False),
    Index("mentoring_pairings_mentor", "mentor"),
    Index("mentoring_pairings_mentee", "mentee"),
)
"""Who is or was paired with whom: capacity, and one open relationship per pair and programme."""

bookings = Table(
    "mentoring_bookings",
    metadata,
    Column("relationship", String, primary_key=True),
    Column("session", Integer, primary_key=True, autoincrement=False),
    Column("mentor", String, nullable=False),
    Column("mentee", String, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Index("mentoring_bookings_mentor", "mentor"),
    Index("mentoring_bookings_mentee", "mentee"),
)
"""Times that sessions have taken, or are about to: nobody is booked twice by us."""

blocks = Table(
    "mentoring_blocks",
    metadata,
    Column("one", String, nullable=False),
    Column("other", String, nullable=False),
    Column("seal", String, nullable=False, server_default=""),
    Column("since", Instant, nullable=False),
    PrimaryKeyConstraint("one", "other", "seal", name="mentoring_blocks_once"),
)
"""Two people who are never paired again, in any programme; `one` sorts before `other`. No reason is kept.

Several may say so, each with a seal of their own: the two may be paired again when nobody does any more."""


cases_metadata = MetaData()
"""What the cases keep, in a database of their own where there is one: never a table of the relationships."""

case_effects = _effects_in(cases_metadata, "mentoring_case_effects")

case_audit = Table(
    "mentoring_case_audit",
    cases_metadata,
    Column("case_id", String, primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("codes", String, nullable=False),
    Column("previous", String, nullable=False),
    Column("hash", String, nullable=False),
)
"""Rows are added; triggers refuse to change or remove one."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A set of tables with a version of its own; several may live in one database."""

    tables: MetaData
    version_table: str
    steps: str
    """The package that holds its migrations."""


RELATIONSHIPS_SCHEMA: Final = Schema(metadata, VERSION_TABLE, "versions")
CASES_SCHEMA: Final = Schema(cases_metadata, CASES_VERSION_TABLE, "case_versions")

operator_acts = Table(
    "mentoring_operator_acts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("act_id", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("person", String, nullable=False),
    Column("act", String, nullable=False),
    Column("target", String, nullable=False),
    Column("why", String, nullable=False),
    Column("result", String, nullable=False),
    Index("mentoring_operator_acts_act", "act_id"),
)
"""What operators did: rows are added and never changed. An act has two, when it was begun and what came of it."""


# --- connections ------------------------------------------------------------------------------------------------


def open_database(url: str) -> AsyncEngine:
    """An engine for `sqlite:///path` or `postgresql://host/name`; whoever opens it disposes of it.

    The folder of an SQLite file is made where it is missing.

    Raises UnsupportedDatabase for any other system, for an SQLite database in memory and for a missing driver.
    """
    address = _with_driver(make_url(url))
    try:
        engine = create_async_engine(address, pool_pre_ping=True, hide_parameters=True)  # parameters are people
    except ModuleNotFoundError as missing:
        raise UnsupportedDatabase(
            f"database URL: the driver {missing.name} is not installed; pip install 'mentoring-lifecycle[postgres]'"
        ) from missing
    if engine.dialect.name == "sqlite" and address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    return engine


def _with_driver(url: URL) -> URL:
    system = url.get_backend_name()
    if system not in _DRIVERS:
        raise UnsupportedDatabase(
            f"database URL: {system} is not supported; give sqlite:///path/to/file or postgresql://host/name"
        )
    if system == "sqlite" and url.database in (None, "", ":memory:"):
        raise UnsupportedDatabase(
            "database URL: a database in memory forgets what was sent; give sqlite:///path/to/file"
        )
    return _with_asyncpg_options(url.set(drivername=_DRIVERS[system]))


def _with_asyncpg_options(url: URL) -> URL:
    """The URL with libpq's `sslmode` under the name by which asyncpg knows it."""
    options = dict(url.query)
    if "sslmode" in options:
        options["ssl"] = options.pop("sslmode")
    return url.set(query=options)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in _TO_WAL:
        _insist(cursor, pragma)
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _insist(cursor: Any, pragma: str) -> None:
    for left in reversed(range(_TRIES)):
        try:
            cursor.execute(pragma)
            return
        except sqlite3.OperationalError as refused:
            if refused.sqlite_errorcode != sqlite3.SQLITE_BUSY or not left:
                raise


def insert_into(table: Table, engine: AsyncEngine) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT, in the dialect of the engine."""
    return sqlite.insert(table) if engine.dialect.name == "sqlite" else postgresql.insert(table)


# --- schema -----------------------------------------------------------------------------------------------------


async def migrate(url: str, schema: Schema = RELATIONSHIPS_SCHEMA) -> None:
    """Bring the schema to its newest version; does nothing where it is there already.

    All or nothing. Several processes may do this at once: one works, the others wait and find it done.
    """
    engine = open_database(url)
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(_alone(engine.dialect.name))
            await connection.run_sync(_upgrade, schema)
    finally:
        await engine.dispose()


async def schema_is_current(engine: AsyncEngine, schema: Schema = RELATIONSHIPS_SCHEMA) -> bool:
    """Whether the schema is the one this version of the software was written for."""
    async with engine.connect() as connection:
        return await connection.run_sync(_is_current, schema)


def _alone(dialect: str) -> str:
    # Python's SQLite driver opens no transaction before DDL, so without this a half-made schema could stay behind.
    return "BEGIN IMMEDIATE" if dialect == "sqlite" else f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"


def _migrations(schema: Schema, connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "mentoring_lifecycle.gateways:migrations")
    config.set_main_option("path_separator", "space")
    config.set_main_option("version_locations", f"mentoring_lifecycle.gateways.migrations:{schema.steps}")
    config.attributes["connection"] = connection
    config.attributes["schema"] = schema
    return config


def _upgrade(connection: Connection, schema: Schema) -> None:
    command.upgrade(_migrations(schema, connection), "head")


def _is_current(connection: Connection, schema: Schema) -> bool:
    context = MigrationContext.configure(connection, opts={"version_table": schema.version_table})
    return frozenset(context.get_current_heads()) == _newest(schema)


@cache
def _newest(schema: Schema) -> frozenset[str]:
    """Read once: it costs the reading of every migration, and is asked for every half a minute."""
    return frozenset(ScriptDirectory.from_config(_migrations(schema)).get_heads())
