"""The page of the edge cases and the tests that carry their numbers say the same."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/edge-cases.md").read_text(encoding="utf-8")
FILES = sorted((ROOT / "tests").rglob("test_edge_cases*.py"))
SUITES = [file for file in FILES if file != Path(__file__)]
NUMBERS = range(1, 36)


def linked() -> dict[int, set[str]]:
    """By number, the tests that the page links to, as pytest names them."""
    found: dict[int, set[str]] = {}
    for number, _, _, tests in rows():
        found[int(number)] = {
            f"{path}::{name}" for name, path in re.findall(r"\[`(test_\w+)`\]\(\.\./([\w/.]+)\)", tests)
        }
    return found


def rows() -> list[list[str]]:
    """The four cells of every case, in their order."""
    lines = [line for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_case_stands_on_the_page_once() -> None:
    """From 1 to 35, in order, with a sentence each; a case without a test says why."""
    assert [int(number) for number, *_ in rows()] == list(NUMBERS)
    assert all(len(cells) == 4 and all(cells) for cells in rows())
    without = {int(number): tests for number, _, _, tests in rows() if not linked()[int(number)]}
    assert all(re.fullmatch("none yet|none: safeguarding", why) for why in without.values())


def test_the_page_links_to_the_tests_that_there_are() -> None:
    """Every test of a case is collected and stands in the row of its number, and no row names another."""
    paths = [str(file.relative_to(ROOT)) for file in SUITES]
    command = [sys.executable, "-P", "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *paths]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    collected = {line.partition("[")[0] for line in done.stdout.splitlines() if "::" in line}
    assert collected == set().union(*linked().values())
    for number, tests in linked().items():
        assert {name for name in tests if not re.search(rf"::test_case_{number:02}_", name)} == set()


def test_no_case_is_skipped() -> None:
    """Neither by a mark nor on the way: a case that is not looked at is not on the page."""
    for file in SUITES:
        assert re.findall(r"skip|xfail|importorskip", file.read_text(encoding="utf-8")) == []
