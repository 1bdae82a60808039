"""Histories of the past against the code of today: no server, no network, no database."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.codec import data_converter
from mentoring_lifecycle.plugin import MentoringPlugin
from mentoring_lifecycle.settings import Settings
from mentoring_lifecycle.worker import CASE_WORKFLOWS, WORKFLOWS, sandbox
from tests.workflows.life import World

from .conftest import FINGERPRINTS, name_of, recorded
from .fingerprint import fingerprint


def read(path: Path) -> WorkflowHistory:
    """One recorded run."""
    content = json.loads(path.read_text())
    workflow_id = content["events"][0]["workflowExecutionStartedEventAttributes"]["workflowId"]
    return WorkflowHistory.from_json(workflow_id, content)


def plain() -> Replayer:
    """Without a plugin, in our sandbox."""
    workflows = [*WORKFLOWS, *CASE_WORKFLOWS]
    return Replayer(workflows=workflows, workflow_runner=sandbox(), data_converter=data_converter(None))


def of_relationships() -> list[Path]:
    """The runs that a host's plugin knows."""
    return [path for path in recorded() if read(path).workflow_id == names.relationship_workflow_id(_id(path))]


def _id(path: Path) -> str:
    return f"recorded-{path.parent.name}"


def test_there_is_a_past_to_replay() -> None:
    """Nine lives, among them each way of ending, a hold, a call for help and a case."""
    lives = {"completed", "expired", "left", "held", "helped", "extended", "rematched", "silent", "reported"}
    assert {path.parent.name for path in recorded()} == lives
    assert len(of_relationships()) == len(recorded()) - len(recorded("reported"))


@pytest.mark.parametrize("path", recorded(), ids=name_of)
async def test_every_recorded_run_replays(path: Path) -> None:
    """The same commands in the same order, in the sandbox that workers use."""
    await plain().replay_workflow(read(path))


@pytest.mark.parametrize("path", of_relationships(), ids=name_of)
async def test_a_host_replays_with_one_line(path: Path, tmp_path: Path) -> None:
    """The plugin alone brings workflows, data conversion and sandbox."""
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'unused.db'}")
    plugin = MentoringPlugin(settings, gateways=World().gateways())
    await Replayer(workflows=[], plugins=[plugin]).replay_workflow(read(path))


async def test_nothing_depends_on_the_sandbox() -> None:
    """Outside of it every run replays as well: no state is shared between runs."""
    runner = UnsandboxedWorkflowRunner()
    replayer = Replayer(
        workflows=[*WORKFLOWS, *CASE_WORKFLOWS], workflow_runner=runner, data_converter=data_converter(None)
    )
    for path in recorded():
        await replayer.replay_workflow(read(path))


async def test_a_replay_leaves_the_database_alone(tmp_path: Path) -> None:
    """A host that checks its histories before a deployment must not migrate the database by it."""
    database = tmp_path / "production.db"
    plugin = MentoringPlugin(Settings(database_url=f"sqlite:///{database}"))
    await Replayer(workflows=[], plugins=[plugin]).replay_workflow(read(of_relationships()[0]))
    assert not database.exists()


# --- fingerprints -----------------------------------------------------------------------------------------------


def test_the_recorded_runs_are_those_that_were_reviewed() -> None:
    """Their commands, in order, as they stand beside them; a new recording shows there what it changes."""
    assert json.loads(FINGERPRINTS.read_text()) == {name_of(path): fingerprint(read(path)) for path in recorded()}


async def test_a_changed_order_fails() -> None:
    """Two neighbouring commands of one task, swapped in the history, are noticed by the replay."""
    swapped = _with_swapped_commands(read(recorded("completed")[0]))
    with pytest.raises(Exception, match=r"(?i)nondeterminism"):
        await plain().replay_workflow(swapped)


def _with_swapped_commands(history: WorkflowHistory) -> WorkflowHistory:
    events = copy.deepcopy(history.to_json_dict())["events"]
    first = next(n for n, event in enumerate(events) if "activityTaskScheduledEventAttributes" in event)
    one, other = events[first], events[first + 1]
    assert "timerStartedEventAttributes" in other
    for key in ("eventId", "eventTime", "taskId"):
        one[key], other[key] = other[key], one[key]
    events[first], events[first + 1] = other, one
    return WorkflowHistory.from_json(history.workflow_id, {"events": events})


async def test_another_activity_fails() -> None:
    """A run that once asked for something else than the code of today does."""
    history = read(recorded("expired")[0])
    content: dict[str, Any] = history.to_json_dict()
    scheduled = next(event for event in content["events"] if "activityTaskScheduledEventAttributes" in event)
    scheduled["activityTaskScheduledEventAttributes"]["activityType"]["name"] = "letters.post"
    with pytest.raises(Exception, match=r"(?i)nondeterminism"):
        await plain().replay_workflow(WorkflowHistory.from_json(history.workflow_id, content))


# --- the sandbox still sees --------------------------------------------------------------------------------------

WORKFLOW_FILES = Path(__file__).parents[2] / "workflows"
BEGINNING = "        await onboard(self.story)\n"
PLANTS = {
    "datetime.now": "import datetime; datetime.datetime.now()",
    "time": "import time; time.time()",
    "random": "import random; random.random()",
    "uuid4": "import uuid; uuid.uuid4()",
    "environment": "import os; os.environ.get('HOME')",
    "file": "open('/dev/null')",
}


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Any]:
    """Makes a copy of our workflows with one line planted at the beginning of the story's `run`."""

    def copy_with(package: str, planted: str) -> Any:
        folder = tmp_path / package
        folder.mkdir()
        for file in WORKFLOW_FILES.glob("*.py"):
            text = file.read_text().replace("mentoring_lifecycle.workflows", package)
            (folder / file.name).write_text(text.replace(BEGINNING, f"        {planted}\n{BEGINNING}"))
        monkeypatch.syspath_prepend(tmp_path)
        return __import__(f"{package}.relationship", fromlist=["MentoringRelationship"]).MentoringRelationship

    return copy_with


async def _replay_with(workflow: type, path: Path) -> None:
    replayer = Replayer(workflows=[workflow], workflow_runner=sandbox(), data_converter=data_converter(None))
    await replayer.replay_workflow(read(path))


async def test_a_faithful_copy_replays(copied: Callable[[str, str], Any]) -> None:
    """The tests below fail by what was planted and by nothing else."""
    await _replay_with(copied("faithful_copy", "pass"), recorded("completed")[0])


@pytest.mark.parametrize("plant", PLANTS)
async def test_a_forbidden_call_in_a_workflow_is_caught(copied: Callable[[str, str], Any], plant: str) -> None:
    """With our pass-through list the sandbox still refuses clocks, chance, environment and files in workflow code."""
    workflow = copied(f"planted_{list(PLANTS).index(plant)}", PLANTS[plant])
    with pytest.raises(Exception, match="Cannot access"):
        await _replay_with(workflow, recorded("completed")[0])
