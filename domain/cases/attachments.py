"""What is attached to a report or a message: a reference to a store outside, which is never fetched from here."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mentoring_lifecycle.domain.rejections import Refusal, Rejection

MOST_ATTACHMENTS = 10
MOST_MEBIBYTES = 25
REFERENCE_LIMIT = 512

_OPAQUE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*")
_HTTPS = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?][A-Za-z0-9._~:/?#@!$&()*+,;=%\[\]-]*)?")
"""Nobody's name and password before the host, and nothing that markup could take for its own."""
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file, as whoever attached it declares it."""

    reference: str
    """An opaque id of the store, or an https URL."""
    media_type: str
    size_bytes: int
    sha256: str
    """In lower-case hexadecimal, so that whoever opens the file can tell that it is the one."""


def attachments_problem(attachments: tuple[Attachment, ...]) -> Rejection | None:
    """Why they cannot be taken, or None."""
    if len(attachments) > MOST_ATTACHMENTS:
        return Rejection(Refusal.TOO_MANY, str(MOST_ATTACHMENTS))
    return next((problem for each in attachments if (problem := _problem(each))), None)


def _problem(attachment: Attachment) -> Rejection | None:
    if not _is_reference(attachment.reference):
        return Rejection(Refusal.BAD_ATTACHMENT, "reference")
    if not _MEDIA_TYPE.fullmatch(attachment.media_type):
        return Rejection(Refusal.BAD_ATTACHMENT, "media_type")
    if not _SHA256.fullmatch(attachment.sha256):
        return Rejection(Refusal.BAD_ATTACHMENT, "sha256")
    if attachment.size_bytes < 1:
        return Rejection(Refusal.BAD_ATTACHMENT, "size_bytes")
    if attachment.size_bytes > MOST_MEBIBYTES * 2**20:
        return Rejection(Refusal.ATTACHMENT_TOO_LARGE, str(MOST_MEBIBYTES))
    return None


def _is_reference(text: str) -> bool:
    # A scheme other than https would pass for an opaque id.
    pattern = _HTTPS if "://" in text else _OPAQUE_ID
    return len(text) <= REFERENCE_LIMIT and pattern.fullmatch(text) is not None


def kept_bytes(attachments: Iterable[Attachment]) -> int:
    """How much they take beside the words, as far as it grows with what is written in them."""
    return sum(len(each.reference) + len(each.media_type) + len(each.sha256) for each in attachments)
