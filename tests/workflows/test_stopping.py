"""SIGTERM in the middle of something: it is finished, nothing is left in the air, and nothing is done twice after."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mentoring_lifecycle.activities.ports import LedgerState
from mentoring_lifecycle.domain.consequences import uid_prefix
from mentoring_lifecycle.embedded.go_build import BuiltServer
from mentoring_lifecycle.embedded.provision import DevServer
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.gateways.ledger_sql import SqlLedger

from .conftest import set_up
from .life import COORDINATOR, MENTEE, MENTOR, SHORT, UNDER_WAY, Life, next_session
from .real import MailInHand, RealRig, real_rig

WORKER, COMMANDS = "mentoring_lifecycle.worker", "mentoring_lifecycle.starter"


@pytest.fixture
async def rig(programs: BuiltServer | DevServer, tmp_path: Path) -> AsyncIterator[RealRig]:
    """Everything but a worker: the tests start their own, as a service manager does."""
    async with EmbeddedTemporal(tmp_path / "temporal", programs=programs) as temporal:
        await set_up(temporal.address)
        async with real_rig(temporal, tmp_path) as rig:
            await rig.kill_worker()
            yield rig


@dataclass
class Served:
    """A process that a service manager would signal."""

    process: asyncio.subprocess.Process
    log: Path

    @classmethod
    @asynccontextmanager
    async def serving(cls, command: list[str], log: Path, sign: str) -> "AsyncIterator[Served]":
        """Until the block ends; it begins when the log shows this."""
        with log.open("wb") as output:
            served = cls(await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output), log)
        try:
            async with asyncio.timeout(60):
                while sign not in served.told:
                    assert served.process.returncode is None, served.told
                    await asyncio.sleep(0.02)
            yield served
        finally:
            if served.process.returncode is None:
                served.process.kill()
                await served.process.wait()

    @property
    def told(self) -> str:
        return self.log.read_text()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def until_told(self, words: str) -> None:
        async with asyncio.timeout(30):
            while words not in self.told:
                await asyncio.sleep(0.02)

    async def ended(self) -> int:
        """Its exit code; a traceback is never among its words."""
        code = await asyncio.wait_for(self.process.wait(), 60)
        assert "Traceback" not in self.told
        return code


def worker(rig: RealRig, number: int, **changed: str) -> AbstractAsyncContextManager[Served]:
    """A worker of relationships; it gets its signals itself."""
    return Served.serving(rig.python(WORKER, **changed), rig.folder / f"own-{number}.log", "worker_started")


async def standings(rig: RealRig, relationship: str) -> dict[str, LedgerState]:
    return {row.key: LedgerState(row.state) for row in await SqlLedger(rig.engine).rows(relationship)}


async def opened(rig: RealRig, relationship: str) -> Life:
    handle = await rig.mentoring.open(
        mentor=MENTOR,
        mentee=MENTEE,
        coordinator=COORDINATOR,
        programme="both-ways",
        policy=SHORT,
        relationship=relationship,
    )
    return Life(handle, rig.clock)


def nothing_twice(rig: RealRig) -> bool:
    return set(Counter(mail.message["Message-ID"] for mail in rig.mail.mailbox.messages()).values()) == {1}


async def test_a_mail_in_the_air_is_finished_and_no_other_is_begun(rig: RealRig) -> None:
    """The worker waits for the server's answer, ends with 0, and leaves the second invitation to the next worker."""
    async with worker(rig, 1) as first:
        in_hand = MailInHand(rig.mail)
        life = await opened(rig, "r-mail")
        await in_hand.arrived()
        first.signal(signal.SIGTERM)
        await first.until_told("worker_stopping")
        assert list((await standings(rig, life.id)).values()) == [LedgerState.CLAIMED]
        in_hand.release()
        assert await first.ended() == 0
    assert list((await standings(rig, life.id)).values()) == [LedgerState.ACCEPTED]
    assert len(rig.mail.mailbox.messages()) == 1
    async with worker(rig, 2):
        await life.rest()
    assert list((await standings(rig, life.id)).values()) == [LedgerState.ACCEPTED] * 2
    assert len(rig.mail.mailbox.messages()) == 2
    assert nothing_twice(rig)


async def test_told_twice_a_worker_ends_at_once(rig: RealRig) -> None:
    """With the code of the signal, and whatever the mail server still holds; its claim expires later."""
    async with worker(rig, 1) as first:
        in_hand = MailInHand(rig.mail)
        life = await opened(rig, "r-twice")
        await in_hand.arrived()
        first.signal(signal.SIGTERM)
        await first.until_told("worker_stopping")
        first.signal(signal.SIGTERM)
        assert await first.ended() == 128 + signal.SIGTERM
        assert "process_cut_off" in first.told
        in_hand.release()
    assert list((await standings(rig, life.id)).values()) == [LedgerState.CLAIMED]


# --- calendars --------------------------------------------------------------------------------------------------


@dataclass
class SlowCalendar:
    """The way to a calendar server, on which the next entry stays until it is released."""

    target: tuple[str, int]
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def before(cls, url: str) -> "AsyncIterator[tuple[SlowCalendar, str]]":
        """With the address at which it is entered."""
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        way = cls((parts.hostname, parts.port))
        server = await asyncio.start_server(way._passed, "127.0.0.1", 0)
        async with server:
            yield way, parts._replace(netloc=f"127.0.0.1:{server.sockets[0].getsockname()[1]}").geturl()

    async def _passed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self.target)
        await asyncio.gather(self._held(reader, back), _copied(there, writer), return_exceptions=True)

    async def _held(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65536):
            if chunk.startswith(b"PUT "):
                self.arrived.set()
                await self.released.wait()
            writer.write(chunk)
            await writer.drain()
        writer.close()


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
    writer.close()


async def test_a_calendar_entry_on_its_way_is_finished(rig: RealRig) -> None:
    """Its claim is settled before the worker ends with 0; the other's entry is written by the next worker."""
    async with SlowCalendar.before(rig.calendar_server.url) as (way, url):
        async with worker(rig, 1, MENTORING_CALDAV_URL=url) as first:
            life = await opened(rig, "r-calendar")
            await life.rest()
            going_on = asyncio.create_task(life.past(*UNDER_WAY))
            await asyncio.wait_for(way.arrived.wait(), 60)
            first.signal(signal.SIGTERM)
            await first.until_told("worker_stopping")
            way.released.set()
            assert await first.ended() == 0
        entries = [state for key, state in (await standings(rig, life.id)).items() if "entry" in key]
        assert entries == [LedgerState.ACCEPTED]
        async with worker(rig, 2, MENTORING_CALDAV_URL=url):
            await going_on
            await life.rest()
            session = await next_session(life)
    assert set((await standings(rig, life.id)).values()) == {LedgerState.ACCEPTED}
    for person in (MENTOR, MENTEE):
        assert len(await rig.calendar.upcoming(person, uid_prefix(life.id), session.starts_at)) == 1
    assert nothing_twice(rig)
