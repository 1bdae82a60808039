"""The door on real sockets: what mail servers say to it, and what people say who are no mail server."""

import asyncio
import smtplib
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from mentoring_lifecycle.gateways.inbound_mail import LARGEST
from mentoring_lifecycle.starter import mail_door
from mentoring_lifecycle.starter.inbound import Fate, InboundFigures, InboundLibraryMissing, listening

from .conftest import ADDRESS, ED, MAILS, RELATIONSHIP, Post

ACCEPTED = MAILS["reply-gmail-accepted"]
UNKNOWN = "mentoring+zzzzzzzzzzzzzzzz@mentoring.example"


@pytest.fixture
async def lmtp(post: Post) -> AsyncIterator[int]:
    async with listening(post.inbox, "127.0.0.1:0", "lmtp") as port:
        yield port


@pytest.fixture
async def smtp(post: Post) -> AsyncIterator[int]:
    async with listening(post.inbox, "127.0.0.1:0", "smtp") as port:
        yield port


async def apart(work: Callable[[], Any]) -> Any:
    """A blocking client, beside the server in this loop."""
    return await asyncio.to_thread(work)


class Line:
    """One raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def hears(self, count: int = 1) -> list[str]:
        """The next whole replies, their last lines."""
        replies: list[str] = []
        async with asyncio.timeout(20):
            while len(replies) < count:
                line = (await self.reader.readline()).decode()
                if not line:
                    raise ConnectionError("hung up")
                if line[3:4] == " ":
                    replies.append(line.strip())
        return replies

    async def says(self, *commands: bytes) -> list[str]:
        """All at once, then one reply each."""
        self.writer.write(b"".join(command + b"\r\n" for command in commands))
        await self.writer.drain()
        return await self.hears(len(commands))

    async def is_hung_up(self) -> bool:
        """Nothing more comes."""
        with suppress(ConnectionError):
            async with asyncio.timeout(20):
                return not await self.reader.read()
        return True


@asynccontextmanager
async def line_to(port: int, greeting: bytes = b"LHLO mx.mentoring.example") -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    line = Line(reader, writer)
    try:
        await line.hears()
        if greeting:
            await line.says(greeting)
        yield line
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def lmtp_deliver(port: int, recipients: list[str], content: bytes, sender: str = "ed@pair.example") -> Any:
    with smtplib.LMTP("127.0.0.1", port) as server:
        return server.sendmail(sender, recipients, content)


# --- what mail servers do ---------------------------------------------------------------------------------------


async def test_lmtp_has_one_status_per_recipient(lmtp: int, post: Post) -> None:
    """An address that is none of ours is refused by itself; the mail for the others is taken."""
    refused = await apart(lambda: lmtp_deliver(lmtp, [ADDRESS, UNKNOWN], ACCEPTED))
    assert {address: code for address, (code, _) in refused.items()} == {UNKNOWN: 550}
    assert len(post.pair.noted) == 1


async def test_lmtp_answers_each_recipient_after_the_final_dot(lmtp: int, post: Post) -> None:
    """Two addresses, two replies, in their order, and the connection is in step afterwards."""
    mia = await post.replies.address_for(RELATIONSHIP, "person-mia")
    async with line_to(lmtp) as line:
        envelope = (b"MAIL FROM:<>", f"RCPT TO:<{ADDRESS}>".encode(), f"RCPT TO:<{mia}>".encode(), b"DATA")
        assert [reply[:3] for reply in await line.says(*envelope)] == ["250", "250", "250", "354"]
        line.writer.write(ACCEPTED + b"\r\n.\r\n")
        assert [reply[:3] for reply in await line.hears(2)] == ["250", "250"]
        assert (await line.says(b"NOOP"))[0].startswith("250")
    assert [note.by for note in post.pair.noted if hasattr(note, "by")] == [ED]


async def test_a_bounce_without_a_sender_is_taken_by_smtp(smtp: int, post: Post) -> None:
    """The null return path is how bounces come."""

    def deliver() -> None:
        with smtplib.SMTP("127.0.0.1", smtp, local_hostname="mx") as server:
            server.sendmail("", [ADDRESS], MAILS["bounce-postfix-unknown-user"])

    await apart(deliver)
    assert post.people.people[ED].address == "failed"


async def test_smtp_refuses_an_unknown_address_at_once(smtp: int) -> None:
    """Before any content, so that nobody else's server gets a bounce from us."""

    def deliver() -> None:
        with smtplib.SMTP("127.0.0.1", smtp, local_hostname="mx") as server:
            server.sendmail("ed@pair.example", [UNKNOWN], ACCEPTED)

    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        await apart(deliver)
    assert refused.value.recipients[UNKNOWN][0] == 550


async def test_while_a_worker_is_away_the_mail_server_keeps_its_mail(lmtp: int, post: Post) -> None:
    """451 now, done when it comes again: nothing is lost."""
    post.pair.away = ConnectionError("no worker")
    with pytest.raises(smtplib.SMTPDataError) as delayed:
        await apart(lambda: lmtp_deliver(lmtp, [ADDRESS], ACCEPTED))
    assert delayed.value.smtp_code == 451
    post.pair.away = None
    assert await apart(lambda: lmtp_deliver(lmtp, [ADDRESS], ACCEPTED)) == {}
    assert len(post.pair.noted) == 1


async def test_while_the_database_is_away_no_recipient_is_refused_for_good(
    lmtp: int, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that cannot be looked up now is not an unknown one."""

    async def away(_token: str) -> None:
        raise OSError("the database is away")

    monkeypatch.setattr(post.replies, "owner_of", away)
    async with line_to(lmtp) as line:
        replies = await line.says(b"MAIL FROM:<>", f"RCPT TO:<{ADDRESS}>".encode())
        assert replies[1].startswith("451")


async def test_a_mail_that_is_too_large_is_refused_for_good(lmtp: int, post: Post) -> None:
    """By its announced size, or once for each recipient when it was not announced; the connection goes on."""
    mia = await post.replies.address_for(RELATIONSHIP, "person-mia")
    async with line_to(lmtp) as line:
        assert (await line.says(b"MAIL FROM:<a@b.example> SIZE=%d" % (LARGEST + 1)))[0].startswith("552")
        await line.says(b"MAIL FROM:<>", f"RCPT TO:<{ADDRESS}>".encode(), f"RCPT TO:<{mia}>".encode(), b"DATA")
        line.writer.write((b"x" * 900 + b"\r\n") * (LARGEST // 900 + 10) + b".\r\n")
        assert [reply[:3] for reply in await line.hears(2)] == ["552", "552"]
        assert (await line.says(b"NOOP"))[0].startswith("250")
    assert not post.pair.noted


# --- what nobody should do --------------------------------------------------------------------------------------


async def test_a_whole_dialogue_at_once_is_understood(lmtp: int, post: Post) -> None:
    """Pipelined, two mails in a row, without waiting for anything."""
    once = b"MAIL FROM:<>\r\nRCPT TO:<" + ADDRESS.encode() + b">\r\nDATA\r\n" + ACCEPTED + b"\r\n.\r\n"
    async with line_to(lmtp, b"") as line:
        line.writer.write(b"LHLO mx\r\n" + once + once + b"QUIT\r\n")
        assert [reply[:3] for reply in await line.hears(10)] == ["250"] * 3 + ["354", "250"] + ["250"] * 2 + [
            "354",
            "250",
            "221",
        ]
    assert len(post.pair.noted) == 1


NOISE = [
    b"\0\0\0\0", b"\xff\xfe\xfd", b"GET / HTTP/1.1", b"LHLO", b"MAIL", b"MAIL FROM:", b"MAIL FROM:<", b"RCPT TO:<>",
    b"RCPT TO:<" + b"a" * 400 + b"@b.example>", b"DATA", b"BDAT 10", b"STARTTLS", b"AUTH PLAIN AAAA", b"VRFY root",
    b"EXPN all", b"HELP", b"RSET", b"MAIL FROM:<a@b.example> SIZE=x", b"MAIL FROM:<a@b.example> BODY=BINARYMIME",
    b"X" * 600, b"",
]  # fmt: skip


@pytest.mark.parametrize("noise", NOISE, ids=lambda noise: repr(noise[:24]))
async def test_noise_is_answered_and_forgotten(noise: bytes, lmtp: int, post: Post) -> None:
    """Half commands and other people's protocols: one reply, and the next mail on the same connection is taken."""
    async with line_to(lmtp) as line:
        (reply,) = await line.says(noise)
        assert reply[0] in "245"
        await line.says(b"RSET")
        envelope = (b"MAIL FROM:<>", f"RCPT TO:<{ADDRESS}>".encode(), b"DATA")
        assert [each[:3] for each in await line.says(*envelope)] == ["250", "250", "354"]
        line.writer.write(ACCEPTED + b"\r\n.\r\n")
        assert (await line.hears())[0].startswith("250")
    assert len(post.pair.noted) == 1


@pytest.mark.parametrize("where", ["command", "data"])
async def test_a_line_of_a_megabyte_is_refused(where: str, lmtp: int, post: Post) -> None:
    """As a command or as content: a 5xx, and the connection is in step."""
    async with line_to(lmtp) as line:
        if where == "command":
            (reply,) = await line.says(b"NOOP " + b"x" * LARGEST)
        else:
            await line.says(b"MAIL FROM:<>", f"RCPT TO:<{ADDRESS}>".encode(), b"DATA")
            (reply,) = await line.says(b"x" * LARGEST + b"\r\n.")
        assert reply.startswith("5")
        assert (await line.says(b"NOOP"))[0].startswith("250")
    assert not post.pair.noted


async def test_a_line_without_end_is_cut_off(lmtp: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library would keep it for as long as it comes."""
    monkeypatch.setattr(mail_door, "MOST_BYTES", 4 * LARGEST)
    async with line_to(lmtp) as line:
        await line.says(b"MAIL FROM:<>", f"RCPT TO:<{ADDRESS}>".encode(), b"DATA")
        with suppress(ConnectionError):
            for _ in range(20):
                line.writer.write(b"x" * LARGEST)
                await line.writer.drain()
        assert await line.is_hung_up()


@pytest.mark.parametrize("politely", [True, False])
async def test_who_hangs_up_in_the_middle_has_said_nothing(politely: bool, lmtp: int, post: Post) -> None:
    """Everything but the final dot, then gone: nothing is noted, and the next one is served."""
    async with line_to(lmtp) as line:
        await line.says(b"MAIL FROM:<>", f"RCPT TO:<{ADDRESS}>".encode(), b"DATA")
        line.writer.write(ACCEPTED)
        await line.writer.drain()
        if not politely:
            gone = struct.pack("ii", 1, 0)
            line.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, gone)
    assert await apart(lambda: lmtp_deliver(lmtp, [ADDRESS], MAILS["words-it"])) == {}
    assert not post.pair.noted


async def test_whoever_says_nothing_is_shown_out(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection is not kept for ever."""
    monkeypatch.setattr(mail_door, "SILENT_FOR", 0.05)
    async with listening(post.inbox, "127.0.0.1:0", "lmtp") as port, line_to(port) as line:
        assert await line.is_hung_up()


async def test_whoever_talks_too_long_is_shown_out(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slowly is no way to stay."""
    monkeypatch.setattr(mail_door, "LONGEST", 0.05)
    async with listening(post.inbox, "127.0.0.1:0", "lmtp") as port, line_to(port, b"") as line:
        assert await line.is_hung_up()


async def test_a_full_house_asks_to_come_back(lmtp: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """421 for the one too many; whoever is inside is served, and a place becomes free again."""
    monkeypatch.setattr(mail_door, "MOST_CONNECTIONS", 2)
    async with line_to(lmtp) as one:
        async with line_to(lmtp):
            reader, writer = await asyncio.open_connection("127.0.0.1", lmtp)
            turned_away = Line(reader, writer)
            assert (await turned_away.hears())[0].startswith("421")
            assert await turned_away.is_hung_up()
            writer.close()
            assert (await one.says(b"NOOP"))[0].startswith("250")
        async with asyncio.timeout(20):
            while True:
                with suppress(ConnectionError):
                    async with line_to(lmtp) as again:
                        assert (await again.says(b"NOOP"))[0].startswith("250")
                        break


async def test_too_many_recipients_come_in_another_mail(lmtp: int, post: Post) -> None:
    """452: the mail server sends the rest again."""
    many = [await post.replies.address_for(f"r-{number}", ED) for number in range(mail_door.MOST_RECIPIENTS + 1)]
    async with line_to(lmtp) as line:
        replies = await line.says(b"MAIL FROM:<>", *[f"RCPT TO:<{address}>".encode() for address in many])
    assert [reply[:3] for reply in replies[1:]] == ["250"] * mail_door.MOST_RECIPIENTS + ["452"]


# --- beginning and end ------------------------------------------------------------------------------------------


async def test_a_mail_under_way_is_finished_at_the_end(post: Post) -> None:
    """Whoever has sent the final dot gets an answer; whoever has not is shown out, and nothing is left open."""
    began, goes_on = asyncio.Event(), asyncio.Event()
    do = post.pair.do

    async def slowly(command: Any, command_id: str = "") -> object:
        began.set()
        await goes_on.wait()
        return await do(command, command_id)

    post.pair.do = slowly  # type: ignore[method-assign]  # a worker that takes its time
    door = listening(post.inbox, "127.0.0.1:0", "lmtp")
    port = await door.__aenter__()
    async with line_to(port) as busy, line_to(port) as idle:
        await busy.says(b"MAIL FROM:<>", f"RCPT TO:<{ADDRESS}>".encode(), b"DATA")
        busy.writer.write(ACCEPTED + b"\r\n.\r\n")
        await began.wait()
        ending = asyncio.ensure_future(door.__aexit__(None, None, None))
        await asyncio.sleep(0)
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", port)
        goes_on.set()
        assert (await busy.hears())[0].startswith("250")
        await ending
        assert await idle.is_hung_up()
    assert len(post.pair.noted) == 1


async def test_without_the_library_a_sentence_says_what_to_install(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    monkeypatch.setitem(__import__("sys").modules, "mentoring_lifecycle.starter.mail_door", None)
    with pytest.raises(InboundLibraryMissing, match=r"pip install 'mentoring-lifecycle\[inbound\]'"):
        async with listening(post.inbox, "127.0.0.1:0", "lmtp"):
            pass


async def test_every_fate_is_counted(lmtp: int, post: Post) -> None:
    """By fate and reason, and by nothing that points at anybody."""
    await apart(lambda: lmtp_deliver(lmtp, [ADDRESS], ACCEPTED))
    await apart(lambda: lmtp_deliver(lmtp, [ADDRESS, UNKNOWN], MAILS["words-it"]))
    (metric,) = InboundFigures(post.inbox).collect()
    counted = {(each.labels["fate"], each.labels["reason"]): each.value for each in metric.samples}
    assert counted == {
        (Fate.APPLIED, "accepted"): 1,
        (Fate.IGNORED, "words"): 1,
        (Fate.REFUSED, "address"): 1,
    }
