"""What every answer, silence and loss means, by the phase in which it happens."""

import asyncio
from typing import Any

import pytest

from mentoring_lifecycle.activities.ports import GatewayError, MailDelayed, MailRefused, MailUnknown
from mentoring_lifecycle.gateways.mail_smtp import SmtpTimeouts

BRIEF = SmtpTimeouts(connect=0.5, command=0.6, final_dot=0.7)

TEMPORARY = (421, 450, 451, 452)
FINAL = (550, 552, 554)
BLAMED = {"mail": "sender-", "rcpt": "", "data": "message-", "dot": "message-"}


async def trouble(misbehaving: Any, letter: Any, **script: Any) -> GatewayError:
    async with misbehaving(**script) as (_, smtp):
        with pytest.raises(GatewayError) as caught:
            await smtp.send(letter)
    return caught.value


@pytest.mark.parametrize("code", TEMPORARY)
@pytest.mark.parametrize("phase", ["greeting", "ehlo", "mail", "rcpt", "data", "dot"])
async def test_a_temporary_refusal_delays_the_mail(phase: str, code: int, misbehaving: Any, mail: Any) -> None:
    """4yz in any phase, even after the final dot, means that the mail did not leave."""
    error = await trouble(misbehaving, mail(), **{phase: f"{code} not now"})
    assert (type(error), error.reason) == (MailDelayed, str(code))


@pytest.mark.parametrize("code", FINAL)
@pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "dot"])
async def test_a_final_refusal_says_what_was_refused(phase: str, code: int, misbehaving: Any, mail: Any) -> None:
    """5yz is final, and only the bare code speaks about the recipient's address."""
    error = await trouble(misbehaving, mail(), **{phase: f"{code} never"})
    assert (type(error), error.reason) == (MailRefused, f"{BLAMED[phase]}{code}")


@pytest.mark.parametrize("code", FINAL)
@pytest.mark.parametrize("phase", ["greeting", "ehlo"])
async def test_a_server_that_turns_us_away_refuses_no_mail(phase: str, code: int, misbehaving: Any, mail: Any) -> None:
    """5yz before any mail is named is the operator's matter: the mail waits."""
    error = await trouble(misbehaving, mail(), **{phase: f"{code} go away"})
    assert (type(error), error.reason) == (MailDelayed, str(code))


@pytest.mark.parametrize("code", [530, 535])
async def test_missing_credentials_refuse_no_mail(code: int, misbehaving: Any, mail: Any) -> None:
    """A server that wants a login at MAIL blames us, never the recipient."""
    error = await trouble(misbehaving, mail(), mail=f"{code} authenticate first")
    assert (type(error), error.reason) == (MailDelayed, "auth")


@pytest.mark.parametrize("loss", ["close", "reset"])
@pytest.mark.parametrize("phase", ["greeting", "ehlo", "mail", "rcpt", "data"])
async def test_a_loss_before_the_message_delays_the_mail(phase: str, loss: str, misbehaving: Any, mail: Any) -> None:
    """A connection that ends before DATA was answered certainly delivered nothing."""
    error = await trouble(misbehaving, mail(), **{phase: loss})
    assert (type(error), error.reason) == (MailDelayed, "connect")


@pytest.mark.parametrize("loss", ["close", "reset"])
@pytest.mark.parametrize("phase", ["body", "dot"])
async def test_a_loss_once_the_message_travels_is_unknown(phase: str, loss: str, misbehaving: Any, mail: Any) -> None:
    """A connection that ends while the message travels or after it may have delivered it."""
    error = await trouble(misbehaving, mail(text="Hello\n" * 50_000), **{phase: loss})
    assert (type(error), error.reason) == (MailUnknown, "connect")


@pytest.mark.parametrize("phase", ["greeting", "ehlo", "mail", "rcpt", "data"])
async def test_silence_before_the_message_delays_the_mail(phase: str, misbehaving: Any, mail: Any) -> None:
    """Every phase has an end, and before the message it is a delay."""
    error = await trouble(misbehaving, mail(), timeouts=BRIEF, **{phase: "silence"})
    assert (type(error), error.reason) == (MailDelayed, "timeout")


async def test_silence_after_the_final_dot_is_unknown(misbehaving: Any, mail: Any) -> None:
    """A server that took the message and says nothing may have delivered it."""
    async with misbehaving(timeouts=BRIEF, dot="silence") as (server, smtp):
        with pytest.raises(MailUnknown) as caught:
            await smtp.send(mail())
        assert len(server.messages) == 1
    assert caught.value.reason == "timeout"


@pytest.mark.parametrize("nonsense", ["hello", "354 more", "100 wait", "999 what"])
async def test_nonsense_after_the_final_dot_is_unknown(nonsense: str, misbehaving: Any, mail: Any) -> None:
    """An answer outside of SMTP tells nothing about the message."""
    error = await trouble(misbehaving, mail(), dot=nonsense)
    assert (type(error), error.reason) == (MailUnknown, "protocol")


@pytest.mark.parametrize("phase", ["greeting", "mail", "rcpt", "data"])
async def test_nonsense_before_the_message_delays_the_mail(phase: str, misbehaving: Any, mail: Any) -> None:
    """An answer outside of SMTP before the message is a delay."""
    error = await trouble(misbehaving, mail(), **{phase: "hello there"})
    assert (type(error), error.reason) == (MailDelayed, "protocol")


async def test_the_answer_comes_back_short_and_printable(misbehaving: Any, mail: Any) -> None:
    """The server's own words are kept for the operator, at most 200 plain characters of them."""
    async with misbehaving(dot="250-2.0.0 kept\t\x07 as è\r\n250 " + "x" * 300) as (_, smtp):
        words = await smtp.send(mail())
    assert words.startswith("2.0.0 kept")
    assert len(words) == 200
    assert words.isascii()
    assert words.isprintable()


async def test_an_accepted_mail_stays_accepted_when_the_goodbye_fails(misbehaving: Any, mail: Any) -> None:
    """After 250 nothing that happens to the connection matters."""
    async with misbehaving(dot="250 2.0.0 kept") as (server, smtp):
        assert await smtp.send(mail()) == "2.0.0 kept"
        assert len(server.messages) == 1


async def test_every_mail_has_its_own_connection(misbehaving: Any, mail: Any) -> None:
    """A 421 poisons nothing: the next mail meets a fresh connection."""
    async with misbehaving(rcpt="421 too many") as (server, smtp):
        with pytest.raises(MailDelayed):
            await smtp.send(mail())
        server.script["rcpt"] = "250 ok"
        await smtp.send(mail())
        assert server.connections == 2


async def test_no_mail_server_at_all_delays_the_mail(misbehaving: Any, mail: Any) -> None:
    """A refused connection is a delay."""
    async with misbehaving() as (_, smtp):
        pass
    with pytest.raises(MailDelayed) as caught:
        await smtp.send(mail())
    assert caught.value.reason == "connect"


async def test_an_error_repeats_no_words_of_the_server(misbehaving: Any, mail: Any) -> None:
    """Server answers quote addresses, so neither an error nor its cause carries them."""
    error = await trouble(misbehaving, mail(), rcpt="550 5.1.1 <anna@example.org> unknown")
    assert "anna" not in f"{error!r} {error.__cause__!r}"


async def test_cancelled_after_the_final_dot_is_unknown_and_still_cancelled(misbehaving: Any, mail: Any) -> None:
    """The task stops, and its cause tells the caller that the mail may have left."""
    async with misbehaving(dot="silence") as (server, smtp):
        sending = asyncio.create_task(smtp.send(mail()))
        await until(lambda: server.messages)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await sending
    assert isinstance(caught.value.__cause__, MailUnknown)


async def test_cancelled_before_the_message_claims_nothing(misbehaving: Any, mail: Any) -> None:
    """A send that is cancelled at RCPT leaves no doubt behind."""
    async with misbehaving(rcpt="silence") as (server, smtp):
        sending = asyncio.create_task(smtp.send(mail()))
        await until(lambda: any(command.startswith("RCPT") for command in server.commands))
        sending.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await sending
    assert caught.value.__cause__ is None


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)
