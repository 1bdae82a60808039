"""A severe report on its way to who handles it, and the case that comes of it, apart from every relationship."""

import hashlib
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from mentoring_lifecycle.contracts.follow_up import Message
from mentoring_lifecycle.contracts.inputs import Pending
from mentoring_lifecycle.domain.cases.assignment import line_among, may_see
from mentoring_lifecycle.domain.cases.attachments import Attachment, attachments_problem
from mentoring_lifecycle.domain.cases.audit import AuditMark, AuditRow
from mentoring_lifecycle.domain.cases.commands import CaseCommand, CaseOutcome, LegalTrack, ReferredTo
from mentoring_lifecycle.domain.cases.events import Anchors, CaseReceived, Clock, MeasureKind, MeasureResult
from mentoring_lifecycle.domain.cases.handling import next_hour
from mentoring_lifecycle.domain.cases.hours import running_clocks
from mentoring_lifecycle.domain.cases.profile import LegalProfile
from mentoring_lifecycle.domain.cases.state import CaseState, Stage
from mentoring_lifecycle.domain.cases.state import Measure as StateMeasure
from mentoring_lifecycle.domain.commands import Matter, Severity
from mentoring_lifecycle.domain.help_requests import SEVERE, severity_of
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.wording import WORDS_LIMIT, text_problem


@dataclass(frozen=True, slots=True)
class SevereReport:
    """What somebody reports in confidence."""

    case: str
    """Chosen by the caller, so that a repeated report is the same one; empty: a new one.

    Always empty for an anonymous report, whose case is found by its receipt.
    """
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
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """By whose numbers a case is handled, and where calendar months and working days are counted."""

    profile: LegalProfile
    zone: str


@dataclass(frozen=True, slots=True)
class Handling:
    """Who may be given a case, and by whose numbers it is handled."""

    contact: str
    """Person id of the external contact, the last who can be assigned; empty: no report is taken."""
    handlers: tuple[str, ...] = ()
    """Person ids in the order in which they are asked."""
    conflicted: tuple[str, ...] = ()
    """Those of them who stand in a reporting chain of somebody named in it, as the people directory says."""
    profile: LegalProfile = field(default_factory=LegalProfile)
    zone: str = "UTC"
    """Where calendar months and working days are counted."""
    programmes: tuple[tuple[str, Jurisdiction], ...] = ()
    """Programmes with a law of their own, by name."""

    def under(self, programme: str) -> "Handling":
        """The same by the law of one programme, for one case; by that of the installation where it has none."""
        here = dict(self.programmes).get(programme, Jurisdiction(self.profile, self.zone))
        return replace(self, profile=here.profile, zone=here.zone, programmes=())


@dataclass(frozen=True, slots=True)
class OpenCase:
    """What the case workflow is started with."""

    report: SevereReport
    severity: Severity
    pause_now: bool
    handling: Handling
    lock: str = ""
    """Of an anonymous report: what the key of its receipt opens."""
    pair: tuple[str, ...] = ()
    """The two whom it would be about to keep apart, as far as that was known when it came in."""
    kind: Literal["open_case"] = "open_case"


@dataclass(frozen=True, slots=True)
class CarriedCase:
    """Everything that one run of a case hands to the next."""

    opened: OpenCase
    state: CaseState
    outbox: tuple[Pending, ...] = ()
    handled: tuple[str, ...] = ()
    """Ids of the last commands, oldest first: a repeated one is answered, not repeated."""
    timeline: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    audit_mark: AuditMark | None = None
    """None in a case from before there was a chain: its chain begins where it goes on."""
    audit_tail: tuple[AuditRow, ...] = ()
    """Rows that are not known to be kept yet."""
    schema: Literal[1] = 1
    kind: Literal["carried_case"] = "carried_case"


CaseInput = Annotated[OpenCase | CarriedCase, Field(discriminator="kind")]
CaseAct = Annotated[CaseCommand, Field(discriminator="kind")]
"""One name for every step: what is done to a case is read under its key alone."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What leaves a case for a relationship or for two people: a hold and an entry of the block list, as any other."""

    relationship: str
    command_id: str
    placer: str = ""
    """The case itself, as whoever placed it; what is written down is a seal."""
    measure: MeasureKind = MeasureKind.HOLD
    pair: tuple[str, ...] = ()

    @classmethod
    def of(cls, state: CaseState, measure: StateMeasure) -> "Measure":
        """The same measure is the same command, however often it is asked for."""
        digest = hashlib.sha256(f"{state.lot}/{state.id}/{measure.number}/id".encode()).digest()
        # Of the form of every other command id: a reader of the relationship must not see that it was derived.
        command_id = str(uuid.UUID(bytes=digest[:16], version=4))
        return cls(measure.relationship, command_id, state.lot or state.id, measure.measure, state.pair)


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a measure."""

    result: MeasureResult
    others: tuple[str, ...] = ()
    """Open relationships of the two who were kept apart."""


@dataclass(frozen=True, slots=True)
class AuditTail:
    """Rows of one case to be kept, in order."""

    rows: tuple[AuditRow, ...]


@dataclass(frozen=True, slots=True)
class AuditKept:
    """The last row that is kept."""

    sequence: int


@dataclass(frozen=True, slots=True)
class InstantsOrder:
    """From which anchors, by whose numbers and where the due instants of a case are to be counted."""

    anchors: Anchors
    profile: LegalProfile
    zone: str


@dataclass(frozen=True, slots=True)
class ClockView:
    """Something that is owed."""

    clock: Clock
    due_at: datetime
    percent_told: int
    """The last mark at which others were told; 0: none yet."""


@dataclass(frozen=True, slots=True)
class MeasureView:
    """What was last wanted of one relationship or, with an empty id, of two people, and what became of it."""

    measure: MeasureKind
    relationship: str
    by: str
    """Empty: the report itself wanted it."""
    due_at: datetime
    result: MeasureResult | None
    """None: not yet."""


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case, for whoever was told of it."""

    case: str
    received_at: datetime
    severity: Severity
    report: SevereReport
    pause_now: bool
    measure_applied: bool
    contact_told: bool
    """Mail to at least one handler was accepted."""
    acknowledged: bool
    stage: Stage
    handler: str
    clocks: tuple[ClockView, ...]
    next_due_at: datetime | None
    """The next hour at which something happens by itself."""
    watch_at: tuple[datetime, ...]
    kept_until: datetime | None
    withdrawn: bool
    track: LegalTrack | None
    referred_to: ReferredTo | None
    outcome: CaseOutcome | None
    messages: tuple[Message, ...] = ()
    """What whoever reported and the handlers wrote to each other, oldest first."""
    unread: int = 0
    """How many of those of whoever reported wait to be read by who has it."""
    measures: tuple[MeasureView, ...] = ()
    emergency_contacts: tuple[str, ...] = ()
    """Whom to call first; empty where nobody is in danger. To be shown before anything else."""

    @classmethod
    def for_(
        cls, person: str, opened: OpenCase, state: CaseState, messages: tuple[Message, ...] = ()
    ) -> "CaseView | None":
        """What this person may see; None where they do not know of it, or may no longer."""
        if not may_see(state, person):
            return None
        return cls(
            case=state.id,
            received_at=state.received_at,
            severity=state.severity,
            report=opened.report,
            pause_now=opened.pause_now,
            measure_applied=state.measure_applied,
            contact_told=state.told,
            acknowledged=state.anchors.acknowledged_at is not None,
            stage=state.stage,
            handler=state.handler,
            clocks=_clocks(state),
            next_due_at=next_hour(state),
            watch_at=state.instants.watch_at if state.instants else (),
            kept_until=state.instants.kept_until if state.instants else None,
            withdrawn=state.withdrawn,
            track=state.track,
            referred_to=state.referred_to,
            outcome=state.outcome,
            messages=messages,
            unread=state.unread,
            measures=tuple(
                MeasureView(each.measure, each.relationship, each.by, each.due_at, each.result)
                for each in state.latest_measures
            ),
            emergency_contacts=state.call_first,
        )

    def without_words(self) -> "CaseView":
        """How it stands, for whoever may know, with nothing that anybody wrote: to be shown this leaves no trace.

        Every field that may hold words, or tells who wrote them, is emptied here.
        """
        report = replace(self.report, words="", by="", about="", attachments=())
        return replace(self, report=report, messages=())


def _clocks(state: CaseState) -> tuple[ClockView, ...]:
    return tuple(
        ClockView(
            each.clock,
            each.due_at,
            max((percent for clock, percent in state.passed if clock is each.clock), default=0),
        )
        for each in running_clocks(state)
    )


def open_case(
    report: SevereReport, handling: Handling, pair: tuple[str, ...] = (), lock: str = ""
) -> OpenCase | Rejection:
    """Judge a report before anything is accepted; "received" is said only afterwards, once it is durable.

    `pair` are the two of the relationship that it names, where that is known. An anonymous one, and no other, has the
    `lock` of its receipt.
    """
    severity = severity_of(report.matter, report.severity)
    if severity not in SEVERE:
        return Rejection(Refusal.NOT_SEVERE_ENOUGH)
    if not handling.contact:
        return Rejection(Refusal.NO_SAFEGUARDING_CONTACT)
    if bool(report.by) is bool(lock):
        return Rejection(Refusal.ANONYMOUS_HAS_RECEIPT)
    if problem := text_problem(report.words, WORDS_LIMIT, "words") or attachments_problem(report.attachments):
        return problem
    pause_now = severity is Severity.S4 if report.pause_now is None else report.pause_now
    if report.pause_now is None and severity is Severity.S3 and report.relationship:
        return Rejection(Refusal.PAUSE_CHOICE_NEEDED, str(handling.profile.severe_acknowledge_hours))
    barred = (report.by, report.about, *handling.conflicted)
    if not line_among((*handling.handlers, handling.contact), barred):
        return Rejection(Refusal.NOBODY_ELIGIBLE)
    two = _kept_apart(report, pair)
    return OpenCase(report, severity, pause_now and bool(report.relationship or two), handling, lock, two)


def _kept_apart(report: SevereReport, pair: tuple[str, ...]) -> tuple[str, ...]:
    """The pair, unless it is about somebody else; then that person and the reporter."""
    two = pair if pair and report.about in ("", *pair) else (report.by, report.about)
    return two if all(two) and two[0] != two[1] else ()


def received_at(opened: OpenCase, at: datetime, lot: str = "") -> CaseReceived:
    """The first event of a case; the words stay beside it. `lot` is a random text that nobody else knows."""
    report, handling = opened.report, opened.handling
    return CaseReceived(
        at=at,
        case=report.case,
        severity=opened.severity,
        contact=handling.contact,
        reporter=report.by,
        about=report.about,
        relationship=report.relationship,
        holds=opened.pause_now,
        handlers=handling.handlers,
        conflicted=handling.conflicted,
        profile=handling.profile,
        zone=handling.zone,
        lock=opened.lock,
        pair=opened.pair,
        lot=lot,
    )
