"""Ten thousand mails that nobody would send, made from the corpus: none crashes anything, and none changes anything
without a match. A refused one is logged with its reason.
"""

import asyncio
import base64
import quopri
import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.gateways.imip_reply import CalendarReply, NoReply, read_reply
from mentoring_lifecycle.gateways.inbound_mail import DeliveryReport, Unread, read_mail
from mentoring_lifecycle.starter.inbound import TAKEN, Fate

from .conftest import ED, MAILS, OBJECTS, Pair, Post

EXAMPLES = 10_000
"""Mails and calendar objects together, one of each in every example of Hypothesis."""

UID = b"r-corpus~s03@mentoring-lifecycle"
CONTENTS = tuple(MAILS.values())
BODIES = (
    *OBJECTS.values(),
    *[content.partition(b"\r\n\r\n")[2] for content in CONTENTS if b"\nContent-Type: text/calendar" in content[:800]],
)

# --- what may become of a mail on its way -----------------------------------------------------------------------

TOKENS = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b"=", b"--", b"\"", b"\xff\xfe", b"\xc3",
    b"=?utf-8?q?=0ABcc:?=",
    b"Content-Type: multipart/mixed; boundary=\"x\"\r\n\r\n--x\r\n", b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Type: message/delivery-status\r\n\r\n", b"Content-Type: text/calendar; method=REPLY\r\n\r\n",
    b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n", b"Content-Type: \r\n",
    b"charset=\"x-unknown\"", b"charset*0*=utf-8''%FF", b"boundary=", b"Auto-Submitted: auto-replied\r\n",
    b"BEGIN:VCALENDAR\r\n", b"END:VCALENDAR\r\n", b"BEGIN:VEVENT\r\n", b"END:VEVENT\r\n", b"METHOD:REPLY\r\n",
    b"METHOD:COUNTER\r\n", b"METHOD:CANCEL\r\n", b"SEQUENCE:-1\r\n", b"SEQUENCE:99999999999999999999\r\n",
    b"DTSTART;TZID=Nowhere/Else:20270230T250000\r\n", b"DTSTART;VALUE=DATE:20270309\r\n", b"DTSTAMP:garbage\r\n",
    b"RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30\r\n", b"RRULE:FREQ=YEARLY;COUNT=1000000000\r\n", b"UID:\r\n",
    b"ATTENDEE;PARTSTAT=ACCEPTED:mailto:zoe@elsewhere.example\r\n", b"PARTSTAT=", b"mailto:", b"ed@pair.example", UID,
    b"Action: failed\r\n", b"Status: 5.1.1\r\n", b"Final-Recipient: rfc822; ed@pair.example\r\n", b"\\",
    b"\xf0\x9f\x92\xa9",
    b"A" * 1200, b"X-Bomb: y\r\n" * 200, b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 30,
)  # fmt: skip
PLACES = st.integers(0, 2**16 - 1)

Change = tuple[str, int, int, bytes]
CHANGES: st.SearchStrategy[Change] = st.tuples(
    st.sampled_from(["put", "cut", "copy", "swap", "flip", "end", "line"]), PLACES, PLACES, st.sampled_from(TOKENS)
)


def changed(content: bytes, change: Change) -> bytes:
    """The mail after one accident."""
    what, one, other, token = change
    size = len(content) + 1
    start, end = sorted((one % size, other % size))
    end = min(end, start + 400)
    match what:
        case "put":
            return content[:start] + token + content[start:]
        case "cut":
            return content[:start] + content[end:]
        case "copy":
            return content[:end] + content[start:end] * 3 + content[end:]
        case "swap":
            return content[:start] + token + content[end:]
        case "flip":
            return content[:start] + bytes(byte ^ 0x20 for byte in content[start:end]) + content[end:]
        case "line":
            lines = content.split(b"\r\n")
            lines.insert(one % len(lines), token.strip())
            return b"\r\n".join(lines)
        case _:
            return content[:start]


@st.composite
def mails(draw: st.DrawFn) -> bytes:
    """A mail of the corpus after some accidents, or the head of one on the body of another; now and then noise."""
    content = draw(st.sampled_from(CONTENTS))
    if draw(st.integers(0, 9)) == 0:
        other = draw(st.sampled_from(CONTENTS))
        content = content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + other.partition(b"\r\n\r\n")[2]
    if draw(st.integers(0, 49)) == 0:
        content = draw(st.binary(max_size=200))
    for change in draw(st.lists(CHANGES, max_size=5)):
        content = changed(content, change)
    return content


@st.composite
def objects(draw: st.DrawFn) -> bytes:
    """A calendar object after some accidents."""
    body = draw(st.sampled_from(BODIES))
    for change in draw(st.lists(CHANGES, max_size=5)):
        body = changed(body, change)
    return body


# --- the promises -----------------------------------------------------------------------------------------------


class Watched:
    """One mailbox for all examples; each begins with a pair that has heard nothing."""

    def __init__(self) -> None:
        self.post = Post()
        self.lived = self.post.pair.lived
        self.state = self.lived.state
        self.loop = asyncio.new_event_loop()

    def takes(self, content: bytes, *, from_nobody: bool) -> tuple[str, list[Any], list[c.Command]]:
        """The reply, the lines logged, and what the relationship took note of."""
        post = self.post
        self.lived.state = self.state
        post.pair = Pair(self.lived)
        with capture_logs() as lines:
            reply = self.loop.run_until_complete(post.take(content, from_nobody=from_nobody))
        return reply, list(lines), post.pair.noted


WATCHED = Watched()


def decoded(content: bytes) -> bytes:
    """All that a match could rest on, as text: the parts of the mail, read by simpler means than the reader's."""
    found = content + quopri.decodestring(content)
    # What is no base64 is passed over within a block, as by every decoder: a bare carriage return, for one.
    blocks = re.split(rb"\n\r?\n|\r\r|\n--", content) if b"base64" in content.lower() else []
    for block in blocks:
        for start in range(4):
            usable = re.sub(rb"[^A-Za-z0-9+/]", b"", block)[start:]
            found += base64.b64decode(usable[: len(usable) // 4 * 4])
    return re.sub(rb"\r?\n[ \t]", b"", found).lower()


@settings(
    max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(mails(), objects(), st.booleans())
def test_ten_thousand_mails_change_nothing_without_a_match(content: bytes, body: bytes, from_nobody: bool) -> None:
    """Each gets its reply and its log line; what is noted is about this person's own session or own address."""
    assert isinstance(read_mail(content), CalendarReply | DeliveryReport | NoReply | Unread)
    assert isinstance(read_reply(body), CalendarReply | NoReply)
    reply, lines, noted = WATCHED.takes(content, from_nobody=from_nobody)
    (line,) = lines
    assert reply == TAKEN, line
    assert line["why"]
    assert re.fullmatch(r"[a-z_]+", line["why"]), line["why"]
    assert line["event"] == ("inbound_applied" if noted else line["event"])
    for note in noted:
        text = decoded(content)
        if isinstance(note, c.NoteCalendar):
            assert (note.by, note.session) == (ED, 3)
            assert UID in text
            assert re.search(rb"attendee[^\r\n]*ed@(pair|home)\.example", text)
        else:
            assert isinstance(note, c.NoteAddress)
            assert note.person == ED
            assert re.search(rb"(final|original)-recipient[^\r\n]*ed@pair\.example", text)


def test_the_fuzz_reached_every_ending() -> None:
    """A fuzz that only ever met the first check would prove nothing; this one is told apart by what it met."""
    met = {(fate.value, reason) for (fate, reason), count in WATCHED.post.inbox.counts.items() if count >= 10}
    wanted = {
        *(("applied", answer) for answer in ("accepted", "declined", "tentative", "countered", "address_failed")),
        *(("ignored", reason) for reason in ("uid", "attendee", "method", "calendar_unreadable", "words", "automatic")),
        *(
            ("ignored", reason)
            for reason in ("recipient", "delivered", "bounce_unreadable", "several_events", "no_uid")
        ),
        ("ignored", "too_nested"),
    }
    assert wanted <= met, wanted - met
    assert not [fate for fate, _ in WATCHED.post.inbox.counts if fate is Fate.DELAYED]
    assert WATCHED.post.inbox.counts.total() == EXAMPLES
