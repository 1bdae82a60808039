"""A look half-way, after as many sessions as the pair agreed to (R17): goals, comfort asked again, do the rules fit?

It comes with the answer about that session, or by itself until the end. What it brings stays with the one who gives
it and, where somebody is not at ease, the coordinator; sessions go on, and the partner is told nothing.
"""

from datetime import datetime

from mentoring_lifecycle.domain.asking import ask_for_decision
from mentoring_lifecycle.domain.commands import Comfort, GiveReview, Review
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import DecisionTopic, ReviewGiven
from mentoring_lifecycle.domain.goal_setting import rating_problem
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection


def give_review(draft: Draft, command: GiveReview, by: Party, now: datetime) -> Rejection | None:
    """Once, from the session on that asks for it."""
    if not draft.state.review_session:
        return Rejection(Refusal.REVIEW_NOT_DUE)
    return take_review(draft, command.review, by, now)


def take_review(draft: Draft, review: Review, by: Party, now: datetime) -> Rejection | None:
    """Take note; whoever is not at ease gets a talk with the coordinator, of which the partner learns nothing."""
    if by in draft.state.reviewed:
        return Rejection(Refusal.ALREADY_ANSWERED)
    goals = len(draft.state.agreed_goals)
    if len(review.ratings) != goals:
        return Rejection(Refusal.RATE_EVERY_GOAL, str(goals))
    if problem := rating_problem(review.ratings):
        return problem
    draft.add(ReviewGiven(now, by, review.ratings, review.comfort, review.rules_fit))
    if review.comfort is not Comfort.YES:
        ask_for_decision(draft, now, DecisionTopic.COMFORT_AT_REVIEW, by)
    return None
