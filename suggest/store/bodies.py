"""A suggestion as stored: what may be kept, and apart from it everything that a person wrote or is called by.

Every rendered text is personal too, since a greeting holds the client's name. A stored body carries the version of its
form; older ones are migrated when they are read. To add a version: raise VERSION, and put into MIGRATIONS under the old
number the function that turns a joined body of that version into one of the next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from suggest.domain import Suggestion

VERSION = 1
Body = dict[str, Any]
MIGRATIONS: dict[int, Callable[[Body], Body]] = {}

_OF_REVIEW = ("text", "author", "url")


@dataclass(frozen=True)
class Packed:
    """`body` holds no texts of people, `personal` nothing else; both are JSON. `phrases`: [[slot, part, id], …]."""

    body: str
    personal: str
    phrases: str
    version: int = VERSION


def pack(suggestion: Suggestion) -> Packed:
    """Takes a suggestion apart."""
    body = suggestion.model_dump(mode="json", exclude={"erased"})
    personal = {
        "review": {name: body["review"].pop(name) for name in _OF_REVIEW},
        "client": body["review"]["client"].pop("name"),
        "segments": [_take_texts(segment) for segment in body["segments"]],
        "text": body.pop("text"),
        "findings": body.pop("findings"),
    }
    phrases = [[segment.slot, segment.part, segment.phrase_id] for segment in suggestion.segments]
    return Packed(_dump(body), _dump(personal), _dump(phrases))


def unpack(body: str, version: int, personal: str | None, erased: Literal["request", "retention"] | None) -> Suggestion:
    """Puts a suggestion together again; without `personal` its texts are empty, and `erased` says why."""
    whole: Body = json.loads(body)
    _give_texts(whole, json.loads(personal) if personal else {})
    while version < VERSION:
        whole = MIGRATIONS[version](whole)
        version += 1
    return Suggestion.model_validate(whole | {"erased": None if personal else erased or "retention"})


def _take_texts(segment: Body) -> list[Any]:
    return [segment.pop("text"), [alternative.pop("text") for alternative in segment["alternatives"]]]


def _give_texts(whole: Body, personal: Mapping[str, Any]) -> None:
    whole["review"] |= personal.get("review", {})
    whole["review"]["client"]["name"] = personal.get("client")
    whole["text"] = personal.get("text", "")
    whole["findings"] = personal.get("findings", [])
    blank = [["", [""] * len(segment["alternatives"])] for segment in whole["segments"]]
    for segment, (text, others) in zip(whole["segments"], personal.get("segments", blank), strict=True):
        segment["text"] = text
        for alternative, other in zip(segment["alternatives"], others, strict=True):
            alternative["text"] = other


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
