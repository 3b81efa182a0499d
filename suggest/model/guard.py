"""What stands before a model: the day's budget, so many questions at once, and the counting of all of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from suggest.budget import Budget
from suggest.domain import ModelFailed, Usage, Why
from suggest.model.questions import Answer, Deadline, Meter, Model, Question

AT_ONCE = 4
"""Questions under way together."""


class Guarded:
    """The port `Model` over another one; who comes when all places are taken waits, up to the deadline."""

    def __init__(
        self,
        inner: Model,
        budget: Budget,
        meter: Meter,
        ready: Callable[[], bool] = lambda: True,
        at_once: int = AT_ONCE,
    ) -> None:
        self._inner, self.budget, self._meter, self._ready = inner, budget, meter, ready
        self._places = threading.BoundedSemaphore(at_once)

    @property
    def exhausted(self) -> bool:
        """Whether the day's budget is spent."""
        return self.budget.exhausted

    @property
    def open(self) -> bool:
        """Whether a question would reach a model now."""
        return self._ready() and not self.exhausted

    def ask(self, question: Question, deadline: Deadline) -> Answer:
        """The port; raises ModelFailed without a call where the budget is spent or no place gets free."""
        started = time.monotonic()
        try:
            answer = self._placed(question, deadline)
        except ModelFailed as error:
            self._meter.called(question.name, error.why, time.monotonic() - started)
            self.budget.add(Usage(calls=error.calls))
            raise
        self._meter.called(question.name, "ok", time.monotonic() - started)
        self._meter.used(answer.model, answer.usage)
        self.budget.add(answer.usage)
        return answer

    def _placed(self, question: Question, deadline: Deadline) -> Answer:
        if self.exhausted:
            raise ModelFailed(Why.SPENT)
        if not self._places.acquire(timeout=deadline.left):
            raise ModelFailed(Why.BUSY)
        try:
            return self._inner.ask(question, deadline)
        finally:
            self._places.release()
