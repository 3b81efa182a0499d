"""The register of reviews (003): found by filters and words, and the queue of those that wait for a reply."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, or_, select, tuple_

from suggest.domain import Frozen, InputError, Platform, Status, Text
from suggest.feedback import Outcome
from suggest.store.engine import Database
from suggest.store.suggestions import REVIEW
from suggest.store.tables import suggestion_flags, suggestions, texts
from suggest.store.words import with_words

_EQUAL = ("platform", "branch", "scenario", "status", "state", "agent", "ticket_id")
MOST = 1000


class Filter(Frozen):
    """What to look for; what is not named is not asked. A moment without a zone is UTC; `until` is exclusive."""

    platform: Platform | None = None
    branch: Text | None = None
    scenario: Text | None = None
    status: Status | None = None
    state: Literal["open", "done"] | None = None
    agent: Text | None = None
    ticket_id: Text | None = None
    flag: Text | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: Text | None = Field(default=None, max_length=500)


class Entry(Frozen):
    """One review in the register. `state`: `open` is «исполнение», `done` «исполнено».

    `since` is when the review was posted, else received; `pending` counts hand-overs whose outcome was not sent;
    `text`, `author` and `url` are None where they were erased.
    """

    id: str
    revision: int
    platform: Platform
    branch: str | None
    ticket_id: str | None
    rating: int | None
    status: Status
    scenario: str | None
    topic: str | None
    department: str | None
    priority: int | None
    flags: tuple[str, ...]
    since: datetime
    received_at: datetime
    state: Literal["open", "done"]
    outcome: Outcome | None
    confirmed: bool
    overruled: bool
    agent: str | None
    answered_at: datetime | None
    pending: int
    reminders: int
    erased: Literal["request", "retention"] | None
    text: str | None
    author: str | None
    url: str | None


class Waiting(Frozen):
    """Which of the reviews that wait for a reply; `late`: received by then, for each priority, and not
    answered, is overdue.
    """

    platform: Platform | None = None
    branch: Text | None = None
    priority: Literal[0, 1, 2] | None = None
    scenario: Text | None = None
    flag: Text | None = None
    late: Mapping[int, datetime] | None = None


class Page(Frozen):
    """Some entries, and what to pass as `after` for those that follow; None: there are no more."""

    items: tuple[Entry, ...]
    next: str | None


class Register:
    """Reads the register."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, wanted: Filter, limit: int = 50, after: str | None = None) -> Page:
        """The newest reviews first, at most `limit`; raises InputError for an `after` that no page gave."""
        place = _place(after) if after is not None else None
        with self._database.reading() as connection:
            rows = connection.execute(_newest(connection, wanted, place).limit(limit + 1)).all()
            items = tuple(_entries(connection, rows[:limit]))
        return Page(items=items, next=_mark(items[-1]) if len(rows) > limit else None)

    def every(self, wanted: Filter) -> Iterator[Entry]:
        """All that is found, page by page."""
        after: str | None = None
        while True:
            page = self.find(wanted, MOST, after)
            yield from page.items
            after = page.next
            if after is None:
                return

    def queue(self, wanted: Waiting | None = None, limit: int = 50, skip: int = 0) -> tuple[Entry, ...]:
        """What to answer first: by priority, then the longest unanswered (004); without the first `skip`."""
        kept = suggestions.c
        with self._database.reading() as connection:
            query = select(*_COLUMNS).where(*_waiting(wanted or Waiting()))
            rows = connection.execute(
                query.order_by(kept.priority, kept.since, kept.id).limit(limit).offset(skip)
            ).all()
            return tuple(_entries(connection, rows))

    def waiting(self, wanted: Waiting | None = None) -> dict[int, int]:
        """How many reviews wait, by priority."""
        kept = suggestions.c
        query = select(kept.priority, func.count().label("times")).group_by(kept.priority)
        query = query.where(*_waiting(wanted or Waiting()))
        with self._database.reading() as connection:
            return {row.priority: row.times for row in connection.execute(query)}

    def late(self, wanted: Waiting, most: int) -> int:
        """How many wait, counted no further than `most`; for `Waiting.late`, which no index holds."""
        found = select(suggestions.c.id).where(*_waiting(wanted)).limit(most)
        with self._database.reading() as connection:
            return connection.scalar(select(func.count()).select_from(found.subquery())) or 0

    def outcomes(self, wanted: Filter) -> dict[str, int]:
        """How many of what is found were copied, edited and so on; what waits for a decision is not counted."""
        kept = suggestions.c
        query = select(kept.outcome, func.count().label("times")).where(kept.outcome.is_not(None))
        with self._database.reading() as connection:
            query = query.where(*conditions(connection, wanted)).group_by(kept.outcome)
            return {row.outcome: row.times for row in connection.execute(query)}


def conditions(connection: Connection, wanted: Filter) -> Iterator[ColumnElement[bool]]:
    """What a filter asks of `suggestions`."""
    for name in _EQUAL:
        if (value := getattr(wanted, name)) is not None:
            yield suggestions.c[name] == value
    if wanted.since:
        yield suggestions.c.since >= wanted.since
    if wanted.until:
        yield suggestions.c.since < wanted.until
    if wanted.flag:
        of_flag = select(suggestion_flags.c.suggestion_id).where(suggestion_flags.c.flag == wanted.flag)
        yield suggestions.c.id.in_(of_flag)
    if wanted.q and wanted.q.strip():
        yield with_words(connection, wanted.q)


def _waiting(wanted: Waiting) -> Iterator[ColumnElement[bool]]:
    """Open reviews that need a reply, along the index of the queue."""
    kept = suggestions.c
    yield kept.state == "open"
    yield kept.priority.is_not(None)
    for name in ("platform", "branch", "priority", "scenario"):
        if (value := getattr(wanted, name)) is not None:
            yield kept[name] == value
    if wanted.flag:
        flags = suggestion_flags.c
        yield exists().where(flags.suggestion_id == kept.id, flags.flag == wanted.flag)
    if wanted.late is not None:
        yield kept.answered_at.is_(None)
        yield or_(*(and_(kept.priority == level, kept.received_at <= by) for level, by in wanted.late.items()))


Place = tuple[datetime, str]
"""Where a page ends: the date of its last review, and its id."""


def _newest(connection: Connection, wanted: Filter, place: Place | None) -> Select[Any]:
    """What is found, the newest first; by a flag in the order of the flag's own index."""
    since, suggestion_id = suggestions.c.since, suggestions.c.id
    query: Select[Any] = select(*_COLUMNS)
    if wanted.flag:
        flags = suggestion_flags.c
        query = query.join(suggestion_flags, and_(flags.suggestion_id == suggestion_id, flags.flag == wanted.flag))
        since, suggestion_id = flags.since, flags.suggestion_id
    query = query.where(*conditions(connection, wanted.model_copy(update={"flag": None})))
    query = query.order_by(since.desc(), suggestion_id.desc())
    return query if place is None else query.where(tuple_(since, suggestion_id) < tuple_(*place))


_COLUMNS = tuple(suggestions.c[name] for name in Entry.model_fields if name in suggestions.c)


def entries(connection: Connection, ids: Sequence[str]) -> tuple[Entry, ...]:
    """The entries of these suggestions, in the order given."""
    rows = connection.execute(select(*_COLUMNS).where(suggestions.c.id.in_(ids))).all()
    return tuple(sorted(_entries(connection, rows), key=lambda entry: ids.index(entry.id)))


def _entries(connection: Connection, rows: Iterable[Row[Any]]) -> Iterator[Entry]:
    rows = list(rows)
    ids = [row.id for row in rows]
    flags = _flags(connection, ids)
    words = _texts(connection, ids)
    for row in rows:
        yield Entry(**row._mapping, flags=flags.get(row.id, ()), **words.get(row.id, _NO_TEXTS))


_NO_TEXTS: Mapping[str, None] = {"text": None, "author": None, "url": None}


def _flags(connection: Connection, ids: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    flags = suggestion_flags.c
    query = select(flags.suggestion_id, flags.flag).where(flags.suggestion_id.in_(ids)).order_by(flags.flag)
    for row in connection.execute(query):
        found[row.suggestion_id] = (*found.get(row.suggestion_id, ()), row.flag)
    return found


def _texts(connection: Connection, ids: list[str]) -> dict[str, dict[str, str | None]]:
    newest = and_(suggestions.c.id == texts.c.suggestion_id, suggestions.c.revision == texts.c.ref)
    query: Select[Any] = select(texts.c.suggestion_id, texts.c.content).join(suggestions, newest)
    rows = connection.execute(query.where(texts.c.suggestion_id.in_(ids), texts.c.kind == REVIEW))
    reviews = {row.suggestion_id: json.loads(row.content)["review"] for row in rows}
    return {suggestion_id: {name: review[name] for name in _NO_TEXTS} for suggestion_id, review in reviews.items()}


def _mark(entry: Entry) -> str:
    return f"{entry.since.isoformat()}~{entry.id}"


def _place(mark: str) -> Place:
    moment, _, suggestion_id = mark.partition("~")
    try:
        since = datetime.fromisoformat(moment)
    except ValueError as error:
        raise InputError("after", "is not the `next` of a page") from error
    return (since if since.tzinfo else since.replace(tzinfo=UTC)), suggestion_id
