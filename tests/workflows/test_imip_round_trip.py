"""Calendars answer back: our invitation in a real calendar, its answer in our relationship, move and cancellation."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from mentoring_lifecycle.activities.ports import Attendee
from mentoring_lifecycle.contracts.reply_address import ReplyTemplate
from mentoring_lifecycle.domain.events import Subject
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.embedded.mail import MailServer
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.gateways.mail_smtp import SmtpMail
from mentoring_lifecycle.gateways.memory import MemoryReplyAddresses
from mentoring_lifecycle.starter.inbound import Fate, Inbox, listening
from mentoring_lifecycle.worker import Gateways

from .imip_peer import Peer, imip_peer
from .life import MENTEE, MENTOR, UNDER_WAY, Rig, World, next_session, quick_rig

TEMPLATE = ReplyTemplate("mentoring+{token}@mentoring.example")
ED = "ed@pair.example"


@dataclass(frozen=True)
class PostedWorld(World):
    """Mail goes over real sockets, and names secret addresses; the rest lives in memory."""

    port: int = 0
    replies: MemoryReplyAddresses = field(default_factory=lambda: MemoryReplyAddresses(TEMPLATE))

    def gateways(self) -> Gateways:
        """As a worker wants them."""
        mail = SmtpMail("127.0.0.1", self.port, sender=Attendee("Mentoring", "mentoring@mentoring.example"))
        return replace(super().gateways(), mail=mail, calendar=None, replies=self.replies)


@dataclass
class Loop:
    """Everything between a relationship and the mentee's calendar."""

    rig: Rig
    inbox: Inbox
    peer: Peer
    mail: MailServer

    async def heard(self, reason: str, times: int = 1) -> None:
        """Until so many answers of a kind have come back."""
        async with asyncio.timeout(20):
            while self.inbox.counts[Fate.APPLIED, reason] < times:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def loop(temporal: EmbeddedTemporal, folder: Path) -> AsyncIterator[Loop]:
    with MailServer(folder / "mail") as mail:
        world = PostedWorld(port=mail.port)
        async with quick_rig(temporal.address, world=world) as rig:
            inbox = Inbox(rig.mentoring.relationship, world.people, world.replies, TEMPLATE)
            async with (
                listening(inbox, "127.0.0.1:0", "smtp") as port,
                imip_peer(folder / "xandikos", ED, answers_to=port) as peer,
            ):
                mail.on_message = lambda to, content: peer.receive(to, content) if to == (ED,) else None
                yield Loop(rig, inbox, peer, mail)


async def test_a_calendar_answers_declines_after_a_move_and_is_told_of_the_end(
    temporal: EmbeddedTemporal, tmp_path: Path
) -> None:
    """Invitation, ACCEPTED, move to SEQUENCE 1, DECLINED, CANCEL: all by mail, in a calendar that is not ours."""
    async with loop(temporal, tmp_path) as way:
        life = await way.rig.life(*UNDER_WAY)
        session = await next_session(life)
        shown = await way.peer.entry()
        assert (shown.event["SEQUENCE"], shown.event["DTSTART"].dt) == (0, session.starts_at)
        assert shown.part(ED) == "NEEDS-ACTION"

        await way.peer.say("ACCEPTED")
        await way.heard("accepted")
        await life.rest()
        assert [view for view in (await life.status()).questions if view.subject == Subject.CALENDAR] == []

        moved = session.starts_at + timedelta(days=1)
        await life.on.move_session(by=MENTOR, session=session.number, starts_at=moved)
        await life.rest()
        shown = await way.peer.entry()
        assert (shown.event["SEQUENCE"], shown.event["DTSTART"].dt) == (1, moved)

        await way.peer.say("DECLINED")
        await way.heard("declined")
        await life.rest()
        questions = [view for view in (await life.status()).questions if view.subject == Subject.CALENDAR]
        assert [(view.of, view.number) for view in questions] == [(Party.MENTEE, session.number)]

        await life.on.pause(by=MENTEE)
        await life.rest()
        assert (await way.peer.entry()).event["STATUS"] == "CANCELLED"
        assert set(way.inbox.counts) == {(Fate.APPLIED, "accepted"), (Fate.APPLIED, "declined")}
        assert len(await way.peer.entries()) == 1
