"""What callers may see of a relationship. No view but the coordinator's own holds what somebody wrote in confidence."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mentoring_lifecycle.contracts.inputs import Pending
from mentoring_lifecycle.domain.calendar_answers import MOST_QUESTIONS
from mentoring_lifecycle.domain.commands import CalendarAnswer, Goal, HelpWay, Matter, Severity
from mentoring_lifecycle.domain.effects import FindSlot, Letter
from mentoring_lifecycle.domain.events import HelpStep, Phase, RelationshipOutcome, SessionResult, Subject
from mentoring_lifecycle.domain.help_requests import as_seen_by, may_read
from mentoring_lifecycle.domain.lifecycle import next_hour
from mentoring_lifecycle.domain.outlook import Awaiting, Health, awaiting, health, next_due
from mentoring_lifecycle.domain.people import PAIR, Party, Power
from mentoring_lifecycle.domain.relationship import Ask, Difference, Relationship, Session, Standing


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
    times: tuple[datetime, ...] = ()
    """Other times on the table, to be answered by the partner of `times_by`."""
    times_by: Party | None = None
    disputed: bool = False
    """The two have said different things; each is asked in private."""
    logged: bool = False
    """Noted afterwards, outside of the plan."""
    notes: tuple[str, ...] = ()
    """What is to be known about its time: `gap`, `overlap`, `other_day`, `other_hour`, `outside_hours`."""


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One open question."""

    subject: str
    of: Party
    number: int
    """Which session, version, proposal or call for help; 0 for what the programme team decides, which could be about
    one of the two."""
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
    to_book: int = 0
    """The session that waits to be booked by hand, or 0."""
    proposals: tuple[datetime, ...] = ()
    """Times that would suit both for it."""
    review_session: int = 0
    """The session whose question asks for the look half-way; from it on `give_review` is open. 0 before it."""
    zone: str = ""
    """Where the pair's times are agreed now."""
    follows: str = ""
    """Id of the relationship that this one continues."""
    sessions_planned: int = 0
    extensions: int = 0

    @classmethod
    def of(cls, state: Relationship, by: str = "") -> "RelationshipView":
        """The view of a state; whoever is named sees of calls for help only what is theirs to know."""
        state = as_seen_by(state, by)
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
            questions=tuple(_question(ask) for ask in state.asks),
            open_help=len(state.help),
            next_hour_at=next_hour(state),
            events=state.sequence,
            to_book=next((ask.number for ask in state.asks if ask.subject is Subject.BOOKING), 0),
            proposals=state.proposals,
            review_session=state.review_session,
            zone=state.zone,
            follows=state.follows,
            sessions_planned=state.sessions_planned,
            extensions=state.extensions,
        )


def _question(ask: Ask) -> QuestionView:
    number = 0 if ask.subject is Subject.DECISION else ask.number
    return QuestionView(ask.subject, ask.of, number, ask.asked_at, ask.reminded, ask.expires_at)


def _session(session: Session) -> SessionView:
    return SessionView(
        number=session.number,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        revision=session.revision,
        final=session.final,
        lies_ahead=session.lies_ahead,
        agenda=session.agenda,
        times=session.times,
        times_by=session.times_by,
        disputed=session.is_disputed,
        logged=session.logged,
        notes=session.notes,
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
class ChangesView:
    """How often one side has changed sessions, for the programme team alone."""

    of: Party
    power: Power
    cancelled: int
    late_cancelled: int
    late_moves: int

    @classmethod
    def of_pair(cls, state: Relationship) -> "tuple[ChangesView, ...]":
        """Both sides of a state, the mentor first."""
        found = [(state.participant(party).power, state.changes_of(party)) for party in PAIR]
        return tuple(
            cls(changes.of, power, changes.cancelled, changes.late_cancelled, changes.late_moves)
            for power, changes in found
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
    step: HelpStep = HelpStep.TAKE_UP
    """What it waits for."""
    due_at: datetime | None = None
    """By when."""
    way: HelpWay | None = None
    taken_up_by: str = ""
    """Person id; empty while nobody is on it."""

    @classmethod
    def of(cls, state: Relationship, by: str = "") -> "tuple[HelpView, ...]":
        """The open calls of a state that this one of the team may read; unnamed, those that all of it may."""
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
                request.step,
                request.due_at,
                request.way,
                request.taken_up_by,
            )
            for request in state.help
            if may_read(state, request, by)
        )


@dataclass(frozen=True, slots=True)
class DisputeView:
    """One session about which the two differ, for the programme team alone."""

    session: int
    starts_at: datetime
    ends_at: datetime
    disputed_at: datetime
    answers: tuple[tuple[Party, bool], ...]
    """Whether it took place, as each said."""
    missed: tuple[Party, ...]
    """Who was not there, as the other said."""
    forms: tuple[tuple[Party, bool, bool], ...]
    """In private: whether they talked, and whether at another time or in another place."""
    settle_by: datetime | None
    """When it becomes *unknown* by itself; None while both may still answer."""

    @classmethod
    def of(cls, state: Relationship) -> "tuple[DisputeView, ...]":
        """The open disputes of a state."""
        return tuple(
            cls(
                session.number,
                session.starts_at,
                session.ends_at,
                session.disputed_at,
                session.answers,
                session.missed,
                session.forms,
                _settle_by(state, session),
            )
            for session in state.sessions
            if session.disputed_at
        )


def _settle_by(state: Relationship, session: Session) -> datetime | None:
    ask = state.ask(Subject.SETTLEMENT, Party.COORDINATOR, session.number)
    return ask.expires_at if ask else None


@dataclass(frozen=True, slots=True)
class EntryView:
    """What is known of a session in one participant's own calendar."""

    party: Party
    reply: CalendarAnswer | None
    """The last yes or perhaps."""
    known: tuple[Difference, ...]
    """What its owner was asked about since it was last written, the oldest first."""
    may_be_asked: bool
    """They have not been asked too often about this session."""


@dataclass(frozen=True, slots=True)
class ShownSession:
    """A session that calendars should show."""

    number: int
    revision: int
    """SEQUENCE of the newest version that calendars were told."""
    starts_at: datetime
    ends_at: datetime
    zone: str
    entries: tuple[EntryView, ...]
    """Of mentor and mentee, in this order."""


@dataclass(frozen=True, slots=True)
class OutsideView:
    """What calendars and the people directory should agree with; for the reconcile process alone."""

    relationship: str
    has_ended: bool
    """Its outcome is decided."""
    mentor: str
    mentee: str
    coordinator: str
    backup: str
    """Empty: nobody stands in."""
    gone: tuple[Party, ...]
    """Of whom it is known that they have left the organisation; a coordinator only as long as nobody has followed."""
    zone: str
    next_zone: str
    next_zone_at: datetime | None
    """The pair's zone from that instant on; empty and None: no change is known of."""
    least_level_distance: int
    failed_addresses: tuple[Party, ...]
    sessions: tuple[ShownSession, ...]
    """Those that lie ahead."""
    over: tuple[int, ...]
    """Numbers of those whose time has passed, settled or not."""
    next_session: int
    """No session has had this number or a higher one yet, and no number is used twice."""
    events: int
    has_left: bool = False
    """It goes on in another installation: what is seen here of it is over."""

    @property
    def people(self) -> dict[Party, str]:
        """Who plays which part."""
        people = {Party.MENTOR: self.mentor, Party.MENTEE: self.mentee, Party.COORDINATOR: self.coordinator}
        return people | ({Party.BACKUP: self.backup} if self.backup else {})

    @classmethod
    def of(cls, state: Relationship) -> "OutsideView":
        """The view of a state."""
        return cls(
            relationship=state.id,
            has_ended=state.is_ending or state.is_closed,
            mentor=state.mentor.person,
            mentee=state.mentee.person,
            coordinator=state.coordinator,
            backup=state.backup,
            gone=(*state.gone, *((Party.COORDINATOR,) if state.coordinator_lost else ())),
            zone=state.zone,
            next_zone=state.next_zone,
            next_zone_at=state.next_zone_at,
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


class Lane(StrEnum):
    """Which outside system an effect goes to."""

    LETTERS = "letters"
    CALENDAR = "calendar"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True)
class WaitingEffect:
    """Something that has not been done to the world yet; neither to whom nor what it says."""

    lane: Lane
    tries: int
    not_before: datetime | None
    """When it is tried again; None: as soon as its lane is free."""
    reason: str
    """Why the last try came to nothing."""
    not_after: datetime | None


@dataclass(frozen=True, slots=True)
class ProgressView:
    """Why nothing is happening, as far as the relationship itself can tell; for operators."""

    relationship: RelationshipView
    outside: OutsideView
    waiting: tuple[WaitingEffect, ...]
    unjournaled: int
    """Events that are not in the journal yet."""
    journaled: int
    """The last sequence number known to be in it."""
    journal_again_at: datetime | None
    """When the journal is written again, after it could not be; None where it could."""

    @classmethod
    def of(
        cls,
        state: Relationship,
        outbox: Iterable[Pending],
        unjournaled: int,
        journaled: int,
        journal_again_at: datetime | None,
    ) -> "ProgressView":
        """The view of a state and of what its story still has in hand."""
        return cls(
            relationship=RelationshipView.of(state),
            outside=OutsideView.of(state),
            waiting=tuple(_waiting(each) for each in outbox),
            unjournaled=unjournaled,
            journaled=journaled,
            journal_again_at=journal_again_at,
        )


def _waiting(pending: Pending) -> WaitingEffect:
    match pending.effect:
        case Letter():
            lane = Lane.LETTERS
        case FindSlot():
            return WaitingEffect(Lane.SCHEDULE, pending.tries, pending.not_before, pending.reason, None)
        case _:
            lane = Lane.CALENDAR
    return WaitingEffect(lane, pending.tries, pending.not_before, pending.reason, pending.effect.not_after)


def _shown(state: Relationship, session: Session) -> ShownSession:
    return ShownSession(
        number=session.number,
        revision=session.revision,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        zone=state.zone_at(session.starts_at),
        entries=tuple(_entry(session, party) for party in PAIR),
    )


def _entry(session: Session, party: Party) -> EntryView:
    asked = [each for each in session.differences if each.of is party]
    return EntryView(
        party=party,
        reply=dict(session.replies).get(party),
        known=tuple(each for each in asked if each.revision == session.revision),
        may_be_asked=len(asked) < MOST_QUESTIONS,
    )
