"""What a mail that comes back means: an answer of a calendar, the fate of a mail of ours, or nothing that we read.

Mail is written by anybody, so this reads as little of it as it can, with bounds on everything, and never raises. Words
that people write to us are not read at all.
"""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from enum import StrEnum
from hashlib import sha256

from mentoring_lifecycle.gateways.delivery_status import Fate, fates, text_of
from mentoring_lifecycle.gateways.imip_reply import CalendarReply, NoReply, read_reply

LARGEST = 1024 * 1024
"""Bytes of a mail."""

# The parser compares each line with the boundary of every open part, so lines times boundaries is what a mail costs.
MOST_LINES = 40_000
MOST_BOUNDARIES = 40
MOST_PARTS = 200
LONGEST_HEADER = 2_000
"""Characters of one header; the library's reading of parameters takes the square of them."""


class _ShortHeaders(Compat32):
    """Cuts a header that is longer than any mail program writes one, before anything is read in it."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name[:LONGEST_HEADER], value[:LONGEST_HEADER]


_SHORT_HEADERS = _ShortHeaders()


class Unread(StrEnum):
    """Why a mail means nothing to us."""

    TOO_LARGE = "too_large"
    TOO_NESTED = "too_nested"
    UNREADABLE = "unreadable"
    SEVERAL_REPLIES = "several_replies"
    BOUNCE_UNREADABLE = "bounce_unreadable"
    """A mail server says something that no program can be sure of."""
    RECEIPT = "receipt"
    AUTOMATIC = "automatic"
    """An absence note or another answer of a machine; never an answer of the person."""
    WORDS = "words"
    """Somebody has written to us, and nobody reads it here."""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What became of mails of ours."""

    fates: tuple[Fate, ...]
    mark: str
    """Equal for the same report, however often it comes."""


Reading = CalendarReply | DeliveryReport | NoReply | Unread


def read_mail(content: bytes, *, from_nobody: bool = False) -> Reading:
    """What the mail means. `from_nobody`: its envelope names no sender, as with every bounce. Never raises."""
    if len(content) > LARGEST:
        return Unread.TOO_LARGE
    # NUL bytes and bare carriage returns are no line ends to count by, and lines to the parser all the same.
    lines = content.count(b"\n") + content.count(b"\r")
    if lines > 2 * MOST_LINES or content.lower().count(b"boundary") > MOST_BOUNDARIES:
        return Unread.TOO_NESTED
    try:
        return _reading(message_from_bytes(content, policy=_SHORT_HEADERS), from_nobody)
    except Exception:  # the standard library's parser fails in many ways on what no mail program writes
        return Unread.UNREADABLE


def _reading(message: Message, from_nobody: bool) -> Reading:
    if not message.keys():
        return Unread.UNREADABLE
    parts = _parts(message)
    report = next((part for part in parts if _is_status(part)), None)
    if report is not None:
        told = fates(report)
        mark = sha256(text_of(report).encode("utf-8", "replace")).hexdigest()
        return DeliveryReport(told, mark) if told else Unread.BOUNCE_UNREADABLE
    if replies := _calendar_readings(parts):
        return replies
    if any(part.get_content_type() == "message/disposition-notification" for part in parts):
        return Unread.RECEIPT
    if from_nobody or _is_from_a_mail_server(message):
        return Unread.AUTOMATIC if _is_automatic(message) else Unread.BOUNCE_UNREADABLE
    return Unread.AUTOMATIC if _is_automatic(message) else Unread.WORDS


def _parts(message: Message) -> list[Message]:
    """Every part in order, but nothing of messages that are enclosed: those are somebody else's, or our own."""
    found: list[Message] = []
    waiting = [message]
    while waiting and len(found) < MOST_PARTS:
        part = waiting.pop()
        found.append(part)
        inner = part.get_payload()
        if isinstance(inner, list) and part.get_content_maintype() == "multipart":
            waiting.extend(reversed([each for each in inner if isinstance(each, Message)]))
    return found


def _is_status(part: Message) -> bool:
    return part.get_content_type() in {"message/delivery-status", "message/global-delivery-status"}


# --- answers of calendars ---------------------------------------------------------------------------------------


def _calendar_readings(parts: list[Message]) -> CalendarReply | NoReply | Unread | None:
    """The one answer; programs send it twice, as a part and as a file."""
    read = [read_reply(_body(part), _method(part)) for part in parts if _is_calendar(part)]
    replies = list(dict.fromkeys(each for each in read if isinstance(each, CalendarReply)))
    if len(replies) > 1:
        return Unread.SEVERAL_REPLIES
    return replies[0] if replies else next(iter(read), None)


def _is_calendar(part: Message) -> bool:
    named = (part.get_filename() or "").casefold().endswith(".ics")
    return not part.is_multipart() and (named or part.get_content_type() in {"text/calendar", "application/ics"})


def _body(part: Message) -> bytes:
    body = part.get_payload(decode=True)
    return body if isinstance(body, bytes) else b""


def _method(part: Message) -> str:
    method = part.get_param("method", "")
    return method if isinstance(method, str) else ""


# --- answers of machines ----------------------------------------------------------------------------------------

_MARKS = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Auto-Response-Suppress",
    "X-Autoresponder",
    "X-FC-MachineGenerated",
    "Feedback-ID",
    "List-Id",
    "List-Unsubscribe",
)
_SUBJECTS = re.compile(
    r"""
    \b(?:out\ of\ (?:the\ )?office | auto(?:matic)?[ -]?(?:reply|response|risposta)
       | away\ from\ (?:my\ |the\ )?(?:desk|mail|office) | on\ (?:annual\ leave|vacation|holiday)
       | vacation\ (?:reply|message)
       | risposta\ automatica | fuori\ (?:sede|ufficio|stanza) | assen(?:te|za)\ (?:dal|per|fino|ufficio) | in\ ferie
       | messaggio\ (?:automatico|di\ assenza) )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MAIL_SERVERS = re.compile(r"\b(?:mailer-daemon|postmaster|mail delivery (?:sub)?system)\b", re.IGNORECASE)


def _is_automatic(message: Message) -> bool:
    submitted = _header(message, "Auto-Submitted").partition(";")[0].strip().casefold()
    if submitted not in {"", "no"}:
        return True
    if _header(message, "Precedence").strip().casefold() in {"bulk", "junk", "list", "auto_reply"}:
        return True
    if any(message.get(mark) is not None for mark in _MARKS):
        return True
    return _SUBJECTS.search(_header(message, "Subject")) is not None


def _is_from_a_mail_server(message: Message) -> bool:
    return _MAIL_SERVERS.search(_header(message, "From")) is not None


def _header(message: Message, name: str) -> str:
    """The first 500 characters in plain text, whatever they were written in."""
    written = str(message.get(name, ""))[:500]
    try:
        words = [
            part if isinstance(part, str) else part.decode(charset or "ascii", "replace")
            for part, charset in decode_header(written)
        ]
    except Exception:  # an unknown character set, base64 that is none
        return written
    return "".join(words)
