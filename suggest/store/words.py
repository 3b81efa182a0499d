"""Search in texts: Russian full text on PostgreSQL; on SQLite every word, without its ending, somewhere in the text."""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, Connection, Text, and_, func, literal_column, select, true, type_coerce

from suggest.folding import fold
from suggest.store.tables import suggestions, texts

_WORD = re.compile(r"\w+")
_ENDING = re.compile(
    "(?<=....)(?:иями|ями|ами|иях|ого|его|ому|ему|ыми|ими|ией|иям|ешь|ете|ите|ать|ять|ить|еть|ут|ют|ат|ят|ет|ит|ла|ло|ли"
    "|ов|ев|ей|ой|ом|ем|ам|ям|ах|ях|ых|их|ый|ий|ая|яя|ое|ее|ую|юю|ые|ие|ия|ию|[аеиоуыэюяйь])$"
)
_RUSSIAN: ColumnElement[str] = literal_column("'russian'::regconfig")


MANY = 5_000
"""Of so many hits a page of the newest is found sooner among the newest reviews than among the hits."""


def with_words(connection: Connection, wanted: str) -> ColumnElement[bool]:
    """Rows of `suggestions` with a text that holds the words wanted; nothing to look for: every row.

    No planner knows how rare words are, so they are counted first: few are found before anything else is asked; many are
    looked for in each review that the other conditions leave.
    """
    held = _held(wanted, connection.dialect.name == "postgresql")
    if held is None:
        return true()
    found = select(texts.c.suggestion_id).where(held)
    counted = select(func.count()).select_from(found.limit(MANY + 1).subquery())
    if (connection.scalar(counted) or 0) <= MANY:
        few = found.cte("found").prefix_with("MATERIALIZED")
        return suggestions.c.id.in_(select(few.c.suggestion_id))
    times = select(func.count()).where(texts.c.suggestion_id == suggestions.c.id, held)
    return times.scalar_subquery() > 0


def _held(wanted: str, postgres: bool) -> ColumnElement[bool] | None:
    """Rows of `texts` that hold the words wanted; None where there is nothing to look for."""
    folded = fold(wanted)
    words = _WORD.findall(folded)
    if not words:
        return None
    if postgres:
        return texts.c.words.bool_op("@@")(func.websearch_to_tsquery(_RUSSIAN, folded))
    searched = type_coerce(texts.c.words, Text)
    return and_(*(searched.contains(_ENDING.sub("", word), autoescape=True) for word in words))
