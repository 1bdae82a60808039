"""The page about log events, held to every call that writes a line."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mentoring_lifecycle.contracts.log_lines import LEFT_OUT, without_personal_values

ROOT = Path(__file__).parents[2]
FOLDERS = ("activities", "contracts", "domain", "embedded", "gateways", "letters", "starter", "workflows")
SOURCES = sorted([*ROOT.glob("*.py"), *(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))])
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log", "msg"}
NO_LINES = {("activity", "info"), ("workflow", "info"), ("sys", "exception")}
"""Functions that are called like a level and write nothing."""


class DynamicEvent(AssertionError):
    """A line whose event or keys are only known while the program runs."""


@dataclass(frozen=True)
class Event:
    """One call that writes a line."""

    name: str
    level: str
    keys: tuple[str, ...]


def events_in(source: str) -> Iterator[Event]:
    """Every call of a logger in a source. Raises DynamicEvent where one cannot be read from the source."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            if (owner, node.func.attr) not in NO_LINES:
                yield _event(node, node.func.attr)


def _event(call: ast.Call, level: str) -> Event:
    match call.args:
        case [ast.Constant(value=str(name))] if name.replace("_", "").isalpha() and name.islower():
            return Event(name, level, tuple(_keys(call)))
    raise DynamicEvent(ast.unparse(call))


def _keys(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg == "extra" and isinstance(keyword.value, ast.Dict):  # the standard library's way
            for key in keyword.value.keys:
                assert isinstance(key, ast.Constant)
                yield str(key.value)
        elif keyword.arg is None:
            raise DynamicEvent(ast.unparse(call))
        else:
            yield keyword.arg


LOGGED = sorted({event for file in SOURCES for event in events_in(file.read_text())}, key=lambda event: event.name)


def told() -> list[Event]:
    """The rows of the page."""
    rows = []
    for line in (ROOT / "docs/log-events.md").read_text().splitlines():
        if line.startswith("| `"):
            event, level, keys, means = (cell.strip() for cell in line.strip("|").split("|"))
            assert means
            rows.append(Event(event.strip("`"), level, tuple(key.strip("` ") for key in keys.split(",") if key)))
    return rows


def test_the_page_has_every_event_and_no_other() -> None:
    """Each once, with its level and its keys."""
    assert sorted(told(), key=lambda event: event.name) == LOGGED
    assert len({event.name for event in told()}) == len(told())


@pytest.mark.parametrize(
    "line",
    ['log.info(f"reconcile_{finding}")', "log.warning(name)", 'log.info("found", **told)', 'log.error("It broke.")'],
)
def test_an_event_that_is_made_while_running_is_noticed(line: str) -> None:
    """Nobody could search for it, so that the test above would mean little."""
    with pytest.raises(DynamicEvent):
        list(events_in(line))


def test_no_key_of_ours_is_left_out() -> None:
    """A key whose value every log replaces says nothing."""
    keys = {key for event in LOGGED for key in event.keys}
    assert LEFT_OUT not in without_personal_values(None, "", dict.fromkeys(keys, "")).values()
