"""Running relationships, reached through Temporal."""

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from mentoring_lifecycle.contracts.claims import ClaimKeys, Signer
from mentoring_lifecycle.contracts.names import relationship_workflow_id
from mentoring_lifecycle.contracts.refusals import rejection_in
from mentoring_lifecycle.domain.authorisation import Channel
from mentoring_lifecycle.domain.commands import Hold
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE


class TemporalRelationships:
    """Sends the same Update, in the same words, as a hold placed by hand."""

    def __init__(self, client: Client, claims: ClaimKeys | None = None) -> None:
        self._client = client
        self._signer = Signer(claims, Channel.OFFICE)

    async def hold(self, relationship: str, *, command_id: str) -> None:
        """Place an ordinary hold; nothing is done where it is held, ended or unknown already."""
        command = Hold(PROGRAMME_OFFICE)
        workflow_id = relationship_workflow_id(relationship)
        said = self._signer.arguments(command, workflow_id=workflow_id, name=command.kind, command_id=command_id)
        try:
            await self._client.get_workflow_handle(workflow_id).execute_update(command.kind, args=said, id=command_id)
        except WorkflowUpdateFailedError as error:
            if rejection_in(error.cause) is None:
                raise
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
