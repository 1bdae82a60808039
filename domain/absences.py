"""What a session leads to once it is settled: mostly to nothing, and step by step where one side does not come.

Numbers of absences stay with the programme team. The one who was missed hears of the first alone; the partner, who
knows about each of them anyway, is told of no step; and no step ends a relationship by itself.
"""

from datetime import datetime

from mentoring_lifecycle.domain.asking import ask_for_decision
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import CheckInWanted, DecisionTopic, SessionResult, SessionSettled
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.relationship import Session


def settle(draft: Draft, session: Session, now: datetime, result: SessionResult, by: Party | None = None) -> None:
    """The result stands. Whoever did not come is asked how things are; the coordinator, if it goes on."""
    absent = session.missed[0] if result is SessionResult.NO_SHOW and session.missed else None
    draft.add(SessionSettled(now, session.number, result, absent, by))
    if absent and not draft.state.is_ending:
        _take_the_step(draft, now, absent, session.number)


def _take_the_step(draft: Draft, now: datetime, absent: Party, number: int) -> None:
    limits = draft.state.policy.sessions
    if draft.state.no_shows(absent) >= limits.no_shows_in_all:
        ask_for_decision(draft, now, DecisionTopic.ABSENT_TOO_OFTEN, absent)
    elif draft.state.no_shows_in_a_row(absent) >= limits.no_shows_in_a_row:
        ask_for_decision(draft, now, DecisionTopic.ABSENT_IN_A_ROW, absent)
    elif draft.state.moves:
        draft.add(CheckInWanted(now, absent, number))
