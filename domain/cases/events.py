"""What has happened to a case. The state is the fold of these and nothing else."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from mentoring_lifecycle.domain.cases.commands import (
    CaseOutcome,
    LegalTrack,
    LoweringReason,
    NoActionReason,
    ReassignReason,
    ReferredTo,
)
from mentoring_lifecycle.domain.cases.profile import LegalProfile
from mentoring_lifecycle.domain.commands import Severity


class Clock(StrEnum):
    """What must have been done by an instant."""

    ACKNOWLEDGEMENT = "acknowledgement"
    LEGAL_ACKNOWLEDGEMENT = "legal_acknowledgement"
    TRIAGE = "triage"
    FEEDBACK = "feedback"
    STATUS = "status"
    """Where somebody is in danger: that whoever reported is written to."""


class MeasureKind(StrEnum):
    """What a case can do to a relationship, or to two people."""

    HOLD = "hold"
    LIFT = "lift"
    BLOCK = "block"
    UNBLOCK = "unblock"


class MeasureResult(StrEnum):
    """What became of it."""

    DONE = "done"
    ALREADY = "already"
    """It was so without us, and whoever did it can undo it."""
    NOT_NEEDED = "not_needed"
    """There is no such relationship, it has ended, or there is nothing of ours to take back."""
    NOT_KEPT_HERE = "not_kept_here"
    """There is no block list in this installation."""


@dataclass(frozen=True, slots=True)
class Anchors:
    """What the due instants of a case are counted from."""

    received_at: datetime
    severity: Severity
    acknowledged_at: datetime | None = None
    concluded_at: datetime | None = None
    """When whoever reported was told what came of it."""
    closed_at: datetime | None = None
    status_at: datetime | None = None
    """When whoever reported a danger was last written to."""


@dataclass(frozen=True, slots=True)
class Instants:
    """When everything is due (UTC), as found from the anchors outside: zone rules are no business of the domain."""

    acknowledge_by: datetime
    acknowledge_at_most_by: datetime
    triage_by: datetime
    feedback_by: datetime
    watch_at: tuple[datetime, ...] = ()
    kept_until: datetime | None = None
    access_until: datetime | None = None
    status_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseReceived:
    """It is durable; the words of the report rest beside it."""

    at: datetime
    case: str
    severity: Severity
    contact: str
    """Person id of the external contact, the last who can be assigned."""
    reporter: str = ""
    about: str = ""
    relationship: str = ""
    holds: bool = False
    """Whether an ordinary hold of the relationship is wanted at once."""
    handlers: tuple[str, ...] = ()
    """Person ids in the order in which they are asked."""
    conflicted: tuple[str, ...] = ()
    """Those of them, and of the contact, who may not take it, as the people directory says."""
    profile: LegalProfile = field(default_factory=LegalProfile)
    zone: str = "UTC"
    """Where the calendar months are counted."""
    lock: str = ""
    """Of an anonymous report: what the key of its receipt opens."""
    pair: tuple[str, ...] = ()
    """The two whom it would be about to keep apart, where both are known."""
    lot: str = ""
    """A secret of this case alone, from which comes what nobody must be able to guess."""
    kind: Literal["case_received"] = "case_received"


@dataclass(frozen=True, slots=True)
class HandlerAssigned:
    at: datetime
    handler: str
    by_own_act: bool = False
    """They took it themselves, so they need not be told."""
    kind: Literal["handler_assigned"] = "handler_assigned"


@dataclass(frozen=True, slots=True)
class InstantsResolved:
    at: datetime
    anchors: Anchors
    instants: Instants
    kind: Literal["instants_resolved"] = "instants_resolved"


@dataclass(frozen=True, slots=True)
class MeasureWanted:
    """By the handler, or with an empty `by` by the report itself."""

    at: datetime
    measure: MeasureKind
    relationship: str
    """Empty where it concerns two people."""
    due_at: datetime
    by: str = ""
    urgent: bool = False
    kind: Literal["measure_wanted"] = "measure_wanted"


@dataclass(frozen=True, slots=True)
class MeasureBegun:
    """Its hour has come; it is asked for until there is an answer."""

    at: datetime
    number: int
    kind: Literal["measure_begun"] = "measure_begun"


@dataclass(frozen=True, slots=True)
class MeasureApplied:
    at: datetime
    number: int = 1
    result: MeasureResult = MeasureResult.DONE
    others: tuple[str, ...] = ()
    """Open relationships of the two, found when they were kept apart."""
    kind: Literal["measure_applied"] = "measure_applied"


@dataclass(frozen=True, slots=True)
class HandlerTold:
    """Mail to somebody was accepted."""

    at: datetime
    kind: Literal["handler_told"] = "handler_told"


@dataclass(frozen=True, slots=True)
class HandlerUnreached:
    """Mail to somebody is refused for good, so another one is told."""

    at: datetime
    handler: str
    told: str
    """Empty where everybody has been tried."""
    kind: Literal["handler_unreached"] = "handler_unreached"


@dataclass(frozen=True, slots=True)
class ToldAgain:
    """Nobody has taken note yet."""

    at: datetime
    kind: Literal["told_again"] = "told_again"


@dataclass(frozen=True, slots=True)
class MarkPassed:
    """A part of a clock has gone by, and others are told."""

    at: datetime
    clock: Clock
    percent: int
    told: tuple[str, ...]
    kind: Literal["mark_passed"] = "mark_passed"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    at: datetime
    by: str
    kind: Literal["acknowledged"] = "acknowledged"


@dataclass(frozen=True, slots=True)
class Triaged:
    at: datetime
    by: str
    track: LegalTrack
    severity: Severity
    reason: LoweringReason | None = None
    kind: Literal["triaged"] = "triaged"


@dataclass(frozen=True, slots=True)
class InvestigationStarted:
    at: datetime
    by: str
    kind: Literal["investigation_started"] = "investigation_started"


@dataclass(frozen=True, slots=True)
class Referred:
    at: datetime
    by: str
    to: ReferredTo
    kind: Literal["referred"] = "referred"


@dataclass(frozen=True, slots=True)
class OutcomeDecided:
    at: datetime
    by: str
    outcome: CaseOutcome
    reason: NoActionReason | None = None
    kind: Literal["outcome_decided"] = "outcome_decided"


@dataclass(frozen=True, slots=True)
class FeedbackGiven:
    at: datetime
    by: str
    kind: Literal["feedback_given"] = "feedback_given"


@dataclass(frozen=True, slots=True)
class WatchBegun:
    at: datetime
    kind: Literal["watch_begun"] = "watch_begun"


@dataclass(frozen=True, slots=True)
class WatchDue:
    """The handler is to ask whoever reported, in private, how they fare."""

    at: datetime
    number: int
    kind: Literal["watch_due"] = "watch_due"


@dataclass(frozen=True, slots=True)
class CaseClosed:
    at: datetime
    kind: Literal["case_closed"] = "case_closed"


@dataclass(frozen=True, slots=True)
class CaseWithdrawn:
    at: datetime
    by: str
    kind: Literal["case_withdrawn"] = "case_withdrawn"


@dataclass(frozen=True, slots=True)
class CaseReopened:
    at: datetime
    by: str
    kind: Literal["case_reopened"] = "case_reopened"


@dataclass(frozen=True, slots=True)
class CaseReassigned:
    """The one who had it has it no longer; who has it now follows."""

    at: datetime
    by: str
    handler: str
    reason: ReassignReason
    kind: Literal["case_reassigned"] = "case_reassigned"


@dataclass(frozen=True, slots=True)
class ReportRead:
    """Somebody was shown the words."""

    at: datetime
    by: str
    kind: Literal["report_read"] = "report_read"


@dataclass(frozen=True, slots=True)
class CopyTaken:
    """Somebody has taken all of it out of here."""

    at: datetime
    by: str
    kind: Literal["copy_taken"] = "copy_taken"


@dataclass(frozen=True, slots=True)
class CaseEnded:
    """It has been kept for as long as it may be."""

    at: datetime
    kind: Literal["case_ended"] = "case_ended"


@dataclass(frozen=True, slots=True)
class ReporterAccessEnded:
    """Long after it was closed, there is no case any more for whoever reported."""

    at: datetime
    kind: Literal["reporter_access_ended"] = "reporter_access_ended"


@dataclass(frozen=True, slots=True)
class ReporterWrote:
    """The words rest beside the state."""

    at: datetime
    number: int
    size: int
    """Bytes, of all that has to be kept."""
    told: str = ""
    """Who is written to because of it; empty where an earlier message waits to be read."""
    kind: Literal["reporter_wrote"] = "reporter_wrote"


@dataclass(frozen=True, slots=True)
class HandlerWrote:
    """The words rest beside the state."""

    at: datetime
    by: str
    number: int
    size: int
    kind: Literal["handler_wrote"] = "handler_wrote"


@dataclass(frozen=True, slots=True)
class MessagesNoted:
    """Nothing that whoever reported wrote waits to be read."""

    at: datetime
    by: str
    kind: Literal["messages_noted"] = "messages_noted"


CaseEvent = (
    CaseReceived
    | HandlerAssigned
    | InstantsResolved
    | MeasureWanted
    | MeasureBegun
    | MeasureApplied
    | HandlerTold
    | HandlerUnreached
    | ToldAgain
    | MarkPassed
    | Acknowledged
    | Triaged
    | InvestigationStarted
    | Referred
    | OutcomeDecided
    | FeedbackGiven
    | WatchBegun
    | WatchDue
    | CaseClosed
    | CaseWithdrawn
    | CaseReopened
    | CaseReassigned
    | ReportRead
    | CopyTaken
    | CaseEnded
    | ReporterAccessEnded
    | ReporterWrote
    | HandlerWrote
    | MessagesNoted
)
