"""By which way a case may be acted on: people alone, in their own name."""

from mentoring_lifecycle.domain.authorisation import BY_PERSON, Channel
from mentoring_lifecycle.domain.rejections import Refusal, Rejection


def refused_on_the_way(channel: Channel) -> Rejection | None:
    """Neither mail, nor a machine, nor the office as one."""
    return None if channel in BY_PERSON else Rejection(Refusal.NOT_THIS_WAY, channel)
