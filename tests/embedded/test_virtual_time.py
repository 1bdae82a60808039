import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from mentoring_lifecycle.embedded import configuration
from mentoring_lifecycle.embedded.go_build import BuiltServer
from mentoring_lifecycle.embedded.namespaces import set_up_namespace
from mentoring_lifecycle.embedded.provision import DevServer
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.embedded.virtual_time import VirtualClock, VirtualTimeStuck, VirtualTimeUnavailable

WEEK = timedelta(weeks=1)
MOMENT = timedelta(seconds=2)
"""How late a timer may fire on a busy computer: virtual clocks run on with the wall clock."""

numbers = itertools.count(1)


@activity.defn
async def clock_of_activity(fails: int) -> tuple[datetime, datetime]:
    """The activity's own times; the first `fails` attempts fail."""
    info = activity.info()
    if info.attempt <= fails:
        raise ApplicationError("not yet")
    return info.current_attempt_scheduled_time, info.started_time


@workflow.defn
class Weekly:
    """Writes down the hour of each week's meeting, which an activity attends; continues as new after every meeting."""

    @workflow.init
    def __init__(self, _begin: datetime, _weeks: int, past: list[datetime]) -> None:
        self._past = past

    @workflow.query
    def meetings(self) -> list[datetime]:
        return self._past

    @workflow.run
    async def run(self, begin: datetime, weeks: int, past: list[datetime]) -> list[datetime]:
        await workflow.sleep(begin + WEEK * (len(past) + 1) - workflow.now())
        met = await workflow.execute_activity(clock_of_activity, 0, start_to_close_timeout=timedelta(seconds=30))
        if len(past) + 1 < weeks:
            workflow.continue_as_new(args=[begin, weeks, [*past, met[1]]])
        return [*past, met[1]]


@workflow.defn
class Outage:
    """Waits for an activity that fails three times, with pauses of 1, 2 and 4 hours."""

    @workflow.run
    async def run(self) -> tuple[datetime, datetime]:
        return await workflow.execute_activity(
            clock_of_activity,
            3,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(initial_interval=timedelta(hours=1)),
        )


@workflow.defn
class Patient:
    """Waits for a person for 14 days."""

    def __init__(self) -> None:
        self._answered = False

    @workflow.run
    async def run(self) -> bool:
        try:
            await workflow.wait_condition(lambda: self._answered, timeout=timedelta(days=14))
        except TimeoutError:
            return False
        return True

    @workflow.update
    async def answer(self) -> None:
        self._answered = True


@pytest.fixture(scope="module")
async def clock(client: Client) -> AsyncIterator[VirtualClock]:
    async with Worker(
        client,
        task_queue="virtual",
        workflows=[Weekly, Outage, Patient],
        activities=[clock_of_activity],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield VirtualClock(client)


async def _weekly(clock: VirtualClock, begin: datetime, weeks: int) -> WorkflowHandle[Weekly, list[datetime]]:
    return await clock.client.start_workflow(
        Weekly.run, args=[begin, weeks, []], id=f"weekly-{next(numbers)}", task_queue="virtual"
    )


def _assert_punctual(meetings: list[datetime], begin: datetime) -> None:
    for week, met in enumerate(meetings, start=1):
        assert timedelta() <= met - (begin + WEEK * week) < MOMENT


async def test_26_weeks_pass_with_every_meeting_at_its_hour(clock: VirtualClock) -> None:
    """One advance over 26 weeks, 25 runs later, has kept every hour, as the activities tell by their own clock."""
    begin = datetime.now(UTC)
    handle = await _weekly(clock, begin, weeks=26)
    await clock.advance(handle.id, to=begin + 26 * WEEK)
    meetings = await handle.result()
    assert len(meetings) == 26
    _assert_punctual(meetings, begin)


async def test_week_by_week_nothing_is_skipped_and_nothing_is_late(clock: VirtualClock) -> None:
    """An advance to the very instant of a timer returns when what the timer sets off is done, over continue-as-new."""
    begin = datetime.now(UTC)
    handle = await _weekly(clock, begin, weeks=26)
    for week in range(1, 26):
        to = begin + week * WEEK
        await clock.advance(handle.id, to=to)
        assert len(await handle.query(Weekly.meetings)) == week
        assert timedelta() <= await clock.now(handle.id) - to < MOMENT
    await clock.advance(handle.id, to=begin + 26 * WEEK)
    _assert_punctual(await handle.result(), begin)


async def test_the_clock_stops_at_the_instant_asked_for(clock: VirtualClock) -> None:
    """A person who has 14 days still has one after 13, and none after 14."""
    begin = datetime.now(UTC)
    asked = await clock.client.start_workflow(Patient.run, id="asked", task_queue="virtual")
    await clock.advance(asked.id, to=begin + timedelta(days=13))
    await asked.execute_update(Patient.answer)
    assert await asked.result()
    silent = await clock.client.start_workflow(Patient.run, id="silent", task_queue="virtual")
    await clock.advance(silent.id, to=begin + timedelta(days=14))
    assert not await silent.result()


async def test_an_outage_of_hours_passes_with_every_attempt_at_its_hour(clock: VirtualClock) -> None:
    """Pauses between attempts are skipped like timers, and a retried activity sees virtual time."""
    handle = await clock.client.start_workflow(Outage.run, id="outage", task_queue="virtual")
    await clock.until_idle(handle.id)
    begin = await clock.now(handle.id)
    await clock.advance(handle.id, to=begin + timedelta(hours=6))
    assert timedelta() <= await clock.now(handle.id) - (begin + timedelta(hours=6)) < MOMENT
    await clock.advance(handle.id, to=begin + timedelta(hours=8))
    scheduled, started = await handle.result()
    assert abs(scheduled - (begin + timedelta(hours=7))) < MOMENT
    assert timedelta() <= started - scheduled < MOMENT


async def test_several_clocks_move_at_the_same_time(clock: VirtualClock) -> None:
    """Every workflow has a clock of its own; moving one does not move another."""
    begin = datetime.now(UTC)
    near, far = [await _weekly(clock, begin, weeks=10) for _ in range(2)]
    await asyncio.gather(clock.advance(near.id, to=begin + 2 * WEEK), clock.advance(far.id, to=begin + 10 * WEEK))
    assert await clock.now(near.id) - begin < 2 * WEEK + MOMENT
    _assert_punctual(await far.result(), begin)


async def test_an_instant_that_has_passed_leaves_the_clock_alone(clock: VirtualClock) -> None:
    """Time never goes back, and an ended workflow has no time left to move."""
    handle = await clock.client.start_workflow(Patient.run, id="past", task_queue="virtual")
    before = await clock.now(handle.id)
    await clock.advance(handle.id, to=before - WEEK)
    assert await clock.now(handle.id) - before < MOMENT
    await handle.execute_update(Patient.answer)
    await clock.advance(handle.id, to=before + WEEK)
    assert await handle.result()
    assert await clock.now(handle.id) - before < MOMENT


async def test_an_instant_without_a_zone_is_refused(clock: VirtualClock) -> None:
    """A naive hour could be anybody's."""
    with pytest.raises(ValueError, match="time zone"):
        await clock.advance("any", to=datetime(2030, 1, 1))  # noqa: DTZ001 - the mistake under test


async def test_a_workflow_that_nobody_works_on_is_told(client: Client) -> None:
    """Waiting for a worker that is not there ends in words that name the queue."""
    clock = VirtualClock(client, patience=timedelta(seconds=0.1))
    handle = await clock.client.start_workflow(Patient.run, id="stuck", task_queue="deserted")
    with pytest.raises(VirtualTimeStuck, match=r"stuck.*0\.1 seconds.*Pending: a workflow task.*queue deserted"):
        await clock.advance(handle.id, to=datetime.now(UTC) + WEEK)


async def test_a_server_that_must_not_skip_time_is_told(
    programs: BuiltServer | DevServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a server without the switch, as every real cluster is, the clock refuses before it touches a workflow."""
    monkeypatch.setitem(configuration.DYNAMIC, "frontend.WorkflowTimeSkippingEnabled", False)
    async with EmbeddedTemporal(tmp_path, programs=programs) as server:
        client = await Client.connect(server.address, namespace="mentoring")
        await set_up_namespace(client, {})
        with pytest.raises(VirtualTimeUnavailable, match=r"127\.0\.0\.1:\d+ does not skip time"):
            await VirtualClock(client).advance("any", to=datetime.now(UTC) + WEEK)
