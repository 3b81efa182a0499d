"""The port `Histories` over the database: what stands near a reply in public, and which phrases to leave alone."""

from __future__ import annotations

import json

from sqlalchemy import Connection, and_, select

from suggest.choose import History
from suggest.domain import Platform, Review, Status, StoreUnavailable, Suggestion
from suggest.feedback import Outcome
from suggest.store.engine import Database
from suggest.store.phrases import disliked, withdrawals
from suggest.store.tables import revisions, suggestions

LOOK_BACK = 4
"""How many times the window is looked through for replies that were posted and replies that may yet be."""


class StoredHistories:
    """Reads the history anew for each suggestion, so that every replica minds a withdrawal at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._withdrawn: frozenset[str] = frozenset()

    def of(self, review: Review, suggestion_id: str, window: int) -> History:
        """The history for a review: the last `window` replies posted in its branch's feed, and as many that wait.

        Direct messages stand in no feed.
        """
        with self._database.reading() as connection:
            replies = () if review.platform is Platform.DM else _feed(connection, review, suggestion_id, window)
            return History(replies, disliked(connection), self._current(connection))

    def outdated(self, suggestion: Suggestion) -> bool:
        """Whether it is unanswered and offers a phrase that was withdrawn."""
        offered = {alternative.phrase_id for segment in suggestion.segments for alternative in segment.alternatives}
        offered |= {segment.phrase_id for segment in suggestion.segments}
        with self._database.reading() as connection:
            if not offered & self._current(connection):
                return False
            answered = select(suggestions.c.answered_at).where(suggestions.c.id == suggestion.id)
            return connection.scalar(answered) is None

    def withdrawn(self) -> frozenset[str]:
        """The phrases that may no longer be said; while the database is away, those of when it last answered."""
        try:
            with self._database.reading() as connection:
                return self._current(connection)
        except StoreUnavailable:
            return self._withdrawn

    def _current(self, connection: Connection) -> frozenset[str]:
        self._withdrawn = frozenset(withdrawal.phrase_id for withdrawal in withdrawals(connection))
        return self._withdrawn


def _feed(connection: Connection, review: Review, suggestion_id: str, window: int) -> tuple[tuple[str, ...], ...]:
    """The phrases of the replies near this one, the newest first; a rejected reply was not posted."""
    kept = suggestions.c
    newest = and_(revisions.c.suggestion_id == kept.id, revisions.c.revision == kept.revision)
    query = (
        select(kept.id, kept.status, kept.outcome, kept.answered_at, revisions.c.phrases)
        .join(revisions, newest)
        .where(kept.platform == review.platform.value, kept.branch == review.branch)
        .order_by(kept.feed_at.desc(), kept.id)
        .limit(LOOK_BACK * window)
    )
    rows = [
        row
        for row in connection.execute(query)
        if row.id != suggestion_id and row.status == Status.READY and row.outcome != Outcome.REJECTED
    ]
    posted = [row for row in rows if row.answered_at is not None][:window]
    waiting = [row for row in rows if row.answered_at is None][:window]
    near = {row.id for row in (*posted, *waiting)}
    return tuple(tuple(phrase for _, _, phrase in json.loads(row.phrases)) for row in rows if row.id in near)
