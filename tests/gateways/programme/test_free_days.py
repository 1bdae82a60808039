"""Days on which nobody works: holidays by place, and a file of closures in which every mistake is named."""

from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.gateways.free_days import (
    Closure,
    FreeDays,
    UnusableClosures,
    is_country,
    is_region,
    read_closures,
)

MIA = Person("mia", "Mia", "mia@pair.example", "it", "Europe/Rome", 2, country="IT", region="MI")


@pytest.mark.parametrize(
    ("country", "region", "day", "is_free"),
    [
        ("IT", "MI", "2027-12-07", True),
        ("IT", "RM", "2027-12-07", False),
        ("IT", "RM", "2027-06-29", True),
        ("IT", "", "2027-03-29", True),
        ("IT", "", "2027-08-15", True),
        ("GB", "SCT", "2027-01-02", True),
        ("GB", "ENG", "2027-01-02", False),
        ("GB", "SCT", "2027-01-04", True),
        ("GB", "ENG", "2027-03-29", True),
        ("GB", "SCT", "2027-03-29", False),
        ("US", "", "2027-11-25", True),
        ("IT", "", "2027-11-25", False),
        ("", "", "2027-12-25", False),
        ("ZZ", "", "2027-12-25", False),
        ("IT", "NOWHERE", "2027-12-25", True),
    ],
)
def test_holidays_are_those_of_the_place(country: str, region: str, day: str, is_free: bool) -> None:
    """Of country and region; a country that nobody knows has none, an unknown region those of its country."""
    person = replace(MIA, country=country, region=region)
    assert FreeDays().is_free(person, date.fromisoformat(day)) is is_free


def test_closures_hold_for_everybody_or_for_one_country() -> None:
    """From the first to the last day, both included."""
    closures = (Closure(date(2027, 8, 9), date(2027, 8, 27), "IT"), Closure(date(2027, 5, 21), date(2027, 5, 21)))
    days, ed = FreeDays(closures), replace(MIA, country="GB", region="")
    assert [days.is_free(MIA, date(2027, 8, day)) for day in (8, 9, 27, 28)] == [False, True, True, False]
    assert not days.is_free(ed, date(2027, 8, 10))
    assert days.is_free(ed, date(2027, 5, 21))


def test_codes_are_known() -> None:
    """Two capital letters for a country, and its own codes for regions."""
    assert is_country("IT")
    assert not any(map(is_country, ("it", "ITA", "ZZ", "")))
    assert is_region("IT", "MI")
    assert not is_region("IT", "SCT")
    assert not is_region("ZZ", "MI")


# --- the file ---------------------------------------------------------------------------------------------------


def test_a_file_of_closures_is_read(tmp_path: Path) -> None:
    """A note is for whoever keeps the file; a country may be left out."""
    path = tmp_path / "closures.toml"
    path.write_text(
        "[[closure]]\nfrom = 2027-08-09\nuntil = 2027-08-27\ncountry = 'IT'\nnote = 'Summer'\n"
        "[[closure]]\nfrom = 2027-12-24\nuntil = 2027-12-24\n"
    )
    assert read_closures(path) == (
        Closure(date(2027, 8, 9), date(2027, 8, 27), "IT"),
        Closure(date(2027, 12, 24), date(2027, 12, 24)),
    )
    path.write_text("")
    assert read_closures(path) == ()


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("[[closure]]\nfrom = 2027-08-09\n", ["closure 1: 'until' must be a day"]),
        ("[[closure]]\nfrom = '2027-08-09'\nuntil = 2027-08-10T00:00:00\n", ["1: 'from' must", "1: 'until' must"]),
        ("[[closure]]\nfrom = 2027-08-09\nuntil = 2027-08-08\n", ["closure 1: 'until' must not be earlier"]),
        ("[[closure]]\nfrom = 2027-08-09\nuntil = 2027-08-09\ncountry = 'Italy'\n", ["'country' must be a code"]),
        ("[[closure]]\nfrom = 2027-08-09\nuntil = 2027-08-09\nnote = 7\n", ["'note' must be a text"]),
        ("[[closure]]\nfrom = 2027-08-09\nuntil = 2027-08-09\ntill = 7\n", ["'till' is not known; known here"]),
        ("[closure]\nfrom = 2027-08-09\n", ["two pairs of brackets"]),
        ("closures = []\n", ["'closures' is not known"]),
        ("[[closure]\n", ["this is not TOML"]),
        ("[[closure]]\n[[closure]]\n", ["closure 1", "closure 1", "closure 2", "closure 2"]),
    ],
)
def test_every_mistake_is_named_in_a_sentence(tmp_path: Path, text: str, problems: list[str]) -> None:
    """With the file's name and the number of the closure; all at once."""
    path = tmp_path / "closures.toml"
    path.write_text(text)
    with pytest.raises(UnusableClosures) as raised:
        read_closures(path)
    assert len(raised.value.problems) == len(problems)
    for told, problem in zip(raised.value.problems, problems, strict=True):
        assert told.startswith("closures.toml")
        assert problem in told
        assert told.endswith(".")


@pytest.mark.parametrize("data", [b"\xff\xfe", b"x" * 300_000, b"a = " + b"[" * 5000, b"a = " + b"9" * 9999])
def test_what_is_no_such_file_is_one_problem(tmp_path: Path, data: bytes) -> None:
    """However it was damaged."""
    path = tmp_path / "closures.toml"
    path.write_bytes(data)
    with pytest.raises(UnusableClosures) as raised:
        read_closures(path)
    assert len(raised.value.problems) == 1


def test_a_missing_file_is_one_problem(tmp_path: Path) -> None:
    """A folder is no file either."""
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(UnusableClosures, match="cannot be opened"):
            read_closures(path)


@given(st.text(max_size=80))
def test_no_text_breaks_its_reader(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Closures or UnusableClosures, and nothing else."""
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    with suppress(UnusableClosures):
        assert isinstance(read_closures(path), tuple)
