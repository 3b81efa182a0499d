"""Who changed what in the console: one line for each change, never changed itself, and never with a text in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, insert, select

from suggest.domain import Frozen
from suggest.store.engine import Database
from suggest.store.tables_console import audit


class Line(Frozen):
    """A change: when, by whom (None: somebody not signed in), what, and the ids it concerns."""

    id: int
    at: datetime
    who: str | None
    what: str
    detail: dict[str, Any]


class Audit:
    """Keeps and reads the lines."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def write(self, what: str, who: str | None, **detail: object) -> None:
        """Adds a line; `detail` holds ids and numbers."""
        row = {"at": self._clock(), "who": who, "what": what}
        with self._database.writing() as connection:
            connection.execute(insert(audit).values(row | {"detail": json.dumps(detail, ensure_ascii=False)}))

    def lines(
        self, limit: int = 50, before: int | None = None, who: str | None = None, what: str | None = None
    ) -> tuple[Line, ...]:
        """The newest first; `before` the line of that id."""
        query: Select[Any] = select(audit)
        if before is not None:
            query = query.where(audit.c.id < before)
        if who is not None:
            query = query.where(audit.c.who == who)
        if what is not None:
            query = query.where(audit.c.what == what)
        with self._database.reading() as connection:
            return tuple(_line(row) for row in connection.execute(query.order_by(audit.c.id.desc()).limit(limit)))

    def count(
        self, what: str, since: datetime, who: str | None = None, detail: Mapping[str, object] | None = None
    ) -> int:
        """How many lines of this kind there are since a moment, of one user or with exactly this detail."""
        query = select(func.count()).where(audit.c.what == what, audit.c.at >= since)
        if who is not None:
            query = query.where(audit.c.who == who)
        if detail is not None:
            query = query.where(audit.c.detail == json.dumps(detail, ensure_ascii=False))
        with self._database.reading() as connection:
            return connection.scalar(query) or 0


def _line(row: Row[Any]) -> Line:
    return Line(id=row.id, at=row.at, who=row.who, what=row.what, detail=json.loads(row.detail or "{}"))
