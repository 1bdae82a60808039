"""Child processes: started, watched until ready, ended with their parent."""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Self

import httpx2

from mentoring_lifecycle.embedded.watchdog import KILL

LOOPBACK = "127.0.0.1"

_GRACE_SECONDS = 2
_POLL_SECONDS = 0.02


class ProcessFailed(Exception):
    """A child process ended, or was not ready in time; the message shows the end of its log."""

    def __init__(self, name: str, problem: str, log: Path) -> None:
        tail = "\n".join(f"    {line}" for line in _last_lines(log))
        super().__init__(f"{name} {problem}. Its log is {log}, and ends with:\n{tail or '    (nothing)'}")


def watched(command: Sequence[str | Path]) -> list[str]:
    """The command wrapped so that it ends once the pipe on its standard input closes, at the latest after 2 seconds."""
    watchdog = Path(__file__).with_name("watchdog.py")
    return [sys.executable, "-I", "-S", str(watchdog), str(_GRACE_SECONDS), *map(str, command)]


def free_ports(count: int) -> list[int]:
    """Distinct TCP ports of 127.0.0.1 that nobody listens on now; somebody may do so before the caller does."""
    sockets = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


async def on_free_ports(count: int, start: Callable[[list[int]], Awaitable[None]]) -> None:
    """Call `start` with free ports, and again with others if it fails because somebody else took one meanwhile."""
    for last in (False, False, True):
        ports = free_ports(count)
        try:
            await start(ports)
        except ProcessFailed:
            if last or all(map(_is_free, ports)):
                raise
        else:
            return


async def answers_http(url: str) -> bool:
    """Whether `url` is found; choose one that no other program has, because somebody else may have taken the port."""
    async with httpx2.AsyncClient(trust_env=False, timeout=2) as http:
        try:
            return (await http.get(url)).status_code == httpx2.codes.OK
        except httpx2.TransportError:
            return False


class ChildProcess:
    """One running command with its output in a log file; it ends with the process that started it."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @classmethod
    async def start(cls, name: str, command: Sequence[str | Path], *, log: Path, keep_open: Sequence[int] = ()) -> Self:
        """Start `command`, its output appended to `log`; the descriptors `keep_open` stay open until it has ended."""
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *watched(command),
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                pass_fds=keep_open,
                start_new_session=True,  # Ctrl-C in a terminal reaches us alone, and we end the children in our order
            )
        return cls(name, process, log)

    @property
    def running(self) -> bool:
        """Whether the command has not ended yet, as far as this event loop was told."""
        return self._process.returncode is None

    async def until_ready(self, probe: Callable[[], Awaitable[bool]], *, within: float = 60) -> None:
        """Poll `probe` until it is true.

        If the command ends first, or `within` seconds pass, it is stopped and ProcessFailed raised.
        """
        try:
            async with asyncio.timeout(within):
                while not await probe():
                    if not self.running:
                        raise ProcessFailed(self.name, f"ended with code {self._process.returncode}", self.log)
                    await asyncio.sleep(_POLL_SECONDS)
        except BaseException as error:
            await self.stop()
            if isinstance(error, TimeoutError):
                raise ProcessFailed(self.name, f"was not ready within {within:g} seconds", self.log) from None
            raise

    async def stop(self) -> None:
        """End the command politely, and by force after the grace period; return when it is gone."""
        self._stdin.close()
        await self._process.wait()

    async def kill(self) -> None:
        """End the command at once with SIGKILL, as a power cut would; return when it is gone."""
        if self.running:
            self._stdin.write(KILL)
        await self.stop()

    @property
    def _stdin(self) -> asyncio.StreamWriter:
        assert self._process.stdin is not None
        return self._process.stdin


def _is_free(port: int) -> bool:
    try:
        socket.create_server((LOOPBACK, port)).close()
    except OSError:
        return False
    return True


def _last_lines(log: Path, count: int = 5) -> list[str]:
    return log.read_text(errors="replace").splitlines()[-count:] if log.exists() else []
