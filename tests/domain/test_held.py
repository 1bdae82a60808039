"""While it is held and after an end out of a hold nobody is asked to rate, to confirm or to talk, whoever placed it."""

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.effects import Letter
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.builders import (
    ACTIVE,
    COORDINATOR,
    DAY,
    MENTEE,
    MENTOR,
    WEEK,
    Life,
    Step,
    asks_for_help,
    at_the_end,
    life,
)

SEALS = ("", "a" * 64)
"""Of an office without seals, and of whoever uses them: the programme team or a case."""

FRICTION = asks_for_help(MENTOR, partner_may_know=True)
PASTS: dict[str, tuple[Step, ...]] = {
    "a session ahead": ACTIVE,
    "a session over": (*ACTIVE, 8 * DAY),
    "one has confirmed": (*ACTIVE, 8 * DAY, c.ConfirmSession(MENTOR, 1, held=True)),
    "they differ": (
        *(*ACTIVE, 8 * DAY, c.ConfirmSession(MENTOR, 1, held=True)),
        c.ConfirmSession(MENTEE, 1, held=False),
    ),
    "help asked for": (*ACTIVE, FRICTION),
    "help given": (*ACTIVE, FRICTION, c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.ANSWERED)),
    "the look back": (),
}
ENDS: dict[str, c.Command] = {
    "one leaves": c.Exit(MENTEE),
    "the team ends it": c.Decide(COORDINATOR, c.Choice.END),
    "a re-match": c.EndForRematch(COORDINATOR),
}


def held(past: str, seal: str) -> Life:
    lived = at_the_end() if past == "the look back" else life().after(*PASTS[past])
    return lived.after(c.Hold(COORDINATOR, seal))


def asked_of_the_pair(lived: Life, since: int) -> set[LetterKind]:
    """What the two were written, but for what a hold and an end say of themselves."""
    letters = [effect for effect in lived.effects[since:] if isinstance(effect, Letter) and effect.party in PAIR]
    return {letter.purpose for letter in letters} - SAYS_AND_ASKS_NOTHING


SAYS_AND_ASKS_NOTHING = {
    LetterKind.ON_HOLD,
    LetterKind.SESSION_CANCELLED,
    LetterKind.EXIT_CONFIRMED,
    LetterKind.RELATIONSHIP_ENDED,
    LetterKind.CLOSED_NOTE,
    LetterKind.FAREWELL,
    LetterKind.HELP_OUTCOME,
    LetterKind.HELP_OVERDUE,
    LetterKind.HELP_ELSEWHERE,
    LetterKind.REMATCH,
}


@pytest.mark.parametrize("seal", SEALS, ids=["unsealed", "sealed"])
@pytest.mark.parametrize("past", PASTS)
def test_a_hold_asks_nothing_of_the_pair(past: str, seal: str) -> None:
    """No question of any kind, neither a new one nor a reminder, for half a year; what is planned is off for both."""
    lived = held(past, seal)
    since = len(lived.effects)
    assert lived.state.planned_session is None
    lived.after(26 * WEEK)
    assert asked_of_the_pair(lived, since) == set()


@pytest.mark.parametrize("past", PASTS)
def test_no_joint_talk_is_arranged_in_a_hold(past: str) -> None:
    """Nobody is made to face anybody, also not by a call that was there before."""
    lived = held(past, SEALS[1])
    talk = c.ArrangeTalk(COORDINATOR, 1, lived.now + DAY)
    assert lived.tries(talk) == Rejection(Refusal.ON_HOLD)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("past", PASTS)
def test_an_end_out_of_a_hold_asks_for_no_rating(past: str, end: str) -> None:
    """No survey, no confirmation, no "did it help?", and no goals to carry: it is simply over."""
    lived = held(past, SEALS[1]).after(3 * DAY)
    since = len(lived.effects)
    if lived.tries(ENDS[end]) == Rejection(Refusal.END_REACHED):
        lived.after(c.Exit(MENTOR))
    lived.lives_on()
    assert lived.state.is_closed
    assert asked_of_the_pair(lived, since) == set()
    assert not [
        event for event in lived.events[-20:] if isinstance(event, e.Asked) and event.of in PAIR and _late(lived, event)
    ]


def _late(lived: Life, event: e.Asked) -> bool:
    placed = next(each for each in lived.events if isinstance(each, e.HoldPlaced))
    return event.at > placed.at


@pytest.mark.parametrize("past", PASTS)
def test_after_it_is_lifted_everything_goes_on_as_after_any(past: str) -> None:
    """What is asked then is asked of every pair that was held, whoever lifted: nothing depends on the seal."""
    lives = [held(past, seal).after(WEEK, c.Lift(COORDINATOR, seal), 26 * WEEK) for seal in SEALS]
    assert lives[0].effects == lives[1].effects
    assert [event.kind for event in lives[0].events] == [event.kind for event in lives[1].events]
