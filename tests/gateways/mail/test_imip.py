"""Calendar bodies: what they say, what they never say, and that they say it the same way each time."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from mentoring_lifecycle.activities.ports import Attendee
from mentoring_lifecycle.domain.letters import CalendarMethod
from mentoring_lifecycle.gateways.imip import calendar_object, checked_organizer, invitation

ORGANIZER = Attendee("Mentoring", "mentoring@programme.example")
ALLOWED = {
    "UID",
    "SEQUENCE",
    "DTSTAMP",
    "DTSTART",
    "DTEND",
    "SUMMARY",
    "DESCRIPTION",
    "STATUS",
    "CLASS",
    "TRANSP",
    "ORGANIZER",
    "ATTENDEE",
}


def parsed(body: bytes) -> tuple[Any, Any]:
    calendar = Calendar.from_ical(body)
    (component,) = calendar.subcomponents
    return calendar, component


def test_a_request_says_who_when_and_how_often_changed(entry: Any) -> None:
    """One confirmed, private event in UTC with both people asked to answer."""
    calendar, event = parsed(invitation(entry(revision=4), ORGANIZER, CalendarMethod.REQUEST))
    assert (calendar["METHOD"], calendar["VERSION"]) == ("REQUEST", "2.0")
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (entry().uid, 4, "CONFIRMED")
    assert (event["CLASS"], event["TRANSP"]) == ("PRIVATE", "OPAQUE")
    assert event["DTSTAMP"].to_ical() == b"20260302T120000Z"
    assert (event["DTSTART"].to_ical(), event["DTEND"].to_ical()) == (b"20260309T120000Z", b"20260309T130000Z")
    assert [str(person) for person in event["ATTENDEE"]] == ["mailto:anna@example.org", "mailto:bo@example.org"]
    for person, name in zip(event["ATTENDEE"], ("Anna Rossi", "Bo Öst"), strict=True):
        expected = {"CN": name, "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"}
        assert dict(person.params) == expected
    assert event["ORGANIZER"] == "mailto:mentoring@programme.example"
    assert "SCHEDULE-AGENT" not in event["ORGANIZER"].params


def test_a_cancellation_says_cancelled(entry: Any) -> None:
    """CANCEL carries the cancelled status and the raised revision of the same UID."""
    calendar, event = parsed(invitation(entry(revision=5), ORGANIZER, CalendarMethod.CANCEL))
    assert (calendar["METHOD"], event["STATUS"], event["SEQUENCE"], event["UID"]) == (
        "CANCEL",
        "CANCELLED",
        5,
        entry().uid,
    )


def test_a_calendar_object_has_no_method_and_silences_the_server(entry: Any) -> None:
    """What is PUT is no message, and the server sends no invitations of its own."""
    calendar, event = parsed(calendar_object(entry(), ORGANIZER))
    assert "METHOD" not in calendar
    assert event["STATUS"] == "CONFIRMED"
    assert event["ORGANIZER"].params["SCHEDULE-AGENT"] == "CLIENT"


@pytest.mark.parametrize("method", [CalendarMethod.REQUEST, CalendarMethod.CANCEL, CalendarMethod.NONE])
def test_nothing_but_the_named_properties_appears(method: CalendarMethod, entry: Any) -> None:
    """No alarm, attachment, zone or property of somebody's making, whatever the texts hold."""
    hostile = "x\r\nATTACH:https://evil.example\r\nBEGIN:VALARM\nX-ALT-DESC:<b>"
    strange = entry(title=hostile, description=hostile, uid="u\r\nURL:https://evil.example")
    is_message = method is not CalendarMethod.NONE
    body = invitation(strange, ORGANIZER, method) if is_message else calendar_object(strange, ORGANIZER)
    calendar, event = parsed(body)
    assert event.name == "VEVENT"
    assert event.subcomponents == []
    assert set(event) == ALLOWED
    assert set(calendar) == {"VERSION", "PRODID"} | ({"METHOD"} if is_message else set())
    names = {line.split(b":")[0].split(b";")[0] for line in body.split(b"\r\n") if line and line[:1] != b" "}
    assert names == {name.encode() for name in set(event) | set(calendar) | {"BEGIN", "END"}}


def test_equal_entries_give_equal_bytes(entry: Any) -> None:
    """A retry is byte-identical, also where the same instants came in another zone."""
    rome = ZoneInfo("Europe/Rome")
    there = replace(
        entry(),
        stamped_at=entry().stamped_at.astimezone(rome),
        starts_at=entry().starts_at.astimezone(rome),
        ends_at=entry().ends_at.astimezone(timezone(timedelta(hours=-5))),
    )
    for method in (CalendarMethod.REQUEST, CalendarMethod.CANCEL):
        assert invitation(there, ORGANIZER, method) == invitation(entry(), ORGANIZER, method)
    assert calendar_object(there, ORGANIZER) == calendar_object(entry(), ORGANIZER)


def test_names_survive_quoting(entry: Any) -> None:
    """Quotes, commas, colons and accents in a name are read back as they were."""
    name = 'Anna "Nina" Rossi: Dott.ssa; Perché, no'
    _, event = parsed(calendar_object(entry(attendees=(Attendee(name, "a@example.org"),)), ORGANIZER))
    assert event.attendees[0].params["CN"] == name


def test_lines_stay_short(entry: Any) -> None:
    """Long texts are folded at 75 bytes, never inside a character."""
    body = calendar_object(entry(description="è" * 4000), ORGANIZER)
    assert max(len(line) for line in body.split(b"\r\n")) <= 75
    assert parsed(body)[1]["DESCRIPTION"] == "è" * 4000


def test_international_domains_are_written_in_ascii(entry: Any) -> None:
    """A calendar address is a URI, so its domain is an A-label like in the mail beside it."""
    _, event = parsed(calendar_object(entry(attendees=(Attendee("Anna", "anna@bücher.example"),)), ORGANIZER))
    assert event.attendees[0] == "mailto:anna@xn--bcher-kva.example"


@pytest.mark.parametrize("name", ["stamped_at", "starts_at", "ends_at"])
def test_a_time_without_a_zone_is_refused(name: str, entry: Any) -> None:
    """Nobody guesses the zone of a calendar entry."""
    naive: datetime = getattr(entry(), name).replace(tzinfo=None)
    with pytest.raises(ValueError, match="zone"):
        calendar_object(entry(**{name: naive}), ORGANIZER)


def test_an_invitation_asks_something(entry: Any) -> None:
    """A method of none makes no invitation."""
    with pytest.raises(ValueError, match="method"):
        invitation(entry(), ORGANIZER, CalendarMethod.NONE)


def test_the_organizer_is_checked_like_everybody(entry: Any) -> None:
    """The sender needs a good name and address; `localhost` will do for a household of one computer."""
    assert checked_organizer(Attendee("M", "mentoring@localhost")) == Attendee("M", "mentoring@localhost")
    assert checked_organizer(Attendee("M", "m@BÜCHER.example")).email == "m@xn--bcher-kva.example"
    for bad in (Attendee("M\r\nBcc: x", "m@x.example"), Attendee("M", "m n@localhost"), Attendee("", "m@x.example")):
        with pytest.raises(ValueError):
            checked_organizer(bad)
