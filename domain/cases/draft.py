"""A decision about a case in the making: the facts so far, and the state as they would leave it."""

from mentoring_lifecycle.domain.cases.events import CaseEvent
from mentoring_lifecycle.domain.cases.evolution import evolve
from mentoring_lifecycle.domain.cases.state import CaseState


class CaseDraft:
    """Collects events; thrown away on a refusal."""

    def __init__(self, state: CaseState) -> None:
        self.state = state
        self.events: list[CaseEvent] = []

    def add(self, event: CaseEvent) -> None:
        """One more fact."""
        self.state = evolve(self.state, event)
        self.events.append(event)
