"""How long each kind of question usually takes, so that what would hardly be answered in time is not asked."""

from __future__ import annotations

import threading

_MEMORY = 0.7
"""The share of what was known before in what is known after one more answer."""

_SHORT = 0.5
"""A question never put before is worth asking in so much of the time that another one took."""

_HOPE = 0.9
"""What is not asked is expected to take so much less the next time: else nobody would ever notice a provider's recovery."""

_OVER = 1.25
"""What was not answered in the time there was is expected to take so much longer than that."""


class Paces:
    """Seconds by name of the question; safe among threads."""

    def __init__(self) -> None:
        self._usual: dict[str, float] = {}
        self._lock = threading.Lock()

    def fits(self, name: str, left: float, other: float) -> bool:
        """Whether the seconds left are likely enough; `other` is how long another question just took."""
        with self._lock:
            usual = self._usual.get(name)
            if usual is None:
                return left >= _SHORT * other
            if left >= usual:
                return True
            self._usual[name] = usual * _HOPE
            return False

    def answered(self, name: str, seconds: float) -> None:
        with self._lock:
            usual = self._usual.get(name, seconds)
            self._usual[name] = _MEMORY * usual + (1 - _MEMORY) * seconds

    def late(self, name: str, seconds: float) -> None:
        """It was not answered in this time."""
        with self._lock:
            self._usual[name] = max(self._usual.get(name, 0.0), _OVER * seconds)
