"""Going on beyond the planned end: both wish for it while the end is announced, or nothing happens.

A wish that the other does not share stays with whoever had it.
"""

from datetime import datetime, timedelta

from mentoring_lifecycle.domain.commands import WishExtension
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import ExtensionAgreed, ExtensionWished, Phase, PhaseEntered
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import Relationship


def may_be_extended(state: Relationship) -> bool:
    """Something to extend, and not too often."""
    ends_otherwise = state.ended_by_programme or state.ended_early or state.end_reached
    return state.goals_agreed and not ends_otherwise and state.extensions < state.policy.extensions.most


def wish_extension(draft: Draft, command: WishExtension, by: Party, now: datetime) -> Rejection | None:
    """Wish for some more weeks; a later wish replaces an earlier one."""
    state = draft.state
    if state.end_reached:
        return Rejection(Refusal.END_REACHED)
    if not may_be_extended(state):
        return Rejection(Refusal.NO_MORE_EXTENSIONS)
    most = state.policy.extensions.most_weeks
    if not 1 <= command.weeks <= most:
        return Rejection(Refusal.EXTENSION_OUT_OF_RANGE, str(most))
    draft.add(ExtensionWished(now, by, command.weeks))
    if len(draft.state.wishes) == len(PAIR):
        _extend(draft, now)
    return None


def _extend(draft: Draft, now: datetime) -> None:
    """The one way back from closing, and only by the word of both; docs/adr tells why it is a phase that goes back."""
    state = draft.state
    weeks = min(wished for _, wished in state.wishes)
    sessions = max(1, weeks // state.cadence_weeks)
    draft.add(ExtensionAgreed(now, weeks, state.ends_at + timedelta(weeks=weeks), sessions))
    draft.add(PhaseEntered(now, Phase.ACTIVE))
