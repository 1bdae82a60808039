"""Programme figures: right where they can be counted by hand, and silent about the few, however one subtracts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import chain, combinations, product
from random import Random
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import settings
from hypothesis import strategies as st

from mentoring_lifecycle.contracts import figures
from mentoring_lifecycle.contracts.figures import ProgrammeReport, report_on
from mentoring_lifecycle.contracts.record import PulseRecord, Record, read_record
from mentoring_lifecycle.contracts.withholding import Tally, Withheld, given
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.events import PulseAt, RelationshipOutcome, SessionResult
from mentoring_lifecycle.domain.people import Party, Power
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


def test_pulses_are_read_with_their_measuring_point() -> None:
    """Who, at which point, and the two numbers; the private third is kept apart, without its session."""
    (record,) = records(whole_life(pulses={Party.MENTOR: c.Pulse(8, 6, 9), Party.MENTEE: c.Pulse(7, 9)}))
    of_mentor = [pulse for pulse in record.pulses if pulse.by is Party.MENTOR]
    assert [pulse.at for pulse in of_mentor] == ["session", "d30", "mid", "session", "session", "session"]
    assert {(pulse.useful, pulse.heard) for pulse in of_mentor} == {(8, 6)}
    assert len(record.pulses) == 12
    assert record.safe_so_far == {Party.MENTOR: [9] * 6}


@pytest.mark.parametrize(
    ("more", "read"),
    [
        ("", []),
        (', "pulse": null', []),
        (', "pulse": {"useful": 7, "heard": 8}', [PulseRecord(Party.MENTOR, "session", 7, 8)]),
        (
            ', "pulse": {"useful": 7, "heard": 8, "safe": null}, "pulse_at": "d90"',
            [PulseRecord(Party.MENTOR, "d90", 7, 8)],
        ),
    ],
)
def test_entries_of_other_versions_have_the_pulses_that_they_have(more: str, read: list[PulseRecord]) -> None:
    """None, none given, one without its point or its third answer, and one at a point that is not ours."""
    name, entries = journal_of(life().after(*ACTIVE))
    body = f'{{"by": "mentor", "session": 1, "held": true{more}}}'
    record = read_record(name, [*entries, replace(entries[-1], kind="session_confirmed", body=body)])
    assert record
    assert (record.pulses, record.safe_so_far) == (read, {})


def test_a_session_that_was_not_held_has_no_pulse() -> None:
    """Whatever was filled in beside the no: nobody was heard or not heard in it."""
    lived = life().after(*ACTIVE)
    lived.until(lambda state: any(not session.lies_ahead for session in state.sessions))
    (record,) = records(lived.after(c.ConfirmSession(MENTOR, 1, held=False, pulse=c.Pulse(1, 1, 1))))
    assert (record.pulses, record.safe_so_far) == ([], {})


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


# --- pulses -----------------------------------------------------------------------------------------------------

JUNIOR, SENIOR = Party.MENTOR, Party.MENTEE
SESSION, DAY_30, MID = PulseAt
POINTS = ("", f"_{DAY_30}", f"_{MID}")
SIDES = {JUNIOR: "_junior", SENIOR: "_senior"}


def heard(by: Party, *heard: int, at: PulseAt = SESSION) -> list[PulseRecord]:
    """What one said about some sessions."""
    return [PulseRecord(by, at, 5, each) for each in heard]


@pytest.fixture(scope="module")
def good() -> Record:
    """A whole life in which nobody said how a session was."""
    return records(whole_life())[0]


def pulsed(good: Record, *pulses: list[PulseRecord], **more: Any) -> list[Record]:
    """Relationships that differ in what was said about their sessions."""
    return [
        replace(good, opened=replace(good.opened, relationship=f"r-{number}"), pulses=each, **more)
        for number, each in enumerate(pulses)
    ]


def told_of(cohort: Sequence[Record], threshold: int = 5) -> ProgrammeReport:
    return report_on(cohort, programme="ponte", threshold=threshold)


def test_pulses_of_ten_good_lives() -> None:
    """Counted by hand: juniors were heard less than seniors, and both together are the middle."""
    told = report(*[whole_life(pulses={JUNIOR: c.Pulse(8, 4, 6), SENIOR: c.Pulse(7, 9, 10)})] * 10)
    for point in POINTS:
        sides = [told.value(f"pulse_heard{point}{side}") for side in ("", "_junior", "_senior")]
        assert sides == [6.5, 4, 9]
        assert [told.value(f"pulse_useful{point}{side}") for side in ("", "_junior", "_senior")] == [7.5, 8, 7]
    assert (told.value("pulse_safe"), told.value("share_with_pulse")) == (8, 100)


def test_a_talkative_pair_counts_once(good: Record) -> None:
    """Four juniors say 10 once, one says 2 in six sessions: 8.4, and not 5.2."""
    seniors = heard(SENIOR, 7)
    many = pulsed(good, *([heard(JUNIOR, 10) + seniors] * 4), heard(JUNIOR, 2, 2, 2, 2, 2, 2) + seniors)
    assert told_of(many).value("pulse_heard_junior") == 8.4


def test_power_and_not_role_tells_the_sides_apart(good: Record) -> None:
    """Where the mentor is the senior, the mentee's answers are the junior's."""
    (ordinary,) = records(life(reverse=False).after(*ACTIVE))
    cohort = pulsed(ordinary, *([heard(Party.MENTEE, 3) + heard(Party.MENTOR, 9)] * 5))
    assert [told_of(cohort).value(f"pulse_heard_{power}") for power in Power] == [3, 9]


def test_how_many_answered(good: Record) -> None:
    """Of those that could; told only where neither these nor the silent are few."""
    told = told_of(pulsed(good, *([heard(JUNIOR, 7)] * 15), *([[]] * 5)))
    assert told.value("share_with_pulse") == 75.0
    told = told_of(pulsed(good, *([heard(JUNIOR, 7)] * 16), *([[]] * 4)))
    assert why(told, "share_with_pulse") is Withheld.BY_DIFFERENCE


def test_juniors_are_told_where_few_seniors_answered(good: Record) -> None:
    """And both together are not, because the rest of them would be these few."""
    told = told_of(pulsed(good, *([heard(JUNIOR, 4)] * 6), *([heard(JUNIOR, 4) + heard(SENIOR, 9)] * 4)))
    assert told.value("pulse_heard_junior") == 4
    assert why(told, "pulse_heard_senior") is Withheld.FEW
    assert why(told, "pulse_heard") is Withheld.BY_DIFFERENCE


def test_what_was_said_beside_a_point_is_no_difference(good: Record) -> None:
    """Ten answered early, and four of these again later: all without the early ones would be the four."""
    early = heard(JUNIOR, 8, at=DAY_30)
    told = told_of(pulsed(good, *([early] * 6), *([early + heard(JUNIOR, 1)] * 4)))
    assert told.value("pulse_heard_junior") is not None
    assert why(told, "pulse_heard_d30_junior") is Withheld.BY_DIFFERENCE
    told = told_of(pulsed(good, *([early] * 5), *([early + heard(JUNIOR, 1)] * 5)))
    assert told.value("pulse_heard_d30_junior") == 8


@pytest.mark.parametrize("answer", ["safe_so_far", "felt_safe"])
def test_feeling_safe_is_never_one_side_alone(good: Record, answer: str) -> None:
    """Five of each side are needed: with fewer of the one it would be told of the other."""
    key = {"safe_so_far": "pulse_safe", "felt_safe": "felt_safe"}[answer]
    wrap = (lambda number: [number]) if answer == "safe_so_far" else (lambda number: number)
    alone, both = {answer: {JUNIOR: wrap(2)}}, {answer: {JUNIOR: wrap(2), SENIOR: wrap(8)}}
    pulses = heard(JUNIOR, 5)
    for seniors, value in ((0, None), (4, None), (5, 3.5)):
        cohort = [
            *pulsed(good, *([pulses] * 10), **both)[:seniors],
            *pulsed(good, *([pulses] * 10), **alone)[seniors:],
        ]
        assert told_of(cohort).value(key) == value
    assert {figure.key for figure in told_of(cohort).figures if "safe" in figure.key} == {"pulse_safe", "felt_safe"}


Answers = Mapping[tuple[Party, PulseAt], int]
"""How often somebody of a relationship answered at a point."""

Row = list[list[Fraction]]
"""What each answer adds to a figure, relationship by relationship."""


def row_of(side: Party, point: str, drawn: Sequence[Answers]) -> Row:
    """Of a figure about one side: first averaged within each relationship."""
    counted = [
        [by is side and point in ("", f"_{at}") for (by, at), many in answers.items() for _ in range(many)]
        for answers in drawn
    ]
    about = sum(map(any, counted))
    return [[Fraction(each, sum(part) * about) if each else Fraction(0) for each in part] for part in counted]


def rows_of(told: ProgrammeReport, drawn: Sequence[Answers]) -> list[Row]:
    """Of every figure that is told."""
    rows = []
    for point in POINTS:
        sides = {power: row_of(side, point, drawn) for side, power in SIDES.items()}
        both = [
            [sum(each, Fraction(0)) / 2 for each in zip(*parts, strict=True)]
            for parts in zip(*sides.values(), strict=True)
        ]
        rows += [row for key, row in {"": both, **sides}.items() if told.value(f"pulse_heard{point}{key}") is not None]
    return rows


def rank(rows: Sequence[Sequence[Fraction]]) -> int:
    """Of a matrix."""
    left, found = [list(row) for row in rows], 0
    for column in range(len(left[0]) if left else 0):
        if pivot := next((row for row in left if row[column]), None):
            left = [
                [value - row[column] / pivot[column] * of_pivot for value, of_pivot in zip(row, pivot, strict=True)]
                for row in left
                if row is not pivot
            ]
            found += 1
    return found


@settings(max_examples=150, deadline=None)
@generated(
    st.lists(
        st.fixed_dictionaries(
            {
                (by, at): st.integers(0, 2 if at is SESSION else 1)
                for by in (JUNIOR, SENIOR)
                for at in (SESSION, DAY_30, MID)
            }
        ),
        max_size=9,
    )
)
def test_no_few_can_be_computed_from_pulses(good: Record, drawn: list[Answers]) -> None:
    """However a reader weighs and adds the told means, at least three relationships stay in it, or none.

    Means are sums with weights. One that is only about two would vanish outside of them: the rows, cut to the others,
    would depend on each other more than the whole rows do.
    """
    said = [[pulse for (by, at), many in each.items() for pulse in heard(by, *[7] * many, at=at)] for each in drawn]
    rows = rows_of(told_of(pulsed(good, *said), threshold=3), drawn)
    whole = rank([list(chain(*row)) for row in rows])
    for few in combinations(range(len(drawn)), 2):
        assert rank([[v for n, part in enumerate(row) if n not in few for v in part] for row in rows]) == whole, few


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
