"""What the next exemplars would bring: accuracy on the same unseen hands, by how many exemplars of the others were learnt."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suggest.blanks import as_read
from suggest.embed import Encoder, directory
from suggest.features import Array, build_vocabulary
from suggest.fit_alarms import Progress, encoded
from suggest.kernel import features, one_hot, solve
from suggest.phrasebank import load_exemplars
from suggest.settings import Settings

CURVE = Path(__file__).with_name("learning_curve.json")
SHARES = (0.125, 0.25, 0.5, 0.75, 1.0)
THIRD = 3
"""Every third hand is tested on, and learnt from by none of the points."""


def measure(settings: Settings, progress: Progress) -> list[dict[str, float]]:
    """A point for each share of the exemplars: how many were learnt, and top-1 and top-3 on the unseen hands."""
    exemplars = load_exemplars(settings.phrasebank)
    texts = [as_read(item.text) for item in exemplars]
    vectors = encoded(texts, Encoder(directory(settings.cache, settings.encoder)).encode, progress, "encoding")
    given = features(texts, [item.rating for item in exemplars], vectors, vectors.mean(0), build_vocabulary(texts))
    labels = sorted({item.scenario or "" for item in exemplars})
    truth = np.array([labels.index(item.scenario or "") for item in exemplars])
    hands = np.array([item.hand for item in exemplars])
    tested = np.isin(hands, sorted(set(hands))[::THIRD]) & (truth != labels.index(""))
    others = np.nonzero(~np.isin(hands, sorted(set(hands))[::THIRD]))[0]
    order = np.random.default_rng(0).permutation(others)
    points = []
    for share in SHARES:
        progress("learning", share)
        learnt = np.sort(order[: int(share * len(order))])
        points.append({"exemplars": float(len(learnt))} | _accuracy(given.kernel, truth, learnt, tested, len(labels)))
    return points


def _accuracy(
    kernel: Array, truth: NDArray[np.intp], learnt: NDArray[np.intp], tested: NDArray[np.bool_], count: int
) -> dict[str, float]:
    dual = solve(kernel[np.ix_(learnt, learnt)], one_hot(truth[learnt], count))
    ranked = np.argsort(-(kernel[np.ix_(np.nonzero(tested)[0], learnt)] @ dual), 1)
    hits = ranked == truth[tested][:, None]
    return {"top1": round(float(hits[:, 0].mean()), 4), "top3": round(float(hits[:, :3].any(1).mean()), 4)}


def write(settings: Settings, progress: Progress) -> Path:
    """Measures and keeps the curve where the report finds it."""
    CURVE.write_text(json.dumps({"points": measure(settings, progress)}, indent=1) + "\n", encoding="utf-8")
    return CURVE
