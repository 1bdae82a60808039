"""The state of one relationship: a frozen value, the fold of its events, and the claims that can be read off it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import takewhile

from mentoring_lifecycle.domain.commands import (
    CalendarAnswer,
    Comfort,
    Goal,
    GoalOwner,
    HelpWay,
    Matter,
    Severity,
)
from mentoring_lifecycle.domain.events import (
    TOOK_PLACE,
    DecisionTopic,
    HelpStep,
    Phase,
    RelationshipOutcome,
    SessionResult,
    Subject,
)
from mentoring_lifecycle.domain.ground_rules import number_agreed
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
class Difference:
    """What one participant's calendar showed instead of a session, and was asked about."""

    of: Party
    answer: CalendarAnswer
    starts_at: datetime | None = None
    is_open: bool = True
    """The question has not been answered."""
    revision: int = 0
    """The session's own when it was noticed; under a higher one the calendar has been written anew."""

    def says_the_same(self, other: "Difference") -> bool:
        """The same person's calendar shows the same."""
        return (self.of, self.answer, self.starts_at) == (other.of, other.answer, other.starts_at)


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
    moves: int = 0
    times: tuple[datetime, ...] = ()
    """Other times that one of the pair has proposed and the other has not answered."""
    times_by: Party | None = None
    time_since: int = 0
    """The revision that brought the present time; later ones only put calendars right."""
    seen_revision: int = 0
    """The highest SEQUENCE that a calendar has shown."""
    replies: tuple[tuple[Party, CalendarAnswer], ...] = ()
    """What calendars say of the present time: accepted or tentative."""
    differences: tuple[Difference, ...] = ()

    missed: tuple[Party, ...] = ()
    """Who was not there, as the other one says."""
    disputed_at: datetime | None = None
    """Since when the two witnesses differ."""
    forms: tuple[tuple[Party, bool, bool], ...] = ()
    """What each said in private when they differed: whether they talked, and whether elsewhere."""
    logged: bool = False
    """Noted afterwards, outside of the plan; no calendar ever held it."""
    remind_at: datetime | None = None
    """When both are reminded; None: a fixed time before the start."""
    notes: tuple[str, ...] = ()
    """What is to be said about its time, as catalogue words."""
    ask_at: datetime | None = None
    """When both are asked about it; None: a fixed time after the end."""

    @property
    def lies_ahead(self) -> bool:
        """Its planned end has not come."""
        return self.asked_at is None

    @property
    def next_revision(self) -> int:
        """One higher than any that was told or that a calendar has shown, for calendars heed no lower one."""
        return max(self.revision, self.seen_revision) + 1

    def open_difference(self, of: Party) -> Difference | None:
        """What this person is being asked about."""
        return next((each for each in self.differences if each.of is of and each.is_open), None)

    @property
    def is_disputed(self) -> bool:
        """The two witnesses differ."""
        return self.disputed_at is not None

    @property
    def awaits_witnesses(self) -> bool:
        """Both are being asked whether it took place, and nothing else is open about it."""
        return not (self.lies_ahead or self.is_disputed or self.missed or self.logged)


@dataclass(frozen=True, slots=True)
class Changes:
    """How often one side has changed a session. For the programme team alone: it protects, it does not punish."""

    of: Party
    cancelled: int = 0
    late_moves: int = 0
    """Moves with less notice than the pair agreed on."""
    late_cancelled: int = 0
    """Those of the cancellations that came late."""


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
    """How often everybody has been told that a step is late."""
    asked_at: datetime | None = None
    not_to: tuple[str, ...] = ()
    """Person ids of those of the programme team whom the asker named."""
    taken_up_by: str = ""
    """Person id; empty while nobody is on it."""
    way: HelpWay | None = None
    step: HelpStep = HelpStep.TAKE_UP
    since: datetime | None = None
    """When the present step's clock began."""
    due_at: datetime | None = None
    asker_told: bool = False
    """That it takes longer than promised."""

    @property
    def late_at(self) -> datetime | None:
        """When the present step is late, or said to be late again."""
        ahead = self.due_at and self.next_clock_at and self.next_clock_at <= self.due_at
        return self.due_at if ahead else self.next_clock_at


@dataclass(frozen=True, slots=True)
class Doubt:
    """Mail to one of the pair came back for now."""

    party: Party
    since: datetime
    heard_at: datetime
    """When mail last came back."""
    again_at: datetime
    """When it is tried again, or judged."""
    repeated_at: datetime | None = None
    """When it was last tried again."""


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
    amend_due: tuple[tuple[int, Party], ...] = ()
    """Those whose call led to a change of the rules and who have not been shown where to propose it."""
    contact: str = ""
    """Person id of whom people turn to where nobody of the programme team is free; empty: nobody is known."""
    conflicted: tuple[str, ...] = ()
    """Who of the programme team stands in a reporting line with one of the pair."""
    paused: bool = False
    paused_until: datetime | None = None
    pause_limit_at: datetime | None = None
    """When the coordinator is asked what to do about a long pause; None once asked."""
    held: bool = False
    seals: tuple[str, ...] = ()
    """One for each who wants it on hold."""
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
    to_book: bool = False
    """A session was called off by one of the pair: the next time is booked by hand."""
    changes: tuple[Changes, ...] = ()
    cancelled_in_a_row: int = 0
    """Sessions that the pair called off since the last one that took place."""
    last_planned: int = 0
    """The session that was planned last, even if it was called off."""
    logged: tuple[int, ...] = ()
    """Sessions outside of the plan, by number."""
    times: tuple[tuple[datetime, datetime], ...] = ()
    """When the lately settled sessions were, so that none is noted twice."""
    absences: tuple[tuple[int, Party], ...] = ()
    """Who did not come to which session, as it was settled. For the programme team's steps alone."""
    review_session: int = 0
    """The session whose question asks for the look half-way as well; 0 before it."""
    reviewed: tuple[Party, ...] = ()
    pulse_session: int = 0
    """The session that stands for the programme's early measuring point."""
    next_zone: str = ""
    next_zone_at: datetime | None = None
    """The zone in which times are agreed from that instant on; empty and None: no change is known of."""
    slot_order: int = 0
    """Number of the event that asked for the time being found; an answer to an earlier one no longer counts."""
    pencilled_remind_at: datetime | None = None
    pencilled_notes: tuple[str, ...] = ()
    pencilled_ask_at: datetime | None = None
    proposals: tuple[datetime, ...] = ()
    """Other times for the next session that would suit both, where they were asked for."""
    follows: str = ""
    """Id of the relationship that this one continues; empty: none."""
    doubts: tuple[Doubt, ...] = ()
    """Of whom mail came back for now, at most one for each of the pair."""
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
        """Whether questions to this party age: a pause stops the pair's alone, a hold everybody's.

        Whom mail does not reach has not been asked, so their silence is no answer. On the last day this ends, and when
        another pairing waits: then nobody is waited for, whoever is silent and why.
        """
        if self.is_unreachable(of) and not (self.end_reached or self.rematching):
            return False
        return self.moves or (of is Party.COORDINATOR and self.is_paused and not self.held and not self.is_ending)

    def is_unreachable(self, party: Party) -> bool:
        """Mail to this one of the pair is known to fail."""
        return party in PAIR and party in self.failed_addresses

    def doubt(self, party: Party) -> Doubt | None:
        """Whether mail to this party came back for now."""
        return next((doubt for doubt in self.doubts if doubt.party is party), None)

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
    def decisions(self) -> tuple[Ask, ...]:
        """What the programme team has been asked to decide."""
        return tuple(ask for ask in self.asks if ask.subject is Subject.DECISION)

    @property
    def cadence_weeks(self) -> int:
        """The pair's own rhythm, else the programme's."""
        return self.every_weeks or self.policy.sessions.every_weeks

    @property
    def next_minutes(self) -> int:
        """How long the next session is planned to be."""
        return self.policy.sessions.later_minutes if self.planned_so_far else self.policy.sessions.first_minutes

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
    def unknown_in_a_row(self) -> int:
        """How many of the last sessions nobody has said anything about."""
        return self._trailing(lambda result, _: result is SessionResult.UNKNOWN)

    def no_shows(self, party: Party) -> int:
        """How many sessions this side missed in all, emergencies not counted."""
        return sum(absent is party for _, absent in self.absences)

    def no_shows_in_a_row(self, party: Party) -> int:
        """How many of the last ones; what says nothing about this side's coming neither counts nor breaks the row."""
        told = (*TOOK_PLACE, SessionResult.NO_SHOW)
        return self._trailing(lambda _, absent: absent is party, among=told)

    def _trailing(
        self,
        counts: Callable[[SessionResult, Party | None], bool],
        among: tuple[SessionResult, ...] = tuple(SessionResult),
    ) -> int:
        """Results in the order of their sessions, from the last one back, as long as they count."""
        absent = dict(self.absences)
        lately = ((result, absent.get(number)) for number, result in sorted(self.results, reverse=True))
        return sum(1 for _ in takewhile(lambda each: counts(*each), (each for each in lately if each[0] in among)))

    @property
    def planned_so_far(self) -> int:
        """How many of the agreed number have been planned and not called off."""
        return len(self.results) + len(self.sessions) - len(self.logged)

    @property
    def review_after(self) -> int:
        """After how many sessions the pair agreed to look at its rules (R17)."""
        return number_agreed(self.rules_values, "R17")

    @property
    def planned_session(self) -> Session | None:
        """The next session that lies ahead."""
        return next((session for session in self.sessions if session.lies_ahead), None)

    @property
    def help_holds_sessions(self) -> bool:
        """Somebody asked that no session takes place until their call for help is concluded."""
        return any(request.holds_sessions for request in self.help)

    def changes_of(self, party: Party) -> Changes:
        """How often one of the pair has changed a session."""
        return next((changes for changes in self.changes if changes.of is party), Changes(party))

    def zone_at(self, instant: datetime) -> str:
        """The zone in which the pair reads an instant."""
        return self.next_zone if self.next_zone_at and instant >= self.next_zone_at else self.zone

    def participant(self, party: Party) -> Participant:
        """One of the pair."""
        return self.mentor if party is Party.MENTOR else self.mentee

    def person(self, party: Party) -> str:
        """The person id behind a party; the coordinator stands in where there is no backup."""
        if party in PAIR:
            return self.participant(party).person
        if party is Party.SAFEGUARDING:
            return self.contact
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

    @property
    def team(self) -> tuple[Party, ...]:
        """Who runs the programme for this pair."""
        return (Party.COORDINATOR, Party.BACKUP) if self.backup else (Party.COORDINATOR,)

    def may_help(self, person: str, severity: Severity, not_to: tuple[str, ...]) -> bool:
        """Whether a call may reach this one of the team. A reporting line is no matter where only a book is wanted."""
        return person not in not_to and (severity is Severity.S0 or person not in self.conflicted)

    def team_for(self, request: HelpRequest) -> tuple[Party, ...]:
        """Who of the team is there for a call and free of conflicts; whoever is on it comes first."""
        there = () if self.coordinator_lost else self.team
        free = [each for each in there if self.may_help(self.person(each), request.severity, request.not_to)]
        return tuple(sorted(free, key=lambda each: self.person(each) != request.taken_up_by))

    def contact_for(self, request: HelpRequest) -> str:
        """Whom to turn to beside the team; empty where that would be somebody of it."""
        return "" if self.contact in (self.coordinator, self.backup, *request.not_to) else self.contact

    def help_request(self, number: int) -> HelpRequest | None:
        """A call for help that is not concluded yet."""
        return next((request for request in self.help if request.number == number), None)
