"""Fits the learned half of the flags `safety` and `legal`: what the words of the detectors do not foresee.

Negatives are the near misses that stand beside the exemplars of a flag, and ordinary reviews in which the detectors hear nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from suggest.blanks import as_read
from suggest.features import Array, Vocabulary
from suggest.flags import detect
from suggest.kernel import features, one_hot, solve, weights
from suggest.match import Alarm, Encode, softmax
from suggest.regulation import Exemplar, FlagExemplar

ORDINARY = 4
"""Every so many-th exemplar of a scenario serves as an ordinary review."""

FOLDS = 3
PRECISION = 0.95
"""At least this part of the flags raised is right, on texts left out, those of the words' detectors counted in."""

Progress = Callable[[str, float], None]
"""Told what is being done, and how much of it is (0 to 1)."""


def encoded(texts: Sequence[str], encode: Encode, progress: Progress, what: str, batch: int = 128) -> Array:
    """The vectors of texts as they are read; texts of like length go together, so that little is spent on padding."""
    order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
    parts = []
    for start in range(0, len(order), batch):
        progress(what, start / len(order))
        parts.append(encode([texts[number] for number in order[start : start + batch]]))
    return np.concatenate(parts)[np.argsort(order)]


def fit_alarms(
    flag_exemplars: Sequence[FlagExemplar],
    exemplars: Sequence[Exemplar],
    vectors: Array,
    mean: Array,
    vocabulary: Vocabulary,
    encode: Encode,
    progress: Progress,
) -> Iterator[Alarm]:
    """An alarm for each flag that has exemplars; `vectors` and `mean` are those of the scenarios' exemplars."""
    if not flag_exemplars:
        return
    own = encoded([as_read(item.text) for item in flag_exemplars], encode, progress, "encoding the flags' exemplars")
    for flag in sorted({item.flag for item in flag_exemplars}):
        kept = [place for place, item in enumerate(flag_exemplars) if item.flag == flag]
        ordinary = [place for place in range(0, len(exemplars), ORDINARY) if flag not in detect(exemplars[place].text)]
        items: list[Exemplar | FlagExemplar] = [flag_exemplars[place] for place in kept]
        items += [exemplars[place] for place in ordinary]
        truth = np.array([int(isinstance(item, FlagExemplar) and item.raises) for item in items])
        known = features(
            [as_read(item.text) for item in items],
            [item.rating for item in items],
            np.concatenate([own[kept], vectors[ordinary]]),
            mean,
            vocabulary,
        )
        heard = np.array([flag in detect(item.text) for item in items])
        threshold = _threshold(_held_out(known.kernel, truth), truth, heard)
        dual = solve(known.kernel, one_hot(truth, 2))
        progress(f"fitting {flag}", 1.0)
        yield Alarm(flag, weights(known, dual, len(vocabulary.ids)), threshold)


def _held_out(kernel: Array, truth: NDArray[np.intp]) -> Array:
    """How likely each text raises the flag, by weights that have not seen it."""
    likely = np.zeros(len(truth), np.float32)
    places = np.arange(len(truth))
    for fold in range(FOLDS):
        out = places % FOLDS == fold
        dual = solve(kernel[np.ix_(~out, ~out)], one_hot(truth[~out], 2))
        likely[out] = softmax(kernel[np.ix_(out, ~out)] @ dual)[:, 1]
    return likely


def _threshold(likely: Array, truth: NDArray[np.intp], heard: NDArray[np.bool_]) -> float:
    """The lowest likelihood at which the alarms, with what the detectors hear in the words, keep the precision."""
    order = np.argsort(-likely[~heard], kind="stable")
    right = heard @ truth + np.cumsum(truth[~heard][order])
    raised = heard.sum() + np.arange(1, len(order) + 1)
    kept = np.nonzero(right >= PRECISION * raised)[0]
    return float(likely[~heard][order[kept[-1]]]) if len(kept) else 1.0
