"""Two witnesses differ: a private form to both, then the coordinator, then unknown. Part of edge case 16."""

import pytest

from mentoring_lifecycle.contracts.views import DisputeView, RelationshipView
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from tests.builders import ACTIVE, BACKUP, COORDINATOR, DAY, HOUR, MENTEE, MENTOR, WEEK, Life, Step, life

DIFFER: tuple[Step, ...] = (
    *(*ACTIVE, 8 * DAY),
    *(c.ConfirmSession(MENTOR, 1, held=True), c.ConfirmSession(MENTEE, 1, held=False)),
)


def differing() -> Life:
    """One says yes, the other no, about the first session."""
    return life().after(*DIFFER)


def says(by: str, *, talked: bool) -> c.AnswerDispute:
    return c.AnswerDispute(by, 1, talked, elsewhere=False)


def settled(lived: Life) -> list[e.SessionResult]:
    return [result for number, result in lived.state.results if number == 1]


def coordinator_is_asked(lived: Life) -> bool:
    return lived.state.ask(e.Subject.SETTLEMENT, Party.COORDINATOR, 1) is not None


def test_both_get_the_same_private_form() -> None:
    """The letters differ in nothing but their reader, and the coordinator has none yet."""
    one, other = differing().letters(LetterKind.SESSION_FORM)
    assert [one.party, other.party] == list(PAIR)
    assert (one.facts.topic, one.facts.concerned) == (other.facts.topic, other.facts.concerned) == ("", "")
    assert differing().letters(LetterKind.SESSION_TO_SETTLE) == []


@pytest.mark.parametrize(("talked", "result"), [(True, e.SessionResult.HELD), (False, e.SessionResult.NOT_HELD)])
def test_two_forms_that_agree_settle_it(talked: bool, result: e.SessionResult) -> None:
    """At once, and without the coordinator."""
    lived = differing().after(says(MENTOR, talked=talked), says(MENTEE, talked=talked))
    assert settled(lived) == [result]
    assert not coordinator_is_asked(lived)


def test_forms_that_differ_go_to_the_coordinator_without_the_answers() -> None:
    """The letter says that a decision is wanted, and nothing of what either said."""
    lived = differing().after(says(MENTOR, talked=True), says(MENTEE, talked=False))
    assert coordinator_is_asked(lived)
    (letter,) = lived.letters(LetterKind.SESSION_TO_SETTLE)
    other = differing().after(says(MENTOR, talked=False), says(MENTEE, talked=True))
    assert letter == other.letters(LetterKind.SESSION_TO_SETTLE)[0]


@pytest.mark.parametrize("answered", [(), (says(MENTOR, talked=True),)])
def test_forms_left_open_go_to_the_coordinator_after_three_days(answered: tuple[Step, ...]) -> None:
    """Silence of one or both is no answer; it is not waited for longer."""
    lived = differing().after(*answered, 3 * DAY - HOUR)
    assert not coordinator_is_asked(lived)
    assert coordinator_is_asked(lived.after(HOUR))


@pytest.mark.parametrize("by", [COORDINATOR, BACKUP])
@pytest.mark.parametrize("early", [True, False])
def test_the_team_settles_it(by: str, early: bool) -> None:
    """At any time while the two differ, by coordinator or backup."""
    lived = differing().after(*(() if early else (4 * DAY,)), c.SettleDispute(by, 1, c.Verdict.NOT_HELD))
    assert settled(lived) == [e.SessionResult.NOT_HELD]
    assert [ask for ask in lived.state.asks if ask.number == 1] == []


def test_after_seven_days_it_is_unknown() -> None:
    """To the hour, counted from the difference; it counts for nobody and against nobody."""
    lived = differing().after(7 * DAY - HOUR)
    assert settled(lived) == []
    assert settled(lived.after(HOUR)) == [e.SessionResult.UNKNOWN]


def test_the_coordinator_is_given_days_even_after_an_outage() -> None:
    """Woken after three weeks, the coordinator is asked, and the session is not lost in the same moment."""
    lived = differing()
    lived.sleeps(3 * WEEK)
    assert coordinator_is_asked(lived)
    lived.after(4 * DAY)
    assert settled(lived) == [e.SessionResult.UNKNOWN]


def test_a_no_show_can_be_settled_as_one_only_where_somebody_was_missed() -> None:
    """Then it counts as one, and the absent one is asked how things are."""
    contested = (c.ReportNoShow(MENTEE, 1), c.ExplainAbsence(MENTOR, 1, c.AbsenceAnswer.WAS_HELD))
    lived = life().after(*ACTIVE, 8 * DAY, *contested, c.SettleDispute(COORDINATOR, 1, c.Verdict.NO_SHOW))
    assert lived.state.no_shows(Party.MENTOR) == 1
    assert [letter.party for letter in lived.letters(LetterKind.CHECK_IN)] == [Party.MENTOR]


def test_a_pause_stops_the_forms_and_not_the_coordinator() -> None:
    """The pair's days go on after the pause; the team may settle it meanwhile."""
    paused = differing().after(2 * DAY, c.Pause(MENTOR), 2 * WEEK)
    assert settled(paused.after(c.Resume(MENTOR), DAY - HOUR)) == []
    assert coordinator_is_asked(paused.after(HOUR))
    assert settled(differing().after(c.Pause(MENTOR), c.SettleDispute(COORDINATOR, 1, c.Verdict.HELD))) == [
        e.SessionResult.HELD
    ]


def test_only_the_teams_own_view_holds_what_was_said() -> None:
    """Participants see that the two differ, which both know; the forms are for the programme team."""
    lived = differing().after(c.AnswerDispute(MENTOR, 1, talked=True, elsewhere=True))
    (view,) = DisputeView.of(lived.state)
    assert view.forms == ((Party.MENTOR, True, True),)
    assert view.answers == ((Party.MENTOR, True), (Party.MENTEE, False))
    silent = differing().after(c.AnswerDispute(MENTOR, 1, talked=False, elsewhere=False))
    assert RelationshipView.of(lived.state) == RelationshipView.of(silent.state)
    assert RelationshipView.of(lived.state).sessions[0].disputed
