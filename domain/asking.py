"""Questions and their ladders: asked once, reminded a few times, and never left open for ever."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mentoring_lifecycle.domain.draft import Draft
from mentoring_lifecycle.domain.events import Asked, DecisionTopic, Reminded, Subject, decision_number
from mentoring_lifecycle.domain.hours import Coming, Hour
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.policy import Ladder
from mentoring_lifecycle.domain.relationship import Ask, Relationship


def ask(draft: Draft, now: datetime, subject: Subject, of: Party, ladder: Ladder, number: int = 0) -> None:
    """Put a question to one party."""
    draft.add(Asked(now, subject, of, number, _reminders(now, ladder), now + timedelta(days=ladder.expires_after_days)))


def ask_both(draft: Draft, now: datetime, subject: Subject, ladder: Ladder, number: int = 0) -> None:
    """Put the same question to each of the pair."""
    for party in PAIR:
        ask(draft, now, subject, party, ladder, number)


def ask_within(draft: Draft, now: datetime, subject: Subject, of: Party, until: datetime, number: int) -> None:
    """Put a question that has few days: reminded once, half-way."""
    draft.add(Asked(now, subject, of, number, (now + (until - now) / 2,), until))


def ask_for_decision(draft: Draft, now: datetime, topic: DecisionTopic, party: Party | None = None) -> None:
    """Ask the coordinator what to do about a topic, unless that is being asked already."""
    number = decision_number(topic, party)
    if draft.state.ask(Subject.DECISION, Party.COORDINATOR, number):
        return
    ladder = draft.state.policy.decision
    expires_at = now + timedelta(days=ladder.expires_after_days)
    draft.add(Asked(now, Subject.DECISION, Party.COORDINATOR, number, _reminders(now, ladder), expires_at, topic))


def _reminders(now: datetime, ladder: Ladder) -> tuple[datetime, ...]:
    return tuple(now + timedelta(days=days) for days in ladder.remind_after_days)


def reminders(state: Relationship) -> Iterator[Hour]:
    """When somebody is to be reminded next."""
    for open_ask in state.asks:
        if open_ask.remind_at and state.clock_runs(open_ask.of):
            yield Hour(open_ask.remind_at[0], Coming.REMINDER, _Remind(open_ask))


class _Remind:
    """Reminds of one question; steps of the ladder that were slept through are skipped, not caught up with."""

    def __init__(self, open_ask: Ask) -> None:
        self._ask = open_ask

    def __call__(self, draft: Draft, now: datetime) -> None:
        skipped = sum(at <= now for at in self._ask.remind_at) - 1
        times = self._ask.reminded + 1 + skipped
        draft.add(Reminded(now, self._ask.subject, self._ask.of, self._ask.number, times, skipped))
