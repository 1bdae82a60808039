"""Act five: whoever asks is answered, and what is grave goes elsewhere."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.help_requests import (
    MOST_OVERDUE_NOTES,
    SEVERE,
    USUAL_SEVERITY,
    severity_of,
    working_days_after,
)
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.builders import (
    ACTIVE,
    BACKUP,
    COORDINATOR,
    DAY,
    MENTEE,
    MENTOR,
    START,
    WEEK,
    Life,
    Step,
    asks_for_help,
    life,
)

GRAVE = [matter for matter in c.Matter if USUAL_SEVERITY[matter] in SEVERE]
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
