"""Edge cases of speaking up, each by its number: about a pair that has ended, and each about the other."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import Handling, SevereReport
from mentoring_lifecycle.domain.cases import commands as k
from mentoring_lifecycle.domain.cases.state import Stage
from mentoring_lifecycle.domain.commands import Matter
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.client import MentoringClient

from .life import BACKUP, CONTACT, COORDINATOR, MENTEE, MENTOR, UNDER_WAY, Rig, quick_rig

HANDLING = Handling(CONTACT, (BACKUP, COORDINATOR), zone="Europe/Rome")


@pytest.fixture(scope="module")
async def rig(temporal: EmbeddedTemporal) -> AsyncIterator[Rig]:
    async with quick_rig(temporal.address) as rig:
        yield rig


def desk_of(rig: Rig, handling: Handling = HANDLING) -> MentoringClient:
    """A client of an installation that hands its cases out so."""
    return MentoringClient(
        rig.clock.client,
        people=rig.world.people,
        cases=rig.cases.client,
        cases_task_queue=rig.queue,
        handling=handling,
        journal=rig.world.journal,
    )


async def rest(rig: Rig, case: str) -> None:
    await rig.cases.until_idle(names.case_workflow_id(case))


async def test_case_27_a_pair_that_has_ended_can_still_be_reported_about(rig: Rig) -> None:
    """Handled like any other, while nothing more happens to the pair or is sent to it; after the months, no more."""
    life = await rig.life(*UNDER_WAY)
    await life.on.exit(by=MENTOR)
    await life.rest()
    before, mails = await life.history_length(), len(life.mails())
    desk = desk_of(rig)
    report = SevereReport(
        rig.case_id(), Matter.FINANCIAL_ABUSE, "He lent money.", MENTOR, MENTEE, life.id, pause_now=False
    )
    case = desk.case((await desk.report(report)).case)
    await rest(rig, report.case)
    await case.acknowledge(by=BACKUP)
    view = await case.triage(by=BACKUP, track=k.LegalTrack.INTERNAL)
    await rest(rig, report.case)
    assert view.stage is Stage.TRIAGED
    assert (await life.history_length(), len(life.mails())) == (before, mails)

    over = replace(HANDLING, profile=replace(HANDLING.profile, report_months=-1))
    assert HANDLING.profile.report_months == 24
    with pytest.raises(CommandRejected) as refused:
        await desk_of(rig, over).report(replace(report, case=rig.case_id()))
    assert refused.value.code is Refusal.REPORTED_TOO_LATE


async def test_case_28_each_reports_the_other_and_neither_learns_of_it(rig: Rig) -> None:
    """Two cases of one team; whoever has both sees both, and who reported sees neither the one nor the other."""
    life = await rig.life(*UNDER_WAY)
    desk, cases = desk_of(rig), []
    for by, about in ((MENTOR, MENTEE), (MENTEE, MENTOR)):
        report = SevereReport(
            rig.case_id(), Matter.VERBAL_ABUSE, f"About {about}.", by, about, life.id, pause_now=False
        )
        cases.append((await desk.report(report)).case)
        await rest(rig, report.case)
    assert len(set(cases)) == 2
    assert {each.case async for each in desk.cases(by=BACKUP)} >= set(cases)
    for reporter in (MENTOR, MENTEE):
        assert not [each async for each in desk.cases(by=reporter)]
        for case in cases:
            with pytest.raises(CommandRejected) as refused:
                await desk.case(case).read(by=reporter)
            assert refused.value.code is Refusal.UNKNOWN_CASE
    assert not [mail for mail in rig.world.mail.sent if mail.key.startswith("case-") and "pair" in mail.to.email]

    await desk.case(cases[0]).acknowledge(by=BACKUP)
    assert (await desk.case(cases[0]).withdraw(by=MENTOR)) is None
    assert not (await desk.case(cases[1]).read(by=BACKUP)).withdrawn
