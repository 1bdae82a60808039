"""Who may do what to a case, and by which way: one row per command, as data.

Whoever has no part in a case is answered as if there were none; so is whoever it is about.
"""

from enum import StrEnum
from typing import Any

from mentoring_lifecycle.domain.authorisation import BY_PERSON, Channel
from mentoring_lifecycle.domain.cases import commands as c
from mentoring_lifecycle.domain.cases.assignment import is_eligible, is_reporter, may_see
from mentoring_lifecycle.domain.cases.state import CaseState
from mentoring_lifecycle.domain.rejections import Refusal, Rejection


class Role(StrEnum):
    """The part somebody has in a case; one person may have several."""

    HANDLER = "handler"
    """Who has it."""
    INFORMED = "informed"
    """Who was told of it and may see it."""
    CONTACT = "contact"
    """The external contact, told or not."""
    REPORTER = "reporter"


_HANDLER = (Role.HANDLER,)
_OF_ALL_WHO_KNOW = (Role.HANDLER, Role.INFORMED)

ROLES: dict[type[Any], tuple[Role, ...]] = {
    c.Acknowledge: _OF_ALL_WHO_KNOW,
    c.Read: _OF_ALL_WHO_KNOW,
    c.TakeCopy: _OF_ALL_WHO_KNOW,
    c.Reopen: _OF_ALL_WHO_KNOW,
    c.Reassign: (Role.HANDLER, Role.INFORMED, Role.CONTACT),
    c.Triage: _HANDLER,
    c.StartInvestigation: _HANDLER,
    c.Refer: _HANDLER,
    c.DecideOutcome: _HANDLER,
    c.GiveFeedback: _HANDLER,
    c.Withdraw: (Role.HANDLER, Role.REPORTER),
    c.WriteAsReporter: (Role.REPORTER,),
    c.WriteAsHandler: _HANDLER,
    c.NoteMessages: _HANDLER,
    c.PlaceHold: _HANDLER,
    c.LiftHold: _HANDLER,
    c.BlockPair: _HANDLER,
    c.UnblockPair: _HANDLER,
}
"""One row per command; a test holds it complete."""


def roles_of(state: CaseState, person: str, key: str = "") -> tuple[Role, ...]:
    """Every part of whoever asks; none for a stranger, and none for whoever it is about."""
    knows = may_see(state, person)
    holds = {
        Role.HANDLER: knows and person == state.handler,
        Role.INFORMED: knows,
        Role.CONTACT: person == state.contact and is_eligible(state, person),
        Role.REPORTER: is_reporter(state, person, key),
    }
    return tuple(role for role, is_so in holds.items() if is_so)


def refused_at_the_gate(state: CaseState, command: c.CaseCommand) -> Rejection | None:
    """Whoever does not know of a case does not learn of it here."""
    if state.has_ended:
        return Rejection(Refusal.UNKNOWN_CASE)
    roles, may = roles_of(state, command.by, getattr(command, "key", "")), ROLES[type(command)]
    if set(roles) & set(may):
        return None
    knows = Role.INFORMED in roles and Role.HANDLER in may
    return Rejection(Refusal.NOT_THE_HANDLER if knows else Refusal.UNKNOWN_CASE)


def refused_on_the_way(channel: Channel) -> Rejection | None:
    """People alone, in their own name: neither mail, nor a machine, nor the office as one."""
    return None if channel in BY_PERSON else Rejection(Refusal.NOT_THIS_WAY, channel)
