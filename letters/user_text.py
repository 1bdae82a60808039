"""Text that people wrote, made fit to stand inside a letter."""

import unicodedata
from collections.abc import Iterable

NAME_LENGTH = 80
LINE_LENGTH = 200
MOST_LINES = 20

_JOINERS = "\u200c\u200d"
"""Invisible, yet part of the spelling in Persian, in Indic scripts and in emoji."""


def one_line(text: str, length: int = LINE_LENGTH) -> str:
    """The text on one line: no line breaks, control or direction characters, at most `length` characters."""
    visible = "".join(_shown(character) for character in unicodedata.normalize("NFC", text))
    line = " ".join(visible.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def lines(texts: Iterable[str]) -> tuple[str, ...]:
    """One line for each text that says anything, at most MOST_LINES."""
    return tuple(line for text in texts if (line := one_line(text)))[:MOST_LINES]


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cc":
        return " "
    return "" if category in ("Cf", "Cs") and character not in _JOINERS else character
