"""One embedded server for all tests of this folder, and rigs on it."""

from collections.abc import AsyncIterator, Iterator

import pytest
from temporalio.client import Client

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.embedded.go_build import BuiltServer
from mentoring_lifecycle.embedded.namespaces import set_up_namespace
from mentoring_lifecycle.embedded.provision import DevServer, provide_server
from mentoring_lifecycle.embedded.server import EmbeddedTemporal

from .life import (
    STANDARD,
    UNDER_WAY,
    CalendarAfterMail,
    Life,
    Rig,
    World,
    both_looked_back,
    end_reached,
    quick_rig,
    sessions_held,
)


async def set_up(address: str) -> None:
    """Both namespaces, as `mentoring setup` makes them."""
    for namespace, wanted in (("mentoring", names.SEARCH_ATTRIBUTE_TYPES), ("mentoring-cases", {})):
        await set_up_namespace(await Client.connect(address, namespace=namespace), wanted)


@pytest.fixture(scope="session")
def programs() -> BuiltServer | DevServer:
    return provide_server()


@pytest.fixture(scope="session")
async def temporal(
    programs: BuiltServer | DevServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[EmbeddedTemporal]:
    async with EmbeddedTemporal(tmp_path_factory.mktemp("temporal"), programs=programs) as server:
        await set_up(server.address)
        yield server


@pytest.fixture(scope="module")
async def rig(temporal: EmbeddedTemporal) -> AsyncIterator[Rig]:
    async with quick_rig(temporal.address) as rig:
        yield rig


@pytest.fixture
def broken(rig: Rig) -> Iterator[World]:
    """The world of this module's rig, for tests that break it; whole again afterwards."""
    yield rig.world
    rig.world.mend()


@pytest.fixture(scope="session")
async def standard_life(temporal: EmbeddedTemporal) -> AsyncIterator[Life]:
    """26 weeks, 12 sessions, 32 human answers, each answer at rest before the next: the life that budgets count."""
    async with quick_rig(temporal.address, world=World(calendar=CalendarAfterMail())) as rig:
        yield await rig.life(*UNDER_WAY, sessions_held(12), end_reached, both_looked_back, policy=STANDARD)
