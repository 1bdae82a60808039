"""What whoever reported and the handler write to each other, and what whoever reported may see of their case."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mentoring_lifecycle.domain.cases.assignment import is_reporter
from mentoring_lifecycle.domain.cases.attachments import Attachment
from mentoring_lifecycle.domain.cases.commands import CaseCommand, WriteAsHandler, WriteAsReporter
from mentoring_lifecycle.domain.cases.state import CONCLUDED, CaseState


class Sender(StrEnum):
    """Which side a message is from; who of the handlers wrote is no business of whoever reported."""

    REPORTER = "reporter"
    HANDLER = "handler"


@dataclass(frozen=True, slots=True)
class Message:
    """What one side wrote to the other."""

    at: datetime
    sender: Sender
    words: str
    attachments: tuple[Attachment, ...] = ()


def message_of(command: CaseCommand, at: datetime) -> Message | None:
    """What is to be kept of a command, beside its events; None where nobody wrote anything."""
    if isinstance(command, WriteAsReporter):
        return Message(at, Sender.REPORTER, command.words, command.attachments)
    if isinstance(command, WriteAsHandler):
        return Message(at, Sender.HANDLER, command.words, command.attachments)
    return None


@dataclass(frozen=True, slots=True)
class Proof:
    """By what whoever reported is known: their person id, or the key of their receipt."""

    by: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A case, for whoever reported it: nothing of who handles it or how far it has come."""

    case: str
    received: bool
    """Always: what cannot be looked at was not received."""
    acknowledged: bool
    """A person has read the report."""
    concluded: bool
    """Nothing more is owed on it; writing is possible all the same."""
    messages: tuple[Message, ...]
    emergency_contacts: tuple[str, ...] = ()
    """Whom to call first; empty where nobody is in danger. To be shown before anything else."""

    @classmethod
    def for_(cls, proof: Proof, state: CaseState, messages: tuple[Message, ...]) -> "FollowUp | None":
        """None for everybody but whoever reported."""
        if state.has_ended or not is_reporter(state, proof.by, proof.key):
            return None
        return cls(
            case=state.id,
            received=True,
            acknowledged=state.anchors.acknowledged_at is not None,
            concluded=state.reached in CONCLUDED,
            messages=messages,
            emergency_contacts=state.call_first,
        )
