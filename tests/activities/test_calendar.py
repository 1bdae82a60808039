"""Calendars: made to show what the story says, and proven empty where it says so."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from mentoring_lifecycle.activities.calendar import LEASE
from mentoring_lifecycle.activities.ports import CalendarDelayed, CalendarRefused, LedgerState
from mentoring_lifecycle.contracts.deliveries import Delivery, Outcome
from mentoring_lifecycle.domain.effects import CalendarEffect
from mentoring_lifecycle.gateways.memory import MemoryCalendar

from .conftest import MENTEE, MENTOR, NOON, RELATIONSHIP, STARTS, Desk, kept, removed, verified


def _shown(desk: Desk, person: str = MENTOR) -> list[int]:
    assert desk.calendar
    return [entry.revision for entry in desk.calendar.calendars.get(person, {}).values()]


async def test_an_entry_appears_once_for_each(desk: Desk) -> None:
    """Ordered twice, shown once, in both calendars alike."""
    assert [each.outcome for each in await desk.apply(kept(), kept(MENTEE))] == [Outcome.ACCEPTED] * 2
    assert [each.outcome for each in await desk.apply(kept(), kept(MENTEE))] == [Outcome.ACCEPTED] * 2
    assert desk.calendar
    (mine,), (theirs,) = (desk.calendar.calendars[person].values() for person in (MENTOR, MENTEE))
    assert (mine.uid, mine.starts_at, mine.stamped_at, mine.attendees) == (
        theirs.uid,
        STARTS,
        NOON,
        theirs.attendees,
    )
    assert "Ed" not in mine.title


async def test_a_newer_revision_replaces_and_an_older_one_does_not(desk: Desk) -> None:
    """However late the older order comes."""
    await desk.apply(kept(revision=1))
    await desk.apply(kept(revision=0))
    assert _shown(desk) == [1]


async def test_removing_what_is_gone_is_success(desk: Desk) -> None:
    """Twice removed, or removed by the owner's own hand."""
    await desk.apply(kept())
    assert [each.outcome for each in await desk.apply(removed())] == [Outcome.ACCEPTED]
    assert _shown(desk) == []
    assert [each.outcome for each in await desk.apply(removed(MENTEE))] == [Outcome.ACCEPTED]


async def test_a_verified_calendar_has_nothing_left_ahead(desk: Desk) -> None:
    """What is still there is removed; what has passed stays as a memory."""
    await desk.apply(kept())
    over = NOON - timedelta(days=2)
    past = kept(uid=f"{RELATIONSHIP}~s00@mentoring-lifecycle", key="past", ends_at=over, starts_at=over)
    await desk.apply(past)
    assert [each.outcome for each in await desk.apply(verified())] == [Outcome.ACCEPTED]
    assert desk.calendar
    assert list(desk.calendar.calendars[MENTOR]) == [past.uid]


class Stubborn(MemoryCalendar):
    """A calendar that says yes and forgets nothing."""

    async def remove(self, owner: str, uid: str) -> None:
        """Pretend."""


async def test_a_calendar_that_only_says_it_removed_is_not_believed(desk: Desk) -> None:
    """Verified means looked at: what is still there is tried again."""
    desk.calendar = Stubborn()
    await desk.apply(kept())
    assert await desk.apply(verified()) == (Delivery(verified().key, Outcome.DELAYED, "entries_left"),)


@pytest.mark.parametrize("effect", [kept(), removed(), verified()], ids=lambda effect: str(effect.kind))
async def test_a_server_that_is_away_delays_and_may_be_asked_again(desk: Desk, effect: CalendarEffect) -> None:
    """The claim is given back, the wish to wait passed on, and the next attempt does it."""
    assert desk.calendar
    desk.calendar.troubles.append(CalendarDelayed("503", retry_after=timedelta(seconds=90)))
    assert await desk.apply(effect) == (Delivery(effect.key, Outcome.DELAYED, "503", 90),)
    assert effect.key not in desk.ledger.rows
    assert [each.outcome for each in await desk.apply(effect)] == [Outcome.ACCEPTED]


@pytest.mark.parametrize("effect", [kept(), removed(), verified()], ids=lambda effect: str(effect.kind))
async def test_a_refusal_is_final(desk: Desk, effect: CalendarEffect) -> None:
    """Recorded with its reason; asking again changes nothing and asks nobody."""
    assert desk.calendar
    desk.calendar.troubles.append(CalendarRefused("403"))
    for _ in range(2):
        assert await desk.apply(effect) == (Delivery(effect.key, Outcome.FAILED, "403"),)
    assert desk.ledger.rows[effect.key].state is LedgerState.FAILED


@pytest.mark.parametrize("effect", [kept(), removed(), verified()], ids=lambda effect: str(effect.kind))
async def test_an_order_whose_moment_has_passed_is_dropped(desk: Desk, effect: CalendarEffect) -> None:
    """Nobody's calendar is touched for the past."""
    desk.now = effect.not_after + timedelta(seconds=1)
    assert await desk.apply(effect) == (Delivery(effect.key, Outcome.EXPIRED, "late"),)
    assert desk.calendar
    assert desk.calendar.calendars == {}


async def test_without_a_calendar_server_mail_tells_all(desk: Desk) -> None:
    """Every order is suppressed, and each has its row."""
    desk.calendar = None
    results = await desk.apply(kept(), removed(), verified())
    assert [(each.outcome, each.reason) for each in results] == [(Outcome.SUPPRESSED, "no_calendar")] * 3
    assert {row.state for row in desk.ledger.rows.values()} == {LedgerState.SUPPRESSED}


@pytest.mark.parametrize("gone", [MENTOR, MENTEE])
async def test_an_entry_for_somebody_who_is_gone_is_not_made(desk: Desk, gone: str) -> None:
    """Erased people stand in no new entry, neither as owner nor as guest."""
    del desk.people.people[gone]
    assert [each.outcome for each in await desk.apply(kept())] == [Outcome.ACCEPTED]
    assert _shown(desk) == []


async def test_an_attempt_that_was_lost_is_made_again(desk: Desk) -> None:
    """Asking a calendar again is always safe: after the lease ran out whoever comes next does it."""
    key = kept().key
    await desk.ledger.claim(
        key, relationship=RELATIONSHIP, purpose="x", lease=LEASE, again_if_unknown=True, now=desk.now
    )
    assert [each.outcome for each in await desk.apply(kept())] == [Outcome.DELAYED]
    desk.now += LEASE
    assert [each.outcome for each in await desk.apply(kept())] == [Outcome.ACCEPTED]
    assert _shown(desk) == [0]


async def test_results_come_in_the_order_of_the_order(desk: Desk) -> None:
    """A trouble with the first concerns nobody else."""
    effects: Sequence[CalendarEffect] = (kept(), kept(MENTEE), verified(MENTEE))
    assert desk.calendar
    desk.calendar.troubles.append(CalendarDelayed("connect"))
    results = await desk.apply(*effects)
    assert [each.key for each in results] == [effect.key for effect in effects]
    assert [each.outcome for each in results] == [Outcome.DELAYED, Outcome.ACCEPTED, Outcome.ACCEPTED]
