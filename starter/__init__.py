"""Ways in: the typed client, the command line and the demo."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mentoring_lifecycle.starter.client import (
        CommandRejected,
        MentoringClient,
        OutcomeUnknown,
        RelationshipHandle,
        RelationshipRow,
    )

__all__ = ["CommandRejected", "MentoringClient", "OutcomeUnknown", "RelationshipHandle", "RelationshipRow"]


def __getattr__(name: str) -> Any:
    """The client is loaded when it is asked for, so that `mentoring --help` does not load the Temporal SDK."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mentoring_lifecycle.starter import client

    return getattr(client, name)
