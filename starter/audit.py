"""Who did what as an operator, when and why: written down before it is done, and when it is done."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.checks import require_identifiers
from mentoring_lifecycle.starter.why_codes import Why


class Acts(Protocol):
    """Where acts are written down."""

    async def note(self, act_id: str, *, person: str, act: str, target: str, why: str, result: str = ...) -> None:
        """Add one row; committed when this returns."""


@dataclass
class Audited:
    """An act under way; whoever does it says what came of it."""

    result: str = "done"


class Audit:
    """Writes acts down."""

    def __init__(self, acts: Acts) -> None:
        self._acts = acts

    @asynccontextmanager
    async def of(self, act: str, target: str, *, by: str, why: Why) -> AsyncIterator[Audited]:
        """Write the act down, let it happen, and write down what came of it, a refusal or a failure as well.

        Raises CommandRejected where `by` is no person's id; nothing is done and written then.
        """
        require_identifiers(by=by)
        row = {"person": by, "act": act, "target": target, "why": why.value}
        act_id, under_way = str(uuid.uuid4()), Audited("interrupted")
        await self._acts.note(act_id, **row)
        try:
            yield under_way
        except CommandRejected as refused:
            under_way.result = f"refused: {refused.code}"
            raise
        except Exception as error:
            under_way.result = f"failed: {type(error).__name__}"
            raise
        finally:
            await self._acts.note(act_id, **row, result=under_way.result)
