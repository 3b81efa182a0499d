"""A model for tests that asks nobody, and the model's side over it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from suggest.bootstrap_model import build_adviser
from suggest.domain import ModelFailed, Usage, Why
from suggest.model.adviser import ModelAdviser
from suggest.model.questions import Answer, Deadline, Question
from suggest.pipeline import Suggester
from suggest.settings import PROJECT, Settings
from tests.fakes import a_suggester, the_bank
from tests.model_server import well

Reply = Callable[[Question], Mapping[str, Any] | Why]


class FakeModel:
    """The port `Model`: answers well, or as `reply` says; keeps the questions."""

    def __init__(self, reply: Reply | None = None) -> None:
        self.reply = reply or (lambda question: well(question.schema, {}))
        self.questions: list[Question] = []

    def ask(self, question: Question, deadline: Deadline) -> Answer:
        self.questions.append(question)
        given = self.reply(question)
        if isinstance(given, Why):
            raise ModelFailed(given, calls=1)
        return Answer(given, "openai/fake", Usage(calls=1, tokens_in=100, tokens_out=10, cost=0.5, latency_ms=5))

    @property
    def names(self) -> list[str]:
        """Which prompts were asked, in order."""
        return [question.name for question in self.questions]

    @property
    def sent(self) -> str:
        return "\n".join(question.system + question.user for question in self.questions)


class CountingMeter:
    """A meter that keeps what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.refusals: list[tuple[str, str]] = []
        self.outcomes: list[str] = []

    def called(self, name: str, outcome: str, seconds: float) -> None:
        self.calls.append((name, outcome))

    def used(self, model: str, usage: Usage) -> None: ...

    def refused(self, name: str, why: str) -> None:
        self.refusals.append((name, why))

    def refined(self, outcome: str) -> None:
        self.outcomes.append(outcome)


@cache
def _adviser() -> ModelAdviser:
    settings = Settings(phrasebank=PROJECT / "phrasebank", cache=Path("/nonexistent"))
    return build_adviser(settings, the_bank(), FakeModel(), CountingMeter())


def an_adviser(model: Any, meter: CountingMeter | None = None, **changes: Any) -> ModelAdviser:
    """The adviser of the service over another model."""
    return dataclasses.replace(_adviser(), model=model, meter=meter or CountingMeter(), **changes)


def an_advised(model: Any, meter: CountingMeter | None = None, **changes: Any) -> Suggester:
    """The walk with this model in it."""
    return dataclasses.replace(a_suggester(), adviser=an_adviser(model, meter, **changes))
