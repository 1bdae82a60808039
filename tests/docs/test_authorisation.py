"""The page about who may do what, held to the table in the domain, cell by cell."""

from pathlib import Path

from mentoring_lifecycle.domain.authorisation import EVERYBODY, GATES, READERS, TEAM, Channel, Gate
from mentoring_lifecycle.domain.cases.authorisation import ROLES
from mentoring_lifecycle.domain.events import Phase
from mentoring_lifecycle.domain.people import PAIR, Party

PAGE = (Path(__file__).parents[2] / "docs/authorisation.md").read_text(encoding="utf-8")
PARTS = {PAIR: "pair", TEAM: "team", EVERYBODY: "pair, team", (*TEAM, Party.SAFEGUARDING): "team, contact"}
OPEN = tuple(phase for phase in Phase if phase is not Phase.CLOSED)


def table(heading: str) -> dict[str, list[str]]:
    """The rows of the table below a heading, by their first cell."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    cells = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in lines]
    assert len({row[0] for row in cells}) == len(cells), "a row stands twice"
    return {first: rest for first, *rest in cells}


def row(gate: Gate) -> list[str]:
    phases = "all open" if gate.phases == OPEN else ", ".join(gate.phases)
    stopped = ["yes" if let_in else "team" if gate.team_always else "" for let_in in (gate.in_pause, gate.in_hold)]
    return [PARTS[gate.by], phases, *stopped, "yes" if gate.in_rematch else "", ", ".join(gate.channels)]


def test_every_command_stands_there_as_it_is_judged() -> None:
    expected = {kind.__dataclass_fields__["kind"].default: row(gate) for kind, gate in GATES.items()}
    assert table("Commands") == expected


def test_every_view_and_every_way_stands_there() -> None:
    assert table("Views") == {view: [PARTS[by]] for view, by in READERS.items()}
    assert list(table("Ways")) == [channel.value for channel in Channel]


def test_every_step_of_a_case_stands_there() -> None:
    expected = {kind.__dataclass_fields__["kind"].default: [", ".join(by)] for kind, by in ROLES.items()}
    assert table("Cases") == expected
