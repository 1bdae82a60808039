from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from mentoring_lifecycle.embedded.namespaces import SetupFailed, _permitted, set_up_namespace
from mentoring_lifecycle.embedded.server import EmbeddedTemporal

KEYWORD = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
DATETIME = IndexedValueType.INDEXED_VALUE_TYPE_DATETIME
ATTRIBUTES = {"MentoringPhase": KEYWORD, "MentoringNextDueAt": DATETIME}


async def _client(temporal: EmbeddedTemporal, namespace: str) -> Client:
    return await Client.connect(temporal.address, namespace=namespace)


async def _retention(client: Client) -> timedelta:
    found = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    return found.config.workflow_execution_retention_ttl.ToTimedelta()


async def _attributes(client: Client) -> dict[str, int]:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    return dict((await client.operator_service.list_search_attributes(request)).custom_attributes)


async def test_a_fresh_namespace_can_be_used_at_once(temporal: EmbeddedTemporal) -> None:
    """When setup returns, a workflow can be started with every attribute and found by it."""
    client = await _client(temporal, "fresh")
    await set_up_namespace(client, ATTRIBUTES)
    phase, due = SearchAttributeKey.for_keyword("MentoringPhase"), SearchAttributeKey.for_datetime("MentoringNextDueAt")
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(phase, "ONBOARDING"),
        SearchAttributePair(due, datetime.now(UTC)),
    ]
    await client.start_workflow("any", id="one", task_queue="none", search_attributes=TypedSearchAttributes(pairs))
    assert (await client.count_workflows("MentoringPhase = 'CLOSED' AND MentoringNextDueAt IS NOT NULL")).count == 0


async def test_setup_twice_changes_nothing(temporal: EmbeddedTemporal) -> None:
    """Running the setup again is safe, and an existing retention is not touched."""
    client = await _client(temporal, "twice")
    await set_up_namespace(client, ATTRIBUTES, retention=timedelta(days=45))
    await set_up_namespace(client, ATTRIBUTES, retention=timedelta(days=3))
    assert await _retention(client) == timedelta(days=45)
    assert await _attributes(client) == ATTRIBUTES


async def test_a_namespace_keeps_closed_workflows_for_30_days(temporal: EmbeddedTemporal) -> None:
    """30 days is what is asked for when nothing is said."""
    client = await _client(temporal, "default-retention")
    await set_up_namespace(client, {})
    assert await _retention(client) == timedelta(days=30)


async def test_a_new_attribute_is_added_to_an_existing_namespace(temporal: EmbeddedTemporal) -> None:
    """An upgrade that needs one attribute more gets it from the same setup."""
    client = await _client(temporal, "grown")
    await set_up_namespace(client, {"MentoringPhase": KEYWORD})
    await set_up_namespace(client, ATTRIBUTES)
    assert await _attributes(client) == ATTRIBUTES


async def test_an_attribute_of_another_type_is_told(temporal: EmbeddedTemporal) -> None:
    """A clash of types is an error that names the attribute, both types and the way out."""
    client = await _client(temporal, "clash")
    await set_up_namespace(client, {"MentoringPhase": DATETIME})
    with pytest.raises(SetupFailed, match=r"MentoringPhase of namespace 'clash' has the type Datetime, and Keyword is"):
        await set_up_namespace(client, ATTRIBUTES)
    assert await _attributes(client) == {"MentoringPhase": DATETIME}


async def test_a_cluster_that_refuses_is_told(temporal: EmbeddedTemporal) -> None:
    """Without permission the reader learns who can help."""

    async def refused() -> None:
        raise RPCError("Request unauthorized.", RPCStatusCode.PERMISSION_DENIED, b"")

    with pytest.raises(SetupFailed, match=r"does not let this client register it: Request unauthorized\.\. Let an op"):
        await _permitted(refused(), "register it")


async def test_setup_that_takes_too_long_is_told(temporal: EmbeddedTemporal) -> None:
    """A cluster that is slow to take notice ends in words, and the setup can be run again."""
    client = await _client(temporal, "slow")
    with pytest.raises(SetupFailed, match=r"within 0 seconds\. Run the setup again"):
        await set_up_namespace(client, ATTRIBUTES, within=0)
    await set_up_namespace(client, ATTRIBUTES)
