"""Gateways that live in memory, for the tests of whoever builds on this package.

They keep the same promises as the real ones, claims and fencing included, and forget everything with the process.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from mentoring_lifecycle.activities.ports import (
    Block,
    Claim,
    GatewayError,
    LedgerState,
    MailUnknown,
    OutgoingMail,
    Pairing,
    SeenEntry,
    SessionEntry,
    Span,
)
from mentoring_lifecycle.contracts.deliveries import JournalEntry, JournalTail
from mentoring_lifecycle.contracts.people import AddressState, Person
from mentoring_lifecycle.contracts.reply_address import ReplyTemplate, new_token
from mentoring_lifecycle.domain.cases.audit import AuditRow
from mentoring_lifecycle.domain.people import PAIR
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.gateways.booked_times import TimeTaken, changes_in, pair_in
from mentoring_lifecycle.gateways.case_audit_sql import following
from mentoring_lifecycle.gateways.journal_sql import JournalGap, pairing_of
from mentoring_lifecycle.gateways.ledger_sql import utc_now
from mentoring_lifecycle.gateways.pairings_sql import taken_by


class MemoryPeople:
    """A people directory; `people` may be read and changed at will."""

    def __init__(self, people: Iterable[Person] = ()) -> None:
        self.people = {person.id: person for person in people}

    async def find(self, person: str) -> Person | None:
        """The person, or None where nobody is known by this id."""
        return self.people.get(person)

    async def mark_address_failed(self, person: str) -> None:
        """Remember that mail to this person is refused for good; nothing happens for somebody unknown."""
        if known := self.people.get(person):
            self.people[person] = replace(known, address=AddressState.FAILED)


class MemoryReplyAddresses:
    """Secret reply addresses; `owners` holds relationship and person by token."""

    def __init__(self, template: ReplyTemplate) -> None:
        self._template = template
        self.owners: dict[str, tuple[str, str]] = {}

    async def address_for(self, relationship: str, person: str) -> str:
        """The address, made when first asked for and the same ever after."""
        known = next((token for token, owner in self.owners.items() if owner == (relationship, person)), "")
        token = known or new_token()
        self.owners[token] = (relationship, person)
        return self._template.address(token)

    async def owner_of(self, token: str) -> tuple[str, str] | None:
        """Relationship and person of the secret part of an address."""
        return self.owners.get(token)


class MemoryMail:
    """A mail server that delivers into `sent`.

    Errors put into `troubles` are raised by the next sends, in order; a mail that ends in MailUnknown is in `sent`
    all the same, as happens when only the answer was lost.
    """

    def __init__(self) -> None:
        self.sent: list[OutgoingMail] = []
        self.troubles: deque[GatewayError] = deque()

    async def send(self, mail: OutgoingMail) -> str:
        """Deliver, unless trouble was ordered."""
        trouble = self.troubles.popleft() if self.troubles else None
        if trouble is None or isinstance(trouble, MailUnknown):
            self.sent.append(mail)
        if trouble is not None:
            raise trouble
        return f"2.0.0 kept as {len(self.sent)}"


class MemoryCalendar:
    """Calendars by owner, each showing entries by UID; errors put into `troubles` are raised by the next calls.

    What an owner does by hand is a change of `calendars`; the PARTSTAT of an attendee, by owner, UID and address,
    stands in `answers`.
    """

    def __init__(self) -> None:
        self.calendars: dict[str, dict[str, SessionEntry]] = {}
        self.answers: dict[tuple[str, str, str], str] = {}
        self.troubles: deque[GatewayError] = deque()

    async def keep(self, owner: str, entry: SessionEntry) -> None:
        """Show the entry; a newer revision already there is left alone."""
        self._answer()
        calendar = self.calendars.setdefault(owner, {})
        shown = calendar.get(entry.uid)
        if shown is None or shown.revision <= entry.revision:
            if shown != entry:
                self._forget_answers(owner, entry.uid)
            calendar[entry.uid] = entry

    async def remove(self, owner: str, uid: str) -> None:
        """Show the entry no longer."""
        self._answer()
        self.calendars.get(owner, {}).pop(uid, None)

    async def upcoming(self, owner: str, uid_prefix: str, after: datetime) -> Sequence[str]:
        """UIDs with the prefix of entries that end after the instant, sorted."""
        return [seen.uid for seen in await self.entries(owner, uid_prefix, after) or ()]

    async def entries(self, owner: str, uid_prefix: str, after: datetime) -> Sequence[SeenEntry] | None:
        """The same entries as the calendar shows them, in the order of UIDs; None where there is no calendar."""
        self._answer()
        if (shown := self.calendars.get(owner)) is None:
            return None
        uids = sorted(uid for uid, entry in shown.items() if uid.startswith(uid_prefix) and entry.ends_at > after)
        return [self._seen(owner, shown[uid]) for uid in uids]

    def _seen(self, owner: str, entry: SessionEntry) -> SeenEntry:
        addresses = [attendee.email.lower() for attendee in entry.attendees]
        answers = tuple((each, self.answers.get((owner, entry.uid, each), "needs-action")) for each in addresses)
        return SeenEntry(entry.uid, entry.revision, entry.starts_at, entry.ends_at, cancelled=False, answers=answers)

    def _forget_answers(self, owner: str, uid: str) -> None:
        """A new version of an entry asks everybody anew."""
        self.answers = {key: said for key, said in self.answers.items() if key[:2] != (owner, uid)}

    def _answer(self) -> None:
        if self.troubles:
            raise self.troubles.popleft()


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One effect as the ledger knows it."""

    relationship: str
    purpose: str
    state: LedgerState
    token: int = 0
    lease_until: datetime | None = None
    was_unknown: bool = False
    reason: str = ""
    remote_id: str = ""


class MemoryLedger:
    """The effect ledger; `rows` holds what is known by effect key."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self.rows: dict[str, EffectRow] = {}
        self._clock = clock
        self._tokens = 0

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
        """Claim an effect before doing it."""
        now = now or self._clock()
        row = self._expire(key, now)
        unknown = row is not None and row.state is LedgerState.UNKNOWN
        if row is not None and not (unknown and again_if_unknown):
            return Claim(granted=False, state=row.state, reason=row.reason)
        self._tokens += 1
        self.rows[key] = EffectRow(
            relationship, purpose, LedgerState.CLAIMED, self._tokens, now + lease, was_unknown=unknown
        )
        return Claim(granted=True, state=LedgerState.CLAIMED, token=self._tokens, was_unknown=unknown)

    async def settle(self, key: str, token: int, state: LedgerState, *, reason: str = "", remote_id: str = "") -> bool:
        """Record what became of a claimed effect; False when the claim was lost to somebody else meanwhile."""
        if state is LedgerState.CLAIMED:
            raise ValueError(f"effect {key}: an effect is settled as something other than claimed")
        row = self.rows.get(key)
        if row is None or row.token != token or row.state not in {LedgerState.CLAIMED, LedgerState.UNKNOWN, state}:
            return False
        self.rows[key] = replace(row, state=state, reason=reason, remote_id=remote_id)
        return True

    async def release(self, key: str, token: int) -> None:
        """Give a claim back; what an earlier attempt left unknown is unknown again."""
        row = self.rows.get(key)
        if row is None or row.token != token or row.state is not LedgerState.CLAIMED:
            return
        if row.was_unknown:
            self.rows[key] = replace(row, state=LedgerState.UNKNOWN, token=0)
        else:
            del self.rows[key]

    async def record(self, key: str, *, relationship: str, purpose: str, state: LedgerState, reason: str) -> None:
        """Record an effect that was decided against; what is already known of it stays."""
        self.rows.setdefault(key, EffectRow(relationship, purpose, state, reason=reason))

    async def states(self, relationship: str) -> Mapping[str, LedgerState]:
        """Where each effect of a relationship stands, by key."""
        return {key: row.state for key, row in self.rows.items() if row.relationship == relationship}

    async def find(self, key: str) -> EffectRow | None:
        """One effect, or None."""
        return self._expire(key, self._clock())

    async def resolve(self, key: str, state: LedgerState, *, reason: str) -> bool:
        """Say by hand what became of an effect that is UNKNOWN; False where it is not, any more."""
        row = self._expire(key, self._clock())
        if row is None or row.state is not LedgerState.UNKNOWN:
            return False
        self.rows[key] = replace(row, state=state, reason=reason, token=0)
        return True

    async def troubled(self) -> Sequence[str]:
        """Relationships with an effect of which nobody can tell, in the order of ids."""
        return sorted({row.relationship for row in self.rows.values() if row.state is LedgerState.UNKNOWN})

    def _expire(self, key: str, now: datetime) -> EffectRow | None:
        row = self.rows.get(key)
        leased = row is not None and row.state is LedgerState.CLAIMED and row.lease_until
        if row is not None and leased and leased <= now:
            row = self.rows[key] = replace(row, state=LedgerState.UNKNOWN, reason="lease")
        return row


class MemoryFreeDays:
    """Days off by person; `days` may be read and changed at will."""

    def __init__(self) -> None:
        self.days: dict[str, set[date]] = {}

    def is_free(self, person: Person, day: date) -> bool:
        """Whether the day is one of them."""
        return day in self.days.get(person.id, ())


class MemoryFreeBusy:
    """What people's own calendars say, by person; errors put into `troubles` are raised by the next calls."""

    def __init__(self) -> None:
        self.spans: dict[str, list[Span]] = {}
        self.troubles: deque[GatewayError] = deque()

    async def busy(self, person: Person, start: datetime, end: datetime) -> Sequence[Span]:
        """The person's spans that touch this one."""
        if self.troubles:
            raise self.troubles.popleft()
        return [span for span in self.spans.get(person.id, ()) if span[0] < end and start < span[1]]


@dataclass(frozen=True, slots=True)
class Booking:
    """The time that one session has taken of two people."""

    people: tuple[str, str]
    starts_at: datetime
    ends_at: datetime


class MemoryBookings:
    """Bookings by relationship and session; `rows` may be read."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], Booking] = {}

    async def reserve(
        self,
        relationship: str,
        session: int,
        people: Sequence[str],
        find: Callable[[Sequence[Span]], Span | None],
    ) -> None:
        """Give the session the time that `find` chooses; nothing is awaited in between."""
        span = find(self._taken(people, (relationship, session)))
        self.rows.pop((relationship, session), None)
        if span:
            mentor, mentee = people
            self.rows[relationship, session] = Booking((mentor, mentee), *span)

    async def taken(self, people: Sequence[str], *, leaving_out: tuple[str, int]) -> Sequence[Span]:
        """What these people have promised, but for one session of one relationship."""
        return self._taken(people, leaving_out)

    def _taken(self, people: Sequence[str], leaving_out: tuple[str, int]) -> list[Span]:
        rows = [row for key, row in self.rows.items() if key != leaving_out and set(row.people) & set(people)]
        return sorted((row.starts_at, row.ends_at) for row in rows)

    def follow_journal(self, relationship: str, kept: Sequence[JournalEntry], new: Sequence[JournalEntry]) -> None:
        """Stay true to what has just been written into the journal."""
        pair = pair_in(kept) or pair_in(new)
        for change in changes_in(new):
            if isinstance(change, TimeTaken):
                if pair:
                    self.rows[relationship, change.session] = Booking(pair, change.starts_at, change.ends_at)
            elif change.session is not None:
                self.rows.pop((relationship, change.session), None)
            else:
                for of, session in list(self.rows):
                    if of == relationship and session not in change.but:
                        del self.rows[of, session]


class MemoryPairings:
    """Pairings by relationship in `rows`, blocked pairs by seal in `blocked`."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self.rows: dict[str, Pairing] = {}
        self.blocked: dict[tuple[str, str], dict[str, Block]] = {}
        self._clock = clock

    async def reserve(
        self, relationship: str, *, programme: str, mentor: str, mentee: str, capacities: Mapping[str, int]
    ) -> Rejection | None:
        """Take the two places of a relationship, or say why not."""
        wanted = Pairing(relationship, programme, mentor, mentee, True, self._clock())
        if self.blocked.get(_in_order(mentor, mentee)):
            return Rejection(Refusal.BLOCKED_PAIR)
        if known := self.rows.get(relationship):
            return taken_by(known, wanted)
        if refused := self._refusal(wanted, capacities):
            return refused
        self.rows[relationship] = wanted
        return None

    def _refusal(self, wanted: Pairing, capacities: Mapping[str, int]) -> Rejection | None:
        taken = [row for row in self.rows.values() if row.is_open]
        pair = {wanted.mentor, wanted.mentee}
        if any({row.mentor, row.mentee} == pair and row.programme == wanted.programme for row in taken):
            return Rejection(Refusal.ALREADY_PAIRED)
        for party, person in zip(PAIR, (wanted.mentor, wanted.mentee), strict=True):
            if 0 < capacities.get(person, 0) <= sum(person in (row.mentor, row.mentee) for row in taken):
                return Rejection(Refusal.NO_CAPACITY, party)
        return None

    async def release(self, relationship: str) -> None:
        """Forget an open reservation; what has ended is kept."""
        if (known := self.rows.get(relationship)) and known.is_open:
            del self.rows[relationship]

    async def close(self, relationship: str) -> None:
        """Give the places back."""
        if known := self.rows.get(relationship):
            self.rows[relationship] = replace(known, is_open=False)

    async def is_blocked(self, one: str, other: str) -> bool:
        """Whether these two are never paired again."""
        return bool(self.blocked.get(_in_order(one, other)))

    async def block(self, one: str, other: str, *, seal: str = "") -> bool:
        """Never pair these two again; False where the same seal said so already."""
        pair = _in_order(one, other)
        said = self.blocked.setdefault(pair, {})
        is_new = seal not in said
        said.setdefault(seal, Block(*pair, self._clock()))
        return is_new

    async def unblock(self, one: str, other: str, *, seal: str = "", of_all: bool = False) -> bool:
        """Take back what was said with this seal, else with none; False where there is neither."""
        said = self.blocked.get(_in_order(one, other), {})
        gone = [*said] if of_all else [each for each in (seal, "") if each in said][:1]
        for each in gone:
            del said[each]
        return bool(gone)

    async def blocks(self) -> Sequence[Block]:
        """The block list, in the order of ids; every pair once."""
        said = {pair: said.values() for pair, said in sorted(self.blocked.items()) if said}
        return [min(each, key=lambda block: block.since) for each in said.values()]

    async def of(self, person: str) -> Sequence[Pairing]:
        """Every pairing of a person, the oldest first."""
        own = [row for row in self.rows.values() if person in (row.mentor, row.mentee)]
        return sorted(own, key=lambda row: (row.since, row.relationship))

    async def find(self, relationship: str) -> Pairing | None:
        """The two of a relationship."""
        return self.rows.get(relationship)


def _in_order(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


class MemoryCaseAudit:
    """The audit chains, by case; while `away` is set nothing can be kept."""

    def __init__(self) -> None:
        self.rows: dict[str, list[AuditRow]] = {}
        self.away = False

    async def append(self, rows: Sequence[AuditRow]) -> int:
        """Keep rows of one case; return the last sequence kept. Raises AuditConflict where they do not follow."""
        if self.away:
            raise GatewayError("away")
        kept = self.rows.get(rows[0].case, [])
        self.rows[rows[0].case] = [*kept, *following(kept, rows)]
        return self.rows[rows[0].case][-1].sequence

    async def read(self, case: str) -> Sequence[AuditRow]:
        """All rows of a case, in order."""
        return list(self.rows.get(case, ()))

    async def cases(self) -> Sequence[str]:
        """Every case that has rows, in the order of ids."""
        return sorted(self.rows)


class MemoryJournal:
    """The journal, by relationship; `bookings` follow it, and so do `pairings`, where there are any."""

    def __init__(self, bookings: MemoryBookings | None = None, pairings: MemoryPairings | None = None) -> None:
        self.entries: dict[str, list[JournalEntry]] = {}
        self.summaries: dict[str, JournalTail] = {}
        self.bookings = bookings or MemoryBookings()
        self.pairings = pairings

    async def append(self, tail: JournalTail) -> int:
        """Keep the entries that are new, and the summary unless it is older than them; return the last sequence.

        Raises JournalGap where entries are missing between what is kept and what is given.
        """
        kept = self.entries.get(tail.relationship, [])
        new = [entry for entry in tail.entries if entry.sequence > len(kept)]
        for expected, entry in enumerate(new, start=len(kept) + 1):
            if entry.sequence != expected:
                raise JournalGap(tail.relationship, expected - 1, entry.sequence)
        if new:
            self.entries[tail.relationship] = kept + new
            self.summaries[tail.relationship] = tail
            self.bookings.follow_journal(tail.relationship, kept, new)
            await self._keep_pairing(tail.relationship, new)
        return len(kept) + len(new)

    async def _keep_pairing(self, relationship: str, new: Sequence[JournalEntry]) -> None:
        if self.pairings is None:
            return
        for entry in new:
            if entry.kind == "relationship_opened":
                self.pairings.rows.setdefault(relationship, pairing_of(relationship, entry))
            elif entry.kind == "closed":
                await self.pairings.close(relationship)

    async def read(self, relationship: str) -> Sequence[JournalEntry]:
        """All entries of a relationship in order."""
        return tuple(self.entries.get(relationship, ()))

    async def is_on_hold(self, relationship: str) -> bool:
        """Whether the last kept summary says the relationship is on hold."""
        summary = self.summaries.get(relationship)
        return summary is not None and summary.standing == "on_hold"
