"""Multinomial logistic regression over the head's features, solved in the dual: the algebra behind `suggest.fit`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suggest.features import STARS, Array, Row, Vocabulary, stars
from suggest.match import Weights, softmax

RIDGE = 0.1
"""The penalty, chosen on hands left out, like the mixtures below."""

STEPS = 30


@dataclass(frozen=True)
class Mix:
    """How much each kind of feature counts in a kernel."""

    embedding: float
    ngram: float
    star: float


WHOLE, WORDS = Mix(5.0, 1.0, 0.1), Mix(0.0, 1.0, 0.1)
"""What a head may see: everything, or the words and stars alone."""


@dataclass(frozen=True)
class Features:
    """Texts as numbers; `kernel` and `words` are the similarities of every two of them under `WHOLE` and `WORDS`."""

    vectors: Array
    mean: Array
    rows: Sequence[Row]
    ratings: NDArray[np.intp]
    kernel: Array
    words: Array


def features(
    texts: Sequence[str], ratings: Sequence[int | None], vectors: Array, mean: Array, vocabulary: Vocabulary
) -> Features:
    """The features of texts; `mean` is taken off their vectors."""
    from scipy.sparse import csr_matrix

    rows = [vocabulary.row(text) for text in texts]
    places = np.array([stars(rating) for rating in ratings])
    centred = vectors - mean
    starts = np.cumsum([0, *(len(indices) for indices, _ in rows)])
    data = (np.concatenate([values for _, values in rows]), np.concatenate([indices for indices, _ in rows]), starts)
    ngrams = csr_matrix(data, shape=(len(rows), len(vocabulary.ids)))
    words = WORDS.star * (places[:, None] == places[None]).astype(np.float32)
    words += np.float32(WORDS.ngram) * (ngrams @ ngrams.T).toarray()
    kernel = words + np.float32(WHOLE.embedding) * (centred @ centred.T)
    return Features(vectors, mean, rows, places, kernel.astype(np.float32), words.astype(np.float32))


def solve(kernel: Array, targets: Array) -> Array:
    """The weight of every text for every label; `targets` is one-hot, (n, labels).

    Böhning's bound on the Hessian lets one factorisation serve every step, so 5,000 texts take seconds.
    """
    from scipy.linalg import cho_factor, cho_solve

    bound = kernel / 2
    bound[np.diag_indices_from(bound)] += RIDGE
    factor = cho_factor(bound, overwrite_a=True, check_finite=False)
    dual = np.zeros_like(targets)
    for _ in range(STEPS):
        dual -= cho_solve(factor, softmax(kernel @ dual) - targets + RIDGE * dual, check_finite=False)
    return dual


def one_hot(truth: NDArray[np.intp], count: int) -> Array:
    return np.asarray(truth[:, None] == np.arange(count)[None], np.float32)


def weights(given: Features, dual: Array, size: int, mix: Mix = WHOLE) -> Weights:
    """The dual as weights of the features themselves; `size` is that of the vocabulary."""
    embedding = mix.embedding * (given.vectors - given.mean).T @ dual
    ngram = np.zeros((size, dual.shape[1]), np.float32)
    for (indices, values), weight in zip(given.rows, dual, strict=True):
        ngram[indices] += mix.ngram * values[:, None] * weight
    star = mix.star * np.stack([dual[given.ratings == place].sum(0) for place in range(STARS)])
    return Weights(embedding, ngram, star.astype(np.float32), -given.mean @ embedding)
