"""The exporter: figures that add up, labels that name nobody, and an exporter that outlives its server."""

import asyncio
import re
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import reduce
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from temporalio.api.taskqueue.v1 import PollerInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from mentoring_lifecycle.activities.ports import LedgerState, LedgerTroubles, RefusedFor
from mentoring_lifecycle.contracts.names import NEXT_DUE_AT
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.events import Phase
from mentoring_lifecycle.domain.evolution import evolve, opened
from mentoring_lifecycle.domain.relationship import Relationship
from mentoring_lifecycle.settings import Settings
from mentoring_lifecycle.starter.endpoints import serve
from mentoring_lifecycle.starter.exporter import Figures, Sources, read_figures, refresh_forever
from mentoring_lifecycle.workflows import showing
from tests.builders import ACTIVE, COORDINATOR, MENTEE, MENTOR, any_life, life

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CLAUSE = re.compile(r"(\w+) ([=<]) '((?:[^']|'')*)'")


@dataclass
class Visibility:
    """Answers the queries of the exporter from rows of search attributes, as the server's SQL store does."""

    rows: list[dict[str, str]] = field(default_factory=list)
    down: bool = False
    polled: list[datetime] = field(default_factory=list)
    """When each worker asked for tasks of any kind on the queue of everything."""
    polled_for_mail: list[datetime] = field(default_factory=list)
    """And on that of the letters."""
    is_old: bool = False
    """It knows no reported problems."""
    namespace: str = "mentoring"

    @property
    def workflow_service(self) -> "Visibility":
        return self

    async def describe_task_queue(
        self, request: DescribeTaskQueueRequest, *, timeout: timedelta | None = None
    ) -> DescribeTaskQueueResponse:
        assert request.namespace == "mentoring"
        polled = {"mentoring": self.polled, "mentoring-mail": self.polled_for_mail}[request.task_queue.name]
        stamps = [Timestamp() for _ in polled]
        for stamp, at in zip(stamps, polled, strict=True):
            stamp.FromDatetime(at)
        return DescribeTaskQueueResponse(pollers=[PollerInfo(last_access_time=stamp) for stamp in stamps])

    def matching(self, query: str) -> list[dict[str, str]]:
        clauses = [CLAUSE.fullmatch(part) for part in query.split(" AND ")]
        assert all(clauses), query
        tests = [cast("re.Match[str]", clause).groups() for clause in clauses]
        return [row for row in self.rows if all(self.holds(row, *test) for test in tests)]

    def holds(self, row: Mapping[str, str], name: str, sign: str, value: str) -> bool:
        present, wanted = row.get(name), value.replace("''", "'")
        if present is None:
            return False
        return (
            wanted in present.split("|")
            if sign == "="
            else datetime.fromisoformat(present) < datetime.fromisoformat(wanted)
        )

    async def count_workflows(self, query: str) -> Any:
        if self.down:
            raise ConnectionError("down")
        if self.is_old and "TemporalReportedProblems" in query:
            raise RPCError("no such attribute", RPCStatusCode.INVALID_ARGUMENT, b"")
        return SimpleNamespace(count=len(self.matching(query)))

    async def list_workflows(self, query: str, *, limit: int, page_size: int) -> AsyncIterator[Any]:
        for row in self.matching(query)[:limit]:
            due = SearchAttributePair(NEXT_DUE_AT, datetime.fromisoformat(row["MentoringNextDueAt"]))
            yield SimpleNamespace(typed_search_attributes=TypedSearchAttributes([due]))


def relationship(**attributes: str) -> dict[str, str]:
    named = {f"Mentoring{name}": value for name, value in attributes.items()}
    return {"WorkflowType": "MentoringRelationship", "ExecutionStatus": "Running", **named}


async def no_effects() -> Mapping[LedgerState, int]:
    return {}


async def no_programmes() -> Sequence[str]:
    return []


async def no_troubles() -> LedgerTroubles:
    return LedgerTroubles(timedelta(), dict.fromkeys(RefusedFor, 0))


def sources(**others: Any) -> Sources:
    empty: dict[str, Any] = {"effects": no_effects, "troubles": no_troubles, "programmes": no_programmes}
    return Sources(**empty | others, task_queue="mentoring")


async def figures_of(visibility: Visibility, **others: Any) -> dict[str, float]:
    """Every sample under its name and labels, as a scrape shows it."""
    return samples(await read_figures(cast("Client", visibility), sources(**others), NOW))


def samples(metrics: Sequence[Metric]) -> dict[str, float]:
    return {" ".join([each.name, *each.labels.values()]): each.value for metric in metrics for each in metric.samples}


async def test_every_relationship_is_counted_in_its_phase() -> None:
    """Open relationships count by phase, standing, health and who is awaited; values without any are 0."""
    rows = [
        relationship(Phase="active", Standing="normal", Health="ok", Awaiting="nobody"),
        relationship(Phase="active", Standing="on_hold", Health="ok", Awaiting="nobody"),
        relationship(Phase="goals", Standing="normal", Health="waiting", Awaiting="mentor"),
    ]
    figures = await figures_of(Visibility(rows))
    assert figures["mentoring_relationships active"] == 2
    assert figures["mentoring_relationships goals"] == 1
    assert figures["mentoring_relationships onboarding"] == 0
    assert figures["mentoring_relationships_by_standing on_hold"] == 1
    assert figures["mentoring_relationships_by_health waiting"] == 1
    assert figures["mentoring_relationships_awaiting nobody"] == 2
    assert sum(value for name, value in figures.items() if name.startswith("mentoring_relationships ")) == 3


async def test_only_finished_runs_count_as_closed() -> None:
    """A run that continued as new or was terminated counts nowhere, a completed one counts as closed."""
    ended = [
        relationship(Phase="closed") | {"ExecutionStatus": "Completed"},
        relationship(Phase="active") | {"ExecutionStatus": "ContinuedAsNew"},
        relationship(Phase="active") | {"ExecutionStatus": "Terminated"},
        relationship(Phase="active") | {"WorkflowType": "SomethingElse"},
    ]
    figures = await figures_of(Visibility(ended))
    assert figures["mentoring_relationships closed"] == 1
    assert figures["mentoring_relationships active"] == 0


async def test_overdue_and_how_long() -> None:
    """A relationship is overdue once its next due has passed; the oldest tells the age."""
    dues = [NOW + timedelta(days=1), NOW - timedelta(hours=2), NOW - timedelta(days=3)]
    figures = await figures_of(Visibility([relationship(NextDueAt=due.isoformat()) for due in dues]))
    assert figures["mentoring_relationships_overdue"] == 2
    assert figures["mentoring_oldest_due_seconds"] == timedelta(days=3).total_seconds()


async def test_nothing_overdue_is_no_age() -> None:
    """With nothing overdue both figures are 0."""
    figures = await figures_of(Visibility([relationship(Phase="active")]))
    assert (figures["mentoring_relationships_overdue"], figures["mentoring_oldest_due_seconds"]) == (0, 0)


async def test_small_programmes_are_not_shown() -> None:
    """A programme appears from its fifth relationship on, so that no figure points at people."""

    async def programmes() -> Sequence[str]:
        return ["tiny", "women's circle"]

    rows = [relationship(Programme="tiny")] * 4 + [relationship(Programme="women's circle")] * 5
    figures = await figures_of(Visibility(rows), programmes=programmes)
    assert figures["mentoring_relationships_by_programme women's circle"] == 5
    assert "mentoring_relationships_by_programme tiny" not in figures


async def test_effects_by_state() -> None:
    """Every state of the ledger is a figure, the absent ones 0."""

    async def effects() -> Mapping[LedgerState, int]:
        return {LedgerState.UNKNOWN: 2}

    figures = await figures_of(Visibility(), effects=effects)
    assert figures["mentoring_effects unknown"] == 2
    assert {name for name in figures if name.startswith("mentoring_effects ")} == {
        f"mentoring_effects {state}" for state in LedgerState
    }


async def test_relationships_whose_tasks_keep_failing() -> None:
    """What the server reports counts once, under its cause; an open one that goes on is under none."""
    category, cause = "category=WorkflowTaskFailed", "cause=WorkflowTaskFailedCauseNonDeterministicError"
    problems = [f"{category}|{cause}", category, "category=WorkflowTaskTimedOut"]
    rows = [relationship() | {"TemporalReportedProblems": problem} for problem in problems]
    figures = await figures_of(Visibility([*rows, relationship()]))
    causes = {name: value for name, value in figures.items() if name.startswith("mentoring_relationships_failing")}
    assert causes == {
        f"mentoring_relationships_failing {each}": 1 for each in ("non_determinism", "failed", "timed_out")
    }


async def test_an_old_server_reports_no_problems() -> None:
    """Where the server does not know of reported problems this figure is left out, and all others are there."""
    figures = await figures_of(Visibility([relationship(Phase="active")], is_old=True))
    assert figures["mentoring_relationships active"] == 1
    assert not [name for name in figures if name.startswith("mentoring_relationships_failing")]


async def test_pollers_are_those_of_the_last_minutes() -> None:
    """A worker that asked three minutes ago for the last time counts no more; one of before serves no mail."""
    recent = NOW - timedelta(seconds=50)
    served = Visibility(polled=[recent, NOW - timedelta(minutes=4)], polled_for_mail=[recent, recent])
    for visibility, mail in ((served, 2), (Visibility(polled=[recent]), 0)):
        figures = await figures_of(visibility)
        asked = [figures[f"mentoring_pollers {task}"] for task in ("workflow", "activity", "mail")]
        assert asked == [1, 1, mail]


async def test_troubles_of_the_ledger() -> None:
    """The oldest unknown effect tells its age, and refused letters what was refused."""

    async def troubles() -> LedgerTroubles:
        return LedgerTroubles(timedelta(hours=30), dict.fromkeys(RefusedFor, 0) | {RefusedFor.SENDER: 3})

    figures = await figures_of(Visibility(), troubles=troubles)
    assert figures["mentoring_oldest_unknown_seconds"] == 30 * 3600
    assert figures["mentoring_letters_refused sender"] == 3
    assert figures["mentoring_letters_refused recipient"] == 0


def row_of(state: Relationship) -> dict[str, str]:
    """What Visibility holds of a relationship: the search attributes that its story writes."""
    attributes = showing.search_attributes(state)
    written = {pair.key.name: pair.value for pair in attributes.search_attributes}
    texts = {name: value.isoformat() if isinstance(value, datetime) else str(value) for name, value in written.items()}
    status = "Completed" if state.is_closed else "Running"
    return {"WorkflowType": "MentoringRelationship", "ExecutionStatus": status, **texts}


def some_history(chance: Random) -> list[e.Event]:
    """A generated life up to any event of it, half of them with a pause or a hold on the way."""
    lived = any_life(chance)
    if chance.random() < 0.5:
        stop = chance.choice((c.Hold(COORDINATOR), c.Pause(MENTOR), c.Pause(MENTEE)))
        lived = life().after(*ACTIVE, timedelta(days=chance.randrange(1, 60)), stop)
    return lived.events[: chance.randint(1, len(lived.events))]


def state_after(events: Sequence[e.Event]) -> Relationship:
    """The fold."""
    first, *rest = events
    assert isinstance(first, e.RelationshipOpened)
    return reduce(evolve, rest, opened(first))


def phase_by(events: Sequence[e.Event]) -> str:
    """From the history alone: the last phase that was entered, unless it has closed."""
    if any(isinstance(event, e.Closed) for event in events):
        return "closed"
    entered = [event.phase for event in events if isinstance(event, e.PhaseEntered)]
    return entered[-1].value if entered else "onboarding"


def standing_by(events: Sequence[e.Event]) -> str:
    """From the history alone: the last word about moving, where a hold wins."""
    held = paused = False
    for event in events:
        held = isinstance(event, e.HoldPlaced) or (held and not isinstance(event, e.HoldLifted))
        paused = isinstance(event, e.Paused) or (paused and not isinstance(event, e.Resumed))
    return "on_hold" if held else "paused" if paused else "normal"


async def test_figures_agree_with_two_hundred_histories() -> None:
    """Whatever lives were lived, the gauges say what their events say, counted by hand."""
    chance = Random(200)
    histories = [some_history(chance) for _ in range(200)]
    figures = await figures_of(Visibility([row_of(state_after(events)) for events in histories]))
    phases = Counter(phase_by(events) for events in histories)
    going_on = [events for events in histories if phase_by(events) != "closed"]
    standings = Counter(standing_by(events) for events in going_on)
    assert set(phases) == {*Phase}
    assert set(standings) == {"normal", "paused", "on_hold"}
    assert {phase: figures[f"mentoring_relationships {phase}"] for phase in phases} == phases
    assert sum(value for name, value in figures.items() if name.startswith("mentoring_relationships ")) == 200
    assert {each: figures[f"mentoring_relationships_by_standing {each}"] for each in standings} == standings
    for gauge in ("awaiting", "by_health", "by_standing"):
        total = sum(v for name, v in figures.items() if name.startswith(f"mentoring_relationships_{gauge} "))
        assert total == len(going_on)


async def test_more_relationships_are_no_more_series() -> None:
    """A thousand relationships have the series of one."""
    one = [row_of(any_life(Random(7)).state)]
    assert set(await figures_of(Visibility(one))) == set(await figures_of(Visibility(one * 1000)))


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():  # the condition is another thread's or task's to meet
            await asyncio.sleep(0.005)


def shown(figures: Figures) -> dict[str, float]:
    return samples(list(figures.collect()))


@pytest.fixture
async def refreshed() -> AsyncIterator[tuple[Figures, Visibility]]:
    """Figures that are read every few milliseconds from a server with one active relationship."""
    figures, visibility = Figures(), Visibility([relationship(Phase="active")])
    client = cast("Client", visibility)
    task = asyncio.create_task(refresh_forever(figures, client, sources(), every=timedelta(milliseconds=5)))
    await until(lambda: shown(figures).get("mentoring_relationships active") == 1)
    yield figures, visibility
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_figures_follow_the_server(refreshed: tuple[Figures, Visibility]) -> None:
    """What changes at the server shows after the next refresh."""
    figures, visibility = refreshed
    visibility.rows.append(relationship(Phase="active"))
    await until(lambda: shown(figures)["mentoring_relationships active"] == 2)
    assert shown(figures)["mentoring_exporter_errors_total"] == 0


async def test_a_lost_server_ages_the_figures(refreshed: tuple[Figures, Visibility]) -> None:
    """While the server is away errors rise, the last figures stay and the last success gets old; then all recovers."""
    figures, visibility = refreshed
    visibility.down = True
    await until(lambda: shown(figures)["mentoring_exporter_errors_total"] >= 2)
    while_down = shown(figures)
    await until(lambda: shown(figures)["mentoring_exporter_errors_total"] >= 4)
    assert while_down["mentoring_relationships active"] == 1
    age = "mentoring_exporter_last_success_timestamp_seconds"
    assert shown(figures)[age] == while_down[age] > 0
    visibility.down = False
    await until(lambda: shown(figures)[age] > while_down[age])


async def test_a_scrape_before_the_first_refresh() -> None:
    """An exporter that never reached its server still answers, and says so."""
    registry = CollectorRegistry()
    registry.register(Figures())
    answer = generate_latest(registry).decode()
    assert "mentoring_exporter_last_success_timestamp_seconds 0.0" in answer
    assert "mentoring_relationships" not in answer


async def test_figures_are_served_over_http() -> None:
    """`/metrics` shows the figures on a port of its own, which is free again afterwards."""
    figures = Figures()
    figures.show(await read_figures(cast("Client", Visibility()), sources(), NOW), NOW)
    async with serve(Settings(exporter_address="127.0.0.1:0"), "exporter_address", figures=figures) as port:
        answer = await asyncio.to_thread(fetch, f"http://127.0.0.1:{port}/metrics")
    assert 'mentoring_relationships{phase="active"} 0.0' in answer
    with pytest.raises(OSError, match="refused"):
        await asyncio.to_thread(fetch, f"http://127.0.0.1:{port}/metrics")


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())
