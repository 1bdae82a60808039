"""What happened: past-tense facts, frozen, tagged by `kind`. The state of a relationship is the fold of these."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from mentoring_lifecycle.domain.commands import (
    AbsenceAnswer,
    CalendarAnswer,
    Choice,
    Comfort,
    Goal,
    HelpOutcome,
    HelpWay,
    Matter,
    NoActionReason,
    Pulse,
    Severity,
)
from mentoring_lifecycle.domain.people import Participant, Party
from mentoring_lifecycle.domain.policy import ProgrammePolicy


class Phase(StrEnum):
    """Where in its life a relationship is."""

    ONBOARDING = "onboarding"
    GROUND_RULES = "ground_rules"
    GOALS = "goals"
    ACTIVE = "active"
    CLOSING = "closing"
    CLOSED = "closed"


MEETING = (Phase.ACTIVE, Phase.CLOSING)
"""While the two meet: from agreed goals to the end."""


class RelationshipOutcome(StrEnum):
    """How it ended. Why somebody left, or felt unsafe, is never among these."""

    COMPLETED = "completed"
    COMPLETED_EARLY = "completed_early"
    NO_FAULT_EXIT = "no_fault_exit"
    DECLINED = "declined"
    EXPIRED = "expired"
    INACTIVE = "inactive"
    LEFT_ORG = "left_org"
    REMATCHED = "rematched"
    ENDED_BY_PROGRAMME = "ended_by_programme"
    ERASED = "erased"


class Subject(StrEnum):
    """What somebody is being asked."""

    INVITATION = "invitation"
    INDUCTION = "induction"
    RULES = "rules"
    GOALS = "goals"
    BOOKING = "booking"
    TIMES = "times"
    CALENDAR = "calendar"
    SESSION = "session"
    HELP_RATING = "help_rating"
    FINAL_FEEDBACK = "final_feedback"
    DECISION = "decision"
    ABSENCE = "absence"
    DISPUTE = "dispute"
    SETTLEMENT = "settlement"
    GOING_ON = "going_on"
    EARLY_END = "early_end"
    CARRY_GOALS = "carry_goals"


ABOUT_A_SESSION = (
    Subject.BOOKING,
    Subject.TIMES,
    Subject.CALENDAR,
    Subject.SESSION,
    Subject.ABSENCE,
    Subject.DISPUTE,
    Subject.SETTLEMENT,
)
"""Questions that are numbered by the session they are about."""


class DecisionTopic(StrEnum):
    """What the programme team is asked to decide."""

    RULES_UNSIGNED = "rules_unsigned"
    GOALS_UNSET = "goals_unset"
    COMFORT = "comfort"
    PAUSE_TOO_LONG = "pause_too_long"
    ABSENT_IN_A_ROW = "absent_in_a_row"
    ABSENT_TOO_OFTEN = "absent_too_often"
    COMFORT_AT_REVIEW = "comfort_at_review"


LASTING_TOPICS = (DecisionTopic.ABSENT_IN_A_ROW, DecisionTopic.ABSENT_TOO_OFTEN, DecisionTopic.COMFORT_AT_REVIEW)
"""They are not about a step of one phase; silence about them ends nothing."""


def decision_number(topic: DecisionTopic, party: Party | None = None) -> int:
    """Tells questions to the programme team apart: one per topic, and one per participant where one is meant."""
    number = 10 * (list(DecisionTopic).index(topic) + 1)
    return number + (1 if party is Party.MENTEE else 0)


def party_in_question(number: int) -> Party:
    """Which participant a question to the programme team is about; the inverse of `decision_number`."""
    return Party.MENTEE if number % 10 else Party.MENTOR


class SessionResult(StrEnum):
    """What two witnesses made of one session."""

    HELD = "held"
    HELD_UNCONFIRMED = "held_unconfirmed"
    NOT_HELD = "not_held"
    DISPUTED = "disputed"
    UNKNOWN = "unknown"
    NO_SHOW = "no_show"
    """One waited, the other did not come."""
    EXCUSED = "excused"
    """One did not come, for a reason that nobody asks about."""


TOOK_PLACE = (SessionResult.HELD, SessionResult.HELD_UNCONFIRMED)


class PulseAt(StrEnum):
    """Which of a programme's measuring points the answer about a session stands for."""

    SESSION = "session"
    DAY_30 = "d30"
    MID = "mid"


class CancelReason(StrEnum):
    """Why a planned session will not take place, as far as both may know."""

    ON_HOLD = "on_hold"
    PAUSED = "paused"
    MOVED_ON = "moved_on"
    CANCELLED = "cancelled"
    """One of the pair called it off."""
    ENDED = "ended"


class TalkReason(StrEnum):
    """Why the pair is invited to talk about how they meet."""

    MOVES = "moves"
    """One session was moved again and again."""
    CANCELLATIONS = "cancellations"
    """Two in a row were called off."""


@dataclass(frozen=True, slots=True)
class RelationshipOpened:
    at: datetime
    relationship: str
    programme: str
    mentor: Participant
    mentee: Participant
    coordinator: str
    backup: str
    zone: str
    ends_at: datetime
    policy: ProgrammePolicy
    follows: str = ""
    """Id of the relationship that this one continues."""
    carried: tuple[Goal, ...] = ()
    """Goals from there whose owners said that they may come along."""
    contact: str = ""
    """Who is named where nobody of the programme team is free, and told where nobody of it acts; empty: nobody."""
    conflicted: tuple[str, ...] = ()
    """Who of the programme team stands in a reporting line with one of the pair."""
    kind: Literal["relationship_opened"] = "relationship_opened"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question was put to one party, with its ladder."""

    at: datetime
    subject: Subject
    of: Party
    number: int
    """Which session, version, proposal or call for help; else 0."""
    remind_at: tuple[datetime, ...]
    expires_at: datetime
    topic: DecisionTopic | None = None
    """For decisions."""
    kind: Literal["asked"] = "asked"


@dataclass(frozen=True, slots=True)
class Reminded:
    at: datetime
    subject: Subject
    of: Party
    number: int
    times: int
    """How often by now, this one included."""
    skipped: int = 0
    """Earlier steps of the ladder whose moment had passed unused."""
    kind: Literal["reminded"] = "reminded"


@dataclass(frozen=True, slots=True)
class AskLapsed:
    at: datetime
    subject: Subject
    of: Party
    number: int
    kind: Literal["ask_lapsed"] = "ask_lapsed"


@dataclass(frozen=True, slots=True)
class PhaseEntered:
    at: datetime
    phase: Phase
    kind: Literal["phase_entered"] = "phase_entered"


@dataclass(frozen=True, slots=True)
class InvitationAccepted:
    at: datetime
    by: Party
    kind: Literal["invitation_accepted"] = "invitation_accepted"


@dataclass(frozen=True, slots=True)
class InvitationDeclined:
    at: datetime
    by: Party
    kind: Literal["invitation_declined"] = "invitation_declined"


@dataclass(frozen=True, slots=True)
class InductionCompleted:
    """The comfort answer is private: it decides, it is never shown to the partner, and the journal does not hold it."""

    at: datetime
    by: Party
    comfort: Comfort
    kind: Literal["induction_completed"] = "induction_completed"


@dataclass(frozen=True, slots=True)
class RulesProposed:
    at: datetime
    version: int
    values: tuple[tuple[str, str], ...]
    by: Party | None = None
    """None: the programme's own first version."""
    kind: Literal["rules_proposed"] = "rules_proposed"


@dataclass(frozen=True, slots=True)
class RulesSigned:
    at: datetime
    by: Party
    version: int
    kind: Literal["rules_signed"] = "rules_signed"


@dataclass(frozen=True, slots=True)
class AmendmentProposed:
    """A new version of rules that are in force; until both have signed it nothing changes."""

    at: datetime
    by: Party
    version: int
    values: tuple[tuple[str, str], ...]
    kind: Literal["amendment_proposed"] = "amendment_proposed"


@dataclass(frozen=True, slots=True)
class RulesAmended:
    """Both have signed: the amendment is in force."""

    at: datetime
    by: Party
    """Who signed last."""
    version: int
    kind: Literal["rules_amended"] = "rules_amended"


@dataclass(frozen=True, slots=True)
class GoalsProposed:
    at: datetime
    by: Party
    proposal: int
    goals: tuple[Goal, ...]
    topics: tuple[str, ...]
    every_weeks: int
    baselines: tuple[int, ...] = ()
    """The proposer's rating of each goal; the journal keeps it, the words of the goals it does not."""
    targets: tuple[int, ...] = ()
    kind: Literal["goals_proposed"] = "goals_proposed"


@dataclass(frozen=True, slots=True)
class GoalsAgreed:
    at: datetime
    by: Party
    proposal: int
    baselines: tuple[int, ...]
    kind: Literal["goals_agreed"] = "goals_agreed"


@dataclass(frozen=True, slots=True)
class SlotWanted:
    at: datetime
    session: int
    not_before: datetime
    kind: Literal["slot_wanted"] = "slot_wanted"


@dataclass(frozen=True, slots=True)
class SlotFound:
    at: datetime
    session: int
    starts_at: datetime
    remind_at: datetime | None = None
    notes: tuple[str, ...] = ()
    proposals: tuple[datetime, ...] = ()
    ask_at: datetime | None = None
    kind: Literal["slot_found"] = "slot_found"


@dataclass(frozen=True, slots=True)
class SessionPlanned:
    at: datetime
    session: int
    starts_at: datetime
    ends_at: datetime
    final: bool
    remind_at: datetime | None = None
    notes: tuple[str, ...] = ()
    by: Party | None = None
    """Who booked it by hand; None: the rhythm did."""
    ask_at: datetime | None = None
    kind: Literal["session_planned"] = "session_planned"


@dataclass(frozen=True, slots=True)
class AgendaSet:
    at: datetime
    by: Party
    session: int
    points: tuple[str, ...]
    kind: Literal["agenda_set"] = "agenda_set"


@dataclass(frozen=True, slots=True)
class SessionMoved:
    at: datetime
    by: Party
    session: int
    starts_at: datetime
    ends_at: datetime
    late: bool = False
    """With less notice than the pair agreed on."""
    kind: Literal["session_moved"] = "session_moved"


@dataclass(frozen=True, slots=True)
class TimesProposed:
    at: datetime
    by: Party
    session: int
    times: tuple[datetime, ...]
    kind: Literal["times_proposed"] = "times_proposed"


@dataclass(frozen=True, slots=True)
class TimesAnswered:
    """None of the times suited; one that suits moves the session instead."""

    at: datetime
    by: Party
    session: int
    kind: Literal["times_answered"] = "times_answered"


@dataclass(frozen=True, slots=True)
class TalkSuggested:
    """The pair is invited to talk about how they meet; nobody is named."""

    at: datetime
    session: int
    why: TalkReason
    kind: Literal["talk_suggested"] = "talk_suggested"


@dataclass(frozen=True, slots=True)
class ChangesNoted:
    """The coordinator hears early that the senior side keeps changing sessions; the partner hears nothing."""

    at: datetime
    of: Party
    times: int
    """Cancellations and late moves of that side so far."""
    kind: Literal["changes_noted"] = "changes_noted"


@dataclass(frozen=True, slots=True)
class CalendarAnswered:
    """A calendar says that its owner comes, or perhaps comes."""

    at: datetime
    by: Party
    session: int
    answer: CalendarAnswer
    kind: Literal["calendar_answered"] = "calendar_answered"


@dataclass(frozen=True, slots=True)
class CalendarDiffers:
    """One participant's calendar shows something else than the story says; that person alone is asked."""

    at: datetime
    by: Party
    session: int
    answer: CalendarAnswer
    starts_at: datetime | None
    revision: int
    """The SEQUENCE that was seen there; -1: it did not say."""
    kind: Literal["calendar_differs"] = "calendar_differs"


@dataclass(frozen=True, slots=True)
class CalendarRestored:
    """The difference was not meant: the calendar is put right. The partner is told nothing, since nothing changed."""

    at: datetime
    by: Party
    session: int
    kind: Literal["calendar_restored"] = "calendar_restored"


@dataclass(frozen=True, slots=True)
class SessionReminded:
    at: datetime
    session: int
    kind: Literal["session_reminded"] = "session_reminded"


@dataclass(frozen=True, slots=True)
class SessionCancelled:
    at: datetime
    session: int
    why: CancelReason
    starts_at: datetime
    ends_at: datetime
    revision: int
    """One higher than any that was told or that a calendar has shown."""
    by: Party | None = None
    """Who of the pair called it off; None when the programme or the story did."""
    late: bool = False
    kind: Literal["session_cancelled"] = "session_cancelled"


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """Its planned time is over; whether it took place is a question to both."""

    at: datetime
    session: int
    kind: Literal["session_ended"] = "session_ended"


@dataclass(frozen=True, slots=True)
class SessionConfirmed:
    at: datetime
    by: Party
    session: int
    held: bool
    pulse: Pulse | None = None
    """Kept as ratings are; no consequence ever follows from it, since a consequence could be seen."""
    pulse_at: PulseAt = PulseAt.SESSION
    kind: Literal["session_confirmed"] = "session_confirmed"


@dataclass(frozen=True, slots=True)
class SessionLogged:
    """One says that a session took place outside of the plan."""

    at: datetime
    by: Party
    session: int
    starts_at: datetime
    ends_at: datetime
    kind: Literal["session_logged"] = "session_logged"


@dataclass(frozen=True, slots=True)
class AbsenceReported:
    """`by` was there and says that the other was not: a witness of one's own presence as well."""

    at: datetime
    by: Party
    session: int
    kind: Literal["absence_reported"] = "absence_reported"


@dataclass(frozen=True, slots=True)
class AbsenceExplained:
    at: datetime
    by: Party
    session: int
    explanation: AbsenceAnswer
    kind: Literal["absence_explained"] = "absence_explained"


@dataclass(frozen=True, slots=True)
class SessionDisputed:
    """The witnesses differ; both are asked in private, and nothing waits for it."""

    at: datetime
    session: int
    kind: Literal["session_disputed"] = "session_disputed"


@dataclass(frozen=True, slots=True)
class DisputeAnswered:
    """Private to the one who answers and to the programme team; the journal holds only that there was an answer."""

    at: datetime
    by: Party
    session: int
    talked: bool
    elsewhere: bool
    kind: Literal["dispute_answered"] = "dispute_answered"


@dataclass(frozen=True, slots=True)
class SessionSettled:
    at: datetime
    session: int
    result: SessionResult
    absent: Party | None = None
    """Who did not come, where that is the result."""
    by: Party | None = None
    """Who of the programme team settled it; None where the witnesses or time did."""
    kind: Literal["session_settled"] = "session_settled"


@dataclass(frozen=True, slots=True)
class CheckInWanted:
    """Whoever missed a session is asked, alone, how things are."""

    at: datetime
    of: Party
    session: int
    kind: Literal["check_in_wanted"] = "check_in_wanted"


@dataclass(frozen=True, slots=True)
class ReviewGiven:
    """The look half-way. Comfort stays out of the journal; ratings are kept."""

    at: datetime
    by: Party
    ratings: tuple[int, ...]
    comfort: Comfort
    rules_fit: bool
    kind: Literal["review_given"] = "review_given"


@dataclass(frozen=True, slots=True)
class HelpAsked:
    at: datetime
    help: int
    by: Party
    matter: Matter
    severity: Severity
    words: str
    partner_may_know: bool
    holds_sessions: bool
    take_up_by: datetime
    conclude_by: datetime
    not_to: tuple[str, ...] = ()
    """Person ids of those of the programme team whom the asker named as not to be told."""
    kind: Literal["help_asked"] = "help_asked"


class HelpStep(StrEnum):
    """What a call for help waits for; each has a clock of its own."""

    TAKE_UP = "take_up"
    TRIAGE = "triage"
    TALK = "talk"
    """The arranging of a talk that was promised."""
    OUTCOME = "outcome"


@dataclass(frozen=True, slots=True)
class HelpClockStarted:
    """A call for help came to its next step."""

    at: datetime
    help: int
    step: HelpStep
    due_at: datetime
    next_at: datetime
    """When somebody is first reminded of it; at the latest when it is due."""
    kind: Literal["help_clock_started"] = "help_clock_started"


@dataclass(frozen=True, slots=True)
class HelpReminded:
    """Part of a clock has gone by and nobody has acted."""

    at: datetime
    help: int
    step: HelpStep
    percent: int
    told: tuple[Party, ...]
    next_at: datetime
    kind: Literal["help_reminded"] = "help_reminded"


@dataclass(frozen=True, slots=True)
class HelpOverdue:
    """A clock of the programme team ran out; whoever else is there is told as well."""

    at: datetime
    help: int
    times: int
    next_at: datetime | None
    told: tuple[Party, ...] = ()
    tells_asker: bool = False
    """That it takes longer than promised, and who else is there; once per call."""
    kind: Literal["help_overdue"] = "help_overdue"


@dataclass(frozen=True, slots=True)
class HelpTakenUp:
    at: datetime
    help: int
    by: Party
    next_at: datetime | None = None
    """When the next step is late."""
    kind: Literal["help_taken_up"] = "help_taken_up"


@dataclass(frozen=True, slots=True)
class HelpPassedOn:
    """The programme team has changed, and with it who has to do with a call; `to` is None where nobody is free."""

    at: datetime
    help: int
    to: Party | None
    kind: Literal["help_passed_on"] = "help_passed_on"


@dataclass(frozen=True, slots=True)
class HelpTriaged:
    at: datetime
    help: int
    by: Party
    way: HelpWay
    kind: Literal["help_triaged"] = "help_triaged"


@dataclass(frozen=True, slots=True)
class TalkArranged:
    at: datetime
    help: int
    by: Party
    starts_at: datetime
    kind: Literal["talk_arranged"] = "talk_arranged"


@dataclass(frozen=True, slots=True)
class HelpConcluded:
    at: datetime
    help: int
    by: Party
    outcome: HelpOutcome
    reason: NoActionReason | None = None
    kind: Literal["help_concluded"] = "help_concluded"


@dataclass(frozen=True, slots=True)
class AmendmentOffered:
    """A call for help led to a change of the rules: whoever asked is shown where to propose it."""

    at: datetime
    help: int
    to: Party
    kind: Literal["amendment_offered"] = "amendment_offered"


@dataclass(frozen=True, slots=True)
class HelpRated:
    at: datetime
    help: int
    by: Party
    helped: bool
    kind: Literal["help_rated"] = "help_rated"


@dataclass(frozen=True, slots=True)
class Paused:
    at: datetime
    by: Party
    until: datetime | None
    kind: Literal["paused"] = "paused"


@dataclass(frozen=True, slots=True)
class Resumed:
    """`by` is None when the agreed date came."""

    at: datetime
    by: Party | None
    kind: Literal["resumed"] = "resumed"


@dataclass(frozen=True, slots=True)
class HoldPlaced:
    at: datetime
    seal: str = ""
    kind: Literal["hold_placed"] = "hold_placed"


@dataclass(frozen=True, slots=True)
class HoldJoined:
    """Somebody else wants it on hold as well, so that it does not go on before both are content."""

    at: datetime
    seal: str
    kind: Literal["hold_joined"] = "hold_joined"


@dataclass(frozen=True, slots=True)
class HoldLeft:
    """One of those who wanted it on hold no longer does; it stays."""

    at: datetime
    seal: str
    kind: Literal["hold_left"] = "hold_left"


@dataclass(frozen=True, slots=True)
class HoldRemembered:
    """Nobody has lifted a hold for weeks; the coordinator is asked whether it is still meant."""

    at: datetime
    kind: Literal["hold_remembered"] = "hold_remembered"


@dataclass(frozen=True, slots=True)
class HoldLifted:
    at: datetime
    kind: Literal["hold_lifted"] = "hold_lifted"


@dataclass(frozen=True, slots=True)
class LeaverNoted:
    """One of the pair has left the organisation, as far as is known; unless that is taken back, it ends with that."""

    at: datetime
    party: Party
    final_at: datetime
    kind: Literal["leaver_noted"] = "leaver_noted"


@dataclass(frozen=True, slots=True)
class LeaverReturned:
    """It was a mistake: whoever was said to have left is still there."""

    at: datetime
    party: Party
    kind: Literal["leaver_returned"] = "leaver_returned"


@dataclass(frozen=True, slots=True)
class CoordinatorLost:
    """The coordinator has left and nobody stands in; the programme has to name another one."""

    at: datetime
    kind: Literal["coordinator_lost"] = "coordinator_lost"


@dataclass(frozen=True, slots=True)
class CoordinatorChanged:
    at: datetime
    coordinator: str
    backup: str
    conflicted: tuple[str, ...] | None = None
    """Who stands in a reporting line with one of the pair; None: as before."""
    kind: Literal["coordinator_changed"] = "coordinator_changed"


@dataclass(frozen=True, slots=True)
class SilenceNoticed:
    """Nobody of the pair has shown a sign of life for a while."""

    at: datetime
    kind: Literal["silence_noticed"] = "silence_noticed"


@dataclass(frozen=True, slots=True)
class GoingOn:
    """One of the pair wants to go on."""

    at: datetime
    by: Party
    kind: Literal["going_on"] = "going_on"


@dataclass(frozen=True, slots=True)
class OneGoesOn:
    """One of the pair wants to go on, the other has not answered; the programme team is told."""

    at: datetime
    silent: Party
    kind: Literal["one_goes_on"] = "one_goes_on"


@dataclass(frozen=True, slots=True)
class Left:
    at: datetime
    by: Party
    kind: Literal["left"] = "left"


@dataclass(frozen=True, slots=True)
class DecisionMade:
    at: datetime
    by: Party
    choice: Choice
    kind: Literal["decision_made"] = "decision_made"


@dataclass(frozen=True, slots=True)
class ZoneChanged:
    """From `starting` on, times are agreed in another zone."""

    at: datetime
    by: Party
    zone: str
    starting: datetime
    old_zone: str
    kind: Literal["zone_changed"] = "zone_changed"


@dataclass(frozen=True, slots=True)
class ClosingBegun:
    """Notice of the coming end."""

    at: datetime
    kind: Literal["closing_begun"] = "closing_begun"


@dataclass(frozen=True, slots=True)
class ExtensionWished:
    """Nobody but the journal hears of it unless the other wishes so too."""

    at: datetime
    by: Party
    weeks: int
    kind: Literal["extension_wished"] = "extension_wished"


@dataclass(frozen=True, slots=True)
class ExtensionAgreed:
    """Both wished to go on: the end moves, and sessions are added at the pair's cadence."""

    at: datetime
    weeks: int
    """The smaller of the two wishes."""
    ends_at: datetime
    sessions: int
    """How many are added."""
    kind: Literal["extension_agreed"] = "extension_agreed"


@dataclass(frozen=True, slots=True)
class EarlyEndProposed:
    at: datetime
    by: Party
    kind: Literal["early_end_proposed"] = "early_end_proposed"


@dataclass(frozen=True, slots=True)
class EarlyEndAgreed:
    """Both find that they have reached what they wanted; today is the last day."""

    at: datetime
    by: Party
    kind: Literal["early_end_agreed"] = "early_end_agreed"


@dataclass(frozen=True, slots=True)
class EndBroughtForward:
    """The programme as a whole ends; the last day is no later than this."""

    at: datetime
    by: Party
    ends_at: datetime
    kind: Literal["end_brought_forward"] = "end_brought_forward"


@dataclass(frozen=True, slots=True)
class RematchDecided:
    """The programme team ends this pairing in favour of another."""

    at: datetime
    by: Party
    staying: tuple[Party, ...]
    """Who is to have another pairing."""
    asked: bool
    """Whether the pair is asked first if their goals may go with them."""
    kind: Literal["rematch_decided"] = "rematch_decided"


@dataclass(frozen=True, slots=True)
class GoalsCarried:
    """One of the pair says whether their goals may go with them; the last word counts."""

    at: datetime
    by: Party
    yes: bool
    kind: Literal["goals_carried"] = "goals_carried"


@dataclass(frozen=True, slots=True)
class EndReached:
    """The last day has come; final feedback is asked for."""

    at: datetime
    kind: Literal["end_reached"] = "end_reached"


@dataclass(frozen=True, slots=True)
class FinalFeedbackGiven:
    """Private but for the wish to stay in touch, and that only when both share it."""

    at: datetime
    by: Party
    ratings: tuple[int, ...]
    would_repeat: int
    felt_safe: int
    keep_in_touch: bool
    kind: Literal["final_feedback_given"] = "final_feedback_given"


@dataclass(frozen=True, slots=True)
class EndDecided:
    """It will close with this outcome once the calendars are proven clean."""

    at: datetime
    outcome: RelationshipOutcome
    close_by: datetime
    kind: Literal["end_decided"] = "end_decided"


@dataclass(frozen=True, slots=True)
class CalendarVerified:
    at: datetime
    party: Party
    clean: bool
    kind: Literal["calendar_verified"] = "calendar_verified"


@dataclass(frozen=True, slots=True)
class AddressFailed:
    at: datetime
    party: Party
    kind: Literal["address_failed"] = "address_failed"


@dataclass(frozen=True, slots=True)
class AddressWorks:
    """It was corrected: what is open is put to this party again."""

    at: datetime
    party: Party
    kind: Literal["address_works"] = "address_works"


@dataclass(frozen=True, slots=True)
class AddressDoubted:
    """Mail came back for now; it is tried again before anything follows from it."""

    at: datetime
    party: Party
    kind: Literal["address_doubted"] = "address_doubted"


@dataclass(frozen=True, slots=True)
class LettersRepeated:
    """What came back and is still wanted goes out once more."""

    at: datetime
    party: Party
    kind: Literal["letters_repeated"] = "letters_repeated"


@dataclass(frozen=True, slots=True)
class AddressTrusted:
    """A day has passed since the last try, and nothing came back."""

    at: datetime
    party: Party
    kind: Literal["address_trusted"] = "address_trusted"


@dataclass(frozen=True, slots=True)
class Closed:
    at: datetime
    outcome: RelationshipOutcome
    calendars_clean: bool
    kind: Literal["closed"] = "closed"


Event = (
    RelationshipOpened
    | Asked
    | Reminded
    | AskLapsed
    | PhaseEntered
    | InvitationAccepted
    | InvitationDeclined
    | InductionCompleted
    | RulesProposed
    | RulesSigned
    | AmendmentProposed
    | RulesAmended
    | GoalsProposed
    | GoalsAgreed
    | SlotWanted
    | SlotFound
    | SessionPlanned
    | AgendaSet
    | SessionMoved
    | TimesProposed
    | TimesAnswered
    | TalkSuggested
    | ChangesNoted
    | CalendarAnswered
    | CalendarDiffers
    | CalendarRestored
    | SessionReminded
    | SessionCancelled
    | SessionEnded
    | SessionConfirmed
    | SessionLogged
    | AbsenceReported
    | AbsenceExplained
    | SessionDisputed
    | DisputeAnswered
    | SessionSettled
    | CheckInWanted
    | ReviewGiven
    | HelpAsked
    | HelpClockStarted
    | HelpReminded
    | HelpOverdue
    | HelpTakenUp
    | HelpPassedOn
    | HelpTriaged
    | TalkArranged
    | HelpConcluded
    | AmendmentOffered
    | HelpRated
    | Paused
    | Resumed
    | HoldPlaced
    | HoldJoined
    | HoldLeft
    | HoldRemembered
    | HoldLifted
    | LeaverNoted
    | LeaverReturned
    | CoordinatorLost
    | CoordinatorChanged
    | SilenceNoticed
    | GoingOn
    | OneGoesOn
    | Left
    | DecisionMade
    | ZoneChanged
    | ClosingBegun
    | ExtensionWished
    | ExtensionAgreed
    | EarlyEndProposed
    | EarlyEndAgreed
    | EndBroughtForward
    | RematchDecided
    | GoalsCarried
    | EndReached
    | FinalFeedbackGiven
    | EndDecided
    | CalendarVerified
    | AddressFailed
    | AddressWorks
    | AddressDoubted
    | LettersRepeated
    | AddressTrusted
    | Closed
)

PRIVATE_FIELDS = frozenset(
    {"words", "comfort", "goals", "carried", "topics", "points", "values", "explanation", "talked", "elsewhere"}
    | {"not_to", "conflicted", "seal"}
)
"""What the journal leaves out: words that people wrote, whether somebody was comfortable, why somebody did not come,
what the two say in private about a session, who of the programme team must not know of a call, and what tells one hold
from another. Ratings are kept."""
