"""The people directory in SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, case, delete, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from mentoring_lifecycle.contracts.people import AddressState, Person
from mentoring_lifecycle.gateways.database import insert_into, people


class SqlPeople:
    """People by opaque id; satisfies PeopleGateway."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, person: str) -> Person | None:
        """The person, or None where the directory knows nobody (any more) by this id."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(people).where(people.c.id == person))).one_or_none()
        return _person(row) if row else None

    async def all(self) -> Sequence[Person]:
        """Everybody, in the order of ids."""
        async with self._engine.connect() as connection:
            return [_person(row) for row in await connection.execute(select(people).order_by(people.c.id))]

    async def save(self, persons: Iterable[Person]) -> None:
        """Add these people or replace what is known of them, all or none; nobody else is touched.

        Names and addresses are taken as checked. A new e-mail address is OK until it fails; the same address keeps
        the state it has, whatever the person given says.
        """
        # In the order of ids, so that two imports at once wait for each other instead of locking each other out.
        rows = [_columns(person) for person in sorted(persons, key=lambda person: person.id)]
        if not rows:
            return
        add = insert_into(people, self._engine)
        same_email = people.c.email == add.excluded.email
        changes = {column.name: add.excluded[column.name] for column in people.c if not column.primary_key} | {
            "address": case((same_email, people.c.address), else_=AddressState.OK.value)
        }
        async with self._engine.begin() as connection:
            await connection.execute(add.on_conflict_do_update(index_elements=["id"], set_=changes), rows)

    async def mark_address_failed(self, person: str) -> None:
        """Remember that mail to this person's present address is refused for good."""
        mark = update(people).where(people.c.id == person).values(address=AddressState.FAILED.value)
        async with self._engine.begin() as connection:
            await connection.execute(mark)

    async def erase(self, person: str) -> bool:
        """Forget a person; False when nobody was known by this id. Others may still carry the id as their manager's."""
        async with self._engine.begin() as connection:
            gone = await connection.execute(delete(people).where(people.c.id == person))
        return gone.rowcount > 0


def _columns(person: Person) -> dict[str, Any]:
    return asdict(person) | {"rest_days": ",".join(map(str, person.rest_days))}


def _person(row: Row[Any]) -> Person:
    rest_days = tuple(map(int, filter(None, row.rest_days.split(","))))
    return Person(**(row._asdict() | {"address": AddressState(row.address), "rest_days": rest_days}))
