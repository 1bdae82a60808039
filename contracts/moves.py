"""What a relationship takes along when it moves to another installation, and how that is written into a file."""

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from google.protobuf.message import DecodeError
from pydantic import TypeAdapter, ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from mentoring_lifecycle.contracts.codec import KEY_ID, REASON, REJECTED
from mentoring_lifecycle.contracts.deliveries import JournalEntry
from mentoring_lifecycle.contracts.inputs import CarriedState

FORMAT = "mentoring-relationship"
VERSION = 1
"""Of the file around what is moved; what is moved has a `schema` of its own."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """Ask a relationship to come to rest and to leave, for its operator."""

    by: str
    move: str
    """Id of the move, drawn by whoever asks; where it leaves already, the first one stands."""
    kind: Literal["hand_over"] = "hand_over"


@dataclass(frozen=True, slots=True)
class Departure:
    """What the last run of a relationship here ends with: it is over here, and goes on from this."""

    move: str
    carried: CarriedState
    kind: Literal["departure"] = "departure"


@dataclass(frozen=True, slots=True)
class KeptEffect:
    """One row of the effect ledger, at rest: nobody has claimed it."""

    key: str
    purpose: str
    state: str
    reason: str
    remote_id: str
    token: int
    was_unknown: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class KeptReplyAddress:
    """The secret part of the address at which one person answers."""

    token: str
    person: str


@dataclass(frozen=True, slots=True)
class KeptTime:
    """The time that one session has taken of its two people's, or is about to."""

    session: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class KeptBlock:
    """That its two people are never paired again, said by whoever the seal stands for."""

    seal: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Belongings:
    """What a relationship has in the database, beside the state of its workflow."""

    entries: tuple[JournalEntry, ...]
    effects: tuple[KeptEffect, ...]
    reply_addresses: tuple[KeptReplyAddress, ...]
    times: tuple[KeptTime, ...]
    blocks: tuple[KeptBlock, ...]


@dataclass(frozen=True, slots=True)
class MovedRelationship:
    """Everything that goes on elsewhere. Nobody's name or address is in it, and what the pair has written is."""

    relationship: str
    move: str
    left_at: datetime
    """When the last run ended (UTC)."""
    carried: CarriedState
    belongings: Belongings
    schema: Literal[1] = 1
    kind: Literal["moved_relationship"] = "moved_relationship"


class UnusableMove(Exception):
    """A file holds no relationship that could go on here; the message says why and what to do."""


_MOVED = TypeAdapter(MovedRelationship)


async def sealed(moved: MovedRelationship, codec: PayloadCodec | None) -> str:
    """The text of a file: who and which move in clear, everything else under the key of `codec`, where there is one."""
    payload = Payload(metadata={"encoding": b"json/plain"}, data=_MOVED.dump_json(moved))
    if codec:
        (payload,) = await codec.encode([payload])
    envelope = _Envelope(
        relationship=moved.relationship,
        move=moved.move,
        key=payload.metadata.get(KEY_ID, b"").decode(),
        content=base64.b64encode(payload.SerializeToString()).decode(),
    )
    return json.dumps(asdict(envelope), indent=2) + "\n"


async def unsealed(text: str, codec: PayloadCodec | None) -> MovedRelationship:
    """What was moved. Raises UnusableMove: no such file, a newer one, a key that is missing, or changed on the way."""
    envelope = _read_envelope(text)
    try:
        payload = Payload.FromString(base64.b64decode(envelope.content, validate=True))
    except (DecodeError, binascii.Error):
        raise UnusableMove("its content was changed or cut off. Export it again.") from None
    if codec:
        (payload,) = await codec.decode([payload])
    if payload.metadata.get("encoding") == REJECTED:
        why = payload.metadata.get(REASON, b"").decode()
        raise UnusableMove(
            f"its content cannot be read: {why} (key {envelope.key or 'none'}). "
            "Add the key of where it comes from to MENTORING_ENCRYPTION_KEYS here."
        )
    if envelope.key and not codec:
        raise UnusableMove(
            f"it is encrypted with the key {envelope.key}. Add that key to MENTORING_ENCRYPTION_KEYS here."
        )
    return _read_moved(payload.data, envelope)


@dataclass(frozen=True, slots=True)
class _Envelope:
    relationship: str
    move: str
    key: str
    """Id of the key; empty: in clear text."""
    content: str
    format: str = FORMAT
    version: int = VERSION


def _read_envelope(text: str) -> _Envelope:
    try:
        told: dict[str, Any] = json.loads(text)
        if told["format"] != FORMAT:
            raise KeyError
        if told["version"] > VERSION:
            raise UnusableMove(f"it was written by a newer version (format {told['version']}). Upgrade here first.")
        return TypeAdapter(_Envelope).validate_python(told)
    except (ValueError, KeyError, TypeError):
        raise UnusableMove("it is no export of a relationship, or was cut off. Export it again.") from None


def _read_moved(content: bytes, envelope: _Envelope) -> MovedRelationship:
    try:
        schemas = json.loads(content)
        newest = max(schemas["schema"], schemas["carried"]["schema"])
    except (ValueError, KeyError, TypeError):
        raise UnusableMove("its content is none of ours. Export it again.") from None
    if newest > 1:
        raise UnusableMove(f"it was written by a newer version (schema {newest}). Upgrade here first.")
    try:
        moved = _MOVED.validate_json(content)
    except ValidationError:
        raise UnusableMove(
            "its content is of no version that is known here. Upgrade here, or export it again."
        ) from None
    if (moved.relationship, moved.move) != (envelope.relationship, envelope.move):
        raise UnusableMove("what stands outside is not what is inside. Export it again.")
    return moved
