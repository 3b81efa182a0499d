"""What review sites ask for field by field («Достоинства: … Недостатки: …»), and which of the fields say nothing.

«Недостатки: нет» is praise, but its words are those of a complaint, so the matcher reads a review without it.
"""

from __future__ import annotations

import re

from suggest.folding import fold

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


def without_blanks(text: str) -> str:
    """The text without the fields that say nothing; as it is where there are no fields, or nothing else."""
    starts = [match.span() for match in _FIELD.finditer(text)]
    if not starts:
        return text
    edges = [start for start, _ in starts] + [len(text)]
    kept = [text[: edges[0]]] + [
        text[start:until]
        for (start, label_end), until in zip(starts, edges[1:], strict=True)
        if not _says_nothing(text[label_end:until])
    ]
    return "".join(kept).strip() or text


def _says_nothing(field: str) -> bool:
    """Whether a field is empty, or all its words are of the kind «нет», «пока не обнаружила»."""
    return _NOTHING.issuperset(_WORD.findall(fold(field)))
