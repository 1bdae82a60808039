"""Verifies the audit chains of the cases: each by itself, and against how far the case itself says it has come."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from mentoring_lifecycle.activities.ports import CaseAuditGateway
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.domain.cases.audit import AuditMark, AuditRow, Finding, Problem, findings
from mentoring_lifecycle.starter.answers import ANSWER_WITHIN, NOBODY_ANSWERED, OutcomeUnknown


@dataclass(frozen=True, slots=True)
class Verified:
    """What was seen of one chain."""

    case: str
    rows: int
    waiting: int
    """Rows that the case still carries, because the database was away."""
    against_the_case: bool
    """False: the case is no longer kept, or was not asked, so that nobody can tell whether the last rows are there."""
    hash: str
    """Of the last row; noted elsewhere, it shows later that nothing up to here was written anew."""
    findings: tuple[Finding, ...]


class Auditor:
    """Looks at chains. `client` is one of the cases' namespace; None: the rows alone are looked at."""

    def __init__(self, audit: CaseAuditGateway, client: Client | None, task_queue: str = "mentoring-cases") -> None:
        self._audit = audit
        self._client = client
        self._task_queue = task_queue

    async def verify(self, cases: Collection[str] = ()) -> tuple[Verified, ...]:
        """These cases, or all that are kept anywhere. Raises OutcomeUnknown where no worker answers."""
        return tuple([await self._verify(case) for case in cases or await self._all()])

    async def _all(self) -> Sequence[str]:
        """Those with rows, and those without: a chain may be gone altogether."""
        found = {*await self._audit.cases()}
        if self._client:
            ours = f"WorkflowType = '{names.CASE}' AND TaskQueue = '{self._task_queue}'"
            found |= {names.case_of(each.id) async for each in self._client.list_workflows(ours)}
        return sorted(found)

    async def _verify(self, case: str) -> Verified:
        mark = await self._mark(case)
        rows = await self._audit.read(case)
        problems = list(findings(case, rows, mark))
        if mark and rows and rows[-1].sequence > mark.sequence:  # it has gone on meanwhile, or somebody has added rows
            mark = await self._mark(case)
            problems += [each for each in _beyond(case, rows, mark) if each not in problems]
        return Verified(
            case=case,
            rows=len(rows),
            waiting=max(0, mark.sequence - rows[-1].sequence if rows else mark.sequence) if mark else 0,
            against_the_case=mark is not None,
            hash=rows[-1].hash if rows else "",
            findings=tuple(problems),
        )

    async def _mark(self, case: str) -> AuditMark | None:
        if self._client is None:
            return None
        return await mark_of(self._client.get_workflow_handle(names.case_workflow_id(case)))


async def mark_of(handle: WorkflowHandle[Any, Any]) -> AuditMark | None:
    """How far a case says that its chain has come; None where there is no such case any more."""
    try:
        mark: AuditMark = await handle.query("mark", result_type=AuditMark, rpc_timeout=ANSWER_WITHIN)
        return mark
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND and "amespace" not in error.message:
            return None
        if error.status in NOBODY_ANSWERED:
            raise OutcomeUnknown("") from error
        raise


def _beyond(case: str, rows: Sequence[AuditRow], mark: AuditMark | None) -> Sequence[Finding]:
    if mark is None:
        return ()
    known = [row for row in rows if row.sequence <= mark.sequence]
    added = [Finding(case, row.sequence, Problem.FOREIGN) for row in rows if row.sequence > mark.sequence]
    return (*findings(case, known, mark), *added)
