"""A host's own worker, with mentoring in it: one plugin on the client, nothing else.

    python embed_in_your_worker.py

Where everything is comes from the environment (TEMPORAL_*, MENTORING_*); see the README for the settings.
"""

import asyncio

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():  # this file defines a workflow too, so the sandbox imports it
    from mentoring_lifecycle.plugin import MentoringPlugin
    from mentoring_lifecycle.settings import read_settings, temporal_connection
    from mentoring_lifecycle.starter import MentoringClient


@workflow.defn
class OrderLunch:
    """Whatever the host does besides."""

    @workflow.run
    async def run(self, dish: str) -> str:
        return f"one {dish}"


async def main() -> None:
    settings = read_settings()
    plugin = MentoringPlugin(settings)
    client = await Client.connect(**temporal_connection(), plugins=[plugin])
    async with Worker(client, task_queue=settings.task_queue, workflows=[OrderLunch]):
        print(await client.execute_workflow(OrderLunch.run, "soup", id="lunch", task_queue=settings.task_queue))
        mentoring = MentoringClient(
            client,
            people=plugin.gateways.people,
            task_queue=settings.task_queue,
            pairings=plugin.gateways.pairings,
            journal=plugin.gateways.journal,
        )
        pair = await mentoring.open(mentor="p-5d17", mentee="p-2b94", coordinator="c-4b8f", programme="reverse-2027")
        print(f"{pair.id} is {(await pair.status()).phase}")
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
