"""What was done with a suggestion, told to every agent who has it open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from suggest.store.fold import Event, Kind
from suggest.titles import more, title

MOST = 6
UNTOLD = frozenset({Kind.RECEIVED, Kind.SUGGESTED})
"""What concerns no agent."""


@dataclass(frozen=True)
class Act:
    """One thing done: when, by whom, what."""

    at: datetime
    agent: str
    what: str


def acts(events: Sequence[Event], zone: tzinfo) -> tuple[Act, ...]:
    """The latest acts, the newest first, by the clocks of that zone."""
    return tuple(_told(reversed(events), zone))[:MOST]


def _told(events: Iterator[Event], zone: tzinfo) -> Iterator[Act]:
    for event in events:
        if event.kind not in UNTOLD:
            # A step says all by itself: «категория: готово».
            said = [more(event)] if event.kind is Kind.FILED else [title(event), more(event)]
            yield Act(event.at.astimezone(zone), event.agent or "", ": ".join(filter(None, said)))
