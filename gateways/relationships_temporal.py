"""Running relationships, reached through Temporal."""

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from mentoring_lifecycle.contracts.names import relationship_workflow_id
from mentoring_lifecycle.contracts.refusals import rejection_in
from mentoring_lifecycle.domain.commands import Hold
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE


class TemporalRelationships:
    """Sends the same Update, in the same words, as a hold placed by hand."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def hold(self, relationship: str, *, command_id: str) -> None:
        """Place an ordinary hold; nothing is done where it is held, ended or unknown already."""
        command = Hold(PROGRAMME_OFFICE)
        handle = self._client.get_workflow_handle(relationship_workflow_id(relationship))
        try:
            await handle.execute_update(command.kind, command, id=command_id)
        except WorkflowUpdateFailedError as error:
            if rejection_in(error.cause) is None:
                raise
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
