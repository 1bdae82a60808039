"""One mentoring relationship, from invitation to farewell, as one durable workflow."""

from dataclasses import replace
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from mentoring_lifecycle.contracts import names
    from mentoring_lifecycle.contracts.claims import command_sent
    from mentoring_lifecycle.contracts.inputs import RelationshipInput
    from mentoring_lifecycle.contracts.moves import Departure, HandOver
    from mentoring_lifecycle.contracts.views import (
        AgreementView,
        ChangesView,
        DisputeView,
        HelpView,
        OutsideView,
        ProgressView,
        RelationshipView,
    )
    from mentoring_lifecycle.domain import commands as c
    from mentoring_lifecycle.domain.authorisation import refused_to_read
    from mentoring_lifecycle.domain.consequences import wish_to_look
    from mentoring_lifecycle.domain.effects import FindSlot
    from mentoring_lifecycle.domain.rejections import Rejection
    from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE

from mentoring_lifecycle.workflows.doorkeeper import proof_of, proven
from mentoring_lifecycle.workflows.scenes import agree_on_ground_rules, close_out, hold_sessions, onboard, set_goals
from mentoring_lifecycle.workflows.story import HasLeft, Story


def _act(kind: type[Any], description: str) -> Any:
    """One human act: an Update whose validator asks the domain and throws the answer away.

    An Update and not a signal: the caller must learn what became of it, and a refused one leaves no trace in history.
    """
    name: str = kind.__dataclass_fields__["kind"].default

    def handle(self: Any, command: Any, claim: str = "") -> RelationshipView:
        command = command_sent(kind, command)
        self.story.act(command)
        return RelationshipView.of(self.story.state, command.by)

    def check(self: Any, command: Any, claim: str = "") -> None:
        command = command_sent(kind, command)
        self.story.check(command, proven(claim, by=command.by, name=name, command=command))

    handle.__name__ = name
    # The SDK reads the argument's type here, and takes an annotated `self` for the first argument.
    del handle.__annotations__["self"], check.__annotations__["self"]
    handle.__annotations__["command"] = check.__annotations__["command"] = kind
    update = workflow.update(name=name, description=description)(handle)
    update.validator(check)
    return update


@workflow.defn(name=names.RELATIONSHIP)
class MentoringRelationship:
    """The story of one pair. The workflow narrates, the domain judges, the activities act."""

    @workflow.init
    def __init__(self, start: RelationshipInput) -> None:
        self.story = Story(start)

    @workflow.run
    async def run(self, start: RelationshipInput) -> RelationshipView | Departure:
        """The story, to its end; or as far as it is told here, with all that it goes on with elsewhere."""
        try:
            return await self._told()
        except HasLeft as gone:
            return gone.departure

    async def _told(self) -> RelationshipView:
        """Six acts; help may be asked for, and anybody may leave, in each of them."""
        await onboard(self.story)
        await agree_on_ground_rules(self.story)
        await set_goals(self.story)
        await hold_sessions(self.story)
        await close_out(self.story)
        return RelationshipView.of(self.story.state)

    answer_invitation = _act(c.AnswerInvitation, "Accept or decline")
    complete_induction = _act(c.CompleteInduction, "The guide is read; a private answer")
    propose_rules = _act(c.ProposeRules, "Propose a new version of the ground rules")
    sign_rules = _act(c.SignRules, "Sign one version of the ground rules")
    propose_goals = _act(c.ProposeGoals, "Propose goals, topics and rhythm")
    agree_goals = _act(c.AgreeGoals, "Agree to the partner's goals")
    set_agenda = _act(c.SetAgenda, "Write the points of a session")
    move_session = _act(c.MoveSession, "Move a planned session")
    book_session = _act(c.BookSession, "Fix the time of the next session")
    cancel_session = _act(c.CancelSession, "Call off a planned session; another time is looked for")
    propose_times = _act(c.ProposeTimes, "Propose other times to the partner")
    answer_times = _act(c.AnswerTimes, "Choose one of the partner's times, or none")
    note_calendar = _act(c.NoteCalendar, "What a participant's calendar says about a session")
    answer_calendar_question = _act(c.AnswerCalendarQuestion, "Was the change in one's calendar meant?")
    confirm_session = _act(c.ConfirmSession, "Say whether a session took place")
    report_no_show = _act(c.ReportNoShow, "Say who was there")
    explain_absence = _act(c.ExplainAbsence, "Say how it was")
    answer_dispute = _act(c.AnswerDispute, "Two private answers about a session")
    settle_dispute = _act(c.SettleDispute, "The programme team says what a session counts as")
    log_session = _act(c.LogSession, "Note a session outside of the plan")
    give_review = _act(c.GiveReview, "Look at it half-way")
    ask_coordinator = _act(c.AskCoordinator, "Ask the coordinator for help, from material to friction")
    take_up_help = _act(c.TakeUpHelp, "The programme team is on it")
    triage_help = _act(c.TriageHelp, "Which way it goes")
    arrange_talk = _act(c.ArrangeTalk, "Arrange a talk of all three")
    conclude_help = _act(c.ConcludeHelp, "Say what came of it")
    rate_help = _act(c.RateHelp, "Did it help?")
    pause = _act(c.Pause, "Pause for a while")
    resume = _act(c.Resume, "Go on after a pause")
    hold = _act(c.Hold, "The programme team freezes the relationship")
    lift = _act(c.Lift, "The programme team ends a hold")
    note_leaver = _act(c.NoteLeaver, "Somebody has left the organisation, or has not after all")
    change_coordinator = _act(c.ChangeCoordinator, "Somebody else runs the programme for this pair")
    go_on = _act(c.GoOn, "Want to go on, after a silence")
    exit = _act(c.Exit, "Leave, without a reason")
    decide = _act(c.Decide, "The programme team decides a stuck step")
    change_zone = _act(c.ChangeZone, "Agree on times in another zone")
    wish_extension = _act(c.WishExtension, "Wish for some more weeks")
    propose_early_end = _act(c.ProposeEarlyEnd, "Propose to end now, with honour")
    agree_early_end = _act(c.AgreeEarlyEnd, "Agree to end now")
    end_for_rematch = _act(c.EndForRematch, "The programme team ends this pairing in favour of another")
    carry_goals = _act(c.CarryGoals, "May my goals go with me?")
    end_by_programme = _act(c.EndByProgramme, "The programme as a whole comes to its end")
    give_final_feedback = _act(c.GiveFinalFeedback, "Final ratings and the private survey")
    note_address = _act(c.NoteAddress, "What became of mail to somebody")

    @workflow.update(name=names.HAND_OVER, description="Come to rest, and go on in another installation")
    def hand_over(self, order: HandOver, claim: str = "") -> str:
        """The id of the move by which it leaves; no act of the story, so the journal does not tell of it."""
        return self.story.hand_over(command_sent(HandOver, order).move)

    @hand_over.validator
    def check_hand_over(self, order: HandOver, claim: str = "") -> None:
        """Refused once it has ended."""
        order = command_sent(HandOver, order)
        self.story.check_hand_over(proven(claim, by=order.by, name=names.HAND_OVER, command=order))

    @workflow.query(description="Where the relationship stands")
    def status(self, by: str = "", claim: str = "") -> RelationshipView | Rejection:
        """Phase, standing, sessions and open questions; no words of anybody. As `by` may see it, else as operators."""
        refused = self._refused_to_read("status", by, claim) if by else None
        return refused or RelationshipView.of(self.story.state, by)

    @workflow.query(description="Milestones so far, oldest first")
    def timeline(self) -> list[str]:
        """The last milestones; the journal holds every event."""
        return self.story.timeline

    @workflow.query(description="Ground rules and goals, for the pair's own page")
    def agreement(self, by: str = PROGRAMME_OFFICE, claim: str = "") -> AgreementView | Rejection:
        """What has been agreed or is being agreed on."""
        return self._refused_to_read("agreement", by, claim) or AgreementView.of(self.story.state)

    @workflow.query(description="How often sessions were changed, for the programme team alone")
    def changes(self, by: str = PROGRAMME_OFFICE, claim: str = "") -> tuple[ChangesView, ...] | Rejection:
        """By side and by power."""
        return self._refused_to_read("changes", by, claim) or ChangesView.of_pair(self.story.state)

    @workflow.query(description="Sessions to settle, for the programme team alone")
    def disputes(self, by: str = PROGRAMME_OFFICE, claim: str = "") -> tuple[DisputeView, ...] | Rejection:
        """With what each of the two has said."""
        return self._refused_to_read("disputes", by, claim) or DisputeView.of(self.story.state)

    @workflow.query(description="What another time for a session would have to heed")
    def wish(self, session: int, proposals: int) -> FindSlot | None:
        """For the session, or with 0 for the next one; None where no session could be moved or planned."""
        return wish_to_look(self.story.state, session, workflow.now(), proposals)

    @workflow.query(description="Open calls for help, for the programme team alone")
    def help_requests(self, by: str = "", claim: str = "") -> tuple[HelpView, ...] | Rejection:
        """With the words of those who asked; for whoever does not say who they are, what all of the team may read."""
        refused = self._refused_to_read("help_requests", by or PROGRAMME_OFFICE, claim)
        return refused or HelpView.of(self.story.state, by)

    @workflow.query(description="What calendars and the people directory should agree with")
    def outside(self) -> OutsideView:
        """For the reconcile process."""
        return replace(OutsideView.of(self.story.state), has_left=self.story.has_left)

    @workflow.query(description="What it waits for, and what waits to be done outside")
    def progress(self) -> ProgressView:
        """For operators, who ask why nothing is happening; no words of anybody."""
        return self.story.progress

    def _refused_to_read(self, view: str, by: str, claim: str) -> Rejection | None:
        """Where it is asked for claims: whether this is who they say they are, and may read this."""
        proof = proof_of(claim, by=by, name=view)
        if isinstance(proof, Rejection):
            return proof
        return refused_to_read(self.story.state, view, by) if proof else None
