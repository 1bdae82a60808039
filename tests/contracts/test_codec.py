"""Payloads at rest: unreadable without the key, never jamming a history, merged politely with a host's."""

import asyncio
import dataclasses
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.contrib.pydantic import PydanticPayloadConverter, pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, DefaultPayloadConverter
from temporalio.exceptions import ApplicationError

from mentoring_lifecycle.contracts.codec import (
    ENCRYPTED,
    KEY_ID,
    KIB,
    MARK,
    REJECTED,
    EncryptionCodec,
    PayloadRejected,
    data_converter,
    merge,
)
from mentoring_lifecycle.contracts.shown import Shown

CANARY = "canary-7f3a: I would like to speak up more in meetings"
OLD, NEW = secrets.token_bytes(32), secrets.token_bytes(32)


class Goal(BaseModel):
    words: str


def codec(*, accept_plaintext: bool = False) -> EncryptionCodec:
    return EncryptionCodec({"2025": OLD, "2026": NEW}, "2026", accept_plaintext=accept_plaintext)


def plain(data: bytes = CANARY.encode()) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=data)


async def sealed(payload: Payload | None = None) -> Payload:
    return (await codec().encode([payload or plain()]))[0]


async def opened(payload: Payload, *, accept_plaintext: bool = False) -> Payload:
    return (await codec(accept_plaintext=accept_plaintext).decode([payload]))[0]


def is_rejected(payload: Payload) -> bool:
    return payload.metadata["encoding"] == REJECTED


async def test_round_trip() -> None:
    """What was encoded comes back equal, metadata included."""
    assert await opened(await sealed()) == plain()


async def test_nothing_readable_travels() -> None:
    """No byte of the words or of the inner encoding is found in what leaves the process."""
    travelling = (await sealed()).SerializeToString()
    assert CANARY.encode() not in travelling
    assert b"canary" not in travelling
    assert b"json/plain" not in travelling


async def test_same_words_never_look_the_same() -> None:
    """Two encryptions of one payload share no ciphertext."""
    assert (await sealed()).data != (await sealed()).data


async def test_old_keys_still_open_after_rotation() -> None:
    """A payload written under a former active key is read, and new ones are written under the new key."""
    before = EncryptionCodec({"2025": OLD}, "2025", accept_plaintext=False)
    written_before = (await before.encode([plain()]))[0]
    assert await opened(written_before) == plain()
    assert (await sealed()).metadata[KEY_ID] == b"2026"


async def test_a_key_that_left_the_ring_is_a_rejection() -> None:
    """A payload under an unknown key becomes a stand-in."""
    after = EncryptionCodec({"2027": secrets.token_bytes(32)}, "2027", accept_plaintext=True)
    assert is_rejected((await after.decode([await sealed()]))[0])


@pytest.mark.parametrize("position", [0, 11, 12, 500, -1])
async def test_tampering_is_a_rejection(position: int) -> None:
    """Any changed byte of nonce, ciphertext or tag is noticed."""
    changed = bytearray((await sealed()).data)
    changed[position] ^= 1
    payload = Payload(metadata={"encoding": ENCRYPTED, KEY_ID: b"2026"}, data=bytes(changed))
    assert is_rejected(await opened(payload))


async def test_a_payload_cannot_be_passed_off_under_another_key() -> None:
    """The key id is authenticated: the same key under another id opens nothing."""
    twins = EncryptionCodec({"a": OLD, "b": OLD}, "a", accept_plaintext=False)
    payload = (await twins.encode([plain()]))[0]
    payload.metadata[KEY_ID] = b"b"
    assert is_rejected((await twins.decode([payload]))[0])


async def test_clear_text_is_refused_where_encryption_is_required() -> None:
    """A payload in clear text becomes a stand-in once encryption is required."""
    assert is_rejected(await opened(plain()))


async def test_clear_text_passes_while_encryption_is_rolled_out() -> None:
    """A payload written before there were keys is read as it is."""
    assert await opened(plain(), accept_plaintext=True) == plain()


@pytest.mark.parametrize(
    ("content", "size"),
    [(0, 1), (900, 1), (1100, 4), (5_000, 16), (20_000, 64), (70_000, 128), (140_000, 192)],
)
async def test_lengths_fall_into_classes(content: int, size: int) -> None:
    """Whatever its length, a payload travels as 1, 4, 16 or a multiple of 64 KiB (plus nonce and tag)."""
    payload = plain(b"x" * content)
    assert len((await sealed(payload)).data) == size * KIB + 28
    assert await opened(await sealed(payload)) == payload


async def test_a_class_is_filled_to_its_last_byte() -> None:
    """Around the edge of the first class no byte is lost and the class changes exactly once."""
    sizes = set()
    for content in range(KIB - 40, KIB):
        payload = plain(b"x" * content)
        sizes.add(len((await sealed(payload)).data) - 28)
        assert await opened(await sealed(payload)) == payload
    assert sizes == {KIB, 4 * KIB}


@pytest.mark.parametrize(("keyring", "active"), [({}, "2026"), ({"2026": NEW}, "2025"), ({"2026": NEW[:16]}, "2026")])
def test_a_keyring_that_cannot_encrypt_is_refused(keyring: dict[str, bytes], active: str) -> None:
    """A missing active key and a short key are found before the first payload."""
    with pytest.raises(ValueError, match="key"):
        EncryptionCodec(keyring, active, accept_plaintext=False)


metadata = st.dictionaries(
    st.sampled_from(["encoding", KEY_ID, "messageType", "other"]),
    st.one_of(st.binary(max_size=20), st.sampled_from([ENCRYPTED, REJECTED, b"2025", b"2026", b"json/plain"])),
)


@given(metadata=metadata, data=st.binary(max_size=200), accept_plaintext=st.booleans())
def test_decoding_never_raises(metadata: dict[str, bytes], data: bytes, accept_plaintext: bool) -> None:
    """Whatever a stranger writes into a payload, decoding gives back exactly one payload."""
    payload = Payload(metadata=metadata, data=data)
    decoded = asyncio.run(codec(accept_plaintext=accept_plaintext).decode([payload]))
    assert len(decoded) == 1
    assert is_rejected(decoded[0]) or (accept_plaintext and decoded[0] == payload)


@given(data=st.binary(max_size=70_000))
def test_every_content_survives(data: bytes) -> None:
    """Padding takes nothing away and adds nothing, zeros at the end included."""
    encoded = asyncio.run(codec().encode([plain(data)]))
    assert asyncio.run(codec().decode(encoded)) == [plain(data)]


# --- through the converter --------------------------------------------------------------------------------------


async def test_values_travel_encrypted_through_the_converter() -> None:
    """A typed value goes out unreadable and comes back as itself."""
    converter = data_converter(codec())
    payloads = await converter.encode([Goal(words=CANARY), None])
    assert all(payload.metadata["encoding"] == ENCRYPTED for payload in payloads)
    assert await converter.decode(payloads, [Goal, type(None)]) == [Goal(words=CANARY), None]


async def test_a_line_for_operators_travels_in_clear() -> None:
    """A page without the key reads it as plain JSON; the same words as a value are encrypted."""
    converter = data_converter(codec())
    shown, value = await converter.encode([Shown("reminder 2027-01-15"), "reminder 2027-01-15"])
    assert (shown.metadata["encoding"], shown.data) == (b"json/plain", b'"reminder 2027-01-15"')
    assert value.metadata["encoding"] == ENCRYPTED
    assert await converter.decode([shown]) == ["reminder 2027-01-15"]


@pytest.mark.parametrize("wanted", [str, Goal, dict])
async def test_a_line_for_operators_is_never_taken_for_a_value(wanted: type) -> None:
    """Whoever has no key may write one, and gets no further than with any other clear text."""
    forged = Payload(metadata={"encoding": b"json/plain", MARK: b"1"}, data=b'{"words":"forged"}')
    with pytest.raises(PayloadRejected, match="clear text"):
        await data_converter(codec()).decode([forged], [wanted])


async def test_what_a_worker_tells_a_page_travels_in_clear() -> None:
    """Current details are asked for by the server's pages, which have no key; as a value they are refused."""
    told = WorkflowMetadata(current_details="**Phase** active")
    (payload,) = await data_converter(codec()).encode([told])
    assert b"**Phase** active" in payload.data
    assert is_rejected(await opened(payload))


MARKS = st.fixed_dictionaries(
    {
        "encoding": st.sampled_from(
            [b"json/plain", b"json/protobuf", b"json/shown", b"binary/null", b"binary/plain", b""]
        )
    },
    optional={MARK: st.just(b"1"), "messageType": st.just(b"temporal.api.sdk.v1.WorkflowMetadata")},
)


@given(metadata=MARKS, data=st.sampled_from([b"{}", b'"forged"', b""]))
def test_nothing_written_without_the_key_becomes_a_value(metadata: dict[str, bytes], data: bytes) -> None:
    """Whatever it says it is."""
    with pytest.raises(PayloadRejected):
        asyncio.run(data_converter(codec()).decode([Payload(metadata=metadata, data=data)], [str]))


async def test_failures_travel_encrypted() -> None:
    """Message, details and cause of a failure are unreadable on the way and complete on arrival."""
    converter = data_converter(codec())
    error = ApplicationError(CANARY, Goal(words=CANARY), type="refused")
    error.__cause__ = RuntimeError(CANARY)
    failure = Failure()
    await converter.encode_failure(error, failure)
    assert b"canary" not in failure.SerializeToString()

    back = await converter.decode_failure(failure)
    assert isinstance(back, ApplicationError)
    assert back.message == CANARY
    assert back.details == ({"words": CANARY},)
    assert isinstance(back.__cause__, ApplicationError)
    assert back.__cause__.message == CANARY


async def test_a_rejected_payload_fails_where_it_is_used() -> None:
    """Using the value of a stand-in raises a typed error that says what was wrong and ends no workflow."""
    with pytest.raises(PayloadRejected, match="clear text") as raised:
        await data_converter(codec()).decode([plain(b'"forged"')], [str])
    assert not isinstance(raised.value, ApplicationError)


async def test_a_failure_with_a_rejected_message_still_arrives() -> None:
    """A failure whose encrypted message cannot be read keeps its type."""
    failure = Failure()
    await data_converter(codec()).encode_failure(ApplicationError(CANARY, type="refused"), failure)
    stranger = EncryptionCodec({"other": secrets.token_bytes(32)}, "other", accept_plaintext=True)
    back = await data_converter(stranger).decode_failure(failure)
    assert isinstance(back, ApplicationError)
    assert back.type == "refused"


async def test_without_keys_values_and_failures_stay_readable() -> None:
    """With no codec the converter is plain pydantic JSON."""
    converter = data_converter(None)
    (payload,) = await converter.encode([Goal(words="x")])
    assert payload.data == b'{"words":"x"}'
    failure = Failure()
    await converter.encode_failure(ApplicationError("no such goal"), failure)
    assert failure.message == "no such goal"


# --- beside a host's converter ----------------------------------------------------------------------------------


@pytest.mark.parametrize("existing", [None, DataConverter.default, pydantic_data_converter, data_converter(None)])
async def test_ours_joins_a_host_without_a_codec(existing: DataConverter | None) -> None:
    """A host with the default or the pydantic converter gets our payloads, codec and failures."""
    merged = merge(existing, data_converter(codec()))
    (payload,) = await merged.encode([Goal(words="x")])
    assert payload.metadata["encoding"] == ENCRYPTED
    assert merged.failure_converter_class is DefaultFailureConverterWithEncodedAttributes


async def test_a_hosts_codec_is_kept() -> None:
    """The host's codec wins over ours, so that one history has one codec."""
    theirs = EncryptionCodec({"host": OLD}, "host", accept_plaintext=False)
    merged = merge(dataclasses.replace(pydantic_data_converter, payload_codec=theirs), data_converter(codec()))
    assert merged.payload_codec is theirs


def test_a_foreign_converter_is_never_replaced() -> None:
    """A host's own way of converting payloads is refused by name, not silently lost."""

    class HouseStyle(DefaultPayloadConverter):
        pass

    with pytest.raises(ValueError, match="HouseStyle"):
        merge(DataConverter(payload_converter_class=HouseStyle), data_converter(None))


def test_merging_twice_changes_nothing() -> None:
    """A plugin that is applied to client and replayer gives the same converter."""
    ours = data_converter(codec())
    once = merge(DataConverter(payload_converter_class=PydanticPayloadConverter), ours)
    twice = merge(once, ours)
    assert twice.payload_converter_class is once.payload_converter_class
    assert twice.payload_codec is once.payload_codec
    assert twice.failure_converter_class is once.failure_converter_class
