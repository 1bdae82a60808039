"""The sockets of `mentoring inbound`: aiosmtpd's SMTP and LMTP, with bounds on everything."""

import asyncio
import logging
from typing import AnyStr, Literal

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from mentoring_lifecycle.gateways.inbound_mail import LARGEST
from mentoring_lifecycle.starter.inbound import LATER, TAKEN, Inbox

log = structlog.stdlib.get_logger()

Protocol = Literal["lmtp", "smtp"]

MOST_CONNECTIONS = 50
MOST_RECIPIENTS = 20
SILENT_FOR = 120.0
"""Seconds after which a connection that says nothing is closed."""
LONGEST = 600.0
"""Seconds that one connection may last at all."""
MOST_BYTES = 32 * LARGEST
"""Of one connection between two mails: what goes on and on without a line end is cut off."""
GRACE = 10.0
"""Seconds that mails under way are given at the end."""


class Door:
    """What the library calls, and who is inside."""

    def __init__(self, inbox: Inbox, protocol: Protocol) -> None:
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # it writes down every sender and recipient
        self._inbox = inbox
        self._protocol = protocol
        self.inside: set[asyncio.Transport] = set()
        self._under_way = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    def opened(self) -> SMTP:
        """The protocol of one connection."""
        return _BoundedLmtp(self) if self._protocol == "lmtp" else _BoundedSmtp(self)

    async def handle_RCPT(  # the library names its hooks after commands
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Only addresses that we have given out are taken."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients at once"
        reply = await self._inbox.receives(address)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """In LMTP one reply for each recipient, in SMTP one for all: what is done already is not done again."""
        self._under_way += 1
        self._quiet.clear()
        try:
            content = envelope.content
            assert isinstance(content, bytes)
            from_nobody = envelope.mail_from in {None, "", "<>"}
            replies = await self._inbox.take(envelope.rcpt_tos, content, from_nobody=from_nobody)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._quiet.set()
        if self._protocol == "lmtp":
            return "\r\n".join(replies)
        return LATER if LATER in replies else TAKEN

    async def handle_exception(self, error: Exception) -> str:
        """Whatever the library stumbles over, the mail server keeps the mail."""
        log.warning("inbound_failed", error=type(error).__name__)
        return LATER

    async def close(self) -> None:
        """Mails under way are judged, within reason; then everybody is shown out."""
        try:
            await asyncio.wait_for(self._quiet.wait(), GRACE)
        except TimeoutError:
            log.warning("inbound_cut_off")
        for transport in tuple(self.inside):
            transport.abort()


class _BoundedSmtp(SMTP):
    """The library's protocol with bounds on connections, time and bytes."""

    def __init__(self, door: Door) -> None:
        super().__init__(
            door,
            data_size_limit=LARGEST,
            hostname="mentoring",
            ident="ready",
            timeout=SILENT_FOR,
            loop=asyncio.get_running_loop(),
        )
        self._door = door
        self._inside: asyncio.Transport | None = None
        """None: turned away at the door."""
        self._bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Whoever comes when the house is full is told to come back."""
        assert isinstance(transport, asyncio.Transport)
        if len(self._door.inside) >= MOST_CONNECTIONS:
            transport.write(b"421 4.3.2 Too many connections; please try again later\r\n")
            transport.close()
            return
        self._door.inside.add(transport)
        self._inside = transport
        self._end = asyncio.get_running_loop().call_later(LONGEST, transport.abort)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Gone."""
        if self._inside:
            self._end.cancel()
            self._door.inside.discard(self._inside)
            super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """The other side has nothing more to say."""
        return super().eof_received() if self._inside else None

    def data_received(self, data: bytes) -> None:
        """The library keeps a line that never ends; we do not let it."""
        self._bytes += len(data)
        if self._inside and self._bytes > MOST_BYTES:
            self._inside.abort()
        elif self._inside:
            super().data_received(data)

    async def smtp_DATA(self, arg: str) -> None:
        """One mail; the next one begins to count anew."""
        try:
            await super().smtp_DATA(arg)
        finally:
            self._bytes = 0


class _BoundedLmtp(_BoundedSmtp, LMTP):
    """One reply per recipient, also where the library judges the whole mail (too long, too large)."""

    _repeated = 1

    async def smtp_DATA(self, arg: str) -> None:
        """One mail."""
        self._repeated = max(1, len(self.envelope.rcpt_tos)) if self.envelope else 1
        try:
            await super().smtp_DATA(arg)
        finally:
            self._repeated = 1

    async def push(self, status: AnyStr) -> None:
        """Say something to the other side."""
        text = status if isinstance(status, str) else status.decode("ascii", "replace")
        again = self._repeated if text[:3] in {"500", "552"} else 1
        await super().push("\r\n".join([text] * again))
