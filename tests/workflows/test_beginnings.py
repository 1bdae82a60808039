"""Beginnings on a real server: who may be paired, what a failed start leaves, and how a relationship goes on anew."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.gateways.memory import MemoryPairings
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.client import MentoringClient
from mentoring_lifecycle.starter.relationship_handle import RelationshipHandle

from .life import COORDINATOR, MENTEE, MENTOR, PEOPLE, STRANGER, QuickLife, Rig, both_accepted, both_signed

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Office:
    """A client that checks pairings, with people of its own who take part in nothing else."""

    rig: Rig
    client: MentoringClient
    pairings: MemoryPairings
    programme: str = field(default_factory=lambda: f"p-{uuid4().hex[:8]}")

    async def open(self, mentor: str = MENTOR, mentee: str = MENTEE, **given: str) -> RelationshipHandle:
        opened = await self.client.open(
            mentor=mentor, mentee=mentee, **{"coordinator": COORDINATOR, "programme": self.programme, **given}
        )
        await self.life(opened).rest()
        return opened

    def life(self, relationship: RelationshipHandle) -> QuickLife:
        return QuickLife(relationship, self.rig.clock, self.rig.world)

    async def ended(self, **given: str) -> RelationshipHandle:
        opened = await self.open(**given)
        await opened.exit(by=MENTOR)
        await self.life(opened).rest()
        return opened

    async def refusal(self, **given: str) -> Refusal:
        with pytest.raises(CommandRejected) as refused:
            await self.open(**given)
        return refused.value.code

    def capacity(self, person: str, capacity: int) -> None:
        people = self.rig.world.people.people
        people[person] = replace(people[person], capacity=capacity)


@pytest.fixture
async def office(rig: Rig) -> AsyncIterator[Office]:
    """Its pairings are those that the rig's journal tells of."""
    pairings = MemoryPairings()
    before, rig.world.journal.pairings = rig.world.journal.pairings, pairings
    client = MentoringClient(
        rig.clock.client,
        people=rig.world.people,
        task_queue=rig.mentoring._task_queue,
        pairings=pairings,
        journal=rig.world.journal,
    )
    rig.world.people.people["person-nia"] = Person("person-nia", "Nia", "nia@pair.example", "en", "Europe/Rome", 1)
    yield Office(rig, client, pairings)
    rig.world.journal.pairings = before
    rig.world.people.people = {person.id: person for person in PEOPLE}


async def test_the_block_list_comes_first(office: Office) -> None:
    """Before anything else about the two is looked at, in any programme; and nothing has begun."""
    await office.pairings.block(MENTEE, MENTOR)
    assert await office.refusal() is Refusal.BLOCKED_PAIR
    assert await office.refusal(coordinator=MENTOR, programme="other") is Refusal.BLOCKED_PAIR
    assert office.pairings.rows == {}


async def test_the_same_two_once_and_again_later(office: Office) -> None:
    """Edge case 31: one open relationship per pair and programme, in either order; after its end another may begin."""
    first = await office.open()
    assert await office.refusal() is Refusal.ALREADY_PAIRED
    assert await office.refusal(mentor=MENTEE, mentee=MENTOR) is Refusal.ALREADY_PAIRED
    await first.exit(by=MENTEE)
    await office.life(first).rest()
    second = await office.open()
    assert (await second.status()).phase == "onboarding"


async def test_a_person_in_several_pairs_and_both_roles(office: Office) -> None:
    """Edge case 31: as many relationships as their capacity, counted over both roles."""
    office.capacity(MENTOR, 2)
    await office.open(mentee=MENTEE)
    await office.open(mentor="person-nia", mentee=STRANGER)
    await office.open(mentor="person-nia", mentee=MENTEE, programme="other")
    await office.open(mentor=MENTEE, mentee=MENTOR, programme="elsewhere")
    assert await office.refusal(mentee=MENTEE, programme="third") is Refusal.NO_CAPACITY


async def test_opening_again_with_the_same_id_opens_nothing(office: Office) -> None:
    """The places are kept once, and another pair does not get in under a known id."""
    relationship = f"r-{uuid4().hex[:8]}"
    await office.open(relationship=relationship)
    again = await office.open(relationship=relationship)
    assert (again.id, len(office.pairings.rows)) == (relationship, 1)
    assert await office.refusal(mentor="person-nia", relationship=relationship) is Refusal.ID_TAKEN


async def test_a_start_that_fails_for_good_leaves_no_place_taken(office: Office) -> None:
    """Nothing began, so nobody's room is used up."""
    nowhere = await Client.connect(office.rig.clock.client.service_client.config.target_host, namespace="nowhere")
    lost = MentoringClient(nowhere, people=office.rig.world.people, pairings=office.pairings)
    with pytest.raises(RPCError):
        await lost.open(mentor=MENTOR, mentee=MENTEE, coordinator=COORDINATOR, programme=office.programme)
    assert office.pairings.rows == {}
    await office.open()


async def test_what_an_operator_ended_takes_nobodys_room(office: Office) -> None:
    """A terminated workflow tells no journal that it is over; the next who asks finds out."""
    first = await office.open()
    await office.rig.clock.client.get_workflow_handle(names.relationship_workflow_id(first.id)).terminate()
    assert office.pairings.rows[first.id].is_open
    second = await office.open()
    assert [office.pairings.rows[each.id].is_open for each in (first, second)] == [False, True]


@pytest.mark.parametrize(("age", "is_kept"), [(timedelta(minutes=5), True), (timedelta(hours=2), False)])
async def test_a_reservation_whose_opener_died_is_let_go(age: timedelta, is_kept: bool, office: Office) -> None:
    """Between reserving and starting a process may die; its place is free again an hour later, and not before."""
    await office.pairings.reserve("r-never", programme=office.programme, mentor=MENTOR, mentee=MENTEE, capacities={})
    office.pairings.rows["r-never"] = replace(office.pairings.rows["r-never"], since=datetime.now(UTC) - age)
    if is_kept:
        assert await office.refusal() is Refusal.ALREADY_PAIRED
    else:
        await office.open()
        assert "r-never" not in office.pairings.rows


# --- after an end -----------------------------------------------------------------------------------------------


async def test_reopening_is_a_new_relationship(office: Office) -> None:
    """Edge case 2: the same two, a new id, linked to the old one, which stays as it was; asked twice it is one."""
    old = await office.ended()
    before = await office.rig.world.journal.read(old.id)
    continued = await office.client.reopen(old.id)
    await office.life(continued.relationship).rest()
    assert continued.relationship.id == f"{old.id}-2"
    assert (await office.client.reopen(old.id)).relationship.id == f"{old.id}-2"
    assert await office.rig.world.journal.read(old.id) == before
    await continued.relationship.exit(by=MENTOR)
    await office.life(continued.relationship).rest()
    first, *_ = await office.rig.world.journal.read(continued.relationship.id)
    assert f'"follows":"{old.id}"' in first.body
    assert (await office.client.reopen(f"{old.id}-2")).relationship.id == f"{old.id}-3"


async def test_an_open_relationship_is_not_reopened(office: Office) -> None:
    """Neither is one that nobody knows; without a journal nobody can tell."""
    running = await office.open()
    await office.life(running).past(both_accepted)
    await running.sign_rules(by=MENTOR, version=1)
    await running.sign_rules(by=MENTEE, version=1)
    await office.life(running).rest()
    blind = MentoringClient(office.rig.clock.client, people=office.rig.world.people)
    expected = {
        Refusal.NOT_CLOSED: office.client.reopen(running.id),
        Refusal.UNKNOWN_RELATIONSHIP: office.client.reopen("r-unknown"),
        Refusal.NO_JOURNAL: blind.reopen(running.id),
        Refusal.ONE_NEW_PERSON: office.client.rematch(running.id),
    }
    for code, asking in expected.items():
        with pytest.raises(CommandRejected) as refused:
            await asking
        assert refused.value.code is code


async def test_reopening_asks_everything_again(office: Office) -> None:
    """A block that came after the end, and a leaver, stand in the way as at any other start."""
    old = await office.ended()
    await office.pairings.block(MENTOR, MENTEE)
    with pytest.raises(CommandRejected) as refused:
        await office.client.reopen(old.id)
    assert refused.value.code is Refusal.BLOCKED_PAIR
    await office.pairings.unblock(MENTOR, MENTEE)
    people = office.rig.world.people.people
    people[MENTEE] = replace(people[MENTEE], active=False)
    with pytest.raises(CommandRejected) as refused:
        await office.client.reopen(old.id)
    assert refused.value.code is Refusal.PERSON_INACTIVE


async def test_a_rematch_never_exchanges_a_person(office: Office) -> None:
    """Edge case 19: the one who stays begins anew with somebody else, in a relationship of its own."""
    old = await office.ended()
    continued = await office.client.rematch(old.id, mentor="person-nia")
    await office.life(continued.relationship).rest()
    row = office.pairings.rows[continued.relationship.id]
    assert (row.mentor, row.mentee, row.is_open) == ("person-nia", MENTEE, True)
    assert office.pairings.rows[old.id].mentor == MENTOR
    assert continued.relationship.id == f"{old.id}-mentee"
    assert continued.goals == ()


async def test_goals_come_along_only_with_their_owners_consent(office: Office) -> None:
    """Of what was carried, the pair's and that of the one who stays, as a suggestion; the rest stays behind."""
    old = await office.open()
    life = await office.life(old).past(both_accepted, both_signed)
    goals = tuple(c.Goal(owner, owner.value, "seen", c.Measure.COUNT, 1, 5) for owner in c.GoalOwner)
    await old.propose_goals(by=MENTOR, goals=goals)
    await old.agree_goals(by=MENTEE, proposal=1, baselines=(1, 1, 1))
    await old.end_for_rematch(by=COORDINATOR, staying=(Party.MENTEE,))
    for person in (MENTOR, MENTEE):
        await old.carry_goals(by=person, yes=True)
    await life.rest()
    continued = await office.client.rematch(old.id, mentor="person-nia")
    await office.life(continued.relationship).rest()
    assert [goal.owner for goal in continued.goals] == [c.GoalOwner.PAIR, c.GoalOwner.MENTEE]
    assert (await continued.relationship.agreement()).suggested_goals == continued.goals
