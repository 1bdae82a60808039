"""Questions and their ladders: few reminders, none caught up with, and an end to every one."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.policy import MOST_REMINDERS, Ladder, ProgrammePolicy
from tests.builders import (
    ACTIVE,
    DAY,
    MENTEE,
    MENTOR,
    ONBOARDED,
    SIGNED,
    Life,
    Step,
    accepts,
    at_phase,
    at_the_end,
    life,
)

POLICY = ProgrammePolicy()
SECOND = timedelta(seconds=1)


def over_first_session() -> Life:
    return life().after(*ACTIVE).until(lambda state: any(not session.lies_ahead for session in state.sessions))


def accepted() -> Life:
    return life().after(*(c.AnswerInvitation(by, accept=True) for by in (MENTOR, MENTEE)))


LADDERS: list[tuple[Callable[[], Life], LetterKind, Ladder]] = [
    (life, LetterKind.INVITATION_REMINDER, POLICY.invitation),
    (accepted, LetterKind.INDUCTION_REMINDER, POLICY.induction),
    (partial(at_phase, e.Phase.GROUND_RULES), LetterKind.RULES_REMINDER, POLICY.rules),
    (partial(at_phase, e.Phase.GOALS), LetterKind.GOALS_REMINDER, POLICY.goals),
    (over_first_session, LetterKind.SESSION_QUESTION_REMINDER, POLICY.sessions.question),
    (at_the_end, LetterKind.FINAL_FEEDBACK_REMINDER, POLICY.final_feedback),
]


@pytest.mark.parametrize(("asked", "kind", "ladder"), LADDERS, ids=[kind for _, kind, _ in LADDERS])
def test_an_unanswered_question_is_repeated_on_its_days(
    asked: Callable[[], Life], kind: LetterKind, ladder: Ladder
) -> None:
    """To the second, to each of the pair, and not one reminder more than the ladder has steps."""
    lived = asked()
    asked_at = lived.now
    lived.after(ladder.expires_after_days * DAY)
    for party in PAIR:
        days = [letter.decided_at - asked_at for letter in lived.letters(kind, party)]
        assert days == [day * DAY for day in ladder.remind_after_days]


def test_a_reminder_repeats_the_question_and_its_deadline() -> None:
    """The same deadline, and worthless after it."""
    lived = life().after(14 * DAY - SECOND)
    questions = lived.letters(to=Party.MENTOR)
    assert len(questions) == 4
    assert {(letter.facts.deadline, letter.not_after) for letter in questions} == {(lived.now + SECOND,) * 2}


def test_steps_that_were_slept_through_are_skipped() -> None:
    """After eight days asleep there is one reminder and not two; the last step comes on its day."""
    lived = life()
    lived.sleeps(8 * DAY)
    assert [(event.times, event.skipped) for event in lived.happened(e.Reminded)] == [(2, 1)] * 2
    lived.after(6 * DAY - SECOND)
    reminders = lived.letters(LetterKind.INVITATION_REMINDER, Party.MENTOR)
    assert [letter.decided_at - lived.state.opened_at for letter in reminders] == [8 * DAY, 12 * DAY]


def test_a_question_that_lapsed_in_sleep_is_not_reminded_of_after_its_end() -> None:
    """Awake only after the end, the relationship ends; at most one reminder is decided, and it is worthless by then."""
    lived = life()
    lived.sleeps(20 * DAY)
    assert lived.state.is_closed
    assert all(letter.not_after < lived.now for letter in lived.letters(LetterKind.INVITATION_REMINDER))


def test_reminders_stop_at_once_when_answered() -> None:
    """Who has answered hears nothing more; the other still does."""
    lived = life().after(4 * DAY, accepts(MENTOR), 9 * DAY)
    assert len(lived.letters(LetterKind.INVITATION_REMINDER, Party.MENTOR)) == 1
    assert len(lived.letters(LetterKind.INVITATION_REMINDER, Party.MENTEE)) == 3


@pytest.mark.parametrize("past", [(), ONBOARDED, SIGNED, ACTIVE[:-1], ACTIVE, (*ACTIVE, c.Pause(MENTOR))])
def test_nobody_is_reminded_too_often(past: tuple[Step, ...]) -> None:
    """No question has more than four reminders, however long everybody is silent."""
    lived = life().after(*past)
    lived.lives_on()
    counts: dict[tuple[object, ...], int] = {}
    for event in lived.happened(e.Reminded):
        question = (event.subject, event.of, event.number)
        counts[question] = counts.get(question, 0) + 1
    assert max(counts.values()) <= MOST_REMINDERS


def test_a_ladder_may_have_no_steps() -> None:
    """A programme that never reminds still ends."""
    lived = life(ProgrammePolicy(invitation=Ladder((), 5)))
    lived.lives_on()
    assert lived.happened(e.Reminded) == []
    assert lived.now - lived.state.opened_at == 5 * DAY
