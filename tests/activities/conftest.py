"""Activities outside of any workflow: over memory gateways, at an hour that the test chooses."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from temporalio.testing import ActivityEnvironment

from mentoring_lifecycle.activities.calendar import CalendarActivities
from mentoring_lifecycle.activities.letters import LetterActivities
from mentoring_lifecycle.contracts.deliveries import CalendarOrder, Deliveries, Delivery, LettersOrder
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.domain.effects import CalendarEffect, Facts, KeepEntry, Letter, RemoveEntry, VerifyCalendar
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.gateways.action_links import TemplateLinks
from mentoring_lifecycle.gateways.memory import (
    MemoryCalendar,
    MemoryFreeDays,
    MemoryJournal,
    MemoryLedger,
    MemoryMail,
    MemoryPeople,
    MemoryReplyAddresses,
)
from mentoring_lifecycle.letters.writer import CatalogueLetters

RELATIONSHIP = "r-1"
MENTOR, MENTEE = "person-mia", "person-ed"
NOON = datetime(2027, 3, 2, 12, tzinfo=UTC)
STARTS = NOON + timedelta(days=7)

_Answer = TypeVar("_Answer")


@dataclass
class Desk:
    """The activities of one worker, the world they act on, and their clock."""

    people: MemoryPeople = field(
        default_factory=lambda: MemoryPeople(
            [
                Person(
                    MENTOR, "Mia Bianchi", "mia@pair.example", "it", "Europe/Rome", 2, other_email="mia@home.example"
                ),
                Person(MENTEE, "Ed Young", "ed@pair.example", "en", "Europe/London", 6, other_email="ed@home.example"),
            ]
        )
    )
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    mail: MemoryMail = field(default_factory=MemoryMail)
    calendar: MemoryCalendar | None = field(default_factory=MemoryCalendar)
    free_days: MemoryFreeDays = field(default_factory=MemoryFreeDays)
    replies: MemoryReplyAddresses | None = None
    at_once: int | None = None
    window: timedelta = timedelta()
    now: datetime = NOON
    beats: list[object] = field(default_factory=list)
    """Heartbeats sent."""

    async def run(self, activity: Callable[..., Awaitable[_Answer]], order: Any) -> _Answer:
        """Run an activity, started now."""
        environment = ActivityEnvironment()
        environment.info = replace(ActivityEnvironment.default_info(), started_time=self.now)
        environment.on_heartbeat = lambda *details: self.beats.append(details)
        return await environment.run(activity, order)

    async def deliver(self, *letters: Letter) -> tuple[Delivery, ...]:
        """Order these letters in one go."""
        activities = LetterActivities(
            self.people,
            self.ledger,
            self.journal,
            _writer(),
            self.mail,
            self.free_days,
            self.replies,
            at_once=self.at_once,
            window=self.window,
        )
        done: Deliveries = await self.run(activities.deliver, LettersOrder(RELATIONSHIP, letters))
        return done.results

    async def apply(self, *entries: CalendarEffect) -> tuple[Delivery, ...]:
        """Order these calendar changes in one go."""
        activities = CalendarActivities(self.people, self.ledger, _writer(), self.calendar)
        done: Deliveries = await self.run(activities.apply, CalendarOrder(RELATIONSHIP, entries))
        return done.results


def _writer() -> CatalogueLetters:
    return CatalogueLetters(TemplateLinks("https://tool.example/{relationship}/{action}"), "Both Ways")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def letter(purpose: LetterKind = LetterKind.SESSION_REMINDER, to: str = MENTOR, **changes: Any) -> Letter:
    """One letter about the session next week; a reminder unless said otherwise."""
    party = Party.MENTOR if to == MENTOR else Party.MENTEE
    partner = MENTEE if to == MENTOR else MENTOR
    facts = Facts(
        partner=partner,
        occurrence="s1",
        session=1,
        starts_at=STARTS,
        ends_at=STARTS + timedelta(hours=1),
        zone="Europe/Rome",
    )
    given: dict[str, Any] = {
        "key": f"{RELATIONSHIP}/s1/{purpose}/{party}/0",
        "purpose": purpose,
        "to": to,
        "party": party,
        "decided_at": NOON,
        "not_after": STARTS,
        "facts": facts,
    }
    return Letter(**given | changes)


def kept(person: str = MENTOR, **changes: Any) -> KeepEntry:
    """The entry of that session in one calendar."""
    given: dict[str, Any] = {
        "key": f"{RELATIONSHIP}/s1/entry/{person}/{changes.get('revision', 0)}",
        "person": person,
        "partner": MENTEE if person == MENTOR else MENTOR,
        "uid": f"{RELATIONSHIP}~s01@mentoring-lifecycle",
        "session": 1,
        "revision": 0,
        "starts_at": STARTS,
        "ends_at": STARTS + timedelta(hours=1),
        "zone": "Europe/Rome",
        "decided_at": NOON,
        "not_after": STARTS + timedelta(hours=1),
    }
    return KeepEntry(**given | changes)


def removed(person: str = MENTOR) -> RemoveEntry:
    """The same entry gone."""
    uid = f"{RELATIONSHIP}~s01@mentoring-lifecycle"
    return RemoveEntry(f"{RELATIONSHIP}/s1/removal/{person}/1", person, uid, 1, NOON, NOON + timedelta(days=7))


def verified(person: str = MENTOR) -> VerifyCalendar:
    """Proof that nothing from now on is left."""
    key = f"{RELATIONSHIP}/end/calendar/{person}/0"
    return VerifyCalendar(key, person, "end", NOON, NOON, NOON + timedelta(days=7))
