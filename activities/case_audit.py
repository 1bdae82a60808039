"""Keeps the audit chains of the cases."""

from temporalio import activity

from mentoring_lifecycle.activities.activity_log import log
from mentoring_lifecycle.activities.ports import AuditConflict, CaseAuditGateway
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import AuditKept, AuditTail


class CaseAuditActivities:
    """The audit chains."""

    def __init__(self, audit: CaseAuditGateway) -> None:
        self._audit = audit

    @activity.defn(name=names.APPEND_CASE_AUDIT)
    async def append(self, tail: AuditTail) -> AuditKept:
        """Keep the rows; those already there are skipped, so asking twice is harmless. A conflict is told loudly."""
        try:
            return AuditKept(await self._audit.append(tail.rows))
        except AuditConflict as conflict:
            log.error("case_audit_conflict", case=conflict.case, sequence=conflict.sequence)
            raise
