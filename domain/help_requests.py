"""Act five: a participant asks the coordinator for help, from a question to friction, and somebody always answers.

A call goes from step to step: taken up, triaged, talked over where a talk was promised, concluded. Each step has a
clock. Part of it gone, whoever is on it is reminded; more of it gone, whoever else is free hears of it; when it has run
out both do, and at last the programme's contact and whoever asked. Then it is quiet: nothing is repeated for ever.

Severe matters (S3, S4) never enter here: they go to the confidential channel, so that no event of a relationship stems
from a report.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from mentoring_lifecycle.domain.agreement import may_be_proposed
from mentoring_lifecycle.domain.asking import ask
from mentoring_lifecycle.domain.booking import moment_problem
from mentoring_lifecycle.domain.commands import (
    ArrangeTalk,
    AskCoordinator,
    ConcludeHelp,
    EndForRematch,
    HelpOutcome,
    HelpWay,
    Matter,
    RateHelp,
    Severity,
    TakeUpHelp,
    TriageHelp,
)
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.ending import cancel_planned, end
from mentoring_lifecycle.domain.events import (
    AmendmentOffered,
    AskLapsed,
    CancelReason,
    HelpAsked,
    HelpClockStarted,
    HelpConcluded,
    HelpOverdue,
    HelpPassedOn,
    HelpRated,
    HelpReminded,
    HelpStep,
    HelpTakenUp,
    HelpTriaged,
    RelationshipOutcome,
    Subject,
    TalkArranged,
)
from mentoring_lifecycle.domain.hours import Coming, Hour
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.policy import Help, Ladder
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE, HelpRequest, Relationship
from mentoring_lifecycle.domain.rematch import end_for_rematch
from mentoring_lifecycle.domain.wording import WORDS_LIMIT, text_problem

MOST_OPEN = 3
MOST_OVERDUE_NOTES = 4
"""Of one call; after that, each further step that runs out is told of once."""
LAST_RESORT_AT = 2
"""From this overdue note of a call on, somebody beyond the team is told as well."""

USUAL_SEVERITY: dict[Matter, Severity] = {
    Matter.MATERIAL: Severity.S0,
    Matter.QUESTION: Severity.S0,
    Matter.MISMATCH: Severity.S1,
    Matter.DISAGREEMENT: Severity.S1,
    Matter.DISCOMFORT: Severity.S1,
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
    if problem := _reaches_nobody(draft.state, command, severity):
        return problem
    clocks = _clocks(draft.state, severity)
    number, take_up_by = draft.state.help_count + 1, working_days_after(now, clocks.take_up_working_days)
    draft.add(
        HelpAsked(
            at=now,
            help=number,
            by=by,
            matter=command.matter,
            severity=severity,
            words=command.words,
            partner_may_know=command.partner_may_know,
            holds_sessions=command.hold_next_session,
            take_up_by=take_up_by,
            conclude_by=now + timedelta(days=clocks.feedback_days),
            not_to=_named(draft.state, command.not_to),
        )
    )
    _start_clock(draft, now, number, HelpStep.TAKE_UP, take_up_by)
    if command.hold_next_session:
        cancel_planned(draft, now, CancelReason.MOVED_ON)
    return None


def _reaches_nobody(state: Relationship, command: AskCoordinator, severity: Severity) -> Rejection | None:
    """Where nobody of the team is free of conflicts, whoever asks learns at once who else is there."""
    if set(command.not_to) - {Party.COORDINATOR, Party.BACKUP}:
        return Rejection(Refusal.PERSON_NOT_PART)
    not_to = _named(state, command.not_to)
    if any(state.may_help(state.person(party), severity, not_to) for party in state.team):
        return None
    contact = "" if state.contact in (*not_to, *(state.person(party) for party in state.team)) else state.contact
    return Rejection(Refusal.ASK_THE_CONTACT, contact) if contact else Rejection(Refusal.NOBODY_IS_FREE)


def _named(state: Relationship, parties: tuple[Party, ...]) -> tuple[str, ...]:
    """By person: whoever plays the part later has not been meant."""
    return tuple(state.person(party) for party in state.team if party in parties)


def _clocks(state: Relationship, severity: Severity) -> Help:
    policy = state.policy
    return {Severity.S0: policy.question, Severity.S1: policy.friction}.get(severity, policy.serious)


def working_days_after(at: datetime, days: int) -> datetime:
    """The same time so many working days later; Saturdays and Sundays (UTC) do not count."""
    while days:
        at += timedelta(days=1)
        days -= at.weekday() < 5
    return at


# --- what the team does -----------------------------------------------------------------------------------------


def take_up_help(draft: Draft, command: TakeUpHelp, by: Party, now: datetime) -> Rejection | None:
    """The coordinator or the backup is on it."""
    request = draft.state.help_request(command.help)
    if problem := _not_open(draft.state, request, command.help, command.by):
        return problem
    if request and request.taken_up:
        return Rejection(Refusal.ALREADY_ANSWERED)
    assert request
    clocks = _clocks(draft.state, request.severity)
    if request.way is None and clocks.triage_working_days:
        due_at = working_days_after(request.asked_at or now, clocks.triage_working_days)
        step, due_at = HelpStep.TRIAGE, max(due_at, working_days_after(now, clocks.take_up_working_days))
    else:
        step, due_at = HelpStep.OUTCOME, _outcome_due(draft.state, request, now)
    draft.add(HelpTakenUp(now, request.number, by, due_at))
    _start_clock(draft, now, request.number, step, due_at)
    return None


def triage_help(draft: Draft, command: TriageHelp, by: Party, now: datetime) -> Rejection | None:
    """Say which way it goes; a talk of all three only with the asker's word that the partner may know."""
    request = draft.state.help_request(command.help)
    if problem := _not_open(draft.state, request, command.help, command.by):
        return problem
    assert request
    if command.way is HelpWay.TALK and not request.partner_may_know:
        return Rejection(Refusal.PARTNER_MAY_NOT_KNOW)
    if request.way is command.way:
        return Rejection(Refusal.ALREADY_ANSWERED)
    _be_on_it(draft, request, by, now)
    draft.add(HelpTriaged(now, command.help, by, command.way))
    clocks = _clocks(draft.state, request.severity)
    outcome_due = _outcome_due(draft.state, request, now)
    if command.way is HelpWay.TALK and clocks.talk_days:
        soon = working_days_after(now, clocks.take_up_working_days)
        due_at = max(soon, (request.asked_at or now) + timedelta(days=clocks.talk_days))
        _start_clock(draft, now, command.help, HelpStep.TALK, due_at)
    else:
        _start_clock(draft, now, command.help, HelpStep.OUTCOME, outcome_due)
    return None


def arrange_talk(draft: Draft, command: ArrangeTalk, by: Party, now: datetime) -> Rejection | None:
    """A facilitated talk of all three; only with the asker's word that the partner may know."""
    request = draft.state.help_request(command.help)
    if problem := _not_open(draft.state, request, command.help, command.by) or moment_problem(command.starts_at, now):
        return problem
    assert request
    if not request.partner_may_know:
        return Rejection(Refusal.PARTNER_MAY_NOT_KNOW)
    _be_on_it(draft, request, by, now)
    if request.way is not HelpWay.TALK:
        draft.add(HelpTriaged(now, command.help, by, HelpWay.TALK))
    draft.add(TalkArranged(now, command.help, by, command.starts_at))
    # Nobody owes an outcome before the talk has been.
    due_at = max(_outcome_due(draft.state, request, now), _outcome_due(draft.state, request, command.starts_at))
    _start_clock(draft, now, command.help, HelpStep.OUTCOME, due_at)
    return None


def conclude_help(draft: Draft, command: ConcludeHelp, by: Party, now: datetime) -> Rejection | None:
    """Tell the asker what came of it, ask whether it helped, and let the sessions go on or the relationship end."""
    request = draft.state.help_request(command.help)
    if problem := _not_open(draft.state, request, command.help, command.by):
        return problem
    assert request
    if (command.outcome is HelpOutcome.NO_ACTION) is (command.reason is None):
        return Rejection(Refusal.REASON_OF_NO_ACTION)
    _be_on_it(draft, request, by, now)
    draft.add(HelpConcluded(now, command.help, by, command.outcome, command.reason))
    if command.outcome is HelpOutcome.ENDED:
        end(draft, now, RelationshipOutcome.ENDED_BY_PROGRAMME)
    if command.outcome is HelpOutcome.REMATCHED:
        return _rematch(draft, EndForRematch(command.by, command.staying), by, now)
    return None


def _rematch(draft: Draft, command: EndForRematch, by: Party, now: datetime) -> Rejection | None:
    return Rejection(Refusal.CLOSED) if draft.state.rematching else end_for_rematch(draft, command, by, now)


def _be_on_it(draft: Draft, request: HelpRequest, by: Party, now: datetime) -> None:
    """The team need not say twice that somebody is."""
    if not request.taken_up:
        draft.add(HelpTakenUp(now, request.number, by, request.conclude_by))


def _outcome_due(state: Relationship, request: HelpRequest, now: datetime) -> datetime:
    """As promised, and never sooner than the team could act."""
    days = _clocks(state, request.severity).take_up_working_days
    return max(request.conclude_by, working_days_after(now, days))


def _not_open(state: Relationship, request: HelpRequest | None, number: int, person: str) -> Rejection | None:
    """To whomever it must not reach, it does not exist."""
    if request:
        return None if may_act(state, request, person) else Rejection(Refusal.UNKNOWN_HELP, str(number))
    known = 1 <= number <= state.help_count
    return Rejection(Refusal.HELP_CONCLUDED if known else Refusal.UNKNOWN_HELP, str(number))


def pass_on(draft: Draft, before: Relationship, now: datetime) -> None:
    """The team is another one: whoever has to do with a call now gets it, or its asker learns that nobody does."""
    for request in draft.state.help:
        old, new = before.team_for(request)[:1], draft.state.team_for(request)[:1]
        if [*map(before.person, old)] != [*map(draft.state.person, new)]:
            draft.add(HelpPassedOn(now, request.number, new[0] if new else None))


# --- who knows --------------------------------------------------------------------------------------------------


def may_act(state: Relationship, request: HelpRequest, person: str) -> bool:
    """Whether this one of the programme team may have to do with a call; the office acts for whoever is free."""
    return person == PROGRAMME_OFFICE or state.may_help(person, request.severity, request.not_to)


def may_read(state: Relationship, request: HelpRequest, person: str) -> bool:
    """Whether the words of a call may be shown to somebody; to whoever does not say who they are, if to all the team.

    Nobody of the pair reads here, not even their own.
    """
    party = state.party_of(person)
    readers = (person,) if party in state.team and person != PROGRAMME_OFFICE else map(state.person, state.team)
    return party not in PAIR and all(state.may_help(each, request.severity, request.not_to) for each in readers)


def as_seen_by(state: Relationship, person: str) -> Relationship:
    """The state without what must not show to somebody that the other has asked for help; a stranger sees counts."""
    party = state.party_of(person)
    if party is None or person == PROGRAMME_OFFICE:
        return state
    if party not in PAIR:
        return replace(state, help=tuple(each for each in state.help if may_act(state, each, person)))
    own = tuple(request for request in state.help if request.by is party)
    others_ratings = [ask for ask in state.asks if ask.subject is Subject.HELP_RATING and ask.of is not party]
    return replace(state, help=own, asks=tuple(ask for ask in state.asks if ask not in others_ratings))


# --- what follows -----------------------------------------------------------------------------------------------


def keep_asking(draft: Draft, now: datetime) -> None:
    """Ask whoever was helped whether it helped, and show where rules are changed, as soon as that may be written."""
    if not draft.state.moves:
        return
    ladder = Ladder((), draft.state.policy.help_rating_days)
    for number, asker in draft.state.rating_due:
        ask(draft, now, Subject.HELP_RATING, asker, ladder, number)
    for number, asker in draft.state.amend_due if may_be_proposed(draft.state) else ():
        draft.add(AmendmentOffered(now, number, asker))


def rate_help(draft: Draft, command: RateHelp, by: Party, now: datetime) -> Rejection | None:
    """Did it help? Only the asker knows."""
    if (command.help, by) not in draft.state.rated_by:
        return Rejection(Refusal.UNKNOWN_HELP, str(command.help))
    draft.add(HelpRated(now, command.help, by, command.helped))
    return None


def lapse(draft: Draft, lapsed: AskLapsed, now: datetime) -> None:
    """An unrated call for help is simply unrated."""


# --- clocks -----------------------------------------------------------------------------------------------------


def _start_clock(draft: Draft, now: datetime, number: int, step: HelpStep, due_at: datetime) -> None:
    request = draft.state.help_request(number)
    assert request
    clocks = _clocks(draft.state, request.severity)
    next_at = _next_of(clocks, now, due_at, now)
    draft.add(HelpClockStarted(now, number, step, due_at, next_at))


def _next_of(clocks: Help, since: datetime, due_at: datetime, now: datetime) -> datetime:
    parts = [part_of(since, due_at, percent) for percent in (clocks.remind_percent, clocks.backup_percent) if percent]
    return next((at for at in parts if at > now), due_at)


def part_of(since: datetime, due_at: datetime, percent: int) -> datetime:
    """When so much of a clock has gone by, of the hours from Monday to Friday (UTC): nobody is late on a Sunday."""
    spans = [*_working_spans(since, due_at)]
    left = sum((until - start for start, until in spans), timedelta()) * percent / 100
    for start, until in spans:
        if left <= until - start:
            return start + left
        left -= until - start
    return due_at


def _working_spans(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    start = since
    while start < until:
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        if start.weekday() < 5:
            yield start, min(midnight, until)
        start = midnight


def hours(state: Relationship) -> Iterator[Hour]:
    """The programme team's clocks run on through pauses and holds; they end with the relationship."""
    if state.is_ending:
        return
    for request in state.help:
        if request.next_clock_at:
            yield Hour(request.next_clock_at, Coming.TEAM, _Climb(request))


class _Climb:
    """The next rung of a clock; rungs that were slept through are skipped, not caught up with."""

    def __init__(self, request: HelpRequest) -> None:
        self._request = request

    def __call__(self, draft: Draft, now: datetime) -> None:
        since, due_at = self._request.since, self._request.due_at
        if since and due_at and now < due_at:
            self._remind(draft, now, since, due_at)
        else:
            self._tell_everybody(draft, now)

    def _remind(self, draft: Draft, now: datetime, since: datetime, due_at: datetime) -> None:
        clocks = _clocks(draft.state, self._request.severity)
        team = draft.state.team_for(self._request)
        percent, told = clocks.remind_percent, team[:1]
        if clocks.backup_percent and part_of(since, due_at, clocks.backup_percent) <= now:
            percent, told = clocks.backup_percent, team[1:] or team
        next_at = _next_of(clocks, since, due_at, now)
        draft.add(HelpReminded(now, self._request.number, self._request.step, percent, told, next_at))

    def _tell_everybody(self, draft: Draft, now: datetime) -> None:
        state, request = draft.state, self._request
        times = request.overdue_times + 1
        days = _clocks(state, request.severity).take_up_working_days
        next_at = working_days_after(now, days) if times < MOST_OVERDUE_NOTES else None
        team = state.team_for(request)
        beyond = times >= LAST_RESORT_AT or not team
        told = (*team, Party.SAFEGUARDING) if beyond and state.contact_for(request) else team
        draft.add(HelpOverdue(now, request.number, times, next_at, told, beyond and not request.asker_told))
