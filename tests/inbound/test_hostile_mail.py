"""Mail made to cost: whatever it is built of, it is read or let go within moments, and never fails."""

import time

import pytest

from mentoring_lifecycle.gateways.imip_reply import LARGEST as LARGEST_CALENDAR
from mentoring_lifecycle.gateways.imip_reply import NoReply, read_reply
from mentoring_lifecycle.gateways.inbound_mail import LARGEST, Reading, Unread, read_mail

MOMENTS = 10.0
"""Seconds of this process's own time. Honest mails take a thousandth of one; a reader without bounds takes minutes."""


def nested(depth: int, inner: bytes = b"text/plain\r\n\r\nend\r\n") -> bytes:
    for level in range(depth):
        inner = b'multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\nContent-Type: %s--b%d--\r\n' % (
            level, level, inner, level
        )  # fmt: skip
    return b"Subject: x\r\nContent-Type: " + inner


def ics(*lines: bytes) -> bytes:
    head = b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\n"
    return head + b"\r\n".join(lines) + b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


def mail(body: bytes, kind: bytes = b"text/calendar; method=REPLY") -> bytes:
    return b"Subject: x\r\nContent-Type: " + kind + b"\r\n\r\n" + body


HOSTILE: dict[str, bytes] = {
    "multiparts five thousand deep": nested(5_000),
    "multiparts just under the bound": nested(18, b"text/plain\r\n\r\n" + b"x\r\n" * 38_000),
    "messages in messages": b"Subject: x\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
    "as many lines as fit": mail(b"\n" * (LARGEST - 100), b"text/plain"),
    "one line": mail(b"x" * (LARGEST - 100), b"text/plain"),
    "a bomb of headers": b"".join(b"X-Bomb-%d: boom\r\n" % number for number in range(39_000)) + b"\r\nx",
    "one header folded without end": b"Subject: x\r\n" + b" folded\r\n" * 39_000 + b"\r\nx",
    "one header without end": b"Subject: =?utf-8?b?" + b"QUJD" * 200_000 + b"?=\r\n\r\nx",
    "parameters without end": mail(b"x", b"text/calendar" + b"; a*0*=utf-8''%41" * 50_000),
    "one quoted parameter without end": mail(b"x", b'text/calendar; a="' + b";" * 900_000),
    "quoted parameters in every part": b'Content-Type: message/rfc822; a="%s\r\n\r\n' % (b";" * 1_900) * 500,
    "comments in comments": b"Content-Type: " + b"(" * 500_000 + b"\r\nSubject: x\r\n\r\nx",
    "status blocks without end": mail(b"Action: failed\r\n\r\n" * 15_000, b"message/delivery-status"),
    "comments in a recipient": mail(b"Action: failed\r\nFinal-Recipient: rfc822;" + b"(" * 500_000 + b"\r\n\r\n",
                                    b"message/delivery-status"),
    "nothing but NUL": b"\0" * LARGEST,
    "base64 of nothing": b"Content-Type: text/calendar\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"=" * 900_000,
}  # fmt: skip


def in_moments(content: bytes) -> Reading:
    """Read, by this process's own clock, which stands still while others have the computer."""
    began = time.process_time()
    reading = read_mail(content)
    assert time.process_time() - began < MOMENTS
    return reading


@pytest.mark.parametrize("name", HOSTILE)
def test_a_mail_that_is_made_to_cost_is_let_go_in_moments(name: str) -> None:
    """It means nothing, whatever it is."""
    assert len(HOSTILE[name]) <= LARGEST
    assert isinstance(in_moments(HOSTILE[name]), Unread | NoReply)


def test_a_mail_above_the_limit_is_not_even_looked_at() -> None:
    """Whoever hands us more than a server would take."""
    assert in_moments(b"x" * (LARGEST + 1)) is Unread.TOO_LARGE


OBJECTS: dict[str, bytes] = {
    "a rule that never ends": ics(
        b"UID:u", b"ATTENDEE:mailto:a@b.example", b"RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"
    ),
    "components in components": ics(*[b"BEGIN:VALARM"] * 4_000),
    "properties without end": ics(*[b"X-%d;P=q:v" % number for number in range(9_000)]),
    "attendees without end": ics(b"UID:u", *[b"ATTENDEE:mailto:a%d@b.example" % number for number in range(3_500)]),
    "parameters without end": ics(b"ATTENDEE" + b";X=y" * 30_000 + b":mailto:a@b.example"),
    "quotes without end": ics(b'ATTENDEE;CN="' + b'\\"^n' * 30_000 + b":mailto:a@b.example"),
    "a line folded without end": ics(b"SUMMARY:x", *[b" y"] * 30_000),
    "an identity without end": ics(b"UID:" + b"u" * 100_000, b"ATTENDEE:mailto:a@b.example"),
    "a number without end": ics(b"SEQUENCE:" + b"9" * 100_000, b"DTSTART:" + b"9" * 10_000),
}  # fmt: skip


@pytest.mark.parametrize("name", OBJECTS)
def test_a_calendar_object_that_is_made_to_cost_is_read_in_moments(name: str) -> None:
    """Recurrence is never expanded, and nothing recurses."""
    assert len(OBJECTS[name]) <= LARGEST_CALENDAR
    began = time.process_time()
    read_reply(OBJECTS[name])
    assert time.process_time() - began < MOMENTS


def test_a_calendar_object_above_the_limit_is_not_parsed() -> None:
    """An answer takes one or two thousand bytes."""
    assert read_reply(ics(b"X:" + b"y" * LARGEST_CALENDAR)) is NoReply.CALENDAR_TOO_LARGE
