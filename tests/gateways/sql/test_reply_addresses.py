"""Secret reply addresses: one per relationship and person, for ever, and nobody can guess whose."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from mentoring_lifecycle.activities.ports import ReplyAddresses
from mentoring_lifecycle.contracts.reply_address import ReplyTemplate, UnusableReplyTemplate, new_token
from mentoring_lifecycle.gateways.memory import MemoryReplyAddresses
from mentoring_lifecycle.gateways.reply_addresses_sql import SqlReplyAddresses

TEMPLATE = ReplyTemplate("mentoring+{token}@mentoring.example")


@pytest.fixture(params=["sql", "memory"])
def replies(request: pytest.FixtureRequest, engine: AsyncEngine) -> ReplyAddresses:
    return MemoryReplyAddresses(TEMPLATE) if request.param == "memory" else SqlReplyAddresses(engine, TEMPLATE)


async def test_an_address_is_stable_and_leads_back(replies: ReplyAddresses) -> None:
    """A retry names the same one, so the mail is the same to the last byte."""
    address = await replies.address_for("r-1", "p-1")
    assert re.fullmatch(r"mentoring\+[a-z2-7]{16}@mentoring\.example", address)
    assert await replies.address_for("r-1", "p-1") == address
    assert await replies.owner_of(TEMPLATE.token_in(address)) == ("r-1", "p-1")


async def test_each_relationship_and_person_has_its_own(replies: ReplyAddresses) -> None:
    """Who knows one knows no other."""
    pairs = [("r-1", "p-1"), ("r-1", "p-2"), ("r-2", "p-1")]
    addresses = [await replies.address_for(*pair) for pair in pairs]
    assert len(set(addresses)) == len(pairs)
    assert [await replies.owner_of(TEMPLATE.token_in(address)) for address in addresses] == pairs


async def test_nobody_owns_what_was_never_given_out(replies: ReplyAddresses) -> None:
    """Neither a well-formed token nor nonsense."""
    await replies.address_for("r-1", "p-1")
    assert await replies.owner_of(new_token()) is None
    assert await replies.owner_of("") is None


async def test_many_workers_at_once_agree_on_one_address(engine: AsyncEngine) -> None:
    """Whoever comes second takes the first one's: an address that has been written to is never replaced."""
    desks = [SqlReplyAddresses(engine, TEMPLATE) for _ in range(12)]
    addresses = await asyncio.gather(*(desk.address_for("r-1", "p-1") for desk in desks))
    assert len(set(addresses)) == 1


# --- the template -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("mentoring@mentoring.example", "once"),
        ("{token}{token}@mentoring.example", "once"),
        ("mentoring@{token}.example", "before the @"),
        ("{token}", "before the @"),
        ("x" * 49 + "{token}@mentoring.example", "64"),
        ("{token}@no domain", "no address"),
        ("a b{token}@mentoring.example", "no address"),
        ("pé{token}@mentoring.example", "no address"),
    ],
)
def test_a_template_that_gives_no_addresses_is_refused(template: str, why: str) -> None:
    """At the start, in words that say what is wrong."""
    with pytest.raises(UnusableReplyTemplate, match=why):
        ReplyTemplate(template)


@pytest.mark.parametrize("form", ["{token}@m.example", "a.b+{token}-x@M.Example", "x" * 48 + "{token}@m.example"])
@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz234567", min_size=16, max_size=16), st.data())
def test_a_token_survives_any_change_of_case(form: str, token: str, data: st.DataObject) -> None:
    """Mail servers may write the whole address as they like."""
    template = ReplyTemplate(form)
    address = template.address(token)
    written = "".join(data.draw(st.sampled_from([sign.lower(), sign.upper()])) for sign in address)
    assert template.token_in(written) == token


@given(st.text(max_size=80))
def test_no_other_address_has_a_token(address: str) -> None:
    """Whatever stands before the @."""
    assert TEMPLATE.token_in(address) == ""
    assert TEMPLATE.token_in(f"{address}{TEMPLATE.address('a' * 16)}x") == ""
