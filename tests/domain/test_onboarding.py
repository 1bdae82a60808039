"""Act one: nobody is in by silence, and a private answer stays private."""

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from tests.builders import COORDINATOR, DAY, MENTEE, MENTOR, ONBOARDED, accepts, life

NOT_YES = pytest.mark.parametrize("comfort", [c.Comfort.UNSURE, c.Comfort.NO])


def test_opening_invites_both() -> None:
    """Each of the two gets one invitation, and each says which way the mentoring goes."""
    begun = life()
    assert [letter.party for letter in begun.letters(LetterKind.INVITATION)] == list(PAIR)
    assert {letter.facts.topic for letter in begun.letters()} == {"reverse"}
    assert {letter.facts.topic for letter in life(reverse=False).letters()} == {"traditional"}


def test_acceptance_of_both_brings_the_guide_to_whoever_has_not_read_it() -> None:
    """The guide waits until both have accepted, and is not sent to somebody who has read it already."""
    lived = life().after(accepts(MENTOR))
    assert lived.letters(LetterKind.INDUCTION) == []
    lived.after(c.AnswerInvitation(MENTEE, accept=True))
    assert [letter.party for letter in lived.letters(LetterKind.INDUCTION)] == [Party.MENTEE]


def test_two_comfortable_answers_bring_the_ground_rules() -> None:
    """With the second private yes the next act begins, with the programme's own version put to both."""
    lived = life().after(*ONBOARDED)
    assert lived.state.phase is e.Phase.GROUND_RULES
    assert lived.state.rules_version == 1
    assert [letter.party for letter in lived.letters(LetterKind.RULES_TO_SIGN)] == list(PAIR)


def test_the_answers_may_come_in_either_order_and_apart() -> None:
    """Whoever is first, and on one form or two, the act ends the same."""
    lived = life().after(
        c.AnswerInvitation(MENTEE, accept=True),
        DAY,
        accepts(MENTOR),
        DAY,
        c.CompleteInduction(MENTEE, c.Comfort.YES),
    )
    assert lived.state.phase is e.Phase.GROUND_RULES


def test_a_comfort_answer_without_the_guide_does_not_count() -> None:
    """Who has not acknowledged the guide is asked for it."""
    answer = c.AnswerInvitation(MENTOR, accept=True, induction_acknowledged=False, comfort=c.Comfort.YES)
    lived = life().after(answer, accepts(MENTEE))
    assert lived.state.phase is e.Phase.ONBOARDING
    assert [letter.party for letter in lived.letters(LetterKind.INDUCTION)] == [Party.MENTOR]


def test_declining_ends_it_for_both() -> None:
    """One no closes the relationship at once, under its own name, with a letter to both."""
    lived = life().after(accepts(MENTOR), c.AnswerInvitation(MENTEE, accept=False))
    assert lived.state.outcome is e.RelationshipOutcome.DECLINED
    assert [letter.party for letter in lived.letters(LetterKind.NOT_STARTED)] == list(PAIR)


@pytest.mark.parametrize("past", [(), (accepts(MENTOR),), (c.AnswerInvitation(MENTEE, accept=True), accepts(MENTOR))])
def test_silence_is_never_consent(past: tuple[c.Command, ...]) -> None:
    """An invitation or a guide that nobody answers ends as expired, and no rules are ever presented."""
    lived = life().after(*past)
    lived.lives_on()
    assert lived.state.outcome is e.RelationshipOutcome.EXPIRED
    assert lived.happened(e.RulesProposed) == []


@NOT_YES
def test_an_uneasy_answer_brings_a_talk_and_stays_private(comfort: c.Comfort) -> None:
    """The coordinator learns who would like to talk; the partner learns only that more time is needed."""
    lived = life().after(accepts(MENTOR), accepts(MENTEE, comfort))
    (talk,) = lived.letters(LetterKind.COMFORT_TALK)
    (wait,) = lived.letters(LetterKind.NEEDS_TIME)
    assert (talk.party, talk.facts.concerned) == (Party.COORDINATOR, MENTEE)
    assert (wait.party, wait.facts.concerned, wait.facts.topic) == (Party.MENTOR, "", "")
    assert lived.state.phase is e.Phase.ONBOARDING


@NOT_YES
def test_an_uneasy_answer_may_turn_into_a_yes(comfort: c.Comfort) -> None:
    """After a talk the person may say yes, and the relationship goes on."""
    lived = life().after(accepts(MENTOR), accepts(MENTEE, comfort), DAY, c.CompleteInduction(MENTEE, c.Comfort.YES))
    assert lived.state.phase is e.Phase.GROUND_RULES
    assert lived.state.asks == tuple(ask for ask in lived.state.asks if ask.subject is e.Subject.RULES)


def test_more_time_asks_the_uneasy_one_again_and_nobody_else() -> None:
    """The coordinator's patience gives a fresh ladder to the one who needs it."""
    lived = life().after(accepts(MENTOR), accepts(MENTEE, c.Comfort.UNSURE))
    lived.after(DAY, c.Decide(COORDINATOR, c.Choice.MORE_TIME))
    assert [(ask.subject, ask.of) for ask in lived.state.asks] == [(e.Subject.INDUCTION, Party.MENTEE)]
    lived.after(c.CompleteInduction(MENTEE, c.Comfort.YES))
    assert lived.state.phase is e.Phase.GROUND_RULES


def test_a_talk_that_nobody_has_ends_as_expired() -> None:
    """Where the coordinator never decides, time does."""
    lived = life().after(accepts(MENTOR), accepts(MENTEE, c.Comfort.UNSURE))
    lived.lives_on()
    assert lived.state.outcome is e.RelationshipOutcome.EXPIRED
    assert [letter.facts.concerned for letter in lived.letters(LetterKind.DECISION_WANTED)] == [MENTEE]
