"""The walk against its encoder and against peers, on the same reviews and encoder in one run: `python -m tests.bench.matcher`.

Peers: sentence-transformers fp32 with the nearest exemplar; semantic-router (measured where it can be imported: the
project does not depend on it) with our encoder through its own class; TF-IDF with a linear classifier from scikit-learn.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import numpy as np

from suggest.bootstrap import build_suggester
from suggest.domain import Platform, Review
from suggest.embed import Encoder, directory
from suggest.folding import clean
from suggest.match import Matcher
from suggest.phrasebank import load_exemplars
from suggest.settings import PROJECT, Settings

REVIEWS, WARM_UP = 120, 5
Guess = Callable[[str], str | None]


class Measured(NamedTuple):
    """One row of the table; `right` is None where a row guesses nothing, `per_second` where it has no batch."""

    name: str
    times: Sequence[float]
    right: float | None = None
    per_second: float | None = None


def main() -> None:
    settings = Settings.read()
    lines = (PROJECT / "evals/cases/plain.jsonl").read_text(encoding="utf-8").splitlines()[:REVIEWS]
    cases = [(case["review"]["text"], case["expect"]["scenario"]) for case in map(json.loads, lines)]
    texts = [text for text, _ in cases]
    tell("the walk")
    suggester = build_suggester(settings)

    def walked(text: str) -> str | None:
        match = suggester.suggest(Review(platform=Platform.OTHER, rating=1, text=text)).match
        return None if match is None else match.scenario or match.runners_up[0].scenario

    walk = measured("the walk", walked, cases)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    matcher = suggester.matcher
    assert isinstance(matcher, Matcher)
    tell("our encoder")
    encoder = Encoder(directory(settings.cache, settings.encoder))
    alone = Measured(
        "our encoder alone",
        timed(lambda text: encoder.encode([text]), texts),
        per_second=batch(encoder.encode, [clean(text) for text in texts]),
    )
    rows = [walk, alone, plain(settings, matcher, cases)]
    routed = router(matcher, encoder, cases)
    rows += [routed] if routed else []
    rows.append(linear(settings, cases))
    tell("cold start")
    started = cold()
    show(rows, float(np.median(alone.times)))
    if not routed:
        print("semantic-router: not importable here, so not measured")
    print(f"cold start of `suggest one`: {started:.2f} s; RSS after the walk: {memory} MB")
    print(", ".join(f"{name} {found(name)}" for name in ("sentence-transformers", "semantic-router", "scikit-learn")))
    print(f"{os.cpu_count()} cores, load of the machine at the end {os.getloadavg()[0]:.1f}")


def show(rows: Sequence[Measured], unit: float) -> None:
    head = f"{REVIEWS} reviews, one at a time"
    print(f"{head:38}{'p50, ms':>9}{'p95, ms':>9}{'to our encoder':>16}{'batch, 1/s':>12}{'top-1':>8}")
    for row in rows:
        half, most = np.percentile(row.times, [50, 95])
        speed = "–" if row.per_second is None else f"{row.per_second:.0f}"
        right = "–" if row.right is None else f"{row.right:.2f}"
        print(f"{row.name:38}{half:>9.1f}{most:>9.1f}{half / unit:>16.2f}{speed:>12}{right:>8}")


def measured(name: str, guess: Guess, cases: Sequence[tuple[str, str | None]]) -> Measured:
    answers: list[str | None] = []
    times = timed(lambda text: answers.append(guess(text)), [text for text, _ in cases])
    hits = [got == wanted for got, (_, wanted) in zip(answers[WARM_UP:], cases, strict=True) if wanted]
    return Measured(name, times, sum(hits) / len(hits))


def timed(work: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    """Milliseconds for each text, after a warm-up."""
    for text in texts[:WARM_UP]:
        work(text)
    times = []
    for text in texts:
        started = time.perf_counter()
        work(text)
        times.append(1000 * (time.perf_counter() - started))
    return times


def batch(encode: Callable[[list[str]], object], texts: list[str]) -> float:
    """Reviews a second, all given at once."""
    started = time.perf_counter()
    encode(texts)
    return len(texts) / (time.perf_counter() - started)


def plain(settings: Settings, matcher: Matcher, cases: Sequence[tuple[str, str | None]]) -> Measured:
    tell("sentence-transformers fp32")
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(directory(settings.cache, settings.encoder) / "weights"), device="cpu")
    known = matcher.exemplars

    def encode(texts: list[str]) -> Any:
        return model.encode(["query: " + text for text in texts], normalize_embeddings=True)

    def nearest(text: str) -> str | None:
        return matcher.head.labels[int(known.labels[np.argmax(known.vectors @ encode([text])[0])])]

    row = measured("sentence-transformers fp32, nearest", nearest, cases)
    return row._replace(per_second=batch(encode, [text for text, _ in cases]))


def router(matcher: Matcher, encoder: Encoder, cases: Sequence[tuple[str, str | None]]) -> Measured | None:
    tell("semantic-router")
    try:
        from semantic_router import Route  # type: ignore[import-not-found, unused-ignore]
        from semantic_router.encoders import DenseEncoder  # type: ignore[import-not-found, unused-ignore]
        from semantic_router.routers import IndexedRouter  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None
    known = matcher.exemplars
    # What is fitted is not what is measured: the exemplars' vectors are there already.
    vectors = dict(zip(known.texts, known.vectors, strict=True))

    class Ours(DenseEncoder):  # type: ignore[misc, unused-ignore]
        def __call__(self, docs: list[str]) -> list[list[float]]:
            return [(vectors[doc] if doc in vectors else encoder.encode([clean(doc)])[0]).tolist() for doc in docs]

    routes = [
        Route(
            name=label or "out_of_scope",
            utterances=[known.texts[i] for i in np.flatnonzero(known.labels == place).tolist()],
        )
        for place, label in enumerate(matcher.head.labels)
    ]
    made = IndexedRouter(encoder=Ours(name="ours"), routes=routes, confidence_threshold=0.0)
    return measured("semantic-router, our encoder", lambda text: str(made(text).name), cases)


def linear(settings: Settings, cases: Sequence[tuple[str, str | None]]) -> Measured:
    tell("TF-IDF + linear")
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    exemplars = load_exemplars(settings.phrasebank)
    made = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=2, sublinear_tf=True),
        SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=20, random_state=0),
    )
    made.fit([item.text for item in exemplars], [item.scenario or "" for item in exemplars])
    row = measured("TF-IDF + linear", lambda text: str(made.predict([text])[0]), cases)
    return row._replace(per_second=batch(made.predict, [text for text, _ in cases]))


def found(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def cold() -> float:
    review = json.dumps({"platform": "2gis", "rating": 1, "text": "Доставку ждали неделю"}).encode()
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "suggest", "one", "-"], input=review, capture_output=True, check=True)
    return time.perf_counter() - started


def tell(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
