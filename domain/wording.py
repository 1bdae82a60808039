"""What may stand in a text that people write: bounded, printable, plain."""

import unicodedata

from mentoring_lifecycle.domain.rejections import Refusal, Rejection

TITLE_LIMIT = 200
WORDS_LIMIT = 2_000
_WITHIN_A_LINE = frozenset("\t")
_LAYOUT = frozenset("\n\r\t")
_BIDI_CONTROLS = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def text_problem(text: str, limit: int, name: str, *, one_line: bool = False) -> Rejection | None:
    """Why a text cannot be taken, or None. The length is judged first: nothing long is ever looked at closely."""
    if len(text) > limit:
        return Rejection(Refusal.TEXT_TOO_LONG, str(limit))
    if not text.strip():
        return Rejection(Refusal.TEXT_EMPTY, name)
    layout = _WITHIN_A_LINE if one_line else _LAYOUT
    if any(character not in layout and _cannot_be_shown(character) for character in text):
        return Rejection(Refusal.TEXT_UNREADABLE)
    return None


def _cannot_be_shown(character: str) -> bool:
    # Cs: lone surrogates break every encoder further on; bidi controls make a text read other than it is.
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in _BIDI_CONTROLS


def first_problem(texts: tuple[str, ...], limit: int, name: str, *, at_most: int) -> Rejection | None:
    """The same for a short list of lines."""
    if len(texts) > at_most:
        return Rejection(Refusal.TOO_MANY, str(at_most))
    return next((problem for text in texts if (problem := text_problem(text, limit, name, one_line=True))), None)
