"""Whoever is absent, accused, in conflict or leaves: a report that is taken has somebody, and nobody else learns of it.

Not drawn but swept: every combination of up to three handlers and the contact, and the count stands beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import product

import pytest

from mentoring_lifecycle.activities.legal_clocks import instants_of
from mentoring_lifecycle.contracts.cases import Handling, OpenCase, SevereReport, open_case, received_at
from mentoring_lifecycle.domain.cases import commands as c
from mentoring_lifecycle.domain.cases.assignment import is_eligible, line, may_see
from mentoring_lifecycle.domain.cases.events import Anchors, Instants
from mentoring_lifecycle.domain.cases.handling import CaseEvents, instants_found
from mentoring_lifecycle.domain.cases.profile import LegalProfile
from mentoring_lifecycle.domain.commands import Matter
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.case_builders import ACCUSED, CONTACT, DAY, HANDLERS, REPORTER, ROME, START, LivedCase


class Lot(StrEnum):
    """What is the matter with somebody who might handle it."""

    FREE = "free"
    REPORTS = "reports"
    ACCUSED = "accused"
    CONFLICTED = "conflicted"
    """In a reporting chain, part of the pair, inactive or unknown: what the directory says."""
    UNREACHED = "unreached"
    ABSENT = "absent"
    """Has it, and gives it on before taking note."""
    TURNS_OUT_PART_OF_IT = "turns_out_part_of_it"
    ABSENT_AND_UNREACHED = "absent_and_unreached"
    """Others have to take it from them: the contact, or whoever was told as well."""


BARRED = (Lot.REPORTS, Lot.ACCUSED, Lot.CONFLICTED)
WITHOUT_MAIL = (Lot.UNREACHED, Lot.ABSENT_AND_UNREACHED)
GIVES_ON = {
    Lot.ABSENT: c.ReassignReason.ABSENCE,
    Lot.ABSENT_AND_UNREACHED: c.ReassignReason.ABSENCE,
    Lot.TURNS_OUT_PART_OF_IT: c.ReassignReason.CONFLICT,
}


@dataclass(frozen=True)
class Combination:
    """Who may be asked, in order, the contact last; and what is the matter with each of them."""

    lots: dict[str, Lot]

    def opened(self) -> OpenCase | Rejection:
        """The report, judged as the intake does it."""
        by = next((person for person, lot in self.lots.items() if lot is Lot.REPORTS), REPORTER)
        about = next((person for person, lot in self.lots.items() if lot is Lot.ACCUSED), ACCUSED)
        barred = tuple(person for person, lot in self.lots.items() if lot is Lot.CONFLICTED)
        *handlers, contact = self.lots
        report = SevereReport("c-1", Matter.PHYSICAL_OR_THREAT, "He threatened me.", by, about)
        return open_case(report, Handling(contact, tuple(handlers), barred, zone="Europe/Rome"))

    def might_have_it(self) -> list[str]:
        """Nobody who is part of it from the beginning."""
        return [person for person, lot in self.lots.items() if lot not in BARRED]

    def __str__(self) -> str:
        return ", ".join(f"{person} {lot}" for person, lot in self.lots.items())


def combinations() -> Iterator[Combination]:
    """Nought to three handlers and the contact; one at most reported it, and one at most is accused."""
    for count in range(4):
        for lots in product(Lot, repeat=count + 1):
            if lots.count(Lot.REPORTS) <= 1 and lots.count(Lot.ACCUSED) <= 1:
                yield Combination(dict(zip((*HANDLERS[:count], CONTACT), lots, strict=True)))


ALL = 8 + 62 + 468 + 3_456
"""With nought, one, two and three handlers: 8^n less those with two reporters or two accused."""


@cache
def _instants(anchors: Anchors, profile: LegalProfile) -> Instants:
    return instants_of(anchors, profile, ROME)


class CaseInACombination(LivedCase):
    """A case whose every moment is looked at."""

    def _resolve(self) -> None:
        """As ever, but the same instants are worked out once for all combinations."""
        while self.state.wants_instants:
            found = _instants(self.state.anchors, self.state.profile)
            self._tell(instants_found(self.state, self.state.anchors, found, self.now))

    def _tell(self, events: CaseEvents) -> None:
        super()._tell(events)
        if self.state.handler:
            assert is_eligible(self.state, self.state.handler)
            assert may_see(self.state, self.state.handler)


def test_the_sweep_is_as_wide_as_it_says() -> None:
    """A lot that is left out would make every other promise here smaller, and nothing else would say so."""
    assert len([*combinations()]) == ALL
    taken = [each for each in combinations() if not isinstance(each.opened(), Rejection)]
    assert len(taken) == ALL - REFUSED


REFUSED = 3 + 7 + 13 + 21
"""Where everybody is part of it."""


def test_a_report_is_refused_where_everybody_is_part_of_it_and_only_there() -> None:
    """Before anything was said to be received."""
    for each in combinations():
        opened = each.opened()
        if each.might_have_it():
            assert isinstance(opened, OpenCase), each
        else:
            assert opened == Rejection(Refusal.NOBODY_ELIGIBLE), each


class Manner(StrEnum):
    """How people go about it."""

    BEFORE_NOTE = "gives it on unread"
    AFTER_NOTE = "takes note and then gives it on"
    AFTER_A_DAY = "gives it on unread, and then nobody acts for a day"


@pytest.mark.parametrize("manner", Manner)
def test_every_report_that_is_taken_has_somebody_at_every_moment(manner: Manner) -> None:
    """Whoever can be reached is told, whoever must not know never is, and the one who takes note has it."""
    for each in combinations():
        opened = each.opened()
        if isinstance(opened, OpenCase):
            try:
                _Story(each, opened).unfolds(manner)
            except AssertionError as failed:
                raise AssertionError(f"{each}: {manner}") from failed


class _Story:
    """One combination, lived until somebody is left with it."""

    def __init__(self, each: Combination, opened: OpenCase) -> None:
        self._lots = each.lots
        self._might_have_it = each.might_have_it()
        self._gone: list[str] = []
        self._read = 0
        self._lived = CaseInACombination(received_at(opened, START))

    def unfolds(self, manner: Manner) -> None:
        self._mail_comes_back()
        while self._somebody_gives_it_on(manner):
            pass
        for _ in range(manner is Manner.AFTER_A_DAY):
            self._lived.until(self._lived.now + DAY)
            self._mail_comes_back()
        self._somebody_takes_note()

    def _mail_comes_back(self) -> None:
        """Mail to whoever has no good address is refused, and so is what is sent because of it."""
        letters, told = self._lived.letters, ""
        while self._read < len(letters):
            letter = letters[self._read]
            self._read += 1
            told = letter.to if letter.purpose is LetterKind.CASE_RECEIVED else told
            if self._lots[letter.to] in WITHOUT_MAIL:
                self._lived.bounces(letter.to)
        assert {letter.to for letter in letters} <= set(self._might_have_it) & set(self._lived.state.knows)
        if told and self._could_be_reached():
            assert told in self._could_be_reached()

    def _could_be_reached(self) -> list[str]:
        return [
            person
            for person in line(self._lived.state)
            if self._lots[person] not in WITHOUT_MAIL and person not in self._gone
        ]

    def _somebody_gives_it_on(self, manner: Manner) -> bool:
        by = self._who_has_read_it() if manner is Manner.AFTER_NOTE else self._lived.state.handler
        reason = GIVES_ON.get(self._lots[by])
        if by in self._gone or reason is None:
            return False
        if manner is Manner.AFTER_NOTE:
            assert self._lived.tries(c.Acknowledge(by)) is None
        self._gone.append(by)
        refused = self._lived.tries(c.Reassign(by, reason))
        assert refused is None or (refused.code is Refusal.NOBODY_ELIGIBLE and line(self._lived.state) == (by,))
        self._mail_comes_back()
        return refused is None

    def _who_has_read_it(self) -> str:
        """Of those who were told and may have it: whoever reads mail and is there, else whoever has it."""
        reached = [person for person in self._lived.state.knows if person in self._could_be_reached()]
        return next(iter(reached), self._lived.state.handler)

    def _somebody_takes_note(self) -> None:
        by = self._who_has_read_it()
        assert not self._could_be_reached() or by in self._could_be_reached()
        if self._lived.state.awaits_note:
            assert self._lived.tries(c.Acknowledge(by)) is None
            assert self._lived.state.handler == by
