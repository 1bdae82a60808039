"""Action links: a URL template of the host's own tool, filled for one reader."""

from string import Formatter
from urllib.parse import quote, urlsplit

from mentoring_lifecycle.domain.letters import Action
from mentoring_lifecycle.gateways.loopback import is_loopback

PLACEHOLDERS = ("action", "relationship", "occurrence", "person")


class UnusableTemplate(ValueError):
    """The template can make no safe link; the message says what to write instead."""


class TemplateLinks:
    """Fills `{action}`, `{relationship}`, `{occurrence}` and `{person}` of a template, percent-encoded.

    Raises UnusableTemplate at construction: links are https (http on this computer only), their host is fixed, and
    no other placeholder is known.
    """

    def __init__(self, template: str) -> None:
        _check_placeholders(template)
        _check_address(template)
        self._template = template

    def link(self, action: Action, *, relationship: str, occurrence: str, person: str) -> str:
        """The URL by which this person acts; the same arguments always give the same one."""
        values = {"action": action.value, "relationship": relationship, "occurrence": occurrence, "person": person}
        return self._template.format_map({name: quote(value, safe="") for name, value in values.items()})


def _check_placeholders(template: str) -> None:
    try:
        fields = [field for field in Formatter().parse(template) if field[1] is not None]
    except ValueError:
        raise UnusableTemplate("The action link template has an unpaired brace.") from None
    for _, name, form, conversion in fields:
        if name not in PLACEHOLDERS or form or conversion:
            known = ", ".join(f"{{{placeholder}}}" for placeholder in PLACEHOLDERS)
            raise UnusableTemplate(f"The action link template has an unknown placeholder; it may use {known}.")


def _check_address(template: str) -> None:
    try:
        address = urlsplit(template)
        host = address.hostname or ""
    except ValueError:
        raise UnusableTemplate("The action link template is no web address.") from None
    if not host or set("{}@") & set(address.netloc) or any(sign.isspace() for sign in template):
        raise UnusableTemplate("The action link template must name a fixed host, as in https://tool.example.org/...")
    if address.scheme != "https" and not (address.scheme == "http" and is_loopback(host)):
        raise UnusableTemplate("The action link template must start with https:// (http:// on this computer only).")
