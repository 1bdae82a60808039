"""What a case does to relationships: an ordinary hold, and the block list. Only the handler takes back what it did.

A hold that can wait happens at an hour that tells nothing: within two days, as if by lot.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from mentoring_lifecycle.domain.cases import commands as c
from mentoring_lifecycle.domain.cases import events as e
from mentoring_lifecycle.domain.cases.draft import CaseDraft
from mentoring_lifecycle.domain.cases.state import CaseState, Measure
from mentoring_lifecycle.domain.commands import Severity
from mentoring_lifecycle.domain.rejections import Refusal, Rejection

PAIR = ""
"""Where a measure concerns two people instead of one relationship."""


# --- wishes -----------------------------------------------------------------------------------------------------


def wanted_by_the_report(draft: CaseDraft, now: datetime) -> None:
    """At once: the hold that the reporter chose, and in danger that the two are kept apart."""
    state = draft.state
    if state.holds and state.relationship:
        _want(draft, e.MeasureKind.HOLD, state.relationship, now, urgent=True)
    if state.severity is Severity.S4 and state.pair:
        _want(draft, e.MeasureKind.BLOCK, PAIR, now, urgent=True)


def place_hold(draft: CaseDraft, command: c.PlaceHold, now: datetime) -> Rejection | None:
    """Hold every relationship that it concerns, also one that was held and lifted before."""
    targets = _targets(draft.state)
    if not targets:
        return Rejection(Refusal.NO_PAIRING_NAMED)
    wanted = [of for of in targets if not _is_under_way(draft.state, e.MeasureKind.HOLD, of, command.urgent, now)]
    for of in wanted:
        _want(draft, e.MeasureKind.HOLD, of, now, by=command.by, urgent=command.urgent)
    return None if wanted else Rejection(Refusal.UNDER_WAY_ALREADY)


def lift_hold(draft: CaseDraft, command: c.LiftHold, now: datetime) -> Rejection | None:
    """Take back every hold of this case, and those that are still to come."""
    state = draft.state
    held = [of for of in _targets(state) if _is_ours(state, e.MeasureKind.HOLD, of)]
    late = [of for of in _targets(state) if _can_be_hastened(state, e.MeasureKind.LIFT, of, command.urgent, now)]
    if not held and not late:
        return Rejection(Refusal.NOTHING_TO_TAKE_BACK)
    for of in (*held, *late):
        _want(draft, e.MeasureKind.LIFT, of, now, by=command.by, urgent=command.urgent)
    return None


def block_pair(draft: CaseDraft, command: c.BlockPair, now: datetime) -> Rejection | None:
    """Keep the two apart from now on; what else they have with each other is held."""
    if not draft.state.pair:
        return Rejection(Refusal.NO_PAIR_NAMED)
    if _is_under_way(draft.state, e.MeasureKind.BLOCK, PAIR, command.urgent, now):
        return Rejection(Refusal.UNDER_WAY_ALREADY)
    _want(draft, e.MeasureKind.BLOCK, PAIR, now, by=command.by, urgent=command.urgent)
    return None


def unblock_pair(draft: CaseDraft, command: c.UnblockPair, now: datetime) -> Rejection | None:
    """Take back what this case put on the block list, and nothing else."""
    latest = draft.state.latest(PAIR)
    was_there = latest is not None and latest.result is e.MeasureResult.ALREADY
    if was_there or not _is_ours(draft.state, e.MeasureKind.BLOCK, PAIR):
        return Rejection(Refusal.NOTHING_TO_TAKE_BACK)
    _want(draft, e.MeasureKind.UNBLOCK, PAIR, now, by=command.by, urgent=True)
    return None


def _targets(state: CaseState) -> tuple[str, ...]:
    return tuple(dict.fromkeys(of for of in (state.relationship, *state.others) if of))


def _is_under_way(state: CaseState, kind: e.MeasureKind, of: str, urgent: bool, now: datetime) -> bool:
    latest = state.latest(of)
    is_open = latest is not None and latest.measure is kind and latest.result is None
    return is_open and not _can_be_hastened(state, kind, of, urgent, now)


def _can_be_hastened(state: CaseState, kind: e.MeasureKind, of: str, urgent: bool, now: datetime) -> bool:
    latest = state.latest(of)
    return bool(urgent and latest and latest.measure is kind and not latest.has_begun and latest.due_at > now)


def _is_ours(state: CaseState, kind: e.MeasureKind, of: str) -> bool:
    latest = state.latest(of)
    return latest is not None and latest.measure is kind and latest.result not in _NOTHING_DONE


_NOTHING_DONE = (e.MeasureResult.NOT_NEEDED, e.MeasureResult.NOT_KEPT_HERE)


def _want(draft: CaseDraft, kind: e.MeasureKind, of: str, now: datetime, *, urgent: bool, by: str = "") -> None:
    is_seen_by_the_pair = kind in (e.MeasureKind.HOLD, e.MeasureKind.LIFT)
    pause = _drawn(draft.state) if is_seen_by_the_pair and not urgent else timedelta()
    draft.add(e.MeasureWanted(now, kind, of, now + pause, by, urgent))


def _drawn(state: CaseState) -> timedelta:
    """As good as by lot for whoever does not know the case's own secret, and the same at every replay."""
    number = len(state.measures) + 1
    digest = hashlib.sha256(f"{state.lot}/{state.id}/{number}/when".encode()).digest()
    return timedelta(hours=state.profile.hold_within_hours) * (int.from_bytes(digest[:6]) / 2**48)


# --- deeds ------------------------------------------------------------------------------------------------------


def waiting(state: CaseState) -> Iterator[Measure]:
    """Those whose hour is still to come; a later wish for the same takes the place of an earlier one."""
    for measure in state.measures:
        if not measure.has_begun and measure is state.latest(measure.relationship):
            yield measure


def under_way(state: CaseState) -> tuple[Measure, ...]:
    """Those to be done now: of each relationship one at a time, in the order in which they began."""
    first: dict[str, Measure] = {}
    for measure in state.measures:
        if measure.has_begun and measure.result is None:
            first.setdefault(measure.relationship, measure)
    return tuple(first.values())


def applied(draft: CaseDraft, number: int, result: e.MeasureResult, others: tuple[str, ...], now: datetime) -> None:
    """What became of one; once two are kept apart, what they have with each other elsewhere is held as well.

    Where the reporter asked to wait, that is the handler's to decide: a hold is seen by both.
    """
    measure = draft.state.measures[number - 1]
    draft.add(e.MeasureApplied(now, number, result, others))
    if measure.measure is e.MeasureKind.BLOCK and (measure.by or draft.state.holds):
        for of in draft.state.others:
            latest = draft.state.latest(of)
            if of in others and (latest is None or latest.measure is not e.MeasureKind.HOLD):
                _want(draft, e.MeasureKind.HOLD, of, now, by=measure.by, urgent=measure.urgent)
