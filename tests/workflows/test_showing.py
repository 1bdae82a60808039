"""The words of a relationship's own page, for every state that a life comes through; no server."""

from random import Random

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.events import Subject
from mentoring_lifecycle.domain.hours import Coming
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.outlook import PRIVATE
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.relationship import Relationship
from mentoring_lifecycle.workflows import perform, showing
from tests.builders import (
    ACTIVE,
    BACKUP,
    CONTACT,
    COORDINATOR,
    DAY,
    GOALS,
    MENTEE,
    MENTOR,
    ONBOARDED,
    START,
    WEEK,
    Step,
    any_life,
    asks_for_help,
    at_the_end,
    life,
)


def page(state: Relationship) -> str:
    return showing.current_details(state, 0)


STANDS: dict[str, tuple[tuple[Step, ...], tuple[str, ...]]] = {
    "invited": (
        (),
        (
            "**Awaiting** both since 2027-01-12 09:00 UTC",
            (
                "- mentor: an answer to the invitation, since 2027-01-12 09:00 UTC, reminded 0 of 3 times, "
                "until 2027-01-26 09:00 UTC"
            ),
            "**Next due** 2027-01-26 09:00 UTC: the time to answer is over, it ends as expired",
        ),
    ),
    "reminded for the last time": ((13 * DAY,), ("reminded 3 of 3 times", "**health** overdue")),
    "unsigned": (
        (*ONBOARDED,),
        ("a signature of the ground rules", "the time to answer is over, the programme team decides"),
    ),
    "amended": (
        (*ACTIVE, c.ProposeRules(MENTEE, (("R12", "48"),))),
        ("- mentor: a signature of the ground rules",),
    ),
    "undecided": (
        (*ONBOARDED, 21 * DAY),
        (
            "**Awaiting** coordinator since 2027-02-02 09:00 UTC, for something that only the programme team can do",
            ": the programme team is late",
        ),
    ),
    "under way": ((*ACTIVE,), ("**Awaiting** nobody\n", ": session 1 begins, both are asked")),
    "paused": (
        (*ACTIVE, c.Pause(MENTOR, START + 3 * WEEK)),
        (
            "**Awaiting** nobody; paused since 2027-01-12 09:00 UTC",
            "2027-02-02 09:00 UTC: it goes on by itself",
        ),
    ),
    "held": (
        (*ACTIVE, c.Hold(COORDINATOR)),
        (
            "**Awaiting** coordinator since 2027-01-12 09:00 UTC, to lift the hold",
            "the programme team is asked whether the hold is still meant",
        ),
    ),
    "mail fails": ((*ACTIVE, c.RecordAddressFailed(Party.MENTEE)), ("**Mail fails** to the mentee",)),
    "left": ((*ACTIVE, c.Exit(MENTOR)), ("**Next due** nothing", "**outcome** no_fault_exit")),
}


@pytest.mark.parametrize("stage", STANDS)
def test_the_page_says_whose_turn_it_is_since_when_until_when_and_what_then(stage: str) -> None:
    """Everything that an operator asks at three in the morning, in words."""
    past, told = STANDS[stage]
    shown = page(life().after(*past).state)
    assert [each for each in told if each not in shown] == []


def test_the_last_question_is_the_look_back() -> None:
    """On the last day both are asked, and silence does not keep the relationship open."""
    shown = page(at_the_end().state)
    assert "a look back" in shown
    assert "it closes without waiting any longer" in shown


def test_of_a_private_question_only_that_it_is_asked_is_shown() -> None:
    """Who was missed, and what two say differently, is nobody's business who merely keeps the system running."""
    ended = life().after(*ACTIVE).until(lambda state: any(not each.lies_ahead for each in state.sessions))
    missed = ended.after(c.ReportNoShow(MENTOR, 1, Party.MENTEE)).state
    assert any(ask.subject is Subject.ABSENCE for ask in missed.asks)
    shown = page(missed)
    assert "- mentee: a question, since" in shown
    assert "the time to answer is over, the question closes by itself" in shown
    assert "absence" not in shown


def test_every_kind_of_help_and_every_decision_has_the_same_page() -> None:
    """A call about a book, a friction, and a decision differ in their dates alone."""
    turns = set()
    for past in (
        (*ACTIVE, asks_for_help(MENTOR, c.Matter.MATERIAL)),
        (*ACTIVE, asks_for_help(MENTEE, c.Matter.ROLE_STRUGGLE)),
        (*ONBOARDED, 21 * DAY),
    ):
        turn = next(line for line in page(life().after(*past).state).splitlines() if line.startswith("**Awaiting**"))
        turns.add(turn.partition(" UTC")[2])
    assert turns == {", for something that only the programme team can do"}


def test_there_are_words_for_every_question() -> None:
    """A new kind of question is either private or has its words."""
    assert set(showing._ASKED) == set(showing._AFTER_SILENCE) == set(Subject) - set(PRIVATE)
    assert {Coming.TEAM, Coming.HOLD, Coming.PAUSE, Coming.SESSION, Coming.END, Coming.CLOSE} == set(showing._THEN)


@pytest.mark.parametrize("seed", range(40))
def test_no_page_of_any_life_names_anybody(seed: int) -> None:
    """Neither an id of a person nor a word that somebody wrote, wherever a life has come to."""
    lived = any_life(Random(seed))
    shown = page(lived.state)
    written = [text for goal in GOALS for text in (goal.title, goal.success_criterion)]
    assert [each for each in (MENTOR, MENTEE, COORDINATOR, BACKUP, CONTACT, *written) if each in shown] == []
    assert all(f"**{word}**" in shown for word in ("Phase", "Awaiting", "Next due", "Sessions", "Programme"))
    assert all(f"- {party}:" not in shown for party in Party if party not in PAIR)


def test_a_summary_stays_one_line() -> None:
    """However many letters leave together after an outage, an operator reads a few kinds and how many more."""
    longest = sorted(LetterKind, key=len, reverse=True)
    assert len(perform._in_words(longest)) < 130
    assert perform._in_words(longest).endswith(f" and {len(longest) - 4} more")
    assert perform._in_words(["keep_entry", "keep_entry", "remove_entry"]) == "keep_entry, remove_entry"
