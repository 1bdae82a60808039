"""What may stand in a text that people write."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.wording import first_problem, text_problem

LIMIT = 40


@pytest.mark.parametrize(
    "text", ["Perché no?", "“Quoted” – dashed…", "日本語", "👩🏽‍💻 yes", "one\ntwo\tthree", "x" * LIMIT]
)
def test_plain_text_of_any_language_is_taken(text: str) -> None:
    """Accents, quotes, emoji, line breaks and tabs are text."""
    assert text_problem(text, LIMIT, "words") is None


@pytest.mark.parametrize("text", ["", " ", "\n\t \u2003"])
def test_nothing_is_not_a_text(text: str) -> None:
    """Blank is empty, and the sentence says which text."""
    assert text_problem(text, LIMIT, "words") == Rejection(Refusal.TEXT_EMPTY, "words")


@pytest.mark.parametrize("text", ["one\ntwo", "one\r\nBcc: evil@x.example"], ids=ascii)
def test_a_line_is_one_line(text: str) -> None:
    """Titles, points and topics stand in lists and subjects: a break in them is refused."""
    assert text_problem(text, LIMIT, "title", one_line=True) == Rejection(Refusal.TEXT_UNREADABLE)


UNREADABLE = ["\x00", "\x1b[31m", "\u202egnp.exe", "\u2066", "\u2069", "\ud800", "\u2028", "\u2029", "\x85"]


@pytest.mark.parametrize("text", UNREADABLE, ids=ascii)
def test_what_cannot_be_shown_is_refused(text: str) -> None:
    """Controls, lone surrogates, separators and direction overrides break whatever shows them."""
    assert text_problem(f"fine {text}", LIMIT, "words") == Rejection(Refusal.TEXT_UNREADABLE)


def test_length_is_judged_first() -> None:
    """Nothing long is looked at closely, and the sentence names the limit and never the text."""
    assert text_problem("\x00" * (LIMIT + 1), LIMIT, "words") == Rejection(Refusal.TEXT_TOO_LONG, str(LIMIT))


@settings(deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=LIMIT))
def test_taken_text_can_be_encoded_and_printed(text: str) -> None:
    """Whatever is taken survives UTF-8 and holds no control character but layout."""
    if text_problem(text, LIMIT, "words") is None:
        assert text.encode().decode() == text
        assert not any(unicodedata.bidirectional(each) in {"RLO", "LRO", "RLE", "LRE", "PDF"} for each in text)


def test_a_list_of_texts_is_judged_one_by_one() -> None:
    """Too many are refused before any is read; else the first problem counts."""
    assert first_problem(("a", "b", "c"), LIMIT, "points", at_most=2) == Rejection(Refusal.TOO_MANY, "2")
    assert first_problem(("a", " "), LIMIT, "points", at_most=2) == Rejection(Refusal.TEXT_EMPTY, "points")
    assert first_problem(("a", "b"), LIMIT, "points", at_most=2) is None
    assert first_problem((), LIMIT, "points", at_most=2) is None
