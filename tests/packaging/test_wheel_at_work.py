"""The wheel alone, at work: a host's own worker with our plugin, and histories of the past."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
    await SqlPeople(engine).save(read_roster(ROOT / "examples" / "people.csv").persons)
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
