"""When sessions are and when letters reach people, on a real server in virtual time."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mentoring_lifecycle.activities.spread import Spread
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.domain import consequences
from mentoring_lifecycle.domain.commands import ChangeZone
from mentoring_lifecycle.domain.effects import FindSlot
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.starter.answers import CommandRejected, NoSchedule
from mentoring_lifecycle.starter.client import MentoringClient

from .life import (
    ANY_HOUR,
    COORDINATOR,
    MENTEE,
    MENTOR,
    MOMENT,
    PAIR,
    PEOPLE,
    UNDER_WAY,
    Rig,
    World,
    both_accepted,
    both_signed,
    events_of,
    goals_agreed,
    next_session,
    quick_rig,
    session_over,
)

LONDON, ROME, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("Europe/Rome"), ZoneInfo("America/New_York")


@pytest.fixture(scope="module")
async def rig(temporal: EmbeddedTemporal) -> AsyncIterator[Rig]:
    """A world in which nobody is booked twice."""
    async with quick_rig(temporal.address, world=World(keeps_bookings=True)) as rig:
        yield rig


@pytest.fixture(autouse=True)
def calm(rig: Rig) -> Iterator[None]:
    """Nobody's time is taken by an earlier test, and everybody is as they were."""
    rig.world.mend()
    rig.world.journal.bookings.rows.clear()
    yield
    rig.world.mend()


def every(weekday: int, around: datetime) -> set[date]:
    """All such days of half a year."""
    days = [around.date() + timedelta(days=number) for number in range(-7, 182)]
    return {day for day in days if day.weekday() == weekday}


async def test_edge_case_25_a_day_off_moves_a_session_and_both_are_told(rig: Rig) -> None:
    """Edge case 25: no Tuesday suits the mentee, so it is Wednesday at the same hour, in both calendars."""
    life = await rig.life(both_accepted, both_signed)
    rig.world.free_days.days[MENTEE] = every(1, await life.now())
    await life.past(goals_agreed)
    booked = await next_session(life)
    local = booked.starts_at.astimezone(LONDON)
    assert (local.weekday(), local.hour, booked.notes) == (2, 10, ("other_day",))
    assert life.entries() == {MENTOR: [booked.starts_at], MENTEE: [booked.starts_at]}
    (mail,) = life.mails(LetterKind.SESSION_INVITATION, to=MENTEE)
    assert "The usual day does not suit both of you" in mail.text


async def test_edge_case_25_a_reminder_comes_before_the_days_off(rig: Rig) -> None:
    """Edge case 25: nobody is reminded on a rest day; the last working day before them has to do."""
    resting = {"rest_days": (0,), "quiet_from": time(20), "quiet_until": time(6)}
    rig.world.people.people[MENTOR] = replace(rig.world.people.people[MENTOR], **resting)  # type: ignore[arg-type]
    life = await rig.life(both_accepted, both_signed)
    await life.past(goals_agreed)
    booked = await next_session(life)
    due = datetime.combine(booked.starts_at.date() - timedelta(days=2), time(19, 45), ROME)
    assert booked.starts_at.astimezone(ROME).weekday() == 1
    await life.until(due - timedelta(minutes=1))
    assert life.mails(LetterKind.SESSION_REMINDER) == []
    await life.until(due + MOMENT)
    assert len(life.mails(LetterKind.SESSION_REMINDER)) == 2


async def test_each_pair_is_reminded_and_asked_at_a_moment_of_its_own(temporal: EmbeddedTemporal) -> None:
    """Where what is due to many is spread: the reminder a little before its hour, the question a little after."""
    window = timedelta(minutes=30)
    async with quick_rig(temporal.address, world=World(window=window)) as rig:
        life = await rig.life(*UNDER_WAY)
        booked = await next_session(life)
        part = Spread.of(life.id, window).part_of(window)
        reminded = booked.starts_at - timedelta(hours=24) - part
        asked = booked.ends_at + timedelta(hours=1) + part
        for at, kind in ((reminded, LetterKind.SESSION_REMINDER), (asked, LetterKind.SESSION_QUESTION)):
            await life.until(at - MOMENT)
            assert life.mails(kind) == []
            await life.until(at + MOMENT)
            assert len(life.mails(kind)) == len(PAIR)


async def test_a_letter_that_can_wait_leaves_when_the_readers_day_begins(rig: Rig) -> None:
    """At that hour and not at some later round of attempts; the partner, who sleeps at other hours, has it at once."""
    mentor = rig.world.people.people[MENTOR]
    life = await rig.life()
    now = await life.now()
    morning = (now + timedelta(hours=7)).astimezone(ROME).replace(minute=0, second=0, microsecond=0)
    evening = morning + timedelta(hours=2)
    rig.world.people.people[MENTOR] = replace(mentor, quiet_until=morning.time(), quiet_from=evening.time())
    await life.past(both_accepted)
    assert len(life.mails(LetterKind.RULES_TO_SIGN, to=MENTEE)) == 1
    await life.until(morning - timedelta(seconds=30))
    assert life.mails(LetterKind.RULES_TO_SIGN, to=MENTOR) == []
    await life.until(morning + MOMENT)
    assert len(life.mails(LetterKind.RULES_TO_SIGN, to=MENTOR)) == 1


async def test_edge_case_4_a_new_zone_moves_what_is_not_booked_and_nothing_else(rig: Rig) -> None:
    """Edge case 4: the booked session stays in both calendars, the next one is found in the new zone, both are told."""
    life = await rig.life(*UNDER_WAY)
    booked = await next_session(life)
    for person in PAIR:
        works_late = replace(rig.world.people.people[person], works_until=time(23))
        rig.world.people.people[person] = works_late
    view = await life.on.change_zone(by=MENTEE, zone="America/New_York", starting=await life.now())
    await life.rest()
    assert view.zone == "America/New_York"
    assert await next_session(life) == booked
    assert len(life.mails(LetterKind.ZONE_CHANGED)) == 2
    (told,) = life.mails(LetterKind.ZONE_CHANGED, to=MENTEE)
    assert "New York" in told.text
    await life.past(session_over)
    following = await next_session(life)
    assert following.starts_at.astimezone(NEW_YORK).strftime("%a %H:%M") == "Tue 10:00"
    assert life.entries()[MENTOR] == [booked.starts_at, following.starts_at]


async def test_a_zone_that_there_is_not_is_refused_at_the_door_and_harmless_behind_it(rig: Rig) -> None:
    """The client knows which zones there are; a name that got past it makes no relationship wait."""
    life = await rig.life(*UNDER_WAY)
    with pytest.raises(CommandRejected) as refused:
        await life.on.change_zone(by=MENTEE, zone="Mars/Olympus", starting=await life.now())
    assert refused.value.code is Refusal.UNKNOWN_ZONE
    await life.on.do(ChangeZone(MENTEE, "Mars/Olympus", await life.now()))
    await life.rest()
    await life.past(session_over)
    assert (await next_session(life)).starts_at.astimezone(ROME).hour == 10


async def test_nobody_is_booked_twice_by_us(rig: Rig) -> None:
    """Invariant 27: in two relationships of the same two people, through a move, no two sessions overlap."""
    one = await rig.life(*UNDER_WAY)
    other = await rig.life(*UNDER_WAY)
    first, second = await next_session(one), await next_session(other)
    assert second.starts_at >= first.ends_at
    await one.on.move_session(by=MENTOR, session=1, starts_at=first.starts_at + timedelta(hours=3))
    await one.rest()
    moved = await next_session(one)
    third = await rig.life(*UNDER_WAY)
    found = await next_session(third)
    spans = sorted((each.starts_at, each.ends_at) for each in (moved, second, found))
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    for each in (one, other, third):
        await each.on.exit(by=MENTEE)
        await each.rest()
    assert rig.world.journal.bookings.rows == {}


async def test_looking_for_times_leaves_no_trace(rig: Rig) -> None:
    """What is shown suits both, keeps clear of their calendars, and writes nothing into the history."""
    life = await rig.life(*UNDER_WAY)
    booked = await next_session(life)
    taken = (booked.starts_at - timedelta(hours=12), booked.starts_at + timedelta(hours=12))
    rig.world.free_busy.spans[MENTEE] = [taken]
    before = await life.history_length()
    found = await rig.mentoring.proposed_slots(life.id, session=1, count=3)
    assert len(found) == len({at.date() for at in found}) == 3
    assert not any(taken[0] < at + timedelta(hours=1) and at < taken[1] for at in found)
    assert await life.history_length() == before
    with pytest.raises(CommandRejected):
        await rig.mentoring.proposed_slots(life.id, session=9)
    blind = MentoringClient(life.clock.client, people=rig.world.people)
    with pytest.raises(NoSchedule, match="without `schedule`"):
        await blind.proposed_slots(life.id)


async def test_proposals_are_made_outside_of_the_workflows_own_tasks(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the domain asks for them: an ordinary activity, which may take its time over people's own calendars."""
    plain = consequences.wish_for

    def with_proposals(*arguments: Any) -> FindSlot:
        return replace(plain(*arguments), proposals=3)

    life = await rig.life(both_accepted, both_signed)
    monkeypatch.setattr(consequences, "wish_for", with_proposals)
    await life.past(goals_agreed)
    await life.past(session_over)
    assert [each.number for each in (await life.status()).sessions] == [1, 2]
    started = [
        event.activity_task_scheduled_event_attributes.activity_type.name for event in events_of(await life.runs())
    ]
    assert started.count(names.PROPOSE_SLOTS) >= 2


def test_the_people_of_these_tests_may_be_written_to_at_any_hour() -> None:
    """Else a budget would depend on the hour at which it is counted."""
    assert {person.id for person in PEOPLE} >= {MENTOR, MENTEE, COORDINATOR}
    assert all(getattr(person, name) == value for person in PEOPLE for name, value in ANY_HOUR.items())
