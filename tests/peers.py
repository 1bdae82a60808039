"""Programs of others that we are tested against: a second CalDAV server that answers invitations by mail.

Xandikos is GPL, so it is only ever a program of its own: installed from PyPI into a virtual environment of its own in
the user's cache, never a dependency and never imported.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from mentoring_lifecycle.embedded.processes import LOOPBACK, free_ports, watched
from mentoring_lifecycle.embedded.provision import cache_dir

XANDIKOS = "xandikos[imip-listen]==0.4.10"
_READY = ".ready"
_PATIENCE_SECONDS = 30


def xandikos_programme() -> Path:
    """Where the program is; installed first where it is not. Two processes that ask at once install it once.

    Raises RuntimeError where it cannot be had, with what to do.
    """
    folder = cache_dir() / f"xandikos-0.4.10-python{sys.version_info.major}.{sys.version_info.minor}"
    program = folder / "bin" / "xandikos"
    if not (folder / _READY).exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f"{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # given back by the kernel, however this process ends
            if not (folder / _READY).exists():
                _install(folder)
                (folder / _READY).touch()
    return program


def _install(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # what an interrupted installation left
    python = folder / "bin" / "python"
    if uv := shutil.which("uv"):
        _run([uv, "venv", "--quiet", "--python", sys.executable, folder])
        _run([uv, "pip", "install", "--quiet", "--python", python, XANDIKOS])
    else:
        venv.create(folder, with_pip=True)
        _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", XANDIKOS])


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        told = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise RuntimeError(
            f"{XANDIKOS} could not be installed: the tests against a second calendar server need a package index once. "
            f"Allow access to one (or name a mirror: UV_DEFAULT_INDEX, PIP_INDEX_URL) and run again.\n{told}"
        )


@dataclass(frozen=True)
class Xandikos:
    """A running server with one principal."""

    url: str
    home: str
    """The URL below which its calendars live."""
    lmtp_port: int = 0
    """Where mail for the principal is delivered; 0 without."""

    @property
    def calendar(self) -> str:
        """The principal's own calendar, to which invitations by mail go."""
        return f"{self.home}calendar/"


@contextmanager
def xandikos(folder: Path, *, email: str = "", smtp_port: int = 0) -> Iterator[Xandikos]:
    """A server of our own on loopback, with its data in the folder; it ends with the block, or with this process.

    With `email` it is a full peer: it takes mail to this address over LMTP, and sends its answers to `smtp_port`.
    """
    port, lmtp_port = free_ports(2)
    command: list[str | Path] = [xandikos_programme(), "serve", "--defaults", "--no-detect-systemd"]
    command += ["-d", folder / "data", "--state-dir", folder / "state", "-l", LOOPBACK, "-p", str(port)]
    if email:
        domain = email.partition("@")[2]
        command += ["--imip-listen", f"{LOOPBACK}:{lmtp_port}", "--imip-send", "smtp", "--smtp-encryption", "none"]
        command += ["--smtp-host", LOOPBACK, "--smtp-port", str(smtp_port), "--smtp-from", f"calendar@{domain}"]
    log = folder / "xandikos.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            watched(command),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=os.environ | {"EMAIL": email},
            start_new_session=True,
        )
    assert process.stdin
    try:
        _wait_until_ready(f"http://{LOOPBACK}:{port}/", process, log)
        home = f"http://{LOOPBACK}:{port}/user/calendars/"
        yield Xandikos(f"http://{LOOPBACK}:{port}/", home, lmtp_port if email else 0)
    finally:
        process.stdin.close()
        process.wait(10)


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx2.get(f"{url}user/calendars/calendar/", trust_env=False, timeout=2).status_code < 500:
                return
        except httpx2.TransportError:
            time.sleep(0.02)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
    raise RuntimeError(f"Xandikos did not start. Its log is {log}, and ends with:\n{tail}")
