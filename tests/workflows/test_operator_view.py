"""What an operator reads without opening a payload: search attributes and current details, true at every stage."""

import json
import re
from collections.abc import Sequence
from datetime import datetime

import pytest
from temporalio.api.enums.v1 import EventType

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.domain.commands import Matter
from mentoring_lifecycle.domain.hours import Coming
from mentoring_lifecycle.domain.letters import LetterKind

from .life import (
    GOAL,
    MENTEE,
    MENTOR,
    UNDER_WAY,
    Life,
    Past,
    Rig,
    World,
    both_accepted,
    both_confirmed,
    both_looked_back,
    both_signed,
    end_reached,
    events_of,
    kinds_of,
    session_over,
    sessions_held,
)


async def _mentor_accepted(life: Life) -> None:
    await life.on.accept(by=MENTOR)


async def _proposed(life: Life) -> None:
    await life.on.propose_goals(by=MENTOR, goals=(GOAL,))


async def _paused(life: Life) -> None:
    await life.on.pause(by=MENTOR)


async def _held(life: Life) -> None:
    await life.on.hold()


async def _asked(life: Life) -> None:
    await life.on.ask_coordinator(by=MENTEE, matter=Matter.MATERIAL, words="A book?")


async def _slept(life: Life) -> None:
    await life.days(13)


async def _left(life: Life) -> None:
    await life.on.exit(by=MENTEE)


STAGES: dict[str, tuple[Sequence[Past], str, str, str, str]] = {
    "opened": ((), "onboarding", "normal", "waiting", "pair"),
    "one accepted": ((_mentor_accepted,), "onboarding", "normal", "waiting", "pair"),
    "nobody answers": ((_slept,), "onboarding", "normal", "overdue", "pair"),
    "accepted": ((both_accepted,), "ground_rules", "normal", "waiting", "pair"),
    "signed": ((both_accepted, both_signed), "goals", "normal", "waiting", "pair"),
    "goals proposed": ((both_accepted, both_signed, _proposed), "goals", "normal", "waiting", "pair"),
    "under way": (UNDER_WAY, "active", "normal", "ok", "nobody"),
    "session over": ((*UNDER_WAY, session_over), "active", "normal", "waiting", "pair"),
    "session settled": ((*UNDER_WAY, session_over, both_confirmed), "active", "normal", "ok", "nobody"),
    "help asked": ((*UNDER_WAY, _asked), "active", "normal", "attention", "coordinator"),
    "paused": ((*UNDER_WAY, _paused), "active", "paused", "ok", "nobody"),
    "held": ((*UNDER_WAY, _held), "active", "on_hold", "ok", "coordinator"),
    "last day": ((*UNDER_WAY, sessions_held(3), end_reached), "closing", "normal", "waiting", "pair"),
    "completed": ((*UNDER_WAY, sessions_held(3), end_reached, both_looked_back), "closed", "normal", "ok", "nobody"),
    "left": ((*UNDER_WAY, _left), "closed", "normal", "ok", "nobody"),
}


@pytest.mark.parametrize("stage", STAGES)
async def test_the_list_and_the_page_tell_where_it_stands(rig: Rig, stage: str) -> None:
    """Phase, standing, health and whose turn it is: in the search attributes, and on the workflow's own page."""
    past, phase, standing, health, awaiting = STAGES[stage]
    life = await rig.life(*past)
    shown, details, status = await life.shown(), await life.details(), await life.status()
    turn = "pair" if shown["awaiting"] in ("mentor", "mentee", "both") else shown["awaiting"]
    assert (shown["phase"], shown["standing"], shown["health"], turn) == (phase, standing, health, awaiting)
    assert f"**Phase** {phase} · **standing** {standing} · **health** {health}" in details
    assert f"**Awaiting** {status.awaiting}" in details
    assert ("**outcome**" in details) == (phase == "closed")


async def test_the_next_hour_is_shown_to_the_day(rig: Rig) -> None:
    """A list can be sorted by what is due, and the page names the same moment."""
    life = await rig.life(*UNDER_WAY)
    status = await life.status()
    shown = (await life.workflow.describe()).typed_search_attributes[names.NEXT_DUE_AT]
    assert status.next_due_at
    assert shown.date() == status.next_due_at.date()
    assert f"**Next due** {status.next_due_at:%Y-%m-%d %H:%M} UTC" in await life.details()


async def test_what_waits_to_be_delivered_is_told(rig: Rig, broken: World) -> None:
    """With the mail server away the page says how much is waiting."""
    broken.mail_server_goes()
    life = await rig.life()
    assert "**Waiting to be delivered** 2" in await life.details()


async def test_a_list_of_relationships_comes_from_the_attributes_alone(rig: Rig) -> None:
    """The client's list agrees with each relationship's own view."""
    life = await rig.life(*UNDER_WAY, _held, programme="only-this-one")
    rows = [row async for row in rig.mentoring.list("MentoringProgramme = 'only-this-one'")]
    while not rows or rows[0].standing != "on_hold":  # a list may be behind by a moment
        rows = [row async for row in rig.mentoring.list("MentoringProgramme = 'only-this-one'")]
    (row,) = rows
    assert (row.relationship, row.phase, row.status) == (life.id, "active", "running")
    assert isinstance(row.next_due_at, datetime | None)


async def test_a_cluster_without_our_attributes_is_served_too(rig: Rig) -> None:
    """Switched off, not one upsert is written in a whole life, and the page still tells."""
    life = await rig.life(*UNDER_WAY, _left, shows_search_attributes=False)
    assert kinds_of(events_of(await life.runs()))["UPSERT_WORKFLOW_SEARCH_ATTRIBUTES"] == 0
    assert "**Phase** closed" in await life.details()


# --- summaries --------------------------------------------------------------------------------------------------

_TIMER = re.compile(rf"({'|'.join(Coming)}) \d{{4}}-\d\d-\d\d \d\d:\d\dZ")
_KINDS = {*LetterKind, "keep_entry", "remove_entry", "verify_calendar"}
_PLAIN = {"propose times for a session", "find the time of a session", "append to the journal"}


def _is_of_the_catalogue(summary: str) -> bool:
    kinds = re.sub(r" and \d+ more$", "", summary).split(", ")
    return summary in _PLAIN or _TIMER.fullmatch(summary) is not None or set(kinds) <= _KINDS


async def _needs_much(life: Life) -> None:
    await life.past(_asked, _held)
    await life.days(30)
    await life.on.lift()
    await life.past(session_over, both_confirmed, _paused, _left)


@pytest.mark.parametrize("past", [(*UNDER_WAY, _needs_much), (_slept, _slept), (both_accepted, _slept, _slept)])
async def test_every_timer_and_activity_says_what_it_is_for(rig: Rig, past: Sequence[Past]) -> None:
    """In words of a closed catalogue, so in none of a person; a timer says what it rings for, too."""
    life = await rig.life(*past)
    events = [event for event in events_of(await life.runs()) if event.event_type in _TO_BE_SUMMED_UP]
    summaries = [json.loads(event.user_metadata.summary.data or b'""') for event in events]
    assert len(events) > 4
    assert [each for each in summaries if not _is_of_the_catalogue(each)] == []


_TO_BE_SUMMED_UP = (
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_MARKER_RECORDED,
)


def test_what_is_no_word_of_the_catalogue_is_noticed() -> None:
    """The test above would see an empty summary, an id of a person, and a timer that does not say what for."""
    assert _is_of_the_catalogue("session_invitation, session_question")
    assert not any(_is_of_the_catalogue(each) for each in ("", f"session_invitation {MENTOR}", "2027-01-12 09:00Z"))
