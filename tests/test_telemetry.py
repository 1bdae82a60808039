"""Logs that tools can read and that name nobody; metrics under the names that dashboards expect."""

import importlib
import json
import logging
import socket
import sys
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from temporalio import activity, workflow
from temporalio.client import WorkflowHistory
from temporalio.testing import ActivityEnvironment
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from mentoring_lifecycle.activities.activity_log import log as activity_log
from mentoring_lifecycle.contracts.log_lines import LEFT_OUT, log_lines
from mentoring_lifecycle.settings import Settings, SettingsError
from mentoring_lifecycle.telemetry import configure_logging, start_telemetry

KINDS = {
    number: {"eventType": f"EVENT_TYPE_{kind}", "eventTime": f"2026-03-02T09:00:0{number}Z"}
    for number, kind in enumerate(
        [
            "WORKFLOW_EXECUTION_STARTED",
            "WORKFLOW_TASK_SCHEDULED",
            "WORKFLOW_TASK_STARTED",
            "WORKFLOW_TASK_COMPLETED",
            "WORKFLOW_EXECUTION_COMPLETED",
        ],
        1,
    )
}


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    workflow.logger.workflow_info_on_message = True
    activity.logger.activity_info_on_message = True


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def as_json(level: str = "INFO") -> None:
    configure_logging(Settings(log_format="json", log_level=level))


def test_a_line_is_one_event_with_keys(capsys: pytest.CaptureFixture[str]) -> None:
    """A line of ours is one JSON object with event, level, logger, time in UTC and its keys, on standard error."""
    as_json()
    structlog.stdlib.get_logger("mentoring").info("letter_sent", effect="r/1/invite")
    (line,) = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "letter_sent", "level": "info", "logger": "mentoring", "effect": "r/1/invite"}


def test_lines_of_libraries_look_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """What a library logs comes out in the same shape."""
    as_json()
    logging.getLogger("library").warning("slow answer %s", 7, extra={"peer": "smtp"})
    (line,) = lines(capsys)
    assert (line["event"], line["level"], line["peer"]) == ("slow answer 7", "warning", "smtp")


async def test_activities_log_with_their_ids(capsys: pytest.CaptureFixture[str]) -> None:
    """A line from an activity carries its keys and ids as fields and its event as the whole message."""
    as_json()

    @activity.defn
    async def deliver() -> None:
        activity_log.info("letter_sent", effect="r/1/invite")

    await ActivityEnvironment().run(deliver)
    (line,) = lines(capsys)
    assert (line["event"], line["effect"]) == ("letter_sent", "r/1/invite")
    assert line["temporal_activity"]["workflow_id"] == "test"


STORY = """
from temporalio import workflow
from mentoring_lifecycle.workflows.story_log import log

@workflow.defn
class Story:
    @workflow.run
    async def run(self) -> None:
        log.info("phase_reached", phase="active", module="domain", partner_name="canary")
"""


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type]:
    """A workflow in a module of its own, as the sandbox imports it a second time."""
    (tmp_path / "told_story.py").write_text(STORY)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("told_story").Story
    del sys.modules["told_story"]


async def replay(story: type) -> None:
    restrictions = SandboxRestrictions.default.with_passthrough_modules("structlog")
    events = [
        {"workflowExecutionStartedEventAttributes": {"workflowType": {"name": "Story"}, "taskQueue": {"name": "q"}}},
        {"workflowTaskScheduledEventAttributes": {"taskQueue": {"name": "q"}}},
        {"workflowTaskStartedEventAttributes": {"scheduledEventId": "2"}},
        {"workflowTaskCompletedEventAttributes": {"scheduledEventId": "2", "startedEventId": "3"}},
        {"workflowExecutionCompletedEventAttributes": {"workflowTaskCompletedEventId": "4"}},
    ]
    history = {"events": [{"eventId": str(number), **KINDS[number], **each} for number, each in enumerate(events, 1)]}
    replayer = Replayer(workflows=[story], workflow_runner=SandboxedWorkflowRunner(restrictions))
    await replayer.replay_workflow(WorkflowHistory.from_json("relationship-1", history))


async def test_a_replay_logs_nothing(story: type, capsys: pytest.CaptureFixture[str]) -> None:
    """A workflow that tells its story a second time writes no second line."""
    as_json()
    await replay(story)
    assert lines(capsys) == []


async def test_workflows_log_with_their_ids(
    story: type, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside the sandbox a line carries the workflow's ids, no personal value, and no key can make it raise."""
    as_json()
    monkeypatch.setattr(workflow.logger, "log_during_replay", True)
    await replay(story)
    (line,) = lines(capsys)
    assert (line["event"], line["phase"], line["module_"]) == ("phase_reached", "active", "domain")
    assert line["partner_name"] == LEFT_OUT
    assert line["temporal_workflow"]["workflow_id"] == "relationship-1"


def test_a_silent_adapter_stays_silent(capsys: pytest.CaptureFixture[str]) -> None:
    """What the SDK's logger holds back, as it does while a history is replayed, is not logged around it."""
    as_json()

    class Replaying(logging.LoggerAdapter[logging.Logger]):
        def isEnabledFor(self, level: int) -> bool:
            return False

    log_lines(Replaying(logging.getLogger("story"), {})).info("phase_reached", phase="active")
    assert lines(capsys) == []


@pytest.mark.parametrize("key", ["name", "email", "address", "text", "words", "reason", "partner_name", "hold_reason"])
@pytest.mark.parametrize("way", ["structlog", "activity", "library"])
def test_personal_values_are_left_out(key: str, way: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Under a key that looks personal no value is written, whichever way the line takes."""
    as_json()
    if way == "structlog":
        structlog.stdlib.get_logger().info("noted", **{key: "canary"})
    elif way == "activity":
        activity_log.info("noted", **{key: "canary"})
    elif key != "name":  # logging itself refuses that one
        logging.getLogger("library").info("noted", extra={key: "canary"})
    captured = capsys.readouterr().err
    assert "canary" not in captured
    assert LEFT_OUT in captured or (way, key) == ("library", "name")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_tracebacks_show_no_values(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An exception is logged with its lines of code and without the values of local variables."""
    configure_logging(Settings(log_format=log_format))
    words = "canary".upper()
    try:
        assert len(words) == 0
    except AssertionError:
        structlog.stdlib.get_logger().exception("refused")
    captured = capsys.readouterr().err
    assert "assert len(words) == 0" in captured
    assert "CANARY" not in captured.replace("len('CANARY')", "")


def test_the_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines below the level are not written."""
    as_json("WARNING")
    structlog.stdlib.get_logger().info("quiet")
    activity_log.info("quiet")
    structlog.stdlib.get_logger().warning("loud")
    assert [line["event"] for line in lines(capsys)] == ["loud"]


def test_metrics_have_the_names_of_our_dashboards() -> None:
    """The worker's endpoint serves `_total` and `_seconds`, with buckets that reach months."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    runtime = start_telemetry(Settings(metrics_address=address))
    meter = runtime.metric_meter
    meter.create_counter("mentoring_refusals").add(1)
    meter.create_histogram_timedelta("temporal_workflow_endtoend_latency", "", "duration").record(timedelta(days=100))
    with urllib.request.urlopen(f"http://{address}/metrics") as answer:
        served = answer.read().decode()
    assert "mentoring_refusals_total{" in served
    assert (
        'temporal_workflow_endtoend_latency_seconds_bucket{service_name="temporal-core-sdk",le="15552000"} 1' in served
    )

    with pytest.raises(SettingsError, match="MENTORING_METRICS_ADDRESS"):
        start_telemetry(Settings(metrics_address=address))


SIGNALLED = """
from temporalio import workflow

@workflow.defn
class Story:
    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.signal
    async def news(self, number: int) -> None: ...
"""


async def test_a_dropped_signal_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal whose input is not what its handler takes is counted; the SDK itself only logs it."""
    (tmp_path / "signalled_story.py").write_text(SIGNALLED)
    monkeypatch.syspath_prepend(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    runtime = start_telemetry(Settings(metrics_address=address))
    assert runtime
    events = [
        {"workflowExecutionStartedEventAttributes": {"workflowType": {"name": "Story"}, "taskQueue": {"name": "q"}}},
        {"workflowTaskScheduledEventAttributes": {"taskQueue": {"name": "q"}}},
        {"workflowTaskStartedEventAttributes": {"scheduledEventId": "2"}},
        {"workflowTaskCompletedEventAttributes": {"scheduledEventId": "2", "startedEventId": "3"}},
        {
            "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED",
            "workflowExecutionSignaledEventAttributes": {
                "signalName": "news",
                "input": {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "InNldmVuIg=="}]},
            },
        },
        {
            "eventType": "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED",
            "workflowTaskScheduledEventAttributes": {"taskQueue": {"name": "q"}},
        },
        {
            "eventType": "EVENT_TYPE_WORKFLOW_TASK_STARTED",
            "workflowTaskStartedEventAttributes": {"scheduledEventId": "6"},
        },
    ]
    stamped = {number: {"eventTime": f"2026-03-02T09:00:0{number}Z"} for number in range(1, 8)}
    history = {
        "events": [
            {"eventId": str(number), **stamped[number], **KINDS.get(number, {}), **each}
            for number, each in enumerate(events, 1)
        ]
    }
    assert "mentoring_dropped_signals_total{" in served(address)
    assert dropped(address) == 0
    replayer = Replayer(workflows=[importlib.import_module("signalled_story").Story])
    del sys.modules["signalled_story"]
    await replayer.replay_workflow(WorkflowHistory.from_json("relationship-1", history))
    assert dropped(address) == 1


def served(address: str) -> str:
    with urllib.request.urlopen(f"http://{address}/metrics") as answer:
        return str(answer.read().decode())


def dropped(address: str) -> float:
    (line,) = [line for line in served(address).splitlines() if line.startswith("mentoring_dropped_signals_total")]
    return float(line.rpartition(" ")[2])
