"""While a hold stands or a case is open, letters say sentences of the catalogue, and nothing that a person wrote."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring_lifecycle.domain.cases.consequences import letters_of
from mentoring_lifecycle.domain.effects import Facts
from mentoring_lifecycle.domain.events import CancelReason
from mentoring_lifecycle.domain.letters import MANNERS, LetterKind
from mentoring_lifecycle.domain.people import Party
from tests.case_builders import CLOSED, DAY, LivedCase
from tests.letters.conftest import ALL_FACTS, Desk

LOCALES = ("en", "it")
OF_A_CASE = (LetterKind.CASE_RECEIVED, LetterKind.MATTER_WAITING, LetterKind.MATTER_AGAIN)
OF_A_HOLD = (LetterKind.ON_HOLD, LetterKind.HOLD_NOTE, LetterKind.SESSION_CANCELLED)
"""To the pair, to the coordinator, and to both about what was planned."""

WORDS = st.text(st.characters(codec="utf-8"), min_size=12, max_size=80)


def written(desk: Desk, kind: LetterKind, locale: str, words: str, **names: Any) -> tuple[str, str, str]:
    """The letter, with words of a person everywhere that a person may write."""
    facts = replace(
        ALL_FACTS, topic=CancelReason.ON_HOLD, goals=(words,), agenda=(words,), rules=(("R16", words), ("R12", words))
    )
    found = desk.write(kind, locale, facts=facts, **names)
    return found.subject, found.text, found.html


@pytest.mark.parametrize("kind", [*OF_A_CASE, *OF_A_HOLD])
@pytest.mark.parametrize("locale", LOCALES)
@settings(max_examples=20)
@given(words=WORDS)
def test_what_a_person_wrote_changes_no_letter(desk: Desk, kind: LetterKind, locale: str, words: str) -> None:
    """Goals, agenda and rules may say what they like: subject, text and page are the same."""
    assert written(desk, kind, locale, words) == written(desk, kind, locale, "Something quite different")


@pytest.mark.parametrize("kind", [*OF_A_CASE, LetterKind.ON_HOLD, LetterKind.SESSION_CANCELLED])
@pytest.mark.parametrize("locale", LOCALES)
def test_no_name_of_anybody_else_is_in_it(desk: Desk, kind: LetterKind, locale: str) -> None:
    """Not even one that looks like markup or another line."""
    plain = written(desk, kind, locale, "words", partner_name="Anna Bianchi", concerned_name="Luca Verdi")
    for odd in ("<b>Anna</b>", "Anna\u202e", "{{ Anna }}", "Anna %(reference)s"):
        assert written(desk, kind, locale, "words", partner_name=odd, concerned_name=odd) == plain


@pytest.mark.parametrize("locale", LOCALES)
def test_words_would_be_seen_where_they_are_shown(desk: Desk, locale: str) -> None:
    """An invitation to a session does show the agenda, so the tests above can fail."""
    kind = LetterKind.SESSION_INVITATION
    assert written(desk, kind, locale, "Pomegranate") != written(desk, kind, locale, "Quince")


def test_all_letters_of_a_case_carry_a_reference_and_nothing_else() -> None:
    """Over a whole life of one, with every clock run out: no fact that could hold a word, nor whom it is about."""
    silent = LivedCase().after(100 * DAY)
    lived = LivedCase().after(*CLOSED)
    letters = [letter for each in (silent, lived) for event in each.events for letter in letters_of(event, each.state)]
    assert {letter.purpose for letter in letters} == set(OF_A_CASE)
    for letter in letters:
        assert letter.facts == Facts(occurrence="c-1")
        assert letter.party is Party.SAFEGUARDING
        assert MANNERS[letter.purpose].passes_hold
