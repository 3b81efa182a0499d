"""A question to a model, its answer, the time it may take, and the port `Model` that all of that goes through."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from suggest.domain import Usage

Schema = Mapping[str, Any]
"""A JSON schema: the only form of answer that is accepted."""


@dataclass(frozen=True)
class Question:
    """One thing asked of a model. `name` is that of the prompt, `prompt` the name with the hash of its wording."""

    name: str
    prompt: str
    system: str
    user: str
    schema: Schema

    @property
    def messages(self) -> list[dict[str, str]]:
        """As they are sent."""
        return [{"role": "system", "content": self.system}, {"role": "user", "content": self.user}]


@dataclass(frozen=True)
class Answer:
    """A JSON object that a model answered with, which model it was, and what it took."""

    values: Mapping[str, Any]
    model: str
    usage: Usage


@dataclass(frozen=True)
class Deadline:
    """A moment by which everything asked for one suggestion has to be answered."""

    at: float
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> Deadline:
        return cls(clock() + seconds, clock)

    @property
    def left(self) -> float:
        """Seconds; never below 0."""
        return max(0.0, self.at - self.clock())


class Model(Protocol):
    """Anything that answers questions in JSON."""

    def ask(self, question: Question, deadline: Deadline) -> Answer:
        """Raises ModelFailed for anything that is no JSON object with the schema's keys, and when time is up."""
        ...


class Meter(Protocol):
    """Counts what is asked and refused; sees no texts."""

    def called(self, name: str, outcome: str, seconds: float) -> None:
        """One question was answered (`ok`) or failed (why)."""
        ...

    def used(self, model: str, usage: Usage) -> None:
        """What an answer took."""
        ...

    def refused(self, name: str, why: str) -> None:
        """An answer, or a part of it, was not accepted."""
        ...


class NoMeter:
    """Counts nothing."""

    def called(self, name: str, outcome: str, seconds: float) -> None: ...

    def used(self, model: str, usage: Usage) -> None: ...

    def refused(self, name: str, why: str) -> None: ...
