"""What the journal says about the times that sessions have taken: the facts from which bookings follow."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mentoring_lifecycle.contracts.deliveries import JournalEntry

_TAKES = frozenset({"session_planned", "session_moved"})
_GIVES_BACK = frozenset({"session_cancelled", "session_settled"})
_GIVES_ALL_BACK = frozenset({"paused", "hold_placed", "end_decided", "closed"})


@dataclass(frozen=True, slots=True)
class TimeTaken:
    """A session has this time now, whatever it had before."""

    session: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class TimesGivenBack:
    """A session has no time any more; None: every session but these."""

    session: int | None
    but: tuple[int, ...] = ()


Change = TimeTaken | TimesGivenBack


def changes_in(entries: Iterable[JournalEntry]) -> list[Change]:
    """The last word about each session, in an order in which they can be carried out one by one.

    A time that was found after everything was given back is left alone: it was reserved when it was found.
    """
    settled: list[int] = []
    changes: list[Change] = []
    for entry in reversed(list(entries)):
        if entry.kind in _GIVES_ALL_BACK:
            changes.append(TimesGivenBack(None, tuple(settled)))
            break
        if entry.kind not in _TAKES | _GIVES_BACK | {"slot_found"}:
            continue
        fact = json.loads(entry.body)
        if (session := fact["session"]) in settled:
            continue
        settled.append(session)
        if entry.kind in _GIVES_BACK:
            changes.append(TimesGivenBack(session))
        elif entry.kind in _TAKES:
            starts_at, ends_at = (datetime.fromisoformat(fact[name]) for name in ("starts_at", "ends_at"))
            changes.append(TimeTaken(session, starts_at, ends_at))
    return changes


def pair_in(entries: Sequence[JournalEntry]) -> tuple[str, str] | None:
    """Mentor and mentee, where the first entry of all is among these."""
    for entry in entries:
        if entry.kind == "relationship_opened":
            fact = json.loads(entry.body)
            return fact["mentor"]["person"], fact["mentee"]["person"]
    return None
