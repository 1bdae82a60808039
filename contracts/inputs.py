"""What a relationship's workflow is started with, and what it hands to its next run."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from mentoring_lifecycle.contracts.deliveries import DroppedLetter, JournalEntry
from mentoring_lifecycle.domain.effects import Effect
from mentoring_lifecycle.domain.lifecycle import Opening
from mentoring_lifecycle.domain.relationship import Relationship


@dataclass(frozen=True, slots=True)
class StartRelationship:
    """Begin a new relationship."""

    opening: Opening
    shows_search_attributes: bool = True
    """Switch off on clusters where our six attributes cannot be registered."""
    mail_queue: str = ""
    """Task queue of its letters; empty: that of everything else, which workers of before this field serve alone."""
    kind: Literal["start"] = "start"


@dataclass(frozen=True, slots=True)
class Pending:
    """An effect that has not been performed yet."""

    effect: Annotated[Effect, Field(discriminator="kind")]
    tries: int = 0
    not_before: datetime | None = None
    """When it is worth another try."""
    reason: str = ""
    """Why the last try came to nothing: a catalogue word such as `connect`, `auth`, `503`, `quiet`."""


@dataclass(frozen=True, slots=True)
class CarriedState:
    """Everything that one run of a relationship hands to the next."""

    state: Relationship
    outbox: tuple[Pending, ...] = ()
    tail: tuple[JournalEntry, ...] = ()
    """Events not yet in the journal."""
    journaled: int = 0
    """The last sequence number known to be in the journal."""
    handled: tuple[str, ...] = ()
    """Ids of the last commands, oldest first: a repeated one is answered, not repeated."""
    timeline: tuple[str, ...] = ()
    shows_search_attributes: bool = True
    dropped: tuple[DroppedLetter, ...] = ()
    """Letters that the ledger has not been told will not be sent."""
    moves: int = 0
    """How often it has left an installation for another one: an earlier export of it is older than this."""
    mail_queue: str = ""
    """As it was opened; see `StartRelationship`."""
    schema: Literal[1] = 1
    kind: Literal["carried"] = "carried"


RelationshipInput = Annotated[StartRelationship | CarriedState, Field(discriminator="kind")]
