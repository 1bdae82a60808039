"""A small world in which a relationship lives beside a case, for twins that differ in nothing but a report.

Everything is drawn from a seed, step by step, so that what one twin does draws nothing from the other's lot.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from random import Random

from mentoring_lifecycle.contracts.cases import Handling, OpenCase, SevereReport, open_case, received_at
from mentoring_lifecycle.contracts.journal import journal_entry
from mentoring_lifecycle.contracts.views import AgreementView, DisputeView, HelpView, RelationshipView
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.cases import commands as k
from mentoring_lifecycle.domain.cases.locks import lock_of
from mentoring_lifecycle.domain.effects import Effect, KeepEntry, Letter, RemoveEntry
from mentoring_lifecycle.domain.lifecycle import Events, decide
from mentoring_lifecycle.domain.rejections import Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE, Relationship
from mentoring_lifecycle.workflows.showing import current_details, search_attributes
from tests.builders import BACKUP, COORDINATOR, MENTEE, MENTOR, Life, life
from tests.case_builders import CONTACT, FIRST, SECOND, THIRD, LivedCase

from .test_any_life import PASTS, POLICIES, WITHOUT_SESSIONS, fitting_answer, what_fits

MANAGER = "p-boss"
"""Of whoever is accused; one of the handlers wherever nobody looks."""
EVERYBODY = (MENTOR, MENTEE, COORDINATOR, BACKUP, MANAGER)
"""Who must not be able to tell the twins apart; the reporter is told nothing by mail either."""
STEPS = 8
MATTERS = (c.Matter.DISCRIMINATION, c.Matter.RETALIATION, c.Matter.PHYSICAL_OR_THREAT, c.Matter.FINANCIAL_ABUSE)


@dataclass(frozen=True)
class Fate:
    """What is drawn for a pair of twins."""

    seed: int
    past: str
    policy: str
    opened: OpenCase
    reported_at: int
    """The step at which it is reported."""
    held_at: int
    """The step at which a handler holds the relationship, after some who only waited."""


def fate(seed: int) -> Fate:
    """Any phase and standing; by either of the pair, somebody else or nobody; about anybody; now or later."""
    chance = Random(seed)
    past, policy = chance.choice([*PASTS]), chance.choice(["default", "weekly", "short", "patient", "by hand"])
    if policy != "default" and past not in (*WITHOUT_SESSIONS, "active for 0 weeks"):
        policy = "default"
    matter, by = chance.choice(MATTERS), chance.choice([MENTOR, MENTEE, "p-witness", ""])
    about = chance.choice([person for person in (MENTOR, MENTEE, COORDINATOR, MANAGER) if person != by])
    report = SevereReport(f"c-{seed}", matter, "What happened", by, about, "r-1", pause_now=chance.random() < 0.4)
    handlers = (MANAGER, COORDINATOR, FIRST, SECOND, THIRD) if about == COORDINATOR else (MANAGER, FIRST, SECOND, THIRD)
    handling = Handling(CONTACT, handlers, (MANAGER,), zone="Europe/Rome")
    opened = open_case(report, handling, lock="" if by else lock_of("of a receipt"))
    assert isinstance(opened, OpenCase)
    reported_at = chance.randrange(STEPS - 1)
    return Fate(seed, past, policy, opened, reported_at, chance.randrange(reported_at + 1, STEPS))


@dataclass(frozen=True)
class Moment:
    """Everything that can be observed at the end of a step by anybody who does not handle cases."""

    attributes: dict[str, object]
    details: str
    journal: tuple[str, ...]
    """New rows."""
    mails: tuple[Letter, ...]
    """New ones of the relationship, and all of the case, to anybody who must not know."""
    calendars: tuple[Effect, ...]
    """What was newly put into them, or taken out."""
    views: tuple[RelationshipView, ...]
    help: tuple[tuple[HelpView, ...], ...]
    more: tuple[object, ...]


@dataclass
class Seen:
    """All moments, in order."""

    shown: list[Moment] = field(default_factory=list)

    def until(self, step: int) -> list[Moment]:
        """What could be observed up to the end of a step."""
        return self.shown[: step + 1]


class World:
    """One of the twins. What it does about a case are methods, so that a mutant can do it wrongly."""

    def __init__(self, drawn: Fate, *, reports: bool, office_holds_at: int | None = None) -> None:
        self.fate = drawn
        self.reports = reports
        self.office_holds_at = office_holds_at
        self.lived = _past(drawn.past, drawn.policy)
        self.case: LivedCase | None = None
        self.seen = Seen()
        self._events_seen = self._effects_seen = 0

    def live(self, *, handler_holds: bool = False) -> Seen:
        """All steps, and what was seen of them."""
        for step in range(STEPS):
            self._something_happens(Random(f"{self.fate.seed}/{step}"))
            if self.reports and step == self.fate.reported_at:
                self.report_comes()
            elif self.case:
                self._case_goes_on(Random(f"{self.fate.seed}/{step}/case"))
            if handler_holds and step == self.fate.held_at:
                self.place_hold()
            if step == self.office_holds_at:
                self.lived.tries(c.Hold(PROGRAMME_OFFICE))
            self._look()
        return self.seen

    # --- what a case does ---------------------------------------------------------------------------------------

    def report_comes(self) -> None:
        """As the intake and the case do it."""
        opened = self.fate.opened
        self.case = LivedCase(received_at(opened, self.lived.now), self.lived.now)
        if self.case.state.holds:
            self.place_hold()

    def place_hold(self) -> None:
        """The same command as by hand."""
        self.lived.tries(c.Hold(PROGRAMME_OFFICE))

    def letters_of_case(self) -> Iterable[Letter]:
        """What has been mailed about it."""
        return self.case.letters if self.case else ()

    def attributes(self, state: Relationship) -> dict[str, object]:
        """What a list of workflows shows."""
        return {pair.key.name: pair.value for pair in search_attributes(state)}

    def _case_goes_on(self, chance: Random) -> None:
        assert self.case
        self.case.until(max(self.lived.now, self.case.now))
        by = self.case.state.handler
        for command in (
            k.Acknowledge(by),
            k.Triage(by, k.LegalTrack.INTERNAL),
            k.StartInvestigation(by),
            k.DecideOutcome(by, k.CaseOutcome.SUPPORT_GIVEN),
            k.GiveFeedback(by),
        ):
            if chance.random() < 0.4:
                self.case.tries(command)

    # --- what everybody does ------------------------------------------------------------------------------------

    def _something_happens(self, chance: Random) -> None:
        self.lived.passes(self.lived.now + timedelta(minutes=chance.randint(1, 12 * 24 * 60)))
        state = self.lived.state
        if state.asks and chance.random() < 0.7:
            self.lived.tries(fitting_answer(state, chance.choice(state.asks)))
        for command in chance.sample(what_fits(state, self.lived.now + timedelta(days=3)), 3):
            if self.fits(command) and not isinstance(self.lived.tries(command), Rejection):
                break

    def fits(self, command: c.Command) -> bool:
        """An ordinary hold or lift by hand is left to the plan."""
        return not isinstance(command, c.Hold)

    def _look(self) -> None:
        state, events, effects = self.lived.state, self.lived.events, self.lived.effects
        letters = [*effects[self._effects_seen :], *self.letters_of_case()]
        rows = tuple(journal_entry(n, event).body for n, event in enumerate(events) if n >= self._events_seen)
        self._events_seen, self._effects_seen = len(events), len(effects)
        self.seen.shown.append(
            Moment(
                self.attributes(state),
                current_details(state, 0),
                rows,
                tuple(each for each in letters if isinstance(each, Letter) and each.to in EVERYBODY),
                tuple(each for each in letters if isinstance(each, KeepEntry | RemoveEntry)),
                tuple(RelationshipView.of(state, person) for person in (MENTOR, MENTEE, COORDINATOR)),
                tuple(HelpView.of(state, person) for person in (COORDINATOR, BACKUP)),
                (DisputeView.of(state), AgreementView.of(state)),
            )
        )


@cache
def _lived_past(past: str, policy: str) -> Life:
    return life(POLICIES[policy]).after(*PASTS[past])


def _past(past: str, policy: str) -> Life:
    lived = _lived_past(past, policy)
    return replace(lived, events=[*lived.events], effects=[*lived.effects], unanswered=[*lived.unanswered])


# --- worlds that leak -------------------------------------------------------------------------------------------


class TellsTheCoordinator(World):
    """When a report comes, the coordinator hears of it."""

    def letters_of_case(self) -> Iterable[Letter]:
        return [replace(each, to=COORDINATOR) for each in super().letters_of_case()][:1]


class AsksTheManager(World):
    """Nobody looked who stands above whom."""

    def report_comes(self) -> None:
        opened = self.fate.opened
        handling = replace(opened.handling, conflicted=())
        report = replace(opened.report, about="" if opened.report.about == MANAGER else opened.report.about)
        self.fate = replace(self.fate, opened=replace(opened, report=report, handling=handling))
        super().report_comes()


class ShowsItInAList(World):
    """Health says that something is the matter."""

    def attributes(self, state: Relationship) -> dict[str, object]:
        return super().attributes(state) | ({"MentoringHealth": "attention!"} if self.case else {})


class DoesNotWait(World):
    """Holds although whoever reported chose to wait."""

    def report_comes(self) -> None:
        super().report_comes()
        self.place_hold()


class HoldsWith(World):
    """Places another hold than the programme does by hand."""

    def place_hold(self) -> None:
        judged = decide(self.lived.state, c.Hold(PROGRAMME_OFFICE), self.lived.now)
        if not isinstance(judged, Rejection):
            self.lived._tell(self.other(judged))
            self.lived.strikes()

    def other(self, events: Events) -> Events:
        """The facts of an ordinary hold, changed."""
        raise NotImplementedError


class HoldsInAnotherOrder(HoldsWith):
    """The same facts, the last one first."""

    def other(self, events: Events) -> Events:
        return events[::-1]


class HoldsASecondLater(HoldsWith):
    """As if two machines had been at it."""

    def other(self, events: Events) -> Events:
        return tuple(replace(event, at=event.at + timedelta(seconds=1)) for event in events)


class HoldsHalf(HoldsWith):
    """What follows from a hold, the sessions called off among it, is left out."""

    def other(self, events: Events) -> Events:
        return events[:1]


class HoldsTwice(World):
    """Lifted and placed once more, which changes nothing but what is kept."""

    def place_hold(self) -> None:
        super().place_hold()
        self.lived.tries(c.Lift(PROGRAMME_OFFICE))
        super().place_hold()


class WritesToThePair(World):
    """The fixed sentence goes out once more, because of the case."""

    def place_hold(self) -> None:
        before = len(self.lived.effects)
        super().place_hold()
        letters = [each for each in self.lived.effects[before:] if isinstance(each, Letter)]
        self.lived.effects += [replace(each, key=f"{each.key}/again") for each in letters]


MUTANTS: tuple[type[World], ...] = (
    TellsTheCoordinator,
    AsksTheManager,
    ShowsItInAList,
    DoesNotWait,
    HoldsInAnotherOrder,
    HoldsASecondLater,
    HoldsHalf,
    HoldsTwice,
    WritesToThePair,
)
