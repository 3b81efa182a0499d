"""The adapter to language models: LiteLLM, imported when the first question is asked, and every error of it made ours.

One deadline holds over every try: forms of answer, retries and fallbacks together. Texts are neither logged nor kept.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from suggest.breaker import Breaker
from suggest.domain import ModelFailed, Usage, Why
from suggest.ladder import RUNGS, Ladder, read
from suggest.llm_errors import refuses_form, rest_asked, why
from suggest.model.questions import Answer, Deadline, Question

MOST_TOKENS = 700
"""Of an answer: the longest we ask for names eight places or eight findings."""

_GRACE = 1.0


@dataclass(frozen=True)
class Endpoint:
    """A model by its LiteLLM name, and where and by which key it is reached where that is not the provider's default."""

    name: str
    base: str | None = None
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Price:
    """What a million tokens cost, in whatever currency the owner counts."""

    tokens_in: float
    tokens_out: float

    def of(self, tokens_in: int, tokens_out: int) -> float:
        return round((tokens_in * self.tokens_in + tokens_out * self.tokens_out) / 1_000_000, 6)


class LiteLLM:
    """The port `Model` over LiteLLM's router: the first endpoint answers, the others when it does not.

    Safe among threads. Every model has its breaker; with all of them resting nothing is asked.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        price: Price | None = None,
        breaker: Callable[[], Breaker] = Breaker,
    ) -> None:
        self._endpoints = {endpoint.name: endpoint for endpoint in endpoints}
        self._price = price
        self.breakers = {name: breaker() for name in self._endpoints}
        self._ladder = Ladder(self._endpoints)
        self._router: Any = None
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Imports LiteLLM, which takes seconds, before anybody waits for it."""
        with self._lock:
            if self._router is None:
                self._router = _router(tuple(self._endpoints.values()))

    def ask(self, question: Question, deadline: Deadline) -> Answer:
        """The port; raises ModelFailed for whatever goes wrong."""
        self.warm()
        asking = _Asking(self, question, deadline)
        return _loop().run(asking.run(), deadline.left)


class _Asking:
    """One question on its way: whom it was put to, on which rung, and how often."""

    def __init__(self, llm: LiteLLM, question: Question, deadline: Deadline) -> None:
        self._llm, self._question, self._deadline = llm, question, deadline
        self._names = [name for name, breaker in llm.breakers.items() if breaker.ready]
        self._rungs = llm._ladder.rungs()
        self._calls = 0
        self._started = time.monotonic()

    async def run(self) -> Answer:
        """Raises ModelFailed, within the deadline."""
        try:
            return await asyncio.wait_for(self._through(), self._deadline.left)
        except TimeoutError as error:
            if self._names:
                self._llm.breakers[self._names[0]].failed()
            raise ModelFailed(Why.TIMEOUT, calls=self._calls) from error

    async def _through(self) -> Answer:
        while self._names and not self._llm.breakers[self._names[0]].enter():
            del self._names[0]
        last: BaseException | None = None
        while self._names:
            try:
                return await self._try()
            except Exception as error:
                last = error
                self._after(error)
        if last is None:
            raise ModelFailed(Why.RESTING)
        raise ModelFailed(why(last), type(last).__name__, self._calls) from last

    async def _try(self) -> Answer:
        """Puts the question to the first model; to the others behind it once its form is known to work."""
        head, *rest = self._names
        behind = rest if self._llm._ladder.known(head) else []
        self._calls += 1
        share = max(0.05, self._deadline.left / (len(behind) + 1))
        response = await self._llm._router.acompletion(
            **self._request(head, share), fallbacks=[self._request(name, share) for name in behind] or None
        )
        answered = self._llm_name(response) or head
        if answered != head:
            self._llm.breakers[head].failed()
            self._names = self._names[self._names.index(answered) :]
            self._calls += 1
        return self._answer(answered, response)

    def _request(self, name: str, seconds: float) -> dict[str, Any]:
        form = RUNGS[self._rungs[name]].request(self._question)
        fixed = {"temperature": 0, "max_tokens": MOST_TOKENS, "drop_params": True, "num_retries": 0}
        return {"model": name, "messages": self._question.messages, "timeout": seconds, **fixed, **form}

    def _answer(self, name: str, response: Any) -> Answer:
        rung = self._rungs[name]
        usage = self._usage(response)
        try:
            values = read(RUNGS[rung].content(response.choices[0].message), self._question)
        except (AttributeError, IndexError, TypeError) as error:
            raise ModelFailed(Why.GARBLED, "no message") from error
        self._llm._ladder.works(name, rung)
        self._llm.breakers[name].succeeded()
        return Answer(values, name, usage)

    def _usage(self, response: Any) -> Usage:
        counted = getattr(response, "usage", None)
        tokens_in, tokens_out = (_count(counted, name) for name in ("prompt_tokens", "completion_tokens"))
        price = self._llm._price
        listed = getattr(response, "_hidden_params", {}).get("response_cost")
        return Usage(
            calls=self._calls,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost=price.of(tokens_in, tokens_out) if price else listed or None,
            latency_ms=round(1000 * (time.monotonic() - self._started), 1),
        )

    def _after(self, error: Exception) -> None:
        """Goes one rung down where the form was refused, else on to the next model."""
        failed = next((n for n in self._names if n == getattr(error, "model", None)), self._failed(error))
        self._names = self._names[self._names.index(failed) :]
        rung = self._rungs[failed]
        known = self._llm._ladder.known(failed)
        if refuses_form(error, known):
            if why(error) is Why.REFUSED:
                self._llm._ladder.refuses(failed, rung)
            if rung + 1 < len(RUNGS):
                self._rungs[failed] = rung + 1
                return
        self._llm.breakers[failed].failed(rest_asked(error))
        del self._names[0]

    def _failed(self, error: Exception) -> str:
        """The model whose failure this is: with fallbacks behind it, it need not be the first."""
        name = _model_of(self._llm._router, getattr(error, "failed_deployment_id", None))
        return name if name in self._names else self._names[0]

    def _llm_name(self, response: Any) -> str | None:
        headers = getattr(response, "_hidden_params", {}).get("additional_headers") or {}
        name = headers.get("x-litellm-model-group")
        return name if name in self._names else None


def _count(usage: Any, name: str) -> int:
    value = getattr(usage, name, None)
    return value if isinstance(value, int) and value > 0 else 0


def _model_of(router: Any, deployment: str | None) -> str | None:
    found = router.get_deployment(model_id=deployment) if deployment else None
    return getattr(found, "model_name", None)


class _Loop:
    """An event loop in a thread of its own, where calls can be broken off: a thread that waits on a socket cannot."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="suggest-model", daemon=True).start()

    def run(self, coroutine: Any, seconds: float) -> Any:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(seconds + _GRACE)
        except TimeoutError as error:
            future.cancel()
            raise ModelFailed(Why.TIMEOUT) from error


@cache
def _loop() -> _Loop:
    return _Loop()
