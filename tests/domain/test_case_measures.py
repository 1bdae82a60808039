"""What a case does to relationships: like anybody else, at an hour that tells nothing, and taken back by it alone."""

from datetime import timedelta
from typing import Any

import pytest

from mentoring_lifecycle.domain.cases import commands as c
from mentoring_lifecycle.domain.cases import events as e
from mentoring_lifecycle.domain.cases.handling import next_hour
from mentoring_lifecycle.domain.cases.measures import under_way
from mentoring_lifecycle.domain.commands import Severity
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.case_builders import CLOSED, DAY, FIRST, HOUR, START, CaseStep, LivedCase, report

HOLD, LIFT, BLOCK, UNBLOCK = e.MeasureKind
TWO = ("p-luca", "p-anna")
TWO_DAYS = 2 * DAY


def case(*past: CaseStep, found: tuple[str, ...] = (), **changes: Any) -> LivedCase:
    return LivedCase(report(**{"relationship": "r-1", "lot": "secret", **changes}), found=found).after(*past)


def done(lived: LivedCase) -> list[tuple[e.MeasureKind, str]]:
    """What relationships were asked for, in order."""
    return [(each.measure, each.relationship) for each in lived.performed]


# --- a hold -----------------------------------------------------------------------------------------------------


def test_a_hold_that_the_reporter_chose_is_asked_for_at_once() -> None:
    """In the same moment, once."""
    lived = case(holds=True)
    assert (done(lived), lived.now) == ([(HOLD, "r-1")], START)
    assert lived.state.measure_applied
    assert done(lived.after(7 * DAY)) == [(HOLD, "r-1")]


def test_where_the_reporter_waits_the_handler_holds() -> None:
    """Urgently, at once; a second one is under way already only as long as it is not answered."""
    lived = case(DAY)
    assert done(lived) == []
    lived.after(c.PlaceHold(FIRST, urgent=True))
    assert done(lived) == [(HOLD, "r-1")]


def test_a_hold_that_can_wait_comes_within_two_days_at_an_hour_of_its_own() -> None:
    """Over many cases spread over the whole time, and the same for the same case however often it is asked."""
    pauses = []
    for number in range(200):
        lived = case(c.PlaceHold(FIRST), lot=f"secret-{number}")
        assert done(lived) == []
        (wish,) = lived.of(e.MeasureWanted)
        assert case(c.PlaceHold(FIRST), lot=f"secret-{number}").of(e.MeasureWanted) == [wish]
        pauses.append(wish.due_at - wish.at)
        assert done(lived.after(wish.due_at - timedelta(microseconds=1))) == []
        assert done(lived.after(wish.due_at)) == [(HOLD, "r-1")]
    assert timedelta() <= min(pauses) < max(pauses) <= TWO_DAYS
    quarters = [sum(12 * HOUR * part <= each < 12 * HOUR * (part + 1) for each in pauses) for part in range(4)]
    assert min(quarters) >= 30


def test_an_urgent_one_overtakes_one_that_can_wait() -> None:
    """It is placed once, at once."""
    lived = case(c.PlaceHold(FIRST))
    assert lived.tries(c.PlaceHold(FIRST)) == Rejection(Refusal.UNDER_WAY_ALREADY)
    lived.after(c.PlaceHold(FIRST, urgent=True), 3 * DAY)
    assert [(each.measure, each.urgent) for each in lived.performed] == [(HOLD, True)]


def test_a_hold_is_lifted_and_placed_anew() -> None:
    """As often as the handler finds; the last word counts."""
    lived = case(c.PlaceHold(FIRST, urgent=True), DAY, c.LiftHold(FIRST, urgent=True), holds=True)
    assert not lived.state.measure_applied
    lived.after(DAY, c.PlaceHold(FIRST), 3 * DAY, c.LiftHold(FIRST), 3 * DAY)
    assert [kind for kind, _ in done(lived)] == [HOLD, HOLD, LIFT, HOLD, LIFT]
    assert lived.tries(c.LiftHold(FIRST)) == Rejection(Refusal.NOTHING_TO_TAKE_BACK)


def test_what_is_taken_back_before_its_hour_never_comes() -> None:
    """The hold that waits gives way to the lift, and to nothing else."""
    lived = case(c.PlaceHold(FIRST), c.LiftHold(FIRST, urgent=True), 3 * DAY)
    assert HOLD not in [kind for kind, _ in done(lived)]


def test_what_is_under_way_is_finished_before_the_next() -> None:
    """A lift waits until the relationship has answered the hold, so that they never overtake each other."""
    lived = case(holds=True)
    lived.answer = None
    lived.after(c.PlaceHold(FIRST, urgent=True), c.LiftHold(FIRST, urgent=True))
    assert [each.measure for each in under_way(lived.state)] == [HOLD]
    lived.answer = e.MeasureResult.DONE
    lived.perform()
    assert [kind for kind, _ in done(lived)] == [HOLD, HOLD, LIFT]


@pytest.mark.parametrize("result", [e.MeasureResult.NOT_NEEDED, e.MeasureResult.ALREADY])
def test_what_is_not_needed_is_asked_for_once(result: e.MeasureResult) -> None:
    """The relationship is gone, or on hold by somebody else: that is what the handler reads, and may try again."""
    lived = case(c.PlaceHold(FIRST, urgent=True))
    lived.answer = result
    lived.after(c.PlaceHold(FIRST, urgent=True), 30 * DAY)
    assert (len(lived.performed), lived.state.latest_measures[0].result) == (2, result)
    assert lived.state.measure_applied is (result is e.MeasureResult.ALREADY)


def test_a_wish_at_the_end_is_still_kept() -> None:
    """A case is not over before the last word has got through, and nothing of it stays undone."""
    lived = case(*CLOSED, c.PlaceHold(FIRST, urgent=True))
    assert lived.state.instants
    assert lived.state.instants.kept_until
    lived.after(lived.state.instants.kept_until - timedelta(seconds=1), c.LiftHold(FIRST), 3 * DAY)
    assert lived.state.has_ended
    assert [kind for kind, _ in done(lived)] == [HOLD, LIFT]
    assert next_hour(lived.state) is None


# --- two who are kept apart -------------------------------------------------------------------------------------


def test_in_danger_the_two_are_kept_apart_at_once() -> None:
    """And what else they have with each other is held in the same moment, each once."""
    lived = case(severity=Severity.S4, holds=True, pair=TWO, found=("r-1", "r-2", "r-3"))
    assert done(lived) == [(HOLD, "r-1"), (BLOCK, ""), (HOLD, "r-2"), (HOLD, "r-3")]
    assert lived.now == START


@pytest.mark.parametrize("changes", [{"severity": Severity.S3, "pair": TWO}, {"severity": Severity.S4, "pair": ()}])
def test_otherwise_nobody_is_kept_apart(changes: dict[str, Any]) -> None:
    """Not for less than danger, nor where it is not known who the two are."""
    assert BLOCK not in [kind for kind, _ in done(case(holds=True, **changes))]


def test_a_reporter_in_danger_who_asks_to_wait_is_not_exposed() -> None:
    """A block is seen by nobody, so it comes at once; holds are seen, so they are the handler's to place."""
    lived = case(severity=Severity.S4, pair=TWO, found=("r-1", "r-2"))
    assert done(lived) == [(BLOCK, "")]
    lived.after(c.PlaceHold(FIRST, urgent=True))
    assert done(lived) == [(BLOCK, ""), (HOLD, "r-1"), (HOLD, "r-2")]


def test_the_handler_keeps_them_apart_and_takes_it_back() -> None:
    """Holds come at hours of their own and are lifted by themselves: a block taken back lifts none."""
    lived = case(c.BlockPair(FIRST), pair=TWO, found=("r-1", "r-2"))
    assert done(lived) == [(BLOCK, "")]
    lived.after(3 * DAY, c.UnblockPair(FIRST), 3 * DAY)
    assert done(lived) == [(BLOCK, ""), (HOLD, "r-2"), (UNBLOCK, "")]
    assert lived.tries(c.UnblockPair(FIRST)) == Rejection(Refusal.NOTHING_TO_TAKE_BACK)
    lived.after(c.LiftHold(FIRST, urgent=True))
    assert done(lived)[3:] == [(LIFT, "r-2")]


def test_what_others_put_on_the_block_list_is_not_ours_to_take_off() -> None:
    """Only the case that placed it takes it back."""
    lived = case(pair=TWO)
    lived.answer = e.MeasureResult.ALREADY
    lived.after(c.BlockPair(FIRST))
    assert lived.tries(c.UnblockPair(FIRST)) == Rejection(Refusal.NOTHING_TO_TAKE_BACK)


def test_a_block_outlives_the_case() -> None:
    """Nothing takes it back by itself."""
    lived = case(*CLOSED, 1200 * DAY, severity=Severity.S4, pair=TWO)
    assert lived.state.has_ended
    assert done(lived) == [(BLOCK, "")]
