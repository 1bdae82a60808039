from pathlib import Path
from typing import Any

import pytest
import yaml

from mentoring_lifecycle.embedded.configuration import Layout, dev_server_command, server_command, ui_command

LAYOUT_PORTS = list(range(7001, 7001 + Layout.PORTS))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.on(tmp_path, LAYOUT_PORTS)


def _ports(settings: Any) -> list[int]:
    """Every port that the configuration makes the server listen on."""
    services = [service["rpc"] for service in settings["services"].values()]
    found = [rpc[key] for rpc in services for key in ("grpcPort", "membershipPort", "httpPort") if key in rpc]
    return [*found, int(settings["global"]["metrics"]["prometheus"]["listenAddress"].split(":")[1])]


def test_the_server_listens_on_loopback_on_the_given_ports_only(layout: Layout, tmp_path: Path) -> None:
    """No port is used twice, none is somebody else's, and nothing is reachable from another computer."""
    server_command(Path("server"), layout)
    settings = yaml.safe_load((tmp_path / "server.yaml").read_text())
    assert sorted([*_ports(settings), layout.ui]) == LAYOUT_PORTS
    assert all(service["rpc"]["bindOnLocalHost"] for service in settings["services"].values())
    assert settings["global"]["membership"]["broadcastAddress"] == "127.0.0.1"


def test_the_database_is_one_file_that_survives_a_power_cut(layout: Layout, tmp_path: Path) -> None:
    """Histories and visibility lie in the data directory, in write-ahead mode, with every commit on the disk."""
    server_command(Path("server"), layout)
    settings = yaml.safe_load((tmp_path / "server.yaml").read_text())
    for store in settings["persistence"]["datastores"].values():
        assert store["sql"]["databaseName"] == str(tmp_path / "temporal.sqlite")
        assert store["sql"]["connectAttributes"]["journal_mode"] == "wal"
        assert store["sql"]["connectAttributes"]["synchronous"] == "full"


def test_the_server_may_skip_time(layout: Layout, tmp_path: Path) -> None:
    """The dynamic configuration that the server reads switches virtual time on."""
    command = server_command(Path("server"), layout)
    settings = yaml.safe_load(Path(command[2]).read_text())
    dynamic = yaml.safe_load(Path(settings["dynamicConfigClient"]["filepath"]).read_text())
    assert dynamic["frontend.WorkflowTimeSkippingEnabled"] == [{"value": True}]
    assert dynamic["history.workflowIdReuseMinimalInterval"] == [{"value": "0s"}]


def test_the_ui_speaks_to_this_server(layout: Layout, tmp_path: Path) -> None:
    """The UI opens our namespace on our server, on loopback."""
    command = ui_command(Path("ui"), layout, "people")
    settings = yaml.safe_load((tmp_path / "ui" / "development.yaml").read_text())
    assert settings["temporalGrpcAddress"] == f"127.0.0.1:{layout.frontend}"
    assert (settings["host"], settings["port"]) == ("127.0.0.1", layout.ui)
    assert settings["defaultNamespace"] == "people"
    assert command[1:5] == ["--root", tmp_path, "--config", "ui"]


def test_the_dev_server_is_told_the_same(layout: Layout, tmp_path: Path) -> None:
    """The CLI's server gets the same database settings and the same dynamic configuration, as arguments."""
    told = [str(each) for each in dev_server_command(Path("temporal"), layout, ui=False)]
    assert "frontend.WorkflowTimeSkippingEnabled=true" in told
    assert 'history.workflowIdReuseMinimalInterval="0s"' in told
    assert told[told.index("--db-filename") + 1] == str(tmp_path / "temporal.sqlite")
    assert "synchronous=full" in told
    assert told[told.index("--port") + 1] == str(layout.frontend)
    assert "--headless" in told
    assert "--headless" not in dev_server_command(Path("temporal"), layout, ui=True)
