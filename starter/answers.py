"""What a caller hears who gets no view: a refusal, or nothing in time."""

from datetime import timedelta

from temporalio.service import RPCStatusCode

from mentoring_lifecycle.domain.rejections import Rejection

ANSWER_WITHIN = timedelta(seconds=30)
"""How long a caller waits for a worker; the command may still be done later, so repeat it with the same id."""


class CommandRejected(Exception):
    """The domain refused; nothing has happened. `code` is stable, the message is for the person who asked."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.message())
        self.code = rejection.code
        self._rejection = rejection

    def message(self, locale: str = "en") -> str:
        """The sentence in the reader's language."""
        return self._rejection.message(locale)


class NoSchedule(Exception):
    """Times were asked of a client that knows nobody's hours."""

    def __init__(self) -> None:
        super().__init__("This MentoringClient was made without `schedule`, so it cannot say when two people can meet.")


class NoAudit(Exception):
    """Audit chains were to be verified by a client that knows no database of cases."""

    def __init__(self) -> None:
        super().__init__("This MentoringClient was made without `audit`, so it has no audit chains to verify.")


class OutcomeUnknown(Exception):
    """Nobody answered in time, so the command may or may not have been done. Repeat it with the same `command_id`."""

    def __init__(self, command_id: str) -> None:
        super().__init__(
            "No answer came in time: check that a worker is running, then repeat the command with the id "
            f"{command_id}; it will not be done twice."
        )
        self.command_id = command_id


class ReportUnknown(Exception):
    """It is not known whether a report was received. Made again with the same case or receipt it is the same report.

    The receipt's code stands in `receipt` alone: what an exception says ends up in logs.
    """

    def __init__(self, case: str, receipt: str, status: str) -> None:
        super().__init__(
            f"It is not known whether the report was received ({status}). "
            "Make it again with the same case id or receipt code: it will not be made twice."
        )
        self.case = case
        self.receipt = receipt
        self.status = status


CERTAINLY_NOT = (
    RPCStatusCode.INVALID_ARGUMENT,
    RPCStatusCode.NOT_FOUND,
    RPCStatusCode.PERMISSION_DENIED,
    RPCStatusCode.UNAUTHENTICATED,
    RPCStatusCode.FAILED_PRECONDITION,
    RPCStatusCode.UNIMPLEMENTED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
)
"""Answers after which nothing has begun."""

NOBODY_ANSWERED = (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED, RPCStatusCode.UNAVAILABLE)
