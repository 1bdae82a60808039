"""A pair whose third session lies ahead, its mailbox with us, and what came back to it over the years."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.contracts.reply_address import ReplyTemplate
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.gateways.memory import MemoryPeople, MemoryReplyAddresses
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.inbound import Inbox
from tests.builders import ACTIVE, Life, life

CORPUS = Path(__file__).parent / "corpus"
MAILS: dict[str, bytes] = {file.stem: file.read_bytes() for file in sorted(CORPUS.glob("*.eml"))}
OBJECTS: dict[str, bytes] = {file.stem: file.read_bytes() for file in sorted(CORPUS.glob("*.ics"))}
EXPECTED: dict[str, str] = json.loads((CORPUS / "expected.json").read_text(encoding="utf-8"))

RELATIONSHIP, MIA, ED = "r-corpus", "person-mia", "person-ed"
TOKEN = "aaaabbbbccccdddd"
TEMPLATE = ReplyTemplate("mentoring+{token}@mentoring.example")
ADDRESS = TEMPLATE.address(TOKEN)


def third_session_ahead() -> Life:
    """Mia teaches Ed; the third session has been moved once."""
    lived = life().after(*ACTIVE).until(lambda state: state.next_session == 4 and state.planned_session is not None)
    state = lived.state
    mentor, mentee = replace(state.mentor, person=MIA), replace(state.mentee, person=ED)
    lived.state = replace(state, id=RELATIONSHIP, mentor=mentor, mentee=mentee)
    return lived.after(c.MoveSession(MIA, 3, lived.session.starts_at.replace(hour=12)))


@dataclass
class Pair:
    """The relationship, judged by the real domain; `away` is raised instead of any answer."""

    lived: Life = field(default_factory=third_session_ahead)
    noted: list[c.Command] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    away: Exception | None = None

    async def do(self, command: c.Command, command_id: str = "") -> object:
        """As RelationshipHandle does."""
        if self.away:
            raise self.away
        if command_id in self.ids:
            return None
        judged = self.lived.tries(command)
        if isinstance(judged, Rejection):
            raise CommandRejected(judged)
        self.ids.append(command_id)
        self.noted.append(command)
        return None


@dataclass
class Post:
    """Everything behind the door."""

    pair: Pair = field(default_factory=Pair)
    people: MemoryPeople = field(
        default_factory=lambda: MemoryPeople(
            [
                Person(MIA, "Mia Bianchi", "mia@pair.example", "it", "Europe/Rome", 2),
                Person(ED, "Ed Young", "ed@pair.example", "en", "Europe/London", 6, other_email="ed@home.example"),
            ]
        )
    )
    replies: MemoryReplyAddresses = field(default_factory=lambda: MemoryReplyAddresses(TEMPLATE))

    def __post_init__(self) -> None:
        self.replies.owners[TOKEN] = (RELATIONSHIP, ED)
        self.inbox = Inbox(self._relationship, self.people, self.replies, TEMPLATE)

    def _relationship(self, relationship: str) -> Pair:
        if relationship != RELATIONSHIP:
            raise CommandRejected(Rejection(Refusal.UNKNOWN_RELATIONSHIP, relationship))
        return self.pair

    async def take(self, content: bytes, address: str = ADDRESS, *, from_nobody: bool = False) -> str:
        """Let one mail come to one address; the reply."""
        (reply,) = await self.inbox.take([address], content, from_nobody=from_nobody)
        return reply


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def lines() -> Iterator[list[structlog.typing.EventDict]]:
    """What is logged."""
    with capture_logs() as logged:
        yield logged  # type: ignore[misc]  # structlog's own type is wider
