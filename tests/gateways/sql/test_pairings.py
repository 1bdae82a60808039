"""Pairings and blocks, in SQL and in memory alike: nobody is promised twice, and a block comes before everything."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from mentoring_lifecycle.activities.ports import Block, JournalGateway, Pairing, PairingsGateway
from mentoring_lifecycle.contracts.deliveries import JournalTail
from mentoring_lifecycle.contracts.journal import journal_entry
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.gateways.database import open_database
from mentoring_lifecycle.gateways.journal_sql import SqlJournal
from mentoring_lifecycle.gateways.memory import MemoryJournal, MemoryPairings
from mentoring_lifecycle.gateways.pairings_sql import SqlPairings
from tests.builders import MENTEE, MENTOR, Life, life

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)

Both = tuple[PairingsGateway, JournalGateway]


def in_sql(engine: AsyncEngine) -> Both:
    return SqlPairings(engine, lambda: NOW), SqlJournal(engine)


def in_memory(engine: AsyncEngine) -> Both:
    pairings = MemoryPairings(lambda: NOW)
    return pairings, MemoryJournal(pairings=pairings)


@pytest.fixture(params=[in_sql, in_memory], ids=["sql", "memory"])
def both(request: pytest.FixtureRequest, engine: AsyncEngine) -> Both:
    make: Callable[[AsyncEngine], Both] = request.param
    return make(engine)


@pytest.fixture
def pairings(both: Both) -> PairingsGateway:
    return both[0]


async def reserve(
    pairings: PairingsGateway,
    relationship: str,
    mentor: str = "p-1",
    mentee: str = "p-2",
    programme: str = "ponte",
    **capacities: int,
) -> Rejection | None:
    named = {name.replace("_", "-"): capacity for name, capacity in capacities.items()}
    return await pairings.reserve(relationship, programme=programme, mentor=mentor, mentee=mentee, capacities=named)


async def test_places_are_taken_and_shown(pairings: PairingsGateway) -> None:
    """A free pair gets its places, and each of them sees the relationship, in either role."""
    assert await reserve(pairings, "r-1") is None
    row = Pairing("r-1", "ponte", "p-1", "p-2", True, NOW)
    assert [*await pairings.of("p-1")] == [*await pairings.of("p-2")] == [row]
    assert [*await pairings.of("p-3")] == []
    assert (await pairings.find("r-1"), await pairings.find("r-2")) == (row, None)


async def test_asking_again_changes_nothing(pairings: PairingsGateway) -> None:
    """The same relationship may ask as often as it likes, even where its people have no room for another."""
    assert await reserve(pairings, "r-1", p_1=1, p_2=1) is None
    assert await reserve(pairings, "r-1", p_1=1, p_2=1) is None
    assert len(await pairings.of("p-1")) == 1


@pytest.mark.parametrize("people", [("p-1", "p-2"), ("p-2", "p-1")])
async def test_one_open_relationship_per_pair_and_programme(people: tuple[str, str], pairings: PairingsGateway) -> None:
    """The same two are not paired twice at once in a programme, in whichever order; in another programme they may."""
    await reserve(pairings, "r-1")
    assert await reserve(pairings, "r-2", *people) == Rejection(Refusal.ALREADY_PAIRED)
    assert await reserve(pairings, "r-2", *people, programme="altro") is None


async def test_who_has_ended_may_begin_again(pairings: PairingsGateway) -> None:
    """A closed relationship frees its places; its id is never used again."""
    await reserve(pairings, "r-1", p_1=1)
    await pairings.close("r-1")
    assert await reserve(pairings, "r-1") == Rejection(Refusal.CLOSED)
    assert await reserve(pairings, "r-2", p_1=1) is None


@pytest.mark.parametrize(("crowded", "role"), [("p_1", "mentor"), ("p_2", "mentee")])
async def test_room_is_counted_over_both_roles(crowded: str, role: str, pairings: PairingsGateway) -> None:
    """Whoever is full in any role has no room for one more; the refusal says which part, and no name."""
    person = crowded.replace("_", "-")
    await reserve(pairings, "r-1", person, "p-8")
    await reserve(pairings, "r-2", "p-9", person)
    assert await reserve(pairings, "r-3", **{crowded: 2}) == Rejection(Refusal.NO_CAPACITY, role)
    assert await reserve(pairings, "r-3", **{crowded: 3}) is None


async def test_capacity_zero_has_no_limit(pairings: PairingsGateway) -> None:
    """As many as come."""
    for number in range(12):
        assert await reserve(pairings, f"r-{number}", mentee=f"m-{number}", p_1=0) is None


async def test_a_taken_id_is_no_door_to_others(pairings: PairingsGateway) -> None:
    """The id of other people's relationship, or of another programme's, opens nothing."""
    await reserve(pairings, "r-1")
    taken = Rejection(Refusal.ID_TAKEN, "r-1")
    assert await reserve(pairings, "r-1", "p-3") == await reserve(pairings, "r-1", programme="altro") == taken


@pytest.mark.parametrize("people", [("p-1", "p-2"), ("p-2", "p-1")])
async def test_a_block_comes_first(people: tuple[str, str], pairings: PairingsGateway) -> None:
    """In every programme, in either order, before whatever else stands in the way, also for an id that is open."""
    await reserve(pairings, "r-1", p_1=1)
    assert await pairings.block(*people)
    assert not await pairings.block(*reversed(people))
    for programme in ("ponte", "altro"):
        assert await reserve(pairings, "r-2", programme=programme, p_1=1) == Rejection(Refusal.BLOCKED_PAIR)
    assert await reserve(pairings, "r-1") == Rejection(Refusal.BLOCKED_PAIR)
    assert [*await pairings.blocks()] == [Block("p-1", "p-2", NOW)]
    assert await pairings.is_blocked("p-2", "p-1")


async def test_a_block_is_taken_back(pairings: PairingsGateway) -> None:
    """After that the two may be paired; taking back what is not there is said."""
    await pairings.block("p-1", "p-2")
    assert await pairings.unblock("p-2", "p-1")
    assert not await pairings.unblock("p-1", "p-2")
    assert await reserve(pairings, "r-1") is None


async def test_several_may_say_so_and_each_takes_back_their_own(pairings: PairingsGateway) -> None:
    """The list shows a pair once, since the first said it; the two may be paired again when the last is content."""
    assert await pairings.block("p-1", "p-2", seal="one")
    assert await pairings.block("p-2", "p-1", seal="two")
    assert not await pairings.block("p-1", "p-2", seal="two")
    assert [*await pairings.blocks()] == [Block("p-1", "p-2", NOW)]
    assert not await pairings.unblock("p-1", "p-2")
    assert not await pairings.unblock("p-1", "p-2", seal="three")
    assert await pairings.unblock("p-2", "p-1", seal="one")
    assert await pairings.is_blocked("p-1", "p-2")
    assert await pairings.unblock("p-1", "p-2", seal="two")
    assert await reserve(pairings, "r-1") is None


async def test_what_was_said_without_a_seal_is_everybodys(pairings: PairingsGateway) -> None:
    """Anybody takes that back, and it alone; whoever may take back all does so at once."""
    for seal in ("", "one"):
        await pairings.block("p-1", "p-2", seal=seal)
    assert await pairings.unblock("p-1", "p-2", seal="two")
    assert await pairings.is_blocked("p-1", "p-2")
    await pairings.block("p-1", "p-2", seal="two")
    assert await pairings.unblock("p-2", "p-1", of_all=True)
    assert not await pairings.unblock("p-2", "p-1", of_all=True)
    assert [*await pairings.blocks()] == []


async def test_a_released_place_is_free(pairings: PairingsGateway) -> None:
    """What never began leaves nothing behind; what has ended is not forgotten by it."""
    await reserve(pairings, "r-1")
    await pairings.release("r-1")
    assert [*await pairings.of("p-1")] == []
    await reserve(pairings, "r-2")
    await pairings.close("r-2")
    await pairings.release("r-2")
    assert [row.relationship for row in await pairings.of("p-1")] == ["r-2"]


async def test_two_at_once_get_one_place(pairings: PairingsGateway) -> None:
    """Of twenty who ask for the last place at the same moment, one gets it."""
    asked = [reserve(pairings, f"r-{number}", mentee=f"m-{number}", p_1=1) for number in range(20)]
    answers = await asyncio.gather(*asked)
    assert answers.count(None) == 1
    assert answers.count(Rejection(Refusal.NO_CAPACITY, "mentor")) == 19


@pytest.fixture
async def strangers(url: str) -> AsyncIterator[list[SqlPairings]]:
    """Openers in processes that share nothing but the database."""
    engines = [open_database(url) for _ in range(4)]
    yield [SqlPairings(engine) for engine in engines]
    for engine in engines:
        await engine.dispose()


async def test_nobody_slips_past_a_block(strangers: list[SqlPairings]) -> None:
    """Whoever gets a place beside a block that comes at the same moment is seen by whoever blocked."""
    first, second, third, _ = strangers
    for number in range(20):
        two = (f"a-{number}", f"b-{number}")
        asked = [reserve(each, f"r-{number}", *two) for each in (first, second)]
        await asyncio.gather(asked[0], third.block(*two, seal="case"), asked[1])
        seen = [row.relationship for row in await third.of(two[0])]
        assert await reserve(first, f"r-{number}-later", *two) == Rejection(Refusal.BLOCKED_PAIR)
        assert [row.relationship for row in await third.of(two[0])] == seen


async def test_two_processes_at_once_get_one_place(strangers: list[SqlPairings]) -> None:
    """The same pair, asked for under different ids on connections of their own, is opened once."""
    asked = [reserve(each, f"r-{number}") for number in range(5) for each in strangers]
    same = [reserve(each, "r-same", "p-5", "p-6") for each in strangers]
    answers = await asyncio.gather(*asked, *same)
    assert answers.count(Rejection(Refusal.ALREADY_PAIRED)) == len(answers) - len(strangers) - len(strangers)
    assert len(await strangers[0].of("p-1")) == len(await strangers[0].of("p-5")) == 1


# --- projection of the journal ----------------------------------------------------------------------------------


def tail(lived: Life, first: int = 1) -> JournalTail:
    entries = tuple(journal_entry(number, event) for number, event in enumerate(lived.events, 1))
    return JournalTail("r-1", "ponte", "closed", "normal", "", entries[first - 1 :])


async def test_the_journal_takes_and_gives_back_places(both: Both) -> None:
    """Edge case 31: an opened relationship counts whoever opened it, and frees its places when it closes."""
    pairings, journal = both
    lived = life()
    await journal.append(tail(lived))
    assert await reserve(pairings, "r-2", MENTEE, MENTOR) == Rejection(Refusal.ALREADY_PAIRED)
    known = len(lived.events)
    lived.after(timedelta(days=1), c.Exit(MENTOR))
    await journal.append(tail(lived, known + 1))
    await journal.append(tail(lived, known + 1))
    assert [row.is_open for row in await pairings.of(MENTOR)] == [False]
    assert await reserve(pairings, "r-2", MENTEE, MENTOR) is None


async def test_a_reservation_is_what_the_journal_then_tells_of(both: Both) -> None:
    """The journal of a relationship that reserved its places adds no second row, and keeps the first one's time."""
    pairings, journal = both
    await reserve(pairings, "r-1", MENTOR, MENTEE)
    await journal.append(tail(life()))
    assert [*await pairings.of(MENTOR)] == [Pairing("r-1", "ponte", MENTOR, MENTEE, True, NOW)]


# --- whatever is asked, in whatever order -----------------------------------------------------------------------

PEOPLE, PROGRAMMES, IDS = ("p-1", "p-2", "p-3", "p-4"), ("ponte", "altro"), tuple(f"r-{n}" for n in range(8))
ROOM = {"p-1": 1, "p-2": 2, "p-3": 3}


async def act(pairings: PairingsGateway, name: str, given: tuple[Any, ...]) -> object:
    """One act; of a permutation of people the first two are meant."""
    if name == "reserve":
        relationship, programme, (mentor, mentee, *_) = given
        return await reserve_with(pairings, relationship, programme, mentor, mentee)
    if name in ("block", "unblock"):
        people, seal = given
        return await getattr(pairings, name)(*people[:2], seal=seal)
    return await getattr(pairings, name)(*given)


async def reserve_with(
    pairings: PairingsGateway, relationship: str, programme: str, mentor: str, mentee: str
) -> Rejection | None:
    return await pairings.reserve(relationship, programme=programme, mentor=mentor, mentee=mentee, capacities=ROOM)


async def test_no_order_of_acts_breaks_a_promise(engine: AsyncEngine) -> None:
    """Invariant 5: never two open relationships of a pair in a programme, nobody over their room, SQL like memory."""
    chance = Random(5)
    sql, memory = SqlPairings(engine, lambda: NOW), MemoryPairings(lambda: NOW)
    for _ in range(250):
        name = chance.choices(("reserve", "close", "release", "block", "unblock"), (8, 2, 1, 1, 1))[0]
        people = chance.sample(PEOPLE, 4)
        given: dict[str, tuple[Any, ...]] = {"reserve": (chance.choice(IDS), chance.choice(PROGRAMMES), people)}
        seal = chance.choice(("", "one", "two"))
        arguments = given.get(name) or ((people, seal) if name in ("block", "unblock") else (chance.choice(IDS),))
        assert await act(sql, name, arguments) == await act(memory, name, arguments), name
        taken = [row for row in memory.rows.values() if row.is_open]
        pairs = Counter((row.programme, *sorted((row.mentor, row.mentee))) for row in taken)
        places = Counter(person for row in taken for person in (row.mentor, row.mentee))
        assert max(pairs.values(), default=1) == 1
        assert all(places[person] <= room for person, room in ROOM.items())
    for person in PEOPLE:
        assert [*await sql.of(person)] == [*await memory.of(person)]
    assert [*await sql.blocks()] == [*await memory.blocks()]
