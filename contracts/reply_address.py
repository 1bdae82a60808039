"""The form of the secret addresses at which people's calendars and mail servers answer.

A template such as `mentoring+{token}@mentoring.example` becomes one address per relationship and person. The token
is the secret: whoever knows it has been written to there.
"""

import base64
import re
import secrets

from mentoring_lifecycle.contracts.addresses import TextRefused, checked_address

TOKEN_BYTES = 10
TOKEN_LENGTH = 16
LOCAL_PART_LENGTH = 64
_PLACE = "{token}"
_TOKEN = re.compile(rf"[a-z2-7]{{{TOKEN_LENGTH}}}")


class UnusableReplyTemplate(ValueError):
    """The template does not give addresses; the message says why."""


def new_token() -> str:
    """80 random bits, in letters and digits that survive any change of case."""
    return base64.b32encode(secrets.token_bytes(TOKEN_BYTES)).decode("ascii").lower()


class ReplyTemplate:
    """Turns tokens into addresses and back. Raises UnusableReplyTemplate."""

    def __init__(self, template: str) -> None:
        local, _, _domain = template.rpartition("@")
        if template.count(_PLACE) != 1 or _PLACE not in local:
            raise UnusableReplyTemplate("must hold {token} exactly once, before the @")
        if len(local) - len(_PLACE) + TOKEN_LENGTH > LOCAL_PART_LENGTH:
            raise UnusableReplyTemplate(
                f"leaves more than {LOCAL_PART_LENGTH} characters before the @ once {{token}} has become {TOKEN_LENGTH}"
            )
        try:
            checked = checked_address(template.replace(_PLACE, "a" * TOKEN_LENGTH))
        except TextRefused as refused:
            raise UnusableReplyTemplate(f"gives no address: {str(refused).rstrip('.')}") from None
        before, _, after = local.partition(_PLACE)
        self._local, self._domain = (before, after), checked.rpartition("@")[2]

    def address(self, token: str) -> str:
        """The address of a token."""
        before, after = self._local
        return f"{before}{token}{after}@{self._domain}"

    def token_in(self, address: str) -> str:
        """The token of an address in any case, or nothing where it is not of this form."""
        start, end = self.address(_PLACE).lower().split(_PLACE)
        folded = address.lower()
        token = folded.removeprefix(start).removesuffix(end)
        fits = folded == f"{start}{token}{end}" and _TOKEN.fullmatch(token)
        return token if fits else ""
