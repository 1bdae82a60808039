"""Spreading what is due to many at the same hour, so that nobody's nine o'clock is everybody's."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b

from mentoring_lifecycle.contracts.names import relationship_workflow_id

_SIZE = 8


@dataclass(frozen=True, slots=True)
class Spread:
    """One relationship's place in a window: the same at every hour, worker and attempt, and drawn from its id alone."""

    window: timedelta = timedelta()
    share: float = 0.0
    """From 0 to below 1."""

    @classmethod
    def of(cls, relationship: str, window: timedelta) -> "Spread":
        """The place of a relationship."""
        # Not hash(), which differs from process to process.
        digest = blake2b(relationship_workflow_id(relationship).encode(), digest_size=_SIZE).digest()
        return cls(window, int.from_bytes(digest) / 2 ** (8 * _SIZE))

    def part_of(self, room: timedelta) -> timedelta:
        """How far into the window, which is squeezed where there is less room; whole seconds, never beyond the room."""
        return timedelta(seconds=int(self.share * max(min(self.window, room), timedelta()).total_seconds()))


AT_ITS_HOUR = Spread()
"""Nothing is spread."""
