"""The audit chain of a case: everything has its row, and whatever is done to the rows is found."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring_lifecycle.domain.cases import commands as c
from mentoring_lifecycle.domain.cases import events as e
from mentoring_lifecycle.domain.cases.audit import (
    THE_REPORTER,
    AuditMark,
    AuditRow,
    Problem,
    audit_row,
    beginning,
    findings,
    sealed,
)
from mentoring_lifecycle.domain.rejections import Refusal
from tests.case_builders import (
    ACCUSED,
    CLOSED,
    CONTACT,
    FIRST,
    HOUR,
    NOTED,
    REPORTER,
    SECOND,
    START,
    CaseStep,
    LivedCase,
    report,
)

NOWHERE = AuditMark("c-1", 0, beginning("c-1"))


def chain(*events: Any) -> tuple[AuditRow, ...]:
    """The rows of these events."""
    rows: list[AuditRow] = []
    for event in events:
        before = AuditMark("c-1", rows[-1].sequence, rows[-1].hash) if rows else NOWHERE
        rows.append(audit_row(before, event, REPORTER))
    return tuple(rows)


def lived(*past: CaseStep) -> tuple[AuditRow, ...]:
    case = LivedCase(report()).after(*past)
    return chain(case.event, *case.events)


def mark_of(rows: tuple[AuditRow, ...], *, waiting: int = 0) -> AuditMark:
    """What the case says of its chain; the last rows may not be known to be kept."""
    kept = len(rows) - waiting
    return AuditMark(
        "c-1", len(rows), rows[-1].hash, tuple(row.hash for row in rows[kept:]), rows[kept - 1].hash if kept else ""
    )


WHOLE = lived(*CLOSED)


# --- what a row says --------------------------------------------------------------------------------------------


def test_every_act_every_mark_and_every_step_of_the_machinery_has_its_row() -> None:
    """One row per event, numbered from one, and the first is linked to the case's own beginning."""
    case = LivedCase(report()).after(*CLOSED)
    rows = chain(case.event, *case.events)
    assert [row.action for row in rows] == [event.kind for event in (case.event, *case.events)]
    assert [row.sequence for row in rows] == [*range(1, len(rows) + 1)]
    assert rows[0].previous == beginning("c-1") != beginning("c-2")
    assert findings("c-1", rows, mark_of(rows)) == ()


def test_a_row_tells_who_did_what_and_with_which_words_of_ours() -> None:
    """The actor, and the codes of an act; of a mark, whose clock and who was told."""
    triaged, passed = chain(
        e.Triaged(START, FIRST, c.LegalTrack.CRIME, report().severity),
        e.MarkPassed(START, e.Clock.TRIAGE, 50, (SECOND, CONTACT)),
    )
    assert (triaged.actor, triaged.codes) == (FIRST, "track=crime severity=S3")
    assert (passed.actor, passed.codes) == ("", f"clock=triage percent=50 told={SECOND},{CONTACT}")


def test_nobody_who_reported_or_is_reported_about_is_named() -> None:
    """Neither when it came in nor when it is withdrawn: the chain may be kept longer than the case."""
    rows = chain(report(), e.CaseWithdrawn(START, REPORTER))
    assert rows[1].actor == THE_REPORTER
    assert not [row for row in rows if REPORTER in str(row) or ACCUSED in str(row)]


def test_the_words_of_an_event_that_nobody_thought_of_stay_out() -> None:
    """A new event needs nothing here, and what it carries of people's words is left out by itself."""

    class Way(StrEnum):
        BY_HAND = "by_hand"

    @dataclass(frozen=True)
    class Inner:
        note: str
        count: int

    @dataclass(frozen=True)
    class NewEvent:
        at: Any
        by: str
        words: str
        names: tuple[str, ...]
        way: Way
        inner: Inner
        handler: str
        kind: Literal["new_event"] = "new_event"

    row = chain(NewEvent(START, FIRST, "He hit me.", ("Ann Other",), Way.BY_HAND, Inner("secret", 3), SECOND))[0]
    assert (row.action, row.actor, row.codes) == ("new_event", FIRST, f"way=by_hand count=3 handler={SECOND}")


@pytest.mark.parametrize("kind", get_args(e.CaseEvent))
def test_every_event_can_be_written_down(kind: type[Any]) -> None:
    """Each has a kind of its own, and its instant."""
    assert {"at", "kind"} <= set(kind.__dataclass_fields__)


# --- what is found ----------------------------------------------------------------------------------------------

ALTERATIONS = {
    "sequence": lambda row: row.sequence + 1000,
    "at": lambda row: row.at + timedelta(microseconds=1),
    "actor": lambda row: f"{row.actor}x",
    "action": lambda row: f"{row.action}x",
    "codes": lambda row: f"{row.codes}x",
    "previous": lambda row: "0" * 64,
    "hash": lambda row: "0" * 64,
    "case": lambda row: "c-2",
}
PLACES = st.integers(0, len(WHOLE) - 1)


@given(place=PLACES, field=st.sampled_from(sorted(ALTERATIONS)))
def test_any_change_of_any_field_is_found(place: int, field: str) -> None:
    """By the chain alone, whichever row and whichever field."""
    rows = list(WHOLE)
    rows[place] = replace(rows[place], **{field: ALTERATIONS[field](rows[place])})
    assert findings("c-1", rows)


@given(place=PLACES, field=st.sampled_from(["at", "actor", "action", "codes"]), waiting=st.integers(0, 3))
def test_a_row_that_was_sealed_anew_is_found(place: int, field: str, waiting: int) -> None:
    """Whoever alters a row and computes its hash breaks the link of the next; the last one the case itself knows."""
    rows = list(WHOLE)
    rows[place] = sealed(replace(rows[place], **{field: ALTERATIONS[field](rows[place])}))
    assert findings("c-1", rows, mark_of(WHOLE, waiting=waiting))


@given(place=PLACES)
def test_a_chain_that_was_written_anew_from_somewhere_on_is_found(place: int) -> None:
    """All links are right again, but the case knows the hash of its last row."""
    rows = list(WHOLE)
    rows[place] = sealed(replace(rows[place], actor="h-nobody"))
    for number in range(place + 1, len(rows)):
        rows[number] = sealed(replace(rows[number], previous=rows[number - 1].hash))
    assert findings("c-1", rows) == ()
    assert {each.problem for each in findings("c-1", rows, mark_of(WHOLE))} == {Problem.FOREIGN}


@given(gone=st.sets(PLACES, min_size=1))
def test_every_row_that_was_removed_is_named(gone: set[int]) -> None:
    """One, several or all; the last ones too, since the case says how far it has come."""
    rows = [row for number, row in enumerate(WHOLE) if number not in gone]
    missing = {each.sequence for each in findings("c-1", rows, mark_of(WHOLE)) if each.problem is Problem.MISSING}
    assert missing == {number + 1 for number in gone}


@given(order=st.permutations(WHOLE[:6]))
def test_any_other_order_is_found(order: list[AuditRow]) -> None:
    """Rows stand in the order of their numbers."""
    assert bool(findings("c-1", [*order, *WHOLE[6:]])) == (tuple(order) != WHOLE[:6])


@given(place=PLACES, number=st.integers(1, len(WHOLE) + 1))
@settings(deadline=None)
def test_a_row_that_was_put_in_is_found(place: int, number: int) -> None:
    """Under whatever number and linked as it should be, where it is not the next of all."""
    planted = sealed(replace(WHOLE[place], sequence=number, actor="h-nobody"))
    rows = sorted([*WHOLE, planted], key=lambda row: row.sequence)
    assert findings("c-1", rows)


@given(count=st.integers(1, 5))
def test_rows_that_wait_in_the_case_are_no_findings(count: int) -> None:
    """The database was away: what is not kept yet is not missing, what is kept already is compared."""
    assert findings("c-1", WHOLE[:-count], mark_of(WHOLE, waiting=count)) == ()
    assert findings("c-1", WHOLE, mark_of(WHOLE, waiting=count)) == ()
    assert findings("c-1", WHOLE[: -count - 1], mark_of(WHOLE, waiting=count))


def test_without_the_case_missing_last_rows_are_not_noticed() -> None:
    """Said plainly: a chain by itself cannot know how long it was."""
    assert findings("c-1", WHOLE[:-1]) == ()
    assert findings("c-1", ()) == ()


# --- who has read it --------------------------------------------------------------------------------------------


def test_reading_and_copying_are_acts_of_whoever_may_see_it() -> None:
    """The handler and others who were told; it changes nothing else, and nobody else learns anything."""
    case = LivedCase(report()).after(*NOTED)
    before = case.state
    case.after(c.Read(FIRST), HOUR, c.TakeCopy(FIRST))
    assert [type(event) for event in case.events[-2:]] == [e.ReportRead, e.CopyTaken]
    assert replace(case.state, sequence=before.sequence) == before
    for nobody in (SECOND, REPORTER, ACCUSED, ""):
        for command in (c.Read(nobody), c.TakeCopy(nobody)):
            refused = case.tries(command)
            assert refused
            assert refused.code is Refusal.UNKNOWN_CASE
