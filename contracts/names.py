"""Names and ids that several processes must agree on, each id beside its inverse."""

import re

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.common import SearchAttributeKey

RELATIONSHIP = "MentoringRelationship"
CASE = "Case"
"""Neutral on purpose: workflow types are read by everybody with access to the operator's pages."""

DELIVER_LETTERS = "letters.deliver"
APPLY_CALENDAR = "calendar.apply"
FIND_SLOTS = "schedule.find_slots"
PROPOSE_SLOTS = "schedule.propose_slots"
APPEND_JOURNAL = "journal.append"
APPLY_MEASURE = "case.apply_measure"
APPEND_CASE_AUDIT = "case.append"
ACT_ON_CASE = "act"
"""The one Update of a case: which step it is, is read under the key alone."""
HAND_OVER = "hand_over"
"""The Update by which a relationship leaves for another installation; an operator's, and no act of the story."""
RESOLVE_INSTANTS = "case.resolve_instants"

REJECTED = "CommandRejected"
"""Type of the one error that leaves an Update: details are the catalogue code and what the sentence names."""

PHASE = SearchAttributeKey.for_keyword("MentoringPhase")
STANDING = SearchAttributeKey.for_keyword("MentoringStanding")
HEALTH = SearchAttributeKey.for_keyword("MentoringHealth")
PROGRAMME = SearchAttributeKey.for_keyword("MentoringProgramme")
AWAITING = SearchAttributeKey.for_keyword("MentoringAwaiting")
NEXT_DUE_AT = SearchAttributeKey.for_datetime("MentoringNextDueAt")

SEARCH_ATTRIBUTES = (PHASE, STANDING, HEALTH, PROGRAMME, AWAITING, NEXT_DUE_AT)
"""All that a namespace needs; closed sets but for the programme's code and an instant."""

SEARCH_ATTRIBUTE_TYPES = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in SEARCH_ATTRIBUTES}
"""The same as the server wants them when they are registered."""

IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a person's, programme's or relationship's id looks like."""

_RELATIONSHIP_PREFIX = "relationship/"
_CASE_PREFIX = "case/"


def mail_queue_of(task_queue: str) -> str:
    """The queue of the letters of what waits on a task queue."""
    return f"{task_queue}-mail"


def relationship_workflow_id(relationship: str) -> str:
    """The workflow id of a relationship."""
    return f"{_RELATIONSHIP_PREFIX}{relationship}"


def relationship_of(workflow_id: str) -> str:
    """The relationship of a workflow id; the inverse of `relationship_workflow_id`."""
    return workflow_id.removeprefix(_RELATIONSHIP_PREFIX)


def case_workflow_id(case: str) -> str:
    """The workflow id of a case."""
    return f"{_CASE_PREFIX}{case}"


def case_of(workflow_id: str) -> str:
    """The case of a workflow id; the inverse of `case_workflow_id`."""
    return workflow_id.removeprefix(_CASE_PREFIX)


def is_identifier(text: str) -> bool:
    """Whether a text may be an id: it ends up in workflow ids, UIDs and links, so it is kept plain."""
    return IDENTIFIER.fullmatch(text) is not None
