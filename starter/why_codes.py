"""Why operators do what they do, as codes for the audit."""

from enum import StrEnum


class Why(StrEnum):
    """Why an operator does something. None of these is about a person: what is, has no place in this book."""

    OUTAGE = "outage"
    MAINTENANCE = "maintenance"
    PROGRAMME_BREAK = "programme_break"
    SEEN_AT_PEER = "seen_at_peer"
    """The mail or calendar server shows it."""
    NOT_SEEN_AT_PEER = "not_seen_at_peer"
    ASKED_FOR = "asked_for"
    """By the programme team."""
    DRILL = "drill"
