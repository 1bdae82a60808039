"""What whoever reported and the handler write to each other: who may, who is told, and how much fits."""

import pytest

from mentoring_lifecycle.domain.cases import commands as c
from mentoring_lifecycle.domain.cases import events as e
from mentoring_lifecycle.domain.cases.attachments import Attachment, attachments_problem
from mentoring_lifecycle.domain.cases.consequences import still_wanted
from mentoring_lifecycle.domain.cases.locks import lock_of
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.case_builders import (
    ACCUSED,
    CLOSED,
    CONCLUDED,
    CONTACT,
    FIRST,
    NOTED,
    REPORTER,
    SECOND,
    CaseStep,
    LivedCase,
    report,
)

KEY = "the key of a receipt"
WRITES, ANSWERS = c.WriteAsReporter(REPORTER, "One thing more."), c.WriteAsHandler(FIRST, "Thank you.")
PICTURE = Attachment("store-7/4f1c", "image/png", 1024, 64 * "0f"[:1])


def case(*past: CaseStep, **changes: object) -> LivedCase:
    return LivedCase(report(**changes)).after(*past)


def anonymous(*past: CaseStep) -> LivedCase:
    return case(*past, reporter="", lock=lock_of(KEY))


# --- who ----------------------------------------------------------------------------------------------------------


def test_an_anonymous_reporter_is_known_by_the_key_alone() -> None:
    """With it they write and withdraw; without it, with another or with a name beside it there is no case."""
    for by, key in [("", ""), ("", "another"), ("", lock_of(KEY)), (REPORTER, KEY), (REPORTER, "")]:
        for command in (c.WriteAsReporter(by, "x", key), c.Withdraw(by, key)):
            assert anonymous().tries(command) == Rejection(Refusal.UNKNOWN_CASE)
    lived = anonymous(c.WriteAsReporter("", "x", KEY), c.Withdraw("", KEY))
    assert (lived.state.from_reporter.messages, lived.state.withdrawn) == (1, True)


def test_a_named_report_has_no_key() -> None:
    """No key opens it, not even the empty one's digest."""
    for key in (KEY, "", lock_of("")):
        assert case().tries(c.WriteAsReporter("", "x", key)) == Rejection(Refusal.UNKNOWN_CASE)


def test_who_reported_is_no_handler_and_no_handler_reported() -> None:
    """Each writes on their own side only."""
    assert case().tries(c.WriteAsHandler(REPORTER, "x")) == Rejection(Refusal.UNKNOWN_CASE)
    assert case().tries(c.WriteAsReporter(FIRST, "x")) == Rejection(Refusal.UNKNOWN_CASE)
    assert case().tries(c.WriteAsReporter(ACCUSED, "x")) == Rejection(Refusal.UNKNOWN_CASE)


def test_events_hold_no_words() -> None:
    """Who wrote and how much; the words rest elsewhere, and the key nowhere."""
    secret = c.WriteAsReporter("", "MARMALADE", KEY, (PICTURE,))
    lived = anonymous(secret, c.WriteAsHandler(FIRST, "MARMALADE"))
    for kept in (repr(lived.events), repr(lived.state)):
        assert "MARMALADE" not in kept
        assert KEY not in kept
        assert PICTURE.reference not in kept


# --- who is told --------------------------------------------------------------------------------------------------


def test_the_handler_is_told_once_until_they_have_read() -> None:
    """Three messages are one letter; read or answered, the next one is told again."""
    lived = case(*NOTED, WRITES, WRITES, WRITES)
    assert lived.told(LetterKind.MATTER_WAITING) == [FIRST]
    assert lived.state.unread == 3
    lived.after(c.NoteMessages(FIRST), WRITES)
    assert lived.told(LetterKind.MATTER_WAITING) == [FIRST, FIRST]
    lived.after(ANSWERS, WRITES)
    assert lived.told(LetterKind.MATTER_WAITING) == [FIRST, FIRST, FIRST]


def test_nothing_is_sent_to_whoever_reported() -> None:
    """They look when they choose: a letter on somebody's screen could give them away."""
    lived = case(*NOTED, WRITES, ANSWERS, ANSWERS)
    assert REPORTER not in lived.told()


def test_noting_twice_is_no_news() -> None:
    """Without anything unread nothing happens."""
    lived = case(*NOTED, WRITES, c.NoteMessages(FIRST), c.NoteMessages(FIRST))
    assert [event.by for event in lived.of(e.MessagesNoted)] == [FIRST]


@pytest.mark.parametrize("past", [CONCLUDED, CLOSED])
def test_a_concluded_case_can_still_be_written_to(past: tuple[CaseStep, ...]) -> None:
    """By both sides; who has it is told, and the letter stays wanted."""
    lived = case(*past)
    before, stage = len(lived.letters), lived.state.stage
    lived.after(WRITES)
    (letter,) = lived.letters[before:]
    assert (letter.purpose, letter.to) == (LetterKind.MATTER_WAITING, FIRST)
    assert still_wanted(letter, lived.state)
    assert lived.after(ANSWERS).state.stage is stage


def test_whoever_mail_does_not_reach_is_passed_over() -> None:
    """Before or after the message: somebody hears that somebody wrote, and may read it."""
    bounced_before = case()
    bounced_before.bounces(FIRST)
    bounced_before.after(c.Acknowledge(FIRST), WRITES)
    assert bounced_before.told(LetterKind.MATTER_WAITING) == [SECOND]
    bounces_now = case(*NOTED, WRITES)
    bounces_now.bounces(FIRST)
    assert bounces_now.told(LetterKind.MATTER_WAITING) == [FIRST, SECOND]
    assert SECOND in bounces_now.state.knows


def test_a_bounce_without_a_message_is_no_news() -> None:
    """Nobody is told of a case that has been taken note of and in which nothing is unread."""
    lived = case(*NOTED, WRITES, c.NoteMessages(FIRST))
    lived.bounces(FIRST)
    assert lived.of(e.HandlerUnreached) == []
    assert CONTACT not in lived.told()


# --- how much -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("", Refusal.TEXT_EMPTY),
        (" \n", Refusal.TEXT_EMPTY),
        ("x" * 2_001, Refusal.TEXT_TOO_LONG),
        ("a\x00b", Refusal.TEXT_UNREADABLE),
    ],
)
def test_a_message_is_bounded_as_a_report_is(words: str, code: Refusal) -> None:
    """On both sides."""
    for command in (c.WriteAsReporter(REPORTER, words), c.WriteAsHandler(FIRST, words)):
        refused = case(*NOTED).tries(command)
        assert refused
        assert refused.code is code


def test_the_room_of_one_side_is_bounded_in_bytes() -> None:
    """What is written in many bytes fills it sooner; the other side still has its own."""
    long = c.WriteAsReporter(REPORTER, "€" * 2_000)
    lived = case(*NOTED, *[long] * 16)
    assert lived.tries(long) == Rejection(Refusal.NO_ROOM_FOR_MESSAGE, "100")
    lived.after(c.WriteAsReporter(REPORTER, "€" * 1_000), ANSWERS)


def test_attachments_count_for_the_room() -> None:
    """Ten long references a time fill it long before the hundredth message."""
    heavy = c.WriteAsReporter(REPORTER, "x", "", (Attachment(512 * "a", "image/png", 1, 64 * "a"),) * 10)
    lived = case(*NOTED, *[heavy] * 17)
    assert lived.tries(heavy) == Rejection(Refusal.NO_ROOM_FOR_MESSAGE, "100")


# --- attachments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reference",
    ["4f1c", "store-7/2027/4f1c", "https://files.example/a?b=c#d", "https://files.example:8443/%C3%A0", "a" * 512],
)
def test_a_reference_is_an_id_or_an_https_address(reference: str) -> None:
    """Up to 512 characters."""
    assert attachments_problem((Attachment(reference, "image/png", 25 * 2**20, 64 * "a"),)) is None


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "a" * 513,
        "http://files.example/a",
        "ftp://files.example/a",
        "HTTPS://files.example/a",
        "https://",
        "https://user:secret@files.example/a",
        "https://files.example/a b",
        "https://files.example/a\n",
        'https://files.example/"onload',
        "file-1\n",
        "data:text/html,x",
        "-rf",
        "à",
    ],
)
def test_anything_else_is_no_reference(reference: str) -> None:
    """Another scheme, a password, a space, markup or a line end."""
    problem = attachments_problem((Attachment(reference, "image/png", 1, 64 * "a"),))
    assert problem == Rejection(Refusal.BAD_ATTACHMENT, "reference")


@pytest.mark.parametrize(
    ("attachment", "problem"),
    [
        (Attachment("a", "png", 1, 64 * "a"), Rejection(Refusal.BAD_ATTACHMENT, "media_type")),
        (Attachment("a", "image/png\r\nX: y", 1, 64 * "a"), Rejection(Refusal.BAD_ATTACHMENT, "media_type")),
        (Attachment("a", "image/png", 1, 63 * "a"), Rejection(Refusal.BAD_ATTACHMENT, "sha256")),
        (Attachment("a", "image/png", 1, 64 * "g"), Rejection(Refusal.BAD_ATTACHMENT, "sha256")),
        (Attachment("a", "image/png", 0, 64 * "a"), Rejection(Refusal.BAD_ATTACHMENT, "size_bytes")),
        (Attachment("a", "image/png", 25 * 2**20 + 1, 64 * "a"), Rejection(Refusal.ATTACHMENT_TOO_LARGE, "25")),
    ],
)
def test_an_attachment_says_what_it_is(attachment: Attachment, problem: Rejection) -> None:
    """Type, size and digest, each as it must be; the first that is not is named."""
    assert attachments_problem((PICTURE, attachment)) == problem


def test_there_are_at_most_ten() -> None:
    """Of one report or message."""
    assert attachments_problem((PICTURE,) * 10) is None
    assert attachments_problem((PICTURE,) * 11) == Rejection(Refusal.TOO_MANY, "10")
