"""Weeks as the console counts them: seven whole days each, the last one ending with the day that is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

MONTHS = ("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Week:
    """The moments from `since` (inclusive) to `until` (exclusive), midnights of the company's zone in UTC."""

    since: datetime
    until: datetime
    label: str
    """Its first and last day, as in «19–25 ноя»."""


def weeks(last: date, count: int, zone: tzinfo) -> tuple[Week, ...]:
    """`count` weeks in order, the last one ending with the day `last`."""
    firsts = [last - WEEK * number + timedelta(days=1) for number in range(count, 0, -1)]
    return tuple(Week(_midnight(first, zone), _midnight(first + WEEK, zone), label(first)) for first in firsts)


def since(some: Sequence[Week], first: datetime | None) -> tuple[Week, ...]:
    """Those of the weeks that are not over before `first`; at least the last one."""
    return tuple(week for week in some[:-1] if first and week.until > first) + tuple(some[-1:])


def label(first: date) -> str:
    """The week that begins on this day, in words."""
    end = first + timedelta(days=6)
    start = f"{first.day}" if first.month == end.month else f"{first.day}\u00a0{MONTHS[first.month - 1]}"
    return f"{start}–{end.day}\u00a0{MONTHS[end.month - 1]}"


def bounds(of: Sequence[Week]) -> tuple[datetime, ...]:
    """The edges of weeks that follow one another, one more than there are weeks."""
    return (*(week.since for week in of), of[-1].until)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
