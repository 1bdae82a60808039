"""What is asked before a report: both answers with what follows, and what it is where none is given."""

import pytest

from mentoring_lifecycle.domain.cases.profile import PROFILES, Law, LegalProfile
from mentoring_lifecycle.domain.commands import Severity
from mentoring_lifecycle.letters.pause_question import call_first, pause_question


@pytest.mark.parametrize("law", PROFILES)
@pytest.mark.parametrize("locale", ["en", "it"])
def test_the_hours_are_those_of_the_law(law: Law, locale: str) -> None:
    """Of the grave and of the dangerous, in the reader's language."""
    profile = PROFILES[law]
    hours = {"en": "hours", "it": "ore"}[locale]
    severe, danger = (pause_question(severity, profile, locale) for severity in (Severity.S3, Severity.S4))
    assert f"{profile.severe_acknowledge_hours} {hours}" in severe.if_left
    assert f"{profile.danger_acknowledge_hours} {hours}" in danger.if_left


def test_an_installation_that_promises_other_hours_says_them() -> None:
    """They are data, and never written into the sentence."""
    assert "within 7 hours" in pause_question(Severity.S3, LegalProfile(severe_acknowledge_hours=7)).if_left


@pytest.mark.parametrize("locale", ["en", "it", "it_IT.UTF-8", "de", ""])
def test_the_preset_is_said(locale: str) -> None:
    """Danger pauses at once, anything else waits for the handler; what is preset is told in words."""
    severe, danger = (pause_question(severity, LegalProfile(), locale) for severity in (Severity.S3, Severity.S4))
    assert (severe.pauses_by_itself, danger.pauses_by_itself) == (False, True)
    assert severe.preset != danger.preset
    assert severe.in_words().splitlines() == [
        severe.question,
        f"- {severe.if_paused}",
        f"- {severe.if_left}",
        severe.preset,
    ]
    english = pause_question(Severity.S3, LegalProfile())
    assert (severe == english) is not locale.startswith("it")


@pytest.mark.parametrize(("locale", "said"), [("en", "call first"), ("it", "per prima cosa")])
def test_whom_to_call_is_said_before_anything_else(locale: str, said: str) -> None:
    """Where somebody may be in danger, and only there; the installation's own contacts follow the law's number."""
    profile = LegalProfile(emergency_contacts=("112", "Reception +39 02 555"))
    severe, danger = (pause_question(severity, profile, locale) for severity in (Severity.S3, Severity.S4))
    assert severe.first == ""
    assert danger.in_words().splitlines()[:2] == [danger.first, danger.question]
    assert said in danger.first
    assert danger.first.endswith(": 112, Reception +39 02 555.")
    assert call_first((), locale) == ""
