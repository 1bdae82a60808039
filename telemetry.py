"""Logs and metrics of a process: structlog over the standard logging, and the SDK's own Prometheus endpoint."""

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor
from temporalio import activity, workflow
from temporalio.common import MetricCounter, MetricMeter
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

from mentoring_lifecycle.contracts.log_lines import without_personal_values
from mentoring_lifecycle.settings import PREFIX, Settings, SettingsError

_SDK_STORY = logging.getLogger("temporalio.worker._workflow_instance")

HOUR, DAY = 3600.0, 86400.0
BUCKETS = {
    "activity_execution_latency": [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0],
    "activity_schedule_to_start_latency": [0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 600.0, HOUR],
    "activity_succeed_endtoend_latency": [0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 600.0, HOUR, 6 * HOUR, DAY],
    "workflow_endtoend_latency": [HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY, 180 * DAY, 365 * DAY],
}
"""In seconds. The SDK's own buckets end at ten seconds: too early for a mail server and for a relationship."""


def start_telemetry(settings: Settings, served_at: str = "metrics_address") -> Runtime:
    """Configure logging and serve the worker's metrics; give the result to `Client.connect(runtime=...)`.

    `served_at` names the setting with the address: the worker of the cases has one of its own.

    Once per process and before any client. Raises SettingsError where the address cannot be served.
    """
    configure_logging(settings)
    try:
        runtime = Runtime(
            telemetry=TelemetryConfig(metrics=_metrics(getattr(settings, served_at)), logging=_core_logs())
        )
    except ValueError as error:
        raise SettingsError(
            [f"{PREFIX}{served_at.upper()}: metrics cannot be served at {getattr(settings, served_at)}: {error}."]
        ) from None
    count_dropped_signals(runtime.metric_meter)
    return runtime


def count_dropped_signals(meter: MetricMeter) -> None:
    """Count signals whose input cannot be read; each time it is replayed such a signal counts again."""
    counter = meter.create_counter("mentoring_dropped_signals", "Signals dropped because they cannot be read")
    counter.add(0)  # a series that begins at 1 has never risen
    _SDK_STORY.addHandler(_DroppedSignals(counter))


class _DroppedSignals(logging.Handler):
    """The SDK drops a signal that it cannot read and tells nobody but the log."""

    def __init__(self, counter: MetricCounter) -> None:
        super().__init__(logging.ERROR)
        self._counter = counter

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().endswith("dropping the signal"):
            self._counter.add(1)


def configure_logging(settings: Settings) -> None:
    """Send every log line of this process to standard error, as words or as JSON; standard output stays free."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(settings))
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # names every calendar it opens
    logging.getLogger("alembic").setLevel(logging.WARNING)  # talks of its own set-up
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_common(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    # The ids travel as fields; the SDK would also print them into every message.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False


def _formatter(settings: Settings) -> structlog.stdlib.ProcessorFormatter:
    plain_tracebacks = structlog.dev.plain_traceback  # the rich ones print local variables, and so people's words
    renderer: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if settings.log_format == "json"
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain_tracebacks)]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), _without_core_record, *_common()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
    )


def _common() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_personal_values,
    ]


def _without_core_record(logger: object, method: str, event: EventDict) -> EventDict:
    """The SDK's core attaches its whole record to each line; its fields stand in the message already."""
    event.pop("temporal_log", None)
    return event


def _metrics(address: str) -> PrometheusConfig:
    return PrometheusConfig(
        bind_address=address,
        counters_total_suffix=True,
        unit_suffix=True,
        durations_as_seconds=True,
        histogram_bucket_overrides=BUCKETS,
    )


def _core_logs() -> LoggingConfig:
    return LoggingConfig(
        filter=TelemetryFilter(core_level="WARN", other_level="ERROR"),
        forwarding=LogForwardingConfig(logger=logging.getLogger("temporalio.core")),
    )
