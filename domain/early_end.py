"""Ending early with honour: the goals are reached before the date, and both say so."""

from datetime import datetime

from mentoring_lifecycle.domain.asking import ask
from mentoring_lifecycle.domain.close_out import missing_for_completion, reach_the_end
from mentoring_lifecycle.domain.commands import AgreeEarlyEnd, ProposeEarlyEnd
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import (
    AskLapsed,
    EarlyEndAgreed,
    EarlyEndProposed,
    Phase,
    PhaseEntered,
    Subject,
)
from mentoring_lifecycle.domain.people import Party, partner_of
from mentoring_lifecycle.domain.rejections import Refusal, Rejection


def propose_early_end(draft: Draft, command: ProposeEarlyEnd, by: Party, now: datetime) -> Rejection | None:
    """Propose it to the partner; where the partner has proposed the same, that is a yes."""
    state = draft.state
    if state.end_reached:
        return Rejection(Refusal.END_REACHED)
    if state.early_end_by is by:
        return Rejection(Refusal.ALREADY_ANSWERED)
    if missing := missing_for_completion(state):
        return Rejection(Refusal.NOT_EARNED_YET, str(missing))
    if state.early_end_by:
        _end_now(draft, by, now)
        return None
    draft.add(EarlyEndProposed(now, by))
    ask(draft, now, Subject.EARLY_END, partner_of(by), state.policy.early_end)
    return None


def agree_early_end(draft: Draft, command: AgreeEarlyEnd, by: Party, now: datetime) -> Rejection | None:
    """Today is the last day."""
    if draft.state.early_end_by is not partner_of(by):
        return Rejection(Refusal.NOTHING_PROPOSED)
    _end_now(draft, by, now)
    return None


def _end_now(draft: Draft, by: Party, now: datetime) -> None:
    draft.add(EarlyEndAgreed(now, by))
    if draft.state.phase is not Phase.CLOSING:
        draft.add(PhaseEntered(now, Phase.CLOSING))
    reach_the_end(draft, now)


def lapse(draft: Draft, lapsed: AskLapsed, now: datetime) -> None:
    """Nothing changes and nobody is told; whoever proposed it may do so again."""
