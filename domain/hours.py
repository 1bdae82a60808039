"""An hour at which something becomes true by itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mentoring_lifecycle.domain.draft import Draft


class Coming(StrEnum):
    """What an hour brings, in words for everybody with access to the operator's pages: none tells of trouble.

    A pause and the days after somebody is said to have left have one word; so has all that the programme team is asked.
    """

    REMINDER = "reminder"
    ANSWER = "end of the time to answer"
    TEAM = "the programme team's clock"
    SESSION_REMINDER = "reminder of the session"
    SESSION = "session"
    SESSION_QUESTION = "question whether the session took place"
    PAUSE = "look at the pause"
    HOLD = "look at the hold"
    SILENCE = "look at a long silence"
    ADDRESS = "another try at an address"
    CLOSING = "notice of the end"
    END = "last day"
    CLOSE = "close"
    RETRY = "another try"
    """At a peer or a database that was away."""


@dataclass(frozen=True, slots=True)
class Hour:
    """An instant (UTC) and what is to be decided when it strikes. Striking always removes the hour from the state."""

    at: datetime
    what: Coming
    strike: Callable[[Draft, datetime], None]
