"""The effect ledger: one holder at a time, one acceptance for good."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from mentoring_lifecycle.activities.ports import Claim, LedgerGateway, LedgerState, RefusedFor
from mentoring_lifecycle.gateways.database import open_database
from mentoring_lifecycle.gateways.ledger_sql import SqlLedger

KEY = "r-1/s3/session_reminder/p-7f3a/0"
LEASE = timedelta(minutes=5)
FINAL = (LedgerState.ACCEPTED, LedgerState.SUPPRESSED, LedgerState.EXPIRED, LedgerState.FAILED)


@dataclass
class Clock:
    """A clock that moves when told to."""

    now: datetime = datetime(2027, 1, 4, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, span: timedelta) -> None:
        self.now += span


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(engine: AsyncEngine, clock: Clock) -> SqlLedger:
    return SqlLedger(engine, clock)


async def claim(ledger: LedgerGateway, key: str = KEY, *, again: bool = False) -> Claim:
    return await ledger.claim(key, relationship="r-1", purpose="session_reminder", lease=LEASE, again_if_unknown=again)


async def record(ledger: LedgerGateway, state: LedgerState, reason: str) -> None:
    await ledger.record(KEY, relationship="r-1", purpose="session_reminder", state=state, reason=reason)


# --- claiming ---------------------------------------------------------------------------------------------------


async def test_the_first_claim_is_granted(ledger: SqlLedger) -> None:
    """Whoever comes first holds the effect, with the first token."""
    assert await claim(ledger) == Claim(granted=True, state=LedgerState.CLAIMED, token=1)


async def test_a_live_lease_is_not_granted_again(ledger: SqlLedger, clock: Clock) -> None:
    """Somebody else's claim stands until its lease has run out, even for effects that may be resent."""
    await claim(ledger)
    clock.passes(LEASE - timedelta(microseconds=1))
    assert await claim(ledger, again=True) == Claim(granted=False, state=LedgerState.CLAIMED)


async def test_a_claim_is_committed_when_it_returns(ledger: SqlLedger, url: str, clock: Clock) -> None:
    """Another process sees the claim at once."""
    await claim(ledger)
    elsewhere = open_database(url)
    try:
        assert not (await claim(SqlLedger(elsewhere, clock))).granted
    finally:
        await elsewhere.dispose()


@pytest.mark.parametrize("again", [False, True])
async def test_of_fifty_claims_at_once_one_is_granted(url: str, clock: Clock, again: bool) -> None:
    """Two processes with twenty-five tasks each race for one effect; exactly one task gets it."""
    engines = [open_database(url), open_database(url)]
    try:
        claims = await asyncio.gather(*(claim(SqlLedger(engines[n % 2], clock), again=again) for n in range(50)))
    finally:
        await asyncio.gather(*(engine.dispose() for engine in engines))
    assert [claim.token for claim in claims if claim.granted] == [1]
    assert {claim.state for claim in claims} == {LedgerState.CLAIMED}


async def test_of_fifty_claims_on_an_unknown_effect_one_is_granted(
    engine: AsyncEngine, ledger: SqlLedger, clock: Clock
) -> None:
    """When a lease has run out, exactly one of those who may try again gets the effect, with the next token."""
    await claim(ledger)
    clock.passes(LEASE)
    claims = await asyncio.gather(*(claim(SqlLedger(engine, clock), again=True) for _ in range(50)))
    assert [claim for claim in claims if claim.granted] == [
        Claim(granted=True, state=LedgerState.CLAIMED, token=2, was_unknown=True)
    ]


async def test_effects_do_not_stand_in_each_others_way(ledger: SqlLedger) -> None:
    """Claims on different effects are all granted."""
    claims = await asyncio.gather(*(claim(ledger, f"r-1/s{n}") for n in range(20)))
    assert all(claim.granted for claim in claims)


# --- leases and the unknown -------------------------------------------------------------------------------------


async def test_a_lease_that_ran_out_leaves_the_effect_unknown(ledger: SqlLedger, clock: Clock) -> None:
    """Nobody can tell what became of it, so it is not granted to someone who must not send twice."""
    await claim(ledger)
    clock.passes(LEASE)
    assert await claim(ledger) == Claim(granted=False, state=LedgerState.UNKNOWN, reason="lease")


async def test_an_unknown_effect_is_granted_to_who_may_send_again(ledger: SqlLedger, clock: Clock) -> None:
    """Trying again is explicit, gets a new token and is told that it may be a repetition."""
    await claim(ledger)
    clock.passes(LEASE)
    assert not (await claim(ledger)).granted
    again = await claim(ledger, again=True)
    assert again == Claim(granted=True, state=LedgerState.CLAIMED, token=2, was_unknown=True)


async def test_an_effect_settled_as_unknown_can_be_tried_again(ledger: SqlLedger) -> None:
    """A lost answer counts like a lost worker."""
    await claim(ledger)
    assert await ledger.settle(KEY, 1, LedgerState.UNKNOWN, reason="timeout")
    assert await claim(ledger) == Claim(granted=False, state=LedgerState.UNKNOWN, reason="timeout")
    assert (await claim(ledger, again=True)).was_unknown


# --- settling ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", FINAL)
async def test_a_final_state_is_never_granted(ledger: SqlLedger, clock: Clock, state: LedgerState) -> None:
    """What was settled stays settled, for every claimer and for all time."""
    await claim(ledger)
    assert await ledger.settle(KEY, 1, state, reason="550")
    clock.passes(timedelta(days=365))
    assert await claim(ledger, again=True) == Claim(granted=False, state=state, reason="550")


async def test_a_forgotten_worker_cannot_settle(ledger: SqlLedger, clock: Clock) -> None:
    """Once somebody else was granted the effect, the old token neither settles it nor gives it back."""
    await claim(ledger)
    clock.passes(LEASE)
    await claim(ledger, again=True)
    assert not await ledger.settle(KEY, 1, LedgerState.FAILED, reason="550")
    await ledger.release(KEY, 1)
    assert not (await claim(ledger, again=True)).granted
    assert await ledger.settle(KEY, 2, LedgerState.ACCEPTED)


async def test_a_late_holder_may_still_settle(ledger: SqlLedger, clock: Clock) -> None:
    """As long as nobody else was granted the effect, what its last holder knows replaces the unknown."""
    await claim(ledger)
    clock.passes(LEASE)
    assert not (await claim(ledger)).granted
    assert await ledger.settle(KEY, 1, LedgerState.ACCEPTED, remote_id="250 queued")
    assert (await claim(ledger)).state is LedgerState.ACCEPTED


async def test_settling_twice_alike_is_no_loss(ledger: SqlLedger) -> None:
    """A holder that repeats itself after a lost answer of the database hears the same; another verdict is refused."""
    await claim(ledger)
    assert await ledger.settle(KEY, 1, LedgerState.ACCEPTED)
    assert await ledger.settle(KEY, 1, LedgerState.ACCEPTED)
    assert not await ledger.settle(KEY, 1, LedgerState.FAILED)


async def test_an_effect_is_not_settled_as_claimed(ledger: SqlLedger) -> None:
    """Settling ends a claim, so CLAIMED is a mistake of the caller."""
    await claim(ledger)
    with pytest.raises(ValueError, match="other than claimed"):
        await ledger.settle(KEY, 1, LedgerState.CLAIMED)


async def test_nobody_settles_what_was_never_claimed(ledger: SqlLedger) -> None:
    """Neither an effect nobody knows nor one that was only recorded has a holder."""
    assert not await ledger.settle(KEY, 1, LedgerState.ACCEPTED)
    await record(ledger, LedgerState.SUPPRESSED, "hold")
    assert not await ledger.settle(KEY, 0, LedgerState.SUPPRESSED)


@pytest.mark.parametrize("words", ["250 ok\x00\r\n", "250 \udcff\u2028", "x" * 5000])
async def test_an_acceptance_is_stored_whatever_the_server_said(ledger: SqlLedger, words: str) -> None:
    """Odd words of a mail server never cost us the knowledge that it accepted."""
    await claim(ledger)
    assert await ledger.settle(KEY, 1, LedgerState.ACCEPTED, remote_id=words)
    (row,) = await ledger.rows()
    assert row.remote_id.isprintable()
    assert len(row.remote_id) <= 200


# --- giving back ------------------------------------------------------------------------------------------------


async def test_a_released_effect_is_granted_at_once(ledger: SqlLedger) -> None:
    """What certainly did not happen may be tried again without waiting, and is no repetition."""
    await claim(ledger)
    await ledger.release(KEY, 1)
    assert await claim(ledger) == Claim(granted=True, state=LedgerState.CLAIMED, token=2)


async def test_who_released_can_no_longer_settle(ledger: SqlLedger) -> None:
    """A claim that was given back is gone, though the token has not moved yet."""
    await claim(ledger)
    await ledger.release(KEY, 1)
    assert not await ledger.settle(KEY, 1, LedgerState.ACCEPTED)


async def test_release_does_not_forget_an_earlier_unknown(ledger: SqlLedger, clock: Clock) -> None:
    """Only the last attempt certainly failed; the one before may have succeeded, so the effect is unknown again."""
    await claim(ledger)
    clock.passes(LEASE)
    await claim(ledger, again=True)
    await ledger.release(KEY, 2)
    assert (await claim(ledger)).state is LedgerState.UNKNOWN
    assert await claim(ledger, again=True) == Claim(granted=True, state=LedgerState.CLAIMED, token=3, was_unknown=True)


async def test_a_late_holder_may_still_release(ledger: SqlLedger, clock: Clock) -> None:
    """That nothing happened is better to know than nothing, also when the lease has run out."""
    await claim(ledger)
    clock.passes(LEASE)
    assert (await claim(ledger)).state is LedgerState.UNKNOWN
    await ledger.release(KEY, 1)
    assert await claim(ledger) == Claim(granted=True, state=LedgerState.CLAIMED, token=2)


@pytest.mark.parametrize("state", FINAL)
async def test_release_does_not_undo_a_verdict(ledger: SqlLedger, clock: Clock, state: LedgerState) -> None:
    """A settled effect stays settled, also one that was unknown before."""
    await claim(ledger)
    clock.passes(LEASE)
    await claim(ledger, again=True)
    await ledger.settle(KEY, 2, state)
    await ledger.release(KEY, 2)
    assert (await claim(ledger, again=True)).state is state


# --- recording --------------------------------------------------------------------------------------------------


async def test_a_recorded_effect_is_final(ledger: SqlLedger) -> None:
    """An effect decided against is never granted."""
    await record(ledger, LedgerState.SUPPRESSED, "hold")
    assert await claim(ledger, again=True) == Claim(granted=False, state=LedgerState.SUPPRESSED, reason="hold")


async def test_recording_closes_what_was_given_back(ledger: SqlLedger) -> None:
    """A mail that was delayed until its time had passed ends as expired."""
    await claim(ledger)
    await ledger.release(KEY, 1)
    await record(ledger, LedgerState.EXPIRED, "not_after")
    assert await claim(ledger) == Claim(granted=False, state=LedgerState.EXPIRED, reason="not_after")


async def test_recording_never_overwrites_knowledge(ledger: SqlLedger, clock: Clock) -> None:
    """Neither a claim nor an acceptance nor an unknown is talked away by a later decision."""
    await claim(ledger)
    await record(ledger, LedgerState.EXPIRED, "not_after")
    assert (await claim(ledger)).state is LedgerState.CLAIMED
    clock.passes(LEASE)
    await record(ledger, LedgerState.EXPIRED, "not_after")
    assert (await claim(ledger)).state is LedgerState.UNKNOWN
    await ledger.settle(KEY, 1, LedgerState.ACCEPTED)
    await record(ledger, LedgerState.EXPIRED, "not_after")
    assert (await claim(ledger)).state is LedgerState.ACCEPTED


# --- reading ----------------------------------------------------------------------------------------------------


async def test_operators_see_where_every_effect_stands(ledger: SqlLedger, clock: Clock) -> None:
    """Rows can be asked for by relationship and by state; a lease that ran out shows as unknown."""
    await claim(ledger, "a")
    clock.passes(LEASE)
    await ledger.record("b", relationship="r-2", purpose="paused", state=LedgerState.SUPPRESSED, reason="hold")
    unknown, suppressed = await ledger.rows()
    assert (unknown.key, unknown.state, unknown.reason) == ("a", LedgerState.UNKNOWN, "lease")
    assert (suppressed.key, suppressed.relationship, suppressed.purpose) == ("b", "r-2", "paused")
    assert await ledger.rows("r-1") == [unknown]
    assert await ledger.rows(state=LedgerState.SUPPRESSED) == [suppressed]
    assert await ledger.rows(state=LedgerState.UNKNOWN) == [unknown]
    assert await ledger.rows(state=LedgerState.CLAIMED) == []
    assert await ledger.rows("r-1", LedgerState.SUPPRESSED) == []


async def test_counts_cover_every_state(ledger: SqlLedger, clock: Clock) -> None:
    """Each state has a number, also where it is nought."""
    await claim(ledger, "a")
    clock.passes(LEASE)
    await claim(ledger, "b")
    counts = await ledger.counts()
    assert set(counts) == set(LedgerState)
    assert {state: number for state, number in counts.items() if number} == {
        LedgerState.UNKNOWN: 1,
        LedgerState.CLAIMED: 1,
    }


async def test_troubles_are_the_oldest_unknown_and_what_was_refused_lately(ledger: SqlLedger, clock: Clock) -> None:
    """An effect is unknown since its lease ran out; refused letters count for an hour.

    Calendar entries, and what a human being gave up, do not count at all.
    """
    calm = await ledger.troubles()
    assert (calm.oldest_unknown, set(calm.refused.values())) == (timedelta(), {0})
    await claim(ledger, "a")
    clock.passes(LEASE + timedelta(hours=25))
    for key, reason in (("b", "550"), ("c", "sender-550"), ("d", "message-554"), ("e", "malformed")):
        await ledger.settle(key, (await claim(ledger, key)).token, LedgerState.FAILED, reason=reason)
    await ledger.record("f", relationship="r-1", purpose="keep_entry", state=LedgerState.FAILED, reason="413")
    await ledger.settle("g", (await claim(ledger, "g")).token, LedgerState.FAILED, reason="given_up")
    found = await ledger.troubles()
    assert found.oldest_unknown == timedelta(hours=25)
    assert found.refused == {RefusedFor.RECIPIENT: 1, RefusedFor.SENDER: 1, RefusedFor.MESSAGE: 2}
    await claim(ledger, "a")  # writes the state down, and the age begins with the lease all the same
    clock.passes(timedelta(hours=1))
    later = await ledger.troubles()
    assert later.oldest_unknown >= timedelta(hours=1)
    assert set(later.refused.values()) == {0}


async def test_leases_follow_real_time_by_default(engine: AsyncEngine) -> None:
    """Without another clock the present is UTC now."""
    before = datetime.now(UTC)
    ledger = SqlLedger(engine)
    await claim(ledger)
    (row,) = await ledger.rows()
    assert before <= row.changed_at <= datetime.now(UTC)
    assert row.lease_until == row.changed_at + LEASE


# --- by hand ----------------------------------------------------------------------------------------------------


async def test_only_what_nobody_can_tell_of_is_settled_by_hand(ledger: SqlLedger, clock: Clock) -> None:
    """Not a live claim; once its lease has run out, once; and the worker that comes back late changes nothing."""
    token = (await claim(ledger)).token
    assert not await ledger.resolve(KEY, LedgerState.FAILED, reason="given_up")
    clock.passes(LEASE)
    assert await ledger.resolve(KEY, LedgerState.FAILED, reason="given_up")
    assert not await ledger.resolve(KEY, LedgerState.ACCEPTED, reason="marked")
    assert not await ledger.settle(KEY, token, LedgerState.ACCEPTED)
    found = await ledger.find(KEY)
    assert found
    assert (found.state, found.reason) == (LedgerState.FAILED, "given_up")
    assert await ledger.find("nothing") is None


async def test_trouble_is_what_is_neither_done_nor_in_anybodys_hands(ledger: SqlLedger, clock: Clock) -> None:
    """A live claim is none; one that was given back, or whose lease has run out, is; what ended is none."""
    token = (await claim(ledger)).token
    assert await ledger.troubled() == []
    await ledger.release(KEY, token)
    assert await ledger.troubled() == ["r-1"]
    token = (await claim(ledger)).token
    clock.passes(LEASE)
    assert await ledger.troubled() == ["r-1"]
    await ledger.settle(KEY, token, LedgerState.ACCEPTED)
    assert await ledger.troubled() == []
