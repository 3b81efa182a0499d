"""Words in their context: the reading of a review, and clues that look at its words by lemma.

A clue is a word in any of its forms (lemmas by pymorphy3, loaded at first use) that counts only near some words, or
not near others, and never where it is denied. Tables of clues hold «е» for «ё»; a misspelt vowel is forgiven.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, cached_property, lru_cache
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from suggest.folding import clean

if TYPE_CHECKING:
    from pymorphy3 import MorphAnalyzer

_LOCK = Lock()
_TOKEN = re.compile(r"[^\W_]+(?:-[^\W_]+)*|[.!?…;\n]+")
_END = "."
_REACH = 6
# Shorter words become others by one vowel («ески», «иски»); longer ones are no words.
_MISSPELT, _LONGEST = 5, 30
_PERSONAL = ("Name", "Surn", "Patr")
_VOWELS = str.maketrans("аоеи", "оаие")
_UNSTRESSED = str.maketrans("ои", "ае")

_GENITIVE = ("а", "я", "ы", "и")
_NO = frozenset({"не", "ни", "без", "нет", "никакой"})
_NEARLY = frozenset({"чуть", "едва", "только", "лишь"})
_BETWEEN = frozenset({"быть", "никакой", "дым", "запах"})
_MAY = frozenset({"может", "могут", "можно", "боюсь", "боимся", "вдруг", "риск"})
_HAPPEN = frozenset(
    {"быть", "идти", "пойти", "появиться", "случиться", "произойти", "заметить", "обнаружить", "видеть", "нужный"}
    | {"подавать", "подать", "писать", "обращаться", "бить", "биться", "ударить", "щипать"}
)


class Expression:
    """A regular expression that is compiled at its first use, so that importing the detectors costs nothing."""

    def __init__(self, source: str) -> None:
        self.source = source

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(self.source)

    def finds(self, text: str) -> bool:
        return self.compiled.search(text) is not None


class Word(NamedTuple):
    """What the dictionary says of a folded word: its lemmas and itself, what personal name it may be, if known.

    `plain`: it may also be no name at all («вера», «машу»).
    """

    lemmas: frozenset[str]
    names: frozenset[str]
    known: bool
    plain: bool


class Clue(NamedTuple):
    """One of `words` counts where one of `near` (if any are named) and none of `unless` is within `reach` words."""

    words: frozenset[str]
    near: frozenset[str]
    unless: frozenset[str]
    reach: int


@cache
def _morph() -> MorphAnalyzer:
    from pymorphy3 import MorphAnalyzer

    return MorphAnalyzer()


@lru_cache(maxsize=50_000)
def look_up(word: str) -> Word:
    """Reads a folded word; safe to call from any thread."""
    with _LOCK:
        morph = _morph()
        known = morph.word_is_known(word)
        forms = (
            [word]
            if known or not _MISSPELT <= len(word) <= _LONGEST
            else [word, *filter(morph.word_is_known, _respelt(word))]
        )
        parses = [parse for form in forms for parse in morph.parse(form)]
    lemmas = {parse.normal_form.replace("ё", "е") for parse in parses if word != "дома"}
    names = {kind for parse in parses for kind in _PERSONAL if kind in parse.tag}
    plain = any(not any(kind in parse.tag for kind in _PERSONAL) for parse in parses)
    return Word(frozenset({word, *lemmas}), frozenset(names), known, plain)


def _respelt(word: str) -> list[str]:
    """The word with one vowel written as its unstressed twin: «пажар», «притензия»."""
    return [word[:i] + char.translate(_VOWELS) + word[i + 1 :] for i, char in enumerate(word) if char in "аоеи"]


class Reading:
    """A review as the detectors see it: cleaned, folded, and cut into words."""

    def __init__(self, text: str, idioms: Expression) -> None:
        self.cased = clean(text)
        self.folded = self.cased.lower().replace("ё", "е")
        self._idioms = idioms

    @cached_property
    def words(self) -> list[str]:
        """Words, numbers, and «.» for the end of a sentence; figures of speech are left out."""
        plain = self._idioms.compiled.sub(" ", self.folded)
        return [token if token[0].isalnum() else _END for token in _TOKEN.findall(plain)]

    def around(self, at: int, before: int, after: int) -> range:
        """The places of the words next to one, itself included, within its sentence."""
        low, high = at, at + 1
        while low > max(0, at - before) and self.words[low - 1] != _END:
            low -= 1
        while high < min(len(self.words), at + after + 1) and self.words[high] != _END:
            high += 1
        return range(low, high)

    def hits(self, clues: Mapping[str, tuple[Clue, ...]]) -> bool:
        """Whether any clue holds anywhere."""
        return any(self._holds(at, clue) for at, word in enumerate(self.words) for clue in clues.get(_prefix(word), ()))

    def _holds(self, at: int, clue: Clue) -> bool:
        if not look_up(self.words[at]).lemmas & clue.words:
            return False
        context = {i: look_up(self.words[i]).lemmas for i in self.around(at, clue.reach, clue.reach) if i != at}
        if any(clue.unless & lemmas for lemmas in context.values()) or self._denied(at):
            return False
        return not clue.near or any(clue.near & lemmas and not self._denied(i) for i, lemmas in context.items())

    def _denied(self, at: int) -> bool:
        """Whether a word is denied («дыма не было», «не искрит», «без дыма») or only imagined («не дай бог пожар»)."""
        word = self.words[at]
        before = [self.words[i] for i in self.around(at, 4, 0)][:-1]
        after = [self.words[i] for i in self.around(at, 0, 3)][1:]
        if _imagined(word, before, after):
            return True
        if _NEARLY & set(before):
            return False
        if ("нет" in after[: 3 if word.endswith(_GENITIVE) else 1] and not word.endswith("ся")) or after[:1] == ["бы"]:
            return True
        if after[:1] == ["не"] and after[1:] and look_up(after[1]).lemmas & (_HAPPEN | look_up(word).lemmas):
            return True
        if "без" in before and "и" in before[before.index("без") :]:
            return True
        close = before[-2:] if before and look_up(before[-1]).lemmas & _BETWEEN else before[-1:]
        return any(look_up(one).lemmas & _NO for one in close)


def _imagined(word: str, before: list[str], after: list[str]) -> bool:
    if word.endswith(("ть", "ться", "чь", "чься")) and _MAY & {*before[-3:], *after[:2]}:
        return True
    return (
        "бы" in before[-2:] or "если" in before[-1:] or "чтобы" in before[-2:] or not {"дай", "чтоб"}.isdisjoint(before)
    )


def _prefix(word: str) -> str:
    """The first letters, by which most words are told to be in no clue without a look into the dictionary."""
    return word[:3].translate(_UNSTRESSED)


def read_table(table: str, groups: Mapping[str, str]) -> dict[str, tuple[Clue, ...]]:
    """Reads clues, by the first letters of their words.

    A form with other first letters than its lemma («огня», «обожгла») has to be listed beside it.

    A clue a line: `words / near / unless / reach`, the later ones optional; an indented line goes on; a name in
    `groups` stands for its words.
    """
    for group, members in groups.items():
        table = table.replace(group, members)
    found: dict[str, tuple[Clue, ...]] = {}
    for row in re.sub(r"\n +", " ", table.strip()).split("\n"):
        words, near, unless, reach = (cell.split() for cell in f"{row}///".split("/")[:4])
        clue = Clue(frozenset(words), frozenset(near), frozenset(unless), int(reach[0]) if reach else _REACH)
        for prefix in {_prefix(word) for word in clue.words}:
            found[prefix] = (*found.get(prefix, ()), clue)
    return found
