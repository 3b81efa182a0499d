"""Reminders of departments that have not answered in time (002 §7): each written once, whoever runs, however often.

A row for each hand-over and number is claimed before anything is written to a ticket. A claim ends by itself, so that a
run that died is taken over; whoever takes over looks into the ticket first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from suggest.domain import Frozen
from suggest.interim import Gender
from suggest.store.engine import Database
from suggest.store.events import append, locked
from suggest.store.fold import Event, Kind
from suggest.store.tables import hand_overs, suggestions
from suggest.store.tables_reminders import agent_forms, reminders

LEASE = timedelta(minutes=10)
"""So long a reminder is left to whoever claimed it."""

MOST = 3
"""So often a department is reminded of one hand-over; after that it stays overdue in the queue."""


class Due(Frozen):
    """A reminder that is due: the `number`-th of a hand-over; `ticket_id` is the review's own ticket, if any."""

    hand_over: int
    number: int
    suggestion_id: str
    department: str
    sent_at: datetime
    ticket_id: str | None


class Reminders:
    """Keeps reminders; every method raises StoreUnavailable where it cannot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, now: datetime, limit: int = 100) -> tuple[Due, ...]:
        """What is due and nobody is at, the longest due first."""
        kept, numbers = hand_overs.c, reminders.c
        done = (
            select(numbers.hand_over, func.max(numbers.number).label("number"), func.max(numbers.next_at).label("at"))
            .where(numbers.reminded_at.is_not(None))
            .group_by(numbers.hand_over)
            .subquery()
        )
        at = func.coalesce(done.c.at, kept.due_at)
        held = and_(numbers.hand_over == kept.id, numbers.reminded_at.is_(None), numbers.busy_until > now)
        number = (func.coalesce(done.c.number, 0) + 1).label("number")
        query = (
            select(
                kept.id.label("hand_over"),
                number,
                kept.suggestion_id,
                kept.department,
                kept.sent_at,
                suggestions.c.ticket_id,
            )
            .join(suggestions, suggestions.c.id == kept.suggestion_id)
            .outerjoin(done, done.c.hand_over == kept.id)
            .where(kept.sent_at.is_not(None), kept.answered_at.is_(None), kept.outcome_sent_at.is_(None))
            .where(kept.due_at <= now, at <= now, number <= MOST, ~select(numbers.number).where(held).exists())
            .order_by(at, kept.id)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return tuple(Due.model_validate(dict(row)) for row in connection.execute(query).mappings())

    def claim(self, due: Due, now: datetime) -> bool:
        """Whether this reminder is ours to write: nobody wrote it or is at it, and the department is still silent."""
        insert = sqlite.insert if self._database.sqlite else postgresql.insert
        row = {"hand_over": due.hand_over, "number": due.number, "busy_until": now + LEASE}
        query: Any = insert(reminders).values(row)
        query = query.on_conflict_do_update(
            index_elements=["hand_over", "number"],
            set_={"busy_until": row["busy_until"]},
            where=and_(reminders.c.reminded_at.is_(None), reminders.c.busy_until <= now),
        ).returning(reminders.c.number)
        kept = hand_overs.c
        silent = select(kept.id).where(
            kept.id == due.hand_over, kept.answered_at.is_(None), kept.outcome_sent_at.is_(None)
        )
        with self._database.writing() as connection:
            return bool(connection.scalar(silent)) and connection.execute(query).first() is not None

    def release(self, due: Due, until: datetime) -> None:
        """It could not be written; until then it is left alone."""
        with self._database.writing() as connection:
            connection.execute(update(reminders).where(_is(due)).values(busy_until=until))

    def done(self, due: Due, at: datetime, next_at: datetime, ticket_id: str | None) -> None:
        """It was written: kept on record with the suggestion, once. `next_at`: when another one would be due."""
        with self._database.writing() as connection:
            state = locked(connection, due.suggestion_id)
            query = update(reminders).where(_is(due), reminders.c.reminded_at.is_(None))
            news = connection.execute(query.values(reminded_at=at, next_at=next_at)).rowcount
            if state and news:
                detail = json.dumps({"number": due.number, "ticket": ticket_id})
                event = Event(
                    kind=Kind.REMINDED, revision=state.revision, at=at, hand_over=due.hand_over, detail=detail
                )
                append(connection, due.suggestion_id, state, event)

    def sent(self, suggestion_id: str) -> Mapping[int, int]:
        """How many reminders were written of each hand-over of a suggestion; none: not in it."""
        numbers = reminders.c
        query = (
            select(numbers.hand_over, func.count())
            .join(hand_overs, hand_overs.c.id == numbers.hand_over)
            .where(hand_overs.c.suggestion_id == suggestion_id, numbers.reminded_at.is_not(None))
            .group_by(numbers.hand_over)
        )
        with self._database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


class AgentForms:
    """How each agent writes of oneself: «напомнил» or «напомнила»; by the id of the user of Usedesk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, agent: str) -> Gender | None:
        """The form that the agent chose; None while there is no choice."""
        query = select(agent_forms.c.gender).where(agent_forms.c.agent == agent)
        with self._database.reading() as connection:
            return connection.scalar(query)

    def put(self, agent: str, gender: Gender) -> None:
        """Keeps the agent's choice."""
        insert = sqlite.insert if self._database.sqlite else postgresql.insert
        query: Any = insert(agent_forms).values(agent=agent, gender=gender)
        query = query.on_conflict_do_update(index_elements=["agent"], set_={"gender": gender})
        with self._database.writing() as connection:
            connection.execute(query)


def _is(due: Due) -> Any:
    return and_(reminders.c.hand_over == due.hand_over, reminders.c.number == due.number)
