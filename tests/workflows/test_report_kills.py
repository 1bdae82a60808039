"""Reports are made and handled while everything around them is killed, and not one is lost.

`KILLS=500 SEED=1 pytest tests/workflows/test_report_kills.py` kills so many times; `make kills` does.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from temporalio.client import Client

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.codec import data_converter
from mentoring_lifecycle.embedded.go_build import BuiltServer
from mentoring_lifecycle.embedded.mail import LOSE_MESSAGE, LOSE_REPLY, MailServer
from mentoring_lifecycle.embedded.provision import DevServer
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.embedded.virtual_time import VirtualClock
from mentoring_lifecycle.gateways.database import migrate, open_database
from mentoring_lifecycle.gateways.people_sql import SqlPeople
from mentoring_lifecycle.starter.case_handle import CaseHandle
from mentoring_lifecycle.starter.client import IDENTITY

from .conftest import set_up
from .life import BACKUP, CONTACT, COORDINATOR, PEOPLE
from .nursery import case_id, words
from .real import SENDER, message_id

KILLS, SEED = int(os.environ.get("KILLS", "20")), int(os.environ.get("SEED", "1"))
NURSERY = Path(__file__).with_name("nursery.py")
LONG_ENOUGH = timedelta(hours=1)
"""For a lost attempt to be noticed, its claim to run out, and the letter to be sent again; before any mark."""


@dataclass
class Siege:
    """Everything that may die, and what was observed of it."""

    folder: Path
    temporal: EmbeddedTemporal
    mail: MailServer
    nursery: "subprocess.Popen[str]"
    lot: Random
    arrived: int = 0
    """Mails that the server has had in its hands."""
    worker: int = 0
    reporter: int = 0
    killed: "Counter[str]" = field(default_factory=Counter)
    answer: str | None = None
    """What the mail server says to a worker that dies with a mail in the air; empty: none is to die so."""

    def bear(self, kind: str, *more: str) -> int:
        """Another process; its id."""
        assert self.nursery.stdin
        assert self.nursery.stdout
        self.nursery.stdin.write(" ".join([kind, *more]) + "\n")
        self.nursery.stdin.flush()
        return int(self.nursery.stdout.readline())

    def new_worker(self) -> None:
        """As an operator starts one again."""
        self.worker = self.bear("worker", str(self.folder / "worker.log"))

    def new_reporter(self) -> None:
        """It goes on where the last one broke off."""
        self.reporter = self.bear("reporter", str(self.said), str(self.grants))

    @property
    def said(self) -> Path:
        """Where the reporter notes what was said to have been received."""
        return self.folder / "reporter.log"

    @property
    def grants(self) -> Path:
        """How many reports may have been made."""
        return self.folder / "grants"

    def received(self) -> list[str]:
        """Cases of which whoever reported was told that they are durable."""
        lines = self.said.read_text().splitlines() if self.said.exists() else []
        return [line.split()[1] for line in lines if len(line.split()) == 2]

    def on_message(self, _recipients: tuple[str, ...], _content: bytes) -> str | None:
        """In the mail server's thread: count, and kill whoever waits for the answer where that was drawn."""
        self.arrived += 1
        if self.answer is None:
            return None
        answer, self.answer = self.answer, None
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.worker, signal.SIGKILL)
        self.killed["worker, mail in the air"] += 1
        return answer or None

    async def until(self, progress: int, rounds: int = 400) -> None:
        """So much more has happened, as far as it can be seen from outside; what has died makes none."""
        start = self._progress()
        for _ in range(rounds):
            if self._progress() >= start + progress or (self.answer is None and not _lives(self.worker)):
                return
            await asyncio.sleep(0.002)

    def _progress(self) -> int:
        return self.arrived + (self.said.stat().st_size if self.said.exists() else 0) // len("received kill-00000\n")

    async def kill_once(self, number: int) -> None:
        """At an instant that is drawn in steps of what has visibly happened."""
        self._revive()
        self.grants.write_text(str(number + 2))
        fate = self.lot.choices(("worker", "mail", "reporter", "server"), (60, 16, 20, 4))[0]
        await self.until(self.lot.randrange(3))
        for _ in range(self.lot.randrange(20)):
            await asyncio.sleep(0)  # not always at the same point of the same loop
        if fate == "mail":
            before = sum(self.killed.values())
            self.answer = self.lot.choice(("", LOSE_REPLY, LOSE_MESSAGE))
            self.grants.write_text(str(number + 3))
            await self.until(6, rounds=1_000)
            self.answer = None
            if sum(self.killed.values()) == before:
                fate = "worker"  # nothing was in the air
            else:
                self.new_worker()
        if fate == "worker":
            await self._kill(self.worker, fate)
            self.new_worker()
        elif fate == "reporter":
            await self._kill(self.reporter, fate)
            self.new_reporter()
        elif fate == "server":
            await self.temporal.kill()
            await self.temporal.start()
            self.killed[fate] += 1

    def _revive(self) -> None:
        """A worker that starts while the server is away ends by itself and says why; whoever watches starts another."""
        if not _lives(self.worker):
            self.new_worker()
        if not _lives(self.reporter):
            self.new_reporter()

    async def _kill(self, process: int, name: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        while _lives(process):
            await asyncio.sleep(0.001)
        self.killed[name] += 1


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
async def siege(programs: BuiltServer | DevServer, tmp_path: Path) -> AsyncIterator[Siege]:
    """A server of its own, since it will be killed; one worker, one reporter."""
    url = f"sqlite:///{tmp_path / 'mentoring.db'}"
    await migrate(url)
    engine = open_database(url)
    await SqlPeople(engine).save(PEOPLE)
    await engine.dispose()
    async with EmbeddedTemporal(tmp_path / "temporal", programs=programs) as temporal:
        await set_up(temporal.address)
        with MailServer(tmp_path / "mail") as mail:
            environment = _environment(tmp_path, url, temporal, mail)
            command = [sys.executable, "-P", str(NURSERY)]
            with subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
            ) as nursery:
                siege = Siege(tmp_path, temporal, mail, nursery, Random(SEED))
                mail.on_message = siege.on_message
                siege.grants.write_text("1")
                siege.new_worker()
                siege.new_reporter()
                yield siege
                assert nursery.stdin
                nursery.stdin.close()


def _environment(folder: Path, url: str, temporal: EmbeddedTemporal, mail: MailServer) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TEMPORAL_ADDRESS": temporal.address,
        "MENTORING_DATABASE_URL": url,
        "MENTORING_SMTP_HOST": mail.host,
        "MENTORING_SMTP_PORT": str(mail.port),
        "MENTORING_SENDER_ADDRESS": SENDER.email,
        "MENTORING_CASES_METRICS_ADDRESS": "127.0.0.1:0",
        "MENTORING_CASES_HEALTH_ADDRESS": "127.0.0.1:0",
        "MENTORING_HEALTH_ADDRESS": "127.0.0.1:0",
        "MENTORING_CASE_HANDLERS": f"{BACKUP},{COORDINATOR}",
        "MENTORING_SAFEGUARDING_CONTACT": CONTACT,
    }


@pytest.mark.timeout(3600)
async def test_no_report_is_lost_whatever_is_killed(siege: Siege) -> None:
    """Each that was said to be received is one case, with its words, in the hands of one whom a letter told of it."""
    for number in range(KILLS):
        await siege.kill_once(number)
    assert sum(siege.killed.values()) == KILLS
    siege._revive()
    wanted = int(siege.grants.read_text())
    while len(siege.received()) < wanted:
        siege._revive()
        await asyncio.sleep(0.05)
    received = siege.received()
    assert sorted(set(received)) == [case_id(number) for number in range(wanted)], "each was acknowledged in the end"

    cases = await Client.connect(
        siege.temporal.address,
        namespace="mentoring-cases",
        data_converter=data_converter(None),
        identity=IDENTITY,
    )
    clock = VirtualClock(cases, patience=timedelta(minutes=2))
    letters: Counter[str] = Counter()
    for number, case in enumerate(sorted(set(received))):
        workflow_id = names.case_workflow_id(case)
        siege._revive()
        await clock.advance(workflow_id, to=await clock.now(workflow_id) + LONG_ENOUGH)
        view = await CaseHandle(cases, case).read(by=BACKUP)
        assert (view.handler, view.report.words) == (BACKUP, words(number)), f"{case}, SEED={SEED} KILLS={KILLS}"
        assert view.contact_told or view.acknowledged, f"{case} was told to nobody, SEED={SEED} KILLS={KILLS}"
        if not view.acknowledged:
            letters[message_id(f"case-{case}/1/case_received/safeguarding/0")] = 0
    found: list[str] = []
    while len(found) < wanted:  # what is listed follows what is so by a moment
        found = [each.id async for each in cases.list_workflows("WorkflowType = 'Case'")]
    assert sorted(found) == [names.case_workflow_id(case_id(number)) for number in range(wanted)], "one case for each"
    for mail in siege.mail.mailbox.messages():
        letters[mail.message["Message-ID"]] += 1
    lost = [letter for letter, count in letters.items() if not count]
    twice = [letter for letter, count in letters.items() if count > 1]
    print(f"{KILLS} kills {dict(siege.killed)}: {wanted} reports, {len(lost)} lost, {len(twice)} letters twice")  # noqa: T201
    assert not lost, f"SEED={SEED} KILLS={KILLS}"
    assert len(twice) <= siege.killed["worker"] + siege.killed["worker, mail in the air"]
