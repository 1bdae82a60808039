"""Somebody has left the organisation, as far as its directory knows: a few days of grace, then a neutral end.

Directories are wrong now and then, so nothing final follows at once. Until then the pair stands still as in a pause,
and the other person learns no more than that.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mentoring_lifecycle.domain.commands import ChangeCoordinator, NoteLeaver
from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.ending import cancel_planned, end
from mentoring_lifecycle.domain.events import (
    CancelReason,
    CoordinatorChanged,
    CoordinatorLost,
    LeaverNoted,
    LeaverReturned,
    RelationshipOutcome,
)
from mentoring_lifecycle.domain.help_requests import pass_on
from mentoring_lifecycle.domain.hours import Coming, Hour
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE, Relationship
from mentoring_lifecycle.domain.wording import text_problem

LONGEST_ID = 64


def note_leaver(draft: Draft, command: NoteLeaver, by: Party, now: datetime) -> Rejection | None:
    """Take note that somebody has left, or that it was a mistake."""
    party = draft.state.party_of(command.person)
    if party is None or command.person == PROGRAMME_OFFICE:
        return Rejection(Refusal.PERSON_NOT_PART)
    if party not in PAIR:
        return _team_changes(draft, party, now) if command.left else _team_returns(draft, party, now)
    return _leaves(draft, party, now) if command.left else _returns(draft, party, now)


def _leaves(draft: Draft, party: Party, now: datetime) -> Rejection | None:
    if party in draft.state.gone:
        return Rejection(Refusal.NOTHING_NEW)
    # First of all, so that whoever has left is not written to about what follows.
    draft.add(LeaverNoted(now, party, now + timedelta(hours=draft.state.policy.leaver_grace_hours)))
    cancel_planned(draft, now, CancelReason.PAUSED)
    return None


def _returns(draft: Draft, party: Party, now: datetime) -> Rejection | None:
    if party not in draft.state.gone:
        return Rejection(Refusal.NOT_LEAVING)
    draft.add(LeaverReturned(now, party))
    return None


def hours(state: Relationship) -> Iterator[Hour]:
    """The grace is over; a hold wins over that as over everything."""
    if not state.held and not state.is_ending:
        for _, final_at in state.leaving:
            yield Hour(final_at, Coming.PAUSE, _end_for_good)


def _end_for_good(draft: Draft, now: datetime) -> None:
    end(draft, now, RelationshipOutcome.LEFT_ORG)


# --- the programme team -----------------------------------------------------------------------------------------


def _team_changes(draft: Draft, party: Party, now: datetime) -> Rejection | None:
    """Whoever stands in takes over at once; with nobody left the programme has to name somebody."""
    state = draft.state
    if party is Party.BACKUP:
        _run_by(draft, state.coordinator, "", now)
    elif state.backup:
        _run_by(draft, state.backup, "", now)
    elif state.coordinator_lost:
        return Rejection(Refusal.NOTHING_NEW)
    else:
        draft.add(CoordinatorLost(now))
    return None


def _team_returns(draft: Draft, party: Party, now: datetime) -> Rejection | None:
    state = draft.state
    if not (party is Party.COORDINATOR and state.coordinator_lost):
        return Rejection(Refusal.NOT_LEAVING)
    _run_by(draft, state.coordinator, state.backup, now)
    return None


def _run_by(
    draft: Draft, coordinator: str, backup: str, now: datetime, conflicted: tuple[str, ...] | None = None
) -> None:
    before = draft.state
    draft.add(CoordinatorChanged(now, coordinator, backup, conflicted))
    pass_on(draft, before, now)


def change_coordinator(draft: Draft, command: ChangeCoordinator, by: Party, now: datetime) -> Rejection | None:
    """Name who runs the programme for this pair, and who stands in."""
    state = draft.state
    named = [command.coordinator, *([command.backup] if command.backup else [])]
    for person in named:
        if problem := text_problem(person, LONGEST_ID, "coordinator", one_line=True):
            return problem
    pair = (state.mentor.person, state.mentee.person)
    if len({*named, *pair}) < len((*named, *pair)) or PROGRAMME_OFFICE in named:
        return Rejection(Refusal.SAME_PERSON)
    if (command.coordinator, command.backup) == (state.coordinator, state.backup) and not state.coordinator_lost:
        return Rejection(Refusal.NOTHING_NEW)
    _run_by(draft, command.coordinator, command.backup, now, command.conflicted)
    return None
