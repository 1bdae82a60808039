"""Everything that crosses a wire, as it is written: what an earlier version wrote can be read, and as nothing else.

Where a change of the wire is meant, write the files anew with `python tests/contracts/test_golden_json.py` and look at
the difference: a running relationship still holds what is in them now.
"""

import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from pydantic import TypeAdapter

from mentoring_lifecycle.contracts import cases, deliveries, follow_up, inputs, moves, views
from mentoring_lifecycle.domain import commands, effects, events
from mentoring_lifecycle.domain.cases import commands as case_commands
from mentoring_lifecycle.domain.cases import events as case_events
from mentoring_lifecycle.domain.cases.audit import AuditMark

GOLDEN = Path(__file__).parent / "golden"
AT = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)

FAMILIES: dict[str, Iterable[type[Any]]] = {
    "commands": get_args(commands.Command),
    "reports": get_args(commands.Report),
    "events": get_args(events.Event),
    "effects": get_args(effects.Effect),
    "inputs": (inputs.StartRelationship, inputs.CarriedState),
    "moves": (moves.HandOver, moves.Departure, moves.MovedRelationship),
    "views": (
        views.RelationshipView,
        views.AgreementView,
        views.HelpView,
        views.DisputeView,
        views.OutsideView,
        views.ProgressView,
    ),
    "deliveries": (
        deliveries.LettersOrder,
        deliveries.CalendarOrder,
        deliveries.Deliveries,
        deliveries.SlotOrder,
        deliveries.SlotsFound,
        deliveries.JournalTail,
        deliveries.JournalKept,
    ),
    "cases": (
        cases.OpenCase,
        cases.CarriedCase,
        cases.Measure,
        cases.Applied,
        cases.CaseView,
        cases.InstantsOrder,
        cases.AuditTail,
        cases.AuditKept,
        AuditMark,
        follow_up.Proof,
        follow_up.FollowUp,
    ),
    "case_commands": get_args(case_commands.CaseCommand),
    "case_events": get_args(case_events.CaseEvent),
}

UNIONS: dict[str, Any] = {
    "commands": commands.Command,
    "reports": commands.Report,
    "events": events.Event,
    "effects": effects.Effect,
    "inputs": inputs.RelationshipInput,
    "case_commands": case_commands.CaseCommand,
    "case_events": case_events.CaseEvent,
}
"""Families whose members travel under one name and are told apart by their `kind`."""

PLAIN: dict[Any, Any] = {str: "text", int: 3, bool: True, datetime: AT, NoneType: None}


def sample_of(kind: Any) -> Any:
    """A value of a type with every field filled: no default may hide what is never written."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in PLAIN:
        return PLAIN[kind]
    if origin is Annotated:
        return sample_of(arguments[0])
    if origin is Literal:
        return arguments[0]
    if origin in (Union, UnionType):
        return sample_of(arguments[0])
    if origin is tuple:
        return tuple(sample_of(each) for each in arguments if each is not Ellipsis)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind, include_extras=True)
        return kind(**{field.name: sample_of(hints[field.name]) for field in fields(kind)})
    assert issubclass(kind, Enum), kind
    return next(iter(kind))


def written(kind: type[Any]) -> Any:
    return json.loads(TypeAdapter(kind).dump_json(sample_of(kind)))


def golden(family: str) -> dict[str, Any]:
    """What the file of a family holds, by class."""
    held: dict[str, Any] = json.loads((GOLDEN / f"{family}.json").read_text(encoding="utf-8"))
    return held


MEMBERS = [(family, kind) for family, kinds in FAMILIES.items() for kind in kinds]
every_member = pytest.mark.parametrize(("family", "kind"), MEMBERS, ids=lambda each: getattr(each, "__name__", each))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_class_has_its_golden_json(family: str) -> None:
    """No class is forgotten, and none is left over."""
    assert sorted(golden(family)) == sorted(kind.__name__ for kind in FAMILIES[family])


@every_member
def test_a_value_is_written_as_it_always_was(family: str, kind: type[Any]) -> None:
    """A renamed field, a dropped tag or another form of a date shows here before it strands a running relationship."""
    assert written(kind) == golden(family)[kind.__name__]


@every_member
def test_what_was_written_is_read_back(family: str, kind: type[Any]) -> None:
    """Equal, as the same class all the way down."""
    read = TypeAdapter(kind).validate_json(json.dumps(golden(family)[kind.__name__]))
    assert type(read) is kind
    assert read == sample_of(kind)


@pytest.mark.parametrize(("family", "kind"), [member for member in MEMBERS if member[0] in UNIONS])
def test_a_member_of_a_union_never_comes_back_as_another(family: str, kind: type[Any]) -> None:
    """Whoever reads only the union gets exactly what was written."""
    read = TypeAdapter(UNIONS[family]).validate_json(json.dumps(golden(family)[kind.__name__]))
    assert type(read) is kind
    assert read == sample_of(kind)


@pytest.mark.parametrize("kind", FAMILIES["effects"], ids=lambda kind: kind.__name__)
def test_a_waiting_effect_travels_as_what_it_is(kind: type[Any]) -> None:
    """An outbox handed to the next run holds the same effects."""
    pending = inputs.Pending(sample_of(kind), tries=2, not_before=AT)
    adapter = TypeAdapter(inputs.Pending)
    assert adapter.validate_json(adapter.dump_json(pending)) == pending


@pytest.mark.parametrize("family", UNIONS)
def test_tags_are_unique_within_a_family(family: str) -> None:
    """Two classes with one tag could be taken for each other."""
    tags = [each["kind"] for each in golden(family).values()]
    assert len(tags) == len(set(tags))


def test_a_field_that_is_added_later_may_be_missing() -> None:
    """What an earlier version wrote without the optional fields is read with their defaults."""
    carried = golden("inputs")["CarriedState"]
    older = {name: value for name, value in carried.items() if name in ("state", "schema", "kind")}
    read = TypeAdapter(inputs.CarriedState).validate_json(json.dumps(older))
    assert (read.outbox, read.tail, read.journaled, read.handled, read.timeline) == ((), (), 0, (), ())


def write_golden_files() -> None:
    """Write today's form of everything."""
    GOLDEN.mkdir(exist_ok=True)
    for family, kinds in FAMILIES.items():
        text = json.dumps({kind.__name__: written(kind) for kind in kinds}, indent=2, ensure_ascii=False)
        (GOLDEN / f"{family}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_golden_files()
