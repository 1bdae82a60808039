"""Who asks is proven: whatever another client of the same Temporal namespace sends is refused without a trace."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import SevereReport
from mentoring_lifecycle.contracts.claims import Claim, ClaimKey, ClaimKeys, Request, Signer
from mentoring_lifecycle.contracts.codec import EncryptionCodec
from mentoring_lifecycle.contracts.moves import HandOver
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.authorisation import Channel
from mentoring_lifecycle.domain.cases import commands as k
from mentoring_lifecycle.domain.rejections import Refusal
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE, Standing
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.starter.answers import CommandRejected
from mentoring_lifecycle.starter.client import MentoringClient
from mentoring_lifecycle.starter.relationship_handle import RelationshipHandle

from .life import CONTACT, COORDINATOR, MENTEE, MENTOR, UNDER_WAY, QuickLife, Rig, quick_rig

KEYS = ClaimKeys({"one": ClaimKey(b"k" * 32)}, "one")
FOREIGN = ClaimKeys({"one": ClaimKey(b"f" * 32)}, "one")


@pytest.fixture(scope="module")
async def signed(temporal: EmbeddedTemporal) -> AsyncIterator[Rig]:
    """A rig whose workers ask for claims, and whose client signs them as a host's own tool."""
    async with quick_rig(temporal.address, claims=KEYS) as rig:
        yield rig


@pytest.fixture(scope="module")
async def life(signed: Rig) -> QuickLife:
    """Lived to its second session by signed commands alone."""
    return await signed.life(*UNDER_WAY)


async def sent_raw(life: QuickLife, command: c.Command | HandOver, *claim: str, command_id: str = "forged") -> str:
    """What any client of the namespace can send; the code of the refusal, which leaves no event."""
    before = await life.history_length()
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await life.workflow.execute_update(command.kind, args=[command, *claim], id=command_id)
    assert await life.history_length() == before
    return code_of(refused.value)


def code_of(error: WorkflowUpdateFailedError) -> str:
    """The catalogue code of a refusal."""
    assert isinstance(error.cause, ApplicationError)
    return str(error.cause.details[0])


def claim_of(life: QuickLife, command: c.Command | HandOver, **other: Any) -> str:
    """A claim for this command under the id "forged", but for what is said otherwise."""
    keys, at = other.pop("keys", KEYS), other.pop("at", None)
    claim = Claim(other.pop("person", command.by), other.pop("channel", Channel.TOOL))
    given = {"workflow_id": life.workflow_id, "name": command.kind, "command_id": "forged", "content": command}
    return keys.sign(claim, Request(**(given | other)), at=at)


async def test_a_whole_way_of_signed_commands_goes_through(life: QuickLife) -> None:
    """Invitation, rules, goals and the first session: everybody's claim was proven."""
    assert (await life.on.status()).phase == "active"
    assert (await life.on.status(by=MENTOR)).phase == "active"
    assert (await life.on.agreement(by=MENTEE)).goals


async def test_a_forged_update_is_refused_and_leaves_no_trace(life: QuickLife) -> None:
    """Unsigned, signed by somebody else, copied from another command, another workflow or another day."""
    leaving = c.Exit(MENTOR)
    old = datetime.now(UTC) - timedelta(hours=1)
    forged = {
        "unsigned": "",
        "nonsense": "a.b.c",
        "another's key": claim_of(life, leaving, keys=FOREIGN),
        "another person": claim_of(life, leaving, person=MENTEE),
        "another command": claim_of(life, c.GoOn(MENTOR)),
        "another content": claim_of(life, leaving, content=c.Exit(MENTEE)),
        "another workflow": claim_of(life, leaving, workflow_id="relationship/other"),
        "another command id": claim_of(life, leaving, command_id="other"),
        "another day": claim_of(life, leaving, at=old),
    }
    codes = {name: await sent_raw(life, leaving, claim) for name, claim in forged.items()}
    assert codes == dict.fromkeys(forged, Refusal.NOT_SIGNED)
    assert await sent_raw(life, leaving) == Refusal.NOT_SIGNED


async def test_nobody_but_the_office_sends_a_relationship_away(life: QuickLife) -> None:
    """A move is no act of the story, and is proven all the same: neither unsigned nor signed for a person's tool."""
    leaving = HandOver(PROGRAMME_OFFICE, "a-move")
    assert await sent_raw(life, leaving) == Refusal.NOT_SIGNED
    assert await sent_raw(life, leaving, claim_of(life, leaving, keys=FOREIGN)) == Refusal.NOT_SIGNED
    assert await sent_raw(life, leaving, claim_of(life, leaving)) == Refusal.NOT_THIS_WAY
    assert not (await life.on.outside()).has_left


async def test_a_true_claim_does_not_open_another_way(life: QuickLife) -> None:
    """A mail cannot make anybody leave, a person cannot hold, and the office cannot sign for one of the pair."""
    leaving, holding, signing = c.Exit(MENTOR), c.Hold(COORDINATOR), c.SignRules(MENTOR, 1)
    ways = [(leaving, Channel.MAIL), (leaving, Channel.OFFICE), (holding, Channel.TOOL), (signing, Channel.LOOKOUT)]
    codes = [await sent_raw(life, command, claim_of(life, command, channel=way)) for command, way in ways]
    assert codes == [Refusal.NOT_THIS_WAY] * len(ways)


async def test_who_repeats_a_command_of_another_is_not_answered(signed: Rig) -> None:
    """A copied command id is no key to what the first sender was answered, in whichever run that was."""
    life = await signed.life()
    await life.on.accept(by=MENTOR, induction_acknowledged=True, comfort=c.Comfort.YES, command_id="mine")
    await life.on.accept(by=MENTEE, induction_acknowledged=True, comfort=c.Comfort.YES)
    await life.rest()
    assert len(await life.runs()) == 2
    accepted = c.AnswerInvitation(MENTOR, True, True, c.Comfort.YES)
    assert await sent_raw(life, accepted, "", command_id="mine") == Refusal.NOT_SIGNED
    again = await life.on.accept(by=MENTOR, induction_acknowledged=True, comfort=c.Comfort.YES, command_id="mine")
    assert again.phase == "ground_rules"


async def test_what_is_private_is_not_read_without_a_claim(life: QuickLife) -> None:
    """Nor by whom it is not for; where it stands, and what has happened, every operator may see."""
    for view in ("agreement", "disputes", "help_requests", "changes"):
        for arguments in ([], [COORDINATOR], [MENTOR, "a.b.c"]):
            answer = await life.workflow.query(view, args=arguments)
            assert answer == {"code": "not_signed", "detail": ""}
    await life.workflow.query("status")
    await life.workflow.query("timeline")
    for asked in (life.on.disputes(by=MENTOR), life.on.help_requests(by=MENTEE), life.on.agreement(by=COORDINATOR)):
        with pytest.raises(CommandRejected) as refused:
            await asked
        assert refused.value.code is Refusal.NOT_YOURS_TO_DO
    assert await life.on.disputes(by=COORDINATOR) == ()


async def test_nobody_reads_or_handles_a_case_in_another_name(signed: Rig) -> None:
    """The words of a report are read, and a step is done, by whoever is proven to be told of it."""
    case = signed.case_id()
    await signed.mentoring.report(SevereReport(case, c.Matter.PHYSICAL_OR_THREAT, "Words.", by=MENTOR, about=MENTEE))
    raw = signed.cases.client.get_workflow_handle(names.case_workflow_id(case))
    await signed.cases.until_idle(names.case_workflow_id(case))
    assert (await signed.mentoring.case(case).read(by=CONTACT)).report.words == "Words."
    for view in ("read", "timeline"):
        assert await raw.query(view, CONTACT) == {"code": "not_signed", "detail": ""}
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await raw.execute_update(names.ACT_ON_CASE, k.Acknowledge(CONTACT))
    assert code_of(refused.value) == Refusal.NOT_SIGNED
    by_mail = MentoringClient(
        signed.clock.client,
        people=signed.world.people,
        cases=signed.cases.client,
        claims=KEYS,
        channel=Channel.MAIL,
    )
    with pytest.raises(CommandRejected) as not_so:
        await by_mail.case(case).acknowledge(by=CONTACT)
    assert not_so.value.code is Refusal.NOT_THIS_WAY
    assert (await signed.mentoring.case(case).acknowledge(by=CONTACT)).acknowledged


async def test_a_case_holds_a_relationship_with_the_claim_of_the_office(signed: Rig) -> None:
    """The same as a hold by hand, so that it goes through and tells nothing."""
    life = await signed.life()
    case = signed.case_id()
    report = SevereReport(case, c.Matter.PHYSICAL_OR_THREAT, "Words.", by=MENTOR, relationship=life.id, pause_now=True)
    await signed.mentoring.report(report)
    await signed.cases.until_idle(names.case_workflow_id(case))
    await life.rest()
    assert (await life.on.status()).standing is Standing.ON_HOLD
    by_hand = await signed.life()
    await by_hand.on.hold()
    arguments = []
    for each in (life, by_hand):
        [update] = [
            event.workflow_execution_update_accepted_event_attributes.accepted_request.input
            for event in (await each.runs())[-1].events
            if event.HasField("workflow_execution_update_accepted_event_attributes")
        ]
        arguments.append(await each.clock.client.data_converter.decode(update.args.payloads, [c.Hold, str]))
    tokens = [token for _, token in arguments]
    assert [command for command, _ in arguments] == [c.Hold(PROGRAMME_OFFICE)] * 2
    assert len(tokens[0]) == len(tokens[1])


async def test_a_refusal_to_read_arrives_under_a_key_as_well(temporal: EmbeddedTemporal) -> None:
    """Of an error nothing but its shell would: the reader hears the code and the sentence all the same."""
    codec = EncryptionCodec({"1": b"e" * 32}, "1", accept_plaintext=False)
    async with quick_rig(temporal.address, codec, claims=KEYS) as rig:
        life = await rig.life()
        with pytest.raises(CommandRejected) as refused:
            await life.on.agreement(by=COORDINATOR)
        assert refused.value.code is Refusal.NOT_YOURS_TO_DO
        foreign = RelationshipHandle(rig.clock.client, life.id, signer=Signer(FOREIGN))
        for asked in (foreign.agreement(by=MENTOR), foreign.help_requests(), foreign.status(by=MENTOR)):
            with pytest.raises(CommandRejected) as unproven:
                await asked
            assert unproven.value.code is Refusal.NOT_SIGNED
