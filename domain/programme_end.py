"""The programme as a whole comes to its end, and this relationship with it: some weeks of notice, and one letter."""

from datetime import datetime, timedelta

from mentoring_lifecycle.domain.commands import EndByProgramme
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.ending import cancel_planned, end
from mentoring_lifecycle.domain.events import (
    MEETING,
    CancelReason,
    EndBroughtForward,
    Phase,
    PhaseEntered,
    RelationshipOutcome,
)
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection

MOST_NOTICE_DAYS = 180


def end_by_programme(draft: Draft, command: EndByProgramme, by: Party, now: datetime) -> Rejection | None:
    """A pair that meets gets its notice and its look back; one that does not, or stands still, ends at once."""
    state = draft.state
    if not 1 <= command.notice_days <= MOST_NOTICE_DAYS:
        return Rejection(Refusal.NOTICE_OUT_OF_RANGE, str(MOST_NOTICE_DAYS))
    if state.end_reached:
        return Rejection(Refusal.END_REACHED)
    if state.ended_by_programme:
        return Rejection(Refusal.NOTHING_NEW)
    if state.is_paused or state.phase not in MEETING or not state.goals_agreed:
        end(draft, now, RelationshipOutcome.ENDED_BY_PROGRAMME)
        return None
    draft.add(EndBroughtForward(now, by, min(state.ends_at, now + timedelta(days=command.notice_days))))
    cancel_planned(draft, now, CancelReason.MOVED_ON, after=draft.state.ends_at)
    if draft.state.phase is not Phase.CLOSING:
        draft.add(PhaseEntered(now, Phase.CLOSING))
    return None
