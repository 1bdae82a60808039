"""Every alert, for real: a fault is planted, exactly its alert fires, and what its runbook tells to type ends it.

Server, workers, exporter, reconciler, mail and calendar server are real, and so are the figures: they are scraped
before, during and after each fault, and promtool evaluates the shipped rules over them, each held for as long as it
takes. What nobody can wait for is made: relationships and cases live in virtual time, rows of the ledger are aged, a
list is read by a clock of some days later, the server tells of the first task that fails, not of the fifth, and forgets
at once which worker knew a workflow. Exporter and reconciler run in this process, so that their next look need not be
waited for; their pages start real ones.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from mentoring_lifecycle.activities.ports import LedgerState
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import SevereReport
from mentoring_lifecycle.domain.commands import Matter
from mentoring_lifecycle.embedded import configuration
from mentoring_lifecycle.embedded.go_build import BuiltServer
from mentoring_lifecycle.embedded.mail import LOSE_MESSAGE
from mentoring_lifecycle.embedded.provision import DevServer
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.gateways.ledger_sql import SqlLedger
from mentoring_lifecycle.gateways.people_sql import SqlPeople
from mentoring_lifecycle.starter.client import MentoringClient
from tests.deploy.prometheus import alerts, needs_prometheus
from tests.deploy.timeline import HANDLERS, OPERATORS, Expected, Scrape, Timeline

from .conftest import set_up
from .house import OTHER_KEY, House, watched_house
from .life import BACKUP, COORDINATOR, UNDER_WAY, Life, next_session
from .real import forget_worker_of

pytestmark = needs_prometheus

PAGE = (Path(__file__).parents[2] / "docs/runbooks.md").read_text()
SECTIONS = dict(zip(*[iter(re.split(r"^## (\w+)$", PAGE, flags=re.MULTILINE)[1:])] * 2, strict=True))
STAYING = re.compile(r"(\w+=\S+ )*mentoring (worker|cases-worker|exporter|reconcile)( --every \d+)?")
"""Commands that go on until they are stopped."""

Hook = Callable[["Scene"], Awaitable[None]]


def commands(alert: str) -> list[str]:
    """What the page of an alert tells to type, in its order."""
    blocks = re.findall(r"^```console\n(.*?)^```$", SECTIONS[alert], flags=re.MULTILINE | re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@dataclass
class Scene:
    """One fault while it is played."""

    house: House
    said: dict[str, str] = field(default_factory=dict)
    """What stands on the page for what is meant here."""
    kept: AsyncExitStack = field(default_factory=AsyncExitStack)
    """What the fault needs until it is mended."""
    life: Life | None = None
    at: datetime | None = None
    """Where a list is to be read by a later clock."""

    def meant(self, written: str) -> str:
        """What stands on the page, for what is meant here."""
        for word in sorted(self.said, key=len, reverse=True):
            written = written.replace(word, self.said[word])
        return written

    def about(self, life: Life) -> None:
        """The relationship that a list would show."""
        self.life = life
        self.said["r-17"] = life.id

    async def figures(self, claim: Callable[[Scrape], bool]) -> Scrape:
        """The first scrape of which the claim is true."""
        return await self.house.seen(claim, late_at=self.at)


async def nothing(_: Scene) -> None:
    """It mends itself, or the commands do."""


@dataclass(frozen=True)
class Fault:
    """How it is planted and mended, and how both can be seen in the figures."""

    plant: Hook
    shows: Callable[[Scrape], bool]
    ended: Callable[[Scrape], bool]
    mend: Hook = nothing
    mended_before: str = ""
    """The command before which it is mended; empty: after all of them."""
    served: Hook = nothing
    """What passes once a process that the page starts serves, before the next command."""
    afterwards: Hook = nothing
    """What passes before it has ended."""
    codes: Mapping[str, int] = field(default_factory=dict)
    """How commands end that do not end with 0, by their beginning."""
    tells: Mapping[str, str] = field(default_factory=dict)
    """What commands say of the fault, by their beginning."""
    ends_by_itself: bool = False
    lasts: int = 300
    """Minutes of the fault, more than any rule waits for."""
    later: int = 150
    """Minutes after which it must have ended."""


FAULTS: dict[str, Fault] = {}


# --- the fixture ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def house(programs: BuiltServer | DevServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """On a server of its own, which tells of the first failure: of the fifth it would after a minute."""
    folder = tmp_path_factory.mktemp("house")
    with pytest.MonkeyPatch.context() as patch:
        key = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute"
        patch.setitem(configuration.DYNAMIC, key, 1)
        async with EmbeddedTemporal(folder / "temporal", programs=programs) as temporal:
            await set_up(temporal.address)
            async with watched_house(temporal, folder) as house:
                yield house


def exported(name: str, **labels: str) -> Callable[[Scrape], float]:
    """A figure of the exporter."""
    return lambda seen: seen.value("mentoring-exporter", name, **labels)


# --- workers ----------------------------------------------------------------------------------------------------


async def worker_killed(scene: Scene) -> None:
    """The only worker is killed; the server, restarted, forgets at once who asked, which else takes it minutes."""
    await scene.house.kill("worker")
    await scene.house.restart_server()


FAULTS["MentoringNoPollers"] = Fault(
    worker_killed,
    shows=lambda seen: exported("mentoring_pollers")(seen) == 0,
    ended=lambda seen: exported("mentoring_pollers", task="workflow")(seen) > 0,
)


@workflow.defn(name=names.RELATIONSHIP)
class AnotherStory:
    """A release that decides otherwise than the code that wrote the histories."""

    @workflow.run
    async def run(self, start: Any) -> None:
        """Begins with an hour's sleep."""
        await workflow.sleep(3600)


async def bad_release(scene: Scene) -> None:
    """The worker is replaced by one whose code does not fit, and something happens to a relationship."""
    life = await under_way_since_today(scene)
    await scene.house.kill("worker")
    other = Worker(
        scene.house.clock.client,
        task_queue="mentoring",
        workflows=[AnotherStory],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    await scene.kept.enter_async_context(other)
    await scene.house.forget_worker(life)
    await life.workflow.signal("nudge")


async def under_way_since_today(scene: Scene) -> Life:
    life = await scene.house.pair()
    await life.rest()
    scene.about(life)
    return life


FAULTS["MentoringNonDeterminism"] = Fault(
    bad_release,
    shows=lambda seen: exported("mentoring_relationships_failing", cause="non_determinism")(seen) > 0,
    mended_before="mentoring worker",
    ended=lambda seen: exported("mentoring_relationships_failing")(seen) == 0,
    tells={"mentoring list": "r-17"},
)


async def key_missing(scene: Scene) -> None:
    """The worker is started again without the key with which the history was written."""
    life = await under_way_since_today(scene)
    await scene.house.kill("worker")
    await scene.house.start(f"MENTORING_ENCRYPTION_KEYS=k:{OTHER_KEY} mentoring worker")
    scene.kept.push_async_callback(scene.house.kill, f"k:{OTHER_KEY} worker")
    await scene.house.forget_worker(life)
    await life.workflow.signal("nudge")


FAULTS["MentoringRelationshipStuck"] = Fault(
    key_missing,
    shows=lambda seen: exported("mentoring_relationships_failing", cause="failed")(seen) > 0,
    mended_before="mentoring worker",
    ended=lambda seen: exported("mentoring_relationships_failing")(seen) == 0,
    tells={
        "mentoring list --query \"TemporalReportedProblems = 'category=WorkflowTaskFailed'": "r-17",
        "mentoring ops explain": "payload_unreadable",
    },
)


async def another_queue(scene: Scene) -> None:
    """A tool opens a relationship on a queue that no worker asks, and its first hour passes more than a day ago."""
    house = scene.house
    client = MentoringClient(house.clock.client, people=SqlPeople(house.engine), task_queue="elsewhere")
    life = await house.pair(client=client)
    scene.about(life)
    due = (await life.workflow.describe()).typed_search_attributes[names.NEXT_DUE_AT]
    scene.at = due + timedelta(hours=27)
    scene.said["2027-01-15T00:00:00Z"] = scene.at.isoformat()


async def time_passes(scene: Scene) -> None:
    """The hours up to now strike, in their order."""
    assert scene.life
    assert scene.at
    await scene.life.until(scene.at)


FAULTS["MentoringStepOverdue"] = Fault(
    another_queue,
    shows=lambda seen: exported("mentoring_oldest_due_seconds")(seen) > 26 * 3600,
    ended=lambda seen: exported("mentoring_oldest_due_seconds")(seen) < 26 * 3600,
    afterwards=time_passes,
    tells={"mentoring list": "r-17", "mentoring ops explain": "wrong_queue"},
)


# --- people -----------------------------------------------------------------------------------------------------


async def help_unanswered(scene: Scene) -> None:
    """Somebody asks for help, and ten days pass, of which so many are working days."""
    life = await under_way_since_today(scene)
    words = "He corrects me."
    await life.on.ask_coordinator(by="p-mentor-0", matter=Matter.ROLE_STRUGGLE, words=words, partner_may_know=True)
    await life.days(10)
    scene.said["c-4b8f"] = COORDINATOR


async def days_pass(scene: Scene) -> None:
    """Ten more, in which a clock might run out again."""
    assert scene.life
    await scene.life.days(10)


FAULTS["MentoringTeamClockRanOut"] = Fault(
    help_unanswered,
    shows=lambda seen: seen.value("mentoring-worker", "mentoring_events_total", kind="help_overdue") > 0,
    ended=lambda _: True,
    afterwards=days_pass,
    ends_by_itself=True,
    tells={"mentoring list": "r-17", "mentoring help-requests": "take_up"},
)


# --- peers ------------------------------------------------------------------------------------------------------


async def everybody_refused(scene: Scene) -> None:
    """The mail server knows none of six people."""
    house = scene.house
    house.mail.on_recipient = lambda address: "550 5.1.1 no such user" if "@pair." in address else None
    for number in range(3):
        await (life := await house.pair(number)).rest()
    scene.about(life)
    roster = house.folder / "people.csv"
    people = [
        await SqlPeople(house.engine).find(f"p-{role}-{number}") for role in ("mentor", "mentee") for number in range(3)
    ]
    rows = [
        f"{each.id},{each.name},new-{each.email},it,Europe/Rome,{each.level},,00:00,23:59" for each in people if each
    ]
    roster.write_text("\n".join(["id,name,email,locale,zone,level,manager,works_from,works_until", *rows]))
    scene.said |= {"examples/people.csv": str(roster), "p-5d17": "p-mentee-2"}


async def mail_mended(scene: Scene) -> None:
    """It takes everything again."""
    scene.house.mail.on_recipient = lambda _: None
    scene.house.mail.on_message = lambda _recipients, _content: None


async def an_hour_passes(scene: Scene) -> None:
    """For the rows of the ledger."""
    await scene.house.age(LedgerState.FAILED, timedelta(hours=1, minutes=1))


FAULTS["MentoringLettersRefused"] = Fault(
    everybody_refused,
    shows=lambda seen: exported("mentoring_letters_refused", about="recipient")(seen) > 5,
    mend=mail_mended,
    mended_before="mentoring people import",
    ended=lambda seen: exported("mentoring_letters_refused")(seen) == 0,
    afterwards=an_hour_passes,
    tells={"mentoring effects": "550"},
)


async def mail_away(scene: Scene) -> None:
    """The mail server puts off whatever comes."""
    scene.house.mail.on_recipient = lambda _: "451 4.3.0 try again later"
    await under_way_since_today(scene)


async def next_try(scene: Scene) -> None:
    """Half an hour passes."""
    assert scene.life
    await scene.life.days(0.5 / 24)


FAULTS["MentoringNothingDelivered"] = Fault(
    mail_away,
    shows=lambda seen: exported("mentoring_effects", state="claimed")(seen) > 0,
    mend=mail_mended,
    ended=lambda seen: exported("mentoring_effects", state="claimed")(seen) == 0,
    afterwards=next_try,
    lasts=280,
    tells={"mentoring effects": "r-17"},
)


async def calendar_away(scene: Scene) -> None:
    """Two looks running find no calendar server."""
    await under_way_since_today(scene)
    await scene.house.calendar_server.stop()
    await scene.house.look()
    await scene.house.look()


async def calendar_mended(scene: Scene) -> None:
    """It is there again."""
    await scene.house.calendar_server.start()


async def next_look(scene: Scene) -> None:
    """Of the process that looks again and again."""
    await scene.house.look()


FAULTS["MentoringCalendarDrift"] = Fault(
    calendar_away,
    shows=lambda seen: seen.value("mentoring-reconcile", "mentoring_reconcile_lasting", finding="calendar_away") > 0,
    mend=calendar_mended,
    mended_before="mentoring reconcile --once",
    ended=lambda seen: seen.value("mentoring-reconcile", "mentoring_reconcile_lasting") == 0,
    afterwards=next_look,
    codes={"mentoring ops verify-calendars": 1},
    tells={"mentoring ops verify-calendars": "calendar_away"},
)


KEYS = [each.split()[4] for each in commands("MentoringUnknownEffects") if " ops effects " in each]
"""Of the effects that the page settles; in truth some end in a number that nobody knows before."""


async def connections_cut(scene: Scene) -> None:
    """The mail server breaks off after the last dot, before a session and after it; and more than a day passes."""
    house = scene.house
    life = await house.life()
    scene.about(life)
    await life.past(*UNDER_WAY)
    session = await next_session(life)
    house.mail.on_message = lambda recipients, _: LOSE_MESSAGE if "mia@pair.example" in recipients else None
    await life.until(session.starts_at - timedelta(hours=23))
    house.mail.on_message = lambda _, content: None if b"text/calendar" in content else LOSE_MESSAGE
    await life.until(session.ends_at + timedelta(hours=1, minutes=1))
    await house.age(LedgerState.UNKNOWN, timedelta(hours=25))
    for row in await SqlLedger(house.engine).rows(life.id, LedgerState.UNKNOWN):
        scene.said |= {
            key: row.key for key in KEYS if row.key.startswith(key.replace("r-17", life.id).rpartition("/")[0])
        }


FAULTS["MentoringUnknownEffects"] = Fault(
    connections_cut,
    shows=lambda seen: exported("mentoring_oldest_unknown_seconds")(seen) > 24 * 3600,
    mend=mail_mended,
    mended_before="mentoring ops effects retry",
    ended=lambda seen: exported("mentoring_oldest_unknown_seconds")(seen) == 0,
    tells={"mentoring effects": "r-17/s1/session_reminder/mentor/0"},
)


async def unreadable_signal(scene: Scene) -> None:
    """A host's worker serves a workflow of its own beside relationships; a client of another version writes to it."""
    house = scene.house
    await house.kill("worker")
    await house.start_host()
    story = await house.clock.client.start_workflow("HostStory", id="host/1", task_queue="mentoring")
    await story.signal("news", "seven")


FAULTS["MentoringSignalDropped"] = Fault(
    unreadable_signal,
    shows=lambda seen: seen.value("mentoring-worker", "mentoring_dropped_signals_total") > 0,
    ended=lambda _: True,
    ends_by_itself=True,
)


# --- those who watch --------------------------------------------------------------------------------------------


async def exporter_killed(scene: Scene) -> None:
    """It is gone."""
    await scene.house.stop_exporting()


FAULTS["MentoringExporterBlind"] = Fault(
    exporter_killed,
    shows=lambda seen: 'up{job="mentoring-exporter"}' in seen.samples["mentoring-exporter"],
    ended=lambda seen: exported("mentoring_pollers")(seen) > 0,
)


async def reconciler_gone(scene: Scene) -> None:
    """It is gone, and nobody looks."""
    await scene.house.stop_reconciling()


FAULTS["MentoringReconcileBlind"] = Fault(
    reconciler_gone,
    shows=lambda seen: len(seen.samples["mentoring-reconcile"]) == 1,
    ended=lambda seen: seen.value("mentoring-reconcile", "mentoring_reconcile_last_success_timestamp_seconds") > 0,
)


# --- cases ------------------------------------------------------------------------------------------------------


async def reported(scene: Scene) -> str:
    """Somebody reports something severe; the workflow of the case."""
    house, case = scene.house, f"c-{uuid4().hex[:12]}"
    scene.said |= {"case-17": case, "h-2b61": BACKUP}
    await house.reporting.report(
        SevereReport(case, Matter.DISCRIMINATION, "Words.", by="p-mentor-0", about="p-mentee-0")
    )
    workflow_id = names.case_workflow_id(case)
    await house.cases.until_idle(workflow_id)
    return workflow_id


async def case_passes(scene: Scene, workflow_id: str, time: timedelta) -> None:
    clock = scene.house.cases
    await clock.advance(workflow_id, to=await clock.now(workflow_id) + time)


def ran_out(seen: Scrape) -> float:
    return seen.value("mentoring-cases", "mentoring_case_clocks_total", percent="100")


async def note_owed(scene: Scene) -> None:
    """The first note of a report is owed within a day; two hours more pass."""
    await case_passes(scene, await reported(scene), timedelta(hours=26))


async def days_go_by(scene: Scene) -> None:
    """Whatever else is owed would be due."""
    before = ran_out(await scene.house.scrape())
    await case_passes(scene, names.case_workflow_id(scene.said["case-17"]), timedelta(days=8))
    assert ran_out(await scene.house.scrape()) == before, "a step that was done keeps the next clock from running out"


FAULTS["MentoringCaseClockRanOut"] = Fault(
    note_owed,
    shows=lambda seen: ran_out(seen) > 0,
    ended=lambda _: True,
    afterwards=days_go_by,
    later=25 * 60,
    tells={"mentoring case list": "case-17", "mentoring case clocks": '"percent_told": 100'},
)


async def cases_worker_killed(scene: Scene) -> None:
    """It is gone."""
    await reported(scene)
    await scene.house.kill("cases-worker")


FAULTS["MentoringCasesWorkerDown"] = Fault(
    cases_worker_killed,
    shows=lambda seen: seen.value("mentoring-cases", "up") == 0,
    ended=lambda seen: seen.value("mentoring-cases", "up") == 1,
)


async def cases_key_missing(scene: Scene) -> None:
    """Their worker is started again without the key with which a case was written, and something happens to it."""
    workflow_id = await reported(scene)
    house = scene.house
    await house.kill("cases-worker")
    await house.start(f"MENTORING_CASES_ENCRYPTION_KEYS=k:{OTHER_KEY} mentoring cases-worker")
    scene.kept.push_async_callback(house.kill, f"k:{OTHER_KEY} cases-worker")
    await forget_worker_of(house.cases.client, workflow_id)
    await house.cases.client.get_workflow_handle(workflow_id).signal("nudge")


async def next_task(scene: Scene) -> None:
    """The case is tried again; after some failures nobody can ask it before."""
    await scene.house.cases.until_idle(names.case_workflow_id(scene.said["case-17"]))


FAULTS["MentoringCasesFailing"] = Fault(
    cases_key_missing,
    shows=lambda seen: seen.value("mentoring-cases", "temporal_workflow_task_execution_failed_total") > 0,
    mended_before="mentoring cases-worker",
    ended=lambda seen: seen.value("mentoring-cases", "up") == 1,
    ends_by_itself=True,
    served=next_task,
    tells={"mentoring case list": "case-17"},
)


# --- the play ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alert", FAULTS)
async def test_a_fault_fires_its_alert_alone_and_its_runbook_ends_it(alert: str, house: House, tmp_path: Path) -> None:
    """Quiet before; then exactly this alert; and after the commands of its page, quiet again."""
    fault, scene, timeline = FAULTS[alert], Scene(house), Timeline()
    await house.clear()
    before, house.quiet = house.quiet or await house.seen(lambda _: True), None
    timeline.add(before, 60)
    async with scene.kept:
        await fault.plant(scene)
        timeline.add(await scene.figures(fault.shows), fault.lasts)
        await type_all(alert, fault, scene)
    await fault.afterwards(scene)
    timeline.add(after := await scene.figures(fault.ended), fault.later)
    await asyncio.to_thread(timeline.check, tmp_path, Expected(alert, fault.ends_by_itself))
    house.quiet = after


async def type_all(alert: str, fault: Fault, scene: Scene) -> None:
    """Every command of the page, for what is meant here; at its place, or afterwards, the cause itself is mended."""
    typed = commands(alert)
    assert typed
    assert fault.mended_before == "" or sum(each.startswith(fault.mended_before) for each in typed) == 1
    for command in typed:
        if fault.mended_before and command.startswith(fault.mended_before):
            await mend(fault, scene)
        await type_one(command, fault, scene)
    if not fault.mended_before:
        await mend(fault, scene)


async def mend(fault: Fault, scene: Scene) -> None:
    await scene.kept.aclose()
    await fault.mend(scene)


async def type_one(command: str, fault: Fault, scene: Scene) -> None:
    meant = scene.meant(command)
    if STAYING.fullmatch(meant):
        await scene.house.start(meant)
        await fault.served(scene)
        return
    ended = await scene.house.run(meant)
    expected = next((code for start, code in fault.codes.items() if command.startswith(start)), 0)
    assert ended.code == expected, (meant, ended)
    words = [scene.meant(word) for start, word in fault.tells.items() if command.startswith(start)]
    assert all(word in ended.output for word in words), (meant, words, ended)


def test_every_alert_is_planted_for_real() -> None:
    """No alert without a fault."""
    assert set(FAULTS) == {*alerts(OPERATORS), *alerts(HANDLERS)}
