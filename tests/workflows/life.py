"""Relationships played on a real server in virtual time: a list of acts and hours, then a look at what became of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Self
from uuid import uuid4

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.converter import PayloadCodec

from mentoring_lifecycle.activities.ports import CalendarDelayed, MailDelayed, OutgoingMail, SessionEntry
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import Handling
from mentoring_lifecycle.contracts.claims import ClaimKeys
from mentoring_lifecycle.contracts.codec import data_converter
from mentoring_lifecycle.contracts.deliveries import JournalTail
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.contracts.seals import Seals
from mentoring_lifecycle.contracts.views import RelationshipView, SessionView
from mentoring_lifecycle.domain.commands import Comfort, Goal, GoalOwner, Measure
from mentoring_lifecycle.domain.consequences import uid_prefix
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.policy import ProgrammePolicy, Sessions
from mentoring_lifecycle.embedded.virtual_time import VirtualClock
from mentoring_lifecycle.gateways.action_links import TemplateLinks
from mentoring_lifecycle.gateways.memory import (
    MemoryCalendar,
    MemoryCaseAudit,
    MemoryFreeBusy,
    MemoryFreeDays,
    MemoryJournal,
    MemoryLedger,
    MemoryMail,
    MemoryPairings,
    MemoryPeople,
)
from mentoring_lifecycle.letters.writer import CatalogueLetters
from mentoring_lifecycle.starter.client import IDENTITY, MentoringClient
from mentoring_lifecycle.starter.relationship_handle import RelationshipHandle
from mentoring_lifecycle.worker import Gateways, build_cases_worker, build_worker

MENTOR, MENTEE, COORDINATOR = "person-mia", "person-ed", "person-cleo"
BACKUP, CONTACT, STRANGER = "person-bea", "person-sam", "person-zoe"
PAIR = (MENTOR, MENTEE)

ANY_HOUR: dict[str, Any] = {"rest_days": (), "quiet_from": time(), "quiet_until": time()}
"""For people who may be written to at any hour, so that no life depends on the hour at which its test runs."""

PEOPLE = (
    Person(MENTOR, "Mia Bianchi", "mia@pair.example", "it", "Europe/Rome", 2, **ANY_HOUR),
    Person(MENTEE, "Ed Young", "ed@pair.example", "en", "Europe/London", 6, **ANY_HOUR),
    Person(COORDINATOR, "Cleo Marsh", "cleo@programme.example", "en", "Europe/Rome", 4, **ANY_HOUR),
    Person(BACKUP, "Bea Lund", "bea@programme.example", "en", "Europe/Rome", 4, **ANY_HOUR),
    Person(CONTACT, "Sam Reed", "sam@safe.example", "en", "Europe/Rome", 5, **ANY_HOUR),
    Person(STRANGER, "Zoe Hale", "zoe@elsewhere.example", "en", "Europe/Rome", 3, **ANY_HOUR),
)

STANDARD = ProgrammePolicy(sessions=Sessions(planned=12, every_weeks=2))
"""26 weeks, twelve sessions."""
SHORT = ProgrammePolicy(length_weeks=8, sessions=Sessions(planned=3, every_weeks=2))
"""The least that can be completed."""

GOAL = Goal(GoalOwner.PAIR, "Read each other's world", "Both can name three habits", Measure.SCALE, 3, 8)
MOMENT = timedelta(seconds=5)
"""How late an hour may be kept on a busy computer: virtual clocks run on with the wall clock."""


class CalendarAfterMail(MemoryCalendar):
    """Answers only when nothing else is under way, so that mail and calendar never come back in one workflow task.

    On a real way to the world they rarely do; in memory it would be a matter of luck.
    """

    def __init__(self) -> None:
        super().__init__()
        self.client: Client | None = None

    async def keep(self, owner: str, entry: SessionEntry) -> None:
        """Show the entry, after the mails."""
        await self._mail_is_through(entry.uid)
        await super().keep(owner, entry)

    async def remove(self, owner: str, uid: str) -> None:
        """Show it no longer, after the mails."""
        await self._mail_is_through(uid)
        await super().remove(owner, uid)

    async def _mail_is_through(self, uid: str) -> None:
        assert self.client
        handle = self.client.get_workflow_handle(names.relationship_workflow_id(uid.rpartition("~s")[0]))
        while _is_busy_with_mail((await handle.describe()).raw_description):
            await asyncio.sleep(0.005)


def _is_busy_with_mail(found: DescribeWorkflowExecutionResponse) -> bool:
    under_way = {activity.activity_type.name for activity in found.pending_activities}
    return names.DELIVER_LETTERS in under_way or found.HasField("pending_workflow_task")


class JournalWithOutages(MemoryJournal):
    """A journal that cannot be written while `away`; what it knew can still be read."""

    away = False

    async def append(self, tail: JournalTail) -> int:
        """Keep the entries, or fail as a database does."""
        if self.away:
            raise OSError("the database is away")
        return await super().append(tail)


@dataclass(frozen=True)
class World:
    """Memory gateways, the world of one quick rig."""

    people: MemoryPeople = field(default_factory=lambda: MemoryPeople(PEOPLE))
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    audit: MemoryCaseAudit = field(default_factory=MemoryCaseAudit)
    journal: JournalWithOutages = field(default_factory=lambda: JournalWithOutages(pairings=MemoryPairings()))
    mail: MemoryMail = field(default_factory=MemoryMail)
    calendar: MemoryCalendar = field(default_factory=MemoryCalendar)
    free_days: MemoryFreeDays = field(default_factory=MemoryFreeDays)
    free_busy: MemoryFreeBusy = field(default_factory=MemoryFreeBusy)
    keeps_bookings: bool = False
    """All lives of a rig are of the same two people: where this is said, they get out of each other's way."""
    keeps_pairings: bool = False
    """And where this is said, they are paired once in a programme, and may be kept apart."""
    window: timedelta = timedelta()
    """Over how long what is due to many is spread."""

    def mend(self) -> None:
        """Everybody answers, and every address is good."""
        self.mail_server_returns()
        self.calendar_server_returns()
        self.journal.away = self.audit.away = False
        self.people.people = {person.id: person for person in PEOPLE}
        self.free_days.days.clear()
        self.free_busy.spans.clear()

    def gateways(self) -> Gateways:
        """As a worker wants them."""
        writer = CatalogueLetters(TemplateLinks("https://tool.example/{relationship}/{action}"), "Both Ways")
        return Gateways(
            self.people,
            self.ledger,
            self.journal,
            self.mail,
            self.calendar,
            writer,
            self.free_days,
            self.journal.bookings if self.keeps_bookings else None,
            self.free_busy,
            self.journal.pairings if self.keeps_pairings else None,
            window=self.window,
        )

    def mail_server_goes(self) -> None:
        """From now on nobody answers."""
        self.mail.troubles.extend([MailDelayed("connect")] * 10_000)

    def calendar_server_goes(self) -> None:
        """From now on nobody answers."""
        self.calendar.troubles.extend([CalendarDelayed("connect")] * 10_000)

    def mail_server_returns(self) -> None:
        """It answers again."""
        self.mail.troubles.clear()

    def calendar_server_returns(self) -> None:
        """It answers again."""
        self.calendar.troubles.clear()


@dataclass(frozen=True)
class Rig:
    """A server, a worker in this process, and the ways in."""

    world: World
    clock: VirtualClock
    cases: VirtualClock
    mentoring: MentoringClient
    queue: str

    async def life(self, *past: "Past", policy: ProgrammePolicy = SHORT, **opening: Any) -> "QuickLife":
        """A relationship of which all this is past."""
        given = {"mentor": MENTOR, "mentee": MENTEE, "coordinator": COORDINATOR, "programme": "both-ways"} | opening
        relationship = await self.mentoring.open(**{"relationship": f"r-{uuid4().hex[:12]}", **given}, policy=policy)
        life = QuickLife(relationship, self.clock, self.world)
        await life.rest()
        return await life.past(*past)

    def case_id(self) -> str:
        """Of a report that nobody has made yet."""
        return f"c-{uuid4().hex[:12]}"


@asynccontextmanager
async def quick_rig(
    address: str,
    codec: PayloadCodec | None = None,
    *,
    world: World | None = None,
    queue: str = "",
    claims: ClaimKeys | None = None,
    seals: Seals | None = None,
) -> AsyncIterator[Rig]:
    """A worker over memory gateways, on a queue of its own."""
    world, queue = world or World(), queue or f"quick-{uuid4().hex[:8]}"
    relationships, cases = [
        await Client.connect(address, namespace=namespace, data_converter=data_converter(codec), identity=IDENTITY)
        for namespace in ("mentoring", "mentoring-cases")
    ]
    if isinstance(world.calendar, CalendarAfterMail):
        world.calendar.client = relationships
    clock, case_clock = VirtualClock(relationships), VirtualClock(cases)
    mentoring = MentoringClient(
        clock.client,
        people=world.people,
        task_queue=queue,
        cases=case_clock.client,
        cases_task_queue=queue,
        handling=Handling(CONTACT),
        schedule=world.gateways().timetable,
        pairings=world.gateways().pairings,
        journal=world.journal,
        claims=claims,
        seals=seals,
        audit=world.audit,
    )
    async with AsyncExitStack() as workers:
        gateways = world.gateways()
        await workers.enter_async_context(build_worker(relationships, gateways, task_queue=queue, claims=claims))
        await workers.enter_async_context(
            build_cases_worker(
                cases, relationships, gateways, audit=world.audit, task_queue=queue, claims=claims, seals=seals
            )
        )
        yield Rig(world, clock, case_clock, mentoring, queue)


class Life:
    """One relationship under way. Whatever is done to it, it is at rest again when the call returns."""

    def __init__(self, relationship: RelationshipHandle, clock: VirtualClock) -> None:
        self.on = relationship
        self.clock = clock

    @property
    def id(self) -> str:
        """The relationship's id."""
        return self.on.id

    @property
    def workflow_id(self) -> str:
        """The workflow's."""
        return names.relationship_workflow_id(self.on.id)

    @property
    def workflow(self) -> WorkflowHandle[Any, Any]:
        """Past our own client: the newest run, raw."""
        return self.clock.client.get_workflow_handle(self.workflow_id)

    async def past(self, *past: "Past") -> Self:
        """Let all this happen, in this order."""
        for each in past:
            await each(self)
            await self.rest()
        return self

    async def rest(self) -> None:
        """Until only a message or an hour can move it."""
        await self.clock.until_idle(self.workflow_id)

    async def now(self) -> datetime:
        """Its own time."""
        return await self.clock.now(self.workflow_id)

    async def until(self, at: datetime) -> None:
        """Let time pass up to an instant."""
        await self.clock.advance(self.workflow_id, to=at)

    async def days(self, count: float) -> None:
        """Let so many days pass."""
        await self.until(await self.now() + timedelta(days=count))

    async def status(self) -> RelationshipView:
        """Where it stands."""
        return await self.on.status()

    # --- what the server saw ------------------------------------------------------------------------------------

    async def runs(self) -> list[WorkflowHistory]:
        """The history of every run, oldest first."""
        return await runs_of(self.clock.client, self.workflow_id)

    async def history_length(self) -> int:
        """Events of the newest run."""
        return (await self.workflow.describe()).history_length

    async def shown(self) -> dict[str, str]:
        """The search attributes but for the next hour, as a list of workflows shows them."""
        attributes = (await self.workflow.describe()).typed_search_attributes
        keys = (names.PHASE, names.STANDING, names.HEALTH, names.AWAITING)
        return {key.name.removeprefix("Mentoring").lower(): attributes[key] for key in keys}

    async def details(self) -> str:
        """The current details, as the page of the workflow shows them."""
        shown: WorkflowMetadata = await self.workflow.query(
            "__temporal_workflow_metadata", result_type=WorkflowMetadata
        )
        return shown.current_details


class QuickLife(Life):
    """One relationship in a world of memory gateways, which can be looked at."""

    def __init__(self, relationship: RelationshipHandle, clock: VirtualClock, world: World) -> None:
        super().__init__(relationship, clock)
        self.world = world

    def mails(self, *kinds: LetterKind, to: str = "") -> list[OutgoingMail]:
        """Mails that left for this relationship, of these kinds and to this person where given."""
        own = [mail for mail in self.world.mail.sent if mail.key.startswith(f"{self.id}/")]
        address = self.world.people.people[to].email if to else ""
        return [mail for mail in own if (not kinds or kind_of(mail) in kinds) and (not to or mail.to.email == address)]

    def letters(self, since: int = 0) -> "Counter[str]":
        """How many of each kind, leaving out the first `since` mails."""
        return Counter(kind_of(mail).value for mail in self.mails()[since:])

    def entries(self) -> dict[str, list[datetime]]:
        """What each of the pair sees of it in the calendar: starts, in order."""
        shown = self.world.calendar.calendars
        return {
            person: sorted(
                entry.starts_at for entry in shown.get(person, {}).values() if entry.uid.startswith(uid_prefix(self.id))
            )
            for person in PAIR
        }

    def events(self) -> list[str]:
        """Kinds of the journal's events, in order."""
        return [entry.kind for entry in self.world.journal.entries.get(self.id, [])]


Past = Callable[[Life], Awaitable[object]]


# --- pasts ------------------------------------------------------------------------------------------------------


async def both_accepted(life: Life) -> None:
    """Both accept, with the guide and the comfort question in the same form."""
    for person in PAIR:
        await life.on.accept(by=person, induction_acknowledged=True, comfort=Comfort.YES)
        await life.rest()


async def both_signed(life: Life) -> None:
    """Both sign the programme's own version."""
    for person in PAIR:
        await life.on.sign_rules(by=person, version=1)
        await life.rest()


async def goals_agreed(life: Life) -> None:
    """One goal, proposed by the mentor."""
    await life.on.propose_goals(by=MENTOR, goals=(GOAL,))
    await life.rest()
    await life.on.agree_goals(by=MENTEE, proposal=1, baselines=(4,))


async def session_over(life: Life) -> None:
    """The next session's time has passed and both have been asked."""
    session = await next_session(life)
    await life.until(session.ends_at + timedelta(hours=1, minutes=1))


async def both_confirmed(life: Life) -> None:
    """Both say that the oldest unsettled session took place."""
    session = next(each for each in (await life.status()).sessions if not each.lies_ahead)
    for person in PAIR:
        await life.on.confirm_session(by=person, session=session.number, held=True)
        await life.rest()


async def end_reached(life: Life) -> None:
    """The last day has come."""
    await life.until((await life.status()).ends_at + timedelta(minutes=1))


async def both_looked_back(life: Life) -> None:
    """Both give their final feedback."""
    for person in PAIR:
        await life.on.give_final_feedback(by=person, ratings=(8,), would_repeat=9, felt_safe=9, keep_in_touch=True)
        await life.rest()


def sessions_held(count: int) -> Past:
    """So many sessions, each confirmed by both a minute after they were asked."""

    async def past(life: Life) -> None:
        for _ in range(count):
            await life.past(session_over, both_confirmed)

    return past


UNDER_WAY = (both_accepted, both_signed, goals_agreed)
"""The first session is booked."""


async def next_session(life: Life) -> SessionView:
    """The one that lies ahead."""
    return next(each for each in (await life.status()).sessions if each.lies_ahead)


# --- reading ----------------------------------------------------------------------------------------------------


def kind_of(mail: OutgoingMail) -> LetterKind:
    """Why it was written: part of its key."""
    return LetterKind(mail.key.split("/")[2])


async def runs_of(client: Client, workflow_id: str) -> list[WorkflowHistory]:
    """The history of every run of a workflow, oldest first."""
    found: list[WorkflowHistory] = []
    run_id: str | None = None
    while run_id != "":
        history = await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
        found.insert(0, history)
        run_id = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    return found


_OF_VIRTUAL_TIME = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
)


def events_of(histories: Iterable[WorkflowHistory]) -> list[HistoryEvent]:
    """Every event but those of virtual time."""
    return [event for each in histories for event in each.events if event.event_type not in _OF_VIRTUAL_TIME]


def kinds_of(events: Iterable[HistoryEvent]) -> "Counter[str]":
    """How many events of each kind."""
    return Counter(EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in events)


def raw_bytes(histories: Sequence[WorkflowHistory]) -> bytes:
    """Everything that the server keeps of them."""
    return b"".join(event.SerializeToString() for each in histories for event in each.events)
