"""How suggestions are taken, by scenario, as Zendesk counts: (accepted + edited) / shown, dismissed ones apart."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from suggest.domain import Frozen
from suggest.feedback import Outcome
from suggest.store.engine import Database
from suggest.store.phrases import Interval, wilson
from suggest.store.register import Filter, conditions
from suggest.store.tables import suggestions


class Acceptance(Frozen):
    """Of the suggestions that are now of one scenario (None: of none), how many agents were shown, and what they did.

    `accepted` means copied, or confirmed as posted (`confirmed` of them). Whatever became of an overruled suggestion, it
    counts as overruled only. `rate` is (accepted + edited) / shown, None if none was; `between` its 95 % Wilson interval.
    """

    scenario: str | None
    made: int
    shown: int
    accepted: int
    confirmed: int
    edited: int
    rejected: int
    overruled: int
    rate: float | None
    between: Interval


class Acceptances:
    """Counts over the register."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_scenario(self, wanted: Filter) -> tuple[Acceptance, ...]:
        """The acceptance of every scenario among what the filter finds, by its id."""
        kept = suggestions.c
        query = select(
            kept.scenario,
            func.count().label("made"),
            _times("shown", kept.shown),
            _times("accepted", kept.outcome.in_([Outcome.COPIED, Outcome.ACCEPTED]), ~kept.overruled),
            _times("confirmed", kept.confirmed, ~kept.overruled),
            _times("edited", kept.outcome == Outcome.EDITED, ~kept.overruled),
            _times("rejected", kept.outcome == Outcome.REJECTED, ~kept.overruled),
            _times("overruled", kept.overruled),
        )
        with self._database.reading() as connection:
            query = query.where(*conditions(connection, wanted))
            rows = connection.execute(query.group_by(kept.scenario).order_by(kept.scenario)).all()
        return tuple(_acceptance(row) for row in rows)


def _times(name: str, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(*conditions).label(name)


def _acceptance(row: Row[Any]) -> Acceptance:
    taken = row.accepted + row.edited
    rate = taken / row.shown if row.shown else None
    return Acceptance(**row._mapping, rate=rate, between=wilson(taken, row.shown))
