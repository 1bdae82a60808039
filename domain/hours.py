"""An hour at which something becomes true by itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mentoring_lifecycle.domain.draft import Draft


@dataclass(frozen=True, slots=True)
class Hour:
    """An instant (UTC) and what is to be decided when it strikes. Striking always removes the hour from the state."""

    at: datetime
    strike: Callable[[Draft, datetime], None]
