"""What the journal tells of one relationship: the evidence that certificates, reports and a new beginning rest on.

Read leniently, because a journal outlives the versions that wrote it: what is not there is not known, and what is not
understood is skipped. Nothing that anybody wrote is in it.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from mentoring_lifecycle.contracts.deliveries import JournalEntry
from mentoring_lifecycle.domain.events import Phase, PulseAt, RelationshipOpened, SessionResult
from mentoring_lifecycle.domain.people import PAIR, Party, Power

_OPENED = TypeAdapter(RelationshipOpened)

LATE = timedelta(hours=24)
"""A change with less notice is a late one."""


@dataclass(slots=True)
class SessionRecord:
    """One session."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    result: str = ""
    """Empty until it is settled, and for good where it was called off."""

    @property
    def minutes(self) -> int:
        """Its planned length; 0 where the journal does not tell."""
        return int((self.ends_at - self.starts_at) / timedelta(minutes=1)) if self.starts_at and self.ends_at else 0


@dataclass(frozen=True, slots=True)
class PulseRecord:
    """How one of the pair found one session, 1 to 10 each."""

    by: Party
    at: str
    """Which measuring point it stands for; a word of a later version stands for none of ours."""
    useful: int
    heard: int


@dataclass(slots=True)
class Record:
    """One relationship, as far as it has come."""

    opened: RelationshipOpened
    sessions: dict[int, SessionRecord] = field(default_factory=dict)
    phases: dict[str, datetime] = field(default_factory=dict)
    """When each phase was entered."""
    rules_signed_at: datetime | None = None
    late_changes: dict[Party, int] = field(default_factory=dict)
    """Sessions moved or called off with little notice, by who did it."""
    targets: tuple[int, ...] = ()
    """Of the agreed goals, in their order; empty where the journal does not tell."""
    proposed: tuple[Party | None, tuple[int, ...]] = (None, ())
    """Who proposed the newest goals, with their own ratings of that day."""
    baseline: dict[Party, tuple[int, ...]] = field(default_factory=dict)
    middle: dict[Party, tuple[int, ...]] = field(default_factory=dict)
    final: dict[Party, tuple[int, ...]] = field(default_factory=dict)
    would_repeat: dict[Party, int] = field(default_factory=dict)
    felt_safe: dict[Party, int] = field(default_factory=dict)
    pulses: list[PulseRecord] = field(default_factory=list)
    """In the order in which they were given."""
    safe_so_far: dict[Party, list[int]] = field(default_factory=dict)
    """The private third answer, and not about which session it was given."""
    end_reached: bool = False
    outcome: str = ""
    """Empty while it is open."""
    closed_at: datetime | None = None

    @property
    def relationship(self) -> str:
        """Its id."""
        return self.opened.relationship

    @property
    def started(self) -> bool:
        """Goals were agreed, so that sessions could begin."""
        return Phase.ACTIVE in self.phases

    def party_of(self, person: str) -> Party | None:
        """Which of the pair a person is, or None."""
        pair = (self.opened.mentor.person, self.opened.mentee.person)
        return next((party for party, each in zip(PAIR, pair, strict=True) if each == person), None)

    def power_of(self, party: Party) -> Power:
        """Whether one of the pair is the junior or the senior."""
        return (self.opened.mentor if party is Party.MENTOR else self.opened.mentee).power

    def held(self, *results: SessionResult) -> list[SessionRecord]:
        """Sessions with one of these results, in their order; by default those that both confirmed."""
        wanted = results or (SessionResult.HELD,)
        return [session for _, session in sorted(self.sessions.items()) if session.result in wanted]

    def goals_met(self) -> int:
        """Goals whose final ratings, of everybody who gave one, reach the target."""
        given = [ratings for ratings in self.final.values() if len(ratings) == len(self.targets)]
        ratings_of = zip(*given, strict=True)
        return sum(min(each) >= target for each, target in zip(ratings_of, self.targets, strict=False))


def read_record(relationship: str, entries: Iterable[JournalEntry]) -> Record | None:
    """The record of a relationship from all its entries in order; None where the journal knows nothing of it."""
    record: Record | None = None
    for entry in entries:
        if record is None:
            if entry.kind != "relationship_opened":
                return None
            record = Record(_OPENED.validate_json(entry.body))
        else:
            _note(record, entry.kind, entry.happened_at, json.loads(entry.body))
    return record


def _note(record: Record, kind: str, at: datetime, body: dict[str, Any]) -> None:
    if note := _NOTES.get(kind):
        note(record, at, body)
    if kind.startswith("session_") and kind != "session_cancelled" and {"session", "starts_at", "ends_at"} <= {*body}:
        session = record.sessions.setdefault(body["session"], SessionRecord())
        session.starts_at, session.ends_at = _instant(body["starts_at"]), _instant(body["ends_at"])
    if ratings := (body.get("review") or {}).get("ratings") or ("review" in kind and body.get("ratings")):
        record.middle[Party(body["by"])] = tuple(ratings)


def _phase_entered(record: Record, at: datetime, body: dict[str, Any]) -> None:
    record.phases[body["phase"]] = at


def _rules_signed(record: Record, at: datetime, body: dict[str, Any]) -> None:
    if Phase.GOALS not in record.phases:
        record.rules_signed_at = at


def _goals_proposed(record: Record, at: datetime, body: dict[str, Any]) -> None:
    goals = body.get("goals", ())
    record.proposed = (Party(body["by"]), tuple(goal["baseline"] for goal in goals))
    record.targets = tuple(goal["target"] for goal in goals)


def _goals_agreed(record: Record, at: datetime, body: dict[str, Any]) -> None:
    proposer, ratings = record.proposed
    record.baseline[Party(body["by"])] = tuple(body["baselines"])
    if proposer and ratings:
        record.baseline[proposer] = ratings


def _changed(record: Record, at: datetime, body: dict[str, Any]) -> None:
    by = body.get("by")
    session = record.sessions.get(body["session"])
    if by not in PAIR or session is None or session.starts_at is None:
        return
    if body.get("late", session.starts_at - at < LATE):
        record.late_changes[Party(by)] = record.late_changes.get(Party(by), 0) + 1


def _confirmed(record: Record, at: datetime, body: dict[str, Any]) -> None:
    pulse, by = body.get("pulse"), Party(body["by"])
    if not pulse or not body.get("held", True):
        return
    record.pulses.append(PulseRecord(by, body.get("pulse_at", PulseAt.SESSION), pulse["useful"], pulse["heard"]))
    if (safe := pulse.get("safe")) is not None:
        record.safe_so_far.setdefault(by, []).append(safe)


def _settled(record: Record, at: datetime, body: dict[str, Any]) -> None:
    record.sessions.setdefault(body["session"], SessionRecord()).result = body["result"]


def _end_reached(record: Record, at: datetime, body: dict[str, Any]) -> None:
    record.end_reached = True


def _looked_back(record: Record, at: datetime, body: dict[str, Any]) -> None:
    by = Party(body["by"])
    record.final[by] = tuple(body["ratings"])
    record.would_repeat[by], record.felt_safe[by] = body["would_repeat"], body["felt_safe"]


def _closed(record: Record, at: datetime, body: dict[str, Any]) -> None:
    record.outcome, record.closed_at = body["outcome"], at


_NOTES: dict[str, Callable[[Record, datetime, dict[str, Any]], None]] = {
    "phase_entered": _phase_entered,
    "rules_signed": _rules_signed,
    "goals_proposed": _goals_proposed,
    "goals_agreed": _goals_agreed,
    "session_moved": _changed,
    "session_cancelled": _changed,
    "session_confirmed": _confirmed,
    "session_settled": _settled,
    "end_reached": _end_reached,
    "final_feedback_given": _looked_back,
    "closed": _closed,
}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
