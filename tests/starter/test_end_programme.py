"""A whole programme is ended slowly, may be stopped, and is begun again without doing anything twice (edge case 22)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from mentoring_lifecycle.starter import client as typed
from mentoring_lifecycle.starter import programme
from mentoring_lifecycle.starter.__main__ import app
from mentoring_lifecycle.starter.answers import CommandRejected, OutcomeUnknown
from mentoring_lifecycle.starter.client import END_OF_PROGRAMME, MentoringClient, ProgrammeEnd, RelationshipRow


class Programme(MentoringClient):
    """Some relationships, and what was asked of them when: waits are noted and not waited."""

    def __init__(self, *relationships: str, troubles: dict[str, Exception] | None = None) -> None:
        self.relationships = relationships
        self.troubles = troubles or {}
        self.asked: list[object] = []
        self.query = ""

    async def list(self, query: str = "", *, limit: int = 1000) -> AsyncIterator[RelationshipRow]:
        self.query = query
        for each in self.relationships:
            yield RelationshipRow(each, "p", "active", "normal", "ok", "nobody", None, "running")

    def relationship(self, relationship: str) -> Any:
        ended = self

        class Handle:
            async def do(self, command: c.Command, command_id: str = "") -> None:
                ended.asked.append((relationship, command, command_id))
                if relationship in ended.troubles:
                    raise ended.troubles[relationship]

        return Handle()

    async def ends(self, **options: Any) -> "list[ProgrammeEnd]":
        return [each async for each in self.end_programme("MentoringProgramme = 'p'", **options)]


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    noted: list[float] = []

    async def sleep(seconds: float) -> None:
        noted.append(seconds)

    monkeypatch.setattr(typed, "sleep", sleep)  # its own alone: whatever else runs in this process still sleeps
    return noted


async def test_case_22_one_after_the_other_and_so_many_a_minute(waits: list[float]) -> None:
    """Three at six a minute are ten seconds apart, each asked once, under the id that makes a repetition harmless."""
    ended = Programme("r-1", "r-2", "r-3")
    assert [each.result for each in await ended.ends(per_minute=6, notice_days=14)] == ["ends"] * 3
    command = c.EndByProgramme(PROGRAMME_OFFICE, 14)
    assert ended.asked == [(each, command, END_OF_PROGRAMME) for each in ("r-1", "r-2", "r-3")]
    assert waits == [10, 10]


async def test_a_dry_run_asks_nobody(waits: list[float]) -> None:
    """It says which would end, at once."""
    ended = Programme("r-1", "r-2")
    assert await ended.ends(dry_run=True) == [ProgrammeEnd("r-1", "would end"), ProgrammeEnd("r-2", "would end")]
    assert (ended.asked, waits) == ([], [])


async def test_what_cannot_end_is_named_and_the_rest_goes_on() -> None:
    """A hold is left alone; an answer that did not come is told, so that somebody runs it again."""
    troubles = {"r-1": CommandRejected(Rejection(Refusal.ON_HOLD)), "r-2": OutcomeUnknown("x")}
    ended = await Programme("r-1", "r-2", "r-3", troubles=troubles).ends()
    assert [each.result for each in ended] == ["on_hold", "unknown", "ends"]


async def test_only_what_runs_is_ended() -> None:
    """The given query is never widened by its own words."""
    ended = Programme()
    await ended.ends()
    assert ended.query == "(MentoringProgramme = 'p') AND ExecutionStatus = 'Running'"


def over(ended: Programme) -> Callable[[Any], object]:
    return lambda use: asyncio.run(use(ended))


def test_ctrl_c_tells_what_has_been_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped in the middle, the command shows those before, and ends with 130."""
    ended = Programme("r-1", "r-2", troubles={"r-2": KeyboardInterrupt()})  # type: ignore[dict-item]  # the point
    monkeypatch.setattr(programme, "with_client", over(ended))
    result = CliRunner().invoke(app, ["end-programme", "--query", "MentoringPhase = 'active'", "--output", "json"])
    assert result.exit_code == 130
    assert '"r-1"' in result.stdout
    assert '"r-2"' not in result.stdout


def test_an_empty_query_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody ends everything by leaving something out."""
    monkeypatch.setattr(programme, "with_client", over(Programme("r-1")))
    assert CliRunner().invoke(app, ["end-programme", "--query", " "]).exit_code == 2


def test_an_answer_that_did_not_come_is_said_by_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """4, as for a single act; the same command again settles it."""
    monkeypatch.setattr(programme, "with_client", over(Programme("r-1", troubles={"r-1": OutcomeUnknown("x")})))
    assert CliRunner().invoke(app, ["end-programme", "--query", "MentoringPhase = 'active'"]).exit_code == 4
