"""What a case may do to a relationship, in the ordinary way: hold it, lift that again, and keep two people apart."""

from temporalio import activity

from mentoring_lifecycle.activities.ports import PairingsGateway, RelationshipGateway
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import Applied, Measure
from mentoring_lifecycle.contracts.seals import Seals
from mentoring_lifecycle.domain.cases.events import MeasureKind, MeasureResult
from mentoring_lifecycle.domain.rejections import Refusal

_NOTHING_TO_DO = (Refusal.UNKNOWN_RELATIONSHIP, Refusal.CLOSED, Refusal.NOT_ON_HOLD, Refusal.NOT_THE_PLACER)


class MeasureRefused(Exception):
    """A relationship does not let itself be held or lifted, for a reason that no relationship should have."""

    def __init__(self, relationship: str, code: Refusal) -> None:
        super().__init__(
            f"relationship/{relationship} answers {code.value} to a measure. It is asked again until that changes: "
            f"look at the settings of the worker that serves it."
        )


class MeasureActivities:
    """The one way from a case into a relationship."""

    def __init__(
        self, relationships: RelationshipGateway, pairings: PairingsGateway | None = None, seals: Seals | None = None
    ) -> None:
        """`seals` must be those of the clients, else holds of cases stand out; without `pairings` nobody is blocked."""
        self._relationships = relationships
        self._pairings = pairings
        self._seals = seals or Seals()

    @activity.defn(name=names.APPLY_MEASURE)
    async def apply(self, measure: Measure) -> Applied:
        """Do it. Repeated, it is the same act. Raises MeasureRefused, and whatever a peer that is away raises."""
        if measure.measure in (MeasureKind.HOLD, MeasureKind.LIFT):
            return Applied(await self._hold_or_lift(measure))
        if self._pairings is None or len(measure.pair) != 2:
            return Applied(MeasureResult.NOT_KEPT_HERE)
        seal = self._seals.of_block(*measure.pair, measure.placer)
        if measure.measure is MeasureKind.UNBLOCK:
            gone = await self._pairings.unblock(*measure.pair, seal=seal)
            return Applied(MeasureResult.DONE if gone else MeasureResult.NOT_NEEDED)
        is_new = await self._pairings.block(*measure.pair, seal=seal)
        one, other = measure.pair
        # Read after the block: whoever reserved before it is seen here, and nobody reserves after it.
        between = [
            each for each in await self._pairings.of(one) if each.is_open and other in (each.mentor, each.mentee)
        ]
        result = MeasureResult.DONE if is_new or seal else MeasureResult.ALREADY
        return Applied(result, tuple(each.relationship for each in between))

    async def _hold_or_lift(self, measure: Measure) -> MeasureResult:
        seal = self._seals.of_hold(measure.relationship, measure.placer)
        act = self._relationships.hold if measure.measure is MeasureKind.HOLD else self._relationships.lift
        refused = await act(measure.relationship, seal=seal, command_id=measure.command_id)
        if refused is None:
            return MeasureResult.DONE
        if refused is Refusal.ON_HOLD:
            # With seals only one's own second hold is refused so.
            return MeasureResult.DONE if seal else MeasureResult.ALREADY
        if refused in _NOTHING_TO_DO:
            return MeasureResult.NOT_NEEDED
        raise MeasureRefused(measure.relationship, refused)
