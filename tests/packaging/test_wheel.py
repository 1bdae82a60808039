"""The wheel: one import name, every file of the package, nothing else, and it runs alone.

Whatever else must work without the sources, an example or a replay, takes the `installed` fixture.
"""

import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_THE_PACKAGE = {"build", "deploy", "dist", "docs", "tests"}
NOT_SHIPPED = {"domain/ruff.toml"}


def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def belongs(file: Path) -> bool:
    parts = file.relative_to(ROOT).parts
    is_hidden = any(part.startswith(".") or part in {"__pycache__"} or part.endswith(".egg-info") for part in parts)
    return file.is_file() and not is_hidden and parts[0] not in NOT_THE_PACKAGE


def package_files() -> set[str]:
    """Every file of every folder of the package, and the modules at the root, by their path from the root."""
    folders = [folder for folder in ROOT.iterdir() if folder.is_dir() and (folder / "__init__.py").exists()]
    in_folders = {file for folder in folders for file in folder.rglob("*") if belongs(file)}
    at_root = {*ROOT.glob("*.py"), ROOT / "py.typed"}
    return {str(file.relative_to(ROOT)) for file in in_folders | at_root} - NOT_SHIPPED


def test_it_owns_one_name(wheel: Path) -> None:
    """Whoever installs it gets `mentoring_lifecycle` and its metadata, and no `workflows` or `worker` beside it."""
    tops = {name.split("/")[0] for name in contents(wheel)}
    assert "mentoring_lifecycle" in tops
    assert all(top == "mentoring_lifecycle" or top.endswith(".dist-info") for top in tops)


def test_it_holds_every_file_of_the_package(wheel: Path) -> None:
    """The wheel holds what the folders hold: no forgotten folder, no forgotten template, nothing that strayed in."""
    shipped = {name.removeprefix("mentoring_lifecycle/") for name in contents(wheel) if ".dist-info/" not in name}
    assert shipped == package_files()


def test_only_known_modules_lie_at_the_root() -> None:
    """A file at the root enters the wheel, so nothing but the package's own modules may lie there."""
    known = {"__init__.py", "plugin.py", "settings.py", "telemetry.py", "worker.py"}
    assert {file.name for file in ROOT.glob("*.py")} <= known


@pytest.mark.installs
def test_it_runs_alone(installed: Path, tmp_path: Path) -> None:
    """Installed into an empty environment, far from the sources, the command line comes up."""
    done = subprocess.run(
        [installed / "mentoring", "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "worker" in done.stdout


@pytest.mark.installs
def test_it_is_typed(installed: Path, tmp_path: Path) -> None:
    """The installed package tells type checkers that it is typed."""
    code = "import importlib.resources as r; print(r.files('mentoring_lifecycle').joinpath('py.typed').is_file())"
    done = subprocess.run([installed / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
