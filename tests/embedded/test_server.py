import asyncio
import sys
from pathlib import Path

import httpx2
import pytest
from temporalio import workflow
from temporalio.api.workflowservice.v1 import CountWorkflowExecutionsRequest
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from mentoring_lifecycle.embedded import processes
from mentoring_lifecycle.embedded.configuration import Layout
from mentoring_lifecycle.embedded.go_build import BuiltServer
from mentoring_lifecycle.embedded.namespaces import set_up_namespace
from mentoring_lifecycle.embedded.processes import ProcessFailed, free_ports
from mentoring_lifecycle.embedded.provision import DevServer
from mentoring_lifecycle.embedded.server import DataDirectoryInUse, EmbeddedTemporal

from .conftest import listens, processes_naming, until

Programs = BuiltServer | DevServer


@workflow.defn
class Counter:
    """Counts what it is told, until it is told to end."""

    def __init__(self) -> None:
        self._count = 0
        self._ended = False

    @workflow.run
    async def run(self) -> int:
        await workflow.wait_condition(lambda: self._ended)
        return self._count

    @workflow.update
    async def add(self) -> int:
        self._count += 1
        return self._count

    @workflow.signal
    def end(self) -> None:
        self._ended = True


async def _client(server: EmbeddedTemporal) -> Client:
    client = await Client.connect(server.address, namespace="mentoring")
    await set_up_namespace(client, {})
    return client


def _worker(client: Client) -> Worker:
    return Worker(client, task_queue="counting", workflows=[Counter], workflow_runner=UnsandboxedWorkflowRunner())


async def test_server_ui_and_metrics_answer(temporal: EmbeddedTemporal) -> None:
    """All three addresses that a server tells can be used."""
    async with httpx2.AsyncClient(trust_env=False, follow_redirects=True) as http:
        assert temporal.ui_url
        assert "<html" in (await http.get(temporal.ui_url)).text
        assert "temporal-system" in (await http.get(f"{temporal.ui_url}/api/v1/namespaces/temporal-system")).text
        assert "service_requests" in (await http.get(temporal.metrics_url)).text


async def test_a_list_is_there_however_often_it_is_looked_at(temporal: EmbeddedTemporal) -> None:
    """A page of the UI asks Visibility three times, the exporter two dozen times: none of them is ever turned away."""
    client = await _client(temporal)
    request = CountWorkflowExecutionsRequest(namespace="mentoring")
    await asyncio.gather(*(client.workflow_service.count_workflow_executions(request) for _ in range(60)))


async def test_stop_leaves_no_process_and_no_port(programs: Programs, tmp_path: Path) -> None:
    """After the `async with` block the computer is as it was, but for the data."""
    async with EmbeddedTemporal(tmp_path, ui=True, programs=programs) as server:
        assert processes_naming(tmp_path)
        assert server.ui_url
        ports = [int(url.split(":")[-1].split("/")[0]) for url in (server.address, server.ui_url, server.metrics_url)]
        assert all(map(listens, ports))
    assert processes_naming(tmp_path) == []
    assert not any(map(listens, ports))
    assert (tmp_path / "temporal.sqlite").exists()


async def test_a_killed_server_continues_where_it_was(programs: Programs, tmp_path: Path) -> None:
    """kill -9 between two updates loses nothing, and client and worker find the server again by themselves."""
    async with EmbeddedTemporal(tmp_path, programs=programs) as server:
        client = await _client(server)
        async with _worker(client):
            handle = await client.start_workflow(Counter.run, id="killed", task_queue="counting")
            assert await handle.execute_update(Counter.add) == 1
            address = server.address
            await server.kill()
            assert not listens(int(address.split(":")[1]))
            await server.start()
            assert server.address == address
            assert await handle.execute_update(Counter.add) == 2
            await handle.signal(Counter.end)
            assert await handle.result() == 2


async def test_a_later_server_continues_the_workflows_of_its_directory(programs: Programs, tmp_path: Path) -> None:
    """What one server kept, another on the same data directory goes on with."""
    async with EmbeddedTemporal(tmp_path, programs=programs) as server:
        client = await _client(server)
        handle = await client.start_workflow(Counter.run, id="kept", task_queue="counting")
        await handle.signal(Counter.end)
    async with EmbeddedTemporal(tmp_path, programs=programs) as server:
        client = await Client.connect(server.address, namespace="mentoring")
        async with _worker(client):
            assert await client.get_workflow_handle("kept").result() == 0


async def test_a_data_directory_has_one_server(temporal: EmbeddedTemporal, programs: Programs) -> None:
    """A second server on the same directory is refused in words, and the first is not disturbed."""
    with pytest.raises(DataDirectoryInUse, match="is used by another embedded Temporal server"):
        await EmbeddedTemporal(temporal.data_dir, programs=programs).start()
    assert listens(int(temporal.address.split(":")[1]))


async def test_a_program_that_does_not_come_up_is_told_and_lets_go(programs: Programs, tmp_path: Path) -> None:
    """The error shows the program's last words, and the directory can be used again."""
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho the disk is on strike; exit 1\n")
    broken.chmod(0o755)
    with pytest.raises(ProcessFailed, match=r"temporal-server ended with code 1(?s:.*)the disk is on strike"):
        await EmbeddedTemporal(tmp_path, programs=BuiltServer(broken, broken)).start()
    async with EmbeddedTemporal(tmp_path, programs=programs) as server:
        assert server.address


@pytest.mark.parametrize("lost", ["metrics", "ui"])
async def test_a_server_that_lost_a_port_takes_others(
    temporal: EmbeddedTemporal, programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """When somebody takes a port between choice and use, server and UI come up on others."""
    taken = int(temporal.metrics_url.split(":")[-1].split("/")[0])
    chosen = iter([_with_port(free_ports(Layout.PORTS), lost, taken), free_ports(Layout.PORTS)])
    monkeypatch.setattr(processes, "free_ports", lambda _count: next(chosen))
    async with EmbeddedTemporal(tmp_path, ui=True, programs=programs) as server:
        assert await (await Client.connect(server.address)).service_client.check_health()
        assert server.ui_url
        assert listens(int(server.ui_url.split(":")[-1]))
    assert next(chosen, None) is None


def _with_port(ports: list[int], name: str, port: int) -> list[int]:
    ports[["frontend", "http", "metrics", "ui"].index(name)] = port
    return ports


async def test_the_server_ends_with_a_parent_that_is_killed(programs: Programs, tmp_path: Path) -> None:
    """kill -9 of the process that started them ends server and UI, and frees the data directory."""
    parent = f"""
import asyncio
from pathlib import Path, PosixPath
from mentoring_lifecycle.embedded.go_build import BuiltServer
from mentoring_lifecycle.embedded.provision import DevServer
from mentoring_lifecycle.embedded.server import EmbeddedTemporal

async def main():
    async with EmbeddedTemporal(Path({str(tmp_path)!r}), ui=True, programs={programs!r}) as server:
        print("up", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-P", "-c", parent, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    assert await process.stdout.readline() == b"up\n"
    assert len(processes_naming(tmp_path)) >= 3
    process.kill()
    await process.communicate()
    await until(lambda: processes_naming(tmp_path) == [])
    async with EmbeddedTemporal(tmp_path, programs=programs) as server:
        assert server.address


def test_the_address_of_a_server_that_was_not_started_is_an_error(tmp_path: Path) -> None:
    """The mistake is named instead of an address that leads nowhere."""
    with pytest.raises(RuntimeError, match="was not started yet"):
        _ = EmbeddedTemporal(tmp_path).address
