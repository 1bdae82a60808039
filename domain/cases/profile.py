"""The numbers of a case, by the law that holds where people work. A case keeps the profile it began with.

Each number has a source in SOURCES; law is for counsel to confirm, and a profile is data so that counsel can be heeded.
"""

from dataclasses import dataclass
from enum import StrEnum


class Law(StrEnum):
    """Whose law sets the limits."""

    EU = "EU"
    IT = "IT"
    US = "US"


@dataclass(frozen=True, slots=True)
class LegalProfile:
    """Every number that a case lives by."""

    law: Law = Law.EU
    severe_acknowledge_hours: int = 24
    danger_acknowledge_hours: int = 4
    acknowledge_days_at_most: int = 7
    severe_triage_working_days: int = 1
    danger_triage_working_days: int = 0
    """0: on the day of the report, but never sooner than the acknowledgement is due."""
    feedback_months: int = 3
    """Calendar months from the acknowledgement, or from the last day on which it was due."""
    danger_status_days: int = 7
    """Where somebody is in danger, whoever reported is written to at least so often until the feedback."""
    emergency_contacts: tuple[str, ...] = ("112",)
    """Whom to call first where somebody is in danger; shown before anything else, in this order."""
    mark_percents: tuple[int, ...] = (50, 80, 100)
    """At these parts of each clock somebody more is told."""
    tell_again_hours: int = 24
    """How often a handler is told until they take note."""
    watch_days: tuple[int, ...] = (30, 90, 180)
    """When whoever reported is asked in private how they fare, counted from the feedback."""
    hold_within_hours: int = 48
    """A hold or its lifting that can wait comes at some hour within so many, so that its time tells nothing."""
    report_months: int = 24
    """How long after its end a relationship can be reported about."""
    kept_months: int = 36
    """How long a closed case is kept, and can be reopened."""
    reporter_access_months: int = 6
    """How long after it was closed whoever reported finds back to it; a reopened one opens the way again."""


_SERVICE = "our service promise, inside every legal limit"
_DIRECTIVE = "Directive (EU) 2019/1937, Art. 9"

SOURCES: dict[str, str] = {
    "law": "chosen by the installation",
    "severe_acknowledge_hours": _SERVICE,
    "danger_acknowledge_hours": _SERVICE,
    "acknowledge_days_at_most": f"{_DIRECTIVE}; D.Lgs. 24/2023, Art. 5; kept as a promise elsewhere",
    "severe_triage_working_days": _SERVICE,
    "danger_triage_working_days": _SERVICE,
    "feedback_months": f"{_DIRECTIVE}; D.Lgs. 24/2023, Art. 5; kept as a promise elsewhere",
    "danger_status_days": _SERVICE,
    "emergency_contacts": "Directive (EU) 2018/1972, Art. 109 (112); 47 U.S.C. 251(e)(3) (911)",
    "mark_percents": "our rule: nobody's silence stays unnoticed",
    "tell_again_hours": "our rule: somebody always takes note",
    "watch_days": "Directive (EU) 2019/1937, Art. 19 (no retaliation); the days are ours",
    "hold_within_hours": "our rule: what the pair notices comes at an hour of its own",
    "report_months": "our rule for programmes",
    "reporter_access_months": "our rule: a way back ends apart from the time for which a case is kept",
    "kept_months": "IT: D.Lgs. 24/2023, Art. 14 (at most five years); US: 29 CFR 1602.14 (one year); EU: Art. 18, ours",
}
"""Where each number comes from; a test holds it complete."""

PROFILES: dict[Law, LegalProfile] = {
    Law.EU: LegalProfile(),
    Law.IT: LegalProfile(Law.IT, kept_months=60),
    Law.US: LegalProfile(Law.US, kept_months=12, emergency_contacts=("911",)),
}
"""One per law that we know."""
