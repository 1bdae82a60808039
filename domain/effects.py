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
    times: tuple[datetime, ...] = ()
    """Times to choose from (UTC)."""
    sessions_held: int = 0
    final_session: bool = False
    keep_in_touch: bool = False
    review: bool = False
    """The question about the session asks for the look half-way as well."""
    topic: str = ""
    """Catalogue word that varies the text: an outcome, a matter, what is to be decided. Never free text."""
    notes: tuple[str, ...] = ()
    """Catalogue words about the time of a session: `gap`, `overlap`, `other_day`, `other_hour`, `outside_hours`."""
    old_zone: str = ""
    """The zone that held before a change, for the local time in words."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """One letter that a letter of several stands for: enough to name it and to link to its page."""

    key: str
    purpose: LetterKind
    occurrence: str
    session: int
    final_session: bool
    topic: str


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
    gathers: tuple[Gathered, ...] = ()
    """The letters that this one stands for, after their reader could not be reached for long."""
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
    """Find the time of one session: a wall-clock time in the pair's zone becomes an instant that both can keep."""

    key: str
    session: int
    not_before: datetime
    """The first acceptable local time on or after this instant (UTC) is taken."""
    weekday: int
    """0 is Monday."""
    wall_time: str
    """`HH:MM` in the pair's zone."""
    zone: str
    people: tuple[str, ...] = ()
    """Person ids of mentor and mentee, whose hours, days off and bookings are heeded."""
    minutes: int = 0
    """How long the session is."""
    latest: datetime | None = None
    """When the session must be over (UTC)."""
    proposals: int = 0
    """How many other times are to be proposed; 0: none, and nobody's calendar is asked."""
    remind_before_hours: int = 0
    next_zone: str = ""
    next_zone_at: datetime | None = None
    """The zone that holds from that instant on; empty and None: no change is known of."""
    ask_after_minutes: int | None = None
    """After its end, both are asked about it; None: of a wish from before this was said."""
    kind: Literal["find_slot"] = "find_slot"


CalendarEffect = KeepEntry | RemoveEntry | VerifyCalendar
Effect = Letter | KeepEntry | RemoveEntry | VerifyCalendar | FindSlot
