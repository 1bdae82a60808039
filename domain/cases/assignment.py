"""Who may handle a case: nobody who is part of it, and always somebody."""

from collections.abc import Iterable

from mentoring_lifecycle.domain.cases.locks import opens
from mentoring_lifecycle.domain.cases.state import CaseState


def line_among(people: Iterable[str], barred: tuple[str, ...]) -> tuple[str, ...]:
    """Who of them may take a case, in the order in which they are asked; whoever is part of it is left out."""
    return tuple(dict.fromkeys(person for person in people if person and person not in barred))


def line(state: CaseState) -> tuple[str, ...]:
    """Everybody who may have a case under way; the contact is the last."""
    barred = (state.reporter, state.about, *state.conflicted, *state.excluded)
    return line_among((*state.handlers, state.contact), barred)


def is_eligible(state: CaseState, person: str) -> bool:
    """Whether this person may have the case."""
    return person in line(state)


def may_see(state: CaseState, person: str) -> bool:
    """Whether this person was told of it and may still read it."""
    return person in state.knows and is_eligible(state, person)


def is_reporter(state: CaseState, person: str, key: str) -> bool:
    """Whether this is who reported: by the key of their receipt where the report is anonymous, else by who they are."""
    if state.reporter_access_ended:
        return False
    if key:
        return not person and opens(key, state.lock)
    return bool(state.reporter) and person == state.reporter


def next_in_line(state: CaseState) -> str:
    """Who is told when a clock runs on: whoever comes after the handler, at the end the contact."""
    people = line(state)
    later = _after(people, state.handler) or people[-1:]
    return min(later, key=lambda person: person in state.unreached)


def successor(state: CaseState) -> str:
    """Who takes it from the handler: the next one whom mail reaches, else anybody else, at last whoever is away.

    Empty where there is nobody else.
    """
    people = line(state)
    others = (*_after(people, state.handler), *(person for person in people if person != state.handler))
    return min(others, key=lambda person: (person in state.unreached, person in state.away), default="")


def another_than(state: CaseState, unreached: tuple[str, ...]) -> str:
    """The first in line whom mail has not failed to reach, whoever is away last; empty where there is none."""
    reached = [person for person in line(state) if person not in unreached]
    return min(reached, key=lambda person: person in state.away, default="")


def stand_in(state: CaseState) -> str:
    """Who is told beside a handler whom mail does not reach; empty where it does, or where there is nobody."""
    return another_than(state, state.unreached) if state.handler in state.unreached else ""


def _after(people: tuple[str, ...], person: str) -> tuple[str, ...]:
    return people[people.index(person) + 1 :] if person in people else people
