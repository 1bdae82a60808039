"""Signs of life of a long call, so that a worker that died in the middle of it is noticed within seconds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity

EVERY_SECONDS = 3.0
"""An ordinary call is over before the first one, and a heartbeat that is not sent is not billed."""


@asynccontextmanager
async def heartbeats() -> AsyncIterator[None]:
    """Heartbeat every few seconds while the block runs."""
    beating = asyncio.create_task(_beat())
    try:
        yield
    finally:
        beating.cancel()


async def _beat() -> None:
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        activity.heartbeat()
