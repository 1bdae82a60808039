"""Virtual time: the life of one relationship played in seconds, with real timers in a real history."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionResponse,
    PollWorkflowExecutionTimeSkippingRequest,
)
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper, TimeSkippingConfig

_POLL_SECONDS = 0.01
_SKIPS = 100_000  # of one advance; past the limit, 200 by default, the server stops skipping without a word
# A timer starts some milliseconds after the workflow worked out its length: what it means for an instant is due later.
_SOON = timedelta(seconds=1)


class VirtualTimeUnavailable(Exception):
    """The server cannot skip time, or was not told to."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"The Temporal server at {address} does not skip time in this namespace: it is older than 1.32, or its "
            "dynamic configuration lacks frontend.WorkflowTimeSkippingEnabled. Use the embedded server, which has it."
        )


class VirtualTimeStuck(Exception):
    """A workflow did not come to rest; the message names what keeps it busy."""

    def __init__(self, found: DescribeWorkflowExecutionResponse, patience: timedelta) -> None:
        info = found.workflow_execution_info
        busy = ["a workflow task"] if found.HasField("pending_workflow_task") else []
        busy += [f"activity {each.activity_type.name}, attempt {each.attempt}" for each in found.pending_activities]
        super().__init__(
            f"Workflow {info.execution.workflow_id} did not come to rest within {patience.total_seconds():g} seconds "
            f"of real time. Pending: {'; '.join(busy) or 'a due timer'}. Check that a worker serves task queue "
            f"{info.task_queue} and every queue of its activities, and read its log."
        )


class VirtualClock:
    """Moves the clocks of single workflows: each has its own, and several can be moved at the same time.

    A virtual clock runs on with the wall clock and is never behind it. Start workflows through `client`.
    """

    def __init__(self, client: Client, *, patience: timedelta = timedelta(seconds=60)) -> None:
        """Wrap `client`; whatever takes longer than `patience` of real time ends in VirtualTimeStuck."""
        # Not enabled at start: enabled, the server skips past every deadline of the people that a workflow waits for.
        self._skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False, max_session_skip_count=_SKIPS))
        self._patience = patience
        self._available = False

    @property
    def client(self) -> Client:
        """The client to start workflows through."""
        return self._skipper.client

    async def now(self, workflow_id: str) -> datetime:
        """The workflow's own time, UTC. Raises VirtualTimeUnavailable."""
        await self._require_time_skipping()
        return _now((await self._handle(workflow_id).describe()).raw_description)

    async def until_idle(self, workflow_id: str) -> None:
        """Wait until the newest run has ended, or can only wait for a message or an hour later than this second.

        An activity between two attempts waits for an hour, too. Raises VirtualTimeStuck.
        """
        deadline = asyncio.get_running_loop().time() + self._patience.total_seconds()
        while not await self._is_idle(found := (await self._handle(workflow_id).describe()).raw_description):
            if asyncio.get_running_loop().time() > deadline:
                raise VirtualTimeStuck(found, self._patience)
            await asyncio.sleep(_POLL_SECONDS)

    async def advance(self, workflow_id: str, *, to: datetime) -> None:
        """Move the workflow's clock to the instant `to` and wait until the workflow is idle there.

        All that falls due on the way, and in the second after `to`, happens at its own hour, over every
        continue-as-new. The clock is never behind `to`; it is left alone if `to` has passed or the workflow has ended.
        Raises VirtualTimeUnavailable, VirtualTimeStuck, and ValueError for an instant without a time zone.
        """
        if to.tzinfo is None:
            raise ValueError("advance() needs an instant with a time zone.")
        await self._require_time_skipping()
        await self.until_idle(workflow_id)
        handle = self._handle(workflow_id)
        found = (await handle.describe()).raw_description
        if _has_ended(found) or _now(found) >= to:
            return
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                await self._skipper.fast_forward(handle, to - _now(found))
        except TimeoutError:
            raise VirtualTimeStuck((await handle.describe()).raw_description, self._patience) from None
        await self.until_idle(workflow_id)

    def _handle(self, workflow_id: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(workflow_id)

    async def _is_idle(self, found: DescribeWorkflowExecutionResponse) -> bool:
        if _has_ended(found):
            return True
        soon = _now(found) + _SOON
        if found.HasField("pending_workflow_task"):
            return False
        if any(_next_attempt(activity) <= soon for activity in found.pending_activities):
            return False
        info = found.workflow_execution_info
        run = self.client.get_workflow_handle(info.execution.workflow_id, run_id=info.execution.run_id)
        history = (await run.fetch_history()).events
        return len(history) == info.history_length and all(due > soon for due in _open_timers(history))

    async def _require_time_skipping(self) -> None:
        if self._available:
            return
        # Incomplete on purpose: a server that skips time finds the missing id, any other does not know the call.
        probe = PollWorkflowExecutionTimeSkippingRequest(
            namespace=self.client.namespace, workflow_execution=WorkflowExecution(workflow_id="probe")
        )
        try:
            await self.client.workflow_service.poll_workflow_execution_time_skipping(probe)
        except RPCError as refusal:
            if refusal.status is RPCStatusCode.UNIMPLEMENTED:
                raise VirtualTimeUnavailable(self.client.service_client.config.target_host) from None
            if refusal.status is not RPCStatusCode.INVALID_ARGUMENT:
                raise
        self._available = True


def _now(found: DescribeWorkflowExecutionResponse) -> datetime:
    info = found.workflow_extended_info
    if not info.HasField("time_skipping_info"):
        return datetime.now(UTC)
    return info.time_skipping_info.current_time.ToDatetime(UTC)


def _open_timers(history: Iterable[HistoryEvent]) -> list[datetime]:
    due: dict[int, datetime] = {}
    for event in history:
        if event.HasField("timer_started_event_attributes"):
            after = event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
            due[event.event_id] = event.event_time.ToDatetime(UTC) + after
        elif event.HasField("timer_fired_event_attributes"):
            del due[event.timer_fired_event_attributes.started_event_id]
        elif event.HasField("timer_canceled_event_attributes"):
            del due[event.timer_canceled_event_attributes.started_event_id]
    return list(due.values())


def _has_ended(found: DescribeWorkflowExecutionResponse) -> bool:
    return found.workflow_execution_info.status != WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING


def _next_attempt(activity: PendingActivityInfo) -> datetime:
    """When a failed activity is tried again; long ago for one that a worker has, or could take now."""
    return activity.next_attempt_schedule_time.ToDatetime(UTC)  # unset: 1970
