"""Connections as the settings say: to the relationships, to the cases, a client over both, and to calendars."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.client import Client
from temporalio.runtime import Runtime

from mentoring_lifecycle.activities.ports import Attendee, FreeDaysGateway, MailGateway
from mentoring_lifecycle.activities.timetable import Timetable
from mentoring_lifecycle.contracts.codec import data_converter
from mentoring_lifecycle.domain.authorisation import Channel
from mentoring_lifecycle.gateways.action_links import TemplateLinks, UnusableTemplate
from mentoring_lifecycle.gateways.bookings_sql import SqlBookings
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar
from mentoring_lifecycle.gateways.case_audit_sql import SqlCaseAudit
from mentoring_lifecycle.gateways.database import open_database
from mentoring_lifecycle.gateways.free_busy_caldav import CalDavFreeBusy
from mentoring_lifecycle.gateways.free_days import FreeDays, UnusableClosures, read_closures
from mentoring_lifecycle.gateways.journal_sql import SqlJournal
from mentoring_lifecycle.gateways.loopback import UnprotectedConnection
from mentoring_lifecycle.gateways.mail_smtp import SmtpMail
from mentoring_lifecycle.gateways.pairings_sql import SqlPairings
from mentoring_lifecycle.gateways.people_sql import SqlPeople
from mentoring_lifecycle.letters.writer import CatalogueLetters
from mentoring_lifecycle.settings import Settings, SettingsError, temporal_connection
from mentoring_lifecycle.starter.client import IDENTITY, MentoringClient


async def connect(settings: Settings, runtime: Runtime | None = None) -> Client:
    """A client of the relationships' namespace that converts data as ours does."""
    return await Client.connect(
        **temporal_connection(),
        data_converter=data_converter(settings.codec()),
        identity=IDENTITY,
        runtime=runtime,
    )


async def connect_cases(settings: Settings, runtime: Runtime | None = None) -> Client:
    """A client of the cases' own namespace, with keys of its own."""
    connection = temporal_connection()
    connection["namespace"] = settings.cases_namespace
    return await Client.connect(
        **connection,
        data_converter=data_converter(settings.cases_codec()),
        identity=IDENTITY,
        runtime=runtime,
    )


def free_days_from(settings: Settings) -> FreeDaysGateway:
    """Holidays, and the closures of the settings' file. Raises SettingsError where that cannot be used."""
    try:
        return FreeDays(read_closures(Path(settings.closures)) if settings.closures else ())
    except UnusableClosures as error:
        raise SettingsError([f"MENTORING_CLOSURES: {problem}" for problem in error.problems]) from None


def free_busy_from(settings: Settings) -> CalDavFreeBusy:
    """People's own calendars; our account is shown to the calendar server of the settings alone."""
    return CalDavFreeBusy(settings.caldav_url, settings.caldav_username, settings.caldav_password.get_secret_value())


def calendar_from(settings: Settings) -> CalDavCalendar | None:
    """The calendar server of the settings, or None; whoever opens it closes it. Raises SettingsError."""
    if not settings.caldav_url:
        return None
    try:
        return CalDavCalendar(
            settings.caldav_url,
            settings.caldav_username,
            settings.caldav_password.get_secret_value(),
            organizer=Attendee(settings.sender_name, settings.sender_address),
            closed_network=settings.closed_network,
        )
    except UnprotectedConnection as error:
        raise SettingsError([f"MENTORING_CALDAV_URL: {error}"]) from None


def mail_from(settings: Settings) -> MailGateway:
    """The mail server of the settings; nothing is connected yet. Raises SettingsError."""
    try:
        return SmtpMail(
            settings.smtp_host,
            settings.smtp_port,
            sender=Attendee(settings.sender_name, settings.sender_address),
            username=settings.smtp_username,
            password=settings.smtp_password.get_secret_value(),
            tls=settings.smtp_tls,
            closed_network=settings.closed_network,
        )
    except UnprotectedConnection as error:
        raise SettingsError([f"MENTORING_SMTP_HOST: {error}"]) from None


def writer_from(settings: Settings) -> CatalogueLetters:
    """Whoever finds the words of letters and entries. Raises SettingsError."""
    try:
        return CatalogueLetters(TemplateLinks(settings.action_link_template), settings.programme_name)
    except UnusableTemplate as error:
        raise SettingsError([f"MENTORING_ACTION_LINK_TEMPLATE: {error}"]) from None


@asynccontextmanager
async def opened_client(settings: Settings, channel: Channel = Channel.TOOL) -> AsyncIterator[MentoringClient]:
    """A client over both namespaces and the database of the settings: people, pairings and journal."""
    engine, cases_engine = open_database(settings.database_url), open_database(settings.cases_database())
    people, free_busy = SqlPeople(engine), free_busy_from(settings)
    try:
        yield MentoringClient(
            await connect(settings),
            people=people,
            task_queue=settings.task_queue,
            own_mail_queue=settings.mail_queue == "own",
            cases=await connect_cases(settings) if settings.may_reach_cases else None,
            cases_task_queue=settings.cases_task_queue,
            handling=settings.handling(),
            schedule=Timetable(people, free_days_from(settings), SqlBookings(engine), free_busy),
            pairings=SqlPairings(engine),
            journal=SqlJournal(engine),
            claims=settings.claims(),
            channel=channel,
            seals=settings.seals(),
            audit=SqlCaseAudit(cases_engine),
        )
    finally:
        await free_busy.aclose()
        await engine.dispose()
        await cases_engine.dispose()
