"""Who may not be paired with whom: one rule, for the day a relationship opens and for every day after."""

from collections.abc import Sequence

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


async def in_line_with(people: PeopleGateway, pair: Sequence[str], team: Sequence[str]) -> tuple[str, ...]:
    """Who of a programme team stands above or below one of the two, as far as the directory knows them."""
    two = [found for person in pair if (found := await people.find(person))]
    others = [found for person in team if (found := await people.find(person))]
    return tuple([other.id for other in others if await _stands_in_line(people, other, two)])


async def _stands_in_line(people: PeopleGateway, person: Person, pair: Sequence[Person]) -> bool:
    for each in pair:
        if await _reports_to(people, each, person) or await _reports_to(people, person, each):
            return True
    return False


async def _reports_to(people: PeopleGateway, person: Person, boss: Person) -> bool:
    seen: list[str] = []
    above: Person | None = person
    while above and above.manager and above.manager not in seen:
        if above.manager == boss.id:
            return True
        seen.append(above.manager)
        above = await people.find(above.manager)
    return False
