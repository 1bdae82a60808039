"""What was scraped of real processes, laid out in time for promtool: the shipped rules say what would have fired."""

import json
import re
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from .prometheus import RULES, alerts, promtool

OPERATORS, HANDLERS = "relationships.rules.yml", "cases.rules.yml"

SEEN_BY: Mapping[str, tuple[str, ...]] = {
    OPERATORS: tuple(
        job["job_name"] for job in yaml.safe_load((RULES / "prometheus.yml").read_text())["scrape_configs"]
    ),
    HANDLERS: ("mentoring-cases",),
}
"""The jobs that the Prometheus of each rules file scrapes."""

_ASKED_FOR = {file: set(re.findall(r"\b(?:mentoring|temporal)_\w+", (RULES / file).read_text())) for file in SEEN_BY}


@dataclass(frozen=True, slots=True)
class Scrape:
    """One look at the endpoints of all jobs; a job that does not answer has `up` 0 and nothing else."""

    at: float
    """Seconds since the epoch."""
    samples: Mapping[str, Mapping[str, float]]
    """By job, then by name and labels as Prometheus writes them."""

    def value(self, job: str, name: str, **labels: str) -> float:
        """One figure; 0 where there is none."""
        return sum(
            value
            for series, value in self.samples[job].items()
            if series.startswith(f"{name}{{") and all(f'{key}="{each}"' in series for key, each in labels.items())
        )


def scrape(endpoints: Mapping[str, str]) -> Scrape:
    """Look at each job once."""
    return Scrape(datetime.now(UTC).timestamp(), {job: _samples(job, url) for job, url in endpoints.items()})


def _samples(job: str, url: str) -> dict[str, float]:
    up = f'up{{job="{job}"}}'
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            exposition = answer.read().decode()
    except OSError:
        return {up: 0}
    return {up: 1} | {
        _written(sample.name, {**sample.labels, "job": job}): sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
    }


def _written(name: str, labels: Mapping[str, str]) -> str:
    pairs = [f"{key}={json.dumps(value)}" for key, value in sorted(labels.items())]
    return f"{name}{{{','.join(pairs)}}}"


# --- in time ----------------------------------------------------------------------------------------------------


LEAD = {OPERATORS: 6 * 60, HANDLERS: 25 * 60}
"""Minutes before the first that is asked about, as far as rules look back: no counter there has just been born."""


@dataclass(frozen=True, slots=True)
class Phase:
    """What was scraped, for so many minutes: counters and gauges stand, a process that answers goes on as it did."""

    seen: Scrape
    minutes: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What must fire while a fault lasts, and nothing else, ever."""

    alert: str
    """Empty: nothing fires."""
    ends_by_itself: bool = False
    """It tells of something that has happened, so it has ended before the fault has."""


@dataclass
class Timeline:
    """Before, during and after a fault."""

    phases: list[Phase] = field(default_factory=list)

    def add(self, seen: Scrape, minutes: int) -> None:
        """The next phase."""
        self.phases.append(Phase(seen, minutes))

    def check(self, folder: Path, expected: Expected) -> None:
        """Let promtool evaluate both files, each over what its own Prometheus sees. Fails with what it says."""
        for file in SEEN_BY:
            group = {
                "interval": "1m",
                "input_series": self._series(file),
                "promql_expr_test": self._asked(file, expected),
            }
            asked = {"rule_files": [str(RULES / file)], "evaluation_interval": "1m", "tests": [group]}
            tests = folder / f"{file}.tests"
            tests.write_text(yaml.safe_dump(asked, width=10**9))
            promtool("test", "rules", tests)

    def _asked(self, file: str, expected: Expected) -> list[dict[str, Any]]:
        ours = [expected.alert] if expected.alert in alerts(file) else []
        before, during, after = (phase.minutes for phase in self.phases)
        quiet = LEAD[file] + before - 1
        fault, end = quiet + during, quiet + during + after
        ever = "group by (alertname) (count_over_time(ALERTS{alertstate='firing'}[%dm]))"
        now = "group by (alertname) (ALERTS{alertstate='firing'})"
        asked = [
            _asked(ever % before, quiet, []),
            _asked(ever % during, fault, ours),
            _asked(ever % (during + after), end, ours),
            _asked(now, end, []),
        ]
        lasting = _asked(ever % after, end, []) if expected.ends_by_itself else _asked(now, fault, ours)
        return [*asked, lasting]

    def _series(self, file: str) -> list[dict[str, str]]:
        wanted = _ASKED_FOR[file] | {"up"}
        names = {
            name
            for phase in self.phases
            for job in SEEN_BY[file]
            for name in phase.seen.samples.get(job, {})
            if name.partition("{")[0] in wanted
        }
        return [{"series": name, "values": self._values(file, name)} for name in sorted(names)]

    def _values(self, file: str, name: str) -> str:
        minute, was_there, told = 0, False, []
        lead = Phase(self.phases[0].seen, LEAD[file])
        for phase in (lead, *self.phases):
            found = [samples[name] for samples in phase.seen.samples.values() if name in samples]
            told += _held(name, found[0], phase, minute) if found else _absent(phase.minutes, was_there)
            minute, was_there = minute + phase.minutes, bool(found)
        return " ".join(told)


def _held(name: str, value: float, phase: Phase, minute: int) -> list[str]:
    if name.partition("{")[0].endswith("_timestamp_seconds"):  # as old as it was seen to be, minute by minute
        return [f"{minute * 60 + value - phase.seen.at:.3f}+60x{phase.minutes - 1}"]
    return [f"{value:g}x{phase.minutes - 1}"]


def _absent(minutes: int, was_there: bool) -> list[str]:
    return ["stale" if was_there else "_", *["_"] * (minutes - 1)]


def _asked(expr: str, minute: int, firing: Sequence[str]) -> dict[str, Any]:
    samples = [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in firing]
    return {"expr": expr, "eval_time": f"{minute}m", "exp_samples": samples}
