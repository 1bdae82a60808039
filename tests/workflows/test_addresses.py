"""Mail that comes back hours later, on a real server: the person is not forgotten, and the partner learns nothing."""

from dataclasses import replace

from mentoring_lifecycle.contracts.people import AddressState
from mentoring_lifecycle.domain.commands import AddressNews, Comfort
from mentoring_lifecycle.domain.events import Phase
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.outlook import Awaiting, Health

from .life import MENTEE, MENTOR, Rig, World

OTHER = "ed@home.example"


async def test_edge_case_15_a_bounce_stops_the_clock_and_a_correction_starts_it_again(rig: Rig, broken: World) -> None:
    """Told to the coordinator and at the owner's other address; weeks later, corrected, the invitation comes again."""
    directory = broken.people.people
    directory[MENTEE] = replace(directory[MENTEE], other_email=OTHER)
    life = await rig.life()
    await life.on.accept(by=MENTOR, induction_acknowledged=True, comfort=Comfort.YES)
    await life.rest()
    to_the_partner = len(life.mails(to=MENTOR))
    await life.on.note_address(person=MENTEE, news=AddressNews.FAILED)
    await life.rest()
    assert (await life.status()).health is Health.ATTENTION
    assert life.letters()["address_failed"] == life.letters()["address_failed_owner"] == 1
    (owner,) = life.mails(LetterKind.ADDRESS_FAILED_OWNER)
    assert owner.to.email == OTHER
    assert directory[MENTEE].address is AddressState.FAILED

    await life.days(30)
    view = await life.status()
    assert (view.phase, view.awaiting) == (Phase.ONBOARDING, Awaiting.MENTEE)
    assert len(life.mails(to=MENTOR)) == to_the_partner
    assert not life.mails(LetterKind.INVITATION_REMINDER, to=MENTEE)

    directory[MENTEE] = replace(directory[MENTEE], email="ed.young@pair.example", address=AddressState.OK)
    await life.on.note_address(person=MENTEE, news=AddressNews.WORKS)
    await life.rest()
    assert len(life.mails(LetterKind.INVITATION, to=MENTEE)) == 1, "at the new address"
    await life.on.accept(by=MENTEE, induction_acknowledged=True, comfort=Comfort.YES)
    await life.rest()
    assert (await life.status()).phase is Phase.GROUND_RULES
