"""Cases for tests: who handles them, how one gets anywhere, and a driver that folds what happens to it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from mentoring_lifecycle.activities.legal_clocks import instants_of
from mentoring_lifecycle.domain.cases import commands as c
from mentoring_lifecycle.domain.cases import events as e
from mentoring_lifecycle.domain.cases.consequences import letters_of
from mentoring_lifecycle.domain.cases.evolution import evolve, received
from mentoring_lifecycle.domain.cases.handling import (
    CaseEvents,
    decide,
    instants_found,
    mail_refused,
    measure_applied,
    next_hour,
    receive,
    strike,
)
from mentoring_lifecycle.domain.cases.measures import under_way
from mentoring_lifecycle.domain.cases.state import Measure
from mentoring_lifecycle.domain.commands import Severity
from mentoring_lifecycle.domain.effects import Letter
from mentoring_lifecycle.domain.rejections import Rejection

START = datetime(2027, 1, 12, 9, 0, tzinfo=UTC)
"""A Tuesday."""
ROME = ZoneInfo("Europe/Rome")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

REPORTER, ACCUSED = "p-luca", "p-anna"
FIRST, SECOND, THIRD, CONTACT = "h-fay", "h-guy", "h-ida", "o-eva"
HANDLERS = (FIRST, SECOND, THIRD)

CaseStep = c.CaseCommand | timedelta | datetime


def report(**changes: Any) -> e.CaseReceived:
    """Luca reports Anna."""
    given = {
        "case": "c-1",
        "severity": Severity.S3,
        "contact": CONTACT,
        "reporter": REPORTER,
        "about": ACCUSED,
        "handlers": HANDLERS,
        "zone": "Europe/Rome",
    }
    return e.CaseReceived(START, **given | changes)


@dataclass
class LivedCase:
    """A case and everything that has happened to it; due instants are resolved at once, as the workflow does it."""

    event: e.CaseReceived = field(default_factory=report)
    now: datetime = START
    events: list[e.CaseEvent] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    answer: e.MeasureResult | None = e.MeasureResult.DONE
    """What comes of every measure; None: relationships do not answer."""
    found: tuple[str, ...] = ()
    """Open relationships of the two who are kept apart."""
    performed: list[Measure] = field(default_factory=list)

    def __post_init__(self) -> None:
        begun = receive(self.event)
        assert not isinstance(begun, Rejection)
        self.state = received(self.event)
        self._tell(begun[1])
        assert self.state == begun[0]
        self._resolve()
        self.until(self.now)

    def _tell(self, events: CaseEvents) -> None:
        for event in events:
            self.state = evolve(self.state, event)
            self.events.append(event)
            self.letters += letters_of(event, self.state)

    def _resolve(self) -> None:
        while self.state.wants_instants:
            found = instants_of(self.state.anchors, self.state.profile, ROME)
            self._tell(instants_found(self.state, self.state.anchors, found, self.now))

    def perform(self) -> None:
        """Let relationships answer what is asked of them."""
        while self.answer and (measures := under_way(self.state)):
            measure = measures[0]
            others = self.found if measure.measure is e.MeasureKind.BLOCK else ()
            self.performed.append(measure)
            self._tell(measure_applied(self.state, measure.number, self.answer, others, self.now))

    def tries(self, command: c.CaseCommand) -> Rejection | None:
        """Let somebody ask for something."""
        judged = decide(self.state, command, self.now)
        if isinstance(judged, Rejection):
            return judged
        self._tell(judged)
        self._resolve()
        self.until(self.now)
        return None

    def bounces(self, person: str) -> None:
        """Mail to somebody is refused."""
        self._tell(mail_refused(self.state, person, self.now))

    def until(self, at: datetime) -> None:
        """Let time pass, every hour at its own instant."""
        while (hour := next_hour(self.state)) and hour <= at:
            self.now = max(hour, self.now)
            self._tell(strike(self.state, self.now))
            self._resolve()
            self.perform()
        self.now = max(at, self.now)

    def after(self, *steps: CaseStep) -> Self:
        """Let all this happen; nothing of it may be refused."""
        for step in steps:
            if isinstance(step, timedelta):
                self.until(self.now + step)
            elif isinstance(step, datetime):
                self.until(step)
            else:
                assert self.tries(step) is None, step
        return self

    def told(self, purpose: str = "") -> list[str]:
        """Who was written to, in order."""
        return [letter.to for letter in self.letters if purpose in ("", letter.purpose)]

    def of(self, kind: type[e.CaseEvent]) -> list[Any]:
        """Every event of a kind."""
        return [event for event in self.events if isinstance(event, kind)]


def triage(by: str = FIRST, **changes: Any) -> c.Triage:
    """As it stands, under no special law."""
    return c.Triage(by, **{"track": c.LegalTrack.INTERNAL, **changes})


NOTED: tuple[CaseStep, ...] = (HOUR, c.Acknowledge(FIRST))
TRIAGED: tuple[CaseStep, ...] = (*NOTED, HOUR, triage())
LOOKED_INTO: tuple[CaseStep, ...] = (*TRIAGED, DAY, c.StartInvestigation(FIRST))
DECIDED: tuple[CaseStep, ...] = (*LOOKED_INTO, 20 * DAY, c.DecideOutcome(FIRST, c.CaseOutcome.SUPPORT_GIVEN))
CONCLUDED: tuple[CaseStep, ...] = (*DECIDED, DAY, c.GiveFeedback(FIRST))
CLOSED: tuple[CaseStep, ...] = (*CONCLUDED, 181 * DAY)
