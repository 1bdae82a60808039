"""What an operator sees of a relationship without opening a payload: search attributes and current details."""

from datetime import datetime
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.domain.outlook import awaited_since, awaiting, health, next_due
from mentoring_lifecycle.domain.relationship import Relationship


def search_attributes(state: Relationship) -> TypedSearchAttributes:
    """All six, as they should be."""
    pairs: list[SearchAttributePair[str] | SearchAttributePair[datetime]] = [
        SearchAttributePair(names.PHASE, state.phase.value),
        SearchAttributePair(names.STANDING, state.standing.value),
        SearchAttributePair(names.HEALTH, health(state).value),
        SearchAttributePair(names.PROGRAMME, state.programme),
        SearchAttributePair(names.AWAITING, awaiting(state).value),
    ]
    if due := next_due(state):
        pairs.append(SearchAttributePair(names.NEXT_DUE_AT, due))
    return TypedSearchAttributes(pairs)


def changes(shown: TypedSearchAttributes, state: Relationship) -> list[SearchAttributeUpdate[Any]]:
    """What has to be written so that a list of relationships tells the truth.

    An upsert is one event however many attributes it writes, so nothing is written while only the finer points moved:
    who of the two has answered first, or the hour within a day.
    """
    wanted = search_attributes(state)
    if not any(_differs(shown, wanted, key) for key in (names.PHASE, names.STANDING, names.HEALTH)) and not (
        _turn(shown) != _turn(wanted) or _day(shown) != _day(wanted)
    ):
        return []
    due = wanted.get(names.NEXT_DUE_AT)
    return [
        names.PHASE.value_set(wanted[names.PHASE]),
        names.STANDING.value_set(wanted[names.STANDING]),
        names.HEALTH.value_set(wanted[names.HEALTH]),
        names.PROGRAMME.value_set(wanted[names.PROGRAMME]),
        names.AWAITING.value_set(wanted[names.AWAITING]),
        names.NEXT_DUE_AT.value_set(due) if due else names.NEXT_DUE_AT.value_unset(),
    ]


def _differs(shown: TypedSearchAttributes, wanted: TypedSearchAttributes, key: SearchAttributeKey[str]) -> bool:
    return shown.get(key) != wanted.get(key)


def _turn(attributes: TypedSearchAttributes) -> str | None:
    who = attributes.get(names.AWAITING)
    return "pair" if who in ("mentor", "mentee", "both") else who


def _day(attributes: TypedSearchAttributes) -> str | None:
    due = attributes.get(names.NEXT_DUE_AT)
    return due.date().isoformat() if due else None


def current_details(state: Relationship, waiting_effects: int) -> str:
    """A few lines of Markdown for the page of one relationship."""
    due, since = next_due(state), awaited_since(state)
    lines = [
        f"**Phase** {state.phase} · **standing** {state.standing} · **health** {health(state)}",
        f"**Awaiting** {awaiting(state)}" + (f" since {_day_of(since)}" if since else ""),
        f"**Next due** {_day_of(due)}" if due else "**Next due** nothing",
        (
            f"**Sessions** {state.sessions_held} held of {state.sessions_planned}"
            f" · **rules** version {state.rules_version} · **goals** {len(state.agreed_goals)}"
        ),
        f"**Ends** {_day_of(state.ends_at)}" + (f" · **outcome** {state.outcome}" if state.outcome else ""),
    ]
    if waiting_effects:
        lines.append(f"**Waiting to be delivered** {waiting_effects}")
    return "\n\n".join(lines)


def _day_of(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"
