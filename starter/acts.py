"""Every act of a relationship as a sub-command, named like the method of RelationshipHandle.

A function here turns options into a command of the domain; `_act` adds what all acts share and sends it.
"""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.ground_rules import AGREEABLE
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from mentoring_lifecycle.domain.wording import WORDS_LIMIT
from mentoring_lifecycle.starter.access import with_client
from mentoring_lifecycle.starter.display import Output, OutputOption, show

app = typer.Typer()

_Act = TypeVar("_Act", bound=Callable[..., c.Command])

RelationshipArgument = Annotated[str, typer.Argument(metavar="RELATIONSHIP", help="The relationship's id.")]
By = Annotated[str, typer.Option("--by", metavar="PERSON", help="Id of the person who does this.")]
Session = Annotated[int, typer.Option(help="The session's number, as in `mentoring status`.")]
HelpNumber = Annotated[int, typer.Option(help="The call's number, as in `mentoring help-requests`.")]
StartsAt = Annotated[datetime, typer.Option(metavar="INSTANT", help="With its zone: 2027-03-01T10:00:00+01:00.")]
MatterOption = Annotated[c.Matter, typer.Option(help="What it is about.")]
Words = Annotated[
    str,
    typer.Option(
        metavar="TEXT",
        help="In your words. A dash reads them from standard input, so that no shell remembers them.",
    ),
]

Placer = Annotated[
    str, typer.Option("--by", metavar="PERSON", help="Whose hold it is; needed where MENTORING_SEAL_KEY is set.")
]
CommandId = Annotated[str, typer.Option(metavar="ID", help="Repeating an act with the id it had does not do it twice.")]


def words_given(text: str) -> str:
    """The text, or for a dash what stands on standard input, of which no more is read than it takes to refuse it."""
    try:
        return sys.stdin.read(WORDS_LIMIT + 2).removesuffix("\n") if text == "-" else text
    except UnicodeDecodeError:
        raise typer.BadParameter("Standard input holds no UTF-8 text.", param_hint="--words") from None


def _act(panel: str) -> Callable[[_Act], _Act]:
    """Register a function from options to a command as a sub-command that does this command."""

    def register(function: _Act) -> _Act:
        name = function.__name__.rstrip("_").replace("_", "-")
        app.command(name, rich_help_panel=panel, help=inspect.getdoc(function))(_doing(function))
        return function

    return register


def _doing(function: Callable[..., c.Command]) -> Callable[..., None]:
    def command(
        *,
        relationship: RelationshipArgument,
        command_id: CommandId = "",
        output: OutputOption = Output.TABLE,
        **options: Any,
    ) -> None:
        act = function(**options)
        show(with_client(lambda client: client.relationship(relationship).do(act, command_id)), output)

    first, *last, _options = inspect.signature(command).parameters.values()
    own = [each.replace(kind=first.kind) for each in inspect.signature(function).parameters.values()]
    parameters = [first, *own, *last]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it instead
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


# --- onboarding, rules, goals -----------------------------------------------------------------------------------

_BEGINNING = "Beginning: invitation, ground rules, goals"
_COMFORTABLE = typer.Option(help="Private: comfortable with this arrangement?")


@_act(_BEGINNING)
def accept(
    by: By,
    induction_acknowledged: Annotated[
        bool, typer.Option("--induction-acknowledged", help="The guide is read.")
    ] = False,
    comfort: Annotated[c.Comfort | None, _COMFORTABLE] = None,
) -> c.Command:
    """Accept the invitation."""
    return c.AnswerInvitation(by, True, induction_acknowledged, comfort)


@_act(_BEGINNING)
def decline(by: By) -> c.Command:
    """Decline the invitation; the partner never learns who did."""
    return c.AnswerInvitation(by, False)


@_act(_BEGINNING)
def complete_induction(by: By, comfort: Annotated[c.Comfort, _COMFORTABLE]) -> c.Command:
    """Say that the guide has been read, and privately whether one is comfortable."""
    return c.CompleteInduction(by, comfort)


def _rule(text: str) -> tuple[str, str]:
    rule, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not RULE=VALUE, such as R12=48.", param_hint="RULE=VALUE")
    return rule, value


_CHOICES = "; ".join(f"{rule.id}: {', '.join(rule.allowed) or 'a short text'}" for rule in AGREEABLE.values())


@_act(_BEGINNING)
def propose_rules(
    by: By,
    values: Annotated[list[str], typer.Argument(metavar="RULE=VALUE...", help=f"Choices: {_CHOICES}.")],
) -> c.Command:
    """Propose other values for ground rules, for example R12=48 R14=ask_each_time; who proposes signs by it."""
    return c.ProposeRules(by, tuple(map(_rule, values)))


@_act(_BEGINNING)
def sign_rules(
    by: By, version: Annotated[int, typer.Option(help="The version that was read; `mentoring agreement` shows it.")]
) -> c.Command:
    """Sign the newest version of the ground rules."""
    return c.SignRules(by, version)


_GOAL_PARTS = ("owner", "title", "success_criterion", "measure", "baseline", "target")


def _goal(text: str) -> c.Goal:
    from pydantic import TypeAdapter

    parts = [part.strip() for part in text.split("|")]
    if len(parts) != len(_GOAL_PARTS):
        raise typer.BadParameter(f"{text!r} has not the parts {'|'.join(_GOAL_PARTS)}.", param_hint="--goal")
    with _mistakes_of("--goal"):
        return TypeAdapter(c.Goal).validate_strings(dict(zip(_GOAL_PARTS, parts, strict=True)))


def _goals_in(file: Path) -> tuple[c.Goal, ...]:
    from pydantic import TypeAdapter

    with _mistakes_of("--file"):
        return TypeAdapter(tuple[c.Goal, ...]).validate_json(file.read_bytes())


@contextmanager
def _mistakes_of(option: str) -> Iterator[None]:
    from pydantic import ValidationError

    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ", ".join(f"goal {part + 1}" if isinstance(part, int) else str(part) for part in first["loc"])
        raise typer.BadParameter(f"{where or 'the whole'}: {first['msg']}.", param_hint=option) from None


@_act(_BEGINNING)
def propose_goals(
    by: By,
    goal: Annotated[
        list[str] | None,
        typer.Option(
            metavar="|".join(_GOAL_PARTS),
            help=f"Once per goal. Owner: {', '.join(c.GoalOwner)}; measure: {', '.join(c.Measure)}; ratings 1 to 10.",
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Further goals from a JSON file: a list of objects."),
    ] = None,
    topic: Annotated[list[str] | None, typer.Option(help="Once per topic.")] = None,
    every_weeks: Annotated[int, typer.Option(help="Weeks between sessions; 0 keeps the programme's rhythm.")] = 0,
) -> c.Command:
    """Propose one to three goals, topics and a rhythm; who proposes agrees."""
    goals = (*map(_goal, goal or ()), *(_goals_in(file) if file else ()))
    return c.ProposeGoals(by, goals, tuple(topic or ()), every_weeks)


@_act(_BEGINNING)
def agree_goals(
    by: By,
    proposal: Annotated[int, typer.Option(help="Number of the proposal; `mentoring agreement` shows it.")],
    baseline: Annotated[list[int], typer.Option(help="One's own rating of each goal today, in their order.")],
) -> c.Command:
    """Agree to the partner's goals, with one's own rating of each today."""
    return c.AgreeGoals(by, proposal, tuple(baseline))


# --- sessions ---------------------------------------------------------------------------------------------------

_SESSIONS = "Sessions"
_RULES_FIT = typer.Option("--rules-fit/--rules-do-not-fit", help="Do the rules still fit?")
RulesFit = Annotated[bool | None, _RULES_FIT]
RatingsNow = Annotated[list[int] | None, typer.Option(help="Half-way: each goal today, 1 to 10, in their order.")]


@_act(_SESSIONS)
def set_agenda(
    by: By, session: Session, point: Annotated[list[str], typer.Option(help="Once per point, in their order.")]
) -> c.Command:
    """Write the points of a session that lies ahead."""
    return c.SetAgenda(by, session, tuple(point))


@_act(_SESSIONS)
def move_session(by: By, session: Session, starts_at: StartsAt) -> c.Command:
    """Move a session that lies ahead."""
    return c.MoveSession(by, session, starts_at)


@_act(_SESSIONS)
def book_session(by: By, session: Session, starts_at: StartsAt) -> c.Command:
    """Fix the time of the session that waits for one; `mentoring status` shows which and when it would suit both."""
    return c.BookSession(by, session, starts_at)


@_act(_SESSIONS)
def cancel_session(by: By, session: Session) -> c.Command:
    """Call off a session that lies ahead; another time is looked for."""
    return c.CancelSession(by, session)


@_act(_SESSIONS)
def propose_times(
    by: By,
    session: Session,
    time: Annotated[list[datetime], typer.Option(metavar="INSTANT", help="With its zone; once per time, best first.")],
) -> c.Command:
    """Ask the partner for another time; the session stands until one is chosen."""
    return c.ProposeTimes(by, session, tuple(time))


@_act(_SESSIONS)
def answer_times(
    by: By, session: Session, chosen: Annotated[int, typer.Option(help="Which time, counted from 1; 0: none suits.")]
) -> c.Command:
    """Choose one of the partner's times, or none."""
    return c.AnswerTimes(by, session, chosen)


@_act(_SESSIONS)
def note_calendar(
    by: By,
    session: Session,
    revision: Annotated[int, typer.Option(help="The SEQUENCE that the calendar shows; -1 where it shows none.")],
    answer: Annotated[c.CalendarAnswer, typer.Option(help="What the calendar says.")],
    starts_at: Annotated[datetime | None, typer.Option(metavar="INSTANT", help="With another time: which.")] = None,
) -> c.Command:
    """Say what a participant's own calendar shows; a difference becomes a question to them."""
    return c.NoteCalendar(by, session, revision, answer, starts_at)


@_act(_SESSIONS)
def answer_calendar_question(
    by: By, session: Session, meant: Annotated[bool, typer.Option("--meant/--not-meant", help="Was it meant?")]
) -> c.Command:
    """Say whether the change in one's own calendar was meant for the session itself."""
    return c.AnswerCalendarQuestion(by, session, meant)


@_act(_SESSIONS)
def confirm_session(
    by: By,
    session: Session,
    held: Annotated[bool, typer.Option("--held/--not-held", help="Did it take place?")],
    useful: Annotated[int | None, typer.Option(help="Private: was it useful? 1 to 10, together with --heard.")] = None,
    heard: Annotated[int | None, typer.Option(help="Private: were you heard? 1 to 10, together with --useful.")] = None,
    safe: Annotated[int | None, typer.Option(help="Private: did you feel safe? 1 to 10; may be left out.")] = None,
    rating: RatingsNow = None,
    comfort: Annotated[c.Comfort | None, _COMFORTABLE] = None,
    rules_fit: RulesFit = None,
) -> c.Command:
    """Say whether a session took place; with --comfort and --rules-fit, look half-way as well.

    Whatever the private answers: `mentoring ask-coordinator` and, in confidence, `mentoring report` are always there.
    """
    return c.ConfirmSession(by, session, held, _pulse(useful, heard, safe), _review_if(rating, comfort, rules_fit))


def _pulse(useful: int | None, heard: int | None, safe: int | None) -> c.Pulse | None:
    if useful is None and heard is None and safe is None:
        return None
    if useful is None or heard is None:
        raise typer.BadParameter("--useful and --heard come together.", param_hint="--useful")
    return c.Pulse(useful, heard, safe)


def _review_if(rating: list[int] | None, comfort: c.Comfort | None, rules_fit: bool | None) -> c.Review | None:
    if not rating and comfort is None and rules_fit is None:
        return None
    if comfort is None or rules_fit is None:
        raise typer.BadParameter("A look half-way needs --comfort and --rules-fit.", param_hint="--comfort")
    return c.Review(tuple(rating or ()), comfort, rules_fit)


@_act(_SESSIONS)
def report_no_show(by: By, session: Session) -> c.Command:
    """Say that you were there and the other was not, a quarter of an hour after the planned start or later."""
    return c.ReportNoShow(by, session)


@_act(_SESSIONS)
def explain_absence(
    by: By, session: Session, answer: Annotated[c.AbsenceAnswer, typer.Option(help="Each is a fine answer.")]
) -> c.Command:
    """Say, as whoever was missed at a session, what happened."""
    return c.ExplainAbsence(by, session, answer)


@_act(_SESSIONS)
def answer_dispute(
    by: By,
    session: Session,
    talked: Annotated[bool, typer.Option("--talked/--not-talked", help="Did the two of you talk?")],
    elsewhere: Annotated[
        bool, typer.Option("--elsewhere/--as-planned", help="At another time or in another place than planned?")
    ] = False,
) -> c.Command:
    """Answer the private form about a session of which the two have said different things."""
    return c.AnswerDispute(by, session, talked, elsewhere)


@_act(_SESSIONS)
def settle_dispute(
    by: By, session: Session, result: Annotated[c.Verdict, typer.Option(help="What it is to count as.")]
) -> c.Command:
    """Say, as the programme team, what a disputed session counts as."""
    return c.SettleDispute(by, session, result)


@_act(_SESSIONS)
def log_session(by: By, starts_at: StartsAt, minutes: Annotated[int, typer.Option(help="How long.")]) -> c.Command:
    """Note a session that took place outside of the plan; the partner is asked."""
    return c.LogSession(by, starts_at, minutes)


@_act(_SESSIONS)
def give_review(
    by: By,
    comfort: Annotated[c.Comfort, _COMFORTABLE],
    rules_fit: Annotated[bool, _RULES_FIT],
    rating: RatingsNow = None,
) -> c.Command:
    """Look half-way, where that was left out of the answer about the session."""
    return c.GiveReview(by, c.Review(tuple(rating or ()), comfort, rules_fit))


# --- help -------------------------------------------------------------------------------------------------------

_HELP = "Help from the programme team"


@_act(_HELP)
def ask_coordinator(
    by: By,
    matter: MatterOption,
    words: Words,
    severity: Annotated[c.Severity | None, typer.Option(help="To raise it; by default the matter's usual one.")] = None,
    partner_may_know: Annotated[bool, typer.Option("--partner-may-know", help="A joint talk is welcome.")] = False,
    hold_next_session: Annotated[bool, typer.Option("--hold-next-session", help="Not before this is settled.")] = False,
    not_to: Annotated[
        list[Party] | None, typer.Option(help="Whom it must not reach: coordinator or backup; once for each.")
    ] = None,
) -> c.Command:
    """Ask for help, from material to friction. Severe matters belong to `mentoring report-concern`."""
    return c.AskCoordinator(
        by, matter, words_given(words), severity, partner_may_know, hold_next_session, tuple(not_to or ())
    )


@_act(_HELP)
def take_up_help(by: By, number: HelpNumber) -> c.Command:
    """Say, as coordinator or backup, that the talk with whoever asked has begun."""
    return c.TakeUpHelp(by, number)


@_act(_HELP)
def triage_help(
    by: By, number: HelpNumber, way: Annotated[c.HelpWay, typer.Option(help="A plan; the outcome may be another.")]
) -> c.Command:
    """Say which way it goes, after a first talk with whoever asked."""
    return c.TriageHelp(by, number, way)


@_act(_HELP)
def arrange_talk(by: By, number: HelpNumber, starts_at: StartsAt) -> c.Command:
    """Arrange a talk of all three, where the asker agreed that the partner may know."""
    return c.ArrangeTalk(by, number, starts_at)


@_act(_HELP)
def conclude_help(
    by: By,
    number: HelpNumber,
    outcome: Annotated[c.HelpOutcome, typer.Option(help="What came of it; the asker is told.")],
    reason: Annotated[
        c.NoActionReason | None, typer.Option(help="Why nothing changes; with no_action alone, and the asker is told.")
    ] = None,
    staying: Annotated[
        list[Party] | None, typer.Option(help="With rematched: who is to have another pairing; left out: both.")
    ] = None,
) -> c.Command:
    """Conclude a call for help and tell the asker what came of it."""
    return c.ConcludeHelp(by, number, outcome, reason, tuple(staying or PAIR))


@_act(_HELP)
def rate_help(
    by: By,
    number: HelpNumber,
    helped: Annotated[bool, typer.Option("--helped/--not-helped", help="Did it help?")],
) -> c.Command:
    """Say, as the asker, whether it helped."""
    return c.RateHelp(by, number, helped)


# --- standing, leaving, closing ---------------------------------------------------------------------------------

_STANDING = "Pausing, leaving, closing"


@_act(_STANDING)
def pause(
    by: By,
    until: Annotated[datetime | None, typer.Option(metavar="INSTANT", help="With its zone; may be left open.")] = None,
) -> c.Command:
    """Pause, as one of the pair or as the programme team for somebody on long leave; no reason is asked or kept."""
    return c.Pause(by, until)


@_act(_STANDING)
def resume(by: By) -> c.Command:
    """Go on after a pause."""
    return c.Resume(by)


@app.command(rich_help_panel=_STANDING)
def hold(
    relationship: RelationshipArgument, by: Placer = "", command_id: CommandId = "", output: OutputOption = Output.TABLE
) -> None:
    """Freeze a relationship, as the programme team. Who asked, and why, is not said: all holds look the same."""
    show(with_client(lambda client: client.relationship(relationship).hold(by=by, command_id=command_id)), output)


@app.command(rich_help_panel=_STANDING)
def lift(
    relationship: RelationshipArgument, by: Placer = "", command_id: CommandId = "", output: OutputOption = Output.TABLE
) -> None:
    """Take back one's own hold, as the programme team; it stays on hold where somebody else placed one, too."""
    show(with_client(lambda client: client.relationship(relationship).lift(by=by, command_id=command_id)), output)


@_act(_STANDING)
def note_leaver(
    person: Annotated[str, typer.Option(metavar="PERSON", help="Id of the person.")],
    left: Annotated[bool, typer.Option("--left/--still-here", help="Left, or that was a mistake.")] = True,
) -> c.Command:
    """Say that somebody has left the organisation, or has not after all. Looks like a pause until it is final."""
    return c.NoteLeaver(PROGRAMME_OFFICE, person, left)


@_act(_STANDING)
def change_coordinator(
    by: By,
    coordinator: Annotated[str, typer.Option(metavar="PERSON", help="Id of the new coordinator.")],
    backup: Annotated[str, typer.Option(metavar="PERSON", help="Id of who stands in; left out: nobody.")] = "",
) -> c.Command:
    """Name who runs the programme for this pair from now on, as the programme team."""
    return c.ChangeCoordinator(by, coordinator, backup)


@_act(_STANDING)
def go_on(by: By) -> c.Command:
    """Want to go on, after a silence that was asked about."""
    return c.GoOn(by)


@_act(_STANDING)
def exit_(by: By) -> c.Command:
    """Leave: at any moment, without a reason, without anybody's approval."""
    return c.Exit(by)


@_act(_STANDING)
def decide(
    by: By, choice: Annotated[c.Choice, typer.Option(help="More time for the stuck step, or the end.")]
) -> c.Command:
    """Give a stuck step more time, or end the relationship, as the programme team."""
    return c.Decide(by, choice)


@_act(_SESSIONS)
def change_zone(
    by: By,
    zone: Annotated[str, typer.Option(metavar="ZONE", help="Such as Europe/Rome.")],
    starting: Annotated[datetime, typer.Option(metavar="INSTANT", help="With its zone: 2027-03-01T00:00:00+01:00.")],
) -> c.Command:
    """Agree on times in another zone from a moment on; what is booked stays."""
    from mentoring_lifecycle.activities.clocks import is_zone_name

    if not is_zone_name(zone):
        raise typer.BadParameter(f"{zone!r} is no time zone; write it like Europe/Rome.", param_hint="--zone")
    return c.ChangeZone(by, zone, starting)


@_act(_STANDING)
def wish_extension(by: By, weeks: Annotated[int, typer.Option(help="How many weeks more.")]) -> c.Command:
    """Wish to go on beyond the end; unless the other wishes so too, nobody learns of it."""
    return c.WishExtension(by, weeks)


@_act(_STANDING)
def propose_early_end(by: By) -> c.Command:
    """Propose to end now, as completed; refused while too few sessions took place."""
    return c.ProposeEarlyEnd(by)


@_act(_STANDING)
def agree_early_end(by: By) -> c.Command:
    """Agree to the partner's proposal to end now."""
    return c.AgreeEarlyEnd(by)


@_act(_STANDING)
def end_for_rematch(
    by: By,
    staying: Annotated[list[Party] | None, typer.Option(help="Who is to have another pairing; left out: both.")] = None,
) -> c.Command:
    """End this pairing in favour of another, as the programme team; both are asked about their goals first."""
    return c.EndForRematch(by, tuple(staying or PAIR))


@_act(_STANDING)
def carry_goals(
    by: By, yes: Annotated[bool, typer.Option("--yes/--no", help="May the goals that are mine go with me?")]
) -> c.Command:
    """Say whether one's own goals may go into another pairing; the last word before the close counts."""
    return c.CarryGoals(by, yes)


@_act(_STANDING)
def end_by_programme(
    by: By, notice_days: Annotated[int, typer.Option(help="The last day is so many days ahead at most.")] = 30
) -> c.Command:
    """End one relationship because its programme ends; for all of a programme see `end-programme`."""
    return c.EndByProgramme(by, notice_days)


@_act(_STANDING)
def give_final_feedback(
    by: By,
    rating: Annotated[list[int], typer.Option(help="1 to 10, once per goal, in their order.")],
    would_repeat: Annotated[int, typer.Option(help="Would you do it again? 1 to 10.")],
    felt_safe: Annotated[int, typer.Option(help="Private: did you feel safe? 1 to 10.")],
    keep_in_touch: Annotated[
        bool, typer.Option("--keep-in-touch/--no-keep-in-touch", help="Told only if both want to.")
    ],
) -> c.Command:
    """Rate each goal at the end, and answer the private survey."""
    return c.GiveFinalFeedback(by, tuple(rating), would_repeat, felt_safe, keep_in_touch)


@_act(_STANDING)
def note_address(
    person: Annotated[str, typer.Option(metavar="PERSON", help="Id of whose address it is.")],
    news: Annotated[
        c.AddressNews, typer.Option(help="Mail came back for good, or for now; or the address was corrected.")
    ],
) -> c.Command:
    """Take note that mail to somebody came back, or that their address has been corrected."""
    return c.NoteAddress(PROGRAMME_OFFICE, person, news)
