"""The typed way in: open a relationship, do each act of it, report in confidence.

    client = MentoringClient(temporal_client, people=directory)
    relationship = await client.open(mentor="p-1", mentee="p-2", coordinator="c-1", programme="reverse-2027")
    await relationship.sign_rules(by="p-1", version=1)

Every act is idempotent by its `command_id`: a repeated one is answered, not repeated. A refusal of the domain comes
back as CommandRejected, with a catalogue code and a sentence for the person who asked.
"""

import copy
import uuid
from asyncio import sleep
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from mentoring_lifecycle.activities.ports import (
    CaseAuditGateway,
    JournalGateway,
    Pairing,
    PairingsGateway,
    PeopleGateway,
)
from mentoring_lifecycle.activities.timetable import Timetable
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import CaseView, Handling, SevereReport
from mentoring_lifecycle.contracts.claims import ClaimKeys, Signer
from mentoring_lifecycle.contracts.follow_up import Proof
from mentoring_lifecycle.contracts.inputs import StartRelationship
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.contracts.receipts import read_receipt
from mentoring_lifecycle.contracts.record import Record, read_record
from mentoring_lifecycle.contracts.seals import Seals
from mentoring_lifecycle.contracts.shown import Shown
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.authorisation import Channel
from mentoring_lifecycle.domain.help_requests import SEVERE, severity_of
from mentoring_lifecycle.domain.lifecycle import Opening, open_relationship
from mentoring_lifecycle.domain.people import PAIR, Participant, Party, Power
from mentoring_lifecycle.domain.policy import ProgrammePolicy, problems_of
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from mentoring_lifecycle.letters.pause_question import PauseQuestion, pause_question
from mentoring_lifecycle.starter.answers import (
    ANSWER_WITHIN,
    CERTAINLY_NOT,
    CommandRejected,
    NoAudit,
    OutcomeUnknown,
)
from mentoring_lifecycle.starter.case_audit import Auditor, Verified
from mentoring_lifecycle.starter.case_handle import CaseHandle
from mentoring_lifecycle.starter.checks import known_person, require_identifiers, require_zone
from mentoring_lifecycle.starter.conflicts import conflict_of, in_line_with
from mentoring_lifecycle.starter.follow_up import FollowUpHandle
from mentoring_lifecycle.starter.intake import Intake, Reported
from mentoring_lifecycle.starter.relationship_handle import RelationshipHandle
from mentoring_lifecycle.workflows.relationship import MentoringRelationship
from mentoring_lifecycle.workflows.showing import search_attributes

IDENTITY = "mentoring"
"""One identity for every caller: the history of a hold must not tell who placed it."""

END_OF_PROGRAMME = "end-of-programme"
"""The command id by which a programme is ended, so that whoever begins again does nothing twice."""


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
        own_mail_queue: bool = True,
        cases: Client | None = None,
        cases_task_queue: str = "mentoring-cases",
        handling: Handling | None = None,
        schedule: Timetable | None = None,
        pairings: PairingsGateway | None = None,
        journal: JournalGateway | None = None,
        claims: ClaimKeys | None = None,
        channel: Channel = Channel.TOOL,
        seals: Seals | None = None,
        audit: CaseAuditGateway | None = None,
    ) -> None:
        """`client` must convert data as ours does: connect it with MentoringPlugin, or with `data_converter`.

        Letters of what is opened here wait on a queue of their own, `<task_queue>-mail`, which our workers and those
        with MentoringPlugin serve; without `own_mail_queue` on the one of everything else, which every worker serves.
        `people` is asked when a relationship is opened and when somebody reports. `cases` is a client of the cases' own
        namespace; without it severe reports are refused, as they are where `handling` names nobody. `schedule` knows
        when people can meet; without it no times are proposed. Without `pairings`, the block list, one open
        relationship per pair and capacity are the host's own business. `journal` tells what earlier relationships were,
        for `reopen` and `rematch`, and who the pair is that somebody reports about. With `claims` every command says,
        signed, who asks for it and by which `channel`: the caller vouches for every `by` that it passes. `seals`, the
        same as the worker's, tell whose hold it is; without them anybody of the programme team may lift any. `audit`
        holds the audit chains of the cases; without it copies of a case come without theirs.
        """
        self._client = _under_one_name(client)
        self._people = people
        self._pairings = pairings
        self._journal = journal
        self._seals = seals or Seals()
        self._task_queue = task_queue
        self._mail_queue = names.mail_queue_of(task_queue) if own_mail_queue else ""
        self._cases = _under_one_name(cases) if cases else None
        self._cases_task_queue = cases_task_queue
        self._audit = audit
        self._handling = handling or Handling("")
        self._schedule = schedule
        self._signer = Signer(claims, channel)

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
        require_identifiers(relationship=relationship, programme=programme)
        if problems := problems_of(policy):
            raise CommandRejected(Rejection(Refusal.BAD_POLICY, f"{problems[0].field}: {problems[0].message}"))
        if self._pairings and await self._pairings.is_blocked(mentor, mentee):
            raise CommandRejected(Rejection(Refusal.BLOCKED_PAIR))
        pair = await self._suitable_pair(mentor, mentee, coordinator, backup, policy)
        zone = zone or pair[1].zone
        require_zone(zone)
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
                StartRelationship(opening, shows, self._mail_queue),
                id=names.relationship_workflow_id(opening.relationship),
                task_queue=self._task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=search_attributes(state) if shows else None,
                static_summary=Shown(f"mentoring in {opening.programme}"),
            )
        except WorkflowAlreadyStartedError:
            if self._pairings:
                await self._pairings.close(opening.relationship)
            raise CommandRejected(Rejection(Refusal.CLOSED)) from None
        except RPCError as error:
            # Where it is not known whether it began, the places are kept: repeated with its id, it finds them.
            if self._pairings and error.status in CERTAINLY_NOT and not await self._may_exist(opening.relationship):
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
        one, other, *_ = [await known_person(self._people, person) for person in (mentor, mentee, *team)]
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
        require_identifiers(relationship=old)
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
        require_identifiers(relationship=relationship)
        return RelationshipHandle(
            self._client,
            relationship,
            self._schedule,
            self._people,
            signer=self._signer,
            seals=self._seals,
            contact=self._handling.contact,
        )

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
                await sleep(60 / per_minute)
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

    async def report(self, report: SevereReport, *, receipt: str = "") -> Reported:
        """Report in confidence; returns once the report is durable, and never before.

        Anonymous (without `by`), it gets a receipt code, which is kept nowhere else: hand it to whoever reported. The
        same `case` id, or the same `receipt` of an anonymous one, is the same report. Works whatever became of the
        relationship. Raises CommandRejected when the matter is not severe, when an S3 reporter has not chosen about the
        pause (see `pause_question`), when the relationship ended too long ago (as far as `journal` tells), or when
        nobody would be told; ReportUnknown, with what it takes to make it again, when the server gave no answer.
        """
        intake = Intake(
            self._reached_cases(), self._cases_task_queue, self._people, self._journal, self._handling, self._pairings
        )
        return await intake.take(report, receipt)

    def _reached_cases(self) -> Client:
        if self._cases is None:
            raise CommandRejected(Rejection(Refusal.NO_SAFEGUARDING_CONTACT))
        return self._cases

    def pause_question(
        self, matter: c.Matter, *, severity: c.Severity | None = None, locale: str = "en"
    ) -> PauseQuestion:
        """What to ask before a report that concerns a relationship: pause now, or let the handler decide?

        Raises CommandRejected where the matter is not severe.
        """
        graded = severity_of(matter, severity)
        if graded not in SEVERE:
            raise CommandRejected(Rejection(Refusal.NOT_SEVERE_ENOUGH))
        return pause_question(graded, self._handling.profile, locale)

    def follow_up(self, *, receipt: str = "", case: str = "", by: str = "") -> FollowUpHandle:
        """The way back to a report for whoever made it: by the receipt code, or by case and person id.

        Raises CommandRejected where the code holds a typo; whether there is a case shows at the first call.
        """
        cases = self._reached_cases()
        if not receipt:
            require_identifiers(case=case, by=by)
            return FollowUpHandle(cases, case, Proof(by), self._signer)
        known = read_receipt(receipt)
        if isinstance(known, Rejection):
            raise CommandRejected(known)
        return FollowUpHandle(cases, known.case, Proof(key=known.key), self._signer)

    def case(self, case: str) -> "CaseHandle":
        """A case by its id, for whoever handles it; whether there is one for them shows at the first call."""
        require_identifiers(case=case)
        return CaseHandle(self._reached_cases(), case, self._signer, self._audit)

    async def cases(self, *, by: str) -> AsyncIterator[CaseView]:
        """The cases that this person was told of and may see, the newest first; of any other not even that it is.

        Each is asked by itself, because nothing that could be searched tells anything of a case.
        """
        client = self._reached_cases()
        ours = f"WorkflowType = '{names.CASE}' AND TaskQueue = '{self._cases_task_queue}'"
        async for found in client.list_workflows(f"{ours} AND ExecutionStatus = 'Running'"):
            view = await CaseHandle(client, names.case_of(found.id), self._signer).look(by=by)
            if view is not None:
                yield view

    async def related_cases(self, case: str, *, by: str) -> tuple[CaseView, ...]:
        """Other cases about the same person that `by` was told of too, the newest first; none where nobody is named.

        To know whom the case is about is to read it, so this stands in its audit chain as a reading.
        """
        about = (await self.case(case).read(by=by)).report.about
        others = [view async for view in self.cases(by=by) if view.case != case]
        return tuple([view for view in others if await self.case(view.case).concerns(about, by=by)])

    async def verify_cases(self, *cases: str) -> tuple[Verified, ...]:
        """What is wrong with the audit chains of these cases or of all, compared with how far each says it has come."""
        if self._audit is None:
            raise NoAudit
        for case in cases:
            require_identifiers(case=case)
        return await Auditor(self._audit, self._cases, self._cases_task_queue).verify(cases)


_ENDED = (
    WorkflowExecutionStatus.COMPLETED,
    WorkflowExecutionStatus.FAILED,
    WorkflowExecutionStatus.CANCELED,
    WorkflowExecutionStatus.TERMINATED,
    WorkflowExecutionStatus.TIMED_OUT,
)


def _under_one_name(client: Client) -> Client:
    """The same connection; every message on it says IDENTITY, whoever the host's own client says it is."""
    service = copy.copy(client.service_client)
    service.config = replace(service.config, identity=IDENTITY)
    config = client.config()
    config["service_client"] = service
    return Client(**config)


def _next_id(old: Record) -> str:
    """`r` is followed by `r-2` and that by `r-3`; an id that only looks so, of a first relationship, by one more."""
    stem, _, number = old.relationship.rpartition("-")
    is_next = old.opened.follows and stem and number.isascii() and number.isdigit()
    return f"{stem}-{int(number) + 1}" if is_next else f"{old.relationship}-2"


def _power(person: Person, partner: Person) -> Power:
    return Power.SENIOR if person.level > partner.level else Power.JUNIOR
