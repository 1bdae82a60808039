"""The way back to a report, for whoever made it."""

from temporalio.client import Client

from mentoring_lifecycle.contracts.claims import Signer
from mentoring_lifecycle.contracts.follow_up import FollowUp, Proof
from mentoring_lifecycle.domain.cases import commands as k
from mentoring_lifecycle.domain.cases.attachments import Attachment
from mentoring_lifecycle.starter.case_handle import CaseHandle


class FollowUpHandle:
    """One report, for whoever made it; everybody else is answered as if there were none.

    Raises CommandRejected when the domain refuses, OutcomeUnknown when no worker answered in time.
    """

    def __init__(self, client: Client, case: str, proof: Proof, signer: Signer | None = None) -> None:
        self._case = CaseHandle(client, case, signer)
        self._proof = proof

    async def read(self) -> FollowUp:
        """Whether a person has read it, whether it is concluded, and what was written; nothing else of the case."""
        return await self._case.follow_up(self._proof)

    async def write(self, words: str, *, attachments: tuple[Attachment, ...] = (), command_id: str = "") -> FollowUp:
        """Write to whoever handles it, who is told so; also when it is concluded."""
        command = k.WriteAsReporter(self._proof.by, words, self._proof.key, attachments)
        await self._case.do(command, command_id)
        return await self.read()

    async def withdraw(self, *, command_id: str = "") -> FollowUp:
        """Withdraw the report; nothing is deleted, and what is grave may be handled to its end."""
        await self._case.do(k.Withdraw(self._proof.by, self._proof.key), command_id)
        return await self.read()
