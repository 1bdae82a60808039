"""A programme as TOML: every number may be set, every mistake is named with its line."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from mentoring_lifecycle.domain.policy import Extensions, Help, Inactivity, Ladder, ProgrammePolicy, Sessions
from mentoring_lifecycle.gateways.programme_toml import (
    MAX_BYTES,
    MAX_PROBLEMS,
    ProgrammeProblem,
    UnusableProgramme,
    read_programme,
)

EXAMPLE = Path(__file__).parents[3] / "examples/programme.toml"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "programme.toml"


def problems_in(file: Path, text: str | bytes) -> list[ProgrammeProblem]:
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(UnusableProgramme) as caught:
        read_programme(file)
    return list(caught.value.problems)


def places(file: Path, text: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.field) for problem in problems_in(file, text)]


def written_out(policy: Any, prefix: str = "") -> str:
    """Every number of a policy as dotted keys."""
    lines = ""
    for each in fields(policy):
        value = getattr(policy, each.name)
        if is_dataclass(value):
            lines += written_out(value, f"{prefix}{each.name}.")
        else:
            text = list(value) if isinstance(value, tuple) else f'"{value}"' if isinstance(value, str) else value
            lines += f"{prefix}{each.name} = {text}\n"
    return lines


def keys(text: str) -> list[str]:
    """The last words of all keys, in order."""
    heads = [line.partition("=")[0].strip() for line in text.splitlines() if "=" in line and not line.startswith("#")]
    return [head.rpartition(".")[2] for head in heads]


# --- what can be said -------------------------------------------------------------------------------------------


def test_the_example_is_the_default() -> None:
    """The example says exactly what holds without a file."""
    assert read_programme(EXAMPLE) == ProgrammePolicy()


def test_the_example_leaves_nothing_out() -> None:
    """Every number of a policy stands in the example, once for each place it has."""
    assert sorted(keys(EXAMPLE.read_text())) == sorted(keys(written_out(ProgrammePolicy())))


def test_the_example_explains_every_number() -> None:
    """Above every number or its section stands a comment."""
    blocks = [block.strip() for block in EXAMPLE.read_text().split("\n\n")]
    assert [block for block in blocks if not block.startswith(("#", "[sessions]\n#"))] == []


def test_every_number_can_be_set(file: Path) -> None:
    """A policy unlike the default in every number comes back from a file that spells it out."""
    ladder = Ladder((1, 2), 30)
    sessions = Sessions(5, 3, 45, 40, 3, "16:30", 4, 48, 30, ladder, 6, 2, "by_hand", ladder, 2, ladder, ladder, 3, 4)
    ladders = dict.fromkeys(
        ("invitation", "induction", "rules", "goals", "decision", "final_feedback", "early_end", "amendment"), ladder
    )
    help_clocks = {"question": Help(2, 20), "friction": Help(3, 21), "serious": Help(4, 22)}
    numbers = {
        "length_weeks": 40,
        "minimum_level_distance": 1,
        "help_rating_days": 9,
        "pause_weeks": 20,
        "hold_reminder_weeks": 6,
        "hold_first_reminder_days": 5,
        "leaver_grace_hours": 48,
        "rematch_consent_days": 3,
    }
    more_numbers = {
        "closing_notice_days": 10,
        "calendar_clean_up_days": 5,
        "first_pulse_days": 20,
        "soft_bounce_hours": 48,
    }
    sections = {"sessions": sessions, "inactivity": Inactivity(30, 40, 50, 4), "extensions": Extensions(1, 8)}
    changes: dict[str, Any] = {**ladders, **help_clocks, **numbers, **more_numbers, **sections}
    other = ProgrammePolicy(**changes)
    assert changes.keys() == {each.name for each in fields(ProgrammePolicy)}
    file.write_text(written_out(other))
    assert read_programme(file) == other


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", "\ufeff", "[sessions]\n", "length_weeks = 26\r\n[rules]\r\n"],
    ids=["empty", "comment", "byte-order mark", "empty section", "CRLF"],
)
def test_what_is_left_out_keeps_its_default(file: Path, text: str) -> None:
    """A file may leave out anything."""
    file.write_bytes(text.encode())
    assert read_programme(file) == ProgrammePolicy()


@pytest.mark.parametrize(
    "text",
    ["[rules]\nexpires_after_days = 30", "rules.expires_after_days = 30", "rules = { expires_after_days = 30 }"],
)
def test_half_a_section_keeps_its_other_half(file: Path, text: str) -> None:
    """However a section is written, what it does not mention stays as it is by default."""
    file.write_text(text)
    assert read_programme(file).rules == Ladder(ProgrammePolicy().rules.remind_after_days, 30)


# --- what is wrong, and where -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lenght_weeks = 26", "length_weeks"),
        ("\n[sessions]\nplaned = 6", "sessions.planned"),
        ("planned = 6", "sessions.planned"),
        ("[sessions.question]\nremind_after_day = [1]", "sessions.question.remind_after_days"),
        ("[goals]\nexpire_after_days = 1", "goals.expires_after_days"),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest(file: Path, text: str, expected: str) -> None:
    """A misspelt or misplaced key names the one that was probably meant, and its own line."""
    (problem,) = problems_in(file, text)
    assert problem.message == f"is not known; did you mean {expected}?"
    assert problem.line == len(text.splitlines())


def test_a_key_like_no_other_is_told_with_all(file: Path) -> None:
    """Where nothing is near, what is known there is listed."""
    (problem,) = problems_in(file, "[rules]\nxyz = 1")
    assert problem.message == "is not known; known here: rules.remind_after_days, rules.expires_after_days"


@pytest.mark.parametrize(
    ("text", "field", "wanted"),
    [
        ('length_weeks = "26"', "length_weeks", "a whole number"),
        ("length_weeks = 26.0", "length_weeks", "a whole number"),
        ("length_weeks = true", "length_weeks", "a whole number"),
        ("length_weeks = [26]", "length_weeks", "a whole number"),
        ("sessions.wall_time = 10:00:00", "sessions.wall_time", "a text in quotation marks"),
        ("rules.remind_after_days = 3", "rules.remind_after_days", "a list of whole numbers, such as [3, 7]"),
        ('rules.remind_after_days = ["3"]', "rules.remind_after_days", "a list of whole numbers, such as [3, 7]"),
        ("rules.remind_after_days = [true]", "rules.remind_after_days", "a list of whole numbers, such as [3, 7]"),
        ("rules = 3", "rules", "a section with keys of its own"),
        ("[[rules]]", "rules", "a section with keys of its own"),
    ],
)
def test_a_wrong_type_is_told(file: Path, text: str, field: str, wanted: str) -> None:
    """What should stand there is said, and never taken from what stands there."""
    (problem,) = problems_in(file, text)
    assert (problem.field, problem.message) == (field, f"must be {wanted}")


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        ("length_weeks = 99", 1, "length_weeks"),
        ("# one\n\n[sessions]\n  weekday=9  # two", 4, "sessions.weekday"),
        ("[ sessions . question ]\nremind_after_days = [\n  3,\n  3,\n]", 2, "sessions.question.remind_after_days"),
        ("[sessions]\nquestion.expires_after_days = 200", 2, "sessions.question.expires_after_days"),
        ("\nsessions = { weekday = 9 }", 2, "sessions.weekday"),
        ('"sessions" . "weekday" = 9', 1, "sessions.weekday"),
        ("[sessions]\n\n[goals]\n[rules]\nexpires_after_days = 5", 5, "rules.expires_after_days"),
        ("[sessions]\nplanned = 3\nneeded_for_completion = 5", 3, "sessions.needed_for_completion"),
        ('[sessions]\nwall_time = "25:00"', 2, "sessions.wall_time"),
        ("length_weeks = 8", 1, "sessions.planned"),
    ],
    ids=["top", "section", "list", "dotted", "inline", "quoted", "later section", "two numbers", "time", "left out"],
)
def test_a_number_out_of_range_is_told_where_it_stands(file: Path, text: str, line: int, field: str) -> None:
    """A number that cannot be lived by is found on its line, or on that of its section; one left out, on line 1."""
    assert places(file, text) == [(line, field)]


def test_all_problems_are_told_at_once(file: Path) -> None:
    """Whoever corrects a file learns everything in one go, in the order of lines."""
    text = "nonsense = 1\nlength_weeks = 'x'\n[sessions]\nplaned = 1\n[rules]\nremind_after_days = 1\n"
    assert [line for line, _ in places(file, text)] == [1, 2, 4, 6]


def test_a_file_full_of_nonsense_is_not_read_to_its_end(file: Path) -> None:
    """After enough problems no more are looked for."""
    assert len(problems_in(file, "".join(f"key{number} = 1\n" for number in range(15_000)))) == MAX_PROBLEMS


def test_a_strange_key_is_shown_harmlessly(file: Path) -> None:
    """A key may hold anything; what is shown of it is short and printable."""
    (problem,) = problems_in(file, '"\\u001b[31m' + "x" * 100_000 + '" = 1')
    assert problem.field.isprintable()
    assert len(problem.field) < 80


# --- what cannot be read ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"length_weeks = 26\nplanned 6\n", 2, "This is not TOML"),
        (b"a = 1\nb = 2\na = 3\n", 3, "This is not TOML"),
        (b'a = 1\nb = """\n', 3, "This is not TOML"),
        (b"a = 1\n# caff\xe8\n", 2, "UTF-8"),
        (b"length_weeks = " + b"9" * 5000, 1, "thousands of digits"),
        (b"a = " + b"[" * 100_000, 1, "nested too deeply"),
        (b"#" * (MAX_BYTES + 1), 1, "larger than 256 KiB"),
        (b"\0", 1, "This is not TOML"),
    ],
    ids=["no equals", "twice", "unterminated", "latin-1", "digits", "brackets", "large", "NUL"],
)
def test_what_is_no_programme_is_told(file: Path, content: bytes, line: int, words: str) -> None:
    """A file of another kind is refused in a sentence, with the line where it becomes unreadable."""
    (problem,) = problems_in(file, content)
    assert (problem.line, problem.field) == (line, "")
    assert words in problem.message


@pytest.mark.parametrize("name", ["missing.toml", ".", "nul\0"])
def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path, name: str) -> None:
    """A missing file and a folder are refused in a sentence."""
    with pytest.raises(UnusableProgramme, match="cannot be opened"):
        read_programme(tmp_path / name)


def test_a_problem_reads_as_a_sentence(file: Path) -> None:
    """File, line and field stand before what is wrong."""
    file.write_text("\nlength_weeks = 99\n")
    with pytest.raises(UnusableProgramme) as caught:
        read_programme(file)
    assert str(caught.value) == "programme.toml, line 2, length_weeks: 99 is outside 8 to 52"
