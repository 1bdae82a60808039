"""How a refused command travels from the workflow to whoever asked, and back into words."""

from temporalio.exceptions import ApplicationError

from mentoring_lifecycle.contracts.names import REJECTED
from mentoring_lifecycle.domain.rejections import Refusal, Rejection


def refusal_error(rejection: Rejection) -> ApplicationError:
    """The one error that leaves a handler: the code and what its sentence names travel as details."""
    return ApplicationError(
        rejection.message(), rejection.code.value, rejection.detail, type=REJECTED, non_retryable=True
    )


def rejection_in(error: BaseException | None) -> Rejection | None:
    """The rejection that an error carries, or None for any other error."""
    if not isinstance(error, ApplicationError) or error.type != REJECTED:
        return None
    code, detail = error.details
    return Rejection(Refusal(code), detail)
