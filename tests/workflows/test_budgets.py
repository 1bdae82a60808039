"""What a standard life costs, counted from its histories. Any new event fails here: pay for it or leave it out.

Counted in the dearest case, in which mail and calendar never come back in one workflow task; where they do, each time
saves three events. Events of virtual time are not counted: no relationship outside of tests has them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from .life import QuickLife, events_of, kinds_of

MOST_EVENTS, MOST_ACTIONS, MOST_TRANSITIONS = 700, 165, 400
MOST_EVENTS_PER_SESSION, MOST_ACTIONS_PER_SESSION = 52, 12

HUMAN_ANSWERS = 32
"""Two that accept, two signatures, a proposal and its agreement, 24 confirmations, two that look back."""


@dataclass(frozen=True)
class Bill:
    """What some runs cost."""

    events: int
    actions: int
    transitions: int


def bill(runs: Sequence[WorkflowHistory]) -> Bill:
    """Counted by the rules of the engine's own price list; see docs of Temporal Cloud for what an Action is."""
    events = events_of(runs)
    kinds = kinds_of(events)
    started, activities = kinds["WORKFLOW_EXECUTION_STARTED"], kinds["ACTIVITY_TASK_SCHEDULED"]
    updates = kinds["WORKFLOW_EXECUTION_UPDATE_ACCEPTED"]
    upserts = kinds["UPSERT_WORKFLOW_SEARCH_ATTRIBUTES"]
    actions = started + activities + kinds["TIMER_STARTED"] + updates + upserts + _tasks_with_markers(runs)
    return Bill(len(events), actions, 1 + 2 * started + 4 * activities + 3 * kinds["TIMER_FIRED"] + updates)


def _tasks_with_markers(runs: Sequence[WorkflowHistory]) -> int:
    """Local activities of one workflow task are one Action together."""
    return sum(len({_task_of(event) for event in run.events if _is_marker(event)}) for run in runs)


def _is_marker(event: HistoryEvent) -> bool:
    return event.HasField("marker_recorded_event_attributes")


def _task_of(event: HistoryEvent) -> int:
    return event.marker_recorded_event_attributes.workflow_task_completed_event_id


@pytest.fixture
async def runs(standard_life: QuickLife) -> list[WorkflowHistory]:
    return await standard_life.runs()


def session_runs(runs: Sequence[WorkflowHistory]) -> list[WorkflowHistory]:
    """The runs that go from one settled session to the next: onboarding, rules, goals and the first session before
    them, the last session and the closing after."""
    return list(runs[4:-2])


def test_the_life_is_the_one_that_was_agreed_on(runs: list[WorkflowHistory]) -> None:
    """Sixteen runs, 32 human answers, ten of the runs from one settled session to the next."""
    kinds = kinds_of(events_of(runs))
    assert (len(runs), kinds["WORKFLOW_EXECUTION_UPDATE_ACCEPTED"]) == (16, HUMAN_ANSWERS)
    assert len(session_runs(runs)) == 10
    assert kinds["WORKFLOW_TASK_FAILED"] == kinds["WORKFLOW_TASK_TIMED_OUT"] == 0


def test_a_life_costs_exactly_so_much(runs: list[WorkflowHistory]) -> None:
    """To the event and to the Action."""
    assert bill(runs) == Bill(events=699, actions=165, transitions=323)


def test_a_session_costs_exactly_so_much(runs: list[WorkflowHistory]) -> None:
    """Invited, reminded, asked about, confirmed by both, settled; after the last but one no further time is found."""
    bills = [(bill([run]).events, bill([run]).actions) for run in session_runs(runs)]
    assert bills == [(47, 11)] * 9 + [(46, 11)]


def test_the_budget_is_kept(runs: list[WorkflowHistory]) -> None:
    """What the design allows."""
    whole = bill(runs)
    assert whole.events <= MOST_EVENTS
    assert whole.actions <= MOST_ACTIONS
    assert whole.transitions <= MOST_TRANSITIONS
    for run in session_runs(runs):
        assert bill([run]).events <= MOST_EVENTS_PER_SESSION
        assert bill([run]).actions <= MOST_ACTIONS_PER_SESSION


async def test_the_server_counts_no_more_transitions_than_we_do(
    standard_life: QuickLife, runs: list[WorkflowHistory]
) -> None:
    """Commits to its database, as it counts them itself, those of virtual time included."""
    client = standard_life.clock.client
    handles = [client.get_workflow_handle(standard_life.workflow_id, run_id=run.run_id) for run in runs]
    infos = [(await handle.describe()).raw_description.workflow_execution_info for handle in handles]
    assert sum(info.state_transition_count for info in infos) <= MOST_TRANSITIONS


def test_a_marker_more_would_be_noticed(runs: list[WorkflowHistory]) -> None:
    """The count itself can fail: one run less costs less."""
    assert bill(runs[:-1]).events < bill(runs).events
