"""Finding out why nothing happens: facts from the engine, the ledger, the journal and the people directory.

Looking changes nothing and costs one query per relationship. A relationship that no worker serves is not asked at all.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from temporalio.api.enums.v1 import (
    EventType,
    PendingActivityState,
    TaskQueueType,
    WorkflowTaskFailedCause,
)
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionResponse,
    GetWorkflowExecutionHistoryReverseRequest,
)
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from mentoring_lifecycle.activities.ports import JournalGateway, KnownEffects, PeopleGateway
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.codec import PayloadRejected
from mentoring_lifecycle.contracts.views import ProgressView
from mentoring_lifecycle.domain.outlook import Health
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.gateways.departures_temporal import departure_in
from mentoring_lifecycle.gateways.pollers_temporal import pollers_of
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.causes import (
    POLLED_WITHIN,
    Answer,
    Cause,
    Code,
    Facts,
    PendingActivity,
    PendingTask,
    Presence,
    Shown,
    causes_of,
)

ASK_WITHIN = timedelta(seconds=5)
"""How long an operator's question waits: whether anybody answers is what is to be found out."""
AT_ONCE = 4
"""Relationships looked at side by side."""

MOST_EXPLAINED = 200
"""Relationships that one look at what is stuck asks; each costs a query."""
MOST_LISTED = 10_000

_RUNNING = f"WorkflowType = '{names.RELATIONSHIP}' AND ExecutionStatus = 'Running'"


def _troubled(now: datetime) -> tuple[str, ...]:
    """The server's SQL visibility knows no OR over different attributes that is quick, so each is asked by itself."""
    return (
        f"{_RUNNING} AND TemporalReportedProblems IS NOT NULL",
        f"{_RUNNING} AND {names.NEXT_DUE_AT.name} < '{now.isoformat()}'",
        f"{_RUNNING} AND {names.HEALTH.name} = '{Health.OVERDUE}'",
        f"{_RUNNING} AND {names.HEALTH.name} = '{Health.ATTENTION}'",
    )


_LAST_EVENTS = 30
"""A failed workflow task is among them: the next tries are not written down."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why nothing is happening in one relationship."""

    relationship: str
    status: str
    """The workflow's own: running, completed, terminated."""
    phase: str
    standing: str
    health: str
    awaiting: str
    next_due_at: datetime | None
    """What comes next for people."""
    next_hour_at: datetime | None
    """When time alone brings the next change."""
    pending: tuple[PendingActivity, ...]
    """Activities that are not done, with their last error."""
    waiting: int
    """Effects that wait for their next try."""
    causes: tuple[Cause, ...]
    """The worst first; the first is the answer."""


@dataclass(frozen=True, slots=True)
class StuckRow:
    """One relationship that does not move."""

    relationship: str
    code: str
    sentence: str
    evidence: str
    command: str
    next_due_at: datetime | None


class Effects(KnownEffects, Protocol):
    """The ledger, as far as causes are looked for in it."""

    async def troubled(self) -> Sequence[str]:
        """Relationships of effects that are neither done nor in anybody's hands, in the order of ids."""


class Examiner:
    """Finds out about relationships, and changes nothing."""

    def __init__(
        self, client: Client, *, ledger: Effects, people: PeopleGateway, journal: JournalGateway, task_queue: str
    ) -> None:
        """`client` converts data as ours does; `task_queue` is the one that workers here serve."""
        self._client = client
        self._ledger = ledger
        self._people = people
        self._journal = journal
        self._task_queue = task_queue
        self._polled: dict[tuple[str, TaskQueueType.ValueType], timedelta | None] = {}

    async def explain(self, relationship: str) -> Explanation:
        """Why nothing is happening, the worst cause first; costs one query. Raises CommandRejected: no such id."""
        facts = await self.facts(relationship)
        progress = facts.progress
        return Explanation(
            relationship=relationship,
            status=facts.status,
            phase=progress.relationship.phase if progress else facts.shown.phase,
            standing=facts.standing,
            health=facts.health,
            awaiting=facts.awaiting,
            next_due_at=facts.next_due_at,
            next_hour_at=progress.relationship.next_hour_at if progress else None,
            pending=facts.activities,
            waiting=len(progress.waiting) if progress else 0,
            causes=causes_of(facts),
        )

    async def stuck(self, *, limit: int = MOST_EXPLAINED) -> tuple[StuckRow, ...]:
        """What does not move, the worst first: of each relationship in trouble the cause that comes first.

        Looked at are those that a list shows as late or in need of somebody, those whose work fails, and those with
        effects that are not done; of these no more than `limit`.
        """
        self._polled.clear()
        candidates = [each async for each in self._candidates()][:limit]
        rows: list[tuple[Code, StuckRow]] = []
        for some in _batched(candidates, AT_ONCE):
            for found in await asyncio.gather(*(self._row(each) for each in some)):
                rows += found
        return tuple(row for _, row in sorted(rows, key=lambda each: (each[0].rank, _due(each[1]))))

    async def _candidates(self) -> AsyncIterator[str]:
        seen: set[str] = set()
        for query in _troubled(datetime.now(UTC)):
            try:
                async for found in self._client.list_workflows(query, limit=MOST_LISTED):
                    if found.id not in seen:
                        seen.add(found.id)
                        yield names.relationship_of(found.id)
            except RPCError as error:
                if error.status is not RPCStatusCode.INVALID_ARGUMENT:  # a server that does not know the attribute
                    raise
        for relationship in await self._ledger.troubled():
            if names.relationship_workflow_id(relationship) not in seen:
                yield relationship

    async def _row(self, relationship: str) -> list[tuple[Code, StuckRow]]:
        try:
            facts = await self.facts(relationship)
        except CommandRejected:  # an effect of something else than a relationship, or of one that is kept no more
            return []
        worst, *_ = causes_of(facts)
        if not worst.code.is_trouble:
            return []
        row = StuckRow(relationship, worst.code, worst.sentence, worst.evidence, worst.command, facts.next_due_at)
        return [(worst.code, row)]

    async def facts(self, relationship: str) -> Facts:
        """All that the engine, the relationship, the ledger, the journal and the directory tell."""
        found = await self._described(relationship)
        raw = found.raw_description
        queue = raw.workflow_execution_info.task_queue or found.task_queue
        status = found.status.name.lower() if found.status else ""
        polled = await self._since_polled(queue)
        answer, progress = Answer.NOT_ASKED, None
        if status == "running" and polled is not None and polled <= POLLED_WITHIN:
            answer, progress = await self._asked(relationship)
        return Facts(
            relationship=relationship,
            now=_own_time(raw),
            status=status,
            queue=queue,
            our_queue=self._task_queue,
            shown=_shown(found),
            polled=polled,
            ours_polled=polled if queue == self._task_queue else await self._since_polled(self._task_queue),
            task=await self._task(raw),
            activities=tuple([await self._activity(each, _own_time(raw), queue) for each in raw.pending_activities]),
            answer=answer,
            progress=progress,
            effects=Counter((await self._ledger.states(relationship)).values()),
            journaled=await self._journaled(relationship) if progress else None,
            people=await self._presences(progress) if progress else {},
            has_left=await self._has_left(found),
        )

    async def _has_left(self, found: WorkflowExecutionDescription) -> bool:
        try:
            return await departure_in(self._client, found) is not None
        except PayloadRejected:
            return False

    async def _described(self, relationship: str) -> WorkflowExecutionDescription:
        handle = self._client.get_workflow_handle(names.relationship_workflow_id(relationship))
        try:
            return await handle.describe(rpc_timeout=ASK_WITHIN)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND and "amespace" not in error.message:
                raise CommandRejected(Rejection(Refusal.UNKNOWN_RELATIONSHIP, relationship)) from None
            raise

    async def _since_polled(
        self, queue: str, kind: TaskQueueType.ValueType = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
    ) -> timedelta | None:
        """Since a worker last asked this queue for such tasks; remembered for as long as this look takes."""
        if (queue, kind) not in self._polled:
            self._polled[queue, kind] = await self._poll_age(queue, kind)
        return self._polled[queue, kind]

    async def _poll_age(self, queue: str, kind: TaskQueueType.ValueType) -> timedelta | None:
        seen = [each.asked_at for each in await pollers_of(self._client, queue, kind, within=ASK_WITHIN)]
        return max(datetime.now(UTC) - max(seen), timedelta()) if seen else None

    async def _activity(self, pending: PendingActivityInfo, now: datetime, queue: str) -> PendingActivity:
        """With what is known of its own queue, where it still waits on one."""
        found = _activity(pending, now)
        own = pending.activity_options.task_queue.name
        if found.runs is not None or found.next_attempt_at or own in ("", queue):
            return found
        waits = datetime.now(UTC) - pending.scheduled_time.ToDatetime(UTC)
        polled = await self._since_polled(own, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
        return replace(found, queue=own, waits=max(waits, timedelta()), polled=polled)

    async def _asked(self, relationship: str) -> tuple[Answer, ProgressView | None]:
        handle = self._client.get_workflow_handle(names.relationship_workflow_id(relationship))
        try:
            view = await handle.query("progress", result_type=ProgressView, rpc_timeout=ASK_WITHIN)
        except PayloadRejected:
            return Answer.UNREADABLE, None
        except WorkflowQueryFailedError as failed:
            return (Answer.UNKNOWN_QUESTION if "not found" in str(failed) else Answer.SILENT), None
        except RPCError:
            return Answer.SILENT, None
        return Answer.GIVEN, view

    async def _task(self, raw: DescribeWorkflowExecutionResponse) -> PendingTask | None:
        if not raw.HasField("pending_workflow_task"):
            return None
        task = raw.pending_workflow_task
        failure = error = ""
        if task.attempt > 1:
            failure, error = await self._last_failure(raw)
        waits = datetime.now(UTC) - task.original_scheduled_time.ToDatetime(UTC)
        return PendingTask(task.attempt, max(waits, timedelta()), failure, error)

    async def _last_failure(self, raw: DescribeWorkflowExecutionResponse) -> tuple[str, str]:
        """What the server and the worker call it; the worker's words may hold anything and are left out."""
        request = GetWorkflowExecutionHistoryReverseRequest(
            namespace=self._client.namespace,
            execution=raw.workflow_execution_info.execution,
            maximum_page_size=_LAST_EVENTS,
        )
        page = await self._client.workflow_service.get_workflow_execution_history_reverse(request, timeout=ASK_WITHIN)
        for event in page.history.events:
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
                failed = event.workflow_task_failed_event_attributes
                cause = WorkflowTaskFailedCause.Name(failed.cause)
                return cause.removeprefix("WORKFLOW_TASK_FAILED_CAUSE_"), _type_of(failed.failure)
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
                return "", ""
        return "", ""

    async def _journaled(self, relationship: str) -> int | None:
        try:
            entries = await self._journal.read(relationship)
        except OSError:
            return None
        return entries[-1].sequence if entries else 0

    async def _presences(self, progress: ProgressView) -> Mapping[Party, Presence]:
        return {party: await self._presence(person) for party, person in progress.outside.people.items()}

    async def _presence(self, person: str) -> Presence:
        found = await self._people.find(person)
        return Presence.UNKNOWN if found is None else Presence.ACTIVE if found.active else Presence.INACTIVE


def _batched(things: Sequence[str], size: int) -> list[Sequence[str]]:
    return [things[start : start + size] for start in range(0, len(things), size)]


def _due(row: StuckRow) -> datetime:
    return row.next_due_at or datetime.max.replace(tzinfo=UTC)


def _own_time(raw: DescribeWorkflowExecutionResponse) -> datetime:
    """The relationship's own time: virtual where the server skips time, else that of this computer."""
    info = raw.workflow_extended_info.time_skipping_info
    return info.current_time.ToDatetime(UTC) if info.HasField("current_time") else datetime.now(UTC)


def _shown(found: WorkflowExecutionDescription) -> Shown:
    attributes = found.typed_search_attributes
    return Shown(
        phase=attributes.get(names.PHASE) or "",
        standing=attributes.get(names.STANDING) or "",
        health=attributes.get(names.HEALTH) or "",
        awaiting=attributes.get(names.AWAITING) or "",
        next_due_at=attributes.get(names.NEXT_DUE_AT),
    )


def _activity(pending: PendingActivityInfo, now: datetime) -> PendingActivity:
    is_running = pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
    again = pending.next_attempt_schedule_time
    return PendingActivity(
        kind=pending.activity_type.name,
        attempt=pending.attempt,
        error=_type_of(pending.last_failure) if pending.HasField("last_failure") else "",
        runs=now - pending.last_started_time.ToDatetime(UTC) if is_running else None,
        next_attempt_at=again.ToDatetime(UTC) if pending.HasField("next_attempt_schedule_time") else None,
    )


def _type_of(failure: Failure) -> str:
    """The name of an error's class, of its innermost cause: names travel in clear, words do not."""
    while failure.HasField("cause"):
        failure = failure.cause
    return failure.application_failure_info.type or failure.WhichOneof("failure_info") or ""
