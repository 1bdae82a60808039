"""Twins on a real server: two relationships that differ in nothing but a report, read by whoever may read them.

Event by event and payload by payload over all runs, mails and calendars word by word, attributes and details: equal
until a handler acts where the reporter chose to wait, and a hold out of a case equals one placed by hand.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import SevereReport
from mentoring_lifecycle.domain.commands import Matter
from mentoring_lifecycle.embedded.server import EmbeddedTemporal

from .alike import shape_of
from .life import (
    COORDINATOR,
    MENTEE,
    MENTOR,
    UNDER_WAY,
    CalendarAfterMail,
    Past,
    QuickLife,
    Rig,
    World,
    both_accepted,
    both_confirmed,
    both_signed,
    events_of,
    quick_rig,
    session_over,
)

PAIRS = 20
PASTS: dict[str, tuple[Past, ...]] = {
    "opened": (),
    "onboarded": (both_accepted,),
    "signed": (both_accepted, both_signed),
    "under way": UNDER_WAY,
}
MATTERS = (Matter.DISCRIMINATION, Matter.RETALIATION, Matter.PHYSICAL_OR_THREAT)


@pytest.fixture(scope="module")
async def rig(temporal: EmbeddedTemporal) -> AsyncIterator[Rig]:
    """Mail and calendar never share a workflow task, so that two histories can be compared event by event."""
    async with quick_rig(temporal.address, world=World(calendar=CalendarAfterMail())) as rig:
        yield rig


@dataclass(frozen=True)
class Fate:
    """What is drawn for a pair of twins."""

    past: str
    report: SevereReport

    @classmethod
    def of(cls, seed: int) -> "Fate":
        """Every past, reporter and accused; waiting and pausing by turns."""
        lot = Random(seed)
        by = lot.choice([MENTOR, MENTEE, ""])
        about = lot.choice([person for person in (MENTOR, MENTEE, COORDINATOR) if person != by])
        past = [*PASTS][seed % len(PASTS)]
        matter = lot.choice(MATTERS)
        return cls(past, SevereReport("c", matter, "He did it again.", by, about, "r", pause_now=seed % 3 == 0))


@pytest.mark.parametrize("seed", range(PAIRS))
async def test_a_report_cannot_be_seen_from_outside(rig: Rig, seed: int) -> None:
    """The pair's test id is the command that repeats it."""
    fate = Fate.of(seed)
    told, untold = [await rig.life(*PASTS[fate.past]) for _ in range(2)]
    case = await _report(rig, fate, told)
    if fate.report.pause_now:
        await untold.on.hold()
        await _until_held(told)
    else:
        await assert_equal(told, untold)
        await _act(rig, case)
        await _days_pass(told, untold, fate.past)
        await assert_equal(told, untold)
        for life in (told, untold):
            await life.on.hold()
    await _days_pass(told, untold, "held")
    await assert_equal(told, untold)


async def test_a_difference_would_be_seen(rig: Rig) -> None:
    """A hold where none was placed, a question more, a letter more: each makes two twins unequal."""
    one, other = [await rig.life(*UNDER_WAY) for _ in range(2)]
    await assert_equal(one, other)
    await one.on.set_agenda(by=MENTOR, session=1, points=("Reviews",))
    await one.rest()
    assert await seen(one) != await seen(other)
    await other.on.set_agenda(by=MENTOR, session=1, points=("Reviews",))
    await other.rest()
    await assert_equal(one, other)
    await one.on.hold()
    await one.rest()
    before, after = await seen(other), await seen(one)
    assert [key for key in before if before[key] != after[key]] == [*before]


async def assert_equal(one: QuickLife, other: QuickLife) -> None:
    """Or say where they part."""
    mine, theirs = await seen(one), await seen(other)
    for what in mine:
        if isinstance(mine[what], list):
            for number, (left, right) in enumerate(zip(mine[what], theirs[what], strict=False)):
                assert left == right, f"{what}, {number}"
        assert mine[what] == theirs[what], what


async def seen(life: QuickLife) -> dict[str, Any]:
    """Everything that a reader of the main namespace, the pair and the team can observe, without ids and times."""
    await life.rest()
    events = [MessageToDict(event) for event in events_of(await life.runs())]
    return {
        "history": [_without_numbers(shape_of(event, life.id)) for event in events],
        "mails": [(mail.to, mail.method, _plain(mail.subject, life), _plain(mail.text, life)) for mail in life.mails()],
        "calendars": {person: len(starts) for person, starts in life.entries().items()},
        "attributes": await life.shown(),
        "details": _plain(await life.details(), life),
        "status": _plain(str(await life.status()), life),
    }


def _without_numbers(event: Any) -> Any:
    """Events of virtual time are left out, so that numbers of events differ where the clock was moved.

    The SDK names the flags that it uses in any order.
    """
    if flags := event.get("workflowTaskCompletedEventAttributes", {}).get("sdkMetadata", {}):
        flags |= {name: sorted(each) for name, each in flags.items() if isinstance(each, list)}
    return json.loads(re.sub(r'("\w*[eE]ventId": )"?\d+"?', r"\1null", json.dumps(event)))


def _plain(text: str, life: QuickLife) -> str:
    return re.sub(r"\d+", "N", text.replace(life.id, "RELATIONSHIP"))


async def _report(rig: Rig, fate: Fate, life: QuickLife) -> str:
    reported = await rig.mentoring.report(replace(fate.report, case="", relationship=life.id))
    await rig.cases.until_idle(names.case_workflow_id(reported.case))
    return reported.case


async def _act(rig: Rig, case: str) -> None:
    """Whoever handles it takes note, which nobody else can see."""
    (contact,) = {rig.mentoring._handling.contact}
    await rig.mentoring.case(case).acknowledge(by=contact)
    await rig.cases.until_idle(names.case_workflow_id(case))


async def _until_held(life: QuickLife) -> None:
    while (await life.status()).standing != "on_hold":
        await life.rest()


async def _days_pass(one: QuickLife, other: QuickLife, past: str) -> None:
    """The same days and answers for both, at one time."""

    async def passes(life: QuickLife) -> None:
        if past == "under way":
            await life.past(session_over, both_confirmed)
        else:
            await life.rest()
            await life.days(4)

    await asyncio.gather(passes(one), passes(other))
