"""A real Temporal server on this computer, for the demo and the tests."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Self

from temporalio.service import ConnectConfig, RPCError, ServiceClient

from mentoring_lifecycle.embedded.configuration import Layout, dev_server_command, server_command, ui_command
from mentoring_lifecycle.embedded.go_build import BuiltServer
from mentoring_lifecycle.embedded.processes import LOOPBACK, ChildProcess, ProcessFailed, answers_http, on_free_ports
from mentoring_lifecycle.embedded.provision import DevServer, provide_server
from mentoring_lifecycle.settings import DEFAULT_NAMESPACE


class DataDirectoryInUse(Exception):
    """Another embedded server works on the same data directory."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(
            f"The data directory {data_dir} is used by another embedded Temporal server. "
            "End that one first, or choose another data directory."
        )


class EmbeddedTemporal:
    """A Temporal server on loopback that keeps everything in `data_dir`, with its UI if asked for.

    A later server on the same directory continues every workflow. The address stays the same for the life of the
    object, so that connected clients find the server again after `kill` and `start`. The processes end with this one,
    however it ends. Namespaces are registered by `set_up_namespace`.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        ui: bool = False,
        namespace: str = DEFAULT_NAMESPACE,
        programs: BuiltServer | DevServer | None = None,
    ) -> None:
        """Prepare a server; `namespace` is the one that its UI opens, `programs` are provided when not given."""
        self.data_dir = data_dir.absolute()
        self._with_ui = ui
        self._namespace = namespace
        self._programs = programs
        self._layout: Layout | None = None
        self._lock: int | None = None
        self._server: ChildProcess | None = None
        self._ui: ChildProcess | None = None

    @property
    def address(self) -> str:
        """Where clients connect: `127.0.0.1:port`."""
        return f"{LOOPBACK}:{self._started.frontend}"

    @property
    def ui_url(self) -> str | None:
        """The page of the Temporal UI; None when it was not asked for."""
        return f"http://{LOOPBACK}:{self._started.ui}" if self._with_ui else None

    @property
    def metrics_url(self) -> str:
        """The server's own Prometheus endpoint."""
        return f"http://{LOOPBACK}:{self._started.metrics}/metrics"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start what is not running and return when it serves.

        Raises DataDirectoryInUse, NoServer when no program can be had, ProcessFailed when one does not come up.
        """
        if self._programs is None:
            self._programs = await asyncio.to_thread(provide_server)
        programs = self._programs
        self._hold_data_dir()
        try:
            if self._layout:
                await self._start(programs, self._layout)
            else:
                await on_free_ports(Layout.PORTS, lambda ports: self._start(programs, Layout.on(self.data_dir, ports)))
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End server and UI politely and let go of the data directory."""
        await self._stop_processes()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def kill(self) -> None:
        """End the server with SIGKILL, as a power cut would; `start` brings it back at the same address."""
        if self._server:
            await self._server.kill()
            self._server = None

    @property
    def _started(self) -> Layout:
        if self._layout is None:
            raise RuntimeError("This embedded Temporal server was not started yet: use `async with` or await start().")
        return self._layout

    def _hold_data_dir(self) -> None:
        if self._lock is not None:
            return
        self.data_dir.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise DataDirectoryInUse(self.data_dir) from None
        self._lock = lock

    async def _start(self, programs: BuiltServer | DevServer, layout: Layout) -> None:
        try:
            if self._server is None or not self._server.running:
                await self._start_server(programs, layout)
            if self._with_ui and isinstance(programs, BuiltServer) and (self._ui is None or not self._ui.running):
                await self._start_ui(programs, layout)
        except ProcessFailed:
            await self._stop_processes()  # a second try on other ports starts both
            raise
        self._layout = layout

    async def _stop_processes(self) -> None:
        await asyncio.gather(*(each.stop() for each in (self._ui, self._server) if each))
        self._server = self._ui = None

    async def _start_server(self, programs: BuiltServer | DevServer, layout: Layout) -> None:
        if isinstance(programs, DevServer):
            command = dev_server_command(programs.program, layout, ui=self._with_ui)
        else:
            command = server_command(programs.server, layout)
        _forget_members(layout.database)
        server = await self._start_process("temporal-server", command)
        await server.until_ready(lambda: _serves(f"{LOOPBACK}:{layout.frontend}"))
        self._server = server

    async def _start_ui(self, programs: BuiltServer, layout: Layout) -> None:
        ui = await self._start_process("temporal-ui", ui_command(programs.ui, layout, self._namespace))
        await ui.until_ready(lambda: answers_http(f"http://{LOOPBACK}:{layout.ui}/api/v1/settings"))
        self._ui = ui

    async def _start_process(self, name: str, command: Sequence[str | Path]) -> ChildProcess:
        assert self._lock is not None
        # The lock outlives a parent that was killed, until its server has let go of the database.
        return await ChildProcess.start(name, command, log=self.data_dir / f"{name}.log", keep_open=[self._lock])


def _forget_members(database: Path) -> None:
    """A server waits up to a minute for answers from members of its cluster that were there before; here are none."""
    if database.exists():
        with closing(sqlite3.connect(database)) as connection, suppress(sqlite3.OperationalError):  # no such table yet
            connection.execute("DELETE FROM cluster_membership")
            connection.commit()


async def _serves(address: str) -> bool:
    try:
        service = await ServiceClient.connect(ConnectConfig(target_host=address))
        return await service.check_health()
    except (RuntimeError, RPCError):  # the SDK raises nothing narrower for a refused connection
        return False
