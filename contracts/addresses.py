"""What a person's name and address may hold, wherever they come from and wherever they go."""

import re
import unicodedata
from enum import StrEnum

from email_validator import EmailNotValidError, validate_email

NAME_LENGTH = 120
ADDRESS_LENGTH = 254

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_TURNS_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Python's own mail classes decode an encoded word inside a name and so plant the header it hides (CVE-2024-6923).
_ENCODED_WORD = "=?"


class TextFault(StrEnum):
    """Why a name or an address is refused."""

    NAME_EMPTY = "name_empty"
    NAME_TOO_LONG = "name_too_long"
    NAME_UNPRINTABLE = "name_unprintable"
    NAME_DIRECTION = "name_direction"
    NAME_ENCODED_WORD = "name_encoded_word"
    ADDRESS_EMPTY = "address_empty"
    ADDRESS_TOO_LONG = "address_too_long"
    ADDRESS_NOT_ASCII = "address_not_ascii"
    ADDRESS_ENCODED_WORD = "address_encoded_word"
    ADDRESS_MALFORMED = "address_malformed"


_SENTENCES = {
    TextFault.NAME_EMPTY: "The name is empty.",
    TextFault.NAME_TOO_LONG: f"The name is longer than {NAME_LENGTH} characters.",
    TextFault.NAME_UNPRINTABLE: "The name holds an invisible control character or a line break; type it again.",
    TextFault.NAME_DIRECTION: "The name holds an invisible character that turns the writing direction; type it again.",
    TextFault.NAME_ENCODED_WORD: "The name holds the characters =? in a row, which mail programs misread; remove them.",
    TextFault.ADDRESS_EMPTY: "The e-mail address is empty.",
    TextFault.ADDRESS_TOO_LONG: f"The e-mail address is longer than {ADDRESS_LENGTH} characters.",
    TextFault.ADDRESS_NOT_ASCII: "The part of the e-mail address before the @ may hold only plain letters without "
    "accents, digits and signs.",
    TextFault.ADDRESS_ENCODED_WORD: "The e-mail address holds the characters =? in a row, which mail programs misread.",
    TextFault.ADDRESS_MALFORMED: "This is not one complete e-mail address; it should look like name@example.org.",
}


class TextRefused(ValueError):
    """A name or an address that must not be stored or mailed; the message never repeats the text."""

    def __init__(self, code: TextFault) -> None:
        super().__init__(_SENTENCES[code])
        self.code = code


def checked_name(text: str) -> str:
    """The name in Unicode NFC, safe in a mail header and a calendar entry. Raises TextRefused."""
    name = unicodedata.normalize("NFC", text)
    if not name.strip(" "):
        raise TextRefused(TextFault.NAME_EMPTY)
    if len(name) > NAME_LENGTH:
        raise TextRefused(TextFault.NAME_TOO_LONG)
    if _UNPRINTABLE.search(name):
        raise TextRefused(TextFault.NAME_UNPRINTABLE)
    if _TURNS_DIRECTION.search(name):
        raise TextRefused(TextFault.NAME_DIRECTION)
    if _ENCODED_WORD in name:
        raise TextRefused(TextFault.NAME_ENCODED_WORD)
    return name


def checked_address(text: str, *, smtputf8: bool = False) -> str:
    """One bare address, its domain lower-case and as IDNA A-labels; no DNS is asked. Raises TextRefused.

    Without `smtputf8` (the mail server takes non-ASCII local parts) only an ASCII local part is accepted.
    """
    if not text:
        raise TextRefused(TextFault.ADDRESS_EMPTY)
    if len(text) > ADDRESS_LENGTH:
        raise TextRefused(TextFault.ADDRESS_TOO_LONG)
    try:
        valid = validate_email(text, check_deliverability=False, test_environment=True, strict=True)
    except (EmailNotValidError, UnicodeError):
        raise TextRefused(TextFault.ADDRESS_MALFORMED) from None  # the cause would quote the address
    if valid.ascii_local_part is None and not smtputf8:
        raise TextRefused(TextFault.ADDRESS_NOT_ASCII)
    address = f"{valid.local_part}@{valid.ascii_domain}"
    if _ENCODED_WORD in address:
        raise TextRefused(TextFault.ADDRESS_ENCODED_WORD)
    return address
