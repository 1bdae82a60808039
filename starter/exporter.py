"""Gauges over all relationships for Prometheus: what no single worker can tell.

The figures come from Visibility counts and from SQL, never from workflows, and are read in the background; a scrape
only shows the last ones. Labels are closed sets and name nobody. The server's SQL visibility groups by nothing but
the execution status and sorts by nothing but time, so each value of a set is counted by a query of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from mentoring_lifecycle.activities.ports import LedgerState, LedgerTroubles
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.domain.events import Phase
from mentoring_lifecycle.domain.outlook import Awaiting, Health
from mentoring_lifecycle.domain.relationship import Standing
from mentoring_lifecycle.gateways.pollers_temporal import POLLED_WITHIN, pollers_of

log = structlog.stdlib.get_logger()

REFRESH_EVERY = timedelta(seconds=30)
REFRESH_WITHIN = timedelta(seconds=60)
SMALLEST_PROGRAMME = 5
"""Below this many relationships a programme's count could point at people, so it is not shown."""
MOST_OVERDUE_READ = 1000
"""Beyond this many overdue relationships the age of the oldest is that of the oldest one read."""

_OPEN = f"WorkflowType = '{names.RELATIONSHIP}' AND ExecutionStatus = 'Running'"
_CLOSED = f"WorkflowType = '{names.RELATIONSHIP}' AND ExecutionStatus = 'Completed'"

_REPORTED = {
    "non_determinism": "cause=WorkflowTaskFailedCauseNonDeterministicError",
    "failed": "category=WorkflowTaskFailed",
    "timed_out": "category=WorkflowTaskTimedOut",
}
"""What the server itself (1.30 or newer) writes at a relationship whose workflow task fails five times running."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What is asked beside the server."""

    effects: Callable[[], Awaitable[Mapping[LedgerState, int]]]
    """Rows of the ledger by state."""
    troubles: Callable[[], Awaitable[LedgerTroubles]]
    """What of the ledger somebody should look at."""
    programmes: Callable[[], Awaitable[Sequence[str]]]
    """Those that have relationships."""
    task_queue: str
    """Where the workers of relationships should poll."""


class Figures(Collector):
    """What a scrape shows: the last figures that could be read, and how old they are."""

    def __init__(self) -> None:
        self._gauges: Sequence[Metric] = ()
        self._errors = 0
        self._last_success = 0.0

    def show(self, gauges: Sequence[Metric], at: datetime) -> None:
        """Replace the figures by those read at this instant."""
        self._gauges, self._last_success = gauges, at.timestamp()

    def count_error(self) -> None:
        """Keep the figures and remember that newer ones could not be read."""
        self._errors += 1

    def collect(self) -> Iterable[Metric]:
        """The figures in the order they were read, then those about the exporter itself."""
        yield from self._gauges
        yield CounterMetricFamily(
            "mentoring_exporter_errors", "Refreshes that failed since the exporter started.", value=self._errors
        )
        yield GaugeMetricFamily(
            "mentoring_exporter_last_success_timestamp_seconds",
            "When the figures were last read; 0 before the first time.",
            value=self._last_success,
        )


async def read_figures(client: Client, sources: Sources, now: datetime) -> list[Metric]:
    """Read every gauge once. Raises what the server or the database raises."""
    phases = _each(names.PHASE, Phase) | {"closed": _where(_CLOSED, names.PHASE, Phase.CLOSED)}
    return [
        await _gauge(client, "mentoring_relationships", "phase", phases),
        await _gauge(client, "mentoring_relationships_by_standing", "standing", _each(names.STANDING, Standing)),
        await _gauge(client, "mentoring_relationships_by_health", "health", _each(names.HEALTH, Health)),
        await _gauge(client, "mentoring_relationships_awaiting", "awaiting", _each(names.AWAITING, Awaiting)),
        await _gauge(
            client,
            "mentoring_relationships_by_programme",
            "programme",
            _each(names.PROGRAMME, await sources.programmes()),
            smallest=SMALLEST_PROGRAMME,
        ),
        *await _overdue_gauges(client, now),
        *await _failing_gauge(client),
        await _pollers_gauge(client, sources.task_queue, now),
        _effects_gauge(await sources.effects()),
        *_trouble_gauges(await sources.troubles()),
    ]


async def refresh_forever(figures: Figures, client: Client, sources: Sources, every: timedelta = REFRESH_EVERY) -> None:
    """Read the figures again and again until cancelled. A failure is counted and logged, and the last ones stay."""
    while True:
        now = datetime.now(UTC)
        try:
            async with asyncio.timeout(REFRESH_WITHIN.total_seconds()):
                figures.show(await read_figures(client, sources, now), now)
        except Exception as error:
            figures.count_error()
            log.warning("exporter_refresh_failed", error=type(error).__name__)
        await asyncio.sleep(every.total_seconds())


async def export(figures: Figures, client: Client, sources: Sources, port: int) -> None:
    """What the `mentoring exporter` process does: keep what is served at this port fresh, until cancelled.

    The client needs to do nothing but count, list and ask who polls.
    """
    log.info("exporter_started", port=port)
    try:
        await refresh_forever(figures, client, sources)
    finally:
        log.info("exporter_stopped")


async def _gauge(
    client: Client, metric: str, label: str, queries: Mapping[str, str], *, smallest: int = 0
) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(metric, f"Relationships by {label}.", labels=[label])
    for value, query in queries.items():
        count = (await client.count_workflows(query)).count
        if count >= smallest:
            gauge.add_metric([value], count)
    return gauge


async def _overdue_gauges(client: Client, now: datetime) -> list[Metric]:
    overdue = f"{_OPEN} AND {names.NEXT_DUE_AT.name} < {_quoted(now.isoformat())}"
    count = (await client.count_workflows(overdue)).count
    dues = [
        found.typed_search_attributes.get(names.NEXT_DUE_AT) or now
        async for found in client.list_workflows(overdue, limit=MOST_OVERDUE_READ, page_size=MOST_OVERDUE_READ)
    ]
    oldest = (now - min(dues, default=now)).total_seconds()
    return [
        GaugeMetricFamily("mentoring_relationships_overdue", "Open relationships past their next due.", value=count),
        GaugeMetricFamily("mentoring_oldest_due_seconds", "How far the oldest of them is past it.", value=oldest),
    ]


async def _failing_gauge(client: Client) -> list[Metric]:
    """Nothing where the server is too old to report problems."""
    try:
        counts = {
            cause: (await client.count_workflows(f"{_OPEN} AND TemporalReportedProblems = {_quoted(word)}")).count
            for cause, word in _REPORTED.items()
        }
    except RPCError as error:
        if error.status is RPCStatusCode.INVALID_ARGUMENT:
            return []
        raise
    counts["failed"] -= counts["non_determinism"]
    gauge = GaugeMetricFamily(
        "mentoring_relationships_failing", "Relationships whose workflow tasks keep failing.", labels=["cause"]
    )
    for cause, count in counts.items():
        gauge.add_metric([cause], max(count, 0))  # the two counts are of two moments
    return [gauge]


async def _pollers_gauge(client: Client, task_queue: str, now: datetime) -> Metric:
    gauge = GaugeMetricFamily(
        "mentoring_pollers", "Workers that asked for tasks of relationships lately.", labels=["task"]
    )
    asked = (
        ("workflow", task_queue, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW),
        ("activity", task_queue, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
        ("mail", names.mail_queue_of(task_queue), TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
    )
    for task, queue, kind in asked:
        pollers = await pollers_of(client, queue, kind)
        gauge.add_metric([task], sum(each.asked_at > now - POLLED_WITHIN for each in pollers))
    return gauge


def _trouble_gauges(troubles: LedgerTroubles) -> list[Metric]:
    refused = GaugeMetricFamily(
        "mentoring_letters_refused", "Letters refused for good within the last hour.", labels=["about"]
    )
    for about, count in troubles.refused.items():
        refused.add_metric([about], count)
    return [
        GaugeMetricFamily(
            "mentoring_oldest_unknown_seconds",
            "How long the oldest unknown effect has been unknown; 0 where there is none.",
            value=troubles.oldest_unknown.total_seconds(),
        ),
        refused,
    ]


def _effects_gauge(counts: Mapping[LedgerState, int]) -> Metric:
    gauge = GaugeMetricFamily("mentoring_effects", "Rows of the effect ledger by state.", labels=["state"])
    for state in LedgerState:
        gauge.add_metric([state], counts.get(state, 0))
    return gauge


def _each(attribute: SearchAttributeKey[str], values: Iterable[str]) -> dict[str, str]:
    return {str(value): _where(_OPEN, attribute, value) for value in values}


def _where(status: str, attribute: SearchAttributeKey[str], value: str) -> str:
    return f"{status} AND {attribute.name} = {_quoted(value)}"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
