"""The pair agrees on times in another zone, because one of the two lives elsewhere from some day on.

Sessions that are booked stay where they are; those that are not are found anew.
"""

from datetime import datetime

from mentoring_lifecycle.domain.booking import FARTHEST, has_no_zone
from mentoring_lifecycle.domain.commands import ChangeZone
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import ZoneChanged
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection

LONGEST_ZONE = 64


def change_zone(draft: Draft, command: ChangeZone, by: Party, now: datetime) -> Rejection | None:
    """Agree on times in another zone from an instant on, or from now where that has passed."""
    state = draft.state
    if not _looks_like_a_zone(command.zone):
        return Rejection(Refusal.UNKNOWN_ZONE, "zone")
    if has_no_zone(command.starting):
        return Rejection(Refusal.NOT_A_DATE)
    if command.starting - now > FARTHEST:
        return Rejection(Refusal.TOO_FAR_AHEAD)
    starting = max(command.starting, now)
    is_known = state.next_zone_at is None or state.next_zone_at <= now or state.next_zone_at == starting
    if state.zone_at(starting) != command.zone or not is_known:
        draft.add(ZoneChanged(now, by, command.zone, starting, state.zone_at(now)))
    return None


def _looks_like_a_zone(name: str) -> bool:
    """Which zones there are changes with the zone data, so it is told at the edges; here only what could be one."""
    plain = name.replace("/", "").replace("_", "").replace("-", "").replace("+", "")
    return len(name) <= LONGEST_ZONE and plain.isascii() and plain.isalnum() and name[0].isalpha()
