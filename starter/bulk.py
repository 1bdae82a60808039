"""Holds placed and lifted in bulk: slowly, to be stopped at any moment and begun again, and like every other hold.

Each hold is sent by the ordinary way under a command id that looks random. The ids of one batch follow from its own id,
which is random: whoever repeats the batch does nothing twice, and without its id nobody can tell its holds from others.
"""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.domain.relationship import Standing
from mentoring_lifecycle.starter.answers import ANSWER_WITHIN, CommandRejected, OutcomeUnknown
from mentoring_lifecycle.starter.audit import Audit
from mentoring_lifecycle.starter.client import MentoringClient, RelationshipRow
from mentoring_lifecycle.starter.findings import derived_id
from mentoring_lifecycle.starter.why_codes import Why

NOT_BY_THIS = "not_by_this"
"""This batch has not placed the hold, or so long ago that the server no longer tells: left to the programme team."""

_EVERYTHING = 1_000_000
_HOLD, _LIFT = "hold", "lift"


@dataclass(frozen=True, slots=True)
class BulkRow:
    """What became of one relationship."""

    relationship: str
    result: str
    """`held`, `lifted`, `would hold`, `would lift`, `not_by_this`, `unknown` (run it again), or a refusal's code."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Which relationships, how fast, and by whom."""

    query: str
    """By Visibility, such as `MentoringProgramme = 'reverse-2027'`."""
    by: str
    why: Why
    id: str
    per_minute: float = 30
    dry_run: bool = False


def new_batch_id() -> str:
    """A random one; needed again to go on with a batch and to lift what it held."""
    return str(uuid.uuid4())


class BulkHolds:
    """Holds and lifts many relationships, one after the other; each batch is one act of the audit."""

    def __init__(
        self,
        client: Client,
        mentoring: MentoringClient,
        audit: Audit,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`wait` passes the seconds between two relationships."""
        self._wait = wait
        self._client = client
        self._mentoring = mentoring
        self._audit = audit

    def hold(self, batch: Batch) -> AsyncGenerator[BulkRow, None]:
        """Place an ordinary hold on every running relationship of the query. Refused ones are named and left alone."""
        return self._each(batch, "bulk_hold", _HOLD, "held")

    def lift(self, batch: Batch) -> AsyncGenerator[BulkRow, None]:
        """Lift, among the relationships of the query, the holds that the batch of this id has placed, and no other.

        Holds look alike, so an operator who lifted everything on hold would lift what protects somebody.
        """
        return self._each(batch, "bulk_lift", _LIFT, "lifted")

    async def _each(self, batch: Batch, act: str, verb: str, done: str) -> AsyncGenerator[BulkRow, None]:
        if batch.dry_run:
            for row in await self._running(batch.query):
                yield BulkRow(row.relationship, await self._foreseen(batch, row, verb) or f"would {verb}")
            return
        results: Counter[str] = Counter()
        async with self._audit.of(act, batch.query, by=batch.by, why=batch.why) as under_way:
            for number, row in enumerate(await self._running(batch.query)):
                if number:
                    await self._wait(60 / batch.per_minute)
                result = await self._foreseen(batch, row, verb) or await self._send(batch, row, verb, done)
                results[result] += 1
                under_way.result = f"interrupted after {_counted(results)}"
                yield BulkRow(row.relationship, result)
            under_way.result = _counted(results)

    async def _running(self, query: str) -> list[RelationshipRow]:
        running = f"({query}) AND ExecutionStatus = 'Running'"
        return [row async for row in self._mentoring.list(running, limit=_EVERYTHING)]

    async def _foreseen(self, batch: Batch, row: RelationshipRow, verb: str) -> str:
        """Why it is not even asked; empty where it is. A list may be behind, so only a lift is judged by more."""
        if verb == _LIFT:
            return "" if await self._was_held_by(batch, row.relationship) else NOT_BY_THIS
        return "on_hold" if batch.dry_run and row.standing == Standing.ON_HOLD else ""

    async def _was_held_by(self, batch: Batch, relationship: str) -> bool:
        handle = self._client.get_workflow_handle(names.relationship_workflow_id(relationship))
        try:
            await handle.get_update_handle(_command_id(batch, relationship, _HOLD)).result(rpc_timeout=ANSWER_WITHIN)
        except WorkflowUpdateFailedError:
            return False
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True

    async def _send(self, batch: Batch, row: RelationshipRow, verb: str, done: str) -> str:
        handle, command_id = self._mentoring.relationship(row.relationship), _command_id(batch, row.relationship, verb)
        try:
            await (handle.hold if verb == _HOLD else handle.lift)(by=batch.by, command_id=command_id)
        except CommandRejected as refused:
            return refused.code.value
        except OutcomeUnknown:
            return "unknown"
        return done


def _command_id(batch: Batch, relationship: str, verb: str) -> str:
    return derived_id(batch.id, relationship, verb)


def _counted(results: "Counter[str]") -> str:
    """Numbers alone: a list of names beside a hold would tell the others apart."""
    return ", ".join(f"{result} {count}" for result, count in sorted(results.items())) or "nothing"
