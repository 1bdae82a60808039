"""Edge cases of which the rules alone tell the whole; docs/edge-cases.md lists them all."""

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.effects import Letter
from mentoring_lifecycle.domain.events import Asked, SessionResult, Subject
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR
from tests.builders import ACTIVE, DAY, HOUR, MENTOR, ONBOARDED, PERSON_OF, WEEK, life


def test_case_32_who_slept_for_weeks_asks_once_and_blames_nobody() -> None:
    """Waking after a session: no reminder of it, one question to each, of a ladder one step, and then it is unknown."""
    lived = life().after(*ACTIVE)
    session = lived.session
    lived.sleeps(session.ends_at + 2 * WEEK - lived.now)
    assert lived.letters(LetterKind.SESSION_REMINDER) == []
    asked = [event for event in lived.happened(Asked) if event.subject is Subject.SESSION]
    assert [(event.of, event.at) for event in asked] == [(party, lived.now) for party in PAIR]
    assert len(lived.letters(LetterKind.SESSION_QUESTION)) == 2
    assert lived.session.number == session.number + 1
    assert lived.session.starts_at > lived.now
    lived.after(2 * WEEK + HOUR)
    assert dict(lived.state.results)[session.number] is SessionResult.UNKNOWN
    assert lived.state.absences == ()

    unsigned = life().after(*ONBOARDED)
    before = len(unsigned.told(Letter))
    unsigned.sleeps(9 * DAY)
    assert [letter.purpose for letter in unsigned.told(Letter)[before:]] == [LetterKind.RULES_REMINDER] * 2
    unsigned.after(*(c.SignRules(PERSON_OF[party], 1) for party in PAIR))
    assert unsigned.state.party_of(MENTOR) in unsigned.state.signed
