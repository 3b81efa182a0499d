"""Who is at work: the users of Usedesk, asked for once an hour. The block names no agent, so the widget does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.errors import UsedeskError
from suggest.usedesk.ticket import User

LIFE = 3600.0
PAUSE = 60.0


class Agents:
    """Names of agents by their ids; safe to share among threads. Without an answer of Usedesk nobody is known."""

    def __init__(self, client: UsedeskClient | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._users: tuple[User, ...] = ()
        self._until = float("-inf")
        self._lock = threading.Lock()

    def all(self) -> tuple[User, ...]:
        """Everybody, as last told."""
        if self._client is None or not self._client.usable:
            return ()
        with self._lock:
            if self._clock() >= self._until:
                try:
                    self._users, self._until = self._client.users(urgent=True), self._clock() + LIFE
                except UsedeskError:
                    self._until = self._clock() + PAUSE
            return self._users

    def find(self, given: str) -> User | None:
        """The user of that id, as a page sends it."""
        return next((user for user in self.all() if str(user.id) == given), None) if given else None
