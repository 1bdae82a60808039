"""What may stand in a history: opaque ids where they are needed, and words of people under a key."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHistory

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import SevereReport
from mentoring_lifecycle.contracts.codec import EncryptionCodec
from mentoring_lifecycle.contracts.receipts import Receipt, read_receipt
from mentoring_lifecycle.domain.commands import HelpOutcome, Matter
from mentoring_lifecycle.embedded.server import EmbeddedTemporal

from .life import (
    COORDINATOR,
    GOAL,
    MENTEE,
    MENTOR,
    PEOPLE,
    UNDER_WAY,
    Life,
    Rig,
    both_accepted,
    both_confirmed,
    both_signed,
    quick_rig,
    raw_bytes,
    runs_of,
    session_over,
)

CANARY = "Pomegranate"


@pytest.fixture(scope="module")
async def sealed(temporal: EmbeddedTemporal) -> AsyncIterator[Rig]:
    """A rig whose payloads go through the codec."""
    codec = EncryptionCodec({"k1": os.urandom(32)}, "k1", accept_plaintext=False)
    async with quick_rig(temporal.address, codec) as rig:
        yield rig


async def _wordy(rig: Rig) -> Life:
    """Everywhere that people may write, they wrote one word."""
    life = await rig.life(both_accepted)
    await life.on.propose_rules(by=MENTOR, values={"R16": CANARY})
    await life.on.sign_rules(by=MENTEE, version=2)
    await life.on.propose_goals(by=MENTOR, goals=(replace(GOAL, title=CANARY, success_criterion=CANARY),))
    await life.on.agree_goals(by=MENTEE, proposal=1, baselines=(4,))
    await life.on.set_agenda(by=MENTOR, session=1, points=(CANARY,))
    await life.on.ask_coordinator(by=MENTEE, matter=Matter.QUESTION, words=CANARY)
    await life.on.conclude_help(by=COORDINATOR, help=1, outcome=HelpOutcome.ANSWERED)
    await life.past(session_over, both_confirmed)
    await life.on.exit(by=MENTOR)
    await life.rest()
    return life


async def test_no_word_of_anybody_stands_readable_in_an_encrypted_history(sealed: Rig) -> None:
    """Neither what people wrote nor who they are, in any event of any run, is on the server in clear."""
    life = await _wordy(sealed)
    assert CANARY in str(await life.on.agreement())
    kept = raw_bytes(await life.runs())
    for secret in (CANARY, *(person.id for person in PEOPLE), *(person.email for person in PEOPLE)):
        assert secret.encode() not in kept


async def test_the_same_words_stand_readable_without_a_key(rig: Rig) -> None:
    """The test above would notice: without a codec the word is there, and names and addresses still are not."""
    kept = raw_bytes(await (await _wordy(rig)).runs())
    assert CANARY.encode() in kept
    for person in PEOPLE:
        assert person.email.encode() not in kept
        assert person.name.encode() not in kept


async def test_a_report_is_encrypted_too(sealed: Rig) -> None:
    """The case's history on the server shows neither the words nor who wrote them."""
    report = SevereReport(sealed.case_id(), Matter.SELF_HARM_RISK, CANARY, by=MENTOR)
    await sealed.mentoring.report(report)
    workflow_id = names.case_workflow_id(report.case)
    await sealed.cases.until_idle(workflow_id)
    kept = raw_bytes(await runs_of(sealed.cases.client, workflow_id))
    assert CANARY.encode() not in kept
    assert MENTOR.encode() not in kept


async def test_what_an_anonymous_reporter_writes_is_encrypted_too(sealed: Rig) -> None:
    """Neither the words nor the key by which they are known can be read on the server."""
    made = await sealed.mentoring.report(SevereReport("", Matter.SELF_HARM_RISK, CANARY))
    await sealed.mentoring.follow_up(receipt=made.receipt).write(CANARY)
    workflow_id = names.case_workflow_id(made.case)
    await sealed.cases.until_idle(workflow_id)
    kept, receipt = raw_bytes(await runs_of(sealed.cases.client, workflow_id)), read_receipt(made.receipt)
    assert isinstance(receipt, Receipt)
    for secret in (CANARY, made.receipt, receipt.key, receipt.lock):
        assert secret.encode() not in kept


async def test_what_operators_read_names_nobody_and_tells_of_no_trouble(rig: Rig) -> None:
    """Ids, attributes, summaries and details: no person, no reason, no matter of a call for help."""
    life = await rig.life(both_accepted, both_signed)
    await life.on.ask_coordinator(by=MENTEE, matter=Matter.ROLE_STRUGGLE, words=CANARY)
    await life.on.hold()
    await life.rest()
    runs = await life.runs()
    read = [life.workflow_id, await life.details(), str(await life.shown()), *(s.decode() for s in _open_texts(runs))]
    assert any("help_wanted" in text for text in read)
    for secret in (CANARY, Matter.ROLE_STRUGGLE.value, *(person.id for person in PEOPLE)):
        assert not any(secret in text for text in read)


def _open_texts(runs: list[WorkflowHistory]) -> Iterator[bytes]:
    """Search attributes and the summaries of workflows, activities and timers."""
    for event in (event for run in runs for event in run.events):
        yield from _data(event.user_metadata.summary, event.user_metadata.details)
        started = event.workflow_execution_started_event_attributes
        upserted = event.upsert_workflow_search_attributes_event_attributes
        for fields in (started.search_attributes.indexed_fields, upserted.search_attributes.indexed_fields):
            yield from _data(*fields.values())


def _data(*payloads: Payload) -> Iterator[bytes]:
    yield from (payload.data for payload in payloads if payload.data)


async def test_a_whole_act_goes_by_under_encryption(sealed: Rig) -> None:
    """Commands, refusals, local activities and page turns work as they do in clear."""
    life = await sealed.life(*UNDER_WAY, session_over, both_confirmed)
    assert (await life.status()).sessions_held == 1
    assert life.letters()["session_question"] == 2
