"""The embedded Temporal UI over relationships in known states, and a browser before it."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from mentoring_lifecycle.contracts.codec import EncryptionCodec
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from tests.workflows.conftest import set_up
from tests.workflows.life import Rig, quick_rig

from .operator import Operator
from .stories import lived


def pytest_addoption(parser: pytest.Parser) -> None:
    """The pictures of docs/temporal-ui.md are taken on request."""
    parser.addoption("--screenshots", action="store_true", help="take the pictures of docs/images anew")


@pytest.fixture(scope="session")
async def temporal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedTemporal]:
    async with EmbeddedTemporal(tmp_path_factory.mktemp("temporal"), ui=True) as server:
        await set_up(server.address)
        yield server


@pytest.fixture(scope="session")
async def rig(temporal: EmbeddedTemporal) -> AsyncIterator[Rig]:
    """All relationships of stories.py, and the worker that answers for them, with a key that the UI has not."""
    codec = EncryptionCodec({"k1": os.urandom(32)}, "k1", accept_plaintext=False)
    async with quick_rig(temporal.address, codec, queue="mentoring") as rig:
        await lived(rig)
        yield rig


@pytest.fixture(scope="session")
async def operator(temporal: EmbeddedTemporal, rig: Rig) -> AsyncIterator[Operator]:
    """Somebody who has set up the columns of docs/temporal-ui.md in their browser."""
    chromium = shutil.which("chromium")
    assert chromium, 'chromium is missing: apt-get install chromium, or -m "not chromium"'
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = await browser.new_context(viewport={"width": 1640, "height": 1300}, timezone_id="UTC")
        operator = Operator(await context.new_page(), f"{temporal.ui_url}/namespaces/mentoring")
        await operator.choose_columns()
        yield operator
        await browser.close()


@pytest.fixture
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where pictures go: into docs/images when they are asked for, else away."""
    return request.config.rootpath / "docs/images" if request.config.getoption("--screenshots", False) else tmp_path
