"""How each fact changes the state: one small function per event, no decisions, no clock."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.commands import AbsenceAnswer, Comfort, HelpOutcome
from mentoring_lifecycle.domain.people import PAIR, Party, partner_of
from mentoring_lifecycle.domain.relationship import (
    Amendment,
    Ask,
    Difference,
    Doubt,
    HelpRequest,
    Relationship,
    Session,
)


def evolve(state: Relationship, event: e.Event) -> Relationship:
    """The state after one more event."""
    after = _with_sign_of_life(_EVOLUTIONS[type(event)](state, event), event)
    return replace(after, sequence=state.sequence + 1)


def opened(event: e.RelationshipOpened) -> Relationship:
    """The first state of all."""
    return Relationship(
        id=event.relationship,
        programme=event.programme,
        mentor=event.mentor,
        mentee=event.mentee,
        coordinator=event.coordinator,
        backup=event.backup,
        zone=event.zone,
        policy=event.policy,
        opened_at=event.at,
        ends_at=event.ends_at,
        follows=event.follows,
        carried=event.carried,
        contact=event.contact,
        conflicted=event.conflicted,
    )


# --- signs of life ----------------------------------------------------------------------------------------------


def _with_sign_of_life(state: Relationship, event: e.Event) -> Relationship:
    """While sessions are under way, whatever one of the pair does shows that they are there."""
    by = getattr(event, "by", None)
    if state.phase is not e.Phase.ACTIVE:
        return state
    if isinstance(event, e.PhaseEntered):
        return _quiet_since(state, event.at)
    if by not in PAIR:
        return state
    # A session that one of them put far ahead is no silence until it is over.
    seen = _quiet_since(state, event.ends_at if isinstance(event, e.SessionPlanned | e.SessionMoved) else event.at)
    if seen.ask(e.Subject.GOING_ON, by) is None:
        return seen
    return _without_ask(replace(seen, going_on=(*seen.going_on, by)), e.Subject.GOING_ON, by)


def _quiet_since(state: Relationship, at: datetime) -> Relationship:
    return replace(state, last_sign_at=max(at, state.last_sign_at or at), silence_noticed=False)


# --- questions --------------------------------------------------------------------------------------------------


def _asked(state: Relationship, event: e.Asked) -> Relationship:
    ask = Ask(
        event.subject,
        event.of,
        event.number,
        event.at,
        event.remind_at,
        event.expires_at,
        topic=event.topic,
        opened=state.sequence + 1,
        stopped_at=None if state.clock_runs(event.of) else event.at,
    )
    rest = _without_ask(state, event.subject, event.of, event.number)
    limit = None if event.topic is e.DecisionTopic.PAUSE_TOO_LONG else state.pause_limit_at
    due = state.rating_due
    if event.subject is e.Subject.HELP_RATING:
        due = tuple(each for each in due if each[0] != event.number)
    asked = replace(state, asks=(*rest.asks, ask), pause_limit_at=limit, rating_due=due)
    if event.subject is e.Subject.GOING_ON:
        return replace(asked, going_on=(), unknown_heeded=len(state.results))
    return asked


def _reminded(state: Relationship, event: e.Reminded) -> Relationship:
    def after(ask: Ask) -> Ask:
        if (ask.subject, ask.of, ask.number) != (event.subject, event.of, event.number):
            return ask
        return replace(ask, reminded=event.times, remind_at=ask.remind_at[1 + event.skipped :])

    return replace(state, asks=tuple(after(ask) for ask in state.asks))


def _without_ask(
    state: Relationship, subject: e.Subject, of: Party | None = None, number: int | None = None
) -> Relationship:
    def is_meant(ask: Ask) -> bool:
        return ask.subject is subject and of in (None, ask.of) and number in (None, ask.number)

    return replace(state, asks=tuple(ask for ask in state.asks if not is_meant(ask)))


def _ask_lapsed(state: Relationship, event: e.AskLapsed) -> Relationship:
    """What was proposed is off with the question about it."""
    if event.subject is e.Subject.CALENDAR:
        return _without_question_about_calendar(state, event.number, event.of)
    lapsed = _without_ask(state, event.subject, event.of, event.number)
    if event.subject is e.Subject.RULES:
        return replace(lapsed, amendment=None)
    return replace(lapsed, early_end_by=None) if event.subject is e.Subject.EARLY_END else lapsed


def _phase_entered(state: Relationship, event: e.PhaseEntered) -> Relationship:
    """Questions of an earlier phase end with it; a session, a call for help and what was proposed outlive it."""
    lasting: tuple[e.Subject, ...] = _LASTING
    if state.phase in e.MEETING:
        lasting = (*_LASTING, e.Subject.RULES, e.Subject.EARLY_END, e.Subject.CARRY_GOALS)
    asks = tuple(ask for ask in state.asks if ask.subject in lasting or ask.topic in e.LASTING_TOPICS)
    return replace(state, phase=event.phase, asks=asks)


_LASTING = (*e.ABOUT_A_SESSION, e.Subject.HELP_RATING)


# --- onboarding -------------------------------------------------------------------------------------------------


def _invitation_accepted(state: Relationship, event: e.InvitationAccepted) -> Relationship:
    return _without_ask(replace(state, accepted=(*state.accepted, event.by)), e.Subject.INVITATION, event.by)


def _invitation_declined(state: Relationship, event: e.InvitationDeclined) -> Relationship:
    return _without_ask(state, e.Subject.INVITATION, event.by)


def _induction_completed(state: Relationship, event: e.InductionCompleted) -> Relationship:
    others = tuple(answer for answer in state.comfort if answer[0] is not event.by)
    told = _without_ask(replace(state, comfort=(*others, (event.by, event.comfort))), e.Subject.INDUCTION, event.by)
    if event.comfort is not Comfort.YES:
        return told
    return _without_ask(told, e.Subject.DECISION, number=e.decision_number(e.DecisionTopic.COMFORT, event.by))


def _without_decision(state: Relationship, topic: e.DecisionTopic) -> Relationship:
    return _without_ask(state, e.Subject.DECISION, number=e.decision_number(topic))


# --- ground rules and goals -------------------------------------------------------------------------------------


def _rules_proposed(state: Relationship, event: e.RulesProposed) -> Relationship:
    fresh = replace(
        state, rules_version=event.version, rules_values=event.values, signed=(), last_version=event.version
    )
    return _without_decision(_without_ask(fresh, e.Subject.RULES), e.DecisionTopic.RULES_UNSIGNED)


def _rules_signed(state: Relationship, event: e.RulesSigned) -> Relationship:
    signed = replace(state, signed=(*state.signed, event.by), signed_at=event.at)
    return _without_ask(signed, e.Subject.RULES, event.by)


def _amendment_proposed(state: Relationship, event: e.AmendmentProposed) -> Relationship:
    """The version in force, and both signatures below it, stay as they are."""
    amendment = Amendment(event.version, event.values, event.by)
    return _without_ask(replace(state, amendment=amendment, last_version=event.version), e.Subject.RULES)


def _rules_amended(state: Relationship, event: e.RulesAmended) -> Relationship:
    values = state.amendment.values if state.amendment else state.rules_values
    amended = replace(state, rules_version=event.version, rules_values=values, amendment=None)
    return _without_ask(amended, e.Subject.RULES)


def _goals_proposed(state: Relationship, event: e.GoalsProposed) -> Relationship:
    fresh = replace(
        state,
        proposal=event.proposal,
        proposed_by=event.by,
        goals=event.goals,
        topics=event.topics,
        every_weeks=event.every_weeks,
        goals_agreed=False,
    )
    return _without_decision(_without_ask(fresh, e.Subject.GOALS), e.DecisionTopic.GOALS_UNSET)


def _goals_agreed(state: Relationship, event: e.GoalsAgreed) -> Relationship:
    return _without_ask(replace(state, goals_agreed=True, carried=()), e.Subject.GOALS)


# --- sessions ---------------------------------------------------------------------------------------------------


def _slot_wanted(state: Relationship, event: e.SlotWanted) -> Relationship:
    return replace(_unpencilled(state), slot_wanted=event.session, slot_order=state.sequence + 1)


def _slot_found(state: Relationship, event: e.SlotFound) -> Relationship:
    return replace(
        state,
        slot_wanted=0,
        pencilled=event.starts_at,
        pencilled_remind_at=event.remind_at,
        pencilled_notes=event.notes,
        pencilled_ask_at=event.ask_at,
        proposals=event.proposals,
    )


def _unpencilled(state: Relationship) -> Relationship:
    """Neither found nor being found: the next session's time is as open as ever."""
    return replace(
        state,
        pencilled=None,
        pencilled_remind_at=None,
        pencilled_ask_at=None,
        pencilled_notes=(),
        proposals=(),
        slot_wanted=0,
        slot_order=0,
    )


def _session_planned(state: Relationship, event: e.SessionPlanned) -> Relationship:
    session = Session(
        event.session,
        event.starts_at,
        event.ends_at,
        event.final,
        remind_at=event.remind_at,
        notes=event.notes,
        ask_at=event.ask_at,
    )
    return replace(
        _without_ask(_unpencilled(state), e.Subject.BOOKING),
        sessions=(*state.sessions, session),
        next_session=event.session + 1,
        last_planned=event.session,
        to_book=False,
        last_slot=event.starts_at,
    )


def _with_session(state: Relationship, number: int, **changes: Any) -> Relationship:
    def after(session: Session) -> Session:
        return replace(session, **changes) if session.number == number else session

    return replace(state, sessions=tuple(after(session) for session in state.sessions))


def _without_session(state: Relationship, number: int) -> Relationship:
    return replace(state, sessions=tuple(session for session in state.sessions if session.number != number))


def _agenda_set(state: Relationship, event: e.AgendaSet) -> Relationship:
    return _with_session(state, event.session, agenda=event.points)


def _session_moved(state: Relationship, event: e.SessionMoved) -> Relationship:
    """Whoever waited in vain at the old time waits no more."""
    session = state.session(event.session)
    revision = session.next_revision if session else 1
    moved = _with_session(
        _without_ask(state, e.Subject.CALENDAR, number=event.session),
        event.session,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        revision=revision,
        time_since=revision,
        reminded=False,
        remind_at=None,
        ask_at=None,
        notes=(),
        moves=session.moves + 1 if session else 1,
        replies=(),
        differences=(),
        answers=(),
        missed=(),
    )
    counted = _with_changes(moved, event.by, late_moves=1) if event.late else moved
    return _without_times(counted, event.session)


def _times_proposed(state: Relationship, event: e.TimesProposed) -> Relationship:
    cleared = _without_times(state, event.session)
    return _with_session(cleared, event.session, times=event.times, times_by=event.by)


def _times_answered(state: Relationship, event: e.TimesAnswered) -> Relationship:
    return _without_times(state, event.session)


def _without_times(state: Relationship, number: int) -> Relationship:
    """Nothing is proposed for a session any more, and nobody is asked about it."""
    return _without_ask(_with_session(state, number, times=(), times_by=None), e.Subject.TIMES, number=number)


def _with_changes(state: Relationship, party: Party, **more: int) -> Relationship:
    before = state.changes_of(party)
    after = replace(before, **{name: getattr(before, name) + count for name, count in more.items()})
    return replace(state, changes=(*(each for each in state.changes if each.of is not party), after))


def _calendar_answered(state: Relationship, event: e.CalendarAnswered) -> Relationship:
    session = state.session(event.session)
    others = tuple(reply for reply in session.replies if reply[0] is not event.by) if session else ()
    told = _with_session(state, event.session, replies=(*others, (event.by, event.answer)))
    return _without_question_about_calendar(told, event.session, event.by)


def _calendar_differs(state: Relationship, event: e.CalendarDiffers) -> Relationship:
    closed = _without_question_about_calendar(state, event.session, event.by)
    session = closed.session(event.session)
    if session is None:
        return state
    return _with_session(
        closed,
        event.session,
        differences=(
            *session.differences,
            Difference(event.by, event.answer, event.starts_at, revision=session.revision),
        ),
        seen_revision=max(session.seen_revision, min(event.revision, session.revision + _FARTHEST_REVISION)),
        replies=tuple(reply for reply in session.replies if reply[0] is not event.by),
    )


_FARTHEST_REVISION = 100
"""A calendar that shows a wilder number is not followed there."""


def _calendar_restored(state: Relationship, event: e.CalendarRestored) -> Relationship:
    """One revision above any that was seen, so that every calendar heeds it; the time stays the same."""
    closed = _without_question_about_calendar(state, event.session, event.by)
    session = closed.session(event.session)
    revision = session.next_revision if session else 0
    return _with_session(closed, event.session, revision=revision)


def _without_question_about_calendar(state: Relationship, number: int, of: Party) -> Relationship:
    session = state.session(number)
    if session is None:
        return state
    differences = tuple(replace(each, is_open=False) if each.of is of else each for each in session.differences)
    answered = _with_session(state, number, differences=differences)
    return _without_ask(answered, e.Subject.CALENDAR, of, number)


def _nothing_changes(state: Relationship, event: e.Event) -> Relationship:
    """A fact that is told and remembered elsewhere."""
    return state


def _session_reminded(state: Relationship, event: e.SessionReminded) -> Relationship:
    return _with_session(state, event.session, reminded=True)


def _session_cancelled(state: Relationship, event: e.SessionCancelled) -> Relationship:
    """The rhythm is broken with it: a time that was found for the next one no longer fits."""
    left = _unpencilled(_without_session(state, event.session))
    for subject in (e.Subject.TIMES, e.Subject.CALENDAR):
        left = _without_ask(left, subject, number=event.session)
    if event.by is None:
        return left
    counted = _with_changes(left, event.by, cancelled=1, late_cancelled=int(event.late))
    return replace(counted, to_book=True, cancelled_in_a_row=state.cancelled_in_a_row + 1)


def _session_ended(state: Relationship, event: e.SessionEnded) -> Relationship:
    ended = _without_ask(_without_times(state, event.session), e.Subject.CALENDAR, number=event.session)
    ended = _with_session(ended, event.session, asked_at=event.at)
    over = len(ended.results) + sum(not session.lies_ahead for session in ended.sessions)
    is_early_point = event.at >= ended.opened_at + timedelta(days=ended.policy.first_pulse_days)
    return replace(
        ended,
        review_session=ended.review_session or (event.session if over >= ended.review_after else 0),
        pulse_session=ended.pulse_session or (event.session if is_early_point else 0),
    )


def _session_confirmed(state: Relationship, event: e.SessionConfirmed) -> Relationship:
    told = _with_answer(state, event.session, event.by, held=event.held)
    return _without_ask(told, e.Subject.SESSION, event.by, event.session)


def _with_answer(state: Relationship, number: int, by: Party, *, held: bool) -> Relationship:
    """A first answer stands."""
    session = state.session(number)
    if session is None or by in dict(session.answers):
        return state
    return _with_session(state, number, answers=(*session.answers, (by, held)))


def _session_logged(state: Relationship, event: e.SessionLogged) -> Relationship:
    session = Session(
        event.session,
        event.starts_at,
        event.ends_at,
        final=False,
        asked_at=event.at,
        answers=((event.by, True),),
        logged=True,
    )
    return replace(
        state,
        sessions=(*state.sessions, session),
        next_session=event.session + 1,
        logged=(*state.logged, event.session),
    )


def _absence_reported(state: Relationship, event: e.AbsenceReported) -> Relationship:
    """Neither is asked any more whether it took place: one has said it, and the other is asked something else."""
    told = _with_answer(state, event.session, event.by, held=False)
    session = told.session(event.session)
    missed = (*session.missed, partner_of(event.by)) if session else ()
    return _without_ask(_with_session(told, event.session, missed=missed), e.Subject.SESSION, number=event.session)


def _absence_explained(state: Relationship, event: e.AbsenceExplained) -> Relationship:
    was_held = event.explanation is AbsenceAnswer.WAS_HELD
    told = _with_answer(state, event.session, event.by, held=was_held)
    return _without_ask(told, e.Subject.ABSENCE, event.by, event.session)


def _session_disputed(state: Relationship, event: e.SessionDisputed) -> Relationship:
    return _with_nothing_asked(_with_session(state, event.session, disputed_at=event.at), event.session)


def _dispute_answered(state: Relationship, event: e.DisputeAnswered) -> Relationship:
    session = state.session(event.session)
    forms = (*session.forms, (event.by, event.talked, event.elsewhere)) if session else ()
    told = _with_session(state, event.session, forms=forms)
    return _without_ask(told, e.Subject.DISPUTE, event.by, event.session)


def _with_nothing_asked(state: Relationship, number: int) -> Relationship:
    """No question about one session stays open."""
    for subject in (e.Subject.SESSION, e.Subject.ABSENCE, e.Subject.DISPUTE, e.Subject.SETTLEMENT):
        state = _without_ask(state, subject, number=number)
    return state


def _session_settled(state: Relationship, event: e.SessionSettled) -> Relationship:
    session = state.session(event.session)
    since = event.at - timedelta(days=state.policy.sessions.logged_within_days)
    times = (*state.times, (session.starts_at, session.ends_at)) if session else state.times
    settled = replace(
        state,
        results=(*state.results, (event.session, event.result)),
        times=tuple(each for each in times if each[1] >= since),
        absences=(*state.absences, (event.session, event.absent)) if event.absent else state.absences,
        cancelled_in_a_row=0 if event.result in e.TOOK_PLACE else state.cancelled_in_a_row,
    )
    return _with_nothing_asked(_without_session(settled, event.session), event.session)


def _review_given(state: Relationship, event: e.ReviewGiven) -> Relationship:
    return replace(state, reviewed=(*state.reviewed, event.by))


# --- help -------------------------------------------------------------------------------------------------------


def _help_asked(state: Relationship, event: e.HelpAsked) -> Relationship:
    request = HelpRequest(
        number=event.help,
        by=event.by,
        matter=event.matter,
        severity=event.severity,
        words=event.words,
        partner_may_know=event.partner_may_know,
        holds_sessions=event.holds_sessions,
        conclude_by=event.conclude_by,
        next_clock_at=event.take_up_by,
        asked_at=event.at,
        not_to=event.not_to,
    )
    return replace(state, help=(*state.help, request), help_count=event.help)


def _with_help(state: Relationship, number: int, **changes: Any) -> Relationship:
    def after(request: HelpRequest) -> HelpRequest:
        return replace(request, **changes) if request.number == number else request

    return replace(state, help=tuple(after(request) for request in state.help))


def _help_clock_started(state: Relationship, event: e.HelpClockStarted) -> Relationship:
    clock = {"step": event.step, "since": event.at, "due_at": event.due_at, "next_clock_at": event.next_at}
    return _with_help(state, event.help, **clock)


def _help_reminded(state: Relationship, event: e.HelpReminded) -> Relationship:
    return _with_help(state, event.help, next_clock_at=event.next_at)


def _help_overdue(state: Relationship, event: e.HelpOverdue) -> Relationship:
    request = state.help_request(event.help)
    told = event.tells_asker or bool(request and request.asker_told)
    return _with_help(state, event.help, overdue_times=event.times, next_clock_at=event.next_at, asker_told=told)


def _help_taken_up(state: Relationship, event: e.HelpTakenUp) -> Relationship:
    by = state.person(event.by)
    return _with_help(state, event.help, taken_up=True, taken_up_by=by, next_clock_at=event.next_at)


def _help_passed_on(state: Relationship, event: e.HelpPassedOn) -> Relationship:
    """Whoever has to do with it now has not taken it up yet."""
    request = state.help_request(event.help)
    told = event.to is None or bool(request and request.asker_told)
    return _with_help(state, event.help, taken_up=False, taken_up_by="", asker_told=told)


def _help_triaged(state: Relationship, event: e.HelpTriaged) -> Relationship:
    return _with_help(state, event.help, way=event.way)


def _help_concluded(state: Relationship, event: e.HelpConcluded) -> Relationship:
    asker = next((request.by for request in state.help if request.number == event.help), event.by)
    left = tuple(request for request in state.help if request.number != event.help)
    unrated = (event.help, asker)
    amends = event.outcome is HelpOutcome.AGREEMENT_AMENDED
    return replace(
        state,
        help=left,
        rated_by=(*state.rated_by, unrated),
        rating_due=(*state.rating_due, unrated),
        amend_due=(*state.amend_due, unrated) if amends else state.amend_due,
    )


def _amendment_offered(state: Relationship, event: e.AmendmentOffered) -> Relationship:
    return replace(state, amend_due=tuple(pair for pair in state.amend_due if pair[0] != event.help))


def _help_rated(state: Relationship, event: e.HelpRated) -> Relationship:
    left = tuple(pair for pair in state.rated_by if pair[0] != event.help)
    due = tuple(pair for pair in state.rating_due if pair[0] != event.help)
    return _without_ask(replace(state, rated_by=left, rating_due=due), e.Subject.HELP_RATING, event.by, event.help)


# --- standing ---------------------------------------------------------------------------------------------------


def _paused(state: Relationship, event: e.Paused) -> Relationship:
    paused = replace(
        state,
        paused=True,
        paused_until=event.until,
        pause_limit_at=event.at + timedelta(weeks=state.policy.pause_weeks),
        frozen_since=state.frozen_since or event.at,
        stops=state.stops + 1,
        to_verify=PAIR,
    )
    return _with_clocks(paused, event.at)


def _resumed(state: Relationship, event: e.Resumed) -> Relationship:
    resumed = replace(state, paused=False, paused_until=None, pause_limit_at=None)
    return _thawed(_without_decision(resumed, e.DecisionTopic.PAUSE_TOO_LONG), event.at)


def _hold_placed(state: Relationship, event: e.HoldPlaced) -> Relationship:
    held = replace(
        state,
        held=True,
        seals=(event.seal,),
        hold_asked_at=event.at + timedelta(days=state.policy.hold_first_reminder_days),
        frozen_since=state.frozen_since or event.at,
        stops=state.stops + 1,
        to_verify=PAIR,
    )
    return _with_clocks(held, event.at)


def _hold_joined(state: Relationship, event: e.HoldJoined) -> Relationship:
    # A hold of an earlier version has none, and is still the first.
    return replace(state, seals=(*(state.seals or ("",)), event.seal))


def _hold_left(state: Relationship, event: e.HoldLeft) -> Relationship:
    return replace(state, seals=tuple(seal for seal in state.seals if seal != event.seal))


def _hold_remembered(state: Relationship, event: e.HoldRemembered) -> Relationship:
    return replace(state, hold_asked_at=event.at + timedelta(weeks=state.policy.hold_reminder_weeks))


def _hold_lifted(state: Relationship, event: e.HoldLifted) -> Relationship:
    return _thawed(replace(state, held=False, seals=(), hold_asked_at=None), event.at)


def _with_clocks(state: Relationship, at: datetime) -> Relationship:
    """Clocks of open questions stop or go on with the standing; each is shifted by its own standstill alone."""

    def after(ask: Ask) -> Ask:
        runs = state.clock_runs(ask.of)
        if runs and ask.stopped_at:
            return replace(_later(ask, at - ask.stopped_at), stopped_at=None)
        return ask if runs or ask.stopped_at else replace(ask, stopped_at=at)

    return replace(state, asks=tuple(after(ask) for ask in state.asks))


def _thawed(state: Relationship, at: datetime) -> Relationship:
    """Once nothing freezes it any more, the end and the open sessions go on where they stood."""
    state = _with_clocks(state, at)
    if state.held or state.is_paused or state.frozen_since is None:
        return state
    by = at - state.frozen_since
    seen_at = min(at, state.last_sign_at + by) if state.last_sign_at else None
    return replace(
        _unpencilled(state),
        frozen_since=None,
        ends_at=state.ends_at + by,
        last_sign_at=seen_at,
        sessions=tuple(_session_later(session, by) for session in state.sessions),
    )


def _session_later(session: Session, by: timedelta) -> Session:
    asked_at, disputed_at = session.asked_at, session.disputed_at
    return replace(session, asked_at=asked_at and asked_at + by, disputed_at=disputed_at and disputed_at + by)


def _later(ask: Ask, by: timedelta) -> Ask:
    return replace(ask, remind_at=tuple(at + by for at in ask.remind_at), expires_at=ask.expires_at + by)


def _zone_changed(state: Relationship, event: e.ZoneChanged) -> Relationship:
    """What is booked stays; a time that is only pencilled, or being found, is found again where it lies beyond."""
    changed = replace(state, zone=state.zone_at(event.at), next_zone=event.zone, next_zone_at=event.starting)
    if event.starting <= event.at:
        changed = replace(state, zone=event.zone, next_zone="", next_zone_at=None)
    reaches = state.slot_wanted or (state.pencilled is not None and state.pencilled >= event.starting)
    return _unpencilled(changed) if reaches else changed


# --- who is there -----------------------------------------------------------------------------------------------


def _leaver_noted(state: Relationship, event: e.LeaverNoted) -> Relationship:
    """To everybody but the team it looks like a pause."""
    gone = replace(
        state,
        leaving=(*state.leaving, (event.party, event.final_at)),
        staying=tuple(party for party in PAIR if party is not event.party and party not in state.gone),
        frozen_since=state.frozen_since or event.at,
        stops=state.stops + 1,
        to_verify=PAIR,
    )
    return _with_clocks(gone, event.at)


def _leaver_returned(state: Relationship, event: e.LeaverReturned) -> Relationship:
    left = tuple(each for each in state.leaving if each[0] is not event.party)
    return _thawed(replace(state, leaving=left, staying=(event.party,) if left else ()), event.at)


def _coordinator_lost(state: Relationship, event: e.CoordinatorLost) -> Relationship:
    return replace(state, coordinator_lost=True)


def _coordinator_changed(state: Relationship, event: e.CoordinatorChanged) -> Relationship:
    known = tuple(party for party in state.failed_addresses if party in PAIR)
    return replace(
        state,
        coordinator=event.coordinator,
        backup=event.backup,
        coordinator_lost=False,
        failed_addresses=known,
        conflicted=state.conflicted if event.conflicted is None else event.conflicted,
    )


def _silence_noticed(state: Relationship, event: e.SilenceNoticed) -> Relationship:
    return replace(state, silence_noticed=True)


def _one_goes_on(state: Relationship, event: e.OneGoesOn) -> Relationship:
    return replace(state, going_on=())


# --- leaving and closing ----------------------------------------------------------------------------------------


def _left(state: Relationship, event: e.Left) -> Relationship:
    return replace(state, left_by=event.by)


def _decision_made(state: Relationship, event: e.DecisionMade) -> Relationship:
    limit = event.at + timedelta(weeks=state.policy.pause_weeks) if state.paused else None
    return _without_ask(replace(state, pause_limit_at=limit), e.Subject.DECISION)


def _extension_wished(state: Relationship, event: e.ExtensionWished) -> Relationship:
    others = tuple(wish for wish in state.wishes if wish[0] is not event.by)
    return replace(state, wishes=(*others, (event.by, event.weeks)))


def _extension_agreed(state: Relationship, event: e.ExtensionAgreed) -> Relationship:
    """What was to be the last session is one among others again."""
    return replace(
        state,
        ends_at=event.ends_at,
        wishes=(),
        extensions=state.extensions + 1,
        sessions_added=state.sessions_added + event.sessions,
        sessions=tuple(replace(s, final=False) if s.lies_ahead else s for s in state.sessions),
    )


def _early_end_proposed(state: Relationship, event: e.EarlyEndProposed) -> Relationship:
    return replace(state, early_end_by=event.by)


def _early_end_agreed(state: Relationship, event: e.EarlyEndAgreed) -> Relationship:
    return replace(state, ended_early=True, ends_at=event.at)


def _end_brought_forward(state: Relationship, event: e.EndBroughtForward) -> Relationship:
    is_earlier = event.ends_at < state.ends_at
    return replace(
        _unpencilled(state),
        ended_by_programme=True,
        ended_early=state.ended_early or is_earlier,
        ends_at=event.ends_at,
        wishes=(),
    )


def _rematch_decided(state: Relationship, event: e.RematchDecided) -> Relationship:
    """Nothing else is asked any more but what the two remember differently, and a pause ends with it."""
    witnessed = (e.Subject.ABSENCE, e.Subject.DISPUTE, e.Subject.SETTLEMENT)
    ending = replace(
        _unpencilled(state),
        rematching=event.asked,
        staying=event.staying,
        asks=tuple(ask for ask in state.asks if ask.subject in witnessed),
        amendment=None,
        early_end_by=None,
        wishes=(),
        paused=False if event.asked else state.paused,
        paused_until=None,
        pause_limit_at=None,
    )
    return _thawed(ending, event.at)


def _goals_carried(state: Relationship, event: e.GoalsCarried) -> Relationship:
    others = tuple(each for each in state.carry if each[0] is not event.by)
    return _without_ask(replace(state, carry=(*others, (event.by, event.yes))), e.Subject.CARRY_GOALS, event.by)


def _end_reached(state: Relationship, event: e.EndReached) -> Relationship:
    """What was proposed and not agreed to by now is off."""
    off = (e.Subject.BOOKING, e.Subject.RULES, e.Subject.EARLY_END)
    over = replace(
        _unpencilled(state),
        end_reached=True,
        wishes=(),
        amendment=None,
        early_end_by=None,
        asks=tuple(ask for ask in state.asks if ask.subject not in off),
    )
    return _with_clocks(over, event.at)


def _final_feedback_given(state: Relationship, event: e.FinalFeedbackGiven) -> Relationship:
    touch = (*state.keep_in_touch, event.by) if event.keep_in_touch else state.keep_in_touch
    given = replace(state, feedback=(*state.feedback, event.by), keep_in_touch=touch)
    return _without_ask(given, e.Subject.FINAL_FEEDBACK, event.by)


def _end_decided(state: Relationship, event: e.EndDecided) -> Relationship:
    return replace(
        _unpencilled(state),
        ending=event.outcome,
        close_by=event.close_by,
        asks=(),
        to_verify=PAIR,
        unclean=(),
    )


def _calendar_verified(state: Relationship, event: e.CalendarVerified) -> Relationship:
    left = tuple(party for party in state.to_verify if party is not event.party)
    unclean = tuple(party for party in state.unclean if party is not event.party)
    return replace(state, to_verify=left, unclean=unclean if event.clean else (*unclean, event.party))


# --- addresses --------------------------------------------------------------------------------------------------

TRIES_APART = timedelta(hours=24)
"""Between one try of a doubted address and the next."""


def _address_failed(state: Relationship, event: e.AddressFailed) -> Relationship:
    failed = replace(_undoubted(state, event.party), failed_addresses=(*state.failed_addresses, event.party))
    return _with_clocks(failed, event.at)


def _address_works(state: Relationship, event: e.AddressWorks) -> Relationship:
    left = tuple(party for party in state.failed_addresses if party is not event.party)
    works = replace(_undoubted(state, event.party), failed_addresses=left)
    return _asked_anew(_with_clocks(works, event.at), event.party)


def _address_doubted(state: Relationship, event: e.AddressDoubted) -> Relationship:
    doubt = state.doubt(event.party) or Doubt(event.party, event.at, event.at, event.at + TRIES_APART)
    heard = replace(doubt, heard_at=event.at)
    return replace(state, doubts=(*_undoubted(state, event.party).doubts, heard))


def _letters_repeated(state: Relationship, event: e.LettersRepeated) -> Relationship:
    doubt = state.doubt(event.party)
    if doubt is None:
        return state
    tried = replace(doubt, repeated_at=event.at, again_at=event.at + TRIES_APART)
    doubted = replace(state, doubts=(*_undoubted(state, event.party).doubts, tried))
    return _asked_anew(doubted, event.party)


def _address_trusted(state: Relationship, event: e.AddressTrusted) -> Relationship:
    return _undoubted(state, event.party)


def _undoubted(state: Relationship, party: Party) -> Relationship:
    return replace(state, doubts=tuple(doubt for doubt in state.doubts if doubt.party is not party))


def _asked_anew(state: Relationship, party: Party) -> Relationship:
    """The same questions, put by another event: letters that went out before are overtaken."""

    def after(ask: Ask) -> Ask:
        return replace(ask, opened=state.sequence + 1) if ask.of is party else ask

    return replace(state, asks=tuple(after(ask) for ask in state.asks))


def _closed(state: Relationship, event: e.Closed) -> Relationship:
    return replace(
        state,
        phase=e.Phase.CLOSED,
        outcome=event.outcome,
        paused=False,
        held=False,
        seals=(),
        asks=(),
        help=(),
        rated_by=(),
    )


_EVOLUTIONS: dict[type[Any], Callable[[Relationship, Any], Relationship]] = {
    e.Asked: _asked,
    e.Reminded: _reminded,
    e.AskLapsed: _ask_lapsed,
    e.PhaseEntered: _phase_entered,
    e.InvitationAccepted: _invitation_accepted,
    e.InvitationDeclined: _invitation_declined,
    e.InductionCompleted: _induction_completed,
    e.RulesProposed: _rules_proposed,
    e.RulesSigned: _rules_signed,
    e.AmendmentProposed: _amendment_proposed,
    e.RulesAmended: _rules_amended,
    e.GoalsProposed: _goals_proposed,
    e.GoalsAgreed: _goals_agreed,
    e.SlotWanted: _slot_wanted,
    e.SlotFound: _slot_found,
    e.SessionPlanned: _session_planned,
    e.AgendaSet: _agenda_set,
    e.SessionMoved: _session_moved,
    e.TimesProposed: _times_proposed,
    e.TimesAnswered: _times_answered,
    e.TalkSuggested: _nothing_changes,
    e.ChangesNoted: _nothing_changes,
    e.CalendarAnswered: _calendar_answered,
    e.CalendarDiffers: _calendar_differs,
    e.CalendarRestored: _calendar_restored,
    e.SessionReminded: _session_reminded,
    e.SessionCancelled: _session_cancelled,
    e.SessionEnded: _session_ended,
    e.SessionConfirmed: _session_confirmed,
    e.SessionLogged: _session_logged,
    e.AbsenceReported: _absence_reported,
    e.AbsenceExplained: _absence_explained,
    e.SessionDisputed: _session_disputed,
    e.DisputeAnswered: _dispute_answered,
    e.CheckInWanted: _nothing_changes,
    e.ReviewGiven: _review_given,
    e.SessionSettled: _session_settled,
    e.HelpAsked: _help_asked,
    e.HelpClockStarted: _help_clock_started,
    e.HelpReminded: _help_reminded,
    e.HelpOverdue: _help_overdue,
    e.HelpTakenUp: _help_taken_up,
    e.HelpPassedOn: _help_passed_on,
    e.HelpTriaged: _help_triaged,
    e.TalkArranged: _nothing_changes,
    e.HelpConcluded: _help_concluded,
    e.AmendmentOffered: _amendment_offered,
    e.HelpRated: _help_rated,
    e.Paused: _paused,
    e.Resumed: _resumed,
    e.HoldPlaced: _hold_placed,
    e.HoldJoined: _hold_joined,
    e.HoldLeft: _hold_left,
    e.HoldRemembered: _hold_remembered,
    e.HoldLifted: _hold_lifted,
    e.ZoneChanged: _zone_changed,
    e.LeaverNoted: _leaver_noted,
    e.LeaverReturned: _leaver_returned,
    e.CoordinatorLost: _coordinator_lost,
    e.CoordinatorChanged: _coordinator_changed,
    e.SilenceNoticed: _silence_noticed,
    e.GoingOn: _nothing_changes,
    e.OneGoesOn: _one_goes_on,
    e.Left: _left,
    e.DecisionMade: _decision_made,
    e.ClosingBegun: _nothing_changes,
    e.ExtensionWished: _extension_wished,
    e.ExtensionAgreed: _extension_agreed,
    e.EarlyEndProposed: _early_end_proposed,
    e.EarlyEndAgreed: _early_end_agreed,
    e.EndBroughtForward: _end_brought_forward,
    e.RematchDecided: _rematch_decided,
    e.GoalsCarried: _goals_carried,
    e.EndReached: _end_reached,
    e.FinalFeedbackGiven: _final_feedback_given,
    e.EndDecided: _end_decided,
    e.CalendarVerified: _calendar_verified,
    e.AddressFailed: _address_failed,
    e.AddressWorks: _address_works,
    e.AddressDoubted: _address_doubted,
    e.LettersRepeated: _letters_repeated,
    e.AddressTrusted: _address_trusted,
    e.Closed: _closed,
}
