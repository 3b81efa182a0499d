"""A review as the matcher reads it: without the fields of a review site's form that say nothing.

«Недостатки: нет» is praise, but its words are those of a complaint.
"""

from __future__ import annotations

import re
from itertools import zip_longest

from suggest.folding import clean, fold

_LABEL = (
    r"(?:достоинства|преимущества|плюсы|недостатки|минусы|комментарий|(?:что )?(?:не )?понравилось"
    r"|артықшылы(?:ғы|қтары)|кемшілі(?:гі|ктері))"
)
_FIELD = re.compile(rf"(?<!\w){_LABEL}[^\S\n]*:|^[^\S\n]*{_LABEL}[^\S\n]*[—–-]", re.IGNORECASE | re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]+")
_NOTHING = frozenset(
    _WORD.findall(
        "нет нету не ни их пока еще вообще совсем таких таковых никаких каких ничего одного ноль без недостатков минусов "
        "достоинств плюсов отсутствуют отсутствует нашел нашла нашли нашлось обнаружил обнаружила обнаружили обнаружено "
        "обнаружилось выявил выявила выявили выявлено выявилось заметил заметила заметили замечено увидел увидела увидели "
        "видел видела вижу знаю оказалось имеется имеются для меня себя жоқ байқамадым"
    )
)


def as_read(text: str) -> str:
    """The text that is encoded and taken into n-grams, of a review and of an exemplar alike."""
    return clean(without_blanks(text))


def without_blanks(text: str) -> str:
    """The text without the fields that say nothing; as it is where there are no fields, or nothing else."""
    labels = list(_FIELD.finditer(text))
    if not labels:
        return text
    kept = text[: labels[0].start()]
    for label, following in zip_longest(labels, labels[1:]):
        until = following.start() if following else len(text)
        if not _says_nothing(text[label.end() : until]):
            kept += text[label.start() : until]
    return kept.strip() or text


def _says_nothing(field: str) -> bool:
    """Whether a field is empty, or all its words are of the kind «нет», «пока не обнаружила»."""
    return _NOTHING.issuperset(_WORD.findall(fold(field)))
