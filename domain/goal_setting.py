"""Act three: one to three goals, at least one for each side, a rhythm, and how success is seen."""

from datetime import datetime

from mentoring_lifecycle.domain.asking import ask, ask_for_decision
from mentoring_lifecycle.domain.commands import AgreeGoals, Goal, GoalOwner, ProposeGoals
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import (
    AskLapsed,
    DecisionTopic,
    GoalsAgreed,
    GoalsProposed,
    Phase,
    PhaseEntered,
    Subject,
)
from mentoring_lifecycle.domain.people import Party, partner_of
from mentoring_lifecycle.domain.policy import RANGES
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.wording import TITLE_LIMIT, first_problem, text_problem

MOST_GOALS = 3
MOST_TOPICS = 10
CRITERION_LIMIT = 1_000


def propose_goals(draft: Draft, command: ProposeGoals, by: Party, now: datetime) -> Rejection | None:
    """Put goals, topics and rhythm to the partner; a newer proposal replaces an older one."""
    if problem := _problem_of(command):
        return problem
    number = draft.state.proposal + 1
    baselines = tuple(goal.baseline for goal in command.goals)
    targets = tuple(goal.target for goal in command.goals)
    draft.add(GoalsProposed(now, by, number, command.goals, command.topics, command.every_weeks, baselines, targets))
    ask(draft, now, Subject.GOALS, partner_of(by), draft.state.policy.goals, number)
    return None


def _problem_of(command: ProposeGoals) -> Rejection | None:
    if not 1 <= len(command.goals) <= MOST_GOALS:
        return Rejection(Refusal.GOALS_ONE_TO_THREE)
    owners = {goal.owner for goal in command.goals}
    if GoalOwner.PAIR not in owners and len(owners) < len((GoalOwner.MENTOR, GoalOwner.MENTEE)):
        return Rejection(Refusal.GOAL_FOR_EACH_SIDE)
    least, most = RANGES["sessions.every_weeks"]
    if command.every_weeks and not least <= command.every_weeks <= most:
        return Rejection(Refusal.CADENCE_OUT_OF_RANGE)
    problem = next((found for goal in command.goals if (found := _goal_problem(goal))), None)
    return problem or first_problem(command.topics, TITLE_LIMIT, "topics", at_most=MOST_TOPICS)


def _goal_problem(goal: Goal) -> Rejection | None:
    return (
        text_problem(goal.title, TITLE_LIMIT, "title", one_line=True)
        or text_problem(goal.success_criterion, CRITERION_LIMIT, "success_criterion")
        or rating_problem((goal.baseline, goal.target))
    )


def rating_problem(ratings: tuple[int, ...]) -> Rejection | None:
    """Why numbers cannot be ratings, or None."""
    return None if all(1 <= rating <= 10 for rating in ratings) else Rejection(Refusal.RATING_ONE_TO_TEN)


def agree_goals(draft: Draft, command: AgreeGoals, by: Party, now: datetime) -> Rejection | None:
    """Agree to the partner's newest proposal; the sessions begin."""
    state = draft.state
    if state.proposed_by is not partner_of(by):
        return Rejection(Refusal.NOTHING_PROPOSED)
    if command.proposal != state.proposal:
        return Rejection(Refusal.VERSION_MOVED_ON, str(state.proposal))
    if len(command.baselines) != len(state.goals):
        return Rejection(Refusal.RATE_EVERY_GOAL, str(len(state.goals)))
    if problem := rating_problem(command.baselines):
        return problem
    draft.add(GoalsAgreed(now, by, command.proposal, command.baselines))
    draft.add(PhaseEntered(now, Phase.ACTIVE))
    return None


def lapse(draft: Draft, lapsed: AskLapsed, now: datetime) -> None:
    """The coordinator decides; a proposal or agreement that comes meanwhile still counts."""
    ask_for_decision(draft, now, DecisionTopic.GOALS_UNSET)
