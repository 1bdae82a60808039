"""The message catalogues. `python -m mentoring_lifecycle.letters.catalogues` brings them up to date after an edit.

English is the language of the templates, so `en` translates each message by itself. Every other catalogue keeps
its translations and gains the new messages untranslated; letters fall back to English there.
"""

from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from babel.support import Translations

SOURCE_LOCALE = "en"
LOCALES = (SOURCE_LOCALE, "it")
TERRITORIES = {"en": "GB", "it": "IT"}
"""Whose habits dates follow."""
DOMAIN = "letters"

_HERE = Path(__file__).parent
_FOLDER = _HERE / "locale"
_EXTRACTORS = [("**.jinja", "jinja2.ext:babel_extract"), ("**.py", "python")]
_JINJA = {"extensions": "jinja2.ext.i18n", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}


def translations(locale: str) -> Translations:
    """The compiled catalogue of one of LOCALES."""
    with _path(locale, "mo").open("rb") as compiled:
        return Translations(compiled, DOMAIN)


def gathered() -> Catalog:
    """Every message that the templates and modules of this package use."""
    catalog = Catalog(domain=DOMAIN)
    for file, _, message, comments, context in extract_from_dir(
        _HERE, _EXTRACTORS, {"**.jinja": _JINJA}, comment_tags=("Translators:",), strip_comment_tags=True
    ):
        catalog.add(message, None, [(file, 1)], auto_comments=comments, context=context)
    return catalog


def kept(locale: str) -> Catalog:
    """The catalogue of one locale as its .po file has it."""
    with _path(locale, "po").open("rb") as source:
        return read_po(source, locale, DOMAIN)


def updated(locale: str) -> Catalog:
    """The kept catalogue with exactly the gathered messages."""
    catalog = kept(locale)
    catalog.update(gathered(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    if locale == SOURCE_LOCALE:
        for message in catalog:
            message.string = message.id if message.id else message.string
    return catalog


def update() -> None:
    """Write the .po and .mo file of every locale."""
    for locale in LOCALES:
        catalog = updated(locale)
        with _path(locale, "po").open("wb") as source:
            write_po(source, catalog, width=0, sort_by_file=True, include_lineno=False)
        with _path(locale, "mo").open("wb") as compiled:
            write_mo(compiled, catalog)


def _path(locale: str, suffix: str) -> Path:
    return _FOLDER / locale / "LC_MESSAGES" / f"{DOMAIN}.{suffix}"


if __name__ == "__main__":
    update()
