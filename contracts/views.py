"""What callers may see of a relationship. No view but the coordinator's own holds what somebody wrote in confidence."""

from dataclasses import dataclass
from datetime import datetime

from mentoring_lifecycle.domain.calendar_answers import MOST_QUESTIONS
from mentoring_lifecycle.domain.commands import CalendarAnswer, Goal, Matter, Severity
from mentoring_lifecycle.domain.events import Phase, RelationshipOutcome, SessionResult, Subject
from mentoring_lifecycle.domain.lifecycle import next_hour
from mentoring_lifecycle.domain.outlook import Awaiting, Health, awaiting, health, next_due
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.relationship import Difference, Relationship, Session, Standing


@dataclass(frozen=True, slots=True)
class SessionView:
    """One session that is not settled yet."""

    number: int
    starts_at: datetime
    ends_at: datetime
    revision: int
    final: bool
    lies_ahead: bool
    agenda: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One open question."""

    subject: str
    of: Party
    number: int
    asked_at: datetime
    reminded: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RelationshipView:
    """Where a relationship stands."""

    relationship: str
    programme: str
    phase: Phase
    standing: Standing
    outcome: RelationshipOutcome | None
    health: Health
    awaiting: Awaiting
    next_due_at: datetime | None
    opened_at: datetime
    ends_at: datetime
    rules_version: int
    signed: tuple[Party, ...]
    goals: int
    proposal: int
    sessions: tuple[SessionView, ...]
    results: tuple[tuple[int, SessionResult], ...]
    sessions_held: int
    questions: tuple[QuestionView, ...]
    open_help: int
    next_hour_at: datetime | None
    """When time alone brings the next change; None when only people can."""
    events: int

    @classmethod
    def of(cls, state: Relationship) -> "RelationshipView":
        """The view of a state."""
        return cls(
            relationship=state.id,
            programme=state.programme,
            phase=state.phase,
            standing=state.standing,
            outcome=state.outcome,
            health=health(state),
            awaiting=awaiting(state),
            next_due_at=next_due(state),
            opened_at=state.opened_at,
            ends_at=state.ends_at,
            rules_version=state.rules_version,
            signed=state.signed,
            goals=len(state.agreed_goals),
            proposal=state.proposal,
            sessions=tuple(_session(session) for session in state.sessions),
            results=state.results,
            sessions_held=state.sessions_held,
            questions=tuple(
                QuestionView(ask.subject, ask.of, ask.number, ask.asked_at, ask.reminded, ask.expires_at)
                for ask in state.asks
            ),
            open_help=len(state.help),
            next_hour_at=next_hour(state),
            events=state.sequence,
        )


def _session(session: Session) -> SessionView:
    return SessionView(
        number=session.number,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        revision=session.revision,
        final=session.final,
        lies_ahead=session.lies_ahead,
        agenda=session.agenda,
    )


@dataclass(frozen=True, slots=True)
class AgreementView:
    """What the pair has agreed or is agreeing on, for a page of the host's own tool."""

    rules_version: int
    rules: tuple[tuple[str, str], ...]
    signed: tuple[Party, ...]
    proposal: int
    proposed_by: Party | None
    goals: tuple[Goal, ...]
    topics: tuple[str, ...]
    every_weeks: int

    @classmethod
    def of(cls, state: Relationship) -> "AgreementView":
        """The view of a state."""
        return cls(
            rules_version=state.rules_version,
            rules=state.rules_values,
            signed=state.signed,
            proposal=state.proposal,
            proposed_by=state.proposed_by,
            goals=state.goals,
            topics=state.topics,
            every_weeks=state.cadence_weeks,
        )


@dataclass(frozen=True, slots=True)
class HelpView:
    """One open call for help, for the programme team alone."""

    number: int
    by: Party
    matter: Matter
    severity: Severity
    words: str
    partner_may_know: bool
    holds_sessions: bool
    taken_up: bool
    conclude_by: datetime

    @classmethod
    def of(cls, state: Relationship) -> "tuple[HelpView, ...]":
        """The open calls of a state."""
        return tuple(
            cls(
                request.number,
                request.by,
                request.matter,
                request.severity,
                request.words,
                request.partner_may_know,
                request.holds_sessions,
                request.taken_up,
                request.conclude_by,
            )
            for request in state.help
        )


@dataclass(frozen=True, slots=True)
class EntryView:
    """What one participant's calendar should show of a session, and what is known of what it does show."""

    party: Party
    sequence: int
    """SEQUENCE of the newest version that this calendar was told."""
    reply: CalendarAnswer | None
    """Its last yes or perhaps."""
    known: tuple[Difference, ...]
    """What its owner was asked about already."""
    may_be_asked: bool
    """No question about it is open, and there were not too many."""


@dataclass(frozen=True, slots=True)
class ShownSession:
    """A session that calendars should show."""

    number: int
    starts_at: datetime
    ends_at: datetime
    entries: tuple[EntryView, ...]
    """Of mentor and mentee, in this order."""


@dataclass(frozen=True, slots=True)
class OutsideView:
    """What calendars and the people directory should agree with; for the reconcile process alone."""

    relationship: str
    standing: Standing
    has_ended: bool
    """Its outcome is decided."""
    mentor: str
    mentee: str
    zone: str
    least_level_distance: int
    failed_addresses: tuple[Party, ...]
    sessions: tuple[ShownSession, ...]
    """Those that lie ahead."""
    over: tuple[int, ...]
    """Numbers of those whose time has passed, settled or not."""
    next_session: int
    """No session has had this number or a higher one yet, and no number is used twice."""
    events: int

    @classmethod
    def of(cls, state: Relationship) -> "OutsideView":
        """The view of a state."""
        return cls(
            relationship=state.id,
            standing=state.standing,
            has_ended=state.is_ending or state.is_closed,
            mentor=state.mentor.person,
            mentee=state.mentee.person,
            zone=state.zone,
            least_level_distance=state.policy.minimum_level_distance,
            failed_addresses=state.failed_addresses,
            sessions=tuple(_shown(state, session) for session in state.sessions if session.lies_ahead),
            over=(
                *(number for number, _ in state.results),
                *(session.number for session in state.sessions if not session.lies_ahead),
            ),
            next_session=state.next_session,
            events=state.sequence,
        )


def _shown(state: Relationship, session: Session) -> ShownSession:
    entries = tuple(_entry(state, session, party) for party in PAIR)
    return ShownSession(session.number, session.starts_at, session.ends_at, entries)


def _entry(state: Relationship, session: Session, party: Party) -> EntryView:
    is_asked = state.ask(Subject.CALENDAR, party, session.number) is not None
    return EntryView(
        party=party,
        sequence=session.sequence_of(party),
        reply=dict(session.replies).get(party),
        known=tuple(each for each in session.differences if each.party is party),
        may_be_asked=not is_asked and session.calendar_questions.count(party) < MOST_QUESTIONS,
    )
