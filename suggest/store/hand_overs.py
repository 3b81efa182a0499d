"""Hand-overs to the brand store and to other departments (000 §8-9, 002): each sent once, and open until its outcome is.

`claim` settles who sends, among threads and replicas: one row for each key, and a lease on it while somebody is at work.
A send that surely failed may be claimed again at once. Where it is not known whether it went (no answer, or whoever
held the lease died), the record says `uncertain`: whoever claims it then has to look for the request before sending.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select, update

from suggest.domain import Frozen
from suggest.hand_over import Mode, Purpose
from suggest.store.engine import Database
from suggest.store.events import append, locked
from suggest.store.fold import Event, Kind, State
from suggest.store.tables import hand_overs

LEASE = timedelta(minutes=3)
"""So long nobody else sends; longer than all attempts of one run take together."""


class Asked(Frozen):
    """What an agent wants handed over. `key` is the same however often it is asked; `store` is an id of `stores.yaml`."""

    suggestion_id: str
    key: str
    department: str
    mode: Mode
    purpose: Purpose = "check"
    store: str | None = None
    agent: str | None = None


class HandOver(Frozen):
    """One hand-over: ids and moments only. `ticket_id` is the outgoing request, `error` why it was not sent, in Russian.

    `tried_at`: when sending last began and may have gone through. Sent: `sent_at`. Overdue: past `due_at` without
    `answered_at`. Closed: `outcome_sent_at`, the client was told.
    """

    id: int
    suggestion_id: str
    key: str
    department: str
    mode: Mode
    purpose: Purpose = "check"
    store: str | None = None
    ticket_id: str | None = None
    agent: str | None = None
    asked_at: datetime
    tried_at: datetime | None = None
    sent_at: datetime | None = None
    due_at: datetime | None = None
    answered_at: datetime | None = None
    outcome_sent_at: datetime | None = None
    error: str | None = None
    uncertain: bool = False
    busy_until: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether the client still waits for its outcome."""
        return self.sent_at is not None and self.outcome_sent_at is None


@dataclass(frozen=True)
class Claim:
    """The hand-over of a key, and whether it is ours to send (or, once sent, to finish); else somebody is at it."""

    hand_over: HandOver
    mine: bool


class ClaimLost(Exception):
    """The lease ran out and somebody else is at the hand-over."""


class HandOvers:
    """Keeps hand-overs; every method raises StoreUnavailable where it cannot, those with an id KeyError if there is none."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def claim(self, asked: Asked) -> Claim:
        """The one hand-over of this key, ours until `release` or the end of the lease unless somebody holds it.

        What surely was not sent may be claimed with another mode. Raises KeyError for an unknown suggestion.
        """
        with self._database.writing() as connection:
            if locked(connection, asked.suggestion_id) is None:
                raise KeyError(asked.suggestion_id)
            now = self._clock()
            kept = _first(connection, hand_overs.c.key == asked.key)
            if kept is None:
                row = {**asked.model_dump(), "asked_at": now, "busy_until": now + LEASE}
                answer = connection.execute(insert(hand_overs).values(row).returning(hand_overs))
                return Claim(_hand_over(answer.mappings().one()), True)
            if kept.busy_until and kept.busy_until > now:
                return Claim(kept, False)
            changes: dict[str, Any] = {"busy_until": now + LEASE}
            if kept.sent_at is None:
                # A try whose end is not on record may have gone through, also where its sender gave the claim back.
                uncertain = kept.uncertain or kept.tried_at is not None
                mode = kept.mode if uncertain else asked.mode
                changes |= {"mode": mode, "agent": asked.agent, "error": None, "uncertain": uncertain}
            return Claim(_changed(connection, kept.id, changes), True)

    def trying(self, hand_over_id: int, claimed: HandOver | None = None) -> HandOver:
        """It goes out now: until `sent` or `failed` says how that ended, nobody knows whether it did.

        Raises ClaimLost where the lease of `claimed` ran out and somebody else has it.
        """
        with self._database.writing() as connection:
            if claimed:
                kept, _ = _held(connection, hand_over_id)
                if kept.busy_until != claimed.busy_until or kept.sent_at is not None:
                    raise ClaimLost
            return _changed(connection, hand_over_id, {"tried_at": self._clock(), "uncertain": False})

    def sent(self, hand_over_id: int, due_at: datetime, ticket_id: str | None = None) -> HandOver:
        """It went out now, and an answer is due then; once, however often it is told. The lease is kept."""
        with self._database.writing() as connection:
            kept, state = _held(connection, hand_over_id)
            if kept.sent_at is None:
                now = self._clock()
                facts = {"sent_at": now, "due_at": due_at, "ticket_id": ticket_id, "error": None, "uncertain": False}
                _note(connection, kept, state, Kind.HANDED_OVER, now, kept.agent)
                kept = _changed(connection, kept.id, facts)
            return kept

    def failed(self, hand_over_id: int, error: str, uncertain: bool = False) -> HandOver:
        """It was not sent, or where `uncertain` nobody knows; once released it may be claimed again."""
        with self._database.writing() as connection:
            kept, _ = _held(connection, hand_over_id)
            if kept.sent_at is not None:
                return kept
            facts: dict[str, Any] = {"error": error, "uncertain": uncertain}
            return _changed(connection, kept.id, facts if uncertain else {**facts, "tried_at": None})

    def release(self, claimed: HandOver) -> None:
        """Whoever claimed it is done with it; nothing where the lease ran out and somebody else has it."""
        mine = (hand_overs.c.id == claimed.id) & (hand_overs.c.busy_until == claimed.busy_until)
        with self._database.writing() as connection:
            connection.execute(update(hand_overs).where(mine).values(busy_until=None))

    def answered(self, hand_over_id: int, agent: str | None = None) -> bool:
        """The department answered; whether that is news. `agent` says so by hand, None: its letter came."""
        return self._happened(hand_over_id, "answered_at", Kind.HEARD, agent)

    def outcome_sent(self, hand_over_id: int, agent: str | None = None) -> bool:
        """The client was told the outcome, which closes it (003); whether that is news."""
        return self._happened(hand_over_id, "outcome_sent_at", Kind.CLOSED, agent)

    def get(self, hand_over_id: int) -> HandOver | None:
        """The hand-over of that id, if any."""
        with self._database.reading() as connection:
            return _first(connection, hand_overs.c.id == hand_over_id)

    def of(self, suggestion_id: str) -> tuple[HandOver, ...]:
        """Those of a suggestion, in the order they were asked for."""
        return self._found(hand_overs.c.suggestion_id == suggestion_id)

    def of_ticket(self, ticket_id: str) -> tuple[HandOver, ...]:
        """Those whose outgoing request is this ticket: more than one where the store was asked again in it."""
        return self._found(hand_overs.c.ticket_id == ticket_id)

    def _found(self, *wanted: ColumnElement[bool]) -> tuple[HandOver, ...]:
        query = select(hand_overs).where(*wanted).order_by(hand_overs.c.id)
        with self._database.reading() as connection:
            return tuple(_hand_over(row) for row in connection.execute(query).mappings())

    def _happened(self, hand_over_id: int, column: str, kind: Kind, agent: str | None) -> bool:
        with self._database.writing() as connection:
            kept, state = _held(connection, hand_over_id)
            if kept.sent_at is None or getattr(kept, column) is not None:
                return False
            now = self._clock()
            _note(connection, kept, state, kind, now, agent)
            _changed(connection, kept.id, {column: now})
            return True


def _held(connection: Connection, hand_over_id: int) -> tuple[HandOver, State]:
    """A hand-over with the state of its suggestion, every other writer of which is kept waiting."""
    before = _first(connection, hand_overs.c.id == hand_over_id)
    state = locked(connection, before.suggestion_id) if before else None
    kept = _first(connection, hand_overs.c.id == hand_over_id)
    if kept is None or state is None:
        raise KeyError(hand_over_id)
    return kept, state


def _note(connection: Connection, kept: HandOver, state: State, kind: Kind, at: datetime, agent: str | None) -> None:
    event = Event(kind=kind, revision=state.revision, at=at, agent=agent, reason=kept.purpose, hand_over=kept.id)
    append(connection, kept.suggestion_id, state, event)


def _first(connection: Connection, wanted: ColumnElement[bool]) -> HandOver | None:
    row = connection.execute(select(hand_overs).where(wanted)).mappings().first()
    return _hand_over(row) if row else None


def _changed(connection: Connection, hand_over_id: int, changes: dict[str, Any]) -> HandOver:
    query = update(hand_overs).where(hand_overs.c.id == hand_over_id).values(changes).returning(hand_overs)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise KeyError(hand_over_id)
    return _hand_over(row)


def _hand_over(row: Any) -> HandOver:
    return HandOver.model_validate(dict(row))
