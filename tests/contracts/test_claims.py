"""Claims: they hold for one person, one way, one command in one workflow, for a while, and nobody else can make one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring_lifecycle.contracts.claims import (
    LASTS,
    LEEWAY,
    LONGEST_CLAIM,
    Claim,
    ClaimKey,
    ClaimKeys,
    Request,
    Signer,
    channel_of,
)
from mentoring_lifecycle.domain.authorisation import Channel
from mentoring_lifecycle.domain.commands import Hold, SignRules
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE

OLD, NEW, DOOR = (bytes([number]) * 32 for number in (1, 2, 3))
KEYS = ClaimKeys({"new": ClaimKey(NEW), "old": ClaimKey(OLD)}, "new")
LUCA = Claim("p-luca", Channel.TOOL)
SIGNING = Request("relationship/r-1", "sign_rules", "command-1", SignRules("p-luca", 1))


def test_a_claim_is_proven_for_what_it_was_signed_for() -> None:
    assert KEYS.prove(KEYS.sign(LUCA, SIGNING), SIGNING) == LUCA


@pytest.mark.parametrize(
    "other",
    [
        {"workflow_id": "relationship/r-2"},
        {"name": "exit"},
        {"command_id": "command-2"},
        {"content": SignRules("p-luca", 2)},
        {"content": SignRules("p-anna", 1)},
        {"content": None},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_copied_claim_holds_for_nothing_else(other: dict[str, Any]) -> None:
    assert KEYS.prove(KEYS.sign(LUCA, SIGNING), replace(SIGNING, **other)) is None


def test_a_claim_grows_old() -> None:
    """By the worker's clock, which may differ a little from the signer's."""
    now = datetime.now(UTC)
    almost = now - LASTS - LEEWAY + timedelta(minutes=1)
    assert KEYS.prove(KEYS.sign(LUCA, SIGNING, at=almost), SIGNING) == LUCA
    assert KEYS.prove(KEYS.sign(LUCA, SIGNING, at=now - LASTS - LEEWAY - timedelta(minutes=1)), SIGNING) is None
    assert KEYS.prove(KEYS.sign(LUCA, SIGNING, at=now + LEEWAY + timedelta(minutes=1)), SIGNING) is None


def test_keys_can_be_changed() -> None:
    """What the old one signed is proven as long as it stays in the keyring, and not a moment longer."""
    token = ClaimKeys({"old": ClaimKey(OLD)}, "old").sign(LUCA, SIGNING)
    assert KEYS.prove(token, SIGNING) == LUCA
    assert ClaimKeys({"new": ClaimKey(NEW)}, "new").prove(token, SIGNING) is None


def test_a_key_of_one_channel_vouches_for_that_one_alone() -> None:
    """Whoever takes the key of the mail door can still say no more than a mail may say."""
    keys = ClaimKeys({"door@mail": ClaimKey(DOOR, Channel.MAIL)}, "door@mail")
    for channel in Channel:
        claim = Claim("p-luca", channel)
        assert keys.prove(keys.sign(claim, SIGNING), SIGNING) == (claim if channel is Channel.MAIL else None)


def test_a_claim_that_nobody_signed_is_none() -> None:
    """Not signed at all, with another algorithm, with a key of somebody else under one of our ids, or cut short."""
    token = KEYS.sign(LUCA, SIGNING)
    said = jwt.decode(token, options={"verify_signature": False})
    forged = [
        jwt.encode(said, None, algorithm="none", headers={"kid": "new"}),
        jwt.encode(said, NEW * 2, algorithm="HS512", headers={"kid": "new"}),
        jwt.encode(said, DOOR, algorithm="HS256", headers={"kid": "new"}),
        jwt.encode(said, NEW, algorithm="HS256"),
        jwt.encode(said, NEW, algorithm="HS256", headers={"kid": "unknown"}),
        jwt.encode(said | {"way": "by magic"}, NEW, algorithm="HS256", headers={"kid": "new"}),
        jwt.encode(said | {"more": "x" * LONGEST_CLAIM}, NEW, algorithm="HS256", headers={"kid": "new"}),
        token[:-1],
        "",
    ]
    assert [KEYS.prove(each, SIGNING) for each in forged] == [None] * len(forged)
    for name in said:
        without = {key: value for key, value in said.items() if key != name}
        assert KEYS.prove(jwt.encode(without, NEW, algorithm="HS256", headers={"kid": "new"}), SIGNING) is None, name


@given(st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("latin-1"))))
def test_whatever_somebody_sends_is_none_and_no_crash(text: str) -> None:
    assert KEYS.prove(text, SIGNING) is None


def test_the_office_speaks_by_one_way_whoever_of_it_acts() -> None:
    """A hold placed by hand, by the lookout or by a case carries the same claim; a mail remains a mail."""
    for own in Channel:
        assert channel_of(PROGRAMME_OFFICE, own) is (Channel.MAIL if own is Channel.MAIL else Channel.OFFICE)
        assert channel_of("p-luca", own) is own
    hold, where = Hold(PROGRAMME_OFFICE), {"workflow_id": "relationship/r-1", "name": "hold", "command_id": "one"}
    claims = {
        KEYS.prove(Signer(KEYS, own).arguments(hold, **where)[1], Request(content=hold, **where))
        for own in Channel
        if own is not Channel.MAIL
    }
    assert claims == {Claim(PROGRAMME_OFFICE, Channel.OFFICE)}


def test_without_keys_nothing_goes_along() -> None:
    where = {"workflow_id": "relationship/r-1", "name": "hold", "command_id": "one"}
    assert Signer().arguments(Hold(PROGRAMME_OFFICE), **where) == [Hold(PROGRAMME_OFFICE), ""]
