"""One pairing ends in favour of another: people are never exchanged within a relationship.

The goals of one go along only if their owner says so; nothing else does.
"""

from datetime import datetime

from mentoring_lifecycle.domain.asking import ask
from mentoring_lifecycle.domain.commands import CarryGoals, EndForRematch
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.ending import cancel_planned, end
from mentoring_lifecycle.domain.events import (
    AskLapsed,
    CancelReason,
    GoalsCarried,
    RelationshipOutcome,
    RematchDecided,
    Subject,
)
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.policy import Ladder
from mentoring_lifecycle.domain.rejections import Refusal, Rejection


def end_for_rematch(draft: Draft, command: EndForRematch, by: Party, now: datetime) -> Rejection | None:
    """End it; who may be asked is asked first whether their goals may go with them."""
    state = draft.state
    if state.end_reached:
        return Rejection(Refusal.END_REACHED)
    staying = tuple(party for party in PAIR if party in command.staying)
    if not staying or len(staying) != len(command.staying):
        return Rejection(Refusal.PERSON_NOT_PART)
    answered = [party for party, _ in state.carry]
    wanted = [party for party in PAIR if party not in answered]
    asked = bool(state.agreed_goals and wanted) and not (state.held or state.leaving)
    draft.add(RematchDecided(now, by, staying, asked))
    if not asked:
        end(draft, now, RelationshipOutcome.REMATCHED)
        return None
    cancel_planned(draft, now, CancelReason.ENDED)
    for party in wanted:
        ask(draft, now, Subject.CARRY_GOALS, party, Ladder((), state.policy.rematch_consent_days))
    return None


def carry_goals(draft: Draft, command: CarryGoals, by: Party, now: datetime) -> Rejection | None:
    """Say whether one's goals may go along, at any time before the close; the last word counts."""
    if not draft.state.agreed_goals:
        return Rejection(Refusal.NOTHING_ASKED)
    draft.add(GoalsCarried(now, by, command.yes))
    _end_when_answered(draft, now)
    return None


def lapse(draft: Draft, lapsed: AskLapsed, now: datetime) -> None:
    """Silence is no consent: the goals stay here."""
    _end_when_answered(draft, now)


def _end_when_answered(draft: Draft, now: datetime) -> None:
    state = draft.state
    if state.rematching and not any(state.ask(Subject.CARRY_GOALS, party) for party in PAIR):
        end(draft, now, RelationshipOutcome.REMATCHED)
