"""After a long silence of the mail server each reader gets one letter, and nothing that has been overtaken."""

from datetime import timedelta

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.catching_up import gathered, overtaken
from mentoring_lifecycle.domain.effects import Letter
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import Party
from tests.builders import ACTIVE, COORDINATOR, DAY, MENTEE, MENTOR, Life, asks_for_help, life


def waiting(lived: Life, to: Party = Party.MENTOR) -> list[Letter]:
    """Everything that a reader was written, had nothing of it left."""
    return lived.letters(to=to)


def two_questions() -> Life:
    """The mentor is asked whether help has helped and, later, about the session."""
    answered = c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.ANSWERED)
    return life().after(*ACTIVE, 6 * DAY, asks_for_help(MENTOR), answered, 2 * DAY)


def test_several_late_letters_to_one_reader_are_gathered_into_one() -> None:
    """With a line and a page for each; their keys, purposes and hours go along."""
    lived = two_questions()
    found = gathered(waiting(lived), lived.now + 2 * DAY)
    assert found
    one, parts = found
    assert one.purpose is LetterKind.CATCH_UP
    assert [line.key for line in one.gathers] == [part.key for part in parts]
    assert {LetterKind.HELP_FEEDBACK, LetterKind.SESSION_QUESTION} <= {part.purpose for part in parts}
    assert one.not_after == min(part.not_after for part in parts) > lived.now


def test_the_same_letters_always_make_the_same_one() -> None:
    """So that a try of which nobody knows what became is repeated under the same Message-ID."""
    lived = two_questions()
    first, later = (gathered(waiting(lived), lived.now + days * DAY) for days in (2, 3))
    assert first
    assert later
    assert first[0].key == later[0].key


def test_an_invitation_to_a_calendar_and_what_must_be_signed_go_by_themselves() -> None:
    """A calendar reads one invitation at a time, and rules are signed word for word."""
    lived = two_questions()
    found = gathered(waiting(lived), lived.now + 2 * DAY)
    assert found
    alone = {LetterKind.SESSION_INVITATION, LetterKind.RULES_TO_SIGN, LetterKind.INVITATION}
    assert alone & {part.purpose for part in found[1]} == set()


def test_one_late_letter_and_fresh_ones_stay_as_they_are() -> None:
    """Nothing is gained by wrapping one, and nobody waits for an outage that is none."""
    lived = two_questions()
    questions = [letter for letter in waiting(lived) if letter.purpose is LetterKind.SESSION_QUESTION]
    assert gathered(questions, lived.now + 2 * DAY) is None
    assert gathered(waiting(lived)[-2:], lived.now + timedelta(hours=1)) is None


def test_letters_to_the_team_and_those_that_protect_are_never_gathered() -> None:
    """They name whom they concern, and each is a call of its own."""
    lived = life().after(*ACTIVE, asks_for_help(MENTOR), 20 * DAY)
    assert gathered(waiting(lived, Party.COORDINATOR), lived.now + DAY) is None


def test_of_stops_and_of_notes_the_last_one_says_all() -> None:
    """Who could not be reached while a pairing was paused and went on reads that it goes on, and no more."""
    lived = life().after(*ACTIVE, c.Pause(MENTEE), DAY, c.Resume(MENTEE), DAY, c.Hold(COORDINATOR))
    gone = [letter.purpose for letter in overtaken(waiting(lived))]
    assert gone == [LetterKind.PAUSED, LetterKind.RESUMED]
    lived.after(asks_for_help(MENTOR), asks_for_help(MENTOR), 40 * DAY)
    notes = [letter for letter in waiting(lived, Party.COORDINATOR) if letter.purpose is LetterKind.HELP_OVERDUE]
    left = [letter for letter in notes if letter not in overtaken(notes)]
    assert [letter.facts.occurrence for letter in left] == ["help-1", "help-2"]
