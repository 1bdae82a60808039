"""Ways in: the typed client, the command line and the demo."""

from mentoring_lifecycle.starter.client import (
    CommandRejected,
    MentoringClient,
    OutcomeUnknown,
    RelationshipHandle,
    RelationshipRow,
)

__all__ = ["CommandRejected", "MentoringClient", "OutcomeUnknown", "RelationshipHandle", "RelationshipRow"]
