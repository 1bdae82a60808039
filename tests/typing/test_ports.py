"""Every gateway has the shape of its port: the type checker proves it here, and the test proves it without one."""

import inspect

import pytest

from mentoring_lifecycle.activities.ports import (
    ActionLinks,
    BookingsGateway,
    CalendarGateway,
    CaseAuditGateway,
    FreeBusyGateway,
    FreeDaysGateway,
    JournalGateway,
    LedgerGateway,
    MailGateway,
    PairingsGateway,
    PeopleGateway,
    ReplyAddresses,
)
from mentoring_lifecycle.activities.timetable import NoFreeDays
from mentoring_lifecycle.gateways.action_links import TemplateLinks
from mentoring_lifecycle.gateways.bookings_sql import SqlBookings
from mentoring_lifecycle.gateways.calendar_caldav import CalDavCalendar
from mentoring_lifecycle.gateways.case_audit_sql import SqlCaseAudit
from mentoring_lifecycle.gateways.free_busy_caldav import CalDavFreeBusy
from mentoring_lifecycle.gateways.free_days import FreeDays
from mentoring_lifecycle.gateways.journal_sql import SqlJournal
from mentoring_lifecycle.gateways.ledger_sql import SqlLedger
from mentoring_lifecycle.gateways.mail_smtp import SmtpMail
from mentoring_lifecycle.gateways.memory import (
    MemoryBookings,
    MemoryCalendar,
    MemoryCaseAudit,
    MemoryFreeBusy,
    MemoryFreeDays,
    MemoryJournal,
    MemoryLedger,
    MemoryMail,
    MemoryPairings,
    MemoryPeople,
    MemoryReplyAddresses,
)
from mentoring_lifecycle.gateways.pairings_sql import SqlPairings
from mentoring_lifecycle.gateways.people_sql import SqlPeople
from mentoring_lifecycle.gateways.reply_addresses_sql import SqlReplyAddresses

PEOPLE: tuple[type[PeopleGateway], ...] = (SqlPeople, MemoryPeople)
LINKS: tuple[type[ActionLinks], ...] = (TemplateLinks,)
MAIL: tuple[type[MailGateway], ...] = (SmtpMail, MemoryMail)
CALENDARS: tuple[type[CalendarGateway], ...] = (CalDavCalendar, MemoryCalendar)
LEDGERS: tuple[type[LedgerGateway], ...] = (SqlLedger, MemoryLedger)
JOURNALS: tuple[type[JournalGateway], ...] = (SqlJournal, MemoryJournal)
CASE_AUDITS: tuple[type[CaseAuditGateway], ...] = (SqlCaseAudit, MemoryCaseAudit)
FREE_DAYS: tuple[type[FreeDaysGateway], ...] = (FreeDays, MemoryFreeDays, NoFreeDays)
BOOKINGS: tuple[type[BookingsGateway], ...] = (SqlBookings, MemoryBookings)
FREE_BUSY: tuple[type[FreeBusyGateway], ...] = (CalDavFreeBusy, MemoryFreeBusy)
PAIRINGS: tuple[type[PairingsGateway], ...] = (SqlPairings, MemoryPairings)
REPLIES: tuple[type[ReplyAddresses], ...] = (SqlReplyAddresses, MemoryReplyAddresses)

PAIRS: list[tuple[type, type]] = [
    *((PeopleGateway, gateway) for gateway in PEOPLE),
    *((ActionLinks, gateway) for gateway in LINKS),
    *((MailGateway, gateway) for gateway in MAIL),
    *((CalendarGateway, gateway) for gateway in CALENDARS),
    *((LedgerGateway, gateway) for gateway in LEDGERS),
    *((JournalGateway, gateway) for gateway in JOURNALS),
    *((CaseAuditGateway, gateway) for gateway in CASE_AUDITS),
    *((FreeDaysGateway, gateway) for gateway in FREE_DAYS),
    *((BookingsGateway, gateway) for gateway in BOOKINGS),
    *((FreeBusyGateway, gateway) for gateway in FREE_BUSY),
    *((PairingsGateway, gateway) for gateway in PAIRINGS),
    *((ReplyAddresses, gateway) for gateway in REPLIES),
]


@pytest.mark.parametrize(("port", "gateway"), PAIRS)
def test_a_gateway_takes_and_gives_what_its_port_says(port: type, gateway: type) -> None:
    """Names, kinds and types of arguments, results and being asynchronous are those of the port."""
    promised = {name: method for name, method in vars(port).items() if inspect.isfunction(method) and name[0] != "_"}
    assert promised
    for name, method in promised.items():
        offered = getattr(gateway, name)
        assert inspect.signature(offered, eval_str=True) == inspect.signature(method, eval_str=True)
        assert inspect.iscoroutinefunction(offered) == inspect.iscoroutinefunction(method)
