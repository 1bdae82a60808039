"""What became of a relationship whose workflow is over here: ended as its story told, or moved elsewhere."""

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus

from mentoring_lifecycle.contracts.moves import Departure
from mentoring_lifecycle.contracts.names import relationship_workflow_id
from mentoring_lifecycle.contracts.views import RelationshipView


async def has_departed(client: Client, relationship: str) -> bool:
    """Whether it goes on in another installation. Raises RPCError where nothing is known of it here."""
    described = await client.get_workflow_handle(relationship_workflow_id(relationship)).describe()
    return await departure_in(client, described) is not None


async def departure_in(client: Client, described: WorkflowExecutionDescription) -> Departure | None:
    """By which move the described run left, with what; None where it is under way, or ended in any other way.

    Raises PayloadRejected where it cannot be read with the keys at hand.
    """
    if described.status is not WorkflowExecutionStatus.COMPLETED:
        return None
    # A union is no class; pydantic's converter takes it as one.
    ends_with: type[Departure | RelationshipView] = Departure | RelationshipView  # type: ignore[assignment]
    run = client.get_workflow_handle(described.id, run_id=described.run_id, result_type=ends_with)
    ended = await run.result(follow_runs=False)
    return ended if isinstance(ended, Departure) else None
