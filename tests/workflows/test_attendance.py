"""Did it happen? Whole ways on a real server: one waits in vain, two differ, a session is noted, a look half-way.

Edge cases 16, 17 and 18 of the handbook.
"""

from collections.abc import Sequence
from datetime import timedelta

from temporalio.client import WorkflowHistory

from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.events import SessionResult
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import Party

from .life import (
    COORDINATOR,
    MENTEE,
    MENTOR,
    UNDER_WAY,
    Life,
    Rig,
    events_of,
    next_session,
    session_over,
    sessions_held,
)

REVIEW = c.Review((6,), c.Comfort.UNSURE, rules_fit=False)


async def waited_in_vain(life: Life) -> None:
    """The mentee is there, the mentor is not."""
    session = await next_session(life)
    await life.until(session.starts_at + timedelta(minutes=16))
    await life.on.report_no_show(by=MENTEE, session=session.number)
    await life.rest()
    await life.until(session.ends_at + timedelta(hours=1, minutes=1))


async def two_that_differ(life: Life) -> None:
    """One says yes, the other no."""
    await life.past(session_over)
    for person, held in ((MENTOR, True), (MENTEE, False)):
        await life.on.confirm_session(by=person, session=1, held=held)
        await life.rest()


def names_in(histories: Sequence[WorkflowHistory]) -> str:
    """What every operator can read of a history: names of Updates, and summaries of activities and timers."""
    events = events_of(histories)
    updates = [
        event.workflow_execution_update_accepted_event_attributes.accepted_request.input.name for event in events
    ]
    summaries = [event.user_metadata.summary.data.decode() for event in events]
    return "\n".join([*updates, *summaries])


async def test_case_17_whoever_was_missed_is_heard_and_then_it_counts(rig: Rig) -> None:
    """The absent one alone is asked, reminded once, and after 48 hours checked in with; the other hears of nothing."""
    life = await rig.life(*UNDER_WAY, waited_in_vain)
    assert [mail.to.email for mail in life.mails(LetterKind.SESSION_FOLLOW_UP)] == ["mia@pair.example"]
    assert life.mails(LetterKind.SESSION_QUESTION) == []
    await life.days(2.1)
    status = await life.status()
    assert dict(status.results)[1] is SessionResult.NO_SHOW
    assert [mail.to.email for mail in life.mails(LetterKind.CHECK_IN)] == ["mia@pair.example"]
    assert next(each.number for each in status.sessions if each.lies_ahead) == 2


async def test_case_17_an_emergency_is_excused(rig: Rig) -> None:
    """Settled at once, without a letter more."""
    life = await rig.life(*UNDER_WAY, waited_in_vain)
    mails = len(life.mails())
    await life.on.explain_absence(by=MENTOR, session=1, answer=c.AbsenceAnswer.EMERGENCY)
    await life.rest()
    assert dict((await life.status()).results)[1] is SessionResult.EXCUSED
    assert life.letters(since=mails) == {}


async def test_case_16_a_difference_is_settled_by_the_coordinator_and_blocks_nothing(rig: Rig) -> None:
    """Both forms in, the coordinator alone sees them; meanwhile the next session is held and settled."""
    life = await rig.life(*UNDER_WAY, two_that_differ)
    for person, talked in ((MENTOR, True), (MENTEE, False)):
        await life.on.answer_dispute(by=person, session=1, talked=talked, elsewhere=False)
        await life.rest()
    assert [mail.to.email for mail in life.mails(LetterKind.SESSION_TO_SETTLE)] == ["cleo@programme.example"]
    (dispute,) = await life.on.disputes()
    assert dispute.forms == ((Party.MENTOR, True, False), (Party.MENTEE, False, False))
    assert (await next_session(life)).number == 2
    await life.on.settle_dispute(by=COORDINATOR, session=1, result=c.Verdict.NOT_HELD)
    await life.rest()
    assert dict((await life.status()).results)[1] is SessionResult.NOT_HELD
    assert await life.on.disputes() == ()


async def test_case_18_a_noted_session_is_evidence_without_a_calendar_entry(rig: Rig) -> None:
    """The other confirms it; the one that lies ahead, and both calendars, stay as they are."""
    life = await rig.life(*UNDER_WAY)
    await life.days(2)
    entries, ahead = life.entries(), await next_session(life)
    starts_at = await life.now() - timedelta(hours=5)
    await life.on.log_session(by=MENTOR, starts_at=starts_at, minutes=40)
    await life.rest()
    await life.on.confirm_session(by=MENTEE, session=2, held=True)
    await life.rest()
    status = await life.status()
    assert (status.sessions_held, dict(status.results)[2]) == (1, SessionResult.HELD)
    assert (life.entries(), await next_session(life)) == (entries, ahead)


async def test_a_look_half_way_is_private_and_stops_nothing(rig: Rig) -> None:
    """Given with the third answer: the coordinator is asked for a talk, and the partner gets no letter for it."""
    life = await rig.life(*UNDER_WAY, sessions_held(2), session_over)
    mails = len(life.mails())
    pulse = c.Pulse(2, 2, 1)
    await life.on.confirm_session(by=MENTOR, session=3, held=True, pulse=pulse, review=REVIEW)
    await life.rest()
    assert life.letters(since=mails) == {"decision_wanted": 1}
    assert [mail.to.email for mail in life.mails(LetterKind.DECISION_WANTED)] == ["cleo@programme.example"]
    await life.on.exit(by=MENTEE)
    await life.rest()
    journal = "".join(entry.body for entry in life.world.journal.entries[life.id])
    assert '"safe":1' in journal
    assert '"ratings":[6]' in journal
    assert '"comfort":' not in journal


async def test_no_name_in_a_history_tells_of_trouble(rig: Rig) -> None:
    """Names of Updates and summaries read the same kind of thing whatever happened between the two."""
    life = await rig.life(*UNDER_WAY, waited_in_vain)
    await life.on.explain_absence(by=MENTOR, session=1, answer=c.AbsenceAnswer.WAS_HELD)
    await life.on.answer_dispute(by=MENTOR, session=1, talked=True, elsewhere=False)
    await life.on.settle_dispute(by=COORDINATOR, session=1, result=c.Verdict.NO_SHOW)
    await life.rest()
    told = names_in(await life.runs())
    assert "settle_session" in told
    assert "session_follow_up" in told
    for word in ("absen", "no_show", "no-show", "disput", "miss", "conflict", "comfort"):
        assert word not in told
