"""A certificate of mentoring: earned from what the journal holds, signed with Ed25519, and verified offline.

It names its holder and nobody else: that the other one took part is theirs to tell (ground rule R03).
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import TypeAdapter, ValidationError

from mentoring_lifecycle.contracts.record import Record
from mentoring_lifecycle.domain.events import RelationshipOutcome
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection

SEED_BYTES = 32
LARGEST_FILE = 64 * 1024
"""Bytes; no certificate is larger."""

_EARNED = (RelationshipOutcome.COMPLETED, RelationshipOutcome.COMPLETED_EARLY)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What somebody did, as two witnesses and their ratings tell it."""

    party: Party
    begun_on: date
    ended_on: date
    sessions: int
    """Confirmed by both; one that only one of them confirmed is no evidence."""
    minutes: int
    goals: int
    goals_met: int
    """By the final ratings of everybody who gave one."""


def evidence_for(record: Record, person: str) -> Evidence | Rejection:
    """What a certificate for this person could rest on, or why there is none. The end date alone earns nothing."""
    party = record.party_of(person)
    if party is None:
        return Rejection(Refusal.NOT_PART_OF_THIS)
    if record.closed_at is None:
        return Rejection(Refusal.NOT_CLOSED)
    held = record.held()
    if record.outcome not in _EARNED or len(held) < record.opened.policy.sessions.needed_for_completion:
        return Rejection(Refusal.NOT_EARNED)
    zone = ZoneInfo(record.opened.zone)
    return Evidence(
        party=party,
        begun_on=record.opened.at.astimezone(zone).date(),
        ended_on=record.closed_at.astimezone(zone).date(),
        sessions=len(held),
        minutes=sum(session.minutes for session in held),
        goals=len(record.targets) if record.final else 0,
        goals_met=record.goals_met(),
    )


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is signed."""

    id: str
    """Opaque; the same for the same person and relationship, however often it is issued."""
    issuer: str
    issued_on: date
    holder: str
    """The name at the time of issue."""
    role: Party
    programme: str
    begun_on: date
    ended_on: date
    sessions: int
    minutes: int
    goals: int
    goals_met: int
    goal_titles: tuple[str, ...] = ()
    """In the pair's words, and only where the holder wanted them here."""
    kind: Literal["mentoring_certificate"] = "mentoring_certificate"
    schema: Literal[1] = 1


_CERTIFICATE = TypeAdapter(Certificate)


class CertificateInvalid(Exception):
    """This file proves nothing; the message says why, in a sentence."""


class Signer:
    """Signs certificates with one key of the organisation."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_key(self) -> str:
        """What verifiers need, in base64; no secret."""
        return _text(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def id_for(self, relationship: str, person: str) -> str:
        """An id from which neither can be guessed, not even by trying all of them."""
        keyed = hmac.digest(self._seed, f"certificate\n{relationship}\n{person}".encode(), hashlib.sha256)
        return base64.b32encode(keyed[:10]).decode().lower()

    def issue(
        self,
        evidence: Evidence,
        *,
        relationship: str,
        person: str,
        holder: str,
        issuer: str,
        programme: str,
        issued_on: date,
        goal_titles: tuple[str, ...] = (),
    ) -> Certificate:
        """The certificate for this evidence."""
        return Certificate(
            id=self.id_for(relationship, person),
            issuer=issuer,
            issued_on=issued_on,
            holder=holder,
            role=evidence.party,
            programme=programme,
            begun_on=evidence.begun_on,
            ended_on=evidence.ended_on,
            sessions=evidence.sessions,
            minutes=evidence.minutes,
            goals=evidence.goals,
            goals_met=evidence.goals_met,
            goal_titles=goal_titles,
        )

    def sign(self, certificate: Certificate) -> str:
        """The signed file: JSON that people can read too."""
        content = _CERTIFICATE.dump_python(certificate, mode="json")
        signature = {
            "algorithm": "Ed25519",
            "public_key": self.public_key,
            "value": _text(self._key.sign(_canonical(content))),
        }
        return json.dumps({"certificate": content, "signature": signature}, indent=2, ensure_ascii=False) + "\n"


def verify(file: bytes, public_key: str) -> Certificate:
    """The certificate of a signed file, proven with a key that the reader trusts. Raises CertificateInvalid.

    The key that stands in the file itself is for finding the right one; whoever forges a file can write it too.
    """
    try:
        told = json.loads(file.decode("utf-8"), object_pairs_hook=_each_once)
        content, signature = told["certificate"], base64.b64decode(told["signature"]["value"], validate=True)
        strangers = set(told) - {"certificate", "signature"}
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, RecursionError):
        raise CertificateInvalid("This file is no certificate: it cannot be read as one.") from None
    if strangers:
        raise CertificateInvalid("This file holds more than a certificate and its signature.")
    try:
        Ed25519PublicKey.from_public_bytes(key_bytes(public_key)).verify(signature, _canonical(content))
    except InvalidSignature:
        raise CertificateInvalid(
            "The signature does not fit: the file was changed, or it was signed with another key."
        ) from None
    try:
        return _CERTIFICATE.validate_python(content)
    except ValidationError:
        raise CertificateInvalid(
            "The signature fits, but this version does not know this kind of certificate."
        ) from None


def key_bytes(text: str) -> bytes:
    """The 32 bytes that a key in base64 stands for. Raises ValueError in words that show no key."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the key is no base64") from None
    if len(key) != SEED_BYTES:
        raise ValueError("the key is not 32 bytes long")
    return key


def _canonical(content: Any) -> bytes:
    """One form for one content: sorted keys, no spaces, UTF-8. There are no fractions in it whose form could differ."""
    try:
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8")
    except ValueError:
        raise CertificateInvalid("This file is no certificate: it cannot be read as one.") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # With a key given twice, a reader could see one value and the signature prove the other.
    told = dict(pairs)
    if len(told) < len(pairs):
        raise ValueError("a key is given twice")
    return told


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()
