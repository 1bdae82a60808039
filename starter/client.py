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
from zoneinfo import available_timezones

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError
from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from mentoring_lifecycle.activities.ports import PeopleGateway
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import CaseView, SevereReport, open_case
from mentoring_lifecycle.contracts.inputs import StartRelationship
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.contracts.refusals import rejection_in
from mentoring_lifecycle.contracts.views import AgreementView, HelpView, RelationshipView
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.lifecycle import Opening, open_relationship
from mentoring_lifecycle.domain.people import PAIR, Participant, Party, Power
from mentoring_lifecycle.domain.policy import ProgrammePolicy, problems_of
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from mentoring_lifecycle.workflows.case import Case
from mentoring_lifecycle.workflows.relationship import MentoringRelationship
from mentoring_lifecycle.workflows.showing import search_attributes

_View = TypeVar("_View")

IDENTITY = "mentoring"
"""One identity for every caller: the history of a hold must not tell who placed it."""

LARGEST_COMMAND = 64 * 1024
"""Bytes as JSON; what is larger is refused before it travels."""

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
        safeguarding_contact: str = "",
    ) -> None:
        """`client` must convert data as ours does: connect it with MentoringPlugin, or with `data_converter`.

        `people` is asked when a relationship is opened. `cases` is a client of the cases' own namespace; without it
        severe reports are refused.
        """
        self._client = _under_one_name(client)
        self._people = people
        self._task_queue = task_queue
        self._cases = cases
        self._cases_task_queue = cases_task_queue
        self._contact = safeguarding_contact

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
    ) -> "RelationshipHandle":
        """Open a relationship; both are invited at once. The same `relationship` id again returns the open one.

        `zone` is the pair's, by default the mentee's. Raises CommandRejected for unknown or unsuitable people, a bad
        id, zone or policy; nothing is started then.
        """
        relationship = relationship or str(uuid.uuid4())
        policy = policy or ProgrammePolicy()
        _require_identifiers(relationship=relationship, programme=programme)
        if problems := problems_of(policy):
            raise CommandRejected(Rejection(Refusal.BAD_POLICY, f"{problems[0].field}: {problems[0].message}"))
        pair = await self._suitable_pair(mentor, mentee, coordinator, backup, policy)
        zone = zone or pair[1].zone
        if zone not in available_timezones():
            raise CommandRejected(Rejection(Refusal.UNKNOWN_ZONE, zone[:64]))
        opening = Opening(
            relationship=relationship,
            programme=programme,
            mentor=Participant(mentor, _power(pair[0], pair[1])),
            mentee=Participant(mentee, _power(pair[1], pair[0])),
            coordinator=coordinator,
            backup=backup,
            zone=zone,
            policy=policy,
        )
        await self._start(opening, shows_search_attributes)
        return self.relationship(relationship)

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
            raise CommandRejected(Rejection(Refusal.CLOSED)) from None

    async def _suitable_pair(
        self, mentor: str, mentee: str, coordinator: str, backup: str, policy: ProgrammePolicy
    ) -> tuple[Person, Person]:
        team = [coordinator, *([backup] if backup else [])]
        if len({mentor, mentee, *team}) < len((mentor, mentee, *team)):
            raise CommandRejected(Rejection(Refusal.SAME_PERSON))
        one, other, *_ = [await _known(self._people, person) for person in (mentor, mentee, *team)]
        if abs(one.level - other.level) < policy.minimum_level_distance:
            raise CommandRejected(Rejection(Refusal.LEVELS_TOO_CLOSE, str(policy.minimum_level_distance)))
        if await self._reports_to(one, other) or await self._reports_to(other, one):
            raise CommandRejected(Rejection(Refusal.CONFLICT_OF_INTEREST))
        return one, other

    async def _reports_to(self, person: Person, boss: Person) -> bool:
        seen: list[str] = []
        above: Person | None = person
        while above and above.manager and above.manager not in seen:
            if above.manager == boss.id:
                return True
            seen.append(above.manager)
            above = await self._people.find(above.manager)
        return False

    def relationship(self, relationship: str) -> "RelationshipHandle":
        """A relationship by its id; whether it exists shows at the first call."""
        _require_identifiers(relationship=relationship)
        return RelationshipHandle(self._client, relationship, self._people)

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
        when the matter is not severe, when an S3 reporter has not chosen about the pause, or nobody would be told.
        """
        _require_identifiers(case=report.case)
        if report.relationship:
            _require_identifiers(relationship=report.relationship)
        opened = open_case(report, self._contact if self._cases else "")
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

    async def read_case(self, case: str) -> CaseView:
        """What was reported; for the safeguarding contact alone."""
        view: CaseView = await self._case(case).query(Case.read, rpc_timeout=ANSWER_WITHIN)
        return view

    async def acknowledge_case(self, case: str) -> None:
        """The contact has taken note; the daily letters end."""
        await self._case(case).execute_update(Case.acknowledge, rpc_timeout=ANSWER_WITHIN)

    def _case(self, case: str) -> Any:
        _require_identifiers(case=case)
        if self._cases is None:
            raise CommandRejected(Rejection(Refusal.NO_SAFEGUARDING_CONTACT))
        return self._cases.get_workflow_handle(names.case_workflow_id(case))


class RelationshipHandle:
    """One relationship. Every act returns where it stands afterwards; `by` is always a person id.

    Raises CommandRejected when the domain refuses, OutcomeUnknown when no worker answered in time.
    """

    def __init__(self, client: Client, relationship: str, people: PeopleGateway | None = None) -> None:
        """`people` is asked whether a new coordinator is known; without it that is left to the caller."""
        self.id = relationship
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

    async def confirm_session(self, *, by: str, session: int, held: bool, command_id: str = "") -> RelationshipView:
        """Say whether a session took place."""
        return await self.do(c.ConfirmSession(by, session, held), command_id)

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
        command_id: str = "",
    ) -> RelationshipView:
        """Ask for help, from material to friction; severe matters are refused here and belong to `report`."""
        command = c.AskCoordinator(by, matter, words, severity, partner_may_know, hold_next_session)
        return await self.do(command, command_id)

    async def take_up_help(self, *, by: str, help: int, command_id: str = "") -> RelationshipView:  # noqa: A002 -- the field's word
        """The coordinator or the backup is on it."""
        return await self.do(c.TakeUpHelp(by, help), command_id)

    async def arrange_talk(self, *, by: str, help: int, starts_at: datetime, command_id: str = "") -> RelationshipView:  # noqa: A002 -- the field's word
        """A talk of all three, where the asker agreed that the partner may know."""
        return await self.do(c.ArrangeTalk(by, help, starts_at), command_id)

    async def conclude_help(
        self,
        *,
        by: str,
        help: int,  # noqa: A002 -- the field's word
        outcome: c.HelpOutcome,
        command_id: str = "",
    ) -> RelationshipView:
        """Tell the asker what came of it."""
        return await self.do(c.ConcludeHelp(by, help, outcome), command_id)

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

    async def wish_extension(self, *, by: str, weeks: int, command_id: str = "") -> RelationshipView:
        """Wish for some weeks more; unless the other wishes so too, nobody learns of it."""
        return await self.do(c.WishExtension(by, weeks), command_id)

    async def propose_early_end(self, *, by: str, command_id: str = "") -> RelationshipView:
        """Propose to end now, as completed; refused while too few sessions took place."""
        return await self.do(c.ProposeEarlyEnd(by), command_id)

    async def agree_early_end(self, *, by: str, command_id: str = "") -> RelationshipView:
        """Agree to the partner's proposal to end now."""
        return await self.do(c.AgreeEarlyEnd(by), command_id)

    async def rematch(self, *, by: str, staying: tuple[Party, ...] = PAIR, command_id: str = "") -> RelationshipView:
        """The programme team ends this pairing; both are asked first whether their goals may go with them."""
        return await self.do(c.Rematch(by, staying), command_id)

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

    async def do(self, command: c.Command, command_id: str = "") -> RelationshipView:
        """Any act as a value; what every method above comes down to."""
        command_id = command_id or str(uuid.uuid4())
        _require_small(command)
        if isinstance(command, c.ChangeCoordinator) and self._people:
            for person in (command.coordinator, command.backup):
                if person:
                    await _known(self._people, person)
        try:
            view: RelationshipView = await self._handle.execute_update(
                command.kind, command, id=command_id, result_type=RelationshipView, rpc_timeout=ANSWER_WITHIN
            )
            return view
        except WorkflowUpdateFailedError as error:
            if rejection := rejection_in(error.cause):
                raise CommandRejected(rejection) from None
            raise
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            raise OutcomeUnknown(command_id) from error
        except RPCError as error:
            raise _in_words(error, self.id, command_id) from error

    # --- looking ------------------------------------------------------------------------------------------------

    async def status(self) -> RelationshipView:
        """Where it stands; works after it closed, while its history is kept."""
        return await self._query("status", RelationshipView)

    async def timeline(self) -> "list[str]":
        """Milestones, oldest first; the journal holds every event."""
        return await self._query("timeline", list[str])

    async def agreement(self) -> AgreementView:
        """Ground rules and goals."""
        return await self._query("agreement", AgreementView)

    async def help_requests(self) -> tuple[HelpView, ...]:
        """Open calls for help, with the words of those who asked; for the programme team alone."""
        return await self._query("help_requests", tuple[HelpView, ...])

    async def _query(self, name: str, result: type[_View]) -> _View:
        try:
            view: _View = await self._handle.query(name, result_type=result, rpc_timeout=ANSWER_WITHIN)
            return view
        except RPCError as error:
            raise _in_words(error, self.id, "") from error


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


def _require_small(command: c.Command) -> None:
    try:
        size = len(TypeAdapter(type(command)).dump_json(command))
    except PydanticSerializationError:
        raise CommandRejected(Rejection(Refusal.TEXT_UNREADABLE)) from None
    if size > LARGEST_COMMAND:
        raise CommandRejected(Rejection(Refusal.TEXT_TOO_LONG, str(LARGEST_COMMAND)))


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
