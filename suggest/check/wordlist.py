"""The notation of the word lists in `phrasebank/rules.yaml`, and text folded so that they can be found in it.

The notation is explained in Russian at the top of `rules.yaml`. The text is folded as `suggest.folding` does it, only
that here every character remembers its place.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from typing import Generic, TypeVar

from suggest.domain import Span
from suggest.folding import clean

EXCEPT = "кроме "
DENIALS = frozenset({"не", "ни"})
MAX_GAP = 4
NUMBER = "<число>"
# Possessive quantifiers: hostile runs of spaces or letters must not make the search backtrack.
_BREAK = r"[^\w.!?…]++"
"""What may stand between two words of one expression: anything but a word or the end of a sentence."""
_GAP = rf"(?:(?!(?:не|ни|ли|без)\b)\w++{_BREAK}){{0,{MAX_GAP}}}?"
_TOKEN = re.compile(rf"\.\.|[()|\[\]]|{NUMBER}|[\w*-]+")
_CLOSING = {"(": ")", "[": "]"}
_WORD = re.compile(r"\w+")
_STEMS = range(2, 5)
"""A word with an ending left open is looked up by so many of its first letters at most."""


@dataclass(frozen=True)
class Folded:
    """A text made fit for searching; `origin[i]` is where its i-th character came from."""

    text: str
    origin: Sequence[int]

    @property
    def plain(self) -> bool:
        """Whether every character stands where it stood: nothing invisible, no letter of another alphabet in a word."""
        return isinstance(self.origin, range)

    def span(self, start: int, end: int) -> Span:
        """The place in the original text of what was found at [start, end)."""
        return self.origin[start], self.origin[end - 1] + 1 if end > start else self.origin[start]


def fold(text: str) -> Folded:
    """The text as the word lists see it."""
    cleaned = clean(text)
    folded = _lower(cleaned)
    if cleaned == text and len(folded) == len(text):
        return Folded(folded, range(len(text) + 1))
    return _fold_one_by_one(text)


def _fold_one_by_one(text: str) -> Folded:
    letters: list[str] = []
    origin: list[int] = []
    for place, char in enumerate(text):
        if unicodedata.combining(char):
            letters[-1:] = [clean(letters[-1] + char)[:1]] if letters else []
        elif clean(char):
            letters.append(char)
            origin.append(place)
    whole = _WORD.sub(
        lambda word: cleaned if len(cleaned := clean(word[0])) == len(word[0]) else word[0], "".join(letters)
    )
    return Folded("".join(_lower(char)[0] for char in whole), (*origin, len(text)))


def _lower(text: str) -> str:
    return text.lower().replace("ё", "е")


class Expression:
    """One entry of a word list; raises ValueError if it cannot be read."""

    def __init__(self, entry: str) -> None:
        self.excepts = entry.startswith(EXCEPT)
        entry = _lower(entry.removeprefix(EXCEPT))
        tokens = _TOKEN.findall(entry)
        if not tokens or "".join(tokens) != "".join(entry.split()):
            raise ValueError("not understood")
        parsed, rest = _sequence(tokens)
        if rest:
            raise ValueError("a bracket is not opened, or | stands outside of brackets")
        self.heads = parsed.heads
        """What it may begin with: a whole word, or the first letters of one and a star."""
        self.denies = bool(parsed.heads & DENIALS)
        """Whether it is about a denial itself, so that «не» before it says nothing."""
        self._source = parsed.source

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(rf"(?:{self._source})(?!\w)")


Key = TypeVar("Key", bound=Hashable)


class Index(Generic[Key]):
    """Word lists under their keys, searched for together in one walk over the words of a text."""

    def __init__(self, lists: Mapping[Key, Iterable[str]]) -> None:
        self._by_head: dict[str, list[tuple[Key, Expression]]] = defaultdict(list)
        for key, entries in lists.items():
            for entry in entries:
                expression = Expression(entry)
                for head in expression.heads:
                    self._by_head[head].append((key, expression))
        self._beginning = lru_cache(maxsize=10_000)(self._candidates)

    def find(self, text: str) -> Mapping[Key, tuple[Span, ...]]:
        """Where in a folded text each list's expressions stand, in order and apart; lists without any are left out."""
        found: dict[Key, list[Span]] = defaultdict(list)
        excepted: dict[Key, list[Span]] = defaultdict(list)
        negated = False
        for word in _WORD.finditer(text):
            for key, expression in self._beginning(word[0]):
                if not (negated and not expression.denies and not expression.excepts):
                    match = expression.pattern.match(text, word.start())
                    if match:
                        (excepted if expression.excepts else found)[key].append(match.span())
            negated = word[0] in DENIALS
        return {key: kept for key, spans in found.items() if (kept := tuple(_apart(spans, excepted[key])))}

    def _candidates(self, word: str) -> tuple[tuple[Key, Expression], ...]:
        """What may begin with this word."""
        heads = (word, *(f"{word[:length]}*" for length in _STEMS), *((NUMBER,) if word.isdigit() else ()))
        return tuple(chain.from_iterable(self._by_head.get(head, ()) for head in heads))


def _apart(spans: Iterable[Span], excepted: Sequence[Span]) -> Iterator[Span]:
    """The longest of those that begin together, without those that overlap one before or anything excepted."""
    last = 0
    for start, end in sorted(set(spans), key=lambda span: (span[0], -span[1])):
        if start >= last and not any(first < end and start < other for first, other in excepted):
            last = end
            yield start, end


@dataclass(frozen=True)
class _Parsed:
    """A part of an entry as a regular expression, and the first words that it may begin with."""

    source: str
    heads: frozenset[str]


def _sequence(tokens: list[str]) -> tuple[_Parsed, list[str]]:
    """Words one after another, up to a closing bracket or `|`; and the tokens that are left."""
    source, between, heads = "", "", frozenset[str]()
    while tokens and tokens[0] not in {"|", ")", "]"}:
        next_, tokens = tokens[0], tokens[1:]
        if next_ == "..":
            between += _GAP
            continue
        part, tokens = _bracket(tokens, _CLOSING[next_]) if next_ in _CLOSING else (_word(next_), tokens)
        heads |= frozenset() if source else part.heads
        if next_ == "[":
            between += f"(?:{part.source}{_BREAK})?"
        else:
            source += (_BREAK if source else "") + between + part.source
            between = ""
    if between or not source or source.startswith(_GAP):
        raise ValueError("an expression must begin and end with a word")
    return _Parsed(source, heads), tokens


def _bracket(tokens: list[str], closing: str) -> tuple[_Parsed, list[str]]:
    """The alternatives inside a bracket; and the tokens after it."""
    branches = []
    while True:
        branch, tokens = _sequence(tokens)
        branches.append(branch)
        if not tokens or tokens[0] not in {"|", closing}:
            raise ValueError("a bracket is not closed")
        mark, tokens = tokens[0], tokens[1:]
        if mark == closing:
            source = "|".join(branch.source for branch in branches)
            return _Parsed(f"(?:{source})", frozenset().union(*(branch.heads for branch in branches))), tokens


def _word(token: str) -> _Parsed:
    """One word, with its ending left open where it has a star."""
    if token == NUMBER:
        return _Parsed(r"\d++", frozenset({NUMBER}))
    first = re.match(r"\w+", token)
    if not first or (len(first[0]) < min(_STEMS) and token[1:2] == "*"):
        raise ValueError(f"at least {min(_STEMS)} letters must stand before a star")
    stem = re.escape(token).replace(r"\*", r"\w*")
    open_ended = token[first.end() : first.end() + 1] == "*"
    head = f"{first[0][: max(_STEMS)]}*" if open_ended else first[0]
    return _Parsed(f"{stem}+" if stem.endswith("*") else stem, frozenset({head}))
