"""Commands: done once, refused without a trace, and never able to hurt the workflow, whoever sends what."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from mentoring_lifecycle.contracts.names import REJECTED
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.events import Phase
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.relationship_handle import RelationshipHandle

from .life import (
    COORDINATOR,
    GOAL,
    MENTEE,
    MENTOR,
    STRANGER,
    UNDER_WAY,
    Life,
    Rig,
    both_accepted,
    both_signed,
    events_of,
    kinds_of,
    next_session,
)

FAR = datetime.fromisoformat("9999-12-31T23:59:59-14:00")
NAIVE = datetime.fromisoformat("2030-01-01T10:00:00")


@pytest.fixture(scope="module")
async def life(rig: Rig) -> Life:
    """One life for all that is refused: nothing of it may leave a mark."""
    return await rig.life(*UNDER_WAY)


async def refusal(life: Life, command: c.Command) -> Refusal:
    """The code of the refusal, which must leave no event behind."""
    before = await life.history_length()
    with pytest.raises(CommandRejected) as refused:
        await life.on.do(command)
    assert await life.history_length() == before
    return refused.value.code


# --- once -------------------------------------------------------------------------------------------------------


async def test_a_repeated_command_is_answered_and_not_done_again(rig: Rig) -> None:
    """Within a run the server itself remembers: the same answer, and not one event more."""
    life = await rig.life(both_accepted)
    first = await life.on.sign_rules(by=MENTOR, version=1, command_id="click-1")
    await life.rest()
    before = await life.history_length()
    assert await life.on.sign_rules(by=MENTOR, version=1, command_id="click-1") == first
    assert await life.history_length() == before


async def test_a_repeated_command_is_known_to_later_runs(rig: Rig) -> None:
    """Over continue-as-new the relationship remembers: answered with where it stands, and nothing happens."""
    life = await rig.life(both_accepted)
    await life.on.sign_rules(by=MENTOR, version=1, command_id="click-1")
    await life.on.sign_rules(by=MENTEE, version=1, command_id="click-2")
    await life.rest()
    events, runs = (await life.status()).events, len(await life.runs())
    assert (await life.on.sign_rules(by=MENTOR, version=1, command_id="click-1")).phase is Phase.GOALS
    assert (await life.status()).events == events
    await life.on.propose_goals(by=MENTOR, goals=(GOAL,), command_id="click-3")
    await life.on.agree_goals(by=MENTEE, proposal=1, baselines=(4,))
    await life.rest()
    assert len(await life.runs()) == runs + 1
    again = await life.on.propose_goals(by=MENTOR, goals=(GOAL,), command_id="click-3")
    assert (again.phase, again.proposal) == (Phase.ACTIVE, 1)


async def test_a_second_signature_under_another_id_is_refused(rig: Rig) -> None:
    """An impatient second click that got an id of its own."""
    life = await rig.life(both_accepted)
    await life.on.sign_rules(by=MENTOR, version=1)
    assert await refusal(life, c.SignRules(MENTOR, 1)) is Refusal.ALREADY_SIGNED


async def test_opening_again_returns_what_is_open(rig: Rig) -> None:
    """The same id: the same relationship, no second invitation; once closed it says so."""
    life = await rig.life()
    again = await rig.life(relationship=life.id)
    assert again.letters() == {"invitation": 2}
    await life.on.decline(by=MENTOR)
    await life.rest()
    with pytest.raises(CommandRejected) as refused:
        await rig.life(relationship=life.id)
    assert refused.value.code is Refusal.CLOSED


# --- refused ----------------------------------------------------------------------------------------------------


async def test_a_relationship_that_never_was_is_said_to_be_unknown(rig: Rig) -> None:
    """Commands and questions alike."""
    nobody = RelationshipHandle(rig.clock.client, "never-there")
    for call in (nobody.hold(), nobody.status(), nobody.timeline()):
        with pytest.raises(CommandRejected) as refused:
            await call
        assert refused.value.code is Refusal.UNKNOWN_RELATIONSHIP


async def test_an_ended_relationship_refuses_acts_and_answers_questions(rig: Rig) -> None:
    """Its history can be read for as long as it is kept."""
    life = await rig.life(*UNDER_WAY)
    await life.on.exit(by=MENTEE)
    await life.rest()
    for command in (c.Exit(MENTOR), c.Hold(COORDINATOR), c.SetAgenda(MENTOR, 1, ("x",))):
        assert await refusal(life, command) is Refusal.CLOSED
    assert (await life.status()).phase is Phase.CLOSED
    assert (await life.on.timeline())[-1].endswith("closed")
    assert (await life.on.agreement()).goals == (GOAL,)
    assert await life.on.help_requests() == ()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (c.SetAgenda(STRANGER, 1, ("x",)), Refusal.NOT_PART_OF_THIS),
        (c.Hold(MENTOR), Refusal.NOT_YOURS_TO_DO),
        (c.Exit(COORDINATOR), Refusal.NOT_YOURS_TO_DO),
        (c.SignRules(MENTOR, 1), Refusal.ALREADY_SIGNED),
        (c.Lift(COORDINATOR), Refusal.NOT_ON_HOLD),
        (c.ConfirmSession(MENTOR, 1, True), Refusal.SESSION_NOT_OVER),
        (c.ConfirmSession(MENTOR, 10**30, True), Refusal.UNKNOWN_SESSION),
        (c.MoveSession(MENTOR, 1, datetime.fromisoformat("2020-01-01T10:00:00Z")), Refusal.IN_THE_PAST),
        (c.MoveSession(MENTOR, 1, FAR), Refusal.TOO_FAR_AHEAD),
        (c.MoveSession(MENTOR, 1, NAIVE), Refusal.NOT_A_DATE),
        (c.Pause(MENTOR, NAIVE), Refusal.NOT_A_DATE),
        (c.Pause(MENTOR, datetime.fromisoformat("2020-01-01T10:00:00Z")), Refusal.IN_THE_PAST),
        (c.SetAgenda(MENTOR, 1, ("x" * 201,)), Refusal.TEXT_TOO_LONG),
        (c.SetAgenda(MENTOR, 1, ("x",) * 11), Refusal.TOO_MANY),
        (c.SetAgenda(MENTOR, 1, ("x\r\nBcc: evil@x.example",)), Refusal.TEXT_UNREADABLE),
        (c.SetAgenda(MENTOR, 1, ("\0",)), Refusal.TEXT_UNREADABLE),
        (c.SetAgenda(MENTOR, 1, ("\u202e",)), Refusal.TEXT_UNREADABLE),
        (c.SetAgenda(MENTOR, 1, ("\ud800",)), Refusal.TEXT_UNREADABLE),
        (c.AskCoordinator(MENTOR, c.Matter.OTHER, "x" * 1_000_000), Refusal.TEXT_TOO_LONG),
    ],
    ids=str,
)
async def test_what_cannot_be_done_is_refused_without_a_trace(life: Life, command: c.Command, code: Refusal) -> None:
    """A code that callers can rely on, and a history that did not grow."""
    assert await refusal(life, command) is code


# --- past our own client ----------------------------------------------------------------------------------------

GOOD = {"by": MENTOR, "session": 1, "points": ["x"], "kind": "set_agenda"}


def _raw(text: bytes) -> RawValue:
    return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=text))


def _json(**changes: Any) -> bytes:
    return json.dumps(GOOD | changes).encode()


@pytest.mark.parametrize(
    "payload",
    [
        _json(points=["x" * 1_000_000]),
        _json(by="x" * 1_000_000),
        _json(points=["x"] * 100_000),
        _json(points=["\ud800"]),
        _json(points=["a\rb"]),
        _json(points=["\0"]),
        _json(points="x"),
        _json(points=None),
        _json(points=[["x"]]),
        _json(session="one"),
        _json(session=1.5),
        _json(session=2**70),
        _json(session=float("nan")),
        _json(by=5),
        _json(by=""),
        _json(by=STRANGER),
        b'{"by": "person-mia"}',
        b"[]",
        b"null",
        b"no json",
        b"",
        b"\xff\xfe",
        b"[" * 5_000 + b"]" * 5_000,
        b'{"by": "person-mia", "session": 1' + b"0" * 5_000 + b', "points": ["x"]}',
    ],
    ids=lambda payload: repr(payload[:40]),
)
async def test_no_payload_sent_past_our_client_leaves_a_trace(life: Life, payload: bytes) -> None:
    """Refused by the validator or while it is decoded; the workflow goes on as if nothing had been."""
    before, events = await life.history_length(), (await life.status()).events
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await life.workflow.execute_update("set_agenda", _raw(payload))
    assert isinstance(refused.value.cause, ApplicationError)
    assert await life.history_length() == before
    assert (await life.status()).events == events


async def test_a_naive_moment_sent_past_our_client_is_refused_by_its_code(life: Life) -> None:
    """The catalogue code travels in the error itself."""
    move = {"by": MENTOR, "session": 1, "starts_at": "2030-01-01T10:00:00", "kind": "move_session"}
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await life.workflow.execute_update("move_session", move)
    cause = refused.value.cause
    assert isinstance(cause, ApplicationError)
    assert (cause.type, cause.details[0]) == (REJECTED, Refusal.NOT_A_DATE)


async def test_an_update_that_there_is_not_is_refused(life: Life) -> None:
    """A newer caller, or a guess."""
    before = await life.history_length()
    with pytest.raises(WorkflowUpdateFailedError):
        await life.workflow.execute_update("promote", GOOD)
    assert await life.history_length() == before


async def test_signals_that_nobody_expects_change_nothing(rig: Rig) -> None:
    """A forged machine message is noted by the engine and by nobody else."""
    life = await rig.life(*UNDER_WAY)
    events = (await life.status()).events
    await life.workflow.signal("exit", {"by": MENTOR, "kind": "exit"})
    await life.rest()
    assert (await life.status()).events == events
    assert kinds_of(events_of(await life.runs()))["WORKFLOW_TASK_FAILED"] == 0


async def test_mail_headers_hidden_in_what_people_write_stay_text(rig: Rig) -> None:
    """An encoded word in a goal or an agenda is shown as it was typed, and no subject repeats what people wrote."""
    hidden = "=?utf-8?q?hi=0ABcc:_evil@x.example?="
    goal = c.Goal(c.GoalOwner.PAIR, hidden, hidden, c.Measure.COUNT, 1, 2)
    life = await rig.life(both_accepted, both_signed)
    await life.on.propose_goals(by=MENTOR, goals=(goal,), topics=(hidden,))
    await life.on.agree_goals(by=MENTEE, proposal=1, baselines=(1,))
    await life.on.set_agenda(by=MENTOR, session=1, points=(hidden,))
    await life.until((await next_session(life)).starts_at - timedelta(hours=1))
    reminders = life.mails(LetterKind.SESSION_REMINDER)
    assert [hidden in mail.text for mail in reminders] == [True, True]
    assert not any("=?" in mail.subject or "\n" in mail.subject for mail in life.mails())
