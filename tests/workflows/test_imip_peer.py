"""The whole way of an invitation to a calendar program that is none of ours, and of its answers back. No fake on it."""

import asyncio
import smtplib
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import httpx2
import pytest
from aiosmtpd.controller import Controller
from icalendar import Calendar, Event

from mentoring_lifecycle.activities.ports import Attendee
from mentoring_lifecycle.domain.letters import CalendarMethod
from mentoring_lifecycle.gateways.mail_smtp import SmtpMail
from tests.peers import Xandikos, xandikos

ORGANIZER = Attendee("Mentoring", "mentoring@programme.example")
BOB = Attendee("Bob Öst", "bob@attendee.example")
LIST = b'<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>'


class Relay:
    """A mail server that hands on what it takes to Bob's calendar program, over LMTP."""

    def __init__(self, lmtp_port: int) -> None:
        self.lmtp_port = lmtp_port

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        await asyncio.to_thread(self._hand_on, envelope)
        return "250 2.0.0 handed on"

    def _hand_on(self, envelope: Any) -> None:
        with smtplib.LMTP("127.0.0.1", self.lmtp_port) as peer:
            peer.sendmail(envelope.mail_from, envelope.rcpt_tos, envelope.content)


@pytest.fixture
def bob(open_mailbox: Callable[..., Any], tmp_path: Any) -> Iterator[tuple[Xandikos, Any]]:
    """Bob's calendar program, and the mailbox of ours to which its answers go."""
    answers = open_mailbox()
    with xandikos(tmp_path, email=BOB.email, smtp_port=answers.port) as program:
        yield program, answers


@pytest.fixture
def to_bob(bob: tuple[Xandikos, Any], unused_tcp_port: int) -> Iterator[SmtpMail]:
    """Our gateway, whose mail server hands on to Bob's calendar program."""
    relay = Controller(Relay(bob[0].lmtp_port), hostname="127.0.0.1", port=unused_tcp_port)
    relay.start()
    yield SmtpMail("127.0.0.1", unused_tcp_port, sender=ORGANIZER)
    relay.stop()


async def in_calendar(by_hand: httpx2.AsyncClient) -> tuple[str, str, Event]:
    """The one entry of Bob's own calendar: its name, its ETag and what it shows."""
    headers = {"Depth": "1", "Content-Type": "application/xml"}
    listed = await by_hand.request("PROPFIND", "", content=LIST, headers=headers)
    hrefs = [str(each.text) for each in ET.fromstring(listed.content).iterfind("{*}response/{*}href")]
    (name,) = [href.rpartition("/")[2] for href in hrefs if href.endswith(".ics")]
    stored = await by_hand.get(name)
    (event,) = Calendar.from_ical(stored.content).events
    return name, stored.headers["ETag"], event


async def answer(by_hand: httpx2.AsyncClient, partstat: str) -> None:
    """Bob answers in his calendar program, which writes with a precondition."""
    name, etag, event = await in_calendar(by_hand)
    mine = next(each for each in event["ATTENDEE"] if str(each).lower() == f"mailto:{BOB.email}")
    mine.params["PARTSTAT"] = partstat
    calendar = Calendar.new(subcomponents=[event])
    headers = {"If-Match": etag, "Content-Type": "text/calendar; charset=utf-8"}
    written = await by_hand.put(name, content=calendar.to_ical(), headers=headers)
    assert written.status_code == 204


async def reply(answers: Any, count: int) -> Event:
    """The newest of so many answers by mail, as its calendar part tells it."""
    until = time.monotonic() + 10
    while len(answers.letters) < count and time.monotonic() < until:
        await asyncio.sleep(0.02)
    assert len(answers.letters) == count
    assert answers.recipients[-1] == [ORGANIZER.email]
    parsed = BytesParser(EmailMessage, policy=policy.default).parsebytes(answers.letters[-1])
    (part,) = [each for each in parsed.walk() if each.get_content_type() == "text/calendar"]
    assert str(part.get_param("method")).upper() == "REPLY"
    calendar = Calendar.from_ical(part.get_content())
    assert calendar["METHOD"] == "REPLY"
    (event,) = calendar.events
    return event


def partstat(event: Event) -> str:
    """Bob's answer."""
    named = event["ATTENDEE"]
    (own,) = [each for each in (named if isinstance(named, list) else [named]) if str(each).endswith(BOB.email)]
    return str(own.params["PARTSTAT"])


async def test_an_invitation_is_answered_moved_and_called_off(
    bob: tuple[Xandikos, Any], to_bob: SmtpMail, mail: Any, entry: Any
) -> None:
    """Invited, accepted, moved, declined, cancelled: each step arrives at the other side, and one entry is all."""
    program, answers = bob
    pair = (Attendee("Anna Rossi", "anna@example.org"), BOB)
    invited = entry(attendees=pair)
    later = invited.starts_at + timedelta(days=1)
    moved = entry(attendees=pair, revision=1, starts_at=later, ends_at=later + timedelta(hours=1))
    ask, cancel = CalendarMethod.REQUEST, CalendarMethod.CANCEL
    async with httpx2.AsyncClient(base_url=program.calendar, trust_env=False) as by_hand:
        await to_bob.send(mail(key="r1/s1/session_invitation/p2/0", to=BOB, method=ask, entry=invited))
        _, _, shown = await in_calendar(by_hand)
        assert (shown["UID"], shown.start, shown["SEQUENCE"]) == (invited.uid, invited.starts_at, 0)

        await answer(by_hand, "ACCEPTED")
        told = await reply(answers, 1)
        assert (told["UID"], partstat(told), int(told.get("SEQUENCE", 0))) == (invited.uid, "ACCEPTED", 0)

        await to_bob.send(mail(key="r1/s1/session_moved/p2/1", to=BOB, method=ask, entry=moved))
        _, _, shown = await in_calendar(by_hand)
        assert (shown.start, shown["SEQUENCE"]) == (later, 1)

        await answer(by_hand, "DECLINED")
        told = await reply(answers, 2)
        assert (told["UID"], partstat(told), int(told["SEQUENCE"])) == (invited.uid, "DECLINED", 1)

        called_off = entry(attendees=pair, revision=2, starts_at=later, ends_at=later + timedelta(hours=1))
        await to_bob.send(mail(key="r1/s1/session_cancelled/p2/2", to=BOB, method=cancel, entry=called_off))
        _, _, shown = await in_calendar(by_hand)
        assert shown["STATUS"] == "CANCELLED"
