"""Who asks for something, and by which way, as the calling service vouches for it and the workflow's worker proves it.

A claim is a JSON Web Token (RFC 7519, HS256). It holds for one command in one workflow under one command id, for a few
minutes: whoever copies it can at most repeat what was done. Temporal itself lets every client of a namespace send every
Update to every workflow; with keys, what carries no claim of ours is refused in the validator and leaves no trace.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
from pydantic import TypeAdapter, ValidationError

from mentoring_lifecycle.domain.authorisation import Channel
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE

LASTS = timedelta(minutes=5)
"""From signing to the validator; whoever hears nothing within it signs anew."""
LEEWAY = timedelta(minutes=5)
"""Clocks of two machines may differ by so much."""
LONGEST_CLAIM = 2048
"""Characters; what is longer is none of ours."""

_ALGORITHM = "HS256"
_REQUIRED = ["sub", "way", "aud", "act", "jti", "say", "iat", "exp"]


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks (a person id; empty: somebody who proves by a receipt that a case is theirs) and by which way."""

    person: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class Request:
    """What a claim is signed for."""

    workflow_id: str
    name: str
    """Of the Update or the query."""
    command_id: str = ""
    content: Any = None
    """The command; None for a query."""

    @property
    def digest(self) -> str:
        """Of what the command says; what equals its default is left out, so that a newer side may know more fields."""
        if self.content is None:
            return ""
        said = TypeAdapter(type(self.content)).dump_json(self.content, exclude_defaults=True)
        return hashlib.sha256(said).hexdigest()


@dataclass(frozen=True, slots=True)
class ClaimKey:
    """One secret of a calling service."""

    secret: bytes
    channel: Channel | None = None
    """The one way that this key may vouch for; None: every way."""


class ClaimKeys:
    """Signs claims with one key of a keyring and proves claims of all of them, so that keys can be changed."""

    def __init__(self, keyring: Mapping[str, ClaimKey], active: str) -> None:
        self._keyring = dict(keyring)
        self._active = active

    def sign(self, claim: Claim, request: Request, *, at: datetime | None = None) -> str:
        """A token for this request, from now on (`at`, UTC) for as long as LASTS."""
        at = at or datetime.now(UTC)
        content = {
            "sub": claim.person,
            "way": claim.channel.value,
            "aud": request.workflow_id,
            "act": request.name,
            "jti": request.command_id,
            "say": request.digest,
            "iat": at,
            "exp": at + LASTS,
        }
        secret = self._keyring[self._active].secret
        return jwt.encode(content, secret, algorithm=_ALGORITHM, headers={"kid": self._active})

    def prove(self, token: str, request: Request) -> Claim | None:
        """Whose claim it is; None where it is not signed by us, not for this request, too old or too early."""
        if len(token) > LONGEST_CLAIM:
            return None
        try:
            key = self._keyring[jwt.get_unverified_header(token)["kid"]]
            said = jwt.decode(
                token,
                key.secret,
                algorithms=[_ALGORITHM],
                audience=request.workflow_id,
                leeway=LEEWAY,
                options={"require": _REQUIRED},
            )
            claim = Claim(said["sub"], Channel(said["way"]))
        except (jwt.InvalidTokenError, LookupError, TypeError, ValueError):
            return None
        is_for_it = (said["act"], said["jti"], said["say"]) == (request.name, request.command_id, request.digest)
        return claim if is_for_it and key.channel in (None, claim.channel) else None


def channel_of(by: str, own: Channel) -> Channel:
    """By which way a service speaks: for the office always as the office, whoever of it or whatever case asks."""
    return Channel.OFFICE if by == PROGRAMME_OFFICE and own is not Channel.MAIL else own


@dataclass(frozen=True, slots=True)
class Signer:
    """How one service signs; without keys it says nothing, and nobody asks."""

    keys: ClaimKeys | None = None
    channel: Channel = Channel.TOOL

    def arguments(self, command: Any, *, workflow_id: str, name: str, command_id: str) -> list[Any]:
        """What an Update is sent with: the command and its claim."""
        return [command, self.token(command.by, Request(workflow_id, name, command_id, command))]

    def token(self, by: str, request: Request) -> str:
        """For a request of this person; empty without keys."""
        if self.keys is None:
            return ""
        return self.keys.sign(Claim(by, channel_of(by, self.channel)), request)


def command_sent(kind: Any, sent: Any) -> Any:
    """The command of an Update that came without a claim. Raises ValueError, without a word of what was sent.

    The SDK heeds a handler's types only where their number fits, so that one argument arrives as it was read from JSON.
    """
    if not isinstance(sent, dict):
        return sent
    try:
        return _reader(kind).validate_python(sent)
    except ValidationError:
        raise ValueError("This is no command of ours.") from None


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
