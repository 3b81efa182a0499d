"""Links between clients' own tickets and the reviews they are about (000 §5 → §9), and which data a client has given.

A ticket has one link at most. A code links at once, but never what an agent has undone, nor over another link. Whoever
names a stranger's code is linked to that review: what an agent then sees of it is public or the agent's own, nothing of
it goes to the client by itself, and `by` and the name beside it say how sure the link is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, and_, insert, select, update

from suggest.domain import Frozen, Platform
from suggest.likely import AHEAD, FAR, Letter, Likely, Seen, likely
from suggest.store.engine import Database
from suggest.store.events import append, locked
from suggest.store.fold import Event, Kind, State
from suggest.store.suggestions import REVIEW
from suggest.store.tables import suggestions, texts
from suggest.store.tables_links import given_data, links

By = Literal["code", "agent"]
NAMED_WITHIN = timedelta(days=180)
"""A code older than this is not looked up: with the years several reviews come to share one."""

LOOKED_AT = 300
"""So many reviews at most, the newest, are weighed for a letter without a code."""


class Link(Frozen):
    """A client's ticket and the review it is about; `by` whom or what it was found."""

    ticket_id: str
    suggestion_id: str
    by: By
    at: datetime
    agent: str | None = None


class Links:
    """Keeps links; every method raises StoreUnavailable where it cannot."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def link(self, ticket_id: str, suggestion_id: str, by: By, agent: str | None = None) -> Link | None:
        """The link of this ticket to this review, as made now or before; an agent's takes the place of another.

        None where a code may not link: an agent undid it, or the ticket has another link. Raises KeyError for an unknown
        suggestion.
        """
        with self._database.writing() as connection:
            state = locked(connection, suggestion_id)
            if state is None:
                raise KeyError(suggestion_id)
            standing = _standing(connection, ticket_id)
            if standing and standing.suggestion_id == suggestion_id:
                return standing
            if by == "code" and (standing or _undone(connection, ticket_id, suggestion_id)):
                return None
            now = self._clock()
            if standing:
                _end(connection, standing, now, agent)
            made = Link(ticket_id=ticket_id, suggestion_id=suggestion_id, by=by, at=now, agent=agent)
            _put(connection, made)
            _note(connection, made, state, Kind.LINKED, now, agent)
            return made

    def unlink(self, ticket_id: str, agent: str | None = None) -> bool:
        """Undoes the ticket's link for good, unless an agent makes it again; whether there was one."""
        with self._database.writing() as connection:
            standing = _standing(connection, ticket_id)
            if standing is None:
                return False
            _end(connection, standing, self._clock(), agent)
            return True

    def of_ticket(self, ticket_id: str) -> Link | None:
        """The link of a client's ticket."""
        with self._database.reading() as connection:
            return _standing(connection, ticket_id)

    def of(self, suggestion_id: str) -> tuple[Link, ...]:
        """The links to a review, the newest first: a client may write more than one letter."""
        query = select(links).where(links.c.suggestion_id == suggestion_id, links.c.ended_at.is_(None))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(links.c.at.desc(), links.c.ticket_id)).mappings()
            return tuple(map(_link, rows))

    def coded(self, codes: Collection[str]) -> tuple[str, ...]:
        """The suggestions of the public reviews that have one of these codes, the newest first."""
        kept = suggestions.c
        recent = kept.received_at >= self._clock() - NAMED_WITHIN
        query = select(kept.id).where(kept.code.in_(sorted(codes)), kept.platform != Platform.DM.value, recent)
        with self._database.reading() as connection:
            return tuple(connection.scalars(query.order_by(kept.since.desc(), kept.id).limit(20)))

    def candidates(self, letter: Letter, most: int = 3) -> tuple[Likely, ...]:
        """The reviews that a letter may be about, the likeliest first; none of those whose texts were erased."""
        kept = suggestions.c
        newest = and_(texts.c.suggestion_id == kept.id, texts.c.kind == REVIEW, texts.c.ref == kept.revision)
        query = (
            select(kept.id, texts.c.author, texts.c.folded, kept.branch, kept.since, kept.topic)
            .join(texts, newest)
            .where(kept.platform != Platform.DM.value, kept.since.between(letter.at - FAR, letter.at + AHEAD))
            .order_by(kept.since.desc(), kept.id)
            .limit(LOOKED_AT)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        seen = (Seen(row[0], row[1] or "", row[2], row[3] or "", row[4], row[5]) for row in rows)
        return likely(letter, seen, most)

    def tick(self, ticket_id: str, item: str, given: bool, agent: str | None = None) -> None:
        """An agent says that the client has given these data, or has not; never the data themselves."""
        row = {"given": given, "at": self._clock(), "agent": agent}
        of_item = and_(given_data.c.ticket_id == ticket_id, given_data.c.item == item)
        with self._database.writing() as connection:
            if not connection.execute(update(given_data).where(of_item).values(row)).rowcount:
                connection.execute(insert(given_data).values(row | {"ticket_id": ticket_id, "item": item}))

    def ticks(self, ticket_id: str) -> Mapping[str, bool]:
        """What agents have said of the data, by item."""
        query = select(given_data.c.item, given_data.c.given).where(given_data.c.ticket_id == ticket_id)
        with self._database.reading() as connection:
            return {row.item: row.given for row in connection.execute(query)}


def _standing(connection: Connection, ticket_id: str) -> Link | None:
    query = select(links).where(links.c.ticket_id == ticket_id, links.c.ended_at.is_(None))
    row = connection.execute(query).mappings().first()
    return _link(row) if row else None


def _undone(connection: Connection, ticket_id: str, suggestion_id: str) -> bool:
    query = select(links.c.at).where(_pair(ticket_id, suggestion_id), links.c.ended_at.is_not(None))
    return connection.scalar(query) is not None


def _put(connection: Connection, made: Link) -> None:
    """Anew, or again in the place of one that was undone."""
    row = {**made.model_dump(), "ended_at": None}
    if not connection.execute(update(links).where(_pair(made.ticket_id, made.suggestion_id)).values(row)).rowcount:
        connection.execute(insert(links).values(row))


def _end(connection: Connection, standing: Link, at: datetime, agent: str | None) -> None:
    state = locked(connection, standing.suggestion_id)
    connection.execute(update(links).where(_pair(standing.ticket_id, standing.suggestion_id)).values(ended_at=at))
    if state:
        _note(connection, standing, state, Kind.UNLINKED, at, agent)


def _note(connection: Connection, link: Link, state: State, kind: Kind, at: datetime, agent: str | None) -> None:
    told = json.dumps({"ticket_id": link.ticket_id})
    event = Event(kind=kind, revision=state.revision, at=at, agent=agent, reason=link.by, detail=told)
    append(connection, link.suggestion_id, state, event)


def _pair(ticket_id: str, suggestion_id: str) -> Any:
    return and_(links.c.ticket_id == ticket_id, links.c.suggestion_id == suggestion_id)


def _link(row: Any) -> Link:
    return Link(**{name: row[name] for name in Link.model_fields})
