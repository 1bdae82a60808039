"""Severe reports: durable, told about until somebody takes note, and invisible in the relationship but for a hold."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import Handling, SevereReport
from mentoring_lifecycle.contracts.codec import data_converter
from mentoring_lifecycle.contracts.people import AddressState
from mentoring_lifecycle.domain.cases import commands as k
from mentoring_lifecycle.domain.cases.events import Clock
from mentoring_lifecycle.domain.cases.state import Stage
from mentoring_lifecycle.domain.commands import Matter, Severity
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.client import MentoringClient
from mentoring_lifecycle.starter.intake import Reported

from .alike import since_the_hold
from .life import (
    BACKUP,
    CONTACT,
    COORDINATOR,
    MENTEE,
    MENTOR,
    STRANGER,
    UNDER_WAY,
    CalendarAfterMail,
    Life,
    Rig,
    World,
    events_of,
    kind_of,
    quick_rig,
    runs_of,
)


@pytest.fixture(scope="module")
async def rig(temporal: EmbeddedTemporal) -> AsyncIterator[Rig]:
    """Mail and calendar never share a workflow task, so that two histories can be compared event by event."""
    async with quick_rig(temporal.address, world=World(calendar=CalendarAfterMail())) as rig:
        yield rig


def _threat(rig: Rig, **changes: Any) -> SevereReport:
    given = {
        "case": rig.case_id(),
        "matter": Matter.PHYSICAL_OR_THREAT,
        "words": "He threatened me.",
        "by": STRANGER,
    }
    return SevereReport(**given | changes)


async def _rest(rig: Rig, case: str) -> None:
    await rig.cases.until_idle(names.case_workflow_id(case))


async def _days(rig: Rig, case: str, days: float) -> None:
    workflow_id = names.case_workflow_id(case)
    await rig.cases.advance(workflow_id, to=await rig.cases.now(workflow_id) + timedelta(days=days))


def _told(rig: Rig, case: str) -> int:
    return len([to for kind, to in _mailed(rig, case) if (kind, to) == (LetterKind.CASE_RECEIVED, CONTACT)])


def _mailed(rig: Rig, case: str) -> list[tuple[LetterKind, str]]:
    """What was mailed about a case, and to whom."""
    person = {each.email: each.id for each in rig.world.people.people.values()}
    mails = [mail for mail in rig.world.mail.sent if mail.key.startswith(f"case-{case}/")]
    return [(kind_of(mail), person[mail.to.email]) for mail in mails]


async def test_a_threat_holds_the_relationship_and_reaches_the_contact(rig: Rig) -> None:
    """S4: the pair is frozen at once, and the contact reads what was reported."""
    life = await rig.life(*UNDER_WAY)
    report = _threat(rig, by=MENTOR, relationship=life.id)
    assert await rig.mentoring.report(report) == Reported(report.case, emergency_contacts=("112",))
    await _rest(rig, report.case)
    await life.rest()
    assert (await life.status()).standing == "on_hold"
    assert _told(rig, report.case) == 1
    view = await rig.mentoring.case(report.case).read(by=CONTACT)
    assert (view.severity, view.report, view.measure_applied, view.contact_told) == (Severity.S4, report, True, True)


async def test_the_contact_is_told_daily_until_somebody_takes_note(rig: Rig) -> None:
    """Three days of silence are four mails; taken note of, no more come."""
    report = _threat(rig)
    await rig.mentoring.report(report)
    await _days(rig, report.case, 3.1)
    assert _told(rig, report.case) == 4
    await rig.mentoring.case(report.case).acknowledge(by=CONTACT)
    await _rest(rig, report.case)
    await _days(rig, report.case, 3)
    assert _told(rig, report.case) == 4
    assert (await rig.mentoring.case(report.case).read(by=CONTACT)).acknowledged


async def test_a_severe_matter_without_a_pause_leaves_the_relationship_alone(rig: Rig) -> None:
    """S3: the reporter chooses; where the contact is to decide first, the relationship's history does not move."""
    life = await rig.life(*UNDER_WAY)
    before = await life.history_length()
    report = _threat(rig, matter=Matter.DISCRIMINATION, relationship=life.id, pause_now=False)
    await rig.mentoring.report(report)
    await _days(rig, report.case, 2)
    assert await life.history_length() == before
    assert not (await rig.mentoring.case(report.case).read(by=CONTACT)).measure_applied


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
    await rig.mentoring.case(report.case).acknowledge(by=CONTACT)
    assert (await rig.mentoring.case(report.case).read(by=CONTACT)).acknowledged


async def test_the_same_case_again_is_the_same_report(rig: Rig) -> None:
    """Nobody is told twice, and what was reported first stands; also after somebody has taken note."""
    report = _threat(rig, by=MENTOR)
    again = _threat(rig, case=report.case, words="Something else")
    assert await rig.mentoring.report(report) == await rig.mentoring.report(again)
    await _rest(rig, report.case)
    assert _told(rig, report.case) == 1
    await rig.mentoring.case(report.case).acknowledge(by=CONTACT)
    await _rest(rig, report.case)
    assert await rig.mentoring.report(again) == Reported(report.case, emergency_contacts=("112",))
    assert (await rig.mentoring.case(report.case).read(by=CONTACT)).report == report


async def test_a_report_is_durable_before_anybody_works_on_it(rig: Rig, temporal: EmbeddedTemporal) -> None:
    """Without a single worker the report is taken in; the server keeps it."""
    cases = await Client.connect(temporal.address, namespace="mentoring-cases", data_converter=data_converter(None))
    deserted = MentoringClient(
        cases, people=rig.world.people, cases=cases, cases_task_queue="nobody-here", handling=Handling(CONTACT)
    )
    report = _threat(rig)
    assert await deserted.report(report) == Reported(report.case, emergency_contacts=("112",))
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
    assert not (await rig.mentoring.case(report.case).read(by=CONTACT)).contact_told
    broken.mail_server_returns()
    await _days(rig, report.case, 6 / 1440)
    assert _told(rig, report.case) == 1
    await _days(rig, report.case, 1)
    assert _told(rig, report.case) == 2


# --- handling ---------------------------------------------------------------------------------------------------

HANDLING = Handling(CONTACT, (BACKUP, COORDINATOR), zone="Europe/Rome")


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


async def _status(rig: Rig, case: str) -> str:
    found = await rig.cases.client.get_workflow_handle(names.case_workflow_id(case)).describe()
    assert found.status
    return found.status.name


async def test_a_case_is_handled_to_its_end(rig: Rig, desk: MentoringClient) -> None:
    """Every step, half a year of watching over several runs, and kept for three years; then it ends by itself."""
    report = _threat(rig, by=MENTOR, about=MENTEE)
    case = desk.case((await desk.report(report)).case)
    await _rest(rig, report.case)
    view = await case.acknowledge(by=BACKUP)
    assert (view.stage, view.handler, [clock.clock for clock in view.clocks]) == (
        Stage.ACKNOWLEDGED,
        BACKUP,
        [Clock.TRIAGE, Clock.STATUS, Clock.FEEDBACK],
    )
    await case.triage(by=BACKUP, track=k.LegalTrack.HARASSMENT)
    await case.refer(by=BACKUP, to=k.ReferredTo.POLICE)
    await case.start_investigation(by=BACKUP)
    await _days(rig, report.case, 20)
    await case.decide_outcome(by=BACKUP, outcome=k.CaseOutcome.ENDED_AND_BLOCKED)
    await case.give_feedback(by=BACKUP)
    await _rest(rig, report.case)
    assert (await case.read(by=BACKUP)).stage is Stage.WATCH
    await _days(rig, report.case, 181)
    assert _mailed(rig, report.case).count((LetterKind.MATTER_AGAIN, BACKUP)) == 3
    assert (await case.read(by=BACKUP)).stage is Stage.CLOSED
    assert len(await runs_of(rig.cases.client, names.case_workflow_id(report.case))) == 3
    assert not {MENTOR, MENTEE} & {to for _, to in _mailed(rig, report.case)}
    assert await _status(rig, report.case) == "RUNNING"
    await _days(rig, report.case, 1100)
    assert await _status(rig, report.case) == "COMPLETED"


async def test_nobody_acting_tells_the_next_and_then_the_contact(rig: Rig, desk: MentoringClient) -> None:
    """S4: after two hours and more the second handler, after four the contact; whoever notes it has it.

    When the triage is due depends on the hour of the day, so its clock may have been told of as well.
    """
    report = _threat(rig)
    case = desk.case((await desk.report(report)).case)
    await _days(rig, report.case, 3.5 / 24)
    waiting = (LetterKind.MATTER_WAITING, COORDINATOR)
    first, *others = _mailed(rig, report.case)
    assert first == (LetterKind.CASE_RECEIVED, BACKUP)
    assert len(others) >= 2
    assert set(others) == {waiting}
    await _days(rig, report.case, 1 / 24)
    assert (LetterKind.MATTER_WAITING, CONTACT) in _mailed(rig, report.case)
    assert (await case.acknowledge(by=COORDINATOR)).handler == COORDINATOR


async def test_whoever_was_not_told_learns_nothing(rig: Rig, desk: MentoringClient) -> None:
    """Not by reading, listing or acting: it is as if there were no such case, and nothing of the try is kept."""
    report = _threat(rig, by=MENTOR)
    case = desk.case((await desk.report(report)).case)
    await _rest(rig, report.case)
    for nobody in (COORDINATOR, CONTACT, MENTEE, MENTOR, STRANGER):
        for act in (case.read, case.timeline, case.acknowledge):
            with pytest.raises(CommandRejected) as refused:
                await act(by=nobody)
            assert refused.value.code is Refusal.UNKNOWN_CASE
    seen = [each.case async for each in desk.cases(by=BACKUP)]
    assert report.case in seen
    assert report.case not in [each.case async for each in desk.cases(by=COORDINATOR)]
    history = (await runs_of(rig.cases.client, names.case_workflow_id(report.case)))[0]
    assert b"CommandRejected" not in b"".join(event.SerializeToString() for event in history.events)


async def test_the_reporter_withdraws_and_is_shown_nothing(rig: Rig, desk: MentoringClient) -> None:
    """The case stays, and its handler may go on; done twice with one id it is done once."""
    report = _threat(rig, by=MENTOR)
    case = desk.case((await desk.report(report)).case)
    for _ in range(2):
        assert await case.withdraw(by=MENTOR, command_id="withdraw") is None
    await case.acknowledge(by=BACKUP)
    view = await case.read(by=BACKUP)
    assert (view.withdrawn, view.report.words) == (True, report.words)


async def test_a_conflict_hands_it_on_and_a_closed_case_is_reopened(rig: Rig, desk: MentoringClient) -> None:
    """The one who had it reads it no more; the one who has it may take it up again, over continued runs."""
    report = _threat(rig)
    case = desk.case((await desk.report(report)).case)
    assert await case.reassign(by=BACKUP, reason=k.ReassignReason.CONFLICT) is None
    await case.acknowledge(by=COORDINATOR)
    await case.withdraw(by=COORDINATOR)
    await case.triage(by=COORDINATOR, track=k.LegalTrack.INTERNAL)
    await case.decide_outcome(by=COORDINATOR, outcome=k.CaseOutcome.NO_ACTION, reason=k.NoActionReason.WITHDRAWN)
    await case.give_feedback(by=COORDINATOR, command_id="told")
    await _days(rig, report.case, 200)
    assert (await case.give_feedback(by=COORDINATOR, command_id="told")).stage is Stage.CLOSED
    assert (await case.reopen(by=COORDINATOR)).stage is Stage.REOPENED
    lines = await case.timeline(by=COORDINATOR)
    assert [line.split()[1] for line in lines[:3]] == ["case_received", "handler_assigned", "case_reassigned"]
    assert lines[-1].endswith(f"case_reopened {COORDINATOR}")


async def test_whoever_is_named_or_in_a_chain_never_gets_it(rig: Rig, desk: MentoringClient, broken: World) -> None:
    """The pair of the relationship counts as named, and so does everybody above and below them; the directory says."""
    people = broken.people.people
    people[MENTEE] = replace(people[MENTEE], manager=BACKUP)
    life = await rig.life(*UNDER_WAY)
    await life.on.exit(by=MENTOR)
    await life.rest()
    for report in (_threat(rig, about=MENTEE), _threat(rig, relationship=life.id)):
        await desk.report(report)
        await _rest(rig, report.case)
        assert _mailed(rig, report.case) == [(LetterKind.CASE_RECEIVED, COORDINATOR)]
    people[COORDINATOR] = replace(people[COORDINATOR], manager=MENTEE)
    report = _threat(rig, about=MENTEE)
    await desk.report(report)
    await _rest(rig, report.case)
    assert _mailed(rig, report.case) == [(LetterKind.CASE_RECEIVED, CONTACT)]
    with pytest.raises(CommandRejected) as refused:
        await desk.report(_threat(rig, about=CONTACT, by=MENTEE))
    assert refused.value.code is Refusal.NOBODY_ELIGIBLE


async def test_a_handler_without_mail_is_passed_over(rig: Rig, desk: MentoringClient, broken: World) -> None:
    """The next is told at once, and may take it."""
    broken.people.people[BACKUP] = replace(broken.people.people[BACKUP], address=AddressState.FAILED)
    report = _threat(rig)
    case = desk.case((await desk.report(report)).case)
    await _rest(rig, report.case)
    assert _mailed(rig, report.case) == [(LetterKind.CASE_RECEIVED, COORDINATOR)]
    assert (await case.acknowledge(by=COORDINATOR)).handler == COORDINATOR


async def test_a_relationship_that_ended_long_ago_can_no_longer_be_reported_about(
    rig: Rig, desk: MentoringClient
) -> None:
    """For two years by default; here by numbers of which the time is over at once."""
    life = await rig.life(*UNDER_WAY)
    await life.on.exit(by=MENTOR)
    await life.rest()
    hasty = replace(HANDLING, profile=replace(HANDLING.profile, report_months=-1))
    strict = MentoringClient(
        rig.clock.client,
        people=rig.world.people,
        cases=rig.cases.client,
        handling=hasty,
        journal=rig.world.journal,
    )
    with pytest.raises(CommandRejected) as refused:
        await strict.report(_threat(rig, relationship=life.id))
    assert refused.value.code is Refusal.REPORTED_TOO_LATE


async def test_the_names_in_a_history_tell_nothing(rig: Rig, desk: MentoringClient) -> None:
    """Updates, summaries and search attributes of a handled case are the same few neutral words for every step."""
    report = _threat(rig, by=MENTOR)
    case = desk.case((await desk.report(report)).case)
    await case.acknowledge(by=BACKUP)
    await case.withdraw(by=MENTOR)
    await _days(rig, report.case, 1)
    history = events_of(await runs_of(rig.cases.client, names.case_workflow_id(report.case)))
    assert _update_names(history) == {"act"}
    assert _summaries(history) <= {"deliver", "find the time", "append"} | {
        summary for summary in _summaries(history) if re.fullmatch(r"next hour [0-9 :Z-]+", summary)
    }
    assert not any(event.HasField("upsert_workflow_search_attributes_event_attributes") for event in history)


def _update_names(history: list[HistoryEvent]) -> set[str]:
    field = "workflow_execution_update_accepted_event_attributes"
    return {getattr(event, field).accepted_request.input.name for event in history if event.HasField(field)}  # type: ignore[arg-type]


def _summaries(history: list[HistoryEvent]) -> set[str]:
    kept = [event.user_metadata.summary.data for event in history if event.user_metadata.HasField("summary")]
    return {json.loads(each) for each in kept}


# --- a hold cannot be told from a hold --------------------------------------------------------------------------


async def test_a_hold_placed_by_a_case_looks_like_any_other(rig: Rig) -> None:
    """Event by event, payload by payload, id format and identity: the two histories differ in ids and times alone."""
    by_hand, by_case = [await rig.life(*UNDER_WAY) for _ in range(2)]
    await by_hand.on.hold()
    await by_hand.rest()
    await rig.mentoring.report(_threat(rig, by=MENTOR, relationship=by_case.id))
    await _until_held(by_case)
    await by_case.rest()
    one, other = await since_the_hold(by_hand), await since_the_hold(by_case)
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


# --- whatever becomes of the relationship -----------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["closed", "terminated", "erased"])
async def test_clocks_fire_whatever_becomes_of_the_relationship(rig: Rig, broken: World, fate: str) -> None:
    """All marks of the note are told, and the feedback is reminded of; ended, killed or of somebody forgotten."""
    life = await rig.life(*UNDER_WAY)
    report = _threat(rig, matter=Matter.RETALIATION, by=MENTOR, relationship=life.id, pause_now=False)
    await rig.mentoring.report(report)
    await _rest(rig, report.case)
    if fate == "terminated":
        await life.workflow.terminate()
    else:
        await life.on.exit(by=MENTEE)
        await life.rest()
    if fate == "erased":
        del broken.people.people[MENTOR]
    await _days(rig, report.case, 1.1)
    waiting = (LetterKind.MATTER_WAITING, CONTACT)
    noted = _mailed(rig, report.case).count(waiting)
    assert noted >= 3
    await rig.mentoring.case(report.case).acknowledge(by=CONTACT)
    await _rest(rig, report.case)
    await _days(rig, report.case, 95)
    assert _mailed(rig, report.case).count(waiting) >= noted + 3
    assert (await rig.mentoring.case(report.case).read(by=CONTACT)).report == report
