"""The one timer of a run: it rings at the next hour that matters, whatever that is by then."""

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow

from mentoring_lifecycle.contracts.shown import Shown


class Alarm:
    """A persistent timer, never later than the next hour.

    `wait_condition(timeout=...)` in a loop would cancel and start a timer at every message. This one is started anew
    for an earlier hour. When the next hour moves away while somebody is still awaited, the timer stays: mostly a
    message comes first and nothing was spent; should it ring, the wake-up finds nothing due and sets it again.
    """

    def __init__(self) -> None:
        self._at: datetime | None = None
        self._timer: asyncio.Task[None] | None = None

    @property
    def has_rung(self) -> bool:
        """The hour has come."""
        return self._timer is not None and self._timer.done()

    def set(self, at: datetime | None, *, exactly: bool, what: str = "next hour") -> None:
        """Ring at this instant (UTC), for what operators read; unless `exactly`, a timer that rings before will do."""
        if self.has_rung:
            self._at = self._timer = None
        if at is None or at == self._at or (self._at is not None and self._at < at and not exactly):
            return
        if self._timer:
            self._timer.cancel()
        self._at = at
        self._timer = asyncio.create_task(_ring(at, what))


async def _ring(at: datetime, what: str) -> None:
    # A timer of zero or less is refused, and an hour may have passed while the activities were away.
    delay = max(at - workflow.now(), timedelta(milliseconds=1))
    await workflow.sleep(delay, summary=Shown(f"{what} {at:%Y-%m-%d %H:%M}Z"))
