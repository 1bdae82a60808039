"""Makes people's calendars show what the story says, and proves that nothing is left in them."""

from datetime import datetime, timedelta

from temporalio import activity

from mentoring_lifecycle.activities.failures import result_of, standing_of
from mentoring_lifecycle.activities.heartbeat import heartbeats
from mentoring_lifecycle.activities.ports import (
    Attendee,
    CalendarDelayed,
    CalendarGateway,
    GatewayError,
    LedgerGateway,
    LedgerState,
    LetterWriter,
    PeopleGateway,
    SessionEntry,
)
from mentoring_lifecycle.activities.stopping import raise_if_stopping
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.deliveries import CalendarOrder, Deliveries, Delivery, Outcome
from mentoring_lifecycle.domain.consequences import uid_prefix
from mentoring_lifecycle.domain.effects import CalendarEffect, KeepEntry, RemoveEntry, VerifyCalendar

LEASE = timedelta(minutes=3)


class CalendarActivities:
    """Calendar entries, from order to calendar server. Without a server every order is suppressed: mail tells all."""

    def __init__(
        self,
        people: PeopleGateway,
        ledger: LedgerGateway,
        writer: LetterWriter,
        calendar: CalendarGateway | None,
    ) -> None:
        self._people = people
        self._ledger = ledger
        self._writer = writer
        self._calendar = calendar

    @activity.defn(name=names.APPLY_CALENDAR)
    async def apply(self, order: CalendarOrder) -> Deliveries:
        """One result per change, in its order.

        Fails only when our own database is away or the worker is told to stop.
        """
        now = activity.info().started_time
        async with heartbeats():
            done = []
            for entry in order.entries:
                raise_if_stopping()
                done.append(await self.bring_about(order.relationship, entry, now))
            return Deliveries(tuple(done))

    async def bring_about(self, relationship: str, effect: CalendarEffect, now: datetime) -> Delivery:
        """One change, through the ledger; `now` judges leases and what is too late."""
        if self._calendar is None:
            return await self._drop(relationship, effect, LedgerState.SUPPRESSED, "no_calendar")
        if now > effect.not_after:
            return await self._drop(relationship, effect, LedgerState.EXPIRED, "late")
        # Asking a calendar again is always safe: the entry is compared before it is written.
        claim = await self._ledger.claim(
            effect.key, relationship=relationship, purpose=effect.kind, lease=LEASE, again_if_unknown=True, now=now
        )
        if not claim.granted:
            return standing_of(effect.key, claim)
        try:
            await self._change(self._calendar, relationship, effect)
        except GatewayError as failure:
            return await self._settle_failure(effect, claim.token, failure)
        await self._ledger.settle(effect.key, claim.token, LedgerState.ACCEPTED)
        return Delivery(effect.key, Outcome.ACCEPTED)

    async def _drop(self, relationship: str, effect: CalendarEffect, state: LedgerState, reason: str) -> Delivery:
        await self._ledger.record(
            effect.key, relationship=relationship, purpose=effect.kind, state=state, reason=reason
        )
        return Delivery(effect.key, Outcome(state.value), reason)

    async def _settle_failure(self, effect: CalendarEffect, token: int, failure: GatewayError) -> Delivery:
        result = result_of(effect.key, failure)
        if result.outcome is Outcome.DELAYED:
            await self._ledger.release(effect.key, token)
        else:
            await self._ledger.settle(effect.key, token, LedgerState.FAILED, reason=failure.reason)
        return result

    async def _change(self, calendar: CalendarGateway, relationship: str, effect: CalendarEffect) -> None:
        if isinstance(effect, KeepEntry):
            if entry := await self._entry(relationship, effect):
                await calendar.keep(effect.person, entry)
        elif isinstance(effect, RemoveEntry):
            await calendar.remove(effect.person, effect.uid)
        else:
            await _leave_nothing(calendar, relationship, effect)

    async def _entry(self, relationship: str, effect: KeepEntry) -> SessionEntry | None:
        owner, partner = await self._people.find(effect.person), await self._people.find(effect.partner)
        if owner is None or partner is None:
            return None
        words = self._writer.entry_words(
            relationship=relationship,
            session=effect.session,
            starts_at=effect.starts_at,
            zone=effect.zone,
            reader=owner,
            partner=partner,
        )
        pair = sorted((owner, partner), key=lambda each: each.id)
        return SessionEntry(
            uid=effect.uid,
            revision=effect.revision,
            stamped_at=effect.decided_at,
            starts_at=effect.starts_at,
            ends_at=effect.ends_at,
            title=words.calendar_title,
            description=words.calendar_description,
            attendees=tuple(Attendee(person.name, person.email) for person in pair),
        )


async def _leave_nothing(calendar: CalendarGateway, relationship: str, effect: VerifyCalendar) -> None:
    prefix = uid_prefix(relationship)
    for uid in await calendar.upcoming(effect.person, prefix, effect.after):
        await calendar.remove(effect.person, uid)
    if await calendar.upcoming(effect.person, prefix, effect.after):
        raise CalendarDelayed("entries_left")
