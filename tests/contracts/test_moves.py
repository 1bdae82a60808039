"""The file in which a relationship travels: whole, readable by whoever has the key, and by nobody else."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from mentoring_lifecycle.contracts.codec import EncryptionCodec
from mentoring_lifecycle.contracts.moves import MovedRelationship, UnusableMove, sealed, unsealed

from .test_golden_json import sample_of

WORDS = "words of somebody"
OLD, NEW = b"o" * 32, b"n" * 32


def codec(active: str = "old", *, accept_plaintext: bool = True, **keyring: bytes) -> EncryptionCodec:
    return EncryptionCodec(keyring or {"old": OLD}, active, accept_plaintext=accept_plaintext)


@pytest.fixture
def moved() -> MovedRelationship:
    """With every field filled, and somebody's words among them."""
    moved: MovedRelationship = sample_of(MovedRelationship)
    return replace(moved, carried=replace(moved.carried, state=replace(moved.carried.state, topics=(WORDS,))))


def changed(text: str, **fields: Any) -> str:
    return json.dumps(json.loads(text) | fields)


async def test_it_is_read_as_it_was_written(moved: MovedRelationship) -> None:
    """Under a key and without one."""
    for key in (codec(), None):
        assert await unsealed(await sealed(moved, key), key) == moved


async def test_it_is_no_weaker_than_the_history(moved: MovedRelationship) -> None:
    """Where there is a key, only which relationship moves, by which move, and the key's id can be read without it."""
    text = await sealed(moved, codec())
    told = json.loads(text)
    assert {name: told[name] for name in ("relationship", "move", "key")} == {
        "relationship": moved.relationship,
        "move": moved.move,
        "key": "old",
    }
    content = base64.b64decode(told["content"])
    assert WORDS.encode() not in content
    assert moved.carried.state.mentor.person.encode() not in content


async def test_an_old_key_of_the_other_side_is_enough(moved: MovedRelationship) -> None:
    """The key of where it comes from, among the keys here; what is written here has the active one."""
    both = codec("new", new=NEW, old=OLD)
    assert await unsealed(await sealed(moved, codec()), both) == moved


@pytest.mark.parametrize(
    ("key", "words"),
    [(None, "encrypted with the key old"), (codec("new", new=NEW), "its key is not in the keyring")],
    ids=["no key", "another key"],
)
async def test_a_missing_key_is_named(moved: MovedRelationship, key: EncryptionCodec | None, words: str) -> None:
    """And where to put it."""
    with pytest.raises(UnusableMove, match=rf"{words}.*MENTORING_ENCRYPTION_KEYS"):
        await unsealed(await sealed(moved, codec()), key)


async def test_clear_text_is_refused_where_encryption_is_required(moved: MovedRelationship) -> None:
    """As it is among payloads."""
    with pytest.raises(UnusableMove, match="clear text"):
        await unsealed(await sealed(moved, None), codec(accept_plaintext=False))


@pytest.mark.parametrize("key", [codec(), None], ids=["encrypted", "clear"])
async def test_what_stands_outside_cannot_be_changed(moved: MovedRelationship, key: EncryptionCodec | None) -> None:
    """Another relationship's name on it, or another move's."""
    text = await sealed(moved, key)
    for field in ("relationship", "move"):
        with pytest.raises(UnusableMove, match="not what is inside"):
            await unsealed(changed(text, **{field: "another"}), key)


@pytest.mark.parametrize("schema", ["of the file", "of the export", "of the state"])
async def test_what_a_newer_version_wrote_is_refused(moved: MovedRelationship, schema: str) -> None:
    """Before anything of it is believed."""
    text = await sealed(moved, None)
    if schema == "of the file":
        text = changed(text, version=2)
    elif schema == "of the export":
        text = await sealed(replace(moved, schema=2), None)  # type: ignore[arg-type]
    else:
        text = await sealed(replace(moved, carried=replace(moved.carried, schema=2)), None)  # type: ignore[arg-type]
    with pytest.raises(UnusableMove, match="Upgrade here first"):
        await unsealed(text, None)


async def test_anything_else_is_refused(moved: MovedRelationship) -> None:
    """Cut off anywhere, no file of ours, or a content that was touched; never with an error of somebody else's."""
    text = await sealed(moved, codec())
    content = json.loads(text)["content"]
    broken = [text[:cut] for cut in range(0, len(text) - 2, 97)]
    broken += ["[]", "7", "{}", changed(text, format="other"), changed(text, version="x"), changed(text, content=7)]
    broken += [changed(text, content=content[:-8]), changed(text, content=content[:50] + "AAAA" + content[54:])]
    for each in broken:
        with pytest.raises(UnusableMove):
            await unsealed(each, codec())
