"""Holds in bulk: like every other hold, repeatable, and lifted without touching any other hold."""

import re
from collections.abc import AsyncIterator
from uuid import uuid4

from temporalio.api.enums.v1 import EventType

from mentoring_lifecycle.domain.relationship import Standing
from mentoring_lifecycle.starter import bulk
from mentoring_lifecycle.starter.audit import Audit
from mentoring_lifecycle.starter.bulk import Batch, BulkHolds, new_batch_id
from mentoring_lifecycle.starter.why_codes import Why

from .life import UNDER_WAY, Life, QuickLife, Rig
from .test_unknown_effects import Book

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Break:
    """A programme of some lives, and an operator who holds it over."""

    def __init__(self, rig: Rig) -> None:
        self.book, self.programme, self.id = Book(), f"p-{uuid4().hex[:8]}", new_batch_id()
        self.waits: list[float] = []
        self.holds = BulkHolds(rig.clock.client, rig.mentoring, Audit(self.book), self._wait)
        self.rig = rig

    async def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def lives(self, count: int) -> list[QuickLife]:
        lives = [await self.rig.life(*UNDER_WAY, programme=self.programme) for _ in range(count)]
        while len([row async for row in self.rig.mentoring.list(self.batch().query)]) < count:
            pass  # a list may be behind by a moment
        return lives

    def batch(self, *, dry_run: bool = False) -> Batch:
        query = f"MentoringProgramme = '{self.programme}'"
        return Batch(query, "o-1", Why.PROGRAMME_BREAK, self.id, 6, dry_run)


async def results(rows: "AsyncIterator[bulk.BulkRow]") -> dict[str, str]:
    return {row.relationship: row.result async for row in rows}


async def standing(life: Life) -> Standing:
    return (await life.status()).standing


async def held_as(life: Life) -> tuple[str, str, bytes]:
    """What the history shows of the one who held it: id with its digits hidden, identity, and the words."""
    (run,) = [each for each in await life.runs() if "hold" in str(each.events)][-1:]
    accepted = [
        event.workflow_execution_update_accepted_event_attributes.accepted_request
        for event in run.events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
    ]
    (request,) = [each for each in accepted if each.input.name == "hold"]
    return UUID4.sub("any", request.meta.update_id), request.meta.identity, request.input.args.SerializeToString()


async def test_a_bulk_hold_cannot_be_told_from_any_other(rig: Rig) -> None:
    """Same name, identity, words and kind of id as a hold placed by hand; and two of a batch have nothing in common."""
    over = Break(rig)
    one, two = await over.lives(2)
    by_hand = await rig.life(*UNDER_WAY)
    await by_hand.on.hold()
    assert set((await results(over.holds.hold(over.batch()))).values()) == {"held"}
    assert await held_as(one) == await held_as(two) == await held_as(by_hand)
    assert bulk._command_id(over.batch(), one.id, "hold") != bulk._command_id(over.batch(), two.id, "hold")


async def test_stopped_and_begun_again_nothing_is_done_twice(rig: Rig) -> None:
    """Begun again with the same id it goes on; the letters are those of one hold, and the audit has both."""
    over = Break(rig)
    lives = await over.lives(3)
    begun = over.holds.hold(over.batch())
    first = await anext(begun)
    await begun.aclose()
    assert over.book.rows[-1][3] == "interrupted after held 1"
    again = await results(over.holds.hold(over.batch()))
    assert again == {life.id: "held" for life in lives}
    assert first.relationship in again
    assert over.waits == [10, 10]
    for life in lives:
        await life.rest()
        assert life.events().count("hold_placed") == 1
    assert over.book.rows[-1][3] == "held 3"
    assert not [life for life in lives if life.id in repr(over.book.rows)]


async def test_only_the_holds_of_the_batch_are_lifted(rig: Rig) -> None:
    """One of the pairs was on hold before, for whatever reason: it stays so."""
    over = Break(rig)
    one, other = await over.lives(2)
    await other.on.hold()
    await other.rest()
    assert await results(over.holds.hold(over.batch())) == {one.id: "held", other.id: "on_hold"}
    await one.rest()
    foreseen = {one.id: "would lift", other.id: "not_by_this"}
    assert await results(over.holds.lift(over.batch(dry_run=True))) == foreseen
    assert await results(over.holds.lift(over.batch())) == {one.id: "lifted", other.id: "not_by_this"}
    assert (await standing(one), await standing(other)) == (Standing.NORMAL, Standing.ON_HOLD)


async def test_a_dry_run_does_nothing(rig: Rig) -> None:
    """Neither to a relationship nor to the audit, and it does not wait."""
    over = Break(rig)
    lives = await over.lives(2)
    assert set((await results(over.holds.hold(over.batch(dry_run=True)))).values()) == {"would hold"}
    assert ([await standing(life) for life in lives], over.book.rows, over.waits) == ([Standing.NORMAL] * 2, [], [])
