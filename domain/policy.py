"""The numbers of a programme. Each can be set in `programme.toml`; a relationship keeps those it began with.

Defaults come from published programmes (NHS, UN, Civil Service and others); docs/policy.md names the source of each.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Ladder:
    """How an unanswered question is repeated, and when silence becomes a named state. Days after the question."""

    remind_after_days: tuple[int, ...]
    """At most four, rising."""
    expires_after_days: int


@dataclass(frozen=True, slots=True)
class Help:
    """The clocks of one severity of a call for help."""

    take_up_working_days: int
    """Until the coordinator speaks with the asker."""
    feedback_days: int
    """Until the asker hears an outcome; calendar days."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Recurring sessions."""

    planned: int = 6
    every_weeks: int = 4
    first_minutes: int = 60
    later_minutes: int = 45
    weekday: int = 1
    """0 is Monday."""
    wall_time: str = "10:00"
    """In the pair's zone."""
    first_after_days: int = 5
    """Earliest first session, counted from the signed rules; the latest is seven days later."""
    remind_before_hours: int = 24
    ask_after_minutes: int = 60
    """After the planned end: did it take place?"""
    question: Ladder = Ladder((2, 5), 14)
    """Both silent at its end: UNKNOWN."""
    settle_after_days: int = 7
    """One answered, the other stays silent for so long: the one answer settles it."""
    needed_for_completion: int = 3
    """Sessions held (an unconfirmed one counts half) without which the end is not called completed."""


@dataclass(frozen=True, slots=True)
class Inactivity:
    """What a long silence of both leads to. Days without a sign of life while sessions are under way."""

    alert_days: int = 45
    """The coordinator is told; never sooner than one and a half times the pair's cadence."""
    ask_days: int = 60
    """Both are asked whether they want to go on. With the alert this and the next move too."""
    close_days: int = 75
    """Neither has answered: it closes as inactive."""
    unknown_in_a_row: int = 3
    """So many sessions in a row that nobody said anything about lead straight to the question."""


@dataclass(frozen=True, slots=True)
class Extensions:
    """How far a pair may go on beyond its planned end, if both wish so."""

    most: int = 2
    most_weeks: int = 13
    """Of each."""


@dataclass(frozen=True, slots=True)
class ProgrammePolicy:
    """Every number that a relationship lives by."""

    length_weeks: int = 26
    minimum_level_distance: int = 2
    invitation: Ladder = Ladder((3, 7, 12), 14)
    induction: Ladder = Ladder((3, 7), 14)
    rules: Ladder = Ladder((3, 7, 10), 21)
    """After the last reminder the coordinator sees who is waiting; at its end the coordinator decides."""
    goals: Ladder = Ladder((3, 7, 14), 21)
    decision: Ladder = Ladder((7,), 14)
    """The coordinator's own ladder: reminded, then the relationship ends as expired. Nothing waits for ever."""
    sessions: Sessions = field(default_factory=Sessions)
    question: Help = Help(5, 14)
    """A call for material or an answer."""
    friction: Help = Help(5, 14)
    """S1: disagreement, cadence, "not useful"."""
    serious: Help = Help(1, 30)
    """S2: role struggle, broken confidence, repeated absence."""
    help_rating_days: int = 7
    pause_weeks: int = 26
    """The longest pause before the coordinator is asked."""
    hold_reminder_weeks: int = 4
    """How often the coordinator is asked whether a hold is still meant."""
    closing_notice_days: int = 14
    final_feedback: Ladder = Ladder((7, 14), 21)
    calendar_clean_up_days: int = 7
    """How long a close waits for a calendar that does not answer."""
    hold_first_reminder_days: int = 10
    """When the coordinator is asked for the first time whether a hold is still meant."""
    leaver_grace_hours: int = 72
    """How long a signal that somebody has left may be taken back before anything final follows."""
    inactivity: Inactivity = field(default_factory=Inactivity)
    extensions: Extensions = field(default_factory=Extensions)
    early_end: Ladder = Ladder((7,), 14)
    """A proposal to end early, with honour; at its end it lapses and nothing changes."""
    amendment: Ladder = Ladder((7,), 14)
    """A new version of rules in force; at its end the old one stays."""
    rematch_consent_days: int = 7
    """How long a re-match waits for the word of both whether their goals may go with them."""


@dataclass(frozen=True, slots=True)
class PolicyProblem:
    """One number that cannot stand: where, and what would be right."""

    field: str
    """Dotted path as in programme.toml, for example `sessions.planned`."""
    message: str


RANGES: dict[str, tuple[int, int]] = {
    "length_weeks": (8, 52),
    "minimum_level_distance": (0, 10),
    "sessions.planned": (3, 13),
    "sessions.every_weeks": (1, 8),
    "sessions.first_minutes": (30, 90),
    "sessions.later_minutes": (30, 90),
    "sessions.weekday": (0, 6),
    "sessions.first_after_days": (1, 7),
    "sessions.remind_before_hours": (1, 72),
    "sessions.ask_after_minutes": (0, 2880),
    "sessions.settle_after_days": (1, 14),
    "sessions.needed_for_completion": (1, 13),
    "question.take_up_working_days": (1, 10),
    "question.feedback_days": (1, 60),
    "friction.take_up_working_days": (1, 10),
    "friction.feedback_days": (1, 60),
    "serious.take_up_working_days": (1, 5),
    "serious.feedback_days": (1, 60),
    "help_rating_days": (1, 30),
    "pause_weeks": (1, 52),
    "hold_reminder_weeks": (1, 26),
    "closing_notice_days": (1, 28),
    "calendar_clean_up_days": (1, 30),
    "hold_first_reminder_days": (1, 60),
    "leaver_grace_hours": (1, 240),
    "inactivity.alert_days": (14, 180),
    "inactivity.ask_days": (21, 240),
    "inactivity.close_days": (28, 300),
    "inactivity.unknown_in_a_row": (2, 13),
    "extensions.most": (0, 4),
    "extensions.most_weeks": (1, 26),
    "rematch_consent_days": (1, 30),
}
"""Smallest and largest value of each single number."""

MOST_REMINDERS = 4
LONGEST_LADDER_DAYS = 90


def problems_of(policy: ProgrammePolicy) -> tuple[PolicyProblem, ...]:
    """Everything that is wrong with a policy; empty when it can be lived by."""
    return tuple(_problems(policy))


def _problems(policy: ProgrammePolicy) -> Iterator[PolicyProblem]:
    for path, value in _leaves(policy):
        if isinstance(value, Ladder):
            yield from _ladder_problems(path, value)
        elif path in RANGES and not RANGES[path][0] <= value <= RANGES[path][1]:
            least, most = RANGES[path]
            yield PolicyProblem(path, f"{value} is outside {least} to {most}")
    if not is_wall_time(policy.sessions.wall_time):
        yield PolicyProblem("sessions.wall_time", "a time of day is written HH:MM, for example 10:00")
    if policy.sessions.needed_for_completion > policy.sessions.planned:
        yield PolicyProblem("sessions.needed_for_completion", "more sessions would be needed than are planned")
    if policy.sessions.settle_after_days > policy.sessions.question.expires_after_days:
        yield PolicyProblem("sessions.settle_after_days", "must not exceed sessions.question.expires_after_days")
    if not policy.inactivity.alert_days < policy.inactivity.ask_days < policy.inactivity.close_days:
        yield PolicyProblem("inactivity.ask_days", "must lie between inactivity.alert_days and inactivity.close_days")
    if policy.sessions.planned * policy.sessions.every_weeks > policy.length_weeks:
        yield PolicyProblem("sessions.planned", "so many sessions at this cadence do not fit into length_weeks")


def _ladder_problems(path: str, ladder: Ladder) -> Iterator[PolicyProblem]:
    days = ladder.remind_after_days
    if len(days) > MOST_REMINDERS:
        yield PolicyProblem(f"{path}.remind_after_days", f"at most {MOST_REMINDERS} reminders")
    if any(later <= earlier for earlier, later in zip((0, *days), days, strict=False)):
        yield PolicyProblem(f"{path}.remind_after_days", "days must be positive and rise")
    if not max((0, *days)) < ladder.expires_after_days <= LONGEST_LADDER_DAYS:
        yield PolicyProblem(
            f"{path}.expires_after_days", f"must come after the last reminder and within {LONGEST_LADDER_DAYS} days"
        )


def _leaves(section: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for each in fields(section):
        path, value = f"{prefix}{each.name}", getattr(section, each.name)
        if isinstance(value, Sessions | Help | Inactivity | Extensions):
            yield from _leaves(value, f"{path}.")
        else:
            yield path, value


def is_wall_time(text: str) -> bool:
    """Whether a text is a time of day as `HH:MM`."""
    hours, colon, minutes = text.partition(":")
    return (
        colon == ":"
        and len(text) == len("10:00")
        and (hours + minutes).isascii()
        and (hours + minutes).isdigit()
        and int(hours) < 24
        and int(minutes) < 60
    )
