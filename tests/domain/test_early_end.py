"""Ending early with honour: earned, proposed by one, agreed to by the other."""

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.effects import RemoveEntry
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.builders import ACTIVE, DAY, MENTEE, MENTOR, PERSON_OF, Life, at_the_end, feedback, life, patient


def after_sessions(held: int, *, unconfirmed: int = 0) -> Life:
    lived = life(patient()).after(*ACTIVE)
    for number in range(1, held + unconfirmed + 1):
        lived.until(lambda state: any(not session.lies_ahead for session in state.sessions))
        witnesses = PAIR if number <= held else PAIR[:1]
        lived.after(*(c.ConfirmSession(PERSON_OF[by], number, held=True) for by in witnesses))
        lived.until(lambda state, number=number: len(state.results) >= number)  # type: ignore[misc]
    return lived


def test_both_end_it_early_and_it_counts_as_completed() -> None:
    """Today is the last day: nothing planned stays, both look back, and the outcome says both."""
    lived = after_sessions(3)
    planned = lived.session
    lived.after(c.ProposeEarlyEnd(MENTOR))
    (question,) = lived.letters(LetterKind.EARLY_END)
    assert question.party is Party.MENTEE
    lived.after(2 * DAY, c.AgreeEarlyEnd(MENTEE))
    assert (lived.state.phase, lived.state.end_reached, lived.state.ends_at) == (e.Phase.CLOSING, True, lived.now)
    assert len(lived.told(RemoveEntry)) == 2
    assert lived.state.session(planned.number) is None
    assert [letter.party for letter in lived.letters(LetterKind.FINAL_FEEDBACK)] == list(PAIR)
    lived.after(feedback(MENTOR), feedback(MENTEE))
    assert lived.state.outcome is e.RelationshipOutcome.COMPLETED_EARLY
    assert {letter.facts.topic for letter in lived.letters(LetterKind.FAREWELL)} == {"completed_early"}


def test_what_is_not_earned_is_refused_and_says_what_is_missing() -> None:
    """The sentence counts the missing sessions and names the way out that is always open."""
    judged = after_sessions(1, unconfirmed=1).tries(c.ProposeEarlyEnd(MENTOR))
    assert judged == Rejection(Refusal.NOT_EARNED_YET, "2")
    assert isinstance(judged, Rejection)
    assert "leave at any time" in judged.message()
    assert "lasciare in ogni momento" in judged.message("it")


def test_silence_changes_nothing_and_is_told_to_nobody() -> None:
    """After a fortnight the proposal lapses; it may be made again."""
    lived = after_sessions(3).after(c.ProposeEarlyEnd(MENTOR))
    lived.after(14 * DAY)
    assert lived.state.early_end_by is None
    assert lived.state.phase is e.Phase.ACTIVE
    assert {letter.party for letter in lived.letters(LetterKind.EARLY_END)} == {Party.MENTEE}
    assert lived.tries(c.AgreeEarlyEnd(MENTEE)) == Rejection(Refusal.NOTHING_PROPOSED)
    assert not isinstance(lived.tries(c.ProposeEarlyEnd(MENTEE)), Rejection)


def test_two_proposals_are_an_agreement() -> None:
    """Whoever proposes the same says yes."""
    lived = after_sessions(3).after(c.ProposeEarlyEnd(MENTOR), c.ProposeEarlyEnd(MENTEE))
    assert lived.state.end_reached


def test_nobody_agrees_with_oneself() -> None:
    """A second click of the proposer is no second voice."""
    lived = after_sessions(3).after(c.ProposeEarlyEnd(MENTOR))
    assert lived.tries(c.AgreeEarlyEnd(MENTOR)) == Rejection(Refusal.NOTHING_PROPOSED)
    assert lived.tries(c.ProposeEarlyEnd(MENTOR)) == Rejection(Refusal.ALREADY_ANSWERED)


def test_a_proposal_outlives_the_notice_of_the_end_but_not_the_end() -> None:
    """In closing it can still be agreed to; after the last day there is nothing to end."""
    lived = after_sessions(5)
    lived.after(lived.state.ends_at - 16 * DAY)
    lived.after(c.ProposeEarlyEnd(MENTEE)).until(lambda state: state.phase is e.Phase.CLOSING)
    assert lived.state.ask(e.Subject.EARLY_END, Party.MENTOR)
    lived.after(c.AgreeEarlyEnd(MENTOR))
    assert lived.state.end_reached
    assert at_the_end().tries(c.ProposeEarlyEnd(MENTOR)) == Rejection(Refusal.END_REACHED)
