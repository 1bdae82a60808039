"""The eighteen ground rules as data: `must` rules stand for everybody, `agree` rules carry a value of the pair.

The words of each rule, in every language, live with the letters under the same id.
"""

from dataclasses import dataclass
from enum import StrEnum


class RuleKind(StrEnum):
    """Whether a pair may change a rule."""

    MUST = "must"
    AGREE = "agree"


@dataclass(frozen=True, slots=True)
class GroundRule:
    """One rule; `allowed` and `default` only for those the pair agrees on."""

    id: str
    kind: RuleKind
    default: str = ""
    allowed: tuple[str, ...] = ()
    """The values to choose from; empty with kind AGREE: any short text."""


def _must(rule: str) -> GroundRule:
    return GroundRule(rule, RuleKind.MUST)


def _agree(rule: str, default: str, *others: str) -> GroundRule:
    return GroundRule(rule, RuleKind.AGREE, default, (default, *others))


GROUND_RULES: tuple[GroundRule, ...] = (
    _must("R01"),  # joining and staying are voluntary
    _must("R02"),  # either may stop at any time, without a reason
    _must("R03"),  # what is said stays between us
    _must("R04"),  # limits of confidentiality
    _must("R05"),  # rank is left outside; the junior leads the agenda
    _must("R06"),  # no role in each other's appraisal
    _must("R07"),  # no gifts, money, favours, approaches
    _must("R08"),  # no insults, threats, mockery
    _must("R09"),  # "pass" is always allowed
    _agree("R10", "video", "neutral_place", "alternating"),
    _agree("R11", "senior_books", "junior_books"),
    _agree("R12", "24", "48", "72"),  # hours of notice for a change
    _agree("R13", "2", "1", "3", "5"),  # working days to reply
    _agree("R14", "no", "ask_each_time"),  # recording
    _agree("R15", "name_pause_return", "written_first"),  # how we disagree
    GroundRule("R16", RuleKind.AGREE, "agreed_with_goals"),  # topics in and out, in the pair's words
    _agree("R17", "3", "2", "4"),  # review after so many sessions
    _must("R18"),  # speaking up in good faith never has consequences
)

AGREEABLE: dict[str, GroundRule] = {rule.id: rule for rule in GROUND_RULES if rule.kind is RuleKind.AGREE}


def number_agreed(values: tuple[tuple[str, str], ...], rule: str) -> int:
    """What the pair agreed on in a rule whose values are numbers, else its default."""
    return int(dict(values).get(rule) or AGREEABLE[rule].default)


DEFAULT_VALUES: tuple[tuple[str, str], ...] = tuple((rule.id, rule.default) for rule in AGREEABLE.values())
"""The first version that every pair is asked to sign."""
