"""A backup of a running house: restored elsewhere it continues every relationship, and sends nothing twice."""

import asyncio
import json
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mentoring_lifecycle.activities.ports import LedgerState
from mentoring_lifecycle.contracts.views import RelationshipView
from mentoring_lifecycle.domain.commands import Comfort, HelpOutcome, Matter
from mentoring_lifecycle.domain.consequences import uid_prefix
from mentoring_lifecycle.domain.events import RelationshipOutcome, Subject
from mentoring_lifecycle.domain.people import PAIR as PARTIES
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.embedded.go_build import BuiltServer
from mentoring_lifecycle.embedded.provision import DevServer
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.embedded.virtual_time import VirtualClock
from mentoring_lifecycle.gateways.database import open_database
from mentoring_lifecycle.gateways.ledger_sql import SqlLedger
from mentoring_lifecycle.gateways.operator_acts_sql import SqlOperatorActs
from mentoring_lifecycle.gateways.people_sql import SqlPeople
from mentoring_lifecycle.starter import backup
from mentoring_lifecycle.starter.backup import BackupFailed, back_up, restore
from mentoring_lifecycle.starter.client import MentoringClient

from .conftest import set_up
from .life import COORDINATOR, GOAL, MENTEE, MENTOR, PAIR, Life, both_accepted, both_signed
from .real import RealRig, _connected, message_id, real_rig

PERSON = {Party.MENTOR: MENTOR, Party.MENTEE: MENTEE}


@pytest.fixture
async def rig(programs: BuiltServer | DevServer, tmp_path: Path) -> AsyncIterator[RealRig]:
    """A data directory as the demo has one, with everything running on it."""
    folder = tmp_path / "house"
    folder.mkdir()
    async with EmbeddedTemporal(folder / "temporal", programs=programs) as temporal:
        await set_up(temporal.address)
        async with real_rig(temporal, folder) as rig:
            yield rig


Twist = Callable[[Life, RelationshipView], Awaitable[None]]
"""What somebody does beside answering; it may be asked for again and again, and happens once."""


async def live_on(life: Life, twist: Twist | None = None, *, answers: bool = True) -> RelationshipView:
    """Both answer whatever they are asked, and time passes, until it is over or on hold; begun anywhere."""
    await life.rest()  # a letter that was left to be sent goes first: nobody answers what they have not been asked
    while (view := await life.status()).outcome is None and view.standing != "on_hold":
        if twist and view.sessions_held:
            await twist(life, view)
            view = await life.status()
        asked = next((question for question in view.questions if question.of in PARTIES), None)
        if asked and answers:
            await _answer(life, view, asked.subject, PERSON[Party(asked.of)], asked.number)
        elif view.next_hour_at:
            await _until(life, view.next_hour_at)
        await life.rest()
    return view


async def _until(life: Life, at: datetime) -> None:
    """Where a clock that is gone had begun to move the workflow, that goes on by itself, and is asked about again."""
    try:
        await life.until(at)
    except RuntimeError as error:
        if "fast-forward" not in str(error):
            raise


async def _answer(life: Life, view: RelationshipView, subject: Subject, by: str, number: int) -> None:
    match subject:
        case Subject.INVITATION:
            await life.on.accept(by=by, induction_acknowledged=True, comfort=Comfort.YES)
        case Subject.RULES:
            await life.on.sign_rules(by=by, version=view.rules_version)
        case Subject.GOALS if view.proposal:
            await life.on.agree_goals(by=by, proposal=view.proposal, baselines=(4,))
        case Subject.GOALS:
            await life.on.propose_goals(by=by, goals=(GOAL,))
        case Subject.SESSION:
            await life.on.confirm_session(by=by, session=number, held=True)
        case Subject.FINAL_FEEDBACK:
            await life.on.give_final_feedback(by=by, ratings=(8,), would_repeat=9, felt_safe=9, keep_in_touch=True)
        case Subject.HELP_RATING:
            await life.on.rate_help(by=by, help=number, helped=True)
        case _:
            raise AssertionError(subject)


async def helped(life: Life, view: RelationshipView) -> None:
    """The mentor asks for help, and whoever runs the programme sees to it."""
    ask = {"matter": Matter.ROLE_STRUGGLE, "words": "Who leads here?", "command_id": "ask"}
    await life.on.ask_coordinator(by=MENTOR, partner_may_know=True, hold_next_session=False, **ask)
    await life.rest()  # of a call for help that is concluded before its letter could leave, only the outcome is told
    for request in await life.on.help_requests():
        about = {"by": COORDINATOR, "help": request.number}
        await life.on.take_up_help(**about, command_id="take up")
        await life.on.conclude_help(**about, outcome=HelpOutcome.ANSWERED, command_id="conclude")


async def left(life: Life, view: RelationshipView) -> None:
    """The mentee leaves."""
    await life.on.exit(by=MENTEE, command_id="leave")


async def paused(life: Life, view: RelationshipView) -> None:
    """For three weeks."""
    await life.on.pause(by=MENTEE, until=await life.now() + timedelta(weeks=3), command_id="pause")


async def held(life: Life, view: RelationshipView) -> None:
    """By the programme team, which does not say why."""
    await life.on.hold(command_id="hold")


SIX: tuple[tuple[Twist | None, bool], ...] = (
    *((None, True), (None, False)),
    *((twist, True) for twist in (helped, left, paused, held)),
)
"""As the demo has them: one ordinary life, one without an answer, and four in which something happens."""


async def test_whoever_goes_on_from_a_backup_sends_nothing_twice(
    rig: RealRig, programs: BuiltServer | DevServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The house burns down at the very moment that the backup shows, with five lives at full speed."""
    lives = [await rig.life() for _ in range(5)]
    living = [asyncio.create_task(live_on(life)) for life in lives]
    while len(rig.mail.mailbox.messages()) < 30:
        await asyncio.sleep(0.02)
    loop = asyncio.get_running_loop()

    def burn(_source: Path, _target: Path) -> None:
        asyncio.run_coroutine_threadsafe(rig.kill_worker(), loop).result()

    monkeypatch.setattr(backup, "_copy_calendars", burn)
    made = await back_up(rig.folder, tmp_path / "backup")
    assert made.relationships
    for task in living:
        task.cancel()
    await asyncio.gather(*living, return_exceptions=True)
    before = len(rig.mail.mailbox.messages())
    await rig.temporal.stop()

    elsewhere = tmp_path / "elsewhere"
    restore(tmp_path / "backup", elsewhere)
    async with EmbeddedTemporal(elsewhere / "temporal", programs=programs) as temporal:
        engine = open_database(f"sqlite:///{elsewhere / 'mentoring.db'}")
        clock = VirtualClock(await _connected(temporal))
        mentoring = MentoringClient(clock.client, people=SqlPeople(engine))
        again = replace(rig, folder=elsewhere, temporal=temporal, engine=engine, clock=clock, mentoring=mentoring)
        await again.start_worker()
        try:
            views = await asyncio.gather(*(live_on(Life(mentoring.relationship(each.id), clock)) for each in lives))
        finally:
            assert again.worker
            await again.worker.stop()
            await engine.dispose()
    assert {view.outcome for view in views} == {RelationshipOutcome.COMPLETED}
    mails = Counter(str(mail.message["Message-ID"]) for mail in rig.mail.mailbox.messages())
    assert len(mails) > before
    assert [key for key, count in mails.items() if count > 1] == []
    for view in views:
        left = [await rig.calendar.upcoming(person, uid_prefix(view.relationship), view.ends_at) for person in PAIR]
        assert left == [[], []]


async def test_six_lives_end_alike_in_the_original_and_in_what_was_restored(
    rig: RealRig, programs: BuiltServer | DevServer, tmp_path: Path
) -> None:
    """Backed up on the way; what the copy sends is what was left to be sent, and nothing that had been sent."""
    lives = [await rig.life() for _ in SIX]
    living = [asyncio.create_task(live_on(life, twist, answers=a)) for life, (twist, a) in zip(lives, SIX, strict=True)]
    while len(rig.mail.mailbox.messages()) < 50:
        await asyncio.sleep(0.02)
    made = await back_up(rig.folder, tmp_path / "backup")
    assert made.relationships >= 4
    restore(tmp_path / "backup", elsewhere := tmp_path / "elsewhere")
    original = await asyncio.gather(*living)

    async with EmbeddedTemporal(elsewhere / "temporal", programs=programs) as temporal:
        ledger = SqlLedger(engine := open_database(f"sqlite:///{elsewhere / 'mentoring.db'}"))
        before = {message_id(row.key) for row in await ledger.rows(state=LedgerState.ACCEPTED)}
        await engine.dispose()
        async with real_rig(temporal, elsewhere) as copy:
            again = [Life(copy.mentoring.relationship(life.id), copy.clock) for life in lives]
            restored = await asyncio.gather(
                *(live_on(life, twist, answers=a) for life, (twist, a) in zip(again, SIX, strict=True))
            )
            sent, resent = _mails_of(rig), _mails_of(copy)
            unlike = set(sent) ^ (before & set(sent) | set(resent))
            rows = [row for house in (rig, copy) for row in await SqlLedger(house.engine).rows()]
            told = [(row.key, row.state, row.reason) for row in rows if message_id(row.key) in unlike]
            for view in restored:
                calendars = [_entries_of(house, view) for house in (rig, copy)]
                one, other = await asyncio.gather(*calendars)
                assert one == other
    assert [(view.outcome, view.standing) for view in restored] == [(view.outcome, view.standing) for view in original]
    assert len({view.outcome for view in original}) == 4
    assert set(resent.values()) == {1}
    assert not before & set(resent)
    assert (unlike, told) == (set(), [])


def _mails_of(house: RealRig) -> "Counter[str]":
    return Counter(str(mail.message["Message-ID"]) for mail in house.mail.mailbox.messages())


async def _entries_of(house: RealRig, view: RelationshipView) -> list[set[str]]:
    """Sessions that each calendar shows; times are found anew where others have taken them."""
    long_ago = view.ends_at - timedelta(weeks=52)
    return [set(await house.calendar.upcoming(person, uid_prefix(view.relationship), long_ago)) for person in PAIR]


async def test_an_operator_backs_up_and_restores_at_the_command_line(rig: RealRig, tmp_path: Path) -> None:
    """While everything runs; what came of it is in the audit of either side, and nothing is overwritten."""
    await rig.life()
    await (await rig.life()).past(both_accepted, both_signed)

    def mentoring(*arguments: str, output: str = "json") -> subprocess.CompletedProcess[str]:
        command = rig._python("mentoring_lifecycle.starter", *arguments, "--by", "o-1", "--output", output)
        return subprocess.run(command, capture_output=True, text=True, check=False)

    to, elsewhere = str(tmp_path / "backup"), tmp_path / "elsewhere"
    made = await asyncio.to_thread(mentoring, "ops", "backup", to, "--data-dir", str(rig.folder))
    assert (made.returncode, json.loads(made.stdout)["relationships"]) == (0, 1), made.stderr
    again = await asyncio.to_thread(mentoring, "ops", "backup", to, "--data-dir", str(rig.folder))
    assert (again.returncode, "not empty" in again.stderr) == (1, True)
    restored = await asyncio.to_thread(mentoring, "ops", "restore", to, "--data-dir", str(elsewhere))
    assert restored.returncode == 0, restored.stderr
    shown = await asyncio.to_thread(
        mentoring, "ops", "restore", to, "--data-dir", str(tmp_path / "third"), output="table"
    )
    assert (shown.returncode, "temporal.sqlite" in shown.stdout) == (0, False), "people read how many files there are"
    rows = await SqlOperatorActs(rig.engine).rows()
    assert [(row.act, row.result) for row in rows] == [
        *(("backup", result) for result in ("begun", "done", "begun", "failed: BackupFailed")),
    ]
    engine = open_database(f"sqlite:///{elsewhere / 'mentoring.db'}")
    told = [(row.act, row.result) for row in await SqlOperatorActs(engine).rows()]
    await engine.dispose()
    assert told == [("backup", "begun"), ("restore", "begun"), ("restore", "done")]


async def test_a_damaged_backup_is_refused(rig: RealRig, tmp_path: Path) -> None:
    """Before anything is put anywhere; so is a folder that is none."""
    await back_up(rig.folder, tmp_path / "backup")
    with (tmp_path / "backup" / "mentoring.db").open("r+b") as file:
        file.write(b"something else")
    for folder in (tmp_path / "backup", tmp_path):
        with pytest.raises(BackupFailed):
            restore(folder, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()
