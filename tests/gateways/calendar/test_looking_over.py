"""What people do by hand on real calendar servers, as a reconciler finds it: a question, once, to them alone."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from mentoring_lifecycle.activities.calendar import CalendarActivities
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.contracts.views import OutsideView
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.effects import KeepEntry
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.rejections import Rejection
from mentoring_lifecycle.gateways.action_links import TemplateLinks
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar
from mentoring_lifecycle.gateways.memory import MemoryLedger, MemoryPeople
from mentoring_lifecycle.letters.writer import CatalogueLetters
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.findings import Say
from mentoring_lifecycle.starter.reconcile import Reconciler
from tests.builders import ACTIVE, BACKUP, COORDINATOR, DAY, MENTEE, MENTOR, Life, life

LUCA = Person(MENTOR, "Luca Verdi", "luca@pair.example", "it", "Europe/Rome", 2)
ANNA = Person(MENTEE, "Anna Bianchi", "anna@pair.example", "en", "Europe/Rome", 6)
CARLA = Person(COORDINATOR, "Carla Neri", "carla@office.example", "it", "Europe/Rome", 4)
BRUNO = Person(BACKUP, "Bruno Galli", "bruno@office.example", "it", "Europe/Rome", 4)


@dataclass
class OneRelationship:
    """The only one there is, judged by the domain alone."""

    lived: Life

    async def open(self) -> AsyncIterator[str]:
        yield self.lived.state.id

    async def ended(self, since: Any) -> AsyncIterator[str]:
        for none in ():
            yield none

    async def outside(self, relationship: str) -> OutsideView:
        return OutsideView.of(self.lived.state)

    async def say(self, relationship: str, news: Say) -> None:
        judged = self.lived.tries(news.command)
        if isinstance(judged, Rejection):
            raise CommandRejected(judged)


class Desk:
    """One relationship, a real calendar server, and a worker that performs what was decided when it is told to."""

    def __init__(self, calendar: CalDavCalendar) -> None:
        self.lived = life().after(*ACTIVE)
        people, ledger = MemoryPeople([LUCA, ANNA, CARLA, BRUNO]), MemoryLedger()
        writer = CatalogueLetters(TemplateLinks("https://tool.example/{relationship}/{action}"), "Ponte")
        self.changes = CalendarActivities(people, ledger, writer, calendar)
        self.done = 0
        self.reconciler = Reconciler(
            OneRelationship(self.lived),
            people=people,
            ledger=ledger,
            calendar=calendar,
            changes=self.changes,
            clock=lambda: self.lived.now,
            pace=timedelta(),
        )

    async def works(self) -> None:
        for effect in self.lived.effects[self.done :]:
            if isinstance(effect, KeepEntry):
                await self.changes.bring_about("r-1", effect, self.lived.now)
        self.done = len(self.lived.effects)

    async def look(self) -> list[tuple[str, str, str]]:
        return [(row.party, row.finding.value, row.done) for row in (await self.reconciler.look_over()).rows]

    def questions(self) -> list[tuple[Party, str]]:
        return [(letter.party, letter.facts.topic) for letter in self.lived.letters(LetterKind.CALENDAR_QUESTION)]


@pytest.fixture
async def desk(caldav: CalDavCalendar, by_hand: httpx2.AsyncClient) -> AsyncIterator[Desk]:
    """Both calendars show the first session; afterwards the server holds neither."""
    desk = Desk(caldav)
    await desk.works()
    yield desk
    for person in (MENTOR, MENTEE):
        await by_hand.delete(f"mentoring-{person}/")


async def address(by_hand: httpx2.AsyncClient) -> str:
    """Where Anna's one entry lies."""
    listed = await by_hand.request("PROPFIND", f"mentoring-{MENTEE}/", headers={"Depth": "1"})
    (found,) = set(re.findall(r"[^<>/]+\.ics", listed.text))
    return f"mentoring-{MENTEE}/{found}"


async def rewrites(by_hand: httpx2.AsyncClient, change: Callable[[str], str]) -> None:
    """Anna's calendar program stores the entry anew."""
    where = await address(by_hand)
    stored = re.sub(r"\r?\n[ \t]", "", (await by_hand.get(where)).text)
    assert change(stored) != stored
    answer = await by_hand.put(where, content=change(stored), headers={"Content-Type": "text/calendar; charset=utf-8"})
    assert answer.status_code in (201, 204)


async def deletes(by_hand: httpx2.AsyncClient, desk: Desk) -> None:
    await by_hand.delete(await address(by_hand))


async def moves(by_hand: httpx2.AsyncClient, desk: Desk) -> None:
    """By a day, with a SEQUENCE of the program's own."""
    session = desk.lived.session
    times = [(at.strftime("%Y%m%dT%H%M%SZ"), (at + DAY).strftime("%Y%m%dT%H%M%SZ")) for at in _times(session)]

    def moved(text: str) -> str:
        for old, new in times:
            text = text.replace(old, new)
        return text.replace(f"SEQUENCE:{session.revision}", f"SEQUENCE:{session.revision + 4}")

    await rewrites(by_hand, moved)


def _times(session: Any) -> tuple[Any, Any]:
    return session.starts_at, session.ends_at


def says(answer: str) -> "Hand":
    """What Anna clicks on the entry."""

    async def clicks(by_hand: httpx2.AsyncClient, desk: Desk) -> None:
        await rewrites(
            by_hand, lambda text: re.sub(r"(?m)^(ATTENDEE)(.*anna@pair)", rf"\1;PARTSTAT={answer}\2", _bare(text))
        )

    return clicks


def _bare(text: str) -> str:
    return re.sub(r";PARTSTAT=[A-Z-]+", "", text)


Hand = Callable[[httpx2.AsyncClient, Desk], Awaitable[None]]
BY_HAND = [(deletes, "deleted"), (moves, "moved"), (says("DECLINED"), "declined")]


async def test_calendars_that_agree_give_no_finding(desk: Desk) -> None:
    """As the server gives back what was written."""
    assert await desk.look() == []


@pytest.mark.parametrize(("hand", "word"), BY_HAND, ids=[word for _, word in BY_HAND])
async def test_what_was_done_by_hand_is_asked_about_once(desk: Desk, by_hand: Any, hand: Hand, word: str) -> None:
    """Of its owner alone; the session stands, and no later look asks again, while it is open and after silence."""
    session = desk.lived.session
    await hand(by_hand, desk)
    assert await desk.look() == [("mentee", f"entry_{word}", "noted")]
    assert await desk.look() == []
    assert desk.questions() == [(Party.MENTEE, word)]
    assert (desk.lived.session.starts_at, desk.lived.session.revision) == (session.starts_at, session.revision)
    desk.lived.after(4 * DAY)
    assert await desk.look() == []
    assert len(desk.questions()) == 1


@pytest.mark.parametrize(("hand", "word"), BY_HAND, ids=[word for _, word in BY_HAND])
async def test_what_was_not_meant_is_put_right_and_found_no_more(
    desk: Desk, by_hand: Any, hand: Hand, word: str
) -> None:
    """While it is being written nobody is asked; then the calendar agrees again."""
    await hand(by_hand, desk)
    await desk.look()
    desk.lived.after(c.AnswerCalendarQuestion(MENTEE, 1, meant=False))
    assert {finding for _, finding, _ in await desk.look()} == {"not_written_yet"}
    await desk.works()
    assert await desk.look() == []
    assert len(desk.questions()) == 1


async def test_a_yes_is_remembered_and_asks_nobody(desk: Desk, by_hand: Any) -> None:
    """Once."""
    await says("ACCEPTED")(by_hand, desk)
    assert await desk.look() == [("mentee", "entry_answered", "noted")]
    assert await desk.look() == []
    assert desk.lived.session.replies == ((Party.MENTEE, c.CalendarAnswer.ACCEPTED),)
    assert desk.lived.happened(e.CalendarDiffers) == []


async def test_a_calendar_that_is_gone_as_a_whole_asks_nobody(desk: Desk, by_hand: Any) -> None:
    """It is no entry that was deleted."""
    await by_hand.delete(f"mentoring-{MENTEE}/")
    assert await desk.look() == [("mentee", "calendar_gone", "reported")]
    assert desk.questions() == []


async def test_a_server_that_keeps_silent_asks_nobody(desk: Desk, losses: Any) -> None:
    """A calendar that cannot be read is no finding about what is in it; the other one is looked at."""
    losses.lose_answer_to.append("REPORT")
    assert await desk.look() == [("mentor", "calendar_away", "connect")]
    assert desk.questions() == []
