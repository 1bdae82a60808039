"""Secret reply addresses in SQL."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from mentoring_lifecycle.contracts.reply_address import ReplyTemplate, new_token
from mentoring_lifecycle.gateways.database import insert_into, reply_addresses


class SqlReplyAddresses:
    """One address per relationship and person, for ever; satisfies ReplyAddresses."""

    def __init__(self, engine: AsyncEngine, template: ReplyTemplate) -> None:
        self._engine = engine
        self._template = template

    async def address_for(self, relationship: str, person: str) -> str:
        """The address, made when first asked for and the same ever after; committed when this returns."""
        token = await self._token_of(relationship, person)
        return self._template.address(token or await self._made(relationship, person))

    async def owner_of(self, token: str) -> tuple[str, str] | None:
        """Relationship and person of the secret part of an address, in lower case."""
        wanted = select(reply_addresses.c.relationship, reply_addresses.c.person).where(
            reply_addresses.c.token == token
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        return (row.relationship, row.person) if row else None

    async def _token_of(self, relationship: str, person: str) -> str | None:
        columns = reply_addresses.c
        wanted = select(columns.token).where(columns.relationship == relationship, columns.person == person)
        async with self._engine.connect() as connection:
            return (await connection.execute(wanted)).scalar_one_or_none()

    async def _made(self, relationship: str, person: str) -> str:
        """Whoever comes second finds the first one's: an address that has been written to is never replaced."""
        row = {"token": new_token(), "relationship": relationship, "person": person}
        add = insert_into(reply_addresses, self._engine).values(row)
        async with self._engine.begin() as connection:
            await connection.execute(add.on_conflict_do_nothing(index_elements=["relationship", "person"]))
        token = await self._token_of(relationship, person)
        assert token
        return token
