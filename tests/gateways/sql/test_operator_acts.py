"""What operators did is added to and never changed, whoever is connected to the database."""

import pytest
from sqlalchemy import Delete, Update, delete, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mentoring_lifecycle.gateways.database import operator_acts
from mentoring_lifecycle.gateways.operator_acts_sql import BEGUN, SqlOperatorActs

ACT = {"person": "o-1", "act": "bulk_hold", "target": "MentoringProgramme = 'p'", "why": "programme_break"}


async def test_rows_come_back_in_their_order(engine: AsyncEngine) -> None:
    """The last ones, oldest first; an act has a beginning and an end."""
    acts = SqlOperatorActs(engine)
    for act_id in ("a", "b"):
        await acts.note(act_id, **ACT)
        await acts.note(act_id, **ACT, result="held 2")
    told = [(row.act_id, row.person, row.result) for row in await acts.rows(limit=3)]
    assert told == [("a", "o-1", "held 2"), ("b", "o-1", BEGUN), ("b", "o-1", "held 2")]


@pytest.mark.parametrize(
    "change", [update(operator_acts).values(person="o-2"), delete(operator_acts)], ids=["changed", "removed"]
)
async def test_no_row_is_ever_changed_or_removed(engine: AsyncEngine, change: Update | Delete) -> None:
    """The database itself refuses, so that nobody who can connect to it rewrites the past."""
    acts = SqlOperatorActs(engine)
    await acts.note("a", **ACT)
    with pytest.raises(DBAPIError, match="never changed"):
        async with engine.begin() as connection:
            await connection.execute(change)
    assert [row.person for row in await acts.rows()] == ["o-1"]
