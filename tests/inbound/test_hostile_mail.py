"""Mail made to cost: whatever it is built of, it is read or let go within moments, and never fails."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mentoring_lifecycle.gateways.imip_reply import LARGEST as LARGEST_CALENDAR
from mentoring_lifecycle.gateways.imip_reply import CalendarReply, NoReply, read_reply
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


# --- what the library would do with it --------------------------------------------------------------------------


def zone(name: bytes, offset: bytes, rule: bytes = b"") -> bytes:
    """A zone of two halves, as Outlook sends them along; with a rule each."""
    half = b"BEGIN:%s\r\nDTSTART:16010101T0%d0000\r\nTZOFFSETFROM:%s\r\nTZOFFSETTO:%s\r\n%sEND:%s\r\n"
    halves = b"".join(half % (kind, hour, offset, offset, rule, kind) for hour, kind in enumerate(ZONE_HALVES))
    return b"BEGIN:VTIMEZONE\r\nTZID:" + name + b"\r\n" + halves + b"END:VTIMEZONE\r\n"


ZONE_HALVES = (b"STANDARD", b"DAYLIGHT")


def counter(start: bytes, before: bytes = b"") -> bytes:
    return (
        b"BEGIN:VCALENDAR\r\nMETHOD:COUNTER\r\n" + before + b"BEGIN:VEVENT\r\nUID:u\r\n"
        b"ATTENDEE;PARTSTAT=TENTATIVE:mailto:a@b.example\r\nDTSTART" + start + b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )


def proposed(body: bytes) -> datetime | None:
    reply = read_reply(body)
    assert isinstance(reply, CalendarReply)
    return reply.starts_at


def test_a_zone_whose_rules_never_end_is_read_in_moments() -> None:
    """A few hundred bytes that would keep the library busy for years, counting seconds since 1601."""
    began = time.process_time()
    body = counter(b";TZID=Bomb:20270310T090000", zone(b"Bomb", b"+0100", b"RRULE:FREQ=SECONDLY\r\n"))
    assert proposed(body) is None
    assert time.process_time() - began < MOMENTS


def test_nobody_defines_the_zones_of_others() -> None:
    """A zone that one mail brings along is forgotten with it, and never hides one that is known."""
    start = b";TZID=Customized Time Zone:20270310T090000"
    assert proposed(counter(start, zone(b"Customized Time Zone", b"-1200"))) is None
    assert proposed(counter(start)) is None
    hidden = counter(b";TZID=Europe/Rome:20270310T090000", zone(b"Europe/Rome", b"-1200"))
    assert proposed(hidden) == datetime(2027, 3, 10, 8, tzinfo=UTC)


def test_a_zone_is_not_planted_under_another_name_either() -> None:
    """What begins as something else and ends as a zone is no calendar."""
    planted = b"BEGIN:X-ANY\r\nTZID:Planted\r\nEND:VTIMEZONE\r\n"
    assert read_reply(counter(b":20270310T090000Z", planted)) is NoReply.CALENDAR_UNREADABLE


@pytest.mark.parametrize(
    "start", [b";TZID=W. Europe Standard Time:20270310T090000", b";TZID=/vendor.example/Europe/Rome:20270310T090000"]
)
@pytest.mark.filterwarnings("ignore::icalendar.error.GloballyUniqueTZIDGuessed")  # pytest sets our own filter aside
def test_zones_by_their_other_names(start: bytes) -> None:
    """Those of Windows, and those with a vendor in front, are zones that everybody knows."""
    assert proposed(counter(start)) == datetime(2027, 3, 10, 8, tzinfo=UTC)


@pytest.mark.parametrize("start", [b":next Tuesday", b";TZID=Asia/Tokyo:00010101T000000", b";VALUE=DATE:20270310"])
def test_a_time_that_is_none_is_no_time(start: bytes) -> None:
    """The counter-proposal stands, without it."""
    assert proposed(counter(start)) is None


def test_a_mail_that_names_a_file_opens_none(tmp_path: Path) -> None:
    """The library takes one line of text for the name of a file."""
    file = tmp_path / "answer.ics"
    file.write_bytes(ics(b"UID:u", b"ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.example"))
    assert isinstance(read_reply(file.read_bytes()), CalendarReply)
    assert read_reply(str(file).encode()) is NoReply.CALENDAR_UNREADABLE


def test_a_plus_in_an_address_may_be_written_as_in_a_url() -> None:
    """`mailto:` begins a URL."""
    reply = read_reply(ics(b"UID:u", b"ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:Ada%2Bwork@b.example"))
    assert isinstance(reply, CalendarReply)
    assert reply.attendance[0].addresses == ("ada+work@b.example",)
