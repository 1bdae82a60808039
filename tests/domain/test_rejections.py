"""The catalogue of refusals: every code can happen, every sentence is whole, and nothing follows from a refusal."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from string import Formatter

import pytest

import mentoring_lifecycle
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.events import Phase
from mentoring_lifecycle.domain.ground_rules import GROUND_RULES
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.rejections import SENTENCES, Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from tests.builders import (
    ACTIVE,
    BACKUP,
    CONTACT,
    COORDINATOR,
    DAY,
    GOALS,
    MENTEE,
    MENTOR,
    ONBOARDED,
    SIGNED,
    START,
    STRANGER,
    WEEK,
    Life,
    Step,
    accepts,
    asks_for_help,
    at_phase,
    at_the_end,
    feedback,
    life,
)
from tests.domain.test_case_handling import REFUSED


def goals_of(*owners: c.GoalOwner) -> tuple[c.Goal, ...]:
    return tuple(replace(GOALS[0], owner=owner) for owner in owners)


def one_goal(**changes: object) -> c.ProposeGoals:
    goal = replace(GOALS[0], owner=c.GoalOwner.PAIR, **changes)  # type: ignore[arg-type]  # the names are fields of Goal
    return c.ProposeGoals(MENTOR, (goal,))


def calendar_says(answer: c.CalendarAnswer, starts_at: datetime | None = None) -> c.NoteCalendar:
    return c.NoteCalendar(MENTEE, 1, 0, answer, starts_at)


MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PROPOSED: tuple[Step, ...] = (*SIGNED, c.ProposeGoals(MENTOR, GOALS))
OVER: tuple[Step, ...] = (*ACTIVE, 8 * DAY)
MOVED: tuple[Step, ...] = (*ACTIVE, c.MoveSession(MENTEE, 1, START + WEEK))
SAW_IT = c.ConfirmSession(MENTOR, 1, held=True)
CONFIRMED: tuple[Step, ...] = (*OVER, SAW_IT, c.ConfirmSession(MENTEE, 1, held=True))
DIFFER: tuple[Step, ...] = (*OVER, SAW_IT, c.ConfirmSession(MENTEE, 1, held=False))
TOLD = c.AnswerDispute(MENTOR, 1, talked=True, elsewhere=False)
LOGGED = tuple(c.LogSession(MENTOR, START + DAY + number * 8 * HOUR, 30) for number in range(6))
THIRD: tuple[Step, ...] = (*ACTIVE, 9 * WEEK + DAY)
FINE = c.Review((6, 7), c.Comfort.YES, rules_fit=True)
FORGOT = c.AbsenceAnswer.FORGOT
ASKED: tuple[Step, ...] = (*ACTIVE, asks_for_help(MENTOR))
HELPED: tuple[Step, ...] = (*ASKED, c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.ANSWERED))
BOUNCED = c.NoteAddress(PROGRAMME_OFFICE, MENTOR, c.AddressNews.FAILED)
NAIVE = datetime(2027, 2, 1, 10)  # noqa: DTZ001  # the very mistake that is refused
LEFT = c.NoteLeaver(PROGRAMME_OFFICE, MENTOR, left=True)
LONG, BAD = "x" * 5_000, "evil \x00"


def late_at_the_end(span: timedelta) -> Life:
    return at_the_end().after(span)


@dataclass(frozen=True)
class Case:
    """A past, what somebody then asks for, and what they read."""

    past: tuple[Step, ...] | Callable[[], Life]
    command: c.Command
    code: Refusal
    detail: str = ""

    def lived(self) -> Life:
        return life().after(*self.past) if isinstance(self.past, tuple) else self.past()


CASES = [
    Case((), accepts(STRANGER), Refusal.NOT_PART_OF_THIS),
    Case((c.Exit(MENTOR),), accepts(MENTEE), Refusal.CLOSED),
    Case((), accepts(COORDINATOR), Refusal.NOT_YOURS_TO_DO, "mentor / mentee"),
    Case((), c.Hold(MENTOR), Refusal.NOT_YOURS_TO_DO, "coordinator / backup"),
    Case((*ACTIVE, c.SetAgenda(MENTOR, 1, ("A",))), c.SetAgenda(MENTEE, 1, ("B",)), Refusal.NOT_YOURS_TO_DO, "junior"),
    Case((c.Hold(COORDINATOR),), accepts(MENTOR), Refusal.ON_HOLD),
    Case((c.Hold(COORDINATOR),), c.Hold(COORDINATOR), Refusal.ON_HOLD),
    Case((c.Hold(COORDINATOR),), c.Pause(MENTOR), Refusal.ON_HOLD),
    Case((), c.Lift(COORDINATOR), Refusal.NOT_ON_HOLD),
    Case((c.Hold(COORDINATOR, "one"),), c.Hold(BACKUP, "one"), Refusal.ON_HOLD),
    Case((c.Hold(COORDINATOR, "one"),), c.Lift(COORDINATOR), Refusal.NOT_THE_PLACER),
    Case((c.Hold(COORDINATOR, "one"),), c.Lift(COORDINATOR, "two"), Refusal.NOT_THE_PLACER),
    Case((c.Pause(MENTEE),), accepts(MENTOR), Refusal.PAUSED),
    Case((c.Pause(MENTEE),), c.Pause(MENTOR), Refusal.PAUSED),
    Case((), c.Resume(MENTOR), Refusal.NOT_PAUSED),
    Case((), c.SignRules(MENTOR, 1), Refusal.WRONG_PHASE, "onboarding"),
    Case(partial(at_phase, Phase.CLOSING), feedback(MENTOR), Refusal.WRONG_PHASE, "closing"),
    Case((accepts(MENTOR),), accepts(MENTOR), Refusal.ALREADY_ANSWERED),
    Case((accepts(MENTOR),), c.AnswerInvitation(MENTOR, accept=False), Refusal.ALREADY_ANSWERED),
    Case((accepts(MENTOR),), c.CompleteInduction(MENTOR, c.Comfort.NO), Refusal.ALREADY_ANSWERED),
    Case((*OVER, SAW_IT), c.ConfirmSession(MENTOR, 1, held=False), Refusal.ALREADY_ANSWERED),
    Case((*ASKED, c.TakeUpHelp(COORDINATOR, 1)), c.TakeUpHelp(COORDINATOR, 1), Refusal.ALREADY_ANSWERED),
    Case((), c.CompleteInduction(MENTOR, c.Comfort.YES), Refusal.NOT_ACCEPTED_YET),
    Case((*ONBOARDED, c.SignRules(MENTOR, 1)), c.SignRules(MENTOR, 1), Refusal.ALREADY_SIGNED, "1"),
    Case((*ONBOARDED, c.ProposeRules(MENTOR, ())), c.SignRules(MENTEE, 1), Refusal.VERSION_MOVED_ON, "2"),
    Case((*PROPOSED, c.ProposeGoals(MENTOR, GOALS)), c.AgreeGoals(MENTEE, 1, (1, 1)), Refusal.VERSION_MOVED_ON, "2"),
    Case(ONBOARDED, c.ProposeRules(MENTOR, (("R99", "x"),)), Refusal.UNKNOWN_RULE, "R99"),
    Case(ONBOARDED, c.ProposeRules(MENTOR, ((LONG, "x"),)), Refusal.UNKNOWN_RULE, "?"),
    Case(ONBOARDED, c.ProposeRules(MENTOR, (("R02", "never"),)), Refusal.RULE_IS_FIXED, "R02"),
    Case(ONBOARDED, c.ProposeRules(MENTOR, (("R12", "1"),)), Refusal.VALUE_NOT_OFFERED, "R12"),
    Case(ONBOARDED, c.ProposeRules(MENTOR, (("R16", " "),)), Refusal.TEXT_EMPTY, "R16"),
    Case(ONBOARDED, c.ProposeRules(MENTOR, (("R12", "48"),) * 19), Refusal.TOO_MANY, str(len(GROUND_RULES))),
    Case(SIGNED, c.AgreeGoals(MENTOR, 0, ()), Refusal.NOTHING_PROPOSED),
    Case(PROPOSED, c.AgreeGoals(MENTOR, 1, (1, 1)), Refusal.NOTHING_PROPOSED),
    Case(SIGNED, c.ProposeGoals(MENTOR, ()), Refusal.GOALS_ONE_TO_THREE),
    Case(SIGNED, c.ProposeGoals(MENTOR, goals_of(*[c.GoalOwner.PAIR] * 4)), Refusal.GOALS_ONE_TO_THREE),
    Case(SIGNED, c.ProposeGoals(MENTOR, goals_of(*[c.GoalOwner.MENTOR] * 2)), Refusal.GOAL_FOR_EACH_SIDE),
    Case(SIGNED, one_goal(target=11), Refusal.RATING_ONE_TO_TEN),
    Case(SIGNED, one_goal(baseline=0), Refusal.RATING_ONE_TO_TEN),
    Case(PROPOSED, c.AgreeGoals(MENTEE, 1, (0, 1)), Refusal.RATING_ONE_TO_TEN),
    Case(at_the_end, replace(feedback(MENTOR), felt_safe=0), Refusal.RATING_ONE_TO_TEN),
    Case(PROPOSED, c.AgreeGoals(MENTEE, 1, (1,)), Refusal.RATE_EVERY_GOAL, "2"),
    Case(at_the_end, replace(feedback(MENTOR), ratings=()), Refusal.RATE_EVERY_GOAL, "2"),
    Case(SIGNED, c.ProposeGoals(MENTOR, GOALS, every_weeks=9), Refusal.CADENCE_OUT_OF_RANGE),
    Case(SIGNED, c.ProposeGoals(MENTOR, GOALS, every_weeks=-1), Refusal.CADENCE_OUT_OF_RANGE),
    Case(SIGNED, one_goal(title=""), Refusal.TEXT_EMPTY, "title"),
    Case(SIGNED, one_goal(success_criterion=LONG), Refusal.TEXT_TOO_LONG, "1000"),
    Case(SIGNED, c.ProposeGoals(MENTOR, GOALS, topics=(BAD,)), Refusal.TEXT_UNREADABLE),
    Case(SIGNED, c.ProposeGoals(MENTOR, GOALS, topics=("A",) * 11), Refusal.TOO_MANY, "10"),
    Case(ACTIVE, c.AskCoordinator(MENTOR, c.Matter.OTHER, LONG), Refusal.TEXT_TOO_LONG, "2000"),
    Case((BOUNCED,), BOUNCED, Refusal.NOTHING_NEW),
    Case((), c.NoteAddress(PROGRAMME_OFFICE, MENTOR, c.AddressNews.WORKS), Refusal.NOTHING_NEW),
    Case((), c.NoteAddress(COORDINATOR, STRANGER, c.AddressNews.FAILED), Refusal.NOT_PART_OF_THIS),
    Case((c.Exit(MENTEE),), BOUNCED, Refusal.CLOSED),
    Case(OVER, c.NoteCalendar(MENTOR, 1, 0, c.CalendarAnswer.DECLINED), Refusal.SESSION_OVER, "1"),
    Case(ACTIVE, c.AskCoordinator(MENTOR, c.Matter.OTHER, " "), Refusal.TEXT_EMPTY, "words"),
    Case((*ACTIVE, *[asks_for_help(MENTOR)] * 3), asks_for_help(MENTEE), Refusal.TOO_MANY, "3"),
    Case(ACTIVE, c.SetAgenda(MENTOR, 1, ("A",) * 11), Refusal.TOO_MANY, "10"),
    Case(ACTIVE, c.SetAgenda(MENTOR, 7, ("A",)), Refusal.UNKNOWN_SESSION, "7"),
    Case(ACTIVE, c.ConfirmSession(MENTOR, 2, held=True), Refusal.UNKNOWN_SESSION, "2"),
    Case(OVER, c.SetAgenda(MENTOR, 1, ("A",)), Refusal.SESSION_OVER, "1"),
    Case(OVER, c.MoveSession(MENTOR, 1, START + 3 * WEEK), Refusal.SESSION_OVER, "1"),
    Case(CONFIRMED, c.ConfirmSession(MENTOR, 1, held=True), Refusal.SESSION_SETTLED, "1"),
    Case(CONFIRMED, c.ReportNoShow(MENTOR, 1), Refusal.SESSION_SETTLED, "1"),
    Case(CONFIRMED, c.ExplainAbsence(MENTOR, 1, FORGOT), Refusal.SESSION_SETTLED, "1"),
    Case(CONFIRMED, c.AnswerDispute(MENTOR, 1, talked=True, elsewhere=False), Refusal.SESSION_SETTLED, "1"),
    Case(CONFIRMED, c.SettleDispute(COORDINATOR, 1, c.Verdict.HELD), Refusal.SESSION_SETTLED, "1"),
    Case(OVER, c.ExplainAbsence(MENTOR, 1, FORGOT), Refusal.NOT_ASKED, "1"),
    Case(OVER, c.ExplainAbsence(MENTOR, 9, FORGOT), Refusal.UNKNOWN_SESSION, "9"),
    Case((*OVER, c.ReportNoShow(MENTEE, 1)), c.ExplainAbsence(MENTEE, 1, FORGOT), Refusal.NOT_ASKED, "1"),
    Case(OVER, c.AnswerDispute(MENTOR, 1, talked=True, elsewhere=False), Refusal.NOT_ASKED, "1"),
    Case(OVER, c.SettleDispute(COORDINATOR, 1, c.Verdict.HELD), Refusal.NOT_ASKED, "1"),
    Case(DIFFER, c.SettleDispute(COORDINATOR, 1, c.Verdict.NO_SHOW), Refusal.NOBODY_WAS_MISSED, "1"),
    Case(DIFFER, c.ConfirmSession(MENTOR, 1, held=False), Refusal.ALREADY_ANSWERED),
    Case((*DIFFER, TOLD), TOLD, Refusal.ALREADY_ANSWERED),
    Case((*DIFFER, 4 * DAY), c.AnswerDispute(MENTOR, 1, talked=True, elsewhere=False), Refusal.NOT_ASKED, "1"),
    Case(ACTIVE, c.ReportNoShow(MENTOR, 1), Refusal.STILL_TIME_TO_COME, "15"),
    Case((*OVER, SAW_IT), c.ReportNoShow(MENTOR, 1), Refusal.ALREADY_ANSWERED),
    Case(ACTIVE, c.ReportNoShow(MENTOR, 2), Refusal.UNKNOWN_SESSION, "2"),
    Case(OVER, c.LogSession(MENTOR, START + 9 * DAY, 30), Refusal.NOT_IN_THE_PAST),
    Case(OVER, c.LogSession(MENTOR, START + 8 * DAY - MINUTE, 30), Refusal.NOT_IN_THE_PAST),
    Case(OVER, c.LogSession(MENTOR, START - DAY, 30), Refusal.TOO_LONG_AGO, "30"),
    Case((*OVER, 31 * DAY), c.LogSession(MENTOR, START + DAY, 30), Refusal.TOO_LONG_AGO, "30"),
    Case(OVER, c.LogSession(MENTOR, START + DAY, 9), Refusal.MINUTES_OUT_OF_RANGE),
    Case(OVER, c.LogSession(MENTOR, START + DAY, 481), Refusal.MINUTES_OUT_OF_RANGE),
    Case((*OVER, c.LogSession(MENTOR, START + DAY, 30)), c.LogSession(MENTEE, START + DAY, 30), Refusal.ALREADY_KNOWN),
    Case(CONFIRMED, c.LogSession(MENTOR, START + 7 * DAY, 60), Refusal.ALREADY_KNOWN),
    Case(OVER, c.LogSession(MENTOR, NAIVE, 30), Refusal.NOT_A_DATE),
    Case((*OVER, *LOGGED), c.LogSession(MENTOR, START + 4 * DAY, 30), Refusal.TOO_MANY, "6"),
    Case(partial(late_at_the_end, DAY), c.LogSession(MENTOR, START + 26 * WEEK, 30), Refusal.AFTER_THE_END),
    Case(OVER, c.GiveReview(MENTOR, FINE), Refusal.REVIEW_NOT_DUE),
    Case(OVER, c.ConfirmSession(MENTOR, 1, held=True, review=FINE), Refusal.REVIEW_NOT_DUE),
    Case((*THIRD, c.GiveReview(MENTOR, FINE)), c.GiveReview(MENTOR, FINE), Refusal.ALREADY_ANSWERED),
    Case(THIRD, c.GiveReview(MENTOR, replace(FINE, ratings=(1,))), Refusal.RATE_EVERY_GOAL, "2"),
    Case(THIRD, c.GiveReview(MENTOR, replace(FINE, ratings=(0, 1))), Refusal.RATING_ONE_TO_TEN),
    Case(OVER, c.ConfirmSession(MENTOR, 1, held=True, pulse=c.Pulse(11, 1)), Refusal.RATING_ONE_TO_TEN),
    Case(OVER, c.ConfirmSession(MENTOR, 1, held=True, pulse=c.Pulse(1, 1, 0)), Refusal.RATING_ONE_TO_TEN),
    Case(ACTIVE, c.ConfirmSession(MENTOR, 1, held=True), Refusal.SESSION_NOT_OVER, "1"),
    Case(ACTIVE, c.MoveSession(MENTOR, 1, START), Refusal.IN_THE_PAST),
    Case(ACTIVE, c.Pause(MENTOR, START - DAY), Refusal.IN_THE_PAST),
    Case(ACTIVE, c.Pause(MENTOR, START + 160 * WEEK), Refusal.TOO_FAR_AHEAD),
    Case(ACTIVE, c.MoveSession(MENTOR, 1, START + 26 * WEEK), Refusal.AFTER_THE_END),
    Case(MOVED, calendar_says(c.CalendarAnswer.ACCEPTED), Refusal.STALE_REVISION, "1"),
    Case(ACTIVE, c.AnswerCalendarQuestion(MENTEE, 1, meant=True), Refusal.NO_CALENDAR_QUESTION, "1"),
    Case(ACTIVE, calendar_says(c.CalendarAnswer.MOVED), Refusal.NOT_A_DATE),
    Case(
        (*ACTIVE, 6 * DAY + timedelta(hours=12), calendar_says(c.CalendarAnswer.MOVED, START + 8 * DAY)),
        c.AnswerCalendarQuestion(MENTEE, 1, meant=True),
        Refusal.TOO_LATE_TO_MOVE,
        "1",
    ),
    Case(ACTIVE, c.BookSession(MENTEE, 1, START + WEEK), Refusal.NOTHING_TO_BOOK, "1"),
    Case(ACTIVE, c.AnswerTimes(MENTEE, 1, 1), Refusal.NO_TIMES_TO_ANSWER, "1"),
    Case(ACTIVE, c.ProposeTimes(MENTEE, 1, ()), Refusal.TIMES_ONE_TO_THREE),
    Case(ACTIVE, c.ProposeTimes(MENTEE, 1, (START + WEEK,) * 2), Refusal.TIMES_ONE_TO_THREE),
    Case(ACTIVE, c.ProposeTimes(MENTEE, 1, (START + 26 * WEEK,)), Refusal.AFTER_THE_END),
    Case(ACTIVE, c.ProposeTimes(MENTEE, 1, (NAIVE,)), Refusal.NOT_A_DATE),
    Case(OVER, c.CancelSession(MENTEE, 1), Refusal.SESSION_OVER, "1"),
    Case(ACTIVE, asks_for_help(MENTOR, c.Matter.RETALIATION), Refusal.TOO_SEVERE_FOR_HERE),
    Case(ACTIVE, c.TakeUpHelp(COORDINATOR, 1), Refusal.UNKNOWN_HELP, "1"),
    Case(HELPED, c.RateHelp(MENTEE, 1, helped=True), Refusal.UNKNOWN_HELP, "1"),
    Case(HELPED, c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.ANSWERED), Refusal.HELP_CONCLUDED, "1"),
    Case(ASKED, c.ArrangeTalk(COORDINATOR, 1, START + DAY), Refusal.PARTNER_MAY_NOT_KNOW),
    Case(ASKED, c.TriageHelp(COORDINATOR, 1, c.HelpWay.TALK), Refusal.PARTNER_MAY_NOT_KNOW),
    Case(
        (*ASKED, c.TriageHelp(COORDINATOR, 1, c.HelpWay.ANSWER)),
        c.TriageHelp(BACKUP, 1, c.HelpWay.ANSWER),
        Refusal.ALREADY_ANSWERED,
    ),
    Case(ASKED, c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.NO_ACTION), Refusal.REASON_OF_NO_ACTION),
    Case(
        ASKED,
        c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.ANSWERED, c.NoActionReason.SETTLED),
        Refusal.REASON_OF_NO_ACTION,
    ),
    Case(
        (*ASKED, c.EndForRematch(COORDINATOR)),
        c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.REMATCHED),
        Refusal.CLOSED,
    ),
    Case(ASKED, c.ConcludeHelp(COORDINATOR, 1, c.HelpOutcome.REMATCHED, staying=()), Refusal.PERSON_NOT_PART),
    Case(ACTIVE, asks_for_help(MENTOR, not_to=(Party.MENTEE,)), Refusal.PERSON_NOT_PART),
    Case(ACTIVE, asks_for_help(MENTOR, not_to=(Party.COORDINATOR, Party.BACKUP)), Refusal.NOBODY_IS_FREE),
    Case(
        lambda: life(contact=CONTACT).after(*ACTIVE),
        asks_for_help(MENTOR, not_to=(Party.COORDINATOR, Party.BACKUP)),
        Refusal.ASK_THE_CONTACT,
        CONTACT,
    ),
    Case(ACTIVE, c.Decide(COORDINATOR, c.Choice.MORE_TIME), Refusal.NOTHING_TO_DECIDE),
    Case(ACTIVE, c.MoveSession(MENTOR, 1, NAIVE), Refusal.NOT_A_DATE),
    Case(ACTIVE, c.Pause(MENTOR, NAIVE), Refusal.NOT_A_DATE),
    Case(ACTIVE, c.NoteLeaver(COORDINATOR, STRANGER, left=True), Refusal.PERSON_NOT_PART),
    Case((*ACTIVE, LEFT), LEFT, Refusal.NOTHING_NEW),
    Case((*ACTIVE, LEFT), c.MoveSession(MENTEE, 1, START + WEEK), Refusal.ON_HOLD),
    Case(ACTIVE, replace(LEFT, left=False), Refusal.NOT_LEAVING),
    Case(ACTIVE, c.ChangeCoordinator(COORDINATOR, MENTOR), Refusal.SAME_PERSON),
    Case(ACTIVE, c.ChangeCoordinator(COORDINATOR, "p-new", "p-new"), Refusal.SAME_PERSON),
    Case(ACTIVE, c.ChangeCoordinator(COORDINATOR, PROGRAMME_OFFICE), Refusal.SAME_PERSON),
    Case(ACTIVE, c.ChangeCoordinator(COORDINATOR, ""), Refusal.TEXT_EMPTY, "coordinator"),
    Case(ACTIVE, c.ChangeCoordinator(COORDINATOR, LONG), Refusal.TEXT_TOO_LONG, "64"),
    Case(ACTIVE, c.ChangeCoordinator(COORDINATOR, COORDINATOR, BACKUP), Refusal.NOTHING_NEW),
    Case(ACTIVE, c.GoOn(MENTOR), Refusal.NOTHING_ASKED),
    Case(ACTIVE, c.ProposeEarlyEnd(MENTOR), Refusal.NOT_EARNED_YET, "3"),
    Case(ACTIVE, c.AgreeEarlyEnd(MENTOR), Refusal.NOTHING_PROPOSED),
    Case(ACTIVE, c.WishExtension(MENTOR, 4), Refusal.WRONG_PHASE, "active"),
    Case(partial(at_phase, Phase.CLOSING), c.WishExtension(MENTOR, 0), Refusal.EXTENSION_OUT_OF_RANGE, "13"),
    Case((*ACTIVE, c.EndByProgramme(COORDINATOR)), c.WishExtension(MENTOR, 4), Refusal.NO_MORE_EXTENSIONS),
    Case(ACTIVE, c.EndByProgramme(COORDINATOR, 0), Refusal.NOTICE_OUT_OF_RANGE, "180"),
    Case(ACTIVE, c.EndForRematch(COORDINATOR, ()), Refusal.PERSON_NOT_PART),
    Case(at_the_end, c.EndForRematch(COORDINATOR), Refusal.END_REACHED),
]  # fmt: skip

ELSEWHERE = {
    # judged by the client when a relationship is opened or addressed
    Refusal.UNKNOWN_PERSON,
    Refusal.PERSON_INACTIVE,
    Refusal.CONFLICT_OF_INTEREST,
    Refusal.LEVELS_TOO_CLOSE,
    Refusal.BAD_IDENTIFIER,
    Refusal.UNKNOWN_ZONE,
    Refusal.BAD_POLICY,
    Refusal.UNKNOWN_RELATIONSHIP,
    Refusal.MOVED,
    Refusal.SAY_WHO_HOLDS,
    # judged where places are taken, before a start
    Refusal.BLOCKED_PAIR,
    Refusal.ALREADY_PAIRED,
    Refusal.NO_CAPACITY,
    Refusal.ID_TAKEN,
    # judged over the journal of a relationship that has ended, or has not
    Refusal.NOT_CLOSED,
    Refusal.NOT_EARNED,
    Refusal.ONE_NEW_PERSON,
    Refusal.NO_JOURNAL,
    # judged where an operator settles an effect
    Refusal.UNKNOWN_EFFECT,
    Refusal.EFFECT_NOT_UNKNOWN,
    Refusal.EFFECT_FORGOTTEN,
    # judged where a severe report is taken
    Refusal.NOT_SEVERE_ENOUGH,
    Refusal.PAUSE_CHOICE_NEEDED,
    Refusal.NO_SAFEGUARDING_CONTACT,
    Refusal.REPORTED_TOO_LATE,
    Refusal.ANONYMOUS_HAS_RECEIPT,
    Refusal.RECEIPT_TYPO,
}

OF_WAYS = {Refusal.NOT_THIS_WAY, Refusal.NOT_SIGNED}
"""Judged at the door, by who asks and on which way; test_gates.py and test_claims.py try them."""

OF_CASES = {each.code for each in REFUSED}
"""Judged by the cases' own part of the domain."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.command.kind}-{case.code}")
def test_a_command_that_cannot_be_is_refused(case: Case) -> None:
    """With its code and what the sentence names; nothing has happened and nothing follows."""
    lived = case.lived()
    state, events, effects = lived.state, len(lived.events), len(lived.effects)
    assert lived.tries(case.command) == Rejection(case.code, case.detail)
    assert (lived.state, len(lived.events), len(lived.effects)) == (state, events, effects)


def test_every_code_can_happen() -> None:
    """Each code of the catalogue is the answer to something above, or is judged elsewhere, never both."""
    here = {case.code for case in CASES}
    assert here | ELSEWHERE | OF_CASES | OF_WAYS == set(Refusal)
    assert len(here) + len(ELSEWHERE) + len(OF_CASES) + len(OF_WAYS) == len(Refusal)


@pytest.mark.parametrize("code", sorted(ELSEWHERE))
def test_what_is_judged_elsewhere_is_judged_somewhere(code: Refusal) -> None:
    """A code that the domain never answers with is used by the contracts, a gateway or the client."""
    package = Path(mentoring_lifecycle.__file__).parent
    sources = [path for folder in ("contracts", "gateways", "starter") for path in (package / folder).glob("*.py")]
    assert any(f"Refusal.{code.name}" in path.read_text(encoding="utf-8") for path in sources)


# --- sentences --------------------------------------------------------------------------------------------------


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def test_every_code_has_its_sentences() -> None:
    """English and Italian, for each code and for no other."""
    assert set(SENTENCES) == set(Refusal)


@pytest.mark.parametrize("code", Refusal)
def test_both_languages_say_the_same(code: Refusal) -> None:
    """Whole sentences, different from each other, that name the same detail or none."""
    english, italian = SENTENCES[code]
    assert english != italian
    assert placeholders(english) == placeholders(italian) <= {"detail"}
    for sentence in (english, italian):
        assert sentence.endswith(".")
        assert sentence == " ".join(sentence.split())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.command.kind}-{case.code}")
def test_a_refusal_reads_as_a_sentence(case: Case) -> None:
    """With a detail wherever the sentence names one, in English where the language is not ours."""
    rejection = Rejection(case.code, case.detail)
    for locale in ("en", "it", "it-IT", "de"):
        assert "{" not in rejection.message(locale)
    assert rejection.message("de") == rejection.message("en")
    assert rejection.message("it-IT") == rejection.message("it")
    assert not placeholders(SENTENCES[case.code][0]) or case.detail


def test_a_detail_is_no_template() -> None:
    """Braces in a detail stay as they are."""
    assert "{0.__class__}" in Rejection(Refusal.UNKNOWN_RULE, "{0.__class__}").message()


WRITTEN = [case for case in CASES if case.code.startswith("text_")]


def test_a_blocked_pair_learns_of_no_block() -> None:
    """Neither that there is a block nor why: one sentence without a detail, which could be about anything."""
    told = [Rejection(Refusal.BLOCKED_PAIR, "p-1").message(locale).lower() for locale in ("en", "it")]
    trouble = ("block", "report", "conflict", "safe", "trouble", "p-1", "blocc", "segnal", "conflitt", "tutela")
    assert not any(word in sentence for word in trouble for sentence in told)


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: f"{case.command.kind}-{case.code}")
def test_a_refusal_never_repeats_what_somebody_wrote(case: Case) -> None:
    """What was too long, empty or unreadable does not come back in the sentence."""
    message = Rejection(case.code, case.detail).message()
    assert LONG[:50] not in message
    assert "\x00" not in message
