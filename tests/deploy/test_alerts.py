"""The alerts, rule by rule: each planted fault fires exactly its alert and its end ends it; an ordinary week has none.

promtool evaluates the real rules over series of samples, a minute each, so a week takes a moment.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.domain.events import RelationshipOpened
from mentoring_lifecycle.domain.evolution import evolve, opened
from mentoring_lifecycle.domain.relationship import Relationship
from mentoring_lifecycle.workflows import showing
from tests.builders import HOUR, START, WEEK, any_life

from .prometheus import RULES, alerts, needs_prometheus, promtool

pytestmark = needs_prometheus

RELATIONSHIPS, CASES = "relationships.rules.yml", "cases.rules.yml"
DOCS = Path(__file__).parents[2] / "docs"

Series = Mapping[str, str]
"""Name and labels, then samples in promtool's notation, one a minute."""

DELIVERED = 'mentoring_deliveries_total{kind="letter",outcome="accepted"}'
WAITING = 'mentoring_effects{state="claimed"}'
DELAYED = 'mentoring_deliveries_total{kind="letter",outcome="delayed"}'
MISSING = 'mentoring_reconcile_lasting{finding="entry_missing"}'
LATE = 'mentoring_events_total{kind="help_overdue"}'
CLOCK = 'mentoring_case_clocks_total{clock="triage",percent="100"}'
NON_DETERMINISM = 'mentoring_relationships_failing{cause="non_determinism"}'
FAILED = 'mentoring_relationships_failing{cause="failed"}'
WORKFLOW_POLLERS = 'mentoring_pollers{task="workflow"}'
MAIL_POLLERS = 'mentoring_pollers{task="mail"}'
EXPORTER_SUCCESS = "mentoring_exporter_last_success_timestamp_seconds"
RECONCILE_SUCCESS = "mentoring_reconcile_last_success_timestamp_seconds"
CASE_TASK_FAILED = 'temporal_workflow_task_execution_failed_total{job="mentoring-cases",failure_reason="WorkflowError"}'

EVER_FIRED = 'count by (alertname) (count_over_time(ALERTS{alertstate="firing"}[168h]))'

FOR_EVER = 10_100
"""Minutes: a week and a little more."""

HEALTHY: Series = {
    'mentoring_pollers{task="workflow"}': f"2x{FOR_EVER}",
    'mentoring_pollers{task="activity"}': f"2x{FOR_EVER}",
    MAIL_POLLERS: f"2x{FOR_EVER}",
    NON_DETERMINISM: f"0x{FOR_EVER}",
    FAILED: f"0x{FOR_EVER}",
    'mentoring_relationships_failing{cause="timed_out"}': f"0x{FOR_EVER}",
    "mentoring_oldest_due_seconds": f"0x{FOR_EVER}",
    "mentoring_oldest_unknown_seconds": f"0x{FOR_EVER}",
    **{f'mentoring_letters_refused{{about="{each}"}}': f"0x{FOR_EVER}" for each in ("recipient", "sender", "message")},
    "mentoring_dropped_signals_total": f"0x{FOR_EVER}",
    EXPORTER_SUCCESS: f"0+60x{FOR_EVER}",
    RECONCILE_SUCCESS: f"0+60x{FOR_EVER}",
    "mentoring_reconcile_interval_seconds": f"3600x{FOR_EVER}",
    MISSING: f"0x{FOR_EVER}",
    DELIVERED: f"5+1x{FOR_EVER}",
    DELAYED: f"1x{FOR_EVER}",
    WAITING: f"0x{FOR_EVER}",
    'up{job="mentoring-cases"}': f"1x{FOR_EVER}",
}


@dataclass(frozen=True)
class Fault:
    """What goes wrong at minute 200, and when the alert must be heard and gone."""

    alert: str
    series: Series
    heard_at: int
    gone_at: int
    labels: Mapping[str, str] = field(default_factory=dict)


def steps(*runs: tuple[str, int]) -> str:
    """Values one after the other, each for so many minutes."""
    return " ".join(f"{value}x{minutes - 1}" for value, minutes in runs)


FAULTS = [
    Fault(
        "MentoringNoPollers",
        {WORKFLOW_POLLERS: steps(("2", 200), ("0", 60), ("2", 400))},
        210,
        262,
        {"task": "workflow"},
    ),
    Fault("MentoringNoPollers", {MAIL_POLLERS: steps(("2", 200), ("0", 60), ("2", 400))}, 210, 262, {"task": "mail"}),
    Fault("MentoringNonDeterminism", {NON_DETERMINISM: steps(("0", 200), ("3", 60), ("0", 400))}, 205, 262),
    Fault(
        "MentoringRelationshipStuck",
        {FAILED: steps(("0", 200), ("1", 60), ("0", 400))},
        215,
        262,
        {"cause": "failed"},
    ),
    Fault(
        "MentoringStepOverdue", {"mentoring_oldest_due_seconds": steps(("0", 200), ("93700", 60), ("0", 400))}, 215, 262
    ),
    Fault("MentoringTeamClockRanOut", {LATE: steps(("_", 200), ("1", 400))}, 205, 270),
    Fault(
        "MentoringLettersRefused",
        {'mentoring_letters_refused{about="sender"}': steps(("0", 200), ("1", 60), ("0", 400))},
        205,
        262,
        {"about": "sender"},
    ),
    Fault(
        "MentoringNothingDelivered",
        {
            DELAYED: "1x199 2+1x299 301x400",
            DELIVERED: f"5+1x199 {steps(('204', 300))} 205+1x400",
            WAITING: steps(("0", 200), ("3", 300), ("0", 400)),
        },
        420,
        520,
    ),
    Fault(
        "MentoringNothingDelivered",  # four hours may pass between two tries
        {
            DELAYED: steps(("1", 200), ("2", 700)),
            DELIVERED: steps(("5", 480), ("6", 420)),
            WAITING: steps(("0", 200), ("3", 280), ("0", 420)),
        },
        470,
        482,
    ),
    Fault("MentoringCalendarDrift", {MISSING: steps(("0", 200), ("2", 60), ("0", 400))}, 205, 262),
    Fault(
        "MentoringUnknownEffects",
        {"mentoring_oldest_unknown_seconds": steps(("0", 200), ("86401", 60), ("0", 400))},
        205,
        262,
    ),
    Fault("MentoringSignalDropped", {"mentoring_dropped_signals_total": steps(("0", 200), ("1", 400))}, 205, 270),
    Fault("MentoringExporterBlind", {EXPORTER_SUCCESS: f"0+60x199 {steps(('11940', 60))} 15600+60x400"}, 215, 262),
    Fault("MentoringReconcileBlind", {RECONCILE_SUCCESS: f"0+60x199 {steps(('11940', 300))} 30000+60x400"}, 460, 502),
    Fault("MentoringReconcileBlind", {RECONCILE_SUCCESS: "0+60x199 stale " + "_ " * 299 + "30000+60x400"}, 460, 502),
    Fault("MentoringCaseClockRanOut", {CLOCK: steps(("_", 200), ("1", 3000))}, 205, 1700, {"clock": "triage"}),
    Fault(
        "MentoringCasesWorkerDown",
        {'up{job="mentoring-cases"}': steps(("1", 200), ("0", 60), ("1", 400))},
        210,
        262,
    ),
    Fault("MentoringCasesFailing", {CASE_TASK_FAILED: steps(("_", 200), ("1", 400))}, 210, 240),
]


def check(
    tmp_path: Path, series: Series, at: Mapping[int, str | None], labels: Mapping[str, str] | None = None
) -> None:
    """Let promtool say which alerts fire when; every alert is asked for at every minute."""
    every = alerts(RELATIONSHIPS) | alerts(CASES)
    tests = [
        {
            "eval_time": f"{minute}m",
            "alertname": name,
            "exp_alerts": [{"exp_labels": {**rule["labels"], **(labels or {})}}] if name == firing else [],
        }
        for minute, firing in at.items()
        for name, rule in every.items()
    ]
    ask(tmp_path, series, {"alert_rule_test": tests})


def ask(tmp_path: Path, series: Series, tests: Mapping[str, Any]) -> None:
    """Let promtool evaluate the rules over the series, a minute a sample."""
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(without_annotations()))
    samples = [{"series": name, "values": values} for name, values in series.items()]
    group = {"interval": "1m", "input_series": samples, **tests}
    asked = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [group]}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(asked, width=10**9))
    promtool("test", "rules", tmp_path / "tests.yml")


def without_annotations() -> dict[str, Any]:
    """The real rules; their sentences carry values, which another test reads."""
    groups = [
        group for file in (RELATIONSHIPS, CASES) for group in yaml.safe_load((RULES / file).read_text())["groups"]
    ]
    for group in groups:
        for rule in group["rules"]:
            rule.pop("annotations", None)
    return {"groups": groups}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.alert)
def test_a_fault_fires_its_alert_and_no_other(fault: Fault, tmp_path: Path) -> None:
    """Before the fault nothing fires, then exactly its alert, and after its end nothing again."""
    series = {**HEALTHY, **fault.series}
    check(tmp_path, series, {190: None, fault.heard_at: fault.alert, fault.gone_at: None}, fault.labels)


def test_a_night_is_no_outage(tmp_path: Path) -> None:
    """Letters that wait for their reader's morning count as delayed; none of them was tried, so nothing fires."""
    night = {DELAYED: "1x199 2+1x600", DELIVERED: steps(("5", 800))}
    check(tmp_path, {**HEALTHY, **night}, dict.fromkeys(range(200, 800, 60)))


def test_a_silent_rule_is_noticed(tmp_path: Path) -> None:
    """The test above fails where an alert that should fire does not."""
    with pytest.raises(AssertionError, match="MentoringNoPollers"):
        check(tmp_path, HEALTHY, {210: "MentoringNoPollers"}, {"task": "workflow"})


def test_every_alert_is_planted() -> None:
    """No alert without a fault that fires it."""
    assert {fault.alert for fault in FAULTS} == {*alerts(RELATIONSHIPS), *alerts(CASES)}


def test_an_exporter_that_was_never_there_is_blind(tmp_path: Path) -> None:
    """Without any figure of the exporter that alone is told; the cases are none of its business."""
    series = {name: values for name, values in HEALTHY.items() if "reconcile" in name or "cases" in name}
    check(tmp_path, series, {30: "MentoringExporterBlind"})


@pytest.mark.parametrize("file", [RELATIONSHIPS, CASES])
def test_the_rules_are_rules(file: str) -> None:
    """promtool reads each file without a complaint, and the configuration that loads the operators' rules."""
    assert "SUCCESS" in promtool("check", "rules", RULES / file)
    assert "SUCCESS" in promtool("check", "config", RULES / "prometheus.yml")


def test_cases_are_not_for_operators() -> None:
    """The operators' Prometheus neither scrapes the worker of the cases nor loads their rules, and names no case."""
    config = yaml.safe_load((RULES / "prometheus.yml").read_text())
    assert config["rule_files"] == [RELATIONSHIPS]
    assert "case" not in (RULES / RELATIONSHIPS).read_text().replace("cases.rules.yml", "").lower()
    assert not [job for job in config["scrape_configs"] if "case" in str(job)]


def test_every_alert_has_its_runbook() -> None:
    """The annotation leads to a heading of its own, and below it stand more than a sentence."""
    page = (DOCS / "runbooks.md").read_text()
    sections = dict(zip(*[iter(re.split(r"^## (\w+)$", page, flags=re.MULTILINE)[1:])] * 2, strict=True))
    every = alerts(RELATIONSHIPS) | alerts(CASES)
    assert set(sections) == set(every)
    for name, rule in every.items():
        assert rule["annotations"]["runbook"] == f"docs/runbooks.md#{name.lower()}"
        assert len(sections[name].split()) > 20


# --- an ordinary week -------------------------------------------------------------------------------------------


@dataclass
class Shown:
    """What a list shows of one relationship from an instant on."""

    at: datetime
    due: datetime | None


def shown_over_time(chance: Random) -> tuple[list[Shown], datetime]:
    """A generated life as Visibility has it: search attributes written only when the story writes them."""
    lived = any_life(chance)
    first, *rest = lived.events
    assert isinstance(first, RelationshipOpened)
    state = opened(first)
    attributes = showing.search_attributes(state)
    found = [Shown(first.at, attributes.get(names.NEXT_DUE_AT))]
    for at, after in states(state, rest):
        if after.is_closed:
            found.append(Shown(at, None))
            return found, lived.now
        if not after.is_ending and showing.changes(attributes, after):
            attributes = showing.search_attributes(after)
            found.append(Shown(at, attributes.get(names.NEXT_DUE_AT)))
    return found, lived.now


def states(state: Relationship, events: list[Any]) -> Iterator[tuple[datetime, Relationship]]:
    """The state at the end of each instant at which something happened."""
    for number, event in enumerate(events):
        state = evolve(state, event)
        if number + 1 == len(events) or events[number + 1].at != event.at:
            yield event.at, state


def overdue_at(shown: list[Shown], until: datetime, at: datetime) -> float:
    """How far one relationship is past its due at an instant; 0 while it is not, or is not there."""
    known = [each for each in shown if each.at <= at]
    due = known[-1].due if known and at <= until else None
    return max((at - due).total_seconds(), 0) if due else 0


def test_an_ordinary_week_is_quiet(tmp_path: Path) -> None:
    """A thousand relationships, each at a week of its own: the oldest due of every hour fires nothing.

    People in them are late, silent, decline and leave; mail and calendars work.
    """
    chance = Random(2027)
    lives = [shown_over_time(chance) for _ in range(250)]
    placed = [(*lived, timedelta(hours=chance.randrange(26 * 7 * 24))) for lived in lives for _ in range(4)]
    hours = [
        max(overdue_at(shown, until, START + offset + hour * HOUR) for shown, until, offset in placed)
        for hour in range(WEEK // HOUR)
    ]
    assert max(hours) > 0, "a due may be off within its day; the week must show it"
    week = " ".join(f"{value:.0f}x59" for value in hours)
    never = {"promql_expr_test": [{"eval_time": "168h", "expr": EVER_FIRED, "exp_samples": []}]}
    ask(tmp_path, {**HEALTHY, "mentoring_oldest_due_seconds": week}, never)
    late = " ".join(f"{value + 26 * 3600:.0f}x59" for value in hours[:3])
    never["promql_expr_test"][0]["eval_time"] = "3h"
    with pytest.raises(AssertionError, match="MentoringStepOverdue"):
        ask(tmp_path, {**HEALTHY, "mentoring_oldest_due_seconds": late}, never)
