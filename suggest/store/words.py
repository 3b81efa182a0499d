"""Search in texts: Russian full text on PostgreSQL; on SQLite every word, without its ending, somewhere in the text."""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, and_, func, literal_column, true

from suggest.folding import fold
from suggest.store.tables import texts

_WORD = re.compile(r"\w+")
_ENDING = re.compile(
    "(?<=....)(?:иями|ями|ами|иях|ого|его|ому|ему|ыми|ими|ией|иям|ешь|ете|ите|ать|ять|ить|еть|ут|ют|ат|ят|ет|ит|ла|ло|ли"
    "|ов|ев|ей|ой|ом|ем|ам|ям|ах|ях|ых|их|ый|ий|ая|яя|ое|ее|ую|юю|ые|ие|ия|ию|[аеиоуыэюяйь])$"
)
_RUSSIAN: ColumnElement[str] = literal_column("'russian'::regconfig")


def words_in(wanted: str, postgres: bool) -> ColumnElement[bool]:
    """Rows of `texts` that hold the words wanted; nothing to look for: every row."""
    folded = fold(wanted)
    words = _WORD.findall(folded)
    if not words:
        return true()
    if postgres:
        vector = func.to_tsvector(_RUSSIAN, texts.c.folded)
        return vector.bool_op("@@")(func.websearch_to_tsquery(_RUSSIAN, folded))
    return and_(*(texts.c.folded.contains(_ENDING.sub("", word), autoescape=True) for word in words))
