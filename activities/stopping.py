"""What a call of several effects does when its worker is told to stop: finish the one under way, and begin none."""

from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory


def raise_if_stopping() -> None:
    """Called before each effect is begun.

    The call fails then, and another worker repeats it at once: what was done is known to the ledger.
    """
    if activity.is_worker_shutdown():
        raise ApplicationError(
            "the worker was told to stop; another one goes on",
            type="WorkerStopping",
            next_retry_delay=timedelta(seconds=1),
            category=ApplicationErrorCategory.BENIGN,
        )
