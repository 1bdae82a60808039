"""What whoever reported and the handler write to each other, for as long as the case lives.

The words rest beside the state. Each side has a room of its own, so that neither can leave the other without any.
"""

from datetime import datetime

from mentoring_lifecycle.domain.cases import assignment
from mentoring_lifecycle.domain.cases import commands as c
from mentoring_lifecycle.domain.cases import events as e
from mentoring_lifecycle.domain.cases.attachments import attachments_problem, kept_bytes
from mentoring_lifecycle.domain.cases.draft import CaseDraft
from mentoring_lifecycle.domain.cases.state import CaseState, Written
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.wording import WORDS_LIMIT, text_problem

MOST_MESSAGES = 100
MOST_BYTES = 100_000
"""Of one side, over all its messages; both rooms together travel in one payload from run to run."""


def write_as_reporter(draft: CaseDraft, command: c.WriteAsReporter, now: datetime) -> Rejection | None:
    """Who has the case is told once, and not again until it was read."""
    state, size = draft.state, _size(command)
    if problem := _problem(command, state.from_reporter, size):
        return problem
    told = "" if state.unread else _reachable(state)
    draft.add(e.ReporterWrote(now, state.from_reporter.messages + 1, size, told))
    return None


def write_as_handler(draft: CaseDraft, command: c.WriteAsHandler, now: datetime) -> Rejection | None:
    """Nobody is told: whoever reported looks for it when they choose."""
    state, size = draft.state, _size(command)
    if problem := _problem(command, state.from_handlers, size):
        return problem
    draft.add(e.HandlerWrote(now, command.by, state.from_handlers.messages + 1, size))
    return None


def note_messages(draft: CaseDraft, command: c.NoteMessages, now: datetime) -> Rejection | None:
    """Read by who has it; without anything unread nothing happens."""
    if draft.state.unread:
        draft.add(e.MessagesNoted(now, command.by))
    return None


def _reachable(state: CaseState) -> str:
    return assignment.another_than(state, state.unreached) if state.handler in state.unreached else state.handler


def _size(command: c.Writing) -> int:
    return len(command.words.encode("utf-8", "surrogatepass")) + kept_bytes(command.attachments)


def _problem(command: c.Writing, room: Written, size: int) -> Rejection | None:
    problem = text_problem(command.words, WORDS_LIMIT, "words") or attachments_problem(command.attachments)
    is_full = room.messages >= MOST_MESSAGES or room.size + size > MOST_BYTES
    return problem or (Rejection(Refusal.NO_ROOM_FOR_MESSAGE, str(MOST_MESSAGES)) if is_full else None)
