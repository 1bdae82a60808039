"""The documentation, held to the code: what it links to, names and tells to type exists."""

import ast
import importlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.domain.letters import Action
from mentoring_lifecycle.domain.policy import (
    BOOKING,
    RANGES,
    Extensions,
    Help,
    Inactivity,
    Ladder,
    ProgrammePolicy,
    Sessions,
)
from mentoring_lifecycle.settings import CONFIG_VARIABLE, PREFIX, Settings
from mentoring_lifecycle.starter.__main__ import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FOLDERS = ("activities", "contracts", "domain", "embedded", "examples", "gateways", "letters", "starter", "workflows")
FILES = [*ROOT.glob("*.*"), *(file for folder in (*FOLDERS, "tests") for file in (ROOT / folder).rglob("*.*"))]
SOURCES = [file for file in FILES if file.suffix == ".py" and "tests" not in file.relative_to(ROOT).parts]
README, OPERATIONS, POLICY, METRICS = (
    (ROOT / page).read_text(encoding="utf-8")
    for page in ("README.md", "docs/operations.md", "docs/policy.md", "docs/metrics.md")
)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(text: str) -> str:
    """The text without its code blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def spans(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`\n]+)`", prose_of(text))


def rows(text: str, first: str) -> Iterator[list[str]]:
    """The cells of every table row whose first cell is code that matches."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `") and re.fullmatch(first, cells[0].strip("| `")):
            yield [cell.strip("| ") for cell in cells]


# --- links ------------------------------------------------------------------------------------------------------


def anchors(text: str) -> set[str]:
    """The fragments by which the headings of a page can be reached."""
    headings = re.findall(r"^#+ (.+)$", prose_of(text), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path, text: str) -> list[str]:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose_of(text)):
        path, _, fragment = link.partition("#")
        target = page.parent / path if path else page
        if re.match(r"https?:", link):
            continue
        if not target.exists() or (fragment and fragment not in anchors(text_of(target))):
            broken.append(link)
    return broken


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file, and every fragment a heading of it."""
    assert broken_links(page, text_of(page)) == []


def test_broken_links_are_noticed() -> None:
    """The test above finds a missing file and a missing heading."""
    links = "[a](nowhere.md) [b](README.md#nothing) [c](#nor-here) [d](README.md#try-it)"
    assert broken_links(ROOT / "README.md", links) == ["nowhere.md", "README.md#nothing", "#nor-here"]


# --- commands ---------------------------------------------------------------------------------------------------


def commands(text: str) -> list[str]:
    """Every `mentoring ...` that a code block tells to type, pipelines and continued lines included."""
    found = []
    for block in blocks(text, "console"):
        joined = re.sub(r"\\\n\s*|(?<=\|)\n\s*", " ", block)
        typed = [line.removeprefix("$ ") for line in joined.splitlines() if line.startswith("$ ")]
        found += [part for line in typed for part in re.split(r" \| ", line) if part.startswith("mentoring ")]
    return found


def parse(command: str) -> None:
    """Read a command line as the command line itself does, without running it."""
    context: Any = typer.main.get_command(app).make_context("mentoring", shlex.split(command, comments=True)[1:])
    while context.command.__class__.__name__.endswith("Group"):
        name, command_of, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        context = command_of.make_context(name, rest, parent=context)


@pytest.mark.parametrize("command", sorted({each for page in PAGES for each in commands(text_of(page))}))
def test_commands_can_be_typed(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command in a code block exists, with these options and values."""
    monkeypatch.chdir(ROOT)
    parse(command)


@pytest.mark.parametrize(
    "command",
    ["mentoring nonsense", "mentoring status", "mentoring hold x --on c-1", "mentoring decide x --by c --choice maybe"],
)
def test_mistyped_commands_are_noticed(command: str) -> None:
    """The test above finds an unknown command, a missing argument, an unknown option and a wrong value."""
    with pytest.raises(typer.TyperException):
        parse(command)


@every_page
def test_commands_in_prose_exist(page: Path) -> None:
    """What a sentence calls `mentoring ...` is a command or a group of them."""
    known: Any = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group, by construction
    named = {span.split()[1] for span in spans(text_of(page)) if re.match(r"mentoring [a-z]", span)}
    assert named <= set(known)


# --- names ------------------------------------------------------------------------------------------------------


@every_page
def test_variables_exist(page: Path) -> None:
    """Every MENTORING_* variable is a setting, the file of one, or one of the two that are read elsewhere."""
    settings = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    known = settings | {f"{name}_FILE" for name in settings} | {CONFIG_VARIABLE, "MENTORING_CACHE_DIR"}
    assert set(re.findall(r"\bMENTORING_[A-Z_]+\b", text_of(page))) <= known


def test_every_setting_is_explained() -> None:
    """The table of the README holds each setting once, with its default."""
    shown = {False: "`0`", "": "empty", None: "empty"}
    expected = {
        f"`{PREFIX}{name.upper()}`": shown.get(default := field.get_default(), f"`{default}`")
        for name, field in Settings.model_fields.items()
        if name not in {"database_url", "smtp_tls", "smtp_password", "caldav_password", "certificate_key", "seal_key"}
        and "keys" not in name
    }
    told = {cells[0]: cells[1] for cells in rows(README, "MENTORING_.*")}
    assert len(told) == len(list(rows(README, "MENTORING_.*"))) == len(Settings.model_fields)
    assert {name: told[name] for name in expected} == expected


METRIC = re.compile(r"\bmentoring_(?!lifecycle)[a-z_]+\b")


METRIC_SOURCES = ("starter/exporter.py", "starter/inbound.py", "starter/reconcile.py", "telemetry.py")
STORIES = ("workflows/story.py", "workflows/case.py", "telemetry.py")


def metrics_in_source() -> set[str]:
    """The names by which Prometheus knows them: counters end in `_total`."""
    served = "".join(text_of(ROOT / file) for file in METRIC_SOURCES)
    told = "".join(text_of(ROOT / file) for file in STORIES)
    named = re.findall(r'"(mentoring_[a-z_]+)"', served)
    counters = re.findall(r'create_counter\("(mentoring_[a-z_]+)"', told)
    counters += re.findall(r'CounterMetricFamily\(\s*"(mentoring_[a-z_]+)"', served)
    return {name for name in named if name not in counters} | {f"{name}_total" for name in counters}


@every_page
def test_metrics_exist(page: Path) -> None:
    """Every metric a page names is one of ours."""
    assert set(METRIC.findall(text_of(page))) <= metrics_in_source()


def test_every_metric_is_explained() -> None:
    """The page about metrics names each of them in a table."""
    assert {cells[0].strip("`") for cells in rows(METRICS, METRIC.pattern)} == metrics_in_source()


@every_page
def test_search_attributes_exist(page: Path) -> None:
    """Every `Mentoring...` name is a search attribute, a class or an alert."""
    classes = {"MentoringPlugin", "MentoringClient", names.RELATIONSHIP}
    rules = "".join(text_of(file) for file in (ROOT / "deploy/prometheus").glob("*.rules.yml"))
    alerts = set(re.findall(r"- alert: (\w+)", rules))
    known = classes | alerts | {key.name for key in names.SEARCH_ATTRIBUTES}
    assert set(re.findall(r"\bMentoring[A-Z]\w+", text_of(page))) <= known


@every_page
def test_files_exist(page: Path) -> None:
    """Every file that a sentence names is there, by its path or by its name alone."""
    named = {span for span in spans(text_of(page)) if re.fullmatch(r"[\w./-]+\.(py|toml|csv|yml|jinja)", span)}
    alone = {file.name for file in FILES}
    assert {name for name in named if not (ROOT / name).exists() and name not in alone} == set()


@every_page
def test_tests_exist(page: Path) -> None:
    """Every test that a page names is there; what ends in an underscore is the beginning of many names."""
    tests = [file for file in FILES if file.name.startswith("test_")]
    known = {name for file in tests for name in re.findall(r"\bdef (test_\w+)", text_of(file))}
    assert set(re.findall(r"\btest_\w*[^\W_]\b(?!\.py)", text_of(page))) <= known


def test_every_action_has_its_page() -> None:
    """The README says for each action of a letter what a host's page calls."""
    told = {cells[0].strip("`") for cells in rows(README, "[a-z]+(-[a-z]+)*")}
    assert told == {action.value for action in Action} - {Action.NONE.value}


# --- numbers ----------------------------------------------------------------------------------------------------


def numbers(section: Any, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Path, default and range of every number, as the page writes them."""
    for each in fields(section):
        path, value = f"{prefix}{each.name}", getattr(section, each.name)
        if isinstance(value, Sessions | Help | Inactivity | Extensions):
            yield from numbers(value, f"{path}.")
        elif isinstance(value, Ladder):
            yield path, f"{', '.join(map(str, value.remind_after_days))}; end {value.expires_after_days}", "ladder"
        else:
            yield path, str(value), _allowed(path)


def _allowed(path: str) -> str:
    if path in RANGES:
        return "{} to {}".format(*RANGES[path])
    return ", ".join(BOOKING) if path == "sessions.booking" else "`HH:MM`"


def test_every_number_is_explained() -> None:
    """The page about the policy has each number with its default and range, and a source or a reason."""
    told = list(rows(POLICY, r"[a-z_.]+"))
    assert sorted((cells[0].strip("`"), cells[1], cells[2]) for cells in told) == sorted(numbers(ProgrammePolicy()))
    assert all(len(cells) == 5 and cells[4] for cells in told)


# --- Python -----------------------------------------------------------------------------------------------------


def imports(source: str) -> Iterator[tuple[str, str]]:
    """Module and name of everything that is imported from us."""
    tree = compile(source, "page", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mentoring_lifecycle"):
            yield from ((node.module or "", alias.name) for alias in node.names)


@every_page
def test_python_can_be_imported(page: Path) -> None:
    """Python in a code block is Python, and what it imports from us is there."""
    wanted = [each for block in blocks(text_of(page), "python") for each in imports(block)]
    assert [each for each in wanted if not hasattr(importlib.import_module(each[0]), each[1])] == []
