"""The units for systemd: what they run and name exists, and systemd itself reads and rates them."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer

from mentoring_lifecycle.settings import PREFIX, Settings
from mentoring_lifecycle.starter.probe import Process

UNITS = Path(__file__).parents[2] / "deploy/systemd"
SERVICES = sorted(UNITS.glob("*.service"))
HARDENED = UNITS / "mentoring-.service.d/50-hardened.conf"
EXPOSED_AT_MOST = 20
"""Of 100, as systemd rates what a unit could still do; without the shared file it is above 90."""

every_unit = pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)


def lines_of(unit: Path, key: str) -> list[str]:
    """Every value of a key that may stand more than once."""
    return re.findall(rf"^{key}=(.*)$", unit.read_text(), flags=re.MULTILINE)


def test_every_process_has_a_unit() -> None:
    """Those that tell of their health, and no other."""
    assert {unit.stem.removeprefix("mentoring-") for unit in SERVICES} == {*Process}


@every_unit
def test_its_command_exists(unit: Path) -> None:
    """By the name of the unit."""
    from mentoring_lifecycle.starter.__main__ import app

    (command,) = lines_of(unit, "ExecStart")
    name = unit.stem.removeprefix("mentoring-")
    assert command.split() == ["/opt/mentoring/bin/mentoring", name]
    assert name in typer.main.get_group(app).commands


@every_unit
def test_every_secret_is_a_setting_read_from_its_file(unit: Path) -> None:
    """What is loaded is named, what is named is loaded, and each is a setting."""
    loaded = dict(line.split(":") for line in lines_of(unit, "LoadCredential"))
    assert all(path == f"/etc/mentoring/secrets/{name}" for name, path in loaded.items())
    assert lines_of(unit, "Environment") == [f"{PREFIX}{name.upper()}_FILE=%d/{name}" for name in loaded]
    assert {*loaded} <= {*Settings.model_fields}


def test_only_the_worker_of_cases_is_given_their_secrets() -> None:
    """Neither their key nor their database reaches another process."""
    given = {unit.stem for unit in SERVICES if re.search("LoadCredential=cases_", unit.read_text())}
    assert given == {"mentoring-cases-worker"}


def test_refused_settings_are_not_started_again_and_a_stop_outlasts_a_letter() -> None:
    """Exit code 2 is for a human being; what is under way and then a letter may take a minute each."""
    from mentoring_lifecycle.worker import GRACE

    shared = configparser.ConfigParser(strict=False, interpolation=None)
    shared.optionxform = str  # type: ignore[assignment,method-assign]
    shared.read(HARDENED)
    assert shared["Service"]["RestartPreventExitStatus"] == "2"
    assert int(shared["Service"]["TimeoutStopSec"]) > 2 * GRACE.total_seconds()


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The root of one that has been set up as the page says."""
    system = tmp_path / "etc/systemd/system"
    shutil.copytree(UNITS, system)
    program = tmp_path / "opt/mentoring/bin/mentoring"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for target in ("multi-user", "sysinit", "basic", "shutdown", "network-online"):
        (system / f"{target}.target").write_text("[Unit]\nDescription=there\n")
    (system / "tmp.mount").write_text("[Mount]\nWhat=tmpfs\nWhere=/tmp\n")
    return tmp_path


def rated(machine: Path, unit: Path) -> subprocess.CompletedProcess[str]:
    """How systemd rates what it could do if it were taken over."""
    limit = f"--threshold={EXPOSED_AT_MOST}"
    return analyzed("security", "--offline=true", f"--root={machine}", limit, "--no-pager", unit.name)


def analyzed(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What systemd's own tool says."""
    tool = shutil.which("systemd-analyze")
    assert tool, 'systemd-analyze is missing: apt-get install systemd, or -m "not systemd"'
    return subprocess.run([tool, *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.systemd
@every_unit
def test_systemd_reads_it(machine: Path, unit: Path) -> None:
    """Without a word."""
    verified = analyzed("verify", f"--root={machine}", "--man=no", unit.name)
    assert (verified.returncode, verified.stderr) == (0, "")


@pytest.mark.systemd
def test_a_misspelt_line_is_told(machine: Path) -> None:
    """So that silence means something."""
    drop_in = machine / "etc/systemd/system" / HARDENED.relative_to(UNITS)
    drop_in.write_text(drop_in.read_text().replace("ProtectHome=yes", "ProtectHom=yes"))
    assert "ProtectHom" in analyzed("verify", f"--root={machine}", "--man=no", SERVICES[0].name).stderr


@pytest.mark.systemd
@every_unit
def test_systemd_rates_it_as_well_protected(machine: Path, unit: Path) -> None:
    """And would not without the file that hardens all of them."""
    assert rated(machine, unit).returncode == 0, rated(machine, unit).stdout
    (machine / "etc/systemd/system" / HARDENED.relative_to(UNITS)).unlink()
    assert rated(machine, unit).returncode != 0
