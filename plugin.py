"""The one line of a host that runs mentoring in its own worker, with its own client.

    plugin = MentoringPlugin(read_settings())
    client = await Client.connect("temporal.example:7233", plugins=[plugin])
    async with Worker(client, task_queue="tools", workflows=[...], activities=[...]):
        ...

The plugin belongs on the client: a worker made from that client gets it by itself.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial

from temporalio.converter import DataConverter
from temporalio.plugin import SimplePlugin
from temporalio.worker import Worker

from mentoring_lifecycle.contracts.codec import data_converter, merge
from mentoring_lifecycle.settings import Settings
from mentoring_lifecycle.worker import (
    WORKFLOWS,
    Gateways,
    MailQueue,
    activities_over,
    gateways_from,
    opened_database,
    opened_gateways,
    sandbox,
)
from mentoring_lifecycle.workflows.doorkeeper import Doorkeeper


class MentoringPlugin(SimplePlugin):
    """Adds the relationship workflow, its activities and its data conversion to a host's client, worker and replayer.

    Beside each worker it serves the queue of the letters, `<task queue>-mail`, at the pace of the relay's quota.

    The host's own data converter is merged with, never replaced: its codec, its failures and its storage stay. A host
    that converts payloads in a way of its own gets a ValueError instead of unreadable data. The database is migrated
    when the worker starts and connections are closed when it stops.
    """

    def __init__(self, settings: Settings, *, gateways: Gateways | None = None) -> None:
        """`gateways` replaces those that the settings name, for tests and for hosts with systems of their own."""
        self._opened: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
        if gateways is None:
            engine = opened_database(settings)
            gateways = gateways_from(settings, engine)
            self._opened = partial(opened_gateways, settings, engine, gateways)
        self.gateways = gateways
        self._mail_queue = MailQueue(gateways, settings.relay_mails_per_minute)

        def converter(existing: DataConverter | None) -> DataConverter:
            return merge(existing, data_converter(settings.codec()))

        super().__init__(
            "mentoring_lifecycle.MentoringPlugin",
            data_converter=converter,
            workflows=WORKFLOWS,
            activities=activities_over(gateways),
            interceptors=[Doorkeeper(settings.claims())],
            workflow_runner=sandbox,
        )

    async def run_worker(self, worker: Worker, next: Callable[[Worker], Awaitable[None]]) -> None:  # noqa: A002 -- the SDK's name
        """Open the gateways around a worker only: a replay touches no database."""
        async with self._opened():
            await self._mail_queue.run_worker(worker, next)
