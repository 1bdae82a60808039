"""What a command works with, opened from the settings and closed behind it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from mentoring_lifecycle.starter.client import MentoringClient

_Answer = TypeVar("_Answer")


def with_client(use: "Callable[[MentoringClient], Awaitable[_Answer]]") -> _Answer:
    """Run this over a client of both namespaces."""
    from mentoring_lifecycle.domain.authorisation import Channel
    from mentoring_lifecycle.settings import read_settings
    from mentoring_lifecycle.starter.connection import opened_client

    async def used() -> _Answer:
        async with opened_client(read_settings(), Channel.COMMAND_LINE) as client:
            return await use(client)

    return asyncio.run(used())


def with_cases(use: "Callable[[MentoringClient], Awaitable[_Answer]]") -> _Answer:
    """The same for what has to do with cases. Raises SettingsError where their key is asked for and not here."""
    from mentoring_lifecycle.settings import read_settings

    read_settings().cases_codec()
    return with_client(use)


def with_database(use: "Callable[[AsyncEngine], Awaitable[_Answer]]") -> _Answer:
    """Run this over the database alone; no Temporal server is asked."""
    from mentoring_lifecycle.settings import read_settings

    return _with(read_settings().database_url, use)


def with_cases_database(use: "Callable[[AsyncEngine], Awaitable[_Answer]]") -> _Answer:
    """The same over the database of the cases."""
    from mentoring_lifecycle.settings import read_settings

    return _with(read_settings().cases_database(), use)


def _with(url: str, use: "Callable[[AsyncEngine], Awaitable[_Answer]]") -> _Answer:
    from mentoring_lifecycle.gateways.database import open_database

    async def used() -> _Answer:
        engine = open_database(url)
        try:
            return await use(engine)
        finally:
            await engine.dispose()

    return asyncio.run(used())
