"""Act two: both sign the same version of the ground rules, and may amend them later.

An amendment changes nothing until both have signed it: the version in force goes on, and so do the sessions.
"""

from datetime import datetime

from mentoring_lifecycle.domain.asking import ask, ask_both, ask_for_decision
from mentoring_lifecycle.domain.commands import ProposeRules, SignRules
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import (
    MEETING,
    AmendmentProposed,
    AskLapsed,
    DecisionTopic,
    Phase,
    PhaseEntered,
    RulesAmended,
    RulesProposed,
    RulesSigned,
    Subject,
)
from mentoring_lifecycle.domain.ground_rules import AGREEABLE, GROUND_RULES
from mentoring_lifecycle.domain.people import PAIR, Party, partner_of
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import Relationship
from mentoring_lifecycle.domain.wording import TITLE_LIMIT, text_problem


def propose_rules(draft: Draft, command: ProposeRules, by: Party, now: datetime) -> Rejection | None:
    """A new version, and who proposes signs by it. Earlier signatures no longer count; of rules in force they do."""
    state = draft.state
    amends = state.phase is not Phase.GROUND_RULES
    if amends and state.end_reached:
        return Rejection(Refusal.END_REACHED)
    if amends and len(state.signed) < len(PAIR):
        return _not_now(state)
    if len(command.values) > len(GROUND_RULES):
        return Rejection(Refusal.TOO_MANY, str(len(GROUND_RULES)))
    if problem := next((found for rule, value in command.values if (found := _value_problem(rule, value))), None):
        return problem
    proposed = dict(state.rules_values) | dict(command.values)
    values = tuple((rule, proposed[rule]) for rule in AGREEABLE)
    version = max(state.rules_version, state.last_version) + 1
    if amends:
        draft.add(AmendmentProposed(now, by, version, values))
    else:
        draft.add(RulesProposed(now, version, values, by))
        draft.add(RulesSigned(now, by, version))
    ask(draft, now, Subject.RULES, partner_of(by), state.policy.amendment if amends else state.policy.rules, version)
    return None


def may_be_proposed(state: Relationship) -> bool:
    """Whether one of the pair could propose a new version now."""
    if state.phase is Phase.GROUND_RULES:
        return True
    meets = state.phase in MEETING and not (state.end_reached or state.rematching)
    return meets and len(state.signed) == len(PAIR)


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
    """Sign the newest version; with both signatures the next act begins, or the amendment is in force."""
    state = draft.state
    if state.phase is not Phase.GROUND_RULES:
        return _sign_amendment(draft, command, by, now)
    if by in state.signed:
        return Rejection(Refusal.ALREADY_SIGNED, str(state.rules_version))
    if command.version != state.rules_version:
        return Rejection(Refusal.VERSION_MOVED_ON, str(state.rules_version))
    draft.add(RulesSigned(now, by, command.version))
    if len(draft.state.signed) == len(PAIR):
        open_goals(draft, now)
    return None


def _sign_amendment(draft: Draft, command: SignRules, by: Party, now: datetime) -> Rejection | None:
    state, amendment = draft.state, draft.state.amendment
    if amendment is None:
        is_signed = by in state.signed
        return Rejection(Refusal.ALREADY_SIGNED, str(state.rules_version)) if is_signed else _not_now(state)
    if command.version != amendment.version:
        return Rejection(Refusal.VERSION_MOVED_ON, str(amendment.version))
    if by is amendment.by:
        return Rejection(Refusal.ALREADY_SIGNED, str(amendment.version))
    draft.add(RulesAmended(now, by, amendment.version))
    return None


def _not_now(state: Relationship) -> Rejection:
    return Rejection(Refusal.WRONG_PHASE, state.phase)


def open_goals(draft: Draft, now: datetime) -> None:
    """The next act begins: either may propose."""
    draft.add(PhaseEntered(now, Phase.GOALS))
    ask_both(draft, now, Subject.GOALS, draft.state.policy.goals)


def lapse(draft: Draft, lapsed: AskLapsed, now: datetime) -> None:
    """The coordinator decides; a signature that comes meanwhile still counts. An amendment simply lapses."""
    if draft.state.phase is not Phase.GROUND_RULES:
        return
    ask_for_decision(draft, now, DecisionTopic.RULES_UNSIGNED)
