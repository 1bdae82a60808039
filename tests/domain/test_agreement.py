"""Act two: both sign the same version, or no session ever takes place."""

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.ground_rules import AGREEABLE, DEFAULT_VALUES, GROUND_RULES, RuleKind
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from tests.builders import BACKUP, COORDINATOR, DAY, MENTEE, MENTOR, ONBOARDED, SIGNED, life

NOTICE = (("R12", "48"),)


def test_two_signatures_of_one_version_open_the_goals() -> None:
    """With the second signature both are asked for goals."""
    lived = life().after(*SIGNED)
    assert lived.state.phase is e.Phase.GOALS
    assert lived.state.signed == PAIR
    assert [letter.party for letter in lived.letters(LetterKind.GOALS_TO_SET)] == list(PAIR)


def test_one_signature_is_not_enough() -> None:
    """Who has signed is no longer asked; who has not still is."""
    lived = life().after(*ONBOARDED, c.SignRules(MENTOR, 1))
    assert lived.state.phase is e.Phase.GROUND_RULES
    assert [(ask.subject, ask.of) for ask in lived.state.asks] == [(e.Subject.RULES, Party.MENTEE)]


def test_a_proposal_voids_earlier_signatures_and_signs_for_its_author() -> None:
    """A new version needs both again; whoever proposed it has signed it, the other is asked with the new values."""
    lived = life().after(*ONBOARDED, c.SignRules(MENTOR, 1), c.ProposeRules(MENTEE, NOTICE))
    assert (lived.state.rules_version, lived.state.signed) == (2, (Party.MENTEE,))
    letter = lived.letters(LetterKind.RULES_TO_SIGN)[-1]
    assert (letter.party, letter.facts.version, letter.facts.occurrence) == (Party.MENTOR, 2, "rules-2")
    assert dict(letter.facts.rules)["R12"] == "48"
    assert lived.after(c.SignRules(MENTOR, 2)).state.phase is e.Phase.GOALS


def test_a_proposal_keeps_the_values_it_does_not_name() -> None:
    """Version after version, every agreeable rule has exactly one value."""
    lived = life().after(
        *ONBOARDED, c.ProposeRules(MENTEE, NOTICE), c.ProposeRules(MENTOR, (("R14", "ask_each_time"),))
    )
    assert dict(lived.state.rules_values) == dict(DEFAULT_VALUES) | {"R12": "48", "R14": "ask_each_time"}
    assert [rule for rule, _ in lived.state.rules_values] == list(AGREEABLE)


def test_topics_are_in_the_words_of_the_pair() -> None:
    """The one rule without choices takes any short text."""
    lived = life().after(*ONBOARDED, c.ProposeRules(MENTEE, (("R16", "New tools; no gossip"),)))
    assert dict(lived.state.rules_values)["R16"] == "New tools; no gossip"


def test_unsigned_rules_become_a_decision_about_whoever_is_waited_for() -> None:
    """After the whole ladder the coordinator is asked once, and sees who has not signed."""
    lived = life().after(*ONBOARDED, c.SignRules(MENTOR, 1), 21 * DAY)
    (letter,) = lived.letters(LetterKind.DECISION_WANTED)
    assert (letter.party, letter.facts.topic, letter.facts.concerned) == (Party.COORDINATOR, "rules_unsigned", MENTEE)


def test_both_unsigned_are_one_decision() -> None:
    """Two questions that lapse together do not ask the coordinator twice."""
    lived = life().after(*ONBOARDED, 21 * DAY)
    assert len(lived.happened(e.AskLapsed)) == len(PAIR)
    assert len(lived.letters(LetterKind.DECISION_WANTED)) == 1


def test_a_late_signature_still_counts() -> None:
    """What comes while the coordinator is being asked goes on, and withdraws the question."""
    lived = life().after(*ONBOARDED, c.SignRules(MENTOR, 1), 22 * DAY, c.SignRules(MENTEE, 1))
    assert lived.state.phase is e.Phase.GOALS
    assert lived.state.ask(e.Subject.DECISION, Party.COORDINATOR) is None


def test_more_time_asks_again_whoever_has_not_signed() -> None:
    """A fresh ladder for the missing signature; the given one stays."""
    lived = life().after(*ONBOARDED, c.SignRules(MENTOR, 1), 22 * DAY, c.Decide(BACKUP, c.Choice.MORE_TIME))
    assert [(ask.subject, ask.of, ask.number) for ask in lived.state.asks] == [(e.Subject.RULES, Party.MENTEE, 1)]
    assert len(lived.letters(LetterKind.RULES_TO_SIGN, Party.MENTEE)) == 2


def test_the_team_may_end_it() -> None:
    """The decision to end needs no open question."""
    lived = life().after(*ONBOARDED, c.Decide(COORDINATOR, c.Choice.END))
    assert lived.state.outcome is e.RelationshipOutcome.ENDED_BY_PROGRAMME
    assert [letter.party for letter in lived.letters(LetterKind.RELATIONSHIP_ENDED)] == list(PAIR)


def test_an_unanswered_decision_ends_as_expired() -> None:
    """Rules that nobody signs and nobody decides about end under their own name, without a session."""
    lived = life().after(*ONBOARDED)
    lived.lives_on()
    assert lived.state.outcome is e.RelationshipOutcome.EXPIRED
    assert lived.happened(e.SessionPlanned) == []


def test_the_catalogue_of_rules_is_whole() -> None:
    """Eighteen rules in order; those a pair agrees on have a default among their choices, the others none."""
    assert [rule.id for rule in GROUND_RULES] == [f"R{number:02d}" for number in range(1, 19)]
    for rule in GROUND_RULES:
        if rule.kind is RuleKind.MUST:
            assert (rule.default, rule.allowed) == ("", ())
        else:
            assert rule.default
            assert not rule.allowed or rule.default in rule.allowed


def test_rules_that_protect_cannot_be_agreed_away() -> None:
    """Leaving, confidentiality, safety and speaking up are among the rules that no pair can change."""
    assert {"R01", "R02", "R03", "R04", "R07", "R08", "R18"}.isdisjoint(AGREEABLE)
