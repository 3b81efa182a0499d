"""The nearest scenario of the regulation to a review, with a calibrated confidence, or an honest abstention.

A linear head over embedding, character n-grams and stars is blended with the nearest exemplars; `suggest.fit` fitted the
head, out of two, and the blend: plain arrays here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from suggest.blanks import as_read
from suggest.domain import Candidate, Match, MatchedBy, Neighbour, Reason
from suggest.features import Array, Row, Vocabulary, stars

Encode = Callable[[Sequence[str]], Array]
"""Texts to unit vectors, (n, dim)."""

NEIGHBOURS = 5
"""How many exemplars of a scenario speak for it."""


PRAISE = "positive"
"""The scenario whose reply only thanks: in answer to a complaint, or to sarcasm, that offends (000 §4)."""


@dataclass(frozen=True)
class Thresholds:
    """Where the matcher keeps silent: below `confidence`, or within `margin` of the runner-up, or nothing known.

    For `PRAISE` it must be as sure as `praise`, too.
    """

    confidence: float
    margin: float
    out_of_scope: float
    praise: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class Weights:
    """What each feature says for each of some labels."""

    embedding: Array
    ngram: Array
    star: Array
    bias: Array

    def scores(self, vector: Array, row: Row, rating: int | None) -> Array:
        """The score of every label, (labels,)."""
        indices, values = row
        return np.asarray(
            vector @ self.embedding + values @ self.ngram[indices] + self.star[stars(rating)] + self.bias, np.float32
        )


@dataclass(frozen=True)
class Head:
    """The fitted weights. `labels[i]` is a scenario, or None for texts that belong to none.

    `blend` is the weight of the nearest exemplars; the scores together are calibrated: their softmax is the confidence.
    """

    labels: tuple[str | None, ...]
    weights: Weights
    blend: float


@dataclass(frozen=True)
class Alarm:
    """The learned half of a flag: weights for "no" and "yes", and from which likelihood on it rings."""

    flag: str
    weights: Weights
    threshold: float

    def rings(self, vector: Array, row: Row, rating: int | None) -> bool:
        return bool(softmax(self.weights.scores(vector, row, rating)[None])[0, 1] >= self.threshold)


@dataclass(frozen=True)
class Exemplars:
    """What the nearest exemplars are looked up in: the encoder's vectors with their texts and labels."""

    vectors: Array
    texts: Sequence[str]
    labels: NDArray[np.intp]

    @cached_property
    def groups(self) -> list[NDArray[np.intp]]:
        """The places of each label's exemplars."""
        return grouped(self.labels)

    @cached_property
    def mean(self) -> Array:
        return np.asarray(self.vectors.mean(0))

    @cached_property
    def _directions(self) -> Array:
        return directions(self.vectors, self.mean)

    def like(self, vector: Array) -> Array:
        """The cosine of every exemplar to a vector, both seen from the exemplars' mean: (n,), from -1 to 1."""
        # Not `@`: its threads have to wait for those of the encoder, which still spin, and that takes milliseconds.
        return np.asarray(np.einsum("nd,d->n", self._directions, directions(vector, self.mean)))


class Matcher:
    """Matches reviews to scenarios. Nothing in it changes after it is made, so threads may share one."""

    def __init__(
        self,
        encode: Encode,
        vocabulary: Vocabulary,
        head: Head,
        exemplars: Exemplars,
        thresholds: Thresholds,
        version: str,
        alarms: Sequence[Alarm] = (),
    ) -> None:
        self._encode = encode
        self.vocabulary = vocabulary
        self.head = head
        self.exemplars = exemplars
        self.thresholds = thresholds
        self.version = version
        self.alarms = alarms

    @property
    def limits(self) -> dict[str, float]:
        """The thresholds in force, for the record."""
        return self.thresholds.as_dict()

    def match(self, text: str, rating: int | None) -> Match:
        """The scenario of a review that has letters, and the flags that ring; the topic is left to the caller."""
        read = as_read(text)
        vector = self._encode([read])[0]
        row = self.vocabulary.row(read)
        similarities = self.exemplars.like(vector)
        linear = self.head.weights.scores(vector, row, rating)[None]
        near = neighbourhood(similarities[None], self.exemplars.groups)
        ranked = self._ranked(softmax(linear + self.head.blend * near)[0])
        ringing = tuple(alarm.flag for alarm in self.alarms if alarm.rings(vector, row, rating))
        return self._verdict(ranked, similarities, ringing)

    def _ranked(self, probabilities: Array) -> list[tuple[str | None, float]]:
        order = np.argsort(-probabilities, kind="stable")
        return [(self.head.labels[i], min(1.0, max(0.0, float(probabilities[i])))) for i in order]

    def _verdict(self, ranked: list[tuple[str | None, float]], similarities: Array, flags: tuple[str, ...]) -> Match:
        candidates = [Candidate(scenario=label, confidence=p) for label, p in ranked if label is not None]
        outside = next((p for label, p in ranked if label is None), 0.0)
        reasons = self._doubts(candidates, outside)
        abstained = bool(reasons)
        return Match(
            scenario=None if abstained else candidates[0].scenario,
            topic=None,
            by=MatchedBy.MATCHER,
            confidence=candidates[0].confidence,
            runners_up=tuple(candidates[:3] if abstained else candidates[1:3]),
            nearest=self._nearest(similarities, [c.scenario for c in candidates[:2]], abstained),
            flags=flags,
            reasons=reasons,
        )

    def _doubts(self, candidates: Sequence[Candidate], outside: float) -> tuple[Reason, ...]:
        """Why to abstain; empty where the matcher is sure."""
        first, second = candidates[0], candidates[1]
        sure = f"{100 * first.confidence:.0f}\u00a0%"
        if outside > self.thresholds.out_of_scope:
            return (Reason(code="out_of_scope", text="Ни один сценарий регламента не похож на этот текст."),)
        if first.confidence < self.thresholds.confidence:
            return (Reason(code="unsure", text=f"Уверенность {sure} ниже порога."),)
        if first.scenario == PRAISE and first.confidence < self.thresholds.praise:
            text = f"Похоже на похвалу, но уверенность {sure}: благодарность в ответ на жалобу обидит."
            return (Reason(code="unsure", text=text),)
        if first.confidence - second.confidence < self.thresholds.margin:
            return (Reason(code="unsure", text="Два сценария подходят почти одинаково."),)
        return ()

    def _nearest(self, similarities: Array, scenarios: Sequence[str], abstained: bool) -> tuple[Neighbour, ...]:
        """Exemplars that explain the verdict: three of the scenario, or, where it abstained, of the nearest two."""
        wanted = [self.head.labels.index(name) for name in (scenarios if abstained else scenarios[:1])]
        own = np.sort(np.concatenate([self.exemplars.groups[label] for label in wanted]))
        closest = own[np.argsort(-similarities[own], kind="stable")[:3]]
        return tuple(
            Neighbour(
                scenario=self.head.labels[self.exemplars.labels[place]] or "",
                text=self.exemplars.texts[place],
                similarity=round(float(similarities[place]), 4),
            )
            for place in closest
        )


def directions(vectors: Array, mean: Array) -> Array:
    """Where vectors lie from their mean, as unit vectors; seen from the origin an encoder's vectors are nearly alike."""
    seen = vectors - mean
    return np.asarray(seen / np.maximum(np.linalg.norm(seen, axis=-1, keepdims=True), 1e-9), np.float32)


def grouped(labels: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Where each label stands: labels are 0, 1, … and each occurs."""
    return [np.nonzero(labels == label)[0] for label in range(int(labels.max()) + 1)]


def neighbourhood(similarities: Array, groups: Sequence[NDArray[np.intp]]) -> Array:
    """How near each label's closest exemplars are: the mean of its `NEIGHBOURS` highest similarities, (n, labels)."""
    columns = []
    for places in groups:
        kept = min(NEIGHBOURS, len(places))
        columns.append(np.partition(similarities[:, places], len(places) - kept, axis=1)[:, -kept:].mean(1))
    return np.stack(columns, 1)


def softmax(scores: Array) -> Array:
    exponents = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(exponents / exponents.sum(1, keepdims=True), dtype=np.float32)
