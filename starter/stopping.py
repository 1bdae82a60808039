"""SIGTERM or Ctrl-C: told once, a process finishes what is under way; told twice, it ends at once."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

log = structlog.stdlib.get_logger()


def on_stop(stop: Callable[[], object]) -> None:
    """Call this at the first SIGTERM or SIGINT; the second one ends the process as kill -9 would.

    What was under way then is taken up again by whoever comes next, once its claim has expired.
    """
    was_told = False

    def told(number: signal.Signals) -> None:
        nonlocal was_told
        if was_told:
            log.warning("process_cut_off", signal=number.name)
            os._exit(128 + number)
        was_told = True
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told, number)


async def until_stopped(serving: Coroutine[Any, Any, object]) -> None:
    """Run this until it ends or the process is told to stop, which cancels it."""
    task = asyncio.ensure_future(serving)
    on_stop(task.cancel)
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
