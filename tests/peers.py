"""Real peers that are no dependency of ours: each in a virtual environment of its own, made once per machine."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mentoring_lifecycle.embedded.processes import free_ports, watched
from mentoring_lifecycle.embedded.provision import cache_dir

XANDIKOS = "xandikos[imip-listen]==0.4.10"  # GPL-3.0; CalDAV server and iMIP peer, run as a process and never imported
_NEWEST = f"python{sys.version_info.major}.{sys.version_info.minor}"


def environment_with(requirement: str) -> Path:
    """The Python of an environment that holds this one requirement; installed from the package index if need be."""
    name = requirement.replace("[", "-").replace("]", "").replace("==", "-")
    kept = cache_dir() / "peers" / f"{name}-{_NEWEST}"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            made = Path(folder) / "made"
            _install(made, requirement)
            try:
                made.rename(kept)
            except OSError:  # somebody else was faster
                assert kept.exists()
    return kept / "bin" / "python"


def _install(folder: Path, requirement: str) -> None:
    """With uv where there is one, else with the tools that come with Python; scripts are not used, so it may move."""
    python = str(folder / "bin" / "python")
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(__file__).parents[1] / ".uv" / "bin"))
    if uv:
        steps = [[uv, "venv", "--quiet", "--python", sys.executable, str(folder)]]
        steps += [[uv, "pip", "install", "--quiet", "--python", python, requirement]]
    else:
        steps = [[sys.executable, "-m", "venv", str(folder)]]
        steps += [[python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement]]
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    for step in steps:
        subprocess.run(step, check=True, env=environment)


@contextmanager
def running_xandikos(folder: Path, address: str, *more: str) -> Iterator[str]:
    """The URL of a Xandikos with one user, whose calendar address is `address`; its home is `user/calendars/`.

    `more` are further options, for example those that make it an iMIP peer.
    """
    (port,) = free_ports(1)
    command = [environment_with(XANDIKOS), "-P", "-m", "xandikos", "serve", "--defaults", "--no-detect-systemd"]
    command += ["-d", folder / "data", "--state-dir", folder / "state", "-l", "127.0.0.1", "-p", str(port), *more]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            watched(command), stdin=subprocess.PIPE, stdout=log, stderr=log, env=os.environ | {"EMAIL": address}
        )
    try:
        poll(lambda: listens(port), process)
        yield f"http://127.0.0.1:{port}/"
    finally:
        assert process.stdin
        process.stdin.close()
        process.wait(10)


def listens(port: int) -> bool:
    """Whether somebody listens on a port of this computer."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def poll(is_ready: Callable[[], bool], process: "subprocess.Popen[bytes]", *, within: float = 30) -> None:
    """Until it is ready. Raises RuntimeError when the process ended, or took too long."""
    until = time.monotonic() + within
    while time.monotonic() < until and process.poll() is None:
        if is_ready():
            return
        time.sleep(0.02)
    raise RuntimeError("A peer did not start; its log is in the temporary folder of this test run.")
