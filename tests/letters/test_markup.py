"""User text stays text: it makes no markup, no header, no line of its own."""

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mentoring_lifecycle.domain.effects import Facts
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.letters.user_text import LINE_LENGTH, MOST_LINES, NAME_LENGTH, lines, one_line
from mentoring_lifecycle.letters.writer import CatalogueLetters

VOID = {"meta", "br"}
NASTY = st.one_of(
    st.text(min_size=1, max_size=300),
    st.text(alphabet="<>&\"'{}%()#;:/\r\n\t\0\u2028\u202e\u200f=?sa1", min_size=1, max_size=60),
)


class Page(HTMLParser):
    """The tags, links and visible words of a page; fails on a tag that is closed out of order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.pieces: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.pieces).split())


@pytest.mark.parametrize("locale", ["en", "it"])
@pytest.mark.parametrize("kind", LetterKind)
def test_html_is_plain_and_says_what_the_text_says(desk: Any, kind: LetterKind, locale: str) -> None:
    """Well-formed, in the reader's language, without images or anything from outside; same words, same links."""
    for words in desk.every(kind, locale):
        page = Page(words.html)
        assert set(page.tags) <= {
            "html", "head", "meta", "title", "body", "div", "p", "br", "ul", "ol", "li", "table", "tr", "td", "a",
        }  # fmt: skip
        assert not page.attributes & {"src", "class", "id", "onclick", "background"}
        assert f'<html lang="{locale}">' in words.html
        assert all(link.startswith("https://tool.example/") and link in words.text for link in page.links)
        assert words.text.count("https://") == len(page.links)
        for line in words.text.splitlines():
            said = line.partition("https://")[0].strip().rstrip(":").removeprefix("- ")
            assert said.lstrip("0123456789. ") in page.words


@settings(deadline=None)  # shared machines pause
@given(nasty=NASTY)
@example(nasty="</p><script>alert(1)</script>")
@example(nasty='" onmouseover="x')
@example(nasty="a\r\nBcc: everybody@example.org\r\n\r\n<b>")
@example(nasty="{{ 7 * 7 }} %(reader)s %s {% raw %}")
@example(nasty="\u202egnitset\u202c \ud800 \0")
def test_user_text_stays_text(desk: Any, nasty: str) -> None:
    """Whatever people call themselves or write: the frame of the letter is the frame around a harmless word."""
    if not one_line(nasty):
        return
    for kind in (LetterKind.GOALS_TO_AGREE, LetterKind.SESSION_INVITATION, LetterKind.RULES_TO_SIGN):
        harmless, tried = _with(desk, kind, "x"), _with(desk, kind, nasty)
        assert tried.subject == harmless.subject
        assert tried.calendar_description == harmless.calendar_description
        assert len(tried.text.splitlines()) == len(harmless.text.splitlines())
        before, after = Page(harmless.html), Page(tried.html)
        assert (after.tags, after.links, after.attributes) == (before.tags, before.links, before.attributes)
        assert " ".join(one_line(nasty, NAME_LENGTH).split()) in after.words
        tried.text.encode()


def _with(desk: Any, kind: LetterKind, text: str) -> Any:
    facts = desk.about(goals=(text,), agenda=(text,), rules=(("R16", f"a {text} b"),))
    return desk.write(kind, facts=facts, reader_name=text, partner_name=text, concerned_name=text)


@settings(deadline=None)  # shared machines pause
@given(text=NASTY)
def test_one_line_is_one_short_line(text: str) -> None:
    """No break, no control or direction character, no lone surrogate, and never too long; cleaning twice is once."""
    line = one_line(text, 40)
    assert len(line) <= 40
    assert len(line.splitlines()) <= 1
    assert not any(character < " " or character in "\x7f\u202e\u2066\u200f" for character in line)
    line.encode()
    assert one_line(line, 40) == line


def test_joiners_survive() -> None:
    """What belongs to the spelling of a name stays in it."""
    assert one_line("می\u200cخواهم") == "می\u200cخواهم"


def test_long_texts_and_long_lists_are_cut() -> None:
    """A goal is cut at its limit with an ellipsis, a list at its own; blank entries vanish."""
    assert one_line("x" * 500) == "x" * (LINE_LENGTH - 1) + "…"
    assert lines(["", " \n"]) == ()
    assert len(lines(["x"] * 100)) == MOST_LINES


def test_an_address_with_quotes_cannot_leave_its_attribute(desk: Any) -> None:
    """Links are escaped like everything else."""

    class Odd:
        def link(self, action: object, *, relationship: str, occurrence: str, person: str) -> str:
            return f'https://tool.example/{relationship}"><script>'

    odd = type(desk)(CatalogueLetters(Odd(), "Ponte <b>"))
    page = Page(odd.write(LetterKind.INVITATION, facts=Facts()).html)
    assert "script" not in page.tags
    assert "b" not in page.tags
