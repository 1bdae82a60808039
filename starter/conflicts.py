"""Who may not be paired with whom, and who may not handle what concerns whom: by what the people directory says."""

from collections.abc import Iterable

from mentoring_lifecycle.activities.ports import PeopleGateway
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.domain.rejections import Refusal, Rejection


async def conflict_of(people: PeopleGateway, one: Person, other: Person, least_distance: int) -> Rejection | None:
    """Why these two may not be a pair by what the directory says of level and reporting line, or None."""
    if abs(one.level - other.level) < least_distance:
        return Rejection(Refusal.LEVELS_TOO_CLOSE, str(least_distance))
    if await _reports_to(people, one, other) or await _reports_to(people, other, one):
        return Rejection(Refusal.CONFLICT_OF_INTEREST)
    return None


async def conflicted(people: PeopleGateway, handlers: Iterable[str], involved: Iterable[str]) -> tuple[str, ...]:
    """Which handlers may not handle what involves these people.

    Those are involved themselves, stand above one of them or below one of them, are inactive or unknown.
    """
    chains = [await _chain(people, person) for person in involved if person]
    return tuple([handler for handler in handlers if await _may_not_handle(people, handler, chains)])


async def _may_not_handle(people: PeopleGateway, handler: str, chains: list[tuple[str, ...]]) -> bool:
    known = await people.find(handler)
    return known is None or not known.active or await _stands_in_line(people, handler, chains)


async def in_line_with(people: PeopleGateway, pair: Iterable[str], team: Iterable[str]) -> tuple[str, ...]:
    """Who of a programme team stands above or below one of the two, as far as the directory knows them."""
    chains = [await _chain(people, person) for person in pair]
    return tuple([person for person in team if await _stands_in_line(people, person, chains)])


async def _stands_in_line(people: PeopleGateway, person: str, chains: list[tuple[str, ...]]) -> bool:
    own = await _chain(people, person)
    return any(person in chain or chain[0] in own for chain in chains)


async def _chain(people: PeopleGateway, person: str) -> tuple[str, ...]:
    """The person and everybody above them, upwards."""
    chain = [person]
    above = await people.find(person)
    while above and above.manager and above.manager not in chain:
        chain.append(above.manager)
        above = await people.find(above.manager)
    return tuple(chain)


async def _reports_to(people: PeopleGateway, person: Person, boss: Person) -> bool:
    return boss.id in (await _chain(people, person.id))[1:]
