"""The edge cases of mentoring, each by its number, on a real server; docs/edge-cases.md says what each is about."""

import asyncio
import json
import re
import time as process_clock
from collections.abc import AsyncIterator, Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from temporalio.client import WorkflowUpdateFailedError

from mentoring_lifecycle.activities.ports import CalendarDelayed, CalendarRefused, LedgerState, OutgoingMail
from mentoring_lifecycle.contracts.export import Sent, part_of
from mentoring_lifecycle.contracts.people import AddressState
from mentoring_lifecycle.contracts.record import read_record
from mentoring_lifecycle.contracts.reply_address import ReplyTemplate
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.effects import FindSlot
from mentoring_lifecycle.domain.events import Phase, RelationshipOutcome, SessionResult
from mentoring_lifecycle.domain.letters import Action, CalendarMethod, LetterKind
from mentoring_lifecycle.domain.outlook import Awaiting, Health
from mentoring_lifecycle.domain.people import Party, Power
from mentoring_lifecycle.domain.policy import Ladder, ProgrammePolicy, Sessions, problems_of
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.domain.relationship import Standing
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.gateways.memory import MemoryReplyAddresses
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.client import MentoringClient
from mentoring_lifecycle.starter.inbound import Inbox

from .life import (
    COORDINATOR,
    GOAL,
    MENTEE,
    MENTOR,
    MOMENT,
    PAIR,
    SHORT,
    STANDARD,
    STRANGER,
    UNDER_WAY,
    Life,
    Past,
    QuickLife,
    Rig,
    World,
    both_accepted,
    both_confirmed,
    both_signed,
    end_reached,
    events_of,
    goals_agreed,
    kind_of,
    kinds_of,
    next_session,
    quick_rig,
    raw_bytes,
    session_over,
    sessions_held,
)

LONDON, ROME = ZoneInfo("Europe/London"), ZoneInfo("Europe/Rome")
NEW_YORK, AUCKLAND = ZoneInfo("America/New_York"), ZoneInfo("Pacific/Auckland")
A_YEAR = ProgrammePolicy(length_weeks=52, sessions=Sessions(planned=13, every_weeks=4))
NOTHING: dict[str, list[datetime]] = {MENTOR: [], MENTEE: []}


@pytest.fixture(scope="module")
async def rig(temporal: EmbeddedTemporal) -> AsyncIterator[Rig]:
    """A world in which nobody is booked twice."""
    async with quick_rig(temporal.address, world=World(keeps_bookings=True)) as rig:
        yield rig


@pytest.fixture(autouse=True)
def calm(rig: Rig) -> Iterator[None]:
    """Nobody's time is taken by an earlier case, and everybody is as they were."""
    rig.world.journal.bookings.rows.clear()
    yield
    rig.world.mend()


@pytest.fixture(scope="module")
async def year(rig: Rig) -> QuickLife:
    """A life of 52 weeks whose thirteen sessions are held; its worker stands in India."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Kolkata")
        process_clock.tzset()
        life = await rig.life(policy=A_YEAR)
        await life.on.accept(by=MENTOR, induction_acknowledged=True, comfort=c.Comfort.YES, command_id="first-click")
        await life.on.accept(by=MENTEE, induction_acknowledged=True, comfort=c.Comfort.YES)
        await life.past(both_signed, goals_agreed, sessions_held(13))
    process_clock.tzset()
    return life


async def refusal(life: Life, command: c.Command) -> Refusal:
    """The code of the refusal, which must leave no event behind and have words in both languages."""
    before = await life.history_length()
    with pytest.raises(CommandRejected) as refused:
        await life.on.do(command)
    assert await life.history_length() == before
    assert refused.value.message("en") != refused.value.message("it")
    return refused.value.code


def body_of(life: QuickLife, kind: str) -> list[dict[str, Any]]:
    """What the journal keeps of every event of a kind."""
    return [json.loads(entry.body) for entry in life.world.journal.entries[life.id] if entry.kind == kind]


async def test_case_03_a_long_leave_is_a_pause_without_a_reason(rig: Rig) -> None:
    """Everything stops, the end moves, after 26 weeks the coordinator is asked; the partner reads "paused", no more."""
    life = await rig.life(*UNDER_WAY)
    ends_at, before, paused_at = (await life.status()).ends_at, len(life.mails()), await life.now()
    await life.on.pause(by=MENTEE)
    await life.rest()
    assert (await life.status()).standing is Standing.PAUSED
    assert life.letters(before) == {"session_cancelled": 2, "paused": 2}
    assert life.entries() == NOTHING
    assert {each.name for each in fields(c.Pause)} == {"by", "until", "kind"}, "there is no place for a reason"
    await life.days(26 * 7 - 1)
    assert len(life.mails()) == before + 4
    await life.days(1.1)
    assert life.letters(before + 4) == {"decision_wanted": 1}
    assert len(life.mails(LetterKind.DECISION_WANTED, to=COORDINATOR)) == 1
    await life.on.resume(by=MENTEE)
    await life.rest()
    moved_by = (await life.status()).ends_at - ends_at
    assert abs(moved_by - (await life.now() - paused_at)) < MOMENT
    assert life.letters(before + 5) == {"resumed": 2, "session_invitation": 2}

    back_at = await life.now() + timedelta(days=20)
    await life.on.pause(by=MENTEE, until=back_at)
    await life.days(20.1)
    assert (await life.status()).standing is Standing.NORMAL, "with a date it goes on by itself"
    assert str(back_at.year) in life.mails(LetterKind.PAUSED, to=MENTEE)[1].text
    without_a_date, with_a_date = life.mails(LetterKind.PAUSED, to=MENTOR)
    assert without_a_date.text == with_a_date.text, "the partner cannot tell one pause from another"


async def test_case_04_who_moves_to_another_zone_keeps_what_is_booked(rig: Rig) -> None:
    """From the day of the move on new times heed both; what is booked stays, both are told, and a bad hour is named."""
    life = await rig.life(both_accepted, both_signed)
    moves_on = (await life.now() + timedelta(days=13)).astimezone(ROME).date()
    ed = rig.world.people.people[MENTEE]
    rig.world.people.people[MENTEE] = replace(ed, next_zone="America/New_York", next_zone_from=moves_on)
    await life.past(goals_agreed)
    booked = await next_session(life)
    assert booked.starts_at.date() < moves_on
    assert (booked.starts_at.astimezone(LONDON).hour, booked.notes) == (10, ()), "he still lives in London that day"

    await life.past(session_over)
    following = await next_session(life)
    assert following.notes == ("other_hour",), "ten in London is before anybody's day in New York"
    assert following.starts_at.astimezone(NEW_YORK).hour == 9
    assert "the nearest one that does" in life.mails(LetterKind.SESSION_INVITATION, to=MENTEE)[-1].text

    entries = life.entries()
    rig.world.people.people[MENTEE] = replace(ed, zone="Pacific/Auckland")
    await life.on.change_zone(by=MENTEE, zone="Pacific/Auckland", starting=await life.now())
    await life.rest()
    assert (await next_session(life), life.entries()) == (following, entries)
    assert life.letters()["zone_changed"] == 2
    (told,) = life.mails(LetterKind.ZONE_CHANGED, to=MENTEE)
    assert "Auckland" in told.text
    assert "What is booked already stays where it is" in told.text

    await life.past(session_over)
    third = await next_session(life)
    assert third.starts_at.astimezone(AUCKLAND).hour == 10
    assert third.notes == ("outside_hours",), "the two are never at work at the same time"
    assert "outside the working hours" in life.mails(LetterKind.SESSION_INVITATION, to=MENTEE)[-1].text


async def test_case_05_the_clocks_change_and_the_hour_of_the_pair_does_not(rig: Rig, year: QuickLife) -> None:
    """Tuesday at ten in summer and winter, whatever the worker's zone; an hour that never comes, or twice, is named."""
    starts = [datetime.fromisoformat(body["starts_at"]).astimezone(LONDON) for body in body_of(year, "session_planned")]
    assert [f"{at:%a %H:%M}" for at in starts] == ["Tue 10:00"] * 13
    assert len({at.utcoffset() for at in starts}) == 2, "both changes of clocks lie within"
    assert len(set(starts)) == 13

    timetable = rig.world.gateways().timetable
    spring = FindSlot("k", 1, datetime(2027, 3, 27, tzinfo=UTC), 6, "02:30", "Europe/Rome")
    gap = await timetable.find("r-clocks", spring)
    assert (gap.starts_at, gap.notes) == (datetime(2027, 3, 28, 1, tzinfo=UTC), ("gap",))
    overlap = await timetable.find("r-clocks", replace(spring, not_before=datetime(2027, 10, 30, tzinfo=UTC)))
    assert (overlap.starts_at, overlap.notes) == (datetime(2027, 10, 31, 0, 30, tzinfo=UTC), ("overlap",))


async def test_case_06_the_end_is_the_pairs_own_and_is_shown(rig: Rig) -> None:
    """No evening of some other city: the end moves with a pause, each reads its date, and then it is the end."""
    life = await rig.life(both_accepted, both_signed, zone="Pacific/Auckland")
    opened_at = (await life.status()).opened_at
    await life.on.pause(by=MENTOR)
    await life.days(10)
    await life.on.resume(by=MENTOR)
    await life.past(goals_agreed)
    ends_at = (await life.status()).ends_at
    assert timedelta() <= ends_at - opened_at - timedelta(weeks=8, days=10) < MOMENT
    await life.until(ends_at - timedelta(days=14) + MOMENT)
    assert (await life.status()).phase is Phase.CLOSING
    (notice,) = life.mails(LetterKind.CLOSING_NOTICE, to=MENTEE)
    local = ends_at.astimezone(LONDON)
    assert f"{local.day} {local:%B %Y}, {local:%H:%M} (London time)" in notice.text
    await life.until(ends_at - timedelta(minutes=1))
    assert "end_reached" not in life.events()
    assert life.mails(LetterKind.FINAL_FEEDBACK) == []
    await life.until(ends_at + MOMENT)
    assert len(life.mails(LetterKind.FINAL_FEEDBACK)) == 2


BLAME = ("did not answer", "failed to", "your fault", "ignored", "non ha risposto", "colpa", "mancata risposta")


async def test_case_07_whoever_never_answers_ends_under_a_name_and_without_blame(rig: Rig) -> None:
    """Invitation, rules, goals and survey have each their ladder of at most four, and silence is a yes to nothing."""
    pasts: tuple[tuple[Past, ...], ...] = (
        (),
        (both_accepted,),
        (both_accepted, both_signed),
        (*UNDER_WAY, end_reached),
    )
    lives = await asyncio.gather(*(rig.life(*past) for past in pasts))
    silent, unsigned, without_goals, without_survey = lives
    await asyncio.gather(*(life.days(40) for life in lives))
    assert {(await life.status()).phase for life in lives} == {Phase.CLOSED}
    ends = [(await life.status()).outcome for life in lives]
    assert ends == [RelationshipOutcome.EXPIRED] * 3 + [RelationshipOutcome.INACTIVE]
    assert silent.letters() == {"invitation": 2, "invitation_reminder": 6, "not_started": 2, "closed_note": 1}
    assert unsigned.letters()["rules_reminder"] == 6
    assert len(unsigned.mails(LetterKind.DECISION_WANTED, to=COORDINATOR)) == 2
    assert without_goals.letters()["goals_reminder"] == 6
    assert without_survey.letters()["final_feedback_reminder"] == 4
    assert problems_of(replace(STANDARD, invitation=Ladder((1, 2, 3, 4, 5), 6))), "a fifth reminder is no programme"

    assert (await unsigned.status()).signed == ()
    assert {result for _, result in (await without_survey.status()).results} == {SessionResult.UNKNOWN}
    assert not {"absence_reported", "check_in_wanted", "session_confirmed"} & set(without_survey.events())
    for mail in (mail for life in lives for mail in life.mails()):
        assert not [word for word in BLAME if word in mail.text.lower()], kind_of(mail)


async def test_case_08_one_signs_and_only_the_coordinator_learns_who_does_not(rig: Rig) -> None:
    """The one who waits hears nothing; after the reminders the team sees whose turn it is, on day 21 it decides."""
    life = await rig.life(both_accepted, policy=STANDARD)
    await life.on.sign_rules(by=MENTOR, version=1)
    await life.rest()
    signed_with = len(life.mails(to=MENTOR))
    await life.days(10.1)
    assert len(life.mails(LetterKind.RULES_REMINDER, to=MENTEE)) == 3
    view = await life.status()
    assert (view.health, view.awaiting) == (Health.OVERDUE, Awaiting.MENTEE)
    assert await refusal(life, c.BookSession(MENTOR, 1, await life.now() + timedelta(days=2))) is Refusal.WRONG_PHASE
    assert (view.sessions, life.entries()) == ((), NOTHING), "no session comes before the rules"
    await life.days(11)
    (asked,) = life.mails(LetterKind.DECISION_WANTED)
    assert (asked.to.email, "Ed Young" in asked.text) == ("cleo@programme.example", True)
    assert len(life.mails(to=MENTOR)) == signed_with

    before = len(life.mails())
    await life.on.decide(by=COORDINATOR, choice=c.Choice.MORE_TIME)
    await life.rest()
    assert life.letters(before) == {"rules_to_sign": 1}
    assert kind_of(life.mails(to=MENTEE)[-1]) is LetterKind.RULES_TO_SIGN
    await life.on.sign_rules(by=MENTEE, version=1)
    await life.rest()
    assert (await life.status()).phase is Phase.GOALS


async def test_case_09_two_at_once_and_twice_the_same_come_out_as_one(rig: Rig) -> None:
    """The first valid one wins, the other reads why not; the same click again is answered with what is."""
    life = await rig.life(both_accepted, both_signed)
    await asyncio.gather(*(life.on.propose_goals(by=person, goals=(GOAL,)) for person in PAIR))
    await life.rest()
    view = await life.on.agreement()
    assert (view.proposal, len(view.goals)) == (2, 1)
    second = view.proposed_by
    (other, mine) = (MENTEE, MENTOR) if second is Party.MENTOR else (MENTOR, MENTEE)
    assert await refusal(life, c.AgreeGoals(other, 1, (4,))) is Refusal.VERSION_MOVED_ON
    assert await refusal(life, c.AgreeGoals(mine, 2, (4,))) is Refusal.NOTHING_PROPOSED
    clicks = [life.on.agree_goals(by=other, proposal=2, baselines=(4,), command_id="click") for _ in range(2)]
    assert {view.phase for view in await asyncio.gather(*clicks)} == {Phase.ACTIVE}
    await life.rest()
    assert life.letters()["session_invitation"] == 2

    before = len(life.mails())
    both_call_off = [life.on.cancel_session(by=person, session=1) for person in PAIR]
    done, refused = sorted(await asyncio.gather(*both_call_off, return_exceptions=True), key=_is_error)
    assert not isinstance(done, BaseException)
    assert isinstance(refused, CommandRejected)
    assert refused.code is Refusal.UNKNOWN_SESSION
    assert refused.message("it")
    await life.rest()
    assert life.letters(before) == {"session_cancelled": 2, "book_session": 1}
    events = (await life.status()).events
    again = await life.on.agree_goals(by=other, proposal=2, baselines=(4,), command_id="click")
    assert (again.events, again.phase) == (events, Phase.ACTIVE), "known in later runs, too"


def _is_error(answer: object) -> bool:
    return isinstance(answer, BaseException)


async def test_case_10_what_does_not_fit_the_phase_is_refused_before_history(rig: Rig) -> None:
    """Refused with a reason and without a trace; and nobody, operators neither, can set a phase by hand."""
    life = await rig.life(both_accepted)
    await life.on.sign_rules(by=MENTOR, version=1)
    await life.rest()
    assert await refusal(life, c.SignRules(MENTOR, 1)) is Refusal.ALREADY_SIGNED
    assert await refusal(life, c.GiveFinalFeedback(MENTOR, (8,), 9, 9, True)) is Refusal.WRONG_PHASE
    for name in ("set_phase", "set_stage", "phase_entered", "close"):
        before = await life.history_length()
        with pytest.raises(WorkflowUpdateFailedError):
            await life.workflow.execute_update(name, {"by": COORDINATOR, "phase": "active"})
        assert await life.history_length() == before
    await life.workflow.signal("phase_entered", {"phase": "closed"})
    await life.rest()
    assert (await life.status()).phase is Phase.GROUND_RULES
    await life.on.exit(by=MENTEE)
    await life.rest()
    move = c.MoveSession(MENTOR, 1, await life.now() + timedelta(days=1))
    assert await refusal(life, move) is Refusal.CLOSED
    assert life.letters()["exit_confirmed"] == life.letters()["relationship_ended"] == 1


async def test_case_11_a_session_that_moves_and_moves_stays_one_session(rig: Rig) -> None:
    """One identity with rising numbers, a talk after the third move, and the senior's late ones to the team alone."""
    life = await rig.life(*UNDER_WAY)
    now = await life.now()
    for by, hours in ((MENTOR, 22), (MENTEE, 21), (MENTEE, 20)):
        assert life.mails(LetterKind.TALK_SUGGESTED) == []
        await life.on.move_session(by=by, session=1, starts_at=now + timedelta(hours=hours))
        await life.rest()
    session = await next_session(life)
    assert (session.number, session.revision) == (1, 3)
    assert life.entries() == {person: [session.starts_at] for person in PAIR}
    for person in PAIR:
        mails = life.mails(LetterKind.SESSION_INVITATION, LetterKind.SESSION_MOVED, to=person)
        assert len({mail.entry.uid for mail in mails if mail.entry}) == 1
        assert [mail.entry.revision for mail in mails if mail.entry] == [0, 1, 2, 3]
    assert len(life.mails(LetterKind.TALK_SUGGESTED)) == 2
    assert [mail.to.email for mail in life.mails(LetterKind.CHANGES_NOTED)] == ["cleo@programme.example"]
    counted = {(each.of, each.power): each.late_moves for each in await life.on.changes()}
    assert counted == {(Party.MENTOR, Power.JUNIOR): 0, (Party.MENTEE, Power.SENIOR): 2}


async def test_case_12_what_somebody_does_in_their_calendar_is_a_question_to_them(rig: Rig) -> None:
    """Deleted, moved or declined: asked of that person alone; the partner hears of what was meant, and of no more."""
    life = await rig.life(*UNDER_WAY)
    first, to_the_partner = await next_session(life), len(life.mails(to=MENTOR))
    await rig.world.calendar.remove(MENTEE, f"{life.id}~s01@mentoring-lifecycle")
    await life.on.note_calendar(by=MENTEE, session=1, revision=0, answer=c.CalendarAnswer.DELETED)
    await life.rest()
    (asked,) = life.mails(LetterKind.CALENDAR_QUESTION)
    assert "Did you mean to call it off?" in asked.text
    assert await next_session(life) == first
    await life.on.answer_calendar_question(by=MENTEE, session=1, meant=False)
    await life.rest()
    assert life.entries() == {person: [first.starts_at] for person in PAIR}
    assert len(life.mails(to=MENTOR)) == to_the_partner

    later = first.starts_at + timedelta(days=1)
    seen = (await next_session(life)).revision
    await life.on.do(c.NoteCalendar(MENTEE, 1, seen, c.CalendarAnswer.MOVED, later))
    await life.rest()
    assert len(life.mails(to=MENTOR)) == to_the_partner
    await life.on.answer_calendar_question(by=MENTEE, session=1, meant=True)
    await life.rest()
    assert life.entries() == {person: [later] for person in PAIR}
    assert kind_of(life.mails(to=MENTOR)[-1]) is LetterKind.SESSION_MOVED

    soon = await life.now() + timedelta(hours=10)
    seen = (await next_session(life)).revision
    await life.on.do(c.NoteCalendar(MENTOR, 1, seen, c.CalendarAnswer.MOVED, soon))
    await life.rest()
    too_late = c.AnswerCalendarQuestion(MENTOR, 1, meant=True)
    assert await refusal(life, too_late) is Refusal.TOO_LATE_TO_MOVE, "less than a day takes a word to the partner"
    await life.on.answer_calendar_question(by=MENTOR, session=1, meant=False)
    await life.rest()

    seen = (await next_session(life)).revision
    await life.on.do(c.NoteCalendar(MENTOR, 1, seen, c.CalendarAnswer.DECLINED))
    await life.on.answer_calendar_question(by=MENTOR, session=1, meant=True)
    await life.rest()
    assert life.entries() == NOTHING
    (booker,) = life.mails(LetterKind.BOOK_SESSION)
    assert booker.to.email == "ed@pair.example", "another time is looked for"
    assert life.letters()["calendar_question"] == 4


async def test_case_13_a_session_is_valid_though_no_calendar_server_answers(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The invitation comes by mail; the entry follows when it can, once, also where nobody knew what became of it."""
    life = await rig.life(both_accepted, both_signed)
    rig.world.calendar_server_goes()
    await life.past(goals_agreed)
    booked = await next_session(life)
    mails = life.mails(LetterKind.SESSION_INVITATION)
    assert [(mail.method, mail.entry.starts_at if mail.entry else None) for mail in mails] == [
        (CalendarMethod.REQUEST, booked.starts_at)
    ] * 2
    await life.days(0.5)
    assert life.entries() == NOTHING
    rig.world.calendar_server_returns()

    calendar, keep = rig.world.calendar, rig.world.calendar.keep
    lost: list[str] = []

    async def kept_without_an_answer(owner: str, entry: Any) -> None:
        await keep(owner, entry)
        if owner not in lost:
            lost.append(owner)
            raise CalendarDelayed("timeout")

    monkeypatch.setattr(calendar, "keep", kept_without_an_answer)
    await life.days(1)
    assert sorted(lost) == sorted(PAIR)
    assert life.entries() == {person: [booked.starts_at] for person in PAIR}
    assert life.letters()["session_invitation"] == 2

    monkeypatch.setattr(calendar, "keep", _access_withdrawn)
    await life.on.move_session(by=MENTOR, session=1, starts_at=booked.starts_at + timedelta(hours=2))
    await life.days(1)
    assert life.letters()["session_moved"] == 2
    rows = [rig.world.ledger.rows[f"{life.id}/s1/entry/{party}/1"] for party in (Party.MENTOR, Party.MENTEE)]
    assert [(row.state, row.reason) for row in rows] == [(LedgerState.FAILED, "403")] * 2
    monkeypatch.undo()
    await life.past(session_over, both_confirmed)
    assert (await life.status()).sessions_held == 1


async def _access_withdrawn(*_: object) -> None:
    raise CalendarRefused("403")


async def test_case_14_an_entry_of_which_the_story_knows_nothing_does_not_survive_it(rig: Rig) -> None:
    """Made by a run that was lost: its identity follows from the session, so a stop or an end finds and removes it."""
    life, neighbour = await rig.life(*UNDER_WAY), await rig.life(*UNDER_WAY)
    calendars = rig.world.calendar.calendars
    for person in PAIR:
        (own,) = [entry for uid, entry in calendars[person].items() if uid.startswith(f"{life.id}~")]
        assert own.uid == f"{life.id}~s01@mentoring-lifecycle"
        stray = replace(own, uid=f"{life.id}~s07@mentoring-lifecycle", starts_at=own.starts_at + timedelta(weeks=3))
        calendars[person][stray.uid] = replace(stray, ends_at=stray.starts_at + timedelta(minutes=45))
    await life.on.hold()
    await life.rest()
    assert life.entries() == NOTHING
    assert [len(starts) for starts in neighbour.entries().values()] == [1, 1]
    await life.on.lift()
    await life.rest()
    await life.on.exit(by=MENTOR)
    await life.rest()
    assert (life.entries(), (await life.status()).phase) == (NOTHING, Phase.CLOSED)
    assert body_of(life, "closed")[0]["calendars_clean"] is True


CORPUS = Path(__file__).parents[1] / "inbound" / "corpus"
TEMPLATE = ReplyTemplate("mentoring+{token}@mentoring.example")


async def test_case_15_mail_that_comes_back_is_no_answer(rig: Rig) -> None:
    """An absence notice says nothing, a full mailbox is tried for 72 hours, a dead address stops its owner's clock."""
    directory, replies = rig.world.people.people, MemoryReplyAddresses(TEMPLATE)
    directory[MENTEE] = replace(directory[MENTEE], other_email="ed@home.example")
    inbox = Inbox(rig.mentoring.relationship, rig.world.people, replies, TEMPLATE)
    life = await rig.life()
    await life.on.accept(by=MENTOR, induction_acknowledged=True, comfort=c.Comfort.YES)
    await life.rest()
    address, to_the_partner = await replies.address_for(life.id, MENTEE), len(life.mails(to=MENTOR))
    events = (await life.status()).events

    await inbox.take([address], (CORPUS / "absence-gmail-vacation.eml").read_bytes(), from_nobody=False)
    await life.rest()
    assert (await life.status()).events == events
    await life.days(3.1)
    assert len(life.mails(LetterKind.INVITATION_REMINDER, to=MENTEE)) == 1, "the ladder goes on"

    await inbox.take([address], (CORPUS / "bounce-postfix-mailbox-full.eml").read_bytes(), from_nobody=True)
    await life.days(2.1)
    assert len(life.mails(LetterKind.INVITATION_REMINDER, to=MENTEE)) == 2, "once more, and it arrived"
    assert (await life.status()).health is not Health.ATTENTION

    await inbox.take([address], (CORPUS / "bounce-postfix-unknown-user.eml").read_bytes(), from_nobody=True)
    await life.rest()
    assert directory[MENTEE].address is AddressState.FAILED
    assert (await life.status()).health is Health.ATTENTION
    assert life.letters()["address_failed"] == life.letters()["address_failed_owner"] == 1
    (owner,) = life.mails(LetterKind.ADDRESS_FAILED_OWNER)
    assert owner.to.email == "ed@home.example"
    asked = len(life.mails(to=MENTEE))
    await life.days(30)
    view = await life.status()
    assert (view.phase, view.awaiting) == (Phase.ONBOARDING, Awaiting.MENTEE), "he has not been asked"
    assert (len(life.mails(to=MENTOR)), len(life.mails(to=MENTEE))) == (to_the_partner, asked)

    directory[MENTEE] = replace(directory[MENTEE], email="ed.young@pair.example", address=AddressState.OK)
    await life.on.note_address(person=MENTEE, news=c.AddressNews.WORKS)
    await life.rest()
    assert len(life.mails(to=MENTEE)) == 1, "at the new address"
    await life.on.accept(by=MENTEE, induction_acknowledged=True, comfort=c.Comfort.YES)
    await life.rest()
    assert (await life.status()).phase is Phase.GROUND_RULES

    for _ in range(3):
        assert life.letters()["address_failed"] == 1
        await life.on.note_address(person=MENTOR, news=c.AddressNews.SOFT)
        await life.days(1.01)
    assert life.letters()["address_failed"] == 2, "full for 72 hours is as good as gone"


async def test_case_16_two_witnesses_make_five_kinds_of_session(rig: Rig) -> None:
    """Both, one, nobody or contradicting each other: each has its name, and none keeps the next session waiting."""
    life = await rig.life(*UNDER_WAY, policy=STANDARD)
    both, contradicted = {MENTOR: True, MENTEE: True}, {MENTOR: True, MENTEE: False}
    said: tuple[dict[str, bool], ...] = (both, {MENTOR: True}, {}, contradicted, {MENTEE: False})
    for number, answers in enumerate(said, 1):
        await life.past(session_over)
        for person, held in answers.items():
            await life.on.confirm_session(by=person, session=number, held=held)
            await life.rest()
        assert (await next_session(life)).number == number + 1
    await life.days(7.1)
    results = dict((await life.status()).results)
    assert results == {
        1: SessionResult.HELD,
        2: SessionResult.HELD_UNCONFIRMED,
        3: SessionResult.UNKNOWN,
        4: SessionResult.UNKNOWN,
        5: SessionResult.NOT_HELD,
    }
    assert life.letters()["session_form"] == 4, "both were asked in private, and reminded once"
    assert {mail.to.email for mail in life.mails(LetterKind.SESSION_TO_SETTLE)} == {"cleo@programme.example"}
    assert (await life.status()).sessions_held == 1
    record = read_record(life.id, await rig.world.journal.read(life.id))
    assert record
    assert len(record.held()) == 1, "a certificate counts what both have confirmed"
    assert not {"check_in", "session_follow_up", "changes_noted"} & set(life.letters())


async def test_case_17_a_no_show_is_heard_first_and_counted_kindly(rig: Rig) -> None:
    """A quarter of an hour, 48 hours to explain, one is a check-in, two a talk, three a decision that blames nobody."""
    life = await rig.life(*UNDER_WAY, policy=STANDARD)
    session = await next_session(life)
    await life.until(session.starts_at + timedelta(minutes=14))
    assert await refusal(life, c.ReportNoShow(MENTEE, 1)) is Refusal.STILL_TIME_TO_COME
    to_the_present = len(life.mails(to=MENTEE))
    for number in range(1, 5):
        session = await next_session(life)
        await life.until(session.starts_at + timedelta(minutes=16))
        await life.on.report_no_show(by=MENTEE, session=number)
        await life.until(session.ends_at + timedelta(hours=1, minutes=1))
        if number == 1:
            await life.on.explain_absence(by=MENTOR, session=1, answer=c.AbsenceAnswer.EMERGENCY)
        await life.days(2.1)
    results = [result for _, result in (await life.status()).results]
    assert results == [SessionResult.EXCUSED] + [SessionResult.NO_SHOW] * 3
    assert {mail.to.email for mail in life.mails(LetterKind.SESSION_FOLLOW_UP)} == {"mia@pair.example"}
    assert [mail.to.email for mail in life.mails(LetterKind.CHECK_IN)] == ["mia@pair.example"]
    decisions = life.mails(LetterKind.DECISION_WANTED, to=COORDINATOR)
    assert "at several sessions in a row" in decisions[0].text
    assert "it ends without anybody's fault" in decisions[-1].text
    assert {kind_of(mail) for mail in life.mails(to=MENTEE)[to_the_present:]} == {
        LetterKind.SESSION_INVITATION,
        LetterKind.SESSION_REMINDER,
    }
    before = len(life.mails())
    await life.on.decide(by=COORDINATOR, choice=c.Choice.END)
    await life.rest()
    assert (await life.status()).outcome is RelationshipOutcome.NO_FAULT_EXIT
    assert life.letters(before) == {"session_cancelled": 2, "relationship_ended": 2, "closed_note": 1}
    assert life.entries()[MENTOR] == [at for at in life.entries()[MENTOR] if at < await life.now()]


async def test_case_18_a_session_outside_of_the_plan_counts_when_both_say_so(rig: Rig) -> None:
    """One notes it, the other alone is asked; it touches neither the next session nor a calendar, nor counts twice."""
    life = await rig.life(*UNDER_WAY)
    await life.days(2)
    entries, ahead, before = life.entries(), await next_session(life), len(life.mails())
    noon, evening = await life.now() - timedelta(hours=9), await life.now() - timedelta(hours=3)
    await life.on.log_session(by=MENTOR, starts_at=noon, minutes=40)
    await life.on.log_session(by=MENTEE, starts_at=evening, minutes=30)
    await life.rest()
    assert await refusal(life, c.LogSession(MENTEE, noon, 40)) is Refusal.ALREADY_KNOWN
    assert await refusal(life, c.LogSession(MENTEE, ahead.starts_at, 40)) is Refusal.NOT_IN_THE_PAST
    asked = [(mail.to.email, kind_of(mail)) for mail in life.mails()[before:]]
    assert asked == [
        ("ed@pair.example", LetterKind.SESSION_QUESTION),
        ("mia@pair.example", LetterKind.SESSION_QUESTION),
    ]
    await life.on.confirm_session(by=MENTEE, session=2, held=True)
    await life.rest()
    assert ((await life.status()).sessions_held, life.entries()) == (1, entries)
    assert await next_session(life) == ahead
    await life.until(ahead.starts_at - timedelta(minutes=1))
    await life.past(session_over)
    await life.days(8)
    results = dict((await life.status()).results)
    assert (results[2], results[3]) == (SessionResult.HELD, SessionResult.HELD_UNCONFIRMED)


async def test_case_23_a_running_pair_keeps_the_numbers_it_began_with(rig: Rig) -> None:
    """What a programme changes holds for those who begin later; what protects cannot be changed by a pair."""
    strict = replace(SHORT, invitation=Ladder((1,), 2))
    before, after = await rig.life(), await rig.life(policy=strict)
    await before.days(2.1)
    await after.days(2.1)
    assert (await before.status()).phase is Phase.ONBOARDING
    assert (await after.status()).outcome is RelationshipOutcome.EXPIRED
    assert (before.letters(), after.letters()["invitation_reminder"]) == ({"invitation": 2}, 2)
    await before.past(both_accepted)
    assert await refusal(before, c.ProposeRules(MENTOR, (("R02", "ask first"),))) is Refusal.RULE_IS_FIXED
    await before.past(both_signed)
    assert ((await before.status()).rules_version, (await before.status()).phase) == (1, Phase.GOALS)
    assert len(await before.runs()) == 3, "and over its runs it keeps them"
    await before.days(3.1)
    assert before.letters()["goals_reminder"] == 2


async def test_case_25_holidays_move_sessions_and_letters_and_not_the_teams_clocks(rig: Rig) -> None:
    """A closure of one is waited for by both, nobody is written to on a rest day, and help is due all the same."""
    life = await rig.life(both_accepted, both_signed)
    today = (await life.now()).date()
    closed = {today + timedelta(days=number) for number in range(-1, 20)}
    rig.world.free_days.days[MENTEE] = closed
    await life.past(goals_agreed)
    booked = await next_session(life)
    assert booked.starts_at.astimezone(LONDON).date() == max(closed) + timedelta(days=1)
    assert (booked.starts_at.astimezone(LONDON).hour, booked.notes) == (10, ("other_day",))
    assert life.entries() == {person: [booked.starts_at] for person in PAIR}
    assert [mail.to.email for mail in life.mails(LetterKind.SESSION_INVITATION)] == ["mia@pair.example"]

    rig.world.free_days.days[COORDINATOR] = closed
    await life.on.ask_coordinator(by=MENTEE, matter=c.Matter.ROLE_STRUGGLE, words="Who leads here?")
    await life.days(4)
    wanted = life.mails(LetterKind.HELP_WANTED, LetterKind.HELP_OVERDUE)
    assert {mail.to.email for mail in wanted} == {"cleo@programme.example"}
    assert {kind_of(mail) for mail in wanted} == {LetterKind.HELP_WANTED, LetterKind.HELP_OVERDUE}

    begins = datetime.combine(max(closed) + timedelta(days=1), datetime.min.time(), LONDON)
    await life.until(begins - timedelta(minutes=1))
    assert life.mails(LetterKind.SESSION_INVITATION, LetterKind.SESSION_REMINDER, to=MENTEE) == []
    await life.until(begins + MOMENT)
    (invited,) = life.mails(LetterKind.SESSION_INVITATION, to=MENTEE)
    assert "The usual day does not suit both of you" in invited.text
    assert invited.entry
    assert invited.entry.starts_at == booked.starts_at


async def test_case_26_a_hold_stops_a_letter_between_two_of_the_same_call(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Placed while the first is with the mail server: the others of that hour are looked at again and stay behind."""
    life = await rig.life(*UNDER_WAY)
    session, before = await next_session(life), len(life.mails())
    mail, send = rig.world.mail, rig.world.mail.send

    async def held_meanwhile(one: OutgoingMail) -> str:
        monkeypatch.undo()
        await life.on.hold()
        return await send(one)

    await life.until(session.starts_at - timedelta(hours=25))
    monkeypatch.setattr(mail, "send", held_meanwhile)
    await life.until(session.starts_at - timedelta(hours=23))
    to_the_pair = [kind_of(mail) for mail in life.mails()[before:] if mail.to.email.endswith("@pair.example")]
    assert sorted(to_the_pair) == ["on_hold", "on_hold", "session_cancelled", "session_cancelled", "session_reminder"]
    rows = [row for row in rig.world.ledger.rows.values() if row.relationship == life.id]
    (kept_back,) = [row for row in rows if row.reason == "hold"]
    assert (kept_back.state, kept_back.purpose) == (LedgerState.SUPPRESSED, "session_reminder")
    assert life.entries() == NOTHING
    await life.days(6)
    assert len(life.mails(to=MENTOR) + life.mails(to=MENTEE)) == before + 5, "no timer speaks through a hold"


async def test_case_30_a_person_reads_their_own_part_and_can_be_forgotten(rig: Rig) -> None:
    """The export names nobody else; once the directory has forgotten somebody, what remains names nobody."""
    life = await rig.life(*UNDER_WAY, session_over)
    for person, useful in ((MENTOR, 3), (MENTEE, 9)):
        await life.on.confirm_session(by=person, session=1, held=True, pulse=c.Pulse(useful, 8))
    await life.on.exit(by=MENTEE)
    await life.rest()
    rows = {key: row for key, row in rig.world.ledger.rows.items() if row.relationship == life.id}
    sent = [Sent(key, row.purpose, row.state.value, await life.now()) for key, row in rows.items()]
    part = part_of(MENTEE, life.id, await rig.world.journal.read(life.id), sent)
    handed_out = repr(part)
    assert not [other for other in (MENTOR, COORDINATOR, "Mia", "mia@") if other in handed_out]
    assert [kept.facts["pulse"]["useful"] for kept in part.journal if kept.kind == "session_confirmed"] == [9]
    assert {row.purpose for row in part.sent} >= {"invitation", "session_question", "exit_confirmed"}
    assert "relationship_ended" not in {row.purpose for row in part.sent}, "that went to the other"

    del rig.world.people.people[MENTEE]
    kept = raw_bytes(await life.runs()).decode(errors="replace")
    kept += "".join(entry.body for entry in rig.world.journal.entries[life.id]) + repr(rows)
    assert not [word for word in ("Ed Young", "ed@pair.example") if word in kept]
    record = read_record(life.id, await rig.world.journal.read(life.id))
    assert record
    assert (len(record.held()), record.outcome) == (1, "no_fault_exit"), "counters stay"
    with pytest.raises(CommandRejected) as refused:
        await rig.mentoring.reopen(life.id)
    assert refused.value.code is Refusal.UNKNOWN_PERSON


async def test_case_31_the_same_two_again_several_pairs_and_both_roles(temporal: EmbeddedTemporal) -> None:
    """The block list first, one open pairing of two in a programme, room counted over both roles, each its own life."""
    async with quick_rig(temporal.address) as rig:
        pairings, people = rig.world.journal.pairings, rig.world.people.people
        assert pairings
        office = MentoringClient(
            rig.clock.client,
            people=rig.world.people,
            task_queue=rig.mentoring._task_queue,
            pairings=pairings,
            journal=rig.world.journal,
        )

        async def opened(mentor: str, mentee: str, programme: str = "one") -> QuickLife:
            began = await office.open(mentor=mentor, mentee=mentee, programme=programme, coordinator=COORDINATOR)
            life = QuickLife(began, rig.clock, rig.world)
            await life.rest()
            return life

        async def refused(mentor: str, mentee: str, programme: str = "one") -> Refusal:
            with pytest.raises(CommandRejected) as rejected:
                await opened(mentor, mentee, programme)
            return rejected.value.code

        await pairings.block(MENTOR, MENTEE)
        assert await refused(MENTEE, MENTOR, "anywhere") is Refusal.BLOCKED_PAIR
        await pairings.unblock(MENTOR, MENTEE)
        first = await opened(MENTOR, MENTEE)
        assert await refused(MENTEE, MENTOR) is Refusal.ALREADY_PAIRED
        both_roles = await opened(MENTEE, MENTOR, "other")
        people[MENTEE] = replace(people[MENTEE], capacity=2)
        assert await refused(STRANGER, MENTEE) is Refusal.NO_CAPACITY
        await first.on.exit(by=MENTEE)
        await first.rest()
        again = await opened(MENTOR, MENTEE)
        assert len({first.workflow_id, both_roles.workflow_id, again.workflow_id}) == 3
        assert [(await life.status()).phase for life in (first, both_roles, again)] == [
            Phase.CLOSED,
            Phase.ONBOARDING,
            Phase.ONBOARDING,
        ]
        await both_roles.on.accept(by=MENTOR)
        await both_roles.rest()
        assert (again.letters(), "invitation_accepted" in again.events()) == ({"invitation": 2}, False)


async def test_case_32_after_days_without_any_server_each_reads_one_letter(rig: Rig) -> None:
    """Mail, calendars and journal are away over a session: no reminder comes late, and the session is unknown."""
    life = await rig.life(*UNDER_WAY)
    session = await next_session(life)
    await life.until(session.starts_at - timedelta(hours=25))
    await life.on.ask_coordinator(by=MENTOR, matter=c.Matter.QUESTION, words="Where is the guide?")
    await life.rest()
    before = len(life.mails())
    rig.world.mail_server_goes()
    rig.world.calendar_server_goes()
    rig.world.journal.away = True
    await life.on.conclude_help(by=COORDINATOR, help=1, outcome=c.HelpOutcome.ANSWERED)
    await life.until(session.ends_at + timedelta(hours=26))
    assert len(life.mails()) == before
    rig.world.mend()
    await life.days(0.5)
    came = life.letters(before)
    assert came == {"session_invitation": 2, "catch_up": 1, "session_question": 1, "help_outcome": 1}
    assert [mail.to.email for mail in life.mails(LetterKind.CATCH_UP)] == ["mia@pair.example"]
    assert life.mails(LetterKind.SESSION_REMINDER) == []
    ahead = await next_session(life)
    assert life.entries() == {person: [session.starts_at, ahead.starts_at] for person in PAIR}
    await life.days(13)
    assert dict((await life.status()).results)[1] is SessionResult.UNKNOWN
    keys = [mail.key for mail in life.mails()]
    assert len(keys) == len(set(keys))
    assert [entry.sequence for entry in rig.world.journal.entries[life.id]] == list(
        range(1, len(rig.world.journal.entries[life.id]) + 1)
    )


async def test_case_33_a_year_fits_into_small_pages(year: QuickLife) -> None:
    """Many short runs; command ids, deadlines and the journal go from one to the next, and it closes by itself."""
    runs = await year.runs()
    assert len(runs) >= 13
    assert max(len(events_of([run])) for run in runs) <= 120
    view = await year.status()
    assert view.next_hour_at
    assert view.next_hour_at > await year.now()
    again = await year.on.accept(by=MENTOR, command_id="first-click")
    assert again.events == view.events, "the very first click is still known"
    assert kinds_of(events_of(runs))["WORKFLOW_TASK_FAILED"] == 0
    await year.past(end_reached)
    await year.days(22)
    closed = await year.status()
    assert (closed.phase, closed.outcome, closed.sessions_held) == (Phase.CLOSED, RelationshipOutcome.COMPLETED, 13)
    assert [entry.sequence for entry in year.world.journal.entries[year.id]] == list(range(1, closed.events + 1))


async def test_case_34_each_reads_in_their_own_language_and_by_their_own_clock(year: QuickLife) -> None:
    """One pair, two languages: every letter in words and in HTML, every hour with the name of its zone."""
    session_mails = (LetterKind.SESSION_INVITATION, LetterKind.SESSION_REMINDER, LetterKind.SESSION_QUESTION)
    for person, lang, zone in ((MENTOR, "it", "(ora di Roma)"), (MENTEE, "en", "(London time)")):
        for mail in year.mails(to=person):
            assert f'lang="{lang}"' in mail.html
            assert mail.text.strip()
            assert "<" not in mail.text
        for mail in year.mails(*session_mails, to=person):
            assert zone in mail.text, mail.text
    italian = {kind_of(mail): mail.subject for mail in year.mails(to=MENTOR)}
    english = {kind_of(mail): mail.subject for mail in year.mails(to=MENTEE)}
    assert {kind for kind in italian if italian[kind] == english.get(kind)} == set()
    assert set(session_mails) <= set(italian)


async def test_case_35_whoever_opens_a_link_changes_nothing(rig: Rig) -> None:
    """A scanner follows every link of every letter: it names a page and acts on nothing; a form is good for once."""
    life = await rig.life(*UNDER_WAY, session_over)
    mails = life.mails()
    links = {link for mail in mails for link in re.findall(r"https?://[^\s\"<>]+", mail.text + mail.html)}
    assert links
    assert all(link.startswith(f"https://tool.example/{life.id}/") for link in links), "the host's own pages, no other"
    pages = {link.rpartition("/")[2] for link in links}
    assert pages <= {action.value for action in Action}
    before, events = await life.history_length(), (await life.status()).events
    for _ in pages:  # what such a page shows before anybody presses a button
        await life.status()
        await life.on.agreement()
        await life.on.timeline()
    assert (await life.history_length(), (await life.status()).events) == (before, events)

    form, token = c.ConfirmSession(MENTEE, 1, held=True), f"form-{life.id}"
    first = await life.on.do(form, token)
    await life.rest()
    assert (await life.on.do(form, token)).events == first.events
    await life.on.exit(by=MENTOR)
    await life.rest()
    assert len(body_of(life, "session_confirmed")) == 1
