"""How the gateway gets along with real CalDAV servers and with people who use them too."""

import asyncio
import xml.etree.ElementTree as ET
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast

import httpx2
import pytest
from icalendar import Calendar

from mentoring_lifecycle.activities.ports import Attendee, CalendarDelayed, SeenEntry
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar

ORGANIZER = Attendee("Mentoring", "mentoring@programme.example")
COLLECTION = "mentoring-p1/"
FOREIGN = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//somebody//EN\r\nBEGIN:VEVENT\r\nUID:dentist\r\n"
    "DTSTAMP:20260301T000000Z\r\nDTSTART:20260309T120000Z\r\nDTEND:20260309T130000Z\r\nSUMMARY:Dentist\r\n"
    "END:VEVENT\r\nEND:VCALENDAR\r\n"
)
LIST = '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>'


async def hrefs(by_hand: httpx2.AsyncClient) -> list[str]:
    """The entries of p1's calendar, as another program lists them."""
    headers = {"Depth": "1", "Content-Type": "application/xml"}
    answer = await by_hand.request("PROPFIND", COLLECTION, content=LIST, headers=headers)
    paths = [element.text or "" for element in ET.fromstring(answer.text).iter("{DAV:}href")]
    return [path.rsplit("/", 1)[1] for path in paths if path.endswith(".ics")]


async def only_entry(by_hand: httpx2.AsyncClient) -> Any:
    """The one entry that p1's calendar shows."""
    (name,) = await hrefs(by_hand)
    answer = await by_hand.get(COLLECTION + name)
    (event,) = Calendar.from_ical(answer.content).events
    return event


async def change_by_hand(by_hand: httpx2.AsyncClient, old: str, new: str) -> None:
    """Somebody edits the one entry in their calendar program."""
    (name,) = await hrefs(by_hand)
    stored = (await by_hand.get(COLLECTION + name)).text
    assert old in stored
    answer = await by_hand.put(COLLECTION + name, content=stored.replace(old, new), headers={"If-Match": "*"})
    assert answer.status_code == 204


async def test_the_entry_on_the_server_says_everything(caldav: Any, by_hand: Any, entry: Any) -> None:
    """Time, revision, people and words arrive, in UTC, private, and with no method."""
    await caldav.keep("p1", entry(revision=3))
    event = await only_entry(by_hand)
    assert (event.start, event.end) == (entry().starts_at, entry().ends_at)
    assert (event["SEQUENCE"], event["STATUS"], event["CLASS"]) == (3, "CONFIRMED", "PRIVATE")
    assert event["DESCRIPTION"] == entry().description
    assert [str(person) for person in event["ATTENDEE"]] == ["mailto:anna@example.org", "mailto:bo@example.org"]
    assert event["ORGANIZER"].params["SCHEDULE-AGENT"] == "CLIENT"
    (name,) = await hrefs(by_hand)
    assert "METHOD" not in (await by_hand.get(COLLECTION + name)).text


async def test_a_session_that_moves_raises_its_sequence(caldav: Any, by_hand: Any, entry: Any) -> None:
    """One entry stays, at the new time, with the new revision."""
    await caldav.keep("p1", entry())
    later = entry().starts_at + timedelta(days=1)
    await caldav.keep("p1", entry(revision=1, starts_at=later, ends_at=later + timedelta(hours=1)))
    event = await only_entry(by_hand)
    assert (event["SEQUENCE"], event.start) == (1, later)


async def test_other_entries_stay_as_they_are(caldav: Any, by_hand: Any, entry: Any) -> None:
    """What a person put into the calendar is neither listed nor touched, to the byte."""
    await caldav.keep("p1", entry())
    put = await by_hand.put(COLLECTION + "dentist.ics", content=FOREIGN, headers={"If-None-Match": "*"})
    before = await by_hand.get(COLLECTION + "dentist.ics")
    assert put.status_code == 201
    await caldav.keep("p1", entry(revision=1))
    assert list(await caldav.upcoming("p1", "r1-", entry().stamped_at)) == [entry().uid]
    await caldav.remove("p1", entry().uid)
    after = await by_hand.get(COLLECTION + "dentist.ics")
    assert (after.content, after.headers["ETag"]) == (before.content, before.headers["ETag"])


async def test_an_entry_deleted_by_hand_is_made_again(caldav: Any, by_hand: Any, entry: Any) -> None:
    """Keeping shows the entry whatever somebody did to it."""
    await caldav.keep("p1", entry())
    (name,) = await hrefs(by_hand)
    await by_hand.delete(COLLECTION + name)
    await caldav.keep("p1", entry())
    assert (await only_entry(by_hand))["UID"] == entry().uid


async def test_an_entry_moved_by_hand_is_put_right(caldav: Any, by_hand: Any, entry: Any) -> None:
    """The same revision at another time is not what was wanted."""
    await caldav.keep("p1", entry())
    await change_by_hand(by_hand, "DTSTART:20260309T120000Z", "DTSTART:20260309T110000Z")
    await caldav.keep("p1", entry())
    assert (await only_entry(by_hand)).start == entry().starts_at


async def test_a_newer_revision_on_the_server_is_left_alone(caldav: Any, by_hand: Any, entry: Any) -> None:
    """A higher SEQUENCE wins over ours."""
    await caldav.keep("p1", entry())
    await change_by_hand(by_hand, "SEQUENCE:0", "SEQUENCE:7")
    await caldav.keep("p1", entry(revision=1))
    assert (await only_entry(by_hand))["SEQUENCE"] == 7


async def test_an_entry_under_another_name_is_adopted(caldav: Any, by_hand: Any, entry: Any) -> None:
    """A calendar program that stored our entry under its own name does not lead to a second one."""
    await caldav.keep("p1", entry())
    (name,) = await hrefs(by_hand)
    stored = (await by_hand.get(COLLECTION + name)).content
    await by_hand.delete(COLLECTION + name)
    await by_hand.put(COLLECTION + "mine.ics", content=stored)
    await caldav.keep("p1", entry(revision=1))
    assert await hrefs(by_hand) == ["mine.ics"]
    assert (await only_entry(by_hand))["SEQUENCE"] == 1
    await caldav.remove("p1", entry().uid)
    assert await hrefs(by_hand) == []


async def test_racing_workers_make_one_entry(peer: Any, account: str, by_hand: Any, entry: Any) -> None:
    """Several workers that keep and create at once all succeed, some by asking again; the newest revision is shown."""
    workers = [CalDavCalendar(peer.url, account, "secret", organizer=ORGANIZER) for _ in range(4)]

    async def keeps(worker: CalDavCalendar, revision: int) -> None:
        for _ in range(20):
            with suppress(CalendarDelayed):  # Xandikos locks a calendar while it writes, or trips over it
                return await worker.keep("p1", entry(revision=revision))
        raise AssertionError("locked for ever")

    await asyncio.gather(*(keeps(worker, number) for number, worker in enumerate(workers)))
    await asyncio.gather(*(worker.aclose() for worker in workers))
    assert (await only_entry(by_hand))["SEQUENCE"] == 3


async def test_an_edit_between_reading_and_writing_is_seen(caldav: Any, by_hand: Any, losses: Any, entry: Any) -> None:
    """A stale ETag is refused by the server, and the newer revision that caused it survives."""
    await caldav.keep("p1", entry())
    losses.before["PUT"] = [do_nothing, lambda: change_by_hand(by_hand, "SEQUENCE:0", "SEQUENCE:7")]
    await caldav.keep("p1", entry(revision=1))
    assert (await only_entry(by_hand))["SEQUENCE"] == 7


async def test_an_edit_between_reading_and_removing_is_seen(caldav: Any, by_hand: Any, losses: Any, entry: Any) -> None:
    """Removing tries again with what the server shows by now."""
    await caldav.keep("p1", entry())
    losses.before["DELETE"] = [lambda: change_by_hand(by_hand, "SEQUENCE:0", "SEQUENCE:7")]
    await caldav.remove("p1", entry().uid)
    assert await hrefs(by_hand) == []
    assert losses.requests.count("DELETE") == 2


async def test_a_lost_answer_to_a_write_is_read_back(caldav: Any, by_hand: Any, losses: Any, entry: Any) -> None:
    """An entry that the server took although its 201 never came is found, not written twice."""
    await caldav.upcoming("p1", "r1-", entry().stamped_at)
    await by_hand.request("MKCALENDAR", COLLECTION)
    losses.lose_answer_to = ["PUT"]
    await caldav.keep("p1", entry())
    assert losses.requests.count("PUT") == 1
    assert (await only_entry(by_hand))["UID"] == entry().uid


async def test_a_lost_request_is_a_delay(caldav: Any, losses: Any, entry: Any) -> None:
    """Where reading back shows nothing, the caller is told to ask again, and asking again works."""
    await caldav.upcoming("p1", "r1-", entry().stamped_at)
    losses.lose_answer_to = ["PUT"]
    with pytest.raises(CalendarDelayed) as caught:
        await caldav.keep("p1", entry())
    assert caught.value.reason == "connect"
    await caldav.keep("p1", entry())
    assert list(await caldav.upcoming("p1", "r1-", entry().stamped_at)) == [entry().uid]


async def test_a_lost_answer_to_a_removal_heals(caldav: Any, by_hand: Any, losses: Any, entry: Any) -> None:
    """Removing again after a lost answer is success."""
    await caldav.keep("p1", entry())
    losses.lose_answer_to = ["DELETE"]
    with pytest.raises(CalendarDelayed):
        await caldav.remove("p1", entry().uid)
    await caldav.remove("p1", entry().uid)
    assert await hrefs(by_hand) == []


async def test_the_home_is_looked_up_once(caldav: Any, losses: Any, entry: Any) -> None:
    """The usual write costs one request."""
    await caldav.keep("p1", entry())
    losses.requests.clear()
    await caldav.keep("p1", entry(uid="r1-s02@programme.example"))
    assert losses.requests == ["PUT"]


async def test_an_entry_made_endless_by_hand_is_still_found(caldav: Any, by_hand: Any, entry: Any) -> None:
    """An entry that somebody made weekly or gave no zone is upcoming for as long as it may be shown."""
    await caldav.keep("p1", entry())
    await change_by_hand(by_hand, "SEQUENCE:0", "SEQUENCE:0\r\nRRULE:FREQ=WEEKLY")
    year_later = entry().ends_at + timedelta(days=365)
    assert list(await caldav.upcoming("p1", "r1-", year_later)) == [entry().uid]
    await change_by_hand(by_hand, "RRULE:FREQ=WEEKLY\r\n", "")
    await change_by_hand(by_hand, "DTEND:20260309T130000Z", "DTEND:20260309T130000")
    assert list(await caldav.upcoming("p1", "r1-", entry().ends_at)) == [entry().uid]
    assert list(await caldav.upcoming("p1", "r1-", year_later)) == []


async def test_what_people_do_by_hand_is_seen(caldav: Any, by_hand: Any, entry: Any) -> None:
    """Another time, a no, a cancelled entry and one that is gone: all that a comparison needs to know."""

    async def seen() -> SeenEntry:
        (only,) = await caldav.entries("p1", "r1-", entry().stamped_at)
        return cast("SeenEntry", only)

    await caldav.keep("p1", entry(revision=2))
    assert ("anna@example.org", "needs-action") in (await seen()).answers
    await change_by_hand(by_hand, "DTSTART:20260309T120000Z", "DTSTART:20260309T110000Z")
    assert (await seen()).starts_at == entry().starts_at - timedelta(hours=1)
    assert (await seen()).revision == 2
    await change_by_hand(by_hand, "PARTSTAT=NEEDS-ACTION", "PARTSTAT=DECLINED")
    assert ("anna@example.org", "declined") in (await seen()).answers
    await change_by_hand(by_hand, "STATUS:CONFIRMED", "STATUS:CANCELLED")
    assert (await seen()).cancelled
    (name,) = await hrefs(by_hand)
    await by_hand.delete(COLLECTION + name)
    assert list(await caldav.entries("p1", "r1-", entry().stamped_at)) == []


async def test_a_time_that_is_no_instant_is_none(caldav: Any, by_hand: Any, entry: Any) -> None:
    """A time without a zone may be anywhere on earth, so nothing is compared with it."""
    await caldav.keep("p1", entry())
    await change_by_hand(by_hand, "DTSTART:20260309T120000Z", "DTSTART:20260309T120000")
    await change_by_hand(by_hand, "DTEND:20260309T130000Z", "DTEND:20260309T130000")
    (seen,) = await caldav.entries("p1", "r1-", entry().stamped_at)
    assert (seen.starts_at, seen.ends_at) == (None, None)


async def test_a_server_that_is_away_is_a_delay(entry: Any) -> None:
    """A refused connection heals."""
    calendar = CalDavCalendar("http://127.0.0.1:9/", "u", "secret", organizer=ORGANIZER)
    with pytest.raises(CalendarDelayed) as caught:
        await calendar.keep("p1", entry())
    assert caught.value.reason == "connect"
    await calendar.aclose()


async def do_nothing() -> None:
    """The first request of a method passes."""
