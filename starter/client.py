"""The typed way in: open a relationship, do each act of it, report in confidence.

    client = MentoringClient(temporal_client, people=directory)
    relationship = await client.open(mentor="p-1", mentee="p-2", coordinator="c-1", programme="reverse-2027")
    await relationship.sign_rules(by="p-1", version=1)

Every act is idempotent by its `command_id`: a repeated one is answered, not repeated. A refusal of the domain comes
back as CommandRejected, with a catalogue code and a sentence for the person who asked.
"""

import asyncio
import copy
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from mentoring_lifecycle.activities.clocks import is_zone_name, zone_named
from mentoring_lifecycle.activities.legal_clocks import may_be_reported
from mentoring_lifecycle.activities.ports import JournalGateway, Pairing, PairingsGateway, PeopleGateway
from mentoring_lifecycle.activities.timetable import Timetable
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import CaseView, Handling, SevereReport, open_case
from mentoring_lifecycle.contracts.inputs import StartRelationship
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.contracts.record import Record, read_record
from mentoring_lifecycle.contracts.refusals import rejection_in
from mentoring_lifecycle.contracts.views import (
    AgreementView,
    ChangesView,
    DisputeView,
    HelpView,
    OutsideView,
    RelationshipView,
)
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.cases import commands as k
from mentoring_lifecycle.domain.effects import FindSlot
from mentoring_lifecycle.domain.lifecycle import Opening, open_relationship
from mentoring_lifecycle.domain.people import PAIR, Participant, Party, Power
from mentoring_lifecycle.domain.policy import ProgrammePolicy, problems_of
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from mentoring_lifecycle.starter.conflicts import conflict_of, conflicted, in_line_with
from mentoring_lifecycle.workflows.case import Case
from mentoring_lifecycle.workflows.relationship import MentoringRelationship
from mentoring_lifecycle.workflows.showing import search_attributes

_View = TypeVar("_View")

IDENTITY = "mentoring"
"""One identity for every caller: the history of a hold must not tell who placed it."""

LARGEST_COMMAND = 64 * 1024
"""Bytes as JSON; what is larger is refused before it travels."""

MOST_PROPOSALS = 20

END_OF_PROGRAMME = "end-of-programme"
"""The command id by which a programme is ended, so that whoever begins again does nothing twice."""

ANSWER_WITHIN = timedelta(seconds=30)
"""How long a caller waits for a worker; the command may still be done later, so repeat it with the same id."""


class CommandRejected(Exception):
    """The domain refused; nothing has happened. `code` is stable, the message is for the person who asked."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.message())
        self.code = rejection.code
        self._rejection = rejection

    def message(self, locale: str = "en") -> str:
        """The sentence in the reader's language."""
        return self._rejection.message(locale)


class NoSchedule(Exception):
    """Times were asked of a client that knows nobody's hours."""

    def __init__(self) -> None:
        super().__init__("This MentoringClient was made without `schedule`, so it cannot say when two people can meet.")


class OutcomeUnknown(Exception):
    """Nobody answered in time, so the command may or may not have been done. Repeat it with the same `command_id`."""

    def __init__(self, command_id: str) -> None:
        super().__init__(
            "No answer came in time: check that a worker is running, then repeat the command with the id "
            f"{command_id}; it will not be done twice."
        )
        self.command_id = command_id


@dataclass(frozen=True, slots=True)
class RelationshipRow:
    """One line of a list of relationships, from the search attributes alone."""

    relationship: str
    programme: str
    phase: str
    standing: str
    health: str
    awaiting: str
    next_due_at: datetime | None
    status: str
    """The workflow's own: running, completed, terminated."""


NEVER_BEGAN_AFTER = timedelta(hours=1)
"""A reservation so old whose workflow nobody has seen: its opener died between the two."""


@dataclass(frozen=True, slots=True)
class Continued:
    """A relationship that goes on from an earlier one."""

    relationship: "RelationshipHandle"
    goals: tuple[c.Goal, ...] = ()
    """What may be proposed anew, because whoever's goals they were agreed to it."""


@dataclass(frozen=True, slots=True)
class ProgrammeEnd:
    """What became of one relationship when its programme was ended."""

    relationship: str
    result: str
    """`ends`, `would end`, `unknown` (nobody answered; run it again), or the code of a refusal."""


class MentoringClient:
    """Everything a host's tool does with relationships. Cheap to make; holds no state of its own."""

    def __init__(
        self,
        client: Client,
        *,
        people: PeopleGateway,
        task_queue: str = "mentoring",
        cases: Client | None = None,
        cases_task_queue: str = "mentoring-cases",
        handling: Handling | None = None,
        schedule: Timetable | None = None,
        pairings: PairingsGateway | None = None,
        journal: JournalGateway | None = None,
    ) -> None:
        """`client` must convert data as ours does: connect it with MentoringPlugin, or with `data_converter`.

        `people` is asked when a relationship is opened and when somebody reports. `cases` is a client of the cases' own
        namespace; without it severe reports are refused, as they are where `handling` names nobody. `schedule` knows
        when people can meet; without it no times are proposed. Without `pairings`, the block list, one open
        relationship per pair and capacity are the host's own business. `journal` tells what earlier relationships were,
        for `reopen` and `rematch`, and who the pair is that somebody reports about.
        """
        self._client = _under_one_name(client)
        self._people = people
        self._pairings = pairings
        self._journal = journal
        self._task_queue = task_queue
        self._cases = cases
        self._cases_task_queue = cases_task_queue
        self._handling = handling or Handling("")
        self._schedule = schedule

    # --- relationships ------------------------------------------------------------------------------------------

    async def open(
        self,
        *,
        mentor: str,
        mentee: str,
        coordinator: str,
        programme: str,
        backup: str = "",
        zone: str = "",
        policy: ProgrammePolicy | None = None,
        relationship: str = "",
        shows_search_attributes: bool = True,
        follows: str = "",
        carried: tuple[c.Goal, ...] = (),
    ) -> "RelationshipHandle":
        """Open a relationship; both are invited at once. The same `relationship` id again returns the open one.

        `zone` is the pair's, by default the mentee's; `follows` names the relationship that this one continues,
        and `carried` the goals of it that its owners let go along; they are suggested and no more. Raises
        CommandRejected for a blocked pair, unknown or unsuitable people, a pair that is open already, somebody without
        room, a bad id, zone or policy; nothing is started then.
        """
        relationship = relationship or str(uuid.uuid4())
        policy = policy or ProgrammePolicy()
        _require_identifiers(relationship=relationship, programme=programme)
        if problems := problems_of(policy):
            raise CommandRejected(Rejection(Refusal.BAD_POLICY, f"{problems[0].field}: {problems[0].message}"))
        if self._pairings and await self._pairings.is_blocked(mentor, mentee):
            raise CommandRejected(Rejection(Refusal.BLOCKED_PAIR))
        pair = await self._suitable_pair(mentor, mentee, coordinator, backup, policy)
        zone = zone or pair[1].zone
        _require_zone(zone)
        team, contact = (coordinator, backup), self._handling.contact
        in_line = await in_line_with(self._people, (mentor, mentee), [each for each in (*team, contact) if each])
        opening = Opening(
            relationship=relationship,
            programme=programme,
            mentor=Participant(mentor, _power(pair[0], pair[1])),
            mentee=Participant(mentee, _power(pair[1], pair[0])),
            coordinator=coordinator,
            backup=backup,
            zone=zone,
            policy=policy,
            follows=follows,
            carried=carried,
            contact="" if contact in in_line else contact,
            conflicted=tuple(each for each in team if each in in_line),
        )
        await self._reserve(opening, {person.id: person.capacity for person in pair})
        await self._start(opening, shows_search_attributes)
        return self.relationship(relationship)

    async def _reserve(self, opening: Opening, capacities: dict[str, int]) -> None:
        if self._pairings is None:
            return
        people = {"mentor": opening.mentor.person, "mentee": opening.mentee.person}
        for look_again in (True, False):
            refused = await self._pairings.reserve(
                opening.relationship, programme=opening.programme, **people, capacities=capacities
            )
            if refused is None:
                return
            in_the_way = look_again and refused.code in (Refusal.ALREADY_PAIRED, Refusal.NO_CAPACITY)
            if not in_the_way or not await self._places_given_back(*people.values()):
                raise CommandRejected(refused)

    async def _places_given_back(self, *people: str) -> bool:
        """Free what is taken by relationships that are no more: terminated by an operator, or never begun."""
        assert self._pairings
        taken = {each.relationship: each for person in people for each in await self._pairings.of(person)}
        freed = False
        for pairing in taken.values():
            if pairing.is_open:
                freed |= await self._is_given_back(pairing)
        return freed

    async def _is_given_back(self, pairing: Pairing) -> bool:
        assert self._pairings
        status = await self._status(pairing.relationship)
        if status in _ENDED:
            await self._pairings.close(pairing.relationship)
        elif status is None and datetime.now(UTC) - pairing.since >= NEVER_BEGAN_AFTER:
            await self._pairings.release(pairing.relationship)
        else:
            return False
        return True

    async def _status(self, relationship: str) -> WorkflowExecutionStatus | None:
        try:
            handle = self._client.get_workflow_handle(names.relationship_workflow_id(relationship))
            return (await handle.describe(rpc_timeout=ANSWER_WITHIN)).status
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND and "amespace" not in error.message:
                return None
            raise

    async def _start(self, opening: Opening, shows: bool) -> None:
        state, _ = open_relationship(opening, datetime.now(UTC))
        try:
            await self._client.start_workflow(
                MentoringRelationship.run,
                StartRelationship(opening, shows),
                id=names.relationship_workflow_id(opening.relationship),
                task_queue=self._task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=search_attributes(state) if shows else None,
                static_summary=f"mentoring in {opening.programme}",
            )
        except WorkflowAlreadyStartedError:
            if self._pairings:
                await self._pairings.close(opening.relationship)
            raise CommandRejected(Rejection(Refusal.CLOSED)) from None
        except RPCError as error:
            # Where it is not known whether it began, the places are kept: repeated with its id, it finds them.
            if self._pairings and error.status in _CERTAINLY_NOT and not await self._may_exist(opening.relationship):
                await self._pairings.release(opening.relationship)
            raise

    async def _may_exist(self, relationship: str) -> bool:
        try:
            return await self._status(relationship) is not None
        except RPCError as error:
            return error.status is not RPCStatusCode.NOT_FOUND

    async def _suitable_pair(
        self, mentor: str, mentee: str, coordinator: str, backup: str, policy: ProgrammePolicy
    ) -> tuple[Person, Person]:
        team = [coordinator, *([backup] if backup else [])]
        if len({mentor, mentee, *team}) < len((mentor, mentee, *team)):
            raise CommandRejected(Rejection(Refusal.SAME_PERSON))
        one, other, *_ = [await _known(self._people, person) for person in (mentor, mentee, *team)]
        if conflict := await conflict_of(self._people, one, other, policy.minimum_level_distance):
            raise CommandRejected(conflict)
        return one, other

    async def reopen(self, old: str, *, relationship: str = "", policy: ProgrammePolicy | None = None) -> Continued:
        """Begin anew with the same two people: a new relationship that follows an ended one.

        What has ended stays as it was. The new id follows from the old one unless it is given, so that a repeated call
        opens nothing new. Everything is checked again, the block list first. Raises CommandRejected, also where `old`
        is unknown or has not ended.
        """
        record = await self._ended(old)
        return await self._continue(record, relationship or _next_id(record), policy)

    async def rematch(
        self,
        old: str,
        *,
        mentor: str = "",
        mentee: str = "",
        relationship: str = "",
        policy: ProgrammePolicy | None = None,
    ) -> Continued:
        """Begin anew with one new person, beside the one who stays; name the new one by the part they will play.

        Nobody is ever exchanged inside a relationship: the old one must have ended. Of what the two had, only goals
        come along whose owner agreed to it, as a suggestion, and of a case nothing. Otherwise as `reopen`.
        """
        if bool(mentor) is bool(mentee):
            raise CommandRejected(Rejection(Refusal.ONE_NEW_PERSON))
        record = await self._ended(old)
        stays = Party.MENTEE if mentor else Party.MENTOR
        relationship = relationship or f"{old}-{stays}"
        return await self._continue(record, relationship, policy, mentor=mentor, mentee=mentee)

    async def _ended(self, old: str) -> Record:
        _require_identifiers(relationship=old)
        if self._journal is None:
            raise CommandRejected(Rejection(Refusal.NO_JOURNAL))
        record = read_record(old, await self._journal.read(old))
        if record is None:
            raise CommandRejected(Rejection(Refusal.UNKNOWN_RELATIONSHIP, old))
        if not record.outcome:
            raise CommandRejected(Rejection(Refusal.NOT_CLOSED))
        return record

    async def _continue(
        self, old: Record, relationship: str, policy: ProgrammePolicy | None, *, mentor: str = "", mentee: str = ""
    ) -> Continued:
        goals = await self._carried(
            old, staying=tuple(p for p, new in zip(PAIR, (mentor, mentee), strict=True) if not new)
        )
        handle = await self.open(
            mentor=mentor or old.opened.mentor.person,
            mentee=mentee or old.opened.mentee.person,
            coordinator=old.opened.coordinator,
            backup=old.opened.backup,
            programme=old.opened.programme,
            zone="" if mentee else old.opened.zone,
            policy=policy or old.opened.policy,
            relationship=relationship,
            follows=old.relationship,
            carried=goals,
        )
        return Continued(handle, goals)

    async def _carried(self, old: Record, staying: tuple[Party, ...]) -> tuple[c.Goal, ...]:
        """What its owner agreed to take along; nobody's goals come to a relationship without them."""
        owners = {c.GoalOwner(party.value) for party in staying} | {c.GoalOwner.PAIR}
        try:
            agreement = await self.relationship(old.relationship).agreement()
        except (CommandRejected, OutcomeUnknown):
            return ()
        return tuple(goal for goal in agreement.carried_goals if goal.owner in owners)

    def relationship(self, relationship: str) -> "RelationshipHandle":
        """A relationship by its id; whether it exists shows at the first call."""
        _require_identifiers(relationship=relationship)
        return RelationshipHandle(self._client, relationship, self._schedule, self._people)

    async def list(self, query: str = "", *, limit: int = 1000) -> AsyncIterator[RelationshipRow]:
        """Relationships by a Visibility query, for example `MentoringHealth = 'attention'`; the newest first."""
        own = f"WorkflowType = '{names.RELATIONSHIP}' AND ExecutionStatus != 'ContinuedAsNew'"
        asked = f"{own} AND ({query})" if query else own
        async for found in self._client.list_workflows(asked, limit=limit):
            attributes = found.typed_search_attributes
            yield RelationshipRow(
                relationship=names.relationship_of(found.id),
                programme=attributes.get(names.PROGRAMME) or "",
                phase=attributes.get(names.PHASE) or "",
                standing=attributes.get(names.STANDING) or "",
                health=attributes.get(names.HEALTH) or "",
                awaiting=attributes.get(names.AWAITING) or "",
                next_due_at=attributes.get(names.NEXT_DUE_AT),
                status=found.status.name.lower() if found.status else "",
            )

    async def proposed_slots(self, relationship: str, *, session: int = 0, count: int = 3) -> tuple[datetime, ...]:
        """Up to `count` times (UTC, in order) that would suit both for a session, by default the next one.

        Looking books nothing and leaves no trace. Raises CommandRejected where no such session could be moved or
        planned, and NoSchedule where this client was made without one.
        """
        return await self.relationship(relationship).slots(session=session, count=count)

    async def end_programme(
        self, query: str, *, notice_days: int = 30, per_minute: float = 30, dry_run: bool = False
    ) -> AsyncIterator[ProgrammeEnd]:
        """End every running relationship of a Visibility query, one after the other, so many a minute at most.

        May be stopped at any moment and begun again: what was done is not done twice, and what is refused (a hold) is
        named and left alone. Nobody gets more than the ordinary notice of a coming end.
        """
        running = [row async for row in self.list(f"({query}) AND ExecutionStatus = 'Running'", limit=1_000_000)]
        for number, row in enumerate(running):
            if number and not dry_run:
                await asyncio.sleep(60 / per_minute)
            yield ProgrammeEnd(row.relationship, "would end" if dry_run else await self._end(row, notice_days))

    async def _end(self, row: RelationshipRow, notice_days: int) -> str:
        command = c.EndByProgramme(PROGRAMME_OFFICE, notice_days)
        try:
            await self.relationship(row.relationship).do(command, END_OF_PROGRAMME)
        except CommandRejected as refused:
            return refused.code.value
        except OutcomeUnknown:
            return "unknown"
        return "ends"

    # --- the confidential channel -------------------------------------------------------------------------------

    async def report(self, report: SevereReport) -> str:
        """Report in confidence; returns the case id once the report is durable, and never before.

        The same `case` id again is the same report. Works whatever became of the relationship. Raises CommandRejected
        when the matter is not severe, when an S3 reporter has not chosen about the pause, when the relationship ended
        too long ago (as far as `journal` tells), or when nobody would be told.
        """
        _require_identifiers(case=report.case)
        if report.relationship:
            _require_identifiers(relationship=report.relationship)
        opened = open_case(report, await self._handling_of(report) if self._cases else Handling(""))
        if isinstance(opened, Rejection):
            raise CommandRejected(opened)
        assert self._cases
        try:
            await self._cases.start_workflow(
                Case.run,
                opened,
                id=names.case_workflow_id(report.case),
                task_queue=self._cases_task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            )
        except WorkflowAlreadyStartedError:
            return report.case
        return report.case

    async def _handling_of(self, report: SevereReport) -> Handling:
        """With whoever may not handle it, because they are part of it or of somebody's reporting chain."""
        pair = await self._pair_of(report.relationship) if report.relationship else ()
        involved = (report.by, report.about, *pair)
        handling = self._handling
        barred = await conflicted(self._people, handling.handlers, involved)
        # The contact is from outside, so that a chain does not bar them: only being named in it does.
        named = (handling.contact,) if handling.contact in involved else ()
        return replace(handling, conflicted=tuple(dict.fromkeys((*barred, *named))))

    async def _pair_of(self, relationship: str) -> tuple[str, ...]:
        record = read_record(relationship, await self._journal.read(relationship)) if self._journal else None
        if record is None:
            return ()
        if record.closed_at and not self._may_be_reported(record.closed_at):
            raise CommandRejected(Rejection(Refusal.REPORTED_TOO_LATE, str(self._handling.profile.report_months)))
        return record.opened.mentor.person, record.opened.mentee.person

    def _may_be_reported(self, closed_at: datetime) -> bool:
        zone = zone_named(self._handling.zone) or ZoneInfo("UTC")
        return may_be_reported(closed_at, datetime.now(UTC), self._handling.profile, zone)

    def case(self, case: str) -> "CaseHandle":
        """A case by its id, for whoever handles it; whether there is one for them shows at the first call."""
        _require_identifiers(case=case)
        if self._cases is None:
            raise CommandRejected(Rejection(Refusal.NO_SAFEGUARDING_CONTACT))
        return CaseHandle(self._cases, case)

    async def cases(self, *, by: str) -> AsyncIterator[CaseView]:
        """The cases that this person was told of and may see, the newest first; of any other not even that it is.

        Each is asked by itself, because nothing that could be searched tells anything of a case.
        """
        if self._cases is None:
            raise CommandRejected(Rejection(Refusal.NO_SAFEGUARDING_CONTACT))
        ours = f"WorkflowType = '{names.CASE}' AND TaskQueue = '{self._cases_task_queue}'"
        async for found in self._cases.list_workflows(f"{ours} AND ExecutionStatus = 'Running'"):
            view = await CaseHandle(self._cases, names.case_of(found.id)).look(by=by)
            if view is not None:
                yield view


class CaseHandle:
    """One case. `by` is always a person id; whoever was not told of a case is answered as if there were none.

    Acts return how it stands afterwards. Raises CommandRejected when the domain refuses, OutcomeUnknown when no worker
    answered in time.
    """

    def __init__(self, client: Client, case: str) -> None:
        self.id = case
        self._handle = client.get_workflow_handle(names.case_workflow_id(case))

    async def acknowledge(self, *, by: str, command_id: str = "") -> CaseView:
        """Take note; whoever of those who were told does so first has the case."""
        return _seen(await self.do(k.Acknowledge(by), command_id))

    async def triage(
        self,
        *,
        by: str,
        track: k.LegalTrack,
        severity: c.Severity | None = None,
        reason: k.LoweringReason | None = None,
        command_id: str = "",
    ) -> CaseView:
        """Judge how grave it is and which law it falls under; lower than it stands only with a reason."""
        return _seen(await self.do(k.Triage(by, track, severity, reason), command_id))

    async def start_investigation(self, *, by: str, command_id: str = "") -> CaseView:
        """Begin to look into it."""
        return _seen(await self.do(k.StartInvestigation(by), command_id))

    async def refer(self, *, by: str, to: k.ReferredTo, command_id: str = "") -> CaseView:
        """Note where a person has taken it."""
        return _seen(await self.do(k.Refer(by, to), command_id))

    async def decide_outcome(
        self, *, by: str, outcome: k.CaseOutcome, reason: k.NoActionReason | None = None, command_id: str = ""
    ) -> CaseView:
        """Say what came of it; nothing is done to anybody by this."""
        return _seen(await self.do(k.DecideOutcome(by, outcome, reason), command_id))

    async def give_feedback(self, *, by: str, command_id: str = "") -> CaseView:
        """Note that whoever reported has been told what came of it."""
        return _seen(await self.do(k.GiveFeedback(by), command_id))

    async def withdraw(self, *, by: str, command_id: str = "") -> CaseView | None:
        """Withdraw the report, as whoever made it or as the handler; the reporter is shown nothing of the case."""
        return await self.do(k.Withdraw(by), command_id)

    async def reopen(self, *, by: str, command_id: str = "") -> CaseView:
        """Take up again what had been concluded."""
        return _seen(await self.do(k.Reopen(by), command_id))

    async def reassign(
        self, *, by: str, reason: k.ReassignReason, to: str = "", command_id: str = ""
    ) -> CaseView | None:
        """Give it to somebody else, by default to whoever is next; after a conflict one is shown nothing more of it."""
        return await self.do(k.Reassign(by, reason, to), command_id)

    async def do(self, command: k.CaseCommand, command_id: str = "") -> CaseView | None:
        """Any act as a value; None where whoever asked may not see the case (any more)."""
        command_id = command_id or str(uuid.uuid4())
        try:
            view: CaseView | None = await self._handle.execute_update(
                names.ACT_ON_CASE,
                command,
                id=command_id,
                result_type=CaseView | None,  # type: ignore[arg-type]  # pydantic's converter takes it as a class
                rpc_timeout=ANSWER_WITHIN,
            )
            return view
        except WorkflowUpdateFailedError as error:
            if rejection := rejection_in(error.cause):
                raise CommandRejected(rejection) from None
            raise
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            raise OutcomeUnknown(command_id) from error
        except RPCError as error:
            raise _of_a_case(error, command_id) from error

    async def read(self, *, by: str) -> CaseView:
        """Everything about it, the words of the report among them."""
        return _seen(await self.look(by=by))

    async def look(self, *, by: str) -> CaseView | None:
        """The same, or None where there is nothing for this person to see."""
        view: CaseView | None = await self._query("read", CaseView | None, by)
        return view

    async def timeline(self, *, by: str) -> "list[str]":
        """What has happened, oldest first."""
        lines: list[str] = await self._query("timeline", list[str], by)
        if not lines:
            raise CommandRejected(Rejection(Refusal.UNKNOWN_CASE))
        return lines

    async def _query(self, name: str, result: Any, by: str) -> Any:
        try:
            return await self._handle.query(name, by, result_type=result, rpc_timeout=ANSWER_WITHIN)
        except RPCError as error:
            raise _of_a_case(error, "") from error


def _seen(view: CaseView | None) -> CaseView:
    if view is None:
        raise CommandRejected(Rejection(Refusal.UNKNOWN_CASE))
    return view


def _of_a_case(error: RPCError, command_id: str) -> Exception:
    """A case that never was, one that is no longer kept, and one that is not for them sound the same."""
    if error.status is RPCStatusCode.NOT_FOUND and "amespace" not in error.message:
        return CommandRejected(Rejection(Refusal.UNKNOWN_CASE))
    if error.status in _NOBODY_ANSWERED:
        return OutcomeUnknown(command_id)
    return error


class RelationshipHandle:
    """One relationship. Every act returns where it stands afterwards; `by` is always a person id.

    Raises CommandRejected when the domain refuses, OutcomeUnknown when no worker answered in time.
    """

    def __init__(
        self,
        client: Client,
        relationship: str,
        schedule: Timetable | None = None,
        people: PeopleGateway | None = None,
    ) -> None:
        """`people` is asked whether a new coordinator is known; without it that is left to the caller."""
        self.id = relationship
        self._schedule = schedule
        self._people = people
        self._handle = client.get_workflow_handle(names.relationship_workflow_id(relationship))

    # --- onboarding, rules, goals -------------------------------------------------------------------------------

    async def accept(
        self, *, by: str, induction_acknowledged: bool = False, comfort: c.Comfort | None = None, command_id: str = ""
    ) -> RelationshipView:
        """Accept the invitation; a form that shows the guide may carry its answers along."""
        return await self.do(c.AnswerInvitation(by, True, induction_acknowledged, comfort), command_id)

    async def decline(self, *, by: str, command_id: str = "") -> RelationshipView:
        """Decline the invitation; the partner never learns who did."""
        return await self.do(c.AnswerInvitation(by, False), command_id)

    async def complete_induction(self, *, by: str, comfort: c.Comfort, command_id: str = "") -> RelationshipView:
        """The guide is read; the answer about comfort is private."""
        return await self.do(c.CompleteInduction(by, comfort), command_id)

    async def propose_rules(self, *, by: str, values: dict[str, str], command_id: str = "") -> RelationshipView:
        """Propose other values for rules that a pair may agree on; who proposes signs by it."""
        return await self.do(c.ProposeRules(by, tuple(values.items())), command_id)

    async def sign_rules(self, *, by: str, version: int, command_id: str = "") -> RelationshipView:
        """Sign the newest version of the ground rules."""
        return await self.do(c.SignRules(by, version), command_id)

    async def propose_goals(
        self,
        *,
        by: str,
        goals: tuple[c.Goal, ...],
        topics: tuple[str, ...] = (),
        every_weeks: int = 0,
        command_id: str = "",
    ) -> RelationshipView:
        """Propose one to three goals, topics and a rhythm."""
        return await self.do(c.ProposeGoals(by, goals, topics, every_weeks), command_id)

    async def agree_goals(
        self, *, by: str, proposal: int, baselines: tuple[int, ...], command_id: str = ""
    ) -> RelationshipView:
        """Agree to the partner's proposal, with one's own rating of each goal today."""
        return await self.do(c.AgreeGoals(by, proposal, baselines), command_id)

    # --- sessions -----------------------------------------------------------------------------------------------

    async def set_agenda(
        self, *, by: str, session: int, points: tuple[str, ...], command_id: str = ""
    ) -> RelationshipView:
        """Write the points of a session that lies ahead."""
        return await self.do(c.SetAgenda(by, session, points), command_id)

    async def move_session(
        self, *, by: str, session: int, starts_at: datetime, command_id: str = ""
    ) -> RelationshipView:
        """Move a session that lies ahead; `starts_at` carries its zone."""
        return await self.do(c.MoveSession(by, session, starts_at), command_id)

    async def book_session(
        self, *, by: str, session: int, starts_at: datetime, command_id: str = ""
    ) -> RelationshipView:
        """Fix the time of the session that waits for one; `starts_at` carries its zone."""
        return await self.do(c.BookSession(by, session, starts_at), command_id)

    async def cancel_session(self, *, by: str, session: int, command_id: str = "") -> RelationshipView:
        """Call off a session that lies ahead; another time is looked for."""
        return await self.do(c.CancelSession(by, session), command_id)

    async def propose_times(
        self, *, by: str, session: int, times: tuple[datetime, ...], command_id: str = ""
    ) -> RelationshipView:
        """Ask the partner for another time, in the order of preference; the session stands until one is chosen."""
        return await self.do(c.ProposeTimes(by, session, times), command_id)

    async def answer_times(self, *, by: str, session: int, chosen: int, command_id: str = "") -> RelationshipView:
        """Choose one of the partner's times, counted from 1, or 0 for none."""
        return await self.do(c.AnswerTimes(by, session, chosen), command_id)

    async def note_calendar(
        self,
        *,
        by: str,
        session: int,
        revision: int,
        answer: c.CalendarAnswer,
        starts_at: datetime | None = None,
        command_id: str = "",
    ) -> RelationshipView:
        """What this person's own calendar says; a difference becomes a question to them, never a change."""
        return await self.do(c.NoteCalendar(by, session, revision, answer, starts_at), command_id)

    async def answer_calendar_question(
        self, *, by: str, session: int, meant: bool, command_id: str = ""
    ) -> RelationshipView:
        """Was the change in one's own calendar meant for the session itself?"""
        return await self.do(c.AnswerCalendarQuestion(by, session, meant), command_id)

    async def confirm_session(
        self,
        *,
        by: str,
        session: int,
        held: bool,
        pulse: c.Pulse | None = None,
        review: c.Review | None = None,
        command_id: str = "",
    ) -> RelationshipView:
        """Say whether a session took place, and in private how it was; a review where the question asks for one.

        Nothing follows from a pulse, so a page shows whoever answers, whatever the answer, where to find support.
        """
        return await self.do(c.ConfirmSession(by, session, held, pulse, review), command_id)

    async def report_no_show(self, *, by: str, session: int, command_id: str = "") -> RelationshipView:
        """I was there, the other was not; from a quarter of an hour after the planned start."""
        return await self.do(c.ReportNoShow(by, session), command_id)

    async def explain_absence(
        self, *, by: str, session: int, answer: c.AbsenceAnswer, command_id: str = ""
    ) -> RelationshipView:
        """What whoever was missed says: an emergency, forgotten, or that it did take place."""
        return await self.do(c.ExplainAbsence(by, session, answer), command_id)

    async def answer_dispute(
        self, *, by: str, session: int, talked: bool, elsewhere: bool, command_id: str = ""
    ) -> RelationshipView:
        """The private form about a session of which the two have said different things."""
        return await self.do(c.AnswerDispute(by, session, talked, elsewhere), command_id)

    async def settle_dispute(
        self, *, by: str, session: int, result: c.Verdict, command_id: str = ""
    ) -> RelationshipView:
        """The programme team says what a disputed session counts as."""
        return await self.do(c.SettleDispute(by, session, result), command_id)

    async def log_session(
        self, *, by: str, starts_at: datetime, minutes: int, command_id: str = ""
    ) -> RelationshipView:
        """Note a session that took place outside of the plan; the partner is asked. `starts_at` carries its zone."""
        return await self.do(c.LogSession(by, starts_at, minutes), command_id)

    async def give_review(self, *, by: str, review: c.Review, command_id: str = "") -> RelationshipView:
        """The look half-way by itself, where it was left out of the answer about the session."""
        return await self.do(c.GiveReview(by, review), command_id)

    # --- help ---------------------------------------------------------------------------------------------------

    async def ask_coordinator(
        self,
        *,
        by: str,
        matter: c.Matter,
        words: str,
        severity: c.Severity | None = None,
        partner_may_know: bool = False,
        hold_next_session: bool = False,
        not_to: tuple[Party, ...] = (),
        command_id: str = "",
    ) -> RelationshipView:
        """Ask for help, from material to friction; severe matters are refused here and belong to `report`.

        `not_to` names whom of the programme team (coordinator, backup) it must not reach.
        """
        command = c.AskCoordinator(by, matter, words, severity, partner_may_know, hold_next_session, not_to)
        return await self.do(command, command_id)

    async def take_up_help(self, *, by: str, help: int, command_id: str = "") -> RelationshipView:  # noqa: A002 -- the field's word
        """The coordinator or the backup is on it."""
        return await self.do(c.TakeUpHelp(by, help), command_id)

    async def triage_help(self, *, by: str, help: int, way: c.HelpWay, command_id: str = "") -> RelationshipView:  # noqa: A002 -- the field's word
        """Say which way it goes, after a first talk with the asker."""
        return await self.do(c.TriageHelp(by, help, way), command_id)

    async def arrange_talk(self, *, by: str, help: int, starts_at: datetime, command_id: str = "") -> RelationshipView:  # noqa: A002 -- the field's word
        """A talk of all three, where the asker agreed that the partner may know."""
        return await self.do(c.ArrangeTalk(by, help, starts_at), command_id)

    async def conclude_help(
        self,
        *,
        by: str,
        help: int,  # noqa: A002 -- the field's word
        outcome: c.HelpOutcome,
        reason: c.NoActionReason | None = None,
        staying: tuple[Party, ...] = PAIR,
        command_id: str = "",
    ) -> RelationshipView:
        """Tell the asker what came of it; `reason` belongs to `no_action`, `staying` to `rematched`."""
        return await self.do(c.ConcludeHelp(by, help, outcome, reason, staying), command_id)

    async def rate_help(self, *, by: str, help: int, helped: bool, command_id: str = "") -> RelationshipView:  # noqa: A002 -- the field's word
        """Did it help? Only the asker is asked."""
        return await self.do(c.RateHelp(by, help, helped), command_id)

    # --- standing, leaving, closing -----------------------------------------------------------------------------

    async def pause(self, *, by: str, until: datetime | None = None, command_id: str = "") -> RelationshipView:
        """Pause, as one of the pair or as the programme team for somebody on long leave; no reason is kept."""
        return await self.do(c.Pause(by, until), command_id)

    async def resume(self, *, by: str, command_id: str = "") -> RelationshipView:
        """Go on after a pause, as one of the pair or as the programme team."""
        return await self.do(c.Resume(by), command_id)

    async def hold(self, *, command_id: str = "") -> RelationshipView:
        """The programme team freezes the relationship. Who asked, and why, is not said: all holds look the same."""
        return await self.do(c.Hold(PROGRAMME_OFFICE), command_id)

    async def lift(self, *, command_id: str = "") -> RelationshipView:
        """The programme team ends a hold."""
        return await self.do(c.Lift(PROGRAMME_OFFICE), command_id)

    async def note_leaver(self, *, person: str, left: bool = True, command_id: str = "") -> RelationshipView:
        """Somebody of the pair or the team has left the organisation; `left=False` takes it back within the grace."""
        return await self.do(c.NoteLeaver(PROGRAMME_OFFICE, person, left), command_id)

    async def change_coordinator(
        self, *, by: str, coordinator: str, backup: str = "", command_id: str = ""
    ) -> RelationshipView:
        """The programme team names who runs the programme for this pair, and who stands in."""
        return await self.do(c.ChangeCoordinator(by, coordinator, backup), command_id)

    async def go_on(self, *, by: str, command_id: str = "") -> RelationshipView:
        """Want to go on, after a silence that was asked about."""
        return await self.do(c.GoOn(by), command_id)

    async def exit(self, *, by: str, command_id: str = "") -> RelationshipView:
        """Leave: at any moment, without a reason, without anybody's approval."""
        return await self.do(c.Exit(by), command_id)

    async def decide(self, *, by: str, choice: c.Choice, command_id: str = "") -> RelationshipView:
        """The programme team gives a stuck step more time, or ends the relationship."""
        return await self.do(c.Decide(by, choice), command_id)

    async def change_zone(self, *, by: str, zone: str, starting: datetime, command_id: str = "") -> RelationshipView:
        """Agree on times in another zone from an instant on; what is booked stays, and both are told."""
        _require_zone(zone)
        return await self.do(c.ChangeZone(by, zone, starting), command_id)

    async def wish_extension(self, *, by: str, weeks: int, command_id: str = "") -> RelationshipView:
        """Wish for some weeks more; unless the other wishes so too, nobody learns of it."""
        return await self.do(c.WishExtension(by, weeks), command_id)

    async def propose_early_end(self, *, by: str, command_id: str = "") -> RelationshipView:
        """Propose to end now, as completed; refused while too few sessions took place."""
        return await self.do(c.ProposeEarlyEnd(by), command_id)

    async def agree_early_end(self, *, by: str, command_id: str = "") -> RelationshipView:
        """Agree to the partner's proposal to end now."""
        return await self.do(c.AgreeEarlyEnd(by), command_id)

    async def end_for_rematch(
        self, *, by: str, staying: tuple[Party, ...] = PAIR, command_id: str = ""
    ) -> RelationshipView:
        """The programme team ends this pairing; both are asked first whether their goals may go with them."""
        return await self.do(c.EndForRematch(by, staying), command_id)

    async def carry_goals(self, *, by: str, yes: bool, command_id: str = "") -> RelationshipView:
        """Say whether one's own goals may go into another pairing; the last word before the close counts."""
        return await self.do(c.CarryGoals(by, yes), command_id)

    async def end_by_programme(self, *, by: str, notice_days: int = 30, command_id: str = "") -> RelationshipView:
        """The programme as a whole ends: closing begins now, and the last day is so far ahead at most."""
        return await self.do(c.EndByProgramme(by, notice_days), command_id)

    async def give_final_feedback(
        self,
        *,
        by: str,
        ratings: tuple[int, ...],
        would_repeat: int,
        felt_safe: int,
        keep_in_touch: bool,
        command_id: str = "",
    ) -> RelationshipView:
        """Final rating of each goal, and the private survey."""
        return await self.do(c.GiveFinalFeedback(by, ratings, would_repeat, felt_safe, keep_in_touch), command_id)

    # --- what the programme's machines have heard ---------------------------------------------------------------

    async def note_address(self, *, person: str, news: c.AddressNews, command_id: str = "") -> RelationshipView:
        """Mail to somebody came back, or their address has been corrected; NOTHING_NEW where that is known."""
        return await self.do(c.NoteAddress(PROGRAMME_OFFICE, person, news), command_id)

    async def do(self, command: c.Command, command_id: str = "") -> RelationshipView:
        """Any act as a value; what every method above comes down to."""
        command_id = command_id or str(uuid.uuid4())
        _require_small(command)
        if isinstance(command, c.ChangeCoordinator) and self._people:
            command = await self._looked_up(command, self._people)
        try:
            view: RelationshipView = await self._handle.execute_update(
                command.kind, command, id=command_id, result_type=RelationshipView, rpc_timeout=ANSWER_WITHIN
            )
            return view
        except WorkflowUpdateFailedError as error:
            if rejection := rejection_in(error.cause):
                raise CommandRejected(await self._in_names(rejection)) from None
            raise
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            raise OutcomeUnknown(command_id) from error
        except RPCError as error:
            raise _in_words(error, self.id, command_id) from error

    async def _looked_up(self, command: c.ChangeCoordinator, people: PeopleGateway) -> c.ChangeCoordinator:
        named = [person for person in (command.coordinator, command.backup) if person]
        for person in named:
            await _known(people, person)
        outside = await self.outside()
        conflicted = await in_line_with(people, (outside.mentor, outside.mentee), named)
        return replace(command, conflicted=conflicted)

    async def _in_names(self, rejection: Rejection) -> Rejection:
        """The contact is known by id, and whoever asks needs a name."""
        if rejection.code is not Refusal.ASK_THE_CONTACT or self._people is None:
            return rejection
        found = await self._people.find(rejection.detail)
        return replace(rejection, detail=found.name) if found else Rejection(Refusal.NOBODY_IS_FREE)

    # --- looking ------------------------------------------------------------------------------------------------

    async def status(self, *, by: str = "") -> RelationshipView:
        """Where it stands; works after it closed, while its history is kept.

        For a page, `by` names who looks at it: one of the pair does not see that the other has asked for help.
        """
        return await self._query("status", RelationshipView, by)

    async def timeline(self) -> "list[str]":
        """Milestones, oldest first; the journal holds every event."""
        return await self._query("timeline", list[str])

    async def agreement(self) -> AgreementView:
        """Ground rules and goals."""
        return await self._query("agreement", AgreementView)

    async def disputes(self) -> tuple[DisputeView, ...]:
        """Sessions about which the two differ, with what each has said; for the programme team alone."""
        return await self._query("disputes", tuple[DisputeView, ...])

    async def help_requests(self, *, by: str = "") -> tuple[HelpView, ...]:
        """Open calls for help, with the words of those who asked; for the programme team alone.

        `by` names who of the team reads; without it, those calls are left out that must not reach all of it.
        """
        return await self._query("help_requests", tuple[HelpView, ...], by)

    async def changes(self) -> tuple[ChangesView, ...]:
        """How often sessions were changed, by side and by power; for the programme team alone."""
        return await self._query("changes", tuple[ChangesView, ...])

    async def outside(self) -> OutsideView:
        """What calendars and the people directory should agree with; for the reconcile process."""
        return await self._query("outside", OutsideView)

    async def slots(self, *, session: int = 0, count: int = 3) -> tuple[datetime, ...]:
        """Times that would suit both for a session; see MentoringClient.proposed_slots."""
        if self._schedule is None:
            raise NoSchedule
        # An optional dataclass is no class; pydantic's converter takes it as one.
        wanted = min(max(count, 1), MOST_PROPOSALS)
        wish: FindSlot | None = await self._query("wish", FindSlot | None, session, wanted)  # type: ignore[arg-type]
        if wish is None:
            raise CommandRejected(Rejection(Refusal.UNKNOWN_SESSION, str(session)))
        return await self._schedule.proposals(self.id, wish)

    async def _query(self, name: str, result: type[_View], *arguments: int | str) -> _View:
        try:
            view: _View = await self._handle.query(name, args=arguments, result_type=result, rpc_timeout=ANSWER_WITHIN)
            return view
        except RPCError as error:
            raise _in_words(error, self.id, "") from error


_CERTAINLY_NOT = (
    RPCStatusCode.INVALID_ARGUMENT,
    RPCStatusCode.NOT_FOUND,
    RPCStatusCode.PERMISSION_DENIED,
    RPCStatusCode.UNAUTHENTICATED,
    RPCStatusCode.FAILED_PRECONDITION,
    RPCStatusCode.UNIMPLEMENTED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
)
"""Answers after which nothing has begun."""

_ENDED = (
    WorkflowExecutionStatus.COMPLETED,
    WorkflowExecutionStatus.FAILED,
    WorkflowExecutionStatus.CANCELED,
    WorkflowExecutionStatus.TERMINATED,
    WorkflowExecutionStatus.TIMED_OUT,
)

_NOBODY_ANSWERED = (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED, RPCStatusCode.UNAVAILABLE)


def _in_words(error: RPCError, relationship: str, command_id: str) -> Exception:
    """NOT_FOUND is said of ids that never were and of relationships that have ended."""
    if error.status is RPCStatusCode.NOT_FOUND and "amespace" not in error.message:
        ended = "already completed" in error.message
        return CommandRejected(
            Rejection(Refusal.CLOSED) if ended else Rejection(Refusal.UNKNOWN_RELATIONSHIP, relationship)
        )
    if error.status in _NOBODY_ANSWERED:
        return OutcomeUnknown(command_id)
    return error


def _under_one_name(client: Client) -> Client:
    """The same connection; every message on it says IDENTITY, whoever the host's own client says it is."""
    service = copy.copy(client.service_client)
    service.config = replace(service.config, identity=IDENTITY)
    config = client.config()
    config["service_client"] = service
    return Client(**config)


def _require_identifiers(**ids: str) -> None:
    for name, value in ids.items():
        if not names.is_identifier(value):
            raise CommandRejected(Rejection(Refusal.BAD_IDENTIFIER, name))


def _require_zone(zone: str) -> None:
    if not is_zone_name(zone):
        raise CommandRejected(Rejection(Refusal.UNKNOWN_ZONE, zone[:64]))


def _require_small(command: c.Command) -> None:
    try:
        size = len(TypeAdapter(type(command)).dump_json(command))
    except PydanticSerializationError:
        raise CommandRejected(Rejection(Refusal.TEXT_UNREADABLE)) from None
    if size > LARGEST_COMMAND:
        raise CommandRejected(Rejection(Refusal.TEXT_TOO_LONG, str(LARGEST_COMMAND)))


def _next_id(old: Record) -> str:
    """`r` is followed by `r-2` and that by `r-3`; an id that only looks so, of a first relationship, by one more."""
    stem, _, number = old.relationship.rpartition("-")
    is_next = old.opened.follows and stem and number.isascii() and number.isdigit()
    return f"{stem}-{int(number) + 1}" if is_next else f"{old.relationship}-2"


async def _known(people: PeopleGateway, person: str) -> Person:
    is_free = names.is_identifier(person) and person != PROGRAMME_OFFICE
    found = await people.find(person) if is_free else None
    if found is None:
        raise CommandRejected(Rejection(Refusal.UNKNOWN_PERSON, _printable(person)))
    if not found.active:
        raise CommandRejected(Rejection(Refusal.PERSON_INACTIVE, found.id))
    return found


def _power(person: Person, partner: Person) -> Power:
    return Power.SENIOR if person.level > partner.level else Power.JUNIOR


def _printable(text: str) -> str:
    return text if names.is_identifier(text) else "given"
