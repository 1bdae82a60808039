"""The audit chain of a case on a real server: complete over all runs, patient, and honest about who has read what."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import CaseView, Handling, SevereReport
from mentoring_lifecycle.contracts.codec import EncryptionCodec
from mentoring_lifecycle.domain.cases import commands as k
from mentoring_lifecycle.domain.cases.audit import AuditRow, Problem, sealed
from mentoring_lifecycle.domain.commands import Matter
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.starter.answers import CommandRejected, NoAudit
from mentoring_lifecycle.starter.case_audit import Auditor, Verified
from mentoring_lifecycle.starter.client import MentoringClient

from .life import BACKUP, CONTACT, COORDINATOR, MENTEE, MENTOR, UNDER_WAY, Rig, World, quick_rig, raw_bytes, runs_of

WORDS = "Pomegranate, he said."


@pytest.fixture(scope="module")
async def rig(temporal: EmbeddedTemporal) -> AsyncIterator[Rig]:
    async with quick_rig(temporal.address) as rig:
        yield rig


@pytest.fixture
def desk(rig: Rig) -> MentoringClient:
    """A client of an installation with two handlers and an external contact."""
    return MentoringClient(
        rig.clock.client,
        people=rig.world.people,
        cases=rig.cases.client,
        cases_task_queue=rig.queue,
        handling=Handling(CONTACT, (BACKUP, COORDINATOR), zone="Europe/Rome"),
        audit=rig.world.audit,
    )


async def reported(rig: Rig, desk: MentoringClient, **changes: Any) -> str:
    given = {"case": rig.case_id(), "matter": Matter.PHYSICAL_OR_THREAT, "words": WORDS, "by": MENTOR, "about": MENTEE}
    said = given | changes
    if not said["by"]:
        said["case"] = ""  # an anonymous report has its id from its receipt
    case = (await desk.report(SevereReport(**said))).case
    await rest(rig, case)
    return case


async def rest(rig: Rig, case: str) -> None:
    await rig.cases.until_idle(names.case_workflow_id(case))


async def days(rig: Rig, case: str, number: float) -> None:
    workflow_id = names.case_workflow_id(case)
    await rig.cases.advance(workflow_id, to=await rig.cases.now(workflow_id) + timedelta(days=number))


async def rows_of(rig: Rig, case: str) -> Sequence[AuditRow]:
    return await rig.world.audit.read(case)


async def verified(desk: MentoringClient, case: str) -> Verified:
    (seen,) = await desk.verify_cases(case)
    return seen


async def concluded(rig: Rig, desk: MentoringClient, case: str) -> None:
    """Handled by the first handler to the end of the watch."""
    on = desk.case(case)
    await on.acknowledge(by=BACKUP)
    await on.triage(by=BACKUP, track=k.LegalTrack.INTERNAL)
    await on.start_investigation(by=BACKUP)
    await on.decide_outcome(by=BACKUP, outcome=k.CaseOutcome.SUPPORT_GIVEN)
    await on.give_feedback(by=BACKUP)
    await days(rig, case, 181)


async def test_the_chain_is_whole_after_a_whole_case(rig: Rig, desk: MentoringClient) -> None:
    """Over several runs and years, to the last fact of all; then it is checked by itself, or against what is kept."""
    case = await reported(rig, desk)
    await concluded(rig, desk, case)
    assert len(await runs_of(rig.cases.client, names.case_workflow_id(case))) == 3
    await days(rig, case, 1100)
    rows = await rows_of(rig, case)
    assert (rows[0].action, rows[-1].action) == ("case_received", "case_ended")
    acts = [row.action for row in rows if row.actor == BACKUP]
    assert acts == ["acknowledged", "triaged", "investigation_started", "outcome_decided", "feedback_given"]
    assert [row.action for row in rows].count("watch_due") == 3
    seen = await verified(desk, case)
    assert (seen.rows, seen.waiting, seen.against_the_case, seen.findings) == (len(rows), 0, True, ())
    assert seen.hash == rows[-1].hash
    assert not [row for row in rows if WORDS in str(row) or MENTOR in str(row) or MENTEE in str(row)]


async def test_who_has_read_the_words_stands_in_the_chain(rig: Rig, desk: MentoringClient) -> None:
    """To read and to take a copy are acts; how it stands, lists, timelines and clocks show no words and leave none."""
    case = await reported(rig, desk)
    on = desk.case(case)
    assert (await on.outline(by=BACKUP)).report.words == ""
    assert [each.report.words for each in [each async for each in desk.cases(by=BACKUP)] if each.case == case] == [""]
    await on.timeline(by=BACKUP)
    before = await rows_of(rig, case)
    for _ in range(2):
        assert (await on.read(by=BACKUP)).report.words == WORDS
    assert (await on.take_copy(by=BACKUP)).case.report.words == WORDS
    read = (await rows_of(rig, case))[len(before) :]
    assert [(row.actor, row.action) for row in read] == [
        (BACKUP, "report_read"),
        (BACKUP, "report_read"),
        (BACKUP, "copy_taken"),
    ]
    for nobody in (COORDINATOR, MENTOR, MENTEE):
        for act in (on.read, on.take_copy, on.outline):
            with pytest.raises(CommandRejected) as refused:
                await act(by=nobody)
            assert refused.value.code is Refusal.UNKNOWN_CASE
    assert len(await rows_of(rig, case)) == len(before) + 3


async def test_no_query_shows_a_word(rig: Rig, desk: MentoringClient) -> None:
    """Past our own client, with every query that there is: only an act, which is kept, shows what was written."""
    case = await reported(rig, desk)
    handle = rig.cases.client.get_workflow_handle(names.case_workflow_id(case))
    answers = [
        await handle.query("read", BACKUP, result_type=CaseView),
        await handle.query("timeline", BACKUP, result_type=list[str]),
        await handle.query("mark"),
    ]
    assert answers[0].case == case
    for secret in (WORDS, MENTOR, MENTEE):
        assert secret not in str(answers)


async def test_a_copy_holds_everything_and_its_own_taking(rig: Rig, desk: MentoringClient) -> None:
    """The view with its words, the timeline, and the chain to its last row, found whole."""
    case = await reported(rig, desk)
    await desk.case(case).acknowledge(by=BACKUP)
    copy = await desk.case(case).take_copy(by=BACKUP)
    assert (copy.case.handler, copy.case.report.words) == (BACKUP, WORDS)
    assert copy.timeline[-1].endswith(f"copy_taken {BACKUP}")
    assert copy.audit[-1].action == "copy_taken"
    assert copy.findings == ()


async def test_a_database_that_is_away_costs_no_row(rig: Rig, desk: MentoringClient, broken: World) -> None:
    """The rows travel in the case, over its runs as well, and are kept when it is back; nobody waits for it."""
    broken.audit.away = True
    case = await reported(rig, desk)
    await concluded(rig, desk, case)
    assert len(await runs_of(rig.cases.client, names.case_workflow_id(case))) >= 2
    assert await rows_of(rig, case) == []
    away = await verified(desk, case)
    assert (away.rows, away.findings) == (0, ())
    assert away.waiting > 10
    broken.audit.away = False
    await days(rig, case, 0.5)
    back = await verified(desk, case)
    assert (back.rows, back.waiting, back.findings) == (away.waiting, 0, ())


async def test_a_case_does_not_end_before_its_last_row_is_kept(rig: Rig, desk: MentoringClient, broken: World) -> None:
    """Afterwards nobody could write it any more."""
    case = await reported(rig, desk)
    await concluded(rig, desk, case)
    await days(rig, case, 1090)
    broken.audit.away = True
    await days(rig, case, 10)
    handle = rig.cases.client.get_workflow_handle(names.case_workflow_id(case))
    status = (await handle.describe()).status
    assert status
    assert status.name == "RUNNING"
    broken.audit.away = False
    await days(rig, case, 1)
    status = (await handle.describe()).status
    assert status
    assert status.name == "COMPLETED"
    assert (await rows_of(rig, case))[-1].action == "case_ended"


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("altered", {Problem.ALTERED}),
        ("sealed anew", {Problem.FOREIGN}),
        ("removed", {Problem.MISSING}),
        ("cut off", {Problem.MISSING}),
        ("emptied", {Problem.MISSING}),
        ("added", {Problem.FOREIGN}),
    ],
)
async def test_tampering_is_found(rig: Rig, desk: MentoringClient, tampering: str, found: set[Problem]) -> None:
    """By whoever may write to the database as they like; the case itself knows how far it has come."""
    case = await reported(rig, desk)
    await desk.case(case).acknowledge(by=BACKUP)
    await rest(rig, case)
    rows = rig.world.audit.rows
    rows[case] = _tampered([*rows[case]], tampering)
    seen = await verified(desk, case)
    assert {each.problem for each in seen.findings} == found
    everything = {each.case: each for each in await desk.verify_cases()}
    assert everything[case].findings == seen.findings


def _tampered(rows: list[AuditRow], how: str) -> list[AuditRow]:
    match how:
        case "altered":
            return [*rows[:2], replace(rows[2], at=rows[2].at - timedelta(days=1)), *rows[3:]]
        case "sealed anew":
            rows[0] = sealed(replace(rows[0], at=rows[0].at - timedelta(days=1)))
            for number in range(1, len(rows)):
                rows[number] = sealed(replace(rows[number], previous=rows[number - 1].hash))
            return rows
        case "removed":
            return [*rows[:2], *rows[3:]]
        case "cut off":
            return rows[:-2]
        case "emptied":
            return []
    last = rows[-1]
    return [*rows, sealed(replace(last, sequence=last.sequence + 1, previous=last.hash, actor=MENTEE))]


async def test_a_chain_that_does_not_fit_is_left_alone(rig: Rig, desk: MentoringClient) -> None:
    """Nothing is written over; the rows of the case stay with it, and people can go on."""
    case = await reported(rig, desk)
    rows = rig.world.audit.rows
    rows[case] = kept = rows[case][:-1]
    assert (await desk.case(case).acknowledge(by=BACKUP)).handler == BACKUP
    await rest(rig, case)
    assert rows[case] == kept
    assert {each.problem for each in (await verified(desk, case)).findings} == {Problem.MISSING}


async def test_what_nobody_keeps_any_more_is_checked_by_itself(rig: Rig, desk: MentoringClient) -> None:
    """And it is said, because missing last rows would not be noticed then."""
    case = await reported(rig, desk)
    rows = rig.world.audit.rows
    rows["c-long-ago"] = [sealed(replace(row, case="c-long-ago")) for row in rows[case][:1]]
    seen = await verified(desk, "c-long-ago")
    assert not seen.against_the_case
    assert {each.problem for each in seen.findings} == {Problem.UNLINKED}
    (offline,) = await Auditor(rig.world.audit, None).verify([case])
    assert (offline.against_the_case, offline.findings) == (False, ())
    del rows["c-long-ago"]


async def test_without_a_database_of_cases_nothing_is_verified(rig: Rig, desk: MentoringClient) -> None:
    """Said in words; a copy then comes without a chain."""
    blind = MentoringClient(rig.clock.client, people=rig.world.people, cases=rig.cases.client)
    with pytest.raises(NoAudit):
        await blind.verify_cases()
    copy = await blind.case(await reported(rig, desk)).take_copy(by=BACKUP)
    assert copy.audit == ()


async def test_the_chain_leaves_nothing_with_the_relationship(rig: Rig, desk: MentoringClient) -> None:
    """Neither in its history nor in what its worker keeps."""
    life = await rig.life(*UNDER_WAY)
    case = await reported(rig, desk, relationship=life.id, pause_now=False)
    await desk.case(case).read(by=BACKUP)
    assert case.encode() not in raw_bytes(await life.runs())
    assert case not in str(rig.world.journal.entries)


async def test_a_history_under_a_key_shows_no_row(temporal: EmbeddedTemporal) -> None:
    """The rows that pass through a history are under the key of the cases like everything else."""
    codec = EncryptionCodec({"k1": b"k" * 32}, "k1", accept_plaintext=False)
    async with quick_rig(temporal.address, codec) as sealed_rig:
        case = (await sealed_rig.mentoring.report(SevereReport("", Matter.PHYSICAL_OR_THREAT, WORDS))).case
        await rest(sealed_rig, case)
        (row, *_) = await sealed_rig.world.audit.read(case)
        kept = raw_bytes(await runs_of(sealed_rig.cases.client, names.case_workflow_id(case)))
        assert not [secret for secret in (row.hash, row.action, WORDS) if secret.encode() in kept]
