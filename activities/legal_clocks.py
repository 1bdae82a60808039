"""When everything about a case is due: calendar months and working days in the zone whose law holds.

Zone rules change with every release of their data, so the workflow asks and carries the answer.
"""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from temporalio import activity

from mentoring_lifecycle.activities.clocks import valid_instant, zone_named
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.cases import InstantsOrder
from mentoring_lifecycle.domain.cases.events import Anchors, Instants
from mentoring_lifecycle.domain.cases.profile import Law, LegalProfile
from mentoring_lifecycle.domain.commands import Severity

LEGAL_ZONES = {Law.EU: "Europe/Brussels", Law.IT: "Europe/Rome", Law.US: "America/New_York"}
"""Where the days of a law are counted unless the installation says otherwise."""

_SATURDAY = 5


class LegalClockActivities:
    """Anchors to due instants."""

    @activity.defn(name=names.RESOLVE_INSTANTS)
    async def resolve(self, order: InstantsOrder) -> Instants:
        """Quick and sure: asks nobody, and a zone that is no longer known is taken for UTC."""
        return instants_of(order.anchors, order.profile, zone_named(order.zone) or ZoneInfo("UTC"))


def instants_of(anchors: Anchors, profile: LegalProfile, zone: ZoneInfo) -> Instants:
    """Every due instant (UTC) that follows from these anchors."""
    received, concluded, closed = anchors.received_at, anchors.concluded_at, anchors.closed_at
    in_danger = anchors.severity is Severity.S4
    at_most = days_later(received, profile.acknowledge_days_at_most, zone)
    acknowledge_by = received + timedelta(
        hours=profile.danger_acknowledge_hours if in_danger else profile.severe_acknowledge_hours
    )
    return Instants(
        acknowledge_by=acknowledge_by,
        acknowledge_at_most_by=at_most,
        triage_by=_triage_by(received, profile, zone, in_danger, acknowledge_by),
        feedback_by=months_later(min(anchors.acknowledged_at or at_most, at_most), profile.feedback_months, zone),
        watch_at=tuple(days_later(concluded, days, zone) for days in profile.watch_days) if concluded else (),
        kept_until=months_later(closed, profile.kept_months, zone) if closed else None,
        access_until=months_later(closed, profile.reporter_access_months, zone) if closed else None,
        status_by=days_later(anchors.status_at or received, profile.danger_status_days, zone),
    )


def _triage_by(
    received: datetime, profile: LegalProfile, zone: ZoneInfo, in_danger: bool, acknowledge_by: datetime
) -> datetime:
    days = profile.danger_triage_working_days if in_danger else profile.severe_triage_working_days
    return working_days_later(received, days, zone) if days else max(end_of_day(received, zone), acknowledge_by)


def days_later(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same local time so many days later."""
    return valid_instant(_local(instant, zone) + timedelta(days=days))


def working_days_later(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same local time so many working days later; Saturdays and Sundays of the zone do not count."""
    local = _local(instant, zone)
    while days:
        local += timedelta(days=1)
        days -= local.weekday() < _SATURDAY
    return valid_instant(local)


def end_of_day(instant: datetime, zone: ZoneInfo) -> datetime:
    """When the local day of an instant is over."""
    midnight = _local(instant, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return valid_instant(midnight + timedelta(days=1))


def months_later(instant: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The same local time and day so many calendar months later; the month's last day where it is shorter."""
    local = _local(instant, zone)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return valid_instant(local.replace(year=year, month=month + 1, day=day))


def may_be_reported(ended_at: datetime, now: datetime, profile: LegalProfile, zone: ZoneInfo) -> bool:
    """Whether a relationship that ended then can still be reported about."""
    return now <= months_later(ended_at, profile.report_months, zone)


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
    # The first of two equal local times: what is counted from either of them is then never a day apart.
    return instant.astimezone(UTC).astimezone(zone).replace(fold=0)
