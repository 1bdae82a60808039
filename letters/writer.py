"""Turns a letter of the catalogue into words in its reader's language."""

from datetime import datetime
from typing import Protocol

from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.contracts.words import Words
from mentoring_lifecycle.domain.effects import Facts, Letter
from mentoring_lifecycle.domain.letters import MANNERS, Action, CalendarMethod
from mentoring_lifecycle.domain.people import PAIR
from mentoring_lifecycle.letters.catalogues import LOCALES, SOURCE_LOCALE
from mentoring_lifecycle.letters.ground_rules import rules_in_words
from mentoring_lifecycle.letters.language import Language
from mentoring_lifecycle.letters.user_text import NAME_LENGTH, lines, one_line


class Links(Protocol):
    """Makes the link by which a reader acts."""

    def link(self, action: Action, *, relationship: str, occurrence: str, person: str) -> str:
        """An absolute URL, or nothing where the host has no page for it."""


class CatalogueLetters:
    """Writes every letter from the templates and message catalogues of this package.

    Pure: the same arguments give the same words. A fact that is missing, or a topic that no template knows, leaves
    a sentence out and raises nothing. A reader whose language has no catalogue is written to in English.
    """

    def __init__(self, links: Links, programme: str) -> None:
        """`programme` is the name that letters are signed with."""
        self._links = links
        self._programme = one_line(programme, NAME_LENGTH)
        self._languages = {locale: Language(locale) for locale in LOCALES}

    def write(
        self, letter: Letter, *, relationship: str, reader: Person, partner: Person | None, concerned: Person | None
    ) -> Words:
        """Subject, text and HTML; for a letter that changes the reader's calendar, the entry's words as well."""
        language = self._language_of(reader)
        template = letter.purpose.value
        facts = {
            **self._people(letter, reader, partner, concerned),
            **_matters(letter.facts, reader, language),
            **self._urls(letter, relationship, reader),
        }
        subject = language.subject(template, facts)
        words = Words(subject, language.text(template, facts), language.html(template, subject, facts))
        if MANNERS[letter.purpose].calendar is CalendarMethod.NONE:
            return words
        entry = self._entry(language, letter.facts, reader, str(facts["action_url"]))
        return Words(words.subject, words.text, words.html, entry.calendar_title, entry.calendar_description)

    def entry_words(
        self, *, relationship: str, session: int, starts_at: datetime, zone: str, reader: Person, partner: Person
    ) -> Words:
        """Title and description of a session's calendar entry, with the link to prepare it.

        Neither names anybody: calendars are read by delegates.
        """
        url = self._link(Action.PREPARE_SESSION, relationship, f"s{session}", reader)
        facts = Facts(partner=partner.id, session=session, starts_at=starts_at, zone=zone)
        return self._entry(self._language_of(reader), facts, reader, url)

    def _language_of(self, reader: Person) -> Language:
        language = reader.locale.replace("_", "-").partition("-")[0].lower()
        return self._languages.get(language, self._languages[SOURCE_LOCALE])

    def _people(
        self, letter: Letter, reader: Person, partner: Person | None, concerned: Person | None
    ) -> dict[str, object]:
        return {
            "programme": self._programme,
            "reader": _name(reader),
            "partner": _name(partner),
            "concerned": _name(concerned),
            "party": letter.party.value,
            "is_participant": letter.party in PAIR,
            "leads_agenda": letter.facts.leads,
        }

    def _urls(self, letter: Letter, relationship: str, reader: Person) -> dict[str, object]:
        action = MANNERS[letter.purpose].action
        return {
            "action_url": self._link(action, relationship, letter.facts.occurrence, reader),
            "help_url": self._link(Action.ASK_COORDINATOR, relationship, "", reader),
            "exit_url": self._link(Action.EXIT, relationship, "", reader),
        }

    def _link(self, action: Action, relationship: str, occurrence: str, reader: Person) -> str:
        if action is Action.NONE:
            return ""
        return self._links.link(action, relationship=relationship, occurrence=occurrence, person=reader.id)

    @staticmethod
    def _entry(language: Language, facts: Facts, reader: Person, url: str) -> Words:
        when = language.local_time.session(facts.starts_at, None, (reader.zone, facts.zone))
        shown = {"session": facts.session, "when": when, "action_url": url}
        title = language.subject("_calendar_entry", shown)
        return Words("", "", "", title, language.body("_calendar_entry", shown).strip())


def _matters(facts: Facts, reader: Person, language: Language) -> dict[str, object]:
    return {
        "topic": facts.topic,
        "reference": one_line(facts.occurrence, NAME_LENGTH),
        "session": facts.session,
        "final": facts.final_session,
        "when": language.local_time.session(facts.starts_at, facts.ends_at, (reader.zone, facts.zone)),
        "other_start": language.local_time.session(facts.other_start, None, (reader.zone, facts.zone)),
        "length": _minutes(facts),
        "deadline": language.local_time.moment(facts.deadline, reader.zone),
        "version": facts.version,
        "rules": rules_in_words(facts.rules, language.translations),
        "agenda": lines(facts.agenda),
        "goals": lines(facts.goals),
        "sessions_held": facts.sessions_held,
        "keep_in_touch": facts.keep_in_touch,
    }


def _minutes(facts: Facts) -> int:
    if facts.starts_at is None or facts.ends_at is None:
        return 0
    return int((facts.ends_at - facts.starts_at).total_seconds()) // 60


def _name(person: Person | None) -> str:
    return one_line(person.name, NAME_LENGTH) if person is not None else ""
