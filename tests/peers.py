"""Real calendar servers on loopback, for tests: how they start, and how to know that they have."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mentoring_lifecycle.embedded.processes import free_ports, watched


@contextmanager
def running_xandikos(folder: Path, address: str, *more: str) -> Iterator[str]:
    """The URL of a Xandikos with one user, whose calendar address is `address`; its home is `user/calendars/`.

    `more` are further options, for example those that make it an iMIP peer.
    """
    (port,) = free_ports(1)
    command = [sys.executable, "-P", "-m", "xandikos", "serve", "--defaults", "--no-detect-systemd"]
    command += [
        "-d",
        str(folder / "data"),
        "--state-dir",
        str(folder / "state"),
        "-l",
        "127.0.0.1",
        "-p",
        str(port),
        *more,
    ]
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
