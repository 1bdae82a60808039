"""A person as the people directory knows them; resolved at the moment of sending and never carried in a history."""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum


class AddressState(StrEnum):
    """Whether mail to a person is known to arrive."""

    OK = "ok"
    FAILED = "failed"
    """The mail server refused it for good; nothing more is sent until somebody corrects the address."""


@dataclass(frozen=True, slots=True)
class Person:
    """One row of the people directory."""

    id: str
    """Opaque: letters, digits, dash, underscore, dot; at most 64 characters."""
    name: str
    email: str
    locale: str
    """`en` or `it`."""
    zone: str
    """IANA zone name."""
    level: int
    """Grade in the organisation; higher is more senior."""
    manager: str = ""
    """Person id of the line manager; empty at the top."""
    works_from: time = time(9)
    works_until: time = time(18)
    """Working hours in the person's own zone."""
    address: AddressState = AddressState.OK
    active: bool = True
    country: str = ""
    """ISO 3166-1 code, such as `IT`, whose public holidays are kept; empty: none."""
    region: str = ""
    """Subdivision of the country with holidays of its own, such as `MI`."""
    rest_days: tuple[int, ...] = (5, 6)
    """Weekdays without work and without mail; 0 is Monday."""
    quiet_from: time = time(20)
    quiet_until: time = time(8)
    """Local hours in which nothing is sent that can wait; equal hours: there are none."""
    next_zone: str = ""
    next_zone_from: date | None = None
    """Where the person lives from that local day on; empty and None: no move is known of."""
    other_email: str = ""
    """Another address of the same person, written to only when mail to the first one fails; may be empty."""
    capacity: int = 0
    """How many open relationships the person may be part of, in either role; 0: as many as come."""
    busy_url: str = ""
    """https address that tells when the person is busy (a CalDAV collection or a free/busy feed); may be empty."""

    def zone_on(self, day: date) -> str:
        """Name of the zone in which the person lives on a day."""
        has_moved = self.next_zone and self.next_zone_from and day >= self.next_zone_from
        return self.next_zone if has_moved else self.zone
