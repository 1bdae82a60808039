"""Wall-clock times to instants. Zone rules change with every release of the zone data: never in a workflow."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from temporalio import activity

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.deliveries import Slot, SlotOrder, SlotsFound
from mentoring_lifecycle.domain.effects import FindSlot

_ONE_WEEK = 7


class ScheduleActivities:
    """Finds times; pure but for the zone data of the machine."""

    @activity.defn(name=names.FIND_SLOTS)
    async def find_slots(self, order: SlotOrder) -> SlotsFound:
        """One slot per wish, in its order."""
        return SlotsFound(tuple(Slot(wish.session, first_slot(wish)) for wish in order.slots))


def first_slot(wish: FindSlot) -> datetime:
    """The first instant (UTC) on or after `not_before` that is the wished wall-clock time on the wished weekday.

    A wall-clock time that a change of clocks skips becomes the first valid instant after the gap; one that occurs twice
    means its first occurrence.
    """
    zone = ZoneInfo(wish.zone)
    first_day = wish.not_before.astimezone(zone).date()
    days_ahead = (wish.weekday - first_day.weekday()) % _ONE_WEEK
    wall_time = time.fromisoformat(wish.wall_time)
    for week in (0, 1):
        day = first_day + timedelta(days=days_ahead + week * _ONE_WEEK)
        instant = valid_instant(datetime.combine(day, wall_time, tzinfo=zone))
        if instant >= wish.not_before:
            return instant
    raise AssertionError("a week holds every weekday")


def valid_instant(local: datetime) -> datetime:
    """UTC of a local time; after the gap where a change of clocks skips it, the earlier one where it occurs twice."""
    earlier = local.replace(fold=0)
    instant = earlier.astimezone(UTC)
    if instant.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None):
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
