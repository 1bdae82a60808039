"""The mail that comes back: `mentoring inbound` takes it from the organisation's mail server by LMTP or SMTP.

What a calendar answers becomes NoteCalendar, what a mail server says of an address becomes NoteAddress; everything else
is let go with a reason. The sender must never get a bounce from us and nothing may be lost, so there are three replies:
250 for what was done or let go for good, 550 for an address that is none of ours, and 451 while Temporal, a worker or
the database is away, upon which the mail server keeps the mail and tries again. A mail that comes twice is done once.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Literal, Protocol

import structlog
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from mentoring_lifecycle.activities.ports import PeopleGateway, ReplyAddresses
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.contracts.reply_address import ReplyTemplate
from mentoring_lifecycle.domain.commands import AddressNews, Command, NoteAddress, NoteCalendar
from mentoring_lifecycle.domain.consequences import session_of
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from mentoring_lifecycle.gateways.imip_reply import CalendarReply
from mentoring_lifecycle.gateways.inbound_mail import DeliveryReport, Reading, read_mail
from mentoring_lifecycle.starter.answers import CommandRejected

log = structlog.stdlib.get_logger()

MOST_AT_ONCE = 8
"""Mails being judged; each may wait for a worker."""

UNKNOWN_ADDRESS = "550 5.1.1 No such address here"
LATER = "451 4.3.0 Not now; please keep it and try again"
TAKEN = "250 2.0.0 Taken"


class InboundLibraryMissing(Exception):
    """The server's library is not installed."""

    def __init__(self) -> None:
        super().__init__("Taking mail needs aiosmtpd: pip install 'mentoring-lifecycle[inbound]'.")


# --- what becomes of a mail -------------------------------------------------------------------------------------


class Fate(StrEnum):
    """What became of one mail for one of its recipients."""

    APPLIED = "applied"
    """The relationship has taken note."""
    IGNORED = "ignored"
    """Nothing that we read, or nothing that we wait for."""
    REFUSED = "refused"
    """An address that is none of ours, or an answer that the relationship does not take."""
    DELAYED = "delayed"
    """Somebody that is needed is away; the mail server keeps it."""


_FATES = {Refusal.NOTHING_NEW: Fate.IGNORED, Refusal.MOVED: Fate.DELAYED}
"""What a refusal means for a mail; any other one is for good. What has moved may come back, or the mail goes there."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mail, and why in one word of a catalogue."""

    fate: Fate
    reason: str
    relationship: str = ""

    @property
    def reply(self) -> str:
        """What the mail server is told."""
        return LATER if self.fate is Fate.DELAYED else TAKEN


class Acts(Protocol):
    """What is needed of a relationship's handle."""

    async def do(self, command: Command, command_id: str = "") -> object:
        """Any act as a value."""


class Inbox:
    """Judges mails and lets relationships take note of them; knows nothing of sockets."""

    def __init__(
        self,
        relationship: Callable[[str], Acts],
        people: PeopleGateway,
        replies: ReplyAddresses,
        template: ReplyTemplate,
    ) -> None:
        """`relationship` gives the handle of an id, as MentoringClient does."""
        self._relationship = relationship
        self._people = people
        self._replies = replies
        self._template = template
        self._turn = asyncio.Semaphore(MOST_AT_ONCE)
        self.counts: Counter[tuple[Fate, str]] = Counter()

    async def receives(self, address: str) -> str:
        """The reply to a recipient: one and the same for everything that is none of our addresses."""
        try:
            known = await self._owner(address)
        except Exception as error:  # whatever ails the database, the mail is kept for later
            self._tell(Verdict(Fate.DELAYED, type(error).__name__))
            return LATER
        if known is None:
            self._tell(Verdict(Fate.REFUSED, "address"))
            return UNKNOWN_ADDRESS
        return "250 2.1.5 Ok"

    async def take(self, addresses: Iterable[str], content: bytes, *, from_nobody: bool) -> list[str]:
        """One reply per recipient, in their order."""
        async with self._turn:
            reading = await asyncio.to_thread(read_mail, content, from_nobody=from_nobody)
            return [self._tell(await self._judge(address, reading)).reply for address in addresses]

    async def _judge(self, address: str, reading: Reading) -> Verdict:
        relationship = ""
        try:
            owner = await self._owner(address)
            if owner is None:
                return Verdict(Fate.IGNORED, "address")
            relationship, person_id = owner
            person = await self._people.find(person_id)
            if person is None:
                return Verdict(Fate.IGNORED, "person", relationship)
            if isinstance(reading, CalendarReply):
                return await self._note_calendar(self._template.token_in(address), relationship, person, reading)
            if isinstance(reading, DeliveryReport):
                return await self._note_address(self._template.token_in(address), relationship, person, reading)
            return Verdict(Fate.IGNORED, reading.value, relationship)
        except CommandRejected as refused:
            return Verdict(_FATES.get(refused.code, Fate.REFUSED), refused.code.value, relationship)
        except Exception as error:  # a worker, Temporal or the database is away; a fault of ours is no loss either
            return Verdict(Fate.DELAYED, type(error).__name__, relationship)

    async def _owner(self, address: str) -> tuple[str, str] | None:
        token = self._template.token_in(address)
        return await self._replies.owner_of(token) if token else None

    async def _note_calendar(self, token: str, relationship: str, person: Person, reply: CalendarReply) -> Verdict:
        named = session_of(reply.uid)
        if named is None or named[0] != relationship:
            return Verdict(Fate.IGNORED, "uid", relationship)
        own = {person.email.casefold(), person.other_email.casefold()}
        said = [each.answer for each in reply.attendance if own & set(each.addresses)]
        if not said:
            return Verdict(Fate.IGNORED, "attendee", relationship)
        answer = said[0]
        if answer is None or len(set(said)) > 1:
            return Verdict(Fate.IGNORED, "partstat", relationship)
        note = NoteCalendar(person.id, named[1], reply.revision, answer, reply.starts_at)
        mark = _mark("reply", token, reply.uid, reply.revision, answer, reply.stamped_at, reply.starts_at or "")
        await self._relationship(relationship).do(note, mark)
        return Verdict(Fate.APPLIED, answer.value, relationship)

    async def _note_address(self, token: str, relationship: str, person: Person, report: DeliveryReport) -> Verdict:
        own = [fate.news for fate in report.fates if person.email.casefold() in fate.addresses]
        if not own:
            return Verdict(Fate.IGNORED, "recipient", relationship)
        news = next((each for each in (AddressNews.FAILED, AddressNews.SOFT) if each in own), None)
        if news is None:
            return Verdict(Fate.IGNORED, "delivered", relationship)
        if news is AddressNews.FAILED:
            await self._people.mark_address_failed(person.id)
        note = NoteAddress(PROGRAMME_OFFICE, person.id, news)
        await self._relationship(relationship).do(note, _mark("bounce", token, news, report.mark))
        return Verdict(Fate.APPLIED, f"address_{news.value}", relationship)

    def _tell(self, verdict: Verdict) -> Verdict:
        """One line per mail and recipient; never an address, a subject or a word of anybody."""
        self.counts[verdict.fate, verdict.reason] += 1
        # Not under `reason`, whose value every log leaves out, for elsewhere it is what people write.
        why, relationship = verdict.reason, verdict.relationship
        if verdict.fate is Fate.APPLIED:
            log.info("inbound_applied", why=why, relationship=relationship)
        elif verdict.fate is Fate.IGNORED:
            log.info("inbound_ignored", why=why, relationship=relationship)
        elif verdict.fate is Fate.REFUSED:
            log.info("inbound_refused", why=why, relationship=relationship)
        else:
            log.warning("inbound_delayed", why=why, relationship=relationship)
        return verdict


def _mark(*parts: object) -> str:
    """The command id of what a mail says: a mail that is delivered twice says the same."""
    return f"{parts[0]}-{sha256('|'.join(map(str, parts)).encode()).hexdigest()[:40]}"


class InboundFigures(Collector):
    """How many mails came to which end, for Prometheus."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def collect(self) -> Iterable[Metric]:
        """One counter, by fate and reason."""
        mails = CounterMetricFamily("mentoring_inbound_mails", "Mails that came back.", labels=["fate", "reason"])
        for (fate, reason), count in sorted(self._inbox.counts.items()):
            mails.add_metric([fate, reason], count)
        yield mails


# --- the process ------------------------------------------------------------------------------------------------


@asynccontextmanager
async def listening(inbox: Inbox, address: str, protocol: Literal["lmtp", "smtp"]) -> AsyncIterator[int]:
    """Take mail at `host:port` until the block ends; gives the port.

    Raises OSError where the port is taken, InboundLibraryMissing without the extra.
    """
    host, _, port = address.rpartition(":")
    try:
        from mentoring_lifecycle.starter.mail_door import Door
    except ImportError:
        raise InboundLibraryMissing from None
    door = Door(inbox, protocol)
    server = await asyncio.get_running_loop().create_server(door.opened, host.strip("[]"), int(port))
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await door.close()


async def run_inbound(inbox: Inbox, address: str, protocol: Literal["lmtp", "smtp"]) -> None:
    """The `mentoring inbound` process: take mail until cancelled."""
    async with listening(inbox, address, protocol) as port:
        log.info("inbound_started", port=port, protocol=protocol)
        try:
            await asyncio.get_running_loop().create_future()  # never done: only a cancellation ends it
        finally:
            log.info("inbound_stopping")
    log.info("inbound_stopped")
