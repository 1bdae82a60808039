"""`mentoring reconcile`: looks at everything again and again, because nobody tells us of an edit by hand.

Each relationship is asked once, by a query, and compared with its two calendars and with the people directory. A
difference becomes an ordinary Update, or a change of a calendar through the effect ledger; where nothing differs
nothing is written. Several of these processes may run: whatever is found has an id of its own, or is claimed in the
ledger.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mentoring_lifecycle.activities.calendar import LEASE, CalendarActivities
from mentoring_lifecycle.activities.ports import (
    CalendarGateway,
    GatewayError,
    KnownEffects,
    LedgerState,
    PeopleGateway,
    SeenEntry,
)
from mentoring_lifecycle.contracts.deliveries import Outcome
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.contracts.views import OutsideView
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.consequences import uid_prefix
from mentoring_lifecycle.domain.effects import CalendarEffect
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Rejection
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.client import MentoringClient
from mentoring_lifecycle.starter.conflicts import conflict_of
from mentoring_lifecycle.starter.findings import Finding, Found, Say, States, calendar_findings, people_findings

log = structlog.stdlib.get_logger()

AT_ONCE = 4
"""Relationships looked at side by side."""
PACE = timedelta(milliseconds=20)
"""Between one and the next, so that a thousand queries are no storm."""
ENDED_WITHIN = timedelta(days=30)
"""How far back ended relationships are looked at, until their calendars were seen clean once."""

_OPEN = "ExecutionStatus = 'Running'"
_ENDED = "ExecutionStatus = 'Completed' AND CloseTime > '{since}'"
_EVERYTHING = 10_000_000
_NOT_SEEN = (Finding.CALENDAR_AWAY, Finding.NOT_REACHED)


@dataclass(frozen=True, slots=True)
class Row:
    """One finding and what was done about it."""

    relationship: str
    party: str
    """Empty where it is about both."""
    session: int
    """0 where it is about none."""
    finding: Finding
    done: str
    """`noted`, `written`, `removed`; `reported` where nothing is to be done; else a word that says why nothing was."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One look at everything."""

    relationships: int
    rows: tuple[Row, ...]

    @property
    def saw_everything(self) -> bool:
        """Every relationship and every calendar gave an answer."""
        return not any(row.finding in _NOT_SEEN for row in self.rows)


Look = Callable[[str], AsyncIterator[Row]]


class Relationships(Protocol):
    """The relationships, as far as a reconciler needs them."""

    def open(self) -> AsyncIterator[str]:
        """Ids of those under way."""

    def ended(self, since: datetime) -> AsyncIterator[str]:
        """Ids of those that have ended since."""

    async def outside(self, relationship: str) -> OutsideView:
        """What the world should agree with; one query."""

    async def say(self, relationship: str, news: Say) -> None:
        """Tell it. Raises CommandRejected."""


class ThroughClient:
    """The relationships behind a client."""

    def __init__(self, client: MentoringClient) -> None:
        self._client = client

    def open(self) -> AsyncIterator[str]:
        """Ids of those under way."""
        return self._ids(_OPEN)

    def ended(self, since: datetime) -> AsyncIterator[str]:
        """Ids of those that have ended since."""
        return self._ids(_ENDED.format(since=since.isoformat()))

    async def _ids(self, query: str) -> AsyncIterator[str]:
        async for row in self._client.list(query, limit=_EVERYTHING):
            yield row.relationship

    async def outside(self, relationship: str) -> OutsideView:
        """What the world should agree with; one query."""
        return await self._client.relationship(relationship).outside()

    async def say(self, relationship: str, news: Say) -> None:
        """Tell it. Raises CommandRejected."""
        handle = self._client.relationship(relationship)
        if isinstance(news.command, c.Hold):
            await handle.hold(by=news.placer, command_id=news.command_id)
        else:
            await handle.do(news.command, news.command_id)


class Reconciler:
    """Compares relationships with the world, through the same ledger and the same calendar changes as the worker."""

    def __init__(
        self,
        relationships: Relationships,
        *,
        people: PeopleGateway,
        ledger: KnownEffects,
        calendar: CalendarGateway | None,
        changes: CalendarActivities,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        pace: timedelta = PACE,
    ) -> None:
        """`changes` acts on the same calendar; without a calendar only the people directory is compared."""
        self._relationships = relationships
        self._people = people
        self._ledger = ledger
        self._calendar = calendar
        self._changes = changes
        self._clock = clock
        self._pace = pace

    async def look_over(self, looked: Callable[[int], None] = lambda _: None) -> Pass:
        """Look at every open relationship once, and at those that ended lately until they were seen clean.

        `looked` hears how many have been begun. Raises what the server raises when it cannot even list them.
        """
        try:
            async with asyncio.TaskGroup() as group:
                looks = [look async for look in self._begun(group, looked)]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        rows = [look.result() for look in looks]
        return Pass(len(looks), tuple(row for each in rows for row in each))

    async def verify_calendars(self, looked: Callable[[int], None] = lambda _: None) -> Pass:
        """Compare each open relationship's schedule with its two calendars, and change nothing anywhere."""
        rows: list[Row] = []
        count = 0
        async for relationship in self._relationships.open():
            rows += await self._look(relationship, self._verify)
            looked(count := count + 1)
            await asyncio.sleep(self._pace.total_seconds())
        return Pass(count, tuple(rows))

    async def _verify(self, relationship: str) -> AsyncIterator[Row]:
        view, states = await self._read(relationship)
        for party in PAIR:
            person = await self._people.find(view.people[party])
            if person and person.active:
                async for row in self._compared(view, states, party, person):
                    yield row

    async def _compared(self, view: OutsideView, states: States, party: Party, person: Person) -> AsyncIterator[Row]:
        now = self._clock()
        try:
            seen = await self._seen(view, person, now)
        except GatewayError as failure:
            yield Row(view.relationship, party, 0, Finding.CALENDAR_AWAY, failure.reason)
            return
        for found in calendar_findings(view, person, party, seen, states, now):
            yield Row(view.relationship, party, found.session, found.finding, "reported")

    async def _seen(self, view: OutsideView, person: Person, now: datetime) -> Sequence[SeenEntry] | None:
        assert self._calendar
        return await self._calendar.entries(person.id, uid_prefix(view.relationship), now)

    async def _begun(
        self, group: asyncio.TaskGroup, looked: Callable[[int], None]
    ) -> AsyncIterator["asyncio.Task[list[Row]]"]:
        rooms, count = asyncio.Semaphore(AT_ONCE), 0
        async for relationship, at in self._everything():
            await rooms.acquire()
            look = group.create_task(self._look(relationship, at))
            look.add_done_callback(lambda _: rooms.release())
            yield look
            looked(count := count + 1)
            await asyncio.sleep(self._pace.total_seconds())

    async def _everything(self) -> AsyncIterator[tuple[str, Look]]:
        async for relationship in self._relationships.open():
            yield relationship, self._look_at_open
        if self._calendar is None:
            return
        async for relationship in self._relationships.ended(self._clock() - ENDED_WITHIN):
            yield relationship, self._look_at_ended

    async def _look(self, relationship: str, at: Look) -> list[Row]:
        rows: list[Row] = []
        try:
            async for row in at(relationship):
                rows.append(row)  # noqa: PERF401 -- what was done before a failure is told as well
        except Exception as error:
            log.warning("reconcile_look_failed", relationship=relationship, error=type(error).__name__)
            rows.append(Row(relationship, "", 0, Finding.NOT_REACHED, "failed"))
        for row in rows:
            _log(row)
        return rows

    # --- one relationship ---------------------------------------------------------------------------------------

    async def _look_at_open(self, relationship: str) -> AsyncIterator[Row]:
        view, states = await self._read(relationship)
        people = {party: await self._people.find(person) for party, person in view.people.items()}
        conflict = await self._conflict(view, people)
        has_changed = False
        async for row in self._remedied(view, people_findings(view, people, conflict, states, self._clock())):
            has_changed |= row.done == "noted"
            yield row
        if has_changed:  # and its calendars with it, a moment later: they are for the next look
            return
        for party in PAIR:
            if (person := people[party]) and person.active:
                async for row in self._look_into_calendar(view, states, party, person):
                    yield row

    async def _look_at_ended(self, relationship: str) -> AsyncIterator[Row]:
        """Only for what is left in calendars, and no more once that was nothing."""
        seen_clean = f"{relationship}/end/reconciled/-/0"
        if (await self._ledger.states(relationship)).get(seen_clean) is LedgerState.SUPPRESSED:
            return
        view, states = await self._read(relationship)
        if view.has_left:  # its calendars are looked after from where it goes on
            return
        is_clean = True
        for party in PAIR:
            person = await self._people.find(view.people[party])
            async for row in self._look_into_calendar(view, states, party, person or _nobody(view, party)):
                is_clean = False
                yield row
        if is_clean:
            state, reason = LedgerState.SUPPRESSED, "nothing_left"
            await self._ledger.record(
                seen_clean, relationship=relationship, purpose="reconcile", state=state, reason=reason
            )

    async def _read(self, relationship: str) -> tuple[OutsideView, States]:
        """The relationship before the ledger, and both before the calendars."""
        view = await self._relationships.outside(relationship)
        return view, await self._ledger.states(relationship)

    async def _conflict(self, view: OutsideView, people: dict[Party, Person | None]) -> Rejection | None:
        mentor, mentee = people[Party.MENTOR], people[Party.MENTEE]
        if mentor is None or mentee is None:
            return None
        return await conflict_of(self._people, mentor, mentee, view.least_level_distance)

    async def _look_into_calendar(
        self, view: OutsideView, states: States, party: Party, person: Person
    ) -> AsyncIterator[Row]:
        if self._calendar is None:
            return
        now = self._clock()
        try:
            seen = await self._seen(view, person, now)
        except GatewayError as failure:
            yield Row(view.relationship, party, 0, Finding.CALENDAR_AWAY, failure.reason)
            return
        async for row in self._remedied(view, calendar_findings(view, person, party, seen, states, now)):
            yield row

    # --- what is done about it ----------------------------------------------------------------------------------

    async def _remedied(self, view: OutsideView, findings: Iterable[Found]) -> AsyncIterator[Row]:
        for found in findings:
            done = await _finished(self._remedy(view.relationship, found))
            yield Row(view.relationship, found.party or "", found.session, found.finding, done)

    async def _remedy(self, relationship: str, found: Found) -> str:
        match found.remedy:
            case None:
                return found.note
            case Say() as news:
                return await self._say_once(relationship, news) if news.once else await self._say(relationship, news)
            case effect:
                return await self._change(relationship, effect)

    async def _say(self, relationship: str, news: Say) -> str:
        try:
            await self._relationships.say(relationship, news)
        except CommandRejected as refused:
            return f"refused: {refused.code}"
        return "noted"

    async def _say_once(self, relationship: str, news: Say) -> str:
        """Claimed before it is said, and remembered when it was heard; what was refused may be said again."""
        claim = await self._ledger.claim(
            news.once,
            relationship=relationship,
            purpose="reconcile",
            lease=LEASE,
            again_if_unknown=True,
            now=self._clock(),
        )
        if not claim.granted:
            return "said_elsewhere"
        done = "failed"
        try:
            done = await self._say(relationship, news)
        finally:
            if done == "noted":
                await self._ledger.settle(news.once, claim.token, LedgerState.ACCEPTED)
            else:
                await self._ledger.release(news.once, claim.token)
        return done

    async def _change(self, relationship: str, effect: CalendarEffect) -> str:
        result = await self._changes.bring_about(relationship, effect, self._clock())
        done = "written" if effect.kind == "keep_entry" else "removed"
        return done if result.outcome is Outcome.ACCEPTED else f"{result.outcome}: {result.reason}"


async def _finished(remedy: Coroutine[Any, Any, str]) -> str:
    """Its answer, also where the process is told to stop meanwhile: a claim in the ledger is settled and not left."""
    task = asyncio.ensure_future(remedy)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _nobody(view: OutsideView, party: Party) -> Person:
    """Stands for somebody the directory no longer knows; their calendar lies under their id."""
    return Person(view.people[party], "", "", "en", "UTC", 0)


def _log(row: Row) -> None:
    """One line per finding. No line may tell one hold from another, so a conflict of interest has a neutral one."""
    if row.finding is Finding.CONFLICT_OF_INTEREST:
        log.info("reconcile_directory_looked_up", relationship=row.relationship)
        return
    log.info(
        "reconcile_found",
        finding=row.finding.value,
        relationship=row.relationship,
        party=row.party,
        session=row.session,
        done=row.done,
    )


class ReconcileFigures(Collector):
    """What a scrape shows of the last look; of no finding about a conflict of interest, which would tell a hold."""

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._last: Pass | None = None
        self._known: frozenset[Row] = frozenset()
        self._last_success = 0.0
        self._errors = 0

    def counting(
        self, look: Callable[[], Awaitable[None]], last: Callable[[], Pass | None]
    ) -> Callable[[], Awaitable[None]]:
        """The same look, remembered when it is over."""

        async def look_and_count() -> None:
            try:
                await look()
            except Exception:
                self._errors += 1
                raise
            before, self._last, self._last_success = self._last, last(), datetime.now(UTC).timestamp()
            self._known = frozenset(replace(row, done="") for row in before.rows) if before else frozenset()

        return look_and_count

    def collect(self) -> Iterable[Metric]:
        """Findings of the last look, then those about the process itself."""
        rows = self._last.rows if self._last else ()
        lasting = [row for row in rows if replace(row, done="") in self._known]
        yield _by_finding("mentoring_reconcile_findings", "Findings of the last look.", rows)
        yield _by_finding("mentoring_reconcile_lasting", "Those that the look before had as well.", lasting)
        yield GaugeMetricFamily(
            "mentoring_reconcile_relationships",
            "Relationships that the last look looked at.",
            value=self._last.relationships if self._last else 0,
        )
        yield CounterMetricFamily("mentoring_reconcile_errors", "Looks that failed as a whole.", value=self._errors)
        yield GaugeMetricFamily(
            "mentoring_reconcile_last_success_timestamp_seconds",
            "When the last look ended; 0 before the first.",
            value=self._last_success,
        )
        yield GaugeMetricFamily(
            "mentoring_reconcile_interval_seconds", "The rest between looks.", value=self._every.total_seconds()
        )


def _by_finding(metric: str, told: str, rows: Iterable[Row]) -> Metric:
    counts = Counter(row.finding for row in rows)
    gauge = GaugeMetricFamily(metric, told, labels=["finding"])
    for finding in Finding:
        if finding is not Finding.CONFLICT_OF_INTEREST:
            gauge.add_metric([finding], counts[finding])
    return gauge


# --- again and again --------------------------------------------------------------------------------------------


async def reconcile_forever(
    look: Callable[[], Awaitable[None]], every: timedelta, rest: asyncio.Event | None = None
) -> None:
    """Look and rest, until cancelled. A look that fails is logged, and the next one begins at its hour.

    `rest` ends a rest early when it is set; for tests.
    """
    while True:
        try:
            await look()
        except Exception as error:
            log.warning("reconcile_failed", error=type(error).__name__)
        with suppress(TimeoutError):
            async with asyncio.timeout(every.total_seconds()):
                await (rest or asyncio.Event()).wait()
