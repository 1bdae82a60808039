"""Where a severe report comes in, and who may be given it. Nothing of it touches a relationship."""

import secrets
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from mentoring_lifecycle.activities.clocks import zone_named
from mentoring_lifecycle.activities.legal_clocks import may_be_reported
from mentoring_lifecycle.activities.ports import JournalGateway, PairingsGateway, PeopleGateway
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import Handling, OpenCase, SevereReport, open_case
from mentoring_lifecycle.contracts.receipts import CHANCE_BYTES, Receipt, read_receipt, receipt_from
from mentoring_lifecycle.contracts.record import read_record
from mentoring_lifecycle.domain.commands import Severity
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.starter.answers import CERTAINLY_NOT, CommandRejected, ReportUnknown
from mentoring_lifecycle.starter.checks import require_identifiers
from mentoring_lifecycle.starter.conflicts import conflicted
from mentoring_lifecycle.workflows.case import Case


@dataclass(frozen=True, slots=True)
class Reported:
    """A report that is durable."""

    case: str
    receipt: str = field(default="", repr=False)
    """The code by which an anonymous reporter finds back to it, kept nowhere else; empty for a named one."""
    emergency_contacts: tuple[str, ...] = ()
    """Whom to call first; empty where nobody is in danger. To be shown before anything else."""


def new_receipt() -> str:
    """A receipt code for an anonymous report that is yet to be made; never a guessable one."""
    return receipt_from(secrets.token_bytes(CHANCE_BYTES)).code


class Intake:
    """Takes severe reports, for one installation."""

    def __init__(
        self,
        client: Client,
        task_queue: str,
        people: PeopleGateway,
        journal: JournalGateway | None,
        handling: Handling,
        pairings: PairingsGateway | None = None,
    ) -> None:
        """`client` is one of the cases' own namespace; `journal` or `pairings` tell who the pair is."""
        self._client = client
        self._task_queue = task_queue
        self._people = people
        self._journal = journal
        self._handling = handling
        self._pairings = pairings

    async def take(self, report: SevereReport, receipt: str) -> Reported:
        """Returns once the report is durable, and never before. Raises CommandRejected, or ReportUnknown."""
        known = _receipt_of(report, receipt)
        report = replace(report, case=known.case if known else report.case or str(uuid.uuid4()))
        reported = Reported(report.case, known.code if known else "")
        opened = await self._judged(report, known.lock if known else "")
        await self._accept(opened, reported)
        in_danger = opened.severity is Severity.S4
        return replace(reported, emergency_contacts=opened.handling.profile.emergency_contacts if in_danger else ())

    async def _judged(self, report: SevereReport, lock: str) -> OpenCase:
        require_identifiers(case=report.case)
        if report.relationship:
            require_identifiers(relationship=report.relationship)
        programme, pair = await self._known_of(report.relationship) if report.relationship else ("", ())
        opened = open_case(report, await self._handling_of(report, programme, pair), pair, lock)
        if isinstance(opened, Rejection):
            raise CommandRejected(opened)
        return opened

    async def _accept(self, opened: OpenCase, reported: Reported) -> None:
        try:
            await self._client.start_workflow(
                Case.run,
                opened,
                id=names.case_workflow_id(reported.case),
                task_queue=self._task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            )
        except WorkflowAlreadyStartedError:
            return  # it was the same report
        except RPCError as error:
            if error.status in CERTAINLY_NOT:
                raise
            raise ReportUnknown(reported.case, reported.receipt, error.status.name) from None

    async def _handling_of(self, report: SevereReport, programme: str, pair: tuple[str, ...]) -> Handling:
        """By the programme's law; and who may not handle it, as a part of it or of somebody's reporting chain."""
        involved = (report.by, report.about, *pair)
        handling = self._handling.under(programme)
        barred = await conflicted(self._people, handling.handlers, involved)
        # The contact is from outside, so that a chain does not bar them: only being named in it does.
        named = (handling.contact,) if handling.contact in involved else ()
        return replace(handling, conflicted=tuple(dict.fromkeys((*barred, *named))))

    async def _known_of(self, relationship: str) -> tuple[str, tuple[str, ...]]:
        """Its programme and the two, as far as that is known here."""
        record = read_record(relationship, await self._journal.read(relationship)) if self._journal else None
        if record is None:
            # The journal is written at the turn of a page; what has just begun is known where places are taken.
            taken = await self._pairings.find(relationship) if self._pairings else None
            return (taken.programme, (taken.mentor, taken.mentee)) if taken else ("", ())
        opened = record.opened
        law = self._handling.under(opened.programme)
        if record.closed_at and not _may_be_reported(record.closed_at, law):
            raise CommandRejected(Rejection(Refusal.REPORTED_TOO_LATE, str(law.profile.report_months)))
        return opened.programme, (opened.mentor.person, opened.mentee.person)


def _may_be_reported(closed_at: datetime, law: Handling) -> bool:
    return may_be_reported(closed_at, datetime.now(UTC), law.profile, zone_named(law.zone) or ZoneInfo("UTC"))


def _receipt_of(report: SevereReport, receipt: str) -> Receipt | None:
    """None for a named report, which needs none."""
    if report.by and not receipt:
        return None
    known = read_receipt(receipt or new_receipt())
    if isinstance(known, Rejection):
        raise CommandRejected(known)
    if report.by or report.case not in ("", known.case):
        raise CommandRejected(Rejection(Refusal.ANONYMOUS_HAS_RECEIPT))
    return known
