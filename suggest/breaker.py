"""A circuit breaker: whatever failed again and again is left alone for a while, then tried once, and so on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import StrEnum


class State(StrEnum):
    CLOSED = "closed"
    """Calls go through."""
    OPEN = "open"
    """No call goes through until its rest is over."""
    HALF_OPEN = "half_open"
    """One call goes through; it decides."""


class Breaker:
    """Opens after `threshold` failures in a row, for `rest` seconds at first and twice as long each time after.

    Safe to share among threads. A call that was let through must be reported by `succeeded` or `failed`; one that never
    is counts as failed when its `rest` is over.
    """

    def __init__(
        self,
        threshold: int = 3,
        rest: float = 30.0,
        longest: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threshold, self._rest, self._longest, self._clock = threshold, rest, longest, clock
        self._lock = threading.Lock()
        self._failures = 0
        self._pause = rest
        self._until = 0.0
        self._trying = False

    @property
    def state(self) -> State:
        with self._lock:
            return self._state()

    @property
    def ready(self) -> bool:
        """Whether a call would be let through now."""
        with self._lock:
            return self._state() is not State.OPEN and not self._tried()

    def enter(self) -> bool:
        """Whether a call may be made now; after a rest only one may, until it is reported."""
        with self._lock:
            if self._state() is State.CLOSED:
                return True
            if self._state() is State.OPEN or self._tried():
                return False
            self._trying, self._until = True, self._clock() + self._rest
            return True

    def succeeded(self) -> None:
        """A call came back as it should."""
        with self._lock:
            self._failures, self._pause, self._trying = 0, self._rest, False

    def failed(self, rest: float | None = None) -> None:
        """A call failed; `rest` is how long the other side asked to be left alone."""
        with self._lock:
            self._failures += 1
            if rest is not None:
                self._failures = max(self._failures, self._threshold)
            if self._failures >= self._threshold:
                pause = self._pause if rest is None else max(rest, self._rest)
                self._until = self._clock() + min(pause, self._longest)
                self._pause = min(self._longest, 2 * self._pause)
            self._trying = False

    def _state(self) -> State:
        if self._failures < self._threshold:
            return State.CLOSED
        if self._trying or self._clock() >= self._until:
            return State.HALF_OPEN
        return State.OPEN

    def _tried(self) -> bool:
        """Whether the one call after a rest is under way."""
        return self._trying and self._clock() < self._until
