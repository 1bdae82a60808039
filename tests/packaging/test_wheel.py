"""The wheel: one import name, every file of the package, nothing else; and it works alone.

Whatever must work without the sources takes the `installed` fixture, and stands in this file: a wheel is built and
installed once per file.
"""

import asyncio
import json
import os
import subprocess
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest
from temporalio.client import Client

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.embedded.mail import MailServer
from mentoring_lifecycle.embedded.namespaces import set_up_namespace
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.gateways.database import migrate, open_database
from mentoring_lifecycle.gateways.people_sql import SqlPeople
from mentoring_lifecycle.gateways.roster_csv import read_roster

ROOT = Path(__file__).parents[2]
NOT_THE_PACKAGE = {"build", "deploy", "dist", "docs", "tests"}
NOT_SHIPPED = {"domain/ruff.toml"}


def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def belongs(file: Path) -> bool:
    parts = file.relative_to(ROOT).parts
    is_hidden = any(part.startswith(".") or part in {"__pycache__"} or part.endswith(".egg-info") for part in parts)
    return file.is_file() and not is_hidden and parts[0] not in NOT_THE_PACKAGE


def package_files() -> set[str]:
    """Every file of every folder of the package, and the modules at the root, by their path from the root."""
    folders = [folder for folder in ROOT.iterdir() if folder.is_dir() and (folder / "__init__.py").exists()]
    in_folders = {file for folder in folders for file in folder.rglob("*") if belongs(file)}
    at_root = {*ROOT.glob("*.py"), ROOT / "py.typed"}
    return {str(file.relative_to(ROOT)) for file in in_folders | at_root} - NOT_SHIPPED


def test_it_owns_one_name(wheel: Path) -> None:
    """Whoever installs it gets `mentoring_lifecycle` and its metadata, and no `workflows` or `worker` beside it."""
    tops = {name.split("/")[0] for name in contents(wheel)}
    assert "mentoring_lifecycle" in tops
    assert all(top == "mentoring_lifecycle" or top.endswith(".dist-info") for top in tops)


def test_it_holds_every_file_of_the_package(wheel: Path) -> None:
    """The wheel holds what the folders hold: no forgotten folder, no forgotten template, nothing that strayed in."""
    shipped = {name.removeprefix("mentoring_lifecycle/") for name in contents(wheel) if ".dist-info/" not in name}
    assert shipped == package_files()


def test_only_known_modules_lie_at_the_root() -> None:
    """A file at the root enters the wheel, so nothing but the package's own modules may lie there."""
    known = {"__init__.py", "plugin.py", "settings.py", "telemetry.py", "worker.py"}
    assert {file.name for file in ROOT.glob("*.py")} <= known


@pytest.mark.installs
def test_it_runs_alone(installed: Path, tmp_path: Path) -> None:
    """Installed into an empty environment, far from the sources, the command line comes up."""
    done = subprocess.run(
        [installed / "mentoring", "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "worker" in done.stdout


@pytest.mark.installs
def test_it_is_typed(installed: Path, tmp_path: Path) -> None:
    """The installed package tells type checkers that it is typed."""
    code = "import importlib.resources as r; print(r.files('mentoring_lifecycle').joinpath('py.typed').is_file())"
    done = subprocess.run([installed / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


# --- at work: a host's own worker with our plugin, and histories of the past ------------------------------------

HISTORIES = ROOT / "tests" / "replay" / "histories"

REPLAY = """
import asyncio, sys
from pathlib import Path
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from mentoring_lifecycle.plugin import MentoringPlugin
from mentoring_lifecycle.settings import read_settings

async def main():
    replayer = Replayer(workflows=[], plugins=[MentoringPlugin(read_settings())])
    for file in map(Path, sys.argv[1:]):
        await replayer.replay_workflow(WorkflowHistory.from_json("relationship/replayed", file.read_text()))
        print(file.name)

asyncio.run(main())
"""


def is_of_a_relationship(file: Path) -> bool:
    """Cases are replayed by our own worker's code, not by the plugin's."""
    first = json.loads(file.read_text())["events"][0]["workflowExecutionStartedEventAttributes"]
    return bool(first["workflowType"]["name"] == names.RELATIONSHIP)


@asynccontextmanager
async def a_host(folder: Path, python: Path) -> AsyncIterator[MailServer]:
    """The example of a host, run by the installed wheel against a real server and a real mailbox."""
    database = f"sqlite:///{folder / 'mentoring.db'}"
    await migrate(database)
    engine = open_database(database)
    roster = read_roster(ROOT / "examples" / "people.csv").persons
    # The host looks at the real clock: at any hour of any day somebody would be asleep.
    await SqlPeople(engine).save(
        [replace(each, rest_days=(), quiet_from=time(), quiet_until=time()) for each in roster]
    )
    await engine.dispose()
    async with EmbeddedTemporal(folder / "temporal") as temporal:
        client = await Client.connect(temporal.address, namespace="mentoring")
        await set_up_namespace(client, names.SEARCH_ATTRIBUTE_TYPES)
        with MailServer(folder / "mailbox") as mail:
            environment = os.environ | {
                "TEMPORAL_ADDRESS": temporal.address,
                "MENTORING_DATABASE_URL": database,
                "MENTORING_SMTP_HOST": mail.host,
                "MENTORING_SMTP_PORT": str(mail.port),
            }
            command = [str(python), "-P", "-m", "mentoring_lifecycle.examples.embed_in_your_worker"]
            host = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environment)
            try:
                yield mail
            finally:
                if host.returncode is None:
                    host.kill()
                await host.wait()


@pytest.mark.installs
async def test_a_host_embeds_it(installed: Path, tmp_path: Path) -> None:
    """The forty lines of the example invite two people by mail, from a worker that is the host's own."""
    async with a_host(tmp_path, installed / "python") as mail, asyncio.timeout(60):
        while len(mail.mailbox.messages()) < 2:
            await asyncio.sleep(0.05)
        assert {recipient for each in mail.mailbox.messages() for recipient in each.recipients} == {
            "matteo.bianchi@people.example",
            "amelia.clarke@people.example",
        }


@pytest.mark.installs
def test_it_replays_the_past(installed: Path, tmp_path: Path) -> None:
    """Every recorded history of a relationship replays with the wheel and its plugin alone, without a server."""
    environment = os.environ | {"MENTORING_DATABASE_URL": f"sqlite:///{tmp_path / 'unused.db'}"}
    recorded = [str(file) for file in sorted(HISTORIES.rglob("*.json")) if is_of_a_relationship(file)]
    assert recorded
    command = [str(installed / "python"), "-P", "-c", REPLAY, *recorded]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(recorded)
