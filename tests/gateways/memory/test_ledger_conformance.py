"""What every effect ledger and journal promises, asked of those in memory and in SQL alike."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from mentoring_lifecycle.activities.ports import Claim, JournalGateway, LedgerGateway, LedgerState
from mentoring_lifecycle.contracts.deliveries import JournalEntry, JournalTail
from mentoring_lifecycle.contracts.people import AddressState, Person
from mentoring_lifecycle.gateways.database import metadata, open_database
from mentoring_lifecycle.gateways.journal_sql import JournalGap, SqlJournal
from mentoring_lifecycle.gateways.ledger_sql import SqlLedger
from mentoring_lifecycle.gateways.memory import MemoryJournal, MemoryLedger, MemoryPeople

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEASE = timedelta(minutes=2)


class Clock:
    """A clock that moves when told to."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now

    def outlast_the_lease(self) -> None:
        self.now += LEASE


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = open_database(f"sqlite:///{tmp_path / 'mentoring.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture(params=["memory", "sql"])
async def ledger(request: Any, clock: Clock, engine: AsyncEngine) -> LedgerGateway:
    return MemoryLedger(clock) if request.param == "memory" else SqlLedger(engine, clock=clock)


@pytest.fixture(params=["memory", "sql"])
async def journal(request: Any, engine: AsyncEngine) -> JournalGateway:
    return MemoryJournal() if request.param == "memory" else SqlJournal(engine)


async def claim(ledger: LedgerGateway, *, again: bool = False) -> Claim:
    return await ledger.claim("key", relationship="r1", purpose="farewell", lease=LEASE, again_if_unknown=again)


async def test_an_effect_is_claimed_by_one(ledger: LedgerGateway) -> None:
    """The second claim meets a live lease."""
    first, second = await claim(ledger), await claim(ledger, again=True)
    assert (first.granted, first.state, first.was_unknown) == (True, LedgerState.CLAIMED, False)
    assert (second.granted, second.state) == (False, LedgerState.CLAIMED)


@pytest.mark.parametrize("state", [LedgerState.ACCEPTED, LedgerState.FAILED, LedgerState.SUPPRESSED])
async def test_a_settled_effect_is_never_claimed_again(state: LedgerState, ledger: LedgerGateway) -> None:
    """A final state answers every later claim, with its reason."""
    held = await claim(ledger)
    assert await ledger.settle("key", held.token, state, reason="550", remote_id="id")
    later = await claim(ledger, again=True)
    assert (later.granted, later.state, later.reason) == (False, state, "550")


async def test_settling_twice_alike_is_success(ledger: LedgerGateway) -> None:
    """A retried settlement finds its own; a contradicting one is refused."""
    held = await claim(ledger)
    assert await ledger.settle("key", held.token, LedgerState.ACCEPTED)
    assert await ledger.settle("key", held.token, LedgerState.ACCEPTED)
    assert not await ledger.settle("key", held.token, LedgerState.FAILED)


async def test_a_lease_that_ran_out_is_unknown(ledger: LedgerGateway, clock: Clock) -> None:
    """Only who accepts a possible repetition gets it again, and is told so."""
    await claim(ledger)
    clock.outlast_the_lease()
    careful, bold = await claim(ledger), await claim(ledger, again=True)
    assert (careful.granted, careful.state) == (False, LedgerState.UNKNOWN)
    assert (bold.granted, bold.was_unknown) == (True, True)


async def test_a_late_holder_settles_nothing_of_its_successor(ledger: LedgerGateway, clock: Clock) -> None:
    """The fencing token of a lost claim opens nothing."""
    late = await claim(ledger)
    clock.outlast_the_lease()
    successor = await claim(ledger, again=True)
    assert not await ledger.settle("key", late.token, LedgerState.FAILED)
    await ledger.release("key", late.token)
    assert await ledger.settle("key", successor.token, LedgerState.ACCEPTED)


async def test_a_late_holder_without_successor_may_tell_the_truth(ledger: LedgerGateway, clock: Clock) -> None:
    """What the last holder knows is better than unknown."""
    late = await claim(ledger)
    clock.outlast_the_lease()
    await claim(ledger)
    assert await ledger.settle("key", late.token, LedgerState.ACCEPTED)


async def test_a_released_effect_is_free_at_once(ledger: LedgerGateway) -> None:
    """Giving back certainly undone work lets the next attempt begin, under another token."""
    first = await claim(ledger)
    await ledger.release("key", first.token)
    second = await claim(ledger)
    assert (second.granted, second.was_unknown) == (True, False)
    assert not await ledger.settle("key", first.token, LedgerState.ACCEPTED)


async def test_releasing_a_repetition_leaves_the_doubt(ledger: LedgerGateway, clock: Clock) -> None:
    """Only the last attempt certainly failed; the one before it is unknown as it was."""
    await claim(ledger)
    clock.outlast_the_lease()
    again = await claim(ledger, again=True)
    await ledger.release("key", again.token)
    assert not await ledger.settle("key", again.token, LedgerState.ACCEPTED)
    assert (await claim(ledger)).state is LedgerState.UNKNOWN
    assert (await claim(ledger, again=True)).was_unknown


async def test_a_decision_against_an_effect_stands(ledger: LedgerGateway) -> None:
    """What was suppressed before any claim is never done."""
    await ledger.record("key", relationship="r1", purpose="farewell", state=LedgerState.SUPPRESSED, reason="hold")
    later = await claim(ledger, again=True)
    assert (later.granted, later.state, later.reason) == (False, LedgerState.SUPPRESSED, "hold")


async def test_a_decision_comes_too_late_for_what_is_done(ledger: LedgerGateway) -> None:
    """An accepted effect stays accepted."""
    held = await claim(ledger)
    await ledger.settle("key", held.token, LedgerState.ACCEPTED)
    await ledger.record("key", relationship="r1", purpose="farewell", state=LedgerState.EXPIRED, reason="late")
    assert (await claim(ledger)).state is LedgerState.ACCEPTED


async def test_nothing_settles_as_claimed(ledger: LedgerGateway) -> None:
    """A claim cannot be prolonged by settling it."""
    held = await claim(ledger)
    with pytest.raises(ValueError, match="settled as something other"):
        await ledger.settle("key", held.token, LedgerState.CLAIMED)


def tail(*sequences: int, standing: str = "normal") -> JournalTail:
    entries = tuple(JournalEntry(number, "opened", NOON, f'{{"n":{number}}}') for number in sequences)
    return JournalTail("r1", "reverse", "active", standing, "", entries)


async def test_the_journal_keeps_each_event_once(journal: JournalGateway) -> None:
    """Overlapping tails are skipped where they are known."""
    assert await journal.append(tail(1, 2)) == 2
    assert await journal.append(tail(1, 2, 3)) == 3
    assert await journal.append(tail(2)) == 3
    assert [entry.sequence for entry in await journal.read("r1")] == [1, 2, 3]
    assert list(await journal.read("r2")) == []


async def test_the_journal_has_no_gaps(journal: JournalGateway) -> None:
    """A tail that begins too late is refused as a whole."""
    await journal.append(tail(1))
    for late in (tail(3), tail(1, 2, 4)):
        with pytest.raises(JournalGap):
            await journal.append(late)
    assert [entry.sequence for entry in await journal.read("r1")] == [1]


async def test_the_latest_summary_tells_of_a_hold(journal: JournalGateway) -> None:
    """An older tail that arrives late lifts no hold."""
    assert not await journal.is_on_hold("r1")
    await journal.append(tail(1))
    await journal.append(tail(2, standing="on_hold"))
    await journal.append(tail(1))
    assert await journal.is_on_hold("r1")
    await journal.append(tail(3))
    assert not await journal.is_on_hold("r1")


async def test_people_in_memory_are_found_and_marked() -> None:
    """A failed address is remembered; nobody appears by being marked."""
    people = MemoryPeople([Person("p1", "Anna Rossi", "anna@example.org", "it", "Europe/Rome", 3)])
    await people.mark_address_failed("p1")
    await people.mark_address_failed("p2")
    anna = await people.find("p1")
    assert anna is not None
    assert (anna.name, anna.address) == ("Anna Rossi", AddressState.FAILED)
    assert await people.find("p2") is None
