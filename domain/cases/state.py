"""A case as it stands: where it is, who has it, what is due."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mentoring_lifecycle.domain.cases.commands import CaseOutcome, LegalTrack, ReferredTo
from mentoring_lifecycle.domain.cases.events import Anchors, Clock, Instants, MeasureKind, MeasureResult
from mentoring_lifecycle.domain.cases.profile import LegalProfile
from mentoring_lifecycle.domain.commands import Severity


class Stage(StrEnum):
    """How far a case has come; the last three lie beside the way."""

    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    TRIAGED = "triaged"
    INVESTIGATION = "investigation"
    REFERRED = "referred"
    OUTCOME = "outcome"
    FEEDBACK_GIVEN = "feedback_given"
    WATCH = "watch"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    REOPENED = "reopened"
    CONFLICT_REASSIGNED = "conflict_reassigned"


CONCLUDED = (Stage.FEEDBACK_GIVEN, Stage.WATCH, Stage.CLOSED)
"""Nothing more is owed to whoever reported."""


@dataclass(frozen=True, slots=True)
class Written:
    """How much one side has written."""

    messages: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is done to a relationship or to two people, once, as far as it has come."""

    number: int
    measure: MeasureKind
    relationship: str
    """Empty where it concerns two people."""
    due_at: datetime
    by: str = ""
    """Empty: the report itself wants it."""
    urgent: bool = False
    has_begun: bool = False
    result: MeasureResult | None = None


@dataclass(frozen=True, slots=True)
class CaseState:
    """The fold of a case's events. Holds no word that anybody wrote."""

    id: str
    received_at: datetime
    severity: Severity
    reporter: str
    about: str
    relationship: str
    holds: bool
    handlers: tuple[str, ...]
    conflicted: tuple[str, ...]
    contact: str
    profile: LegalProfile
    zone: str
    anchors: Anchors
    pair: tuple[str, ...] = ()
    lot: str = ""
    handler: str = ""
    knows: tuple[str, ...] = ()
    """Everybody who has been told of it, in order."""
    unreached: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    """Who had it and turned out to be part of it."""
    away: tuple[str, ...] = ()
    """Who gave it on because they are absent, and has not been given it since: they are told last."""
    reached: Stage = Stage.RECEIVED
    """How far along the way."""
    aside: Stage | None = None
    """What happened beside the way since the last step on it."""
    awaits_note: bool = True
    """The handler has not taken note yet."""
    tell_again_at: datetime | None = None
    instants: Instants | None = None
    resolved_for: Anchors | None = None
    passed: tuple[tuple[Clock, int], ...] = ()
    watched: int = 0
    measures: tuple[Measure, ...] = ()
    """In the order in which they were wanted."""
    others: tuple[str, ...] = ()
    """Further relationships of the two."""
    told: bool = False
    """Mail to at least one handler was accepted."""
    withdrawn: bool = False
    track: LegalTrack | None = None
    referred_to: ReferredTo | None = None
    outcome: CaseOutcome | None = None
    has_ended: bool = False
    reporter_access_ended: bool = False
    """Whoever reported no longer finds back to it."""
    sequence: int = 0
    lock: str = ""
    """Of an anonymous report: what the key of its receipt opens."""
    from_reporter: Written = Written()
    from_handlers: Written = Written()
    unread: int = 0
    """Messages of whoever reported that who has it has not read."""

    @property
    def stage(self) -> Stage:
        """What a handler reads: the last thing that happened to it."""
        return self.aside or self.reached

    def latest(self, relationship: str) -> Measure | None:
        """What was last wanted for a relationship, or with an empty id for the two people."""
        return next((each for each in reversed(self.measures) if each.relationship == relationship), None)

    @property
    def latest_measures(self) -> tuple[Measure, ...]:
        """The last word on each."""
        return tuple(each for each in self.measures if each is self.latest(each.relationship))

    @property
    def measure_applied(self) -> bool:
        """Something that it concerns is on hold."""
        done = (MeasureResult.DONE, MeasureResult.ALREADY)
        return any(each.measure is MeasureKind.HOLD and each.result in done for each in self.latest_measures)

    @property
    def call_first(self) -> tuple[str, ...]:
        """Whom to call before anything else, where somebody is in danger."""
        return self.profile.emergency_contacts if self.severity is Severity.S4 else ()

    @property
    def owes_status(self) -> bool:
        """Somebody is in danger and whoever reported, who still wants it handled, waits to hear how it stands."""
        return self.severity is Severity.S4 and self.reached not in CONCLUDED and not self.withdrawn

    @property
    def wants_instants(self) -> bool:
        """The due instants are those of earlier anchors, or not known yet."""
        return self.resolved_for != self.anchors
