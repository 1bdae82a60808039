"""One real server for all tests of this folder, and what they use to look at the computer from outside."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from temporalio.client import Client

from mentoring_lifecycle.embedded.go_build import BuiltServer
from mentoring_lifecycle.embedded.namespaces import set_up_namespace
from mentoring_lifecycle.embedded.provision import DevServer, provide_server
from mentoring_lifecycle.embedded.server import EmbeddedTemporal


@pytest.fixture(scope="session")
def programs() -> BuiltServer | DevServer:
    return provide_server()


@pytest.fixture(scope="session")
async def temporal(
    programs: BuiltServer | DevServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[EmbeddedTemporal]:
    async with EmbeddedTemporal(tmp_path_factory.mktemp("temporal"), ui=True, programs=programs) as server:
        yield server


@pytest.fixture(scope="session")
async def client(temporal: EmbeddedTemporal) -> Client:
    client = await Client.connect(temporal.address, namespace="mentoring")
    await set_up_namespace(client, {})
    return client


async def until(condition: Callable[[], bool], *, within: float = 20) -> None:
    """Wait for a condition of the outside world."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.02)


def processes_naming(path: Path) -> list[int]:
    """Running processes with `path` in their command line."""
    listed = subprocess.run(["/bin/ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True)
    lines = [line.split(maxsplit=1) for line in listed.stdout.splitlines()]
    return [int(pid) for pid, *command in lines if str(path) in "".join(command)]


def listens(port: int) -> bool:
    """Whether anybody accepts connections on this port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
