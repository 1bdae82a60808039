"""What clocks show where: zones by name, and local times that a change of clocks skips or repeats."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from mentoring_lifecycle.contracts.people import Person

GAP, OVERLAP = "gap", "overlap"
"""Catalogue words: the local time never came, or came twice."""

NO_PLACES = frozenset({"localtime", "Factory"})
"""Both open as zones but mean something else on every computer."""


def is_zone_name(name: str) -> bool:
    """Whether people may write this name for where they live: one of the zone data, and a place."""
    return name in _zone_names()


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones() - NO_PLACES)


def zone_named(name: str) -> ZoneInfo | None:
    """The zone of this name, or None where there is none."""
    if name in NO_PLACES:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def zone_on(person: Person, day: date) -> ZoneInfo:
    """Where a person lives on a local day; UTC where the directory names no zone that there is."""
    return zone_named(person.zone_on(day)) or zone_named(person.zone) or ZoneInfo("UTC")


def zone_at(person: Person, instant: datetime) -> ZoneInfo:
    """Where a person lives at an instant; the day of a move begins in the new place."""
    there = zone_named(person.next_zone) if person.next_zone else None
    return zone_on(person, instant.astimezone(there or UTC).date())


def at_local_time(day: date, wall_time: time, zone: ZoneInfo) -> datetime:
    """UTC of a local time, by the rule for gaps and overlaps."""
    return valid_instant(datetime.combine(day, wall_time, tzinfo=zone))


def clock_note(day: date, wall_time: time, zone: ZoneInfo) -> str:
    """`gap` or `overlap` where a change of clocks touches this local time, else nothing."""
    first, second = (datetime.combine(day, wall_time, tzinfo=zone).replace(fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return ""
    shown = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    return OVERLAP if shown == first.replace(tzinfo=None) else GAP


def valid_instant(local: datetime) -> datetime:
    """UTC of a local time; after the gap where a change of clocks skips it, the earlier one where it occurs twice."""
    earlier = local.replace(fold=0)
    instant = earlier.astimezone(UTC)
    if instant.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None, fold=0):
        return instant
    # In a gap fold=1 reads the clock as it is after the change, fold=0 as it was before: their difference is the gap.
    after = local.replace(fold=1).astimezone(UTC)
    return _end_of_gap(after, instant, local)


def _end_of_gap(before: datetime, after: datetime, local: datetime) -> datetime:
    """The first instant with the new offset between two instants around a change of clocks."""
    new_offset = after.astimezone(local.tzinfo).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(local.tzinfo).utcoffset() == new_offset:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)
