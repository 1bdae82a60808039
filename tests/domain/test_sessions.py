"""Act four: sessions recur, move, are prepared, and have two witnesses."""

from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.attendance import result_of
from mentoring_lifecycle.domain.consequences import session_uid, uid_prefix
from mentoring_lifecycle.domain.effects import FindSlot, KeepEntry, RemoveEntry
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.policy import ProgrammePolicy, Sessions
from tests.builders import (
    ACTIVE,
    DAY,
    GOALS,
    MENTEE,
    MENTOR,
    PERSON_OF,
    SIGNED,
    START,
    WEEK,
    Life,
    is_over,
    life,
    patient,
    whole_life,
)

HOUR = timedelta(hours=1)
ROME = ZoneInfo("Europe/Rome")


def after_first_session() -> Life:
    """The first session is over and both are being asked about it."""
    return life().after(*ACTIVE).until(lambda state: any(not session.lies_ahead for session in state.sessions))


# --- planning ---------------------------------------------------------------------------------------------------


def test_a_planned_session_is_told_and_shown_to_both() -> None:
    """Each gets an invitation and a calendar entry of the same identity, time and revision."""
    lived = life().after(*ACTIVE)
    session = lived.session
    assert [letter.party for letter in lived.letters(LetterKind.SESSION_INVITATION)] == list(PAIR)
    entries = lived.told(KeepEntry)
    assert [entry.person for entry in entries] == [MENTOR, MENTEE]
    assert {(entry.uid, entry.revision, entry.starts_at, entry.ends_at) for entry in entries} == {
        (session_uid("r-1", 1), 0, session.starts_at, session.ends_at)
    }
    assert all(entry.uid.startswith(uid_prefix("r-1")) for entry in entries)


def test_the_first_session_is_longer() -> None:
    """An hour to get to know each other, then forty-five minutes each; the last one is called final."""
    planned = whole_life().happened(e.SessionPlanned)
    assert [event.ends_at - event.starts_at for event in planned] == [HOUR] + [timedelta(minutes=45)] * 5
    assert [event.final for event in planned] == [False] * 5 + [True]


def test_sessions_keep_the_programmes_time_of_day() -> None:
    """The wished weekday and wall-clock time, in the pair's zone, on both sides of a change of clocks."""
    starts = [event.starts_at.astimezone(ROME) for event in whole_life().happened(e.SessionPlanned)]
    assert {(start.weekday(), start.hour, start.minute) for start in starts} == {(1, 10, 0)}
    assert len({start.utcoffset() for start in starts}) == 2


@settings(deadline=None)
@given(
    weeks=st.integers(1, 8),
    opened=st.integers(0, 364),
    planned=st.integers(3, 13),
    weekday=st.integers(0, 6),
    wall_time=st.sampled_from(["00:00", "02:30", "10:00", "23:59"]),
)
def test_the_cadence_is_kept_within_a_day_and_the_number_never_exceeded(
    weeks: int, opened: int, planned: int, weekday: int, wall_time: str
) -> None:
    """Whatever the rhythm, the season and the time of day, unmoved sessions lie one cadence apart."""
    sessions = Sessions(planned=planned, weekday=weekday, wall_time=wall_time)
    lived = life(ProgrammePolicy(sessions=sessions), at=START + opened * DAY)
    lived.after(*SIGNED, c.ProposeGoals(MENTOR, GOALS, every_weeks=weeks), c.AgreeGoals(MENTEE, 1, (3, 4)))
    lived.lives_on()
    starts = [event.starts_at for event in lived.happened(e.SessionPlanned)]
    assert starts
    assert len(starts) <= planned
    assert all(abs(later - earlier - weeks * WEEK) <= DAY for earlier, later in pairwise(starts))


def test_as_many_sessions_as_agreed_when_they_fit() -> None:
    """Unconfirmed sessions are not made up for: six are planned, and no seventh."""
    lived = life(patient()).after(*ACTIVE)
    lived.lives_on()
    assert [event.session for event in lived.happened(e.SessionPlanned)] == [1, 2, 3, 4, 5, 6]


def test_a_session_that_would_end_after_the_last_day_is_not_planned() -> None:
    """The relationship ends on its day, whatever the number of sessions."""
    slow = c.ProposeGoals(MENTOR, GOALS, every_weeks=8)
    lived = life(patient()).after(*SIGNED, slow, c.AgreeGoals(MENTEE, 1, (3, 4)))
    lived.lives_on()
    planned = lived.happened(e.SessionPlanned)
    assert len(planned) == 4
    assert all(event.ends_at <= lived.state.ends_at for event in planned)


def test_a_time_that_was_not_asked_for_is_dropped() -> None:
    """A repeated or stray answer about a slot changes nothing."""
    lived = life().after(*ACTIVE)
    before = lived.state
    assert lived.learns(c.RecordSlot(2, START + WEEK)) == ()
    assert lived.learns(c.RecordSlot(9, START + WEEK)) == ()
    assert lived.state == before


def test_the_time_after_next_is_found_while_the_next_is_awaited() -> None:
    """The day a session ends, the following one is booked with no further question to the world."""
    lived = after_first_session()
    assert lived.session.number == 2
    assert [wish.session for wish in lived.told(FindSlot)] == [1, 2]


def test_one_unsettled_session_never_blocks_the_next() -> None:
    """Nobody ever answers, and still every session is planned."""
    weekly = ProgrammePolicy(sessions=Sessions(every_weeks=1))
    lived = life(patient(weekly)).after(*ACTIVE)
    lived.until(lambda state: len(state.sessions) > 2)
    assert [session.lies_ahead for session in lived.state.sessions][:2] == [False, False]
    lived.lives_on()
    assert [number for number, _ in lived.state.results] == [1, 2, 3, 4, 5, 6]


# --- before a session -------------------------------------------------------------------------------------------


def test_both_are_reminded_once_and_before_the_start() -> None:
    """A day ahead, once, with the agenda that was written meanwhile."""
    lived = life().after(*ACTIVE, c.SetAgenda(MENTOR, 1, ("Prompting",)))
    lived.after(lived.session.starts_at - 24 * HOUR)
    reminders = lived.letters(LetterKind.SESSION_REMINDER)
    assert [letter.party for letter in reminders] == list(PAIR)
    assert {letter.facts.agenda for letter in reminders} == {("Prompting",)}
    lived.after(lived.session.starts_at)
    assert len(lived.letters(LetterKind.SESSION_REMINDER)) == len(PAIR)


def test_nobody_is_reminded_of_a_session_that_has_begun() -> None:
    """After days asleep the reminder is skipped; the question whether it took place is not."""
    lived = life().after(*ACTIVE)
    lived.sleeps(3 * WEEK)
    assert lived.letters(LetterKind.SESSION_REMINDER) == []
    assert len(lived.letters(LetterKind.SESSION_QUESTION)) == len(PAIR)


def test_the_junior_owns_the_agenda() -> None:
    """The senior may write while there are no points; once the junior has, only the junior changes them."""
    lived = life().after(*ACTIVE, c.SetAgenda(MENTEE, 1, ("Budget",)), c.SetAgenda(MENTOR, 1, ("Prompting",)))
    assert lived.session.agenda == ("Prompting",)
    assert lived.does(c.SetAgenda(MENTOR, 1, ("Prompting", "Tools")))


def test_ownership_of_the_agenda_follows_power_not_role() -> None:
    """In a traditional pairing it is the mentee who owns the agenda, and who is told to lead."""
    lived = life(reverse=False).after(*ACTIVE, c.SetAgenda(MENTOR, 1, ("Budget",)), c.SetAgenda(MENTEE, 1, ("Career",)))
    assert lived.session.agenda == ("Career",)
    leads = {letter.party: letter.facts.leads for letter in lived.letters(LetterKind.SESSION_INVITATION)}
    assert leads == {Party.MENTOR: False, Party.MENTEE: True}


def test_a_moved_session_keeps_its_identity_and_counts_its_changes() -> None:
    """Same UID, revision one higher, same length, told and shown to both, reminded of anew."""
    lived = life().after(*ACTIVE)
    was = lived.session
    lived.after(was.starts_at - HOUR, c.MoveSession(MENTEE, 1, was.starts_at + 3 * DAY))
    moved = lived.session
    assert (moved.number, moved.revision, moved.ends_at - moved.starts_at) == (1, 1, was.ends_at - was.starts_at)
    assert [letter.facts.revision for letter in lived.letters(LetterKind.SESSION_MOVED)] == [1, 1]
    assert [(entry.uid, entry.revision) for entry in lived.told(KeepEntry)[-2:]] == [(session_uid("r-1", 1), 1)] * 2
    lived.after(moved.starts_at)
    assert [letter.facts.revision for letter in lived.letters(LetterKind.SESSION_REMINDER)] == [0, 0, 1, 1]


def test_a_moved_session_does_not_move_the_rhythm() -> None:
    """The session after a moved one lies where it would have lain."""
    lived = life().after(*ACTIVE)
    was = lived.session.starts_at
    lived.after(c.MoveSession(MENTEE, 1, was + 6 * DAY))
    lived.until(lambda state: state.next_session == 3)
    assert lived.session.starts_at == was + 4 * WEEK


# --- two witnesses ----------------------------------------------------------------------------------------------

YES, NO = True, False
RESULTS = [
    ([(MENTOR, YES), (MENTEE, YES)], e.SessionResult.HELD),
    ([(MENTOR, YES)], e.SessionResult.HELD_UNCONFIRMED),
    ([(MENTEE, YES)], e.SessionResult.HELD_UNCONFIRMED),
    ([(MENTOR, YES), (MENTEE, NO)], e.SessionResult.UNKNOWN),
    ([(MENTOR, NO), (MENTEE, YES)], e.SessionResult.UNKNOWN),
    ([(MENTOR, NO), (MENTEE, NO)], e.SessionResult.NOT_HELD),
    ([(MENTEE, NO)], e.SessionResult.NOT_HELD),
    ([], e.SessionResult.UNKNOWN),
]


@pytest.mark.parametrize(("answers", "result"), RESULTS)
def test_what_two_witnesses_make_of_a_session(answers: list[tuple[str, bool]], result: e.SessionResult) -> None:
    """Two yes hold it, one yes half; a lone no, silence, or a difference that nobody settles count for nobody."""
    lived = after_first_session()
    lived.after(*(c.ConfirmSession(by, 1, held) for by, held in answers), 14 * DAY)
    assert lived.state.results == ((1, result),)


@pytest.mark.parametrize(("answers", "days"), [(0, 14), (1, 7), (2, 0)])
def test_how_long_the_witnesses_are_waited_for(answers: int, days: int) -> None:
    """Two answers settle at once, one after seven days, none after fourteen."""
    lived = after_first_session()
    asked_at = lived.now
    lived.after(*(c.ConfirmSession(by, 1, held=True) for by in (MENTOR, MENTEE)[:answers]))
    lived.until(lambda state: bool(state.results))
    (settled,) = lived.happened(e.SessionSettled)
    assert settled.at - asked_at == days * DAY


def test_results_do_not_depend_on_who_answers_first() -> None:
    """The order of the two answers never matters."""
    for one, other in [(YES, YES), (YES, NO), (NO, YES), (NO, NO)]:
        answers = ((Party.MENTOR, one), (Party.MENTEE, other))
        assert result_of(answers) is result_of(answers[::-1])


def test_a_session_can_be_confirmed_right_after_its_end() -> None:
    """Who is quicker than the question need not wait for it; the partner is asked, the next session booked."""
    lived = life().after(*ACTIVE)
    lived.after(lived.session.ends_at, c.ConfirmSession(MENTOR, 1, held=True))
    assert [(ask.subject, ask.of) for ask in lived.state.asks] == [(e.Subject.SESSION, Party.MENTEE)]
    assert lived.session.number == 2


def test_an_answered_question_is_not_asked_again() -> None:
    """The reminders of a session's question go only to the silent one, twice."""
    lived = after_first_session().after(c.ConfirmSession(MENTEE, 1, held=True), 6 * DAY)
    reminded = lived.letters(LetterKind.SESSION_QUESTION_REMINDER)
    assert [letter.party for letter in reminded] == [Party.MENTOR] * 2


def test_an_unconfirmed_session_counts_half() -> None:
    """Completion needs three sessions: two confirmed by both and two by one are just enough, one less is not."""
    for both, one, outcome in [(2, 2, e.RelationshipOutcome.COMPLETED), (2, 1, e.RelationshipOutcome.INACTIVE)]:
        lived = life(patient()).after(*ACTIVE)
        for number in range(1, 7):
            lived.until(partial(is_over, number))
            witnesses = PAIR if number <= both else PAIR[:1] if number <= both + one else ()
            lived.after(*(c.ConfirmSession(PERSON_OF[by], number, held=True) for by in witnesses))
        lived.lives_on()
        assert (lived.state.sessions_held, lived.state.sessions_unconfirmed) == (both, one)
        assert lived.state.outcome is outcome


# --- calling off ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stop", "why"),
    [
        (c.Pause(MENTOR), e.CancelReason.PAUSED),
        (c.Hold("p-carla"), e.CancelReason.ON_HOLD),
        (c.Exit(MENTEE), e.CancelReason.ENDED),
        (c.AskCoordinator(MENTOR, c.Matter.OTHER, "Words.", hold_next_session=True), e.CancelReason.MOVED_ON),
    ],
)
def test_whatever_stops_the_pair_calls_the_session_off_for_both(stop: c.Command, why: e.CancelReason) -> None:
    """Both are told, both calendars are cleared, with a revision above every one that was told."""
    lived = life().after(*ACTIVE)
    lived.after(c.MoveSession(MENTOR, 1, lived.session.starts_at + DAY), stop)
    assert lived.state.planned_session is None
    letters = lived.letters(LetterKind.SESSION_CANCELLED)
    assert [(letter.party, letter.facts.revision, letter.facts.topic) for letter in letters] == [
        (party, 2, why) for party in PAIR
    ]
    removals = lived.told(RemoveEntry)
    assert [(removal.person, removal.uid, removal.revision) for removal in removals] == [
        (person, session_uid("r-1", 1), 2) for person in (MENTOR, MENTEE)
    ]


def test_a_number_is_never_used_twice() -> None:
    """After a pause the next session has a new identity, since the old one was called off."""
    lived = life().after(*ACTIVE, c.Pause(MENTOR), WEEK, c.Resume(MENTOR))
    assert lived.session.number == 2
    assert lived.session.starts_at >= lived.now + 5 * DAY


def test_a_cancelled_session_is_made_up_for() -> None:
    """It does not count towards the planned number, and the first that takes place is the long one."""
    lived = life(patient()).after(*ACTIVE, c.Pause(MENTOR), WEEK, c.Resume(MENTOR))
    assert lived.session.ends_at - lived.session.starts_at == HOUR
    lived.lives_on()
    assert len(lived.happened(e.SessionEnded)) == 6


def test_moments_are_judged_as_instants() -> None:
    """A moment in another zone is the same moment."""
    lived = life().after(*ACTIVE)
    at = datetime(2027, 2, 1, 15, 0, tzinfo=ROME)
    lived.after(c.MoveSession(MENTOR, 1, at))
    assert lived.session.starts_at == at
