"""Processes that die without a word, in the middle of a life: nothing lost, nothing twice, and the life goes on."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from temporalio.service import RPCError

from mentoring_lifecycle.activities.ports import LedgerState
from mentoring_lifecycle.contracts.names import is_identifier
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.consequences import uid_prefix
from mentoring_lifecycle.domain.events import RelationshipOutcome
from mentoring_lifecycle.embedded.go_build import BuiltServer
from mentoring_lifecycle.embedded.mail import LOSE_MESSAGE, LOSE_REPLY
from mentoring_lifecycle.embedded.provision import DevServer
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.embedded.virtual_time import VirtualTimeStuck
from mentoring_lifecycle.gateways.journal_sql import SqlJournal
from mentoring_lifecycle.gateways.ledger_sql import LedgerRow, SqlLedger
from mentoring_lifecycle.starter.answers import OutcomeUnknown

from .conftest import set_up
from .life import GOAL, MENTEE, MENTOR, PAIR, Life, next_session
from .real import MailInHand, RealRig, message_id, real_rig

Act = Callable[[], Awaitable[object]]
"""May be done again after it broke off."""
Step = Callable[[Life], Awaitable[Act]]
Fate = Callable[[RealRig, Life, Act], Awaitable[None]]


@pytest.fixture
async def rig(programs: BuiltServer | DevServer, tmp_path: Path) -> AsyncIterator[RealRig]:
    """With a Temporal server of its own, since it will be killed."""
    async with EmbeddedTemporal(tmp_path / "temporal", programs=programs) as temporal:
        await set_up(temporal.address)
        async with real_rig(temporal, tmp_path) as rig:
            yield rig


# --- a life in steps that can be repeated -----------------------------------------------------------------------


def said(command: c.Command) -> Step:
    """Somebody's command, under one id however often it is sent."""

    async def step(life: Life) -> Act:
        command_id = f"{life.id}-{abs(hash(command))}"
        assert is_identifier(command_id)

        async def act() -> None:
            await life.on.do(command, command_id)
            await life.rest()

        return act

    return step


def reached(instant: Callable[[Life], Awaitable[datetime]]) -> Step:
    """Time passes up to an instant that is worked out once."""

    async def step(life: Life) -> Act:
        at = await instant(life)
        return lambda: life.until(at)

    return step


async def _day_before(life: Life) -> datetime:
    return (await next_session(life)).starts_at - timedelta(hours=23)


async def _session_over(life: Life) -> datetime:
    return (await next_session(life)).ends_at + timedelta(minutes=61)


async def _last_day(life: Life) -> datetime:
    return (await life.status()).ends_at + timedelta(minutes=1)


def _session(number: int) -> dict[str, Step]:
    return {
        f"day before {number}": reached(_day_before),
        f"session {number}": reached(_session_over),
        f"mentor confirms {number}": said(c.ConfirmSession(MENTOR, number, True)),
        f"mentee confirms {number}": said(c.ConfirmSession(MENTEE, number, True)),
    }


LIFE: dict[str, Step] = {
    "mentor accepts": said(c.AnswerInvitation(MENTOR, True, True, c.Comfort.YES)),
    "mentee accepts": said(c.AnswerInvitation(MENTEE, True, True, c.Comfort.YES)),
    "mentor signs": said(c.SignRules(MENTOR, 1)),
    "mentee signs": said(c.SignRules(MENTEE, 1)),
    "mentor proposes": said(c.ProposeGoals(MENTOR, (GOAL,))),
    "mentee agrees": said(c.AgreeGoals(MENTEE, 1, (4,))),
    **_session(1),
    **_session(2),
    **_session(3),
    "last day": reached(_last_day),
    "mentor looks back": said(c.GiveFinalFeedback(MENTOR, (8,), 9, 9, True)),
    "mentee looks back": said(c.GiveFinalFeedback(MENTEE, (8,), 9, 9, True)),
}


# --- what can happen to it --------------------------------------------------------------------------------------


async def _through(act: Act) -> None:
    """Do it until it went through, as a caller does who was told that nobody knows."""
    async with asyncio.timeout(60):
        while True:
            try:
                await act()
            except (OutcomeUnknown, RPCError, VirtualTimeStuck, RuntimeError):
                await asyncio.sleep(0.05)
            else:
                return


async def nothing(_rig: RealRig, _life: Life, act: Act) -> None:
    """A step as it should be."""
    await act()


async def worker_dies(rig: RealRig, life: Life, act: Act) -> None:
    """The step is taken while no worker is there, and finished by the next one."""
    await rig.kill_worker()
    await rig.forget_worker(life)
    under_way = asyncio.create_task(_through(act))
    await rig.start_worker()
    await under_way


async def server_dies(rig: RealRig, _life: Life, act: Act) -> None:
    """The step is taken while the Temporal server goes down and comes up again."""
    under_way = asyncio.create_task(_through(act))
    await rig.restart_server()
    await under_way


async def server_dies_in_mail(rig: RealRig, _life: Life, act: Act) -> None:
    """The mail server has the whole message; its answer comes when the Temporal server is back or not."""
    in_hand = MailInHand(rig.mail)
    under_way = asyncio.create_task(_through(act))
    await in_hand.arrived()
    await rig.temporal.kill()
    in_hand.release()
    await rig.temporal.start()
    await under_way


def worker_dies_in_mail(answer: str) -> Fate:
    """The mail server has the whole message, and whoever sent it is no more."""

    async def fate(rig: RealRig, _life: Life, act: Act) -> None:
        in_hand = MailInHand(rig.mail)
        under_way = asyncio.create_task(_through(act))
        await in_hand.arrived()
        await rig.kill_worker()
        in_hand.release(answer)
        await rig.start_worker()
        await under_way

    return fate


def fates(seed: int) -> Iterator[Fate]:
    """Six deaths of the worker and three of the server, at steps drawn by lot; those in a mail where one is sent."""
    planned = {
        "mentee agrees": worker_dies_in_mail(LOSE_MESSAGE),  # an invitation: sent again, since none arrived
        "day before 2": worker_dies_in_mail(LOSE_REPLY),  # a reminder: it arrived, and nobody knows
    }
    lot = Random(seed)
    sends = [name for name in LIFE if name.startswith(("mentee accepts", "mentee signs", "session", "last day"))]
    planned[lot.choice(sends)] = server_dies_in_mail
    left = [name for name in LIFE if name not in planned]
    planned |= zip(lot.sample(left, 6), [worker_dies] * 4 + [server_dies] * 2, strict=True)
    return (planned.get(name, nothing) for name in LIFE)


# --- and what must be true afterwards ---------------------------------------------------------------------------

LETTERS = {"invitation": 2, "rules_to_sign": 2, "goals_to_set": 2, "goals_to_agree": 1}
LETTERS |= {"session_invitation": 6, "session_reminder": 6, "session_question": 6}
LETTERS |= {"closing_notice": 2, "final_feedback": 2, "farewell": 2, "closed_note": 1}


async def test_a_life_survives_the_death_of_everything_around_it(rig: RealRig) -> None:
    """Six kills of the worker and three of the server, two and one of them with a mail in the air: completed, every
    letter once in the mailbox, every effect settled, both calendars as planned, and the journal without a gap."""
    life = await rig.life()
    starts: list[datetime] = []
    for (name, step), fate in zip(LIFE.items(), fates(seed=7), strict=True):
        act = await step(life)
        if name.startswith("session"):
            starts.append((await next_session(life)).starts_at)
        await fate(rig, life, act)
    status = await life.status()
    assert (status.outcome, status.sessions_held) == (RelationshipOutcome.COMPLETED, 3)
    rows = await SqlLedger(rig.engine).rows(life.id)
    _assert_letters(rig, [row for row in rows if row.purpose in LETTERS])
    await _assert_calendars(rig, life, starts, [row for row in rows if row.purpose not in LETTERS])
    journal = await SqlJournal(rig.engine).read(life.id)
    assert [entry.sequence for entry in journal] == list(range(1, status.events + 1))


def _assert_letters(rig: RealRig, rows: list[LedgerRow]) -> None:
    assert Counter(row.purpose for row in rows) == LETTERS
    arrived = Counter(str(mail.message["Message-ID"]) for mail in rig.mail.mailbox.messages())
    assert arrived == Counter(message_id(row.key) for row in rows)
    # What the mail server took without saying so is the one thing that nobody can know.
    states = Counter((row.state, row.purpose) for row in rows if row.state is not LedgerState.ACCEPTED)
    assert states == {(LedgerState.UNKNOWN, "session_reminder"): 1}


async def _assert_calendars(rig: RealRig, life: Life, starts: list[datetime], rows: list[LedgerRow]) -> None:
    assert {row.state for row in rows} == {LedgerState.ACCEPTED}
    for person in PAIR:
        for number, start in enumerate(starts):
            shown = await rig.calendar.upcoming(person, uid_prefix(life.id), start)
            assert len(shown) == len(starts) - number
        assert await rig.calendar.upcoming(person, uid_prefix(life.id), starts[-1] + timedelta(hours=1)) == []
