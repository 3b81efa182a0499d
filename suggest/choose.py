"""One phrase id for each place of the reply: the `Chooser` protocol, the deterministic `Rotation`, and `accept`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Protocol

from suggest.domain import ChooserFailed, Review
from suggest.regulation import Phrase, Plan, PlannedSlot, SlotKey

Choice = Mapping[SlotKey, str]
"""A phrase id for each planned place."""


class Chooser(Protocol):
    """Anything that chooses among the offered phrases; it returns ids and writes nothing."""

    def choose(self, review: Review, plan: Plan) -> Choice: ...


class Rotation:
    """Chooses by a checksum of the review: the same review gets the same reply, different ones differ.

    Among the offered phrases those made most closely for the place come first.
    """

    def choose(self, review: Review, plan: Plan) -> Choice:
        seed = "\0".join((review.id or "", review.author or "", review.text))
        return {place.key: self._pick(place, seed).id for place in plan.slots}

    @staticmethod
    def _pick(place: PlannedSlot, seed: str) -> Phrase:
        best = [phrase for phrase in place.offered if phrase.closeness == place.offered[0].closeness]
        checksum = hashlib.blake2b(f"{place.slot}\0{place.part}\0{seed}".encode(), digest_size=8).digest()
        return best[int.from_bytes(checksum) % len(best)]


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
