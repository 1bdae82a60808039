"""Where the world departs from a relationship: compared here, and put right or said by the process in reconcile.py.

Pure: the view of a relationship, what its calendars show, what the people directory says and what the ledger knows go
in, findings come out. Whoever asks must have asked in this order: the relationship, the ledger, the calendars. What
happened in between is then either older than the calendars' answer, or refused by the relationship as stale.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import UUID
from zoneinfo import ZoneInfo

from mentoring_lifecycle.activities.ports import LedgerState, SeenEntry
from mentoring_lifecycle.contracts.people import AddressState, Person
from mentoring_lifecycle.contracts.views import EntryView, OutsideView, ShownSession
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.consequences import entry_key, session_of, session_uid
from mentoring_lifecycle.domain.effects import CalendarEffect, KeepEntry, RemoveEntry
from mentoring_lifecycle.domain.people import Party, partner_of
from mentoring_lifecycle.domain.rejections import Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE, Difference

REMOVAL_LIVES = timedelta(days=1)
"""A removal that could not be made by then is found again."""


class Finding(StrEnum):
    """What can be found. The names are stable: scripts and alerts may rely on them."""

    ENTRY_ANSWERED = "entry_answered"
    ENTRY_DECLINED = "entry_declined"
    ENTRY_DELETED = "entry_deleted"
    ENTRY_MOVED = "entry_moved"
    ENTRY_UNREADABLE = "entry_unreadable"
    ENTRY_LEFT_OVER = "entry_left_over"
    ENTRY_MISSING = "entry_missing"
    """Never written, because the calendar server refused it or came back too late."""
    NOT_WRITTEN_YET = "not_written_yet"
    CALENDAR_GONE = "calendar_gone"
    """A person who had entries has no calendar in our account any more."""
    PERSON_UNKNOWN = "person_unknown"
    PERSON_LEFT = "person_left"
    PERSON_BACK = "person_back"
    """Was said to have left, and is active in the directory after all."""
    ADDRESS_WORKS = "address_works"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    ZONE_CHANGED = "zone_changed"
    ZONE_DIFFERS = "zone_differs"
    CALENDAR_AWAY = "calendar_away"
    """This one calendar could not be read, so nothing is known of it."""
    NOT_REACHED = "not_reached"
    """The relationship, or our database, gave no answer."""


@dataclass(frozen=True, slots=True)
class Say:
    """Tell the relationship, in an ordinary Update."""

    command: c.Command
    command_id: str = ""
    """Derived from what was found, so that finding it twice says it once; empty: a random one."""
    once: str = ""
    """Ledger key under which it is remembered that this was said, where the relationship does not show it."""
    placer: str = ""
    """Who may lift a hold that is placed like this."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that differs, and what is to be done about it; None: it is only reported."""

    finding: Finding
    party: Party | None = None
    session: int = 0
    remedy: Say | CalendarEffect | None = None
    note: str = "reported"
    """What the row says where nothing is done."""


States = Mapping[str, LedgerState]


def derived_id(*parts: object) -> str:
    """A command id that is always the same for the same finding, and looks like any other."""
    return str(UUID(bytes=sha256("/".join(map(str, parts)).encode()).digest()[:16], version=4))


# --- calendars --------------------------------------------------------------------------------------------------


def calendar_findings(
    view: OutsideView, person: Person, party: Party, seen: Sequence[SeenEntry] | None, states: States, now: datetime
) -> Iterator[Found]:
    """What one participant's calendar shows otherwise than it should. `seen` is None where there is no calendar."""
    for session in view.sessions:
        if now < session.starts_at:
            yield from _about_session(view, session, seen, person, party, states, now)
    for entry in seen or ():
        yield from _left_over(view, entry, party, states, now)


def _about_session(
    view: OutsideView,
    session: ShownSession,
    seen: Sequence[SeenEntry] | None,
    person: Person,
    party: Party,
    states: States,
    now: datetime,
) -> Iterator[Found]:
    first = entry_key(view.relationship, session.number, party, session.revision)
    again = f"{view.relationship}/s{session.number}/repair/{party}/{session.revision}"
    if LedgerState.ACCEPTED in (states.get(first), states.get(again)):
        yield from _about_entry(view, session, seen, person, party)
    elif states.get(first) in (LedgerState.EXPIRED, LedgerState.FAILED):
        is_refused = states.get(again) in (LedgerState.EXPIRED, LedgerState.FAILED)
        repair = None if is_refused else _repair(view, session, party, again, now)
        yield Found(Finding.ENTRY_MISSING, party, session.number, repair, note="refused_by_calendar")
    elif states.get(first) is not LedgerState.SUPPRESSED:  # without a calendar server there is nothing to write
        yield Found(Finding.NOT_WRITTEN_YET, party, session.number)


def _repair(view: OutsideView, session: ShownSession, party: Party, key: str, now: datetime) -> KeepEntry:
    return KeepEntry(
        key=key,
        person=view.people[party],
        partner=view.people[partner_of(party)],
        uid=session_uid(view.relationship, session.number),
        session=session.number,
        revision=session.revision,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        zone=session.zone,
        decided_at=now,
        not_after=session.starts_at,
    )


def _about_entry(
    view: OutsideView, session: ShownSession, seen: Sequence[SeenEntry] | None, person: Person, party: Party
) -> Iterator[Found]:
    """Compared once it has certainly been there."""
    if seen is None:
        yield Found(Finding.CALENDAR_GONE, party, session.number)
        return
    uid = session_uid(view.relationship, session.number)
    entry = next((each for each in seen if each.uid == uid), None)
    if entry and not entry.cancelled and entry.starts_at is None:
        yield Found(Finding.ENTRY_UNREADABLE, party, session.number)
        return
    finding, answer, starts_at = _reading(session, entry, person)
    told = next(each for each in session.entries if each.party is party)
    if answer is None or not _is_news(told, answer, starts_at):
        return
    # What the calendar counts by itself, so that whatever is written next lies above it.
    revision = max(session.revision, entry.revision if entry else 0)
    news = c.NoteCalendar(person.id, session.number, revision, answer, starts_at)
    occasion = (view.relationship, *(news.by, news.session, session.revision, answer, starts_at), len(told.known))
    yield Found(finding, party, session.number, Say(news, derived_id(*occasion)))


def _is_news(told: EntryView, answer: c.CalendarAnswer, starts_at: datetime | None) -> bool:
    """Whether the relationship does not know it yet, and may hear it.

    An entry does not tell when it was answered, so a yes in it takes back nothing that may have been said by mail.
    """
    if answer in _CONSENT:
        took_it_back = not told.known or told.known[-1].answer in _DONE_BY_HAND
        return told.reply is None and took_it_back
    found = Difference(told.party, answer, starts_at)
    return told.may_be_asked and not any(each.says_the_same(found) for each in told.known)


_CONSENT = (c.CalendarAnswer.ACCEPTED, c.CalendarAnswer.TENTATIVE)
_DONE_BY_HAND = (c.CalendarAnswer.DELETED, c.CalendarAnswer.MOVED)


def _reading(
    session: ShownSession, entry: SeenEntry | None, person: Person
) -> tuple[Finding, c.CalendarAnswer | None, datetime | None]:
    """What the entry says of its owner's mind: gone before moved, moved before answered."""
    if entry is None or entry.cancelled:
        return Finding.ENTRY_DELETED, c.CalendarAnswer.DELETED, None
    if entry.starts_at != session.starts_at:
        return Finding.ENTRY_MOVED, c.CalendarAnswer.MOVED, entry.starts_at
    answer = dict(entry.answers).get(person.email.lower(), "")
    if answer == c.CalendarAnswer.DECLINED:
        return Finding.ENTRY_DECLINED, c.CalendarAnswer.DECLINED, None
    return Finding.ENTRY_ANSWERED, c.CalendarAnswer(answer) if answer in _CONSENT else None, None


def _left_over(view: OutsideView, entry: SeenEntry, party: Party, states: States, now: datetime) -> Iterator[Found]:
    """Of a session that was called off. Numbers are used once, so nothing that comes later can be meant."""
    number = _number_of(view, entry.uid)
    ahead = [session.number for session in view.sessions]
    if entry.cancelled or not 0 < number < view.next_session or number in ahead or number in view.over:
        return
    key = f"{view.relationship}/s{number}/repair-removal/{party}/0"
    if states.get(key) is LedgerState.ACCEPTED:  # somebody put it back: their calendar is their own
        yield Found(Finding.ENTRY_LEFT_OVER, party, number, note="left_in_peace")
        return
    removal = RemoveEntry(key, view.people[party], entry.uid, entry.revision, now, now + REMOVAL_LIVES)
    yield Found(Finding.ENTRY_LEFT_OVER, party, number, removal)


def _number_of(view: OutsideView, uid: str) -> int:
    """The session of a UID of ours; 0 for any other."""
    named = session_of(uid)
    return named[1] if named and named[0] == view.relationship else 0


# --- the people directory ---------------------------------------------------------------------------------------


def people_findings(
    view: OutsideView, people: Mapping[Party, Person | None], conflict: Rejection | None, states: States, now: datetime
) -> Iterator[Found]:
    """What the directory says of the pair and the team that the relationship does not know."""
    if view.has_ended:
        return
    for party, person in people.items():
        if person is None:
            yield Found(Finding.PERSON_UNKNOWN, party)
            continue
        if person.active is (party in view.gone):
            yield _about_presence(view, party, person)
        if party in view.failed_addresses and person.active and person.address is AddressState.OK:
            works = c.NoteAddress(PROGRAMME_OFFICE, person.id, c.AddressNews.WORKS)
            occasion = derived_id(view.relationship, "address", party, view.events)
            yield Found(Finding.ADDRESS_WORKS, party, remedy=Say(works, occasion))
    mentor, mentee = people[Party.MENTOR], people[Party.MENTEE]
    if mentor and mentee:
        if conflict:
            yield _about_conflict(view, mentor, mentee, conflict, states)
        yield from _about_zone(view, mentor, mentee, states, now)


def _about_presence(view: OutsideView, party: Party, person: Person) -> Found:
    """Directories err, so it may be taken back for a while; until then it looks like a pause."""
    news = c.NoteLeaver(PROGRAMME_OFFICE, person.id, left=not person.active)
    finding = Finding.PERSON_BACK if person.active else Finding.PERSON_LEFT
    return Found(finding, party, remedy=Say(news, derived_id(view.relationship, "presence", party, view.events)))


def _about_conflict(view: OutsideView, mentor: Person, mentee: Person, conflict: Rejection, states: States) -> Found:
    """An ordinary hold, once for each state of affairs: lifted, it was decided by a human being.

    The hold's id is random like that of any other, so that nothing about it tells where it came from.
    """
    affairs = derived_id(mentor.level, mentor.manager, mentee.level, mentee.manager, conflict.code)
    key = f"{view.relationship}/directory/pair/-/{affairs}"
    if states.get(key) is LedgerState.ACCEPTED:
        return Found(Finding.CONFLICT_OF_INTEREST, note="held_before")
    return Found(Finding.CONFLICT_OF_INTEREST, remedy=Say(c.Hold(PROGRAMME_OFFICE), once=key, placer=view.coordinator))


def _about_zone(view: OutsideView, mentor: Person, mentee: Person, states: States, now: datetime) -> Iterator[Found]:
    """The pair's zone follows the one it was taken from: the mentee, unless only the mentor lives by it."""
    zone = view.next_zone if view.next_zone_at and view.next_zone_at <= now else view.zone
    owner = Party.MENTEE if mentee.zone == zone else Party.MENTOR if mentor.zone == zone else None
    person = mentee if owner is Party.MENTEE else mentor
    moved_at = _moved_at(person, now)
    if owner and moved_at and person.next_zone != zone:
        key = f"{view.relationship}/directory/zone/{owner}/{person.next_zone_from}"
        if states.get(key) is not LedgerState.ACCEPTED:
            change = c.ChangeZone(PROGRAMME_OFFICE, person.next_zone, moved_at)
            yield Found(Finding.ZONE_CHANGED, owner, remedy=Say(change, derived_id(key), once=key))
    elif owner is None and zone not in (_lives_in(mentor, now), _lives_in(mentee, now)):
        yield Found(Finding.ZONE_DIFFERS)


def _moved_at(person: Person, now: datetime) -> datetime | None:
    """When the person moved to the next zone, or None while that lies ahead."""
    if person.next_zone_from is None or not person.next_zone:
        return None
    at = datetime.combine(person.next_zone_from, time(), ZoneInfo(person.next_zone)).astimezone(UTC)
    return at if at <= now else None


def _lives_in(person: Person, now: datetime) -> str:
    return person.next_zone if _moved_at(person, now) else person.zone
