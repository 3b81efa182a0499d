"""The append-only events of a suggestion, and its state, which is their fold."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from suggest.feedback import Outcome
from suggest.store.engine import Database
from suggest.store.fold import ANSWERS, Event, Kind, State, step
from suggest.store.tables import events, suggestions

_STATE = tuple(field.name for field in dataclasses.fields(State))
_EVENT = tuple(field.name for field in dataclasses.fields(Event))


class Events:
    """Reads and appends events from outside a suggestion's own life: hand-overs, reminders, closing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, suggestion_id: str) -> tuple[Event, ...]:
        """Every event of a suggestion, in order; none for an unknown one."""
        with self._database.reading() as connection:
            return recorded(connection, suggestion_id)

    def state(self, suggestion_id: str) -> State | None:
        """Where a suggestion stands, None if there is none of that id."""
        with self._database.reading() as connection:
            return state_of(connection, suggestion_id)

    def append(self, suggestion_id: str, event: Event) -> Event:
        """Keeps one more event and returns it with its id; raises KeyError for an unknown suggestion."""
        with self._database.writing() as connection:
            state = locked(connection, suggestion_id)
            if state is None:
                raise KeyError(suggestion_id)
            return append(connection, suggestion_id, state, event)[0]


def locked(connection: Connection, suggestion_id: str) -> State | None:
    """The state, with every other writer of this suggestion kept waiting until the transaction ends."""
    return state_of(connection, suggestion_id, lock=True)


def state_of(connection: Connection, suggestion_id: str, lock: bool = False) -> State | None:
    query = select(*(suggestions.c[name] for name in _STATE)).where(suggestions.c.id == suggestion_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    return _state(row) if row else None


def append(connection: Connection, suggestion_id: str, state: State, event: Event) -> tuple[Event, State]:
    """Adds an event to a locked suggestion in this state; the event as kept, and the state after it."""
    after = step(state, event)
    event = dataclasses.replace(event, seq=after.seq)
    stored: dict[str, Any] = {name: getattr(event, name) for name in _EVENT if name != "id"}
    answer = connection.execute(insert(events).values(suggestion_id=suggestion_id, **stored).returning(events.c.id))
    event = dataclasses.replace(event, id=answer.scalar_one())
    changes = columns(after) | ({"feed_at": event.at} if event.kind in ANSWERS else {})
    connection.execute(update(suggestions).where(suggestions.c.id == suggestion_id).values(changes))
    return event, after


def columns(state: State) -> dict[str, Any]:
    """The state as columns of `suggestions`."""
    return {name: getattr(state, name) for name in _STATE} | {"state": state.state}


def recorded(connection: Connection, suggestion_id: str, kinds: Collection[Kind] = ()) -> tuple[Event, ...]:
    """The events of a suggestion in order, all or those of the kinds named."""
    query = select(events).where(events.c.suggestion_id == suggestion_id).order_by(events.c.seq)
    if kinds:
        query = query.where(events.c.kind.in_(sorted(kinds)))
    return tuple(event_of(row) for row in connection.execute(query).mappings())


def event_of(row: RowMapping) -> Event:
    """A row of `events` as an event."""
    return Event(**{name: row[name] for name in _EVENT} | {"kind": Kind(row["kind"])})


def _state(row: RowMapping) -> State:
    outcome = row["outcome"]
    return State(**{name: row[name] for name in _STATE} | {"outcome": Outcome(outcome) if outcome else None})
