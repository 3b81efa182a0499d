"""One question on its way through LiteLLM: forms of answer, fallbacks, breakers, and one deadline over all of it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from suggest.domain import ModelFailed, Usage, Why
from suggest.llm.errors import refuses_form, rest_asked, why
from suggest.llm.ladder import RUNGS, read
from suggest.model.questions import Answer, Deadline, Question

if TYPE_CHECKING:
    from suggest.llm.adapter import LiteLLM

MOST_TOKENS = 700
"""Of an answer: the longest we ask for names eight places or eight findings."""

_FIXED = {"temperature": 0, "max_tokens": MOST_TOKENS, "num_retries": 0}
_NO_FORM = {"response_format": None, "tools": None, "tool_choice": None}
_SHORTEST = 0.05


class Asking:
    """Whom a question was put to, on which rung, and how often."""

    def __init__(self, llm: LiteLLM, question: Question, deadline: Deadline) -> None:
        self._llm, self._question, self._deadline = llm, question, deadline
        self._names = [name for name, breaker in llm.breakers.items() if breaker.ready]
        self._rungs = llm.ladder.rungs()
        self._behind: list[str] = []
        self._calls = 0
        self._started = time.monotonic()

    async def run(self) -> Answer:
        """The first usable answer; raises ModelFailed when there is none, or none within the deadline."""
        try:
            return await asyncio.wait_for(self._through(), self._deadline.left)
        except TimeoutError as error:
            for name in self._names[:1]:
                self._llm.breakers[name].failed()
            raise ModelFailed(Why.TIMEOUT, calls=self._calls) from error

    async def _through(self) -> Answer:
        while self._names and not self._llm.breakers[self._names[0]].enter():
            del self._names[0]
        failure = ModelFailed(Why.RESTING)
        while self._names:
            try:
                return await self._try()
            except Exception as error:  # whatever a library of this size raises, the agent's work goes on
                failure = ModelFailed(why(error), type(error).__name__, self._calls)
                self._after(error)
        raise failure

    async def _try(self) -> Answer:
        """Puts the question to the first model, with the others behind it as far as the forms of both are known to work.

        A model whose form is not known yet is asked by itself, since the router tells only of the first model's failure.
        """
        head, *rest = self._names
        known = self._llm.ladder.known
        self._behind = [name for name in rest if known(name)] if known(head) else []
        seconds = max(_SHORTEST, self._deadline.left / len(self._names))
        self._calls += 1
        response = await self._llm.router.acompletion(
            **self._request(head, seconds), fallbacks=[self._request(name, seconds) for name in self._behind]
        )
        answered = self._answered(response)
        self._skip_to(answered)
        self._behind = []
        return self._answer(answered, response)

    def _request(self, name: str, seconds: float) -> dict[str, Any]:
        form = RUNGS[self._rungs[name]].request(self._question)
        return {"model": name, "messages": self._question.messages, "timeout": seconds, **_FIXED, **_NO_FORM, **form}

    def _answer(self, name: str, response: Any) -> Answer:
        rung = self._rungs[name]
        try:
            content = RUNGS[rung].content(response.choices[0].message)
        except (AttributeError, IndexError, TypeError) as error:
            raise ModelFailed(Why.GARBLED, "no message") from error
        values = read(content, self._question)
        self._llm.ladder.works(name, rung)
        self._llm.breakers[name].succeeded()
        return Answer(values, name, self._usage(response))

    def _usage(self, response: Any) -> Usage:
        counted = getattr(response, "usage", None)
        tokens_in, tokens_out = _count(counted, "prompt_tokens"), _count(counted, "completion_tokens")
        listed = getattr(response, "_hidden_params", {}).get("response_cost")
        return Usage(
            calls=self._calls,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost=self._llm.price.of(tokens_in, tokens_out) if self._llm.price else listed or None,
            latency_ms=round(1000 * (time.monotonic() - self._started), 1),
        )

    def _after(self, error: Exception) -> None:
        """Goes one rung down where the form was refused, else on to the models that were not asked yet."""
        name = self._names[0]
        rung = self._rungs[name]
        if refuses_form(error, self._llm.ladder.known(name)):
            if why(error) is Why.REFUSED:
                self._llm.ladder.refuses(name, rung)
            if rung + 1 < len(RUNGS):
                self._rungs[name] = rung + 1
                return
        self._llm.breakers[name].failed(rest_asked(error))
        for tried in self._behind:
            self._llm.breakers[tried].failed()
            self._calls += 1
        self._names = [other for other in self._names[1:] if other not in self._behind]

    def _skip_to(self, name: str) -> None:
        """Leaves the first model, and those behind it that the router tried before the one that answered."""
        tried = [self._names[0], *self._behind]
        for passed in tried[: tried.index(name)]:
            self._llm.breakers[passed].failed()
            self._names.remove(passed)
            self._calls += 1

    def _answered(self, response: Any) -> str:
        headers = getattr(response, "_hidden_params", {}).get("additional_headers") or {}
        name = headers.get("x-litellm-model-group")
        return name if name in self._behind else self._names[0]


def _count(usage: Any, name: str) -> int:
    value = getattr(usage, name, None)
    return value if isinstance(value, int) and value > 0 else 0
