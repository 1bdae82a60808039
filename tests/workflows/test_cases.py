"""Severe reports: durable, told about until somebody takes note, and invisible in the relationship but for a hold."""

import base64
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from temporalio.client import Client

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import SevereReport
from mentoring_lifecycle.contracts.codec import data_converter
from mentoring_lifecycle.domain.commands import Matter, Severity
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.starter.client import CommandRejected, MentoringClient

from .life import (
    CONTACT,
    MENTOR,
    UNDER_WAY,
    CalendarAfterMail,
    Life,
    Rig,
    World,
    events_of,
    kind_of,
    quick_rig,
)


@pytest.fixture(scope="module")
async def rig(temporal: EmbeddedTemporal) -> AsyncIterator[Rig]:
    """Mail and calendar never share a workflow task, so that two histories can be compared event by event."""
    async with quick_rig(temporal.address, world=World(calendar=CalendarAfterMail())) as rig:
        yield rig


def _threat(rig: Rig, **changes: Any) -> SevereReport:
    given = {"case": rig.case_id(), "matter": Matter.PHYSICAL_OR_THREAT, "words": "He threatened me."}
    return SevereReport(**given | changes)


async def _rest(rig: Rig, case: str) -> None:
    await rig.cases.until_idle(names.case_workflow_id(case))


async def _days(rig: Rig, case: str, days: float) -> None:
    workflow_id = names.case_workflow_id(case)
    await rig.cases.advance(workflow_id, to=await rig.cases.now(workflow_id) + timedelta(days=days))


def _told(rig: Rig, case: str) -> int:
    mails = [mail for mail in rig.world.mail.sent if mail.key.startswith(f"case-{case}/")]
    assert all(kind_of(mail) is LetterKind.CASE_RECEIVED for mail in mails)
    assert {mail.to.email for mail in mails} <= {rig.world.people.people[CONTACT].email}
    return len(mails)


async def test_a_threat_holds_the_relationship_and_reaches_the_contact(rig: Rig) -> None:
    """S4: the pair is frozen at once, and the contact reads what was reported."""
    life = await rig.life(*UNDER_WAY)
    report = _threat(rig, by=MENTOR, relationship=life.id)
    assert await rig.mentoring.report(report) == report.case
    await _rest(rig, report.case)
    await life.rest()
    assert (await life.status()).standing == "on_hold"
    assert _told(rig, report.case) == 1
    view = await rig.mentoring.read_case(report.case)
    assert (view.severity, view.report, view.measure_applied, view.contact_told) == (Severity.S4, report, True, True)


async def test_the_contact_is_told_daily_until_somebody_takes_note(rig: Rig) -> None:
    """Three days of silence are four mails; taken note of, no more come and the intake ends."""
    report = _threat(rig)
    await rig.mentoring.report(report)
    await _days(rig, report.case, 3.1)
    assert _told(rig, report.case) == 4
    await rig.mentoring.acknowledge_case(report.case)
    await _rest(rig, report.case)
    await _days(rig, report.case, 3)
    assert _told(rig, report.case) == 4
    assert (await rig.mentoring.read_case(report.case)).acknowledged


async def test_a_severe_matter_without_a_pause_leaves_the_relationship_alone(rig: Rig) -> None:
    """S3: the reporter chooses; where the contact is to decide first, the relationship's history does not move."""
    life = await rig.life(*UNDER_WAY)
    before = await life.history_length()
    report = _threat(rig, matter=Matter.DISCRIMINATION, relationship=life.id, pause_now=False)
    await rig.mentoring.report(report)
    await _days(rig, report.case, 2)
    assert await life.history_length() == before
    assert not (await rig.mentoring.read_case(report.case)).measure_applied


async def test_a_severe_matter_with_a_pause_is_an_ordinary_hold(rig: Rig) -> None:
    """S3: the reporter chose the pause."""
    life = await rig.life(*UNDER_WAY)
    await rig.mentoring.report(_threat(rig, matter=Matter.RETALIATION, relationship=life.id, pause_now=True))
    await _until_held(life)


async def _until_held(life: Life) -> None:
    while (await life.status()).standing != "on_hold":
        await life.rest()


@pytest.mark.parametrize("fate", ["closed", "unknown", "held", "none"])
async def test_a_report_works_whatever_became_of_the_relationship(rig: Rig, fate: str) -> None:
    """Ended, never there, already held or not named: the report is taken in and told about all the same."""
    relationship = {"unknown": "never-there", "none": ""}.get(fate)
    if relationship is None:
        life = await rig.life(*UNDER_WAY)
        await (life.on.hold() if fate == "held" else life.on.exit(by=MENTOR))
        await life.rest()
        relationship = life.id
    report = _threat(rig, relationship=relationship)
    await rig.mentoring.report(report)
    await _rest(rig, report.case)
    assert _told(rig, report.case) == 1
    await rig.mentoring.acknowledge_case(report.case)
    await _rest(rig, report.case)
    handle = rig.cases.client.get_workflow_handle(names.case_workflow_id(report.case))
    assert (await handle.describe()).status.name == "COMPLETED"  # type: ignore[union-attr] # every workflow has one


async def test_the_same_case_again_is_the_same_report(rig: Rig) -> None:
    """Nobody is told twice, and what was reported first stands; also after somebody has taken note."""
    report = _threat(rig, by=MENTOR)
    again = _threat(rig, case=report.case, words="Something else")
    assert await rig.mentoring.report(report) == await rig.mentoring.report(again)
    await _rest(rig, report.case)
    assert _told(rig, report.case) == 1
    await rig.mentoring.acknowledge_case(report.case)
    await _rest(rig, report.case)
    assert await rig.mentoring.report(again) == report.case
    assert (await rig.mentoring.read_case(report.case)).report == report


async def test_a_report_is_durable_before_anybody_works_on_it(rig: Rig, temporal: EmbeddedTemporal) -> None:
    """Without a single worker the report is taken in; the server keeps it."""
    cases = await Client.connect(temporal.address, namespace="mentoring-cases", data_converter=data_converter(None))
    deserted = MentoringClient(
        cases, people=rig.world.people, cases=cases, cases_task_queue="nobody-here", safeguarding_contact=CONTACT
    )
    report = _threat(rig)
    assert await deserted.report(report) == report.case
    history = await cases.get_workflow_handle(names.case_workflow_id(report.case)).fetch_history()
    assert b"He threatened me." in history.events[0].SerializeToString()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"matter": Matter.QUESTION}, Refusal.NOT_SEVERE_ENOUGH),
        ({"matter": Matter.DISCRIMINATION, "relationship": "r"}, Refusal.PAUSE_CHOICE_NEEDED),
        ({"words": "x" * 4_001}, Refusal.TEXT_TOO_LONG),
        ({"words": " "}, Refusal.TEXT_EMPTY),
        ({"case": "../c"}, Refusal.BAD_IDENTIFIER),
        ({"relationship": "a/b"}, Refusal.BAD_IDENTIFIER),
    ],
)
async def test_a_report_that_cannot_be_taken_says_why(rig: Rig, changes: dict[str, Any], code: Refusal) -> None:
    """Judged before anything is accepted."""
    with pytest.raises(CommandRejected) as refused:
        await rig.mentoring.report(_threat(rig, **changes))
    assert refused.value.code is code


async def test_without_a_contact_nothing_is_accepted(rig: Rig) -> None:
    """Better a refusal than a report that nobody reads."""
    mentoring = MentoringClient(rig.clock.client, people=rig.world.people, cases=rig.cases.client)
    with pytest.raises(CommandRejected) as refused:
        await mentoring.report(_threat(rig))
    assert refused.value.code is Refusal.NO_SAFEGUARDING_CONTACT


async def test_a_mail_server_that_is_away_delays_the_letter_by_minutes_only(rig: Rig, broken: World) -> None:
    """Tried every few minutes; when it is back the contact is told once, and then daily as ever."""
    broken.mail_server_goes()
    report = _threat(rig)
    await rig.mentoring.report(report)
    await _days(rig, report.case, 0.1)
    assert _told(rig, report.case) == 0
    assert not (await rig.mentoring.read_case(report.case)).contact_told
    broken.mail_server_returns()
    await _days(rig, report.case, 6 / 1440)
    assert _told(rig, report.case) == 1
    await _days(rig, report.case, 1)
    assert _told(rig, report.case) == 2


# --- a hold cannot be told from a hold --------------------------------------------------------------------------

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-(\d)[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z| UTC|\+00:00)?")
_SPAN = re.compile(r"\d+(\.\d+)?s")
_STAMP = re.compile(r"\b\d{12}\b")
_CLOCKED = {"seconds", "secs", "nanos"}
_RUN_OF_ITS_OWN = _CLOCKED | {"eventTime", "taskId", "originalRunId", "historySizeBytes"}


def _shape(value: Any, relationship: str) -> Any:
    """The value with ids and times replaced by what they are."""
    if isinstance(value, dict):
        opened = _payload(value)
        if opened is not value:
            return _shape(opened, relationship)
        return {key: _shape(each, relationship) for key, each in value.items() if key not in _RUN_OF_ITS_OWN}
    if isinstance(value, list):
        return [_shape(each, relationship) for each in value]
    if isinstance(value, str):
        shaped = _UUID.sub(r"UUID\1", value.replace(relationship, "RELATIONSHIP"))
        return "SPAN" if _SPAN.fullmatch(shaped) else _STAMP.sub("STAMP", _INSTANT.sub("INSTANT", shaped))
    return value


def _payload(value: dict[str, Any]) -> Any:
    if set(value) == {"metadata", "data"}:
        try:
            return {"metadata": value["metadata"], "json": json.loads(base64.b64decode(value["data"]))}
        except ValueError:
            return value
    return value


async def _since_the_hold(life: Life) -> list[Any]:
    """The update and everything after it, with the task in which it arrived."""
    events = [MessageToDict(event) for event in events_of([(await life.runs())[-1]])]
    held = next(n for n, event in enumerate(events) if "workflowExecutionUpdateAcceptedEventAttributes" in event)
    shapes = [_shape({**event, "eventId": number}, life.id) for number, event in enumerate(events)]
    return shapes[held - 3 :]


async def test_a_hold_placed_by_a_case_looks_like_any_other(rig: Rig) -> None:
    """Event by event, payload by payload, id format and identity: the two histories differ in ids and times alone."""
    by_hand, by_case = [await rig.life(*UNDER_WAY) for _ in range(2)]
    await by_hand.on.hold()
    await by_hand.rest()
    await rig.mentoring.report(_threat(rig, by=MENTOR, relationship=by_case.id))
    await _until_held(by_case)
    await by_case.rest()
    one, other = await _since_the_hold(by_hand), await _since_the_hold(by_case)
    updates = [event for event in one if "workflowExecutionUpdateAcceptedEventAttributes" in event]
    assert "UUID4" in json.dumps(updates)
    assert len(one) == len(other)
    for mine, theirs in zip(one, other, strict=True):
        assert mine == theirs
    assert [(mail.subject, mail.to) for mail in by_hand.mails()] == [(m.subject, m.to) for m in by_case.mails()]


async def test_a_hold_does_not_tell_from_which_tool_it_came(rig: Rig, temporal: EmbeddedTemporal) -> None:
    """A host that brings a client of its own, named as it likes, leaves the same identity as everybody."""
    life = await rig.life(*UNDER_WAY)
    theirs = await Client.connect(
        temporal.address, namespace="mentoring", data_converter=data_converter(None), identity="tool@host-7"
    )
    await MentoringClient(theirs, people=rig.world.people).relationship(life.id).hold()
    await life.rest()
    assert b"tool@host-7" not in b"".join(event.SerializeToString() for event in events_of(await life.runs()))
