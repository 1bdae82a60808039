"""Who stands before a validator: proves the claim that came with a command.

The keys stay outside of the sandbox. A claim is proven in validators and queries alone, which no replay runs again, so
a change of keys or of the time of day changes no history.
"""

from typing import Any

from temporalio import workflow
from temporalio.worker import Interceptor, WorkflowInboundInterceptor, WorkflowInterceptorClassInput

with workflow.unsafe.imports_passed_through():
    from mentoring_lifecycle.contracts.claims import Claim, ClaimKeys, Request
    from mentoring_lifecycle.contracts.refusals import refusal_error
    from mentoring_lifecycle.domain.rejections import Refusal, Rejection

_PROVE = "mentoring_prove_claim"


class Doorkeeper(Interceptor):
    """Belongs on every worker of ours. Without keys everybody is believed, as long as nobody says otherwise."""

    def __init__(self, keys: ClaimKeys | None) -> None:
        self._keys = keys

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 -- the SDK's name
    ) -> type[WorkflowInboundInterceptor] | None:
        """Nothing is intercepted; the proof is made callable from within."""
        input.unsafe_extern_functions[_PROVE] = self._prove
        return None

    def _prove(self, token: str, request: Request, by: str) -> Claim | Rejection | None:
        """The proven claim, or a refusal; None where nobody asks for claims."""
        if self._keys is None:
            return None
        claim = self._keys.prove(token, request)
        return claim if claim and claim.person == by else Rejection(Refusal.NOT_SIGNED)


def proof_of(token: str, *, by: str, name: str, command: Any = None) -> Claim | Rejection | None:
    """The claim of whoever asks, or a refusal; None where nobody asks for claims. For validators and queries.

    A worker without a doorkeeper fails here with a KeyError: it lets nobody in, and its operator hears of it.
    """
    update = workflow.current_update_info() if command is not None else None
    request = Request(workflow.info().workflow_id, name, update.id if update else "", command)
    answer: Claim | Rejection | None = workflow.extern_functions()[_PROVE](token, request, by)
    return answer


def proven(token: str, *, by: str, name: str, command: Any) -> Claim | None:
    """The same for validators, which raise the refusal."""
    answer = proof_of(token, by=by, name=name, command=command)
    if isinstance(answer, Rejection):
        raise refusal_error(answer)
    return answer


def refused_unproven(token: str, *, by: str, name: str) -> Rejection | None:
    """The same for queries, which answer with the refusal: of an error under a key nothing but its shell arrives."""
    answer = proof_of(token, by=by, name=name)
    return answer if isinstance(answer, Rejection) else None
