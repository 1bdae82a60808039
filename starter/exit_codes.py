"""How a command ends: its exit code, and one sentence for the person at the terminal instead of a traceback."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a script may rely on. 130 is Ctrl-C."""

    DONE = 0
    FAILED = 1
    """What was asked for could not be done, or was not found."""
    USAGE = 2
    """The command line or the settings cannot be used."""
    REFUSED = 3
    """The domain refused the act; nothing has happened."""
    UNKNOWN = 4
    """Nobody answered: it may or may not have been done, and may be repeated with the same id."""


class Failed(Exception):
    """A command's own way to end."""

    def __init__(self, message: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.code = code


Ending = tuple[str, ExitCode]

NOBODY_ANSWERED = "No answer came in time: check that a worker is running, then try again."


def ending_of(error: Exception, locale: str) -> Ending:
    """The sentence and the exit code of an error; a refusal speaks the language of `locale`."""
    unforeseen = f"Unforeseen: {type(error).__name__}: {error}. Run again with --debug to see where."
    return foreseen(error, locale) or (unforeseen, ExitCode.FAILED)


def foreseen(error: Exception, locale: str = "en") -> Ending | None:
    """The same where it is known what the error means; None where only a traceback helps."""
    known = (_of_settings, _of_client, _of_temporal, _of_files_and_servers, _of_database)
    return next((ending for in_words in known if (ending := in_words(error, locale))), None)


# Each imports what it knows only when an error is there to be told: `--help` must not wait for a database driver.


def _of_settings(error: Exception, _locale: str) -> Ending | None:
    from mentoring_lifecycle.settings import SettingsError

    if isinstance(error, Failed):
        return str(error), error.code
    return (str(error), ExitCode.USAGE) if isinstance(error, SettingsError) else None


def _of_client(error: Exception, locale: str) -> Ending | None:
    from mentoring_lifecycle.domain.rejections import Refusal
    from mentoring_lifecycle.starter.answers import CommandRejected, OutcomeUnknown
    from mentoring_lifecycle.starter.moving import MoveUnfinished

    if isinstance(error, CommandRejected):
        not_found = error.code in (Refusal.UNKNOWN_RELATIONSHIP, Refusal.UNKNOWN_CASE, Refusal.UNKNOWN_EFFECT)
        sentence = f"{error.message(locale)} [{error.code}]"
        return sentence, ExitCode.FAILED if not_found else ExitCode.REFUSED
    if isinstance(error, OutcomeUnknown):
        return (str(error), ExitCode.UNKNOWN) if error.command_id else (NOBODY_ANSWERED, ExitCode.FAILED)
    return (str(error), ExitCode.UNKNOWN) if isinstance(error, MoveUnfinished) else None


def _of_temporal(error: Exception, _locale: str) -> Ending | None:
    from temporalio.exceptions import TemporalError
    from temporalio.service import RPCError, RPCStatusCode

    said = str(error)  # the SDK has no types for the first three
    if said.startswith(("Failed client connect", "invalid target URL")):
        return _unreachable(), ExitCode.FAILED
    if said.startswith("Worker validation failed: Namespace"):
        missing = said.removeprefix("Worker validation failed: ").partition(": Status")[0]
        return f"{missing}. Run `mentoring setup` first.", ExitCode.FAILED
    if not isinstance(error, TemporalError):
        return None
    if not isinstance(error, RPCError):
        return f"Temporal could not do this: {error}.", ExitCode.FAILED
    if error.status is RPCStatusCode.NOT_FOUND and "amespace" in error.message:
        return f"{error.message.rstrip('.')}. Run `mentoring setup` first.", ExitCode.FAILED
    if error.status is RPCStatusCode.INVALID_ARGUMENT:
        return f"Temporal does not understand this: {error.message.rstrip('.')}.", ExitCode.USAGE
    return f"Temporal could not do this: {error.message.rstrip('.')} ({error.status.name}).", ExitCode.FAILED


def _unreachable() -> str:
    from mentoring_lifecycle.settings import temporal_connection

    address = temporal_connection()["target_host"]
    return f"No Temporal server answers at {address}: check TEMPORAL_ADDRESS or TEMPORAL_PROFILE, and that it runs."


def _of_files_and_servers(error: Exception, _locale: str) -> Ending | None:
    from mentoring_lifecycle.embedded.go_build import BuildFailed
    from mentoring_lifecycle.embedded.mail import MailServerMissing
    from mentoring_lifecycle.embedded.namespaces import SetupFailed
    from mentoring_lifecycle.embedded.processes import ProcessFailed
    from mentoring_lifecycle.embedded.provision import NoServer
    from mentoring_lifecycle.embedded.server import DataDirectoryInUse
    from mentoring_lifecycle.gateways.programme_toml import UnusableProgramme
    from mentoring_lifecycle.starter.backup import BackupFailed
    from mentoring_lifecycle.starter.inbound import InboundLibraryMissing
    from mentoring_lifecycle.starter.moving import MoveFailed

    programs = BuildFailed | NoServer | ProcessFailed | DataDirectoryInUse | MailServerMissing | InboundLibraryMissing
    in_words_already = isinstance(error, programs | SetupFailed | UnusableProgramme | BackupFailed | MoveFailed)
    return (str(error), ExitCode.FAILED) if in_words_already else None


def _of_database(error: Exception, _locale: str) -> Ending | None:
    from sqlalchemy.exc import ArgumentError, DBAPIError

    from mentoring_lifecycle.gateways.database import UnsupportedDatabase

    if isinstance(error, UnsupportedDatabase | ArgumentError):
        return f"MENTORING_DATABASE_URL: {error}", ExitCode.USAGE
    if isinstance(error, DBAPIError | OSError):
        cause = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()[0]
        return f"The database could not do this: {cause}. If it is new, run `mentoring setup` first.", ExitCode.FAILED
    return None
