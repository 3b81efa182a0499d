"""A model chooses a phrase for each place of the reply: ids only, and only those offered there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from suggest.domain import Review
from suggest.model.examples import Examples, place_name
from suggest.model.prompts import Prompts
from suggest.model.questions import Question, Schema
from suggest.model.session import Session
from suggest.model.shown import Shown
from suggest.regulation import Phrase, Phrasebank, Plan, PlannedSlot, SlotKey

NAME = "choose"

_PLACEHOLDER = "[имя]"


@dataclass(frozen=True)
class Picked:
    """What a model chose; `refused` are the places where its choice was not accepted, `steered` those where suspicious
    sentences changed it (None: that was not compared)."""

    choice: Mapping[SlotKey, str]
    refused: tuple[PlannedSlot, ...] = ()
    steered: tuple[SlotKey, ...] | None = ()


class ModelChooser:
    """Asks about the places that leave a choice."""

    def __init__(self, prompts: Prompts, bank: Phrasebank, examples: Examples) -> None:
        self._prompts, self._bank, self._examples = prompts, bank, examples

    def choose(self, session: Session, shown: Shown, review: Review, plan: Plan) -> Picked | None:
        """The choice made without what is suspicious in the review; None where the model gave no answer."""
        if not shown.honest or not _open(plan):
            return Picked({}, steered=())
        picked = self._picked(session, shown.honest, review, plan)
        if picked is None or not shown.suspicious:
            return picked
        other = self._picked(session, shown.whole, review, plan)
        if other is None:
            return Picked(picked.choice, picked.refused, None)
        steered = tuple(key for key, id_ in picked.choice.items() if other.choice.get(key) != id_)
        return Picked(picked.choice, picked.refused, steered)

    def question(self, text: str, rating: int | None, plan: Plan) -> Question:
        """The question as it is sent; `text` is the masked review."""
        places = _open(plan)
        return self._prompts.question(
            NAME,
            schema(places),
            self._examples.version,
            scenario=plan.scenario,
            topic=plan.topic,
            flags=[self._bank.flags[flag] for flag in plan.flags],
            places=[self._listed(place) for place in places],
            examples=self._examples.of(plan),
            review=text,
            rating=rating,
        )

    def _picked(self, session: Session, text: str, review: Review, plan: Plan) -> Picked | None:
        answer = session.ask(self.question(text, review.rating, plan))
        if answer is None:
            return None
        choice, refused = validate(answer.values, _open(plan))
        for _, why in refused:
            session.meter.refused(NAME, why)
        return Picked(choice, tuple(place for place, _ in refused if place))

    def _listed(self, place: PlannedSlot) -> Mapping[str, Any]:
        slot = self._bank.slots[place.slot]
        part = next((part.title for part in slot.parts if part.id == place.part), None)
        return {
            "name": place_name(*place.key),
            "title": f"{slot.title}: {part}" if part else slot.title,
            "phrases": [{"id": phrase.id, "text": _readable(phrase)} for phrase in place.offered],
        }


def schema(places: Iterable[PlannedSlot]) -> Schema:
    """An enum of the offered ids for each place, every place required, nothing else allowed."""
    properties = {
        place_name(*place.key): {"type": "string", "enum": [phrase.id for phrase in place.offered]} for place in places
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def validate(
    values: Mapping[str, Any], places: Iterable[PlannedSlot]
) -> tuple[dict[SlotKey, str], tuple[tuple[PlannedSlot | None, str], ...]]:
    """The accepted ids by place; and what was refused: the place (None: one that was not asked about), and why."""
    accepted: dict[SlotKey, str] = {}
    refused: list[tuple[PlannedSlot | None, str]] = []
    left = dict(values)
    for place in places:
        given = left.pop(place_name(*place.key), None)
        if given is None:
            refused.append((place, "missing"))
        elif any(phrase.id == given for phrase in place.offered):
            accepted[place.key] = given
        else:
            refused.append((place, "unknown_id" if isinstance(given, str) else "not_an_id"))
    refused += [(None, "unknown_place")] * len(left)
    return accepted, tuple(refused)


def _open(plan: Plan) -> tuple[PlannedSlot, ...]:
    """The places where there is something to choose."""
    return tuple(place for place in plan.slots if len(place.offered) > 1)


def _readable(phrase: Phrase) -> str:
    """A phrase as the model reads it: what is filled in later is named, not filled."""
    return phrase.text.replace("{client_name}", _PLACEHOLDER)
