"""Wishes to times. Zone rules and holidays change with every release of their data: never in a workflow."""

from temporalio import activity

from mentoring_lifecycle.activities.timetable import Timetable
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.deliveries import SlotOrder, SlotsFound


class ScheduleActivities:
    """Finds times."""

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable

    @activity.defn(name=names.FIND_SLOTS)
    async def find_slots(self, order: SlotOrder) -> SlotsFound:
        """One slot per wish, in its order, each reserved. Quick: asks nobody but our own database."""
        return SlotsFound(tuple([await self._timetable.find(order.relationship, wish) for wish in order.slots]))

    @activity.defn(name=names.PROPOSE_SLOTS)
    async def propose_slots(self, order: SlotOrder) -> SlotsFound:
        """The same with proposals, for which people's own calendars are asked over the network."""
        return SlotsFound(tuple([await self._timetable.propose(order.relationship, wish) for wish in order.slots]))
