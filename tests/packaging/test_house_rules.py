"""The rules of the house that no other tool keeps."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {path.stem for path in ROOT.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()} - {"__init__"}


def sources() -> list[Path]:
    """Every Python file of the repository that is ours."""
    skipped = {"build", "dist", "__pycache__"}
    paths = (path.relative_to(ROOT) for path in ROOT.rglob("*.py"))
    return [path for path in paths if not any(part in skipped or part.startswith(".") for part in path.parts)]


def bare_imports(source: str) -> list[str]:
    """The first-party modules that this source imports by their bare name."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in OURS]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] in OURS:
            found.append(node.module or "")
    return found


@pytest.mark.parametrize("source", sources(), ids=str)
def test_imports_go_through_the_package(source: Path) -> None:
    """`import workflows` would work from the root and make a second copy of every class in it."""
    assert bare_imports((ROOT / source).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("line", ["import workflows", "from domain.events import Phase", "import settings as s"])
def test_bare_imports_are_noticed(line: str) -> None:
    """The test above finds every way of importing past the package."""
    assert bare_imports(line) != []


BANNED = [
    "from datetime import datetime\nnow = datetime.now()",
    "import datetime as d\nnow = d.datetime.utcnow()",
    "from datetime import date\ntoday = date.today()",
    "import time",
    "from time import sleep",
    "import random",
    "import secrets",
    "from uuid import uuid4\nid = uuid4()",
    "import os\nhome = os.environ",
    "from zoneinfo import ZoneInfo",
    "import temporalio.workflow",
    "from pydantic import BaseModel",
    "import structlog",
]


def complaints(source: str, path: str) -> str:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251", "--stdin-filename", path, "-"]
    return subprocess.run(command, input=source, cwd=ROOT, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("source", BANNED)
def test_the_domain_is_pure(source: str) -> None:
    """Clocks, chance, the environment, zone data and the engine are refused in the domain, and only there."""
    assert "TID251" in complaints(source, "domain/letters.py")
    assert "TID251" not in complaints(source, "gateways/imip.py")


def test_the_domain_may_use_the_rest() -> None:
    """Instants, durations and wall-clock times as values are welcome."""
    source = "from datetime import UTC, datetime, time, timedelta\nfrom uuid import UUID, uuid5\n"
    assert "TID251" not in complaints(source, "domain/letters.py")
