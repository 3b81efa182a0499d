"""The whole store: what `bootstrap` opens and the service, the command line and the console work with."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from suggest.domain import StoreUnavailable
from suggest.pipeline import now
from suggest.regulation import Phrasebank
from suggest.store.approval import Candidates
from suggest.store.engine import Database
from suggest.store.events import Events
from suggest.store.feedback import StoredRecords
from suggest.store.freshness import StoredHistories
from suggest.store.phrases import Phrases
from suggest.store.register import Register
from suggest.store.retention import Retention
from suggest.store.suggestions import StoredSuggestions


@dataclass(frozen=True)
class Store:
    """Everything that is kept, each part with its own job; any call may raise StoreUnavailable."""

    database: Database
    suggestions: StoredSuggestions
    records: StoredRecords
    events: Events
    histories: StoredHistories
    phrases: Phrases
    register: Register
    retention: Retention
    clock: Callable[[], datetime]

    def candidates(self, bank: Phrasebank) -> Candidates:
        """The approval queue of those who keep this phrasebank."""
        return Candidates(self.database, bank, self.clock)

    def close(self) -> None:
        """Closes every connection."""
        self.database.dispose()


def open_store(url: str, clock: Callable[[], datetime] = now) -> Store:
    """The store at `url`, its schema brought up to date.

    A database that cannot be reached is no reason not to start: it is tried again whenever it is needed. Raises
    NewerSchema, and InputError for an address that is none.
    """
    database = Database(url)
    try:
        database.prepare()
    except StoreUnavailable as error:
        logging.getLogger(__name__).warning("%s: suggestions are served, but not kept", error)
    return Store(
        database=database,
        suggestions=StoredSuggestions(database),
        records=StoredRecords(database, clock),
        events=Events(database),
        histories=StoredHistories(database),
        phrases=Phrases(database, clock),
        register=Register(database),
        retention=Retention(database),
        clock=clock,
    )
