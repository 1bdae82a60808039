"""Relationships in known states, for an operator to look at."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from mentoring_lifecycle.domain.commands import Matter
from tests.workflows.life import (
    MENTEE,
    MENTOR,
    UNDER_WAY,
    Life,
    Past,
    Rig,
    both_accepted,
    both_confirmed,
    both_looked_back,
    both_signed,
    end_reached,
    session_over,
    sessions_held,
)


async def _two_weeks_less_a_day(life: Life) -> None:
    await life.days(13)


async def _three_weeks(life: Life) -> None:
    await life.days(21)


async def _paused(life: Life) -> None:
    await life.on.pause(by=MENTOR, until=await life.now() + timedelta(weeks=3))


async def _held(life: Life) -> None:
    await life.on.hold()


async def _asked(life: Life) -> None:
    await life.on.ask_coordinator(by=MENTEE, matter=Matter.ROLE_STRUGGLE, words="He corrects me.")


@dataclass(frozen=True)
class Story:
    """What a relationship has been through, and what a list of relationships is to show of it."""

    past: Sequence[Past]
    phase: str
    standing: str
    health: str
    awaiting: tuple[str, ...]
    """Any of these: between the two of the pair, the list may be older than the last answer."""
    programme: str = "reverse-2027"

    @property
    def is_running(self) -> bool:
        """It has not been closed."""
        return self.phase != "closed"


_PAIR = ("mentor", "mentee", "both")

STORIES: dict[str, Story] = {
    "r-101": Story((), "onboarding", "normal", "waiting", _PAIR),
    "r-102": Story((_two_weeks_less_a_day,), "onboarding", "normal", "overdue", _PAIR),
    "r-103": Story((both_accepted,), "ground_rules", "normal", "waiting", _PAIR),
    "r-104": Story((both_accepted, _three_weeks), "ground_rules", "normal", "attention", ("coordinator",)),
    "r-105": Story((both_accepted, both_signed), "goals", "normal", "waiting", _PAIR),
    "r-106": Story(UNDER_WAY, "active", "normal", "ok", ("nobody",)),
    "r-107": Story((*UNDER_WAY, session_over), "active", "normal", "waiting", _PAIR),
    "r-108": Story((*UNDER_WAY, _paused), "active", "paused", "ok", ("nobody",)),
    "r-109": Story((*UNDER_WAY, _held), "active", "on_hold", "ok", ("coordinator",)),
    "r-110": Story((*UNDER_WAY, _asked), "active", "normal", "attention", ("coordinator",), "both-ways"),
    "r-111": Story((*UNDER_WAY, _asked, _held), "active", "on_hold", "attention", ("coordinator",), "both-ways"),
    "r-112": Story((*UNDER_WAY, sessions_held(3), end_reached), "closing", "normal", "waiting", _PAIR),
    "r-113": Story(
        (*UNDER_WAY, sessions_held(3), end_reached, both_looked_back), "closed", "normal", "ok", ("nobody",)
    ),
    "r-114": Story((*UNDER_WAY, session_over, both_confirmed), "active", "normal", "ok", ("nobody",), "both-ways"),
}


async def lived(rig: Rig) -> dict[str, Life]:
    """All of them, each with a clock of its own."""
    lives = await asyncio.gather(
        *(
            rig.life(*story.past, relationship=relationship, programme=story.programme)
            for relationship, story in STORIES.items()
        )
    )
    return dict(zip(STORIES, lives, strict=True))
