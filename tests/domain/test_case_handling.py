"""A case from its receipt to its end: who has it, what is owed by when, and what cannot be done."""

from dataclasses import dataclass, fields, replace
from datetime import timedelta

import pytest

from mentoring_lifecycle.domain.cases import commands as c
from mentoring_lifecycle.domain.cases import events as e
from mentoring_lifecycle.domain.cases.attachments import Attachment
from mentoring_lifecycle.domain.cases.consequences import still_wanted
from mentoring_lifecycle.domain.cases.handling import next_hour, receive, strike
from mentoring_lifecycle.domain.cases.hours import running_clocks
from mentoring_lifecycle.domain.cases.profile import PROFILES, SOURCES, Law, LegalProfile
from mentoring_lifecycle.domain.cases.state import Stage
from mentoring_lifecycle.domain.commands import Severity
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.case_builders import (
    ACCUSED,
    CLOSED,
    CONCLUDED,
    CONTACT,
    DAY,
    DECIDED,
    FIRST,
    HANDLERS,
    HOUR,
    LOOKED_INTO,
    NOTED,
    REPORTER,
    SECOND,
    START,
    THIRD,
    TRIAGED,
    CaseStep,
    LivedCase,
    report,
    triage,
)

STRANGER = "p-nemo"
LIGHT: tuple[CaseStep, ...] = (
    *NOTED,
    triage(severity=Severity.S2, reason=c.LoweringReason.AGREED_WITH_REPORTER),
)
NOTHING = c.DecideOutcome(FIRST, c.CaseOutcome.NO_ACTION, c.NoActionReason.WITHDRAWN)
PICTURE_BY_HTTP = Attachment("http://store.example/1", "image/png", 1, 64 * "a")
HUGE_PICTURE = Attachment("file-1", "image/png", 25 * 2**20 + 1, 64 * "a")
ABSENT, CONFLICTED = c.ReassignReason.ABSENCE, c.ReassignReason.CONFLICT


def case(*past: CaseStep, **changes: object) -> LivedCase:
    return LivedCase(report(**changes)).after(*past)


# --- the way ----------------------------------------------------------------------------------------------------


def test_a_case_goes_its_whole_way() -> None:
    """Every stage in order, to the end of the time for which it is kept."""
    lived, seen = case(), [Stage.RECEIVED]
    for step in (*CLOSED[:-1], *[60 * DAY] * 4):
        lived.after(step)
        seen += [lived.state.stage] if lived.state.stage is not seen[-1] else []
    assert seen == [
        Stage.RECEIVED,
        Stage.ACKNOWLEDGED,
        Stage.TRIAGED,
        Stage.INVESTIGATION,
        Stage.OUTCOME,
        Stage.WATCH,
        Stage.CLOSED,
    ]
    lived.after(1096 * DAY)
    assert lived.state.has_ended
    assert next_hour(lived.state) is None


def test_feedback_begins_the_watch_as_soon_as_its_days_are_known() -> None:
    """Given, and then watched: both stand in the history."""
    kinds = [event.kind for event in case(*CONCLUDED).events]
    assert kinds[-3:] == ["feedback_given", "instants_resolved", "watch_begun"]


def test_a_case_can_be_taken_elsewhere_and_back() -> None:
    """Referred from triage or from an inquiry, and looked into afterwards all the same."""
    refer = c.Refer(FIRST, c.ReferredTo.POLICE)
    lived = case(*LOOKED_INTO, refer, c.StartInvestigation(FIRST), refer)
    assert lived.state.stage is Stage.REFERRED
    lived.after(c.DecideOutcome(FIRST, c.CaseOutcome.REFERRED))
    assert lived.state.outcome is c.CaseOutcome.REFERRED


def test_a_light_case_needs_no_inquiry() -> None:
    """What the handler found less grave may be talked over and concluded from triage."""
    lived = case(*LIGHT, c.DecideOutcome(FIRST, c.CaseOutcome.FACILITATED))
    assert lived.state.stage is Stage.OUTCOME


def test_a_handler_may_raise_without_a_reason_and_judge_again() -> None:
    """Raising needs none; a reason that nothing was lowered by is not kept."""
    lived = case(*NOTED, triage(severity=Severity.S4, reason=c.LoweringReason.DUPLICATE))
    assert lived.state.severity is Severity.S4
    assert lived.of(e.Triaged)[-1].reason is None
    assert lived.tries(triage(severity=Severity.S3)) == Rejection(Refusal.REASON_NEEDED)


# --- side exits -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("past", [(), NOTED, TRIAGED, LOOKED_INTO, DECIDED], ids=len)
def test_withdrawal_never_deletes(past: tuple[CaseStep, ...]) -> None:
    """Everything stays, every clock runs on, and what is grave may be handled to its end all the same."""
    lived = case(*past)
    before, owed = list(lived.events), running_clocks(lived.state)
    lived.after(c.Withdraw(REPORTER))
    assert lived.state.stage is Stage.WITHDRAWN
    assert lived.events[: len(before)] == before
    assert running_clocks(lived.state) == owed
    lived.after(*[step for step in DECIDED[len(past) :] if not isinstance(step, timedelta)], c.GiveFeedback(FIRST))
    assert lived.state.reached is Stage.WATCH


def test_a_withdrawn_case_can_be_concluded_from_triage() -> None:
    """Nothing has to be pretended: no action, withdrawn."""
    assert case(*TRIAGED, c.Withdraw(FIRST), NOTHING).state.outcome is c.CaseOutcome.NO_ACTION


@pytest.mark.parametrize("past", [CONCLUDED, CLOSED], ids=["watched", "closed"])
def test_only_a_handler_reopens(past: tuple[CaseStep, ...]) -> None:
    """Neither the reporter nor a stranger; the clocks of triage and feedback run anew."""
    lived = case(*past)
    for nobody in (REPORTER, ACCUSED, STRANGER, SECOND):
        assert lived.tries(c.Reopen(nobody)) == Rejection(Refusal.UNKNOWN_CASE)
    lived.after(c.Reopen(FIRST))
    assert (lived.state.stage, lived.state.reached) == (Stage.REOPENED, Stage.ACKNOWLEDGED)
    assert [clock.clock for clock in running_clocks(lived.state)] == [e.Clock.TRIAGE, e.Clock.FEEDBACK]
    assert all(clock.started_at == lived.now for clock in running_clocks(lived.state))
    lived.after(triage(), c.StartInvestigation(FIRST))
    assert lived.state.stage is Stage.INVESTIGATION


def test_who_turns_out_to_be_part_of_it_loses_it() -> None:
    """The next has it, is told until they take note, and the first reads no more of it."""
    lived = case(*LOOKED_INTO, c.Reassign(FIRST, CONFLICTED))
    assert (lived.state.stage, lived.state.handler) == (Stage.CONFLICT_REASSIGNED, SECOND)
    assert lived.tries(c.StartInvestigation(FIRST)) == Rejection(Refusal.UNKNOWN_CASE)
    lived.after(2 * DAY)
    assert lived.told("case_received").count(SECOND) == 3
    lived.after(c.Acknowledge(SECOND))
    assert lived.state.stage is Stage.INVESTIGATION
    assert lived.state.anchors.acknowledged_at == START + HOUR


def test_a_conflict_after_the_end_is_settled_too() -> None:
    """A closed case can change hands, and whoever has it then takes note of it."""
    lived = case(*CLOSED, c.Reassign(FIRST, CONFLICTED), c.Acknowledge(SECOND))
    assert (lived.state.handler, lived.state.stage, lived.state.awaits_note) == (SECOND, Stage.CLOSED, False)


def test_the_contact_can_always_give_it_to_somebody() -> None:
    """Also before they were told of it: a handler who is away must not be the only one who can act."""
    lived = case(DAY / 48, c.Reassign(CONTACT, ABSENT, THIRD))
    assert lived.state.handler == THIRD
    assert lived.state.stage is Stage.RECEIVED
    lived.after(c.Reassign(CONTACT, ABSENT))
    assert lived.state.handler == CONTACT


# --- somebody always has it -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "handler"),
    [
        ({}, FIRST),
        ({"reporter": FIRST}, SECOND),
        ({"about": FIRST}, SECOND),
        ({"conflicted": (FIRST, SECOND)}, THIRD),
        ({"conflicted": HANDLERS}, CONTACT),
        ({"handlers": ()}, CONTACT),
        ({"reporter": "", "about": ""}, FIRST),
    ],
)
def test_a_case_is_assigned_to_the_first_who_is_no_part_of_it(changes: dict[str, object], handler: str) -> None:
    """Whoever is named in it or stands in a reporting chain is passed over; at the end the contact has it."""
    lived = case(**changes)
    assert lived.state.handler == handler
    assert lived.told() == [handler]


def test_where_nobody_could_take_it_nothing_is_accepted() -> None:
    """Better a refusal than a report that only the one reads whom it is about."""
    refused = receive(report(about=CONTACT, conflicted=HANDLERS))
    assert refused == Rejection(Refusal.NOBODY_ELIGIBLE)


def test_a_handler_whom_mail_does_not_reach_is_no_dead_end() -> None:
    """The first in line whom mail reaches is told, each once; who was told may take it."""
    lived = case()
    for person in (FIRST, FIRST, SECOND):
        lived.bounces(person)
    assert lived.told() == [FIRST, SECOND, THIRD]
    lived.after(c.Acknowledge(THIRD))
    assert lived.state.handler == THIRD


def test_whoever_stands_in_for_an_unreached_handler_is_told_daily_too() -> None:
    """Else the repeated letters would all go where nobody reads them."""
    lived = case()
    lived.bounces(FIRST)
    lived.after(2 * DAY + HOUR)
    assert lived.told(LetterKind.CASE_RECEIVED).count(SECOND) == 3


def test_an_absent_one_is_not_asked_back_while_somebody_else_is_there() -> None:
    """Guy's mail fails, and Ida is told instead of Fay, who has just said that she is away."""
    lived = case(c.Reassign(FIRST, ABSENT))
    lived.bounces(SECOND)
    assert lived.told()[-1] == THIRD


def test_a_case_is_given_to_whom_mail_reaches_before_anybody_else() -> None:
    """Fay could not be written to; when the last of the others is away, it goes to the contact and not back to her."""
    lived = case()
    lived.bounces(FIRST)
    lived.after(c.Acknowledge(SECOND), c.Reassign(SECOND, ABSENT))
    lived.bounces(THIRD)
    lived.after(c.Reassign(THIRD, ABSENT))
    assert lived.state.handler == CONTACT


def test_a_case_given_to_somebody_unreached_by_name_is_told_to_another_as_well() -> None:
    """Whoever gives it on cannot know that mail fails there."""
    lived = case(c.Reassign(FIRST, ABSENT))
    lived.bounces(SECOND)
    lived.after(c.Acknowledge(THIRD), c.Reassign(THIRD, ABSENT, SECOND))
    assert lived.told()[-2:] == [SECOND, CONTACT]


# --- clocks -----------------------------------------------------------------------------------------------------


def marks(lived: LivedCase, clock: e.Clock) -> list[tuple[int, timedelta, tuple[str, ...]]]:
    return [(mark.percent, mark.at - START, mark.told) for mark in lived.of(e.MarkPassed) if mark.clock is clock]


def test_at_each_mark_the_next_handler_is_told_and_at_the_end_the_contact() -> None:
    """24 hours for S3: after 12 and 19.2 the second, after 24 the contact as well."""
    lived = case(DAY)
    assert marks(lived, e.Clock.ACKNOWLEDGEMENT) == [
        (50, 12 * HOUR, (SECOND,)),
        (80, 19.2 * HOUR, (SECOND,)),
        (100, 24 * HOUR, (SECOND, CONTACT)),
    ]


def test_danger_has_shorter_clocks() -> None:
    """S4: taken note of within four hours, judged on the same day."""
    lived = case(DAY, severity=Severity.S4)
    assert marks(lived, e.Clock.ACKNOWLEDGEMENT)[-1][1] == 4 * HOUR
    assert marks(lived, e.Clock.TRIAGE)[-1][1] == 14 * HOUR


def test_nobody_acting_stops_no_clock() -> None:
    """All of them run out, each mark once, and the handler hears of it every day."""
    lived = case(120 * DAY)
    assert {clock: len(marks(lived, clock)) for clock in e.Clock} == dict.fromkeys(e.Clock, 3) | {e.Clock.STATUS: 0}
    assert lived.told("case_received") == [FIRST] * 121
    assert marks(lived, e.Clock.LEGAL_ACKNOWLEDGEMENT)[-1][1] == 7 * DAY
    # Three calendar months after 19 January, an hour less for the change of clocks.
    assert marks(lived, e.Clock.FEEDBACK)[-1][1] == 97 * DAY - HOUR


def test_an_early_note_brings_the_feedback_forward() -> None:
    """Three months from the note; and a note after the seventh day does not move it."""
    early, late = case(*NOTED), case(30 * DAY, c.Acknowledge(FIRST))
    assert early.state.instants
    assert late.state.instants
    assert late.state.instants.feedback_by - early.state.instants.feedback_by == 7 * DAY - HOUR


def test_what_is_done_is_no_longer_owed() -> None:
    """After the note its clocks are still; after the feedback all are."""
    assert [clock.clock for clock in running_clocks(case(*NOTED).state)] == [e.Clock.TRIAGE, e.Clock.FEEDBACK]
    assert [clock.clock for clock in running_clocks(case(*TRIAGED).state)] == [e.Clock.FEEDBACK]
    assert running_clocks(case(*CONCLUDED).state) == ()


# --- danger -----------------------------------------------------------------------------------------------------


def test_whoever_reports_a_danger_hears_every_week() -> None:
    """Each message begins the week anew; in a silent one the next handler hears at each mark, at last the contact."""
    lived = case(*NOTED, severity=Severity.S4)
    for _ in range(4):
        lived.after(3 * DAY, c.WriteAsHandler(FIRST, "We go on."))
    assert marks(lived, e.Clock.STATUS) == []
    silent_since = lived.now - START
    lived.after(8 * DAY)
    assert [at - silent_since for _, at, _ in marks(lived, e.Clock.STATUS)] == [3.5 * DAY, 5.6 * DAY, 7 * DAY]
    assert lived.letters[-1].to == CONTACT
    lived.after(c.WriteAsHandler(FIRST, "Forgive the silence."), 4 * DAY)
    assert [each.percent for each in lived.of(e.MarkPassed) if each.clock is e.Clock.STATUS] == [50, 80, 100, 50]


def test_nobody_waits_to_hear_where_there_is_no_danger() -> None:
    """Neither of abuse, nor after the feedback, nor after a withdrawal; a danger seen later has its week from then."""
    assert e.Clock.STATUS not in [clock.clock for clock in running_clocks(case(20 * DAY).state)]
    for over in (CONCLUDED, (*NOTED, c.Withdraw(REPORTER))):
        assert e.Clock.STATUS not in [clock.clock for clock in running_clocks(case(*over, severity=Severity.S4).state)]
    raised = case(*NOTED, 20 * DAY, triage(severity=Severity.S4))
    (status,) = [clock for clock in running_clocks(raised.state) if clock.clock is e.Clock.STATUS]
    assert (status.started_at, status.due_at) == (raised.now, raised.now + 7 * DAY)


@pytest.mark.parametrize(("law", "number"), [(Law.EU, "112"), (Law.IT, "112"), (Law.US, "911")])
def test_in_danger_it_is_known_whom_to_call(law: Law, number: str) -> None:
    """By the law's number; of anything else nobody is told to call."""
    in_danger, severe = (case(severity=severity, profile=PROFILES[law]) for severity in (Severity.S4, Severity.S3))
    assert (in_danger.state.call_first, severe.state.call_first) == ((number,), ())


def test_retaliation_is_watched_for() -> None:
    """After 30, 90 and 180 days the handler is to ask the reporter; nothing is mailed to the reporter."""
    lived = case(*CONCLUDED)
    begun = lived.now
    lived.after(181 * DAY)
    assert [(watch.at - begun).days for watch in lived.of(e.WatchDue)] in ([30, 89, 179], [30, 90, 180])
    assert lived.told("matter_again") == [FIRST] * 3
    assert REPORTER not in lived.told()


def test_a_worker_that_was_away_catches_up() -> None:
    """Everything that fell due meanwhile happens at once, each thing once."""
    lived = case()
    events = strike(lived.state, START + 10 * DAY)
    assert len([event for event in events if isinstance(event, e.MarkPassed)]) == 9
    assert len([event for event in events if isinstance(event, e.ToldAgain)]) == 1


def test_a_letter_that_waits_is_dropped_when_it_is_no_longer_true() -> None:
    """Taken note of meanwhile, or its reader turned out to be part of it."""
    lived = case()
    letter = lived.letters[0]
    assert still_wanted(letter, lived.state)
    assert not still_wanted(letter, lived.after(c.Acknowledge(FIRST)).state)
    waiting = replace(letter, purpose=LetterKind.MATTER_WAITING)
    assert still_wanted(waiting, lived.state)
    assert not still_wanted(waiting, lived.after(c.Reassign(FIRST, CONFLICTED)).state)


def test_the_keys_of_letters_name_nobody() -> None:
    """Their Message-ID is made of them."""
    lived = case(DAY)
    assert len({letter.key for letter in lived.letters}) == len(lived.letters)
    assert not any(person in letter.key for letter in lived.letters for person in (*HANDLERS, CONTACT, REPORTER))


# --- numbers ----------------------------------------------------------------------------------------------------


def test_every_number_has_a_source() -> None:
    """And each law its profile."""
    assert set(SOURCES) == {each.name for each in fields(LegalProfile)}
    assert all(SOURCES.values())
    assert {law: profile.law for law, profile in PROFILES.items()} == {law: law for law in Law}


def test_no_profile_exceeds_the_limits_of_the_directive() -> None:
    """Seven days, three months, and never later than the law for what we promise to be sooner."""
    for profile in PROFILES.values():
        assert profile.acknowledge_days_at_most <= 7
        assert profile.feedback_months <= 3
        assert max(profile.severe_acknowledge_hours, profile.danger_acknowledge_hours) <= 24
        assert profile.mark_percents[-1] == 100


# --- refusals ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Refused:
    past: tuple[CaseStep, ...]
    command: c.CaseCommand
    code: Refusal
    detail: str = ""
    relationship: str = ""


REFUSED = [
    Refused((), c.Acknowledge(STRANGER), Refusal.UNKNOWN_CASE),
    Refused((), c.Acknowledge(ACCUSED), Refusal.UNKNOWN_CASE),
    Refused((), c.Acknowledge(SECOND), Refusal.UNKNOWN_CASE),
    Refused((), c.Withdraw(""), Refusal.UNKNOWN_CASE),
    Refused((*CLOSED, 1100 * DAY), c.Reopen(FIRST), Refusal.UNKNOWN_CASE),
    Refused((DAY,), triage(SECOND), Refusal.NOT_THE_HANDLER),
    Refused((), triage(), Refusal.CASE_STAGE, "received"),
    Refused(NOTED, c.Acknowledge(FIRST), Refusal.CASE_STAGE, "acknowledged"),
    Refused(NOTED, c.StartInvestigation(FIRST), Refusal.CASE_STAGE, "acknowledged"),
    Refused(NOTED, c.Refer(FIRST, c.ReferredTo.POLICE), Refusal.CASE_STAGE, "acknowledged"),
    Refused(LOOKED_INTO, triage(), Refusal.CASE_STAGE, "investigation"),
    Refused(TRIAGED, c.DecideOutcome(FIRST, c.CaseOutcome.SUPPORT_GIVEN), Refusal.CASE_STAGE, "triaged"),
    Refused(LOOKED_INTO, c.GiveFeedback(FIRST), Refusal.CASE_STAGE, "investigation"),
    Refused(LOOKED_INTO, c.Reopen(FIRST), Refusal.CASE_STAGE, "investigation"),
    Refused((c.Withdraw(REPORTER),), c.Withdraw(REPORTER), Refusal.CASE_STAGE, "withdrawn"),
    Refused(CONCLUDED, c.Withdraw(REPORTER), Refusal.CASE_STAGE, "watch"),
    Refused(NOTED, triage(severity=Severity.S1), Refusal.REASON_NEEDED),
    Refused(LOOKED_INTO, c.DecideOutcome(FIRST, c.CaseOutcome.NO_ACTION), Refusal.REASON_NEEDED),
    Refused(LOOKED_INTO, c.DecideOutcome(FIRST, c.CaseOutcome.FACILITATED), Refusal.NO_JOINT_TALK),
    Refused((*LIGHT, c.Withdraw(REPORTER)), c.StartInvestigation(FIRST), Refusal.CASE_WITHDRAWN),
    Refused((*LIGHT, c.Withdraw(REPORTER)), c.Refer(FIRST, c.ReferredTo.POLICE), Refusal.CASE_WITHDRAWN),
    Refused((), c.Reassign(FIRST, ABSENT, FIRST), Refusal.NOT_ELIGIBLE),
    Refused((), c.Reassign(FIRST, ABSENT, ACCUSED), Refusal.NOT_ELIGIBLE),
    Refused((), c.Reassign(FIRST, ABSENT, STRANGER), Refusal.NOT_ELIGIBLE),
    Refused(
        tuple(c.Reassign(person, CONFLICTED) for person in HANDLERS),
        c.Reassign(CONTACT, CONFLICTED),
        Refusal.NOBODY_ELIGIBLE,
    ),
    Refused((), c.WriteAsReporter(STRANGER, "Hello."), Refusal.UNKNOWN_CASE),
    Refused((), c.WriteAsReporter(FIRST, "Hello."), Refusal.UNKNOWN_CASE),
    Refused((*CLOSED, 1100 * DAY), c.WriteAsReporter(REPORTER, "Hello."), Refusal.UNKNOWN_CASE),
    Refused((), c.WriteAsHandler(REPORTER, "Hello."), Refusal.UNKNOWN_CASE),
    Refused((DAY,), c.WriteAsHandler(SECOND, "Hello."), Refusal.NOT_THE_HANDLER),
    Refused((DAY,), c.NoteMessages(SECOND), Refusal.NOT_THE_HANDLER),
    Refused(
        (c.WriteAsReporter(REPORTER, "x"),) * 100, c.WriteAsReporter(REPORTER, "x"), Refusal.NO_ROOM_FOR_MESSAGE, "100"
    ),
    Refused((), c.WriteAsReporter(REPORTER, "x", "", (PICTURE_BY_HTTP,)), Refusal.BAD_ATTACHMENT, "reference"),
    Refused((), c.WriteAsHandler(FIRST, "x", (HUGE_PICTURE,)), Refusal.ATTACHMENT_TOO_LARGE, "25"),
    Refused((), c.PlaceHold(SECOND), Refusal.UNKNOWN_CASE),
    Refused((DAY,), c.LiftHold(SECOND), Refusal.NOT_THE_HANDLER),
    Refused((), c.PlaceHold(FIRST), Refusal.NO_PAIRING_NAMED),
    Refused((), c.BlockPair(FIRST), Refusal.NO_PAIR_NAMED),
    Refused((), c.LiftHold(FIRST), Refusal.NOTHING_TO_TAKE_BACK),
    Refused((), c.UnblockPair(FIRST), Refusal.NOTHING_TO_TAKE_BACK),
    Refused((c.PlaceHold(FIRST),), c.PlaceHold(FIRST), Refusal.UNDER_WAY_ALREADY, relationship="r-1"),
]


@pytest.mark.parametrize("each", REFUSED, ids=lambda each: f"{each.command.kind}-{each.code}")
def test_what_cannot_be_is_refused(each: Refused) -> None:
    """With its code and what the sentence names; nothing has happened."""
    lived = case(*each.past, relationship=each.relationship)
    state, events = lived.state, len(lived.events)
    assert lived.tries(each.command) == Rejection(each.code, each.detail)
    assert (lived.state, len(lived.events)) == (state, events)
