"""The catalogue of letters: every kind has its manners, and they fit its purpose."""

import pytest

from mentoring_lifecycle.domain.letters import MANNERS, Action, CalendarMethod, LetterKind, WhenUnknown

REMINDERS = [kind for kind in LetterKind if kind.endswith("_reminder")]


def test_every_letter_has_manners() -> None:
    """No kind is forgotten, and none is left over."""
    assert set(MANNERS) == set(LetterKind)


@pytest.mark.parametrize("kind", REMINDERS)
def test_a_reminder_is_never_sent_twice(kind: LetterKind) -> None:
    """Where nobody can tell whether a reminder went out, one too few is kinder than one too many."""
    assert MANNERS[kind].when_unknown is WhenUnknown.LEAVE


SILENCE_WOULD_HARM = [
    LetterKind.INVITATION,
    LetterKind.RULES_TO_SIGN,
    LetterKind.SESSION_INVITATION,
    LetterKind.SESSION_MOVED,
    LetterKind.SESSION_CANCELLED,
    LetterKind.HELP_RECEIVED,
    LetterKind.HELP_WANTED,
    LetterKind.HELP_OVERDUE,
    LetterKind.HELP_PASSED_ON,
    LetterKind.HELP_ELSEWHERE,
    LetterKind.ON_HOLD,
    LetterKind.EXIT_CONFIRMED,
    LetterKind.RELATIONSHIP_ENDED,
    LetterKind.CASE_RECEIVED,
]


@pytest.mark.parametrize("kind", SILENCE_WOULD_HARM)
def test_a_letter_whose_silence_would_harm_is_sent_again(kind: LetterKind) -> None:
    """Signature requests, cancellations and whatever protects somebody."""
    assert MANNERS[kind].when_unknown is WhenUnknown.RESEND


def test_what_passes_a_hold() -> None:
    """Cancellations, the fixed sentence, help, leaving, notes to the team; nothing that asks the pair for anything."""
    passes = {kind for kind in LetterKind if MANNERS[kind].passes_hold}
    assert passes == {
        LetterKind.DECISION_WANTED,
        LetterKind.CHANGES_NOTED,
        LetterKind.SESSION_CANCELLED,
        LetterKind.ON_HOLD,
        LetterKind.HELP_RECEIVED,
        LetterKind.HELP_WANTED,
        LetterKind.HELP_REMINDER,
        LetterKind.HELP_OVERDUE,
        LetterKind.HELP_PASSED_ON,
        LetterKind.HELP_ELSEWHERE,
        LetterKind.HELP_OUTCOME,
        LetterKind.EXIT_CONFIRMED,
        LetterKind.RELATIONSHIP_ENDED,
        LetterKind.CLOSED_NOTE,
        LetterKind.ADDRESS_FAILED,
        LetterKind.ADDRESS_FAILED_OWNER,
        LetterKind.CASE_RECEIVED,
        LetterKind.MATTER_WAITING,
        LetterKind.MATTER_AGAIN,
        LetterKind.HOLD_NOTE,
        LetterKind.TEAM_CHANGED,
    }


def test_what_speaks_to_calendars() -> None:
    """Invitations and moves request, cancellations cancel, everything else leaves calendars alone."""
    methods = {kind: MANNERS[kind].calendar for kind in LetterKind if MANNERS[kind].calendar is not CalendarMethod.NONE}
    assert methods == {
        LetterKind.SESSION_INVITATION: CalendarMethod.REQUEST,
        LetterKind.SESSION_MOVED: CalendarMethod.REQUEST,
        LetterKind.SESSION_CANCELLED: CalendarMethod.CANCEL,
    }


@pytest.mark.parametrize("kind", REMINDERS)
def test_a_reminder_asks_for_what_its_question_asked_for(kind: LetterKind) -> None:
    """The same link as the first letter of the ladder."""
    asked = {
        LetterKind.INVITATION_REMINDER: Action.ANSWER_INVITATION,
        LetterKind.INDUCTION_REMINDER: Action.COMPLETE_INDUCTION,
        LetterKind.RULES_REMINDER: Action.SIGN_RULES,
        LetterKind.GOALS_REMINDER: Action.PROPOSE_GOALS,
        LetterKind.SESSION_REMINDER: Action.PREPARE_SESSION,
        LetterKind.BOOK_SESSION_REMINDER: Action.BOOK_SESSION,
        LetterKind.TIMES_PROPOSED_REMINDER: Action.ANSWER_TIMES,
        LetterKind.CALENDAR_QUESTION_REMINDER: Action.CONFIRM_CALENDAR_CHANGE,
        LetterKind.SESSION_QUESTION_REMINDER: Action.CONFIRM_SESSION,
        LetterKind.FINAL_FEEDBACK_REMINDER: Action.GIVE_FINAL_FEEDBACK,
        LetterKind.HELP_REMINDER: Action.TAKE_UP_HELP,
    }
    assert MANNERS[kind].action is asked[kind]


def test_what_does_not_wait_for_the_day() -> None:
    """Changes of what is booked, stops and ends, help and cases; everything else lets people sleep."""
    at_once = {kind for kind in LetterKind if not MANNERS[kind].waits_for_day}
    assert at_once == {
        LetterKind.SESSION_MOVED,
        LetterKind.SESSION_CANCELLED,
        LetterKind.HELP_RECEIVED,
        LetterKind.HELP_WANTED,
        LetterKind.HELP_OVERDUE,
        LetterKind.TALK_ARRANGED,
        LetterKind.HELP_OUTCOME,
        LetterKind.PAUSED,
        LetterKind.RESUMED,
        LetterKind.ON_HOLD,
        LetterKind.HOLD_LIFTED,
        LetterKind.EXIT_CONFIRMED,
        LetterKind.RELATIONSHIP_ENDED,
        LetterKind.ADDRESS_FAILED,
        LetterKind.ADDRESS_FAILED_OWNER,
        LetterKind.CASE_RECEIVED,
        LetterKind.MATTER_WAITING,
    }
