"""«Что исправить компании» (001, 003): complaints by topic, branch and week, what stands out, and what people wrote.

One look for the console's page and for the weekly summary. A spike is what `suggest.spikes` says; it is told with the
number of weeks compared and of comparisons made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, tzinfo

from suggest.regulation import Phrasebank
from suggest.spikes import BEFORE, Compared
from suggest.store.register import Entry
from suggest.store.store import Store
from suggest.store.trends import Complaints, Standing
from suggest.weeks import WEEK, Week, bounds, since, weeks

UNCLEAR = "Тема не определена"
NO_BRANCH = "Филиал не указан"
SHOWN_SPIKES = 12
SHOWN_BRANCHES = 12
SHOWN_REVIEWS = 3


@dataclass(frozen=True)
class Spot:
    """A topic, a branch, or a topic in a branch: its last week beside an ordinary one, and what people wrote."""

    topic: str | None
    branch: str | None
    compared: Compared
    reviews: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Mend:
    """Complaints of some weeks, the last of which is looked at.

    `by_week[topic]` has a number for each week; topics with the most complaints come first. `compared` weeks stand behind
    a spike, `comparisons` pairs of topic and branch were tested.
    """

    weeks: tuple[Week, ...]
    by_week: dict[str | None, tuple[int, ...]]
    topics: tuple[Spot, ...]
    branches: tuple[Spot, ...]
    spikes: tuple[Spot, ...]
    compared: int
    comparisons: int

    @property
    def total(self) -> int:
        """Complaints of the last week."""
        return sum(counts[-1] for counts in self.by_week.values())

    @property
    def week(self) -> Week:
        """The one that is looked at."""
        return self.weeks[-1]


def mend(store: Store, bank: Phrasebank, last: date, zone: tzinfo, count: int = 13, branch: str | None = None) -> Mend:
    """What came in during `count` weeks, the last of which ends with the day `last`; of one branch, where it is named.

    `spikes` and `branches` are always those of all branches. There are at least BEFORE + 1 weeks, so that there is
    something to compare with, but none from before the first review.
    """
    trends = store.trends(bank)
    first = trends.first()
    some = since(weeks(last, max(count, BEFORE + 1), zone), first)
    edges = bounds(some)
    behind = min(BEFORE, (edges[-2] - first) // WEEK) if first and first < edges[-2] else 0
    standings = trends.standings(edges[-behind - 2 :])
    by_week = _by_week(trends.complaints(edges, branch), len(some))
    texts = trends.typical_by_topic(some[-1].since, some[-1].until, SHOWN_REVIEWS, branch)
    topics = (Spot(topic, branch, _compared(counts, behind), texts.get(topic, ())) for topic, counts in by_week.items())
    spots = [Spot(row.topic, row.branch, row.compared(behind)) for row in standings if row.branch is not None]
    spikes = [spot for spot in spots if spot.compared.is_spike(len(spots))]
    return Mend(
        weeks=some,
        by_week=by_week,
        topics=tuple(topics),
        branches=_branches(standings, behind),
        spikes=tuple(
            replace(spot, reviews=trends.typical(edges[-2], edges[-1], spot.topic, spot.branch or "", SHOWN_REVIEWS))
            for spot in sorted(spikes, key=lambda spot: spot.compared.chance)[:SHOWN_SPIKES]
        ),
        compared=behind,
        comparisons=len(spots),
    )


def titled(bank: Phrasebank, topic: str | None) -> str:
    """A topic as people call it."""
    known = bank.topics.get(topic or "")
    return known.title if known else topic or UNCLEAR


def _by_week(rows: Sequence[Complaints], count: int) -> dict[str | None, tuple[int, ...]]:
    counted: dict[str | None, list[int]] = {}
    for row in rows:
        counted.setdefault(row.topic, [0] * count)[row.week] = row.times
    ordered = sorted(counted.items(), key=lambda entry: (-entry[1][-1], -sum(entry[1]), entry[0] or "~"))
    return {topic: tuple(counts) for topic, counts in ordered}


def _compared(counts: Sequence[int], behind: int) -> Compared:
    return Compared(counts[-1], sum(counts[-behind - 1 : -1]), behind)


def _branches(standings: Sequence[Standing], behind: int) -> tuple[Spot, ...]:
    """The branches with the most complaints in the last week."""
    now, before = Counter[str | None](), Counter[str | None]()
    for row in standings:
        now[row.branch] += row.now
        before[row.branch] += row.before
    most = sorted((name for name in now if now[name]), key=lambda name: (-now[name], name or "~"))
    return tuple(Spot(None, name, Compared(now[name], before[name], behind)) for name in most[:SHOWN_BRANCHES])
