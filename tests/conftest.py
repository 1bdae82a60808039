"""What holds for all tests: how cores share them, what a busy computer must not change, what a summary says aloud."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

DEAR = ("workflows", "ui", "inbound", "packaging", "starter", "embedded", "contracts")
"""Folders whose files cost seconds each. Cores that share the suite take them first, and so end together."""

LEFT_OUT = "left_out"

PROGRAMS = {"postgres": "PostgreSQL", "prometheus": "Prometheus", "chromium": "Chromium", "systemd": "systemd"}
"""Markers of tests that need a program which not every computer has."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The same order on every core, whichever hash seed it was given: what costs most comes first."""
    if hasattr(config, "workerinput"):
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    folder = item.path.relative_to(item.config.rootpath / "tests").parts[0]
    return DEAR.index(folder) if folder in DEAR else len(DEAR)


# --- what was left out on request -------------------------------------------------------------------------------

_left_out: set[str] = set()


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Remember what the summary must say aloud."""
    _left_out.update(_names(items))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Nothing need be said of a program with which some tests run."""
    run = {name.partition(" ")[0] for name in _names(session.items)}
    _left_out.difference_update({name for name in _left_out if name.partition(" ")[0] in run})


def _names(items: Sequence[pytest.Item]) -> set[str]:
    """Each test under the program that it needs."""
    return {f"{marker} {item.nodeid}" for item in items for marker in PROGRAMS if item.get_closest_marker(marker)}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A core tells what it left out to the one that writes the summary."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[LEFT_OUT] = sorted(_left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Every core left out the same."""
    _left_out.update(getattr(node, "workeroutput", {}).get(LEFT_OUT, ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud what was not tested."""
    for marker, name in PROGRAMS.items():
        if count := sum(each.startswith(f"{marker} ") for each in _left_out):
            terminalreporter.section(f"{name.upper()} WAS NOT TESTED", sep="!", red=True, bold=True)
            terminalreporter.write_line(f"{count} tests on {name} were left out on request.")
