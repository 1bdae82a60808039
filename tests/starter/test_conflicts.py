"""Who may not handle what concerns whom, in organisations of any shape."""

from random import Random

import pytest

from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.gateways.memory import MemoryPeople
from mentoring_lifecycle.starter.conflicts import conflicted

SIZE = 14


def organisation(chance: Random) -> list[Person]:
    """People of whom each has a manager before them in the list, or none; a few are gone."""
    ids = [f"p-{number}" for number in range(SIZE)]
    return [
        Person(
            each, each, f"{each}@x.example", "en", "UTC", 1,
            manager=chance.choice(ids[:number]) if number and chance.random() < 0.9 else "",
            active=chance.random() < 0.9,
        )
        for number, each in enumerate(ids)
    ]  # fmt: skip


def above(people: list[Person]) -> set[tuple[str, str]]:
    """Pairs of one and whoever stands above them, by squaring who reports to whom until nothing more comes of it."""
    pairs = {(each.id, each.manager) for each in people if each.manager}
    while more := {(low, high) for low, middle in pairs for other, high in pairs if middle == other} - pairs:
        pairs |= more
    return pairs


@pytest.mark.parametrize("seed", range(300))
async def test_nobody_in_line_with_anybody_involved_may_handle_it(seed: int) -> None:
    """By an oracle of its own: involved, above, below, gone or unknown are barred, and nobody else is."""
    chance = Random(seed)
    people = organisation(chance)
    known, lines = {each.id: each for each in people}, above(people)
    involved = [*chance.sample([*known], chance.randint(1, 3)), ""]
    handlers = [*chance.sample([*known], 5), "p-unknown"]
    barred = [
        each
        for each in handlers
        if each not in known
        or not known[each].active
        or any(each == who or (each, who) in lines or (who, each) in lines for who in involved)
    ]
    assert list(await conflicted(MemoryPeople(people), handlers, involved)) == barred, f"seed {seed}"


async def test_a_circle_of_managers_ends() -> None:
    """A directory may be wrong; then all in the circle stand in one line."""
    people = [Person(f"p-{n}", "N", f"n{n}@x.example", "en", "UTC", 1, manager=f"p-{(n + 1) % 3}") for n in range(3)]
    assert await conflicted(MemoryPeople(people), ["p-0", "p-1"], ["p-2"]) == ("p-0", "p-1")
