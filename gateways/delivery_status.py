"""What a mail server says became of a mail (RFC 3464 delivery status notifications): from a part to values."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser

from mentoring_lifecycle.domain.commands import AddressNews

MOST_RECIPIENTS = 50
LARGEST = 64 * 1024

_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_FULL_AGAIN_SOON = frozenset({"5.2.2", "5.4.7"})
"""A full mailbox, and a server that was away for too long: said as if for good, and mended by time all the same."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of the mail to one recipient."""

    addresses: tuple[str, ...]
    """Where it was sent and where it was going when it failed, case-folded."""
    news: AddressNews | None
    """None: nothing is wrong (delivered, relayed, expanded), or nothing can be made of it."""


def fates(part: Message) -> tuple[Fate, ...]:
    """What a `message/delivery-status` part tells, one per recipient. May raise on what no mail server writes."""
    told = [fate for block in _blocks(part) if (fate := _fate(block))]
    return tuple(told[:MOST_RECIPIENTS])


def text_of(part: Message) -> str:
    """The whole part as text, for telling two reports apart."""
    return "\n\n".join("\n".join(f"{name}: {value}" for name, value in block.items()) for block in _blocks(part))


def _blocks(part: Message) -> Iterator[Message]:
    """Its groups of fields; the parser has made messages of them, or left the later ones in the text of the first."""
    payload = part.get_payload()
    texts = [payload] if isinstance(payload, str) else []
    for block in payload if isinstance(payload, list) else ():
        if isinstance(block, Message):
            yield block
            rest = block.get_payload()
            texts += [rest] if isinstance(rest, str) else []
    for text in texts:
        for group in re.split(r"\r?\n[ \t]*\r?\n", text[:LARGEST])[: MOST_RECIPIENTS + 1]:
            yield HeaderParser().parsestr(group.lstrip())


def _fate(block: Message) -> Fate | None:
    addresses = tuple(
        dict.fromkeys(
            address for name in ("Final-Recipient", "Original-Recipient") if (address := _address(block.get(name)))
        )
    )
    action = str(block.get("Action", "")).partition("(")[0].strip().casefold()
    return Fate(addresses, _news(action, _status(block))) if addresses and action else None


def _address(value: object) -> str:
    _, _, address = str(value or "").partition(";")
    folded = re.sub(r"\(.*?\)", "", address[:1000]).strip().strip("<>").casefold()
    return folded if "@" in folded else ""


def _status(block: Message) -> str:
    """The status, or what the other server said where the status is missing."""
    for name in ("Status", "Diagnostic-Code"):
        if found := _STATUS.search(str(block.get(name, ""))[:1000]):
            return ".".join(found.groups())
    return ""


def _news(action: str, status: str) -> AddressNews | None:
    if action == "delayed":
        return AddressNews.SOFT
    if action != "failed" or status[:1] not in {"4", "5"}:
        return None
    return AddressNews.SOFT if status[0] == "4" or status in _FULL_AGAIN_SOON else AddressNews.FAILED
