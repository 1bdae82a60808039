"""Effects of which nobody can tell: tried again, given up, or marked as delivered, by a human being who has looked.

An effect that is tried again goes the ordinary way, under its own key and Message-ID, through the ledger; what it was
is read in the history of its relationship.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from mentoring_lifecycle.activities.calendar import CalendarActivities
from mentoring_lifecycle.activities.letters import LetterActivities
from mentoring_lifecycle.activities.ports import GIVEN_UP, LedgerState
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.deliveries import CalendarOrder, Delivery, LettersOrder, Outcome
from mentoring_lifecycle.domain.effects import CalendarEffect, Letter
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.audit import Audit
from mentoring_lifecycle.starter.why_codes import Why

MARKED = "marked"
"""Reason in the ledger, by which what was marked by hand is known; GIVEN_UP is the other."""


class Row(Protocol):
    """An effect as the ledger shows it."""

    @property
    def relationship(self) -> str:
        """Whose effect it is."""

    @property
    def state(self) -> LedgerState:
        """Where it stands."""


class Ledger(Protocol):
    """The ledger, as far as settling by hand needs it."""

    async def find(self, key: str) -> Row | None:
        """One effect, or None."""

    async def resolve(self, key: str, state: LedgerState, *, reason: str) -> bool:
        """Say by hand what became of an effect that is UNKNOWN; False where it is not, any more."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Where an effect stands after an operator's act."""

    key: str
    outcome: Outcome
    reason: str


class UnknownEffects:
    """What can be done about one unknown effect. Each act is audited, and refused for any other effect."""

    def __init__(
        self,
        client: Client,
        ledger: Ledger,
        audit: Audit,
        letters: LetterActivities,
        calendar: CalendarActivities,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`letters` and `calendar` act through the same ledger."""
        self._client = client
        self._ledger = ledger
        self._audit = audit
        self._letters = letters
        self._calendar = calendar
        self._clock = clock

    async def retry(self, key: str, *, by: str, why: Why) -> Settled:
        """Do it again now, as the worker would. Raises CommandRejected: known, or in no history any more."""
        async with self._audit.of("retry_effect", key, by=by, why=why) as act:
            relationship = await self._require_unknown(key)
            effect = await self._find_order(relationship, key)
            if isinstance(effect, Letter):
                done = await self._letters.repeat(relationship, effect, self._clock())
            else:
                done = await self._calendar.bring_about(relationship, effect, self._clock())
            act.result = f"{done.outcome}: {done.reason}" if done.reason else done.outcome.value
        return _settled(done)

    async def give_up(self, key: str, *, by: str, why: Why) -> Settled:
        """It is not tried again by anybody. Raises CommandRejected."""
        return await self._resolve("give_up_effect", key, LedgerState.FAILED, GIVEN_UP, by, why)

    async def mark_delivered(self, key: str, *, by: str, why: Why) -> Settled:
        """Somebody has seen that it arrived. Raises CommandRejected."""
        return await self._resolve("mark_effect_delivered", key, LedgerState.ACCEPTED, MARKED, by, why)

    async def _resolve(self, act: str, key: str, state: LedgerState, reason: str, by: str, why: Why) -> Settled:
        async with self._audit.of(act, key, by=by, why=why) as under_way:
            await self._require_unknown(key)
            if not await self._ledger.resolve(key, state, reason=reason):
                await self._require_unknown(key)  # somebody was quicker; says where it stands now
            under_way.result = state.value
        return Settled(key, Outcome(state.value), reason)

    async def _require_unknown(self, key: str) -> str:
        """The relationship of an unknown effect."""
        row = await self._ledger.find(key)
        if row is None:
            raise CommandRejected(Rejection(Refusal.UNKNOWN_EFFECT))
        if row.state is not LedgerState.UNKNOWN:
            raise CommandRejected(Rejection(Refusal.EFFECT_NOT_UNKNOWN, row.state.value))
        return row.relationship

    async def _find_order(self, relationship: str, key: str) -> Letter | CalendarEffect:
        try:
            async for effect in self._ordered(relationship):
                if effect.key == key:
                    return effect
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        raise CommandRejected(Rejection(Refusal.EFFECT_FORGOTTEN))

    async def _ordered(self, relationship: str) -> AsyncIterator[Letter | CalendarEffect]:
        """Everything that its activities were told to do, the newest run first."""
        workflow_id, run_id = names.relationship_workflow_id(relationship), None
        while run_id != "":
            earlier = ""
            handle = self._client.get_workflow_handle(workflow_id, run_id=run_id)
            async for event in handle.fetch_history_events():
                if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                    earlier = event.workflow_execution_started_event_attributes.continued_execution_run_id
                for effect in await self._in_order(event):
                    yield effect
            run_id = earlier

    async def _in_order(self, event: HistoryEvent) -> tuple[Letter | CalendarEffect, ...]:
        if event.event_type != EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            return ()
        scheduled = event.activity_task_scheduled_event_attributes
        payloads, convert = scheduled.input.payloads, self._client.data_converter
        if scheduled.activity_type.name == names.DELIVER_LETTERS:
            (letters,) = await convert.decode(payloads, [LettersOrder])
            return tuple(letters.letters)
        if scheduled.activity_type.name == names.APPLY_CALENDAR:
            (entries,) = await convert.decode(payloads, [CalendarOrder])
            return tuple(entries.entries)
        return ()


def _settled(done: Delivery) -> Settled:
    return Settled(done.key, done.outcome, done.reason)
