"""Asking the coordinator for help: acknowledged, timed, answered, rated."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mentoring_lifecycle.domain.commands import HelpOutcome, HelpWay, Matter, NoActionReason, Severity
from mentoring_lifecycle.domain.events import Phase, RelationshipOutcome
from mentoring_lifecycle.domain.help_requests import working_days_after
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.starter.answers import CommandRejected

from .life import BACKUP, CONTACT, COORDINATOR, MENTEE, MENTOR, MOMENT, STRANGER, UNDER_WAY, Life, Rig, World


async def asked_for_help(life: Life) -> None:
    """The mentor asks about a struggle over roles; the partner may know, and no session takes place meanwhile."""
    await life.on.ask_coordinator(
        by=MENTOR, matter=Matter.ROLE_STRUGGLE, words="He corrects me.", partner_may_know=True, hold_next_session=True
    )


async def test_a_friction_goes_from_a_call_to_a_talk_to_an_outcome(rig: Rig) -> None:
    """Acknowledged at once, sessions stand still, all three talk, the asker hears what came of it and is asked."""
    life = await rig.life(*UNDER_WAY, backup=BACKUP)
    before = len(life.mails())
    await life.past(asked_for_help)
    assert life.letters(before) == {"help_received": 1, "help_wanted": 1, "session_cancelled": 2}
    assert life.entries() == {MENTOR: [], MENTEE: []}
    (request,) = await life.on.help_requests()
    assert (request.severity, request.words, request.taken_up) == (Severity.S2, "He corrects me.", False)
    await life.on.take_up_help(by=COORDINATOR, help=1)
    talk_at = await life.now() + timedelta(days=2)
    await life.on.arrange_talk(by=COORDINATOR, help=1, starts_at=talk_at)
    await life.rest()
    assert len(life.mails(LetterKind.TALK_ARRANGED, to=MENTEE)) == 1
    await life.days(3)
    await life.on.conclude_help(by=COORDINATOR, help=1, outcome=HelpOutcome.FACILITATED)
    await life.rest()
    assert len(life.mails(LetterKind.HELP_OUTCOME, to=MENTOR)) == 1
    assert len(life.mails(LetterKind.HELP_FEEDBACK, to=MENTOR)) == 1
    assert [len(starts) for starts in life.entries().values()] == [1, 1]
    await life.on.rate_help(by=MENTOR, help=1, helped=True)
    await life.rest()
    assert await life.on.help_requests() == ()
    assert (await life.status()).questions == ()


async def test_a_clock_that_runs_out_is_told_to_coordinator_and_backup(rig: Rig) -> None:
    """After one working day both hear of it, after the next again, four times at most; the partner never does."""
    life = await rig.life(*UNDER_WAY, backup=BACKUP)
    asked_at = await life.now()
    await life.past(asked_for_help)
    due = working_days_after(asked_at, 1)
    await life.until(due - timedelta(minutes=5))
    assert life.mails(LetterKind.HELP_OVERDUE) == []
    await life.until(due + timedelta(minutes=5))
    for person in (COORDINATOR, BACKUP):
        (told,) = life.mails(LetterKind.HELP_OVERDUE, to=person)
        assert timedelta() <= told.dated_at - due < MOMENT
    await life.days(20)
    assert len(life.mails(LetterKind.HELP_OVERDUE, to=BACKUP)) == 4
    assert life.mails(LetterKind.HELP_WANTED, LetterKind.HELP_OVERDUE, LetterKind.HELP_RECEIVED, to=MENTEE) == []


async def test_taking_it_up_moves_the_clock_to_the_outcome(rig: Rig) -> None:
    """Taken up in time nobody is told; an outcome that does not come in thirty days is."""
    life = await rig.life(*UNDER_WAY, backup=BACKUP)
    await life.past(asked_for_help)
    await life.on.take_up_help(by=BACKUP, help=1)
    await life.on.triage_help(by=BACKUP, help=1, way=HelpWay.ANSWER)
    await life.days(29.9)
    assert life.mails(LetterKind.HELP_OVERDUE) == []
    assert [len(life.mails(LetterKind.HELP_REMINDER, to=each)) for each in (BACKUP, COORDINATOR)] == [1, 1]
    await life.days(0.2)
    assert len(life.mails(LetterKind.HELP_OVERDUE)) == 2


async def test_help_goes_on_while_the_relationship_is_held(rig: Rig) -> None:
    """A hold silences the programme, not the people in need of it."""
    life = await rig.life(*UNDER_WAY)
    await life.on.hold()
    await life.past(asked_for_help)
    assert len(life.mails(LetterKind.HELP_RECEIVED, to=MENTOR)) == 1
    await life.on.conclude_help(by=COORDINATOR, help=1, outcome=HelpOutcome.ENDED)
    await life.rest()
    status = await life.status()
    assert (status.phase, status.outcome) == (Phase.CLOSED, RelationshipOutcome.ENDED_BY_PROGRAMME)


@pytest.mark.parametrize("matter", [Matter.DISCRIMINATION, Matter.SEXUAL_HARASSMENT])
async def test_severe_matters_are_sent_to_the_confidential_channel(rig: Rig, matter: Matter) -> None:
    """What belongs to the safeguarding contact leaves no trace in the relationship."""
    life = await rig.life(*UNDER_WAY)
    before = await life.history_length()
    with pytest.raises(CommandRejected) as refused:
        await life.on.ask_coordinator(by=MENTOR, matter=matter, words="What happened")
    assert refused.value.code is Refusal.TOO_SEVERE_FOR_HERE
    assert await life.history_length() == before


async def test_nobody_but_the_team_reads_the_words(rig: Rig) -> None:
    """Neither the view of the pair, nor the timeline, nor the operator's page, nor any mail repeats them."""
    life = await rig.life(*UNDER_WAY)
    await life.on.ask_coordinator(by=MENTEE, matter=Matter.QUESTION, words="Pomegranate")
    await life.rest()
    seen = f"{await life.status()} {await life.on.timeline()} {await life.on.agreement()} {await life.details()}"
    seen += str(life.mails()) + str(rig.world.journal.entries[life.id])
    assert "Pomegranate" not in seen


async def test_who_does_not_act_is_overtaken(rig: Rig) -> None:
    """The coordinator is reminded, then the backup hears of it, then both, then the contact and the asker."""
    life = await rig.life(*UNDER_WAY, backup=BACKUP)
    asked_at = working_days_after(await life.now(), 1).replace(hour=9, minute=0, second=0, microsecond=0)
    await life.until(asked_at)  # reminders wait for the reader's day, so that it matters when a clock began
    await life.past(asked_for_help)
    due = working_days_after(await life.now(), 1)
    await life.until(due - timedelta(minutes=1))
    for person in (COORDINATOR, BACKUP):
        assert len(life.mails(LetterKind.HELP_REMINDER, to=person)) == 1
    assert life.mails(LetterKind.HELP_OVERDUE, to=BACKUP) == []
    await life.until(working_days_after(due, 1) + timedelta(minutes=1))
    assert len(life.mails(LetterKind.HELP_OVERDUE, to=BACKUP)) == 2
    assert len(life.mails(LetterKind.HELP_PASSED_ON, to=CONTACT)) == 1
    (told,) = life.mails(LetterKind.HELP_ELSEWHERE, to=MENTOR)
    assert "Sam Reed" in told.text


async def test_whom_the_asker_names_neither_reads_nor_hears_of_it(rig: Rig) -> None:
    """Letters and words go to the other of the team; the one who was named finds no such call."""
    life = await rig.life(*UNDER_WAY, backup=BACKUP)
    await life.on.ask_coordinator(by=MENTOR, matter=Matter.DISCOMFORT, words="Pomegranate", not_to=(Party.COORDINATOR,))
    await life.days(8)
    written = [kind for kind in LetterKind if kind.startswith("help_")]
    assert life.mails(*written, to=COORDINATOR) == []
    assert life.mails(LetterKind.HELP_WANTED, to=BACKUP)
    assert await life.on.help_requests() == await life.on.help_requests(by=COORDINATOR) == ()
    (request,) = await life.on.help_requests(by=BACKUP)
    assert request.words == "Pomegranate"
    with pytest.raises(CommandRejected) as refused:
        await life.on.take_up_help(by=COORDINATOR, help=1)
    assert refused.value.code is Refusal.UNKNOWN_HELP
    view = await life.on.conclude_help(
        by=BACKUP, help=1, outcome=HelpOutcome.NO_ACTION, reason=NoActionReason.ASKER_WISHES
    )
    assert view.open_help == 0


async def test_where_nobody_is_free_the_contact_is_named(rig: Rig) -> None:
    """By name and at once; nothing of the call stays anywhere."""
    life = await rig.life(*UNDER_WAY, backup=BACKUP)
    before = await life.history_length()
    with pytest.raises(CommandRejected) as refused:
        await life.on.ask_coordinator(
            by=MENTEE, matter=Matter.DISAGREEMENT, words="Words", not_to=(Party.COORDINATOR, Party.BACKUP)
        )
    assert refused.value.code is Refusal.ASK_THE_CONTACT
    assert "Sam Reed" in refused.value.message("en")
    assert "Sam Reed" in refused.value.message("it")
    assert await life.history_length() == before


async def test_the_partner_finds_no_trace(rig: Rig) -> None:
    """No line of the timeline, no attribute, no detail names help; the partner's view and mails stay as they were."""
    life = await rig.life(*UNDER_WAY, backup=BACKUP)
    before, mails = await life.on.status(by=MENTEE), len(life.mails(to=MENTEE))
    await life.on.ask_coordinator(by=MENTOR, matter=Matter.UNRESPONSIVE, words="Words")
    await life.on.take_up_help(by=COORDINATOR, help=1)
    seen = await life.on.status(by=MENTEE)
    assert (seen.open_help, seen.health, seen.awaiting, seen.next_due_at, seen.questions) == (
        *(0, before.health, before.awaiting, before.next_due_at, before.questions),
    )
    await life.on.conclude_help(by=COORDINATOR, help=1, outcome=HelpOutcome.ANSWERED)
    await life.rest()
    assert all(question.of is not Party.MENTOR for question in (await life.on.status(by=MENTEE)).questions)
    shown = f"{await life.on.timeline()} {await life.shown()} {await life.details()}"
    assert not [word for word in ("help", "talk", "unresponsive") if word in shown]
    assert len(life.mails(to=MENTEE)) == mails


async def test_a_rematch_as_outcome_asks_both_about_their_goals(rig: Rig) -> None:
    """The same as ending it for a re-match; the asker hears the outcome as well."""
    life = await rig.life(*UNDER_WAY)
    await life.past(asked_for_help)
    await life.on.conclude_help(by=COORDINATOR, help=1, outcome=HelpOutcome.REMATCHED, staying=PAIR)
    await life.rest()
    assert [len(life.mails(LetterKind.REMATCH, to=each)) for each in (MENTOR, MENTEE)] == [1, 1]
    assert len(life.mails(LetterKind.HELP_OUTCOME)) == 1
    await life.days(8)
    assert (await life.status()).outcome is RelationshipOutcome.REMATCHED


async def test_who_leads_one_of_the_two_hears_nothing_of_friction(rig: Rig, broken: World) -> None:
    """Looked up when the relationship opens, and again when somebody else is named to run it."""
    people = broken.people.people
    people[MENTEE] = replace(people[MENTEE], manager=STRANGER)
    people[STRANGER] = replace(people[STRANGER], manager=COORDINATOR)
    life = await rig.life(*UNDER_WAY, backup=BACKUP)
    await life.on.ask_coordinator(by=MENTEE, matter=Matter.DISAGREEMENT, words="Words")
    await life.rest()
    written = (LetterKind.HELP_WANTED, LetterKind.HELP_REMINDER)
    assert life.mails(*written, to=COORDINATOR) == []
    assert len(life.mails(*written, to=BACKUP)) == 1
    await life.on.change_coordinator(by=BACKUP, coordinator=BACKUP, backup=STRANGER)
    await life.days(8)
    assert life.mails(*written, to=STRANGER) == []
