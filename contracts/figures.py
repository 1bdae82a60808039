"""What a programme may know about itself: figures over many relationships, from their records alone.

Nobody is named, and no figure is given that is about fewer relationships than the threshold, nor one from which such a
figure could be computed. The relationship is the unit throughout: a figure is *about* every relationship that
contributes to it. docs/report.md defines each.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import fmean, median

from mentoring_lifecycle.contracts.record import PulseRecord, Record
from mentoring_lifecycle.contracts.withholding import Tally, Verdict, Withheld, given
from mentoring_lifecycle.domain.events import TOOK_PLACE, Phase, PulseAt, RelationshipOutcome, SessionResult
from mentoring_lifecycle.domain.people import PAIR, Party, Power

LEAST_THRESHOLD = 3


class Section(StrEnum):
    """How figures are grouped."""

    RELATIONSHIPS = "relationships"
    OUTCOMES = "outcomes"
    SESSIONS = "sessions"
    PULSES = "pulses"
    TIME = "time"
    GOALS = "goals"
    LOOKING_BACK = "looking_back"


class Unit(StrEnum):
    """What a value counts."""

    COUNT = "count"
    PERCENT = "percent"
    DAYS = "days"
    RATING = "rating"
    """1 to 10; for a change, a difference of two."""
    NUMBER = "number"
    INDEX = "index"
    """-100 to 100."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, or why it is not given."""

    key: str
    section: Section
    unit: Unit
    value: float | None
    withheld: Withheld | None = None
    benchmark: float | None = None
    """What published programmes aim at; a comparison and no promise."""


@dataclass(frozen=True, slots=True)
class ProgrammeReport:
    """All figures of a programme, in their order."""

    programme: str
    since: datetime | None
    until: datetime | None
    """Relationships opened from the one on and before the other."""
    threshold: int
    figures: tuple[Figure, ...]

    def of(self, section: Section) -> tuple[Figure, ...]:
        """The figures of one section."""
        return tuple(figure for figure in self.figures if figure.section is section)

    def value(self, key: str) -> float | None:
        """One figure's value, or None where it is withheld."""
        return next(figure.value for figure in self.figures if figure.key == key)


# --- groups -----------------------------------------------------------------------------------------------------


def _having(records: Sequence[Record], claim: Callable[[Record], bool]) -> Tally:
    about = frozenset(record.relationship for record in records if claim(record))
    return Tally(len(about), about)


def _counting(records: Sequence[Record], count: Callable[[Record], int]) -> Tally:
    counts = {record.relationship: count(record) for record in records}
    return Tally(sum(counts.values()), frozenset(key for key, number in counts.items() if number), False)


def _ended(outcome: str) -> Callable[[Record], bool]:
    return lambda record: record.outcome == outcome


def _results(result: str) -> Callable[[Record], int]:
    return lambda record: sum(session.result == result for session in record.sessions.values())


def _settled(record: Record) -> int:
    return sum(bool(session.result) for session in record.sessions.values())


def _late(record: Record, power: Power) -> int:
    return sum(count for party, count in record.late_changes.items() if record.power_of(party) is power)


_SESSION_RESULTS = tuple(f"sessions_{result}" for result in SessionResult)
_OUTCOMES = tuple(f"outcome_{outcome}" for outcome in RelationshipOutcome)

_SUMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("opened", ("running", "closed")),
    ("opened", ("started", "not_started")),
    ("closed", _OUTCOMES),
    ("opened", ("running", *_OUTCOMES)),
    ("closed", ("with_survey", "without_survey")),
    ("started", ("with_pulse", "without_pulse")),
    ("sessions_planned", _SESSION_RESULTS),
)
"""Every count that can be put together from others that are told as well."""


def _tallies(records: Sequence[Record]) -> dict[str, Tally]:
    tallies = {
        "opened": _having(records, lambda record: True),
        "started": _having(records, lambda record: record.started),
        "not_started": _having(records, lambda record: not record.started),
        "running": _having(records, lambda record: not record.outcome),
        "closed": _having(records, lambda record: bool(record.outcome)),
        "with_survey": _having(records, lambda record: bool(record.outcome and record.final)),
        "without_survey": _having(records, lambda record: bool(record.outcome) and not record.final),
        "with_pulse": _having(records, lambda record: record.started and bool(record.pulses)),
        "without_pulse": _having(records, lambda record: record.started and not record.pulses),
        "sessions_planned": _counting(records, _settled),
        "late_changes_senior": _counting(records, lambda record: _late(record, Power.SENIOR)),
        "late_changes_junior": _counting(records, lambda record: _late(record, Power.JUNIOR)),
    }
    for outcome, key in zip(RelationshipOutcome, _OUTCOMES, strict=True):
        tallies[key] = _having(records, _ended(outcome))
    for result, key in zip(SessionResult, _SESSION_RESULTS, strict=True):
        tallies[key] = _counting(records, _results(result))
    return tallies


# --- the report -------------------------------------------------------------------------------------------------


def report_on(
    records: Iterable[Record],
    *,
    programme: str,
    threshold: int,
    since: datetime | None = None,
    until: datetime | None = None,
) -> ProgrammeReport:
    """The report over relationships opened in a span of time; the order of the records does not matter."""
    cohort = [
        record
        for record in records
        if (since is None or record.opened.at >= since) and (until is None or record.opened.at < until)
    ]
    assert threshold >= LEAST_THRESHOLD
    written = _Report(cohort, threshold)
    return ProgrammeReport(programme, since, until, threshold, tuple(written.figures()))


@dataclass
class _Report:
    records: Sequence[Record]
    threshold: int
    tallies: Mapping[str, Tally] = field(init=False)
    verdict: Verdict = field(init=False)

    def __post_init__(self) -> None:
        self.tallies = _tallies(self.records)
        self.verdict = given(self.tallies, _SUMS, self.threshold)

    def figures(self) -> Iterator[Figure]:
        for key in ("opened", "started", "running", "closed"):
            yield self._count(key, Section.RELATIONSHIPS)
        for key in _OUTCOMES:
            yield self._count(key, Section.OUTCOMES)
        yield self._share("share_completed_early", Section.OUTCOMES, "outcome_completed_early", "closed")
        yield self._share("share_rematched", Section.OUTCOMES, "outcome_rematched", "closed")
        yield self._share("share_inactive", Section.OUTCOMES, "outcome_inactive", "closed")
        yield from self._sessions()
        yield from self._pulses()
        yield from self._times()
        yield from self._goals()
        yield from self._looking_back()

    def _sessions(self) -> Iterator[Figure]:
        for key in ("sessions_planned", *_SESSION_RESULTS, "late_changes_senior", "late_changes_junior"):
            yield self._count(key, Section.SESSIONS)
        yield self._share("share_held", Section.SESSIONS, "sessions_held", "sessions_planned", benchmark=80)
        yield self._late_changes_each()

    def _late_changes_each(self) -> Figure:
        """Told where both counts are: times the number of relationships it is the count again."""
        key, section = "late_changes_senior_each", Section.SESSIONS
        withheld = self.verdict["late_changes_senior"] or self.verdict["started"]
        if withheld:
            return Figure(key, section, Unit.NUMBER, None, withheld, 1)
        each = self.tallies["late_changes_senior"].count / self.tallies["started"].count
        return Figure(key, section, Unit.NUMBER, round(each, 2), None, 1)

    def _pulses(self) -> Iterator[Figure]:
        yield self._share("share_with_pulse", Section.PULSES, "with_pulse", "started")
        for question in _QUESTIONS:
            for point in _POINTS:
                yield from self._by_power(question, point)
        yield self._together("pulse_safe", Section.PULSES, _safe_so_far)

    def _by_power(self, question: str, point: str) -> Iterator[Figure]:
        """Of both, of juniors and of seniors.

        Of both is the middle between the two and told where both are, so that it adds nothing to them.
        """
        sides = {power: _values(self.records, _pulse(question, power, point)) for power in Power}
        why = {power: self._few(values) or self._tells_rest(question, power, point) for power, values in sides.items()}
        key, section, unit = "_".join(filter(None, ("pulse", question, point))), Section.PULSES, Unit.RATING
        if any(why.values()):
            about = frozenset[str]().union(*sides.values())
            yield Figure(key, section, unit, None, self._few(about) or Withheld.BY_DIFFERENCE)
        else:
            yield Figure(key, section, unit, round(fmean(fmean(values.values()) for values in sides.values()), 1))
        for power, values in sides.items():
            mean = None if why[power] else round(fmean(values.values()), 1)
            yield Figure(f"{key}_{power}", section, unit, mean, why[power])

    def _tells_rest(self, question: str, power: Power, point: str) -> Withheld | None:
        """A point is part of all answers of its side, so it is told only where the rest of these is not about few."""
        rest = _values(self.records, _pulse(question, power, PulseAt.SESSION))
        return Withheld.BY_DIFFERENCE if point and self._few(rest) else None

    def _few(self, about: Sized) -> Withheld | None:
        return Withheld.FEW if len(about) < self.threshold else None

    def _together(
        self, key: str, section: Section, said_by: Callable[[Power], Callable[[Record], float | None]]
    ) -> Figure:
        """Of both sides, and only where neither is few: otherwise it would be told of the other side alone."""
        sides = [_values(self.records, said_by(power)) for power in Power]
        about = frozenset[str]().union(*sides)
        if withheld := self._few(about) or (Withheld.BY_DIFFERENCE if any(map(self._few, sides)) else None):
            return Figure(key, section, Unit.RATING, None, withheld)
        values = [fmean(side[each] for side in sides if each in side) for each in sorted(about)]
        return Figure(key, section, Unit.RATING, round(fmean(values), 1))

    def _times(self) -> Iterator[Figure]:
        yield self._over("days_opened_to_first_session", Section.TIME, Unit.DAYS, _days_to_first("opened"))
        yield self._over("days_rules_to_first_session", Section.TIME, Unit.DAYS, _days_to_first("rules"), benchmark=14)
        for phase in _LASTING:
            yield self._over(f"days_in_{phase}", Section.TIME, Unit.DAYS, _days_in(phase))

    def _goals(self) -> Iterator[Figure]:
        for party in PAIR:
            for name, ratings in _RATINGS.items():
                yield self._over(f"goals_{party}_{name}", Section.GOALS, Unit.RATING, _mean_rating(ratings, party))
            yield self._over(f"goals_{party}_change", Section.GOALS, Unit.RATING, _change(party))

    def _looking_back(self) -> Iterator[Figure]:
        section = Section.LOOKING_BACK
        yield self._share("share_with_survey", section, "with_survey", "closed")
        yield self._over("would_repeat", section, Unit.RATING, lambda record: _mean(record.would_repeat.values()))
        yield self._seniors_would_repeat()
        yield self._over("recommendation_index", section, Unit.INDEX, _recommendation)
        yield self._together("felt_safe", section, _felt_safe)

    def _seniors_would_repeat(self) -> Figure:
        """Not where the juniors' answers, which are the rest of the figure before it, are too few."""
        key, section = "would_repeat_senior", Section.LOOKING_BACK
        juniors = sum(_would_repeat(Power.JUNIOR)(record) is not None for record in self.records)
        if 0 < juniors < self.threshold:
            return Figure(key, section, Unit.RATING, None, Withheld.BY_DIFFERENCE)
        return self._over(key, section, Unit.RATING, _would_repeat(Power.SENIOR))

    # --- how each kind is told ----------------------------------------------------------------------------------

    def _count(self, key: str, section: Section) -> Figure:
        withheld = self.verdict[key]
        return Figure(key, section, Unit.COUNT, None if withheld else self.tallies[key].count, withheld)

    def _share(self, key: str, section: Section, part: str, whole: str, *, benchmark: float | None = None) -> Figure:
        """Told where both counts are: a share of a known whole is a count."""
        withheld = self.verdict[whole] or self.verdict[part]
        if withheld:
            return Figure(key, section, Unit.PERCENT, None, withheld, benchmark)
        share = 100 * self.tallies[part].count / self.tallies[whole].count
        return Figure(key, section, Unit.PERCENT, round(share, 1), None, benchmark)

    def _over(
        self,
        key: str,
        section: Section,
        unit: Unit,
        value_of: Callable[[Record], float | None],
        *,
        benchmark: float | None = None,
    ) -> Figure:
        """A mean (of days: the median) over the relationships that have a value; how many these are is not told."""
        values = [value for record in self.records if (value := value_of(record)) is not None]
        if len(values) < self.threshold:
            return Figure(key, section, unit, None, Withheld.FEW, benchmark)
        told = round(median(values)) if unit is Unit.DAYS else round(fmean(values), 0 if unit is Unit.INDEX else 1)
        return Figure(key, section, unit, told, None, benchmark)


# --- values of one relationship ---------------------------------------------------------------------------------

_LASTING = (Phase.ONBOARDING, Phase.GROUND_RULES, Phase.GOALS, Phase.ACTIVE, Phase.CLOSING)
_RATINGS: dict[str, Callable[[Record], Mapping[Party, tuple[int, ...]]]] = {
    "baseline": lambda record: record.baseline,
    "middle": lambda record: record.middle,
    "final": lambda record: record.final,
}


def _days(span: timedelta) -> float:
    return span / timedelta(days=1)


def _days_to_first(since: str) -> Callable[[Record], float | None]:
    def days(record: Record) -> float | None:
        first = min((s.starts_at for s in record.held(*TOOK_PLACE) if s.starts_at), default=None)
        begun = record.opened.at if since == "opened" else record.rules_signed_at
        return _days(first - begun) if first and begun else None

    return days


def _days_in(phase: Phase) -> Callable[[Record], float | None]:
    def days(record: Record) -> float | None:
        entered = {Phase.ONBOARDING.value: record.opened.at} | record.phases
        if record.closed_at:
            entered[Phase.CLOSED.value] = record.closed_at
        left = min((at for other, at in entered.items() if _place(other) > _place(phase)), default=None)
        return _days(left - entered[phase]) if left and phase in entered else None

    return days


def _place(phase: str) -> int:
    return [each.value for each in Phase].index(phase)


def _mean(values: Iterable[float]) -> float | None:
    known = list(values)
    return fmean(known) if known else None


def _mean_rating(
    ratings: Callable[[Record], Mapping[Party, tuple[int, ...]]], party: Party
) -> Callable[[Record], float | None]:
    return lambda record: _mean(ratings(record).get(party, ()))


def _change(party: Party) -> Callable[[Record], float | None]:
    """Final against baseline, where the same goals were rated at both ends."""

    def change(record: Record) -> float | None:
        before, after = record.baseline.get(party, ()), record.final.get(party, ())
        return fmean(after) - fmean(before) if before and len(before) == len(after) else None

    return change


_QUESTIONS: dict[str, Callable[[PulseRecord], int]] = {
    "heard": lambda pulse: pulse.heard,
    "useful": lambda pulse: pulse.useful,
}
_EVERY = ""
_POINTS = (_EVERY, PulseAt.DAY_30, PulseAt.MID)
"""Every answer, and those at two of the measuring points; the third, the end, has a survey of its own."""


def _values(records: Sequence[Record], value_of: Callable[[Record], float | None]) -> dict[str, float]:
    """By relationship, of those that have one."""
    found = ((record.relationship, value_of(record)) for record in records)
    return {relationship: value for relationship, value in found if value is not None}


def _pulse(question: str, power: Power, point: str) -> Callable[[Record], float | None]:
    """What one side said, at a measuring point or all the time."""
    answer = _QUESTIONS[question]

    def said(record: Record) -> float | None:
        pulses = [pulse for pulse in record.pulses if record.power_of(pulse.by) is power]
        return _mean(answer(pulse) for pulse in pulses if point in (_EVERY, pulse.at))

    return said


def _safe_so_far(power: Power) -> Callable[[Record], float | None]:
    def said(record: Record) -> float | None:
        sides = (answers for party, answers in record.safe_so_far.items() if record.power_of(party) is power)
        return _mean(value for answers in sides for value in answers)

    return said


def _felt_safe(power: Power) -> Callable[[Record], float | None]:
    def said(record: Record) -> float | None:
        return _mean(value for party, value in record.felt_safe.items() if record.power_of(party) is power)

    return said


def _would_repeat(power: Power) -> Callable[[Record], float | None]:
    def said(record: Record) -> float | None:
        return _mean(value for party, value in record.would_repeat.items() if record.power_of(party) is power)

    return said


def _recommendation(record: Record) -> float | None:
    """As a net promoter score: 9 and 10 count for, 1 to 6 against."""
    return _mean(100.0 * ((value >= 9) - (value <= 6)) for value in record.would_repeat.values())
