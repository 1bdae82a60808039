"""The wheel, built once from a copy of the sources so that nothing is written into them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def uv() -> str | None:
    """The uv that runs these tests, or one on the path."""
    return os.environ.get("UV") or shutil.which("uv")


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run to the end and return what was printed; what went wrong is shown whole."""
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "tests", "docs")
    shutil.copytree(ROOT, folder / "source", ignore=ignored)
    path = uv()
    build = [path, "build", "--out-dir"] if path else [sys.executable, "-m", "build", "--outdir"]
    run(*build, folder, "--wheel", folder / "source", cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment that holds the wheel, what it requires, and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    environment = folder / "environment"
    if path := uv():
        run(path, "venv", "--python", sys.executable, environment, cwd=folder)
        run(path, "pip", "install", "--python", environment, wheel, cwd=folder)
    else:
        run(sys.executable, "-m", "venv", environment, cwd=folder)
        run(environment / "bin/python", "-m", "pip", "install", wheel, cwd=folder)
    return environment / "bin"


def pytest_configure(config: pytest.Config) -> None:
    """Tests that install the wheel take seconds and ask the package registry."""
    config.addinivalue_line("markers", "installs: installs the wheel and what it requires into an empty environment")
