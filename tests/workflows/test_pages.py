"""Continue-as-new at every boundary: no command lost, no state grown, no gap in the journal."""

import asyncio
import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

from temporalio.client import WorkflowHistory

from mentoring_lifecycle.contracts.views import RelationshipView
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.events import Phase, RelationshipOutcome
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.starter.answers import CommandRejected

from .life import (
    COORDINATOR,
    GOAL,
    MENTEE,
    MENTOR,
    UNDER_WAY,
    Life,
    QuickLife,
    Rig,
    World,
    both_accepted,
    both_confirmed,
    both_signed,
    session_over,
    sessions_held,
)

LARGEST_CARRIED = 16 * 1024


def carried(history: WorkflowHistory) -> dict[str, Any]:
    """What a run was started with."""
    payload = history.events[0].workflow_execution_started_event_attributes.input.payloads[0]
    found: dict[str, Any] = json.loads(payload.data)
    return found


def size(history: WorkflowHistory) -> int:
    """Bytes of what a run was started with."""
    return history.events[0].workflow_execution_started_event_attributes.input.ByteSize()


async def test_a_whole_life_is_one_run_per_phase_and_session(standard_life: QuickLife) -> None:
    """Sixteen runs of which none is long, and the state that travels stays small to the last."""
    runs = await standard_life.runs()
    assert len(runs) == 16
    assert max(len(run.events) for run in runs) < 80
    assert [carried(run)["kind"] for run in runs] == ["start", *["carried"] * 15]
    assert max(size(run) for run in runs) < LARGEST_CARRIED


async def test_a_whole_life_is_completed_with_every_letter_once(standard_life: QuickLife) -> None:
    """Twelve sessions every two weeks over 26 weeks."""
    status = await standard_life.status()
    assert (status.outcome, status.sessions_held) == (RelationshipOutcome.COMPLETED, 12)
    expected = {"invitation": 2, "rules_to_sign": 2, "goals_to_set": 2, "goals_to_agree": 1}
    expected |= {"session_invitation": 24, "session_reminder": 24, "session_question": 24}
    expected |= {"closing_notice": 2, "final_feedback": 2, "farewell": 2, "closed_note": 1}
    assert standard_life.letters() == expected
    mentor, mentee = standard_life.entries().values()
    assert mentor == mentee
    assert len(mentor) == 12
    gaps = {(later - earlier).days for earlier, later in pairwise(mentor)}
    assert gaps <= {13, 14}  # in UTC a change of clocks takes an hour


async def test_commands_around_a_page_turn_are_all_done_once(rig: Rig) -> None:
    """Calls for help, each sent twice, race the command that ends a phase: every one is taken up exactly once."""
    life = await rig.life()
    await life.on.accept(by=MENTOR, induction_acknowledged=True, comfort=c.Comfort.YES)
    turning: list[c.Command] = [
        c.AnswerInvitation(MENTEE, True, True, c.Comfort.YES),
        c.SignRules(MENTEE, 1),
        c.AgreeGoals(MENTEE, 1, (4,)),
    ]
    getting_there: list[c.Command] = [c.SignRules(MENTOR, 1), c.ProposeGoals(MENTOR, (GOAL,)), c.Pause(MENTOR)]
    for turn, (command, preparation) in enumerate(zip(turning, getting_there, strict=True)):
        await _race(life, turn, command)
        await life.rest()
        await life.on.do(preparation)
    status = await life.status()
    assert (status.phase, status.open_help) == (Phase.ACTIVE, 0)
    assert life.letters()["help_received"] == 9
    assert [carried(run)["kind"] for run in await life.runs()] == ["start", *["carried"] * 3]


async def _race(life: Life, turn: int, command: c.Command) -> None:
    calls = [(c.AskCoordinator(MENTEE, c.Matter.MATERIAL, f"{n}"), f"ask-{turn}-{n}") for n in range(3)]
    both = [*calls, (command, f"turn-{turn}"), *reversed(calls)]
    await asyncio.gather(*(life.on.do(each, command_id) for each, command_id in both))
    assert len(await life.on.help_requests()) == 3
    await life.rest()  # of a call for help that is concluded before its letter could leave, only the outcome is told
    for number in range(3 * turn + 1, 3 * turn + 4):
        await life.on.conclude_help(by=COORDINATOR, help=number, outcome=c.HelpOutcome.ANSWERED)


async def test_an_exit_in_the_moment_of_a_page_turn_is_not_lost(rig: Rig) -> None:
    """The last answer of a session and somebody's leaving, sent together: it ends, and no session is left.

    Which of the two the server takes first is its own affair; an answer that comes second is refused in words.
    """
    life = await rig.life(*UNDER_WAY, session_over)
    await life.on.confirm_session(by=MENTOR, session=1, held=True)
    answer, left = await asyncio.gather(
        life.on.confirm_session(by=MENTEE, session=1, held=True), life.on.exit(by=MENTOR), return_exceptions=True
    )
    assert isinstance(left, RelationshipView)
    await life.rest()
    status = await life.status()
    held = 0 if isinstance(answer, CommandRejected) and answer.code is Refusal.CLOSED else 1
    assert (status.outcome, status.sessions_held) == (RelationshipOutcome.NO_FAULT_EXIT, held)
    assert life.letters()["session_cancelled"] == 2


async def test_the_longest_words_of_a_pair_travel_too(rig: Rig) -> None:
    """Everything that a pair may write, at full length, does not outgrow what a run hands to the next."""
    life = await rig.life(both_accepted, both_signed)
    goal = replace(GOAL, title="t" * 200, success_criterion="s" * 1_000)
    await life.on.propose_goals(by=MENTOR, goals=(goal,) * 3, topics=("x" * 200,) * 10)
    await life.on.agree_goals(by=MENTEE, proposal=1, baselines=(4, 4, 4))
    await life.rest()
    await life.on.set_agenda(by=MENTOR, session=1, points=("p" * 200,) * 10)
    await life.past(session_over, both_confirmed)
    assert max(size(run) for run in await life.runs()) < LARGEST_CARRIED


async def test_a_page_turns_although_the_mail_server_is_away(rig: Rig, broken: World) -> None:
    """What could not be delivered travels with the state and is delivered, once, when the server is back."""
    life = await rig.life(both_accepted)
    broken.mail_server_goes()
    await life.past(both_signed)
    assert (await life.status()).phase is Phase.GOALS
    newest = carried((await life.runs())[-1])
    assert [each["effect"]["purpose"] for each in newest["outbox"]] == ["goals_to_set"] * 2
    broken.mail_server_returns()
    await life.days(1)
    assert life.letters()["goals_to_set"] == 2


async def test_a_journal_that_cannot_be_written_is_caught_up_with(rig: Rig, broken: World) -> None:
    """Events travel with the state while the database is away; once it is back the journal is complete, without gap."""
    life = await rig.life(both_accepted)
    broken.journal.away = True
    await life.past(both_signed)
    await life.on.propose_goals(by=MENTOR, goals=(GOAL,))
    await life.on.agree_goals(by=MENTEE, proposal=1, baselines=(4,))
    await life.past(session_over, both_confirmed)
    newest = carried((await life.runs())[-1])
    assert len(newest["tail"]) == newest["state"]["sequence"] - newest["journaled"] > 10
    broken.journal.away = False
    await life.past(sessions_held(2))
    status, kept = await life.status(), broken.journal.entries[life.id]
    assert [entry.sequence for entry in kept] == list(range(1, len(kept) + 1))
    assert status.events - len(kept) < 10
    await life.on.exit(by=MENTOR)
    await life.rest()
    kept = broken.journal.entries[life.id]
    assert [entry.sequence for entry in kept] == list(range(1, (await life.status()).events + 1))


async def test_a_close_waits_for_the_journal(rig: Rig, broken: World) -> None:
    """The last entries are written before the workflow ends, however long the database was away."""
    life = await rig.life()
    broken.journal.away = True
    await life.on.decline(by=MENTOR)
    await life.days(1)
    assert (await life.workflow.describe()).close_time is None
    broken.journal.away = False
    await life.days(0.1)
    assert (await life.workflow.describe()).close_time is not None
    assert life.events()[-1] == "closed"
