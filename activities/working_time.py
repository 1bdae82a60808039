"""When two people can meet, and when somebody may be written to. Pure arithmetic over what is known of each of them.

Every question is answered with spans of instants, so that people in different zones, doubled hours and moves from one
zone to another need no rules of their own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mentoring_lifecycle.activities.clocks import at_local_time, clock_note, zone_at, zone_named, zone_on
from mentoring_lifecycle.activities.ports import FreeDaysGateway, Span
from mentoring_lifecycle.activities.spread import AT_ITS_HOUR, Spread
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.domain.effects import FindSlot

OTHER_DAY, OTHER_HOUR, OUTSIDE_HOURS = "other_day", "other_hour", "outside_hours"
"""Catalogue words beside those of the clocks: what the pair is told about the time that was found."""

FARTHEST_DAYS = 60
"""How far a session is moved out of the way of holidays and closures."""
BEFORE_QUIET = timedelta(minutes=15)
"""What is sent at the end of a day is sent so long before the quiet hours begin."""
_PROPOSED_BEFORE, _PROPOSED_AFTER = timedelta(days=7), timedelta(days=21)
_QUARTER = timedelta(minutes=15)
_DAY = timedelta(days=1)
_ONE_WEEK = 7


# --- one person -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Habits:
    """One person, and the days that are free where they live and work."""

    person: Person
    free_days: FreeDaysGateway

    def works_on(self, day: date) -> bool:
        """Neither a rest day, nor a public holiday, nor a closure."""
        return day.weekday() not in self.person.rest_days and not self.free_days.is_free(self.person, day)

    def works_at(self, instant: datetime) -> bool:
        """Whether the local day of an instant is one on which the person works."""
        return self.works_on(instant.astimezone(zone_at(self.person, instant)).date())

    def working_spans(self, around: Span) -> Iterator[Span]:
        """Working hours of every working day that touches a span. Equal hours mean the whole day."""
        for day in _days_of(around):
            if self.works_on(day):
                yield self._from_until(day, self.person.works_from, self.person.works_until)

    def writable_spans(self, around: Span, *, on_any_day: bool = False) -> Iterator[Span]:
        """When a letter that can wait may reach the person: on working days, outside the quiet hours."""
        quiet_from, quiet_until = self.person.quiet_from, self.person.quiet_until
        for day in _days_of(around):
            if not (on_any_day or self.works_on(day)):
                continue
            if quiet_from >= quiet_until:
                yield self._from_until(day, quiet_until, quiet_from)
            else:
                if quiet_from > time():
                    yield self._from_until(day, time(), quiet_from)
                yield self._from_until(day, quiet_until, time())

    def _from_until(self, day: date, begins: time, ends: time) -> Span:
        zone = zone_on(self.person, day)
        if begins == ends:
            begins = ends = time()
        last = day if ends > begins else day + _DAY
        return at_local_time(day, begins, zone), at_local_time(last, ends, zone)


def _days_of(span: Span) -> Iterator[date]:
    """Every local day, anywhere on earth, that may touch a span."""
    day = span[0].astimezone(UTC).date() - 2 * _DAY
    while day <= span[1].astimezone(UTC).date() + _DAY:
        yield day
        day += _DAY


# --- spans ------------------------------------------------------------------------------------------------------


def in_common(many: Sequence[Iterable[Span]], around: Span) -> list[Span]:
    """The parts of a span that lie in a span of each list, in order."""
    common = [around]
    for spans in many:
        ours = sorted(spans)
        common = [
            (max(a, b), min(until, other)) for a, until in common for b, other in ours if max(a, b) < min(until, other)
        ]
    return sorted(common)


def clashes(starts_at: datetime, length: timedelta, taken: Iterable[Span]) -> bool:
    """Whether something else is under way between start and end."""
    return any(begins < starts_at + length and starts_at < ends for begins, ends in taken)


# --- the time of a session --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PairClock:
    """The zone in which a pair agrees on times, and the one it changes to."""

    zone: ZoneInfo
    next_zone: ZoneInfo | None = None
    next_zone_at: datetime | None = None

    @classmethod
    def of(cls, wish: FindSlot, pair: Sequence[Person]) -> "PairClock":
        """As the wish says. A name that is no zone is read as the zone of one of the two, else as UTC."""
        zone = zone_named(wish.zone) or next(filter(None, (zone_named(each.zone) for each in pair)), ZoneInfo("UTC"))
        return cls(zone, zone_named(wish.next_zone) if wish.next_zone else None, wish.next_zone_at)

    def on(self, day: date, wall_time: time) -> tuple[datetime, str]:
        """The instant of a local time, and what a change of clocks does to it."""
        instant, zone = at_local_time(day, wall_time, self.zone), self.zone
        if self.next_zone and self.next_zone_at and instant >= self.next_zone_at:
            instant, zone = at_local_time(day, wall_time, self.next_zone), self.next_zone
        return instant, clock_note(day, wall_time, zone)

    def first(self, wish: FindSlot) -> tuple[date, datetime]:
        """The first wished weekday whose wished time lies on or after `not_before`."""
        first_day = wish.not_before.astimezone(self.zone).date()
        days_ahead = (wish.weekday - first_day.weekday()) % _ONE_WEEK
        wall_time = time.fromisoformat(wish.wall_time)
        for week in (0, 1, 2):  # the third where a change to another zone takes the second one back
            day = first_day + timedelta(days=days_ahead + week * _ONE_WEEK)
            instant, _ = self.on(day, wall_time)
            if instant >= wish.not_before:
                return day, instant
        raise AssertionError("two weeks hold every weekday")


@dataclass(frozen=True, slots=True)
class Finding:
    """A time for a session, and what is to be said about it."""

    starts_at: datetime
    notes: tuple[str, ...] = ()


def find_time(wish: FindSlot, clock: PairClock, pair: Sequence[Habits], taken: Sequence[Span] = ()) -> Finding:
    """The wished wall-clock time on the wished weekday, or the nearest that both can keep.

    A day off of either moves it to the next common working day; an hour outside somebody's working hours to the nearest
    one inside both on that day; a time that one of them has promised elsewhere to the next that fits. Where nothing
    fits within FARTHEST_DAYS or before `latest`, the wished time stays, with a warning.
    """
    first_day, wished = clock.first(wish)
    length = timedelta(minutes=wish.minutes)
    for offset in range(FARTHEST_DAYS + 1):
        found = _on_day(wish, clock, pair, taken, first_day + timedelta(days=offset))
        if found and wish.latest and found.starts_at + length > wish.latest:
            break
        if found:
            return Finding(found.starts_at, (OTHER_DAY, *found.notes) if offset else found.notes)
    return Finding(_first_free(wished, length, taken), (OUTSIDE_HOURS,))


def _on_day(
    wish: FindSlot, clock: PairClock, pair: Sequence[Habits], taken: Sequence[Span], day: date
) -> Finding | None:
    instant, of_clocks = clock.on(day, time.fromisoformat(wish.wall_time))
    if not all(each.works_at(instant) for each in pair):
        return None
    length = timedelta(minutes=wish.minutes)
    starts = _starts(wish, clock, pair, day)
    if not starts:  # the two are never at work at the same time
        notes = (of_clocks, OUTSIDE_HOURS) if of_clocks else (OUTSIDE_HOURS,)
        return None if clashes(instant, length, taken) else Finding(instant, notes)
    nearest = min((_within(instant, start) for start in starts), key=lambda at: (abs(at - instant), at))
    found = _next_free(nearest, starts, length, taken)
    if found is None:
        return None
    return Finding(found, (OTHER_HOUR,) if found != instant else (of_clocks,) if of_clocks else ())


def _starts(wish: FindSlot, clock: PairClock, pair: Sequence[Habits], day: date) -> list[Span]:
    """From when until when (both included) a session may begin on a day of the pair, inside the hours of both."""
    begins, ends = clock.on(day, time())[0], clock.on(day + _DAY, time())[0]
    around = (begins, ends + _DAY)
    length = timedelta(minutes=wish.minutes)
    common = in_common([each.working_spans(around) for each in pair], around)
    spans = ((max(start, wish.not_before), min(until - length, ends - _QUARTER)) for start, until in common)
    return [span for span in spans if span[0] <= span[1]]


def _within(instant: datetime, span: Span) -> datetime:
    return min(max(instant, span[0]), span[1])


def _next_free(start: datetime, starts: Sequence[Span], length: timedelta, taken: Sequence[Span]) -> datetime | None:
    """The first start from an instant on at which nothing else is under way."""
    candidates = sorted([start, *(ends for _, ends in taken if ends > start), *(begins for begins, _ in starts)])
    return next(
        (
            at
            for at in candidates
            if at >= start and any(a <= at <= b for a, b in starts) and not clashes(at, length, taken)
        ),
        None,
    )


def _first_free(start: datetime, length: timedelta, taken: Sequence[Span]) -> datetime:
    candidates = sorted([start, *(ends for _, ends in taken if ends > start)])
    return next(at for at in candidates if not clashes(at, length, taken))


def proposals(
    wish: FindSlot, clock: PairClock, pair: Sequence[Habits], taken: Sequence[Span], count: int
) -> tuple[datetime, ...]:
    """Up to so many times inside the working hours of both at which neither is busy, in order.

    On different days where there are enough of them, and as near to the wished time as can be.
    """
    first_day, wished = clock.first(wish)
    length = timedelta(minutes=wish.minutes)
    earliest = max(wish.not_before, wished - _PROPOSED_BEFORE)
    latest = min(wish.latest or wished + _PROPOSED_AFTER, wished + _PROPOSED_AFTER)
    days = [first_day + timedelta(days=offset) for offset in range(-_PROPOSED_BEFORE.days, _PROPOSED_AFTER.days + 1)]
    free = [_free_starts(wish, clock, pair, taken, day, (earliest, latest - length)) for day in days]
    chosen: list[datetime] = []
    while len(chosen) < count and (best := [starts[0] for starts in free if starts]):
        best.sort(key=lambda at: (abs(at - wished), at))
        chosen += best[: count - len(chosen)]
        free = [[at for at in starts if all(abs(at - other) >= length for other in chosen)] for starts in free]
    return tuple(sorted(chosen))


def _free_starts(
    wish: FindSlot, clock: PairClock, pair: Sequence[Habits], taken: Sequence[Span], day: date, within: Span
) -> list[datetime]:
    """Every quarter of an hour of a day at which a session may begin, the nearest to the wished time first."""
    instant, _ = clock.on(day, time.fromisoformat(wish.wall_time))
    length = timedelta(minutes=wish.minutes)
    found: list[datetime] = []
    for begins, ends in _starts(wish, clock, pair, day):
        at = begins + (_QUARTER - (begins - datetime.min.replace(tzinfo=UTC)) % _QUARTER) % _QUARTER
        while at <= ends:
            if within[0] <= at <= within[1] and not clashes(at, length, taken):
                found.append(at)
            at += _QUARTER
    return sorted(found, key=lambda at: (abs(at - instant), at))


# --- letters ----------------------------------------------------------------------------------------------------


def reminder_time(
    starts_at: datetime, hours: int, pair: Sequence[Habits], spread: Spread = AT_ITS_HOUR
) -> datetime | None:
    """The last instant, no later than so many hours before the start, at which both may be written to.

    With a spread some time before it, in the same hours of the same day. None where there is none within FARTHEST_DAYS.
    """
    limit = starts_at - timedelta(hours=hours)
    around = (limit - timedelta(days=FARTHEST_DAYS), limit + _DAY)
    spans = in_common([each.writable_spans(around) for each in pair], around)
    before = [span for span in spans if span[0] <= limit]
    if not before:
        return None
    begins, ends = before[-1]
    last = limit if limit < ends else max(begins, ends - BEFORE_QUIET)
    return last - spread.part_of(last - begins)


def question_time(wished: datetime, pair: Sequence[Habits], spread: Spread) -> datetime | None:
    """Some time after an instant, in the same hours in which both may be written to.

    None where that leaves it as it is, or both may not be written to then: the letters wait for each one's day.
    """
    spans = in_common([each.writable_spans((wished, wished + _DAY)) for each in pair], (wished, wished + _DAY))
    part = spread.part_of(spans[0][1] - wished) if spans and spans[0][0] == wished else timedelta()
    return wished + part if part else None


def next_time_to_write(
    habits: Habits,
    now: datetime,
    not_after: datetime,
    spread: Spread = AT_ITS_HOUR,
    promised: datetime | None = None,
) -> datetime | None:
    """When somebody may be written to from now on: on a working day, else on any day, outside the quiet hours.

    Now, where that is possible now; else with a spread some time after these hours begin, before they end and before
    the instant that the letter promises. None where they do not begin before `not_after`.
    """
    around = (now, min(not_after, now + timedelta(days=FARTHEST_DAYS)) + _DAY)
    for on_any_day in (False, True):
        spans = in_common([habits.writable_spans(around, on_any_day=on_any_day)], around)
        begins, ends = next((span for span in spans if span[1] > now), (None, now))
        if begins and begins <= not_after:
            room = min(ends, not_after, promised or not_after) - begins
            return begins if begins == now else begins + spread.part_of(room)
    return None
