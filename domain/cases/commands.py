"""What people ask of a case, and what the engine found out about the world. `by` is a person id."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from mentoring_lifecycle.domain.cases.attachments import Attachment
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
    """Empty for an anonymous reporter."""
    key: str = ""
    """Of the receipt; it alone proves an anonymous reporter."""
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
class WriteAsReporter:
    """Whoever reported writes to who handles it."""

    by: str
    """Empty for an anonymous reporter."""
    words: str
    key: str = ""
    """Of the receipt; it alone proves an anonymous reporter."""
    attachments: tuple[Attachment, ...] = ()
    kind: Literal["write_as_reporter"] = "write_as_reporter"


@dataclass(frozen=True, slots=True)
class WriteAsHandler:
    """Who has it writes to whoever reported."""

    by: str
    words: str
    attachments: tuple[Attachment, ...] = ()
    kind: Literal["write_as_handler"] = "write_as_handler"


@dataclass(frozen=True, slots=True)
class NoteMessages:
    """Who has it has read what whoever reported wrote."""

    by: str
    kind: Literal["note_messages"] = "note_messages"


Writing = WriteAsReporter | WriteAsHandler
OfReporter = WriteAsReporter | Withdraw
"""What whoever reported may do; proven by who they are or by the key of their receipt."""


@dataclass(frozen=True, slots=True)
class PlaceHold:
    """Put the relationships it concerns on hold, like any other hold."""

    by: str
    urgent: bool = False
    """At once; else at an hour within two days that tells nothing."""
    kind: Literal["place_hold"] = "place_hold"


@dataclass(frozen=True, slots=True)
class LiftHold:
    """Take back what this case holds."""

    by: str
    urgent: bool = False
    kind: Literal["lift_hold"] = "lift_hold"


@dataclass(frozen=True, slots=True)
class BlockPair:
    """Never pair the two again, in any programme, and hold what else they have with each other."""

    by: str
    urgent: bool = False
    """Of those holds; the block itself is nothing that the two would see."""
    kind: Literal["block_pair"] = "block_pair"


@dataclass(frozen=True, slots=True)
class UnblockPair:
    """Take back what this case put on the block list."""

    by: str
    kind: Literal["unblock_pair"] = "unblock_pair"


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
    | WriteAsReporter
    | WriteAsHandler
    | NoteMessages
    | PlaceHold
    | LiftHold
    | BlockPair
    | UnblockPair
    | Read
    | TakeCopy
)  # fmt: skip
