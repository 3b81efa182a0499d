"""Everything asked for one suggestion: one deadline over it, and a record of who answered and what it took."""

from __future__ import annotations

import logging

from suggest.domain import ModelFailed, Usage, Why
from suggest.model.pace import Paces
from suggest.model.questions import Answer, Deadline, Meter, Model, Question

LOG = logging.getLogger("suggest.model")
"""Says what failed and why; never what was asked or answered."""


_LEVELS = dict.fromkeys((Why.RESTING, Why.BUSY, Why.SPENT), logging.DEBUG)
"""What is said again and again is not worth a line each time."""


class Session:
    """Asks a model, and takes no answer for an answer."""

    def __init__(self, model: Model, deadline: Deadline, meter: Meter, paces: Paces) -> None:
        self._model, self._deadline, self._paces = model, deadline, paces
        self.meter = meter
        self.models: list[str] = []
        self.prompts: list[str] = []
        self.failures: list[Why] = []
        self.usage: Usage | None = None
        self._slowest = 0.0

    def ask(self, question: Question) -> Answer | None:
        """The answer; None where there is none, with the reason in `failures`.

        After the first question, what would hardly be answered in the time left is not asked.
        """
        left = self._deadline.left
        if self._slowest and not self._paces.fits(question.name, left, self._slowest):
            self.failures.append(Why.TIMEOUT)
            return None
        try:
            answer = self._model.ask(question, self._deadline)
        except ModelFailed as error:
            LOG.log(_LEVELS.get(error.why, logging.WARNING), "%s: %s", question.name, error.why)
            self.failures.append(error.why)
            if error.why is Why.TIMEOUT:
                self._paces.late(question.name, left)
            return None
        seconds = answer.usage.latency_ms / 1000
        self._paces.answered(question.name, seconds)
        self._slowest = max(self._slowest, seconds)
        self._note(self.models, answer.model)
        self._note(self.prompts, question.prompt)
        self.usage = answer.usage + self.usage if self.usage else answer.usage
        return answer

    @staticmethod
    def _note(kept: list[str], name: str) -> None:
        if name not in kept:
            kept.append(name)
