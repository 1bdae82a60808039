"""One language: its templates for the text and the HTML part, and its dates."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from babel import Locale
from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mentoring_lifecycle.letters import catalogues
from mentoring_lifecycle.letters.local_time import LocalTime

_TEMPLATES = Path(__file__).parent / "templates"
_PARTS = ("p", "lines", "points", "timed_points", "numbered", "links")


class Language:
    """Renders templates in one of `catalogues.LOCALES`."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self.translations = catalogues.translations(locale)
        self.local_time = LocalTime(Locale(locale, catalogues.TERRITORIES[locale]), self.translations)
        self._text = _environment("text", self.translations)
        self._html = _environment("html", self.translations)

    def subject(self, template: str, facts: Mapping[str, object]) -> str:
        """The subject of a letter, on one line."""
        return " ".join(self._render(self._text, template, "_subject.text.jinja", facts).split())

    def text(self, template: str, facts: Mapping[str, object]) -> str:
        """The text part of a letter."""
        return self._render(self._text, template, "_letter.text.jinja", facts)

    def html(self, template: str, subject: str, facts: Mapping[str, object]) -> str:
        """The HTML part of a letter."""
        return self._render(self._html, template, "_letter.html.jinja", {**facts, "subject": subject})

    def body(self, template: str, facts: Mapping[str, object]) -> str:
        """The body alone, as text, without greeting or footer."""
        return self._render(self._text, template, "_body.text.jinja", facts)

    def _render(self, medium: Environment, template: str, layout: str, facts: Mapping[str, object]) -> str:
        rendered = medium.get_template(f"{template}.jinja").render(facts, layout=layout, locale=self.locale)
        return re.sub(r"\n{3,}", "\n\n", rendered).strip() + "\n"


def _environment(medium: str, translations: Translations) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=medium == "html",  # noqa: S701  # the text part is no markup: entities would show
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    extended: Any = environment  # the extension adds its installer at run time
    extended.install_gettext_translations(translations, newstyle=True)
    parts = environment.get_template(f"_parts.{medium}.jinja").module
    environment.globals.update({name: getattr(parts, name) for name in _PARTS})
    return environment
