"""The numbers of a programme: every one has bounds, and what does not fit together is said so."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from mentoring_lifecycle.domain.policy import RANGES, Help, Ladder, ProgrammePolicy, Sessions, is_wall_time, problems_of

DEFAULT = ProgrammePolicy()


def numbers_of(section: Any, prefix: str = "") -> list[str]:
    """Dotted paths of all whole numbers that stand by themselves."""
    paths = []
    for each in fields(section):
        value = getattr(section, each.name)
        if isinstance(value, int):
            paths.append(prefix + each.name)
        elif is_dataclass(value) and not isinstance(value, Ladder):
            paths += numbers_of(value, f"{prefix}{each.name}.")
    return paths


def changed(path: str, value: object) -> ProgrammePolicy:
    section, _, name = path.rpartition(".")
    if not section:
        return replace(DEFAULT, **{name: value})  # type: ignore[arg-type]  # the path names a field of this type
    return replace(DEFAULT, **{section: replace(getattr(DEFAULT, section), **{name: value})})


def complaints(policy: ProgrammePolicy) -> list[str]:
    return [problem.field for problem in problems_of(policy)]


def test_the_defaults_can_be_lived_by() -> None:
    """A programme that sets nothing has no problem."""
    assert problems_of(DEFAULT) == ()


def test_every_number_has_bounds() -> None:
    """No number is forgotten, and no bound is left over."""
    assert set(numbers_of(DEFAULT)) == set(RANGES)


@pytest.mark.parametrize("path", RANGES)
def test_a_number_outside_its_bounds_is_named(path: str) -> None:
    """One too few or one too many is a problem of exactly that number; the bounds themselves are not."""
    least, most = RANGES[path]
    for value in (least - 1, most + 1):
        (problem,) = [each for each in problems_of(changed(path, value)) if each.field == path][:1]
        assert problem.message == f"{value} is outside {least} to {most}"
    for value in (least, most):
        assert f"{value} is outside" not in " ".join(each.message for each in problems_of(changed(path, value)))


@pytest.mark.parametrize(
    "path",
    [
        *("invitation", "induction", "rules", "goals", "decision", "final_feedback"),
        *("sessions.question", "sessions.calendar_question"),
    ],
)
@pytest.mark.parametrize(
    ("ladder", "part"),
    [
        (Ladder((1, 2, 3, 4, 5), 20), "remind_after_days"),
        (Ladder((3, 3), 20), "remind_after_days"),
        (Ladder((7, 3), 20), "remind_after_days"),
        (Ladder((0,), 20), "remind_after_days"),
        (Ladder((-1,), 20), "remind_after_days"),
        (Ladder((7,), 7), "expires_after_days"),
        (Ladder((), 0), "expires_after_days"),
        (Ladder((7,), 91), "expires_after_days"),
    ],
)
def test_a_ladder_that_cannot_be_climbed_is_named(path: str, ladder: Ladder, part: str) -> None:
    """At most four rising steps, and an end after the last one within ninety days."""
    assert f"{path}.{part}" in complaints(changed(path, ladder))


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        (ProgrammePolicy(sessions=Sessions(planned=3, needed_for_completion=4)), "sessions.needed_for_completion"),
        (ProgrammePolicy(sessions=Sessions(planned=13, every_weeks=3)), "sessions.planned"),
        (
            ProgrammePolicy(sessions=Sessions(settle_after_days=8, question=Ladder((2,), 7))),
            "sessions.settle_after_days",
        ),
        (ProgrammePolicy(sessions=Sessions(wall_time="25:00")), "sessions.wall_time"),
        (ProgrammePolicy(friction=Help(0, 14)), "friction.take_up_working_days"),
    ],
)
def test_numbers_that_do_not_fit_together_are_named(policy: ProgrammePolicy, field: str) -> None:
    """What each alone allows and both together do not."""
    assert complaints(policy) == [field]


@pytest.mark.parametrize(("text", "is_time"), [
    ("00:00", True), ("23:59", True), ("09:30", True), ("24:00", False), ("9:30", False), ("09:60", False),
    ("0930", False), ("", False), ("²3:00", False), ("٠٩:٣٠", False), ("09:30:00", False), ("-1:00", False),
])  # fmt: skip
def test_a_time_of_day_is_written_in_one_way(text: str, is_time: bool) -> None:
    """Hours and minutes in ASCII digits, and nothing else."""
    assert is_wall_time(text) is is_time
