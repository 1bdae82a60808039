"""A host's own worker: relationships, and beside them a workflow of the host's that takes signals."""

import asyncio

from temporalio import workflow
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    from mentoring_lifecycle.settings import read_settings
    from mentoring_lifecycle.starter.connection import connect
    from mentoring_lifecycle.telemetry import start_telemetry
    from mentoring_lifecycle.worker import (
        WORKFLOWS,
        MailQueue,
        activities_over,
        gateways_from,
        opened_database,
        sandbox,
    )


@workflow.defn
class HostStory:
    """Counts its news."""

    @workflow.run
    async def run(self) -> None:
        """Until somebody ends it."""
        await workflow.wait_condition(lambda: False)

    @workflow.signal
    async def news(self, number: int) -> None:
        """A number, and no words."""


async def serve() -> None:
    """Until it is killed."""
    settings = read_settings()
    client = await connect(settings, start_telemetry(settings))
    gateways = gateways_from(settings, opened_database(settings))
    async with Worker(
        client,
        task_queue=settings.task_queue,
        workflows=[*WORKFLOWS, HostStory],
        activities=activities_over(gateways),
        plugins=[MailQueue(gateways)],
        workflow_runner=sandbox(),
    ):
        print("worker_started", flush=True)  # noqa: T201 -- what the test waits for
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
