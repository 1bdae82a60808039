"""Effects of which nobody can tell are settled by a human being: once, audited, and through the same ledger."""

from datetime import UTC, datetime

import pytest

from mentoring_lifecycle.activities.calendar import CalendarActivities
from mentoring_lifecycle.activities.letters import LetterActivities
from mentoring_lifecycle.activities.ports import LedgerState, MailDelayed, MailUnknown
from mentoring_lifecycle.contracts.deliveries import Outcome
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.audit import Audit
from mentoring_lifecycle.starter.unknown_effects import UnknownEffects
from mentoring_lifecycle.starter.why_codes import Why

from .life import UNDER_WAY, QuickLife, Rig, World, next_session, session_over

BY, LOOKED = "operator-1", Why.NOT_SEEN_AT_PEER


class Book:
    """An audit in memory."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, str]] = []

    async def note(self, act_id: str, *, person: str, act: str, target: str, why: str, result: str = "begun") -> None:
        self.rows.append((person, act, target, result))


class Desk:
    """An operator over a rig, whose clock is that of one life."""

    def __init__(self, rig: Rig) -> None:
        gateways = rig.world.gateways()
        self.book, self.now = Book(), datetime.now(UTC)
        people, ledger, writer = rig.world.people, rig.world.ledger, gateways.writer
        self.effects = UnknownEffects(
            rig.clock.client,
            ledger,
            Audit(self.book),
            LetterActivities(people, ledger, rig.world.journal, writer, rig.world.mail),
            CalendarActivities(people, ledger, writer, rig.world.calendar),
            clock=lambda: self.now,
        )


@pytest.fixture
def desk(rig: Rig, broken: World) -> Desk:
    return Desk(rig)


async def lost(rig: Rig, desk: Desk) -> tuple[QuickLife, str]:
    """A life in which the server was cut off after one letter that is left alone then, and that letter's key."""
    life = await rig.life(*UNDER_WAY)
    await life.until((await next_session(life)).ends_at)
    rig.world.mail.troubles.append(MailUnknown("timeout"))
    await life.past(session_over)
    desk.now = await life.now()
    rows = rig.world.ledger.rows.items()
    (key,) = [key for key, row in rows if row.relationship == life.id and row.state is LedgerState.UNKNOWN]
    return life, key


def sent(rig: Rig, key: str) -> int:
    return [mail.key for mail in rig.world.mail.sent].count(key)


async def test_it_is_tried_again_once_and_under_its_own_key(rig: Rig, desk: Desk) -> None:
    """Asked for twice it is done once; both are in the audit, with who and what came of it."""
    _, key = await lost(rig, desk)
    before = sent(rig, key)
    settled = await desk.effects.retry(key, by=BY, why=LOOKED)
    assert (settled.outcome, sent(rig, key)) == (Outcome.ACCEPTED, before + 1)
    with pytest.raises(CommandRejected) as refused:
        await desk.effects.retry(key, by=BY, why=LOOKED)
    assert (refused.value.code, sent(rig, key)) == (Refusal.EFFECT_NOT_UNKNOWN, before + 1)
    results = ["begun", "accepted", "begun", "refused: effect_not_unknown"]
    assert desk.book.rows == [(BY, "retry_effect", key, result) for result in results]


async def test_what_cannot_be_done_now_stays_unknown(rig: Rig, desk: Desk) -> None:
    """A mail server that is away loses nothing: it may still have arrived the first time."""
    _, key = await lost(rig, desk)
    rig.world.mail.troubles.append(MailDelayed("connect"))
    assert (await desk.effects.retry(key, by=BY, why=LOOKED)).outcome is Outcome.DELAYED
    assert rig.world.ledger.rows[key].state is LedgerState.UNKNOWN


async def test_a_hold_is_heeded(rig: Rig, desk: Desk) -> None:
    """Nobody is written to past a hold, not even by hand."""
    life, key = await lost(rig, desk)
    before = sent(rig, key)
    await life.on.hold()
    await life.rest()
    settled = await desk.effects.retry(key, by=BY, why=LOOKED)
    assert (settled.outcome, settled.reason, sent(rig, key)) == (Outcome.SUPPRESSED, "hold", before)


async def test_given_up_or_marked(rig: Rig, desk: Desk) -> None:
    """Either is final, and says in the ledger that a human being said so."""
    _, key = await lost(rig, desk)
    await desk.effects.give_up(key, by=BY, why=Why.OUTAGE)
    assert (rig.world.ledger.rows[key].state, rig.world.ledger.rows[key].reason) == (LedgerState.FAILED, "given_up")
    _, other = await lost(rig, desk)
    await desk.effects.mark_delivered(other, by=BY, why=Why.SEEN_AT_PEER)
    assert (rig.world.ledger.rows[other].state, rig.world.ledger.rows[other].reason) == (LedgerState.ACCEPTED, "marked")
    with pytest.raises(CommandRejected):
        await desk.effects.give_up(other, by=BY, why=Why.OUTAGE)


async def test_what_there_is_not_or_cannot_be_known_is_refused(rig: Rig, desk: Desk) -> None:
    """An unknown key, one that is in no history, and an operator who is nobody."""
    life = await rig.life()
    forgotten = f"{life.id}/s9/session_question/mentor/0"
    await rig.world.ledger.record(
        forgotten, relationship=life.id, purpose="session_question", state=LedgerState.UNKNOWN, reason="lease"
    )
    for key, by, code in (
        ("nothing", BY, Refusal.UNKNOWN_EFFECT),
        (forgotten, BY, Refusal.EFFECT_FORGOTTEN),
        (forgotten, "no one", Refusal.BAD_IDENTIFIER),
    ):
        with pytest.raises(CommandRejected) as refused:
            await desk.effects.retry(key, by=by, why=LOOKED)
        assert refused.value.code is code
    assert {row[0] for row in desk.book.rows} == {BY}
