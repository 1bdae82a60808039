"""Why nothing is happening: facts about one relationship go in, causes come out, the worst first.

Pure; `starter/examination.py` gathers the facts. What is said here names nobody and tells no more of a hold or of the
programme team's turn than the search attributes show: a decision, a dispute and a call for help sound alike.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from mentoring_lifecycle.activities.ports import LedgerState
from mentoring_lifecycle.contracts.views import Lane, ProgressView, QuestionView, WaitingEffect
from mentoring_lifecycle.domain.events import Subject
from mentoring_lifecycle.domain.outlook import PRIVATE, Awaiting, Health
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.relationship import Standing

POLLED_WITHIN = timedelta(minutes=2)
"""A worker that serves a queue asks it at least once a minute."""
LATE_BY = timedelta(minutes=5)
"""So much later than its hour, something has not struck."""
SLOW_AFTER = timedelta(minutes=1)
"""An activity that has run so long is waiting for its peer."""


class Code(StrEnum):
    """What keeps a relationship where it is, the worst first. The names are stable: scripts may rely on them."""

    TERMINATED = "terminated"
    CRASHED = "crashed"
    PAYLOAD_UNREADABLE = "payload_unreadable"
    SCHEMA_UNKNOWN = "schema_unknown"
    CODE_CHANGED = "code_changed"
    NOT_REGISTERED = "not_registered"
    TASK_FAILS = "task_fails"
    TASK_TIMES_OUT = "task_times_out"
    WRONG_QUEUE = "wrong_queue"
    NO_WORKER = "no_worker"
    WORKER_SILENT = "worker_silent"
    WORKER_OLD = "worker_old"
    NO_MAIL_WORKER = "no_mail_worker"
    JOURNAL_GAP = "journal_gap"
    DATABASE_AWAY = "database_away"
    JOURNAL_AWAY = "journal_away"
    ACTIVITY_FAILS = "activity_fails"
    MAIL_LOGIN_REFUSED = "mail_login_refused"
    MAIL_AWAY = "mail_away"
    CALENDAR_LOGIN_REFUSED = "calendar_login_refused"
    CALENDAR_AWAY = "calendar_away"
    HOUR_MISSED = "hour_missed"
    ADDRESS_FAILS = "address_fails"
    PERSON_UNKNOWN = "person_unknown"
    PERSON_INACTIVE = "person_inactive"
    COORDINATOR_OVERDUE = "coordinator_overdue"
    ANSWER_OVERDUE = "answer_overdue"
    EFFECT_UNKNOWN = "effect_unknown"
    UNREADABLE_HERE = "unreadable_here"
    # From here on it is as it should be: somebody or something is awaited.
    ON_HOLD = "on_hold"
    PAUSED = "paused"
    COORDINATOR_AWAITED = "coordinator_awaited"
    SIGNATURE_AWAITED = "signature_awaited"
    ANSWER_AWAITED = "answer_awaited"
    EFFECT_FAILED = "effect_failed"
    ENDING = "ending"
    ACTIVITY_SLOW = "activity_slow"
    MAIL_QUEUED = "mail_queued"
    INTERRUPTED = "interrupted"
    QUIET_HOURS = "quiet_hours"
    SESSION_AHEAD = "session_ahead"
    HOUR_AWAITED = "hour_awaited"
    ENDED = "ended"
    MOVED = "moved"

    @property
    def is_trouble(self) -> bool:
        """Somebody has to do something; the rest moves by itself, or rests on purpose."""
        return self.rank < Code.ON_HOLD.rank

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return _RANK[self]


_RANK = {code: rank for rank, code in enumerate(Code)}


class Answer(StrEnum):
    """What came of asking the relationship itself."""

    GIVEN = "given"
    NOT_ASKED = "not_asked"
    """Nobody is there who could answer, or it is no more."""
    SILENT = "silent"
    UNREADABLE = "unreadable"
    """It answered under a key that whoever asks has not."""
    UNKNOWN_QUESTION = "unknown_question"
    """The worker is of an earlier version."""


class Presence(StrEnum):
    """What the people directory says of somebody who has a part."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Shown:
    """The search attributes, which everybody with access to the operator's pages reads."""

    phase: str = ""
    standing: str = ""
    health: str = ""
    awaiting: str = ""
    next_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PendingTask:
    """A workflow task that is not done."""

    attempt: int
    waits: timedelta
    """Since it was given out."""
    failure: str = ""
    """What the last failed one was, as the server names it: `WORKFLOW_WORKER_UNHANDLED_FAILURE`."""
    error: str = ""
    """Type of the error in it; a name, never its words."""


@dataclass(frozen=True, slots=True)
class PendingActivity:
    """An activity that is not done."""

    kind: str
    attempt: int
    error: str
    """Type of the last error; empty: there was none."""
    runs: timedelta | None
    """Since it was begun; None: it waits for a worker or for its next attempt."""
    next_attempt_at: datetime | None = None
    queue: str = ""
    """Where it waits to be taken up, if not where everything waits; empty: it does not."""
    waits: timedelta = timedelta()
    """Since when."""
    polled: timedelta | None = None
    """Since a worker last asked that queue for activities; None: none is known to have."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was found out about one relationship."""

    relationship: str
    now: datetime
    """The relationship's own time."""
    status: str
    """The workflow's: running, completed, terminated, ..."""
    queue: str
    """That it waits on."""
    our_queue: str
    """That workers of this installation serve, as the settings say."""
    shown: Shown = field(default_factory=Shown)
    polled: timedelta | None = None
    """Since a worker last asked the queue it waits on; None: none is known to have."""
    ours_polled: timedelta | None = None
    task: PendingTask | None = None
    activities: tuple[PendingActivity, ...] = ()
    answer: Answer = Answer.NOT_ASKED
    progress: ProgressView | None = None
    effects: Mapping[LedgerState, int] = field(default_factory=dict)
    journaled: int | None = None
    """The last sequence number that the journal holds; None: nobody looked."""
    people: Mapping[Party, Presence] = field(default_factory=dict)
    has_left: bool = False
    """Its last run here ended with a move."""

    @property
    def is_running(self) -> bool:
        """The workflow has not ended."""
        return self.status == "running"

    @property
    def task_fails(self) -> bool:
        """A worker takes up its tasks and cannot do them."""
        return self.task is not None and (bool(self.task.failure) or self.task.attempt > 1)

    # The relationship itself knows better than a list, which is written only when it would otherwise lie.

    @property
    def standing(self) -> str:
        """Whether it moves."""
        return self.progress.relationship.standing if self.progress else self.shown.standing

    @property
    def health(self) -> str:
        """Whether somebody should look."""
        return self.progress.relationship.health if self.progress else self.shown.health

    @property
    def awaiting(self) -> str:
        """Whose turn it is."""
        return self.progress.relationship.awaiting if self.progress else self.shown.awaiting

    @property
    def next_due_at(self) -> datetime | None:
        """The next instant that concerns people."""
        return self.progress.relationship.next_due_at if self.progress else self.shown.next_due_at

    @property
    def questions(self) -> tuple[QuestionView, ...]:
        """What people are being asked."""
        return self.progress.relationship.questions if self.progress else ()

    @property
    def is_past_due(self) -> bool:
        """What concerns people should have come by now."""
        return self.next_due_at is not None and self.next_due_at < self.now - LATE_BY


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why nothing is happening."""

    code: Code
    sentence: str
    evidence: str
    """What was seen; no names and no words of anybody."""
    command: str
    """What to type next."""


def causes_of(facts: Facts) -> tuple[Cause, ...]:
    """Every cause that the facts show, the worst first; at least one."""
    return tuple(sorted(_found(facts), key=lambda cause: cause.code.rank))


def _found(facts: Facts) -> Iterator[Cause]:
    if not facts.is_running:
        yield _about_the_end(facts)
        yield from _about_effects(facts)
        return
    yield from _about_the_task(facts)
    yield from _about_workers(facts)
    yield from _about_activities(facts)
    yield from _about_books(facts)
    yield from _about_peers(facts)
    yield from _about_effects(facts)
    yield from _about_people(facts)
    yield from _about_turns(facts)
    yield from _about_hours(facts)


def _cause(facts: Facts, code: Code, evidence: str) -> Cause:
    sentence, command = WORDS[code]
    return Cause(code, sentence.format(queue=facts.queue), evidence, command.format(id=facts.relationship))


# --- the engine -------------------------------------------------------------------------------------------------


def _about_the_end(facts: Facts) -> Cause:
    if facts.has_left:
        return _cause(facts, Code.MOVED, "its last run here ended with what goes on elsewhere")
    if facts.status == "completed":
        return _cause(facts, Code.ENDED, f"workflow {facts.status}")
    code = Code.TERMINATED if facts.status == "terminated" else Code.CRASHED
    return _cause(facts, code, f"workflow {facts.status}")


_FAILURES = {
    "PayloadRejected": Code.PAYLOAD_UNREADABLE,
    "ValidationError": Code.SCHEMA_UNKNOWN,
    "PydanticSerializationError": Code.SCHEMA_UNKNOWN,
    "JSONDecodeError": Code.SCHEMA_UNKNOWN,
    "NondeterminismError": Code.CODE_CHANGED,
    "NotFoundError": Code.NOT_REGISTERED,
}
_NONDETERMINISM = "NON_DETERMINISTIC_ERROR"


def _about_the_task(facts: Facts) -> Iterator[Cause]:
    task = facts.task
    if task is None or not facts.task_fails:
        return
    seen = f"attempt {task.attempt}, {task.failure or 'timed out'}{f', {task.error}' if task.error else ''}"
    if task.failure == _NONDETERMINISM:
        code = Code.CODE_CHANGED
    elif task.failure:
        code = _FAILURES.get(task.error, Code.TASK_FAILS)
    else:
        code = Code.TASK_TIMES_OUT
    yield _cause(facts, code, seen)


def _about_workers(facts: Facts) -> Iterator[Cause]:
    if _is_polled(facts.polled):
        if facts.answer is Answer.SILENT and not facts.task_fails:
            yield _cause(facts, Code.WORKER_SILENT, f"queue {facts.queue} last asked {_ago(facts.polled)}")
        elif facts.answer is Answer.UNKNOWN_QUESTION:
            yield _cause(facts, Code.WORKER_OLD, f"queue {facts.queue}")
        elif facts.answer is Answer.UNREADABLE:
            yield _cause(facts, Code.UNREADABLE_HERE, "an answer came, encrypted")
    elif facts.queue != facts.our_queue:
        evidence = f"it waits on {facts.queue}; workers here serve {facts.our_queue} (asked {_ago(facts.ours_polled)})"
        yield _cause(facts, Code.WRONG_QUEUE, evidence)
    else:
        yield _cause(facts, Code.NO_WORKER, f"queue {facts.queue} last asked {_ago(facts.polled)}")


def _is_polled(since: timedelta | None) -> bool:
    return since is not None and since <= POLLED_WITHIN


def _ago(since: timedelta | None) -> str:
    return "never, as far as is known" if since is None else f"{int(since.total_seconds())} seconds ago"


_DATABASE = ("OperationalError", "InterfaceError", "DBAPIError", "DatabaseError", "OSError", "ConnectionRefusedError")


def _about_activities(facts: Facts) -> Iterator[Cause]:
    for activity in facts.activities:
        seen = f"{activity.kind}, attempt {activity.attempt}"
        if activity.error == "NotFoundError":
            yield _cause(facts, Code.NOT_REGISTERED, f"{seen}, {activity.error}")
        elif activity.error:
            code = Code.DATABASE_AWAY if activity.error in _DATABASE else Code.ACTIVITY_FAILS
            yield _cause(facts, code, f"{seen}, {activity.error}")
        elif activity.runs and activity.runs > SLOW_AFTER:
            yield _cause(facts, Code.ACTIVITY_SLOW, f"{seen}, for {int(activity.runs.total_seconds())} seconds")
        elif activity.queue and not _is_polled(activity.polled):
            yield _cause(facts, Code.NO_MAIL_WORKER, f"queue {activity.queue} last asked {_ago(activity.polled)}")
        elif activity.queue and activity.waits > SLOW_AFTER:
            evidence = f"on queue {activity.queue} for {int(activity.waits.total_seconds())} seconds"
            yield _cause(facts, Code.MAIL_QUEUED, evidence)


# --- the world --------------------------------------------------------------------------------------------------


def _about_books(facts: Facts) -> Iterator[Cause]:
    progress = facts.progress
    if progress is None:
        return
    if facts.journaled is not None and facts.journaled < progress.journaled:
        evidence = f"the journal ends at event {facts.journaled}, and {progress.journaled} were written"
        yield _cause(facts, Code.JOURNAL_GAP, evidence)
    elif progress.journal_again_at:
        evidence = f"{progress.unjournaled} events wait, next try {_at(progress.journal_again_at)}"
        yield _cause(facts, Code.JOURNAL_AWAY, evidence)


_LOGIN = {Lane.LETTERS: Code.MAIL_LOGIN_REFUSED, Lane.CALENDAR: Code.CALENDAR_LOGIN_REFUSED}
_AWAY = {Lane.LETTERS: Code.MAIL_AWAY, Lane.CALENDAR: Code.CALENDAR_AWAY}
_OF_OURS = ("interrupted", "")
"""No peer has said anything: the call did not come back, or another worker is at it."""


def _about_peers(facts: Facts) -> Iterator[Cause]:
    groups: dict[tuple[Code, str], list[WaitingEffect]] = {}
    for effect in facts.progress.waiting if facts.progress else ():
        if effect.tries and (code := _trouble_of(effect)):
            groups.setdefault((code, effect.reason), []).append(effect)
    for (code, reason), effects in groups.items():
        again = min((each.not_before for each in effects if each.not_before), default=None)
        evidence = f"{len(effects)} waiting, {reason or 'no answer'}, next try {_at(again) if again else 'at once'}"
        yield _cause(facts, code, evidence)


def _trouble_of(effect: WaitingEffect) -> Code | None:
    if effect.reason == "quiet":
        return Code.QUIET_HOURS
    if effect.reason in _OF_OURS:
        return Code.INTERRUPTED
    return (_LOGIN if effect.reason == "auth" else _AWAY).get(effect.lane)


def _about_effects(facts: Facts) -> Iterator[Cause]:
    for state, code in ((LedgerState.UNKNOWN, Code.EFFECT_UNKNOWN), (LedgerState.FAILED, Code.EFFECT_FAILED)):
        if count := facts.effects.get(state, 0):
            yield _cause(facts, code, f"{count} in the ledger")


# --- people -----------------------------------------------------------------------------------------------------


def _about_people(facts: Facts) -> Iterator[Cause]:
    if facts.progress is None or facts.progress.outside.has_ended:
        return
    for party in facts.progress.outside.failed_addresses:
        yield _cause(facts, Code.ADDRESS_FAILS, f"of the {party}")
    for party, presence in facts.people.items():
        if presence is Presence.UNKNOWN:
            yield _cause(facts, Code.PERSON_UNKNOWN, f"the {party}")
        elif presence is Presence.INACTIVE and party not in facts.progress.outside.gone:
            yield _cause(facts, Code.PERSON_INACTIVE, f"the {party}")


def _about_turns(facts: Facts) -> Iterator[Cause]:
    """Whose turn it is. From the relationship itself where it answers, else from what a list shows."""
    if facts.standing == Standing.ON_HOLD:
        yield _cause(facts, Code.ON_HOLD, _next_due(facts))
    elif facts.progress and facts.progress.outside.has_ended:
        yield _cause(facts, Code.ENDING, f"{len(facts.progress.waiting)} waiting to be done outside")
    elif facts.awaiting == Awaiting.COORDINATOR:
        code = Code.COORDINATOR_OVERDUE if _coordinator_is_late(facts) else Code.COORDINATOR_AWAITED
        yield _cause(facts, code, _next_due(facts))
    if facts.standing == Standing.PAUSED:
        yield _cause(facts, Code.PAUSED, _next_due(facts))
    elif facts.standing != Standing.ON_HOLD:
        yield from _about_questions(facts)


def _coordinator_is_late(facts: Facts) -> bool:
    reminded = any(question.reminded for question in facts.questions if question.of is Party.COORDINATOR)
    return reminded or facts.is_past_due


def _about_questions(facts: Facts) -> Iterator[Cause]:
    if facts.progress is None:
        if facts.awaiting in (Awaiting.MENTOR, Awaiting.MENTEE, Awaiting.BOTH):
            overdue = facts.shown.health == Health.OVERDUE
            yield _cause(facts, Code.ANSWER_OVERDUE if overdue else Code.ANSWER_AWAITED, f"of {facts.awaiting}")
        return
    for question in facts.questions:
        if question.of is not Party.COORDINATOR:
            yield _cause(facts, _code_of(facts, question), _told(question))


def _code_of(facts: Facts, question: QuestionView) -> Code:
    """The relationship says whether its ladder has ended: nobody is reminded any more."""
    if facts.health == Health.OVERDUE and question.reminded:
        return Code.ANSWER_OVERDUE
    return Code.SIGNATURE_AWAITED if question.subject == Subject.RULES else Code.ANSWER_AWAITED


def _told(question: QuestionView) -> str:
    about = "a question" if question.subject in PRIVATE else str(question.subject)
    reminded = f", reminded {question.reminded} times" if question.reminded else ""
    return f"{question.of}, {about} since {_at(question.asked_at)}{reminded}, until {_at(question.expires_at)}"


# --- hours ------------------------------------------------------------------------------------------------------


def _about_hours(facts: Facts) -> Iterator[Cause]:
    """What time alone will bring, and whether it is late."""
    progress = facts.progress
    hour = progress.relationship.next_hour_at if progress else facts.shown.next_due_at
    if hour and hour < facts.now - LATE_BY:
        yield _cause(facts, Code.HOUR_MISSED, f"due {_at(hour)}")
    elif facts.standing == Standing.NORMAL:
        ahead = [each.starts_at for each in progress.relationship.sessions if each.lies_ahead] if progress else []
        if ahead:
            yield _cause(facts, Code.SESSION_AHEAD, f"starts {_at(min(ahead))}")
        elif hour:
            yield _cause(facts, Code.HOUR_AWAITED, f"next hour {_at(hour)}")


def _next_due(facts: Facts) -> str:
    due = facts.next_due_at
    return f"next due {_at(due)}" if due else "nothing is due"


def _at(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


# --- words ------------------------------------------------------------------------------------------------------

_STATUS, _EFFECTS, _WORKER = "mentoring status {id}", "mentoring effects --relationship {id}", "mentoring worker"

WORDS: Mapping[Code, tuple[str, str]] = {
    Code.TERMINATED: (
        "Somebody terminated its workflow: nobody was told, and sessions may still stand in calendars.",
        "mentoring timeline {id} --journal",
    ),
    Code.CRASHED: (
        "Its workflow ended otherwise than by its own story: it failed, timed out or was cancelled from outside.",
        "mentoring timeline {id} --journal",
    ),
    Code.PAYLOAD_UNREADABLE: (
        "Its worker has not the key to what it has to read, or refuses clear text. Give it that key, and it goes on.",
        _WORKER,
    ),
    Code.SCHEMA_UNKNOWN: (
        "Its worker cannot read what another version or another program wrote: start the version that did.",
        "mentoring version",
    ),
    Code.CODE_CHANGED: (
        "Its worker's code decides otherwise than its history: the version before has to go on with it.",
        "mentoring version",
    ),
    Code.NOT_REGISTERED: (
        "A worker asks its queue that does not know our workflow or activities: another program uses the same queue.",
        _WORKER,
    ),
    Code.TASK_FAILS: (
        "Its worker fails at every try; the error is in the worker's log.",
        "mentoring version",
    ),
    Code.TASK_TIMES_OUT: (
        "Its worker takes up the work and never finishes it: it is overloaded, or dies at it.",
        _WORKER,
    ),
    Code.WRONG_QUEUE: (
        "It waits on another task queue than workers here serve: start one with MENTORING_TASK_QUEUE={queue}.",
        _WORKER,
    ),
    Code.NO_WORKER: ("No worker asks for its work.", _WORKER),
    Code.WORKER_SILENT: (
        "A worker was there a moment ago and does not answer: it has just ended, hangs, or is overloaded.",
        _WORKER,
    ),
    Code.WORKER_OLD: (
        "Its worker is of an earlier version than this command and does not know the question.",
        "mentoring version",
    ),
    Code.NO_MAIL_WORKER: (
        "Nobody works on the mail queue: letters wait, all else goes on. Workers older than the queue do not serve it.",
        _WORKER,
    ),
    Code.JOURNAL_GAP: (
        "The database holds less of it than was once written: it was restored to an older state. Restore a newer one.",
        "mentoring timeline {id} --journal",
    ),
    Code.DATABASE_AWAY: ("The worker cannot reach its database.", "mentoring setup"),
    Code.JOURNAL_AWAY: ("The journal could not be written: the worker's database is away or busy.", "mentoring setup"),
    Code.ACTIVITY_FAILS: ("What it does outside fails in our own code; the error is in the worker's log.", _EFFECTS),
    Code.MAIL_LOGIN_REFUSED: (
        "The mail server refuses the worker's password: correct MENTORING_SMTP_PASSWORD, restart the worker.",
        _WORKER,
    ),
    Code.MAIL_AWAY: (
        "The mail server does not take its letters; they are tried again by themselves.",
        _EFFECTS,
    ),
    Code.CALENDAR_LOGIN_REFUSED: (
        "The calendar server refuses the worker's password: correct MENTORING_CALDAV_PASSWORD, restart the worker.",
        _WORKER,
    ),
    Code.CALENDAR_AWAY: (
        "The calendar server does not do what it is asked; it is asked again by itself.",
        _EFFECTS,
    ),
    Code.HOUR_MISSED: (
        "An hour has come and did not strike: the Temporal server's timers are behind, or its worker is.",
        _STATUS,
    ),
    Code.ADDRESS_FAILS: (
        "Mail does not reach this one, whose time to answer stands still: import them with an address that works.",
        "mentoring people import people.csv",
    ),
    Code.PERSON_UNKNOWN: (
        "The people directory does not know somebody who has a part in it, so nothing can be sent to them.",
        "mentoring people import people.csv",
    ),
    Code.PERSON_INACTIVE: (
        "The directory marks somebody of it as inactive, and the relationship was not told yet.",
        "mentoring reconcile --once",
    ),
    Code.COORDINATOR_OVERDUE: ("It is the programme team's turn, and later than it should be.", _STATUS),
    Code.ANSWER_OVERDUE: ("Somebody was reminded for the last time and has not answered.", _STATUS),
    Code.EFFECT_UNKNOWN: (
        "Nobody can tell whether something went out.",
        "mentoring effects --relationship {id} --state unknown",
    ),
    Code.UNREADABLE_HERE: (
        "It answers, but this command has not the key to read it; what follows comes from the search attributes.",
        "mentoring list --limit 1000",
    ),
    Code.ON_HOLD: ("It is on hold. The programme team lifts a hold, nobody else.", _STATUS),
    Code.PAUSED: ("It is paused.", _STATUS),
    Code.COORDINATOR_AWAITED: ("It is the programme team's turn.", _STATUS),
    Code.SIGNATURE_AWAITED: ("A signature under the ground rules is awaited.", _STATUS),
    Code.ANSWER_AWAITED: ("An answer is awaited.", _STATUS),
    Code.EFFECT_FAILED: (
        "Something was refused for good.",
        "mentoring effects --relationship {id} --state failed",
    ),
    Code.ENDING: ("Its end is decided; what is left outside is being cleaned up.", _EFFECTS),
    Code.ACTIVITY_SLOW: ("A mail or calendar server is slow to answer.", _EFFECTS),
    Code.MAIL_QUEUED: ("Its letters wait for their turn: the relay's quota is used up by others.", _EFFECTS),
    Code.INTERRUPTED: ("A call did not come back; it is made again, and nothing is done twice.", _EFFECTS),
    Code.QUIET_HOURS: ("A letter waits for its reader's day.", _STATUS),
    Code.SESSION_AHEAD: ("Its time has not come: a session lies ahead.", _STATUS),
    Code.HOUR_AWAITED: ("Its time has not come: an hour is awaited.", _STATUS),
    Code.ENDED: ("It has ended, as its own story told.", "mentoring timeline {id} --journal"),
    Code.MOVED: ("It has left for another installation, and goes on there once it is imported.", "mentoring ops audit"),
}
"""A sentence for each cause, and the command that comes next."""
