"""Pause, hold and leaving: safety and freedom first, and nothing given away."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.effects import Effect, Letter, VerifyCalendar
from mentoring_lifecycle.domain.letters import MANNERS, LetterKind
from mentoring_lifecycle.domain.lifecycle import next_hour
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.policy import ProgrammePolicy
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE, Standing
from tests.builders import (
    ACTIVE,
    BACKUP,
    CONTACT,
    COORDINATOR,
    DAY,
    MENTEE,
    MENTOR,
    ONBOARDED,
    PAST_OF,
    SIGNED,
    WEEK,
    Life,
    Step,
    asks_for_help,
    at_phase,
    at_the_end,
    life,
)

STILL = [e.Phase.ONBOARDING, e.Phase.GROUND_RULES, e.Phase.GOALS]
"""The phases without sessions, whose every clock belongs to a question."""

OPEN = [phase for phase in e.Phase if phase is not e.Phase.CLOSED]


def since(lived: Life, effects: int) -> list[Effect]:
    return lived.effects[effects:]


# --- a hold -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [COORDINATOR, BACKUP, PROGRAMME_OFFICE])
def test_no_hold_tells_itself_from_another(by: str) -> None:
    """Whoever placed it and why, the facts and everything that follows are the same to the last character."""
    ordinary = life().after(*ACTIVE, DAY, c.Hold(COORDINATOR), WEEK, c.Lift(COORDINATOR))
    this = life().after(*ACTIVE, DAY, c.Hold(by), WEEK, c.Lift(by))
    assert (this.state, this.events, this.effects) == (ordinary.state, ordinary.events, ordinary.effects)


def test_a_hold_says_one_sentence_to_both_and_clears_their_calendars() -> None:
    """A neutral letter each, the session called off, both calendars to be proven clean."""
    lived = life().after(*ACTIVE)
    told = len(lived.effects)
    lived.after(c.Hold(COORDINATOR))
    purposes = [(letter.purpose, letter.party) for letter in since(lived, told) if isinstance(letter, Letter)]
    told_to_both = [(kind, party) for kind in (LetterKind.SESSION_CANCELLED, LetterKind.ON_HOLD) for party in PAIR]
    assert purposes == [*told_to_both, (LetterKind.HOLD_NOTE, Party.COORDINATOR)]
    assert [check.person for check in lived.told(VerifyCalendar)] == [MENTOR, MENTEE]
    assert all(MANNERS[purpose].passes_hold for purpose, _ in purposes)


def test_a_hold_ends_when_nobody_wants_it_any_more() -> None:
    """Two who each placed it: the second is told nothing of the first, and what one takes back the other holds."""
    lived = life().after(*ACTIVE, c.Hold(COORDINATOR, "one"))
    told = len(lived.effects)
    lived.after(DAY, c.Hold(BACKUP, "two"), DAY, c.Lift(COORDINATOR, "one"))
    assert (lived.state.standing, lived.state.seals) == (Standing.ON_HOLD, ("two",))
    assert since(lived, told) == []
    assert lived.tries(c.Lift(COORDINATOR, "one")) == Rejection(Refusal.NOT_THE_PLACER)
    lived.after(c.Lift(COORDINATOR, "two"))
    assert (lived.state.standing, lived.state.seals) == (Standing.NORMAL, ())


def test_a_second_one_changes_nothing_but_the_end() -> None:
    """Held by two and lifted by both, the pair has lived through the very same as with a single hold."""
    single = life().after(*ACTIVE, c.Hold(COORDINATOR, "one"), WEEK, c.Lift(COORDINATOR, "one"))
    both = (c.Hold(COORDINATOR, "one"), c.Hold(COORDINATOR, "two"))
    double = life().after(*ACTIVE, *both, WEEK, c.Lift(COORDINATOR, "two"), c.Lift(COORDINATOR, "one"))
    numbered = {"sequence": 0, "slot_order": 0}
    assert replace(double.state, **numbered) == replace(single.state, **numbered)
    kinds = [event.kind for event in double.events if event.kind not in ("hold_joined", "hold_left")]
    assert kinds == [event.kind for event in single.events]


@pytest.mark.parametrize("seals", [("",), ("one",), ("one", "two"), ("", "two")])
def test_the_contact_ends_any_hold(seals: tuple[str, ...]) -> None:
    """Whoever placed it and however many did; nobody is stuck because somebody is away."""
    lived = life(contact=CONTACT).after(*ACTIVE, *(c.Hold(COORDINATOR, seal) for seal in seals), c.Lift(CONTACT))
    assert lived.state.standing is Standing.NORMAL
    assert life().after(*ACTIVE, c.Hold(COORDINATOR)).tries(c.Lift(CONTACT)) == Rejection(Refusal.NOT_PART_OF_THIS)


def test_a_hold_without_a_seal_is_the_teams() -> None:
    """So are those of earlier versions, which had none: anybody of the team takes it back, and only that one."""
    lived = life().after(*ACTIVE, c.Hold(COORDINATOR))
    lived.state = replace(lived.state, seals=())
    lived.after(c.Hold(COORDINATOR, "one"), c.Lift(BACKUP, "two"))
    assert lived.state.standing is Standing.ON_HOLD
    assert lived.tries(c.Lift(BACKUP, "two")) == Rejection(Refusal.NOT_THE_PLACER)


@pytest.mark.parametrize("phase", OPEN)
def test_a_hold_can_be_placed_in_every_phase(phase: e.Phase) -> None:
    """It wins over everything, and brings nothing by itself; but the coordinator is asked whether it is still meant."""
    lived = at_phase(phase).after(c.Hold(COORDINATOR))
    assert lived.state.standing is Standing.ON_HOLD
    told = len(lived.effects)
    lived.after(30 * WEEK)
    letters = since(lived, told)
    assert {letter.to for letter in letters if isinstance(letter, Letter)} == {COORDINATOR}
    assert [letter.facts.topic for letter in letters if isinstance(letter, Letter)] == ["hold_too_long"] * 8
    days = [(letter.decided_at - lived.now).days + 30 * 7 for letter in letters if isinstance(letter, Letter)]
    assert days == [10 + 28 * times for times in range(8)]


def test_a_hold_wins_over_a_pause() -> None:
    """Beneath a hold a pause goes on; lifting the one leaves the other."""
    lived = life().after(*ACTIVE)
    steps = (c.Pause(MENTOR), c.Hold(COORDINATOR), c.Lift(COORDINATOR), c.Resume(MENTEE))
    standings = [lived.after(step).state.standing for step in steps]
    assert standings == [Standing.PAUSED, Standing.ON_HOLD, Standing.PAUSED, Standing.NORMAL]


FROZEN = ["hold_placed", "hold_remembered", "hold_lifted"]


@settings(deadline=None)
@given(phase=st.sampled_from(STILL), before=st.integers(0, 13 * 24), held=st.integers(1, 60 * 24))
def test_a_hold_shifts_every_clock_exactly_by_its_length(phase: e.Phase, before: int, held: int) -> None:
    """The silent life after it is the silent life without it, later by the hold, to the second."""
    without, with_hold = (life().after(*PAST_OF[phase]) for _ in range(2))
    frozen_at = without.now + timedelta(hours=before)
    length = timedelta(hours=held)
    with_hold.after(frozen_at, c.Hold(COORDINATOR), length, c.Lift(COORDINATOR))
    with_hold.lives_on()
    without.lives_on()
    shifted = [(event.kind, event.at + length if event.at > frozen_at else event.at) for event in without.events]
    assert [(event.kind, event.at) for event in with_hold.events if event.kind not in FROZEN] == shifted


@pytest.mark.parametrize("stop", [(c.Hold(COORDINATOR), c.Lift(COORDINATOR)), (c.Pause(MENTOR), c.Resume(MENTEE))])
def test_the_last_day_moves_by_what_was_lost(stop: tuple[Step, Step]) -> None:
    """Neither a hold nor a pause costs the pair a day."""
    lived = life().after(*ACTIVE)
    ends_at = lived.state.ends_at
    lived.after(stop[0], 3 * WEEK, stop[1])
    assert lived.state.ends_at == ends_at + 3 * WEEK


def test_a_hold_within_a_pause_does_not_count_twice() -> None:
    """What was lost is the time from the first stop to the last start."""
    lived = life().after(*ACTIVE)
    ends_at = lived.state.ends_at
    lived.after(c.Pause(MENTOR), WEEK, c.Hold(COORDINATOR), WEEK, c.Lift(COORDINATOR), WEEK, c.Resume(MENTOR))
    assert lived.state.ends_at == ends_at + 3 * WEEK


def test_the_witnesses_have_their_whole_time_after_a_hold() -> None:
    """A question about a session waits out the hold and is settled as much later."""
    lived = life().after(*ACTIVE).until(lambda state: any(not session.lies_ahead for session in state.sessions))
    asked_at = lived.now
    lived.after(DAY, c.Hold(COORDINATOR), 20 * DAY, c.Lift(COORDINATOR)).until(lambda state: bool(state.results))
    assert lived.now - asked_at == 14 * DAY + 20 * DAY


# --- a pause ----------------------------------------------------------------------------------------------------


def test_a_pause_is_told_to_both_without_a_reason() -> None:
    """Each learns whose wish it was and until when, and nothing else."""
    until = life().after(*ACTIVE).now + 3 * WEEK
    lived = life().after(*ACTIVE, c.Pause(MENTEE, until))
    letters = lived.letters(LetterKind.PAUSED)
    assert [(letter.party, letter.facts.topic, letter.facts.deadline) for letter in letters] == [
        (Party.MENTOR, "partner", until),
        (Party.MENTEE, "own", until),
    ]


def test_nothing_is_asked_of_a_paused_pair() -> None:
    """Until it is too long, a pause is silent."""
    lived = life().after(*ACTIVE, c.Pause(MENTOR))
    told = len(lived.effects)
    lived.after(26 * WEEK - DAY)
    assert since(lived, told) == []


@pytest.mark.parametrize("by", [MENTOR, MENTEE])
def test_either_may_resume(by: str) -> None:
    """Whoever paused, both may go on, and a session is planned."""
    lived = life().after(*ACTIVE, c.Pause(MENTOR), WEEK, c.Resume(by))
    assert lived.session.starts_at > lived.now
    assert [letter.party for letter in lived.letters(LetterKind.RESUMED)] == list(PAIR)


def test_a_pause_ends_on_its_date_by_itself() -> None:
    """Nobody has to remember it."""
    lived = life().after(*ACTIVE)
    until = lived.now + 3 * WEEK
    lived.after(c.Pause(MENTOR, until)).until(lambda state: not state.paused)
    assert lived.now == until
    assert lived.session.starts_at > until


def test_a_date_that_passes_under_a_hold_ends_the_pause_when_it_is_lifted() -> None:
    """The hold wins; once it is gone the agreed date holds again."""
    lived = life().after(*ACTIVE)
    lived.after(c.Pause(MENTOR, lived.now + WEEK), c.Hold(COORDINATOR), 2 * WEEK)
    assert lived.state.paused
    assert lived.after(c.Lift(COORDINATOR)).state.standing is Standing.NORMAL


def test_a_long_pause_is_asked_about_once() -> None:
    """After 26 weeks the coordinator is asked, reminded once, and then it ends as inactive."""
    lived = life().after(*ACTIVE, c.Pause(MENTOR), 26 * WEEK)
    (question,) = lived.letters(LetterKind.DECISION_WANTED)
    assert question.facts.topic == "pause_too_long"
    lived.after(14 * DAY - timedelta(seconds=1))
    assert len(lived.letters(LetterKind.DECISION_WANTED)) == 2
    lived.lives_on()
    assert lived.state.outcome is e.RelationshipOutcome.INACTIVE
    assert len(lived.letters(LetterKind.DECISION_WANTED)) == 2


def test_more_time_for_a_pause_is_as_long_again() -> None:
    """The coordinator may grant it, and is asked again only after another 26 weeks."""
    lived = life().after(*ACTIVE, c.Pause(MENTOR), 26 * WEEK, DAY, c.Decide(COORDINATOR, c.Choice.MORE_TIME))
    decided = lived.now
    lived.until(lambda state: bool(state.asks))
    assert lived.now - decided == 26 * WEEK


@settings(deadline=None)
@given(weeks=st.integers(3, 52), phase=st.sampled_from([*STILL, e.Phase.ACTIVE]))
def test_no_pause_lasts_for_ever(weeks: int, phase: e.Phase) -> None:
    """A pause that nobody ends and nobody decides about ends the relationship, two weeks after it was asked about."""
    lived = at_phase(phase, ProgrammePolicy(pause_weeks=weeks)).after(c.Pause(MENTEE))
    paused_at = lived.now
    lived.lives_on()
    assert lived.state.outcome is e.RelationshipOutcome.INACTIVE
    assert lived.now - paused_at == weeks * WEEK + 14 * DAY


# --- leaving ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [MENTOR, MENTEE])
@pytest.mark.parametrize("phase", OPEN)
@pytest.mark.parametrize("stop", [(), (c.Pause(MENTEE),), (c.Hold(COORDINATOR),), (c.Pause(MENTOR), c.Hold(BACKUP))])
def test_leaving_always_works(phase: e.Phase, by: str, stop: tuple[Step, ...]) -> None:
    """Either may leave in every phase and through every pause and hold, at once and without a reason."""
    lived = at_phase(phase).after(*stop, c.Exit(by))
    assert lived.state.outcome is e.RelationshipOutcome.NO_FAULT_EXIT
    assert [letter.to for letter in lived.letters(LetterKind.EXIT_CONFIRMED)] == [by]
    assert [letter.to for letter in lived.letters(LetterKind.RELATIONSHIP_ENDED)] == [
        {MENTOR: MENTEE, MENTEE: MENTOR}[by]
    ]


def test_the_partner_of_one_who_left_reads_what_everybody_reads() -> None:
    """The letter has the same facts as where the programme ended it: no hint of who, or why."""
    left = life().after(*ONBOARDED, c.Exit(MENTOR))
    ended = life().after(*ONBOARDED, c.Decide(COORDINATOR, c.Choice.END))
    (one,) = left.letters(LetterKind.RELATIONSHIP_ENDED, Party.MENTEE)
    (other,) = ended.letters(LetterKind.RELATIONSHIP_ENDED, Party.MENTEE)
    assert (one.facts.concerned, one.facts.partner) == (other.facts.concerned, other.facts.partner)
    assert one.facts.topic == ""


# --- deciding ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [COORDINATOR, BACKUP, PROGRAMME_OFFICE])
@pytest.mark.parametrize("phase", OPEN)
@pytest.mark.parametrize("stop", [(), (c.Pause(MENTEE),), (c.Hold(COORDINATOR),)])
def test_the_team_may_end_it_in_every_phase_and_standing(phase: e.Phase, by: str, stop: tuple[Step, ...]) -> None:
    """The programme needs no open question to end a relationship."""
    lived = at_phase(phase).after(*stop, c.Decide(by, c.Choice.END))
    assert lived.state.outcome is e.RelationshipOutcome.ENDED_BY_PROGRAMME


PASTS: dict[str, tuple[Step, ...]] = {
    "opened": (),
    "one accepted": ONBOARDED[:1],
    "onboarded": ONBOARDED,
    "one signed": SIGNED[:3],
    "signed": SIGNED,
    "proposed": ACTIVE[:-1],
    "active": ACTIVE,
    "asked for help": (*ACTIVE, asks_for_help(MENTOR, hold=True)),
    "paused": (*ACTIVE, c.Pause(MENTOR)),
    "paused at the start": (c.Pause(MENTEE),),
    "held and lifted": (*ACTIVE, c.Hold(COORDINATOR), WEEK, c.Lift(COORDINATOR)),
}


@pytest.mark.parametrize("past", PASTS.values(), ids=PASTS)
@pytest.mark.parametrize("silent", [False, True])
def test_no_relationship_lives_for_ever(past: tuple[Step, ...], silent: bool) -> None:
    """Whenever everybody falls silent, the world included, it ends by itself under exactly one name."""
    lived = life(silent=silent).after(*past)
    lived.lives_on()
    assert lived.state.is_closed
    assert len(lived.happened(e.Closed)) == 1
    assert next_hour(lived.state) is None
    assert lived.now - lived.state.opened_at < 60 * WEEK


def test_even_after_the_last_day_silence_closes_it() -> None:
    """Who stays silent to the last does not keep anything open."""
    lived = at_the_end()
    lived.lives_on()
    assert lived.state.is_closed
