"""Mail by SMTP: one recipient per transaction, one connection per mail.

The dialogue is driven command by command, because only the phase in which something went wrong tells whether the mail
may have left: up to the final dot it certainly did not, after it nobody knows until the server has answered.
"""

import asyncio
import email.policy
import re
import ssl
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from hashlib import sha256
from typing import Any, Literal

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from mentoring_lifecycle.activities.ports import Attendee, MailDelayed, MailRefused, MailUnknown, OutgoingMail
from mentoring_lifecycle.contracts.addresses import checked_address, checked_name
from mentoring_lifecycle.domain.letters import CalendarMethod
from mentoring_lifecycle.gateways.imip import checked_organizer, invitation
from mentoring_lifecycle.gateways.loopback import UnprotectedConnection, is_loopback

Protection = Literal["starttls", "tls", "none"]

_REQUIRED = frozenset({"from", "to", "subject", "date", "message-id", "mime-version", "content-type"})
_ALLOWED = _REQUIRED | {"auto-submitted", "content-transfer-encoding", "reply-to"}
_UNSAFE_LINE = re.compile(rb"\x00|(?<!\r)\n|\r(?!\n)|[^\r\n]{999}")
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_OUR_CREDENTIALS = frozenset({530, 534, 535, 538})


class _WholeWords(email.policy.EmailPolicy):
    """Writes accented text without losing a space wherever a header is folded, as the standard policy does."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name == "Reply-To":
            return f"{name}: <{value.addresses[0].addr_spec}>{self.linesep}".encode("ascii")
        if name == "Subject":
            words, rest = str(value), ""
        elif name in {"From", "To"}:
            words, rest = value.addresses[0].display_name, f"{self.linesep} <{value.addresses[0].addr_spec}>"
        else:
            return super().fold_binary(name, value)
        if words.isascii():
            return super().fold_binary(name, value)
        folded = Header(words, "utf-8", header_name=name).encode(linesep=self.linesep)
        return f"{name}: {folded}{rest}{self.linesep}".encode("ascii")


_POLICY = _WholeWords(linesep="\r\n")


@dataclass(frozen=True, slots=True)
class SmtpTimeouts:
    """Seconds that each phase may take as a whole; every phase gets more than the one before it.

    Their sum bounds a send, so the lease of an effect must be longer.
    """

    connect: float = 10.0
    """Name resolution, connection, greeting, TLS and login together."""
    command: float = 12.0
    """MAIL, RCPT and DATA together."""
    final_dot: float = 30.0
    """From the last byte of the message to the server's answer."""

    def __post_init__(self) -> None:
        if not 0 < self.connect < self.command < self.final_dot:
            raise ValueError("SMTP timeouts must rise from phase to phase: 0 < connect < command < final_dot.")


class SmtpMail:
    """Hands mails to an SMTP server.

    `tls` is `starttls` (the default; refuses to go on without it), `tls` from the first byte, or `none` (the default
    on loopback). `none` towards another host raises UnprotectedConnection, unless the operator vouches for a closed
    network. The sender is also the organizer of every invitation, unless the mail has a secret reply address: then
    what comes back goes there (it is the envelope's sender), an invitation comes from there and is organized there,
    and any other mail asks for replies there.

    Reasons: `connect`, `tls`, `auth`, `timeout`, `protocol` or a status code when the mail is delayed; when it is
    refused, the bare code means the recipient's address, `sender-<code>` our own sender, `message-<code>` the message
    itself, and `malformed` that it never left this process.

    A cancelled send raises CancelledError in every phase, for a task that was told to stop must stop. When that
    happens after the final dot its `__cause__` is a MailUnknown: the caller settles the effect as unknown, or leaves
    its claim to expire into that, but must not release it.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        sender: Attendee,
        username: str = "",
        password: str = "",
        tls: Protection | None = None,
        tls_context: ssl.SSLContext | None = None,
        timeouts: SmtpTimeouts | None = None,
        closed_network: bool = False,
    ) -> None:
        self._tls = tls or ("none" if is_loopback(host) else "starttls")
        if self._tls == "none" and not (closed_network or is_loopback(host)):
            raise UnprotectedConnection(
                "Mail to another host needs TLS: choose starttls or tls, or vouch for a closed network."
            )
        self._host, self._port, self._tls_context = host, port, tls_context
        self._username, self._password = username, password
        self._sender = checked_organizer(sender)
        self._timeouts = timeouts or SmtpTimeouts()

    async def send(self, mail: OutgoingMail) -> str:
        """Hand the mail over; the server's own words come back once it has taken responsibility.

        Raises MailRefused (final), MailDelayed (certainly not sent) or MailUnknown (perhaps sent).
        """
        recipient, returns_to, message = _composed(mail, self._sender)
        client = self._client()
        try:
            await self._greet(client, logs_in=bool(self._username))
            await self._address(client, returns_to, recipient)
            return await self._deliver(client, message)
        finally:
            client.close()

    async def greets(self) -> None:
        """Reach the server, protected as every mail would be, and leave again; raises MailDelayed.

        Nobody logs in: this may be asked often, and a wrong password that is tried often locks accounts.
        """
        client = self._client()
        try:
            await self._greet(client, logs_in=False)
            if client.protocol:
                with suppress(SMTPException):
                    client.protocol.write(b"QUIT\r\n")
        finally:
            client.close()

    def _client(self) -> SMTP:
        return SMTP(
            hostname=self._host,
            port=self._port,
            timeout=None,
            use_tls=self._tls == "tls",
            start_tls=False,
            tls_context=self._tls_context,
            local_hostname=_domain(self._sender.email),
        )

    async def _greet(self, client: SMTP, *, logs_in: bool) -> None:
        with _certainly_not_sent("connect"):
            async with asyncio.timeout(self._timeouts.connect):
                await client.connect()
                await client.ehlo()
                if self._tls == "starttls":
                    with _certainly_not_sent("tls"):
                        await client.starttls()
                    await client.ehlo()
                if logs_in:
                    with _certainly_not_sent("auth"):
                        await self._log_in(client)

    async def _log_in(self, client: SMTP) -> None:
        # One attempt: a wrong password that is tried in three ways locks accounts.
        ways = {"plain": client.auth_plain, "login": client.auth_login, "cram-md5": client.auth_crammd5}
        offered = [way for name, way in ways.items() if name in client.server_auth_methods]
        if not offered:
            raise MailDelayed("auth")
        await offered[0](self._username, self._password)

    async def _address(self, client: SMTP, returns_to: str, recipient: str) -> None:
        commands = (
            (b"MAIL FROM:<" + returns_to.encode("ascii") + b">", 2, "sender-"),
            (b"RCPT TO:<" + recipient.encode("ascii") + b">", 2, ""),
            (b"DATA", 3, "message-"),
        )
        with _certainly_not_sent("connect"):
            async with asyncio.timeout(self._timeouts.command):
                for command, expected, blamed in commands:
                    response = await client.execute_command(command)
                    _judge(response.code, expected, blamed)

    async def _deliver(self, client: SMTP, message: bytes) -> str:
        protocol = client.protocol
        with _certainly_not_sent("connect"):
            if protocol is None:
                raise MailDelayed("connect")
            protocol.write(re.sub(rb"(?m)^\.", b"..", message) + b".\r\n")
        try:
            async with asyncio.timeout(self._timeouts.final_dot):
                response = await protocol.read_response()
        except asyncio.CancelledError as cancelled:
            raise cancelled from MailUnknown("cancelled")
        except TimeoutError:
            raise MailUnknown("timeout") from None
        except (SMTPException, OSError) as lost:
            raise MailUnknown(_word(lost, "connect")) from None
        if response.code // 100 not in {2, 4, 5}:
            raise MailUnknown("protocol")
        _judge(response.code, 2, "message-")
        # The answer to QUIT is not awaited: a mail that was accepted must not be lost to a timeout or a cancellation.
        with suppress(SMTPException):
            protocol.write(b"QUIT\r\n")
        return _printable(response.message)


def _judge(code: int, expected: int, blamed: str) -> None:
    if code // 100 == expected:
        return
    if code in _OUR_CREDENTIALS:
        raise MailDelayed("auth")
    if code // 100 == 5:
        raise MailRefused(f"{blamed}{code}")
    raise MailDelayed(str(code) if code // 100 == 4 else "protocol")


@contextmanager
def _certainly_not_sent(reason: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise MailDelayed("timeout") from None
    except (SMTPException, OSError) as error:
        # Without the cause, whose words are the server's and may repeat an address.
        raise MailDelayed(_word(error, reason)) from None


def _word(error: Exception, reason: str) -> str:
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return "tls"
    if isinstance(error, SMTPResponseException) and reason == "connect":
        return str(error.code) if error.code // 100 in {4, 5} else "protocol"
    return reason


def _printable(words: str) -> str:
    plain = words.encode("ascii", "replace").decode("ascii")
    return "".join(sign if sign.isprintable() else " " for sign in plain)[:200]


def _composed(mail: OutgoingMail, sender: Attendee) -> tuple[str, str, bytes]:
    """Recipient and sender of the envelope, and the message as it will travel. Raises MailRefused("malformed")."""
    try:
        recipient = Attendee(checked_name(mail.to.name), checked_address(mail.to.email))
        returns_to = checked_address(mail.reply_address) if mail.reply_address else ""
        if returns_to and mail.method is not CalendarMethod.NONE:
            # Calendars answer to the organizer, and some only where organizer and sender are one.
            sender, reply_to = Attendee(sender.name, returns_to), ""
        else:
            reply_to = returns_to
        message = _built(mail, sender, recipient, reply_to).as_bytes()
        _reread(message, {"From": sender.email, "To": recipient.email} | ({"Reply-To": reply_to} if reply_to else {}))
    except (ValueError, MessageError):
        # Without the cause, which may repeat a name or an address.
        raise MailRefused("malformed") from None
    return recipient.email, returns_to or sender.email, message


def _built(mail: OutgoingMail, sender: Attendee, recipient: Attendee, reply_to: str) -> EmailMessage:
    mark = sha256(mail.key.encode()).hexdigest()[:40]
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(sender.name, addr_spec=sender.email)
    message["To"] = Address(recipient.name, addr_spec=recipient.email)
    if reply_to:
        message["Reply-To"] = Address(addr_spec=reply_to)
    message["Subject"] = _checked_subject(mail.subject)
    message["Date"] = mail.dated_at
    message["Message-ID"] = f"<{mark}@{_domain(sender.email)}>"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    if mail.method is CalendarMethod.NONE:
        # Never beside a calendar part: receivers discard invitations that say they were sent by a machine.
        message["Auto-Submitted"] = "auto-generated"
    else:
        _invite(message, mail, sender)
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{mark}.{number}")  # the generator's own choice would be random
    return message


def _invite(message: EmailMessage, mail: OutgoingMail, organizer: Attendee) -> None:
    if mail.entry is None:
        raise ValueError("An invitation needs a calendar entry.")
    body = invitation(mail.entry, organizer, mail.method)
    method = {"method": mail.method.value.upper()}
    message.add_alternative(body.decode(), subtype="calendar", params=method, cte="base64")
    message.add_attachment(body, "application", "ics", filename="invite.ics")


def _checked_subject(subject: str) -> str:
    categories = {unicodedata.category(sign) for sign in subject}
    if "=?" in subject or categories & {"Cc", "Cs", "Zl", "Zp"} or _BIDI_CONTROLS & set(subject):
        raise ValueError("A subject is one line of visible text.")
    return unicodedata.normalize("NFC", subject)


def _reread(message: bytes, named: dict[str, str]) -> None:
    """Read the message as a receiver will: what a name or a subject smuggled in would show up here."""
    headers = BytesParser(policy=email.policy.default).parsebytes(message)
    names = [name.lower() for name in headers]
    if len(names) != len(set(names)) or not _REQUIRED <= set(names) <= _ALLOWED:
        raise ValueError("The message has other headers than it was given.")
    if ("reply-to" in names) != ("Reply-To" in named):
        raise ValueError("The message asks for replies where it was not told to.")
    for name, address in named.items():
        if [mailbox.addr_spec for mailbox in headers[name].addresses] != [address]:
            raise ValueError("The message names other people than it was given.")
    if _UNSAFE_LINE.search(message):
        raise ValueError("The message has a line that no mail server must accept.")


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
