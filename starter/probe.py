"""Asking a process of this machine whether it lives and is ready."""

import http.client
import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mentoring_lifecycle.starter.display import Output, OutputOption, show
from mentoring_lifecycle.starter.exit_codes import ExitCode, Failed

if TYPE_CHECKING:
    from mentoring_lifecycle.settings import Settings

app = typer.Typer()

ANSWERS_WITHIN = 8.0
"""Seconds; longer than the process itself waits for its event loop."""


class Process(StrEnum):
    """A process that tells of its health, by its command."""

    WORKER = "worker"
    CASES_WORKER = "cases-worker"
    EXPORTER = "exporter"
    INBOUND = "inbound"
    RECONCILE = "reconcile"


SERVED_AT = {
    Process.WORKER: "health_address",
    Process.CASES_WORKER: "cases_health_address",
    Process.EXPORTER: "exporter_address",
    Process.INBOUND: "inbound_metrics_address",
    Process.RECONCILE: "reconcile_metrics_address",
}
"""The setting with the address of each."""


@app.command(rich_help_panel="Installation")
def health(
    process: Annotated[Process, typer.Argument(help="Which process of this machine.")],
    live: Annotated[bool, typer.Option("--live", help="Whether it lives, be it ready or not.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Ask a process whether it is ready; exit code 1 where it is not, or where nobody answers."""
    from mentoring_lifecycle.settings import read_settings

    page = asked(read_settings(), process, "live" if live else "ready")
    show(page, output, table=_in_words(page))
    if not page["live" if live else "ready"]:
        raise typer.Exit(ExitCode.FAILED)


def asked(settings: "Settings", process: Process, what: str) -> dict[str, Any]:
    """What the process tells. Raises Failed where nobody answers, or somebody else."""
    address: str = getattr(settings, SERVED_AT[process])
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(_reachable(host.strip("[]")), int(port), timeout=ANSWERS_WITHIN)
    try:
        connection.request("GET", f"/health/{what}")
        page = json.load(connection.getresponse())
    except (OSError, http.client.HTTPException, ValueError):
        page = None
    finally:
        connection.close()
    if not isinstance(page, dict) or page.get("process") != process.value or what not in page:
        raise Failed(f"No {process.value} tells of its health at {address}.")
    return page


def _reachable(host: str) -> str:
    """Where whoever listens everywhere can be asked."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- compared, not bound


def _in_words(page: dict[str, Any]) -> str:
    if "live" in page:
        return f"{page['process']}: {'lives' if page['live'] else 'its event loop is stuck'}"
    lines = [f"{page['process']}: {page['stage']}, {'ready' if page['ready'] else 'not ready'}"]
    for name, seen in page["checks"].items():
        counts = "" if seen["needed"] else ", ready without it"
        lines.append(
            f"- {name}: {'ok' if seen['ok'] else 'NOT WELL'}, {seen['said']} ({seen['seconds_ago']} s ago{counts})"
        )
    return "\n".join(lines)
