"""Edge cases of the life around the sessions, each by its number: who leaves, goes on, falls silent, is replaced."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import SevereReport
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.events import Phase, RelationshipOutcome, SessionResult
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.outlook import Awaiting, Health
from mentoring_lifecycle.domain.people import PAIR as BOTH
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE, Standing
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.client import ProgrammeEnd

from .life import (
    BACKUP,
    COORDINATOR,
    GOAL,
    MENTEE,
    MENTOR,
    MOMENT,
    PAIR,
    STANDARD,
    STRANGER,
    UNDER_WAY,
    Life,
    QuickLife,
    Rig,
    both_accepted,
    both_looked_back,
    both_signed,
    end_reached,
    kind_of,
    next_session,
    quick_rig,
    session_over,
    sessions_held,
)

NOTHING: dict[str, list[datetime]] = {MENTOR: [], MENTEE: []}


@pytest.fixture(scope="module")
async def rig(temporal: EmbeddedTemporal) -> AsyncIterator[Rig]:
    async with quick_rig(temporal.address) as rig:
        yield rig
        rig.world.mend()


async def refusal(life: Life, command: c.Command) -> Refusal:
    """The code of the refusal, which must leave no event behind."""
    before = await life.history_length()
    with pytest.raises(CommandRejected) as refused:
        await life.on.do(command)
    assert await life.history_length() == before
    return refused.value.code


async def closing_announced(life: Life) -> None:
    """The notice of the coming end has been sent."""
    await life.until((await life.status()).ends_at - timedelta(days=14) + timedelta(minutes=1))


async def test_case_01_whoever_leaves_the_company_gets_nothing_more(rig: Rig) -> None:
    """Calendars are clean at once; who stays reads of a pause, after 72 hours of a neutral end; a report goes on."""
    life, paused = await rig.life(*UNDER_WAY), await rig.life(*UNDER_WAY)
    report = SevereReport(rig.case_id(), c.Matter.DISCRIMINATION, "…", by=MENTOR, relationship=life.id, pause_now=False)
    await rig.mentoring.report(report)
    to_the_leaver, to_who_stays = len(life.mails(to=MENTOR)), len(life.mails(to=MENTEE))
    await life.on.note_leaver(person=MENTOR)
    await life.rest()
    await paused.on.pause(by=MENTOR)
    await paused.rest()
    assert (await life.status()).standing is Standing.PAUSED
    assert life.entries() == NOTHING
    told, of_a_pause = life.mails(LetterKind.PAUSED, to=MENTEE)[0], paused.mails(LetterKind.PAUSED, to=MENTEE)[0]
    assert told.text.replace(life.id, "") == of_a_pause.text.replace(paused.id, "")

    await life.days(2.9)
    assert (await life.status()).phase is not Phase.CLOSED
    await life.days(0.2)
    status = await life.status()
    assert (status.phase, status.outcome) == (Phase.CLOSED, RelationshipOutcome.LEFT_ORG)
    assert len(life.mails(to=MENTOR)) == to_the_leaver
    kinds = [kind_of(mail) for mail in life.mails(to=MENTEE)[to_who_stays:]]
    assert sorted(kinds) == ["paused", "relationship_ended", "session_cancelled"]
    (end,) = life.mails(LetterKind.RELATIONSHIP_ENDED)
    assert "If you would like another pairing" in end.text
    assert "left" not in end.text.lower()
    assert not [line for line in await life.on.timeline() if "leaver" in line or "left" in line]
    assert life.entries() == NOTHING

    case = names.case_workflow_id(report.case)
    await rig.cases.advance(case, to=await rig.cases.now(case) + timedelta(days=4.1))
    about_it = [mail for mail in rig.world.mail.sent if mail.key.startswith(f"case-{report.case}/")]
    received = [mail for mail in about_it if kind_of(mail) is LetterKind.CASE_RECEIVED]
    assert len(received) == 5, "the contact is told daily, whoever has left"


async def test_case_02_a_wrong_signal_is_taken_back_and_the_end_is_not(rig: Rig) -> None:
    """Within 72 hours everything goes on; who is hired again begins a new relationship that follows the old one."""
    life = await rig.life(*UNDER_WAY)
    ends_at = (await life.status()).ends_at
    await life.on.note_leaver(person=MENTOR)
    await life.days(2)
    await life.on.note_leaver(person=MENTOR, left=False)
    await life.rest()
    status = await life.status()
    assert status.standing is Standing.NORMAL
    assert abs(status.ends_at - ends_at - timedelta(days=2)) < MOMENT
    again = await next_session(life)
    assert life.entries() == {person: [again.starts_at] for person in PAIR}
    await life.days(2)
    assert (await life.status()).phase is Phase.ACTIVE

    await life.on.note_leaver(person=MENTOR)
    await life.days(3.1)
    assert await refusal(life, c.NoteLeaver(PROGRAMME_OFFICE, MENTOR, left=False)) is Refusal.CLOSED
    before = await rig.world.journal.read(life.id)
    continued = await rig.mentoring.reopen(life.id)
    new = QuickLife(continued.relationship, rig.clock, rig.world)
    await new.rest()
    assert (new.letters(), (await new.status()).phase) == ({"invitation": 2}, Phase.ONBOARDING)
    assert await rig.world.journal.read(life.id) == before
    await new.on.exit(by=MENTEE)
    await new.rest()
    assert f'"follows":"{life.id}"' in rig.world.journal.entries[new.id][0].body


async def test_case_16_three_sessions_without_a_word_lead_to_one_question(rig: Rig) -> None:
    """Both are asked whether they want to go on; silence ends it under its name, one word of one is enough."""
    silent, revived = await asyncio.gather(*(rig.life(*UNDER_WAY, policy=STANDARD) for _ in PAIR))
    for life in (silent, revived):
        for _ in range(3):
            await life.past(session_over)
        await life.days(14.1)
        assert [result for _, result in (await life.status()).results][:3] == [SessionResult.UNKNOWN] * 3
        assert life.letters()["going_on"] == len(PAIR)
        assert {mail.to.email for mail in life.mails(LetterKind.SILENCE_NOTE)} <= {"cleo@programme.example"}
    await revived.on.go_on(by=MENTEE)
    for life in (silent, revived):
        await life.days(15.1)
    assert (await silent.status()).outcome is RelationshipOutcome.INACTIVE
    now = await silent.now()
    assert all(start < now for starts in silent.entries().values() for start in starts)
    assert (await revived.status()).phase is Phase.ACTIVE
    assert revived.mails(LetterKind.SILENCE_NOTE)[-1].to.email == "cleo@programme.example"


async def test_case_19_a_mentor_is_replaced_in_a_relationship_of_its_own(rig: Rig) -> None:
    """The old one ends, each says whether their goals go along, and nobody is exchanged within it."""
    own = replace(GOAL, owner=c.GoalOwner.MENTEE, title="Use one new tool alone")
    theirs = replace(GOAL, owner=c.GoalOwner.MENTOR, title="Speak at the spring meeting")
    life = await rig.life(both_accepted, both_signed)
    await life.on.propose_goals(by=MENTOR, goals=(own, theirs))
    await life.on.agree_goals(by=MENTEE, proposal=1, baselines=(3, 4))
    await life.rest()
    await life.on.end_for_rematch(by=COORDINATOR, staying=(Party.MENTEE,))
    await life.rest()
    assert life.entries() == NOTHING
    assert life.letters()["rematch"] == len(PAIR)
    await life.on.carry_goals(by=MENTEE, yes=True)
    await life.rest()
    assert (await life.status()).phase is Phase.ACTIVE, "the other is still asked"
    await life.days(30)
    assert (await life.status()).outcome is RelationshipOutcome.REMATCHED
    assert (await life.on.agreement()).carried_goals == (own,), "silence keeps a goal where it is"

    continued = await rig.mentoring.rematch(life.id, mentor=STRANGER)
    new = QuickLife(continued.relationship, rig.clock, rig.world)
    await new.rest()
    assert continued.goals == (own,)
    assert {mail.to.email for mail in new.mails()} == {"zoe@elsewhere.example", "ed@pair.example"}
    assert new.letters() == {"invitation": 2}
    assert f'"person":"{MENTOR}"' in rig.world.journal.entries[life.id][0].body
    with pytest.raises(CommandRejected) as refused:
        await new.on.accept(by=MENTOR)
    assert refused.value.code is Refusal.NOT_PART_OF_THIS


async def test_case_20_a_conflict_of_interest_is_an_ordinary_hold_for_ten_days(rig: Rig) -> None:
    """Both read the one sentence, the coordinator is told at once and asked on day ten; nothing says why."""
    life = await rig.life(*UNDER_WAY)
    before = len(life.mails())
    await life.on.hold()
    await life.rest()
    assert life.letters(before) == {"session_cancelled": 2, "on_hold": 2, "hold_note": 1}
    assert [mail.to.email for mail in life.mails(LetterKind.HOLD_NOTE)] == ["cleo@programme.example"]
    assert life.entries() == NOTHING
    (read,) = life.mails(LetterKind.ON_HOLD, to=MENTEE)
    assert "The programme team has paused this pairing; nothing is needed from you." in read.text
    await life.days(9.9)
    assert life.mails(LetterKind.DECISION_WANTED) == []
    await life.days(0.2)
    assert [mail.to.email for mail in life.mails(LetterKind.DECISION_WANTED)] == ["cleo@programme.example"]
    assert len(life.mails()) == before + 6
    await life.on.decide(by=COORDINATOR, choice=c.Choice.END)
    await life.rest()
    assert (await life.status()).outcome is RelationshipOutcome.ENDED_BY_PROGRAMME

    people = rig.world.people.people
    people[MENTOR] = replace(people[MENTOR], level=people[MENTEE].level)
    with pytest.raises(CommandRejected) as refused:
        await rig.life()
    assert refused.value.code is Refusal.LEVELS_TOO_CLOSE, "nor do they begin anew"
    people[MENTOR] = replace(people[MENTOR], level=2, manager=MENTEE)
    with pytest.raises(CommandRejected) as refused:
        await rig.life()
    assert refused.value.code is Refusal.CONFLICT_OF_INTEREST
    rig.world.mend()


async def test_case_21_both_wish_to_go_on_or_nobody_learns_of_it(rig: Rig) -> None:
    """Asked two weeks before the end: the shorter of two wishes counts, and one wish alone is an ordinary end."""
    life = await rig.life(*UNDER_WAY, sessions_held(3), closing_announced)
    before = await life.status()
    assert before.phase is Phase.CLOSING
    assert await refusal(life, c.WishExtension(MENTOR, 14)) is Refusal.EXTENSION_OUT_OF_RANGE
    await life.on.wish_extension(by=MENTOR, weeks=13)
    await life.rest()
    assert (await life.status()).ends_at == before.ends_at
    await life.on.wish_extension(by=MENTEE, weeks=4)
    await life.rest()
    after = await life.status()
    assert (after.phase, after.ends_at) == (Phase.ACTIVE, before.ends_at + timedelta(weeks=4))
    assert life.letters()["extended"] == len(PAIR)
    assert (await life.shown())["phase"] == "active"

    await life.past(sessions_held(1), closing_announced)
    to_the_other = len(life.mails(to=MENTEE))
    await life.on.wish_extension(by=MENTOR, weeks=4)
    await life.past(end_reached)
    assert not [line for line in await life.on.timeline() if "wish" in line]
    came = {kind_of(mail) for mail in life.mails(to=MENTEE)[to_the_other:]}
    of_a_session = {LetterKind.SESSION_REMINDER, LetterKind.SESSION_QUESTION, LetterKind.SESSION_QUESTION_REMINDER}
    assert came <= {LetterKind.FINAL_FEEDBACK} | of_a_session
    await life.past(both_looked_back)
    status = await life.status()
    assert (status.outcome, status.ends_at) == (RelationshipOutcome.COMPLETED, after.ends_at)
    assert life.letters()["farewell"] == len(PAIR)


async def test_case_22_a_whole_programme_ends_slowly_and_once(rig: Rig) -> None:
    """Who meets gets thirty days and one letter, who has not begun ends at once, and a hold is left alone."""
    programme = f"wide-{uuid4().hex[:8]}"
    meets = await rig.life(*UNDER_WAY, policy=STANDARD, programme=programme)
    invited = await rig.life(programme=programme)
    held = await rig.life(*UNDER_WAY, programme=programme)
    await held.on.hold()
    await held.rest()
    query, before = f"MentoringProgramme = '{programme}'", [len(life.mails()) for life in (meets, invited, held)]

    async def ends(*, dry_run: bool = False) -> list[ProgrammeEnd]:
        found = rig.mentoring.end_programme(query, per_minute=60_000, dry_run=dry_run)
        return sorted([each async for each in found], key=lambda each: each.relationship)

    while len(await ends(dry_run=True)) < 3:
        await meets.rest()  # the list of running workflows follows by itself
    results = {each.relationship: each.result for each in await ends()}
    assert results == {meets.id: "ends", invited.id: "ends", held.id: "on_hold"}
    for life in (meets, invited, held):
        await life.rest()
    await ends()
    await meets.rest()
    status, now = await meets.status(), await meets.now()
    assert (status.phase, timedelta(days=30) - (status.ends_at - now) < timedelta(minutes=5)) == (Phase.CLOSING, True)
    notices = meets.mails()[before[0] :]
    assert [kind_of(mail) for mail in notices] == [LetterKind.CLOSING_NOTICE] * 2
    words = " ".join(mail.text.lower() for mail in notices)
    assert not [word for word in ("programme ends", "layoff", "merger", "licenzia", "fusione") if word in words]
    assert (await invited.status()).outcome is RelationshipOutcome.ENDED_BY_PROGRAMME
    assert len(held.mails()) == before[2]


async def test_case_24_an_amendment_of_one_changes_nothing(rig: Rig) -> None:
    """The version in force stays, the proposal lapses after 14 days without a word; signed by both it holds."""
    life = await rig.life(*UNDER_WAY, policy=STANDARD)
    await life.on.propose_rules(by=MENTEE, values={"R12": "48"})
    await life.rest()
    to_the_proposer = len([mail for mail in life.mails(to=MENTEE) if "rules" in kind_of(mail)])
    assert kind_of(life.mails(to=MENTOR)[-1]) is LetterKind.RULES_TO_SIGN
    view = await life.on.agreement()
    assert (view.rules_version, set(view.signed), dict(view.rules)["R12"]) == (1, set(BOTH), "24")
    await life.days(14.1)
    view = await life.on.agreement()
    assert (view.rules_version, view.amendment, dict(view.rules)["R12"]) == (1, 0, "24")
    assert len([mail for mail in life.mails(to=MENTEE) if "rules" in kind_of(mail)]) == to_the_proposer
    assert life.mails(LetterKind.DECISION_WANTED) == []
    assert await refusal(life, c.SignRules(MENTOR, 2)) is Refusal.ALREADY_SIGNED

    await life.on.propose_rules(by=MENTEE, values={"R12": "72"})
    await life.on.sign_rules(by=MENTOR, version=3)
    await life.rest()
    view = await life.on.agreement()
    assert (view.rules_version, set(view.signed), dict(view.rules)["R12"]) == (3, set(BOTH), "72")
    assert life.letters()["rules_amended"] == len(PAIR)
    assert (await life.status()).phase is Phase.ACTIVE
    assert (await next_session(life)).number >= 2, "sessions went on meanwhile"


async def test_case_29_somebody_stands_in_for_a_coordinator_who_left(rig: Rig) -> None:
    """The backup at once; without one it is shown that somebody must be named; the one who left decides no more."""
    life, alone = await rig.life(*UNDER_WAY, backup=BACKUP), await rig.life(*UNDER_WAY)
    to_the_pair = [len(life.mails(to=person)) for person in PAIR]
    await life.on.note_leaver(person=COORDINATOR)
    await life.rest()
    assert [mail.to.email for mail in life.mails(LetterKind.TEAM_CHANGED)] == ["bea@programme.example"]
    assert await refusal(life, c.Decide(COORDINATOR, c.Choice.END)) is Refusal.NOT_PART_OF_THIS
    assert [len(life.mails(to=person)) for person in PAIR] == to_the_pair
    await life.on.ask_coordinator(by=MENTOR, matter=c.Matter.QUESTION, words="Who is there?")
    await life.rest()
    assert [mail.to.email for mail in life.mails(LetterKind.HELP_WANTED)] == ["bea@programme.example"]

    await alone.on.note_leaver(person=COORDINATOR)
    await alone.rest()
    view = await alone.status()
    assert (view.health, view.awaiting, view.standing) == (Health.ATTENTION, Awaiting.COORDINATOR, Standing.NORMAL)
    with pytest.raises(CommandRejected) as refused:
        await alone.on.change_coordinator(by=PROGRAMME_OFFICE, coordinator="nobody")
    assert refused.value.code is Refusal.UNKNOWN_PERSON
    await alone.on.change_coordinator(by=PROGRAMME_OFFICE, coordinator=STRANGER, backup=BACKUP)
    await alone.rest()
    assert [mail.to.email for mail in alone.mails(LetterKind.TEAM_CHANGED)] == ["zoe@elsewhere.example"]
    assert (await alone.status()).health is Health.OK
