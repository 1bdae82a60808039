"""What a case may do to a relationship: place an ordinary hold, in the ordinary way."""

from temporalio import activity

from mentoring_lifecycle.activities.ports import RelationshipGateway
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import Measure


class MeasureActivities:
    """The one way from a case into a relationship."""

    def __init__(self, relationships: RelationshipGateway) -> None:
        self._relationships = relationships

    @activity.defn(name=names.APPLY_MEASURE)
    async def apply(self, measure: Measure) -> None:
        """Hold the relationship. One that is held, ended or unknown needs nothing."""
        await self._relationships.hold(measure.relationship, command_id=measure.command_id)
