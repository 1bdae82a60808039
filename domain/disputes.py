"""Two witnesses differ: both are asked two private questions; where these differ too, the coordinator settles it.

A disputed session is in nobody's way: the next one is planned as if it were settled.
"""

from datetime import datetime, timedelta

from mentoring_lifecycle.domain.absences import settle
from mentoring_lifecycle.domain.asking import ask_within
from mentoring_lifecycle.domain.commands import AnswerDispute, SettleDispute, Verdict
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import AskLapsed, DisputeAnswered, SessionDisputed, SessionResult, Subject
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import Relationship, Session

_ABOUT_COMING = (Verdict.NO_SHOW, Verdict.EXCUSED)


def dispute(draft: Draft, number: int, now: datetime) -> None:
    """Ask both in private what they remember."""
    draft.add(SessionDisputed(now, number))
    until = now + timedelta(days=draft.state.policy.sessions.dispute_form_days)
    for party in PAIR:
        ask_within(draft, now, Subject.DISPUTE, party, until, number)


def answer_dispute(draft: Draft, command: AnswerDispute, by: Party, now: datetime) -> Rejection | None:
    """Two private answers of each; where both say the same, it is settled."""
    session = draft.state.session(command.session)
    if session is None or not session.is_disputed:
        return nothing_asked(draft.state, command.session)
    if by in {party for party, _, _ in session.forms}:
        return Rejection(Refusal.ALREADY_ANSWERED)
    if draft.state.ask(Subject.DISPUTE, by, command.session) is None:
        return Rejection(Refusal.NOT_ASKED, str(command.session))
    draft.add(DisputeAnswered(now, by, command.session, command.talked, command.elsewhere))
    _go_on(draft, command.session, now)
    return None


def nothing_asked(state: Relationship, number: int) -> Rejection:
    """The refusal of an answer that nobody waits for."""
    is_settled = number in dict(state.results)
    known = is_settled or state.session(number)
    if not known:
        return Rejection(Refusal.UNKNOWN_SESSION, str(number))
    return Rejection(Refusal.SESSION_SETTLED if is_settled else Refusal.NOT_ASKED, str(number))


def _go_on(draft: Draft, number: int, now: datetime) -> None:
    session = draft.state.session(number)
    if session is None or any(draft.state.ask(Subject.DISPUTE, party, number) for party in PAIR):
        return
    said = {talked for _, talked, _ in session.forms}
    if len(session.forms) == len(PAIR) and len(said) == 1:
        settle(draft, session, now, SessionResult.HELD if said.pop() else SessionResult.NOT_HELD)
    elif draft.state.ask(Subject.SETTLEMENT, Party.COORDINATOR, number) is None:
        _ask_the_coordinator(draft, session, now)


def _ask_the_coordinator(draft: Draft, session: Session, now: datetime) -> None:
    """Without the answers of either. What the forms left of the time is theirs, and no less after a delay."""
    assert session.disputed_at
    sessions = draft.state.policy.sessions
    own_days = timedelta(days=sessions.dispute_days - sessions.dispute_form_days)
    until = max(session.disputed_at + timedelta(days=sessions.dispute_days), now + own_days)
    ask_within(draft, now, Subject.SETTLEMENT, Party.COORDINATOR, until, session.number)


def settle_dispute(draft: Draft, command: SettleDispute, by: Party, now: datetime) -> Rejection | None:
    """The programme team says what is to count, at any time while the two differ."""
    session = draft.state.session(command.session)
    if session is None or not session.is_disputed:
        return nothing_asked(draft.state, command.session)
    if command.result in _ABOUT_COMING and not session.missed:
        return Rejection(Refusal.NOBODY_WAS_MISSED, str(command.session))
    settle(draft, session, now, SessionResult(command.result.value), by)
    return None


def lapse(draft: Draft, lapsed: AskLapsed, now: datetime) -> None:
    """Silence of the two brings the coordinator; silence of the coordinator harms nobody: UNKNOWN."""
    session = draft.state.session(lapsed.number)
    if session and lapsed.subject is Subject.SETTLEMENT:
        settle(draft, session, now, SessionResult.UNKNOWN)
    else:
        _go_on(draft, lapsed.number, now)
