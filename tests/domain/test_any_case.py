"""Whatever people do to a case, in whatever order and however long nobody does anything, these promises hold."""

from datetime import timedelta
from typing import get_args

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import TypeAdapter

from mentoring_lifecycle.domain.cases import commands as c
from mentoring_lifecycle.domain.cases import events as e
from mentoring_lifecycle.domain.cases.assignment import another_than, is_eligible, may_see
from mentoring_lifecycle.domain.cases.evolution import evolve, received
from mentoring_lifecycle.domain.cases.handling import next_hour
from mentoring_lifecycle.domain.cases.hours import running_clocks
from mentoring_lifecycle.domain.cases.locks import lock_of
from mentoring_lifecycle.domain.cases.measures import under_way
from mentoring_lifecycle.domain.cases.profile import PROFILES
from mentoring_lifecycle.domain.cases.state import CONCLUDED, CaseState, Stage
from mentoring_lifecycle.domain.commands import Severity
from mentoring_lifecycle.domain.help_requests import SEVERE
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.case_builders import ACCUSED, CONTACT, HANDLERS, REPORTER, LivedCase, report

KEY = "the key of a receipt"
STATE = TypeAdapter(CaseState)
PEOPLE = st.sampled_from([*HANDLERS, *HANDLERS, CONTACT, REPORTER, ACCUSED, "p-nemo", ""])
SPANS = st.one_of(
    st.integers(0, 72).map(lambda hours: timedelta(hours=hours)),
    st.sampled_from([timedelta(days=days) for days in (7, 30, 95)]),
)

EDGES: dict[Stage, set[Stage]] = {
    Stage.RECEIVED: {Stage.ACKNOWLEDGED},
    Stage.ACKNOWLEDGED: {Stage.TRIAGED},
    Stage.TRIAGED: {Stage.INVESTIGATION, Stage.REFERRED, Stage.OUTCOME},
    Stage.INVESTIGATION: {Stage.REFERRED, Stage.OUTCOME},
    Stage.REFERRED: {Stage.INVESTIGATION, Stage.OUTCOME},
    Stage.OUTCOME: {Stage.FEEDBACK_GIVEN},
    Stage.FEEDBACK_GIVEN: {Stage.WATCH},
    Stage.WATCH: {Stage.CLOSED, Stage.ACKNOWLEDGED},
    Stage.CLOSED: {Stage.ACKNOWLEDGED},
}
"""The two ways back are those of a case that is reopened."""


class AnyCase(RuleBasedStateMachine):
    """A case to which anything may happen."""

    @initialize(
        severity=st.sampled_from(SEVERE),
        profile=st.sampled_from([*PROFILES.values()]),
        conflicted=st.lists(st.sampled_from(HANDLERS), unique=True).map(tuple),
        reporter=st.sampled_from([REPORTER, "", *HANDLERS]),
        lock=st.sampled_from(["", lock_of(KEY)]),
        about=st.sampled_from([ACCUSED, "", *HANDLERS]),
        relationship=st.sampled_from(["", "r-1"]),
        holds=st.booleans(),
        pair=st.sampled_from([(), ("p-luca", "p-anna")]),
        lot=st.sampled_from(["", "a", "b"]),
    )
    def begins(self, **changes: object) -> None:
        self.lived = LivedCase(report(**changes))
        self.folded = received(self.lived.event)
        self.judged = 0
        self.graded = Severity.S4

    @rule(command=st.one_of(*[st.builds(kind, by=PEOPLE) for kind in get_args(c.CaseCommand)]))
    def somebody_acts(self, command: c.CaseCommand) -> None:
        state, events = self.lived.state, len(self.lived.events)
        if isinstance(self.lived.tries(command), Rejection):
            assert (self.lived.state, len(self.lived.events)) == (state, events)
            return
        if isinstance(command, c.Reopen):
            assert may_see(state, command.by)
        if isinstance(command, c.Triage) and self.lived.state.severity < state.severity:
            assert command.reason

    @rule(by=st.sampled_from([REPORTER, "", *HANDLERS]), key=st.sampled_from([KEY, "another key", ""]))
    def whoever_reported_writes(self, by: str, key: str) -> None:
        """By their receipt or as who they are, and nobody else; told of once until it was read."""
        state, letters = self.lived.state, len(self.lived.letters)
        is_theirs = (key == KEY and state.lock and not by) if key else (by and by == state.reporter)
        refused = self.lived.tries(c.WriteAsReporter(by, "Something more.", key))
        assert (refused is None) is (bool(is_theirs) and not (state.has_ended or state.reporter_access_ended))
        told = self.lived.letters[letters:]
        assert len(told) == int(refused is None and not state.unread and self._somebody_reads_mail())
        assert all(may_see(self.lived.state, letter.to) for letter in told)

    @precondition(lambda self: self.lived.state.lock or self.lived.state.reporter)
    @rule()
    def whoever_reported_writes_again(self) -> None:
        state = self.lived.state
        self.whoever_reported_writes(*("", KEY) if state.lock else (state.reporter, ""))

    def _somebody_reads_mail(self) -> bool:
        state = self.lived.state
        return state.handler not in state.unreached or bool(another_than(state, state.unreached))

    @rule(key=st.sampled_from([KEY, "another key"]))
    def somebody_withdraws_by_a_receipt(self, key: str) -> None:
        opens = key == KEY and bool(self.lived.state.lock)
        refused = self.lived.tries(c.Withdraw("", key))
        assert opens or (refused and refused.code is Refusal.UNKNOWN_CASE)

    @rule()
    def the_handler_writes(self) -> None:
        refused = self.lived.tries(c.WriteAsHandler(self.lived.state.handler, "An answer."))
        assert (refused is None) is not self.lived.state.has_ended
        assert refused or not self.lived.state.unread

    @rule()
    def the_handler_goes_on(self) -> None:
        """The next step that there is, so that many cases come to their end."""
        by = self.lived.state.handler
        for command in (
            c.Acknowledge(by),
            c.Triage(by, c.LegalTrack.INTERNAL),
            c.StartInvestigation(by),
            c.DecideOutcome(by, c.CaseOutcome.SUPPORT_GIVEN),
            c.GiveFeedback(by),
        ):
            before = self.lived.state.reached
            if self.lived.tries(command) is None and self.lived.state.reached is not before:
                return

    @rule(answer=st.sampled_from([None, *e.MeasureResult]), found=st.sampled_from([(), ("r-1",), ("r-1", "r-2")]))
    def relationships_answer(self, answer: e.MeasureResult | None, found: tuple[str, ...]) -> None:
        self.lived.answer, self.lived.found = answer, found
        self.lived.perform()

    @rule(person=st.sampled_from([*HANDLERS, CONTACT]))
    def mail_bounces(self, person: str) -> None:
        if may_see(self.lived.state, person):
            self.lived.bounces(person)

    @rule(span=SPANS)
    def time_passes(self, span: timedelta) -> None:
        self.lived.until(self.lived.now + span)

    @precondition(lambda self: self.lived.state.reached in CONCLUDED and not self.lived.state.awaits_note)
    @rule()
    def years_pass(self) -> None:
        self.lived.until(self.lived.now + timedelta(days=1200))

    # --- promises -----------------------------------------------------------------------------------------------

    @invariant()
    def somebody_eligible_has_it(self) -> None:
        state = self.lived.state
        assert is_eligible(state, state.handler)
        assert may_see(state, state.handler)
        assert state.handler not in (state.reporter, state.about, *state.excluded)

    @invariant()
    def no_clock_stops(self) -> None:
        """What is owed has a mark to come, or all of its marks have been told."""
        state, hour = self.lived.state, next_hour(self.lived.state)
        for clock in running_clocks(state):
            for percent in state.profile.mark_percents:
                told = (clock.clock, percent) in state.passed
                assert told or (hour is not None and self.lived.now < clock.mark(percent) >= hour)
        if not state.has_ended and state.reached not in CONCLUDED:
            assert any(clock.clock is e.Clock.FEEDBACK for clock in running_clocks(state))

    @invariant()
    def nothing_waits_for_ever(self) -> None:
        """Until it is concluded somebody is told or has been told everything; then time alone ends it."""
        state = self.lived.state
        if state.awaits_note or state.reached in CONCLUDED:
            assert state.has_ended or next_hour(state) is not None

    @invariant()
    def what_is_wanted_of_a_relationship_is_asked_in_its_time(self) -> None:
        """Within two days, once, one thing at a time; and the last word always gets there, also after the end."""
        state = self.lived.state
        for wish in self.lived.of(e.MeasureWanted):
            assert timedelta() <= wish.due_at - wish.at <= timedelta(hours=state.profile.hold_within_hours)
        assert len({each.number for each in self.lived.performed}) == len(self.lived.performed)
        for latest in state.latest_measures:
            assert latest.has_begun or (latest.due_at > self.lived.now and not state.has_ended)
        assert len({each.relationship for each in under_way(state)}) == len(under_way(state))

    @invariant()
    def the_state_is_the_fold_of_the_events(self) -> None:
        """Nothing is ever taken out of it, only edges are walked, and what results travels."""
        for event in self.lived.events[self.folded.sequence :]:
            before, self.folded = self.folded, evolve(self.folded, event)
            after = self.folded.reached
            assert after is before.reached or after in EDGES[before.reached], (before.reached, after)
            self._judge(event)
        assert self.folded == self.lived.state == STATE.validate_json(STATE.dump_json(self.folded))
        assert self.folded.sequence == len(self.lived.events)

    def _judge(self, event: e.CaseEvent) -> None:
        """Only light cases are talked over."""
        if isinstance(event, e.Triaged):
            self.graded = event.severity
        if isinstance(event, e.OutcomeDecided) and event.outcome is c.CaseOutcome.FACILITATED:
            assert self.graded < Severity.S3

    @invariant()
    def nobody_who_is_part_of_it_is_told(self) -> None:
        event = self.lived.event
        barred = (event.reporter, event.about, *event.conflicted)
        assert not any(letter.to in barred for letter in self.lived.letters[self.judged :])
        self.judged = len(self.lived.letters)


AnyCase.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
test_any_case = AnyCase.TestCase
"""Somebody eligible always has it, no clock stops, withdrawal deletes nothing, and only a handler reopens."""
