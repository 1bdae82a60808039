"""Real SMTP servers on loopback: aiosmtpd where a server behaves, a scripted one where it must not."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ClassVar

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mentoring_lifecycle.activities.ports import Attendee, OutgoingMail, SessionEntry
from mentoring_lifecycle.domain.letters import CalendarMethod
from mentoring_lifecycle.gateways.mail_smtp import Protection, SmtpMail, SmtpTimeouts

SENDER = Attendee("Mentoring", "mentoring@programme.example")
READER = Attendee("Anna Rossi", "anna@example.org")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def entry() -> Callable[..., SessionEntry]:
    """Builds a session next week, as its calendar entry."""

    def build(**changes: Any) -> SessionEntry:
        given: dict[str, Any] = {
            "uid": "r1-s01@programme.example",
            "revision": 0,
            "stamped_at": NOON,
            "starts_at": NOON + timedelta(days=7),
            "ends_at": NOON + timedelta(days=7, hours=1),
            "title": "Mentoring",
            "description": "Monday 9 March 2026, 13:00\nhttps://tool.example.org/prepare",
            "attendees": (READER, Attendee("Bo Öst", "bo@example.org")),
        }
        return SessionEntry(**given | changes)

    return build


@pytest.fixture
def mail() -> Callable[..., OutgoingMail]:
    """Builds a plain letter."""

    def build(**changes: Any) -> OutgoingMail:
        given: dict[str, Any] = {
            "key": "r1/s1/session_reminder/p1/0",
            "to": READER,
            "subject": "Your session",
            "text": "Hello Anna,\n",
            "html": "<p>Hello Anna,</p>",
            "dated_at": NOON,
        }
        return OutgoingMail(**given | changes)

    return build


@pytest.fixture
def invitation_mail(
    mail: Callable[..., OutgoingMail], entry: Callable[..., SessionEntry]
) -> Callable[..., OutgoingMail]:
    """Builds a letter that carries a calendar entry."""

    def build(method: CalendarMethod = CalendarMethod.REQUEST, **changes: Any) -> OutgoingMail:
        return mail(method=method, **{"entry": entry()} | changes)

    return build


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Mailbox:
    """What a well-behaved mail server took in."""

    port: int = field(default_factory=unused_port)
    letters: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.letters.append(envelope.content)
        self.recipients.append(envelope.rcpt_tos)
        self.senders.append(envelope.mail_from)
        return "250 2.0.0 kept"

    def newest(self) -> EmailMessage:
        """The newest letter as a receiver reads it."""
        return BytesParser(EmailMessage, policy=policy.default).parsebytes(self.letters[-1])


@pytest.fixture(scope="session")
def open_mailbox() -> Iterator[Callable[..., Mailbox]]:
    """Starts well-behaved mail servers; keyword arguments are aiosmtpd's own."""
    with ExitStack() as running:

        def start(**options: Any) -> Mailbox:
            mailbox = Mailbox()
            controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port, **options)
            controller.start()
            running.callback(controller.stop)
            return mailbox

        yield start


@pytest.fixture(scope="session")
def running_mailbox(open_mailbox: Callable[..., Mailbox]) -> Mailbox:
    return open_mailbox()


@pytest.fixture
def mailbox(running_mailbox: Mailbox) -> Mailbox:
    """A mail server that takes everything, empty."""
    running_mailbox.letters.clear()
    running_mailbox.recipients.clear()
    return running_mailbox


@pytest.fixture
def smtp(mailbox: Mailbox) -> SmtpMail:
    """The gateway, talking to the mailbox."""
    return SmtpMail("127.0.0.1", mailbox.port, sender=SENDER)


@dataclass(frozen=True)
class Certificate:
    """A certificate for loopback that is its own authority."""

    server: ssl.SSLContext
    trusting: ssl.SSLContext


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + _pem(key))
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(file)
    return Certificate(server, ssl.create_default_context(cafile=str(Path(file))))


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class MisbehavingServer:
    """Speaks SMTP by a script: a reply, `close`, `reset` or `silence` for each phase.

    Phases: greeting, ehlo, starttls, auth, mail, rcpt, data, body (after some of the message) and dot (after all).
    """

    USUAL: ClassVar = {
        "greeting": "220 ready",
        "ehlo": "250-here\r\n250 AUTH PLAIN",
        "mail": "250 ok",
        "rcpt": "250 ok",
        "data": "354 go",
        "body": "",
        "dot": "250 2.0.0 kept",
    }

    def __init__(self, **script: str) -> None:
        self.script = self.USUAL | script
        self.port = 0
        self.connections = 0
        self.messages: list[bytes] = []
        self.commands: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up, or was hung up on
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._act("greeting", reader, writer)
        while line := await reader.readline():
            verb = line[:4].decode().lower()
            self.commands.append(line.decode().strip())
            if verb == "quit":
                return
            await self._act({"star": "starttls"}.get(verb, verb), reader, writer)
            if verb == "data" and self.script["data"].startswith("354"):
                await self._take_message(reader, writer)

    async def _take_message(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        await self._act("body", reader, writer)
        self.messages.append(await reader.readuntil(b"\r\n.\r\n"))
        await self._act("dot", reader, writer)

    async def _act(self, phase: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        action = self.script[phase]
        if action == "silence":
            while await reader.read(4096):
                pass
        if action == "reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        if action in {"close", "reset", "silence"}:
            raise ConnectionError
        if action:
            writer.write(action.encode() + b"\r\n")
            await writer.drain()


@pytest.fixture
def misbehaving() -> Callable[..., AbstractAsyncContextManager[tuple[MisbehavingServer, SmtpMail]]]:
    """A server that follows the given script, with a gateway that talks to it."""

    @asynccontextmanager
    async def run(
        timeouts: SmtpTimeouts | None = None, tls: Protection = "none", username: str = "", **script: str
    ) -> AsyncIterator[tuple[MisbehavingServer, SmtpMail]]:
        server = MisbehavingServer(**script)
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        server.port = listener.sockets[0].getsockname()[1]
        gateway = SmtpMail(
            "127.0.0.1", server.port, sender=SENDER, timeouts=timeouts, tls=tls, username=username, password="x"
        )
        async with listener:
            yield server, gateway

    return run
