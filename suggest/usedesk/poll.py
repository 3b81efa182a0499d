"""The reconciling poll: finds tickets whose webhook never came, also those of the time when the service was down."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from suggest.pipeline import now
from suggest.usedesk.client import PAGE
from suggest.usedesk.errors import UsedeskError
from suggest.usedesk.ticket import GONE, Ticket

if TYPE_CHECKING:
    from suggest.usedesk.preparing import Preparer

EVERY_SECONDS = 60.0
LOOK_BACK = timedelta(days=3)
"""How far back the first poll looks: a weekend. It goes by our clock; Usedesk's is at most half a day off."""

OVERLAP = timedelta(minutes=2)
MOST_PAGES = 50
REMEMBERED = 20_000
FORMAT = "%Y-%m-%d %H:%M:%S"
log = logging.getLogger(__name__)


class Poll:
    """Asks for changed tickets every minute and hands them to the preparer; times are compared in Usedesk's own only."""

    def __init__(self, preparer: Preparer, every: float = EVERY_SECONDS, clock: Callable[[], datetime] = now) -> None:
        self._preparer = preparer
        self._every = every
        self._clock = clock
        self._newest = ""
        self._seen: OrderedDict[int, str] = OrderedDict()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Polls in a thread of its own until closed; does nothing without a token."""
        if self._preparer.client.usable and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="usedesk-poll", daemon=True)
            self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=5)

    def once(self) -> int:
        """One poll; how many tickets it handed over. Raises UsedeskError; the next poll begins where this one ended."""
        first, since = not self._newest, self._since()
        handed = 0
        for page in range(MOST_PAGES):
            rows = self._preparer.client.tickets(since, page * PAGE)
            handed += sum(self._hand_over(row, first) for row in rows)
            if len(rows) < PAGE:
                break
        return handed

    def _hand_over(self, row: Ticket, first: bool) -> bool:
        """Whether the ticket is new or changed, and fitted into the queue; one that did not fit is met again."""
        if row.status in GONE or self._seen.get(row.id, "-") == row.updated_at:
            return False
        known = self._preparer.knows(row) or (first and self._preparer.kept(row.id) is not None)
        if not known and not self._preparer.later(row.id):
            return False
        self._seen[row.id] = row.updated_at
        self._newest = max(self._newest, row.updated_at)
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return not known

    def _since(self) -> str:
        try:
            return (datetime.strptime(self._newest, FORMAT) - OVERLAP).strftime(FORMAT)  # noqa: DTZ007
        except ValueError:
            return (self._clock() - LOOK_BACK).strftime(FORMAT)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.once()
            except UsedeskError as error:
                log.warning("the poll failed: %s", type(error).__name__)
            except Exception as error:
                if not self._stop.is_set():
                    log.error("the poll failed: %s", type(error).__name__)
            self._stop.wait(self._every)
