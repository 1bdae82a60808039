"""`mentoring ops` as an operator types it, over everything real: what it shows, and how it ends."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mentoring_lifecycle.embedded.go_build import BuiltServer
from mentoring_lifecycle.embedded.provision import DevServer
from mentoring_lifecycle.embedded.server import EmbeddedTemporal

from .conftest import set_up
from .life import UNDER_WAY
from .real import RealRig, real_rig

WHO = ["--by", "o-1", "--why", "programme_break"]
ALL = ["--query", "MentoringProgramme = 'both-ways'"]


@pytest.fixture(scope="module")
async def house(programs: BuiltServer | DevServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealRig]:
    """On a server of its own: an operator looks at, and holds, everything that is there."""
    folder = tmp_path_factory.mktemp("house")
    async with EmbeddedTemporal(folder / "temporal", programs=programs) as temporal:
        await set_up(temporal.address)
        async with real_rig(temporal, folder) as rig:
            yield rig


async def ops(rig: RealRig, *arguments: str) -> tuple[int, Any, str]:
    """Exit code, what programs read, and what people are told."""
    command = rig._python("mentoring_lifecycle.starter", "ops", *arguments, "--output", "json")
    ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    return ended.returncode, json.loads(ended.stdout) if ended.stdout else None, ended.stderr


async def test_an_operator_looks(house: RealRig) -> None:
    """Why one waits, that nothing is stuck, that calendars are as they should be; an unknown id ends with 1."""
    life = await house.life()
    code, told, _ = await ops(house, "explain", life.id)
    assert (code, told["causes"][0]["code"], told["awaiting"]) == (0, "answer_awaited", "both")
    await life.past(*UNDER_WAY)
    code, told, _ = await ops(house, "explain", life.id)
    assert (code, told["causes"][0]["code"]) == (0, "session_ahead")
    code, rows, _ = await ops(house, "stuck")
    assert (code, life.id in {row["relationship"] for row in rows}) == (0, False)
    code, rows, said = await ops(house, "verify-calendars")
    assert [row for row in rows if row["relationship"] == life.id] == [], said
    code, _, said = await ops(house, "explain", "nobody-knows")
    assert (code, "unknown_relationship" in said) == (1, True)


async def test_an_operator_holds_lifts_and_is_remembered(house: RealRig) -> None:
    """A batch by its id, a refusal with its exit code, and every act but those that only look in the audit."""
    life = await house.life()
    foreseen: tuple[int, Any, str] = (0, None, "")
    while not foreseen[1]:  # a list may be behind by a moment
        foreseen = await ops(house, "hold", *ALL, *WHO, "--dry-run")
    assert "Batch" not in foreseen[2], "there is none to keep"
    code, rows, said = await ops(house, "hold", *ALL, *WHO, "--rate", "6000")
    batch = said.split()[1].rstrip(":")
    assert (code, {"relationship": life.id, "result": "held"} in rows) == (0, True)
    await life.rest()
    code, rows, _ = await ops(house, "lift", *ALL, *WHO, "--id", batch, "--rate", "6000")
    assert (code, {"relationship": life.id, "result": "lifted"} in rows) == (0, True)
    code, _, said = await ops(house, "effects", "retry", "nothing", *WHO)
    assert (code, "unknown_effect" in said) == (1, True)
    code, _, _ = await ops(house, "effects", "give-up", f"{life.id}/-/invitation/mentor/0", *WHO)
    assert code == 1
    assert (await ops(house, "hold", "--query", " ", *WHO))[0] == 2
    code, rows, _ = await ops(house, "audit")
    acts = [(row["act"], row["person"], row["why"]) for row in rows if row["result"] == "begun"]
    done = ("bulk_hold", "bulk_lift", "retry_effect", "give_up_effect")
    assert acts == [(act, "o-1", "programme_break") for act in done]
