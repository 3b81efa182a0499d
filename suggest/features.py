"""What the matcher's head reads beside the embedding: character n-grams of the words, and the stars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suggest.folding import fold

NGRAMS = range(2, 6)
"""Lengths of the n-grams; a word is padded with one space at either end."""

STARS = 6
"""One place for no rating, and one for each of the five."""

FORMAT = 6
"""Part of the matcher's cache key: raise it when features or the head change their meaning."""

Array = NDArray[np.floating[Any]]
Row = tuple[NDArray[np.intp], Array]
"""The n-grams of a text as places in the vocabulary, and their weights."""


@dataclass(frozen=True)
class Vocabulary:
    """The n-grams that the head knows, with their inverse document frequency."""

    ids: Mapping[str, int]
    idf: Array

    def row(self, text: str) -> Row:
        """The known n-grams of a text and their weights: sublinear tf × idf, of unit length together."""
        counts = Counter(chain.from_iterable(map(self._known, fold(text).split())))
        indices = np.fromiter(counts.keys(), np.intp, len(counts))
        values = (1 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))) * self.idf[indices]
        norm = float(np.linalg.norm(values))
        return indices, (values / norm if norm else values).astype(np.float32)

    @cached_property
    def _known(self) -> Callable[[str], tuple[int, ...]]:
        """The places of the known n-grams of a word; words come again, so the most recent are remembered."""
        return lru_cache(maxsize=50_000)(lambda word: tuple(self.ids[g] for g in _word_grams(word) if g in self.ids))


def build_vocabulary(texts: Sequence[str], at_least: int = 2) -> Vocabulary:
    """The n-grams that occur in at least so many of the texts."""
    frequency: Counter[str] = Counter()
    for text in texts:
        frequency.update(set(grams(text)))
    kept = sorted(gram for gram, count in frequency.items() if count >= at_least)
    idf = [log((1 + len(texts)) / (1 + frequency[gram])) + 1 for gram in kept]
    return Vocabulary({gram: number for number, gram in enumerate(kept)}, np.array(idf, np.float32))


def grams(text: str) -> Iterable[str]:
    """Every n-gram of every word of a text, repeats included."""
    return (gram for word in fold(text).split() for gram in _word_grams(word))


def _word_grams(word: str) -> tuple[str, ...]:
    padded = f" {word[:40]} "
    return tuple(padded[start : start + size] for size in NGRAMS for start in range(len(padded) - size + 1))


def stars(rating: int | None) -> int:
    """The place of a rating in the one-hot of `STARS`."""
    return rating or 0
