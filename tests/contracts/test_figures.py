"""Programme figures: right where they can be counted by hand, and silent about the few, however one subtracts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from random import Random

import pytest
from hypothesis import given as generated
from hypothesis import settings
from hypothesis import strategies as st

from mentoring_lifecycle.contracts import figures
from mentoring_lifecycle.contracts.figures import ProgrammeReport, report_on
from mentoring_lifecycle.contracts.record import Record, read_record
from mentoring_lifecycle.contracts.withholding import Tally, Withheld, given
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.events import RelationshipOutcome, SessionResult
from mentoring_lifecycle.domain.people import Party
from tests.builders import (
    ACTIVE,
    COORDINATOR,
    DAY,
    MENTEE,
    MENTOR,
    START,
    Life,
    any_life,
    at_the_end,
    feedback,
    journal_of,
    life,
    whole_life,
)


def records(*lives: Life) -> list[Record]:
    read = [read_record(*journal_of(lived, f"r-{number}")) for number, lived in enumerate(lives)]
    return [record for record in read if record]


def report(*lives: Life, threshold: int = 5, **span: datetime) -> ProgrammeReport:
    return report_on(records(*lives), programme="ponte", threshold=threshold, **span)


def why(told: ProgrammeReport, key: str) -> Withheld | None:
    return next(figure.withheld for figure in told.figures if figure.key == key)


@pytest.fixture(scope="module")
def thousand() -> list[Record]:
    """A thousand lives over a year, as their journals tell them."""
    chance = Random(2027)
    return records(*(any_life(chance, START + timedelta(days=chance.randrange(365))) for _ in range(1000)))


# --- the record -------------------------------------------------------------------------------------------------


def test_a_record_is_what_happened() -> None:
    """Phases, sessions, ratings and the end of a whole life can be read from its journal alone."""
    lived = whole_life()
    (record,) = records(lived)
    assert [session.result for session in record.sessions.values()] == ["held"] * 6
    assert [session.minutes for session in record.sessions.values()] == [60, 45, 45, 45, 45, 45]
    assert record.baseline == {Party.MENTOR: (2, 1), Party.MENTEE: (3, 4)}
    assert record.final == {Party.MENTOR: (7, 9), Party.MENTEE: (7, 9)}
    assert (record.outcome, record.closed_at) == ("completed", lived.now)
    assert list(record.phases) == ["ground_rules", "goals", "active", "closing"]


def test_a_journal_of_another_version_is_read_as_far_as_it_goes() -> None:
    """Unknown kinds are skipped; goals whose numbers were not kept have no target and are met by nobody."""
    name, entries = journal_of(whole_life())
    older = [
        replace(entry, body=entry.body.replace('"goals":', '"left_out":')) if entry.kind == "goals_proposed" else entry
        for entry in entries
    ]
    record = read_record(name, [*older, replace(entries[-1], kind="from_the_future", body="{}")])
    assert record
    assert (record.targets, record.goals_met(), record.outcome) == ((), 0, "completed")
    assert record.baseline == {Party.MENTEE: (3, 4)}
    assert read_record("r-9", ()) is None
    assert read_record("r-9", entries[1:]) is None


@pytest.mark.parametrize(("notice", "late"), [(timedelta(hours=23), 1), (timedelta(hours=25), 0)])
@pytest.mark.parametrize(("by", "party"), [(MENTOR, Party.MENTOR), (MENTEE, Party.MENTEE)])
def test_late_changes_are_counted_by_who_made_them(notice: timedelta, late: int, by: str, party: Party) -> None:
    """Less than 24 hours before the time it had until then."""
    lived = life().after(*ACTIVE)
    lived.after(lived.session.starts_at - notice)
    lived.after(c.MoveSession(by, 1, lived.session.starts_at + DAY))
    (record,) = records(lived)
    assert record.late_changes.get(party, 0) == late


def test_a_review_on_the_way_is_read_wherever_it_stands() -> None:
    """Ratings in the middle count, whether they come with an answer or as an event of their own."""
    name, entries = journal_of(life().after(*ACTIVE))
    at = entries[-1].happened_at
    own = replace(entries[-1], kind="review_given", body='{"by": "mentor", "ratings": [5, 6]}', happened_at=at)
    along = replace(own, kind="session_confirmed", body='{"by": "mentee", "review": {"ratings": [4, 4]}}')
    record = read_record(name, [*entries, own, along])
    assert record
    assert record.middle == {Party.MENTOR: (5, 6), Party.MENTEE: (4, 4)}


# --- figures ----------------------------------------------------------------------------------------------------


def test_figures_of_ten_good_lives() -> None:
    """Counted by hand: sixty sessions, all held; nine of ten points for a repeat; goals risen by what was rated."""
    told = report(*(whole_life() for _ in range(10)))
    expected = {
        "opened": 10,
        "started": 10,
        "closed": 10,
        "outcome_completed": 10,
        "sessions_planned": 60,
        "sessions_held": 60,
        "share_held": 100.0,
        "goals_mentor_baseline": 1.5,
        "goals_mentor_final": 8.0,
        "goals_mentor_change": 6.5,
        "goals_mentee_baseline": 3.5,
        "goals_mentee_change": 4.5,
        "share_with_survey": 100.0,
        "would_repeat": 9.0,
        "recommendation_index": 100,
        "felt_safe": 10.0,
        "days_rules_to_first_session": 7,
    }
    assert {key: told.value(key) for key in expected} == expected
    assert why(told, "running") is why(told, "outcome_inactive") is Withheld.FEW


def test_time_to_the_first_session_is_a_median() -> None:
    """Of those that had one: the first that took place, from the invitation and from the signed rules."""
    slow = [life().after(timedelta(days=days), *ACTIVE) for days in (0, 2, 4, 8, 10)]
    for lived in slow:
        lived.until(lambda state: any(not session.lies_ahead for session in state.sessions))
        lived.after(c.ConfirmSession(MENTOR, 1, held=True), c.ConfirmSession(MENTEE, 1, held=True))
    told = report(*slow)
    firsts = sorted((lived.state.last_slot or lived.now) - START for lived in slow)
    assert told.value("days_opened_to_first_session") is not None
    assert all(first > timedelta(days=5) for first in firsts)


def test_the_span_chooses_by_opening() -> None:
    """From the first instant on, and before the second."""
    lives = [whole_life() for _ in range(5)] + [any_life(Random(number), START + 40 * DAY) for number in range(5)]
    first, second = START, START + 40 * DAY
    assert report(*lives).value("opened") == 10
    assert report(*lives, until=second).value("opened") == report(*lives, since=second).value("opened") == 5
    assert report(*lives, since=first, until=first + DAY).value("opened") == 5


def test_a_thousand_lives(thousand: list[Record]) -> None:
    """Everything that can be counted twice gives the same both times, in whatever order the records come."""
    told = report_on(thousand, programme="ponte", threshold=5)
    assert told == report_on(thousand[::-1], programme="ponte", threshold=5)
    assert told.value("opened") == 1000
    assert (told.value("running") or 0) + (told.value("closed") or 0) == 1000
    held = sum(session.result == "held" for record in thousand for session in record.sessions.values())
    assert told.value("sessions_held") == held
    medians = [told.value(f"days_in_{phase}") for phase in ("onboarding", "ground_rules", "goals", "active", "closing")]
    assert all(days is not None and days >= 0 for days in medians)


def test_nobody_is_in_a_report(thousand: list[Record]) -> None:
    """No person and no relationship is named, whatever the figures."""
    text = repr(report_on(thousand, programme="ponte", threshold=5))
    assert not any(each in text for each in (MENTOR, MENTEE, COORDINATOR, "r-1"))


# --- the few ----------------------------------------------------------------------------------------------------


def test_four_are_too_few_for_anything() -> None:
    """With four relationships nothing at all is told."""
    told = report(*(whole_life() for _ in range(4)))
    assert {figure.value for figure in told.figures} == {None}


def test_what_is_missing_to_the_whole_is_withheld_too() -> None:
    """Twelve opened and ten closed would tell that two are open; so how many closed is not told, nor its outcomes."""
    told = report(*(whole_life() for _ in range(10)), life(), life())
    assert told.value("opened") == 12
    assert why(told, "running") is Withheld.FEW
    assert why(told, "closed") is why(told, "outcome_completed") is Withheld.BY_DIFFERENCE
    assert told.value("share_with_survey") is None


def test_one_who_left_cannot_be_found_by_subtraction() -> None:
    """Ten closed, nine of them completed: the one that was left early stays hidden."""
    left = life().after(*ACTIVE, c.Exit(MENTOR))
    told = report(*(whole_life() for _ in range(9)), left)
    assert told.value("closed") == 10
    assert why(told, "outcome_no_fault_exit") is Withheld.FEW
    assert why(told, "outcome_completed") is Withheld.BY_DIFFERENCE


def test_few_silent_ones_are_not_told_by_their_share() -> None:
    """Ninety percent with an answer would tell that one of ten stayed silent."""
    silent = at_the_end()
    silent.lives_on()
    told = report(*(whole_life() for _ in range(9)), silent)
    assert why(told, "share_with_survey") is Withheld.BY_DIFFERENCE


def test_the_senior_is_not_the_difference_to_the_junior() -> None:
    """Where few juniors answered, the seniors' mean beside the mean of all would tell theirs."""
    alone = []
    for _ in range(5):
        lived = at_the_end()
        lived.after(feedback(MENTEE))
        lived.lives_on()
        alone.append(lived)
    assert report(*alone).value("would_repeat_senior") == 9.0
    assert why(report(*alone, whole_life()), "would_repeat_senior") is Withheld.BY_DIFFERENCE


def attacks(told: Sequence[frozenset[int]], people: int) -> Iterator[list[int]]:
    """What a reader gets who adds and subtracts up to four told counts: how often each person is in it."""
    for many in range(1, 5):
        for chosen in combinations(told, many):
            for signs in product((1, -1), repeat=many):
                yield [
                    sum(sign * (n in group) for sign, group in zip(signs, chosen, strict=True)) for n in range(people)
                ]


PARTS = ("a", "b", "c", "d", "e")


@st.composite
def programmes(draw: st.DrawFn) -> tuple[Mapping[str, Tally], int]:
    """A whole in five parts, of which the first two are one group as well, and another way to cut it in two."""
    people = draw(st.integers(0, 24))
    part_of = [draw(st.sampled_from(PARTS)) for _ in range(people)]
    side_of = [draw(st.booleans()) for _ in range(people)]
    groups = {"whole": set(range(people))} | {part: {n for n in range(people) if part_of[n] == part} for part in PARTS}
    groups["first"] = groups["a"] | groups["b"]
    groups["left"], groups["right"] = (
        {n for n in range(people) if side_of[n]},
        {n for n in range(people) if not side_of[n]},
    )
    return {key: Tally(len(group), frozenset(map(str, group))) for key, group in groups.items()}, people


SUMS = (
    ("whole", PARTS),
    ("whole", ("first", "c", "d", "e")),
    ("first", ("a", "b")),
    ("whole", ("left", "right")),
)


def test_four_cannot_be_found_by_adding_two_and_taking_one_away() -> None:
    """Found by chance: two of five and six of another cut, of which no two alone tell anything about the four."""
    groups = {"a": {0, 1, 2, 9, 10}, "c": {3, 11, 12, 13, 14}, "left": set(range(9, 15))}
    tallies = {key: Tally(len(group), frozenset(map(str, group))) for key, group in groups.items()}
    assert [key for key, why in given(tallies, (), 5).items() if why] == ["a"]


@settings(max_examples=300, deadline=None)
@generated(programmes())
def test_no_small_group_can_be_computed(drawn: tuple[Mapping[str, Tally], int]) -> None:
    """Whatever told counts are added and subtracted, no count of somebody who is one of too few comes out."""
    tallies, people = drawn
    verdict = given(tallies, SUMS, 5)
    told = {key: frozenset(map(int, tallies[key].about)) for key, withheld in verdict.items() if withheld is None}
    for counted in attacks(list(dict.fromkeys(told.values())), people):
        group = {n for n, times in enumerate(counted) if times}
        assert set(counted) - {0, 1} or not 0 < len(group) < 5, (sorted(told), group)


@settings(deadline=None)
@generated(st.lists(st.sampled_from([*RelationshipOutcome, ""]), max_size=40), st.integers(3, 8))
def test_outcomes_of_a_report_hide_the_few(ends: list[str], threshold: int) -> None:
    """Whatever a reader subtracts from the totals of a real report, fewer than the threshold never comes out."""
    (good,) = records(whole_life())
    cohort = []
    for number, end in enumerate(ends):
        opened = replace(good.opened, relationship=f"r-{number}")
        cohort.append(replace(good, opened=opened, outcome=end, closed_at=good.closed_at if end else None))
    told = report_on(cohort, programme="ponte", threshold=threshold)
    outcomes = [told.value(f"outcome_{outcome}") for outcome in RelationshipOutcome]
    shown = sum(value for value in outcomes if value is not None)
    assert all(value is None or value >= threshold for value in outcomes)
    for total in (told.value("closed"), *((told.value("opened"),) if told.value("running") is None else ())):
        if total is not None:
            rest = total - shown
            hidden_open = sum(not end for end in ends) if total == told.value("opened") else 0
            assert rest == 0 or rest >= threshold or hidden_open


def test_the_threshold_has_a_floor() -> None:
    """Nobody can ask for figures about two."""
    assert figures.LEAST_THRESHOLD == 3
    with pytest.raises(AssertionError):
        report(threshold=2)


def test_every_count_has_its_words() -> None:
    """Results and outcomes of later versions are counted under their own names without a change here."""
    told = report(*(whole_life() for _ in range(5)))
    keys = {figure.key for figure in told.figures}
    assert {f"sessions_{result}" for result in SessionResult} <= keys
    assert {f"outcome_{outcome}" for outcome in RelationshipOutcome} <= keys
    assert datetime(2027, 1, 1, tzinfo=UTC) < START
