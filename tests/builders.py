"""Lives for tests: who takes part, how a relationship gets anywhere, and a driver that folds what happens to it.

An arrangement is a list of past commands and spans of time: `life().after(*ONBOARDED, *SIGNED, timedelta(days=3))`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from random import Random
from types import MappingProxyType
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from mentoring_lifecycle.contracts.deliveries import JournalEntry
from mentoring_lifecycle.contracts.journal import journal_entry
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.consequences import effects_of
from mentoring_lifecycle.domain.effects import Effect, FindSlot, Letter, VerifyCalendar
from mentoring_lifecycle.domain.events import Event, Phase, RelationshipOpened
from mentoring_lifecycle.domain.evolution import evolve, opened
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.lifecycle import Events, Opening, decide, next_hour, open_relationship, report, strike
from mentoring_lifecycle.domain.people import PAIR, Participant, Party, Power
from mentoring_lifecycle.domain.policy import Inactivity, ProgrammePolicy
from mentoring_lifecycle.domain.rejections import Rejection
from mentoring_lifecycle.domain.relationship import Relationship, Session

START = datetime(2027, 1, 12, 9, 0, tzinfo=UTC)
"""A Tuesday in winter; the last Sunday of March changes the clocks of the pair's zone on the way."""

MENTOR, MENTEE, COORDINATOR, BACKUP, STRANGER = "p-luca", "p-anna", "p-carla", "p-bruno", "p-nemo"
CONTACT = "p-tullia"
"""Luca is the junior and teaches, Anna is the senior and learns: reverse mentoring."""

TEAM = (Party.COORDINATOR, Party.BACKUP)
PERSON_OF = {Party.MENTOR: MENTOR, Party.MENTEE: MENTEE, Party.COORDINATOR: COORDINATOR, Party.BACKUP: BACKUP}

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)

T = TypeVar("T")

Step = c.Command | c.Report | timedelta | datetime
"""What may lie in a past: a command, a report, a span of time, or the instant until which time passes."""


def opening(
    policy: ProgrammePolicy | None = None, *, backup: str = BACKUP, reverse: bool = True, **more: Any
) -> Opening:
    """What a relationship of Luca and Anna begins with."""
    mentor, mentee = (Power.JUNIOR, Power.SENIOR) if reverse else (Power.SENIOR, Power.JUNIOR)
    return Opening(
        relationship="r-1",
        programme="ponte",
        mentor=Participant(MENTOR, mentor),
        mentee=Participant(MENTEE, mentee),
        coordinator=COORDINATOR,
        backup=backup,
        zone="Europe/Rome",
        policy=policy or ProgrammePolicy(),
        **more,
    )


def first_slot(wish: FindSlot) -> datetime:
    """The first instant (UTC) on or after `not_before` that has the wished weekday and wall-clock time."""
    zone = ZoneInfo(wish.next_zone if wish.next_zone_at and wish.not_before >= wish.next_zone_at else wish.zone)
    first_day = wish.not_before.astimezone(zone).date()
    days = [first_day + day * DAY for day in range(8)]
    wall_time = time.fromisoformat(wish.wall_time)
    instants = [datetime.combine(day, wall_time, zone).astimezone(UTC) for day in days if day.weekday() == wish.weekday]
    return next(instant for instant in instants if instant >= wish.not_before)


@dataclass
class Life:
    """One relationship, everything that has happened to it, and everything that the world was told.

    Times are found and calendars proven clean at once, unless the world is `silent`: then both wait in `unanswered`.
    """

    state: Relationship
    now: datetime = START
    silent: bool = False
    events: list[Event] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    unanswered: list[FindSlot | VerifyCalendar] = field(default_factory=list)

    def after(self, *steps: Step) -> "Life":
        """Live through a past; every command in it must have been possible."""
        for step in steps:
            if isinstance(step, timedelta):
                self.passes(self.now + step)
            elif isinstance(step, datetime):
                self.passes(step)
            elif isinstance(step, c.Report):
                self.learns(step)
            else:
                self.does(step)
        return self

    def tries(self, command: c.Command) -> Events | Rejection:
        """Let somebody ask for something, and let it happen where it is allowed."""
        judged = decide(self.state, command, self.now)
        if not isinstance(judged, Rejection):
            self._tell(judged)
            self.strikes()
        return judged

    def does(self, command: c.Command) -> Events:
        """Let somebody do what must be possible here."""
        judged = self.tries(command)
        assert not isinstance(judged, Rejection), f"{command.kind} at {self.now}: {judged}"
        return judged

    def learns(self, found: c.Report) -> Events:
        """Let the engine report something about the world."""
        events = report(self.state, found, self.now)
        self._tell(events)
        self.strikes()
        return events

    def strikes(self) -> Events:
        """Let everything happen that is due now."""
        events = strike(self.state, self.now)
        self._tell(events)
        return events

    def passes(self, until: datetime) -> None:
        """Let time pass with somebody awake: every hour strikes when it comes."""
        while (hour := next_hour(self.state)) and hour <= until:
            self.now = max(self.now, hour)
            self.strikes()
        self.now = max(self.now, until)

    def sleeps(self, span: timedelta) -> Events:
        """Let time pass with nobody awake, then wake up."""
        self.now += span
        return self.strikes()

    def lives_on(self) -> None:
        """Let time do all that it will ever do by itself."""
        while hour := next_hour(self.state):
            self.passes(hour)

    def until(self, claim: Callable[[Relationship], bool]) -> "Life":
        """Let hours strike until a claim about the state is true."""
        while not claim(self.state):
            hour = next_hour(self.state)
            assert hour, "time brings nothing more"
            self.passes(hour)
        return self

    def answer(self, wish: FindSlot | VerifyCalendar, *, clean: bool = True) -> Events:
        """Let the world answer one thing that it was asked."""
        self.unanswered.remove(wish)
        return self.learns(self._answer_to(wish, clean=clean))

    def _answer_to(self, wish: FindSlot | VerifyCalendar, *, clean: bool) -> c.Report:
        if isinstance(wish, FindSlot):
            return c.RecordSlot(wish.session, first_slot(wish))
        party = self.state.party_of(wish.person)
        assert party
        return c.RecordCalendarVerified(party, clean)

    def _tell(self, events: Events) -> None:
        wishes: list[FindSlot | VerifyCalendar] = []
        for event in events:
            self.state = evolve(self.state, event)
            self.events.append(event)
            follows = effects_of(event, self.state)
            self.effects += follows
            wishes += [effect for effect in follows if isinstance(effect, FindSlot | VerifyCalendar)]
        if self.silent:
            self.unanswered += wishes
            return
        for wish in wishes:
            self._tell(report(self.state, self._answer_to(wish, clean=True), self.now))

    # --- what can be seen of it ---------------------------------------------------------------------------------

    @property
    def session(self) -> Session:
        """The session that lies ahead."""
        planned = self.state.planned_session
        assert planned
        return planned

    def kinds(self) -> list[str]:
        """What happened, in order."""
        return [event.kind for event in self.events]

    def happened(self, kind: type[T]) -> list[T]:
        """Every fact of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def told(self, kind: type[T]) -> list[T]:
        """Every effect of one kind."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def letters(self, purpose: LetterKind | None = None, to: Party | None = None) -> list[Letter]:
        """Letters decided so far."""
        written = self.told(Letter)
        return [letter for letter in written if purpose in (None, letter.purpose) and to in (None, letter.party)]


def life(
    policy: ProgrammePolicy | None = None,
    *,
    backup: str = BACKUP,
    reverse: bool = True,
    at: datetime = START,
    silent: bool = False,
    **more: Any,
) -> Life:
    """A relationship that has just been opened: both are invited."""
    _, (first, *rest) = open_relationship(opening(policy, backup=backup, reverse=reverse, **more), at)
    assert isinstance(first, RelationshipOpened)
    begun = Life(opened(first), at, silent)
    begun.events.append(first)
    begun._tell(tuple(rest))
    return begun


# --- pasts ------------------------------------------------------------------------------------------------------

GOALS = (
    c.Goal(c.GoalOwner.MENTEE, "Use one new tool alone", "One task a week done with it", c.Measure.COUNT, 2, 8),
    c.Goal(c.GoalOwner.MENTOR, "Speak at the spring meeting", "A talk was given", c.Measure.YES_NO, 1, 10),
)


def accepts(by: str, comfort: c.Comfort = c.Comfort.YES) -> c.AnswerInvitation:
    """Accept, with the guide read and the private answer given on the same form."""
    return c.AnswerInvitation(by, accept=True, induction_acknowledged=True, comfort=comfort)


def feedback(by: str, *, keep_in_touch: bool = True) -> c.GiveFinalFeedback:
    """Look back kindly."""
    return c.GiveFinalFeedback(by, (7, 9), would_repeat=9, felt_safe=10, keep_in_touch=keep_in_touch)


def asks_for_help(
    by: str,
    matter: c.Matter = c.Matter.DISAGREEMENT,
    *,
    hold: bool = False,
    partner_may_know: bool = False,
    not_to: tuple[Party, ...] = (),
) -> c.AskCoordinator:
    """Ask the coordinator, in a few words."""
    return c.AskCoordinator(
        by,
        matter,
        "We do not get on.",
        partner_may_know=partner_may_know,
        hold_next_session=hold,
        not_to=not_to,
    )


ONBOARDED: tuple[Step, ...] = (accepts(MENTOR), accepts(MENTEE))
SIGNED: tuple[Step, ...] = (*ONBOARDED, c.SignRules(MENTOR, 1), c.SignRules(MENTEE, 1))
ACTIVE: tuple[Step, ...] = (*SIGNED, c.ProposeGoals(MENTOR, GOALS), c.AgreeGoals(MENTEE, 1, (3, 4)))


def is_over(number: int, state: Relationship) -> bool:
    """A session's time has passed and it is not settled."""
    session = state.session(number)
    return session is not None and not session.lies_ahead


PATIENT = Inactivity(alert_days=1000, ask_days=1001, close_days=1002, unknown_in_a_row=100)
"""For lives in which nobody says anything and it is not silence that matters."""


def patient(policy: ProgrammePolicy | None = None) -> ProgrammePolicy:
    """The same numbers, but for those of silence."""
    return replace(policy or ProgrammePolicy(), inactivity=PATIENT)


PAST_OF: dict[Phase, tuple[Step, ...]] = {
    Phase.ONBOARDING: (),
    Phase.GROUND_RULES: ONBOARDED,
    Phase.GOALS: SIGNED,
    Phase.ACTIVE: ACTIVE,
}


def at_phase(phase: Phase, policy: ProgrammePolicy | None = None) -> Life:
    """A relationship that has just come to a phase; to `CLOSED` by leaving before any session."""
    if phase is Phase.CLOSED:
        return life(policy).after(c.Exit(MENTOR))
    if phase is Phase.CLOSING:
        return life(patient(policy)).after(*ACTIVE).until(lambda state: state.phase is Phase.CLOSING)
    return life(policy).after(*PAST_OF[phase])


def at_the_end(policy: ProgrammePolicy | None = None) -> Life:
    """A relationship whose last day has come: both are asked to look back."""
    return life(patient(policy)).after(*ACTIVE).until(lambda state: state.end_reached)


def whole_life(
    policy: ProgrammePolicy | None = None, *, pulses: Mapping[Party, c.Pulse] = MappingProxyType({})
) -> Life:
    """Everything as it should be: every session held and confirmed by both, who say how it was, feedback from both."""
    lived = life(policy).after(*ACTIVE)
    while not (lived.state.end_reached or lived.state.is_ending):
        lived.until(_is_asked_or_over)
        for session in lived.state.sessions:
            if not session.lies_ahead:
                said = [c.ConfirmSession(PERSON_OF[by], session.number, True, pulses.get(by)) for by in PAIR]
                lived.after(*said)
    return lived.after(feedback(MENTOR), feedback(MENTEE))


# --- many lives -------------------------------------------------------------------------------------------------


def journal_of(lived: Life, relationship: str = "r-1") -> tuple[str, tuple[JournalEntry, ...]]:
    """What the journal keeps of a life, as one of many: under an id of its own."""
    first, *rest = lived.events
    assert isinstance(first, RelationshipOpened)
    events = (replace(first, relationship=relationship), *rest)
    return relationship, tuple(journal_entry(number, event) for number, event in enumerate(events, 1))


def any_life(chance: Random, at: datetime = START) -> Life:
    """One of the ways a relationship goes: most of them well, some declined, silent, left early, or still under way."""
    lived = life(at=at)
    fate = chance.random()
    if fate < 0.06:
        return lived.after(c.AnswerInvitation(MENTEE, accept=False))
    if fate < 0.12:
        lived.lives_on()
        return lived
    lived.after(timedelta(days=chance.randrange(1, 6)), *ACTIVE)
    if fate < 0.2:
        return lived.after(timedelta(days=chance.randrange(1, 60)), c.Exit(chance.choice((MENTOR, MENTEE))))
    if fate < 0.3:
        return lived.after(timedelta(weeks=chance.randrange(1, 20)))
    return _lived_to_the_end(lived, chance)


def _is_asked_or_over(state: Relationship) -> bool:
    return state.end_reached or state.is_ending or any(not session.lies_ahead for session in state.sessions)


def _lived_to_the_end(lived: Life, chance: Random) -> Life:
    while not (lived.state.end_reached or lived.state.is_ending):
        lived.until(_is_asked_or_over)
        for session in lived.state.sessions:
            if not session.lies_ahead:
                for party in PAIR:
                    if chance.random() < 0.9:
                        lived.tries(c.ConfirmSession(PERSON_OF[party], session.number, chance.random() < 0.95))
        if chance.random() < 0.2 and (ahead := lived.state.planned_session):
            sooner = max(ahead.starts_at - timedelta(hours=chance.choice((3, 60))), lived.now)
            lived.passes(sooner)
            lived.tries(c.MoveSession(chance.choice((MENTOR, MENTEE)), ahead.number, ahead.starts_at + DAY))
        lived.passes(lived.now + DAY)
    for person in (MENTOR, MENTEE):
        if chance.random() < 0.85:
            numbers = [chance.randrange(4, 11) for _ in range(4)]
            lived.tries(c.GiveFinalFeedback(person, (numbers[0], numbers[1]), numbers[2], numbers[3], True))
    lived.lives_on()
    return lived
