"""The numbered rules of routing, each by its number. What they rest on is tried in detail elsewhere."""

from datetime import timedelta

import pytest

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import Handling, SevereReport
from mentoring_lifecycle.domain.cases import commands as k
from mentoring_lifecycle.domain.cases import events as e
from mentoring_lifecycle.domain.cases.state import Stage
from mentoring_lifecycle.domain.commands import Matter
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.client import MentoringClient
from tests.case_builders import CLOSED, DAY, FIRST, LOOKED_INTO, REPORTER, ROME, SECOND, LivedCase, report
from tests.case_builders import CONTACT as OUTSIDE

from .life import BACKUP, CONTACT, COORDINATOR, MENTEE, MENTOR, STRANGER, UNDER_WAY, Rig


@pytest.fixture
def desk(rig: Rig) -> MentoringClient:
    """Two handlers and somebody from outside."""
    return MentoringClient(
        rig.clock.client,
        people=rig.world.people,
        cases=rig.cases.client,
        cases_task_queue=rig.queue,
        handling=Handling(CONTACT, (BACKUP, COORDINATOR)),
        journal=rig.world.journal,
    )


async def made(rig: Rig, desk: MentoringClient, **given: object) -> str:
    """A report that has come to rest."""
    said = {"case": rig.case_id(), "matter": Matter.RETALIATION, "words": "x", "by": MENTOR, "about": MENTEE} | given
    case = (await desk.report(SevereReport(**said))).case
    await rig.cases.until_idle(names.case_workflow_id(case))
    return case


def test_rule_1_a_case_goes_to_the_first_who_is_no_part_of_it() -> None:
    """Neither the accused nor anybody in a line with them, at every moment; at last somebody from outside."""
    assert LivedCase(report(about=FIRST)).state.handler == SECOND
    nobody_inside = LivedCase(report(conflicted=("h-fay", "h-guy", "h-ida")))
    assert nobody_inside.state.handler == OUTSIDE


async def test_rule_2_an_anonymous_reporter_comes_back_by_a_code_for_a_while(rig: Rig, desk: MentoringClient) -> None:
    """No mail; and the way back ends before the case does."""
    reported = await desk.report(SevereReport("", Matter.RETALIATION, "x", about=MENTEE))
    workflow_id, back = names.case_workflow_id(reported.case), desk.follow_up(receipt=reported.receipt)
    await rig.cases.until_idle(workflow_id)
    case = desk.case(reported.case)
    await case.acknowledge(by=BACKUP)
    await case.triage(by=BACKUP, track=k.LegalTrack.INTERNAL)
    await case.start_investigation(by=BACKUP)
    await case.decide_outcome(by=BACKUP, outcome=k.CaseOutcome.SUPPORT_GIVEN)
    await case.give_feedback(by=BACKUP)
    for days, finds_back in ((190, True), (150, True), (40, False)):
        await rig.cases.advance(workflow_id, to=await rig.cases.now(workflow_id) + timedelta(days=days))
        if finds_back:
            assert (await back.read()).concluded
    for lost in (back.read(), back.write("x"), back.withdraw()):
        with pytest.raises(CommandRejected) as refused:
            await lost
        assert refused.value.code is Refusal.UNKNOWN_CASE
    assert (await case.read(by=BACKUP)).stage is Stage.CLOSED
    await case.reopen(by=BACKUP)
    assert not (await back.read()).concluded


def test_rule_3_there_is_no_joint_talk_where_power_may_have_been_abused() -> None:
    """Whatever the handler would like."""
    lived = LivedCase().after(*LOOKED_INTO)
    talk = k.DecideOutcome(FIRST, k.CaseOutcome.FACILITATED)
    assert lived.tries(talk) == Rejection(Refusal.NO_JOINT_TALK)


async def test_rule_4_the_accused_and_the_partner_read_one_fixed_sentence(rig: Rig, desk: MentoringClient) -> None:
    """The same as after a hold by hand; and one that can wait comes at an hour within two days."""
    life, by_hand = await rig.life(*UNDER_WAY), await rig.life(*UNDER_WAY)
    case = await made(rig, desk, relationship=life.id, pause_now=False)
    held = await desk.case(case).hold(by=BACKUP)
    wait = held.measures[0].due_at - await rig.cases.now(names.case_workflow_id(case))
    assert timedelta(0) <= wait <= timedelta(hours=48)
    await desk.case(case).hold(by=BACKUP, urgent=True)
    await rig.cases.until_idle(names.case_workflow_id(case))
    await life.rest()
    await by_hand.on.hold()
    await by_hand.rest()
    for person in (MENTOR, MENTEE):
        letters = [each.mails(LetterKind.ON_HOLD, to=person) for each in (life, by_hand)]
        assert [[mail.text for mail in each] for each in letters] == [[letters[0][0].text]] * 2


def test_rule_5_at_each_mark_the_next_handler_hears_and_at_last_somebody_outside() -> None:
    """Half, four fifths and all of the day in which a note is owed."""
    lived = LivedCase().after(DAY)
    told = {mark.percent: mark.told for mark in lived.of(e.MarkPassed) if mark.clock is e.Clock.ACKNOWLEDGEMENT}
    assert told == {50: (SECOND,), 80: (SECOND,), 100: (SECOND, OUTSIDE)}


async def test_rule_6_reports_about_one_person_are_joined_for_handlers_alone(rig: Rig, desk: MentoringClient) -> None:
    """Over different pairs; for whoever was told of both, and for nobody else."""
    accused = f"p-{rig.case_id()}"
    first, second = [await made(rig, desk, about=accused, by=by) for by in (MENTOR, MENTEE)]
    other = await made(rig, desk)
    assert [view.case for view in await desk.related_cases(first, by=BACKUP)] == [second]
    assert [view.case for view in await desk.related_cases(second, by=BACKUP)] == [first]
    assert first not in [view.case for view in await desk.related_cases(other, by=BACKUP)]
    for nobody in (MENTOR, MENTEE, COORDINATOR, STRANGER):
        with pytest.raises(CommandRejected) as refused:
            await desk.related_cases(first, by=nobody)
        assert refused.value.code is Refusal.UNKNOWN_CASE
        assert not await desk.case(first).concerns(accused, by=nobody)
    nameless = await made(rig, desk, about="")
    assert await desk.related_cases(nameless, by=BACKUP) == ()


def test_rule_7_whoever_reported_is_asked_after_30_90_and_180_days() -> None:
    """The handler is told to, in private."""
    lived = LivedCase().after(*CLOSED)
    concluded, *looks = (
        each.at.astimezone(ROME).date() for each in (*lived.of(e.FeedbackGiven), *lived.of(e.WatchDue))
    )
    assert [(look - concluded).days for look in looks] == [30, 90, 180]


def test_rule_8_what_cannot_be_proven_stands_in_nobodys_record() -> None:
    """No action, not proven: it asks nothing of the relationship, and the audit names neither of the two."""
    lived = LivedCase(report(relationship="r-1")).after(*LOOKED_INTO)
    lived.after(k.DecideOutcome(FIRST, k.CaseOutcome.NO_ACTION, k.NoActionReason.NOT_PROVEN), k.GiveFeedback(FIRST))
    assert lived.performed == []
    assert {letter.to for letter in lived.letters} & {REPORTER, "p-anna"} == set()


async def test_rule_9_nothing_is_asked_after_an_exit_for_safety(rig: Rig, desk: MentoringClient) -> None:
    """Neither a rating nor a survey, from the hold to the end out of it and after."""
    life = await rig.life(*UNDER_WAY)
    await made(rig, desk, relationship=life.id, pause_now=True)
    await life.rest()
    before = len(life.mails())
    await life.on.exit(by=MENTOR)
    await life.rest()
    asking = {LetterKind.FINAL_FEEDBACK, LetterKind.SESSION_QUESTION, LetterKind.HELP_FEEDBACK}
    assert not {kind.value for kind in asking} & set(life.letters(before))
    assert (await life.status()).questions == ()
