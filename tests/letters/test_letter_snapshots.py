"""Every letter as it is read: look here before and after a change of words."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from mentoring_lifecycle.domain.letters import LetterKind

pytestmark = pytest.mark.parametrize("locale", ["en", "it"])


@pytest.mark.parametrize("kind", LetterKind)
def test_text(desk: Any, kind: LetterKind, locale: str, snapshot: SnapshotAssertion) -> None:
    """The words of each letter, to each party and about each topic, are the ones we have read and agreed on."""
    assert "\n".join(_read_aloud(desk, kind, locale)) == snapshot


def test_html(desk: Any, locale: str, snapshot: SnapshotAssertion) -> None:
    """The markup of a letter is the one we have looked at."""
    assert desk.write(LetterKind.SESSION_INVITATION, locale).html == snapshot


@pytest.mark.parametrize(("session", "final"), [(1, False), (6, True)])
def test_agenda(desk: Any, session: int, final: bool, locale: str, snapshot: SnapshotAssertion) -> None:
    """The first and the final session have agendas of their own; whoever leads is asked for points."""
    facts = desk.about(session=session, final_session=final, ends_at=None, agenda=(), leads=True)
    assert desk.write(LetterKind.SESSION_REMINDER, locale, facts=facts).text == snapshot


def _read_aloud(desk: Any, kind: LetterKind, locale: str) -> Iterator[str]:
    seen: set[str] = set()
    for party in desk.parties(kind):
        for topic in desk.topics(kind):
            words = desk.write(kind, locale, party, replace(desk.about(), topic=topic))
            if words.text not in seen:
                yield f"--- to the {party}, about {topic or 'nothing in particular'}\nSubject: {words.subject}\n"
                yield words.text
                if words.calendar_title:
                    yield f"Entry: {words.calendar_title}\n{words.calendar_description}\n"
            seen.add(words.text)
