"""What follows in the world from each fact: letters, calendar entries and times to find. Nothing is done here.

The state handed in is the one *after* the event. A fact without a row has no consequence outside.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.effects import Effect, Facts, FindSlot, KeepEntry, Letter, RemoveEntry, VerifyCalendar
from mentoring_lifecycle.domain.letters import MANNERS, LetterKind
from mentoring_lifecycle.domain.onboarding import uneasy
from mentoring_lifecycle.domain.people import PAIR, Party, Power, partner_of
from mentoring_lifecycle.domain.relationship import Relationship, Session

LETTER_LIVES = timedelta(days=14)
"""How long a letter without an hour of its own may be late before it is dropped."""


def effects_of(event: e.Event, state: Relationship) -> tuple[Effect, ...]:
    """The effects of one fact, in the order in which they are to be performed."""
    tell = _CONSEQUENCES.get(type(event))
    return tuple(tell(event, state)) if tell else ()


# --- how a letter is addressed ----------------------------------------------------------------------------------


def session_uid(relationship: str, number: int) -> str:
    """The one identity of a session in every calendar, however often it moves."""
    return f"{uid_prefix(relationship)}{number:02d}@mentoring-lifecycle"


def uid_prefix(relationship: str) -> str:
    """What the UIDs of all sessions of a relationship begin with."""
    return f"{relationship}-s"


def _letter(
    state: Relationship,
    at: datetime,
    purpose: LetterKind,
    to: Party,
    facts: Facts | None = None,
    *,
    revision: int = 0,
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
        facts=replace(facts, partner=partner, zone=facts.zone or state.zone, leads=leads),
    )


def _to_both(
    state: Relationship,
    at: datetime,
    purpose: LetterKind,
    facts: Facts | None = None,
    *,
    revision: int = 0,
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
    e.Subject.SESSION: (LetterKind.SESSION_QUESTION, LetterKind.SESSION_QUESTION_REMINDER),
    e.Subject.HELP_RATING: (LetterKind.HELP_FEEDBACK, LetterKind.HELP_FEEDBACK),
    e.Subject.FINAL_FEEDBACK: (LetterKind.FINAL_FEEDBACK, LetterKind.FINAL_FEEDBACK_REMINDER),
    e.Subject.DECISION: (LetterKind.DECISION_WANTED, LetterKind.DECISION_WANTED),
}

_OCCURRENCES: dict[e.Subject, str] = {
    e.Subject.RULES: "rules-{}",
    e.Subject.GOALS: "goals-{}",
    e.Subject.SESSION: "s{}",
    e.Subject.HELP_RATING: "help-{}",
}


def _asked(event: e.Asked, state: Relationship) -> Iterator[Effect]:
    first, _ = _ASKING[event.subject]
    if event.subject is e.Subject.GOALS and event.number:
        first = LetterKind.GOALS_TO_AGREE
    if event.topic is e.DecisionTopic.COMFORT:
        yield from _about_comfort(event, state)
    else:
        yield _question(state, event, first, event.expires_at, event.at.strftime("%Y%m%d%H%M"))


def _reminded(event: e.Reminded, state: Relationship) -> Iterator[Effect]:
    ask = state.ask(event.subject, event.of, event.number)
    if ask is None:
        return
    _, again = _ASKING[event.subject]
    if event.subject is e.Subject.GOALS and event.number:
        again = LetterKind.GOALS_TO_AGREE
    yield _question(state, event, again, ask.expires_at, f"{ask.asked_at:%Y%m%d%H%M}.{event.times}")


def _question(
    state: Relationship, event: e.Asked | e.Reminded, purpose: LetterKind, deadline: datetime, revision: str
) -> Letter:
    ask = state.ask(event.subject, event.of, event.number)
    session = state.session(event.number) if event.subject is e.Subject.SESSION else None
    shows_goals = event.subject in (e.Subject.GOALS, e.Subject.FINAL_FEEDBACK)
    facts = Facts(
        occurrence=_OCCURRENCES.get(event.subject, "").format(event.number),
        session=session.number if session else 0,
        starts_at=session.starts_at if session else None,
        ends_at=session.ends_at if session else None,
        deadline=deadline,
        version=event.number if event.subject is e.Subject.RULES else 0,
        rules=state.rules_values if event.subject is e.Subject.RULES else (),
        goals=tuple(goal.title for goal in state.goals) if shows_goals else (),
        topic=_topic(state, event.subject, ask.topic if ask else None),
        concerned=_concerned(state, ask.topic if ask else None),
    )
    letter = _letter(state, event.at, purpose, event.of, facts, not_after=deadline)
    return replace(letter, key=f"{letter.key.rpartition('/')[0]}/{revision}")


def _topic(state: Relationship, subject: e.Subject, decision: e.DecisionTopic | None) -> str:
    if subject is e.Subject.INVITATION:
        return "reverse" if state.is_reverse else "traditional"
    return decision or ""


def _concerned(state: Relationship, decision: e.DecisionTopic | None) -> str:
    if decision is None:
        return ""
    waiting: Party | None = None
    if decision is e.DecisionTopic.RULES_UNSIGNED:
        waiting = next((party for party in PAIR if party not in state.signed), None)
    elif decision is e.DecisionTopic.COMFORT:
        waiting = uneasy(state)
    return state.person(waiting or Party.MENTEE)


def _about_comfort(event: e.Asked, state: Relationship) -> Iterator[Letter]:
    """The partner learns only that more time is needed; which of the two it is stays with the coordinator."""
    party = uneasy(state)
    if party is None:
        return
    facts = Facts(concerned=state.person(party), partner=state.person(partner_of(party)), deadline=event.expires_at)
    told = event.at.strftime("%Y%m%d%H%M")
    talk = _letter(state, event.at, LetterKind.COMFORT_TALK, Party.COORDINATOR, facts)
    yield replace(talk, key=f"{talk.key.rpartition('/')[0]}/{told}")
    yield _letter(state, event.at, LetterKind.NEEDS_TIME, partner_of(party), not_after=event.expires_at)


# --- sessions ---------------------------------------------------------------------------------------------------


def _slot_wanted(event: e.SlotWanted, state: Relationship) -> Iterator[Effect]:
    sessions = state.policy.sessions
    yield FindSlot(
        key=f"{state.id}/s{event.session}/slot/-/{event.at:%Y%m%d%H%M}",
        session=event.session,
        not_before=event.not_before,
        weekday=sessions.weekday,
        wall_time=sessions.wall_time,
        zone=state.zone,
    )


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


def _entry(state: Relationship, at: datetime, session: Session, party: Party) -> KeepEntry:
    return KeepEntry(
        key=f"{state.id}/s{session.number}/entry/{party}/{session.revision}",
        person=state.person(party),
        partner=state.person(partner_of(party)),
        uid=session_uid(state.id, session.number),
        session=session.number,
        revision=session.revision,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        zone=state.zone,
        decided_at=at,
        not_after=session.ends_at,
    )


def _session_reminded(event: e.SessionReminded, state: Relationship) -> Iterator[Effect]:
    session = state.session(event.session)
    if session and event.at < session.starts_at:
        facts = _session_facts(session)
        revision = session.revision
        purpose = LetterKind.SESSION_REMINDER
        yield from _to_both(state, event.at, purpose, facts, revision=revision, not_after=session.starts_at)


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
        not_after=event.at + timedelta(days=state.policy.calendar_clean_up_days),
    )


def _verify(state: Relationship, at: datetime, occurrence: str) -> Iterator[Effect]:
    """Where no session was ever booked, no calendar was touched."""
    if state.next_session == 1:
        return
    for party in PAIR:
        yield VerifyCalendar(
            key=f"{state.id}/{occurrence}/calendar/{party}/0",
            person=state.person(party),
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
    yield _letter(state, event.at, LetterKind.HELP_RECEIVED, event.by, facts)
    yield _letter(state, event.at, LetterKind.HELP_WANTED, Party.COORDINATOR, facts)


def _help_overdue(event: e.HelpOverdue, state: Relationship) -> Iterator[Effect]:
    request = state.help_request(event.help)
    if request is None:
        return
    facts = _help_facts(state, event.help, request.by, deadline=request.conclude_by, topic=request.matter)
    told = (Party.COORDINATOR, Party.BACKUP) if state.backup else (Party.COORDINATOR,)
    for party in told:
        yield _letter(state, event.at, LetterKind.HELP_OVERDUE, party, facts, revision=event.times)


def _talk_arranged(event: e.TalkArranged, state: Relationship) -> Iterator[Effect]:
    facts = Facts(occurrence=f"help-{event.help}", starts_at=event.starts_at)
    yield from _to_both(
        state, event.at, LetterKind.TALK_ARRANGED, facts, revision=state.sequence, not_after=event.starts_at
    )


def _help_concluded(event: e.HelpConcluded, state: Relationship) -> Iterator[Effect]:
    asker = next((party for number, party in state.rated_by if number == event.help), None)
    if asker:
        facts = Facts(occurrence=f"help-{event.help}", topic=event.outcome)
        yield _letter(state, event.at, LetterKind.HELP_OUTCOME, asker, facts)


# --- standing ---------------------------------------------------------------------------------------------------


def _stop(state: Relationship) -> str:
    return f"stop-{state.stops}"


def _paused(event: e.Paused, state: Relationship) -> Iterator[Effect]:
    for party in PAIR:
        topic = "own" if party is event.by else "partner"
        facts = Facts(occurrence=_stop(state), topic=topic, deadline=event.until)
        yield _letter(state, event.at, LetterKind.PAUSED, party, facts, not_after=event.at + LETTER_LIVES)
    yield from _verify(state, event.at, _stop(state))


def _resumed(event: e.Resumed, state: Relationship) -> Iterator[Effect]:
    for party in PAIR:
        facts = Facts(occurrence=_stop(state), topic="own" if party is event.by else "partner")
        yield _letter(state, event.at, LetterKind.RESUMED, party, facts)


def _hold_placed(event: e.HoldPlaced, state: Relationship) -> Iterator[Effect]:
    yield from _to_both(state, event.at, LetterKind.ON_HOLD, Facts(occurrence=_stop(state)))
    yield from _verify(state, event.at, _stop(state))


def _hold_lifted(event: e.HoldLifted, state: Relationship) -> Iterator[Effect]:
    yield from _to_both(state, event.at, LetterKind.HOLD_LIFTED, Facts(occurrence=_stop(state)))


# --- leaving and closing ----------------------------------------------------------------------------------------


def _left(event: e.Left, state: Relationship) -> Iterator[Effect]:
    yield _letter(state, event.at, LetterKind.EXIT_CONFIRMED, event.by)
    yield _letter(state, event.at, LetterKind.RELATIONSHIP_ENDED, partner_of(event.by))


def _closing_begun(event: e.ClosingBegun, state: Relationship) -> Iterator[Effect]:
    yield from _to_both(state, event.at, LetterKind.CLOSING_NOTICE, Facts(deadline=state.ends_at))


def _end_decided(event: e.EndDecided, state: Relationship) -> Iterator[Effect]:
    yield from _verify(state, event.at, "end")


def _closed(event: e.Closed, state: Relationship) -> Iterator[Effect]:
    facts = Facts(
        sessions_held=state.sessions_held,
        goals=tuple(goal.title for goal in state.goals),
        keep_in_touch=len(state.keep_in_touch) == len(PAIR),
        topic=event.outcome,
    )
    farewell = _FAREWELLS.get(event.outcome)
    if farewell:
        yield from _to_both(state, event.at, farewell, facts)
    note = replace(facts, concerned=state.mentee.person, goals=(), keep_in_touch=False)
    yield _letter(state, event.at, LetterKind.CLOSED_NOTE, Party.COORDINATOR, note)


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
    if event.party in PAIR:
        facts = Facts(concerned=state.person(event.party), occurrence=event.party)
        yield _letter(state, event.at, LetterKind.ADDRESS_FAILED, Party.COORDINATOR, facts)


_CONSEQUENCES: dict[type[Any], Callable[[Any, Relationship], Iterable[Effect]]] = {
    e.Asked: _asked,
    e.Reminded: _reminded,
    e.SlotWanted: _slot_wanted,
    e.SessionPlanned: _session_planned,
    e.SessionMoved: _session_moved,
    e.SessionReminded: _session_reminded,
    e.SessionCancelled: _session_cancelled,
    e.HelpAsked: _help_asked,
    e.HelpOverdue: _help_overdue,
    e.TalkArranged: _talk_arranged,
    e.HelpConcluded: _help_concluded,
    e.Paused: _paused,
    e.Resumed: _resumed,
    e.HoldPlaced: _hold_placed,
    e.HoldLifted: _hold_lifted,
    e.Left: _left,
    e.ClosingBegun: _closing_begun,
    e.EndDecided: _end_decided,
    e.Closed: _closed,
    e.AddressFailed: _address_failed,
}


# --- what is no longer worth doing ------------------------------------------------------------------------------

_QUESTIONS: dict[LetterKind, e.Subject] = {
    **{kind: subject for subject, kinds in _ASKING.items() for kind in kinds},
    LetterKind.GOALS_TO_AGREE: e.Subject.GOALS,
}
_ABOUT_SESSIONS_AHEAD = (LetterKind.SESSION_INVITATION, LetterKind.SESSION_MOVED, LetterKind.SESSION_REMINDER)


def still_wanted(effect: Effect, state: Relationship) -> bool:
    """Whether an effect that has not been performed yet still makes sense. Asked again before every attempt."""
    if isinstance(effect, KeepEntry):
        return _lies_ahead_unchanged(state, effect.session, effect.revision)
    if not isinstance(effect, Letter):
        return True
    if state.held and not MANNERS[effect.purpose].passes_hold:
        return False
    if effect.purpose in _ABOUT_SESSIONS_AHEAD:
        return _lies_ahead_unchanged(state, effect.facts.session, effect.facts.revision)
    subject = _QUESTIONS.get(effect.purpose)
    return subject is None or state.ask(subject, effect.party) is not None


def _lies_ahead_unchanged(state: Relationship, number: int, revision: int) -> bool:
    session = state.session(number)
    return session is not None and session.lies_ahead and session.revision == revision
