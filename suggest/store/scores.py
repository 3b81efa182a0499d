"""Quality control over what was published: a random sample for each agent, the scores given, and whose they are.

"Published" means copied, confirmed as posted or edited: what was really posted is not seen. Scores hold no texts; once
the texts of a reply are forgotten it is drawn no more, and its scores stay.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, select, update

from suggest.domain import Frozen, InputError, Status
from suggest.feedback import Outcome
from suggest.quality import Answer
from suggest.store.engine import Database
from suggest.store.feedback import REPLY
from suggest.store.tables import suggestions, texts
from suggest.store.tables_quality import scores

PUBLISHED = (Outcome.COPIED, Outcome.ACCEPTED, Outcome.EDITED)
_SPACE = uuid.UUID("6d1f3b0e-52a1-4a0e-9a55-0b1c5f0e7a10")


class Drawn(Frozen):
    """A published reply of the sample; `scored`: by whom already, in order."""

    suggestion_id: str
    agent: str | None
    answered_at: datetime
    scenario: str | None
    rating: int | None
    branch: str | None
    edited: bool
    scored: tuple[str, ...] = ()


class Score(Frozen):
    """What a lead said of a reply, item by item, and what the rule checks said then."""

    id: int
    suggestion_id: str
    revision: int
    agent: str | None
    by: str
    at: datetime
    answers: dict[str, Answer]
    checks: dict[str, Answer]


class Scores:
    """Draws samples, keeps and reads scores."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def sample(self, since: datetime, until: datetime, each: int = 3, seed: str = "") -> tuple[Drawn, ...]:
        """At most `each` replies of every agent out of those answered in between, by agent; the same for the same seed.

        The ids of suggestions are hashes, so that those next after a random one are a random sample.
        """
        kept, pivot = suggestions.c, str(uuid.uuid5(_SPACE, f"{since.date()}{seed}"))
        place = func.row_number().over(partition_by=kept.agent, order_by=(kept.id < pivot, kept.id)).label("place")
        columns = (kept.id, kept.agent, kept.answered_at, kept.scenario, kept.rating, kept.branch, kept.outcome)
        published = and_(kept.status == Status.READY, kept.outcome.in_(PUBLISHED), kept.erased.is_(None))
        ranked = (
            select(*columns, place)
            .where(kept.answered_at >= since, kept.answered_at < until, kept.answered_at.is_not(None), published)
            .subquery()
        )
        query = select(ranked).where(ranked.c.place <= each).order_by(ranked.c.agent, ranked.c.place)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            scored = _scored(connection, [row.id for row in rows])
        return tuple(_drawn(row, scored.get(row.id, ())) for row in rows)

    def published(self, suggestion_id: str) -> str | None:
        """The reply as the agent edited it last; None where it went out as suggested, or was forgotten."""
        newest = texts.c.suggestion_id == suggestion_id, texts.c.kind == REPLY
        query = select(texts.c.content).where(*newest).order_by(texts.c.ref.desc()).limit(1)
        edited = suggestions.c.id == suggestion_id, suggestions.c.outcome == Outcome.EDITED
        with self._database.reading() as connection:
            if connection.scalar(select(suggestions.c.id).where(*edited)) is None:
                return None
            content = connection.scalar(query)
        return json.loads(content)["text"] if content else None

    def give(self, suggestion_id: str, by: str, answers: Mapping[str, Answer], checks: Mapping[str, Answer]) -> Score:
        """Keeps a lead's score; a second one by the same lead takes its place. Raises InputError for no such reply."""
        now = {"at": self._clock(), "answers": json.dumps(dict(answers)), "checks": json.dumps(dict(checks))}
        mine = and_(scores.c.suggestion_id == suggestion_id, scores.c.by == by)
        with self._database.writing() as connection:
            reply = connection.execute(
                select(suggestions.c.revision, suggestions.c.agent)
                .where(suggestions.c.id == suggestion_id, suggestions.c.outcome.in_(PUBLISHED))
                .with_for_update()
            ).first()
            if reply is None:
                raise InputError("id", "no published reply of that id")
            now |= {"revision": reply.revision, "agent": reply.agent}
            row = connection.execute(update(scores).where(mine).values(now).returning(scores)).first()
            if row is None:
                values = {"suggestion_id": suggestion_id, "by": by, **now}
                row = connection.execute(insert(scores).values(values).returning(scores)).one()
        return _score(row)

    def of(self, suggestion_id: str) -> tuple[Score, ...]:
        """The scores of a reply, the newest first."""
        with self._database.reading() as connection:
            query = select(scores).where(scores.c.suggestion_id == suggestion_id).order_by(scores.c.at.desc())
            return tuple(_score(row) for row in connection.execute(query))

    def given(self, since: datetime, until: datetime, limit: int = 2000) -> tuple[Score, ...]:
        """The scores given between two moments, the newest first, at most `limit`."""
        query = select(scores).where(scores.c.at >= since, scores.c.at < until)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(scores.c.at.desc(), scores.c.id.desc()).limit(limit))
            return tuple(_score(row) for row in rows)


def _scored(connection: Connection, ids: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    query = select(scores.c.suggestion_id, scores.c.by).where(scores.c.suggestion_id.in_(ids))
    for row in connection.execute(query.order_by(scores.c.at)):
        found[row.suggestion_id] = (*found.get(row.suggestion_id, ()), row.by)
    return found


def _drawn(row: Row[Any], scored: tuple[str, ...]) -> Drawn:
    told = {name: value for name, value in row._mapping.items() if name in Drawn.model_fields}
    return Drawn(**told, suggestion_id=row.id, edited=row.outcome == Outcome.EDITED, scored=scored)


def _score(row: Row[Any]) -> Score:
    told = dict(row._mapping) | {"answers": json.loads(row.answers), "checks": json.loads(row.checks)}
    return Score(**told)
