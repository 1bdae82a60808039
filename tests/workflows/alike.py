"""Two histories side by side: what is left of them when ids, seals and times are replaced by what they are."""

import base64
import json
import re
from typing import Any

from google.protobuf.json_format import MessageToDict

from .life import Life, events_of

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-(\d)[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z| UTC|\+00:00)?")
_SEAL = re.compile(r"\b[0-9a-f]{64}\b")
_SPAN = re.compile(r"\d+(\.\d+)?s")
_STAMP = re.compile(r"\b\d{12}\b")
_CLOCKED = {"seconds", "secs", "nanos"}
_RUN_OF_ITS_OWN = _CLOCKED | {"eventTime", "taskId", "originalRunId", "historySizeBytes"}


def shape_of(value: Any, relationship: str) -> Any:
    """The value with ids and times replaced by what they are."""
    if isinstance(value, dict):
        opened = _payload(value)
        if opened is not value:
            return shape_of(opened, relationship)
        return {key: shape_of(each, relationship) for key, each in value.items() if key not in _RUN_OF_ITS_OWN}
    if isinstance(value, list):
        return [shape_of(each, relationship) for each in value]
    if isinstance(value, str):
        shaped = _SEAL.sub("SEAL", _UUID.sub(r"UUID\1", value.replace(relationship, "RELATIONSHIP")))
        return "SPAN" if _SPAN.fullmatch(shaped) else _STAMP.sub("STAMP", _INSTANT.sub("INSTANT", shaped))
    return value


def _payload(value: dict[str, Any]) -> Any:
    if set(value) == {"metadata", "data"}:
        try:
            return {"metadata": value["metadata"], "json": json.loads(base64.b64decode(value["data"]))}
        except ValueError:
            return value
    return value


async def since_the_hold(life: Life) -> list[Any]:
    """The update and everything after it, with the task in which it arrived."""
    events = [MessageToDict(event) for event in events_of([(await life.runs())[-1]])]
    held = next(n for n, event in enumerate(events) if "workflowExecutionUpdateAcceptedEventAttributes" in event)
    shapes = [shape_of({**event, "eventId": number}, life.id) for number, event in enumerate(events)]
    return shapes[held - 3 :]
