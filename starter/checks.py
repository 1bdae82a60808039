"""What is checked before anything travels: ids, zones, and that a person is known."""

from mentoring_lifecycle.activities.clocks import is_zone_name
from mentoring_lifecycle.activities.ports import PeopleGateway
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from mentoring_lifecycle.starter.answers import CommandRejected


def require_identifiers(**ids: str) -> None:
    """Each can be part of a workflow id. Raises CommandRejected with the name of the first that cannot."""
    for name, value in ids.items():
        if not names.is_identifier(value):
            raise CommandRejected(Rejection(Refusal.BAD_IDENTIFIER, name))


def require_zone(zone: str) -> None:
    """An IANA name that we know. Raises CommandRejected."""
    if not is_zone_name(zone):
        raise CommandRejected(Rejection(Refusal.UNKNOWN_ZONE, zone[:64]))


async def known_person(people: PeopleGateway, person: str) -> Person:
    """Whom the directory knows by this id and who is active. Raises CommandRejected."""
    is_free = names.is_identifier(person) and person != PROGRAMME_OFFICE
    found = await people.find(person) if is_free else None
    if found is None:
        raise CommandRejected(Rejection(Refusal.UNKNOWN_PERSON, _printable(person)))
    if not found.active:
        raise CommandRejected(Rejection(Refusal.PERSON_INACTIVE, found.id))
    return found


def _printable(text: str) -> str:
    return text if names.is_identifier(text) else "given"
