"""Which review a client's own letter is likely about, where it names no code: by name, branch, date and what it tells. Pure.

Only ever a proposal: an agent looks at the review and links it. Each reason is a sentence in Russian for the agent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from suggest.folding import fold

ENOUGH = 2
"""So many points make a review worth showing: a name, a branch, or the same story."""

NEAR, FAR, AHEAD = timedelta(days=7), timedelta(days=90), timedelta(days=1)
"""A letter within a week speaks for a review; one of three months ago, or written before it, is not about it."""

ALIKE = 4
"""So many words in common are no chance."""

_WORD = re.compile(r"[^\W\d_]+")
_STEM, _SHORTEST = 5, 4
_EVERYWHERE = ("фирме", "магаз", "компа", "улица", "проспе", "центр", "серви", "филиа", "город")
"""Beginnings of words that stand in the name of any branch."""


@dataclass(frozen=True)
class Letter:
    """A client's own letter: who wrote it, what it says, when, and on which topic as far as that is known."""

    name: str
    text: str
    at: datetime
    topic: str | None = None


@dataclass(frozen=True)
class Seen:
    """A review that it may be about."""

    suggestion_id: str
    author: str
    text: str
    branch: str
    since: datetime
    topic: str | None = None


@dataclass(frozen=True)
class Likely:
    """A review proposed, how many points speak for it, and which."""

    suggestion_id: str
    points: int
    reasons: tuple[str, ...]


def likely(letter: Letter, reviews: Iterable[Seen], most: int = 3) -> tuple[Likely, ...]:
    """The reviews that the letter may be about, the likeliest first, of two alike the newer."""
    near = [review for review in reviews if letter.at - FAR <= review.since <= letter.at + AHEAD]
    near.sort(key=lambda review: review.since, reverse=True)
    weighed = (_weighed(letter, review) for review in near)
    found = [one for one in weighed if one.points >= ENOUGH]
    return tuple(sorted(found, key=lambda one: one.points, reverse=True)[:most])


def same_name(author: str, client: str) -> int:
    """How surely two names are one person's: 0 not at all, 2 one whole name in common, 3 and more also the other one."""
    theirs, ours = set(_words(client)), _words(author)
    whole = [word for word in ours if len(word) > 1 and word in theirs]
    initials = [word for word in ours if len(word) == 1 and any(other[0] == word for other in theirs - set(whole))]
    return 2 * len(whole) + len(initials) if whole else 0


def _weighed(letter: Letter, review: Seen) -> Likely:
    signs = tuple(_signs(letter, review))
    signs += tuple(_weak_signs(letter, review)) if signs else ()
    return Likely(review.suggestion_id, sum(points for points, _ in signs), tuple(said for _, said in signs))


def _signs(letter: Letter, review: Seen) -> Iterator[tuple[int, str]]:
    name = same_name(review.author, letter.name)
    if name:
        yield name, "имя совпадает" if name > 2 else "имя похоже"
    told = set(_stems(letter.text))
    branch = {stem for stem in _stems(review.branch) if stem not in _EVERYWHERE}
    if branch & told:
        yield 2, "назван тот же филиал"
    if len((set(_stems(review.text)) - branch) & told) >= ALIKE:
        yield 2, "рассказано о том же"


def _weak_signs(letter: Letter, review: Seen) -> Iterator[tuple[int, str]]:
    """What says something only beside another sign: most letters come soon, and many are on one topic."""
    if letter.topic and letter.topic == review.topic:
        yield 1, "та же тема"
    if abs(letter.at - review.since) <= NEAR:
        yield 1, "отзыв свежий, прошло не больше недели"


def _words(text: str) -> list[str]:
    return _WORD.findall(fold(text))


def _stems(text: str) -> list[str]:
    return [word[:_STEM] for word in _words(text) if len(word) >= _SHORTEST]
