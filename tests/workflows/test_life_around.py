"""Life around the sessions, on a real server: who leaves, who goes on, who falls silent, who changes the rules."""

from datetime import timedelta

import pytest

from mentoring_lifecycle.domain.commands import Choice
from mentoring_lifecycle.domain.events import Phase, RelationshipOutcome
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.domain.relationship import Standing
from mentoring_lifecycle.starter.client import END_OF_PROGRAMME, CommandRejected

from .life import (
    BACKUP,
    COORDINATOR,
    GOAL,
    MENTEE,
    MENTOR,
    PAIR,
    STANDARD,
    STRANGER,
    UNDER_WAY,
    Life,
    Rig,
    both_looked_back,
    end_reached,
    next_session,
    sessions_held,
)


async def closing_announced(life: Life) -> None:
    """The notice of the coming end has been sent."""
    await life.until((await life.status()).ends_at - timedelta(days=14) + timedelta(minutes=1))


async def test_cases_1_and_2_a_leaver_is_grace_then_a_neutral_end(rig: Rig) -> None:
    """Taken back in time everything goes on; else both calendars are clean and only who stays reads of the end."""
    life = await rig.life(*UNDER_WAY)
    await life.on.note_leaver(person=MENTOR)
    await life.rest()
    assert (await life.status()).standing is Standing.PAUSED
    assert life.entries() == {MENTOR: [], MENTEE: []}
    await life.days(2)
    await life.on.note_leaver(person=MENTOR, left=False)
    await life.rest()
    again = await next_session(life)
    assert life.entries()[MENTEE] == [again.starts_at]

    told = len(life.mails(to=MENTOR))
    await life.on.note_leaver(person=MENTOR)
    await life.days(3.1)
    status = await life.status()
    assert (status.phase, status.outcome) == (Phase.CLOSED, RelationshipOutcome.LEFT_ORG)
    assert len(life.mails(to=MENTOR)) == told
    assert len(life.mails(LetterKind.RELATIONSHIP_ENDED, to=MENTEE)) == 1
    assert life.entries() == {MENTOR: [], MENTEE: []}
    assert not [line for line in await life.on.timeline() if "leaver" in line]
    with pytest.raises(CommandRejected) as refused:
        await life.on.note_leaver(person=MENTOR, left=False)
    assert refused.value.code is Refusal.CLOSED


async def test_case_21_both_wish_and_the_story_goes_on_from_closing(rig: Rig) -> None:
    """Over several runs: closing, active again with sessions in both calendars, closing, and one farewell."""
    life = await rig.life(*UNDER_WAY, sessions_held(3), closing_announced)
    before = await life.status()
    assert before.phase is Phase.CLOSING
    await life.on.wish_extension(by=MENTOR, weeks=13)
    await life.rest()
    alone = await life.status()
    assert (alone.phase, alone.ends_at) == (Phase.CLOSING, before.ends_at)
    assert not [line for line in await life.on.timeline() if "wish" in line]
    await life.on.wish_extension(by=MENTEE, weeks=4)
    await life.rest()
    after = await life.status()
    assert (after.phase, after.ends_at) == (Phase.ACTIVE, before.ends_at + timedelta(weeks=4))
    assert (await life.shown())["phase"] == "active"
    await life.past(sessions_held(1), closing_announced)
    assert life.letters()["closing_notice"] == 4
    await life.past(end_reached, both_looked_back)
    assert (await life.status()).outcome is RelationshipOutcome.COMPLETED
    assert life.letters()["farewell"] == len(PAIR)
    assert len(await life.runs()) > 5


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


async def test_case_24_an_amendment_changes_nothing_until_both_have_signed(rig: Rig) -> None:
    """One lapses silently and one is signed, while sessions go on."""
    life = await rig.life(*UNDER_WAY, policy=STANDARD)
    await life.on.propose_rules(by=MENTEE, values={"R12": "48"})
    await life.days(14.1)
    view = await life.on.agreement()
    assert (view.rules_version, view.amendment, dict(view.rules)["R12"]) == (1, 0, "24")
    await life.on.propose_rules(by=MENTEE, values={"R12": "72"})
    await life.on.sign_rules(by=MENTOR, version=3)
    await life.rest()
    view = await life.on.agreement()
    assert (view.rules_version, set(view.signed), dict(view.rules)["R12"]) == (3, {Party.MENTOR, Party.MENTEE}, "72")
    assert life.letters()["session_invitation"] >= 4


async def test_silence_of_both_is_asked_about_and_ends_it(rig: Rig) -> None:
    """The coordinator, then both, then nothing is left in any calendar."""
    life = await rig.life(*UNDER_WAY, policy=STANDARD)
    await life.days(80)
    assert (await life.status()).outcome is RelationshipOutcome.INACTIVE
    assert life.letters()["going_on"] == len(PAIR)
    now = await life.now()
    assert all(start < now for starts in life.entries().values() for start in starts)


async def test_case_19_goals_go_into_another_pairing_with_their_owners_word(rig: Rig) -> None:
    """Read after the close, by whoever opens the next one."""
    life = await rig.life(*UNDER_WAY)
    await life.on.end_for_rematch(by=COORDINATOR, staying=(Party.MENTEE,))
    await life.rest()
    assert (await life.status()).phase is Phase.ACTIVE
    for person in PAIR:
        await life.on.carry_goals(by=person, yes=True)
        await life.rest()
    assert (await life.status()).outcome is RelationshipOutcome.REMATCHED
    assert (await life.on.agreement()).carried_goals == (GOAL,)


async def test_case_22_a_programme_ends_once_however_often_it_is_ended(rig: Rig) -> None:
    """The same command id again is answered and not repeated; whoever meets gets thirty days and a look back."""
    life = await rig.life(*UNDER_WAY, policy=STANDARD)
    before = await life.now()
    for _ in range(2):
        await life.on.end_by_programme(by=COORDINATOR, command_id=END_OF_PROGRAMME)
        await life.rest()
    status = await life.status()
    assert status.phase is Phase.CLOSING
    assert timedelta(days=30) <= status.ends_at - before < timedelta(days=30, minutes=5)
    assert life.letters()["closing_notice"] == len(PAIR)


async def test_case_29_a_coordinator_is_changed_for_somebody_who_is_known(rig: Rig) -> None:
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
