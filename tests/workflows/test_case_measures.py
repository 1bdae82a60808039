"""What a handler does to relationships: like the programme team, told from it by nobody, and undone by nobody else."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from mentoring_lifecycle.activities.ports import LedgerState, OutgoingMail
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import CaseView, Handling, Jurisdiction, OpenCase, SevereReport
from mentoring_lifecycle.contracts.seals import Seals
from mentoring_lifecycle.domain.cases import commands as k
from mentoring_lifecycle.domain.cases.events import MeasureKind, MeasureResult
from mentoring_lifecycle.domain.cases.profile import PROFILES, Law
from mentoring_lifecycle.domain.commands import Matter
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.case_handle import CaseHandle
from mentoring_lifecycle.starter.client import MentoringClient

from .alike import since_the_hold
from .life import (
    BACKUP,
    CONTACT,
    COORDINATOR,
    MENTEE,
    MENTOR,
    UNDER_WAY,
    CalendarAfterMail,
    Life,
    QuickLife,
    Rig,
    World,
    events_of,
    kind_of,
    next_session,
    quick_rig,
    runs_of,
)

SEALS = Seals(bytes(range(32)))
DONE = MeasureResult.DONE


@pytest.fixture
async def rig(temporal: EmbeddedTemporal) -> AsyncIterator[Rig]:
    """A world of its own for each test: two who are kept apart are so in all of it."""
    world = World(calendar=CalendarAfterMail(), keeps_pairings=True)
    async with quick_rig(temporal.address, world=world, seals=SEALS) as rig:
        yield rig


async def begun(rig: Rig, programme: str = "both-ways") -> QuickLife:
    return await rig.life(*UNDER_WAY, programme=programme)


async def reported(rig: Rig, **changes: Any) -> CaseHandle:
    """Mia reports Ed, and the contact has it."""
    given = {"matter": Matter.VERBAL_ABUSE, "words": "He shouts.", "by": MENTOR, "about": MENTEE, "pause_now": False}
    said = given | changes
    made = await rig.mentoring.report(SevereReport(rig.case_id() if said["by"] else "", **said))
    case = rig.mentoring.case(made.case)
    await rest(rig, case)
    return case


async def rest(rig: Rig, case: CaseHandle) -> None:
    await rig.cases.until_idle(names.case_workflow_id(case.id))


async def standing(life: Life) -> str:
    await life.rest()
    return (await life.status()).standing


async def results(rig: Rig, case: CaseHandle) -> dict[tuple[MeasureKind, str], MeasureResult | None]:
    await rest(rig, case)
    view: CaseView = await case.read(by=CONTACT)
    return {(each.measure, each.relationship): each.result for each in view.measures}


async def refusal(life: Life, by: str) -> tuple[Refusal, str]:
    """What somebody reads who tries to lift."""
    with pytest.raises(CommandRejected) as refused:
        await life.on.lift(by=by)
    return refused.value.code, str(refused.value)


# --- a hold -----------------------------------------------------------------------------------------------------


async def test_a_handler_places_a_hold_and_lifts_it(rig: Rig) -> None:
    """At once where it is urgent; the case says what became of it, and the relationship goes on afterwards."""
    life = await begun(rig)
    case = await reported(rig, relationship=life.id)
    assert await standing(life) == "normal"
    await case.hold(by=CONTACT, urgent=True)
    assert await results(rig, case) == {(MeasureKind.HOLD, life.id): DONE}
    assert await standing(life) == "on_hold"
    await case.lift(by=CONTACT, urgent=True)
    assert await results(rig, case) == {(MeasureKind.LIFT, life.id): DONE}
    assert await standing(life) == "normal"


async def test_a_hold_that_can_wait_comes_at_its_hour_over_runs(rig: Rig) -> None:
    """The hour is drawn once and travels along; until then nothing in the relationship moves."""
    life = await begun(rig)
    case = await reported(rig, relationship=life.id)
    before = await life.history_length()
    view = await case.hold(by=CONTACT, command_id="hold")
    (wanted,) = view.measures
    assert timedelta() <= wanted.due_at - await now(rig, case) <= timedelta(hours=48)
    assert (await case.hold(by=CONTACT, command_id="hold")).measures == (wanted,)
    await case.acknowledge(by=CONTACT)
    await case.withdraw(by=CONTACT)
    await case.triage(by=CONTACT, track=k.LegalTrack.INTERNAL)
    await case.decide_outcome(by=CONTACT, outcome=k.CaseOutcome.PAUSED)
    await case.give_feedback(by=CONTACT)
    await rest(rig, case)
    assert len(await runs_of(rig.cases.client, names.case_workflow_id(case.id))) == 2
    assert (await case.read(by=CONTACT)).measures == (wanted,)
    assert await life.history_length() == before
    await rig.cases.advance(names.case_workflow_id(case.id), to=wanted.due_at + timedelta(minutes=1))
    assert await results(rig, case) == {(MeasureKind.HOLD, life.id): DONE}
    assert await standing(life) == "on_hold"


async def now(rig: Rig, case: CaseHandle) -> Any:
    return await rig.cases.now(names.case_workflow_id(case.id))


async def test_a_hold_is_lifted_by_nobody_else_and_nobody_learns_by_whom(rig: Rig) -> None:
    """Held by a case or by a colleague: others read the very same, also whoever tries it under another's name."""
    by_case, by_hand = await begun(rig), await begun(rig, "altro")
    case = await reported(rig, relationship=by_case.id)
    await case.hold(by=CONTACT, urgent=True)
    await rest(rig, case)
    await by_hand.on.hold(by=BACKUP)
    heard = [await refusal(life, by) for life in (by_case, by_hand) for by in (COORDINATOR, case.id)]
    assert {code for code, _ in heard} == {Refusal.NOT_THE_PLACER}
    assert len(set(heard)) == 1
    assert await standing(by_case) == await standing(by_hand) == "on_hold"
    await by_hand.on.lift(by=BACKUP)
    assert await standing(by_hand) == "normal"


async def test_the_contact_ends_any_hold(rig: Rig) -> None:
    """Whoever placed it; the handler then finds nothing to take back, and is not stuck."""
    by_case, by_hand = await begun(rig), await begun(rig, "altro")
    case = await reported(rig, relationship=by_case.id)
    await case.hold(by=CONTACT, urgent=True)
    await rest(rig, case)
    await by_hand.on.hold(by=COORDINATOR)
    for life in (by_case, by_hand):
        await life.on.lift(by=CONTACT)
        assert await standing(life) == "normal"
    await case.lift(by=CONTACT, urgent=True)
    assert await results(rig, case) == {(MeasureKind.LIFT, by_case.id): MeasureResult.NOT_NEEDED}


async def test_what_two_want_held_goes_on_when_both_are_content(rig: Rig) -> None:
    """The office lifts its own and reads that it is still on hold, as it would beside a colleague's."""
    with_case, with_colleague = await begun(rig), await begun(rig, "altro")
    case = await reported(rig, relationship=with_case.id)
    for life in (with_case, with_colleague):
        await life.on.hold(by=COORDINATOR)
        await life.rest()
    await case.hold(by=CONTACT, urgent=True)
    assert await results(rig, case) == {(MeasureKind.HOLD, with_case.id): DONE}
    await with_colleague.on.hold(by=BACKUP)
    views = [await life.on.lift(by=COORDINATOR) for life in (with_case, with_colleague)]
    assert [view.standing for view in views] == ["on_hold", "on_hold"]
    await case.lift(by=CONTACT, urgent=True)
    await rest(rig, case)
    await with_colleague.on.lift(by=BACKUP)
    assert await standing(with_case) == await standing(with_colleague) == "normal"
    assert _mails(with_case) == _mails(with_colleague)
    await _are_alike(with_case, with_colleague)


async def test_a_handlers_hold_looks_like_any_other(rig: Rig) -> None:
    """Placed and lifted, event by event and payload by payload: nothing differs but ids, seals and times."""
    by_hand, by_case = await begun(rig), await begun(rig, "altro")
    case = await reported(rig, relationship=by_case.id)
    await by_hand.on.hold(by=COORDINATOR)
    await by_hand.rest()
    await case.hold(by=CONTACT, urgent=True)
    await rest(rig, case)
    assert await standing(by_case) == "on_hold"
    await by_hand.on.lift(by=COORDINATOR)
    await by_hand.rest()
    await case.lift(by=CONTACT, urgent=True)
    await rest(rig, case)
    assert await standing(by_case) == "normal"
    assert await _are_alike(by_hand, by_case) >= {"UUID4", "SEAL"}
    assert _mails(by_hand) == _mails(by_case)
    attributes = [(await life.workflow.describe()).typed_search_attributes for life in (by_hand, by_case)]
    shown = [{pair.key.name for pair in each} for each in attributes]
    assert shown[0] == shown[1]
    journal = [await rig.world.journal.read(life.id) for life in (by_hand, by_case)]
    assert [entry.kind for entry in journal[0]] == [entry.kind for entry in journal[1]]
    assert "seal" not in "".join(entry.body for entries in journal for entry in entries)


async def _are_alike(one: Life, other: Life) -> set[str]:
    """Asserts it, and returns what ids became."""
    mine, theirs = await since_the_hold(one), await since_the_hold(other)
    text = json.dumps([mine, theirs]).replace("altro", "both-ways")
    mine, theirs = json.loads(text)
    assert len(mine) == len(theirs)
    for here, there in zip(mine, theirs, strict=True):
        assert here == there
    return {word for word in ("UUID4", "SEAL") if word in text}


def _mails(life: QuickLife) -> list[tuple[str, str]]:
    return [(mail.subject, mail.to.email) for mail in life.mails()]


@pytest.mark.parametrize("fate", ["closed", "unknown"])
async def test_a_relationship_that_is_gone_needs_no_hold(rig: Rig, fate: str) -> None:
    """The handler reads so, and nothing is tried for ever."""
    relationship = "never-there"
    if fate == "closed":
        life = await begun(rig)
        await life.on.exit(by=MENTOR)
        await life.rest()
        relationship = life.id
    case = await reported(rig, relationship=relationship)
    await case.hold(by=CONTACT, urgent=True)
    assert await results(rig, case) == {(MeasureKind.HOLD, relationship): MeasureResult.NOT_NEEDED}
    assert not (await case.read(by=CONTACT)).measure_applied
    with pytest.raises(CommandRejected) as refused:
        await case.lift(by=CONTACT)
    assert refused.value.code is Refusal.NOTHING_TO_TAKE_BACK


async def test_a_report_that_names_no_pairing_holds_none(rig: Rig) -> None:
    """An anonymous one without a relationship, for example; the handler is told what to do instead."""
    case = await reported(rig, by="", about="", relationship="", pause_now=None)
    for act, code in ((case.hold, Refusal.NO_PAIRING_NAMED), (case.block, Refusal.NO_PAIR_NAMED)):
        with pytest.raises(CommandRejected) as refused:
            await act(by=CONTACT, urgent=True)
        assert refused.value.code is code


async def test_a_hold_of_a_case_stops_a_letter_right_before_it_leaves(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes while the first of an hour is with the mail server: the other is looked at again and stays behind."""
    life = await begun(rig)
    case = await reported(rig, relationship=life.id)
    session, before = await next_session(life), len(life.mails())
    mail, send = rig.world.mail, rig.world.mail.send

    async def held_meanwhile(one: OutgoingMail) -> str:
        monkeypatch.undo()
        await case.hold(by=CONTACT, urgent=True)
        await rest(rig, case)
        return await send(one)

    await life.until(session.starts_at - timedelta(hours=25))
    monkeypatch.setattr(mail, "send", held_meanwhile)
    await life.until(session.starts_at - timedelta(hours=23))
    assert await standing(life) == "on_hold"
    to_the_pair = [kind_of(each) for each in life.mails()[before:] if each.to.email.endswith("@pair.example")]
    assert sorted(to_the_pair) == ["on_hold", "on_hold", "session_cancelled", "session_cancelled", "session_reminder"]
    rows = [row for row in rig.world.ledger.rows.values() if row.relationship == life.id]
    (kept_back,) = [row for row in rows if row.reason == "hold"]
    assert (kept_back.state, kept_back.purpose) == (LedgerState.SUPPRESSED, "session_reminder")
    assert all(not calendar for calendar in life.entries().values())


# --- two who are kept apart -------------------------------------------------------------------------------------


async def test_in_danger_two_are_kept_apart_everywhere(rig: Rig) -> None:
    """Both relationships are held like any, no third one is opened, and only the case takes its entry back."""
    one, other = await begun(rig), await begun(rig, "altro")
    case = await reported(rig, matter=Matter.PHYSICAL_OR_THREAT, relationship=one.id, pause_now=None)
    held = {(MeasureKind.HOLD, life.id): DONE for life in (one, other)}
    assert await results(rig, case) == {**held, (MeasureKind.BLOCK, ""): DONE}
    assert [await standing(life) for life in (one, other)] == ["on_hold", "on_hold"]
    ids = [_command_ids(await life.runs()) for life in (one, other)]
    assert not set(ids[0]) & set(ids[1])

    with pytest.raises(CommandRejected) as refused:
        await rig.life(programme="terzo", mentor=MENTEE, mentee=MENTOR)
    assert refused.value.code is Refusal.BLOCKED_PAIR
    pairings = rig.mentoring._pairings
    assert pairings
    assert not await pairings.unblock(MENTOR, MENTEE, seal=SEALS.of_block(MENTOR, MENTEE, COORDINATOR))
    await pairings.block(MENTOR, MENTEE, seal=SEALS.of_block(MENTOR, MENTEE, COORDINATOR))
    await case.unblock(by=CONTACT)
    assert (await results(rig, case))[MeasureKind.UNBLOCK, ""] is DONE
    assert await pairings.is_blocked(MENTOR, MENTEE), "somebody said so by hand as well"
    assert await pairings.unblock(MENTOR, MENTEE, seal=SEALS.of_block(MENTOR, MENTEE, COORDINATOR))
    await case.lift(by=CONTACT, urgent=True)
    await rest(rig, case)
    assert [await standing(life) for life in (one, other)] == ["normal", "normal"]


async def test_two_who_have_just_begun_are_known(rig: Rig) -> None:
    """An anonymous report that names their relationship alone, before its journal was written for the first time."""
    life = await rig.life()
    assert not await rig.world.journal.read(life.id)
    case = await reported(rig, matter=Matter.PHYSICAL_OR_THREAT, by="", about="", relationship=life.id, pause_now=None)
    assert (await results(rig, case))[MeasureKind.BLOCK, ""] is DONE


@pytest.mark.parametrize("journaled", [True, False], ids=["known by its journal", "just begun"])
async def test_a_case_is_handled_by_the_law_of_its_programme(rig: Rig, journaled: bool) -> None:
    """Its numbers and its zone go with the case; one about no relationship has those of the installation."""
    life = await rig.life(*(UNDER_WAY if journaled else ()))
    handling = Handling(
        CONTACT,
        profile=PROFILES[Law.IT],
        zone="Europe/Rome",
        programmes=(("both-ways", Jurisdiction(PROFILES[Law.US], "America/New_York")),),
    )
    desk = MentoringClient(
        rig.clock.client,
        people=rig.world.people,
        cases=rig.cases.client,
        cases_task_queue=rig.queue,
        handling=handling,
        journal=rig.world.journal,
        pairings=rig.world.gateways().pairings,
    )
    assert bool(await rig.world.journal.read(life.id)) is journaled
    seen = []
    for relationship in (life.id, ""):
        report = SevereReport(rig.case_id(), Matter.RETALIATION, "x", MENTOR, MENTEE, relationship, pause_now=False)
        case = (await desk.report(report)).case
        started = events_of(await runs_of(rig.cases.client, names.case_workflow_id(case)))[0]
        sent = started.workflow_execution_started_event_attributes.input.payloads
        (opened,) = await rig.cases.client.data_converter.decode(sent, [OpenCase])
        seen.append((opened.handling.profile.law, opened.handling.zone, opened.handling.programmes))
    assert seen == [(Law.US, "America/New_York", ()), (Law.IT, "Europe/Rome", ())]


def _command_ids(runs: list[Any]) -> list[str]:
    field = "workflow_execution_update_accepted_event_attributes"
    accepted = [getattr(event, field) for run in runs for event in run.events if event.HasField(field)]
    return [each.accepted_request.meta.update_id for each in accepted]


async def test_a_database_that_is_away_only_delays_a_block(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked again until it answers; the hold does not wait for it."""
    life = await begun(rig)
    pairings = rig.mentoring._pairings
    assert pairings

    async def away(*_: object, **__: object) -> bool:
        if await standing(life) == "on_hold":
            monkeypatch.undo()
        raise OSError("the database is away")

    monkeypatch.setattr(pairings, "block", away)
    made = await rig.mentoring.report(
        SevereReport(rig.case_id(), Matter.PHYSICAL_OR_THREAT, "A threat.", MENTOR, MENTEE, life.id)
    )
    case = rig.mentoring.case(made.case)
    while (await results(rig, case))[MeasureKind.BLOCK, ""] is None:
        pass
    assert await standing(life) == "on_hold"
    assert await pairings.is_blocked(MENTOR, MENTEE)


async def test_nothing_of_a_measure_is_read_in_the_names_of_a_history(rig: Rig) -> None:
    """In the case's namespace every act has one name, and every measure has one."""
    life = await begun(rig)
    case = await reported(rig, matter=Matter.PHYSICAL_OR_THREAT, relationship=life.id, pause_now=None)
    await case.acknowledge(by=CONTACT)
    await case.triage(by=CONTACT, track=k.LegalTrack.INTERNAL)
    await case.lift(by=CONTACT, urgent=True)
    await case.unblock(by=CONTACT)
    await rest(rig, case)
    history = await runs_of(rig.cases.client, names.case_workflow_id(case.id))
    field = "activity_task_scheduled_event_attributes"
    events = [event for run in history for event in run.events if event.HasField(field)]
    called = {getattr(event, field).activity_type.name for event in events}
    assert called == {names.APPLY_MEASURE, names.DELIVER_LETTERS}
    summaries = {event.user_metadata.summary.data for event in events}
    assert summaries == {b'"apply"', b'"deliver"'}
