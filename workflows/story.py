"""How a relationship's story moves on: messages and hours become facts, facts become effects, effects get performed.

Handlers are synchronous: they decide, evolve and fill the outbox, and nothing can interleave, so there is no lock. The
main coroutine alone performs the outbox.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NoReturn

from temporalio import workflow
from temporalio.exceptions import FailureError

from mentoring_lifecycle.contracts.claims import Claim
from mentoring_lifecycle.contracts.deliveries import (
    ADDRESS_GONE,
    Delivery,
    DroppedLetter,
    JournalEntry,
    JournalTail,
    Outcome,
    Slot,
)
from mentoring_lifecycle.contracts.inputs import CarriedState, Pending, StartRelationship
from mentoring_lifecycle.contracts.journal import journal_entry
from mentoring_lifecycle.contracts.moves import Departure
from mentoring_lifecycle.contracts.refusals import refusal_error
from mentoring_lifecycle.contracts.views import ProgressView
from mentoring_lifecycle.domain import catching_up
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.authorisation import Channel, refused_on_the_way
from mentoring_lifecycle.domain.commands import (
    Command,
    RecordAddressFailed,
    RecordCalendarVerified,
    RecordSlot,
    Report,
)
from mentoring_lifecycle.domain.consequences import effects_of, still_wanted
from mentoring_lifecycle.domain.effects import Effect, FindSlot, Letter, VerifyCalendar
from mentoring_lifecycle.domain.evolution import evolve, opened
from mentoring_lifecycle.domain.hours import Coming
from mentoring_lifecycle.domain.lifecycle import decide, open_relationship, report, strike
from mentoring_lifecycle.domain.lifecycle import hours as hours_of
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import Relationship
from mentoring_lifecycle.workflows import perform, showing
from mentoring_lifecycle.workflows.waiting import Alarm

COMMANDS_REMEMBERED = 100
TIMELINE_LENGTH = 120

_MILESTONES_NOT = (
    *("asked", "reminded", "slot_wanted", "slot_found", "session_reminded", "changes_noted"),
    *("calendar_verified", "calendar_answered", "calendar_differs", "calendar_restored"),
    *("address_doubted", "letters_repeated", "address_trusted"),
    *("extension_wished", "goals_carried", "going_on", "one_goes_on", "leaver_noted", "leaver_returned"),
    *("help_asked", "help_clock_started", "help_reminded", "help_overdue", "help_taken_up", "help_passed_on"),
    *("hold_joined", "hold_left"),
    *("help_triaged", "talk_arranged", "help_concluded", "amendment_offered", "help_rated"),
)
"""Steps of the machinery, and what is nobody's business: a wish of one alone, what looks like a pause, how many
want it on hold, and that one of the two has asked for help. The journal has all of it."""

_JOURNALED_AT_ONCE = (
    *(e.HoldPlaced, e.HoldLifted, e.Paused, e.Resumed, e.LeaverNoted, e.LeaverReturned, e.Left),
    *(e.SessionMoved, e.SessionCancelled),
)
"""The activities look into the journal before they send, so a change of standing is written there without delay; and
what the journal holds of sessions is what other relationships of the same people keep clear of."""


class HasLeft(Exception):
    """The story goes on in another installation, and is over here."""

    def __init__(self, departure: Departure) -> None:
        super().__init__(departure.move)
        self.departure = departure


class Story:
    """One relationship while a run of its workflow is awake."""

    def __init__(self, start: StartRelationship | CarriedState) -> None:
        self._mail_queue = start.mail_queue
        self._letters = perform.letters_lane(start.mail_queue)
        self._calendar = perform.calendar_lane()
        self._schedule = perform.schedule_lane()
        self._alarm = Alarm()
        self._unseen = False
        self._page_is_full = False
        self._journal_is_due = False
        self._books_again_at: datetime | None = None
        self._outbox: list[Pending] = []
        self._tail: list[JournalEntry] = []
        self._handled: list[str] = []
        self._timeline: list[str] = []
        self._dropped: list[DroppedLetter] = []
        self._journaled = 0
        self._moves = 0
        self._leaves_by = ""
        self.has_left = False
        self._shows = start.shows_search_attributes
        if isinstance(start, CarriedState):
            self._resume(start)
        else:
            self._open(start)

    def _resume(self, carried: CarriedState) -> None:
        self.state = carried.state
        self._outbox = list(carried.outbox)
        self._tail = list(carried.tail)
        self._journaled = carried.journaled
        self._handled = list(carried.handled)
        self._timeline = list(carried.timeline)
        self._dropped = list(carried.dropped)
        self._moves = carried.moves

    def _open(self, start: StartRelationship) -> None:
        _, (first, *rest) = open_relationship(start.opening, workflow.now())
        assert isinstance(first, e.RelationshipOpened)
        self.state = opened(first)
        self._note(first)
        self._tell(rest)

    # --- messages -----------------------------------------------------------------------------------------------

    def check(self, command: Command, claim: Claim | None) -> None:
        """Refuse a command before it leaves a trace; a repeated one passes and is answered."""
        if claim and (refused := refused_on_the_way(command, claim.channel)):
            raise refusal_error(refused)
        if self._is_repeated():
            return
        if isinstance(judged := decide(self.state, command, workflow.now()), Rejection):
            raise refusal_error(judged)

    def act(self, command: Command) -> None:
        """Let a command happen. Nothing is awaited here, so what `check` saw is still true."""
        if self._is_repeated():
            return
        judged = decide(self.state, command, workflow.now())
        if isinstance(judged, Rejection):
            raise refusal_error(judged)
        self._remember()
        self._tell(judged)

    def check_hand_over(self, claim: Claim | None) -> None:
        """Only the office moves a relationship, and only one that has not ended."""
        if claim and claim.channel is not Channel.OFFICE:
            raise refusal_error(Rejection(Refusal.NOT_THIS_WAY, claim.channel))
        if self.state.is_closed:
            raise refusal_error(Rejection(Refusal.CLOSED))

    def hand_over(self, move: str) -> str:
        """From now on nothing new is begun; once nothing is under way, the story leaves. Returns the move's id.

        Until then everybody is answered as ever: what they say travels along.
        """
        self._leaves_by = self._leaves_by or move
        self._page_is_full = self._unseen = True
        return self._leaves_by

    def _is_repeated(self) -> bool:
        update = workflow.current_update_info()
        return update is not None and update.id in self._handled

    def _remember(self) -> None:
        if update := workflow.current_update_info():
            self._handled = [*self._handled, update.id][-COMMANDS_REMEMBERED:]

    @property
    def timeline(self) -> list[str]:
        """The milestones so far, oldest first: `2027-01-12T09:00Z rules_signed mentor`."""
        return list(self._timeline)

    @property
    def progress(self) -> ProgressView:
        """What an operator needs to say why nothing is happening."""
        return ProgressView.of(self.state, self._outbox, len(self._tail), self._journaled, self._books_again_at)

    # --- facts --------------------------------------------------------------------------------------------------

    def _tell(self, events: Iterable[e.Event]) -> None:
        for event in events:
            self.state = evolve(self.state, event)
            self._note(event)
            self._outbox += [Pending(effect) for effect in effects_of(event, self.state)]
            self._page_is_full |= self._fills_the_page(event)
            self._journal_is_due |= isinstance(event, _JOURNALED_AT_ONCE)
        self._unseen = True

    def _fills_the_page(self, event: e.Event) -> bool:
        """A new phase, or a session settled while the next is awaited; after the last one, the closing comes soon."""
        if isinstance(event, e.SessionSettled):
            return self.state.planned_session is not None
        return isinstance(event, e.PhaseEntered)

    def _note(self, event: e.Event) -> None:
        self._tail.append(journal_entry(self.state.sequence, event))
        workflow.metric_meter().create_counter("mentoring_events", "Domain events").add(1, {"kind": event.kind})
        if event.kind not in _MILESTONES_NOT:
            by = getattr(event, "by", None) or getattr(event, "phase", None) or ""
            line = f"{event.at:%Y-%m-%dT%H:%M}Z {event.kind} {by}".rstrip()
            self._timeline = [*self._timeline, line][-TIMELINE_LENGTH:]

    def _report(self, found: Report) -> None:
        self._tell(report(self.state, found, workflow.now()))

    # --- the way on ---------------------------------------------------------------------------------------------

    async def until(self, claim: Callable[[Relationship], bool]) -> None:
        """Live on until the claim is true, however many runs it takes."""
        while True:
            self._tell(strike(self.state, workflow.now()))
            await self._turn_page_if_full()
            if claim(self.state):
                return
            await self._move_on()

    async def finish(self) -> None:
        """Perform what is left and write the last entries; a peer that is away delays this, nothing else."""
        while self._outbox or self._tail or not self._lanes_are_free:
            self._journal_is_due = True
            await self._move_on()
        self._show()

    async def _move_on(self) -> None:
        """Perform what is ready, then wait for a message, an hour or an answer of the world."""
        # Before anything is awaited: a message that arrives meanwhile must not be waited past.
        self._unseen = False
        await self._write_books()
        self._dispatch()
        self._show()
        at, what = self._next_hour() or (None, "")
        self._alarm.set(at, exactly=self._nobody_is_awaited, what=what)
        await workflow.wait_condition(lambda: self._unseen or self._alarm.has_rung or self._has_news)
        self._read_results()

    @property
    def _has_news(self) -> bool:
        return any(lane.has_landed for lane in self._lanes) or self._is_finished

    @property
    def _is_finished(self) -> bool:
        return self.state.is_closed and not self._outbox and not self._tail and self._lanes_are_free

    @property
    def _nobody_is_awaited(self) -> bool:
        """Only time can wake the story."""
        return not self.state.asks and self._lanes_are_free

    @property
    def _lanes_are_free(self) -> bool:
        return all(lane.is_free for lane in self._lanes)

    @property
    def _lanes(self) -> tuple[perform.Lane, ...]:
        return self._letters, self._calendar, self._schedule

    def _next_hour(self) -> tuple[datetime, Coming] | None:
        # A retry that is due already waits for its lane, and a lane that lands wakes the story by itself: a timer for
        # an hour that has passed would ring, find the lane busy, and ring again, for as long as a call is stuck.
        retries = [each.not_before for each in self._outbox if each.not_before and not self._is_ready(each)]
        hours = [(hour.at, hour.what) for hour in hours_of(self.state)[:1]]
        hours += [(at, Coming.RETRY) for at in (self._books_again_at, *retries) if at]
        return min(hours, key=lambda hour: hour[0], default=None)

    # --- pages --------------------------------------------------------------------------------------------------

    async def _turn_page_if_full(self) -> None:
        """Begin a new run at a boundary, so that a wake-up replays one session at most.

        Whatever is still to be performed travels along; only a call under way has to come back first. Everything that
        arrives before the last line is part of the state that travels, so nothing can be lost on the way.
        """
        self._page_is_full |= workflow.info().is_continue_as_new_suggested()
        if not self._page_is_full or self.state.is_closed:
            return
        # The few entries of the first page go with those of the second: one billed Action less in every life.
        self._journal_is_due |= self.state.phase is not e.Phase.GROUND_RULES or bool(self._leaves_by)
        await self._write_books()
        if self._lanes_are_free and workflow.all_handlers_finished():
            if self._leaves_by:
                self._leave()
            shown = showing.search_attributes(self.state) if self._shows else None
            workflow.continue_as_new(self._carried(), search_attributes=shown)

    def _leave(self) -> NoReturn:
        self.has_left = True
        self._moves += 1
        self._show()
        raise HasLeft(Departure(self._leaves_by, self._carried()))

    def _carried(self) -> CarriedState:
        return CarriedState(
            state=self.state,
            outbox=tuple(self._outbox),
            tail=tuple(self._tail),
            journaled=self._journaled,
            handled=tuple(self._handled),
            timeline=tuple(self._timeline),
            shows_search_attributes=self._shows,
            dropped=tuple(self._dropped),
            moves=self._moves,
            mail_queue=self._mail_queue,
        )

    # --- books: the time of the next session, and the journal ---------------------------------------------------

    async def _write_books(self) -> None:
        while slots := [each for each in self._outbox if self._is_plain_wish(each)]:
            await self._find_slots(slots)
        if self._journal_is_due and self._tail and not self._books_wait:
            await self._append_to_journal()

    def _is_plain_wish(self, pending: Pending) -> bool:
        """A time to be found by our own means; one with proposals takes its lane."""
        is_wish = isinstance(pending.effect, FindSlot) and not perform.is_wish_for_proposals(pending.effect)
        return is_wish and self._is_ready(pending) and still_wanted(pending.effect, self.state)

    async def _find_slots(self, pending: list[Pending]) -> None:
        self._outbox = [each for each in self._outbox if each not in pending]
        wishes = [each.effect for each in pending if isinstance(each.effect, FindSlot)]
        try:
            found = await perform.find_slots(self.state.id, wishes)
        except FailureError:
            self._outbox += [
                perform.try_again(each, perform.interrupted(each.effect), workflow.now()) for each in pending
            ]
            return
        for wish, slot in zip(wishes, found.slots, strict=True):
            self._record(wish, slot)

    def _record(self, wish: FindSlot, slot: Slot) -> None:
        """Unless another time has been asked for while this one was being found."""
        if still_wanted(wish, self.state):
            found = RecordSlot(slot.session, slot.starts_at, slot.remind_at, slot.notes, slot.proposals, slot.ask_at)
            self._report(found)

    async def _append_to_journal(self) -> None:
        entries = tuple(self._tail)
        state = self.state
        outcome = state.outcome or ""
        tail = JournalTail(state.id, state.programme, state.phase, state.standing, outcome, entries)
        kept = await perform.append_to_journal(tail)
        if kept is None:
            self._books_again_at = workflow.now() + perform.BOOKS_AGAIN_AFTER
            return
        self._books_again_at = None
        self._journaled = kept
        self._tail = [entry for entry in self._tail if entry.sequence > kept]
        self._journal_is_due = False

    @property
    def _books_wait(self) -> bool:
        return self._books_again_at is not None and self._books_again_at > workflow.now()

    # --- the outbox ---------------------------------------------------------------------------------------------

    def _is_ready(self, pending: Pending) -> bool:
        return pending.not_before is None or pending.not_before <= workflow.now()

    def _dispatch(self) -> None:
        """Hand what is ready to a free lane; drop what the story has overtaken."""
        self._drop_overtaken()
        page_turns = self._page_is_full and not self.state.is_closed
        # Letters may stand in a queue of their own for long, until a relay's quota comes to them: nothing else waits
        # for that, unless the story leaves. The page turns when they are back.
        if page_turns and (self._leaves_by or not self._letters_wait):
            return
        if self._letters.is_free and (letters := self._ready(perform.is_letter)):
            dropped, self._dropped = tuple(self._dropped), []
            self._letters.send(self.state.id, self._taken_letters(letters), dropped)
        for lane, belongs in (
            (self._calendar, perform.is_calendar),
            (self._schedule, perform.is_wish_for_proposals),
        ):
            if lane.is_free and (ready := self._ready(belongs)):
                lane.send(self.state.id, self._taken(ready))

    @property
    def _letters_wait(self) -> bool:
        """On a queue of their own, for however long."""
        return bool(self._mail_queue) and not self._letters.is_free

    def _drop_overtaken(self) -> None:
        waiting = [each.effect for each in self._outbox if isinstance(each.effect, Letter)]
        late = catching_up.overtaken(waiting)
        gone = [each for each in self._outbox if each.effect in late or not still_wanted(each.effect, self.state)]
        self._outbox = [each for each in self._outbox if each not in gone]
        for each in gone:
            _count(each.effect, "overtaken")
            if isinstance(each.effect, Letter):
                self._dropped.append(DroppedLetter(each.effect.key, each.effect.purpose, "overtaken"))

    def _ready(self, belongs: Callable[[Effect], bool]) -> list[Pending]:
        return [each for each in self._outbox if belongs(each.effect) and self._is_ready(each)]

    def _taken(self, pending: Iterable[Pending]) -> tuple[perform.Bundle, ...]:
        """Out of the outbox, each by itself."""
        taken = list(pending)
        self._outbox = [each for each in self._outbox if each not in taken]
        return tuple(perform.Bundle(each.effect, (each,)) for each in taken)

    def _taken_letters(self, ready: list[Pending]) -> tuple[perform.Bundle, ...]:
        """Out of the outbox; what a reader has missed for long goes as one letter, due for another try or not."""
        bundles: list[perform.Bundle] = []
        for to in dict.fromkeys(_reader_of(each) for each in ready):
            bundle = self._missed_by([each for each in self._outbox if _reader_of(each) == to])
            if bundle and any(each in bundle.parts for each in ready):
                ready = [each for each in ready if each not in bundle.parts]
                self._outbox = [each for each in self._outbox if each not in bundle.parts]
                bundles.append(bundle)
        return (*self._taken(ready), *bundles)

    @staticmethod
    def _missed_by(waiting: list[Pending]) -> perform.Bundle | None:
        """One letter for what has waited for one reader for too long."""
        letters = [each.effect for each in waiting if isinstance(each.effect, Letter)]
        if (found := catching_up.gathered(letters, workflow.now())) is None:
            return None
        one, parts = found
        return perform.Bundle(one, tuple(each for each in waiting if each.effect in parts))

    def _read_results(self) -> None:
        for lane in self._lanes:
            if lane.has_landed:
                returned = lane.read()
                for bundle, result in zip(returned.bundles, returned.results, strict=True):
                    self._take_note(bundle, result)

    def _take_note(self, bundle: perform.Bundle, result: Delivery | Slot) -> None:
        effect = bundle.effect
        if isinstance(result, Slot):
            assert isinstance(effect, FindSlot)
            self._record(effect, result)
            return
        _count(effect, result.outcome.value)
        if result.outcome is Outcome.DELAYED:
            self._outbox += [perform.try_again(each, result, workflow.now()) for each in bundle.parts]
        elif isinstance(effect, VerifyCalendar):
            party = self.state.party_of(effect.person)
            if party and still_wanted(effect, self.state):
                self._report(RecordCalendarVerified(party, result.outcome in _CLEAN))
        elif isinstance(effect, Letter) and result.reason == ADDRESS_GONE:
            self._report(RecordAddressFailed(effect.party))

    # --- for the operator ---------------------------------------------------------------------------------------

    def _show(self) -> None:
        hour = None if self.has_left else self._next_hour()
        shown = showing.current_details(self.state, len(self._outbox), hour, has_left=self.has_left)
        workflow.set_current_details(shown)
        if not self._shows or (self.state.is_ending and not self.state.is_closed):
            return
        if changes := showing.changes(workflow.info().typed_search_attributes, self.state):
            workflow.upsert_search_attributes(changes)


_CLEAN = (Outcome.ACCEPTED, Outcome.SUPPRESSED)
"""No entry is left: proven, or there is no calendar to hold one."""


def _reader_of(pending: Pending) -> str:
    return pending.effect.to if isinstance(pending.effect, Letter) else ""


def _count(effect: Effect, outcome: str) -> None:
    counter = workflow.metric_meter().create_counter("mentoring_deliveries", "Effects by outcome")
    counter.add(1, {"kind": effect.kind, "outcome": outcome})
