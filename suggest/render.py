"""Approved phrases with their `{variables}` filled, and the letter they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from suggest.domain import Alternative, ChosenBy, Segment
from suggest.regulation import Phrase, Plan, SlotKey


def render(plan: Plan, chosen: Mapping[SlotKey, Phrase], chosen_by: ChosenBy) -> tuple[Segment, ...]:
    """A segment for each planned place, in order, with what else could stand there."""
    return tuple(
        Segment(
            slot=place.slot,
            part=place.part,
            phrase_id=chosen[place.key].id,
            text=fill(chosen[place.key], plan.facts),
            chosen_by=chosen_by,
            alternatives=tuple(
                Alternative(phrase_id=phrase.id, text=fill(phrase, plan.facts))
                for phrase in place.offered
                if phrase is not chosen[place.key]
            ),
        )
        for place in plan.slots
    )


def fill(phrase: Phrase, facts: Mapping[str, str]) -> str:
    """The phrase with its variables filled from `facts`; a value is put in as it is and never read as a template."""
    return phrase.text.format_map(facts)


def letter(segments: Iterable[Segment]) -> str:
    """The reply: the segments joined by single spaces, nothing added."""
    return " ".join(segment.text for segment in segments)
