"""The people of the demo. They know nothing but their mail: each acts on the link of a letter that really arrived."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from mentoring_lifecycle.contracts.cases import CaseView, SevereReport
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.letters import Action
from mentoring_lifecycle.domain.policy import ProgrammePolicy
from mentoring_lifecycle.domain.relationship import Standing
from mentoring_lifecycle.embedded.mail import FiledMail, Mailbox
from mentoring_lifecycle.starter.client import MentoringClient
from mentoring_lifecycle.starter.relationship_handle import RelationshipHandle

_LINK = re.compile(r"https?://\S+")
_ACTIONS = frozenset(action.value for action in Action)
_ALWAYS_THERE = (Action.ASK_COORDINATOR, Action.EXIT)
"""Links at the foot of a letter, which ask for nothing."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a letter asks its reader to do."""

    relationship: str
    action: Action
    occurrence: str
    person: str

    @property
    def number(self) -> int:
        """Which session, version, proposal or call for help."""
        return int(re.sub(r"\D", "", self.occurrence) or 0)


class Postbox:
    """Sorts the mail that arrived by relationship; every letter is opened once."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._opened: set[Path] = set()
        self._waiting: dict[str, list[Request]] = defaultdict(list)

    def take(self, relationship: str) -> list[Request]:
        """What was asked in letters of one relationship since last time."""
        for mail in self._mailbox.messages(leaving_out=self._opened):
            self._opened.add(mail.file)
            if request := request_in(mail):
                self._waiting[request.relationship].append(request)
        return self._waiting.pop(relationship, [])


def request_in(mail: FiledMail) -> Request | None:
    """What the first link of a letter asks for; None where nothing is asked."""
    body = mail.message.get_body(("plain",))
    for link in _LINK.findall(body.get_content()) if body else ():
        request = _request_of(link)
        if request and request.action not in _ALWAYS_THERE:
            return request
    return None


def _request_of(link: str) -> Request | None:
    """Reads the default template of action links: `/{relationship}/{action}?occurrence={occurrence}&as={person}`."""
    parts = urlsplit(link)
    relationship, _, action = parts.path.strip("/").partition("/")
    asked = parse_qs(parts.query, keep_blank_values=True)
    if action not in _ACTIONS or "as" not in asked:
        return None
    return Request(relationship, Action(action), asked.get("occurrence", [""])[0], asked["as"][0])


# --- lives ------------------------------------------------------------------------------------------------------


@dataclass
class Life:
    """One relationship of the demo: who takes part, how they behave, and how it should end."""

    id: str
    """Neutral: ids stand in workflow ids, which everybody with access to the operator's pages reads."""
    title: str
    mentor: str
    mentee: str
    ends_as: str
    """The outcome, or `on_hold` for one that is still held after 26 weeks."""
    behaviour: "Behaviour"
    coordinator: str = "c-4b8f"
    backup: str = "c-d92a"
    policy: ProgrammePolicy = field(default_factory=ProgrammePolicy)


@dataclass
class Stage:
    """What a person can reach when they act."""

    life: Life
    client: MentoringClient
    relationship: RelationshipHandle
    now: datetime
    appointments: list[tuple[datetime, Callable[["Stage"], Awaitable[object]]]] = field(default_factory=list)
    """What somebody has planned to do later."""
    mailed_as: list[str] = field(default_factory=list)
    """Under which ids letters of this life arrive: its own, and that of a case."""


CONTACT = "s-16e7"
"""Who receives severe reports."""

Behaviour = Callable[[Stage, Request], Awaitable[object]]

_GOALS = (
    c.Goal(
        c.GoalOwner.MENTEE, "Use one new tool in my own work", "I used it alone in a real task", c.Measure.SCALE, 3, 8
    ),
    c.Goal(
        c.GoalOwner.MENTOR, "Speak with confidence to leaders", "I led one meeting of leaders", c.Measure.SCALE, 4, 8
    ),
)


async def willing(stage: Stage, request: Request) -> object:
    """Does what each letter asks."""
    act = _WILLING.get(request.action)
    return await act(stage, request) if act else None


async def silent(stage: Stage, request: Request) -> object:
    """Reads, and never answers."""
    return None


async def _accept(stage: Stage, request: Request) -> object:
    return await stage.relationship.accept(by=request.person)


async def _complete_induction(stage: Stage, request: Request) -> object:
    return await stage.relationship.complete_induction(by=request.person, comfort=c.Comfort.YES)


async def _sign(stage: Stage, request: Request) -> object:
    agreed = await stage.relationship.agreement()
    if request.number != agreed.rules_version:
        return None
    return await stage.relationship.sign_rules(by=request.person, version=request.number)


async def _propose_goals(stage: Stage, request: Request) -> object:
    """The mentor proposes; the mentee waits for the proposal."""
    if request.person != stage.life.mentor or (await stage.relationship.agreement()).proposal:
        return None
    return await stage.relationship.propose_goals(by=request.person, goals=_GOALS, topics=("tools", "trends"))


async def _agree_goals(stage: Stage, request: Request) -> object:
    return await stage.relationship.agree_goals(by=request.person, proposal=request.number, baselines=(2, 5))


async def _prepare(stage: Stage, request: Request) -> object:
    view = await stage.relationship.status()
    session = next((each for each in view.sessions if each.number == request.number and each.lies_ahead), None)
    if session is None or session.agenda or request.person != stage.life.mentor:
        return None
    return await stage.relationship.set_agenda(by=request.person, session=session.number, points=("What did you try?",))


async def _confirm(stage: Stage, request: Request) -> object:
    return await stage.relationship.confirm_session(by=request.person, session=request.number, held=True)


async def _look_back(stage: Stage, request: Request) -> object:
    return await stage.relationship.give_final_feedback(
        by=request.person, ratings=(8, 7), would_repeat=9, felt_safe=9, keep_in_touch=True
    )


async def _take_up(stage: Stage, request: Request) -> object:
    """The coordinator answers at once, talks with both in two days, and says afterwards what came of it."""
    number, talk_at = request.number, stage.now + timedelta(days=2)
    await stage.relationship.take_up_help(by=request.person, help=number)

    async def conclude(later: Stage) -> object:
        outcome = c.HelpOutcome.FACILITATED
        return await later.relationship.conclude_help(by=request.person, help=number, outcome=outcome)

    stage.appointments.append((talk_at + timedelta(hours=2), conclude))
    return await stage.relationship.arrange_talk(by=request.person, help=number, starts_at=talk_at)


async def _rate(stage: Stage, request: Request) -> object:
    return await stage.relationship.rate_help(by=request.person, help=request.number, helped=True)


async def _take_note(stage: Stage, request: Request) -> object:
    await stage.client.case(request.occurrence).acknowledge(by=request.person)
    return None


_WILLING: dict[Action, Behaviour] = {
    Action.ANSWER_INVITATION: _accept,
    Action.COMPLETE_INDUCTION: _complete_induction,
    Action.SIGN_RULES: _sign,
    Action.PROPOSE_GOALS: _propose_goals,
    Action.AGREE_GOALS: _agree_goals,
    Action.PREPARE_SESSION: _prepare,
    Action.CONFIRM_SESSION: _confirm,
    Action.GIVE_FINAL_FEEDBACK: _look_back,
    Action.TAKE_UP_HELP: _take_up,
    Action.RATE_HELP: _rate,
    Action.OPEN_CASE: _take_note,
}


def _once(session: int, by_mentor: bool, then: Behaviour) -> Behaviour:
    """Willing, and after one session somebody does something more."""

    async def behave(stage: Stage, request: Request) -> object:
        await willing(stage, request)
        person = stage.life.mentor if by_mentor else stage.life.mentee
        if (request.action, request.number, request.person) == (Action.CONFIRM_SESSION, session, person):
            return await then(stage, request)
        return None

    return behave


async def _ask_for_help(stage: Stage, request: Request) -> object:
    return await stage.relationship.ask_coordinator(
        by=request.person,
        matter=c.Matter.ROLE_STRUGGLE,
        words="I prepare the agenda, and every time we end up doing something else.",
        partner_may_know=True,
        hold_next_session=True,
    )


async def _report(stage: Stage, request: Request) -> object:
    """Reports in confidence, and sees the pairing paused. Cases live in real time, so that takes a moment."""
    reported = await stage.client.report(
        SevereReport(
            case="demo-case",
            matter=c.Matter.VERBAL_ABUSE,
            words="I was shouted at and called names.",
            by=request.person,
            about=stage.life.mentee,
            relationship=stage.life.id,
            pause_now=True,
        )
    )
    stage.mailed_as.append(f"case-{reported.case}")
    return await _seen_to(stage.client, reported.case)


async def _seen_to(client: MentoringClient, case: str) -> CaseView:
    """The case once the pairing is paused and the contact was written to."""
    while True:
        seen = await client.case(case).outline(by=CONTACT)
        if seen.measure_applied and seen.contact_told:
            return seen
        await asyncio.sleep(0.05)


async def _leave(stage: Stage, request: Request) -> object:
    return await stage.relationship.exit(by=request.person)


async def _pause_for_three_weeks(stage: Stage, request: Request) -> object:
    return await stage.relationship.pause(by=request.person, until=stage.now + timedelta(weeks=3))


async def _negotiates(stage: Stage, request: Request) -> object:
    """The mentee asks for 48 hours of notice before signing; both sign that version."""
    if (request.action, request.number, request.person) == (Action.SIGN_RULES, 1, stage.life.mentee):
        return await stage.relationship.propose_rules(by=request.person, values={"R12": "48"})
    return await willing(stage, request)


def lives() -> list[Life]:
    """The relationships of the demo."""
    return [
        Life("pair-1", "an ordinary reverse-mentoring life", "p-5d17", "p-2b94", "completed", _negotiates),
        Life("pair-2", "nobody answers the invitation", "p-e6f9", "p-c45e", "expired", silent),
        Life(
            "pair-3",
            "who leads here? asked, talked over, ended well",
            "p-08cc",
            "p-7f3a",
            "completed",
            _once(2, True, _ask_for_help),
        ),
        Life("pair-4", "a severe report with pause now", "p-b371", "p-91d0", Standing.ON_HOLD, _once(2, True, _report)),
        Life(
            "pair-5",
            "leaves without a reason after the first session",
            "p-64a5",
            "p-3e68",
            "no_fault_exit",
            _once(1, True, _leave),
        ),
        Life(
            "pair-6",
            "a pause of three weeks on the way",
            "p-df20",
            "p-a8b2",
            "completed",
            _once(3, False, _pause_for_three_weeks),
        ),
    ]
