"""The shape of a log line: one event name, stable keys, opaque ids; usable where a workflow may not be disturbed."""

import logging
from typing import Any

import structlog
from structlog.typing import EventDict

PERSONAL = frozenset(
    {"name", "email", "mail", "address", "recipient", "attendee", "subject", "body", "text", "words", "note", "reason"}
)
LEFT_OUT = "[left out]"
_TAKEN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def without_personal_values(logger: object, method: str, event: EventDict) -> EventDict:
    """Leave out the value of every key that looks personal: `email`, `partner_name`, `hold_reason`."""
    return {key: LEFT_OUT if key.rpartition("_")[2] in PERSONAL else value for key, value in event.items()}


def log_lines(adapter: "logging.LoggerAdapter[logging.Logger]") -> structlog.stdlib.BoundLogger:
    """A structlog logger over one of the SDK's, so that replays log nothing twice and ids come along."""
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        adapter,
        processors=[without_personal_values, _with_free_keys, structlog.stdlib.render_to_log_kwargs],
        wrapper_class=structlog.stdlib.BoundLogger,
        context_class=dict,
        cache_logger_on_first_use=False,
    )
    return logger


def _with_free_keys(logger: object, method: str, event: EventDict) -> dict[str, Any]:
    # logging raises for a key that a LogRecord already has, and an error in a workflow's log line stops its task.
    return {f"{key}_" if key in _TAKEN else key: value for key, value in event.items()}
