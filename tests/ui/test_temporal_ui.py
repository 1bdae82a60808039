"""What docs/temporal-ui.md promises to an operator: on a real server, and in a real browser before the real UI."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from tests.workflows.life import PEOPLE, Rig

from .operator import COLUMNS, Operator
from .stories import STORIES, Story

PAGE = Path(__file__).parents[2] / "docs/temporal-ui.md"

VIEWS = {
    "under way": set(STORIES) - {"r-113"},
    "look first": {"r-102", "r-104", "r-110"},
    "late": {"r-102"},
    "programme team": {"r-104", "r-110"},
    "signatures": {"r-103", "r-104"},
    "paused": {"r-108"},
    "on hold": {"r-109", "r-111"},
    "looking back": {"r-112"},
    "due soon": {"r-106", "r-109", "r-110", "r-111"},
    "one programme": {"r-110", "r-111", "r-114"},
    "ended": {"r-113"},
}
"""Which relationships of stories.py each view of the page finds."""

SOON = timedelta(days=13, hours=12)
"""Before the end of any invitation, after any first session."""

EVERYTHING = "WorkflowType = 'MentoringRelationship' AND ExecutionStatus IN ('Running', 'Completed')"


def views() -> dict[str, str]:
    """Name and query of each view on the page, with the instant in it brought up to date."""
    found = re.findall(r"^\| ([a-z ]+) \| `(.+?)` \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    soon = f"{datetime.now(UTC) + SOON:%Y-%m-%dT%H:%M:%SZ}"
    return {name: re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", soon, query) for name, query in found}


def test_the_page_has_these_views() -> None:
    """Each one of the page is tried below, and no other."""
    assert set(views()) == set(VIEWS)


@pytest.fixture(scope="session")
def client(rig: Rig) -> Client:
    """On the namespace of the relationships."""
    return rig.clock.client


async def _found(client: Client, query: str) -> list[str]:
    return [found.id.removeprefix("relationship/") async for found in client.list_workflows(query)]


async def _settled(client: Client, query: str, expected: set[str]) -> list[str]:
    """The list may be behind by a moment; it is asked until it agrees, or for so long that it never will."""
    for _ in range(100):
        if (found := await _found(client, query)) and set(found) == expected:
            break
    return found


@pytest.mark.parametrize("view", VIEWS)
async def test_a_view_finds_what_it_says(client: Client, view: str) -> None:
    """Exactly these relationships, each once, on a server that holds all their earlier runs as well."""
    found = await _settled(client, views()[view], VIEWS[view])
    assert sorted(found) == sorted(VIEWS[view])


async def test_without_a_status_runs_of_the_past_are_found_too(client: Client) -> None:
    """Why each view names one: an earlier run keeps the attributes that it ended with."""
    found = await _found(client, "MentoringPhase = 'ground_rules'")
    assert len(found) > len(set(found)) or set(found) > VIEWS["signatures"]


# --- in the browser ---------------------------------------------------------------------------------------------

in_chromium = pytest.mark.chromium


@in_chromium
async def test_the_list_shows_where_each_relationship_stands(operator: Operator, pictures: Path) -> None:
    """Phase, standing, health, whose turn it is, what is due and the programme, without opening anything."""
    await operator.look_for(EVERYTHING)
    rows = await operator.rows(len(STORIES))
    assert {row["Workflow ID"].removeprefix("relationship/") for row in rows} == set(STORIES)
    for row in rows:
        assert tuple(row) == COLUMNS
        _agrees(row, STORIES[row["Workflow ID"].removeprefix("relationship/")])
    await operator.picture(pictures / "ui-list.png", down_to=operator.last_row)


def _agrees(row: dict[str, str], story: Story) -> None:
    shown = row["MentoringPhase"], row["MentoringStanding"], row["MentoringHealth"], row["MentoringProgramme"]
    assert shown == (story.phase, story.standing, story.health, story.programme)
    assert row["MentoringAwaiting"] in story.awaiting
    assert bool(row["MentoringNextDueAt"]) == story.is_running


@in_chromium
@pytest.mark.parametrize("health", ["ok", "waiting", "overdue", "attention"])
async def test_filtered_by_health_the_list_shows_only_those(operator: Operator, pictures: Path, health: str) -> None:
    """Everything that is running and so well, and nothing else."""
    expected = {name for name, story in STORIES.items() if story.is_running and story.health == health}
    await operator.look_for(f"ExecutionStatus = 'Running' AND MentoringHealth = '{health}'")
    rows = await operator.rows(len(expected))
    assert {row["Workflow ID"].removeprefix("relationship/") for row in rows} == expected
    assert {row["MentoringHealth"] for row in rows} == {health}
    if health == "attention":
        await operator.picture(pictures / "ui-attention.png", down_to=operator.last_row)


@in_chromium
async def test_a_view_can_be_kept(operator: Operator) -> None:
    """Saved under its name, it is found again among the saved views."""
    await operator.look_for(views()["look first"])
    await operator.rows(len(VIEWS["look first"]))
    await operator.save_view("look first")
    await operator.open_view("look first")
    rows = await operator.rows(len(VIEWS["look first"]))
    assert {row["Workflow ID"].removeprefix("relationship/") for row in rows} == VIEWS["look first"]


DETAILS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "onboarding": ("r-101", "invitation", ("mentor: an answer to the invitation", "it ends as expired", ": reminder")),
    "ground-rules": (
        "r-103",
        "rules_to_sign",
        ("mentee: a signature of the ground rules", "programme team decides"),
    ),
    "goals": ("r-105", "goals_to_set", ("goals to be proposed or agreed to", "the programme team decides")),
    "active": ("r-107", "session_question", ("whether session 1 took place", "session 2 begins", "reminded 0 of 2")),
    "paused": ("r-108", "paused", ("Awaiting nobody; paused since", "it goes on by itself")),
    "on-hold": ("r-109", "on_hold", ("Awaiting coordinator since", "to lift the hold", "look at the hold")),
    "closing": ("r-112", "final_feedback", ("a look back", "it closes without waiting any longer")),
    "closed": ("r-113", "farewell", ("Awaiting nobody", "Next due nothing", "outcome completed")),
}
"""By phase or standing: a relationship, a summary of its timeline, words of its details."""


@in_chromium
@pytest.mark.parametrize("stage", DETAILS)
async def test_the_page_of_a_relationship_tells_its_story(operator: Operator, pictures: Path, stage: str) -> None:
    """In its details: where it is, who is awaited since when, what is due, what happens then. In its timeline: what
    was done, in words. Nobody is named in either."""
    relationship, summary, words = DETAILS[stage]
    story = STORIES[relationship]
    await operator.open(relationship, "User Metadata")
    told = await operator.details()
    expected = (f"Phase {story.phase} · standing {story.standing} · health {story.health}", *words)
    assert [each for each in expected if each not in told] == []
    assert not any(name in told for person in PEOPLE for name in (person.id, person.name))
    await operator.picture(pictures / f"ui-{stage}.png", down_to=operator.details_frame)
    await operator.open(relationship, "Timeline")
    await operator.shows(summary)


@in_chromium
async def test_the_timeline_says_what_each_timer_is_for(operator: Operator, pictures: Path) -> None:
    """The one that runs, and those of the past."""
    await operator.open("r-107", "Timeline")
    for words in (
        "reminder of the session 20",
        "question whether the session took place 20",
        "calendar.apply • keep_entry",
    ):
        await operator.shows(words)
    await operator.picture_of(pictures / "ui-timeline.png", "Timeline")


@in_chromium
async def test_the_ui_asks_nobody_but_this_computer(operator: Operator) -> None:
    """No newer version is looked for, no font and no news fetched, on the list or on any page above."""
    await operator.look_for(EVERYTHING)
    await operator.rows(len(STORIES))
    await operator.open("r-106", "Event History")
    assert operator.elsewhere == []
