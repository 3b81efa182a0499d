"""The regulation as the tests read it (`regulation.yaml`), apart from the phrasebank, so that a fault there shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from suggest.domain import Suggestion

Where = Literal["any", "public", "complaint", "calm", "open", "violation", "safety"]
Channel = Literal["public", "dm"]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Wording(Frozen):
    """What a reply must not say, as regular expressions on the folded text, and in which replies."""

    where: Where
    patterns: tuple[str, ...]

    @cached_property
    def expression(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{pattern})" for pattern in self.patterns))


class Regulation(Frozen):
    """Shapes of replies, departments by topic, verbatim wordings with their paragraph, forbidden words by rule."""

    shapes: Mapping[str, Mapping[Channel, tuple[str, ...]]]
    departments: Mapping[str, str]
    verbatim: Mapping[str, Mapping[str, tuple[str, ...]]]
    interim: tuple[str, ...]
    wording: Mapping[str, Wording]

    def shape(self, scenario: str, channel: Channel, known: bool) -> tuple[str, ...]:
        """The slots of a reply in order, for a client who is known or not."""
        slots = self.shapes[scenario][channel]
        return tuple(slot.rstrip("?") for slot in slots if not (known and slot.endswith("?")))


@cache
def regulation() -> Regulation:
    path = Path(__file__).with_name("regulation.yaml")
    return Regulation.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def channel_of(suggestion: Suggestion) -> Channel:
    return "dm" if suggestion.review.platform == "dm" else "public"


def scenario_of(suggestion: Suggestion) -> str | None:
    """The scenario that the reply was made for; None where there is no reply."""
    return suggestion.match.scenario if suggestion.match else None


def flags_of(suggestion: Suggestion) -> tuple[str, ...]:
    return suggestion.match.flags if suggestion.match else ()


def shape_of(suggestion: Suggestion) -> tuple[str, ...]:
    """The slots that the regulation asks for in this reply, in order; empty where there is none to be."""
    scenario = scenario_of(suggestion)
    if scenario is None:
        return ()
    return regulation().shape(scenario, channel_of(suggestion), suggestion.review.client.known)


def slots_of(suggestion: Suggestion) -> tuple[str, ...]:
    """The slots of the reply as they stand, the parts of one slot counted once."""
    return tuple(dict.fromkeys(segment.slot for segment in suggestion.segments))


def folded(text: str) -> str:
    return text.lower().replace("ё", "е")
