"""The notation of the word lists in `phrasebank/rules.yaml`, and text folded so that they can be found in it.

The notation is explained in Russian at the top of `rules.yaml`. Every list becomes one or two regular expressions over
text folded as `suggest.folding` does it, only that here every character remembers its place.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from suggest.domain import Span
from suggest.folding import clean

EXCEPT = "кроме "
MAX_GAP = 4
# Possessive quantifiers: hostile runs of spaces or letters must not make the search backtrack.
_BREAK = r"[^\w.!?…]++"
"""What may stand between two words of one expression: anything but a word or the end of a sentence."""
_GAP = rf"(?:(?!(?:не|ни|ли|без)\b)\w++{_BREAK}){{0,{MAX_GAP}}}?"
_TOKEN = re.compile(r"\.\.|[()|\[\]]|<число>|[\w*-]+")
_NEGATED = r"(?<!\bне\s)(?<!\bни\s)"


@dataclass(frozen=True)
class Folded:
    """A text made fit for searching; `origin[i]` is where its i-th character came from."""

    text: str
    origin: Sequence[int]

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
    whole = re.sub(
        r"\w+", lambda word: cleaned if len(cleaned := clean(word[0])) == len(word[0]) else word[0], "".join(letters)
    )
    return Folded("".join(_lower(char)[0] for char in whole), (*origin, len(text)))


def _lower(text: str) -> str:
    return text.lower().replace("ё", "е")


class Words:
    """A word list of `rules.yaml`, ready to be searched for; raises ValueError for an entry that cannot be read."""

    def __init__(self, entries: Iterable[str]) -> None:
        found: list[str] = []
        excepted: list[str] = []
        for entry in entries:
            (excepted if entry.startswith(EXCEPT) else found).append(_lower(entry.removeprefix(EXCEPT)))
        negative = [entry for entry in found if re.match(r"\(?(?:не|ни)\b", entry)]
        self._found = [
            _alternation(chosen, guard)
            for chosen, guard in (([entry for entry in found if entry not in negative], _NEGATED), (negative, ""))
            if chosen
        ]
        self._excepted = _alternation(excepted, "") if excepted else None

    def find(self, text: str) -> Iterator[Span]:
        """Where in a folded text the list's expressions stand, in no special order."""
        hits = [match.span() for pattern in self._found for match in pattern.finditer(text)]
        excepted = [match.span() for match in self._excepted.finditer(text)] if hits and self._excepted else ()
        return (hit for hit in hits if not any(start < hit[1] and hit[0] < end for start, end in excepted))


def _alternation(entries: Iterable[str], guard: str) -> re.Pattern[str]:
    """One expression for all entries; those that begin with the same letter are tried only where it stands."""
    by_letter: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        expression = _expression(entry)
        by_letter[expression[0] if expression[0].isalpha() else ""].append(expression)
    groups = [
        f"(?={letter})(?:{'|'.join(expressions)})" if letter else "|".join(expressions)
        for letter, expressions in by_letter.items()
    ]
    return re.compile(rf"(?<!\w){guard}(?:{'|'.join(groups)})(?!\w)")


def _expression(entry: str) -> str:
    """The regular expression of one entry."""
    tokens = _TOKEN.findall(entry)
    if not tokens or "".join(tokens) != "".join(entry.split()):
        raise ValueError(f"not understood: {entry}")
    expression, rest = _sequence(tokens)
    if rest:
        raise ValueError(f"a bracket is not opened, or | stands outside of brackets: {entry}")
    return expression


def _sequence(tokens: list[str]) -> tuple[str, list[str]]:
    """Words one after another, up to a closing bracket or `|`; and the tokens that are left."""
    expression, between = "", ""
    while tokens and tokens[0] not in {"|", ")", "]"}:
        token, tokens = tokens[0], tokens[1:]
        if token == "..":
            between += _GAP
        elif token == "[":
            inner, tokens = _bracket(tokens, "]")
            between += f"(?:(?:{inner}){_BREAK})?"
        else:
            word, tokens = _bracket(tokens, ")") if token == "(" else (_word(token), tokens)
            expression += (_BREAK if expression else "") + between + (f"(?:{word})" if token == "(" else word)
            between = ""
    if between or not expression or expression.startswith(_GAP):
        raise ValueError("an expression must begin and end with a word")
    return expression, tokens


def _bracket(tokens: list[str], closing: str) -> tuple[str, list[str]]:
    """The alternatives inside a bracket; and the tokens after it."""
    branches = []
    while True:
        branch, tokens = _sequence(tokens)
        branches.append(branch)
        if not tokens or tokens[0] not in {"|", closing}:
            raise ValueError("a bracket is not closed")
        mark, tokens = tokens[0], tokens[1:]
        if mark == closing:
            return "|".join(branches), tokens


def _word(token: str) -> str:
    if not token.strip("*-"):
        raise ValueError("a star stands at the end or the beginning of a word, not alone")
    if token == "<число>":
        return r"\d++"
    stem = re.escape(token).replace(r"\*", r"\w*")
    return f"{stem}+" if stem.endswith("*") else stem
