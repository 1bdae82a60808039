"""The message catalogues are complete, compiled and in step with the templates."""

import re
from io import BytesIO

import pytest
from babel.messages import Catalog
from babel.messages.mofile import read_mo, write_mo

from mentoring_lifecycle.letters import catalogues

pytestmark = pytest.mark.parametrize("locale", catalogues.LOCALES)

Sentences = dict[tuple[str, ...], tuple[str, ...]]
AFTER_AN_EDIT = "run `python -m mentoring_lifecycle.letters.catalogues`"


def sentences(catalog: Catalog) -> Sentences:
    return {flat(message.id): flat(message.string) for message in catalog if message.id}


def flat(string: object) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string)  # type: ignore[arg-type]  # str or a tuple of str


def test_in_step_with_the_templates(locale: str) -> None:
    """The catalogue has exactly the messages that are used."""
    assert sentences(catalogues.kept(locale)) == sentences(catalogues.updated(locale)), AFTER_AN_EDIT


def test_compiled(locale: str) -> None:
    """The compiled file says what a fresh compilation says."""
    fresh = BytesIO()
    write_mo(fresh, catalogues.kept(locale))
    fresh.seek(0)
    with catalogues._path(locale, "mo").open("rb") as committed:
        assert sentences(read_mo(committed)) == sentences(read_mo(fresh)), AFTER_AN_EDIT


def test_every_message_is_translated(locale: str) -> None:
    """No message and no plural form is left empty, none is unsure, and every placeholder is kept."""
    catalog = catalogues.kept(locale)
    for message in catalog:
        if message.id:
            forms = flat(message.string)
            assert len(forms) == (catalog.num_plurals if message.pluralizable else 1)
            assert all(form.strip() for form in forms), message.id
            assert not message.fuzzy, message.id
    assert [(message.id, errors) for message, errors in catalog.check()] == []


def test_translations_are_translations(locale: str) -> None:
    """English says what the templates say; every other language says it in its own words."""
    known = sentences(catalogues.kept(locale))
    same = {original for original, translated in known.items() if original == translated}
    assert same == (set(known) if locale == catalogues.SOURCE_LOCALE else set())


def test_tone(locale: str) -> None:
    """No exclamation, no word that gives a case away, and in Italian no ending that guesses at a gender."""
    never = {
        "en": r"!|\breport|\bcase\b",
        "it": r"!|segnalazion|\bcaso\b|\bpartner|/[aieo]\b|\*|ə|benvenut|\b(il|al|del|dal) referente",
    }[locale]
    for forms in sentences(catalogues.kept(locale)).values():
        for form in forms:
            words = re.sub(r"%\(\w+\)s", "", form)
            assert not re.search(never, words, re.IGNORECASE), form
