"""Fits the matcher's head on the exemplars, calibrates it and picks its thresholds: a step of `make setup`.

Everything that is measured here is measured on hands left out: a `hand` is one writer of exemplars, and a prediction for an
exemplar comes from a head that has seen none of that writer's. Deterministic: the same exemplars and encoder give the same arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suggest.features import STARS, Array, Vocabulary, build_vocabulary, stars
from suggest.folding import clean
from suggest.match import Encode, Exemplars, Head, Matcher, Thresholds, blended, neighbourhood, softmax
from suggest.regulation import Exemplar

EMBEDDING_WEIGHT, NGRAM_WEIGHT, STAR_WEIGHT, RIDGE = 5.0, 1.0, 0.1, 0.1
"""How much each kind of feature counts in the kernel, and the penalty: chosen on hands left out."""

BLENDS = (0.0, 10.0, 20.0, 40.0)
TEMPERATURES = np.geomspace(0.3, 2.0, 40)
RISK = 0.05
"""At most this part of the answered is wrong, on hands left out."""

MARGINS = (0.0, 0.05, 0.1, 0.2)
LOST = 0.02
"""At most this part of what is in scope is held to be out of it."""

FOLDS, STEPS = 5, 50

Progress = Callable[[str, float], None]
"""Told what is being done, and how much of it is (0 to 1)."""


@dataclass(frozen=True)
class Held:
    """What a head that had not seen them said of exemplars: probabilities (n, labels) and the true labels."""

    probabilities: Array
    truth: NDArray[np.intp]


@dataclass(frozen=True)
class Features:
    """The exemplars as numbers; `kernel` is the similarity of every two of them as the head sees it."""

    vectors: Array
    mean: Array
    rows: Sequence[tuple[NDArray[np.intp], Array]]
    ratings: NDArray[np.intp]
    kernel: Array


def fit(exemplars: Sequence[Exemplar], encode: Encode, version: str, progress: Progress) -> tuple[Matcher, Held]:
    """The fitted matcher, and the predictions on hands left out that its calibration and thresholds rest on."""
    labels = tuple(sorted({item.scenario for item in exemplars}, key=lambda label: (label is None, label or "")))
    truth = np.array([labels.index(item.scenario) for item in exemplars])
    vectors = _encoded(exemplars, encode, progress)
    vocabulary = build_vocabulary([item.text for item in exemplars])
    features = _features(exemplars, vectors, vocabulary)
    linear, near = _held_out(features, truth, len(labels), [item.hand for item in exemplars], progress)
    blend, temperature = _calibrated(linear, near, truth)
    held = Held(blended(linear, near, blend, temperature), truth)
    head = _head(features, truth, labels, len(vocabulary.ids), blend, temperature)
    progress("fitting the head", 1.0)
    kept = Exemplars(vectors, [item.text for item in exemplars], truth)
    return Matcher(encode, vocabulary, head, kept, thresholds(held, labels), version), held


def thresholds(held: Held, labels: Sequence[str | None], risk: float = RISK) -> Thresholds:
    """The most that can be answered with at most `risk` of the answered wrong."""
    known = [place for place, label in enumerate(labels) if label is not None]
    outside = np.delete(held.probabilities, known, 1).sum(1)
    limit = float(np.quantile(outside[np.isin(held.truth, known)], 1 - LOST))
    ranked = -np.sort(-held.probabilities[:, known], 1)
    first, lead = ranked[:, 0], ranked[:, 0] - ranked[:, 1]
    right = np.array(known)[held.probabilities[:, known].argmax(1)] == held.truth
    best = (0, 1.0, 0.0)
    for margin in MARGINS:
        asked = (outside <= limit) & (lead >= margin)
        answered, confidence = _most(first[asked], right[asked], risk)
        if answered > best[0]:
            best = (answered, confidence, margin)
    return Thresholds(confidence=best[1], margin=best[2], out_of_scope=limit)


def _most(confidence: Array, right: NDArray[np.bool_], risk: float) -> tuple[int, float]:
    """How many can be answered, from the surest on, and the confidence of the last of them."""
    order = np.argsort(-confidence, kind="stable")
    confidence, right = confidence[order], right[order]
    last_of_equals = np.append(confidence[1:] != confidence[:-1], True)
    within = np.cumsum(~right) <= risk * np.arange(1, len(right) + 1)
    allowed = np.nonzero(last_of_equals & within)[0]
    return (int(allowed[-1]) + 1, float(confidence[allowed[-1]])) if len(allowed) else (0, 1.0)


def _encoded(exemplars: Sequence[Exemplar], encode: Encode, progress: Progress, batch: int = 128) -> Array:
    """The exemplars' vectors; texts of like length go together, so that little is spent on padding."""
    texts = [clean(item.text) for item in exemplars]
    order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
    parts = []
    for start in range(0, len(order), batch):
        progress("encoding the exemplars", start / len(order))
        parts.append(encode([texts[number] for number in order[start : start + batch]]))
    vectors = np.concatenate(parts)
    return vectors[np.argsort(order)]


def _features(exemplars: Sequence[Exemplar], vectors: Array, vocabulary: Vocabulary) -> Features:
    from scipy.sparse import csr_matrix

    rows = [vocabulary.row(item.text) for item in exemplars]
    ratings = np.array([stars(item.rating) for item in exemplars])
    mean = vectors.mean(0)
    centred = vectors - mean
    starts = np.cumsum([0, *(len(indices) for indices, _ in rows)])
    data = (np.concatenate([values for _, values in rows]), np.concatenate([indices for indices, _ in rows]), starts)
    ngrams = csr_matrix(data, shape=(len(rows), len(vocabulary.ids)))
    same_stars = (ratings[:, None] == ratings[None]).astype(np.float32)
    kernel = EMBEDDING_WEIGHT * centred @ centred.T + STAR_WEIGHT * same_stars
    kernel += NGRAM_WEIGHT * (ngrams @ ngrams.T).toarray()
    return Features(vectors, mean, rows, ratings, kernel.astype(np.float32))


def solve(kernel: Array, targets: Array) -> Array:
    """Multinomial logistic regression in the dual: the weight of every exemplar for every label.

    Böhning's bound on the Hessian lets one factorisation serve every step, so 4,000 exemplars take seconds.
    """
    from scipy.linalg import cho_factor, cho_solve

    factor = cho_factor(kernel / 2 + RIDGE * np.eye(len(kernel), dtype=np.float32))
    dual = np.zeros_like(targets)
    for _ in range(STEPS):
        dual -= cho_solve(factor, softmax(kernel @ dual) - targets + RIDGE * dual)
    return dual


def _held_out(
    features: Features, truth: NDArray[np.intp], count: int, hands: Sequence[str], progress: Progress
) -> tuple[Array, Array]:
    """Linear and nearest-exemplar scores of every exemplar, by a head that has seen nothing of its hand."""
    linear, near = (np.zeros((len(truth), count), np.float32) for _ in range(2))
    folds = list(_folds(hands))
    for number, out in enumerate(folds):
        progress("validating on hands left out", number / len(folds))
        dual = solve(features.kernel[np.ix_(~out, ~out)], _one_hot(truth[~out], count))
        linear[out] = features.kernel[np.ix_(out, ~out)] @ dual
        near[out] = neighbourhood(features.vectors[out] @ features.vectors[~out].T, truth[~out], count)
    return linear, near


def _folds(hands: Sequence[str]) -> Iterator[NDArray[np.bool_]]:
    """Groups of hands, each left out once: a hand is never on both sides."""
    names = sorted(set(hands))
    array = np.array(hands)
    return (np.isin(array, names[start::FOLDS]) for start in range(min(FOLDS, len(names))))


def _one_hot(truth: NDArray[np.intp], count: int) -> Array:
    return (truth[:, None] == np.arange(count)[None]).astype(np.float32)


def _calibrated(linear: Array, near: Array, truth: NDArray[np.intp]) -> tuple[float, float]:
    """The blend and temperature under which the held-out truth is likeliest."""

    def surprise(blend: float, temperature: float) -> float:
        found = blended(linear, near, blend, temperature)[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(found, 1e-9)).mean())

    return min(((b, float(t)) for b in BLENDS for t in TEMPERATURES), key=lambda pair: surprise(*pair))


def _head(
    features: Features,
    truth: NDArray[np.intp],
    labels: tuple[str | None, ...],
    size: int,
    blend: float,
    temperature: float,
) -> Head:
    dual = solve(features.kernel, _one_hot(truth, len(labels)))
    embedding = EMBEDDING_WEIGHT * (features.vectors - features.mean).T @ dual
    ngram = np.zeros((size, len(labels)), np.float32)
    for (indices, values), weight in zip(features.rows, dual, strict=True):
        ngram[indices] += NGRAM_WEIGHT * values[:, None] * weight
    star = STAR_WEIGHT * np.stack([dual[features.ratings == place].sum(0) for place in range(STARS)])
    bias = -features.mean @ embedding
    return Head(labels, embedding, ngram, star.astype(np.float32), bias, temperature, blend)
