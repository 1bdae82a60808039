"""A relationship moves to another installation: out of one into a file, and out of the file into another.

At no moment do both run. A relationship that is told to leave begins nothing new, and its last run here ends with all
that the next one needs; from that on it runs nowhere until the file is imported. Whatever is cut off is begun again
with the same command: what has been left with stands in the history here, and an import is done once.
"""

import asyncio
import json
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.converter import PayloadCodec
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from mentoring_lifecycle.activities.ports import JournalGateway, PeopleGateway
from mentoring_lifecycle.contracts import names
from mentoring_lifecycle.contracts.claims import Signer
from mentoring_lifecycle.contracts.deliveries import JournalEntry, JournalTail
from mentoring_lifecycle.contracts.moves import (
    Belongings,
    Departure,
    HandOver,
    MovedRelationship,
    UnusableMove,
    sealed,
    unsealed,
)
from mentoring_lifecycle.contracts.refusals import rejection_in
from mentoring_lifecycle.contracts.shown import Shown
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE, Relationship
from mentoring_lifecycle.gateways.belongings_sql import EffectsUnderWay, SqlBelongings
from mentoring_lifecycle.gateways.departures_temporal import departure_in
from mentoring_lifecycle.starter.answers import ANSWER_WITHIN, NOBODY_ANSWERED, CommandRejected
from mentoring_lifecycle.starter.audit import Audit
from mentoring_lifecycle.starter.why_codes import Why
from mentoring_lifecycle.workflows.relationship import MentoringRelationship
from mentoring_lifecycle.workflows.showing import search_attributes

AT_REST_WITHIN = timedelta(minutes=10)
"""Twice as long as the slowest honest activity."""

_MOVE = "move"
"""In the memo of every run that goes on from an import: by which move it came."""
_LOOK_AGAIN = timedelta(seconds=1)


class MoveFailed(Exception):
    """A relationship could not be moved like this; the message says what to do. It is where it was."""


class MoveUnfinished(Exception):
    """A move has begun and is not done; the same command goes on with it."""

    def __init__(self, relationship: str, why: str) -> None:
        super().__init__(f"relationship/{relationship}: {why}. Repeat the same command: it goes on where it stopped.")


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of a move's half."""

    relationship: str
    move: str
    phase: str
    events: int
    """That the journal holds of it, or will."""
    encrypted: bool
    """Whether the file can be read with a key alone."""
    news: bool
    """False where the same had been done before."""


class Mover:
    """Both halves of a move. Each is audited, and may be repeated."""

    def __init__(
        self,
        client: Client,
        belongings: SqlBelongings,
        journal: JournalGateway,
        people: PeopleGateway,
        audit: Audit,
        *,
        task_queue: str,
        own_mail_queue: bool = True,
        codec: PayloadCodec | None = None,
        signer: Signer | None = None,
        told: Callable[[str], None] = lambda _: None,
    ) -> None:
        """All of them on this side. `codec` is that of `client`; without one a file is in clear text."""
        self._client = client
        self._belongings = belongings
        self._journal = journal
        self._people = people
        self._audit = audit
        self._task_queue = task_queue
        self._mail_queue = names.mail_queue_of(task_queue) if own_mail_queue else ""
        self._codec = codec
        self._signer = signer or Signer()
        self._told = told

    # --- out ----------------------------------------------------------------------------------------------------

    async def export(
        self, relationship: str, file: Path, *, by: str, why: Why, within: timedelta = AT_REST_WITHIN
    ) -> Moved:
        """Let a relationship leave, into a new file that only its owner may read.

        Raises CommandRejected where there is none or it has ended, MoveFailed where the file cannot be or the journal
        has a gap, and MoveUnfinished: nobody answered, or something stayed under way for too long.
        """
        async with self._audit.of("export_relationship", relationship, by=by, why=why) as act:
            deadline = asyncio.get_running_loop().time() + within.total_seconds()
            departure, left_at = await self._departed(relationship, file, deadline)
            known = await self._exported_before(file, departure)
            moved = known or await self._packed(departure, left_at, deadline)
            if not known:
                _write(file, await sealed(moved, self._codec))
            await self._belongings.leave(relationship)
            act.result = f"done: {departure.move}"
        return _told_of(moved, encrypted=_is_encrypted(file), news=not known)

    async def _departed(self, relationship: str, file: Path, deadline: float) -> tuple[Departure, datetime]:
        described = await self._described(relationship)
        if described is None:
            raise CommandRejected(Rejection(Refusal.UNKNOWN_RELATIONSHIP, relationship))
        if described.status is WorkflowExecutionStatus.RUNNING:
            _require_place(file)
            await self._ask_to_leave(relationship)
            described = await self._ended(relationship, deadline)
        departure = await departure_in(self._client, described)
        if departure is None:
            raise CommandRejected(Rejection(Refusal.CLOSED))
        return departure, described.close_time or datetime.now(UTC)

    async def _ask_to_leave(self, relationship: str) -> None:
        workflow_id, move = names.relationship_workflow_id(relationship), str(uuid.uuid4())
        said = self._signer.arguments(
            HandOver(PROGRAMME_OFFICE, move), workflow_id=workflow_id, name=names.HAND_OVER, command_id=move
        )
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            await handle.execute_update(names.HAND_OVER, args=said, id=move, rpc_timeout=ANSWER_WITHIN)
        except WorkflowUpdateFailedError as error:
            if rejection := rejection_in(error.cause):
                raise CommandRejected(rejection) from None
            raise
        except WorkflowUpdateRPCTimeoutOrCancelledError:
            raise MoveUnfinished(relationship, "no worker has answered, and it may leave once one does") from None
        except RPCError as error:
            if error.status in NOBODY_ANSWERED:
                raise MoveUnfinished(relationship, "nobody has answered, so it may or may not be leaving") from None
            if error.status is not RPCStatusCode.NOT_FOUND:  # it has just ended or left: who looks sees how
                raise

    async def _ended(self, relationship: str, deadline: float) -> WorkflowExecutionDescription:
        while (described := await self._described(relationship)) and (
            described.status is WorkflowExecutionStatus.RUNNING
        ):
            self._told("Waiting until nothing is under way ...")
            await _wait(deadline, relationship, "what is under way has not come back")
        assert described
        return described

    async def _packed(self, departure: Departure, left_at: datetime, deadline: float) -> MovedRelationship:
        state = departure.carried.state
        belongings = await self._at_rest(state, deadline)
        moved = MovedRelationship(state.id, departure.move, left_at, departure.carried, belongings)
        if [entry.sequence for entry in _entries(moved)] != list(range(1, state.sequence + 1)):
            raise MoveFailed(
                f"relationship/{state.id}: the journal lacks entries that the relationship has written. "
                "If the database was restored from a backup, restore a newer one, then repeat the same command."
            )
        return moved

    async def _at_rest(self, state: Relationship, deadline: float) -> Belongings:
        while True:
            try:
                return await self._belongings.read(state.id, _pair(state))
            except EffectsUnderWay as busy:
                self._told(f"Waiting, for {busy} ...")
            await _wait(deadline, state.id, "effects are still under way")

    async def _exported_before(self, file: Path, departure: Departure) -> MovedRelationship | None:
        """The same move in the same file, of a command that was cut off."""
        if not _is_there(file):
            return None
        found = await self._read(file)
        if (found.relationship, found.move) != (departure.carried.state.id, departure.move):
            raise MoveFailed(f"{file} holds another move. Nothing is overwritten: repeat with another file.")
        return found

    # --- in -----------------------------------------------------------------------------------------------------

    async def bring_in(self, file: Path, *, by: str, why: Why, back: bool = False) -> Moved:
        """Let a relationship go on here from a file, where it was.

        `back` takes it back to where it left from, if nobody has imported the file elsewhere, which cannot be seen
        here. Raises MoveFailed: unusable here, runs here already, or the file is older than what is known here; and
        CommandRejected for people whom the directory here does not know, or who have another open relationship.
        """
        moved = await self._read(file)
        async with self._audit.of("import_relationship", moved.relationship, by=by, why=why) as act:
            news = not await self._is_here(moved, back)
            if news:
                await self._require_fit(moved)
                await self._belongings.keep(_summary(moved), _pair(moved.carried.state), moved.belongings)
                await self._begin(moved)
            act.result = f"{'done' if news else 'done before'}: {moved.move}"
        return _told_of(moved, encrypted=_is_encrypted(file), news=news)

    async def _is_here(self, moved: MovedRelationship, back: bool) -> bool:
        """Whether it came by this move already. Raises MoveFailed where something else is in the way."""
        here = f"relationship/{moved.relationship}"
        described = await self._described(moved.relationship)
        if described is None:
            if await self._belongings.has_left(moved.relationship) and not back:
                raise MoveFailed(
                    f"{here} left from here, so long ago that the history no longer tells with which file. If it runs "
                    "nowhere else and has not ended elsewhere, let it go on here with --back. Nothing was changed."
                )
            return False
        if described.status is WorkflowExecutionStatus.RUNNING:
            if await described.memo_value(_MOVE, "") == moved.move:
                return True
            raise MoveFailed(f"{here} runs here already, and did not come by this file. Nothing was changed.")
        departure = await departure_in(self._client, described)
        if departure is None:
            raise MoveFailed(f"{here} has ended here. Nothing was changed.")
        if departure.move == moved.move and not back:
            raise MoveFailed(
                f"{here} left from here with this file. If the file was certainly imported nowhere else, "
                "take it back with --back; else it would run twice. Nothing was changed."
            )
        if departure.move != moved.move and departure.carried.moves >= moved.carried.moves:
            raise MoveFailed(f"{here} has left from here later than this file was written. Use the newer one.")
        return False

    async def _require_fit(self, moved: MovedRelationship) -> None:
        state, entries = moved.carried.state, _entries(moved)
        known = tuple(await self._journal.read(moved.relationship))
        if known != entries[: len(known)]:
            raise MoveFailed(
                f"relationship/{moved.relationship}: the journal here knows later events than the file, or this id is "
                "that of another relationship. Nothing was changed."
            )
        team = (state.coordinator, state.backup, state.contact)
        for person in [each for each in (*_pair(state), *team) if each and not known]:
            if await self._people.find(person) is None:
                raise CommandRejected(Rejection(Refusal.UNKNOWN_PERSON, person))
        if await self._belongings.open_elsewhere(state.id, state.programme, _pair(state)):
            raise CommandRejected(Rejection(Refusal.ALREADY_PAIRED))

    async def _begin(self, moved: MovedRelationship) -> None:
        # Queues are those of this installation: nobody here would serve the letters of the other's.
        carried = replace(moved.carried, mail_queue=self._mail_queue)
        try:
            await self._client.start_workflow(
                MentoringRelationship.run,
                carried,
                id=names.relationship_workflow_id(moved.relationship),
                task_queue=self._task_queue,
                # Only what has left may begin again under its id, which was looked at before; nothing runs twice.
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                memo={_MOVE: moved.move},
                search_attributes=search_attributes(carried.state) if carried.shows_search_attributes else None,
                static_summary=Shown(f"mentoring in {carried.state.programme}"),
            )
        except WorkflowAlreadyStartedError:  # somebody else was quicker: with this file, or it is refused
            await self._is_here(moved, back=True)

    # --- both ---------------------------------------------------------------------------------------------------

    async def _described(self, relationship: str) -> WorkflowExecutionDescription | None:
        handle = self._client.get_workflow_handle(names.relationship_workflow_id(relationship))
        try:
            return await handle.describe(rpc_timeout=ANSWER_WITHIN)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND and "amespace" not in error.message:
                return None
            raise

    async def _read(self, file: Path) -> MovedRelationship:
        try:
            return await unsealed(_text_of(file), self._codec)
        except UnusableMove as error:
            raise MoveFailed(f"{file}: {error}") from None


async def _wait(deadline: float, relationship: str, why: str) -> None:
    if asyncio.get_running_loop().time() > deadline:
        raise MoveUnfinished(relationship, why)
    await asyncio.sleep(_LOOK_AGAIN.total_seconds())


def _pair(state: Relationship) -> tuple[str, str]:
    return state.mentor.person, state.mentee.person


def _entries(moved: MovedRelationship) -> tuple[JournalEntry, ...]:
    """The whole journal: what is in it, and what the relationship still carries."""
    kept = moved.belongings.entries
    return (*kept, *(entry for entry in moved.carried.tail if entry.sequence > len(kept)))


def _summary(moved: MovedRelationship) -> JournalTail:
    state = moved.carried.state
    return JournalTail(state.id, state.programme, state.phase, state.standing, state.outcome or "", _entries(moved))


def _told_of(moved: MovedRelationship, *, encrypted: bool, news: bool) -> Moved:
    state = moved.carried.state
    return Moved(state.id, moved.move, state.phase.value, state.sequence, encrypted, news)


# --- the file ---------------------------------------------------------------------------------------------------


def _is_there(file: Path) -> bool:
    return file.exists()


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise MoveFailed(f"{file} cannot be read.") from None


def _require_place(file: Path) -> None:
    """Before a relationship is asked to leave: whether it could be written down."""
    if file.exists():
        raise MoveFailed(f"{file} is there already. Nothing is overwritten: choose another file.")
    if not file.parent.is_dir() or not os.access(file.parent, os.W_OK):
        raise MoveFailed(f"{file} cannot be written: {file.parent} is no folder in which files may be made.")


def _write(file: Path, text: str) -> None:
    """Whole or not at all, on the disk when this returns, for its owner alone."""
    partial = file.with_name(f"{file.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as new:
        new.write(text)
        new.flush()
        os.fsync(new.fileno())
    partial.rename(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _is_encrypted(file: Path) -> bool:
    return bool(json.loads(_text_of(file))["key"])
