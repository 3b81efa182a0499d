"""Fits the matcher's head on the exemplars, calibrates it and picks its thresholds: a step of `make setup`.

Everything that is measured here is measured on hands left out: a `hand` is one writer of exemplars, and a prediction for an
exemplar comes from a head that has seen none of that writer's. Deterministic: the same exemplars and encoder give the same arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from suggest.blanks import as_read
from suggest.features import Array, build_vocabulary
from suggest.fit_alarms import Progress, encoded, fit_alarms
from suggest.kernel import WHOLE, WORDS, Features, features, one_hot, solve, weights
from suggest.match import (
    PRAISE,
    Encode,
    Exemplars,
    Head,
    Matcher,
    Thresholds,
    Weights,
    directions,
    grouped,
    neighbourhood,
    softmax,
)
from suggest.regulation import Exemplar, FlagExemplar

START = (1.0, 0.5, 10.0)
"""Where the search for the weights of the three scores begins."""

RISK = 0.05
"""At most this part of the answered is wrong, on hands left out."""

MARGINS = (0.0, 0.05, 0.1, 0.2)
LOST = 0.02
"""At most this part of what is in scope is held to be out of it."""

FOLDS = 4


@dataclass(frozen=True)
class Held:
    """What a head that had not seen them said of exemplars: probabilities (n, labels) and the true labels."""

    probabilities: Array
    truth: NDArray[np.intp]


def fit(
    exemplars: Sequence[Exemplar],
    encode: Encode,
    version: str,
    progress: Progress,
    flag_exemplars: Sequence[FlagExemplar] = (),
    unseen: Sequence[str] = (),
) -> tuple[Matcher, Held]:
    """The fitted matcher, and the predictions on hands left out that its calibration and thresholds rest on.

    `unseen` are the hands that a tuned encoder has not learnt from: only they can tell how sure it may be. None: all.
    """
    labels = tuple(sorted({item.scenario for item in exemplars}, key=lambda label: (label is None, label or "")))
    truth = np.array([labels.index(item.scenario) for item in exemplars])
    texts = [as_read(item.text) for item in exemplars]
    vectors = encoded(texts, encode, progress, "encoding the exemplars")
    vocabulary = build_vocabulary([*texts, *(as_read(item.text) for item in flag_exemplars)])
    mean = vectors.mean(0)
    known = features(texts, [item.rating for item in exemplars], vectors, mean, vocabulary)
    hands = np.array([item.hand for item in exemplars])
    measured = np.isin(hands, unseen or hands)
    scores = [part[measured] for part in _held_out(known, truth, len(labels), _folds(hands, measured), progress)]
    shares = _calibrated(scores, truth[measured])
    held = Held(softmax(_summed(scores, shares)), truth[measured])
    progress("fitting the head", 0.0)
    head = Head(labels, _fused(known, one_hot(truth, len(labels)), len(vocabulary.ids), shares), shares[2])
    progress("fitting the head", 1.0)
    alarms = tuple(fit_alarms(flag_exemplars, exemplars, vectors, mean, vocabulary, encode, progress))
    kept = Exemplars(vectors, [item.text for item in exemplars], truth)
    return Matcher(encode, vocabulary, head, kept, thresholds(held, labels), version, alarms), held


def thresholds(held: Held, labels: Sequence[str | None], risk: float = RISK) -> Thresholds:
    """The most that can be answered with at most `risk` of the answered wrong, and of those answered as praise, too."""
    known = [place for place, label in enumerate(labels) if label is not None]
    outside = np.delete(held.probabilities, known, 1).sum(1)
    limit = float(np.quantile(outside[np.isin(held.truth, known)], 1 - LOST))
    ranked = -np.sort(-held.probabilities[:, known], 1)
    first, lead = ranked[:, 0], ranked[:, 0] - ranked[:, 1]
    found = np.array(known)[held.probabilities[:, known].argmax(1)]
    right, inside = found == held.truth, outside <= limit
    praised = inside & np.array([label == PRAISE for label in labels])[found]
    _, praise = _most(first[praised], right[praised], risk)
    best = (0, 1.0, 0.0)
    for margin in MARGINS:
        asked = inside & (lead >= margin) & (~praised | (first >= praise))
        answered, confidence = _most(first[asked], right[asked], risk)
        if answered > best[0]:
            best = (answered, confidence, margin)
    return Thresholds(confidence=best[1], margin=best[2], out_of_scope=limit, praise=praise)


def _most(confidence: Array, right: NDArray[np.bool_], risk: float) -> tuple[int, float]:
    """How many can be answered, from the surest on, and the confidence of the last of them; 1 where none can."""
    if not len(confidence):
        return 0, 1.0
    order = np.argsort(-confidence, kind="stable")
    confidence, right = confidence[order], right[order]
    last_of_equals = np.append(confidence[1:] != confidence[:-1], True)
    within = np.cumsum(~right) <= risk * np.arange(1, len(right) + 1)
    allowed = np.nonzero(last_of_equals & within)[0]
    return (int(allowed[-1]) + 1, float(confidence[allowed[-1]])) if len(allowed) else (0, 1.0)


def _held_out(
    given: Features, truth: NDArray[np.intp], count: int, folds: Sequence[NDArray[np.bool_]], progress: Progress
) -> tuple[Array, Array, Array]:
    """The scores of every exemplar in a fold, by heads that have seen nothing of that fold.

    They are those of the whole head, of the words' head, and of the nearest exemplars.
    """
    whole, words, near = (np.zeros((len(truth), count), np.float32) for _ in range(3))
    seen = directions(given.vectors, given.mean)
    for number, out in enumerate(folds):
        progress("validating on hands left out", number / len(folds))
        targets = one_hot(truth[~out], count)
        for scores, kernel in ((whole, given.kernel), (words, given.words)):
            scores[out] = kernel[np.ix_(out, ~out)] @ solve(kernel[np.ix_(~out, ~out)], targets)
        near[out] = neighbourhood(seen[out] @ seen[~out].T, grouped(truth[~out]))
    return whole, words, near


def _folds(hands: NDArray[np.str_], measured: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Groups of the measured hands, each left out once: a hand is never on both sides."""
    names = sorted(set(hands[measured]))
    return [np.isin(hands, names[start::FOLDS]) for start in range(min(FOLDS, len(names)))]


def _calibrated(scores: Sequence[Array], truth: NDArray[np.intp]) -> tuple[float, ...]:
    """The weights of the scores under which the held-out truth is likeliest: they fuse and calibrate at once."""
    from scipy.optimize import minimize

    def surprise(logs: Array) -> float:
        found = softmax(_summed(scores, np.exp(logs)))[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(found, 1e-9)).mean())

    found = minimize(surprise, np.log(START), method="Nelder-Mead", options={"xatol": 0.01, "fatol": 1e-5}).x
    return tuple(float(share) for share in np.exp(found))


def _summed(scores: Sequence[Array], shares: Sequence[float] | Array) -> Array:
    total = np.zeros_like(scores[0])
    for part, share in zip(scores, shares, strict=True):
        total += np.float32(share) * part
    return total


def _fused(given: Features, targets: Array, size: int, shares: Sequence[float]) -> Weights:
    """Both heads, fitted on everything, as one: weights of the same features add up."""
    heads = ((given.kernel, WHOLE), (given.words, WORDS))
    whole, words = (weights(given, solve(kernel, targets), size, mix) for kernel, mix in heads)
    named = (field.name for field in fields(Weights))
    return Weights(**{name: _summed((getattr(whole, name), getattr(words, name)), shares[:2]) for name in named})
