"""The forms in which a model can be made to answer in JSON, from the strictest to none, and the reading of what comes.

A provider that does not know a form is asked in the next one; which works is remembered for each model.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from suggest.domain import ModelFailed, Why
from suggest.model.questions import Question

LONGEST_ANSWER = 20_000
"""Characters; no answer of ours needs more."""

_IN_FENCE = re.compile(r"```(?:json)?\s*\n(.*?)\n?\s*```", re.DOTALL)


@dataclass(frozen=True)
class Rung:
    """A form of answer: what is added to the request, and where the JSON is found in the message that comes back."""

    name: str
    request: Callable[[Question], Mapping[str, Any]]
    content: Callable[[Any], str | None]


def _json_schema(question: Question) -> Mapping[str, Any]:
    form = {"name": question.name, "strict": True, "schema": question.schema}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def _json_object(question: Question) -> Mapping[str, Any]:
    return {"response_format": {"type": "json_object", "schema": question.schema}}


def _tools(question: Question) -> Mapping[str, Any]:
    function = {"name": question.name, "parameters": question.schema}
    return {
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": question.name}},
    }


def _said(message: Any) -> str | None:
    content = message.content
    return content if isinstance(content, str) else None


def _called(message: Any) -> str | None:
    calls = list(message.tool_calls or ())
    return calls[0].function.arguments if len(calls) == 1 else _said(message)


RUNGS = (
    Rung("json_schema", _json_schema, _said),
    Rung("json_object", _json_object, _said),
    Rung("tools", _tools, _called),
    Rung("text", lambda _: {}, _said),
)


class Ladder:
    """Which rung each model stands on; safe among threads."""

    def __init__(self, models: Iterable[str]) -> None:
        self._rungs = dict.fromkeys(models, 0)
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def rungs(self) -> dict[str, int]:
        """The rung to begin with, by model."""
        with self._lock:
            return dict(self._rungs)

    def known(self, model: str) -> bool:
        """Whether the rung of a model has worked before."""
        return model in self._known

    def works(self, model: str, rung: int) -> None:
        """Remembers that a model answered on a rung."""
        with self._lock:
            self._rungs[model] = rung
            self._known.add(model)

    def refuses(self, model: str, rung: int) -> None:
        """Remembers that a model knows no such rung; at the bottom everything is tried again from the top."""
        with self._lock:
            self._known.discard(model)
            if self._rungs[model] == rung:
                self._rungs[model] = (rung + 1) % len(RUNGS)


def read(content: str | None, question: Question) -> Mapping[str, Any]:
    """The JSON object in an answer, alone or alone in one code fence; raises ModelFailed for anything else."""
    if not content or len(content) > LONGEST_ANSWER:
        raise ModelFailed(Why.GARBLED, "nothing" if not content else "too long")
    fence = _IN_FENCE.fullmatch(content.strip())
    try:
        values = json.loads(fence[1] if fence else content, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ModelFailed(Why.GARBLED, "no JSON") from error
    if not isinstance(values, dict) or not values.keys() & question.schema["properties"].keys():
        raise ModelFailed(Why.GARBLED, "another JSON than asked for")
    return values


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, if no key comes twice: which of two answers is meant cannot be told."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key comes twice")
    return values
