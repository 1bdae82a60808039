"""Debian's Prometheus programs, for the tests that need them."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

RULES = Path(__file__).parents[2] / "deploy/prometheus"

needs_prometheus = pytest.mark.prometheus
"""For tests that need promtool, or Prometheus and Alertmanager themselves."""


def program(name: str) -> str:
    """Where it is. A test that needs it was asked for, so its absence is a failure."""
    found = shutil.which(name)
    assert found, f'{name} is missing: apt-get install prometheus prometheus-alertmanager, or -m "not prometheus"'
    return found


def promtool(*arguments: str | Path, words: str = "") -> str:
    """What promtool says; fails with it where promtool does."""
    command = [program("promtool"), *map(str, arguments)]
    done = subprocess.run(command, input=words, text=True, capture_output=True, check=False)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    return told


def alerts(file: str) -> dict[str, dict[str, Any]]:
    """Every alert of a rules file by its name."""
    groups = yaml.safe_load((RULES / file).read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}
