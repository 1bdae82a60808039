"""What is handed to a person about themselves: their part whole, and of everybody else nothing."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic_core import to_json

from mentoring_lifecycle.contracts.export import OTHERS, Part, Sent, part_of
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.people import Party
from tests.builders import (
    ACTIVE,
    BACKUP,
    COORDINATOR,
    MENTEE,
    MENTOR,
    PERSON_OF,
    STRANGER,
    Life,
    accepts,
    asks_for_help,
    journal_of,
    life,
    whole_life,
)

PEOPLE = (MENTOR, MENTEE, COORDINATOR, BACKUP)
AT = datetime(2027, 2, 1, tzinfo=UTC)


def exported(lived: Life, person: str) -> Part:
    name, entries = journal_of(lived)
    sent = [Sent(f"{letter.key}", letter.purpose, "accepted", AT) for letter in lived.letters()]
    return part_of(person, name, entries, sent)


def text_of(part: Part) -> str:
    return to_json(asdict(part)).decode()


def facts(part: Part, kind: str) -> list[dict[str, Any]]:
    return [kept.facts for kept in part.journal if kept.kind == kind]


@pytest.mark.parametrize("party", [Party.MENTOR, Party.MENTEE, Party.COORDINATOR, Party.BACKUP])
def test_nobody_else_is_named(party: Party) -> None:
    """Edge case 30: of all people only the one who asks stands in it."""
    person = PERSON_OF[party]
    lived = life().after(*ACTIVE, asks_for_help(MENTOR), c.TakeUpHelp(COORDINATOR, 1), c.Exit(MENTEE))
    part = exported(lived, person)
    assert part.part is party
    assert [each for each in PEOPLE if each in text_of(part)] == [person]
    assert facts(part, "relationship_opened")[0][Party.MENTEE if party is Party.MENTOR else Party.MENTOR] == OTHERS


@pytest.mark.parametrize(("person", "own"), [(MENTOR, "mentor"), (MENTEE, "mentee")])
def test_answers_are_ones_own(person: str, own: str) -> None:
    """Ratings, survey, signatures and confirmations are there, each once, and those of the other are not."""
    part = exported(whole_life(), person)
    assert [each["by"] for each in facts(part, "final_feedback_given")] == [own]
    assert [each["by"] for each in facts(part, "session_confirmed")] == [own] * 6
    assert {each["of"] for each in facts(part, "asked")} == {own}
    assert len(facts(part, "session_settled")) == 6
    assert {key.split("/")[3] for key in (sent.key for sent in part.sent)} == {own}


def test_a_call_for_help_is_the_askers_own() -> None:
    """The other one learns from their export neither that help was asked for nor what came of it."""
    lived = life().after(*ACTIVE, asks_for_help(MENTOR), c.TakeUpHelp(COORDINATOR, 1))
    lived.after(c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.ANSWERED), timedelta(days=1))
    assert facts(exported(lived, MENTOR), "help_asked")[0]["matter"] == "disagreement"
    assert "help" not in text_of(exported(lived, MENTEE)).replace("help_rating", "")


def test_unease_is_nobody_elses() -> None:
    """What the programme team was asked because one of the two was uneasy is in neither export."""
    lived = life().after(accepts(MENTOR), accepts(MENTEE, c.Comfort.UNSURE))
    for person in (MENTOR, MENTEE):
        assert "comfort" not in text_of(exported(lived, person))
        assert "decision" not in text_of(exported(lived, person))


def test_who_paused_is_said_of_oneself_alone() -> None:
    """Both know that it was paused; that the other one did it is left out."""
    lived = life().after(*ACTIVE, c.Pause(MENTOR))
    assert facts(exported(lived, MENTOR), "paused")[0]["by"] == "mentor"
    assert "by" not in facts(exported(lived, MENTEE), "paused")[0]


def test_leaving_is_not_told_of_the_other() -> None:
    """Both see how it ended, and only who left sees that they did."""
    lived = life().after(*ACTIVE, c.Exit(MENTEE))
    assert facts(exported(lived, MENTEE), "left") != []
    assert facts(exported(lived, MENTOR), "left") == []
    assert facts(exported(lived, MENTOR), "closed")[0]["outcome"] == "no_fault_exit"


def test_nothing_of_a_case_is_handed_out() -> None:
    """A letter about a case is not among what was sent, whatever its key looks like."""
    sent = [Sent("r-1/-/case_received/mentor/1", "case_received", "accepted", AT)]
    name, entries = journal_of(life())
    assert part_of(MENTOR, name, entries, sent).sent == ()


def test_a_stranger_has_no_part() -> None:
    """Whoever takes no part gets nothing but that there is nothing."""
    part = exported(life().after(*ACTIVE), STRANGER)
    assert (part.part, part.sent) == (None, ())
    assert [kept.kind for kept in part.journal] == ["relationship_opened"]
    assert not any(each in text_of(part) for each in PEOPLE)


def test_the_export_is_json() -> None:
    """Programs can read it."""
    assert json.loads(text_of(exported(whole_life(), MENTOR)))["relationship"] == "r-1"
