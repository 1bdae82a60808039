"""A calendar server in trouble while a relationship goes on: once it heals, both calendars equal the schedule."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from mentoring_lifecycle.activities.ports import Attendee
from mentoring_lifecycle.domain.consequences import session_uid, uid_prefix
from mentoring_lifecycle.embedded.calendar import CalendarServer
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar
from mentoring_lifecycle.worker import Gateways
from tests.faults import (
    EVERYTHING,
    NO_AUTHORITIES,
    WRITES,
    Fault,
    FaultyWay,
    answering,
    done_but,
    lost,
    refused,
    tagged,
)

from .life import (
    MENTEE,
    MENTOR,
    PAIR,
    STANDARD,
    UNDER_WAY,
    Life,
    Past,
    Rig,
    World,
    both_confirmed,
    next_session,
    quick_rig,
    session_over,
)

Shown = list[tuple[str, int, datetime | None]]
"""UID, SEQUENCE and start of each entry."""

HEALED = 0.2
"""Days after which what was delayed has been tried again: pauses between attempts are four hours at most."""


@dataclass(frozen=True)
class Dav:
    """A real calendar server, the way of our worker to it, and a way of our own."""

    server: CalendarServer
    way: FaultyWay = field(default_factory=FaultyWay)

    def gateway(self, way: FaultyWay | None = None) -> CalDavCalendar:
        """The account's calendars."""
        return CalDavCalendar(
            self.server.url,
            self.server.username,
            self.server.password,
            organizer=Attendee("Mentoring", "mentoring@mentoring.example"),
            tls_context=NO_AUTHORITIES,
            transport=way or FaultyWay(),
        )

    async def shown(self, life: Life) -> dict[str, Shown]:
        """Every entry of the relationship that is not over, in both calendars."""
        gateway, now = self.gateway(), await life.now()
        try:
            return {
                person: [
                    (entry.uid, entry.revision, entry.starts_at)
                    for entry in await gateway.entries(person, uid_prefix(life.id), now)
                ]
                for person in PAIR
            }
        finally:
            await gateway.aclose()


@dataclass(frozen=True)
class DavWorld(World):
    """Calendars are real; the rest lives in memory."""

    caldav: CalDavCalendar | None = None

    def gateways(self) -> Gateways:
        """As a worker wants them."""
        return replace(super().gateways(), calendar=self.caldav)


@pytest.fixture(scope="module")
async def dav(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Dav]:
    async with CalendarServer(tmp_path_factory.mktemp("calendar")) as server:
        yield Dav(server)


@pytest.fixture(scope="module")
async def rig(temporal: EmbeddedTemporal, dav: Dav) -> AsyncIterator[Rig]:
    caldav = dav.gateway(dav.way)
    async with quick_rig(temporal.address, world=DavWorld(caldav=caldav)) as rig:
        yield rig
    await caldav.aclose()


async def schedule(life: Life) -> dict[str, Shown]:
    """What both calendars are to show from now on."""
    ahead = [each for each in (await life.status()).sessions if each.lies_ahead]
    wanted = [(session_uid(life.id, each.number), each.revision, each.starts_at) for each in ahead]
    return dict.fromkeys(PAIR, wanted)


async def days_from_now(life: Life, count: int) -> datetime:
    """A full hour so many days ahead."""
    return (await life.now()).replace(minute=0, second=0, microsecond=0) + timedelta(days=count)


async def moved(life: Life, days: int) -> None:
    """The next session is moved to so many days from now."""
    session = await next_session(life)
    await life.on.move_session(by=MENTOR, session=session.number, starts_at=await days_from_now(life, days))
    await life.rest()


async def called_off_and_booked_anew(life: Life, days: int) -> None:
    """The next session is called off, and another is booked."""
    session = await next_session(life)
    await life.on.cancel_session(by=MENTEE, session=session.number)
    await life.rest()
    await life.on.book_session(by=MENTEE, session=session.number + 1, starts_at=await days_from_now(life, days))
    await life.rest()


FAULTS: dict[str, tuple[Fault, tuple[str, ...]]] = {
    "401": (answering(401), EVERYTHING),
    "403": (answering(403), EVERYTHING),
    "409": (answering(409), ("PUT", "MKCALENDAR")),
    "412": (answering(412), ("PUT", "DELETE")),
    "423": (answering(423), WRITES),
    "429": (answering(429, Retry_After="1800"), EVERYTHING),
    "500": (done_but(answering(500)), WRITES),
    "503": (answering(503), EVERYTHING),
    "507": (answering(507), WRITES),
    "wrong ETag": (tagged('"of another day"'), ("GET", "REPORT")),
    "nothing answered, nothing done": (lost, WRITES),
    "nothing answered, but done": (done_but(lost), WRITES),
    "refused": (refused, EVERYTHING),
}


async def test_after_each_fault_the_calendars_equal_the_schedule(rig: Rig, dav: Dav) -> None:
    """One life through all of them: under each a session moves, is called off, and another is booked. Whatever is
    shown twice, at an old time or too low a revision would stay for all to see; no mail is written when it heals."""
    life = await rig.life(*UNDER_WAY, policy=STANDARD)
    assert await dav.shown(life) == await schedule(life)
    for name, (fault, methods) in FAULTS.items():
        dav.way.break_with(fault, *methods)
        await moved(life, 5)
        await called_off_and_booked_anew(life, 8)
        await life.days(0.5)
        assert dav.way.met, name
        dav.way.heal()
        mails = len(life.mails())
        await life.days(HEALED)
        assert await dav.shown(life) == await schedule(life), name
        assert len(life.mails()) == mails, name
    keys = [mail.key for mail in life.mails()]
    assert len(keys) == len(set(keys))


async def called_off_and_paused(life: Life) -> None:
    """It is moved, then called off, and another is booked; they pause, and go on while the server is still away."""
    await moved(life, 12)
    await called_off_and_booked_anew(life, 20)
    await life.on.pause(by=MENTEE)
    await life.days(2)
    await life.on.resume(by=MENTEE)
    await life.rest()


async def brought_forward_and_held(life: Life) -> None:
    """It is held on the third day instead, and both say so; meanwhile the calendars show it later."""
    await moved(life, 3)
    await life.past(session_over, both_confirmed)


@pytest.mark.parametrize("week", [called_off_and_paused, brought_forward_and_held])
async def test_after_a_week_without_a_calendar_server_the_calendars_equal_the_schedule(
    week: Past, rig: Rig, dav: Dav
) -> None:
    """Whatever became of the session that calendars show, nothing of it stays; and nobody reads of it again."""
    life = await rig.life(*UNDER_WAY, policy=STANDARD)
    await moved(life, 10)
    assert await dav.shown(life) == await schedule(life)
    start = await life.now()
    await dav.server.stop()
    await week(life)
    await life.until(start + timedelta(days=7, hours=1))
    mails = len(life.mails())
    await dav.server.start()
    await life.days(HEALED)
    assert await dav.shown(life) == await schedule(life)
    assert len(life.mails()) == mails
