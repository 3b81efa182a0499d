"""What a model's column cost: tokens and money, counted by LiteLLM's own callback while it runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Meter:
    """Calls, tokens and dollars so far; safe to be fed from several threads."""

    calls: int = 0
    failures: int = 0
    tokens: int = 0
    cost: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, tokens: int, cost: float) -> None:
        with self._lock:
            self.calls += 1
            self.tokens += tokens
            self.cost += cost

    def failed(self) -> None:
        with self._lock:
            self.failures += 1

    def shown(self) -> dict[str, float | int]:
        return {"calls": self.calls, "failures": self.failures, "tokens": self.tokens, "cost": round(self.cost, 6)}


@contextmanager
def metering() -> Iterator[Meter]:
    """A meter of every LiteLLM call within the block."""
    import litellm
    from litellm.integrations.custom_logger import CustomLogger

    meter = Meter()

    class Listener(CustomLogger):
        def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            usage = getattr(response_obj, "usage", None)
            meter.add(getattr(usage, "total_tokens", 0) or 0, kwargs.get("response_cost") or 0.0)

        def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            meter.failed()

    listener = Listener()
    litellm.callbacks.append(listener)
    try:
        yield meter
    finally:
        litellm.callbacks.remove(listener)
