"""Our cases are not the exemplars: a lint that no case is too near to anything the matcher has learnt from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from evals.dataset import Case
from suggest.folding import fold
from suggest.regulation import Exemplar

GRAM = 4
NEAR = 0.5
"""Texts that share more than this of their character `GRAM`-grams (Jaccard, on folded text) are too near."""

TELLING = 25
"""Shorter texts are not compared: «не рекомендую» can hardly be said otherwise."""


def nearest(cases: Sequence[Case], exemplars: Sequence[Exemplar]) -> Iterator[tuple[Case, Exemplar, float]]:
    """Each case that is long enough to tell, with its nearest exemplar and their similarity."""
    told = [case for case in cases if len(case.review.text) >= TELLING]
    counter = CountVectorizer(
        analyzer="char", ngram_range=(GRAM, GRAM), binary=True, dtype=np.float32, preprocessor=fold
    )
    texts = [case.review.text for case in told] + [exemplar.text for exemplar in exemplars]
    rows = counter.fit_transform(texts)
    sizes = np.asarray(rows.sum(1)).ravel()
    shared = (rows[: len(told)] @ rows[len(told) :].T).toarray()
    similarities = shared / (sizes[: len(told), None] + sizes[None, len(told) :] - shared)
    for case, row in zip(told, similarities, strict=True):
        best = int(row.argmax())
        yield case, exemplars[best], float(row[best])


def faults(cases: Sequence[Case], exemplars: Sequence[Exemplar]) -> list[str]:
    """Every case that is nearer than `NEAR` to an exemplar."""
    return [
        f"{case.id}: {similarity:.2f} of «{exemplar.text[:80]}» ({exemplar.scenario})"
        for case, exemplar, similarity in nearest(cases, exemplars)
        if similarity > NEAR
    ]
