"""What a worker and the exporter really serve: as documented, in agreement with the journal, under closed labels."""

import asyncio
import re
import shutil
import socket
import subprocess
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.deliveries import Outcome
from mentoring_lifecycle.domain.effects import Effect
from mentoring_lifecycle.domain.events import Event
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.gateways.journal_sql import SqlJournal
from mentoring_lifecycle.gateways.ledger_sql import SqlLedger
from mentoring_lifecycle.starter.exporter import Figures, Sources, read_figures
from tests.deploy.test_dashboards import SDK

from .life import MENTEE, PEOPLE, UNDER_WAY, Life
from .real import RealRig, real_rig

METRICS = (Path(__file__).parents[2] / "docs/metrics.md").read_text()
ADDED_BY_SDK = {"namespace", "task_queue", "workflow_type", "service_name"}

CLOSED: dict[str, set[str]] = {
    "kind": {each.__dataclass_fields__["kind"].default for each in (*get_args(Event), *get_args(Effect))},
    "outcome": {*Outcome, "overtaken"},
    "namespace": {"mentoring", "mentoring-cases"},
    "task_queue": {"mentoring", "mentoring-cases"},
    "workflow_type": {names.RELATIONSHIP, names.CASE},
    "service_name": {"temporal-core-sdk"},
}
"""Every value that a label of the worker's own metrics may have: as many series as these allow, and not one more."""

Shape = tuple[str, frozenset[str]]
"""Type, and names of labels."""


def documented(section: str) -> dict[str, Shape]:
    """The rows of one table: metric, type, labels."""
    text = METRICS.partition(f"## {section}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(mentoring_\w+)` \| (\w+) \| (.*?) ?\| ", text, flags=re.MULTILINE)
    return {name: (kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def shapes(exposition: str) -> dict[str, Shape]:
    """What is served of ours, in the same form."""
    found: dict[str, Shape] = {}
    for family in text_string_to_metric_families(exposition):
        if family.name.startswith("mentoring_"):
            for sample in family.samples:
                found[sample.name] = (family.type, frozenset(sample.labels) - ADDED_BY_SDK)
    return found


def series(exposition: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
        if sample.name.startswith("mentoring_")
    }


@pytest.fixture(scope="module")
async def rig(temporal: EmbeddedTemporal, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealRig]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    async with real_rig(temporal, tmp_path_factory.mktemp("metrics"), address) as rig:
        yield rig


async def a_short_life(rig: RealRig) -> Life:
    """Begun, agreed, under way, left."""
    life = await rig.life()
    for past in UNDER_WAY:
        await past(life)
    await life.on.exit(by=MENTEE)
    await life.rest()
    return life


async def served_by_worker(rig: RealRig) -> str:
    def scrape() -> str:
        with urllib.request.urlopen(f"http://{rig.metrics_address}/metrics") as answer:
            return str(answer.read().decode())

    return await asyncio.to_thread(scrape)


async def served_by_exporter(rig: RealRig) -> str:
    """One refresh of the real figures, as a scrape shows them."""
    ledger, figures, registry = SqlLedger(rig.engine), Figures(), CollectorRegistry()

    async def programmes() -> list[str]:
        return [summary.programme for summary in await SqlJournal(rig.engine).relationships()]

    now = datetime.now(UTC)
    sources = Sources(ledger.counts, ledger.troubles, programmes, "mentoring")
    figures.show(await read_figures(rig.clock.client, sources, now), now)
    registry.register(figures)
    return generate_latest(registry).decode()


async def test_metrics_are_as_documented_and_agree_with_the_journal(rig: RealRig) -> None:
    """After whole lives: names, types and labels are those of the page; counts of events are those of the journal;

    and every label is of a closed set, so that neither people nor relationships nor their number are in any.
    """
    lives = [await a_short_life(rig) for _ in range(4)]
    worker, exporter = await served_by_worker(rig), await served_by_exporter(rig)

    assert shapes(worker) == documented("Worker")
    sizes = {"mentoring_relationships_by_programme"}  # fewer than five are open
    assert shapes(exporter) | {name: documented("Exporter")[name] for name in sizes} == documented("Exporter")
    assert {name for name in SDK if f"{name}{{" not in worker} <= {"temporal_workflow_task_execution_failed_total"}

    journal = SqlJournal(rig.engine)
    kept = Counter([entry.kind for life in lives for entry in await journal.read(life.id)])
    counted = {
        dict(labels)["kind"]: value
        for (name, labels), value in series(worker).items()
        if name == "mentoring_events_total"
    }
    assert counted == kept

    for name, labels in series(worker):
        assert all(value in CLOSED[label] for label, value in labels), (name, labels)
    words = worker + exporter
    assert not [one for one in (*(person.id for person in PEOPLE), *(life.id for life in lives)) if one in words]
    assert series(exporter)[("mentoring_pollers", (("task", "workflow"),))] > 0


@pytest.mark.prometheus
async def test_promtool_has_nothing_to_say(rig: RealRig) -> None:
    """What both serve passes `promtool check metrics`."""
    promtool = shutil.which("promtool")
    assert promtool
    await a_short_life(rig)
    for exposition in (await served_by_worker(rig), await served_by_exporter(rig)):
        done = subprocess.run(
            [promtool, "check", "metrics"], input=exposition, text=True, capture_output=True, check=False
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, "")
