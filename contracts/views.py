"""What callers may see of a relationship. No view but the coordinator's own holds what somebody wrote in confidence."""

from dataclasses import dataclass
from datetime import datetime

from mentoring_lifecycle.domain.commands import Goal, Matter, Severity
from mentoring_lifecycle.domain.events import Phase, RelationshipOutcome, SessionResult
from mentoring_lifecycle.domain.lifecycle import next_hour
from mentoring_lifecycle.domain.outlook import Awaiting, Health, awaiting, health, next_due
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.relationship import Relationship, Session, Standing


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
    follows: str = ""
    """Id of the relationship that this one continues."""
    sessions_planned: int = 0
    extensions: int = 0

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
            follows=state.follows,
            sessions_planned=state.sessions_planned,
            extensions=state.extensions,
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
    amendment: int = 0
    """Number of the version that is proposed in the place of the one in force; 0 while none is."""
    amendment_rules: tuple[tuple[str, str], ...] = ()
    amendment_by: Party | None = None
    suggested_goals: tuple[Goal, ...] = ()
    """From an earlier pairing, with their owners' consent, until this pair has goals of its own."""
    carried_goals: tuple[Goal, ...] = ()
    """What may go into another pairing, once this one is closed: each with its owner's consent."""

    @classmethod
    def of(cls, state: Relationship) -> "AgreementView":
        """The view of a state. Who consented is nobody's business while the two still meet."""
        amendment = state.amendment
        return cls(
            rules_version=state.rules_version,
            rules=state.rules_values,
            signed=state.signed,
            proposal=state.proposal,
            proposed_by=state.proposed_by,
            goals=state.goals,
            topics=state.topics,
            every_weeks=state.cadence_weeks,
            amendment=amendment.version if amendment else 0,
            amendment_rules=amendment.values if amendment else (),
            amendment_by=amendment.by if amendment else None,
            suggested_goals=state.carried,
            carried_goals=state.carried_goals if state.is_closed else (),
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
