"""How often Usedesk is asked: agents first, everything else at a steady pace."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Throttle:
    """Lets unhurried calls through at `rate` a second; urgent ones go at once and push the others back."""

    def __init__(
        self,
        rate: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 1 / rate
        self._clock = clock
        self._sleep = sleep
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self, urgent: bool = False) -> None:
        """Returns when a call may be made."""
        with self._lock:
            at = self._clock()
            start = max(at, self._next)
            self._next = start + self._interval
        if not urgent and start > at:
            self._sleep(start - at)

    def hold(self, seconds: float) -> None:
        """Keeps unhurried calls back for so long: Usedesk asked for it."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)
