"""What the world must be told: imperative values that the workflow carries in its outbox until they are performed.

Every effect names the fact it comes from by an *effect key* made of business identity alone
(relationship/occurrence/purpose/recipient/revision), so a retry, a replay or a reset of the workflow asks for the
same effect and never for a second one.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import Party


@dataclass(frozen=True, slots=True)
class Facts:
    """What a letter speaks about. Only ids, instants (UTC) and counts; names are looked up when it is sent."""

    partner: str = ""
    """Person id of the other participant (for coordinators: of the mentor)."""
    concerned: str = ""
    """Person id of the participant whom a letter to the programme team is about."""
    occurrence: str = ""
    """What an action link points at within the relationship: `s3`, `rules-2`, `help-1`; else empty."""
    session: int = 0
    revision: int = 0
    """SEQUENCE of the calendar entry: how often the session was changed since it was booked."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    zone: str = ""
    """IANA name of the pair's zone, for the local time in words."""
    deadline: datetime | None = None
    version: int = 0
    rules: tuple[tuple[str, str], ...] = ()
    """Agreed values by rule id, for example `("R12", "24")`."""
    leads: bool = False
    """The reader owns the agenda: the junior of the two, whatever their role."""
    agenda: tuple[str, ...] = ()
    """Points written by the pair; the template for the kind of session is added by the letter."""
    goals: tuple[str, ...] = ()
    sessions_held: int = 0
    final_session: bool = False
    keep_in_touch: bool = False
    topic: str = ""
    """Catalogue word that varies the text: an outcome, a matter, what is to be decided. Never free text."""
    other_start: datetime | None = None
    """Another start than the planned one, which somebody's calendar shows or proposes."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Write one mail to one person."""

    key: str
    purpose: LetterKind
    to: str
    """Person id."""
    party: Party
    """The part the reader plays towards the relationship."""
    decided_at: datetime
    not_after: datetime
    """Dropped and recorded as expired when it cannot leave before this instant (UTC)."""
    facts: Facts = field(default_factory=Facts)
    kind: Literal["letter"] = "letter"


@dataclass(frozen=True, slots=True)
class KeepEntry:
    """Make one person's calendar show one session exactly so, whatever it showed before."""

    key: str
    person: str
    partner: str
    uid: str
    session: int
    revision: int
    starts_at: datetime
    ends_at: datetime
    zone: str
    decided_at: datetime
    not_after: datetime
    kind: Literal["keep_entry"] = "keep_entry"


@dataclass(frozen=True, slots=True)
class RemoveEntry:
    """Make one person's calendar show one session no longer; already gone counts as done."""

    key: str
    person: str
    uid: str
    revision: int
    decided_at: datetime
    not_after: datetime
    kind: Literal["remove_entry"] = "remove_entry"


@dataclass(frozen=True, slots=True)
class VerifyCalendar:
    """Prove that no entry of this relationship from `after` on is left in one person's calendar; remove what is."""

    key: str
    person: str
    occurrence: str
    """Which pause, hold or end it belongs to; once that is over there is nothing to prove."""
    after: datetime
    decided_at: datetime
    not_after: datetime
    kind: Literal["verify_calendar"] = "verify_calendar"


@dataclass(frozen=True, slots=True)
class FindSlot:
    """Resolve the wall-clock time of one session, in the pair's zone, to an instant."""

    key: str
    session: int
    not_before: datetime
    """The first acceptable local time on or after this instant (UTC) is taken."""
    weekday: int
    """0 is Monday."""
    wall_time: str
    """`HH:MM` in the pair's zone."""
    zone: str
    kind: Literal["find_slot"] = "find_slot"


CalendarEffect = KeepEntry | RemoveEntry | VerifyCalendar
Effect = Letter | KeepEntry | RemoveEntry | VerifyCalendar | FindSlot
