"""A relationship leaves one installation and goes on in another: where it was, and nothing is done twice."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from mentoring_lifecycle.domain.consequences import uid_prefix
from mentoring_lifecycle.embedded.go_build import BuiltServer
from mentoring_lifecycle.embedded.provision import DevServer
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.embedded.virtual_time import VirtualClock
from mentoring_lifecycle.gateways.belongings_sql import SqlBelongings
from mentoring_lifecycle.gateways.database import migrate, open_database
from mentoring_lifecycle.gateways.journal_sql import SqlJournal
from mentoring_lifecycle.gateways.operator_acts_sql import SqlOperatorActs
from mentoring_lifecycle.gateways.people_sql import SqlPeople
from mentoring_lifecycle.starter.audit import Audit
from mentoring_lifecycle.starter.client import MentoringClient
from mentoring_lifecycle.starter.moving import Mover
from mentoring_lifecycle.starter.why_codes import Why

from .conftest import set_up
from .life import (
    MENTEE,
    PAIR,
    PEOPLE,
    UNDER_WAY,
    Life,
    Past,
    both_accepted,
    both_confirmed,
    end_reached,
    session_over,
    sessions_held,
)
from .real import RealRig, _connected, real_rig
from .test_backup import live_on

WHO = {"by": "o-1", "why": Why.MAINTENANCE}


@dataclass
class Houses:
    """Two installations in one world: each with its own server, database and worker, both with the same mail and
    calendar servers."""

    here: RealRig
    there: RealRig
    folder: Path

    def life(self, life: Life) -> Life:
        """The same relationship, over there."""
        return Life(self.there.mentoring.relationship(life.id), self.there.clock)

    def file(self, life: Life) -> Path:
        """What it travels in."""
        return self.folder / f"{life.id}.json"

    async def move(self, life: Life) -> Life:
        """From here to there; its clock goes on where it stood."""
        at = await life.now()
        await mover(self.here).export(life.id, self.file(life), **WHO)
        await mover(self.there).bring_in(self.file(life), **WHO)
        there = self.life(life)
        await there.rest()
        await there.until(at)
        return there


def mover(rig: RealRig) -> Mover:
    """As the command line makes it."""
    return Mover(
        rig.clock.client,
        SqlBelongings(rig.engine),
        SqlJournal(rig.engine),
        SqlPeople(rig.engine),
        Audit(SqlOperatorActs(rig.engine)),
        task_queue="mentoring",
    )


@pytest.fixture(scope="module")
async def houses(programs: BuiltServer | DevServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Houses]:
    one, other = (tmp_path_factory.mktemp(name) for name in ("here", "there"))
    async with (
        EmbeddedTemporal(one / "temporal", programs=programs) as first,
        EmbeddedTemporal(other / "temporal", programs=programs) as second,
    ):
        for temporal in (first, second):
            await set_up(temporal.address)
        async with real_rig(first, one) as here:
            await migrate(url := f"sqlite:///{other / 'mentoring.db'}")
            engine = open_database(url)
            await SqlPeople(engine).save(PEOPLE)
            clock = VirtualClock(await _connected(second))
            mentoring = MentoringClient(clock.client, people=SqlPeople(engine))
            there = replace(here, folder=other, temporal=second, engine=engine, clock=clock, mentoring=mentoring)
            await there.start_worker()
            try:
                yield Houses(here, there, tmp_path_factory.mktemp("files"))
            finally:
                await there.kill_worker()
                await engine.dispose()


async def held(life: Life) -> None:
    await life.on.hold()


async def paused(life: Life) -> None:
    await life.on.pause(by=MENTEE)


async def closing(life: Life) -> None:
    await life.past(*UNDER_WAY, sessions_held(3), end_reached)


PASTS: dict[str, tuple[Past, ...]] = {
    "invited": (),
    "waiting for signatures": (both_accepted,),
    "a session ahead": UNDER_WAY,
    "a session to confirm": (*UNDER_WAY, session_over),
    "paused": (*UNDER_WAY, session_over, both_confirmed, paused),
    "on hold": (*UNDER_WAY, held),
    "closing": (closing,),
}


async def story_of(life: Life) -> object:
    """Where it stands, for everybody who may look."""
    on = life.on
    return await on.status(), await on.timeline(), await on.agreement(), await on.outside(), await life.shown()


async def entries_of(rig: RealRig, life: Life) -> object:
    """What its two calendars show: UID, revision and time."""
    now = (await life.status()).ends_at - timedelta(weeks=30)
    return {person: await rig.calendar.entries(person, uid_prefix(life.id), now) for person in PAIR}


@pytest.mark.parametrize("past", PASTS.values(), ids=PASTS)
async def test_it_goes_on_where_it_was(houses: Houses, past: tuple[Past, ...]) -> None:
    """Whatever its phase: the same story and calendar on the other side, then a life to its end, each mail once."""
    life = await houses.here.life()
    await life.past(*past)
    before, shown = await story_of(life), await entries_of(houses.here, life)
    mails = len(houses.here.mail.mailbox.messages())
    there = await houses.move(life)
    assert await story_of(there) == before
    assert await entries_of(houses.there, there) == shown
    assert len(houses.here.mail.mailbox.messages()) == mails
    if held in past:
        await there.on.lift()
    if paused in past:
        await there.on.resume(by=MENTEE)
    await there.rest()
    await live_on(there)
    assert (await there.status()).outcome
    behind, journal = [await SqlJournal(rig.engine).read(life.id) for rig in (houses.here, houses.there)]
    assert journal[: len(behind)] == behind
    assert [entry.sequence for entry in journal] == list(range(1, len(journal) + 1))
    every = Counter(str(mail.message["Message-ID"]) for mail in houses.here.mail.mailbox.messages())
    assert [key for key, count in every.items() if count > 1] == []
