"""Speed of the walk against its encoder and against peers, on the same reviews in one run: `python -m tests.bench.matcher`.

Peers: sentence-transformers fp32 with the nearest exemplar, and TF-IDF with a linear classifier from scikit-learn.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from suggest.bootstrap import PROJECT, Settings, build_suggester
from suggest.domain import Platform, Review
from suggest.embed import Encoder, directory
from suggest.features import Array
from suggest.phrasebank import load_exemplars

REVIEWS = 120


def main() -> None:
    settings = Settings.read()
    lines = (PROJECT / "evals/cases/plain.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["review"]["text"] for line in lines][:REVIEWS]
    suggester = build_suggester(settings)
    walk = timed(lambda text: suggester.suggest(Review(platform=Platform.OTHER, rating=1, text=text)), texts)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    folder = directory(settings.cache, settings.encoder)
    encoder = Encoder(folder)
    alone = timed(lambda text: encoder.encode([text]), texts)
    rows = [
        ("the walk", walk),
        ("our encoder alone", alone),
        *peers(settings, suggester.matcher.exemplars.vectors, texts),
    ]
    print(f"{len(texts)} reviews, one at a time{'p50, ms':>20}{'p95, ms':>10}{'to our encoder':>17}")
    for name, times in rows:
        half, most = np.percentile(times, [50, 95])
        print(f"{name:34}{half:>14.1f}{most:>10.1f}{half / np.median(alone):>17.2f}")
    print(f"cold start of `suggest one`: {cold():.2f} s; RSS after the walk: {memory} MB")


def timed(work: Callable[[str], object], texts: list[str]) -> list[float]:
    """Milliseconds for each text, after a warm-up."""
    for text in texts[:5]:
        work(text)
    times = []
    for text in texts:
        started = time.perf_counter()
        work(text)
        times.append(1000 * (time.perf_counter() - started))
    return times


def peers(settings: Settings, known: Array, texts: list[str]) -> list[tuple[str, list[float]]]:
    from sentence_transformers import SentenceTransformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    exemplars = load_exemplars(settings.phrasebank)
    model = SentenceTransformer(str(directory(settings.cache, settings.encoder) / "weights"), device="cpu")
    linear = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=3), LogisticRegression(max_iter=30)
    )
    linear.fit([item.text for item in exemplars], [item.scenario or "" for item in exemplars])

    def nearest(text: str) -> int:
        return int(np.argmax(known @ model.encode("query: " + text, normalize_embeddings=True)))

    return [
        ("sentence-transformers fp32, nearest", timed(nearest, texts)),
        ("TF-IDF + logistic regression", timed(lambda text: linear.predict([text]), texts)),
    ]


def cold() -> float:
    review = json.dumps({"platform": "2gis", "rating": 1, "text": "Доставку ждали неделю"}).encode()
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "suggest", "one", "-"], input=review, capture_output=True, check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
