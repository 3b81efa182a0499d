"""The company's custom fields, asked for once an hour."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.errors import UsedeskError
from suggest.usedesk.fields import Fields
from suggest.usedesk.ticket import Ticket

LIFE = 3600.0
PAUSE = 60.0
"""After a failure nobody asks again for so many seconds."""


class Dictionary:
    """Gives tickets the names of their fields; where Usedesk does not tell them, tickets stay as they are."""

    def __init__(self, client: UsedeskClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._fields = Fields()
        self._until = float("-inf")
        self._lock = threading.Lock()

    def named(self, ticket: Ticket, urgent: bool = False) -> Ticket:
        """The ticket with names; asks Usedesk only for a ticket that has nameless fields."""
        if all(field.name for field in ticket.fields):
            return ticket
        return self.get(urgent).named(ticket)

    def get(self, urgent: bool = False) -> Fields:
        """The fields as last told; empty where they never were."""
        with self._lock:
            if self._clock() >= self._until:
                try:
                    self._fields, self._until = self._client.fields(urgent), self._clock() + LIFE
                except UsedeskError as error:
                    self._until = self._clock() + PAUSE
                    logging.getLogger(__name__).warning("custom fields: %s", type(error).__name__)
            return self._fields
