"""After a peer was away for long: what a reader has missed comes as one letter, and what has been overtaken not at all.

The letters that wait stay in the outbox one by one, so that each is still asked whether it is wanted; they travel
together, and what becomes of the one letter becomes of all.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from mentoring_lifecycle.domain.effects import Facts, Gathered, Letter
from mentoring_lifecycle.domain.letters import MANNERS, CalendarMethod, LetterKind
from mentoring_lifecycle.domain.people import PAIR

LATE_AFTER = timedelta(days=1)
"""A letter that has waited so long is late: its reader has been without news, and several come at once."""

_SERIES: tuple[frozenset[LetterKind], ...] = (
    frozenset({LetterKind.PAUSED, LetterKind.RESUMED, LetterKind.ON_HOLD, LetterKind.HOLD_LIFTED}),
    frozenset({LetterKind.HELP_REMINDER, LetterKind.HELP_OVERDUE}),
    frozenset({LetterKind.HELP_PASSED_ON}),
    frozenset({LetterKind.CHANGES_NOTED}),
    frozenset({LetterKind.TIMES_ANSWERED}),
)
"""Letters of which the last one says all that is still true."""

_ALONE = frozenset(
    {LetterKind.INVITATION, LetterKind.RULES_TO_SIGN, LetterKind.NOT_STARTED, LetterKind.FAREWELL, LetterKind.CATCH_UP}
)
"""A line would not do: a first word, a last word, and what is to be signed, word for word."""


def is_late(letter: Letter, now: datetime) -> bool:
    """It should have left long ago."""
    return now - letter.decided_at >= LATE_AFTER


def overtaken(waiting: Sequence[Letter]) -> tuple[Letter, ...]:
    """Letters of which a later one to the same reader says more. In the order in which they were decided."""
    return tuple(letter for place, letter in enumerate(waiting) if _is_overtaken(letter, waiting[place + 1 :]))


def _is_overtaken(letter: Letter, later: Sequence[Letter]) -> bool:
    series = next((kinds for kinds in _SERIES if letter.purpose in kinds), None)
    return series is not None and any(
        other.purpose in series and other.to == letter.to and _same_matter(other, letter) for other in later
    )


def _same_matter(one: Letter, other: Letter) -> bool:
    """Stops follow each other; other letters are about one call for help or one session."""
    return one.purpose in _SERIES[0] or one.facts.occurrence == other.facts.occurrence


def gathered(late: Sequence[Letter], now: datetime) -> tuple[Letter, tuple[Letter, ...]] | None:
    """One letter for several late ones to the same reader, and which these are; None where each goes by itself."""
    parts = tuple(letter for letter in late if may_be_gathered(letter, now))
    if len(parts) < 2 or len({letter.to for letter in parts}) > 1:
        return None
    first = parts[0]
    key = sha256("\n".join(letter.key for letter in parts).encode()).hexdigest()[:16]
    one = Letter(
        key=f"{first.key.partition('/')[0]}/-/{LetterKind.CATCH_UP}/{first.party}/{key}",
        purpose=LetterKind.CATCH_UP,
        to=first.to,
        party=first.party,
        decided_at=max(letter.decided_at for letter in parts),
        not_after=min(letter.not_after for letter in parts),
        facts=Facts(partner=first.facts.partner, zone=first.facts.zone, leads=first.facts.leads),
        gathers=tuple(_line(letter) for letter in parts),
    )
    return one, parts


def may_be_gathered(letter: Letter, now: datetime) -> bool:
    """To one of the pair, without a calendar part, not one that must stand by itself, and not past its time."""
    manners = MANNERS[letter.purpose]
    plain = manners.calendar is CalendarMethod.NONE and not manners.passes_hold and letter.purpose not in _ALONE
    return plain and letter.party in PAIR and is_late(letter, now) and letter.not_after > now


def _line(letter: Letter) -> Gathered:
    facts = letter.facts
    return Gathered(letter.key, letter.purpose, facts.occurrence, facts.session, facts.final_session, facts.topic)
