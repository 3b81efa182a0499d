"""When more complaints came in a week than chance explains: a pure statistic, stated on the page that shows it.

Counts of complaints are taken for Poisson. Given how many came in this week and in the weeks before it together, the
share of this week is binomial if nothing has changed; the exact upper tail of that is the chance of such a week (the
conditional test of two Poisson rates). It needs no estimate of the mean and holds for small counts. Because hundreds of
pairs of topic and branch are compared each week, the chance is multiplied by their number (Bonferroni).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

BEFORE = 8
"""So many weeks a week is compared with."""
FEWEST_WEEKS = 3
"""With fewer weeks behind it nothing is called a spike."""
FEWEST = 5
"""Fewer complaints than that are never called a spike."""
SURE = 0.05
"""The chance, over all comparisons of a week, to call something a spike that is none."""


@dataclass(frozen=True)
class Compared:
    """Complaints of a week beside those of the `weeks` before it."""

    now: int
    before: int
    weeks: int

    @property
    def mean(self) -> float:
        """Complaints in an ordinary week; 0 without weeks to compare with."""
        return self.before / self.weeks if self.weeks else 0.0

    @property
    def chance(self) -> float:
        """How probable so many or more are in an ordinary week; 1 without weeks to compare with."""
        return upper_tail(self.now, self.now + self.before, 1 / (1 + self.weeks)) if self.weeks else 1.0

    def is_spike(self, comparisons: int) -> bool:
        """Whether it stands out among so many comparisons."""
        enough = self.weeks >= FEWEST_WEEKS and self.now >= FEWEST and self.now > self.mean
        return enough and self.chance * max(1, comparisons) < SURE


def upper_tail(hits: int, of: int, share: float) -> float:
    """The probability of at least so many hits of a binomial."""
    if hits <= 0:
        return 1.0
    logs = [
        math.lgamma(of + 1)
        - math.lgamma(k + 1)
        - math.lgamma(of - k + 1)
        + k * math.log(share)
        + (of - k) * math.log1p(-share)
        for k in range(hits, of + 1)
    ]
    return min(1.0, math.fsum(math.exp(log) for log in logs))
