"""A look half-way: part of the question about one session, private, and without any hurry."""

from datetime import datetime
from functools import partial

import pytest

from mentoring_lifecycle.contracts.journal import journal_entry
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.effects import Facts, KeepEntry
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from tests.builders import (
    ACTIVE,
    COORDINATOR,
    DAY,
    GOALS,
    MENTEE,
    MENTOR,
    ONBOARDED,
    WEEK,
    Life,
    at_the_end,
    feedback,
    is_over,
    life,
    patient,
    whole_life,
)

FINE = c.Review((6, 7), c.Comfort.YES, rules_fit=True)
UNSURE = c.Review((6, 7), c.Comfort.UNSURE, rules_fit=True)


def written(lived: Life) -> list[tuple[LetterKind, Party, datetime, Facts]]:
    """Every letter but for its key, in which a sequence number stands."""
    return [(letter.purpose, letter.party, letter.decided_at, letter.facts) for letter in lived.letters()]


def half_way() -> Life:
    """The third session is over and asked about."""
    return life(patient()).after(*ACTIVE).until(partial(is_over, 3))


@pytest.mark.parametrize("after", [2, 3, 4])
def test_the_pair_agrees_when(after: int) -> None:
    """The question about that session, and about no other, asks for the look half-way and shows the goals (R17)."""
    lived = life(patient()).after(*ONBOARDED, c.ProposeRules(MENTOR, (("R17", str(after)),)), c.SignRules(MENTEE, 2))
    lived.after(c.ProposeGoals(MENTOR, GOALS), c.AgreeGoals(MENTEE, 1, (3, 4)))
    lived.until(partial(is_over, 5))
    asking = [letter for letter in lived.letters(LetterKind.SESSION_QUESTION) if letter.facts.review]
    assert [(letter.facts.session, letter.party) for letter in asking] == [(after, party) for party in PAIR]
    assert asking[0].facts.goals == tuple(goal.title for goal in GOALS)


def test_it_costs_no_letter_of_its_own() -> None:
    """A life with both reviews has the same letters as one without."""
    lived = half_way().after(
        c.ConfirmSession(MENTOR, 3, True, review=FINE), c.ConfirmSession(MENTEE, 3, True, review=FINE)
    )
    plain = half_way().after(c.ConfirmSession(MENTOR, 3, True), c.ConfirmSession(MENTEE, 3, True))
    assert written(lived) == written(plain)


def test_it_can_be_given_by_itself_until_the_end() -> None:
    """Late is fine, once."""
    lived = at_the_end().after(c.GiveReview(MENTOR, FINE))
    assert lived.state.reviewed == (Party.MENTOR,)
    lived.after(c.GiveReview(MENTEE, FINE))
    assert lived.state.reviewed == PAIR


@pytest.mark.parametrize("comfort", [c.Comfort.NO, c.Comfort.UNSURE])
def test_whoever_is_not_at_ease_gets_a_talk_and_the_partner_learns_nothing(comfort: c.Comfort) -> None:
    """One letter to the coordinator; sessions go on, and the partner's letters and sessions are what they were."""
    uneasy = c.Review((6, 7), comfort, rules_fit=True)
    lived = half_way().after(c.ConfirmSession(MENTOR, 3, True, review=uneasy), 5 * WEEK)
    plain = half_way().after(c.ConfirmSession(MENTOR, 3, True, review=FINE), 5 * WEEK)
    told = [each for each in written(lived) if each not in written(plain)]
    assert {party for _, party, _, _ in told} == {Party.COORDINATOR}
    first = lived.letters(to=Party.COORDINATOR)[0]
    assert (first.purpose, first.facts.concerned, first.facts.partner) == (LetterKind.DECISION_WANTED, MENTOR, MENTEE)
    assert lived.told(KeepEntry) == plain.told(KeepEntry)


@pytest.mark.parametrize("said", [(c.Decide(COORDINATOR, c.Choice.MORE_TIME),), (15 * DAY,)])
def test_the_talk_ends_nothing_by_itself(said: tuple[c.Command, ...]) -> None:
    """A coordinator who says more time, or nothing, lets it go on; nobody is asked to begin anew."""
    lived = half_way().after(c.GiveReview(MENTEE, UNSURE), *said)
    assert lived.state.decisions == ()
    assert not lived.state.is_ending
    assert [ask for ask in lived.state.asks if ask.subject is e.Subject.INDUCTION] == []


def test_rules_that_no_longer_fit_change_nothing_by_themselves() -> None:
    """Either may propose others; nobody does it for them."""
    no = c.Review((6, 7), c.Comfort.YES, rules_fit=False)
    lived, plain = half_way().after(c.GiveReview(MENTOR, no)), half_way().after(c.GiveReview(MENTOR, FINE))
    assert lived.effects == plain.effects
    assert lived.state == plain.state


def test_goal_ratings_of_both_can_be_read_from_the_journal() -> None:
    """Baseline, mid and final of each side, without a word of the goals."""
    lived = half_way().after(c.GiveReview(MENTOR, FINE), c.GiveReview(MENTEE, FINE))
    lived.until(lambda state: state.end_reached).after(feedback(MENTOR), feedback(MENTEE))
    bodies = {event.kind: journal_entry(1, event).body for event in lived.events}
    assert '"baselines":[2,1],"targets":[8,10]' in bodies["goals_proposed"]
    assert '"baselines":[3,4]' in bodies["goals_agreed"]
    assert '"ratings":[6,7]' in bodies["review_given"]
    assert '"ratings":[7,9]' in bodies["final_feedback_given"]
    assert "comfort" not in bodies["review_given"]


def test_who_never_looks_half_way_is_not_asked_again() -> None:
    """It is part of a question, and has no ladder of its own."""
    assert whole_life().state.reviewed == ()
    assert whole_life().state.review_session == 3
