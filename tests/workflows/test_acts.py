"""The acts of a relationship, one after the other, on a real server."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from mentoring_lifecycle.domain.commands import CalendarAnswer, Choice, Comfort
from mentoring_lifecycle.domain.events import Phase, RelationshipOutcome, SessionResult
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.starter.answers import CommandRejected

from .life import (
    COORDINATOR,
    GOAL,
    MENTEE,
    MENTOR,
    MOMENT,
    PAIR,
    STANDARD,
    UNDER_WAY,
    Life,
    Past,
    Rig,
    both_accepted,
    both_confirmed,
    both_looked_back,
    both_signed,
    end_reached,
    next_session,
    session_over,
    sessions_held,
)

# --- the way through --------------------------------------------------------------------------------------------


async def test_an_invitation_waits_for_both(rig: Rig) -> None:
    """Both are invited, and one acceptance begins nothing."""
    life = await rig.life()
    assert life.letters() == {"invitation": 2}
    await life.on.accept(by=MENTOR, induction_acknowledged=True, comfort=Comfort.YES)
    await life.rest()
    assert (await life.status()).phase is Phase.ONBOARDING
    assert life.letters() == {"invitation": 2}


async def test_who_has_not_read_the_guide_is_given_it(rig: Rig) -> None:
    """Without the guide nobody goes on; with both answers the ground rules are put to both."""
    life = await rig.life()
    for person in PAIR:
        await life.on.accept(by=person)
    await life.rest()
    assert life.letters() == {"invitation": 2, "induction": 2}
    for person in PAIR:
        await life.on.complete_induction(by=person, comfort=Comfort.YES)
    await life.rest()
    assert (await life.status()).phase is Phase.GROUND_RULES
    assert life.letters() == {"invitation": 2, "induction": 2, "rules_to_sign": 2}


async def test_an_uneasy_answer_goes_to_the_coordinator_alone(rig: Rig) -> None:
    """The partner hears only that it takes more time; after a talk the answer may become a yes."""
    life = await rig.life()
    await life.on.accept(by=MENTEE, induction_acknowledged=True, comfort=Comfort.YES)
    await life.on.accept(by=MENTOR, induction_acknowledged=True, comfort=Comfort.UNSURE)
    await life.rest()
    assert len(life.mails(LetterKind.COMFORT_TALK, to=COORDINATOR)) == 1
    assert len(life.mails(LetterKind.NEEDS_TIME, to=MENTEE)) == 1
    assert life.letters() == {"invitation": 2, "comfort_talk": 1, "needs_time": 1}
    await life.on.decide(by=COORDINATOR, choice=Choice.MORE_TIME)
    await life.on.complete_induction(by=MENTOR, comfort=Comfort.YES)
    await life.rest()
    assert (await life.status()).phase is Phase.GROUND_RULES


async def test_a_new_version_of_the_rules_must_be_signed_by_the_other(rig: Rig) -> None:
    """Who proposes signs by it, and the older version can no longer be signed."""
    life = await rig.life(both_accepted)
    await life.on.sign_rules(by=MENTOR, version=1)
    await life.on.propose_rules(by=MENTEE, values={"R12": "48"})
    await life.rest()
    with pytest.raises(CommandRejected) as refused:
        await life.on.sign_rules(by=MENTOR, version=1)
    assert refused.value.code is Refusal.VERSION_MOVED_ON
    assert (await life.on.agreement()).signed == (Party.MENTEE,)
    await life.on.sign_rules(by=MENTOR, version=2)
    await life.rest()
    assert dict((await life.on.agreement()).rules)["R12"] == "48"
    assert (await life.status()).phase is Phase.GOALS
    assert life.letters()["rules_to_sign"] == 3


async def test_agreed_goals_book_the_first_session_in_both_calendars(rig: Rig) -> None:
    """At the programme's wall-clock hour in the pair's zone; both are invited once."""
    life = await rig.life(both_accepted, both_signed, zone="America/New_York")
    await life.on.propose_goals(by=MENTEE, goals=(GOAL,), every_weeks=1)
    await life.on.propose_goals(by=MENTOR, goals=(GOAL, GOAL))
    await life.rest()
    before = await life.now()
    await life.on.agree_goals(by=MENTEE, proposal=2, baselines=(4, 5))
    await life.rest()
    booked = await next_session(life)
    local = booked.starts_at.astimezone(ZoneInfo("America/New_York"))
    assert (local.weekday(), local.hour, local.minute) == (1, 10, 0)
    assert timedelta(days=5) <= booked.starts_at - before <= timedelta(days=12)
    assert life.entries() == {MENTOR: [booked.starts_at], MENTEE: [booked.starts_at]}
    assert life.letters()["session_invitation"] == 2


async def test_a_session_is_reminded_of_and_asked_about_at_its_hours(rig: Rig) -> None:
    """A day before both are reminded, an hour after its end both are asked, and the next one is booked."""
    life = await rig.life(*UNDER_WAY)
    session = await next_session(life)
    await life.on.set_agenda(by=MENTOR, session=1, points=("What is a pull request?",))
    await life.until(session.starts_at - timedelta(hours=24, minutes=1))
    assert life.mails(LetterKind.SESSION_REMINDER) == []
    await life.until(session.starts_at - timedelta(hours=23))
    reminders = life.mails(LetterKind.SESSION_REMINDER)
    assert len(reminders) == 2
    assert all("What is a pull request?" in mail.text for mail in reminders)
    await life.until(session.ends_at + timedelta(minutes=59))
    assert life.mails(LetterKind.SESSION_QUESTION) == []
    await life.until(session.ends_at + timedelta(minutes=61))
    assert len(life.mails(LetterKind.SESSION_QUESTION)) == 2
    later = await next_session(life)
    assert life.entries()[MENTOR] == [session.starts_at, later.starts_at]
    assert later.starts_at - session.starts_at == timedelta(weeks=2)


async def test_a_moved_session_keeps_its_identity_in_every_calendar(rig: Rig) -> None:
    """One entry, one revision higher; the mails that tell of it carry the same."""
    life = await rig.life(*UNDER_WAY)
    session = await next_session(life)
    moved_to = session.starts_at + timedelta(days=1)
    await life.on.move_session(by=MENTEE, session=1, starts_at=moved_to)
    await life.rest()
    assert life.entries() == {MENTOR: [moved_to], MENTEE: [moved_to]}
    told = [mail.entry for mail in life.mails(LetterKind.SESSION_INVITATION, LetterKind.SESSION_MOVED) if mail.entry]
    assert len({entry.uid for entry in told}) == 1
    assert sorted(entry.revision for entry in told) == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        ({MENTOR: True}, SessionResult.HELD_UNCONFIRMED),
        ({MENTOR: True, MENTEE: False}, SessionResult.UNKNOWN),
        ({}, SessionResult.UNKNOWN),
    ],
    ids=["one", "two that differ", "none"],
)
async def test_silence_and_doubt_settle_by_themselves(
    rig: Rig, answers: dict[str, bool], result: SessionResult
) -> None:
    """Two witnesses; nobody has to remember to settle what they left open."""
    life = await rig.life(*UNDER_WAY, session_over)
    for person, held in answers.items():
        await life.on.confirm_session(by=person, session=1, held=held)
    await life.rest()
    await life.days(14.1)
    assert dict((await life.status()).results)[1] is result


async def test_a_short_life_is_completed_and_says_goodbye_once(rig: Rig) -> None:
    """Three sessions, the announced end, a look back, farewell: every letter once, and every event in the journal."""
    life = await rig.life(*UNDER_WAY, sessions_held(3), end_reached, both_looked_back)
    status = await life.status()
    assert (status.phase, status.outcome, status.sessions_held) == (Phase.CLOSED, RelationshipOutcome.COMPLETED, 3)
    expected = {"invitation": 2, "rules_to_sign": 2, "goals_to_set": 2, "goals_to_agree": 1}
    expected |= {"session_invitation": 6, "session_reminder": 6, "session_question": 6}
    expected |= {"closing_notice": 2, "final_feedback": 2, "farewell": 2, "closed_note": 1}
    assert life.letters() == expected
    assert len({mail.key for mail in life.mails()}) == len(life.mails())
    kept = rig.world.journal.entries[life.id]
    assert [entry.sequence for entry in kept] == list(range(1, status.events + 1))
    assert rig.world.journal.summaries[life.id].outcome == "completed"


async def test_a_life_without_enough_sessions_is_not_called_completed(rig: Rig) -> None:
    """Completed is earned by sessions that took place, not by a date that passed."""
    life = await rig.life(*UNDER_WAY, sessions_held(1), end_reached, both_looked_back)
    assert (await life.status()).outcome is RelationshipOutcome.INACTIVE


async def test_who_stays_silent_at_the_end_keeps_nobody_waiting(rig: Rig) -> None:
    """Final questions are reminded of twice and lapse; the relationship closes under its earned name."""
    life = await rig.life(*UNDER_WAY, sessions_held(3), end_reached)
    await life.days(22)
    assert (await life.status()).outcome is RelationshipOutcome.COMPLETED
    assert life.letters()["final_feedback_reminder"] == 4


# --- silence and no ---------------------------------------------------------------------------------------------


async def test_an_unanswered_invitation_expires_after_its_ladder(rig: Rig) -> None:
    """Reminded after 3, 7 and 12 days, ended after 14 under its own name; then nothing more comes."""
    life = await rig.life()
    opened_at = (await life.status()).opened_at
    await life.days(15)
    status = await life.status()
    assert (status.phase, status.outcome) == (Phase.CLOSED, RelationshipOutcome.EXPIRED)
    assert life.letters() == {"invitation": 2, "invitation_reminder": 6, "not_started": 2, "closed_note": 1}
    hours = [mail.dated_at - opened_at for mail in life.mails(LetterKind.INVITATION_REMINDER, to=MENTOR)]
    for hour, days in zip(hours, (3, 7, 12), strict=True):
        assert timedelta() <= hour - timedelta(days=days) < MOMENT
    assert life.entries() == {MENTOR: [], MENTEE: []}


async def test_only_who_is_silent_is_reminded(rig: Rig) -> None:
    """An answer ends the ladder of whoever gave it."""
    life = await rig.life()
    await life.on.accept(by=MENTOR)
    await life.days(8)
    assert len(life.mails(LetterKind.INVITATION_REMINDER, to=MENTEE)) == 2
    assert life.mails(LetterKind.INVITATION_REMINDER, to=MENTOR) == []


async def test_rules_that_nobody_signs_end_with_the_coordinator_and_then_by_time(rig: Rig) -> None:
    """The coordinator is asked to decide, may give more time, and is no way to wait for ever either."""
    life = await rig.life(both_accepted, policy=STANDARD)
    await life.days(21.1)
    assert len(life.mails(LetterKind.DECISION_WANTED, to=COORDINATOR)) == 1
    await life.on.decide(by=COORDINATOR, choice=Choice.MORE_TIME)
    await life.rest()
    assert life.letters()["rules_to_sign"] == 4
    await life.days(21.1)
    await life.days(14.1)
    assert (await life.status()).outcome is RelationshipOutcome.EXPIRED


async def test_a_no_ends_it_and_tells_nobody_whose_it_was(rig: Rig) -> None:
    """Both read the same sentence; the coordinator reads the outcome."""
    life = await rig.life()
    await life.on.decline(by=MENTEE)
    await life.rest()
    assert (await life.status()).outcome is RelationshipOutcome.DECLINED
    assert life.letters() == {"invitation": 2, "not_started": 2, "closed_note": 1}


# --- leaving ----------------------------------------------------------------------------------------------------


async def _held(life: Life) -> None:
    await life.on.hold()


async def _paused(life: Life) -> None:
    await life.on.pause(by=MENTEE)


@pytest.mark.parametrize(
    ("past", "cancelled"),
    [
        ((), 0),
        ((both_accepted,), 0),
        ((both_accepted, both_signed), 0),
        (UNDER_WAY, 2),
        ((*UNDER_WAY, session_over, both_confirmed), 2),
        ((*UNDER_WAY, sessions_held(3), end_reached), 0),
        ((*UNDER_WAY, _paused), 0),
        ((*UNDER_WAY, _held), 0),
    ],
    ids=["onboarding", "ground rules", "goals", "first session", "second session", "closing", "paused", "held"],
)
async def test_leaving_works_at_once_everywhere(rig: Rig, past: tuple[Past, ...], cancelled: int) -> None:
    """No reason, no approval: closed in the same moment, nothing planned left, one kind word to each, then silence."""
    life = await rig.life(*past)
    before, left_at = len(life.mails()), await life.now()
    await life.on.exit(by=MENTOR)
    await life.rest()
    status = await life.status()
    assert (status.phase, status.outcome) == (Phase.CLOSED, RelationshipOutcome.NO_FAULT_EXIT)
    expected = {"exit_confirmed": 1, "relationship_ended": 1, "closed_note": 1}
    assert life.letters(before) == expected | ({"session_cancelled": cancelled} if cancelled else {})
    assert len(life.mails(LetterKind.EXIT_CONFIRMED, to=MENTOR)) == 1
    assert len(life.mails(LetterKind.RELATIONSHIP_ENDED, to=MENTEE)) == 1
    assert all(start <= left_at for starts in life.entries().values() for start in starts)
    assert await life.now() - left_at < MOMENT


# --- pause and hold ---------------------------------------------------------------------------------------------


async def test_a_pause_stops_everything_and_moves_the_end(rig: Rig) -> None:
    """The planned session is cancelled, it is quiet for its time, and what was left of that comes after."""
    life = await rig.life(*UNDER_WAY)
    ends_at, before = (await life.status()).ends_at, len(life.mails())
    await life.on.pause(by=MENTOR)
    await life.rest()
    assert life.letters(before) == {"session_cancelled": 2, "paused": 2}
    assert life.entries() == {MENTOR: [], MENTEE: []}
    with pytest.raises(CommandRejected) as refused:
        await life.on.set_agenda(by=MENTOR, session=1, points=("x",))
    assert refused.value.code is Refusal.PAUSED
    await life.days(30)
    assert life.letters(before) == {"session_cancelled": 2, "paused": 2}
    await life.on.resume(by=MENTEE)
    await life.rest()
    assert life.letters(before + 4) == {"resumed": 2, "session_invitation": 2}
    assert timedelta() <= (await life.status()).ends_at - ends_at - timedelta(days=30) < MOMENT


async def test_a_pause_with_a_date_ends_by_itself(rig: Rig) -> None:
    """Nobody has to remember to resume."""
    life = await rig.life(*UNDER_WAY)
    await life.on.pause(by=MENTOR, until=await life.now() + timedelta(days=10))
    await life.days(10.1)
    status = await life.status()
    assert status.standing == "normal"
    assert [session.lies_ahead for session in status.sessions] == [True]


async def test_a_hold_lets_out_nothing_but_cancellations_and_its_one_sentence(rig: Rig) -> None:
    """The planned session leaves both calendars, both read the same, and then it is quiet until the hold is lifted."""
    life = await rig.life(*UNDER_WAY)
    ends_at, before = (await life.status()).ends_at, len(life.mails())
    await life.on.hold()
    await life.rest()
    assert life.letters(before) == {"session_cancelled": 2, "on_hold": 2, "hold_note": 1}
    assert life.entries() == {MENTOR: [], MENTEE: []}
    assert await rig.world.journal.is_on_hold(life.id)
    await life.days(40)
    assert life.letters(before) == {"session_cancelled": 2, "on_hold": 2, "hold_note": 1, "decision_wanted": 2}
    assert life.mails()[-1].to.email == "cleo@programme.example", "only the coordinator is asked whether it is meant"
    await life.on.lift()
    await life.rest()
    assert life.letters(before + 7) == {"hold_lifted": 2, "session_invitation": 2}
    assert timedelta() <= (await life.status()).ends_at - ends_at - timedelta(days=40) < MOMENT


async def test_a_hold_stops_the_clocks_of_open_questions(rig: Rig) -> None:
    """A ladder goes on where it stood: held for longer than it lasts, nobody is reminded or has lapsed."""
    life = await rig.life(both_accepted, both_signed)
    await life.days(2)
    expires_at = (await life.status()).questions[0].expires_at
    await life.on.hold()
    await life.days(40)
    assert life.mails(LetterKind.GOALS_REMINDER) == []
    await life.on.lift()
    await life.rest()
    status = await life.status()
    assert timedelta() <= status.questions[0].expires_at - expires_at - timedelta(days=40) < MOMENT
    await life.days(0.9)
    assert life.mails(LetterKind.GOALS_REMINDER) == []
    await life.days(0.2)
    assert len(life.mails(LetterKind.GOALS_REMINDER)) == 2


async def test_a_hold_over_a_pause_leaves_the_pause(rig: Rig) -> None:
    """A hold wins over everything, and lifting it lifts nothing else."""
    life = await rig.life(*UNDER_WAY, _paused, _held)
    assert (await life.status()).standing == "on_hold"
    await life.on.lift()
    await life.rest()
    assert (await life.status()).standing == "paused"


async def test_a_relationship_that_ended_by_the_programme_is_closed(rig: Rig) -> None:
    """The programme team may end it, also from a hold; both are told."""
    life = await rig.life(*UNDER_WAY, session_over, both_confirmed, _held)
    await life.on.decide(by=COORDINATOR, choice=Choice.END)
    await life.rest()
    assert (await life.status()).outcome is RelationshipOutcome.ENDED_BY_PROGRAMME
    assert len(life.mails(LetterKind.RELATIONSHIP_ENDED)) == 2


async def test_a_session_that_is_called_off_leaves_every_calendar_and_is_booked_anew(rig: Rig) -> None:
    """Whoever books is asked by mail; the time that is chosen reaches both calendars, as a session of its own."""
    life = await rig.life(*UNDER_WAY)
    session = await next_session(life)
    await life.on.cancel_session(by=MENTOR, session=session.number)
    await life.rest()
    assert life.entries() == {MENTOR: [], MENTEE: []}
    view = await life.status()
    assert view.to_book == session.number + 1
    (asked,) = life.mails(LetterKind.BOOK_SESSION)
    assert asked.to.email == "ed@pair.example"
    chosen = await life.now() + timedelta(days=9)
    await life.on.book_session(by=MENTEE, session=view.to_book, starts_at=chosen)
    await life.rest()
    assert life.entries() == {MENTOR: [chosen], MENTEE: [chosen]}


async def test_a_time_proposed_by_one_and_chosen_by_the_other_moves_the_session(rig: Rig) -> None:
    """Until then it stays; afterwards both calendars show the new time under the old identity."""
    life = await rig.life(*UNDER_WAY)
    session = await next_session(life)
    times = (session.starts_at + timedelta(days=1), session.starts_at + timedelta(days=2))
    await life.on.propose_times(by=MENTOR, session=session.number, times=times)
    await life.rest()
    assert life.entries()[MENTOR] == [session.starts_at]
    await life.on.answer_times(by=MENTEE, session=session.number, chosen=2)
    await life.rest()
    assert life.entries() == {MENTOR: [times[1]], MENTEE: [times[1]]}
    changes = await life.on.changes()
    assert [each.late_moves for each in changes] == [0, 0]


async def test_an_entry_that_somebody_deleted_becomes_a_question_to_them_alone(rig: Rig) -> None:
    """It was not meant: both calendars show the session again, and the partner never heard of it."""
    life = await rig.life(*UNDER_WAY)
    session, before = await next_session(life), len(life.mails(to=MENTOR))
    await rig.world.calendar.remove(MENTEE, f"{life.id}~s01@mentoring-lifecycle")
    await life.on.note_calendar(by=MENTEE, session=1, revision=0, answer=CalendarAnswer.DELETED)
    await life.rest()
    assert len(life.mails(LetterKind.CALENDAR_QUESTION, to=MENTEE)) == 1
    assert life.entries() == {MENTOR: [session.starts_at], MENTEE: []}
    await life.on.answer_calendar_question(by=MENTEE, session=1, meant=False)
    await life.rest()
    assert life.entries() == {MENTOR: [session.starts_at], MENTEE: [session.starts_at]}
    assert len(life.mails(to=MENTOR)) == before
