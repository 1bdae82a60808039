"""The same life twice is the same life: on every machine, under every hash seed, without any set deciding an order."""

import ast
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

import mentoring_lifecycle
from mentoring_lifecycle.domain import commands as c
from tests.builders import (
    COORDINATOR,
    DAY,
    GOALS,
    MENTEE,
    MENTOR,
    START,
    WEEK,
    Life,
    accepts,
    asks_for_help,
    feedback,
    life,
    patient,
)

ROOT = Path(__file__).parents[2]
SEEDS = range(16) if settings.get_current_profile_name() == "long" else range(4)


def eventful_life() -> Life:
    """A life with something of everything in it."""
    lived = life(patient()).after(
        *(
            2 * DAY,
            accepts(MENTOR, c.Comfort.UNSURE),
            accepts(MENTEE),
            3 * DAY,
            c.Decide(COORDINATOR, c.Choice.MORE_TIME),
        ),
        *(DAY, c.CompleteInduction(MENTOR, c.Comfort.YES), c.ProposeRules(MENTEE, (("R16", "tools"), ("R12", "48")))),
        *(4 * DAY, c.SignRules(MENTOR, 2), DAY, c.ProposeGoals(MENTEE, GOALS, ("prompting",), 2)),
        *(DAY, c.AgreeGoals(MENTOR, 1, (3, 4)), c.SetAgenda(MENTOR, 1, ("first", "second"))),
    )
    lived.after(c.MoveSession(MENTEE, 1, lived.session.starts_at + DAY), 12 * DAY)
    lived.after(c.ConfirmSession(MENTOR, 1, held=True), asks_for_help(MENTEE, partner_may_know=True), 9 * DAY)
    lived.after(c.ArrangeTalk(COORDINATOR, 1, lived.now + DAY), DAY, c.Pause(MENTOR), WEEK, c.Hold(COORDINATOR), WEEK)
    lived.after(c.Lift(COORDINATOR), c.Resume(MENTEE), c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.FACILITATED))
    lived.until(lambda state: state.end_reached).after(feedback(MENTEE))
    lived.lives_on()
    return lived


def fingerprint(lived: Life) -> str:
    """SHA-256 of everything that happened and everything the world was told."""
    return hashlib.sha256(repr((lived.events, lived.effects, lived.state)).encode()).hexdigest()


def test_an_eventful_life_reaches_its_end() -> None:
    """The scripted life has most kinds of facts in it and is closed by time."""
    lived = eventful_life()
    assert lived.state.is_closed
    assert len(set(lived.kinds())) > 30
    assert lived.state.opened_at == START


@pytest.mark.parametrize("seed", SEEDS)
def test_the_hash_seed_decides_nothing(seed: int) -> None:
    """Another process with another hash seed lives the same life, to the last character."""
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
        "from tests.domain.test_determinism import eventful_life, fingerprint; print(fingerprint(eventful_life()))"
    )
    command = [sys.executable, "-P", "-c", script]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONHASHSEED": str(seed)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == fingerprint(eventful_life())


# --- no set decides an order ------------------------------------------------------------------------------------

SETS = ("set", "frozenset")


def is_set(node: ast.expr, names: set[str]) -> bool:
    """Whether an expression is a set, as far as can be seen from here."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in SETS
    if isinstance(node, ast.BinOp):
        return is_set(node.left, names) or is_set(node.right, names)
    return isinstance(node, ast.Set | ast.SetComp) or (isinstance(node, ast.Name) and node.id in names)


def walks_over_sets(source: str) -> list[int]:
    """Lines on which something walks over a set: a loop, a comprehension, or a conversion that keeps its order."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Assign) and is_set(node.value, names):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    walked = [node.iter for node in nodes if isinstance(node, ast.For | ast.comprehension)]
    orders = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    walked += [node.args[0] for node in orders if node.func.id in ("tuple", "list", "next", "iter") and node.args]  # type: ignore[attr-defined]  # narrowed to names above
    walked += [node.value for node in nodes if isinstance(node, ast.Starred)]
    return sorted(node.lineno for node in walked if is_set(node, names))


DOMAIN = sorted((Path(mentoring_lifecycle.__file__).parent / "domain").rglob("*.py"))


@pytest.mark.parametrize("path", DOMAIN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_domain_walks_over_no_set(path: Path) -> None:
    """Sets are asked whether they hold something, and never for their order."""
    assert walks_over_sets(path.read_text(encoding="utf-8")) == []


WALKS = [
    "for each in {1, 2}: pass",
    "owners = {g.owner for g in goals}\nfirst = [o for o in owners]",
    "x = tuple(set(y) | z)",
    "x = frozenset(y)\nz = (*x,)",
]


@pytest.mark.parametrize("source", WALKS)
def test_a_walk_over_a_set_is_noticed(source: str) -> None:
    """The test above finds loops, comprehensions, conversions and unpackings."""
    assert walks_over_sets(source)
