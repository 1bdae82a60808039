"""Running relationships, reached through Temporal."""

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from mentoring_lifecycle.contracts.claims import ClaimKeys, Signer
from mentoring_lifecycle.contracts.names import relationship_workflow_id
from mentoring_lifecycle.contracts.refusals import rejection_in
from mentoring_lifecycle.domain.authorisation import Channel
from mentoring_lifecycle.domain.commands import Hold, Lift
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from mentoring_lifecycle.gateways.departures_temporal import has_departed


class TemporalRelationships:
    """Sends the same Updates, in the same words, as a hold placed and lifted by hand."""

    def __init__(self, client: Client, claims: ClaimKeys | None = None) -> None:
        self._client = client
        self._signer = Signer(claims, Channel.OFFICE)

    async def hold(self, relationship: str, *, seal: str, command_id: str) -> Refusal | None:
        """Place an ordinary hold; what it was refused for, if it was."""
        return await self._say(relationship, Hold(PROGRAMME_OFFICE, seal), command_id)

    async def lift(self, relationship: str, *, seal: str, command_id: str) -> Refusal | None:
        """Take it back; what that was refused for, if it was."""
        return await self._say(relationship, Lift(PROGRAMME_OFFICE, seal), command_id)

    async def _say(self, relationship: str, command: Hold | Lift, command_id: str) -> Refusal | None:
        workflow_id = relationship_workflow_id(relationship)
        said = self._signer.arguments(command, workflow_id=workflow_id, name=command.kind, command_id=command_id)
        try:
            await self._client.get_workflow_handle(workflow_id).execute_update(command.kind, args=said, id=command_id)
        except WorkflowUpdateFailedError as error:
            if rejection := rejection_in(error.cause):
                return rejection.code
            raise
        except RPCError as error:
            # A namespace that is missing is no relationship that has ended: somebody has to set it up.
            if error.status is not RPCStatusCode.NOT_FOUND or "amespace" in error.message:
                raise
            return await self._why_not_here(relationship)
        return None

    async def _why_not_here(self, relationship: str) -> Refusal:
        """Where it has only moved, what is asked must not be taken for done with: it is asked again."""
        try:
            return Refusal.MOVED if await has_departed(self._client, relationship) else Refusal.UNKNOWN_RELATIONSHIP
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return Refusal.UNKNOWN_RELATIONSHIP
