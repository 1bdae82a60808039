"""Recorded histories, and the way to record them anew: `pytest tests/replay --record`."""

from pathlib import Path

import pytest

HISTORIES = Path(__file__).parent / "histories"
FINGERPRINTS = Path(__file__).parent / "fingerprints.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Recording needs a Temporal server; replaying needs nothing."""
    parser.addoption("--record", action="store_true", help="record the histories of tests/replay anew, on a server")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The recording runs alone and only when asked for: what is parametrized by files would not see the new ones."""
    recording = config.getoption("--record", default=False)
    if collection_path.parent != HISTORIES.parent or collection_path.suffix != ".py":
        return None
    return recording != (collection_path.name == "test_recording.py") or None


def recorded(life: str = "*") -> list[Path]:
    """One file per run, the runs of a life in order."""
    return sorted(HISTORIES.glob(f"{life}/*.json"))


def name_of(path: Path) -> str:
    """As in `held/04`."""
    return f"{path.parent.name}/{path.stem}"
