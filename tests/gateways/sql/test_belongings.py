"""What a relationship has in the database: taken along whole, put down once, and nothing is done twice by it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from mentoring_lifecycle.activities.ports import Claim, LedgerState
from mentoring_lifecycle.contracts.deliveries import JournalEntry, JournalTail
from mentoring_lifecycle.contracts.moves import Belongings
from mentoring_lifecycle.contracts.reply_address import ReplyTemplate
from mentoring_lifecycle.gateways.belongings_sql import EffectsUnderWay, SqlBelongings
from mentoring_lifecycle.gateways.bookings_sql import SqlBookings
from mentoring_lifecycle.gateways.database import migrate, open_database
from mentoring_lifecycle.gateways.journal_sql import SqlJournal
from mentoring_lifecycle.gateways.ledger_sql import SqlLedger
from mentoring_lifecycle.gateways.pairings_sql import SqlPairings
from mentoring_lifecycle.gateways.reply_addresses_sql import SqlReplyAddresses

PAIR = ("p-1", "p-2")
AT = datetime(2027, 1, 4, 9, tzinfo=UTC)
BODY = (
    '{"programme": "both", "mentor": {"person": "p-1"}, "mentee": {"person": "p-2"}, "coordinator": "c", "backup": ""}'
)
ENTRIES = (JournalEntry(1, "relationship_opened", AT, BODY), JournalEntry(2, "hold_placed", AT, "{}"))
SUMMARY = JournalTail("r", "both", "active", "on_hold", "", ENTRIES)
TEMPLATE = ReplyTemplate("mentoring+{token}@mentoring.example")


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """The database of another installation."""
    await migrate(url := f"sqlite:///{tmp_path}/other.db")
    engine = open_database(url)
    yield engine
    await engine.dispose()


async def claim(engine: AsyncEngine, key: str, *, lease: timedelta = timedelta(minutes=3)) -> Claim:
    return await SqlLedger(engine).claim(
        key, relationship="r", purpose="invitation", lease=lease, again_if_unknown=False
    )


async def lived(engine: AsyncEngine) -> None:
    """A relationship with one effect in each state, a time, a reply address and a block; beside it another one."""
    await SqlJournal(engine).append(SUMMARY)
    await SqlPairings(engine).block(*PAIR, seal="s")
    await SqlReplyAddresses(engine, TEMPLATE).address_for("r", "p-1")
    await SqlBookings(engine).reserve("r", 1, PAIR, lambda taken: (AT, AT + timedelta(hours=1)))
    ledger = SqlLedger(engine)
    for state in (LedgerState.ACCEPTED, LedgerState.UNKNOWN, LedgerState.FAILED):
        held = await claim(engine, state.value)
        assert await ledger.settle(state.value, held.token, state, reason="why", remote_id="there")
    await ledger.release("free", (await claim(engine, "free")).token)
    await ledger.claim("others", relationship="o", purpose="x", lease=timedelta(hours=1), again_if_unknown=False)


async def states(engine: AsyncEngine) -> dict[str, LedgerState]:
    return dict(await SqlLedger(engine).states("r"))


WHOLE = {
    "accepted": LedgerState.ACCEPTED,
    "unknown": LedgerState.UNKNOWN,
    "failed": LedgerState.FAILED,
    "free": LedgerState.CLAIMED,
}


async def test_all_of_it_arrives_and_twice_is_once(engine: AsyncEngine, other: AsyncEngine) -> None:
    """From either database into another one; and what arrives is what left."""
    await lived(engine)
    taken = await SqlBelongings(engine).read("r", PAIR)
    for _ in range(2):
        await SqlBelongings(other).keep(SUMMARY, PAIR, taken)
    assert await SqlBelongings(other).read("r", PAIR) == taken
    assert await states(other) == WHOLE
    assert await SqlJournal(other).is_on_hold("r")
    address = await SqlReplyAddresses(engine, TEMPLATE).address_for("r", "p-1")
    assert await SqlReplyAddresses(other, TEMPLATE).address_for("r", "p-1") == address
    assert await SqlPairings(other).is_blocked(*PAIR)
    assert [pairing.is_open for pairing in await SqlPairings(other).of("p-1")] == [True]
    assert await SqlBookings(other).taken(PAIR, leaving_out=("none", 0)) == [(AT, AT + timedelta(hours=1))]


async def test_what_was_sent_there_is_not_sent_here(engine: AsyncEngine, other: AsyncEngine) -> None:
    """Only what certainly did not happen may be claimed again."""
    await lived(engine)
    await SqlBelongings(other).keep(SUMMARY, PAIR, await SqlBelongings(engine).read("r", PAIR))
    granted = {key: (await claim(other, key)).granted for key in WHOLE}
    assert granted == {"accepted": False, "unknown": False, "failed": False, "free": True}


async def test_nobody_takes_along_what_is_under_way(engine: AsyncEngine) -> None:
    """A claim that is alive is waited for; one whose lease has run out may have happened, and says so."""
    await lived(engine)
    await claim(engine, "in hand", lease=timedelta(minutes=3))
    with pytest.raises(EffectsUnderWay):
        await SqlBelongings(engine).read("r", PAIR)
    later = SqlBelongings(engine, clock=lambda: datetime.now(UTC) + timedelta(minutes=4))
    told = {effect.key: (effect.state, effect.reason) for effect in (await later.read("r", PAIR)).effects}
    assert told["in hand"] == ("unknown", "lease")


async def test_what_stays_behind_does_nothing(engine: AsyncEngine) -> None:
    """Nothing of it can be claimed, settled or counted as open any more; read again, it is what it was."""
    await lived(engine)
    held = await claim(engine, "in hand", lease=timedelta(seconds=-1))
    before = await SqlBelongings(engine).read("r", PAIR)
    await SqlBelongings(engine).leave("r")
    assert not any([(await claim(engine, key)).granted for key in WHOLE])
    assert not await SqlLedger(engine).settle("in hand", held.token, LedgerState.ACCEPTED)
    assert await SqlLedger(engine).troubled() == []
    assert [pairing.is_open for pairing in await SqlPairings(engine).of("p-1")] == [False]
    assert _seen(await SqlBelongings(engine).read("r", PAIR)) == _seen(before)


async def test_it_comes_back_to_where_it_was(engine: AsyncEngine) -> None:
    """Into the very database that it left: open again, on hold again, and what was left to do is to be done again."""
    await lived(engine)
    taken = await SqlBelongings(engine).read("r", PAIR)
    await SqlBelongings(engine).leave("r")
    assert not await SqlJournal(engine).is_on_hold("r")
    assert await SqlBelongings(engine).has_left("r")
    await SqlBelongings(engine).keep(SUMMARY, PAIR, taken)
    assert not await SqlBelongings(engine).has_left("r")
    assert await states(engine) == WHOLE
    assert await SqlJournal(engine).is_on_hold("r")
    assert [pairing.is_open for pairing in await SqlPairings(engine).of("p-1")] == [True]
    assert (await claim(engine, "free")).granted


async def test_what_is_settled_here_stays_settled(engine: AsyncEngine, other: AsyncEngine) -> None:
    """Whatever the file believed; and what may have happened here is not made free by it."""
    await lived(engine)
    taken = await SqlBelongings(engine).read("r", PAIR)
    ledger = SqlLedger(other)
    for key, state in (("free", LedgerState.UNKNOWN), ("unknown", LedgerState.ACCEPTED)):
        assert await ledger.settle(key, (await claim(other, key)).token, state)
    await SqlBelongings(other).keep(SUMMARY, PAIR, taken)
    assert await states(other) == WHOLE | {"free": LedgerState.UNKNOWN, "unknown": LedgerState.ACCEPTED}


async def test_another_relationship_of_the_two_is_seen(engine: AsyncEngine) -> None:
    """Whoever of them plays which part, and only where it is open and in the same programme."""
    await lived(engine)
    belongings = SqlBelongings(engine)
    assert await belongings.open_elsewhere("new", "both", PAIR[::-1]) == "r"
    assert await belongings.open_elsewhere("new", "another", PAIR) == ""
    assert await belongings.open_elsewhere("r", "both", PAIR) == ""
    await belongings.leave("r")
    assert await belongings.open_elsewhere("new", "both", PAIR) == ""


def _seen(belongings: Belongings) -> dict[str, str]:
    return {effect.key: effect.state for effect in belongings.effects}
