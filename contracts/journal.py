"""How a domain event is written down for good: every act, and no word that is somebody's own."""

from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter

from mentoring_lifecycle.contracts.deliveries import JournalEntry
from mentoring_lifecycle.domain.commands import Goal
from mentoring_lifecycle.domain.events import PRIVATE_FIELDS, Event

_EVENT: TypeAdapter[Any] = TypeAdapter(Event)

GOAL_NUMBERS = ("owner", "measure", "baseline", "target")
"""What is kept of a goal: whom it serves, how it is measured, and the numbers. Any other field may hold words."""

_GOAL_WORDS = {field.name for field in fields(Goal)} - set(GOAL_NUMBERS)
_LEFT_OUT = dict.fromkeys(PRIVATE_FIELDS, True) | {"goals": {"__all__": _GOAL_WORDS}}


def journal_entry(sequence: int, event: Event) -> JournalEntry:
    """The entry for one event; private fields are left out, so the journal can be read by an auditor."""
    body = _EVENT.dump_json(event, exclude=_LEFT_OUT).decode()
    return JournalEntry(sequence, event.kind, event.at, body)
