"""What follows in the world from each fact: letters, calendar entries and times to find. Nothing is done here.

The state handed in is the one *after* the event. A fact without a row has no consequence outside.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.booking import is_booked_by_hand
from mentoring_lifecycle.domain.effects import Effect, Facts, FindSlot, KeepEntry, Letter, RemoveEntry, VerifyCalendar
from mentoring_lifecycle.domain.extension import may_be_extended
from mentoring_lifecycle.domain.letters import MANNERS, LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party, Power, partner_of
from mentoring_lifecycle.domain.relationship import Ask, HelpRequest, Relationship, Session
from mentoring_lifecycle.domain.sessions import HALF_A_WEEK, not_before

LETTER_LIVES = timedelta(days=14)
"""How long a letter without an hour of its own may be late before it is dropped."""
ENTRY_LIVES = timedelta(days=14)
"""How long at least an entry that a calendar may still show wrongly is worth another try."""


def effects_of(event: e.Event, state: Relationship) -> tuple[Effect, ...]:
    """The effects of one fact, in the order in which they are to be performed. Who has left is not written to."""
    tell = _CONSEQUENCES.get(type(event))
    effects = tuple(tell(event, state)) if tell else ()
    return tuple(effect for effect in effects if not _is_to_somebody_gone(effect, state))


def _is_to_somebody_gone(effect: Effect, state: Relationship) -> bool:
    return isinstance(effect, Letter) and effect.party in state.gone


# --- how a letter is addressed ----------------------------------------------------------------------------------


def session_uid(relationship: str, number: int) -> str:
    """The one identity of a session in every calendar, however often it moves."""
    return f"{uid_prefix(relationship)}{number:02d}@mentoring-lifecycle"


def session_of(uid: str) -> tuple[str, int] | None:
    """Relationship and number of the session that a calendar calls so; None for a UID that is not ours."""
    relationship, tilde, rest = uid.rpartition("~s")
    number, at, _ = rest.partition("@")
    if not (tilde and at and relationship) or not (number.isascii() and number.isdigit()) or len(number) > 4:
        return None
    return (relationship, int(number)) if session_uid(relationship, int(number)) == uid else None


def uid_prefix(relationship: str) -> str:
    """What the UIDs of all sessions of a relationship begin with; no id holds a tilde, so none begins like another."""
    return f"{relationship}~s"


def _letter(
    state: Relationship,
    at: datetime,
    purpose: LetterKind,
    to: Party,
    facts: Facts | None = None,
    *,
    revision: int | str = 0,
    not_after: datetime | None = None,
) -> Letter:
    facts = facts or Facts()
    partner = state.person(partner_of(to)) if to in PAIR else facts.partner or state.mentor.person
    leads = to in PAIR and state.participant(to).power is Power.JUNIOR
    return Letter(
        key=f"{state.id}/{facts.occurrence or '-'}/{purpose}/{to}/{revision}",
        purpose=purpose,
        to=state.person(to),
        party=to,
        decided_at=at,
        not_after=not_after or max(facts.deadline or at, at) + LETTER_LIVES,
        facts=replace(facts, partner=partner, zone=facts.zone or state.zone_at(facts.starts_at or at), leads=leads),
    )


def _to_both(
    state: Relationship,
    at: datetime,
    purpose: LetterKind,
    facts: Facts | None = None,
    *,
    revision: int | str = 0,
    not_after: datetime | None = None,
) -> Iterator[Letter]:
    for party in PAIR:
        yield _letter(state, at, purpose, party, facts, revision=revision, not_after=not_after)


# --- questions and reminders ------------------------------------------------------------------------------------

_ASKING: dict[e.Subject, tuple[LetterKind, LetterKind]] = {
    e.Subject.INVITATION: (LetterKind.INVITATION, LetterKind.INVITATION_REMINDER),
    e.Subject.INDUCTION: (LetterKind.INDUCTION, LetterKind.INDUCTION_REMINDER),
    e.Subject.RULES: (LetterKind.RULES_TO_SIGN, LetterKind.RULES_REMINDER),
    e.Subject.GOALS: (LetterKind.GOALS_TO_SET, LetterKind.GOALS_REMINDER),
    e.Subject.BOOKING: (LetterKind.BOOK_SESSION, LetterKind.BOOK_SESSION_REMINDER),
    e.Subject.TIMES: (LetterKind.TIMES_PROPOSED, LetterKind.TIMES_PROPOSED_REMINDER),
    e.Subject.CALENDAR: (LetterKind.CALENDAR_QUESTION, LetterKind.CALENDAR_QUESTION_REMINDER),
    e.Subject.SESSION: (LetterKind.SESSION_QUESTION, LetterKind.SESSION_QUESTION_REMINDER),
    e.Subject.HELP_RATING: (LetterKind.HELP_FEEDBACK, LetterKind.HELP_FEEDBACK),
    e.Subject.FINAL_FEEDBACK: (LetterKind.FINAL_FEEDBACK, LetterKind.FINAL_FEEDBACK_REMINDER),
    e.Subject.DECISION: (LetterKind.DECISION_WANTED, LetterKind.DECISION_WANTED),
    e.Subject.ABSENCE: (LetterKind.SESSION_FOLLOW_UP, LetterKind.SESSION_FOLLOW_UP),
    e.Subject.DISPUTE: (LetterKind.SESSION_FORM, LetterKind.SESSION_FORM),
    e.Subject.SETTLEMENT: (LetterKind.SESSION_TO_SETTLE, LetterKind.SESSION_TO_SETTLE),
    e.Subject.GOING_ON: (LetterKind.GOING_ON, LetterKind.GOING_ON),
    e.Subject.EARLY_END: (LetterKind.EARLY_END, LetterKind.EARLY_END),
    e.Subject.CARRY_GOALS: (LetterKind.REMATCH, LetterKind.REMATCH),
}

_OCCURRENCES: dict[e.Subject, str] = {
    e.Subject.RULES: "rules-{}",
    e.Subject.GOALS: "goals-{}",
    **dict.fromkeys(e.ABOUT_A_SESSION, "s{}"),
    e.Subject.HELP_RATING: "help-{}",
}


def _asked(event: e.Asked, state: Relationship) -> Iterator[Effect]:
    ask = state.ask(event.subject, event.of, event.number)
    if ask and event.topic is e.DecisionTopic.COMFORT:
        yield from _about_comfort(state, ask)
    elif ask:
        first, _ = _ASKING[event.subject]
        yield _question(state, ask, event.at, _proposal_or(first, ask))


def _reminded(event: e.Reminded, state: Relationship) -> Iterator[Effect]:
    ask = state.ask(event.subject, event.of, event.number)
    if ask:
        _, again = _ASKING[event.subject]
        yield _question(state, ask, event.at, _proposal_or(again, ask))


def _proposal_or(usual: LetterKind, ask: Ask) -> LetterKind:
    is_proposal = ask.subject is e.Subject.GOALS and ask.number
    return LetterKind.GOALS_TO_AGREE if is_proposal else usual


def _question(state: Relationship, ask: Ask, at: datetime, purpose: LetterKind) -> Letter:
    session = state.session(ask.number) if ask.subject in e.ABOUT_A_SESSION else None
    review = _asks_for_review(state, ask)
    facts = Facts(
        partner=_partner_of_concerned(state, ask),
        occurrence=_occurrence(ask),
        session=ask.number if ask.subject in e.ABOUT_A_SESSION else 0,
        starts_at=session.starts_at if session else None,
        ends_at=session.ends_at if session else None,
        deadline=ask.expires_at,
        version=ask.number if ask.subject is e.Subject.RULES else 0,
        rules=_rules_shown(state, ask) if ask.subject is e.Subject.RULES else (),
        goals=tuple(goal.title for goal in state.agreed_goals) if review else _goals_shown(state, ask),
        times=_times_shown(state, ask, session),
        review=review,
        topic=_topic(state, ask, session),
        concerned=_concerned(state, ask),
    )
    return _letter(state, at, purpose, ask.of, facts, revision=_step(ask), not_after=ask.expires_at)


def _occurrence(ask: Ask) -> str:
    return _OCCURRENCES.get(ask.subject, "").format(ask.number)


def _step(ask: Ask) -> str:
    """Which step of which ladder: a later step, or the same question asked afresh, is another letter."""
    return f"{ask.opened}.{ask.reminded}"


def _rules_shown(state: Relationship, ask: Ask) -> tuple[tuple[str, str], ...]:
    amendment = state.amendment
    return amendment.values if amendment and amendment.version == ask.number else state.rules_values


def _goals_shown(state: Relationship, ask: Ask) -> tuple[str, ...]:
    """Before anything is proposed, what came along from an earlier pairing is a suggestion."""
    proposed = state.goals if ask.number else state.carried
    shown = {e.Subject.GOALS: proposed, e.Subject.FINAL_FEEDBACK: state.agreed_goals}.get(ask.subject, ())
    return tuple(goal.title for goal in shown)


def _times_shown(state: Relationship, ask: Ask, session: Session | None) -> tuple[datetime, ...]:
    if ask.subject is e.Subject.TIMES:
        return session.times if session else ()
    if ask.subject is e.Subject.CALENDAR:
        difference = session.open_difference(ask.of) if session else None
        return (difference.starts_at,) if difference and difference.starts_at else ()
    if ask.subject is e.Subject.BOOKING:
        found = (state.pencilled, *state.proposals) if state.pencilled else state.proposals
        return tuple(dict.fromkeys(found))
    return ()


def _asks_for_review(state: Relationship, ask: Ask) -> bool:
    is_due = ask.subject is e.Subject.SESSION and ask.number == state.review_session
    return is_due and ask.of not in state.reviewed


def _topic(state: Relationship, ask: Ask, session: Session | None) -> str:
    if ask.subject is e.Subject.INVITATION:
        return "reverse" if state.is_reverse else "traditional"
    if ask.subject is e.Subject.CALENDAR:
        difference = session.open_difference(ask.of) if session else None
        return difference.answer if difference else ""
    return "logged" if session and session.logged else ask.topic or ""


def _partner_of_concerned(state: Relationship, ask: Ask) -> str:
    about_one = ask.topic in e.LASTING_TOPICS
    return state.person(partner_of(e.party_in_question(ask.number))) if about_one else ""


def _concerned(state: Relationship, ask: Ask) -> str:
    if ask.subject is e.Subject.SETTLEMENT:
        return state.mentee.person
    if ask.topic is None:
        return ""
    waiting: Party | None = None
    if ask.topic is e.DecisionTopic.RULES_UNSIGNED:
        waiting = next((party for party in PAIR if party not in state.signed), None)
    elif ask.topic is e.DecisionTopic.COMFORT or ask.topic in e.LASTING_TOPICS:
        waiting = e.party_in_question(ask.number)
    return state.person(waiting or Party.MENTEE)


def _about_comfort(state: Relationship, ask: Ask) -> Iterator[Letter]:
    """The partner learns only that more time is needed; which of the two it is stays with the coordinator."""
    party, at, until = e.party_in_question(ask.number), ask.asked_at, ask.expires_at
    facts = Facts(concerned=state.person(party), partner=state.person(partner_of(party)), deadline=until)
    step = _step(ask)
    yield _letter(state, at, LetterKind.COMFORT_TALK, Party.COORDINATOR, facts, revision=step)
    yield _letter(state, at, LetterKind.NEEDS_TIME, partner_of(party), revision=step, not_after=until)


# --- sessions ---------------------------------------------------------------------------------------------------


def _slot_wanted(event: e.SlotWanted, state: Relationship) -> Iterator[Effect]:
    yield wish_for(state, event.session, event.not_before)


def wish_for(state: Relationship, session: int, not_before: datetime) -> FindSlot:
    """What is to be heeded when the time of a session is found."""
    sessions = state.policy.sessions
    planned = state.session(session)
    minutes = (planned.ends_at - planned.starts_at) // timedelta(minutes=1) if planned else state.next_minutes
    return FindSlot(
        key=f"{state.id}/s{session}/slot/-/{state.sequence}",
        session=session,
        not_before=not_before,
        weekday=sessions.weekday,
        wall_time=sessions.wall_time,
        zone=state.zone,
        proposals=sessions.proposals if is_booked_by_hand(state) else 0,
        people=(state.mentor.person, state.mentee.person),
        minutes=minutes,
        latest=state.ends_at,
        remind_before_hours=sessions.remind_before_hours,
        ask_after_minutes=sessions.ask_after_minutes,
        next_zone=state.next_zone,
        next_zone_at=state.next_zone_at,
    )


def wish_to_look(state: Relationship, session: int, now: datetime, proposals: int) -> FindSlot | None:
    """The same for somebody who only looks: which other times would suit a session; None where there is none such.

    0 is the next session, planned or not.
    """
    number = session or (state.planned_session.number if state.planned_session else state.next_session)
    planned = state.session(number)
    if state.phase not in e.MEETING or state.is_ending:
        return None
    if planned is None and (number != state.next_session or state.end_reached):
        return None
    if planned and not planned.lies_ahead:
        return None
    soonest = now + timedelta(hours=state.policy.sessions.remind_before_hours)
    from_when = max(soonest, planned.starts_at - HALF_A_WEEK) if planned else not_before(state, now)
    return replace(wish_for(state, number, from_when), proposals=proposals)


def _session_facts(session: Session, topic: str = "") -> Facts:
    return Facts(
        occurrence=f"s{session.number}",
        session=session.number,
        revision=session.revision,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        agenda=session.agenda,
        final_session=session.final,
        topic=topic,
        notes=session.notes,
    )


def _session_told(state: Relationship, at: datetime, number: int, purpose: LetterKind) -> Iterator[Effect]:
    session = state.session(number)
    if session is None:
        return
    facts = _session_facts(session)
    revision = session.revision
    yield from _to_both(state, at, purpose, facts, revision=revision, not_after=session.starts_at)
    yield from (_entry(state, at, session, party) for party in PAIR)


def _session_planned(event: e.SessionPlanned, state: Relationship) -> Iterator[Effect]:
    yield from _session_told(state, event.at, event.session, LetterKind.SESSION_INVITATION)


def _session_moved(event: e.SessionMoved, state: Relationship) -> Iterator[Effect]:
    yield from _session_told(state, event.at, event.session, LetterKind.SESSION_MOVED)


def _times_answered(event: e.TimesAnswered, state: Relationship) -> Iterator[Effect]:
    session = state.session(event.session)
    if session:
        facts = _session_facts(session)
        yield _letter(
            state,
            event.at,
            LetterKind.TIMES_ANSWERED,
            partner_of(event.by),
            facts,
            revision=state.sequence,
            not_after=session.starts_at,
        )


def _calendar_restored(event: e.CalendarRestored, state: Relationship) -> Iterator[Effect]:
    """Both calendars get the higher revision, so that neither is behind when the session moves next."""
    session = state.session(event.session)
    if session:
        yield from (_entry(state, event.at, session, party) for party in PAIR)


def _talk_suggested(event: e.TalkSuggested, state: Relationship) -> Iterator[Effect]:
    facts = Facts(occurrence=f"s{event.session}", topic=event.why)
    yield from _to_both(state, event.at, LetterKind.TALK_SUGGESTED, facts, revision=state.sequence)


def _changes_noted(event: e.ChangesNoted, state: Relationship) -> Iterator[Effect]:
    facts = Facts(concerned=state.person(event.of), partner=state.person(partner_of(event.of)))
    yield _letter(state, event.at, LetterKind.CHANGES_NOTED, Party.COORDINATOR, facts, revision=event.times)


def entry_key(relationship: str, number: int, party: Party, revision: int) -> str:
    """The effect key of one version of a session in one calendar."""
    return f"{relationship}/s{number}/entry/{party}/{revision}"


def _entry(state: Relationship, at: datetime, session: Session, party: Party) -> KeepEntry:
    return KeepEntry(
        key=entry_key(state.id, session.number, party, session.revision),
        person=state.person(party),
        partner=state.person(partner_of(party)),
        uid=session_uid(state.id, session.number),
        session=session.number,
        revision=session.revision,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        zone=state.zone_at(session.starts_at),
        decided_at=at,
        # A later time may be shown from before it moved, and would still be shown when the session is over.
        not_after=_put_right_by(at, session.ends_at) if session.revision else session.ends_at,
    )


def _put_right_by(at: datetime, ends_at: datetime) -> datetime:
    return max(at + ENTRY_LIVES, ends_at)


def _session_reminded(event: e.SessionReminded, state: Relationship) -> Iterator[Effect]:
    session = state.session(event.session)
    if session and event.at < session.starts_at:
        facts = _session_facts(session)
        revision = session.revision
        purpose = LetterKind.SESSION_REMINDER
        yield from _to_both(state, event.at, purpose, facts, revision=revision, not_after=session.starts_at)


def _check_in_wanted(event: e.CheckInWanted, state: Relationship) -> Iterator[Effect]:
    facts = Facts(occurrence=f"s{event.session}", session=event.session)
    yield _letter(state, event.at, LetterKind.CHECK_IN, event.of, facts)


def _session_cancelled(event: e.SessionCancelled, state: Relationship) -> Iterator[Effect]:
    facts = Facts(
        occurrence=f"s{event.session}",
        session=event.session,
        revision=event.revision,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        topic=event.why,
    )
    yield from _to_both(state, event.at, LetterKind.SESSION_CANCELLED, facts, revision=event.revision)
    yield from (_removal(state, event, party) for party in PAIR)


def _removal(state: Relationship, event: e.SessionCancelled, party: Party) -> RemoveEntry:
    return RemoveEntry(
        key=f"{state.id}/s{event.session}/removal/{party}/{event.revision}",
        person=state.person(party),
        uid=session_uid(state.id, event.session),
        revision=event.revision,
        decided_at=event.at,
        not_after=_put_right_by(event.at, event.ends_at),
    )


def _verify(state: Relationship, at: datetime, occurrence: str) -> Iterator[Effect]:
    """Where no session was ever booked, no calendar was touched."""
    if state.next_session == 1:
        return
    for party in PAIR:
        yield VerifyCalendar(
            key=f"{state.id}/{occurrence}/calendar/{party}/0",
            person=state.person(party),
            occurrence=occurrence,
            after=at,
            decided_at=at,
            not_after=at + timedelta(days=state.policy.calendar_clean_up_days),
        )


# --- help -------------------------------------------------------------------------------------------------------


def _help_facts(state: Relationship, number: int, by: Party, **more: Any) -> Facts:
    return Facts(
        occurrence=f"help-{number}",
        concerned=state.person(by),
        partner=state.person(partner_of(by)) if by in PAIR else "",
        **more,
    )


def _help_asked(event: e.HelpAsked, state: Relationship) -> Iterator[Effect]:
    facts = _help_facts(state, event.help, event.by, deadline=event.take_up_by, topic=event.matter)
    request = state.help_request(event.help)
    first = state.team_for(request)[:1] if request else ()
    by = "backup" if first == (Party.BACKUP,) else ""
    yield _letter(state, event.at, LetterKind.HELP_RECEIVED, event.by, replace(facts, topic=by))
    for party in first:
        yield _letter(state, event.at, LetterKind.HELP_WANTED, party, facts)


def _help_reminded(event: e.HelpReminded, state: Relationship) -> Iterator[Effect]:
    request = state.help_request(event.help)
    if request is None:
        return
    facts = _help_facts(state, event.help, request.by, deadline=request.due_at, topic=event.step)
    for party in event.told:
        # By the event: a step may be entered anew, when a call is passed on or goes another way.
        revision = f"{event.step}.{state.sequence}"
        purpose = LetterKind.HELP_REMINDER
        yield _letter(state, event.at, purpose, party, facts, revision=revision, not_after=request.due_at)


def _help_overdue(event: e.HelpOverdue, state: Relationship) -> Iterator[Effect]:
    request = state.help_request(event.help)
    if request is None:
        return
    facts = _help_facts(state, event.help, request.by, deadline=request.conclude_by, topic=request.matter)
    revision = state.sequence
    for party in event.told:
        if party is Party.SAFEGUARDING:
            quiet = replace(facts, topic="", deadline=None)
            yield _letter(state, event.at, LetterKind.HELP_PASSED_ON, party, quiet, revision=revision)
        else:
            yield _letter(state, event.at, LetterKind.HELP_OVERDUE, party, facts, revision=revision)
    if event.tells_asker:
        yield _elsewhere(state, event.at, request, "late")


def _help_passed_on(event: e.HelpPassedOn, state: Relationship) -> Iterator[Effect]:
    request = state.help_request(event.help)
    if request is None:
        return
    if event.to is None:
        yield _elsewhere(state, event.at, request, "nobody")
        return
    facts = _help_facts(state, event.help, request.by, deadline=request.late_at, topic=request.matter)
    yield _letter(state, event.at, LetterKind.HELP_WANTED, event.to, facts, revision=state.sequence)


def _elsewhere(state: Relationship, at: datetime, request: HelpRequest, why: str) -> Letter:
    """To the asker alone: who else is there, by name where somebody is known."""
    facts = Facts(occurrence=f"help-{request.number}", concerned=state.contact_for(request), topic=why)
    return _letter(state, at, LetterKind.HELP_ELSEWHERE, request.by, facts, revision=state.sequence)


def _amendment_offered(event: e.AmendmentOffered, state: Relationship) -> Iterator[Effect]:
    """The other one learns of it by the proposal, as of any amendment."""
    facts = Facts(occurrence=f"rules-{state.rules_version}", version=state.rules_version, rules=state.rules_values)
    yield _letter(state, event.at, LetterKind.RULES_TO_REVIEW, event.to, facts, revision=state.sequence)


def _talk_arranged(event: e.TalkArranged, state: Relationship) -> Iterator[Effect]:
    facts = Facts(occurrence=f"help-{event.help}", starts_at=event.starts_at)
    yield from _to_both(
        state, event.at, LetterKind.TALK_ARRANGED, facts, revision=state.sequence, not_after=event.starts_at
    )


def _help_concluded(event: e.HelpConcluded, state: Relationship) -> Iterator[Effect]:
    asker = next((party for number, party in state.rated_by if number == event.help), None)
    if asker:
        facts = Facts(occurrence=f"help-{event.help}", topic=event.reason or event.outcome)
        yield _letter(state, event.at, LetterKind.HELP_OUTCOME, asker, facts)


# --- standing ---------------------------------------------------------------------------------------------------


_END = "end"


def _stop(state: Relationship) -> str:
    return f"stop-{state.stops}"


def _paused(event: e.Paused, state: Relationship) -> Iterator[Effect]:
    for party in PAIR:
        topic = "own" if party is event.by else "partner"
        facts = Facts(occurrence=_stop(state), topic=topic, deadline=event.until)
        yield _letter(state, event.at, LetterKind.PAUSED, party, facts, not_after=event.at + LETTER_LIVES)
    yield from _verify(state, event.at, _stop(state))


def _resumed(event: e.Resumed, state: Relationship) -> Iterator[Effect]:
    if state.is_paused:  # one of the two may have left the organisation: it does not go on yet
        return
    for party in PAIR:
        facts = Facts(occurrence=_stop(state), topic="own" if party is event.by else "partner")
        yield _letter(state, event.at, LetterKind.RESUMED, party, facts)


def _hold_placed(event: e.HoldPlaced, state: Relationship) -> Iterator[Effect]:
    facts = Facts(occurrence=_stop(state))
    yield from _to_both(state, event.at, LetterKind.ON_HOLD, facts)
    note = replace(facts, concerned=state.mentee.person, deadline=state.hold_asked_at)
    yield _letter(state, event.at, LetterKind.HOLD_NOTE, Party.COORDINATOR, note)
    yield from _verify(state, event.at, _stop(state))


def _hold_remembered(event: e.HoldRemembered, state: Relationship) -> Iterator[Effect]:
    facts = Facts(occurrence=_stop(state), concerned=state.mentee.person, topic="hold_too_long")
    yield _letter(state, event.at, LetterKind.DECISION_WANTED, Party.COORDINATOR, facts, revision=state.sequence)


def _hold_lifted(event: e.HoldLifted, state: Relationship) -> Iterator[Effect]:
    if not state.leaving:
        yield from _to_both(state, event.at, LetterKind.HOLD_LIFTED, Facts(occurrence=_stop(state)))


# --- who is there -----------------------------------------------------------------------------------------------


def _leaver_noted(event: e.LeaverNoted, state: Relationship) -> Iterator[Effect]:
    """The other person reads what everybody reads whose partner has paused."""
    if not state.held:
        facts = Facts(occurrence=_stop(state), topic="partner")
        yield from _to_both(state, event.at, LetterKind.PAUSED, facts)
    yield from _verify(state, event.at, _stop(state))


def _leaver_returned(event: e.LeaverReturned, state: Relationship) -> Iterator[Effect]:
    if state.moves:
        facts = Facts(occurrence=_stop(state), topic="partner")
        yield from _to_both(state, event.at, LetterKind.RESUMED, facts)


def _coordinator_changed(event: e.CoordinatorChanged, state: Relationship) -> Iterator[Effect]:
    facts = Facts(concerned=state.mentee.person, topic="with_backup" if event.backup else "alone")
    yield _letter(state, event.at, LetterKind.TEAM_CHANGED, Party.COORDINATOR, facts, revision=state.sequence)


def _silence_noticed(event: e.SilenceNoticed, state: Relationship) -> Iterator[Effect]:
    facts = Facts(concerned=state.mentee.person, topic="both")
    yield _letter(state, event.at, LetterKind.SILENCE_NOTE, Party.COORDINATOR, facts, revision=state.sequence)


def _one_goes_on(event: e.OneGoesOn, state: Relationship) -> Iterator[Effect]:
    silent = event.silent
    facts = Facts(concerned=state.person(silent), partner=state.person(partner_of(silent)), topic="one")
    yield _letter(state, event.at, LetterKind.SILENCE_NOTE, Party.COORDINATOR, facts, revision=state.sequence)


# --- rules in force ---------------------------------------------------------------------------------------------


def _rules_amended(event: e.RulesAmended, state: Relationship) -> Iterator[Effect]:
    facts = Facts(occurrence=f"rules-{event.version}", version=event.version, rules=state.rules_values)
    yield from _to_both(state, event.at, LetterKind.RULES_AMENDED, facts)


def _zone_changed(event: e.ZoneChanged, state: Relationship) -> Iterator[Effect]:
    """Both are told, with the session that stays where it was booked, in the old zone and in the new."""
    if state.held:
        return  # nothing is written about it in a hold; what is booked later names the hour in words
    session = state.planned_session
    stays = session if session and session.starts_at >= event.starting else None
    facts = Facts(
        occurrence=f"s{stays.number}" if stays else "",
        session=stays.number if stays else 0,
        starts_at=stays.starts_at if stays else None,
        ends_at=stays.ends_at if stays else None,
        zone=event.zone,
        old_zone=event.old_zone,
        deadline=event.starting,
    )
    yield from _to_both(state, event.at, LetterKind.ZONE_CHANGED, facts, revision=state.sequence)


# --- leaving and closing ----------------------------------------------------------------------------------------


def _left(event: e.Left, state: Relationship) -> Iterator[Effect]:
    yield _letter(state, event.at, LetterKind.EXIT_CONFIRMED, event.by)
    yield _letter(state, event.at, LetterKind.RELATIONSHIP_ENDED, partner_of(event.by))


def _closing_begun(event: e.ClosingBegun, state: Relationship) -> Iterator[Effect]:
    facts = Facts(deadline=state.ends_at, topic="may_be_extended" if may_be_extended(state) else "")
    revision = state.extensions
    yield from _to_both(state, event.at, LetterKind.CLOSING_NOTICE, facts, revision=revision, not_after=state.ends_at)


def _extension_agreed(event: e.ExtensionAgreed, state: Relationship) -> Iterator[Effect]:
    facts = Facts(deadline=event.ends_at)
    yield from _to_both(state, event.at, LetterKind.EXTENDED, facts, revision=state.extensions)


def _end_brought_forward(event: e.EndBroughtForward, state: Relationship) -> Iterator[Effect]:
    """The ordinary notice of a coming end, and nothing about why it comes."""
    facts = Facts(deadline=event.ends_at)
    yield from _to_both(
        state, event.at, LetterKind.CLOSING_NOTICE, facts, revision="programme", not_after=event.ends_at
    )


def _end_decided(event: e.EndDecided, state: Relationship) -> Iterator[Effect]:
    yield from _verify(state, event.at, _END)


def _closed(event: e.Closed, state: Relationship) -> Iterator[Effect]:
    facts = Facts(
        sessions_held=state.sessions_held,
        goals=tuple(goal.title for goal in state.agreed_goals),
        keep_in_touch=len(state.keep_in_touch) == len(PAIR),
        topic=event.outcome,
    )
    farewell = _FAREWELLS.get(event.outcome)
    if event.outcome is e.RelationshipOutcome.NO_FAULT_EXIT and state.left_by is None:
        farewell = LetterKind.RELATIONSHIP_ENDED
    if event.outcome in (e.RelationshipOutcome.LEFT_ORG, e.RelationshipOutcome.REMATCHED):
        yield from _another_pairing(event, state)
    elif farewell:
        yield from _to_both(state, event.at, farewell, facts)
    note = replace(facts, concerned=state.mentee.person, goals=(), keep_in_touch=False)
    yield _letter(state, event.at, LetterKind.CLOSED_NOTE, Party.COORDINATOR, note)


def _rematch_decided(event: e.RematchDecided, state: Relationship) -> Iterator[Effect]:
    """Who has said already whether their goals may go along is not asked again, and is told at once."""
    if event.asked:
        for party, _ in state.carry:
            yield _ended_for(state, event.at, party)


def _ended_for(state: Relationship, at: datetime, party: Party) -> Letter:
    facts = Facts(topic="another_pairing" if party in state.staying else "")
    return _letter(state, at, LetterKind.RELATIONSHIP_ENDED, party, facts)


def _another_pairing(event: e.Closed, state: Relationship) -> Iterator[Letter]:
    """Who stays is offered another pairing; who has been asked about their goals knows of it already."""
    if event.outcome is e.RelationshipOutcome.REMATCHED and state.rematching:
        return
    for party in PAIR:
        yield _ended_for(state, event.at, party)


_FAREWELLS: dict[e.RelationshipOutcome, LetterKind] = {
    e.RelationshipOutcome.COMPLETED: LetterKind.FAREWELL,
    e.RelationshipOutcome.COMPLETED_EARLY: LetterKind.FAREWELL,
    e.RelationshipOutcome.INACTIVE: LetterKind.FAREWELL,
    e.RelationshipOutcome.DECLINED: LetterKind.NOT_STARTED,
    e.RelationshipOutcome.EXPIRED: LetterKind.NOT_STARTED,
    e.RelationshipOutcome.ENDED_BY_PROGRAMME: LetterKind.RELATIONSHIP_ENDED,
}
"""Who left, and whom they left, have been told already."""


def _address_failed(event: e.AddressFailed, state: Relationship) -> Iterator[Effect]:
    if event.party not in PAIR:
        return
    facts = Facts(concerned=state.person(event.party), occurrence=event.party)
    revision = state.sequence  # it may be corrected and fail again
    yield _letter(state, event.at, LetterKind.ADDRESS_FAILED, Party.COORDINATOR, facts, revision=revision)
    yield _letter(state, event.at, LetterKind.ADDRESS_FAILED_OWNER, event.party, revision=revision)


def _put_again(event: e.AddressWorks | e.LettersRepeated, state: Relationship) -> Iterator[Effect]:
    """What mail did not bring and is still wanted: the open questions, and the session that lies ahead."""
    if event.party not in PAIR or not state.moves:
        return
    for ask in state.asks:
        if ask.of is event.party:
            first, again = _ASKING[ask.subject]
            yield _question(state, ask, event.at, _proposal_or(again if ask.reminded else first, ask))
    session = state.planned_session
    if session and event.at < session.starts_at:
        facts, revision = _session_facts(session), f"{session.revision}.{state.sequence}"
        purpose = LetterKind.SESSION_INVITATION
        yield _letter(state, event.at, purpose, event.party, facts, revision=revision, not_after=session.starts_at)


_CONSEQUENCES: dict[type[Any], Callable[[Any, Relationship], Iterable[Effect]]] = {
    e.Asked: _asked,
    e.Reminded: _reminded,
    e.SlotWanted: _slot_wanted,
    e.SessionPlanned: _session_planned,
    e.SessionMoved: _session_moved,
    e.TimesAnswered: _times_answered,
    e.TalkSuggested: _talk_suggested,
    e.ChangesNoted: _changes_noted,
    e.CalendarRestored: _calendar_restored,
    e.SessionReminded: _session_reminded,
    e.SessionCancelled: _session_cancelled,
    e.CheckInWanted: _check_in_wanted,
    e.HelpAsked: _help_asked,
    e.HelpReminded: _help_reminded,
    e.HelpOverdue: _help_overdue,
    e.HelpPassedOn: _help_passed_on,
    e.TalkArranged: _talk_arranged,
    e.HelpConcluded: _help_concluded,
    e.AmendmentOffered: _amendment_offered,
    e.Paused: _paused,
    e.Resumed: _resumed,
    e.HoldPlaced: _hold_placed,
    e.HoldRemembered: _hold_remembered,
    e.HoldLifted: _hold_lifted,
    e.ZoneChanged: _zone_changed,
    e.LeaverNoted: _leaver_noted,
    e.LeaverReturned: _leaver_returned,
    e.CoordinatorChanged: _coordinator_changed,
    e.SilenceNoticed: _silence_noticed,
    e.OneGoesOn: _one_goes_on,
    e.RulesAmended: _rules_amended,
    e.Left: _left,
    e.ClosingBegun: _closing_begun,
    e.ExtensionAgreed: _extension_agreed,
    e.EndBroughtForward: _end_brought_forward,
    e.RematchDecided: _rematch_decided,
    e.EndDecided: _end_decided,
    e.Closed: _closed,
    e.AddressFailed: _address_failed,
    e.AddressWorks: _put_again,
    e.LettersRepeated: _put_again,
}


# --- what is no longer worth doing ------------------------------------------------------------------------------

_QUESTIONS: dict[LetterKind, e.Subject] = {
    **{kind: subject for subject, kinds in _ASKING.items() for kind in kinds},
    LetterKind.GOALS_TO_AGREE: e.Subject.GOALS,
}
_ABOUT_SESSIONS_AHEAD = (
    LetterKind.SESSION_INVITATION,
    LetterKind.SESSION_MOVED,
    LetterKind.SESSION_REMINDER,
    LetterKind.TIMES_ANSWERED,
)
_ABOUT_OPEN_HELP = (
    LetterKind.HELP_RECEIVED,
    LetterKind.HELP_WANTED,
    LetterKind.HELP_OVERDUE,
    LetterKind.HELP_PASSED_ON,
    LetterKind.HELP_ELSEWHERE,
)


def still_wanted(effect: Effect, state: Relationship) -> bool:
    """Whether an effect that has not been performed yet still makes sense. Asked again before every attempt."""
    if isinstance(effect, KeepEntry):
        return _is_its_place(state, effect.session, effect.revision)
    if isinstance(effect, VerifyCalendar):
        return effect.occurrence == (_END if state.is_ending else _stop(state) if state.frozen_since else "")
    if isinstance(effect, FindSlot):
        is_newest = not state.slot_order or effect.key.endswith(f"/{state.slot_order}")
        return effect.session == state.slot_wanted and is_newest
    return not isinstance(effect, Letter) or _is_wanted_letter(effect, state)


def _is_its_place(state: Relationship, number: int, revision: int) -> bool:
    """It is still there; one that moved is put right even when it is over, or settled."""
    session = state.session(number)
    if session is None:
        return bool(revision) and any(number == settled for settled, _ in state.results)
    return session.time_since <= revision <= session.revision and (session.lies_ahead or bool(revision))


def _is_wanted_letter(letter: Letter, state: Relationship) -> bool:
    if state.held and not MANNERS[letter.purpose].passes_hold:
        return False
    if letter.party in state.gone or _is_to_a_predecessor(letter, state):
        return False
    if letter.purpose is LetterKind.ADDRESS_FAILED_OWNER:
        return state.is_unreachable(letter.party)
    if letter.purpose in _ABOUT_SESSIONS_AHEAD:
        return _lies_ahead_unchanged(state, letter.facts.session, letter.facts.revision)
    if letter.purpose is LetterKind.HELP_REMINDER:
        return any(_is_the_step_of(letter, request) for request in state.help)
    if letter.purpose in _ABOUT_OPEN_HELP:
        is_open = any(letter.facts.occurrence == f"help-{request.number}" for request in state.help)
        return is_open or state.is_closed  # after the end nobody concludes anything, but the call was made
    subject = _QUESTIONS.get(letter.purpose)
    return subject is None or letter.facts.occurrence.startswith("stop-") or _is_the_step(letter, subject, state)


def _is_the_step_of(letter: Letter, request: HelpRequest) -> bool:
    """The call still waits for what the reader is reminded of."""
    return letter.facts.occurrence == f"help-{request.number}" and letter.facts.topic == request.step


def _is_to_a_predecessor(letter: Letter, state: Relationship) -> bool:
    """Somebody else runs the programme by now."""
    return letter.party in (Party.COORDINATOR, Party.BACKUP) and letter.to not in (state.coordinator, state.backup)


def _is_the_step(letter: Letter, subject: e.Subject, state: Relationship) -> bool:
    """The question is still open, and no later step of its ladder has overtaken this one."""
    steps = [_step(ask) for ask in state.asks if ask.subject is subject and ask.of is letter.party]
    return letter.key.rpartition("/")[2] in steps


def _lies_ahead_unchanged(state: Relationship, number: int, revision: int) -> bool:
    session = state.session(number)
    return session is not None and session.lies_ahead and session.time_since <= revision <= session.revision
