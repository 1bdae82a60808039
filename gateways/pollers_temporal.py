"""Who asks a task queue for work, as far as the server has heard."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

POLLED_WITHIN = timedelta(minutes=3)
"""Who asked longer ago is gone: a poll lasts a minute, and the server remembers it for five."""


@dataclass(frozen=True, slots=True)
class Poller:
    """One worker, and when it last asked (UTC)."""

    identity: str
    asked_at: datetime


async def pollers_of(
    client: Client, queue: str, kind: TaskQueueType.ValueType, *, within: timedelta | None = None
) -> Sequence[Poller]:
    """Everybody who has asked this queue for such tasks lately. Raises RPCError where the server does not answer."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    described = await client.workflow_service.describe_task_queue(request, timeout=within)
    return [Poller(each.identity, each.last_access_time.ToDatetime(UTC)) for each in described.pollers]
