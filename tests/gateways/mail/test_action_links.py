"""Action links: filled safely, and refused early where they could not be."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring_lifecycle.domain.letters import Action
from mentoring_lifecycle.gateways.action_links import TemplateLinks, UnusableTemplate

TEMPLATE = "https://tool.example.org/{action}?relationship={relationship}&occurrence={occurrence}&person={person}"


def test_a_link_names_action_relationship_occurrence_and_person() -> None:
    """The template is filled with the four values."""
    link = TemplateLinks(TEMPLATE).link(Action.SIGN_RULES, relationship="r1", occurrence="rules-2", person="p1")
    assert link == "https://tool.example.org/sign-rules?relationship=r1&occurrence=rules-2&person=p1"


@given(relationship=st.text(st.characters(exclude_categories=["Cs"])), person=st.text(st.characters(codec="utf-8")))
def test_no_value_escapes_its_place(relationship: str, person: str) -> None:
    """Whatever an id holds, it arrives as that parameter and changes nothing around it."""
    links = TemplateLinks(TEMPLATE)
    link = links.link(Action.EXIT, relationship=relationship, occurrence="", person=person)
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("https", "tool.example.org", "/exit", "")
    found = parse_qs(parts.query, keep_blank_values=True, strict_parsing=True)
    assert found == {"relationship": [relationship], "occurrence": [""], "person": [person]}
    assert link == links.link(Action.EXIT, relationship=relationship, occurrence="", person=person)


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("", "host"),
        ("/sign?person={person}", "host"),
        ("http://tool.example.org/{action}", "https"),
        ("javascript:alert({person})", "host"),
        ("ftp://tool.example.org/{action}", "https"),
        ("https://{person}.example.org/", "host"),
        ("https://{person}@tool.example.org/", "host"),
        ("https://tool.example.org@evil.example/{action}", "host"),
        ("https://tool.example.org/ {action}", "host"),
        ("https://[tool.example.org/{action}", "no web address"),
        ("https://tool.example.org/{name}", "unknown placeholder"),
        ("https://tool.example.org/{}", "unknown placeholder"),
        ("https://tool.example.org/{0}", "unknown placeholder"),
        ("https://tool.example.org/{person.__class__}", "unknown placeholder"),
        ("https://tool.example.org/{person!r}", "unknown placeholder"),
        ("https://tool.example.org/{person:>9}", "unknown placeholder"),
        ("https://tool.example.org/{person", "brace"),
        ("https://tool.example.org/person}", "brace"),
    ],
)
def test_an_unusable_template_is_refused_with_a_reason(template: str, complaint: str) -> None:
    """A mistake shows when the gateway is made, not in somebody's mail."""
    with pytest.raises(UnusableTemplate, match=complaint):
        TemplateLinks(template)


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:80"])
def test_clear_text_is_for_this_computer(host: str) -> None:
    """A tool under development on the same computer may do without TLS."""
    link = TemplateLinks(f"http://{host}/{{action}}").link(Action.DECIDE, relationship="r", occurrence="o", person="p")
    assert link == f"http://{host}/decide"
