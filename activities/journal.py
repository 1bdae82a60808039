"""Writes events down for good."""

from temporalio import activity

from mentoring_lifecycle.activities.ports import JournalGateway
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.deliveries import JournalKept, JournalTail


class JournalActivities:
    """The journal."""

    def __init__(self, journal: JournalGateway) -> None:
        self._journal = journal

    @activity.defn(name=names.APPEND_JOURNAL)
    async def append(self, tail: JournalTail) -> JournalKept:
        """Keep the entries; those already there are skipped, so asking twice is harmless."""
        return JournalKept(await self._journal.append(tail))
