"""Promises that were found broken. Each says what should be, and stays here as the test that would have caught it."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mentoring_lifecycle.contracts.journal import journal_entry
from mentoring_lifecycle.contracts.names import IDENTIFIER
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.consequences import session_uid, still_wanted, uid_prefix
from mentoring_lifecycle.domain.effects import VerifyCalendar
from mentoring_lifecycle.domain.help_requests import MOST_OVERDUE_NOTES
from mentoring_lifecycle.domain.letters import MANNERS, LetterKind
from mentoring_lifecycle.domain.lifecycle import decide, next_hour
from mentoring_lifecycle.domain.people import Participant, Party
from mentoring_lifecycle.domain.policy import Ladder, ProgrammePolicy, Sessions
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from mentoring_lifecycle.domain.wording import text_problem
from tests.builders import (
    ACTIVE,
    COORDINATOR,
    DAY,
    GOALS,
    MENTEE,
    MENTOR,
    ONBOARDED,
    SIGNED,
    WEEK,
    Life,
    accepts,
    asks_for_help,
    life,
    patient,
)
from tests.domain.test_any_life import WatchedLife

# --- planning stalls --------------------------------------------------------------------------------------------


def meets_again(lived: Life) -> bool:
    """Within the next weeks another session takes place."""
    over = len(lived.happened(e.SessionEnded))
    lived.after(12 * WEEK)
    return len(lived.happened(e.SessionEnded)) > over


def test_sessions_go_on_after_help() -> None:
    """Sessions held back for a call for help are planned again once it is concluded."""
    lived = life().after(*ACTIVE, DAY, asks_for_help(MENTOR, hold=True), 3 * DAY)
    assert meets_again(lived.after(c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.FACILITATED)))


def test_sessions_go_on_after_a_long_move() -> None:
    """A session moved beyond the time of the following one does not end the series."""
    lived = life().after(*ACTIVE)
    lived.after(c.MoveSession(MENTEE, 1, lived.session.starts_at + 5 * WEEK), 7 * WEEK)
    assert meets_again(lived)


def test_sessions_go_on_after_an_outage() -> None:
    """When nobody was awake at the time of the following session, a later one is found."""
    lived = life().after(*ACTIVE)
    lived.sleeps(6 * WEEK)
    assert meets_again(lived)


def test_sessions_go_on_when_their_time_was_found_too_late() -> None:
    """A time that has passed by the time it is found is looked for again."""
    lived = life(silent=True).after(*ACTIVE)
    (wish,) = lived.unanswered
    lived.after(5 * WEEK).answer(wish)
    assert lived.state.slot_wanted


def test_sessions_go_on_when_their_time_was_found_while_they_were_held_back() -> None:
    """A time found while somebody waited for help is not waited for, for ever, afterwards."""
    lived = life(silent=True).after(*ACTIVE, asks_for_help(MENTOR, hold=True))
    lived.answer(lived.unanswered[0])
    lived.after(c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.ANSWERED))
    assert lived.unanswered, "no time is being found"


def test_a_session_is_planned_in_what_a_pause_has_left() -> None:
    """The time regained by a pause is used, even where the rhythm's next day has passed meanwhile."""
    lived = life(patient()).after(
        *SIGNED, 15 * DAY, c.ProposeGoals(MENTOR, GOALS, every_weeks=8), c.AgreeGoals(MENTEE, 1, (1, 1))
    )
    lived.until(lambda state: len(state.results) + len(state.sessions) == 3 and state.planned_session is None)
    lived.after(DAY, c.Pause(MENTOR), 12 * WEEK, c.Resume(MENTOR))
    assert meets_again(lived)


@pytest.mark.parametrize("stop", [(c.Hold(COORDINATOR), c.Lift(COORDINATOR)), (c.Pause(MENTOR), c.Resume(MENTEE))])
def test_no_session_without_two_signatures(stop: tuple[c.Command, c.Command]) -> None:
    """Who never signed meets in no phase: not even where a stop is over in the last two weeks."""
    lived = life(ProgrammePolicy(length_weeks=8)).after(*ONBOARDED, 22 * DAY, c.Decide(COORDINATOR, c.Choice.MORE_TIME))
    lived.until(lambda state: state.phase is e.Phase.CLOSING).after(stop[0], DAY, stop[1])
    assert lived.happened(e.SlotWanted) == []
    assert lived.state.planned_session is None


# --- questions that outlive their reason ------------------------------------------------------------------------


def test_waking_always_comes_to_an_end() -> None:
    """A pause that becomes too long while the coordinator is being asked something else does not strike for ever."""
    policy = ProgrammePolicy(pause_weeks=1)
    lived = WatchedLife(**vars(life(policy))).after(*ONBOARDED, 22 * DAY, c.Pause(MENTOR), 20 * DAY)
    assert lived.state.is_closed


def test_two_long_pauses_come_to_an_end() -> None:
    """With the numbers as they come: paused for half a year, resumed, and paused for half a year again."""
    lived = WatchedLife(**vars(life())).after(*ACTIVE, c.Pause(MENTOR), 26 * WEEK + DAY, c.Resume(MENTOR))
    assert lived.after(DAY, c.Pause(MENTOR), 30 * WEEK).state.is_closed


def test_resuming_answers_the_question_about_the_pause() -> None:
    """Once the pair goes on, nobody has to decide about the pause any more."""
    lived = life().after(*ACTIVE, c.Pause(MENTOR), 26 * WEEK + DAY, c.Resume(MENTOR))
    assert lived.state.asks == ()


def test_a_pair_that_resumed_is_not_ended_for_its_pause() -> None:
    """A question about a pause that is over ends nothing."""
    lived = life(ProgrammePolicy(pause_weeks=1)).after(*ACTIVE, c.Pause(MENTOR), 8 * DAY, c.Resume(MENTOR), 8 * WEEK)
    assert not lived.state.is_closed


def test_a_yes_after_a_talk_withdraws_the_talk() -> None:
    """Where nobody is uneasy any more, the coordinator has nothing to decide, though the partner has yet to answer."""
    lived = life().after(accepts(MENTOR, c.Comfort.UNSURE), c.AnswerInvitation(MENTEE, accept=True))
    lived.after(DAY, c.CompleteInduction(MENTOR, c.Comfort.YES))
    assert [ask.subject for ask in lived.state.asks] == [e.Subject.INDUCTION]


def test_the_coordinator_hears_of_each_who_is_uneasy() -> None:
    """When the second of the two would like to talk as well, that is told too."""
    both = life().after(accepts(MENTOR, c.Comfort.UNSURE), c.AnswerInvitation(MENTEE, accept=True))
    both.after(DAY, c.CompleteInduction(MENTEE, c.Comfort.NO))
    told = {letter.facts.concerned for letter in both.letters(LetterKind.COMFORT_TALK)}
    assert told == {MENTOR, MENTEE}


@pytest.mark.parametrize(
    ("past", "proposal"),
    [
        (ONBOARDED, c.ProposeRules(MENTOR, (("R12", "48"),))),
        (SIGNED, c.ProposeGoals(MENTOR, GOALS)),
    ],
)
def test_a_late_proposal_gives_the_partner_the_whole_ladder(past: tuple[c.Command, ...], proposal: c.Command) -> None:
    """What comes while the coordinator is asked still counts: it is not ended before the partner's own deadline."""
    lived = life().after(*past, 34 * DAY, proposal)
    (ask,) = [ask for ask in lived.state.asks if ask.of is Party.MENTEE]
    lived.after(ask.expires_at - timedelta(hours=1))
    assert not lived.state.is_closed


# --- clocks -----------------------------------------------------------------------------------------------------

DECIDING = (*ONBOARDED, 21 * DAY)
"""The coordinator is asked what to do about unsigned rules."""


def decision_due(lived: Life) -> Any:
    question = lived.state.ask(e.Subject.DECISION, Party.COORDINATOR)
    return question and question.expires_at


def test_a_clock_that_ran_through_a_pause_is_not_set_back_by_it() -> None:
    """The coordinator is reminded and awaited during a pause, so the pause adds nothing to the time to decide."""
    lived = life().after(*DECIDING)
    due = decision_due(lived)
    assert decision_due(lived.after(DAY, c.Pause(MENTOR), 5 * DAY, c.Resume(MENTOR))) == due


def test_a_clock_that_stood_still_in_a_hold_goes_on_where_it_stood() -> None:
    """Beneath a pause, too, a hold takes nothing from the coordinator's time to decide."""
    lived = life().after(*DECIDING)
    due = decision_due(lived)
    lived.after(DAY, c.Pause(MENTOR), DAY, c.Hold(COORDINATOR), 5 * WEEK, c.Lift(COORDINATOR))
    assert decision_due(lived) == due + 5 * WEEK


def test_a_question_that_waits_for_the_end_of_a_stop_has_its_whole_time() -> None:
    """Helped on the eighth day of a ten-day hold, one is asked on its last, and has as long to answer as ever."""
    lived = life().after(*ACTIVE, asks_for_help(MENTOR), c.Hold(COORDINATOR), 8 * DAY)
    lived.after(c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.ANSWERED))
    assert lived.state.asks == ()
    lived.after(2 * DAY, c.Lift(COORDINATOR))
    (ask,) = lived.state.asks
    assert ask.expires_at == lived.now + timedelta(days=lived.state.policy.help_rating_days)


@pytest.mark.parametrize("stop", [c.Hold(COORDINATOR), c.Pause(MENTOR)])
def test_more_time_asks_nobody_who_cannot_answer(stop: c.Command) -> None:
    """A stopped pair is written to only about what it may answer; no question is put where its letter is lost."""
    lived = life().after(*DECIDING, stop)
    told = len(lived.letters())
    lived.tries(c.Decide(COORDINATOR, c.Choice.MORE_TIME))
    assert lived.letters()[told:] == []


def test_whoever_was_helped_during_a_hold_is_still_asked_whether_it_helped() -> None:
    """A letter that does not pass a hold is decided when it can go out, not while it is sure to be dropped."""
    lived = life().after(*ACTIVE, asks_for_help(MENTOR), c.Hold(COORDINATOR))
    lived.after(c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.ANSWERED))
    assert all(MANNERS[letter.purpose].passes_hold for letter in lived.letters(LetterKind.HELP_FEEDBACK))


def test_taking_up_late_is_not_overdue_at_once() -> None:
    """Who takes up a call whose outcome is late as well is not told so in the same moment."""
    lived = life().after(*ACTIVE, asks_for_help(MENTOR), 30 * DAY)
    told = len(lived.happened(e.HelpOverdue))
    lived.after(c.TakeUpHelp(COORDINATOR, 1))
    assert len(lived.happened(e.HelpOverdue)) == told


def test_overdue_notes_stay_capped_after_taking_up() -> None:
    """Both clocks of a call together tell the team no more than the cap, and once that the second ran out as well."""
    lived = life().after(*ACTIVE, asks_for_help(MENTOR), 30 * DAY, c.TakeUpHelp(COORDINATOR, 1), 10 * WEEK)
    assert len(lived.happened(e.HelpOverdue)) == MOST_OVERDUE_NOTES + 1


def test_a_forgotten_hold_is_asked_about() -> None:
    """Nothing depends on somebody remembering: a hold that nobody lifts comes back to the programme team by itself."""
    lived = life().after(*ACTIVE, c.Hold(COORDINATOR))
    assert next_hour(lived.state) is not None


def test_the_first_session_is_counted_from_the_signed_rules() -> None:
    """Goals agreed nine days after the signatures still bring the first session within fourteen."""
    lived = life().after(*SIGNED)
    signed_at = lived.now
    lived.after(9 * DAY, timedelta(hours=12), c.ProposeGoals(MENTOR, GOALS), c.AgreeGoals(MENTEE, 1, (1, 1)))
    assert lived.session.starts_at <= signed_at + 14 * DAY


# --- sessions that took place -----------------------------------------------------------------------------------


STOPS = [c.Pause(MENTOR), c.Hold(COORDINATOR), asks_for_help(MENTOR, hold=True), c.Exit(MENTEE)]


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.kind)
def test_what_took_place_is_not_called_off(stop: c.Command) -> None:
    """Ten minutes after its end a session can be asked about or left alone, but no longer cancelled."""
    lived = life().after(*ACTIVE)
    lived.after(lived.session.ends_at + timedelta(minutes=10), stop)
    assert lived.happened(e.SessionCancelled) == []


# --- the world --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [(c.Pause(MENTOR), c.Resume(MENTOR)), (c.Hold(COORDINATOR), c.Lift(COORDINATOR))])
def test_a_clean_up_that_is_over_no_longer_cleans(stop: tuple[c.Command, c.Command]) -> None:
    """Performed late, the proof for a pause that is over would remove the session planned since."""
    lived = life().after(*ACTIVE, stop[0])
    check = lived.told(VerifyCalendar)[0]
    assert still_wanted(check, lived.state)
    lived.after(DAY, stop[1])
    assert lived.session.starts_at > check.after
    assert not still_wanted(check, lived.state)


IDENTIFIERS = st.sampled_from(["ada", "ada-s", "ada-s1", "ada-sam", "r-1", "r-1-s2"]) | st.from_regex(
    IDENTIFIER, fullmatch=True
)


@settings(deadline=None)
@given(one=IDENTIFIERS, other=IDENTIFIERS)
@example(one="ada", other="ada-sam")
@example(one="r-1", other="r-1-s2")
@example(one="r", other="r.s1")
@example(one="r", other="r_s1")
def test_no_relationship_owns_the_sessions_of_another(one: str, other: str) -> None:
    """Cleaning up after one relationship never touches the entries of another in the same calendar."""
    assert session_uid(other, 1).startswith(uid_prefix(one)) is (one == other)


def test_an_outdated_version_is_not_sent_for_signature() -> None:
    """When a letter about version 1 could not leave before version 2 was proposed, only the second goes out."""
    lived = life().after(*ONBOARDED)
    (outdated,) = lived.letters(LetterKind.RULES_TO_SIGN, Party.MENTEE)
    lived.after(c.ProposeRules(MENTOR, (("R12", "48"),)))
    assert not still_wanted(outdated, lived.state)


def test_a_settled_session_is_no_longer_asked_about() -> None:
    """A question about session 1 that could not leave is not kept by the question about session 2."""
    lived = life(ProgrammePolicy(sessions=Sessions(every_weeks=1))).after(*ACTIVE)
    lived.until(lambda state: bool(state.ask(e.Subject.SESSION, Party.MENTOR, 1)))
    (outdated,) = lived.letters(LetterKind.SESSION_QUESTION, Party.MENTOR)
    lived.until(lambda state: bool(state.ask(e.Subject.SESSION, Party.MENTOR, 2)))
    lived.after(c.ConfirmSession(MENTOR, 1, held=True))
    assert not still_wanted(outdated, lived.state)


def test_two_questions_within_a_minute_are_two_letters() -> None:
    """Asked, answered and asked again before the minute is over, nobody is left without a letter."""
    lived = life().after(accepts(MENTOR, c.Comfort.UNSURE), c.AnswerInvitation(MENTEE, accept=True))
    lived.after(c.Decide(COORDINATOR, c.Choice.MORE_TIME), c.CompleteInduction(MENTOR, c.Comfort.UNSURE))
    keys = [letter.key for letter in lived.letters()]
    assert len(keys) == len(set(keys))


def test_a_partner_who_needs_patience_twice_is_one_letter_or_two_keys() -> None:
    """The second talk, days after the first, has effects of its own."""
    lived = life().after(accepts(MENTOR, c.Comfort.UNSURE), accepts(MENTEE))
    lived.after(DAY, c.Decide(COORDINATOR, c.Choice.MORE_TIME), DAY, c.CompleteInduction(MENTOR, c.Comfort.UNSURE))
    keys = [letter.key for letter in lived.letters()]
    assert len(keys) == len(set(keys))


# --- words ------------------------------------------------------------------------------------------------------

SECRET = "only for the two of us"


def test_no_words_of_anybody_are_in_the_journal() -> None:
    """Topics in and out are in the pair's own words, and stay out of the audit trail like every other text."""
    lived = life().after(*ONBOARDED, c.ProposeRules(MENTOR, (("R16", SECRET),)), c.SignRules(MENTEE, 2))
    goals = tuple(replace(goal, title=SECRET, success_criterion=SECRET) for goal in GOALS)
    lived.after(c.ProposeGoals(MENTOR, goals, topics=(SECRET,)), c.AgreeGoals(MENTEE, 1, (1, 1)))
    lived.after(c.SetAgenda(MENTOR, 1, (SECRET,)), c.AskCoordinator(MENTOR, c.Matter.OTHER, SECRET))
    bodies = [journal_entry(number, event).body for number, event in enumerate(lived.events, 1)]
    assert [body for body in bodies if SECRET in body] == []


def test_lines_from_a_web_form_are_text() -> None:
    """A form on a page ends its lines with CR LF; that can be shown."""
    assert text_problem("first line\r\nsecond line", 100, "words") is None


# --- people -----------------------------------------------------------------------------------------------------


def test_a_participant_is_never_taken_for_the_programme() -> None:
    """Whatever a person's id is, their part is the one they were given."""
    state = replace(life().state, mentor=Participant(PROGRAMME_OFFICE, life().state.mentor.power))
    assert state.party_of(PROGRAMME_OFFICE) is Party.MENTOR


def test_goals_that_were_never_agreed_are_not_rated() -> None:
    """A proposal that the partner never took up is no goal of the pair at the end."""
    patient = ProgrammePolicy(length_weeks=8, sessions=Sessions(planned=3, every_weeks=1), goals=Ladder((), 90))
    lived = life(patient).after(*SIGNED, c.ProposeGoals(MENTOR, GOALS)).until(lambda state: state.end_reached)
    judged = decide(lived.state, c.GiveFinalFeedback(MENTOR, (), 5, 5, keep_in_touch=False), lived.now)
    assert isinstance(judged, tuple)


def test_every_text_of_an_event_is_private_or_a_catalogue_word() -> None:
    """A new free text in an event has to be thought about: these are the only strings the journal may hold."""
    public = {"relationship", "programme", "coordinator", "backup", "contact", "zone", "old_zone", "follows", "kind"}
    plain = {
        field.name
        for event in get_args(e.Event)
        for field in fields(event)
        if field.type in (str, "str") and field.name not in e.PRIVATE_FIELDS
    }
    assert plain <= public


# --- two letters in one moment ----------------------------------------------------------------------------------


def test_a_session_is_not_reminded_of_in_the_moment_it_is_planned() -> None:
    """Woken exactly a day before the usual time, the pair is invited to a later one, and nothing is left due."""
    lived = life(ProgrammePolicy(sessions=Sessions(planned=13, every_weeks=1))).after(*ACTIVE)
    lived.sleeps(lived.session.starts_at + 5 * WEEK - DAY - lived.now)
    hour = next_hour(lived.state)
    assert hour
    assert hour > lived.now
    assert lived.session.starts_at - lived.now > DAY
