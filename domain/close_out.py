"""Act six: the end comes by itself, is announced, looks back, and leaves nothing behind."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mentoring_lifecycle.domain.asking import ask_both
from mentoring_lifecycle.domain.attendance import end_session, settle_as_it_stands
from mentoring_lifecycle.domain.commands import GiveFinalFeedback
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.ending import cancel_planned, end
from mentoring_lifecycle.domain.events import (
    AskLapsed,
    CancelReason,
    ClosingBegun,
    EndReached,
    FinalFeedbackGiven,
    Phase,
    PhaseEntered,
    RelationshipOutcome,
    Subject,
)
from mentoring_lifecycle.domain.goal_setting import rating_problem
from mentoring_lifecycle.domain.hours import Coming, Hour
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import Relationship


def hours(state: Relationship) -> Iterator[Hour]:
    """Notice, then the last day. Neither depends on anybody remembering anything."""
    if not state.moves or state.end_reached or state.rematching:
        return
    if state.phase is Phase.CLOSING:
        yield Hour(state.ends_at, Coming.END, reach_the_end)
    elif state.phase is not Phase.ONBOARDING:
        yield Hour(state.ends_at - timedelta(days=state.policy.closing_notice_days), Coming.CLOSING, _begin_closing)


def _begin_closing(draft: Draft, now: datetime) -> None:
    draft.add(ClosingBegun(now))
    draft.add(PhaseEntered(now, Phase.CLOSING))


def reach_the_end(draft: Draft, now: datetime) -> None:
    """The last day: nothing planned stays, and both are asked to look back."""
    for session in draft.state.sessions:
        if session.lies_ahead and session.ends_at <= now:
            end_session(draft, session.number, now)
    cancel_planned(draft, now, CancelReason.ENDED)
    draft.add(EndReached(now))
    ask_both(draft, now, Subject.FINAL_FEEDBACK, draft.state.policy.final_feedback)


def give_final_feedback(draft: Draft, command: GiveFinalFeedback, by: Party, now: datetime) -> Rejection | None:
    """Rate each goal, answer the private survey; the second answer closes the relationship."""
    state = draft.state
    if not state.end_reached:
        return Rejection(Refusal.WRONG_PHASE, state.phase)
    if by in state.feedback:
        return Rejection(Refusal.ALREADY_ANSWERED)
    if len(command.ratings) != len(state.agreed_goals):
        return Rejection(Refusal.RATE_EVERY_GOAL, str(len(state.agreed_goals)))
    if problem := rating_problem((*command.ratings, command.would_repeat, command.felt_safe)):
        return problem
    draft.add(
        FinalFeedbackGiven(now, by, command.ratings, command.would_repeat, command.felt_safe, command.keep_in_touch)
    )
    _finish_when_all_have_answered(draft, now)
    return None


def lapse(draft: Draft, lapsed: AskLapsed, now: datetime) -> None:
    """Who stays silent to the last does not keep the other waiting."""
    _finish_when_all_have_answered(draft, now)


def _finish_when_all_have_answered(draft: Draft, now: datetime) -> None:
    if any(draft.state.ask(Subject.FINAL_FEEDBACK, party) for party in PAIR):
        return
    for session in draft.state.sessions:
        settle_as_it_stands(draft, session, now)
    end(draft, now, earned_outcome(draft.state))


def earned_outcome(state: Relationship) -> RelationshipOutcome:
    """Completed is earned by sessions that took place, not by a date that passed, nor by one that came early."""
    if not missing_for_completion(state):
        return RelationshipOutcome.COMPLETED_EARLY if state.ended_early else RelationshipOutcome.COMPLETED
    return RelationshipOutcome.ENDED_BY_PROGRAMME if state.ended_by_programme else RelationshipOutcome.INACTIVE


def missing_for_completion(state: Relationship) -> int:
    """How many sessions held are missing; one that only one of the two confirmed counts half."""
    halves = 2 * state.sessions_held + state.sessions_unconfirmed
    missing = 2 * state.policy.sessions.needed_for_completion - halves
    return max(0, -(-missing // 2))
