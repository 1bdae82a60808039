"""What people ask of a case, and what the engine found out about the world. `by` is a person id."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from mentoring_lifecycle.domain.commands import Severity


class LoweringReason(StrEnum):
    """Why a handler takes a case for less grave than it came."""

    WRONG_MATTER = "wrong_matter"
    LESS_GRAVE_THAN_TOLD = "less_grave_than_told"
    AGREED_WITH_REPORTER = "agreed_with_reporter"
    DUPLICATE = "duplicate"


class LegalTrack(StrEnum):
    """Which law a case falls under; a person decides, at triage."""

    INTERNAL = "internal"
    WHISTLEBLOWING = "whistleblowing"
    HARASSMENT = "harassment"
    CRIME = "crime"


class ReferredTo(StrEnum):
    """Where a person takes a case on."""

    PERSONNEL = "personnel"
    WHISTLEBLOWING_CHANNEL = "whistleblowing_channel"
    TRUSTED_COUNSELLOR = "trusted_counsellor"
    POLICE = "police"
    AUTHORITY = "authority"


class CaseOutcome(StrEnum):
    """What came of a case. People do it, by the ordinary acts of a relationship where it concerns one."""

    SUPPORT_GIVEN = "support_given"
    FACILITATED = "facilitated"
    """A joint talk; never where power may have been abused (S3, S4)."""
    RULES_AMENDED = "rules_amended"
    PAUSED = "paused"
    ENDED_AND_REMATCHED = "ended_and_rematched"
    ENDED_AND_BLOCKED = "ended_and_blocked"
    REFERRED = "referred"
    NO_ACTION = "no_action"


class NoActionReason(StrEnum):
    """Why nothing was done. An honest report that cannot be proven stands in nobody's record."""

    NOT_PROVEN = "not_proven"
    NOT_IN_SCOPE = "not_in_scope"
    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"


class ReassignReason(StrEnum):
    """Why somebody else takes a case."""

    CONFLICT = "conflict"
    """The handler turns out to be part of it, and reads no more of it."""
    ABSENCE = "absence"


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Take note. Whoever was told may; the case is theirs then."""

    by: str
    kind: Literal["acknowledge"] = "acknowledge"


@dataclass(frozen=True, slots=True)
class Triage:
    """Judge how grave it is and which law it falls under."""

    by: str
    track: LegalTrack
    severity: Severity | None = None
    """None: as it stands. Lower than that only with a reason."""
    reason: LoweringReason | None = None
    kind: Literal["triage"] = "triage"


@dataclass(frozen=True, slots=True)
class StartInvestigation:
    """Begin to look into it."""

    by: str
    kind: Literal["start_investigation"] = "start_investigation"


@dataclass(frozen=True, slots=True)
class Refer:
    """Note that a person has taken it on elsewhere."""

    by: str
    to: ReferredTo
    kind: Literal["refer"] = "refer"


@dataclass(frozen=True, slots=True)
class DecideOutcome:
    """Say what came of it."""

    by: str
    outcome: CaseOutcome
    reason: NoActionReason | None = None
    """Needed where nothing is done."""
    kind: Literal["decide_outcome"] = "decide_outcome"


@dataclass(frozen=True, slots=True)
class GiveFeedback:
    """Note that whoever reported has been told what came of it."""

    by: str
    kind: Literal["give_feedback"] = "give_feedback"


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The report is withdrawn, by whoever made it or by the handler in their name. Nothing is deleted."""

    by: str
    kind: Literal["withdraw"] = "withdraw"


@dataclass(frozen=True, slots=True)
class Reopen:
    """A handler takes up again what had been concluded."""

    by: str
    kind: Literal["reopen"] = "reopen"


@dataclass(frozen=True, slots=True)
class Reassign:
    """Give it to somebody else."""

    by: str
    reason: ReassignReason
    to: str = ""
    """Person id of somebody who may take it; empty: whoever is next."""
    kind: Literal["reassign"] = "reassign"


@dataclass(frozen=True, slots=True)
class Read:
    """Be shown everything, the words included. An act, so that it can be said who has read them."""

    by: str
    kind: Literal["read"] = "read"


@dataclass(frozen=True, slots=True)
class TakeCopy:
    """Take everything out of here, in a file of one's own."""

    by: str
    kind: Literal["take_copy"] = "take_copy"


CaseCommand = (
    Acknowledge
    | Triage
    | StartInvestigation
    | Refer
    | DecideOutcome
    | GiveFeedback
    | Withdraw
    | Reopen
    | Reassign
    | Read
    | TakeCopy
)  # fmt: skip
