"""What a workflow asked of the server, in order: the part of a history that may never change for a run of the past."""

from collections.abc import Iterator

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory


def fingerprint(history: WorkflowHistory) -> list[str]:
    """The commands of a run, each with what tells it from its neighbours."""
    return [command for event in history.events for command in _commands(event)]


def _commands(event: HistoryEvent) -> Iterator[str]:
    if event.HasField("activity_task_scheduled_event_attributes"):
        yield f"activity {event.activity_task_scheduled_event_attributes.activity_type.name}"
    elif event.HasField("marker_recorded_event_attributes"):
        yield f"marker {event.marker_recorded_event_attributes.marker_name}"
    elif event.HasField("workflow_execution_update_accepted_event_attributes"):
        accepted = event.workflow_execution_update_accepted_event_attributes
        yield f"update {accepted.accepted_request.input.name}"
    for field, command in _PLAIN.items():
        if event.HasField(field):  # type: ignore[arg-type] # the names are those of the message, below
            yield command


_PLAIN = {
    "timer_started_event_attributes": "timer",
    "timer_canceled_event_attributes": "timer cancelled",
    "upsert_workflow_search_attributes_event_attributes": "search attributes",
    "workflow_execution_continued_as_new_event_attributes": "continue as new",
    "workflow_execution_completed_event_attributes": "complete",
    "workflow_execution_failed_event_attributes": "fail",
}
