"""Who may do what, when, and by which way: one row per command, as data.

`decide` asks for part, phase and standing of every command; the way it came is known, and asked for, where the calling
service has signed for it (contracts/claims.py).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.events import MEETING, Phase
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE, Relationship

TEAM = (Party.COORDINATOR, Party.BACKUP)
EVERYBODY = (*PAIR, *TEAM)


class Channel(StrEnum):
    """The way by which a command came, as the calling service vouches for it."""

    TOOL = "tool"
    """The person themselves, signed in to the host's own tool."""
    COMMAND_LINE = "command_line"
    """Somebody with access to the installation, in the name of the person."""
    MAIL = "mail"
    """What calendars and mail servers answered."""
    LOOKOUT = "lookout"
    """The process that compares relationships with calendars and people."""
    OFFICE = "office"
    """The programme's office as one. Whoever of it acts is not said, so that all holds look alike (ADR 0009)."""


BY_PERSON = (Channel.TOOL, Channel.COMMAND_LINE)
BY_TEAM = (*BY_PERSON, Channel.OFFICE)
OFFICE_ALONE = (Channel.OFFICE,)
OFFICE_AND_MAIL = (Channel.OFFICE, Channel.MAIL)
WITH_CALENDARS = (*BY_PERSON, Channel.MAIL, Channel.LOOKOUT)


@dataclass(frozen=True, slots=True)
class Gate:
    """When a command is in place."""

    phases: tuple[Phase, ...]
    by: tuple[Party, ...]
    in_pause: bool = False
    in_hold: bool = False
    in_rematch: bool = False
    """Still in place when the pairing is ending in favour of another."""
    team_always: bool = False
    """A pause or hold stops the pair alone."""
    channels: tuple[Channel, ...] = BY_PERSON


_OPEN = tuple(phase for phase in Phase if phase is not Phase.CLOSED)

GATES: dict[type[Any], Gate] = {
    c.AnswerInvitation: Gate((Phase.ONBOARDING,), PAIR),
    c.CompleteInduction: Gate((Phase.ONBOARDING,), PAIR),
    c.ProposeRules: Gate((Phase.GROUND_RULES, *MEETING), PAIR),
    c.SignRules: Gate((Phase.GROUND_RULES, *MEETING), PAIR),
    c.ProposeGoals: Gate((Phase.GOALS,), PAIR),
    c.AgreeGoals: Gate((Phase.GOALS,), PAIR),
    c.SetAgenda: Gate(MEETING, PAIR),
    c.MoveSession: Gate(MEETING, PAIR),
    c.BookSession: Gate(MEETING, PAIR),
    c.CancelSession: Gate(MEETING, PAIR),
    c.ProposeTimes: Gate(MEETING, PAIR),
    c.AnswerTimes: Gate(MEETING, PAIR),
    c.NoteCalendar: Gate(MEETING, PAIR, channels=WITH_CALENDARS),
    c.AnswerCalendarQuestion: Gate(MEETING, PAIR),
    c.ConfirmSession: Gate(MEETING, PAIR, in_rematch=True),
    c.ReportNoShow: Gate(MEETING, PAIR, in_rematch=True),
    c.ExplainAbsence: Gate(MEETING, PAIR, in_rematch=True),
    c.AnswerDispute: Gate(MEETING, PAIR, in_rematch=True),
    c.SettleDispute: Gate(MEETING, TEAM, in_pause=True, in_rematch=True, channels=BY_TEAM),
    c.LogSession: Gate(MEETING, PAIR),
    c.GiveReview: Gate(MEETING, PAIR),
    c.AskCoordinator: Gate(_OPEN, PAIR, in_pause=True, in_hold=True, in_rematch=True),
    c.TakeUpHelp: Gate(_OPEN, TEAM, in_pause=True, in_hold=True, in_rematch=True, channels=BY_TEAM),
    c.TriageHelp: Gate(_OPEN, TEAM, in_pause=True, in_hold=True, in_rematch=True, channels=BY_TEAM),
    c.ArrangeTalk: Gate(_OPEN, TEAM, in_pause=True, channels=BY_TEAM),
    c.ConcludeHelp: Gate(_OPEN, TEAM, in_pause=True, in_hold=True, in_rematch=True, channels=BY_TEAM),
    c.RateHelp: Gate(_OPEN, PAIR, in_pause=True, in_rematch=True),
    c.Pause: Gate(_OPEN, EVERYBODY, in_pause=True, channels=BY_TEAM),
    c.Resume: Gate(_OPEN, EVERYBODY, in_pause=True, channels=BY_TEAM),
    c.Hold: Gate(_OPEN, TEAM, in_pause=True, in_hold=True, in_rematch=True, channels=OFFICE_ALONE),
    c.Lift: Gate(_OPEN, (*TEAM, Party.SAFEGUARDING), in_pause=True, in_hold=True, in_rematch=True, channels=BY_TEAM),
    c.NoteLeaver: Gate(_OPEN, TEAM, in_pause=True, in_hold=True, in_rematch=True, channels=BY_TEAM),
    c.ChangeCoordinator: Gate(_OPEN, TEAM, in_pause=True, in_hold=True, in_rematch=True, channels=BY_TEAM),
    c.GoOn: Gate((Phase.ACTIVE,), PAIR),
    c.Exit: Gate(_OPEN, PAIR, in_pause=True, in_hold=True, in_rematch=True),
    c.Decide: Gate(_OPEN, TEAM, in_pause=True, in_hold=True, in_rematch=True, channels=BY_TEAM),
    c.ChangeZone: Gate(_OPEN, EVERYBODY, team_always=True, channels=BY_TEAM),
    c.WishExtension: Gate((Phase.CLOSING,), PAIR),
    c.ProposeEarlyEnd: Gate(MEETING, PAIR),
    c.AgreeEarlyEnd: Gate(MEETING, PAIR),
    c.EndForRematch: Gate(_OPEN, TEAM, in_pause=True, in_hold=True, channels=BY_TEAM),
    c.CarryGoals: Gate(MEETING, PAIR, in_pause=True, in_rematch=True),
    c.EndByProgramme: Gate(_OPEN, TEAM, in_pause=True, channels=BY_TEAM),
    c.GiveFinalFeedback: Gate((Phase.CLOSING,), PAIR),
    c.NoteAddress: Gate(
        _OPEN, TEAM, in_pause=True, in_hold=True, in_rematch=True, channels=(Channel.OFFICE, Channel.MAIL)
    ),
}
"""One row per command; a test holds it complete."""


def party_of(state: Relationship, command: c.Command) -> Party | None:
    """The contact is no part of a relationship but for the one thing that is theirs to do."""
    is_contact = bool(state.contact) and command.by == state.contact
    theirs = is_contact and Party.SAFEGUARDING in GATES[type(command)].by
    return state.party_of(command.by) or (Party.SAFEGUARDING if theirs else None)


def refused_at_the_gate(state: Relationship, command: c.Command) -> Rejection | None:
    """What is in the way of a command here and now, whatever it says."""
    gate = GATES[type(command)]
    by = party_of(state, command)
    if by is None:
        return Rejection(Refusal.NOT_PART_OF_THIS)
    if state.is_closed or state.is_ending:
        return Rejection(Refusal.CLOSED)
    if by not in gate.by:
        return Rejection(Refusal.NOT_YOURS_TO_DO, " / ".join(gate.by))
    is_stopped = not (gate.team_always and by in TEAM)
    if state.held and is_stopped and not gate.in_hold:
        return Rejection(Refusal.ON_HOLD)
    if state.is_paused and is_stopped and not gate.in_pause:
        return Rejection(Refusal.PAUSED if state.paused else Refusal.ON_HOLD)
    if state.rematching and not gate.in_rematch:
        return Rejection(Refusal.CLOSED)
    return None if state.phase in gate.phases else Rejection(Refusal.WRONG_PHASE, state.phase)


def refused_on_the_way(command: c.Command, channel: Channel) -> Rejection | None:
    """Whether this may come by this way; only the office itself, and the mail that comes back, speaks for it."""
    speaks_for_office = command.by == PROGRAMME_OFFICE
    fits = channel is Channel.MAIL or speaks_for_office is (channel is Channel.OFFICE)
    return None if fits and channel in GATES[type(command)].channels else Rejection(Refusal.NOT_THIS_WAY, channel)


READERS: dict[str, tuple[Party, ...]] = {
    "agreement": PAIR,
    "changes": TEAM,
    "disputes": TEAM,
    "help_requests": TEAM,
    "status": EVERYBODY,
}
"""Who may read what holds words or tells one person from another, by view; the office may read each of them."""


def refused_to_read(state: Relationship, view: str, person: str) -> Rejection | None:
    """Whether this person may be shown this view."""
    if person == PROGRAMME_OFFICE:
        return None
    by = state.party_of(person)
    if by is None:
        return Rejection(Refusal.NOT_PART_OF_THIS)
    return None if by in READERS[view] else Rejection(Refusal.NOT_YOURS_TO_DO, " / ".join(READERS[view]))
