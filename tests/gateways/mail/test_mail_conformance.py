"""What every mail gateway promises, asked of the one in memory and of the real one alike."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from mentoring_lifecycle.activities.ports import GatewayError, MailDelayed, MailGateway, MailRefused, MailUnknown
from mentoring_lifecycle.gateways.memory import MemoryMail


@dataclass
class Subject:
    """A gateway, how to order trouble for its next mail, and how many mails arrived."""

    gateway: MailGateway
    order: Callable[[GatewayError], None]
    arrived: Callable[[], int]


@pytest.fixture(params=["memory", "smtp"])
async def subject(request: Any, misbehaving: Any) -> Any:
    if request.param == "memory":
        memory = MemoryMail()
        yield Subject(memory, memory.troubles.append, lambda: len(memory.sent))
        return
    async with misbehaving() as (server, smtp):
        usual = dict(server.script)

        def order(error: GatewayError) -> None:
            phase = {MailRefused: "rcpt", MailDelayed: "rcpt", MailUnknown: "dot"}[type(error)]
            server.script = usual | {phase: "close" if phase == "dot" else f"{error.reason} trouble"}

        def arrived() -> int:
            server.script = dict(usual)
            return len(server.messages)

        yield Subject(smtp, order, arrived)


async def test_an_accepted_mail_has_arrived(subject: Subject, mail: Any) -> None:
    """The server's words come back, short and printable, once the mail is there."""
    words = await subject.gateway.send(mail())
    assert words.isprintable()
    assert 0 < len(words) <= 200
    assert subject.arrived() == 1


@pytest.mark.parametrize("error", [MailRefused("550"), MailDelayed("451")])
async def test_a_refused_or_delayed_mail_has_not_arrived(error: GatewayError, subject: Subject, mail: Any) -> None:
    """Refused and delayed both mean that the reader has nothing; the next mail is not affected."""
    subject.order(error)
    with pytest.raises(type(error)) as caught:
        await subject.gateway.send(mail())
    assert caught.value.reason == error.reason
    assert subject.arrived() == 0
    await subject.gateway.send(mail())
    assert subject.arrived() == 1


async def test_an_unknown_mail_may_have_arrived(subject: Subject, mail: Any) -> None:
    """A lost answer is told apart from a refusal even though the reader has the mail."""
    subject.order(MailUnknown("connect"))
    with pytest.raises(MailUnknown) as caught:
        await subject.gateway.send(mail())
    assert caught.value.reason == "connect"
    assert subject.arrived() == 1
