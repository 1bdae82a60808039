"""Letters: each branch between an order and a mail that left, or did not."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mentoring_lifecycle.activities.letters import LEASE
from mentoring_lifecycle.activities.ports import Claim, LedgerState, MailDelayed, MailRefused, MailUnknown, OutgoingMail
from mentoring_lifecycle.contracts.deliveries import (
    ADDRESS_GONE,
    NEXT_TURN,
    Delivery,
    JournalEntry,
    JournalTail,
    Outcome,
)
from mentoring_lifecycle.contracts.people import AddressState
from mentoring_lifecycle.contracts.reply_address import ReplyTemplate
from mentoring_lifecycle.domain.letters import MANNERS, CalendarMethod, LetterKind, WhenUnknown
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.gateways.memory import MemoryLedger, MemoryMail, MemoryReplyAddresses

from .conftest import MENTEE, MENTOR, NOON, RELATIONSHIP, STARTS, Desk, letter

REMINDER, INVITATION = LetterKind.SESSION_REMINDER, LetterKind.SESSION_INVITATION


async def _held(desk: Desk) -> None:
    entry = JournalEntry(1, "hold_placed", NOON, "{}")
    await desk.journal.append(JournalTail(RELATIONSHIP, "both-ways", "active", "on_hold", "", (entry,)))


async def _claimed(desk: Desk, key: str) -> int:
    claim = await desk.ledger.claim(
        key, relationship=RELATIONSHIP, purpose="x", lease=LEASE, again_if_unknown=True, now=desk.now
    )
    return claim.token


async def test_a_letter_leaves_once_and_is_accepted(desk: Desk) -> None:
    """The ledger keeps the server's words; ordered again, the answer is the same and no second mail leaves."""
    assert await desk.deliver(letter()) == (Delivery(letter().key, Outcome.ACCEPTED),)
    assert await desk.deliver(letter()) == (Delivery(letter().key, Outcome.ACCEPTED),)
    (mail,) = desk.mail.sent
    assert (mail.key, mail.to.email, mail.dated_at, mail.method) == (
        letter().key,
        "mia@pair.example",
        NOON,
        CalendarMethod.NONE,
    )
    row = desk.ledger.rows[letter().key]
    assert (row.state, row.purpose, row.remote_id) == (LedgerState.ACCEPTED, "session_reminder", "2.0.0 kept as 1")


async def test_every_letter_of_an_order_has_its_own_result(desk: Desk) -> None:
    """In the order of the order, whatever became of the others."""
    late = letter(to=MENTEE, key="r-1/s1/late", not_after=NOON - timedelta(seconds=1))
    results = await desk.deliver(letter(), late, letter(INVITATION, to=MENTEE))
    assert [result.outcome for result in results] == [Outcome.ACCEPTED, Outcome.EXPIRED, Outcome.ACCEPTED]
    assert len(desk.mail.sent) == 2


async def test_one_call_hands_over_no_more_mails_than_it_may(desk: Desk) -> None:
    """The rest waits for its turn, untried; a letter that leaves for nobody takes no place, one that failed does."""
    desk.at_once = 2
    desk.mail.troubles.append(MailDelayed("451"))
    late = letter(key="r-1/s1/late", not_after=NOON - timedelta(seconds=1))
    waiting = letter(INVITATION, key="r-1/s2/third")
    results = await desk.deliver(late, letter(), letter(INVITATION, to=MENTEE), waiting)
    assert [(each.outcome, each.reason) for each in results] == [
        (Outcome.EXPIRED, "late"),
        (Outcome.DELAYED, "451"),
        (Outcome.ACCEPTED, ""),
        (Outcome.DELAYED, NEXT_TURN),
    ]
    assert waiting.key not in desk.ledger.rows
    assert [each.outcome for each in await desk.deliver(waiting)] == [Outcome.ACCEPTED]


async def test_a_letter_whose_moment_has_passed_is_dropped(desk: Desk) -> None:
    """Recorded as expired; at the very moment it still leaves."""
    desk.now = STARTS + timedelta(microseconds=1)
    assert await desk.deliver(letter()) == (Delivery(letter().key, Outcome.EXPIRED, "late"),)
    assert desk.ledger.rows[letter().key].state is LedgerState.EXPIRED
    desk.now = STARTS
    assert [each.outcome for each in await desk.deliver(letter(key="r-1/s1/just"))] == [Outcome.ACCEPTED]


@pytest.mark.parametrize("purpose", [kind for kind in LetterKind if not MANNERS[kind].passes_hold])
async def test_a_hold_stops_a_letter_right_before_it_leaves(desk: Desk, purpose: LetterKind) -> None:
    """Whatever was decided earlier: the journal is asked at the last moment."""
    await _held(desk)
    assert await desk.deliver(letter(purpose)) == (Delivery(letter(purpose).key, Outcome.SUPPRESSED, "hold"),)
    assert desk.mail.sent == []


@pytest.mark.parametrize("purpose", [kind for kind in LetterKind if MANNERS[kind].passes_hold])
async def test_what_a_hold_itself_has_to_say_leaves(desk: Desk, purpose: LetterKind) -> None:
    """Cancellations, the fixed sentence, help and farewells."""
    await _held(desk)
    assert [each.outcome for each in await desk.deliver(letter(purpose))] == [Outcome.ACCEPTED]


async def test_nobody_is_written_to_who_is_not_there(desk: Desk) -> None:
    """Erased, or no longer with the organisation."""
    desk.people.people[MENTEE] = replace(desk.people.people[MENTEE], active=False)
    results = await desk.deliver(letter(to="person-gone"), letter(INVITATION, to=MENTEE))
    assert [(each.outcome, each.reason) for each in results] == [(Outcome.SUPPRESSED, "person")] * 2
    assert desk.mail.sent == []


async def test_an_address_known_to_be_gone_is_not_tried(desk: Desk) -> None:
    """The result says so, that the relationship can tell the coordinator."""
    await desk.people.mark_address_failed(MENTOR)
    assert await desk.deliver(letter()) == (Delivery(letter().key, Outcome.SUPPRESSED, ADDRESS_GONE),)
    assert desk.mail.sent == []


@pytest.mark.parametrize(
    ("reason", "reported", "address"),
    [
        ("550", ADDRESS_GONE, AddressState.FAILED),
        ("message-554", "message-554", AddressState.OK),
        ("sender-550", "sender-550", AddressState.OK),
        ("malformed", "malformed", AddressState.OK),
    ],
)
async def test_a_refusal_blames_the_address_only_where_it_is_to_blame(
    desk: Desk, reason: str, reported: str, address: AddressState
) -> None:
    """A bare code is about the recipient; one about us or the message leaves the address alone."""
    desk.mail.troubles.append(MailRefused(reason))
    assert await desk.deliver(letter()) == (Delivery(letter().key, Outcome.FAILED, reported),)
    assert desk.people.people[MENTOR].address is address
    row = desk.ledger.rows[letter().key]
    assert (row.state, row.reason) == (LedgerState.FAILED, reason)


async def test_a_delayed_letter_gives_its_claim_back(desk: Desk) -> None:
    """It certainly did not leave, so the next attempt may claim it at once; the server's wish to wait is passed on."""
    desk.mail.troubles.append(MailDelayed("451", retry_after=timedelta(minutes=5)))
    assert await desk.deliver(letter()) == (Delivery(letter().key, Outcome.DELAYED, "451", 300),)
    assert letter().key not in desk.ledger.rows
    assert [each.outcome for each in await desk.deliver(letter())] == [Outcome.ACCEPTED]


@pytest.mark.parametrize("purpose", LetterKind)
async def test_when_nobody_knows_the_class_of_the_letter_decides(desk: Desk, purpose: LetterKind) -> None:
    """A reminder is left alone for ever; what must arrive is sent again under the same key, once it is asked for."""
    desk.mail.troubles.append(MailUnknown("timeout"))
    (first,) = await desk.deliver(letter(purpose))
    assert desk.ledger.rows[first.key].state is LedgerState.UNKNOWN
    (second,) = await desk.deliver(letter(purpose))
    if MANNERS[purpose].when_unknown is WhenUnknown.RESEND:
        assert (first.outcome, second.outcome) == (Outcome.DELAYED, Outcome.ACCEPTED)
        one, other = desk.mail.sent
        assert one == other
    else:
        assert (first.outcome, second.outcome) == (Outcome.UNKNOWN, Outcome.UNKNOWN)
        assert len(desk.mail.sent) == 1


async def test_an_unknown_letter_that_is_delayed_next_is_still_unknown(desk: Desk) -> None:
    """Only the last attempt certainly failed; what the first one did stays open, and it is tried again."""
    desk.mail.troubles.extend([MailUnknown("timeout"), MailDelayed("connect")])
    outcomes = [(await desk.deliver(letter(INVITATION)))[0].outcome for _ in range(3)]
    assert outcomes == [Outcome.DELAYED, Outcome.DELAYED, Outcome.ACCEPTED]
    assert desk.ledger.rows[letter(INVITATION).key].state is LedgerState.ACCEPTED


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (LedgerState.ACCEPTED, Outcome.ACCEPTED),
        (LedgerState.SUPPRESSED, Outcome.SUPPRESSED),
        (LedgerState.EXPIRED, Outcome.EXPIRED),
        (LedgerState.FAILED, Outcome.FAILED),
        (LedgerState.UNKNOWN, Outcome.UNKNOWN),
    ],
)
async def test_what_is_settled_stays_settled(desk: Desk, state: LedgerState, outcome: Outcome) -> None:
    """Ordered again, the answer is where the effect stands, and nothing leaves."""
    await desk.ledger.settle(letter().key, await _claimed(desk, letter().key), state, reason="word")
    assert await desk.deliver(letter()) == (Delivery(letter().key, outcome, "word"),)
    assert desk.mail.sent == []


async def test_a_letter_in_somebody_elses_hands_is_waited_for(desk: Desk) -> None:
    """While a lease lives the letter is delayed; when it ran out, its class decides."""
    await _claimed(desk, letter(INVITATION).key)
    await _claimed(desk, letter().key)
    desk.now += LEASE - timedelta(seconds=1)
    early = await desk.deliver(letter(INVITATION), letter())
    assert [each.outcome for each in early] == [Outcome.DELAYED, Outcome.DELAYED]
    desk.now += timedelta(seconds=2)
    late = await desk.deliver(letter(INVITATION), letter())
    assert [each.outcome for each in late] == [Outcome.ACCEPTED, Outcome.UNKNOWN]
    assert [mail.key for mail in desk.mail.sent] == [letter(INVITATION).key]


@pytest.mark.parametrize(
    ("purpose", "method"),
    [
        (LetterKind.SESSION_INVITATION, CalendarMethod.REQUEST),
        (LetterKind.SESSION_MOVED, CalendarMethod.REQUEST),
        (LetterKind.SESSION_CANCELLED, CalendarMethod.CANCEL),
    ],
)
async def test_letters_that_change_a_calendar_carry_the_entry(
    desk: Desk, purpose: LetterKind, method: CalendarMethod
) -> None:
    """One identity and one stamp for both readers; both are named, in one order."""
    await desk.deliver(letter(purpose), letter(purpose, to=MENTEE))
    one, other = (mail.entry for mail in desk.mail.sent)
    assert {mail.method for mail in desk.mail.sent} == {method}
    assert one
    assert other
    assert (one.uid, one.stamped_at, one.starts_at) == ("r-1~s01@mentoring-lifecycle", NOON, STARTS)
    assert [attendee.email for attendee in one.attendees] == ["ed@pair.example", "mia@pair.example"]
    assert (one.uid, one.attendees) == (other.uid, other.attendees)


class Silent(MemoryMail):
    """A mail server that takes everything and never answers."""

    def __init__(self) -> None:
        super().__init__()
        self.has_it = asyncio.Event()

    async def send(self, mail: OutgoingMail) -> str:
        """Take it."""
        self.has_it.set()
        return await asyncio.Future[str]()


async def test_a_cancelled_attempt_leaves_its_claim_to_run_out(desk: Desk) -> None:
    """Told to stop in the middle of a mail, it stops; nobody may send the same letter until the lease has run out."""
    desk.mail = silent = Silent()
    attempt = asyncio.create_task(desk.deliver(letter()))
    await silent.has_it.wait()
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    assert desk.ledger.rows[letter().key].state is LedgerState.CLAIMED


class LedgerAway(MemoryLedger):
    """A ledger whose database cannot be reached."""

    async def claim(self, *_: Any, **__: Any) -> Claim:
        """Fail as a database does."""
        raise OSError("the database is away")


async def test_our_own_database_away_fails_the_attempt(desk: Desk) -> None:
    """Then nothing has left that the ledger does not know of."""
    desk.ledger = LedgerAway()
    with pytest.raises(OSError, match="away"):
        await desk.deliver(letter())
    assert desk.mail.sent == []


class Slow(MemoryMail):
    """A mail server that answers only after three signs of life."""

    def __init__(self, beats: list[object]) -> None:
        super().__init__()
        self._beats = beats

    async def send(self, mail: OutgoingMail) -> str:
        """Take its time."""
        while len(self._beats) < 3:
            await asyncio.sleep(0)
        return await super().send(mail)


async def test_a_long_call_gives_signs_of_life(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that died in the middle is noticed within seconds; a quick call sends none."""
    await desk.deliver(letter())
    assert desk.beats == []
    monkeypatch.setattr("mentoring_lifecycle.activities.heartbeat.EVERY_SECONDS", 0.0)
    desk.mail = Slow(desk.beats)
    await desk.deliver(letter(INVITATION))
    assert len(desk.beats) >= 3


# --- where answers come back to, and mail that does not arrive --------------------------------------------------

OWNER = LetterKind.ADDRESS_FAILED_OWNER


async def test_every_letter_to_the_pair_names_its_secret_address(desk: Desk) -> None:
    """One per person; letters to the programme team name none."""
    desk.replies = MemoryReplyAddresses(ReplyTemplate("m+{token}@programme.example"))
    desk.people.people["person-cleo"] = replace(desk.people.people[MENTEE], id="person-cleo", email="cleo@x.example")
    team = letter(LetterKind.DECISION_WANTED, to="person-cleo", party=Party.COORDINATOR, key="r-1/-/x/coordinator/0")
    await desk.deliver(letter(), letter(INVITATION), letter(to=MENTEE), team)
    mia, again, ed, cleo = [mail.reply_address for mail in desk.mail.sent]
    assert mia == again == await desk.replies.address_for(RELATIONSHIP, MENTOR)
    assert ed == await desk.replies.address_for(RELATIONSHIP, MENTEE)
    assert cleo == ""


async def test_where_nothing_is_read_no_address_is_made(desk: Desk) -> None:
    """Letters name the sender alone, as ever."""
    await desk.deliver(letter())
    assert [mail.reply_address for mail in desk.mail.sent] == [""]


async def test_the_owner_of_a_failed_address_is_told_at_the_other_one(desk: Desk) -> None:
    """Although nothing more is sent to the usual one, which the directory now knows to fail."""
    results = await desk.deliver(letter(OWNER), letter())
    assert [result.outcome for result in results] == [Outcome.ACCEPTED, Outcome.SUPPRESSED]
    (mail,) = desk.mail.sent
    assert mail.to.email == "mia@home.example"
    assert "Ed" not in mail.text + mail.html + mail.subject
    assert desk.people.people[MENTOR].address is AddressState.FAILED


@pytest.mark.parametrize("other", ["", "mia@pair.example"])
async def test_who_has_no_other_address_is_not_written_to(other: str, desk: Desk) -> None:
    """The coordinator has been told; the ledger says why nobody else was."""
    desk.people.people[MENTOR] = replace(desk.people.people[MENTOR], other_email=other)
    assert await desk.deliver(letter(OWNER)) == (Delivery(letter(OWNER).key, Outcome.SUPPRESSED, "no_other_address"),)
    assert not desk.mail.sent


async def test_another_address_that_fails_as_well_is_no_news(desk: Desk) -> None:
    """The story knows about the usual address already, and there is no third."""
    desk.mail.troubles.append(MailRefused("550"))
    assert await desk.deliver(letter(OWNER)) == (Delivery(letter(OWNER).key, Outcome.FAILED, "other_address"),)
