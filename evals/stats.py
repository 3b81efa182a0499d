"""The statistics of the harness: intervals, a paired test, calibration and the risk-coverage curve. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

Interval = tuple[float, float]
Z = 1.959963984540054
"""The quantile of a 95 % interval."""


def wilson(hits: int, total: int) -> Interval | None:
    """The 95 % Wilson interval of a share; None of nothing."""
    if total == 0:
        return None
    share, square = hits / total, Z * Z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = Z / (1 + square / total) * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    return round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)


def mcnemar(worse: int, better: int) -> float:
    """The exact two-sided p of McNemar's test on the discordant pairs."""
    total = worse + better
    if total == 0:
        return 1.0
    tail = sum(math.comb(total, k) for k in range(min(worse, better) + 1)) * 0.5**total
    return min(1.0, 2 * tail)


def bootstrap(
    statistic: Callable[[Sequence[tuple[float, bool]]], float], pairs: Sequence[tuple[float, bool]]
) -> Interval:
    """The 95 % percentile interval of a statistic of pairs, from 300 resamples; the same for the same pairs."""
    random = np.random.default_rng(0)
    drawn = [statistic([pairs[i] for i in random.integers(0, len(pairs), len(pairs))]) for _ in range(300)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return round(float(low), 4), round(float(high), 4)


def calibration_error(pairs: Sequence[tuple[float, bool]], bins: int = 10) -> float:
    """The expected calibration error of (confidence, right), over bins of equal width."""
    edges: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for confidence, right in pairs:
        edges[min(bins - 1, int(confidence * bins))].append((confidence, right))
    gaps = (abs(sum(c - right for c, right in inside)) for inside in edges)
    return float(sum(gaps)) / len(pairs)


def risk_coverage(pairs: Sequence[tuple[float, bool]]) -> list[Interval]:
    """(coverage, risk) where one answers the surest first: a point for each distinct confidence."""
    points: list[Interval] = []
    wrong = 0
    ordered = sorted(pairs, reverse=True)
    for count, (confidence, right) in enumerate(ordered, 1):
        wrong += not right
        if count == len(ordered) or ordered[count][0] != confidence:
            points.append((round(count / len(ordered), 4), round(wrong / count, 4)))
    return points


def area_under(points: Sequence[Interval]) -> float:
    """The mean risk over all coverages of a risk-coverage curve (AURC)."""
    before = 0.0
    area = 0.0
    for coverage, risk in points:
        area += (coverage - before) * risk
        before = coverage
    return area


def percentile(values: Sequence[float], share: float) -> float | None:
    return round(float(np.percentile(values, share)), 2) if values else None
