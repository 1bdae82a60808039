"""When both fall silent: told, asked, closed; and nobody is punished for the other's silence."""

from datetime import datetime

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.lifecycle import hours
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.policy import Inactivity, ProgrammePolicy, Sessions
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.builders import (
    ACTIVE,
    COORDINATOR,
    DAY,
    GOALS,
    MENTEE,
    MENTOR,
    SIGNED,
    START,
    WEEK,
    Life,
    Step,
    life,
    whole_life,
)


def when(lived: Life, kind: type[e.Event]) -> list[datetime]:  # type: ignore[valid-type]  # one of the union's members
    return [event.at for event in lived.events if isinstance(event, kind)]


def asked_at(lived: Life) -> list[datetime]:
    return [event.at for event in lived.happened(e.Asked) if event.subject is e.Subject.GOING_ON]


def test_silence_of_both_is_told_then_asked_about_then_ends_it() -> None:
    """After 45, 60 and 75 days without a sign of life; nothing planned is left."""
    lived = life().after(*ACTIVE)
    lived.lives_on()
    assert when(lived, e.SilenceNoticed) == [START + 45 * DAY]
    assert asked_at(lived) == [START + 60 * DAY] * 2
    assert lived.happened(e.EndDecided)[0].at == START + 75 * DAY
    assert lived.state.outcome is e.RelationshipOutcome.INACTIVE
    (note,) = lived.letters(LetterKind.SILENCE_NOTE)
    assert (note.party, note.facts.topic) == (Party.COORDINATOR, "both")
    assert [letter.party for letter in lived.letters(LetterKind.GOING_ON)] == list(PAIR)
    assert all(letter.facts.concerned in ("", letter.to) for letter in lived.letters() if letter.party in PAIR)


@pytest.mark.parametrize("sign", [c.GoOn(MENTEE), c.SetAgenda(MENTEE, 3, ("Still here",))])
def test_a_sign_of_life_of_one_keeps_it_alive_and_the_team_is_told_of_the_other(sign: c.Command) -> None:
    """Whoever answers is not punished: the pair goes on, and the coordinator learns who could do with a word."""
    by_days_alone = ProgrammePolicy(inactivity=Inactivity(unknown_in_a_row=13))
    lived = life(by_days_alone).after(*ACTIVE, 61 * DAY, sign, 15 * DAY)
    assert lived.state.phase is e.Phase.ACTIVE
    one = lived.letters(LetterKind.SILENCE_NOTE)[-1]
    assert (one.facts.topic, one.facts.concerned) == ("one", MENTOR)
    lived.lives_on()
    assert lived.happened(e.EndDecided)[0].at >= START + (61 + 75) * DAY


def test_when_both_answer_nobody_is_told_anything() -> None:
    """Two words, and all is as it was."""
    lived = life().after(*ACTIVE, 61 * DAY, c.GoOn(MENTEE), c.GoOn(MENTOR), 16 * DAY)
    assert [letter.facts.topic for letter in lived.letters(LetterKind.SILENCE_NOTE)] == ["both"]
    assert not any(ask.subject is e.Subject.GOING_ON for ask in lived.state.asks)


SIGNS: list[tuple[Step, ...]] = [
    (c.SetAgenda(MENTOR, 1, ("A",)),),
    (c.MoveSession(MENTEE, 1, START + 3 * DAY),),
    (c.ProposeRules(MENTOR, ()),),
    (c.AskCoordinator(MENTEE, c.Matter.QUESTION, "How?"),),
]


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: sign[0].kind)
def test_every_act_of_one_of_the_pair_is_a_sign_of_life(sign: tuple[Step, ...]) -> None:
    """The silence counts from it."""
    lived = life().after(*ACTIVE, 2 * DAY, *sign)
    lived.until(lambda state: state.silence_noticed)
    assert when(lived, e.SilenceNoticed) == [START + (2 + 45) * DAY] or sign[0] == SIGNS[1][0]


def test_what_the_team_does_is_no_sign_of_life() -> None:
    """A coordinator cannot keep a silent pair alive."""
    help_ = c.AskCoordinator(MENTOR, c.Matter.QUESTION, "How?")
    lived = life().after(*ACTIVE, help_, 30 * DAY, c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.ANSWERED))
    lived.until(lambda state: state.silence_noticed)
    assert lived.now == START + 45 * DAY


@pytest.mark.parametrize(
    ("stop", "start"),
    [(c.Pause(COORDINATOR), c.Resume(COORDINATOR)), (c.Hold(COORDINATOR), c.Lift(COORDINATOR))],
)
def test_silence_does_not_count_while_the_pair_stands_still(stop: c.Command, start: c.Command) -> None:
    """A pause or hold moves every step by its length."""
    lived = life().after(*ACTIVE, 10 * DAY, stop, 20 * WEEK, start)
    lived.lives_on()
    moved = 20 * WEEK
    assert when(lived, e.SilenceNoticed) == [START + 45 * DAY + moved]
    assert lived.happened(e.EndDecided)[0].at == START + 75 * DAY + moved


def test_a_slow_rhythm_is_no_silence() -> None:
    """A pair that meets every eight weeks is alerted after twelve, and the other steps keep their distance."""
    slow = c.ProposeGoals(MENTOR, GOALS, every_weeks=8)
    lived = life().after(*SIGNED, slow, c.AgreeGoals(MENTEE, 1, (3, 4)))
    lived.lives_on()
    assert when(lived, e.SilenceNoticed) == [START + 12 * WEEK]
    assert asked_at(lived)[0] == START + 12 * WEEK + 15 * DAY
    assert lived.happened(e.EndDecided)[0].at == START + 12 * WEEK + 30 * DAY


def test_a_session_moved_far_ahead_is_no_silence_until_it_is_over() -> None:
    """Two people who agreed to meet after the summer are not asked before it."""
    lived = life().after(*ACTIVE, c.MoveSession(MENTOR, 1, START + 10 * WEEK))
    lived.until(lambda state: state.silence_noticed)
    assert lived.now > START + 10 * WEEK + 45 * DAY


def test_after_the_last_session_nobody_is_expected_to_do_anything() -> None:
    """Three sessions in 26 weeks and then quiet until the notice: no alert."""
    few = ProgrammePolicy(sessions=Sessions(planned=3, every_weeks=2))
    lived = whole_life(few)
    assert lived.happened(e.SilenceNoticed) == []
    assert lived.state.outcome is e.RelationshipOutcome.COMPLETED


def test_case_16_three_unknown_sessions_in_a_row_lead_straight_to_the_question() -> None:
    """Without waiting for the sixty days; a word of one keeps it alive, and the next unknown one asks again."""
    weekly = ProgrammePolicy(sessions=Sessions(planned=13, every_weeks=1))
    lived = life(weekly).after(*ACTIVE).until(lambda state: len(state.results) == 3)
    assert lived.state.unknown_in_a_row == 3
    assert asked_at(lived) == [lived.now] * 2
    assert lived.now < START + 45 * DAY
    lived.after(c.GoOn(MENTOR), c.GoOn(MENTEE))
    lived.until(lambda state: len(state.results) == 4)
    assert len(asked_at(lived)) == 4


def test_a_held_session_breaks_the_row() -> None:
    """The row is that of the sessions: a later one that both confirmed at once counts though earlier ones are open."""
    weekly = ProgrammePolicy(sessions=Sessions(planned=13, every_weeks=1), inactivity=Inactivity(170, 171, 172))
    lived = life(weekly).after(*ACTIVE).until(lambda state: len(state.results) == 2)
    number = [session.number for session in lived.state.sessions if not session.lies_ahead][-1]
    lived.after(*(c.ConfirmSession(by, number, held=True) for by in (MENTOR, MENTEE)))
    lived.until(lambda state: len(state.results) == 5)
    assert lived.state.unknown_in_a_row == 1
    assert asked_at(lived) == []


def test_the_watch_ends_with_the_sessions() -> None:
    """In closing nobody is asked whether to go on; the end comes anyway."""
    lived = whole_life()
    assert asked_at(lived) == []
    assert lived.tries(c.GoOn(MENTOR)) == Rejection(Refusal.CLOSED)


def test_in_a_life_that_goes_well_silence_brings_no_hour_before_the_next_session() -> None:
    """So it costs no timer: the next hour is always that of a session."""
    lived = life().after(*ACTIVE)
    assert hours(lived.state)[0].at < lived.session.starts_at < START + 45 * DAY
