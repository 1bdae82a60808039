"""The namespace and its search attributes, registered alike on every cluster; done twice it changes nothing."""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import timedelta
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

RETENTION = timedelta(days=30)

_POLL_SECONDS = 0.05
_REFUSALS = {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED, RPCStatusCode.UNIMPLEMENTED}
_Answer = TypeVar("_Answer")


class SetupFailed(Exception):
    """A namespace could not be made ready; the message says what to do."""


async def set_up_namespace(
    client: Client,
    search_attributes: Mapping[str, IndexedValueType.ValueType],
    *,
    retention: timedelta = RETENTION,
    within: float = 60,
) -> None:
    """Register the client's namespace and these search attributes where missing; return when both can be used.

    `retention` says how long closed workflows stay readable; a namespace that exists keeps its own. `within` is in
    seconds. Raises SetupFailed when an attribute exists with another type, when the cluster does not let this client
    register things, or when they are not usable in time.
    """
    namespace = client.namespace
    if not await _exists(client):
        await _permitted(_register(client, retention), f"register the namespace {namespace!r}")
    try:
        async with asyncio.timeout(within):
            await _until_usable(client, "")
            await _permitted(_add_missing(client, search_attributes), f"add search attributes to {namespace!r}")
            await _until_usable(client, " AND ".join(f"{name} IS NULL" for name in search_attributes))
    except TimeoutError:
        raise SetupFailed(
            f"The cluster did not make the namespace {namespace!r} and its search attributes usable within "
            f"{within:g} seconds. Run the setup again: it continues where this one stopped."
        ) from None


async def _exists(client: Client) -> bool:
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True


async def _register(client: Client, retention: timedelta) -> None:
    kept = Duration()
    kept.FromTimedelta(retention)
    request = RegisterNamespaceRequest(namespace=client.namespace, workflow_execution_retention_period=kept)
    try:
        await client.workflow_service.register_namespace(request)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:  # somebody else was quicker
            raise


async def _add_missing(client: Client, wanted: Mapping[str, IndexedValueType.ValueType]) -> None:
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    existing = {**listed.system_attributes, **listed.custom_attributes}
    for name, kind in wanted.items():
        if existing.get(name, kind) != kind:
            raise SetupFailed(
                f"The search attribute {name} of namespace {client.namespace!r} has the type {_name(existing[name])}, "
                f"and {_name(kind)} is needed. Remove it there, or choose another namespace."
            )
    if missing := {name: kind for name, kind in wanted.items() if name not in existing}:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )


async def _until_usable(client: Client, query: str) -> None:
    """Every server process reads its list of namespaces and attributes anew now and then only."""
    while True:
        try:
            await client.count_workflows(query)
        except RPCError as error:
            if error.status not in {RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT}:
                raise
        else:
            return
        await asyncio.sleep(_POLL_SECONDS)


async def _permitted(call: Awaitable[_Answer], what: str) -> _Answer:
    try:
        return await call
    except RPCError as error:
        if error.status not in _REFUSALS:
            raise
        raise SetupFailed(
            f"The cluster does not let this client {what}: {error.message}. "
            "Let an operator of the cluster do it (in Temporal Cloud: the web console), then run the setup again."
        ) from None


def _name(kind: IndexedValueType.ValueType) -> str:
    return IndexedValueType.Name(kind).removeprefix("INDEXED_VALUE_TYPE_").title().replace("_", "")
