"""A person as the people directory knows them; resolved at the moment of sending and never carried in a history."""

from dataclasses import dataclass
from datetime import time
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
