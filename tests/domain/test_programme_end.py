"""The programme as a whole comes to its end (edge case 22)."""

from datetime import timedelta

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.effects import Letter
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from tests.builders import (
    ACTIVE,
    COORDINATOR,
    DAY,
    MENTEE,
    MENTOR,
    ONBOARDED,
    PERSON_OF,
    SIGNED,
    WEEK,
    Life,
    Step,
    at_phase,
    at_the_end,
    feedback,
    life,
    patient,
)

END = c.EndByProgramme(PROGRAMME_OFFICE)


def after_sessions(held: int) -> Life:
    lived = life(patient()).after(*ACTIVE)
    for number in range(1, held + 1):
        lived.until(lambda state: any(not session.lies_ahead for session in state.sessions))
        lived.after(*(c.ConfirmSession(PERSON_OF[by], number, held=True) for by in PAIR))
    return lived


def test_case_22_a_pair_that_meets_gets_its_notice_and_its_look_back() -> None:
    """Closing begins at once, the last day is thirty days ahead, and each reads the ordinary notice once."""
    lived = after_sessions(1)
    told, now = len(lived.effects), lived.now
    lived.after(END)
    assert (lived.state.phase, lived.state.ends_at) == (e.Phase.CLOSING, now + 30 * DAY)
    notices = [each for each in lived.effects[told:] if isinstance(each, Letter)]
    assert [(each.purpose, each.party) for each in notices if each.purpose is not LetterKind.SESSION_CANCELLED] == [
        (LetterKind.CLOSING_NOTICE, party) for party in PAIR
    ]
    assert {each.facts.topic for each in notices if each.purpose is LetterKind.CLOSING_NOTICE} == {""}
    lived.until(lambda state: state.end_reached)
    assert lived.now == now + 30 * DAY
    lived.after(feedback(MENTOR), feedback(MENTEE))
    assert lived.state.outcome is e.RelationshipOutcome.ENDED_BY_PROGRAMME


def test_what_was_earned_is_called_completed() -> None:
    """Sessions that took place are not taken from anybody."""
    lived = after_sessions(3).after(END).until(lambda state: state.end_reached)
    lived.after(feedback(MENTOR), feedback(MENTEE))
    assert lived.state.outcome is e.RelationshipOutcome.COMPLETED_EARLY


def test_the_end_is_never_later_than_planned() -> None:
    """A pair that would have ended in a fortnight does so, by its own date."""
    lived = at_phase(e.Phase.CLOSING)
    ends_at = lived.state.ends_at
    lived.after(DAY, END)
    assert lived.state.ends_at == ends_at
    assert lived.tries(c.WishExtension(MENTOR, 4)) == Rejection(Refusal.NO_MORE_EXTENSIONS)


def test_sessions_beyond_the_new_end_are_called_off_and_others_stay() -> None:
    """Nothing is left in a calendar after the last day."""
    lived = life().after(*ACTIVE)
    kept = lived.session.number
    assert lived.after(END).session.number == kept
    lived = life().after(*ACTIVE, c.MoveSession(MENTOR, 1, life().now + 10 * WEEK), END)
    assert [event.why for event in lived.happened(e.SessionCancelled)] == [e.CancelReason.MOVED_ON]
    assert lived.state.planned_session is None or lived.session.ends_at <= lived.state.ends_at


@pytest.mark.parametrize("past", [(), ONBOARDED, SIGNED, (*ACTIVE, c.Pause(MENTOR))])
def test_a_pair_that_does_not_meet_ends_at_once(past: tuple[Step, ...]) -> None:
    """One neutral letter each."""
    lived = life().after(*past, END)
    assert lived.state.outcome is e.RelationshipOutcome.ENDED_BY_PROGRAMME
    assert [letter.party for letter in lived.letters(LetterKind.RELATIONSHIP_ENDED)] == list(PAIR)


def test_a_hold_wins_over_it() -> None:
    """Whoever ends a programme is told, and nothing happens to what is on hold."""
    assert life().after(*ACTIVE, c.Hold(COORDINATOR)).tries(END) == Rejection(Refusal.ON_HOLD)


def test_it_is_done_once() -> None:
    """A second time is refused, and so is the last day that has come anyway."""
    assert life().after(*ACTIVE, END).tries(END) == Rejection(Refusal.NOTHING_NEW)
    assert at_the_end().tries(END) == Rejection(Refusal.END_REACHED)


@pytest.mark.parametrize("days", [-1, 0, 181, 10**9])
def test_the_notice_is_bounded(days: int) -> None:
    """One day to half a year."""
    judged = life().after(*ACTIVE, timedelta(days=1)).tries(c.EndByProgramme(COORDINATOR, days))
    assert judged == Rejection(Refusal.NOTICE_OUT_OF_RANGE, "180")
