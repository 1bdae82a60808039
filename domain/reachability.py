"""Whether those who take part can be reached by mail, and what follows when they cannot.

A bounced letter is never "no answer": the person's clocks stand still before the sessions begin, the coordinator is
told, and the person by another address where there is one. Mail that bounces for now is sent once more each day, and
counts as failed after a few days.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mentoring_lifecycle.domain.commands import AddressNews, NoteAddress
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.ending import end
from mentoring_lifecycle.domain.events import AddressDoubtful, AddressFailed, AddressWorks, RelationshipOutcome
from mentoring_lifecycle.domain.hours import Hour
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import BEGINNING, Relationship

AGAIN_AFTER = timedelta(days=1)
"""Between two letters to somebody whose mail bounces for now."""
FORGOTTEN_AFTER = timedelta(days=7)
"""A bounce so long after the last one begins a new row."""


def note_address(draft: Draft, command: NoteAddress, by: Party, now: datetime) -> Rejection | None:
    """Take note of news about an address; what is known already changes nothing."""
    party = draft.state.party_of(command.person)
    if party is None or draft.state.person(party) != command.person:
        return Rejection(Refusal.NOT_PART_OF_THIS)
    if command.news is AddressNews.FAILED:
        note_failure(draft, party, now)
    elif command.news is AddressNews.SOFT:
        _note_doubt(draft, party, now)
    elif party in draft.state.failed_addresses or _doubt(draft.state, party):
        draft.add(AddressWorks(now, party))
    return None


def note_failure(draft: Draft, party: Party, now: datetime) -> None:
    """Mail to this party is refused for good."""
    if party not in draft.state.failed_addresses:
        draft.add(AddressFailed(now, party))


def _doubt(state: Relationship, party: Party) -> tuple[datetime, datetime] | None:
    return next(((since, last) for each, since, last in state.doubtful if each is party), None)


def _note_doubt(draft: Draft, party: Party, now: datetime) -> None:
    if party in draft.state.failed_addresses:
        return
    known = _doubt(draft.state, party)
    if known is None or now - known[1] > FORGOTTEN_AFTER:
        draft.add(AddressDoubtful(now, party))
        return
    since, last = known
    if now - since >= timedelta(hours=draft.state.policy.soft_bounce_hours):
        note_failure(draft, party, now)
    elif now - last >= AGAIN_AFTER:
        draft.add(AddressDoubtful(now, party, begins=False))


def hours(state: Relationship) -> Iterator[Hour]:
    """Nobody waits for ever: a pair that has not begun ends when an address stays dead."""
    if not state.moves or state.phase not in BEGINNING:
        return
    for _, since in state.failed_since:
        yield Hour(since + timedelta(days=state.policy.address_patience_days), _give_up)


def _give_up(draft: Draft, now: datetime) -> None:
    end(draft, now, RelationshipOutcome.EXPIRED)
