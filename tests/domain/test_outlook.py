"""How a relationship looks to an operator: whose turn, how well, what next; never what about."""

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.events import Subject
from mentoring_lifecycle.domain.hours import Coming
from mentoring_lifecycle.domain.lifecycle import hours
from mentoring_lifecycle.domain.outlook import Awaiting, Health, awaited_since, awaiting, health, next_due, what_is_due
from mentoring_lifecycle.domain.people import Party
from tests.builders import (
    ACTIVE,
    COORDINATOR,
    DAY,
    MENTEE,
    MENTOR,
    ONBOARDED,
    START,
    WEEK,
    Life,
    Step,
    accepts,
    asks_for_help,
    life,
    whole_life,
)

TURNS: list[tuple[tuple[Step, ...], Awaiting, Health]] = [
    ((), Awaiting.BOTH, Health.WAITING),
    ((accepts(MENTOR),), Awaiting.MENTEE, Health.WAITING),
    ((accepts(MENTEE),), Awaiting.MENTOR, Health.WAITING),
    ((13 * DAY,), Awaiting.BOTH, Health.OVERDUE),
    ((accepts(MENTOR), accepts(MENTEE, c.Comfort.NO)), Awaiting.COORDINATOR, Health.ATTENTION),
    ((*ONBOARDED, 21 * DAY), Awaiting.COORDINATOR, Health.ATTENTION),
    (ACTIVE, Awaiting.NOBODY, Health.OK),
    ((*ACTIVE, asks_for_help(MENTOR)), Awaiting.COORDINATOR, Health.ATTENTION),
    ((*ACTIVE, asks_for_help(MENTOR, c.Matter.MATERIAL)), Awaiting.COORDINATOR, Health.ATTENTION),
    ((*ACTIVE, c.RecordAddressFailed(Party.MENTEE)), Awaiting.NOBODY, Health.ATTENTION),
    ((*ACTIVE, c.Pause(MENTOR)), Awaiting.NOBODY, Health.OK),
    ((*ACTIVE, c.Hold(COORDINATOR)), Awaiting.COORDINATOR, Health.OK),
    ((*ONBOARDED, c.Exit(MENTOR)), Awaiting.NOBODY, Health.OK),
]


@pytest.mark.parametrize(("past", "turn", "well"), TURNS)
def test_whose_turn_it_is_and_how_well_it_is(past: tuple[Step, ...], turn: Awaiting, well: Health) -> None:
    """The programme team's turn wins, and the worst thing that is true is what is shown."""
    state = life().after(*past).state
    assert (awaiting(state), health(state)) == (turn, well)


def test_help_of_every_kind_looks_the_same() -> None:
    """A wish for material cannot be told from friction on the operator's page."""
    mild, friction = (
        life().after(*ACTIVE, asks_for_help(MENTOR, matter)).state
        for matter in (c.Matter.MATERIAL, c.Matter.ROLE_STRUGGLE)
    )
    assert (awaiting(mild), health(mild)) == (awaiting(friction), health(friction))


def due_of(lived: Life) -> object:
    return next_due(lived.state)


def test_what_is_due_next() -> None:
    """The end of somebody's time to answer, a session, a clock of the team; else the last day; nothing when closed."""
    assert due_of(life()) == START + 14 * DAY
    active = life().after(*ACTIVE)
    assert due_of(active) == active.session.starts_at
    asked = active.after(asks_for_help(MENTOR, c.Matter.ROLE_STRUGGLE))
    assert due_of(asked) == asked.state.help[0].due_at
    assert due_of(whole_life()) is None


def test_of_a_stopped_pair_only_the_teams_clocks_are_due() -> None:
    """A stopped pair is not waited for, the programme team is; while ending, the last proof is."""
    assert due_of(life().after(*ACTIVE, c.Pause(MENTOR))) is None
    held = life().after(*ACTIVE, c.Hold(COORDINATOR))
    assert due_of(held) == held.state.hold_asked_at
    helped = life().after(*ACTIVE, asks_for_help(MENTOR), c.Pause(MENTOR))
    assert due_of(helped) == helped.state.help[0].due_at
    silent = life(silent=True).after(*ACTIVE)
    leaving = silent.after(c.RecordSlot(1, silent.now + WEEK), c.Exit(MENTEE))
    assert due_of(leaving) == leaving.state.close_by


def test_since_when_the_longest_question_is_open() -> None:
    """The oldest open question counts, or the stop; none means never."""
    stopped = life().after(*ACTIVE, DAY, c.Hold(COORDINATOR), DAY)
    assert awaited_since(stopped.state) == START + DAY
    assert awaited_since(life().after(DAY).state) == START
    assert awaited_since(life().after(*ACTIVE).state) is None


def test_since_when_it_is_the_teams_turn() -> None:
    """Whoever's turn it is is awaited since they were asked, not since somebody else was."""
    helped = life().after(DAY, asks_for_help(MENTOR), DAY)
    assert awaiting(helped.state) is Awaiting.COORDINATOR
    assert awaited_since(helped.state) == START + DAY
    undecided = life().after(*ONBOARDED, 21 * DAY, DAY)
    assert awaited_since(undecided.state) == START + 21 * DAY


# --- what an instant brings -------------------------------------------------------------------------------------

DUES: list[tuple[tuple[Step, ...], Coming, Subject | None]] = [
    ((), Coming.ANSWER, Subject.INVITATION),
    (ONBOARDED, Coming.ANSWER, Subject.RULES),
    ((*ONBOARDED, 21 * DAY), Coming.TEAM, None),
    (ACTIVE, Coming.SESSION, None),
    ((*ACTIVE, asks_for_help(MENTOR, c.Matter.ROLE_STRUGGLE)), Coming.TEAM, None),
    ((*ACTIVE, c.Hold(COORDINATOR)), Coming.HOLD, None),
    ((*ACTIVE, c.Pause(MENTOR, START + 3 * WEEK)), Coming.PAUSE, None),
]


@pytest.mark.parametrize(("past", "what", "subject"), DUES)
def test_what_the_next_due_brings(past: tuple[Step, ...], what: Coming, subject: Subject | None) -> None:
    """A question is named where it is one of the pair's; of the team's clocks nobody can tell what they are about."""
    due = what_is_due(life().after(*past).state)
    assert due
    assert (due.what, due.subject) == (what, subject)


def test_every_hour_of_a_pause_has_one_word() -> None:
    """That somebody may have left the organisation cannot be told from a pause by the hours to come."""
    paused = hours(life().after(*ACTIVE, c.Pause(MENTOR)).state)
    leaving = hours(life().after(*ACTIVE, c.NoteLeaver(COORDINATOR, MENTOR, left=True)).state)
    assert {hour.what for hour in paused} == {hour.what for hour in leaving} == {Coming.PAUSE}


def test_the_hours_of_a_hold_tell_of_nothing_below_it() -> None:
    """What the two were being asked does not show while the hold lasts."""
    asked = life().after(*ONBOARDED, c.Hold(COORDINATOR))
    assert {hour.what for hour in hours(asked.state)} == {Coming.HOLD}
