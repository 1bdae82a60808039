"""One relationship, with a typed method for each act."""

import uuid
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError
from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError, RPCStatusCode

from mentoring_lifecycle.activities.ports import PeopleGateway
from mentoring_lifecycle.activities.timetable import Timetable
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.claims import Request, Signer
from mentoring_lifecycle.contracts.codec import PayloadRejected
from mentoring_lifecycle.contracts.refusals import rejection_in
from mentoring_lifecycle.contracts.seals import Seals
from mentoring_lifecycle.contracts.views import (
    AgreementView,
    ChangesView,
    DisputeView,
    HelpView,
    OutsideView,
    RelationshipView,
)
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.effects import FindSlot
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from mentoring_lifecycle.gateways.departures_temporal import has_departed
from mentoring_lifecycle.starter.answers import (
    ANSWER_WITHIN,
    NOBODY_ANSWERED,
    CommandRejected,
    NoSchedule,
    OutcomeUnknown,
)
from mentoring_lifecycle.starter.checks import known_person, require_zone
from mentoring_lifecycle.starter.conflicts import in_line_with

_View = TypeVar("_View")

LARGEST_COMMAND = 64 * 1024
"""Bytes as JSON; what is larger is refused before it travels."""

MOST_PROPOSALS = 20


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
        *,
        signer: Signer | None = None,
        seals: Seals | None = None,
        contact: str = "",
    ) -> None:
        """`people` is asked whether a new coordinator is known; without it that is left to the caller.

        `signer` vouches for who asks; without it no claim goes along, and workers that ask for one refuse. `seals` tell
        whose hold it is, and `contact` may end that of anybody.
        """
        self.id = relationship
        self._signer = signer or Signer()
        self._workflow_id = names.relationship_workflow_id(relationship)
        self._schedule = schedule
        self._people = people
        self._seals = seals or Seals()
        self._contact = contact
        self._client = client
        self._handle = client.get_workflow_handle(self._workflow_id)

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

    async def hold(self, *, by: str = "", command_id: str = "") -> RelationshipView:
        """The programme team freezes the relationship. Who asked, and why, is not said: all holds look the same.

        `by` is whoever may lift it again. It stands nowhere: what travels is a seal, where this client has `seals`,
        and then it must be said.
        """
        return await self.do(c.Hold(PROGRAMME_OFFICE, self._seal(by)), command_id)

    async def lift(self, *, by: str = "", command_id: str = "") -> RelationshipView:
        """Take back one's own hold. It stays on hold where somebody else placed one, too; the contact ends any."""
        as_contact = by and by == self._contact
        return await self.do(c.Lift(by if as_contact else PROGRAMME_OFFICE, self._seal(by)), command_id)

    def _seal(self, by: str) -> str:
        if self._seals.are_used and not by:
            raise CommandRejected(Rejection(Refusal.SAY_WHO_HOLDS))
        return self._seals.of_hold(self.id, by)

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
        require_zone(zone)
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
                command.kind,
                args=self._signer.arguments(
                    command, workflow_id=self._workflow_id, name=command.kind, command_id=command_id
                ),
                id=command_id,
                result_type=RelationshipView,
                rpc_timeout=ANSWER_WITHIN,
            )
            return view
        except WorkflowUpdateFailedError as error:
            if rejection := rejection_in(error.cause):
                raise CommandRejected(await self._in_names(rejection)) from None
            raise
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            raise OutcomeUnknown(command_id) from error
        except RPCError as error:
            if await self._has_moved(error):
                raise CommandRejected(Rejection(Refusal.MOVED)) from error
            raise _in_words(error, self.id, command_id) from error

    async def _has_moved(self, error: RPCError) -> bool:
        try:
            return error.status is RPCStatusCode.NOT_FOUND and await has_departed(self._client, self.id)
        except (RPCError, PayloadRejected):  # unknown here, or nobody to ask: then the first answer stands
            return False

    async def _looked_up(self, command: c.ChangeCoordinator, people: PeopleGateway) -> c.ChangeCoordinator:
        named = [person for person in (command.coordinator, command.backup) if person]
        for person in named:
            await known_person(people, person)
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
        return await self._read("status", RelationshipView, by) if by else await self._query("status", RelationshipView)

    async def timeline(self) -> "list[str]":
        """Milestones, oldest first; the journal holds every event."""
        return await self._query("timeline", list[str])

    async def agreement(self, *, by: str = PROGRAMME_OFFICE) -> AgreementView:
        """Ground rules and goals; for the pair, and for the programme's office."""
        return await self._read("agreement", AgreementView, by)

    async def disputes(self, *, by: str = PROGRAMME_OFFICE) -> tuple[DisputeView, ...]:
        """Sessions about which the two differ, with what each has said; for the programme team alone."""
        return await self._read("disputes", tuple[DisputeView, ...], by)

    async def help_requests(self, *, by: str = "") -> tuple[HelpView, ...]:
        """Open calls for help, with the words of those who asked; for the programme team alone.

        `by` names who of the team reads; without it, those calls are left out that must not reach all of it.
        """
        return await self._read("help_requests", tuple[HelpView, ...], by)

    async def changes(self, *, by: str = PROGRAMME_OFFICE) -> tuple[ChangesView, ...]:
        """How often sessions were changed, by side and by power; for the programme team alone."""
        return await self._read("changes", tuple[ChangesView, ...], by)

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

    async def _read(self, view: str, result: type[_View], by: str) -> _View:
        """What not everybody may read: with the claim of whoever asks."""
        claim = self._signer.token(by or PROGRAMME_OFFICE, Request(self._workflow_id, view))
        shown: _View | Rejection = await self._query(view, result | Rejection, by, claim)  # type: ignore[arg-type]  # pydantic takes a union for a class
        if isinstance(shown, Rejection):
            raise CommandRejected(shown)
        return shown

    async def _query(self, name: str, result: type[_View], *arguments: int | str) -> _View:
        try:
            view: _View = await self._handle.query(name, args=arguments, result_type=result, rpc_timeout=ANSWER_WITHIN)
            return view
        except RPCError as error:
            raise _in_words(error, self.id, "") from error


def _in_words(error: RPCError, relationship: str, command_id: str) -> Exception:
    """NOT_FOUND is said of ids that never were and of relationships that have ended."""
    if error.status is RPCStatusCode.NOT_FOUND and "amespace" not in error.message:
        ended = "already completed" in error.message
        return CommandRejected(
            Rejection(Refusal.CLOSED) if ended else Rejection(Refusal.UNKNOWN_RELATIONSHIP, relationship)
        )
    if error.status in NOBODY_ANSWERED:
        return OutcomeUnknown(command_id)
    return error


def _require_small(command: c.Command) -> None:
    try:
        size = len(TypeAdapter(type(command)).dump_json(command))
    except PydanticSerializationError:
        raise CommandRejected(Rejection(Refusal.TEXT_UNREADABLE)) from None
    if size > LARGEST_COMMAND:
        raise CommandRejected(Rejection(Refusal.TEXT_TOO_LONG, str(LARGEST_COMMAND)))
