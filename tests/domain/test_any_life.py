"""Whatever people, time and the world do, in whatever order, these promises hold after every step."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import TypeAdapter

from mentoring_lifecycle.contracts.inputs import CarriedState
from mentoring_lifecycle.contracts.views import AgreementView, HelpView, RelationshipView
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.consequences import effects_of, still_wanted
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.effects import Effect, FindSlot, KeepEntry, Letter, RemoveEntry
from mentoring_lifecycle.domain.evolution import evolve, opened
from mentoring_lifecycle.domain.letters import MANNERS, LetterKind
from mentoring_lifecycle.domain.lifecycle import Events, hours, keep_going, next_hour
from mentoring_lifecycle.domain.outlook import Awaiting
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.policy import MOST_REMINDERS, Inactivity, Ladder, ProgrammePolicy, Sessions
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE, Ask, Relationship
from mentoring_lifecycle.domain.sessions import may_plan
from tests.builders import (
    ACTIVE,
    BACKUP,
    COORDINATOR,
    GOALS,
    MENTEE,
    MENTOR,
    ONBOARDED,
    PERSON_OF,
    SIGNED,
    STRANGER,
    Life,
    Step,
    accepts,
    asks_for_help,
    life,
    patient,
)

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


def arranges(by: str, number: int, offset: timedelta, now: datetime) -> c.Command:
    return c.ArrangeTalk(by, number, now + offset)


def pauses(by: str, offset: timedelta, now: datetime) -> c.Command:
    return c.Pause(by, now + offset)


def wish(strategy: st.SearchStrategy[c.Command]) -> st.SearchStrategy[Wish]:
    return strategy.map(lambda command: partial(at_any_time, command))


GOAL = st.builds(c.Goal, st.sampled_from(c.GoalOwner), TEXTS, TEXTS, st.sampled_from(c.Measure), NUMBERS, NUMBERS)
RULE_VALUES = st.tuples(st.sampled_from(["R12", "R16", "R02", "R99"]), st.sampled_from(["48", "24", "Prompting", " "]))
COMFORT = st.sampled_from(c.Comfort)

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
    wish(st.builds(c.ConfirmSession, PEOPLE, NUMBERS, st.booleans())),
    wish(
        st.builds(c.AskCoordinator, PEOPLE, st.sampled_from(c.Matter), TEXTS, st.none(), st.booleans(), st.booleans())
    ),
    wish(st.builds(c.TakeUpHelp, TEAM, NUMBERS)),
    wish(st.builds(c.ConcludeHelp, TEAM, NUMBERS, st.sampled_from(c.HelpOutcome))),
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
)

STOPS: st.SearchStrategy[c.Command] = st.one_of(
    st.builds(c.Pause, st.sampled_from([MENTOR, MENTEE])),
    st.builds(c.Resume, st.sampled_from([MENTOR, MENTEE])),
    st.builds(c.Hold, TEAM),
    st.builds(c.Lift, TEAM),
)
REPORTS: st.SearchStrategy[c.Report] = st.one_of(
    st.builds(c.RecordAddressFailed, st.sampled_from(Party)),
    st.builds(c.RecordCalendarVerified, st.sampled_from(Party), st.booleans()),
)
SPANS = st.one_of(
    st.integers(1, 180).map(lambda minutes: timedelta(minutes=minutes)),
    st.integers(1, 96).map(lambda hours: timedelta(hours=hours)),
    st.integers(1, 12).map(lambda days: timedelta(days=days)),
    st.sampled_from([timedelta(weeks=3), timedelta(weeks=27)]),
)
POLICIES: dict[str, ProgrammePolicy] = {
    "default": ProgrammePolicy(),
    "weekly": patient(ProgrammePolicy(sessions=Sessions(planned=13, every_weeks=1))),
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
    **{f"active for {weeks} weeks": (*ACTIVE, timedelta(weeks=weeks)) for weeks in (0, 1, 4, 9, 15, 25)},
    "waiting for help": (*ACTIVE, asks_for_help(MENTEE, hold=True)),
    "on hold": (*ACTIVE, asks_for_help(MENTOR, partner_may_know=True), c.Hold(COORDINATOR)),
    "paused": (*ACTIVE, c.Pause(MENTOR), timedelta(weeks=10)),
    "amending": (*ACTIVE, c.ProposeRules(MENTEE, (("R12", "48"),))),
    "leaving": (*ACTIVE, c.NoteLeaver(PROGRAMME_OFFICE, MENTOR, left=True)),
    "silent": (*ACTIVE, timedelta(days=58)),
    "making room": (*ACTIVE, c.Rematch(COORDINATOR)),
}


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
        e.Subject.SESSION: c.ConfirmSession(by, ask.number, held=True),
        e.Subject.HELP_RATING: c.RateHelp(by, ask.number, helped=True),
        e.Subject.FINAL_FEEDBACK: c.GiveFinalFeedback(by, ratings, 8, 9, keep_in_touch=True),
        e.Subject.DECISION: c.Decide(by, c.Choice.MORE_TIME),
        e.Subject.GOING_ON: c.GoOn(by),
        e.Subject.EARLY_END: c.AgreeEarlyEnd(by),
        e.Subject.CARRY_GOALS: c.CarryGoals(by, yes=True),
    }
    return answers[ask.subject]


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
    )
    def opens(self, past: str, policy: str, reverse: bool, backup: str, silent: bool) -> None:
        begun = life(POLICIES[policy], reverse=reverse, backup=backup)
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
        by=st.sampled_from([MENTOR, MENTEE]), matter=st.sampled_from(c.Matter), hold=st.booleans(), known=st.booleans()
    )
    def somebody_asks_for_help(self, by: str, matter: c.Matter, hold: bool, known: bool) -> None:
        self.asks(asks_for_help(by, matter, hold=hold, partner_may_know=known))

    @rule(outcome=st.sampled_from(c.HelpOutcome))
    def the_team_helps(self, outcome: c.HelpOutcome) -> None:
        for request in self.lived.state.help[:1]:
            self.asks(c.ConcludeHelp(COORDINATOR, request.number, outcome))

    @rule(held=st.tuples(st.booleans(), st.booleans()), who=st.sampled_from([PAIR, PAIR[:1], PAIR[1:], PAIR[::-1]]))
    def witnesses_answer(self, held: tuple[bool, bool], who: tuple[Party, ...]) -> None:
        for session in self.lived.state.sessions[:1]:
            for by, answer in zip(who, held, strict=False):
                self.asks(c.ConfirmSession(PERSON_OF[by], session.number, answer))

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

    @rule()
    def both_find_it_complete(self) -> None:
        for by in (MENTEE, MENTOR):
            self.asks(c.ProposeEarlyEnd(by))

    @precondition(lambda self: len(self.lived.events) > 40)
    @rule(by=TEAM, staying=st.sampled_from([PAIR, PAIR[:1], (), (Party.BACKUP,)]))
    def the_team_has_another_pairing(self, by: str, staying: tuple[Party, ...]) -> None:
        self.asks(c.Rematch(by, staying))

    @precondition(lambda self: len(self.lived.events) > 40)
    @rule(by=TEAM, days=st.integers(-1, 60))
    def the_programme_ends(self, by: str, days: int) -> None:
        self.asks(c.EndByProgramme(by, days))

    @precondition(lambda self: len(self.lived.events) > 40 or self.lived.state.leaving)
    @rule(who=st.sampled_from([MENTOR, MENTEE]), left=st.booleans())
    def the_directory_says(self, who: str, left: bool) -> None:
        self.asks(c.NoteLeaver(PROGRAMME_OFFICE, who, left))

    @rule()
    def somebody_clicks_twice(self) -> None:
        if self.last:
            self.asks(self.last)

    @precondition(lambda self: len(self.lived.events) > 40)
    @rule(by=st.sampled_from([MENTOR, MENTEE]))
    def somebody_leaves(self, by: str) -> None:
        self.asks(c.Exit(by))

    @rule(span=SPANS)
    def time_passes(self, span: timedelta) -> None:
        self.lived.after(span)

    @rule(span=SPANS)
    def nobody_is_awake(self, span: timedelta) -> None:
        self.lived.sleeps(span)

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
        elif isinstance(event, e.Reminded):
            ask = before.ask(event.subject, event.of, event.number)
            assert ask
            self.reminders[event.subject, event.of, event.number, ask.asked_at] += 1
            assert max(self.reminders.values()) <= MOST_REMINDERS
        elif isinstance(event, e.SessionSettled):
            session = before.session(event.session)
            assert session
            assert session.ends_at <= event.at
        elif isinstance(event, e.RulesAmended):
            assert before.amendment
            assert before.amendment.version == event.version > before.rules_version
            assert before.amendment.by is not event.by
        elif _is_end_of_a_silence(event, before):
            assert not before.going_on, "whoever wanted to go on is not punished for the other's silence"
        elif isinstance(event, e.Closed):
            self._judge_close(event, before)
        in_force = (after.rules_version, after.rules_values) == (before.rules_version, before.rules_values)
        assert in_force or isinstance(event, e.RulesProposed | e.RulesAmended)

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
        assert letter.party not in PAIR or letter.facts.concerned in ("", letter.to)
        assert letter.to == after.person(letter.party)
        assert not after.held or MANNERS[letter.purpose].passes_hold
        assert not (after.is_paused and letter.party in PAIR and isinstance(event, e.Asked))
        assert letter.party not in after.gone, "nothing is sent to whoever has left"
        slot = (letter.party, letter.facts.session, letter.facts.revision)
        if letter.purpose in (LetterKind.SESSION_INVITATION, LetterKind.SESSION_MOVED):
            self.invited.add(slot)
        elif letter.purpose is LetterKind.SESSION_REMINDER:
            assert slot in self.invited, "reminded of what was never told"
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
        assert len(state.sessions) + len(state.results) <= state.sessions_planned
        numbers = [session.number for session in state.sessions] + [number for number, _ in state.results]
        assert len(numbers) == len(set(numbers))
        assert all(number < state.next_session for number in numbers)

    @invariant()
    def planning_goes_on(self) -> None:
        state = self.lived.state
        if not may_plan(state) or state.planned_session:
            return
        awaited = {wish.session for wish in self.lived.unanswered if isinstance(wish, FindSlot)}
        too_late = state.pencilled is not None and state.pencilled + timedelta(minutes=30) > state.ends_at
        assert too_late or state.slot_wanted in awaited

    @invariant()
    def a_stop_is_remembered_while_it_lasts(self) -> None:
        state = self.lived.state
        assert state.is_closed or (state.frozen_since is not None) == (state.held or state.is_paused)

    @invariant()
    def the_state_travels_and_can_be_shown(self) -> None:
        state = self.lived.state
        written = STATE.dump_json(state)
        assert STATE.validate_json(written) == state
        assert len(written) < 16 * KIB
        view = RelationshipView.of(state)
        assert (view.awaiting is Awaiting.NOBODY) or not state.is_closed
        assert len(HelpView.of(state)) == len(state.help)
        assert AgreementView.of(state).rules_version == state.rules_version
        assert RelationshipView.of(replace(state, wishes=())) == view, "a wish of one is nobody's business"

    @invariant()
    def what_is_wanted_can_always_be_said(self) -> None:
        for effect in self.lived.effects[-10:]:
            wanted = still_wanted(effect, self.lived.state)
            lost = isinstance(effect, KeepEntry) and not self.lived.state.planned_session
            assert not (wanted and lost)

    # --- and in the end -----------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Nobody answers any more, and it ends by itself, for good."""
        if self.lived.state.held:
            self.lived.tries(c.Lift(PROGRAMME_OFFICE))
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
