"""Who takes part: roles teach, power protects, offices run the programme.

Role and power are separate on purpose. In reverse mentoring the *mentor* is the junior, so a rule that protects
looks at power and a rule that teaches looks at role.
"""

from dataclasses import dataclass
from enum import StrEnum


class Party(StrEnum):
    """The part somebody plays towards one relationship."""

    MENTOR = "mentor"
    MENTEE = "mentee"
    COORDINATOR = "coordinator"
    BACKUP = "backup"
    """Stands in for the coordinator when a clock runs on unanswered."""
    SAFEGUARDING = "safeguarding"
    """The named contact for severe reports; no part of the relationship itself."""


PAIR = (Party.MENTOR, Party.MENTEE)
"""The two participants, in the order in which they are always written to."""


class Power(StrEnum):
    """Standing in the organisation relative to the partner; protections follow it, never the role."""

    JUNIOR = "junior"
    SENIOR = "senior"


@dataclass(frozen=True, slots=True)
class Participant:
    """One of the pair, by opaque id: name, address and zone live in the people directory alone."""

    person: str
    power: Power


def partner_of(party: Party) -> Party:
    """The other one of the pair."""
    return Party.MENTEE if party is Party.MENTOR else Party.MENTOR
