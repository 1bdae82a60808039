"""Calendar months, working days and ends of days, in every zone: month ends, leap years and changes of clocks."""

from calendar import monthrange
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from temporalio.testing import ActivityEnvironment

from mentoring_lifecycle.activities.clocks import GAP, NO_PLACES, clock_note
from mentoring_lifecycle.activities.legal_clocks import (
    LEGAL_ZONES,
    LegalClockActivities,
    days_later,
    end_of_day,
    instants_of,
    may_be_reported,
    months_later,
    working_days_later,
)
from mentoring_lifecycle.contracts.cases import InstantsOrder
from mentoring_lifecycle.domain.cases.events import Anchors
from mentoring_lifecycle.domain.cases.profile import PROFILES, Law, LegalProfile
from mentoring_lifecycle.domain.commands import Severity

ROME = ZoneInfo("Europe/Rome")
DAY = timedelta(days=1)

zones = st.sampled_from(sorted(available_timezones() - NO_PLACES)).map(ZoneInfo)
instants = st.datetimes(datetime(1990, 1, 1), datetime(2060, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0)
)
months = st.integers(0, 60)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]  # year, month, day, hour, minute


def is_in_a_gap(local: datetime, zone: ZoneInfo) -> bool:
    return clock_note(local.date(), local.time(), zone) == GAP


@given(instants, months, zones)
@example(utc(2028, 2, 29, 12, 0), 12, ROME)
@example(utc(2027, 11, 30, 12, 0), 3, ROME)
@example(utc(2027, 8, 31, 22, 30), 6, ROME)
def test_months_later_is_the_same_day_and_hour(at: datetime, count: int, zone: ZoneInfo) -> None:
    """Of the month so much later, or its last day; another hour only where the clocks skip that one."""
    local, later = at.astimezone(zone), months_later(at, count, zone).astimezone(zone)
    year, month = divmod(local.year * 12 + local.month - 1 + count, 12)
    wanted = local.replace(
        year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]), fold=0, tzinfo=None
    )
    if is_in_a_gap(wanted, zone):
        assert wanted < later.replace(tzinfo=None) <= wanted + 1.01 * DAY
    else:
        assert later.replace(tzinfo=None, fold=0) == wanted


@given(instants, st.integers(0, 200), zones)
def test_days_later_is_the_same_hour(at: datetime, count: int, zone: ZoneInfo) -> None:
    """A day of 23 or 25 hours is a day."""
    local, later = at.astimezone(zone), days_later(at, count, zone).astimezone(zone)
    wanted = local.replace(fold=0, tzinfo=None) + count * DAY
    assert is_in_a_gap(wanted, zone) or later.replace(tzinfo=None, fold=0) == wanted


@given(instants, st.integers(1, 10), zones)
def test_working_days_later_is_a_working_day(at: datetime, count: int, zone: ZoneInfo) -> None:
    """Never a Saturday or Sunday of the zone, and exactly so many working days on the way."""
    first, last = at.astimezone(zone).date(), working_days_later(at, count, zone).astimezone(zone).date()
    between = [first + number * DAY for number in range(1, (last - first).days + 1)]
    if not any(is_in_a_gap(datetime.combine(day, at.astimezone(zone).time()), zone) for day in between):
        assert last.weekday() < 5
        assert len([day for day in between if day.weekday() < 5]) == count


@given(instants, zones)
def test_the_end_of_the_day_is_the_beginning_of_the_next(at: datetime, zone: ZoneInfo) -> None:
    """Not the same day any more, and a second before it still is."""
    end = end_of_day(at, zone)
    assert end > at - timedelta(hours=2)
    assert end.astimezone(zone).date() > at.astimezone(zone).date()
    assert (end - timedelta(seconds=1)).astimezone(zone).date() <= at.astimezone(zone).date() or end.astimezone(
        zone
    ).time() == time(0)


anchors = st.builds(
    Anchors,
    received_at=instants,
    severity=st.sampled_from([Severity.S2, Severity.S3, Severity.S4]),
    acknowledged_at=st.none(),
)


@given(anchors, st.sampled_from([*PROFILES.values()]), zones, st.integers(0, 30 * 24))
def test_what_is_due_keeps_to_the_law(
    given_anchors: Anchors, profile: LegalProfile, zone: ZoneInfo, hours: int
) -> None:
    """Note within a day and never after the seventh, feedback three months after the note or the seventh day,
    whichever comes first; acting sooner never makes anything due later."""
    silent = instants_of(given_anchors, profile, zone)
    received = given_anchors.received_at
    assert received < silent.acknowledge_by <= received + DAY < silent.acknowledge_at_most_by
    assert abs(silent.acknowledge_at_most_by - received - 7 * DAY) <= 1.01 * DAY
    assert silent.triage_by >= min(silent.acknowledge_by, received + 0.9 * DAY)
    assert silent.triage_by <= received + 4.01 * DAY
    noted_at = received + timedelta(hours=hours)
    noted = instants_of(Anchors(received, given_anchors.severity, noted_at), profile, zone)
    assert noted.feedback_by <= silent.feedback_by
    assert noted.feedback_by == months_later(min(noted_at, silent.acknowledge_at_most_by), 3, zone)


def test_danger_in_the_last_minutes_of_a_day() -> None:
    """Judged on the same day, but not before anybody need have read it."""
    due = instants_of(Anchors(utc(2027, 1, 12, 22, 50), Severity.S4), LegalProfile(), ROME)
    assert due.triage_by == due.acknowledge_by == utc(2027, 1, 13, 2, 50)
    assert instants_of(Anchors(utc(2027, 1, 12, 9), Severity.S4), LegalProfile(), ROME).triage_by == utc(
        2027, 1, 12, 23
    )


def test_the_watch_and_the_keeping_follow_their_anchors() -> None:
    """30, 90 and 180 days after the feedback by the clocks of the place; kept for five years in Italy."""
    concluded = Anchors(utc(2027, 1, 1), Severity.S3, utc(2027, 1, 1), utc(2027, 3, 1, 9), utc(2028, 2, 29, 9))
    due = instants_of(concluded, PROFILES[Law.IT], ROME)
    assert due.watch_at == (utc(2027, 3, 31, 8), utc(2027, 5, 30, 8), utc(2027, 8, 28, 8))
    assert due.kept_until == utc(2033, 2, 28, 9)


def test_a_finished_relationship_can_be_reported_about_for_two_years() -> None:
    """To the hour."""
    ended = utc(2024, 2, 29, 9)
    assert may_be_reported(ended, utc(2026, 2, 28, 9), LegalProfile(), ROME)
    assert not may_be_reported(ended, utc(2026, 2, 28, 9, 1), LegalProfile(), ROME)


@pytest.mark.parametrize("law", Law)
async def test_the_activity_knows_the_zone_of_every_law(law: Law) -> None:
    """And takes one that it does not know for UTC, instead of leaving a case without clocks."""
    given_anchors = Anchors(utc(2027, 6, 1, 9), Severity.S3)
    for zone in (LEGAL_ZONES[law], "Mars/Olympus"):
        order = InstantsOrder(given_anchors, PROFILES[law], zone)
        found = await ActivityEnvironment().run(LegalClockActivities().resolve, order)
        assert found.acknowledge_by == utc(2027, 6, 2, 9)


LAST_DAYS = [
    # noted at (local), zone, feedback due (UTC): worked out by hand
    ((2027, 1, 31, 12), "Europe/Rome", (2027, 4, 30, 10)),
    ((2027, 11, 30, 12), "Europe/Rome", (2028, 2, 29, 11)),
    ((2026, 11, 30, 12), "Europe/Rome", (2027, 2, 28, 11)),
    ((2028, 2, 29, 9), "Europe/Rome", (2028, 5, 29, 7)),
    ((2027, 12, 31, 23, 30), "Europe/Rome", (2028, 3, 31, 21, 30)),
    ((2026, 12, 28, 2, 30), "Europe/Rome", (2027, 3, 28, 1)),  # in the gap: the clocks go from 2 to 3
    ((2027, 7, 31, 2, 30), "Europe/Rome", (2027, 10, 31, 0, 30)),  # twice that night: the first
    ((2026, 12, 14, 2, 30), "America/New_York", (2027, 3, 14, 7)),
    ((2027, 8, 7, 1, 30), "America/New_York", (2027, 11, 7, 5, 30)),
    ((2027, 8, 31, 18), "America/New_York", (2027, 11, 30, 23)),
    ((2027, 7, 3, 2, 15), "Australia/Lord_Howe", (2027, 10, 2, 15, 30)),  # half an hour is skipped
    ((2027, 1, 4, 1, 45), "Australia/Lord_Howe", (2027, 4, 3, 14, 45)),
]


@pytest.mark.parametrize("law", Law)
@pytest.mark.parametrize(("noted", "place", "due"), LAST_DAYS)
def test_feedback_is_due_on_the_day_that_a_calendar_says(
    noted: tuple[int, ...], place: str, due: tuple[int, ...], law: Law
) -> None:
    """Ends of months, leap years, ends of years, hours that are skipped and hours that come twice; by every law."""
    zone = ZoneInfo(place)
    at = datetime(*noted, tzinfo=zone).astimezone(UTC)  # type: ignore[arg-type, misc]  # year, month, day, hour, minute
    found = instants_of(Anchors(at - timedelta(hours=3), Severity.S3, at), PROFILES[law], zone)
    assert found.feedback_by == utc(*due)


@given(instants, st.integers(0, 86_400), months, st.sampled_from(["Europe/Rome", "America/New_York", "Asia/Tokyo"]))
def test_whoever_comes_later_is_never_due_earlier(at: datetime, seconds: int, count: int, place: str) -> None:
    """But for the hour that comes twice, of which both are due when the first is."""
    zone = ZoneInfo(place)
    later = at + timedelta(seconds=seconds)
    overlap = timedelta(hours=1)
    assert months_later(later, count, zone) >= months_later(at, count, zone) - overlap
    if at.astimezone(zone).replace(tzinfo=None) <= later.astimezone(zone).replace(tzinfo=None):
        assert months_later(later, count, zone) >= months_later(at, count, zone)
