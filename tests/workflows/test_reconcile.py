"""The reconcile process beside running relationships: what people do by hand, and what an outage leaves behind."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

from mentoring_lifecycle.activities.calendar import CalendarActivities
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.relationship import Standing
from mentoring_lifecycle.starter.reconcile import Reconciler, ThroughClient

from .life import MENTEE, MENTOR, PAIR, UNDER_WAY, QuickLife, Rig, World, next_session


class OnlyThis(ThroughClient):
    """One relationship of a server that has many."""

    def __init__(self, rig: Rig, life: QuickLife) -> None:
        super().__init__(rig.mentoring)
        self._life = life

    async def open(self) -> AsyncIterator[str]:
        """This one, while it is open."""
        if (await self._life.workflow.describe()).close_time is None:
            yield self._life.id

    async def ended(self, since: datetime) -> AsyncIterator[str]:
        """This one, once it has ended."""
        if (await self._life.workflow.describe()).close_time:
            yield self._life.id


async def look(rig: Rig, life: QuickLife) -> list[tuple[str, str, str]]:
    """One pass over this relationship: party, finding, what was done."""
    gateways, now = rig.world.gateways(), await life.now()
    reconciler = Reconciler(
        OnlyThis(rig, life),
        people=rig.world.people,
        ledger=rig.world.ledger,
        calendar=rig.world.calendar,
        changes=CalendarActivities(gateways.people, gateways.ledger, gateways.writer, gateways.calendar),
        clock=lambda: now,
    )
    looked = await reconciler.look_over()
    await life.rest()
    return [(row.party, row.finding.value, row.done) for row in looked.rows]


def uid_of(life: QuickLife, number: int = 1) -> str:
    return f"{life.id}~s{number:02d}@mentoring-lifecycle"


async def is_as_planned(life: QuickLife) -> bool:
    """Both calendars show the schedule and nothing else of this relationship, each session once."""
    planned = [session.starts_at for session in (await life.status()).sessions if session.lies_ahead]
    now = await life.now()
    return all([at for at in life.entries()[person] if at > now] == planned for person in PAIR)


async def test_ten_looks_at_what_agrees_leave_no_event(rig: Rig, broken: World) -> None:
    """Queries are asked and nothing is written: the history is as long as before."""
    life = await rig.life(*UNDER_WAY)
    before = [run.events for run in await life.runs()]
    for _ in range(10):
        assert await look(rig, life) == []
    assert [run.events for run in await life.runs()] == before


async def test_case_12_an_entry_deleted_by_hand_is_asked_about_and_restored(rig: Rig, broken: World) -> None:
    """One letter to that person; not meant, the entry is back in that calendar, and the partner heard nothing."""
    life = await rig.life(*UNDER_WAY)
    before = len(life.mails())
    del broken.calendar.calendars[MENTEE][uid_of(life)]
    assert await look(rig, life) == [("mentee", "entry_deleted", "noted")]
    length = await life.history_length()
    for _ in range(10):
        assert await look(rig, life) == []
    assert await life.history_length() == length
    assert life.letters(before) == {"calendar_question": 1}
    await life.on.answer_calendar_question(by=MENTEE, session=1, meant=False)
    await life.rest()
    assert await is_as_planned(life)
    assert life.letters(before) == {"calendar_question": 1, "entry_restored": 1}
    assert [mail.to.email for mail in life.mails()[before:]] == ["ed@pair.example"] * 2
    assert await look(rig, life) == []


async def test_case_12_an_entry_moved_by_hand_moves_the_session_once_it_was_meant(rig: Rig, broken: World) -> None:
    """With a day's notice and more, for both, under one identity; silence in the meantime changed nothing."""
    life = await rig.life(*UNDER_WAY)
    session = await next_session(life)
    entry = broken.calendar.calendars[MENTOR][uid_of(life)]
    later = timedelta(days=1)
    broken.calendar.calendars[MENTOR][uid_of(life)] = replace(
        entry, starts_at=entry.starts_at + later, ends_at=entry.ends_at + later
    )
    assert await look(rig, life) == [("mentor", "entry_moved", "noted")]
    assert (await next_session(life)).starts_at == session.starts_at
    await life.on.answer_calendar_question(by=MENTOR, session=1, meant=True)
    await life.rest()
    assert (await next_session(life)).starts_at == session.starts_at + later
    assert await is_as_planned(life)
    assert len(life.mails(LetterKind.SESSION_MOVED)) == 2
    assert await look(rig, life) == []


async def test_case_13_a_calendar_server_that_was_gone_for_a_week(rig: Rig, broken: World) -> None:
    """The session moved meanwhile and moved again: once the server is back both calendars equal the schedule."""
    life = await rig.life(*UNDER_WAY)
    session = await next_session(life)
    broken.calendar_server_goes()
    for days in (14, 16):
        await life.on.move_session(by=MENTOR, session=1, starts_at=session.starts_at + timedelta(days=days))
        await life.rest()
    await life.days(7.5)
    assert {finding for _, finding, _ in await look(rig, life)} == {"calendar_away"}
    broken.calendar_server_returns()
    await life.days(0.25)
    assert await is_as_planned(life)
    assert await look(rig, life) == []
    assert {each.revision for person in PAIR for each in broken.calendar.calendars[person].values()} >= {2}
    assert life.mails(LetterKind.CALENDAR_QUESTION) == []


async def test_case_13_what_an_outage_outlived_is_put_right_by_the_next_look(rig: Rig, broken: World) -> None:
    """Paused while the server was away for longer than a removal lives: the reconcile process takes the entry out."""
    life = await rig.life(*UNDER_WAY)
    session = await next_session(life)
    await life.on.move_session(by=MENTOR, session=1, starts_at=session.starts_at + timedelta(days=21))
    await life.rest()
    broken.calendar_server_goes()
    await life.on.pause(by=MENTEE)
    await life.days(8)
    broken.calendar_server_returns()
    await life.days(0.5)
    assert (await life.status()).standing is Standing.PAUSED
    assert life.entries() == {
        MENTOR: [session.starts_at + timedelta(days=21)],
        MENTEE: [session.starts_at + timedelta(days=21)],
    }
    removed = [("mentor", "entry_left_over", "removed"), ("mentee", "entry_left_over", "removed")]
    assert await look(rig, life) == removed
    assert life.entries() == {MENTOR: [], MENTEE: []}
    assert await look(rig, life) == []


async def test_what_was_left_when_it_closed_is_taken_out_afterwards(rig: Rig, broken: World) -> None:
    """It closed without proof, because the server stayed away; the look after that proves it, and is the last one."""
    life = await rig.life(*UNDER_WAY)
    session = await next_session(life)
    await life.on.move_session(by=MENTOR, session=1, starts_at=session.starts_at + timedelta(days=21))
    await life.rest()
    broken.calendar_server_goes()
    await life.on.exit(by=MENTOR)
    await life.days(8)
    broken.calendar_server_returns()
    removed = [("mentor", "entry_left_over", "removed"), ("mentee", "entry_left_over", "removed")]
    assert await look(rig, life) == removed
    assert await look(rig, life) == []
    assert life.entries() == {MENTOR: [], MENTEE: []}


async def test_case_20_a_promotion_puts_the_pair_on_hold(rig: Rig, broken: World) -> None:
    """An ordinary hold with the fixed sentence; what was planned is off, and nothing tells why."""
    life = await rig.life(*UNDER_WAY)
    broken.people.people[MENTOR] = replace(broken.people.people[MENTOR], level=6)
    assert ("", "conflict_of_interest", "noted") in await look(rig, life)
    assert (await life.shown())["standing"] == "on_hold"
    assert life.entries() == {MENTOR: [], MENTEE: []}
    assert len(life.mails(LetterKind.ON_HOLD)) == 2
