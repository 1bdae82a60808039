"""Whatever people, time and the world do, in whatever order, these promises hold after every step."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from pydantic import TypeAdapter

from mentoring_lifecycle.contracts.inputs import CarriedState
from mentoring_lifecycle.contracts.views import AgreementView, DisputeView, HelpView, RelationshipView
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.booking import may_plan
from mentoring_lifecycle.domain.consequences import effects_of, session_uid, still_wanted
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.effects import Effect, FindSlot, KeepEntry, Letter, RemoveEntry
from mentoring_lifecycle.domain.evolution import evolve, opened
from mentoring_lifecycle.domain.help_requests import MOST_OVERDUE_NOTES
from mentoring_lifecycle.domain.letters import MANNERS, LetterKind
from mentoring_lifecycle.domain.lifecycle import Events, decide, hours, keep_going, next_hour
from mentoring_lifecycle.domain.outlook import Awaiting
from mentoring_lifecycle.domain.people import PAIR, Party, partner_of
from mentoring_lifecycle.domain.policy import MOST_REMINDERS, Inactivity, Ladder, ProgrammePolicy, Sessions
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE, Ask, Relationship
from tests.builders import (
    ACTIVE,
    BACKUP,
    CONTACT,
    COORDINATOR,
    GOALS,
    MENTEE,
    MENTOR,
    ONBOARDED,
    PERSON_OF,
    SIGNED,
    START,
    STRANGER,
    Life,
    Step,
    accepts,
    asks_for_help,
    life,
    patient,
)

LONG_LIFE = 80
"""So many facts must have happened before somebody may end it, lest most lives be short."""
MOST_HOURS = 500
"""More hours than can ever be due at one waking."""

KIB = 1024
STATE = TypeAdapter(Relationship)
CARRIED = TypeAdapter(CarriedState)

EDGES = {
    e.Phase.ONBOARDING: {e.Phase.GROUND_RULES, e.Phase.CLOSED},
    e.Phase.GROUND_RULES: {e.Phase.GOALS, e.Phase.CLOSING, e.Phase.CLOSED},
    e.Phase.GOALS: {e.Phase.ACTIVE, e.Phase.CLOSING, e.Phase.CLOSED},
    e.Phase.ACTIVE: {e.Phase.CLOSING, e.Phase.CLOSED},
    e.Phase.CLOSING: {e.Phase.ACTIVE, e.Phase.CLOSED},
    e.Phase.CLOSED: set(),
}
"""From closing there is one way back, and both have to wish for it."""

# --- what may be tried ------------------------------------------------------------------------------------------

Wish = Callable[[datetime], c.Command]
"""A command, once it is known what time it is."""

PEOPLE = st.sampled_from([MENTOR, MENTEE] * 4 + [COORDINATOR, COORDINATOR, BACKUP, PROGRAMME_OFFICE, STRANGER, ""])
TEAM = st.sampled_from([COORDINATOR, BACKUP, PROGRAMME_OFFICE])
BACKUPS = st.sampled_from(["", BACKUP, "p-next"])
NUMBERS = st.integers(-1, 4)
TEXTS = st.sampled_from(["Prompting", "Perché no?", " ", "evil \x00", "x" * 300])
RATINGS = st.lists(st.integers(0, 11), max_size=3).map(tuple)
OFFSETS = st.one_of(
    st.integers(-3 * 24, 60 * 24).map(lambda hours: timedelta(hours=hours)),
    st.sampled_from([timedelta(0), timedelta(minutes=1), timedelta(weeks=20), timedelta(weeks=300)]),
)


def at_any_time(command: c.Command, now: datetime) -> c.Command:
    return command


def moves(by: str, session: int, offset: timedelta, now: datetime) -> c.Command:
    return c.MoveSession(by, session, now + offset)


def books(by: str, session: int, offset: timedelta, now: datetime) -> c.Command:
    return c.BookSession(by, session, now + offset)


def shows(
    by: str, session: int, revision: int, answer: c.CalendarAnswer, offset: timedelta, now: datetime
) -> c.Command:
    return c.NoteCalendar(by, session, revision, answer, now + offset)


def proposes(by: str, session: int, offsets: list[timedelta], now: datetime) -> c.Command:
    return c.ProposeTimes(by, session, tuple(now + offset for offset in offsets))


def arranges(by: str, number: int, offset: timedelta, now: datetime) -> c.Command:
    return c.ArrangeTalk(by, number, now + offset)


def notes(by: str, offset: timedelta, minutes: int, now: datetime) -> c.Command:
    return c.LogSession(by, now - offset, minutes)


def pauses(by: str, offset: timedelta, now: datetime) -> c.Command:
    return c.Pause(by, now + offset)


def changes_zone(by: str, zone: str, offset: timedelta, now: datetime) -> c.Command:
    return c.ChangeZone(by, zone, now + offset)


def wish(strategy: st.SearchStrategy[c.Command]) -> st.SearchStrategy[Wish]:
    return strategy.map(lambda command: partial(at_any_time, command))


GOAL = st.builds(c.Goal, st.sampled_from(c.GoalOwner), TEXTS, TEXTS, st.sampled_from(c.Measure), NUMBERS, NUMBERS)
RULE_VALUES = st.tuples(st.sampled_from(["R12", "R16", "R02", "R99"]), st.sampled_from(["48", "24", "Prompting", " "]))
ZONES = st.sampled_from(["Europe/London", "Europe/Rome", "Asia/Tokyo", "", "../etc/passwd"])
COMFORT = st.sampled_from(c.Comfort)
PULSES = st.none() | st.builds(c.Pulse, st.integers(0, 11), st.integers(1, 10), st.none() | st.integers(1, 11))
REVIEWS = st.builds(c.Review, RATINGS | st.just((5,) * len(GOALS)), COMFORT, st.booleans())

HELP_OUTCOMES = st.sampled_from([each for each in c.HelpOutcome if each is not c.HelpOutcome.REMATCHED])
REASONS = st.none() | st.sampled_from(c.NoActionReason)

WISHES: st.SearchStrategy[Wish] = st.one_of(
    wish(st.builds(c.AnswerInvitation, PEOPLE, st.booleans(), st.booleans(), st.none() | COMFORT)),
    wish(st.builds(c.CompleteInduction, PEOPLE, COMFORT)),
    wish(st.builds(c.ProposeRules, PEOPLE, st.lists(RULE_VALUES, max_size=2).map(tuple))),
    wish(st.builds(c.SignRules, PEOPLE, NUMBERS)),
    wish(
        st.builds(c.ProposeGoals, PEOPLE, st.lists(GOAL, max_size=2).map(tuple) | st.just(GOALS), every_weeks=NUMBERS)
    ),
    wish(st.builds(c.AgreeGoals, PEOPLE, NUMBERS, RATINGS)),
    wish(st.builds(c.SetAgenda, PEOPLE, NUMBERS, st.lists(TEXTS, max_size=2).map(tuple))),
    wish(st.builds(c.CancelSession, PEOPLE, NUMBERS)),
    wish(st.builds(c.AnswerCalendarQuestion, PEOPLE, NUMBERS, st.booleans())),
    st.builds(partial, st.just(shows), PEOPLE, NUMBERS, NUMBERS, st.sampled_from(c.CalendarAnswer), OFFSETS),
    wish(st.builds(c.AnswerTimes, PEOPLE, NUMBERS, NUMBERS)),
    st.builds(partial, st.just(books), PEOPLE, NUMBERS, OFFSETS),
    st.builds(partial, st.just(proposes), PEOPLE, NUMBERS, st.lists(OFFSETS, max_size=3)),
    wish(st.builds(c.ConfirmSession, PEOPLE, NUMBERS, st.booleans(), PULSES, st.none() | REVIEWS)),
    wish(st.builds(c.ReportNoShow, PEOPLE, NUMBERS)),
    wish(st.builds(c.ExplainAbsence, PEOPLE, NUMBERS, st.sampled_from(c.AbsenceAnswer))),
    wish(st.builds(c.AnswerDispute, PEOPLE, NUMBERS, st.booleans(), st.booleans())),
    wish(st.builds(c.SettleDispute, TEAM, NUMBERS, st.sampled_from(c.Verdict))),
    wish(st.builds(c.GiveReview, PEOPLE, REVIEWS)),
    st.builds(partial, st.just(notes), PEOPLE, OFFSETS, st.integers(5, 90)),
    wish(
        st.builds(
            c.AskCoordinator,
            PEOPLE,
            st.sampled_from(c.Matter),
            TEXTS,
            st.none(),
            st.booleans(),
            st.booleans(),
            st.sampled_from([(), (Party.COORDINATOR,), (Party.BACKUP,), (*PAIR,)]),
        )
    ),
    wish(st.builds(c.NoteCalendar, PEOPLE, NUMBERS, NUMBERS, st.sampled_from(c.CalendarAnswer))),
    wish(st.builds(c.NoteAddress, TEAM, PEOPLE, st.sampled_from(c.AddressNews))),
    wish(st.builds(c.TakeUpHelp, TEAM, NUMBERS)),
    wish(st.builds(c.TriageHelp, TEAM, NUMBERS, st.sampled_from(c.HelpWay))),
    wish(st.builds(c.ConcludeHelp, TEAM, NUMBERS, HELP_OUTCOMES, REASONS)),
    wish(st.builds(c.RateHelp, PEOPLE, NUMBERS, st.booleans())),
    wish(st.builds(c.NoteLeaver, TEAM, PEOPLE, st.booleans())),
    wish(st.builds(c.ChangeCoordinator, TEAM, st.sampled_from([COORDINATOR, BACKUP, MENTOR, "p-new", ""]), BACKUPS)),
    wish(st.builds(c.GoOn, PEOPLE)),
    wish(st.builds(c.WishExtension, PEOPLE, st.integers(-1, 14))),
    wish(st.builds(c.ProposeEarlyEnd, PEOPLE)),
    wish(st.builds(c.AgreeEarlyEnd, PEOPLE)),
    wish(st.builds(c.CarryGoals, PEOPLE, st.booleans())),
    wish(st.builds(c.Decide, PEOPLE, st.sampled_from(c.Choice))),
    wish(st.builds(c.GiveFinalFeedback, PEOPLE, RATINGS, st.integers(0, 11), st.integers(0, 11), st.booleans())),
    st.builds(partial, st.just(moves), PEOPLE, NUMBERS, OFFSETS),
    st.builds(partial, st.just(arranges), TEAM, NUMBERS, OFFSETS),
    st.builds(partial, st.just(pauses), PEOPLE, OFFSETS),
    st.builds(partial, st.just(changes_zone), PEOPLE, ZONES, OFFSETS),
)

SEALS = ("", "seal-1", "seal-2")
"""Of whoever wants it on hold; the first one says nothing."""

STOPS: st.SearchStrategy[c.Command] = st.one_of(
    st.builds(c.Pause, st.sampled_from([MENTOR, MENTEE])),
    st.builds(c.Resume, st.sampled_from([MENTOR, MENTEE])),
    st.builds(c.Hold, TEAM, st.sampled_from(SEALS)),
    st.builds(c.Lift, TEAM, st.sampled_from(SEALS)),
)
REPORTS: st.SearchStrategy[c.Report] = st.one_of(
    st.builds(c.RecordAddressFailed, st.sampled_from(Party)),
    st.builds(c.RecordCalendarVerified, st.sampled_from(Party), st.booleans()),
)
SPANS = st.one_of(
    st.integers(1, 180).map(lambda minutes: timedelta(minutes=minutes)),
    st.integers(1, 96).map(lambda hours: timedelta(hours=hours)),
    st.integers(1, 12).map(lambda days: timedelta(days=days)),
    st.just(timedelta(weeks=3)),
)
POLICIES: dict[str, ProgrammePolicy] = {
    "default": ProgrammePolicy(),
    "by hand": ProgrammePolicy(sessions=Sessions(booking="by_hand", every_weeks=1, planned=8)),
    "weekly": patient(ProgrammePolicy(sessions=Sessions(planned=13, every_weeks=1, no_shows_in_all=2))),
    "short": ProgrammePolicy(
        length_weeks=8, pause_weeks=52, sessions=Sessions(planned=3, every_weeks=2, needed_for_completion=1)
    ),
    "patient": patient(),
    "soon missed": ProgrammePolicy(inactivity=Inactivity(14, 21, 28, unknown_in_a_row=2)),
    "impatient": ProgrammePolicy(rules=Ladder((), 1), goals=Ladder((1,), 2), final_feedback=Ladder((1, 2, 3, 4), 5)),
}
PASTS: dict[str, tuple[Step, ...]] = {
    "opened": (),
    "onboarded": ONBOARDED,
    "signed": SIGNED,
    **{f"active for {weeks} weeks": (*ACTIVE, timedelta(weeks=weeks)) for weeks in (0, 1, 4, 9, 15, 21, 25)},
    "differing": (
        *(*ACTIVE, timedelta(days=8), c.ConfirmSession(MENTOR, 1, held=True), c.ConfirmSession(MENTEE, 1, held=False)),
    ),
    "missed": (*ACTIVE, timedelta(days=8), c.ReportNoShow(MENTEE, 1)),
    "missed before": (*ACTIVE, timedelta(days=8), c.ReportNoShow(MENTOR, 1), timedelta(days=3)),
    "half-way": (*ACTIVE, timedelta(weeks=7), c.LogSession(MENTOR, START + timedelta(days=45), 30)),
    "talked about": (
        *(*ACTIVE, asks_for_help(MENTEE, c.Matter.ROLE_STRUGGLE, partner_may_know=True)),
        c.TriageHelp(COORDINATOR, 1, c.HelpWay.TALK),
    ),
    "waiting for help": (*ACTIVE, asks_for_help(MENTEE, hold=True)),
    "on hold": (*ACTIVE, asks_for_help(MENTOR, partner_may_know=True), c.Hold(COORDINATOR)),
    "paused": (*ACTIVE, c.Pause(MENTOR), timedelta(weeks=10)),
    "amending": (*ACTIVE, c.ProposeRules(MENTEE, (("R12", "48"),))),
    "leaving": (*ACTIVE, c.NoteLeaver(PROGRAMME_OFFICE, MENTOR, left=True)),
    "silent": (*ACTIVE, timedelta(days=58)),
    "asked": (*ACTIVE, timedelta(days=61)),
    "making room": (*ACTIVE, c.EndForRematch(COORDINATOR)),
}


LONG_PASTS = [f"active for {weeks} weeks" for weeks in (15, 21, 25)]
"""So long a silence would end most of them before anything could happen."""
WITHOUT_SESSIONS = ("opened", "onboarded", "signed", "waiting for help", "talked about", "on hold", "paused")
"""Pasts that speak of no session."""


def fitting_answer(state: Relationship, ask: Ask) -> c.Command:
    """What somebody of good will says to a question."""
    by = state.person(ask.of)
    ratings = (5,) * len(state.goals)
    propose = c.ProposeGoals(by, GOALS)
    answers: dict[e.Subject, c.Command] = {
        e.Subject.INVITATION: accepts(by),
        e.Subject.INDUCTION: c.CompleteInduction(by, c.Comfort.YES),
        e.Subject.RULES: c.SignRules(by, ask.number),
        e.Subject.GOALS: c.AgreeGoals(by, ask.number, ratings) if ask.number else propose,
        e.Subject.BOOKING: c.BookSession(by, ask.number, state.pencilled or state.ends_at),
        e.Subject.TIMES: c.AnswerTimes(by, ask.number, ask.number % 2),
        e.Subject.CALENDAR: c.AnswerCalendarQuestion(by, ask.number, meant=bool(ask.number % 2)),
        e.Subject.SESSION: c.ConfirmSession(by, ask.number, held=True),
        e.Subject.ABSENCE: c.ExplainAbsence(by, ask.number, c.AbsenceAnswer.EMERGENCY),
        e.Subject.DISPUTE: c.AnswerDispute(by, ask.number, talked=True, elsewhere=False),
        e.Subject.SETTLEMENT: c.SettleDispute(by, ask.number, c.Verdict.HELD),
        e.Subject.HELP_RATING: c.RateHelp(by, ask.number, helped=True),
        e.Subject.FINAL_FEEDBACK: c.GiveFinalFeedback(by, ratings, 8, 9, keep_in_touch=True),
        e.Subject.DECISION: c.Decide(by, c.Choice.MORE_TIME),
        e.Subject.GOING_ON: c.GoOn(by),
        e.Subject.EARLY_END: c.AgreeEarlyEnd(by),
        e.Subject.CARRY_GOALS: c.CarryGoals(by, yes=True),
    }
    return answers[ask.subject]


def what_fits(state: Relationship, later: datetime) -> list[c.Command]:
    """What people may well do now; an answer to a question is not among it, and not all of it is allowed."""
    found: list[c.Command] = [
        c.Hold(COORDINATOR),
        c.Lift(COORDINATOR),
        c.ChangeCoordinator(COORDINATOR, "p-new", state.backup),
        *(c.NoteLeaver(PROGRAMME_OFFICE, person, left=True) for person in (state.coordinator, state.backup) if person),
        *(c.NoteLeaver(PROGRAMME_OFFICE, state.person(party), left=False) for party in state.gone),
        *(c.ArrangeTalk(COORDINATOR, request.number, later) for request in state.help),
    ]
    for by in (MENTOR, MENTEE):
        found += _what_one_may_do(by, state, later)
    return found


def _what_one_may_do(by: str, state: Relationship, later: datetime) -> list[c.Command]:
    fine = c.Review((5,) * len(state.goals), c.Comfort.YES, rules_fit=True)
    found: list[c.Command] = [
        *(c.AnswerInvitation(by, accept=False), c.Pause(by, later), c.Resume(by), c.GiveReview(by, fine)),
        *(c.ProposeRules(by, (("R12", "48"),)), c.WishExtension(by, 4), c.ProposeEarlyEnd(by)),
        *(c.ChangeZone(by, "Europe/London", later), c.SignRules(by, state.last_version)),
    ]
    if ahead := state.planned_session:
        number, revision = ahead.number, ahead.revision
        found += [c.MoveSession(by, number, later), c.CancelSession(by, number), c.SetAgenda(by, number, ("Reviews",))]
        found += [c.ProposeTimes(by, number, (later,)), c.AnswerTimes(by, number, 0), c.AnswerTimes(by, number, 1)]
        found += [c.NoteCalendar(by, number, revision, c.CalendarAnswer.DELETED)]
        found += [c.NoteCalendar(by, number, revision, c.CalendarAnswer.ACCEPTED)]
        found += [c.NoteCalendar(by, number, revision, c.CalendarAnswer.MOVED, later)]
    return found


def _is_end_of_a_silence(event: e.Event, before: Relationship) -> bool:
    """Not of a pause that was too long, nor of a life that came to its last day."""
    inactive = isinstance(event, e.EndDecided) and event.outcome is e.RelationshipOutcome.INACTIVE
    return inactive and before.phase is e.Phase.ACTIVE and before.moves


class WatchedLife(Life):
    """A life whose every waking is seen to come to an end."""

    def strikes(self) -> Events:
        """As many hours as are due, and not one for ever."""
        draft = Draft(self.state)
        for _ in range(MOST_HOURS):
            due = hours(draft.state)
            if not due or due[0].at > self.now:
                break
            due[0].strike(draft, self.now)
            keep_going(draft, self.now)
        else:
            raise AssertionError(f"striking never ends at {self.now}: {due[0].at} stays due")
        events = super().strikes()
        assert events == tuple(draft.events)
        return events


class AnyLife(RuleBasedStateMachine):
    """People accept, decline, come late, twice, out of order or not at all; the world answers late or never."""

    def __init__(self) -> None:
        super().__init__()
        self.lived = life()
        self.seen = self.seen_effects = 0
        self.keys: Counter[str] = Counter()
        self.reminders: Counter[tuple[object, ...]] = Counter()
        self.rungs: Counter[tuple[object, ...]] = Counter()
        self.shown: dict[tuple[str, str], KeepEntry] = {}
        self.revisions: dict[tuple[str, str], int] = {}
        self.invited: set[tuple[str, int, int]] = set()
        self.last: c.Command | None = None

    # --- what may happen ----------------------------------------------------------------------------------------

    @initialize(
        past=st.sampled_from([*PASTS]),
        policy=st.sampled_from([*POLICIES]),
        reverse=st.booleans(),
        backup=st.sampled_from(["", BACKUP]),
        silent=st.booleans(),
        contact=st.sampled_from(["", CONTACT]),
        conflicted=st.sampled_from([(), (BACKUP,)]),
    )
    def opens(
        self,
        past: str,
        policy: str,
        reverse: bool,
        backup: str,
        silent: bool,
        contact: str,
        conflicted: tuple[str, ...],
    ) -> None:
        if policy == "by hand" and past not in WITHOUT_SESSIONS:
            past = "active for 0 weeks"  # the others speak of a first session, which nobody has booked here
        numbers = patient(POLICIES[policy]) if past in LONG_PASTS else POLICIES[policy]
        begun = life(numbers, reverse=reverse, backup=backup, contact=contact, conflicted=conflicted)
        self.lived = WatchedLife(**vars(begun)).after(*PASTS[past])
        self.lived.silent = silent
        first = begun.events[0]
        assert isinstance(first, e.RelationshipOpened)
        self.folded = opened(first)
        self.seen = 1

    def asks(self, command: c.Command) -> None:
        self.last = command
        self.lived.tries(command)

    @rule(which=st.integers(0, 5))
    def somebody_of_good_will_answers(self, which: int) -> None:
        if asks := self.lived.state.asks:
            self.asks(fitting_answer(self.lived.state, asks[which % len(asks)]))

    @rule()
    def everybody_of_good_will_answers(self) -> None:
        for ask in self.lived.state.asks:
            self.asks(fitting_answer(self.lived.state, ask))

    @rule(
        by=st.sampled_from([MENTOR, MENTEE]),
        matter=st.sampled_from(c.Matter),
        hold=st.booleans(),
        known=st.booleans(),
        not_to=st.sampled_from([(), (), (Party.COORDINATOR,), (Party.BACKUP,)]),
    )
    def somebody_asks_for_help(
        self, by: str, matter: c.Matter, hold: bool, known: bool, not_to: tuple[Party, ...]
    ) -> None:
        self.asks(asks_for_help(by, matter, hold=hold, partner_may_know=known, not_to=not_to))

    @rule(outcome=HELP_OUTCOMES)
    def the_team_helps(self, outcome: c.HelpOutcome) -> None:
        reason = c.NoActionReason.SETTLED if outcome is c.HelpOutcome.NO_ACTION else None
        for request in self.lived.state.help[:1]:
            self.asks(c.ConcludeHelp(COORDINATOR, request.number, outcome, reason))

    @rule(by=TEAM, way=st.sampled_from(c.HelpWay))
    def the_team_says_which_way_it_goes(self, by: str, way: c.HelpWay) -> None:
        for request in self.lived.state.help[:1]:
            self.asks(c.TriageHelp(by, request.number, way))

    @precondition(lambda self: len(self.lived.events) > 40)
    @rule(by=TEAM)
    def the_team_helps_by_another_pairing(self, by: str) -> None:
        for request in self.lived.state.help[:1]:
            self.asks(c.ConcludeHelp(by, request.number, c.HelpOutcome.REMATCHED))

    @rule(
        held=st.tuples(st.booleans(), st.booleans()),
        who=st.sampled_from([PAIR, PAIR[:1], PAIR[1:], PAIR[::-1]]),
        which=st.integers(0, 3),
    )
    def witnesses_answer(self, held: tuple[bool, bool], who: tuple[Party, ...], which: int) -> None:
        if sessions := self.lived.state.sessions:
            for by, answer in zip(who, held, strict=False):
                self.asks(c.ConfirmSession(PERSON_OF[by], sessions[which % len(sessions)].number, answer))

    @rule(by=st.sampled_from(PAIR), minutes=st.sampled_from([10, 20, 200]))
    def somebody_waits_in_vain(self, by: Party, minutes: int) -> None:
        if session := self.lived.state.planned_session:
            self.lived.after(max(self.lived.now, session.starts_at + timedelta(minutes=minutes)))
            self.asks(c.ReportNoShow(PERSON_OF[by], session.number))

    @rule(by=st.sampled_from(PAIR), which=st.integers(0, 3))
    def somebody_was_missed(self, by: Party, which: int) -> None:
        if over := [session for session in self.lived.state.sessions if not session.lies_ahead]:
            self.asks(c.ReportNoShow(PERSON_OF[by], over[which % len(over)].number))

    @rule(answer=st.sampled_from(c.AbsenceAnswer))
    def the_missed_one_explains(self, answer: c.AbsenceAnswer) -> None:
        for ask in self.lived.state.asks:
            if ask.subject is e.Subject.ABSENCE:
                self.asks(c.ExplainAbsence(PERSON_OF[ask.of], ask.number, answer))

    @rule(talked=st.tuples(st.booleans(), st.booleans()), verdict=st.none() | st.sampled_from(c.Verdict))
    def what_differs_is_told_again(self, talked: tuple[bool, bool], verdict: c.Verdict | None) -> None:
        for session in self.lived.state.sessions:
            if session.is_disputed and verdict:
                self.asks(c.SettleDispute(COORDINATOR, session.number, verdict))
            elif session.is_disputed:
                for by, answer in zip(PAIR, talked, strict=True):
                    self.asks(c.AnswerDispute(PERSON_OF[by], session.number, answer, elsewhere=False))

    @rule(seed=st.integers(0, 2**32))
    def some_days_with_people(self, seed: int) -> None:
        """A seed instead of drawn numbers, of which the small ones come too often."""
        chance = Random(seed)
        for _ in range(4):
            if possible := self._possible(timedelta(days=chance.randint(1, 30))):
                self.asks(chance.choice(possible))
            if asks := self.lived.state.asks:
                self.asks(fitting_answer(self.lived.state, chance.choice(asks)))
            self.lived.after(timedelta(hours=chance.randint(1, 120)))

    def _possible(self, later: timedelta) -> list[c.Command]:
        state, now = self.lived.state, self.lived.now
        return [each for each in what_fits(state, now + later) if not isinstance(decide(state, each, now), Rejection)]

    @rule(by=st.sampled_from(PAIR), hours=st.integers(1, 14 * 24))
    def somebody_notes_a_session(self, by: Party, hours: int) -> None:
        self.asks(c.LogSession(PERSON_OF[by], self.lived.now - timedelta(hours=hours), 30))

    @rule(made=WISHES)
    def somebody_tries_something(self, made: Wish) -> None:
        self.asks(made(self.lived.now))

    @rule(command=STOPS)
    def somebody_stops_or_starts(self, command: c.Command) -> None:
        self.asks(command)

    @rule(weeks=st.tuples(st.integers(1, 13), st.integers(1, 13)))
    def both_wish_to_go_on(self, weeks: tuple[int, int]) -> None:
        for by, wished in zip((MENTOR, MENTEE), weeks, strict=True):
            self.asks(c.WishExtension(by, wished))

    @rule(by=st.sampled_from([MENTOR, MENTEE]))
    def one_alone_wants_to_go_on(self, by: str) -> None:
        self.asks(c.GoOn(by))
        self.lived.after(timedelta(weeks=3))

    @rule()
    def both_find_it_complete(self) -> None:
        for by in (MENTEE, MENTOR):
            self.asks(c.ProposeEarlyEnd(by))

    @precondition(lambda self: len(self.lived.events) > LONG_LIFE)
    @rule(by=TEAM, staying=st.sampled_from([PAIR, PAIR[:1], (), (Party.BACKUP,)]))
    def the_team_has_another_pairing(self, by: str, staying: tuple[Party, ...]) -> None:
        self.asks(c.EndForRematch(by, staying))

    @precondition(lambda self: len(self.lived.events) > LONG_LIFE)
    @rule(by=TEAM, days=st.integers(-1, 60))
    def the_programme_ends(self, by: str, days: int) -> None:
        self.asks(c.EndByProgramme(by, days))

    @precondition(lambda self: len(self.lived.events) > LONG_LIFE or self.lived.state.leaving)
    @rule(who=st.sampled_from([MENTOR, MENTEE]), left=st.booleans())
    def the_directory_says(self, who: str, left: bool) -> None:
        self.asks(c.NoteLeaver(PROGRAMME_OFFICE, who, left))

    @rule()
    def somebody_clicks_twice(self) -> None:
        if self.last:
            self.asks(self.last)

    @precondition(lambda self: len(self.lived.events) > LONG_LIFE)
    @rule(by=st.sampled_from([MENTOR, MENTEE]))
    def somebody_leaves(self, by: str) -> None:
        self.asks(c.Exit(by))

    @rule(person=st.sampled_from([MENTOR, MENTEE]), news=st.sampled_from(c.AddressNews))
    def mail_is_heard_of(self, person: str, news: c.AddressNews) -> None:
        self.asks(c.NoteAddress(PROGRAMME_OFFICE, person, news))

    @rule(span=SPANS)
    def time_passes(self, span: timedelta) -> None:
        self.lived.after(span)

    @rule(span=SPANS)
    def nobody_is_awake(self, span: timedelta) -> None:
        self.lived.sleeps(span)

    @precondition(lambda self: len(self.lived.events) > LONG_LIFE)
    @rule(weeks=st.integers(4, 27))
    def it_is_forgotten(self, weeks: int) -> None:
        self.lived.sleeps(timedelta(weeks=weeks))

    @rule()
    def the_next_hour_comes(self) -> None:
        if hour := next_hour(self.lived.state):
            self.lived.after(hour)

    @rule(which=st.integers(0, 3), clean=st.booleans())
    def the_world_answers(self, which: int, clean: bool) -> None:
        if waiting := self.lived.unanswered:
            self.lived.answer(waiting[which % len(waiting)], clean=clean)

    @rule(found=REPORTS)
    def the_world_reports(self, found: c.Report) -> None:
        self.lived.learns(found)

    # --- what holds of every fact -------------------------------------------------------------------------------

    @invariant()
    def every_fact_was_allowed(self) -> None:
        for event in self.lived.events[self.seen :]:
            self.seen += 1
            before, self.folded = self.folded, evolve(self.folded, event)
            effects = effects_of(event, self.folded)
            self._judge_fact(event, before, self.folded)
            for effect in effects:
                self._judge_effect(effect, event, self.folded)
            told = self.lived.effects[self.seen_effects : self.seen_effects + len(effects)]
            assert tuple(told) == effects
            self.seen_effects += len(effects)
        assert self.folded == self.lived.state

    def _judge_fact(self, event: e.Event, before: Relationship, after: Relationship) -> None:
        assert not before.is_closed, "closed is final"
        assert after.phase is before.phase or after.phase in EDGES[before.phase]
        if isinstance(event, e.PhaseEntered):
            self._judge_phase(event.phase, before)
        elif isinstance(event, e.SessionPlanned):
            self._judge_plan(event, before)
        elif isinstance(event, e.AskLapsed):
            waited_for = not before.is_unreachable(event.of) or before.end_reached or before.rematching
            assert waited_for, "whom mail does not reach was not asked"
        elif isinstance(event, e.Reminded):
            ask = before.ask(event.subject, event.of, event.number)
            assert ask
            assert before.end_reached or before.rematching or not before.is_unreachable(event.of)
            self.reminders[event.subject, event.of, event.number, ask.asked_at] += 1
            assert max(self.reminders.values()) <= MOST_REMINDERS
        elif isinstance(event, e.SessionSettled):
            session = before.session(event.session)
            assert session
            assert session.ends_at <= event.at
            assert (event.absent is not None) == (event.result is e.SessionResult.NO_SHOW)
            assert event.absent is None or event.absent in session.missed
            assert event.result is not e.SessionResult.DISPUTED, "a difference is open or has a name"
        elif isinstance(event, e.EndDecided):
            assert before.decisions or event.outcome is not e.RelationshipOutcome.NO_FAULT_EXIT or before.left_by
        elif isinstance(event, e.RulesAmended):
            assert before.amendment
            assert before.amendment.version == event.version > before.rules_version
            assert before.amendment.by is not event.by
        elif _is_end_of_a_silence(event, before):
            assert not before.going_on, "whoever wanted to go on is not punished for the other's silence"
        elif isinstance(event, e.Closed):
            self._judge_close(event, before)
        self._judge_rung(event, before)
        in_force = (after.rules_version, after.rules_values) == (before.rules_version, before.rules_values)
        assert in_force or isinstance(event, e.RulesProposed | e.RulesAmended)

    def _judge_rung(self, event: e.Event, before: Relationship) -> None:
        if not isinstance(event, e.HelpReminded | e.HelpOverdue):
            return
        request = before.help_request(event.help)
        assert request
        assert event.told or not before.team_for(request), "somebody is told wherever somebody is free"
        assert before.person(Party.COORDINATOR) not in request.not_to or Party.COORDINATOR not in event.told
        rung = (event.kind, event.help, request.step, request.since)
        self.rungs[rung] += 1
        most = MOST_OVERDUE_NOTES if isinstance(event, e.HelpOverdue) else 2
        assert self.rungs[rung] <= most, "a clock is told of a few times and no more"

    def _judge_phase(self, phase: e.Phase, before: Relationship) -> None:
        if phase is e.Phase.GROUND_RULES:
            assert set(before.accepted) == set(PAIR)
            assert dict(before.comfort) == dict.fromkeys(PAIR, c.Comfort.YES)
        elif phase is e.Phase.GOALS:
            assert set(before.signed) == set(PAIR)
        elif phase is e.Phase.ACTIVE:
            extended = self.lived.events[self.seen - 2]
            assert before.phase is e.Phase.GOALS or isinstance(extended, e.ExtensionAgreed)
            assert before.extensions <= before.policy.extensions.most
            assert before.proposed_by
            assert before.goals

    def _judge_plan(self, event: e.SessionPlanned, before: Relationship) -> None:
        assert before.phase in (e.Phase.ACTIVE, e.Phase.CLOSING)
        assert before.moves
        assert not before.end_reached
        assert not before.help_holds_sessions
        assert not before.rematching
        assert set(before.signed) == set(PAIR)
        assert before.planned_session is None
        assert event.at < event.starts_at < event.ends_at <= before.ends_at
        assert event.session == before.next_session

    def _judge_close(self, event: e.Closed, before: Relationship) -> None:
        assert event.outcome is before.ending
        assert all(session.ends_at <= event.at for session in before.sessions)
        assert all(entry.ends_at <= event.at for entry in self.shown.values()), "an entry ahead has no removal"

    # --- what holds of every effect -----------------------------------------------------------------------------

    def _judge_effect(self, effect: Effect, event: e.Event, after: Relationship) -> None:
        self._judge_key(effect)
        if isinstance(effect, Letter):
            self._judge_letter(effect, event, after)
        elif isinstance(effect, KeepEntry | RemoveEntry):
            self._judge_entry(effect)
        if not isinstance(effect, FindSlot):
            assert effect.decided_at == event.at

    def _judge_key(self, effect: Effect) -> None:
        self.keys[effect.key] += 1
        assert self.keys[effect.key] == 1, effect.key

    def _judge_letter(self, letter: Letter, event: e.Event, after: Relationship) -> None:
        assert not after.is_closed or isinstance(event, e.Closed)
        assert letter.party not in PAIR or letter.facts.concerned in ("", letter.to, CONTACT)
        assert letter.to == after.person(letter.party)
        assert not after.held or MANNERS[letter.purpose].passes_hold
        assert not (after.is_paused and letter.party in PAIR and isinstance(event, e.Asked))
        assert letter.party not in after.gone, "nothing is sent to whoever has left"
        if letter.purpose in (LetterKind.SESSION_FOLLOW_UP, LetterKind.CHECK_IN):
            assert isinstance(event, e.Asked | e.Reminded | e.CheckInWanted | e.LettersRepeated | e.AddressWorks)
            concerned = event.party if isinstance(event, e.LettersRepeated | e.AddressWorks) else event.of
            assert letter.party is concerned, "an absence is between the absent one and us"
        slot = (letter.party, letter.facts.session, letter.facts.revision)
        if letter.purpose in (LetterKind.SESSION_INVITATION, LetterKind.SESSION_MOVED):
            self.invited.add(slot)
        elif letter.purpose is LetterKind.SESSION_REMINDER:
            session = after.session(letter.facts.session)
            assert session
            told = [revision for *who, revision in self.invited if who == [letter.party, session.number]]
            assert max(told) >= session.time_since, "reminded of a time that was never told"
            assert letter.facts.starts_at
            assert letter.decided_at < letter.facts.starts_at

    def _judge_entry(self, effect: KeepEntry | RemoveEntry) -> None:
        entry = (effect.person, effect.uid)
        assert effect.revision > self.revisions.get(entry, -1)
        self.revisions[entry] = effect.revision
        if isinstance(effect, KeepEntry):
            self.shown[entry] = effect
        else:
            self.shown.pop(entry)

    # --- what holds of every state ------------------------------------------------------------------------------

    @invariant()
    def nothing_due_is_left_undone(self) -> None:
        hour = next_hour(self.lived.state)
        assert hour is None or hour > self.lived.now

    @invariant()
    def the_sequence_counts_the_facts(self) -> None:
        assert self.lived.state.sequence == len(self.lived.events)

    @invariant()
    def sessions_are_few_and_one_at_a_time(self) -> None:
        state = self.lived.state
        ahead = [session for session in state.sessions if session.lies_ahead and session.ends_at > self.lived.now]
        assert len(ahead) <= 1
        assert not ahead or (state.moves and not state.end_reached and not state.help_holds_sessions)
        assert state.planned_so_far <= state.sessions_planned
        assert len(state.logged) <= state.sessions_planned
        numbers = [session.number for session in state.sessions] + [number for number, _ in state.results]
        assert len(numbers) == len(set(numbers))
        assert all(number < state.next_session for number in numbers)

    @invariant()
    def calendars_would_show_the_schedule(self) -> None:
        """Once everything decided is done, both calendars show what lies ahead, and of the future nothing else."""
        self.every_fact_was_allowed()  # reads the newest effects
        state, now = self.lived.state, self.lived.now
        ahead = [session for session in state.sessions if session.lies_ahead and session.ends_at > now]
        for party in PAIR:
            entries = [entry for (person, _), entry in self.shown.items() if person == state.person(party)]
            told = [(each.uid, each.starts_at, each.ends_at, each.revision) for each in entries if each.ends_at > now]
            assert told == [
                (session_uid(state.id, each.number), each.starts_at, each.ends_at, each.revision) for each in ahead
            ]

    @invariant()
    def every_session_settles_in_bounded_time(self) -> None:
        state = self.lived.state
        for session in state.sessions if state.moves else ():
            if session.asked_at is None:
                continue
            if session.is_disputed or session.missed:
                about = (e.Subject.DISPUTE, e.Subject.SETTLEMENT) if session.is_disputed else (e.Subject.ABSENCE,)
                ends = [ask.expires_at for ask in state.asks if ask.subject in about and ask.number == session.number]
            else:
                ends = [session.asked_at + timedelta(days=state.policy.sessions.question.expires_after_days)]
            assert ends, "nobody is asked about it any more"
            assert max(ends) <= self.lived.now + timedelta(days=14)

    @invariant()
    def nobody_reads_off_who_did_not_come_or_was_uneasy(self) -> None:
        state = self.lived.state
        if not (state.absences or state.reviewed or state.decisions):
            return
        swapped = tuple((number, partner_of(absent)) for number, absent in state.absences)
        about_other = tuple(
            replace(ask, number=e.decision_number(ask.topic, partner_of(e.party_in_question(ask.number))))
            if ask.topic
            else ask
            for ask in state.asks
        )
        other = replace(state, absences=swapped, asks=about_other, reviewed=tuple(map(partner_of, state.reviewed)))
        assert RelationshipView.of(other) == RelationshipView.of(state)

    @invariant()
    def nobody_sees_that_the_other_has_asked_for_help(self) -> None:
        state = self.lived.state
        for party in PAIR if state.help or state.rating_due or state.rated_by else ():
            alone = replace(
                state,
                help=tuple(request for request in state.help if request.by is party),
                asks=tuple(ask for ask in state.asks if ask.subject is not e.Subject.HELP_RATING or ask.of is party),
            )
            assert RelationshipView.of(state, state.person(party)) == RelationshipView.of(alone)
            assert HelpView.of(state, state.person(party)) == ()

    @invariant()
    def planning_goes_on(self) -> None:
        state = self.lived.state
        if not may_plan(state) or state.planned_session:
            return
        if any(ask.subject is e.Subject.BOOKING for ask in state.asks):
            return
        awaited = {wish.session for wish in self.lived.unanswered if isinstance(wish, FindSlot)}
        too_late = state.pencilled is not None and state.pencilled + timedelta(minutes=30) > state.ends_at
        assert too_late or state.slot_wanted in awaited

    @invariant()
    def a_stop_is_remembered_while_it_lasts(self) -> None:
        state = self.lived.state
        assert state.is_closed or (state.frozen_since is not None) == (state.held or state.is_paused)

    @invariant()
    def nobody_is_doubted_and_given_up(self) -> None:
        state = self.lived.state
        doubted = [doubt.party for doubt in state.doubts]
        assert len(doubted) == len(set(doubted))
        assert not set(doubted) & set(state.failed_addresses)
        assert all(ask.stopped_at for ask in state.asks if not state.clock_runs(ask.of))

    @invariant()
    def the_state_travels_and_can_be_shown(self) -> None:
        state = self.lived.state
        written = STATE.dump_json(state)
        assert STATE.validate_json(written) == state
        assert len(written) < 16 * KIB
        view = RelationshipView.of(state)
        assert (view.awaiting is Awaiting.NOBODY) or not state.is_closed
        office = HelpView.of(state, PROGRAMME_OFFICE)
        assert len(HelpView.of(state, COORDINATOR)) <= len(state.help)
        assert HelpView.of(state) == office
        assert len(DisputeView.of(state)) == sum(session.is_disputed for session in state.sessions)
        assert AgreementView.of(state).rules_version == state.rules_version
        assert RelationshipView.of(replace(state, wishes=())) == view, "a wish of one is nobody's business"

    @invariant()
    def it_is_held_as_long_as_somebody_wants_it(self) -> None:
        """Each of those who do counts once."""
        seals = self.lived.state.seals
        assert self.lived.state.held == bool(seals)
        assert len(set(seals)) == len(seals)

    @invariant()
    def what_is_wanted_can_always_be_said(self) -> None:
        for effect in self.lived.effects[-10:]:
            wanted = still_wanted(effect, self.lived.state)
            # An entry that moved is put right even when its session is over.
            lost = isinstance(effect, KeepEntry) and not effect.revision and not self.lived.state.planned_session
            assert not (wanted and lost)

    # --- and in the end -----------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Nobody answers any more, and it ends by itself, for good."""
        for seal in self.lived.state.seals:
            self.lived.tries(c.Lift(PROGRAMME_OFFICE, seal))
        self.lived.lives_on()
        self.every_fact_was_allowed()
        assert self.lived.state.is_closed
        assert [event.kind for event in self.lived.events].count("closed") == 1
        for person in PERSON_OF.values():
            judged = self.lived.tries(c.Exit(person))
            stranger = self.lived.state.party_of(person) is None
            assert judged == Rejection(Refusal.NOT_PART_OF_THIS if stranger else Refusal.CLOSED)
        assert len(CARRIED.dump_json(CarriedState(self.lived.state, timeline=timeline(self.lived)))) < 16 * KIB


def timeline(lived: Life) -> tuple[str, ...]:
    """One line per fact, the last hundred and twenty: no shorter than what travels with a state."""
    lines = [f"{event.at:%Y-%m-%dT%H:%M}Z {event.kind} {getattr(event, 'by', '')}" for event in lived.events]
    return tuple(lines[-120:])


TestAnyLife = AnyLife.TestCase
IS_LONG = settings.get_current_profile_name() == "long"
TestAnyLife.settings = settings.get_profile("long" if IS_LONG else "quick")


def test_ordinary_lives_come_to_every_kind_of_fact() -> None:
    """Drawn evenly, so that no promise is kept only because nothing ever comes to the fact that would break it."""
    reached = {event.kind for number in range(100) for event in _ordinary_life(number).events}
    assert sorted({kind.__dataclass_fields__["kind"].default for kind in get_args(e.Event)} - reached) == []


def _ordinary_life(number: int) -> Life:
    chance, machine = Random(number), AnyLife()
    past, policy = chance.choice([*PASTS]), chance.choice([*POLICIES])
    if number % 10 == 0:
        past, policy = "asked", "default"  # a silence is what nobody comes to by doing something
    reverse, backup, contact = chance.random() < 0.5, chance.choice(["", BACKUP]), chance.choice(["", CONTACT])
    machine.opens(past, policy, reverse, backup, silent=False, contact=contact, conflicted=())
    for _ in range(12):
        _something_beside(machine, chance)
        machine.some_days_with_people(seed=chance.randrange(2**32))
        for promise in machine.invariants:
            promise.function(machine)
    machine.teardown()
    return machine.lived


def _something_beside(machine: AnyLife, chance: Random) -> None:
    """What is no answer to a question and nothing of everyday: people differ, mail fails, somebody ends it."""
    open_things = _open_things(machine, chance)
    if chance.random() < 0.1:
        chance.choice(_ends(machine, chance))()
    else:
        chance.choice(open_things if open_things and chance.random() < 0.5 else _troubles(machine, chance))()


Happening = Callable[[], None]


def _open_things(machine: AnyLife, chance: Random) -> list[Happening]:
    state = machine.lived.state
    ending = (c.HelpOutcome.ENDED, c.HelpOutcome.REMATCHED)
    outcomes = [outcome for outcome in c.HelpOutcome if outcome not in ending]
    things: list[Happening] = _in_a_hold(machine, state)
    if state.phase is e.Phase.CLOSING:
        things += [partial(machine.both_wish_to_go_on, weeks=(4, 6))]
    for ask in state.asks:
        if ask.subject is e.Subject.TIMES:
            things += [partial(machine.asks, c.AnswerTimes(state.person(ask.of), ask.number, 0))]
    if state.help:
        things += [partial(machine.the_team_helps, outcome=chance.choice(outcomes))]
        way = chance.choice([*c.HelpWay])
        things += [partial(machine.the_team_says_which_way_it_goes, by=COORDINATOR, way=way)]
    if any(ask.subject is e.Subject.GOING_ON for ask in state.asks):
        things += [partial(machine.one_alone_wants_to_go_on, by=chance.choice([MENTOR, MENTEE]))]
    if any(session.is_disputed for session in state.sessions):
        things += [partial(machine.what_differs_is_told_again, talked=(True, chance.random() < 0.5), verdict=None)]
    if any(session.missed for session in state.sessions):
        things += [partial(machine.the_missed_one_explains, answer=chance.choice([*c.AbsenceAnswer]))]
    if any(session.awaits_witnesses for session in state.sessions):
        things += [partial(machine.witnesses_answer, held=(True, False), who=PAIR, which=0)]
    return things


def _in_a_hold(machine: AnyLife, state: Relationship) -> list[Happening]:
    """A second one wants it held as well, and is content the first."""
    if len(state.seals) > 1:
        return [partial(machine.asks, c.Lift(COORDINATOR, state.seals[-1]))]
    return [partial(machine.asks, c.Hold(COORDINATOR, SEALS[-1]))] if state.held else []


def _troubles(machine: AnyLife, chance: Random) -> list[Happening]:
    by, person = chance.choice(PAIR), chance.choice([MENTOR, MENTEE])
    matter = chance.choice([c.Matter.QUESTION, c.Matter.DISAGREEMENT, c.Matter.ROLE_STRUGGLE])
    return [
        partial(machine.somebody_waits_in_vain, by=by, minutes=20),
        partial(machine.somebody_notes_a_session, by=by, hours=chance.randint(1, 300)),
        partial(machine.somebody_asks_for_help, by=person, matter=matter, hold=False, known=True, not_to=()),
        partial(machine.mail_is_heard_of, person=person, news=chance.choice([*c.AddressNews])),
        partial(machine.the_world_reports, found=c.RecordAddressFailed(by)),
        partial(machine.nobody_is_awake, span=timedelta(days=chance.randint(1, 40))),
        partial(machine.both_wish_to_go_on, weeks=(4, 6)),
        machine.both_find_it_complete,
    ]


def _ends(machine: AnyLife, chance: Random) -> list[Happening]:
    person = chance.choice([MENTOR, MENTEE])
    return [
        partial(machine.the_directory_says, who=person, left=True),
        partial(machine.the_programme_ends, by=COORDINATOR, days=20),
        partial(machine.somebody_leaves, by=person),
        partial(machine.it_is_forgotten, weeks=11),
    ]
