"""What is forgotten: texts whose time is over, and one person's texts on request. Counts, states and events stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Connection, delete, or_, select, update

from suggest.domain import InputError
from suggest.store.contacts import CONTACT
from suggest.store.engine import Database
from suggest.store.suggestions import named
from suggest.store.tables import candidates, contacts, suggestions, texts

BATCH = 500
"""How many suggestions are emptied in one transaction, so that nobody has to wait for it."""


class Retention:
    """Empties `texts`, the one table that holds texts and names."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def purge(self, days: int, today: datetime) -> int:
        """Forgets the texts of suggestions whose newest text is older than `days`; returns how many suggestions."""
        return self._forget(suggestions.c.texts_at < today - timedelta(days=days), "retention")

    def erase(
        self, *, author: str | None = None, ticket_id: str | None = None, suggestion_id: str | None = None
    ) -> int:
        """Forgets every text of one person, ticket or suggestion, for good; returns how many suggestions.

        `author` is who wrote the review or is named as its client, whole but for case and spaces. What comes in later
        for an erased suggestion is answered and not kept. Raises InputError unless exactly one is named.
        """
        given = {"author": author, "ticket_id": ticket_id, "suggestion_id": suggestion_id}
        chosen = {name: value for name, value in given.items() if value and value.strip()}
        if len(chosen) != 1:
            raise InputError("", f"name exactly one of {', '.join(given)}")
        name = named(author)
        wanted = {
            "author": suggestions.c.id.in_(
                select(texts.c.suggestion_id).where(or_(texts.c.author == name, texts.c.client == name))
            ),
            "ticket_id": suggestions.c.ticket_id == ticket_id,
            "suggestion_id": suggestions.c.id == suggestion_id,
        }
        still = or_(suggestions.c.erased.is_(None), suggestions.c.erased != "request")
        return self._forget(wanted[next(iter(chosen))] & still, "request")

    def _forget(self, wanted: ColumnElement[bool], why: Literal["request", "retention"]) -> int:
        forgotten = 0
        oldest = (suggestions.c.texts_at, suggestions.c.id)
        query = select(suggestions.c.id).where(wanted).order_by(*oldest).limit(BATCH).with_for_update()
        while True:
            with self._database.writing() as connection:
                ids = connection.scalars(query).all()
                _empty(connection, ids, why)
            forgotten += len(ids)
            if len(ids) < BATCH:
                break
        self._database.settle()
        return forgotten


def _empty(connection: Connection, ids: Sequence[str], why: str) -> None:
    connection.execute(delete(texts).where(texts.c.suggestion_id.in_(ids)))
    if why == "request":
        _empty_talks(connection, ids)
    erased = update(suggestions).where(suggestions.c.id.in_(ids))
    connection.execute(erased.values(erased=why, texts_at=None))
    gone = candidates.c.suggestion_id.in_(ids) & (candidates.c.state == "waiting") & (candidates.c.kind == "exemplar")
    connection.execute(update(candidates).where(gone).values(state="declined", by=why))


def _empty_talks(connection: Connection, ids: Sequence[str]) -> None:
    """The notes of talks in these suggestions' tickets: those in a client's own ticket are kept with the linked review."""
    tickets = select(suggestions.c.ticket_id).where(suggestions.c.id.in_(ids), suggestions.c.ticket_id.is_not(None))
    talks = connection.execute(
        select(contacts.c.id, contacts.c.suggestion_id).where(contacts.c.ticket_id.in_(tickets))
    ).all()
    for talk in talks:
        of_talk = (texts.c.suggestion_id == talk.suggestion_id) & (texts.c.kind == CONTACT) & (texts.c.ref == talk.id)
        connection.execute(delete(texts).where(of_talk))
