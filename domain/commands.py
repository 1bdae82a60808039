"""What people may ask for, and the few things the engine itself reports. Imperatives; `decide` answers each one.

`by` is always a person id. Instants are aware; they are compared in UTC.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from mentoring_lifecycle.domain.people import PAIR, Party


class Comfort(StrEnum):
    """The private answer to "am I comfortable with this arrangement?". Never shown to the partner."""

    YES = "yes"
    UNSURE = "unsure"
    NO = "no"


class GoalOwner(StrEnum):
    """Whom a goal serves."""

    PAIR = "pair"
    MENTOR = "mentor"
    MENTEE = "mentee"


class Measure(StrEnum):
    """How success is seen."""

    SCALE = "scale1_10"
    COUNT = "count"
    ARTIFACT = "artifact"
    BEHAVIOUR = "behaviour"
    YES_NO = "yes_no"


class Matter(StrEnum):
    """What a call for help is about; the graver ones belong to the confidential channel."""

    MATERIAL = "material"
    QUESTION = "question"
    MISMATCH = "mismatch"
    UNRESPONSIVE = "unresponsive"
    DISAGREEMENT = "disagreement"
    DISCOMFORT = "discomfort"
    """Something does not feel right, and need not be named."""
    ROLE_STRUGGLE = "role_struggle"
    CONFIDENTIALITY_BREACH = "confidentiality_breach"
    BOUNDARY = "boundary"
    OTHER = "other"
    VERBAL_ABUSE = "verbal_abuse"
    EMOTIONAL_ABUSE = "emotional_abuse"
    FINANCIAL_ABUSE = "financial_abuse"
    DISCRIMINATION = "discrimination"
    RETALIATION = "retaliation"
    SEXUAL_HARASSMENT = "sexual_harassment"
    PHYSICAL_OR_THREAT = "physical_or_threat"
    SELF_HARM_RISK = "self_harm_risk"
    MISCONDUCT_DISCLOSED = "misconduct_disclosed"


class Severity(StrEnum):
    """How grave a matter is; S3 and S4 never enter a relationship."""

    S0 = "S0"
    """A question or a wish for material."""
    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"


class HelpOutcome(StrEnum):
    """How a call for help ended."""

    ANSWERED = "answered"
    AGREEMENT_AMENDED = "agreement_amended"
    FACILITATED = "facilitated"
    REMATCH_OFFERED = "rematch_offered"
    ENDED = "ended"
    NO_ACTION = "no_action"
    """With its reason, which the asker is told."""
    REMATCHED = "rematched"
    """This pairing ends in favour of another."""


class HelpWay(StrEnum):
    """Which way a call for help goes, once somebody has talked with the asker. A plan; the outcome may be another."""

    ANSWER = "answer"
    TALK = "talk"
    """A talk of all three."""
    AMENDMENT = "amendment"
    REMATCH = "rematch"


class NoActionReason(StrEnum):
    """Why nothing changes after a call for help."""

    ASKER_WISHES = "asker_wishes"
    SETTLED = "settled"
    """The two have found a way meanwhile."""
    WITHIN_RULES = "within_rules"
    NOT_ENOUGH_KNOWN = "not_enough_known"
    BELONGS_ELSEWHERE = "belongs_elsewhere"
    """Somebody outside of the programme has to do with it, and the asker has been told who."""


class CalendarAnswer(StrEnum):
    """What a calendar says about a session."""

    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"
    COUNTERED = "countered"
    """Another time was proposed from within a calendar."""
    DELETED = "deleted"
    MOVED = "moved"


class AbsenceAnswer(StrEnum):
    """What somebody says who was missed at a session. Each is a fine answer."""

    EMERGENCY = "emergency"
    """Something came up that could not wait; what it was is not asked."""
    FORGOT = "forgot"
    WAS_HELD = "was_held"
    """It did take place."""


class Verdict(StrEnum):
    """What the programme team may make of a session about which two witnesses differ."""

    HELD = "held"
    NOT_HELD = "not_held"
    NO_SHOW = "no_show"
    EXCUSED = "excused"
    UNKNOWN = "unknown"


class Choice(StrEnum):
    """What the programme team decides when a ladder has ended."""

    MORE_TIME = "more_time"
    END = "end"


class AddressNews(StrEnum):
    """What became of mail to somebody."""

    FAILED = "failed"
    """It came back for good."""
    SOFT = "soft"
    """It came back for now: a full mailbox, a server that is away."""
    WORKS = "works"
    """The address was corrected."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """How one session was, 1 to 10 each. Private: the partner never sees it, and nothing follows from it."""

    useful: int
    heard: int
    safe: int | None = None
    """Left out as easily as given."""


@dataclass(frozen=True, slots=True)
class Review:
    """A look at the relationship half-way."""

    ratings: tuple[int, ...]
    """One per agreed goal, 1 to 10, in their order."""
    comfort: Comfort
    """Private, asked again."""
    rules_fit: bool
    """Whether the agreed rules still fit. Nothing follows by itself: either may propose others."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal of the pair, in their words."""

    owner: GoalOwner
    title: str
    success_criterion: str
    measure: Measure
    baseline: int
    """The proposer's rating today, 1 to 10."""
    target: int


# --- onboarding -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnswerInvitation:
    """Accept or decline. A form that shows the guide as well may carry the later answers at once."""

    by: str
    accept: bool
    induction_acknowledged: bool = False
    comfort: Comfort | None = None
    kind: Literal["answer_invitation"] = "answer_invitation"


@dataclass(frozen=True, slots=True)
class CompleteInduction:
    """The guide has been read, and privately: am I comfortable? May be said again after a talk."""

    by: str
    comfort: Comfort
    kind: Literal["complete_induction"] = "complete_induction"


# --- ground rules -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProposeRules:
    """Propose other values for some `agree` rules: a new version that both must sign.

    Before the sessions it replaces the earlier version at once; later it is an amendment, and the version in force
    stays in force until both have signed the new one.
    """

    by: str
    values: tuple[tuple[str, str], ...]
    kind: Literal["propose_rules"] = "propose_rules"


@dataclass(frozen=True, slots=True)
class SignRules:
    """Sign one version, the newest."""

    by: str
    version: int
    kind: Literal["sign_rules"] = "sign_rules"


# --- goals ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProposeGoals:
    """Propose goals, topics and rhythm; who proposes agrees."""

    by: str
    goals: tuple[Goal, ...]
    topics: tuple[str, ...] = ()
    every_weeks: int = 0
    """0 keeps the programme's cadence."""
    kind: Literal["propose_goals"] = "propose_goals"


@dataclass(frozen=True, slots=True)
class AgreeGoals:
    """Agree to the partner's proposal and give one's own baseline for each goal."""

    by: str
    proposal: int
    baselines: tuple[int, ...]
    kind: Literal["agree_goals"] = "agree_goals"


# --- sessions ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SetAgenda:
    """Write the points of the next session; the junior owns them, the senior may add while there are none."""

    by: str
    session: int
    points: tuple[str, ...]
    kind: Literal["set_agenda"] = "set_agenda"


@dataclass(frozen=True, slots=True)
class MoveSession:
    """Move one planned session."""

    by: str
    session: int
    starts_at: datetime
    kind: Literal["move_session"] = "move_session"


@dataclass(frozen=True, slots=True)
class BookSession:
    """Fix the time of the next session, where it is booked by hand or another time is looked for."""

    by: str
    session: int
    starts_at: datetime
    kind: Literal["book_session"] = "book_session"


@dataclass(frozen=True, slots=True)
class CancelSession:
    """Call off one planned session; another time is looked for."""

    by: str
    session: int
    kind: Literal["cancel_session"] = "cancel_session"


@dataclass(frozen=True, slots=True)
class ProposeTimes:
    """Ask the partner for another time of a planned session; it stands until one is chosen."""

    by: str
    session: int
    times: tuple[datetime, ...]
    """One to three, in the order of preference."""
    kind: Literal["propose_times"] = "propose_times"


@dataclass(frozen=True, slots=True)
class AnswerTimes:
    """Choose one of the partner's times, or none."""

    by: str
    session: int
    chosen: int
    """Counts from 1; 0 when none suits."""
    kind: Literal["answer_times"] = "answer_times"


@dataclass(frozen=True, slots=True)
class NoteCalendar:
    """What one participant's calendar says about one session."""

    by: str
    """The participant whose calendar it is."""
    session: int
    revision: int
    """The SEQUENCE that the calendar showed; -1 where it did not say."""
    answer: CalendarAnswer
    starts_at: datetime | None = None
    """With another time: which."""
    kind: Literal["note_calendar"] = "note_calendar"


@dataclass(frozen=True, slots=True)
class AnswerCalendarQuestion:
    """Was the change in one's own calendar meant for the session itself?"""

    by: str
    session: int
    meant: bool
    kind: Literal["answer_calendar_question"] = "answer_calendar_question"


@dataclass(frozen=True, slots=True)
class ConfirmSession:
    """Did the session take place? Two witnesses."""

    by: str
    session: int
    held: bool
    pulse: Pulse | None = None
    review: Review | None = None
    """Where the question asks for it."""
    kind: Literal["confirm_session"] = "confirm_session"


# The tags of what follows become names of Updates, which every operator reads: none of them tells of trouble.


@dataclass(frozen=True, slots=True)
class ReportNoShow:
    """I was there, the other was not. Only who was present can say it."""

    by: str
    session: int
    kind: Literal["witness_session"] = "witness_session"


@dataclass(frozen=True, slots=True)
class ExplainAbsence:
    """What the one says who was missed."""

    by: str
    session: int
    answer: AbsenceAnswer
    kind: Literal["recall_session"] = "recall_session"


@dataclass(frozen=True, slots=True)
class AnswerDispute:
    """The private form about a session of which the two have said different things."""

    by: str
    session: int
    talked: bool
    """Did the two of you talk?"""
    elsewhere: bool
    """At another time or in another place than planned?"""
    kind: Literal["retell_session"] = "retell_session"


@dataclass(frozen=True, slots=True)
class SettleDispute:
    """The programme team says what is to count."""

    by: str
    session: int
    result: Verdict
    kind: Literal["settle_session"] = "settle_session"


@dataclass(frozen=True, slots=True)
class LogSession:
    """A session that took place outside of the plan, or elsewhere; the partner is asked."""

    by: str
    starts_at: datetime
    minutes: int
    kind: Literal["log_session"] = "log_session"


@dataclass(frozen=True, slots=True)
class GiveReview:
    """The look half-way by itself, for whoever left it out of the answer about the session."""

    by: str
    review: Review
    kind: Literal["give_review"] = "give_review"


@dataclass(frozen=True, slots=True)
class AskCoordinator:
    """Ask for help, from material to friction."""

    by: str
    matter: Matter
    words: str
    severity: Severity | None = None
    """None: the usual one of the matter. The asker may raise it."""
    partner_may_know: bool = False
    hold_next_session: bool = False
    not_to: tuple[Party, ...] = ()
    """Whom of the programme team it must not reach."""
    kind: Literal["ask_coordinator"] = "ask_coordinator"


@dataclass(frozen=True, slots=True)
class TakeUpHelp:
    """The coordinator or the backup has begun to talk with the asker."""

    by: str
    help: int
    kind: Literal["take_up_help"] = "take_up_help"


@dataclass(frozen=True, slots=True)
class TriageHelp:
    """Say which way it goes, after a first talk with the asker."""

    by: str
    help: int
    way: HelpWay
    kind: Literal["triage_help"] = "triage_help"


@dataclass(frozen=True, slots=True)
class ArrangeTalk:
    """A facilitated talk of the pair with the coordinator."""

    by: str
    help: int
    starts_at: datetime
    kind: Literal["arrange_talk"] = "arrange_talk"


@dataclass(frozen=True, slots=True)
class ConcludeHelp:
    """Tell the asker what came of it."""

    by: str
    help: int
    outcome: HelpOutcome
    reason: NoActionReason | None = None
    """With `no_action`, and with nothing else."""
    staying: tuple[Party, ...] = PAIR
    """With `rematched`: who is to have another pairing."""
    kind: Literal["conclude_help"] = "conclude_help"


@dataclass(frozen=True, slots=True)
class RateHelp:
    """Did it help?"""

    by: str
    help: int
    helped: bool
    kind: Literal["rate_help"] = "rate_help"


# --- standing and leaving ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pause:
    """A participant pauses, or the programme team for somebody on long leave; no reason is asked or kept."""

    by: str
    until: datetime | None = None
    kind: Literal["pause"] = "pause"


@dataclass(frozen=True, slots=True)
class Resume:
    """Either participant may resume, and so may the programme team."""

    by: str
    kind: Literal["resume"] = "resume"


@dataclass(frozen=True, slots=True)
class Hold:
    """The programme team freezes the relationship; looks the same for every reason."""

    by: str
    seal: str = ""
    """Whoever shows the same one may lift it again. Tells nobody who that is; empty: anybody of the team may."""
    kind: Literal["hold"] = "hold"


@dataclass(frozen=True, slots=True)
class Lift:
    """Whoever placed a hold takes it back; it ends with the last one's. The safeguarding contact ends any."""

    by: str
    seal: str = ""
    kind: Literal["lift"] = "lift"


@dataclass(frozen=True, slots=True)
class NoteLeaver:
    """The directory of the organisation says that somebody has left it; `left=False` takes that back."""

    by: str
    person: str
    """One of the pair, the coordinator or the backup."""
    left: bool
    kind: Literal["note_leaver"] = "note_leaver"


@dataclass(frozen=True, slots=True)
class ChangeCoordinator:
    """Who runs the programme for this pair from now on."""

    by: str
    coordinator: str
    backup: str = ""
    """Empty: nobody stands in."""
    conflicted: tuple[str, ...] = ()
    """Which of these stand in a reporting line with one of the pair, as far as that was looked up."""
    kind: Literal["change_coordinator"] = "change_coordinator"


@dataclass(frozen=True, slots=True)
class GoOn:
    """Yes, I want to go on: the answer to the question that a long silence leads to."""

    by: str
    kind: Literal["go_on"] = "go_on"


@dataclass(frozen=True, slots=True)
class Exit:
    """Leave, at any moment, without a reason or anybody's approval."""

    by: str
    kind: Literal["exit"] = "exit"


@dataclass(frozen=True, slots=True)
class Decide:
    """The programme team decides what a ladder could not."""

    by: str
    choice: Choice
    kind: Literal["decide"] = "decide"


@dataclass(frozen=True, slots=True)
class ChangeZone:
    """From an instant on, times are agreed in another zone; what is booked stays where it is."""

    by: str
    zone: str
    """IANA name."""
    starting: datetime
    kind: Literal["change_zone"] = "change_zone"


# --- close-out --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WishExtension:
    """Wish for some more weeks, once the end is announced. It counts only if the other wishes so too."""

    by: str
    weeks: int
    kind: Literal["wish_extension"] = "wish_extension"


@dataclass(frozen=True, slots=True)
class ProposeEarlyEnd:
    """Propose to end now, with honour: the goals are reached before the date."""

    by: str
    kind: Literal["propose_early_end"] = "propose_early_end"


@dataclass(frozen=True, slots=True)
class AgreeEarlyEnd:
    """Agree to the partner's proposal to end now."""

    by: str
    kind: Literal["agree_early_end"] = "agree_early_end"


@dataclass(frozen=True, slots=True)
class EndForRematch:
    """The programme team ends this pairing in favour of another one."""

    by: str
    staying: tuple[Party, ...] = PAIR
    """Who is to have another pairing."""
    kind: Literal["end_for_rematch"] = "end_for_rematch"


@dataclass(frozen=True, slots=True)
class CarryGoals:
    """May the goals that are mine go with me into another pairing? A goal of both needs the word of both."""

    by: str
    yes: bool
    kind: Literal["carry_goals"] = "carry_goals"


@dataclass(frozen=True, slots=True)
class EndByProgramme:
    """The programme as a whole comes to its end, and this relationship with it, after a while of notice."""

    by: str
    notice_days: int = 30
    kind: Literal["end_by_programme"] = "end_by_programme"


@dataclass(frozen=True, slots=True)
class GiveFinalFeedback:
    """Final ratings of the goals, the private survey, and the wish to stay in touch."""

    by: str
    ratings: tuple[int, ...]
    would_repeat: int
    """1 to 10."""
    felt_safe: int
    """1 to 10; private."""
    keep_in_touch: bool
    kind: Literal["give_final_feedback"] = "give_final_feedback"


# --- what the programme's machines have heard -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NoteAddress:
    """Mail to somebody came back, or their address has been corrected."""

    by: str
    person: str
    news: AddressNews
    kind: Literal["note_address"] = "note_address"


# --- what the engine reports ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordSlot:
    """The wall-clock time of a session has been resolved."""

    session: int
    starts_at: datetime
    remind_at: datetime | None = None
    """When both may be reminded; None: nobody could tell."""
    notes: tuple[str, ...] = ()
    """What is to be said about this time, as catalogue words."""
    proposals: tuple[datetime, ...] = ()
    """Other times that would suit both, where they were asked for."""
    ask_at: datetime | None = None
    """When both may be asked about it; None: a fixed time after the end."""
    kind: Literal["record_slot"] = "record_slot"


@dataclass(frozen=True, slots=True)
class RecordCalendarVerified:
    """One person's calendar was checked after a clean-up."""

    party: Party
    clean: bool
    kind: Literal["record_calendar_verified"] = "record_calendar_verified"


@dataclass(frozen=True, slots=True)
class RecordAddressFailed:
    """The mail server refuses one party's address for good."""

    party: Party
    kind: Literal["record_address_failed"] = "record_address_failed"


Command = (
    AnswerInvitation
    | CompleteInduction
    | ProposeRules
    | SignRules
    | ProposeGoals
    | AgreeGoals
    | SetAgenda
    | MoveSession
    | BookSession
    | CancelSession
    | ProposeTimes
    | AnswerTimes
    | NoteCalendar
    | AnswerCalendarQuestion
    | ConfirmSession
    | ReportNoShow
    | ExplainAbsence
    | AnswerDispute
    | SettleDispute
    | LogSession
    | GiveReview
    | AskCoordinator
    | TakeUpHelp
    | TriageHelp
    | ArrangeTalk
    | ConcludeHelp
    | RateHelp
    | Pause
    | Resume
    | Hold
    | Lift
    | NoteLeaver
    | ChangeCoordinator
    | GoOn
    | Exit
    | Decide
    | ChangeZone
    | WishExtension
    | ProposeEarlyEnd
    | AgreeEarlyEnd
    | EndForRematch
    | CarryGoals
    | EndByProgramme
    | GiveFinalFeedback
    | NoteAddress
)
"""What a person may send."""

Report = RecordSlot | RecordCalendarVerified | RecordAddressFailed
"""What the engine reports about the world."""
