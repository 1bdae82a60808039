"""From effect to activity: which queue, how patient, and what an outcome means. The only place that calls activities.

Letters and calendar changes each travel in a lane of their own, one call at a time; whatever gathered meanwhile goes
with the next call. A peer that is away answers `delayed`: the effect stays in the outbox and is tried again at an hour
of ours, so an outage never blocks a hold, a close or a new run, and every attempt is preceded by the question whether
the effect is still wanted. Temporal's own retries cover what is ours: a lost worker, a database that is away.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, FailureError

from mentoring_lifecycle.activities.calendar import CalendarActivities
from mentoring_lifecycle.activities.journal import JournalActivities
from mentoring_lifecycle.activities.letters import LetterActivities
from mentoring_lifecycle.activities.schedule import ScheduleActivities
from mentoring_lifecycle.contracts.deliveries import (
    NEXT_TURN,
    CalendarOrder,
    Deliveries,
    Delivery,
    DroppedLetter,
    JournalTail,
    LettersOrder,
    Outcome,
    Slot,
    SlotOrder,
    SlotsFound,
)
from mentoring_lifecycle.contracts.inputs import Pending
from mentoring_lifecycle.contracts.shown import Shown
from mentoring_lifecycle.domain.effects import Effect, FindSlot, KeepEntry, Letter, RemoveEntry, VerifyCalendar
from mentoring_lifecycle.domain.letters import MANNERS

ATTEMPT = timedelta(minutes=5)
"""Longer than the slowest honest batch."""

SIGN_OF_LIFE = timedelta(seconds=10)
"""A worker that is gone is noticed after this. Only calls of more than a few seconds send heartbeats at all."""

PATIENCE = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=5))
"""Without an end: only our own database or a lost worker makes an activity fail."""

_AT_ONCE = Priority(priority_key=1)
"""Everything else has the server's own, 3 of 5. Seen in clear, and tells no more than the Update that led to it."""

BOOKS_AGAIN_AFTER = timedelta(minutes=10)
"""When the journal could not be written: until then its entries travel in the state."""

_AGAIN_AFTER = tuple(timedelta(minutes=minutes) for minutes in (10, 30, 60, 120, 240))
"""Pauses between attempts at a peer that is away; the last one repeats until the effect's `not_after`."""


def pause_before(tries: int, asked_for_seconds: int) -> timedelta:
    """How long to wait after the given number of tries; never shorter than the peer asked for."""
    return max(_AGAIN_AFTER[min(tries, len(_AGAIN_AFTER)) - 1], timedelta(seconds=asked_for_seconds))


_MOST_WORDS = 4


@dataclass(frozen=True)
class Bundle:
    """One effect to be performed, and what waits for it: itself, or the letters that it stands for."""

    effect: Effect
    parts: tuple[Pending, ...]


@dataclass
class Returned:
    """A call that came back: what was ordered and, per effect, what became of it."""

    bundles: tuple[Bundle, ...]
    results: tuple[Delivery | Slot, ...]


class Lane:
    """One call at a time to one outside system."""

    def __init__(self, call: Callable[..., Coroutine[Any, Any, tuple[Delivery | Slot, ...]]]) -> None:
        self._call = call
        self._flight: asyncio.Task[Returned] | None = None

    @property
    def is_free(self) -> bool:
        """Nothing is under way and nothing has come back unread."""
        return self._flight is None

    @property
    def has_landed(self) -> bool:
        """A call came back and has not been read."""
        return self._flight is not None and self._flight.done()

    def send(self, relationship: str, bundles: tuple[Bundle, ...], *more: Any) -> None:
        """Order these effects. The lane must be free."""
        self._flight = asyncio.create_task(self._order(relationship, bundles, *more))

    async def _order(self, relationship: str, bundles: tuple[Bundle, ...], *more: Any) -> Returned:
        try:
            return Returned(bundles, await self._call(relationship, [each.effect for each in bundles], *more))
        except ActivityError:
            # Cancelled or terminated by an operator: the ledger knows what happened, so asking again is safe.
            return Returned(bundles, tuple(interrupted(each.effect) for each in bundles))

    def read(self) -> Returned:
        """Take what came back; the lane is free again."""
        assert self._flight
        returned, self._flight = self._flight.result(), None
        return returned


def letters_lane(queue: str = "") -> Lane:
    """Mail; on a queue of its own it may wait for a relay's quota, and what must be known at once goes first."""
    return Lane(partial(_deliver, queue))


def calendar_lane() -> Lane:
    """Calendars."""
    return Lane(_apply)


def schedule_lane() -> Lane:
    """Proposals of times, for which people's own calendars are asked."""
    return Lane(_propose)


def is_letter(effect: Effect) -> bool:
    """Travels in the letters' lane."""
    return isinstance(effect, Letter)


def is_calendar(effect: Effect) -> bool:
    """Travels in the calendar's lane."""
    return isinstance(effect, KeepEntry | RemoveEntry | VerifyCalendar)


def is_wish_for_proposals(effect: Effect) -> bool:
    """Travels in the schedule's lane."""
    return isinstance(effect, FindSlot) and effect.proposals > 0


async def _deliver(
    queue: str, relationship: str, letters: Sequence[Any], dropped: tuple[DroppedLetter, ...]
) -> tuple[Delivery | Slot, ...]:
    done: Deliveries = await workflow.execute_activity_method(
        LetterActivities.deliver,
        LettersOrder(relationship, tuple(letters), dropped),
        task_queue=queue or None,
        priority=_AT_ONCE if queue and any(map(_must_be_known_at_once, letters)) else Priority.default,
        start_to_close_timeout=ATTEMPT,
        heartbeat_timeout=SIGN_OF_LIFE,
        retry_policy=PATIENCE,
        summary=_in_words(letter.purpose for letter in letters),
    )
    return done.results


def _must_be_known_at_once(letter: Letter) -> bool:
    return not MANNERS[letter.purpose].waits_for_day


async def _apply(relationship: str, entries: Sequence[Any]) -> tuple[Delivery | Slot, ...]:
    done: Deliveries = await workflow.execute_activity_method(
        CalendarActivities.apply,
        CalendarOrder(relationship, tuple(entries)),
        start_to_close_timeout=ATTEMPT,
        heartbeat_timeout=SIGN_OF_LIFE,
        retry_policy=PATIENCE,
        summary=_in_words(entry.kind for entry in entries),
    )
    return done.results


async def _propose(relationship: str, wishes: Sequence[Any]) -> tuple[Delivery | Slot, ...]:
    found: SlotsFound = await workflow.execute_activity_method(
        ScheduleActivities.propose_slots,
        SlotOrder(tuple(wishes), relationship),
        start_to_close_timeout=ATTEMPT,
        retry_policy=PATIENCE,
        summary=Shown("propose times for a session"),
    )
    return found.slots


def _in_words(words: Iterable[str]) -> Shown:
    """What one call does, for operators. After an outage that could be many things; a line has room for a few."""
    told = list(dict.fromkeys(words))
    more = len(told) - _MOST_WORDS
    return Shown(", ".join(told[:_MOST_WORDS]) + (f" and {more} more" if more > 0 else ""))


async def find_slots(relationship: str, slots: Sequence[FindSlot]) -> SlotsFound:
    """Wall-clock times to instants; zone rules live with the worker, never in the history's code."""
    return await workflow.execute_local_activity_method(
        ScheduleActivities.find_slots,
        SlotOrder(tuple(slots), relationship),
        start_to_close_timeout=timedelta(seconds=5),
        retry_policy=RetryPolicy(maximum_attempts=1),
        summary=Shown("find the time of a session"),
    )


async def append_to_journal(tail: JournalTail) -> int | None:
    """The last sequence number kept, or None when the database is away: the tail then travels on and goes next time."""
    try:
        kept = await workflow.execute_local_activity_method(
            JournalActivities.append,
            tail,
            start_to_close_timeout=timedelta(seconds=4),
            retry_policy=RetryPolicy(maximum_attempts=1),
            summary=Shown("append to the journal"),
        )
    except FailureError:  # a local activity fails with its own error, not with ActivityError
        return None
    return kept.sequence


def interrupted(effect: Effect) -> Delivery:
    """The result of a call that did not come back."""
    return Delivery(effect.key, Outcome.DELAYED, "interrupted")


def try_again(pending: Pending, result: Delivery, now: datetime) -> Pending:
    """The same effect, for a later hour; at once where nothing but its turn was awaited."""
    if result.reason == NEXT_TURN:
        return Pending(pending.effect, pending.tries)
    tries = pending.tries + 1
    return Pending(pending.effect, tries, now + pause_before(tries, result.retry_after_seconds), result.reason)
