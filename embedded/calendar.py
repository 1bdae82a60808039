"""A real CalDAV server on loopback: Radicale, in a process of its own and never imported."""

import importlib.util
import secrets
import sys
from pathlib import Path
from typing import Self

from mentoring_lifecycle.embedded.processes import LOOPBACK, ChildProcess, answers_http, on_free_ports


class CalendarServerMissing(Exception):
    """The CalDAV server is not installed."""

    def __init__(self) -> None:
        super().__init__("The calendar server of the demo is Radicale: pip install 'mentoring-lifecycle[demo]'.")


class CalendarServer:
    """Radicale with one user, whose collections lie under `url` + `username` + "/", kept in `folder`.

    The password is new with every object; address and password stay when the object is stopped and started again.
    The process ends with this one, however it ends.
    """

    username = "mentoring"

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.password = secrets.token_urlsafe(24)
        self._port: int | None = None
        self._process: ChildProcess | None = None

    @property
    def url(self) -> str:
        """The root of the server, with a slash at its end."""
        if self._port is None:
            raise RuntimeError("This calendar server was not started yet: use `async with` or await start().")
        return f"http://{LOOPBACK}:{self._port}/"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Return when the server answers. Raises CalendarServerMissing, ProcessFailed."""
        if importlib.util.find_spec("radicale") is None:
            raise CalendarServerMissing
        self.folder.mkdir(parents=True, exist_ok=True)
        users = self._write_users()
        if self._port is None:
            await on_free_ports(1, lambda ports: self._start_on(ports[0], users))
        else:
            await self._start_on(self._port, users)

    async def stop(self) -> None:
        """End the server."""
        if self._process:
            await self._process.stop()
            self._process = None

    def _write_users(self) -> Path:
        users = self.folder / "users"
        users.touch(mode=0o600)
        users.write_text(f"{self.username}:{self.password}\n")
        return users

    async def _start_on(self, port: int, users: Path) -> None:
        options = {
            "server-hosts": f"{LOOPBACK}:{port}",
            "auth-type": "htpasswd",
            "auth-htpasswd-filename": users,
            "auth-htpasswd-encryption": "plain",
            "auth-delay": 0,
            "rights-type": "owner_only",
            "storage-filesystem-folder": self.folder / "collections",
        }
        no_files = ["--config", ""]  # neither the user's configuration nor the machine's
        command = [sys.executable, "-P", "-m", "radicale", *no_files]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        self._process = await ChildProcess.start("radicale", command, log=self.folder / "radicale.log")
        await self._process.until_ready(lambda: answers_http(f"http://{LOOPBACK}:{port}/.web/"))
        self._port = port
