"""What may stand in a text that people write: bounded, printable, plain."""

import unicodedata

from mentoring_lifecycle.domain.rejections import Refusal, Rejection

TITLE_LIMIT = 200
WORDS_LIMIT = 4_000
_LAYOUT = {"\n", "\t"}
_BIDI_CONTROLS = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def text_problem(text: str, limit: int, name: str, *, may_be_empty: bool = False) -> Rejection | None:
    """Why a text cannot be taken, or None. The length is judged first: nothing long is ever looked at closely."""
    if len(text) > limit:
        return Rejection(Refusal.TEXT_TOO_LONG, str(limit))
    if not text.strip() and not may_be_empty:
        return Rejection(Refusal.TEXT_EMPTY, name)
    if any(_cannot_be_shown(character) for character in text):
        return Rejection(Refusal.TEXT_UNREADABLE)
    return None


def _cannot_be_shown(character: str) -> bool:
    # Cs: lone surrogates break every encoder further on; bidi controls make a text read other than it is.
    if character in _LAYOUT:
        return False
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in _BIDI_CONTROLS


def first_problem(texts: tuple[str, ...], limit: int, name: str, *, at_most: int) -> Rejection | None:
    """The same for a short list of texts."""
    if len(texts) > at_most:
        return Rejection(Refusal.TOO_MANY, str(at_most))
    return next((problem for text in texts if (problem := text_problem(text, limit, name))), None)
