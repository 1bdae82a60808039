"""The confidential channel as handlers use it: everything that is done to a case."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mentoring_lifecycle.activities.ports import LedgerState
from mentoring_lifecycle.domain.cases.commands import (
    CaseOutcome,
    LegalTrack,
    LoweringReason,
    NoActionReason,
    ReassignReason,
    ReferredTo,
)
from mentoring_lifecycle.domain.commands import Severity
from mentoring_lifecycle.starter.access import with_cases, with_cases_database
from mentoring_lifecycle.starter.acts import By, CommandId, Words, words_given
from mentoring_lifecycle.starter.attachments import AttachmentsFile, attachments_given
from mentoring_lifecycle.starter.display import CopyFormat, Output, OutputOption, show, shown, span_to, tell, text_of
from mentoring_lifecycle.starter.exit_codes import ExitCode, Failed

if TYPE_CHECKING:
    from mentoring_lifecycle.contracts.cases import CaseView
    from mentoring_lifecycle.starter.case_handle import CaseHandle
    from mentoring_lifecycle.starter.client import MentoringClient

app = typer.Typer()
cases = typer.Typer(no_args_is_help=True)
app.add_typer(cases, name="case", help="For those who handle reports.", rich_help_panel="Confidential channel")

Urgent = Annotated[
    bool, typer.Option("--urgent", help="At once; by default at some hour within two days, which tells nothing.")
]
CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="The case's id.")]


def _step(case: str, output: Output, by: str, step: "Callable[[CaseHandle], Awaitable[CaseView | None]]") -> None:
    """Do one step and show how the case stands for whoever did it."""
    view = with_cases(lambda client: step(client.case(case)))
    if view is None:
        show({"case": case, "by": by, "done": True}, output)
    else:
        _show_case(view, output)


def _show_case(view: "CaseView", output: Output) -> None:
    """To people line by line: what was reported, by itself, and what is owed with the time that is left for it."""
    from datetime import UTC, datetime

    seen, now = shown(view), datetime.now(UTC)
    report = shown(seen.pop("report"))
    owed = tuple(f"{each.clock} by {text_of(each.due_at)}, {span_to(each.due_at, now)}" for each in seen.pop("clocks"))
    words = {"matter": report.pop("matter"), "words": report.pop("words"), "reported_by": report.pop("by")}
    show(
        view,
        output,
        table={
            "call_first": seen.pop("emergency_contacts"),
            "case": view.case,
            **words,
            **report,
            **seen,
            "owed": owed,
        },
    )


@cases.command("list")
def list_(by: By, output: OutputOption = Output.TABLE) -> None:
    """List the cases that you were told of, without their words."""
    rows = with_cases(lambda client: _rows(client, by))
    show(rows, output)


async def _rows(client: "MentoringClient", by: str) -> "list[dict[str, object]]":
    return [_row(view) async for view in client.cases(by=by)]


def _row(view: "CaseView") -> "dict[str, object]":
    columns = ("case", "stage", "severity", "handler", "received_at", "next_due_at", "unread")
    return {name: getattr(view, name) for name in columns}


@cases.command()
def related(case: CaseArgument, by: By, output: OutputOption = Output.TABLE) -> None:
    """List the other cases about the same person that you were told of. It counts as reading this one."""
    show([_row(view) for view in with_cases(lambda client: client.related_cases(case, by=by))], output)


@cases.command()
def read(case: CaseArgument, by: By, output: OutputOption = Output.TABLE) -> None:
    """Show what was reported and written, how it stands and what is due. That you have read it is kept in the audit
    chain, and messages count as read by who has it.
    """
    _show_case(with_cases(lambda client: _read(client.case(case), by)), output)


async def _read(handle: "CaseHandle", by: str) -> "CaseView":
    view = await handle.read(by=by)
    if view.unread and view.handler == by:
        await handle.note_messages(by=by)
    return view


@cases.command()
def write(
    case: CaseArgument,
    by: By,
    words: Words,
    attachments: AttachmentsFile = None,
    command_id: CommandId = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Write to whoever reported, who reads it when they look."""
    text, attached = words_given(words), attachments_given(attachments)
    _step(case, output, by, lambda handle: handle.write(text, by=by, attachments=attached, command_id=command_id))


@cases.command()
def timeline(case: CaseArgument, by: By, output: OutputOption = Output.TABLE) -> None:
    """Show what has happened, oldest first."""
    lines = with_cases(lambda client: client.case(case).timeline(by=by))
    show(lines, output, table="\n".join(lines))


@cases.command()
def clocks(case: CaseArgument, by: By, output: OutputOption = Output.TABLE) -> None:
    """Show what is owed by when, and how much of the time was gone when others were last told."""
    from datetime import UTC, datetime

    owed = with_cases(lambda client: client.case(case).outline(by=by)).clocks
    now = datetime.now(UTC)
    show(owed, output, table=[{**shown(each), "left": span_to(each.due_at, now)} for each in owed])


@cases.command()
def export(
    case: CaseArgument,
    by: By,
    to: Annotated[Path, typer.Option(metavar="FILE", help="A new file, which only you may read then.")],
    copy_format: Annotated[CopyFormat, typer.Option("--format", help="JSON for programs, Markdown for people.")] = (
        CopyFormat.JSON
    ),
    command_id: CommandId = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Take a copy of everything: words, timeline, clocks, outcome, audit chain. That you did is kept in the chain."""
    from mentoring_lifecycle.starter.case_copy import write_copy

    if to.exists() or not to.parent.is_dir():
        raise Failed(f"{to}: there must be no such file yet, in a folder that is there. Nothing was copied.")
    copy = with_cases(lambda client: client.case(case).take_copy(by=by, command_id=command_id))
    try:
        write_copy(copy, to, copy_format)
    except OSError as error:
        raise Failed(f"{to}: cannot be written: {error.strerror}. That a copy was taken stands in the chain.") from None
    show({"case": case, "file": str(to), "audit_rows": len(copy.audit), "findings": copy.findings}, output)


@cases.command()
def effects(
    state: Annotated[LedgerState | None, typer.Option(help="Only in this state.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what became of the letters to handlers; these stand in no other ledger."""
    from mentoring_lifecycle.gateways.database import case_effects
    from mentoring_lifecycle.gateways.ledger_sql import SqlLedger

    rows = with_cases_database(lambda engine: SqlLedger(engine, table=case_effects).rows(state=state))
    show(list(rows), output)


@cases.command()
def verify(
    case: Annotated[list[str] | None, typer.Argument(metavar="[CASE]...", help="By default all.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Look at the database alone; ask no case.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Verify audit chains: exit code 1, and a row for each thing that is wrong. Shows nothing of any case."""
    from mentoring_lifecycle.gateways.case_audit_sql import SqlCaseAudit
    from mentoring_lifecycle.starter.case_audit import Auditor

    wanted = case or []
    if offline:
        seen = with_cases_database(lambda engine: Auditor(SqlCaseAudit(engine), None).verify(wanted))
    else:
        seen = with_cases(lambda client: client.verify_cases(*wanted))
    wrong = [finding for each in seen for finding in each.findings]
    alone = [each.case for each in seen if not each.against_the_case]
    tell(f"Cases verified: {len(seen)}. Findings: {len(wrong)}.")
    if alone:
        tell(f"Looked at by themselves, so that missing last rows would not be noticed: {', '.join(alone)}.")
    show({"cases": seen, "findings": wrong}, output, table=wrong)
    if wrong:
        raise typer.Exit(ExitCode.FAILED)


@cases.command()
def acknowledge(case: CaseArgument, by: By, command_id: CommandId = "", output: OutputOption = Output.TABLE) -> None:
    """Take note of a case; the daily letters end, and it is yours."""
    _step(case, output, by, lambda handle: handle.acknowledge(by=by, command_id=command_id))


@cases.command()
def triage(
    case: CaseArgument,
    by: By,
    track: Annotated[LegalTrack, typer.Option(help="Which law it falls under.")],
    severity: Annotated[Severity | None, typer.Option(help="By default as it stands.")] = None,
    reason: Annotated[LoweringReason | None, typer.Option(help="Needed for a lower severity.")] = None,
    command_id: CommandId = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Judge how grave it is."""
    _step(
        case,
        output,
        by,
        lambda handle: handle.triage(by=by, track=track, severity=severity, reason=reason, command_id=command_id),
    )


@cases.command()
def start_investigation(
    case: CaseArgument, by: By, command_id: CommandId = "", output: OutputOption = Output.TABLE
) -> None:
    """Begin to look into it."""
    _step(case, output, by, lambda handle: handle.start_investigation(by=by, command_id=command_id))


@cases.command()
def refer(
    case: CaseArgument,
    by: By,
    to: Annotated[ReferredTo, typer.Option(help="Where it was taken.")],
    command_id: CommandId = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Note that a person has taken it on elsewhere; nothing is sent there."""
    _step(case, output, by, lambda handle: handle.refer(by=by, to=to, command_id=command_id))


@cases.command()
def decide_outcome(
    case: CaseArgument,
    by: By,
    outcome: Annotated[CaseOutcome, typer.Option(help="What came of it.")],
    reason: Annotated[NoActionReason | None, typer.Option(help="Needed where nothing is done.")] = None,
    command_id: CommandId = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Say what came of it; what it asks of a relationship is done there, by its ordinary commands."""
    _step(
        case,
        output,
        by,
        lambda handle: handle.decide_outcome(by=by, outcome=outcome, reason=reason, command_id=command_id),
    )


@cases.command()
def give_feedback(case: CaseArgument, by: By, command_id: CommandId = "", output: OutputOption = Output.TABLE) -> None:
    """Note that whoever reported has been told what came of it."""
    _step(case, output, by, lambda handle: handle.give_feedback(by=by, command_id=command_id))


@cases.command()
def withdraw(case: CaseArgument, by: By, command_id: CommandId = "", output: OutputOption = Output.TABLE) -> None:
    """Withdraw a report, as whoever made it or as its handler; nothing is deleted."""
    _step(case, output, by, lambda handle: handle.withdraw(by=by, command_id=command_id))


@cases.command()
def reopen(case: CaseArgument, by: By, command_id: CommandId = "", output: OutputOption = Output.TABLE) -> None:
    """Take up again what had been concluded."""
    _step(case, output, by, lambda handle: handle.reopen(by=by, command_id=command_id))


@cases.command()
def reassign(
    case: CaseArgument,
    by: By,
    reason: Annotated[ReassignReason, typer.Option(help="A conflict bars the handler from it for good.")],
    to: Annotated[str, typer.Option(metavar="PERSON", help="By default whoever is next.")] = "",
    command_id: CommandId = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Give it to somebody else."""
    _step(case, output, by, lambda handle: handle.reassign(by=by, reason=reason, to=to, command_id=command_id))


@cases.command()
def hold(
    case: CaseArgument, by: By, urgent: Urgent = False, command_id: CommandId = "", output: OutputOption = Output.TABLE
) -> None:
    """Put the relationships it concerns on hold, like any other hold."""
    _step(case, output, by, lambda handle: handle.hold(by=by, urgent=urgent, command_id=command_id))


@cases.command()
def lift(
    case: CaseArgument, by: By, urgent: Urgent = False, command_id: CommandId = "", output: OutputOption = Output.TABLE
) -> None:
    """Take back what this case holds; what others hold stays on hold."""
    _step(case, output, by, lambda handle: handle.lift(by=by, urgent=urgent, command_id=command_id))


@cases.command()
def block(
    case: CaseArgument, by: By, urgent: Urgent = False, command_id: CommandId = "", output: OutputOption = Output.TABLE
) -> None:
    """Never pair the two again, in any programme, and hold what else they have with each other."""
    _step(case, output, by, lambda handle: handle.block(by=by, urgent=urgent, command_id=command_id))


@cases.command()
def unblock(case: CaseArgument, by: By, command_id: CommandId = "", output: OutputOption = Output.TABLE) -> None:
    """Take back what this case put on the block list; holds stay until they are lifted."""
    _step(case, output, by, lambda handle: handle.unblock(by=by, command_id=command_id))
