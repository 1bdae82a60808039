"""A relationship leaves one installation and goes on in another: where it was, and nothing is done twice."""

import asyncio
import json
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.domain.consequences import uid_prefix
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.embedded.go_build import BuiltServer
from mentoring_lifecycle.embedded.provision import DevServer
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.embedded.virtual_time import VirtualClock
from mentoring_lifecycle.gateways.belongings_sql import SqlBelongings
from mentoring_lifecycle.gateways.database import migrate, open_database
from mentoring_lifecycle.gateways.journal_sql import SqlJournal
from mentoring_lifecycle.gateways.operator_acts_sql import SqlOperatorActs
from mentoring_lifecycle.gateways.pairings_sql import SqlPairings
from mentoring_lifecycle.gateways.people_sql import SqlPeople
from mentoring_lifecycle.gateways.relationships_temporal import TemporalRelationships
from mentoring_lifecycle.starter import moving
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.audit import Audit
from mentoring_lifecycle.starter.client import MentoringClient
from mentoring_lifecycle.starter.moving import MoveFailed, Mover
from mentoring_lifecycle.starter.why_codes import Why

from .conftest import set_up
from .life import (
    MENTEE,
    MENTOR,
    PAIR,
    PEOPLE,
    UNDER_WAY,
    Life,
    Past,
    both_accepted,
    both_confirmed,
    end_reached,
    next_session,
    session_over,
    sessions_held,
)
from .real import MailInHand, RealRig, _connected, real_rig
from .test_backup import live_on

WHO = {"by": "o-1", "why": Why.MAINTENANCE}


@dataclass
class Houses:
    """Two installations in one world: each with its own server, database and worker, both with the same mail and
    calendar servers."""

    here: RealRig
    there: RealRig
    folder: Path

    async def life(self, *past: Past) -> Life:
        """Just opened here, in a programme of its own: the two are paired once in each."""
        life = await self.here.life(f"programme-{uuid4().hex[:8]}")
        return await life.past(*past)

    def over_there(self, life: Life) -> Life:
        """The same relationship, over there."""
        return Life(self.there.mentoring.relationship(life.id), self.there.clock)

    def file(self, life: Life) -> Path:
        """What it travels in."""
        return self.folder / f"{life.id}.json"

    async def forget(self, life: Life) -> None:
        """What the server here does a month after the end of a workflow."""
        client, described = self.here.clock.client, await life.workflow.describe()
        run = WorkflowExecution(workflow_id=described.id, run_id=described.run_id)
        request = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=run)
        await client.workflow_service.delete_workflow_execution(request)
        while await mover(self.here)._described(life.id):
            await asyncio.sleep(0.05)

    async def move(self, life: Life) -> Life:
        """From here to there; its clock goes on where it stood."""
        at = await life.now()
        await mover(self.here).export(life.id, self.file(life), **WHO)
        await mover(self.there).bring_in(self.file(life), **WHO)
        there = self.over_there(life)
        await there.rest()
        await there.until(at)
        return there


def mover(rig: RealRig, *, own_mail_queue: bool = True) -> Mover:
    """As the command line makes it."""
    return Mover(
        rig.clock.client,
        SqlBelongings(rig.engine),
        SqlJournal(rig.engine),
        SqlPeople(rig.engine),
        Audit(SqlOperatorActs(rig.engine)),
        task_queue="mentoring",
        own_mail_queue=own_mail_queue,
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
    life = await houses.life(*past)
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


async def test_its_letters_wait_where_they_are_served(houses: Houses) -> None:
    """The queues of where it came from are nobody's over there."""
    life = await houses.life()
    await mover(houses.here).export(life.id, houses.file(life), **WHO)
    await mover(houses.there, own_mail_queue=False).bring_in(houses.file(life), **WHO)
    there = houses.over_there(life)
    await there.on.hold()
    await there.rest()
    events = [event async for event in there.workflow.fetch_history_events()]
    calls = [event.activity_task_scheduled_event_attributes for event in events]
    assert {call.task_queue.name for call in calls if call.activity_type.name == names.DELIVER_LETTERS} == {"mentoring"}


# --- cut off ----------------------------------------------------------------------------------------------------


class Cut(BaseException):
    """The command was killed here."""


def cut_off(*_: object, **__: object) -> NoReturn:
    """Whatever would have been called is not."""
    raise Cut


OUT = {
    "it was asked to leave": (Mover, "_ended"),
    "it has left": (moving, "sealed"),
    "nothing is written": (moving, "_write"),
    "the file is there": (SqlBelongings, "leave"),
}
IN = {
    "before anything": (SqlBelongings, "keep"),
    "its belongings are here": (Mover, "_begin"),
    "it goes on": (moving, "_told_of"),
}


@pytest.mark.parametrize(("whose", "what"), OUT.values(), ids=OUT)
async def test_an_export_that_was_cut_off_goes_on(
    houses: Houses, monkeypatch: pytest.MonkeyPatch, whose: object, what: str
) -> None:
    """With the same command, from anywhere: there is one file, and it is taken back to where it left from."""
    life = await houses.life(both_accepted)
    before, file = await story_of(life), houses.file(life)
    with monkeypatch.context() as cut:
        cut.setattr(whose, what, cut_off)
        with pytest.raises(Cut):
            await mover(houses.here).export(life.id, file, **WHO)
    moved = await mover(houses.here).export(life.id, file, **WHO)
    assert not (await mover(houses.here).export(life.id, file, **WHO)).news
    assert (moved.phase, file.stat().st_mode & 0o777) == ("ground_rules", 0o600)
    assert (await mover(houses.here).bring_in(file, back=True, **WHO)).news
    await life.rest()
    assert await story_of(life) == before
    acts = [row.result for row in await SqlOperatorActs(houses.here.engine).rows() if row.target == life.id]
    assert acts[:4] == ["begun", "interrupted", "begun", f"done: {moved.move}"]


@pytest.mark.parametrize(("whose", "what"), IN.values(), ids=IN)
async def test_an_import_that_was_cut_off_goes_on(
    houses: Houses, monkeypatch: pytest.MonkeyPatch, whose: object, what: str
) -> None:
    """With the same command, from anywhere: there is one relationship, and no letter is written about it."""
    life = await houses.life(both_accepted)
    before, file, mails = await story_of(life), houses.file(life), len(houses.here.mail.mailbox.messages())
    await mover(houses.here).export(life.id, file, **WHO)
    with monkeypatch.context() as cut:
        cut.setattr(whose, what, cut_off)
        with pytest.raises(Cut):
            await mover(houses.there).bring_in(file, **WHO)
    assert (await mover(houses.there).bring_in(file, **WHO)).news is (what != "_told_of")
    assert not (await mover(houses.there).bring_in(file, **WHO)).news
    await houses.over_there(life).rest()
    assert await story_of(houses.over_there(life)) == before
    assert len(houses.here.mail.mailbox.messages()) == mails


# --- on the way -------------------------------------------------------------------------------------------------


async def test_a_letter_in_hand_is_finished_and_what_is_said_meanwhile_goes_along(houses: Houses) -> None:
    """It is answered as ever, and its repetition over there is answered and not repeated; no letter goes twice."""
    life = await houses.life()
    in_hand = MailInHand(houses.here.mail)
    accepting = asyncio.create_task(both_accepted(life))
    await in_hand.arrived()
    leaving = asyncio.create_task(mover(houses.here).export(life.id, houses.file(life), **WHO))
    while "hand_over" not in str(await life.workflow.fetch_history()):
        await asyncio.sleep(0.02)
    await life.on.sign_rules(by=MENTOR, version=1, command_id="once")
    assert not houses.file(life).exists()
    in_hand.release()
    await asyncio.gather(leaving, accepting)
    await mover(houses.there).bring_in(houses.file(life), **WHO)
    there = houses.over_there(life)
    again = await there.on.sign_rules(by=MENTOR, version=1, command_id="once")
    assert [question.of for question in again.questions] == ["mentee"]
    await there.rest()
    mine = [mail for mail in houses.here.mail.mailbox.messages() if life.id in str(mail.message)]
    every = Counter(str(mail.message["Message-ID"]) for mail in mine)
    assert set(every.values()) == {1}


async def test_where_it_left_nothing_is_done_to_it(houses: Houses) -> None:
    """People and mails are told that it has moved, a case's hold is asked again, and reconcile leaves it alone."""
    life = await houses.life(*UNDER_WAY)
    there = await houses.move(life)
    with pytest.raises(CommandRejected) as refused:
        await life.on.exit(by=MENTEE)
    assert refused.value.code is Refusal.MOVED
    cases = TemporalRelationships(houses.here.clock.client)
    assert await cases.hold(life.id, seal="", command_id="c-1") is Refusal.MOVED
    assert await cases.hold("never-was", seal="", command_id="c-2") is Refusal.UNKNOWN_RELATIONSHIP
    session = await next_session(there)
    await there.on.move_session(by=MENTOR, session=session.number, starts_at=session.starts_at + timedelta(hours=1))
    await there.rest()
    shown = await entries_of(houses.there, there)
    assert await houses.here.reconcile() == []
    assert await entries_of(houses.there, there) == shown
    assert "Moved" in await life.details()


async def test_it_may_come_back_and_an_older_file_may_not(houses: Houses) -> None:
    """Away and back again; then the file of the first journey would tell an old story, here and there."""
    life = await houses.life()
    there = await houses.move(life)
    first, second = houses.file(life), houses.folder / f"{life.id}-2.json"
    await mover(houses.there).export(life.id, second, **WHO)
    with pytest.raises(MoveFailed, match="later than this file"):
        await mover(houses.there).bring_in(first, **WHO)
    await mover(houses.here).bring_in(second, **WHO)
    with pytest.raises(MoveFailed, match="did not come by this file"):
        await mover(houses.here).bring_in(first, back=True, **WHO)
    await life.rest()
    await both_accepted(life)
    assert (await life.status()).phase == "ground_rules"
    with pytest.raises(CommandRejected):
        await there.on.accept(by=MENTOR)


async def test_what_cannot_go_on_is_refused_and_can_be_taken_back(houses: Houses) -> None:
    """Where it would run twice, where its people are unknown, or have another one; nothing is left of the attempt."""
    life = await houses.life()
    file = houses.file(life)
    await mover(houses.here).export(life.id, file, **WHO)
    with pytest.raises(MoveFailed, match="--back"):
        await mover(houses.here).bring_in(file, **WHO)
    people = SqlPeople(houses.there.engine)
    await people.erase(MENTEE)
    try:
        with pytest.raises(CommandRejected) as refused:
            await mover(houses.there).bring_in(file, **WHO)
    finally:
        await people.save(PEOPLE)
    assert refused.value.code is Refusal.UNKNOWN_PERSON
    other = SqlPairings(houses.there.engine)
    taken = {"programme": (await life.status()).programme, "mentor": MENTOR, "mentee": MENTEE, "capacities": {}}
    assert await other.reserve(f"{life.id}-other", **taken) is None
    with pytest.raises(CommandRejected) as refused:
        await mover(houses.there).bring_in(file, **WHO)
    await other.release(f"{life.id}-other")
    assert refused.value.code is Refusal.ALREADY_PAIRED
    assert await SqlJournal(houses.there.engine).read(life.id) == []
    await mover(houses.here).bring_in(file, back=True, **WHO)
    await life.rest()
    assert (await life.status()).phase == "onboarding"


async def test_it_does_not_begin_again_where_it_left_before_anybody_remembers(houses: Houses) -> None:
    """The history that tells of its leaving is kept for a month, and a file may lie about for longer."""
    life = await houses.life()
    await mover(houses.here).export(life.id, houses.file(life), **WHO)
    await houses.forget(life)
    with pytest.raises(MoveFailed, match="--back"):
        await mover(houses.here).bring_in(houses.file(life), **WHO)
    await mover(houses.here).bring_in(houses.file(life), back=True, **WHO)
    await life.rest()
    assert (await life.status()).phase == "onboarding"


async def test_only_what_is_open_leaves_and_only_into_a_new_file(houses: Houses) -> None:
    """Refused before anything has happened."""
    life = await houses.life()
    there_already = houses.file(life)
    there_already.write_text("mine")
    for file, words in ((there_already, "there already"), (houses.folder / "no" / "where", "no folder")):
        with pytest.raises(MoveFailed, match=words):
            await mover(houses.here).export(life.id, file, **WHO)
    await life.on.exit(by=MENTEE)
    await life.rest()
    for ended, code in ((life.id, Refusal.CLOSED), ("never-was", Refusal.UNKNOWN_RELATIONSHIP)):
        with pytest.raises(CommandRejected) as refused:
            await mover(houses.here).export(ended, houses.folder / "new.json", **WHO)
        assert refused.value.code is code
    assert there_already.read_text() == "mine"


async def test_an_operator_moves_one_at_the_command_line(houses: Houses) -> None:
    """Both halves with their exit codes, the warning about clear text, and who did it in the audit of either side."""
    life = await houses.life()
    file = str(houses.file(life))
    options = ["--by", "o-1", "--why", "maintenance", "--output", "json"]

    async def ops(rig: RealRig, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = rig._python("mentoring_lifecycle.starter", "ops", *arguments)
        return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)

    left = await ops(houses.here, "export", life.id, file, *options)
    assert (left.returncode, json.loads(left.stdout)["news"], "clear text" in left.stderr) == (0, True, True)
    refused = await ops(houses.here, "import", file, *options)
    assert (refused.returncode, "--back" in refused.stderr) == (1, True)
    arrived = await ops(houses.there, "import", file, *options)
    assert (arrived.returncode, json.loads(arrived.stdout)["relationship"]) == (0, life.id), arrived.stderr
    for rig, acts in ((houses.here, ("export", "import")), (houses.there, ("import",))):
        rows = [row for row in await SqlOperatorActs(rig.engine).rows() if row.target == life.id]
        assert [row.act for row in rows if row.result == "begun"] == [f"{act}_relationship" for act in acts]
        assert {(row.person, row.why) for row in rows} == {("o-1", "maintenance")}
    told = await ops(houses.here, "explain", life.id, "--output", "json")
    assert json.loads(told.stdout)["causes"][0]["code"] == "moved"
