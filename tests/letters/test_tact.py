"""What no letter ever says."""

from dataclasses import replace
from typing import Any

import pytest

from mentoring_lifecycle.domain.effects import Facts
from mentoring_lifecycle.domain.events import CancelReason
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party

LOCALES = ("en", "it")

BLAME = {
    "en": (
        "declin", "refus", "uncomfortable", "unsure", "did not", "has not", "have not", "not yet", "no answer",
        "ignored", "complain", "asked for help", "fault", "blame", "guilt", "violat", "warning", "failed", "because",
    ),
    "it": (
        "rifiut", "declinat", "a disagio", "non ha ", "non hai", "non è ancora", "non sono ancora", "ignorat",
        "lament", "chiesto aiuto", "colp", "violaz", "avvertiment", "perché", "segnalazion",
    ),
}  # fmt: skip

FIXED_SENTENCE = {
    "en": "The programme team has paused this pairing; nothing is needed from you.",
    "it": "Il team del programma ha messo in pausa questo abbinamento; da parte tua non serve fare nulla.",
}

NAMELESS = (
    LetterKind.NEEDS_TIME,
    LetterKind.NOT_STARTED,
    LetterKind.SESSION_MOVED,
    LetterKind.SESSION_CANCELLED,
    LetterKind.SESSION_QUESTION,
    LetterKind.SESSION_QUESTION_REMINDER,
    LetterKind.SESSION_FOLLOW_UP,
    LetterKind.SESSION_FORM,
    LetterKind.CHECK_IN,
    LetterKind.HELP_RECEIVED,
    LetterKind.RULES_TO_REVIEW,
    LetterKind.TALK_ARRANGED,
    LetterKind.HELP_OUTCOME,
    LetterKind.PAUSED,
    LetterKind.RESUMED,
    LetterKind.ON_HOLD,
    LetterKind.HOLD_LIFTED,
    LetterKind.EXIT_CONFIRMED,
    LetterKind.RELATIONSHIP_ENDED,
)


def to_participants(desk: Any) -> list[LetterKind]:
    return [kind for kind in LetterKind if desk.parties(kind) == PAIR]


@pytest.mark.parametrize("locale", LOCALES)
def test_no_letter_to_a_participant_blames(desk: Any, locale: str) -> None:
    """No letter to a participant holds a word that blames; the ground rules alone name what is forbidden."""
    for kind in to_participants(desk):
        if kind not in (LetterKind.RULES_TO_SIGN, LetterKind.RULES_TO_REVIEW, LetterKind.RULES_AMENDED):
            for words in desk.every(kind, locale):
                said = f"{words.subject}\n{words.text}".lower()
                assert [word for word in BLAME[locale] if word in said] == [], kind


@pytest.mark.parametrize("locale", LOCALES)
def test_no_letter_to_a_participant_depends_on_whom_it_concerns(desk: Any, locale: str) -> None:
    """Whoever declined, felt uneasy or asked for help: the participants' letters are the same to the letter.

    One names whom its reader can turn to beside the team.
    """
    for kind in [each for each in to_participants(desk) if each is not LetterKind.HELP_ELSEWHERE]:
        for party in PAIR:
            one = desk.write(kind, locale, party, desk.about(concerned="p-luca"), concerned_name="Luca Verdi")
            other = desk.write(kind, locale, party, desk.about(concerned="p-anna"), concerned_name="Zoe Quixote")
            assert one == other, kind


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", NAMELESS)
def test_a_neutral_letter_names_the_other_person_only_to_say_which_pairing(
    desk: Any, kind: LetterKind, locale: str
) -> None:
    """A neutral fact has no author: the other name stands in the quiet line about the pairing and nowhere else."""
    about = {"en": "This is about your pairing with Zoe Q.", "it": "Riguarda il tuo abbinamento con Zoe Q."}[locale]
    for topic in desk.topics(kind):
        words = desk.write(kind, locale, facts=desk.about(topic=topic), partner_name="Zoe Q")
        assert "Zoe" not in words.text.replace(about, "")


@pytest.mark.parametrize("locale", LOCALES)
def test_a_hold_looks_the_same_for_every_reason(desk: Any, locale: str) -> None:
    """Whatever the facts, a hold says the fixed sentence and nothing beside greeting and signature."""
    letters = {
        desk.write(LetterKind.ON_HOLD, locale, party, replace(desk.about(), topic=topic))
        for party in PAIR
        for topic in ("", "safety", "leaver", "conflict_of_interest")
    }
    letters |= {desk.write(LetterKind.ON_HOLD, locale, facts=Facts(), partner_name=None)}
    assert len(letters) == 1
    paragraphs = letters.pop().text.split("\n\n")
    assert paragraphs[1] == FIXED_SENTENCE[locale]
    assert len(paragraphs) == 3


@pytest.mark.parametrize("locale", LOCALES)
def test_a_session_cancelled_by_a_hold_says_the_fixed_sentence(desk: Any, locale: str) -> None:
    """Beside the session and its date only the fixed sentence stands there; no link, no name of the other person."""
    words = desk.write(LetterKind.SESSION_CANCELLED, locale, facts=desk.about(topic=CancelReason.ON_HOLD))
    paragraphs = words.text.split("\n\n")
    assert paragraphs[3] == FIXED_SENTENCE[locale]
    assert len(paragraphs) == 5
    assert "https:" not in words.text + words.html + words.calendar_description
    assert "Anna" not in words.text + words.html


@pytest.mark.parametrize("locale", LOCALES)
def test_the_fixed_sentence_stands_in_letters_of_a_hold_alone(desk: Any, locale: str) -> None:
    """Nobody who reads the fixed sentence can take it for anything but a hold, and no other letter imitates one."""
    for kind in LetterKind:
        for topic in desk.topics(kind):
            words = desk.write(kind, locale, facts=desk.about(topic=topic))
            is_hold = kind is LetterKind.ON_HOLD or (kind is LetterKind.SESSION_CANCELLED and topic == "on_hold")
            assert (FIXED_SENTENCE[locale] in words.text) == is_hold


@pytest.mark.parametrize("locale", LOCALES)
def test_only_whoever_paused_learns_the_date(desk: Any, locale: str) -> None:
    """The other person learns of the pause alone."""
    own = desk.write(LetterKind.PAUSED, locale, facts=desk.about(topic="own")).text
    others = desk.write(LetterKind.PAUSED, locale, facts=desk.about(topic="partner")).text
    assert "2027" in own
    assert "2027" not in others


@pytest.mark.parametrize("kind", [LetterKind.CASE_RECEIVED, LetterKind.MATTER_WAITING, LetterKind.MATTER_AGAIN])
@pytest.mark.parametrize("locale", LOCALES)
def test_a_case_shows_its_reference_and_its_link_alone(desk: Any, locale: str, kind: LetterKind) -> None:
    """A handler's mail gives nothing away to whoever looks over a shoulder."""
    words = desk.write(kind, locale, facts=desk.about(topic="physical_or_threat"))
    assert words == desk.write(kind, locale, facts=Facts(occurrence="x7"))
    assert "x7" in words.text
    for telling in ("mentor", "report", "segnal", "case", "caso", "verdi", "anna"):
        assert telling not in words.subject.lower()
        assert telling not in words.text.replace("open-case", "").replace("Luca Verdi,", "").lower()


@pytest.mark.parametrize("locale", LOCALES)
def test_no_subject_names_anybody(desk: Any, locale: str) -> None:
    """Subjects are shown on locked screens: they name nobody and quote nobody."""
    for kind in LetterKind:
        for words in desk.every(kind, locale):
            assert not any(name in words.subject for name in ("Luca", "Anna", "tool", "machine", "Ponte")), kind
            assert not any(name in words.calendar_title + words.calendar_description for name in ("Luca V", "Anna"))


@pytest.mark.parametrize("locale", LOCALES)
def test_grave_matters_have_no_words_in_a_mail(desk: Any, locale: str) -> None:
    """A matter that belongs to the confidential channel reads like one that nobody has heard of."""
    unheard = desk.write(LetterKind.HELP_WANTED, locale, facts=desk.about(topic="unheard_of"))
    for grave in ("verbal_abuse", "discrimination", "retaliation", "sexual_harassment", "self_harm_risk"):
        assert desk.write(LetterKind.HELP_WANTED, locale, facts=desk.about(topic=grave)) == unheard


@pytest.mark.parametrize("locale", LOCALES)
def test_the_junior_is_asked_for_the_agenda_whatever_the_role(desk: Any, locale: str) -> None:
    """Power, not role, decides who leads."""
    asked = {"en": "You lead the agenda", "it": "La scaletta è tua"}[locale]
    for party in PAIR:
        junior = desk.write(LetterKind.SESSION_REMINDER, locale, party, desk.about(agenda=(), leads=True))
        assert asked in junior.text
        senior = desk.write(LetterKind.SESSION_REMINDER, locale, party, desk.about(agenda=(), leads=False))
        assert asked not in senior.text


def test_in_reverse_mentoring_the_mentor_is_told_to_share_with_a_senior(desk: Any) -> None:
    """The invitation explains the reader's own role, and the two roles differ by topic."""
    told = {
        (topic, party): desk.write(LetterKind.INVITATION, "en", party, desk.about(topic=topic)).text
        for topic in ("reverse", "traditional")
        for party in PAIR
    }
    assert "colleague in a more senior role" in told["reverse", Party.MENTOR]
    assert "colleague in a more junior role" in told["reverse", Party.MENTEE]
    assert len(set(told.values())) == 4
