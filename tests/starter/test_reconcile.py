"""The reconcile process over memory gateways: every difference once, nothing where nothing differs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from mentoring_lifecycle.activities.calendar import CalendarActivities
from mentoring_lifecycle.activities.ports import Attendee, CalendarDelayed, CalendarRefused, LedgerState, SessionEntry
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.contracts.views import OutsideView
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.effects import CalendarEffect, VerifyCalendar
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.gateways.action_links import TemplateLinks
from mentoring_lifecycle.gateways.memory import MemoryCalendar, MemoryLedger, MemoryPeople
from mentoring_lifecycle.letters.writer import CatalogueLetters
from mentoring_lifecycle.starter.answers import CommandRejected, OutcomeUnknown
from mentoring_lifecycle.starter.findings import Finding, Say
from mentoring_lifecycle.starter.reconcile import Pass, ReconcileFigures, Reconciler, Row, reconcile_forever
from tests.builders import ACTIVE, BACKUP, COORDINATOR, DAY, MENTEE, MENTOR, Life, life

UID = "r-1~s01@mentoring-lifecycle"


@dataclass
class Book:
    """One relationship as a server would have it; whatever is said to it is remembered, and happens where it can."""

    lived: Life
    is_open: bool = True
    asked: int = 0
    heard: list[Say] = field(default_factory=list)
    trouble: Exception | None = None

    async def open(self) -> AsyncIterator[str]:
        if self.is_open:
            yield self.lived.state.id

    async def ended(self, since: datetime) -> AsyncIterator[str]:
        if not self.is_open:
            yield self.lived.state.id

    async def outside(self, relationship: str) -> OutsideView:
        self.asked += 1
        if self.trouble:
            raise self.trouble
        return OutsideView.of(self.lived.state)

    async def say(self, relationship: str, news: Say) -> None:
        if news.command_id not in {known.command_id for known in self.heard if known.command_id}:
            judged = self.lived.tries(news.command)
            if isinstance(judged, Rejection):
                raise CommandRejected(judged)
        self.heard.append(news)


class World:
    """The calendars, people and ledger around one relationship, brought up to date by a worker that never sleeps."""

    def __init__(self, lived: Life | None = None) -> None:
        self.book = Book(lived or life().after(*ACTIVE))
        self.people = MemoryPeople(
            [
                Person(MENTOR, "Luca Verdi", "luca@pair.example", "it", "Europe/Rome", 2),
                Person(MENTEE, "Anna Bianchi", "anna@pair.example", "en", "Europe/Rome", 6),
                Person(COORDINATOR, "Carla Neri", "carla@office.example", "it", "Europe/Rome", 4),
                Person(BACKUP, "Bruno Galli", "bruno@office.example", "it", "Europe/Rome", 4),
            ]
        )
        self.calendar, self.ledger = MemoryCalendar(), MemoryLedger()
        self.done = 0

    @property
    def lived(self) -> Life:
        return self.book.lived

    def reconciler(self) -> Reconciler:
        return Reconciler(
            self.book,
            people=self.people,
            ledger=self.ledger,
            calendar=self.calendar,
            changes=self._changes(),
            clock=lambda: self.lived.now,
            pace=timedelta(),
        )

    def _changes(self) -> CalendarActivities:
        writer = CatalogueLetters(TemplateLinks("https://tool.example/{relationship}/{action}"), "Ponte")
        return CalendarActivities(self.people, self.ledger, writer, self.calendar)

    async def works(self) -> None:
        """The worker performs every calendar effect decided so far."""
        for effect in self.lived.effects[self.done :]:
            if isinstance(effect, CalendarEffect) and not isinstance(effect, VerifyCalendar):
                await self._changes().bring_about("r-1", effect, self.lived.now)
        self.done = len(self.lived.effects)

    async def look(self) -> list[tuple[str, str, str]]:
        """One pass: party, finding, what was done."""
        looked = await self.reconciler().look_over()
        return [(row.party, row.finding.value, row.done) for row in looked.rows]

    def entry(self, person: str) -> SessionEntry:
        return self.calendar.calendars[person][UID]


async def settled(lived: Life | None = None) -> World:
    world = World(lived)
    await world.works()
    return world


async def test_where_nothing_differs_nothing_is_written() -> None:
    """Ten passes: one query each, no word to the relationship, no row in the ledger."""
    world = await settled()
    rows, events = dict(world.ledger.rows), len(world.lived.events)
    for _ in range(10):
        assert await world.look() == []
    assert (world.ledger.rows, len(world.lived.events), world.book.heard) == (rows, events, [])
    assert world.book.asked == 10


async def test_a_deletion_by_hand_is_noted_once_and_put_right_when_it_was_not_meant() -> None:
    """Asked of its owner; a second pass, and a second process at the same time, add nothing."""
    world = await settled()
    del world.calendar.calendars[MENTEE][UID]
    assert await world.look() == [("mentee", "entry_deleted", "noted")]
    assert await world.look() == []
    world.lived.after(c.AnswerCalendarQuestion(MENTEE, 1, meant=False))
    await world.works()
    assert (world.entry(MENTEE).revision, world.entry(MENTOR).revision) == (1, 1)
    assert await world.look() == []


async def test_two_reconcilers_at_once_say_everything_under_the_same_id() -> None:
    """The relationship answers the second like the first, and nothing is written twice."""
    world = await settled()
    del world.calendar.calendars[MENTEE][UID]
    anna = world.people.people[MENTEE]
    world.people.people[MENTEE] = replace(anna, next_zone="Asia/Tokyo", next_zone_from=world.lived.now.date())
    passes = await asyncio.gather(*(world.reconciler().look_over() for _ in range(2)))
    assert all(each.saw_everything for each in passes)
    assert len([news for news in world.book.heard if isinstance(news.command, c.ChangeZone)]) == 1
    notes = {news.command_id for news in world.book.heard if isinstance(news.command, c.NoteCalendar)}
    assert len(notes) == 1
    assert world.lived.kinds().count("calendar_differs") == 1


async def test_answers_given_in_a_calendar_reach_the_relationship() -> None:
    """A yes once; a no as a question."""
    world = await settled()
    world.calendar.answers[MENTEE, UID, "anna@pair.example"] = "accepted"
    world.calendar.answers[MENTOR, UID, "luca@pair.example"] = "declined"
    assert await world.look() == [("mentor", "entry_declined", "noted"), ("mentee", "entry_answered", "noted")]
    assert await world.look() == []


async def test_a_calendar_that_is_away_is_not_taken_for_an_empty_one() -> None:
    """Nobody is asked, the pass says that it did not see everything, and the other calendar is looked at."""
    world = await settled()
    world.calendar.troubles.append(CalendarDelayed("503"))
    del world.calendar.calendars[MENTEE][UID]
    looked = await world.reconciler().look_over()
    assert [(row.party, row.finding, row.done) for row in looked.rows] == [
        ("mentor", Finding.CALENDAR_AWAY, "503"),
        ("mentee", Finding.ENTRY_DELETED, "noted"),
    ]
    assert not looked.saw_everything


async def test_an_entry_left_behind_is_removed_and_stays_removed() -> None:
    """The relationship is paused, and the removal never reached one calendar."""
    world = await settled()
    kept = world.entry(MENTEE)
    world.lived.after(c.Pause(MENTOR))
    await world.works()
    world.calendar.calendars[MENTEE][UID] = kept
    assert await world.look() == [("mentee", "entry_left_over", "removed")]
    assert world.calendar.calendars[MENTEE] == {}
    world.calendar.calendars[MENTEE][UID] = kept
    assert await world.look() == [("mentee", "entry_left_over", "left_in_peace")]


async def test_an_ended_relationship_is_looked_at_until_its_calendars_are_clean() -> None:
    """Then it costs no query any more."""
    world = await settled()
    kept = world.entry(MENTEE)
    world.lived.after(c.Exit(MENTOR))
    await world.works()
    world.book.is_open = False
    world.calendar.calendars[MENTEE][UID] = kept
    assert await world.look() == [("mentee", "entry_left_over", "removed")]
    assert await world.look() == []
    asked = world.book.asked
    assert await world.look() == []
    assert world.book.asked == asked


async def test_an_entry_that_was_refused_is_written_again_once_for_all() -> None:
    """Under a key of its own; what is refused again stays a row and no attempt."""
    world = World()
    world.calendar.troubles.extend([CalendarRefused("413"), CalendarRefused("413")])
    await world.works()
    assert MENTEE not in world.calendar.calendars
    assert await world.look() == [("mentor", "entry_missing", "written"), ("mentee", "entry_missing", "written")]
    assert world.entry(MENTOR).starts_at == world.entry(MENTEE).starts_at == world.lived.session.starts_at
    assert world.ledger.rows["r-1/s1/repair/mentee/0"].state is LedgerState.ACCEPTED
    assert await world.look() == []


async def test_what_is_not_written_yet_is_a_row_and_no_question() -> None:
    """The worker will do it; nobody is asked about it meanwhile."""
    world = World()
    expected = [("mentor", "not_written_yet", "reported"), ("mentee", "not_written_yet", "reported")]
    assert await world.look() == expected
    assert world.book.heard == []


async def test_who_has_left_is_noted_once_and_their_calendar_is_not_looked_at() -> None:
    """Marked as inactive: it looks like a pause from then on, and a second look says nothing."""
    world = await settled()
    world.people.people[MENTEE] = replace(world.people.people[MENTEE], active=False)
    del world.calendar.calendars[MENTEE][UID], world.calendar.calendars[MENTOR][UID]
    assert await world.look() == [("mentee", "person_left", "noted")]
    assert world.lived.state.gone == (Party.MENTEE,)
    await world.works()
    assert await world.look() == []


async def test_an_address_that_was_corrected_is_told_once() -> None:
    """The relationship believes that it fails, and the directory knows better."""
    world = await settled(life().after(*ACTIVE, c.RecordAddressFailed(Party.MENTEE)))
    assert await world.look() == [("mentee", "address_works", "noted")]
    assert await world.look() == []


async def test_a_move_to_another_zone_is_told_once() -> None:
    """The day of the move has come for the one whose zone the pair lives by."""
    world = await settled()
    anna = world.people.people[MENTEE]
    world.people.people[MENTEE] = replace(anna, next_zone="Asia/Tokyo", next_zone_from=world.lived.now.date())
    assert await world.look() == [("mentee", "zone_changed", "noted")]
    assert world.lived.state.zone == "Asia/Tokyo"
    assert await world.look() == []


async def test_case_20_a_promotion_holds_the_pair_once() -> None:
    """Lifted by the coordinator, it stays lifted, and the row goes on saying why it was held."""
    world = await settled()
    world.people.people[MENTOR] = replace(world.people.people[MENTOR], level=6)
    assert ("", "conflict_of_interest", "noted") in await world.look()
    assert world.lived.state.held
    await world.works()
    world.lived.after(c.Lift("p-carla"))
    assert ("", "conflict_of_interest", "held_before") in await world.look()
    assert not world.lived.state.held


async def test_a_refused_word_is_told_and_tried_again() -> None:
    """On hold for another reason already: nothing is remembered as said."""
    world = await settled()
    world.lived.after(c.Hold("p-carla"))
    await world.works()
    world.people.people[MENTOR] = replace(world.people.people[MENTOR], level=6)
    assert ("", "conflict_of_interest", f"refused: {Refusal.ON_HOLD}") in await world.look()
    world.lived.after(c.Lift("p-carla"))
    assert ("", "conflict_of_interest", "noted") in await world.look()


async def test_a_relationship_that_keeps_silent_stops_nobody_else() -> None:
    """It is a row, the pass goes on, and the exit code will say so."""
    world = await settled()
    world.book.trouble = OutcomeUnknown("")
    looked = await world.reconciler().look_over()
    assert looked.rows == (Row("r-1", "", 0, Finding.NOT_REACHED, "failed"),)
    assert not looked.saw_everything


class Unlisted(Book):
    """Relationships that cannot be listed the first time."""

    def __init__(self, lived: Life) -> None:
        super().__init__(lived)
        self.failed = False

    async def open(self) -> AsyncIterator[str]:
        if not self.failed:
            self.failed = True
            raise ConnectionError("away")
        async for each in super().open():
            yield each


async def test_a_list_that_cannot_be_had_fails_as_what_it_is() -> None:
    """Whoever started the look is told in words they know."""
    world = await settled()
    world.book = Unlisted(world.lived)
    with pytest.raises(ConnectionError):
        await world.look()


async def test_it_goes_on_after_a_pass_that_failed() -> None:
    """A server that cannot even be asked for a list is asked again after the rest, until somebody stops it."""
    world = await settled()
    world.book = Unlisted(world.lived)
    rest, counts = asyncio.Event(), list[int]()
    rest.set()

    async def look() -> None:
        counts.append((await world.reconciler().look_over()).relationships)
        if len(counts) == 2:
            task.cancel()

    task = asyncio.create_task(reconcile_forever(look, timedelta(hours=1), rest))
    await asyncio.wait([task])
    assert task.cancelled()
    assert counts == [1, 1]


async def test_progress_is_told_while_it_looks() -> None:
    """Each relationship that a look has come to."""
    heard: list[int] = []
    await (await settled()).reconciler().look_over(heard.append)
    assert heard == [1]


async def test_a_foreign_entry_is_none_of_our_business() -> None:
    """Whatever else stands in a calendar is neither seen nor touched."""
    world = await settled()
    dentist = replace(world.entry(MENTEE), uid="dentist", attendees=(Attendee("Dr Who", "who@clinic.example"),))
    world.calendar.calendars[MENTEE]["dentist"] = dentist
    world.lived.after(c.Pause(MENTOR), 2 * DAY)
    await world.works()
    await world.look()
    assert world.calendar.calendars[MENTEE] == {"dentist": dentist}


def shown(figures: ReconcileFigures) -> dict[str, float]:
    return {
        " ".join([each.name, *each.labels.values()]): each.value
        for metric in figures.collect()
        for each in metric.samples
    }


async def test_figures_show_the_last_look() -> None:
    """Findings by kind, and when they were found; a look that fails leaves them and is counted."""
    figures = ReconcileFigures(timedelta(hours=1))
    assert shown(figures)["mentoring_reconcile_last_success_timestamp_seconds"] == 0
    last = Pass(3, tuple(Row("r", "mentor", 1, Finding.ENTRY_MISSING, "written") for _ in range(2)))

    async def looks() -> None: ...

    async def fails() -> None:
        raise ConnectionError("away")

    await figures.counting(looks, lambda: last)()
    with pytest.raises(ConnectionError):
        await figures.counting(fails, lambda: last)()
    seen = shown(figures)
    assert seen["mentoring_reconcile_findings entry_missing"] == 2
    assert seen["mentoring_reconcile_findings entry_left_over"] == 0
    assert seen["mentoring_reconcile_lasting entry_missing"] == 0
    assert seen["mentoring_reconcile_relationships"] == 3
    assert seen["mentoring_reconcile_errors_total"] == 1
    assert seen["mentoring_reconcile_interval_seconds"] == 3600
    assert seen["mentoring_reconcile_last_success_timestamp_seconds"] > 0


async def test_what_two_looks_have_seen_lasts() -> None:
    """A finding lasts when the next look has it again, whatever was done about it; another's does not."""
    figures = ReconcileFigures(timedelta(hours=1))
    lasting = Row("r", "mentor", 1, Finding.ENTRY_MISSING, "written")
    refused = Row("r", "mentor", 1, Finding.ENTRY_MISSING, "refused_by_calendar")
    other = Row("other", "mentor", 1, Finding.ENTRY_MISSING, "written")

    async def looks() -> None: ...

    await figures.counting(looks, lambda: Pass(2, (lasting,)))()
    await figures.counting(looks, lambda: Pass(2, (refused, other)))()
    seen = shown(figures)
    assert seen["mentoring_reconcile_findings entry_missing"] == 2
    assert seen["mentoring_reconcile_lasting entry_missing"] == 1


async def test_no_figure_tells_a_hold() -> None:
    """A conflict of interest is followed by a hold, so it is in no figure: neither under its name nor in a sum."""
    figures = ReconcileFigures(timedelta(hours=1))
    conflict = Row("r", "", 0, Finding.CONFLICT_OF_INTEREST, "noted")

    async def looks() -> None: ...

    await figures.counting(looks, lambda: Pass(1, ()))()
    without = shown(figures)
    await figures.counting(looks, lambda: Pass(1, (conflict,)))()
    time = "mentoring_reconcile_last_success_timestamp_seconds"
    assert shown(figures) | {time: 0} == without | {time: 0}


async def test_comparing_changes_nothing_anywhere() -> None:
    """What a look would ask or write is told, and neither the relationship, the ledger nor a calendar hears of it."""
    world = await settled()
    del world.calendar.calendars[MENTOR][UID]
    rows, calendars = dict(world.ledger.rows), {owner: dict(each) for owner, each in world.calendar.calendars.items()}
    looked = await world.reconciler().verify_calendars()
    assert looked.rows == (Row("r-1", Party.MENTOR, 1, Finding.ENTRY_DELETED, "reported"),)
    assert (world.book.heard, world.ledger.rows, world.calendar.calendars) == ([], rows, calendars)
    world.calendar.troubles.append(CalendarDelayed("auth"))
    away, *_ = (await world.reconciler().verify_calendars()).rows
    assert (away.finding, away.done) == (Finding.CALENDAR_AWAY, "auth")
