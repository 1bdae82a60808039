"""Certificates at the command line: issued from the journal, verified without anything but a file and a key."""

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mentoring_lifecycle.starter.access import with_database
from mentoring_lifecycle.starter.acts import RelationshipArgument
from mentoring_lifecycle.starter.display import Output, OutputOption, show, tell
from mentoring_lifecycle.starter.exit_codes import ExitCode, Failed

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from mentoring_lifecycle.contracts.certificates import Certificate, Signer
    from mentoring_lifecycle.contracts.record import Record
    from mentoring_lifecycle.domain.people import Party
    from mentoring_lifecycle.settings import Settings

app = typer.Typer()

_PANEL = "Outcome"


@dataclass(frozen=True, slots=True)
class Issued:
    """Where a certificate lies now."""

    certificate: str
    signed: str
    page: str
    """Empty where the extra `report` is not installed."""


@app.command(rich_help_panel=_PANEL)
def certificate(
    relationship: RelationshipArgument,
    person: Annotated[str, typer.Option(metavar="PERSON", help="Whose: one of the two.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the two files.")] = Path(),
    with_goals: Annotated[
        bool, typer.Option("--with-goals", help="Their goals in words too, if they want that and the words are kept.")
    ] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Issue a certificate, if it was earned: a signed JSON file, and a page of PDF in the person's language."""
    from mentoring_lifecycle.settings import read_settings

    settings = read_settings()
    signer = _signer(settings)
    issued, locale = with_database(lambda engine: _issued(engine, settings, signer, relationship, person, with_goals))
    show(_written(issued, signer, locale, out), output)


def _signer(settings: "Settings") -> "Signer":
    from mentoring_lifecycle.contracts.certificates import Signer, key_bytes

    key = settings.certificate_key.get_secret_value()
    if not key:
        message = (
            "MENTORING_CERTIFICATE_KEY is empty, so nothing can be signed: make a key with `mentoring certificate-key`."
        )
        raise Failed(message, ExitCode.USAGE)
    return Signer(key_bytes(key))


async def _issued(
    engine: "AsyncEngine", settings: "Settings", signer: "Signer", relationship: str, person: str, with_goals: bool
) -> "tuple[Certificate, str]":
    from mentoring_lifecycle.contracts.certificates import evidence_for
    from mentoring_lifecycle.contracts.record import read_record
    from mentoring_lifecycle.domain.rejections import Refusal, Rejection
    from mentoring_lifecycle.gateways.journal_sql import SqlJournal
    from mentoring_lifecycle.gateways.people_sql import SqlPeople
    from mentoring_lifecycle.starter.answers import CommandRejected

    record = read_record(relationship, await SqlJournal(engine).read(relationship))
    if record is None:
        raise CommandRejected(Rejection(Refusal.UNKNOWN_RELATIONSHIP, relationship))
    evidence = evidence_for(record, person)
    if isinstance(evidence, Rejection):
        raise CommandRejected(evidence)
    holder = await SqlPeople(engine).find(person)
    if holder is None:
        raise CommandRejected(Rejection(Refusal.UNKNOWN_PERSON, person))
    certificate = signer.issue(
        evidence,
        relationship=relationship,
        person=person,
        holder=holder.name,
        issuer=settings.certificate_issuer or settings.sender_name,
        programme=settings.programme_name,
        issued_on=datetime.now(UTC).date(),
        goal_titles=await _titles(record, evidence.party, settings) if with_goals else (),
    )
    return certificate, holder.locale


async def _titles(record: "Record", party: "Party", settings: "Settings") -> tuple[str, ...]:
    """The holder's own goals and the pair's, while the history that holds their words is kept."""
    from mentoring_lifecycle.domain.commands import GoalOwner
    from mentoring_lifecycle.starter.answers import CommandRejected, OutcomeUnknown
    from mentoring_lifecycle.starter.connection import opened_client

    try:
        async with opened_client(settings) as client:
            agreement = await client.relationship(record.relationship).agreement()
    except (CommandRejected, OutcomeUnknown):
        tell("The words of the goals are not kept any more; the certificate counts them only.")
        return ()
    return tuple(goal.title for goal in agreement.goals if goal.owner in (GoalOwner.PAIR, GoalOwner(party.value)))


def _written(certificate: "Certificate", signer: "Signer", locale: str, out: Path) -> Issued:
    from mentoring_lifecycle.letters.certificate_page import certificate_page

    out.mkdir(parents=True, exist_ok=True)
    signed, page = out / f"{certificate.id}.json", out / f"{certificate.id}.pdf"
    signed.write_text(signer.sign(certificate), encoding="utf-8")
    try:
        page.write_bytes(certificate_page(certificate, locale))
    except ImportError:
        tell("There is no page: pip install 'mentoring-lifecycle[report]'. The signed file is what counts.")
        return Issued(certificate.id, str(signed), "")
    return Issued(certificate.id, str(signed), str(page))


@app.command(rich_help_panel=_PANEL)
def certificate_key(output: OutputOption = Output.TABLE) -> None:
    """Make a key for certificates: the secret for MENTORING_CERTIFICATE_KEY, and what verifiers are given."""
    from mentoring_lifecycle.contracts.certificates import SEED_BYTES, Signer

    seed = secrets.token_bytes(SEED_BYTES)
    show({"secret_key": base64.b64encode(seed).decode(), "public_key": Signer(seed).public_key}, output)


@app.command(rich_help_panel=_PANEL)
def verify_certificate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The signed JSON file.")],
    public_key: Annotated[
        str, typer.Option(metavar="KEY", help="The issuer's, in base64; left out: that of MENTORING_CERTIFICATE_KEY.")
    ] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Verify a certificate offline: nobody is asked, and what stands in the file is believed only if it was signed."""
    from mentoring_lifecycle.contracts.certificates import LARGEST_FILE, CertificateInvalid, key_bytes, verify

    trusted = public_key or _own_public_key()
    try:
        key_bytes(trusted)
    except ValueError as error:
        raise Failed(f"--public-key: {error}.", ExitCode.USAGE) from None
    try:
        with file.open("rb") as opened:
            proven = verify(opened.read(LARGEST_FILE), trusted)
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}.") from None
    except CertificateInvalid as invalid:
        raise Failed(str(invalid)) from None
    show(proven, output)


def _own_public_key() -> str:
    from mentoring_lifecycle.settings import read_settings

    return _signer(read_settings()).public_key
