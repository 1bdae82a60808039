"""Mails as they really come: each means one thing, and says so in the log without saying anything of anybody."""

from typing import Any

import pytest

from mentoring_lifecycle.contracts.log_lines import without_personal_values
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.starter.inbound import LATER, TAKEN

from .conftest import ADDRESS, ED, EXPECTED, MAILS, RELATIONSHIP, Post

APPLIED = [name for name, expected in EXPECTED.items() if expected.startswith("applied")]


def test_every_mail_is_judged_here() -> None:
    """No file without a verdict, and no verdict without a file."""
    assert set(MAILS) == set(EXPECTED)
    assert len(MAILS) > 60


@pytest.mark.parametrize("name", MAILS)
async def test_a_mail_means_what_it_means(name: str, post: Post, lines: list[Any]) -> None:
    """Its fate and reason; taken for good in any case; one log line, without an address, a subject or a word."""
    from_nobody = name.startswith("bounce-")
    assert await post.take(MAILS[name], from_nobody=from_nobody) == TAKEN
    (line,) = lines
    assert f"{line['event'].removeprefix('inbound_')} {line['why']}" == EXPECTED[name]
    assert line["relationship"] == RELATIONSHIP
    assert without_personal_values(None, "info", dict(line)) == line, "the log of a real process would leave this out"
    assert set(line) == {"event", "why", "relationship", "log_level"}
    changed = EXPECTED[name].startswith("applied")
    assert bool(post.pair.noted) == changed


@pytest.mark.parametrize("name", APPLIED)
async def test_a_mail_that_comes_twice_is_done_once(name: str, post: Post) -> None:
    """The mail server sends again whatever it is not sure of."""
    for _ in range(3):
        assert await post.take(MAILS[name]) == TAKEN
    assert len(post.pair.noted) == 1


@pytest.mark.parametrize("name", [name for name in APPLIED if name != "reply-two-attendees"])
async def test_a_secret_address_answers_for_its_own_person_alone(name: str, post: Post) -> None:
    """The same mail at another person's address, or at another relationship's, changes nothing."""
    mia = await post.replies.address_for(RELATIONSHIP, "person-mia")
    other = await post.replies.address_for("r-other", ED)
    for address in (mia, other):
        await post.take(MAILS[name], address)
    assert post.pair.noted == []


@pytest.mark.parametrize("failure", [ConnectionError("away"), TimeoutError(), RuntimeError("anything")])
async def test_while_somebody_is_away_the_mail_server_keeps_the_mail(failure: Exception, post: Post) -> None:
    """Answered 451, and done when it comes again."""
    post.pair.away = failure
    assert await post.take(MAILS["reply-gmail-accepted"]) == LATER
    post.pair.away = None
    assert await post.take(MAILS["reply-gmail-accepted"]) == TAKEN
    assert [type(each) for each in post.pair.noted] == [c.NoteCalendar]


async def test_an_answer_names_person_session_revision_and_time(post: Post) -> None:
    """As the calendar saw them."""
    await post.take(MAILS["reply-gmail-counter"])
    (note,) = post.pair.noted
    assert isinstance(note, c.NoteCalendar)
    assert (note.by, note.session, note.revision, note.answer) == (ED, 3, 1, c.CalendarAnswer.COUNTERED)
    assert note.starts_at
    assert note.starts_at.isoformat() == "2027-03-11T09:00:00+00:00"


async def test_another_address_of_the_same_person_may_answer(post: Post) -> None:
    """Calendars answer under the address they know."""
    mail = MAILS["reply-xandikos-accepted"].replace(b"ed@pair.example", b"ed@home.example")
    await post.take(mail)
    assert len(post.pair.noted) == 1


async def test_a_hard_bounce_marks_the_address_and_a_soft_one_does_not(post: Post) -> None:
    """Nothing more is sent to an address that is refused for good."""
    await post.take(MAILS["bounce-postfix-delayed"])
    assert post.people.people[ED].address == "ok"
    await post.take(MAILS["bounce-postfix-unknown-user"])
    assert post.people.people[ED].address == "failed"


async def test_a_bounce_of_a_closed_relationship_is_taken_all_the_same(post: Post, lines: list[Any]) -> None:
    """A defined answer, and the address is marked for everybody else."""
    post.pair.lived.after(c.Exit(ED))
    post.pair.lived.lives_on()
    assert await post.take(MAILS["bounce-postfix-unknown-user"]) == TAKEN
    assert [(line["event"], line["why"]) for line in lines] == [("inbound_refused", "closed")]
    assert post.people.people[ED].address == "failed"


async def test_nobody_is_told_apart_by_the_reply(post: Post) -> None:
    """Unknown, misspelt, foreign and malformed addresses get one and the same answer."""
    replies = [
        await post.inbox.receives(address)
        for address in ("mentoring+aaaabbbbccccddde@mentoring.example", "mentoring@mentoring.example", "root", "", "@",
                        ADDRESS.replace("mentoring.example", "elsewhere.example"), f"x{ADDRESS}", f"{ADDRESS}x")
    ]  # fmt: skip
    assert len(set(replies)) == 1
    assert replies[0].startswith("550 5.1.1")


async def test_addresses_survive_any_change_of_case(post: Post) -> None:
    """Mail servers on the way may write them as they like."""
    assert (await post.inbox.receives(ADDRESS.upper())).startswith("250")
    assert await post.take(MAILS["reply-gmail-accepted"], ADDRESS.title()) == TAKEN
    assert len(post.pair.noted) == 1
