"""What a life cost: history events and billable Actions, counted from its histories and never estimated."""

from dataclasses import dataclass

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from mentoring_lifecycle.contracts.names import relationship_workflow_id

_VIRTUAL_TIME = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
)
"""Written when an embedded server skips time; no real life has them."""

_BILLED = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of all runs of one relationship together."""

    runs: int
    events: int
    actions: int


async def cost_of(client: Client, relationship: str) -> Cost:
    """Counted over every run that the server still keeps."""
    workflow_id = relationship_workflow_id(relationship)
    runs = events = actions = 0
    async for found in client.list_workflows(f"WorkflowId = '{workflow_id}'"):
        history = await client.get_workflow_handle(workflow_id, run_id=found.run_id).fetch_history()
        real = [event for event in history.events if event.event_type not in _VIRTUAL_TIME]
        runs += 1
        events += len(real)
        actions += actions_in(real)
    return Cost(runs, events, actions)


def actions_in(events: list[HistoryEvent]) -> int:
    """Starts, activities, timers, updates, signals and upserts; one more per task that used local activities."""
    billed = sum(event.event_type in _BILLED for event in events)
    markers = [event for event in events if event.HasField("marker_recorded_event_attributes")]
    return billed + len({event.marker_recorded_event_attributes.workflow_task_completed_event_id for event in markers})
