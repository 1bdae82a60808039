"""The three pure verbs of a relationship, gathered from its acts: open, decide, strike the hour.

`decide(state, command, now)` answers a person: the facts that follow, or the Rejection they read.
`strike(state, now)` answers the clock: everything that has become true by itself.
`report(state, report, now)` takes note of what the engine found out about the world.
None of them raises, looks at a clock or draws a number.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mentoring_lifecycle.domain import (
    addresses,
    agreement,
    asking,
    attendance,
    booking,
    calendar_answers,
    close_out,
    disputes,
    early_end,
    ending,
    extension,
    goal_setting,
    help_requests,
    inactivity,
    leavers,
    onboarding,
    programme_end,
    rematch,
    reviews,
    sessions,
    standing,
    zone_change,
)
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.authorisation import party_of, refused_at_the_gate
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import (
    AskLapsed,
    CalendarVerified,
    Event,
    RelationshipOpened,
    Subject,
)
from mentoring_lifecycle.domain.evolution import opened
from mentoring_lifecycle.domain.hours import Coming, Hour
from mentoring_lifecycle.domain.people import PAIR, Participant, Party
from mentoring_lifecycle.domain.policy import ProgrammePolicy
from mentoring_lifecycle.domain.rejections import Rejection
from mentoring_lifecycle.domain.relationship import Ask, Relationship

Events = tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """What a relationship begins with."""

    relationship: str
    programme: str
    mentor: Participant
    mentee: Participant
    coordinator: str
    backup: str
    zone: str
    policy: ProgrammePolicy
    follows: str = ""
    """Id of the relationship that this one continues, after a re-match or as its reopening; empty: none."""
    carried: tuple[c.Goal, ...] = ()
    """Goals from there whose owners said that they may come along; a suggestion, and no proposal."""
    contact: str = ""
    """Whom to turn to, and whom to tell, where nobody of the programme team is free or acts; empty: nobody."""
    conflicted: tuple[str, ...] = ()
    """Who of the programme team stands in a reporting line with one of the pair, as far as that was looked up."""


def open_relationship(opening: Opening, now: datetime) -> tuple[Relationship, Events]:
    """The first facts: it exists, and both are invited."""
    first = RelationshipOpened(
        at=now,
        relationship=opening.relationship,
        programme=opening.programme,
        mentor=opening.mentor,
        mentee=opening.mentee,
        coordinator=opening.coordinator,
        backup=opening.backup,
        zone=opening.zone,
        ends_at=now + timedelta(weeks=opening.policy.length_weeks),
        policy=opening.policy,
        follows=opening.follows,
        carried=opening.carried,
        contact=opening.contact,
        conflicted=opening.conflicted,
    )
    draft = Draft(opened(first))
    onboarding.invite(draft, now)
    return draft.state, (first, *draft.events)


# --- people -----------------------------------------------------------------------------------------------------


_DECISIONS: dict[type[Any], Callable[[Draft, Any, Party, datetime], Rejection | None]] = {
    c.AnswerInvitation: onboarding.answer_invitation,
    c.CompleteInduction: onboarding.complete_induction,
    c.ProposeRules: agreement.propose_rules,
    c.SignRules: agreement.sign_rules,
    c.ProposeGoals: goal_setting.propose_goals,
    c.AgreeGoals: goal_setting.agree_goals,
    c.SetAgenda: sessions.set_agenda,
    c.MoveSession: booking.move_session,
    c.BookSession: booking.book_session,
    c.CancelSession: booking.cancel_session,
    c.ProposeTimes: booking.propose_times,
    c.AnswerTimes: booking.answer_times,
    c.NoteCalendar: calendar_answers.note_calendar,
    c.AnswerCalendarQuestion: calendar_answers.answer_calendar_question,
    c.ConfirmSession: attendance.confirm_session,
    c.ReportNoShow: attendance.report_no_show,
    c.ExplainAbsence: attendance.explain_absence,
    c.AnswerDispute: disputes.answer_dispute,
    c.SettleDispute: disputes.settle_dispute,
    c.LogSession: attendance.log_session,
    c.GiveReview: reviews.give_review,
    c.AskCoordinator: help_requests.ask_coordinator,
    c.TakeUpHelp: help_requests.take_up_help,
    c.TriageHelp: help_requests.triage_help,
    c.ArrangeTalk: help_requests.arrange_talk,
    c.ConcludeHelp: help_requests.conclude_help,
    c.RateHelp: help_requests.rate_help,
    c.Pause: standing.pause,
    c.Resume: standing.resume,
    c.Hold: standing.hold,
    c.Lift: standing.lift,
    c.NoteLeaver: leavers.note_leaver,
    c.ChangeCoordinator: leavers.change_coordinator,
    c.GoOn: inactivity.go_on,
    c.Exit: standing.leave,
    c.Decide: standing.decide_open_question,
    c.ChangeZone: zone_change.change_zone,
    c.WishExtension: extension.wish_extension,
    c.ProposeEarlyEnd: early_end.propose_early_end,
    c.AgreeEarlyEnd: early_end.agree_early_end,
    c.EndForRematch: rematch.end_for_rematch,
    c.CarryGoals: rematch.carry_goals,
    c.EndByProgramme: programme_end.end_by_programme,
    c.GiveFinalFeedback: close_out.give_final_feedback,
    c.NoteAddress: addresses.note_address,
}


def decide(state: Relationship, command: c.Command, now: datetime) -> Events | Rejection:
    """What follows from a person's command."""
    if refused := refused_at_the_gate(state, command):
        return refused
    by = party_of(state, command)
    assert by
    draft = Draft(state)
    rejection = _DECISIONS[type(command)](draft, command, by, now)
    if rejection:
        return rejection
    keep_going(draft, now)
    return tuple(draft.events)


def keep_going(draft: Draft, now: datetime) -> None:
    """What is due after anything at all, so that no step can forget it."""
    sessions.keep_planning(draft, now)
    help_requests.keep_asking(draft, now)
    inactivity.keep_watch(draft, now)


# --- what the engine found out ----------------------------------------------------------------------------------


def report(state: Relationship, found: c.Report, now: datetime) -> Events:
    """What follows from something the engine found out; a report that comes too late changes nothing."""
    if state.is_closed:
        return ()
    draft = Draft(state)
    if isinstance(found, c.RecordSlot):
        sessions.record_slot(draft, found, now)
    elif isinstance(found, c.RecordCalendarVerified):
        _record_calendar(draft, found, now)
    else:
        addresses.note_failed(draft, found.party, now)
    keep_going(draft, now)
    return tuple(draft.events)


def _record_calendar(draft: Draft, found: c.RecordCalendarVerified, now: datetime) -> None:
    if found.party in draft.state.to_verify:
        draft.add(CalendarVerified(now, found.party, found.clean))
        ending.close_when_clean(draft, now)


# --- what time brings -------------------------------------------------------------------------------------------

_LAPSES: dict[Subject, Callable[[Draft, AskLapsed, datetime], None]] = {
    Subject.INVITATION: onboarding.lapse,
    Subject.INDUCTION: onboarding.lapse,
    Subject.RULES: agreement.lapse,
    Subject.GOALS: goal_setting.lapse,
    Subject.BOOKING: booking.lapse_booking,
    Subject.TIMES: booking.lapse_times,
    Subject.CALENDAR: calendar_answers.lapse,
    Subject.ABSENCE: attendance.lapse,
    Subject.DISPUTE: disputes.lapse,
    Subject.SETTLEMENT: disputes.lapse,
    Subject.HELP_RATING: help_requests.lapse,
    Subject.FINAL_FEEDBACK: close_out.lapse,
    Subject.GOING_ON: inactivity.lapse,
    Subject.EARLY_END: early_end.lapse,
    Subject.CARRY_GOALS: rematch.lapse,
}
"""What silence leads to. Sessions settle, and decisions fall, by hours of their own."""


def _lapses(state: Relationship) -> Iterator[Hour]:
    for open_ask in state.asks:
        if open_ask.subject in _LAPSES and state.clock_runs(open_ask.of):
            what = Coming.ANSWER if open_ask.of in PAIR else Coming.TEAM
            yield Hour(open_ask.expires_at, what, _Lapse(open_ask))


class _Lapse:
    """One question has been open for too long."""

    def __init__(self, open_ask: Ask) -> None:
        self._ask = open_ask

    def __call__(self, draft: Draft, now: datetime) -> None:
        lapsed = AskLapsed(now, self._ask.subject, self._ask.of, self._ask.number)
        draft.add(lapsed)
        _LAPSES[lapsed.subject](draft, lapsed, now)


def hours(state: Relationship) -> tuple[Hour, ...]:
    """Every hour that lies in this state, the earliest first; of equal ones the order here decides."""
    if state.is_closed:
        return ()
    sources = (
        ending.hours,
        standing.hours,
        leavers.hours,
        close_out.hours,
        sessions.hours,
        help_requests.hours,
        addresses.hours,
        inactivity.hours,
        _lapses,
        asking.reminders,
    )
    return tuple(sorted((hour for source in sources for hour in source(state)), key=lambda hour: hour.at))


def next_hour(state: Relationship) -> datetime | None:
    """When time brings something next; None when nothing will move by itself."""
    return next((hour.at for hour in hours(state)), None)


def strike(state: Relationship, now: datetime) -> Events:
    """Everything that has become true by `now`, in the order of its hours."""
    draft = Draft(state)
    while (due := hours(draft.state)) and due[0].at <= now:
        due[0].strike(draft, now)
        keep_going(draft, now)
    return tuple(draft.events)
