"""Who may do what to a case: every part, command, stage and way, with each part as the one whom it is about."""

from dataclasses import dataclass
from itertools import product
from typing import Any, get_args

import pytest

from mentoring_lifecycle.domain.authorisation import Channel
from mentoring_lifecycle.domain.cases import commands as c
from mentoring_lifecycle.domain.cases.authorisation import ROLES, Role, refused_on_the_way, roles_of
from mentoring_lifecycle.domain.cases.handling import decide
from mentoring_lifecycle.domain.cases.locks import lock_of
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.case_builders import ACCUSED, CONTACT, DAY, FIRST, REPORTER, SECOND, THIRD, LivedCase, report

STRANGER, KEY = "p-nemo", "the key of a receipt"
PEOPLE = (REPORTER, ACCUSED, FIRST, SECOND, THIRD, CONTACT, STRANGER, "")

WORDS: dict[type[Any], dict[str, Any]] = {
    c.Triage: {"track": c.LegalTrack.INTERNAL},
    c.Refer: {"to": c.ReferredTo.POLICE},
    c.DecideOutcome: {"outcome": c.CaseOutcome.SUPPORT_GIVEN},
    c.Reassign: {"reason": c.ReassignReason.ABSENCE},
    c.WriteAsReporter: {"words": "Words."},
    c.WriteAsHandler: {"words": "Words."},
}
"""What a command says beside who says it."""

WAY = (c.Acknowledge, c.Triage, c.StartInvestigation, c.DecideOutcome, c.GiveFeedback)
OF_WHO_HAS_IT = {c.Triage, c.StartInvestigation, c.Refer, c.DecideOutcome, c.GiveFeedback, c.Withdraw}
OF_WHO_HAS_IT |= {c.WriteAsHandler, c.NoteMessages, c.PlaceHold, c.LiftHold, c.BlockPair, c.UnblockPair}
OF_ALL_WHO_KNOW = {c.Acknowledge, c.Read, c.TakeCopy, c.Reopen, c.Reassign}
OF_THE_REPORTER = {c.Withdraw, c.WriteAsReporter}
"""The same once more in words of the test, so that a slip in the table shows."""


@dataclass(frozen=True)
class Setting:
    """A case about somebody, so far along its way."""

    about: str
    steps: int
    is_late: bool = False
    """Others have been told at the marks of its clocks."""

    def lived(self, **changes: Any) -> LivedCase:
        given = {"about": self.about, "relationship": "r-1", "pair": (REPORTER, ACCUSED)} | changes
        lived = LivedCase(report(**given))
        lived = lived.after(3 * DAY) if self.is_late else lived
        for kind in WAY[: self.steps]:
            lived = lived.after(kind(by=lived.state.handler, **WORDS.get(kind, {})))
        return lived


SETTINGS = [
    Setting(about, steps, is_late)
    for about, steps, is_late in product((ACCUSED, FIRST, SECOND, THIRD, CONTACT), range(len(WAY) + 1), (False, True))
]


def test_every_command_has_its_row() -> None:
    """No command is forgotten, and no row is left over."""
    assert set(ROLES) == set(get_args(c.CaseCommand))
    assert set(ROLES) == OF_WHO_HAS_IT | OF_ALL_WHO_KNOW | OF_THE_REPORTER


def expected(lived: LivedCase, kind: type[Any], person: str) -> Refusal | None:
    """What the gate says to this person, judged by whom the case is about and who was told, not by the table."""
    state = lived.state
    is_told = person in state.knows and person not in (state.about, state.reporter)
    may = (
        (is_told and kind in OF_ALL_WHO_KNOW)
        or (is_told and person == state.handler and kind in OF_WHO_HAS_IT)
        or (person == state.reporter and kind in OF_THE_REPORTER)
        or (person == CONTACT and person not in (state.about, state.reporter) and kind is c.Reassign)
    )
    if may:
        return None
    return Refusal.NOT_THE_HANDLER if is_told and kind in OF_WHO_HAS_IT else Refusal.UNKNOWN_CASE


AT_THE_GATE = {Refusal.UNKNOWN_CASE, Refusal.NOT_THE_HANDLER}


def test_every_cell_is_judged_as_it_should_be() -> None:
    """Part x command x stage x way, whoever it is about: a refused one says nothing that a stranger must not learn."""
    cells = 0
    for setting in SETTINGS:
        lived = setting.lived()
        for kind, person, channel in product(ROLES, PEOPLE, Channel):
            judged = decide(lived.state, kind(by=person, **WORDS.get(kind, {})), lived.now)
            code = judged.code if isinstance(judged, Rejection) and judged.code in AT_THE_GATE else None
            assert code is expected(lived, kind, person), (setting, kind, person)
            in_person = channel in (Channel.TOOL, Channel.COMMAND_LINE)
            assert (refused_on_the_way(channel) is None) is in_person
            cells += 1
    assert cells == len(SETTINGS) * len(ROLES) * len(PEOPLE) * len(Channel) >= 40_000


@pytest.mark.parametrize("about", [ACCUSED, FIRST, SECOND, THIRD, CONTACT])
def test_whoever_it_is_about_finds_no_case(about: str) -> None:
    """Whatever they are otherwise, whatever they try, and however late it is: for them there is none."""
    for setting in SETTINGS:
        if setting.about == about:
            lived = setting.lived()
            assert roles_of(lived.state, about) == ()
            assert about not in lived.state.knows
            for kind in ROLES:
                judged = decide(lived.state, kind(by=about, **WORDS.get(kind, {})), lived.now)
                assert judged == Rejection(Refusal.UNKNOWN_CASE)


def test_an_anonymous_reporter_is_their_receipt() -> None:
    """The key makes the reporter, for what a reporter may do; without it, another, or a name beside it: no."""
    lived = Setting(ACCUSED, 2).lived(reporter="", lock=lock_of(KEY))
    for by, key, roles in (("", KEY, (Role.REPORTER,)), ("", "", ()), ("", "other", ()), (STRANGER, KEY, ())):
        assert roles_of(lived.state, by, key) == roles
        for kind in (c.Withdraw, c.WriteAsReporter):
            judged = decide(lived.state, kind(by=by, key=key, **WORDS.get(kind, {})), lived.now)
            assert (judged == Rejection(Refusal.UNKNOWN_CASE)) is (roles == ())


def test_whoever_had_it_and_was_part_of_it_reads_no_more() -> None:
    """After a conflict there is no case for them, at any later moment."""
    lived = Setting(ACCUSED, 1).lived()
    had = lived.state.handler
    lived = lived.after(c.Reassign(had, c.ReassignReason.CONFLICT), 5 * DAY)
    assert roles_of(lived.state, had) == ()
    for kind in ROLES:
        assert decide(lived.state, kind(by=had, **WORDS.get(kind, {})), lived.now) == Rejection(Refusal.UNKNOWN_CASE)


def test_nothing_can_be_done_to_a_case_that_is_no_longer_kept() -> None:
    """It is gone for everybody alike."""
    lived = Setting(ACCUSED, len(WAY)).lived().after(200 * DAY, 1200 * DAY)
    assert lived.state.has_ended
    for kind, person in product(ROLES, PEOPLE):
        judged = decide(lived.state, kind(by=person, **WORDS.get(kind, {})), lived.now)
        assert judged == Rejection(Refusal.UNKNOWN_CASE)
