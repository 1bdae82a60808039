"""Act two: both sign the same version of the ground rules."""

from datetime import datetime

from mentoring_lifecycle.domain.asking import ask, ask_both, ask_for_decision
from mentoring_lifecycle.domain.commands import ProposeRules, SignRules
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import (
    AskLapsed,
    DecisionTopic,
    Phase,
    PhaseEntered,
    RulesProposed,
    RulesSigned,
    Subject,
)
from mentoring_lifecycle.domain.ground_rules import AGREEABLE, GROUND_RULES
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.wording import TITLE_LIMIT, text_problem


def propose_rules(draft: Draft, command: ProposeRules, by: Party, now: datetime) -> Rejection | None:
    """A new version: earlier signatures no longer count, and who proposes signs by it."""
    state = draft.state
    if len(command.values) > len(GROUND_RULES):
        return Rejection(Refusal.TOO_MANY, str(len(GROUND_RULES)))
    if problem := next((found for rule, value in command.values if (found := _value_problem(rule, value))), None):
        return problem
    values = dict(state.rules_values) | dict(command.values)
    version = state.rules_version + 1
    draft.add(RulesProposed(now, version, tuple((rule, values[rule]) for rule in AGREEABLE), by))
    draft.add(RulesSigned(now, by, version))
    other = next(party for party in PAIR if party is not by)
    ask(draft, now, Subject.RULES, other, state.policy.rules, version)
    return None


def _value_problem(rule: str, value: str) -> Rejection | None:
    if rule not in {each.id for each in GROUND_RULES}:
        return Rejection(Refusal.UNKNOWN_RULE, rule if len(rule) <= len("R01") and rule.isascii() else "?")
    if rule not in AGREEABLE:
        return Rejection(Refusal.RULE_IS_FIXED, rule)
    allowed = AGREEABLE[rule].allowed
    if allowed and value not in allowed:
        return Rejection(Refusal.VALUE_NOT_OFFERED, rule)
    return text_problem(value, TITLE_LIMIT, rule, one_line=True)


def sign_rules(draft: Draft, command: SignRules, by: Party, now: datetime) -> Rejection | None:
    """Sign the newest version; with both signatures the next act begins."""
    state = draft.state
    if by in state.signed:
        return Rejection(Refusal.ALREADY_SIGNED, str(state.rules_version))
    if command.version != state.rules_version:
        return Rejection(Refusal.VERSION_MOVED_ON, str(state.rules_version))
    draft.add(RulesSigned(now, by, command.version))
    if len(draft.state.signed) == len(PAIR):
        open_goals(draft, now)
    return None


def open_goals(draft: Draft, now: datetime) -> None:
    """The next act begins: either may propose."""
    draft.add(PhaseEntered(now, Phase.GOALS))
    ask_both(draft, now, Subject.GOALS, draft.state.policy.goals)


def lapse(draft: Draft, lapsed: AskLapsed, now: datetime) -> None:
    """The coordinator decides; a signature that comes meanwhile still counts."""
    ask_for_decision(draft, now, DecisionTopic.RULES_UNSIGNED)
