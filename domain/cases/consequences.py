"""Whom a fact makes us write to. Letters about a case say one neutral sentence and carry a reference, nothing else."""

from datetime import timedelta

from mentoring_lifecycle.domain.cases import assignment
from mentoring_lifecycle.domain.cases import events as e
from mentoring_lifecycle.domain.cases.state import CaseState
from mentoring_lifecycle.domain.effects import Facts, Letter
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import Party

WANTED_FOR = timedelta(days=7)
"""How long a letter is tried; what is still open after that is told again by itself."""


def ledger_name(case: str) -> str:
    """What a case is called where relationships are called by their id."""
    return f"case-{case}"


def letters_of(event: e.CaseEvent, state: CaseState) -> tuple[Letter, ...]:
    """The letters that follow from one event; `state` is the one after it."""
    purpose, readers = _readers(event, state)
    return tuple(_letter(event, state, purpose, number, to) for number, to in enumerate(readers))


def _readers(event: e.CaseEvent, state: CaseState) -> tuple[LetterKind, tuple[str, ...]]:
    match event:
        case e.HandlerAssigned() if not event.by_own_act:
            return LetterKind.CASE_RECEIVED, _handler_and_stand_in(state)
        case e.ToldAgain():
            return LetterKind.CASE_RECEIVED, _handler_and_stand_in(state)
        case e.HandlerUnreached() if event.told:
            return LetterKind.CASE_RECEIVED if state.awaits_note else LetterKind.MATTER_WAITING, (event.told,)
        case e.ReporterWrote() if event.told:
            return LetterKind.MATTER_WAITING, (event.told,)
        case e.MarkPassed():
            return LetterKind.MATTER_WAITING, event.told
        case e.WatchDue():
            return LetterKind.MATTER_AGAIN, (state.handler,)
    return LetterKind.CASE_RECEIVED, ()


def _handler_and_stand_in(state: CaseState) -> tuple[str, ...]:
    """The handler even where mail failed to reach them: their address may have been put right."""
    return tuple(person for person in (state.handler, assignment.stand_in(state)) if person)


def _letter(event: e.CaseEvent, state: CaseState, purpose: LetterKind, number: int, to: str) -> Letter:
    return Letter(
        key=f"{ledger_name(state.id)}/{state.sequence}/{purpose}/{Party.SAFEGUARDING}/{number}",
        purpose=purpose,
        to=to,
        party=Party.SAFEGUARDING,
        decided_at=event.at,
        not_after=event.at + WANTED_FOR,
        facts=Facts(occurrence=state.id),
    )


def still_wanted(letter: Letter, state: CaseState) -> bool:
    """Whether a letter that has waited is still true: its reader may know, and has not taken note meanwhile."""
    if not assignment.may_see(state, letter.to):
        return False
    return letter.purpose is not LetterKind.CASE_RECEIVED or state.awaits_note
