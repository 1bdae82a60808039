"""Writes letters and hands them to the mail server, each at most once, each to one reader."""

from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil

from temporalio import activity

from mentoring_lifecycle.activities.failures import result_of, standing_of
from mentoring_lifecycle.activities.heartbeat import heartbeats
from mentoring_lifecycle.activities.ports import (
    Attendee,
    Claim,
    FreeDaysGateway,
    GatewayError,
    JournalGateway,
    LedgerGateway,
    LedgerState,
    LetterWriter,
    MailGateway,
    MailUnknown,
    OutgoingMail,
    PeopleGateway,
    ReplyAddresses,
    SessionEntry,
)
from mentoring_lifecycle.activities.spread import Spread
from mentoring_lifecycle.activities.stopping import raise_if_stopping
from mentoring_lifecycle.activities.timetable import NoFreeDays
from mentoring_lifecycle.activities.working_time import Habits, next_time_to_write
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.deliveries import (
    ADDRESS_GONE,
    NEXT_TURN,
    Deliveries,
    Delivery,
    LettersOrder,
    Outcome,
)
from mentoring_lifecycle.contracts.people import AddressState, Person
from mentoring_lifecycle.contracts.words import Words
from mentoring_lifecycle.domain.consequences import session_uid
from mentoring_lifecycle.domain.effects import Letter
from mentoring_lifecycle.domain.letters import MANNERS, CalendarMethod, WhenUnknown
from mentoring_lifecycle.domain.people import PAIR

QUIET = "quiet"
"""The reason of a letter that waits for the reader's day, or was given up because that came too late."""

LEASE = timedelta(minutes=3)
"""Longer than every timeout of one mail together, shorter than an attempt of the activity."""


class LetterActivities:
    """Letters, from order to mail server."""

    def __init__(
        self,
        people: PeopleGateway,
        ledger: LedgerGateway,
        journal: JournalGateway | None,
        writer: LetterWriter,
        mail: MailGateway,
        free_days: FreeDaysGateway | None = None,
        replies: ReplyAddresses | None = None,
        *,
        at_once: int | None = None,
        window: timedelta = timedelta(),
    ) -> None:
        """Without `journal` nothing is ever on hold, as among cases. Without `free_days` only the rest days of the week
        are days off; without `replies` letters name the sender alone, and nothing that comes back is read. One call
        hands at most `at_once` mails to the server, so that whoever limits calls limits mails.
        What waits for a morning leaves in the course of a `window` from then on; see Spread.
        """
        self._people = people
        self._ledger = ledger
        self._journal = journal
        self._writer = writer
        self._mail = mail
        self._free_days = free_days or NoFreeDays()
        self._replies = replies
        self._at_once = at_once
        self._window = window

    @activity.defn(name=names.DELIVER_LETTERS)
    async def deliver(self, order: LettersOrder) -> Deliveries:
        """One result per letter, in its order.

        Fails only when our own database is away or the worker is told to stop; then nothing is repeated.
        """
        now = activity.info().started_time
        async with heartbeats():
            for each in order.dropped:
                await self._record(order.relationship, each.key, each.purpose, LedgerState.SUPPRESSED, each.reason)
            results: list[Delivery] = []
            for letter in order.letters:
                raise_if_stopping()
                if self._at_once and sum(map(_took_a_mail, results)) >= self._at_once:
                    results.append(Delivery(letter.key, Outcome.DELAYED, NEXT_TURN))
                else:
                    results.append(await self._deliver(order.relationship, letter, now))
            return Deliveries(tuple(results))

    async def repeat(self, relationship: str, letter: Letter, now: datetime) -> Delivery:
        """Try a letter again of which nobody can tell whether it left, whatever its kind: a human being decided so.

        Everything else is asked as ever: hold, reader, address, hour; and the Message-ID is the same.
        """
        return await self._deliver(relationship, letter, now, again_if_unknown=True)

    async def _deliver(
        self, relationship: str, letter: Letter, now: datetime, *, again_if_unknown: bool = False
    ) -> Delivery:
        if now > letter.not_after:
            return await self._drop(relationship, letter, LedgerState.EXPIRED, "late")
        # Looked at right before sending, not only when the letter was decided: a hold may have come in between.
        if not MANNERS[letter.purpose].passes_hold and await self._is_on_hold(relationship):
            return await self._drop(relationship, letter, LedgerState.SUPPRESSED, "hold")
        reader = await self._people.find(letter.to)
        if reader is None or not reader.active:
            return await self._drop(relationship, letter, LedgerState.SUPPRESSED, "person")
        if MANNERS[letter.purpose].another_way:
            return await self._send_another_way(relationship, letter, reader, now, again_if_unknown)
        if reader.address is AddressState.FAILED:
            return await self._drop(relationship, letter, LedgerState.SUPPRESSED, ADDRESS_GONE)
        if MANNERS[letter.purpose].waits_for_day and (waits := self._wait(relationship, letter, reader, now)):
            return (
                waits
                if waits.outcome is Outcome.DELAYED
                else await self._drop(relationship, letter, LedgerState.EXPIRED, QUIET)
            )
        return await self._send_once(relationship, letter, reader, now, again_if_unknown)

    async def _is_on_hold(self, relationship: str) -> bool:
        return self._journal is not None and await self._journal.is_on_hold(relationship)

    def _wait(self, relationship: str, letter: Letter, reader: Person, now: datetime) -> Delivery | None:
        """Until when a letter that can wait is kept back, so that nobody is written to at night or on a day off.

        A reminder whose hour would pass meanwhile is given up: it was a courtesy. Anything else is sent all the same.
        """
        habits, spread = Habits(reader, self._free_days), Spread.of(relationship, self._window)
        at = next_time_to_write(habits, now, letter.not_after, spread, letter.facts.deadline)
        if at is not None and at > now:
            return Delivery(letter.key, Outcome.DELAYED, QUIET, ceil((at - now).total_seconds()))
        is_courtesy = MANNERS[letter.purpose].when_unknown is WhenUnknown.LEAVE
        return Delivery(letter.key, Outcome.EXPIRED, QUIET) if at is None and is_courtesy else None

    async def _send_another_way(
        self, relationship: str, letter: Letter, reader: Person, now: datetime, again_if_unknown: bool
    ) -> Delivery:
        """The story has found that the usual address fails: the directory is told, and the owner at another one."""
        await self._people.mark_address_failed(reader.id)
        if reader.other_email in ("", reader.email):
            return await self._drop(relationship, letter, LedgerState.SUPPRESSED, "no_other_address")
        return await self._send_once(
            relationship, letter, replace(reader, email=reader.other_email), now, again_if_unknown
        )

    async def _drop(self, relationship: str, letter: Letter, state: LedgerState, reason: str) -> Delivery:
        await self._record(relationship, letter.key, letter.purpose, state, reason)
        return Delivery(letter.key, Outcome(state.value), reason)

    async def _record(self, relationship: str, key: str, purpose: str, state: LedgerState, reason: str) -> None:
        await self._ledger.record(key, relationship=relationship, purpose=purpose, state=state, reason=reason)

    async def _send_once(
        self, relationship: str, letter: Letter, reader: Person, now: datetime, again_if_unknown: bool
    ) -> Delivery:
        claim = await self._ledger.claim(
            letter.key,
            relationship=relationship,
            purpose=letter.purpose.value,
            lease=LEASE,
            again_if_unknown=again_if_unknown or MANNERS[letter.purpose].when_unknown is WhenUnknown.RESEND,
            now=now,
        )
        if not claim.granted:
            return standing_of(letter.key, claim)
        mail = await self._compose(relationship, letter, reader)
        try:
            remote_id = await self._mail.send(mail)
        except GatewayError as failure:
            return await self._settle_failure(letter, claim, failure, reader)
        await self._ledger.settle(letter.key, claim.token, LedgerState.ACCEPTED, remote_id=remote_id)
        for each in letter.gathers:
            await self._record(relationship, each.key, each.purpose, LedgerState.SUPPRESSED, "gathered")
        return Delivery(letter.key, Outcome.ACCEPTED)

    async def _settle_failure(self, letter: Letter, claim: Claim, failure: GatewayError, reader: Person) -> Delivery:
        result = result_of(letter.key, failure)
        if result.reason == ADDRESS_GONE and MANNERS[letter.purpose].another_way:
            result = replace(result, reason="other_address")
        if result.outcome is Outcome.DELAYED:
            await self._ledger.release(letter.key, claim.token)
            return result
        await self._ledger.settle(letter.key, claim.token, LedgerState(result.outcome.value), reason=failure.reason)
        if result.reason == ADDRESS_GONE:
            await self._people.mark_address_failed(reader.id)
        if isinstance(failure, MailUnknown) and MANNERS[letter.purpose].when_unknown is WhenUnknown.RESEND:
            return Delivery(letter.key, Outcome.DELAYED, failure.reason)
        return result

    async def _compose(self, relationship: str, letter: Letter, reader: Person) -> OutgoingMail:
        partner = await self._people.find(letter.facts.partner) if letter.facts.partner else None
        concerned = await self._people.find(letter.facts.concerned) if letter.facts.concerned else None
        words = self._writer.write(
            letter, relationship=relationship, reader=reader, partner=partner, concerned=concerned
        )
        method = MANNERS[letter.purpose].calendar
        return OutgoingMail(
            key=letter.key,
            to=Attendee(reader.name, reader.email),
            subject=words.subject,
            text=words.text,
            html=words.html,
            dated_at=letter.decided_at,
            method=method,
            entry=None if method is CalendarMethod.NONE else _entry(relationship, letter, words, reader, partner),
            reply_address=await self._reply_address(relationship, letter),
        )

    async def _reply_address(self, relationship: str, letter: Letter) -> str:
        if self._replies is None or letter.party not in PAIR:
            return ""
        return await self._replies.address_for(relationship, letter.to)


def _took_a_mail(result: Delivery) -> bool:
    """Whether the mail server may have been asked."""
    return result.outcome not in (Outcome.SUPPRESSED, Outcome.EXPIRED) and result.reason != QUIET


def _entry(relationship: str, letter: Letter, words: Words, reader: Person, partner: Person | None) -> SessionEntry:
    facts = letter.facts
    assert facts.starts_at
    assert facts.ends_at
    people = [reader] + ([partner] if partner else [])
    return SessionEntry(
        uid=session_uid(relationship, facts.session),
        revision=facts.revision,
        stamped_at=letter.decided_at,
        starts_at=facts.starts_at,
        ends_at=facts.ends_at,
        title=words.calendar_title,
        description=words.calendar_description,
        attendees=tuple(Attendee(person.name, person.email) for person in sorted(people, key=lambda each: each.id)),
    )
