"""A decision in the making: the facts so far, and the state as they would leave it."""

from mentoring_lifecycle.domain.events import Event
from mentoring_lifecycle.domain.evolution import evolve
from mentoring_lifecycle.domain.relationship import Relationship


class Draft:
    """Collects events; whoever judges the next step sees the state after the last one. Thrown away on a refusal."""

    def __init__(self, state: Relationship) -> None:
        self.state = state
        self.events: list[Event] = []

    def add(self, event: Event) -> None:
        """One more fact."""
        self.state = evolve(self.state, event)
        self.events.append(event)
