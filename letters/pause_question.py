"""What is asked before a report that concerns a relationship: pause now, or let the handler decide?"""

from dataclasses import dataclass

from mentoring_lifecycle.domain.cases.profile import LegalProfile
from mentoring_lifecycle.domain.commands import Severity
from mentoring_lifecycle.letters.catalogues import LOCALES, SOURCE_LOCALE, translations


@dataclass(frozen=True, slots=True)
class PauseQuestion:
    """The question in one language, with what follows from either answer."""

    question: str
    if_paused: str
    if_left: str
    short: str
    """To be answered by yes or no, after the whole."""
    preset: str
    """Which answer it is where none is given, in words."""
    pauses_by_itself: bool
    """The preset: True for danger (S4), False for anything else."""
    first: str = ""
    """Whom to call before anything else, in words; empty where nobody is in danger."""

    def in_words(self) -> str:
        """The whole, for a page or a terminal."""
        return "\n".join(
            (*filter(None, [self.first]), self.question, f"- {self.if_paused}", f"- {self.if_left}", self.preset)
        )


def pause_question(severity: Severity, profile: LegalProfile, locale: str = SOURCE_LOCALE) -> PauseQuestion:
    """For a severe matter, with the hours of the installation's law; English where the language is not ours."""
    gettext, in_danger = translations(_language(locale)).gettext, severity is Severity.S4
    hours = profile.danger_acknowledge_hours if in_danger else profile.severe_acknowledge_hours
    if_left = gettext(
        "Let the handler decide: nobody sees anything, and the two go on as before until then. Somebody who is no part "
        "of it has to take note within %(hours)s hours."
    )
    return PauseQuestion(
        question=gettext("Should the pairing be paused now, or should whoever handles this decide?"),
        if_paused=gettext(
            "Pause now: both are told at once that the programme team has paused the pairing, without a reason, and "
            "meetings are cancelled. The other person may guess why. Only the programme team can lift it."
        ),
        if_left=if_left % {"hours": hours},
        short=gettext("Pause now?"),
        preset=gettext("If you do not choose: the pairing is paused now, because somebody may be in danger.")
        if in_danger
        else gettext("If you do not choose: whoever handles this decides."),
        pauses_by_itself=in_danger,
        first=call_first(profile.emergency_contacts, locale) if in_danger else "",
    )


def call_first(contacts: tuple[str, ...], locale: str = SOURCE_LOCALE) -> str:
    """What is shown before anything else where somebody is in danger; empty where there is nobody to call."""
    words = translations(_language(locale)).gettext("If somebody is in danger now, call first: %(contacts)s.")
    return words % {"contacts": ", ".join(contacts)} if contacts else ""


def _language(locale: str) -> str:
    return locale[:2] if locale[:2] in LOCALES else SOURCE_LOCALE
