"""What travels between the workflow and the activities: orders in, one result per effect out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mentoring_lifecycle.domain.effects import CalendarEffect, FindSlot, Letter


class Outcome(StrEnum):
    """What became of one effect; every order gets exactly one result per effect."""

    ACCEPTED = "accepted"
    """The peer took responsibility for it (250, 201, 204), now or in an earlier attempt."""
    SUPPRESSED = "suppressed"
    """Deliberately not done: a hold, a failed address, a person who left."""
    EXPIRED = "expired"
    """Not done because its `not_after` had passed."""
    FAILED = "failed"
    """Refused for good by the peer."""
    UNKNOWN = "unknown"
    """Nobody can tell; listed for the operator."""
    DELAYED = "delayed"
    """Not done yet and worth another try: the peer was away or asked to wait."""


NEXT_TURN = "turn"
"""Reason of a letter that was not tried, because one call had as many of them as the relay's quota allows it."""

ADDRESS_GONE = "address"
"""The reason of a letter that failed because the mailbox does not exist."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The result of one effect."""

    key: str
    outcome: Outcome
    reason: str = ""
    """A catalogue word such as `hold`, `address`, `550`; never free text."""
    retry_after_seconds: int = 0
    """With DELAYED: how long the peer asked us to wait, if it did."""


@dataclass(frozen=True, slots=True)
class DroppedLetter:
    """A letter that was decided and then not sent; the ledger hears of it with the next order."""

    key: str
    purpose: str
    reason: str
    """A catalogue word: `overtaken`."""


@dataclass(frozen=True, slots=True)
class LettersOrder:
    """Letters decided at one wake-up."""

    relationship: str
    letters: tuple[Letter, ...]
    dropped: tuple[DroppedLetter, ...] = ()


@dataclass(frozen=True, slots=True)
class CalendarOrder:
    """Calendar changes decided at one wake-up."""

    relationship: str
    entries: tuple[CalendarEffect, ...]


@dataclass(frozen=True, slots=True)
class Deliveries:
    """One result per effect of an order, in its order."""

    results: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class SlotOrder:
    """Times to find."""

    slots: tuple[FindSlot, ...]
    relationship: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """The instant (UTC) at which one session starts."""

    session: int
    starts_at: datetime
    remind_at: datetime | None = None
    """The last instant, early enough before the start, at which both may be written to."""
    notes: tuple[str, ...] = ()
    """Catalogue words: `gap`, `overlap`, `other_day`, `other_hour`, `outside_hours`."""
    proposals: tuple[datetime, ...] = ()
    """Other times that would suit both, in order."""
    ask_at: datetime | None = None
    """When both are asked whether it took place; None: a fixed time after the end."""


@dataclass(frozen=True, slots=True)
class SlotsFound:
    """One slot per wish, in its order."""

    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One domain event as it is kept for good."""

    sequence: int
    """Counts from 1 within the relationship, without gaps."""
    kind: str
    happened_at: datetime
    body: str
    """The event as JSON."""


@dataclass(frozen=True, slots=True)
class JournalTail:
    """Events not yet in the journal, with the relationship's summary as of the last one."""

    relationship: str
    programme: str
    phase: str
    standing: str
    outcome: str
    entries: tuple[JournalEntry, ...]


@dataclass(frozen=True, slots=True)
class JournalKept:
    """The journal holds every event up to this sequence number."""

    sequence: int
