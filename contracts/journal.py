"""How a domain event is written down for good: every act, and no word that is somebody's own."""

from typing import Any

from pydantic import TypeAdapter

from mentoring_lifecycle.contracts.deliveries import JournalEntry
from mentoring_lifecycle.domain.events import PRIVATE_FIELDS, Event

_EVENT: TypeAdapter[Any] = TypeAdapter(Event)


def journal_entry(sequence: int, event: Event) -> JournalEntry:
    """The entry for one event; private fields are left out, so the journal can be read by an auditor."""
    body = _EVENT.dump_json(event, exclude=set(PRIVATE_FIELDS)).decode()
    return JournalEntry(sequence, event.kind, event.at, body)
