"""What follows in the world: every letter to the right reader, worthless in time, and never about the wrong person."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.consequences import still_wanted
from mentoring_lifecycle.domain.effects import Effect, KeepEntry, Letter, RemoveEntry
from mentoring_lifecycle.domain.events import Phase
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.policy import ProgrammePolicy, Sessions
from tests.builders import (
    ACTIVE,
    BACKUP,
    CONTACT,
    COORDINATOR,
    DAY,
    HOUR,
    MENTEE,
    MENTOR,
    ONBOARDED,
    PERSON_OF,
    SIGNED,
    START,
    WEEK,
    Life,
    Step,
    accepts,
    asks_for_help,
    at_phase,
    at_the_end,
    feedback,
    life,
    whole_life,
)


def missed(number: int) -> tuple[Step, ...]:
    """The mentee waits in vain once more, and the mentor stays silent."""
    return (life().now + 7 * DAY + (number - 1) * 4 * WEEK + 2 * HOUR, c.ReportNoShow(MENTEE, number), 3 * DAY)


LIVES: dict[str, tuple[Step, ...]] = {
    "nobody answers": (60 * DAY,),
    "uneasy": (accepts(MENTOR, c.Comfort.NO), accepts(MENTEE), 20 * DAY),
    "declined": (c.AnswerInvitation(MENTOR, accept=False),),
    "unsigned": (*ONBOARDED, 60 * DAY),
    "renegotiated": (*ONBOARDED, c.ProposeRules(MENTEE, (("R12", "48"),)), c.SignRules(MENTOR, 2), 60 * DAY),
    "silent sessions": (*ACTIVE, 40 * WEEK),
    "moved": (*ACTIVE, c.MoveSession(MENTEE, 1, life().now + 9 * DAY), 12 * DAY),
    "moved on and on": (*ACTIVE, *(c.MoveSession(MENTEE, 1, life().now + days * DAY) for days in (9, 10, 11))),
    "asked for another time": (*ACTIVE, c.ProposeTimes(MENTOR, 1, (life().now + 9 * DAY,)), 7 * DAY),
    "called off": (*ACTIVE, c.CancelSession(MENTEE, 1), 10 * DAY, c.CancelSession(MENTEE, 2), 10 * DAY),
    "shown otherwise": (*ACTIVE, c.NoteCalendar(MENTEE, 1, 0, c.CalendarAnswer.DELETED), 4 * DAY),
    "held": (*ACTIVE, DAY, c.Hold(COORDINATOR), c.Lift(COORDINATOR)),
    "paused for long": (*ACTIVE, c.Pause(MENTOR), 40 * WEEK),
    "helped": (
        *ACTIVE,
        asks_for_help(MENTEE, partner_may_know=True),
        30 * DAY,
        c.ArrangeTalk(COORDINATOR, 1, life().now + 40 * DAY),
        c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.FACILITATED),
        10 * DAY,
    ),
    "helped with the rules": (
        *(*ACTIVE, asks_for_help(MENTEE), c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.AGREEMENT_AMENDED)),
    ),
    "bounced": (*ACTIVE, c.RecordAddressFailed(Party.MENTOR), c.Pause(MENTOR), DAY, c.Resume(MENTEE)),
    "missed again and again": (*ACTIVE, *(step for each in range(1, 4) for step in missed(each))),
    "remembered differently": (
        *(*ACTIVE, 8 * DAY, c.ConfirmSession(MENTOR, 1, held=True), c.ConfirmSession(MENTEE, 1, held=False)),
        *(4 * DAY, c.LogSession(MENTEE, life().now + 9 * DAY, 30), 8 * DAY),
    ),
    "uneasy half-way": (
        *(*ACTIVE, 9 * WEEK + DAY, c.GiveReview(MENTOR, c.Review((4, 4), c.Comfort.UNSURE, rules_fit=False))),
        *(3 * WEEK,),
    ),
    "left": (*ACTIVE, c.Exit(MENTEE)),
    "amended": (*ACTIVE, c.ProposeRules(MENTEE, (("R12", "48"),)), c.SignRules(MENTOR, 2)),
    "left the organisation": (*ACTIVE, c.NoteLeaver(COORDINATOR, MENTOR, left=True), 4 * DAY),
    "another coordinator": (*ACTIVE, c.NoteLeaver(BACKUP, COORDINATOR, left=True), 10 * DAY),
    "making room": (*ACTIVE, c.EndForRematch(COORDINATOR), c.CarryGoals(MENTOR, yes=True), 8 * DAY),
    "programme ended": (*ACTIVE, c.EndByProgramme(COORDINATOR), 60 * DAY),
}  # fmt: skip


@pytest.fixture(params=[*LIVES, "as it should be", "extended", "ended early", "unheeded"], scope="module")
def lived(request: pytest.FixtureRequest) -> Life:
    """One life of each kind, to its end or close to it."""
    return FURTHER[request.param]() if request.param in FURTHER else life().after(*LIVES[request.param])


def extended() -> Life:
    return at_phase(Phase.CLOSING).after(c.WishExtension(MENTOR, 4), c.WishExtension(MENTEE, 8), 20 * DAY)


def ended_early() -> Life:
    lived = life(ProgrammePolicy(sessions=Sessions(needed_for_completion=1))).after(*ACTIVE, 8 * DAY)
    lived.after(*(c.ConfirmSession(by, 1, held=True) for by in (MENTOR, MENTEE)))
    return lived.after(c.ProposeEarlyEnd(MENTOR), 8 * DAY, c.AgreeEarlyEnd(MENTEE), 30 * DAY)


def unheeded() -> Life:
    return life(contact=CONTACT).after(*ACTIVE, asks_for_help(MENTOR), 30 * DAY)


FURTHER: dict[str, Callable[[], Life]] = {
    "unheeded": unheeded,
    "as it should be": whole_life,
    "extended": extended,
    "ended early": ended_early,
}


def test_effect_keys_are_unique_within_a_life(lived: Life) -> None:
    """One fact, one key: a key that came twice would be done once."""
    keys = [effect.key for effect in lived.effects]
    assert len(keys) == len(set(keys))


def test_effect_keys_are_made_of_business_identity(lived: Life) -> None:
    """Relationship, occurrence, purpose, recipient, revision: five parts, and no person among them."""
    for effect in lived.effects:
        assert len(effect.key.split("/")) == 5
        assert effect.key.startswith("r-1/")
        assert not any(person in effect.key for person in PERSON_OF.values())


def test_a_letter_goes_to_the_person_behind_its_part(lived: Life) -> None:
    """The reader's part and person agree, and one of the pair is told who the partner is."""
    partner = {Party.MENTOR: MENTEE, Party.MENTEE: MENTOR}
    for letter in lived.letters():
        assert letter.to == PERSON_OF.get(letter.party, CONTACT) or letter.purpose is LetterKind.TEAM_CHANGED
        assert letter.facts.partner == partner.get(letter.party, letter.facts.partner) != ""


def test_no_letter_tells_one_of_the_pair_about_the_other(lived: Life) -> None:
    """Whom a letter is about is for the team's eyes, or is the reader; whom one can turn to is no secret."""
    for letter in lived.letters():
        assert letter.party not in PAIR or letter.facts.concerned in ("", letter.to, CONTACT)


def test_every_effect_is_worthless_at_some_hour_after_it_was_decided(lived: Life) -> None:
    """Nothing is decided too late, and nothing is worth doing for ever."""
    for effect in lived.effects:
        if isinstance(effect, Letter | KeepEntry | RemoveEntry):
            assert effect.decided_at < effect.not_after
            assert effect.not_after - effect.decided_at < timedelta(days=366)


def test_the_agenda_is_led_by_the_junior(lived: Life) -> None:
    """In every letter, whoever reads it, exactly the junior of the two leads."""
    assert all(letter.facts.leads is (letter.party is Party.MENTOR) for letter in lived.letters())


def test_together_these_lives_write_every_letter_of_a_relationship() -> None:
    """No kind of letter is dead: those about a case and one that stands for several come from elsewhere."""
    lives = [
        *(lived() for lived in FURTHER.values()),
        at_the_end().after(8 * DAY),
        *(life().after(*past) for past in LIVES.values()),
    ]
    lives.append(life().after(*ACTIVE, c.ChangeZone(MENTOR, "Europe/London", START)))
    lives.append(life().after(c.AnswerInvitation(MENTOR, accept=True), accepts(MENTEE), 4 * DAY))
    written = {letter.purpose for each in lives for letter in each.letters()}
    about_cases = {LetterKind.CASE_RECEIVED, LetterKind.MATTER_WAITING, LetterKind.MATTER_AGAIN}
    assert set(LetterKind) - written == {*about_cases, LetterKind.CATCH_UP}


# --- what is no longer worth doing ------------------------------------------------------------------------------


def one(lived: Life, purpose: LetterKind, to: Party = Party.MENTOR) -> Letter:
    return lived.letters(purpose, to)[-1]


def test_an_answered_question_is_no_longer_asked() -> None:
    """A letter that waited for a mail server is dropped when its question was answered meanwhile."""
    lived = life()
    invitation = one(lived, LetterKind.INVITATION)
    assert still_wanted(invitation, lived.state)
    assert not still_wanted(invitation, lived.after(accepts(MENTOR)).state)
    assert still_wanted(one(lived, LetterKind.INVITATION, Party.MENTEE), lived.state)


def session_effects(lived: Life) -> list[Effect]:
    about = (LetterKind.SESSION_INVITATION, LetterKind.SESSION_REMINDER)
    return [
        each
        for each in lived.effects
        if isinstance(each, KeepEntry) or (isinstance(each, Letter) and each.purpose in about)
    ]


@pytest.mark.parametrize(
    "later", [c.Hold(COORDINATOR), c.Pause(MENTOR), c.Exit(MENTOR), c.MoveSession(MENTOR, 1, life().now + 9 * DAY)]
)
def test_what_was_said_of_a_session_is_no_longer_true(later: c.Command) -> None:
    """Once a session was moved or called off, its old time is neither told nor shown; the new one is."""
    lived = life().after(*ACTIVE)
    old = session_effects(lived)
    assert all(still_wanted(effect, lived.state) for effect in old)
    told = len(lived.effects)
    lived.after(later)
    assert not any(still_wanted(effect, lived.state) for effect in old)
    assert all(still_wanted(effect, lived.state) for effect in lived.effects[told:])


def test_a_hold_drops_whatever_does_not_pass_it() -> None:
    """A goal letter waits no longer once the pair is on hold; cancellations and the fixed sentence go out."""
    lived = life().after(*SIGNED)
    letter = one(lived, LetterKind.GOALS_TO_SET)
    lived.after(c.Hold(COORDINATOR))
    assert not still_wanted(letter, lived.state)
    assert still_wanted(one(lived, LetterKind.ON_HOLD), lived.state)


def test_removals_and_cancellations_are_always_wanted() -> None:
    """Nothing that takes a session out of the world is ever dropped."""
    lived = life().after(*ACTIVE, c.Hold(COORDINATOR))
    removal = lived.told(RemoveEntry)[0]
    cancelled = one(lived, LetterKind.SESSION_CANCELLED)
    for later in (c.Lift(COORDINATOR), c.Exit(MENTEE)):
        lived.after(later)
        assert still_wanted(removal, lived.state)
        assert still_wanted(cancelled, lived.state)


def test_after_the_close_only_what_says_goodbye_is_wanted() -> None:
    """A question that nobody can answer any more is not asked."""
    lived = at_the_end()
    question = one(lived, LetterKind.FINAL_FEEDBACK)
    lived.after(feedback(MENTOR), feedback(MENTEE))
    assert not still_wanted(question, lived.state)
    assert still_wanted(one(lived, LetterKind.FAREWELL), lived.state)


def test_an_entry_of_another_revision_is_not_wanted() -> None:
    """Only exactly the revision that stands is shown."""
    lived = life().after(*ACTIVE)
    entry = lived.told(KeepEntry)[0]
    assert still_wanted(entry, lived.state)
    assert not still_wanted(replace(entry, revision=1), lived.state)
