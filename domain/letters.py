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
    BOOK_SESSION = "book_session"
    BOOK_SESSION_REMINDER = "book_session_reminder"
    TIMES_PROPOSED = "times_proposed"
    TIMES_PROPOSED_REMINDER = "times_proposed_reminder"
    TIMES_ANSWERED = "times_answered"
    CALENDAR_QUESTION = "calendar_question"
    CALENDAR_QUESTION_REMINDER = "calendar_question_reminder"
    TALK_SUGGESTED = "talk_suggested"
    CHANGES_NOTED = "changes_noted"
    SESSION_QUESTION = "session_question"
    SESSION_QUESTION_REMINDER = "session_question_reminder"
    SESSION_FOLLOW_UP = "session_follow_up"
    """To whoever was missed. Purposes are shown to operators beside an activity, so no name here tells of trouble."""
    SESSION_FORM = "session_form"
    """To both, when they differ about a session."""
    SESSION_TO_SETTLE = "session_to_settle"
    CHECK_IN = "check_in"
    HELP_RECEIVED = "help_received"
    HELP_WANTED = "help_wanted"
    HELP_REMINDER = "help_reminder"
    HELP_OVERDUE = "help_overdue"
    HELP_PASSED_ON = "help_passed_on"
    """To the programme's last resort, when nobody of the team has acted."""
    HELP_ELSEWHERE = "help_elsewhere"
    """To whoever asked: it takes longer than promised, and who else is there."""
    TALK_ARRANGED = "talk_arranged"
    HELP_OUTCOME = "help_outcome"
    HELP_FEEDBACK = "help_feedback"
    RULES_TO_REVIEW = "rules_to_review"
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
    CATCH_UP = "catch_up"
    """Stands for several letters that could not be sent for long."""
    ADDRESS_FAILED_OWNER = "address_failed_owner"
    RULES_AMENDED = "rules_amended"
    HOLD_NOTE = "hold_note"
    TEAM_CHANGED = "team_changed"
    SILENCE_NOTE = "silence_note"
    GOING_ON = "going_on"
    EXTENDED = "extended"
    EARLY_END = "early_end"
    REMATCH = "rematch"
    CASE_RECEIVED = "case_received"
    MATTER_WAITING = "matter_waiting"
    MATTER_AGAIN = "matter_again"
    ZONE_CHANGED = "zone_changed"


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
    BOOK_SESSION = "book-session"
    ANSWER_TIMES = "answer-times"
    CONFIRM_CALENDAR_CHANGE = "confirm-calendar-change"
    CONFIRM_SESSION = "confirm-session"
    EXPLAIN_ABSENCE = "explain-absence"
    ANSWER_DISPUTE = "answer-dispute"
    SETTLE_DISPUTE = "settle-dispute"
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
    waits_for_day: bool = False
    """Does not reach anybody in their quiet hours or on a day off; false for what must be known at once."""
    another_way: bool = False
    """Goes to the reader's other address, because mail to the usual one fails."""


_LEAVE, _RESEND = WhenUnknown.LEAVE, WhenUnknown.RESEND

MANNERS: dict[LetterKind, Manners] = {
    LetterKind.INVITATION: Manners(_RESEND, Action.ANSWER_INVITATION, waits_for_day=True),
    LetterKind.INVITATION_REMINDER: Manners(_LEAVE, Action.ANSWER_INVITATION, waits_for_day=True),
    LetterKind.INDUCTION: Manners(_RESEND, Action.COMPLETE_INDUCTION, waits_for_day=True),
    LetterKind.INDUCTION_REMINDER: Manners(_LEAVE, Action.COMPLETE_INDUCTION, waits_for_day=True),
    LetterKind.NEEDS_TIME: Manners(_LEAVE, waits_for_day=True),
    LetterKind.COMFORT_TALK: Manners(_RESEND, Action.DECIDE, waits_for_day=True),
    LetterKind.NOT_STARTED: Manners(_RESEND, waits_for_day=True),
    LetterKind.RULES_TO_SIGN: Manners(_RESEND, Action.SIGN_RULES, waits_for_day=True),
    LetterKind.RULES_REMINDER: Manners(_LEAVE, Action.SIGN_RULES, waits_for_day=True),
    LetterKind.GOALS_TO_SET: Manners(_RESEND, Action.PROPOSE_GOALS, waits_for_day=True),
    LetterKind.GOALS_TO_AGREE: Manners(_RESEND, Action.AGREE_GOALS, waits_for_day=True),
    LetterKind.GOALS_REMINDER: Manners(_LEAVE, Action.PROPOSE_GOALS, waits_for_day=True),
    LetterKind.SESSION_INVITATION: Manners(_RESEND, Action.PREPARE_SESSION, CalendarMethod.REQUEST, waits_for_day=True),
    LetterKind.SESSION_MOVED: Manners(_RESEND, Action.PREPARE_SESSION, CalendarMethod.REQUEST),
    LetterKind.SESSION_CANCELLED: Manners(_RESEND, Action.NONE, CalendarMethod.CANCEL, passes_hold=True),
    LetterKind.SESSION_REMINDER: Manners(_LEAVE, Action.PREPARE_SESSION, waits_for_day=True),
    LetterKind.BOOK_SESSION: Manners(_RESEND, Action.BOOK_SESSION, waits_for_day=True),
    LetterKind.BOOK_SESSION_REMINDER: Manners(_LEAVE, Action.BOOK_SESSION, waits_for_day=True),
    LetterKind.TIMES_PROPOSED: Manners(_RESEND, Action.ANSWER_TIMES, waits_for_day=True),
    LetterKind.TIMES_PROPOSED_REMINDER: Manners(_LEAVE, Action.ANSWER_TIMES, waits_for_day=True),
    LetterKind.TIMES_ANSWERED: Manners(_RESEND, Action.PREPARE_SESSION, waits_for_day=True),
    LetterKind.CALENDAR_QUESTION: Manners(_RESEND, Action.CONFIRM_CALENDAR_CHANGE, waits_for_day=True),
    LetterKind.CALENDAR_QUESTION_REMINDER: Manners(_LEAVE, Action.CONFIRM_CALENDAR_CHANGE, waits_for_day=True),
    LetterKind.TALK_SUGGESTED: Manners(_LEAVE, waits_for_day=True),
    LetterKind.CHANGES_NOTED: Manners(_RESEND, passes_hold=True, waits_for_day=True),
    LetterKind.SESSION_QUESTION: Manners(_LEAVE, Action.CONFIRM_SESSION, waits_for_day=True),
    LetterKind.SESSION_QUESTION_REMINDER: Manners(_LEAVE, Action.CONFIRM_SESSION, waits_for_day=True),
    LetterKind.SESSION_FOLLOW_UP: Manners(_RESEND, Action.EXPLAIN_ABSENCE, waits_for_day=True),
    LetterKind.SESSION_FORM: Manners(_LEAVE, Action.ANSWER_DISPUTE, waits_for_day=True),
    LetterKind.SESSION_TO_SETTLE: Manners(_RESEND, Action.SETTLE_DISPUTE, waits_for_day=True),
    LetterKind.CHECK_IN: Manners(_LEAVE, waits_for_day=True),
    LetterKind.HELP_RECEIVED: Manners(_RESEND, passes_hold=True),
    LetterKind.HELP_WANTED: Manners(_RESEND, Action.TAKE_UP_HELP, passes_hold=True),
    LetterKind.HELP_REMINDER: Manners(_LEAVE, Action.TAKE_UP_HELP, passes_hold=True, waits_for_day=True),
    LetterKind.HELP_OVERDUE: Manners(_RESEND, Action.TAKE_UP_HELP, passes_hold=True),
    LetterKind.HELP_PASSED_ON: Manners(_RESEND, passes_hold=True, waits_for_day=True),
    LetterKind.HELP_ELSEWHERE: Manners(_RESEND, passes_hold=True, waits_for_day=True),
    LetterKind.TALK_ARRANGED: Manners(_RESEND),
    LetterKind.HELP_OUTCOME: Manners(_RESEND, passes_hold=True),
    LetterKind.HELP_FEEDBACK: Manners(_LEAVE, Action.RATE_HELP, waits_for_day=True),
    LetterKind.RULES_TO_REVIEW: Manners(_RESEND, Action.SIGN_RULES, waits_for_day=True),
    LetterKind.PAUSED: Manners(_RESEND),
    LetterKind.RESUMED: Manners(_RESEND),
    LetterKind.ON_HOLD: Manners(_RESEND, passes_hold=True),
    LetterKind.HOLD_LIFTED: Manners(_RESEND),
    LetterKind.EXIT_CONFIRMED: Manners(_RESEND, passes_hold=True),
    LetterKind.RELATIONSHIP_ENDED: Manners(_RESEND, passes_hold=True),
    LetterKind.CLOSING_NOTICE: Manners(_RESEND, Action.WISH_EXTENSION, waits_for_day=True),
    LetterKind.FINAL_FEEDBACK: Manners(_RESEND, Action.GIVE_FINAL_FEEDBACK, waits_for_day=True),
    LetterKind.FINAL_FEEDBACK_REMINDER: Manners(_LEAVE, Action.GIVE_FINAL_FEEDBACK, waits_for_day=True),
    LetterKind.FAREWELL: Manners(_RESEND, waits_for_day=True),
    LetterKind.DECISION_WANTED: Manners(_RESEND, Action.DECIDE, passes_hold=True, waits_for_day=True),
    LetterKind.CLOSED_NOTE: Manners(_RESEND, passes_hold=True, waits_for_day=True),
    LetterKind.ADDRESS_FAILED: Manners(_RESEND, passes_hold=True),
    LetterKind.CATCH_UP: Manners(_RESEND, waits_for_day=True),
    LetterKind.ADDRESS_FAILED_OWNER: Manners(_RESEND, passes_hold=True, another_way=True),
    LetterKind.RULES_AMENDED: Manners(_RESEND, waits_for_day=True),
    LetterKind.HOLD_NOTE: Manners(_RESEND, passes_hold=True, waits_for_day=True),
    LetterKind.TEAM_CHANGED: Manners(_RESEND, Action.DECIDE, passes_hold=True, waits_for_day=True),
    LetterKind.SILENCE_NOTE: Manners(_RESEND, Action.DECIDE, waits_for_day=True),
    LetterKind.GOING_ON: Manners(_RESEND, Action.GO_ON, waits_for_day=True),
    LetterKind.EXTENDED: Manners(_RESEND, waits_for_day=True),
    LetterKind.EARLY_END: Manners(_RESEND, Action.AGREE_EARLY_END, waits_for_day=True),
    LetterKind.REMATCH: Manners(_RESEND, Action.CARRY_GOALS, waits_for_day=True),
    LetterKind.CASE_RECEIVED: Manners(_RESEND, Action.OPEN_CASE, passes_hold=True),
    LetterKind.MATTER_WAITING: Manners(_RESEND, Action.OPEN_CASE, passes_hold=True),
    LetterKind.MATTER_AGAIN: Manners(_RESEND, Action.OPEN_CASE, passes_hold=True, waits_for_day=True),
    LetterKind.ZONE_CHANGED: Manners(_RESEND, waits_for_day=True),
}
"""One row per letter; a test holds it complete."""
