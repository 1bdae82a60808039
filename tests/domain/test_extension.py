"""Going on beyond the planned end: both, or not at all, and nobody learns who would have (edge case 21)."""

from dataclasses import replace

import pytest

from mentoring_lifecycle.contracts.views import RelationshipView
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR
from mentoring_lifecycle.domain.policy import Extensions, ProgrammePolicy
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.builders import DAY, MENTEE, MENTOR, WEEK, Life, at_phase, at_the_end, feedback


def closing(policy: ProgrammePolicy | None = None) -> Life:
    return at_phase(e.Phase.CLOSING, policy)


def next_closing(lived: Life) -> Life:
    return lived.until(lambda state: state.phase is e.Phase.CLOSING)


def test_case_21_the_notice_asks_and_both_wishes_extend() -> None:
    """By the smaller number of weeks, with sessions at the pair's cadence; the next notice comes at the new T-14."""
    lived = closing()
    ends_at, planned = lived.state.ends_at, lived.state.sessions_planned
    assert {letter.facts.topic for letter in lived.letters(LetterKind.CLOSING_NOTICE)} == {"may_be_extended"}
    lived.after(c.WishExtension(MENTOR, 13), DAY, c.WishExtension(MENTEE, 9))
    assert lived.state.phase is e.Phase.ACTIVE
    assert lived.state.ends_at == ends_at + 9 * WEEK
    assert lived.state.sessions_planned == planned + 2
    assert [letter.facts.deadline for letter in lived.letters(LetterKind.EXTENDED)] == [ends_at + 9 * WEEK] * 2
    assert lived.session.starts_at > lived.now
    next_closing(lived)
    assert lived.now == ends_at + 9 * WEEK - 14 * DAY
    assert len(lived.letters(LetterKind.CLOSING_NOTICE)) == 4


def test_case_21_the_wish_of_one_is_told_to_nobody() -> None:
    """No letter, no view and no effect differs, and it ends as planned."""
    alone, silent = closing(), closing()
    told = len(alone.effects)
    alone.after(c.WishExtension(MENTOR, 4))
    assert alone.effects[told:] == []
    seen = RelationshipView.of(alone.state)
    assert replace(seen, events=0) == replace(RelationshipView.of(silent.state), events=0)
    alone.lives_on()
    silent.lives_on()
    assert [(each.key.rpartition("/")[0], each.facts) for each in alone.letters()] == [
        (each.key.rpartition("/")[0], each.facts) for each in silent.letters()
    ]
    assert alone.state.outcome is silent.state.outcome


def test_the_last_word_of_each_counts_until_the_other_agrees() -> None:
    """Whoever thinks again wishes again."""
    lived = closing().after(c.WishExtension(MENTOR, 13), c.WishExtension(MENTOR, 2), c.WishExtension(MENTEE, 13))
    assert lived.happened(e.ExtensionAgreed)[0].weeks == 2


def test_even_a_short_extension_brings_a_session() -> None:
    """A week more without meeting would be none."""
    lived = closing().after(c.WishExtension(MENTOR, 1), c.WishExtension(MENTEE, 1))
    assert lived.happened(e.ExtensionAgreed)[0].sessions == 1


def test_at_most_twice() -> None:
    """The third notice offers nothing, and a third wish is refused."""
    lived = closing()
    for _ in range(2):
        lived.after(c.WishExtension(MENTOR, 4), c.WishExtension(MENTEE, 4))
        next_closing(lived)
    assert lived.letters(LetterKind.CLOSING_NOTICE)[-1].facts.topic == ""
    assert lived.tries(c.WishExtension(MENTOR, 4)) == Rejection(Refusal.NO_MORE_EXTENSIONS)


def test_a_programme_may_allow_none() -> None:
    """Then nobody is asked, either."""
    lived = closing(ProgrammePolicy(extensions=Extensions(most=0)))
    assert {letter.facts.topic for letter in lived.letters(LetterKind.CLOSING_NOTICE)} == {""}
    assert lived.tries(c.WishExtension(MENTOR, 4)) == Rejection(Refusal.NO_MORE_EXTENSIONS)


@pytest.mark.parametrize("weeks", [-1, 0, 14, 10**9])
def test_the_number_of_weeks_is_bounded(weeks: int) -> None:
    """One to thirteen."""
    assert closing().tries(c.WishExtension(MENTOR, weeks)) == Rejection(Refusal.EXTENSION_OUT_OF_RANGE, "13")


def test_on_the_last_day_it_is_too_late() -> None:
    """A wish of one does not outlive the end, and none is taken after it."""
    lived = closing().after(c.WishExtension(MENTOR, 4)).until(lambda state: state.end_reached)
    assert lived.state.wishes == ()
    assert lived.tries(c.WishExtension(MENTEE, 4)) == Rejection(Refusal.END_REACHED)
    assert at_the_end().tries(c.WishExtension(MENTEE, 4)) == Rejection(Refusal.END_REACHED)


def test_an_extended_pair_says_goodbye_once() -> None:
    """The second end is like any end."""
    lived = closing().after(c.WishExtension(MENTOR, 4), c.WishExtension(MENTEE, 4))
    lived.until(lambda state: state.end_reached).after(feedback(MENTOR), feedback(MENTEE))
    assert lived.state.is_closed
    assert [letter.party for letter in lived.letters(LetterKind.FINAL_FEEDBACK)] == list(PAIR)
