"""`mentoring demo`: whole lives on real servers on this computer, in a minute.

A Temporal server with its UI, a calendar server, a mail server and a worker are started; people are imported; six
relationships live through 26 weeks of virtual time. At the end everything is counted from outside: histories, mailbox
and calendars. The exit code is 0 only if each life ended as it should, no mail was sent twice, and no future event is
left in any calendar.
"""

import asyncio
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from importlib.resources import as_file, files
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from mentoring_lifecycle.activities.ports import Attendee, LedgerState
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import Handling
from mentoring_lifecycle.contracts.codec import data_converter
from mentoring_lifecycle.contracts.views import RelationshipView
from mentoring_lifecycle.domain.consequences import uid_prefix
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.embedded.calendar import CalendarServer
from mentoring_lifecycle.embedded.mail import FiledMail, MailServer
from mentoring_lifecycle.embedded.namespaces import set_up_namespace
from mentoring_lifecycle.embedded.processes import ChildProcess
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.embedded.virtual_time import VirtualClock
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar
from mentoring_lifecycle.gateways.database import (
    CASES_SCHEMA,
    RELATIONSHIPS_SCHEMA,
    Schema,
    case_effects,
    migrate,
    open_database,
)
from mentoring_lifecycle.gateways.ledger_sql import SqlLedger
from mentoring_lifecycle.gateways.people_sql import SqlPeople
from mentoring_lifecycle.gateways.roster_csv import read_roster
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.cast import CONTACT, Life, Postbox, Request, Stage, lives
from mentoring_lifecycle.starter.client import IDENTITY, MentoringClient
from mentoring_lifecycle.starter.costs import Cost, cost_of

NAMESPACE, CASES_NAMESPACE = "mentoring", "mentoring-cases"
_WIDTH = 140
"""Columns where the output is no terminal, so that the table in a log is readable."""
LOOK_BACK = timedelta(weeks=8)
"""After the 26 weeks: pauses move the end, and people have three weeks for their final feedback."""


@dataclass
class House:
    """Everything that runs for the demo."""

    temporal: EmbeddedTemporal
    calendar: CalendarServer
    mail: MailServer
    people: SqlPeople
    ledgers: tuple[SqlLedger, ...]
    relationships: Client
    cases: Client


async def play(*, exit_when_done: bool, keep: Path | None = None) -> int:
    """Play the lives and print what came of them; stay up until interrupted unless told to exit."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    with _data_dir(keep) as folder:
        async with _opened_house(folder, console) as house:
            played = await _play_all(house, VirtualClock(house.relationships), console)
            problems = await _show_what_came_of_it(house, played, console)
            _show_addresses(house, console)
            if not exit_when_done:
                await _until_interrupted(console)
    return 1 if problems else 0


@contextmanager
def _data_dir(keep: Path | None) -> Iterator[Path]:
    """The folder asked for, which stays; or a temporary one, which does not."""
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="mentoring-demo-") as temporary:
        yield Path(temporary)


# --- the house --------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _opened_house(folder: Path, console: Console) -> AsyncIterator[House]:
    """Start everything, and end it in the opposite order, whatever happens."""
    async with AsyncExitStack() as stack:
        console.print("[bold]Starting[/] Temporal server and UI, calendar server, mail server, two workers")
        temporal = await stack.enter_async_context(EmbeddedTemporal(folder / "temporal", ui=True))
        calendar = await stack.enter_async_context(CalendarServer(folder / "calendars"))
        mail = stack.enter_context(MailServer(folder / "mailbox"))
        engine = await _migrated_database(_database_url(folder), RELATIONSHIPS_SCHEMA, stack)
        of_cases = await _migrated_database(_cases_database_url(folder), CASES_SCHEMA, stack)
        people = await _imported_people(SqlPeople(engine), console)
        relationships, cases = await _connected(temporal, NAMESPACE), await _connected(temporal, CASES_NAMESPACE)
        types = names.SEARCH_ATTRIBUTE_TYPES
        await asyncio.gather(set_up_namespace(relationships, types), set_up_namespace(cases, {}))
        _tell_workers(folder, temporal, calendar, mail)
        for serves in ("relationships", "cases"):
            stack.push_async_callback((await _started_worker(folder, serves)).stop)
        ledgers = SqlLedger(engine), SqlLedger(of_cases, table=case_effects)
        yield House(temporal, calendar, mail, people, ledgers, relationships, cases)
        console.print("[bold]Stopping[/]")


async def _connected(temporal: EmbeddedTemporal, namespace: str) -> Client:
    converter = data_converter(None)
    return await Client.connect(temporal.address, namespace=namespace, data_converter=converter, identity=IDENTITY)


def _database_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'mentoring.db'}"


def _cases_database_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'mentoring-cases.db'}"


async def _migrated_database(url: str, schema: Schema, stack: AsyncExitStack) -> AsyncEngine:
    await migrate(url, schema)
    engine = open_database(url)
    stack.push_async_callback(engine.dispose)
    return engine


async def _imported_people(people: SqlPeople, console: Console) -> SqlPeople:
    with as_file(files("mentoring_lifecycle.examples") / "people.csv") as file:
        roster = read_roster(file)
    if roster.problems:
        raise SystemExit("\n".join(str(problem) for problem in roster.problems))
    # Else what a reader sees would depend on the hour and the day on which the demo is started.
    at_any_hour = [replace(each, rest_days=(), quiet_from=time(), quiet_until=time()) for each in roster.persons]
    await people.save(at_any_hour)
    console.print(f"[bold]Imported[/] {len(roster.persons)} people from examples/people.csv")
    return people


def _tell_workers(folder: Path, temporal: EmbeddedTemporal, calendar: CalendarServer, mail: MailServer) -> None:
    """Where everything is, by settings."""
    os.environ.update(
        TEMPORAL_ADDRESS=temporal.address,
        TEMPORAL_NAMESPACE=NAMESPACE,
        MENTORING_CASES_NAMESPACE=CASES_NAMESPACE,
        MENTORING_DATABASE_URL=_database_url(folder),
        MENTORING_CASES_DATABASE_URL=_cases_database_url(folder),
        MENTORING_SMTP_HOST=mail.host,
        MENTORING_SMTP_PORT=str(mail.port),
        MENTORING_CALDAV_URL=calendar.url,
        MENTORING_CALDAV_USERNAME=calendar.username,
        MENTORING_CALDAV_PASSWORD=calendar.password,
        MENTORING_METRICS_ADDRESS="127.0.0.1:0",
        MENTORING_CASES_METRICS_ADDRESS="127.0.0.1:0",
        MENTORING_CASES_HEALTH_ADDRESS="127.0.0.1:0",
        MENTORING_HEALTH_ADDRESS="127.0.0.1:0",
    )


async def _started_worker(folder: Path, serves: str) -> ChildProcess:
    """Our own worker, in a process of its own."""
    command = [sys.executable, "-P", "-m", "mentoring_lifecycle.worker", serves]
    return await ChildProcess.start("worker", command, log=folder / f"worker-{serves}.log")


# --- the lives --------------------------------------------------------------------------------------------------


@dataclass
class Played:
    """One life when its time was over."""

    life: Life
    view: RelationshipView
    at: datetime


async def _play_all(house: House, clock: VirtualClock, console: Console) -> list[Played]:
    postbox = Postbox(house.mail.mailbox)
    client = MentoringClient(clock.client, people=house.people, cases=house.cases, handling=Handling(CONTACT))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_play(life, client, clock, postbox, console)) for life in lives()]
    return [task.result() for task in tasks]


async def _play(life: Life, client: MentoringClient, clock: VirtualClock, postbox: Postbox, console: Console) -> Played:
    handle = await client.open(
        relationship=life.id,
        mentor=life.mentor,
        mentee=life.mentee,
        coordinator=life.coordinator,
        backup=life.backup,
        programme="reverse-demo",
        policy=life.policy,
    )
    workflow_id = names.relationship_workflow_id(life.id)
    stage = Stage(life, client, handle, await clock.now(workflow_id), mailed_as=[life.id])
    last_day = stage.now + timedelta(weeks=life.policy.length_weeks) + LOOK_BACK
    narrator = _Narrator(life, console)
    while True:
        await clock.until_idle(workflow_id)
        stage.now = await clock.now(workflow_id)
        if await _act(stage, postbox):
            continue
        view = await handle.status()
        narrator.tell(await handle.timeline())
        if view.outcome or stage.now >= last_day:
            return Played(life, view, stage.now)
        await clock.advance(workflow_id, to=_next_moment(stage, view, last_day))


async def _act(stage: Stage, postbox: Postbox) -> bool:
    """Let everybody answer the mail that arrived and keep the appointments that are due."""
    requests = [request for mailed_as in stage.mailed_as for request in postbox.take(mailed_as)]
    for request in requests:
        await _try(stage, request)
    due = [appointment for appointment in stage.appointments if appointment[0] <= stage.now]
    for appointment in due:
        stage.appointments.remove(appointment)
        await appointment[1](stage)
    return bool(requests or due)


async def _try(stage: Stage, request: Request) -> None:
    """Somebody else may have ended or paused the relationship since the letter was written; its reader is told so."""
    try:
        await stage.life.behaviour(stage, request)
    except CommandRejected as refused:
        if refused.code not in (Refusal.CLOSED, Refusal.ON_HOLD, Refusal.PAUSED):
            raise


def _next_moment(stage: Stage, view: RelationshipView, last_day: datetime) -> datetime:
    moments = [at for at, _ in stage.appointments] + [last_day]
    return min([*moments, view.next_hour_at] if view.next_hour_at else moments)


class _Narrator:
    """Prints each milestone once, when it happens."""

    def __init__(self, life: Life, console: Console) -> None:
        self._life = life
        self._console = console
        self._last = ""

    def tell(self, timeline: list[str]) -> None:
        """Print what is new since last time; the timeline keeps the last milestones, oldest first."""
        new = timeline[timeline.index(self._last) + 1 :] if self._last in timeline else timeline
        for line in new:
            at, _, what = line.partition(" ")
            self._console.print(f"[dim]{at[:10]} {at[11:16]}[/]  {self._life.id:<11} {what.replace('_', ' ')}")
        self._last = timeline[-1] if timeline else ""


# --- what came of it --------------------------------------------------------------------------------------------


async def _show_what_came_of_it(house: House, played: list[Played], console: Console) -> list[str]:
    mails = house.mail.mailbox.messages()
    by_relationship = await _mails_by_relationship(house)
    table = Table(title="What came of it", title_justify="left")
    for column in ("relationship", "story", "phase", "outcome", "held", "mails", "entries left", "events", "Actions"):
        table.add_column(
            column, justify="right" if column in _FIGURES else "left", no_wrap=column != "story", overflow="fold"
        )
    problems = _mails_sent_twice(mails) + _mails_unaccounted(mails, by_relationship)
    for each in played:
        left = await _entries_left(house, each)
        cost = await cost_of(house.relationships, each.life.id)
        table.add_row(*_row(each, by_relationship[each.life.id], left, cost))
        problems += _problems_of(each, left)
    console.print()
    console.print(table)
    console.print(f"{len(mails)} mails in the mailbox, {'each once.' if not problems else 'and problems:'}")
    for problem in problems:
        console.print(f"[bold red]{problem}[/]")
    return problems


_FIGURES = ("held", "mails", "entries left", "events", "Actions")


def _row(played: Played, mails: int, left: int, cost: Cost) -> list[str]:
    view, life = played.view, played.life
    ended = view.outcome or view.standing
    figures = [str(figure) for figure in (view.sessions_held, mails, left, cost.events, cost.actions)]
    return [life.id, life.title, str(view.phase), str(ended), *figures]


def _problems_of(played: Played, left: int) -> list[str]:
    ended = played.view.outcome or played.view.standing
    wrong_end = (
        [f"{played.life.id} ended as {ended}, not as {played.life.ends_as}"] if ended != played.life.ends_as else []
    )
    return wrong_end + ([f"{played.life.id} has {left} future entries left in a calendar"] if left else [])


def _mails_sent_twice(mails: list[FiledMail]) -> list[str]:
    """The same Message-ID twice, or the same words twice to one reader at the same (virtual) date."""
    ids = Counter(str(mail.message["Message-ID"]) for mail in mails)
    words = Counter((mail.recipients, str(mail.message["Date"]), _words_of(mail)) for mail in mails)
    twice = [f"mail {key} was sent {count} times" for key, count in ids.items() if count > 1]
    return twice + [f"the same mail of {key[1]} was sent {count} times" for key, count in words.items() if count > 1]


def _words_of(mail: FiledMail) -> str:
    body = mail.message.get_body(("plain",))
    return str(mail.message["Subject"]) + (body.get_content() if body else "")


def _mails_unaccounted(mails: list[FiledMail], by_relationship: Counter[str]) -> list[str]:
    recorded = by_relationship.total()
    return [] if len(mails) == recorded else [f"{len(mails)} mails arrived, but the ledger knows of {recorded}"]


async def _mails_by_relationship(house: House) -> Counter[str]:
    letters = frozenset(kind.value for kind in LetterKind)
    rows = [row for ledger in house.ledgers for row in await ledger.rows(state=LedgerState.ACCEPTED)]
    return Counter(row.relationship for row in rows if row.purpose in letters)


async def _entries_left(house: House, played: Played) -> int:
    """Asked of the calendar server itself: what lies after the relationship's own present."""
    organizer = Attendee("Mentoring", "mentoring@mentoring.example")
    server = house.calendar
    calendar = CalDavCalendar(server.url, server.username, server.password, organizer=organizer)
    try:
        prefix = uid_prefix(played.life.id)
        pair = (played.life.mentor, played.life.mentee)
        return sum([len(await calendar.upcoming(person, prefix, played.at)) for person in pair])
    finally:
        await calendar.aclose()


def _show_addresses(house: House, console: Console) -> None:
    calendar = house.calendar
    console.print(f"Temporal UI  {house.temporal.ui_url}/namespaces/{NAMESPACE}/workflows")
    console.print(f"Calendar     {calendar.url}{calendar.username}/  (user {calendar.username}, {calendar.password})")
    console.print(f"Mailbox      {house.mail.folder}")


async def _until_interrupted(console: Console) -> None:
    console.print("[bold]Everything stays up until you press Ctrl-C.[/]")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
