"""What is handed to a person who asks what is kept about them: their own part, and nobody else's.

Kept in are their own acts, what was asked of them, and the facts that both of a pair know anyway. Everybody else's id
is taken out, so are the other one's acts and answers, and whatever only the programme team was asked. Cases are kept
elsewhere and never get here.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mentoring_lifecycle.contracts.deliveries import JournalEntry
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party

SHARED = frozenset(
    {
        "phase_entered",
        "rules_proposed",
        "slot_wanted",
        "slot_found",
        "session_planned",
        "session_moved",
        "session_reminded",
        "session_cancelled",
        "session_ended",
        "session_settled",
        "paused",
        "resumed",
        "hold_placed",
        "hold_lifted",
        "closing_begun",
        "end_reached",
        "end_decided",
        "closed",
    }
)
"""Facts that both of a pair know; who of them brought one about is left out where it was the other."""

OTHERS = "somebody else"
_OF_CASES = (LetterKind.CASE_RECEIVED,)
_OPENED = "relationship_opened"


@dataclass(frozen=True, slots=True)
class Kept:
    """One entry of the journal, as far as it is theirs."""

    at: datetime
    kind: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """One effect meant for them."""

    key: str
    purpose: str
    state: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """Their part in one relationship."""

    relationship: str
    part: Party | None
    journal: tuple[Kept, ...]
    sent: tuple[Sent, ...]


@dataclass(frozen=True, slots=True)
class PersonExport:
    """Everything that is kept under a person's id, outside of the histories that age out by themselves."""

    person: Person | None
    """None once the directory has forgotten them."""
    relationships: tuple[Part, ...]


def part_of(person: str, relationship: str, entries: Iterable[JournalEntry], sent: Iterable[Sent]) -> Part:
    """What is theirs in one relationship."""
    party: Party | None = None
    kept: list[Kept] = []
    for entry in entries:
        facts = json.loads(entry.body)
        if entry.kind == _OPENED:
            party = _party_in(facts, person)
            kept.append(Kept(entry.happened_at, entry.kind, _opening_for(facts, party)))
        elif party and (own := _own(entry.kind, facts, party)) is not None:
            kept.append(Kept(entry.happened_at, entry.kind, own))
    theirs = tuple(each for each in sent if _is_for(each, party))
    return Part(relationship, party, tuple(kept), theirs)


def _party_in(opened: dict[str, Any], person: str) -> Party | None:
    people = {
        Party.MENTOR: opened["mentor"]["person"],
        Party.MENTEE: opened["mentee"]["person"],
        Party.COORDINATOR: opened["coordinator"],
        Party.BACKUP: opened["backup"],
    }
    return next((party for party, each in people.items() if each == person), None)


def _opening_for(opened: dict[str, Any], party: Party | None) -> dict[str, Any]:
    """The first entry with everybody else taken out; the numbers of the programme are nobody's."""
    told = {key: opened[key] for key in ("relationship", "programme", "zone", "ends_at")}
    for each in (Party.MENTOR, Party.MENTEE, Party.COORDINATOR, Party.BACKUP):
        told[each.value] = opened[each] if each is party else OTHERS
    return told


def _own(kind: str, facts: dict[str, Any], party: Party) -> dict[str, Any] | None:
    """The entry's facts where they are theirs or both know them; None where they are somebody else's."""
    told = {key: value for key, value in facts.items() if key not in ("at", "kind")}
    whose = next((facts[key] for key in ("by", "of", "party") if key in facts), None)
    if whose == party:
        return told
    if party in PAIR and kind in SHARED:
        told.pop("by", None)
        return told
    return None


def _is_for(sent: Sent, party: Party | None) -> bool:
    """The recipient is part of an effect key: relationship, occurrence, purpose, recipient, revision."""
    parts = sent.key.split("/")
    return party is not None and len(parts) == 5 and parts[3] == party and sent.purpose not in _OF_CASES
