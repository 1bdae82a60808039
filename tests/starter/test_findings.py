"""Where the world departs from a relationship: every kind of finding, and what is to be done about it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from mentoring_lifecycle.activities.ports import LedgerState, SeenEntry
from mentoring_lifecycle.contracts.people import AddressState, Person
from mentoring_lifecycle.contracts.views import OutsideView
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.effects import KeepEntry, RemoveEntry
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from mentoring_lifecycle.starter.findings import (
    Finding,
    Found,
    Say,
    calendar_findings,
    derived_id,
    people_findings,
)
from tests.builders import ACTIVE, COORDINATOR, DAY, MENTEE, MENTOR, WEEK, Life, life

Answer = c.CalendarAnswer
HOUR = timedelta(hours=1)
LUCA = Person(MENTOR, "Luca Verdi", "Luca@pair.example", "it", "Europe/Rome", 2)
ANNA = Person(MENTEE, "Anna Bianchi", "anna@pair.example", "en", "Europe/Rome", 6)
PERSON_OF = {Party.MENTOR: LUCA, Party.MENTEE: ANNA}


def booked(**more: Any) -> Life:
    return life(**more).after(*ACTIVE)


def shown(lived: Life, party: Party = Party.MENTEE) -> SeenEntry:
    """The newest entry in one calendar, untouched."""
    entry = [each for each in lived.told(KeepEntry) if each.person == PERSON_OF[party].id][-1]
    answers = tuple((person.email.lower(), "needs-action") for person in (LUCA, ANNA))
    return SeenEntry(entry.uid, entry.revision, entry.starts_at, entry.ends_at, cancelled=False, answers=answers)


def answered(entry: SeenEntry, answer: str) -> SeenEntry:
    """What the mentee clicked."""
    return replace(entry, answers=(entry.answers[0], (ANNA.email, answer)))


def written(lived: Life) -> dict[str, LedgerState]:
    """The ledger of a worker that has done everything."""
    return {effect.key: LedgerState.ACCEPTED for effect in lived.effects}


def found(
    lived: Life,
    *seen: SeenEntry,
    party: Party = Party.MENTEE,
    states: Mapping[str, LedgerState] | None = None,
    now: datetime | None = None,
) -> list[Found]:
    """What a look into one calendar finds."""
    view = OutsideView.of(lived.state)
    known = written(lived) if states is None else states
    return list(calendar_findings(view, PERSON_OF[party], party, seen, known, now or lived.now))


def said(findings: list[Found]) -> c.NoteCalendar:
    """The one thing that is to be told to the relationship."""
    (only,) = findings
    assert isinstance(only.remedy, Say)
    assert isinstance(only.remedy.command, c.NoteCalendar)
    return only.remedy.command


# --- calendars --------------------------------------------------------------------------------------------------


def test_a_calendar_that_agrees_gives_no_finding() -> None:
    """Nothing differs, nothing is said, for either of the two."""
    for party in PAIR:
        assert found(booked(), shown(booked(), party), party=party) == []


def test_case_12_what_was_done_by_hand_becomes_news_of_that_person() -> None:
    """Deleted, cancelled, moved, declined, accepted: under the revision that it was compared with."""
    lived = booked()
    entry, at = shown(lived), lived.session.starts_at
    elsewhere = replace(entry, starts_at=at + DAY)
    looks: list[tuple[list[SeenEntry], Answer, datetime | None]] = [
        ([], Answer.DELETED, None),
        ([replace(entry, cancelled=True)], Answer.DELETED, None),
        ([elsewhere], Answer.MOVED, at + DAY),
        ([answered(elsewhere, "declined")], Answer.MOVED, at + DAY),
        ([answered(entry, "declined")], Answer.DECLINED, None),
        ([answered(entry, "accepted")], Answer.ACCEPTED, None),
        ([answered(entry, "tentative")], Answer.TENTATIVE, None),
    ]
    for seen, answer, starts_at in looks:
        assert said(found(lived, *seen)) == c.NoteCalendar(MENTEE, 1, 0, answer, starts_at)
    assert found(lived, replace(entry, answers=(("luca@pair.example", "declined"),))) == [], "the partner's answer"


def test_a_session_that_moves_between_the_look_and_the_news_makes_the_news_stale() -> None:
    """Nobody is asked about a time that no longer applies."""
    lived = booked()
    for seen in ([], [replace(shown(lived), starts_at=lived.session.starts_at + DAY)]):
        news = said(found(booked(), *seen))
        later = booked().after(c.MoveSession(MENTOR, 1, lived.session.starts_at + WEEK))
        assert later.tries(news) == Rejection(Refusal.STALE_REVISION, "1")


def test_a_calendar_that_counted_by_itself_is_put_right_above_its_own_number() -> None:
    """A program that raised SEQUENCE with its owner's move would heed nothing lower."""
    lived = booked()
    lived.after(said(found(lived, replace(shown(lived), revision=9, starts_at=lived.session.starts_at + DAY))))
    lived.after(c.AnswerCalendarQuestion(MENTEE, 1, meant=False))
    assert shown(lived).revision == 10


@pytest.mark.parametrize("hand", ["deleted", "moved", "declined", "accepted"])
def test_what_the_relationship_knows_already_is_not_said_again(hand: str) -> None:
    """While its owner is asked, after silence, and after a yes: a second look finds nothing."""
    lived = booked()
    entry = shown(lived)
    seen = {
        "deleted": [],
        "moved": [replace(entry, starts_at=lived.session.starts_at + HOUR)],
        "declined": [answered(entry, "declined")],
        "accepted": [answered(entry, "accepted")],
    }[hand]
    lived.after(said(found(lived, *seen)))
    assert found(lived, *seen) == []


@pytest.mark.parametrize("hand", ["deleted", "moved", "declined"])
def test_after_silence_a_second_look_asks_nothing_again(hand: str) -> None:
    """Whoever left the question alone has answered it: what they did in their calendar is theirs."""
    lived = booked()
    entry = shown(lived)
    seen = {
        "deleted": [],
        "moved": [replace(entry, starts_at=lived.session.starts_at + HOUR)],
        "declined": [answered(entry, "declined")],
    }[hand]
    lived.after(said(found(lived, *seen)), 4 * DAY)
    assert not any(ask.subject is e.Subject.CALENDAR for ask in lived.state.asks)
    assert found(lived, *seen) == []


def test_what_was_put_right_and_is_done_again_is_asked_about_once_more_and_then_never() -> None:
    """Nobody fights with a calendar."""
    lived = booked()
    for _ in range(2):
        lived.after(said(found(lived)), c.AnswerCalendarQuestion(MENTEE, 1, meant=False))
    assert found(lived) == []


def test_another_difference_takes_the_place_of_the_one_asked_about() -> None:
    """Whoever says yes to the question must mean what their calendar shows now."""
    lived = booked()
    lived.after(said(found(lived, replace(shown(lived), starts_at=lived.session.starts_at + DAY))))
    assert said(found(lived)).answer is Answer.DELETED


def test_a_yes_takes_back_what_was_done_by_hand() -> None:
    """Back in its place and accepted: there is nothing left to ask."""
    lived = booked()
    lived.after(said(found(lived)))
    lived.after(said(found(lived, answered(shown(lived), "accepted"))))
    assert not any(ask.subject is e.Subject.CALENDAR for ask in lived.state.asks)


def test_an_older_yes_takes_back_no_refusal() -> None:
    """Somebody declined by mail, and the entry still shows what they had clicked before: the question stays."""
    lived = booked()
    lived.after(c.NoteCalendar(MENTEE, 1, 0, Answer.DECLINED))
    assert found(lived, answered(shown(lived), "accepted")) == []


def test_a_yes_is_told_once_whatever_comes_by_mail_after_it() -> None:
    """An entry and a mail that say different things do not take turns."""
    lived = booked()
    lived.after(said(found(lived, answered(shown(lived), "accepted"))), c.NoteCalendar(MENTEE, 1, 0, Answer.TENTATIVE))
    assert found(lived, answered(shown(lived), "accepted")) == []


def test_calendars_put_right_are_compared_with_the_newest_revision() -> None:
    """The partner's calendar was written along and agrees as well."""
    lived = booked()
    lived.after(said(found(lived)), c.AnswerCalendarQuestion(MENTEE, 1, meant=False))
    assert shown(lived).revision == 1
    assert found(lived, shown(lived)) == []
    assert found(lived, shown(lived, Party.MENTOR), party=Party.MENTOR) == []
    assert said(found(lived)).revision == 1


@pytest.mark.parametrize("state", [None, LedgerState.CLAIMED, LedgerState.UNKNOWN])
def test_an_entry_that_was_never_written_is_not_called_deleted(state: LedgerState | None) -> None:
    """Nobody is asked about what the worker has not done yet."""
    lived = booked()
    states = {key: state for key in written(lived) if state}
    assert found(lived, states=states) == [Found(Finding.NOT_WRITTEN_YET, Party.MENTEE, 1)]


def test_while_a_calendar_is_being_put_right_nobody_is_asked() -> None:
    """Our own write is still under way, or the server delays it."""
    lived = booked()
    lived.after(said(found(lived)))
    before = written(lived)
    lived.after(c.AnswerCalendarQuestion(MENTEE, 1, meant=False))
    assert found(lived, states=before) == [Found(Finding.NOT_WRITTEN_YET, Party.MENTEE, 1)]


def test_somebody_without_a_calendar_is_left_out() -> None:
    """A calendar that is gone as a whole is no entry that was deleted: it is reported, and nobody is asked."""
    view, now = OutsideView.of(booked().state), booked().now
    nothing_written = dict.fromkeys(written(booked()), LedgerState.SUPPRESSED)
    assert list(calendar_findings(view, ANNA, Party.MENTEE, None, nothing_written, now)) == []
    gone = list(calendar_findings(view, ANNA, Party.MENTEE, None, written(booked()), now))
    assert gone == [Found(Finding.CALENDAR_GONE, Party.MENTEE, 1)]


def test_without_a_calendar_server_nothing_is_missing() -> None:
    """Mail tells all."""
    lived = booked()
    assert found(lived, states=dict.fromkeys(written(lived), LedgerState.SUPPRESSED)) == []


@pytest.mark.parametrize("state", [LedgerState.EXPIRED, LedgerState.FAILED])
def test_an_entry_that_could_not_be_written_is_written_under_a_key_of_its_own(state: LedgerState) -> None:
    """The same session, revision and time; refused a second time it is only reported."""
    lived = booked()
    states = dict.fromkeys(written(lived), state)
    (first,) = found(lived, states=states)
    entry = first.remedy
    assert isinstance(entry, KeepEntry)
    (meant,) = [each for each in lived.told(KeepEntry) if each.person == MENTEE]
    at, until = {"decided_at": entry.decided_at}, {"not_after": lived.session.starts_at}
    assert entry == replace(meant, key="r-1/s1/repair/mentee/0", **at, **until)
    again = Found(Finding.ENTRY_MISSING, Party.MENTEE, 1, note="refused_by_calendar")
    assert found(lived, states={**states, entry.key: LedgerState.FAILED}) == [again]
    assert found(lived, shown(lived), states={**states, entry.key: LedgerState.ACCEPTED}) == []
    assert said(found(lived, states={**states, entry.key: LedgerState.ACCEPTED})).answer is Answer.DELETED


def test_a_session_that_began_is_not_looked_for() -> None:
    """Its entry may be gone, or never have come."""
    lived = booked()
    assert found(lived, now=lived.session.starts_at) == []
    assert found(lived, states={}, now=lived.session.starts_at) == []


def test_a_time_that_is_no_instant_is_reported_alone() -> None:
    """A whole day cannot be asked about."""
    lived = booked()
    entry = replace(shown(lived), starts_at=None, ends_at=None)
    assert found(lived, entry) == [Found(Finding.ENTRY_UNREADABLE, Party.MENTEE, 1)]


@pytest.mark.parametrize("stop", [c.Pause(MENTOR), c.Hold(COORDINATOR), c.Exit(MENTOR)])
def test_an_entry_of_a_session_that_was_called_off_is_removed_once(stop: c.Command) -> None:
    """Through the ledger; an entry that its owner puts back after that stays."""
    lived = booked()
    entry = shown(lived)
    lived.after(stop)
    (left,) = found(lived, entry)
    assert (left.finding, left.session) == (Finding.ENTRY_LEFT_OVER, 1)
    assert isinstance(left.remedy, RemoveEntry)
    assert (left.remedy.person, left.remedy.uid) == (MENTEE, entry.uid)
    states = {**written(lived), left.remedy.key: LedgerState.ACCEPTED}
    assert found(lived, entry, states=states) == [replace(left, remedy=None, note="left_in_peace")]


def test_an_entry_that_may_belong_to_a_later_session_is_not_touched() -> None:
    """Planned while we looked, already over, cancelled by its owner, or none of ours: nothing is removed."""
    lived = booked()
    entry = shown(lived)
    others = [
        replace(entry, uid=uid)
        for uid in (
            "r-1~s02@mentoring-lifecycle",
            "r-1~s1@mentoring-lifecycle",
            "r-1~s" + "9" * 5_000,
            "r-2~s01@mentoring-lifecycle",
        )
    ]
    assert found(lived, entry, *others) == []
    over = booked().after(9 * DAY)
    assert over.state.session(1)
    assert [each for each in found(over, entry, shown(over)) if each.finding is Finding.ENTRY_LEFT_OVER] == []
    lived.after(c.Pause(MENTOR))
    assert found(lived, replace(entry, cancelled=True)) == []


# --- the people directory ---------------------------------------------------------------------------------------


def people(
    lived: Life,
    luca: Person | None = LUCA,
    anna: Person | None = ANNA,
    conflict: Refusal | None = None,
    states: Mapping[str, LedgerState] | None = None,
    **team: Person,
) -> list[Found]:
    known = {Party.MENTOR: luca, Party.MENTEE: anna} | {Party(part): person for part, person in team.items()}
    refused = Rejection(conflict) if conflict else None
    return list(people_findings(OutsideView.of(lived.state), known, refused, states or {}, lived.now))


def say(findings: list[Found]) -> Say:
    (only,) = findings
    assert isinstance(only.remedy, Say)
    return only.remedy


def test_people_as_they_were_give_no_finding() -> None:
    """Nothing is said of nobody."""
    assert people(booked()) == []


def test_case_1_who_left_is_noted_once_and_taken_back_when_it_was_a_mistake() -> None:
    """Of the pair and of the team; what is known already is not said again."""
    lived, gone = booked(), replace(ANNA, active=False)
    left = say(people(lived, anna=gone)).command
    assert left == c.NoteLeaver(PROGRAMME_OFFICE, MENTEE, left=True)
    lived.after(left)
    assert people(lived, anna=gone) == []
    assert say(people(lived)).command == c.NoteLeaver(PROGRAMME_OFFICE, MENTEE, left=False)


def test_a_coordinator_whom_nobody_follows_is_noted_once() -> None:
    """Until somebody is named, every look knows of it."""
    lived, gone = booked(backup=""), replace(LUCA, id=COORDINATOR, active=False)
    left = say(people(lived, coordinator=gone)).command
    assert left == c.NoteLeaver(PROGRAMME_OFFICE, COORDINATOR, left=True)
    lived.after(left)
    assert people(lived, coordinator=gone) == []


def test_somebody_the_directory_has_forgotten_is_reported() -> None:
    """Erased is not left: a human being looks at it."""
    assert people(booked(), luca=None) == [Found(Finding.PERSON_UNKNOWN, Party.MENTOR)]


def test_an_address_that_works_again_is_told() -> None:
    """Only where the relationship believes that it fails."""
    lived = booked().after(c.RecordAddressFailed(Party.MENTEE))
    works = c.NoteAddress(PROGRAMME_OFFICE, MENTEE, c.AddressNews.WORKS)
    assert say(people(lived)).command == works
    assert people(lived, anna=replace(ANNA, address=AddressState.FAILED)) == []


@pytest.mark.parametrize("conflict", [Refusal.LEVELS_TOO_CLOSE, Refusal.CONFLICT_OF_INTEREST])
def test_case_20_a_conflict_of_interest_is_an_ordinary_hold_once(conflict: Refusal) -> None:
    """Lifted, it was decided; another promotion is another matter. Its id is random, like that of any hold."""
    hold = say(people(booked(), conflict=conflict))
    assert (hold.command, hold.command_id) == (c.Hold(PROGRAMME_OFFICE), "")
    states = {hold.once: LedgerState.ACCEPTED}
    held = Found(Finding.CONFLICT_OF_INTEREST, note="held_before")
    assert people(booked(), conflict=conflict, states=states) == [held]
    promoted = replace(LUCA, level=5)
    assert say(people(booked(), luca=promoted, conflict=conflict, states=states)).once != hold.once


def test_what_has_ended_is_left_alone() -> None:
    """Nobody leaves, moves or conflicts any more."""
    lived = booked().after(c.Exit(MENTOR))
    assert people(lived, anna=replace(ANNA, active=False), conflict=Refusal.CONFLICT_OF_INTEREST) == []


def moved(person: Person, zone: str, on: date) -> Person:
    return replace(person, next_zone=zone, next_zone_from=on)


def test_case_4_a_move_to_another_zone_is_told_when_its_day_has_come() -> None:
    """From the first instant of that day in the new zone; once, and only of the one whose zone the pair lives by."""
    today = booked().now.date()
    anna = moved(ANNA, "Asia/Tokyo", today)
    change = say(people(booked(), anna=anna))
    midnight = datetime.combine(today, time(), UTC) - 9 * HOUR
    assert change.command == c.ChangeZone(PROGRAMME_OFFICE, "Asia/Tokyo", midnight)
    assert people(booked(), anna=anna, states={change.once: LedgerState.ACCEPTED}) == []
    assert people(booked(), anna=moved(ANNA, "Asia/Tokyo", today + 2 * DAY)) == []
    assert people(booked(), luca=moved(LUCA, "Asia/Tokyo", today)) == [], "the pair lives by the mentee's clock"
    london = replace(ANNA, zone="Europe/London")
    mentors = people(booked(), luca=moved(LUCA, "Asia/Tokyo", today), anna=london)
    assert [each.party for each in mentors] == [Party.MENTOR]


def test_a_zone_that_is_nobodys_is_reported_alone() -> None:
    """Who chose it, and why, cannot be known; where somebody lives by it after a move all is well."""
    luca, anna = (replace(person, zone="Europe/Lisbon") for person in (LUCA, ANNA))
    assert people(booked(), luca=luca, anna=anna) == [Found(Finding.ZONE_DIFFERS)]
    assert people(booked(), luca=luca, anna=moved(anna, "Europe/Rome", booked().now.date())) == []


# --- ids --------------------------------------------------------------------------------------------------------


def test_a_derived_id_is_stable_and_tells_nothing() -> None:
    """The same finding, the same id; it looks like any random one."""
    one: Any = derived_id("r-1", MENTEE, 1)
    assert one == derived_id("r-1", MENTEE, 1) != derived_id("r-1", MENTEE, 2)
    assert (len(one), one[14]) == (36, "4")
    assert MENTEE not in one
