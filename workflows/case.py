"""A severe report, durable from the moment it is accepted. Runs in a namespace and on a queue of its own.

The domain judges; here its events are told, letters leave, due instants are looked up, and where the reporter chose
so an ordinary hold is placed. What people do travels under one name, so that no reader of a history without its key
learns how far a case has come. What a case does to a relationship is told under one name as well.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from temporalio.exceptions import ActivityError, FailureError

    from mentoring_lifecycle.activities.case_audit import CaseAuditActivities
    from mentoring_lifecycle.activities.legal_clocks import LegalClockActivities
    from mentoring_lifecycle.activities.letters import LetterActivities
    from mentoring_lifecycle.activities.measures import MeasureActivities
    from mentoring_lifecycle.contracts import names
    from mentoring_lifecycle.contracts.cases import (
        Applied,
        AuditTail,
        CarriedCase,
        CaseAct,
        CaseInput,
        CaseView,
        InstantsOrder,
        Measure,
        OpenCase,
        received_at,
    )
    from mentoring_lifecycle.contracts.claims import command_sent
    from mentoring_lifecycle.contracts.deliveries import Deliveries, Delivery, LettersOrder, Outcome
    from mentoring_lifecycle.contracts.follow_up import FollowUp, Message, Proof, message_of
    from mentoring_lifecycle.contracts.inputs import Pending
    from mentoring_lifecycle.contracts.refusals import refusal_error
    from mentoring_lifecycle.contracts.shown import Shown
    from mentoring_lifecycle.domain.cases import commands as k
    from mentoring_lifecycle.domain.cases import events as e
    from mentoring_lifecycle.domain.cases.assignment import may_see
    from mentoring_lifecycle.domain.cases.audit import AuditMark, AuditRow, audit_row, beginning
    from mentoring_lifecycle.domain.cases.authorisation import refused_at_the_gate, refused_on_the_way
    from mentoring_lifecycle.domain.cases.consequences import ledger_name, letters_of, still_wanted
    from mentoring_lifecycle.domain.cases.evolution import evolve, received
    from mentoring_lifecycle.domain.cases.handling import (
        decide,
        instants_found,
        mail_accepted,
        mail_refused,
        measure_applied,
        next_hour,
        receive,
        strike,
    )
    from mentoring_lifecycle.domain.cases.measures import under_way
    from mentoring_lifecycle.domain.effects import Letter
    from mentoring_lifecycle.domain.letters import LetterKind
    from mentoring_lifecycle.domain.rejections import Rejection

from mentoring_lifecycle.workflows.doorkeeper import proven, refused_unproven
from mentoring_lifecycle.workflows.perform import ATTEMPT, PATIENCE, SIGN_OF_LIFE, interrupted, pause_before
from mentoring_lifecycle.workflows.waiting import Alarm

TRY_AGAIN_AFTER = timedelta(minutes=5)
"""A letter about a report is tried every few minutes, whatever the mail server says."""
COMMANDS_REMEMBERED = 100
LONGEST_RUN = 1_000
"""Events of a history after which a new run begins: a case that nobody takes note of is told of daily for years."""

_LEFT_OUT_OF_THE_TIMELINE = (e.InstantsResolved, e.HandlerTold, e.ToldAgain, e.MeasureBegun, e.ReportRead)
"""Steps of the machinery, and who has read it: the audit chain has all of it."""


@workflow.defn(name=names.CASE)
class Case:
    """One report, and what becomes of it."""

    @workflow.init
    def __init__(self, start: CaseInput) -> None:
        self._alarm = Alarm()
        self._unseen = False
        self._page_is_full = False
        self._letters: asyncio.Task[tuple[Delivery, ...]] | None = None
        self._sent: tuple[Pending, ...] = ()
        self._measures: dict[int, asyncio.Task[Applied | None]] = {}
        self._outbox: list[Pending] = []
        self._handled: list[str] = []
        self._timeline: list[str] = []
        self._messages: list[Message] = []
        self._audit_tail: list[AuditRow] = []
        self._audit_tries = 0
        self._audit_again_at: datetime | None = None
        if isinstance(start, CarriedCase):
            self._resume(start)
        else:
            self._open(start)

    def _resume(self, carried: CarriedCase) -> None:
        self._opened = carried.opened
        self._state = carried.state
        self._outbox = list(carried.outbox)
        self._handled = list(carried.handled)
        self._timeline = list(carried.timeline)
        self._messages = list(carried.messages)
        self._audit_mark = carried.audit_mark or AuditMark(self._state.id, 0, beginning(self._state.id))
        self._audit_tail = list(carried.audit_tail)

    def _open(self, opened: OpenCase) -> None:
        event = received_at(opened, workflow.now(), str(workflow.uuid4()))
        begun = receive(event)
        # Judged before it was accepted, by the same rule.
        assert not isinstance(begun, Rejection)
        self._opened = opened
        self._state = received(event)
        self._audit_mark = AuditMark(self._state.id, 0, beginning(self._state.id))
        self._note(event)
        self._tell(begun[1])

    @workflow.run
    async def run(self, start: CaseInput) -> None:
        """Live on, over as many runs as it takes, until the case has been kept for as long as it may be."""
        self._tell(strike(self._state, workflow.now()))
        while not self._state.has_ended or under_way(self._state):
            self._turn_page_if_full()
            await self._move_on()
            self._tell(strike(self._state, workflow.now()))
        await self._audit_to_the_end()
        await workflow.wait_condition(workflow.all_handlers_finished)

    # --- messages -----------------------------------------------------------------------------------------------

    @workflow.update(name=names.ACT_ON_CASE, description="A step")
    def act(self, command: CaseAct, claim: str = "") -> CaseView | None:
        """Let a command happen; answered with what whoever asked may see of the case now."""
        command = command_sent(CaseAct, command)
        if not self._is_repeated():
            now = workflow.now()
            judged = decide(self._state, command, now)
            if isinstance(judged, Rejection):
                raise refusal_error(judged)
            if not isinstance(command, k.Read):  # read as often as one likes; the ids of acts are what must be kept
                self._remember()
            self._tell(judged)
            if message := message_of(command, now):
                self._messages.append(message)
        return CaseView.for_(command.by, self._opened, self._state, tuple(self._messages))

    @act.validator
    def check(self, command: CaseAct, claim: str = "") -> None:
        """Refuse a command before it leaves a trace; a repeated one passes and is answered."""
        command = command_sent(CaseAct, command)
        proof = proven(claim, by=command.by, name=names.ACT_ON_CASE, command=command)
        if proof and (refused := refused_on_the_way(proof.channel)):
            raise refusal_error(refused)
        # A repeated step of whoever reported is answered to nobody else, or a known id would tell that there is a case.
        is_open_to_all = not isinstance(command, k.OfReporter)
        if self._is_repeated() and (is_open_to_all or refused_at_the_gate(self._state, command) is None):
            return
        if isinstance(judged := decide(self._state, command, workflow.now()), Rejection):
            raise refusal_error(judged)

    def _is_repeated(self) -> bool:
        update = workflow.current_update_info()
        return update is not None and update.id in self._handled

    def _remember(self) -> None:
        if update := workflow.current_update_info():
            self._handled = [*self._handled, update.id][-COMMANDS_REMEMBERED:]

    @workflow.query(description="How it stands")
    def read(self, by: str, claim: str = "") -> CaseView | Rejection | None:
        """Without words, for whoever was told of it: a query leaves no trace. None for everybody else."""
        view = CaseView.for_(by, self._opened, self._state)
        return refused_unproven(claim, by=by, name="read") or (view and view.without_words())

    @workflow.query(description="How it stands")
    def look(self, proof: Proof, claim: str = "") -> FollowUp | Rejection | None:
        """For whoever reported, who sees far less of the case, and the messages; None for everybody else."""
        refused = refused_unproven(claim, by=proof.by, name="look")
        return refused or FollowUp.for_(proof, self._state, tuple(self._messages))

    @workflow.query(description="Whether it is about the same")
    def concerns(self, by: str, person: str, claim: str = "") -> bool | Rejection:
        """Whether it is about this person, for whoever was told of it; no for everybody else."""
        is_so = may_see(self._state, by) and bool(person) and person == self._state.about
        return refused_unproven(claim, by=by, name="concerns") or is_so

    @workflow.query(description="What has happened")
    def timeline(self, by: str, claim: str = "") -> list[str] | Rejection:
        """Oldest first: `2027-01-12T09:00Z acknowledged h-1`; empty for whoever was not told of it."""
        shown = list(self._timeline) if may_see(self._state, by) else []
        return refused_unproven(claim, by=by, name="timeline") or shown

    @workflow.query(description="How far it is written down")
    def mark(self) -> AuditMark:
        """For whoever verifies the audit chain; tells nothing but numbers and hashes."""
        waiting = self._audit_tail
        kept = waiting[0].previous if waiting else self._audit_mark.hash
        return replace(self._audit_mark, waiting=tuple(row.hash for row in waiting), kept=kept)

    # --- facts --------------------------------------------------------------------------------------------------

    def _tell(self, events: Iterable[e.CaseEvent]) -> None:
        for event in events:
            self._state = evolve(self._state, event)
            self._note(event)
            for letter in letters_of(event, self._state):
                self._put_out(letter)
            self._page_is_full |= isinstance(event, e.WatchBegun | e.CaseClosed)
            self._unseen = True

    def _note(self, event: e.CaseEvent) -> None:
        self._audit_tail.append(audit_row(self._audit_mark, event, self._state.reporter))
        self._audit_mark = AuditMark(self._state.id, self._audit_tail[-1].sequence, self._audit_tail[-1].hash)
        if isinstance(event, e.MarkPassed):
            counter = workflow.metric_meter().create_counter("mentoring_case_clocks", "Clocks of cases by part gone by")
            counter.add(1, {"clock": event.clock.value, "percent": str(event.percent)})
        if not isinstance(event, _LEFT_OUT_OF_THE_TIMELINE):
            by = (
                getattr(event, "measure", "")
                or getattr(event, "by", "")
                or getattr(event, "handler", "")
                or getattr(event, "clock", "")
            )
            self._timeline.append(f"{event.at:%Y-%m-%dT%H:%M}Z {event.kind} {by}".rstrip())

    def _put_out(self, letter: Letter) -> None:
        """Whoever has not read the last letter of this kind need not read it twice."""
        if letter.purpose is LetterKind.CASE_RECEIVED:
            self._outbox = [each for each in self._outbox if not _says_the_same(each, letter)]
        self._outbox.append(Pending(letter))

    # --- the way on ---------------------------------------------------------------------------------------------

    async def _move_on(self) -> None:
        # Before anything is awaited: a message that arrives meanwhile must not be waited past.
        self._unseen = False
        await self._resolve_instants()
        self._dispatch()
        await self._write_audit()
        self._alarm.set(self._next_hour(), exactly=False)
        await workflow.wait_condition(lambda: self._unseen or self._alarm.has_rung or self._has_news)
        self._read_results()

    @property
    def _has_news(self) -> bool:
        return any(flight is not None and flight.done() for flight in (self._letters, *self._measures.values()))

    async def _resolve_instants(self) -> None:
        while self._state.wants_instants:
            anchors = self._state.anchors
            found = await workflow.execute_local_activity_method(
                LegalClockActivities.resolve,
                InstantsOrder(anchors, self._state.profile, self._state.zone),
                start_to_close_timeout=timedelta(seconds=5),
                summary=Shown("find the time"),
            )
            self._tell(instants_found(self._state, anchors, found, workflow.now()))

    def _next_hour(self) -> datetime | None:
        retries = [each.not_before for each in self._outbox if each.not_before and not _is_ready(each)]
        return min((hour for hour in (next_hour(self._state), self._audit_again_at, *retries) if hour), default=None)

    async def _write_audit(self) -> None:
        """Hand the rows to the chain; where it is away or does not fit they travel in the state and go next time."""
        if not self._audit_tail or (self._audit_again_at and self._audit_again_at > workflow.now()):
            return
        rows = tuple(self._audit_tail)
        try:
            kept = await workflow.execute_local_activity_method(
                CaseAuditActivities.append,
                AuditTail(rows),
                start_to_close_timeout=timedelta(seconds=4),
                retry_policy=RetryPolicy(maximum_attempts=1),
                summary=Shown("append"),
            )
        except FailureError:
            self._audit_tries += 1
            self._audit_again_at = workflow.now() + pause_before(self._audit_tries, 0)
            return
        self._audit_tries, self._audit_again_at = 0, None
        self._audit_tail = [row for row in self._audit_tail if row.sequence > kept.sequence]

    async def _audit_to_the_end(self) -> None:
        """It ends when its last row is kept, and not before: afterwards nobody could write it any more."""
        while self._audit_tail:
            await self._write_audit()
            if self._audit_again_at:
                await workflow.sleep(self._audit_again_at - workflow.now(), summary=Shown("append"))

    def _turn_page_if_full(self) -> None:
        """Begin a new run where a long wait begins; a call under way has to come back first."""
        info = workflow.info()
        self._page_is_full |= info.is_continue_as_new_suggested() or info.get_current_history_length() > LONGEST_RUN
        is_still = self._letters is None and not self._measures and workflow.all_handlers_finished()
        if self._page_is_full and is_still:
            workflow.continue_as_new(
                CarriedCase(
                    opened=self._opened,
                    state=self._state,
                    outbox=tuple(self._outbox),
                    handled=tuple(self._handled),
                    timeline=tuple(self._timeline),
                    messages=tuple(self._messages),
                    audit_mark=self._audit_mark,
                    audit_tail=tuple(self._audit_tail),
                )
            )

    # --- the world ----------------------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        for measure in under_way(self._state):
            if measure.number not in self._measures:
                order = Measure.of(self._state, measure)
                self._measures[measure.number] = asyncio.create_task(self._apply(order))
        self._outbox = [each for each in self._outbox if still_wanted(_letter_of(each), self._state)]
        ready = tuple(each for each in self._outbox if _is_ready(each))
        if self._letters is None and ready:
            self._outbox = [each for each in self._outbox if each not in ready]
            self._sent = ready
            self._letters = asyncio.create_task(self._deliver([_letter_of(each) for each in ready]))

    async def _apply(self, measure: Measure) -> Applied | None:
        try:
            done: Applied = await workflow.execute_activity_method(
                MeasureActivities.apply,
                measure,
                start_to_close_timeout=timedelta(minutes=1),
                retry_policy=PATIENCE,
                summary=Shown("apply"),
            )
        except ActivityError:
            return None  # cancelled by an operator: asked for again at the next waking
        return done

    async def _deliver(self, letters: list[Letter]) -> tuple[Delivery, ...]:
        try:
            done: Deliveries = await workflow.execute_activity_method(
                LetterActivities.deliver,
                LettersOrder(ledger_name(self._state.id), tuple(letters)),
                start_to_close_timeout=ATTEMPT,
                heartbeat_timeout=SIGN_OF_LIFE,
                retry_policy=PATIENCE,
                summary=Shown("deliver"),
            )
        except ActivityError:
            return tuple(interrupted(letter) for letter in letters)
        return done.results

    def _read_results(self) -> None:
        for number in [number for number, flight in self._measures.items() if flight.done()]:
            if done := self._measures.pop(number).result():
                self._tell(measure_applied(self._state, number, done.result, done.others, workflow.now()))
        if self._letters is not None and self._letters.done():
            sent, results = self._sent, self._letters.result()
            self._sent, self._letters = (), None
            for pending, result in zip(sent, results, strict=True):
                self._take_note(pending, result)

    def _take_note(self, pending: Pending, result: Delivery) -> None:
        now = workflow.now()
        match result.outcome:
            case Outcome.ACCEPTED:
                self._tell(mail_accepted(self._state, now))
            case Outcome.DELAYED:
                pause = max(TRY_AGAIN_AFTER, timedelta(seconds=result.retry_after_seconds))
                self._outbox.append(Pending(pending.effect, pending.tries + 1, now + pause))
            case Outcome.EXPIRED:
                pass  # what is still open has been told again meanwhile
            case _:
                self._tell(mail_refused(self._state, _letter_of(pending).to, now))


def _letter_of(pending: Pending) -> Letter:
    assert isinstance(pending.effect, Letter)
    return pending.effect


def _is_ready(pending: Pending) -> bool:
    return pending.not_before is None or pending.not_before <= workflow.now()


def _says_the_same(pending: Pending, letter: Letter) -> bool:
    waiting = _letter_of(pending)
    return (waiting.purpose, waiting.to) == (letter.purpose, letter.to)
