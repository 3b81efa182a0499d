"""One phrase id for each place of the reply: the `Chooser` protocol, the deterministic `Rotation`, and `accept`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from suggest.domain import ChooserFailed, Review
from suggest.regulation import Phrase, Plan, PlannedSlot, SlotKey

Choice = Mapping[SlotKey, str]
"""A phrase id for each planned place."""


@dataclass(frozen=True)
class History:
    """What went before a choice, as a value.

    `replies`: the phrase ids of the replies that stand near this one in public, the newest first. `disliked`: phrases
    that agents often delete. `withdrawn`: phrases that may no longer be said.
    """

    replies: tuple[tuple[str, ...], ...] = ()
    disliked: frozenset[str] = frozenset()
    withdrawn: frozenset[str] = frozenset()

    def age(self, phrase: Phrase) -> float:
        """How many replies ago the phrase was last said: 0 in the newest; infinite if it is not near."""
        return next((ago for ago, said in enumerate(self.replies) if phrase.id in said), float("inf"))


NOTHING = History()

ENOUGH = 3
"""So many phrases leave a choice."""


class Chooser(Protocol):
    """Anything that chooses among the offered phrases; it returns ids and writes nothing."""

    def choose(self, review: Review, plan: Plan, history: History = NOTHING) -> Choice: ...


class Rotation:
    """Chooses by a checksum of the review: the same review with the same history gets the same reply.

    A phrase that stands near in public, or that agents often delete, is avoided while others serve; then those made
    most closely for the place come first. A phrase with the client's name is not given up for that; but where the whole
    reply would be the one before it, one place is filled otherwise.
    """

    def choose(self, review: Review, plan: Plan, history: History = NOTHING) -> Choice:
        picked = {place.key: _pick(place, review, history) for place in plan.slots}
        return {key: phrase.id for key, phrase in {**picked, **varied(picked, review, plan, history)}.items()}


def varied(picked: Mapping[SlotKey, Phrase], review: Review, plan: Plan, history: History) -> Mapping[SlotKey, Phrase]:
    """Where the whole reply would be the one before it: another phrase for one place, if any has one, else nothing.

    Rather not where it costs the client's name.
    """
    if not history.replies or tuple(picked[place.key].id for place in plan.slots) != history.replies[0]:
        return {}
    others = [
        replace(place, offered=tuple(phrase for phrase in place.offered if phrase is not picked[place.key]))
        for place in plan.slots
    ]
    others = [place for place in others if place.offered]
    others.sort(key=lambda place: _named(picked[place.key]) and not _named(place.offered[0]))
    return {place.key: _pick(place, review, history) for place in others[:1]}


def _pick(place: PlannedSlot, review: Review, history: History) -> Phrase:
    named = [phrase for phrase in place.offered if _named(phrase) == _named(place.offered[0])]
    liked = [phrase for phrase in named if phrase.id not in history.disliked] or named
    oldest = max(history.age(phrase) for phrase in liked)
    fresh = [phrase for phrase in liked if history.age(phrase) == oldest]
    best = [phrase for phrase in fresh if phrase.closeness == fresh[0].closeness]
    seed = "\0".join((place.slot, str(place.part), review.id or "", review.author or "", review.text))
    checksum = hashlib.blake2b(seed.encode(), digest_size=8).digest()
    return best[int.from_bytes(checksum) % len(best)]


def _named(phrase: Phrase) -> bool:
    return "client_name" in phrase.variables


def allowed(plan: Plan, history: History) -> Plan:
    """The plan without the phrases that were withdrawn; a place that has none left is left out."""
    if not history.withdrawn:
        return plan
    places = (
        replace(place, offered=tuple(phrase for phrase in place.offered if phrase.id not in history.withdrawn))
        for place in plan.slots
    )
    return replace(plan, slots=tuple(place for place in places if place.offered))


def unworn(plan: Plan, history: History) -> Plan:
    """The plan without phrases that stand near in public or that agents often delete, where enough others serve.

    Where the client's name can be said, only phrases that say it are left.
    """
    worn = {*history.disliked, *(id_ for reply in history.replies for id_ in reply)}
    places = []
    for place in plan.slots:
        named = tuple(phrase for phrase in place.offered if _named(phrase) == _named(place.offered[0]))
        fresh = tuple(phrase for phrase in named if phrase.id not in worn)
        places.append(replace(place, offered=fresh if len(fresh) >= ENOUGH else named))
    return replace(plan, slots=tuple(places))


def accept(choice: Choice, plan: Plan) -> Mapping[SlotKey, Phrase]:
    """The chosen phrases by place; raises ChooserFailed for any id not offered there, any place left out or made up."""
    accepted: dict[SlotKey, Phrase] = {}
    for place in plan.slots:
        chosen = next((phrase for phrase in place.offered if phrase.id == choice.get(place.key)), None)
        if chosen is None:
            raise ChooserFailed(f"{place.slot}: {choice.get(place.key)!r} is not among the offered phrases")
        accepted[place.key] = chosen
    if extra := choice.keys() - accepted.keys():
        raise ChooserFailed(f"the plan has no such place: {sorted(map(str, extra))}")
    return accepted
