"""What came in week by week: volume and acceptance by scenario, what was overruled to what, complaints by topic and branch.

Everything here is answered from the one index `suggestions_counted`, so there is no table of counts to keep true; and
as nothing that is forgotten stands in it, a purge changes no number (003).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, and_, case, func, literal, or_, select

from suggest.domain import Frozen, Status
from suggest.feedback import Outcome
from suggest.spikes import BEFORE, Compared
from suggest.store.engine import Database
from suggest.store.fold import Kind
from suggest.store.register import Entry, entries
from suggest.store.tables import events, suggestions

TAKEN = (Outcome.COPIED, Outcome.ACCEPTED, Outcome.EDITED)


class Volume(Frozen):
    """The suggestions of a scenario (None: of none) in a week (its place among the weeks asked for, from 0).

    `taken`: accepted or edited, and not overruled, as in `Acceptance`.
    """

    week: int
    scenario: str | None
    made: int
    shown: int
    taken: int


class Overruling(Frozen):
    """How often agents named the scenario `to` where `of` (None: an abstention) was suggested."""

    of: str | None
    to: str
    times: int


class Complaints(Frozen):
    """Complaints on a topic (None: not told) in a week (its place among the weeks asked for, from 0)."""

    week: int
    topic: str | None
    times: int


class Standing(Frozen):
    """Complaints on a topic in a branch: those of the last week, and of the weeks before it together."""

    branch: str | None
    topic: str | None
    now: int
    before: int

    def compared(self, weeks: int) -> Compared:
        return Compared(self.now, self.before, weeks)


class Trends:
    """Counts over weeks given by their edges: one more moment than there are weeks, in order."""

    def __init__(self, database: Database, complaining: Collection[str]) -> None:
        """`complaining`: the scenarios whose reviews are complaints."""
        self._database = database
        self._complaining = sorted(complaining)

    def by_scenario(self, edges: Sequence[datetime]) -> tuple[Volume, ...]:
        """Volume and acceptance of each scenario in each week, by week and scenario."""
        kept = suggestions.c
        week = _week(edges)
        taken = and_(kept.outcome.in_(TAKEN), ~kept.overruled)
        counted = (
            func.count().label("made"),
            func.count().filter(kept.shown).label("shown"),
            func.count().filter(taken).label("taken"),
        )
        query = select(week, kept.scenario, *counted).where(*_within(edges), kept.status != Status.SKIPPED)
        with self._database.reading() as connection:
            rows = connection.execute(query.group_by(week, kept.scenario).order_by(week, kept.scenario)).all()
        return tuple(Volume(**row._mapping) for row in rows)

    def overrulings(self, since: datetime, until: datetime) -> tuple[Overruling, ...]:
        """What agents overruled between two moments and to what, the most frequent first."""
        made = events.alias("made")
        of = and_(
            made.c.suggestion_id == events.c.suggestion_id,
            made.c.kind == Kind.SUGGESTED,
            made.c.revision == events.c.revision,
        )
        times = func.count().label("times")
        query = (
            select(made.c.scenario.label("of"), events.c.scenario.label("to"), times)
            .join(made, of)
            .where(events.c.kind == Kind.OVERRULED, events.c.at >= since, events.c.at < until)
            .where(events.c.scenario.is_not(None), events.c.scenario.is_distinct_from(made.c.scenario))
            .group_by(made.c.scenario, events.c.scenario)
            .order_by(times.desc(), made.c.scenario, events.c.scenario)
        )
        with self._database.reading() as connection:
            return tuple(Overruling(**row._mapping) for row in connection.execute(query))

    def complaints(self, edges: Sequence[datetime], branch: str | None = None) -> tuple[Complaints, ...]:
        """Complaints on each topic in each week, of all branches or of one."""
        kept, week = suggestions.c, _week(edges)
        query = select(week, kept.topic, func.count().label("times")).where(*_within(edges), self._complains())
        if branch is not None:
            query = query.where(kept.branch == branch)
        with self._database.reading() as connection:
            rows = connection.execute(query.group_by(week, kept.topic).order_by(week, kept.topic)).all()
        return tuple(Complaints(**row._mapping) for row in rows)

    def standings(self, edges: Sequence[datetime]) -> tuple[Standing, ...]:
        """The last week of each branch and topic beside the weeks before it, at most BEFORE, the most complaints first."""
        kept, edges = suggestions.c, edges[-BEFORE - 2 :]
        last = func.count().filter(kept.since >= edges[-2])
        query = (
            select(kept.branch, kept.topic, last.label("now"), (func.count() - last).label("before"))
            .where(*_within(edges), self._complains())
            .group_by(kept.branch, kept.topic)
            .order_by(last.desc(), kept.branch, kept.topic)
        )
        with self._database.reading() as connection:
            return tuple(Standing(**row._mapping) for row in connection.execute(query))

    def first(self) -> datetime | None:
        """When the oldest review was posted; None where there is none."""
        with self._database.reading() as connection:
            return connection.scalar(select(suggestions.c.since).order_by(suggestions.c.since).limit(1))

    def typical(
        self, since: datetime, until: datetime, topic: str | None, branch: str, limit: int
    ) -> tuple[Entry, ...]:
        """The newest complaints on a topic in a branch, with their texts; those whose texts were erased are left out."""
        kept = suggestions.c
        here = kept.topic.is_not_distinct_from(topic), kept.branch == branch
        query = select(kept.id).where(*self._readable(since, until), *here).order_by(kept.since.desc(), kept.id)
        with self._database.reading() as connection:
            return entries(connection, connection.scalars(query.limit(limit)).all())

    def typical_by_topic(
        self, since: datetime, until: datetime, limit: int, branch: str | None = None
    ) -> dict[str | None, tuple[Entry, ...]]:
        """The newest complaints on each topic, of all branches or of one, as `typical` gives them."""
        kept = suggestions.c
        place = func.row_number().over(partition_by=kept.topic, order_by=(kept.since.desc(), kept.id)).label("place")
        ranked = select(kept.id, place).where(*self._readable(since, until))
        ranked = ranked if branch is None else ranked.where(kept.branch == branch)
        newest = ranked.subquery()
        with self._database.reading() as connection:
            ids = connection.scalars(select(newest.c.id).where(newest.c.place <= limit).order_by(newest.c.place)).all()
            found: dict[str | None, tuple[Entry, ...]] = {}
            for entry in entries(connection, ids):
                found[entry.topic] = (*found.get(entry.topic, ()), entry)
        return found

    def _readable(self, since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
        kept = suggestions.c
        return kept.since >= since, kept.since < until, self._complains(), kept.erased.is_(None)

    def _complains(self) -> ColumnElement[bool]:
        """A review of a complaining scenario, or an unclear one that is to be answered first."""
        kept = suggestions.c
        unclear = and_(kept.scenario.is_(None), kept.status == Status.ABSTAINED, kept.priority <= 1)
        return or_(kept.scenario.in_(self._complaining), unclear)


def _within(edges: Sequence[datetime]) -> tuple[ColumnElement[bool], ...]:
    return suggestions.c.since >= edges[0], suggestions.c.since < edges[-1]


def _week(edges: Sequence[datetime]) -> ColumnElement[int]:
    """The place of a review's week among those between the edges."""
    inner = [(suggestions.c.since < edge, literal(place, Integer)) for place, edge in enumerate(edges[1:-1])]
    last = literal(len(edges) - 2, Integer)
    return (case(*inner, else_=last) if inner else last).label("week")
