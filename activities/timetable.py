"""Finds times that two people can keep: what is known of them, and the arithmetic of working time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from mentoring_lifecycle.activities.activity_log import log
from mentoring_lifecycle.activities.clocks import zone_named
from mentoring_lifecycle.activities.ports import (
    BookingsGateway,
    FreeBusyGateway,
    FreeDaysGateway,
    GatewayError,
    PeopleGateway,
    Span,
)
from mentoring_lifecycle.activities.spread import Spread
from mentoring_lifecycle.activities.working_time import (
    FARTHEST_DAYS,
    Finding,
    Habits,
    PairClock,
    find_time,
    proposals,
    question_time,
    reminder_time,
)
from mentoring_lifecycle.contracts.deliveries import Slot
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.domain.effects import FindSlot


class NoFreeDays:
    """Where no calendar of holidays is kept."""

    def is_free(self, person: Person, day: date) -> bool:
        """Every day is like any other."""
        return False


@dataclass(frozen=True)
class Timetable:
    """Times of sessions. Without bookings nothing is reserved; without free/busy nobody's own calendar is asked.

    Reminders and questions of those who meet at the same hour are spread over a `window`; see Spread.
    """

    people: PeopleGateway
    free_days: FreeDaysGateway
    bookings: BookingsGateway | None = None
    free_busy: FreeBusyGateway | None = None
    window: timedelta = timedelta()

    async def find(self, relationship: str, wish: FindSlot) -> Slot:
        """The time of a session, reserved for both. Our own database is asked, and no other system."""
        return await self._find(relationship, wish, await self._pair(wish), ())

    async def propose(self, relationship: str, wish: FindSlot) -> Slot:
        """The same out of the way of what both have in their own calendars, with the proposals that were asked for."""
        pair = await self._pair(wish)
        busy = await self._busy(wish, pair)
        slot = await self._find(relationship, wish, pair, busy)
        others = await self._proposals(relationship, wish, pair, busy)
        return replace(slot, proposals=others)

    async def proposals(self, relationship: str, wish: FindSlot) -> tuple[datetime, ...]:
        """Times that would suit both, in order; nothing is reserved."""
        pair = await self._pair(wish)
        return await self._proposals(relationship, wish, pair, await self._busy(wish, pair))

    async def _pair(self, wish: FindSlot) -> list[Habits]:
        """Those of the two whom the directory knows; nobody else's hours can be heeded."""
        found = [await self.people.find(person) for person in wish.people]
        return [Habits(person, self.free_days) for person in found if person]

    async def _find(self, relationship: str, wish: FindSlot, pair: list[Habits], busy: Sequence[Span]) -> Slot:
        clock = _clock(relationship, wish, pair)
        length = timedelta(minutes=wish.minutes)
        found: Finding | None = None

        def find(taken: Sequence[Span]) -> Span | None:
            nonlocal found
            found = find_time(wish, clock, pair, [*busy, *taken])
            is_too_late = wish.latest is not None and found.starts_at + length > wish.latest
            return None if is_too_late else (found.starts_at, found.starts_at + length)

        if self.bookings and wish.people and wish.minutes:
            await self.bookings.reserve(relationship, wish.session, wish.people, find)
        else:
            find(())
        assert found
        spread = Spread.of(relationship, self.window)
        remind_at = reminder_time(found.starts_at, wish.remind_before_hours, pair, spread)
        ask_at = None
        if wish.ask_after_minutes is not None:
            wished = found.starts_at + length + timedelta(minutes=wish.ask_after_minutes)
            ask_at = question_time(wished, pair, spread)
        return Slot(wish.session, found.starts_at, remind_at, found.notes, ask_at=ask_at)

    async def _proposals(
        self, relationship: str, wish: FindSlot, pair: list[Habits], busy: Sequence[Span]
    ) -> tuple[datetime, ...]:
        clock = _clock(relationship, wish, pair)
        taken: Sequence[Span] = ()
        if self.bookings:
            taken = await self.bookings.taken(wish.people, leaving_out=(relationship, wish.session))
        return proposals(wish, clock, pair, [*busy, *taken], wish.proposals)

    async def _busy(self, wish: FindSlot, pair: list[Habits]) -> list[Span]:
        """A calendar that cannot be read hides nothing: working hours alone count then."""
        until = wish.not_before + timedelta(days=FARTHEST_DAYS)
        busy: list[Span] = []
        for each in pair:
            try:
                busy += await self.free_busy.busy(each.person, wish.not_before, until) if self.free_busy else ()
            except GatewayError as failure:
                log.warning("free_busy_unknown", person=each.person.id, why=failure.reason)
        return busy


def _clock(relationship: str, wish: FindSlot, pair: list[Habits]) -> PairClock:
    if zone_named(wish.zone) is None or (wish.next_zone and zone_named(wish.next_zone) is None):
        log.warning("zone_unknown", relationship=relationship, consequence="another zone is used for its sessions")
    return PairClock.of(wish, [each.person for each in pair])
