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
    if key:
        return not person and opens(key, state.lock)
    return bool(state.reporter) and person == state.reporter


def next_in_line(state: CaseState) -> str:
    """Who is told when a clock runs on: whoever comes after the handler, at the end the contact."""
    people = line(state)
    return next(iter(_after(people, state.handler)), people[-1])


def successor(state: CaseState) -> str:
    """Who takes it from the handler: the next one, else anybody else; empty where there is nobody else."""
    people = line(state)
    others = (*_after(people, state.handler), *(person for person in people if person != state.handler))
    return next(iter(others), "")


def another_than(state: CaseState, unreached: tuple[str, ...]) -> str:
    """The first in line whom mail has not failed to reach; empty where there is none."""
    return next((person for person in line(state) if person not in unreached), "")


def _after(people: tuple[str, ...], person: str) -> tuple[str, ...]:
    return people[people.index(person) + 1 :] if person in people else people
