"""What an operator sees of a relationship without opening a payload: search attributes and current details."""

from datetime import datetime
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.domain.events import Phase, Subject
from mentoring_lifecycle.domain.hours import Coming
from mentoring_lifecycle.domain.outlook import (
    PRIVATE,
    Awaiting,
    Due,
    awaited_since,
    awaiting,
    health,
    next_due,
    what_is_due,
)
from mentoring_lifecycle.domain.people import PAIR
from mentoring_lifecycle.domain.relationship import Ask, Relationship


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


def current_details(
    state: Relationship, waiting_effects: int, hour: tuple[datetime, Coming] | None = None, *, has_left: bool = False
) -> str:
    """Markdown for the page of one relationship: where it is, who is awaited, what is due, and what happens then.

    Roles and dates; no person, no words of anybody, and of what is between people only that something is asked.
    """
    lines = [
        f"**Phase** {state.phase} · **standing** {state.standing} · **health** {health(state)}",
        f"**Awaiting** {_turn_in_words(state)}",
        *_questions(state),
        f"**Next due** {_due_in_words(state)}",
        *([f"**Next hour** {_day_of(hour[0])}: {hour[1]}"] if hour else []),
        (
            f"**Sessions** {state.sessions_held} held of {state.sessions_planned}"
            f" · **rules** {f'version {state.rules_version}' if state.rules_version else 'none yet'}"
            f" · **goals** {len(state.agreed_goals)}"
        ),
        f"**Programme** {state.programme} · **began** {_day_of(state.opened_at)} · **ends** {_day_of(state.ends_at)}"
        + (f" · **outcome** {state.outcome}" if state.outcome else ""),
    ]
    if state.failed_addresses and not state.is_closed:
        lines.append(f"**Mail fails** to the {' and the '.join(state.failed_addresses)}")
    if waiting_effects:
        lines.append(f"**Waiting to be delivered** {waiting_effects}")
    if has_left:
        lines.append("**Moved** to another installation; this is how it left")
    return "\n\n".join(lines)


def _turn_in_words(state: Relationship) -> str:
    turn, since = awaiting(state), awaited_since(state)
    said = f"{turn} since {_day_of(since)}" if since and turn is not Awaiting.NOBODY else f"{turn}"
    if state.is_closed:
        return said
    if state.held:
        return f"{said}, to lift the hold"
    if state.is_ending:
        return f"{said}; calendars are cleared, then it closes"
    if turn is Awaiting.COORDINATOR:
        return f"{said}, for something that only the programme team can do"
    return f"{said}; paused since {_day_of(since)}" if state.is_paused else said


def _questions(state: Relationship) -> list[str]:
    """What is asked of the two, as one list; nothing while they stand still."""
    asked = [_question_in_words(ask) for ask in state.asks if ask.of in PAIR] if state.moves else []
    return ["\n".join(f"- {each}" for each in asked)] if asked else []


def _question_in_words(ask: Ask) -> str:
    rungs = ask.reminded + len(ask.remind_at)
    reminded = f", reminded {ask.reminded} of {rungs} times" if rungs else ""
    what = "a question" if ask.subject in PRIVATE else _ASKED[ask.subject].format(number=ask.number)
    return f"{ask.of}: {what}, since {_day_of(ask.asked_at)}{reminded}, until {_day_of(ask.expires_at)}"


def _due_in_words(state: Relationship) -> str:
    due = what_is_due(state)
    return f"{_day_of(due.at)}: {_then(state, due)}" if due else "nothing"


def _then(state: Relationship, due: Due) -> str:
    if due.what is Coming.END and state.phase is Phase.ONBOARDING:
        return f"the last day, {_EXPIRES}"
    if due.subject:
        return f"the time to answer is over, {_after_silence(state, due.subject)}"
    return _THEN[due.what].format(session=due.session)


def _after_silence(state: Relationship, subject: Subject) -> str:
    if subject is Subject.RULES and state.phase is not Phase.GROUND_RULES:
        return "the rules in force stay"
    return "the question closes by itself" if subject in PRIVATE else _AFTER_SILENCE[subject]


_ASKED = {
    Subject.INVITATION: "an answer to the invitation",
    Subject.INDUCTION: "the guide to be read",
    Subject.RULES: "a signature of the ground rules",
    Subject.GOALS: "goals to be proposed or agreed to",
    Subject.BOOKING: "a time for session {number}",
    Subject.TIMES: "an answer to other times for session {number}",
    Subject.CALENDAR: "whether a change in the calendar was meant",
    Subject.SESSION: "whether session {number} took place",
    Subject.FINAL_FEEDBACK: "a look back",
}

_EXPIRES = "it ends as expired"

_AFTER_SILENCE = {
    Subject.INVITATION: _EXPIRES,
    Subject.INDUCTION: _EXPIRES,
    Subject.RULES: "the programme team decides",
    Subject.GOALS: "the programme team decides",
    Subject.BOOKING: "the time that was found is booked",
    Subject.TIMES: "the session stays where it is",
    Subject.CALENDAR: "the session stands",
    Subject.SESSION: "what was said until then counts",
    Subject.FINAL_FEEDBACK: "it closes without waiting any longer",
}

_THEN = {
    Coming.TEAM: "the programme team is late",
    Coming.HOLD: "the programme team is asked whether the hold is still meant",
    Coming.PAUSE: "it goes on by itself",
    Coming.SESSION: "session {session} begins, both are asked about it afterwards",
    Coming.END: "the last day, both are asked to look back",
    Coming.CLOSE: "it closes, whether or not every calendar has answered",
}


def _day_of(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"
