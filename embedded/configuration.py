"""What an embedded Temporal server and its UI are told: files and arguments made from folder and ports."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from mentoring_lifecycle.embedded.processes import LOOPBACK

DYNAMIC: dict[str, Any] = {
    "frontend.WorkflowTimeSkippingEnabled": True,
    "history.timerProcessorMaxTimeShift": "10ms",  # with the default of 1 s every skip costs a second
    # Else a run that lived less than a second continues as new with a backoff, and a skip swallows its first days.
    "history.workflowIdReuseMinimalInterval": "0s",
    # By default the one shard reads each of its queues 20 times a second: every skip would wait for several reads.
    "history.timerProcessorMaxPollRPS": 1000,
    "history.transferProcessorMaxPollRPS": 1000,
    "history.visibilityProcessorMaxPollRPS": 1000,
    # By default a queue has four parts, and a task in one that no worker happens to poll waits to be handed on.
    "matching.numTaskqueueReadPartitions": 1,
    "matching.numTaskqueueWritePartitions": 1,
    # By default ten calls a second: with the exporter beside it, a page of the UI now and then shows an error, no list.
    "frontend.namespaceRPS.visibility": 200,
    "system.namespaceCacheRefreshInterval": "200ms",  # how soon a new namespace or search attribute can be used
}


@dataclass(frozen=True)
class Layout:
    """The folder of one embedded server, and the ports of 127.0.0.1 that it and its UI listen on."""

    PORTS: ClassVar = 11

    data_dir: Path
    frontend: int
    http: int
    metrics: int
    ui: int
    internal: tuple[int, ...]

    @classmethod
    def on(cls, data_dir: Path, ports: Sequence[int]) -> Self:
        """Lay a server out on PORTS ports."""
        frontend, http, metrics, ui, *internal = ports
        return cls(data_dir, frontend, http, metrics, ui, tuple(internal))

    @property
    def database(self) -> Path:
        return self.data_dir / "temporal.sqlite"


def server_command(program: Path, layout: Layout) -> list[str | Path]:
    """The command of the official server; writes the two files that it reads."""
    dynamic = layout.data_dir / "dynamic.yaml"
    _write(dynamic, {key: [{"value": value}] for key, value in DYNAMIC.items()})
    settings = layout.data_dir / "server.yaml"
    _write(settings, _server(layout, dynamic))
    return [program, "--config-file", settings, "--allow-no-auth", "start"]


def ui_command(program: Path, layout: Layout, namespace: str) -> list[str | Path]:
    """The command of the official UI; writes the file that it reads."""
    folder = layout.data_dir / "ui"
    folder.mkdir(exist_ok=True)
    _write(
        folder / "development.yaml",
        {
            "temporalGrpcAddress": f"{LOOPBACK}:{layout.frontend}",
            "host": LOOPBACK,
            "port": layout.ui,
            "enableUi": True,
            "defaultNamespace": namespace,
            "disableNewsFetch": True,
        },
    )
    return [program, "--root", layout.data_dir, "--config", folder.name, "--env", "development", "start"]


def dev_server_command(program: Path, layout: Layout, *, ui: bool) -> list[str | Path]:
    """The command of the Temporal CLI's development server, which brings its own UI."""
    command: list[str | Path] = [program, "server", "start-dev", "--ip", LOOPBACK, "--log-level", "warn"]
    command += ["--port", str(layout.frontend), "--http-port", str(layout.http), "--metrics-port", str(layout.metrics)]
    command += ["--ui-port", str(layout.ui)] if ui else ["--headless"]
    command += ["--db-filename", layout.database]
    command += ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=full"]
    for key, value in DYNAMIC.items():
        command += ["--dynamic-config-value", f"{key}={json.dumps(value)}"]
    return command


def _server(layout: Layout, dynamic: Path) -> dict[str, Any]:
    internal = iter(layout.internal)
    services = {
        name: {"rpc": {"grpcPort": next(internal), "membershipPort": next(internal), "bindOnLocalHost": True}}
        for name in ("matching", "history", "worker")
    }
    frontend = {"grpcPort": layout.frontend, "membershipPort": next(internal), "httpPort": layout.http}
    services["frontend"] = {"rpc": {**frontend, "bindOnLocalHost": True}}
    return {
        "log": {"stdout": True, "level": "warn"},
        "persistence": {
            "defaultStore": "main",
            "visibilityStore": "visibility",
            "numHistoryShards": 1,
            "datastores": {"main": _sqlite(layout.database), "visibility": _sqlite(layout.database)},
        },
        "global": {
            "membership": {"maxJoinDuration": "30s", "broadcastAddress": LOOPBACK},
            "metrics": {
                "prometheus": {
                    "framework": "opentelemetry",
                    "timerType": "histogram",
                    "listenAddress": f"{LOOPBACK}:{layout.metrics}",
                }
            },
        },
        "services": services,
        "clusterMetadata": {
            "enableGlobalNamespace": False,
            "failoverVersionIncrement": 10,
            "masterClusterName": "active",
            "currentClusterName": "active",
            "clusterInformation": {
                "active": {
                    "enabled": True,
                    "initialFailoverVersion": 1,
                    "rpcName": "frontend",
                    "rpcAddress": f"{LOOPBACK}:{layout.frontend}",
                }
            },
        },
        "dcRedirectionPolicy": {"policy": "noop"},
        "archival": {"history": {"state": "disabled"}, "visibility": {"state": "disabled"}},
        "dynamicConfigClient": {"filepath": str(dynamic), "pollInterval": "10s"},
    }


def _sqlite(database: Path) -> dict[str, Any]:
    return {
        "sql": {
            "pluginName": "sqlite",
            "databaseName": str(database),
            "connectAddr": "localhost",
            "connectProtocol": "tcp",
            "connectAttributes": {"cache": "private", "setup": True, "journal_mode": "wal", "synchronous": "full"},
            "maxConns": 1,
            "maxIdleConns": 1,
        }
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")  # every JSON document is a YAML document
