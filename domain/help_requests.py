"""Act five: a participant asks the coordinator for help, from a question to friction, and somebody always answers.

Severe matters (S3, S4) never enter here: they go to the confidential channel, so that no event of a relationship stems
from a report.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mentoring_lifecycle.domain.asking import ask
from mentoring_lifecycle.domain.booking import moment_problem
from mentoring_lifecycle.domain.commands import (
    ArrangeTalk,
    AskCoordinator,
    ConcludeHelp,
    HelpOutcome,
    Matter,
    RateHelp,
    Severity,
    TakeUpHelp,
)
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.ending import cancel_planned, end
from mentoring_lifecycle.domain.events import (
    AskLapsed,
    CancelReason,
    HelpAsked,
    HelpConcluded,
    HelpOverdue,
    HelpRated,
    HelpTakenUp,
    RelationshipOutcome,
    Subject,
    TalkArranged,
)
from mentoring_lifecycle.domain.hours import Hour
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.policy import Help, Ladder
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import HelpRequest, Relationship
from mentoring_lifecycle.domain.wording import WORDS_LIMIT, text_problem

MOST_OPEN = 3
MOST_OVERDUE_NOTES = 4

USUAL_SEVERITY: dict[Matter, Severity] = {
    Matter.MATERIAL: Severity.S0,
    Matter.QUESTION: Severity.S0,
    Matter.MISMATCH: Severity.S1,
    Matter.DISAGREEMENT: Severity.S1,
    Matter.UNRESPONSIVE: Severity.S1,
    Matter.OTHER: Severity.S1,
    Matter.ROLE_STRUGGLE: Severity.S2,
    Matter.CONFIDENTIALITY_BREACH: Severity.S2,
    Matter.BOUNDARY: Severity.S2,
    Matter.VERBAL_ABUSE: Severity.S3,
    Matter.EMOTIONAL_ABUSE: Severity.S3,
    Matter.FINANCIAL_ABUSE: Severity.S3,
    Matter.DISCRIMINATION: Severity.S3,
    Matter.RETALIATION: Severity.S3,
    Matter.MISCONDUCT_DISCLOSED: Severity.S3,
    Matter.SEXUAL_HARASSMENT: Severity.S4,
    Matter.PHYSICAL_OR_THREAT: Severity.S4,
    Matter.SELF_HARM_RISK: Severity.S4,
}
"""The least severity of each matter; an asker may raise it, never lower it."""

SEVERE = (Severity.S3, Severity.S4)


def severity_of(matter: Matter, said: Severity | None) -> Severity:
    """The graver of what the matter is at least and what the asker says."""
    least = USUAL_SEVERITY[matter]
    return least if said is None else max(least, said)


def ask_coordinator(draft: Draft, command: AskCoordinator, by: Party, now: datetime) -> Rejection | None:
    """Take up a call for help: acknowledged at once, and two clocks start."""
    severity = severity_of(command.matter, command.severity)
    if severity in SEVERE:
        return Rejection(Refusal.TOO_SEVERE_FOR_HERE)
    if problem := text_problem(command.words, WORDS_LIMIT, "words"):
        return problem
    if len(draft.state.help) >= MOST_OPEN:
        return Rejection(Refusal.TOO_MANY, str(MOST_OPEN))
    clocks = _clocks(draft.state, severity)
    draft.add(
        HelpAsked(
            at=now,
            help=draft.state.help_count + 1,
            by=by,
            matter=command.matter,
            severity=severity,
            words=command.words,
            partner_may_know=command.partner_may_know,
            holds_sessions=command.hold_next_session,
            take_up_by=working_days_after(now, clocks.take_up_working_days),
            conclude_by=now + timedelta(days=clocks.feedback_days),
        )
    )
    if command.hold_next_session:
        cancel_planned(draft, now, CancelReason.MOVED_ON)
    return None


def _clocks(state: Relationship, severity: Severity) -> Help:
    policy = state.policy
    return {Severity.S0: policy.question, Severity.S1: policy.friction}.get(severity, policy.serious)


def working_days_after(at: datetime, days: int) -> datetime:
    """The same time so many working days later; Saturdays and Sundays (UTC) do not count."""
    while days:
        at += timedelta(days=1)
        days -= at.weekday() < 5
    return at


def take_up_help(draft: Draft, command: TakeUpHelp, by: Party, now: datetime) -> Rejection | None:
    """The coordinator or the backup is on it."""
    request = draft.state.help_request(command.help)
    if problem := _not_open(draft.state, request, command.help):
        return problem
    if request and request.taken_up:
        return Rejection(Refusal.ALREADY_ANSWERED)
    assert request
    _take_up(draft, request, by, now)
    return None


def arrange_talk(draft: Draft, command: ArrangeTalk, by: Party, now: datetime) -> Rejection | None:
    """A facilitated talk of all three; only with the asker's word that the partner may know."""
    request = draft.state.help_request(command.help)
    if problem := _not_open(draft.state, request, command.help) or moment_problem(command.starts_at, now):
        return problem
    if request and not request.partner_may_know:
        return Rejection(Refusal.PARTNER_MAY_NOT_KNOW)
    assert request
    _take_up(draft, request, by, now)
    draft.add(TalkArranged(now, command.help, by, command.starts_at))
    return None


def conclude_help(draft: Draft, command: ConcludeHelp, by: Party, now: datetime) -> Rejection | None:
    """Tell the asker what came of it, ask whether it helped, and let the sessions go on or the relationship end."""
    request = draft.state.help_request(command.help)
    if problem := _not_open(draft.state, request, command.help):
        return problem
    assert request
    _take_up(draft, request, by, now)
    draft.add(HelpConcluded(now, command.help, by, command.outcome))
    if command.outcome is HelpOutcome.ENDED:
        end(draft, now, RelationshipOutcome.ENDED_BY_PROGRAMME)
    return None


def _take_up(draft: Draft, request: HelpRequest, by: Party, now: datetime) -> None:
    """Once. From now on the outcome's clock counts, which is not overdue in the same moment."""
    if request.taken_up:
        return
    days = _clocks(draft.state, request.severity).take_up_working_days
    next_at = max(request.conclude_by, working_days_after(now, days))
    has_been_told_enough = request.overdue_times >= MOST_OVERDUE_NOTES
    draft.add(HelpTakenUp(now, request.number, by, None if has_been_told_enough else next_at))


def keep_asking(draft: Draft, now: datetime) -> None:
    """Ask whoever was helped whether it helped, as soon as the pair may be written to."""
    if not draft.state.moves:
        return
    ladder = Ladder((), draft.state.policy.help_rating_days)
    for number, asker in draft.state.rating_due:
        ask(draft, now, Subject.HELP_RATING, asker, ladder, number)


def _not_open(state: Relationship, request: HelpRequest | None, number: int) -> Rejection | None:
    if request:
        return None
    known = 1 <= number <= state.help_count
    return Rejection(Refusal.HELP_CONCLUDED if known else Refusal.UNKNOWN_HELP, str(number))


def rate_help(draft: Draft, command: RateHelp, by: Party, now: datetime) -> Rejection | None:
    """Did it help? Only the asker knows."""
    if (command.help, by) not in draft.state.rated_by:
        return Rejection(Refusal.UNKNOWN_HELP, str(command.help))
    draft.add(HelpRated(now, command.help, by, command.helped))
    return None


def lapse(draft: Draft, lapsed: AskLapsed, now: datetime) -> None:
    """An unrated call for help is simply unrated."""


def hours(state: Relationship) -> Iterator[Hour]:
    """The programme team's clocks run on through pauses and holds; they end with the relationship."""
    if state.is_ending:
        return
    for request in state.help:
        if request.next_clock_at:
            yield Hour(request.next_clock_at, _Overdue(request))


class _Overdue:
    """Tells coordinator and backup; again after each further working day, until everybody has heard it often enough."""

    def __init__(self, request: HelpRequest) -> None:
        self._request = request

    def __call__(self, draft: Draft, now: datetime) -> None:
        times = self._request.overdue_times + 1
        days = _clocks(draft.state, self._request.severity).take_up_working_days
        next_at = working_days_after(now, days) if times < MOST_OVERDUE_NOTES else None
        draft.add(HelpOverdue(now, self._request.number, times, next_at))
