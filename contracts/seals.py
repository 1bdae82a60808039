"""Whose hold or block it is, told by a seal: whoever shows the same one may take it back, and nobody learns who it is.

A seal has one form, whoever stands behind it: the programme team, or a case. Without the key it tells nothing, not even
whether two relationships were held by the same.
"""

import hashlib
import hmac


class Seals:
    """Makes the seals of one installation. Without a key every seal is empty, and the whole team may lift any hold."""

    def __init__(self, key: bytes = b"") -> None:
        self._key = key

    @property
    def are_used(self) -> bool:
        """Whether it matters who places and lifts."""
        return bool(self._key)

    def of_hold(self, relationship: str, placer: str) -> str:
        """64 hex characters for this placer in this relationship; empty without a key."""
        return self._seal("hold", relationship, placer)

    def of_block(self, one: str, other: str, placer: str) -> str:
        """The same for two people who are kept apart, in either order."""
        return self._seal("block", *sorted((one, other)), placer)

    def _seal(self, *parts: str) -> str:
        # No part can hold the separator: ids are plain.
        return hmac.new(self._key, "|".join(parts).encode(), hashlib.sha256).hexdigest() if self._key else ""
