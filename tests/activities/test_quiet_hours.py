"""Letters that can wait do not reach anybody at night or on a day off; what must be known at once does."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from mentoring_lifecycle.activities.letters import QUIET
from mentoring_lifecycle.activities.ports import LedgerState
from mentoring_lifecycle.contracts.deliveries import Delivery, Outcome
from mentoring_lifecycle.domain.letters import MANNERS, LetterKind, WhenUnknown

from .conftest import MENTOR, STARTS, Desk, letter

MIDNIGHT = datetime(2027, 3, 2, 23, tzinfo=UTC)
"""In Rome, where the mentor lives, the day after Tuesday has just begun."""
WAITS = [kind for kind in LetterKind if MANNERS[kind].waits_for_day]
AT_ONCE = [kind for kind in LetterKind if not MANNERS[kind].waits_for_day]


@pytest.mark.parametrize("purpose", WAITS)
async def test_what_can_wait_waits_for_the_readers_morning(desk: Desk, purpose: LetterKind) -> None:
    """Eight o'clock by the reader's clock; nothing is claimed meanwhile, and then it leaves."""
    desk.now = MIDNIGHT
    assert await desk.deliver(letter(purpose)) == (Delivery(letter(purpose).key, Outcome.DELAYED, QUIET, 8 * 3600),)
    assert desk.ledger.rows == {}
    desk.now += timedelta(hours=8)
    assert [each.outcome for each in await desk.deliver(letter(purpose))] == [Outcome.ACCEPTED]


@pytest.mark.parametrize("purpose", AT_ONCE)
async def test_what_must_be_known_at_once_wakes_people_up(desk: Desk, purpose: LetterKind) -> None:
    """Moves, cancellations, stops, ends, help and cases."""
    desk.now = MIDNIGHT
    assert [each.outcome for each in await desk.deliver(letter(purpose))] == [Outcome.ACCEPTED]


async def test_a_weekend_and_a_holiday_are_waited_for(desk: Desk) -> None:
    """From Friday evening to Tuesday, where Monday is a holiday."""
    desk.free_days.days[MENTOR] = {date(2027, 3, 8)}
    desk.now = datetime(2027, 3, 5, 19, tzinfo=UTC)
    until = datetime(2027, 3, 9, 7, tzinfo=UTC)
    (waits,) = await desk.deliver(letter(not_after=STARTS + timedelta(days=9)))
    assert timedelta(seconds=waits.retry_after_seconds) == until - desk.now


async def test_no_day_off_outlasts_the_last_moment(desk: Desk) -> None:
    """Where no working day comes before it, any day outside the quiet hours will do."""
    desk.now = datetime(2027, 3, 5, 19, tzinfo=UTC)
    (waits,) = await desk.deliver(letter(not_after=datetime(2027, 3, 7, 12, tzinfo=UTC)))
    assert desk.now + timedelta(seconds=waits.retry_after_seconds) == datetime(2027, 3, 6, 7, tzinfo=UTC)


@pytest.mark.parametrize("purpose", WAITS)
async def test_a_courtesy_that_would_come_too_late_is_given_up_and_a_question_is_not(
    desk: Desk, purpose: LetterKind
) -> None:
    """A reminder in the middle of the night is worth less than the night; an invitation or signature goes out."""
    desk.now = MIDNIGHT
    last = letter(purpose, not_after=MIDNIGHT + timedelta(hours=3))
    (result,) = await desk.deliver(last)
    if MANNERS[purpose].when_unknown is WhenUnknown.LEAVE:
        assert result == Delivery(last.key, Outcome.EXPIRED, QUIET)
        assert desk.ledger.rows[last.key].state is LedgerState.EXPIRED
    else:
        assert result.outcome is Outcome.ACCEPTED


async def test_somebody_without_quiet_hours_is_written_to_at_any_hour(desk: Desk) -> None:
    """Equal hours mean that there are none."""
    desk.people.people[MENTOR] = replace(
        desk.people.people[MENTOR], quiet_from=time(8), quiet_until=time(8), rest_days=()
    )
    desk.now = MIDNIGHT
    assert [each.outcome for each in await desk.deliver(letter())] == [Outcome.ACCEPTED]
