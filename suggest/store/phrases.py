"""What became of each phrase: withdrawn by a lead at once, and how agents take it."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from suggest.domain import Frozen
from suggest.store.engine import Database
from suggest.store.tables import phrase_counts, phrase_events

WITHDRAWN = "withdrawn"
RESTORED = "restored"

DISLIKED = 0.25
"""The share of deletions that a phrase must surely exceed to be avoided."""

Interval = tuple[float, float]


class Withdrawal(Frozen):
    """Who withdrew a phrase, when and why."""

    phrase_id: str
    by: str
    at: datetime
    why: str | None


class PhraseUse(Frozen):
    """How agents took a phrase, counted by suggestions it was shown in.

    `accepted`: copied, or confirmed as posted, with the phrase left alone; `changed` and `deleted`: in an edit;
    `rejected` and `overruled`: the whole reply. `acceptance` is (accepted + changed) / shown, as Zendesk counts it,
    None if never shown; `between` is its 95 % Wilson interval, `deletions` that of deleted / shown.
    """

    phrase_id: str
    shown: int
    accepted: int
    changed: int
    deleted: int
    rejected: int
    overruled: int
    acceptance: float | None
    between: Interval
    deletions: Interval
    last_used_at: datetime | None


class Phrases:
    """Withdraws phrases and tells how they fare."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def withdraw(self, phrase_id: str, by: str, why: str | None = None) -> bool:
        """From now on no replica offers the phrase; False if it was withdrawn already."""
        return self._turn(phrase_id, WITHDRAWN, by, why)

    def restore(self, phrase_id: str, by: str, why: str | None = None) -> bool:
        """Takes a withdrawal back; False if there was none."""
        return self._turn(phrase_id, RESTORED, by, why)

    def withdrawn(self) -> tuple[Withdrawal, ...]:
        """The phrases that may not be offered, by id."""
        with self._database.reading() as connection:
            return withdrawals(connection)

    def uses(self) -> tuple[PhraseUse, ...]:
        """Every phrase that was ever shown, by id."""
        with self._database.reading() as connection:
            rows = connection.execute(select(phrase_counts).order_by(phrase_counts.c.phrase_id))
            return tuple(_use(row) for row in rows)

    def _turn(self, phrase_id: str, kind: str, by: str, why: str | None) -> bool:
        with self._database.writing() as connection:
            query = select(phrase_events.c.kind).where(phrase_events.c.phrase_id == phrase_id)
            last = connection.scalar(query.order_by(phrase_events.c.id.desc()).limit(1))
            if (last or RESTORED) == kind:
                return False
            event = {"phrase_id": phrase_id, "kind": kind, "at": self._clock(), "by": by, "why": why}
            connection.execute(insert(phrase_events).values(event))
            return True


def withdrawals(connection: Connection) -> tuple[Withdrawal, ...]:
    later = phrase_events.alias()
    overtaken = select(later.c.id).where(
        later.c.phrase_id == phrase_events.c.phrase_id, later.c.id > phrase_events.c.id
    )
    query = select(phrase_events).where(phrase_events.c.kind == WITHDRAWN, ~overtaken.exists())
    rows = connection.execute(query.order_by(phrase_events.c.phrase_id))
    return tuple(Withdrawal(phrase_id=row.phrase_id, by=row.by, at=row.at, why=row.why) for row in rows)


def disliked(connection: Connection) -> frozenset[str]:
    """The phrases that agents surely delete more often than DISLIKED."""
    counted = phrase_counts.c
    query = select(counted.phrase_id, counted.deleted, counted.shown).where(counted.deleted > DISLIKED * counted.shown)
    rows = connection.execute(query)
    return frozenset(row.phrase_id for row in rows if wilson(row.deleted, row.shown)[0] > DISLIKED)


def wilson(hits: int, of: int, z: float = 1.96) -> Interval:
    """The 95 % interval of a share; (0, 1) where nothing was counted."""
    if of == 0:
        return 0.0, 1.0
    share = hits / of
    middle = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def _use(row: Row[Any]) -> PhraseUse:
    taken = row.accepted + row.changed
    return PhraseUse(
        **row._mapping,
        acceptance=taken / row.shown if row.shown else None,
        between=wilson(taken, row.shown),
        deletions=wilson(row.deleted, row.shown),
    )
