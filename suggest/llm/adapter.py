"""The port `Model` over LiteLLM, which is imported when the first question is asked. Texts are neither logged nor kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from suggest.breaker import Breaker
from suggest.llm.asking import Asking
from suggest.llm.ladder import Ladder
from suggest.llm.loop import loop
from suggest.model.questions import Answer, Deadline, Question

_REHEARSAL = 60.0


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
    """The first endpoint answers, the others when it does not; one deadline holds over every try together.

    Safe among threads. Every model has its breaker; while all of them rest nothing is asked.
    """

    def __init__(
        self, endpoints: Sequence[Endpoint], price: Price | None = None, breaker: Callable[[], Breaker] = Breaker
    ) -> None:
        self._endpoints = {endpoint.name: endpoint for endpoint in endpoints}
        self.price = price
        self.breakers = {name: breaker() for name in self._endpoints}
        self.ladder = Ladder(self._endpoints)
        self.router: Any = None
        self._lock = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether any model would be asked now."""
        return any(breaker.ready for breaker in self.breakers.values())

    def warm(self) -> None:
        """Imports LiteLLM, which takes seconds, before anybody waits for it."""
        with self._lock:
            if self.router is None:
                from suggest.llm.client import make_router, rehearse

                router = make_router(self._endpoints.values())
                loop().run(rehearse(router, next(iter(self._endpoints))), _REHEARSAL)
                self.router = router

    def ask(self, question: Question, deadline: Deadline) -> Answer:
        """The port; raises ModelFailed for whatever goes wrong, within the deadline."""
        self.warm()
        return loop().run(Asking(self, question, deadline).run(), deadline.left)
