"""A severe report, durable from the moment it is accepted. Runs in a namespace and on a queue of its own.

This is the intake: the safeguarding contact is told until somebody takes note, and an ordinary hold is placed where the
reporter chose so. What follows (triage, handlers, clocks) continues from here.
"""

import asyncio
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from mentoring_lifecycle.activities.letters import LetterActivities
    from mentoring_lifecycle.activities.measures import MeasureActivities
    from mentoring_lifecycle.contracts import names
    from mentoring_lifecycle.contracts.cases import CaseView, Measure, OpenCase
    from mentoring_lifecycle.contracts.deliveries import LettersOrder, Outcome
    from mentoring_lifecycle.domain.effects import Facts, Letter
    from mentoring_lifecycle.domain.letters import LetterKind
    from mentoring_lifecycle.domain.people import Party

from mentoring_lifecycle.workflows.perform import ATTEMPT, PATIENCE, SIGN_OF_LIFE

TELL_AGAIN_AFTER = timedelta(days=1)
"""The contact is told daily until somebody takes note."""
TRY_AGAIN_AFTER = timedelta(minutes=5)
"""A letter about a report is tried every few minutes, whatever the mail server says."""


@workflow.defn(name=names.CASE)
class Case:
    """One report."""

    @workflow.init
    def __init__(self, opened: OpenCase) -> None:
        self._opened = opened
        self._received_at = workflow.now()
        self._acknowledged = False
        self._measure_applied = False
        self._contact_told = False

    @workflow.run
    async def run(self, opened: OpenCase) -> None:
        """Apply the measure, tell the contact, and do not rest before somebody has taken note."""
        measure = asyncio.create_task(self._apply_measure())
        await self._tell_until_acknowledged()
        await measure
        await workflow.wait_condition(workflow.all_handlers_finished)

    async def _apply_measure(self) -> None:
        if not self._opened.pause_now:
            return
        command_id = workflow.uuid4()
        await workflow.execute_activity_method(
            MeasureActivities.apply,
            Measure(self._opened.report.relationship, str(command_id)),
            start_to_close_timeout=timedelta(minutes=1),
            retry_policy=PATIENCE,
            summary="apply",
        )
        self._measure_applied = True

    async def _tell_until_acknowledged(self) -> None:
        times = 0
        while not self._acknowledged:
            told = await self._tell(times)
            self._contact_told |= told
            times += told
            await self._wait(TELL_AGAIN_AFTER if told else TRY_AGAIN_AFTER)

    async def _tell(self, times: int) -> bool:
        now = workflow.now()
        letter = Letter(
            key=f"case-{self._opened.report.case}/-/{LetterKind.CASE_RECEIVED}/{Party.SAFEGUARDING}/{times}",
            purpose=LetterKind.CASE_RECEIVED,
            to=self._opened.contact,
            party=Party.SAFEGUARDING,
            decided_at=now,
            not_after=now + TELL_AGAIN_AFTER,
            facts=Facts(occurrence=self._opened.report.case),
        )
        done = await workflow.execute_activity_method(
            LetterActivities.deliver,
            LettersOrder(f"case-{self._opened.report.case}", (letter,)),
            start_to_close_timeout=ATTEMPT,
            heartbeat_timeout=SIGN_OF_LIFE,
            retry_policy=PATIENCE,
            summary="deliver",
        )
        return all(result.outcome is Outcome.ACCEPTED for result in done.results)

    async def _wait(self, at_most: timedelta) -> None:
        alarm = asyncio.create_task(workflow.sleep(at_most, summary="next"))
        await workflow.wait_condition(lambda: self._acknowledged or alarm.done())
        alarm.cancel()

    @workflow.update(description="Somebody has taken note")
    def acknowledge(self) -> None:
        """The contact has read it; saying so twice changes nothing."""
        self._acknowledged = True

    @workflow.query(description="What was reported")
    def read(self) -> CaseView:
        """For the safeguarding contact alone."""
        return CaseView(
            case=self._opened.report.case,
            received_at=self._received_at,
            severity=self._opened.severity,
            report=self._opened.report,
            pause_now=self._opened.pause_now,
            measure_applied=self._measure_applied,
            contact_told=self._contact_told,
            acknowledged=self._acknowledged,
        )
