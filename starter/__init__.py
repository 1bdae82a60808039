"""Ways in: the typed client, the command line and the demo."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mentoring_lifecycle.starter.answers import CommandRejected, OutcomeUnknown, ReportUnknown
    from mentoring_lifecycle.starter.case_handle import CaseHandle
    from mentoring_lifecycle.starter.client import MentoringClient, RelationshipRow
    from mentoring_lifecycle.starter.follow_up import FollowUpHandle
    from mentoring_lifecycle.starter.intake import Reported, new_receipt
    from mentoring_lifecycle.starter.relationship_handle import RelationshipHandle

_HOMES = {
    "CaseHandle": "case_handle",
    "CommandRejected": "answers",
    "FollowUpHandle": "follow_up",
    "MentoringClient": "client",
    "OutcomeUnknown": "answers",
    "RelationshipHandle": "relationship_handle",
    "RelationshipRow": "client",
    "ReportUnknown": "answers",
    "Reported": "intake",
    "new_receipt": "intake",
}
__all__ = [
    "CaseHandle",
    "CommandRejected",
    "FollowUpHandle",
    "MentoringClient",
    "OutcomeUnknown",
    "RelationshipHandle",
    "RelationshipRow",
    "ReportUnknown",
    "Reported",
    "new_receipt",
]


def __getattr__(name: str) -> Any:
    """The client is loaded when it is asked for, so that `mentoring --help` does not load the Temporal SDK."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
