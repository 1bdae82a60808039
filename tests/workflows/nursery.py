"""A process that bears others: they start in a moment, because everything is imported already, and die by SIGKILL.

One line on its standard input is one birth, `worker LOG` or `reporter LOG GRANTS`; one line on its standard output is
the id of the process. When its standard input closes, whatever still lives of them ends.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from temporalio.service import RPCError

from mentoring_lifecycle import worker
from mentoring_lifecycle.contracts.cases import Handling, SevereReport
from mentoring_lifecycle.domain.commands import Matter
from mentoring_lifecycle.embedded.virtual_time import VirtualClock
from mentoring_lifecycle.gateways.database import open_database
from mentoring_lifecycle.gateways.people_sql import SqlPeople
from mentoring_lifecycle.settings import read_settings
from mentoring_lifecycle.starter.answers import CommandRejected, OutcomeUnknown
from mentoring_lifecycle.starter.client import MentoringClient
from mentoring_lifecycle.starter.connection import connect_cases

AGO = 4
"""A case is taken note of when so many more have been reported."""


def case_id(number: int) -> str:
    """Of the report with this number: the same one however often it is made."""
    return f"kill-{number:05d}"


def words(number: int) -> str:
    """What is said in it."""
    return f"Report number {number}."


async def report_on_and_on(log: Path, grants: Path) -> None:
    """Report whatever is granted, beginning with the one of which it is not known whether it arrived."""
    settings = read_settings()
    clock = VirtualClock(await connect_cases(settings))
    people = SqlPeople(open_database(settings.database_url))
    handling: Handling = settings.handling()
    mentoring = MentoringClient(clock.client, people=people, cases=clock.client, handling=handling)
    said = log.read_text().splitlines() if log.exists() else []
    number = sum(line.startswith("received") for line in said)
    with log.open("a", buffering=1) as say:
        while True:
            while number >= int(grants.read_text() or 0):
                await asyncio.sleep(0.005)
            report = SevereReport(case_id(number), Matter.DISCRIMINATION, words(number), by="person-mia")
            try:
                await mentoring.report(report)
            except (RPCError, RuntimeError):
                await asyncio.sleep(0.05)
                continue
            say.write(f"received {report.case}\n")
            if number >= AGO and number % 2:
                asyncio.get_running_loop().create_task(_take_note(mentoring, number - AGO, handling.handlers[0]))
            number += 1


async def _take_note(mentoring: MentoringClient, number: int, by: str) -> None:
    with contextlib.suppress(RPCError, RuntimeError, OutcomeUnknown, CommandRejected):
        await mentoring.case(case_id(number)).acknowledge(by=by, command_id=f"note-{number}")


def _reports(log: Path, grants: Path) -> None:
    asyncio.run(report_on_and_on(log, grants))


def born(life: Callable[[], object], log: Path) -> int:
    """The id of a child that lives this life and nothing else."""
    child = os.fork()
    if child:
        return child
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with log.open("ab") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    life()
    os._exit(0)


def main() -> None:
    """Bear whoever is asked for."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever is killed leaves nothing behind
    children: list[int] = []
    for line in sys.stdin:
        kind, log, *more = line.split()
        life = partial(worker.main, "cases") if kind == "worker" else partial(_reports, Path(log), Path(*more))
        child = born(life, Path(f"{log}.err"))
        children.append(child)
        print(child, flush=True)  # noqa: T201
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
