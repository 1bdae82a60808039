"""A real mail server on loopback that files every message, and the reader of what it filed."""

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Self

from mentoring_lifecycle.embedded.processes import LOOPBACK

if TYPE_CHECKING:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, Envelope, Session

LOSE_MESSAGE = "lose message"
"""Answer of a hook: the connection breaks off, and the message is not filed."""
LOSE_REPLY = "lose reply"
"""Answer of a hook: the message is filed, and the connection breaks off before its sender is told."""


class MailServerMissing(Exception):
    """The mail server's library is not installed."""

    def __init__(self) -> None:
        super().__init__("The mail server of the demo needs aiosmtpd: pip install 'mentoring-lifecycle[demo]'.")


@dataclass(frozen=True)
class FiledMail:
    """One message as the server accepted it; sender and recipients are those of the envelope."""

    file: Path
    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage


@dataclass(frozen=True)
class Mailbox:
    """Reads the folder of a mail server, running or not."""

    folder: Path

    def messages(self, *, to: str | None = None, leaving_out: Collection[Path] = ()) -> list[FiledMail]:
        """Every message, or those to one recipient, in order of arrival; files left out are not opened."""
        filed = [_read(file) for file in sorted(self.folder.glob("*.eml")) if file not in leaving_out]
        return [mail for mail in filed if to is None or to in mail.recipients]


class MailServer:
    """An SMTP server on 127.0.0.1, in a thread of its own, without TLS or login.

    A message is on disk, one `.eml` file in `folder`, before its sender is told that it was accepted. Tests may set
    `on_recipient` (given an address) and `on_message` (given the recipients and the content), both called in the
    server's thread: None accepts, an SMTP reply such as "450 4.2.0 try again" is given as it is, LOSE_MESSAGE and
    LOSE_REPLY break the connection.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.on_recipient: Callable[[str], str | None] = lambda _address: None
        self.on_message: Callable[[tuple[str, ...], bytes], str | None] = lambda _recipients, _content: None
        self._controller: Controller | None = None

    @property
    def host(self) -> str:
        """Always 127.0.0.1."""
        return LOOPBACK

    @property
    def port(self) -> int:
        """The port of the running server."""
        if self._controller is None:
            raise RuntimeError("This mail server is not running: use `with` or start().")
        return int(self._controller.port)

    @property
    def mailbox(self) -> Mailbox:
        """What was filed so far."""
        return Mailbox(self.folder)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Return when the server accepts connections. Raises MailServerMissing."""
        controller = _controller(_Handler(self))
        self.folder.mkdir(parents=True, exist_ok=True)
        controller.start()
        self._controller = controller

    def stop(self) -> None:
        """End the server; open connections break off."""
        if self._controller:
            self._controller.stop()
            self._controller = None


class _Handler:
    """What aiosmtpd calls; a reply that breaks the connection ends in the cancellation of its own task."""

    def __init__(self, mail: MailServer) -> None:
        self._mail = mail

    async def handle_RCPT(  # aiosmtpd names its hooks after commands
        self, server: "SMTP", _session: "Session", envelope: "Envelope", address: str, _options: list[str]
    ) -> str:
        reply = self._mail.on_recipient(address) or "250 2.1.5 Ok"
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return await _told(server, reply)

    async def handle_DATA(self, server: "SMTP", _session: "Session", envelope: "Envelope") -> str:
        recipients = tuple(envelope.rcpt_tos)
        content = envelope.content
        assert isinstance(content, bytes)
        reply = self._mail.on_message(recipients, content) or "250 2.0.0 Filed"
        if reply.startswith("2") or reply == LOSE_REPLY:
            _file(self._mail.folder, envelope.mail_from or "", recipients, content)
        return await _told(server, reply)


async def _told(server: "SMTP", reply: str) -> str:
    if reply in {LOSE_MESSAGE, LOSE_REPLY}:
        assert isinstance(server.transport, asyncio.WriteTransport)
        server.transport.abort()
        await asyncio.get_running_loop().create_future()  # never done: the lost connection cancels this task
    return reply


def _controller(handler: _Handler) -> "Controller":
    try:
        from aiosmtpd.controller import Controller
    except ImportError:
        raise MailServerMissing from None
    bound = socket.create_server((LOOPBACK, 0))

    class OnFreePort(Controller):
        """Listens on a socket that is bound already: given port 0, the library would not find its own port."""

        def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
            return self.loop.create_server(self._factory_invoker, sock=bound)

    return OnFreePort(handler, hostname=LOOPBACK, port=bound.getsockname()[1], server_hostname="localhost")


def _file(folder: Path, sender: str, recipients: tuple[str, ...], content: bytes) -> None:
    """Write under a temporary name, to the disk itself, then rename: a reader sees whole messages only."""
    envelope = f"X-Envelope-From: {sender}\r\nX-Envelope-To: {', '.join(recipients)}\r\n"
    name = f"{time.time_ns():020d}-{os.urandom(4).hex()}.eml"
    unfinished = folder / f".{name}.unfinished"
    with unfinished.open("wb") as file:
        file.write(envelope.encode() + content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / name)


def _read(file: Path) -> FiledMail:
    sender, recipients, content = file.read_bytes().split(b"\r\n", 2)
    return FiledMail(
        file=file,
        sender=_value(sender),
        recipients=tuple(_value(recipients).split(", ")),
        message=message_from_bytes(content, policy=policy.default),
    )


def _value(header: bytes) -> str:
    return header.decode().partition(": ")[2]
