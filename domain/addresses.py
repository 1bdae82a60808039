"""Beside the acts: mail that comes back. Whom it does not reach has not been asked, and is never "no answer"."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mentoring_lifecycle.domain.commands import AddressNews, NoteAddress
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.ending import end
from mentoring_lifecycle.domain.events import (
    AddressDoubted,
    AddressFailed,
    AddressTrusted,
    AddressWorks,
    LettersRepeated,
    Phase,
    RelationshipOutcome,
)
from mentoring_lifecycle.domain.hours import Coming, Hour
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import Relationship


def note_address(draft: Draft, command: NoteAddress, by: Party, now: datetime) -> Rejection | None:
    """Take note of what became of mail to somebody; what is known already is refused and leaves no trace."""
    party = draft.state.party_of(command.person)
    if party is None:
        return Rejection(Refusal.NOT_PART_OF_THIS)
    notes = {AddressNews.FAILED: note_failed, AddressNews.SOFT: _note_soft, AddressNews.WORKS: _note_works}
    return None if notes[command.news](draft, party, now) else Rejection(Refusal.NOTHING_NEW)


def note_failed(draft: Draft, party: Party, now: datetime) -> bool:
    """Mail to this party came back for good; whether that is news."""
    if party in draft.state.failed_addresses:
        return False
    draft.add(AddressFailed(now, party))
    return True


def _note_soft(draft: Draft, party: Party, now: datetime) -> bool:
    state, doubt = draft.state, draft.state.doubt(party)
    heard_already = doubt is not None and (doubt.repeated_at is None or doubt.heard_at > doubt.repeated_at)
    if party not in PAIR or party in state.failed_addresses or heard_already:
        return False
    draft.add(AddressDoubted(now, party))
    return True


def _note_works(draft: Draft, party: Party, now: datetime) -> bool:
    if party not in draft.state.failed_addresses and not draft.state.doubt(party):
        return False
    draft.add(AddressWorks(now, party))
    return True


# --- what the hours do ------------------------------------------------------------------------------------------


def hours(state: Relationship) -> Iterator[Hour]:
    """A doubted address is tried once a day; and nobody waits beyond the agreed end for one that fails."""
    if not state.moves:
        return
    for doubt in state.doubts:
        yield Hour(doubt.again_at, Coming.ADDRESS, _TryOrJudge(doubt.party))
    if state.phase is Phase.ONBOARDING and any(state.is_unreachable(party) for party in PAIR):
        yield Hour(state.ends_at, Coming.END, _expire)


class _TryOrJudge:
    """What becomes of a doubted address once a day has passed."""

    def __init__(self, party: Party) -> None:
        self._party = party

    def __call__(self, draft: Draft, now: datetime) -> None:
        doubt = draft.state.doubt(self._party)
        assert doubt
        if doubt.repeated_at and doubt.heard_at <= doubt.repeated_at:
            draft.add(AddressTrusted(now, self._party))
        elif doubt.repeated_at and now - doubt.since >= timedelta(hours=draft.state.policy.soft_bounce_hours):
            note_failed(draft, self._party, now)
        else:
            draft.add(LettersRepeated(now, self._party))


def _expire(draft: Draft, now: datetime) -> None:
    end(draft, now, RelationshipOutcome.EXPIRED)
