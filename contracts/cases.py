"""A severe report on its way to the safeguarding contact. It travels and rests apart from every relationship."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mentoring_lifecycle.domain.cases.events import Anchors
from mentoring_lifecycle.domain.cases.profile import LegalProfile
from mentoring_lifecycle.domain.commands import Matter, Severity
from mentoring_lifecycle.domain.help_requests import SEVERE, severity_of
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.wording import WORDS_LIMIT, text_problem


@dataclass(frozen=True, slots=True)
class SevereReport:
    """What somebody reports in confidence."""

    case: str
    """Chosen by the caller, so that a repeated report is the same one."""
    matter: Matter
    words: str
    by: str = ""
    """Person id; empty for an anonymous report."""
    about: str = ""
    """Person id of whom it is about, where the reporter names somebody."""
    relationship: str = ""
    severity: Severity | None = None
    """The reporter may raise it; the matter's own is the least."""
    pause_now: bool | None = None
    """Ordinary hold of the relationship at once. Preset for S4; for S3 the reporter must choose."""


@dataclass(frozen=True, slots=True)
class OpenCase:
    """What the case workflow is started with."""

    report: SevereReport
    severity: Severity
    pause_now: bool
    contact: str
    """Person id of the safeguarding contact."""
    kind: Literal["open_case"] = "open_case"


@dataclass(frozen=True, slots=True)
class Measure:
    """The one thing that ever leaves a case for a relationship: an ordinary hold."""

    relationship: str
    command_id: str


@dataclass(frozen=True, slots=True)
class InstantsOrder:
    """From which anchors, by whose numbers and where the due instants of a case are to be counted."""

    anchors: Anchors
    profile: LegalProfile
    zone: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case, for the safeguarding contact alone."""

    case: str
    received_at: datetime
    severity: Severity
    report: SevereReport
    pause_now: bool
    measure_applied: bool
    contact_told: bool
    acknowledged: bool


def open_case(report: SevereReport, contact: str) -> OpenCase | Rejection:
    """Judge a report before anything is accepted; "received" is said only afterwards, once it is durable."""
    severity = severity_of(report.matter, report.severity)
    if severity not in SEVERE:
        return Rejection(Refusal.NOT_SEVERE_ENOUGH)
    if not contact:
        return Rejection(Refusal.NO_SAFEGUARDING_CONTACT)
    if problem := text_problem(report.words, WORDS_LIMIT, "words"):
        return problem
    pause_now = severity is Severity.S4 if report.pause_now is None else report.pause_now
    if report.pause_now is None and severity is Severity.S3 and report.relationship:
        return Rejection(Refusal.PAUSE_CHOICE_NEEDED)
    return OpenCase(report, severity, pause_now and bool(report.relationship), contact)
