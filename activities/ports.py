"""The seams to the world. Each gateway satisfies one of these by shape; the memory ones ship to users."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from mentoring_lifecycle.contracts.deliveries import JournalEntry, JournalTail
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.contracts.words import Words
from mentoring_lifecycle.domain.cases.audit import AuditRow
from mentoring_lifecycle.domain.effects import Letter
from mentoring_lifecycle.domain.letters import Action, CalendarMethod
from mentoring_lifecycle.domain.rejections import Refusal, Rejection

# --- people -----------------------------------------------------------------------------------------------------


class PeopleGateway(Protocol):
    """The people directory."""

    async def find(self, person: str) -> Person | None:
        """The person, or None where the directory knows nobody (any more) by this id."""

    async def mark_address_failed(self, person: str) -> None:
        """Remember that mail to this person's present address is refused for good."""


class ReplyAddresses(Protocol):
    """Secret addresses at which people's calendars and mail servers answer, one per relationship and person."""

    async def address_for(self, relationship: str, person: str) -> str:
        """The address, made when first asked for and the same ever after; committed when this returns."""

    async def owner_of(self, token: str) -> tuple[str, str] | None:
        """Relationship and person of the secret part of an address, in lower case; None where it is none of ours."""


# --- words ------------------------------------------------------------------------------------------------------


class ActionLinks(Protocol):
    """Makes the link by which a reader acts; the default fills a URL template of the host's own tool."""

    def link(self, action: Action, *, relationship: str, occurrence: str, person: str) -> str:
        """An absolute URL; the same arguments always give the same one."""


class LetterWriter(Protocol):
    """Turns a letter into words."""

    def write(
        self, letter: Letter, *, relationship: str, reader: Person, partner: Person | None, concerned: Person | None
    ) -> Words:
        """Pure: the same arguments give the same words. Raises nothing for any letter of the catalogue."""

    def entry_words(
        self, *, relationship: str, session: int, starts_at: datetime, zone: str, reader: Person, partner: Person
    ) -> Words:
        """Title and description of a session's calendar entry (subject, text and html stay empty)."""


# --- calendar and mail ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody named in a calendar entry."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """One session as a calendar shows it; times in UTC, one VEVENT, no recurrence."""

    uid: str
    revision: int
    """SEQUENCE; never falls."""
    stamped_at: datetime
    """DTSTAMP; belongs to the revision, so a retry is byte-identical."""
    starts_at: datetime
    ends_at: datetime
    title: str
    description: str
    attendees: tuple[Attendee, ...]


@dataclass(frozen=True, slots=True)
class SeenEntry:
    """One of our entries as a calendar shows it now, whoever changed it last."""

    uid: str
    revision: int
    """SEQUENCE; 0 where there is none."""
    starts_at: datetime | None
    """UTC; None where it is no instant any more: a whole day, a time without a zone, or unreadable."""
    ends_at: datetime | None
    cancelled: bool
    """STATUS says so."""
    answers: tuple[tuple[str, str], ...]
    """Address and PARTSTAT of each attendee, both in lower case."""


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One mail to one recipient, complete but for its sender."""

    key: str
    """The effect key; the Message-ID is derived from it."""
    to: Attendee
    subject: str
    text: str
    html: str
    dated_at: datetime
    method: CalendarMethod = CalendarMethod.NONE
    entry: SessionEntry | None = None
    reply_address: str = ""
    """Secret address of this reader: what comes back goes there. Empty: to the sender, where nobody reads it."""


class MailGateway(Protocol):
    """A mail server. One recipient per transaction."""

    async def send(self, mail: OutgoingMail) -> str:
        """Hand the mail over and return the server's own words for it (at most 200 characters).

        Raises MailRefused (final), MailDelayed (certainly not sent, try later) or MailUnknown (perhaps sent).
        """


class CalendarGateway(Protocol):
    """Calendars of people, one each, made when first needed."""

    async def keep(self, owner: str, entry: SessionEntry) -> None:
        """Make the owner's calendar show the entry; a newer revision already there is left alone.

        Raises CalendarRefused (final) or CalendarDelayed (try later; asking again is always safe).
        """

    async def remove(self, owner: str, uid: str) -> None:
        """Make the owner's calendar show the entry no longer; already gone is success."""

    async def upcoming(self, owner: str, uid_prefix: str, after: datetime) -> Sequence[str]:
        """UIDs starting with the prefix of entries that end after the instant."""

    async def entries(self, owner: str, uid_prefix: str, after: datetime) -> Sequence[SeenEntry] | None:
        """The same entries as the owner's calendar shows them, in the order of UIDs; None without a calendar here."""


class GatewayError(Exception):
    """Something outside did not do what it was asked.

    MailRefused, CalendarRefused -- final: asking again changes nothing
    MailDelayed, CalendarDelayed -- not done: ask again later
    MailUnknown                  -- perhaps done: the ledger decides
    """

    def __init__(self, reason: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        """A catalogue word: a status code such as `550`, or `connect`, `timeout`, `tls`, `auth`. Never an address."""
        self.retry_after = retry_after


class MailRefused(GatewayError):
    """The mail server refused the recipient or the message for good."""


class MailDelayed(GatewayError):
    """The mail certainly did not leave; it may later."""


class MailUnknown(GatewayError):
    """The connection was lost after the message was handed over and before the server answered."""


class CalendarRefused(GatewayError):
    """The calendar server refused for good."""


class CalendarDelayed(GatewayError):
    """The calendar server could not be asked or asked us to wait."""


# --- time -------------------------------------------------------------------------------------------------------

Span = tuple[datetime, datetime]
"""From an instant (included) until another (not included)."""


class FreeDaysGateway(Protocol):
    """Public holidays of the place where somebody lives, and the organisation's closures."""

    def is_free(self, person: Person, day: date) -> bool:
        """Whether nobody works there on that day. Rest days of the week are the person's own and not asked for."""


class BookingsGateway(Protocol):
    """The times that sessions have taken, so that nobody is booked twice by us."""

    async def reserve(
        self,
        relationship: str,
        session: int,
        people: Sequence[str],
        find: Callable[[Sequence[Span]], Span | None],
    ) -> None:
        """Give the session of these two people the time that `find` chooses among what the two have promised others.

        One transaction, in which nobody else can promise anything for either. `find` is pure and quick; None reserves
        nothing. What the same session had before is given back, so asking again finds the same time.
        """

    async def taken(self, people: Sequence[str], *, leaving_out: tuple[str, int]) -> Sequence[Span]:
        """What these people have promised, from when until when, but for one session of one relationship."""


class FreeBusyGateway(Protocol):
    """When somebody's own calendar says that they are busy."""

    async def busy(self, person: Person, start: datetime, end: datetime) -> Sequence[Span]:
        """Spans in which the person is busy; none where no calendar is known.

        Raises CalendarRefused (its address or content cannot be used) or CalendarDelayed (it did not answer).
        """


# --- ledger and journal -----------------------------------------------------------------------------------------


class LedgerState(StrEnum):
    """Where one effect stands."""

    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    FAILED = "failed"


GIVEN_UP = "given_up"
"""Reason of a FAILED effect that a human being gave up: no server refused it."""


class RefusedFor(StrEnum):
    """What a mail server refused for good when it refused a letter."""

    RECIPIENT = "recipient"
    """The address: one person is not reached."""
    SENDER = "sender"
    """Ours: nobody is reached."""
    MESSAGE = "message"
    """The letter itself, or it never left us: whoever gets such a letter is not reached."""

    @classmethod
    def of(cls, reason: str) -> "RefusedFor":
        """From the reason in the ledger: a bare code is about the recipient."""
        return cls.SENDER if reason.startswith("sender-") else cls.RECIPIENT if reason.isdigit() else cls.MESSAGE


@dataclass(frozen=True, slots=True)
class LedgerTroubles:
    """What of the ledger somebody should look at."""

    oldest_unknown: timedelta
    """Zero where nothing is unknown."""
    refused: Mapping[RefusedFor, int]
    """Letters refused for good lately; every member is there."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to a claim."""

    granted: bool
    state: LedgerState
    """CLAIMED when granted; else where the effect stands (CLAIMED: somebody else holds a live lease)."""
    token: int = 0
    """Fencing token; only its holder may settle."""
    was_unknown: bool = False
    """Granted again although an earlier attempt may have succeeded."""
    reason: str = ""


class LedgerGateway(Protocol):
    """The effect ledger: at most one accepted row per effect key, durable before the world is touched."""

    async def claim(
        self,
        key: str,
        *,
        relationship: str,
        purpose: str,
        lease: timedelta,
        again_if_unknown: bool,
        now: datetime | None = None,
    ) -> Claim:
        """Claim an effect before doing it; committed when this returns.

        A live lease of somebody else, or a final state, is not granted. An expired lease becomes UNKNOWN first;
        UNKNOWN is granted again only with `again_if_unknown`. Leases are judged at `now`: callers give the time of the
        Temporal server, which all workers share.
        """

    async def settle(self, key: str, token: int, state: LedgerState, *, reason: str = "", remote_id: str = "") -> bool:
        """Record what became of a claimed effect; False when the claim was lost to somebody else meanwhile."""

    async def release(self, key: str, token: int) -> None:
        """Give a claim back: the effect certainly did not happen and may be claimed again at once."""

    async def record(self, key: str, *, relationship: str, purpose: str, state: LedgerState, reason: str) -> None:
        """Record an effect that was decided against before any claim (suppressed, expired)."""


class KnownEffects(LedgerGateway, Protocol):
    """A ledger that also tells what it knows of one relationship."""

    async def states(self, relationship: str) -> Mapping[str, LedgerState]:
        """Where each effect of a relationship stands, by key."""


class JournalGateway(Protocol):
    """Every domain event, for good; outlives the server's retention."""

    async def append(self, tail: JournalTail) -> int:
        """Keep the entries (those already there are skipped) and the summary; return the last sequence kept."""

    async def read(self, relationship: str) -> Sequence[JournalEntry]:
        """All entries of a relationship in order."""

    async def is_on_hold(self, relationship: str) -> bool:
        """Whether the last kept summary says the relationship is on hold."""


class CaseAuditGateway(Protocol):
    """The audit chains of the cases: rows are added, and nothing else ever happens to them."""

    async def append(self, rows: Sequence[AuditRow]) -> int:
        """Keep rows of one case (those already there are skipped); return the last sequence kept.

        Raises AuditConflict where they do not follow what is kept, and keeps none of them.
        """

    async def read(self, case: str) -> Sequence[AuditRow]:
        """All rows of a case as they are, in order of their numbers."""

    async def cases(self) -> Sequence[str]:
        """Every case that has rows, in the order of ids."""


class AuditConflict(Exception):
    """What is kept of a case is not what the case has written, so nothing is added to it."""

    def __init__(self, case: str, sequence: int) -> None:
        super().__init__(
            f"case {case}: row {sequence} of its audit chain does not fit what is kept. Nothing was changed. "
            "Run `mentoring case verify`; if the cases' database was restored from a backup, restore a newer one."
        )
        self.case = case
        self.sequence = sequence


# --- pairings ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pairing:
    """Who is or was paired with whom in one relationship."""

    relationship: str
    programme: str
    mentor: str
    mentee: str
    is_open: bool
    since: datetime
    """When the place was taken."""


@dataclass(frozen=True, slots=True)
class Block:
    """Two people who are never paired again, in any programme and in any order. No reason is kept."""

    one: str
    other: str
    since: datetime


class PairingsGateway(Protocol):
    """Who may begin a relationship with whom: block list, one open relationship per pair and programme, capacity."""

    async def reserve(
        self, relationship: str, *, programme: str, mentor: str, mentee: str, capacities: Mapping[str, int]
    ) -> Rejection | None:
        """Take the two places of a relationship, or say why not; all or nothing, also when two ask at once.

        Asked in this order: is the pair blocked, is the id taken by others, have the two an open relationship in this
        programme, has each of them room. `capacities` holds by person how many open relationships they may be part
        of, in either role; 0 or left out: as many as come. A relationship that has its places keeps them.
        """

    async def release(self, relationship: str) -> None:
        """Forget an open reservation, because the relationship certainly never began."""

    async def close(self, relationship: str) -> None:
        """Give the places back, because the relationship has ended; its id is never used again."""

    async def is_blocked(self, one: str, other: str) -> bool:
        """Whether these two are never paired again."""

    async def block(self, one: str, other: str, *, seal: str = "") -> bool:
        """Never pair these two again, in any programme; False where the same seal said so already.

        Nothing is reserved for the two once this has returned.
        """

    async def unblock(self, one: str, other: str, *, seal: str = "", of_all: bool = False) -> bool:
        """Take back what was said with this seal, else what was said with none; False where there is neither.

        The two may be paired again when nobody says anything else any more, or at once with `of_all`.
        """

    async def blocks(self) -> Sequence[Block]:
        """The block list, in the order of ids; every pair once, since it was first said."""

    async def of(self, person: str) -> Sequence[Pairing]:
        """Every pairing of a person, in either role, the oldest first."""

    async def find(self, relationship: str) -> Pairing | None:
        """The two of a relationship, from the moment in which their places were taken."""


# --- relationships ----------------------------------------------------------------------------------------------


class RelationshipGateway(Protocol):
    """The running relationships, as a case sees them."""

    async def hold(self, relationship: str, *, seal: str, command_id: str) -> Refusal | None:
        """Place an ordinary hold; what it was refused for, if it was. Unknown and long ended sound the same."""

    async def lift(self, relationship: str, *, seal: str, command_id: str) -> Refusal | None:
        """Take back a hold of the same seal; what that was refused for, if it was."""
