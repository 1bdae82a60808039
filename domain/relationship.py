"""The state of one relationship: a frozen value, the fold of its events, and the claims that can be read off it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import takewhile

from mentoring_lifecycle.domain.commands import Comfort, Goal, GoalOwner, Matter, Severity
from mentoring_lifecycle.domain.events import DecisionTopic, Phase, RelationshipOutcome, SessionResult, Subject
from mentoring_lifecycle.domain.people import PAIR, Participant, Party, Power
from mentoring_lifecycle.domain.policy import ProgrammePolicy

PROGRAMME_OFFICE = "programme"
"""The one name under which holds are placed and lifted, whoever asked, so that no hold tells itself from another."""


class Standing(StrEnum):
    """Beside the phase: whether the relationship moves. A hold wins over everything."""

    NORMAL = "normal"
    PAUSED = "paused"
    ON_HOLD = "on_hold"


@dataclass(frozen=True, slots=True)
class Ask:
    """One open question to one party."""

    subject: Subject
    of: Party
    number: int
    asked_at: datetime
    remind_at: tuple[datetime, ...]
    """What is left of the ladder."""
    expires_at: datetime
    reminded: int = 0
    topic: DecisionTopic | None = None
    opened: int = 0
    """Number of the event that put it; tells two askings of the same question apart."""
    stopped_at: datetime | None = None
    """Since when its clock stands still; None while it runs."""


@dataclass(frozen=True, slots=True)
class Session:
    """One planned session until it is settled."""

    number: int
    starts_at: datetime
    ends_at: datetime
    final: bool
    revision: int = 0
    agenda: tuple[str, ...] = ()
    reminded: bool = False
    asked_at: datetime | None = None
    """When both were asked whether it took place; None while it lies ahead."""
    answers: tuple[tuple[Party, bool], ...] = ()

    @property
    def lies_ahead(self) -> bool:
        """Its planned end has not come."""
        return self.asked_at is None


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """One call for help that has not been concluded."""

    number: int
    by: Party
    matter: Matter
    severity: Severity
    words: str
    partner_may_know: bool
    holds_sessions: bool
    conclude_by: datetime
    next_clock_at: datetime | None
    """When the programme team is late next; None when everybody has been told."""
    taken_up: bool = False
    overdue_times: int = 0


@dataclass(frozen=True, slots=True)
class Amendment:
    """A new version of rules that are in force, until both have signed it or it lapses."""

    version: int
    values: tuple[tuple[str, str], ...]
    by: Party


@dataclass(frozen=True, slots=True)
class Relationship:
    """Everything that is true about one relationship now."""

    id: str
    programme: str
    mentor: Participant
    mentee: Participant
    coordinator: str
    backup: str
    zone: str
    policy: ProgrammePolicy
    opened_at: datetime
    ends_at: datetime
    sequence: int = 1
    """How many events have happened."""
    phase: Phase = Phase.ONBOARDING
    asks: tuple[Ask, ...] = ()
    accepted: tuple[Party, ...] = ()
    comfort: tuple[tuple[Party, Comfort], ...] = ()
    rules_version: int = 0
    rules_values: tuple[tuple[str, str], ...] = ()
    signed: tuple[Party, ...] = ()
    signed_at: datetime | None = None
    """When the last signature came."""
    proposal: int = 0
    proposed_by: Party | None = None
    goals: tuple[Goal, ...] = ()
    """As last proposed."""
    goals_agreed: bool = False
    topics: tuple[str, ...] = ()
    every_weeks: int = 0
    sessions: tuple[Session, ...] = ()
    """Planned, or over and not yet settled; in order."""
    results: tuple[tuple[int, SessionResult], ...] = ()
    next_session: int = 1
    """The number that the next planned session gets; never used twice."""
    slot_wanted: int = 0
    """The session whose time is being found, or 0."""
    pencilled: datetime | None = None
    """The start found for the next session."""
    last_slot: datetime | None = None
    """The start on which the rhythm rests."""
    help: tuple[HelpRequest, ...] = ()
    help_count: int = 0
    rated_by: tuple[tuple[int, Party], ...] = ()
    """Who asked each concluded call for help that may still be rated."""
    rating_due: tuple[tuple[int, Party], ...] = ()
    """Those of them who have not been asked whether it helped."""
    paused: bool = False
    paused_until: datetime | None = None
    pause_limit_at: datetime | None = None
    """When the coordinator is asked what to do about a long pause; None once asked."""
    held: bool = False
    hold_asked_at: datetime | None = None
    """When the coordinator is next reminded of a hold that nobody has lifted."""
    frozen_since: datetime | None = None
    stops: int = 0
    """How many pauses and holds there have been."""
    end_reached: bool = False
    feedback: tuple[Party, ...] = ()
    keep_in_touch: tuple[Party, ...] = ()
    left_by: Party | None = None
    ending: RelationshipOutcome | None = None
    close_by: datetime | None = None
    to_verify: tuple[Party, ...] = ()
    """Whose calendar has not been proven clean since the last clean-up."""
    unclean: tuple[Party, ...] = ()
    failed_addresses: tuple[Party, ...] = ()
    outcome: RelationshipOutcome | None = None
    follows: str = ""
    """Id of the relationship that this one continues."""
    carried: tuple[Goal, ...] = ()
    """Goals from there, as a suggestion; gone once the pair has goals of its own."""
    leaving: tuple[tuple[Party, datetime], ...] = ()
    """Who of the pair is said to have left the organisation, and when that becomes final."""
    coordinator_lost: bool = False
    """The coordinator has left and nobody stands in."""
    last_sign_at: datetime | None = None
    """When one of the pair last showed a sign of life while sessions are under way; moves with a standstill."""
    silence_noticed: bool = False
    """The coordinator has been told of the silence since then."""
    going_on: tuple[Party, ...] = ()
    """Who has shown a sign of life since both were asked whether they want to go on."""
    unknown_heeded: int = 0
    """How many results there were when that was last asked."""
    wishes: tuple[tuple[Party, int], ...] = ()
    """Who would like how many weeks more. No view shows it: nobody learns of a wish that the other does not share."""
    extensions: int = 0
    sessions_added: int = 0
    early_end_by: Party | None = None
    """Who proposed to end now; None when nobody has."""
    ended_early: bool = False
    ended_by_programme: bool = False
    """The programme as a whole ends; nothing is extended any more."""
    amendment: Amendment | None = None
    last_version: int = 0
    """The highest number any version of the rules has had, so that none is used twice."""
    rematching: bool = False
    """It is ending in favour of another pairing; only whether goals may go along is still being asked."""
    staying: tuple[Party, ...] = ()
    """Who is to have another pairing."""
    carry: tuple[tuple[Party, bool], ...] = ()
    """Who has said whether their goals may go with them."""

    @property
    def standing(self) -> Standing:
        """A hold wins over a pause. The days in which somebody may have left look like a pause."""
        if self.held:
            return Standing.ON_HOLD
        return Standing.PAUSED if self.is_paused else Standing.NORMAL

    @property
    def is_paused(self) -> bool:
        """It stands still below any hold: paused, or one of the pair may have left the organisation."""
        return self.paused or (bool(self.leaving) and not self.is_closed)

    @property
    def gone(self) -> tuple[Party, ...]:
        """Who of the pair is said to have left the organisation; nothing is sent to them."""
        return tuple(party for party, _ in self.leaving)

    @property
    def is_closed(self) -> bool:
        """It has ended for good."""
        return self.phase is Phase.CLOSED

    @property
    def is_ending(self) -> bool:
        """Its outcome is decided; only the clean-up is left."""
        return self.ending is not None

    @property
    def moves(self) -> bool:
        """Neither frozen nor ending: people are asked and sessions planned."""
        return self.standing is Standing.NORMAL and not self.is_ending

    def clock_runs(self, of: Party) -> bool:
        """Whether questions to this party age: a pause stops the pair's alone, a hold everybody's."""
        return self.moves or (of is Party.COORDINATOR and self.is_paused and not self.held and not self.is_ending)

    @property
    def agreed_goals(self) -> tuple[Goal, ...]:
        """What both have agreed to; a proposal alone is no goal of the pair."""
        return self.goals if self.goals_agreed else ()

    @property
    def carried_goals(self) -> tuple[Goal, ...]:
        """What may go into another pairing: the goals whose owners said yes. Silence keeps a goal here."""
        willing = tuple(party.value for party, yes in self.carry if yes)
        return tuple(
            goal
            for goal in self.agreed_goals
            if (len(willing) == len(PAIR) if goal.owner is GoalOwner.PAIR else goal.owner.value in willing)
        )

    @property
    def sessions_planned(self) -> int:
        """The programme's number and what extensions have added."""
        return self.policy.sessions.planned + self.sessions_added

    @property
    def unknown_in_a_row(self) -> int:
        """How many of the last sessions nobody said anything about; in their order, not in that of the answers."""
        last_first = sorted(self.results, reverse=True)
        trailing = takewhile(lambda result: result[1] is SessionResult.UNKNOWN, last_first)
        return sum(1 for _ in trailing)

    @property
    def decisions(self) -> tuple[Ask, ...]:
        """What the programme team has been asked to decide."""
        return tuple(ask for ask in self.asks if ask.subject is Subject.DECISION)

    @property
    def cadence_weeks(self) -> int:
        """The pair's own rhythm, else the programme's."""
        return self.every_weeks or self.policy.sessions.every_weeks

    @property
    def is_reverse(self) -> bool:
        """The junior teaches the senior."""
        return self.mentor.power is Power.JUNIOR

    @property
    def sessions_held(self) -> int:
        """Confirmed by both."""
        return sum(result is SessionResult.HELD for _, result in self.results)

    @property
    def sessions_unconfirmed(self) -> int:
        """Confirmed by one, the other stayed silent; counts half."""
        return sum(result is SessionResult.HELD_UNCONFIRMED for _, result in self.results)

    @property
    def planned_session(self) -> Session | None:
        """The next session that lies ahead."""
        return next((session for session in self.sessions if session.lies_ahead), None)

    @property
    def help_holds_sessions(self) -> bool:
        """Somebody asked that no session takes place until their call for help is concluded."""
        return any(request.holds_sessions for request in self.help)

    def participant(self, party: Party) -> Participant:
        """One of the pair."""
        return self.mentor if party is Party.MENTOR else self.mentee

    def person(self, party: Party) -> str:
        """The person id behind a party; the coordinator stands in where there is no backup."""
        if party in PAIR:
            return self.participant(party).person
        return (self.backup or self.coordinator) if party is Party.BACKUP else self.coordinator

    def party_of(self, person: str) -> Party | None:
        """The part this person plays, or None for a stranger."""
        people = {
            PROGRAMME_OFFICE: Party.COORDINATOR,
            self.coordinator: Party.COORDINATOR,
            self.mentee.person: Party.MENTEE,
            self.mentor.person: Party.MENTOR,
        }
        return people.get(person) or (Party.BACKUP if self.backup and person == self.backup else None)

    def ask(self, subject: Subject, of: Party, number: int | None = None) -> Ask | None:
        """An open question, if there is one."""
        for ask in self.asks:
            if ask.subject is subject and ask.of is of and number in (None, ask.number):
                return ask
        return None

    def session(self, number: int) -> Session | None:
        """A session that is not settled yet."""
        return next((session for session in self.sessions if session.number == number), None)

    def help_request(self, number: int) -> HelpRequest | None:
        """A call for help that is not concluded yet."""
        return next((request for request in self.help if request.number == number), None)
