"""The reconcile process beside running relationships: what people do by hand, and what an outage leaves behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mentoring_lifecycle.activities.calendar import CalendarActivities
from mentoring_lifecycle.activities.ports import LedgerState, SessionEntry
from mentoring_lifecycle.domain.commands import HelpOutcome, Matter
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.relationship import Standing
from mentoring_lifecycle.embedded.go_build import BuiltServer
from mentoring_lifecycle.embedded.provision import DevServer
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.starter.reconcile import Reconciler, ThroughClient

from .conftest import set_up
from .life import COORDINATOR, MENTEE, MENTOR, PAIR, UNDER_WAY, Life, QuickLife, Rig, World, next_session
from .real import RealRig, real_rig

DAY = timedelta(days=1)


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
        pace=timedelta(),
    )
    looked = await reconciler.look_over()
    await life.rest()
    return [(row.party, row.finding.value, row.done) for row in looked.rows]


def uid_of(life: Life, number: int = 1) -> str:
    return f"{life.id}~s{number:02d}@mentoring-lifecycle"


async def is_as_planned(life: QuickLife) -> bool:
    """Both calendars show the schedule and nothing else of this relationship, each session once."""
    planned = [session.starts_at for session in (await life.status()).sessions if session.lies_ahead]
    now = await life.now()
    return all([at for at in life.entries()[person] if at > now] == planned for person in PAIR)


async def test_ten_looks_at_what_agrees_leave_no_event(rig: Rig, broken: World) -> None:
    """Queries are asked and nothing is written: the history is as long as before."""
    life = await rig.life(*UNDER_WAY)
    before = [len(run.events) for run in await life.runs()]
    for _ in range(10):
        assert await look(rig, life) == []
    assert [len(run.events) for run in await life.runs()] == before


def deletes(world: World, life: QuickLife) -> None:
    """Ed takes the entry out of his calendar."""
    del world.calendar.calendars[MENTEE][uid_of(life)]


def moves(world: World, life: QuickLife) -> None:
    """Ed drags the entry to the next day."""
    entry = world.calendar.calendars[MENTEE][uid_of(life)]
    later = replace(entry, starts_at=entry.starts_at + DAY, ends_at=entry.ends_at + DAY)
    world.calendar.calendars[MENTEE][uid_of(life)] = later


def declines(world: World, life: QuickLife) -> None:
    """Ed clicks No."""
    world.calendar.answers[MENTEE, uid_of(life), "ed@pair.example"] = "declined"


Hand = Callable[[World, QuickLife], None]
BY_HAND = [(deletes, "deleted"), (moves, "moved"), (declines, "declined")]


@pytest.mark.parametrize(("hand", "word"), BY_HAND, ids=[word for _, word in BY_HAND])
async def test_case_12_what_was_done_by_hand_is_one_question_to_that_person(
    rig: Rig, broken: World, hand: Hand, word: str
) -> None:
    """The partner hears nothing and the session stands; ten more looks, and those after silence, add no event."""
    life = await rig.life(*UNDER_WAY)
    session, before = await next_session(life), len(life.mails())
    hand(broken, life)
    assert await look(rig, life) == [("mentee", f"entry_{word}", "noted")]
    length = await life.history_length()
    for _ in range(10):
        assert await look(rig, life) == []
    assert await life.history_length() == length
    assert life.letters(before) == {"calendar_question": 1}
    assert [mail.to.email for mail in life.mails()[before:]] == ["ed@pair.example"]
    assert await next_session(life) == session
    await life.days(4)
    assert (await life.status()).questions == ()
    assert await look(rig, life) == []
    assert len(life.mails(LetterKind.CALENDAR_QUESTION)) == 1
    assert life.mails(to=MENTOR) == [mail for mail in life.mails()[:before] if mail.to.email == "mia@pair.example"]


@pytest.mark.parametrize(("hand", "word"), BY_HAND, ids=[word for _, word in BY_HAND])
async def test_case_12_what_was_not_meant_is_put_right(rig: Rig, broken: World, hand: Hand, word: str) -> None:
    """Both calendars show the session under one higher revision, no mail tells of it, and nothing is found again."""
    life = await rig.life(*UNDER_WAY)
    hand(broken, life)
    assert await look(rig, life) == [("mentee", f"entry_{word}", "noted")]
    before = len(life.mails())
    await life.on.answer_calendar_question(by=MENTEE, session=1, meant=False)
    await life.rest()
    assert await is_as_planned(life)
    assert life.mails()[before:] == []
    assert await look(rig, life) == []


async def test_case_12_an_entry_moved_by_hand_moves_the_session_once_it_was_meant(rig: Rig, broken: World) -> None:
    """With enough notice, for both, under one identity; silence in the meantime changed nothing."""
    life = await rig.life(*UNDER_WAY)
    session = await next_session(life)
    moves(broken, life)
    assert await look(rig, life) == [("mentee", "entry_moved", "noted")]
    await life.on.answer_calendar_question(by=MENTEE, session=1, meant=True)
    await life.rest()
    assert (await next_session(life)).starts_at == session.starts_at + DAY
    assert await is_as_planned(life)
    assert len(life.mails(LetterKind.SESSION_MOVED)) == 2
    assert await look(rig, life) == []


async def test_case_13_a_write_that_is_delayed_is_no_question(rig: Rig, broken: World) -> None:
    """The session moved while the calendar server was away, and came back before the worker tried again."""
    life = await rig.life(*UNDER_WAY)
    session = await next_session(life)
    broken.calendar_server_goes()
    await life.on.move_session(by=MENTOR, session=1, starts_at=session.starts_at + 7 * DAY)
    await life.rest()
    broken.calendar_server_returns()
    expected = [(party, "not_written_yet", "reported") for party in ("mentor", "mentee")]
    assert await look(rig, life) == expected
    assert life.mails(LetterKind.CALENDAR_QUESTION) == []


async def test_cases_13_and_32_everything_was_gone_for_a_week(rig: Rig, broken: World) -> None:
    """The next session was booked and moved twice meanwhile: calendars equal the schedule, and one letter tells all."""
    life = await rig.life(*UNDER_WAY)
    await life.on.ask_coordinator(by=MENTOR, matter=Matter.QUESTION, words="Where is the guide?")
    await life.until((await next_session(life)).ends_at - DAY)
    before = len(life.mails())
    broken.calendar_server_goes()
    broken.mail_server_goes()
    await life.days(2)
    await life.on.conclude_help(by=COORDINATOR, help=1, outcome=HelpOutcome.ANSWERED)
    await life.days(3)
    session = await next_session(life)
    for days in (1, 2):
        await life.on.move_session(by=MENTEE, session=2, starts_at=session.starts_at + days * DAY)
        await life.rest()
    await life.days(2.5)
    assert {finding for _, finding, _ in await look(rig, life)} == {"calendar_away"}
    broken.calendar_server_returns()
    broken.mail_server_returns()
    await life.days(0.25)
    assert await is_as_planned(life)
    assert await look(rig, life) == []
    assert [entry.revision for person in PAIR for entry in own_entries(broken, life, person, 2)] == [2, 2]
    assert life.letters(before)["catch_up"] == 1
    assert life.mails(LetterKind.CALENDAR_QUESTION) == []


def own_entries(world: World, life: QuickLife, person: str, number: int) -> list[SessionEntry]:
    return [entry for uid, entry in world.calendar.calendars[person].items() if uid == uid_of(life, number)]


async def still_shown(rig: Rig, broken: World) -> tuple[QuickLife, datetime]:
    """A session three weeks later than planned, in both calendars."""
    life = await rig.life(*UNDER_WAY)
    later = (await next_session(life)).starts_at + 21 * DAY
    await life.on.move_session(by=MENTOR, session=1, starts_at=later)
    await life.rest()
    assert life.entries() == {MENTOR: [later], MENTEE: [later]}
    return life, later


REMOVED = [("mentor", "entry_left_over", "removed"), ("mentee", "entry_left_over", "removed")]


async def test_case_13_after_an_outage_there_is_nothing_left_to_find(rig: Rig, broken: World) -> None:
    """Paused while the server was away: the relationship takes the entries out by itself, and a look agrees."""
    life, later = await still_shown(rig, broken)
    broken.calendar_server_goes()
    await life.on.pause(by=MENTEE)
    await life.days(8)
    assert life.entries() == {MENTOR: [later], MENTEE: [later]}
    broken.calendar_server_returns()
    await life.days(0.5)
    assert (await life.status()).standing is Standing.PAUSED
    assert life.entries() == {MENTOR: [], MENTEE: []}
    assert await look(rig, life) == []


async def test_what_was_left_when_it_closed_is_taken_out_afterwards(rig: Rig, broken: World) -> None:
    """It closed without proof, because the server stayed away; the look after that proves it, and is the last one."""
    life, _ = await still_shown(rig, broken)
    broken.calendar_server_goes()
    await life.on.exit(by=MENTOR)
    await life.days(8)
    broken.calendar_server_returns()
    assert await look(rig, life) == REMOVED
    assert await look(rig, life) == []
    assert life.entries() == {MENTOR: [], MENTEE: []}


async def test_told_to_stop_it_finishes_the_change_it_is_at(
    rig: Rig, broken: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its claim is settled, no other is made, and the next look goes on with the rest."""
    life, _ = await still_shown(rig, broken)
    broken.calendar_server_goes()
    await life.on.exit(by=MENTOR)
    await life.days(8)
    broken.calendar_server_returns()
    remove, arrived, released = broken.calendar.remove, asyncio.Event(), asyncio.Event()

    async def slowly(owner: str, uid: str) -> None:
        arrived.set()
        await released.wait()
        await remove(owner, uid)

    monkeypatch.setattr(broken.calendar, "remove", slowly)
    looking = asyncio.create_task(look(rig, life))
    await asyncio.wait_for(arrived.wait(), 20)
    looking.cancel()
    await asyncio.sleep(0)
    released.set()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert LedgerState.CLAIMED not in (await broken.ledger.states(life.id)).values()
    assert life.entries()[MENTOR] == []
    assert await look(rig, life) == REMOVED[1:]


async def test_case_20_a_promotion_puts_the_pair_on_hold(rig: Rig, broken: World) -> None:
    """An ordinary hold with the fixed sentence; what was planned is off, and nothing tells why."""
    life = await rig.life(*UNDER_WAY)
    broken.people.people[MENTOR] = replace(broken.people.people[MENTOR], level=6)
    assert ("", "conflict_of_interest", "noted") in await look(rig, life)
    assert (await life.shown())["standing"] == "on_hold"
    assert life.entries() == {MENTOR: [], MENTEE: []}
    assert len(life.mails(LetterKind.ON_HOLD)) == 2


# --- the process beside real servers ----------------------------------------------------------------------------


@pytest.fixture
async def real(programs: BuiltServer | DevServer, tmp_path: Path) -> AsyncIterator[RealRig]:
    """With a Temporal server of its own: the process looks at every relationship that there is."""
    async with EmbeddedTemporal(tmp_path / "temporal", programs=programs) as temporal:
        await set_up(temporal.address)
        async with real_rig(temporal, tmp_path) as rig:
            yield rig


async def test_the_process_finds_in_a_real_calendar_what_somebody_did_there(real: RealRig) -> None:
    """Asked once, by a mail to that person alone; what was not meant is back, and then everything agrees again."""
    life = await (await real.life()).past(*UNDER_WAY)
    session, before = await next_session(life), len(real.mail.mailbox.messages())
    assert await real.reconcile() == []
    await real.calendar.remove(MENTEE, uid_of(life))
    assert await real.reconcile() == [("mentee", "entry_deleted", "noted")]
    await life.rest()
    assert await real.reconcile() == []
    assert [mail.recipients for mail in real.mail.mailbox.messages()[before:]] == [("ed@pair.example",)]
    assert await next_session(life) == session
    await life.on.answer_calendar_question(by=MENTEE, session=1, meant=False)
    await life.rest()
    assert await real.reconcile() == []
    for person in PAIR:
        (entry,) = await real.calendar.entries(person, life.id, session.starts_at) or ()
        assert (entry.starts_at, entry.revision) == (session.starts_at, 1)
