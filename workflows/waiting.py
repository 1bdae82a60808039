"""The one timer of a run: it rings at the next hour that matters, whatever that is by then."""

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow


class Alarm:
    """A persistent timer, never later than the next hour.

    `wait_condition(timeout=...)` in a loop would cancel and start a timer at every message. This one is started anew
    only for an earlier hour. When the next hour moves away, the timer stays; should it ring before anything else
    happens, the wake-up finds nothing due and sets it again. Mostly it never rings, and nothing was spent.
    """

    def __init__(self) -> None:
        self._at: datetime | None = None
        self._timer: asyncio.Task[None] | None = None

    @property
    def has_rung(self) -> bool:
        """The hour has come."""
        return self._timer is not None and self._timer.done()

    def set(self, at: datetime | None) -> None:
        """Ring at this instant (UTC) or before."""
        if self.has_rung:
            self._at = self._timer = None
        if at is None or (self._at is not None and self._at <= at):
            return
        if self._timer:
            self._timer.cancel()
        self._at = at
        self._timer = asyncio.create_task(_ring(at))


async def _ring(at: datetime) -> None:
    # A timer of zero or less is refused, and an hour may have passed while the activities were away.
    await workflow.sleep(max(at - workflow.now(), timedelta(milliseconds=1)), summary=f"next hour {at:%Y-%m-%d %H:%M}Z")
