"""The dashboards, expression by expression: promtool reads each, and each asks for metrics and events that exist."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from mentoring_lifecycle.domain.events import Event

from .prometheus import RULES, needs_prometheus, promtool

ROOT = Path(__file__).parents[2]
BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "deploy/grafana").glob("*.json"))}

TOLD = set(re.findall(r"^\| `(mentoring_\w+)`", (ROOT / "docs/metrics.md").read_text(), flags=re.MULTILINE))
"""Held equal to the code by a test of the documentation, and to what is really served by one of the workflows."""
SDK = {
    "temporal_workflow_task_execution_failed_total",
    "temporal_activity_execution_latency_seconds_bucket",
    "temporal_worker_task_slots_available",
}
"""The SDK's own that we ask for; a test of the workflows sees them served."""

every_board = pytest.mark.parametrize("board", BOARDS)


def expressions(board: str) -> list[str]:
    return [target["expr"] for panel in BOARDS[board]["panels"] for target in panel["targets"]]


def rules() -> list[dict[str, Any]]:
    files = [yaml.safe_load(file.read_text()) for file in sorted(RULES.glob("*.rules.yml"))]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def test_there_is_one_for_each_reader() -> None:
    """One for operators, one for programme owners; each panel says what it shows and asks for something."""
    assert set(BOARDS) == {"operators", "programmes"}
    for board in BOARDS.values():
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
        assert all(panel["title"] and panel["targets"] for panel in board["panels"])


@needs_prometheus
@every_board
def test_every_expression_can_be_evaluated(board: str, tmp_path: Path) -> None:
    """promtool reads each expression as the rule of a group."""
    told = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(expressions(board))]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": board, "rules": told}]}))
    assert f"{len(told)} rules found" in promtool("check", "rules", tmp_path / "rules.yml")


@needs_prometheus
def test_a_broken_expression_is_noticed(tmp_path: Path) -> None:
    """The test above fails where a parenthesis is missing."""
    broken = {"groups": [{"name": "x", "rules": [{"record": "x:y", "expr": "sum(mentoring_pollers"}]}]}
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(broken))
    with pytest.raises(AssertionError, match="unclosed"):
        promtool("check", "rules", tmp_path / "rules.yml")


def test_every_name_exists() -> None:
    """Each metric of a dashboard or a rule is one that is served, or a record of the rules."""
    every = [*(rule["expr"] for rule in rules()), *(expr for board in BOARDS for expr in expressions(board))]
    named = {name for expr in every for name in re.findall(r"\b(?:mentoring|temporal)_\w+", expr)}
    assert named <= TOLD | SDK
    records = {rule["record"] for rule in rules() if "record" in rule}
    assert {name for expr in every for name in re.findall(r"\bmentoring:[\w:]+", expr)} <= records
    assert records <= {name for expr in every for name in re.findall(r"\bmentoring:[\w:]+", expr)}


def test_every_event_exists() -> None:
    """Each kind of event that is asked for is one that the domain tells."""
    every = [*(rule["expr"] for rule in rules()), *(expr for board in BOARDS for expr in expressions(board))]
    asked = {kind for expr in every for kind in re.findall(r'kind="(\w+)"', expr)}
    assert asked <= {each.__dataclass_fields__["kind"].default for each in get_args(Event)} | {"letter"}


def test_programme_owners_see_no_trouble() -> None:
    """Their dashboard tells of no call for help, no failure of a delivery and no case."""
    assert not re.search(r"help_|case|hold_|refused|effects", " ".join(expressions("programmes")))
