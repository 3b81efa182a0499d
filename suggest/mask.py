"""What identifies a person is covered before any model sees a text: pure, no network, the same text the same result.

Phones, e-mails, cards, numbers of orders and documents, addresses, links and names of people become placeholders such as
[телефон]; the author's name is covered wherever the text repeats it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from suggest.folding import clean
from suggest.mask_names import Names
from suggest.mask_numbers import Found, lowered, numbers

PLACEHOLDERS: Mapping[str, str] = {
    "phone": "[телефон]",
    "email": "[почта]",
    "card": "[карта]",
    "number": "[номер]",
    "address": "[адрес]",
    "link": "[ссылка]",
    "name": "[имя]",
}
_RANK = {kind: place for place, kind in enumerate(("email", "link", "card", "phone", "address", "number", "name"))}
_ANY_PLACEHOLDER = re.compile("|".join(map(re.escape, PLACEHOLDERS.values())))
_LONGEST_COVERED = 100


@dataclass(frozen=True)
class Masked:
    """A masked text; `spans` are the covered places of the cleaned text, in order and apart."""

    text: str
    spans: tuple[Found, ...]


class Masker:
    """Covers what is personal; `given_names` are those that the phrasebank knows."""

    def __init__(self, given_names: Iterable[str]) -> None:
        self._given = frozenset(lowered(name) for name in given_names)

    def mask(self, text: str, people: Iterable[str | None] = ()) -> Masked:
        """The text with what is personal covered; `people` are those known to be meant: the author, the client."""
        cleaned = clean(text)
        spans = tuple(_apart(cleaned, [*numbers(cleaned), *Names(cleaned, self._given, tuple(people))]))
        pieces, at = [], 0
        for start, end, kind in spans:
            pieces += [cleaned[at:start], PLACEHOLDERS[kind]]
            at = end
        return Masked("".join([*pieces, cleaned[at:]]), spans)


def uncovered(quote: str, text: str) -> tuple[int, int] | None:
    """Where a quotation from a masked text stands in the text itself: literally, but for what is covered in it."""
    literal = [re.escape(piece) for piece in _ANY_PLACEHOLDER.split(quote)]
    match = re.search(f".{{1,{_LONGEST_COVERED}}}?".join(literal), text) if any(literal) else None
    return match.span() if match and match[0] else None


def _apart(text: str, found: list[Found]) -> Iterator[Found]:
    """The findings in order: overlapping ones made one of the surer kind, names side by side made one name."""
    merged: list[Found] = []
    for start, end, kind in sorted(found):
        if merged and (start < merged[-1][1] or _side_by_side(text, merged[-1], (start, end, kind))):
            first, last, known = merged[-1]
            merged[-1] = (first, max(last, end), min(known, kind, key=_RANK.__getitem__))
        elif start < end:
            merged.append((start, end, kind))
    yield from merged


def _side_by_side(text: str, one: Found, other: Found) -> bool:
    return one[2] == other[2] == "name" and not text[one[1] : other[0]].strip(" ")
