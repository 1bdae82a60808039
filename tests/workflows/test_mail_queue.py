"""Letters on a queue of their own: a relay's quota is kept by all workers together, and nothing else waits for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType, RateLimitSource, TaskQueueType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse
from temporalio.client import Client, WorkflowHandle
from temporalio.plugin import SimplePlugin
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from mentoring_lifecycle.activities.ports import OutgoingMail
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.claims import Signer
from mentoring_lifecycle.contracts.codec import data_converter
from mentoring_lifecycle.contracts.moves import HandOver
from mentoring_lifecycle.domain.commands import Comfort
from mentoring_lifecycle.domain.effects import Facts, KeepEntry, Letter
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR as PARTIES
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from mentoring_lifecycle.embedded.mail import MailServer
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.gateways.departures_temporal import departure_in
from mentoring_lifecycle.gateways.mail_smtp import SmtpMail
from mentoring_lifecycle.plugin import MentoringPlugin
from mentoring_lifecycle.settings import Settings
from mentoring_lifecycle.starter.causes import Code
from mentoring_lifecycle.starter.client import IDENTITY, MentoringClient
from mentoring_lifecycle.starter.examination import Examiner
from mentoring_lifecycle.starter.relationship_handle import RelationshipHandle
from mentoring_lifecycle.worker import WORKFLOWS, MailQueue, activities_over, build_worker, sandbox
from mentoring_lifecycle.workflows import perform
from mentoring_lifecycle.workflows.doorkeeper import Doorkeeper

from .life import COORDINATOR, GOAL, MENTEE, MENTOR, PAIR, SHORT, QuickLife, World, kind_of, kinds_of
from .real import SENDER

REMINDERS = 2_000
"""Due in the same moment: of a thousand pairs, to both of each."""
BURSTS = 20
MAILS_PER_MINUTE = 3_000
CALLS_PER_SECOND = MAILS_PER_MINUTE / 60 / 2
SLACK = 3
"""Seconds' shares that a window may hold beside its own: a good one that the server lets through at once after a rest,
rounded up in each of the queue's partitions, and the others for moments in which it is slow to note what it decided."""
WINDOWS = (1, 10, 30)


async def connected(temporal: EmbeddedTemporal) -> Client:
    converter = data_converter(None)
    return await Client.connect(temporal.address, namespace="mentoring", data_converter=converter, identity=IDENTITY)


@pytest.fixture
async def client(temporal: EmbeddedTemporal) -> Client:
    return await connected(temporal)


@pytest.fixture
def queue() -> str:
    return f"mails-{uuid4().hex[:8]}"


def worker_without_mail(client: Client, world: World, queue: str) -> Worker:
    """As it was before letters had a queue of their own."""
    return Worker(
        client,
        task_queue=queue,
        workflows=WORKFLOWS,
        activities=activities_over(world.gateways()),
        interceptors=[Doorkeeper(None)],
        workflow_runner=sandbox(),
    )


async def opened(mentoring: MentoringClient) -> RelationshipHandle:
    """Both have just been invited."""
    return await mentoring.open(
        mentor=MENTOR,
        mentee=MENTEE,
        coordinator=COORDINATOR,
        programme="both-ways",
        policy=SHORT,
        relationship=f"r-{uuid4().hex[:12]}",
    )


async def sessions_begin(on: RelationshipHandle) -> None:
    """All that the two do until their first session is booked."""
    for person in PAIR:
        await on.accept(by=person, induction_acknowledged=True, comfort=Comfort.YES)
    for person in PAIR:
        await on.sign_rules(by=person, version=1)
    await on.propose_goals(by=MENTOR, goals=(GOAL,))
    await on.agree_goals(by=MENTEE, proposal=1, baselines=(4,))


async def until(claim: Callable[[], bool]) -> None:
    """Until it is true; a minute at most."""
    async with asyncio.timeout(60):
        while not claim():
            await asyncio.sleep(0.01)


def is_call_for_letters(event: HistoryEvent) -> bool:
    return event.activity_task_scheduled_event_attributes.activity_type.name == names.DELIVER_LETTERS


async def queues_of_letters(client: Client, workflow_id: str) -> set[str]:
    """Where the letters of the newest run were ordered."""
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    calls = [event for event in history.events if is_call_for_letters(event)]
    return {event.activity_task_scheduled_event_attributes.task_queue.name for event in calls}


def examiner_of(client: Client, world: World, queue: str) -> Examiner:
    return Examiner(client, ledger=world.ledger, people=world.people, journal=world.journal, task_queue=queue)


# --- whose queue ------------------------------------------------------------------------------------------------


async def test_a_hosts_worker_serves_both_queues_without_a_further_line(
    temporal: EmbeddedTemporal, queue: str, tmp_path: Path
) -> None:
    """One plugin on its client; its worker names one queue."""
    world = World()
    plugin = MentoringPlugin(Settings(database_url=f"sqlite:///{tmp_path / 'unused.db'}"), gateways=world.gateways())
    client = await Client.connect(temporal.address, namespace="mentoring", plugins=[plugin])
    async with Worker(client, task_queue=queue):
        on = await opened(MentoringClient(client, people=world.people, task_queue=queue))
        await until(lambda: len(world.mail.sent) == len(PAIR))
    assert await queues_of_letters(client, names.relationship_workflow_id(on.id)) == {f"{queue}-mail"}


async def test_a_worker_that_cannot_serve_says_why(temporal: EmbeddedTemporal, queue: str) -> None:
    """Neither of its two queues can be served here: the server's own word is raised, whichever hears it first."""
    client = await Client.connect(temporal.address, namespace="not-there")
    for number in range(10):
        with pytest.raises(RuntimeError, match="Namespace not-there was not found"):
            async with build_worker(client, World().gateways(), task_queue=f"{queue}-{number}"):
                await asyncio.Event().wait()


class Reluctant(SimplePlugin):
    """Of a host: it ends before the worker has begun."""

    async def run_worker(self, worker: Worker, next: Callable[[Worker], Awaitable[None]]) -> None:  # noqa: A002 -- the SDK's name
        """Begin nothing."""
        raise RuntimeError("not today")


async def test_a_host_whose_own_plugin_fails_hears_it(client: Client, queue: str) -> None:
    """Though the worker was never begun: the queue of its letters is left, and nobody waits for what cannot come."""
    world = World()
    plugins = [MailQueue(world.gateways()), Reluctant("reluctant")]
    worker = Worker(client, task_queue=queue, activities=activities_over(world.gateways()), plugins=plugins)
    async with asyncio.timeout(20):
        with pytest.raises(RuntimeError, match="not today"):
            await worker.run()


async def test_whoever_waits_no_longer_ends_both(client: Client, queue: str) -> None:
    """A worker that runs in a task and is cancelled with it: nobody asks for the tasks of either queue afterwards."""
    worker = build_worker(client, World().gateways(), task_queue=queue)
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(60):
        while not (worker.is_running and not worker.is_shutdown):
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert worker.is_shutdown


async def test_every_run_orders_its_letters_on_the_same_queue(standard_life: QuickLife) -> None:
    """What a relationship was opened with goes along, from run to run."""
    scheduled = [
        event.activity_task_scheduled_event_attributes for run in await standard_life.runs() for event in run.events
    ]
    queues = {(each.activity_type.name, each.task_queue.name.endswith("-mail")) for each in scheduled}
    assert queues - {("", False)} == {(names.DELIVER_LETTERS, True), (names.APPLY_CALENDAR, False)}


async def test_a_worker_of_before_serves_what_is_opened_for_it(client: Client, queue: str) -> None:
    """Its letters wait where everything waits."""
    world = World()
    mentoring = MentoringClient(client, people=world.people, task_queue=queue, own_mail_queue=False)
    async with worker_without_mail(client, world, queue):
        on = await opened(mentoring)
        await until(lambda: len(world.mail.sent) == len(PAIR))
    assert await queues_of_letters(client, names.relationship_workflow_id(on.id)) == {queue}


async def test_while_nobody_takes_mail_all_else_goes_on(client: Client, queue: str) -> None:
    """Every step is answered and the session stands in both calendars; the letters leave when somebody comes."""
    world = World()
    async with worker_without_mail(client, world, queue):
        on = await opened(MentoringClient(client, people=world.people, task_queue=queue))
        await sessions_begin(on)
        await until(lambda: len(world.calendar.calendars) == len(PAIR))
        assert world.mail.sent == []
        causes = (await examiner_of(client, world, queue).explain(on.id)).causes
        assert (causes[0].code, f"{queue}-mail" in causes[0].evidence) == (Code.NO_MAIL_WORKER, True)
    async with build_worker(client, world.gateways(), task_queue=queue):
        await until(lambda: {mail.to.email for mail in world.mail.sent} >= {"mia@pair.example", "ed@pair.example"})


async def test_whoever_leaves_begins_nothing_new_while_letters_wait(client: Client, queue: str) -> None:
    """Its session is agreed on as ever, and written into no calendar here: that goes along."""
    world, move = World(), "m-1"
    async with worker_without_mail(client, world, queue):
        on = await opened(MentoringClient(client, people=world.people, task_queue=queue))
        leaving = client.get_workflow_handle(names.relationship_workflow_id(on.id))
        async with asyncio.timeout(60):
            while not await queues_of_letters(client, leaving.id):
                await asyncio.sleep(0.01)
        said = Signer().arguments(
            HandOver(PROGRAMME_OFFICE, move), workflow_id=leaving.id, name=names.HAND_OVER, command_id=move
        )
        await leaving.execute_update(names.HAND_OVER, args=said, id=move)
        await sessions_begin(on)
    async with build_worker(client, world.gateways(), task_queue=queue):
        await leaving.result()
    departure = await departure_in(client, await leaving.describe())
    assert departure
    outside = {type(each.effect) for each in departure.carried.outbox}
    assert (KeepEntry in outside, world.calendar.calendars) == (True, {})
    assert len(world.mail.sent) == len(PAIR)


# --- the quota --------------------------------------------------------------------------------------------------


@workflow.defn
class Burst:
    """Hands out many letters at once, each call in a lane as of a relationship of its own."""

    @workflow.run
    async def run(self, queue: str, number: int, calls: int) -> None:
        """Ends when all have come back."""
        lanes = [perform.letters_lane(queue) for _ in range(calls)]
        for n, lane in enumerate(lanes):
            relationship, now = f"burst-{number}-{n}", workflow.now()
            bundles = tuple(perform.Bundle(reminder(relationship, to, now), ()) for to in (0, 1))
            lane.send(relationship, bundles, ())
        await workflow.wait_condition(lambda: all(lane.has_landed for lane in lanes))


def reminder(relationship: str, to: int, now: datetime) -> Letter:
    """Of a session tomorrow, to the mentor (0) or the mentee (1)."""
    starts_at = now + timedelta(hours=24)
    facts = Facts(
        partner=PAIR[1 - to],
        occurrence="s1",
        session=1,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        zone="Europe/Rome",
    )
    key = f"{relationship}/s1/session_reminder/{PARTIES[to]}/0"
    return Letter(key, LetterKind.SESSION_REMINDER, PAIR[to], PARTIES[to], now, starts_at, facts)


class Relay:
    """The way to a real mail server, which remembers what was accepted when."""

    def __init__(self, server: MailServer) -> None:
        self._smtp = SmtpMail(server.host, server.port, sender=SENDER)
        self.accepted: list[tuple[float, str]] = []

    async def send(self, mail: OutgoingMail) -> str:
        """Hand it on."""
        reply = await self._smtp.send(mail)
        self.accepted.append((time.monotonic(), mail.key))
        return reply

    def of(self, relationships: str, *kinds: LetterKind) -> int:
        """Letters of relationships whose id begins so."""
        return sum(
            key.startswith(relationships) and key.split("/")[2] in (kinds or tuple(LetterKind))
            for _, key in self.accepted
        )


@asynccontextmanager
async def burst(client: Client, queue: str) -> AsyncIterator[list[WorkflowHandle[Burst, None]]]:
    """All of it, ordered at once on the queue of the letters."""
    own = f"{queue}-burst"
    async with Worker(client, task_queue=own, workflows=[Burst], workflow_runner=UnsandboxedWorkflowRunner()):
        calls = REMINDERS // 2 // BURSTS
        yield [
            await client.start_workflow(
                Burst.run, args=[names.mail_queue_of(queue), n, calls], id=f"{own}-{n}", task_queue=own
            )
            for n in range(BURSTS)
        ]


async def handed_out(handles: list[WorkflowHandle[Burst, None]]) -> list[datetime]:
    """When the server gave each call to a worker, in order."""
    kind = EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED
    histories = [await handle.fetch_history() for handle in handles]
    return sorted(
        event.event_time.ToDatetime(UTC) for each in histories for event in each.events if event.event_type == kind
    )


def most_within(window: timedelta, instants: list[datetime]) -> int:
    """The largest number of instants in any window of this length."""
    first = most = 0
    for n, at in enumerate(instants):
        while at - instants[first] >= window:
            first += 1
        most = max(most, n + 1 - first)
    return most


def is_kept(started: list[datetime]) -> bool:
    """Whether no window holds more calls than its share."""
    most = {seconds: most_within(timedelta(seconds=seconds), started) for seconds in WINDOWS}
    return all(calls <= CALLS_PER_SECOND * (seconds + SLACK) for seconds, calls in most.items())


async def described(client: Client, queue: str) -> DescribeTaskQueueResponse:
    """What the server says of a queue of activities."""
    request = DescribeTaskQueueRequest(
        namespace="mentoring",
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        report_stats=True,
    )
    return await client.workflow_service.describe_task_queue(request)


async def test_letters_beyond_a_calls_share_leave_with_the_next(client: Client, queue: str) -> None:
    """An end is told to three at once: two go with one call and the third at once with another, each of them once."""
    world = World()
    async with build_worker(client, world.gateways(), task_queue=queue, mails_per_minute=6_000):
        on = await opened(MentoringClient(client, people=world.people, task_queue=queue))
        await until(lambda: len(world.mail.sent) == len(PAIR))
        await on.exit(by=MENTEE)
        await client.get_workflow_handle(names.relationship_workflow_id(on.id)).result()
    last = [mail for mail in world.mail.sent if kind_of(mail) is not LetterKind.INVITATION]
    assert {mail.to.email for mail in last} == {"mia@pair.example", "ed@pair.example", "cleo@programme.example"}
    assert len(last) == len({mail.key for mail in last}) == 3
    history = await client.get_workflow_handle(names.relationship_workflow_id(on.id)).fetch_history()
    calls = kinds_of(event for event in history.events if is_call_for_letters(event))
    assert calls["ACTIVITY_TASK_SCHEDULED"] == 3


async def test_a_burst_of_due_reminders_keeps_the_quota_and_keeps_answering_people(
    temporal: EmbeddedTemporal, queue: str, tmp_path: Path
) -> None:
    """2,000 reminders, two workers. No second has more than its share; meanwhile a pair gets from its invitation to its
    first session in both calendars, and another learns of a hold, which is no letter that can wait."""
    world, client = World(), await connected(temporal)
    mentoring = MentoringClient(client, people=world.people, task_queue=queue)
    async with AsyncExitStack() as stack:
        server = stack.enter_context(MailServer(tmp_path / "mail"))
        relay = Relay(server)
        gateways = replace(world.gateways(), mail=relay)
        for connection in (client, await connected(temporal)):
            worker = build_worker(connection, gateways, task_queue=queue, mails_per_minute=MAILS_PER_MINUTE)
            await stack.enter_async_context(worker)
        busy, held = await opened(mentoring), await opened(mentoring)
        await until(lambda: len(relay.accepted) == 2 * len(PAIR))

        began = time.monotonic()
        handles = await stack.enter_async_context(burst(client, queue))
        await sessions_begin(busy)
        await held.hold()
        await until(lambda: len(world.calendar.calendars) == len(PAIR))
        await until(lambda: relay.of(held.id, LetterKind.ON_HOLD) == len(PAIR))
        due = REMINDERS - relay.of("burst-")
        assert due > 0, "the burst was over before anybody could have waited for it"
        limit = (await described(client, names.mail_queue_of(queue))).effective_rate_limit
        assert (limit.requests_per_second, limit.rate_limit_source) == (
            CALLS_PER_SECOND,
            RateLimitSource.RATE_LIMIT_SOURCE_WORKER,
        )

        for handle in handles:
            await handle.result()
        started = await handed_out(handles)
    assert len(started) == REMINDERS // 2
    assert relay.of("burst-") == REMINDERS
    assert len(server.mailbox.messages()) == len(relay.accepted)
    assert is_kept(started)
    assert relay.accepted[-1][0] - began >= REMINDERS / 2 / CALLS_PER_SECOND - SLACK


@pytest.mark.parametrize(("workers", "kept"), [(1, True), (2, False)])
def test_a_quota_that_each_of_two_workers_keeps_for_itself_would_be_noticed(workers: int, kept: bool) -> None:
    """The count itself can fail: by twice the pace already, and not by an even one."""
    pause = timedelta(seconds=1) / (CALLS_PER_SECOND * workers)
    assert is_kept([datetime(2027, 1, 1, tzinfo=UTC) + n * pause for n in range(REMINDERS // 2)]) is kept
