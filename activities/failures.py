"""What a gateway's failure means for an effect: the one place that says which are final."""

from mentoring_lifecycle.activities.ports import (
    CalendarDelayed,
    CalendarRefused,
    Claim,
    GatewayError,
    LedgerState,
    MailDelayed,
    MailRefused,
)
from mentoring_lifecycle.contracts.deliveries import ADDRESS_GONE, Delivery, Outcome

_FINAL = {
    LedgerState.ACCEPTED: Outcome.ACCEPTED,
    LedgerState.SUPPRESSED: Outcome.SUPPRESSED,
    LedgerState.EXPIRED: Outcome.EXPIRED,
    LedgerState.FAILED: Outcome.FAILED,
    LedgerState.UNKNOWN: Outcome.UNKNOWN,
    LedgerState.CLAIMED: Outcome.DELAYED,
}


def standing_of(key: str, claim: Claim) -> Delivery:
    """The result of an effect whose claim was not granted: it stands where the ledger says."""
    return Delivery(key, _FINAL[claim.state], claim.reason)


def result_of(key: str, failure: GatewayError) -> Delivery:
    """The result of an effect that a gateway could not bring about."""
    if isinstance(failure, MailDelayed | CalendarDelayed):
        seconds = int(failure.retry_after.total_seconds()) if failure.retry_after else 0
        return Delivery(key, Outcome.DELAYED, failure.reason, seconds)
    if isinstance(failure, MailRefused):
        # A bare status code is about the recipient; one about us or the message says so: `sender-550`, `message-554`.
        return Delivery(key, Outcome.FAILED, ADDRESS_GONE if failure.reason.isdigit() else failure.reason)
    if isinstance(failure, CalendarRefused):
        return Delivery(key, Outcome.FAILED, failure.reason)
    return Delivery(key, Outcome.UNKNOWN, failure.reason)
