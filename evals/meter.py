"""What a model's column cost: questions, tokens and money, as the model's side of the service counts them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from suggest.domain import Usage


@dataclass
class Meter:
    """The port `suggest.model.questions.Meter`; safe to be fed from several threads.

    `refusals` are answers, or parts of them, that were not accepted. `cost` is in the currency of the price list.
    """

    calls: int = 0
    failures: int = 0
    refusals: int = 0
    tokens: int = 0
    cost: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def called(self, name: str, outcome: str, seconds: float) -> None:
        with self._lock:
            self.calls += 1
            self.failures += outcome != "ok"

    def used(self, model: str, usage: Usage) -> None:
        with self._lock:
            self.tokens += usage.tokens_in + usage.tokens_out
            self.cost += usage.cost or 0

    def refused(self, name: str, why: str) -> None:
        with self._lock:
            self.refusals += 1

    def shown(self) -> dict[str, float | int]:
        return {
            "calls": self.calls,
            "failures": self.failures,
            "refusals": self.refusals,
            "tokens": self.tokens,
            "cost": round(self.cost, 6),
        }
