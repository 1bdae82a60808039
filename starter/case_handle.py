"""One case, for whoever handles it or made the report."""

import uuid
from typing import Any

from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError, RPCStatusCode

from mentoring_lifecycle.activities.ports import CaseAuditGateway
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import CaseView
from mentoring_lifecycle.contracts.claims import Request, Signer
from mentoring_lifecycle.contracts.follow_up import FollowUp, Proof
from mentoring_lifecycle.contracts.refusals import rejection_in
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.cases import commands as k
from mentoring_lifecycle.domain.cases.attachments import Attachment
from mentoring_lifecycle.domain.cases.audit import findings
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.starter.answers import ANSWER_WITHIN, NOBODY_ANSWERED, CommandRejected, OutcomeUnknown
from mentoring_lifecycle.starter.case_audit import mark_of
from mentoring_lifecycle.starter.case_copy import CaseCopy


class CaseHandle:
    """One case. `by` is always a person id; whoever was not told of a case is answered as if there were none.

    Acts return how it stands afterwards. Raises CommandRejected when the domain refuses, OutcomeUnknown when no worker
    answered in time.
    """

    def __init__(
        self, client: Client, case: str, signer: Signer | None = None, audit: CaseAuditGateway | None = None
    ) -> None:
        self.id = case
        self._signer = signer or Signer()
        self._audit = audit
        self._workflow_id = names.case_workflow_id(case)
        self._handle = client.get_workflow_handle(self._workflow_id)

    async def acknowledge(self, *, by: str, command_id: str = "") -> CaseView:
        """Take note; whoever of those who were told does so first has the case."""
        return _seen(await self.do(k.Acknowledge(by), command_id))

    async def triage(
        self,
        *,
        by: str,
        track: k.LegalTrack,
        severity: c.Severity | None = None,
        reason: k.LoweringReason | None = None,
        command_id: str = "",
    ) -> CaseView:
        """Judge how grave it is and which law it falls under; lower than it stands only with a reason."""
        return _seen(await self.do(k.Triage(by, track, severity, reason), command_id))

    async def start_investigation(self, *, by: str, command_id: str = "") -> CaseView:
        """Begin to look into it."""
        return _seen(await self.do(k.StartInvestigation(by), command_id))

    async def refer(self, *, by: str, to: k.ReferredTo, command_id: str = "") -> CaseView:
        """Note where a person has taken it."""
        return _seen(await self.do(k.Refer(by, to), command_id))

    async def decide_outcome(
        self, *, by: str, outcome: k.CaseOutcome, reason: k.NoActionReason | None = None, command_id: str = ""
    ) -> CaseView:
        """Say what came of it; nothing is done to anybody by this."""
        return _seen(await self.do(k.DecideOutcome(by, outcome, reason), command_id))

    async def give_feedback(self, *, by: str, command_id: str = "") -> CaseView:
        """Note that whoever reported has been told what came of it."""
        return _seen(await self.do(k.GiveFeedback(by), command_id))

    async def withdraw(self, *, by: str, command_id: str = "") -> CaseView | None:
        """Withdraw the report, as whoever made it or as the handler; the reporter is shown nothing of the case."""
        return await self.do(k.Withdraw(by), command_id)

    async def reopen(self, *, by: str, command_id: str = "") -> CaseView:
        """Take up again what had been concluded."""
        return _seen(await self.do(k.Reopen(by), command_id))

    async def reassign(
        self, *, by: str, reason: k.ReassignReason, to: str = "", command_id: str = ""
    ) -> CaseView | None:
        """Give it to somebody else, by default to whoever is next; after a conflict one is shown nothing more of it."""
        return await self.do(k.Reassign(by, reason, to), command_id)

    async def write(
        self, words: str, *, by: str, attachments: tuple[Attachment, ...] = (), command_id: str = ""
    ) -> CaseView:
        """Write to whoever reported, who reads it when they look; also when the case is concluded."""
        return _seen(await self.do(k.WriteAsHandler(by, words, attachments), command_id))

    async def note_messages(self, *, by: str, command_id: str = "") -> CaseView:
        """Note that what whoever reported wrote was read; of the next message a letter tells again."""
        return _seen(await self.do(k.NoteMessages(by), command_id))

    async def hold(self, *, by: str, urgent: bool = False, command_id: str = "") -> CaseView:
        """Put the relationships it concerns on hold like any other: at once, or at some hour within two days."""
        return _seen(await self.do(k.PlaceHold(by, urgent), command_id))

    async def lift(self, *, by: str, urgent: bool = False, command_id: str = "") -> CaseView:
        """Take back what this case holds; what others hold stays."""
        return _seen(await self.do(k.LiftHold(by, urgent), command_id))

    async def block(self, *, by: str, urgent: bool = False, command_id: str = "") -> CaseView:
        """Never pair the two again, in any programme, and hold what else they have with each other."""
        return _seen(await self.do(k.BlockPair(by, urgent), command_id))

    async def unblock(self, *, by: str, command_id: str = "") -> CaseView:
        """Take back what this case put on the block list; what others put there stays, and so do holds."""
        return _seen(await self.do(k.UnblockPair(by), command_id))

    async def do(self, command: k.CaseCommand, command_id: str = "") -> CaseView | None:
        """Any act as a value; None where whoever asked may not see the case (any more)."""
        command_id = command_id or str(uuid.uuid4())
        try:
            view: CaseView | None = await self._handle.execute_update(
                names.ACT_ON_CASE,
                args=self._signer.arguments(
                    command, workflow_id=self._workflow_id, name=names.ACT_ON_CASE, command_id=command_id
                ),
                id=command_id,
                result_type=CaseView | None,  # type: ignore[arg-type]  # pydantic's converter takes it as a class
                rpc_timeout=ANSWER_WITHIN,
            )
            return view
        except WorkflowUpdateFailedError as error:
            if rejection := rejection_in(error.cause):
                raise CommandRejected(rejection) from None
            raise
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            raise OutcomeUnknown(command_id) from error
        except RPCError as error:
            raise _of_a_case(error, command_id) from error

    async def read(self, *, by: str) -> CaseView:
        """Everything about it, the words of the report among them; that it was read stands in the audit chain."""
        return _seen(await self.do(k.Read(by)))

    async def outline(self, *, by: str) -> CaseView:
        """How it stands and what is due, without a word of anybody; leaves no trace."""
        return _seen(await self.look(by=by))

    async def look(self, *, by: str) -> CaseView | None:
        """The same, or None where there is nothing for this person to see."""
        view: CaseView | None = await self._query("read", CaseView | None, by)
        return view

    async def follow_up(self, proof: Proof) -> FollowUp:
        """What whoever reported may see of it."""
        seen: FollowUp | None = await self._query("look", FollowUp | None, proof)
        if seen is None:
            raise CommandRejected(Rejection(Refusal.UNKNOWN_CASE))
        return seen

    async def take_copy(self, *, by: str, command_id: str = "") -> CaseCopy:
        """Everything about it, to be taken elsewhere; that it was taken stands in the audit chain, and in the copy.

        Without a client that knows the `audit` database there are no rows in it, and nothing is verified.
        """
        view = _seen(await self.do(k.TakeCopy(by), command_id))
        rows = await self._audit.read(self.id) if self._audit else ()
        problems = findings(self.id, rows, await mark_of(self._handle)) if self._audit else ()
        return CaseCopy(view, tuple(await self.timeline(by=by)), tuple(rows), problems)

    async def concerns(self, person: str, *, by: str) -> bool:
        """Whether it is about this person, as far as `by` may know."""
        is_so: bool = await self._query("concerns", bool, by, person)
        return is_so

    async def timeline(self, *, by: str) -> "list[str]":
        """What has happened, oldest first."""
        lines: list[str] = await self._query("timeline", list[str], by)
        if not lines:
            raise CommandRejected(Rejection(Refusal.UNKNOWN_CASE))
        return lines

    async def _query(self, name: str, result: Any, asker: str | Proof, *more: str) -> Any:
        by = asker.by if isinstance(asker, Proof) else asker
        claim = self._signer.token(by, Request(self._workflow_id, name))
        try:
            shown = await self._handle.query(
                name, args=[asker, *more, claim], result_type=result | Rejection, rpc_timeout=ANSWER_WITHIN
            )
        except RPCError as error:
            raise _of_a_case(error, "") from error
        if isinstance(shown, Rejection):
            raise CommandRejected(shown)
        return shown


def _seen(view: CaseView | None) -> CaseView:
    if view is None:
        raise CommandRejected(Rejection(Refusal.UNKNOWN_CASE))
    return view


def _of_a_case(error: RPCError, command_id: str) -> Exception:
    """A case that never was, one that is no longer kept, and one that is not for them sound the same."""
    if error.status is RPCStatusCode.NOT_FOUND and "amespace" not in error.message:
        return CommandRejected(Rejection(Refusal.UNKNOWN_CASE))
    if error.status in NOBODY_ANSWERED:
        return OutcomeUnknown(command_id)
    return error
