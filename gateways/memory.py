"""Gateways that live in memory, for the tests of whoever builds on this package.

They keep the same promises as the real ones, claims and fencing included, and forget everything with the process.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mentoring_lifecycle.activities.ports import (
    CalendarRefused,
    Claim,
    GatewayError,
    LedgerState,
    MailUnknown,
    OutgoingMail,
    SeenEntry,
    SessionEntry,
)
from mentoring_lifecycle.contracts.deliveries import JournalEntry, JournalTail
from mentoring_lifecycle.contracts.people import AddressState, Person
from mentoring_lifecycle.gateways.journal_sql import JournalGap
from mentoring_lifecycle.gateways.ledger_sql import utc_now


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

    People use their calendars too: `move_by_hand`, `answer_by_hand` and `delete_by_hand` do what a person does in a
    calendar program, without a word to anybody.
    """

    def __init__(self) -> None:
        self.calendars: dict[str, dict[str, SessionEntry]] = {}
        self.answers: dict[tuple[str, str], dict[str, str]] = {}
        """By owner and UID: what attendees answered, by address."""
        self.troubles: deque[GatewayError] = deque()

    async def keep(self, owner: str, entry: SessionEntry) -> None:
        """Show the entry; a newer revision already there is left alone. Raises CalendarRefused for an impossible one."""
        if entry.ends_at <= entry.starts_at:
            raise CalendarRefused("malformed")
        calendar = self._open(owner)
        shown = calendar.get(entry.uid)
        if shown is None or shown.revision < entry.revision or _stands_elsewhere(shown, entry):
            calendar[entry.uid] = entry
            self.answers.pop((owner, entry.uid), None)

    async def remove(self, owner: str, uid: str) -> None:
        """Show the entry no longer."""
        self._open(owner).pop(uid, None)
        self.answers.pop((owner, uid), None)

    async def upcoming(self, owner: str, uid_prefix: str, after: datetime) -> Sequence[str]:
        """UIDs with the prefix of entries that end after the instant, sorted."""
        return [entry.uid for entry in await self.entries(owner, uid_prefix, after)]

    async def entries(self, owner: str, uid_prefix: str, after: datetime) -> Sequence[SeenEntry]:
        """Those entries as they are shown now, sorted by UID."""
        shown = sorted(self._open(owner).values(), key=lambda entry: entry.uid)
        return [
            SeenEntry(
                uid=entry.uid,
                revision=entry.revision,
                starts_at=entry.starts_at,
                ends_at=entry.ends_at,
                answers=self._answers(owner, entry),
            )
            for entry in shown
            if entry.uid.startswith(uid_prefix) and entry.ends_at > after
        ]

    def delete_by_hand(self, owner: str, uid: str) -> None:
        """The owner deletes an entry."""
        del self.calendars[owner][uid]

    def move_by_hand(self, owner: str, uid: str, starts_at: datetime) -> None:
        """The owner drags an entry to another time."""
        shown = self.calendars[owner][uid]
        lasts = shown.ends_at - shown.starts_at
        self.calendars[owner][uid] = replace(shown, starts_at=starts_at, ends_at=starts_at + lasts)

    def answer_by_hand(self, owner: str, uid: str, address: str, answer: str) -> None:
        """The owner answers, for example with `declined`, under an address that the entry names."""
        assert self.calendars[owner][uid]
        self.answers.setdefault((owner, uid), {})[address.lower()] = answer

    def _answers(self, owner: str, entry: SessionEntry) -> tuple[tuple[str, str], ...]:
        given = self.answers.get((owner, entry.uid), {})
        named = {attendee.email.lower(): "needs-action" for attendee in entry.attendees}
        return tuple(sorted((named | given).items()))

    def _open(self, owner: str) -> dict[str, SessionEntry]:
        if self.troubles:
            raise self.troubles.popleft()
        return self.calendars.setdefault(owner, {})


def _stands_elsewhere(shown: SessionEntry, entry: SessionEntry) -> bool:
    moved = (shown.starts_at, shown.ends_at, shown.title) != (entry.starts_at, entry.ends_at, entry.title)
    return shown.revision == entry.revision and moved


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

    def _expire(self, key: str, now: datetime) -> EffectRow | None:
        row = self.rows.get(key)
        leased = row is not None and row.state is LedgerState.CLAIMED and row.lease_until
        if row is not None and leased and leased <= now:
            row = self.rows[key] = replace(row, state=LedgerState.UNKNOWN, reason="lease")
        return row


class MemoryJournal:
    """The journal, by relationship."""

    def __init__(self) -> None:
        self.entries: dict[str, list[JournalEntry]] = {}
        self.summaries: dict[str, JournalTail] = {}

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
        return len(kept) + len(new)

    async def read(self, relationship: str) -> Sequence[JournalEntry]:
        """All entries of a relationship in order."""
        return tuple(self.entries.get(relationship, ()))

    async def is_on_hold(self, relationship: str) -> bool:
        """Whether the last kept summary says the relationship is on hold."""
        summary = self.summaries.get(relationship)
        return summary is not None and summary.standing == "on_hold"
