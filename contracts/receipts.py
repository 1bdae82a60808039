"""The receipt of an anonymous report: a random code that alone leads back to it.

The code stays with whoever reported. From it follow, under labels that keep them apart, the id of the case and a key;
the case keeps a digest of the key, so that nothing that is stored anywhere tells the code.
"""

import uuid
from dataclasses import dataclass, field
from functools import reduce
from hashlib import sha256

from mentoring_lifecycle.domain.cases.locks import lock_of
from mentoring_lifecycle.domain.rejections import Refusal, Rejection

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: nothing in it is taken for another letter or digit."""
CHANCE_BYTES = 17
"""How much chance a receipt is made of; 135 bits of it are used."""

_SYMBOLS = 27
_GROUP = 4
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None, "\t": None, "\n": None, "\r": None})
_LONGEST = 100
"""Of what is read at all: a code with generous spaces."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an anonymous reporter keeps. Printed or logged as a whole it does not show its code."""

    code: str = field(repr=False)
    """In groups, for people: `7K3D-…`."""

    @property
    def case(self) -> str:
        """The id of the case. It looks like any other, so that no list tells which reports are anonymous."""
        return str(uuid.UUID(bytes=self._derived("case")[:16], version=4))

    @property
    def key(self) -> str:
        """What proves to the case that the code is known."""
        return self._derived("key").hex()

    @property
    def lock(self) -> str:
        """What the case keeps of the key."""
        return lock_of(self.key)

    def _derived(self, label: str) -> bytes:
        return sha256(f"mentoring-lifecycle/receipt/{label}\n{_plain(self.code)}".encode()).digest()


def receipt_from(chance: bytes) -> Receipt:
    """The receipt that these random bytes make; CHANCE_BYTES of them are needed."""
    assert len(chance) == CHANCE_BYTES, "a receipt of less chance could be guessed"
    number = int.from_bytes(chance)
    symbols = [number >> 5 * place & 31 for place in range(_SYMBOLS)]
    text = "".join(ALPHABET[symbol] for symbol in (*symbols, _check(symbols)))
    return Receipt("-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP)))


def read_receipt(text: str) -> Receipt | Rejection:
    """The receipt that somebody types: in either case, with any spaces and dashes, O for 0 and I or L for 1.

    One wrong symbol, or two that changed places, are a typo and told as one; whether there is a case is not known here.
    """
    plain = _plain(text) if len(text) <= _LONGEST else ""
    if len(plain) != _SYMBOLS + 1 or not set(plain) <= set(ALPHABET):
        return Rejection(Refusal.RECEIPT_TYPO)
    *symbols, check = (ALPHABET.index(symbol) for symbol in plain)
    if _check(symbols) != check:
        return Rejection(Refusal.RECEIPT_TYPO)
    return Receipt("-".join(plain[start : start + _GROUP] for start in range(0, len(plain), _GROUP)))


def _plain(text: str) -> str:
    return text.upper().translate(_READ_AS)


def _check(symbols: list[int]) -> int:
    """A polynomial over GF(32): every symbol weighs differently, up to 31 of them."""
    return reduce(lambda sum_, symbol: _times_two(sum_ ^ symbol), symbols, 0)


def _times_two(symbol: int) -> int:
    return symbol << 1 ^ (0b100101 if symbol & 16 else 0)
