"""What a calendar answers to an invitation (iMIP METHOD:REPLY and COUNTER, RFC 6047): from bytes to a value.

Who answers is whoever the ATTENDEE names, never who the mail says it is from; outlook.com leaves the ORGANIZER out, so
nothing rests on it. Recurrence rules are never expanded, and no time zone is ever fetched. Zones that a mail defines
itself are not used: their rules would be expanded, and the library would keep them for the mails of everybody else.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

from icalendar import Calendar, Component, ComponentFactory
from icalendar.error import GloballyUniqueTZIDGuessed
from icalendar.parser.ical.component import ComponentIcalParser
from icalendar.prop import vDDDTypes

from mentoring_lifecycle.domain.commands import CalendarAnswer

LARGEST = 128 * 1024
"""Bytes of a calendar part; an answer takes one or two thousand."""

MOST_ATTENDEES = 20
UID_LENGTH = 255


class NoReply(StrEnum):
    """Why a calendar part answers nothing."""

    CALENDAR_UNREADABLE = "calendar_unreadable"
    CALENDAR_TOO_LARGE = "calendar_too_large"
    METHOD = "method"
    """It asks, tells or cancels something of its own."""
    SEVERAL_EVENTS = "several_events"
    NO_EVENT = "no_event"
    NO_UID = "no_uid"
    NO_ATTENDEE = "no_attendee"


@dataclass(frozen=True, slots=True)
class Attendance:
    """What one attendee says."""

    addresses: tuple[str, ...]
    """Under which they may be known, case-folded."""
    answer: CalendarAnswer | None
    """None: nothing that decides anything (NEEDS-ACTION, DELEGATED)."""


@dataclass(frozen=True, slots=True)
class CalendarReply:
    """One calendar's answer about one entry."""

    uid: str
    revision: int
    """SEQUENCE; -1 where it is missing."""
    attendance: tuple[Attendance, ...]
    stamped_at: str
    """DTSTAMP as it is written; tells two answers of the same kind apart."""
    starts_at: datetime | None = None
    """With a COUNTER: the other time, in UTC, where it is one with a zone that is known."""


# "/vendor.example/Europe/Rome" is Europe/Rome; the warning would quote a stranger's mail into the log.
warnings.filterwarnings("ignore", category=GloballyUniqueTZIDGuessed)

_ANSWERS = {
    "ACCEPTED": CalendarAnswer.ACCEPTED,
    "TENTATIVE": CalendarAnswer.TENTATIVE,
    "DECLINED": CalendarAnswer.DECLINED,
}


def read_reply(body: bytes, method: str = "") -> CalendarReply | NoReply:
    """The answer in a calendar part; `method` is what the mail says, for a body that does not. Never raises."""
    if len(body) > LARGEST:
        return NoReply.CALENDAR_TOO_LARGE
    try:
        (calendar,) = _Parser(body.decode("utf-8-sig", "replace"), ComponentFactory(), Calendar.types_factory).parse()
        return _reply(calendar, method)
    except Exception:  # the library promises nothing about what strangers send, and strangers send anything
        return NoReply.CALENDAR_UNREADABLE


class _Parser(ComponentIcalParser):
    """The library's parser without its memory, in which it keeps zones for the whole process.

    Not `Calendar.from_ical`, which takes a text of one line for the name of a file, and opens it.
    """

    def handle_end_component(self, vals: str) -> None:
        """Leave a zone out; only what began as one ends as one, for the parser keeps whatever ends so."""
        open_one = self.component
        if open_one is not None and (vals.upper() == "VTIMEZONE") != (open_one.name == "VTIMEZONE"):
            raise ValueError("A zone ends that has not begun, or the other way round.")
        if open_one is not None and open_one.name == "VTIMEZONE":
            self._stack.pop()
        else:
            super().handle_end_component(vals)


def _reply(calendar: Component, method: str) -> CalendarReply | NoReply:
    asked = (_text(calendar.get("METHOD")) or method).upper()
    if asked not in {"REPLY", "COUNTER"}:
        return NoReply.METHOD
    events = [each for each in calendar.subcomponents if each.name == "VEVENT"]
    if len(events) != 1:
        return NoReply.SEVERAL_EVENTS if events else NoReply.NO_EVENT
    event = events[0]
    uid = _text(event.get("UID"))
    if not uid or len(uid) > UID_LENGTH:
        return NoReply.NO_UID
    attendance = tuple(_attendance(event, countered=asked == "COUNTER"))
    if not 0 < len(attendance) <= MOST_ATTENDEES:
        return NoReply.NO_ATTENDEE
    starts_at = _instant(event.get("DTSTART")) if asked == "COUNTER" else None
    return CalendarReply(uid, _number(event.get("SEQUENCE")), attendance, _written(event.get("DTSTAMP")), starts_at)


def _attendance(event: Component, *, countered: bool) -> Iterator[Attendance]:
    for attendee in _all(event.get("ATTENDEE")):
        params = getattr(attendee, "params", {})
        written = (_text(attendee), _text(params.get("EMAIL")))
        addresses = tuple(dict.fromkeys(address for each in written if (address := _address(each))))
        answer = CalendarAnswer.COUNTERED if countered else _ANSWERS.get(_text(params.get("PARTSTAT")).upper())
        if addresses:
            yield Attendance(addresses, answer)


def _address(text: str) -> str:
    folded = text.strip().casefold()
    if folded.startswith("mailto:"):  # a URL, in which a plus may stand as %2B
        folded = unquote(folded.removeprefix("mailto:")).strip()
    return folded if "@" in folded else ""


def _all(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str) else ""


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int) and 0 <= value < 2**31 else -1


def _instant(value: Any) -> datetime | None:
    """A moment with a zone; a bare day, a floating time and what is no time at all are none."""
    moment = value.dt if isinstance(value, vDDDTypes) else None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        return None
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # in the year 1 or 9999
        return None


def _written(value: Any) -> str:
    moment = _instant(value)
    return moment.isoformat() if moment else ""
