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
    triage_working_days: int = 0
    """Until the coordinator says which way it goes; 0: taking it up says so."""
    talk_days: int = 0
    """Until a talk that was promised is arranged; calendar days; 0: the outcome's clock covers it."""
    remind_percent: int = 0
    """Of each clock: whoever is on it is reminded; 0: nobody is."""
    backup_percent: int = 0
    """Of each clock: whoever else is free hears of it before it is late; 0: nobody does."""


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
    booking: str = "rhythm"
    """`rhythm`: each session is booked at the pair's rhythm by itself; `by_hand`: by whoever books (R11)."""
    booking_question: Ladder = Ladder((3,), 7)
    """Which time suits? At its end the time that was found is booked."""
    proposals: int = 3
    """Times that whoever books is offered."""
    times_question: Ladder = Ladder((2,), 5)
    """Does one of your partner's times suit? At its end the session stays where it is."""
    calendar_question: Ladder = Ladder((1,), 3)
    """Was the change in your calendar meant? At its end the session stands."""
    moves_before_talk: int = 2
    """More moves of one session than this, and the pair is invited to talk."""
    changes_before_note: int = 2
    """Cancellations and late moves of the senior side, at each multiple of which the coordinator hears of it."""
    no_show_after_minutes: int = 15
    """How long the one who is there waits before it can be said that the other is not."""
    explain_within_hours: int = 48
    """How long whoever was missed is given to say what happened; reminded once, half-way."""
    no_shows_in_a_row: int = 2
    """So many of one side, and the coordinator is told."""
    no_shows_in_all: int = 3
    """So many of one side, and the coordinator is asked whether to go on."""
    dispute_form_days: int = 3
    """How long both are given for the private form when they differ; reminded once, half-way."""
    dispute_days: int = 7
    """From the difference on, the forms included: unsettled at its end, the session is UNKNOWN."""
    logged_within_days: int = 30
    """How far back a session outside of the plan can be noted."""


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
    question: Help = Help(5, 14, 0, 0, 50, 80)
    """A call for material or an answer."""
    friction: Help = Help(5, 14, 0, 10, 50, 80)
    """S1: disagreement, cadence, "not useful"."""
    serious: Help = Help(1, 30, 3, 14, 50, 80)
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
    first_pulse_days: int = 30
    """The first session asked about after so many days is the programme's early measuring point."""
    soft_bounce_hours: int = 72
    """How long mail that comes back for now is tried again, once a day, before the address counts as failed."""
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
    "sessions.proposals": (1, 5),
    "sessions.moves_before_talk": (1, 10),
    "sessions.changes_before_note": (1, 10),
    "sessions.no_show_after_minutes": (5, 30),
    "sessions.explain_within_hours": (24, 168),
    "sessions.no_shows_in_a_row": (2, 5),
    "sessions.no_shows_in_all": (2, 10),
    "sessions.dispute_form_days": (1, 7),
    "sessions.dispute_days": (2, 30),
    "sessions.logged_within_days": (1, 60),
    "question.take_up_working_days": (1, 10),
    "question.feedback_days": (1, 60),
    "friction.take_up_working_days": (1, 10),
    "friction.feedback_days": (1, 60),
    "serious.take_up_working_days": (1, 5),
    "serious.feedback_days": (1, 60),
    **{f"{each}.triage_working_days": (0, 10) for each in ("question", "friction", "serious")},
    **{f"{each}.talk_days": (0, 60) for each in ("question", "friction", "serious")},
    **{f"{each}.remind_percent": (0, 95) for each in ("question", "friction", "serious")},
    **{f"{each}.backup_percent": (0, 95) for each in ("question", "friction", "serious")},
    "help_rating_days": (1, 30),
    "pause_weeks": (1, 52),
    "hold_reminder_weeks": (1, 26),
    "closing_notice_days": (1, 28),
    "calendar_clean_up_days": (1, 30),
    "first_pulse_days": (7, 90),
    "soft_bounce_hours": (24, 168),
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

BOOKING = ("rhythm", "by_hand")
"""Who books a session: the rhythm by itself, or whoever of the pair books."""
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
    yield from _session_problems(policy.sessions)
    for name in ("question", "friction", "serious"):
        yield from _help_problems(name, getattr(policy, name))
    if not policy.inactivity.alert_days < policy.inactivity.ask_days < policy.inactivity.close_days:
        yield PolicyProblem("inactivity.ask_days", "must lie between inactivity.alert_days and inactivity.close_days")
    if policy.sessions.planned * policy.sessions.every_weeks > policy.length_weeks:
        yield PolicyProblem("sessions.planned", "so many sessions at this cadence do not fit into length_weeks")


def _session_problems(sessions: Sessions) -> Iterator[PolicyProblem]:
    if sessions.booking not in BOOKING:
        yield PolicyProblem("sessions.booking", f"choose one of {', '.join(BOOKING)}")
    if not is_wall_time(sessions.wall_time):
        yield PolicyProblem("sessions.wall_time", "a time of day is written HH:MM, for example 10:00")
    if sessions.needed_for_completion > sessions.planned:
        yield PolicyProblem("sessions.needed_for_completion", "more sessions would be needed than are planned")
    if sessions.settle_after_days > sessions.question.expires_after_days:
        yield PolicyProblem("sessions.settle_after_days", "must not exceed sessions.question.expires_after_days")
    if sessions.dispute_form_days >= sessions.dispute_days:
        yield PolicyProblem("sessions.dispute_form_days", "must leave days of sessions.dispute_days to the coordinator")
    if sessions.no_shows_in_all < sessions.no_shows_in_a_row:
        yield PolicyProblem("sessions.no_shows_in_all", "must not be below sessions.no_shows_in_a_row")


def _help_problems(name: str, clocks: Help) -> Iterator[PolicyProblem]:
    if clocks.backup_percent and clocks.backup_percent < clocks.remind_percent:
        yield PolicyProblem(f"{name}.backup_percent", f"must not be below {name}.remind_percent")
    if clocks.talk_days > clocks.feedback_days:
        yield PolicyProblem(f"{name}.talk_days", f"must not exceed {name}.feedback_days")


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
