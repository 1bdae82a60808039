"""Times in words are right wherever the reader and the pair are."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.domain.letters import LetterKind

MINUTES = timedelta(minutes=45)


def told(desk: Any, locale: str, zone: str, starts_at: datetime, pair: str = "Europe/Rome") -> list[str]:
    facts = desk.about(starts_at=starts_at, ends_at=starts_at + MINUTES, zone=pair)
    text = desk.write(LetterKind.SESSION_MOVED, locale, facts=facts, zone=zone).text
    lines: list[str] = text.split("\n\n")[2].splitlines()
    return lines


@pytest.mark.parametrize(
    ("starts_at", "english", "italian"),
    [
        (
            datetime(2027, 3, 26, 9, 0, tzinfo=UTC),
            ["Friday 26 March 2027, 09:00–09:45 (London time)", "Friday 26 March 2027, 10:00–10:45 (Rome time)"],
            ["Venerdì 26 marzo 2027, ore 09:00–09:45 (ora di Londra)",
             "Venerdì 26 marzo 2027, ore 10:00–10:45 (ora di Roma)"],
        ),
        (
            datetime(2027, 3, 29, 8, 0, tzinfo=UTC),
            ["Monday 29 March 2027, 09:00–09:45 (London time)", "Monday 29 March 2027, 10:00–10:45 (Rome time)"],
            ["Lunedì 29 marzo 2027, ore 09:00–09:45 (ora di Londra)",
             "Lunedì 29 marzo 2027, ore 10:00–10:45 (ora di Roma)"],
        ),
        (
            datetime(2027, 11, 2, 9, 0, tzinfo=UTC),
            ["Tuesday 2 November 2027, 09:00–09:45 (London time)", "Tuesday 2 November 2027, 10:00–10:45 (Rome time)"],
            ["Martedì 2 novembre 2027, ore 09:00–09:45 (ora di Londra)",
             "Martedì 2 novembre 2027, ore 10:00–10:45 (ora di Roma)"],
        ),
    ],
)  # fmt: skip
def test_reader_and_pair_in_two_zones(desk: Any, starts_at: datetime, english: list[str], italian: list[str]) -> None:
    """The wall clock holds before and after the clocks change, in the reader's zone first and then the pair's."""
    assert told(desk, "en", "Europe/London", starts_at) == english
    assert told(desk, "it", "Europe/London", starts_at) == italian


def test_weeks_in_which_only_one_side_has_changed_its_clocks(desk: Any) -> None:
    """Between the American and the European change, New York is five hours from Rome and not six."""
    between, after = datetime(2027, 3, 16, 14, 0, tzinfo=UTC), datetime(2027, 4, 6, 14, 0, tzinfo=UTC)
    assert told(desk, "en", "America/New_York", between) == [
        "Tuesday 16 March 2027, 10:00–10:45 (New York time)",
        "Tuesday 16 March 2027, 15:00–15:45 (Rome time)",
    ]
    assert told(desk, "en", "America/New_York", after) == [
        "Tuesday 6 April 2027, 10:00–10:45 (New York time)",
        "Tuesday 6 April 2027, 16:00–16:45 (Rome time)",
    ]


def test_the_date_may_differ_between_the_zones(desk: Any) -> None:
    """Each line carries its own date."""
    first, second = told(desk, "en", "Asia/Tokyo", datetime(2027, 1, 14, 16, 0, tzinfo=UTC))
    assert first.startswith("Friday 15 January 2027, 01:00")
    assert second.startswith("Thursday 14 January 2027, 17:00")


@pytest.mark.parametrize("zone", ["Europe/Rome", "Europe/Berlin"])
def test_the_same_clock_is_told_once(desk: Any, zone: str) -> None:
    """A second line that repeats the first helps nobody."""
    assert len(told(desk, "en", zone, datetime(2027, 1, 14, 16, 0, tzinfo=UTC))) == 1


def test_the_hour_that_comes_twice_is_told_apart(desk: Any) -> None:
    """When clocks go back, the city alone would leave it open which of the two hours is meant."""
    summer, winter = (
        told(desk, "en", "Europe/Rome", datetime(2027, 10, 31, hour, 10, tzinfo=UTC))[0] for hour in (0, 1)
    )
    assert summer == "Sunday 31 October 2027, 02:10–02:55 (Central European Summer Time)"
    assert winter == "Sunday 31 October 2027, 02:10–02:55 (Central European Standard Time)"


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("America/Argentina/Buenos_Aires", "(Buenos Aires time)"),
        ("UTC", "(UTC)"),
        ("Etc/UTC", "(UTC)"),
        ("Nowhere/At_All", "(UTC)"),
        ("../etc/passwd", "(UTC)"),
    ],
)
def test_zones_are_named_for_people(desk: Any, zone: str, name: str) -> None:
    """By the city; a zone that nobody knows is told in UTC, so that the letter still goes out."""
    assert told(desk, "en", zone, datetime(2027, 1, 14, 16, 0, tzinfo=UTC))[0].endswith(name)


def test_a_deadline_is_told_in_the_readers_zone(desk: Any) -> None:
    """Also when the pair lives in another one."""
    facts = desk.about(deadline=datetime(2027, 6, 30, 22, 30, tzinfo=UTC), zone="Europe/London")
    text = desk.write(LetterKind.RULES_TO_SIGN, "it", facts=facts, zone="Europe/Rome").text
    assert "Firma entro giovedì 1 luglio 2027, ore 00:30 (ora di Roma)." in text


@pytest.fixture
def computer_in_auckland(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("computer_in_auckland")
def test_the_zone_of_the_computer_does_not_matter(desk: Any) -> None:
    """A worker may run anywhere."""
    lines = told(desk, "en", "Europe/London", datetime(2027, 1, 14, 16, 0, tzinfo=UTC))
    assert lines[0] == "Thursday 14 January 2027, 16:00–16:45 (London time)"


@pytest.mark.parametrize(
    ("locale", "title", "description"),
    [
        (
            "en",
            "Mentoring: session 3",
            ["Thursday 14 January 2027, 16:00 (London time)", "Thursday 14 January 2027, 17:00 (Rome time)"],
        ),
        (
            "it",
            "Mentoring: incontro 3",
            ["Giovedì 14 gennaio 2027, ore 16:00 (ora di Londra)", "Giovedì 14 gennaio 2027, ore 17:00 (ora di Roma)"],
        ),
    ],
)
def test_a_calendar_entry_has_a_neutral_title(desk: Any, locale: str, title: str, description: list[str]) -> None:
    """The title names nobody; the description gives the local time in words, and the link."""
    reader = Person("p-luca", "Luca Verdi", "luca@example.org", locale, "Europe/London", 3)
    asked = {
        "session": 3,
        "starts_at": datetime(2027, 1, 14, 16, 0, tzinfo=UTC),
        "zone": "Europe/Rome",
        "reader": reader,
        "partner": reader,
    }
    words = desk.writer.entry_words(**asked, relationship="r-1")
    assert words.calendar_title == title
    told = words.calendar_description.splitlines()
    assert told[: len(description)] == description
    assert told[-1] == "https://tool.example/prepare-session?of=r-1&at=s3&who=p-luca"
    assert (words.subject, words.text, words.html) == ("", "", "")
