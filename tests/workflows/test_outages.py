"""Peers that are away: nothing lost, nothing twice, nothing stale, and no story that waits for them."""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from mentoring_lifecycle.activities.ports import Claim, LedgerState, MailRefused, MailUnknown
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.domain.commands import HelpOutcome, Matter
from mentoring_lifecycle.domain.events import Phase, RelationshipOutcome
from mentoring_lifecycle.domain.letters import LetterKind

from .life import (
    COORDINATOR,
    MENTEE,
    MENTOR,
    UNDER_WAY,
    QuickLife,
    Rig,
    World,
    both_accepted,
    both_confirmed,
    events_of,
    kinds_of,
    next_session,
    session_over,
)


def _nothing_twice(life: QuickLife) -> bool:
    keys = [mail.key for mail in life.mails()]
    return len(keys) == len(set(keys))


async def test_three_days_without_a_mail_server_lose_nothing_and_repeat_nothing(rig: Rig, broken: World) -> None:
    """The session's reminder is stale by then and dropped; of the question, still open, each hears once."""
    life = await rig.life(*UNDER_WAY)
    session, before = await next_session(life), len(life.mails())
    await life.until(session.starts_at - timedelta(hours=40))
    broken.mail_server_goes()
    await life.days(3)
    assert len(life.mails()) == before
    broken.mail_server_returns()
    await life.days(0.25)
    assert life.letters(before)["session_invitation"] == 2
    assert len(life.mails(LetterKind.SESSION_QUESTION, LetterKind.SESSION_QUESTION_REMINDER)) == 2
    assert len(life.mails()) - before == 4
    assert life.mails(LetterKind.SESSION_REMINDER) == []
    assert _nothing_twice(life)


async def test_a_ladder_that_climbed_unheard_is_not_caught_up_with(rig: Rig, broken: World) -> None:
    """Twelve days of reminders in front of a dead mail server end in one reminder each, not in all of them."""
    life = await rig.life(both_accepted)
    before = len(life.mails())
    broken.mail_server_goes()
    await life.days(12)
    broken.mail_server_returns()
    await life.days(0.25)
    assert life.letters(before)["rules_reminder"] <= 2
    assert len(life.mails()) - before <= 2
    assert _nothing_twice(life)


async def test_a_question_that_was_answered_meanwhile_is_not_asked_again(rig: Rig, broken: World) -> None:
    """The answer came by another way before the mail could: it is dropped."""
    life = await rig.life(*UNDER_WAY)
    before = len(life.mails())
    broken.mail_server_goes()
    await life.past(session_over, both_confirmed)
    broken.mail_server_returns()
    await life.days(0.5)
    assert life.mails(LetterKind.SESSION_QUESTION) == []
    assert life.letters(before) == {"session_invitation": 2}


async def test_a_hold_and_an_exit_do_not_wait_for_the_mail_server(rig: Rig, broken: World) -> None:
    """Both take effect at once; what they have to say is said when somebody can be reached."""
    life = await rig.life(*UNDER_WAY)
    before = len(life.mails())
    broken.mail_server_goes()
    await life.on.hold()
    await life.rest()
    assert life.entries() == {MENTOR: [], MENTEE: []}
    await life.on.exit(by=MENTEE)
    await life.rest()
    assert (await life.status()).phase is Phase.CLOSED
    broken.mail_server_returns()
    await life.days(0.5)
    expected = {
        "session_cancelled": 2,
        "on_hold": 2,
        "hold_note": 1,
        "exit_confirmed": 1,
        "relationship_ended": 1,
        "closed_note": 1,
    }
    assert life.letters(before) == expected
    assert (await life.workflow.describe()).close_time is not None


async def test_a_letter_of_which_nobody_knows_follows_its_class(rig: Rig, broken: World) -> None:
    """Lost after the final dot: an invitation goes out again under the same key, a reminder is left alone."""
    life = await rig.life(both_accepted)
    broken.mail.troubles.append(MailUnknown("timeout"))
    await life.days(3.01)
    await life.days(0.5)
    reminders = life.mails(LetterKind.RULES_REMINDER)
    assert len(reminders) == 2
    broken.mail.troubles.append(MailUnknown("timeout"))
    await life.on.sign_rules(by=MENTOR, version=1)
    await life.on.sign_rules(by=MENTEE, version=1)
    await life.rest()
    await life.days(0.5)
    asked = life.mails(LetterKind.GOALS_TO_SET)
    assert len(asked) == 3
    assert len({mail.key for mail in asked}) == 2
    assert all(broken.ledger.rows[mail.key].state is LedgerState.ACCEPTED for mail in asked)


async def test_an_address_that_is_refused_for_good_is_told_once(rig: Rig, broken: World) -> None:
    """The coordinator hears of it, nobody writes to it again, and the story goes on."""
    life = await rig.life()
    broken.mail.troubles.append(MailRefused("550"))
    await life.days(3.1)
    assert len(life.mails(LetterKind.ADDRESS_FAILED, to=COORDINATOR)) == 1
    assert life.mails(LetterKind.INVITATION_REMINDER, to=MENTOR) == []
    assert (await life.shown())["health"] == "attention"
    await life.past(both_accepted)
    assert (await life.status()).phase is Phase.GROUND_RULES


async def test_an_exit_waits_for_the_calendar_server_and_then_closes(rig: Rig, broken: World) -> None:
    """Left at once, closed when both calendars are proven clean: no future entry remains."""
    life = await rig.life(*UNDER_WAY)
    broken.calendar_server_goes()
    await life.on.exit(by=MENTOR)
    await life.days(3)
    assert (await life.status()).phase is Phase.CLOSING
    assert (await life.shown())["phase"] == "closing"
    broken.calendar_server_returns()
    await life.days(0.25)
    status = await life.status()
    assert (status.phase, status.outcome) == (Phase.CLOSED, RelationshipOutcome.NO_FAULT_EXIT)
    assert life.entries() == {MENTOR: [], MENTEE: []}


async def test_a_calendar_server_that_stays_away_does_not_keep_a_relationship_open(rig: Rig, broken: World) -> None:
    """After the days that a clean-up has it closes all the same, and says that nothing was proven; what is left in
    calendars goes when the server is back at last."""
    life = await rig.life(*UNDER_WAY)
    broken.calendar_server_goes()
    await life.on.exit(by=MENTOR)
    await life.days(8)
    assert (await life.status()).phase is Phase.CLOSED
    closed = broken.journal.entries[life.id][-1]
    assert (closed.kind, json.loads(closed.body)["calendars_clean"]) == ("closed", False)
    broken.calendar_server_returns()
    await life.days(0.25)
    assert life.entries() == {MENTOR: [], MENTEE: []}
    assert (await life.workflow.describe()).close_time is not None


async def test_a_calendar_server_that_never_comes_back_is_given_up(rig: Rig, broken: World) -> None:
    """Two weeks after the end nothing is tried any more."""
    life = await rig.life(*UNDER_WAY)
    broken.calendar_server_goes()
    await life.on.exit(by=MENTOR)
    await life.days(15)
    assert (await life.workflow.describe()).close_time is not None
    rows = broken.ledger.rows
    given_up = {row.state for row in rows.values() if row.relationship == life.id and row.purpose == "remove_entry"}
    assert given_up == {LedgerState.EXPIRED}


async def test_an_outage_is_paid_for_in_attempts_not_in_storms(rig: Rig, broken: World) -> None:
    """Three days away are tried at widening hours: some two dozen calls, each with one timer."""
    life = await rig.life(both_accepted)
    broken.mail_server_goes()
    await life.days(2.9)
    assert kinds_of(events_of(await life.runs()))["ACTIVITY_TASK_SCHEDULED"] <= 4
    await life.days(3)
    assert kinds_of(events_of(await life.runs()))["ACTIVITY_TASK_SCHEDULED"] <= 4 + 24


async def test_a_people_directory_that_is_away_delays_letters_and_nothing_else(rig: Rig, broken: World) -> None:
    """Our own database fails the activity, which is tried again; the acts themselves go on."""
    life = await rig.life(both_accepted)
    people, broken.people.people = broken.people.people, _Away()
    await life.on.sign_rules(by=MENTOR, version=1)
    await life.on.sign_rules(by=MENTEE, version=1)
    assert (await life.status()).phase is Phase.GOALS
    broken.people.people = people
    await asyncio.wait_for(life.days(0.1), 20)
    assert life.letters()["goals_to_set"] == 2


class _Away(dict[str, Person]):
    def get(self, *_: Any) -> Any:
        raise OSError("the database is away")


async def test_a_retry_that_is_due_behind_a_stuck_call_costs_no_timer_after_timer(
    rig: Rig, broken: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter waits for its next try, and the call before it does not come back: the story sleeps until it does."""
    life = await rig.life(*UNDER_WAY)
    broken.mail_server_goes()
    await life.on.ask_coordinator(by=MENTOR, matter=Matter.MATERIAL, words="Is there a guide?")
    await life.rest()
    with monkeypatch.context() as patch:
        patch.setattr(broken.ledger, "claim", _database_away)
        await life.on.ask_coordinator(by=MENTEE, matter=Matter.MATERIAL, words="Is there a guide for me?")
        before = kinds_of(events_of(await life.runs()))["TIMER_STARTED"]
        await life.days(0.05)
        assert kinds_of(events_of(await life.runs()))["TIMER_STARTED"] - before <= 3
    broken.mail_server_returns()
    await life.days(1)
    assert len(life.mails(LetterKind.HELP_RECEIVED)) == 2
    assert _nothing_twice(life)


async def _database_away(*_: object, **__: object) -> Claim:
    raise ConnectionError("the database is away")


async def test_after_a_week_without_mail_each_reads_one_letter_instead_of_many(rig: Rig, broken: World) -> None:
    """What still matters stands in it with a line each; calendars get their invitation; nothing stale is sent."""
    life = await rig.life(*UNDER_WAY)
    session = await next_session(life)
    await life.until(session.ends_at - timedelta(days=1))
    await life.on.ask_coordinator(by=MENTOR, matter=Matter.QUESTION, words="Where is the guide?")
    await life.rest()
    before = len(life.mails())
    broken.mail_server_goes()
    await life.on.conclude_help(by=COORDINATOR, help=1, outcome=HelpOutcome.ANSWERED)
    await life.rest()
    await life.days(5)
    broken.mail_server_returns()
    await life.days(0.5)
    came = life.letters(before)
    assert came == {"session_invitation": 2, "catch_up": 1, "session_question_reminder": 1, "help_outcome": 1}
    (one,) = life.mails(LetterKind.CATCH_UP, to=MENTOR)
    assert one.text.count("https://tool.example/") == 4  # the two pages it is about, and the two at every foot
    rows = broken.ledger.rows
    gathered = [row.purpose for row in rows.values() if row.relationship == life.id and row.reason == "gathered"]
    assert sorted(gathered) == ["help_feedback", "session_question_reminder"]
    assert _nothing_twice(life)


async def test_after_three_days_without_mail_one_letter_comes_instead_of_ten(rig: Rig, broken: World) -> None:
    """What can wait stands in it; of a session that moved three times the last word is heard, and of a call for help
    that was concluded meanwhile only the outcome."""
    life = await rig.life(*UNDER_WAY)
    session, before = await next_session(life), len(life.mails())
    broken.mail_server_goes()
    for number in (1, 2, 3):
        await life.on.ask_coordinator(by=MENTOR, matter=Matter.QUESTION, words="Where is the guide?")
        await life.on.conclude_help(by=COORDINATOR, help=number, outcome=HelpOutcome.ANSWERED)
        later = session.starts_at + timedelta(days=number)
        await life.on.move_session(by=MENTOR, session=session.number, starts_at=later)
        await life.rest()
    await life.days(3)
    assert len(life.mails()) == before
    broken.mail_server_returns()
    await life.days(0.5)
    assert life.letters(before) == {"session_moved": 2, "help_outcome": 3, "catch_up": 1, "talk_suggested": 1}
    assert {mail.entry.starts_at for mail in life.mails(LetterKind.SESSION_MOVED) if mail.entry} == {later}
    rows = [row for key, row in broken.ledger.rows.items() if key.startswith(f"{life.id}/")]
    gathered = Counter(str(row.purpose) for row in rows if row.reason == "gathered")
    assert gathered == {"help_feedback": 3, "talk_suggested": 1}
    overtaken = Counter(str(row.purpose) for row in rows if row.reason == "overtaken")
    assert overtaken == {"session_moved": 4, "help_received": 3, "help_wanted": 3}
    assert _nothing_twice(life)


async def test_what_was_overtaken_stands_in_the_ledger_with_its_reason(rig: Rig, broken: World) -> None:
    """A letter that was decided and then not sent is no riddle later."""
    life = await rig.life(*UNDER_WAY)
    broken.mail_server_goes()
    await life.past(session_over, both_confirmed)
    broken.mail_server_returns()
    await life.days(0.5)
    rows = [row for key, row in broken.ledger.rows.items() if key.startswith(f"{life.id}/s1/session_question/")]
    assert [(row.state, row.reason) for row in rows] == [(LedgerState.SUPPRESSED, "overtaken")] * 2
