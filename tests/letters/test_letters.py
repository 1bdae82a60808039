"""What every letter holds to."""

import re
from pathlib import Path
from typing import Any

import pytest

from mentoring_lifecycle import letters
from mentoring_lifecycle.contracts.words import Words
from mentoring_lifecycle.domain.effects import Facts
from mentoring_lifecycle.domain.events import RelationshipOutcome
from mentoring_lifecycle.domain.ground_rules import AGREEABLE, GROUND_RULES
from mentoring_lifecycle.domain.letters import MANNERS, Action, CalendarMethod, LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party

LOCALES = ("en", "it")
WITHOUT_WAYS_OUT = {
    LetterKind.NOT_STARTED,
    LetterKind.ON_HOLD,
    LetterKind.EXIT_CONFIRMED,
    LetterKind.RELATIONSHIP_ENDED,
    LetterKind.FAREWELL,
}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", LetterKind)
def test_every_letter_can_be_written(desk: Any, kind: LetterKind, locale: str) -> None:
    """To any party, about any topic, with all facts or none, a letter has words and shows no seam."""
    for words in desk.every(kind, locale):
        for part in (words.subject, words.text, words.html):
            assert part.strip()
            assert not re.search(r"\{[{%#]|None|%\(|undefined|\bMarkup\b|  \S", part.replace("\n  ", "\n"))
        assert "\n" not in words.subject
        assert len(words.subject) <= 78
        assert "!" not in words.subject + words.text


def test_every_template_belongs_to_a_letter() -> None:
    """No letter lacks its template, and no template lies about unused."""
    files = (Path(str(letters.__file__)).parent / "templates").glob("[!_]*.jinja")
    assert {file.name.partition(".")[0] for file in files} == {kind.value for kind in LetterKind}


@pytest.mark.parametrize("kind", LetterKind)
def test_the_action_link_stands_in_the_letters_that_ask_for_one(desk: Any, kind: LetterKind) -> None:
    """One link for what is asked, in the text as an address of its own line; none where nothing is asked."""
    action = MANNERS[kind].action
    facts = desk.about(topic="may_be_extended" if kind is LetterKind.CLOSING_NOTICE else "")
    lines = desk.write(kind, facts=facts).text.splitlines()
    asked = [line for line in lines if line.startswith("https://")]
    expected = [] if action is Action.NONE else [f"https://tool.example/{action}?of=r-1&at=x7&who=p-luca"]
    assert asked == expected


def test_an_end_that_cannot_be_moved_offers_nothing(desk: Any) -> None:
    """Where no extension is left, or the whole programme ends, the notice has no link to wish for one."""
    assert "wish-extension" not in desk.write(LetterKind.CLOSING_NOTICE, facts=desk.about(topic="")).text


@pytest.mark.parametrize("kind", LetterKind)
def test_participants_can_always_ask_for_help_or_leave(desk: Any, kind: LetterKind) -> None:
    """Each letter to a participant offers both ways while the pairing lives; letters to the team offer neither."""
    text = desk.write(kind).text
    offered = ("/ask-coordinator?" in text, "/exit?" in text)
    assert offered == ((True, True) if desk.parties(kind) == PAIR and kind not in WITHOUT_WAYS_OUT else (False, False))


@pytest.mark.parametrize(
    ("kind", "topic"),
    [(LetterKind.SESSION_CANCELLED, "ended"), (LetterKind.SESSION_CANCELLED, "on_hold"),
     (LetterKind.HELP_OUTCOME, "ended"), (LetterKind.HELP_OUTCOME, "rematched")],
)  # fmt: skip
def test_an_ended_or_held_pairing_offers_no_way_out(desk: Any, kind: LetterKind, topic: str) -> None:
    """Where there is nothing left to leave, nobody is invited to leave."""
    assert "https://" not in desk.write(kind, facts=desk.about(topic=topic)).text


@pytest.mark.parametrize("locale", LOCALES)
def test_every_topic_of_the_domain_has_words_of_its_own(desk: Any, locale: str) -> None:
    """What the domain can say, the letter can say: none of these falls back to the sentence for unknown topics."""
    falls_back = {
        LetterKind.INVITATION: {"traditional"},
        LetterKind.SESSION_CANCELLED: {"moved_on", "cancelled"},  # whoever asked for help is not told apart
        LetterKind.PAUSED: {"partner"},
        LetterKind.TEAM_CHANGED: {"with_backup"},
        LetterKind.SILENCE_NOTE: {"both"},
        LetterKind.HELP_REMINDER: {"outcome"},
        LetterKind.HELP_ELSEWHERE: {"late"},
    }
    for kind in (
        LetterKind.HELP_RECEIVED,
        LetterKind.HELP_REMINDER,
        LetterKind.HELP_ELSEWHERE,
        LetterKind.INVITATION,
        LetterKind.SESSION_CANCELLED,
        LetterKind.HELP_OUTCOME,
        LetterKind.PAUSED,
        LetterKind.DECISION_WANTED,
        LetterKind.CLOSED_NOTE,
        LetterKind.CLOSING_NOTICE,
        LetterKind.RELATIONSHIP_ENDED,
        LetterKind.TEAM_CHANGED,
        LetterKind.SILENCE_NOTE,
    ):
        unheard = desk.write(kind, locale, facts=desk.about(topic="unheard_of"))
        same = {t for t in desk.topics(kind) if desk.write(kind, locale, facts=desk.about(topic=t)) == unheard}
        assert same - {"", "unheard_of"} == falls_back.get(kind, set()), kind


@pytest.mark.parametrize("locale", LOCALES)
def test_all_ground_rules_stand_in_order(desk: Any, locale: str) -> None:
    """Eighteen numbered rules, also when no value is agreed on yet."""
    for facts in (desk.about(), Facts()):
        text = desk.write(LetterKind.RULES_TO_SIGN, locale, facts=facts).text
        numbers = re.findall(r"^(\d+)\. ", text, re.MULTILINE)
        assert numbers == [str(int(rule.id[1:])) for rule in GROUND_RULES]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("rule", "value"), [(r.id, v) for r in AGREEABLE.values() for v in (r.default, *r.allowed)])
def test_every_value_of_a_rule_is_said_in_words(desk: Any, locale: str, rule: str, value: str) -> None:
    """Nobody signs `name_pause_return`; a count comes with what it counts."""
    bare = desk.write(LetterKind.RULES_TO_SIGN, locale, facts=Facts()).text
    text = desk.write(LetterKind.RULES_TO_SIGN, locale, facts=Facts(rules=((rule, value),))).text
    (added,) = set(text.splitlines()) - set(bare.splitlines())
    said = added.partition({"en": "Agreed: ", "it": "Accordo: "}[locale])[2]
    assert said.rstrip(".")
    assert said.rstrip(".") != value


def test_a_value_in_the_pairs_own_words_is_quoted(desk: Any) -> None:
    """Topics in and out are given as the pair wrote them."""
    text = desk.write(LetterKind.RULES_TO_SIGN, facts=Facts(rules=(("R16", "Tools, not\npay."),))).text
    assert "Agreed: Tools, not pay." in text


@pytest.mark.parametrize(("held", "said"), [(0, None), (1, "You met 1 time."), (5, "You met 5 times.")])
def test_sessions_are_counted_in_the_right_number(desk: Any, held: int, said: str | None) -> None:
    """One, several, or not a word about none."""
    text = desk.write(LetterKind.FAREWELL, facts=desk.about(sessions_held=held)).text
    assert (said in text) if said else ("You met" not in text)


def test_a_wish_that_only_one_had_is_not_mentioned(desk: Any) -> None:
    """Keeping in touch is mentioned only when both said yes."""
    facts = desk.about(keep_in_touch=False, topic=RelationshipOutcome.COMPLETED)
    assert "touch" not in desk.write(LetterKind.FAREWELL, facts=facts).text


def test_minutes_are_given_only_when_they_fit_the_session(desk: Any) -> None:
    """A session of another length keeps the points and loses the minutes."""
    facts = desk.about(ends_at=None)
    assert "(25 min)" in desk.write(LetterKind.SESSION_INVITATION, facts=facts).text
    longer = desk.about(ends_at=facts.starts_at.replace(hour=15, minute=15))
    text = desk.write(LetterKind.SESSION_INVITATION, facts=longer).text
    assert "min)" not in text
    assert "- the topic of the day" in text


@pytest.mark.parametrize("kind", LetterKind)
def test_letters_that_touch_the_calendar_bring_the_entrys_words(desk: Any, kind: LetterKind) -> None:
    """Invitations, moves and cancellations carry a title and a description; other letters carry neither."""
    words = desk.write(kind)
    touches = MANNERS[kind].calendar is not CalendarMethod.NONE
    assert bool(words.calendar_title) == bool(words.calendar_description) == touches


def test_an_unknown_language_is_answered_in_english(desk: Any) -> None:
    """A letter is never lost for want of a catalogue; a territory makes no difference."""
    assert desk.write(LetterKind.PAUSED, "fr") == desk.write(LetterKind.PAUSED, "en")
    assert desk.write(LetterKind.PAUSED, "it-CH") == desk.write(LetterKind.PAUSED, "it")


def test_the_coordinator_is_told_who_it_is_about(desk: Any) -> None:
    """Two people are named as a pair; one person is named once."""
    facts = desk.about(topic="comfort")
    assert "It is about Luca Verdi, paired with Anna Bianchi." in desk.write(LetterKind.COMFORT_TALK, facts=facts).text
    alone = desk.write(LetterKind.COMFORT_TALK, facts=facts, partner_name="Luca Verdi").text
    assert "It is about Luca Verdi." in alone


def test_the_backup_is_asked_rather_than_pressed(desk: Any) -> None:
    """Coordinator and backup get the same news in words of their own."""
    told = {desk.write(LetterKind.HELP_OVERDUE, party=p).text for p in (Party.COORDINATOR, Party.BACKUP)}
    assert len(told) == 2


def test_words_are_pure(desk: Any) -> None:
    """The same arguments give the same words, so a letter sent again is the same letter."""
    first: list[Words] = [desk.write(kind) for kind in LetterKind]
    assert [desk.write(kind) for kind in LetterKind] == first
