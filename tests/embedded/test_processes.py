import asyncio
import sys
from pathlib import Path

import pytest

from mentoring_lifecycle.embedded import processes
from mentoring_lifecycle.embedded.processes import ChildProcess, ProcessFailed, free_ports, on_free_ports

from .conftest import listens, processes_naming, until


async def _never() -> bool:
    return False


def _listener(folder: Path) -> list[str | Path]:
    """A command that ends only when it is told to, and has `folder` in its command line."""
    return [sys.executable, "-c", "import signal; signal.pause()", folder]


async def test_stop_ends_the_command_and_its_watchdog(tmp_path: Path) -> None:
    """After stop() nothing of the child is left."""
    child = await ChildProcess.start("child", _listener(tmp_path), log=tmp_path / "log")
    await until(lambda: len(processes_naming(tmp_path)) == 2)
    await child.stop()
    assert not child.running
    assert processes_naming(tmp_path) == []


async def test_kill_ends_the_command_with_sigkill(tmp_path: Path) -> None:
    """kill() leaves the child no chance to say goodbye, and nothing of it is left."""
    farewell = "import signal, sys; signal.signal(15, lambda *_: print('bye')); print('up', flush=True); signal.pause()"
    child = await ChildProcess.start("child", [sys.executable, "-c", farewell, tmp_path], log=tmp_path / "log")
    await until(lambda: (tmp_path / "log").read_text() == "up\n")
    await child.kill()
    assert processes_naming(tmp_path) == []
    assert (tmp_path / "log").read_text() == "up\n"


async def test_a_command_that_ignores_the_polite_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """stop() never hangs on a stubborn child."""
    monkeypatch.setattr(processes, "_GRACE_SECONDS", 0.1)
    stubborn = "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True)\nwhile True: signal.pause()"
    child = await ChildProcess.start("child", [sys.executable, "-c", stubborn, tmp_path], log=tmp_path / "log")
    await until(lambda: (tmp_path / "log").read_text() == "up\n")
    await child.stop()
    assert processes_naming(tmp_path) == []


async def test_a_command_that_ends_early_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    """Whoever reads the error sees what the program said last."""
    child = await ChildProcess.start("The thing", ["sh", "-c", "echo no such luck; exit 3"], log=tmp_path / "log")
    with pytest.raises(ProcessFailed, match=r"The thing ended with code 3(?s:.*)no such luck"):
        await child.until_ready(_never)


async def test_a_command_that_is_never_ready_is_ended(tmp_path: Path) -> None:
    """A child that is not ready in time does not stay behind."""
    child = await ChildProcess.start("The thing", _listener(tmp_path), log=tmp_path / "log")
    with pytest.raises(ProcessFailed, match=r"was not ready within 0\.1 seconds"):
        await child.until_ready(_never, within=0.1)
    assert processes_naming(tmp_path) == []


async def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    """kill -9 of the parent takes the child along."""
    parent = f"""
import asyncio
from pathlib import Path
from mentoring_lifecycle.embedded.processes import ChildProcess

async def main():
    folder = Path({str(tmp_path)!r})
    await ChildProcess.start("child", {[str(each) for each in _listener(tmp_path)]!r}, log=folder / "log")
    (folder / "started").touch()
    await asyncio.Event().wait()

asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-P", "-c", parent)
    await until((tmp_path / "started").exists)
    assert processes_naming(tmp_path)
    process.kill()
    await process.wait()
    await until(lambda: processes_naming(tmp_path) == [])


async def test_a_port_that_somebody_else_took_is_replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Losing the race for a port costs a second try, not the start."""
    taken, free = free_ports(2)
    chosen = iter([[taken], [free]])
    monkeypatch.setattr(processes, "free_ports", lambda _count: next(chosen))
    tried = []

    async def start(ports: list[int]) -> None:
        tried.append(ports[0])
        if listens(ports[0]):
            raise ProcessFailed("The thing", "found its port taken", tmp_path / "log")

    rival = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", taken)
    async with rival:
        await on_free_ports(1, start)
    assert tried == [taken, free]


async def test_a_failure_for_another_reason_is_not_tried_again(tmp_path: Path) -> None:
    """Only a taken port is worth a second try."""
    tried = []

    async def start(ports: list[int]) -> None:
        tried.append(ports)
        raise ProcessFailed("The thing", "is broken", tmp_path / "log")

    with pytest.raises(ProcessFailed, match="is broken"):
        await on_free_ports(1, start)
    assert len(tried) == 1
