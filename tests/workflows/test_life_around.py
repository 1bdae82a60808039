"""Life around the sessions, on a real server, beside the edge cases: an early end, a silence, a new coordinator."""

import pytest

from mentoring_lifecycle.domain.commands import Choice
from mentoring_lifecycle.domain.events import RelationshipOutcome
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.starter.answers import CommandRejected

from .life import (
    BACKUP,
    COORDINATOR,
    MENTEE,
    MENTOR,
    PAIR,
    STANDARD,
    STRANGER,
    UNDER_WAY,
    Rig,
    both_looked_back,
    sessions_held,
)


async def test_two_who_have_reached_what_they_wanted_end_with_honour(rig: Rig) -> None:
    """The partner agrees, both look back on the same day, and it is called completed early."""
    life = await rig.life(*UNDER_WAY, sessions_held(3), policy=STANDARD)
    await life.on.propose_early_end(by=MENTEE)
    await life.rest()
    assert len(life.mails(LetterKind.EARLY_END, to=MENTOR)) == 1
    await life.on.agree_early_end(by=MENTOR)
    await life.past(both_looked_back)
    assert (await life.status()).outcome is RelationshipOutcome.COMPLETED_EARLY
    now = await life.now()
    assert all(start < now for starts in life.entries().values() for start in starts)


async def test_silence_of_both_is_asked_about_and_ends_it(rig: Rig) -> None:
    """The coordinator, then both, then nothing is left in any calendar."""
    life = await rig.life(*UNDER_WAY, policy=STANDARD)
    await life.days(80)
    assert (await life.status()).outcome is RelationshipOutcome.INACTIVE
    assert life.letters()["going_on"] == len(PAIR)
    now = await life.now()
    assert all(start < now for starts in life.entries().values() for start in starts)


async def test_a_coordinator_is_changed_for_somebody_who_is_known(rig: Rig) -> None:
    """The new one is told; an unknown id is refused before anything is sent."""
    life = await rig.life(*UNDER_WAY, backup=BACKUP)
    with pytest.raises(CommandRejected) as refused:
        await life.on.change_coordinator(by=COORDINATOR, coordinator="nobody")
    assert refused.value.code is Refusal.UNKNOWN_PERSON
    await life.on.change_coordinator(by=COORDINATOR, coordinator=STRANGER, backup=BACKUP)
    await life.rest()
    assert len(life.mails(LetterKind.TEAM_CHANGED, to=STRANGER)) == 1
    with pytest.raises(CommandRejected) as gone:
        await life.on.decide(by=COORDINATOR, choice=Choice.END)
    assert gone.value.code is Refusal.NOT_PART_OF_THIS
