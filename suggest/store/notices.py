"""Notices to the responsible manager: what has still to be told, and what was, once for each suggestion and flag.

A notice is raised in the transaction that keeps the flag, so that it is told though the process dies right after.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, and_, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from suggest.domain import Frozen, Platform
from suggest.plan import SOBERING
from suggest.store.engine import Database
from suggest.store.tables import suggestions
from suggest.store.tables_reminders import notices

LEASE = timedelta(minutes=3)
"""So long a notice is left to whoever claimed it."""

FRESH = timedelta(days=3)
"""Older ones are told no more: whoever sets an address anew is not flooded with what is long past."""

Way = Literal["mail", "hook"]


class Notice(Frozen):
    """A flag that the manager is to be told of; `mailed`, `hooked`: what of it is done. No text of the review."""

    suggestion_id: str
    flag: str
    raised_at: datetime
    tries: int
    mailed: bool
    hooked: bool
    platform: Platform
    branch: str | None
    ticket_id: str | None
    priority: int | None


class Notices:
    """Keeps notices; every method raises StoreUnavailable where it cannot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def untold(self, now: datetime, limit: int = 20) -> tuple[Notice, ...]:
        """What is to be tried now and nobody is at, the longest waiting first."""
        kept, of = notices.c, suggestions.c
        query = (
            select(
                kept.suggestion_id,
                kept.flag,
                kept.raised_at,
                kept.tries,
                kept.mail_at.is_not(None).label("mailed"),
                kept.hook_at.is_not(None).label("hooked"),
                of.platform,
                of.branch,
                of.ticket_id,
                of.priority,
            )
            .join(suggestions, of.id == kept.suggestion_id)
            .where(kept.done_at.is_(None), kept.try_at <= now, kept.raised_at > now - FRESH)
            .order_by(kept.try_at)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return tuple(Notice.model_validate(dict(row)) for row in connection.execute(query).mappings())

    def waiting(self, now: datetime) -> int:
        """How many are not told yet."""
        query = select(func.count()).where(notices.c.done_at.is_(None), notices.c.raised_at > now - FRESH)
        with self._database.reading() as connection:
            return connection.scalar(query) or 0

    def claim(self, notice: Notice, now: datetime) -> bool:
        """Whether it is ours to tell; counts the try."""
        free = and_(_is(notice), notices.c.done_at.is_(None), notices.c.try_at <= now)
        query = update(notices).where(free).values(try_at=now + LEASE, tries=notices.c.tries + 1)
        with self._database.writing() as connection:
            return connection.execute(query).rowcount == 1

    def told(self, notice: Notice, way: Way, at: datetime) -> None:
        """It went out by mail, or by webhook."""
        with self._database.writing() as connection:
            connection.execute(update(notices).where(_is(notice)).values({f"{way}_at": at}))

    def done(self, notice: Notice, at: datetime) -> None:
        """Everybody was told."""
        with self._database.writing() as connection:
            connection.execute(update(notices).where(_is(notice)).values(done_at=at))

    def later(self, notice: Notice, at: datetime) -> None:
        """Not everybody could be told: tried again then."""
        with self._database.writing() as connection:
            connection.execute(update(notices).where(_is(notice)).values(try_at=at))


def raise_notices(connection: Connection, suggestion_id: str, flags: Iterable[str], at: datetime) -> None:
    """Asks for a notice of each urgent flag, unless there was one of it already."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row = {"suggestion_id": suggestion_id, "raised_at": at, "try_at": at, "tries": 0}
    rows: list[dict[str, Any]] = [row | {"flag": flag} for flag in dict.fromkeys(flags) if flag in SOBERING]
    if rows:
        connection.execute(insert(notices).on_conflict_do_nothing(), rows)


def _is(notice: Notice) -> Any:
    return and_(notices.c.suggestion_id == notice.suggestion_id, notices.c.flag == notice.flag)
