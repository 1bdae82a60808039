"""The confidential channel as whoever reports uses it: report, and find back to the report."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mentoring_lifecycle.domain.commands import Severity
from mentoring_lifecycle.domain.help_requests import severity_of
from mentoring_lifecycle.starter.access import with_cases
from mentoring_lifecycle.starter.acts import CommandId, MatterOption, Words, words_given
from mentoring_lifecycle.starter.attachments import AttachmentsFile, attachments_given
from mentoring_lifecycle.starter.display import Output, OutputOption, show, tell
from mentoring_lifecycle.starter.exit_codes import ExitCode, Failed
from mentoring_lifecycle.starter.receipts import ReceiptFile, receipt_given

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mentoring_lifecycle.contracts.cases import SevereReport
    from mentoring_lifecycle.contracts.follow_up import FollowUp
    from mentoring_lifecycle.starter.answers import ReportUnknown
    from mentoring_lifecycle.starter.client import MentoringClient
    from mentoring_lifecycle.starter.follow_up import FollowUpHandle
    from mentoring_lifecycle.starter.intake import Reported

app = typer.Typer()
follow_ups = typer.Typer(no_args_is_help=True)
_PANEL = "Confidential channel"
app.add_typer(follow_ups, name="follow-up", help="For those who reported.", rich_help_panel=_PANEL)

Reporter = Annotated[str, typer.Option("--by", metavar="PERSON", help="Who reported; left out: by receipt code.")]
CaseOption = Annotated[str, typer.Option(metavar="ID", help="The case's id; a receipt code needs none.")]


@app.command(rich_help_panel=_PANEL)
def report_concern(
    context: typer.Context,
    matter: MatterOption,
    words: Words,
    by: Annotated[str, typer.Option(metavar="PERSON", help="Who reports; left out: anonymous.")] = "",
    about: Annotated[str, typer.Option(metavar="PERSON", help="Whom it is about.")] = "",
    relationship: Annotated[str, typer.Option(metavar="RELATIONSHIP", help="The relationship it concerns.")] = "",
    severity: Annotated[Severity | None, typer.Option(help="To raise it; by default the matter's own.")] = None,
    pause_now: Annotated[
        bool | None,
        typer.Option("--pause-now/--wait", help="Pause the pairing at once, which both will see, or wait."),
    ] = None,
    attachments: AttachmentsFile = None,
    case: Annotated[
        str, typer.Option(metavar="ID", help="By default a new one; repeated, it is the same report. Not if anonymous.")
    ] = "",
    again: Annotated[
        bool, typer.Option("--again", help="Make an anonymous report again: it asks for the receipt code it had.")
    ] = False,
    receipt_file: ReceiptFile = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Report something severe to whoever handles it, and to nobody else.

    An anonymous report gets a receipt code, shown once: it is the only way back to it.
    """
    from mentoring_lifecycle.contracts.cases import SevereReport

    _tell_whom_to_call(context, severity_of(matter, severity))
    receipt = receipt_given(receipt_file) if again or receipt_file else ""
    if pause_now is None and relationship:
        pause_now = _asked_about_the_pause(context, severity_of(matter, severity))
    what = SevereReport(
        case, matter, words_given(words), by, about, relationship, severity, pause_now, attachments_given(attachments)
    )
    reported = with_cases(lambda client: _reported(client, what, receipt))
    answer: dict[str, object] = {"case": reported.case, "received": True}
    if reported.emergency_contacts:
        answer["emergency_contacts"] = reported.emergency_contacts
    if reported.receipt:
        answer["receipt"] = reported.receipt
        tell("Keep the receipt code: it is shown this once, and is the only way back to your report.")
    show(answer, output)


def _tell_whom_to_call(context: typer.Context, severity: Severity) -> None:
    """Before anything is asked or sent: help now matters more than a report."""
    from mentoring_lifecycle.letters.pause_question import call_first
    from mentoring_lifecycle.settings import read_settings

    if severity is Severity.S4:
        contacts = read_settings().handling().profile.emergency_contacts
        tell(call_first(contacts, context.find_root().params["locale"]))


def _asked_about_the_pause(context: typer.Context, severity: Severity) -> bool | None:
    """What whoever sits at a terminal chooses; None where nobody does, or where it is preset."""
    from mentoring_lifecycle.letters.pause_question import pause_question
    from mentoring_lifecycle.settings import read_settings

    if severity is not Severity.S3 or not _is_at_a_terminal():
        return None
    question = pause_question(severity, read_settings().handling().profile, context.find_root().params["locale"])
    tell(question.in_words())
    return typer.confirm(question.short, default=question.pauses_by_itself, err=True)


def _is_at_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


async def _reported(client: "MentoringClient", what: "SevereReport", receipt: str) -> "Reported":
    from mentoring_lifecycle.starter.answers import ReportUnknown

    try:
        return await client.report(what, receipt=receipt)
    except ReportUnknown as unknown:
        raise Failed(_how_to_repeat(unknown), ExitCode.UNKNOWN) from None


def _how_to_repeat(unknown: "ReportUnknown") -> str:
    known = f"It is not known whether the report was received ({unknown.status}). "
    if not unknown.receipt:
        return f"{known}Repeat it with --case {unknown.case}: it will not be made twice."
    return (
        f"{known}Repeat it with --again and this receipt code: {unknown.receipt}. It will not be made twice; keep the "
        "code, it is the only way back to your report."
    )


def _follow(
    use: "Callable[[FollowUpHandle], Awaitable[FollowUp]]", by: str, case: str, receipt: str, output: Output
) -> None:
    shown = with_cases(lambda client: use(client.follow_up(receipt=receipt, case=case, by=by)))
    show(shown, output)


def _receipt(by: str, case: str, receipt_file: "ReceiptFile") -> str:
    """Empty for who is known by their person id."""
    if bool(by) is not bool(case):
        raise typer.BadParameter("A named report needs --by and --case; a receipt code needs neither.")
    if by and receipt_file:
        raise typer.BadParameter("Either --by and --case, or a receipt code.")
    return "" if by else receipt_given(receipt_file)


@follow_ups.command()
def read(
    by: Reporter = "", case: CaseOption = "", receipt_file: ReceiptFile = None, output: OutputOption = Output.TABLE
) -> None:
    """Show whether a person has read your report, whether it is concluded, and what was written to you."""
    _follow(lambda handle: handle.read(), by, case, _receipt(by, case, receipt_file), output)


@follow_ups.command()
def write(
    words: Words,
    by: Reporter = "",
    case: CaseOption = "",
    receipt_file: ReceiptFile = None,
    attachments: AttachmentsFile = None,
    command_id: CommandId = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Write to whoever handles your report; also when it is concluded."""
    receipt, attached = _receipt(by, case, receipt_file), attachments_given(attachments)
    text = words_given(words)
    _follow(lambda handle: handle.write(text, attachments=attached, command_id=command_id), by, case, receipt, output)


@follow_ups.command()
def withdraw(
    by: Reporter = "",
    case: CaseOption = "",
    receipt_file: ReceiptFile = None,
    command_id: CommandId = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Withdraw your report; nothing is deleted, and what is grave may be handled to its end."""
    receipt = _receipt(by, case, receipt_file)
    _follow(lambda handle: handle.withdraw(command_id=command_id), by, case, receipt, output)
