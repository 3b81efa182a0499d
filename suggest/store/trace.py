"""Everything on record of one suggestion, in one look: the register's line, every revision, every event, every edit."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import and_, select

from suggest.domain import Frozen, Suggestion
from suggest.store.bodies import unpack
from suggest.store.engine import Database
from suggest.store.events import recorded
from suggest.store.feedback import REPLY
from suggest.store.fold import Event
from suggest.store.register import Entry, entries
from suggest.store.suggestions import REVIEW
from suggest.store.tables import revisions, texts

MOST = 30
"""So many revisions are shown, the newest first: a model or an agent makes a handful."""


class Trace(Frozen):
    """`revisions` from the newest to the oldest; `replies`: what the agent made of the reply, by the id of the event.

    An event of an edit without its reply was erased.
    """

    entry: Entry
    revisions: tuple[Suggestion, ...]
    events: tuple[Event, ...]
    replies: Mapping[int, str]

    def at(self, revision: int) -> Suggestion | None:
        """The revision of that number, if it is among those shown."""
        return next((made for made in self.revisions if made.revision == revision), None)


class Traces:
    """Reads traces; raises StoreUnavailable where it cannot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, suggestion_id: str) -> Trace | None:
        """The trace of a suggestion; None where there is none."""
        of_revision = and_(texts.c.suggestion_id == revisions.c.suggestion_id, texts.c.ref == revisions.c.revision)
        made = select(revisions.c.body, revisions.c.version, texts.c.content)
        made = made.outerjoin(texts, and_(of_revision, texts.c.kind == REVIEW))
        made = made.where(revisions.c.suggestion_id == suggestion_id).order_by(revisions.c.revision.desc()).limit(MOST)
        edited = select(texts.c.ref, texts.c.content)
        edited = edited.where(texts.c.suggestion_id == suggestion_id, texts.c.kind == REPLY)
        with self._database.reading() as connection:
            found = entries(connection, [suggestion_id])
            if not found:
                return None
            return Trace(
                entry=found[0],
                revisions=tuple(
                    unpack(row.body, row.version, row.content, found[0].erased) for row in connection.execute(made)
                ),
                events=recorded(connection, suggestion_id),
                replies={row.ref: json.loads(row.content)["text"] or "" for row in connection.execute(edited)},
            )
