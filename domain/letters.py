"""The catalogue of letters: every mail this system can ever send, and how each behaves when things go wrong."""

from dataclasses import dataclass
from enum import StrEnum


class LetterKind(StrEnum):
    """Why somebody is written to. The value is part of the effect key, so it never changes."""

    INVITATION = "invitation"
    INVITATION_REMINDER = "invitation_reminder"
    INDUCTION = "induction"
    INDUCTION_REMINDER = "induction_reminder"
    NEEDS_TIME = "needs_time"
    COMFORT_TALK = "comfort_talk"
    NOT_STARTED = "not_started"
    RULES_TO_SIGN = "rules_to_sign"
    RULES_REMINDER = "rules_reminder"
    GOALS_TO_SET = "goals_to_set"
    GOALS_TO_AGREE = "goals_to_agree"
    GOALS_REMINDER = "goals_reminder"
    SESSION_INVITATION = "session_invitation"
    SESSION_MOVED = "session_moved"
    SESSION_CANCELLED = "session_cancelled"
    SESSION_REMINDER = "session_reminder"
    SESSION_QUESTION = "session_question"
    SESSION_QUESTION_REMINDER = "session_question_reminder"
    HELP_RECEIVED = "help_received"
    HELP_WANTED = "help_wanted"
    HELP_OVERDUE = "help_overdue"
    TALK_ARRANGED = "talk_arranged"
    HELP_OUTCOME = "help_outcome"
    HELP_FEEDBACK = "help_feedback"
    PAUSED = "paused"
    RESUMED = "resumed"
    ON_HOLD = "on_hold"
    HOLD_LIFTED = "hold_lifted"
    EXIT_CONFIRMED = "exit_confirmed"
    RELATIONSHIP_ENDED = "relationship_ended"
    CLOSING_NOTICE = "closing_notice"
    FINAL_FEEDBACK = "final_feedback"
    FINAL_FEEDBACK_REMINDER = "final_feedback_reminder"
    FAREWELL = "farewell"
    DECISION_WANTED = "decision_wanted"
    CLOSED_NOTE = "closed_note"
    ADDRESS_FAILED = "address_failed"
    RULES_AMENDED = "rules_amended"
    HOLD_NOTE = "hold_note"
    TEAM_CHANGED = "team_changed"
    SILENCE_NOTE = "silence_note"
    GOING_ON = "going_on"
    EXTENDED = "extended"
    EARLY_END = "early_end"
    REMATCH = "rematch"
    CASE_RECEIVED = "case_received"


class WhenUnknown(StrEnum):
    """What to do when nobody can tell whether a letter went out (reference: the effect ledger)."""

    LEAVE = "leave"
    """At most once: a reminder more would annoy; it is listed for the operator."""
    RESEND = "resend"
    """At least once: the same Message-ID and body go out again, because silence would harm."""


class CalendarMethod(StrEnum):
    """What an invitation by mail asks of the reader's calendar (RFC 5546)."""

    NONE = "none"
    REQUEST = "request"
    CANCEL = "cancel"


class Action(StrEnum):
    """What a reader can do about a letter; the link is made by the host's own tool."""

    NONE = "none"
    ANSWER_INVITATION = "answer-invitation"
    COMPLETE_INDUCTION = "complete-induction"
    SIGN_RULES = "sign-rules"
    PROPOSE_GOALS = "propose-goals"
    AGREE_GOALS = "agree-goals"
    PREPARE_SESSION = "prepare-session"
    CONFIRM_SESSION = "confirm-session"
    GIVE_FINAL_FEEDBACK = "give-final-feedback"
    RATE_HELP = "rate-help"
    TAKE_UP_HELP = "take-up-help"
    DECIDE = "decide"
    GO_ON = "go-on"
    WISH_EXTENSION = "wish-extension"
    AGREE_EARLY_END = "agree-early-end"
    CARRY_GOALS = "carry-goals"
    OPEN_CASE = "open-case"
    ASK_COORDINATOR = "ask-coordinator"
    EXIT = "exit"


@dataclass(frozen=True, slots=True)
class Manners:
    """How a letter of one kind behaves."""

    when_unknown: WhenUnknown
    action: Action = Action.NONE
    calendar: CalendarMethod = CalendarMethod.NONE
    passes_hold: bool = False
    """Goes out although the relationship is on hold: cancellations and the fixed sentence itself."""


_LEAVE, _RESEND = WhenUnknown.LEAVE, WhenUnknown.RESEND

MANNERS: dict[LetterKind, Manners] = {
    LetterKind.INVITATION: Manners(_RESEND, Action.ANSWER_INVITATION),
    LetterKind.INVITATION_REMINDER: Manners(_LEAVE, Action.ANSWER_INVITATION),
    LetterKind.INDUCTION: Manners(_RESEND, Action.COMPLETE_INDUCTION),
    LetterKind.INDUCTION_REMINDER: Manners(_LEAVE, Action.COMPLETE_INDUCTION),
    LetterKind.NEEDS_TIME: Manners(_LEAVE),
    LetterKind.COMFORT_TALK: Manners(_RESEND, Action.DECIDE),
    LetterKind.NOT_STARTED: Manners(_RESEND),
    LetterKind.RULES_TO_SIGN: Manners(_RESEND, Action.SIGN_RULES),
    LetterKind.RULES_REMINDER: Manners(_LEAVE, Action.SIGN_RULES),
    LetterKind.GOALS_TO_SET: Manners(_RESEND, Action.PROPOSE_GOALS),
    LetterKind.GOALS_TO_AGREE: Manners(_RESEND, Action.AGREE_GOALS),
    LetterKind.GOALS_REMINDER: Manners(_LEAVE, Action.PROPOSE_GOALS),
    LetterKind.SESSION_INVITATION: Manners(_RESEND, Action.PREPARE_SESSION, CalendarMethod.REQUEST),
    LetterKind.SESSION_MOVED: Manners(_RESEND, Action.PREPARE_SESSION, CalendarMethod.REQUEST),
    LetterKind.SESSION_CANCELLED: Manners(_RESEND, Action.NONE, CalendarMethod.CANCEL, passes_hold=True),
    LetterKind.SESSION_REMINDER: Manners(_LEAVE, Action.PREPARE_SESSION),
    LetterKind.SESSION_QUESTION: Manners(_LEAVE, Action.CONFIRM_SESSION),
    LetterKind.SESSION_QUESTION_REMINDER: Manners(_LEAVE, Action.CONFIRM_SESSION),
    LetterKind.HELP_RECEIVED: Manners(_RESEND, passes_hold=True),
    LetterKind.HELP_WANTED: Manners(_RESEND, Action.TAKE_UP_HELP, passes_hold=True),
    LetterKind.HELP_OVERDUE: Manners(_RESEND, Action.TAKE_UP_HELP, passes_hold=True),
    LetterKind.TALK_ARRANGED: Manners(_RESEND),
    LetterKind.HELP_OUTCOME: Manners(_RESEND, passes_hold=True),
    LetterKind.HELP_FEEDBACK: Manners(_LEAVE, Action.RATE_HELP),
    LetterKind.PAUSED: Manners(_RESEND),
    LetterKind.RESUMED: Manners(_RESEND),
    LetterKind.ON_HOLD: Manners(_RESEND, passes_hold=True),
    LetterKind.HOLD_LIFTED: Manners(_RESEND),
    LetterKind.EXIT_CONFIRMED: Manners(_RESEND, passes_hold=True),
    LetterKind.RELATIONSHIP_ENDED: Manners(_RESEND, passes_hold=True),
    LetterKind.CLOSING_NOTICE: Manners(_RESEND, Action.WISH_EXTENSION),
    LetterKind.FINAL_FEEDBACK: Manners(_RESEND, Action.GIVE_FINAL_FEEDBACK),
    LetterKind.FINAL_FEEDBACK_REMINDER: Manners(_LEAVE, Action.GIVE_FINAL_FEEDBACK),
    LetterKind.FAREWELL: Manners(_RESEND),
    LetterKind.DECISION_WANTED: Manners(_RESEND, Action.DECIDE, passes_hold=True),
    LetterKind.CLOSED_NOTE: Manners(_RESEND, passes_hold=True),
    LetterKind.ADDRESS_FAILED: Manners(_RESEND, passes_hold=True),
    LetterKind.RULES_AMENDED: Manners(_RESEND),
    LetterKind.HOLD_NOTE: Manners(_RESEND, passes_hold=True),
    LetterKind.TEAM_CHANGED: Manners(_RESEND, Action.DECIDE, passes_hold=True),
    LetterKind.SILENCE_NOTE: Manners(_RESEND, Action.DECIDE),
    LetterKind.GOING_ON: Manners(_RESEND, Action.GO_ON),
    LetterKind.EXTENDED: Manners(_RESEND),
    LetterKind.EARLY_END: Manners(_RESEND, Action.AGREE_EARLY_END),
    LetterKind.REMATCH: Manners(_RESEND, Action.CARRY_GOALS),
    LetterKind.CASE_RECEIVED: Manners(_RESEND, Action.OPEN_CASE, passes_hold=True),
}
"""One row per letter; a test holds it complete."""
