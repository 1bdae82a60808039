"""The state is the fold of its events: complete, counted, and rebuilt from the facts alone."""

from dataclasses import replace
from functools import reduce
from typing import Any, get_args

from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.evolution import _EVOLUTIONS, evolve, opened
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.relationship import Relationship
from tests.builders import Life, life, whole_life


def fold(events: list[e.Event]) -> Relationship:
    first, *rest = events
    assert isinstance(first, e.RelationshipOpened)
    return reduce(evolve, rest, opened(first))


def test_every_fact_has_its_evolution() -> None:
    """No event is forgotten and none is left over; the opening begins the fold."""
    assert set(_EVOLUTIONS) == set(get_args(e.Event)) - {e.RelationshipOpened}


def test_the_state_is_the_fold_of_its_events() -> None:
    """Rebuilt from the facts alone, a whole life ends in the same state."""
    lived = whole_life()
    assert fold(lived.events) == lived.state


def test_the_sequence_counts_the_events() -> None:
    """From one, without gaps."""
    lived = whole_life()
    assert lived.state.sequence == len(lived.events)
    assert [fold(lived.events[: count + 1]).sequence for count in range(3)] == [1, 2, 3]


def kinds() -> dict[str, list[type[Any]]]:
    by_kind: dict[str, list[type[Any]]] = {}
    for event in get_args(e.Event):
        by_kind.setdefault(event.__dataclass_fields__["kind"].default, []).append(event)
    return by_kind


def test_every_fact_has_a_name_of_its_own() -> None:
    """The tag is unique, since the journal knows an event by it."""
    assert all(len(classes) == 1 for classes in kinds().values())


def test_a_fact_about_something_unknown_changes_nothing_but_the_count() -> None:
    """Evolution decides nothing and never fails, even for a session or a call for help that is gone."""
    begun: Life = life()
    strange: list[e.Event] = [
        e.SessionMoved(begun.now, Party.MENTOR, 9, begun.now, begun.now),
        e.SessionConfirmed(begun.now, Party.MENTOR, 9, held=True),
        e.HelpTakenUp(begun.now, 9, Party.COORDINATOR),
        e.HelpOverdue(begun.now, 9, 1, None),
        e.Reminded(begun.now, e.Subject.GOALS, Party.MENTOR, 9, 1),
    ]
    for event in strange:
        assert evolve(begun.state, event) == replace(begun.state, sequence=begun.state.sequence + 1)
