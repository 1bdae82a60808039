"""The people directory."""

from dataclasses import replace
from datetime import time
from typing import cast

import pytest
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from mentoring_lifecycle.contracts.people import AddressState, Person
from mentoring_lifecycle.gateways.people_sql import SqlPeople

GIULIA = Person("p-7f3a", "Giulia Ferrari", "giulia@people.example", "it", "Europe/Rome", 4, "p-2b94")
OLIVER = Person(
    "p-2b94", "Oliver Hughes", "oliver@people.example", "en", "Europe/London", 12, "", time(8, 30), time(17)
)


@pytest.fixture
def people(engine: AsyncEngine) -> SqlPeople:
    return SqlPeople(engine)


async def test_people_come_back_as_they_were(people: SqlPeople) -> None:
    """Every field survives, accents and half hours included; nobody else is found."""
    accented = replace(GIULIA, name="Niccolò D’Àngelo", active=False)
    await people.save([accented, OLIVER])
    assert await people.find("p-7f3a") == accented
    assert await people.all() == [OLIVER, accented]
    assert await people.find("p-0000") is None


async def test_saving_replaces_those_given_and_nobody_else(people: SqlPeople) -> None:
    """An import updates people by id and leaves everybody it does not mention alone."""
    await people.save([GIULIA, OLIVER])
    promoted = replace(GIULIA, level=6, zone="Europe/London")
    await people.save([promoted])
    await people.save([])
    assert await people.all() == [OLIVER, promoted]


async def test_a_failed_address_is_remembered(people: SqlPeople) -> None:
    """A refused address is marked for that person alone; marking somebody unknown does nothing."""
    await people.save([GIULIA, OLIVER])
    await people.mark_address_failed("p-7f3a")
    await people.mark_address_failed("p-0000")
    assert await people.all() == [OLIVER, replace(GIULIA, address=AddressState.FAILED)]


async def test_the_same_address_stays_failed_after_an_import(people: SqlPeople) -> None:
    """Importing the same roster again does not make a refused address good."""
    await people.save([GIULIA])
    await people.mark_address_failed("p-7f3a")
    await people.save([replace(GIULIA, name="Giulia Ferrari Conti")])
    found = await people.find("p-7f3a")
    assert found == replace(GIULIA, name="Giulia Ferrari Conti", address=AddressState.FAILED)


async def test_a_new_address_is_good_until_it_fails(people: SqlPeople) -> None:
    """A corrected address is tried again, even if the person given still carries the old state."""
    await people.save([GIULIA])
    await people.mark_address_failed("p-7f3a")
    corrected = replace(GIULIA, email="g.ferrari@people.example", address=AddressState.FAILED)
    await people.save([corrected])
    assert await people.find("p-7f3a") == replace(corrected, address=AddressState.OK)


async def test_two_people_may_swap_addresses(people: SqlPeople) -> None:
    """One import can exchange what two people had."""
    await people.save([GIULIA, OLIVER])
    swapped = [replace(OLIVER, email=GIULIA.email), replace(GIULIA, email=OLIVER.email)]
    await people.save(swapped)
    assert await people.all() == swapped


async def test_an_erased_person_is_unknown(people: SqlPeople) -> None:
    """Erasing takes the whole row of one person and says whether there was one."""
    await people.save([GIULIA, OLIVER])
    assert await people.erase("p-7f3a")
    assert not await people.erase("p-7f3a")
    assert await people.all() == [OLIVER]


async def test_a_failed_import_saves_nobody_and_names_nobody(people: SqlPeople) -> None:
    """One row that cannot be stored undoes the whole import, and the error holds no name and no address."""
    with pytest.raises(SQLAlchemyError) as failure:
        await people.save([OLIVER, replace(GIULIA, level=cast(int, None))])
    assert await people.all() == []
    assert "Giulia" not in str(failure.value)
    assert "people.example" not in str(failure.value)
