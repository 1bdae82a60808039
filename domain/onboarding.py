"""Act one: both accept, read the guide, and say privately whether they are comfortable."""

from datetime import datetime

from mentoring_lifecycle.domain.asking import ask, ask_both, ask_for_decision
from mentoring_lifecycle.domain.commands import AnswerInvitation, Comfort, CompleteInduction
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.ending import end
from mentoring_lifecycle.domain.events import (
    AskLapsed,
    DecisionTopic,
    InductionCompleted,
    InvitationAccepted,
    InvitationDeclined,
    Phase,
    PhaseEntered,
    RelationshipOutcome,
    RulesProposed,
    Subject,
)
from mentoring_lifecycle.domain.ground_rules import DEFAULT_VALUES
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection


def invite(draft: Draft, now: datetime) -> None:
    """Both are asked; nobody is in by silence."""
    ask_both(draft, now, Subject.INVITATION, draft.state.policy.invitation)


def answer_invitation(draft: Draft, command: AnswerInvitation, by: Party, now: datetime) -> Rejection | None:
    """Accept or decline, once."""
    if by in draft.state.accepted:
        return Rejection(Refusal.ALREADY_ANSWERED)
    if not command.accept:
        draft.add(InvitationDeclined(now, by))
        end(draft, now, RelationshipOutcome.DECLINED)
        return None
    draft.add(InvitationAccepted(now, by))
    if command.induction_acknowledged and command.comfort:
        draft.add(InductionCompleted(now, by, command.comfort))
    _go_on(draft, now)
    return None


def complete_induction(draft: Draft, command: CompleteInduction, by: Party, now: datetime) -> Rejection | None:
    """Acknowledge the guide and answer privately; an unsure answer may turn into a yes later, never back."""
    if by not in draft.state.accepted:
        return Rejection(Refusal.NOT_ACCEPTED_YET)
    if (by, Comfort.YES) in draft.state.comfort:
        return Rejection(Refusal.ALREADY_ANSWERED)
    draft.add(InductionCompleted(now, by, command.comfort))
    _go_on(draft, now)
    return None


def _go_on(draft: Draft, now: datetime) -> None:
    state = draft.state
    if len(state.accepted) < len(PAIR):
        return
    _induct_the_rest(draft, now)
    for party, answer in state.comfort:
        if answer is not Comfort.YES:
            ask_for_decision(draft, now, DecisionTopic.COMFORT, party)
    if [answer for _, answer in state.comfort] == [Comfort.YES] * len(PAIR):
        present_rules(draft, now)


def _induct_the_rest(draft: Draft, now: datetime) -> None:
    answered = {party for party, _ in draft.state.comfort}
    for party in PAIR:
        if party not in answered and not draft.state.ask(Subject.INDUCTION, party):
            ask(draft, now, Subject.INDUCTION, party, draft.state.policy.induction)


def present_rules(draft: Draft, now: datetime) -> None:
    """The next act begins: the programme's own first version is put to both."""
    draft.add(PhaseEntered(now, Phase.GROUND_RULES))
    draft.add(RulesProposed(now, 1, DEFAULT_VALUES))
    ask_both(draft, now, Subject.RULES, draft.state.policy.rules, 1)


def lapse(draft: Draft, lapsed: AskLapsed, now: datetime) -> None:
    """Silence is never consent: it ends under its own name."""
    end(draft, now, RelationshipOutcome.EXPIRED)
