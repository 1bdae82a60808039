"""A letter in its reader's language, on its way from the writer to a mail and a calendar entry."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """A letter in its reader's language."""

    subject: str
    text: str
    html: str
    calendar_title: str = ""
    """Neutral title of the calendar entry, for letters that carry one and for calendar effects."""
    calendar_description: str = ""
    """The local time in words and the link, as plain text."""
