"""A desk at which every letter of the catalogue can be written."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from mentoring_lifecycle.activities.ports import LetterWriter
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.contracts.words import Words
from mentoring_lifecycle.domain.commands import CalendarAnswer, HelpOutcome, Matter, NoActionReason
from mentoring_lifecycle.domain.effects import Facts, Letter
from mentoring_lifecycle.domain.events import CancelReason, DecisionTopic, HelpStep, RelationshipOutcome, TalkReason
from mentoring_lifecycle.domain.ground_rules import DEFAULT_VALUES
from mentoring_lifecycle.domain.letters import Action, LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.letters.writer import CatalogueLetters

STARTS = datetime(2027, 1, 14, 14, 0, tzinfo=UTC)

TO_THE_TEAM: dict[LetterKind, tuple[Party, ...]] = {
    LetterKind.COMFORT_TALK: (Party.COORDINATOR,),
    LetterKind.HELP_WANTED: (Party.COORDINATOR,),
    LetterKind.HELP_REMINDER: (Party.COORDINATOR, Party.BACKUP),
    LetterKind.HELP_OVERDUE: (Party.COORDINATOR, Party.BACKUP),
    LetterKind.HELP_PASSED_ON: (Party.SAFEGUARDING,),
    LetterKind.DECISION_WANTED: (Party.COORDINATOR,),
    LetterKind.CHANGES_NOTED: (Party.COORDINATOR,),
    LetterKind.SESSION_TO_SETTLE: (Party.COORDINATOR,),
    LetterKind.CLOSED_NOTE: (Party.COORDINATOR,),
    LetterKind.ADDRESS_FAILED: (Party.COORDINATOR,),
    LetterKind.CASE_RECEIVED: (Party.SAFEGUARDING,),
    LetterKind.MATTER_WAITING: (Party.SAFEGUARDING,),
    LetterKind.MATTER_AGAIN: (Party.SAFEGUARDING,),
    LetterKind.HOLD_NOTE: (Party.COORDINATOR,),
    LetterKind.TEAM_CHANGED: (Party.COORDINATOR,),
    LetterKind.SILENCE_NOTE: (Party.COORDINATOR,),
}

TOPICS: dict[LetterKind, tuple[str, ...]] = {
    LetterKind.INVITATION: ("reverse", "traditional"),
    LetterKind.SESSION_CANCELLED: tuple(CancelReason),
    LetterKind.HELP_WANTED: tuple(Matter),
    LetterKind.HELP_RECEIVED: ("backup",),
    LetterKind.HELP_REMINDER: tuple(HelpStep),
    LetterKind.HELP_OVERDUE: tuple(Matter),
    LetterKind.HELP_ELSEWHERE: ("late", "nobody"),
    LetterKind.HELP_OUTCOME: (*HelpOutcome, *NoActionReason),
    LetterKind.PAUSED: ("own", "partner"),
    LetterKind.RESUMED: ("own", "partner"),
    LetterKind.DECISION_WANTED: tuple(DecisionTopic),
    LetterKind.TALK_SUGGESTED: tuple(TalkReason),
    LetterKind.CALENDAR_QUESTION: tuple(CalendarAnswer),
    LetterKind.CALENDAR_QUESTION_REMINDER: tuple(CalendarAnswer),
    LetterKind.SESSION_QUESTION: ("logged",),
    LetterKind.FAREWELL: tuple(RelationshipOutcome),
    LetterKind.CLOSED_NOTE: tuple(RelationshipOutcome),
    LetterKind.CLOSING_NOTICE: ("may_be_extended",),
    LetterKind.RELATIONSHIP_ENDED: ("another_pairing",),
    LetterKind.TEAM_CHANGED: ("with_backup", "alone"),
    LetterKind.SILENCE_NOTE: ("both", "one"),
}

ALL_FACTS = Facts(
    partner="p-anna",
    concerned="p-luca",
    occurrence="x7",
    session=3,
    starts_at=STARTS,
    ends_at=STARTS + timedelta(minutes=45),
    zone="Europe/Rome",
    deadline=datetime(2027, 7, 1, 16, 30, tzinfo=UTC),
    version=2,
    rules=DEFAULT_VALUES,
    agenda=("Asking a machine good questions",),
    goals=("Use one new tool alone", "Speak at the spring meeting"),
    times=(STARTS, STARTS + timedelta(days=1)),
    sessions_held=5,
    review=True,
    keep_in_touch=True,
)


class Tool:
    """The host's own tool, as far as its addresses go."""

    def link(self, action: Action, *, relationship: str, occurrence: str, person: str) -> str:
        return f"https://tool.example/{action}?of={relationship}&at={occurrence}&who={person}"


def person(locale: str = "en", zone: str = "Europe/London", **more: object) -> Person:
    """Luca, the junior of the two."""
    luca = Person("p-luca", "Luca Verdi", "luca@example.org", locale, zone, level=3)
    return replace(luca, **more)  # type: ignore[arg-type]  # keywords are fields of Person


@dataclass(frozen=True)
class Desk:
    """Writes letters to Luca about his pairing with Anna."""

    writer: LetterWriter = field(default_factory=lambda: CatalogueLetters(Tool(), "Ponte"))

    def write(
        self,
        kind: LetterKind,
        locale: str = "en",
        party: Party | None = None,
        facts: Facts = ALL_FACTS,
        *,
        zone: str = "Europe/London",
        reader_name: str = "Luca Verdi",
        partner_name: str | None = "Anna Bianchi",
        concerned_name: str | None = "Luca Verdi",
    ) -> Words:
        party = party or self.parties(kind)[0]
        letter = Letter("key", kind, "p-luca", party, STARTS, STARTS, facts)
        return self.writer.write(
            letter,
            relationship="r-1",
            reader=person(locale, zone, name=reader_name),
            partner=None if partner_name is None else person(id="p-anna", name=partner_name, level=7),
            concerned=None if concerned_name is None else person(name=concerned_name),
        )

    def every(self, kind: LetterKind, locale: str) -> Iterator[Words]:
        """The letter to every party and about every topic, with all facts and with none."""
        for party in self.parties(kind):
            for topic in self.topics(kind):
                yield self.write(kind, locale, party, replace(ALL_FACTS, topic=topic))
                yield self.write(kind, locale, party, Facts(topic=topic), partner_name=None, concerned_name=None)

    @staticmethod
    def parties(kind: LetterKind) -> tuple[Party, ...]:
        return TO_THE_TEAM.get(kind, PAIR)

    @staticmethod
    def topics(kind: LetterKind) -> tuple[str, ...]:
        return (*TOPICS.get(kind, ()), "", "unheard_of")

    @staticmethod
    def about(**changes: object) -> Facts:
        return replace(ALL_FACTS, **changes)  # type: ignore[arg-type]  # keywords are fields of Facts


@pytest.fixture(scope="session")
def desk() -> Desk:
    return Desk()
