"""What is said in a report stands nowhere but with the case: not in any form, in any store that others can read."""

import base64
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import Client

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import SevereReport
from mentoring_lifecycle.domain.commands import Matter
from mentoring_lifecycle.embedded.server import EmbeddedTemporal

from .life import CONTACT, MENTEE, UNDER_WAY, Rig, quick_rig, raw_bytes, runs_of

CANARY = "Zinnober-Perché-7731"
WITNESS = "p-canary-4402"
"""Who reports; known to nobody else."""


def forms(canary: str) -> Iterator[bytes]:
    """As it would look wherever it was written down: as it is, in JSON, and in base64 at each of three offsets."""
    raw = canary.encode()
    yield raw
    yield json.dumps(canary).strip('"').encode()
    yield canary.encode("utf-16-le")
    for offset in range(3):
        padded = base64.b64encode(b"\0" * offset + raw)
        yield padded[4 if offset else 0 : len(padded) // 4 * 4 - 4]


def hits(store: bytes) -> list[str]:
    """Which canaries stand in it, in whatever form."""
    return [canary for canary in (CANARY, WITNESS) if any(form in store for form in forms(canary))]


async def _reported(rig: Rig, caplog: pytest.LogCaptureFixture) -> tuple[dict[str, bytes], bytes]:
    """Every store after a life with a case: those of everybody, and that of the case."""
    life = await rig.life(*UNDER_WAY)
    case = rig.case_id()
    report = SevereReport(case, Matter.RETALIATION, CANARY, WITNESS, MENTEE, life.id, pause_now=True)
    await rig.mentoring.report(report)
    workflow_id = names.case_workflow_id(case)
    await rig.cases.until_idle(workflow_id)
    await rig.mentoring.case(case).acknowledge(by=CONTACT)
    await rig.cases.until_idle(workflow_id)
    await life.rest()
    assert (await life.status()).standing == "on_hold"
    stores = {
        "histories": raw_bytes(await life.runs()),
        "visibility": await _visible(rig.clock.client) + await _visible(rig.cases.client),
        "mails": repr(rig.world.mail.sent).encode(),
        "calendars": repr(rig.world.calendar.calendars).encode(),
        "ledger": repr(rig.world.ledger.rows).encode(),
        "journal": repr(rig.world.journal.entries).encode(),
        "logs": caplog.text.encode(),
    }
    return stores, raw_bytes(await runs_of(rig.cases.client, workflow_id))


async def _visible(client: Client) -> bytes:
    return b"".join([each.raw_info.SerializeToString() async for each in client.list_workflows()])


async def test_no_canary_of_a_report_stands_outside_its_case(
    temporal: EmbeddedTemporal, caplog: pytest.LogCaptureFixture
) -> None:
    """And in the case, without a key, it does: so it was there to be found."""
    caplog.set_level(logging.DEBUG)
    async with quick_rig(temporal.address) as rig:
        stores, kept = await _reported(rig, caplog)
    assert hits(kept) == [CANARY, WITNESS]
    for name, store in stores.items():
        assert store, f"{name} were not looked at"
        assert hits(store) == [], name


@pytest.mark.parametrize("form", [*forms(CANARY)])
def test_a_planted_canary_is_found(form: bytes, tmp_path: Path) -> None:
    """In each of its forms, in the middle of a file."""
    file = tmp_path / "store"
    file.write_bytes(b"\x00before " + form + b" after\xff")
    assert hits(file.read_bytes()) == [CANARY]
