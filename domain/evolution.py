"""How each fact changes the state: one small function per event, no decisions, no clock."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.commands import Comfort
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.relationship import Amendment, Ask, HelpRequest, Relationship, Session


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
    # A session that was moved far ahead is no silence until it is over.
    seen = _quiet_since(state, event.ends_at if isinstance(event, e.SessionMoved) else event.at)
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
    lapsed = _without_ask(state, event.subject, event.of, event.number)
    if event.subject is e.Subject.RULES:
        return replace(lapsed, amendment=None)
    return replace(lapsed, early_end_by=None) if event.subject is e.Subject.EARLY_END else lapsed


def _phase_entered(state: Relationship, event: e.PhaseEntered) -> Relationship:
    """Questions of an earlier phase end with it; a session, a call for help and what was proposed outlive it."""
    lasting = [e.Subject.SESSION, e.Subject.HELP_RATING]
    if state.phase in (e.Phase.ACTIVE, e.Phase.CLOSING):
        lasting += [e.Subject.RULES, e.Subject.EARLY_END, e.Subject.CARRY_GOALS]
    return replace(state, phase=event.phase, asks=tuple(ask for ask in state.asks if ask.subject in lasting))


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
    return replace(state, slot_wanted=event.session, pencilled=None)


def _slot_found(state: Relationship, event: e.SlotFound) -> Relationship:
    return replace(state, slot_wanted=0, pencilled=event.starts_at)


def _session_planned(state: Relationship, event: e.SessionPlanned) -> Relationship:
    session = Session(event.session, event.starts_at, event.ends_at, event.final)
    return replace(
        state,
        sessions=(*state.sessions, session),
        next_session=event.session + 1,
        pencilled=None,
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
    session = state.session(event.session)
    revision = session.revision + 1 if session else 1
    return _with_session(
        state, event.session, starts_at=event.starts_at, ends_at=event.ends_at, revision=revision, reminded=False
    )


def _session_reminded(state: Relationship, event: e.SessionReminded) -> Relationship:
    return _with_session(state, event.session, reminded=True)


def _session_cancelled(state: Relationship, event: e.SessionCancelled) -> Relationship:
    """The rhythm is broken with it: a time that was found for the next one no longer fits."""
    return replace(_without_session(state, event.session), pencilled=None, slot_wanted=0)


def _session_ended(state: Relationship, event: e.SessionEnded) -> Relationship:
    return _with_session(state, event.session, asked_at=event.at)


def _session_confirmed(state: Relationship, event: e.SessionConfirmed) -> Relationship:
    session = state.session(event.session)
    answers = (*session.answers, (event.by, event.held)) if session else ()
    told = _with_session(state, event.session, answers=answers)
    return _without_ask(told, e.Subject.SESSION, event.by, event.session)


def _session_settled(state: Relationship, event: e.SessionSettled) -> Relationship:
    settled = replace(state, results=(*state.results, (event.session, event.result)))
    return _without_ask(_without_session(settled, event.session), e.Subject.SESSION, number=event.session)


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
    )
    return replace(state, help=(*state.help, request), help_count=event.help)


def _with_help(state: Relationship, number: int, **changes: Any) -> Relationship:
    def after(request: HelpRequest) -> HelpRequest:
        return replace(request, **changes) if request.number == number else request

    return replace(state, help=tuple(after(request) for request in state.help))


def _help_overdue(state: Relationship, event: e.HelpOverdue) -> Relationship:
    return _with_help(state, event.help, overdue_times=event.times, next_clock_at=event.next_at)


def _help_taken_up(state: Relationship, event: e.HelpTakenUp) -> Relationship:
    return _with_help(state, event.help, taken_up=True, next_clock_at=event.next_at)


def _talk_arranged(state: Relationship, event: e.TalkArranged) -> Relationship:
    return state


def _help_concluded(state: Relationship, event: e.HelpConcluded) -> Relationship:
    asker = next((request.by for request in state.help if request.number == event.help), event.by)
    left = tuple(request for request in state.help if request.number != event.help)
    unrated = (event.help, asker)
    return replace(state, help=left, rated_by=(*state.rated_by, unrated), rating_due=(*state.rating_due, unrated))


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
        hold_asked_at=event.at + timedelta(days=state.policy.hold_first_reminder_days),
        frozen_since=state.frozen_since or event.at,
        stops=state.stops + 1,
        to_verify=PAIR,
    )
    return _with_clocks(held, event.at)


def _hold_remembered(state: Relationship, event: e.HoldRemembered) -> Relationship:
    return replace(state, hold_asked_at=event.at + timedelta(weeks=state.policy.hold_reminder_weeks))


def _hold_lifted(state: Relationship, event: e.HoldLifted) -> Relationship:
    return _thawed(replace(state, held=False, hold_asked_at=None), event.at)


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
        state,
        frozen_since=None,
        ends_at=state.ends_at + by,
        last_sign_at=seen_at,
        pencilled=None,
        slot_wanted=0,
        sessions=tuple(replace(s, asked_at=s.asked_at + by) if s.asked_at else s for s in state.sessions),
    )


def _later(ask: Ask, by: timedelta) -> Ask:
    return replace(ask, remind_at=tuple(at + by for at in ask.remind_at), expires_at=ask.expires_at + by)


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
    )


def _silence_noticed(state: Relationship, event: e.SilenceNoticed) -> Relationship:
    return replace(state, silence_noticed=True)


def _going_on(state: Relationship, event: e.GoingOn) -> Relationship:
    return state


def _one_goes_on(state: Relationship, event: e.OneGoesOn) -> Relationship:
    return replace(state, going_on=())


# --- leaving and closing ----------------------------------------------------------------------------------------


def _left(state: Relationship, event: e.Left) -> Relationship:
    return replace(state, left_by=event.by)


def _decision_made(state: Relationship, event: e.DecisionMade) -> Relationship:
    limit = event.at + timedelta(weeks=state.policy.pause_weeks) if state.paused else None
    return _without_ask(replace(state, pause_limit_at=limit), e.Subject.DECISION)


def _closing_begun(state: Relationship, event: e.ClosingBegun) -> Relationship:
    return state


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
        state,
        ended_by_programme=True,
        ended_early=state.ended_early or is_earlier,
        ends_at=event.ends_at,
        wishes=(),
        pencilled=None,
        slot_wanted=0,
    )


def _rematch_decided(state: Relationship, event: e.RematchDecided) -> Relationship:
    """Nothing else is asked any more, and a pause ends with it."""
    ending = replace(
        state,
        rematching=event.asked,
        staying=event.staying,
        asks=(),
        amendment=None,
        early_end_by=None,
        wishes=(),
        paused=False if event.asked else state.paused,
        paused_until=None,
        pause_limit_at=None,
        pencilled=None,
        slot_wanted=0,
    )
    return _thawed(ending, event.at)


def _goals_carried(state: Relationship, event: e.GoalsCarried) -> Relationship:
    others = tuple(each for each in state.carry if each[0] is not event.by)
    return _without_ask(replace(state, carry=(*others, (event.by, event.yes))), e.Subject.CARRY_GOALS, event.by)


def _end_reached(state: Relationship, event: e.EndReached) -> Relationship:
    """What was proposed and not agreed to by now is off."""
    off = (e.Subject.RULES, e.Subject.EARLY_END)
    return replace(
        state,
        end_reached=True,
        pencilled=None,
        slot_wanted=0,
        wishes=(),
        amendment=None,
        early_end_by=None,
        asks=tuple(ask for ask in state.asks if ask.subject not in off),
    )


def _final_feedback_given(state: Relationship, event: e.FinalFeedbackGiven) -> Relationship:
    touch = (*state.keep_in_touch, event.by) if event.keep_in_touch else state.keep_in_touch
    given = replace(state, feedback=(*state.feedback, event.by), keep_in_touch=touch)
    return _without_ask(given, e.Subject.FINAL_FEEDBACK, event.by)


def _end_decided(state: Relationship, event: e.EndDecided) -> Relationship:
    return replace(
        state,
        ending=event.outcome,
        close_by=event.close_by,
        asks=(),
        pencilled=None,
        slot_wanted=0,
        to_verify=PAIR,
        unclean=(),
    )


def _calendar_verified(state: Relationship, event: e.CalendarVerified) -> Relationship:
    left = tuple(party for party in state.to_verify if party is not event.party)
    unclean = tuple(party for party in state.unclean if party is not event.party)
    return replace(state, to_verify=left, unclean=unclean if event.clean else (*unclean, event.party))


def _address_failed(state: Relationship, event: e.AddressFailed) -> Relationship:
    return replace(state, failed_addresses=(*state.failed_addresses, event.party))


def _closed(state: Relationship, event: e.Closed) -> Relationship:
    return replace(
        state, phase=e.Phase.CLOSED, outcome=event.outcome, paused=False, held=False, asks=(), help=(), rated_by=()
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
    e.SessionReminded: _session_reminded,
    e.SessionCancelled: _session_cancelled,
    e.SessionEnded: _session_ended,
    e.SessionConfirmed: _session_confirmed,
    e.SessionSettled: _session_settled,
    e.HelpAsked: _help_asked,
    e.HelpOverdue: _help_overdue,
    e.HelpTakenUp: _help_taken_up,
    e.TalkArranged: _talk_arranged,
    e.HelpConcluded: _help_concluded,
    e.HelpRated: _help_rated,
    e.Paused: _paused,
    e.Resumed: _resumed,
    e.HoldPlaced: _hold_placed,
    e.HoldRemembered: _hold_remembered,
    e.HoldLifted: _hold_lifted,
    e.LeaverNoted: _leaver_noted,
    e.LeaverReturned: _leaver_returned,
    e.CoordinatorLost: _coordinator_lost,
    e.CoordinatorChanged: _coordinator_changed,
    e.SilenceNoticed: _silence_noticed,
    e.GoingOn: _going_on,
    e.OneGoesOn: _one_goes_on,
    e.Left: _left,
    e.DecisionMade: _decision_made,
    e.ClosingBegun: _closing_begun,
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
    e.Closed: _closed,
}
