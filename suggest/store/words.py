"""Search in texts: Russian full text on PostgreSQL; on SQLite every word, without its ending, somewhere in the text."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import CTE, ColumnElement, Text, and_, func, literal_column, select, true, type_coerce

from suggest.folding import fold
from suggest.store.tables import texts

_WORD = re.compile(r"\w+")
_ENDING = re.compile(
    "(?<=....)(?:иями|ями|ами|иях|ого|его|ому|ему|ыми|ими|ией|иям|ешь|ете|ите|ать|ять|ить|еть|ут|ют|ат|ят|ет|ит|ла|ло|ли"
    "|ов|ев|ей|ой|ом|ем|ам|ям|ах|ях|ых|их|ый|ий|ая|яя|ое|ее|ую|юю|ые|ие|ия|ию|[аеиоуыэюяйь])$"
)
_RUSSIAN: ColumnElement[str] = literal_column("'russian'::regconfig")


def hits(wanted: str, postgres: bool, since: datetime | None) -> CTE:
    """The suggestions with a text that holds the words wanted, and is of a review posted `since` then.

    It is found by itself, before anything else is asked: which of the two is rarer no planner knows.
    """
    found = select(texts.c.suggestion_id).where(_words_in(wanted, postgres))
    if since:
        found = found.where(texts.c.since >= since)
    return found.cte("hits").prefix_with("MATERIALIZED")


def _words_in(wanted: str, postgres: bool) -> ColumnElement[bool]:
    """Rows of `texts` that hold the words wanted; nothing to look for: every row."""
    folded = fold(wanted)
    words = _WORD.findall(folded)
    if not words:
        return true()
    if postgres:
        return texts.c.words.bool_op("@@")(func.websearch_to_tsquery(_RUSSIAN, folded))
    searched = type_coerce(texts.c.words, Text)
    return and_(*(searched.contains(_ENDING.sub("", word), autoescape=True) for word in words))
