"""Payloads as they travel and rest: pydantic JSON, encrypted where there are keys.

A payload that cannot be trusted or read never raises while it is decoded, since the event that carries it stays in the
history and would fail every later task. It becomes a stand-in instead, which fails only where its value is used.

Two kinds of payload stay readable under every key, since they are made for the server's own pages and for nobody's
code: lines of our catalogue (Shown), and the answer to what the pages ask a worker about a run.
"""

import dataclasses
import json
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverter,
    DefaultFailureConverterWithEncodedAttributes,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
    PayloadCodec,
)

from mentoring_lifecycle.contracts.shown import Shown

log = logging.getLogger(__name__)

ENCRYPTED = b"binary/encrypted"
REJECTED = b"binary/rejected"
KEY_ID = "encryption-key-id"
REASON = "rejected-because"
SHOWN = b"json/shown"
"""What a line for operators is called here. It travels as plain JSON, which the server's pages can read, and marked."""
MARK = "mentoring-shown"

KIB = 1024
SIZE_CLASSES = (KIB, 4 * KIB, 16 * KIB, 64 * KIB)
NONCE_BYTES = 12
LENGTH_BYTES = 4


class PayloadRejected(Exception):
    """A value was used whose payload could not be trusted or read.

    Not an ApplicationError on purpose: it fails the task or the call that uses the value, never a relationship.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"The payload was refused while decoding: {reason}. Check the keyring of whoever wrote it.")
        self.reason = reason


class EncryptionCodec(PayloadCodec):
    """AES-256-GCM with a keyring; the id of the key travels in clear beside each payload and is authenticated.

    Sizes are padded to 1, 4, 16 or 64 KiB and then to multiples of 64 KiB, so that a length tells little.
    Decoding never raises. `accept_plaintext` lets payloads through that were written before there were keys.
    """

    def __init__(self, keyring: Mapping[str, bytes], active: str, *, accept_plaintext: bool) -> None:
        """Raises ValueError where a key is not 32 bytes long or the active one is not in the keyring."""
        if active not in keyring:
            raise ValueError(f"The active key {active!r} is not in the keyring.")
        if any(len(key) != 32 for key in keyring.values()):
            raise ValueError("Every key of the keyring must be 32 bytes long.")
        self._ciphers = {key_id.encode(): AESGCM(key) for key_id, key in keyring.items()}
        self._active = active.encode()
        self._accept_plaintext = accept_plaintext

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt with the active key, but for what is made for the server's pages."""
        return [payload if _is_shown(payload) or _is_told(payload) else self._encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt with the key each payload names; what cannot be decrypted comes back as a stand-in."""
        return [self._decrypt(payload) for payload in payloads]

    def _encrypt(self, payload: Payload) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self._active].encrypt(nonce, _pad(payload.SerializeToString()), self._active)
        return Payload(metadata={"encoding": ENCRYPTED, KEY_ID: self._active}, data=nonce + sealed)

    def _decrypt(self, payload: Payload) -> Payload:
        if _is_shown(payload):
            return Payload(metadata={"encoding": SHOWN}, data=payload.data)
        if payload.metadata.get("encoding") != ENCRYPTED:
            return payload if self._accept_plaintext else _rejected("it is in clear text")
        key_id = payload.metadata.get(KEY_ID, b"")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            return _rejected("its key is not in the keyring")
        try:
            padded = cipher.decrypt(payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:], key_id)
            return Payload.FromString(_unpad(padded))
        except (InvalidTag, ValueError, DecodeError):
            return _rejected("it was changed on the way")


class _RejectedPayloadConverter(EncodingPayloadConverter):
    """Meets the stand-ins of rejected payloads; makes none itself."""

    @property
    def encoding(self) -> str:
        return REJECTED.decode()

    def to_payload(self, value: Any) -> None:
        return None

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> NoReturn:
        raise PayloadRejected(payload.metadata.get(REASON, b"unknown").decode(errors="replace"))


class _ShownPayloadConverter(EncodingPayloadConverter):
    """Marks lines for operators. Anybody may write such a line, so it never becomes a value that code has asked for."""

    @property
    def encoding(self) -> str:
        return SHOWN.decode()

    def to_payload(self, value: Any) -> Payload | None:
        if not isinstance(value, Shown):
            return None
        return Payload(metadata={"encoding": b"json/plain", MARK: b"1"}, data=json.dumps(value).encode())

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Shown:
        if type_hint is not None:
            raise PayloadRejected("it is in clear text")
        return Shown(json.loads(payload.data))


class MentoringPayloadConverter(PydanticPayloadConverter):
    """Pydantic JSON, with lines for operators and a typed error for rejected payloads."""

    def __init__(self) -> None:
        super().__init__()
        self._set_converters(_ShownPayloadConverter(), *self.converters.values(), _RejectedPayloadConverter())


def data_converter(codec: PayloadCodec | None) -> DataConverter:
    """The converter of this package; with a codec, messages and stack traces of failures go through it as well."""
    return DataConverter(
        payload_converter_class=MentoringPayloadConverter,
        payload_codec=codec,
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes if codec else DefaultFailureConverter,
    )


def merge(existing: DataConverter | None, ours: DataConverter) -> DataConverter:
    """A host's converter with our payloads added; the host's codec, failures and storage stay the host's.

    Raises ValueError where the host converts payloads in its own way, since one of the two would be lost.
    """
    if existing is None:
        return ours
    known = (DefaultPayloadConverter, PydanticPayloadConverter, ours.payload_converter_class)
    if existing.payload_converter_class not in known:
        raise ValueError(
            f"The client converts payloads with {existing.payload_converter_class.__qualname__}, which would be lost; "
            "connect mentoring through a client of its own, with the default or the pydantic converter."
        )
    keeps_failures = existing.failure_converter_class is not DefaultFailureConverter
    return dataclasses.replace(
        existing,
        payload_converter_class=ours.payload_converter_class,
        payload_codec=existing.payload_codec or ours.payload_codec,
        failure_converter_class=(existing if keeps_failures else ours).failure_converter_class,
    )


def _is_shown(payload: Payload) -> bool:
    """A line for operators."""
    return MARK in payload.metadata


def _is_told(payload: Payload) -> bool:
    """What a worker tells the page of a run: current details, and the names of handlers. No code of ours reads it."""
    return payload.metadata.get("messageType") == _TOLD


_TOLD = WorkflowMetadata.DESCRIPTOR.full_name.encode()


def _rejected(reason: str) -> Payload:
    log.warning("payload_refused", extra={"why": reason})
    return Payload(metadata={"encoding": REJECTED, REASON: reason.encode()})


def _pad(content: bytes) -> bytes:
    """Length, content, zeros up to the size class."""
    framed = len(content).to_bytes(LENGTH_BYTES, "big") + content
    largest = SIZE_CLASSES[-1]
    size = next((size for size in SIZE_CLASSES if len(framed) <= size), -(-len(framed) // largest) * largest)
    return framed.ljust(size, b"\0")


def _unpad(padded: bytes) -> bytes:
    length = int.from_bytes(padded[:LENGTH_BYTES], "big")
    return padded[LENGTH_BYTES : LENGTH_BYTES + length]
