"""Who may do what, when: one row per command, tried in every phase, standing and part."""

from dataclasses import replace
from itertools import product
from typing import Any, get_args

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.authorisation import (
    GATES,
    READERS,
    TEAM,
    Channel,
    Gate,
    refused_on_the_way,
    refused_to_read,
)
from mentoring_lifecycle.domain.events import Phase
from mentoring_lifecycle.domain.lifecycle import decide
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE, Relationship, Standing
from tests.builders import (
    ACTIVE,
    COORDINATOR,
    GOALS,
    MENTEE,
    MENTOR,
    PERSON_OF,
    STRANGER,
    WEEK,
    at_phase,
    at_the_end,
    life,
)

LATER = at_the_end().now + WEEK
WORDS: dict[type[Any], dict[str, Any]] = {
    c.AnswerInvitation: {"accept": True},
    c.CompleteInduction: {"comfort": c.Comfort.YES},
    c.ProposeRules: {"values": ()},
    c.SignRules: {"version": 1},
    c.ProposeGoals: {"goals": GOALS},
    c.AgreeGoals: {"proposal": 1, "baselines": (1, 1)},
    c.SetAgenda: {"session": 1, "points": ()},
    c.MoveSession: {"session": 1, "starts_at": LATER},
    c.BookSession: {"session": 1, "starts_at": LATER},
    c.CancelSession: {"session": 1},
    c.ProposeTimes: {"session": 1, "times": (LATER,)},
    c.AnswerTimes: {"session": 1, "chosen": 0},
    c.NoteCalendar: {"session": 1, "revision": 0, "answer": c.CalendarAnswer.ACCEPTED},
    c.AnswerCalendarQuestion: {"session": 1, "meant": True},
    c.ConfirmSession: {"session": 1, "held": True},
    c.ReportNoShow: {"session": 1},
    c.ExplainAbsence: {"session": 1, "answer": c.AbsenceAnswer.FORGOT},
    c.AnswerDispute: {"session": 1, "talked": True, "elsewhere": False},
    c.SettleDispute: {"session": 1, "result": c.Verdict.HELD},
    c.LogSession: {"starts_at": LATER, "minutes": 30},
    c.GiveReview: {"review": c.Review((1, 1), c.Comfort.YES, rules_fit=True)},
    c.AskCoordinator: {"matter": c.Matter.OTHER, "words": "Words."},
    c.TakeUpHelp: {"help": 1},
    c.TriageHelp: {"help": 1, "way": c.HelpWay.ANSWER},
    c.ArrangeTalk: {"help": 1, "starts_at": LATER},
    c.ConcludeHelp: {"help": 1, "outcome": c.HelpOutcome.ANSWERED},
    c.RateHelp: {"help": 1, "helped": True},
    c.Pause: {},
    c.Resume: {},
    c.Hold: {},
    c.Lift: {},
    c.NoteLeaver: {"person": MENTEE, "left": True},
    c.ChangeCoordinator: {"coordinator": "p-new"},
    c.GoOn: {},
    c.Exit: {},
    c.Decide: {"choice": c.Choice.END},
    c.ChangeZone: {"zone": "Europe/London", "starting": LATER},
    c.WishExtension: {"weeks": 4},
    c.ProposeEarlyEnd: {},
    c.AgreeEarlyEnd: {},
    c.EndForRematch: {},
    c.CarryGoals: {"yes": True},
    c.EndByProgramme: {},
    c.GiveFinalFeedback: {"ratings": (1, 1), "would_repeat": 1, "felt_safe": 1, "keep_in_touch": True},
    c.NoteAddress: {"person": MENTOR, "news": c.AddressNews.FAILED},
}
"""What each command says beside who says it."""

AT_THE_GATE = {
    Refusal.NOT_PART_OF_THIS,
    Refusal.CLOSED,
    Refusal.NOT_YOURS_TO_DO,
    Refusal.ON_HOLD,
    Refusal.PAUSED,
    Refusal.WRONG_PHASE,
}

BEHIND_THE_GATE = {(c.Pause, Standing.PAUSED): Refusal.PAUSED, (c.Hold, Standing.ON_HOLD): Refusal.ON_HOLD}
"""The two commands that are let in and then find what they ask for done already."""

STOPS: dict[Standing, tuple[c.Command, ...]] = {
    Standing.NORMAL: (),
    Standing.PAUSED: (c.Pause(MENTOR),),
    Standing.ON_HOLD: (c.Pause(MENTOR), c.Hold(COORDINATOR)),
}


def state_of(phase: Phase, standing: Standing) -> Relationship:
    lived = at_the_end() if phase is Phase.CLOSING else at_phase(phase)
    return lived.after(*STOPS[standing]).state


OPEN = [phase for phase in Phase if phase is not Phase.CLOSED]
STATES: dict[tuple[Phase, Standing], Relationship] = {where: state_of(*where) for where in product(OPEN, Standing)}
STATES[Phase.CLOSED, Standing.NORMAL] = at_phase(Phase.CLOSED).state


def expected(gate: Gate, phase: Phase, standing: Standing, party: Party) -> Refusal | None:
    """What the row of a command says, in words of its own."""
    is_stopped = standing is not Standing.NORMAL and not (gate.team_always and party in TEAM)
    answers = {
        Refusal.CLOSED: phase is Phase.CLOSED,
        Refusal.NOT_YOURS_TO_DO: party not in gate.by,
        Refusal.ON_HOLD: is_stopped and standing is Standing.ON_HOLD and not gate.in_hold,
        Refusal.PAUSED: is_stopped and not gate.in_pause,
        Refusal.WRONG_PHASE: phase not in gate.phases,
    }
    return next((code for code, applies in answers.items() if applies), None)


def test_every_command_has_a_gate() -> None:
    """No command is forgotten, and no row is left over."""
    assert set(GATES) == set(get_args(c.Command)) == set(WORDS)


@pytest.mark.parametrize("kind", GATES, ids=lambda kind: kind.__name__)
def test_a_command_is_let_in_as_its_row_says(kind: type[Any]) -> None:
    """In every phase and standing and from every part: allowed, or refused with the code of what is in the way."""
    for (phase, standing), state in STATES.items():
        for party, person in PERSON_OF.items():
            judged = decide(state, kind(by=person, **WORDS[kind]), LATER)
            code = judged.code if isinstance(judged, Rejection) else None
            refused = expected(GATES[kind], phase, standing, party)
            if refused:
                assert code is refused, (phase, standing, party)
            else:
                assert code not in AT_THE_GATE - {BEHIND_THE_GATE.get((kind, standing))}, (phase, standing, party)


@pytest.mark.parametrize("kind", GATES, ids=lambda kind: kind.__name__)
def test_strangers_are_refused_before_anything_is_looked_at(kind: type[Any]) -> None:
    """Even whether it is closed is nobody else's business."""
    for state in STATES.values():
        for person in (STRANGER, "", "P-LUCA", "mentor", "coordinator"):
            judged = decide(state, kind(by=person, **WORDS[kind]), LATER)
            assert judged == Rejection(Refusal.NOT_PART_OF_THIS)


@pytest.mark.parametrize("kind", GATES, ids=lambda kind: kind.__name__)
def test_nothing_can_be_changed_once_the_outcome_is_decided(kind: type[Any]) -> None:
    """While the calendars are being proven clean it is as closed as it will ever be."""
    ending = life(silent=True).after(*ACTIVE)
    ending.after(c.RecordSlot(1, ending.now + WEEK), c.Exit(MENTOR))
    assert ending.state.is_ending
    for person in PERSON_OF.values():
        assert decide(ending.state, kind(by=person, **WORDS[kind]), ending.now) == Rejection(Refusal.CLOSED)


# --- what people are promised -----------------------------------------------------------------------------------

SAFETY = [c.Exit, c.AskCoordinator]
PROTECTION = [c.Hold, c.Lift, c.Decide, c.TakeUpHelp, c.TriageHelp, c.ConcludeHelp]


@pytest.mark.parametrize(
    ("kind", "by"), [*product(SAFETY, [PAIR]), *product(PROTECTION, [(Party.COORDINATOR, Party.BACKUP)])]
)
def test_safety_and_protection_are_never_out_of_place(kind: type[Any], by: tuple[Party, ...]) -> None:
    """Leaving, asking for help, holding and helping are in place in every open phase and every standing."""
    by = (*by, Party.SAFEGUARDING) if kind is c.Lift else by
    always = Gate(tuple(OPEN), by, in_pause=True, in_hold=True, in_rematch=True)
    assert replace(GATES[kind], channels=always.channels) == always


def test_no_gate_stands_open_in_a_hold_that_is_shut_in_a_pause() -> None:
    """A hold wins over everything."""
    assert all(gate.in_pause for gate in GATES.values() if gate.in_hold)


def test_both_of_the_pair_may_do_the_same() -> None:
    """Neither role nor power opens a gate that is shut to the partner; the team answers for nobody."""
    for kind, gate in GATES.items():
        assert gate.by in (PAIR, TEAM, (*PAIR, *TEAM)) or kind is c.Lift, kind
    for_both = {kind for kind, gate in GATES.items() if gate.by == (*PAIR, *TEAM)}
    assert for_both == {c.Pause, c.Resume, c.ChangeZone}


def test_reversing_the_roles_changes_no_permission() -> None:
    """Who may do what is the same in a reverse and in a traditional pairing."""
    for kind in GATES:
        for person in (*PERSON_OF.values(), PROGRAMME_OFFICE):
            command = kind(by=person, **WORDS[kind])
            one, other = (
                decide(life(reverse=reverse).after(*ACTIVE).state, command, LATER) for reverse in (True, False)
            )
            assert (one.code if isinstance(one, Rejection) else None) == (
                other.code if isinstance(other, Rejection) else None
            )


# --- by which way -----------------------------------------------------------------------------------------------

ALL_PEOPLE = {**PERSON_OF, "office": PROGRAMME_OFFICE, "stranger": STRANGER}
IN_PERSON = {Channel.TOOL, Channel.COMMAND_LINE}
MAILED = {c.NoteCalendar, c.NoteAddress}
"""What an answer by mail may bring about: nothing else may ever come of a mail."""


def judged(state: Relationship, command: c.Command, channel: Channel) -> Refusal | None:
    """As a validator judges: first the way, then the rest."""
    if refused := refused_on_the_way(command, channel):
        return refused.code
    answer = decide(state, command, LATER)
    return answer.code if isinstance(answer, Rejection) else None


def test_every_cell_of_the_table_is_tried() -> None:
    """Who, what, in which phase and standing, by which way: a wrong way is refused whatever else may be said of it."""
    cells = 0
    for kind, (state, person, channel) in product(GATES, product(STATES.values(), ALL_PEOPLE.values(), Channel)):
        command = kind(by=person, **WORDS[kind])
        code = judged(state, command, channel)
        speaks_for_office = person == PROGRAMME_OFFICE
        may = channel in GATES[kind].channels and (
            channel is Channel.MAIL or speaks_for_office is (channel is Channel.OFFICE)
        )
        answer = decide(state, command, LATER)
        assert code is (Refusal.NOT_THIS_WAY if not may else answer.code if isinstance(answer, Rejection) else None)
        cells += 1
    assert cells == len(GATES) * len(STATES) * len(ALL_PEOPLE) * len(Channel) >= 20_000


def test_a_mail_brings_nothing_about_but_what_machines_answer() -> None:
    """An answering calendar, or a bounce; nobody can sign, leave or lift by a forged mail."""
    for kind, person in product(GATES, ALL_PEOPLE.values()):
        refused = refused_on_the_way(kind(by=person, **WORDS[kind]), Channel.MAIL)
        assert (refused is None) is (kind in MAILED)


def test_what_belongs_to_the_pair_comes_in_person() -> None:
    """The office, the mail and the lookout speak for neither of the two, but for what calendars say."""
    for kind, gate in GATES.items():
        if gate.by == PAIR and kind is not c.NoteCalendar:
            assert set(gate.channels) == IN_PERSON, kind


def test_holds_come_from_the_office_alone() -> None:
    """Else the way would tell who placed one."""
    for person, channel in product(ALL_PEOPLE.values(), Channel):
        allowed = refused_on_the_way(c.Hold(person), channel) is None
        assert allowed is (channel is Channel.OFFICE and person == PROGRAMME_OFFICE)


def test_words_are_read_by_whom_they_are_for() -> None:
    """Rules and goals by the pair, calls for help and disputes by the team; by nobody else of those who take part."""
    state = STATES[Phase.ACTIVE, Standing.NORMAL]
    team = {COORDINATOR, PERSON_OF[Party.BACKUP]}
    may = {"agreement": {MENTOR, MENTEE}, "changes": team, "disputes": team, "help_requests": team}
    may["status"] = {MENTOR, MENTEE} | team
    assert set(READERS) == set(may)
    for view, person in product(READERS, ALL_PEOPLE.values()):
        refused = refused_to_read(state, view, person)
        assert (refused is None) is (person in may[view] | {PROGRAMME_OFFICE}), (view, person)
