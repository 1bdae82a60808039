"""Calendar bodies: what an invitation by mail (iMIP, RFC 6047) and a CalDAV server are given of one session.

Times are written in UTC and there is no VTIMEZONE, because receivers misread generated ones. Only the properties named
here ever appear, and equal input gives equal bytes, so that a retry changes nothing in anybody's calendar.
"""

from datetime import UTC, datetime

from icalendar import CLASS, STATUS, TRANSP, Calendar, Event, vCalAddress

from mentoring_lifecycle.activities.ports import Attendee, SessionEntry
from mentoring_lifecycle.contracts.addresses import checked_address, checked_name
from mentoring_lifecycle.domain.letters import CalendarMethod

PRODUCT = "-//mentoring-lifecycle//EN"


def invitation(entry: SessionEntry, organizer: Attendee, method: CalendarMethod) -> bytes:
    """The `text/calendar` part of a mail that asks to add (REQUEST) or to drop (CANCEL) the session.

    Raises ValueError for a name or an address that must not be mailed, a time without a zone, or a method that asks
    nothing.
    """
    if method is CalendarMethod.NONE:
        raise ValueError("An invitation needs a method: request or cancel.")
    status = STATUS.CANCELLED if method is CalendarMethod.CANCEL else STATUS.CONFIRMED
    return _calendar(_event(entry, _organizer(organizer), status), method=method.value.upper())


def calendar_object(entry: SessionEntry, organizer: Attendee) -> bytes:
    """The body of a CalDAV PUT; says that invitations are sent by us, so that the server sends none.

    Raises ValueError for a name or an address that must not be written out, or a time without a zone.
    """
    silent = _organizer(organizer)
    silent.params["SCHEDULE-AGENT"] = "CLIENT"
    return _calendar(_event(entry, silent, STATUS.CONFIRMED))


def checked_organizer(organizer: Attendee) -> Attendee:
    """Who sends every mail and owns every entry; in a closed household such as the demo it may live at `localhost`.

    Raises ValueError for a name or an address that must not be mailed.
    """
    at_home = organizer.email.endswith("@localhost")
    address = checked_address(f"{organizer.email}.example" if at_home else organizer.email)
    return Attendee(checked_name(organizer.name), address.removesuffix(".example") if at_home else address)


def _calendar(event: Event, method: str = "") -> bytes:
    calendar = Calendar()  # Calendar.new would add a random UID
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    if method:
        calendar.add("method", method)
    calendar.add_component(event)
    body: bytes = calendar.to_ical()
    return body


def _event(entry: SessionEntry, organizer: vCalAddress, status: STATUS) -> Event:
    return Event.new(
        uid=entry.uid,
        sequence=entry.revision,
        stamp=_utc(entry.stamped_at),
        start=_utc(entry.starts_at),
        end=_utc(entry.ends_at),
        summary=entry.title,
        description=entry.description,
        organizer=organizer,
        attendees=[_attendee(attendee) for attendee in entry.attendees],
        classification=CLASS.PRIVATE,
        transparency=TRANSP.OPAQUE,
        status=status,
    )


def _organizer(person: Attendee) -> vCalAddress:
    return vCalAddress.new(person.email, cn=person.name)


def _attendee(person: Attendee) -> vCalAddress:
    return vCalAddress.new(
        checked_address(person.email),
        cn=checked_name(person.name),
        partstat="NEEDS-ACTION",
        role="REQ-PARTICIPANT",
        rsvp=True,
    )


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("A calendar entry needs times with a zone.")
    return instant.astimezone(UTC)
