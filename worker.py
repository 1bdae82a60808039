"""The composition root: introduces gateways to activities and activities to workflows, and runs a worker of our own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.worker import Worker, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from mentoring_lifecycle.activities.calendar import CalendarActivities
from mentoring_lifecycle.activities.journal import JournalActivities
from mentoring_lifecycle.activities.letters import LetterActivities
from mentoring_lifecycle.activities.ports import (
    Attendee,
    CalendarGateway,
    JournalGateway,
    LedgerGateway,
    LetterWriter,
    MailGateway,
    PeopleGateway,
)
from mentoring_lifecycle.activities.schedule import ScheduleActivities
from mentoring_lifecycle.gateways.action_links import TemplateLinks
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar
from mentoring_lifecycle.gateways.database import migrate
from mentoring_lifecycle.gateways.journal_sql import SqlJournal
from mentoring_lifecycle.gateways.ledger_sql import SqlLedger
from mentoring_lifecycle.gateways.mail_smtp import SmtpMail
from mentoring_lifecycle.gateways.people_sql import SqlPeople
from mentoring_lifecycle.letters.writer import CatalogueLetters
from mentoring_lifecycle.settings import Settings
from mentoring_lifecycle.workflows.relationship import MentoringRelationship

WORKFLOWS: tuple[type, ...] = (MentoringRelationship,)

PASSED_THROUGH = (
    "mentoring_lifecycle.domain",  # pure by lint and by its import contract; one identity per class on both sides
    "mentoring_lifecycle.contracts",  # models only; loading them anew for every run costs 3 MiB and three times the CPU
    "mentoring_lifecycle.activities",  # definitions only; their bodies never run in a workflow
    "structlog",  # needs a lock that the sandbox forbids; used through the replay-safe workflow logger alone
)


@dataclass(frozen=True)
class Gateways:
    """The ways to the world that the activities act through; a host may bring its own for any of them."""

    people: PeopleGateway
    ledger: LedgerGateway
    journal: JournalGateway
    mail: MailGateway
    calendar: CalendarGateway | None
    writer: LetterWriter


@asynccontextmanager
async def opened_gateways(settings: Settings, engine: AsyncEngine, gateways: Gateways) -> AsyncIterator[None]:
    """The database migrated before, connections closed after."""
    await migrate(settings.database_url)
    try:
        yield
    finally:
        if isinstance(gateways.calendar, CalDavCalendar):
            await gateways.calendar.aclose()
        await engine.dispose()


def gateways_from(settings: Settings, engine: AsyncEngine) -> Gateways:
    """The gateways that the settings name. Nothing is connected yet."""
    organizer = Attendee(settings.sender_name, settings.sender_address)
    return Gateways(
        people=SqlPeople(engine),
        ledger=SqlLedger(engine),
        journal=SqlJournal(engine),
        mail=SmtpMail(
            settings.smtp_host,
            settings.smtp_port,
            sender=organizer,
            username=settings.smtp_username,
            password=settings.smtp_password.get_secret_value(),
            tls=settings.smtp_tls,
            closed_network=settings.closed_network,
        ),
        calendar=_calendar_from(settings, organizer),
        writer=CatalogueLetters(TemplateLinks(settings.action_link_template), settings.programme_name),
    )


def _calendar_from(settings: Settings, organizer: Attendee) -> CalendarGateway | None:
    if not settings.caldav_url:
        return None
    return CalDavCalendar(
        settings.caldav_url,
        settings.caldav_username,
        settings.caldav_password.get_secret_value(),
        organizer=organizer,
        closed_network=settings.closed_network,
    )


def activities_over(gateways: Gateways) -> list[Callable[..., Any]]:
    """Every activity of a relationship, acting through these gateways."""
    g = gateways
    return [
        LetterActivities(g.people, g.ledger, g.journal, g.writer, g.mail).deliver,
        CalendarActivities(g.people, g.ledger, g.writer, g.calendar).apply,
        ScheduleActivities().find_slots,
        JournalActivities(g.journal).append,
    ]


def sandbox(runner: WorkflowRunner | None = None) -> WorkflowRunner:
    """A workflow runner that knows our models; a host's own runner keeps its restrictions."""
    runner = runner or SandboxedWorkflowRunner()
    if not isinstance(runner, SandboxedWorkflowRunner):
        return runner
    return replace(runner, restrictions=runner.restrictions.with_passthrough_modules(*PASSED_THROUGH))


def build_worker(client: Client, gateways: Gateways, *, task_queue: str) -> Worker:
    """A worker for relationships, over any gateways."""
    return Worker(
        client,
        task_queue=task_queue,
        workflows=WORKFLOWS,
        activities=activities_over(gateways),
        workflow_runner=sandbox(),
    )
