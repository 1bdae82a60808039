"""The judge of why nothing happens, by itself: each code has its facts, its words, and its place among the others."""

import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer

from mentoring_lifecycle.activities.ports import LedgerState
from mentoring_lifecycle.contracts.inputs import Pending
from mentoring_lifecycle.contracts.views import ProgressView, QuestionView
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.effects import KeepEntry
from mentoring_lifecycle.domain.events import Subject
from mentoring_lifecycle.domain.outlook import Awaiting, Health
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.relationship import Standing
from mentoring_lifecycle.starter.__main__ import app
from mentoring_lifecycle.starter.causes import (
    WORDS,
    Answer,
    Code,
    Facts,
    PendingActivity,
    PendingTask,
    Presence,
    Shown,
    causes_of,
)
from tests.builders import ACTIVE, life

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
MOMENT, HOUR = timedelta(seconds=3), timedelta(hours=1)
SERVED = Facts("r-1", NOW, "running", "mentoring", "mentoring", polled=MOMENT, ours_polled=MOMENT, answer=Answer.GIVEN)


def progress(
    *, waiting: tuple[str, ...] = (), questions: tuple[QuestionView, ...] = (), **changed: Any
) -> ProgressView:
    """A relationship that answers: on its way, a session ahead, and so many entries that wait for this reason."""
    state = life().after(*ACTIVE).state
    start = state.sessions[0].starts_at
    entry = KeepEntry("k", "p", "q", "u", 1, 0, start, start + HOUR, "UTC", NOW, start)
    outbox = [Pending(entry, 1, NOW + HOUR, reason) for reason in waiting]
    view = ProgressView.of(state, outbox, 3, 10, changed.pop("journal_again_at", None))
    outside = replace(view.outside, **changed.pop("outside", {}))
    relationship = replace(view.relationship, questions=questions, next_hour_at=NOW + HOUR, **changed)
    return replace(view, relationship=relationship, outside=outside)


def question(subject: Subject, of: Party = Party.MENTEE, reminded: int = 0) -> QuestionView:
    return QuestionView(subject, of, 0, NOW - HOUR, reminded, NOW + HOUR)


def failing(failure: str, error: str = "") -> Facts:
    return replace(SERVED, answer=Answer.SILENT, task=PendingTask(4, HOUR, failure, error))


def activity(error: str = "", runs: timedelta | None = None) -> Facts:
    return replace(SERVED, progress=progress(), activities=(PendingActivity("letters.deliver", 3, error, runs),))


def queued(**seen: Any) -> Facts:
    waiting = PendingActivity("letters.deliver", 1, "", None, queue="mentoring-mail", **{"polled": MOMENT} | seen)
    return replace(SERVED, progress=progress(), activities=(waiting,))


def given(**changed: Any) -> Facts:
    return replace(SERVED, progress=progress(**changed))


SIGNED_BY_ONE = {"questions": (question(Subject.RULES),), "awaiting": Awaiting.MENTEE}
FACTS: dict[Code, Facts] = {
    Code.TERMINATED: replace(SERVED, status="terminated"),
    Code.CRASHED: replace(SERVED, status="failed"),
    Code.PAYLOAD_UNREADABLE: failing("WORKFLOW_WORKER_UNHANDLED_FAILURE", "PayloadRejected"),
    Code.SCHEMA_UNKNOWN: failing("WORKFLOW_WORKER_UNHANDLED_FAILURE", "ValidationError"),
    Code.CODE_CHANGED: failing("NON_DETERMINISTIC_ERROR"),
    Code.NOT_REGISTERED: failing("WORKFLOW_WORKER_UNHANDLED_FAILURE", "NotFoundError"),
    Code.TASK_FAILS: failing("WORKFLOW_WORKER_UNHANDLED_FAILURE", "KeyError"),
    Code.TASK_TIMES_OUT: failing(""),
    Code.WRONG_QUEUE: replace(SERVED, queue="other", polled=None),
    Code.NO_WORKER: replace(SERVED, polled=HOUR, answer=Answer.NOT_ASKED),
    Code.WORKER_SILENT: replace(SERVED, answer=Answer.SILENT),
    Code.WORKER_OLD: replace(SERVED, answer=Answer.UNKNOWN_QUESTION),
    Code.NO_MAIL_WORKER: queued(polled=None),
    Code.JOURNAL_GAP: replace(given(), journaled=9),
    Code.DATABASE_AWAY: activity("OperationalError"),
    Code.JOURNAL_AWAY: given(journal_again_at=NOW + HOUR),
    Code.ACTIVITY_FAILS: activity("KeyError"),
    Code.CALENDAR_LOGIN_REFUSED: given(waiting=("auth",)),
    Code.CALENDAR_AWAY: given(waiting=("503", "503")),
    Code.HOUR_MISSED: replace(SERVED, progress=progress(), now=NOW + 2 * HOUR),
    Code.ADDRESS_FAILS: given(outside={"failed_addresses": (Party.MENTEE,)}),
    Code.PERSON_UNKNOWN: replace(given(), people={Party.BACKUP: Presence.UNKNOWN}),
    Code.PERSON_INACTIVE: replace(given(), people={Party.MENTOR: Presence.INACTIVE}),
    Code.COORDINATOR_OVERDUE: given(
        awaiting=Awaiting.COORDINATOR, questions=(question(Subject.DECISION, Party.COORDINATOR, reminded=1),)
    ),
    Code.ANSWER_OVERDUE: given(questions=(question(Subject.GOALS, reminded=3),), health=Health.OVERDUE),
    Code.EFFECT_UNKNOWN: replace(given(), effects={LedgerState.UNKNOWN: 2}),
    Code.UNREADABLE_HERE: replace(SERVED, answer=Answer.UNREADABLE, shown=Shown(standing="paused")),
    Code.ON_HOLD: given(standing=Standing.ON_HOLD, awaiting=Awaiting.COORDINATOR),
    Code.PAUSED: given(standing=Standing.PAUSED),
    Code.COORDINATOR_AWAITED: given(awaiting=Awaiting.COORDINATOR, next_due_at=NOW + HOUR),
    Code.SIGNATURE_AWAITED: given(**SIGNED_BY_ONE),
    Code.ANSWER_AWAITED: given(questions=(question(Subject.SESSION),)),
    Code.EFFECT_FAILED: replace(given(), effects={LedgerState.FAILED: 1}),
    Code.ENDING: given(outside={"has_ended": True}),
    Code.ACTIVITY_SLOW: activity(runs=HOUR),
    Code.MAIL_QUEUED: queued(waits=HOUR),
    Code.INTERRUPTED: given(waiting=("interrupted",)),
    Code.QUIET_HOURS: given(waiting=("quiet",)),
    Code.SESSION_AHEAD: given(),
    Code.HOUR_AWAITED: given(sessions=()),
    Code.ENDED: replace(SERVED, status="completed"),
    Code.MOVED: replace(SERVED, status="completed", has_left=True),
}
"""For each code facts of which it is the worst; those of letters alone are played on a real server."""
PLAYED = {Code.MAIL_AWAY, Code.MAIL_LOGIN_REFUSED}


@pytest.mark.parametrize("code", FACTS)
def test_each_cause_is_told_by_its_facts(code: Code) -> None:
    """It comes first, with something that was seen."""
    worst, *_ = causes_of(FACTS[code])
    assert worst.code == code
    assert worst.evidence


def test_every_cause_can_be_found() -> None:
    """None of the catalogue is only a word."""
    assert FACTS.keys() | PLAYED == set(Code) == WORDS.keys()


@pytest.mark.parametrize("code", WORDS)
def test_what_to_type_next_can_be_typed(code: Code) -> None:
    """Every command exists, with these options."""
    command = WORDS[code][1].format(id="r-1")
    context: Any = typer.main.get_command(app).make_context("mentoring", shlex.split(command)[1:])
    while context.command.__class__.__name__.endswith("Group"):
        name, found, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        context = found.make_context(name, rest, parent=context)


def test_causes_are_told_worst_first() -> None:
    """Whoever reads one line reads the one that matters."""
    facts = replace(
        FACTS[Code.CALENDAR_AWAY],
        journaled=1,
        effects={LedgerState.UNKNOWN: 1},
        people={Party.MENTOR: Presence.UNKNOWN},
    )
    told = [cause.code for cause in causes_of(facts)]
    wanted = [Code.JOURNAL_GAP, Code.CALENDAR_AWAY, Code.PERSON_UNKNOWN, Code.EFFECT_UNKNOWN, Code.SESSION_AHEAD]
    assert told == wanted


def test_every_relationship_has_a_cause() -> None:
    """Even where nothing could be found out but that it runs."""
    for status in ("running", "completed", "canceled", "timed_out", "failed", "terminated"):
        for answer in Answer:
            for polled in (None, MOMENT, HOUR):
                shown = Shown(standing="normal", next_due_at=NOW + HOUR)
                assert causes_of(replace(SERVED, status=status, answer=answer, polled=polled, shown=shown))


def test_holds_are_told_alike() -> None:
    """Whatever was open when a hold came: the same codes, sentences and evidence."""
    due = {"standing": Standing.ON_HOLD, "awaiting": Awaiting.COORDINATOR, "next_due_at": NOW + HOUR}
    plain = given(**due)
    troubled = given(**due, open_help=2, questions=(question(Subject.DECISION, Party.COORDINATOR, reminded=1),))
    assert causes_of(plain) == causes_of(troubled)


@pytest.mark.parametrize("subject", [Subject.HELP_RATING, Subject.DISPUTE, Subject.EARLY_END, Subject.ABSENCE])
def test_private_questions_are_not_named(subject: Subject) -> None:
    """What somebody is asked in private is told as a question, and no more."""
    told = repr(causes_of(given(questions=(question(subject),))))
    assert "a question since" in told
    assert subject.value not in told


def test_a_call_for_help_sounds_like_a_decision() -> None:
    """It is the programme team's turn; of what, is theirs to see."""
    due = {"awaiting": Awaiting.COORDINATOR, "next_due_at": NOW + HOUR}
    asked = given(**due, questions=(question(Subject.DECISION, Party.COORDINATOR),))
    assert causes_of(given(**due, open_help=1)) == causes_of(asked)
    assert not [matter for matter in c.Matter if matter.value in repr(causes_of(asked))]
