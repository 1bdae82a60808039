"""Measures of a case: Updates and entries of the block list like any others, each once, and nothing for ever."""

from collections.abc import Callable

import pytest
from temporalio.testing import ActivityEnvironment

from mentoring_lifecycle.activities.measures import MeasureActivities, MeasureRefused
from mentoring_lifecycle.activities.ports import Block
from mentoring_lifecycle.contracts.cases import Applied, Measure
from mentoring_lifecycle.contracts.seals import Seals
from mentoring_lifecycle.domain.cases.events import MeasureKind, MeasureResult
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.gateways.memory import MemoryPairings

HOLD, LIFT, BLOCK, UNBLOCK = MeasureKind
SEALS = Seals(bytes(32))
TWO = ("p-1", "p-2")


class Relationships:
    """Notes what it is asked for, and answers what it is told to."""

    def __init__(self, answer: Refusal | None = None) -> None:
        self.heard: list[tuple[str, str, str, str]] = []
        self.answer = answer

    async def hold(self, relationship: str, *, seal: str, command_id: str) -> Refusal | None:
        """Note it."""
        self.heard.append(("hold", relationship, seal, command_id))
        return self.answer

    async def lift(self, relationship: str, *, seal: str, command_id: str) -> Refusal | None:
        """Note it."""
        self.heard.append(("lift", relationship, seal, command_id))
        return self.answer


def measure(kind: MeasureKind, placer: str = "case") -> Measure:
    of_two = kind in (BLOCK, UNBLOCK)
    return Measure("" if of_two else "r-1", "id-1", placer, kind, TWO if of_two else ())


async def apply(measures: MeasureActivities, measure: Measure) -> Applied:
    done: Applied = await ActivityEnvironment().run(measures.apply, measure)
    return done


@pytest.mark.parametrize("kind", [HOLD, LIFT])
async def test_a_measure_is_an_update_under_the_id_and_the_seal_it_always_has(kind: MeasureKind) -> None:
    """Tried again, it is the same command, which the relationship knows already."""
    relationships = Relationships()
    for _ in range(2):
        assert await apply(MeasureActivities(relationships, seals=SEALS), measure(kind)) == Applied(MeasureResult.DONE)
    assert relationships.heard == [(kind, "r-1", SEALS.of_hold("r-1", "case"), "id-1")] * 2


@pytest.mark.parametrize(
    ("answer", "seals", "result"),
    [
        (Refusal.ON_HOLD, Seals(), MeasureResult.ALREADY),
        (Refusal.ON_HOLD, SEALS, MeasureResult.DONE),
        (Refusal.CLOSED, SEALS, MeasureResult.NOT_NEEDED),
        (Refusal.UNKNOWN_RELATIONSHIP, SEALS, MeasureResult.NOT_NEEDED),
        (Refusal.NOT_ON_HOLD, SEALS, MeasureResult.NOT_NEEDED),
        (Refusal.NOT_THE_PLACER, SEALS, MeasureResult.NOT_NEEDED),
    ],
)
async def test_a_refusal_is_a_result(answer: Refusal, seals: Seals, result: MeasureResult) -> None:
    """With seals only one's own second hold is refused; without them somebody else's may stand there."""
    assert await apply(MeasureActivities(Relationships(answer), seals=seals), measure(HOLD)) == Applied(result)


async def test_any_other_refusal_is_trouble_and_asked_again() -> None:
    """No protection is dropped because a relationship is served by a worker that does not know it."""
    with pytest.raises(MeasureRefused, match=r"relationship/r-1 answers not_part_of_this .* look at the settings"):
        await apply(MeasureActivities(Relationships(Refusal.NOT_PART_OF_THIS)), measure(HOLD))


async def test_two_are_kept_apart_and_what_they_have_is_found() -> None:
    """Open ones alone; repeated, nothing is added, and the entry has the form of every other."""
    pairings = MemoryPairings()
    for number, people in enumerate([TWO, TWO[::-1], ("p-1", "p-3"), TWO]):
        await pairings.reserve(
            f"r-{number}", programme=f"g-{number}", mentor=people[0], mentee=people[1], capacities={}
        )
    await pairings.close("r-3")
    measures = MeasureActivities(Relationships(), pairings, SEALS)
    for _ in range(2):
        assert await apply(measures, measure(BLOCK)) == Applied(MeasureResult.DONE, ("r-0", "r-1"))
    by_hand = await pairings.block("p-5", "p-6", seal=SEALS.of_block("p-5", "p-6", "p-carla"))
    assert by_hand
    assert [len(seal) for said in pairings.blocked.values() for seal in said] == [64, 64]
    assert {type(block) for block in await pairings.blocks()} == {Block}


@pytest.mark.parametrize("takes_back", [lambda placer: placer == "case", lambda placer: placer == "other"])
async def test_only_the_case_that_blocked_takes_it_back(takes_back: Callable[[str], bool]) -> None:
    """What another case or somebody by hand said stays, and so the two stay apart."""
    pairings = MemoryPairings()
    measures = MeasureActivities(Relationships(), pairings, SEALS)
    for placer in ("case", "other"):
        await apply(measures, measure(BLOCK, placer))
    await pairings.block(*TWO, seal=SEALS.of_block(*TWO, "p-carla"))
    for placer in filter(takes_back, ("case", "other")):
        assert await apply(measures, measure(UNBLOCK, placer)) == Applied(MeasureResult.DONE)
        assert await apply(measures, measure(UNBLOCK, placer)) == Applied(MeasureResult.NOT_NEEDED)
    assert await pairings.is_blocked(*TWO)
    assert len(pairings.blocked[TWO]) == 2


async def test_without_a_block_list_it_says_so() -> None:
    """A host that pairs people by its own means keeps them apart by its own means; the handler reads that."""
    measures = MeasureActivities(Relationships(), None, SEALS)
    assert await apply(measures, measure(BLOCK)) == Applied(MeasureResult.NOT_KEPT_HERE)


async def test_what_was_there_without_a_seal_is_not_ours() -> None:
    """Where no seals are used the case cannot tell its entry from another, so it leaves it to the team."""
    pairings = MemoryPairings()
    await pairings.block(*TWO)
    assert (await apply(MeasureActivities(Relationships(), pairings), measure(BLOCK))).result is MeasureResult.ALREADY
