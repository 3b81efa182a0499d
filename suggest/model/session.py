"""Everything asked for one suggestion: one deadline over it, and a record of who answered and what it took."""

from __future__ import annotations

import logging

from suggest.domain import ModelFailed, Usage, Why
from suggest.model.questions import Answer, Deadline, Meter, Model, Question

LOG = logging.getLogger("suggest.model")
"""Says what failed and why; never what was asked or answered."""


class Session:
    """Asks a model, and takes no answer for an answer."""

    def __init__(self, model: Model, deadline: Deadline, meter: Meter) -> None:
        self._model, self._deadline = model, deadline
        self.meter = meter
        self.models: list[str] = []
        self.prompts: list[str] = []
        self.failures: list[Why] = []
        self.usage: Usage | None = None

    def ask(self, question: Question) -> Answer | None:
        """The answer; None where there is none, with the reason in `failures`."""
        try:
            answer = self._model.ask(question, self._deadline)
        except ModelFailed as error:
            LOG.warning("%s: %s", question.name, error.why)
            self.failures.append(error.why)
            return None
        self._note(self.models, answer.model)
        self._note(self.prompts, question.prompt)
        self.usage = answer.usage + self.usage if self.usage else answer.usage
        return answer

    @staticmethod
    def _note(kept: list[str], name: str) -> None:
        if name not in kept:
            kept.append(name)
