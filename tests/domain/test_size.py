"""What one run of a relationship hands to the next stays small, however long and wordy the life."""

from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from mentoring_lifecycle.contracts.inputs import CarriedState
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.policy import ProgrammePolicy, Sessions
from tests.builders import ACTIVE, GOALS, HOUR, MENTEE, MENTOR, SIGNED, WEEK, Life, life, patient
from tests.domain.test_any_life import timeline

KIB = 1024
CARRIED = TypeAdapter(CarriedState)
COMMAND_IDS = tuple(f"0192f3a4-7c5e-7abc-9def-{number:012d}" for number in range(100))
SENTENCE = "Più coraggio nell’usare strumenti nuovi. "


def wordy_life(characters: int) -> Life:
    """Three goals, topics, an agenda and an open call for help, each text that long."""
    text = (SENTENCE * 100)[:characters]
    goals = tuple(replace(goal, title=text[:200], success_criterion=text[:1000]) for goal in (*GOALS, GOALS[0]))
    lived = life(patient()).after(
        *SIGNED, c.ProposeGoals(MENTOR, goals, topics=(text[:200],) * 3), c.AgreeGoals(MENTEE, 1, (1, 1, 1))
    )
    lived.after(20 * WEEK, c.SetAgenda(MENTOR, 6, (text[:200],) * 3))
    return lived.after(c.AskCoordinator(MENTEE, c.Matter.OTHER, text))


def carried_size(lived: Life) -> int:
    return len(CARRIED.dump_json(CarriedState(lived.state, handled=COMMAND_IDS, timeline=timeline(lived))))


@pytest.mark.parametrize("characters", [40, 300])
def test_a_carried_state_is_small(characters: int) -> None:
    """Under 16 KiB late in a 26-week life, with the timeline and a hundred command ids, in ordinary words."""
    assert carried_size(wordy_life(characters)) < 16 * KIB


def restless_life() -> Life:
    """Thirteen sessions a week apart, each missed or disputed, and as many noted beside them."""
    lived = life(ProgrammePolicy(sessions=Sessions(planned=13, every_weeks=1))).after(*ACTIVE)
    for each in range(13):
        lived.until(lambda state: any(session.awaits_witnesses for session in state.sessions))
        number = next(session.number for session in lived.state.sessions if session.awaits_witnesses)
        missed = c.ReportNoShow(MENTEE, number)
        differ = (c.ConfirmSession(MENTOR, number, held=True), c.ConfirmSession(MENTEE, number, held=False))
        lived.after(*((missed,) if each % 2 else differ), c.LogSession(MENTOR, lived.now - 5 * HOUR, 30))
        lived.after(c.ConfirmSession(MENTEE, lived.state.next_session - 1, held=False))
    return lived


def test_a_restless_life_is_small_too() -> None:
    """Differences over differences do not pile up: each has an end, and what is settled leaves a line."""
    lived = restless_life()
    assert len(lived.state.results) + len(lived.state.sessions) >= 26
    assert len(lived.state.absences) == 6
    assert carried_size(lived) < 16 * KIB
