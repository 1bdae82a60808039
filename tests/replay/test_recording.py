"""Records the histories that every later version must be able to replay. Runs with --record only."""

import json
import shutil
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from temporalio.client import WorkflowHistory

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import SevereReport
from mentoring_lifecycle.domain.cases import commands as k
from mentoring_lifecycle.domain.commands import HelpOutcome, Matter
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from tests.workflows.conftest import set_up
from tests.workflows.life import (
    BACKUP,
    CONTACT,
    COORDINATOR,
    MENTEE,
    MENTOR,
    STANDARD,
    UNDER_WAY,
    CalendarAfterMail,
    Rig,
    World,
    both_accepted,
    both_confirmed,
    both_looked_back,
    end_reached,
    quick_rig,
    runs_of,
    session_over,
    sessions_held,
)

from .conftest import FINGERPRINTS, HISTORIES
from .fingerprint import fingerprint


async def completed(rig: Rig) -> list[WorkflowHistory]:
    """Three sessions and a farewell."""
    past = (*UNDER_WAY, sessions_held(3), end_reached, both_looked_back)
    return await (await rig.life(*past, relationship="recorded-completed")).runs()


async def expired(rig: Rig) -> list[WorkflowHistory]:
    """Nobody answered."""
    life = await rig.life(relationship="recorded-expired")
    await life.days(15)
    return await life.runs()


async def left(rig: Rig) -> list[WorkflowHistory]:
    """Somebody left after the first session."""
    life = await rig.life(*UNDER_WAY, session_over, both_confirmed, relationship="recorded-left")
    await life.on.exit(by=MENTEE, command_id="leave")
    await life.rest()
    return await life.runs()


async def held(rig: Rig) -> list[WorkflowHistory]:
    """Held for a month, lifted, paused, resumed."""
    life = await rig.life(*UNDER_WAY, relationship="recorded-held")
    await life.on.hold(command_id="hold")
    await life.days(30)
    await life.on.lift(command_id="lift")
    await life.rest()
    await life.on.pause(by=MENTOR, command_id="pause")
    await life.days(5)
    await life.on.resume(by=MENTEE, command_id="resume")
    await life.past(session_over, both_confirmed)
    return await life.runs()


async def helped(rig: Rig) -> list[WorkflowHistory]:
    """A friction that was overdue, talked about and concluded."""
    life = await rig.life(both_accepted, relationship="recorded-helped", backup=BACKUP)
    await life.on.ask_coordinator(
        by=MENTOR, matter=Matter.ROLE_STRUGGLE, words="He corrects me.", partner_may_know=True, command_id="ask"
    )
    await life.days(5)
    talk_at = await life.now() + timedelta(days=1)
    await life.on.arrange_talk(by=BACKUP, help=1, starts_at=talk_at, command_id="talk")
    await life.days(2)
    await life.on.conclude_help(by=COORDINATOR, help=1, outcome=HelpOutcome.FACILITATED, command_id="conclude")
    await life.rest()
    await life.on.rate_help(by=MENTOR, help=1, helped=True, command_id="rate")
    await life.rest()
    return await life.runs()


async def extended(rig: Rig) -> list[WorkflowHistory]:
    """The rules were amended, both wished for four weeks more, and it ended with honour before they were over."""
    life = await rig.life(*UNDER_WAY, relationship="recorded-extended")
    await life.on.propose_rules(by=MENTEE, values={"R12": "48"}, command_id="amend")
    await life.on.sign_rules(by=MENTOR, version=2, command_id="sign")
    await life.past(sessions_held(3))
    await life.until((await life.status()).ends_at - timedelta(days=13))
    for person in (MENTOR, MENTEE):
        await life.on.wish_extension(by=person, weeks=4, command_id=f"wish-{person}")
    await life.past(sessions_held(1))
    await life.on.propose_early_end(by=MENTOR, command_id="propose")
    await life.rest()
    await life.on.agree_early_end(by=MENTEE, command_id="agree")
    return await (await life.past(both_looked_back)).runs()


async def rematched(rig: Rig) -> list[WorkflowHistory]:
    """The mentor had not left after all, but the pairing made room for another, and one goal was let go."""
    life = await rig.life(*UNDER_WAY, relationship="recorded-rematched")
    await life.on.note_leaver(person=MENTOR, command_id="gone")
    await life.days(1)
    await life.on.note_leaver(person=MENTOR, left=False, command_id="back")
    await life.rest()
    await life.on.end_for_rematch(by=COORDINATOR, command_id="rematch")
    await life.on.carry_goals(by=MENTOR, yes=True, command_id="carry")
    await life.days(8)
    return await life.runs()


async def silent(rig: Rig) -> list[WorkflowHistory]:
    """One wanted to go on and fell silent again, so in the end it closed by itself."""
    life = await rig.life(*UNDER_WAY, policy=STANDARD, relationship="recorded-silent")
    await life.days(55)
    await life.on.go_on(by=MENTOR, command_id="go-on")
    await life.days(120)
    return await life.runs()


async def reported(rig: Rig) -> list[WorkflowHistory]:
    """A case that held a relationship, was taken note of on the third day, handled, watched over and reopened."""
    life = await rig.life(*UNDER_WAY, relationship="recorded-reported")
    await rig.mentoring.report(SevereReport("recorded", Matter.PHYSICAL_OR_THREAT, "A threat.", MENTOR, "", life.id))
    workflow_id = names.case_workflow_id("recorded")
    await rig.cases.advance(workflow_id, to=await rig.cases.now(workflow_id) + timedelta(days=2.5))
    case = rig.mentoring.case("recorded")
    await case.acknowledge(by=CONTACT, command_id="note")
    await case.triage(by=CONTACT, track=k.LegalTrack.CRIME, command_id="triage")
    await case.refer(by=CONTACT, to=k.ReferredTo.POLICE, command_id="refer")
    await rig.cases.advance(workflow_id, to=await rig.cases.now(workflow_id) + timedelta(days=60))
    await case.decide_outcome(by=CONTACT, outcome=k.CaseOutcome.REFERRED, command_id="decide")
    await case.give_feedback(by=CONTACT, command_id="tell")
    await rig.cases.advance(workflow_id, to=await rig.cases.now(workflow_id) + timedelta(days=181))
    await case.reopen(by=CONTACT, command_id="reopen")
    await rig.cases.until_idle(workflow_id)
    return await runs_of(rig.cases.client, workflow_id)


LIVES: tuple[Callable[[Rig], Awaitable[list[WorkflowHistory]]], ...] = (
    completed,
    expired,
    left,
    held,
    helped,
    extended,
    rematched,
    silent,
    reported,
)


async def test_record(tmp_path: Path) -> None:
    """Every life, one file per run, with the fingerprints beside them for whoever reviews the change."""
    prints: dict[str, list[str]] = {}
    async with EmbeddedTemporal(tmp_path) as temporal:
        await set_up(temporal.address)
        async with quick_rig(temporal.address, world=World(calendar=CalendarAfterMail()), queue="recorded") as rig:
            for life in LIVES:
                prints |= _keep(life.__name__, await life(rig))
    FINGERPRINTS.write_text(json.dumps(prints, indent=1) + "\n")


def _keep(life: str, runs: list[WorkflowHistory]) -> dict[str, list[str]]:
    folder = HISTORIES / life
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, run in enumerate(runs, start=1):
        (folder / f"{number:02}.json").write_text(json.dumps(run.to_json_dict(), indent=1) + "\n")
    return {f"{life}/{number:02}": fingerprint(run) for number, run in enumerate(runs, start=1)}
