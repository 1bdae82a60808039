"""Did it happen? What two witnesses say, together, apart, late or against each other, and what it leads to.

Edge cases 16 (confirmed by both, one, nobody, or contradicted), 17 (no-show) and 18 (held elsewhere) of the handbook.
"""

from datetime import timedelta
from itertools import permutations

import pytest

from mentoring_lifecycle.contracts.journal import journal_entry
from mentoring_lifecycle.contracts.views import RelationshipView
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.effects import FindSlot, KeepEntry, Letter
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.policy import ProgrammePolicy, Sessions
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.builders import (
    ACTIVE,
    COORDINATOR,
    DAY,
    HOUR,
    MENTEE,
    MENTOR,
    PERSON_OF,
    WEEK,
    Life,
    Step,
    feedback,
    life,
    patient,
    whole_life,
)

MINUTE = timedelta(minutes=1)
WEEKLY = ProgrammePolicy(sessions=Sessions(planned=13, every_weeks=1))
EMERGENCY, FORGOT, WAS_HELD = c.AbsenceAnswer


def at_the_door() -> Life:
    """The first session began a quarter of an hour ago."""
    lived = life().after(*ACTIVE)
    return lived.after(lived.session.starts_at + 15 * MINUTE)


def after_session(number: int, lived: Life | None = None) -> Life:
    """The time of a session is over and it has been asked about."""
    lived = lived or life().after(*ACTIVE)
    return lived.until(lambda state: any(each.number == number and each.asked_at for each in state.sessions))


def missed(number: int, lived: Life, by: str = MENTEE) -> Life:
    """One waited in vain, and the other stays silent about it."""
    return after_session(number, lived).after(c.ReportNoShow(by, number), 49 * HOUR)


def held(number: int, lived: Life) -> Life:
    """Both were there."""
    return after_session(number, lived).after(*(c.ConfirmSession(by, number, held=True) for by in (MENTOR, MENTEE)))


def results(lived: Life) -> list[str]:
    return [result.value for _, result in sorted(lived.state.results)]


def asked(lived: Life, subject: e.Subject) -> list[Party]:
    return [ask.of for ask in lived.state.asks if ask.subject is subject]


# --- edge case 17: one waits, the other does not come -----------------------------------------------------------


def test_case_17_a_quarter_of_an_hour_is_waited() -> None:
    """A minute earlier the other may still come; from then on the present one may say it."""
    lived = life().after(*ACTIVE)
    lived.after(lived.session.starts_at + 14 * MINUTE)
    assert lived.tries(c.ReportNoShow(MENTEE, 1)) == Rejection(Refusal.STILL_TIME_TO_COME, "15")
    assert lived.after(MINUTE).does(c.ReportNoShow(MENTEE, 1))


def test_case_17_the_missed_one_is_asked_when_the_time_is_over_and_alone() -> None:
    """Nobody is written to while they may still come; then the absent one alone, and the present one not at all."""
    lived = at_the_door().after(c.ReportNoShow(MENTEE, 1))
    assert lived.state.asks == ()
    after_session(1, lived)
    assert [(ask.subject, ask.of) for ask in lived.state.asks] == [(e.Subject.ABSENCE, Party.MENTOR)]
    assert [letter.party for letter in lived.letters(LetterKind.SESSION_FOLLOW_UP)] == [Party.MENTOR]
    assert lived.letters(LetterKind.SESSION_QUESTION) == []


def test_case_17_said_after_the_question_it_replaces_the_question() -> None:
    """Neither is asked any more whether it took place."""
    lived = after_session(1).after(c.ReportNoShow(MENTOR, 1))
    assert [(ask.subject, ask.of) for ask in lived.state.asks] == [(e.Subject.ABSENCE, Party.MENTEE)]


@pytest.mark.parametrize(("answer", "result"), [(EMERGENCY, "excused"), (FORGOT, "no_show")])
def test_case_17_an_emergency_is_excused(answer: c.AbsenceAnswer, result: str) -> None:
    """What came up is not asked; forgetting is a no-show, and counts."""
    lived = after_session(1).after(c.ReportNoShow(MENTEE, 1), HOUR, c.ExplainAbsence(MENTOR, 1, answer))
    assert results(lived) == [result]
    assert lived.state.no_shows(Party.MENTOR) == (answer is FORGOT)


def test_case_17_silence_for_two_days_is_a_no_show() -> None:
    """Reminded once, half-way; at 48 hours it is settled, to the minute."""
    lived = after_session(1).after(c.ReportNoShow(MENTEE, 1))
    lived.after(48 * HOUR - MINUTE)
    assert len(lived.letters(LetterKind.SESSION_FOLLOW_UP)) == 2
    assert results(lived) == []
    assert results(lived.after(MINUTE)) == ["no_show"]


@pytest.mark.parametrize("contest", [c.ExplainAbsence(MENTOR, 1, WAS_HELD), c.ConfirmSession(MENTOR, 1, held=True)])
def test_case_17_a_contested_absence_is_a_difference(contest: c.Command) -> None:
    """Neither word weighs more: both are asked in private."""
    lived = after_session(1).after(c.ReportNoShow(MENTEE, 1), contest)
    assert lived.state.sessions[0].is_disputed
    assert asked(lived, e.Subject.DISPUTE) == list(PAIR)


def test_case_17_who_comes_first_never_matters() -> None:
    """ "It took place", said before or after the other waited in vain, is the same difference."""
    words: tuple[c.Command, ...] = (c.ConfirmSession(MENTOR, 1, held=True), c.ReportNoShow(MENTEE, 1))
    for order in permutations(words):
        assert after_session(1).after(*order).state.sessions[0].is_disputed


def test_each_waiting_for_the_other_is_nobodys_absence() -> None:
    """They were in two places: both say that they did not talk, so it is not held, and counts against neither."""
    for early in (True, False):
        lived = at_the_door() if early else after_session(1)
        lived.after(c.ReportNoShow(MENTEE, 1), c.ReportNoShow(MENTOR, 1), DAY)
        assert results(lived) == ["not_held"]
        assert lived.state.absences == ()
        assert lived.letters(LetterKind.CHECK_IN) == []


def test_saying_no_does_not_replace_an_explanation() -> None:
    """Whoever was missed and only says that it did not take place is still asked what happened, in either order."""
    no = c.ConfirmSession(MENTOR, 1, held=False)
    for order in permutations((no, c.ReportNoShow(MENTEE, 1))):
        lived = after_session(1).after(*order)
        assert asked(lived, e.Subject.ABSENCE) == [Party.MENTOR]
        assert results(lived.after(49 * HOUR)) == ["no_show"]


def test_a_session_that_is_moved_after_all_was_not_missed() -> None:
    """They found each other and chose another time: the waiting is forgotten."""
    lived = at_the_door().after(c.ReportNoShow(MENTEE, 1))
    lived.after(c.MoveSession(MENTEE, 1, lived.now + 2 * DAY))
    assert (lived.session.missed, lived.session.answers) == ((), ())
    assert asked(after_session(1, lived), e.Subject.SESSION) == list(PAIR)


def test_a_pause_stops_the_two_days() -> None:
    """Whoever is away cannot explain; the clock goes on where it stood."""
    lived = after_session(1).after(c.ReportNoShow(MENTEE, 1), c.Pause(MENTEE), 2 * WEEK, c.Resume(MENTEE))
    assert results(lived.after(47 * HOUR)) == []
    assert results(lived.after(HOUR)) == ["no_show"]


def test_what_could_not_be_explained_in_time_is_held_against_nobody() -> None:
    """When the relationship closes within the two days, the session is unknown."""
    lived = life(patient()).after(*ACTIVE)
    lived.until(lambda state: state.planned_session is not None and state.next_session == 7)
    lived.after(c.MoveSession(MENTEE, 6, lived.state.ends_at - 2 * HOUR)).until(lambda state: state.end_reached)
    lived.after(c.ReportNoShow(MENTEE, 6))
    assert asked(lived, e.Subject.ABSENCE) == [Party.MENTOR]
    lived.after(feedback(MENTOR), feedback(MENTEE))
    assert (results(lived)[-1], lived.state.absences) == ("unknown", ())


def test_waiting_at_a_session_that_the_other_notes_as_held_is_a_difference() -> None:
    """Noted by one, and the other says to have waited in vain: both are asked, as ever."""
    lived = noted().after(c.ReportNoShow(MENTEE, 2))
    assert [session.is_disputed for session in lived.state.sessions if session.logged] == [True]


# --- what absences lead to --------------------------------------------------------------------------------------


def test_the_first_absence_is_a_check_in_with_that_person_alone() -> None:
    """A kind letter to the one who was missed; the coordinator and the partner get none."""
    lived = missed(1, life(WEEKLY).after(*ACTIVE))
    assert [letter.party for letter in lived.letters(LetterKind.CHECK_IN)] == [Party.MENTOR]
    assert lived.state.decisions == ()


def test_an_excused_absence_leads_to_nothing() -> None:
    """No check-in, and it neither counts nor breaks a row."""
    lived = after_session(1).after(c.ReportNoShow(MENTEE, 1), c.ExplainAbsence(MENTOR, 1, EMERGENCY))
    assert lived.letters(LetterKind.CHECK_IN) == []


def test_two_in_a_row_are_told_to_the_coordinator_and_to_nobody_else() -> None:
    """With the name of who was missed; the partner's letters are what they would be anyway."""
    lived = missed(2, missed(1, life(WEEKLY).after(*ACTIVE)))
    (question,) = lived.state.decisions
    assert question.topic is e.DecisionTopic.ABSENT_IN_A_ROW
    (letter,) = lived.letters(LetterKind.DECISION_WANTED)
    assert (letter.party, letter.facts.concerned, letter.facts.partner) == (Party.COORDINATOR, MENTOR, MENTEE)
    about = {LetterKind.SESSION_FOLLOW_UP, LetterKind.CHECK_IN, LetterKind.DECISION_WANTED}
    assert [each for each in lived.letters(to=Party.MENTEE) if each.purpose in about] == []


@pytest.mark.parametrize("between", ["held", "missed by the other"])
def test_a_row_is_broken_by_a_session_to_which_that_side_came(between: str) -> None:
    """The second is a check-in again: somebody who comes in between is not absent in a row."""
    lived = missed(1, life(WEEKLY).after(*ACTIVE))
    lived = held(2, lived) if between == "held" else missed(2, lived, by=MENTOR)
    missed(3, lived)
    assert lived.state.no_shows_in_a_row(Party.MENTOR) == 1
    assert [letter.party for letter in lived.letters(LetterKind.CHECK_IN)].count(Party.MENTOR) == 2


def test_what_nobody_knows_does_not_break_a_row() -> None:
    """Silence about a session says nothing about who came."""
    lived = missed(1, life(WEEKLY).after(*ACTIVE))
    after_session(2, lived).after(c.ReportNoShow(MENTEE, 2), c.ExplainAbsence(MENTOR, 2, EMERGENCY))
    missed(3, lived)
    assert lived.state.no_shows_in_a_row(Party.MENTOR) == 2


def three_missed() -> Life:
    return missed(5, held(4, missed(3, held(2, missed(1, life(WEEKLY).after(*ACTIVE))))))


def test_three_in_all_are_a_decision_of_the_coordinator() -> None:
    """Whether in a row or not."""
    (question,) = three_missed().state.decisions
    assert question.topic is e.DecisionTopic.ABSENT_TOO_OFTEN


def test_ending_after_absences_is_nobodys_fault() -> None:
    """The outcome names no fault, and both read the same neutral letter."""
    lived = three_missed().after(c.Decide(COORDINATOR, c.Choice.END))
    assert lived.state.outcome is e.RelationshipOutcome.NO_FAULT_EXIT
    assert [letter.party for letter in lived.letters(LetterKind.RELATIONSHIP_ENDED)] == list(PAIR)
    one, other = lived.letters(LetterKind.RELATIONSHIP_ENDED)
    assert one.facts.concerned == other.facts.concerned == ""


@pytest.mark.parametrize("said", [(c.Decide(COORDINATOR, c.Choice.MORE_TIME),), (15 * DAY,)])
def test_more_time_or_silence_lets_it_go_on(said: tuple[Step, ...]) -> None:
    """No relationship ends against somebody because a coordinator did not answer."""
    lived = three_missed().after(*said)
    assert lived.state.decisions == ()
    assert not lived.state.is_ending
    assert lived.state.planned_session


def test_counts_are_in_no_view() -> None:
    """What callers see is the same whoever of the two was absent; the number of a decision would tell."""
    lived = three_missed()
    view = RelationshipView.of(lived.state)
    assert "absent" not in repr(view)
    assert {question.number for question in view.questions if question.subject == "decision"} == {0}


# --- edge case 18: held elsewhere, or unplanned -----------------------------------------------------------------


def noted() -> Life:
    """The mentor notes a talk of yesterday while the first session lies ahead."""
    lived = life(patient()).after(*ACTIVE, 3 * DAY)
    return lived.after(c.LogSession(MENTOR, lived.now - DAY, 40))


@pytest.mark.parametrize(
    ("said", "result"),
    [((c.ConfirmSession(MENTEE, 2, held=True),), "held"), ((7 * DAY,), "held_unconfirmed")],
)
def test_case_18_a_noted_session_is_confirmed_by_the_other(said: tuple[Step, ...], result: str) -> None:
    """Confirmed it is held; left open for a week it counts half."""
    lived = noted()
    assert asked(lived, e.Subject.SESSION) == [Party.MENTEE]
    (letter,) = [each for each in lived.letters(LetterKind.SESSION_QUESTION) if each.facts.session == 2]
    assert letter.facts.topic == "logged"
    lived.after(*said)
    assert dict(lived.state.results)[2] == result


def test_case_18_a_noted_session_that_the_other_denies_is_a_difference() -> None:
    """As with any other session."""
    lived = noted().after(c.ConfirmSession(MENTEE, 2, held=False))
    assert [session.is_disputed for session in lived.state.sessions if session.logged] == [True]


def test_case_18_nothing_that_was_planned_is_touched() -> None:
    """The session ahead, its time, its calendar entry and its length stay; no time is looked for, no entry made."""
    plain, lived = life(patient()).after(*ACTIVE, 3 * DAY), noted()
    assert lived.session == plain.session
    assert len(lived.told(FindSlot)) == len(plain.told(FindSlot))
    assert {entry.session for entry in lived.told(KeepEntry)} == {1}
    lived.after(c.ConfirmSession(MENTEE, 2, held=True))
    lived.lives_on()
    plain.lives_on()
    times = [[each.starts_at for each in one.happened(e.SessionPlanned)] for one in (plain, lived)]
    assert times[0] == times[1]
    assert next(each.ends_at - each.starts_at for each in lived.happened(e.SessionPlanned)) == HOUR


def test_case_18_it_is_evidence_and_takes_no_planned_one_away() -> None:
    """It counts towards completion; six are planned all the same, and no number is used twice."""
    lived = noted().after(c.ConfirmSession(MENTEE, 2, held=True))
    lived.lives_on()
    assert lived.state.sessions_held == 1
    assert [each.session for each in lived.happened(e.SessionPlanned)] == [1, 3, 4, 5, 6, 7]


def test_case_18_a_cancelled_session_held_elsewhere_can_be_noted() -> None:
    """Called off and held all the same; the rhythm begins anew as after any cancellation."""
    lived = life().after(*ACTIVE)
    starts_at = lived.session.starts_at
    lived.after(c.Pause(MENTOR), starts_at + DAY, c.Resume(MENTOR), c.LogSession(MENTOR, starts_at, 45))
    lived.after(c.ConfirmSession(MENTEE, lived.state.logged[0], held=True))
    assert lived.state.sessions_held == 1
    assert lived.session.starts_at >= lived.now + 5 * DAY


# --- edge case 16: nothing blocks, nothing lasts ----------------------------------------------------------------


def test_case_16_an_unresolved_session_never_blocks_the_next() -> None:
    """A difference, an absence and a noted session open at once, and planning goes on at the usual time."""
    lived, plain = (life(patient(WEEKLY)).after(*ACTIVE) for _ in range(2))
    after_session(1, lived).after(c.ConfirmSession(MENTOR, 1, held=True), c.ConfirmSession(MENTEE, 1, held=False))
    lived.after(c.LogSession(MENTOR, lived.now - 3 * HOUR, 20))
    after_session(2, lived).after(c.ReportNoShow(MENTEE, 2))
    assert [session.is_disputed or bool(session.missed) or session.logged for session in lived.state.sessions[:3]] == [
        True
    ] * 3
    lived.lives_on()
    plain.lives_on()
    assert [each.starts_at for each in lived.happened(e.SessionPlanned)] == [
        each.starts_at for each in plain.happened(e.SessionPlanned)
    ]


def test_case_16_three_unknown_in_a_row_are_counted() -> None:
    """From the last session back, in the order of sessions, whenever each was settled."""
    lived = life(WEEKLY).after(*ACTIVE)
    after_session(2, lived)
    held(2, lived)
    assert lived.state.unknown_in_a_row == 0
    lived.until(lambda state: len(state.results) == 4)
    assert results(lived) == ["unknown", "held", "unknown", "unknown"]
    assert lived.state.unknown_in_a_row == 2
    assert whole_life().state.unknown_in_a_row == 0


# --- pulse ------------------------------------------------------------------------------------------------------


def test_a_pulse_has_no_consequence_whatever_it_says() -> None:
    """The lowest and the highest answers lead to the very same effects and state: nothing can be read off."""
    low, high = (
        after_session(1).after(c.ConfirmSession(MENTOR, 1, True, pulse), c.ConfirmSession(MENTEE, 1, True), 2 * DAY)
        for pulse in (c.Pulse(1, 1, 1), c.Pulse(10, 10))
    )
    assert low.effects == high.effects
    assert low.state == high.state


def test_a_pulse_is_kept_in_the_journal_with_its_measuring_point() -> None:
    """An ordinary session, the first after day 30, the look half-way: each once."""
    lived = life().after(*ACTIVE)
    for number in range(1, 5):
        after_session(number, lived).after(
            *(c.ConfirmSession(PERSON_OF[by], number, True, c.Pulse(7, 8, 9)) for by in PAIR)
        )
    points = [event.pulse_at.value for event in lived.happened(e.SessionConfirmed) if event.by is Party.MENTOR]
    assert points == ["session", "d30", "mid", "session"]
    body = journal_entry(1, lived.happened(e.SessionConfirmed)[0]).body
    assert '"pulse":{"useful":7,"heard":8,"safe":9}' in body


def test_the_journal_does_not_say_why_somebody_did_not_come() -> None:
    """Nor what either said in private when they differed."""
    lived = after_session(1).after(c.ReportNoShow(MENTEE, 1), c.ExplainAbsence(MENTOR, 1, WAS_HELD))
    lived.after(c.AnswerDispute(MENTOR, 1, talked=True, elsewhere=True))
    told = "".join(journal_entry(1, event).body for event in lived.events)
    assert not any(word in told for word in ("explanation", "was_held", "talked", "elsewhere"))


def test_the_question_never_changes_with_an_answer() -> None:
    """One letter per reader, the same facts for both."""
    lived = after_session(1)
    one, other = lived.letters(LetterKind.SESSION_QUESTION)
    assert isinstance(one, Letter)
    assert (one.facts.session, one.facts.review) == (other.facts.session, other.facts.review) == (1, False)
