"""Act five: whoever asks is answered, and what is grave goes elsewhere."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring_lifecycle.contracts.views import AgreementView, HelpView, RelationshipView
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.consequences import still_wanted
from mentoring_lifecycle.domain.effects import Letter
from mentoring_lifecycle.domain.help_requests import (
    MOST_OVERDUE_NOTES,
    SEVERE,
    USUAL_SEVERITY,
    part_of,
    severity_of,
    working_days_after,
)
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.policy import Help, ProgrammePolicy
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from tests.builders import (
    ACTIVE,
    BACKUP,
    CONTACT,
    COORDINATOR,
    DAY,
    MENTEE,
    MENTOR,
    START,
    TEAM,
    WEEK,
    Life,
    Step,
    asks_for_help,
    life,
)

GRAVE = [matter for matter in c.Matter if USUAL_SEVERITY[matter] in SEVERE]
ENDING = (c.HelpOutcome.ENDED, c.HelpOutcome.REMATCHED)
MILD = [matter for matter in c.Matter if matter not in GRAVE]


# --- how grave --------------------------------------------------------------------------------------------------


def test_every_matter_has_a_least_severity() -> None:
    """Abuse, discrimination, retaliation and disclosed misconduct are S3, danger to a person is S4."""
    assert set(USUAL_SEVERITY) == set(c.Matter)
    assert {matter.value for matter in GRAVE} == {
        "verbal_abuse",
        "emotional_abuse",
        "financial_abuse",
        "discrimination",
        "retaliation",
        "misconduct_disclosed",
        "sexual_harassment",
        "physical_or_threat",
        "self_harm_risk",
    }


@pytest.mark.parametrize("matter", GRAVE)
def test_grave_matters_are_pointed_to_the_confidential_channel(matter: c.Matter) -> None:
    """They leave no trace in the relationship, and the asker reads where to go, in either language."""
    lived = life().after(*ACTIVE)
    refused = lived.tries(asks_for_help(MENTOR, matter))
    assert refused == Rejection(Refusal.TOO_SEVERE_FOR_HERE)
    assert "confidential channel" in refused.message("en")
    assert "canale riservato" in refused.message("it")


@pytest.mark.parametrize("severity", SEVERE)
def test_an_asker_who_calls_it_grave_is_pointed_there_too(severity: c.Severity) -> None:
    """The asker may raise what a matter is at least."""
    lived = life().after(*ACTIVE)
    asked = c.AskCoordinator(MENTEE, c.Matter.DISAGREEMENT, "Words.", severity=severity)
    assert lived.tries(asked) == Rejection(Refusal.TOO_SEVERE_FOR_HERE)


@pytest.mark.parametrize("matter", c.Matter)
def test_nobody_lowers_what_a_matter_is_at_least(matter: c.Matter) -> None:
    """Whatever the asker says, the graver of the two counts."""
    for said in c.Severity:
        assert severity_of(matter, said) == max(USUAL_SEVERITY[matter], said)
    assert severity_of(matter, None) is USUAL_SEVERITY[matter]


# --- asking and answering ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("matter", MILD)
def test_a_call_for_help_is_acknowledged_at_once(matter: c.Matter) -> None:
    """The asker hears that it arrived, the coordinator what it is about, the partner nothing."""
    lived = life().after(*ACTIVE)
    told = len(lived.letters())
    lived.after(asks_for_help(MENTEE, matter))
    letters = lived.letters()[told:]
    assert [(letter.purpose, letter.to) for letter in letters] == [
        (LetterKind.HELP_RECEIVED, MENTEE),
        (LetterKind.HELP_WANTED, COORDINATOR),
    ]
    assert letters[1].facts.topic == matter
    assert letters[1].facts.concerned == MENTEE


def test_words_stay_with_the_programme_team() -> None:
    """What somebody wrote is in no letter's facts."""
    lived = life().after(*ACTIVE, asks_for_help(MENTEE))
    assert "We do not get on." not in repr(lived.letters())


CLOCKS = [
    (c.Matter.QUESTION, 5, 14),
    (c.Matter.DISAGREEMENT, 5, 14),
    (c.Matter.ROLE_STRUGGLE, 1, 30),
]


@pytest.mark.parametrize(("matter", "working_days", "days"), CLOCKS)
def test_two_clocks_start(matter: c.Matter, working_days: int, days: int) -> None:
    """Working days until somebody talks with the asker, calendar days until the asker hears an outcome."""
    lived = life().after(*ACTIVE, asks_for_help(MENTEE, matter))
    (asked,) = lived.happened(e.HelpAsked)
    assert asked.take_up_by == working_days_after(lived.now, working_days)
    assert asked.conclude_by == lived.now + days * DAY


def test_the_asker_hears_an_outcome_and_is_asked_whether_it_helped() -> None:
    """Taking up, concluding and rating, each once; only the asker is written to."""
    lived = life().after(*ACTIVE, asks_for_help(MENTEE), DAY, c.TakeUpHelp(BACKUP, 1), DAY)
    lived.after(c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.FACILITATED))
    assert lived.state.help == ()
    assert [letter.to for letter in lived.letters(LetterKind.HELP_OUTCOME)] == [MENTEE]
    assert [letter.to for letter in lived.letters(LetterKind.HELP_FEEDBACK)] == [MENTEE]
    lived.after(c.RateHelp(MENTEE, 1, helped=True))
    assert lived.state.rated_by == ()
    assert all(ask.subject is not e.Subject.HELP_RATING for ask in lived.state.asks)


def test_a_conclusion_takes_up_what_was_not() -> None:
    """The coordinator need not say twice that somebody is on it."""
    lived = life().after(*ACTIVE, asks_for_help(MENTEE), c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.ANSWERED))
    assert lived.kinds().count("help_taken_up") == 1


def test_an_unrated_call_is_simply_unrated() -> None:
    """Silence about help harms nobody, and a late rating is still taken."""
    lived = life().after(*ACTIVE, asks_for_help(MENTEE), c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.ANSWERED), WEEK)
    assert all(ask.subject is not e.Subject.HELP_RATING for ask in lived.state.asks)
    assert lived.letters(LetterKind.HELP_FEEDBACK, Party.MENTOR) == []
    assert lived.does(c.RateHelp(MENTEE, 1, helped=False))


def test_a_talk_of_all_three_needs_the_askers_word() -> None:
    """Only where the partner may know is a joint talk arranged, and then both are told when."""
    at = START + WEEK
    lived = life().after(*ACTIVE, asks_for_help(MENTEE), asks_for_help(MENTOR, partner_may_know=True))
    assert lived.tries(c.ArrangeTalk(COORDINATOR, 1, at)) == Rejection(Refusal.PARTNER_MAY_NOT_KNOW)
    lived.after(c.ArrangeTalk(COORDINATOR, 2, at))
    letters = lived.letters(LetterKind.TALK_ARRANGED)
    assert [(letter.party, letter.facts.starts_at) for letter in letters] == [(party, at) for party in PAIR]


def test_help_may_end_the_relationship() -> None:
    """The programme team may conclude that it should not go on; a neutral letter goes to both."""
    lived = life().after(*ACTIVE, asks_for_help(MENTEE), c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.ENDED))
    assert lived.state.outcome is e.RelationshipOutcome.ENDED_BY_PROGRAMME
    assert [letter.party for letter in lived.letters(LetterKind.RELATIONSHIP_ENDED)] == list(PAIR)
    assert lived.letters(LetterKind.HELP_FEEDBACK) == []


def test_no_session_is_planned_while_somebody_waits_for_help() -> None:
    """Asked to hold the sessions, the relationship calls off the next one and plans none until it is concluded."""
    lived = life().after(*ACTIVE, asks_for_help(MENTOR, hold=True), 6 * WEEK)
    assert lived.state.planned_session is None
    assert len(lived.happened(e.SessionPlanned)) == 1


@pytest.mark.parametrize(
    "past", [(), (c.Pause(MENTEE),), (c.Hold(COORDINATOR),), (c.Pause(MENTEE), c.Hold(COORDINATOR))]
)
def test_help_can_be_asked_for_and_given_whatever_the_standing(past: tuple[Step, ...]) -> None:
    """Neither pause nor hold stands between a person and help."""
    lived = life().after(*ACTIVE, *past, asks_for_help(MENTOR), c.TakeUpHelp(COORDINATOR, 1))
    assert lived.does(c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.ANSWERED))
    assert [letter.to for letter in lived.letters(LetterKind.HELP_OUTCOME)] == [MENTOR]


# --- clocks -----------------------------------------------------------------------------------------------------


def overdue_at(lived: Life) -> list[datetime]:
    return [event.at for event in lived.happened(e.HelpOverdue)]


@pytest.mark.parametrize(
    "past", [(), (c.Pause(MENTEE),), (c.Hold(COORDINATOR),), (c.Pause(MENTEE), c.Hold(COORDINATOR))]
)
def test_the_teams_clocks_run_through_every_pause_and_hold(past: tuple[Step, ...]) -> None:
    """Overdue is overdue: the notes come at the same instants whatever the standing, and pass every hold."""
    lived = life().after(*ACTIVE, asks_for_help(MENTOR), *past, 8 * WEEK)
    (asked,) = lived.happened(e.HelpAsked)
    expected = [asked.take_up_by]
    while len(expected) < MOST_OVERDUE_NOTES:
        expected.append(working_days_after(expected[-1], 5))
    assert overdue_at(lived) == expected
    assert {letter.to for letter in lived.letters(LetterKind.HELP_OVERDUE)} == {COORDINATOR, BACKUP}


def test_overdue_notes_are_capped() -> None:
    """Four times coordinator and backup are told, and then no more, however long nobody moves."""
    lived = life().after(*ACTIVE, asks_for_help(MENTOR))
    lived.lives_on()
    assert len(overdue_at(lived)) == MOST_OVERDUE_NOTES
    assert len(lived.letters(LetterKind.HELP_OVERDUE)) == 2 * MOST_OVERDUE_NOTES


def test_overdue_notes_missed_in_sleep_are_one() -> None:
    """After weeks asleep there is one note, not four."""
    lived = life().after(*ACTIVE, asks_for_help(MENTOR))
    lived.sleeps(5 * WEEK)
    assert len(overdue_at(lived)) == 1


def test_without_a_backup_the_coordinator_alone_is_told() -> None:
    """Nobody is written to twice about the same delay."""
    lived = life(backup="").after(*ACTIVE, asks_for_help(MENTOR), 2 * WEEK)
    assert [letter.to for letter in lived.letters(LetterKind.HELP_OVERDUE)] == [COORDINATOR] * len(overdue_at(lived))


def test_taking_up_stops_the_first_clock() -> None:
    """Once somebody talks with the asker, only the promised outcome can be late."""
    lived = life().after(*ACTIVE, asks_for_help(MENTOR), DAY, c.TakeUpHelp(COORDINATOR, 1), 13 * DAY - DAY)
    assert overdue_at(lived) == []
    lived.after(DAY)
    (asked,) = lived.happened(e.HelpAsked)
    assert overdue_at(lived) == [asked.conclude_by]


@settings(deadline=None)
@given(
    minutes=st.integers(0, 60 * 24 * 365),
    days=st.integers(1, 10),
)
def test_working_days_are_monday_to_friday(minutes: int, days: int) -> None:
    """The clock ends on a working day at the same hour, with exactly so many working days in between."""
    at = START + timedelta(minutes=minutes)
    due = working_days_after(at, days)
    between = [at + day * DAY for day in range(1, (due - at).days + 1)]
    assert due - at == timedelta(days=(due - at).days)
    assert due.weekday() < 5
    assert sum(day.weekday() < 5 for day in between) == days


def test_notes_come_a_working_clock_apart() -> None:
    """Between two notes the team has as long again."""
    lived = life().after(*ACTIVE, asks_for_help(MENTOR, c.Matter.ROLE_STRUGGLE), 3 * WEEK)
    assert all(later == working_days_after(earlier, 1) for earlier, later in pairwise(overdue_at(lived)))


@pytest.mark.parametrize("hold", [True, False])
def test_only_who_asks_for_it_holds_the_sessions(hold: bool) -> None:
    """Asking for help alone leaves the sessions as they are."""
    lived = life().after(*ACTIVE, asks_for_help(MENTOR, hold=hold))
    assert lived.state.help_holds_sessions is hold
    assert (lived.state.planned_session is None) is hold


# --- rungs ------------------------------------------------------------------------------------------------------


def reminded(lived: Life) -> list[tuple[e.HelpStep, int, tuple[Party, ...]]]:
    return [(event.step, event.percent, event.told) for event in lived.happened(e.HelpReminded)]


@pytest.mark.parametrize("matter", [c.Matter.QUESTION, c.Matter.DISCOMFORT, c.Matter.ROLE_STRUGGLE])
def test_who_does_not_act_is_overtaken(matter: c.Matter) -> None:
    """At half of the clock the coordinator hears, at four fifths the backup, at its end both, then the contact."""
    lived = life(contact=CONTACT).after(*ACTIVE, asks_for_help(MENTOR, matter), 8 * WEEK)
    (asked,) = lived.happened(e.HelpAsked)
    first, second, *notes = [each for each in lived.events if isinstance(each, e.HelpReminded | e.HelpOverdue)]
    assert (first.told, second.told) == ((Party.COORDINATOR,), (Party.BACKUP,))
    assert asked.at < first.at < second.at < asked.take_up_by == notes[0].at
    assert notes[0].told == TEAM
    assert all(note.told == (*TEAM, Party.SAFEGUARDING) for note in notes[1:])
    assert len(notes) == MOST_OVERDUE_NOTES


def test_the_contact_and_the_asker_hear_of_it_when_nobody_acts() -> None:
    """The contact without the matter, the asker once and with the contact's name; the partner not at all."""
    lived = life(contact=CONTACT).after(*ACTIVE, asks_for_help(MENTOR), 8 * WEEK)
    passed_on = lived.letters(LetterKind.HELP_PASSED_ON)
    assert {(letter.to, letter.facts.topic, letter.facts.concerned) for letter in passed_on} == {(CONTACT, "", MENTOR)}
    (told,) = lived.letters(LetterKind.HELP_ELSEWHERE)
    assert (told.to, told.facts.topic, told.facts.concerned) == (MENTOR, "late", CONTACT)


def test_without_anybody_beyond_the_team_the_asker_still_hears_of_it() -> None:
    """Where no contact is known, nobody is named, and the team goes on being told."""
    lived = life(backup="").after(*ACTIVE, asks_for_help(MENTOR), 8 * WEEK)
    assert {told for note in lived.happened(e.HelpOverdue) for told in note.told} == {Party.COORDINATOR}
    assert reminded(lived) == [(e.HelpStep.TAKE_UP, percent, (Party.COORDINATOR,)) for percent in (50, 80)]
    assert [letter.facts.concerned for letter in lived.letters(LetterKind.HELP_ELSEWHERE)] == [""]


def test_a_lost_coordinator_is_no_reason_to_be_silent() -> None:
    """Nobody of the team is there: the contact hears of it when the clock ends, and a new coordinator gets the call."""
    lost = c.NoteLeaver(PROGRAMME_OFFICE, COORDINATOR, left=True)
    lived = life(backup="", contact=CONTACT).after(*ACTIVE, lost, asks_for_help(MENTOR), WEEK)
    assert [note.told for note in lived.happened(e.HelpOverdue)] == [(Party.SAFEGUARDING,)]
    told = len(lived.letters())
    lived.after(c.ChangeCoordinator(PROGRAMME_OFFICE, "p-new"))
    assert (LetterKind.HELP_WANTED, "p-new") in [(each.purpose, each.to) for each in lived.letters()[told:]]


def test_serious_matters_have_a_clock_for_each_step() -> None:
    """Taken up, triaged, the talk arranged, concluded: each step is late by itself, and acting starts the next."""
    lived = life().after(*ACTIVE, asks_for_help(MENTEE, c.Matter.ROLE_STRUGGLE, partner_may_know=True))
    asked_at = lived.now
    lived.after(timedelta(hours=2), c.TakeUpHelp(COORDINATOR, 1))
    assert (clock_of(lived)) == (e.HelpStep.TRIAGE, working_days_after(asked_at, 3))
    lived.after(DAY, c.TriageHelp(BACKUP, 1, c.HelpWay.TALK))
    assert (clock_of(lived)) == (e.HelpStep.TALK, asked_at + 14 * DAY)
    lived.after(DAY, c.ArrangeTalk(COORDINATOR, 1, lived.now + 5 * DAY))
    assert (clock_of(lived)) == (e.HelpStep.OUTCOME, asked_at + 30 * DAY)
    assert overdue_at(lived) == []
    lived.after(asked_at + 29 * DAY)
    assert reminded(lived)[-2:] == [
        (e.HelpStep.OUTCOME, 50, (Party.COORDINATOR,)),
        (e.HelpStep.OUTCOME, 80, (Party.BACKUP,)),
    ]


def clock_of(lived: Life) -> tuple[e.HelpStep, datetime | None]:
    (request,) = lived.state.help
    return request.step, request.due_at


def test_no_outcome_is_owed_before_the_talk_has_been() -> None:
    """A talk on the last day of the clock moves its end."""
    lived = life().after(*ACTIVE, asks_for_help(MENTEE, partner_may_know=True))
    lived.after(c.ArrangeTalk(COORDINATOR, 1, lived.now + 20 * DAY))
    _, due_at = clock_of(lived)
    assert due_at == working_days_after(lived.now + 20 * DAY, 5)


def test_whoever_is_on_it_is_reminded_first() -> None:
    """A backup who has taken it up hears of it at half of the next clock, and the coordinator later."""
    lived = life().after(*ACTIVE, asks_for_help(MENTEE), c.TakeUpHelp(BACKUP, 1), 13 * DAY)
    assert reminded(lived) == [
        (e.HelpStep.OUTCOME, 50, (Party.BACKUP,)),
        (e.HelpStep.OUTCOME, 80, (Party.COORDINATOR,)),
    ]


def test_rungs_slept_through_are_skipped() -> None:
    """After a sleep past both, the backup alone is told."""
    lived = life().after(*ACTIVE, asks_for_help(MENTOR))
    lived.sleeps(6 * DAY + timedelta(hours=20))
    assert [told for _, _, told in reminded(lived)] == [(Party.BACKUP,)]


def test_a_reminder_of_a_step_that_is_done_is_not_sent() -> None:
    """What waits for the morning and has been seen to by then stays away."""
    lived = life().after(*ACTIVE, asks_for_help(MENTOR), 3 * DAY)
    (letter,) = lived.letters(LetterKind.HELP_REMINDER)
    assert still_wanted(letter, lived.state)
    assert not still_wanted(letter, lived.after(c.TakeUpHelp(COORDINATOR, 1)).state)


@settings(deadline=None)
@given(minutes=st.integers(0, 60 * 24 * 60), days=st.integers(1, 10), percent=st.sampled_from([50, 80]))
def test_parts_of_a_clock_are_working_time(minutes: int, days: int, percent: int) -> None:
    """Inside the clock, never on a weekend but at its very edge, and a larger part is later."""
    since = START + timedelta(minutes=minutes)
    due = working_days_after(since, days)
    at = part_of(since, due, percent)
    assert since <= at < due
    assert at.weekday() < 5 or at.time() == datetime.min.time()
    assert at < part_of(since, due, percent + 10)


def test_a_programme_without_rungs_is_told_at_the_end_alone() -> None:
    """Numbers of 0 switch a rung or a step's clock off; so lives on whoever began before there were any."""
    bare = ProgrammePolicy(serious=Help(1, 30))
    lived = life(bare).after(*ACTIVE, asks_for_help(MENTOR, c.Matter.ROLE_STRUGGLE), c.TakeUpHelp(COORDINATOR, 1))
    assert clock_of(lived)[0] is e.HelpStep.OUTCOME
    lived.after(31 * DAY)
    assert reminded(lived) == []
    assert len(overdue_at(lived)) == 2


# --- conflicts of interest --------------------------------------------------------------------------------------


def reached(lived: Life) -> set[str]:
    """Whom of the team any letter about a call has gone to."""
    return {letter.to for letter in lived.letters() if letter.facts.occurrence.startswith("help-")} - {MENTOR, MENTEE}


@pytest.mark.parametrize(("named", "reader"), [(Party.COORDINATOR, BACKUP), (Party.BACKUP, COORDINATOR)])
def test_whom_the_asker_names_hears_nothing(named: Party, reader: str) -> None:
    """No letter of any rung, no words, no count; what they try finds no such call."""
    lived = life(contact=CONTACT).after(*ACTIVE, asks_for_help(MENTOR, not_to=(named,)), 8 * WEEK)
    left_out = ({COORDINATOR, BACKUP} - {reader}).pop()
    assert reached(lived) == {reader, CONTACT}
    assert HelpView.of(lived.state, left_out) == HelpView.of(lived.state) == ()
    assert [view.words for view in HelpView.of(lived.state, reader)] == ["We do not get on."]
    assert RelationshipView.of(lived.state, left_out).open_help == 0
    for attempt in (
        c.TakeUpHelp(left_out, 1),
        c.TriageHelp(left_out, 1, c.HelpWay.ANSWER),
        c.ConcludeHelp(left_out, 1, c.HelpOutcome.ANSWERED),
    ):
        assert lived.tries(attempt) == Rejection(Refusal.UNKNOWN_HELP, "1")
    assert lived.does(c.TakeUpHelp(reader, 1))


def test_who_stands_in_a_reporting_line_hears_nothing_of_friction() -> None:
    """The other of the team gets it; a wish for a book may reach anybody."""
    lived = life(conflicted=(COORDINATOR,)).after(*ACTIVE, asks_for_help(MENTEE), 8 * WEEK)
    assert reached(lived) == {BACKUP}
    asked = life(conflicted=(COORDINATOR,)).after(*ACTIVE, asks_for_help(MENTEE, c.Matter.MATERIAL))
    assert reached(asked) == {COORDINATOR}


def test_where_nobody_is_free_nothing_is_kept_and_the_contact_is_named() -> None:
    """A line on the one side and a name on the other leave nobody: the asker reads at once who else is there."""
    lived = life(conflicted=(BACKUP,), contact=CONTACT).after(*ACTIVE)
    before = lived.state
    refused = lived.tries(asks_for_help(MENTOR, not_to=(Party.COORDINATOR,)))
    assert refused == Rejection(Refusal.ASK_THE_CONTACT, CONTACT)
    assert lived.state == before
    same = life(conflicted=(BACKUP,), contact=COORDINATOR).after(*ACTIVE)
    assert same.tries(asks_for_help(MENTOR, not_to=(Party.COORDINATOR,))) == Rejection(Refusal.NOBODY_IS_FREE)


def test_who_was_not_meant_is_not_left_out() -> None:
    """The asker named a person: a new coordinator gets the call, and the one who was named has left the team."""
    lived = life(backup="").after(*ACTIVE)
    assert lived.tries(asks_for_help(MENTOR, not_to=(Party.COORDINATOR,))) == Rejection(Refusal.NOBODY_IS_FREE)
    lived = life().after(*ACTIVE, asks_for_help(MENTOR, not_to=(Party.COORDINATOR,)))
    lived.after(c.ChangeCoordinator(PROGRAMME_OFFICE, "p-new", "p-other"))
    assert reached(lived) == {BACKUP, "p-new"}


def test_when_the_last_free_one_leaves_the_asker_is_told() -> None:
    """The call is not handed to whoever was left out; the asker hears who else is there."""
    lived = life(contact=CONTACT).after(*ACTIVE, asks_for_help(MENTOR, not_to=(Party.COORDINATOR,)))
    lived.after(c.NoteLeaver(PROGRAMME_OFFICE, BACKUP, left=True), 8 * WEEK)
    (told,) = lived.letters(LetterKind.HELP_ELSEWHERE)
    assert (told.to, told.facts.topic, told.facts.concerned) == (MENTOR, "nobody", CONTACT)
    assert reached(lived) == {BACKUP, CONTACT}


# --- outcomes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", c.NoActionReason)
def test_no_action_has_a_reason_and_the_asker_is_told(reason: c.NoActionReason) -> None:
    """Without one it is refused; with one the asker's letter says it."""
    lived = life().after(*ACTIVE, asks_for_help(MENTEE))
    assert lived.tries(c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.NO_ACTION)) == Rejection(
        Refusal.REASON_OF_NO_ACTION
    )
    lived.after(c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.NO_ACTION, reason))
    (letter,) = lived.letters(LetterKind.HELP_OUTCOME)
    assert (letter.to, letter.facts.topic) == (MENTEE, reason)


def test_a_rematch_as_outcome_is_the_rematch() -> None:
    """What follows it is to the fact what follows the act itself."""
    concluded = c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.REMATCHED, staying=(Party.MENTOR,))
    one = life().after(*ACTIVE, asks_for_help(MENTOR), concluded)
    other = life().after(*ACTIVE, c.EndForRematch(COORDINATOR, (Party.MENTOR,)))
    assert one.happened(e.RematchDecided) == other.happened(e.RematchDecided)
    assert [told(each) for each in one.letters(LetterKind.REMATCH)] == [
        told(each) for each in other.letters(LetterKind.REMATCH)
    ]
    one.after(2 * WEEK)
    assert one.state.outcome is e.RelationshipOutcome.REMATCHED


def test_a_change_of_rules_as_outcome_shows_the_asker_where() -> None:
    """To the asker alone, with the rules in force; a proposal from there goes the way of every amendment."""
    amended = c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.AGREEMENT_AMENDED)
    lived = life().after(*ACTIVE, asks_for_help(MENTEE), amended)
    (letter,) = lived.letters(LetterKind.RULES_TO_REVIEW)
    assert (letter.to, letter.facts.occurrence, letter.facts.rules) == (MENTEE, "rules-1", lived.state.rules_values)
    lived.after(c.ProposeRules(MENTEE, (("R12", "48"),)), c.SignRules(MENTOR, 2))
    assert lived.state.rules_version == 2


def test_a_change_of_rules_waits_until_it_may_be_proposed() -> None:
    """Not through a pause, and once only."""
    amended = c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.AGREEMENT_AMENDED)
    lived = life().after(*ACTIVE, asks_for_help(MENTEE), c.Pause(MENTEE), amended)
    assert lived.letters(LetterKind.RULES_TO_REVIEW) == []
    lived.after(DAY, c.Resume(MENTEE), WEEK)
    assert len(lived.letters(LetterKind.RULES_TO_REVIEW)) == 1


@pytest.mark.parametrize("outcome", [each for each in c.HelpOutcome if each not in ENDING])
def test_a_held_session_is_given_back_with_every_outcome_that_goes_on(outcome: c.HelpOutcome) -> None:
    """Whatever came of it, the next session is planned again."""
    reason = c.NoActionReason.SETTLED if outcome is c.HelpOutcome.NO_ACTION else None
    lived = life().after(*ACTIVE, asks_for_help(MENTOR, hold=True), 3 * DAY)
    assert lived.state.planned_session is None
    lived.after(c.ConcludeHelp(COORDINATOR, 1, outcome, reason))
    assert lived.session.starts_at > lived.now


# --- what the partner learns ------------------------------------------------------------------------------------

ABOUT_HELP = [kind for kind in LetterKind if kind.startswith(("help_", "talk_arranged", "rules_to_review"))]
UNHEARD: dict[str, tuple[Step, ...]] = {
    "answered": (c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.ANSWERED), c.RateHelp(MENTOR, 1, helped=True)),
    "unheeded": (30 * DAY,),
    "amended": (c.TakeUpHelp(COORDINATOR, 1), c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.AGREEMENT_AMENDED)),
    "not acted upon": (c.ConcludeHelp(BACKUP, 1, c.HelpOutcome.NO_ACTION, c.NoActionReason.WITHIN_RULES), 8 * DAY),
    "triaged": (c.TriageHelp(BACKUP, 1, c.HelpWay.REMATCH), 2 * DAY),
    "nobody left": (c.NoteLeaver(PROGRAMME_OFFICE, BACKUP, left=True), 2 * DAY),
}


@pytest.mark.parametrize("what_follows", UNHEARD)
def test_the_partner_reads_the_same_letters_as_if_nobody_had_asked(what_follows: str) -> None:
    """Of every kind and at every time; what the partner may see of it all is the same as well."""
    steps = UNHEARD[what_follows]
    asked = life(contact=CONTACT).after(*ACTIVE, asks_for_help(MENTOR, c.Matter.UNRESPONSIVE), *steps)
    spans = [step for step in steps if isinstance(step, timedelta | c.NoteLeaver)]
    quiet = life(contact=CONTACT).after(*ACTIVE, *spans)
    assert [told(letter) for letter in asked.letters(to=Party.MENTEE)] == [
        told(letter) for letter in quiet.letters(to=Party.MENTEE)
    ]
    assert not {letter.purpose for letter in asked.letters(to=Party.MENTEE)} & set(ABOUT_HELP)
    seen, expected = (RelationshipView.of(each.state, MENTEE) for each in (asked, quiet))
    assert replace(seen, events=0) == replace(expected, events=0)
    assert AgreementView.of(asked.state) == AgreementView.of(quiet.state)


def told(letter: Letter) -> tuple[object, ...]:
    return letter.purpose, letter.decided_at, letter.facts


def test_the_asker_sees_their_own_call() -> None:
    """A page for the asker may say that something is under way."""
    lived = life().after(*ACTIVE, asks_for_help(MENTOR))
    assert RelationshipView.of(lived.state, MENTOR).open_help == 1
    assert RelationshipView.of(lived.state).open_help == 1
