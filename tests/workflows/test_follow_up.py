"""The way back to a report: by a receipt code or as who one is, in both directions, for as long as the case lives."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import Handling, SevereReport
from mentoring_lifecycle.contracts.codec import data_converter
from mentoring_lifecycle.contracts.follow_up import FollowUp, Proof, Sender
from mentoring_lifecycle.contracts.receipts import Receipt, read_receipt
from mentoring_lifecycle.domain.cases import commands as k
from mentoring_lifecycle.domain.cases.attachments import Attachment
from mentoring_lifecycle.domain.cases.state import Stage
from mentoring_lifecycle.domain.commands import Matter, Severity
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.client import MentoringClient
from mentoring_lifecycle.starter.follow_up import FollowUpHandle
from mentoring_lifecycle.starter.intake import Reported, new_receipt

from .life import (
    BACKUP,
    CONTACT,
    COORDINATOR,
    MENTEE,
    MENTOR,
    STRANGER,
    UNDER_WAY,
    Life,
    Rig,
    events_of,
    kind_of,
    quick_rig,
    runs_of,
)

PICTURE = Attachment("https://files.example/4f1c", "image/png", 2048, 64 * "a")
HANDLING = Handling(CONTACT, (BACKUP, COORDINATOR), zone="Europe/Rome")


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
        handling=HANDLING,
        journal=rig.world.journal,
    )


def anonymous(**changes: Any) -> SevereReport:
    given = {"case": "", "matter": Matter.PHYSICAL_OR_THREAT, "words": "He threatened me."}
    return SevereReport(**given | changes)


async def rest(rig: Rig, case: str) -> None:
    await rig.cases.until_idle(names.case_workflow_id(case))


async def days(rig: Rig, case: str, days: float) -> None:
    workflow_id = names.case_workflow_id(case)
    await rig.cases.advance(workflow_id, to=await rig.cases.now(workflow_id) + timedelta(days=days))


def mailed(rig: Rig, case: str) -> list[tuple[LetterKind, str]]:
    """What was mailed about a case, and to whom."""
    person = {each.email: each.id for each in rig.world.people.people.values()}
    mails = [mail for mail in rig.world.mail.sent if mail.key.startswith(f"case-{case}/")]
    return [(kind_of(mail), person[mail.to.email]) for mail in mails]


async def reported(rig: Rig, desk: MentoringClient, **changes: Any) -> tuple[Reported, FollowUpHandle]:
    """An anonymous report that has come to rest, and the way back to it."""
    made = await desk.report(anonymous(**changes))
    await rest(rig, made.case)
    return made, desk.follow_up(receipt=made.receipt)


def receipt_of(code: str) -> Receipt:
    known = read_receipt(code)
    assert isinstance(known, Receipt)
    return known


def said(seen: FollowUp) -> list[tuple[Sender, str]]:
    return [(message.sender, message.words) for message in seen.messages]


# --- both ways ----------------------------------------------------------------------------------------------------


async def test_an_anonymous_reporter_and_the_handler_write_to_each_other(rig: Rig, desk: MentoringClient) -> None:
    """The code is all that leads there; of the case whoever reported sees that it was read, and what was written."""
    made, back = await reported(rig, desk, attachments=(PICTURE,))
    assert await back.read() == FollowUp(
        made.case, received=True, acknowledged=False, concluded=False, messages=(), emergency_contacts=("112",)
    )
    case = desk.case(made.case)
    await case.acknowledge(by=BACKUP)
    await case.write("When was this?", by=BACKUP)
    seen = await back.read()
    assert (seen.acknowledged, said(seen)) == (True, [(Sender.HANDLER, "When was this?")])
    assert BACKUP not in repr(seen)

    answered = await back.write("On Monday.", attachments=(PICTURE,))
    assert said(answered)[1:] == [(Sender.REPORTER, "On Monday.")]
    await rest(rig, made.case)
    assert mailed(rig, made.case) == [(LetterKind.CASE_RECEIVED, BACKUP), (LetterKind.MATTER_WAITING, BACKUP)]
    view = await case.read(by=BACKUP)
    assert (view.unread, view.messages) == (1, answered.messages)
    assert view.report.attachments == view.messages[1].attachments == (PICTURE,)
    assert (await case.note_messages(by=BACKUP)).unread == 0


async def test_the_handler_is_told_once_while_messages_wait(rig: Rig, desk: MentoringClient) -> None:
    """Three messages are one letter without a word of them; after an answer the next one is told of again."""
    made, back = await reported(rig, desk)
    await desk.case(made.case).acknowledge(by=BACKUP)
    for number in range(3):
        await back.write(f"MARMALADE {number}")
        await rest(rig, made.case)
    assert mailed(rig, made.case).count((LetterKind.MATTER_WAITING, BACKUP)) == 1
    await desk.case(made.case).write("Thank you.", by=BACKUP)
    await back.write("MARMALADE")
    await rest(rig, made.case)
    assert mailed(rig, made.case).count((LetterKind.MATTER_WAITING, BACKUP)) == 2
    assert not [mail for mail in rig.world.mail.sent if "MARMALADE" in f"{mail.subject}{mail.text}{mail.html}"]


async def test_a_named_reporter_follows_up_as_who_they_are(rig: Rig, desk: MentoringClient) -> None:
    """By case and person id, without a receipt; nobody else finds anything there."""
    made = await desk.report(anonymous(by=MENTOR, about=MENTEE))
    assert made.receipt == ""
    await rest(rig, made.case)
    back = desk.follow_up(case=made.case, by=MENTOR)
    await back.write("One thing more.", command_id="more")
    assert said(await back.write("One thing more.", command_id="more")) == [(Sender.REPORTER, "One thing more.")]
    for nobody in (MENTEE, STRANGER, BACKUP, CONTACT):
        await _is_unknown(desk.follow_up(case=made.case, by=nobody))


async def test_messages_outlive_every_run(rig: Rig, desk: MentoringClient) -> None:
    """Concluded, watched over and closed, over several runs: all that was written is there, and more can be."""
    made, back = await reported(rig, desk)
    case = desk.case(made.case)
    await back.write("First.", command_id="first")
    await case.acknowledge(by=BACKUP)
    await case.write("Second.", by=BACKUP)
    await case.triage(by=BACKUP, track=k.LegalTrack.INTERNAL)
    await case.start_investigation(by=BACKUP)
    await case.decide_outcome(by=BACKUP, outcome=k.CaseOutcome.SUPPORT_GIVEN)
    await case.give_feedback(by=BACKUP)
    await days(rig, made.case, 200)
    assert len(await runs_of(rig.cases.client, names.case_workflow_id(made.case))) == 3
    assert (await case.read(by=BACKUP)).stage is Stage.CLOSED
    told = mailed(rig, made.case).count((LetterKind.MATTER_WAITING, BACKUP))
    seen = await back.write("Third.")
    assert seen.concluded
    assert said(seen) == [(Sender.REPORTER, "First."), (Sender.HANDLER, "Second."), (Sender.REPORTER, "Third.")]
    with pytest.raises(CommandRejected) as refused:
        await case.do(k.WriteAsReporter("", "First.", "another key"), "first")
    assert refused.value.code is Refusal.UNKNOWN_CASE
    assert (await back.write("First.", command_id="first")) == seen
    await rest(rig, made.case)
    assert mailed(rig, made.case).count((LetterKind.MATTER_WAITING, BACKUP)) == told + 1
    assert (await case.read(by=BACKUP)).messages == seen.messages


async def test_a_report_is_withdrawn_by_its_receipt(rig: Rig, desk: MentoringClient) -> None:
    """Nothing is deleted; its handler sees that it is withdrawn."""
    made, back = await reported(rig, desk)
    for _ in range(2):
        assert (await back.withdraw(command_id="withdraw")).case == made.case
    view = await desk.case(made.case).read(by=BACKUP)
    assert (view.withdrawn, view.report.words) == (True, "He threatened me.")


# --- who may ------------------------------------------------------------------------------------------------------


async def _is_unknown(back: FollowUpHandle) -> list[str]:
    """Whatever is tried, there is no such case; the sentences that are heard."""
    heard = []
    for attempt in (back.read, lambda: back.write("x", command_id="known"), lambda: back.withdraw(command_id="known")):
        with pytest.raises(CommandRejected) as refused:
            await attempt()
        assert refused.value.code is Refusal.UNKNOWN_CASE
        heard.append(str(refused.value))
    return heard


async def test_a_wrong_code_sounds_like_a_case_that_never_was(rig: Rig, desk: MentoringClient) -> None:
    """Word for word: a foreign code, a key of another case and the id of one, also with a command id that was used."""
    made, back = await reported(rig, desk)
    await back.write("Mine.", command_id="known")
    never_was = await _is_unknown(desk.follow_up(receipt=new_receipt()))
    foreign = FollowUpHandle(rig.cases.client, made.case, Proof(key=receipt_of(new_receipt()).key))
    assert await _is_unknown(foreign) == never_was
    for nobody in (MENTOR, STRANGER, BACKUP):
        assert await _is_unknown(desk.follow_up(case=made.case, by=nobody)) == never_was
    assert len((await back.read()).messages) == 1
    history = events_of(await runs_of(rig.cases.client, names.case_workflow_id(made.case)))
    assert b"CommandRejected" not in b"".join(event.SerializeToString() for event in history)


async def test_a_typo_in_a_code_is_told_as_a_typo(rig: Rig, desk: MentoringClient) -> None:
    """Before anybody is asked."""
    code = new_receipt()
    with pytest.raises(CommandRejected) as refused:
        desk.follow_up(receipt=code[:-1] + ("2" if code[-1] != "2" else "3"))
    assert refused.value.code is Refusal.RECEIPT_TYPO


async def test_the_code_is_nowhere_on_the_server(rig: Rig, desk: MentoringClient) -> None:
    """Not in the history of the case, written to and withdrawn by it; what is kept of its key is a digest."""
    made, back = await reported(rig, desk)
    await back.write("x")
    await back.withdraw()
    await rest(rig, made.case)
    runs = await runs_of(rig.cases.client, names.case_workflow_id(made.case))
    kept = b"".join(event.SerializeToString() for event in events_of(runs))
    assert made.receipt.encode() not in kept
    assert made.receipt.replace("-", "").encode() not in kept
    assert made.receipt not in repr(made)
    receipt = receipt_of(made.receipt)
    assert receipt.lock.encode() in events_of(runs)[0].SerializeToString()
    assert receipt.key.encode() not in events_of(runs)[0].SerializeToString()


async def test_a_report_does_not_tell_from_which_computer_it_came(rig: Rig, temporal: EmbeddedTemporal) -> None:
    """A host's client is named after its process and machine; what it reports and writes is not."""
    theirs = await Client.connect(
        temporal.address, namespace="mentoring-cases", data_converter=data_converter(None), identity="77@lucas-laptop"
    )
    client = MentoringClient(
        rig.clock.client, people=rig.world.people, cases=theirs, cases_task_queue=rig.queue, handling=HANDLING
    )
    made, back = await reported(rig, client)
    await back.write("x")
    await rest(rig, made.case)
    history = events_of(await runs_of(rig.cases.client, names.case_workflow_id(made.case)))
    assert b"lucas-laptop" not in b"".join(event.SerializeToString() for event in history)


# --- taken in -----------------------------------------------------------------------------------------------------


async def test_the_same_receipt_is_the_same_report(rig: Rig, desk: MentoringClient) -> None:
    """However often and however much at once it is made, there is one case, and what was said first stands."""
    receipt = new_receipt()
    made = await asyncio.gather(*[desk.report(anonymous(), receipt=receipt) for _ in range(5)])
    made.append(await desk.report(anonymous(words="Something else."), receipt=receipt.lower().replace("-", " ")))
    assert len(set(made)) == 1
    await rest(rig, made[0].case)
    assert mailed(rig, made[0].case) == [(LetterKind.CASE_RECEIVED, BACKUP)]
    assert (await desk.case(made[0].case).read(by=BACKUP)).report.words == "He threatened me."
    await desk.follow_up(receipt=receipt).read()


async def test_two_anonymous_reports_are_two(rig: Rig, desk: MentoringClient) -> None:
    """Each with a receipt of its own, which leads to it and not to the other."""
    (one, back_to_one), (other, _) = [await reported(rig, desk) for _ in range(2)]
    assert one.case != other.case
    assert (await back_to_one.read()).case == one.case


@pytest.mark.parametrize(
    ("changes", "receipt", "code"),
    [
        ({"case": "mine"}, "", Refusal.ANONYMOUS_HAS_RECEIPT),
        ({"by": MENTOR}, "some", Refusal.ANONYMOUS_HAS_RECEIPT),
        ({"case": "mine"}, "some", Refusal.ANONYMOUS_HAS_RECEIPT),
        ({}, "0000-0000", Refusal.RECEIPT_TYPO),
        ({"attachments": (PICTURE,) * 11}, "", Refusal.TOO_MANY),
        ({"attachments": (Attachment("ftp://x", "a/b", 1, 64 * "a"),)}, "", Refusal.BAD_ATTACHMENT),
    ],
)
async def test_what_cannot_be_followed_up_is_not_taken(
    rig: Rig, desk: MentoringClient, changes: dict[str, Any], receipt: str, code: Refusal
) -> None:
    """An anonymous report without a receipt of its own, a named one with one, and what is attached badly."""
    with pytest.raises(CommandRejected) as refused:
        await desk.report(anonymous(**changes), receipt=new_receipt() if receipt == "some" else receipt)
    assert refused.value.code is code


async def _onboarding(rig: Rig) -> Life:
    return await rig.life()


async def _paused(rig: Rig) -> Life:
    life = await rig.life(*UNDER_WAY)
    await life.on.pause(by=MENTOR)
    return life


async def _closed(rig: Rig) -> Life:
    life = await rig.life(*UNDER_WAY)
    await life.on.exit(by=MENTOR)
    return life


async def _terminated(rig: Rig) -> Life:
    life = await rig.life(*UNDER_WAY)
    await life.workflow.terminate()
    return life


@pytest.mark.parametrize("become", [_onboarding, _paused, _closed, _terminated], ids=lambda each: each.__name__[1:])
async def test_a_report_is_taken_in_whatever_became_of_the_relationship(
    rig: Rig, desk: MentoringClient, become: Any
) -> None:
    """With a pause wished for at once: taken in, told of and followed up, whether or not there is anything to pause."""
    life = await become(rig)
    made = await desk.report(anonymous(relationship=life.id, pause_now=True))
    await rest(rig, made.case)
    assert mailed(rig, made.case)[0] == (LetterKind.CASE_RECEIVED, BACKUP)
    back = desk.follow_up(receipt=made.receipt)
    await back.write("Still here.")
    await desk.case(made.case).acknowledge(by=BACKUP)
    assert (await back.read()).acknowledged


# --- the question about the pause ---------------------------------------------------------------------------------


async def test_the_question_about_the_pause_tells_what_follows(rig: Rig, desk: MentoringClient) -> None:
    """For danger it is preset; for anything else the handler decides, within the hours of the law that holds."""
    severe, danger = desk.pause_question(Matter.RETALIATION), desk.pause_question(Matter.SELF_HARM_RISK)
    assert (severe.pauses_by_itself, danger.pauses_by_itself) == (False, True)
    assert "within 24 hours" in severe.if_left
    assert "within 4 hours" in danger.if_left
    assert "24 ore" in desk.pause_question(Matter.RETALIATION, locale="it_IT.UTF-8").if_left
    assert desk.pause_question(Matter.RETALIATION, severity=Severity.S4) == danger
    with pytest.raises(CommandRejected) as refused:
        desk.pause_question(Matter.QUESTION)
    assert refused.value.code is Refusal.NOT_SEVERE_ENOUGH
