"""The few-shot examples of choosing: `phrasebank/choices.yaml`, reviews of our own with the phrases that answer them well."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from suggest.domain import Frozen, PhrasebankError
from suggest.regulation import Phrasebank, Plan

FILE = "choices.yaml"


class Example(Frozen):
    """A review and the phrase chosen for each place of its reply, by the name of the place."""

    scenario: str
    rating: int = Field(ge=1, le=5)
    review: str
    chosen: dict[str, str]


@dataclass(frozen=True)
class Examples:
    """All examples; `version` is a hash of the file."""

    rows: tuple[Example, ...]
    version: str

    def of(self, plan: Plan) -> tuple[Example, ...]:
        """Those of the plan's scenario, each cut to the phrases that are offered; others would teach what is refused."""
        offered = {place_name(place.slot, place.part): {phrase.id for phrase in place.offered} for place in plan.slots}
        kept = (
            example.model_copy(update={"chosen": _cut(example.chosen, offered)})
            for example in self.rows
            if example.scenario == plan.scenario.id
        )
        return tuple(example for example in kept if example.chosen)


def place_name(slot: str, part: str | None) -> str:
    """How a place of the reply is called in prompts and answers."""
    return f"{slot}_{part}" if part else slot


def load_examples(bank: Phrasebank) -> Examples:
    """Reads the examples; raises PhrasebankError with every fault."""
    if faults := list(example_faults(bank)):
        raise PhrasebankError(faults)
    content = (bank.path / FILE).read_bytes()
    return Examples(_rows(content), hashlib.sha256(content).hexdigest()[:12])


def example_faults(bank: Phrasebank) -> Iterator[str]:
    """What is wrong with the examples: unreadable, unknown scenarios, phrases that do not serve there."""
    try:
        rows = _rows((bank.path / FILE).read_bytes())
    except FileNotFoundError:
        yield f"{FILE}: the file is missing"
    except (ValidationError, yaml.YAMLError) as error:
        yield f"{FILE}: {' '.join(str(error).split())}"
    else:
        for number, row in enumerate(rows, 1):
            yield from (f"{FILE}: {fault}" for fault in _faults(row, number, bank))


def _rows(content: bytes) -> tuple[Example, ...]:
    return TypeAdapter(tuple[Example, ...]).validate_python(yaml.safe_load(content))


def _cut(chosen: Mapping[str, str], offered: Mapping[str, set[str]]) -> dict[str, str]:
    return {place: id_ for place, id_ in chosen.items() if id_ in offered.get(place, ())}


def _faults(row: Example, number: int, bank: Phrasebank) -> Iterator[str]:
    if row.scenario not in bank.scenarios:
        yield f"entry {number}: no such scenario: {row.scenario}"
        return
    for place, id_ in row.chosen.items():
        phrase = bank.phrases.get(id_)
        if phrase is None or place_name(phrase.slot, phrase.part) != place:
            yield f"entry {number}: {place}: no such phrase there: {id_}"
        elif phrase.status != "approved" or not phrase.serves(row.scenario):
            yield f"entry {number}: {place}: not approved for {row.scenario}: {id_}"
